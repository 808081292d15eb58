use axum::http::{HeaderMap, HeaderValue, header};
use inkan_core::encoding::b64u;

use super::{host_of, is_token};

#[test]
fn the_host_is_the_one_asked_unless_a_proxy_says_so() {
    let mut headers = HeaderMap::new();
    assert_eq!(host_of(&headers, true), None);
    headers.insert(header::HOST, HeaderValue::from_static("A.example:443"));
    headers.insert("x-forwarded-host", HeaderValue::from_static("b.example:8443"));
    assert_eq!(host_of(&headers, false).as_deref(), Some("a.example"));
    assert_eq!(host_of(&headers, true).as_deref(), Some("b.example:8443"));
}

#[test]
fn forms_of_status_lists_are_told_apart() {
    let told = |typ: &str| {
        let head = format!(r#"{{"typ":"{typ}"}}"#);
        is_token(format!("{}.e30.AA", b64u(head.as_bytes())).as_bytes())
    };
    assert!(told("statuslist+jwt") && told("application/statuslist+jwt"));
    assert!(!told("vc+jwt") && !is_token(b"e"));
}
