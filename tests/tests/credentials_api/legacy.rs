//! What the test suites ask for that nobody else is given: proofs of the type `Ed25519Signature2020`, and presentations in the JWT
//! form of version 1.1.

use inkan_core::encoding::b64u;
use inkan_crypto::jws;
use inkan_server::credentials::{Issuer, Suite};
use serde_json::{Map, Value, json};

use super::api::{V2, credential, issuers, lenient, strict, with};

const OLD: &str = "https://w3id.org/security/suites/ed25519-2020/v1";

#[test]
fn ed25519signature2020_is_issued_for_test_suites_alone() {
    let old = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuanceDate": "2023-01-01T00:00:00Z",
        "credentialSubject": { "id": "did:example:subject" },
    });
    for plain in [old, credential(json!({}))] {
        let issued = lenient().issue(Suite::Ed25519Signature2020, &plain, json!({}));
        assert_eq!(issued["@context"][1], OLD);
        assert_eq!(issued["proof"]["type"], "Ed25519Signature2020");
        assert!(issued["proof"].get("cryptosuite").is_none(), "{issued}");
        assert_eq!(issued["proof"]["proofPurpose"], "assertionMethod");
        lenient().verify(&issued);
        strict().verify(&issued);
        lenient().refuses(&with(issued, "/credentialSubject/id", json!("did:example:other")));
        let unknown = with(plain, "/credentialSubject/undefinedTerm", json!(1));
        let refused = lenient().try_issue(Suite::Ed25519Signature2020, &unknown, json!({}));
        assert_eq!(refused.code(), "jsonld-term-undefined");
    }
    let ids = lenient().get("/ids").json().to_string();
    assert!(ids.contains(Suite::Ed25519Signature2020.prefix()), "{ids}");
    assert!(!strict().get("/ids").text().contains(Suite::Ed25519Signature2020.prefix()));
}

/// A JWT of this key, with the claims.
fn jwt(by: &Issuer, claims: &Value) -> String {
    let mut header = Map::new();
    header.insert("typ".to_owned(), "JWT".into());
    header.insert("kid".to_owned(), by.method.as_str().into());
    jws::sign(header, claims.to_string().as_bytes(), &*by.key).expect("signed")
}

fn enveloped(kind: &str, jwt: &str) -> Value {
    json!({ "@context": V2, "type": kind, "id": format!("data:application/jwt,{jwt}") })
}

/// A presentation in that form; `change` may alter the claims of both parts.
fn presented(change: impl Fn(&mut Value, &mut Value)) -> Value {
    let [holder, issuer, _, _]: [Issuer; 4] = issuers().try_into().expect("four");
    let mut inner = json!({
        "iss": issuer.did,
        "vc": {
            "@context": [V2],
            "type": ["VerifiableCredential"],
            "issuer": issuer.did,
            "credentialSubject": { "id": "did:example:alice", "name": "Alice" },
        },
    });
    let mut outer = json!({
        "iss": holder.did,
        "aud": "verifier.example",
        "nonce": "n-1",
        "vp": {
            "@context": [V2],
            "type": ["VerifiablePresentation"],
            "holder": holder.did,
        },
    });
    change(&mut outer, &mut inner);
    let one = enveloped("EnvelopedVerifiableCredential", &jwt(&issuer, &inner));
    if outer["vp"].get("verifiableCredential").is_none() {
        outer["vp"]["verifiableCredential"] = json!([one]);
    }
    enveloped("EnvelopedVerifiablePresentation", &jwt(&holder, &outer))
}

fn status(presentation: &Value, options: Value) -> u16 {
    let body = json!({ "verifiablePresentation": presentation, "options": options });
    lenient().post("/presentations/verify", &body).status
}

#[test]
fn enveloped_presentations_of_version_1_1_are_read_for_test_suites_alone() {
    let good = presented(|_, _| ());
    let asked = || json!({ "challenge": "n-1" });
    let body = json!({ "verifiablePresentation": good, "options": asked() });
    let answer = lenient().post("/presentations/verify", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["warnings"][0]["code"], "envelope-outdated");
    let body = json!({
        "verifiablePresentation": good,
        "options": { "challenge": "n-1", "domain": "verifier.example" },
    });
    let answer = strict().post("/presentations/verify", &body);
    assert_eq!(answer.json()["problemDetails"][0]["code"], "media-type-unsupported");

    // The object around it.
    for (pointer, value) in [
        ("/@context", json!([])),
        ("/@context", json!(["https://www.w3.org/ns/credentials/examples/v2"])),
        ("/type", json!(["VerifiablePresentation"])),
        ("/id", json!(good["id"].as_str().expect("text").rsplit(',').next())),
        ("/name", json!("beside it")),
    ] {
        assert_eq!(
            status(&with(good.clone(), pointer, value.clone()), asked()),
            400,
            "{pointer} {value}"
        );
    }
    // What it answers.
    assert_eq!(status(&good, json!({ "challenge": "n-2" })), 400);
    assert_eq!(status(&good, json!({ "challenge": "n-1", "domain": "other.example" })), 400);
    // Whoever signed.
    let id = good["id"].as_str().expect("text");
    let (text, _) = id.rsplit_once('.').expect("a signature");
    let forged = format!("{text}.{}", b64u(&[7; 64]));
    assert_eq!(status(&with(good.clone(), "/id", json!(forged)), asked()), 400);
}

#[test]
fn what_is_wrong_in_such_a_presentation_is_refused() {
    type Change = fn(&mut Value, &mut Value);
    let changes: [(&str, Change); 12] = [
        ("another signer", |outer, _| outer["iss"] = json!("did:example:other")),
        ("another holder", |outer, _| outer["vp"]["holder"] = json!("did:example:other")),
        ("no presentation", |outer, _| outer["vp"]["type"] = json!(["Other"])),
        ("no context", |outer, _| outer["vp"]["@context"] = json!([])),
        ("passed", |outer, _| outer["exp"] = json!(1_000)),
        ("no time", |outer, _| outer["exp"] = json!("2040")),
        ("to come", |_, inner| inner["nbf"] = json!(9_999_999_999_i64)),
        ("another issuer", |_, inner| inner["vc"]["issuer"] = json!("did:example:other")),
        ("no credential", |_, inner| inner["vc"] = json!({})),
        ("expired", |_, inner| inner["vc"]["validUntil"] = json!("2020-01-01T00:00:00Z")),
        ("a status", |_, inner| {
            inner["vc"]["credentialStatus"] = json!({
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": "7",
                "statusListCredential": "https://example.org/status/1",
            });
        }),
        ("an unsecured one", |outer, inner| {
            outer["vp"]["verifiableCredential"] = json!([inner["vc"]]);
        }),
    ];
    for (what, change) in changes {
        assert_eq!(status(&presented(change), json!({ "challenge": "n-1" })), 400, "{what}");
    }
}
