use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use inkan_did::location::percent_decode;

use super::{Query, choose, decimal, read_body};

fn query(text: &str) -> Result<Query, super::Refusal> {
    let uri: Uri = format!("/path?{text}").parse().expect("a URI");
    Query::read(&uri, &["at", "iss"])
}

#[test]
fn parameters_have_one_reading() {
    let read = query("at=7&iss=did%3Awebvh%3Ax%253A1&").expect("a query");
    assert_eq!(read.number("at"), Ok(Some(7)));
    assert_eq!(read.need("iss"), Ok("did:webvh:x%3A1"));
    for wrong in ["at=1&at=2", "at=1&x=2", "iss=%", "iss=%F", "iss=%ff", "At=1"] {
        assert_eq!(query(wrong).expect_err(wrong).code(), "query-invalid");
    }
    assert!(query("at=").expect("a query").need("at").is_err());
    assert!(query("").expect("a query").need_number("at").is_err());
}

#[test]
fn numbers_are_canonical() {
    assert_eq!(decimal("0"), Some(0));
    assert_eq!(decimal("9007199254740991"), Some((1 << 53) - 1));
    for wrong in ["", "00", "01", "+1", "-1", " 1", "9007199254740992", "1e3", "٣"] {
        assert_eq!(decimal(wrong), None, "{wrong}");
    }
}

#[test]
fn percent_signs_are_followed_by_two_digits() {
    assert_eq!(percent_decode("a%2Bb+c").as_deref(), Some("a+b+c"));
    assert_eq!(percent_decode("%e2%82%ac").as_deref(), Some("€"));
    assert_eq!(percent_decode("%+1"), None);
}

#[test]
fn the_client_chooses_among_what_is_there() {
    let accept = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(text).expect("a value"));
        choose(&headers, &[&["application/vnd.a+json", "application/json"], &["text/plain"]])
    };
    assert_eq!(choose(&HeaderMap::new(), &[&["text/plain"]]), Some(0));
    assert_eq!(accept("*/*"), Some(0));
    assert_eq!(accept("text/plain"), Some(1));
    assert_eq!(accept("text/*"), Some(1));
    assert_eq!(accept("text/plain;q=0.5, application/json"), Some(0));
    assert_eq!(accept("application/json;q=0.1, text/plain;q=0.2"), Some(1));
    assert_eq!(accept("image/png, text/plain;q=0"), None);
    assert_eq!(accept("image/png, */*;q=0.1"), Some(0));
}

#[tokio::test(flavor = "current_thread")]
async fn bodies_have_a_size() {
    let patience = Duration::from_secs(5);
    let read = read_body(&HeaderMap::new(), Body::from("12345"), 5, patience).await;
    assert_eq!(read.as_deref(), Ok(&b"12345"[..]));
    let read = read_body(&HeaderMap::new(), Body::from("123456"), 5, patience).await;
    assert_eq!(read.expect_err("too large").code(), "request-too-large");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("6"));
    let read = read_body(&headers, Body::from(""), 5, patience).await;
    assert_eq!(read.expect_err("announced").code(), "request-too-large");
}
