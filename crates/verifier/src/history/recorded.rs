//! What the ledger proves of a DID's versions: those at hand, and that there is a newest one.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_did::webvh::{self, Entry, Head};
use inkan_ledger::{Flags, MapKey};

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
            || versions.iter().filter_map(|v| v.place.as_ref()).any(|at| at.origin == origin)
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

/// The contiguous run of recorded versions from the first on, each checked against its predecessor by the ledger's
/// own rules (D1–D14).
pub(super) fn recorded_versions(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
) -> Result<Vec<Version>, Reason> {
    let mut versions: Vec<Version> = Vec::new();
    let mut head: Option<Head> = None;
    for (expected, (number, found)) in (1_u64..).zip(candidates(scid, ledger, limit)) {
        if number != expected {
            break;
        }
        let after = versions.last().and_then(|version| version.place.as_ref());
        let Some((next, place)) = choose(head.as_ref(), after, &found)? else { break };
        versions.push(Version::from_head(&next, Some(place)));
        head = Some(next);
    }
    Ok(versions)
}

/// Proved leaves by version number: from receipts, and the newest one from current-proofs.
fn candidates(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
) -> BTreeMap<u64, Vec<(Entry, Place)>> {
    let mut by_number: BTreeMap<u64, Vec<(Entry, Place)>> = BTreeMap::new();
    let mut add = |entry: Entry, origin: &str, leaf_index: u64, leaf_time: Timestamp| {
        if leaf_time <= limit {
            let place = Place { origin: origin.to_owned(), leaf_index, leaf_time };
            by_number.entry(entry.number()).or_default().push((entry, place));
        }
    };
    for (leaf, entry) in ledger.did_leaves(scid) {
        add(entry, leaf.origin(), leaf.leaf_index(), leaf.leaf().time());
    }
    for current in ledger.heads(&MapKey::did(scid)) {
        let Some(head) = current.head() else { continue };
        let entry = inkan_ledger::state::parse_did_body(head.leaf().body()).ok();
        if let Some(entry) = entry.filter(|entry| entry.scid() == scid) {
            let (index, time) = (head.value().leaf_index, head.leaf().time());
            add(entry, current.epoch().origin(), index, time);
        }
    }
    by_number
}

/// The one version that follows `head`, at its first place; entries of logs that are not the DID's home do not count.
fn choose(
    head: Option<&Head>,
    after: Option<&Place>,
    found: &[(Entry, Place)],
) -> Result<Option<(Head, Place)>, Reason> {
    let invalid = |code| Reason::DidLogInvalid { code };
    let mut chosen: Option<(Head, Place)> = None;
    for (entry, place) in found {
        let next = webvh::check_next(head, entry, place.leaf_time)
            .map_err(|error| invalid(error.code()))?;
        if webvh::check_home(head, &next, &place.origin).is_err() {
            continue;
        }
        let early =
            |after: &Place| after.origin == place.origin && after.leaf_index >= place.leaf_index;
        if after.is_some_and(early) {
            return Err(invalid("version-conflict"));
        }
        match &chosen {
            Some((other, _)) if other.version_id() != next.version_id() => {
                return Err(invalid("version-conflict"));
            }
            Some((_, at)) if at.leaf_index <= place.leaf_index => {}
            Some(_) | None => chosen = Some((next, place.clone())),
        }
    }
    Ok(chosen)
}
