//! Token Status Lists ([draft-ietf-oauth-status-list §8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list)),
//! which SD-JWT VCs name: the newest at or before the judged time, as JWT or CWT.
//!
//! Only the issuer of the credential may sign its list. The rules are those of Bitstring Status Lists: a copy that says
//! something against the credential is not passed over for one that says nothing.

use inkan_core::{sha256, tolerance};
use inkan_credential::token_status_list::{StatusListToken, StatusReference, TokenStatus};
use inkan_did::{Did, Relationship};

use super::{List, recorded, refused, still_good};
use crate::check::{Check, CheckName, Outcome};
use crate::reason::Reason;
use crate::verified::{Recorded, StatusSeen};
use crate::verify::signer::NoSigner;
use crate::verify::{Bench, signer};

/// One line; `None` unless the list was checked and the credential is good.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    entry: &StatusReference,
    issuer: &Did,
    checks: &mut Vec<Check>,
) -> Option<StatusSeen> {
    let (line, seen) = match list_for(bench, entry, issuer) {
        Ok(list) => (judge(subject, entry, &list), Some(StatusSeen::Good { since: list.since })),
        Err(reason) => (refused(subject, reason), None),
    };
    let name = entry.uri.rsplit('/').next().unwrap_or_default().to_owned();
    checks.push(line.with("list", name).with("index", entry.index).with("form", "token"));
    seen
}

fn judge(subject: &str, entry: &StatusReference, list: &List<StatusListToken>) -> Check {
    const NAME: CheckName = CheckName::Status;
    let since = Some(list.since);
    let line = match list.parsed.status_of(entry) {
        Ok(TokenStatus::Valid) => Check::pass(NAME, subject),
        Ok(TokenStatus::Invalid) => Check::fail(NAME, subject, Reason::Revoked { since }),
        Ok(TokenStatus::Suspended) => Check::fail(NAME, subject, Reason::Suspended { since }),
        // What it means is between issuer and application: it is not known here, so nothing rests on it.
        Ok(TokenStatus::Other(value)) => {
            let code = "status-value-unknown";
            refused(subject, Reason::StatusListInvalid { code }).with("value", value)
        }
        Err(error) => refused(subject, Reason::StatusListInvalid { code: error.code() }),
    };
    match list.recorded_at() {
        Some(index) => line.with("listEntry", index),
        None => line,
    }
}

/// The list to judge by as of the judged time.
fn list_for(
    bench: &Bench<'_>,
    entry: &StatusReference,
    issuer: &Did,
) -> Result<List<StatusListToken>, Reason> {
    let material = bench.material;
    let texts = material.status_lists.iter().filter(|copy| copy.uri == entry.uri);
    let bytes = material.resources.get(&entry.uri).map(Vec::as_slice);
    let copies = texts.map(|copy| copy.body.as_bytes()).chain(bytes);
    let mut lists = Vec::new();
    let mut refusal = Reason::StatusMissing { uri: entry.uri.clone() };
    for copy in copies {
        match usable(bench, entry, copy, issuer) {
            Ok(Some(list)) => lists.push(list),
            Ok(None) => {}
            Err(reason) => refusal = reason,
        }
    }
    let says = |list: &List<StatusListToken>, status| list.parsed.status_of(entry) == Ok(status);
    // Invalid is for good, whichever copy shows it.
    if let Some(revoked) = lists.iter().position(|list| says(list, TokenStatus::Invalid)) {
        return Ok(lists.swap_remove(revoked));
    }
    lists.sort_by_key(|list| (list.recorded_at().is_some(), list.recorded_at(), list.since));
    let newest = lists.pop().ok_or(refusal)?;
    let against = |list: &List<StatusListToken>| {
        list.since >= newest.since && !says(list, TokenStatus::Valid)
    };
    if let Some(later) = lists.iter().position(against) {
        return Ok(lists.swap_remove(later));
    }
    still_good(bench, &entry.uri, issuer, &newest)?;
    Ok(newest)
}

/// Reads one copy: signed by the issuer, with a key in force where it was recorded, not younger than the judged time.
fn usable(
    bench: &Bench<'_>,
    entry: &StatusReference,
    copy: &[u8],
    issuer: &Did,
) -> Result<Option<List<StatusListToken>>, Reason> {
    let invalid = |code| Reason::StatusListInvalid { code };
    let text = std::str::from_utf8(copy).ok().map(str::trim_ascii).filter(|text| text.is_ascii());
    let parsed = match text {
        Some(text) => StatusListToken::parse_jwt(text),
        None => StatusListToken::parse_cwt(copy),
    };
    let parsed = parsed.map_err(|error| invalid(error.code()))?;
    if parsed.uri() != entry.uri {
        return Err(invalid("status-list-id"));
    }
    if parsed.issuer().is_some_and(|found| found != issuer.as_str()) {
        return Err(invalid("status-list-issuer"));
    }
    let kid = parsed.kid().ok_or(invalid("verification-method-unknown"))?;
    let method = if kid.starts_with('#') { format!("{issuer}{kid}") } else { kid.to_owned() };
    if signer::did_of(&method)? != *issuer {
        return Err(invalid("status-list-issuer"));
    }
    let found = recorded(bench, &entry.uri, &sha256(&[copy]), issuer)?;
    let record = found.record.as_ref().map(|record| record.recorded.clone());
    let made = parsed.issued_at();
    let since = record.as_ref().map_or(made, Recorded::leaf_time);
    let as_of = bench.context.as_of;
    if since > as_of || made > as_of.plus_seconds(tolerance::CREDENTIAL) {
        return Ok(None);
    }
    let history = bench.history(issuer)?;
    let purpose = Relationship::AssertionMethod;
    let signer = signer::find(bench, &history, &method, purpose, |key| parsed.verify(key))
        .map_err(|problem| match problem {
            NoSigner::Unlisted => invalid("verification-method-unknown"),
            NoSigner::TooMany => Reason::TooMuchWork,
            NoSigner::Fails(error) => invalid(error.code()),
        })?;
    let line = signer::in_force(bench, (CheckName::Status, ""), &history, &signer, &found);
    if line.outcome != Outcome::Pass {
        return Err(invalid(line.reason().map_or("key-not-in-force", Reason::code)));
    }
    signer::ended_before(bench, &history, &found).map_err(|reason| invalid(reason.code()))?;
    let valid_until = parsed.expires();
    Ok(Some(List { parsed, since, valid_until, recorded: record }))
}
