//! Openings: does a leaf's commitment belong to this artefact? Step V11 of §5.2, forms of §2.5.
//!
//! In scope: comparing digest, commitment and act; of a record in a batch, the way to its root. Out of scope: computing
//! an artefact's digest (`inkan-credential`), making batches (`record`).

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json};
use serde_json::{Map, Value};

use crate::anchored::ANCHOR_ROOT;
use crate::commitment::{ActId, commitment};
use crate::entry::{AnchorClaims, AnchorContent, Claims, SignedEntry};
use crate::receipt::ReceiptError;
use crate::record::{RECORD_ROOT, RecordPlace};

/// What opens a commitment: the salt, and the digest it was made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// What the digest covers.
    pub format: DigestFormat,
    /// The salt, never reused: that of the commitment; of a record, that of its leaf in the batch.
    pub salt: [u8; 16],
    /// Digest of the artefact; of a record, the root of its batch.
    pub digest: Digest,
    /// Where a record stands in its batch; there for [`DigestFormat::Record`], and for no other.
    pub record: Option<RecordPlace>,
}

/// What the digest of an artefact covers (§2.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DigestFormat {
    /// `header.payload` of a JWS.
    Jws,
    /// The signed bytes of a COSE signature.
    Cose,
    /// JCS of a credential with the issuer's one proof.
    Di,
    /// JCS of a countersigner's proof.
    DiProof,
    /// The base signature of a selective-disclosure suite.
    DiSd,
    /// The bytes of a file.
    File,
    /// The root of a batch of records.
    Record,
}

impl DigestFormat {
    const ALL: [Self; 7] =
        [Self::Jws, Self::Cose, Self::Di, Self::DiProof, Self::DiSd, Self::File, Self::Record];

    /// The name in an opening.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jws => "jws",
            Self::Cose => "cose",
            Self::Di => "di",
            Self::DiProof => "di-proof",
            Self::DiSd => "di-sd",
            Self::File => "file",
            Self::Record => "record",
        }
    }
}

impl Opening {
    /// What opens a commitment to one artefact, which is no record of a batch.
    #[must_use]
    pub const fn new(format: DigestFormat, salt: [u8; 16], digest: Digest) -> Self {
        Self { format, salt, digest, record: None }
    }

    /// Reads the member `opening` of a sidecar.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn from_value(value: &Value) -> Result<Self, ReceiptError> {
        let malformed = || ReceiptError::Malformed("opening");
        let text = |name| json::text(value, name);
        let members = value.as_object().ok_or_else(malformed)?;
        let record = members.get("record").map(RecordPlace::from_value).transpose()?;
        let closed = members.len() == if record.is_some() { 4 } else { 3 };
        let format = text("format")
            .and_then(|name| DigestFormat::ALL.into_iter().find(|f| f.name() == name))
            .filter(|format| (*format == DigestFormat::Record) == record.is_some());
        let salt = text("salt").and_then(|salt| b64u_array(salt).ok());
        let digest = text("digest").and_then(|digest| Digest::from_b64u(digest).ok());
        match (closed, format, salt, digest) {
            (true, Some(format), Some(salt), Some(digest)) => {
                Ok(Self { format, salt, digest, record })
            }
            _ => Err(malformed()),
        }
    }

    /// The member `opening` of a sidecar.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("format".to_owned(), self.format.name().into());
        out.insert("salt".to_owned(), b64u(&self.salt).into());
        out.insert("digest".to_owned(), self.digest.to_b64u().into());
        if let Some(record) = &self.record {
            out.insert("record".to_owned(), record.to_value());
        }
        Value::Object(out)
    }

    /// V11: `entry` commits, by this opening, to the artefact with this digest, which names this act (if it names one).
    /// Of a record, `artefact` is the SHA-256 of its bytes.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::DigestMismatch`], [`ReceiptError::OpeningInvalid`], [`ReceiptError::ActMismatch`].
    pub fn check(
        &self,
        entry: &SignedEntry,
        artefact: &Digest,
        act: Option<&ActId>,
    ) -> Result<(), ReceiptError> {
        if self.digest_of(artefact)? != self.digest {
            return Err(ReceiptError::DigestMismatch);
        }
        self.check_entry(entry)?;
        match entry.claims().act() {
            Some(recorded) if act != Some(recorded) => Err(ReceiptError::ActMismatch),
            Some(_) | None => Ok(()),
        }
    }

    /// The part of V11 that needs no artefact: `entry` commits to the digest of this opening. Of a record this says that
    /// the root of its batch is in the entry; whether the record is in the batch, only the record can show.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::OpeningInvalid`].
    pub fn check_entry(&self, entry: &SignedEntry) -> Result<(), ReceiptError> {
        let invalid = ReceiptError::OpeningInvalid;
        let Some(place) = &self.record else {
            // A root is the SHA-256 of 65 bytes, which would pass for a file.
            if anchor(entry).is_some_and(|anchor| is_root(&anchor.media_type)) {
                return Err(invalid);
            }
            return check_commitment(entry, &self.salt, &self.digest);
        };
        self.digest_of(&self.digest)?;
        let batch = anchor(entry).filter(|anchor| {
            anchor.media_type == RECORD_ROOT && anchor.records == Some(place.size)
        });
        let content = batch.map(|anchor| &anchor.content).ok_or(invalid.clone())?;
        match (content, &place.root_salt) {
            (AnchorContent::Public { digest, .. }, None) if *digest == self.digest => Ok(()),
            (AnchorContent::Committed { .. }, Some(salt)) => {
                check_commitment(entry, salt, &self.digest)
            }
            (AnchorContent::Public { .. } | AnchorContent::Committed { .. }, _) => Err(invalid),
        }
    }

    /// What an entry commits to if the artefact has this digest.
    fn digest_of(&self, artefact: &Digest) -> Result<Digest, ReceiptError> {
        match &self.record {
            None => Ok(*artefact),
            Some(place) => {
                place.root(&self.salt, artefact).map_err(|_| ReceiptError::OpeningInvalid)
            }
        }
    }
}

fn anchor(entry: &SignedEntry) -> Option<&AnchorClaims> {
    match entry.claims() {
        Claims::Anchor(anchor) => Some(anchor),
        Claims::Issuance { .. }
        | Claims::Countersignature { .. }
        | Claims::Status(_)
        | Claims::Trust(_)
        | Claims::Once(_) => None,
    }
}

/// Media types are compared without regard to case ([RFC 6838 §4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2)).
fn is_root(media_type: &str) -> bool {
    [RECORD_ROOT, ANCHOR_ROOT].iter().any(|root| media_type.eq_ignore_ascii_case(root))
}

/// Checks that `entry` commits to `digest` under `salt`, as with the salt of a credential's `ledgerRecord`.
///
/// # Errors
///
/// [`ReceiptError::OpeningInvalid`], also for entries without a commitment.
pub fn check_commitment(
    entry: &SignedEntry,
    salt: &[u8; 16],
    digest: &Digest,
) -> Result<(), ReceiptError> {
    let expected = commitment(entry.kind(), entry.scid(), salt, digest);
    match entry.claims().commitment() {
        Some(recorded) if *recorded == expected => Ok(()),
        Some(_) | None => Err(ReceiptError::OpeningInvalid),
    }
}

#[cfg(test)]
mod tests;
