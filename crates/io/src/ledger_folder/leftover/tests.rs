use std::fs::File;

use super::*;
use crate::ledger_folder::LedgerFolder;
use crate::ledger_folder::tests::{Person, at, create};
use inkan_ledger::Kind;

/// A ledger with partial tiles beside their full ones, which were written at `full`.
fn grown(path: &Path, full: Timestamp) -> LedgerFolder {
    let mut ledger = create(path);
    let person = Person::new(5);
    ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    ledger.checkpoint(at(11)).unwrap();
    let bodies: Vec<String> = (0..300_u32)
        .map(|number| person.sign(&person.issuance(&number.to_be_bytes()), at(12)))
        .collect();
    for some in bodies.chunks(250) {
        let entries: Vec<_> = some.iter().map(|body| (Kind::Issuance, body.as_bytes())).collect();
        ledger.submit_all(&entries, at(12)).unwrap();
        ledger.checkpoint(at(13)).unwrap();
    }
    for name in ["tile/0/000", "tile/entries/000"] {
        let seconds = u64::try_from(full.seconds()).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(path.join(name)).unwrap().set_modified(time).unwrap();
    }
    ledger
}

#[test]
fn partial_tiles_go_an_hour_after_their_full_one_whoever_opens_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    drop(grown(&path, at(100)));
    let there = |name: &str| path.join(name).is_dir();
    let old = ["tile/0/000.p", "tile/entries/000.p"];
    let edge = ["tile/0/001.p", "tile/entries/001.p"];
    assert!(old.into_iter().chain(edge).all(there));
    drop(LedgerFolder::open(&path, at(100 + 3_599)).unwrap());
    assert!(old.into_iter().all(there), "not before its time");
    drop(LedgerFolder::open(&path, at(100 + 3_600)).unwrap());
    assert!(!old.into_iter().any(there));
    assert!(edge.into_iter().all(there), "nothing else shows the newest leaves");
    LedgerFolder::open(&path, at(9_000)).unwrap().checkpoint(at(9_000)).unwrap();
}

#[test]
fn all_are_found_wherever_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["tile/0/x001/234", "tile/1/003", "tile/entries/x001/234"] {
        fs::create_dir_all(root.join(format!("{name}.p"))).unwrap();
        fs::write(root.join(format!("{name}.p/17")), b"x").unwrap();
        fs::write(root.join(name), b"x").unwrap();
    }
    fs::create_dir_all(root.join("tile/0/x001/235.p")).unwrap();
    let later = Timestamp::from_seconds(4_000_000_000).unwrap();
    sweep(root, KEEP, at(0));
    assert!(root.join("tile/1/003.p/17").is_file(), "written after that");
    sweep(root, KEEP, later);
    for name in ["tile/0/x001/234", "tile/1/003", "tile/entries/x001/234"] {
        assert!(root.join(name).is_file() && !root.join(format!("{name}.p")).exists());
    }
    assert!(root.join("tile/0/x001/235.p").is_dir());
}
