use proptest::prelude::*;

use super::*;
use crate::tree::MerkleTree;

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(format!("leaf {index}").as_bytes())
}

#[test]
fn the_edge_of_every_size_to_600_has_the_root_of_the_tree() {
    let mut tree = MerkleTree::new();
    let mut edge = Frontier::new();
    assert_eq!(edge.root(), NodeHash::empty());
    for index in 0..600 {
        assert_eq!(edge.append(leaf(index)), Some(index));
        tree.append(leaf(index));
        let size = index + 1;
        assert_eq!((edge.size(), edge.root()), (size, tree.root(size).unwrap()));
        assert_eq!(Frontier::from_nodes(&tree, size), Ok(edge.clone()));
        assert_eq!(Frontier::from_bytes(&edge.to_bytes()), Ok(edge.clone()));
    }
}

#[test]
fn an_edge_of_a_size_that_the_tree_never_had_is_refused() {
    let mut tree = MerkleTree::new();
    (0..5).for_each(|index| {
        tree.append(leaf(index));
    });
    assert!(matches!(Frontier::from_nodes(&tree, 7), Err(NodesError::Store(_))));
    assert!(matches!(Frontier::from_nodes(&tree, 1 << 63), Err(NodesError::OutOfRange(_))));
}

#[test]
fn other_bytes_are_no_edge() {
    let mut edge = Frontier::new();
    (0..3).for_each(|index| {
        edge.append(leaf(index));
    });
    let bytes = edge.to_bytes();
    assert_eq!(bytes.len(), 8 + 2 * 32);
    for length in 0..bytes.len() {
        assert_eq!(Frontier::from_bytes(&bytes[..length]), Err(FrontierError));
    }
    assert_eq!(Frontier::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(FrontierError));
    let mut huge = bytes;
    huge[0] |= 0x80;
    huge.extend([0; 32]);
    assert_eq!(Frontier::from_bytes(&huge), Err(FrontierError));
    assert_eq!(FrontierError.code(), "ledger-file-malformed");
}

#[test]
fn a_full_tree_takes_no_leaf() {
    let size = (1_u64 << 63) - 1;
    let bytes = [size.to_be_bytes().as_slice(), &[7; 63 * 32]].concat();
    let mut edge = Frontier::from_bytes(&bytes).unwrap();
    assert_eq!(edge.append(leaf(0)), None);
    assert_eq!(edge.to_bytes(), bytes);
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(edge) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(edge.to_bytes(), bytes);
        }
    }
}
