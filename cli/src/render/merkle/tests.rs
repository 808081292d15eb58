use inkan_ledger::{LeafHash, MerkleTree};

use super::*;
use crate::merkle::steps;

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(&index.to_be_bytes())
}

/// Draws the path of an entry, both ways.
fn drawn(index: u64, size: u64) -> (String, String) {
    let mut merkle = MerkleTree::new();
    (0..size).for_each(|index| {
        merkle.append(leaf(index));
    });
    let proof = merkle.inclusion(index, size).unwrap();
    let steps = steps(leaf(index), size, &proof);
    let path = Path {
        origin: "ledger.example",
        index,
        size,
        kind: "issuance",
        leaf: leaf(index).into_node(),
        steps: &steps,
        vouched: "witnessed 2 by 2026-03-02",
    };
    let plain = tree(&path).replace('\u{1b}', "");
    let plain = plain.replace("[1m", "").replace("[2m", "").replace("[0m", "");
    (plain, svg(&path))
}

#[test]
fn the_tree_shows_yours_what_is_given_and_what_they_hash_to() {
    insta::assert_snapshot!(drawn(9, 13).0);
    insta::assert_snapshot!(drawn(12, 13).0);
    insta::assert_snapshot!(drawn(0, 1).0);
}

#[test]
fn the_picture_says_in_words_what_it_shows_and_fits_a_phone() {
    let (_, svg) = drawn(9, 13);
    insta::assert_snapshot!(svg);
    assert!(
        svg.contains("role=\"img\"") && svg.contains("<title id=") && svg.contains("<desc id=")
    );
    assert!(svg.contains("prefers-color-scheme:dark"));
    assert_eq!(svg.matches("class=\"given\"").count(), 4);
    assert!(!svg.contains("<script") && !svg.contains("href"));
}
