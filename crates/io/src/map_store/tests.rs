use std::collections::BTreeMap;
use std::fs;

use inkan_core::sha256;
use inkan_ledger::commitment::ActId;
use inkan_ledger::leaf::Kind;
use inkan_ledger::map::{Flags, Map, MapOutcome, empty_root};
use inkan_ledger::tree::LeafHash;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

type Heads = BTreeMap<MapKey, MapValue>;

fn key(number: u64) -> MapKey {
    if number.is_multiple_of(3) {
        MapKey::act("scid", &ActId::from_bytes(*sha256(&[&number.to_be_bytes()]).as_bytes()))
    } else {
        MapKey::did(&format!("scid {number}"))
    }
}

fn value(key: &MapKey, leaf_index: u64) -> MapValue {
    MapValue {
        kind: key.kind(),
        flags: if key.kind() == Kind::Did { Flags::PORTABLE } else { Flags::NONE },
        sequence: leaf_index % 7 + 1,
        leaf_index,
        leaf_hash: LeafHash::of(&leaf_index.to_be_bytes()),
    }
}

fn changes(numbers: impl IntoIterator<Item = u64>, version: u64) -> Vec<(MapKey, MapValue)> {
    numbers.into_iter().map(|number| (key(number), value(&key(number), version))).collect()
}

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.pages");
    (folder, path)
}

/// A store of `count` keys, kept and durable as version `count`, and the same as heads.
fn filled(path: &Path, count: u64) -> (MapStore, Heads) {
    let mut store = MapStore::open(path).unwrap();
    let all = changes(0..count, count - 1);
    store.apply(count, &all).unwrap();
    store.keep().unwrap();
    store.durable().unwrap();
    (store, all.into_iter().collect())
}

fn given(heads: &Heads, from: u64) -> Vec<Result<(MapKey, MapValue), MapStoreError>> {
    let newer = heads.iter().filter(|(_, value)| value.leaf_index >= from);
    newer.map(|(key, value)| Ok((*key, *value))).collect()
}

/// The store says of `key` exactly what the specification's recursion over `heads` says.
fn same_proof(store: &MapStore, heads: &Heads, key: &MapKey) {
    let map = Map::new(heads);
    let state = store.newest();
    let proof = store.prove(key, state.version).unwrap();
    assert_eq!(proof, map.prove(key));
    match (proof.verify(key, &map.root()).unwrap(), heads.get(key)) {
        (MapOutcome::Absent, None) => {}
        (MapOutcome::Present { .. }, Some(value)) => {
            proof.verify_present(key, value, &map.root()).unwrap();
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn root_and_proofs_are_those_of_the_specification(
        batches in proptest::collection::vec(
            (proptest::collection::vec(0_u64..150, 0..40), any::<bool>()), 1..8),
        asked in proptest::collection::vec(0_u64..200, 1..12),
    ) {
        let (_folder, path) = scratch();
        let mut store = MapStore::open(&path).unwrap();
        let mut heads = Heads::new();
        let mut version = 0;
        for (numbers, keep) in batches {
            version += 1 + u64::try_from(numbers.len()).unwrap();
            let changed = changes(numbers, version);
            heads.extend(changed.iter().copied());
            let state = store.apply(version, &changed).unwrap();
            prop_assert_eq!(state.root, Map::new(&heads).root());
            prop_assert_eq!(state.keys, u64::try_from(heads.len()).unwrap());
            prop_assert_eq!(store.root(version).unwrap(), state);
            for number in &asked {
                same_proof(&store, &heads, &key(*number));
            }
            if keep {
                store.keep().unwrap();
                for number in &asked {
                    same_proof(&store, &heads, &key(*number));
                }
            }
        }
    }

    #[test]
    fn the_order_of_insertion_does_not_matter(
        mut numbers in proptest::collection::vec(any::<u64>(), 1..300),
        cut in 0_usize..300,
    ) {
        numbers.sort_unstable();
        numbers.dedup();
        let roots = [false, true].map(|reversed| {
            let (_folder, path) = scratch();
            let mut store = MapStore::open(&path).unwrap();
            let mut all = changes(numbers.iter().copied(), 9);
            if reversed {
                all.reverse();
            }
            let (one, two) = all.split_at(cut.min(all.len()));
            store.apply(1, one).unwrap();
            store.apply(2, two).unwrap().root
        });
        prop_assert_eq!(roots[0], roots[1]);
    }
}

#[test]
fn the_last_value_of_a_key_counts() {
    let (_folder, path) = scratch();
    let mut store = MapStore::open(&path).unwrap();
    assert_eq!(store.newest(), MapState { version: 0, root: empty_root(), keys: 0 });
    let (one, two) = (value(&key(1), 1), value(&key(1), 2));
    store.apply(3, &[(key(1), one), (key(2), value(&key(2), 5)), (key(1), two)]).unwrap();
    let heads = Heads::from([(key(1), two), (key(2), value(&key(2), 5))]);
    assert_eq!(store.newest().root, Map::new(&heads).root());
    same_proof(&store, &heads, &key(1));
}

#[test]
fn an_empty_map_proves_absence() {
    let (_folder, path) = scratch();
    let mut store = MapStore::open(&path).unwrap();
    same_proof(&store, &Heads::new(), &key(4));
    store.apply(7, &[]).unwrap();
    assert_eq!(store.newest(), MapState { version: 7, root: empty_root(), keys: 0 });
    store.keep().unwrap();
    same_proof(&store, &Heads::new(), &key(4));
}

#[test]
fn versions_do_not_go_back() {
    let (_folder, path) = scratch();
    let (mut store, _) = filled(&path, 10);
    let error = store.apply(9, &changes([1], 9)).unwrap_err();
    assert_eq!(error.code(), "map-version-order");
}

#[test]
fn states_that_were_kept_stay_provable_until_they_are_pruned() {
    let (_folder, path) = scratch();
    let mut store = MapStore::open(&path).unwrap();
    let reader = store.reader();
    let mut heads = Heads::new();
    let mut history = Vec::new();
    for round in 1..=5_u64 {
        let changed = changes((0..40).map(|i| i * round), round);
        heads.extend(changed.iter().copied());
        store.apply(round * 10, &changed).unwrap();
        // What comes after a checkpoint does not disturb it.
        store.keep().unwrap();
        history.push((round * 10, heads.clone()));
    }
    store.apply(51, &changes(300..340, 51)).unwrap();
    for (version, heads) in &history {
        let map = Map::new(heads);
        assert_eq!(reader.root(*version).unwrap().root, map.root());
        for number in [0, 1, 80, 5_000] {
            let proof = reader.prove(&key(number), *version).unwrap();
            assert_eq!(proof, map.prove(&key(number)));
        }
    }
    store.prune(40);
    assert_eq!(reader.prove(&key(1), 30).unwrap_err().code(), "map-version-gone");
    assert_eq!(store.root(30).unwrap_err().code(), "map-version-gone");
    reader.prove(&key(1), 40).unwrap();
    // A state between two checkpoints is only the newest one's.
    store.apply(52, &[]).unwrap();
    assert_eq!(store.prove(&key(1), 51).unwrap_err().code(), "map-version-gone");
}

#[test]
fn readers_read_while_the_writer_writes() {
    let (_folder, path) = scratch();
    let (mut store, heads) = filled(&path, 500);
    let reader = store.reader();
    let root = Map::new(&heads).root();
    let reading = std::thread::spawn(move || {
        for number in 0..400 {
            let proof = reader.prove(&key(number), 500).unwrap();
            proof.verify(&key(number), &root).unwrap();
        }
    });
    for round in 1..20 {
        store.apply(500 + round, &changes(round * 50..round * 100, 500 + round)).unwrap();
        store.keep().unwrap();
    }
    reading.join().unwrap();
}

#[test]
fn a_second_process_is_told() {
    let (_folder, path) = scratch();
    let (_store, _) = filled(&path, 3);
    assert_eq!(MapStore::open(&path).unwrap_err().code(), "map-in-use");
}

#[test]
fn what_was_durable_is_there_again() {
    let (_folder, path) = scratch();
    let (store, heads) = filled(&path, 1_000);
    let state = store.newest();
    drop(store);
    let again = |_| -> Vec<Result<(MapKey, MapValue), MapStoreError>> { Vec::new() };
    let (store, found) = MapStore::recover(&path, 1_000, &state.root, again).unwrap();
    assert_eq!((store.newest(), found), (state, Recovered::Current));
    same_proof(&store, &heads, &key(17));
}

/// The files as they are now.
fn copy_of(path: &Path) -> (TempDir, PathBuf) {
    let (folder, copy) = scratch();
    fs::copy(path, &copy).unwrap();
    fs::copy(roots(path), roots(&copy)).unwrap();
    (folder, copy)
}

fn roots(path: &Path) -> PathBuf {
    path.with_file_name("map.pages.roots")
}

#[test]
fn a_crash_before_the_durable_commit_is_caught_up() {
    let (_folder, path) = scratch();
    let (mut store, mut heads) = filled(&path, 1_000);
    for round in 1..=4 {
        let version = 1_000 + round * 100;
        let changed = changes((0..100).map(|i| i * round * 13), version - 1);
        heads.extend(changed.iter().copied());
        store.apply(version, &changed).unwrap();
        store.keep().unwrap();
    }
    assert_eq!(store.unsaved(), 400);
    let state = store.newest();
    let (_copy, copy) = copy_of(&path);
    let (store, found) =
        MapStore::recover(&copy, 1_400, &state.root, |from| given(&heads, from)).unwrap();
    let Recovered::CaughtUp { keys } = found else { panic!("{found:?}") };
    assert!(keys <= 400);
    assert_eq!(store.newest(), state);
    same_proof(&store, &heads, &key(13));
}

#[test]
fn a_store_that_was_lost_rolled_back_or_is_another_logs_is_rebuilt() {
    let (_folder, path) = scratch();
    let (store, heads) = filled(&path, 2_000);
    let state = store.newest();
    drop(store);
    let recover =
        |path: &Path| MapStore::recover(path, 2_000, &state.root, |from| given(&heads, from));
    let is_rebuilt = |path: &Path| {
        let (store, found) = recover(path).unwrap();
        assert!(matches!(found, Recovered::Rebuilt { .. }), "{found:?}");
        assert_eq!(store.newest(), state);
        same_proof(&store, &heads, &key(5));
        drop(store);
        // What was rebuilt is durable.
        assert_eq!(recover(path).unwrap().1, Recovered::Current);
    };
    let (_lost, lost) = scratch();
    is_rebuilt(&lost);
    let (_other, other) = scratch();
    let mut store = MapStore::open(&other).unwrap();
    store.apply(1_500, &changes(5_000..5_100, 1_400)).unwrap();
    store.keep().unwrap();
    store.durable().unwrap();
    drop(store);
    is_rebuilt(&other);
    let (_ahead, ahead) = scratch();
    drop(filled(&ahead, 2_001));
    is_rebuilt(&ahead);
    let (_noise, noise) = copy_of(&path);
    fs::write(roots(&noise), [7; 9_000]).unwrap();
    is_rebuilt(&noise);
    let (_half, half) = copy_of(&path);
    fs::remove_file(roots(&half)).unwrap();
    is_rebuilt(&half);
    let (_other_half, other_half) = copy_of(&path);
    fs::remove_file(&other_half).unwrap();
    is_rebuilt(&other_half);
    let (_torn, torn) = copy_of(&path);
    let bytes = fs::read(&path).unwrap();
    fs::write(&torn, &bytes[..bytes.len() / 3]).unwrap();
    is_rebuilt(&torn);
}

#[test]
fn a_crash_between_pages_and_roots_is_caught_up() {
    let (_folder, path) = scratch();
    let (mut store, mut heads) = filled(&path, 700);
    let old_roots = fs::read(roots(&path)).unwrap();
    // So many that most pages are split once, and some twice.
    let changed = changes((0..2_500).map(|i| i * 3), 3_500);
    heads.extend(changed.iter().copied());
    let state = store.apply(3_600, &changed).unwrap();
    store.keep().unwrap();
    store.durable().unwrap();
    drop(store);
    fs::write(roots(&path), old_roots).unwrap();
    let (store, found) =
        MapStore::recover(&path, 3_600, &state.root, |from| given(&heads, from)).unwrap();
    assert!(matches!(found, Recovered::CaughtUp { .. }), "{found:?}");
    for number in 0..900 {
        same_proof(&store, &heads, &key(number));
    }
}

#[test]
fn heads_that_do_not_give_the_logs_root_are_refused() {
    let (_folder, path) = scratch();
    let (store, mut heads) = filled(&path, 50);
    let state = store.newest();
    drop(store);
    heads.pop_last();
    fs::remove_file(&path).unwrap();
    let error = MapStore::recover(&path, 50, &state.root, |from| given(&heads, from)).unwrap_err();
    assert_eq!(error.code(), "map-mismatch");
}

#[test]
fn whatever_byte_is_flipped_nothing_wrong_is_said() {
    let (_folder, path) = scratch();
    let (store, heads) = filled(&path, 300);
    let state = store.newest();
    drop(store);
    let map = Map::new(&heads);
    for file in [path.clone(), roots(&path)] {
        let whole = fs::read(&file).unwrap();
        let mut damaged = 0;
        let mut tried = 0;
        for position in (0..whole.len()).step_by(whole.len() / 250 + 1) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x10;
            fs::write(&file, bytes).unwrap();
            tried += 1;
            let store = match MapStore::open(&path) {
                Ok(store) => store,
                Err(error) => {
                    assert_eq!(error.code(), "map-damaged", "{position}");
                    damaged += 1;
                    continue;
                }
            };
            assert_eq!(store.newest(), state);
            let proofs = (0..310).map(|number| (number, store.prove(&key(number), 300)));
            for (number, proof) in proofs {
                match proof {
                    Ok(proof) => assert_eq!(proof, map.prove(&key(number)), "{position}"),
                    Err(error) => {
                        assert_eq!(error.code(), "map-damaged", "{position}");
                        damaged += 1;
                        break;
                    }
                }
            }
        }
        fs::write(&file, &whole).unwrap();
        assert_eq!(damaged, tried);
    }
}

#[test]
fn what_gathers_is_written_before_it_is_too_much() {
    let (_folder, path) = scratch();
    let mut store = MapStore::open(&path).unwrap();
    let mut heads = Heads::new();
    for round in 1..=4_u64 {
        let changed = changes(round * 20_000..(round + 1) * 20_000, round);
        heads.extend(changed.iter().copied());
        store.apply(round, &changed).unwrap();
        store.keep().unwrap();
    }
    assert_eq!(store.newest().root, Map::new(&heads).root());
    store.durable().unwrap();
    assert_eq!(lock(&store.tree).pending(), 0);
    // From the pages, now.
    let root = store.newest().root;
    for number in [20_000, 33_333, 99_999, 100_000] {
        let proof = store.prove(&key(number), 4).unwrap();
        proof.verify(&key(number), &root).unwrap();
        assert_eq!(store.prove(&key(number), 4).unwrap(), Map::new(&heads).prove(&key(number)));
    }
}

/// Keys that all begin with the same bits: somebody searched for them.
#[test]
fn keys_that_crowd_on_one_page_overflow_and_are_not_lost() {
    let (_folder, path) = scratch();
    let crowd: Vec<u64> =
        (1..).filter(|n| key(*n).digest().as_bytes()[0] == 0x5a).take(150).collect();
    let mut store = MapStore::open(&path).unwrap();
    let mut heads = Heads::new();
    for (round, part) in (1_u64..).zip(crowd.chunks(40)) {
        let changed = changes(part.iter().copied(), round);
        heads.extend(changed.iter().copied());
        store.apply(round, &changed).unwrap();
        store.keep().unwrap();
        store.durable().unwrap();
        drop(store);
        store = MapStore::open(&path).unwrap();
        assert_eq!(store.newest().root, Map::new(&heads).root());
        for number in &crowd {
            same_proof(&store, &heads, &key(*number));
        }
    }
    let others = changes(100_000..103_000, 9);
    heads.extend(others.iter().copied());
    store.apply(9, &others).unwrap();
    assert_eq!(store.newest().root, Map::new(&heads).root());
    for number in &crowd {
        same_proof(&store, &heads, &key(*number));
    }
}

/// The tree library that the recursion comes from: it shares no code with ours.
#[test]
fn roots_are_those_of_the_jellyfish_merkle_tree() {
    let (_folder, path) = scratch();
    let mut store = MapStore::open(&path).unwrap();
    let oracle = jmt::mock::MockTreeStore::default();
    for round in 0..12_u64 {
        let changed = changes((0..100 * round + 1).map(|i| i * 17 % 4_001), round);
        let last: Heads = changed.iter().copied().collect();
        let pairs = last.iter().map(|(key, value)| {
            (jmt::KeyHash(*key.digest().as_bytes()), Some(value.to_bytes().to_vec()))
        });
        let (root, batch) = jmt::Sha256Jmt::new(&oracle).put_value_set(pairs, round).unwrap();
        oracle.write_tree_update_batch(batch).unwrap();
        let ours = store.apply(round + 1, &changed).unwrap().root;
        assert_eq!(ours.digest().as_bytes(), &root.0);
    }
}
