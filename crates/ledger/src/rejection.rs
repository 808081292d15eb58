//! Why a log refuses an entry: the codes of §2.7 of the ledger specification.

use inkan_core::Timestamp;
use inkan_did::webvh;

use crate::leaf::Kind;
use crate::parameters::ParametersError;
use crate::state::Equivocation;
use crate::store::StoreError;

/// Why an entry was refused, one variant per rule.
///
/// A retry helps with [`SequenceConflict`](Self::SequenceConflict), with the sequence number it names, with
/// [`ClockUnsure`](Self::ClockUnsure), once the clock is right, and with [`NotReady`](Self::NotReady).
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
    /// The id was used before, by this signer with other bytes or by another one.
    #[error("id was used in entry {leaf_index}")]
    AlreadyUsed {
        /// Where it was used first.
        leaf_index: u64,
    },
    /// A compromise report reaches further back than a DID may go for itself.
    #[error("report reaches back to {since}, further than {earliest}")]
    BackdatingLimit {
        /// Since when the key is said not to be trusted.
        since: Timestamp,
        /// The earliest time allowed.
        earliest: Timestamp,
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
    /// With this entry the history of the DID would be larger than resolvers read, or than leaves room for its deactivation.
    #[error("history of the DID would have more bytes than the limit of {limit}")]
    HistoryTooLarge {
        /// Bytes allowed of all its entries together.
        limit: usize,
    },
    /// The entries of an import do not belong together, or one of them breaks a rule: none is taken.
    #[error("import is refused: {problem}")]
    ImportInvalid {
        /// What is wrong.
        problem: &'static str,
        /// Which entry, from 0, if it is one.
        entry: Option<usize>,
        /// The rule it breaks.
        source: Option<Box<Self>>,
    },
    /// A parameters document is not allowed to follow the one in force.
    #[error("parameters document is refused")]
    Parameters(#[from] ParametersError),
    /// The log cannot answer: its storage does not, or it has no genesis leaf yet.
    #[error("the log is not ready")]
    NotReady,
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
            Self::AlreadyUsed { .. } => "already-used",
            Self::BackdatingLimit { .. } => "backdating-limit",
            Self::ListTooSmall { .. } => "list-too-small",
            Self::HistoryTooLarge { .. } => "did-history-too-large",
            Self::ImportInvalid { .. } => "import-invalid",
            Self::Parameters(error) => error.code(),
            Self::NotReady => "not-ready",
            Self::Did(error) => error.code(),
            Self::ClockUnsure { .. } => "clock-unsure",
        }
    }
}

/// Why a submission was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It breaks a rule.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It is a second, validly authorised version of a recorded entry: evidence against whoever signed both. To be kept
    /// by [`Machine::keep_evidence`](crate::state::Machine::keep_evidence).
    #[error("version {:?} is recorded otherwise, and its controller signed both", .0.version_id)]
    Equivocation(Box<Equivocation>),
    /// Nobody can say: storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Equivocation(_) => "version-conflict",
            Self::Store(error) => error.code(),
        }
    }

    /// As the rule that was broken; failed storage is [`Rejection::NotReady`].
    #[must_use]
    pub fn into_rejection(self) -> Rejection {
        match self {
            Self::Rejected(rejection) => rejection,
            Self::Equivocation(evidence) => {
                let Equivocation { version_id, head, .. } = *evidence;
                Rejection::Did(webvh::EntryError::VersionConflict {
                    given: version_id,
                    head: Some(head),
                })
            }
            Self::Store(_) => Rejection::NotReady,
        }
    }
}
