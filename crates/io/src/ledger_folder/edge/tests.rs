use inkan_ledger::MerkleTree;

use super::*;
use crate::files::layer::put_all;
use crate::files::{Access, SystemFiles};

fn leaf(index: u64) -> Arc<[u8]> {
    Arc::from(format!("leaf {index}").into_bytes())
}

/// Grows a tree on disk by checkpoints at `sizes`.
fn grown(root: &Path, sizes: &[u64]) -> MerkleTree {
    let (mut tree, mut edge) = (MerkleTree::new(), Edge::default());
    for size in sizes {
        while tree.size() < *size {
            let leaf = leaf(tree.size());
            let hash = LeafHash::of(&leaf);
            edge.append(root, &leaf, hash).unwrap();
            tree.append(hash);
        }
        let growth = edge.take(root).unwrap();
        put_all(&SystemFiles, &growth.full, Access::Public).unwrap();
        put_all(&SystemFiles, &growth.partial, Access::Public).unwrap();
        assert_eq!(root_on_disk(root, *size).unwrap(), tree.root(*size).unwrap(), "{size}");
    }
    tree
}

#[test]
fn tiles_on_disk_have_the_root_of_the_tree_at_every_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [1, 2, 3, 200, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 66_000];
    let tree = grown(folder.path(), &sizes);
    for size in sizes {
        assert_eq!(root_on_disk(folder.path(), size).unwrap(), tree.root(size).unwrap());
        let edge = Edge::load(folder.path(), size).unwrap();
        assert_eq!(u64::try_from(edge.entries.len()).unwrap(), size % 256);
    }
    for index in [0, 1, 255, 256, 511, 65_535, 65_999] {
        assert_eq!(read_entry(folder.path(), index, 66_000).unwrap(), leaf(index));
    }
    assert_eq!(read_entry(folder.path(), 66_000, 66_000).unwrap_err().code(), "not-found");
}

#[test]
fn a_tree_goes_on_from_its_edge_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for size in [1_u64, 255, 256, 300, 511, 512, 65_536, 65_800] {
        let mut tree = grown(root, &[size]);
        let mut edge = Edge::load(root, size).unwrap();
        for index in size..size + 700 {
            let leaf = leaf(index);
            edge.append(root, &leaf, LeafHash::of(&leaf)).unwrap();
            tree.append(LeafHash::of(&leaf));
        }
        let growth = edge.take(root).unwrap();
        put_all(&SystemFiles, &growth.full, Access::Public).unwrap();
        put_all(&SystemFiles, &growth.partial, Access::Public).unwrap();
        assert_eq!(root_on_disk(root, size + 700).unwrap(), tree.root(size + 700).unwrap());
    }
}

#[test]
fn altered_missing_and_short_tiles_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tree = grown(root, &[300]);
    for name in ["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"] {
        let path = root.join(name);
        let whole = std::fs::read(&path).unwrap();
        let code = || match Edge::load(root, 300) {
            Err(error) => error.code(),
            Ok(_) => match root_on_disk(root, 300) {
                Err(error) => error.code(),
                Ok(found) if found == tree.root(300).unwrap() => "sound",
                Ok(_) => "tile-damaged",
            },
        };
        assert_eq!(code(), "sound");
        for at in [0, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(code(), "tile-damaged", "{name}, byte {at}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(code(), "tile-damaged", "{name}, cut");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code(), "tile-damaged", "{name}, gone");
        std::fs::write(&path, &whole).unwrap();
    }
}
