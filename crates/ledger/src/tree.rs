//! The Merkle tree of a log, as defined by [RFC 9162 §2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1).
//!
//! In scope: hashing, appending, roots and proofs of any earlier size, from memory or from stored nodes (`nodes`,
//! `tiles`). Out of scope: checking a proof (`proof`), who signed a root (`checkpoint`), where the leaves are kept.

use std::fmt;

use inkan_core::{Digest, sha256};

use crate::store::StoreError;

pub mod frontier;
pub mod nodes;
pub mod proof;
pub mod tiles;

pub use frontier::{Frontier, FrontierError};
pub use nodes::{Nodes, NodesError, consistency_from, inclusion_from, leaf_from, root_from};
pub use proof::{
    ConsistencyError, InclusionError, InclusionProof, TreeHead, root_of_inclusion,
    verify_consistency, verify_inclusion,
};

/// The hash of one leaf: `SHA-256(0x00 || leaf)`.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct LeafHash(Digest);

/// The hash of an inner node or of a whole tree: `SHA-256(0x01 || left || right)`.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct NodeHash(Digest);

impl LeafHash {
    /// Hashes the bytes of a leaf.
    #[must_use]
    pub fn of(leaf: &[u8]) -> Self {
        Self(sha256(&[&[0], leaf]))
    }

    /// Takes a digest that already is a leaf hash.
    #[must_use]
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest itself.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }

    /// The tree that has this leaf only.
    #[must_use]
    pub const fn into_node(self) -> NodeHash {
        NodeHash(self.0)
    }
}

impl NodeHash {
    /// Takes a digest that already is a node hash.
    #[must_use]
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest itself.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self(sha256(&[]))
    }

    /// Hashes two children.
    #[must_use]
    pub fn of_children(left: &Self, right: &Self) -> Self {
        Self(sha256(&[&[1], left.0.as_bytes(), right.0.as_bytes()]))
    }
}

impl fmt::Debug for LeafHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafHash({:?})", self.0)
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeHash({:?})", self.0)
    }
}

/// An append-only tree in memory, able to prove what it contained at any size it ever had.
///
/// Every complete subtree is kept, 64 bytes per leaf, so a root or a proof takes O(log² n) steps at most.
#[derive(Clone, Debug, Default)]
pub struct MerkleTree {
    /// `levels[k][i]` is the root of the leaves from `i * 2^k` to `(i + 1) * 2^k`, for complete subtrees only.
    levels: Vec<Vec<NodeHash>>,
}

/// A leaf or size that the tree does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the tree has {tree_size} leaves")]
pub struct OutOfRange {
    /// Leaves in the tree.
    pub tree_size: u64,
}

impl MerkleTree {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| u64::try_from(leaves.len()).unwrap_or(u64::MAX))
    }

    /// Adds a leaf and returns its index.
    pub fn append(&mut self, leaf: LeafHash) -> u64 {
        let index = self.size();
        let mut node = leaf.into_node();
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return index };
            nodes.push(node);
            if nodes.len() % 2 == 1 {
                return index;
            }
            let Some([left, right]) = nodes.last_chunk::<2>() else { return index };
            node = NodeHash::of_children(left, right);
            level += 1;
        }
    }

    /// The root that the tree had when it had `size` leaves.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if it never had as many.
    pub fn root(&self, size: u64) -> Result<NodeHash, OutOfRange> {
        self.at(size)?;
        root_from(self, size).map_err(|_| self.out_of_range())
    }

    /// The hash of leaf `index`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if there is no such leaf.
    pub fn leaf_hash(&self, index: u64) -> Result<LeafHash, OutOfRange> {
        leaf_from(self, index).map_err(|_| self.out_of_range())
    }

    /// Proves that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1).
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if `index` is not below `size`, or the tree never had `size` leaves.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<InclusionProof, OutOfRange> {
        self.at(size)?;
        inclusion_from(self, index, size).map_err(|_| self.out_of_range())
    }

    /// Proves that the tree of `new` leaves continues that of `old` leaves (RFC 9162 §2.1.4.1).
    ///
    /// The proof is empty for `old` = 0 and for `old` = `new`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if `old` is larger than `new`, or the tree never had `new` leaves.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<NodeHash>, OutOfRange> {
        self.at(new)?;
        consistency_from(self, old, new).map_err(|_| self.out_of_range())
    }

    /// Whether the tree ever had `size` leaves.
    fn at(&self, size: u64) -> Result<(), OutOfRange> {
        if size > self.size() { Err(self.out_of_range()) } else { Ok(()) }
    }

    fn out_of_range(&self) -> OutOfRange {
        OutOfRange { tree_size: self.size() }
    }
}

impl Nodes for MerkleTree {
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, StoreError> {
        let nodes = self.levels.get(usize::from(level));
        let node = usize::try_from(index).ok().and_then(|index| nodes?.get(index));
        node.copied().ok_or_else(|| StoreError::new(format!("no node {index} of level {level}")))
    }
}

#[cfg(test)]
mod tests;
