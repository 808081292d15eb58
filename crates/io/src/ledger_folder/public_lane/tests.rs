use std::fs;
use std::path::{Path, PathBuf};

use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::Kind;

use super::super::tests::{ORIGIN, Person, at};
use super::super::{LedgerFolder, OpenOptions};

fn file(folder: &Path, seed: u64) -> PathBuf {
    folder.join(format!("public/{ORIGIN}/p{seed}/did.jsonl"))
}

/// A ledger with `people`, under one checkpoint.
fn ledger(folder: &Path, people: &[Person], options: &OpenOptions) -> LedgerFolder {
    let rng = &mut SeededRng::new(1);
    let mut ledger = LedgerFolder::create_with(folder, ORIGIN, options, rng, at(0)).unwrap();
    for person in people {
        ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    }
    ledger.checkpoint(at(11)).unwrap();
    ledger
}

fn people(count: u64) -> Vec<Person> {
    (0..count).map(Person::new).collect()
}

fn all_whole(folder: &Path, people: &[Person]) -> bool {
    people.iter().zip(0..).all(|(person, seed)| {
        let text = fs::read_to_string(file(folder, seed));
        text.is_ok_and(|text| text == format!("{}\n", person.line))
    })
}

#[test]
fn files_that_a_crash_tore_or_kept_from_being_written_are_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let people = people(3);
    // The checkpoint is stored, and then everything ends: nothing was noted.
    let options = OpenOptions { gateway: false, ..OpenOptions::default() };
    drop(ledger(folder.path(), &people, &options));
    let torn = file(folder.path(), 1);
    fs::create_dir_all(torn.parent().unwrap()).unwrap();
    fs::write(&torn, "{\"versionId\"").unwrap();
    assert!(!all_whole(folder.path(), &people));
    let ledger = LedgerFolder::open(folder.path(), at(20)).unwrap();
    assert!(all_whole(folder.path(), &people));
    assert_eq!(ledger.sealer.db.published().unwrap(), 5);
}

#[test]
fn more_than_an_opening_takes_on_waits_for_the_next_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let people = people(100);
    let options = OpenOptions { gateway: false, ..OpenOptions::default() };
    drop(ledger(folder.path(), &people, &options));
    let mut ledger = LedgerFolder::open(folder.path(), at(20)).unwrap();
    assert!(file(folder.path(), 47).exists() && !file(folder.path(), 48).exists());
    assert_eq!(ledger.sealer.db.published().unwrap(), 49);
    let body = people[0].sign(&people[0].issuance(b"a"), at(30));
    ledger.submit(Kind::Issuance, body.as_bytes(), at(30)).unwrap();
    ledger.checkpoint(at(31)).unwrap();
    assert!(all_whole(folder.path(), &people));
    assert_eq!(ledger.sealer.db.published().unwrap(), 104);
}
