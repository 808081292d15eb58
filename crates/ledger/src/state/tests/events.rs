//! Parameters documents and operator events (§2.4), and versions of the rules.

use super::code;
use crate::entry::AnchorScope;
use crate::log::{Log, LogError};
use crate::parameters::{
    Announcement, OperatorEvent, Parameters, ParametersDocument, ParametersError,
};
use crate::testing::{ORIGIN, Person, World, anchor, at, status};
use crate::tree::NodeHash;
use crate::{Claims, Epoch, Kind, Rejection, RuleVersion};

const NOTICE: i64 = 604_800;

fn in_force(world: &World) -> (&ParametersDocument, inkan_core::Digest) {
    let standing = world.log.machine().standing();
    (standing.document(), standing.document_digest())
}

fn announcement(change: impl FnOnce(&mut Parameters), not_before: i64) -> Announcement {
    let mut values = Parameters::default();
    change(&mut values);
    Announcement { rules: RuleVersion::One, values, not_before: at(not_before) }
}

fn announce(world: &World, next: Announcement) -> ParametersDocument {
    let (document, digest) = in_force(world);
    document.announce(digest, next)
}

fn refused(world: &mut World, document: &ParametersDocument, time: i64) -> ParametersError {
    let Err(Rejection::Parameters(error)) = world.event(document, time) else {
        panic!("it is not refused as a parameters document")
    };
    error
}

fn replayed(world: &World, audited: bool) -> Result<Log, LogError> {
    let parameters = Parameters::default();
    let (_, digest) = parameters.genesis_document().unwrap();
    let mut log = Log::new(ORIGIN, &parameters, digest).unwrap();
    for leaf in world.leaves() {
        if let Ok(epoch) = Epoch::parse(crate::Leaf::parse(&leaf).unwrap().body())
            && let Ok(Some(document)) = crate::Base::document(world.log.state(), &epoch.params)
        {
            log.put_document(&document);
        }
        if audited {
            log.audit(&leaf)?
        } else {
            log.replay(&leaf)?
        };
    }
    Ok(log)
}

#[test]
fn a_change_is_announced_then_applied_and_counts_from_the_next_leaf_on() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let small = |sequence| {
        let mut list = status(sequence, b"a");
        list.length = 1_000;
        list.uri = format!("https://ledger.example/status/{sequence}");
        list.sequence = 1;
        Claims::Status(list)
    };
    assert_eq!(code(world.enter(&person, &small(1))), "list-too-small");
    let next = announcement(|values| values.list_min = 1_000, 10 + NOTICE);
    let announced = announce(&world, next);
    world.event(&announced, 10).unwrap();
    assert_eq!(code(world.enter(&person, &small(1))), "list-too-small", "announced is not applied");
    let (document, digest) = in_force(&world);
    let applied = document.apply(digest).unwrap();
    let early = refused(&mut world, &applied, 9 + NOTICE);
    assert_eq!(early, ParametersError::Early { not_before: at(10 + NOTICE) });
    // Whatever happens in between; the announcement stands.
    let place = world.event(&applied, 10 + NOTICE).unwrap();
    let epoch = Epoch::parse(world.log.leaf(place).unwrap().body()).unwrap();
    assert_eq!(epoch.params, world.log.machine().standing().document_digest());
    assert!(world.enter(&person, &small(1)).is_ok());
    // Old leaves keep their verdict, and replay and audit agree to the byte.
    for audited in [false, true] {
        let log = replayed(&world, audited).unwrap();
        assert_eq!(log.checkpoint(log.size()), world.log.checkpoint(world.log.size()));
        assert_eq!(log.machine().standing(), world.log.machine().standing());
    }
}

#[test]
fn what_was_not_announced_like_this_is_refused() {
    let mut world = World::new();
    let (document, digest) = in_force(&world);
    let changed = Parameters { list_min: 1, ..Parameters::default() };
    let applied = ParametersDocument {
        previous: Some(digest),
        event: OperatorEvent::Applied,
        values: changed.clone(),
        ..document.clone()
    };
    assert_eq!(document.apply(digest), None);
    assert_eq!(refused(&mut world, &applied, NOTICE), ParametersError::NotAnnounced);
    let next = announcement(|values| values.promise = 1, NOTICE);
    let short = announce(&world, Announcement { not_before: at(NOTICE - 1), ..next.clone() });
    assert_eq!(refused(&mut world, &short, 0), ParametersError::Notice { notice: NOTICE });
    let announced = announce(&world, next);
    let hasty = ParametersDocument { values: changed.clone(), ..announced.clone() };
    assert_eq!(refused(&mut world, &hasty, 0), ParametersError::Change);
    let empty = ParametersDocument { next: None, ..announced.clone() };
    assert_eq!(refused(&mut world, &empty, 0), ParametersError::Change);
    world.event(&announced, 0).unwrap();
    assert_eq!(refused(&mut world, &announced, NOTICE), ParametersError::Chain, "named twice");
    let (document, digest) = in_force(&world);
    let right = document.apply(digest).unwrap();
    let other = ParametersDocument { values: changed, ..right.clone() };
    assert_eq!(refused(&mut world, &other, NOTICE), ParametersError::NotAnnounced);
    let again = ParametersDocument { next: announced.next.clone(), ..right.clone() };
    assert_eq!(refused(&mut world, &again, NOTICE), ParametersError::Change);
    let orphan = ParametersDocument { previous: None, ..right.clone() };
    assert_eq!(refused(&mut world, &orphan, NOTICE), ParametersError::Chain);
    let genesis = ParametersDocument { event: OperatorEvent::Genesis, ..right.clone() };
    assert_eq!(refused(&mut world, &genesis, NOTICE), ParametersError::Chain);
    world.event(&right, NOTICE).unwrap();
    assert_eq!(world.log.machine().standing().parameters().promise, 1);
    assert_eq!(world.log.machine().standing().document().next, None);
}

#[test]
fn an_announcement_stands_through_other_events_and_may_be_replaced() {
    let mut world = World::new();
    let announced = announce(&world, announcement(|values| values.promise = 1, NOTICE));
    world.event(&announced, 0).unwrap();
    let events = [
        OperatorEvent::ClockAccepted { step: 90 },
        OperatorEvent::GuardAdopted { size: 2, root: NodeHash::empty() },
    ];
    for event in events {
        let (document, digest) = in_force(&world);
        let recorded = document.record(digest, event);
        let changed = ParametersDocument { next: None, ..recorded.clone() };
        assert_eq!(refused(&mut world, &changed, 5), ParametersError::Change);
        let values = Parameters { promise: 9, ..Parameters::default() };
        let changed = ParametersDocument { values, ..recorded.clone() };
        assert_eq!(refused(&mut world, &changed, 5), ParametersError::Change);
        world.event(&recorded, 5).unwrap();
        assert_eq!(in_force(&world).0.next, announced.next);
        assert_eq!(in_force(&world).0.event, event);
    }
    let (document, digest) = in_force(&world);
    let ahead = OperatorEvent::GuardAdopted { size: 99, root: NodeHash::empty() };
    let ahead = document.record(digest, ahead);
    assert_eq!(refused(&mut world, &ahead, 5), ParametersError::Value, "a size still to come");
    let size = world.log.size();
    let (document, digest) = in_force(&world);
    let ahead = OperatorEvent::GuardAdopted { size: size + 1, root: NodeHash::empty() };
    let ahead = document.record(digest, ahead);
    // What is adopted after a loss is the whole log, most of the time.
    let whole = OperatorEvent::GuardAdopted { size, root: NodeHash::empty() };
    let whole = document.record(digest, whole);
    assert_eq!(refused(&mut world, &ahead, 5), ParametersError::Value, "one leaf too many");
    world.event(&whole, 5).unwrap();
    let replaced = announce(&world, announcement(|values| values.promise = 2, 5 + NOTICE));
    world.event(&replaced, 5).unwrap();
    let (document, digest) = in_force(&world);
    let applied = document.apply(digest).unwrap();
    world.event(&applied, 5 + NOTICE).unwrap();
    assert_eq!(world.log.machine().standing().parameters().promise, 2);
    assert!(replayed(&world, true).is_ok());
}

#[test]
fn documents_are_canonical_and_closed() {
    let mut world = World::new();
    let announced = announce(&world, announcement(|values| values.promise = 1, NOTICE));
    let bytes = announced.to_bytes().unwrap();
    assert_eq!(ParametersDocument::parse(&bytes), Ok(announced.clone()));
    let text = String::from_utf8(bytes).unwrap();
    for other in [
        text.replace("\"notBefore\"", "\"notAfter\""),
        text.replace("\"next\":{", "\"next\":{\"note\":\"free text\","),
        text.replace("\"detail\":{}", "\"detail\":{\"step\":1}"),
        text.replace("announced", "renounced"),
        text.replace("\"promise\":1}", "\"promise\":1.0}"),
        format!(" {text}"),
    ] {
        assert_ne!(other, text);
        assert_eq!(ParametersDocument::parse(other.as_bytes()), Err(ParametersError::Malformed));
    }
    let values = Parameters { promise: 1 << 60, ..Parameters::default() };
    let large = ParametersDocument { values, ..announced };
    assert_eq!(large.to_bytes(), Err(ParametersError::Value));
    assert_eq!(refused(&mut world, &large, 0), ParametersError::Value);
}

#[test]
fn kinds_can_be_switched_off_but_old_entries_stay_known() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let place = world.enter(&person, &Claims::Anchor(anchor(b"x"))).unwrap();
    let only_status = |values: &mut Parameters| values.kinds = [Kind::Status].into();
    let announced = announce(&world, announcement(only_status, 10 + NOTICE));
    world.event(&announced, 10).unwrap();
    let (document, digest) = in_force(&world);
    let applied = document.apply(digest).unwrap();
    world.event(&applied, 10 + NOTICE).unwrap();
    assert_eq!(world.enter(&person, &Claims::Anchor(anchor(b"x"))), Ok(place));
    let refused = |kind| Err(Rejection::UnsupportedKind { kind });
    assert_eq!(world.enter(&person, &Claims::Anchor(anchor(b"y"))), refused(Kind::Anchor));
    let line = Person::new(6).line;
    assert_eq!(world.submit(Kind::Did, &line, 20 + NOTICE), refused(Kind::Did));
    assert_eq!(world.submit(Kind::Did, &person.line, 20 + NOTICE), Ok(1));
    assert!(world.enter(&person, &Claims::Status(status(1, b"a"))).is_ok());
    assert!(replayed(&world, true).is_ok(), "old leaves keep their verdict");
}

#[test]
fn a_second_rule_version_judges_what_comes_after_it_and_nothing_before() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let other = |content: &[u8]| {
        let mut claims = anchor(content);
        claims.scope = AnchorScope::Other;
        Claims::Anchor(claims)
    };
    world.enter(&person, &other(b"before")).unwrap();
    let next = Announcement {
        rules: RuleVersion::Two,
        values: Parameters::default(),
        not_before: at(10 + NOTICE),
    };
    let announced = announce(&world, next);
    world.event(&announced, 10).unwrap();
    world.enter(&person, &other(b"announced")).unwrap();
    let (document, digest) = in_force(&world);
    let applied = document.apply(digest).unwrap();
    let place = world.event(&applied, 10 + NOTICE).unwrap();
    assert_eq!(
        Epoch::parse(world.log.leaf(place).unwrap().body()).unwrap().rules,
        RuleVersion::Two,
        "the leaf that begins it names it"
    );
    assert_eq!(
        world.enter(&person, &other(b"after")),
        Err(Rejection::MemberInvalid { member: "scope" })
    );
    world.enter(&person, &Claims::Anchor(anchor(b"after"))).unwrap();
    world.seal(20 + NOTICE);
    for audited in [false, true] {
        let log = replayed(&world, audited).unwrap();
        assert_eq!(log.checkpoint(log.size()), world.log.checkpoint(world.log.size()));
        assert_eq!(log.machine().standing().rules(), RuleVersion::Two);
    }
}

#[test]
fn a_mirror_needs_every_document_and_refuses_one_out_of_order() {
    let mut world = World::new();
    let announced = announce(&world, announcement(|values| values.promise = 1, NOTICE));
    world.event(&announced, 0).unwrap();
    let parameters = Parameters::default();
    let (_, digest) = parameters.genesis_document().unwrap();
    for audited in [false, true] {
        let mut log = Log::new(ORIGIN, &parameters, digest).unwrap();
        let leaves = world.leaves();
        let step = |log: &mut Log, leaf: &[u8]| {
            if audited { log.audit(leaf) } else { log.replay(leaf) }
        };
        step(&mut log, &leaves[0]).unwrap();
        let missing = step(&mut log, &leaves[1]).unwrap_err();
        assert_eq!(missing.code(), "params-missing");
        assert!(matches!(missing, LogError::DocumentMissing { leaf_index: 1, .. }));
        log.put_document(&announced.to_bytes().unwrap());
        step(&mut log, &leaves[1]).unwrap();
        // The operator names a change that was not announced like that.
        let standing = log.machine().standing().clone();
        let mut applied = standing.document().apply(standing.document_digest()).unwrap();
        applied.values.promise = 7;
        let bytes = applied.to_bytes().unwrap();
        log.put_document(&bytes);
        let epoch = Epoch {
            keys: 0,
            map: crate::map::empty_root(),
            params: inkan_core::sha256(&[&bytes]),
            previous: Some(1),
            rules: RuleVersion::One,
            size: 2,
        };
        let leaf = crate::Leaf::new(Kind::Epoch, at(NOTICE), epoch.to_bytes()).unwrap();
        let refused = step(&mut log, &leaf.to_bytes()).unwrap_err();
        assert_eq!(
            refused,
            LogError::LeafRefused {
                leaf_index: 2,
                source: Rejection::Parameters(ParametersError::NotAnnounced)
            }
        );
    }
}
