//! Why a countersignature cannot be read, or does not hold.

use inkan_core::json::JsonError;
use inkan_crypto::jws::JwsError;

use crate::proof::ProofError;

/// A countersignature that is malformed or wrong. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CountersignatureError {
    /// The JWS is malformed.
    #[error("countersignature is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// The payload is not JSON with one reading.
    #[error("countersignature's payload is not JSON with one reading")]
    Json(#[from] JsonError),
    /// `typ` is not `countersignature+jwt`.
    #[error("typ must be countersignature+jwt")]
    Typ,
    /// A member is missing, malformed, or unknown.
    #[error("countersignature: {member} is missing, malformed or unknown")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// It is about another credential, or about this one before its issuer's part was changed.
    #[error("countersignature is about another credential")]
    OtherCredential,
    /// Its `previousProof` does not name the issuer's proof, so it covers no issuer-signed credential.
    #[error("countersignature does not cover the issuer's proof")]
    IssuerNotCovered,
    /// The digest of the text that was shown is not that of this credential.
    #[error("countersigner was shown another text")]
    TextMismatch,
    /// The suite, the key's type or the context stand in the way of checking the signature.
    #[error("countersignature's proof cannot be checked as it stands")]
    Proof(#[from] ProofError),
    /// The signature does not verify. Says no more, so as not to become an oracle.
    #[error("countersignature does not verify")]
    Invalid,
}

impl CountersignatureError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Typ => "countersignature-typ-wrong",
            Self::Malformed { .. } => "countersignature-malformed",
            Self::OtherCredential => "countersignature-of-another-credential",
            Self::IssuerNotCovered => "countersignature-issuer-not-covered",
            Self::TextMismatch => "countersignature-text-mismatch",
            Self::Proof(error) => error.code(),
            Self::Invalid => "countersignature-invalid",
        }
    }
}
