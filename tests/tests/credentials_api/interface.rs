//! The OpenAPI document, what the server says about itself, and requests that nobody should send.

use inkan_server::credentials::Suite;
use inkan_server::credentials::routes::ROUTES;
use serde_json::{Value, json};

use super::api::{credential, document, lenient, strict, validator};

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let mut served: Vec<_> =
        ROUTES.iter().map(|(path, method)| ((*path).to_owned(), (*method).to_owned())).collect();
    served.sort();
    let mut described = Vec::new();
    for (path, methods) in document()["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            described.push((path.clone(), method.clone()));
        }
    }
    described.sort();
    assert_eq!(served, described);
}

#[test]
fn the_document_is_openapi_of_version_3_1_and_served() {
    assert_eq!(document()["openapi"], "3.1.0");
    for name in document()["components"]["schemas"].as_object().expect("schemas").keys() {
        let _ = validator(&json!({ "$ref": format!("#/components/schemas/{name}") }));
    }
    assert_eq!(&strict().get("/openapi.json").json(), document());
}

#[test]
fn the_profile_is_said_in_every_answer() {
    assert_eq!(strict().get("/about").header("inkan-profile"), "strict");
    let answer = lenient().try_verify(&json!({}));
    assert_eq!(answer.header("inkan-profile"), "conformance");
    assert_eq!(lenient().get("/").json()["profile"], "conformance");
}

#[test]
fn the_dids_that_sign_are_listed() {
    let ids = strict().get("/ids").json();
    let ids = ids["ids"].as_array().expect("a list").clone();
    assert_eq!(ids.len(), 14);
    for id in &ids {
        let method = id["verificationMethod"].as_str().expect("a URL");
        assert!(method.starts_with(id["id"].as_str().expect("a DID")));
    }
}

#[test]
fn it_says_how_it_does() {
    assert_eq!(strict().get("/healthz").text(), "ok\n");
    assert_eq!(strict().get("/readyz").text(), "ready\n");
    let _ = strict().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    let metrics = strict().get("/metrics");
    let line = "inkan_http_requests_total{route=\"/{suite}/credentials/issue\",status=\"201\"}";
    assert!(metrics.text().contains(line), "{}", metrics.text());
}

#[test]
fn codes_have_a_page() {
    assert!(strict().get("/problems/issuer-not-ours").text().contains("Remedy"));
    assert_eq!(strict().get("/problems/no-such-code").status, 404);
}

#[test]
fn other_paths_and_methods_are_answered() {
    let get = |path: &str| strict().client.get(path).status;
    assert_eq!((get("/nothing"), get("/credentials/issue")), (404, 405));
    let answer = strict().post("/nothing/credentials/verify", &json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (404, "suite-not-served"));
}

#[test]
fn what_is_no_request_is_refused_and_never_a_fault() {
    let paths = [
        "/credentials/issue",
        "/credentials/verify",
        "/presentations",
        "/presentations/verify",
        "/credentials/status",
        "/vc-jwt/credentials/issue",
        "/vc-jwt/credentials/verify",
        "/vc-jwt/presentations",
    ];
    let bodies: [&[u8]; 8] =
        [b"", b"{", b"[]", b"7", b"\"text\"", b"{}", b"{\"options\": 7}", b"{\"a\":1,\"a\":2}"];
    for path in paths {
        for body in bodies {
            let answer = strict().client.post(path, "application/json", body);
            assert_eq!(answer.status, 400, "{path} {}", String::from_utf8_lossy(body));
        }
        let values =
            [json!(null), json!(7), json!("x"), json!([]), json!({}), json!({ "proof": 7 })];
        for value in values {
            for member in
                ["credential", "verifiableCredential", "presentation", "verifiablePresentation"]
            {
                let answer = strict().post(path, &json!({ member: value, "options": {} }));
                assert_eq!(answer.status, 400, "{path} {member} {value}");
            }
        }
    }
}

#[test]
fn members_of_any_shape_are_refused_and_never_a_fault() {
    let issued = strict().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    let pointers = [
        "/@context",
        "/type",
        "/issuer",
        "/credentialSubject",
        "/proof",
        "/proof/created",
        "/proof/id",
        "/proof/previousProof",
        "/proof/domain",
        "/proof/verificationMethod",
        "/credentialStatus",
        "/credentialSchema",
        "/relatedResource",
        "/validFrom",
        "/ledgerRecord",
    ];
    for pointer in pointers {
        for value in [json!(7), json!([[]]), json!({ "a": {} }), json!("\u{0}"), json!([null])] {
            let changed = super::api::with(issued.clone(), pointer, value.clone());
            let answer = strict().try_verify(&changed);
            assert_eq!(answer.status, 400, "{pointer} {value}");
            let again = strict().post("/credentials/issue", &json!({ "credential": changed }));
            // A proof that is there already may be of any kind that can be read.
            let refused = again.status == 400 || pointer.starts_with("/proof/");
            assert!(refused, "{pointer} {value} {}", again.text());
        }
    }
}

#[test]
fn compact_texts_are_read_as_they_are() {
    let issued = strict().issue(Suite::VcJwt, &credential(json!({})), json!({}));
    let compact = issued["id"].as_str().and_then(|id| id.split_once(',')).expect("a data URL").1;
    strict().verify(&Value::String(compact.to_owned()));
    strict().refuses(&Value::String(format!("{compact}A")));
}

/// VC Data Integrity §4.7, VCDM 2.0 §7.2 and vc-di-ecdsa §3.4.13 say by which type a client can tell what was wrong.
#[test]
fn problems_have_the_types_of_the_specifications() {
    let issued = strict().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    let kind = |changed: &Value| {
        let answer = strict().try_verify(changed);
        assert_eq!(answer.status, 400, "{}", answer.text());
        let problem = &answer.json()["problemDetails"][0];
        let kind = problem["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit_once('#').map_or(kind.clone(), |(_, name)| name.to_owned())
    };
    let text = super::api::with(issued.clone(), "/proof", json!("a proof"));
    assert_eq!(kind(&text), "PARSING_ERROR");
    let term = super::api::with(issued.clone(), "/nobodyDefined", json!("this"));
    assert_eq!(kind(&term), "DATA_LOSS_DETECTION_ERROR");
    let changed = super::api::with(issued, "/credentialSubject/id", json!("did:example:other"));
    assert_eq!(kind(&changed), "CRYPTOGRAPHIC_SECURITY_ERROR");
    let nowhere = json!({ "mandatoryPointers": ["/nowhere"] });
    let answer = strict().try_issue(Suite::EcdsaSd, &credential(json!({})), nowhere);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("PROOF_GENERATION_ERROR"), "{}", answer.text());
}
