use proptest::prelude::*;

use super::*;

const SCID: &str = "QmXhVjFG6EBTosDastaaHMRypm2qSv4SMGctADsx878Yux";

fn webvh(place: &str) -> Result<Did, DidError> {
    Did::parse(&format!("did:webvh:{SCID}:{place}"))
}

fn location_error(place: &str) -> LocationError {
    match webvh(place) {
        Err(DidError::Location(error)) => error,
        other => panic!("{place}: {other:?}"),
    }
}

#[test]
fn the_four_methods_are_told_apart() {
    for (text, method) in [
        ("did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG", Method::Key),
        ("did:jwk:eyJrdHkiOiJPS1AifQ", Method::Jwk),
        ("did:web:issuer.example", Method::Web),
    ] {
        let did = Did::parse(text).unwrap();
        assert_eq!((did.as_str(), did.method(), did.scid()), (text, method, None));
    }
    let did = webvh("ledger.example:people:anna").unwrap();
    assert_eq!((did.method(), did.scid()), (Method::Webvh, Some(SCID)));
}

#[test]
fn unknown_methods_and_malformed_text_have_codes() {
    for text in ["", "did", "did:", "did:key:", "did:KEY:z6M", "DID:key:z6M", "did::x", "urn:x:y"] {
        assert_eq!(Did::parse(text).unwrap_err().code(), "did-malformed", "{text}");
    }
    for text in ["did:web:a.example#k", "did:web:a.example/p", "did:web:a.example?q=1"] {
        assert_eq!(Did::parse(text).unwrap_err().code(), "did-malformed", "{text}");
    }
    for text in ["did:web:a.example%2", "did:web:a.example%zz", "did:web:ä.example", "did:web:a b"]
    {
        assert_eq!(Did::parse(text).unwrap_err().code(), "did-malformed", "{text}");
    }
    assert_eq!(Did::parse("did:ethr:0x1").unwrap_err().code(), "did-method-unsupported");
    assert_eq!(Did::parse("did:key:u6M").unwrap_err().code(), "did-malformed");
    assert_eq!(Did::parse("did:jwk:e=").unwrap_err().code(), "did-malformed");
    let long = format!("did:web:{}.example", "a".repeat(2_100));
    assert_eq!(Did::parse(&long), Err(DidError::TooLong { size: long.len() }));
}

#[test]
fn a_scid_is_a_sha256_multihash() {
    let short = Did::parse("did:webvh:QmXhVjFG6EBTosDastaaHMRypm2qSv4SMGctADsx878Yu:a.example");
    assert_eq!(short, Err(DidError::ScidMalformed));
    let other_hash = Did::parse(&format!("did:webvh:{}:a.example", "1".repeat(46)));
    assert_eq!(other_hash, Err(DidError::ScidMalformed));
    assert_eq!(Did::parse(&format!("did:webvh:{SCID}")).unwrap_err().code(), "did-malformed");
}

#[test]
fn hosts_are_domain_names_and_never_addresses() {
    for place in ["localhost", "-a.example", "a-.example", "a..example", ".example", "a.example."] {
        assert_eq!(location_error(place), LocationError::Host, "{place}");
    }
    let long = format!("{}.example", "a".repeat(64));
    for place in ["a_b.example", "%61.example", long.as_str()] {
        assert_eq!(location_error(place), LocationError::Host, "{place}");
    }
    for place in ["127.0.0.1", "10.1", "1.2.3.0x7f", "a.0x", "2130706433", "a.example.1"] {
        assert_eq!(location_error(place), LocationError::IpAddress, "{place}");
    }
    assert!(webvh("xn--fsq.example").is_ok());
    assert!(webvh("1a.example").is_ok());
    assert_eq!(location_error("a").code_in_did(), "did-location-invalid");
}

#[test]
fn ports_and_paths_have_one_reading() {
    for place in ["a.example%3A", "a.example%3A80x", "a.example%3A080", "a.example%3A5"] {
        assert_eq!(location_error(place), LocationError::Port, "{place}");
    }
    for place in ["a.example%3A65536", "a.example%3A123456", "a.example%3A80%3A90"] {
        assert_eq!(location_error(place), LocationError::Port, "{place}");
    }
    for place in
        ["a.example::b", "a.example:.", "a.example:..", "a.example:%2e%2E", "a.example:a%2Fb"]
    {
        assert_eq!(location_error(place), LocationError::Path, "{place}");
    }
    for place in
        ["a.example:%00", "a.example:%5C", "a.example:%25", "a.example:%ff", "a.example:%3F"]
    {
        assert_eq!(location_error(place), LocationError::Path, "{place}");
    }
    assert!(webvh("a.example:%E7%94%A8").is_ok());
}

#[test]
fn documents_lie_where_the_transformation_says() {
    let url = |place: &str| webvh(place).unwrap().document_url().unwrap();
    assert_eq!(url("example.com"), "https://example.com/.well-known/did.jsonl");
    assert_eq!(url("example.com:dids:issuer"), "https://example.com/dids/issuer/did.jsonl");
    assert_eq!(
        url("Example.com%3A3000:dids:issuer"),
        "https://example.com:3000/dids/issuer/did.jsonl"
    );
    assert_eq!(url("example.com%3a3000"), "https://example.com:3000/.well-known/did.jsonl");
    let web = Did::parse("did:web:example.com:u").unwrap();
    assert_eq!(web.document_url().unwrap(), "https://example.com/u/did.json");
    assert_eq!(web.host().unwrap(), "example.com");
    assert_eq!(Did::parse("did:jwk:e30").unwrap().document_url(), None);
}

impl LocationError {
    fn code_in_did(self) -> &'static str {
        DidError::Location(self).code()
    }
}

proptest! {
    #[test]
    fn parsing_never_panics_and_keeps_the_text(text in "(did:(key|jwk|web|webvh):)?.{0,80}") {
        if let Ok(did) = Did::parse(&text) {
            prop_assert_eq!(did.as_str(), text.as_str());
            let _ = (did.scid(), did.document_url(), did.host());
        }
    }

    #[test]
    fn locations_never_panic(place in "[a-zA-Z0-9.%:_-]{1,40}") {
        if let Ok(did) = webvh(&place) {
            let url = did.document_url().unwrap();
            prop_assert!(url.starts_with("https://") && url.ends_with("/did.jsonl"));
        }
    }
}
