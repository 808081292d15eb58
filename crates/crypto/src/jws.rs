//! The strict compact JWS ([RFC 7515 §7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).
//!
//! In scope: one text, one reading; `EdDSA`, `Ed25519`, `ES256`, `ES384` and `ES512`; nothing optional. Out of scope: which key
//! (`kid` is given back, never followed; `jwk`, `jku` and `x5c` are never looked at) and what the payload says.

use inkan_core::{
    encoding::{b64u, decode_b64u},
    json::{self, JsonError},
};
use serde_json::{Map, Value};

use crate::{
    keys::{Algorithm, PublicKey, SignatureError},
    signer::{SignError, Signer},
};

/// A compact JWS that is well formed. Nothing is known of its signature before [`Jws::verify`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jws {
    signed: SignedText,
    header: Map<String, Value>,
    payload: Vec<u8>,
}

/// The text of a [`Jws`] without what was decoded from it: what its signature is checked with, now or later.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedText {
    text: String,
    signing_length: usize,
    algorithm: Algorithm,
    signature: Vec<u8>,
}

impl SignedText {
    /// What is signed: header and payload as they were encoded, with the dot between them.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        self.text.get(..self.signing_length).unwrap_or_default()
    }

    /// The whole text, as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks the signature with `key`, whose algorithm must be the one of the header.
    ///
    /// # Errors
    ///
    /// [`SignatureError::AlgorithmMismatch`] or [`SignatureError::Mismatch`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        if key.algorithm() != self.algorithm {
            return Err(SignatureError::AlgorithmMismatch);
        }
        key.verify(self.signing_input().as_bytes(), &self.signature)
    }
}

impl Jws {
    /// Reads exactly three parts of strict base64url, in all at most `limit` characters.
    ///
    /// # Errors
    ///
    /// [`JwsError`], one variant per rule.
    pub fn parse(text: &str, limit: usize) -> Result<Self, JwsError> {
        Self::parse_among(text, limit, &Algorithm::ALL)
    }

    /// As [`parse`](Self::parse), for a format that allows fewer algorithms.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_among(text: &str, limit: usize, allowed: &[Algorithm]) -> Result<Self, JwsError> {
        if text.len() > limit {
            return Err(JwsError::TooLarge { size: text.len(), limit });
        }
        Self::take_among(text.to_owned(), limit, allowed)
    }

    /// As [`parse_among`](Self::parse_among), of a text that the caller has no more need of.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn take_among(text: String, limit: usize, allowed: &[Algorithm]) -> Result<Self, JwsError> {
        if text.len() > limit {
            return Err(JwsError::TooLarge { size: text.len(), limit });
        }
        let mut parts = text.split('.');
        let (Some(head), Some(body), Some(seal), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Parts);
        };
        let decode = |part| decode_b64u(part).map_err(|_| JwsError::Encoding);
        let Value::Object(header) = json::parse(&decode(head)?, limit).map_err(JwsError::Header)?
        else {
            return Err(JwsError::HeaderShape);
        };
        if let Some(name) = REFUSED_MEMBERS.into_iter().find(|name| header.contains_key(*name)) {
            return Err(JwsError::HeaderRefused(name));
        }
        for name in ["typ", "kid", "cty"] {
            if header.get(name).is_some_and(|value| !value.is_string()) {
                return Err(JwsError::HeaderShape);
            }
        }
        let algorithm = match header.get("alg") {
            Some(Value::String(alg)) => {
                let algorithm = Algorithm::from_jose(alg).filter(|one| allowed.contains(one));
                algorithm.ok_or(JwsError::AlgorithmNotAllowed)?
            }
            _ => return Err(JwsError::AlgorithmNotAllowed),
        };
        let payload = decode(body)?;
        let signature = decode(seal)?;
        if signature.len() != algorithm.signature_length() {
            return Err(JwsError::SignatureLength(signature.len()));
        }
        let signing_length = head.len().saturating_add(body.len()).saturating_add(1);
        let signed = SignedText { text, signing_length, algorithm, signature };
        Ok(Self { signed, header, payload })
    }

    /// The protected header.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The algorithm that `alg` names.
    #[must_use]
    pub const fn alg(&self) -> Algorithm {
        self.signed.algorithm
    }

    /// The media type of the whole, `typ`, as written.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// Whether `typ` names the media type `application/{subtype}`, see [`names_media_type`].
    #[must_use]
    pub fn is_typed(&self, subtype: &str) -> bool {
        self.typ().is_some_and(|typ| names_media_type(typ, subtype))
    }

    /// The name of the key, `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The payload bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What is signed: header and payload as they were encoded, with the dot between them.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        self.signed.signing_input()
    }

    /// The signature bytes, as many as the algorithm has.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signed.signature
    }

    /// The whole text, as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.signed.as_str()
    }

    /// The same without header and payload.
    #[must_use]
    pub fn into_signed_text(self) -> SignedText {
        self.signed
    }

    /// Checks the signature, see [`SignedText::verify`].
    ///
    /// # Errors
    ///
    /// [`SignatureError::AlgorithmMismatch`] or [`SignatureError::Mismatch`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        self.signed.verify(key)
    }
}

/// Whether `text`, the value of `typ` or `cty`, names the media type `application/{subtype}`: without another slash its
/// beginning may be left out ([RFC 7515 §4.1.9]), and case says nothing in media types.
///
/// [RFC 7515 §4.1.9]: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9
#[must_use]
pub fn names_media_type(text: &str, subtype: &str) -> bool {
    const BEGINNING: &str = "application/";
    let rest = match text.split_at_checked(BEGINNING.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(BEGINNING) => rest,
        Some(_) | None => text,
    };
    rest.eq_ignore_ascii_case(subtype)
}

/// Signs `payload` under `header` and writes the compact form. `alg` is set here; the header is written canonically.
///
/// # Errors
///
/// [`SignError::HeaderRefused`] if `header` has a member that [`Jws::parse`] would not read back,
/// [`SignError::Refused`] if the key did not sign.
pub fn sign(
    mut header: Map<String, Value>,
    payload: &[u8],
    signer: &dyn Signer,
) -> Result<String, SignError> {
    if REFUSED_MEMBERS.into_iter().any(|name| header.contains_key(name)) {
        return Err(SignError::HeaderRefused);
    }
    let algorithm = signer.public_key().algorithm();
    header.insert("alg".to_owned(), algorithm.to_jose().into());
    let header = json::canonicalize(&Value::Object(header)).map_err(SignError::Canonical)?;
    let mut text = format!("{}.{}", b64u(&header), b64u(payload));
    let signature = signer.sign(text.as_bytes())?;
    text.push('.');
    text.push_str(&b64u(&signature));
    Ok(text)
}

/// `crit` (RFC 7515 §4.1.11) names extensions, of which we know none; `b64` (RFC 7797) changes what is signed.
const REFUSED_MEMBERS: [&str; 2] = ["crit", "b64"];

/// Why a text is not a compact JWS of ours. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JwsError {
    /// More characters than the caller's limit.
    #[error("JWS has {size} characters, more than the limit of {limit}")]
    TooLarge {
        /// Characters given.
        size: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// Not three parts with dots between them.
    #[error("JWS does not have three parts")]
    Parts,
    /// A part is not strict base64url.
    #[error("part of the JWS is not base64url in canonical form")]
    Encoding,
    /// The header is not JSON with one reading.
    #[error("header of the JWS is not JSON with one reading")]
    Header(#[source] JsonError),
    /// The header is not an object, or `typ`, `cty` or `kid` is not text.
    #[error("header of the JWS does not have the expected shape")]
    HeaderShape,
    /// The header has `crit` or `b64`.
    #[error("header of the JWS has the member {0:?}, which is not supported")]
    HeaderRefused(&'static str),
    /// `alg` is missing, `none`, or unknown here.
    #[error("algorithm of the JWS is not one of EdDSA, Ed25519, ES256, ES384, ES512")]
    AlgorithmNotAllowed,
    /// The signature has another number of bytes than those of its algorithm.
    #[error("signature of the JWS has {0} bytes, which is not the length of its algorithm")]
    SignatureLength(usize),
}

impl JwsError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "input-too-large",
            Self::Parts => "jws-malformed",
            Self::Encoding => "jws-encoding-invalid",
            Self::Header(_) => "jws-header-malformed",
            Self::HeaderShape => "jws-header-shape",
            Self::HeaderRefused(_) => "jws-header-unsupported",
            Self::AlgorithmNotAllowed => "algorithm-not-allowed",
            Self::SignatureLength(_) => "signature-length",
        }
    }
}

#[cfg(test)]
mod tests;
