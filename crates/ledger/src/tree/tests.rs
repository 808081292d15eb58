#![expect(clippy::as_conversions, reason = "small numbers, in tests")]

use proptest::prelude::*;

use super::*;

fn leaves(count: u64) -> Vec<LeafHash> {
    (0..count).map(|i| LeafHash::of(format!("leaf {i}").as_bytes())).collect()
}

fn tree(leaves: &[LeafHash]) -> MerkleTree {
    let mut tree = MerkleTree::new();
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.append(*leaf), index as u64);
    }
    tree
}

/// `MTH` of RFC 9162 §2.1.1, word for word: the oracle knows nothing of levels.
fn oracle_root(leaves: &[LeafHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::from_digest(sha256(&[])),
        [leaf] => leaf.into_node(),
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            let (left, right) = (oracle_root(&leaves[..k]), oracle_root(&leaves[k..]));
            NodeHash::from_digest(sha256(&[&[1], left.digest().as_ref(), right.digest().as_ref()]))
        }
    }
}

/// `PATH` of RFC 9162 §2.1.3.1.
fn oracle_path(m: usize, leaves: &[LeafHash]) -> Vec<NodeHash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let mut k = 1;
    while k * 2 < leaves.len() {
        k *= 2;
    }
    let (mut path, other) = if m < k {
        (oracle_path(m, &leaves[..k]), oracle_root(&leaves[k..]))
    } else {
        (oracle_path(m - k, &leaves[k..]), oracle_root(&leaves[..k]))
    };
    path.push(other);
    path
}

#[test]
fn roots_and_paths_of_all_sizes_to_130_are_those_of_the_definition() {
    let all = leaves(130);
    let tree = tree(&all);
    for size in 0..=130_u64 {
        let part = &all[..size as usize];
        let root_hash = tree.root(size).unwrap();
        assert_eq!(root_hash, oracle_root(part));
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            assert_eq!(proof.path, oracle_path(index as usize, part));
            let head = TreeHead { tree_size: size, root_hash };
            assert_eq!(verify_inclusion(&all[index as usize], &proof, &head), Ok(()));
        }
    }
}

#[test]
fn every_size_continues_every_earlier_one() {
    let all = leaves(70);
    let tree = tree(&all);
    for new in 1..=70 {
        let new_head = TreeHead { tree_size: new, root_hash: tree.root(new).unwrap() };
        for old in 1..=new {
            let old_head = TreeHead { tree_size: old, root_hash: tree.root(old).unwrap() };
            let path = tree.consistency(old, new).unwrap();
            assert_eq!(verify_consistency(&old_head, &new_head, &path), Ok(()), "{old} to {new}");
            let mut other = path.clone();
            other.push(NodeHash::empty());
            assert_eq!(
                verify_consistency(&old_head, &new_head, &other),
                Err(ConsistencyError::PathLength)
            );
            if let Some((_, shorter)) = path.split_last() {
                assert!(verify_consistency(&old_head, &new_head, shorter).is_err());
            }
        }
    }
}

#[test]
fn what_the_tree_never_had_is_out_of_range() {
    let tree = tree(&leaves(5));
    let error = OutOfRange { tree_size: 5 };
    assert_eq!(tree.root(6), Err(error));
    assert_eq!(tree.leaf_hash(5), Err(error));
    assert_eq!(tree.inclusion(5, 5), Err(error));
    assert_eq!(tree.inclusion(0, 6), Err(error));
    assert_eq!(tree.inclusion(0, 0), Err(error));
    assert_eq!(tree.consistency(3, 6), Err(error));
    assert_eq!(tree.consistency(4, 3), Err(error));
    assert_eq!(tree.consistency(0, 3), Ok(vec![]));
    assert_eq!(MerkleTree::new().root(0).unwrap().digest().to_hex().len(), 64);
}

#[test]
fn failures_of_a_path_are_told_apart() {
    let all = leaves(11);
    let tree = tree(&all);
    let head = TreeHead { tree_size: 11, root_hash: tree.root(11).unwrap() };
    let proof = tree.inclusion(6, 11).unwrap();
    let wrong = |change: fn(&mut InclusionProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify_inclusion(&all[6], &proof, &head)
    };
    let outside = InclusionError::LeafOutOfRange { leaf_index: 11, tree_size: 11 };
    assert_eq!(wrong(|p| p.leaf_index = 11), Err(outside));
    assert_eq!(wrong(|p| p.leaf_index = 7), Err(InclusionError::RootMismatch));
    assert_eq!(wrong(|p| p.path.truncate(2)), Err(InclusionError::PathLength));
    assert_eq!(wrong(|p| p.path.push(NodeHash::empty())), Err(InclusionError::PathLength));
    assert_eq!(wrong(|p| p.path.swap(0, 1)), Err(InclusionError::RootMismatch));
    assert_eq!(verify_inclusion(&all[5], &proof, &head), Err(InclusionError::RootMismatch));
    assert_eq!(outside.code(), "inclusion-invalid");
}

#[test]
fn growth_from_nothing_and_shrinking_cannot_be_shown() {
    let empty = TreeHead { tree_size: 0, root_hash: NodeHash::empty() };
    let one = TreeHead { tree_size: 1, root_hash: leaves(1)[0].into_node() };
    let sizes = |old, new| Err(ConsistencyError::Sizes { old, new });
    assert_eq!(verify_consistency(&empty, &empty, &[]), sizes(0, 0));
    assert_eq!(verify_consistency(&empty, &one, &[]), sizes(0, 1));
    assert_eq!(verify_consistency(&one, &empty, &[]), sizes(1, 0));
    let other = TreeHead { tree_size: 1, root_hash: NodeHash::empty() };
    assert_eq!(verify_consistency(&one, &other, &[]), Err(ConsistencyError::RootMismatch));
    assert_eq!(ConsistencyError::PathLength.code(), "consistency-invalid");
    // A path that ends below the root of so large a tree, although it leads to the root that is given.
    let tree = tree(&leaves(8));
    let head = |tree_size, of| TreeHead { tree_size, root_hash: tree.root(of).unwrap() };
    let path = tree.consistency(2, 4).unwrap();
    assert_eq!(verify_consistency(&head(2, 2), &head(4, 4), &path), Ok(()));
    let short = verify_consistency(&head(2, 2), &head(8, 4), &path);
    assert_eq!(short, Err(ConsistencyError::PathLength));
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_path_fails(size in 2_u64..200, pick in any::<u64>(), bit in 0_usize..256) {
        let all = leaves(size);
        let tree = tree(&all);
        let index = pick % size;
        let head = TreeHead { tree_size: size, root_hash: tree.root(size).unwrap() };
        let mut proof = tree.inclusion(index, size).unwrap();
        let at = (pick as usize) % proof.path.len();
        let mut bytes = *proof.path[at].digest().as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        proof.path[at] = NodeHash::from_digest(Digest::from_bytes(bytes));
        prop_assert_eq!(
            verify_inclusion(&all[index as usize], &proof, &head),
            Err(InclusionError::RootMismatch)
        );
    }

    #[test]
    fn any_other_index_or_size_fails(size in 2_u64..100, a in any::<u64>(), b in any::<u64>()) {
        let all = leaves(size);
        let tree = tree(&all);
        let (index, other) = (a % size, b % 128);
        prop_assume!(index != other);
        let head = TreeHead { tree_size: size, root_hash: tree.root(size).unwrap() };
        let mut proof = tree.inclusion(index, size).unwrap();
        proof.leaf_index = other;
        prop_assert!(verify_inclusion(&all[index as usize], &proof, &head).is_err());
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        index in any::<u64>(), size in any::<u64>(), old in any::<u64>(), path in 0_usize..70
    ) {
        let path = vec![NodeHash::empty(); path];
        let head = TreeHead { tree_size: size, root_hash: NodeHash::empty() };
        let old = TreeHead { tree_size: old, root_hash: NodeHash::empty() };
        let proof = InclusionProof { leaf_index: index, path: path.clone() };
        let _ = verify_inclusion(&LeafHash::of(b""), &proof, &head);
        let _ = verify_consistency(&old, &head, &path);
    }
}
