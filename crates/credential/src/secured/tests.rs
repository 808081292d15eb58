use inkan_core::encoding::b64u;
use inkan_crypto::{KeyType, jws};
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::countersignature::{Decision, countersign_di};
use crate::testing::{
    at, holder, issued_di, issued_jose, issuer, party, statement, unsigned, with,
};

fn code(text: &str) -> &'static str {
    SecuredCredential::parse(text.as_bytes()).unwrap_err().code()
}

/// A JWS of the issuer over any header and payload.
fn jws_of(header: &Value, payload: &Value) -> String {
    let header: Map<String, Value> = header.as_object().unwrap().clone();
    jws::sign(header, payload.to_string().as_bytes(), &issuer().key).unwrap()
}

const NOW: &str = "2026-01-01T00:00:00Z";

fn header() -> Value {
    json!({ "typ": "vc+jwt", "cty": "vc", "kid": issuer().method })
}

#[test]
fn both_formats_and_key_types_are_read_back() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let issuer = party(5, key_type);
        let value = with(unsigned(), "/issuer", json!(issuer.did));
        let now = at("2026-01-01T00:00:00Z");
        let di = crate::sign::issue_di(value.clone(), "urn:a:1", &issuer.method, &issuer.key, now);
        let jose = crate::sign::issue_jose(value.clone(), &issuer.method, &issuer.key);
        for credential in [di.unwrap(), jose.unwrap()] {
            let key = issuer.key.public_key();
            for copy in [
                SecuredCredential::parse(credential.to_bare().as_bytes()).unwrap(),
                SecuredCredential::parse_value(credential.to_value()).unwrap(),
            ] {
                assert_eq!(copy.credential().value(), &value);
                assert_eq!(copy.format(), credential.format());
                assert_eq!(copy.issuer_verification_method(), issuer.method);
                assert_eq!(copy.verify_issuer_proof(&key), Ok(()));
                assert_eq!(copy.issuance_digest(), credential.issuance_digest());
                assert_eq!(copy.to_bare(), credential.to_bare());
            }
        }
    }
}

#[test]
fn a_credential_of_version_1_1_is_read_and_checked_with_its_embedded_proof_alone() {
    let by = issuer();
    let value = with(unsigned(), "/@context", json!(["https://www.w3.org/2018/credentials/v1"]));
    let value = with(value, "/issuanceDate", json!("2026-01-01T00:00:00Z"));
    let error = crate::sign::issue_di(value.clone(), "urn:a", &by.method, &by.key, at(NOW));
    assert!(matches!(error, Err(crate::proof::SignFailure::Model(_))), "never written");
    let mut terms = Map::new();
    terms.insert("verificationMethod".to_owned(), json!(by.method));
    terms.insert("proofPurpose".to_owned(), json!("assertionMethod"));
    let proof = crate::proof::add_proof(&value, &[], terms, &by.key).unwrap();
    let mut signed = value.clone();
    signed["proof"] = proof.value().clone();
    let credential = SecuredCredential::parse_value(signed.clone()).unwrap();
    assert_eq!(credential.credential().version().as_str(), "1.1");
    assert_eq!(credential.verify_issuer_proof(&by.key.public_key()), Ok(()));
    signed["issuanceDate"] = json!("2025-01-01T00:00:00Z");
    let changed = SecuredCredential::parse_value(signed).unwrap();
    assert!(changed.verify_issuer_proof(&by.key.public_key()).is_err());
    // An envelope is an invention of version 2.0.
    assert_eq!(code(&jws_of(&header(), &value)), "vcdm-version-unsupported");
}

#[test]
fn the_issuance_digest_does_not_see_countersignatures() {
    let (before, holder) = (issued_di(), holder());
    let statement = statement(&holder, Decision::Accept, 1);
    let after = countersign_di(&before, "urn:uuid:b", &statement, &holder.key).unwrap();
    assert_eq!(after.issuance_digest(), before.issuance_digest());
    assert_eq!(after.issuer_proof_index(), Some(0));
    let canonical = json::canonicalize(&before.to_value()).unwrap();
    assert_eq!(before.issuance_digest(), sha256(&[&canonical]));
}

#[test]
fn the_jose_digest_leaves_the_signature_out() {
    let compact = issued_jose().to_bare();
    let (signed, _) = compact.rsplit_once('.').unwrap();
    assert_eq!(issued_jose().issuance_digest(), sha256(&[signed.as_bytes()]));
}

#[test]
fn the_issuers_own_proof_is_chosen_among_several() {
    let foreign = with(issued_di().to_value()["proof"].clone(), "/id", json!("urn:uuid:f"));
    let foreign = with(foreign, "/verificationMethod", json!("did:key:z6MkOther#z6MkOther"));
    let proofs = json!([foreign, issued_di().to_value()["proof"]]);
    let value = with(issued_di().to_value(), "/proof", proofs);
    assert_eq!(SecuredCredential::parse_value(value).unwrap().issuer_proof_index(), Some(1));
}

#[test]
fn other_media_types_are_refused_by_name() {
    let payload = unsigned();
    // Tokens that the same key may have signed for other ends, each over what would be a credential.
    for typ in [
        "vp+jwt",
        "JWT",
        "vc+ld+json+jwt",
        "text/vc+jwt",
        "",
        "kb+jwt",
        "statuslist+jwt",
        "key-attestation+jwt",
        "countersignature+jwt",
        "application/kb+jwt",
    ] {
        let text = jws_of(&with(header(), "/typ", json!(typ)), &payload);
        assert_eq!(code(&text), "media-type-unsupported", "{typ}");
    }
    let text = jws_of(&with(header(), "/cty", json!("vp")), &payload);
    assert_eq!(code(&text), "media-type-unsupported");
    for typ in ["vc+sd-jwt", "dc+sd-jwt"] {
        let text = jws_of(&with(header(), "/typ", json!(typ)), &payload);
        assert_eq!(code(&text), "sd-jwt-unsupported", "{typ}");
        assert_eq!(code(&format!("{text}~WyJhIl0~")), "sd-jwt-disclosure-malformed");
    }
}

#[test]
fn the_media_type_may_be_whole_or_absent_where_the_payload_says_what_it_is() {
    for typ in [json!("application/vc+jwt"), json!("VC+JWT"), Value::Null] {
        for cty in [json!("vc"), json!("application/vc"), Value::Null] {
            let header = with(with(header(), "/typ", typ.clone()), "/cty", cty);
            let text = jws_of(&header, &unsigned());
            let read = SecuredCredential::parse(text.as_bytes()).unwrap();
            assert_eq!(read.media_type(), "application/vc+jwt");
            assert_eq!(read.verify_issuer_proof(&issuer().key.public_key()), Ok(()));
            let again = SecuredCredential::parse_value(read.to_value()).unwrap();
            assert_eq!(again.to_bare(), text);
            let any = crate::bundle::read_any(text.as_bytes()).unwrap().into_bundle();
            assert!(matches!(any.artefact, crate::bundle::Artefact::Credential(_)));
        }
    }
    // What does not say so by context and type, or says two things, is nothing without a media type.
    let untyped = json!({ "kid": issuer().method });
    for (pointer, value) in [
        ("/@context", Value::Null),
        ("/@context", json!("https://www.w3.org/ns/credentials/v2")),
        ("/@context", json!(["https://www.w3.org/2018/credentials/v1"])),
        ("/type", Value::Null),
        ("/type", json!(["Badge"])),
        ("/type", json!(["VerifiablePresentation"])),
        ("/type", json!(["VerifiableCredential", "VerifiablePresentation"])),
    ] {
        let text = jws_of(&untyped, &with(unsigned(), pointer, value.clone()));
        assert_eq!(code(&text), "media-type-unsupported", "{pointer} {value}");
    }
    let status =
        json!({ "sub": "https://a.example/1", "iat": 1, "status_list": {}, "@context": [] });
    let attested =
        json!({ "iat": 1, "exp": 2, "attested_keys": [], "type": "VerifiableCredential" });
    let bound = json!({ "iat": 1, "aud": "a", "nonce": "n", "sd_hash": "h" });
    for payload in [status, attested, bound] {
        assert_eq!(code(&jws_of(&untyped, &payload)), "media-type-unsupported", "{payload}");
    }
}

#[test]
fn a_payload_of_another_shape_is_refused() {
    let cases = [
        ("vcdm-version-unsupported", json!({ "iss": "did:a:1", "vc": {} })),
        ("vcdm-version-unsupported", with(unsigned(), "/vc", json!({}))),
        ("jose-claim-invalid", with(unsigned(), "/vp", json!({}))),
        ("credential-proof-misplaced", issued_di().to_value()),
        ("jose-claim-invalid", with(unsigned(), "/iss", json!("did:key:other"))),
        ("jose-claim-invalid", with(unsigned(), "/iss", json!(1))),
        ("jose-claim-invalid", with(unsigned(), "/jti", json!("urn:other"))),
        ("jose-claim-invalid", with(unsigned(), "/sub", json!("did:key:other"))),
        ("jose-claim-invalid", with(unsigned(), "/exp", json!("soon"))),
        ("jose-claim-invalid", with(unsigned(), "/iat", json!(1.5))),
        ("credential-not-object", json!([1])),
    ];
    for (expected, payload) in cases {
        // An array has no context to look at either.
        let expected = if payload.is_array() { "credential-not-object" } else { expected };
        assert_eq!(code(&jws_of(&header(), &payload)), expected, "{payload}");
    }
    let twice = br#"{"a":1,"a":2}"#;
    let text = jws::sign(header().as_object().unwrap().clone(), twice, &issuer().key).unwrap();
    assert_eq!(code(&text), "json-duplicate-member");
}

#[test]
fn the_text_of_a_credential_is_its_value() {
    let alone = issued_di();
    let mut value = alone.to_value();
    value["proof"] = json!([value["proof"], with(value["proof"].clone(), "/id", json!("urn:a:b"))]);
    let several = SecuredCredential::parse_value(value).unwrap();
    for secured in [alone, several] {
        let text = secured.to_bare();
        assert_eq!(json::parse(text.as_bytes(), 100_000), Ok(secured.to_value()), "{text}");
    }
}

#[test]
fn claims_beside_the_credential_are_read() {
    let mut payload = unsigned();
    payload["iss"] = json!(issuer().did);
    payload["sub"] = json!(holder().did);
    payload["jti"] = payload["id"].clone();
    payload["iat"] = json!(1_767_225_600);
    payload["nbf"] = json!(1_767_225_601);
    payload["exp"] = json!(1_767_225_602);
    payload["cnf"] = json!({ "jkt": "thumb" });
    let text = jws_of(&with(header(), "/kid", json!("#k1")), &payload);
    let credential = SecuredCredential::parse_compact(&text).unwrap();
    assert_eq!(credential.signed_at().unwrap().seconds(), 1_767_225_600);
    assert_eq!(credential.not_before().unwrap().seconds(), 1_767_225_601);
    assert_eq!(credential.signature_expires().unwrap().seconds(), 1_767_225_602);
    assert_eq!(credential.credential().confirmed_key().as_deref(), Some("thumb"));
    assert_eq!(credential.issuer_verification_method(), format!("{}#k1", issuer().did));
}

#[test]
fn a_header_without_a_usable_key_name_is_refused() {
    for kid in [Value::Null, json!("key-1"), json!("#"), json!("")] {
        let text = jws_of(&with(header(), "/kid", kid), &unsigned());
        assert_eq!(code(&text), "jose-key-id-missing");
    }
}

#[test]
fn unsigned_and_unknown_algorithms_are_refused() {
    let payload = b64u(unsigned().to_string().as_bytes());
    for alg in ["none", "HS256", "RS256"] {
        let header = b64u(with(header(), "/alg", json!(alg)).to_string().as_bytes());
        assert_eq!(code(&format!("{header}.{payload}.AAAA")), "algorithm-not-allowed", "{alg}");
    }
}

#[test]
fn an_envelope_holds_nothing_beside_the_data_url() {
    let good = issued_jose().to_value();
    let cases = [
        ("envelope-malformed", with(good.clone(), "/proof", json!({}))),
        ("envelope-malformed", with(good.clone(), "/credentialSubject", json!({ "a": 1 }))),
        ("envelope-malformed", with(good.clone(), "/id", Value::Null)),
        ("envelope-malformed", with(good.clone(), "/id", json!("https://a.example"))),
        ("envelope-malformed", with(good.clone(), "/id", json!("data:application/vc+jwt"))),
        ("media-type-unsupported", with(good.clone(), "/id", json!("data:text/plain,x"))),
        (
            "media-type-unsupported",
            with(good.clone(), "/id", json!("data:application/dc+sd-jwt,a~")),
        ),
        ("media-type-unsupported", with(good.clone(), "/id", json!("data:application/vc+jwt,a~"))),
        (
            "media-type-unsupported",
            with(good.clone(), "/id", json!("data:application/vc+sd-jwt,a.b.c")),
        ),
        ("jws-malformed", with(good.clone(), "/id", json!("data:application/vc+sd-jwt,a~"))),
        ("jws-malformed", with(good.clone(), "/id", json!("data:application/vc+jwt,x"))),
        ("credential-context-invalid", with(good.clone(), "/@context", Value::Null)),
        ("credential-context-invalid", with(good.clone(), "/@context", json!([]))),
        ("credential-context-invalid", with(good.clone(), "/@context", json!("urn:other"))),
    ];
    for (expected, value) in cases {
        assert_eq!(code(&value.to_string()), expected, "{value}");
    }
    // Its context may be written alone (VCDM §4.13).
    let alone = with(good, "/@context", json!(crate::model::CONTEXT_V2));
    assert!(SecuredCredential::parse_value(alone).is_ok());
}

#[test]
fn what_is_no_credential_is_named() {
    for text in ["", " ", "hello", "1", "[]", "\"a\"", "a b.c.d", "\u{feff}{}"] {
        assert_eq!(code(text), "credential-not-recognised", "{text:?}");
    }
    assert_eq!(code("{"), "json-malformed");
    assert_eq!(code("{\"a\":1,\"a\":1}"), "json-duplicate-member");
    assert_eq!(code(&"{\"a\":".repeat(100)), "json-too-deep");
    assert_eq!(code(&" ".repeat(2 << 20)), "input-too-large");
    assert_eq!(code(&format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))), "input-too-large");
}

#[test]
fn a_jws_with_another_algorithm_than_the_key_is_refused() {
    let p256 = party(9, KeyType::P256).key.public_key();
    let error = issued_jose().verify_issuer_proof(&p256).unwrap_err();
    assert_eq!(error.code(), "proof-suite-key-mismatch");
}

/// Whether a changed credential is caught: unreadable, or its proof does not verify, or it still says the same.
fn caught(original: &SecuredCredential, changed: &[u8]) -> bool {
    match SecuredCredential::parse(changed) {
        Err(_) => true,
        Ok(copy) => {
            copy.verify_issuer_proof(&issuer().key.public_key()).is_err()
                || (copy.credential() == original.credential()
                    && copy.issuance_digest() == original.issuance_digest())
        }
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_of_an_embedded_credential_is_caught(at in 0_usize..10_000, bit in 0_u8..8) {
        let original = issued_di();
        let mut bytes = json::canonicalize(&original.to_value()).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(caught(&original, &bytes));
    }

    #[test]
    fn any_flipped_bit_of_an_enveloped_credential_is_caught(at in 0_usize..10_000, bit in 0_u8..8) {
        let original = issued_jose();
        let mut bytes = original.to_bare().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(caught(&original, &bytes));
    }

    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = SecuredCredential::parse(&bytes);
    }

    #[test]
    fn parsing_almost_credentials_never_panics(at in 0_usize..10_000, bytes in proptest::collection::vec(any::<u8>(), 0..9)) {
        let mut text = issued_di().to_bare().into_bytes();
        let at = at % text.len();
        text.splice(at..at, bytes);
        let _ = SecuredCredential::parse(&text);
    }
}
