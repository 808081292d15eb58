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

/// The names of the claims that an SD-JWT in an envelope discloses.
fn disclosed(issued: &Value, start: &str) -> Vec<String> {
    let parts = text(issued, start).split('~').skip(1).filter(|part| !part.is_empty());
    let mut names: Vec<String> = parts
        .map(|part| {
            let bytes = decode_b64u(part).expect("base64url");
            let disclosure: Value = serde_json::from_slice(&bytes).expect("JSON");
            disclosure[1].as_str().expect("a name").to_owned()
        })
        .collect();
    names.sort();
    names
}

fn derive(suite: Suite, body: &Value) -> (u16, Value) {
    let answer = strict().post(&format!("/{}/credentials/derive", suite.prefix()), body);
    (answer.status, answer.json())
}

#[test]
fn a_holder_discloses_claims_of_an_sd_jwt_by_pointers() {
    for ((suite, start), root) in ENVELOPES[4..].iter().zip(["/credentialSubject", ""]) {
        let (given, family) = (format!("{root}/given"), format!("{root}/family"));
        let issued =
            strict().issue(*suite, &licence(), json!({ "disclosable": ["given", "family"] }));
        assert_eq!(disclosed(&issued, start), ["family", "given"]);
        let request = |credential: &Value, options: Value| json!({ "verifiableCredential": credential, "options": options });
        let chosen = json!({ "selectivePointers": [given] });
        let compact = json!(text(&issued, start));
        for credential in [&issued, &compact] {
            let (status, answer) = derive(*suite, &request(credential, chosen.clone()));
            assert_eq!(status, 201, "{suite:?}: {answer}");
            let part = &answer["verifiableCredential"];
            assert_eq!(disclosed(part, start), ["given"], "{suite:?}");
            strict().verify(part);
            // The part can be made smaller, and not larger.
            let (status, answer) = derive(*suite, &request(part, json!({})));
            assert_eq!(status, 201, "{answer}");
            assert!(disclosed(&answer["verifiableCredential"], start).is_empty());
            let more = request(part, json!({ "selectivePointers": [family] }));
            let (status, answer) = derive(*suite, &more);
            assert_eq!((status, &answer["code"]), (400, &json!("claim-path-unknown")));
        }
        for (options, code) in [
            (json!({ "selectivePointers": [format!("{root}/nothing")] }), "claim-path-unknown"),
            (json!({ "selectivePointers": ["given"] }), "option-malformed"),
            (json!({ "selectivePointers": [""] }), "option-malformed"),
            (json!({ "presentationHeader": "AA" }), "option-without-effect"),
        ] {
            let (status, answer) = derive(*suite, &request(&issued, options.clone()));
            assert_eq!((status, &answer["code"]), (400, &json!(code)), "{options}");
        }
        let (status, answer) = derive(Suite::EcdsaSd, &request(&issued, chosen.clone()));
        assert_eq!((status, &answer["code"]), (400, &json!("suite-mismatch")));
        // What is bound to a verifier already is derived from no more.
        let bound = json!(format!("{}e30.e30.AA", text(&issued, start)));
        assert_eq!(derive(*suite, &request(&bound, chosen)).0, 400);
    }
    let whole = strict().issue(Suite::VcJwt, &licence(), json!({}));
    let body = json!({ "verifiableCredential": whole, "options": {} });
    assert_eq!(derive(Suite::VcJwt, &body).0, 400);
}

#[test]
fn the_answer_to_a_question_is_signed_so_that_the_value_need_not_be_shown() {
    let born = with(licence(), "/credentialSubject/birthDate", "1990-01-31".into());
    let wanted =
        json!({ "derivedClaims": { "age_over_20": "birthDate", "age_over_150": "birthDate" } });
    for ((suite, start), root) in ENVELOPES[4..].iter().zip(["/credentialSubject", ""]) {
        let issued = strict().issue(*suite, &born, wanted.clone());
        let options = json!({ "selectivePointers": [format!("{root}/age_over_20")] });
        let body = json!({ "verifiableCredential": issued, "options": options });
        let (status, answer) = derive(*suite, &body);
        assert_eq!(status, 201, "{answer}");
        assert_eq!(disclosed(&answer["verifiableCredential"], start), ["age_over_20"]);
        strict().verify(&answer["verifiableCredential"]);
    }
    let issued = strict().issue(Suite::EddsaRdfc, &born, wanted.clone());
    let subject = &issued["credentialSubject"];
    assert_eq!((&subject["age_over_20"], &subject["age_over_150"]), (&json!(true), &json!(false)));
    let refused = |credential: &Value, derived: Value, code: &str| {
        let options = json!({ "derivedClaims": derived });
        let answer = strict().try_issue(Suite::VcSdJwt, credential, options);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{}", answer.text());
    };
    refused(&born, json!({ "is_rich": "birthDate" }), "derived-claim-unknown");
    refused(&born, json!({ "age_over_20": "given" }), "derived-claim-source-invalid");
    refused(&licence(), json!({ "age_over_20": "birthDate" }), "derived-claim-source-invalid");
    refused(&born, json!({ "age_over_20": 7 }), "option-malformed");
    refused(&born, json!(["age_over_20=birthDate"]), "option-malformed");
    let taken = with(born.clone(), "/credentialSubject/age_over_20", true.into());
    refused(&taken, json!({ "age_over_20": "birthDate" }), "derived-claim-taken");
    let two =
        json!([{ "id": "urn:example:a", "birthDate": "1990-01-31" }, { "id": "urn:example:b" }]);
    let several = with(born, "/credentialSubject", two);
    refused(&several, json!({ "age_over_20": "birthDate" }), "option-malformed");
    // A proof that is added adds no claims.
    let answer = strict().try_issue(Suite::EddsaJcs, &issued, wanted);
    assert_eq!((answer.status, answer.code().as_str()), (400, "option-without-effect"));
}
