use proptest::prelude::*;

use super::*;

const DID: &str = "did:web:issuer.example";

#[test]
fn a_key_url_has_did_and_fragment() {
    let url = DidUrl::parse("did:web:issuer.example#key-1").unwrap();
    assert_eq!(url.did().as_str(), DID);
    assert_eq!((url.fragment(), url.query()), (Some("key-1"), None));
    let base = Did::parse(DID).unwrap();
    assert_eq!(DidUrl::resolve(&base, "#key-1").unwrap(), url);
    assert_eq!(DidUrl::resolve(&base, url.as_str()).unwrap(), url);
}

#[test]
fn paths_and_illegal_characters_are_refused() {
    for rest in ["/path", "#", "?", "#a#b", "#a b", "#ä", "#%2", "?a=b#", "#<x>", "?versionId=%ff"]
    {
        let text = format!("{DID}{rest}");
        assert_eq!(DidUrl::parse(&text).unwrap_err().code(), "did-malformed", "{text}");
    }
    let base = Did::parse(DID).unwrap();
    assert_eq!(DidUrl::resolve(&base, "key-1").unwrap_err().code(), "did-malformed");
}

#[test]
fn version_selectors_are_read_or_refused() {
    let selectors =
        |query: &str| DidUrl::parse(&format!("{DID}{query}")).unwrap().version_selectors();
    assert_eq!(selectors(""), Ok(vec![]));
    assert_eq!(selectors("?versionNumber=2"), Ok(vec![VersionSelector::Number(2)]));
    let time = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
    for text in ["2026-01-02T03:04:05Z", "2026-01-02T03%3A04%3A05Z"] {
        let read = selectors(&format!("?versionId=1-Qm&versionTime={text}#key"));
        let expected = vec![VersionSelector::Id("1-Qm".to_owned()), VersionSelector::Time(time)];
        assert_eq!(read, Ok(expected));
    }
    for query in [
        "?versionID=1-Qm",
        "?versionId=",
        "?versionId",
        "?versionNumber=1&versionNumber=1",
        "?versionNumber=01",
        "?versionNumber=-1",
        "?versionTime=yesterday",
        "?service=files",
    ] {
        assert_eq!(selectors(query).unwrap_err().code(), "did-query-unsupported", "{query}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "did:web:a\\.example.{0,60}") {
        if let Ok(url) = DidUrl::parse(&text) {
            prop_assert_eq!(url.as_str(), text.as_str());
            let _ = url.version_selectors();
        }
    }
}
