//! RFC 3161 against `rfc3161-client` in Python, with an authority made of the `openssl` command between the two; and against an authority that is
//! another implementation altogether, that of `certomancer`.

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
use serde_json::{Value, json};

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

/// Its certificates are good for 2026: this is later.
const TOO_LATE: i64 = 1_830_297_600;

#[test]
fn tokens_of_an_authority_in_python_verify_here_and_changed_ones_do_not() {
    let Some(peer) = peer::installed("certomancer") else { return };
    let question = TimestampRequest::new(TEXT, &mut OsRng);
    let asked = b64(&question.to_der().expect("a request"));
    // What it says of the time is its own: that of the machine only where its certificate is good then.
    let clock = 1_789_000_000.25;
    let request = |key: &str, usage: &str, clock: Value| json!({ "do": "answer", "request": asked, "key": key, "usage": usage, "clock": clock });
    let answers = peer.ask_all(&[
        request("p256", "timestamps", json!(clock)),
        request("p384", "timestamps", json!(clock)),
        request("rsa", "timestamps", json!(clock)),
        request("p256", "code", json!(clock)),
        request("p256", "both", json!(clock)),
        request("p256", "timestamps", json!(TOO_LATE)),
    ]);
    let parts = |place: usize| {
        let text = |name: &str| decode_b64(answers[place][name].as_str().expect("text"));
        let (answer, root) = (text("answer").expect("base64"), text("root").expect("base64"));
        let mut anchors = Anchors::default();
        anchors.add_file(&root).expect("a certificate");
        (answer, sha256(&[&root]), anchors)
    };
    for place in 0..3 {
        let (answer, anchor, anchors) = parts(place);
        let (token, stamp) = question.accept(&answer, &anchor, &anchors).expect("a token");
        // It says fractions of seconds, which are widened to whole ones.
        assert_eq!(stamp.earliest.seconds(), 1_789_000_000);
        assert_eq!(stamp.latest.seconds(), 1_789_000_001);
        let imprint = sha256(&[TEXT]);
        assert_eq!(verify_token(&token, &imprint, &anchor, &anchors), Ok(stamp));
        let wrong = verify_token(&token, &sha256(&[b"something else"]), &anchor, &anchors);
        assert_eq!(wrong, Err(TimestampError::Imprint));
        let other = TimestampRequest::new(TEXT, &mut OsRng);
        let other = other.accept(&answer, &anchor, &anchors).map(drop);
        assert_eq!(other, Err(TimestampError::Nonce));
        let (_, stranger, strangers) = parts((place + 1) % 3);
        let under = verify_token(&token, &imprint, &stranger, &strangers);
        assert_eq!(under, Err(TimestampError::Path));
        assert_eq!(
            verify_token(&token, &imprint, &anchor, &Anchors::default()),
            Err(TimestampError::AnchorUnknown)
        );
        // A flipped bit makes it no token, or (where nothing is signed) leaves what it says.
        let mut refused = 0;
        let places: Vec<usize> = (0..token.len()).step_by(3).collect();
        for place in &places {
            let mut changed = token.clone();
            changed[*place] ^= 1;
            match verify_token(&changed, &imprint, &anchor, &anchors) {
                Ok(found) => assert_eq!(found, stamp, "byte {place}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused * 10 > places.len() * 9, "{refused} of {}", places.len());
    }
    for (place, expected) in
        [(3, TimestampError::Usage), (4, TimestampError::Usage), (5, TimestampError::Path)]
    {
        let (answer, anchor, anchors) = parts(place);
        let said = question.accept(&answer, &anchor, &anchors).map(drop);
        assert_eq!(said, Err(expected), "{place}");
    }
}
