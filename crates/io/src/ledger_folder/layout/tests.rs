use super::*;

#[test]
fn https_urls_of_plain_files_have_a_place() {
    let at = |url: &str| public_path(Path::new("/p"), url).map(|path| path.display().to_string());
    assert_eq!(at("https://a.example/x/y.json").as_deref(), Some("/p/a.example/x/y.json"));
    assert_eq!(at("https://a.example:8443/x").as_deref(), Some("/p/a.example%3A8443/x"));
    assert_eq!(
        at("https://a.example/.well-known/did.jsonl").as_deref(),
        Some("/p/a.example/.well-known/did.jsonl")
    );
    for url in [
        "http://a.example/x",
        "https://a.example",
        "https://a.example/",
        "https:///x",
        "https://../x",
        "https://A.example/x",
        "https://a..b/x",
        "https://a.example:/x",
        "https://a.example:1x/x",
        "https://u@a.example/x",
        "https://a.example/../x",
        "https://a.example/x//y",
        "https://a.example/.hidden",
        "https://a.example/x?y",
        "https://a.example/x#y",
        "https://a.example/x\\y",
        "https://a.example/é",
    ] {
        assert_eq!(at(url), None, "{url}");
    }
}

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
