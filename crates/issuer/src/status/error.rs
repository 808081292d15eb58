//! Why a status list could not be kept as asked.

use inkan_credential::proof::SignFailure;
use inkan_credential::status_list::StatusListError;

/// A change that cannot be made, or a state that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatusStateError {
    /// The bits themselves are malformed.
    #[error("status list is malformed")]
    List(#[from] StatusListError),
    /// The list could not be signed.
    #[error("status list could not be signed")]
    Sign(#[from] SignFailure),
    /// Every index was handed out.
    #[error("every index of the status list was handed out")]
    Full,
    /// The entry is about another list or purpose.
    #[error("entry is about another status list")]
    OtherList,
    /// The index was never handed out by this issuer.
    #[error("index {index} of the status list was never handed out")]
    NotAllocated {
        /// The index.
        index: u64,
    },
    /// A revocation cannot be taken back.
    #[error("a revocation cannot be taken back")]
    Final,
    /// The state file is malformed.
    #[error("state of the status list: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
}

impl StatusStateError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::List(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Full => "status-list-full",
            Self::OtherList => "status-entry-of-another-list",
            Self::NotAllocated { .. } => "status-index-not-allocated",
            Self::Final => "status-revocation-final",
            Self::Malformed { .. } => "status-state-malformed",
        }
    }
}
