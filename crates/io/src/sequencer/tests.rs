use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::receipt::verify_receipt;

use super::*;
use crate::files::faults::{Fault, FaultyFiles};
use crate::ledger_folder::OpenOptions;
use crate::ledger_folder::tests::{ORIGIN, Person, at};

/// What a busy machine needs at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// A clock that tests move.
#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Hand {
    fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::Relaxed))
    }
}

fn options() -> SequencerOptions {
    SequencerOptions {
        checkpoint_every: Duration::from_millis(10),
        workers: Some(2),
        map_patience: PATIENCE,
        ..SequencerOptions::default()
    }
}

fn made(folder: &Path, open: &OpenOptions) -> LedgerFolder {
    LedgerFolder::create_with(folder, ORIGIN, open, &mut SeededRng::new(1), at(0)).unwrap()
}

fn started(folder: &Path) -> (Sequencer, SequencerHandle, Arc<Hand>) {
    let clock = Arc::new(Hand::default());
    let ledger = made(folder, &OpenOptions::default());
    let (sequencer, handle) = Sequencer::start(ledger, options(), clock.clone()).unwrap();
    (sequencer, handle, clock)
}

fn wait(handle: &SequencerHandle, kind: Kind, body: &str) -> Answer {
    handle.submit(kind, body.as_bytes().to_vec()).wait()
}

#[test]
fn everything_is_answered_also_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    assert_eq!(handle.is_ready(), Readiness::Ready);
    assert_eq!(wait(&handle, Kind::Did, "{}").unwrap_err().code(), "malformed-entry");
    let answers = handle.submit_batch(vec![(Kind::Did, vec![]), (Kind::Epoch, vec![])]).wait();
    let codes: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_err().code()).collect();
    assert_eq!(codes, ["malformed-entry", "unsupported-entry-type"]);
    let import = handle.submit_import(vec![vec![]]).wait();
    assert_eq!(import.unwrap_err().code(), "malformed-entry");
    assert_eq!(handle.wait_covered(0, Wait::Cosigned, PATIENCE), Ok(1));
    let late = handle.wait_covered(1, Wait::Cosigned, Duration::from_millis(1));
    assert_eq!(late.unwrap_err().code(), "not-yet-covered");
    sequencer.shutdown().unwrap();
    assert_eq!(handle.is_ready(), Readiness::NotReady("not-ready"));
    assert_eq!(wait(&handle, Kind::Did, "").unwrap_err().code(), "not-ready");
}

#[test]
fn many_submit_the_same_at_once_and_each_entry_has_one_leaf() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    let person = Person::new(5);
    wait(&handle, Kind::Did, &person.line).unwrap();
    let bodies: Vec<String> =
        (0..60_u8).map(|i| person.sign(&person.issuance(&[i]), at(0))).collect();
    // 16 clients, each with all entries, each in an order of its own.
    let places: Vec<Vec<Acknowledged>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|client| {
                let (handle, bodies) = (handle.clone(), &bodies);
                scope.spawn(move || {
                    let mut places = vec![None; bodies.len()];
                    for step in 0..bodies.len() {
                        let at = (step * 7 + client * 11) % bodies.len();
                        places[at] = Some(wait(&handle, Kind::Issuance, &bodies[at]).unwrap());
                    }
                    places.into_iter().map(Option::unwrap).collect()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let of =
        |client: &Vec<Acknowledged>| client.iter().map(|one| one.leaf_index).collect::<Vec<_>>();
    let first = of(&places[0]);
    assert!(places.iter().all(|client| of(client) == first), "the same for all");
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 60);
    let new = places.iter().flatten().filter(|one| one.standing == Standing::New).count();
    assert_eq!(new, 60, "each was new once");
    sequencer.shutdown().unwrap();
    let view = handle.reader().view_at(None).unwrap().unwrap();
    let policy = handle.reader().policy().clone();
    for one in &places[3] {
        assert_eq!(view.lookup(&one.entry_id).unwrap(), Some(one.leaf_index));
        let receipt = view.receipt(one.leaf_index).unwrap();
        let leaf = verify_receipt(&receipt, &policy, at(10)).unwrap();
        assert_eq!((leaf.leaf().hash(), leaf.leaf().time()), (one.leaf_hash, one.time));
    }
    assert_eq!(LedgerReader::open(folder.path()).unwrap().status().unwrap().leaves, view.size());
}

#[test]
fn a_batch_keeps_its_order_and_is_answered_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    let person = Person::new(6);
    let mut batch = vec![(Kind::Did, person.line.clone().into_bytes())];
    for sequence in 1..=100 {
        let body = person.sign(&person.act(sequence), at(0));
        batch.push((Kind::Countersignature, body.into_bytes()));
    }
    batch.insert(50, (Kind::Anchor, b"x".to_vec()));
    let answers = handle.submit_batch(batch).wait();
    assert_eq!(answers.len(), 102);
    assert_eq!(answers[50].clone().unwrap_err().code(), "malformed-entry");
    let good: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
    assert_eq!(good.len(), 101, "each is judged with those before it");
    assert!(good.is_sorted_by_key(|one| one.leaf_index));
    let last = good[100].leaf_index;
    assert!(handle.wait_covered(last, Wait::Cosigned, PATIENCE).is_ok());
    // Workers take half of what waits, at most 16: ten chunks, none of which is split, however slow they are.
    assert!(handle.metrics().commit.count <= 10, "many share one write");
    sequencer.shutdown().unwrap();
}

#[test]
fn two_updates_of_one_did_at_once_one_wins_and_the_other_is_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    let person = Person::new(7);
    wait(&handle, Kind::Did, &person.line).unwrap();
    let updates = [person.update(1, at(1)), person.update(2, at(1))];
    let tickets: Vec<_> =
        updates.iter().map(|line| handle.submit(Kind::Did, line.clone().into_bytes())).collect();
    let answers: Vec<_> = tickets.into_iter().map(Ticket::wait).collect();
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    assert_eq!(refused[0].code(), "version-conflict");
    sequencer.shutdown().unwrap();
    assert_eq!(handle.metrics().equivocations, 1);
    assert_eq!(handle.reader().equivocations(person.scid()).unwrap().len(), 1);
}

/// Without `check_room` the reserve is used up; without the answer for all of a batch, a client counts on an entry that is
/// not there.
#[test]
fn a_full_disk_is_said_before_the_reserve_is_used_and_writing_goes_on_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let layer = FaultyFiles::new(folder.path(), 5).unwrap();
    let open = OpenOptions { layer: Arc::new(layer.clone()), ..OpenOptions::default() };
    let ledger = made(folder.path(), &open);
    let clock: Arc<Hand> = Arc::default();
    let (sequencer, handle) = Sequencer::start(ledger, options(), clock).unwrap();
    let person = Person::new(8);
    let did = wait(&handle, Kind::Did, &person.line).unwrap();
    handle.wait_covered(did.leaf_index, Wait::Cosigned, PATIENCE).unwrap();
    layer.set_free((256 << 20) - 1);
    let body = person.sign(&person.issuance(b"a"), at(0));
    assert_eq!(wait(&handle, Kind::Issuance, &body).unwrap_err().code(), "storage-full");
    assert_eq!(handle.is_ready(), Readiness::NotReady("storage-full"));
    assert!(handle.reader().view_at(None).unwrap().is_some(), "reading goes on");
    layer.set_free(1 << 30);
    let taken = wait(&handle, Kind::Issuance, &body).unwrap();
    assert_eq!(handle.is_ready(), Readiness::Ready);

    // In the middle of a batch, in spite of the reserve; nothing else is being written then.
    handle.wait_covered(taken.leaf_index, Wait::Cosigned, PATIENCE).unwrap();
    let many = |from: u8| -> Vec<_> {
        let bodies = (from..from + 20).map(|i| person.sign(&person.issuance(&[9, i]), at(0)));
        bodies.map(|body| (Kind::Issuance, body.into_bytes())).collect()
    };
    layer.fail_after(0, Fault::Full);
    let answers = handle.submit_batch(many(0)).wait();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().code() == "storage-full"));
    layer.heal();
    let answers = handle.submit_batch(many(0)).wait();
    let new = |answer: &Answer| answer.as_ref().unwrap().standing == Standing::New;
    assert!(answers.iter().all(new), "nothing of the failed batch was kept");
    sequencer.shutdown().unwrap();
    let ledger = LedgerFolder::open(folder.path(), at(1)).unwrap();
    assert!(ledger.reader().status().unwrap().size > 22);
}

/// Without the check of the sync's result, an entry is acknowledged that the disk never confirmed.
#[test]
fn a_failed_sync_stops_the_log_and_opening_it_again_shows_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let layer = FaultyFiles::new(folder.path(), 5).unwrap();
    let open = OpenOptions { layer: Arc::new(layer.clone()), ..OpenOptions::default() };
    let ledger = made(folder.path(), &open);
    let clock: Arc<Hand> = Arc::default();
    let (sequencer, handle) = Sequencer::start(ledger, options(), clock).unwrap();
    let person = Person::new(9);
    let did = wait(&handle, Kind::Did, &person.line).unwrap();
    layer.fail_after(0, Fault::Sync);
    let body = person.sign(&person.issuance(b"a"), at(0));
    let refused = wait(&handle, Kind::Issuance, &body).unwrap_err();
    assert_eq!(refused.code(), "storage-unconfirmed");
    layer.heal();
    assert_eq!(wait(&handle, Kind::Issuance, &body).unwrap_err().code(), "storage-unconfirmed");
    assert_eq!(handle.is_ready(), Readiness::NotReady("storage-unconfirmed"));
    assert_eq!(sequencer.shutdown().unwrap_err().code(), "storage-unconfirmed");
    let mut ledger = LedgerFolder::open(folder.path(), at(1)).unwrap();
    let again = ledger.submit(Kind::Did, person.line.as_bytes(), at(1)).unwrap();
    assert_eq!((again.leaf_index, again.standing), (did.leaf_index, Standing::Duplicate));
    ledger.submit(Kind::Issuance, body.as_bytes(), at(1)).unwrap();
}

/// Without the catch the thread is gone, and a node goes on answering that it takes entries.
#[test]
fn a_defect_in_the_thread_of_the_log_stops_the_log_and_is_told_to_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    let person = Person::new(11);
    let did = wait(&handle, Kind::Did, &person.line).unwrap();
    handle.inner.hand_task(Box::new(|_| panic!("a defect, on purpose")));
    let since = now();
    while handle.is_ready() != Readiness::NotReady("storage-unconfirmed") {
        assert!(since.elapsed() < PATIENCE, "nobody was told");
        std::thread::sleep(Duration::from_millis(5));
    }
    let body = person.sign(&person.issuance(b"a"), at(0));
    let refused = wait(&handle, Kind::Issuance, &body).unwrap_err();
    assert_eq!(refused.code(), "storage-unconfirmed");
    assert_eq!(sequencer.shutdown().unwrap_err().code(), "storage-unconfirmed");
    let mut ledger = LedgerFolder::open(folder.path(), at(1)).unwrap();
    let again = ledger.submit(Kind::Did, person.line.as_bytes(), at(1)).unwrap();
    assert_eq!((again.leaf_index, again.standing), (did.leaf_index, Standing::Duplicate));
}

/// Without the watch, entries would be dated by a clock that jumped, with nothing in the log to tell.
#[test]
fn a_clock_that_jumps_stops_the_log_until_the_operator_says_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, clock) = started(folder.path());
    let person = Person::new(10);
    let did = wait(&handle, Kind::Did, &person.line).unwrap();
    handle.wait_covered(did.leaf_index, Wait::Cosigned, PATIENCE).unwrap();
    clock.set(5_000);
    let body = person.sign(&person.issuance(b"a"), at(5_000));
    assert_eq!(wait(&handle, Kind::Issuance, &body).unwrap_err().code(), "clock-unsure");
    assert_eq!(handle.is_ready(), Readiness::NotReady("clock-unsure"));
    sequencer.shutdown().unwrap();

    // A restart alone does not help; it would only hide the jump.
    let mut ledger = LedgerFolder::open(folder.path(), at(5_001)).unwrap();
    let refused = ledger.submit(Kind::Issuance, body.as_bytes(), at(5_001)).unwrap_err();
    assert_eq!(refused.code(), "clock-unsure");
    let size = ledger.reader().status().unwrap().size;
    drop(ledger);
    let open = OpenOptions { accept_clock: true, ..OpenOptions::default() };
    let mut ledger = LedgerFolder::open_with(folder.path(), &open, at(5_002)).unwrap();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    assert_eq!(view.size(), size + 1, "an epoch leaf with the event, before anything else");
    let leaf = view.entry(size).unwrap();
    let epoch = inkan_ledger::Epoch::parse(leaf.body()).unwrap();
    let document = ledger.reader().parameters(&epoch.params).unwrap().unwrap();
    let document = inkan_ledger::ParametersDocument::parse(&document).unwrap();
    let event = inkan_ledger::parameters::OperatorEvent::ClockAccepted { step: 5_000 };
    assert_eq!(document.event, event);
    ledger.submit(Kind::Issuance, body.as_bytes(), at(5_003)).unwrap();
    drop(ledger);
    assert!(LedgerFolder::open(folder.path(), at(5_004)).is_ok());
}

#[test]
fn an_idle_log_is_cosigned_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand::default());
    let ledger = made(folder.path(), &OpenOptions::default());
    let options = SequencerOptions {
        refresh_every: Duration::from_millis(20),
        watch_clock: false,
        ..options()
    };
    let (sequencer, handle) = Sequencer::start(ledger, options, clock.clone()).unwrap();
    clock.set(77);
    let begun = now();
    let status = || handle.reader().status().unwrap();
    while status().existed_by != Some(at(77)) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", status());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status().size, 1);
    sequencer.shutdown().unwrap();
}

#[test]
fn partial_tiles_go_when_their_full_tile_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = made(folder.path(), &OpenOptions::default());
    let options = SequencerOptions { keep_partial: Duration::ZERO, ..options() };
    let clock: Arc<Hand> = Arc::default();
    let (sequencer, handle) = Sequencer::start(ledger, options, clock).unwrap();
    let person = Person::new(11);
    wait(&handle, Kind::Did, &person.line).unwrap();
    let mut last = 0;
    for round in 0..3_u8 {
        let bodies = (0..100).map(|i| person.sign(&person.issuance(&[round, i]), at(0)));
        let batch = bodies.map(|body| (Kind::Issuance, body.into_bytes())).collect();
        last = handle.submit_batch(batch).wait().pop().unwrap().unwrap().leaf_index;
        handle.wait_covered(last, Wait::Cosigned, PATIENCE).unwrap();
    }
    sequencer.shutdown().unwrap();
    assert!(folder.path().join("tile/0/000").exists());
    assert!(!folder.path().join("tile/0/000.p").exists());
    assert!(!folder.path().join("tile/entries/000.p").exists());
    let view = handle.reader().view_at(None).unwrap().unwrap();
    let policy = handle.reader().policy().clone();
    for index in 0..=last {
        // Those of older checkpoints are proved from the full tile.
        assert!(verify_receipt(&view.receipt(index).unwrap(), &policy, at(9)).is_ok());
    }
}

/// Waits for what another thread is to do, as long as it takes on a busy machine.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn files_of_few_dids_come_with_their_checkpoint_and_of_many_after_it_and_survive_a_crash() {
    let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let layer = FaultyFiles::new(folder.path(), 7).unwrap();
    let open = OpenOptions { layer: Arc::new(layer.clone()), ..OpenOptions::default() };
    let ledger = made(folder.path(), &open);
    let options = SequencerOptions { checkpoint_every: Duration::from_millis(200), ..options() };
    let clock = Arc::new(Hand::default());
    let (sequencer, handle) = Sequencer::start(ledger, options, clock).unwrap();
    let file = |folder: &Path, seed: u64| {
        std::fs::read_to_string(folder.join(format!("public/{ORIGIN}/p{seed}/did.jsonl"))).ok()
    };
    let people: Vec<Person> = (0..150).map(Person::new).collect();
    let served = |person: &Person| Some(format!("{}\n", person.line));
    let index = wait(&handle, Kind::Did, &people[0].line).unwrap().leaf_index;
    handle.wait_covered(index, Wait::Checkpoint, Duration::from_secs(120)).unwrap();
    assert_eq!(file(folder.path(), 0), served(&people[0]));

    let rest = people.iter().skip(1).map(|person| (Kind::Did, person.line.clone().into_bytes()));
    let answers = handle.submit_batch(rest.collect()).wait();
    assert!(answers.iter().all(Result::is_ok));
    eventually("files of all DIDs", || {
        people.iter().zip(0..).all(|(person, seed)| file(folder.path(), seed) == served(person))
    });
    sequencer.shutdown().unwrap();
    // What was noted as written is durable, without any recovery.
    layer.crash(after.path()).unwrap();
    for (person, seed) in people.iter().zip(0..) {
        assert_eq!(file(after.path(), seed), served(person));
    }
}

mod limits;
mod quorum;

/// What a worker made is a few times as large as the entry, and a node may have nothing to do for hours.
#[test]
fn a_worker_without_work_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle, _) = started(folder.path());
    let person = Person::new(5);
    wait(&handle, Kind::Did, &person.line).unwrap();
    for number in 0..20_u8 {
        wait(&handle, Kind::Issuance, &person.sign(&person.issuance(&[number]), at(0))).unwrap();
    }
    let kept = || {
        let of = |place: &Mutex<Vec<inner::Spent>>| place.lock().unwrap().len();
        handle.inner.spent.iter().map(of).sum::<usize>()
    };
    let begun = now();
    while kept() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{} entries are kept", kept());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Woken by nobody, it still hears of new work, and of the end.
    wait(&handle, Kind::Issuance, &person.sign(&person.issuance(b"later"), at(0))).unwrap();
    sequencer.shutdown().unwrap();
}
