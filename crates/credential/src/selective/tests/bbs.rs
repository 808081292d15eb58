//! `bbs-2023`: any subset verifies and tells nothing else, two presentations have no bytes in common, and its keys assert
//! claims and nothing else.

use std::collections::BTreeSet;

use inkan_core::encoding;

use super::*;
use crate::proof::Purpose;

fn issuer() -> Party {
    party(21, KeyType::Bls12381G2)
}

fn document() -> Value {
    let mut document = with(super::document(), "/ledgerRecord", Value::Null);
    document["issuer"]["id"] = issuer().did.into();
    document
}

fn terms(method: &str) -> ProofTerms<'_> {
    let created = Some(at(CREATED));
    ProofTerms { created, ..ProofTerms::new(Cryptosuite::Bbs2023, method) }
}

fn base_of(mandatory: &[&str], seed: u64) -> SecuredCredential {
    let issuer = issuer();
    let terms = terms(&issuer.method);
    let mut rng = SeededRng::new(seed);
    secure_sd(document(), mandatory, (&terms, &issuer.key), Contexts::built_in(), &mut rng).unwrap()
}

fn base() -> SecuredCredential {
    base_of(&["/credentialSubject/familyName"], 1)
}

fn shown(base: &SecuredCredential, pointers: &[&str], seed: u64) -> SecuredCredential {
    let disclosure =
        Disclosure { pointers, presentation_header: b"for one verifier", ..Disclosure::default() };
    derive(base, &disclosure, Contexts::built_in(), &mut SeededRng::new(seed)).unwrap()
}

fn verify(credential: &SecuredCredential) -> Result<(), ProofError> {
    credential.verify_issuer_proof(&issuer().key.public_key())
}

fn accepts(value: Value) -> bool {
    SecuredCredential::parse_value(value).is_ok_and(|credential| verify(&credential).is_ok())
}

fn proof_value(credential: &SecuredCredential) -> Vec<u8> {
    let value = credential.to_value();
    encoding::decode_multibase(value["proof"]["proofValue"].as_str().unwrap()).unwrap()
}

/// Whether two texts have sixteen bytes in a row in common.
fn share_sixteen_bytes(one: &[u8], other: &[u8]) -> bool {
    let runs: BTreeSet<&[u8]> = one.windows(16).collect();
    other.windows(16).any(|run| runs.contains(run))
}

#[test]
fn the_base_credential_is_for_its_holder() {
    let base = base();
    assert_eq!(base.format(), Format::DataIntegritySd);
    assert!(is_base(&base) && base.shows_all());
    let key = issuer().key.public_key();
    assert_eq!(verify_base(&base, &key, Contexts::built_in()), Ok(()));
    assert_eq!(verify(&base).unwrap_err().code(), "disclosure-base-proof");
    let other = party(22, KeyType::Bls12381G2).key.public_key();
    assert_eq!(verify_base(&base, &other, Contexts::built_in()), Err(ProofError::Invalid));
    let other = super::issuer().key.public_key();
    assert_eq!(verify_base(&base, &other, Contexts::built_in()), Err(ProofError::KeyMismatch));
    let expected = ["/credentialSubject/familyName", "/issuer", "/validFrom"];
    assert_eq!(mandatory(&base).unwrap(), expected);
    let derived = shown(&base, &[], 1);
    assert!(!is_base(&derived));
    let again =
        derive(&derived, &Disclosure::default(), Contexts::built_in(), &mut SeededRng::new(1));
    assert_eq!(again.unwrap_err().code(), "disclosure-already-derived");
}

/// The signature that the issuer made is in the base credential alone, so what commits to it follows nobody around.
#[test]
fn nothing_of_the_base_proof_is_in_what_is_derived() {
    let base = base();
    let secret = proof_value(&base);
    let derived = shown(&base, &["/name"], 2);
    assert_eq!(verify(&derived), Ok(()));
    assert!(!share_sixteen_bytes(&secret, &proof_value(&derived)));
    assert_ne!(base.issuance_digest(), derived.issuance_digest());
    let other = shown(&base, &["/name"], 3);
    assert_ne!(other.issuance_digest(), derived.issuance_digest());
}

#[test]
fn two_presentations_of_one_credential_cannot_be_linked_by_their_proofs() {
    let base = base();
    let pointers = ["/name", "/credentialSubject/marks/0/grade"];
    let [one, other] = [1, 2].map(|seed| shown(&base, &pointers, seed));
    assert_eq!((verify(&one), verify(&other)), (Ok(()), Ok(())));
    assert_eq!(one.credential().value(), other.credential().value());
    let [one, other] = [one, other].map(|credential| proof_value(&credential));
    // What is shown, and where it stands, ends the value, and is the same as long as the same is shown.
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    assert!(tail < 64, "{tail}");
    let [one, other] = [one, other].map(|value| value[..value.len() - tail].to_vec());
    assert!(one.len() > 400);
    assert!(!share_sixteen_bytes(&one, &other));

    // With other claims, and nothing that a verifier asked for, there is nothing in common from end to end.
    let disclose = |pointers: &[&str], seed| {
        let disclosure = Disclosure { pointers, ..Disclosure::default() };
        let mut rng = SeededRng::new(seed);
        proof_value(&derive(&base, &disclosure, Contexts::built_in(), &mut rng).unwrap())
    };
    let one = disclose(&["/name"], 3);
    let other = disclose(&["/credentialSubject/address"], 4);
    assert!(!share_sixteen_bytes(&one, &other));
}

#[test]
fn what_would_link_every_presentation_is_not_signed() {
    let issuer = issuer();
    let issue = |document: Value, terms: &ProofTerms<'_>| {
        secure_sd(document, &[], (terms, &issuer.key), Contexts::built_in(), &mut SeededRng::new(1))
            .map(drop)
            .unwrap_err()
            .code()
    };
    let plain = terms(&issuer.method);
    let mut recorded = super::document();
    recorded["issuer"]["id"] = issuer.did.clone().into();
    assert_eq!(issue(recorded, &plain), "disclosure-linkable");
    let named = ProofTerms { id: Some("urn:uuid:one"), ..plain.clone() };
    assert_eq!(issue(document(), &named), "disclosure-linkable");
    let other = ProofTerms { suite: Cryptosuite::EcdsaSd2023, ..plain.clone() };
    assert_eq!(issue(document(), &other), "proof-suite-key-mismatch");
    let other = ProofTerms { suite: Cryptosuite::EddsaJcs2022, ..plain.clone() };
    assert_eq!(issue(document(), &other), "proof-suite-unsupported");
    let present = ProofTerms { purpose: Purpose::Authentication, ..plain };
    assert_eq!(issue(document(), &present), "proof-purpose-unsuitable");
}

#[test]
fn keys_of_bbs_neither_countersign_nor_authenticate() {
    let party = issuer();
    let statement = statement(&party, Decision::Accept, 1);
    let issued = crate::testing::issued_di();
    let made = countersign_di(&issued, "urn:uuid:other", &statement, &party.key);
    assert_eq!(made.unwrap_err().code(), "proof-suite-unsupported");
    let made = countersign_jose(&crate::testing::issued_jose(), &statement, &party.key);
    assert_eq!(made.unwrap_err().code(), "signing-key-unsuitable");
    let mut value = shown(&base(), &["/name"], 1).to_value();
    value["proof"]["proofPurpose"] = json!("authentication");
    let error = SecuredCredential::parse_value(value).unwrap_err();
    assert_eq!(error.code(), "proof-purpose-unsuitable");
}

#[test]
fn no_changed_claim_is_accepted() {
    let derived = shown(&base(), &["/name", "/credentialSubject/marks/1/grade"], 1);
    let value = derived.to_value();
    assert!(accepts(value.clone()));
    let mut all = Vec::new();
    places(&value, String::new(), &mut all);
    for path in all {
        assert!(!accepts(with(value.clone(), &path, json!("urn:uuid:changed"))), "{path}");
    }
    for (path, added) in [
        ("/credentialSubject/givenName", json!("ostrich")),
        ("/credentialSubject/id", json!("did:example:me")),
        ("/credentialSubject/marks/0/course", json!("jackal")),
        ("/id", json!("urn:uuid:changed")),
        ("/validUntil", json!("2029-01-01T00:00:00Z")),
        ("/credentialSubject/marks", Value::Null),
        ("/name", Value::Null),
        ("/proof/created", Value::Null),
    ] {
        assert!(!accepts(with(value.clone(), path, added)), "{path}");
    }
}

#[test]
fn no_changed_byte_of_the_proof_is_accepted() {
    let derived = shown(&base(), &["/credentialSubject/marks/1/grade"], 1);
    let value = derived.to_value();
    let bytes = proof_value(&derived);
    // Beyond the points any two bytes of a scalar are alike: some of them stand for all.
    let places = (0..bytes.len())
        .filter(|place| *place < 160 || place % 7 == 0 || *place + 60 > bytes.len());
    for place in places {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let text = format!("u{}", encoding::b64u(&changed));
        assert!(!accepts(with(value.clone(), "/proof/proofValue", json!(text))), "byte {place}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is shown verifies; what is not shown is nowhere in the bytes; what is mandatory always is.
    #[test]
    fn any_subset_verifies_and_tells_nothing_else(
        chosen in proptest::collection::vec(any::<bool>(), CLAIMS.len()),
        mandatory in proptest::collection::vec(0..CLAIMS.len(), 0..3),
        seed in any::<u64>(),
    ) {
        let required: Vec<&str> = mandatory.iter().map(|index| CLAIMS[*index].0).collect();
        let base = base_of(&required, seed);
        // Without a claim about the subject nothing is a credential.
        let mut pointers = vec!["/credentialSubject/familyName"];
        pointers.extend(CLAIMS.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|((p, _), _)| *p));
        let bytes = shown(&base, &pointers, seed).to_bare();
        let read = SecuredCredential::parse(bytes.as_bytes()).unwrap();
        prop_assert_eq!(verify(&read), Ok(()));
        for (pointer, word) in CLAIMS {
            let wanted = pointers.contains(&pointer) || required.contains(&pointer);
            prop_assert_eq!(bytes.contains(word), wanted, "{}", pointer);
        }
        prop_assert!(bytes.contains("Acme"));
    }
}

#[test]
fn nobody_countersigns_it() {
    let holder = party(23, KeyType::Ed25519);
    let statement = statement(&holder, Decision::Accept, 7);
    let error = countersign_jose(&base(), &statement, &holder.key).unwrap_err();
    assert_eq!(error.code(), "disclosure-linkable");
}
