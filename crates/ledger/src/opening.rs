//! Openings: does a leaf's commitment belong to this artefact? Step V11 of §5.2, forms of §2.5.
//!
//! In scope: comparing digest, commitment and act. Out of scope: computing an artefact's digest (`inkan-credential`).

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json};
use serde_json::{Map, Value};

use crate::commitment::{ActId, commitment};
use crate::entry::SignedEntry;
use crate::receipt::ReceiptError;

/// What opens a commitment: the salt, and the digest it was made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// What the digest covers.
    pub format: DigestFormat,
    /// The salt, never reused.
    pub salt: [u8; 16],
    /// Digest of the artefact.
    pub digest: Digest,
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
}

impl DigestFormat {
    const ALL: [Self; 6] = [Self::Jws, Self::Cose, Self::Di, Self::DiProof, Self::DiSd, Self::File];

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
        }
    }
}

impl Opening {
    /// Reads the member `opening` of a sidecar. Records of a batch are not understood yet.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn from_value(value: &Value) -> Result<Self, ReceiptError> {
        let text = |name| json::text(value, name);
        let closed = value.as_object().is_some_and(|members| members.len() == 3);
        let format = text("format")
            .and_then(|name| DigestFormat::ALL.into_iter().find(|f| f.name() == name));
        let salt = text("salt").and_then(|salt| b64u_array(salt).ok());
        let digest = text("digest").and_then(|digest| Digest::from_b64u(digest).ok());
        match (closed, format, salt, digest) {
            (true, Some(format), Some(salt), Some(digest)) => Ok(Self { format, salt, digest }),
            _ => Err(ReceiptError::Malformed("opening")),
        }
    }

    /// The member `opening` of a sidecar.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("format".to_owned(), self.format.name().into());
        out.insert("salt".to_owned(), b64u(&self.salt).into());
        out.insert("digest".to_owned(), self.digest.to_b64u().into());
        Value::Object(out)
    }

    /// V11: `entry` commits, by this opening, to the artefact with this digest, which names this act (if it names one).
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
        if self.digest != *artefact {
            return Err(ReceiptError::DigestMismatch);
        }
        check_commitment(entry, &self.salt, artefact)?;
        match entry.claims().act() {
            Some(recorded) if act != Some(recorded) => Err(ReceiptError::ActMismatch),
            Some(_) | None => Ok(()),
        }
    }
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
