//! RFC 3161 against `rfc3161-client` in Python, with an authority made of the `openssl` command between the two.

use inkan_core::encoding::{b64, decode_b64};
use inkan_core::sha256;
use inkan_evidence::tsa::{
    ANSWER_LIMIT, ANSWER_MEDIA_TYPE, Anchors, REQUEST_MEDIA_TYPE, TimestampError, TimestampRequest,
    token_of, verify_token,
};
use inkan_io::http::{PlainHttp, Request, Session, Verb};
use inkan_io::os_rng::OsRng;
use inkan_io::timestamping::ask;
use inkan_tests::peer;
use inkan_tests::tsa::Authority;
use serde_json::json;

const TEXT: &[u8] = b"inkan-timestamp/1\ncredential:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\n";

#[test]
fn tokens_of_one_authority_verify_on_both_sides() {
    let (Some(peer), Some(authority)) = (peer::installed("rfc3161-client"), Authority::start())
    else {
        return;
    };
    let root = std::fs::read(authority.anchor().with_extension("der")).expect("the certificate");
    let mut anchors = Anchors::default();
    anchors.add_file(&root).expect("a certificate");
    let anchor = sha256(&[&root]);

    // We ask, they verify.
    let question = TimestampRequest::new(TEXT, &mut OsRng);
    let answer = ask(authority.url(), &question).expect("an answer");
    let (token, _) = question.accept(&answer, &anchor, &anchors).expect("a token");
    let theirs = |token: &[u8], message: &[u8], root: &[u8]| {
        let request = json!({
            "do": "verify", "token": b64(token), "message": b64(message), "root": b64(root),
        });
        peer.ask_all(&[request])[0]["accepted"].as_bool().expect("an answer")
    };
    assert!(theirs(&token, TEXT, &root));
    assert!(!theirs(&token, b"something else", &root));
    let other = std::fs::read(inkan_tests::fixtures().join("tsa/other.der")).expect("a file");
    assert!(!theirs(&token, TEXT, &other));
    let mut changed = token.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    assert!(!theirs(&changed, TEXT, &root));

    // They ask, we verify.
    let request = json!({ "do": "request", "message": b64(TEXT) });
    let asked = peer.ask_all(&[request])[0]["request"].as_str().map(str::to_owned);
    let asked = decode_b64(&asked.expect("a request")).expect("base64");
    let session = Session::open(PlainHttp::Loopback).expect("a client");
    let answer = session.exchange(&Request {
        url: authority.url(),
        verb: Verb::Post(REQUEST_MEDIA_TYPE, &asked),
        accept: ANSWER_MEDIA_TYPE,
        bearer: None,
        size: ANSWER_LIMIT,
        seconds: 10,
    });
    let token = token_of(&answer.expect("an answer").body).expect("a token");
    assert!(verify_token(&token, &sha256(&[TEXT]), &anchor, &anchors).is_ok());
    let wrong = verify_token(&token, &sha256(&[b"something else"]), &anchor, &anchors);
    assert_eq!(wrong, Err(TimestampError::Imprint));
}
