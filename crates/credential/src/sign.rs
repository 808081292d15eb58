//! Securing a credential as its issuer: an embedded proof, or a JWS around it.
//!
//! In scope: the signature. Out of scope: what the credential says (`inkan-issuer` builds it), recording it.

use inkan_core::{Timestamp, json};
use inkan_crypto::{Signer, jws};
use serde_json::{Map, Value};

use crate::envelope::Envelope;
use crate::model::Credential;
use crate::proof::{self, SignFailure};
use crate::secured::SecuredCredential;

/// Puts the issuer's Data Integrity proof on a credential: `eddsa-jcs-2022` or `ecdsa-jcs-2019`, as the key has it.
///
/// `proof_id` is the proof's URL, which countersignatures name; `method` the DID URL of the signer's key.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue_di(
    credential: Value,
    proof_id: &str,
    method: &str,
    signer: &dyn Signer,
    created: Timestamp,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let mut terms = Map::new();
    terms.insert("id".to_owned(), proof_id.into());
    terms.insert("created".to_owned(), created.to_string().into());
    terms.insert("verificationMethod".to_owned(), method.into());
    terms.insert("proofPurpose".to_owned(), "assertionMethod".into());
    let proof = proof::add_proof(credential.value(), &[], terms, signer)?;
    let mut document = credential.value().clone();
    if let Value::Object(members) = &mut document {
        members.insert("proof".to_owned(), proof.value().clone());
    }
    SecuredCredential::parse_value(document).map_err(|_| SignFailure::Unreadable)
}

/// Puts a credential into a JWS (`typ` `vc+jwt`, `cty` `vc`); `kid` is the DID URL of the signer's key.
///
/// The payload is the credential and no JWT claim beside it, so nothing can contradict it.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue_jose(
    credential: Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let compact = envelop(credential.value(), Envelope::Credential, kid, signer)?;
    SecuredCredential::parse_compact(&compact).map_err(|_| SignFailure::Unreadable)
}

/// Signs `payload`, written canonically, under the header of `envelope`.
pub(crate) fn envelop(
    payload: &Value,
    envelope: Envelope,
    kid: &str,
    signer: &dyn Signer,
) -> Result<String, SignFailure> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), envelope.typ().into());
    header.insert("cty".to_owned(), envelope.cty().into());
    header.insert("kid".to_owned(), kid.into());
    let payload = json::canonicalize(payload).map_err(inkan_crypto::SignError::Canonical)?;
    Ok(jws::sign(header, &payload, signer)?)
}

#[cfg(test)]
mod tests;
