use serde_json::json;

use super::*;
use crate::testing::{at, issued_di, issued_jose, issuer, unsigned, with};

#[test]
fn the_proof_carries_the_documents_context_and_its_id() {
    let value = issued_di().to_value();
    assert_eq!(value["proof"]["@context"], value["@context"]);
    assert_eq!(value["proof"]["id"], "urn:uuid:a");
    assert_eq!(value["proof"]["cryptosuite"], "eddsa-jcs-2022");
    assert_eq!(value["proof"]["proofPurpose"], "assertionMethod");
}

#[test]
fn the_jws_says_what_it_is() {
    let compact = issued_jose().to_bare();
    let jws = jws::Jws::parse(&compact, 10_000).unwrap();
    assert_eq!(jws.typ(), Some("vc+jwt"));
    assert_eq!(jws.header()["cty"], "vc");
    assert_eq!(jws.kid(), Some(issuer().method.as_str()));
    assert_eq!(serde_json::from_slice::<Value>(jws.payload()).unwrap(), unsigned());
}

#[test]
fn what_is_no_credential_is_not_signed() {
    let issuer = issuer();
    let now = at("2026-01-01T00:00:00Z");
    let cases = [
        ("credential-proof-misplaced", issued_di().to_value()),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject", json!({}))),
    ];
    for (expected, value) in cases {
        let error = issue_di(value.clone(), "urn:a:1", &issuer.method, &issuer.key, now);
        assert_eq!(error.unwrap_err().code(), expected);
        let error = issue_jose(value, &issuer.method, &issuer.key).unwrap_err();
        assert_eq!(error.code(), expected);
    }
    let error = issue_di(unsigned(), "urn:a:1", "key-1", &issuer.key, now).unwrap_err();
    assert_eq!(error.code(), "credential-proof-malformed");
    let error = issue_jose(unsigned(), "key-1", &issuer.key).unwrap_err();
    assert_eq!(error.code(), "signing-result-unreadable");
}
