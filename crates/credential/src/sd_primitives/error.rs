//! Why nothing could be selected.

use inkan_crypto::BbsError;

use crate::proof::ProofError;
use crate::rdfc::RdfcError;

/// What stands between pointers and the statements they select. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectionError {
    /// Not a JSON pointer (RFC 6901), or more or longer ones than are looked at.
    #[error("{pointer:?} is not a JSON pointer")]
    PointerInvalid {
        /// Its beginning.
        pointer: String,
    },
    /// The pointer leads to nothing in the credential.
    #[error("{pointer:?} points to nothing in the credential")]
    PointerNotFound {
        /// The pointer.
        pointer: String,
    },
    /// The selected part says something else than the whole: part of a list, or of a value that is one literal.
    #[error("the selection cuts through a value that can only be shown as a whole")]
    NotSeparable,
    /// Labels of blank nodes do not fit the document: some are missing, superfluous or equal.
    #[error("labels of blank nodes do not fit the document")]
    Labels,
    /// No BBS proof can be made from the base proof: what it says of its key or signature is malformed.
    #[error("no BBS proof can be made from the base proof")]
    Bbs(#[from] BbsError),
    /// The document has no canonical form as RDF.
    #[error("document has no canonical form as RDF")]
    Rdf(#[from] RdfcError),
}

/// A document that a proof does not fit says no more than that.
impl From<SelectionError> for ProofError {
    fn from(error: SelectionError) -> Self {
        match error {
            SelectionError::Rdf(error) => Self::Rdf(error),
            SelectionError::PointerInvalid { .. }
            | SelectionError::PointerNotFound { .. }
            | SelectionError::NotSeparable
            | SelectionError::Bbs(_)
            | SelectionError::Labels => Self::Invalid,
        }
    }
}

impl SelectionError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PointerInvalid { .. } => "json-pointer-invalid",
            Self::PointerNotFound { .. } => "json-pointer-not-found",
            Self::NotSeparable => "disclosure-not-separable",
            Self::Labels => "disclosure-labels-mismatch",
            Self::Bbs(error) => error.code(),
            Self::Rdf(error) => error.code(),
        }
    }
}
