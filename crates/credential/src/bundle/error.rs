//! Why a file is not a bundle.

use inkan_core::json::JsonError;

use crate::countersignature::CountersignatureError;
use crate::error::ParseError;

/// A file that is neither a bundle nor a bare artefact. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BundleError {
    /// Not JSON with one reading.
    #[error("input is not JSON with one reading")]
    Json(#[from] JsonError),
    /// The credential or presentation cannot be read.
    #[error("artefact cannot be read")]
    Artefact(#[from] ParseError),
    /// A countersignature beside the credential cannot be read.
    #[error("countersignature cannot be read")]
    Countersignature(#[from] CountersignatureError),
    /// A member has not the shape it must have.
    #[error("bundle: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// A member that bundles do not have.
    #[error("bundle has the unknown member {member:?}")]
    UnknownMember {
        /// The member, at most 64 characters of it.
        member: String,
    },
    /// Neither a credential nor a presentation, or both.
    #[error("bundle must hold either a credential or a presentation")]
    OneArtefact,
}

impl BundleError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Artefact(error) => error.code(),
            Self::Countersignature(error) => error.code(),
            Self::Malformed { .. } => "bundle-malformed",
            Self::UnknownMember { .. } => "bundle-member-unknown",
            Self::OneArtefact => "bundle-artefact-not-one",
        }
    }
}
