use std::collections::BTreeMap;

use inkan_core::sha256;
use tempfile::tempdir;

use super::super::walk::{Walk, Why};
use super::*;

fn hashed(folder: &Path, workers: usize) -> (BTreeMap<String, Content>, Vec<Unread>) {
    let walk = Walk::new(folder, 0, &[]).unwrap();
    let (mut files, mut unread) = (BTreeMap::new(), Vec::new());
    let bytes = AtomicU64::new(0);
    let done: Result<(), ()> = hash_all(
        NonZero::new(workers).unwrap(),
        walk,
        |_| None,
        &bytes,
        |answer| {
            match answer {
                None => {}
                Some(Ok(file)) => {
                    files.insert(file.found.name.as_str().to_owned(), file.hashed.content);
                }
                Some(Err(one)) => unread.push(one),
            }
            Ok(())
        },
    );
    assert_eq!(done, Ok(()));
    let total: u64 = files.values().map(|content| content.length).sum();
    assert_eq!(bytes.load(Ordering::Relaxed), total);
    (files, unread)
}

#[test]
fn every_file_is_hashed_whatever_its_size_and_who_does_it() {
    let folder = tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    let sizes = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17];
    for (number, size) in sizes.iter().enumerate() {
        let bytes: Vec<u8> = (0..*size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        fs::write(folder.path().join(format!("a/b/{number}")), &bytes).unwrap();
    }
    for number in 0..200 {
        fs::write(folder.path().join(format!("a/{number}.txt")), [number]).unwrap();
    }
    let (one, _) = hashed(folder.path(), 1);
    let (many, unread) = hashed(folder.path(), 5);
    assert_eq!(one, many);
    assert!(unread.is_empty());
    assert_eq!(one.len(), 206);
    for (name, content) in &one {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        assert_eq!(content.digest, sha256(&[&bytes]));
        assert_eq!(hash_stream(bytes.as_slice()).unwrap(), *content);
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_strange_names_are_told_and_never_followed() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("file"), b"bytes").unwrap();
    std::os::unix::fs::symlink(path.join("file"), path.join("link")).unwrap();
    std::os::unix::fs::symlink(path, path.join("around")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
    fs::write(path.join(std::ffi::OsStr::from_bytes(b"\xff.txt")), b"x").unwrap();
    let (files, unread) = hashed(path, 2);
    assert_eq!(files.len(), 1);
    let count = |why: &Why| unread.iter().filter(|one| one.why == *why).count();
    assert_eq!((count(&Why::Link), count(&Why::Special), count(&Why::Name)), (2, 1, 1));
    assert!(Why::Name.is_loss() && !Why::Link.is_loss());
    // Found as a file, and a link by the time it is opened: what it points to is not read.
    let mut piece = vec![0; PIECE];
    let read = hash_file(&path.join("link"), &mut piece, &AtomicU64::new(0));
    assert!(matches!(read, Err(Why::Failed(_))), "{read:?}");
}

#[test]
fn what_is_known_is_not_read_and_an_error_ends_it() {
    let folder = tempdir().unwrap();
    for number in 0..5_000 {
        fs::write(folder.path().join(format!("{number}")), b"x").unwrap();
    }
    let bytes = AtomicU64::new(0);
    let known = Hashed {
        content: Content { length: 7, digest: sha256(&[b"known"]) },
        stamp: Stamp::default(),
    };
    let walk = Walk::new(folder.path(), 0, &[]).unwrap();
    let mut count = 0;
    let done = hash_all(
        NonZero::new(3).unwrap(),
        walk,
        |_| Some(known),
        &bytes,
        |answer| {
            count += usize::from(matches!(answer, Some(Ok(file)) if file.hashed == known));
            if count == 4_000 { Err("enough") } else { Ok(()) }
        },
    );
    assert_eq!((done, count, bytes.load(Ordering::Relaxed)), (Err("enough"), 4_000, 0));
}

#[test]
fn a_stamp_tells_that_a_file_was_touched() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, b"bytes").unwrap();
    let before = Stamp::at(&path).unwrap();
    assert_eq!(Stamp::at(&path), Some(before));
    // The same length, the same time of change: the system still knows that it was touched.
    let file = File::options().write(true).open(&path).unwrap();
    let changed = file.metadata().unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&path, b"BYTES").unwrap();
    file.set_modified(changed).unwrap();
    assert_ne!(Stamp::at(&path), Some(before));
    assert_eq!(Stamp::at(folder.path()), None, "a folder is no file");
}
