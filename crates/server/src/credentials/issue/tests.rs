use super::*;

fn digest(options: &str) -> String {
    digest_of(Suite::VcJwt, options, None)
}

fn digest_of(suite: Suite, options: &str, caller: Option<Caller>) -> String {
    let body = format!(r#"{{"credential":{{"issuer":"did:example:a"}},"options":{options}}}"#);
    let mut request = Request::parse(body.as_bytes(), 1_000).unwrap();
    let credential = request.take("credential").unwrap();
    asked(suite, &credential, (&request.options, caller)).unwrap().to_hex()
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
    // Nor is it the same by another suite, or by another caller.
    let caller = |name: &str| Some(Caller::of(name));
    let others =
        [(Suite::VcCose, None), (Suite::VcJwt, caller("one")), (Suite::VcJwt, caller("two"))];
    let others = others.map(|(suite, caller)| digest_of(suite, "{}", caller));
    let all: std::collections::BTreeSet<&str> =
        others.iter().map(String::as_str).chain([PLAIN]).collect();
    assert_eq!(all.len(), 4, "{others:?}");
}
