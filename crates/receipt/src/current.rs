//! Which entry of an id is the newest, or is there none? §5.4 of the ledger specification.
//!
//! In scope: making the checks in order, and what they show. Out of scope: the checks themselves (`inkan-ledger`).

use inkan_core::encoding::b64u_array;
use inkan_ledger::{
    ActId, CurrentProof, Kind, MapKey, OnceId, Opening, SignedEntry, TrustStatement,
    verify_checkpoint, verify_current_under,
};
use serde_json::{Value, json};

use crate::receipt::{HEAD_CHECKS, check_age, judged_at, read_policy, tell_head, tell_leaf};
use crate::report::{Outcome, Report, number};
use crate::request::{Artefact, CurrentRequest};

/// The checks of a current-proof, in order.
const CHECKS: [&str; 10] =
    ["policy", "form", "log", "cosigners", "quorum", "inclusion", "leaf", "map", "opening", "age"];

/// Makes all checks of a current-proof, up to the first that fails.
#[must_use]
pub fn check_current(asked: &CurrentRequest) -> Report {
    let mut report = Report::new(&CHECKS);
    let policy = match read_policy(&asked.trust) {
        Ok(policy) => policy,
        Err(code) => return report.fail(&[], code),
    };
    report.pass(&["policy"]);
    let Some(key) = map_key(asked.kind, &asked.parts) else {
        return report.fail(&[], "map-proof-invalid");
    };
    let proof = match CurrentProof::parse(&asked.proof) {
        Ok(proof) => proof,
        Err(error) => return report.fail(&[], error.code()),
    };
    report.pass(&["form"]);
    let head = match verify_checkpoint(proof.epoch().note(), &policy, judged_at(&asked.trust)) {
        Ok(head) => head,
        Err(error) => return report.fail(&HEAD_CHECKS, error.code()),
    };
    report.pass(&HEAD_CHECKS);
    let current = match verify_current_under(&proof, &key, &head) {
        Ok(current) => current,
        Err(error) => return report.fail(&["inclusion", "leaf", "map"], error.code()),
    };
    report.pass(&["inclusion", "leaf", "map"]);
    let shown = current.head();
    match check_artefact(asked.kind, shown.map(|head| head.leaf().body()), &asked.artefact) {
        Ok(outcome) => report.set("opening", outcome),
        Err(code) => return report.fail(&[], code),
    }
    if let Err(code) = check_age(&mut report, &head, &asked.trust) {
        return report.fail(&[], code);
    }
    tell_head(&mut report, &head);
    tell_leaf(&mut report, current.epoch());
    let shown = shown.map_or(Value::Null, |head| {
        json!({
            "kind": head.leaf().kind().name(),
            "index": number(head.value().leaf_index),
            "seq": number(head.value().sequence),
            "flags": head.value().flags.bits(),
            "leafHash": head.value().leaf_hash.digest().to_hex(),
            "leafTime": { "time": head.leaf().time().seconds(), "basis": "claimed" },
        })
    });
    report.fact("head", shown);
    report
}

/// The artefact shown must open the newest entry: an old acceptance cannot hide a withdrawal.
fn check_artefact(
    kind: Kind,
    head: Option<&[u8]>,
    artefact: &Artefact,
) -> Result<Outcome, &'static str> {
    let (Some(digest), Some(opening)) = (&artefact.digest, &artefact.opening) else {
        return Ok(Outcome::Skipped);
    };
    let opening = Opening::from_value(opening).map_err(|error| error.code())?;
    let opened = head
        .and_then(|body| SignedEntry::parse(kind, body).ok())
        .is_some_and(|entry| opening.check(&entry, digest, artefact.act.as_ref()).is_ok());
    if opened { Ok(Outcome::Pass) } else { Err("act-superseded") }
}

/// The key that an id has in the map.
pub(crate) fn map_key(kind: Kind, parts: &[String]) -> Option<MapKey> {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (kind, parts.as_slice()) {
        (Kind::Did, [scid]) => Some(MapKey::did(scid)),
        (Kind::Countersignature, [scid, act]) => {
            Some(MapKey::act(scid, &ActId::from_b64u(act).ok()?))
        }
        (Kind::Status, [scid, uri]) => Some(MapKey::status(scid, uri)),
        (Kind::Trust, [scid, statement, entity_id, action, resource]) => {
            let statement = TrustStatement::from_name(statement)?;
            Some(MapKey::trust_of(scid, statement, entity_id, action, resource))
        }
        (Kind::Once, [scope, id]) => {
            let id: [u8; 32] = b64u_array(id).ok()?;
            Some(MapKey::once(scope, &OnceId::from_bytes(id)))
        }
        _ => None,
    }
}
