//! Current-proofs (§5.4 of the ledger specification): which entry of an id is the newest, or that there is none.
//!
//! In scope: their form and what they prove as of a checkpoint. Out of scope: whether that is recent enough, which
//! artefact the newest entry belongs to.

use inkan_core::Timestamp;
use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::json;
use serde_json::{Map, Value};

use crate::entry::SignedEntry;
use crate::epoch::Epoch;
use crate::leaf::{Kind, Leaf};
use crate::map::{MapKey, MapOutcome, MapProof, MapProofError, MapValue};
use crate::note::NOTE_LIMIT;
use crate::policy::LogPolicy;
use crate::receipt::{
    Receipt, ReceiptError, TlogProof, VerifiedCheckpoint, VerifiedLeaf, verify_checkpoint,
    verify_receipt_under,
};
use crate::state::parse_did_body;
use crate::tree::LeafHash;

pub mod standing;

pub use standing::{OnceStanding, TrustStanding};

/// `type` of a current-proof.
const TYPE: &str = "inkan-current/1";
/// The largest current-proof in bytes.
const CURRENT_LIMIT: usize = 4 * NOTE_LIMIT;

/// An epoch leaf with its receipt, and what its map says of one key. Nothing is proved before [`verify_current`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CurrentProof {
    epoch: Receipt,
    map: MapProof,
    /// The newest entry's leaf, and its value in the map.
    head: Option<(Vec<u8>, MapValue)>,
}

impl CurrentProof {
    /// Joins an epoch leaf's receipt, a map proof, and the newest entry if there is one.
    #[must_use]
    pub const fn new(epoch: Receipt, map: MapProof, head: Option<(Vec<u8>, MapValue)>) -> Self {
        Self { epoch, map, head }
    }

    /// Reads a current-proof that stands by itself.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let value = json::parse(bytes, CURRENT_LIMIT)
            .map_err(|_| ReceiptError::Malformed("not JSON with one reading"))?;
        Self::from_value(&value)
    }

    /// Reads a current-proof.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`]; [`ReceiptError::Map`] for a malformed map proof or value.
    pub fn from_value(value: &Value) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let members = value.as_object().ok_or(malformed("not an object"))?;
        let known =
            |name: &str| matches!(name, "type" | "epoch" | "proof" | "map" | "head" | "value");
        if !members.keys().all(|name| known(name)) {
            return Err(malformed("an unknown member"));
        }
        if json::text(value, "type") != Some(TYPE) {
            return Err(malformed("type is not inkan-current/1"));
        }
        let bytes = |name| json::text(value, name).and_then(|text| decode_b64u(text).ok());
        let epoch = bytes("epoch").ok_or(malformed("epoch is not base64url"))?;
        let proof = json::text(value, "proof").ok_or(malformed("proof is not text"))?;
        let proof = TlogProof::parse(proof)?;
        let map = bytes("map").ok_or(malformed("map is not base64url"))?;
        let head = match (members.contains_key("head"), members.contains_key("value")) {
            (false, false) => None,
            (true, true) => {
                let leaf = bytes("head").ok_or(malformed("head is not base64url"))?;
                let value = bytes("value").ok_or(malformed("value is not base64url"))?;
                Some((leaf, MapValue::parse(&value).ok_or(MapProofError::ValueMismatch)?))
            }
            (true, false) | (false, true) => return Err(malformed("head and value go together")),
        };
        let epoch = Receipt::new(epoch, proof.path(), proof.note());
        Ok(Self { epoch, map: MapProof::parse(&map)?, head })
    }

    /// The current-proof as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, text: String| out.insert(name.to_owned(), text.into());
        put("type", TYPE.to_owned());
        put("epoch", b64u(self.epoch.leaf_bytes()));
        put("proof", self.epoch.proof().to_string());
        put("map", b64u(&self.map.to_bytes()));
        if let Some((leaf, value)) = &self.head {
            put("head", b64u(leaf));
            put("value", b64u(&value.to_bytes()));
        }
        Value::Object(out)
    }

    /// The receipt of the epoch leaf; its note is the signed head.
    #[must_use]
    pub const fn epoch(&self) -> &Receipt {
        &self.epoch
    }

    /// The newest entry's leaf as claimed, to find out which key to ask about. Proves nothing.
    #[must_use]
    pub fn claimed_head(&self) -> Option<Leaf> {
        self.head.as_ref().and_then(|(leaf, _)| Leaf::parse(leaf).ok())
    }

    /// Index of the newest entry and number of the state that it records, as claimed. Proves nothing.
    #[must_use]
    pub fn claimed_place(&self) -> Option<(u64, u64)> {
        self.head.as_ref().map(|(_, value)| (value.leaf_index, value.sequence))
    }
}

/// Verifies what a current-proof says of `key`, under the logs and witnesses that the caller trusts.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails.
pub fn verify_current(
    proof: &CurrentProof,
    key: &MapKey,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<VerifiedCurrent, ReceiptError> {
    verify_current_under(proof, key, &verify_checkpoint(proof.epoch.note(), policy, now)?)
}

/// As [`verify_current`], for a signed head that was verified before.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails.
pub fn verify_current_under(
    proof: &CurrentProof,
    key: &MapKey,
    checkpoint: &VerifiedCheckpoint,
) -> Result<VerifiedCurrent, ReceiptError> {
    let leaf = verify_receipt_under(&proof.epoch, checkpoint)?;
    leaf.expect_kind(Kind::Epoch)?;
    let epoch = Epoch::parse(leaf.leaf().body()).map_err(|_| ReceiptError::MalformedBody)?;
    if leaf.leaf_index().checked_add(1) != Some(leaf.tree_size()) {
        return Err(ReceiptError::NotLastLeaf);
    }
    if epoch.size != leaf.leaf_index() {
        return Err(ReceiptError::MalformedBody);
    }
    let head = match &proof.head {
        None => match proof.map.verify(key, &epoch.map)? {
            MapOutcome::Absent => None,
            MapOutcome::Present { .. } => return Err(MapProofError::ValueMismatch.into()),
        },
        Some((bytes, value)) => {
            proof.map.verify_present(key, value, &epoch.map)?;
            let leaf = Leaf::parse(bytes)?;
            let fits = LeafHash::of(bytes) == value.leaf_hash
                && value.leaf_index < epoch.size
                && leaf.kind() == key.kind()
                && value.kind == key.kind();
            // The map is the operator's: it may lead to an entry, of the right kind, of somebody else.
            if !fits || stands_under(&leaf) != Some((*key, value.sequence)) {
                return Err(MapProofError::ValueMismatch.into());
            }
            Some(CurrentHead { leaf, value: *value })
        }
    };
    Ok(VerifiedCurrent { epoch: leaf, key: *key, head })
}

/// The key under which an entry stands in the map, and its sequence number there.
#[must_use]
pub fn stands_under(leaf: &Leaf) -> Option<(MapKey, u64)> {
    match leaf.kind() {
        Kind::Did => {
            let entry = parse_did_body(leaf.body()).ok()?;
            Some((MapKey::did(entry.scid()), entry.number()))
        }
        Kind::Countersignature | Kind::Status | Kind::Trust | Kind::Once => {
            SignedEntry::parse(leaf.kind(), leaf.body()).ok()?.map_key()
        }
        Kind::Epoch | Kind::Issuance | Kind::Anchor => None,
    }
}

/// The newest entry of an id as of a checkpoint, or that there was none; only [`verify_current`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedCurrent {
    epoch: VerifiedLeaf,
    key: MapKey,
    head: Option<CurrentHead>,
}

/// The newest entry of an id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CurrentHead {
    leaf: Leaf,
    value: MapValue,
}

impl VerifiedCurrent {
    /// The epoch leaf, with the head it is proved under.
    #[must_use]
    pub const fn epoch(&self) -> &VerifiedLeaf {
        &self.epoch
    }

    /// What it is about.
    #[must_use]
    pub const fn key(&self) -> &MapKey {
        &self.key
    }

    /// Place of the epoch leaf: everything before it was considered.
    #[must_use]
    pub const fn epoch_index(&self) -> u64 {
        self.epoch.leaf_index()
    }

    /// As of when it is the newest, by the quorum's clocks; `None` without cosignatures.
    #[must_use]
    pub fn fresh_at(&self) -> Option<Timestamp> {
        self.epoch.fresh_at()
    }

    /// The newest entry; `None` if there never was one.
    #[must_use]
    pub const fn head(&self) -> Option<&CurrentHead> {
        self.head.as_ref()
    }
}

impl CurrentHead {
    /// Its leaf.
    #[must_use]
    pub const fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// Kind, flags, sequence number, place and leaf hash.
    #[must_use]
    pub const fn value(&self) -> &MapValue {
        &self.value
    }
}

#[cfg(test)]
mod tests;
