//! Why bytes are not a key of ours, and why a signature is not one.

use inkan_core::json::JsonError;

/// Why something is not a public (or private) key. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// A type, curve or multicodec other than Ed25519, P-256, P-384 and BLS12-381 G2; the key may be good for others.
    #[error("key is neither Ed25519 nor P-256 nor P-384 nor BLS12-381 G2")]
    Unsupported,
    /// Not a Multikey or JWK at all: wrong base, missing member, or text that is not in canonical form.
    #[error("key is not a well-formed Multikey or JWK")]
    Encoding,
    /// The number of bytes (of characters, for a Multikey far too long) does not fit the type.
    #[error("key has the wrong length: {0}")]
    Length(usize),
    /// The bytes are not a point of the curve, or the secret is not a scalar of it.
    #[error("key is not on its curve")]
    NotOnCurve,
    /// The bytes are a second spelling of a point.
    #[error("key is not in canonical form")]
    NotCanonical,
    /// An Ed25519 point of order 8 or less, for which anyone can sign.
    #[error("key has small order, so anyone could sign for it")]
    SmallOrder,
    /// A JWK that was to be public has the private member `d`.
    #[error("JWK contains a private key")]
    HoldsPrivate,
    /// The public half beside a private key is not its own.
    #[error("public and private half of the key do not belong together")]
    Mismatch,
}

impl KeyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "key-type-unsupported",
            Self::Encoding => "key-encoding-invalid",
            Self::Length(_) => "key-length",
            Self::NotOnCurve => "key-not-on-curve",
            Self::NotCanonical => "key-not-canonical",
            Self::SmallOrder => "key-small-order",
            Self::HoldsPrivate => "key-private-exposed",
            Self::Mismatch => "key-mismatch",
        }
    }
}

/// Why a signature is not accepted. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureError {
    /// It is not this key's signature over this message.
    #[error("signature does not match message and key")]
    Mismatch,
    /// It has another number of bytes than signatures of its algorithm.
    #[error("signature has {0} bytes, which is not the length of its algorithm")]
    Length(usize),
    /// The `proofValue` is missing, or is not multibase base58btc.
    #[error("proof value is not multibase base58btc")]
    Encoding,
    /// The algorithm or cryptosuite named beside the signature is not that of the key.
    #[error("algorithm is not that of the key")]
    AlgorithmMismatch,
    /// The proof is not a `DataIntegrityProof` with `eddsa-jcs-2022` or `ecdsa-jcs-2019`.
    #[error("proof is of a type or cryptosuite that is not supported here")]
    SuiteUnsupported,
    /// The proof was made over another `@context` than the one the document begins with.
    #[error("context of the proof is not the beginning of the document's")]
    ContextMismatch,
    /// The document has no canonical form.
    #[error("document has no canonical form")]
    Canonical(#[source] JsonError),
}

impl SignatureError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mismatch => "signature-mismatch",
            Self::Length(_) => "signature-length",
            Self::Encoding => "signature-encoding-invalid",
            Self::AlgorithmMismatch => "signature-algorithm-mismatch",
            Self::SuiteUnsupported => "cryptosuite-unsupported",
            Self::ContextMismatch => "proof-context-mismatch",
            Self::Canonical(_) => "canonical-form-missing",
        }
    }
}
