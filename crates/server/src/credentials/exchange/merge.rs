//! Two states of one offer become one: every act of both, and of what proves them what can be checked.
//!
//! In scope: the union. It is the same whoever comes first, doing it again changes nothing, and nothing is ever taken out. Out of
//! scope: whether an act may be added (`judge`).
//!
//! What somebody adds must not spoil what others rely on. So nothing of what the publisher said is replaced but by what follows
//! from it: a DID log by a longer one that begins with it, a current-proof by a younger one of the same log. Receipts and
//! current-proofs are taken from logs that are pinned here, if they verify and an act or key here rests on them; everything else
//! is left out. And who brings no new act adds nothing at all: so who merely has the URL cannot fill an offer up.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Digest, Timestamp, limits};
use inkan_credential::bundle::{Artefact, Bundle, POWERS};
use inkan_credential::countersignature::{self, Countersignature};
use inkan_credential::delegation::Power;
use inkan_credential::{Proof, SecuredCredential};
use inkan_did::Did;
use inkan_did::webvh::History;
use inkan_ledger::current::stands_under;
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{
    ActId, Claims, CurrentProof, Kind, Leaf, LogPolicy, MapKey, Receipt, SignedEntry, SignedNote,
    VerifiedCheckpoint, verify_checkpoint, verify_current_under, verify_receipt_under,
};
use serde_json::Value;

use super::{Why, mirrored};
use crate::credentials::answer::Refusal;

/// What verifies receipts: the pinned logs, and the time.
pub(super) type Pinned<'a> = (&'a [LogPolicy], Timestamp);

/// Bodies of one status list that an offer holds: how it stood when a power was used, and since.
const LISTS: usize = 4;

/// `kept` with all that `given` adds; `kept` as it is if there is no new act in it.
pub(super) fn merged(kept: &Bundle, given: &Bundle, pinned: Pinned<'_>) -> Result<Bundle, Refusal> {
    let (Artefact::Credential(ours), Artefact::Credential(theirs)) =
        (&kept.artefact, &given.artefact)
    else {
        return Err(Why::OtherCredential.refuse("an offer is about one credential"));
    };
    let mut heads = Heads { pinned, seen: BTreeMap::new() };
    let mut out = kept.clone();
    out.artefact = Artefact::Credential(with_proofs((ours, kept), (theirs, given), &mut heads)?);
    // What was signed says which act it is: the same under another signature, which of ES256 anybody can make, adds nothing.
    let mut known: BTreeSet<Digest> = acts(&out)?.iter().map(Countersignature::digest).collect();
    for compact in &given.countersignatures {
        let act = Countersignature::parse_compact(compact)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        if known.insert(act.digest()) {
            out.countersignatures.push(compact.clone());
        }
    }
    if out.countersignatures.len() > limits::PROOFS {
        return Err(full());
    }
    let acts = acts(&out)?;
    let before: BTreeSet<Digest> = self::acts(kept)?.iter().map(Countersignature::digest).collect();
    if acts.iter().all(|act| before.contains(&act.digest())) {
        return Ok(kept.clone());
    }
    powers(&mut out, given, &acts)?;
    let needs = Needs::of(&out, &acts);
    logs_of_dids(&mut out, given, &needs.parties, pinned.1);
    receipts(&mut out, given, (&needs, &mut heads))?;
    current(&mut out, given, (&needs, &mut heads));
    Ok(out)
}

fn acts(bundle: &Bundle) -> Result<Vec<Countersignature>, Refusal> {
    let mut out = Vec::new();
    for credential in bundle.artefact.credentials() {
        let acts = countersignature::list(credential, &bundle.countersignatures);
        out.extend(acts.map_err(|error| Refusal::bad(error.code(), error.to_string()))?);
    }
    Ok(out)
}

fn full() -> Refusal {
    Why::OfferFull.refuse("the offer holds as many acts and proofs as anybody reads")
}

/// The same credential, with the countersignatures of both.
fn with_proofs(
    (ours, kept): (&SecuredCredential, &Bundle),
    (theirs, given): (&SecuredCredential, &Bundle),
    heads: &mut Heads<'_>,
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
    let mut changed = false;
    for proof in theirs.proofs().iter().filter(is_act) {
        if all.iter().any(|known| known.value() == proof.value()) {
            continue;
        }
        // Others name a proof by its id: there is one of each.
        let Some(known) = all.iter_mut().find(|known| known.id() == proof.id()) else {
            all.push(proof);
            changed = true;
            continue;
        };
        if !mirrored::are_twins(known, proof) {
            return Err(
                Why::ActConflict.refuse("a proof with this id is there, and says something else")
            );
        }
        if !mirrored::is_recorded(known, &acts(kept)?, kept, heads)
            && mirrored::is_recorded(proof, &acts(given)?, given, heads)
        {
            *known = proof;
            changed = true;
        }
    }
    if !changed {
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

/// The powers of attorney that acts here are made under, each with what it rests on, and their status lists: an older copy says
/// how a power stood when it was used, and replaces nothing.
fn powers(out: &mut Bundle, given: &Bundle, acts: &[Countersignature]) -> Result<(), Refusal> {
    let read = |value: &Value| SecuredCredential::parse_value(value.clone()).ok();
    let offered: Vec<(&Value, SecuredCredential)> =
        given.powers.iter().filter_map(|value| Some((value, read(value)?))).collect();
    let kept = out.powers();
    let mut named: BTreeSet<Digest> = BTreeSet::new();
    let mut next: Vec<Digest> =
        acts.iter().filter_map(|act| act.under().map(|under| under.power)).collect();
    while let Some(digest) = next.pop() {
        if !named.insert(digest) {
            continue;
        }
        let links = offered.iter().map(|(_, power)| power).chain(kept.iter().map(|(_, one)| one));
        let links = links.filter(|power| power.signed_digest() == digest);
        next.extend(links.filter_map(|power| Power::of(power).ok()?.grant.under));
    }
    for (value, power) in &offered {
        if named.contains(&power.signed_digest()) && !out.powers.contains(value) {
            out.powers.push((*value).clone());
        }
    }
    if out.powers.len() > POWERS {
        return Err(full());
    }
    let lists: BTreeSet<String> =
        out.powers().iter().flat_map(|(_, power)| lists_of(power)).collect();
    for list in &given.status_lists {
        let mut known = out.status_lists.iter().filter(|one| one.uri == list.uri);
        let is_new =
            known.clone().all(|one| one.body != list.body) && known.nth(LISTS - 1).is_none();
        if lists.contains(&list.uri) && is_new {
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

/// What an offer rests on.
struct Needs {
    parties: BTreeSet<Did>,
    acts: BTreeSet<ActId>,
    lists: BTreeSet<String>,
    /// Digests of the credential and of the powers, as their issuers signed them.
    issued: BTreeSet<Digest>,
}

impl Needs {
    fn of(bundle: &Bundle, acts: &[Countersignature]) -> Self {
        let powers = bundle.powers();
        let powers = powers.iter().map(|(_, power)| power);
        let mut out = Self {
            parties: BTreeSet::new(),
            acts: acts.iter().map(|act| ActId::from_bytes(*act.act())).collect(),
            lists: BTreeSet::new(),
            issued: BTreeSet::new(),
        };
        let mut know = |text: &str| out.parties.extend(Did::parse(text).ok());
        acts.iter().for_each(|act| know(act.signer()));
        for one in bundle.artefact.credentials().iter().chain(powers) {
            know(one.credential().issuer());
            one.credential().subject_id().into_iter().for_each(&mut know);
            out.lists.extend(lists_of(one));
            out.issued.insert(one.issuance_digest());
        }
        out
    }

    /// Whether an act, a key or a status here rests on this entry; of an issuance, as `opening` says what was issued.
    fn names(&self, leaf: &[u8], opening: Option<&Digest>) -> bool {
        let Ok(leaf) = Leaf::parse(leaf) else { return false };
        let is_party = |scid: &str| self.parties.iter().any(|did| did.scid() == Some(scid));
        match leaf.kind() {
            Kind::Did => parse_did_body(leaf.body()).is_ok_and(|entry| is_party(entry.scid())),
            Kind::Issuance | Kind::Countersignature | Kind::Status | Kind::Trust | Kind::Once => {
                let Ok(entry) = SignedEntry::parse(leaf.kind(), leaf.body()) else { return false };
                let is_needed = match entry.claims() {
                    Claims::Issuance { .. } => opening.is_some_and(|one| self.issued.contains(one)),
                    Claims::Countersignature { act, .. } => self.acts.contains(act),
                    Claims::Status(list) => self.lists.contains(&list.uri),
                    Claims::Trust(_) | Claims::Anchor(_) | Claims::Once(_) => false,
                };
                is_needed && is_party(entry.scid())
            }
            Kind::Epoch | Kind::Anchor => false,
        }
    }
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
pub(super) struct Heads<'a> {
    pinned: Pinned<'a>,
    seen: BTreeMap<String, Option<VerifiedCheckpoint>>,
}

impl Heads<'_> {
    pub(super) fn of(&mut self, note: &SignedNote) -> Option<&VerifiedCheckpoint> {
        let (logs, now) = self.pinned;
        let verified = || logs.iter().find_map(|policy| verify_checkpoint(note, policy, now).ok());
        self.seen.entry(note.to_string()).or_insert_with(verified).as_ref()
    }
}

fn receipts(
    out: &mut Bundle,
    given: &Bundle,
    (needs, heads): (&Needs, &mut Heads<'_>),
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
        let opening = receipt.opening().map(|opening| &opening.digest);
        if known.contains(leaf) || !needs.names(leaf, opening) {
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

fn current(out: &mut Bundle, given: &Bundle, (needs, heads): (&Needs, &mut Heads<'_>)) {
    let mut known: BTreeMap<(MapKey, String), (usize, u64)> = BTreeMap::new();
    for (place, value) in out.current.iter().enumerate() {
        let Ok(proof) = CurrentProof::from_value(value) else { continue };
        let (Some(key), Some(head)) = (key_of(&proof), heads.of(proof.epoch().note())) else {
            continue;
        };
        let at = proof.epoch().proof().path().leaf_index;
        known.entry((key, head.origin().to_owned())).or_insert((place, at));
    }
    for value in &given.current {
        let Some((key, origin, at)) = newest(value, needs, heads) else { continue };
        match known.get_mut(&(key, origin.clone())) {
            None => {
                known.insert((key, origin), (out.current.len(), at));
                out.current.push(value.clone());
            }
            Some((place, known)) if *known < at => {
                *known = at;
                if let Some(slot) = out.current.get_mut(*place) {
                    *slot = value.clone();
                }
            }
            Some(_) => {}
        }
    }
}

/// What a current-proof is about, in which log, and how young it is; nothing if it does not hold.
fn newest(value: &Value, needs: &Needs, heads: &mut Heads<'_>) -> Option<(MapKey, String, u64)> {
    let proof = CurrentProof::from_value(value).ok()?;
    let leaf = proof.claimed_head()?;
    if !needs.names(&leaf.to_bytes(), None) {
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
