//! Why a token status list cannot be read, made or asked.

use inkan_core::Timestamp;
use inkan_core::json::JsonError;
use inkan_crypto::SignError;
use inkan_crypto::jws::JwsError;

use crate::cose::CoseError;

/// A token status list that is malformed, or not the one that a token means. None is worth a retry, except that a newer
/// list may answer where this one has ended.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenStatusError {
    /// The token is not a JWS.
    #[error("status list token is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// The payload is not JSON with one reading.
    #[error("status list token is not JSON with one reading")]
    Json(#[from] JsonError),
    /// The token is not a CWT in a tagged `COSE_Sign1`.
    #[error("status list token is not a CWT: {what} is malformed or not accepted here")]
    Cwt {
        /// The part.
        what: &'static str,
    },
    /// A member or claim is missing or malformed.
    #[error("status list token: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// More bytes than are looked at, before or after inflating.
    #[error("status list is larger than the limit")]
    TooLarge,
    /// The list names itself by another URI than the token does.
    #[error("status list is not the one that the token names")]
    OtherList,
    /// The list ends before the entry.
    #[error("status list has no entry {index}")]
    IndexOutOfRange {
        /// The entry asked for.
        index: u64,
    },
    /// It was not in force at the time asked about.
    #[error("status list is not in force at {at}")]
    NotCurrent {
        /// The time asked about.
        at: Timestamp,
    },
    /// The signature does not verify. Says no more, so as not to become an oracle.
    #[error("status list token does not verify")]
    Invalid,
    /// The signer failed.
    #[error("status list token was not signed")]
    Sign(#[from] SignError),
}

impl From<CoseError> for TokenStatusError {
    fn from(error: CoseError) -> Self {
        match error {
            CoseError::TooLarge => Self::TooLarge,
            CoseError::Malformed { what } => Self::Cwt { what },
            CoseError::Sign(error) => error.into(),
        }
    }
}

impl TokenStatusError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Cwt { .. } | Self::Malformed { .. } => "status-list-malformed",
            Self::TooLarge => "status-list-too-large",
            Self::OtherList => "status-list-of-another-uri",
            Self::IndexOutOfRange { .. } => "status-index-out-of-range",
            Self::NotCurrent { .. } => "stale",
            Self::Invalid => "status-list-invalid",
            Self::Sign(error) => error.code(),
        }
    }
}
