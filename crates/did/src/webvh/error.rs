//! Why one did:webvh entry was refused; the codes of the ledger specification §6.1.

use inkan_core::{Timestamp, json::JsonError};
use inkan_crypto::SignatureError;

use crate::did::DidError;
use crate::document::DocumentError;

/// Why an entry was refused, one variant per rule.
///
/// Only [`VersionConflict`](Self::VersionConflict) is worth a retry, with an entry built on the head it names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryError {
    /// More bytes than a leaf can take.
    #[error("the line has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// D1: not one JSON object of the five members.
    #[error("the entry is malformed")]
    Malformed(#[from] Malformed),
    /// D2: the entry does not follow the head.
    #[error("version {given:?} does not follow {head:?}")]
    VersionConflict {
        /// The entry's `versionId`.
        given: String,
        /// The `versionId` of the head, if there is one.
        head: Option<String>,
    },
    /// D3, D10: a parameter is unknown, of the wrong type, or not allowed here.
    #[error("parameter {parameter:?} is unknown, malformed or not allowed here")]
    ParametersInvalid {
        /// The parameter.
        parameter: String,
    },
    /// D4: the SCID is not the hash of the first entry.
    #[error("the SCID is not the hash of the first entry")]
    ScidMismatch,
    /// D5: the entry hash is not the hash of this entry after its predecessor.
    #[error("the entry hash does not match")]
    EntryHashMismatch,
    /// D6: the time is not of the one form allowed.
    #[error("{text:?} is not a versionTime")]
    VersionTimeMalformed {
        /// The time as it was written.
        text: String,
    },
    /// D6: the time is not later than the predecessor's.
    #[error("versionTime {given} is not later than {head}")]
    VersionTimeNotLater {
        /// The entry's time.
        given: Timestamp,
        /// The predecessor's.
        head: Timestamp,
    },
    /// D6: the time lies in the future.
    #[error("versionTime {given} lies in the future of {now}")]
    VersionTimeInFuture {
        /// The entry's time.
        given: Timestamp,
        /// The time it is judged at.
        now: Timestamp,
    },
    /// D7: the keys of the entry are not those that the predecessor committed to.
    #[error("an update key is missing, or was not committed to")]
    UpdateKeyNotCommitted,
    /// D8: a proof of the entry does not hold.
    #[error("a proof of the entry does not hold")]
    ProofInvalid(#[source] ProofProblem),
    /// D9: `state.id` is no did:webvh DID.
    #[error("state.id is not a valid did:webvh DID")]
    StateIdInvalid(#[source] DidError),
    /// D9: `state.id` has another SCID.
    #[error("state.id has another SCID")]
    StateIdScid,
    /// D9: the DID moved without being portable, or without `alsoKnownAs`.
    #[error("the DID may not move, or does not name its old self")]
    MoveNotAllowed,
    /// D11: the `witness` parameter, the witness line or a proof in it is malformed or wrong.
    #[error("witnesses or their proofs are not what they should be")]
    WitnessInvalid,
    /// D11: too few witnesses approve.
    #[error("{approvals} witnesses approve, {threshold} are needed")]
    WitnessThreshold {
        /// Distinct witnesses with a valid proof.
        approvals: usize,
        /// Witnesses needed.
        threshold: u64,
    },
    /// D12: the history has ended.
    #[error("the DID is deactivated")]
    DidDeactivated,
    /// D13, D14: the document is refused.
    #[error("the DID document is refused")]
    Document(#[source] DocumentError),
    /// D13: an update key or witness key is of small order or not canonical.
    #[error("a key is weak")]
    WeakKey,
    /// D14: the entry names another log, and is no leaving entry of ours.
    #[error("the entry names another log")]
    HomeLogInvalid,
    /// D14: the DID's home is another log.
    #[error("the DID has moved to the log {home:?}")]
    SignerMoved {
        /// The origin of the home log.
        home: String,
    },
}

impl EntryError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "entry-too-large",
            Self::Malformed(_) => "malformed-entry",
            Self::VersionConflict { .. } => "version-conflict",
            Self::ParametersInvalid { .. } => "parameters-invalid",
            Self::ScidMismatch => "scid-mismatch",
            Self::EntryHashMismatch => "entry-hash-mismatch",
            Self::VersionTimeMalformed { .. }
            | Self::VersionTimeNotLater { .. }
            | Self::VersionTimeInFuture { .. } => "version-time-invalid",
            Self::UpdateKeyNotCommitted => "update-key-not-committed",
            Self::ProofInvalid(_) => "proof-invalid",
            Self::StateIdInvalid(_) | Self::StateIdScid => "state-id-invalid",
            Self::MoveNotAllowed => "move-not-allowed",
            Self::WitnessInvalid => "witness-invalid",
            Self::WitnessThreshold { .. } => "witness-threshold",
            Self::DidDeactivated => "did-deactivated",
            Self::Document(error) => error.code(),
            Self::WeakKey => "weak-key",
            Self::HomeLogInvalid => "home-log-invalid",
            Self::SignerMoved { .. } => "signer-moved",
        }
    }
}

/// Why a line is not an entry at all (D1).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON with one reading.
    #[error("the line is not strict JSON")]
    Json(#[from] JsonError),
    /// A carriage return or line feed inside the line.
    #[error("the line contains a line break")]
    LineBreak,
    /// A number that is not an integer, which canonicalisers write differently.
    #[error("the line contains a number that is not an integer")]
    NotInteger,
    /// A member is missing, unknown or of the wrong type.
    #[error("the members are not exactly the five of an entry")]
    Members,
    /// A member name contains the SCID, whose replacement would change the order of members.
    #[error("a member name contains the SCID")]
    ScidInName,
}

/// Why a proof does not hold (D8).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofProblem {
    /// No proof, or more than four.
    #[error("an entry has one to four proofs")]
    Count,
    /// A member is missing, unknown or of the wrong type or value.
    #[error("member {member:?} of the proof is missing, unknown or wrong")]
    Member {
        /// The member.
        member: String,
    },
    /// `created` is not a time, or lies in the future.
    #[error("the proof was created at no valid time")]
    Created,
    /// Two proofs are by one key.
    #[error("two proofs are by one key")]
    Repeated,
    /// The key is not authorised for this entry.
    #[error("the key is not authorised for this entry")]
    NotAuthorized,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature(#[source] SignatureError),
}
