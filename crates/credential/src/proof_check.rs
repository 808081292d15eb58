//! `inkan proof check`: the cryptography of proofs and nothing else.
//!
//! In scope: do the proofs on this document, or the signature of this JWS, verify with the keys they name? Out of
//! scope: everything that makes a verification, in particular whether the key belongs to the issuer. Test vectors
//! whose issuer is not the key's controller pass here and nowhere else.

use inkan_core::encoding::{b64u, decode_b64};
use inkan_core::{json, limits};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use serde_json::Value;

use crate::cose::Sign1;
use crate::envelope::is_sd_jwt;
use crate::error::ParseError;
use crate::proof::{self, Proof, ProofError, take_proofs};
use crate::rdfc::Contexts;
use crate::sd_jwt::{KeyBindingError, SdJwt, SdJwtError};
use crate::secured::{compact_text, verify_cose, verify_jws};

/// What became of one proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProofOutcome {
    /// It verifies with the key it names.
    Verified,
    /// It does not.
    Failed(ProofError),
    /// Its suite is not spoken here; nothing is known of it.
    UnknownSuite,
    /// The key it names was not to be had; nothing is known of it.
    KeyUnavailable,
}

/// One proof, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckedProof {
    /// Position on the document, from 0.
    pub index: usize,
    /// Name of the suite, or of the JWS algorithm.
    pub suite: String,
    /// URL of the key.
    pub verification_method: String,
    /// What became of it.
    pub outcome: ProofOutcome,
}

/// The proofs of one document in their order; at least one.
#[derive(Clone, Debug)]
#[must_use = "proofs that were looked at need not have verified"]
pub struct ProofReport {
    /// One line per proof.
    pub proofs: Vec<CheckedProof>,
}

impl ProofReport {
    /// Whether at least one proof verifies and none fails; those that say nothing do not count.
    #[must_use]
    pub fn holds(&self) -> bool {
        let any = self.proofs.iter().any(|one| one.outcome == ProofOutcome::Verified);
        let failed = |one: &CheckedProof| matches!(one.outcome, ProofOutcome::Failed(_));
        any && !self.proofs.iter().any(failed)
    }
}

/// Checks every proof of a JSON document with embedded proofs, or the signature of a compact JWS, of any media type,
/// with the built-in JSON-LD contexts. `key_of` gives the key that a verification method or `kid` names.
///
/// # Errors
///
/// [`ParseError`] if there is nothing to check, or proofs refer to each other in a way that cannot be followed.
pub fn check(
    bytes: &[u8],
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
) -> Result<ProofReport, ParseError> {
    check_with(bytes, key_of, Contexts::built_in())
}

/// As [`check`], with JSON-LD contexts that the caller knows.
///
/// # Errors
///
/// As [`check`].
pub fn check_with(
    bytes: &[u8],
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
    contexts: &Contexts,
) -> Result<ProofReport, ParseError> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return check_compact(&compact_text(bytes)?, key_of);
    }
    let mut document = json::parse(bytes, limits::DOCUMENT)?;
    let id = json::text(&document, "id").unwrap_or_default();
    let enveloped = id.strip_prefix("data:").and_then(|url| url.split_once(','));
    if let Some((media_type, compact)) = enveloped
        && ["+jwt", "+sd-jwt", "+cose;base64"].iter().any(|suffix| media_type.ends_with(suffix))
    {
        if media_type.ends_with(";base64") {
            let bytes = decode_b64(compact).map_err(|_| ParseError::Envelope { member: "id" })?;
            return check_compact(&b64u(&bytes), key_of);
        }
        return check_compact(compact, key_of);
    }
    let proofs = take_proofs(&mut document)?;
    let proofs = (0..proofs.len())
        .zip(&proofs)
        .map(|(index, proof)| one((&document, &proofs), (index, proof), key_of, contexts))
        .collect();
    Ok(ProofReport { proofs })
}

fn one(
    (document, proofs): (&Value, &[Proof]),
    (index, proof): (usize, &Proof),
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
    contexts: &Contexts,
) -> CheckedProof {
    let outcome = if proof.cryptosuite().is_known() {
        match key_of(proof.verification_method()) {
            None => ProofOutcome::KeyUnavailable,
            Some(key) => outcome(proof::verify_proof_with(document, proofs, index, &key, contexts)),
        }
    } else {
        ProofOutcome::UnknownSuite
    };
    CheckedProof {
        index,
        suite: proof.cryptosuite().as_str().to_owned(),
        verification_method: proof.verification_method().to_owned(),
        outcome,
    }
}

fn check_compact(
    text: &str,
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
) -> Result<ProofReport, ParseError> {
    if Sign1::is_text(text) {
        let message = Sign1::parse_text(text)?;
        let payload = json::parse(message.payload(), limits::DOCUMENT).unwrap_or(Value::Null);
        let named = (message.kid(), message.alg());
        return checked(&payload, named, key_of, |key| verify_cose(&message, key));
    }
    let (jws, payload) = if is_sd_jwt(text) {
        let sd_jwt = SdJwt::parse(text)?;
        if sd_jwt.key_binding().is_some() {
            return Err(SdJwtError::KeyBinding(KeyBindingError::Unexpected).into());
        }
        (sd_jwt.jws().clone(), sd_jwt.payload().clone())
    } else {
        let jws = Jws::parse(text, limits::JWS)?;
        let payload = json::parse(jws.payload(), limits::DOCUMENT).unwrap_or(Value::Null);
        (jws, payload)
    };
    checked(&payload, (jws.kid(), jws.alg().to_jose()), key_of, |key| verify_jws(&jws, key))
}

/// The one signature around `payload`.
fn checked(
    payload: &Value,
    (kid, alg): (Option<&str>, &str),
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
    verify: impl Fn(&PublicKey) -> Result<(), ProofError>,
) -> Result<ProofReport, ParseError> {
    let kid = kid.ok_or(ParseError::KeyId)?;
    let signer = crate::model::issuer_like(payload, "issuer")
        .or_else(|| crate::model::issuer_like(payload, "holder"))
        .or_else(|| json::text(payload, "iss"));
    let method = match signer {
        Some(signer) if kid.starts_with('#') => format!("{signer}{kid}"),
        _ => kid.to_owned(),
    };
    let outcome = match key_of(&method) {
        None => ProofOutcome::KeyUnavailable,
        Some(key) => outcome(verify(&key)),
    };
    let suite = alg.to_owned();
    let checked = CheckedProof { index: 0, suite, verification_method: method, outcome };
    Ok(ProofReport { proofs: vec![checked] })
}

fn outcome(result: Result<(), ProofError>) -> ProofOutcome {
    match result {
        Ok(()) => ProofOutcome::Verified,
        Err(error) => ProofOutcome::Failed(error),
    }
}

#[cfg(test)]
mod tests;
