use super::*;

#[test]
fn a_second_writer_is_told_who_has_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let lock = WriterLock::take(&layout).unwrap();
    let error = WriterLock::take(&layout).unwrap_err();
    let LedgerFolderError::Locked { pid, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, std::process::id().to_string());
    assert_eq!(error.code(), "ledger-locked");
    drop(lock);
    assert!(WriterLock::take(&layout).is_ok());
}
