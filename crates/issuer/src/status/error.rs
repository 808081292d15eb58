//! Why a status list could not be kept as asked.

use inkan_credential::proof::SignFailure;
use inkan_credential::status_list::StatusListError;
use inkan_credential::token_status_list::TokenStatusError;

/// A change that cannot be made, or a state that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatusStateError {
    /// The bits themselves are malformed.
    #[error("status list is malformed")]
    List(#[from] StatusListError),
    /// The list could not be written as a token.
    #[error("status list token cannot be made")]
    Token(#[from] TokenStatusError),
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
    /// A revocation, or the news of a refresh, cannot be taken back.
    #[error("a revocation cannot be taken back")]
    Final,
    /// A list of messages needs 2, 4, 8, … or 256 of them in characters that are seen, and URLs as references.
    #[error(
        "a list of messages has 2, 4, 8, … or 256 of them in characters that are seen, and its references are URLs"
    )]
    Messages,
    /// The entries of this list have no such value.
    #[error("entries of this status list cannot have the value {value}")]
    Value {
        /// The value.
        value: u8,
    },
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
            Self::Token(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Full => "status-list-full",
            Self::OtherList => "status-entry-of-another-list",
            Self::NotAllocated { .. } => "status-index-not-allocated",
            Self::Final => "status-revocation-final",
            Self::Messages => "status-messages-malformed",
            Self::Value { .. } => "status-value-out-of-range",
            Self::Malformed { .. } => "status-state-malformed",
        }
    }
}
