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
