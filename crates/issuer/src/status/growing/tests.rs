use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, limits};
use inkan_credential::Format;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::status_list::MINIMUM_BITS;
use inkan_credential::token_status_list::StatusBits;
use inkan_crypto::{KeyType, SecretKey};

use crate::status::{AnnouncedList, Publication, StatusEncoding, StatusListState};

const URI: &str = "https://acme.example/status/1";
const MESSAGES: [&str; 4] = ["fresh", "seen", "sent", "gone"];

/// One of each kind, empty.
fn lists() -> Vec<StatusListState> {
    vec![
        StatusListState::new(URI, StatusPurpose::Revocation).unwrap(),
        StatusListState::new(URI, StatusPurpose::Suspension).unwrap(),
        StatusListState::of_messages(URI, &MESSAGES, &[]).unwrap(),
        StatusListState::of_tokens(URI, StatusEncoding::TokenJwt, StatusBits::Two).unwrap(),
        StatusListState::of_tokens(URI, StatusEncoding::TokenCwt, StatusBits::One).unwrap(),
    ]
}

fn published(state: &mut StatusListState) -> (u64, AnnouncedList) {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let now = Timestamp::from_seconds(1_767_225_600).unwrap();
    let publication = Publication {
        issuer: "did:example:acme",
        format: Format::DataIntegrity,
        valid_from: now,
        valid_until: now.plus_seconds(86_400),
    };
    let published = state.publish(&publication, ("did:example:acme#k", &key)).unwrap();
    let served = inkan_credential::bundle::ServedStatusList {
        uri: URI.to_owned(),
        body: published.body,
        fetched_at: None,
    };
    (published.length, AnnouncedList::read(state.encoding(), &served.bytes()).unwrap())
}

#[test]
fn a_list_that_grows_says_the_same_of_every_place_and_has_new_ones() {
    for mut list in lists() {
        let mut rng = SeededRng::new(3);
        let places: Vec<StatusEntry> = (0..40).map(|_| list.allocate(&mut rng).unwrap()).collect();
        for place in places.iter().step_by(2) {
            list.set_value(place, 1).unwrap();
        }
        let least = 3 * MINIMUM_BITS;
        let before = list.clone();
        let mut grown = list.grown_to(least).unwrap();
        assert!(grown.length() >= least && before.length() < least);
        for place in &places {
            assert_eq!(grown.value(place), before.value(place));
        }
        assert_eq!(grown.count_used(), before.count_used());
        let (length, announced) = published(&mut grown);
        assert_eq!(length, grown.length(), "as its entry says");
        // It is kept and read again as it is, also without decoys; and it grows no further for the same.
        let kept = grown.to_value().unwrap().to_string();
        assert_eq!(StatusListState::parse(kept.as_bytes()).unwrap(), grown);
        assert_eq!(grown.clone().grown_to(least).unwrap(), grown);
        assert_eq!(grown.clone().grown_to(0).unwrap(), grown, "never shorter");
        // Places beyond its old end are handed out as well.
        let beyond = (0..200).any(|_| grown.allocate(&mut rng).unwrap().index >= MINIMUM_BITS);
        assert!(beyond);
        // Whoever takes over the predecessor's list goes on when it grew, and when only one's own did.
        let mut short = before.clone();
        let (_, theirs) = published(&mut short);
        for (first, then) in [(&theirs, &announced), (&announced, &theirs)] {
            let mut taken = StatusListState::taken_over(&places[0], first).unwrap();
            taken.take_since(then, Some(first)).unwrap();
            let taken = taken.grown_to(4 * MINIMUM_BITS).unwrap();
            assert_eq!(taken.value(&places[0]), before.value(&places[0]));
            let mut full = taken;
            assert_eq!(full.allocate(&mut rng).unwrap_err().code(), "status-list-full");
        }
    }
}

#[test]
fn no_list_grows_beyond_what_readers_take() {
    let most = u64::try_from(limits::STATUS_LIST_INFLATED).unwrap() * 8;
    for list in lists() {
        assert_eq!(list.clone().grown_to(u64::MAX).unwrap_err().code(), "status-list-too-large");
        if !list.encoding().is_token() {
            assert_eq!(list.grown_to(most).unwrap().length(), most);
        }
    }
}
