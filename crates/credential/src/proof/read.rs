//! From JSON to [`Proof`]: shape of each, and what must hold among all proofs of one document.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Timestamp, json, limits};
use serde_json::{Map, Value};

use super::{Cryptosuite, Proof, ProofError, Purpose};
use crate::countersignature::Terms;
use crate::model::is_url;

/// Takes the `proof` member off a document, in every case, and reads the proofs in it, in order.
///
/// # Errors
///
/// [`ProofError`]: an empty list proves nothing and is refused, as are duplicate ids and references that lead nowhere.
pub(crate) fn take_proofs(document: &mut Value) -> Result<Vec<Proof>, ProofError> {
    let member = match document {
        Value::Object(members) => members.remove("proof"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    };
    let list = match member {
        None => return Err(ProofError::Missing),
        Some(Value::Array(list)) => list,
        Some(single) => vec![single],
    };
    if list.is_empty() {
        return Err(ProofError::Missing);
    }
    if list.len() > limits::PROOFS {
        return Err(ProofError::TooMany { limit: limits::PROOFS });
    }
    let proofs = list.into_iter().map(Proof::from_value).collect::<Result<Vec<_>, _>>()?;
    check_references(&proofs)?;
    Ok(proofs)
}

/// Ids are unique, every `previousProof` is on the document, and no chain bites its tail.
pub(crate) fn check_references(proofs: &[Proof]) -> Result<(), ProofError> {
    let mut by_id = BTreeMap::new();
    for proof in proofs {
        if let Some(id) = proof.id()
            && by_id.insert(id, proof).is_some()
        {
            return Err(ProofError::DuplicateId);
        }
    }
    let known = |id: &String| by_id.contains_key(id.as_str());
    if !proofs.iter().all(|proof| proof.previous_proof.iter().all(known)) {
        return Err(ProofError::PreviousUnknown);
    }
    // Settle, round by round, the proofs whose predecessors are settled; what never settles is a cycle.
    let mut settled = BTreeSet::new();
    let mut open: Vec<&Proof> = proofs.iter().collect();
    while !open.is_empty() {
        let (ready, waiting): (Vec<&Proof>, Vec<&Proof>) = open
            .iter()
            .partition(|proof| proof.previous_proof.iter().all(|id| settled.contains(id.as_str())));
        if ready.is_empty() {
            return Err(ProofError::Cycle);
        }
        settled.extend(ready.iter().filter_map(|proof| proof.id()));
        open = waiting;
    }
    Ok(())
}

impl Proof {
    /// Reads one proof object.
    ///
    /// # Errors
    ///
    /// [`ProofError::Malformed`] with the member that is wrong. Proofs of unknown suites are only asked for what
    /// VC Data Integrity §2.1 demands of every proof.
    pub fn from_value(value: Value) -> Result<Self, ProofError> {
        let Value::Object(members) = &value else {
            return Err(ProofError::NotAnObject);
        };
        let cryptosuite = cryptosuite(members)?;
        let id = optional_text(members, "id")?;
        if !id.as_deref().is_none_or(is_url) {
            return Err(ProofError::Malformed { member: "id" });
        }
        let verification_method = verification_method(members, cryptosuite.is_known())?;
        let proof_value = optional_text(members, "proofValue")?;
        if cryptosuite.is_known()
            && !proof_value.is_some_and(|text| cryptosuite.may_have_value(&text))
        {
            return Err(ProofError::Malformed { member: "proofValue" });
        }
        let purpose = purpose(members)?;
        // Keys of BBS assert claims, and show nobody's presence.
        if cryptosuite == Cryptosuite::Bbs2023 && purpose != Purpose::AssertionMethod {
            return Err(ProofError::PurposeUnsuitable);
        }
        let terms = members.get("countersignature").filter(|_| cryptosuite.is_known());
        // Over statements in RDF its members could be written in several ways.
        if terms.is_some() && !cryptosuite.is_jcs() {
            return Err(ProofError::Malformed { member: "countersignature" });
        }
        let countersignature = terms
            .map(Terms::from_value)
            .transpose()
            .map_err(|member| ProofError::Malformed { member })?;
        let proof = Self {
            id,
            created: moment(members, "created")?,
            expires: moment(members, "expires")?,
            verification_method,
            purpose,
            previous_proof: texts(members, "previousProof")?,
            domain: texts(members, "domain")?,
            challenge: optional_text(members, "challenge")?,
            cryptosuite,
            countersignature,
            value,
        };
        let distinct: BTreeSet<&String> = proof.previous_proof.iter().collect();
        if distinct.len() != proof.previous_proof.len() {
            return Err(ProofError::Malformed { member: "previousProof" });
        }
        Ok(proof)
    }
}

fn cryptosuite(members: &Map<String, Value>) -> Result<Cryptosuite, ProofError> {
    let kind = optional_text(members, "type")?.ok_or(ProofError::Malformed { member: "type" })?;
    let suite = optional_text(members, "cryptosuite")?;
    Cryptosuite::parse(&kind, suite.as_deref())
        .ok_or(ProofError::Malformed { member: "cryptosuite" })
}

fn verification_method(members: &Map<String, Value>, needed: bool) -> Result<String, ProofError> {
    match members.get("verificationMethod") {
        Some(Value::String(url)) if is_url(url) => Ok(url.clone()),
        // Older proofs embed the method; we only name it.
        Some(embedded @ Value::Object(_)) if !needed => {
            Ok(json::text(embedded, "id").unwrap_or_default().to_owned())
        }
        None if !needed => Ok(String::new()),
        _ => Err(ProofError::Malformed { member: "verificationMethod" }),
    }
}

fn purpose(members: &Map<String, Value>) -> Result<Purpose, ProofError> {
    let name = optional_text(members, "proofPurpose")?;
    let name = name.ok_or(ProofError::Malformed { member: "proofPurpose" })?;
    Ok(match name.as_str() {
        "assertionMethod" => Purpose::AssertionMethod,
        "authentication" => Purpose::Authentication,
        _ => Purpose::Other(name),
    })
}

fn optional_text(
    members: &Map<String, Value>,
    member: &'static str,
) -> Result<Option<String>, ProofError> {
    match members.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ProofError::Malformed { member }),
    }
}

fn texts(members: &Map<String, Value>, member: &'static str) -> Result<Vec<String>, ProofError> {
    let wrong = || ProofError::Malformed { member };
    match members.get(member) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) => {
            list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn moment(
    members: &Map<String, Value>,
    member: &'static str,
) -> Result<Option<Timestamp>, ProofError> {
    let Some(text) = optional_text(members, member)? else { return Ok(None) };
    Timestamp::parse(&text).map(Some).map_err(|_| ProofError::Malformed { member })
}
