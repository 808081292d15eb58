//! One line of a did:webvh log: what can be checked of it without its predecessor.

use std::sync::Arc;

use inkan_core::{Timestamp, encoding, json, limits};
use inkan_crypto::PublicKey;
use serde_json::{Map, Value};

use super::error::{EntryError, Malformed, ProofProblem};
use super::parameters::Parameters;
use super::proof::EntryProof;
use super::witness::Approvals;
use crate::did::{Did, DidError};
use crate::did_url::parse_number;
use crate::document::DidDocument;
use crate::rules::Rules;

/// Nesting that a ledger accepts (D1).
pub(super) const LEDGER_DEPTH: usize = 16;

/// An entry whose own form is right; whether it follows its predecessor is [`check_next`](super::check_next).
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) version_id: String,
    pub(super) number: u64,
    pub(super) time: Timestamp,
    pub(super) parameters: Parameters,
    pub(super) document: Arc<DidDocument>,
    /// The entry without `proof`.
    pub(super) unsigned: Value,
    pub(super) proofs: Vec<EntryProof>,
    pub(super) approvals: Option<Approvals>,
}

impl Entry {
    /// Reads one log line, without its line feed, and its witness line, by the rules of a ledger.
    ///
    /// # Errors
    ///
    /// [`EntryError`]: size, then the rules D1, D2 (form), D3, D10, D6 (form), D9 (form), D13, D14 (form), D8 (form), D11
    /// (form), in this order.
    pub fn parse(line: &[u8], witness_line: Option<&[u8]>) -> Result<Self, EntryError> {
        let mut entry = Self::read(line, Rules::Ledger)?;
        entry.approvals = witness_line.map(Approvals::parse_line).transpose()?;
        Ok(entry)
    }

    /// The `versionId`: number, dash, entry hash.
    #[must_use]
    pub fn version_id(&self) -> &str {
        &self.version_id
    }

    /// The version number, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The `versionTime`: a claim of the controller.
    #[must_use]
    pub const fn version_time(&self) -> Timestamp {
        self.time
    }

    /// What this entry sets.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The document of this version.
    #[must_use]
    pub fn document(&self) -> &DidDocument {
        &self.document
    }

    /// The DID of this version.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.document.id()
    }

    /// The SCID, under which the history is kept.
    #[must_use]
    pub fn scid(&self) -> &str {
        self.did().scid().unwrap_or_default()
    }

    pub(super) fn read(line: &[u8], rules: Rules) -> Result<Self, EntryError> {
        let value = parse_json(line, rules)?;
        let Value::Object(mut members) = value else { return Err(Malformed::Members.into()) };
        let proof = members.remove("proof").ok_or(Malformed::Members)?;
        let raw = RawEntry::of(&members)?;
        // D2.
        let conflict =
            || EntryError::VersionConflict { given: raw.version_id.to_owned(), head: None };
        let number = parse_version_id(raw.version_id).ok_or_else(conflict)?;
        // D3, D10, and the form of D11.
        let parameters = Parameters::parse(raw.parameters, number, rules)?;
        // D6.
        let time = match rules {
            Rules::Ledger => Timestamp::parse_strict(raw.version_time),
            Rules::Resolver => Timestamp::parse(raw.version_time),
        };
        let time = time.map_err(|_| EntryError::VersionTimeMalformed {
            text: raw.version_time.chars().take(40).collect(),
        })?;
        // D9, D13, D14.
        let document = read_state(raw.state, &parameters, rules)?;
        // D8.
        let known = parameters.update_keys.as_deref().unwrap_or_default();
        let proofs = read_proofs(&proof, rules, known).map_err(EntryError::ProofInvalid)?;
        Ok(Self {
            version_id: raw.version_id.to_owned(),
            number,
            time,
            parameters,
            document: Arc::new(document),
            proofs,
            approvals: None,
            unsigned: Value::Object(members),
        })
    }

    /// The entry without `proof`, as an object.
    pub(super) fn unsigned_members(&self) -> Result<&Map<String, Value>, EntryError> {
        self.unsigned.as_object().ok_or_else(|| Malformed::Members.into())
    }
}

/// The four members beside `proof`, of the right type.
struct RawEntry<'a> {
    version_id: &'a str,
    version_time: &'a str,
    parameters: &'a Map<String, Value>,
    state: &'a Value,
}

impl<'a> RawEntry<'a> {
    fn of(members: &'a Map<String, Value>) -> Result<Self, Malformed> {
        let text = |name| members.get(name).and_then(Value::as_str).ok_or(Malformed::Members);
        let object = |name: &str| members.get(name).filter(|value| value.is_object());
        if members.len() != 4 {
            return Err(Malformed::Members);
        }
        Ok(Self {
            version_id: text("versionId")?,
            version_time: text("versionTime")?,
            parameters: members
                .get("parameters")
                .and_then(Value::as_object)
                .ok_or(Malformed::Members)?,
            state: object("state").ok_or(Malformed::Members)?,
        })
    }
}

/// Size and D1.
fn parse_json(line: &[u8], rules: Rules) -> Result<Value, EntryError> {
    let (limit, depth) = match rules {
        Rules::Ledger => (super::ENTRY_LIMIT, LEDGER_DEPTH),
        Rules::Resolver => (limits::DID_DOCUMENT, limits::JSON_DEPTH),
    };
    if line.len() > limit {
        return Err(EntryError::TooLarge { size: line.len(), limit });
    }
    if rules == Rules::Ledger && line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Err(Malformed::LineBreak.into());
    }
    let value = json::parse_with_depth(line, limit, depth).map_err(Malformed::from)?;
    if rules == Rules::Ledger && !only_integers(&value) {
        return Err(Malformed::NotInteger.into());
    }
    Ok(value)
}

fn only_integers(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(only_integers),
        Value::Object(members) => members.values().all(only_integers),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// D2: a number without leading zero, one dash, an entry hash.
pub(super) fn parse_version_id(text: &str) -> Option<u64> {
    let (number, hash) = text.split_once('-')?;
    let number = parse_number(number).filter(|_| encoding::is_multihash58(hash));
    number.filter(|number| (1..=json::MAX_SAFE_INTEGER).contains(number))
}

/// The form of D9, then D13 and D14.
fn read_state(
    state: &Value,
    parameters: &Parameters,
    rules: Rules,
) -> Result<DidDocument, EntryError> {
    let id = json::text(state, "id").unwrap_or_default();
    let did = Did::parse(id).map_err(EntryError::StateIdInvalid)?;
    let Some(scid) = did.scid() else {
        let method = did.method().name().to_owned();
        return Err(EntryError::StateIdInvalid(DidError::MethodUnsupported { method }));
    };
    if parameters.scid.as_ref().is_some_and(|first| first != scid) {
        return Err(EntryError::StateIdScid);
    }
    DidDocument::read(state.clone(), &did, rules).map_err(EntryError::Document)
}

/// The form of D8: one to four proofs by different keys.
fn read_proofs(
    value: &Value,
    rules: Rules,
    known: &[PublicKey],
) -> Result<Vec<EntryProof>, ProofProblem> {
    let items = value.as_array().filter(|items| (1..=4).contains(&items.len()));
    let mut proofs: Vec<EntryProof> = Vec::new();
    for item in items.ok_or(ProofProblem::Count)? {
        let proof = EntryProof::parse(item, rules, known)?;
        if proofs.iter().any(|other| other.key() == proof.key()) {
            return Err(ProofProblem::Repeated);
        }
        proofs.push(proof);
    }
    Ok(proofs)
}

#[cfg(test)]
mod tests;
