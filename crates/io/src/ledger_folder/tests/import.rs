//! A crash inside an import (§6.6, §9 of the ledger specification): all of its leaves are there, or none.

use std::sync::Mutex;

use inkan_did::webvh::Update;
use serde_json::json;

use super::*;
use crate::ledger_folder::Step as At;

/// A DID whose home was another log for `versions` versions, and is this one with the last.
fn history(seed: u64, versions: u64) -> (String, Vec<Vec<u8>>) {
    let key = |seed| SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
    let request = Create {
        domain: ORIGIN.to_owned(),
        path: Some(format!("m{seed}")),
        key_id: "key-1".to_owned(),
        key: key(seed).public_key(),
        others: Vec::new(),
        next_key_hashes: vec![],
        services: vec![],
        home: Some("other.example".to_owned()),
    };
    let update = |version: u64| key(seed + 10_000 * version);
    let (did, line) =
        webvh::create(&request, &update(1), &update(2).public_key(), at(-100)).unwrap();
    let mut text = format!("{}\n", line.trim_end());
    for version in 2..=versions {
        let history = History::verify(&text, None, at(0)).unwrap();
        let head = history.versions().last().unwrap();
        let now = at(-100 + i64::try_from(version).unwrap());
        let next = update(version + 1).public_key();
        let line = if version < versions {
            webvh::rotate(head, &[], &update(version), &next, now).unwrap()
        } else {
            let mut document = head.document().value().clone();
            document["service"] = json!([{
                "id": format!("{did}#ledger"),
                "type": "LedgerLog",
                "serviceEndpoint": format!("https://{ORIGIN}"),
            }]);
            let change = Update { document, next_key_hashes: vec![webvh::next_key_hash(&next)] };
            webvh::update(head, &change, &update(version), now).unwrap()
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let lines = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    (did.scid().unwrap().to_owned(), lines)
}

/// Opens what a crash left, and says how many leaves are there; then the import is handed in again, and stands once.
fn finished(path: &Path, scid: &str, lines: &[Vec<u8>], before: u64) -> u64 {
    let mut ledger = LedgerFolder::open(path, at(500)).unwrap();
    let leaves = ledger.reader().status().unwrap().leaves;
    let places = ledger.submit_import(lines.to_vec(), at(500)).unwrap();
    let first = places.first().unwrap().leaf_index;
    let expected: Vec<u64> = (before..).take(lines.len()).collect();
    assert_eq!(places.iter().map(|one| one.leaf_index).collect::<Vec<_>>(), expected);
    let standing = if leaves > before { Standing::Duplicate } else { Standing::New };
    assert!(places.iter().all(|one| one.standing == standing), "{leaves} leaves");
    let size = ledger.checkpoint(at(501)).unwrap();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    for (index, line) in (first..).zip(lines) {
        assert_eq!(view.entry(index).unwrap().body(), line);
    }
    let proof = view.did_current(scid).unwrap();
    let policy = ledger.reader().policy().clone();
    let current = verify_current(&proof, &MapKey::did(scid), &policy, at(600)).unwrap();
    assert_eq!(Some(&current.head().unwrap().value().leaf_index), expected.last());
    assert!(size > first);
    leaves
}

/// The journal is cut everywhere. Were the leaves of an import in more than one batch, some cut would leave some of them.
#[test]
fn an_import_torn_at_any_byte_was_never_there_and_a_whole_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    drop(filled(&after));
    crash::copy(&after, &before);
    let (scid, lines) = history(40, 4);
    let mut ledger = LedgerFolder::open(&after, at(400)).unwrap();
    ledger.submit_import(lines.clone(), at(400)).unwrap();
    drop(ledger);
    let written = fs::read(after.join("journal/9.jnl")).unwrap();
    assert!(written.len() > 4_096, "more than one boundary: {}", written.len());
    for length in (0..=written.len()).filter(|at| at % 397 == 0 || at + 2 > written.len()) {
        let path = folder.path().join("cut");
        let _ = fs::remove_dir_all(&path);
        crash::copy(&before, &path);
        fs::write(path.join("journal/9.jnl"), &written[..length]).unwrap();
        let leaves = finished(&path, &scid, &lines, 9);
        assert_eq!(leaves, if length == written.len() { 13 } else { 9 }, "cut at {length}");
    }
}

/// A copy at each step between submission and checkpoint holds all leaves of the import, or none.
#[test]
fn an_import_interrupted_at_any_step_is_there_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    drop(filled(&path));
    let copies = Arc::new(Mutex::new(Vec::new()));
    let (from, into, told) = (path.clone(), folder.path().to_path_buf(), Arc::clone(&copies));
    let steps = Steps::new(Arc::new(move |step: At| {
        let mut copies = told.lock().unwrap();
        let copy = into.join(format!("{}-{}", copies.len(), step.name()));
        crash::copy(&from, &copy);
        copies.push((step, copy));
    }));
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let (scid, lines) = history(41, 3);
    let mut ledger = LedgerFolder::open_with(&path, &options, at(400)).unwrap();
    ledger.submit_import(lines.clone(), at(400)).unwrap();
    ledger.checkpoint(at(401)).unwrap();
    drop(ledger);
    let copies = std::mem::take(&mut *copies.lock().unwrap());
    assert_eq!(copies.first().map(|(step, _)| *step), Some(At::Batch));
    let mut durable = false;
    for (step, copy) in copies {
        durable |= step == At::BatchDurable;
        let leaves = finished(&copy, &scid, &lines, 9);
        assert_eq!(leaves >= 12, durable, "{}", step.name());
        assert!(leaves == 9 || leaves >= 12, "{}: {leaves}", step.name());
    }
}
