use inkan_ledger::MerkleTree;

use super::*;

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(&index.to_be_bytes())
}

fn tree(size: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    for index in 0..size {
        tree.append(leaf(index));
    }
    tree
}

/// The root over some leaves of their own, by the definition of RFC 9162 §2.1.1.
fn root_of(range: std::ops::Range<u64>) -> NodeHash {
    let count = range.end - range.start;
    if count == 1 {
        return leaf(range.start).into_node();
    }
    let mut half = 1;
    while half * 2 < count {
        half *= 2;
    }
    let middle = range.start + half;
    NodeHash::of_children(&root_of(range.start..middle), &root_of(middle..range.end))
}

#[test]
fn every_hash_of_every_path_stands_for_the_entries_it_says() {
    for size in 1..=40 {
        let tree = tree(size);
        for index in 0..size {
            let proof = tree.inclusion(index, size).unwrap();
            let steps = steps(leaf(index), size, &proof);
            assert_eq!(steps.len(), proof.path.len(), "{index} of {size}");
            for step in &steps {
                let (low, high) = step.covers;
                assert_eq!(step.given, root_of(low..high + 1), "{index} of {size}: {step:?}");
                let (low, high) = step.reaches;
                assert_eq!(step.result, root_of(low..high + 1), "{index} of {size}: {step:?}");
            }
            if let Some(last) = steps.last() {
                assert_eq!(last.reaches, (0, size - 1));
            }
            let before = (index > 0).then(|| root_of(0..index));
            assert_eq!(root_before(&steps), before, "{index} of {size}");
        }
    }
}

#[test]
fn a_path_that_is_too_long_ends_where_the_tree_ends() {
    let tree = tree(5);
    let mut proof = tree.inclusion(4, 5).unwrap();
    proof.path.extend([root_of(0..1); 70]);
    assert_eq!(steps(leaf(4), 5, &proof).len(), 1);
    assert!(steps(leaf(0), 0, &proof).is_empty());
}
