//! What a crash, a restored copy, or a damaged disk leaves behind, at every place of the order of durable steps.

use std::sync::Mutex;

use super::*;
use crate::cosigner::Seen;
use crate::ledger_folder::Step as At;

/// Copies a folder with all below it, but for the lock.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "LOCK" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The folder before and after an operation.
pub(super) struct Step {
    _folder: tempfile::TempDir,
    pub(super) before: std::path::PathBuf,
    pub(super) after: std::path::PathBuf,
}

pub(super) fn step(operation: impl FnOnce(&mut LedgerFolder, &Person)) -> Step {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let (mut ledger, person) = filled(&after);
    copy(&after, &before);
    operation(&mut ledger, &person);
    Step { before, after, _folder: folder }
}

pub(super) fn checkpointed(ledger: &mut LedgerFolder, person: &Person) {
    enter(ledger, person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
}

/// The folder as it is at each named step of a checkpoint, and before it; the last is of after it.
fn at_each_step() -> (tempfile::TempDir, Vec<(String, std::path::PathBuf)>) {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live");
    drop(filled(&live));
    let copies = Arc::new(Mutex::new(Vec::new()));
    let (from, into, told) = (live.clone(), folder.path().to_path_buf(), Arc::clone(&copies));
    let steps = Steps::new(Arc::new(move |step: At| {
        let mut copies = told.lock().unwrap();
        let target = into.join(format!("{}-{}", copies.len(), step.name()));
        copy(&from, &target);
        copies.push((step.name().to_owned(), target));
    }));
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let mut ledger = LedgerFolder::open_with(&live, &options, at(390)).unwrap();
    checkpointed(&mut ledger, &Person::new(5));
    drop(ledger);
    let mut copies = std::mem::take(&mut *copies.lock().unwrap());
    copies.push(("after".to_owned(), live));
    (folder, copies)
}

/// Without R4 or R6 the checkpoint stays unfinished, and an epoch leaf ends none; without R9 the folder's note stays old.
#[test]
fn a_checkpoint_interrupted_at_any_step_is_finished_with_the_same_root() {
    let (_folder, copies) = at_each_step();
    let names: BTreeSet<&str> = copies.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), At::ALL.len() + 1, "every step is taken: {names:?}");
    let root = LedgerReader::open(&copies.last().unwrap().1).unwrap().status().unwrap().root;
    let mut sealed = false;
    for (name, path) in &copies {
        sealed |= name == At::Sealed.name();
        let mut ledger = LedgerFolder::open(path, at(500)).unwrap();
        let status = ledger.reader().status().unwrap();
        if sealed {
            assert_eq!((status.size, &status.root), (11, &root), "{name}");
        }
        let again = enter(&mut ledger, &Person::new(5), &Person::new(5).issuance(b"b"), at(500));
        assert_eq!(again, 9, "{name}: there, or recorded now");
        assert_eq!(ledger.checkpoint(at(501)).unwrap(), 11, "{name}");
        let policy = ledger.reader().policy().clone();
        let view = ledger.reader().view_at(None).unwrap().unwrap();
        assert_eq!(view.size(), 11, "{name}");
        for index in 0..11 {
            let receipt = view.receipt(index).unwrap();
            assert!(verify_receipt(&receipt, &policy, at(600)).is_ok(), "{name}: {index}");
            let leaf = view.entry(index).unwrap();
            if let Ok(entry) = SignedEntry::parse(leaf.kind(), leaf.body()) {
                assert_eq!(view.lookup(&entry.entry_id()).unwrap(), Some(index), "{name}");
            }
        }
        let file = recover::read_note(&path.join("checkpoint")).unwrap();
        assert_eq!(file.unwrap().text(), view.note().text(), "{name}");
    }
}

#[test]
fn an_entry_torn_at_any_byte_was_never_there_and_a_whole_one_is() {
    let step = step(|ledger, person| {
        enter(ledger, person, &person.issuance(b"b"), at(400));
    });
    let new = fs::read(step.after.join("journal/9.jnl")).unwrap();
    assert_eq!(fs::read(step.before.join("journal/9.jnl")).unwrap(), b"");
    for length in (0..=new.len()).filter(|at| at % 97 == 0 || at + 2 > new.len()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.before, &path);
        fs::write(path.join("journal/9.jnl"), &new[..length]).unwrap();
        let leaves = if length == new.len() { 10 } else { 9 };
        assert_eq!(LedgerReader::open(&path).unwrap().status().unwrap().leaves, leaves);
        let mut ledger = LedgerFolder::open(&path, at(500)).unwrap();
        assert_eq!(ledger.reader().status().unwrap().leaves, leaves, "cut at {length}");
        let person = Person::new(5);
        assert_eq!(enter(&mut ledger, &person, &person.issuance(b"b"), at(500)), 9);
        assert_eq!(ledger.checkpoint(at(501)).unwrap(), 11);
    }
}

/// What happens when a folder is opened that somebody changed, and a checkpoint is asked for.
fn changed(from: &Path, change: impl Fn(&Path)) -> Result<u64, &'static str> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    copy(from, &path);
    change(&path);
    let mut ledger = LedgerFolder::open(&path, at(500)).map_err(|error| error.code())?;
    let person = Person::new(5);
    enter(&mut ledger, &person, &person.issuance(b"after"), at(500));
    let size = ledger.checkpoint(at(501)).map_err(|error| error.code())?;
    let policy = ledger.reader().policy().clone();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    for index in 0..size {
        let leaf = verify_receipt(&view.receipt(index).unwrap(), &policy, at(600)).unwrap();
        if let Ok(entry) = leaf.signed_entry() {
            assert_eq!(view.lookup(&entry.entry_id()).unwrap(), Some(index));
        }
    }
    let act = ActId::from_bytes([3; 32]);
    let proof = view.act_current(person.scid(), &act).unwrap();
    let key = MapKey::act(person.scid(), &act);
    let current = verify_current(&proof, &key, &policy, at(600)).unwrap();
    assert_eq!(current.head().unwrap().value().sequence, 2);
    Ok(size)
}

pub(super) fn remove(path: &Path, name: &str) {
    for name in [name.to_owned(), format!("{name}-wal"), format!("{name}-shm")] {
        let _ = fs::remove_file(path.join(name));
    }
}

fn put_back(step: &Step, path: &Path, name: &str) {
    remove(path, name);
    for name in [name.to_owned(), format!("{name}-wal")] {
        if step.before.join(&name).exists() {
            fs::copy(step.before.join(&name), path.join(name)).unwrap();
        }
    }
}

/// Without R4 entries are not found by their ids, and without R7 current-proofs are wrong.
#[test]
fn what_can_be_made_again_is_made_again() {
    let step = step(checkpointed);
    assert_eq!(changed(&step.after, |_| {}), Ok(13));
    assert_eq!(changed(&step.after, |path| remove(path, "state.db")), Ok(13), "deleted");
    assert_eq!(changed(&step.after, |path| put_back(&step, path, "state.db")), Ok(13), "old");
    assert_eq!(changed(&step.after, |path| remove(path, "map.pages")), Ok(13));
    assert_eq!(changed(&step.after, |path| put_back(&step, path, "map.pages")), Ok(13));
    let everything = |path: &Path| {
        remove(path, "state.db");
        remove(path, "map.pages");
        remove(path, "checkpoint");
    };
    assert_eq!(changed(&step.after, everything), Ok(13));
    for name in ["state.db", "map.pages"] {
        for at in [0, 20, 100] {
            let flip = |path: &Path| {
                // The log of the database would repair it.
                let whole = fs::read(path.join(name)).unwrap();
                remove(path, name);
                let mut bytes = whole;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 0xff;
                }
                fs::write(path.join(name), bytes).unwrap();
            };
            assert_eq!(changed(&step.after, flip), Ok(13), "{name}, byte {at}");
        }
    }
}

/// Without R3 the log would sign on over leaves that are not there.
#[test]
fn tiles_that_are_not_what_was_signed_stop_the_log() {
    let step = step(checkpointed);
    for name in ["tile/0/000.p/11", "tile/entries/000.p/11"] {
        let whole = fs::read(step.after.join(name)).unwrap();
        let gone = |path: &Path| fs::remove_file(path.join(name)).unwrap();
        assert_eq!(changed(&step.after, gone), Err("tile-damaged"), "{name}");
        for place in [0, whole.len() / 2, whole.len() - 1] {
            let flip = |path: &Path| {
                let mut bytes = whole.clone();
                bytes[place] ^= 1;
                fs::write(path.join(name), bytes).unwrap();
            };
            assert_eq!(changed(&step.after, flip), Err("tile-damaged"), "{name}, byte {place}");
        }
    }
}

/// Without R2 and its comparisons two trees of one size could be signed.
#[test]
fn guards_must_be_there_and_as_new_as_what_was_signed() {
    let step = step(checkpointed);
    let guard = "guard/checkpoint.db";
    assert_eq!(changed(&step.after, |path| put_back(&step, path, guard)), Err("guard-behind"));
    assert_eq!(changed(&step.after, |path| remove(path, guard)), Err("guard-missing"));
    let seen = "witness/w1/seen";
    assert_eq!(changed(&step.after, |path| remove(path, seen)), Err("guard-missing"));
    let both = |path: &Path| {
        put_back(&step, path, guard);
        put_back(&step, path, "state.db");
        fs::copy(step.before.join("checkpoint"), path.join("checkpoint")).unwrap();
    };
    assert_eq!(changed(&step.after, both), Err("guard-behind"), "the witnesses remember");
    remove(&step.after, guard);
    assert!(LedgerReader::open(&step.after).is_ok(), "readers need no guard");
}

#[test]
fn a_lost_guard_is_adopted_and_the_log_says_so() {
    let step = step(checkpointed);
    let path = &step.after;
    remove(path, "guard/checkpoint.db");
    let ahead = LedgerReader::open(path).unwrap().view_at(None).unwrap().unwrap().note().clone();
    // A folder that is older than what somebody has seen may not be gone on with.
    remove(&step.before, "guard/checkpoint.db");
    let options = AdoptOptions { seen: vec![ahead], ..Default::default() };
    let error = LedgerFolder::adopt_guard(&step.before, &options).unwrap_err();
    assert_eq!(error.code(), "guard-behind");
    let head = LedgerFolder::adopt_guard(path, &options).unwrap().head;
    assert_eq!(head.tree_size, 11);
    let ledger = LedgerFolder::open(path, at(500)).unwrap();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    assert_eq!(view.size(), 12);
    let epoch = inkan_ledger::Epoch::parse(view.entry(11).unwrap().body()).unwrap();
    let document = ledger.reader().parameters(&epoch.params).unwrap().unwrap();
    let document = inkan_ledger::ParametersDocument::parse(&document).unwrap();
    let TreeHead { tree_size: size, root_hash: root } = head;
    let event = inkan_ledger::parameters::OperatorEvent::GuardAdopted { size, root };
    assert_eq!(document.event, event);
    drop(ledger);
    let mut ledger = LedgerFolder::open(path, at(501)).unwrap();
    assert_eq!(ledger.checkpoint(at(502)).unwrap(), 12, "once");
}

/// Without R8 a machine that was restored from a snapshot signs a second history.
#[test]
fn a_witness_elsewhere_notices_a_machine_restored_from_a_snapshot() {
    use crate::sequencer::{Sequencer, SequencerOptions};
    let elsewhere = tempfile::tempdir().unwrap();
    let witness = |path: &Path| -> Vec<Box<dyn Cosigner>> {
        let key = elsewhere.path().join("key");
        let name = format!("{ORIGIN}/far");
        let signer = NoteSigner::create(&key, &name, Purpose::Witness, &mut SeededRng::new(4));
        let log = NoteSigner::read(&path.join("keys/log"), Purpose::Log).unwrap();
        let seen = elsewhere.path().join("seen");
        Seen::create(&seen, ORIGIN).unwrap();
        let logs = vec![log.key().clone()];
        vec![Box::new(LocalWitness::open("far", signer.unwrap(), logs, &seen).unwrap())]
    };
    let step = step(|_, _| {});
    let start = |path: &Path| {
        let ledger = LedgerFolder::open(path, at(500)).unwrap();
        let options = SequencerOptions { watch_clock: false, ..SequencerOptions::default() };
        let clock = Arc::new(crate::clock::OsClock);
        Sequencer::start_with(ledger, options, clock, witness(path))
    };
    let (sequencer, handle) = start(&step.after).unwrap();
    let person = Person::new(77);
    handle.submit(Kind::Did, person.line.into_bytes()).wait().unwrap();
    sequencer.shutdown().unwrap();
    assert_eq!(start(&step.before).unwrap_err().code(), "guard-behind");
    assert!(start(&step.after).is_ok());
}

/// An older copy of the journal, or none, below what was signed, changes nothing; damage before acknowledged leaves stops.
#[test]
fn acknowledged_leaves_do_not_get_lost_unnoticed() {
    let step = step(|ledger, person| {
        for name in [b"b", b"c"] {
            enter(ledger, person, &person.issuance(name), at(400));
        }
    });
    let whole = fs::read(step.after.join("journal/9.jnl")).unwrap();
    for place in [0, 9, 60, 200] {
        let flip = |path: &Path| {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            fs::write(path.join("journal/9.jnl"), bytes).unwrap();
        };
        assert_eq!(changed(&step.after, flip), Err("journal-damaged"), "byte {place}");
    }
    let moved = |path: &Path| {
        fs::rename(path.join("journal/9.jnl"), path.join("journal/10.jnl")).unwrap();
    };
    assert_eq!(changed(&step.after, moved), Err("journal-damaged"));
    assert_eq!(changed(&step.after, |_| {}), Ok(13));
}

#[test]
fn a_folder_of_an_older_layout_is_told_from_a_ledger_that_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("guard")).unwrap();
    fs::write(folder.path().join("guard/checkpoint"), "x").unwrap();
    fs::write(folder.path().join("policy"), "x").unwrap();
    let error = LedgerFolder::open(folder.path(), at(0)).unwrap_err();
    assert_eq!(error.code(), "ledger-layout-unknown");
    assert!(error.to_string().contains("older"));
}

#[test]
fn malformed_files_are_named() {
    let step = step(checkpointed);
    for name in ["policy", "checkpoint", "keys/log", "witness/w1/key"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.after, &path);
        fs::write(path.join(name), "x").unwrap();
        let error = LedgerFolder::open(&path, at(500)).unwrap_err();
        assert_eq!(error.code(), "ledger-file-malformed", "{name}");
        assert!(error.to_string().contains(name));
    }
}

#[test]
fn a_ledger_half_made_is_made_whole_by_making_it_again() {
    let whole = tempfile::tempdir().unwrap();
    drop(create(&whole.path().join("ledger")));
    for missing in [vec!["checkpoint", "policy"], vec!["policy"]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&whole.path().join("ledger"), &path);
        for name in &missing {
            fs::remove_file(path.join(name)).unwrap();
        }
        assert_eq!(LedgerFolder::open(&path, at(1)).unwrap_err().code(), "ledger-not-found");
        let ledger = LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(9), at(1)).unwrap();
        assert_eq!(ledger.reader().status().unwrap().size, 1);
    }
}
