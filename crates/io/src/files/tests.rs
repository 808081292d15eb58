use super::*;

#[test]
fn a_file_is_replaced_whole_and_no_temporary_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    write_atomic(&path, b"one", Access::Private).unwrap();
    write_atomic(&path, b"two", Access::Private).unwrap();
    assert_eq!(read(&path, 10).unwrap(), b"two");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(!open_to_others(&path).unwrap());
}

#[test]
fn every_failure_has_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    assert_eq!(read(&path, 10).unwrap_err().code(), "file-not-found");
    assert_eq!(read_optional(&path, 10).unwrap(), None);
    write_atomic(&path, b"four", Access::Public).unwrap();
    assert_eq!(read(&path, 3).unwrap_err().code(), "input-too-large");
    assert_eq!(read(folder.path(), 1 << 20).unwrap_err().code(), "file-wrong-kind");
    let inside = path.join("b");
    assert_eq!(write_atomic(&inside, b"", Access::Public).unwrap_err().code(), "file-wrong-kind");
    let nowhere = folder.path().join("no/b");
    assert_eq!(write_atomic(&nowhere, b"", Access::Public).unwrap_err().code(), "file-not-found");
    assert_eq!(
        write_atomic(folder.path(), b"", Access::Public).unwrap_err().code(),
        "file-wrong-kind"
    );
}

#[test]
fn a_full_disk_and_a_read_only_disk_are_told_apart() {
    let path = Path::new("x");
    let full = FileError::from_io(path, ErrorKind::StorageFull.into());
    let read_only = FileError::from_io(path, ErrorKind::ReadOnlyFilesystem.into());
    let denied = FileError::from_io(path, ErrorKind::PermissionDenied.into());
    assert_eq!(full.code(), "storage-full");
    assert_eq!(read_only.code(), "storage-read-only");
    assert_eq!(denied.code(), "file-not-allowed");
}

#[test]
fn a_device_that_is_always_full_is_reported_as_full() {
    let device = Path::new("/dev/full");
    if !device.exists() {
        return;
    }
    let mut file = OpenOptions::new().write(true).open(device).unwrap();
    let error = file.write_all(b"x").unwrap_err();
    assert_eq!(FileError::from_io(device, error).code(), "storage-full");
}

#[test]
fn listing_leaves_out_hidden_and_temporary_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.json", "a.json", ".c.json", "d.txt"] {
        write_atomic(&folder.path().join(name), b"", Access::Public).unwrap();
    }
    assert_eq!(list(folder.path(), ".json").unwrap(), ["a", "b"]);
    assert_eq!(list(&folder.path().join("none"), ".json").unwrap(), Vec::<String>::new());
}

#[test]
fn permissions_can_be_looked_at_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("p");
    create_folder(&inner, Access::Private).unwrap();
    assert!(!open_to_others(&inner).unwrap());
    let path = inner.join("a");
    fs::write(&path, b"").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open_to_others(&path).unwrap());
    }
    close_to_others(&path).unwrap();
    assert!(!open_to_others(&path).unwrap());
}

/// As when the holder was just starting a process, which has its files until it is another program.
#[test]
fn a_lock_that_is_given_back_late_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let held = try_lock(folder.path()).unwrap();
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(held);
    });
    try_lock(folder.path()).unwrap();
    late.join().unwrap();
}

#[test]
fn a_lock_excludes_a_second_holder_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let held = lock(folder.path()).unwrap();
    let file = File::open(folder.path().join("LOCK")).unwrap();
    assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
    drop(held);
    file.try_lock().unwrap();
}
