//! The consent receipt: the file that both sides keep, with every state and what proves it.

use std::collections::BTreeMap;

use inkan_core::{json, limits};
use serde_json::{Map, Value, json};

use super::{ConsentError, ConsentRecord, ConsentState, ConsentTerms};

/// The `type` of a consent receipt.
pub const CONSENT_RECEIPT_TYPE: &str = "inkan-consent-receipt/1";

/// Most receipts, current-proofs and DID logs in one file.
const PROOFS: usize = 1_024;

/// All states of one consent, in their order, with what a ledger shows of them. Nothing of it is checked but that the states
/// are one after the other.
#[derive(Clone, Debug)]
pub struct ConsentReceipt {
    states: Vec<ConsentRecord>,
    /// Receipts (`inkan-receipt/1`).
    pub receipts: Vec<Value>,
    /// Current-proofs (`inkan-current/1`).
    pub current: Vec<Value>,
    /// DID logs (`did.jsonl`) by DID.
    pub did_logs: BTreeMap<String, String>,
}

impl ConsentReceipt {
    /// A receipt of a consent that was given just now.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Unconnected`] if it is another state.
    pub fn of(given: ConsentRecord) -> Result<Self, ConsentError> {
        Self::from_states(vec![given])
    }

    fn from_states(states: Vec<ConsentRecord>) -> Result<Self, ConsentError> {
        let first = states.first().ok_or(ConsentError::Malformed { member: "states" })?;
        if first.state() != ConsentState::Given {
            return Err(ConsentError::Unconnected { what: "seq" });
        }
        for (earlier, later) in states.iter().zip(states.iter().skip(1)) {
            later.follows(earlier)?;
        }
        Ok(Self { states, receipts: Vec::new(), current: Vec::new(), did_logs: BTreeMap::new() })
    }

    /// Reads a consent receipt, or a record by itself.
    ///
    /// # Errors
    ///
    /// [`ConsentError`]; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConsentError> {
        let value = json::parse(bytes, limits::BUNDLE)?;
        if json::text(&value, "type") == Some(super::CONSENT_TYPE) {
            return Self::of(ConsentRecord::from_value(value)?);
        }
        Self::from_value(value)
    }

    /// Reads a consent receipt.
    ///
    /// # Errors
    ///
    /// [`ConsentError`]; none is worth a retry.
    pub fn from_value(value: Value) -> Result<Self, ConsentError> {
        let malformed = |member| ConsentError::Malformed { member };
        let Value::Object(mut members) = value else { return Err(malformed("type")) };
        let kind = members.remove("type");
        if kind.as_ref().and_then(Value::as_str) != Some(CONSENT_RECEIPT_TYPE) {
            return Err(malformed("type"));
        }
        let Some(Value::Array(states)) = members.remove("states") else {
            return Err(malformed("states"));
        };
        let states: Vec<ConsentRecord> =
            states.into_iter().map(ConsentRecord::from_value).collect::<Result<_, _>>()?;
        let receipts = objects(&mut members, "receipts")?;
        let current = objects(&mut members, "current")?;
        let did_logs = did_logs(&mut members)?;
        if !members.is_empty() {
            return Err(malformed("consent receipt"));
        }
        Ok(Self { receipts, current, did_logs, ..Self::from_states(states)? })
    }

    /// The states, in their order; never empty.
    #[must_use]
    pub fn states(&self) -> &[ConsentRecord] {
        &self.states
    }

    /// The newest state here.
    #[must_use]
    pub fn newest(&self) -> Option<&ConsentRecord> {
        self.states.last()
    }

    /// What was agreed.
    #[must_use]
    pub fn terms(&self) -> Option<&ConsentTerms> {
        self.states.first().map(ConsentRecord::terms)
    }

    /// Adds the next state.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Unconnected`] if it is not the next one.
    pub fn push(&mut self, next: ConsentRecord) -> Result<(), ConsentError> {
        if let Some(newest) = self.states.last() {
            next.follows(newest)?;
        }
        self.states.push(next);
        Ok(())
    }

    /// Puts the newest state's acknowledged form in its place.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Unconnected`] if it is another state.
    pub fn replace_newest(&mut self, acknowledged: ConsentRecord) -> Result<(), ConsentError> {
        let same = self.states.last().map(ConsentRecord::digest) == Some(acknowledged.digest());
        if !same {
            return Err(ConsentError::Unconnected { what: "state" });
        }
        self.states.pop();
        self.states.push(acknowledged);
        Ok(())
    }

    /// The receipt as JSON, every member written.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let states: Vec<Value> = self.states.iter().map(ConsentRecord::to_value).collect();
        json!({
            "type": CONSENT_RECEIPT_TYPE, "states": states, "receipts": self.receipts,
            "current": self.current, "didLogs": self.did_logs,
        })
    }
}

fn objects(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Vec<Value>, ConsentError> {
    let malformed = ConsentError::Malformed { member };
    match members.remove(member) {
        None => Ok(Vec::new()),
        Some(Value::Array(items))
            if items.len() <= PROOFS && items.iter().all(Value::is_object) =>
        {
            Ok(items)
        }
        Some(_) => Err(malformed),
    }
}

fn did_logs(members: &mut Map<String, Value>) -> Result<BTreeMap<String, String>, ConsentError> {
    let malformed = || ConsentError::Malformed { member: "didLogs" };
    match members.remove("didLogs") {
        None => Ok(BTreeMap::new()),
        Some(Value::Object(logs)) if logs.len() <= PROOFS => logs
            .into_iter()
            .map(|(did, log)| match log {
                Value::String(log) => Ok((did, log)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => Err(malformed()),
            })
            .collect(),
        Some(_) => Err(malformed()),
    }
}
