//! Making a state of a consent, and acknowledging one.

use inkan_core::Timestamp;
use inkan_crypto::Signer;
use serde_json::{Map, Value, json};

use super::{ConsentError, ConsentEvent, ConsentRecord, ConsentTerms, document, read};
use crate::proof::{self, Proof, SignFailure};

/// One state that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// What is agreed.
    pub terms: &'a ConsentTerms,
    /// Which state.
    pub event: &'a ConsentEvent,
    /// URL of the proof to be made.
    pub proof_id: &'a str,
    /// DID URL of the holder's key.
    pub method: &'a str,
}

/// Signs one state of a consent as its holder.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn sign(draft: &Draft<'_>, signer: &dyn Signer) -> Result<ConsentRecord, SignFailure> {
    let document = document(draft.terms, draft.event);
    read::parts(&document)?;
    let terms = proof_terms(draft.proof_id, draft.method, draft.event.time);
    let proof = proof::add_proof(&document, &[], terms, signer)?;
    finished(document, vec![proof])
}

/// Adds the receiver's signature over the same state and the holder's proof; one that is there already is replaced.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn acknowledge(
    record: &ConsentRecord,
    (proof_id, method): (&str, &str),
    created: Timestamp,
    signer: &dyn Signer,
) -> Result<ConsentRecord, SignFailure> {
    let holder: Vec<Proof> = record.proofs.iter().take(1).cloned().collect();
    let mut terms = proof_terms(proof_id, method, created);
    let previous: Vec<&str> = holder.iter().filter_map(Proof::id).collect();
    terms.insert("previousProof".to_owned(), json!(previous));
    let proof = proof::add_proof(&record.document, &holder, terms, signer)?;
    finished(record.document.clone(), holder.into_iter().chain([proof]).collect())
}

fn proof_terms(proof_id: &str, method: &str, created: Timestamp) -> Map<String, Value> {
    let mut terms = Map::new();
    terms.insert("id".to_owned(), proof_id.into());
    terms.insert("created".to_owned(), created.to_string().into());
    terms.insert("verificationMethod".to_owned(), method.into());
    terms.insert("proofPurpose".to_owned(), "authentication".into());
    terms
}

/// The record, read again by the reader that everybody uses.
fn finished(mut document: Value, proofs: Vec<Proof>) -> Result<ConsentRecord, SignFailure> {
    if let Value::Object(members) = &mut document {
        let proofs = proofs.into_iter().map(Proof::into_value).collect();
        members.insert("proof".to_owned(), Value::Array(proofs));
    }
    Ok(ConsentRecord::from_value(document)?)
}

impl From<ConsentError> for SignFailure {
    fn from(error: ConsentError) -> Self {
        Self::Consent(Box::new(error))
    }
}
