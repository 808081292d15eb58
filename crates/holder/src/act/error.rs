//! Why nothing was countersigned.

use inkan_credential::countersignature::{CountersignatureError, Decision};
use inkan_credential::proof::SignFailure;

/// An act that cannot be done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ActError {
    /// The same signer already decided so, in this role.
    #[error("this signer's newest decision in this role already is {:?}", decision.as_str())]
    AlreadyActed {
        /// The decision.
        decision: Decision,
    },
    /// There is no acceptance of this signer in this role to take back.
    #[error("there is no acceptance of this signer in this role to withdraw")]
    NothingToWithdraw,
    /// The signer closed the credential in this role; that is not taken back.
    #[error("this signer has sealed in this role, and a seal is final")]
    SealFinal,
    /// A countersignature that is there already cannot be read.
    #[error("a countersignature that is there already cannot be read")]
    Existing(#[from] CountersignatureError),
    /// Signing failed.
    #[error("countersignature could not be made")]
    Sign(#[from] SignFailure),
}

impl ActError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyActed { .. } => "act-already-done",
            Self::NothingToWithdraw => "act-nothing-to-withdraw",
            Self::SealFinal => "seal-final",
            Self::Existing(error) => error.code(),
            Self::Sign(error) => error.code(),
        }
    }
}
