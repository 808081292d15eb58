//! What a crash, a restored copy, or a damaged disk leaves behind, at every place of the order of durable steps.

use super::*;

/// Copies a folder with all below it, but for the lock.
fn copy(from: &Path, to: &Path) {
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
struct Step {
    _folder: tempfile::TempDir,
    before: std::path::PathBuf,
    after: std::path::PathBuf,
}

fn step(operation: impl FnOnce(&mut LedgerFolder, &Person)) -> Step {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let (mut ledger, person) = filled(&after);
    copy(&after, &before);
    operation(&mut ledger, &person);
    Step { before, after, _folder: folder }
}

fn checkpointed(ledger: &mut LedgerFolder, person: &Person) {
    enter(ledger, person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
}

/// The files of the newer state that a crash let through, in the order of the durable steps of a checkpoint.
const ORDER: [&str; 7] = [
    "journal/0.jnl",
    "guard/checkpoint",
    "witness/w1/seen",
    "witness/w2/seen",
    "notes/11",
    "public",
    "checkpoint",
];

#[test]
fn a_checkpoint_interrupted_after_any_step_is_finished_with_the_same_root() {
    let step = step(checkpointed);
    let root = LedgerReader::open(&step.after).unwrap().status().unwrap().root;
    for survived in 1..ORDER.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.before, &path);
        for name in &ORDER[..survived] {
            if step.after.join(name).is_file() {
                fs::copy(step.after.join(name), path.join(name)).unwrap();
            }
        }
        let ledger = LedgerFolder::open(&path, at(500)).unwrap();
        let status = ledger.reader().status().unwrap();
        assert_eq!((status.size, status.root.as_str()), (11, root.as_str()), "{survived} steps");
        let policy = ledger.reader().policy().clone();
        let view = ledger.reader().view_at(None).unwrap().unwrap();
        for index in 0..11 {
            assert!(verify_receipt(&view.receipt(index).unwrap(), &policy, at(500)).is_ok());
        }
        let first = fs::read_to_string(step.after.join("notes/11")).unwrap();
        let kept = fs::read_to_string(path.join("notes/11")).unwrap();
        assert_eq!(kept == first, survived >= 5, "the first note of a size stays");
    }
}

#[test]
fn an_epoch_leaf_without_its_checkpoint_stays_the_last_until_that_is_finished() {
    let step = step(checkpointed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    copy(&step.before, &path);
    fs::copy(step.after.join("journal/0.jnl"), path.join("journal/0.jnl")).unwrap();
    // The guard cannot be written: the checkpoint fails, and is tried again before the next entry.
    let mut ledger = LedgerFolder::open(&path, at(450)).unwrap();
    let person = Person::new(5);
    enter(&mut ledger, &person, &person.issuance(b"c"), at(500));
    fs::rename(path.join("guard"), path.join("away")).unwrap();
    assert_eq!(ledger.checkpoint(at(501)).unwrap_err().code(), "guard-missing");
    let body = person.sign(&person.issuance(b"d"), at(502));
    let refused = ledger.submit(Kind::Issuance, body.as_bytes(), at(502)).unwrap_err();
    assert_eq!(refused.code(), "guard-missing");
    fs::rename(path.join("away"), path.join("guard")).unwrap();
    let index = ledger.submit(Kind::Issuance, body.as_bytes(), at(503)).unwrap().leaf_index;
    assert_eq!(
        (index, ledger.reader().status().unwrap().size),
        (13, 13),
        "entry 11, epoch 12, entry 13"
    );
}

#[test]
fn an_entry_torn_at_any_byte_was_never_there_and_a_whole_one_is() {
    let step = step(|ledger, person| {
        enter(ledger, person, &person.issuance(b"b"), at(400));
    });
    let old = fs::read(step.before.join("journal/0.jnl")).unwrap();
    let new = fs::read(step.after.join("journal/0.jnl")).unwrap();
    let boundary = old.len().next_multiple_of(4_096);
    let lengths = (boundary..=new.len()).filter(|at| at % 61 == 0 || at + 8 > new.len());
    for length in lengths {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.before, &path);
        fs::write(path.join("journal/0.jnl"), &new[..length]).unwrap();
        let leaves = if length == new.len() { 10 } else { 9 };
        assert_eq!(LedgerReader::open(&path).unwrap().status().unwrap().leaves, leaves);
        let mut ledger = LedgerFolder::open(&path, at(500)).unwrap();
        assert_eq!(ledger.reader().status().unwrap().leaves, leaves, "cut at {length}");
        let person = Person::new(5);
        assert_eq!(enter(&mut ledger, &person, &person.issuance(b"b"), at(500)), 9);
        assert_eq!(ledger.checkpoint(at(501)).unwrap(), 11);
    }
}

#[test]
fn what_was_signed_cannot_get_lost_unnoticed() {
    let step = step(checkpointed);
    let new = fs::read(step.after.join("journal/0.jnl")).unwrap();
    let open = |change: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.after, &path);
        change(&path);
        let writer = LedgerFolder::open(&path, at(500)).map(drop).map_err(|error| error.code());
        let reader = LedgerReader::open(&path).map(drop).map_err(|error| error.code());
        (writer, reader)
    };
    let journal = |bytes: Vec<u8>| {
        move |path: &Path| {
            fs::write(path.join("journal/0.jnl"), &bytes).unwrap();
        }
    };
    let damaged = (Err("journal-damaged"), Err("journal-damaged"));
    assert_eq!(open(&|_| {}), (Ok(()), Ok(())));
    // The last batch is the epoch leaf of the published head: torn or altered, it is missed.
    assert_eq!(open(&journal(new[..new.len() - 1].to_vec())), damaged);
    for at in [new.len() - 1, new.len() - 100, 4_096 + 60, 100] {
        let mut bytes = new.clone();
        bytes[at] ^= 1;
        assert_eq!(open(&journal(bytes)), damaged, "byte {at}");
    }
    assert_eq!(open(&|path| fs::remove_file(path.join("journal/0.jnl")).unwrap()), damaged);
    // An older copy of the journal, with and without an older copy of the published head.
    let old = fs::read(step.before.join("journal/0.jnl")).unwrap();
    assert_eq!(open(&journal(old.clone())), damaged);
    let older = |path: &Path| {
        fs::write(path.join("journal/0.jnl"), &old).unwrap();
        fs::copy(step.before.join("checkpoint"), path.join("checkpoint")).unwrap();
    };
    assert_eq!(open(&older).0, Err("journal-damaged"), "the guard remembers");
}

#[test]
fn guards_must_be_there_and_as_new_as_what_was_published() {
    let step = step(checkpointed);
    for name in ["guard/checkpoint", "witness/w1/seen", "witness/w2/seen"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        copy(&step.after, &path);
        fs::copy(step.before.join(name), path.join(name)).unwrap();
        let error = LedgerFolder::open(&path, at(500)).unwrap_err();
        assert_eq!(error.code(), "guard-behind", "{name}");
        fs::remove_file(path.join(name)).unwrap();
        let error = LedgerFolder::open(&path, at(500)).unwrap_err();
        assert_eq!(error.code(), "guard-missing", "{name}");
        fs::write(path.join(name), "other.example\n0\nAAAA\n").unwrap();
        let error = LedgerFolder::open(&path, at(500)).unwrap_err();
        assert_eq!(error.code(), "ledger-file-malformed", "{name}");
        assert!(LedgerReader::open(&path).is_ok(), "readers need no guard");
    }
}

#[test]
fn malformed_files_are_named() {
    let step = step(checkpointed);
    let params = fs::read_dir(step.after.join("params")).unwrap().next().unwrap().unwrap();
    let params = format!("params/{}", params.file_name().to_str().unwrap());
    for name in ["policy", "checkpoint", "keys/log", "witness/w1/key", &params] {
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
    for missing in [
        vec!["checkpoint", "policy", "notes/1", "journal/0.jnl"],
        vec!["checkpoint", "policy", "notes/1", "journal/0.jnl", "guard/checkpoint"],
        vec!["checkpoint", "policy", "notes/1", "journal/0.jnl", "witness/w2/key", "keys/log"],
    ] {
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
