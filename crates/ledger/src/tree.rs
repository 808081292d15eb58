//! The Merkle tree of a log, as defined by [RFC 9162 §2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1).
//!
//! In scope: hashing, appending, roots and proofs of any earlier size. Out of scope: checking a proof (`proof`),
//! who signed a root (`checkpoint`), where the leaves are kept.

use std::fmt;

use inkan_core::{Digest, sha256};

pub mod proof;

pub use proof::{
    ConsistencyError, InclusionError, InclusionProof, TreeHead, verify_consistency,
    verify_inclusion,
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
        if size == 0 {
            return Ok(NodeHash::empty());
        }
        self.range(0, size).ok_or_else(|| self.out_of_range())
    }

    /// The hash of leaf `index`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if there is no such leaf.
    pub fn leaf_hash(&self, index: u64) -> Result<LeafHash, OutOfRange> {
        let hash = self.complete(0, index).ok_or_else(|| self.out_of_range())?;
        Ok(LeafHash(hash.0))
    }

    /// Proves that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1).
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if `index` is not below `size`, or the tree never had `size` leaves.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<InclusionProof, OutOfRange> {
        if index >= size {
            return Err(self.out_of_range());
        }
        let mut path = Vec::new();
        self.path(index, 0, size, &mut path).ok_or_else(|| self.out_of_range())?;
        Ok(InclusionProof { leaf_index: index, path })
    }

    /// Proves that the tree of `new` leaves continues that of `old` leaves (RFC 9162 §2.1.4.1).
    ///
    /// The proof is empty for `old` = 0 and for `old` = `new`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if `old` is larger than `new`, or the tree never had `new` leaves.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<NodeHash>, OutOfRange> {
        if old > new || new > self.size() {
            return Err(self.out_of_range());
        }
        let mut path = Vec::new();
        if old > 0 && old < new {
            self.subproof(old, 0, new, &mut path).ok_or_else(|| self.out_of_range())?;
        }
        Ok(path)
    }

    fn out_of_range(&self) -> OutOfRange {
        OutOfRange { tree_size: self.size() }
    }

    fn complete(&self, level: u32, position: u64) -> Option<NodeHash> {
        let level = usize::try_from(level).ok()?;
        self.levels.get(level)?.get(usize::try_from(position).ok()?).copied()
    }

    /// Root of the leaves `low..high`; `low` is a multiple of a power of two that is not below `high - low`.
    fn range(&self, low: u64, high: u64) -> Option<NodeHash> {
        let length = high.checked_sub(low).filter(|length| *length > 0)?;
        if length.is_power_of_two() {
            let level = length.trailing_zeros();
            return self.complete(level, low >> level);
        }
        let middle = low.checked_add(split(length))?;
        Some(NodeHash::of_children(&self.range(low, middle)?, &self.range(middle, high)?))
    }

    /// `PATH(index, D[low:high])`, leaf level first.
    fn path(&self, index: u64, low: u64, high: u64, out: &mut Vec<NodeHash>) -> Option<()> {
        let length = high.checked_sub(low)?;
        if length == 1 {
            // The leaf itself must be there, or there is nothing to prove.
            return self.complete(0, low).map(|_| ());
        }
        let middle = low.checked_add(split(length))?;
        if index < middle {
            self.path(index, low, middle, out)?;
            out.push(self.range(middle, high)?);
        } else {
            self.path(index, middle, high, out)?;
            out.push(self.range(low, middle)?);
        }
        Some(())
    }

    /// `SUBPROOF(old - low, D[low:high], low == 0)`, deepest node first.
    fn subproof(&self, old: u64, low: u64, high: u64, out: &mut Vec<NodeHash>) -> Option<()> {
        if old == high {
            if low > 0 {
                out.push(self.range(low, high)?);
            }
            return Some(());
        }
        let middle = low.checked_add(split(high.checked_sub(low)?))?;
        if old <= middle {
            self.subproof(old, low, middle, out)?;
            out.push(self.range(middle, high)?);
        } else {
            self.subproof(old, middle, high, out)?;
            out.push(self.range(low, middle)?);
        }
        Some(())
    }
}

/// The largest power of two below `length`; `length` is at least 2.
const fn split(length: u64) -> u64 {
    let last = length.saturating_sub(1);
    if last == 0 { 1 } else { 1 << last.ilog2() }
}

#[cfg(test)]
mod tests;
