//! Bundles: an artefact with everything at hand that proves it, so that it verifies offline years later.
//!
//! What is already in a bundle stays; what the ledger knows of issuer, countersigners, holder and status is added, and
//! proofs of newest states are made anew.

use std::collections::{BTreeMap, BTreeSet};

use inkan_credential::bundle::{Artefact, Bundle, ESEALS, POWERS, ServedStatusList, TIMESTAMPS};
use inkan_credential::countersignature;
use inkan_credential::{Opening, SecuredCredential};
use inkan_did::{Did, Method};
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{ActId, Claims, CurrentProof, EntryId, Kind, Leaf, Receipt, SignedEntry};
use serde_json::Value;

use crate::failure::Failure;
use crate::ledgers::{AtHome, Reading, did_log, opened};
use crate::powers::unusable;

/// A record made just now: its place in the log and what it opens to.
#[derive(Clone, Debug)]
pub(crate) struct FreshRecord {
    /// Place in the log.
    pub(crate) index: u64,
    /// What the entry commits to.
    pub(crate) opening: Opening,
}

/// Adds to `bundle` what the ledger knows of its artefact.
pub(crate) fn pack(
    bundle: &mut Bundle,
    reading: &Reading,
    fresh: &[FreshRecord],
) -> Result<(), Failure> {
    let mut receipts = existing(bundle)?;
    for record in fresh {
        let receipt = opened(reading.view().receipt(record.index)?, &record.opening)?;
        add(&mut receipts, receipt);
    }
    let parties = parties(bundle)?;
    let mut current = Vec::new();
    let mut homes: BTreeMap<&str, Vec<AtHome>> = BTreeMap::new();
    for did in &parties.dids {
        let Some(scid) = did.scid() else { continue };
        // Of a DID that moved, the logs that it left show when, and what it said there.
        for kept in reading.others().kept_receipts(scid)? {
            add(&mut receipts, kept);
        }
        let all = reading.homes_of(scid)?;
        for home in all.iter().filter(|home| !home.entries.is_empty()) {
            home.entries.iter().for_each(|receipt| add(&mut receipts, receipt.clone()));
            current.push(home.view.did_current(scid)?.to_value());
        }
        let most = all.iter().max_by_key(|home| home.entries.len());
        if let Some((log, _)) = most.map(|home| did_log(&home.entries)).transpose()?.flatten() {
            bundle.did_logs.insert(did.as_str().to_owned(), log);
        }
        homes.insert(scid, all);
    }
    for (signer, act) in &parties.acts {
        let homes = signer.scid().and_then(|scid| homes.get(scid)).into_iter().flatten();
        let lived: Vec<&AtHome> = homes.collect();
        let has_moved = lived.iter().filter(|home| !home.entries.is_empty()).count() > 1;
        for home in lived {
            let proof = home.view.act_current(signer.as_str(), act)?;
            // That a ledger does not know an act says nothing, unless its signer came to live there: nothing was taken back there.
            let is_silence = has_moved && !home.entries.is_empty();
            if is_silence || proof.claimed_head().is_some() {
                current.push(proof.to_value());
            }
        }
    }
    // A list of a power says how it stood when it was used: an older one is not replaced. And what shows that something is not there
    // was put here because something rests on it: its key stands nowhere, so that it cannot be made anew here.
    let kept = kept_proofs(bundle, &parties);
    for (issuer, uri) in &parties.lists {
        let Some(scid) = issuer.scid() else { continue };
        let Some((home, proof, sequence)) = newest_list(homes.get(scid), issuer, uri)? else {
            continue;
        };
        if let Some(index) = home.view.lookup(&EntryId::status(scid, uri, sequence))? {
            add(&mut receipts, home.view.receipt(index)?);
        }
        if let Some(bytes) = home.source.status_list(issuer.as_str(), uri, sequence)? {
            let newest = ServedStatusList::new(uri, &bytes);
            let of_power = parties.power_lists.contains(uri);
            bundle
                .status_lists
                .retain(|list| list.uri != *uri || (of_power && list.bytes() != newest.bytes()));
            bundle.status_lists.push(newest);
        }
        current.push(proof.to_value());
    }
    if !current.is_empty() {
        let older: Vec<Value> = kept.into_iter().filter(|one| !current.contains(one)).collect();
        bundle.current = older.into_iter().chain(current).collect();
    }
    bundle.checkpoints.clear();
    bundle.receipts =
        receipts.iter().map(|receipt| receipt.to_bundle_value(&mut bundle.checkpoints)).collect();
    Ok(())
}

/// The newest home of the issuer that announced a list, the proof of it, and the list's number there.
fn newest_list<'a>(
    homes: Option<&'a Vec<AtHome>>,
    issuer: &Did,
    uri: &str,
) -> Result<Option<(&'a AtHome, CurrentProof, u64)>, Failure> {
    for home in homes.into_iter().flatten() {
        let proof = home.view.status_current(issuer.as_str(), uri)?;
        if let Some(sequence) = proof.claimed_head().and_then(|leaf| sequence_of(&leaf)) {
            return Ok(Some((home, proof, sequence)));
        }
    }
    Ok(None)
}

/// Current-proofs of the status lists of powers, and proofs of absence.
fn kept_proofs(bundle: &Bundle, parties: &Parties) -> Vec<Value> {
    let is_kept = |value: &&Value| {
        let Ok(proof) = CurrentProof::from_value(value) else { return false };
        let Some(leaf) = proof.claimed_head() else { return true };
        SignedEntry::parse(leaf.kind(), leaf.body()).is_ok_and(|entry| {
            entry.claims().status().is_some_and(|list| parties.power_lists.contains(&list.uri))
        })
    };
    bundle.current.iter().filter(is_kept).cloned().collect()
}

/// Takes over a power of attorney that is in another bundle, the powers that it rests on, and what proves them.
pub(crate) fn take_powers(bundle: &mut Bundle, from: &Bundle) -> Result<(), Failure> {
    from.artefact.credentials().iter().for_each(|power| bundle.add_power(power));
    for power in &from.powers {
        if !bundle.powers.contains(power) {
            bundle.powers.push(power.clone());
        }
    }
    if bundle.powers.len() > POWERS {
        return Err(unusable("the bundle would hold more powers than anybody reads"));
    }
    // What is beside it is about the power, and about nothing here.
    let mut proofs = from.clone();
    (proofs.countersignatures, proofs.timestamps, proofs.eseals) = Default::default();
    take_over(bundle, &proofs)
}

/// Takes what `from` has of the keys, acts and status lists that `bundle` rests on: for who gets one of several acts.
pub(crate) fn take_proofs_of(bundle: &mut Bundle, from: &Bundle) -> Result<(), Failure> {
    let parties = parties(bundle)?;
    let mut receipts = existing(bundle)?;
    let needed = existing(from)?.into_iter();
    needed
        .filter(|one| Leaf::parse(one.leaf_bytes()).is_ok_and(|leaf| parties.need(&leaf)))
        .for_each(|one| add(&mut receipts, one));
    bundle.checkpoints.clear();
    bundle.receipts =
        receipts.iter().map(|receipt| receipt.to_bundle_value(&mut bundle.checkpoints)).collect();
    for value in &from.current {
        let Ok(proof) = CurrentProof::from_value(value) else { continue };
        // What shows that something is not there names nothing: an act of who has moved may rest on it.
        let is_needed = proof.claimed_head().is_none_or(|leaf| parties.need(&leaf));
        if is_needed && !bundle.current.contains(value) {
            bundle.current.push(value.clone());
        }
    }
    for did in &parties.dids {
        if let Some(log) = from.did_logs.get(did.as_str()) {
            bundle.did_logs.insert(did.as_str().to_owned(), log.clone());
        }
    }
    for list in &from.status_lists {
        let known =
            bundle.status_lists.iter().any(|one| one.uri == list.uri && one.body == list.body);
        if parties.lists.iter().any(|(_, uri)| *uri == list.uri) && !known {
            bundle.status_lists.push(list.clone());
        }
    }
    Ok(())
}

/// Takes over what another bundle proves: for a presentation of several credentials.
pub(crate) fn take_over(bundle: &mut Bundle, from: &Bundle) -> Result<(), Failure> {
    let mut receipts = existing(bundle)?;
    for receipt in existing(from)? {
        add(&mut receipts, receipt);
    }
    bundle.checkpoints.clear();
    bundle.receipts =
        receipts.iter().map(|receipt| receipt.to_bundle_value(&mut bundle.checkpoints)).collect();
    bundle.countersignatures.extend(from.countersignatures.iter().cloned());
    bundle.current.extend(from.current.iter().cloned());
    for power in &from.powers {
        if !bundle.powers.contains(power) {
            bundle.powers.push(power.clone());
        }
    }
    bundle.did_logs.extend(from.did_logs.clone());
    bundle.status_lists.extend(from.status_lists.iter().cloned());
    bundle.evidence.extend(from.evidence.iter().cloned());
    // A bundle holds so many; what is left out shows less, and nothing else.
    for stamp in &from.timestamps {
        if !bundle.timestamps.contains(stamp) && bundle.timestamps.len() < TIMESTAMPS {
            bundle.timestamps.push(stamp.clone());
        }
    }
    for seal in &from.eseals {
        if !bundle.eseals.contains(seal) && bundle.eseals.len() < ESEALS {
            bundle.eseals.push(seal.clone());
        }
    }
    Ok(())
}

fn existing(bundle: &Bundle) -> Result<Vec<Receipt>, Failure> {
    let read =
        |value| Receipt::from_bundle_value(value, &bundle.checkpoints).map_err(Failure::from);
    bundle.receipts.iter().map(read).collect()
}

/// Adds a receipt unless the same entry has one: the older one shows the earlier time.
pub(crate) fn add(receipts: &mut Vec<Receipt>, receipt: Receipt) {
    if !inkan_io::keep::attests(receipts.iter(), &receipt) {
        receipts.push(receipt);
    }
}

/// Which version of a status list an entry announces.
fn sequence_of(leaf: &Leaf) -> Option<u64> {
    let entry = SignedEntry::parse(leaf.kind(), leaf.body()).ok()?;
    entry.claims().status().map(|status| status.sequence)
}

#[derive(Debug, Default)]
struct Parties {
    dids: BTreeSet<Did>,
    acts: Vec<(Did, ActId)>,
    lists: Vec<(Did, String)>,
    /// Those of powers of attorney, too.
    power_lists: BTreeSet<String>,
}

/// Whose keys, acts and status lists the artefact rests on.
fn parties(bundle: &Bundle) -> Result<Parties, Failure> {
    let mut out = Parties::default();
    if let Artefact::Presentation(presentation) = &bundle.artefact {
        out.know(presentation.holder());
    }
    for (_, power) in bundle.powers() {
        let lists = out.issued(&power);
        out.power_lists.extend(lists);
    }
    for credential in bundle.artefact.credentials() {
        out.issued(credential);
        acts(credential, &bundle.countersignatures, &mut out)?;
    }
    Ok(out)
}

fn acts(
    credential: &SecuredCredential,
    beside: &[String],
    out: &mut Parties,
) -> Result<(), Failure> {
    for one in countersignature::list(credential, beside)? {
        if one.covers(credential).is_err() {
            continue;
        }
        let Some(signer) = out.know(one.signer()) else { continue };
        let act = (signer, ActId::from_bytes(*one.act()));
        if !out.acts.contains(&act) {
            out.acts.push(act);
        }
    }
    Ok(())
}

impl Parties {
    /// Notes who issued a credential, whom it is about, and its status lists, which are given back.
    fn issued(&mut self, secured: &SecuredCredential) -> Vec<String> {
        let credential = secured.credential();
        let issuer = self.know(credential.issuer());
        if let Some(subject) = credential.subject_id() {
            self.know(subject);
        }
        let entries = credential.status().iter().map(|entry| entry.list_uri.clone());
        let token = credential.token_status().map(|entry| entry.uri.clone());
        let uris: Vec<String> = entries.chain(token).collect();
        for uri in &uris {
            let list = issuer.clone().map(|issuer| (issuer, uri.clone()));
            self.lists.extend(list.filter(|list| !self.lists.contains(list)));
        }
        uris
    }

    /// Whether one of these keys, acts, lists or credentials rests on an entry.
    fn need(&self, leaf: &Leaf) -> bool {
        let is_party = |scid: &str| self.dids.iter().any(|did| did.scid() == Some(scid));
        if leaf.kind() == Kind::Did {
            return parse_did_body(leaf.body()).is_ok_and(|entry| is_party(entry.scid()));
        }
        let Ok(entry) = SignedEntry::parse(leaf.kind(), leaf.body()) else { return false };
        is_party(entry.scid())
            && match entry.claims() {
                Claims::Issuance { .. } => true,
                Claims::Countersignature { act, .. } => {
                    self.acts.iter().any(|(_, known)| known == act)
                }
                Claims::Status(list) => self.lists.iter().any(|(_, uri)| *uri == list.uri),
                Claims::Trust(_) | Claims::Anchor(_) | Claims::Once(_) => false,
            }
    }

    /// Notes a DID whose history a ledger can have.
    fn know(&mut self, text: &str) -> Option<Did> {
        let did = Did::parse(text).ok().filter(|did| did.method() == Method::Webvh)?;
        self.dids.insert(did.clone());
        Some(did)
    }
}
