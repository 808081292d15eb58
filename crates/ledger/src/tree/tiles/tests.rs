#![expect(clippy::as_conversions, reason = "small numbers, in tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tree::{
    Frontier, MerkleTree, TreeHead, consistency_from, inclusion_from, leaf_from, root_from,
    verify_consistency, verify_inclusion,
};

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(format!("leaf {index}").as_bytes())
}

fn tree(size: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    (0..size).for_each(|index| {
        tree.append(leaf(index));
    });
    tree
}

fn paths(tiles: impl Iterator<Item = Tile>) -> Vec<String> {
    tiles.map(|tile| tile.path()).collect()
}

/// The files of a log that published a checkpoint at each of `sizes`.
fn files(tree: &MerkleTree, sizes: &[u64]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut old = 0;
    for size in sizes {
        for tile in tiles_of_growth(old, *size) {
            files.insert(tile.path(), tile.bytes_from(tree).unwrap());
        }
        old = *size;
    }
    files
}

fn nodes<'a>(
    size: u64,
    files: &'a BTreeMap<String, Vec<u8>>,
) -> TileNodes<impl Fn(Tile) -> Result<&'a Vec<u8>, StoreError>> {
    TileNodes::new(size, move |tile: Tile| {
        files.get(&tile.path()).ok_or_else(|| StoreError::new(tile.path()))
    })
}

#[test]
fn paths_are_those_of_the_specification() {
    let tile = Tile::new(0, 1_234_067, 256).unwrap();
    assert_eq!(tile.path(), "tile/0/x001/x234/067");
    assert_eq!(tile.entries_path(), "tile/entries/x001/x234/067");
    let partial = Tile::new(3, 0, 8).unwrap();
    assert_eq!(partial.path(), "tile/3/000.p/8");
    assert_eq!(Tile::new(0, 1_000, 1).unwrap().entries_path(), "tile/entries/x001/000.p/1");
    assert_eq!(partial.full().path(), "tile/3/000");
}

#[test]
fn the_specification_s_tree_of_70_000_leaves_has_its_tiles() {
    let all = paths(tiles_of_growth(0, 70_000));
    let of = |level: &str| all.iter().filter(|path| path.starts_with(level)).count();
    assert_eq!((of("tile/0/"), of("tile/1/"), of("tile/2/")), (274, 2, 1));
    assert_eq!(all.len(), 277);
    for partial in ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/1/000"] {
        assert!(all.contains(&partial.to_owned()), "{partial}");
    }
    assert_eq!(paths(tiles_of_growth(0, 256)), ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn growth_writes_what_changed_and_nothing_else() {
    assert_eq!(paths(tiles_of_growth(0, 0)), [""; 0]);
    assert_eq!(paths(tiles_of_growth(0, 1)), ["tile/0/000.p/1"]);
    assert_eq!(
        paths(tiles_of_growth(255, 257)),
        ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]
    );
    assert_eq!(paths(tiles_of_growth(256, 257)), ["tile/0/001.p/1"]);
    assert_eq!(paths(tiles_of_growth(257, 257)), [""; 0]);
    assert_eq!(paths(tiles_of_growth(9, 3)), [""; 0]);
    let bundles: Vec<_> = bundles_of_growth(255, 257).map(|tile| tile.entries_path()).collect();
    assert_eq!(bundles, ["tile/entries/000", "tile/entries/001.p/1"]);
}

#[test]
fn other_spellings_of_a_path_are_refused() {
    for path in
        ["tile/0/000", "tile/7/000.p/1", "tile/entries/x001/x234/067.p/255", "tile/1/x001/000"]
    {
        assert_eq!(TilePath::parse(path).unwrap().to_string(), path);
    }
    for path in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/+1/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/000.p/0",
        "/tile/0/000",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/data/000",
        "tile/8/000",
        "tile/64/000",
        "tile/0/00a",
        "tile/entries/../000",
        "tile/0/000.p/1/",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(TilePath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn places_beyond_every_tree_are_refused() {
    assert_eq!(Tile::new(0, 0, 0), Err(TileError::Range));
    assert_eq!(Tile::new(0, 0, 257), Err(TileError::Range));
    assert_eq!(Tile::new(8, 0, 1), Err(TileError::Range));
    assert_eq!(Tile::new(0, u64::MAX, 1), Err(TileError::Range));
    assert_eq!(Tile::new(7, 0, 128), Err(TileError::Range));
    assert!(Tile::new(7, 0, 127).is_ok());
    assert!(Tile::new(0, (1 << 55) - 1, 255).is_ok());
    assert_eq!(Tile::new(0, (1 << 55) - 1, 256), Err(TileError::Range));
    assert_eq!(Tile::holding(0, 5, 5), None);
    assert_eq!(Tile::holding(0, 4, 5), Tile::new(0, 0, 5).ok());
}

#[test]
fn roots_and_proofs_from_tiles_are_those_of_the_tree_at_sizes_to_600() {
    let tree = tree(600);
    // Checkpoints at every size, so that each has its partial tiles.
    let files = files(&tree, &(1..=600).collect::<Vec<_>>());
    for size in 1..=600_u64 {
        let nodes = nodes(size, &files);
        let root_hash = root_from(&nodes, size).unwrap();
        assert_eq!(root_hash, tree.root(size).unwrap(), "{size}");
        assert_eq!(Frontier::from_nodes(&nodes, size).unwrap().root(), root_hash);
        let head = TreeHead { tree_size: size, root_hash };
        for index in [0, size / 3, size / 2, size - 1] {
            let proof = inclusion_from(&nodes, index, size).unwrap();
            assert_eq!(Ok(&proof), tree.inclusion(index, size).as_ref(), "{index} in {size}");
            assert_eq!(verify_inclusion(&leaf(index), &proof, &head), Ok(()));
            assert_eq!(leaf_from(&nodes, index), Ok(leaf(index)));
        }
        for old in [1, size / 4 + 1, size / 2 + 1, size] {
            let old_head = TreeHead { tree_size: old, root_hash: tree.root(old).unwrap() };
            let path = consistency_from(&nodes, old, size).unwrap();
            assert_eq!(Ok(&path), tree.consistency(old, size).as_ref(), "{old} to {size}");
            assert_eq!(verify_consistency(&old_head, &head, &path), Ok(()), "{old} to {size}");
        }
    }
}

#[test]
fn large_trees_read_a_tile_per_level_and_few_more() {
    // 70,000 leaves reach three tile levels.
    let tree = tree(70_000);
    let files = files(&tree, &[69_000, 70_000]);
    let nodes = nodes(70_000, &files);
    for index in [0, 255, 256, 65_535, 65_536, 69_888, 69_999] {
        assert_eq!(
            inclusion_from(&nodes, index, 70_000).unwrap(),
            tree.inclusion(index, 70_000).unwrap()
        );
    }
    assert_eq!(
        consistency_from(&nodes, 69_000, 70_000).unwrap(),
        tree.consistency(69_000, 70_000).unwrap()
    );
    assert_eq!(root_from(&nodes, 70_000).unwrap(), tree.root(70_000).unwrap());
}

#[test]
fn a_full_tile_answers_for_a_partial_one() {
    let tree = tree(300);
    let tiles: Vec<Vec<u8>> = [Tile::new(0, 0, 256), Tile::new(0, 1, 44), Tile::new(1, 0, 1)]
        .map(|tile| tile.unwrap().bytes_from(&tree).unwrap())
        .into();
    let nodes = TileNodes::new(200, |tile: Tile| {
        assert_eq!(
            (tile.level(), tile.index(), tile.width(), tile.is_partial()),
            (0, 0, 200, true)
        );
        Ok(&tiles[0])
    });
    assert_eq!(root_from(&nodes, 200).unwrap(), tree.root(200).unwrap());
    assert!(root_from(&nodes, 201).is_err(), "not in the tree of 200 leaves");
}

#[test]
fn short_tiles_and_failing_reads_are_told() {
    let nodes = TileNodes::new(10, |_| Ok(vec![0_u8; 9 * 32]));
    assert!(matches!(nodes.node(0, 9), Err(StoreError(text)) if text.contains("tile/0/000.p/10")));
    assert!(nodes.node(0, 8).is_ok());
    assert_eq!(node_from_tile(&[0; 33], 0, 0), Err(TileError::Length));
    assert_eq!(node_from_tile(&[0; TILE_BYTES], 8, 0), Err(TileError::Length));
    assert!(node_from_tile(&[0; TILE_BYTES], 7, 128).is_ok());
    assert_eq!(node_from_tile(&[0; TILE_BYTES], 7, 129), Err(TileError::Length));
    assert_eq!(leaf_hashes(&[0; 64], 2).map(|hashes| hashes.len()), Ok(2));
    assert_eq!(leaf_hashes(&[0; 64], 3), Err(TileError::Length));
}

#[test]
fn bundles_keep_every_byte_and_tell_damage() {
    let entries: [&[u8]; 3] = [b"one", b"", &[7; 65_535]];
    let bundle = encode_bundle(entries).unwrap();
    assert_eq!(&bundle[..7], b"\0\x03one\0\0");
    assert_eq!(decode_bundle(&bundle, 3).unwrap(), entries);
    assert_eq!(decode_bundle(&bundle, 2), Err(TileError::Bundle));
    assert_eq!(decode_bundle(&bundle, 4), Err(TileError::Bundle));
    assert_eq!(decode_bundle(&bundle[..bundle.len() - 1], 3), Err(TileError::Bundle));
    assert_eq!(decode_bundle(&[0], 0), Err(TileError::Bundle));
    assert_eq!(encode_bundle([[0; 65_536].as_slice()]), Err(TileError::EntryTooLarge));
    assert_eq!(TileError::Bundle.code(), "tile-malformed");
}

proptest! {
    #[test]
    fn paths_are_read_as_written(level in 0_u8..8, index in any::<u64>(), width in 1_u16..=256) {
        if let Ok(tile) = Tile::new(level, index >> (level * 8), width) {
            prop_assert_eq!(TilePath::parse(&tile.path()), Ok(TilePath::Hashes(tile)));
            let bundle = Tile::new(0, tile.index(), width).unwrap();
            prop_assert_eq!(TilePath::parse(&bundle.entries_path()), Ok(TilePath::Entries(bundle)));
        }
    }

    #[test]
    fn bundles_are_read_as_written(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(decode_bundle(&bundle, entries.len() as u16).unwrap(), entries);
    }

    #[test]
    fn growth_in_steps_leaves_the_tiles_of_every_step(steps in prop::collection::vec(1_u64..90, 1..9)) {
        let sizes: Vec<u64> = steps.iter().scan(0, |sum, step| { *sum += step; Some(*sum) }).collect();
        let tree = tree(*sizes.last().unwrap());
        let files = files(&tree, &sizes);
        for size in &sizes {
            prop_assert_eq!(root_from(&nodes(*size, &files), *size).ok(), tree.root(*size).ok());
        }
    }

    #[test]
    fn arbitrary_requests_never_panic(level in any::<u8>(), index in any::<u64>(), size in any::<u64>()) {
        let nodes = TileNodes::new(size, |_| Ok(vec![0_u8; TILE_BYTES]));
        let _ = nodes.node(level, index);
        let _ = root_from(&nodes, size);
        let _ = inclusion_from(&nodes, index, size);
        let _ = consistency_from(&nodes, index, size);
        let _ = Frontier::from_nodes(&nodes, size);
    }
}
