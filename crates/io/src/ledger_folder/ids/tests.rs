use super::*;
use crate::files::SystemFiles;
use crate::files::faults::FaultyFiles;

fn id(number: u64) -> EntryId {
    EntryId::from_digest(sha256(&[&number.to_be_bytes()]))
}

fn rows(numbers: std::ops::Range<u64>) -> Vec<Row> {
    let mut rows: Vec<Row> = numbers.map(|number| (key(&id(number)), number)).collect();
    rows.sort_unstable();
    rows
}

fn write(folder: &Path, number: u64, numbers: std::ops::Range<u64>) -> Run {
    let rows = rows(numbers);
    let count = u64::try_from(rows.len()).unwrap();
    Run::write(&SystemFiles, folder, number, count, rows.into_iter().map(Ok)).unwrap()
}

#[test]
fn every_id_is_found_and_no_stranger_is() {
    let folder = tempfile::tempdir().unwrap();
    for count in [1, 127, 128, 129, 5_000] {
        write(folder.path(), count, 0..count);
        for with_filter in [true, false] {
            let run = Run::open(folder.path(), count, with_filter).unwrap();
            assert_eq!(run.count(), count);
            for number in 0..count {
                assert_eq!(run.find(&id(number)).unwrap(), Some(number));
            }
            for number in count..count + 500 {
                assert_eq!(run.find(&id(number)).unwrap(), None);
            }
        }
    }
}

#[test]
fn the_filter_keeps_out_nearly_all_strangers() {
    let folder = tempfile::tempdir().unwrap();
    let run = write(folder.path(), 1, 0..20_000);
    let passed = (20_000..40_000).filter(|number| is_marked(&run.filter, &key(&id(*number))));
    assert!(passed.count() < 400, "one in a hundred");
    assert!((0..20_000).all(|number| is_marked(&run.filter, &key(&id(number)))));
}

#[test]
fn merged_runs_hold_what_each_of_them_held() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [write(folder.path(), 1, 0..700), write(folder.path(), 2, 700..701)];
    let last = write(folder.path(), 3, 701..2_000);
    let all = [&runs[0], &runs[1], &last];
    let merged = merge(&SystemFiles, folder.path(), 4, &all).unwrap();
    assert_eq!(merged.count(), 2_000);
    let merged = Run::open(folder.path(), 4, true).unwrap();
    for number in 0..2_000 {
        assert_eq!(merged.find(&id(number)).unwrap(), Some(number));
    }
}

#[test]
fn a_run_cut_short_or_altered_in_its_index_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1, 0..300);
    let path = Run::path(folder.path(), 1);
    let whole = std::fs::read(&path).unwrap();
    for bytes in [&whole[..whole.len() - 1], &whole[..7], &[]] {
        std::fs::write(&path, bytes).unwrap();
        let error = Run::open(folder.path(), 1, true).unwrap_err();
        assert_eq!(error.code(), "ledger-file-malformed");
    }
    let mut bytes = whole;
    let at = bytes.len() - 100;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(Run::open(folder.path(), 1, true).is_err());
    assert_eq!(Run::open(folder.path(), 2, true).unwrap_err().code(), "file-not-found");
}

/// A transaction names a run when it is written: without its syncs a crash takes ids, and what has them is recorded twice.
#[test]
fn a_run_that_was_written_survives_a_crash() {
    for seed in 0..24 {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layer = FaultyFiles::new(folder.path(), seed).unwrap();
        let rows = rows(0..200).into_iter().map(Ok);
        Run::write(&layer, folder.path(), 7, 200, rows).unwrap();
        layer.crash(after.path()).unwrap();
        let run = Run::open(after.path(), 7, true).unwrap();
        assert_eq!((run.count(), run.find(&id(199)).unwrap()), (200, Some(199)), "seed {seed}");
    }
}
