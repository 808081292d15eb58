//! The map (§4 of the ledger specification): which entry of an id is the newest, as one root per checkpoint.
//!
//! In scope: keys, values, and the root and proofs by the specification's recursion. Out of scope: checking a
//! proof (`proof`), deciding what the newest entry is (`state`), faster stores of the same tree.

use std::collections::BTreeMap;
use std::fmt;

use inkan_core::{Digest, sha256};

use crate::commitment::ActId;
use crate::entry::{OnceId, TrustClaims, TrustStatement};
use crate::entry_id::hash_parts;
use crate::leaf::Kind;
use crate::tree::{LeafHash, NodeHash};

pub mod proof;

pub use proof::{MapOutcome, MapProof, MapProofError};

/// The place of an id in the map: `SHA-256("inkan-map/v1" LF || kind || LF || parts joined by LF)`, and its kind.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct MapKey {
    digest: Digest,
    kind: Kind,
}

impl MapKey {
    /// Key of a DID.
    #[must_use]
    pub fn did(scid: &str) -> Self {
        Self::of(Kind::Did, &[scid])
    }

    /// Key of an act of the signer `scid`.
    #[must_use]
    pub fn act(scid: &str, act: &ActId) -> Self {
        Self::of(Kind::Countersignature, &[scid, &act.to_b64u()])
    }

    /// Key of a status list of the signer `scid`.
    #[must_use]
    pub fn status(scid: &str, uri: &str) -> Self {
        Self::of(Kind::Status, &[scid, uri])
    }

    /// Key of a statement of the authority `scid`.
    #[must_use]
    pub fn trust(scid: &str, claims: &TrustClaims) -> Self {
        let TrustClaims { statement, entity_id, action, resource, .. } = claims;
        Self::trust_of(scid, *statement, entity_id, action, resource)
    }

    /// The same, from its parts.
    #[must_use]
    pub fn trust_of(
        scid: &str,
        statement: TrustStatement,
        entity_id: &str,
        action: &str,
        resource: &str,
    ) -> Self {
        Self::of(Kind::Trust, &[scid, statement.name(), entity_id, action, resource])
    }

    /// Key of a one-time use, whoever signed it.
    #[must_use]
    pub fn once(scope: &str, id: &OnceId) -> Self {
        Self::of(Kind::Once, &[scope, &id.to_b64u()])
    }

    /// Takes the 32 bytes of a key of this kind, as a store of them gives them back.
    #[must_use]
    pub const fn from_parts(kind: Kind, digest: Digest) -> Self {
        Self { digest, kind }
    }

    fn of(kind: Kind, parts: &[&str]) -> Self {
        Self { digest: hash_parts("inkan-map/v1", kind, parts), kind }
    }

    /// The kind of entry that stands under this key.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The 32 bytes that lead through the tree.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl fmt::Debug for MapKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MapKey({}, {:?})", self.kind, self.digest)
    }
}

/// What is visible of a head beside its kind, as bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(u8);

impl Flags {
    /// Nothing is said.
    pub const NONE: Self = Self(0);
    /// Deactivated, or ended.
    pub const ENDED: Self = Self(0x01);
    /// The next keys of the DID are committed to.
    pub const PRE_ROTATION: Self = Self(0x02);
    /// did:webvh witnesses must approve the DID's entries.
    pub const WITNESSED: Self = Self(0x04);
    /// The DID may move to another host.
    pub const PORTABLE: Self = Self(0x08);
    /// The DID moved to another log.
    pub const MOVED: Self = Self(0x10);

    /// Reads a byte; spare bits must be 0.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & 0xe0 == 0 { Some(Self(bits)) } else { None }
    }

    /// The byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// These and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What stands under a key: the newest entry of that id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MapValue {
    /// Kind of the entry.
    pub kind: Kind,
    /// What is visible of it.
    pub flags: Flags,
    /// `seq` of the entry; for a DID its version number.
    pub sequence: u64,
    /// Place of the entry in the log.
    pub leaf_index: u64,
    /// Hash of the entry's leaf.
    pub leaf_hash: LeafHash,
}

impl MapValue {
    /// Bytes of every value.
    pub const LENGTH: usize = 51;

    /// `0x01 || kind || flags || seq || leaf index || leaf hash`, integers big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut out = [0; Self::LENGTH];
        let fields = [1, self.kind.code(), self.flags.bits()]
            .into_iter()
            .chain(self.sequence.to_be_bytes())
            .chain(self.leaf_index.to_be_bytes())
            .chain(*self.leaf_hash.digest().as_bytes());
        for (to, from) in out.iter_mut().zip(fields) {
            *to = from;
        }
        out
    }

    /// Reads exactly what [`Self::to_bytes`] writes; `None` for anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::LENGTH] = bytes.try_into().ok()?;
        let (head, rest) = bytes.split_first_chunk::<3>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (leaf_index, hash) = rest.split_first_chunk::<8>()?;
        let [1, kind, flags] = *head else { return None };
        let hash = Digest::from_bytes(hash.try_into().ok()?);
        Some(Self {
            kind: Kind::from_code(kind).filter(|kind| kind.is_in_map())?,
            flags: Flags::from_bits(flags)?,
            sequence: u64::from_be_bytes(*sequence),
            leaf_index: u64::from_be_bytes(*leaf_index),
            leaf_hash: LeafHash::from_digest(hash),
        })
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> Digest {
        sha256(&[&self.to_bytes()])
    }
}

/// One key and its value, as the tree sees them.
type Pair = (Digest, Digest);

/// A map, ready to give its root and proofs. Building it costs one hash per key, a root or proof about two more each.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// In key order: a subtree is a contiguous run.
    pairs: Vec<Pair>,
}

impl Map {
    /// Takes all heads.
    #[must_use]
    pub fn new(heads: &BTreeMap<MapKey, MapValue>) -> Self {
        // MapKey orders by its digest first.
        Self { pairs: heads.iter().map(|(key, value)| (key.digest, value.hash())).collect() }
    }

    /// The root of the whole map.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        root(&self.pairs, 0)
    }

    /// Proves what stands under `key`, or that nothing does.
    #[must_use]
    pub fn prove(&self, key: &MapKey) -> MapProof {
        let mut siblings = Vec::new();
        let mut pairs = self.pairs.as_slice();
        let mut depth = 0;
        // Down to the subtree with one leaf or none; siblings are met from the top.
        while pairs.len() > 1 {
            let (zeros, ones) = halves(pairs, depth);
            let (here, other) = if bit(&key.digest, depth) { (ones, zeros) } else { (zeros, ones) };
            let next = depth.saturating_add(1);
            siblings.push((!other.is_empty()).then(|| root(other, next)));
            pairs = here;
            depth = next;
        }
        siblings.reverse();
        MapProof { leaf: pairs.first().copied(), siblings }
    }
}

/// The root of the map without keys.
#[must_use]
pub fn empty_root() -> NodeHash {
    NodeHash::from_digest(Digest::from_bytes(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__"))
}

fn leaf_node(key: &Digest, value_hash: &Digest) -> NodeHash {
    NodeHash::from_digest(sha256(&[b"JMT::LeafNode", key.as_bytes(), value_hash.as_bytes()]))
}

fn inner_node(zero: &NodeHash, one: &NodeHash) -> NodeHash {
    // The spelling is the library's, and part of every root.
    let (zero, one) = (zero.digest().as_bytes(), one.digest().as_bytes());
    NodeHash::from_digest(sha256(&[b"JMT::IntrnalNode", zero, one]))
}

/// The recursion of the specification; `pairs` share the first `depth` bits of their keys.
fn root(pairs: &[Pair], depth: usize) -> NodeHash {
    match pairs {
        [] => empty_root(),
        [(key, value_hash)] => leaf_node(key, value_hash),
        _ => {
            let (zeros, ones) = halves(pairs, depth);
            let next = depth.saturating_add(1);
            inner_node(&root(zeros, next), &root(ones, next))
        }
    }
}

fn halves(pairs: &[Pair], depth: usize) -> (&[Pair], &[Pair]) {
    let middle = pairs.partition_point(|(key, _)| !bit(key, depth));
    pairs.split_at(middle)
}

/// Bit `position` of a key, the most significant of the first byte being 0.
fn bit(key: &Digest, position: usize) -> bool {
    let byte = key.as_bytes().get(position / 8).copied().unwrap_or(0);
    (byte >> (7 - position % 8)) & 1 == 1
}

#[cfg(test)]
mod tests;
