//! Why a log refuses an entry: the codes of §2.7 of the ledger specification.

use inkan_core::Timestamp;
use inkan_did::webvh;

use crate::leaf::Kind;

/// Why an entry was refused, one variant per rule.
///
/// A retry helps with [`SequenceConflict`](Self::SequenceConflict), with the sequence number it names, and with
/// [`ClockUnsure`](Self::ClockUnsure), once the clock is right.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// Not a compact JWS of one JSON object, or a leaf of the right form around it.
    #[error("entry is malformed: {0}")]
    Malformed(&'static str),
    /// More bytes than its kind may have.
    #[error("entry has more bytes than the limit of {limit}")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// A kind that this log does not take.
    #[error("entries of kind {kind} are not taken")]
    UnsupportedKind {
        /// The kind.
        kind: Kind,
    },
    /// A member that the closed schema does not have.
    #[error("member {member:?} is not known")]
    UnknownMember {
        /// Its name.
        member: String,
    },
    /// A member that is missing, or has a value that it may not have.
    #[error("member {member:?} is missing, or its value is not allowed")]
    MemberInvalid {
        /// Its name.
        member: &'static str,
    },
    /// The entry is made out to another log.
    #[error("entry is made out to the log {audience:?}")]
    WrongAudience {
        /// The log it names.
        audience: String,
    },
    /// The entry's own time is too far from ledger time.
    #[error("entry was made at {issued_at}, too far from ledger time {time}")]
    IatOutOfWindow {
        /// When it says it was made.
        issued_at: Timestamp,
        /// Ledger time.
        time: Timestamp,
    },
    /// A signature algorithm that ledger entries may not use.
    #[error("signature algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// The signer has no did:webvh history in this log, or not under this DID.
    #[error("signer {did:?} is not registered")]
    UnknownSigner {
        /// The DID.
        did: String,
    },
    /// The signer's DID is deactivated.
    #[error("signer is deactivated")]
    SignerDeactivated,
    /// The signer's home is another log.
    #[error("signer has moved to the log {home:?}")]
    SignerMoved {
        /// The home log.
        home: String,
    },
    /// The key is not listed for assertions in the signer's document.
    #[error("key {kid:?} may not sign for its DID")]
    KeyNotAuthorized {
        /// The DID URL of the key.
        kid: String,
    },
    /// The signature does not verify.
    #[error("signature of the entry does not verify")]
    SignatureInvalid,
    /// The sequence number is not the next one, or was used for something else.
    #[error("sequence number is not {expected}")]
    SequenceConflict {
        /// The number that would be accepted.
        expected: u64,
    },
    /// The status list has so few entries that it would tell holders apart.
    #[error("status list has {length} entries, fewer than {least}")]
    ListTooSmall {
        /// Entries it has.
        length: u64,
        /// Entries it must have.
        least: u64,
    },
    /// A did:webvh rule was broken.
    #[error("did:webvh entry is refused")]
    Did(#[source] webvh::EntryError),
    /// The clock is before 1970, or far behind the last leaf.
    #[error("the clock says {now}, but the last entry is of {last}")]
    ClockUnsure {
        /// What the clock says.
        now: Timestamp,
        /// Ledger time of the last leaf.
        last: Timestamp,
    },
}

impl Rejection {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-entry",
            Self::TooLarge { .. } => "entry-too-large",
            Self::UnsupportedKind { .. } => "unsupported-entry-type",
            Self::UnknownMember { .. } => "unknown-member",
            Self::MemberInvalid { .. } => "member-invalid",
            Self::WrongAudience { .. } => "wrong-audience",
            Self::IatOutOfWindow { .. } => "iat-out-of-window",
            Self::AlgorithmNotAllowed => "algorithm-not-allowed",
            Self::UnknownSigner { .. } => "unknown-signer",
            Self::SignerDeactivated => "signer-deactivated",
            Self::SignerMoved { .. } => "signer-moved",
            Self::KeyNotAuthorized { .. } => "key-not-authorized",
            Self::SignatureInvalid => "entry-signature-invalid",
            Self::SequenceConflict { .. } => "sequence-conflict",
            Self::ListTooSmall { .. } => "list-too-small",
            Self::Did(error) => error.code(),
            Self::ClockUnsure { .. } => "clock-unsure",
        }
    }
}
