//! Reports of a DID that one of its keys was in other hands since a time (ledger §2.3, `key-compromised`).
//!
//! A report counts from its record on: as of an earlier time nobody knew. What the key signed at that time or later is
//! refused; what is proved to be older stays good. Proved is by witnesses: whoever has a key may have the operator's ear.

use inkan_core::{Timestamp, tolerance};
use inkan_did::DidUrl;
use inkan_ledger::{Claims, Kind, Leaf, MapKey, SignedEntry, TrustStatement};

use super::Bench;
use super::record;
use super::signer::Signer;
use crate::history::DidHistory;
use crate::reason::Reason;
use crate::verified::Recorded;

/// A report that holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Report {
    /// Since when the key is not trusted.
    pub(super) since: Timestamp,
    /// Place of the report.
    pub(super) leaf_index: u64,
}

/// The report about the signer's key that reaches back furthest, as of the judged time.
///
/// # Errors
///
/// [`Reason::HistoryIncomplete`] if there is one, and who signed it cannot be told.
pub(super) fn reported(
    bench: &Bench<'_>,
    history: &DidHistory,
    signer: &Signer,
) -> Result<Option<Report>, Reason> {
    let Some(scid) = history.did().scid() else { return Ok(None) };
    let mut worst: Option<Report> = None;
    let mut weigh = |report: Option<Report>| {
        if let Some(report) = report
            && worst.is_none_or(|known| report.since < known.since)
        {
            worst = Some(report);
        }
    };
    for seen in bench.ledger.receipts() {
        let Ok(leaf) = &seen.result else { continue };
        let place = (leaf.origin(), leaf.leaf_index());
        weigh(judge(bench, history, signer, place, leaf.leaf())?);
    }
    for key in keys(scid, signer) {
        for current in bench.ledger.heads(&key) {
            let Some(head) = current.head() else { continue };
            let place = (current.epoch().origin(), head.value().leaf_index);
            weigh(judge(bench, history, signer, place, head.leaf())?);
        }
    }
    Ok(worst)
}

/// Where the map has a report about this key: its meaning is the same under both types of statement.
fn keys(scid: &str, signer: &Signer) -> [MapKey; 2] {
    let (url, did) = (signer.url.as_str(), signer.url.did().as_str());
    let action = inkan_ledger::KEY_COMPROMISED;
    [TrustStatement::Authorization, TrustStatement::Recognition]
        .map(|statement| MapKey::trust_of(scid, statement, did, action, url))
}

fn judge(
    bench: &Bench<'_>,
    history: &DidHistory,
    signer: &Signer,
    (origin, at): (&str, u64),
    leaf: &Leaf,
) -> Result<Option<Report>, Reason> {
    let later = bench.context.as_of.plus_seconds(tolerance::LEDGER_FUTURE);
    if leaf.kind() != Kind::Trust || leaf.time() > later {
        return Ok(None);
    }
    let Ok(entry) = SignedEntry::parse(Kind::Trust, leaf.body()) else { return Ok(None) };
    let Claims::Trust(claims) = entry.claims() else { return Ok(None) };
    let names = |url: &DidUrl| {
        url.did().scid() == history.did().scid() && url.fragment() == signer.url.fragment()
    };
    let about = DidUrl::parse(&claims.resource).is_ok_and(|url| names(&url));
    if !claims.is_compromise_report() || !about || history.did().scid() != Some(entry.scid()) {
        return Ok(None);
    }
    match record::entry_signature_at(bench, (origin, at), &entry) {
        Ok(()) => {}
        Err(open @ Reason::HistoryIncomplete { .. }) => return Err(open),
        // Not by the DID itself: anybody may write such a line.
        Err(_) => return Ok(None),
    }
    // The URL may have got another key since.
    let until = history.at_index(origin, at).map_or(u64::MAX, |(version, _)| version.number);
    let meant = |number: u64| number <= until;
    let versions = history.versions().iter();
    if !versions.filter(|version| meant(version.number)).any(|version| signer.listed_in(version)) {
        return Ok(None);
    }
    Ok(Some(Report { since: claims.not_before, leaf_index: at }))
}

/// The signature is proved to be older than the theft.
pub(super) fn signed_before(
    bench: &Bench<'_>,
    report: &Report,
    recorded: &Recorded,
) -> Result<(), Reason> {
    let compromised = Reason::KeyCompromised { since: report.since };
    if recorded.leaf_time() >= report.since {
        return Err(compromised);
    }
    let (found, needed) = (recorded.grades(), bench.context.grade);
    if !found.holds(needed) {
        let (found, needed) = (found.to_string(), needed.to_string());
        return Err(Reason::TimeGradeTooLow { found, needed });
    }
    match recorded.existed_by() {
        Some(existed_by) if existed_by < report.since => Ok(()),
        Some(_) | None => Err(compromised),
    }
}
