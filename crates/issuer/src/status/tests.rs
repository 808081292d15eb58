use std::collections::BTreeSet;

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::SecuredCredential;
use inkan_credential::status_list::StatusListCredential;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

const URI: &str = "https://acme.example/status/1";

fn state() -> StatusListState {
    StatusListState::new(URI, StatusPurpose::Revocation).unwrap()
}

fn publication(format: Format) -> Publication<'static> {
    Publication {
        issuer: "did:example:acme",
        format,
        valid_from: Timestamp::from_seconds(1_767_225_600).unwrap(),
        valid_until: Timestamp::from_seconds(1_769_904_000).unwrap(),
    }
}

#[test]
fn indices_are_never_handed_out_twice_and_tell_no_order() {
    let (mut state, mut rng) = (state(), SeededRng::new(1));
    let indices: Vec<u64> = (0..200).map(|_| state.allocate(&mut rng).unwrap().index).collect();
    let distinct: BTreeSet<u64> = indices.iter().copied().collect();
    assert_eq!(distinct.len(), 200);
    assert_eq!(state.count_used(), 200);
    assert!(!indices.is_sorted());
}

#[test]
fn the_last_free_index_is_found_and_then_the_list_is_full() {
    let (mut state, mut rng) = (state(), SeededRng::new(1));
    for index in (0..MINIMUM_BITS).filter(|index| *index != 77) {
        state.used.set(index).unwrap();
    }
    assert_eq!(state.allocate(&mut rng).unwrap().index, 77);
    assert_eq!(state.allocate(&mut rng).unwrap_err().code(), "status-list-full");
}

#[test]
fn a_published_list_says_who_is_revoked() {
    let (mut state, mut rng) = (state(), SeededRng::new(3));
    let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let (one, two) = (state.allocate(&mut rng).unwrap(), state.allocate(&mut rng).unwrap());
    state.change(&one, BitState::Set).unwrap();
    for (seq, format) in [(1, Format::DataIntegrity), (2, Format::Jose)] {
        let signer: (&str, &dyn Signer) = ("did:example:acme#k", &key);
        let published = state.publish(&publication(format), signer).unwrap();
        assert_eq!((published.seq, published.length), (seq, MINIMUM_BITS));
        assert_eq!(published.digest, sha256(&[published.body.as_bytes()]));
        let copy = SecuredCredential::parse(published.body.as_bytes()).unwrap();
        assert_eq!(copy.verify_issuer_proof(&key.public_key()), Ok(()));
        let list = StatusListCredential::from_credential(copy.credential()).unwrap();
        assert_eq!((list.check(&one), list.check(&two)), (Ok(true), Ok(false)));
    }
    assert_eq!(state.seq(), 2);
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let (mut state, mut rng) = (state(), SeededRng::new(4));
    let entry = state.allocate(&mut rng).unwrap();
    let code = |state: &mut StatusListState, entry: &StatusEntry, to| {
        state.change(entry, to).unwrap_err().code()
    };
    let other = StatusEntry { list_uri: "https://a.example".to_owned(), ..entry.clone() };
    assert_eq!(code(&mut state, &other, BitState::Set), "status-entry-of-another-list");
    let other = StatusEntry { purpose: StatusPurpose::Suspension, ..entry.clone() };
    assert_eq!(code(&mut state, &other, BitState::Set), "status-entry-of-another-list");
    let other = StatusEntry { index: (entry.index + 1) % MINIMUM_BITS, ..entry.clone() };
    assert_eq!(code(&mut state, &other, BitState::Set), "status-index-not-allocated");
    let other = StatusEntry { index: MINIMUM_BITS, ..entry.clone() };
    assert_eq!(code(&mut state, &other, BitState::Set), "status-index-out-of-range");
    assert_eq!(code(&mut state, &entry, BitState::Clear), "status-revocation-final");

    let mut suspension = StatusListState::new(URI, StatusPurpose::Suspension).unwrap();
    let entry = suspension.allocate(&mut rng).unwrap();
    suspension.change(&entry, BitState::Set).unwrap();
    suspension.change(&entry, BitState::Clear).unwrap();
    assert_eq!(suspension.bits().count_set(), 0);
}

#[test]
fn a_list_of_messages_says_what_its_values_are_called() {
    let mut rng = SeededRng::new(6);
    let words = ["pending", "accepted", "rejected", "undefined"];
    let reference = ["https://acme.example/words"];
    let mut state = StatusListState::of_messages(URI, &words, &reference).unwrap().with_ttl(60_000);
    let entry = state.allocate(&mut rng).unwrap();
    assert_eq!((entry.size, entry.message(2)), (2, Some("rejected")));
    assert_eq!(state.value(&entry), Ok(0));
    for value in [2, 3, 0, 1] {
        state.set_value(&entry, value).unwrap();
        assert_eq!(state.value(&entry), Ok(value));
    }
    assert_eq!(state.set_value(&entry, 4).unwrap_err().code(), "status-value-out-of-range");
    let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let published =
        state.publish(&publication(Format::Jose), ("did:example:acme#k", &key)).unwrap();
    let copy = SecuredCredential::parse(published.body.as_bytes()).unwrap();
    let list = StatusListCredential::from_credential(copy.credential()).unwrap();
    assert_eq!(list.value(&entry), Ok(1));
    assert_eq!(list.ttl_milliseconds(), Some(60_000));
    // The entry can stand in a credential, and is read there as it is.
    assert_eq!(StatusEntry::parse(&entry.to_value()), Ok(entry));
    let value = state.to_value().unwrap();
    assert_eq!(StatusListState::parse(value.to_string().as_bytes()).unwrap(), state);
    for (member, new) in [
        ("size", json!(9)),
        ("size", json!(1)),
        ("messages", json!(["a", "b"])),
        ("messages", json!([])),
        ("messages", json!([1, 2, 3, 4])),
        ("ttl", json!("1m")),
    ] {
        let mut value = value.clone();
        value[member] = new;
        let error = StatusListState::parse(value.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.code(), "status-state-malformed", "{member}");
    }
}

#[test]
fn a_number_of_messages_that_bits_cannot_have_is_refused() {
    let all = ["a"; 257];
    for count in [0, 1, 3, 5, 7, 255, 257] {
        let error = StatusListState::of_messages(URI, &all[..count], &[]).unwrap_err();
        assert_eq!(error.code(), "status-messages-malformed", "{count}");
    }
    let error = StatusListState::of_messages(URI, &["a", "b"], &["no url"]).unwrap_err();
    assert_eq!(error.code(), "status-messages-malformed");
    for hidden in ["", "a\nb", "a\u{200b}", "\u{202e}a"] {
        let error = StatusListState::of_messages(URI, &["a", hidden], &[]).unwrap_err();
        assert_eq!(error.code(), "status-messages-malformed", "{hidden:?}");
    }
    assert!(StatusListState::of_messages(URI, &all[..256], &[]).is_ok());
}

#[test]
fn decoys_are_set_and_are_nobodys() {
    let (mut state, mut rng) = (state(), SeededRng::new(7));
    let first = state.allocate(&mut rng).unwrap();
    state.add_decoys(100, &mut rng).unwrap();
    assert_eq!((state.bits().count_set(), state.count_used()), (100, 1));
    assert_eq!(state.value(&first), Ok(0));
    let indices: Vec<u64> =
        (0..MINIMUM_BITS).filter(|index| state.bits().get(*index) == Ok(true)).collect();
    // Spread over the whole list, and none of them is ever handed out or changed.
    assert!(indices[0] < MINIMUM_BITS / 10 && indices[99] > MINIMUM_BITS / 10 * 9);
    let decoy = StatusEntry { index: indices[0], ..first };
    let error = state.change(&decoy, BitState::Set).unwrap_err();
    assert_eq!(error.code(), "status-index-not-allocated");
    for _ in 0..100 {
        let entry = state.allocate(&mut rng).unwrap();
        assert!(!indices.contains(&entry.index));
        assert_eq!(state.value(&entry), Ok(0));
    }
    let value = state.to_value().unwrap();
    assert_eq!(StatusListState::parse(value.to_string().as_bytes()).unwrap(), state);
    let before = state.clone();
    assert_eq!(state.add_decoys(MINIMUM_BITS, &mut rng).unwrap_err().code(), "status-list-full");
    assert_eq!(state, before);
}

#[test]
fn a_refresh_is_for_good_as_a_revocation_is() {
    let mut state = StatusListState::new(URI, StatusPurpose::Refresh).unwrap();
    let entry = state.allocate(&mut SeededRng::new(8)).unwrap();
    state.change(&entry, BitState::Set).unwrap();
    let error = state.change(&entry, BitState::Clear).unwrap_err();
    assert_eq!(error.code(), "status-revocation-final");
}

#[test]
fn the_state_is_read_as_it_is_written() {
    let (mut state, mut rng) = (state(), SeededRng::new(5));
    let entry = state.allocate(&mut rng).unwrap();
    state.change(&entry, BitState::Set).unwrap();
    let value = state.to_value().unwrap();
    assert_eq!(StatusListState::parse(value.to_string().as_bytes()).unwrap(), state);
    for (member, new) in [
        ("type", json!("other")),
        ("purpose", json!("x")),
        ("uri", json!(1)),
        ("seq", json!(-1)),
        ("bits", json!("u")),
        ("extra", json!(1)),
    ] {
        let mut value = value.clone();
        value[member] = new;
        let error = StatusListState::parse(value.to_string().as_bytes()).unwrap_err();
        let expected =
            if member == "bits" { "status-list-malformed" } else { "status-state-malformed" };
        assert_eq!(error.code(), expected, "{member}");
    }
    assert_eq!(StatusListState::parse(b"").unwrap_err().code(), "status-state-malformed");
}
