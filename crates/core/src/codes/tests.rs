use super::{CodeBook, first_exit};

fn catalogue(codes: &str) -> String {
    format!("{{\"type\":\"inkan-codes/1\",\"codes\":[{codes}]}}")
}

fn entry(code: &str, number: &str) -> String {
    format!(
        "{{\"code\":\"{code}\",\"number\":\"{number}\",\"exit\":12,\"title\":\"t\",\"remedy\":\"r\",\"retry\":false}}"
    )
}

#[test]
fn an_entry_is_found_by_code_and_by_number() {
    let book = CodeBook::parse(&catalogue(&entry("credential-revoked", "INK-3104"))).unwrap();
    assert_eq!(book.get("credential-revoked").unwrap().exit, 12);
    assert_eq!(book.by_number("INK-3104").unwrap().code, "credential-revoked");
    assert!(book.get("credential-lost").is_none());
}

#[test]
fn a_code_or_number_that_occurs_twice_is_refused() {
    for second in [entry("a", "INK-2"), entry("b", "INK-1")] {
        let text = catalogue(&format!("{},{second}", entry("a", "INK-1")));
        assert_eq!(CodeBook::parse(&text).unwrap_err().code(), "codes-malformed");
    }
}

#[test]
fn the_catalogue_of_this_repository_gives_each_code_and_number_one_meaning() {
    let text = include_str!("../../../../schemas/codes.json");
    let numbers = |book: &CodeBook| {
        book.entries().map(|entry| entry.number.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let book = CodeBook::parse(text).unwrap();
    assert_eq!(numbers(&book).len(), book.entries().count());
    assert!(book.entries().all(|entry| !entry.title.is_empty()));
}

#[test]
fn the_graver_finding_gives_the_exit_code() {
    assert_eq!(first_exit([15, 16]), Some(16));
    assert_eq!(first_exit([19, 11, 12]), Some(11));
    assert_eq!(first_exit([0, 3]), None);
}
