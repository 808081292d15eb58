//! The order of a checkpoint, taken apart: what is compared before the guard moves, and what is never written over.
//!
//! Each test says which protection it fails without. Several protections would notice the same damage, so each test does
//! damage that one of them alone can notice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use inkan_core::Digest;
use inkan_ledger::{Checkpoint, NodeHash};

use super::super::guard::Guard;
use super::*;
use crate::ledger_folder::Step as At;

fn guard_of(path: &Path) -> TreeHead {
    Guard::open(&path.join("guard/checkpoint.db"), ORIGIN).unwrap().head()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Steps that change a file once, when its tiles have just been written.
fn disk_that_alters(file: std::path::PathBuf, at: usize) -> Steps {
    let done = AtomicBool::new(false);
    Steps::new(Arc::new(move |step| {
        if step == At::Tiles && file.exists() && !done.swap(true, Ordering::SeqCst) {
            flip(&file, at);
        }
    }))
}

/// Without C4 the first head is signed although the disk holds another leaf: nothing was signed before that it could be
/// compared with, so C5 does not notice.
#[test]
fn a_tile_that_the_disk_altered_is_noticed_before_the_first_head_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let steps = disk_that_alters(path.join("tile/0/000.p/1"), 3);
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let made = LedgerFolder::create_with(&path, ORIGIN, &options, &mut SeededRng::new(1), at(0));
    assert_eq!(made.unwrap_err().code(), "tile-damaged");
    assert_eq!(guard_of(&path).tree_size, 0, "the guard has not moved");
    assert!(!path.join("checkpoint").exists(), "nothing was signed");
    // Tiles beyond what was signed are leftovers, written again from the journal.
    let ledger = LedgerFolder::open(&path, at(1)).unwrap();
    assert_eq!(ledger.reader().status().unwrap().size, 1);
}

/// The same for a later head, at every place of its tile.
#[test]
fn a_tile_that_the_disk_altered_is_noticed_before_a_later_head_is_signed() {
    for place in [0, 32 * 8, 32 * 9, 32 * 10 + 31] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (ledger, person) = filled(&path);
        drop(ledger);
        let before = (guard_of(&path), fs::read(path.join("checkpoint")).unwrap());
        let steps = disk_that_alters(path.join("tile/0/000.p/11"), place);
        let options = OpenOptions { steps, ..OpenOptions::default() };
        let mut ledger = LedgerFolder::open_with(&path, &options, at(400)).unwrap();
        let index = enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
        let code = ledger.checkpoint(at(401)).unwrap_err().code();
        assert_eq!(code, "tile-damaged", "byte {place}");
        drop(ledger);
        assert_eq!((guard_of(&path), fs::read(path.join("checkpoint")).unwrap()), before);
        let mut ledger = LedgerFolder::open(&path, at(402)).unwrap();
        let again = enter(&mut ledger, &person, &person.issuance(b"b"), at(402));
        assert_eq!((again, ledger.checkpoint(at(403)).unwrap()), (index, 11));
    }
}

/// Without C5 a tree is signed that does not continue the one that was signed last: compare-and-swap alone only asks
/// whether the record is still the one that was read.
#[test]
fn a_tree_that_does_not_continue_what_was_signed_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (mut ledger, person) = filled(&path);
    let published = fs::read(path.join("checkpoint")).unwrap();
    let foreign = TreeHead {
        tree_size: ledger.sealer.guard.head().tree_size,
        root_hash: NodeHash::from_digest(Digest::from_bytes([7; 32])),
    };
    ledger.sealer.guard.advance(foreign).unwrap();
    enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
    assert_eq!(ledger.checkpoint(at(401)).unwrap_err().code(), "tile-damaged");
    drop(ledger);
    assert_eq!(guard_of(&path), foreign, "the guard has not moved");
    assert_eq!(fs::read(path.join("checkpoint")).unwrap(), published, "nothing was signed");
}

/// Without the comparison in C2 a full tile, which caches keep for ever, would get other bytes.
#[test]
fn a_full_tile_is_never_written_over() {
    for (name, length) in [("tile/entries/000", 700), ("tile/0/000", 8_192)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (mut ledger, person) = filled(&path);
        for n in ledger.reader().status().unwrap().size..255 {
            let claims = person.issuance(&n.to_be_bytes());
            assert_eq!(enter(&mut ledger, &person, &claims, at(400)), n);
        }
        let (strange, signed) = (vec![1; length], guard_of(&path));
        fs::write(path.join(name), &strange).unwrap();
        assert_eq!(ledger.checkpoint(at(401)).unwrap_err().code(), "tile-conflict", "{name}");
        assert_eq!(fs::read(path.join(name)).unwrap(), strange, "{name} stays");
        assert_eq!(guard_of(&path), signed, "nothing was signed");
        drop(ledger);
        // The checkpoint is finished from the journal, and writes the tile that it was kept from.
        fs::remove_file(path.join(name)).unwrap();
        let ledger = LedgerFolder::open(&path, at(402)).unwrap();
        assert_eq!(ledger.reader().status().unwrap().size, 256, "{name}");
    }
}

/// A note of one size with another root, or of a larger size, is ahead of the guard; so is a state. Without the comparisons
/// in R2 and R4 the log would sign a second tree over what somebody may have seen. The witnesses in the folder are rolled
/// back with the guard here, so they do not help.
#[test]
fn a_guard_that_is_behind_the_folder_is_noticed_without_witnesses() {
    let folder = tempfile::tempdir().unwrap();
    let (old, path) = (folder.path().join("old"), folder.path().join("ledger"));
    let (mut ledger, person) = filled(&path);
    crash::copy(&path, &old);
    enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
    drop(ledger);
    let with = |kept: &[&str]| {
        let copy = folder.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        crash::copy(&old, &copy);
        for name in kept {
            crash::remove(&copy, name);
            fs::copy(path.join(name), copy.join(name)).unwrap();
        }
        LedgerFolder::open(&copy, at(500)).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(with(&[]), Ok(()), "an old copy of everything, which only others can notice");
    assert_eq!(with(&["checkpoint"]), Err("guard-behind"));
    assert_eq!(with(&["state.db"]), Err("guard-behind"));

    let note = fs::read_to_string(old.join("checkpoint")).unwrap();
    let root = note.lines().nth(2).unwrap();
    let other = inkan_core::encoding::b64(&[7; 32]);
    fs::write(path.join("checkpoint"), note.replace(root, &other)).unwrap();
    assert_eq!(with(&["checkpoint"]), Err("ledger-file-malformed"), "not what the log signed");
}

/// Without R8's comparison of roots a witness that was shown another tree of this very size would be passed over.
#[test]
fn a_witness_that_saw_another_tree_of_this_size_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (ledger, person) = filled(&one);
    drop(ledger);
    crash::copy(&one, &two);
    for (path, artefact) in [(&one, b"b"), (&two, b"c")] {
        let mut ledger = LedgerFolder::open(path, at(400)).unwrap();
        enter(&mut ledger, &person, &person.issuance(artefact), at(400));
        assert_eq!(ledger.checkpoint(at(401)).unwrap(), 11);
    }
    assert!(LedgerFolder::open(&one, at(500)).is_ok());
    fs::copy(two.join("witness/w2/seen"), one.join("witness/w2/seen")).unwrap();
    assert_eq!(LedgerFolder::open(&one, at(501)).unwrap_err().code(), "guard-behind");
}

/// C6 comes before C7: at no step before the guard has moved does a signature of the new head exist in the folder.
#[test]
fn no_note_of_a_head_exists_before_the_guard_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (ledger, person) = filled(&path);
    drop(ledger);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, from) = (Arc::clone(&seen), path.clone());
    let steps = Steps::new(Arc::new(move |step| {
        let published = recover::read_note(&from.join("checkpoint")).unwrap().unwrap();
        let published = Checkpoint::parse_text(published.text()).unwrap().head();
        told.lock().unwrap().push((step, guard_of(&from).tree_size, published.tree_size));
    }));
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let mut ledger = LedgerFolder::open_with(&path, &options, at(400)).unwrap();
    enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let at_step = |wanted: At| seen.iter().find(|(step, ..)| *step == wanted).copied().unwrap();
    for (step, guard, published) in &seen {
        assert!(published <= guard, "{step:?}: {published} is published, {guard} is guarded");
    }
    assert_eq!(at_step(At::Compared), (At::Compared, 9, 9));
    assert_eq!(at_step(At::Guarded), (At::Guarded, 11, 9));
    assert_eq!(at_step(At::Published), (At::Published, 11, 11));
}
