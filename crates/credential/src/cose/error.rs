//! Why a message cannot be read or made.

use inkan_crypto::SignError;

/// A `COSE_Sign1` that is not accepted here, or could not be made. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CoseError {
    /// More bytes, or more data items, than are looked at.
    #[error("COSE message is larger than the limit")]
    TooLarge,
    /// It is no tagged message, or has something in its headers that is not accepted here.
    #[error("COSE message: {what} is malformed or not accepted here")]
    Malformed {
        /// The part.
        what: &'static str,
    },
    /// It could not be signed.
    #[error("COSE message could not be signed")]
    Sign(#[from] SignError),
}

impl CoseError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "cose-too-large",
            Self::Malformed { .. } => "cose-malformed",
            Self::Sign(error) => error.code(),
        }
    }
}
