use super::*;

/// Without it a start on a full disk is a fault of ours, and not a matter of making room.
#[test]
fn what_fails_for_want_of_room_is_called_so() {
    let full = |code, free| is_full(Some(code), || free);
    assert!(full(ErrorCode::DiskFull, None));
    for code in [ErrorCode::SystemIoFailure, ErrorCode::CannotOpen] {
        assert!(full(code, Some(4_096)), "{code:?}");
        assert!(!full(code, Some(1 << 30)), "{code:?}");
        assert!(!full(code, None), "{code:?}");
    }
    assert!(!full(ErrorCode::DatabaseCorrupt, Some(0)));
    assert!(free_beside(Path::new("/nowhere/at/all")).is_none());
}

/// A transaction that is not synced when it returns may be gone after a power cut: the guard would be behind what was signed.
#[test]
fn every_transaction_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(&folder.path().join("a.db"), flags).unwrap();
    let text = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    assert_eq!(text("journal_mode").unwrap(), "wal");
    let full = 2;
    assert_eq!(number("synchronous").unwrap(), full);
    assert_eq!(number("fullfsync").unwrap(), 1);
    assert_eq!(number("checkpoint_fullfsync").unwrap(), 1);
}
