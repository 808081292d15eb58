//! What a sequencer turns away, and what it goes on taking meanwhile.

use std::sync::mpsc::{Sender, channel};

use super::*;
use crate::ledger_folder::{Step, Steps};

/// Without the count of what waits, memory would grow with whoever submits fastest; without its being given back, nothing
/// would be taken any more.
#[test]
fn what_does_not_fit_the_queue_is_turned_away_whole() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = made(folder.path(), &OpenOptions::default());
    let options = SequencerOptions { queue: 3, ..options() };
    let (sequencer, handle) = Sequencer::start(ledger, options, Arc::<Hand>::default()).unwrap();
    let person = Person::new(12);
    wait(&handle, Kind::Did, &person.line).unwrap();
    let batch = |count: u8| -> Vec<_> {
        let bodies = (0..count).map(|i| person.sign(&person.issuance(&[i]), at(0)));
        bodies.map(|body| (Kind::Issuance, body.into_bytes())).collect()
    };
    for _ in 0..3 {
        let answers = handle.submit_batch(batch(4)).wait();
        assert_eq!(answers.len(), 4);
        for answer in answers {
            assert_eq!(answer.unwrap_err().code(), "overloaded");
        }
        let import = vec![person.line.clone().into_bytes(); 4];
        assert_eq!(handle.submit_import(import).wait().unwrap_err().code(), "overloaded");
    }
    let mut new = 0;
    for _ in 0..3 {
        for answer in handle.submit_batch(batch(3)).wait() {
            new += usize::from(answer.unwrap().standing == Standing::New);
        }
    }
    assert_eq!(new, 3, "nothing of what was turned away was taken");
    sequencer.shutdown().unwrap();
}

/// A door that is shut until somebody opens it.
#[derive(Debug, Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    fn pass(&self) {
        let mut open = self.0.lock().unwrap();
        while !*open {
            open = self.1.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }
}

/// Without the look at how far the map is behind, its queue would grow without bound while a checkpoint takes long; kinds
/// that are not in the map are not held up by it.
#[test]
fn kinds_in_the_map_wait_for_a_map_that_lags_and_the_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let door = Arc::new(Door::default());
    let (passing, reached) = channel::<()>();
    let (theirs, passing) = (Arc::clone(&door), Mutex::new(Some(passing)));
    drop(made(folder.path(), &OpenOptions::default()));
    let steps = Steps::new(Arc::new(move |step| {
        if step == Step::Guarded {
            if let Some(passing) = passing.lock().unwrap().take() {
                passing.send(()).unwrap();
            }
            theirs.pass();
        }
    }));
    let open = OpenOptions { steps, ..OpenOptions::default() };
    let ledger = LedgerFolder::open_with(folder.path(), &open, at(0)).unwrap();
    let options = SequencerOptions { map_patience: Duration::from_millis(200), ..options() };
    let (sequencer, handle) = Sequencer::start(ledger, options, Arc::<Hand>::default()).unwrap();
    let person = Person::new(13);
    wait(&handle, Kind::Did, &person.line).unwrap();
    // A checkpoint is under way and does not end, so that no further one waits for the map.
    reached.recv().unwrap();
    let (hold, held) = channel::<Sender<()>>();
    handle.inner.hand_task(Box::new(move |parts| hold.send(parts.engine.map.hold()).unwrap()));
    let release = held.recv().unwrap();
    let act = |sequence| {
        let body = person.sign(&person.act(sequence), at(0));
        wait(&handle, Kind::Countersignature, &body)
    };
    let (deadline, mut sequence) = (now() + Duration::from_secs(60), 1);
    let refused = loop {
        match act(sequence) {
            Ok(_) => sequence += 1,
            Err(error) => break error,
        }
        assert!(now() < deadline, "the map lags and nobody says so");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(refused.code(), "overloaded");
    let body = person.sign(&person.issuance(b"a"), at(0));
    wait(&handle, Kind::Issuance, &body).unwrap();
    let import = handle.submit_import(vec![person.line.clone().into_bytes()]).wait();
    assert_eq!(import.unwrap_err().code(), "overloaded");
    drop(release);
    door.open();
    while act(sequence).is_err() {
        assert!(now() < deadline, "the map has caught up and nobody notices");
        std::thread::sleep(Duration::from_millis(10));
    }
    sequencer.shutdown().unwrap();
}

/// Without its limits one batch could be larger than what is read of a journal, or keep everybody waiting for its sync.
#[test]
fn a_batch_has_so_many_entries_and_bytes_and_no_more() {
    for (batch_entries, batch_bytes) in [(2, usize::MAX), (usize::MAX, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let ledger = made(folder.path(), &OpenOptions::default());
        let options = SequencerOptions { batch_entries, batch_bytes, ..options() };
        let (sequencer, handle) =
            Sequencer::start(ledger, options, Arc::<Hand>::default()).unwrap();
        let person = Person::new(12);
        wait(&handle, Kind::Did, &person.line).unwrap();
        let before = handle.metrics().commit.count;
        let bodies = (0..12_u8).map(|i| person.sign(&person.issuance(&[i]), at(0)));
        let batch = bodies.map(|body| (Kind::Issuance, body.into_bytes())).collect();
        let answers = handle.submit_batch(batch).wait();
        assert!(answers.len() == 12 && answers.iter().all(Result::is_ok));
        let commits = handle.metrics().commit.count - before;
        assert!(commits >= if batch_bytes == 1 { 12 } else { 6 }, "{commits} batches");
        sequencer.shutdown().unwrap();
    }
}
