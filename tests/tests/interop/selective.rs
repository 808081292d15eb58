//! Selective disclosure with Data Integrity, against the suites of `@digitalbazaar/vc`: either side issues, holds and verifies.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::selective::{self, Disclosure};
use inkan_credential::sign::ProofTerms;
use inkan_credential::{Contexts, Cryptosuite, ProofError, SecuredCredential};
use inkan_crypto::{KeyType, PublicKey};
use inkan_tests::made::{Party, fresh_rng, moment};
use serde_json::{Value, json};

use super::vc::{NOW, changed, defined, key_in, only_the_first, vc, with_key_of};

const SUITES: [(&str, Cryptosuite, KeyType); 2] = [
    ("ecdsa-sd-2023", Cryptosuite::EcdsaSd2023, KeyType::P256),
    ("bbs-2023", Cryptosuite::Bbs2023, KeyType::Bls12381G2),
];

/// What the holder chooses; what the issuer demands comes with it.
const CHOSEN: &[&str] = &["/credentialSubject/role"];
const MANDATORY: &[&str] = &["/credentialSubject/grade"];

fn base(issuer: &Party, suite: &Cryptosuite, rng: &mut SeededRng) -> SecuredCredential {
    let terms =
        ProofTerms { created: Some(moment()), ..ProofTerms::new(suite.clone(), &issuer.method) };
    let credential = defined(issuer, "did:example:somebody");
    selective::secure_sd(credential, MANDATORY, (&terms, &issuer.key), Contexts::built_in(), rng)
        .expect("a base credential")
}

fn derived(base: &SecuredCredential, rng: &mut SeededRng) -> SecuredCredential {
    let disclosure = Disclosure { pointers: CHOSEN, keep: &[], presentation_header: &[] };
    selective::derive(base, &disclosure, Contexts::built_in(), rng).expect("a derived credential")
}

/// The claims that are shown, and no other.
fn assert_shown(document: &Value, name: &str) {
    let subject = &document["credentialSubject"];
    assert_eq!((&subject["role"], &subject["grade"]), (&json!("engineer"), &json!(4.5)), "{name}");
    assert!(!document.to_string().contains("Ayşe"), "{name}: {document}");
}

/// Verifies a derived credential here, and refuses what is done to it.
fn only_as_it_is(document: &Value, key: &PublicKey, stranger: &PublicKey, name: &str) {
    let read = |document: Value| SecuredCredential::parse_value(document);
    let credential = read(document.clone()).expect("a credential");
    assert_eq!(credential.verify_issuer_proof(key), Ok(()), "{name}");
    assert!(credential.verify_issuer_proof(stranger).is_err(), "{name}");
    for (pointer, value) in [
        ("/credentialSubject/role", json!("director")),
        ("/credentialSubject/grade", json!(4.6)),
        ("/validUntil", json!("2028-06-14T09:00:00Z")),
        ("/issuer", json!("did:example:somebody-else")),
    ] {
        let refused = read(changed(document, pointer, value));
        assert!(
            refused.is_err() || refused.is_ok_and(|one| one.verify_issuer_proof(key).is_err()),
            "{name} {pointer}"
        );
    }
    let mut added = document.clone();
    added["credentialSubject"]["name"] = "Somebody".into();
    let added = read(added).expect("still a credential");
    assert!(added.verify_issuer_proof(key).is_err(), "{name}");
}

#[test]
fn what_is_derived_from_our_credentials_is_verified_by_digitalbazaar_vc() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    for (name, suite, key_type) in SUITES {
        let (issuer, stranger) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let base = base(&issuer, &suite, &mut rng);
        let document = derived(&base, &mut rng).to_value();
        assert_shown(&document, name);
        let verify = |document: &Value, did: Value| {
            json!({
                "do": "verify", "suite": name, "document": document, "didDocuments": [did], "now": NOW,
            })
        };
        let claim = changed(&document, "/credentialSubject/role", "director");
        let mandatory = changed(&document, "/credentialSubject/grade", 4.6);
        let validity = changed(&document, "/validUntil", "2028-06-14T09:00:00Z");
        let mut added = document.clone();
        added["credentialSubject"]["name"] = "Somebody".into();
        let ours = || issuer.did_document();
        only_the_first(
            &peer,
            name,
            &[
                verify(&document, ours()),
                verify(&claim, ours()),
                verify(&mandatory, ours()),
                verify(&validity, ours()),
                verify(&added, ours()),
                verify(&document, with_key_of(&issuer, &stranger)),
                verify(&base.to_value(), ours()),
            ],
        );
    }
}

#[test]
fn what_digitalbazaar_vc_derives_from_our_credentials_is_verified_here() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    for (name, suite, key_type) in SUITES {
        let (issuer, stranger) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let base = base(&issuer, &suite, &mut rng);
        let made = peer.ask(&json!({
            "do": "derive", "suite": name, "document": base.to_value(), "selectivePointers": CHOSEN,
        }));
        assert_shown(&made["document"], name);
        only_as_it_is(&made["document"], &issuer.public_key(), &stranger.public_key(), name);
    }
}

#[test]
fn credentials_by_digitalbazaar_vc_are_taken_derived_from_and_verified_here_and_there() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    for (name, _, key_type) in SUITES {
        let stranger = Party::new(key_type, &mut rng).public_key();
        let demanded = [MANDATORY, &["/issuer", "/validFrom", "/validUntil"]].concat();
        let credential = defined(&Party::new(key_type, &mut rng), "did:example:somebody");
        let made = peer.ask(&json!({
            "do": "issue", "suite": name, "credential": credential, "mandatoryPointers": demanded, "now": NOW,
        }));
        let key = key_in(&made);
        let base = SecuredCredential::parse_value(made["document"].clone()).expect("a credential");
        let contexts = Contexts::built_in();
        assert!(selective::is_base(&base), "{name}");
        assert_eq!(selective::verify_base(&base, &key, contexts), Ok(()), "{name}");
        assert!(selective::verify_base(&base, &stranger, contexts).is_err(), "{name}");
        let forged = changed(&made["document"], "/credentialSubject/role", "director");
        let forged = SecuredCredential::parse_value(forged).expect("still a credential");
        assert!(selective::verify_base(&forged, &key, contexts).is_err(), "{name}");
        assert_eq!(base.verify_issuer_proof(&key), Err(ProofError::BaseProof), "{name}");

        // Derived here, and there.
        let document = derived(&base, &mut rng).to_value();
        assert_shown(&document, name);
        only_as_it_is(&document, &key, &stranger, name);
        let theirs = peer.ask(&json!({
            "do": "derive", "suite": name, "document": made["document"], "selectivePointers": CHOSEN,
        }));
        assert_shown(&theirs["document"], name);
        only_as_it_is(&theirs["document"], &key, &stranger, name);
        let answer = peer.ask(&json!({
            "do": "verify", "suite": name, "document": document, "didDocuments": [made["didDocument"]], "now": NOW,
        }));
        assert_eq!(answer, json!({ "verified": true }), "{name}");
    }
}
