//! Selective disclosure: base proofs, what is derived of them, and what nobody should take for a presentation.

use inkan_server::credentials::Suite;
use serde_json::{Value, json};

use super::api::{EXAMPLES, V2, credential, lenient, strict, with, without};

const SUITES: [Suite; 2] = [Suite::EcdsaSd, Suite::Bbs];

fn licence() -> Value {
    credential(json!({
        "@context": [V2, EXAMPLES],
        "validFrom": "2024-01-01T00:00:00Z",
        "credentialSubject": { "id": "did:example:subject", "given": "Ada", "family": "Byron", "born": "1815" },
    }))
}

fn base(suite: Suite) -> Value {
    strict().issue(suite, &licence(), json!({ "mandatoryPointers": ["/issuer"] }))
}

fn derive(base: &Value, options: Value) -> (u16, Value) {
    let body = json!({ "verifiableCredential": base, "options": options });
    let answer = strict().post("/credentials/derive", &body);
    (answer.status, answer.json())
}

fn derived(base: &Value, pointers: &[&str]) -> Value {
    let (status, answer) = derive(base, json!({ "selectivePointers": pointers }));
    assert_eq!(status, 201, "{answer}");
    answer["verifiableCredential"].clone()
}

#[test]
fn a_base_proof_is_base64url_and_names_its_suite() {
    for suite in SUITES {
        let proof = base(suite)["proof"].clone();
        assert_eq!(proof["type"], "DataIntegrityProof");
        assert_eq!(proof["cryptosuite"], suite.prefix());
        assert!(proof["proofValue"].as_str().expect("a value").starts_with('u'));
    }
}

#[test]
fn a_base_proof_is_not_for_verifiers() {
    for suite in SUITES {
        strict().refuses(&base(suite));
    }
}

#[test]
fn what_is_derived_shows_what_was_chosen_and_verifies() {
    for suite in SUITES {
        let shown = derived(&base(suite), &["/credentialSubject/given"]);
        assert_eq!(shown["credentialSubject"]["given"], "Ada", "{suite:?}");
        assert!(shown["credentialSubject"].get("family").is_none(), "{suite:?}");
        assert!(shown.get("issuer").is_some(), "{suite:?}");
        strict().verify(&shown);
        let path = format!("/{}/credentials/verify", suite.prefix());
        let answer = strict().post(&path, &json!({ "verifiableCredential": shown }));
        assert_eq!(answer.status, 200, "{suite:?}");
        strict().refuses(&with(shown.clone(), "/credentialSubject/given", json!("Eve")));
        strict().refuses(&with(shown.clone(), "/credentialSubject/family", json!("Byron")));
        strict().refuses(&without(shown, "/validFrom"));
    }
}

#[test]
fn what_cannot_be_derived_is_refused() {
    for suite in SUITES {
        let base = base(suite);
        let shown = derived(&base, &["/credentialSubject/given"]);
        let refused = |value: &Value, options: Value| {
            let (status, answer) = derive(value, options.clone());
            assert_eq!(status, 400, "{suite:?} {options} {answer}");
        };
        refused(&base, json!({ "selectivePointers": ["/credentialSubject/nothing"] }));
        refused(&base, json!({ "selectivePointers": ["no pointer"] }));
        refused(&base, json!({ "selectivePointers": 7 }));
        refused(&shown, json!({ "selectivePointers": ["/credentialSubject/given"] }));
        refused(&json!({}), json!({}));
    }
    let plain = strict().issue(Suite::EddsaRdfc, &licence(), json!({}));
    assert_eq!(derive(&plain, json!({ "selectivePointers": ["/issuer"] })).0, 400);
}

#[test]
fn the_proof_of_another_party_stays_if_the_holder_says_so_and_else_is_told() {
    let family = json!({ "mandatoryPointers": ["/credentialSubject/family"] });
    let one = lenient().issue(Suite::EcdsaSd, &licence(), family);
    let born = json!({ "mandatoryPointers": ["/credentialSubject/born"] });
    let both = lenient().issue(Suite::Bbs, &one, born);
    assert_eq!(both["proof"].as_array().map(Vec::len), Some(2));
    let given = json!(["/credentialSubject/given"]);
    let (status, answer) = derive(&both, json!({ "selectivePointers": given }));
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["warnings"][0]["code"], "left-out-of-part", "{answer}");
    assert_eq!(answer["verifiableCredential"]["proof"]["cryptosuite"], "ecdsa-sd-2023");
    assert!(answer["verifiableCredential"]["credentialSubject"].get("born").is_none());

    let (status, answer) =
        derive(&both, json!({ "selectivePointers": given, "keepProofs": ["*"] }));
    assert_eq!((status, answer.get("warnings")), (201, None), "{answer}");
    let shown = &answer["verifiableCredential"];
    assert_eq!(shown["proof"].as_array().map(Vec::len), Some(2));
    // Each shows what it has to.
    assert_eq!(
        (&shown["credentialSubject"]["family"], &shown["credentialSubject"]["born"]),
        (&json!("Byron"), &json!("1815"))
    );
    lenient().verify(shown);
    lenient().refuses(&with(shown.clone(), "/credentialSubject/born", json!("1816")));
    let (status, answer) = derive(&both, json!({ "keepProofs": ["urn:example:none"] }));
    assert_eq!((status, &answer["code"]), (400, &json!("disclosure-proof-not-kept")));
}

#[test]
fn mandatory_pointers_that_are_malformed_are_refused() {
    for suite in SUITES {
        for pointers in [json!([7]), json!(["no pointer"]), json!(["/nothing"])] {
            let options = json!({ "mandatoryPointers": pointers });
            let answer = strict().try_issue(suite, &licence(), options);
            assert_eq!(answer.status, 400, "{suite:?} {pointers} {}", answer.text());
        }
    }
}

#[test]
fn two_disclosures_by_bbs_have_other_proofs() {
    let base = base(Suite::Bbs);
    let [one, other] = [0, 1].map(|_| derived(&base, &["/credentialSubject/given"]));
    assert_eq!(without(one.clone(), "/proof"), without(other.clone(), "/proof"));
    assert_ne!(one["proof"]["proofValue"], other["proof"]["proofValue"]);
}

#[test]
fn a_base_credential_is_not_presented() {
    for suite in SUITES {
        let value = json!({
            "@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [base(suite)],
        });
        let answer = strict().post("/presentations", &json!({ "presentation": value }));
        assert_eq!((answer.status, answer.code().as_str()), (400, "disclosure-base-proof"));
    }
}

#[test]
fn a_status_goes_with_ecdsa_and_not_with_bbs() {
    let options = json!({ "statusPurposes": ["revocation"], "credentialId": "urn:example:sd" });
    let issued = strict().issue(Suite::EcdsaSd, &licence(), options.clone());
    let shown = derived(&issued, &["/credentialSubject/given"]);
    strict().verify(&shown);
    let body = json!({
        "credentialId": "urn:example:sd", "credentialStatus": { "statusPurpose": "revocation" },
    });
    assert_eq!(strict().post("/credentials/status", &body).status, 200);
    strict().refuses_as(&shown, "credential-revoked");
    let answer = strict().try_issue(Suite::Bbs, &licence(), options);
    assert_eq!((answer.status, answer.code().as_str()), (400, "status-not-kept"));
}

#[test]
fn nothing_in_a_bbs_credential_links_what_is_shown_of_it() {
    let ask = |credential: &Value| strict().try_issue(Suite::Bbs, credential, json!({}));
    let proof = ask(&licence()).json()["verifiableCredential"]["proof"].clone();
    assert!(proof["proofValue"].is_string());
    assert_eq!((proof.get("id"), proof.get("created")), (None, None));
    for (pointer, value) in [
        ("/id", "urn:example:1"),
        ("/validFrom", "2024-01-01T00:12:34Z"),
        ("/validUntil", "2034-01-01T00:12:34Z"),
    ] {
        let answer = ask(&with(licence(), pointer, json!(value)));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "request-malformed"),
            "{pointer}"
        );
    }
}
