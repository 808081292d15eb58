use inkan_crypto::{KeyType, jws};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{Party, at, holder, issued_di, issued_jose, issuer, party, with};

fn terms(by: &Party) -> PresentationTerms<'_> {
    PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce: "n-1",
        audience: "https://bank.example",
        created: at("2026-03-01T00:00:00Z"),
    }
}

fn di() -> Presentation {
    let by = holder();
    present_di(&[issued_di(), issued_jose()], &terms(&by), &by.key).unwrap()
}

fn jose() -> Presentation {
    let by = holder();
    present_jose(&[issued_di(), issued_jose()], &terms(&by), &by.key).unwrap()
}

fn code(text: &str) -> &'static str {
    Presentation::parse(text.as_bytes()).unwrap_err().code()
}

#[test]
fn both_forms_are_bound_to_nonce_and_audience() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let by = party(4, key_type);
        let credentials = [issued_di(), issued_jose()];
        for made in [
            present_di(&credentials, &terms(&by), &by.key).unwrap(),
            present_jose(&credentials, &terms(&by), &by.key).unwrap(),
        ] {
            for copy in [
                Presentation::parse(made.to_bare().as_bytes()).unwrap(),
                Presentation::parse_value(made.to_value()).unwrap(),
            ] {
                assert_eq!(copy.holder(), by.did);
                assert_eq!(copy.verification_method(), by.method);
                assert_eq!(copy.nonce(), Some("n-1"));
                assert_eq!(copy.audience(), ["https://bank.example"]);
                assert_eq!(copy.created().unwrap().to_string(), "2026-03-01T00:00:00Z");
                assert_eq!(copy.credentials().len(), 2);
                assert_eq!(copy.verify_proof(&by.key.public_key()), Ok(()));
                let error = copy.verify_proof(&issuer().key.public_key()).unwrap_err();
                let expected = match key_type {
                    KeyType::Ed25519 => "presentation-proof-invalid",
                    KeyType::P256 | KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2 => {
                        "proof-suite-key-mismatch"
                    }
                };
                assert_eq!(error.code(), expected);
                for credential in copy.credentials() {
                    let key = issuer().key.public_key();
                    assert_eq!(credential.verify_issuer_proof(&key), Ok(()));
                }
            }
        }
    }
}

#[test]
fn a_changed_nonce_audience_holder_or_credential_is_caught() {
    let changes = [
        ("/proof/challenge", json!("n-2")),
        ("/proof/domain", json!("https://shop.example")),
        ("/holder", json!("did:key:other")),
        ("/verifiableCredential/0/credentialSubject/role", json!("director")),
        ("/verifiableCredential", json!([issued_di().to_value()])),
    ];
    for (pointer, new) in changes {
        let changed = Presentation::parse_value(with(di().to_value(), pointer, new)).unwrap();
        let error = changed.verify_proof(&holder().key.public_key()).unwrap_err();
        assert_eq!(error.code(), "presentation-proof-invalid", "{pointer}");
    }
}

#[test]
fn malformed_presentations_are_refused() {
    let cases = [
        ("presentation-malformed", "/type", json!("Other")),
        ("presentation-malformed", "/id", json!("no url")),
        ("presentation-malformed", "/holder", json!(1)),
        ("presentation-malformed", "/type", json!(["VerifiablePresentation", "a b"])),
        ("presentation-malformed", "/holder", json!({ "name": "Acme" })),
        ("presentation-malformed", "/holder", json!("z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNN")),
        ("presentation-malformed", "/termsOfUse", json!({ "id": "urn:a" })),
        ("presentation-malformed", "/verifiableCredential", json!(["https://a.example/1"])),
        ("presentation-malformed", "/verifiableCredential", json!([])),
        ("presentation-malformed", "/verifiableCredential", json!([issued_jose().to_bare()])),
        ("presentation-malformed", "/proof", Value::Null),
        ("presentation-malformed", "/proof/proofPurpose", json!("assertionMethod")),
        ("credential-proof-missing", "/proof", json!([])),
        ("credential-context-invalid", "/@context", Value::Null),
        ("credential-context-invalid", "/@context", json!([{}, crate::model::CONTEXT_V2])),
        ("credential-subject-invalid", "/verifiableCredential/0/credentialSubject", json!({})),
    ];
    for (expected, pointer, new) in cases {
        let value = with(di().to_value(), pointer, new.clone());
        assert_eq!(code(&value.to_string()), expected, "{pointer} {new}");
    }
    let many = vec![issued_jose().to_value(); 65];
    let value = with(di().to_value(), "/verifiableCredential", json!(many));
    assert_eq!(code(&value.to_string()), "presentation-too-large");
}

#[test]
fn a_presentation_without_credentials_shows_its_holder() {
    let by = holder();
    for made in [
        present_di(&[], &terms(&by), &by.key).unwrap(),
        present_jose(&[], &terms(&by), &by.key).unwrap(),
    ] {
        assert!(made.value().get("verifiableCredential").is_none());
        let copy = Presentation::parse(made.to_bare().as_bytes()).unwrap();
        assert!(copy.credentials().is_empty());
        assert_eq!(copy.verify_proof(&by.key.public_key()), Ok(()));
        // Credentials that are put into it afterwards are not the holder's.
        if made.holder_proof_index().is_some() {
            let credentials = json!([issued_di().to_value()]);
            let more = with(made.to_value(), "/verifiableCredential", credentials);
            let more = Presentation::parse_value(more).unwrap();
            assert!(more.verify_proof(&by.key.public_key()).is_err());
        }
    }
}

#[test]
fn presentations_of_version_1_1_are_read_with_embedded_proofs_alone() {
    let v1 = json!(["https://www.w3.org/2018/credentials/v1"]);
    let value = with(di().to_value(), "/@context", v1.clone());
    assert!(Presentation::parse_value(value).is_ok());
    let by = holder();
    let header = json!({ "typ": "vp+jwt", "kid": by.method }).as_object().unwrap().clone();
    let payload = with(jose().value().clone(), "/@context", v1);
    let compact = jws::sign(header, payload.to_string().as_bytes(), &by.key).unwrap();
    assert_eq!(code(&compact), "vcdm-version-unsupported");
}

#[test]
fn malformed_jws_presentations_are_refused() {
    let by = holder();
    let header = json!({ "typ": "vp+jwt", "kid": by.method });
    let code = |header: &Value, payload: &Value| {
        let header = header.as_object().unwrap().clone();
        code(&jws::sign(header, payload.to_string().as_bytes(), &by.key).unwrap())
    };
    let payload = jose().value().clone();
    for typ in ["vc+jwt", "JWT", "vp+ld+json+jwt", "kb+jwt"] {
        let header = with(header.clone(), "/typ", json!(typ));
        assert_eq!(code(&header, &payload), "media-type-unsupported");
    }
    for typ in [json!("application/vp+jwt"), Value::Null] {
        let header = with(header.clone(), "/typ", typ).as_object().unwrap().clone();
        let text = jws::sign(header, payload.to_string().as_bytes(), &by.key).unwrap();
        let read = crate::bundle::read_any(text.as_bytes()).unwrap().into_bundle().artefact;
        assert!(
            matches!(read, crate::bundle::Artefact::Presentation(shown) if shown.nonce() == Some("n-1"))
        );
        assert_eq!(
            SecuredCredential::parse(text.as_bytes()).unwrap_err().code(),
            "media-type-unsupported"
        );
    }
    let both =
        with(payload.clone(), "/type", json!(["VerifiablePresentation", "VerifiableCredential"]));
    let untyped = with(header.clone(), "/typ", Value::Null);
    assert_eq!(code(&untyped, &both), "media-type-unsupported");
    let cases = [
        ("jose-claim-invalid", "/nonce", json!(1)),
        ("jose-claim-invalid", "/aud", json!([1])),
        ("jose-claim-invalid", "/iss", json!("did:key:other")),
        ("jose-claim-invalid", "/vp", json!({})),
        ("credential-proof-misplaced", "/proof", json!({})),
        ("presentation-malformed", "/type", json!([])),
    ];
    for (expected, pointer, new) in cases {
        assert_eq!(code(&header, &with(payload.clone(), pointer, new)), expected, "{pointer}");
    }
    let nameless = with(header, "/kid", Value::Null);
    assert_eq!(code(&nameless, &payload), "jose-key-id-missing");
}

#[test]
fn without_a_holder_the_key_names_one() {
    let by = holder();
    let payload = with(jose().value().clone(), "/holder", Value::Null);
    let header = json!({ "typ": "vp+jwt", "kid": by.method });
    let header = header.as_object().unwrap().clone();
    let text = jws::sign(header, payload.to_string().as_bytes(), &by.key).unwrap();
    assert_eq!(Presentation::parse_compact(&text).unwrap().holder(), by.did);
}

#[test]
fn a_strangers_extra_proof_does_not_hide_the_holders() {
    let mut stranger = di().to_value()["proof"].clone();
    stranger["verificationMethod"] = json!("did:key:z6MkOther#z6MkOther");
    let proofs = json!([stranger, di().to_value()["proof"]]);
    let value = with(di().to_value(), "/proof", proofs);
    let presentation = Presentation::parse_value(value).unwrap();
    assert_eq!(presentation.holder_proof_index(), Some(1));
    assert_eq!(presentation.verify_proof(&holder().key.public_key()), Ok(()));
    assert!(presentation.verify_proof_at(0, &holder().key.public_key()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_flipped_bit_is_caught(at in 0_usize..100_000, bit in 0_u8..8, form in 0..2) {
        let original = if form == 0 { di() } else { jose() };
        let mut bytes = match form {
            0 => json::canonicalize(&original.to_value()).unwrap(),
            _ => original.to_bare().into_bytes(),
        };
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(copy) = Presentation::parse(&bytes) {
            let same = copy.to_value() == original.to_value();
            prop_assert!(same || copy.verify_proof(&holder().key.public_key()).is_err());
        }
    }

    #[test]
    fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Presentation::parse(&bytes);
    }
}
