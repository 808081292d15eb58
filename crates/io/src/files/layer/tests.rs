use super::*;

#[test]
fn files_are_put_in_place_whole_in_folders_that_were_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c");
    put(&SystemFiles, &path, b"long text", Access::Private).unwrap();
    put(&SystemFiles, &path, b"short", Access::Private).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"short");
    assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    assert!(!super::super::open_to_others(&path).unwrap());
    assert!(SystemFiles.free_bytes(folder.path()).unwrap() > 0);
}
