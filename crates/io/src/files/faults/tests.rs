use super::super::layer;
use super::*;

/// What 64 crashes leave of a file.
fn outcomes(work: impl Fn(&FaultyFiles, &Path)) -> BTreeSet<Option<Vec<u8>>> {
    (0..64)
        .map(|seed| {
            let folder = tempfile::tempdir().unwrap();
            let (before, after) = (folder.path().join("before"), folder.path().join("after"));
            fs::create_dir_all(&before).unwrap();
            let layer = FaultyFiles::new(&before, seed).unwrap();
            work(&layer, &before.join("f"));
            layer.crash(&after).unwrap();
            fs::read(after.join("f")).ok()
        })
        .collect()
}

#[test]
fn what_was_not_synced_may_be_lost_torn_or_there() {
    let unsynced = outcomes(|layer, path| {
        layer.open(path, Access::Public).unwrap().write_at(0, b"abcd").unwrap();
    });
    assert!(unsynced.contains(&None) && unsynced.contains(&Some(b"abcd".to_vec())));
    assert!(unsynced.contains(&Some(b"ab".to_vec())) && unsynced.contains(&Some(vec![])));
    let nameless = outcomes(|layer, path| {
        let mut file = layer.open(path, Access::Public).unwrap();
        file.write_at(0, b"abcd").and_then(|()| file.sync()).unwrap();
    });
    assert_eq!(nameless.len(), 2, "whole or without a name: {nameless:?}");
    let put = outcomes(|layer, path| {
        layer::put(layer, path, b"abcd", Access::Public).unwrap();
    });
    assert_eq!(put.into_iter().collect::<Vec<_>>(), [Some(b"abcd".to_vec())]);
    let replaced = outcomes(|layer, path| {
        layer::put(layer, path, b"abcd", Access::Public).unwrap();
        layer.fail_after(5, Fault::Power);
        let _ = layer::put(layer, path, b"efgh", Access::Public);
        assert!(layer.has_failed());
    });
    assert_eq!(replaced.len(), 2, "one or the other, never half: {replaced:?}");
}

#[test]
fn a_full_disk_stops_in_the_middle_and_recovers_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let layer = FaultyFiles::new(folder.path(), 3).unwrap();
    let mut file = layer.open(&folder.path().join("f"), Access::Public).unwrap();
    layer.fail_after(0, Fault::Full);
    let error = file.write_at(0, b"abcd").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    layer.heal();
    file.write_at(0, b"abcd").unwrap();
    layer.fail_after(0, Fault::Sync);
    assert!(file.sync().is_err());
}
