//! Many at once: what two cores make of a batch, and what a place in a status list costs.

use std::num::NonZero;

use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListCredential, StatusListTerms,
    status_list_credential,
};
use inkan_credential::{Contexts, Cryptosuite, SecuredCredential};
use inkan_crypto::{KeyType, PublicKey, Signer};
use inkan_io::parallel::{cores, in_order};
use inkan_tests::bench::{long_ratio, measuring, within};
use inkan_tests::made::{Party, fresh_rng, moment};

use super::{FORMATS, SUBJECT};

const LIST: &str = "https://issuer.example/status/1";
const ONE: NonZero<usize> = NonZero::<usize>::MIN;

/// So many at once; a test run makes do with few.
fn batch() -> usize {
    if measuring() { 10_000 } else { 16 }
}

/// One place in a list that was verified before and is at hand.
pub(super) fn status() {
    let issuer = Party::new(KeyType::Ed25519, &mut fresh_rng());
    let mut list = BitstringStatusList::new(MINIMUM_BITS).expect("a list");
    list.set(4_711).expect("a place");
    let until = moment().plus_seconds(86_400);
    let terms = StatusListTerms {
        uri: LIST,
        issuer: &issuer.did,
        purpose: StatusPurpose::Revocation,
        valid_from: moment(),
        valid_until: until,
        ttl_milliseconds: None,
    };
    let unsigned = status_list_credential(&terms, &list).expect("a credential");
    let proof = ProofTerms {
        created: Some(moment()),
        ..ProofTerms::new(Cryptosuite::EddsaJcs2022, &issuer.method)
    };
    let secured = sign::secure_di(unsigned, &proof, &issuer.key, Contexts::built_in());
    let secured = secured.expect("a signed list");
    let cached = StatusListCredential::from_credential(secured.credential()).expect("a list");
    let entry = StatusEntry::new(StatusPurpose::Revocation, LIST, 4_711);
    assert_eq!(cached.check(&entry), Ok(true));
    within("status of one credential in a list at hand", 1.0, || cached.check(&entry));
}

/// Credentials of all formats in turn, each of its own issuer.
pub(super) fn verify() {
    let made: Vec<(Vec<u8>, PublicKey)> = FORMATS
        .iter()
        .map(|(_, key_type, _, issue)| {
            let issuer = Party::new(*key_type, &mut fresh_rng());
            (issue(&issuer).to_bare().into_bytes(), issuer.public_key())
        })
        .collect();
    let check = |(bytes, key): &(Vec<u8>, PublicKey)| {
        let credential = SecuredCredential::parse(bytes).expect("a credential");
        credential.verify_issuer_proof(key).is_ok()
    };
    let all = |workers| {
        let checked = in_order(workers, made.iter().cycle().take(batch()), check);
        assert!(checked.into_iter().all(|valid| valid), "each verifies");
    };
    let name = format!("{} mixed credentials: one core / {}", batch(), cores());
    long_ratio(&name, Some(1.9), || all(ONE), || all(cores()));
}

/// As many signed credentials as raw signatures, on all cores both times.
pub(super) fn issue() {
    let claims: Vec<u32> = (0..u32::try_from(batch()).expect("a small number")).collect();
    for (name, key_type) in
        [("eddsa-jcs-2022", KeyType::Ed25519), ("ecdsa-jcs-2019", KeyType::P256)]
    {
        let issuer = Party::new(key_type, &mut fresh_rng());
        let terms = ProofTerms {
            created: Some(moment()),
            ..ProofTerms::new(Cryptosuite::for_key(key_type), &issuer.method)
        };
        let plain = issuer.plain_credential(SUBJECT);
        let signed = || {
            in_order(cores(), claims.iter(), |number| {
                let mut credential = plain.clone();
                credential["id"] = format!("urn:example:{number}").into();
                sign::secure_di(credential, &terms, &issuer.key, Contexts::built_in())
                    .expect("a signed credential")
                    .to_bare()
            })
        };
        let raw = || {
            in_order(cores(), claims.iter(), |number| {
                issuer.key.sign(&number.to_be_bytes()).expect("a signature")
            })
        };
        // At least 80 % of the rate of raw signing: 1.25 times its time.
        let name = format!("{name}: issue {} / as many raw signatures", batch());
        long_ratio(&name, Some(1.25), signed, raw);
    }
}
