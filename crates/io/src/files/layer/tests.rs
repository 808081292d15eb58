use super::super::faults::{Fault, FaultyFiles};
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

#[test]
fn of_many_files_a_crash_leaves_none_in_part_and_none_missing_when_they_were_durable() {
    for step in 0.. {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layer = FaultyFiles::new(folder.path(), step).unwrap();
        let name = |number: usize| format!("d/{number}/did.jsonl");
        let put = |number| Put {
            path: folder.path().join(name(number)),
            bytes: format!("line {number}\n").repeat(9).into_bytes(),
        };
        let files: Vec<Put> = (0..MANY).map(put).collect();
        // One seed in three, or it takes too long; each comes at another step.
        layer.fail_after(step * 3, Fault::Power);
        let done = put_many(&layer, folder.path(), &files, Access::Public).is_ok();
        layer.crash(after.path()).unwrap();
        for (number, file) in files.iter().enumerate() {
            match fs::read(after.path().join(name(number))) {
                Ok(bytes) => assert_eq!(bytes, file.bytes, "step {step}"),
                Err(_) => assert!(!done, "step {step}"),
            }
        }
        if done {
            assert!(step > 30);
            break;
        }
    }
}

/// Without the sync of the folder above it a crash takes a new folder with all that was durable in it.
#[test]
fn what_is_put_into_new_folders_survives_with_them() {
    for seed in 0..32 {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layer = FaultyFiles::new(folder.path(), seed).unwrap();
        put(&layer, &folder.path().join("a/b/c"), b"text", Access::Public).unwrap();
        make_folders(&layer, &folder.path().join("d/e"), Access::Public).unwrap();
        let mut file = layer.open(&folder.path().join("d/e/f"), Access::Public).unwrap();
        file.write_at(0, b"more").and_then(|()| file.sync()).unwrap();
        layer.sync_folder(&folder.path().join("d/e")).unwrap();
        layer.crash(after.path()).unwrap();
        assert_eq!(fs::read(after.path().join("a/b/c")).unwrap(), b"text", "seed {seed}");
        assert_eq!(fs::read(after.path().join("d/e/f")).unwrap(), b"more", "seed {seed}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, b"").unwrap();
    assert!(make_folders(&SystemFiles, &path, Access::Public).is_err(), "a file is no folder");
}

/// Whoever cannot sync says so: short of cutting the power, nothing else shows that the system is asked to.
#[cfg(target_os = "linux")]
#[test]
fn the_system_is_asked_to_sync_files_and_folders() {
    let mut file = SystemFiles.open(Path::new("/dev/null"), Access::Public).unwrap();
    file.write_at(0, b"x").unwrap();
    assert_eq!(file.sync().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let folder = SystemFiles.sync_folder(Path::new("/proc"));
    assert_eq!(folder.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}
