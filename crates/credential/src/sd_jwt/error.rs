//! Why a text is not an SD-JWT, and why its key binding does not hold.

use inkan_core::Timestamp;
use inkan_core::json::JsonError;
use inkan_crypto::jws::JwsError;

/// A broken rule of RFC 9901. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SdJwtError {
    /// The issuer-signed JWT is malformed.
    #[error("issuer-signed part of the SD-JWT is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// The payload or a serialisation is not JSON with one reading.
    #[error("SD-JWT is not JSON with one reading")]
    Json(#[from] JsonError),
    /// The parts, or a member that the format itself needs, are missing or of another shape.
    #[error("SD-JWT: {what} is missing, malformed or in the wrong place")]
    Malformed {
        /// The part or member.
        what: &'static str,
    },
    /// A disclosure is not base64url of a JSON array with the elements that its place asks for (§7.1 step 3).
    #[error("disclosure number {number}: {rule}")]
    Disclosure {
        /// Its place among the disclosures, from 1.
        number: usize,
        /// What it must be.
        rule: &'static str,
    },
    /// No digest belongs to a disclosure (§7.1 step 5).
    #[error("disclosure number {number} belongs to no digest of the issuer")]
    Unreferenced {
        /// Its place among the disclosures, from 1.
        number: usize,
    },
    /// One digest stands at two places, or one disclosure was sent twice (§7.1 step 4).
    #[error("a digest or disclosure occurs more than once")]
    Repeated,
    /// A claim is named `_sd`, `...` or `_sd_alg` (§7.1 step 3.3.2.2).
    #[error("a claim must not be named {name:?}")]
    NameReserved {
        /// The name.
        name: &'static str,
    },
    /// A disclosed claim is there already (§7.1 step 3.3.2.3).
    #[error("disclosed claim {name:?} is there already")]
    ClaimPresent {
        /// The name, at most 64 characters of it.
        name: String,
    },
    /// `_sd_alg` is not `sha-256`.
    #[error("hash function {name:?} is not supported: only sha-256 is")]
    HashUnsupported {
        /// The name, at most 64 characters of it.
        name: String,
    },
    /// Disclosed values within disclosed values are nested deeper than is looked at.
    #[error("claims are nested deeper than {limit}")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// What is to be issued has more places for decoys than all of them together may fill.
    #[error("more than {limit} decoys in one credential")]
    TooManyDecoys {
        /// Decoys allowed.
        limit: usize,
    },
    /// A claim was made disclosable that must always be shown.
    #[error("claim {claim:?} must not be selectively disclosable")]
    MustBePlain {
        /// The claim.
        claim: String,
    },
    /// `cnf` is there, and names no key that can be read.
    #[error("cnf names no key that is accepted here")]
    Confirmation,
    /// The key binding JWT is malformed, is there where none may be, or does not hold.
    #[error("key binding")]
    KeyBinding(#[from] KeyBindingError),
}

impl SdJwtError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Json(error) => error.code(),
            Self::Malformed { .. } => "sd-jwt-malformed",
            Self::Disclosure { .. } => "sd-jwt-disclosure-malformed",
            Self::Unreferenced { .. } => "sd-jwt-disclosure-unreferenced",
            Self::Repeated => "sd-jwt-digest-repeated",
            Self::NameReserved { .. } => "sd-jwt-claim-name-reserved",
            Self::ClaimPresent { .. } => "sd-jwt-claim-present",
            Self::HashUnsupported { .. } => "sd-jwt-hash-unsupported",
            Self::TooDeep { .. } => "json-too-deep",
            Self::TooManyDecoys { .. } => "sd-jwt-too-many-decoys",
            Self::MustBePlain { .. } => "sd-jwt-claim-must-be-plain",
            Self::Confirmation => "sd-jwt-claim-invalid",
            Self::KeyBinding(error) => error.code(),
        }
    }
}

/// A key binding JWT that is malformed, missing or wrong (RFC 9901 §4.3, §7.3).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyBindingError {
    /// Not a JWS.
    #[error("key binding is not a JWS that is accepted here")]
    Jws(#[from] JwsError),
    /// `typ`, or one of the four claims, is missing or of another shape.
    #[error("key binding: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// There is none, and one is asked for.
    #[error("there is no key binding")]
    Missing,
    /// There is one where only the issuer's part and disclosures belong.
    #[error("a key binding stands where none may be")]
    Unexpected,
    /// The key is not the one that the issuer confirmed in `cnf`, or it confirmed none.
    #[error("key is not the one that the issuer confirmed")]
    OtherKey,
    /// The signature does not verify. Says no more, so as not to become an oracle.
    #[error("key binding does not verify")]
    Invalid,
    /// It was made over another issuer-signed part, or over other disclosures.
    #[error("key binding was made over another SD-JWT or over other disclosures")]
    OtherSdJwt,
    /// It answers another nonce.
    #[error("key binding answers another nonce")]
    Nonce,
    /// It was made for somebody else.
    #[error("key binding was made for another audience")]
    Audience,
    /// It is too old, or from the future.
    #[error("key binding was made at {issued_at}, and is judged at {now}")]
    Stale {
        /// When its maker says it was made.
        issued_at: Timestamp,
        /// The time that was asked about.
        now: Timestamp,
    },
}

impl KeyBindingError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Jws(error) => error.code(),
            Self::Malformed { .. } => "key-binding-malformed",
            Self::Missing => "key-binding-missing",
            Self::Unexpected => "key-binding-unexpected",
            Self::OtherKey | Self::Invalid => "key-binding-invalid",
            Self::OtherSdJwt => "key-binding-of-another-sd-jwt",
            Self::Nonce => "nonce-invalid",
            Self::Audience => "audience-mismatch",
            Self::Stale { .. } => "presentation-stale",
        }
    }
}
