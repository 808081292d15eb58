use axum::http::Uri;

use super::{Unresolved, asked_in_body, asked_in_query, did_of};

const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";

fn uri(text: &str) -> Uri {
    format!("/1.0/identifiers/{text}").parse().expect("a URI")
}

#[test]
fn dids_are_read_plain_and_encoded() {
    let plain = format!("did:webvh:{SCID}:a.example%3A8443:people");
    let encoded = plain.replace('%', "%25").replace(':', "%3A");
    let half = plain.replace('%', "%25");
    for text in [&plain, &encoded, &half] {
        assert_eq!(did_of(&uri(text)).map(|did| did.as_str().to_owned()), Ok(plain.clone()));
    }
    assert_eq!(did_of(&uri("nonsense")), Err(Unresolved::InvalidDid));
    assert_eq!(did_of(&uri("did:example:123")), Err(Unresolved::MethodNotSupported));
    assert_eq!(did_of(&uri("did:web:a.example")), Err(Unresolved::MethodNotSupported));
}

#[test]
fn options_are_obeyed_or_refused() {
    let query = |text: &str| asked_in_query(&uri(&format!("did:x:y?{text}")));
    assert!(query("proof=true").expect("options").proof);
    assert_eq!(query("versionNumber=2").expect("options").version_number, Some(2));
    for wrong in ["versionTime=yesterday", "proof=yes", "versionNumber=x", "service=files", "proof"]
    {
        assert_eq!(query(wrong).map(|_| ()), Err(Unresolved::InvalidOptions), "{wrong}");
    }
    assert!(asked_in_body(br#"{"proof":true,"versionId":"1-x"}"#).expect("options").proof);
    assert!(asked_in_body(b"").is_some());
    for wrong in [&b"[]"[..], b"{", br#"{"a":1}"#, br#"{"proof":"true"}"#] {
        assert!(asked_in_body(wrong).is_none());
    }
}
