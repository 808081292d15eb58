//! Merkle proofs: is this leaf in the tree with this root, and does that tree continue an older one?
//!
//! In scope: the verification algorithms of
//! [RFC 9162 §2.1.3.2](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2) and
//! [§2.1.4.2](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2). Out of scope: who signed a root.

use super::{LeafHash, NodeHash};

/// A tree as a signed head commits to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TreeHead {
    /// Number of leaves.
    pub tree_size: u64,
    /// Root over them.
    pub root_hash: NodeHash,
}

/// The way from a leaf to the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InclusionProof {
    /// Place of the leaf.
    pub leaf_index: u64,
    /// Siblings on the way, the leaf's own first; at most 63.
    pub path: Vec<NodeHash>,
}

/// Why an inclusion proof proves nothing. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InclusionError {
    /// The tree has no such leaf.
    #[error("leaf {leaf_index} is not in a tree of {tree_size} leaves")]
    LeafOutOfRange {
        /// Place that was claimed.
        leaf_index: u64,
        /// Leaves in the tree.
        tree_size: u64,
    },
    /// The path has too many or too few hashes for this place and size.
    #[error("inclusion path has the wrong length")]
    PathLength,
    /// The path leads to another root.
    #[error("inclusion path leads to another root")]
    RootMismatch,
}

impl InclusionError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LeafOutOfRange { .. } | Self::PathLength | Self::RootMismatch => {
                "inclusion-invalid"
            }
        }
    }
}

/// Why a consistency proof proves nothing. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConsistencyError {
    /// The older tree is empty (which proves nothing) or larger than the newer one.
    #[error("a tree of {old} leaves cannot be shown to grow to {new}")]
    Sizes {
        /// Leaves in the older tree.
        old: u64,
        /// Leaves in the newer tree.
        new: u64,
    },
    /// The path has too many or too few hashes for these sizes.
    #[error("consistency path has the wrong length")]
    PathLength,
    /// The path does not lead to both roots.
    #[error("consistency path leads to another root")]
    RootMismatch,
}

impl ConsistencyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sizes { .. } | Self::PathLength | Self::RootMismatch => "consistency-invalid",
        }
    }
}

/// Checks that `leaf` is at `proof.leaf_index` in the tree that `head` commits to.
///
/// `head` must already be authenticated.
///
/// # Errors
///
/// One [`InclusionError`] per way a proof can fail.
pub fn verify_inclusion(
    leaf: &LeafHash,
    proof: &InclusionProof,
    head: &TreeHead,
) -> Result<(), InclusionError> {
    let root_hash = root_of_inclusion(leaf, proof, head.tree_size)?;
    if root_hash == head.root_hash { Ok(()) } else { Err(InclusionError::RootMismatch) }
}

/// The root of the tree of `tree_size` leaves that has `leaf` at `proof.leaf_index` under this path: steps 1 to 5 of
/// RFC 9162 §2.1.3.2. It proves nothing before it is compared with a root that somebody signed.
///
/// # Errors
///
/// [`InclusionError::LeafOutOfRange`], [`InclusionError::PathLength`].
pub fn root_of_inclusion(
    leaf: &LeafHash,
    proof: &InclusionProof,
    tree_size: u64,
) -> Result<NodeHash, InclusionError> {
    let leaf_index = proof.leaf_index;
    // Step 1. An empty tree has no last leaf, so it fails here too.
    let Some(last) = tree_size.checked_sub(1).filter(|last| leaf_index <= *last) else {
        return Err(InclusionError::LeafOutOfRange { leaf_index, tree_size });
    };
    // Steps 2 and 3.
    let (mut fn_, mut sn) = (leaf_index, last);
    let mut r = leaf.into_node();
    // Step 4.
    for p in &proof.path {
        if sn == 0 {
            return Err(InclusionError::PathLength);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            r = NodeHash::of_children(p, &r);
            let skip = if fn_ == 0 { 0 } else { fn_.trailing_zeros() };
            fn_ >>= skip;
            sn >>= skip;
        } else {
            r = NodeHash::of_children(&r, p);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    // Step 5.
    if sn == 0 { Ok(r) } else { Err(InclusionError::PathLength) }
}

/// Checks that the tree of `new` only added leaves to the tree of `old`.
///
/// Trees of equal size are consistent if their roots are equal and the path is empty.
///
/// # Errors
///
/// One [`ConsistencyError`] per way a proof can fail; growth from nothing cannot be proved.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    path: &[NodeHash],
) -> Result<(), ConsistencyError> {
    if old.tree_size == 0 || old.tree_size > new.tree_size {
        return Err(ConsistencyError::Sizes { old: old.tree_size, new: new.tree_size });
    }
    if old.tree_size == new.tree_size {
        return match (path.is_empty(), old.root_hash == new.root_hash) {
            (true, true) => Ok(()),
            (false, _) => Err(ConsistencyError::PathLength),
            (true, false) => Err(ConsistencyError::RootMismatch),
        };
    }
    // Step 1. A complete older tree is the first node itself, and the proof leaves it out.
    let (first, rest) = if old.tree_size.is_power_of_two() {
        (old.root_hash, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ConsistencyError::PathLength)?;
        (*first, rest)
    };
    // Steps 2 to 4: both sizes are above 0 here.
    let mut fn_ = old.tree_size.saturating_sub(1);
    let mut sn = new.tree_size.saturating_sub(1);
    let skip = fn_.trailing_ones();
    fn_ = fn_.checked_shr(skip).unwrap_or(0);
    sn = sn.checked_shr(skip).unwrap_or(0);
    // Step 5.
    let (mut fr, mut sr) = (first, first);
    // Step 6.
    for c in rest {
        if sn == 0 {
            return Err(ConsistencyError::PathLength);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            fr = NodeHash::of_children(c, &fr);
            sr = NodeHash::of_children(c, &sr);
            let skip = if fn_ == 0 { 0 } else { fn_.trailing_zeros() };
            fn_ >>= skip;
            sn >>= skip;
        } else {
            sr = NodeHash::of_children(&sr, c);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    // Step 7.
    if sn != 0 {
        return Err(ConsistencyError::PathLength);
    }
    if fr == old.root_hash && sr == new.root_hash {
        Ok(())
    } else {
        Err(ConsistencyError::RootMismatch)
    }
}
