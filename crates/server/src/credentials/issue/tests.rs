use serde_json::json;

use super::*;

fn digest(options: &str) -> String {
    let body = format!(r#"{{"credential":{{"issuer":"did:example:a"}},"options":{options}}}"#);
    let mut request = Request::parse(body.as_bytes(), 1_000).unwrap();
    let credential = request.take("credential").unwrap();
    asked(Suite::VcJwt, &credential, (&request.options, None)).unwrap().to_hex()
}

/// The digests stand on the disk of servers: what was asked before an upgrade is found after it.
#[test]
fn what_makes_two_requests_the_same_stays_the_same() {
    const PLAIN: &str = "bc924cc829f73b8f1c53d9fb4babbf449fd5d16307faec61561fa7f51d1fea3a";
    const NAMED: &str = "bd1a57eb95a15298cb3bb0bbb1dc9733204df1419ce2062dfa65a449edfbe595";
    for options in ["{}", "null", r#"{"decoys":null}"#, r#"{"disclosable":[]}"#] {
        assert_eq!(digest(options), PLAIN, "{options}");
    }
    assert_eq!(digest(r#"{"decoys":3,"credentialId":"urn:x"}"#), NAMED);
    assert_eq!(digest(r#"{ "credentialId": "urn:x", "decoys": 3 }"#), NAMED);
    assert_ne!(digest(r#"{"credentialId":"urn:y","decoys":3}"#), NAMED);
    let other =
        asked(Suite::VcCose, &json!({ "issuer": "did:example:a" }), (&Options::default(), None));
    assert_ne!(other.unwrap().to_hex(), PLAIN);
}
