use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::status_list::MINIMUM_BITS;
use inkan_credential::token_status_list::StatusBits;
use inkan_crypto::{KeyType, SecretKey};

use super::AnnouncedList;
use crate::status::{BitState, Publication};
use crate::{StatusEncoding, StatusListState};

const URI: &str = "https://ledger.example/status/1";
const MESSAGES: [&str; 4] = ["in review", "accepted", "lent out", "lost"];

/// A predecessor's list, with what it says of the places that it has values for.
struct Theirs(StatusListState);

impl Theirs {
    fn of(mut state: StatusListState) -> Self {
        let mut rng = SeededRng::new(5);
        (0..12).for_each(|_| drop(state.allocate(&mut rng).unwrap()));
        Self(state)
    }

    fn bits(purpose: StatusPurpose) -> Self {
        Self::of(StatusListState::new(URI, purpose).unwrap())
    }

    fn tokens(encoding: StatusEncoding) -> Self {
        Self::of(StatusListState::of_tokens(URI, encoding, StatusBits::Two).unwrap())
    }

    /// The places that were handed out, the first, the second and so on.
    fn places(&self) -> Vec<u64> {
        (0..MINIMUM_BITS).filter(|place| self.0.used.get(*place) == Ok(true)).collect()
    }

    /// As it is announced with these values at the places that were handed out, whatever may be undone or not.
    fn says(&self, values: &[u8]) -> AnnouncedList {
        let mut state = self.0.clone();
        for (place, value) in self.places().into_iter().zip(values) {
            state.bits.set_value(place, state.size, *value).unwrap();
        }
        let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(7));
        let moment = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let publication = Publication {
            issuer: "did:example:old",
            format: Format::DataIntegrity,
            valid_from: moment(1_767_225_600),
            valid_until: moment(1_769_904_000),
        };
        let published = state.publish(&publication, ("did:example:old#k", &key)).unwrap();
        let served =
            ServedStatusList { uri: URI.to_owned(), body: published.body, fetched_at: None };
        AnnouncedList::read(state.encoding(), &served.bytes()).unwrap()
    }

    /// What a state of the successor's says at those places.
    fn read(&self, state: &StatusListState) -> Vec<u8> {
        let places = self.places().into_iter().take(4);
        places.map(|place| state.bits.value(place, state.size).unwrap()).collect()
    }

    fn entry(&self, nth: usize, purpose: StatusPurpose) -> StatusEntry {
        StatusEntry { purpose, ..self.0.entry(self.places()[nth]) }
    }

    fn taken(&self, values: &[u8]) -> StatusListState {
        let entry = self.0.entry(self.places()[0]);
        StatusListState::taken_over(&entry, &self.says(values)).unwrap()
    }
}

#[test]
fn what_the_predecessor_revokes_later_is_taken_over_too() {
    let theirs = Theirs::bits(StatusPurpose::Revocation);
    let mut state = theirs.taken(&[1]);
    state.change(&theirs.entry(1, StatusPurpose::Revocation), BitState::Set).unwrap();
    state.take_since(&theirs.says(&[1, 0, 1]), Some(&theirs.says(&[1]))).unwrap();
    assert_eq!(theirs.read(&state), [1, 1, 1, 0]);
    // Whatever was missed before is made good.
    let all = theirs.says(&[1, 0, 1, 1]);
    state.take_since(&all, Some(&all)).unwrap();
    assert_eq!(theirs.read(&state), [1, 1, 1, 1]);
}

#[test]
fn a_suspension_that_was_lifted_here_does_not_come_back() {
    let theirs = Theirs::bits(StatusPurpose::Suspension);
    let mut state = theirs.taken(&[1]);
    state.change(&theirs.entry(0, StatusPurpose::Suspension), BitState::Clear).unwrap();
    state.take_since(&theirs.says(&[1, 1]), Some(&theirs.says(&[1]))).unwrap();
    assert_eq!(theirs.read(&state), [0, 1, 0, 0]);
    state.take_since(&theirs.says(&[1]), None).unwrap();
    assert_eq!(theirs.read(&state), [1, 1, 0, 0], "never seen before");
}

#[test]
fn a_list_of_messages_is_gone_on_with_by_its_words() {
    let theirs = Theirs::of(StatusListState::of_messages(URI, &MESSAGES, &[]).unwrap());
    let mut state = theirs.taken(&[2, 3]);
    assert_eq!(state.messages(), MESSAGES);
    assert_eq!(theirs.read(&state), [2, 3, 0, 0]);
    state.set_value(&theirs.entry(0, StatusPurpose::Message), 1).unwrap();
    // Seen before: what was said here since stays. Said since: it counts, also where it goes back to the first word.
    state.take_since(&theirs.says(&[2, 0, 3]), Some(&theirs.says(&[2, 3]))).unwrap();
    assert_eq!(theirs.read(&state), [1, 0, 3, 0]);
    assert_eq!(StatusListState::parse(state.to_value().unwrap().to_string().as_bytes()), Ok(state));
}

#[test]
fn a_token_list_is_gone_on_with_and_nobody_is_taken_back_who_was_revoked() {
    for encoding in [StatusEncoding::TokenJwt, StatusEncoding::TokenCwt] {
        let theirs = Theirs::tokens(encoding);
        let mut state = theirs.taken(&[2, 1]);
        assert_eq!((state.encoding(), theirs.read(&state)), (encoding, vec![2, 1, 0, 0]));
        // Lifted here, revoked here.
        state.change(&theirs.entry(0, StatusPurpose::Suspension), BitState::Clear).unwrap();
        state.change(&theirs.entry(2, StatusPurpose::Revocation), BitState::Set).unwrap();
        let back = state.change(&theirs.entry(1, StatusPurpose::Suspension), BitState::Clear);
        assert_eq!(back.unwrap_err().code(), "status-revocation-final");
        // What they suspend later counts, unless it was revoked here; what they had suspended, and it was lifted here, does not.
        let (newest, before) = (theirs.says(&[2, 1, 2, 2]), theirs.says(&[2, 1]));
        state.take_since(&newest, Some(&before)).unwrap();
        assert_eq!(theirs.read(&state), [0, 1, 1, 2]);
        // What they revoke counts whenever it is seen.
        let all = theirs.says(&[1, 1, 0, 0]);
        state.take_since(&all, Some(&all)).unwrap();
        assert_eq!(theirs.read(&state), [1, 1, 1, 2]);
        assert_eq!(
            StatusListState::parse(state.to_value().unwrap().to_string().as_bytes()),
            Ok(state)
        );
    }
}

#[test]
fn lists_about_something_else_or_in_another_encoding_are_refused() {
    let theirs = Theirs::bits(StatusPurpose::Revocation);
    let mut state = theirs.taken(&[1]);
    let messages = Theirs::of(StatusListState::of_messages(URI, &MESSAGES, &[]).unwrap());
    state.take_since(&messages.says(&[1]), None).unwrap_err();
    let tokens = Theirs::tokens(StatusEncoding::TokenJwt);
    state.take_since(&tokens.says(&[1]), None).unwrap_err();
    assert_eq!(theirs.read(&state), [1, 0, 0, 0]);
    let other = tokens.entry(0, StatusPurpose::Message);
    let refused = StatusListState::taken_over(&other, &tokens.says(&[1])).unwrap_err();
    assert_eq!(refused.code(), "status-entry-of-another-list");
    for bytes in [&b"{}"[..], b"a.b.c", &[0xd2, 0x84]] {
        for encoding in
            [StatusEncoding::Bitstring, StatusEncoding::TokenJwt, StatusEncoding::TokenCwt]
        {
            AnnouncedList::read(encoding, bytes).unwrap_err();
        }
    }
}
