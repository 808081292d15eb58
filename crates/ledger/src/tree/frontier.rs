//! The right edge of a tree: all that appending needs to remember.
//!
//! In scope: appending, the root, and the bytes under which an edge is stored. Out of scope: proofs, which need the
//! nodes left of the edge (`nodes`).

use inkan_core::Digest;

use super::nodes::{Nodes, NodesError, SIZE_LIMIT};
use super::{LeafHash, NodeHash, OutOfRange};

/// Bytes of a hash.
const HASH: usize = 32;

/// The roots of the complete subtrees that a tree of some size is made of, the largest first: one for each bit of the size.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<NodeHash>,
}

/// The stored bytes are no right edge: damaged, or of another version. No retry helps.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("stored right edge of the tree is malformed")]
pub struct FrontierError;

impl FrontierError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ledger-file-malformed"
    }
}

impl Frontier {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Reads the edge that a stored tree had at `size` leaves.
    ///
    /// # Errors
    ///
    /// [`NodesError`].
    pub fn from_nodes<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Self, NodesError> {
        if size >= SIZE_LIMIT {
            return Err(OutOfRange { tree_size: SIZE_LIMIT }.into());
        }
        let mut peaks = Vec::new();
        for level in (0..63_u8).rev().filter(|level| size >> level & 1 == 1) {
            // The peak of this bit ends where the bits below it begin.
            peaks.push(nodes.node(level, (size >> level) - 1)?);
        }
        Ok(Self { size, peaks })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf and returns its index, or nothing if the tree is full (2^63 − 1 leaves).
    pub fn append(&mut self, leaf: LeafHash) -> Option<u64> {
        let index = self.size;
        let size = index.checked_add(1).filter(|size| *size < SIZE_LIMIT)?;
        let mut node = leaf.into_node();
        // Each trailing one of the old size is a complete subtree as large as the one in hand.
        for _ in 0..index.trailing_ones() {
            let left = self.peaks.pop()?;
            node = NodeHash::of_children(&left, &node);
        }
        self.peaks.push(node);
        self.size = size;
        Some(index)
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return NodeHash::empty() };
        peaks.fold(*last, |right, left| NodeHash::of_children(left, &right))
    }

    /// The edge as bytes: the size (u64, big-endian), then the hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend(peak.digest().as_bytes()));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`FrontierError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or(FrontierError)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<HASH>();
        let count = usize::try_from(size.count_ones()).map_err(|_| FrontierError)?;
        if !rest.is_empty() || hashes.len() != count || size >= SIZE_LIMIT {
            return Err(FrontierError);
        }
        let peaks = hashes.iter().map(|hash| NodeHash::from_digest(Digest::from_bytes(*hash)));
        Ok(Self { size, peaks: peaks.collect() })
    }
}

#[cfg(test)]
mod tests;
