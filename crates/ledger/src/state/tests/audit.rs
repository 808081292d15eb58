//! What a mirror finds that a trusting replay does not look for.

use crate::epoch::{Epoch, Parameters};
use crate::log::{Log, LogError};
use crate::testing::{ORIGIN, Person, World, at, ed25519, once, status, trust};
use crate::{Claims, Kind, Leaf, Rejection, SignedEntry};

fn empty() -> Log {
    let (_, digest) = Parameters::default().genesis_document().unwrap();
    Log::new(ORIGIN, &Parameters::default(), digest).unwrap()
}

/// A log that obeys the rules, ended by an epoch leaf.
fn world() -> (World, Person) {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    for claims in [
        person.issuance(b"a"),
        person.act(1, 1, b"a"),
        Claims::Status(status(1, b"a")),
        Claims::Trust(trust(1)),
        Claims::Once(once(1)),
    ] {
        world.enter(&person, &claims).unwrap();
    }
    world.seal(10);
    (world, person)
}

/// How a mirror refuses this leaf after those of the world; a trusting replay takes it if `trusted`.
fn refused(kind: Kind, time: i64, body: &str, trusted: bool) -> LogError {
    let (world, _) = world();
    let leaf = Leaf::new(kind, at(time), body.as_bytes().to_vec()).unwrap().to_bytes();
    let (mut mirror, mut copy) = (empty(), empty());
    for leaf in world.leaves() {
        mirror.audit(&leaf).unwrap();
        copy.replay(&leaf).unwrap();
    }
    assert_eq!(copy.replay(&leaf).is_ok(), trusted);
    let error = mirror.audit(&leaf).unwrap_err();
    assert_eq!(mirror.size(), world.log.size(), "a refused leaf changes nothing");
    error
}

fn rule(error: LogError) -> &'static str {
    let LogError::LeafRefused { leaf_index: 8, source } = error else { panic!("{error:?}") };
    source.code()
}

#[test]
fn a_log_that_obeys_is_found_good() {
    let (world, _) = world();
    let mut mirror = empty();
    for leaf in world.leaves() {
        mirror.audit(&leaf).unwrap();
    }
    assert_eq!(mirror.checkpoint(mirror.size()), world.log.checkpoint(world.log.size()));
}

#[test]
fn an_operator_that_breaks_a_rule_is_found_out() {
    let person = Person::new(5);
    let forged =
        SignedEntry::sign(&person.issuance(b"b"), &person.kid(), ORIGIN, &ed25519(99), at(10));
    assert_eq!(
        rule(refused(Kind::Issuance, 10, &forged.unwrap(), true)),
        "entry-signature-invalid"
    );
    let stale = person.sign(&person.issuance(b"b"), at(0));
    assert_eq!(rule(refused(Kind::Issuance, 86_401, &stale, true)), "iat-out-of-window");
    let stranger = Person::new(6);
    let unknown = stranger.sign(&stranger.issuance(b"b"), at(10));
    assert_eq!(rule(refused(Kind::Issuance, 10, &unknown, true)), "unknown-signer");
    let mut short = status(2, b"b");
    short.length = 8;
    let short = person.sign(&Claims::Status(short), at(10));
    assert_eq!(rule(refused(Kind::Status, 10, &short, true)), "list-too-small");
    let gap = person.sign(&person.act(1, 3, b"b"), at(10));
    assert_eq!(rule(refused(Kind::Countersignature, 10, &gap, false)), "sequence-conflict");
}

#[test]
fn duplicates_times_and_epochs_are_looked_at() {
    let person = Person::new(5);
    let again = person.sign(&person.issuance(b"a"), at(10));
    let order = LogError::LeafOutOfOrder { leaf_index: 8 };
    assert_eq!(refused(Kind::Issuance, 10, &again, false), order);
    let early = person.sign(&person.issuance(b"b"), at(9));
    assert_eq!(refused(Kind::Issuance, 9, &early, false), order);
    let (world, _) = world();
    let epoch = world.log.leaf(7).unwrap().body().to_vec();
    let epoch = Epoch::parse(&epoch).unwrap();
    let mismatch = LogError::EpochMismatch { leaf_index: 8 };
    let next = Epoch { previous: Some(7), size: 8, ..epoch };
    let text = |epoch: &Epoch| String::from_utf8(epoch.to_bytes()).unwrap();
    assert_eq!(refused(Kind::Epoch, 10, &text(&next), true), mismatch, "nothing happened since");
    for wrong in [Epoch { previous: Some(0), ..next }, Epoch { size: 9, ..next }] {
        assert_eq!(refused(Kind::Epoch, 10, &text(&wrong), false), mismatch);
    }
}

#[test]
fn a_wrong_map_root_is_found_out() {
    let mut world = World::new();
    world.register(&Person::new(5));
    let leaves = world.leaves();
    let good = world.log.prepare_epoch(at(10)).unwrap().unwrap();
    let epoch = Epoch::parse(Leaf::parse(good.bytes()).unwrap().body()).unwrap();
    for wrong in [Epoch { keys: 2, ..epoch }, Epoch { map: crate::map::empty_root(), ..epoch }] {
        let mut mirror = empty();
        for leaf in &leaves {
            mirror.audit(leaf).unwrap();
        }
        let leaf = Leaf::new(Kind::Epoch, at(10), wrong.to_bytes()).unwrap().to_bytes();
        assert_eq!(mirror.audit(&leaf), Err(LogError::EpochMismatch { leaf_index: 2 }));
        mirror.audit(good.bytes()).unwrap();
    }
}

#[test]
fn a_log_begins_with_its_genesis_leaf() {
    let person = Person::new(5);
    let leaf = Leaf::new(Kind::Did, at(1), person.line.clone().into_bytes()).unwrap().to_bytes();
    let order = Err(LogError::LeafOutOfOrder { leaf_index: 0 });
    assert_eq!(empty().audit(&leaf), order);
    assert_eq!(empty().replay(&leaf), order);
    let refused = empty().submit(Kind::Did, person.line.as_bytes(), at(1));
    assert_eq!(refused, Err(Rejection::NotReady));
    // Leaf 0 names the document that the log was made with, and no other.
    let other = Parameters { notice: 1, ..Parameters::default() };
    let world = World::with(&other);
    let mut log = empty();
    log.put_document(&other.genesis_document().unwrap().0);
    assert!(log.audit(&world.leaves()[0]).is_err());
}
