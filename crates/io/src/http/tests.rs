use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Answers one connection after another with the given bytes.
fn server(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2_048];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/")
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

const LIMITS: HttpLimits = HttpLimits {
    size: 100,
    redirects: 2,
    plain: PlainHttp::Loopback,
    seconds: 60,
    reach: Reach::Anywhere,
};

#[test]
fn a_body_comes_with_its_media_type() {
    let url = server(vec![answer("200 OK", "content-type: Text/JSONL; charset=utf-8\r\n", "{}")]);
    let fetched = get(&url, &LIMITS).unwrap();
    assert_eq!(fetched.body, b"{}");
    assert_eq!(fetched.media_type.as_deref(), Some("text/jsonl"));
}

#[test]
fn only_https_and_loopback_are_asked() {
    for url in
        ["http://example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "x", "https://a:b@c/"]
    {
        assert_eq!(get(url, &LIMITS).unwrap_err().code(), "url-refused", "{url}");
    }
    for url in ["https://example.com/", "http://localhost:1/", "http://[::1]/", "http://127.0.0.1/"]
    {
        assert!(PlainHttp::Loopback.permits(&Url::parse(url).unwrap()), "{url}");
    }
}

#[test]
fn a_foreign_url_never_leads_to_this_machine_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/admin/shutdown?now=1", listener.local_addr().unwrap());
    assert_eq!(get(&url, &HttpLimits::of_size(100)).unwrap_err().code(), "url-refused");
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn an_answer_over_the_limit_is_refused_announced_or_not() {
    let long = "x".repeat(101);
    let announced = server(vec![answer("200 OK", "", &long)]);
    assert_eq!(get(&announced, &LIMITS).unwrap_err().code(), "answer-too-large");
    let silent = server(vec![format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}")]);
    assert_eq!(get(&silent, &LIMITS).unwrap_err().code(), "answer-too-large");
}

#[test]
fn redirects_are_counted_and_never_leave_https_or_loopback() {
    let target = server(vec![answer("200 OK", "", "there")]);
    let hop = server(vec![answer("302 Found", &format!("location: {target}\r\n"), "")]);
    assert_eq!(get(&hop, &LIMITS).unwrap().body, b"there");
    let away = server(vec![answer("302 Found", "location: http://example.com/\r\n", "")]);
    assert_eq!(get(&away, &LIMITS).unwrap_err().code(), "peer-refused");
    let around: Vec<String> = vec![answer("302 Found", "location: /\r\n", ""); 9];
    assert_eq!(get(&server(around), &LIMITS).unwrap_err().code(), "peer-refused");
}

#[test]
fn an_error_answer_and_a_closed_port_are_told_apart() {
    let missing = server(vec![answer("404 Not Found", "", "")]);
    assert_eq!(get(&missing, &LIMITS).unwrap_err().code(), "peer-refused");
    let (_taken, closed) = crate::cosigner::fake::nobody_listens();
    assert_eq!(get(&closed, &LIMITS).unwrap_err().code(), "peer-unreachable");
}

#[test]
fn what_is_not_public_is_not_asked_where_others_choose() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let limits = HttpLimits { seconds: 5, ..HttpLimits::public_of_size(100) };
    let literal = get(&format!("https://127.0.0.1:{port}/"), &limits).unwrap_err();
    assert_eq!(literal.code(), "url-refused");
    // By a name it comes out when the name is resolved.
    let named = get(&format!("https://localhost:{port}/"), &limits).unwrap_err();
    assert_eq!(named.code(), "peer-unreachable");
    assert!(listener.accept().is_err(), "nobody came");
}

/// Answers any number of requests on each connection, and closes one that was idle for so long; counts connections.
fn keeper(idle: Duration) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            stream.set_read_timeout(Some(idle)).unwrap();
            thread::spawn(move || {
                let mut request = [0; 2_048];
                while stream.read(&mut request).is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                }
            });
        }
    });
    (format!("http://{address}/"), count)
}

fn asked<'a>(url: &'a str, verb: Verb<'a>) -> Request<'a> {
    Request { url, verb, accept: "*/*", bearer: None, size: 100, seconds: 20 }
}

#[test]
fn what_changes_nothing_twice_is_sent_again_when_an_idle_connection_was_closed() {
    let (url, count) = keeper(Duration::from_millis(50));
    let session = Session::open(PlainHttp::Loopback).unwrap();
    for verb in [Verb::Get, Verb::PostAgain("text/plain", b""), Verb::Put("text/plain", b"")] {
        for _ in 0..2 {
            assert_eq!(session.exchange(&asked(&url, verb)).unwrap().body, b"ok", "{verb:?}");
            thread::sleep(Duration::from_millis(150));
        }
    }
    assert_eq!(count.load(Ordering::SeqCst), 6);
    assert!(!Verb::Post("text/plain", b"").is_idempotent());
}

#[test]
fn a_connection_that_was_idle_for_longer_than_servers_wait_is_not_used() {
    let (url, count) = keeper(Duration::from_secs(60));
    let session = Session::open(PlainHttp::Loopback).unwrap();
    for (pause, connections) in [(0, 1), (0, 1), (IDLE_SECONDS * 1_000 + 300, 2)] {
        thread::sleep(Duration::from_millis(pause));
        assert_eq!(session.exchange(&asked(&url, Verb::Get)).unwrap().body, b"ok");
        assert_eq!(count.load(Ordering::SeqCst), connections);
    }
}
