//! The way from a leaf to the root, step by step: what pictures draw, and what shows how a larger tree begins.
//!
//! In scope: sides, ranges and hashes of a path that was verified. Out of scope: verifying it (`inkan-ledger`).

use inkan_ledger::tree::InclusionProof;
use inkan_ledger::{LeafHash, NodeHash};

/// On which side of the way the given hash stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// Before.
    Left,
    /// After.
    Right,
}

/// One step up: the hash that the proof gives, and what both hash to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    /// Where the given hash stands.
    pub(crate) side: Side,
    /// The given hash.
    pub(crate) given: NodeHash,
    /// First and last entry that it stands for.
    pub(crate) covers: (u64, u64),
    /// What the two hash to.
    pub(crate) result: NodeHash,
    /// First and last entry that the result stands for.
    pub(crate) reaches: (u64, u64),
}

/// The steps of a path, from the leaf up (RFC 9162 §2.1.3.2). A path that does not fit its place ends early.
pub(crate) fn steps(leaf: LeafHash, size: u64, proof: &InclusionProof) -> Vec<Step> {
    let mut out = Vec::new();
    let Some(mut last) = size.checked_sub(1) else { return out };
    let mut place = proof.leaf_index;
    let mut hash = leaf.into_node();
    let (mut low, mut high) = (place, place);
    // Leaves of a complete tree at this level.
    let mut width = 1_u64;
    for given in &proof.path {
        if last == 0 {
            break;
        }
        let (side, covers);
        if place & 1 == 1 || place == last {
            // At the right edge, levels without a sibling are passed over first.
            while place & 1 == 0 && place != 0 {
                (place, last, width) = (place >> 1, last >> 1, width.saturating_mul(2));
            }
            side = Side::Left;
            covers = (low.saturating_sub(width), low.saturating_sub(1));
            hash = NodeHash::of_children(given, &hash);
            low = covers.0;
        } else {
            side = Side::Right;
            let end = high.saturating_add(width).min(size.saturating_sub(1));
            covers = (high.saturating_add(1), end);
            hash = NodeHash::of_children(&hash, given);
            high = end;
        }
        (place, last, width) = (place >> 1, last >> 1, width.saturating_mul(2));
        out.push(Step { side, given: *given, covers, result: hash, reaches: (low, high) });
    }
    out
}

/// The root over the leaves before this one: the hashes on the left are all that it takes. `None` for the first leaf.
pub(crate) fn root_before(steps: &[Step]) -> Option<NodeHash> {
    let left = steps.iter().filter(|step| step.side == Side::Left).map(|step| step.given);
    left.reduce(|lower, higher| NodeHash::of_children(&higher, &lower))
}

#[cfg(test)]
mod tests;
