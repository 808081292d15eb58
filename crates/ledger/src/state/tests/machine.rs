//! The machine over its store: batches, changes, restarts, and that all of it gives the same log.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::entry::{AnchorScope, TrustOperation};
use crate::epoch::{MapRoot, Parameters};
use crate::leaf::{Kind, Leaf};
use crate::log::{ImportSubmission, Submission};
use crate::map::{Map, MapKey, MapValue};
use crate::state::{
    Base, Candidate, Changes, Controller, EQUIVOCATIONS_LIMIT, Equivocation, Machine, Memory,
    Named, Standing,
};
use crate::testing::{ORIGIN, Person, anchor, at, once, status, trust};
use crate::{Claims, Refusal, Rejection, SignedEntry};

fn document() -> Vec<u8> {
    Parameters::default().genesis_document().unwrap().0
}

/// A machine with the bytes it made, and the map as the specification computes it.
struct Bench {
    machine: Machine<Memory>,
    leaves: Vec<Vec<u8>>,
    heads: BTreeMap<MapKey, MapValue>,
}

impl Bench {
    fn new() -> Self {
        let machine = Machine::new(ORIGIN, &document(), Memory::new()).unwrap();
        let mut bench = Self { machine, leaves: Vec::new(), heads: BTreeMap::new() };
        bench.seal(0);
        bench
    }

    fn map_root(&self) -> MapRoot {
        let keys = u64::try_from(self.heads.len()).unwrap();
        MapRoot { root: Map::new(&self.heads).root(), keys }
    }

    fn commit(&mut self, prepared: crate::log::Prepared) -> u64 {
        self.leaves.push(prepared.bytes().to_vec());
        let placed = self.machine.commit(prepared).unwrap();
        if let Some((key, value)) = placed.head {
            self.heads.insert(key, value);
        }
        placed.leaf_index
    }

    fn seal(&mut self, time: i64) {
        let prepared = self.machine.prepare_epoch(at(time), self.map_root(), None).unwrap();
        if let Some(prepared) = prepared {
            self.commit(prepared);
        }
    }

    fn submit(&mut self, kind: Kind, body: &str, time: i64) -> Result<u64, Refusal> {
        let candidate = Candidate::parse(kind, body.as_bytes().to_vec())?;
        match self.machine.prepare(&candidate, at(time))? {
            Submission::New(prepared) => Ok(self.commit(*prepared)),
            Submission::Duplicate { leaf_index } => Ok(leaf_index),
        }
    }

    /// Everything in the base, nothing in the machine.
    fn store(&mut self) {
        let changes = self.machine.take_changes();
        store(&mut self.machine, &changes, &self.leaves);
        self.machine.settle();
    }
}

fn store(machine: &mut Machine<Memory>, changes: &Changes, leaves: &[Vec<u8>]) {
    let memory = machine.base_mut();
    memory.store(changes);
    let known = usize::try_from(leaf_count(memory)).unwrap();
    for leaf in &leaves[known..] {
        memory.push_leaf(Leaf::parse(leaf).unwrap());
    }
}

fn leaf_count(memory: &Memory) -> u64 {
    (0..).find(|index| memory.leaf(*index).is_none()).unwrap()
}

#[test]
fn a_batch_is_kept_or_undone() {
    let mut bench = Bench::new();
    let person = Person::new(5);
    bench.machine.begin();
    bench.submit(Kind::Did, &person.line, 1).unwrap();
    let body = person.sign(&Claims::Status(status(1, b"a")), at(1));
    bench.submit(Kind::Status, &body, 1).unwrap();
    let other = person.sign(&Claims::Once(once(1)), at(1));
    bench.submit(Kind::Once, &other, 1).unwrap();
    let shown = bench.machine.controller(person.scid()).unwrap();
    assert!(shown.is_none(), "a head that may go is not shown to workers");
    bench.machine.undo();
    bench.leaves.truncate(1);
    bench.heads.clear();
    assert_eq!(bench.machine.size(), 1);
    let refusal = bench.submit(Kind::Status, &body, 1).unwrap_err();
    assert_eq!(refusal.code(), "unknown-signer", "as if it had never been");
    bench.machine.begin();
    assert_eq!(bench.submit(Kind::Did, &person.line, 1).unwrap(), 1);
    assert_eq!(bench.submit(Kind::Status, &body, 1).unwrap(), 2);
    bench.machine.keep();
    bench.machine.undo();
    assert_eq!(bench.machine.size(), 3, "what is kept stays");
    assert_eq!(bench.submit(Kind::Status, &body, 1).unwrap(), 2);
    // Who begins the next batch says that the last one is durable.
    bench.machine.begin();
    assert_eq!(bench.submit(Kind::Once, &other, 1).unwrap(), 3);
    bench.machine.begin();
    bench.machine.undo();
    assert_eq!(bench.submit(Kind::Once, &other, 1).unwrap(), 3, "it is known, and has its place");
    assert_eq!(bench.machine.size(), 4);
}

#[test]
fn changes_are_answered_for_until_they_are_settled() {
    let mut bench = Bench::new();
    let person = Person::new(5);
    bench.submit(Kind::Did, &person.line, 1).unwrap();
    let body = person.sign(&Claims::Status(status(1, b"a")), at(1));
    bench.submit(Kind::Status, &body, 1).unwrap();
    let first = bench.machine.take_changes();
    assert_eq!(first.standing(), bench.machine.standing());
    assert_eq!((first.entries().len(), first.heads().len(), first.epochs()), (2, 2, &[0][..]));
    assert_eq!(first.controllers().len(), 1);
    assert_eq!(first.versions()[&(MapKey::did(person.scid()), 1)].leaf_index, 1);
    assert_eq!(first.documents().values().collect::<Vec<_>>(), [&document()]);
    let named: Vec<_> = first.addresses().iter().map(|address| &address.named).collect();
    let list = status(1, b"a").uri;
    assert_eq!(named, [&Named::Did(person.did.as_str().to_owned()), &Named::List(list.clone())]);
    assert!(!first.is_empty());
    // Nothing is stored yet, and the log goes on.
    assert_eq!(bench.submit(Kind::Status, &body, 2).unwrap(), 2);
    let next = person.sign(&Claims::Status(status(2, b"b")), at(2));
    bench.submit(Kind::Status, &next, 2).unwrap();
    let head = bench.machine.controller(person.scid()).unwrap().unwrap();
    let (line, _) = person.rotate(head.head(), at(3));
    bench.submit(Kind::Did, &line, 3).unwrap();
    let second = bench.machine.take_changes();
    assert_eq!((second.entries().len(), second.history().len()), (2, 2));
    let named: Vec<_> = second.addresses().iter().map(|address| &address.named).collect();
    assert_eq!(named, [&Named::List(list)], "the DID is where it was");
    assert!(!second.is_empty());
    assert!(bench.machine.take_changes().is_empty());
    let leaves = bench.leaves.clone();
    store(&mut bench.machine, &first, &leaves);
    bench.machine.settle();
    assert_eq!(bench.submit(Kind::Status, &body, 4).unwrap(), 2);
    assert_eq!(bench.submit(Kind::Status, &next, 4).unwrap(), 3);
    store(&mut bench.machine, &second, &leaves);
    // Stored, not settled: both answer, and say the same.
    let (fork, _) = person.rotate(head.head(), at(5));
    let refusal = bench.submit(Kind::Did, &fork, 5).unwrap_err();
    let Refusal::Equivocation(evidence) = refusal else { panic!("{refusal}") };
    for number in 0..EQUIVOCATIONS_LIMIT {
        let version_id = format!("2-{number}");
        let other = Equivocation { scid: "other".to_owned(), version_id, ..(*evidence).clone() };
        assert!(bench.machine.keep_evidence(other).unwrap());
    }
    let more = Equivocation { scid: "other".to_owned(), ..(*evidence).clone() };
    assert!(!bench.machine.keep_evidence(more).unwrap(), "enough of that DID, not of this one");
    assert!(bench.machine.keep_evidence(*evidence.clone()).unwrap());
    assert!(!bench.machine.keep_evidence(*evidence).unwrap(), "known already");
    bench.machine.settle();
    bench.machine.settle();
    assert_eq!(bench.submit(Kind::Status, &next, 6).unwrap(), 3);
    let third = bench.machine.take_changes();
    assert_eq!((third.equivocations().len(), third.is_empty()), (EQUIVOCATIONS_LIMIT + 1, false));
}

#[test]
fn what_a_worker_checked_is_checked_again_if_the_head_moved() {
    let mut bench = Bench::new();
    let person = Person::new(5);
    bench.submit(Kind::Did, &person.line, 1).unwrap();
    let before: Controller = bench.machine.controller(person.scid()).unwrap().unwrap();
    let body = person.sign(&person.issuance(b"a"), at(1));
    let mut candidate = Candidate::parse(Kind::Issuance, body.into_bytes()).unwrap();
    assert_eq!(candidate.signer_scid(), person.scid());
    assert!(candidate.check_signature(None, at(1)).is_err());
    candidate.check_signature(Some(&before), at(1)).unwrap();
    assert!(bench.machine.prepare(&candidate, at(1)).is_ok());
    let claims = person.issuance(b"a");
    let stranger = Person::new(6).key;
    let forged = SignedEntry::sign(&claims, &person.kid(), ORIGIN, &stranger, at(1)).unwrap();
    let mut forged = Candidate::parse(Kind::Issuance, forged.into_bytes()).unwrap();
    assert!(forged.check_signature(Some(&before), at(1)).is_err());
    assert!(
        bench.machine.prepare(&forged, at(1)).is_err(),
        "a signature that no worker found good"
    );
    let (line, _) = person.rotate(before.head(), at(2));
    bench.submit(Kind::Did, &line, 2).unwrap();
    let refusal = bench.machine.prepare(&candidate, at(2)).unwrap_err();
    assert_eq!(refusal.code(), "key-not-authorized");
    // A worker that knew an older head does no harm.
    let head = bench.machine.controller(person.scid()).unwrap().unwrap();
    let (third, _) = person.rotate(head.head(), at(3));
    let mut candidate = Candidate::parse(Kind::Did, third.into_bytes()).unwrap();
    assert!(candidate.check_signature(Some(&before), at(3)).is_err());
    assert!(bench.machine.prepare(&candidate, at(3)).is_ok());
    // Nor one whose clock was ahead: what lies in the future is refused by ledger time.
    let ahead = person.rotate(head.head(), at(1_000)).0;
    let mut candidate = Candidate::parse(Kind::Did, ahead.into_bytes()).unwrap();
    candidate.check_signature(Some(&head), at(1_000)).unwrap();
    let refusal = bench.machine.prepare(&candidate, at(3)).unwrap_err();
    assert_eq!(refusal.code(), "version-time-invalid");
}

/// Without the versions that a kept batch brought, a fork would be refused and leave no evidence.
#[test]
fn a_fork_of_versions_from_batches_that_were_kept_is_evidence() {
    let mut bench = Bench::new();
    let person = Person::new(5);
    bench.machine.begin();
    bench.submit(Kind::Did, &person.line, 1).unwrap();
    bench.machine.keep();
    let first = bench.machine.controller(person.scid()).unwrap().unwrap();
    bench.machine.begin();
    bench.submit(Kind::Did, &person.rotate(first.head(), at(2)).0, 2).unwrap();
    bench.machine.keep();
    let refusal = bench.submit(Kind::Did, &person.rotate(first.head(), at(3)).0, 3).unwrap_err();
    assert!(matches!(refusal, Refusal::Equivocation(_)), "{refusal:?}");
}

#[test]
fn a_machine_begins_with_the_document_of_a_new_log() {
    use crate::parameters::{OperatorEvent, ParametersDocument};
    let genesis = ParametersDocument::parse(&document()).unwrap();
    let event = OperatorEvent::ClockAccepted { step: 1 };
    let later = genesis.record(inkan_core::sha256(&[&document()]), event).to_bytes().unwrap();
    let error = Machine::new(ORIGIN, &later, Memory::new()).unwrap_err();
    assert_eq!(error.code(), "params-invalid");
}

/// What a worker found good is not looked at again, so it must look at all of it: without the check there, a DID that ended
/// or moved away would go on signing.
#[test]
fn a_worker_finds_no_signer_good_that_ended_or_moved_away() {
    for (ending, code) in [(true, "signer-deactivated"), (false, "signer-moved")] {
        let mut bench = Bench::new();
        let person = Person::new(5);
        bench.submit(Kind::Did, &person.line, 1).unwrap();
        let head = bench.machine.controller(person.scid()).unwrap().unwrap();
        let last = if ending {
            person.deactivate(head.head(), at(2))
        } else {
            person.move_to(head.head(), "other.example", at(2))
        };
        bench.submit(Kind::Did, &last, 2).unwrap();
        let ended = bench.machine.controller(person.scid()).unwrap().unwrap();
        let body = person.sign(&person.issuance(b"a"), at(3));
        let mut candidate = Candidate::parse(Kind::Issuance, body.into_bytes()).unwrap();
        let refused = candidate.check_signature(Some(&ended), at(3)).unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(bench.machine.prepare(&candidate, at(3)).unwrap_err().code(), code);
    }
}

#[test]
fn a_clock_far_behind_is_taken_only_after_the_operator_said_so() {
    let mut bench = Bench::new();
    bench.submit(Kind::Did, &Person::new(5).line, 10_000).unwrap();
    let body = Person::new(6).line;
    let refusal = bench.submit(Kind::Did, &body, 1).unwrap_err();
    assert_eq!(refusal.code(), "clock-unsure");
    bench.machine.accept_clock();
    bench.submit(Kind::Did, &body, 1).unwrap();
    assert_eq!(bench.machine.standing().time(), at(10_000), "ledger time never goes back");
    bench.submit(Kind::Did, &Person::new(9).line, 2).unwrap();
    // Once it has caught up, the next step back is another one.
    bench.submit(Kind::Did, &Person::new(7).line, 10_001).unwrap();
    let refusal = bench.submit(Kind::Did, &Person::new(8).line, 2).unwrap_err();
    assert_eq!(refusal.code(), "clock-unsure");
    let before_1970 = inkan_core::Timestamp::from_seconds(-1).unwrap();
    assert!(bench.machine.ledger_time(before_1970).is_err());
    let new = Machine::new(ORIGIN, &document(), Memory::new()).unwrap();
    assert!(new.ledger_time(before_1970).is_err());
    assert!(new.ledger_time(inkan_core::Timestamp::EPOCH).is_ok());
}

#[test]
fn a_standing_is_stored_whole() {
    let mut bench = Bench::new();
    bench.submit(Kind::Did, &Person::new(5).line, 1).unwrap();
    let standing = bench.machine.standing();
    let bytes = standing.to_bytes();
    assert_eq!(Standing::from_bytes(&bytes).as_ref(), Ok(standing));
    assert_eq!((standing.size(), standing.epoch(), standing.is_sealed()), (2, Some(0), false));
    let empty = Machine::new(ORIGIN, &document(), Memory::new()).unwrap();
    let stored = Standing::from_bytes(&empty.standing().to_bytes());
    assert_eq!(stored.as_ref(), Ok(empty.standing()), "before the first epoch too");
    assert_eq!(standing.document_bytes(), document());
    for end in 0..bytes.len() {
        assert!(Standing::from_bytes(&bytes[..end]).is_err());
    }
    let text = String::from_utf8(bytes).unwrap();
    let more = text.replacen('{', "{\"also\":1,", 1);
    assert!(Standing::from_bytes(more.as_bytes()).is_err(), "stored by something newer");
    let controller = bench.machine.controller(Person::new(5).scid()).unwrap().unwrap();
    let stored = controller.to_bytes();
    let back = Controller::from_bytes(&stored).unwrap();
    assert_eq!(format!("{back:?}"), format!("{controller:?}"));
    for end in 0..stored.len() {
        assert!(Controller::from_bytes(&stored[..end]).is_err());
    }
    let mut other = stored;
    other[1] = 2;
    assert!(Controller::from_bytes(&other).is_err());
}

/// One step of a random workload.
#[derive(Clone, Copy, Debug)]
struct Step {
    who: usize,
    what: u8,
    variant: u8,
    seconds: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..4_usize, 0..14_u8, 0..4_u8, 0..40_i64)
        .prop_map(|(who, what, variant, seconds)| Step { who, what, variant, seconds });
    prop::collection::vec(step, 1..60)
}

/// Plays a workload; the leaves are what the entries make of it, whatever the machine keeps where.
fn play(steps: &[Step], mut after: impl FnMut(&mut Bench, usize)) -> Bench {
    let people: Vec<_> = (0..4).map(|seed| Person::new(20 + seed)).collect();
    let mut lines: Vec<Vec<String>> =
        people.iter().map(|person| vec![person.line.clone()]).collect();
    let mut bench = Bench::new();
    let mut time = 1;
    for (position, step) in steps.iter().enumerate() {
        time += step.seconds;
        let person = &people[step.who];
        let sequence = u64::from(step.variant) + 1;
        let sign = |claims: Claims| (claims.kind(), person.sign(&claims, at(time)));
        let (kind, body) = match step.what {
            0 | 1 => (Kind::Did, lines[step.who].last().unwrap().clone()),
            2 => sign(person.issuance(&[step.variant])),
            3 | 4 => sign(person.act(1, sequence, &[step.variant])),
            5 | 6 => sign(Claims::Status(status(sequence, &[step.variant]))),
            7 => {
                let mut claims = trust(sequence);
                if step.variant == 1 {
                    claims.operation = TrustOperation::Void { since: at(0) };
                }
                sign(Claims::Trust(claims))
            }
            8 => {
                let mut claims = anchor(&[step.variant]);
                claims.scope = AnchorScope::ALL[usize::from(step.variant)];
                sign(Claims::Anchor(claims))
            }
            9 => sign(Claims::Once(once(step.variant))),
            10 => {
                let own = &mut lines[step.who];
                let head = Person::head_of(own);
                if head.time() < at(time) && !head.deactivated() {
                    let line = match step.variant {
                        0 => person.deactivate(&head, at(time)),
                        1 => person.move_to(&head, "other.example", at(time)),
                        2 => person.move_to(&head, ORIGIN, at(time)),
                        _ => person.rotate(&head, at(time)).0,
                    };
                    own.push(line);
                }
                (Kind::Did, own.last().unwrap().clone())
            }
            11 => {
                let candidates: Vec<_> = lines[step.who]
                    .iter()
                    .map(|line| Candidate::parse(Kind::Did, line.clone().into_bytes()).unwrap())
                    .collect();
                let missing: Vec<_> = candidates
                    .into_iter()
                    .filter(|one| bench.machine.lookup(&one.entry_id()).unwrap().is_none())
                    .collect();
                if let Ok(ImportSubmission::New(all)) =
                    bench.machine.prepare_import(&missing, at(time))
                {
                    for prepared in all {
                        bench.commit(prepared);
                    }
                }
                after(&mut bench, position);
                continue;
            }
            12 => (Kind::Did, lines[step.who][0].clone()),
            _ => {
                bench.seal(time);
                after(&mut bench, position);
                continue;
            }
        };
        if let Err(Refusal::Equivocation(evidence)) = bench.submit(kind, &body, time) {
            bench.machine.keep_evidence(*evidence).unwrap();
        }
        after(&mut bench, position);
    }
    bench.seal(time);
    bench
}

fn newest_of(bench: &mut Bench) -> BTreeMap<MapKey, MapValue> {
    bench.store();
    bench.machine.base().heads(bench.machine.size())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_same_entries_give_the_same_log_wherever_the_state_is_kept(steps in steps()) {
        // All in the machine; all in the base after each step; stored now and then, settled later.
        let mut overlay = play(&steps, |_, _| ());
        let mut based = play(&steps, |bench, _| bench.store());
        let mut pending = None;
        let mut mixed = play(&steps, |bench, position| match position % 5 {
            0 => bench.machine.begin(),
            2 => bench.machine.keep(),
            3 if pending.is_none() => pending = Some(bench.machine.take_changes()),
            4 => {
                if let Some(changes) = pending.take() {
                    let leaves = bench.leaves[..usize::try_from(changes.standing().size()).unwrap()]
                        .to_vec();
                    store(&mut bench.machine, &changes, &leaves);
                    bench.machine.settle();
                }
            }
            _ => {}
        });
        if let Some(changes) = pending.take() {
            let leaves = mixed.leaves[..usize::try_from(changes.standing().size()).unwrap()].to_vec();
            store(&mut mixed.machine, &changes, &leaves);
            mixed.machine.settle();
        }
        prop_assert_eq!(&overlay.leaves, &based.leaves);
        prop_assert_eq!(&overlay.leaves, &mixed.leaves);
        prop_assert_eq!(overlay.machine.standing(), based.machine.standing());
        prop_assert_eq!(overlay.machine.standing(), mixed.machine.standing());
        let heads = overlay.heads.clone();
        prop_assert_eq!(&newest_of(&mut overlay), &heads);
        prop_assert_eq!(&newest_of(&mut based), &heads);
        prop_assert_eq!(&newest_of(&mut mixed), &heads);

        // Replay and audit, from genesis and from a restart in the middle.
        let middle = overlay.leaves.len() / 2;
        for audited in [false, true] {
            let mut machine = Machine::new(ORIGIN, &document(), Memory::new()).unwrap();
            let mut map = BTreeMap::new();
            for (position, leaf) in overlay.leaves.iter().enumerate() {
                let placed = if audited {
                    let root = MapRoot {
                        root: Map::new(&map).root(),
                        keys: u64::try_from(map.len()).unwrap(),
                    };
                    machine.audit(leaf, || Ok(root)).unwrap()
                } else {
                    machine.replay(leaf).unwrap()
                };
                if let Some((key, value)) = placed.head {
                    map.insert(key, value);
                }
                if position == middle && !audited {
                    let changes = machine.take_changes();
                    store(&mut machine, &changes, &overlay.leaves[..=position]);
                    let standing = Standing::from_bytes(&machine.standing().to_bytes()).unwrap();
                    machine = Machine::resume(ORIGIN, machine.base().clone(), standing);
                }
            }
            prop_assert_eq!(machine.standing(), overlay.machine.standing());
            prop_assert_eq!(&map, &heads);
            let changes = machine.take_changes();
            store(&mut machine, &changes, &overlay.leaves);
            for person in (0..4).map(|seed| Person::new(20 + seed)) {
                let one = machine.base().controller(person.scid()).unwrap();
                let other = overlay.machine.base().controller(person.scid()).unwrap();
                prop_assert_eq!(one.map(|it| it.to_bytes()), other.map(|it| it.to_bytes()));
            }
        }
    }
}

#[test]
fn a_log_without_leaves_takes_no_entry() {
    let machine = Machine::new(ORIGIN, &document(), Memory::new()).unwrap();
    let candidate = Candidate::parse(Kind::Did, Person::new(5).line.into_bytes()).unwrap();
    let refusal = machine.prepare(&candidate, at(1)).unwrap_err();
    assert_eq!(refusal, Refusal::Rejected(Rejection::NotReady));
    let refusal = machine.prepare_import(&[candidate], at(1)).unwrap_err();
    assert_eq!(refusal, Refusal::Rejected(Rejection::NotReady));
    assert!(Machine::new(ORIGIN, b"{}", Memory::new()).is_err());
}

/// Without the document a later start could not say which rules the log was under.
#[test]
fn what_a_kept_batch_brought_is_stored() {
    let mut bench = Bench::new();
    drop(bench.machine.take_changes());
    bench.machine.begin();
    let standing = bench.machine.standing();
    let event = crate::parameters::OperatorEvent::ClockAccepted { step: 1 };
    let next = standing.document().record(standing.document_digest(), event);
    let map = bench.map_root();
    let prepared = bench.machine.prepare_epoch(at(1), map, Some(&next)).unwrap().unwrap();
    bench.commit(prepared);
    bench.machine.keep();
    let changes = bench.machine.take_changes();
    let stored = changes.documents().values().next().map(Vec::as_slice);
    assert_eq!(stored, Some(next.to_bytes().unwrap().as_slice()));
    assert_eq!(changes.epochs(), [1]);
    bench.machine.begin();
    bench.submit(Kind::Did, &Person::new(5).line, 2).unwrap();
    let changes = bench.machine.take_changes();
    assert_eq!(changes.entries().len(), 1, "a running batch is kept");
    assert_eq!(changes.addresses().len(), 1);
}
