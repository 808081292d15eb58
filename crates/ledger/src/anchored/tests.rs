//! Tree, proofs and pack: everything proves, and whatever is changed proves nothing.

use std::collections::BTreeSet;

use inkan_core::sha256;
use proptest::prelude::*;

use super::pack::{PREFIX, ROW};
use super::tree::{DEPTH_MIN, depth_of, root_over};
use super::*;
use crate::commitment::commitment;
use crate::entry::{AnchorClaims, AnchorContent, AnchorScope, Claims, SignedEntry};
use crate::leaf::Kind;
use crate::opening::{DigestFormat, Opening};
use crate::testing::{Person, at};
use crate::tree::NodeHash;

const ROOT_SALT: [u8; 16] = [9; 16];
const SEED: [u8; 32] = [5; 32];

fn content(number: u64) -> Content {
    Content { length: number, digest: sha256(&[&number.to_be_bytes()]) }
}

fn salt(number: u64) -> [u8; 16] {
    let mut salt = [3; 16];
    salt[..8].copy_from_slice(&number.to_be_bytes());
    salt
}

fn name(number: u64) -> String {
    format!("2026/record-{number:05}.txt")
}

fn tree(scope: &str, size: u64) -> ScopeTree {
    let leaves = (0..size).map(|n| leaf(scope, &name(n), &content(n), &salt(n)));
    ScopeTree::new(leaves, &SEED).unwrap()
}

fn proof(tree: &ScopeTree, scope: &str, number: u64) -> RecordProof {
    let index = tree.place(usize::try_from(number).unwrap()).unwrap();
    RecordProof {
        scope: ScopeName::parse(scope).unwrap(),
        name: RecordName::parse(&name(number)).unwrap(),
        content: content(number),
        salt: salt(number),
        index,
        path: tree.path(index).unwrap(),
        root_salt: ROOT_SALT,
    }
}

fn entry(person: &Person, claims: AnchorClaims) -> SignedEntry {
    let body = person.sign(&Claims::Anchor(claims), at(0));
    SignedEntry::parse(Kind::Anchor, body.as_bytes()).unwrap()
}

fn anchored(person: &Person, tree: &ScopeTree) -> SignedEntry {
    entry(person, tree.claims(AnchorScope::Dataset, person.scid(), &ROOT_SALT))
}

#[test]
fn the_leaf_is_what_its_documentation_says() {
    let (text, number) = ("2026/record-00007.txt", 7_u64);
    let mut bytes = vec![0];
    bytes.extend(b"inkan-anchored/v1\n");
    bytes.extend(salt(number));
    bytes.extend([0, 6]);
    bytes.extend(b"ward-3");
    bytes.extend([0, 21]);
    bytes.extend(text.as_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend(content(number).digest.as_bytes());
    let leaf = leaf("ward-3", text, &content(number), &salt(number));
    assert_eq!(*leaf.digest(), sha256(&[&bytes]));
}

#[test]
fn the_tree_is_filled_up_and_in_the_order_of_hashes() {
    for size in [1, 2, 15, 16, 17, 33, 64, 65, 300] {
        let tree = tree("ward-3", size);
        let nodes: Vec<NodeHash> = tree.nodes().copied().collect();
        let width = usize::try_from(size.next_power_of_two().max(16)).unwrap();
        assert_eq!(nodes.len(), 2 * width - 1, "{size}");
        let (leaves, _) = nodes.split_at(width);
        assert!(leaves.windows(2).all(|pair| pair[0] < pair[1]), "{size}");
        assert_eq!(root_over(leaves.to_vec()), Some(tree.root()), "{size}");
        assert_eq!(*nodes.last().unwrap().digest(), tree.root(), "{size}");
        let places: BTreeSet<u32> =
            (0..usize::try_from(size).unwrap()).map(|n| tree.place(n).unwrap()).collect();
        assert_eq!(u64::try_from(places.len()).unwrap(), size, "each has a place of its own");
    }
    assert!(ScopeTree::new([], &SEED).is_err(), "no record, no root");
    assert_eq!(depth_of(0), None);
    assert_eq!(depth_of(1), Some(DEPTH_MIN));
    assert_eq!(depth_of((1 << 24) + 1), None);
    assert_eq!(root_over(vec![NodeHash::empty(); 3]), None);
}

/// A proof shows the number of records as a power of two, and nothing more: not even by the place.
#[test]
fn a_proof_does_not_tell_how_many_records_there_are() {
    let lengths = |size| proof(&tree("ward-3", size), "ward-3", 0).path.len();
    assert_eq!(lengths(1), lengths(16));
    assert_eq!(lengths(17), lengths(32));
    let order: Vec<u32> = (0..32).map(|n| tree("ward-3", 32).place(n).unwrap()).collect();
    assert!(order.windows(2).any(|pair| pair[0] > pair[1]), "not in the order of names");
}

#[test]
fn every_record_opens_its_anchor_and_no_other() {
    let person = Person::new(5);
    for size in [1, 2, 16, 17, 40] {
        let (one, other) = (tree("ward-3", size), tree("ward-4", size));
        let entry = anchored(&person, &one);
        for number in 0..size {
            assert_eq!(proof(&one, "ward-3", number).check_entry(&entry), Ok(()));
            let foreign = proof(&other, "ward-4", number);
            assert_eq!(foreign.check_entry(&entry), Err(AnchorError::Forged));
        }
    }
}

#[test]
fn only_an_anchor_of_a_scope_counts() {
    let person = Person::new(5);
    let tree = tree("ward-3", 5);
    let good = proof(&tree, "ward-3", 2);
    let claims = tree.claims(AnchorScope::Dataset, person.scid(), &ROOT_SALT);
    let refused = |claims: AnchorClaims| {
        assert_eq!(good.check_entry(&entry(&person, claims)), Err(AnchorError::Forged));
    };
    refused(AnchorClaims { media_type: "text/plain".to_owned(), ..claims.clone() });
    refused(AnchorClaims { media_type: crate::RECORD_ROOT.to_owned(), ..claims.clone() });
    let public = AnchorContent::Public { digest: tree.root(), length: None };
    refused(AnchorClaims { content: public, ..claims });
    refused(tree.claims(AnchorScope::Dataset, Person::new(6).scid(), &ROOT_SALT));
    refused(tree.claims(AnchorScope::Dataset, person.scid(), &[8; 16]));
    let body = person.sign(&person.issuance(b"a credential"), at(0));
    let issuance = SignedEntry::parse(Kind::Issuance, body.as_bytes()).unwrap();
    assert_eq!(good.check_entry(&issuance), Err(AnchorError::Forged));
}

/// The root is the SHA-256 of 65 bytes: without this rule those bytes would pass for a file that was anchored.
#[test]
fn a_root_does_not_pass_for_a_file() {
    let person = Person::new(5);
    let tree = tree("ward-3", 16);
    let opening = Opening::new(DigestFormat::File, ROOT_SALT, tree.root());
    assert!(opening.check(&anchored(&person, &tree), &tree.root(), None).is_err());
    let mut claims = tree.claims(AnchorScope::Dataset, person.scid(), &ROOT_SALT);
    claims.media_type = "text/plain".to_owned();
    assert!(opening.check(&entry(&person, claims), &tree.root(), None).is_ok());
}

/// No bytes of a leaf are those of a node or of what fills the tree: each begins with its own.
#[test]
fn leaves_nodes_and_filling_are_never_the_same() {
    let tree = tree("ward-3", 9);
    let nodes: Vec<NodeHash> = tree.nodes().copied().collect();
    let all: BTreeSet<NodeHash> = nodes.iter().copied().collect();
    assert_eq!(all.len(), nodes.len());
    // A record whose digest and length are two nodes' bytes makes another hash than their parent.
    let [left, right] = [nodes[0], nodes[1]];
    let parent = NodeHash::of_children(&left, &right);
    let odd = Content { length: u64::MAX, digest: *right.digest() };
    assert_ne!(leaf("s", "n", &odd, &[0; 16]).into_node(), parent);
    // Moving a byte from the scope to the name changes the leaf.
    let one = content(1);
    assert_ne!(leaf("ab", "c", &one, &[0; 16]), leaf("a", "bc", &one, &[0; 16]));
}

#[test]
fn names_are_what_a_folder_can_have_below_it() {
    for good in ["a", "a/b", "ünï/cöde", "with space", ".hidden", "a\nb", "..."] {
        assert!(RecordName::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0b", &"x".repeat(4_097)]
    {
        assert!(RecordName::parse(bad).is_err(), "{bad}");
    }
    for good in ["ward-3", "the office", "x"] {
        assert!(ScopeName::parse(good).is_ok(), "{good}");
    }
    for bad in ["", " a", "a ", "a\nb", &"x".repeat(65)] {
        assert!(ScopeName::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn rows_are_read_as_they_were_written_and_only_within_their_scope() {
    let scope = PackScope {
        name: ScopeName::parse("ward-3").unwrap(),
        records: 3,
        names: 40,
        root: sha256(&[b"root"]),
        root_salt: ROOT_SALT,
    };
    let row = Row { name_at: 20, name_length: 20, content: content(7), salt: salt(7), place: 15 };
    assert_eq!(Row::parse(&row.to_bytes(), &scope), Ok(row));
    for bad in [
        Row { name_at: 21, ..row },
        Row { name_at: u64::MAX, ..row },
        Row { name_length: 0, ..row },
        Row { place: 16, ..row },
    ] {
        assert!(Row::parse(&bad.to_bytes(), &scope).is_err(), "{bad:?}");
    }
    let section = scope.section(1_000).unwrap();
    assert_eq!(section.names, 1_000 + 3 * u64::try_from(ROW).unwrap());
    assert_eq!(section.nodes, section.names + 40);
    assert_eq!(section.end, section.nodes + 31 * 32);
    assert_eq!(section.node(0, 3), section.nodes + 3 * 32);
    assert_eq!(section.node(1, 0), section.nodes + 16 * 32);
    assert_eq!(section.node(4, 0), section.end - 32);
    let vast = PackScope { records: 1 << 24, names: 1 << 30, ..scope };
    assert!(vast.section(u64::MAX - 5).is_none());
}

#[test]
fn a_prefix_says_how_long_the_head_is() {
    let mut prefix = [0; PREFIX];
    prefix[..21].copy_from_slice(pack::MAGIC);
    prefix[21..].copy_from_slice(&77_u32.to_be_bytes());
    assert_eq!(PackHead::length(&prefix), Ok(77));
    prefix[21] = 0xff;
    assert!(PackHead::length(&prefix).is_err());
    prefix[0] ^= 1;
    assert!(PackHead::length(&prefix).is_err());
}

/// One change to a proof.
#[derive(Clone, Debug)]
enum Change {
    Digest(usize, u8),
    Length(u64),
    Salt(usize, u8),
    RootSalt(usize, u8),
    Scope,
    Name,
    Index(u32),
    Node(usize, usize, u8),
    Shorter,
    Longer,
    Swapped(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let bit = || (0..8_u8).prop_map(|bit| 1 << bit);
    prop_oneof![
        (0..32_usize, bit()).prop_map(|(at, bit)| Change::Digest(at, bit)),
        (1..u64::MAX).prop_map(Change::Length),
        (0..16_usize, bit()).prop_map(|(at, bit)| Change::Salt(at, bit)),
        (0..16_usize, bit()).prop_map(|(at, bit)| Change::RootSalt(at, bit)),
        Just(Change::Scope),
        Just(Change::Name),
        (1..64_u32).prop_map(Change::Index),
        (0..6_usize, 0..32_usize, bit()).prop_map(|(node, at, bit)| Change::Node(node, at, bit)),
        Just(Change::Shorter),
        Just(Change::Longer),
        (0..5_usize).prop_map(Change::Swapped),
    ]
}

fn flipped(digest: &Digest, at: usize, bit: u8) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[at] ^= bit;
    Digest::from_bytes(bytes)
}

fn changed(good: &RecordProof, change: &Change) -> RecordProof {
    let mut proof = good.clone();
    let depth = proof.path.len();
    match change {
        Change::Digest(at, bit) => {
            proof.content.digest = flipped(&proof.content.digest, *at, *bit);
        }
        Change::Length(more) => proof.content.length = proof.content.length.wrapping_add(*more),
        Change::Salt(at, bit) => proof.salt[*at] ^= bit,
        Change::RootSalt(at, bit) => proof.root_salt[*at] ^= bit,
        Change::Scope => proof.scope = ScopeName::parse("ward-4").unwrap(),
        Change::Name => proof.name = RecordName::parse("2026/another.txt").unwrap(),
        // A place outside the tree is one of the changes.
        Change::Index(by) => proof.index ^= by,
        Change::Node(node, at, bit) => {
            let node = node % depth;
            let digest = flipped(proof.path[node].digest(), *at, *bit);
            proof.path[node] = NodeHash::from_digest(digest);
        }
        Change::Shorter => {
            proof.path.pop();
        }
        Change::Longer => proof.path.push(NodeHash::empty()),
        Change::Swapped(at) => {
            let at = at % (depth - 1);
            proof.path.swap(at, at + 1);
        }
    }
    proof
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_leaf_proves_and_whatever_is_changed_does_not(
        (size, number) in (1..70_u64).prop_flat_map(|size| (Just(size), 0..size)),
        change in change(),
    ) {
        let tree = tree("ward-3", size);
        let good = proof(&tree, "ward-3", number);
        prop_assert_eq!(good.root(), Ok(tree.root()));
        let expected = commitment(Kind::Anchor, "a-scid", &ROOT_SALT, &tree.root());
        let bad = changed(&good, &change);
        if let Ok(root) = bad.root() {
            let found = commitment(Kind::Anchor, "a-scid", &bad.root_salt, &root);
            prop_assert_ne!(found, expected, "{:?}", change);
        }
    }

    #[test]
    fn another_content_is_a_change(number in 0..1_000_u64, other in 0..1_000_u64) {
        let tree = tree("ward-3", 1);
        let proof = RecordProof { content: content(number), ..proof(&tree, "ward-3", 0) };
        let same = proof.check_content(&content(other)).is_ok();
        prop_assert_eq!(same, number == other);
    }
}
