//! Why the sequencer does not take, or does not cover, an entry.

use inkan_ledger::Rejection;

/// Why an entry was not recorded, or not yet covered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SubmitError {
    /// A rule refuses it.
    #[error("entry is refused")]
    Rejected(#[from] Rejection),
    /// Too many entries wait already, or the map lags behind. Worth a retry.
    #[error("too many entries wait")]
    Overloaded,
    /// The ledger is being closed, or not open yet. Worth a retry.
    #[error("ledger takes no entries now")]
    NotReady,
    /// The disk is full up to the reserve. Worth a retry when there is room again.
    #[error("disk of the ledger is full but for what is kept for entries accepted already")]
    StorageFull,
    /// The clock jumped, and nobody confirmed it yet. Worth a retry.
    #[error("clock of the ledger is unsure")]
    ClockUnsure,
    /// The entry is durable, but no checkpoint that was asked for covers it yet. Worth a retry.
    #[error("leaf {leaf_index} is not covered by a checkpoint yet")]
    NotYetCovered {
        /// The leaf.
        leaf_index: u64,
    },
    /// The sequencer stopped: what is durable is only known after the ledger is opened again.
    #[error("ledger has stopped: {reason}")]
    Stopped {
        /// Code of what stopped it.
        code: &'static str,
        /// The same in words, for the operator.
        reason: String,
    },
}

impl SubmitError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Overloaded => "overloaded",
            Self::NotReady => "not-ready",
            Self::StorageFull => "storage-full",
            Self::ClockUnsure => "clock-unsure",
            Self::NotYetCovered { .. } => "not-yet-covered",
            Self::Stopped { code, .. } => code,
        }
    }

    /// What is said to whoever asked when the sequencer ended.
    pub(super) fn lost() -> Self {
        let reason = "it ended before it answered".to_owned();
        Self::Stopped { code: "storage-unconfirmed", reason }
    }
}
