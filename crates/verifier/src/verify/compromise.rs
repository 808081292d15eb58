//! Reports of a DID that one of its keys was in other hands since a time (ledger §2.3, `key-compromised`).
//!
//! A report counts from its record on: as of an earlier time nobody knew. What the key signed at that time or later is
//! refused; what is proved to be older stays good. Proved is by witnesses: whoever has a key may have the operator's ear.

use std::collections::BTreeSet;

use inkan_core::{Timestamp, tolerance};
use inkan_did::DidUrl;
use inkan_ledger::{Claims, Kind, Leaf, MapKey, SignedEntry};

use super::Bench;
use super::record;
use super::signer::{self, Signer};
use crate::history::DidHistory;
use crate::reason::Reason;
use crate::reports;
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
/// [`Reason::HistoryIncomplete`] if there is one, and who signed it cannot be told; [`Reason::TooMuchWork`] if the key has more
/// URLs than are looked at.
pub(super) fn reported(
    bench: &Bench<'_>,
    history: &DidHistory,
    signer: &Signer,
) -> Result<Option<Report>, Reason> {
    if history.did().scid().is_none() {
        return Ok(None);
    }
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
    for key in keys(history, signer)? {
        for current in bench.ledger.heads(&key) {
            let Some(head) = current.head() else { continue };
            let place = (current.epoch().origin(), head.value().leaf_index);
            weigh(judge(bench, history, signer, place, head.leaf())?);
        }
    }
    Ok(worst)
}

/// The URLs by which the key may have been reported.
fn urls(history: &DidHistory, signer: &Signer) -> Result<BTreeSet<DidUrl>, Reason> {
    let document = |version| reports::document_with(version, &signer.key);
    let documents: Vec<_> = history.versions().iter().map(document).collect();
    let urls = reports::reportable(&documents, |_, key| *key == signer.key);
    if urls.len() > reports::URLS { Err(Reason::TooMuchWork) } else { Ok(urls) }
}

/// Where the map has a report about this key, if there is one.
fn keys(history: &DidHistory, signer: &Signer) -> Result<BTreeSet<MapKey>, Reason> {
    let Some(scid) = history.did().scid() else { return Ok(BTreeSet::new()) };
    let mut urls = urls(history, signer)?;
    urls.insert(signer.url.clone());
    Ok(urls.iter().flat_map(|url| reports::map_keys(scid, url)).collect())
}

/// Up to when nothing can have been reported about the key that is not at hand: a current-proof shows of each place of the map,
/// in every log where the DID lived, what stands there. `None` if that is not shown, or not since when.
///
/// A log that the DID has left takes no more reports of it: there it is enough that the proof is later than the leaving, where that
/// is shown.
pub(super) fn looked_for(
    bench: &Bench<'_>,
    history: &DidHistory,
    signer: &Signer,
) -> Option<Timestamp> {
    let scid = history.did().scid()?;
    let mut until = history.fresh_at()?;
    for key in urls(history, signer).ok()?.iter().flat_map(|url| reports::map_keys(scid, url)) {
        for origin in history.logs() {
            let heads = bench.ledger.heads(&key);
            let mut there = heads.filter(|current| current.epoch().origin() == origin);
            match history.left(origin) {
                Some(left) => drop(there.find(|current| current.epoch_index() > left)?),
                None => until = until.min(there.filter_map(|current| current.fresh_at()).max()?),
            }
        }
    }
    Some(until)
}

/// That what is known of the DID is of the log where it lives, and, with reports about the key, as recent as the context asks for:
/// whoever made a bundle could leave a report out otherwise.
pub(super) fn recent(
    bench: &Bench<'_>,
    history: &DidHistory,
    signer: &Signer,
) -> Result<(), Reason> {
    signer::in_sight(bench, history)?;
    let Some(max_age) = bench.context.max_age.filter(|_| history.did().scid().is_some()) else {
        return Ok(());
    };
    let seen = looked_for(bench, history, signer);
    let age = seen.map(|seen| bench.context.as_of.seconds_since(seen));
    if age.is_some_and(|age| age <= max_age) { Ok(()) } else { Err(Reason::Stale) }
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
    let Ok(url) = DidUrl::parse(&claims.resource) else { return Ok(None) };
    let about = url.did().scid() == history.did().scid();
    if !claims.is_compromise_report() || !about || history.did().scid() != Some(entry.scid()) {
        return Ok(None);
    }
    match record::entry_signature_at(bench, (origin, at), &entry) {
        Ok(()) => {}
        Err(open @ Reason::HistoryIncomplete { .. }) => return Err(open),
        // Not by the DID itself: anybody may write such a line.
        Err(_) => return Ok(None),
    }
    if !reports::means(history, (&url, &signer.key), (origin, at)) {
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
