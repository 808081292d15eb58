use inkan_crypto::KeyType;
use serde_json::json;

use super::*;
use crate::countersignature::{Decision, countersign_di};
use crate::secured::SecuredCredential;
use crate::testing::{holder, issued_di, issuer, statement, unsigned, with};

fn code(value: Value) -> &'static str {
    SecuredCredential::parse_value(value).unwrap_err().code()
}

fn signed() -> Value {
    issued_di().to_value()
}

fn chained() -> SecuredCredential {
    let holder = holder();
    countersign_di(
        &issued_di(),
        "urn:uuid:b",
        &statement(&holder, Decision::Accept, 7),
        &holder.key,
    )
    .unwrap()
}

#[test]
fn an_empty_proof_list_is_refused() {
    assert_eq!(code(with(signed(), "/proof", json!([]))), "credential-proof-missing");
    assert_eq!(code(unsigned()), "credential-proof-missing");
}

#[test]
fn countersignatures_are_proofs_over_json() {
    let mut both = chained().to_value();
    assert!(SecuredCredential::parse_value(both.clone()).is_ok());
    both["proof"][1]["cryptosuite"] = json!("eddsa-rdfc-2022");
    assert_eq!(code(both), "credential-proof-malformed");
}

#[test]
fn every_malformed_proof_is_refused() {
    let cases = [
        ("proof-not-an-object", "/proof", json!(1)),
        ("proof-not-an-object", "/proof", json!(["x"])),
        ("credential-proof-malformed", "/proof/type", Value::Null),
        ("credential-proof-malformed", "/proof/cryptosuite", Value::Null),
        ("credential-proof-malformed", "/proof/cryptosuite", json!(1)),
        ("credential-proof-malformed", "/proof/id", json!("not a url")),
        ("credential-proof-malformed", "/proof/created", json!("yesterday")),
        ("credential-proof-malformed", "/proof/expires", json!(1)),
        ("credential-proof-malformed", "/proof/verificationMethod", Value::Null),
        ("credential-proof-malformed", "/proof/verificationMethod", json!({ "id": "did:a:1#k" })),
        ("credential-proof-malformed", "/proof/proofPurpose", Value::Null),
        ("credential-proof-malformed", "/proof/previousProof", json!([1])),
        ("credential-proof-malformed", "/proof/domain", json!({})),
        ("credential-proof-malformed", "/proof/challenge", json!(1)),
        ("credential-proof-malformed", "/proof/proofValue", Value::Null),
        ("credential-proof-malformed", "/proof/proofValue", json!("uAAAA")),
        ("credential-proof-malformed", "/proof/countersignature", json!({})),
        ("previous-proof-unknown", "/proof/previousProof", json!("urn:uuid:elsewhere")),
        ("proof-chain-cycle", "/proof/previousProof", json!("urn:uuid:a")),
        ("issuer-proof-missing", "/proof/proofPurpose", json!("authentication")),
    ];
    for (expected, pointer, value) in cases {
        assert_eq!(code(with(signed(), pointer, value.clone())), expected, "{pointer} {value}");
    }
}

#[test]
fn duplicate_ids_cycles_and_too_many_proofs_are_refused() {
    let proof = signed()["proof"].clone();
    let twice = with(signed(), "/proof", json!([proof, proof]));
    assert_eq!(code(twice), "credential-proof-duplicate-id");

    let one = with(proof.clone(), "/previousProof", json!(["urn:uuid:y"]));
    let one = with(one, "/id", json!("urn:uuid:x"));
    let two = with(proof.clone(), "/previousProof", json!(["urn:uuid:x"]));
    let two = with(two, "/id", json!("urn:uuid:y"));
    assert_eq!(code(with(signed(), "/proof", json!([proof, one, two]))), "proof-chain-cycle");

    let many = vec![with(proof, "/id", Value::Null); 65];
    assert_eq!(code(with(signed(), "/proof", json!(many))), "credential-proof-too-many");
}

#[test]
fn an_unknown_suite_is_kept_and_never_counted() {
    let foreign = json!({
        "type": "DataIntegrityProof", "cryptosuite": "future-suite-2030", "proofPurpose": "assertionMethod",
        "verificationMethod": "did:a:1#k", "proofValue": "u2V0",
    });
    let old = json!({ "type": "Ed25519Signature2018", "proofPurpose": "assertionMethod" });
    let proofs = json!([foreign, old, signed()["proof"]]);
    let credential = SecuredCredential::parse_value(with(signed(), "/proof", proofs)).unwrap();
    assert_eq!(credential.issuer_proof_index(), Some(2));
    let key = issuer().key.public_key();
    assert_eq!(credential.verify_issuer_proof(&key), Ok(()));
    for index in [0, 1] {
        let error = credential.verify_proof(index, &key).unwrap_err();
        assert_eq!(error.code(), "proof-suite-unsupported");
    }
    assert_eq!(credential.verify_proof(3, &key).unwrap_err().code(), "credential-proof-missing");

    let only = SecuredCredential::parse_value(with(signed(), "/proof", foreign)).unwrap();
    assert_eq!(only.verify_issuer_proof(&key).unwrap_err().code(), "proof-suite-unsupported");
}

#[test]
fn a_key_of_another_type_or_another_key_is_refused() {
    let p256 = crate::testing::party(9, KeyType::P256).key.public_key();
    let error = issued_di().verify_issuer_proof(&p256).unwrap_err();
    assert_eq!(error.code(), "proof-suite-key-mismatch");
    let error = issued_di().verify_issuer_proof(&holder().key.public_key()).unwrap_err();
    assert_eq!(error.code(), "credential-proof-invalid");
}

#[test]
fn contexts_that_were_not_signed_are_refused() {
    let key = issuer().key.public_key();
    let appended = json!([crate::model::CONTEXT_V2, "https://other.example"]);
    let grown = with(signed(), "/@context", appended);
    let grown = SecuredCredential::parse_value(grown).unwrap();
    assert_eq!(grown.verify_issuer_proof(&key).unwrap_err().code(), "proof-context-mismatch");
    // The suite itself allows it, and whoever asks for the cryptography alone is told so.
    let document = grown.credential().value();
    assert_eq!(verify_proof(document, grown.proofs(), 0, &key), Ok(()));

    let claimed = json!([crate::model::CONTEXT_V2, "https://other.example"]);
    let swapped = with(signed(), "/proof/@context", claimed);
    let swapped = SecuredCredential::parse_value(swapped).unwrap();
    assert_eq!(swapped.verify_issuer_proof(&key).unwrap_err().code(), "proof-context-mismatch");

    let dropped = with(signed(), "/proof/@context", Value::Null);
    let dropped = SecuredCredential::parse_value(dropped).unwrap();
    assert_eq!(dropped.verify_issuer_proof(&key).unwrap_err().code(), "credential-proof-invalid");
}

#[test]
fn a_chained_proof_covers_its_predecessors() {
    let chained = chained();
    let (issuer, holder) = (issuer().key.public_key(), holder().key.public_key());
    assert_eq!(chained.verify_proof(0, &issuer), Ok(()));
    assert_eq!(chained.verify_proof(1, &holder), Ok(()));

    // The predecessor's signature is replaced by another valid one of the same issuer and content.
    let again = crate::sign::issue_di(
        unsigned(),
        "urn:uuid:a",
        &crate::testing::issuer().method,
        &crate::testing::issuer().key,
        crate::testing::at("2026-01-03T00:00:00Z"),
    );
    let other = again.unwrap().to_value()["proof"].clone();
    let swapped = with(chained.to_value(), "/proof/0", other);
    let swapped = SecuredCredential::parse_value(swapped).unwrap();
    assert_eq!(swapped.verify_issuer_proof(&issuer), Ok(()));
    assert_eq!(swapped.verify_proof(1, &holder).unwrap_err().code(), "credential-proof-invalid");

    let second = chained.to_value()["proof"][1].clone();
    assert_eq!(code(with(chained.to_value(), "/proof", json!([second]))), "previous-proof-unknown");

    // Taken out of the chain, it no longer verifies either.
    let unchained = with(chained.to_value(), "/proof/1/previousProof", Value::Null);
    let unchained = SecuredCredential::parse_value(unchained).unwrap();
    assert_eq!(unchained.verify_proof(1, &holder).unwrap_err().code(), "credential-proof-invalid");
}

#[test]
fn times_and_domains_are_reported() {
    let value = with(signed(), "/proof/expires", json!("2026-06-01T00:00:00+09:00"));
    let value = with(value, "/proof/domain", json!(["a.example", "b.example"]));
    let credential = SecuredCredential::parse_value(value).unwrap();
    assert_eq!(credential.signed_at().unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(credential.signature_expires().unwrap().to_string(), "2026-05-31T15:00:00Z");
    assert_eq!(credential.proofs()[0].domain(), ["a.example", "b.example"]);
}

/// How often canonical forms are made while `check` runs.
fn prepared(check: impl FnOnce()) -> usize {
    let before = suite::PREPARED.get();
    check();
    suite::PREPARED.get() - before
}

#[test]
fn a_document_is_made_canonical_once_however_many_keys_are_tried() {
    let contexts = Contexts::built_in();
    for suite in [Cryptosuite::EddsaJcs2022, Cryptosuite::EddsaRdfc2022] {
        let issuer = issuer();
        let terms = crate::sign::ProofTerms::new(suite.clone(), &issuer.method);
        let value = with(unsigned(), "/ledgerRecord", Value::Null);
        let value = with(value, "/credentialSubject", json!({ "id": "urn:uuid:s" }));
        let value = with(value, "/type", json!(["VerifiableCredential"]));
        let secured = crate::sign::secure_di(value, &terms, &issuer.key, contexts).unwrap();
        let proof = secured.prepare_issuer_proof(contexts);
        let made = prepared(|| {
            for seed in 10..20 {
                let other = crate::testing::party(seed, KeyType::Ed25519).key.public_key();
                assert_eq!(proof.check(&other), Err(ProofError::Invalid));
            }
            assert_eq!(proof.check(&issuer.key.public_key()), Ok(()));
        });
        assert_eq!(made, 1, "{suite:?}");
    }
}

#[test]
fn each_hash_has_a_canonical_form_of_its_own() {
    let contexts = Contexts::built_in();
    let (small, large) =
        (crate::testing::party(3, KeyType::P256), crate::testing::party(3, KeyType::P384));
    let value = with(unsigned(), "/issuer", json!(large.did));
    let secured =
        crate::sign::issue_di(value, "urn:uuid:a", &large.method, &large.key, at()).unwrap();
    let proof = secured.prepare_issuer_proof(contexts);
    let made = prepared(|| {
        assert_eq!(proof.check(&small.key.public_key()), Err(ProofError::Invalid));
        assert_eq!(proof.check(&large.key.public_key()), Ok(()));
        assert_eq!(proof.check(&small.key.public_key()), Err(ProofError::Invalid));
        assert_eq!(proof.check(&issuer().key.public_key()), Err(ProofError::KeyMismatch));
    });
    assert_eq!(made, 2);
}

fn at() -> Timestamp {
    crate::testing::at("2026-01-01T00:00:00Z")
}
