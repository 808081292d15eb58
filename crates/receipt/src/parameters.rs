//! Did the parameters of a log change as the rules say? Operator events, §2.4 of the ledger specification.
//!
//! In scope: a chain of parameters documents from the first on, each named by an epoch leaf that a receipt proves. Out of
//! scope: whether an earlier epoch leaf named a document before: whoever has the whole log (a mirror) sees that.

use inkan_core::{Digest, Timestamp, json, sha256};
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::{PARAMS_LIMIT, ParametersDocument};
use inkan_ledger::{
    Kind, LogPolicy, ReceiptError, VerifiedLeaf, verify_checkpoint, verify_receipt_under,
};
use serde_json::{Value, json};

use crate::receipt::{judged_at, read_policy, read_sidecar};
use crate::report::{Report, number};
use crate::request::ParametersRequest;

/// The checks that each receipt goes through, in order.
const OF_RECEIPTS: [&str; 6] = ["form", "log", "cosigners", "quorum", "inclusion", "leaf"];
/// Whatever is wrong with the documents.
const INVALID: &str = "params-invalid";

/// Makes all checks of a chain of parameters documents, up to the first that fails.
#[must_use]
pub fn check_parameters(asked: &ParametersRequest) -> Report {
    let mut report = Report::new(&[&["policy"], &OF_RECEIPTS[..], &["parameters"]].concat());
    let policy = match read_policy(&asked.trust) {
        Ok(policy) => policy,
        Err(code) => return report.fail(&[], code),
    };
    report.pass(&["policy"]);
    let now = judged_at(&asked.trust);
    let epochs = asked.receipts.iter().map(|bytes| epoch_of(bytes, &policy, now));
    let epochs = match epochs.collect::<Result<Vec<_>, _>>() {
        Ok(epochs) => epochs,
        Err(error) => return report.fail(&OF_RECEIPTS, error.code()),
    };
    report.pass(&OF_RECEIPTS);
    let Some(events) = chain(&asked.documents, &epochs) else {
        return report.fail(&[], INVALID);
    };
    report.pass(&["parameters"]);
    if let Some((leaf, _)) = epochs.last() {
        report.fact("origin", leaf.origin());
    }
    let last = asked.documents.last().and_then(|bytes| json::parse(bytes, PARAMS_LIMIT).ok());
    for name in ["values", "next"] {
        let shown = last.as_ref().and_then(|last| last.get(name)).cloned();
        report.fact(name, shown.unwrap_or_default());
    }
    report.fact("events", events);
    report
}

/// A leaf that is proved, and the epoch that it holds.
fn epoch_of(
    bytes: &[u8],
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<(VerifiedLeaf, Epoch), ReceiptError> {
    let receipt = read_sidecar(bytes, None)?;
    let head = verify_checkpoint(receipt.note(), policy, now)?;
    let leaf = verify_receipt_under(&receipt, &head)?;
    leaf.expect_kind(Kind::Epoch)?;
    let epoch = Epoch::parse(leaf.leaf().body()).map_err(|_| ReceiptError::MalformedBody)?;
    if epoch.size == leaf.leaf_index() {
        Ok((leaf, epoch))
    } else {
        Err(ReceiptError::MalformedBody)
    }
}

/// What happened, document by document; `None` if one may not follow the one before.
fn chain(documents: &[Vec<u8>], epochs: &[(VerifiedLeaf, Epoch)]) -> Option<Vec<Value>> {
    if documents.is_empty() || documents.len() != epochs.len() {
        return None;
    }
    let mut events = Vec::new();
    let mut before: Option<(ParametersDocument, Digest, &VerifiedLeaf)> = None;
    for (bytes, (leaf, epoch)) in documents.iter().zip(epochs) {
        let document = ParametersDocument::parse(bytes).ok()?;
        let digest = sha256(&[bytes]);
        if epoch.params != digest {
            return None;
        }
        match &before {
            None if leaf.leaf_index() == 0 => document.check_genesis().ok()?,
            None => return None,
            Some((old, name, place)) => {
                let rises = place.leaf_index() < leaf.leaf_index();
                if !rises || place.origin() != leaf.origin() {
                    return None;
                }
                document.check_next(old, name, leaf.leaf().time()).ok()?;
            }
        }
        events.push(json!({
            "event": document.event.name(),
            "digest": digest.to_hex(),
            "index": number(leaf.leaf_index()),
            "leafTime": leaf.leaf().time().seconds(),
        }));
        before = Some((document, digest, leaf));
    }
    Some(events)
}
