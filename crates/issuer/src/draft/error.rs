//! Why no credential was built.

use inkan_credential::model::ModelError;
use inkan_credential::schema::SchemaError;

/// A request that cannot be met. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DraftError {
    /// The result would break a rule of the data model.
    #[error("credential would break a rule of the data model")]
    Model(#[from] ModelError),
    /// The result would not keep to its schema, or the schema cannot be used.
    #[error("credential does not go with its schema")]
    Schema(#[from] SchemaError),
    /// The claims name another subject than the request.
    #[error("claims name another subject than the one issued to")]
    SubjectMismatch,
    /// A claim is spelt like a keyword of JSON-LD.
    #[error("claim {name:?} is a keyword of JSON-LD")]
    Keyword {
        /// The claim, at most 64 characters of it.
        name: String,
    },
    /// A claim has the name of what an SD-JWT VC says of itself, and would be taken for that.
    #[error("claim {name:?} is what an SD-JWT VC says of itself, and would be taken for that")]
    Reserved {
        /// The claim.
        name: &'static str,
    },
    /// A member of the credential is given that is said in another way, or must not be said.
    #[error("member {name:?} of the credential is not given so")]
    Member {
        /// The member, at most 64 characters of it.
        name: String,
    },
    /// An evidence object is none, or a part that is filled in is not an object.
    #[error("evidence: {member} is not an object")]
    EvidenceMalformed {
        /// What is wrong.
        member: &'static str,
    },
    /// Evidence is bound to another holder or key than the request's.
    #[error("evidence is about another {member} than the one issued to")]
    EvidenceMismatch {
        /// `holder` or `jkt`.
        member: &'static str,
    },
    /// Evidence with tokens or seals over the whole of it from which something is missing.
    #[error("evidence was stamped or sealed before it was complete: {member} would be filled in")]
    EvidenceStamped {
        /// The member.
        member: &'static str,
    },
}

impl DraftError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::Schema(error) => error.code(),
            Self::SubjectMismatch => "claims-subject-mismatch",
            Self::Keyword { .. } => "claims-keyword-reserved",
            Self::Reserved { .. } => "claim-reserved",
            Self::Member { .. } => "draft-member-taken",
            Self::EvidenceMalformed { .. } => "issue-evidence-malformed",
            Self::EvidenceMismatch { .. } => "issue-evidence-mismatch",
            Self::EvidenceStamped { .. } => "issue-evidence-stamped",
        }
    }
}
