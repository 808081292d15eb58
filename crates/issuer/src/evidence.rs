//! What evidence files leave out: `id`, `verificationProcess`, `proofer.id`, and whom the evidence is about.
//!
//! In scope: filling in, and refusing what contradicts the request. Out of scope: what the evidence is worth
//! (`inkan-assurance`).

use inkan_core::CryptoRng;
use inkan_core::rng::draw_uuid_urn;
use serde_json::{Map, Value};

use crate::draft::{DraftError, IssueRequest};

/// The type whose `proofer` and `subject` are filled in.
const PROOFING: &str = "IdentityProofingEvidence";

/// The evidence of a request, completed.
pub(crate) fn complete(
    request: &IssueRequest<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Value>, DraftError> {
    let parties = Parties {
        issuer: request.issuer,
        subject: request.subject,
        subject_key: request.subject_key,
    };
    request.evidence.iter().map(|item| complete_evidence(item, &parties, rng)).collect()
}

/// Who says it, and about whom.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// DID of the issuer, who is the proofer.
    pub issuer: &'a str,
    /// DID of the subject, if there is one.
    pub subject: Option<&'a str>,
    /// Thumbprint of its key, if it is known.
    pub subject_key: Option<&'a str>,
}

/// One entry of evidence as it will stand in the credential: what is there stays as it is, so that a second time changes nothing.
///
/// # Errors
///
/// [`DraftError::EvidenceMalformed`], [`DraftError::EvidenceMismatch`]; [`DraftError::EvidenceStamped`] for what is not complete and has tokens or seals
/// over all that it says: with anything more in it they would be over something else.
pub fn complete_evidence(
    item: &Value,
    request: &Parties<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Value, DraftError> {
    let Value::Object(found) = item else {
        return Err(DraftError::EvidenceMalformed { member: "evidence" });
    };
    let mut members = found.clone();
    identify(&mut members, rng);
    let names = members.get("type").map(std::slice::from_ref).unwrap_or_default();
    let is_proofing = names.iter().any(|name| match name {
        Value::Array(list) => list.iter().any(|name| name.as_str() == Some(PROOFING)),
        Value::String(name) => name == PROOFING,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    });
    if is_proofing {
        // One per proofing event: evidence that does not name its event is an event of its own.
        if !members.contains_key("verificationProcess") {
            members.insert("verificationProcess".to_owned(), draw_uuid_urn(rng).into());
        }
        let proofer = object(&mut members, "proofer")?;
        if !proofer.contains_key("id") {
            proofer.insert("id".to_owned(), request.issuer.into());
        }
        let subject = object(&mut members, "subject")?;
        fill(subject, "holder", request.subject)?;
        fill(subject, "jkt", request.subject_key)?;
        if members.get("subject").and_then(Value::as_object).is_some_and(Map::is_empty) {
            members.remove("subject");
        }
    }
    unless_stamped(found, members)
}

/// The same for evidence of which nothing but its `id` may be missing, whoever issues it.
///
/// # Errors
///
/// [`DraftError::EvidenceMalformed`], [`DraftError::EvidenceStamped`].
pub fn identify_evidence(item: &Value, rng: &mut impl CryptoRng) -> Result<Value, DraftError> {
    let Value::Object(found) = item else {
        return Err(DraftError::EvidenceMalformed { member: "evidence" });
    };
    let mut members = found.clone();
    identify(&mut members, rng);
    unless_stamped(found, members)
}

fn identify(members: &mut Map<String, Value>, rng: &mut impl CryptoRng) {
    if !members.contains_key("id") {
        members.insert("id".to_owned(), draw_uuid_urn(rng).into());
    }
}

/// What came of it, unless it came after tokens and seals that are over all of it.
fn unless_stamped(
    found: &Map<String, Value>,
    completed: Map<String, Value>,
) -> Result<Value, DraftError> {
    let parts = ["id", "verificationProcess", "proofer", "subject"];
    let filled = parts.into_iter().find(|part| found.get(*part) != completed.get(*part));
    match filled {
        Some(member) if is_stamped(found) => Err(DraftError::EvidenceStamped { member }),
        Some(_) | None => Ok(Value::Object(completed)),
    }
}

/// Whether one of its items has a proof over the whole entry.
fn is_stamped(entry: &Map<String, Value>) -> bool {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let items = list(entry.get("evidence"));
    let mut proofs = items.iter().flat_map(|item| list(item.get("proofs")));
    proofs
        .any(|proof| matches!(proof.get("kind").and_then(Value::as_str), Some("rfc3161" | "eseal")))
}

/// The object in a member; an empty one is put there if there is none.
fn object<'a>(
    members: &'a mut Map<String, Value>,
    member: &'static str,
) -> Result<&'a mut Map<String, Value>, DraftError> {
    members
        .entry(member)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
        .ok_or(DraftError::EvidenceMalformed { member })
}

/// Puts `known` into a member, and refuses another value there: evidence about somebody else must not be issued.
fn fill(
    members: &mut Map<String, Value>,
    member: &'static str,
    known: Option<&str>,
) -> Result<(), DraftError> {
    let Some(known) = known else { return Ok(()) };
    match members.get(member) {
        None => {
            members.insert(member.to_owned(), known.into());
            Ok(())
        }
        Some(found) if found.as_str() == Some(known) => Ok(()),
        Some(_) => Err(DraftError::EvidenceMismatch { member }),
    }
}

#[cfg(test)]
mod tests;
