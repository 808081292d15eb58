//! Why a credential is no power of attorney, or a chain of them gives nothing.

/// A power of attorney that cannot be used. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DelegationError {
    /// A member is missing, malformed or unknown.
    #[error("power of attorney: {member} is missing, malformed or unknown")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// It is a credential, and not one that can give power.
    #[error("credential is no power of attorney: {why}")]
    Unsuitable {
        /// Why not.
        why: &'static str,
    },
    /// A link gives what its issuer did not have.
    #[error("link {link} gives more than the one before: {member}")]
    Widened {
        /// Which link, from 1.
        link: usize,
        /// In what.
        member: &'static str,
    },
    /// The links are not one chain from the principal to an agent.
    #[error("the links are no chain from a principal to an agent: {why}")]
    Broken {
        /// Why not.
        why: &'static str,
    },
}

impl DelegationError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "delegation-malformed",
            Self::Unsuitable { .. } => "delegation-unsuitable",
            Self::Widened { .. } => "delegation-widened",
            Self::Broken { .. } => "delegation-broken",
        }
    }
}
