//! Two states of one offer become one: every act of both, and of what proves them what can be checked.
//!
//! In scope: the union. It is the same whoever comes first, doing it again changes nothing, and nothing is ever taken out. Out of
//! scope: whether an act may be added (`judge`).
//!
//! What somebody adds must not spoil what others rely on. So nothing of what the publisher said is replaced but by what follows
//! from it: a DID log by a longer one that begins with it, a current-proof by a younger one of the same log. Receipts and
//! current-proofs are taken from logs that are pinned here, if they verify and are about a party; everything else is left out.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Timestamp, limits};
use inkan_credential::bundle::{Artefact, Bundle, POWERS};
use inkan_credential::countersignature;
use inkan_credential::{Proof, SecuredCredential};
use inkan_did::Did;
use inkan_did::webvh::History;
use inkan_ledger::current::stands_under;
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{
    CurrentProof, Kind, Leaf, LogPolicy, MapKey, Receipt, SignedEntry, SignedNote,
    VerifiedCheckpoint, verify_checkpoint, verify_current_under, verify_receipt_under,
};
use serde_json::Value;

use super::Why;
use crate::credentials::answer::Refusal;

/// What verifies receipts: the pinned logs, and the time.
pub(super) type Pinned<'a> = (&'a [LogPolicy], Timestamp);

/// `kept` with all that `given` adds.
pub(super) fn merged(kept: &Bundle, given: &Bundle, pinned: Pinned<'_>) -> Result<Bundle, Refusal> {
    let (Artefact::Credential(ours), Artefact::Credential(theirs)) =
        (&kept.artefact, &given.artefact)
    else {
        return Err(Why::OtherCredential.refuse("an offer is about one credential"));
    };
    let mut out = kept.clone();
    out.artefact = Artefact::Credential(with_proofs(ours, theirs)?);
    for compact in &given.countersignatures {
        if !out.countersignatures.contains(compact) {
            out.countersignatures.push(compact.clone());
        }
    }
    if out.countersignatures.len() > limits::PROOFS {
        return Err(full());
    }
    powers(&mut out, given)?;
    let parties = parties(&out)?;
    logs_of_dids(&mut out, given, &parties, pinned.1);
    let mut heads = Heads { pinned, seen: BTreeMap::new() };
    receipts(&mut out, given, (&parties, &mut heads))?;
    current(&mut out, given, (&parties, &mut heads));
    Ok(out)
}

fn full() -> Refusal {
    Why::OfferFull.refuse("the offer holds as many acts and proofs as anybody reads")
}

/// The same credential, with the countersignatures of both.
fn with_proofs(
    ours: &SecuredCredential,
    theirs: &SecuredCredential,
) -> Result<SecuredCredential, Refusal> {
    let other = || {
        Why::OtherCredential
            .refuse("this is not the credential of the offer, as its issuer signed it")
    };
    if ours.format() != theirs.format() {
        return Err(other());
    }
    if ours.proofs().is_empty() {
        // Compact formats: countersignatures travel beside them, and nothing in them changes.
        let same = ours.to_bare() == theirs.to_bare();
        return if same { Ok(ours.clone()) } else { Err(other()) };
    }
    let is_act = |proof: &&Proof| proof.countersignature().is_some();
    let own = |one: &SecuredCredential| -> Vec<Value> {
        one.proofs().iter().filter(|proof| !is_act(proof)).map(|p| p.value().clone()).collect()
    };
    if ours.credential().value() != theirs.credential().value() || own(ours) != own(theirs) {
        return Err(other());
    }
    let mut all: Vec<&Proof> = ours.proofs().iter().collect();
    for proof in theirs.proofs().iter().filter(is_act) {
        if all.iter().any(|known| known.value() == proof.value()) {
            continue;
        }
        // Others name a proof by its id: there is one of each.
        if all.iter().any(|known| known.id() == proof.id()) {
            return Err(
                Why::ActConflict.refuse("a proof with this id is there, and says something else")
            );
        }
        all.push(proof);
    }
    if all.len() == ours.proofs().len() {
        return Ok(ours.clone());
    }
    if all.len() > limits::PROOFS {
        return Err(full());
    }
    let mut value = ours.credential().value().clone();
    if let Value::Object(members) = &mut value {
        let list = all.iter().map(|proof| proof.value().clone()).collect();
        members.insert("proof".to_owned(), Value::Array(list));
    }
    SecuredCredential::parse_value(value)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))
}

/// Powers of attorney, and their status lists: an older copy says how a power stood when it was used, and replaces nothing.
fn powers(out: &mut Bundle, given: &Bundle) -> Result<(), Refusal> {
    for power in &given.powers {
        if !out.powers.contains(power) {
            out.powers.push(power.clone());
        }
    }
    if out.powers.len() > POWERS {
        return Err(full());
    }
    let lists: BTreeSet<String> =
        out.powers().iter().flat_map(|(_, power)| lists_of(power)).collect();
    for list in &given.status_lists {
        let known = out.status_lists.iter().any(|one| one.uri == list.uri);
        if lists.contains(&list.uri) && !known {
            out.status_lists.push(list.clone());
        }
    }
    Ok(())
}

fn lists_of(power: &SecuredCredential) -> Vec<String> {
    let credential = power.credential();
    let entries = credential.status().iter().map(|entry| entry.list_uri.clone());
    entries.chain(credential.token_status().map(|entry| entry.uri.clone())).collect()
}

/// The DIDs that an offer rests on.
fn parties(bundle: &Bundle) -> Result<BTreeSet<Did>, Refusal> {
    let mut out = BTreeSet::new();
    let mut know = |text: &str| out.extend(Did::parse(text).ok());
    for credential in bundle.artefact.credentials() {
        know(credential.credential().issuer());
        credential.credential().subject_id().into_iter().for_each(&mut know);
        let acts = countersignature::list(credential, &bundle.countersignatures)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        acts.iter().for_each(|act| know(act.signer()));
    }
    for (_, power) in bundle.powers() {
        know(power.credential().issuer());
        power.credential().subject_id().into_iter().for_each(&mut know);
    }
    Ok(out)
}

/// A log of somebody who has not acted yet is looked at, too: one that is none would keep them out.
fn logs_of_dids(out: &mut Bundle, given: &Bundle, parties: &BTreeSet<Did>, now: Timestamp) {
    for did in parties {
        let Some(theirs) = given.did_logs.get(did.as_str()) else { continue };
        let ours = out.did_logs.get(did.as_str()).map(|log| log.trim_end());
        let follows = |ours: &str| {
            let rest = theirs.strip_prefix(ours);
            rest.is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with('\n'))
        };
        let is_log = || {
            let history = History::verify(theirs, None, now);
            history.is_ok_and(|history| history.did().scid() == did.scid())
        };
        if ours.is_none_or(follows) && out.did_logs.get(did.as_str()) != Some(theirs) && is_log() {
            out.did_logs.insert(did.as_str().to_owned(), theirs.clone());
        }
    }
}

/// Signed heads that were looked at, by their text.
struct Heads<'a> {
    pinned: Pinned<'a>,
    seen: BTreeMap<String, Option<VerifiedCheckpoint>>,
}

impl Heads<'_> {
    fn of(&mut self, note: &SignedNote) -> Option<&VerifiedCheckpoint> {
        let (logs, now) = self.pinned;
        let verified = || logs.iter().find_map(|policy| verify_checkpoint(note, policy, now).ok());
        self.seen.entry(note.to_string()).or_insert_with(verified).as_ref()
    }
}

fn receipts(
    out: &mut Bundle,
    given: &Bundle,
    (parties, heads): (&BTreeSet<Did>, &mut Heads<'_>),
) -> Result<(), Refusal> {
    let mut known: BTreeSet<Vec<u8>> = BTreeSet::new();
    for value in &out.receipts {
        let receipt = Receipt::from_bundle_value(value, &out.checkpoints)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        known.insert(receipt.leaf_bytes().to_vec());
    }
    for value in &given.receipts {
        let Ok(receipt) = Receipt::from_bundle_value(value, &given.checkpoints) else { continue };
        let leaf = receipt.leaf_bytes();
        if known.contains(leaf) || !is_of_party(leaf, parties) {
            continue;
        }
        let holds = |head: &VerifiedCheckpoint| verify_receipt_under(&receipt, head).is_ok();
        if heads.of(receipt.note()).is_some_and(holds) {
            known.insert(leaf.to_vec());
            out.receipts.push(receipt.to_bundle_value(&mut out.checkpoints));
        }
    }
    Ok(())
}

/// Whether an entry was made by one of the parties.
fn is_of_party(leaf: &[u8], parties: &BTreeSet<Did>) -> bool {
    let Ok(leaf) = Leaf::parse(leaf) else { return false };
    let is_party = |scid: &str| parties.iter().any(|did| did.scid() == Some(scid));
    match leaf.kind() {
        Kind::Did => parse_did_body(leaf.body()).is_ok_and(|entry| is_party(entry.scid())),
        Kind::Issuance | Kind::Countersignature | Kind::Status | Kind::Trust | Kind::Once => {
            SignedEntry::parse(leaf.kind(), leaf.body()).is_ok_and(|entry| is_party(entry.scid()))
        }
        Kind::Epoch | Kind::Anchor => false,
    }
}

fn current(out: &mut Bundle, given: &Bundle, (parties, heads): (&BTreeSet<Did>, &mut Heads<'_>)) {
    for value in &given.current {
        if out.current.contains(value) {
            continue;
        }
        let Some((key, origin, at)) = newest(value, parties, heads) else { continue };
        let same = |other: &Value| {
            let proof = CurrentProof::from_value(other).ok()?;
            (key_of(&proof)? == key).then_some(())?;
            let head = heads.of(proof.epoch().note())?;
            (head.origin() == origin).then(|| proof.epoch().proof().path().leaf_index)
        };
        let places: Vec<Option<u64>> = out.current.iter().map(same).collect();
        match places.iter().position(Option::is_some) {
            None => out.current.push(value.clone()),
            Some(place) => {
                let older = places.get(place).copied().flatten().is_some_and(|known| known < at);
                if let Some(slot) = out.current.get_mut(place).filter(|_| older) {
                    *slot = value.clone();
                }
            }
        }
    }
}

/// What a current-proof is about, in which log, and how young it is; nothing if it does not hold.
fn newest(
    value: &Value,
    parties: &BTreeSet<Did>,
    heads: &mut Heads<'_>,
) -> Option<(MapKey, String, u64)> {
    let proof = CurrentProof::from_value(value).ok()?;
    let leaf = proof.claimed_head()?;
    if !is_of_party(&leaf.to_bytes(), parties) {
        return None;
    }
    let key = key_of(&proof)?;
    let head = heads.of(proof.epoch().note())?;
    let holds = verify_current_under(&proof, &key, head).ok()?;
    Some((key, head.origin().to_owned(), holds.epoch_index()))
}

fn key_of(proof: &CurrentProof) -> Option<MapKey> {
    stands_under(&proof.claimed_head()?).map(|(key, _)| key)
}
