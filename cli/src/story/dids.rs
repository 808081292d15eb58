//! What became of the DIDs of a story: made, keys changed, moved, deactivated, as the verifier's own histories have it.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_crypto::PublicKey;
use inkan_did::{Did, Relationship};
use inkan_ledger::VerifiedLeaf;
use inkan_verifier::history::{self, DidHistory, Version};
use inkan_verifier::{Context, reports};

use super::build::Telling;
use super::phrase::Phrase;
use super::{Basis, Bearing, Event, EventKind, KeyMark, KeySpan, KeyVersion, Keys, Place};
use crate::render::report::moment;

/// A DID of the story, in the part that it plays.
pub(super) struct Party<'a> {
    /// The part: `issuer`, `holder`, …
    pub(super) role: &'a str,
    /// What its keys are for.
    pub(super) purpose: Relationship,
    /// Why its versions came to be, by `versionId`, where this profile knows and may tell.
    pub(super) reasons: &'a BTreeMap<String, String>,
}

/// The history of a DID as of the judged time, collected as the verifier does.
pub(super) fn history(telling: &Telling<'_>, did: &str) -> Option<DidHistory> {
    let did = Did::parse(did).ok()?;
    DidHistory::collect(&did, telling.material, &telling.ledger, telling.context).ok()
}

/// Where a leaf stands, and how well its time is attested, by the grade that the verdict asks for.
pub(crate) fn place_of(leaf: &VerifiedLeaf, context: &Context) -> Place {
    let (checkpoint, needed) = (leaf.checkpoint(), context.grade);
    let grades = checkpoint.grades_at(needed);
    let operators: Vec<&str> = grades.operators().iter().map(String::as_str).collect();
    let names =
        if operators.is_empty() { String::new() } else { format!(" ({})", operators.join(", ")) };
    Place {
        log: leaf.origin().to_owned(),
        entry: leaf.leaf_index(),
        grade: format!("{grades}{names}"),
        seen: checkpoint.existed_by_at(needed).or(checkpoint.existed_by()),
    }
}

/// The place of a version: with the grade of its receipt if one is at hand.
fn recorded(telling: &Telling<'_>, scid: Option<&str>, place: &history::Place) -> Place {
    let here = |leaf: &VerifiedLeaf| {
        leaf.leaf_index() == place.leaf_index && leaf.origin() == place.origin
    };
    let mut leaves = scid.into_iter().flat_map(|scid| telling.ledger.did_leaves(scid));
    match leaves.find(|(leaf, _)| here(leaf)) {
        Some((leaf, _)) => place_of(leaf, telling.context),
        None => by_operator(place),
    }
}

/// When a version came: by the log that records it, else by its own word.
fn since(version: &Version) -> Option<Timestamp> {
    version.place.as_ref().map(|place| place.leaf_time).or(version.time)
}

fn names(version: &Version, purpose: Relationship) -> Vec<String> {
    version
        .listing()
        .methods_for(purpose)
        .map(|method| method.id.fragment().unwrap_or_default().to_owned())
        .collect()
}

/// One event for each version; none for DIDs that have no versions.
pub(super) fn events(telling: &Telling<'_>, history: &DidHistory, party: &Party<'_>) -> Vec<Event> {
    let mut before: Option<&Version> = None;
    let mut out = Vec::new();
    for version in history.versions() {
        let Some(time) = since(version) else { continue };
        let (kind, what) = change(before, version, party);
        let reason = version.version_id.as_ref().and_then(|id| party.reasons.get(id));
        let what = match reason.filter(|reason| !reason.is_empty()) {
            Some(reason) => what.and("; own note: ").named(reason.as_str()),
            None => what,
        };
        let place =
            version.place.as_ref().map(|place| recorded(telling, history.did().scid(), place));
        out.push(Event {
            kind,
            time,
            basis: if place.is_some() { Basis::Recorded } else { Basis::Signed },
            place,
            what,
            word: Phrase::own(format!("the {}'s word", party.role)),
            bearing: bearing(kind, party, telling),
        });
        before = Some(version);
    }
    out
}

/// Reports of the DID that a key of its own was in other hands.
pub(super) fn reports(telling: &Telling<'_>, history: &DidHistory, role: &str) -> Vec<Event> {
    let stolen = telling.stolen() && role == "issuer";
    let told = reports::told(&telling.ledger, history, telling.context.as_of);
    let event = |told: reports::Told| {
        let fragment = told.key.fragment().unwrap_or_default();
        let place = history::Place {
            origin: told.origin.clone(),
            leaf_index: told.leaf_index,
            leaf_time: told.leaf_time,
        };
        let since = moment(&told.since.to_string());
        Event {
            kind: EventKind::KeyReported,
            time: told.leaf_time,
            place: Some(entry(telling, &place)),
            what: Phrase::own(format!("{role}'s DID reported key "))
                .named(fragment)
                .and(format!(" compromised since {since}")),
            word: Phrase::own(format!("the {role}'s word")),
            basis: Basis::Recorded,
            bearing: if stolen { Bearing::Against } else { Bearing::Neutral },
        }
    };
    told.into_iter().map(event).collect()
}

/// The place of an entry: with the grade of its receipt if one is at hand.
fn entry(telling: &Telling<'_>, place: &history::Place) -> Place {
    let leaves = telling.ledger.receipts().iter().filter_map(|seen| seen.result.as_ref().ok());
    let mut here = leaves
        .filter(|leaf| leaf.leaf_index() == place.leaf_index && leaf.origin() == place.origin);
    here.next().map_or_else(|| by_operator(place), |leaf| place_of(leaf, telling.context))
}

fn by_operator(place: &history::Place) -> Place {
    Place {
        log: place.origin.clone(),
        entry: place.leaf_index,
        grade: "operator".to_owned(),
        seen: None,
    }
}

/// Its making carries a credential; its end stands against one that rests on it still.
fn bearing(kind: EventKind, party: &Party<'_>, telling: &Telling<'_>) -> Bearing {
    let ends_it = party.role == "issuer" && !telling.did_active();
    if kind == EventKind::DidMade {
        Bearing::For
    } else if kind == EventKind::DidDeactivated && ends_it {
        Bearing::Against
    } else {
        Bearing::Neutral
    }
}

fn change(before: Option<&Version>, version: &Version, party: &Party<'_>) -> (EventKind, Phrase) {
    let own = names(version, party.purpose);
    let keys = |phrase: Phrase, keys: &[String]| match keys {
        [] => phrase.and("no key"),
        [one] => phrase.and("key ").named(one.as_str()),
        several => phrase.and("keys ").named(several.join(", ")),
    };
    let whose = format!("{}'s DID", party.role);
    let Some(before) = before else {
        return (EventKind::DidMade, keys(Phrase::own(format!("{whose} made, with ")), &own));
    };
    if version.deactivated {
        return (EventKind::DidDeactivated, Phrase::own(format!("{whose} deactivated, for good")));
    }
    let old = names(before, party.purpose);
    if old != own || moved_keys(before, version, party.purpose) {
        let phrase = keys(Phrase::own(format!("{whose} rotated from ")), &old);
        return (EventKind::KeysChanged, keys(phrase.and(" to "), &own));
    }
    if before.home != version.home || before.document.id() != version.document.id() {
        let to = version.home.clone().unwrap_or_else(|| version.document.id().to_string());
        return (EventKind::DidMoved, Phrase::own(format!("{whose} moved to ")).named(to));
    }
    let words = if all_keys(before) == all_keys(version) {
        "its keys unchanged"
    } else {
        "the keys of this part unchanged, others not"
    };
    (EventKind::DidUpdated, Phrase::own(format!("{whose} updated, {words}")))
}

/// Every key that a version lists, with its name and its uses.
fn all_keys(version: &Version) -> Vec<(Option<&str>, &PublicKey, Vec<Relationship>)> {
    let listing = version.listing();
    let methods = listing.verification_methods().iter();
    let mut keys: Vec<_> = methods
        .map(|method| {
            let allowed = |use_: &Relationship| listing.allows(&method.id, *use_);
            let uses = Relationship::ALL.into_iter().filter(allowed).collect();
            (method.id.fragment(), &method.key, uses)
        })
        .collect();
    keys.sort_by_key(|(name, ..)| *name);
    keys
}

/// Whether a name now stands for another key.
fn moved_keys(before: &Version, version: &Version, purpose: Relationship) -> bool {
    let keys = |version: &Version| -> Vec<_> {
        version.listing().methods_for(purpose).map(|method| method.key.clone()).collect()
    };
    keys(before) != keys(version)
}

/// When each key could sign as this DID.
pub(super) fn keys(
    history: &DidHistory,
    party: &Party<'_>,
    marks: Vec<KeyMark>,
    until: Timestamp,
) -> Option<Keys> {
    let mut versions = Vec::new();
    let mut spans: Vec<(KeySpan, _)> = Vec::new();
    let mut before: Option<&Version> = None;
    for version in history.versions() {
        let since = since(version)?;
        let listed: Vec<_> = if version.deactivated {
            Vec::new()
        } else {
            let methods = version.listing().methods_for(party.purpose);
            methods
                .map(|method| {
                    (method.id.fragment().unwrap_or_default().to_owned(), method.key.clone())
                })
                .collect()
        };
        for (span, key) in &mut spans {
            let still = listed.iter().any(|(name, other)| *name == span.name && other == key);
            if !still && span.until.is_none() {
                span.until = Some(since);
            }
        }
        for (name, key) in &listed {
            let open = spans
                .iter()
                .any(|(span, other)| span.until.is_none() && span.name == *name && other == key);
            if !open {
                let span = KeySpan { name: name.clone(), from: since, until: None };
                spans.push((span, key.clone()));
            }
        }
        let (kind, _) = change(before, version, party);
        let word = [
            (EventKind::DidMade, ""),
            (EventKind::DidDeactivated, "deactivated"),
            (EventKind::KeysChanged, "rotated"),
            (EventKind::DidMoved, "moved"),
        ];
        let word =
            word.iter().find(|(known, _)| *known == kind).map_or("updated", |(_, word)| *word);
        versions.push(KeyVersion {
            number: version.number,
            since,
            keys: listed.into_iter().map(|(name, _)| name).collect(),
            change: word.to_owned(),
        });
        before = Some(version);
    }
    Some(Keys {
        did: history.did().to_string(),
        versions,
        spans: spans.into_iter().map(|(span, _)| span).collect(),
        marks,
        ended: history.ended().is_some(),
        until,
    })
}
