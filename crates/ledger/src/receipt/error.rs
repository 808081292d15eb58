//! Why a receipt, a current-proof or an opening proves nothing: the codes of §5.2 of the ledger specification.

use inkan_core::Timestamp;

use crate::leaf::{Kind, LeafError};
use crate::map::MapProofError;
use crate::rejection::Rejection;
use crate::tree::InclusionError;

/// Why something proves nothing, one variant per step. A newer receipt may help with
/// [`QuorumNotMet`](Self::QuorumNotMet) and [`Stale`](Self::Stale); nothing helps with the others.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiptError {
    /// V1 to V4: not the one form of a receipt or current-proof.
    #[error("receipt is malformed: {0}")]
    Malformed(&'static str),
    /// V5: no key of the policy is the log's.
    #[error("log {origin:?} {}", if *.pinned { "signs with another key than the one that is pinned" } else { "is not known" })]
    UnknownLog {
        /// The name it claims.
        origin: String,
        /// Whether the policy has keys of a log of this name, and this is none of them: another log under its name.
        pinned: bool,
    },
    /// V5: the log's own signature does not verify.
    #[error("signature of the log does not verify")]
    LogSignatureInvalid,
    /// V6: a cosignature of a known witness does not verify.
    #[error("cosignature of {name:?} does not verify")]
    CosignatureInvalid {
        /// Name of the witness in the policy.
        name: String,
    },
    /// V6: the token of a known timestamp authority does not verify.
    #[error("token of {name:?} does not verify ({reason})")]
    TokenInvalid {
        /// Name of the authority in the policy.
        name: String,
        /// Why, as a code.
        reason: &'static str,
    },
    /// V6: a cosignature is from the future.
    #[error("cosignature of {name:?} was made at {time}, which is in the future")]
    CosignatureInFuture {
        /// Name of the witness in the policy.
        name: String,
        /// When it says it was made.
        time: Timestamp,
    },
    /// V7: too few of the witnesses that count.
    #[error("too few witnesses have cosigned")]
    QuorumNotMet,
    /// V8: the leaf is not where the receipt says.
    #[error("receipt does not prove inclusion")]
    InclusionInvalid(#[from] InclusionError),
    /// V9: the leaf is no leaf.
    #[error("leaf is malformed")]
    MalformedLeaf(#[from] LeafError),
    /// V9: the leaf records something else than expected.
    #[error("leaf is of kind {found}")]
    WrongKind {
        /// The kind it is of.
        found: Kind,
    },
    /// V9: the body of an epoch or DID leaf is not what its kind demands.
    #[error("body of the leaf is malformed")]
    MalformedBody,
    /// V9: the operator's time lies after the witnesses had seen the leaf.
    #[error("leaf claims {leaf_time}, but had been seen by {existed_by}")]
    TimeInconsistent {
        /// The operator's time.
        leaf_time: Timestamp,
        /// When the quorum had seen it.
        existed_by: Timestamp,
    },
    /// V9: an epoch leaf that does not end its checkpoint.
    #[error("epoch leaf is not the last of its checkpoint")]
    NotLastLeaf,
    /// V10: the entry is not one that its signer made for this log.
    #[error("entry in the leaf was not signed by the one it names")]
    EntryInvalid(#[source] Rejection),
    /// V10: the signer's home is another log.
    #[error("signer's home is the log {home:?}")]
    NotHome {
        /// The home log.
        home: String,
    },
    /// V11: the artefact is not the one that the opening speaks of.
    #[error("artefact has another digest than the opening")]
    DigestMismatch,
    /// V11: the opening does not open the commitment.
    #[error("opening does not open the commitment")]
    OpeningInvalid,
    /// V11: the artefact names another act than the entry.
    #[error("artefact names another act than the entry")]
    ActMismatch,
    /// §5.4: the newest state of the act is another one, or there is none.
    #[error("artefact is not the newest state of its act")]
    ActSuperseded,
    /// V12: too old.
    #[error("last seen at {fresh_at:?}, which is before {least}")]
    Stale {
        /// When the quorum had last seen the head; none without cosignatures.
        fresh_at: Option<Timestamp>,
        /// The earliest that would do.
        least: Timestamp,
    },
    /// §5.4: the map proof or value does not hold.
    #[error("map does not show what it should")]
    Map(#[from] MapProofError),
}

impl ReceiptError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-receipt",
            Self::UnknownLog { .. } => "unknown-log",
            Self::LogSignatureInvalid => "log-signature-invalid",
            Self::CosignatureInvalid { .. } | Self::TokenInvalid { .. } => "cosignature-invalid",
            Self::CosignatureInFuture { .. } => "cosignature-in-future",
            Self::QuorumNotMet => "quorum-not-met",
            Self::InclusionInvalid(error) => error.code(),
            Self::MalformedLeaf(error) => error.code(),
            Self::WrongKind { .. } | Self::MalformedBody => "malformed-leaf",
            Self::TimeInconsistent { .. } => "time-inconsistent",
            Self::NotLastLeaf => "not-last-leaf",
            Self::EntryInvalid(_) => "entry-signature-invalid",
            Self::NotHome { .. } => "not-home",
            Self::DigestMismatch => "digest-mismatch",
            Self::OpeningInvalid => "opening-invalid",
            Self::ActMismatch => "act-mismatch",
            Self::ActSuperseded => "act-superseded",
            Self::Stale { .. } => "stale",
            Self::Map(error) => error.code(),
        }
    }
}
