//! Proofs that a key stands in the map with a value, or does not stand in it (§4 of the ledger specification).
//!
//! In scope: the bytes of a proof, and whether they lead to a root. Out of scope: who vouches for that root
//! (`current`).

use inkan_core::Digest;

use super::{MapKey, MapValue, bit, empty_root, inner_node, leaf_node};
use crate::tree::NodeHash;

/// Bits of a key, and so the greatest depth.
const DEPTH: usize = 256;

/// The way from one place of the map to its root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MapProof {
    /// Key and value hash of the only leaf at the end of the way, if there is one.
    pub(super) leaf: Option<(Digest, Digest)>,
    /// Siblings, deepest first; `None` is the empty subtree.
    pub(super) siblings: Vec<Option<NodeHash>>,
}

/// What a proof says of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MapOutcome {
    /// A value with this hash stands under it.
    Present {
        /// SHA-256 of the value's bytes.
        value_hash: Digest,
    },
    /// Nothing ever stood under it.
    Absent,
}

/// Why bytes prove nothing about the map. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MapProofError {
    /// Not the one byte form of a proof.
    #[error("map proof is malformed")]
    Malformed,
    /// The leaf that is shown is not on the way to the key.
    #[error("map proof is about another key")]
    OtherKey,
    /// The way leads to another root.
    #[error("map proof leads to another root")]
    RootMismatch,
    /// The value is not the one that the proof or the entry commits to.
    #[error("map value is not the one that was proved")]
    ValueMismatch,
}

impl MapProofError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::OtherKey | Self::RootMismatch => "map-proof-invalid",
            Self::ValueMismatch => "map-value-invalid",
        }
    }
}

impl MapProof {
    /// Reads the bytes of a proof; what is accepted is exactly what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`MapProofError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MapProofError> {
        read(bytes).ok_or(MapProofError::Malformed)
    }

    /// The bytes: version, leaf, number of siblings, which of them are not empty, and those, deepest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![1, u8::from(self.leaf.is_some())];
        if let Some((key, value_hash)) = &self.leaf {
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(value_hash.as_bytes());
        }
        let count = u16::try_from(self.siblings.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&count.to_be_bytes());
        for eight in self.siblings.chunks(8) {
            let bits = eight.iter().enumerate().map(|(i, s)| u8::from(s.is_some()) << (7 - i));
            out.push(bits.fold(0, |all, one| all | one));
        }
        for sibling in self.siblings.iter().flatten() {
            out.extend_from_slice(sibling.digest().as_bytes());
        }
        out
    }

    /// Checks that the way from `key` leads to `root`, and says what stands at its end.
    ///
    /// # Errors
    ///
    /// [`MapProofError::OtherKey`], [`MapProofError::RootMismatch`].
    pub fn verify(&self, key: &MapKey, root: &NodeHash) -> Result<MapOutcome, MapProofError> {
        let depth = self.siblings.len();
        let (mut node, outcome) = match &self.leaf {
            None => (empty_root(), MapOutcome::Absent),
            Some((at, value_hash)) => {
                if (0..depth).any(|position| bit(at, position) != bit(key.digest(), position)) {
                    return Err(MapProofError::OtherKey);
                }
                let outcome = if at == key.digest() {
                    MapOutcome::Present { value_hash: *value_hash }
                } else {
                    MapOutcome::Absent
                };
                (leaf_node(at, value_hash), outcome)
            }
        };
        for (position, sibling) in (0..depth).rev().zip(&self.siblings) {
            let sibling = sibling.unwrap_or_else(empty_root);
            node = if bit(key.digest(), position) {
                inner_node(&sibling, &node)
            } else {
                inner_node(&node, &sibling)
            };
        }
        if node == *root { Ok(outcome) } else { Err(MapProofError::RootMismatch) }
    }

    /// Checks that exactly `value` stands under `key`.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`]; [`MapProofError::ValueMismatch`] if another value, of another kind, or none stands there.
    pub fn verify_present(
        &self,
        key: &MapKey,
        value: &MapValue,
        root: &NodeHash,
    ) -> Result<(), MapProofError> {
        match self.verify(key, root)? {
            MapOutcome::Present { value_hash }
                if value_hash == value.hash() && value.kind == key.kind() =>
            {
                Ok(())
            }
            MapOutcome::Present { .. } | MapOutcome::Absent => Err(MapProofError::ValueMismatch),
        }
    }
}

fn read(bytes: &[u8]) -> Option<MapProof> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let (leaf, rest) = match *head {
        [1, 0] => (None, rest),
        [1, 1] => {
            let (key, rest) = rest.split_first_chunk::<32>()?;
            let (value_hash, rest) = rest.split_first_chunk::<32>()?;
            (Some((Digest::from_bytes(*key), Digest::from_bytes(*value_hash))), rest)
        }
        _ => return None,
    };
    let (count, rest) = rest.split_first_chunk::<2>()?;
    let count = usize::from(u16::from_be_bytes(*count));
    if count > DEPTH {
        return None;
    }
    let (bitmap, mut rest) = rest.split_at_checked(count.div_ceil(8))?;
    let mut siblings = Vec::with_capacity(count);
    for (position, byte) in bitmap.iter().enumerate() {
        for i in 0..8 {
            let present = (byte >> (7 - i)) & 1 == 1;
            if position.saturating_mul(8).saturating_add(i) >= count {
                if present {
                    return None;
                }
                continue;
            }
            if !present {
                siblings.push(None);
                continue;
            }
            let (hash, after) = rest.split_first_chunk::<32>()?;
            siblings.push(Some(NodeHash::from_digest(Digest::from_bytes(*hash))));
            rest = after;
        }
    }
    rest.is_empty().then_some(MapProof { leaf, siblings })
}
