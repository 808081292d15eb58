use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::bundle::served_bytes;
use inkan_credential::token_status_list::StatusReference;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

const URI: &str = "https://acme.example/status/3";
const METHOD: &str = "did:example:acme#k";

fn state(encoding: StatusEncoding, bits: StatusBits) -> StatusListState {
    StatusListState::of_tokens(URI, encoding, bits).unwrap()
}

fn publication() -> Publication<'static> {
    Publication {
        issuer: "did:example:acme",
        format: Format::DataIntegrity,
        valid_from: Timestamp::from_seconds(1_767_225_600).unwrap(),
        valid_until: Timestamp::from_seconds(1_769_904_000).unwrap(),
    }
}

fn about(entry: &StatusEntry, purpose: StatusPurpose) -> StatusEntry {
    StatusEntry::new(purpose, &entry.list_uri, entry.index)
}

#[test]
fn a_published_token_says_who_is_revoked_and_who_suspended() {
    let mut rng = SeededRng::new(11);
    let key = SecretKey::generate(KeyType::P256, &mut rng);
    for encoding in [StatusEncoding::TokenJwt, StatusEncoding::TokenCwt] {
        for bits in [StatusBits::Two, StatusBits::Four, StatusBits::Eight] {
            let mut state = state(encoding, bits).with_ttl(90_500);
            let entries: Vec<StatusEntry> =
                (0..3).map(|_| state.allocate(&mut rng).unwrap()).collect();
            let suspension = about(&entries[1], StatusPurpose::Suspension);
            state.change(&entries[0], BitState::Set).unwrap();
            state.change(&suspension, BitState::Set).unwrap();
            assert_eq!((state.says(&entries[0]), state.says(&suspension)), (Ok(true), Ok(true)));
            assert_eq!(state.says(&entries[1]), Ok(false));
            let published = state.publish(&publication(), (METHOD, &key)).unwrap();
            let bytes = served_bytes(&published.body);
            assert_eq!(published.digest, inkan_core::sha256(&[&bytes]));
            let token = if encoding == StatusEncoding::TokenJwt {
                StatusListToken::parse_jwt(&published.body)
            } else {
                StatusListToken::parse_cwt(&bytes)
            };
            let token = token.unwrap();
            assert_eq!(token.verify(&key.public_key()), Ok(()));
            assert_eq!((token.kid(), token.ttl()), (Some(METHOD), Some(90)));
            assert_eq!(token.expires(), Some(publication().valid_until));
            assert_eq!(published.length, token.list().len());
            let expected = [TokenStatus::Invalid, TokenStatus::Suspended, TokenStatus::Valid];
            for (entry, expected) in entries.iter().zip(expected) {
                let entry = StatusReference { index: entry.index, uri: entry.list_uri.clone() };
                assert_eq!(token.status_of(&entry), Ok(expected), "{encoding:?} {bits:?}");
            }
            let value = state.to_value().unwrap();
            assert_eq!(StatusListState::parse(value.to_string().as_bytes()).unwrap(), state);
        }
    }
}

#[test]
fn who_is_revoked_is_neither_suspended_nor_reinstated() {
    let mut rng = SeededRng::new(12);
    let mut state = state(StatusEncoding::TokenJwt, StatusBits::Two);
    let entry = state.allocate(&mut rng).unwrap();
    let suspension = about(&entry, StatusPurpose::Suspension);
    for (to, said) in [(BitState::Set, true), (BitState::Clear, false), (BitState::Set, true)] {
        state.change(&suspension, to).unwrap();
        assert_eq!(state.says(&suspension), Ok(said));
    }
    state.change(&entry, BitState::Set).unwrap();
    assert_eq!((state.says(&entry), state.says(&suspension)), (Ok(true), Ok(false)));
    for (entry, to) in
        [(&suspension, BitState::Set), (&suspension, BitState::Clear), (&entry, BitState::Clear)]
    {
        assert_eq!(state.change(entry, to).unwrap_err().code(), "status-revocation-final");
    }
}

#[test]
fn what_the_bits_or_the_list_cannot_say_is_refused() {
    let mut rng = SeededRng::new(13);
    let mut state = state(StatusEncoding::TokenJwt, StatusBits::One);
    let entry = state.allocate(&mut rng).unwrap();
    let code = |state: &mut StatusListState, entry: &StatusEntry| {
        state.change(entry, BitState::Set).unwrap_err().code()
    };
    let suspension = about(&entry, StatusPurpose::Suspension);
    assert_eq!(code(&mut state, &suspension), "status-value-out-of-range");
    let refresh = about(&entry, StatusPurpose::Refresh);
    assert_eq!(code(&mut state, &refresh), "status-entry-of-another-list");
    let other = StatusEntry::new(StatusPurpose::Revocation, "https://a.example", entry.index);
    assert_eq!(code(&mut state, &other), "status-entry-of-another-list");
    let other = StatusEntry { index: entry.index ^ 1, ..entry };
    assert_eq!(code(&mut state, &other), "status-index-not-allocated");
    let none = StatusListState::of_tokens(URI, StatusEncoding::Bitstring, StatusBits::One);
    assert_eq!(none.unwrap_err().code(), "status-entry-of-another-list");
    let value = state.to_value().unwrap();
    for (member, new) in [
        ("encoding", json!("bitstring")),
        ("encoding", json!("other")),
        ("purpose", json!("suspension")),
        ("messages", json!(["a", "b"])),
    ] {
        let mut value = value.clone();
        value[member] = new;
        let error = StatusListState::parse(value.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.code(), "status-state-malformed", "{member}");
    }
}

#[test]
fn decoys_look_like_what_is_revoked_or_suspended() {
    let mut rng = SeededRng::new(14);
    let mut state = state(StatusEncoding::TokenJwt, StatusBits::Eight);
    state.add_decoys(200, &mut rng).unwrap();
    let list = state.token_list().unwrap();
    let mut seen = [0_u32; 256];
    for index in 0..list.len() {
        seen[usize::from(list.get(index).unwrap().value())] += 1;
    }
    assert_eq!(seen[1] + seen[2], 200);
    assert!(seen[2] > 0 && seen[3..].iter().all(|count| *count == 0));
}
