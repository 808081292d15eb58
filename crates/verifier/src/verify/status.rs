//! Check 9: the status lists a credential names, the newest at or before the judged time.

use inkan_core::Timestamp;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{SecuredCredential, status_list};
use inkan_did::{Did, Relationship};
use inkan_ledger::{Claims, Kind, MapKey, SignedEntry};

use super::credential::body_digest;
use super::record::Found;
use super::{Bench, signer};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;
use crate::verified::StatusSeen;

/// One line per status entry; `None` unless every entry was checked and is good.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    issuer: &Did,
    checks: &mut Vec<Check>,
) -> Option<StatusSeen> {
    let credential = secured.credential();
    for kind in credential.unknown_status() {
        let reason = Reason::StatusMissing { uri: kind.clone() };
        checks.push(Check::unknown(CheckName::Status, subject, reason, Weight::Required));
    }
    if credential.status().is_empty() {
        if credential.unknown_status().is_empty() {
            checks.push(Check::skipped(CheckName::Status, subject));
        }
        return Some(StatusSeen::NotNamed);
    }
    let mut oldest: Option<Timestamp> = None;
    for entry in credential.status() {
        let line = match newest_list(bench, entry, issuer) {
            Ok(list) => {
                oldest = Some(oldest.map_or(list.since, |seen| seen.min(list.since)));
                judge(subject, entry, &list)
            }
            Err(reason) => refused(subject, reason),
        };
        let list = entry.list_uri.rsplit('/').next().unwrap_or_default().to_owned();
        checks.push(
            line.with("list", list).with("index", entry.index).with("purpose", entry.purpose.as_str()),
        );
    }
    oldest.map(|since| StatusSeen::Good { since })
}

/// A list that may be used.
struct List {
    parsed: status_list::StatusListCredential,
    since: Timestamp,
    valid_until: Option<Timestamp>,
    recorded_at: Option<u64>,
}

fn judge(subject: &str, entry: &StatusEntry, list: &List) -> Check {
    let since = Some(list.since);
    let line = match list.parsed.check(entry) {
        Ok(false) => Check::pass(CheckName::Status, subject),
        Ok(true) => match entry.purpose {
            StatusPurpose::Revocation => Check::fail(CheckName::Status, subject, Reason::Revoked { since }),
            StatusPurpose::Suspension => {
                Check::fail(CheckName::Status, subject, Reason::Suspended { since })
            }
            StatusPurpose::Refresh | StatusPurpose::Message => Check::pass(CheckName::Status, subject),
        },
        Err(error) => refused(subject, Reason::StatusListInvalid { code: error.code() }),
    };
    match list.recorded_at {
        Some(index) => line.with("listEntry", index),
        None => line,
    }
}

fn refused(subject: &str, reason: Reason) -> Check {
    Check::unknown(CheckName::Status, subject, reason, Weight::Required)
}

/// The newest usable copy of the list as of the judged time; a copy that is known to be superseded is stale.
fn newest_list(bench: &Bench<'_>, entry: &StatusEntry, issuer: &Did) -> Result<List, Reason> {
    let mut best: Option<List> = None;
    let mut refusal = Reason::StatusMissing { uri: entry.list_uri.clone() };
    for copy in bench.material.status_lists.iter().filter(|copy| copy.uri == entry.list_uri) {
        match usable(bench, &entry.list_uri, &copy.body, issuer) {
            Ok(Some(list)) => {
                let order = |list: &List| (list.recorded_at.is_some(), list.recorded_at, list.since);
                if best.as_ref().is_none_or(|best| order(&list) > order(best)) {
                    best = Some(list);
                }
            }
            Ok(None) => {}
            Err(reason) => refusal = reason,
        }
    }
    let list = best.ok_or(refusal)?;
    let head = issuer
        .scid()
        .and_then(|scid| bench.ledger.newest(&MapKey::status(scid, &entry.list_uri)))
        .and_then(|current| current.head().map(|head| head.value().leaf_index));
    if head.is_some_and(|head| list.recorded_at.is_none_or(|at| at < head)) {
        return Err(Reason::StatusStale);
    }
    let until = list.valid_until;
    if until.is_some_and(|until| until < bench.context.as_of) {
        return Err(Reason::StatusStale);
    }
    Ok(list)
}

/// Reads one copy: signed by the issuer, with a key in force where it was recorded, not younger than the judged time.
fn usable(bench: &Bench<'_>, uri: &str, body: &str, issuer: &Did) -> Result<Option<List>, Reason> {
    let invalid = |code| Reason::StatusListInvalid { code };
    let secured = SecuredCredential::parse(body.as_bytes()).map_err(|error| invalid(error.code()))?;
    let parsed = status_list::StatusListCredential::from_credential(secured.credential())
        .map_err(|error| invalid(error.code()))?;
    if secured.credential().issuer() != issuer.as_str() {
        return Err(invalid("status-list-issuer"));
    }
    let place = recorded(bench, uri, body, issuer)?;
    let as_of = bench.context.as_of;
    let since = place.as_ref().map(|(_, time)| *time).or_else(|| secured.credential().valid_from());
    let Some(since) = since else { return Err(invalid("status-list-undated")) };
    if since > as_of {
        return Ok(None);
    }
    let method = secured.issuer_verification_method();
    if signer::did_of(method)? != *issuer {
        return Err(invalid("status-list-issuer"));
    }
    let history = bench.history(issuer)?;
    let (url, signer) = signer::key(&history, method, Relationship::AssertionMethod)?;
    secured.verify_issuer_proof(&signer.key).map_err(|error| invalid(error.code()))?;
    let in_force = match place {
        Some((index, _)) => bench
            .context
            .logs
            .iter()
            .flat_map(|log| log.logs())
            .filter_map(|log| history.at_index(log.name(), index))
            .any(|(version, _)| version.document.allows(&url, Relationship::AssertionMethod)),
        None => {
            let found = Found::default();
            let purpose = Relationship::AssertionMethod;
            let line = signer::in_force(bench, CheckName::Status, "", &history, (&url, &signer), purpose, &found);
            line.outcome == Outcome::Pass
        }
    };
    if !in_force {
        return Err(invalid("key-not-in-force"));
    }
    let valid_until = secured.credential().valid_until();
    Ok(Some(List { parsed, since, valid_until, recorded_at: place.map(|(index, _)| index) }))
}

/// Where this very copy is recorded by the issuer, if a receipt shows it.
fn recorded(
    bench: &Bench<'_>,
    uri: &str,
    body: &str,
    issuer: &Did,
) -> Result<Option<(u64, Timestamp)>, Reason> {
    let digest = body_digest(body);
    for seen in bench.ledger.receipts() {
        let Ok(leaf) = &seen.result else { continue };
        if leaf.leaf().kind() != Kind::Status {
            continue;
        }
        let Ok(entry) = SignedEntry::parse(Kind::Status, leaf.leaf().body()) else { continue };
        let matches = match entry.claims() {
            Claims::Status(status) => {
                status.uri == uri && status.digest == digest && issuer.scid() == Some(entry.scid())
            }
            Claims::Issuance { .. } | Claims::Countersignature { .. } => false,
        };
        if matches {
            super::record::entry_signature(bench, leaf, &entry)?;
            return Ok(Some((leaf.leaf_index(), leaf.leaf().time())));
        }
    }
    Ok(None)
}
