//! Why bytes are not a credential or presentation that can be looked at.

use inkan_core::json::JsonError;
use inkan_crypto::jws::JwsError;

use crate::cose::CoseError;
use crate::model::ModelError;
use crate::proof::ProofError;
use crate::sd_jwt::SdJwtError;
use crate::sd_jwt_vc::SdJwtVcError;

/// Bytes that cannot be read as a secured credential or presentation. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON with one reading.
    #[error("input is not JSON with one reading")]
    Json(#[from] JsonError),
    /// Neither a JSON object nor a compact JWS.
    #[error("input is neither a JSON object nor a compact JWS")]
    NotRecognised,
    /// The JWS around it is malformed.
    #[error("input is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// The COSE message around it is malformed.
    #[error("input is not a COSE message that is accepted here")]
    Cose(#[from] CoseError),
    /// `typ`, `cty` or the media type of a data URL is not the one that belongs here.
    #[error("media type is {found:?}, and must be {expected:?}")]
    MediaType {
        /// What was found; empty if nothing was.
        found: String,
        /// What belongs here.
        expected: &'static str,
    },
    /// An SD-JWT VC (`dc+sd-jwt`, or `vc+sd-jwt` with `vct`) where a W3C credential belongs, or an SD-JWT where only
    /// other forms are read.
    #[error("an SD-JWT of another kind stands where a W3C credential belongs")]
    SdJwt,
    /// The SD-JWT around it breaks a rule.
    #[error("SD-JWT rule broken")]
    SdJwtRule(#[from] SdJwtError),
    /// The SD-JWT VC breaks a rule.
    #[error("SD-JWT VC rule broken")]
    SdJwtVc(#[from] SdJwtVcError),
    /// The header names no key, or not by an absolute URL or a fragment of the signer's DID.
    #[error("header has no kid that names a key of the signer")]
    KeyId,
    /// The issuer is not whom the first certificate of `x5c` names.
    #[error("the first certificate does not name the issuer")]
    IssuerNotNamed,
    /// A JWT claim that must not be there, is malformed, or says something else than the credential.
    #[error("JWT claim {claim:?} must not be there, is malformed, or contradicts the credential")]
    JoseClaim {
        /// The claim.
        claim: &'static str,
    },
    /// An enveloping object is not `@context`, `type` and a data URL in `id`.
    #[error("enveloping object: {member} is missing, malformed or unexpected")]
    Envelope {
        /// The member.
        member: &'static str,
    },
    /// A rule of the data model is broken.
    #[error("data model rule broken")]
    Model(#[from] ModelError),
    /// A Data Integrity proof cannot be read.
    #[error("proof cannot be read")]
    Proof(#[from] ProofError),
    /// A presentation lacks what it must have.
    #[error("presentation: {member} is missing or malformed")]
    Presentation {
        /// The member.
        member: &'static str,
    },
    /// More credentials in one presentation than are looked at.
    #[error("presentation holds more than {limit} credentials")]
    TooManyCredentials {
        /// Credentials allowed.
        limit: usize,
    },
}

impl ParseError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::NotRecognised => "credential-not-recognised",
            Self::Jws(error) => error.code(),
            Self::Cose(error) => error.code(),
            Self::MediaType { .. } => "media-type-unsupported",
            Self::SdJwt => "sd-jwt-unsupported",
            Self::SdJwtRule(error) => error.code(),
            Self::SdJwtVc(error) => error.code(),
            Self::KeyId => "jose-key-id-missing",
            Self::IssuerNotNamed => "certificate-issuer-not-named",
            Self::JoseClaim { .. } => "jose-claim-invalid",
            Self::Envelope { .. } => "envelope-malformed",
            Self::Model(error) => error.code(),
            Self::Proof(error) => error.code(),
            Self::Presentation { .. } => "presentation-malformed",
            Self::TooManyCredentials { .. } => "presentation-too-large",
        }
    }
}
