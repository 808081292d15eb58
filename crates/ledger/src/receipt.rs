//! Receipts as they travel (§5.1 and §5.5 of the ledger specification): the leaf, a `tlog-proof@v1`, how to open it.
//!
//! In scope: their text and JSON forms. Out of scope: whether they prove anything (`verify`), which artefact they belong
//! to (`opening` compares).

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::json;
use serde_json::{Map, Value};

use crate::note::{NOTE_LIMIT, SignedNote};
use crate::opening::Opening;
use crate::tree::InclusionProof;

pub mod error;
pub mod grade;
pub mod proof;
pub mod timestamp;
pub mod verified;
pub mod verify;

pub use error::ReceiptError;
pub use grade::{Grade, Grades};
pub use proof::TlogProof;
pub use timestamp::{StampInterval, TOKEN_LIMIT, TimestampChecker};
pub use verified::{Cosigner, VerifiedCheckpoint, VerifiedLeaf};
pub use verify::{
    claimed_existed_by, verify_bundle_under, verify_checkpoint, verify_checkpoint_with,
    verify_receipt, verify_receipt_under,
};

/// `type` of the sidecar.
const TYPE: &str = "inkan-receipt/1";
/// The largest sidecar in bytes: a leaf and a COSE receipt in base64url, and a proof.
const SIDECAR_LIMIT: usize = 4 * NOTE_LIMIT;

/// A leaf and the proof that it is in a log. Nothing is proved before [`verify_receipt`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    leaf: Vec<u8>,
    proof: TlogProof,
    opening: Option<Opening>,
    cose: Option<Vec<u8>>,
}

impl Receipt {
    /// Joins a leaf, its path and a signed head.
    #[must_use]
    pub fn new(leaf: Vec<u8>, path: &InclusionProof, note: &SignedNote) -> Self {
        Self { leaf, proof: TlogProof::new(path, note), opening: None, cose: None }
    }

    /// The same receipt, with what opens its commitment.
    #[must_use]
    pub fn with_opening(self, opening: Opening) -> Self {
        Self { opening: Some(opening), ..self }
    }

    /// The same receipt, with its export in COSE (§5.6).
    #[must_use]
    pub fn with_cose(self, cose: Vec<u8>) -> Self {
        Self { cose: Some(cose), ..self }
    }

    /// Reads a sidecar file, `<file>.inkan-receipt.json`.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let value = json::parse(bytes, SIDECAR_LIMIT)
            .map_err(|_| ReceiptError::Malformed("not JSON with one reading"))?;
        Self::from_value(&value)
    }

    /// Reads a sidecar that stands by itself.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`], also for a member `checkpoint`, which needs a bundle.
    pub fn from_value(value: &Value) -> Result<Self, ReceiptError> {
        Self::read(value, None)
    }

    /// Reads a sidecar of a bundle, whose proof may end in one of the bundle's `checkpoints`.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn from_bundle_value(value: &Value, checkpoints: &[String]) -> Result<Self, ReceiptError> {
        Self::read(value, Some(checkpoints))
    }

    /// The sidecar, whole.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.write(self.proof.to_string(), None)
    }

    /// The sidecar for a bundle: its checkpoint is put into `checkpoints`, once for all receipts that share it.
    #[must_use]
    pub fn to_bundle_value(&self, checkpoints: &mut Vec<String>) -> Value {
        let note = self.proof.note().to_string();
        let place = checkpoints.iter().position(|known| *known == note).unwrap_or_else(|| {
            checkpoints.push(note);
            checkpoints.len().saturating_sub(1)
        });
        self.write(self.proof.head_text(), Some(place))
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn leaf_bytes(&self) -> &[u8] {
        &self.leaf
    }

    /// The proof.
    #[must_use]
    pub const fn proof(&self) -> &TlogProof {
        &self.proof
    }

    /// The signed head that the proof leads to; receipts that share it need its signatures checked once.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        self.proof.note()
    }

    /// The export in COSE, if it came along; [`CoseReceipt`](crate::cose::CoseReceipt) reads it.
    #[must_use]
    pub fn cose(&self) -> Option<&[u8]> {
        self.cose.as_deref()
    }

    /// What opens the leaf's commitment, if it came along.
    #[must_use]
    pub const fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    fn read(value: &Value, checkpoints: Option<&[String]>) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let members = value.as_object().ok_or(malformed("not an object"))?;
        let known = |name: &str| {
            matches!(name, "type" | "leaf" | "proof" | "opening" | "cose" | "checkpoint")
        };
        if !members.keys().all(|name| known(name)) {
            return Err(malformed("an unknown member"));
        }
        if json::text(value, "type") != Some(TYPE) {
            return Err(malformed("type is not inkan-receipt/1"));
        }
        let bytes = |name| json::text(value, name).and_then(|text| decode_b64u(text).ok());
        let leaf = bytes("leaf").ok_or(malformed("leaf is not base64url"))?;
        let cose = match members.get("cose") {
            Some(_) => Some(bytes("cose").ok_or(malformed("cose is not base64url"))?),
            None => None,
        };
        let text = json::text(value, "proof").ok_or(malformed("proof is not text"))?;
        let proof = match members.get("checkpoint") {
            None => TlogProof::parse(text)?,
            Some(place) => {
                let note = place
                    .as_u64()
                    .and_then(|place| usize::try_from(place).ok())
                    .and_then(|place| checkpoints?.get(place))
                    .ok_or(malformed("checkpoint is not one of a bundle"))?;
                if !text.ends_with("\n\n") || text.len().saturating_add(note.len()) > NOTE_LIMIT {
                    return Err(malformed("proof does not end where its checkpoint begins"));
                }
                TlogProof::parse(&format!("{text}{note}"))?
            }
        };
        let opening = members.get("opening").map(Opening::from_value).transpose()?;
        Ok(Self { leaf, proof, opening, cose })
    }

    fn write(&self, proof: String, checkpoint: Option<usize>) -> Value {
        let mut out = Map::new();
        out.insert("type".to_owned(), TYPE.into());
        out.insert("leaf".to_owned(), b64u(&self.leaf).into());
        out.insert("proof".to_owned(), proof.into());
        if let Some(opening) = &self.opening {
            out.insert("opening".to_owned(), opening.to_value());
        }
        if let Some(cose) = &self.cose {
            out.insert("cose".to_owned(), b64u(cose).into());
        }
        if let Some(place) = checkpoint {
            out.insert("checkpoint".to_owned(), place.into());
        }
        Value::Object(out)
    }
}

#[cfg(test)]
mod tests;
