//! Differential tests of the ledger's trees and notes: `tlog_tiles` and `signed_note`, given the same bytes as ours.
//!
//! Feature `ledger-oracles`, which `oracles` turns on. Agreement counts in both directions, on what is accepted and on what
//! is refused. Paths are not compared: the oracle writes those of an older scheme (the height is part of them).

use inkan_core::Digest;
use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::tiles::{Tile, tiles_of_growth};
use inkan_ledger::tree::{InclusionProof, TreeHead, verify_consistency, verify_inclusion};
use inkan_ledger::{Checkpoint, LeafHash, MerkleTree, NodeHash, SignedNote};
use inkan_tests::made_ledger::Ledger;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use tlog_tiles::tlog::{self, Hash, HashReader};

/// Hashes in the order in which the oracle stores them.
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        Ok(indexes.iter().map(|at| self.0[usize::try_from(*at).expect("in memory")]).collect())
    }
}

/// The same leaves in both trees.
fn both(size: u64) -> (MerkleTree, Stored) {
    let (mut ours, mut theirs) = (MerkleTree::new(), Stored(Vec::new()));
    for index in 0..size {
        let leaf = format!("leaf {index}");
        ours.append(LeafHash::of(leaf.as_bytes()));
        let hashes = tlog::stored_hashes(index, leaf.as_bytes(), &theirs).expect("hashes");
        theirs.0.extend(hashes);
    }
    (ours, theirs)
}

fn hash(node: &NodeHash) -> Hash {
    Hash(*node.digest().as_bytes())
}

fn nodes(hashes: &[Hash]) -> Vec<NodeHash> {
    hashes.iter().map(|hash| NodeHash::from_digest(Digest::from_bytes(hash.0))).collect()
}

#[test]
fn roots_and_proofs_of_every_size_agree() {
    let (ours, theirs) = both(150);
    for size in 1..=150 {
        let root_hash = ours.root(size).expect("a root");
        let root = tlog::tree_hash(size, &theirs).expect("a root");
        assert_eq!(hash(&root_hash), root, "{size}");
        let head = TreeHead { tree_size: size, root_hash };
        for index in [0, size / 3, size - 1] {
            let leaf = ours.leaf_hash(index).expect("a leaf");
            let path = tlog::prove_record(size, index, &theirs).expect("a proof");
            let proof = InclusionProof { leaf_index: index, path: nodes(&path) };
            assert_eq!(ours.inclusion(index, size).as_ref(), Ok(&proof), "{index} in {size}");
            let accepts = |path: &Vec<Hash>, index| {
                tlog::check_record(path, size, root, index, hash(&leaf.into_node())).is_ok()
            };
            assert!(accepts(&path, index) && verify_inclusion(&leaf, &proof, &head).is_ok());
            for cut in 0..path.len() {
                let mut wrong = path.clone();
                wrong.remove(cut);
                let proof = InclusionProof { leaf_index: index, path: nodes(&wrong) };
                assert!(!accepts(&wrong, index) && verify_inclusion(&leaf, &proof, &head).is_err());
            }
        }
        for old in [1, size / 2 + 1, size] {
            let path = tlog::prove_tree(size, old, &theirs).expect("a proof");
            let begin = TreeHead { tree_size: old, root_hash: ours.root(old).expect("a root") };
            let ours_too = ours.consistency(old, size).expect("a proof");
            assert_eq!(ours_too, nodes(&path), "{old} to {size}");
            assert!(verify_consistency(&begin, &head, &ours_too).is_ok());
            let before = hash(&begin.root_hash);
            assert!(tlog::check_tree(&path, size, root, old, before).is_ok());
        }
    }
}

#[test]
fn tiles_have_the_same_places_and_bytes() {
    let (ours, theirs) = both(700);
    for (old, new) in [(0, 1), (0, 256), (1, 255), (255, 257), (256, 512), (300, 700), (0, 700)] {
        let expected: Vec<_> = tlog_tiles::tile::Tile::new_tiles(8, old, new);
        let made: Vec<Tile> = tiles_of_growth(old, new).collect();
        let place =
            |tile: &tlog_tiles::tile::Tile| (tile.level(), tile.level_index(), tile.width());
        let ours_too = |tile: &Tile| (tile.level(), tile.index(), u32::from(tile.width()));
        assert_eq!(
            made.iter().map(ours_too).collect::<Vec<_>>(),
            expected.iter().map(place).collect::<Vec<_>>(),
            "{old} to {new}"
        );
        for (tile, oracle) in made.iter().zip(&expected) {
            let bytes = tile.bytes_from(&ours).expect("a tile");
            assert_eq!(bytes, oracle.read_data(&theirs).expect("a tile"), "{}", tile.path());
        }
    }
}

#[test]
fn notes_of_ours_are_notes_of_theirs_and_the_other_way_round() {
    let mut ledger = Ledger::new(&mut SeededRng::new(6));
    let (_, note) = ledger.filled(3);
    let vkey = ledger.policy_text.split_whitespace().nth(1).expect("log VKEY").to_owned();
    let verifier = StandardVerifier::new(&vkey).expect("their verifier");
    let ours = inkan_ledger::VerifierKey::parse(&vkey).expect("our verifier");
    assert_eq!(verifier.key_id().to_be_bytes(), ours.id());
    let KeyMaterial::Note(key) = ours.material() else { panic!("not a note key") };
    let encoded = [&[1], key.raw().as_slice()].concat();
    assert_eq!(signed_note::key_id(ours.name(), &encoded).to_be_bytes(), ours.id());
    let known = VerifierList::new(vec![Box::new(verifier)]);
    let accepts = |text: &str| {
        let theirs = Note::from_bytes(text.as_bytes()).ok();
        theirs.is_some_and(|note| note.verify(&known).is_ok())
    };
    let text = note.to_string();
    assert!(accepts(&text));
    let theirs = Note::from_bytes(text.as_bytes()).expect("their note");
    assert_eq!(theirs.text(), note.text().as_bytes());
    assert_eq!(String::from_utf8(theirs.to_bytes()).expect("text"), text);
    let again = tlog_tiles::checkpoint::Checkpoint::from_bytes(note.text().as_bytes());
    let (again, head) = (again.expect("their checkpoint"), Checkpoint::parse_text(note.text()));
    let head = head.expect("our checkpoint").head();
    assert_eq!((again.size(), again.hash()), (head.tree_size, &hash(&head.root_hash)));
    // Whatever byte of the text changes, neither accepts the log's signature.
    for at in 0..note.text().len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let ours_too = SignedNote::parse(&changed).is_ok_and(|note| {
            let line = note.signatures().iter().find(|line| ours.matches(line));
            line.is_some_and(|line| key.verify(note.text().as_bytes(), &line.signature).is_ok())
        });
        assert!(!accepts(&changed) && !ours_too, "{at}");
    }
}
