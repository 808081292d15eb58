use inkan_core::sha256;

use super::*;
use crate::files::SystemFiles;
use crate::files::faults::{Fault, FaultyFiles};

fn head(tree_size: u64) -> TreeHead {
    TreeHead { tree_size, root_hash: NodeHash::from_digest(sha256(&[&tree_size.to_be_bytes()])) }
}

fn made() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard/checkpoint.db");
    Guard::create(&SystemFiles, &path, "log.example").unwrap();
    (folder, path)
}

#[test]
fn it_remembers_what_was_signed_last() {
    let (_folder, path) = made();
    let mut guard = Guard::open(&path, "log.example").unwrap();
    assert_eq!(guard.head(), TreeHead { tree_size: 0, root_hash: NodeHash::empty() });
    guard.advance(head(1)).unwrap();
    guard.advance(head(7)).unwrap();
    drop(guard);
    // Made again, as after a crash of the making: nothing is forgotten.
    Guard::create(&SystemFiles, &path, "log.example").unwrap();
    assert_eq!(Guard::open(&path, "log.example").unwrap().head(), head(7));
    assert_eq!(Guard::open(&path, "other.example").unwrap_err().code(), "guard-missing");
}

/// Without the comparison in `advance`, the second copy would sign another tree of size 2.
#[test]
fn of_two_copies_of_a_log_only_one_goes_on() {
    let (_folder, path) = made();
    let mut one = Guard::open(&path, "log.example").unwrap();
    let mut two = Guard::open(&path, "log.example").unwrap();
    one.advance(head(1)).unwrap();
    assert_eq!(two.advance(head(2)).unwrap_err().code(), "guard-behind");
    one.advance(head(3)).unwrap();
    assert_eq!(Guard::open(&path, "log.example").unwrap().head(), head(3));
}

/// The record may differ in one of the two alone: another tree of this size, or this root under another size.
#[test]
fn both_size_and_root_must_be_what_was_read() {
    let changes = [
        format!("UPDATE guard SET root = x'{}'", "07".repeat(32)),
        "UPDATE guard SET size = 4".to_owned(),
    ];
    for change in changes {
        let (_folder, path) = made();
        let mut guard = Guard::open(&path, "log.example").unwrap();
        guard.advance(head(1)).unwrap();
        let elsewhere = database::open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        elsewhere.execute(&change, []).unwrap();
        assert_eq!(guard.advance(head(2)).unwrap_err().code(), "guard-behind", "{change}");
    }
}

/// Without it a power cut may take the name of the file, and with it all that was signed.
#[test]
fn its_name_is_durable_before_anything_is_signed() {
    let (folder, path) = made();
    let files = FaultyFiles::new(folder.path(), 1).unwrap();
    files.fail_after(0, Fault::Sync);
    for made in [
        Guard::create(&files, &path, "log.example"),
        Guard::adopt(&files, &path, "log.example", head(3)),
    ] {
        assert_eq!(made.unwrap_err().code(), "storage-unconfirmed");
    }
}

#[test]
fn a_missing_one_is_never_made_in_passing() {
    let (_folder, path) = made();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Guard::open(&path, "log.example").unwrap_err().code(), "guard-missing");
    assert!(!path.exists());
    Guard::adopt(&SystemFiles, &path, "log.example", head(9)).unwrap();
    assert_eq!(Guard::open(&path, "log.example").unwrap().head(), head(9));
}
