use std::io::Write as _;

use super::faults::{Fault, FaultyFiles};
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

/// As root, a device that is named as the place of a result would be gone for everybody.
#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("null");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    write_atomic(&path, b"one", Access::Private).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_symlink());
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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

/// Without one of the syncs a crash leaves half a file, or the old one although the new one was said to be there.
#[test]
fn a_crash_leaves_the_file_of_before_or_the_one_that_replaces_it() {
    for (seed, step) in (0..24).flat_map(|seed| (0..8).map(move |step| (seed, step))) {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layer = FaultyFiles::new(folder.path(), seed).unwrap();
        let path = folder.path().join("f");
        write_atomic_through(&layer, &path, b"the old text", Access::Private).unwrap();
        layer.fail_after(step, Fault::Power);
        let done = write_atomic_through(&layer, &path, b"new", Access::Private).is_ok();
        layer.crash(after.path()).unwrap();
        let left = fs::read(after.path().join("f")).unwrap();
        let good = left == b"new" || (!done && left == b"the old text");
        assert!(good, "seed {seed}, step {step}: {left:?}");
        assert_eq!(done, step > 4, "open, write, sync, rename, sync");
    }
}

#[test]
fn a_file_that_was_removed_does_not_come_back() {
    for seed in 0..24 {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layer = FaultyFiles::new(folder.path(), seed).unwrap();
        let path = folder.path().join("f");
        write_atomic_through(&layer, &path, b"text", Access::Private).unwrap();
        remove_through(&layer, &path).unwrap();
        remove_through(&layer, &path).unwrap();
        layer.crash(after.path()).unwrap();
        assert!(!after.path().join("f").exists(), "seed {seed}");
    }
}
