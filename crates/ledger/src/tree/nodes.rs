//! Roots and proofs from stored nodes, wherever they are stored.
//!
//! In scope: which complete subtrees a root, an inclusion proof or a consistency proof of
//! [RFC 9162 §2.1](https://www.rfc-editor.org/rfc/rfc9162#section-2.1) is made of. Out of scope: where they are kept
//! (memory: `MerkleTree`; tiles on disk: `inkan-io`), and checking a proof (`proof`).

use super::{InclusionProof, LeafHash, NodeHash, OutOfRange};
use crate::store::StoreError;

/// The largest tree (a size is below 2^63, as in checkpoints).
pub(super) const SIZE_LIMIT: u64 = 1 << 63;

/// Where the roots of complete subtrees are kept.
///
/// Node (`level`, `index`) is the root over the leaves from `index * 2^level` to `(index + 1) * 2^level`. Whoever asks
/// only asks for nodes whose leaves are all there.
pub trait Nodes {
    /// Reads a node.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read or is not there.
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, StoreError>;
}

impl<N: Nodes + ?Sized> Nodes for &N {
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, StoreError> {
        (**self).node(level, index)
    }
}

/// Why there is no root or proof.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NodesError {
    /// No such leaf, size, or growth.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A node could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NodesError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange(_) => "not-found",
            Self::Store(error) => error.code(),
        }
    }
}

/// The root of the tree of `size` leaves.
///
/// # Errors
///
/// [`NodesError`].
pub fn root_from<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<NodeHash, NodesError> {
    match size {
        0 => Ok(NodeHash::empty()),
        SIZE_LIMIT.. => Err(OutOfRange { tree_size: SIZE_LIMIT }.into()),
        _ => Ok(range(nodes, 0, size)?),
    }
}

/// The hash of leaf `index`.
///
/// # Errors
///
/// [`NodesError`].
pub fn leaf_from<N: Nodes + ?Sized>(nodes: &N, index: u64) -> Result<LeafHash, NodesError> {
    Ok(LeafHash::from_digest(*nodes.node(0, index)?.digest()))
}

/// Proves that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1). O(log n) nodes are read.
///
/// # Errors
///
/// [`NodesError::OutOfRange`] if `index` is not below `size`; [`NodesError::Store`].
pub fn inclusion_from<N: Nodes + ?Sized>(
    nodes: &N,
    index: u64,
    size: u64,
) -> Result<InclusionProof, NodesError> {
    if index >= size || size >= SIZE_LIMIT {
        return Err(OutOfRange { tree_size: size.min(SIZE_LIMIT) }.into());
    }
    let mut path = Vec::new();
    inclusion_path(nodes, index, (0, size), &mut path)?;
    Ok(InclusionProof { leaf_index: index, path })
}

/// Proves that the tree of `new` leaves continues that of `old` leaves (RFC 9162 §2.1.4.1). O(log n) nodes are read.
///
/// The proof is empty for `old` = 0 and for `old` = `new`.
///
/// # Errors
///
/// [`NodesError::OutOfRange`] if `old` is larger than `new`; [`NodesError::Store`].
pub fn consistency_from<N: Nodes + ?Sized>(
    nodes: &N,
    old: u64,
    new: u64,
) -> Result<Vec<NodeHash>, NodesError> {
    if old > new || new >= SIZE_LIMIT {
        return Err(OutOfRange { tree_size: new.min(SIZE_LIMIT) }.into());
    }
    let mut path = Vec::new();
    if old > 0 && old < new {
        consistency_path(nodes, old, (0, new), &mut path)?;
    }
    Ok(path)
}

/// Root of the leaves `low..high`, not none; `low` is a multiple of a power of two that is not below `high - low`.
fn range<N: Nodes + ?Sized>(nodes: &N, low: u64, high: u64) -> Result<NodeHash, StoreError> {
    let length = high.saturating_sub(low);
    if length.is_power_of_two() {
        let level = length.ilog2();
        return nodes.node(u8::try_from(level).unwrap_or(u8::MAX), low >> level);
    }
    let middle = low.saturating_add(split(length));
    Ok(NodeHash::of_children(&range(nodes, low, middle)?, &range(nodes, middle, high)?))
}

/// `PATH(index, D[low:high])`, leaf level first.
fn inclusion_path<N: Nodes + ?Sized>(
    nodes: &N,
    index: u64,
    (low, high): (u64, u64),
    out: &mut Vec<NodeHash>,
) -> Result<(), StoreError> {
    let length = high.saturating_sub(low);
    if length <= 1 {
        return Ok(());
    }
    let middle = low.saturating_add(split(length));
    if index < middle {
        inclusion_path(nodes, index, (low, middle), out)?;
        out.push(range(nodes, middle, high)?);
    } else {
        inclusion_path(nodes, index, (middle, high), out)?;
        out.push(range(nodes, low, middle)?);
    }
    Ok(())
}

/// `SUBPROOF(old - low, D[low:high], low == 0)`, deepest node first.
fn consistency_path<N: Nodes + ?Sized>(
    nodes: &N,
    old: u64,
    (low, high): (u64, u64),
    out: &mut Vec<NodeHash>,
) -> Result<(), StoreError> {
    if old == high {
        if low > 0 {
            out.push(range(nodes, low, high)?);
        }
        return Ok(());
    }
    let middle = low.saturating_add(split(high.saturating_sub(low)));
    if old <= middle {
        consistency_path(nodes, old, (low, middle), out)?;
        out.push(range(nodes, middle, high)?);
    } else {
        consistency_path(nodes, old, (middle, high), out)?;
        out.push(range(nodes, low, middle)?);
    }
    Ok(())
}

/// The largest power of two below `length`; `length` is at least 2.
const fn split(length: u64) -> u64 {
    let last = length.saturating_sub(1);
    if last == 0 { 1 } else { 1 << last.ilog2() }
}
