use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::*;

/// Answers one connection after another with the given bytes, and tells what was asked.
fn server(answers: Vec<String>) -> (NodeUrl, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, asked) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 8_192];
            let length = stream.read(&mut request).unwrap_or(0);
            let _ = tell.send(String::from_utf8_lossy(&request[..length]).into_owned());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (NodeUrl::parse(&format!("http://{address}"), PlainHttp::Loopback).unwrap(), asked)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

#[test]
fn a_url_is_https_or_this_machine_unless_somebody_insists() {
    for (text, code) in [
        ("http://ledger.example", "ledger-url-insecure"),
        ("http://192.0.2.1:7000", "ledger-url-insecure"),
        ("ftp://ledger.example", "ledger-url-invalid"),
        ("https://a:b@ledger.example", "ledger-url-invalid"),
        ("https://ledger.example/?x=1", "ledger-url-invalid"),
        ("https://ledger.example/#x", "ledger-url-invalid"),
        ("://", "ledger-url-invalid"),
    ] {
        assert_eq!(NodeUrl::parse(text, PlainHttp::Loopback).unwrap_err().code(), code, "{text}");
    }
    for text in ["https://ledger.example/log/", "http://127.0.0.1:7000", "http://[::1]:1/"] {
        let url = NodeUrl::parse(text, PlainHttp::Loopback).unwrap();
        assert!(!url.is_exposed() && !url.as_str().ends_with('/'), "{text}");
    }
    assert!(NodeUrl::parse("http://ledger.example", PlainHttp::Anywhere).unwrap().is_exposed());
}

#[test]
fn problems_become_our_codes_with_what_the_remedy_needs() {
    let problem = |status: &str, body: &str| {
        let (url, _) =
            server(vec![answer(status, "content-type: application/problem+json\r\n", body)]);
        NodeClient::new(&url).unwrap().post("/v1/entries", "text/jsonl", b"x").unwrap_err()
    };
    let conflict = problem(
        "409 Conflict",
        r#"{"type":"/problems/sequence-conflict","code":"sequence-conflict","detail":"d","expectedSeq":4}"#,
    );
    assert_eq!(conflict.code(), "sequence-conflict");
    assert!(conflict.is_rule());
    assert!(conflict.to_string().contains("the next seq is 4"), "{conflict}");
    let head = problem(
        "409 Conflict",
        r#"{"type":"/problems/version-conflict","detail":"d","headVersionId":"2-Qm"}"#,
    );
    assert_eq!(head.code(), "version-conflict");
    assert!(head.to_string().contains("2-Qm"));
    // A code that is none of ours says so, and cannot put words into our mouth.
    let foreign =
        problem("403 Forbidden", r#"{"code":"credential-revoked","detail":"\u001b[31m"}"#);
    assert_eq!(foreign.code(), "peer-refused");
    assert!(!foreign.to_string().contains('\u{1b}'));
    // No problem at all: the status alone.
    assert_eq!(problem("500 Oops", "<html>").code(), "peer-refused");
}

#[test]
fn redirects_are_not_followed() {
    let (url, _) =
        server(vec![answer("302 Found", "location: https://elsewhere.example/\r\n", "")]);
    let error = NodeClient::new(&url).unwrap().text("/checkpoint").unwrap_err();
    assert_eq!(error.code(), "node-moved");
}

#[test]
fn what_is_not_there_is_none_and_what_is_too_large_is_refused() {
    let missing = r#"{"code":"not-found","detail":"nothing"}"#;
    let (url, _) = server(vec![answer("404 Not Found", "", missing)]);
    assert_eq!(NodeClient::new(&url).unwrap().text("/x").unwrap(), None);
    let (url, _) = server(vec![answer("200 OK", "", &"x".repeat(TEXT_LIMIT + 1))]);
    let error = NodeClient::new(&url).unwrap().text("/x").unwrap_err();
    assert_eq!(error.code(), "answer-too-large");
    let (url, _) = server(vec![answer("200 OK", "", r#"{"a":1,"a":2}"#)]);
    let error = NodeClient::new(&url).unwrap().json("/x", "application/json").unwrap_err();
    assert_eq!(error.code(), "node-answer-invalid");
}

#[test]
fn a_busy_node_is_asked_again_and_a_conflict_is_not() {
    let busy = answer("503 Busy", "retry-after: 1\r\n", r#"{"code":"storage-full","detail":"d"}"#);
    let (url, asked) = server(vec![busy, answer("202 Accepted", "", r#"{"index":3}"#)]);
    let post = |url| NodeClient::new(url).unwrap().post("/v1/entries", "text/jsonl", b"x");
    let (value, sent) = post(&url).unwrap();
    assert_eq!((&value["index"], sent), (&3.into(), Sent::Again));
    assert_eq!(asked.iter().count(), 2);
    let (url, _) = server(vec![answer("202 Accepted", "", r#"{"index":3}"#)]);
    assert_eq!(post(&url).unwrap().1, Sent::Once);
    let many =
        answer("429 Too Many", "retry-after: 1\r\n", r#"{"code":"rate-limited","detail":"d"}"#);
    let (url, _) = server(vec![many, answer("202 Accepted", "", r#"{"index":3}"#)]);
    assert_eq!(post(&url).unwrap().1, Sent::Once);
    let conflict = answer("409 Conflict", "", r#"{"code":"version-conflict","detail":"d"}"#);
    let (url, asked) = server(vec![conflict.clone(), conflict]);
    let error = NodeClient::new(&url).unwrap().post("/v1/entries", "text/jsonl", b"x").unwrap_err();
    assert_eq!(error.code(), "version-conflict");
    assert!(asked.try_iter().count() <= 1);
}

#[test]
fn a_closed_port_is_unreachable() {
    let (_taken, closed) = crate::cosigner::fake::nobody_listens();
    let url = NodeUrl::parse(&closed, PlainHttp::Loopback).unwrap();
    let error = NodeClient::new(&url).unwrap().text("/checkpoint").unwrap_err();
    assert_eq!(error.code(), "peer-unreachable");
    assert!(!error.is_rule());
}

#[test]
fn what_goes_into_a_query_is_percent_encoded() {
    assert_eq!(query_value("did:webvh:Qm:a/b?c&d e"), "did%3Awebvh%3AQm%3Aa%2Fb%3Fc%26d%20e");
    assert_eq!(query_value("ab-._~09"), "ab-._~09");
}

#[test]
fn a_host_with_one_page_for_every_path_is_called_that() {
    let said = |body: &str| {
        let (url, _) = server(vec![answer("200 OK", "content-type: text/html\r\n", body)]);
        NodeClient::new(&url).unwrap().json("/v1/log", "application/json").unwrap_err()
    };
    let page = said("\n<!doctype html><title>Our shop</title>");
    assert!(page.to_string().contains("a web page"), "{page}");
    let other = said("{");
    assert!(!other.to_string().contains("a web page"), "{other}");
    assert_eq!(page.code(), other.code());
}
