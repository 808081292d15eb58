use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::verify_checkpoint;

use super::*;
use crate::ledger_folder::{LedgerFolder, LedgerReader, View};
use crate::ledger_sink::fake::did;

fn at(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-03-02T09:00:00Z").unwrap().plus_seconds(seconds)
}

/// The newest head of a ledger, verified, with the view it came from.
fn head(reader: &LedgerReader) -> (VerifiedCheckpoint, View) {
    let view = reader.view_at(None).unwrap().unwrap();
    (verify_checkpoint(view.note(), reader.policy(), at(100)).unwrap(), view)
}

fn look(profile: &Profile, reader: &LedgerReader) -> Sighting {
    let (shown, view) = head(reader);
    compare(profile, &shown, |from| Ok(view.consistency(from)?)).unwrap()
}

/// Records one more DID.
fn grow(path: &std::path::Path, seed: u64, now: Timestamp) {
    let (_, _, line) = did(seed, now);
    let mut ledger = LedgerFolder::open(path, now).unwrap();
    ledger.submit(inkan_ledger::Kind::Did, line.as_bytes(), now).unwrap();
    ledger.checkpoint(now).unwrap();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn growth_is_followed_an_old_copy_is_found_out_and_a_fork_is_a_split() {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::create(&folder.path().join("bank"), "bank").unwrap();
    let (path, fork) = (folder.path().join("ledger"), folder.path().join("fork"));
    drop(LedgerFolder::create(&path, "ledger.example", &mut SeededRng::new(1), at(0)).unwrap());
    copy(&path, &fork);

    assert_eq!(look(&profile, &LedgerReader::open(&path).unwrap()), Sighting::First);
    assert_eq!(look(&profile, &LedgerReader::open(&path).unwrap()), Sighting::Same);
    grow(&path, 2, at(10));
    let grown = look(&profile, &LedgerReader::open(&path).unwrap());
    assert_eq!(grown, Sighting::Grown { from: 1 });

    // The copy is what was there before: shorter than what was seen, and that stays remembered.
    let old = LedgerReader::open(&fork).unwrap();
    assert_eq!(look(&profile, &old), Sighting::Behind { seen: 3 });

    // The copy goes on with other entries: first of the same size, then longer.
    grow(&fork, 3, at(10));
    let same_size = look(&profile, &LedgerReader::open(&fork).unwrap());
    assert!(matches!(same_size, Sighting::Split { .. }), "{same_size:?}");
    grow(&fork, 4, at(20));
    let longer = look(&profile, &LedgerReader::open(&fork).unwrap());
    let Sighting::Split { seen } = longer else { panic!("{longer:?}") };

    // What is remembered is still the first history: it is one half of the evidence.
    let kept = largest(&profile, "ledger.example").unwrap().unwrap();
    assert_eq!(*seen, kept);
    assert_eq!(kept, *head(&LedgerReader::open(&path).unwrap()).1.note());
}
