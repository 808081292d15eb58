use inkan_ledger::note::SignatureLine;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

/// A note with lines of these keys, each with one byte that says which time it is.
fn note(size: u64, lines: &[(&str, u8)]) -> SignedNote {
    let mut note = SignedNote::new(format!("log.example\n{size}\nAAAA\n"));
    for (name, time) in lines {
        let key_id = [name.len().try_into().unwrap(), 0, 0, 0];
        note.put(SignatureLine { name: (*name).to_owned(), key_id, signature: vec![*time] });
    }
    note
}

fn row(size: u64, lines: &[(&str, u8)]) -> CheckpointRow {
    CheckpointRow { size, note: Some(note(size, lines)), existed_by: Some(at(1)) }
}

#[test]
fn a_late_line_is_kept_and_hides_neither_an_earlier_time_nor_a_newer_head() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = StateDb::open(&folder.path().join("state.db")).unwrap();
    for size in [1, 3] {
        db.run("INSERT INTO checkpoints VALUES(?1, 0, NULL, NULL)", [number(size)]).unwrap();
    }
    db.put_note(&row(1, &[("log", 0), ("w", 1)])).unwrap();
    db.put_note(&row(3, &[("log", 0), ("w", 2)])).unwrap();
    // A timestamp authority takes its time: its line over the first head comes after the second head.
    db.put_note(&row(1, &[("log", 0), ("w", 9), ("authority", 5)])).unwrap();
    let kept = note(1, &[("log", 0), ("w", 1), ("authority", 5)]);
    assert_eq!(db.note_of(1).unwrap(), Some(kept.clone()));
    assert_eq!(db.newest_note().unwrap().map(|(size, _)| size), Some(3));
    assert_eq!(db.note_seen_by(at(2)).unwrap().map(|(size, _)| size), Some(3));
    // The newest head is shown as fresh as it is.
    db.put_note(&row(3, &[("log", 0), ("w", 8)])).unwrap();
    assert_eq!(db.newest_note().unwrap(), Some((3, note(3, &[("log", 0), ("w", 8)]))));
    assert_eq!(db.note_of(3).unwrap(), Some(note(3, &[("log", 0), ("w", 2)])));
    assert_eq!(db.note_of(1).unwrap(), Some(kept));
}
