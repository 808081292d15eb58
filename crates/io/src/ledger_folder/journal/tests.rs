use super::*;
use crate::files::SystemFiles;
use crate::files::faults::{Fault, FaultyFiles};

fn leaves(from: u8, count: u8, size: usize) -> Vec<Vec<u8>> {
    (from..from + count).map(|i| vec![i; size]).collect()
}

fn open(folder: &Path, contents: &Contents) -> Journal {
    Journal::open(Arc::new(SystemFiles), folder, contents, 0).unwrap()
}

fn shared(leaves: &[Vec<u8>]) -> Vec<Arc<[u8]>> {
    leaves.iter().map(|leaf| Arc::from(leaf.as_slice())).collect()
}

fn append(journal: &mut Journal, first: u64, leaves: &[Vec<u8>]) {
    journal.append(first, &shared(leaves)).unwrap();
}

/// Three batches: of one leaf, of three, and of one over several boundaries.
fn three_batches(folder: &Path) -> Vec<Vec<u8>> {
    let mut journal = open(folder, &read(folder).unwrap());
    let all = [leaves(0, 1, 100), leaves(1, 3, 200), leaves(4, 1, 9_000)].concat();
    append(&mut journal, 0, &all[..1]);
    append(&mut journal, 1, &all[1..4]);
    append(&mut journal, 4, &all[4..]);
    all
}

fn segment(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("0.jnl")).unwrap()
}

#[test]
fn what_was_appended_is_read_back_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(read(folder).unwrap().leaves.is_empty());
    let mut all = three_batches(folder);
    assert_eq!(read(folder).unwrap().leaves, all);
    let bytes = segment(folder);
    for at in [0, 4_096, 8_192] {
        assert!(bytes[at..].starts_with(&MAGIC), "batches begin at boundaries");
    }
    let mut journal = open(folder, &read(folder).unwrap());
    append(&mut journal, 5, &leaves(5, 1, 10));
    all.extend(leaves(5, 1, 10));
    assert_eq!(read(folder).unwrap().leaves, all);
    assert_eq!(segment(folder).len(), 20_480 + HEADER + 4 + 10 + TRAILER);
}

#[test]
fn a_last_batch_torn_at_any_byte_is_dropped_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = three_batches(folder);
    let whole = segment(folder);
    for length in 8_192..whole.len() {
        if length % 37 != 0 && length > 8_192 + 64 && length + 64 < whole.len() {
            continue;
        }
        std::fs::write(folder.join("0.jnl"), &whole[..length]).unwrap();
        let contents = read(folder).unwrap();
        assert_eq!(contents.leaves, all[..4], "cut at {length}");
        let mut journal = open(folder, &contents);
        assert_eq!(segment(folder).len(), if length > 8_192 { 8_192 } else { length });
        append(&mut journal, 4, &all[4..]);
        assert_eq!(read(folder).unwrap().leaves, all);
    }
}

#[test]
fn a_last_batch_with_any_byte_altered_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = three_batches(folder);
    let whole = segment(folder);
    for at in 8_192..whole.len() {
        if at % 41 != 0 && at > 8_192 + 64 && at + 64 < whole.len() {
            continue;
        }
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(folder.join("0.jnl"), &bytes).unwrap();
        assert_eq!(read(folder).unwrap().leaves, all[..4], "byte {at}");
    }
}

#[test]
fn damage_before_the_last_batch_stops() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    three_batches(folder);
    let whole = segment(folder);
    let first_batch = HEADER + 4 + 100 + TRAILER;
    let second_batch = HEADER + 3 * 204 + TRAILER;
    for at in (0..first_batch).chain(4_096..4_096 + second_batch) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(folder.join("0.jnl"), &bytes).unwrap();
        let error = read(folder).unwrap_err();
        assert_eq!(error.code(), "journal-damaged", "byte {at}");
    }
}

#[test]
fn segments_follow_each_other_without_a_gap_and_go_from_the_front() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut journal = open(folder, &read(folder).unwrap());
    append(&mut journal, 0, &leaves(0, 2, 10));
    journal.roll(2).unwrap();
    append(&mut journal, 2, &leaves(2, 2, 10));
    let contents = read(folder).unwrap();
    assert_eq!(contents.leaves, leaves(0, 4, 10));
    let mut journal = open(folder, &contents);
    append(&mut journal, 4, &leaves(4, 1, 10));
    assert_eq!(read(folder).unwrap().leaves, leaves(0, 5, 10));

    // A tear at the end of a segment that was followed by another is damage.
    let whole = segment(folder);
    std::fs::write(folder.join("0.jnl"), &whole[..whole.len() - 1]).unwrap();
    assert_eq!(read(folder).unwrap_err().code(), "journal-damaged");
    std::fs::write(folder.join("0.jnl"), &whole).unwrap();

    journal.roll(5).unwrap();
    journal.remove_below(4).unwrap();
    assert!(folder.join("2.jnl").exists(), "it holds leaf 4");
    journal.remove_below(5).unwrap();
    let contents = read(folder).unwrap();
    assert_eq!((contents.first, contents.next()), (5, 5));
    assert!(!folder.join("2.jnl").exists() && folder.join("5.jnl").exists());
    append(&mut journal, 5, &leaves(5, 1, 10));
    assert_eq!(read(folder).unwrap().leaves, leaves(5, 1, 10));
}

#[test]
fn an_empty_segment_after_a_torn_one_is_a_crash_between_the_two() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let all = three_batches(folder);
    std::fs::write(folder.join("5.jnl"), b"").unwrap();
    assert_eq!(read(folder).unwrap().leaves, all);
}

/// A segment that begins beyond the end of the one before it: what lay between was acknowledged, and is gone.
#[test]
fn a_gap_between_segments_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut journal = open(folder, &Contents::default());
    append(&mut journal, 0, &leaves(0, 2, 10));
    journal.roll(2).unwrap();
    append(&mut journal, 2, &leaves(2, 2, 10));
    journal.roll(4).unwrap();
    append(&mut journal, 4, &leaves(4, 2, 10));
    assert_eq!(read(folder).unwrap().leaves.len(), 6);
    std::fs::remove_file(folder.join("2.jnl")).unwrap();
    assert_eq!(read(folder).unwrap_err().code(), "journal-damaged");
}

/// What follows a whole batch and is none, with another segment behind it, was no tear: nothing is written after one.
#[test]
fn a_tear_before_another_segment_is_damage_also_when_no_leaf_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut journal = open(folder, &Contents::default());
    append(&mut journal, 0, &leaves(0, 2, 10));
    journal.roll(2).unwrap();
    append(&mut journal, 2, &leaves(2, 2, 10));
    let mut bytes = segment(folder);
    bytes.resize(5_000, 1);
    std::fs::write(folder.join("0.jnl"), bytes).unwrap();
    assert_eq!(read(folder).unwrap_err().code(), "journal-damaged");
}

/// A whole batch that is not the next one is left over from another time of the file; its leaves are not ours.
#[test]
fn a_batch_with_another_number_or_place_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut journal = open(folder, &Contents::default());
    append(&mut journal, 0, &leaves(0, 2, 10));
    let whole = segment(folder);
    for (number, first, taken) in [(1, 2, 3), (2, 2, 2), (0, 2, 2), (1, 3, 2), (1, 0, 2)] {
        let mut bytes = whole.clone();
        bytes.resize(4_096, 0);
        bytes.extend(write_batch(number, first, &shared(&leaves(2, 1, 10))));
        std::fs::write(folder.join("0.jnl"), bytes).unwrap();
        let contents = read(folder).unwrap();
        assert_eq!(contents.leaves.len(), taken, "batch {number} from {first}");
    }
}

#[test]
fn a_full_disk_takes_nothing_and_writing_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for seed in 0..20 {
        let layer = FaultyFiles::new(folder, seed).unwrap();
        let contents = read(folder).unwrap();
        let next = contents.next();
        let mut journal = Journal::open(Arc::new(layer.clone()), folder, &contents, 0).unwrap();
        layer.fail_after(0, Fault::Full);
        let leaf = shared(&leaves(7, 1, 9_000));
        assert_eq!(journal.append(next, &leaf).unwrap_err().code(), "storage-full");
        let length = std::fs::metadata(folder.join("0.jnl")).unwrap().len();
        assert_eq!(length, contents.end, "half a batch was cut off: what it took is free again");
        layer.heal();
        journal.append(next, &leaf).unwrap();
        assert_eq!(read(folder).unwrap().next(), next + 1);
    }
}

/// Without the sync of its folder a segment goes with all that was acknowledged in it.
#[test]
fn a_new_segment_survives_with_its_leaves() {
    for seed in 0..32 {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = folder.path();
        let layer = FaultyFiles::new(folder, seed).unwrap();
        let mut journal =
            Journal::open(Arc::new(layer.clone()), folder, &Contents::default(), 0).unwrap();
        append(&mut journal, 0, &leaves(0, 2, 10));
        layer.crash(after.path()).unwrap();
        assert_eq!(read(after.path()).unwrap().leaves, leaves(0, 2, 10), "seed {seed}");
        journal.roll(2).unwrap();
        append(&mut journal, 2, &leaves(2, 1, 10));
        let after = tempfile::tempdir().unwrap();
        layer.crash(after.path()).unwrap();
        assert_eq!(read(after.path()).unwrap().leaves, leaves(0, 3, 10), "seed {seed}");
    }
}

/// What is torn is cut off, durably, when the journal is opened: once a new segment follows it would be damage.
#[test]
fn what_was_torn_does_not_come_back_before_the_next_segment() {
    for (seed, cut) in (0..16).flat_map(|seed| [0, 1_000, 5_000].map(|cut| (seed, cut))) {
        let (folder, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = folder.path();
        let all = three_batches(folder);
        let whole = segment(folder);
        std::fs::write(folder.join("0.jnl"), &whole[..whole.len() - 1 - cut]).unwrap();
        let layer = FaultyFiles::new(folder, seed).unwrap();
        let contents = read(folder).unwrap();
        let mut journal = Journal::open(Arc::new(layer.clone()), folder, &contents, 0).unwrap();
        journal.roll(4).unwrap();
        append(&mut journal, 4, &leaves(9, 1, 10));
        layer.crash(after.path()).unwrap();
        let expected = [&all[..4], &leaves(9, 1, 10)[..]].concat();
        assert_eq!(read(after.path()).unwrap().leaves, expected, "seed {seed}");
    }
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let layer = FaultyFiles::new(folder, 1).unwrap();
    let mut journal =
        Journal::open(Arc::new(layer.clone()), folder, &read(folder).unwrap(), 0).unwrap();
    layer.fail_after(0, Fault::Sync);
    let leaf = shared(&leaves(7, 1, 10));
    let before = layer.operations();
    assert_eq!(journal.append(0, &leaf).unwrap_err().code(), "storage-unconfirmed");
    assert_eq!(layer.operations(), before + 2, "one write, one sync");
    layer.heal();
    assert_eq!(journal.append(0, &leaf).unwrap_err().code(), "storage-unconfirmed");
    assert_eq!(layer.operations(), before + 2, "and nothing after it");
}

#[test]
fn no_leaf_looks_like_a_batch() {
    assert!(std::str::from_utf8(&MAGIC).is_err());
    // A leaf that holds a batch at a boundary, as text cannot: only then is a tear taken for damage.
    let mut bytes = vec![0; 12_288];
    bytes[4_096..4_104].copy_from_slice(&MAGIC);
    assert!(begins_batch_later(&bytes));
    assert!(!begins_batch_later(&bytes[1..]));
}
