use std::collections::BTreeMap;

use super::*;
use crate::testing::{ORIGIN, Person, World, at, ed25519, status};
use crate::{Claims, EntryId, Flags, Kind, MapKey, Rejection, SignedEntry, StatusFormat};

fn code(result: Result<u64, Rejection>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn entries_of_registered_signers_are_taken_once() {
    let mut world = World::new();
    let person = Person::new(5);
    assert_eq!(world.register(&person), 1);
    assert_eq!(world.register(&person), 1, "the same line again");
    assert_eq!(world.enter(&person, &person.issuance(b"a")), Ok(2));
    assert_eq!(world.enter(&person, &person.act(1, 1, b"a")), Ok(3));
    assert_eq!(world.enter(&person, &Claims::Status(status(1, b"a"))), Ok(4));
    assert_eq!(world.enter(&person, &person.issuance(b"a")), Ok(2));
    assert_eq!(world.enter(&person, &person.act(1, 1, b"a")), Ok(3));
    assert_eq!(world.enter(&person, &Claims::Status(status(1, b"a"))), Ok(4));
    assert_eq!(world.log.size(), 5);
    let id = EntryId::did(
        person.scid(),
        world.log.state().did_head(person.scid()).unwrap().version_id(),
    );
    assert_eq!(world.log.state().lookup(&id), Some(1));
}

#[test]
fn a_known_id_is_a_duplicate_whatever_its_signature_unless_a_status_says_something_else() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let claims = person.issuance(b"a");
    let first = world.submit(Kind::Issuance, &person.sign(&claims, at(1)), 1).unwrap();
    assert_eq!(world.submit(Kind::Issuance, &person.sign(&claims, at(2)), 2), Ok(first));
    let mut list = status(1, b"a");
    world.enter(&person, &Claims::Status(list.clone())).unwrap();
    list.length += 8;
    assert_eq!(
        world.enter(&person, &Claims::Status(list)),
        Err(Rejection::SequenceConflict { expected: 2 })
    );
}

#[test]
fn a_lost_answer_can_be_asked_for_again_later_even_with_a_key_that_is_gone() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let body = person.sign(&person.issuance(b"a"), at(1));
    let first = world.submit(Kind::Issuance, &body, 1).unwrap();
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    world.submit(Kind::Did, &person.rotate(&head, at(10)).0, 10).unwrap();
    assert_eq!(world.submit(Kind::Issuance, &body, 200_000), Ok(first));
}

#[test]
fn sequence_numbers_leave_no_gap() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let conflict = |expected| Err(Rejection::SequenceConflict { expected });
    assert_eq!(world.enter(&person, &person.act(1, 2, b"a")), conflict(1));
    world.enter(&person, &person.act(1, 1, b"a")).unwrap();
    assert_eq!(world.enter(&person, &person.act(1, 3, b"a")), conflict(2));
    assert_eq!(
        world.enter(&person, &person.act(1, 1, b"b")),
        conflict(2),
        "another state of seq 1"
    );
    world.enter(&person, &person.act(1, 2, b"b")).unwrap();
    world.enter(&person, &person.act(2, 1, b"b")).unwrap();
    assert_eq!(world.enter(&person, &Claims::Status(status(2, b"a"))), conflict(1));
    world.enter(&person, &Claims::Status(status(1, b"a"))).unwrap();
    assert_eq!(world.enter(&person, &Claims::Status(status(3, b"b"))), conflict(2));
    let other = Person::new(6);
    world.register(&other);
    assert!(world.enter(&other, &other.act(1, 1, b"a")).is_ok(), "acts are counted per signer");
}

#[test]
fn status_lists_hide_in_a_crowd_and_keep_their_format() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let mut list = status(1, b"a");
    list.length = 131_071;
    assert_eq!(code(world.enter(&person, &Claims::Status(list))), "list-too-small");
    world.enter(&person, &Claims::Status(status(1, b"a"))).unwrap();
    let mut list = status(2, b"b");
    list.format = StatusFormat::Bitstring { purpose: "suspension".to_owned() };
    let member = |member| Err(Rejection::MemberInvalid { member });
    assert_eq!(world.enter(&person, &Claims::Status(list.clone())), member("purpose"));
    list.format = StatusFormat::TokenJwt;
    assert_eq!(world.enter(&person, &Claims::Status(list.clone())), member("list"));
    list.uri = "https://ledger.example/status/2".to_owned();
    list.sequence = 1;
    assert!(world.enter(&person, &Claims::Status(list.clone())).is_ok());
    list.sequence = 2;
    list.format = StatusFormat::TokenCwt;
    assert_eq!(world.enter(&person, &Claims::Status(list)), member("list"));
}

#[test]
fn an_entry_is_for_this_log_and_this_time() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let claims = person.issuance(b"a");
    let elsewhere =
        SignedEntry::sign(&claims, &person.kid(), "other.example", &person.key, at(1)).unwrap();
    assert_eq!(code(world.submit(Kind::Issuance, &elsewhere, 1)), "wrong-audience");
    let made = |iat: i64| person.sign(&claims, at(iat));
    assert_eq!(
        code(world.submit(Kind::Issuance, &made(90_000 + 301), 90_000)),
        "iat-out-of-window"
    );
    assert_eq!(code(world.submit(Kind::Issuance, &made(3_599), 90_000)), "iat-out-of-window");
    assert!(world.submit(Kind::Issuance, &made(3_600), 90_000).is_ok());
    let claims = person.issuance(b"b");
    let ahead = person.sign(&claims, at(90_300));
    assert!(world.submit(Kind::Issuance, &ahead, 90_000).is_ok());
}

#[test]
fn signers_are_registered_alive_at_home_and_use_their_current_key() {
    let mut world = World::new();
    let person = Person::new(5);
    let claims = person.issuance(b"a");
    assert_eq!(code(world.enter(&person, &claims)), "unknown-signer");
    world.register(&person);
    let forged = SignedEntry::sign(&claims, &person.kid(), ORIGIN, &ed25519(99), at(1)).unwrap();
    assert_eq!(code(world.submit(Kind::Issuance, &forged, 1)), "entry-signature-invalid");

    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    let (line, _) = person.rotate(&head, at(10));
    world.submit(Kind::Did, &line, 10).unwrap();
    assert_eq!(code(world.enter(&person, &claims)), "key-not-authorized", "rotated away");

    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    world.submit(Kind::Did, &person.deactivate(&head, at(20)), 20).unwrap();
    assert_eq!(code(world.enter(&person, &claims)), "signer-deactivated");
    assert_eq!(
        world.log.state().newest_at(&MapKey::did(person.scid()), 100).unwrap().flags,
        Flags::ENDED.with(Flags::PORTABLE)
    );
}

#[test]
fn dids_of_another_log_are_refused() {
    let mut world = World::new();
    let stranger = Person::with(9, inkan_crypto::KeyType::Ed25519, Some("other.example"));
    assert_eq!(code(world.submit(Kind::Did, &stranger.line, 1)), "home-log-invalid");
    let homeless = Person::with(10, inkan_crypto::KeyType::Ed25519, None);
    world.register(&homeless);
    assert!(world.enter(&homeless, &homeless.issuance(b"a")).is_ok());
}

#[test]
fn did_entries_chain_to_the_head_and_are_told_apart() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    let (second, _) = person.rotate(&head, at(10));
    let (fork, _) = person.rotate(&head, at(11));
    world.submit(Kind::Did, &second, 10).unwrap();
    assert_eq!(code(world.submit(Kind::Did, &fork, 12)), "version-conflict");
    assert_eq!(world.submit(Kind::Did, &second, 13), Ok(2), "the same again is a duplicate");
    let mut signed_again: serde_json::Value = serde_json::from_str(&second).unwrap();
    signed_again["proof"][0]["proofValue"] = "another signature".into();
    let signed_again = signed_again.to_string();
    assert_eq!(world.submit(Kind::Did, &signed_again, 13), Ok(2), "whoever signed what it says");
    assert_eq!(code(world.submit(Kind::Did, "{}", 14)), "malformed-entry");
    assert_eq!(code(world.submit(Kind::Did, &format!("{second}\n{{}}"), 14)), "witness-invalid");
    assert_eq!(code(world.submit(Kind::Did, &"x".repeat(50_000), 14)), "entry-too-large");
    assert_eq!(
        code(world.submit(Kind::Did, &person.line.replace("key-1", "key-7"), 15)),
        "version-conflict",
        "an altered first entry is another version 1"
    );
    let value = world.log.state().newest_at(&MapKey::did(person.scid()), 3).unwrap();
    assert_eq!((value.sequence, value.leaf_index), (2, 2));
    assert_eq!(value.flags, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    assert_eq!(world.log.state().newest_at(&MapKey::did(person.scid()), 2).unwrap().sequence, 1);
    assert_eq!(world.log.state().newest_at(&MapKey::did(person.scid()), 1), None);
}

#[test]
fn epochs_cannot_be_submitted() {
    assert_eq!(code(World::new().submit(Kind::Epoch, "x", 1)), "unsupported-entry-type");
}

#[test]
fn the_map_as_of_any_place_is_that_of_the_newest_entries_before_it() {
    let mut world = World::new();
    let people: Vec<_> = (0..6).map(|i| Person::new(40 + i)).collect();
    for (i, person) in people.iter().enumerate() {
        world.register(person);
        for sequence in 1..=u64::try_from(i).unwrap() {
            world.enter(person, &person.act(9, sequence, b"a")).unwrap();
        }
    }
    let state = world.log.state();
    for leaves in 0..=world.log.size() {
        let mut expected = BTreeMap::new();
        for index in 0..leaves {
            let leaf = world.log.leaf(index).unwrap();
            let key = match leaf.kind() {
                Kind::Did => MapKey::did(parse_did_body(leaf.body()).unwrap().scid()),
                Kind::Countersignature => {
                    SignedEntry::parse(leaf.kind(), leaf.body()).unwrap().map_key().unwrap().0
                }
                Kind::Epoch
                | Kind::Issuance
                | Kind::Status
                | Kind::Trust
                | Kind::Anchor
                | Kind::Once => continue,
            };
            expected.insert(key, (index, leaf.hash()));
        }
        let found: BTreeMap<_, _> = state
            .heads(leaves)
            .into_iter()
            .map(|(k, v)| (k, (v.leaf_index, v.leaf_hash)))
            .collect();
        assert_eq!(found, expected, "{leaves} leaves");
    }
}

mod audit;
mod events;
mod forks;
mod histories;
mod kinds;
mod long;
mod machine;
mod moves;
