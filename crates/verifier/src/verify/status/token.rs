//! Token Status Lists ([draft-ietf-oauth-status-list §8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list)),
//! which SD-JWT VCs name: the newest at or before the judged time, as JWT or CWT.
//!
//! Only the issuer of the credential, or who took over from it, may sign its list. The rules are those of Bitstring Status Lists: a copy that says
//! something against the credential is not passed over for one that says nothing.

use inkan_core::{Timestamp, sha256, tolerance};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::token_status_list::{StatusListToken, StatusReference, TokenStatus};
use inkan_did::Did;

use super::announcer::{Announcer, announcers, named};
use super::newest::still_good;
use super::{List, ask, copies, invalid, of_record, recorded, refused, seconds, signed_by};
use crate::check::{Check, CheckName};
use crate::reason::Reason;
use crate::verified::Recorded;
use crate::verify::Bench;

/// One line; the time since when the list says so, unless there is none.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    entry: &StatusReference,
    issuer: &Did,
    checks: &mut Vec<Check>,
) -> Option<Timestamp> {
    let (line, seen) = match list_for(bench, entry, issuer) {
        Ok(list) => (judge(subject, entry, &list), Some(list.since)),
        Err(reason) => (refused(subject, reason), None),
    };
    let name = entry.uri.rsplit('/').next().unwrap_or_default().to_owned();
    checks.push(line.with("list", name).with("index", entry.index).with("form", "token"));
    seen
}

fn judge(subject: &str, entry: &StatusReference, list: &List<StatusListToken>) -> Check {
    let line = said(subject, entry, &list.parsed, list.since);
    match &list.recorded {
        Some(recorded) => of_record(line, recorded),
        None => line,
    }
}

/// What a list says of the credential, whoever may announce it.
pub(super) fn said(
    subject: &str,
    entry: &StatusReference,
    list: &StatusListToken,
    since: Timestamp,
) -> Check {
    const NAME: CheckName = CheckName::Status;
    let since = Some(since);
    match list.status_of(entry) {
        Ok(TokenStatus::Valid) => Check::pass(NAME, subject),
        Ok(TokenStatus::Invalid) => Check::fail(NAME, subject, Reason::Revoked { since }),
        Ok(TokenStatus::Suspended) => Check::fail(NAME, subject, Reason::Suspended { since }),
        // What it means is between issuer and application: it is not known here, so nothing rests on it.
        Ok(TokenStatus::Other(value)) => {
            let code = "status-value-unknown";
            refused(subject, Reason::StatusListInvalid { code }).with("value", value)
        }
        Err(error) => refused(subject, Reason::StatusListInvalid { code: error.code() }),
    }
}

/// Reads a token as it is served: text is a JWT, anything else a CWT.
pub(super) fn parse(bytes: &[u8]) -> Result<StatusListToken, Reason> {
    let text = str::from_utf8(bytes).ok().map(str::trim_ascii).filter(|text| text.is_ascii());
    let parsed = match text {
        Some(text) => StatusListToken::parse_jwt(text),
        None => StatusListToken::parse_cwt(bytes),
    };
    parsed.map_err(|error| invalid(error.code()))
}

/// The list to judge by as of the judged time.
fn list_for(
    bench: &Bench<'_>,
    entry: &StatusReference,
    issuer: &Did,
) -> Result<List<StatusListToken>, Reason> {
    let who = announcers(bench, issuer);
    ask(bench, &entry.uri, &who);
    let all = copies::of_token(bench, &entry.uri);
    let (mut lists, refusal) =
        copies::readable(&entry.uri, all.iter().map(AsRef::as_ref), |copy| {
            usable(bench, entry, copy, (&who, issuer))
        });
    let says = |list: &List<StatusListToken>, status| list.parsed.status_of(entry) == Ok(status);
    // Invalid is for good, whichever copy shows it.
    if let Some(revoked) = lists.iter().position(|list| says(list, TokenStatus::Invalid)) {
        return Ok(lists.swap_remove(revoked));
    }
    lists.sort_by_key(List::age);
    let newest = lists.pop().ok_or(refusal)?;
    let against = |list: &List<StatusListToken>| {
        list.since >= newest.since && !says(list, TokenStatus::Valid)
    };
    if let Some(later) = lists.iter().position(against) {
        return Ok(lists.swap_remove(later));
    }
    still_good(bench, &entry.uri, &who, (&newest, &lists))?;
    Ok(newest)
}

/// Reads one copy: signed by the issuer, with a key in force where it was recorded, not younger than the judged time.
fn usable(
    bench: &Bench<'_>,
    entry: &StatusReference,
    copy: &ServedStatusList,
    (who, issuer): (&[Announcer], &Did),
) -> Result<Option<List<StatusListToken>>, Reason> {
    let bytes = copy.bytes();
    let parsed = parse(&bytes)?;
    if parsed.uri() != entry.uri {
        return Err(invalid("status-list-id"));
    }
    let is_known = |name: &&str| named(who, name).is_some();
    if parsed.issuer().is_some_and(|name| !is_known(&name)) {
        return Err(invalid("status-list-issuer"));
    }
    let kid = parsed.kid().ok_or(invalid("verification-method-unknown"))?;
    // Who announces it says so by name, or by the name of the key; else it is the issuer, and the key has to be its own.
    let of_kid = kid.split('#').next().filter(is_known);
    let name = parsed.issuer().or(of_kid).unwrap_or(issuer.as_str());
    let by = named(who, name).ok_or(invalid("status-list-issuer"))?;
    let issuer = &by.did;
    let method = if kid.starts_with('#') { format!("{issuer}{kid}") } else { kid.to_owned() };
    let Some(found) = recorded(bench, &entry.uri, &sha256(&[&bytes]), issuer)? else {
        return Ok(None);
    };
    let record = found.record.as_ref().map(|record| record.recorded.clone());
    by.may(record.as_ref())?;
    let made = parsed.issued_at();
    let since = record.as_ref().map_or(made, Recorded::leaf_time);
    let as_of = bench.context.as_of;
    if since > as_of || made > as_of.plus_seconds(tolerance::CREDENTIAL) {
        return Ok(None);
    }
    signed_by(bench, issuer, &method, &found, |key| {
        parsed.verify(key).map_err(|error| error.code())
    })?;
    let (valid_until, ttl) = (parsed.expires(), parsed.ttl().map(seconds));
    let fetched_at = copy.fetched_at;
    let (by, sequence) = (issuer.clone(), found.record.and_then(|record| record.sequence));
    let recorded = record;
    Ok(Some(List { parsed, by, since, valid_until, recorded, sequence, ttl, fetched_at }))
}
