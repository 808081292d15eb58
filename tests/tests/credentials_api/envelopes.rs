//! Credentials in an envelope, by each key that signs one: JWS, COSE message, SD-JWT, SD-JWT VC.

use inkan_core::encoding::decode_b64u;
use inkan_server::credentials::Suite;
use serde_json::{Value, json};

use super::api::{EXAMPLES, V2, credential, strict, with};

const ENVELOPES: [(Suite, &str); 6] = [
    (Suite::VcJwt, "data:application/vc+jwt,"),
    (Suite::VcJwtP256, "data:application/vc+jwt,"),
    (Suite::VcJwtP384, "data:application/vc+jwt,"),
    (Suite::VcCose, "data:application/vc+cose;base64,"),
    (Suite::VcSdJwt, "data:application/vc+sd-jwt,"),
    (Suite::DcSdJwt, "data:application/dc+sd-jwt,"),
];

fn licence() -> Value {
    credential(json!({
        "@context": [V2, EXAMPLES],
        "credentialSubject": { "id": "did:example:subject", "given": "Ada", "family": "Byron" },
    }))
}

/// The text in the envelope.
fn text<'a>(issued: &'a Value, start: &str) -> &'a str {
    let id = issued["id"].as_str().expect("a data URL");
    id.strip_prefix(start).unwrap_or_else(|| panic!("{id}"))
}

fn header(compact: &str) -> Value {
    let first = compact.split('.').next().expect("a header");
    serde_json::from_slice(&decode_b64u(first).expect("base64url")).expect("JSON")
}

#[test]
fn every_envelope_is_issued_and_verified_and_none_is_taken_for_another() {
    for (suite, start) in ENVELOPES {
        let issued = strict().issue(suite, &licence(), json!({}));
        assert_eq!(issued["type"], "EnvelopedVerifiableCredential", "{suite:?}");
        let _ = text(&issued, start);
        strict().verify(&issued);
        // JWTs differ in the key's algorithm alone.
        for (other, _) in ENVELOPES {
            let path = format!("/{}/credentials/verify", other.prefix());
            let answer = strict().post(&path, &json!({ "verifiableCredential": issued }));
            let same = suite == other;
            assert_eq!(answer.status, if same { 200 } else { 400 }, "{suite:?} as {other:?}");
            if !same {
                assert_eq!(answer.json()["problemDetails"][0]["code"], "suite-mismatch");
            }
        }
    }
}

#[test]
fn a_key_of_its_own_type_signs() {
    for (suite, alg) in
        [(Suite::VcJwt, "EdDSA"), (Suite::VcJwtP256, "ES256"), (Suite::VcJwtP384, "ES384")]
    {
        let issued = strict().issue(suite, &licence(), json!({}));
        let header = header(text(&issued, "data:application/vc+jwt,"));
        assert_eq!(header["alg"], alg);
        let kid = header["kid"].as_str().expect("a key");
        assert!(kid.starts_with(&strict().did(suite)), "{kid}");
        let changed = text(&issued, "data:application/vc+jwt,").replacen("eyJ", "eyK", 2);
        strict().refuses(&with(issued, "/id", format!("data:application/vc+jwt,{changed}").into()));
    }
}

#[test]
fn presentations_are_signed_in_the_envelope_of_the_path() {
    for (suite, start) in [
        (Suite::VcJwtP256, "data:application/vp+jwt,"),
        (Suite::VcJwtP384, "data:application/vp+jwt,"),
        (Suite::VcCose, "data:application/vp+cose;base64,"),
    ] {
        let presentation = json!({ "@context": [V2], "type": ["VerifiablePresentation"] });
        let options = json!({ "challenge": "c-1", "domain": "bank.example" });
        let body = json!({ "presentation": presentation, "options": options });
        let answer = strict().post(&format!("/{}/presentations", suite.prefix()), &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json()["verifiablePresentation"].clone();
        let _ = text(&made, start);
        let check = |options: Value| {
            let body = json!({ "verifiablePresentation": made, "options": options });
            strict().post("/presentations/verify", &body).status
        };
        assert_eq!(check(options), 200, "{suite:?}");
        assert_eq!(check(json!({ "challenge": "c-2", "domain": "bank.example" })), 400);
        for other in [Suite::VcJwt, Suite::VcJwtP256, Suite::VcJwtP384] {
            let path = format!("/{}/presentations/verify", other.prefix());
            let options = json!({ "challenge": "c-1", "domain": "bank.example" });
            let body = json!({ "verifiablePresentation": made, "options": options });
            let status = if suite == other { 200 } else { 400 };
            assert_eq!(strict().post(&path, &body).status, status, "{suite:?} as {other:?}");
        }
    }
    for suite in [Suite::VcSdJwt, Suite::DcSdJwt] {
        let body =
            json!({ "presentation": { "@context": [V2], "type": ["VerifiablePresentation"] } });
        let answer = strict().post(&format!("/{}/presentations", suite.prefix()), &body);
        assert_eq!(answer.status, 404, "{suite:?}");
    }
}

#[test]
fn the_holder_keeps_back_what_was_named_and_nothing_else() {
    for (suite, start) in &ENVELOPES[4..] {
        let options = json!({ "disclosable": ["given"] });
        let issued = strict().issue(*suite, &licence(), options);
        let text = text(&issued, start);
        assert_eq!(text.matches('~').count(), 2, "{suite:?}: {text}");
        strict().verify(&issued);
        // Without its disclosure it is a part, and good.
        let kept = text.split('~').next().expect("a JWT");
        strict().verify(&json!(format!("{kept}~")));
        for options in [
            json!({ "disclosable": ["nickname"] }),
            json!({ "decoys": 400 }),
            json!({ "disclosable": [7] }),
        ] {
            let answer = strict().try_issue(*suite, &licence(), options.clone());
            assert_eq!(answer.status, 400, "{options}");
        }
        let decoys = json!({ "disclosable": ["given"], "decoys": 8 });
        strict().verify(&strict().issue(*suite, &licence(), decoys));
        // Everything is disclosable, and each object has decoys of its own: in all there are too many.
        let list: Vec<Value> = (0..400).map(|number| json!({ "number": number })).collect();
        let many = with(licence(), "/credentialSubject/list", list.into());
        let answer = strict().try_issue(*suite, &many, json!({ "decoys": 32 }));
        assert_eq!((answer.status, answer.code().as_str()), (400, "sd-jwt-too-many-decoys"));
    }
    let answer = strict().try_issue(Suite::VcJwt, &licence(), json!({ "disclosable": ["given"] }));
    assert_eq!((answer.status, answer.code().as_str()), (400, "option-without-effect"));
}

#[test]
fn an_sd_jwt_vc_says_all_that_it_was_asked_to_say_or_is_not_made() {
    let said = json!({
        "name": "A licence", "termsOfUse": { "type": "Terms", "id": "urn:example:terms" },
        "type": ["VerifiableCredential", "A", "B"],
        "credentialSubject": [{ "id": "urn:example:a" }, { "id": "urn:example:b" }],
        "credentialSchema": { "id": "https://example.com/schema", "type": "JsonSchema" },
        "issuer": { "id": strict().did(Suite::DcSdJwt), "name": "Acme" },
    });
    for (name, value) in said.as_object().expect("members") {
        let answer = strict().try_issue(
            Suite::DcSdJwt,
            &with(licence(), &format!("/{name}"), value.clone()),
            json!({}),
        );
        assert_eq!((answer.status, answer.code().as_str()), (400, "request-malformed"), "{name}");
        assert!(answer.json()["detail"].as_str().expect("words").starts_with(name), "{name}");
    }
    let reserved = with(licence(), "/credentialSubject/iss", "x".into());
    assert_eq!(strict().try_issue(Suite::DcSdJwt, &reserved, json!({})).status, 400);
    // Its status stands in tokens, which a ledger announces.
    for options in [
        json!({ "statusPurposes": ["revocation"] }),
        json!({ "statusPurposes": ["revocation"], "statusLists": "bitstring" }),
    ] {
        let answer = strict().try_issue(Suite::DcSdJwt, &licence(), options);
        assert_eq!((answer.status, answer.code().as_str()), (400, "status-not-kept"));
    }
}
