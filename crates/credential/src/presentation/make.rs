//! Making a presentation, in either form.

use inkan_core::Timestamp;
use inkan_crypto::Signer;
use serde_json::{Map, Value, json};

use super::Presentation;
use crate::envelope::Envelope;
use crate::model::CONTEXT_V2;
use crate::proof::{self, SignFailure};
use crate::secured::SecuredCredential;
use crate::sign::envelop;

/// Who presents, to whom, in answer to what.
#[derive(Clone, Copy, Debug)]
pub struct PresentationTerms<'a> {
    /// The holder's DID.
    pub holder: &'a str,
    /// DID URL of the holder's key.
    pub method: &'a str,
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The verifier, as it names itself.
    pub audience: &'a str,
    /// The time of presenting.
    pub created: Timestamp,
}

/// Presents `credentials` with an embedded proof: purpose `authentication`, `challenge` the nonce, `domain` the audience.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_di(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let mut document = document(credentials, terms);
    let mut members = Map::new();
    members.insert("created".to_owned(), terms.created.to_string().into());
    members.insert("verificationMethod".to_owned(), terms.method.into());
    members.insert("proofPurpose".to_owned(), "authentication".into());
    members.insert("challenge".to_owned(), terms.nonce.into());
    members.insert("domain".to_owned(), terms.audience.into());
    let proof = proof::add_proof(&document, &[], members, signer)?;
    if let Value::Object(members) = &mut document {
        members.insert("proof".to_owned(), proof.value().clone());
    }
    Presentation::parse_value(document).map_err(|_| SignFailure::Unreadable)
}

/// Presents `credentials` in a JWS (`typ` `vp+jwt`) with the claims `nonce`, `aud` and `iat`.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_jose(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let mut payload = document(credentials, terms);
    if let Value::Object(members) = &mut payload {
        members.insert("nonce".to_owned(), terms.nonce.into());
        members.insert("aud".to_owned(), terms.audience.into());
        members.insert("iat".to_owned(), terms.created.seconds().into());
    }
    let compact = envelop(&payload, Envelope::Presentation, terms.method, signer)?;
    Presentation::parse_compact(&compact).map_err(|_| SignFailure::Unreadable)
}

fn document(credentials: &[SecuredCredential], terms: &PresentationTerms<'_>) -> Value {
    let credentials: Vec<Value> = credentials.iter().map(SecuredCredential::to_value).collect();
    json!({
        "@context": [CONTEXT_V2],
        "type": ["VerifiablePresentation"],
        "holder": terms.holder,
        "verifiableCredential": credentials,
    })
}
