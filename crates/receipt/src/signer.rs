//! Who signed an entry, and was its key in force there? V10 of §5.2 of the ledger specification.
//!
//! In scope: the signer's versions from the receipts of its `did` entries, which of them was current at a place in a
//! log, and whether the signer was at home there (D14, §6.6). Out of scope: the rules of single entries (`inkan-did`).

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh::{self, Entry, Head};
use inkan_ledger::{
    CurrentProof, Kind, LogPolicy, MapKey, SignedEntry, VerifiedCurrent, VerifiedLeaf,
    verify_current, verify_receipt,
};
use serde_json::json;

use crate::receipt::{Judged, did_entry_id, entry_facts, judged_at, read_sidecar};
use crate::report::Outcome;
use crate::request::ReceiptRequest;

/// What a history that does not hold is answered with: the entry cannot be shown to be its signer's.
const FORGED: &str = "entry-signature-invalid";

/// One version, and where it counts.
struct Version {
    head: Head,
    places: Vec<Place>,
    /// Whether every move up to here is shown by the log that was left.
    proved: bool,
}

/// Entries that receipts prove, with their places, by version number.
type Found = BTreeMap<u64, Vec<(Entry, Place)>>;

/// A place in a log.
struct Place {
    origin: String,
    index: u64,
    time: Timestamp,
}

/// Judges a `did` leaf: it follows its predecessors, and its log was its home.
pub(crate) fn judge_did(
    leaf: &VerifiedLeaf,
    asked: &ReceiptRequest,
    policy: &LogPolicy,
) -> Result<Judged, &'static str> {
    let own = leaf.did_entry().ok_or("malformed-leaf")?;
    let (scid, number) = (own.scid().to_owned(), own.number());
    let version_id = own.version_id().to_owned();
    let mut found = proved_entries(&scid, asked, policy)?;
    found.entry(number).or_default().push((Arc::unwrap_or_clone(own), place_of(leaf)));
    let versions = chain(&found)?;
    let facts =
        vec![("entry", json!({ "id": did_entry_id(&scid, &version_id), "versionId": version_id }))];
    let at = usize::try_from(number).ok().and_then(|number| versions.get(number.checked_sub(1)?));
    let Some(version) = at else {
        return Ok(Judged { outcome: Outcome::NotChecked, entry: None, facts });
    };
    let here = |place: &&Place| place.origin == leaf.origin() && place.index == leaf.leaf_index();
    if !version.places.iter().any(|place| here(&place)) {
        return Err("not-home");
    }
    let outcome = if version.proved { Outcome::Pass } else { Outcome::NotChecked };
    Ok(Judged { outcome, entry: None, facts })
}

/// Judges a signed entry: the key that it names was its signer's at this place, and made the signature.
pub(crate) fn judge_signed(
    leaf: &VerifiedLeaf,
    entry: SignedEntry,
    asked: &ReceiptRequest,
    policy: &LogPolicy,
) -> Result<Judged, &'static str> {
    let mut facts = vec![("entry", entry_facts(&entry))];
    if asked.history.is_none() {
        return Ok(Judged { outcome: Outcome::NotChecked, entry: Some(entry), facts });
    }
    let found = proved_entries(entry.scid(), asked, policy)?;
    let versions = chain(&found)?;
    let pin = pinned(entry.scid(), asked, policy)?;
    let (origin, index) = (leaf.origin(), leaf.leaf_index());
    let before = |place: &Place| place.origin == origin && place.index < index;
    let current = versions.iter().rev().find(|version| version.places.iter().any(before));
    let elsewhere = |version: &Version| version.head.home().is_some_and(|home| home != origin);
    let Some(version) = current else {
        if !versions.is_empty() && versions.iter().all(elsewhere) {
            return Err("not-home");
        }
        return Ok(Judged { outcome: Outcome::NotChecked, entry: Some(entry), facts });
    };
    if elsewhere(version) {
        return Err("not-home");
    }
    let newest = versions.last().map_or(0, |version| version.head.number());
    // The pin counts if it is of this log, and considered the entry's own place.
    let pin = pin.filter(|pin| pin.epoch().origin() == origin && pin.epoch_index() > index);
    let pinned = pin.as_ref().and_then(|pin| pin.head()).map(|head| *head.value());
    let complete = pinned.is_some_and(|value| value.sequence <= newest);
    // A version that is known to be in between, but does not follow from those at hand.
    let beyond = found.range(newest.saturating_add(1)..).flat_map(|(_, entries)| entries);
    let unseen = pinned.is_some_and(|value| value.sequence > newest && value.leaf_index < index)
        || beyond.map(|(_, place)| place).any(before);
    let signed = !version.head.deactivated() && entry.verify(version.head.document()).is_ok();
    if !signed && !unseen {
        return Err(FORGED);
    }
    let outcome = if version.proved && !unseen { Outcome::Pass } else { Outcome::NotChecked };
    let version_id = version.head.version_id();
    facts.push(("signer", json!({ "versionId": version_id, "complete": complete })));
    Ok(Judged { outcome, entry: Some(entry), facts })
}

/// The signer's `did` entries that receipts prove, by version number. Those of other DIDs are left out.
fn proved_entries(
    scid: &str,
    asked: &ReceiptRequest,
    policy: &LogPolicy,
) -> Result<Found, &'static str> {
    let mut out = Found::new();
    for bytes in asked.history.iter().flat_map(|history| &history.receipts) {
        let receipt = read_sidecar(bytes, asked.checkpoints.as_deref()).map_err(|e| e.code())?;
        let leaf =
            verify_receipt(&receipt, policy, judged_at(&asked.trust)).map_err(|e| e.code())?;
        leaf.expect_kind(Kind::Did).map_err(|error| error.code())?;
        let entry = leaf.did_entry().ok_or("malformed-leaf")?;
        if entry.scid() == scid {
            out.entry(entry.number())
                .or_default()
                .push((Arc::unwrap_or_clone(entry), place_of(&leaf)));
        }
    }
    Ok(out)
}

fn place_of(leaf: &VerifiedLeaf) -> Place {
    Place { origin: leaf.origin().to_owned(), index: leaf.leaf_index(), time: leaf.leaf().time() }
}

/// The current-proof of the signer's DID, verified.
fn pinned(
    scid: &str,
    asked: &ReceiptRequest,
    policy: &LogPolicy,
) -> Result<Option<VerifiedCurrent>, &'static str> {
    let head = asked.history.as_ref().and_then(|history| history.head.as_deref());
    let Some(bytes) = head else { return Ok(None) };
    let proof = CurrentProof::parse(bytes).map_err(|error| error.code())?;
    let verified = verify_current(&proof, &MapKey::did(scid), policy, judged_at(&asked.trust));
    verified.map(Some).map_err(|error| error.code())
}

/// The unbroken run of versions from the first on, each checked against its predecessor by the ledger's rules.
fn chain(found: &Found) -> Result<Vec<Version>, &'static str> {
    let mut versions: Vec<Version> = Vec::new();
    for (expected, (number, entries)) in (1_u64..).zip(found) {
        if *number != expected {
            break;
        }
        let before = versions.last().map(|version| &version.head);
        let mut head: Option<Head> = None;
        let mut places: Vec<Place> = Vec::new();
        for (entry, place) in entries {
            let next = webvh::check_next(before, entry, place.time).map_err(|_| FORGED)?;
            if head.as_ref().is_some_and(|head| head.version_id() != next.version_id()) {
                return Err(FORGED);
            }
            let left = before.and_then(Head::home) == Some(place.origin.as_str());
            if left || next.home().is_none_or(|home| home == place.origin) {
                let earlier = versions.iter().flat_map(|version| &version.places);
                let mut same = earlier.filter(|other| other.origin == place.origin);
                if same.any(|other| other.index >= place.index) {
                    return Err(FORGED);
                }
                places.push(Place { origin: place.origin.clone(), ..*place });
            }
            head = Some(next);
        }
        let Some(head) = head else { break };
        let left = before.and_then(Head::home).filter(|home| head.home() != Some(home));
        let shown = left.is_none_or(|left| places.iter().any(|place| place.origin == left));
        let proved = shown && versions.last().is_none_or(|version| version.proved);
        versions.push(Version { head, places, proved });
    }
    Ok(versions)
}
