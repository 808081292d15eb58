use inkan_crypto::KeyType;
use serde_json::json;

use super::*;
use crate::testing::{at, issued_di, issued_jose, issuer, party, unsigned, with};

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

#[test]
fn what_is_signed_as_text_has_its_contexts_on_top() {
    let issuer = issuer();
    let contexts = json!([crate::model::CONTEXT_V2, crate::inline_context()]);
    let with_nested = |nested: Value| {
        let value = with(unsigned(), "/@context", contexts.clone());
        with(value, "/credentialSubject/@context", nested)
    };
    let (other, same) = (json!("https://www.w3.org/ns/credentials/examples/v2"), contexts.clone());
    let key = &issuer.key;
    let all = |value: &Value| {
        let di = |suite| {
            let terms = ProofTerms::new(suite, &issuer.method);
            secure_di(value.clone(), &terms, key, Contexts::built_in()).map(drop)
        };
        let made = [
            di(Cryptosuite::EddsaJcs2022),
            issue_jose(value.clone(), &issuer.method, key).map(drop),
            issue_cose(value.clone(), &issuer.method, key).map(drop),
            issue_sd_jwt_plain(value.clone(), &issuer.method, key).map(drop),
            // This one works out what the terms mean, and knows the context.
            di(Cryptosuite::EddsaRdfc2022),
        ];
        made.map(|made| made.map_err(|error| error.code()))
    };
    let redefines = Err("credential-context-redefines");
    assert_eq!(all(&with_nested(other)), [redefines, redefines, redefines, redefines, Ok(())]);
    assert_eq!(all(&with_nested(same)), [Ok(()); 5]);
}

/// Every suite that makes proofs, with the keys that fit.
fn suites() -> [(Cryptosuite, KeyType); 6] {
    [
        (Cryptosuite::EddsaJcs2022, KeyType::Ed25519),
        (Cryptosuite::EddsaRdfc2022, KeyType::Ed25519),
        (Cryptosuite::EcdsaJcs2019, KeyType::P256),
        (Cryptosuite::EcdsaJcs2019, KeyType::P384),
        (Cryptosuite::EcdsaRdfc2019, KeyType::P256),
        (Cryptosuite::EcdsaRdfc2019, KeyType::P384),
    ]
}

#[test]
fn a_key_of_p521_signs_envelopes_and_makes_no_proof() {
    let issuer = party(9, KeyType::P521);
    let document = with(defined(), "/issuer/id", json!(issuer.did));
    let enveloped = issue_jose(document, &issuer.method, &issuer.key).unwrap();
    assert_eq!(enveloped.verify_issuer_proof(&issuer.key.public_key()), Ok(()));
    for suite in [Cryptosuite::EcdsaJcs2019, Cryptosuite::EcdsaRdfc2019] {
        let terms = ProofTerms::new(suite, &issuer.method);
        let refused = secure_di(defined(), &terms, &issuer.key, Contexts::built_in());
        assert_eq!(refused.unwrap_err().code(), "proof-suite-key-mismatch");
    }
    let made = inkan_crypto::data_integrity::sign_canonical(b"document", b"proof", &issuer.key);
    assert_eq!(made, Err(inkan_crypto::SignError::SuiteMismatch));
}

#[test]
fn proofs_of_the_old_type_name_no_cryptosuite() {
    let issuer = party(10, KeyType::Ed25519);
    let terms = ProofTerms::new(Cryptosuite::Ed25519Signature2020, &issuer.method);
    let contexts = json!([
        crate::model::CONTEXT_V2,
        "https://w3id.org/security/suites/ed25519-2020/v1",
        crate::inline_context()
    ]);
    let document = with(unsigned(), "/@context", contexts);
    let document = with(document, "/issuer/id", json!(issuer.did));
    let made = secure_di(document, &terms, &issuer.key, Contexts::built_in()).unwrap();
    let proof = &made.to_value()["proof"];
    assert_eq!(proof["type"], "Ed25519Signature2020");
    assert!(proof.get("cryptosuite").is_none(), "{proof}");
    assert_eq!(made.verify_issuer_proof(&issuer.key.public_key()), Ok(()));
}

/// A credential whose terms are all defined.
fn defined() -> Value {
    with(unsigned(), "/@context", json!([crate::model::CONTEXT_V2, crate::inline_context()]))
}

#[test]
fn every_suite_makes_sets_and_chains_of_proofs() {
    let contexts = Contexts::built_in();
    for (number, (suite, key_type)) in (1..).zip(suites()) {
        let parties = [0, 1, 2].map(|one| party(100 * number + one, key_type));
        let terms =
            |index: usize, id: &'static str, previous: &'static [&'static str]| ProofTerms {
                id: Some(id),
                created: Some(at("2026-01-01T00:00:00Z")),
                previous,
                ..ProofTerms::new(suite.clone(), &parties[index].method)
            };
        let first = terms(0, "urn:uuid:a", &[]);
        let secured = secure_di(defined(), &first, &parties[0].key, contexts).unwrap();
        assert!(secured.to_value()["proof"].is_object());
        let second = terms(1, "urn:uuid:b", &[]);
        let secured = add_proof_di(&secured, &second, &parties[1].key, contexts).unwrap();
        let third = terms(2, "urn:uuid:c", &["urn:uuid:a", "urn:uuid:b"]);
        let secured = add_proof_di(&secured, &third, &parties[2].key, contexts).unwrap();
        let verdicts = |secured: &SecuredCredential| {
            [0, 1, 2].map(|index| secured.verify_proof(index, &parties[index].key.public_key()))
        };
        assert_eq!(verdicts(&secured), [Ok(()), Ok(()), Ok(())], "{suite:?} {key_type:?}");
        assert!(secured.proofs().iter().all(|proof| *proof.cryptosuite() == suite));

        // Another signature of the first signer: its own proof holds, what covers the first one does not.
        let late = ProofTerms { created: Some(at("2026-01-03T00:00:00Z")), ..first.clone() };
        let late = secure_di(defined(), &late, &parties[0].key, contexts).unwrap();
        let swapped = with(secured.to_value(), "/proof/0", late.to_value()["proof"].clone());
        let swapped = SecuredCredential::parse_value(swapped).unwrap();
        assert_eq!(verdicts(&swapped), [Ok(()), Ok(()), Err(ProofError::Invalid)]);

        let mut order = secured.to_value();
        order["proof"].as_array_mut().unwrap().swap(0, 1);
        let order = SecuredCredential::parse_value(order).unwrap();
        // In RDF proofs have no order; in JSON they do.
        let third = order.verify_proof(2, &parties[2].key.public_key());
        assert_eq!(third.is_ok(), suite.is_rdfc(), "{suite:?}");

        let error = add_proof_di(&secured, &first, &parties[0].key, contexts).unwrap_err();
        assert_eq!(error.code(), "credential-proof-duplicate-id");
        let orphan = terms(0, "urn:uuid:d", &["urn:uuid:nowhere"]);
        let error = add_proof_di(&secured, &orphan, &parties[0].key, contexts).unwrap_err();
        assert_eq!(error.code(), "previous-proof-unknown");
    }
}

#[test]
fn proofs_of_several_suites_stand_on_one_credential() {
    let contexts = Contexts::built_in();
    let mut secured: Option<SecuredCredential> = None;
    let mut keys = Vec::new();
    for (number, (suite, key_type)) in (1..).zip(suites()) {
        let by = party(number, key_type);
        let terms = ProofTerms::new(suite, &by.method);
        secured = Some(match &secured {
            None => secure_di(defined(), &terms, &by.key, contexts).unwrap(),
            Some(before) => add_proof_di(before, &terms, &by.key, contexts).unwrap(),
        });
        keys.push(by.key.public_key());
    }
    let secured = secured.unwrap();
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(secured.verify_proof(index, key), Ok(()));
        let other = &keys[(index + 1) % keys.len()];
        assert!(secured.verify_proof(index, other).is_err());
    }
}

#[test]
fn a_presentation_is_signed_by_every_suite() {
    use crate::presentation::{PresentationTerms, present_di_with};
    for (number, (suite, key_type)) in (1..).zip(suites()) {
        let by = party(number, key_type);
        let credential = secure_di(
            defined(),
            &ProofTerms::new(Cryptosuite::EddsaRdfc2022, &issuer().method),
            &issuer().key,
            Contexts::built_in(),
        );
        let terms = PresentationTerms {
            holder: &by.did,
            method: &by.method,
            nonce: "n-1",
            audience: "verifier.example",
            created: at("2026-01-02T00:00:00Z"),
        };
        let credentials = [credential.unwrap()];
        let presented =
            present_di_with(&suite, &credentials, &terms, &by.key, Contexts::built_in()).unwrap();
        let key = by.key.public_key();
        assert_eq!(presented.verify_proof(&key), Ok(()), "{suite:?}");
        for (pointer, value) in [
            ("/proof/challenge", json!("n-2")),
            ("/proof/domain", json!("other.example")),
            ("/verifiableCredential/0/credentialSubject/role", json!("director")),
            ("/verifiableCredential/0/proof/created", json!("2026-01-01T00:00:01Z")),
        ] {
            let changed = with(presented.to_value(), pointer, value);
            let changed = crate::Presentation::parse_value(changed).unwrap();
            assert!(changed.verify_proof(&key).is_err(), "{suite:?} {pointer}");
        }
    }
}

#[test]
fn suites_of_rdf_refuse_what_they_could_not_cover() {
    let by = issuer();
    let contexts = Contexts::built_in();
    let terms = ProofTerms::new(Cryptosuite::EddsaRdfc2022, &by.method);
    let error = secure_di(unsigned(), &terms, &by.key, contexts).unwrap_err();
    assert_eq!(error.code(), "jsonld-term-undefined");
    // A member added to a signed credential is found, and not passed over.
    let secured = secure_di(defined(), &terms, &by.key, contexts).unwrap().to_value();
    let key = by.key.public_key();
    let verdict = |value: Value| {
        SecuredCredential::parse_value(value)
            .unwrap()
            .verify_issuer_proof(&key)
            .map_err(|e| e.code())
    };
    assert_eq!(verdict(secured.clone()), Ok(()));
    let added = with(secured.clone(), "/credentialSubject/extra", json!(true));
    assert_eq!(verdict(added), Err("credential-proof-invalid"));
    let nothing = with(secured.clone(), "/credentialSubject/extra", json!([null]));
    assert_eq!(verdict(nothing), Err("jsonld-value-dropped"));
    let in_proof = with(secured.clone(), "/proof/extra", json!(true));
    assert_eq!(verdict(in_proof), Err("credential-proof-invalid"));
    let context = with(secured, "/proof/@context", json!("https://www.w3.org/ns/credentials/v2"));
    assert_eq!(verdict(context), Err("proof-context-mismatch"));
}

#[test]
fn a_suite_signs_with_its_keys_only_and_the_old_one_with_its_context_only() {
    let by = issuer();
    let make = |suite| {
        let terms = ProofTerms::new(suite, &by.method);
        secure_di(defined(), &terms, &by.key, Contexts::built_in()).unwrap_err().code()
    };
    assert_eq!(make(Cryptosuite::EcdsaRdfc2019), "proof-suite-key-mismatch");
    assert_eq!(make(Cryptosuite::EcdsaJcs2019), "proof-suite-key-mismatch");
    assert_eq!(make(Cryptosuite::Ed25519Signature2020), "proof-suite-unsupported");
    assert_eq!(make(Cryptosuite::Unknown("x".to_owned())), "proof-suite-unsupported");
}

#[test]
fn terms_of_a_proof_are_written_as_they_are_given() {
    let by = issuer();
    let terms = ProofTerms {
        purpose: Purpose::Authentication,
        expires: Some(at("2027-01-01T00:00:00Z")),
        domain: &["a.example", "b.example"],
        challenge: Some("n-1"),
        ..ProofTerms::new(Cryptosuite::EddsaRdfc2022, &by.method)
    };
    let secured = issued_di();
    let error = add_proof_di(&issued_jose(), &terms, &by.key, Contexts::built_in()).unwrap_err();
    assert_eq!(error.code(), "countersignature-form-mismatch");
    let error = add_proof_di(&secured, &terms, &by.key, Contexts::built_in()).unwrap_err();
    assert_eq!(error.code(), "jsonld-term-undefined");
    let terms = ProofTerms { suite: Cryptosuite::EddsaJcs2022, ..terms };
    let value = add_proof_di(&secured, &terms, &by.key, Contexts::built_in()).unwrap().to_value();
    let proof = &value["proof"][1];
    assert_eq!(proof["domain"], json!(["a.example", "b.example"]));
    assert_eq!(proof["challenge"], "n-1");
    assert_eq!(proof["expires"], "2027-01-01T00:00:00Z");
    assert_eq!(proof["proofPurpose"], "authentication");
    assert_eq!(proof["created"], Value::Null);
}
