//! The JCS cryptosuites of Data Integrity: `eddsa-jcs-2022` ([vc-di-eddsa §3.3]) and `ecdsa-jcs-2019` on P-256 and P-384
//! ([vc-di-ecdsa §3.3]); and the signature over any other canonical form.
//!
//! In scope: what is hashed, and the signature over it. Out of scope: the canonical form as RDF, which key, which purpose, when, and how
//! several proofs relate to each other (`inkan-credential`, `inkan-did`).
//!
//! [vc-di-eddsa §3.3]: https://www.w3.org/TR/2025/REC-vc-di-eddsa-20250515/#eddsa-jcs-2022
//! [vc-di-ecdsa §3.3]: https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-jcs-2019

use std::borrow::Cow;

use inkan_core::{
    digest::sha384,
    encoding,
    json::{self, JsonError},
    sha256,
};
use serde_json::Value;

use crate::{
    keys::{Algorithm, PublicKey, SignatureError},
    signer::{SignError, Signer},
};

/// What both suites sign with keys other than P-384: SHA-256 of the canonical proof configuration, then SHA-256 of the canonical document.
///
/// `document` is without `proof`, `proof_config` without `proofValue`; both are hashed as they are.
///
/// # Errors
///
/// [`JsonError`] if one of them has no canonical form.
pub fn hash_data(document: &Value, proof_config: &Value) -> Result<[u8; 64], JsonError> {
    let document = sha256(&[&json::canonicalize(document)?]);
    let config = sha256(&[&json::canonicalize(proof_config)?]);
    let mut out = [0; 64];
    for (to, from) in out.iter_mut().zip(config.as_bytes().iter().chain(document.as_bytes())) {
        *to = *from;
    }
    Ok(out)
}

/// What every suite signs: the hash of the canonical proof configuration, then that of the canonical document. The
/// hash is SHA-256, or SHA-384 with ES384.
#[must_use]
pub fn hash_canonical(algorithm: Algorithm, document: &[u8], proof_config: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Bbs => {
            [*sha256(&[proof_config]).as_bytes(), *sha256(&[document]).as_bytes()].concat()
        }
        // No suite has keys of P-521, and what signs or verifies refuses them before this counts.
        Algorithm::Es384 | Algorithm::Es512 => {
            [sha384(&[proof_config]), sha384(&[document])].concat()
        }
    }
}

/// Signs canonical bytes, of whichever form, and gives the `proofValue` (base58btc).
///
/// # Errors
///
/// [`SignError::Refused`]; [`SignError::SuiteMismatch`] for a key of P-521.
pub fn sign_canonical(
    document: &[u8],
    proof_config: &[u8],
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let algorithm = signer.key_type().algorithm();
    if algorithm == Algorithm::Es512 {
        return Err(SignError::SuiteMismatch);
    }
    Ok(encoding::multibase58(&signer.sign(&hash_canonical(algorithm, document, proof_config))?))
}

/// What a proof covers and its signature, ready to be checked: the canonical form is the costly part, and the same for all
/// keys of one algorithm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prepared {
    algorithm: Algorithm,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Prepared {
    /// From canonical bytes, of whichever form, and the `proofValue` (base58btc) of `proof`.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Encoding`].
    pub fn canonical(
        document: &[u8],
        proof_config: &[u8],
        proof: &Value,
        algorithm: Algorithm,
    ) -> Result<Self, SignatureError> {
        let signature = signature_of(proof)?;
        Ok(Self { algorithm, data: hash_canonical(algorithm, document, proof_config), signature })
    }

    /// From `document` (without `proof`) and `proof`, the whole proof object of a JCS suite; see [`verify`].
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: `SuiteUnsupported`, `AlgorithmMismatch`, `Encoding`, `ContextMismatch` or `Canonical`.
    pub fn jcs(
        document: &Value,
        proof: &Value,
        algorithm: Algorithm,
    ) -> Result<Self, SignatureError> {
        let algorithms = suite(proof).ok_or(SignatureError::SuiteUnsupported)?;
        if !algorithms.contains(&algorithm) {
            return Err(SignatureError::AlgorithmMismatch);
        }
        let signature = signature_of(proof)?;
        let document = with_context_of(document, proof)?;
        let document = json::canonicalize(&document).map_err(SignatureError::Canonical)?;
        let config = json::canonicalize_without(proof, "proofValue");
        let config = config.map_err(SignatureError::Canonical)?;
        Ok(Self { algorithm, data: hash_canonical(algorithm, &document, &config), signature })
    }

    /// Checks the signature against one key.
    ///
    /// # Errors
    ///
    /// [`SignatureError`]: `AlgorithmMismatch`, `Length` or `Mismatch`.
    pub fn check(&self, key: &PublicKey) -> Result<(), SignatureError> {
        if key.algorithm() != self.algorithm {
            return Err(SignatureError::AlgorithmMismatch);
        }
        key.verify(&self.data, &self.signature)
    }
}

/// Signs `document` (without `proof`) under `proof_config` and gives the `proofValue`; one that is there is not looked at.
///
/// The caller puts the document's `@context`, if it has one, into `proof_config` (§3.3.1, step 2), and keeps it in
/// the proof.
///
/// # Errors
///
/// [`SignError::SuiteMismatch`] unless `proof_config` has type `DataIntegrityProof` and the cryptosuite of the
/// signer's key; [`SignError::Canonical`]; [`SignError::Refused`].
pub fn sign(
    document: &Value,
    proof_config: &Value,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    if !suite(proof_config).is_some_and(|suite| suite.contains(&signer.key_type().algorithm())) {
        return Err(SignError::SuiteMismatch);
    }
    let document = json::canonicalize(document).map_err(SignError::Canonical)?;
    let config =
        json::canonicalize_without(proof_config, "proofValue").map_err(SignError::Canonical)?;
    sign_canonical(&document, &config, signer)
}

/// Checks one proof over `document` (without `proof`); `proof` is the whole proof object.
///
/// If the proof has an `@context`, the document's must begin with it, and the document is hashed with the proof's
/// (§3.3.2, step 4): contexts that were appended after signing are therefore not covered by this signature.
///
/// # Errors
///
/// [`SignatureError`]: `SuiteUnsupported`, `AlgorithmMismatch`, `Encoding`, `Length`, `ContextMismatch`,
/// `Canonical` or `Mismatch`.
pub fn verify(document: &Value, proof: &Value, key: &PublicKey) -> Result<(), SignatureError> {
    Prepared::jcs(document, proof, key.algorithm())?.check(key)
}

/// The bytes of a `proofValue` in base58btc.
fn signature_of(proof: &Value) -> Result<Vec<u8>, SignatureError> {
    let value = json::text(proof, "proofValue").and_then(|text| text.strip_prefix('z'));
    // 96 bytes have at most 132 digits.
    let value = value.filter(|digits| digits.len() <= 160).ok_or(SignatureError::Encoding)?;
    encoding::decode_base58btc(value).map_err(|_| SignatureError::Encoding)
}

/// The algorithms of the proof's cryptosuite, if it is one of the two.
fn suite(proof: &Value) -> Option<&'static [Algorithm]> {
    if json::text(proof, "type") != Some("DataIntegrityProof") {
        return None;
    }
    match json::text(proof, "cryptosuite") {
        Some("eddsa-jcs-2022") => Some(&[Algorithm::EdDsa]),
        Some("ecdsa-jcs-2019") => Some(&[Algorithm::Es256, Algorithm::Es384]),
        _ => None,
    }
}

/// The document with the `@context` it had when `proof` was made.
fn with_context_of<'a>(
    document: &'a Value,
    proof: &Value,
) -> Result<Cow<'a, Value>, SignatureError> {
    let Some(signed) = proof.get("@context") else { return Ok(Cow::Borrowed(document)) };
    let present = document.get("@context").ok_or(SignatureError::ContextMismatch)?;
    if signed == present {
        return Ok(Cow::Borrowed(document));
    }
    if !contexts(present).starts_with(contexts(signed)) {
        return Err(SignatureError::ContextMismatch);
    }
    let mut document = document.clone();
    if let Value::Object(members) = &mut document {
        members.insert("@context".to_owned(), signed.clone());
    }
    Ok(Cow::Owned(document))
}

fn contexts(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    }
}

#[cfg(test)]
mod tests;
