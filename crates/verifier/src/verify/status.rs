//! Check 9: the status lists a credential names, the newest at or before the judged time.

mod announcer;
pub(super) mod certified;
mod copies;
mod newest;
mod token;

use inkan_core::{Digest, Timestamp, sha256, tolerance};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{SecuredCredential, status_list};
use inkan_crypto::PublicKey;
use inkan_did::{Did, Relationship};
use inkan_ledger::{Kind, MapKey};

use self::announcer::{Announcer, announcers, named};
use self::newest::still_good;
use super::record::{self, Found, Record};
use super::signer::NoSigner;
use super::{Bench, signer};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::ledger_view::Seen;
use crate::reason::Reason;
use crate::verified::{Recorded, StatusSeen};

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
    if credential.status().is_empty() && credential.token_status().is_none() {
        if credential.unknown_status().is_empty() {
            checks.push(Check::skipped(CheckName::Status, subject));
        }
        return Some(StatusSeen::NotNamed);
    }
    let mut oldest: Option<Timestamp> = None;
    let mut seen = |since| oldest = Some(oldest.map_or(since, |seen| seen.min(since)));
    if let Some(entry) = credential.token_status() {
        token::check(bench, subject, entry, issuer, checks).into_iter().for_each(&mut seen);
    }
    for entry in credential.status() {
        let line = match list_for(bench, entry, issuer) {
            Ok(list) => {
                seen(list.since);
                judge(subject, entry, &list)
            }
            Err(reason) => refused(subject, reason),
        };
        let list = entry.list_uri.rsplit('/').next().unwrap_or_default().to_owned();
        checks.push(
            line.with("list", list)
                .with("index", entry.index)
                .with("purpose", entry.purpose.as_str()),
        );
    }
    oldest.map(|since| StatusSeen::Good { since })
}

/// A list that may be used.
struct List<P = status_list::StatusListCredential> {
    parsed: P,
    /// Who announced it.
    by: Did,
    since: Timestamp,
    valid_until: Option<Timestamp>,
    recorded: Option<Recorded>,
    /// The number under which it is recorded.
    sequence: Option<u64>,
    /// For how many seconds a copy may be kept.
    ttl: Option<i64>,
    /// When this verifier fetched the copy, at the earliest.
    fetched_at: Option<Timestamp>,
}

impl<P> List<P> {
    /// The order of copies: those that are recorded after the others, by time first, since places of two logs do not compare.
    fn age(&self) -> (bool, Timestamp, Option<u64>) {
        (self.recorded.is_some(), self.since, self.recorded_at())
    }

    /// Whether it is recorded there.
    fn is_at(&self, origin: &str, index: u64) -> bool {
        let here = |one: &Recorded| one.origin() == origin && one.leaf_index() == index;
        self.recorded.as_ref().is_some_and(here)
    }

    fn recorded_at(&self) -> Option<u64> {
        self.recorded.as_ref().map(Recorded::leaf_index)
    }
}

impl List {
    fn says(&self, entry: &StatusEntry) -> bool {
        self.parsed.check(entry) == Ok(true)
    }
}

fn judge(subject: &str, entry: &StatusEntry, list: &List) -> Check {
    let since = Some(list.since);
    let value = list.parsed.value(entry);
    let line = match value {
        Ok(0) => Check::pass(CheckName::Status, subject),
        Ok(value) => match entry.purpose {
            StatusPurpose::Revocation => {
                Check::fail(CheckName::Status, subject, Reason::Revoked { since })
            }
            StatusPurpose::Suspension => {
                Check::fail(CheckName::Status, subject, Reason::Suspended { since })
            }
            // Neither says anything against the credential.
            StatusPurpose::Refresh | StatusPurpose::Message => {
                Check::pass(CheckName::Status, subject).with("value", value)
            }
        },
        Err(error) => refused(subject, Reason::StatusListInvalid { code: error.code() }),
    };
    // The words that the issuer gave this value, also where it is none.
    let says = value.ok().and_then(|value| entry.message(value));
    let line = match says {
        Some(says) => line.with("says", says),
        None => line,
    };
    match &list.recorded {
        Some(recorded) => of_record(line, recorded),
        None => line,
    }
}

/// A line that rests on a recorded list: entries of two logs may have one number.
fn of_record(line: Check, recorded: &Recorded) -> Check {
    let line = line.with("listLog", recorded.origin()).with("listEntry", recorded.leaf_index());
    record::timed(line, recorded)
}

fn refused(subject: &str, reason: Reason) -> Check {
    Check::unknown(CheckName::Status, subject, reason, Weight::Required)
}

/// The list to judge by as of the judged time: the newest usable copy, which must not be known to be superseded.
///
/// A copy that says something against the credential is never passed over for one that says nothing: revocation is for
/// good, whichever copy shows it; anything else counts if no copy that was made later says otherwise.
fn list_for(bench: &Bench<'_>, entry: &StatusEntry, issuer: &Did) -> Result<List, Reason> {
    let who = announcers(bench, issuer);
    ask(bench, &entry.list_uri, &who);
    let served = bench.material.status_lists.iter().filter(|copy| copy.uri == entry.list_uri);
    let (mut lists, refusal) =
        copies::readable(&entry.list_uri, served, |copy| usable(bench, copy, &who));
    if entry.purpose == StatusPurpose::Revocation
        && let Some(revoked) = lists.iter().position(|list| list.says(entry))
    {
        return Ok(lists.swap_remove(revoked));
    }
    lists.sort_by_key(List::age);
    let newest = lists.pop().ok_or(refusal)?;
    let against = |list: &List| list.since >= newest.since && list.says(entry);
    if let Some(later) = lists.iter().position(against) {
        return Ok(lists.swap_remove(later));
    }
    still_good(bench, &entry.list_uri, &who, (&newest, &lists))?;
    Ok(newest)
}

/// The verdict rests on this list, also where a copy says against the credential and none has to be shown to be the newest: what
/// is proved of the list is then remembered.
fn ask(bench: &Bench<'_>, uri: &str, who: &[Announcer]) {
    for scid in who.iter().filter_map(|one| one.did.scid()) {
        bench.ledger.ask(&MapKey::status(scid, uri));
    }
}

/// Reads one copy: signed by the issuer or a successor, with a key in force where it was recorded, not younger than the judged time.
fn usable(
    bench: &Bench<'_>,
    copy: &ServedStatusList,
    who: &[Announcer],
) -> Result<Option<List>, Reason> {
    let (uri, bytes) = (copy.uri.as_str(), copy.bytes());
    let secured = SecuredCredential::parse(&bytes).map_err(|error| invalid(error.code()))?;
    let credential = secured.credential();
    let parsed = status_list::StatusListCredential::from_credential(credential)
        .map_err(|error| invalid(error.code()))?;
    let method = secured.issuer_verification_method();
    let by = named(who, credential.issuer()).ok_or(invalid("status-list-issuer"))?;
    let issuer = &by.did;
    let Some(found) = recorded(bench, uri, &sha256(&[&bytes]), issuer)? else { return Ok(None) };
    let record = found.record.as_ref().map(|record| record.recorded.clone());
    by.may(record.as_ref())?;
    if record.is_none() && credential.id() != Some(uri) {
        // Nothing that was signed says that this is the list asked for.
        return Err(invalid("status-list-id"));
    }
    let since = record.as_ref().map(Recorded::leaf_time).or_else(|| credential.valid_from());
    let Some(since) = since else { return Err(invalid("status-list-undated")) };
    let as_of = bench.context.as_of;
    let begins = [credential.valid_from(), secured.not_before()].into_iter().flatten().max();
    let begins_later =
        begins.is_some_and(|begins| begins > as_of.plus_seconds(tolerance::CREDENTIAL));
    if since > as_of || begins_later {
        return Ok(None);
    }
    let proof = secured.prepare_issuer_proof(bench.contexts());
    signed_by(bench, issuer, method, &found, |key| proof.check(key).map_err(|error| error.code()))?;
    let ends = [credential.valid_until(), secured.signature_expires()].into_iter().flatten().min();
    // Milliseconds; a part of a second counts as one, since no other time here is finer.
    let ttl = parsed.ttl_milliseconds().map(|ttl| seconds(ttl.div_ceil(1_000)));
    let fetched_at = copy.fetched_at;
    let (by, sequence) = (issuer.clone(), found.record.and_then(|record| record.sequence));
    let (valid_until, recorded) = (ends, record);
    Ok(Some(List { parsed, by, since, valid_until, recorded, sequence, ttl, fetched_at }))
}

const fn invalid(code: &'static str) -> Reason {
    Reason::StatusListInvalid { code }
}

fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whoever signed the copy may sign lists for `issuer`: it is the issuer itself, with a key for assertions that was in force
/// where the copy is recorded, or else is now. Lists of every form are judged by this.
fn signed_by(
    bench: &Bench<'_>,
    issuer: &Did,
    method: &str,
    found: &Found,
    verify: impl Fn(&PublicKey) -> Result<(), &'static str>,
) -> Result<(), Reason> {
    if signer::did_of(method)? != *issuer {
        return Err(invalid("status-list-issuer"));
    }
    let history = bench.history(issuer)?;
    let signer = signer::find(bench, &history, method, Relationship::AssertionMethod, verify)
        .map_err(|problem| match problem {
            NoSigner::Unlisted => invalid("verification-method-unknown"),
            NoSigner::TooMany => Reason::TooMuchWork,
            NoSigner::Fails(code) => invalid(code),
        })?;
    let line = signer::in_force(bench, (CheckName::Status, ""), &history, &signer, found);
    if line.outcome == Outcome::Unknown(Reason::Stale) {
        return Err(Reason::Stale);
    }
    if line.outcome != Outcome::Pass {
        return Err(invalid(line.reason().map_or("key-not-in-force", Reason::code)));
    }
    signer::ended_before(bench, &history, found).map(drop).map_err(|reason| invalid(reason.code()))
}

/// Where this very copy is recorded by the issuer, if a receipt shows it: at its newest place as of the judged time. `None` for a
/// copy that was recorded only after the place that is looked from: the second of its making says no more than the order in the log.
fn recorded(
    bench: &Bench<'_>,
    uri: &str,
    digest: &Digest,
    issuer: &Did,
) -> Result<Option<Found>, Reason> {
    let of_copy = |seen: &Seen<'_>| {
        let leaf = seen.result.as_ref().ok().filter(|leaf| leaf.leaf().kind() == Kind::Status)?;
        let entry = leaf.signed_entry().ok()?;
        let matches = entry.claims().status().is_some_and(|status| {
            status.uri == uri && status.digest == *digest && issuer.scid() == Some(entry.scid())
        });
        matches.then(|| (leaf.clone(), entry))
    };
    let mut found = Found::default();
    for (leaf, entry) in bench.ledger.receipts().iter().filter_map(of_copy) {
        let rank = |time: Timestamp, at: u64| (time <= bench.context.as_of, at);
        let here = rank(leaf.leaf().time(), leaf.leaf_index());
        let there =
            |record: &Record| rank(record.recorded.leaf_time(), record.recorded.leaf_index());
        if found.record.as_ref().is_none_or(|record| there(record) < here) {
            record::entry_signature(bench, &leaf, &entry)?;
            found.record = Some(Record {
                recorded: record::recorded(bench, &leaf, &entry, issuer),
                act: None,
                sequence: entry.claims().status().map(|status| status.sequence),
                leaf_hash: leaf.leaf_hash(),
            });
        }
    }
    if found.record.is_none()
        && let Some((leaf, entry)) = bench.ledger.later().iter().find_map(of_copy)
    {
        record::entry_signature(bench, &leaf, &entry)?;
        return Ok(None);
    }
    Ok(Some(found))
}
