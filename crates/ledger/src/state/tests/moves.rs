//! Home logs, and moving from one to another (D14, §6.6).

use super::code;
use crate::epoch::Parameters;
use crate::log::{ImportSubmission, Log};
use crate::testing::{ORIGIN, Person, World, at};
use crate::{Claims, Flags, Kind, MapKey, Rejection, SignedEntry};

const OTHER: &str = "other.example";
const THIRD: &str = "third.example";

fn new_log(origin: &str, parameters: &Parameters) -> Log {
    let (_, digest) = parameters.genesis_document().unwrap();
    let mut log = Log::new(origin, parameters, digest).unwrap();
    seal(&mut log, 0);
    log
}

fn seal(log: &mut Log, time: i64) {
    if let Some(prepared) = log.prepare_epoch(at(time)).unwrap() {
        log.commit(prepared).unwrap();
    }
}

fn import(log: &mut Log, lines: &[String], time: i64) -> Result<Vec<u64>, Rejection> {
    let bodies: Vec<_> = lines.iter().map(String::as_bytes).collect();
    match log.prepare_import(&bodies, at(time))? {
        ImportSubmission::Duplicate { leaf_indexes } => Ok(leaf_indexes),
        ImportSubmission::New(all) => {
            Ok(all.into_iter().map(|prepared| log.commit(prepared).unwrap()).collect())
        }
    }
}

fn problem(result: Result<Vec<u64>, Rejection>) -> &'static str {
    let Err(Rejection::ImportInvalid { problem, .. }) = result else { panic!("{result:?}") };
    problem
}

/// The rule that an entry of an import breaks, and which entry.
fn broken(result: Result<Vec<u64>, Rejection>) -> (usize, &'static str) {
    let Err(Rejection::ImportInvalid { entry: Some(entry), source: Some(source), .. }) = result
    else {
        panic!("{result:?}")
    };
    (entry, source.code())
}

/// A person whose home was the first log for `count` versions, and moves to the other one with the next.
fn moving(person: &Person, count: i64) -> Vec<String> {
    let mut lines = vec![person.line.clone()];
    for time in 1..count {
        lines.push(person.rotate(&Person::head_of(&lines), at(10 * time)).0);
    }
    lines.push(person.move_to(&Person::head_of(&lines), OTHER, at(10 * count)));
    lines
}

fn flags(log: &Log, person: &Person) -> Flags {
    log.state().newest_at(&MapKey::did(person.scid()), 1_000).unwrap().flags
}

fn audited(log: &Log, parameters: &Parameters) {
    let (_, digest) = parameters.genesis_document().unwrap();
    let mut mirror = Log::new(log.origin(), parameters, digest).unwrap();
    let mut copy = mirror.clone();
    for index in 0..log.size() {
        let leaf = log.leaf(index).unwrap().to_bytes();
        mirror.audit(&leaf).unwrap();
        copy.replay(&leaf).unwrap();
    }
    for other in [mirror, copy] {
        assert_eq!(other.checkpoint(log.size()), log.checkpoint(log.size()));
        assert_eq!(other.state().heads(1_000), log.state().heads(1_000));
    }
}

#[test]
fn a_did_moves_with_one_entry_recorded_in_both_logs_and_comes_back() {
    let parameters = Parameters::default();
    let mut a = new_log(ORIGIN, &parameters);
    let mut b = new_log(OTHER, &parameters);
    let person = Person::new(5);
    let lines = moving(&person, 2);
    for line in &lines[..2] {
        a.submit(Kind::Did, line.as_bytes(), at(100)).unwrap();
    }
    let act = person.act(1, 1, b"a");
    // The document key was rotated away with the second version.
    let sign = |claims: &Claims, key: &inkan_crypto::SecretKey, log: &str| {
        let kid = inkan_did::DidUrl::parse(&format!("{}#key-2", person.did)).unwrap();
        SignedEntry::sign(claims, &kid, log, key, at(100)).unwrap()
    };
    let key = person.rotate(&Person::head_of(&lines[..1]), at(10)).1;
    let in_a = sign(&act, &key, ORIGIN);
    a.submit(Kind::Countersignature, in_a.as_bytes(), at(100)).unwrap();
    assert!(!flags(&a, &person).has(Flags::MOVED));

    // B is not the home yet; A takes the leaving entry and nothing after it.
    assert_eq!(code(b.submit(Kind::Did, lines[0].as_bytes(), at(100))), "home-log-invalid");
    assert_eq!(problem(import(&mut b, &lines[..2], 100)), "the last entry does not name this log");
    let place = a.submit(Kind::Did, lines[2].as_bytes(), at(100)).unwrap();
    assert!(flags(&a, &person).has(Flags::MOVED));
    let moved = Err(Rejection::SignerMoved { home: OTHER.to_owned() });
    let next = person.rotate(&Person::head_of(&lines), at(50)).0;
    assert_eq!(a.submit(Kind::Did, next.as_bytes(), at(100)), moved);
    let second = sign(&person.act(1, 2, b"b"), &key, ORIGIN);
    assert_eq!(a.submit(Kind::Countersignature, second.as_bytes(), at(100)), moved);
    assert_eq!(a.submit(Kind::Did, lines[2].as_bytes(), at(100)), Ok(place), "a duplicate still");

    // All of it goes to B, as a whole.
    let places = import(&mut b, &lines, 100).unwrap();
    assert_eq!(places, [1, 2, 3]);
    assert!(!flags(&b, &person).has(Flags::MOVED));
    assert_eq!(import(&mut b, &lines, 200).unwrap(), places, "again: a duplicate");
    // Sequences start again.
    let in_b = sign(&act, &key, OTHER);
    b.submit(Kind::Countersignature, in_b.as_bytes(), at(100)).unwrap();
    let third = person.rotate(&Person::head_of(&lines), at(50)).0;
    b.submit(Kind::Did, third.as_bytes(), at(100)).unwrap();
    let mut all = lines.clone();
    all.push(third);

    // And back: only what A lacks.
    all.push(person.move_to(&Person::head_of(&all), ORIGIN, at(60)));
    b.submit(Kind::Did, all[4].as_bytes(), at(100)).unwrap();
    assert!(flags(&b, &person).has(Flags::MOVED));
    assert_eq!(problem(import(&mut a, &all, 100)), "some of its entries stand in this log already");
    assert_eq!(broken(import(&mut a, &all[4..], 100)), (0, "version-conflict"), "one is missing");
    let size = a.size();
    assert_eq!(import(&mut a, &all[3..], 100).unwrap(), [size, size + 1]);
    assert!(!flags(&a, &person).has(Flags::MOVED));
    assert_eq!(a.state().did_head(person.scid()).unwrap().number(), 5);
    for log in [&mut a, &mut b] {
        seal(log, 100);
        audited(log, &parameters);
    }
}

#[test]
fn an_import_is_taken_as_a_whole_or_not_at_all() {
    let parameters = Parameters { import_max: 4, ..Parameters::default() };
    let mut b = new_log(OTHER, &parameters);
    let person = Person::new(5);
    let lines = moving(&person, 3);
    assert_eq!(problem(import(&mut b, &[], 100)), "it is empty");
    let mut shuffled = lines.clone();
    shuffled.swap(1, 2);
    assert_eq!(broken(import(&mut b, &shuffled, 100)), (1, "version-conflict"));
    let mut gap = lines.clone();
    gap.remove(1);
    assert_eq!(broken(import(&mut b, &gap, 100)), (1, "version-conflict"));
    let mut forged = lines.clone();
    forged[2] = forged[2].replace("key-2", "key-7");
    assert_eq!(broken(import(&mut b, &forged, 100)), (2, "entry-hash-mismatch"));
    let mut foreign = lines.clone();
    foreign[1] = Person::new(6).line;
    assert_eq!(problem(import(&mut b, &foreign, 100)), "not all entries are of one DID");
    let mut long = moving(&person, 4);
    assert_eq!(problem(import(&mut b, &long, 100)), "it has more entries than are taken at once");
    long.truncate(4);
    assert_eq!(problem(import(&mut b, &long, 100)), "the last entry does not name this log");
    let future = import(&mut b, &lines, -1_000);
    assert_eq!(code(future.map(|_| 0)), "clock-unsure");
    assert_eq!(b.size(), 1, "nothing of all that was recorded");
    assert_eq!(import(&mut b, &lines, 100).unwrap(), [1, 2, 3, 4]);
    seal(&mut b, 100);
    audited(&b, &parameters);
}

#[test]
fn a_log_that_takes_no_dids_takes_none_by_import() {
    let kinds = std::collections::BTreeSet::from([Kind::Anchor]);
    let mut b = new_log(OTHER, &Parameters { kinds, ..Parameters::default() });
    let refused = import(&mut b, &moving(&Person::new(5), 1), 100);
    assert_eq!(refused.unwrap_err().code(), "unsupported-entry-type");
}

/// 4 MiB with the framing, to the byte: white space in an entry is free, so it fills one up to any length.
#[test]
fn an_import_has_as_many_bytes_as_are_taken_at_once() {
    let mut b = new_log(OTHER, &Parameters::default());
    let lines = moving(&Person::new(5), 1);
    let filled = |length: usize| {
        let space = " ".repeat(length - lines[0].len());
        lines[0].replacen('{', &format!("{{{space}"), 1)
    };
    let frame = 3;
    let mut all = vec![filled((4 << 20) / 128 - frame); 128];
    assert_eq!(broken(import(&mut b, &all, 100)), (1, "version-conflict"), "not too large");
    all[0] = filled((4 << 20) / 128 - frame + 1);
    assert_eq!(problem(import(&mut b, &all, 100)), "it has more bytes than are taken at once");
}

/// What the operator's own node would not take, a mirror does not let pass either.
#[test]
fn an_audit_refuses_an_import_that_is_larger_than_one_may_be() {
    let person = Person::new(5);
    let lines = moving(&person, 3);
    let audited = |import_max| {
        let parameters = Parameters { import_max, ..Parameters::default() };
        let (_, digest) = parameters.genesis_document().unwrap();
        let genesis = new_log(OTHER, &parameters).leaf(0).unwrap().to_bytes();
        let mut mirror = Log::new(OTHER, &parameters, digest).unwrap();
        mirror.audit(&genesis).unwrap();
        let leaf = |line: &String| {
            crate::Leaf::new(Kind::Did, at(100), line.as_bytes().to_vec()).unwrap().to_bytes()
        };
        lines.iter().try_for_each(|line| mirror.audit(&leaf(line)).map(drop))
    };
    assert!(audited(4).is_ok());
    let Err(crate::LogError::LeafRefused { leaf_index: 4, source }) = audited(3) else {
        panic!("the fourth entry is one too many")
    };
    assert_eq!(source.code(), "import-invalid");
}

#[test]
fn a_history_without_another_home_is_entered_one_by_one() {
    let mut b = new_log(OTHER, &Parameters::default());
    let person = Person::with(5, inkan_crypto::KeyType::Ed25519, None);
    let mut lines = vec![person.line.clone()];
    lines.push(person.move_to(&Person::head_of(&lines), OTHER, at(10)));
    assert_eq!(
        problem(import(&mut b, &lines, 100)),
        "no other log is left: its entries are entered one by one"
    );
    for line in &lines {
        b.submit(Kind::Did, line.as_bytes(), at(100)).unwrap();
    }
    // What leaves this log must say so here first.
    lines.push(person.move_to(&Person::head_of(&lines), ORIGIN, at(20)));
    lines.push(person.move_to(&Person::head_of(&lines), OTHER, at(30)));
    let back = import(&mut b, &lines[2..], 100);
    assert_eq!(problem(back), "the DID's home is this log already");
    b.submit(Kind::Did, lines[2].as_bytes(), at(100)).unwrap();
    assert_eq!(import(&mut b, &lines[3..], 100).unwrap(), [4]);
    seal(&mut b, 100);
    audited(&b, &Parameters::default());
}

#[test]
fn a_homeless_copy_goes_on_after_its_did_found_another_home() {
    // B has the first version, which names no log; the DID then went to a third log, and moves from there to B.
    let mut b = new_log(OTHER, &Parameters::default());
    let person = Person::with(5, inkan_crypto::KeyType::Ed25519, None);
    let mut lines = vec![person.line.clone()];
    b.submit(Kind::Did, lines[0].as_bytes(), at(1)).unwrap();
    lines.push(person.move_to(&Person::head_of(&lines), THIRD, at(10)));
    assert_eq!(code(b.submit(Kind::Did, lines[1].as_bytes(), at(100))), "home-log-invalid");
    lines.push(person.move_to(&Person::head_of(&lines), OTHER, at(20)));
    assert_eq!(import(&mut b, &lines[1..], 100).unwrap(), [2, 3]);
    seal(&mut b, 100);
    audited(&b, &Parameters::default());
}

#[test]
fn an_audit_takes_an_import_for_what_it_is_and_nothing_else() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let first = world.head(&person);
    let leaving = person.move_to(&first, OTHER, at(10));
    world.submit(Kind::Did, &leaving, 10).unwrap();
    let lines = [person.line.clone(), leaving];
    let elsewhere = person.rotate(&Person::head_of(&lines), at(20)).0;
    // The operator logs what comes after the leaving entry: the rules let it in only as part of an import back.
    let mirror = |leaves: &[Vec<u8>]| {
        let (_, digest) = Parameters::default().genesis_document().unwrap();
        let mut log = Log::new(ORIGIN, &Parameters::default(), digest).unwrap();
        leaves.iter().try_for_each(|leaf| log.audit(leaf).map(drop)).map(|()| log)
    };
    let leaf = |kind, body: &str| {
        crate::Leaf::new(kind, at(30), body.as_bytes().to_vec()).unwrap().to_bytes()
    };
    let mut leaves = world.leaves();
    leaves.push(leaf(Kind::Did, &elsewhere));
    let open = mirror(&leaves).unwrap();
    let refused = |next: Vec<u8>| {
        let mut leaves = leaves.clone();
        leaves.push(next);
        let error = mirror(&leaves).unwrap_err();
        assert_eq!(error.code(), "leaves-inconsistent");
        let crate::LogError::LeafRefused { leaf_index: 4, source } = error else {
            panic!("{error}")
        };
        source.code()
    };
    let seal = open.prepare_epoch(at(30)).unwrap().unwrap();
    assert_eq!(refused(seal.bytes().to_vec()), "import-invalid");
    assert_eq!(refused(leaf(Kind::Did, &Person::new(6).line)), "import-invalid");
    let body = person.sign(&person.issuance(b"a"), at(30));
    assert_eq!(refused(leaf(Kind::Issuance, &body)), "import-invalid");
    let chain = [lines[0].clone(), lines[1].clone(), elsewhere];
    let back = person.move_to(&Person::head_of(&chain), ORIGIN, at(25));
    leaves.push(leaf(Kind::Did, &back));
    assert_eq!(mirror(&leaves).unwrap().state().did_head(person.scid()).unwrap().number(), 4);
}
