use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{at, with};

const URI: &str = "https://acme.example/status/1";

fn list_value() -> Value {
    let mut list = BitstringStatusList::new(MINIMUM_BITS).unwrap();
    list.set(94_567).unwrap();
    let terms = StatusListTerms {
        uri: URI,
        issuer: "did:example:acme",
        purpose: StatusPurpose::Revocation,
        valid_from: at("2026-01-01T00:00:00Z"),
        valid_until: at("2026-02-01T00:00:00Z"),
    };
    status_list_credential(&terms, &list).unwrap()
}

fn read(value: Value) -> Result<StatusListCredential, StatusListError> {
    StatusListCredential::from_credential(&Credential::from_value(value).unwrap())
}

fn entry(index: u64) -> StatusEntry {
    StatusEntry { purpose: StatusPurpose::Revocation, list_uri: URI.to_owned(), index, size: 1 }
}

fn gzip(bytes: &[u8]) -> String {
    let mut compressor = GzEncoder::new(Vec::new(), Compression::best());
    compressor.write_all(bytes).unwrap();
    format!("u{}", encoding::b64u(&compressor.finish().unwrap()))
}

#[test]
fn a_list_tells_who_is_revoked() {
    let list = read(list_value()).unwrap();
    assert_eq!(list.purposes(), [StatusPurpose::Revocation]);
    assert_eq!(list.check(&entry(94_567)), Ok(true));
    assert_eq!(list.check(&entry(94_566)), Ok(false));
    assert_eq!(list.list().count_set(), 1);
    assert_eq!(list.ttl_milliseconds(), None);
}

#[test]
fn bit_zero_is_the_leftmost() {
    let mut list = BitstringStatusList::new(MINIMUM_BITS).unwrap();
    list.set(0).unwrap();
    list.set(9).unwrap();
    assert_eq!(list.bytes[..2], [0x80, 0x40]);
    list.clear(0).unwrap();
    assert_eq!(list.bytes[..2], [0x00, 0x40]);
    assert_eq!((list.get(9), list.get(10)), (Ok(true), Ok(false)));
}

#[test]
fn an_entry_of_several_bits_is_set_if_one_is() {
    let list = read(list_value()).unwrap();
    // Bits 94564 to 94567 are entry 23641 of a list with four bits per entry.
    assert_eq!(list.check(&StatusEntry { size: 4, ..entry(23_641) }), Ok(true));
    assert_eq!(list.check(&StatusEntry { size: 4, ..entry(23_640) }), Ok(false));
}

#[test]
fn questions_to_the_wrong_list_have_no_answer() {
    let list = read(list_value()).unwrap();
    let other = StatusEntry { list_uri: "https://acme.example/status/2".to_owned(), ..entry(1) };
    assert_eq!(list.check(&other).unwrap_err().code(), "status-list-of-another-uri");
    let other = StatusEntry { purpose: StatusPurpose::Suspension, ..entry(1) };
    assert_eq!(list.check(&other).unwrap_err().code(), "status-purpose-mismatch");
    for index in [MINIMUM_BITS, u64::MAX] {
        assert_eq!(list.check(&entry(index)).unwrap_err().code(), "status-index-out-of-range");
        let wide = StatusEntry { size: 8, ..entry(index) };
        assert_eq!(list.check(&wide).unwrap_err().code(), "status-index-out-of-range");
    }
}

#[test]
fn malformed_lists_are_refused() {
    let subject = "/credentialSubject";
    let cases = [
        ("/type", json!(["VerifiableCredential"])),
        (subject, json!([{ "a": 1 }, { "b": 2 }])),
        ("/credentialSubject/type", json!("Other")),
        ("/credentialSubject/statusPurpose", json!("unheard-of")),
        ("/credentialSubject/statusPurpose", json!([])),
        ("/credentialSubject/encodedList", Value::Null),
        ("/credentialSubject/encodedList", json!("H4sIAAAAAAAA")),
        ("/credentialSubject/encodedList", json!("uAAAA")),
        ("/credentialSubject/encodedList", json!("u***")),
        ("/credentialSubject/ttl", json!("long")),
    ];
    for (pointer, new) in cases {
        let error = read(with(list_value(), pointer, new.clone())).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed", "{pointer} {new}");
    }
}

#[test]
fn short_lists_and_bombs_are_refused() {
    let short = gzip(&[0; 16_383]);
    assert_eq!(BitstringStatusList::decode(&short).unwrap_err().code(), "status-list-too-short");
    assert_eq!(BitstringStatusList::new(1000).unwrap_err().code(), "status-list-too-short");
    let bomb = gzip(&vec![0; limits::STATUS_LIST_INFLATED + 1]);
    assert!(bomb.len() < 100_000);
    assert_eq!(BitstringStatusList::decode(&bomb).unwrap_err().code(), "status-list-too-large");
    assert_eq!(BitstringStatusList::new(u64::MAX).unwrap_err().code(), "status-list-too-large");
    let long = format!("u{}", "A".repeat(limits::STATUS_LIST));
    assert_eq!(BitstringStatusList::decode(&long).unwrap_err().code(), "status-list-too-large");
}

#[test]
fn the_same_bits_give_the_same_text() {
    assert_eq!(list_value(), list_value());
    assert!(
        list_value()["credentialSubject"]["encodedList"].as_str().unwrap().starts_with("uH4sI")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn decoding_undoes_encoding(indices in proptest::collection::vec(0..MINIMUM_BITS, 0..50)) {
        let mut list = BitstringStatusList::new(MINIMUM_BITS).unwrap();
        for index in &indices {
            list.set(*index).unwrap();
        }
        let copy = BitstringStatusList::decode(&list.encode().unwrap()).unwrap();
        prop_assert_eq!(&copy, &list);
        for index in indices {
            prop_assert_eq!(copy.get(index), Ok(true));
        }
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = BitstringStatusList::decode(&format!("u{}", encoding::b64u(&bytes)));
        let _ = BitstringStatusList::decode(&String::from_utf8_lossy(&bytes));
    }
}
