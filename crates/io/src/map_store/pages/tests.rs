use super::*;

/// Whoever cannot sync says so: short of cutting the power, nothing else shows that pages are synced before the roots that
/// tell of them are put in force.
#[cfg(target_os = "linux")]
#[test]
fn pages_are_synced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.pages");
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    let pages = Pages::open(&path).unwrap();
    let page = Arc::new(Bucket::default());
    for there in [0, 1] {
        let written = pages.write(&[(0, Arc::clone(&page))], there);
        assert!(matches!(written, Err(MapStoreError::Unavailable(_))), "{written:?}");
    }
    assert!(pages.write(&[], 0).is_ok(), "nothing was written");
}
