//! Approvals by witnesses (D11;
//! [did:webvh 1.0, witnesses](https://identity.foundation/didwebvh/v1.0/#did-witnesses)).

use std::collections::BTreeSet;

use inkan_core::{Timestamp, json};
use inkan_crypto::PublicKey;
use serde_json::{Value, json};

use super::error::{EntryError, Malformed};
use super::parameters::WitnessSet;
use super::proof::EntryProof;
use crate::rules::Rules;

/// The proofs of witnesses over one `versionId`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Approvals {
    version_id: String,
    proofs: Vec<EntryProof>,
}

impl Approvals {
    /// Reads the witness line of a ledger entry: `{"versionId":…,"proof":[…]}`.
    pub(super) fn parse_line(line: &[u8]) -> Result<Self, EntryError> {
        if line.len() > super::WITNESS_LIMIT {
            return Err(EntryError::TooLarge { size: line.len(), limit: super::WITNESS_LIMIT });
        }
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(Malformed::LineBreak.into());
        }
        let value = json::parse_with_depth(line, super::WITNESS_LIMIT, super::entry::LEDGER_DEPTH)
            .map_err(Malformed::from)?;
        Self::from_value(&value, Rules::Ledger)
    }

    /// Reads one member of `did-witness.json`, or a parsed witness line.
    pub(super) fn from_value(value: &Value, rules: Rules) -> Result<Self, EntryError> {
        let proofs = value.get("proof").and_then(Value::as_array);
        let members = value.as_object().map_or(0, serde_json::Map::len);
        let (Some(version_id), Some(proofs), 2) = (json::text(value, "versionId"), proofs, members)
        else {
            return Err(EntryError::WitnessInvalid);
        };
        if proofs.is_empty() && rules == Rules::Ledger {
            return Err(EntryError::WitnessInvalid);
        }
        let proofs = proofs.iter().map(|proof| EntryProof::parse(proof, rules, &[]));
        let proofs = proofs.collect::<Result<_, _>>().map_err(|_| EntryError::WitnessInvalid)?;
        Ok(Self { version_id: version_id.to_owned(), proofs })
    }

    pub(super) fn version_id(&self) -> &str {
        &self.version_id
    }

    /// The keys whose proofs hold; an error if one does not.
    pub(super) fn verify(&self, now: Timestamp) -> Result<BTreeSet<PublicKey>, EntryError> {
        let document = witnessed_document(&self.version_id);
        let mut keys = BTreeSet::new();
        for proof in &self.proofs {
            proof.verify(&document, now).map_err(|_| EntryError::WitnessInvalid)?;
            keys.insert(proof.key().clone());
        }
        Ok(keys)
    }
}

/// What a witness signs.
pub(super) fn witnessed_document(version_id: &str) -> Value {
    json!({ "versionId": version_id })
}

/// Whether enough of `set` are among the approving keys; each counts once.
pub(super) fn check_threshold(
    set: &WitnessSet,
    approving: &BTreeSet<PublicKey>,
) -> Result<(), EntryError> {
    let approvals = set.witnesses().intersection(approving).count();
    let enough = u64::try_from(approvals).is_ok_and(|count| count >= set.threshold());
    if enough {
        return Ok(());
    }
    Err(EntryError::WitnessThreshold { approvals, threshold: set.threshold() })
}
