use serde_json::json;

use super::*;

const ED25519: &str = "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG";
const P256: &str = "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";

fn document(did: &str) -> DidDocument {
    let key = |name: &str, key: &str| {
        json!({
            "id": format!("{did}#{name}"), "type": "Multikey", "controller": did, "publicKeyMultibase": key,
        })
    };
    let value = json!({
        "id": did,
        "verificationMethod": [key("b", P256), key("a", ED25519), key("login", ED25519)],
        "assertionMethod": [format!("{did}#a"), format!("{did}#b")],
        "authentication": [format!("{did}#login")],
    });
    DidDocument::from_value(value, &Did::parse(did).unwrap()).unwrap()
}

#[test]
fn the_keys_that_credentials_are_signed_with_are_published_under_their_names() {
    let did = "did:web:issuer.example";
    let set = jwks(&document(did));
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{set}");
    for (key, (name, alg, kty)) in keys.iter().zip([("b", "ES256", "EC"), ("a", "EdDSA", "OKP")]) {
        assert_eq!(key["kid"], format!("{did}#{name}"));
        assert_eq!(
            (&key["alg"], &key["kty"], &key["use"]),
            (&json!(alg), &json!(kty), &json!("sig"))
        );
        assert!(key.get("d").is_none());
    }
}

#[test]
fn the_metadata_lie_between_host_and_path() {
    let at_host = "https://issuer.example/.well-known/jwt-vc-issuer";
    for (did, issuer, metadata) in [
        ("did:web:issuer.example", "https://issuer.example", at_host.to_owned()),
        ("did:web:issuer.example:a:b", "https://issuer.example/a/b", format!("{at_host}/a/b")),
        (
            "did:web:issuer.example%3A8443:a",
            "https://issuer.example:8443/a",
            "https://issuer.example:8443/.well-known/jwt-vc-issuer/a".to_owned(),
        ),
    ] {
        let document = document(did);
        assert_eq!(metadata_url(document.id()).as_deref(), Some(metadata.as_str()));
        let said = jwt_vc_issuer(&document).unwrap();
        assert_eq!(said, json!({ "issuer": issuer, "jwks": jwks(&document) }));
    }
    let key = Did::parse(&format!("did:key:{ED25519}")).unwrap();
    assert_eq!((issuer_url(&key), metadata_url(&key)), (None, None));
    assert_eq!(metadata_of("https://issuer.example/").as_deref(), Some(at_host));
    let path = Some("https://issuer.example/.well-known/jwt-vc-issuer/a");
    assert_eq!(metadata_of("https://issuer.example/a/").as_deref(), path);
    for other in
        ["http://a.example", "https://", "https:///a", "https://a.example?x", "https://b@a.example"]
    {
        assert_eq!(metadata_of(other), None, "{other}");
    }
}

#[test]
fn a_key_is_found_by_its_name_or_by_being_alone() {
    let document = document("did:web:issuer.example");
    let (all, issuer) = (jwt_vc_issuer(&document).unwrap(), "https://issuer.example");
    let found = |said: &Value, issuer: &str, kid: Option<&str>| {
        key_in(said.to_string().as_bytes(), issuer, kid).map(|key| key.to_multikey())
    };
    assert_eq!(found(&all, issuer, Some("did:web:issuer.example#a")).as_deref(), Some(ED25519));
    assert_eq!(found(&all, issuer, Some("did:web:issuer.example#b")).as_deref(), Some(P256));
    assert_eq!(found(&all, issuer, Some("c")), None);
    assert_eq!(found(&all, issuer, None), None, "which of two?");
    assert_eq!(found(&all, "https://other.example", Some("did:web:issuer.example#a")), None);
    let mut one = all;
    one["jwks"]["keys"].as_array_mut().unwrap().truncate(1);
    assert_eq!(found(&one, issuer, None).as_deref(), Some(P256));
    for nothing in [json!([]), json!({ "issuer": issuer }), json!({ "issuer": issuer, "jwks": {} })]
    {
        assert_eq!(found(&nothing, issuer, None), None);
    }
}

#[test]
fn a_path_leads_to_the_log_of_the_did_there_or_nowhere() {
    let at = |path: &str| log_url("issuer.example", path);
    let log = |path: &str| Some(format!("https://issuer.example{path}/did.jsonl"));
    assert_eq!(at("/.well-known/jwt-vc-issuer"), log("/.well-known"));
    assert_eq!(at("/.well-known/jwt-vc-issuer/a/b"), log("/a/b"));
    for path in ["/.well-known/jwt-vc-issuer/", "/.well-known/jwt-vc-issuers", "/did.jsonl", ""] {
        assert_eq!(at(path), None, "{path}");
    }
}
