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
