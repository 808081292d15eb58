//! The tree over the records of one scope: filled up to a power of two, in the order of the leaves' hashes.
//!
//! In scope: places, paths, the root, the anchor's claims. Out of scope: how nodes are kept (`pack`).
//!
//! Every leaf has a salt of its own, so the order of their hashes is a random one, and nobody without the salts can tell a
//! record's leaf from one that only fills the tree.

use inkan_core::Digest;

use super::{ANCHOR_ROOT, AnchorError};
use crate::commitment::commitment;
use crate::entry::{AnchorClaims, AnchorContent, AnchorScope};
use crate::leaf::Kind;
use crate::tree::{LeafHash, NodeHash};

/// The most records of one scope.
pub const MOST: u32 = 1 << 24;
/// The fewest leaves of a tree: 2^4.
pub const DEPTH_MIN: u8 = 4;
/// The longest path.
pub const DEPTH_MAX: u8 = 24;
/// First bytes of a leaf that only fills the tree.
const PADDING: &[u8] = b"inkan-anchored-padding/v1\n";

/// How deep the tree over so many records is; `None` for none and for too many.
#[must_use]
pub fn depth_of(records: u64) -> Option<u8> {
    if records == 0 || records > u64::from(MOST) {
        return None;
    }
    let depth = records.next_power_of_two().trailing_zeros();
    u8::try_from(depth).ok().map(|depth| depth.max(DEPTH_MIN))
}

/// A leaf that only fills the tree: `SHA-256(0x00 || "inkan-anchored-padding/v1" LF || seed (32) || number (4))`.
fn padding(seed: &[u8; 32], number: u32) -> LeafHash {
    let mut bytes = PADDING.to_vec();
    bytes.extend_from_slice(seed);
    bytes.extend_from_slice(&number.to_be_bytes());
    LeafHash::of(&bytes)
}

/// The tree over the records of one scope. It takes 64 bytes for each leaf, and 40 more while it is made.
#[derive(Clone, Debug)]
pub struct ScopeTree {
    /// The leaves, then the level above them, up to the root.
    levels: Vec<Vec<NodeHash>>,
    /// Where each record stands, in the order in which they were given.
    places: Vec<u32>,
}

impl ScopeTree {
    /// Builds the tree over the leaves of a scope's records; `seed` is 32 secret bytes, drawn for this tree alone.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Unknown`] without a record, [`AnchorError::TooMany`].
    pub fn new(
        leaves: impl IntoIterator<Item = LeafHash>,
        seed: &[u8; 32],
    ) -> Result<Self, AnchorError> {
        let too_many = AnchorError::TooMany { limit: MOST };
        let mut all: Vec<(NodeHash, u32)> = Vec::new();
        for (number, leaf) in (0..=MOST).zip(leaves) {
            all.push((leaf.into_node(), number));
        }
        let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return Err(AnchorError::Unknown("record"));
        }
        let depth = depth_of(count).ok_or(too_many.clone())?;
        let records = u32::try_from(count).map_err(|_| too_many)?;
        let width = 1_u32 << depth;
        all.reserve_exact(usize::try_from(width.saturating_sub(records)).unwrap_or(0));
        for number in records..width {
            all.push((padding(seed, number).into_node(), number));
        }
        all.sort_unstable();
        let mut places = vec![0_u32; usize::try_from(records).unwrap_or(0)];
        for (place, (_, number)) in (0_u32..).zip(&all) {
            let slot = usize::try_from(*number).ok().and_then(|number| places.get_mut(number));
            // Those that only fill the tree have no slot.
            if let Some(slot) = slot {
                *slot = place;
            }
        }
        let leaves = all.into_iter().map(|(node, _)| node).collect();
        Ok(Self { levels: levels_over(leaves), places })
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        let top = self.levels.last().and_then(|level| level.first());
        *top.copied().unwrap_or_else(NodeHash::empty).digest()
    }

    /// Where the record with this number stands.
    #[must_use]
    pub fn place(&self, record: usize) -> Option<u32> {
        self.places.get(record).copied()
    }

    /// The siblings on the way from a place to the root, lowest first.
    #[must_use]
    pub fn path(&self, place: u32) -> Option<Vec<NodeHash>> {
        let mut at = usize::try_from(place).ok()?;
        let mut path = Vec::new();
        let (_, below) = self.levels.split_last()?;
        for level in below {
            path.push(*level.get(at ^ 1)?);
            at >>= 1;
        }
        Some(path)
    }

    /// Every node, level by level from the leaves up: what a pack keeps.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeHash> {
        self.levels.iter().flatten()
    }

    /// The anchor by which `scid` commits to the root under a salt of its own. It does not say how many records there are.
    #[must_use]
    pub fn claims(&self, kind: AnchorScope, scid: &str, root_salt: &[u8; 16]) -> AnchorClaims {
        let commitment = commitment(Kind::Anchor, scid, root_salt, &self.root());
        AnchorClaims {
            scope: kind,
            media_type: ANCHOR_ROOT.to_owned(),
            content: AnchorContent::Committed { commitment },
            records: None,
        }
    }
}

/// All levels over leaves, as many as a power of two.
fn levels_over(leaves: Vec<NodeHash>) -> Vec<Vec<NodeHash>> {
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|level| level.len() > 1) {
        let (pairs, _) = below.as_chunks::<2>();
        let above = pairs.iter().map(|[left, right]| NodeHash::of_children(left, right)).collect();
        levels.push(above);
    }
    levels
}

/// The root over leaves that are all at hand, as many as a power of two; `None` for another number.
#[must_use]
pub fn root_over(leaves: Vec<NodeHash>) -> Option<Digest> {
    if !leaves.len().is_power_of_two() {
        return None;
    }
    let mut level = leaves;
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs.iter().map(|[left, right]| NodeHash::of_children(left, right)).collect();
    }
    level.first().map(|root| *root.digest())
}
