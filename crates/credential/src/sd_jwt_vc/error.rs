//! Why an SD-JWT is not an SD-JWT VC, or does not hold.

use crate::proof::SignFailure;
use crate::sd_jwt::SdJwtError;

/// An SD-JWT VC that is malformed or wrong. None is worth a retry, unless the signer is a device.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SdJwtVcError {
    /// A rule of SD-JWT is broken, or a claim is disclosable that must not be.
    #[error("SD-JWT rule broken")]
    SdJwt(#[from] SdJwtError),
    /// `typ` is neither `dc+sd-jwt` nor, with `vct`, `vc+sd-jwt`.
    #[error("typ must be dc+sd-jwt, or of older drafts vc+sd-jwt with vct")]
    NotSdJwtVc,
    /// A claim is missing or malformed.
    #[error("claim {claim:?} is missing or malformed")]
    Claim {
        /// The claim.
        claim: &'static str,
    },
    /// The issuer is a DID, and the header names no key of it.
    #[error("header has no kid that names a key of the issuer")]
    KeyId,
    /// `x5c` is not a list of one to eight certificates.
    #[error("x5c is not a list of one to eight certificates in base64")]
    Certificates,
    /// `iss` is not whom the first certificate of `x5c` names.
    #[error("the first certificate does not name the issuer")]
    IssuerNotNamed,
    /// The issuer's signature does not verify. Says no more, so as not to become an oracle.
    #[error("issuer's signature does not verify")]
    Invalid,
    /// It was not made.
    #[error("SD-JWT VC was not made")]
    Sign(#[from] SignFailure),
}

impl SdJwtVcError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SdJwt(error) => error.code(),
            Self::NotSdJwtVc => "media-type-unsupported",
            Self::Claim { .. } | Self::Certificates => "sd-jwt-claim-invalid",
            Self::IssuerNotNamed => "certificate-issuer-not-named",
            Self::KeyId => "jose-key-id-missing",
            Self::Invalid => "credential-proof-invalid",
            Self::Sign(error) => error.code(),
        }
    }
}
