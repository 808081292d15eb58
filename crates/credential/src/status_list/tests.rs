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
        ttl_milliseconds: None,
    };
    status_list_credential(&terms, &list).unwrap()
}

fn read(value: Value) -> Result<StatusListCredential, StatusListError> {
    StatusListCredential::from_credential(&Credential::from_value(value).unwrap())
}

fn entry(index: u64) -> StatusEntry {
    StatusEntry::new(StatusPurpose::Revocation, URI, index)
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

/// The credential of a list with room for the smallest number of entries of `size` bits.
fn wide_value(size: u8, entries: &[(u64, u8)]) -> Value {
    let mut list = BitstringStatusList::new(MINIMUM_BITS * u64::from(size)).unwrap();
    for (index, value) in entries {
        list.set_value(*index, size, *value).unwrap();
    }
    with(list_value(), "/credentialSubject/encodedList", json!(list.encode().unwrap()))
}

#[test]
fn an_entry_of_several_bits_has_a_value_and_is_set_unless_it_is_zero() {
    let list = read(wide_value(3, &[(0, 0b101), (1, 0b001), (MINIMUM_BITS - 1, 0b111)])).unwrap();
    let wide = |index| StatusEntry { size: 3, ..entry(index) };
    assert_eq!((list.value(&wide(0)), list.check(&wide(0))), (Ok(5), Ok(true)));
    assert_eq!((list.value(&wide(1)), list.value(&wide(2))), (Ok(1), Ok(0)));
    assert_eq!(list.check(&wide(2)), Ok(false));
    assert_eq!(list.value(&wide(MINIMUM_BITS - 1)), Ok(7));
    assert_eq!(list.value(&wide(MINIMUM_BITS)).unwrap_err().code(), "status-index-out-of-range");
    // The first entry is the leftmost, and its most significant bit comes first.
    assert_eq!(list.list().bytes[0], 0b1010_0100);
}

#[test]
fn the_least_number_of_entries_counts_entries_and_not_bits() {
    let list = read(list_value()).unwrap();
    for size in 2..=8 {
        let wide = StatusEntry { size, ..entry(0) };
        assert_eq!(list.value(&wide).unwrap_err().code(), "status-list-too-short", "{size}");
        let list = read(wide_value(size, &[(0, 1)])).unwrap();
        assert_eq!(list.value(&wide), Ok(1), "{size}");
    }
    let shorter = gzip(&vec![0; 16_384 * 2 - 1]);
    let value = with(list_value(), "/credentialSubject/encodedList", json!(shorter));
    let wide = StatusEntry { size: 2, ..entry(0) };
    let error = read(value).unwrap().value(&wide).unwrap_err();
    assert_eq!(error, StatusListError::TooShort { entries: MINIMUM_BITS - 4 });
}

#[test]
fn a_list_that_names_its_size_is_about_entries_of_that_size() {
    let value = with(wide_value(2, &[]), "/credentialSubject/statusSize", json!(2));
    let list = read(value).unwrap();
    assert_eq!(list.value(&StatusEntry { size: 2, ..entry(0) }), Ok(0));
    assert_eq!(list.value(&entry(0)).unwrap_err().code(), "status-size-mismatch");
}

#[test]
fn a_list_may_have_several_purposes_and_such_that_nobody_here_knows() {
    let purposes = json!(["frozen", "suspension", "revocation"]);
    let list = read(with(list_value(), "/credentialSubject/statusPurpose", purposes)).unwrap();
    assert_eq!(list.purposes(), [StatusPurpose::Suspension, StatusPurpose::Revocation]);
    assert_eq!(list.check(&entry(94_567)), Ok(true));
    let other = StatusEntry { purpose: StatusPurpose::Refresh, ..entry(94_567) };
    assert_eq!(list.check(&other).unwrap_err().code(), "status-purpose-mismatch");
    let list =
        read(with(list_value(), "/credentialSubject/statusPurpose", json!("frozen"))).unwrap();
    assert_eq!(list.check(&entry(94_567)).unwrap_err().code(), "status-purpose-mismatch");
}

#[test]
fn a_time_to_live_says_when_to_look_for_a_newer_list() {
    let got = at("2026-01-01T00:00:00Z");
    let list = read(with(list_value(), "/credentialSubject/ttl", json!(300_000))).unwrap();
    assert!(!list.refresh_is_due(got, at("2026-01-01T00:04:59Z")));
    assert!(list.refresh_is_due(got, at("2026-01-01T00:05:00Z")));
    assert!(!list.refresh_is_due(got, at("2025-12-31T00:00:00Z")));
    assert!(!read(list_value()).unwrap().refresh_is_due(got, at("2027-01-01T00:00:00Z")));
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
    }
}

#[test]
fn malformed_lists_are_refused() {
    let subject = "/credentialSubject";
    let cases = [
        ("/type", json!(["VerifiableCredential"])),
        (subject, json!([{ "a": 1 }, { "b": 2 }])),
        ("/credentialSubject/type", json!("Other")),
        ("/credentialSubject/statusPurpose", json!(1)),
        ("/credentialSubject/statusPurpose", json!(["revocation", 1])),
        ("/credentialSubject/statusPurpose", Value::Null),
        ("/credentialSubject/statusPurpose", json!([])),
        ("/credentialSubject/encodedList", Value::Null),
        ("/credentialSubject/encodedList", json!("H4sIAAAAAAAA")),
        ("/credentialSubject/encodedList", json!("uAAAA")),
        ("/credentialSubject/encodedList", json!("u***")),
        ("/credentialSubject/encodedList", json!("zH4sI")),
        ("/credentialSubject/ttl", json!("long")),
        ("/credentialSubject/ttl", json!(-1)),
        ("/credentialSubject/statusSize", json!("1")),
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
    fn entries_of_any_size_are_read_as_they_were_written(
        size in 1_u8..=8,
        entries in proptest::collection::btree_map(0..MINIMUM_BITS, any::<u8>(), 0..30),
    ) {
        let mut list = BitstringStatusList::new(MINIMUM_BITS * u64::from(size)).unwrap();
        for (index, value) in &entries {
            list.set_value(*index, size, *value).unwrap();
        }
        let copy = BitstringStatusList::decode(&list.encode().unwrap()).unwrap();
        let within = |value: u8| u16::from(value) % (1 << size);
        for (index, value) in &entries {
            prop_assert_eq!(u16::from(copy.value(*index, size).unwrap()), within(*value));
            let next = (index + 1) % MINIMUM_BITS;
            if !entries.contains_key(&next) {
                prop_assert_eq!(copy.value(next, size), Ok(0));
            }
        }
    }

    #[test]
    fn a_list_cut_short_is_no_list(keep in 0_usize..60) {
        let mut list = BitstringStatusList::new(MINIMUM_BITS).unwrap();
        list.set(7).unwrap();
        let text = list.encode().unwrap();
        prop_assume!(keep < text.len());
        let cut: String = text.chars().take(keep).collect();
        prop_assert!(BitstringStatusList::decode(&cut).is_err());
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = BitstringStatusList::decode(&format!("u{}", encoding::b64u(&bytes)));
        let _ = BitstringStatusList::decode(&String::from_utf8_lossy(&bytes));
    }
}
