//! What the ledger proves of a DID's versions: those at hand, and that there is a newest one.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh::{self, Entry, Head};
use inkan_ledger::{Flags, Leaf, MapKey};

use super::{Place, Version};
use crate::ledger_view::LedgerView;
use crate::reason::Reason;

/// What one current-proof shows of a DID.
#[derive(Clone, Debug)]
pub(super) struct Pin {
    pub(super) origin: String,
    /// Everything before this place was considered.
    pub(super) epoch_index: u64,
    pub(super) head_index: u64,
    pub(super) number: u64,
    pub(super) ended: bool,
    pub(super) fresh_at: Option<Timestamp>,
}

/// Heads that current-proofs show, as of `limit`; those of logs where the DID never was at home say nothing.
pub(super) fn pins(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
    versions: &[Version],
) -> Vec<Pin> {
    let home = versions.last().and_then(|version| version.home.as_deref());
    let lived = |origin: &str| {
        home.is_none_or(|home| home == origin)
            || versions.iter().any(|version| version.place_in(origin).is_some())
    };
    let mut pins = Vec::new();
    for current in ledger.heads(&MapKey::did(scid)) {
        let Some(head) = current.head().filter(|head| head.leaf().time() <= limit) else {
            continue;
        };
        let origin = current.epoch().origin();
        if lived(origin) {
            pins.push(Pin {
                origin: origin.to_owned(),
                epoch_index: current.epoch_index(),
                head_index: head.value().leaf_index,
                number: head.value().sequence,
                ended: head.value().flags.has(Flags::ENDED),
                fresh_at: current.fresh_at(),
            });
        }
    }
    pins
}

/// Recorded versions, and the heads that their log lines led to.
type Recorded = (Vec<Version>, Vec<(Head, Vec<u8>)>);

/// The contiguous run of recorded versions from the first on, each checked against its predecessor by the ledger's
/// own rules (D1–D14).
pub(super) fn recorded_versions(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
) -> Result<Recorded, Reason> {
    let mut versions: Vec<Version> = Vec::new();
    let mut heads: Vec<(Head, Vec<u8>)> = Vec::new();
    for (expected, (number, found)) in (1_u64..).zip(candidates(scid, ledger, limit)) {
        if number != expected {
            break;
        }
        let head = heads.last().map(|(head, _)| head);
        let Some(chosen) = choose(head, versions.last(), &found)? else { break };
        let Chosen { head, line, place, arrived } = chosen;
        versions.push(Version::from_head(&head, Some(place), arrived));
        heads.push((head, line));
    }
    Ok((versions, heads))
}

/// A proved leaf that holds a version.
struct Candidate {
    entry: Arc<Entry>,
    body: Vec<u8>,
    place: Place,
}

/// Proved leaves by version number: from receipts, and the newest one from current-proofs.
fn candidates(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
) -> BTreeMap<u64, Vec<Candidate>> {
    let proved = ledger.did_leaves(scid);
    let mut found: Vec<(Arc<Entry>, &Leaf, &str, u64)> = proved
        .map(|(leaf, entry)| (entry, leaf.leaf(), leaf.origin(), leaf.leaf_index()))
        .collect();
    let heads: Vec<_> = ledger.heads(&MapKey::did(scid)).collect();
    for current in &heads {
        let Some(head) = current.head() else { continue };
        let leaf = head.leaf();
        // Most often a receipt at hand holds it, too.
        let known = found.iter().find(|(_, other, ..)| other.body() == leaf.body());
        let entry = match known {
            Some((entry, ..)) => Some(Arc::clone(entry)),
            None => inkan_ledger::state::parse_did_body(leaf.body()).ok().map(Arc::new),
        };
        if let Some(entry) = entry.filter(|entry| entry.scid() == scid) {
            found.push((entry, leaf, current.epoch().origin(), head.value().leaf_index));
        }
    }
    let mut by_number: BTreeMap<u64, Vec<Candidate>> = BTreeMap::new();
    for (entry, leaf, origin, leaf_index) in found {
        let leaf_time = leaf.time();
        if leaf_time <= limit {
            let place = Place { origin: origin.to_owned(), leaf_index, leaf_time };
            let number = entry.number();
            let candidate = Candidate { body: leaf.body().to_vec(), place, entry };
            by_number.entry(number).or_default().push(candidate);
        }
    }
    by_number
}

/// The version that follows, and where it counts.
struct Chosen {
    head: Head,
    line: Vec<u8>,
    place: Place,
    arrived: Option<Place>,
}

/// The one version that follows `head`, at its first place.
///
/// Entries of logs that are not the DID's home do not count, but for one: a version that names another log is recorded in
/// the one it leaves, and there too (ledger §6.6). Its arrival alone shows nothing: the log it left might know better.
fn choose(
    head: Option<&Head>,
    before: Option<&Version>,
    found: &[Candidate],
) -> Result<Option<Chosen>, Reason> {
    let invalid = |code| Reason::DidLogInvalid { code };
    let mut chosen: Option<Chosen> = None;
    let mut arrivals: Vec<(Head, &Place)> = Vec::new();
    let mut verified: Vec<(&Candidate, Head)> = Vec::new();
    for candidate @ Candidate { entry, body, place } in found {
        // The same entry is met in its receipt, in a current-proof, and in the log that it moved to: it is checked once.
        let same =
            |other: &Candidate| other.body == *body && other.place.leaf_time <= place.leaf_time;
        let known = verified.iter().find(|(other, _)| same(other)).map(|(_, next)| next.clone());
        let next = match known {
            Some(next) => next,
            None => {
                let next = webvh::check_next(head, entry, place.leaf_time)
                    .map_err(|error| invalid(error.code()))?;
                verified.push((candidate, next.clone()));
                next
            }
        };
        if webvh::check_home(head, &next, &place.origin).is_err() {
            if next.home() == Some(&place.origin) && head.is_some_and(|head| head.home().is_some())
            {
                arrivals.push((next, place));
            }
            continue;
        }
        let early = |after: &Place| after.leaf_index >= place.leaf_index;
        if before.and_then(|version| version.place_in(&place.origin)).is_some_and(early) {
            return Err(invalid("version-conflict"));
        }
        match &chosen {
            Some(other) if other.head.version_id() != next.version_id() => {
                return Err(invalid("version-conflict"));
            }
            Some(other) if other.place.leaf_index <= place.leaf_index => {}
            Some(_) | None => {
                let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let (line, place) = (line.to_vec(), place.clone());
                chosen = Some(Chosen { head: next, line, place, arrived: None });
            }
        }
    }
    let Some(mut chosen) = chosen else { return Ok(None) };
    for (next, place) in arrivals {
        if next.version_id() != chosen.head.version_id() {
            return Err(invalid("version-conflict"));
        }
        if chosen.arrived.as_ref().is_none_or(|first| place.leaf_index < first.leaf_index) {
            chosen.arrived = Some(place.clone());
        }
    }
    Ok(Some(chosen))
}
