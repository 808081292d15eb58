//! Why the node itself does not answer a request: what is wrong before any rule of the ledger is asked.

use inkan_did::webvh::EntryError;
use inkan_ledger::Rejection;

use crate::problem::Problem;

/// Why a request is refused by the node.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing under this path.
    #[error("there is nothing under this path")]
    NotFound,
    /// The path does not take this method.
    #[error("this path does not take this method")]
    MethodNotAllowed,
    /// None of the forms that the client accepts is one of this resource.
    #[error("none of the accepted media types is available; available are: {0}")]
    NotAcceptable(&'static str),
    /// The body is of a media type that is not understood here.
    #[error("the body must be of type {0}")]
    MediaType(&'static str),
    /// A parameter is missing, unknown, repeated or malformed.
    #[error("parameter {0:?} is missing, unknown, repeated or malformed")]
    Query(String),
    /// The body is larger than what is read.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// More entries at once than the client's share can ever be.
    #[error(
        "more than {most} entries at once are not taken from this network without an operator token"
    )]
    TooMany {
        /// Entries that are taken at once.
        most: u32,
    },
    /// The body did not arrive in time.
    #[error("the request did not arrive in time")]
    Timeout,
    /// The client's share of requests is used up.
    #[error("too many requests from this network, or entries of this signer")]
    RateLimited {
        /// Seconds until there is room.
        wait: u64,
    },
    /// The client's share of new DIDs is used up.
    #[error("too many new DIDs from this network")]
    QuotaExceeded {
        /// Seconds until there is room.
        wait: u64,
    },
    /// The queue is full.
    #[error("the node has more to do than it can")]
    Overloaded,
    /// The node is starting, stopping, or cannot write.
    #[error("the node does not take entries now")]
    NotReady,
    /// The token is none that the operator gave out.
    #[error("the operator token is not known")]
    OperatorToken,
    /// No entry records this version of a status list.
    #[error("no entry records this version of the status list")]
    StatusListUnrecorded,
    /// Bytes of another digest than the entry records.
    #[error("the entry records a status list with another digest")]
    StatusListOther,
    /// A fault of the node; its operator finds more in the log.
    #[error("the node failed to answer")]
    Fault,
}

impl Refusal {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotAcceptable(_) => "not-acceptable",
            Self::MediaType(_) => "unsupported-entry-type",
            Self::Query(_) => "query-invalid",
            Self::TooLarge { .. } | Self::TooMany { .. } => "request-too-large",
            Self::Timeout => "request-timeout",
            Self::RateLimited { .. } => "rate-limited",
            Self::QuotaExceeded { .. } => "quota-exceeded",
            Self::Overloaded => "overloaded",
            Self::NotReady => "not-ready",
            Self::OperatorToken => "operator-token-invalid",
            Self::StatusListUnrecorded => "status-list-unrecorded",
            Self::StatusListOther => "status-list-recorded",
            Self::Fault => "node-fault",
        }
    }

    /// A refusal of a parameter.
    pub(crate) fn query(name: &str) -> Self {
        Self::Query(name.to_owned())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.code(), refusal.to_string());
        match refusal {
            Refusal::RateLimited { wait } | Refusal::QuotaExceeded { wait } => {
                problem.retry_after(wait)
            }
            Refusal::Overloaded | Refusal::NotReady => problem.retry_after(1),
            Refusal::TooLarge { limit } => {
                problem.with("limit", u64::try_from(limit).unwrap_or(u64::MAX))
            }
            Refusal::TooMany { most } => problem.with("most", most),
            Refusal::NotFound
            | Refusal::MethodNotAllowed
            | Refusal::NotAcceptable(_)
            | Refusal::MediaType(_)
            | Refusal::Query(_)
            | Refusal::Timeout
            | Refusal::OperatorToken
            | Refusal::StatusListUnrecorded
            | Refusal::StatusListOther
            | Refusal::Fault => problem,
        }
    }
}

/// What a rule that refuses an entry means to a client, with what the remedy needs.
pub(crate) fn problem_of_rejection(rejection: &Rejection) -> Problem {
    let problem = |detail: &str| Problem::new(rejection.code(), detail);
    match rejection {
        // These say what was sent, or how a proof failed: clients know the one and need not know the other.
        Rejection::UnknownMember { .. } => problem("the entry has a member that is not known"),
        Rejection::WrongAudience { .. } => problem("the entry is made out to another log"),
        Rejection::UnknownSigner { .. } => problem("the signer is not registered in this log"),
        Rejection::KeyNotAuthorized { .. } => problem("the key may not sign for its DID"),
        Rejection::SequenceConflict { expected } => {
            problem("the sequence number is not the next one").with("expectedSeq", *expected)
        }
        Rejection::AlreadyUsed { leaf_index } => {
            problem("the id was used before").with("firstIndex", *leaf_index)
        }
        Rejection::ImportInvalid { problem: what, entry, source } => {
            let problem = Problem::new(rejection.code(), *what);
            let problem = match entry {
                Some(entry) => problem.with("entry", u64::try_from(*entry).unwrap_or(u64::MAX)),
                None => problem,
            };
            match source {
                Some(source) => problem.with("cause", source.code()),
                None => problem,
            }
        }
        Rejection::NotReady => Refusal::NotReady.into(),
        Rejection::SignerMoved { home } => {
            problem("the signer has moved to another log").with("home", home.as_str())
        }
        Rejection::IatOutOfWindow { time, .. } => {
            problem("the entry's own time is too far from ledger time")
                .with("ledgerTime", time.seconds())
        }
        Rejection::Did(error) => problem_of_did(rejection.code(), error),
        Rejection::ClockUnsure { .. } => {
            problem("the node is not sure of the time").retry_after(10)
        }
        Rejection::Malformed(_)
        | Rejection::TooLarge { .. }
        | Rejection::UnsupportedKind { .. }
        | Rejection::MemberInvalid { .. }
        | Rejection::AlgorithmNotAllowed
        | Rejection::SignerDeactivated
        | Rejection::SignatureInvalid
        | Rejection::BackdatingLimit { .. }
        | Rejection::ListTooSmall { .. }
        | Rejection::HistoryTooLarge { .. }
        | Rejection::Parameters(_) => problem(&rejection.to_string()),
    }
}

fn problem_of_did(code: &'static str, error: &EntryError) -> Problem {
    match error {
        EntryError::VersionConflict { head, .. } => {
            let problem = Problem::new(code, "the entry does not follow the newest version");
            match head {
                Some(head) => problem.with("headVersionId", head.as_str()),
                None => problem,
            }
        }
        EntryError::SignerMoved { home } => {
            Problem::new(code, "the DID has moved to another log").with("home", home.as_str())
        }
        EntryError::VersionTimeNotLater { head, .. } => {
            Problem::new(code, "versionTime is not later than the predecessor's")
                .with("headVersionTime", head.to_string())
        }
        EntryError::ParametersInvalid { .. } => {
            Problem::new(code, "a parameter is unknown, malformed or not allowed here")
        }
        EntryError::VersionTimeMalformed { .. } => {
            Problem::new(code, "versionTime is not of the one form allowed")
        }
        EntryError::TooLarge { .. }
        | EntryError::Malformed(_)
        | EntryError::ScidMismatch
        | EntryError::EntryHashMismatch
        | EntryError::VersionTimeInFuture { .. }
        | EntryError::UpdateKeyNotCommitted
        | EntryError::ProofInvalid(_)
        | EntryError::StateIdInvalid(_)
        | EntryError::StateIdScid
        | EntryError::MoveNotAllowed
        | EntryError::WitnessInvalid
        | EntryError::WitnessThreshold { .. }
        | EntryError::DidDeactivated
        | EntryError::Document(_)
        | EntryError::WeakKey
        | EntryError::HomeLogInvalid => Problem::new(code, error.to_string()),
    }
}
