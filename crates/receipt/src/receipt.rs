//! Does this receipt hold, and for what? All of §5.2 of the ledger specification, V1 to V12.
//!
//! In scope: making the checks in order, and what they show. Out of scope: the checks themselves (`inkan-ledger`), who
//! signed (`signer`).

use std::sync::Arc;

use inkan_core::{Timestamp, json};
use inkan_ledger::epoch::Epoch;
use inkan_ledger::receipt::{Cosigner, TlogProof};
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{
    EntryId, Kind, LogPolicy, Opening, Receipt, ReceiptError, SignedEntry, VerifiedCheckpoint,
    VerifiedLeaf, verify_checkpoint, verify_receipt_under,
};
use serde_json::{Value, json};

use crate::report::{Outcome, Report, number};
use crate::request::{Artefact, ReceiptRequest, Trust};
use crate::signer;

/// The checks of a receipt, in order.
pub const CHECKS: [&str; 9] =
    ["policy", "form", "log", "cosigners", "quorum", "inclusion", "leaf", "entry", "opening"];
/// The largest sidecar in bytes.
const SIDECAR_LIMIT: usize = 4 * 65_536;
/// Checks that a signed head goes through.
pub(crate) const HEAD_CHECKS: [&str; 3] = ["log", "cosigners", "quorum"];

/// What an entry was found to be.
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) entry: Option<SignedEntry>,
    pub(crate) facts: Vec<(&'static str, Value)>,
}

/// Makes all checks of a receipt, up to the first that fails.
#[must_use]
pub fn check_receipt(asked: &ReceiptRequest) -> Report {
    let mut report = Report::new(&[&CHECKS[..], &["age"]].concat());
    let policy = match read_policy(&asked.trust) {
        Ok(policy) => policy,
        Err(code) => return report.fail(&[], code),
    };
    report.pass(&["policy"]);
    // V1 to V4.
    let receipt = match read_receipt(asked) {
        Ok(receipt) => receipt,
        Err(error) => return report.fail(&[], error.code()),
    };
    report.pass(&["form"]);
    // V5 to V7.
    let head = match verify_checkpoint(receipt.note(), &policy, judged_at(&asked.trust)) {
        Ok(head) => head,
        Err(error) => return report.fail(&HEAD_CHECKS, error.code()),
    };
    report.pass(&HEAD_CHECKS);
    // V8 and V9.
    let leaf = match verify_receipt_under(&receipt, &head).and_then(|leaf| expected(leaf, asked)) {
        Ok(leaf) => leaf,
        Err(error) => return report.fail(&["inclusion", "leaf"], error.code()),
    };
    report.pass(&["inclusion", "leaf"]);
    // V10.
    let judged = match judge_entry(&leaf, asked, &policy) {
        Ok(judged) => judged,
        // Also where it is a receipt of the history that does not hold.
        Err(code) => return report.fail_at("entry", code),
    };
    report.set("entry", judged.outcome);
    // V11.
    match check_opening(&receipt, judged.entry.as_ref(), &asked.artefact) {
        Ok(outcome) => report.set("opening", outcome),
        Err(code) => return report.fail(&[], code),
    }
    // V12.
    if let Err(code) = check_age(&mut report, &head, &asked.trust) {
        return report.fail(&[], code);
    }
    tell_head(&mut report, &head);
    tell_leaf(&mut report, &leaf);
    judged.facts.into_iter().for_each(|(name, value)| report.fact(name, value));
    report
}

/// Reads the policy.
pub(crate) fn read_policy(trust: &Trust) -> Result<LogPolicy, &'static str> {
    let text = std::str::from_utf8(&trust.policy).map_err(|_| "policy-invalid")?;
    LogPolicy::parse(text).map_err(|error| error.code())
}

/// The time of judgement; without one, nothing is in the future.
pub(crate) fn judged_at(trust: &Trust) -> Timestamp {
    trust.now.unwrap_or_else(|| Timestamp::EPOCH.plus_seconds(i64::MAX))
}

/// V12.
pub(crate) fn check_age(
    report: &mut Report,
    head: &VerifiedCheckpoint,
    trust: &Trust,
) -> Result<(), &'static str> {
    if let (Some(max_age), Some(now)) = (trust.max_age, trust.now) {
        head.check_fresh(max_age, now).map_err(|error| error.code())?;
        report.pass(&["age"]);
    }
    Ok(())
}

fn read_receipt(asked: &ReceiptRequest) -> Result<Receipt, ReceiptError> {
    if let Some(leaf) = &asked.leaf {
        let text = std::str::from_utf8(&asked.receipt)
            .map_err(|_| ReceiptError::Malformed("not UTF-8"))?;
        let proof = TlogProof::parse(text)?;
        return Ok(Receipt::new(leaf.clone(), proof.path(), proof.note()));
    }
    read_sidecar(&asked.receipt, asked.checkpoints.as_deref())
}

/// Reads a sidecar, of a bundle if its checkpoints are given.
pub(crate) fn read_sidecar(
    bytes: &[u8],
    checkpoints: Option<&[String]>,
) -> Result<Receipt, ReceiptError> {
    let Some(checkpoints) = checkpoints else { return Receipt::parse(bytes) };
    let value = json::parse(bytes, SIDECAR_LIMIT)
        .map_err(|_| ReceiptError::Malformed("not JSON with one reading"))?;
    Receipt::from_bundle_value(&value, checkpoints)
}

/// V9: the kind that was expected, and a body that the kind demands.
fn expected(leaf: VerifiedLeaf, asked: &ReceiptRequest) -> Result<VerifiedLeaf, ReceiptError> {
    if let Some(kind) = asked.kind {
        leaf.expect_kind(kind)?;
    }
    match leaf.leaf().kind() {
        Kind::Epoch => {
            let epoch =
                Epoch::parse(leaf.leaf().body()).map_err(|_| ReceiptError::MalformedBody)?;
            if asked.kind == Some(Kind::Epoch)
                && leaf.leaf_index().checked_add(1) != Some(leaf.tree_size())
            {
                return Err(ReceiptError::NotLastLeaf);
            }
            if epoch.size != leaf.leaf_index() {
                return Err(ReceiptError::MalformedBody);
            }
        }
        Kind::Did => {
            parse_did_body(leaf.leaf().body()).map_err(|_| ReceiptError::MalformedBody)?;
        }
        Kind::Issuance
        | Kind::Countersignature
        | Kind::Status
        | Kind::Trust
        | Kind::Anchor
        | Kind::Once => {}
    }
    Ok(leaf)
}

/// V10.
fn judge_entry(
    leaf: &VerifiedLeaf,
    asked: &ReceiptRequest,
    policy: &LogPolicy,
) -> Result<Judged, &'static str> {
    match leaf.leaf().kind() {
        Kind::Epoch => Ok(Judged { outcome: Outcome::Skipped, entry: None, facts: Vec::new() }),
        Kind::Did => signer::judge_did(leaf, asked, policy),
        Kind::Issuance
        | Kind::Countersignature
        | Kind::Status
        | Kind::Trust
        | Kind::Anchor
        | Kind::Once => {
            let entry = leaf.signed_entry().map_err(|error| error.code())?;
            signer::judge_signed(leaf, Arc::unwrap_or_clone(entry), asked, policy)
        }
    }
}

/// V11: the commitment is opened whenever an opening is there; the artefact is compared if its digest is given. Without
/// the record, its place in a batch is not checked.
pub(crate) fn check_opening(
    receipt: &Receipt,
    entry: Option<&SignedEntry>,
    artefact: &Artefact,
) -> Result<Outcome, &'static str> {
    let opening = match &artefact.opening {
        Some(value) => Some(Opening::from_value(value).map_err(|error| error.code())?),
        None => receipt.opening().cloned(),
    };
    let Some(opening) = opening else {
        return Ok(if artefact.digest.is_some() { Outcome::NotChecked } else { Outcome::Skipped });
    };
    let Some(entry) = entry else { return Err("opening-invalid") };
    let checked = match &artefact.digest {
        Some(digest) => opening.check(entry, digest, artefact.act.as_ref()),
        None => opening.check_entry(entry),
    };
    let whole = artefact.digest.is_some() || opening.record.is_none();
    let outcome = if whole { Outcome::Pass } else { Outcome::NotChecked };
    checked.map(|()| outcome).map_err(|error| error.code())
}

/// What a signed head shows: log, size, times, cosigners.
pub(crate) fn tell_head(report: &mut Report, head: &VerifiedCheckpoint) {
    let time = |time: Option<Timestamp>| time.map(Timestamp::seconds);
    report.fact("origin", head.origin());
    report.fact("size", number(head.head().tree_size));
    report.fact("root", head.head().root_hash.digest().to_hex());
    report.fact("existedBy", time(head.existed_by()));
    report.fact("freshAt", time(head.fresh_at()));
    let grades: Vec<String> = head.grades().list().iter().map(ToString::to_string).collect();
    report.fact("grade", grades);
    report.fact("operators", head.operators().into_iter().collect::<Vec<_>>());
    let cosigner = |cosigner: &Cosigner| json!({ "name": cosigner.name(), "time": cosigner.stamp().latest.seconds() });
    report.fact("cosigners", head.cosigners().iter().map(cosigner).collect::<Vec<_>>());
    report.fact("notChecked", head.not_checked().to_vec());
}

/// What a leaf under it shows.
pub(crate) fn tell_leaf(report: &mut Report, leaf: &VerifiedLeaf) {
    report.fact("index", number(leaf.leaf_index()));
    report.fact("leafHash", leaf.leaf_hash().digest().to_hex());
    report.fact("kind", leaf.leaf().kind().name());
    let time = leaf.leaf().time().seconds();
    report.fact("leafTime", json!({"time": time, "basis": "claimed"}));
}

/// What a signed entry says of itself.
pub(crate) fn entry_facts(entry: &SignedEntry) -> Value {
    json!({
        "id": entry.entry_id().to_string(),
        "issuer": entry.issuer().as_str(),
        "kid": entry.kid().as_str(),
        "issuedAt": entry.issued_at().seconds(),
    })
}

/// The id of a `did` entry.
pub(crate) fn did_entry_id(scid: &str, version_id: &str) -> String {
    EntryId::did(scid, version_id).to_string()
}
