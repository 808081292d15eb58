use inkan_core::rng::insecure::SeededRng;

use super::*;

#[test]
fn a_key_file_is_private_read_back_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut rng = SeededRng::new(1);
    let made = NoteSigner::create(&path, "ledger.example", Purpose::Log, &mut rng).unwrap();
    assert!(!files::open_to_others(&path).unwrap());
    let read = NoteSigner::read(&path, Purpose::Log).unwrap();
    assert_eq!(read.key, made.key);
    let again = NoteSigner::create(&path, "ledger.example", Purpose::Log, &mut rng).unwrap();
    assert_eq!(again.key, made.key, "a second call keeps the key");
    assert_eq!(
        NoteSigner::read(&path, Purpose::Witness).unwrap_err().code(),
        "ledger-file-malformed"
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("PRIVATE+KEY+ledger.example+"));
    assert!(!format!("{made:?}").contains(text.trim().rsplit('+').next().unwrap()));
}

#[test]
fn altered_key_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w");
    NoteSigner::create(&path, "a/w1", Purpose::Witness, &mut SeededRng::new(1)).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    for text in [
        good.replace("a/w1", "a/w2"),
        good.replace("PRIVATE", "PUBLIC"),
        good.trim().to_owned(),
        format!("{good}\n"),
        String::new(),
    ] {
        std::fs::write(&path, &text).unwrap();
        let error = NoteSigner::read(&path, Purpose::Witness).unwrap_err();
        assert_eq!(error.code(), "ledger-file-malformed", "{text:?}");
    }
}
