//! Why a record is not anchored, or its proof says nothing.

use crate::receipt::ReceiptError;

/// What can be wrong with names, proofs and packs.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// Not a name that a scope or a record can have.
    #[error("not a name for {0}")]
    Name(&'static str),
    /// Not the one form of a proof.
    #[error("proof is malformed: {0}")]
    ProofMalformed(&'static str),
    /// Not the one form of a pack.
    #[error("pack is malformed: {0}")]
    PackMalformed(&'static str),
    /// The record has other bytes than were anchored.
    #[error("the record was changed after it was anchored")]
    Changed,
    /// The way from the record does not lead to what the entry commits to.
    #[error("proof does not lead to what the entry commits to")]
    Forged,
    /// What shows which keys the signer had does not show it at the entry's place.
    #[error("what shows the signer's keys is incomplete: {0}")]
    SignerNotShown(&'static str),
    /// The entry was not signed by the one it names.
    #[error("the entry is not its signer's")]
    NotSigned(#[source] ReceiptError),
    /// A tree has too many records.
    #[error("a scope has at most {limit} records")]
    TooMany {
        /// How many it may have.
        limit: u32,
    },
    /// The pack has no such record, or no such scope.
    #[error("the pack has no {0}")]
    Unknown(&'static str),
}

impl AnchorError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "anchor-name-invalid",
            Self::ProofMalformed(_) => "anchor-proof-malformed",
            Self::PackMalformed(_) => "anchor-pack-malformed",
            Self::Changed => "anchor-record-changed",
            Self::Forged => "anchor-proof-forged",
            Self::SignerNotShown(_) => "anchor-signer-not-shown",
            Self::NotSigned(error) => error.code(),
            Self::TooMany { .. } => "anchor-too-many",
            Self::Unknown(_) => "anchor-record-unknown",
        }
    }
}
