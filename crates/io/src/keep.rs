//! Bundles that are kept: filled with what an offline verifier needs, and strengthened while keys and algorithms hold.
//!
//! In scope: adding. Nothing that is in a bundle is taken out by this module, and a head is replaced only by itself with more
//! cosignatures, so what receipts proved they go on to prove. Stamps and seals that cover a receipt cover it with the
//! cosignatures of then. Out of scope: judging the artefact (`inkan-verifier`).

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_credential::Bundle;
use inkan_did::Did;
use inkan_ledger::{
    Checkpoint, CurrentProof, Kind, Leaf, LogPolicy, MapKey, Receipt, ReceiptError, SignedEntry,
    SignedNote, verify_checkpoint, verify_current, verify_receipt,
};
use inkan_verifier::{Material, Want};

use crate::gather::Gathered;
use crate::ledger_source::{LedgerError, LedgerSource, SourceView};

/// Adds what was gathered to a bundle. A receipt of an entry that has one stays out unless others cosigned its head: the
/// older one shows the earlier time.
///
/// # Errors
///
/// [`ReceiptError`] if a receipt of the bundle itself cannot be read.
pub fn absorb(bundle: &mut Bundle, material: &Material) -> Result<(), ReceiptError> {
    let mut receipts = receipts(bundle)?;
    for receipt in &material.receipts {
        let opened = |one: &&Receipt| one.opening().is_some() || receipt.opening().is_none();
        if !attests(receipts.iter().filter(opened), receipt) {
            receipts.push(receipt.clone());
        }
    }
    put_receipts(bundle, &receipts);
    for proof in &material.current {
        // That nothing is there says nothing of a log that does not know it.
        let value = proof.to_value();
        if proof.claimed_head().is_some() && !bundle.current.contains(&value) {
            bundle.current.push(value);
        }
    }
    for (did, log) in &material.did_logs {
        let longer = bundle.did_logs.get(did).is_none_or(|old| log.starts_with(old.as_str()));
        if longer {
            bundle.did_logs.insert(did.clone(), log.clone());
        }
    }
    for list in &material.status_lists {
        let same = |one: &inkan_credential::bundle::ServedStatusList| {
            one.uri == list.uri && one.body == list.body
        };
        if !bundle.status_lists.iter().any(same) {
            bundle.status_lists.push(list.clone());
        }
    }
    for (id, schema) in &material.schemas {
        if bundle.schema(id).is_none() {
            bundle.add_schema(id, schema.clone());
        }
    }
    Ok(())
}

/// Whether one of `known` shows the same entry under a head with at least the keys of this one's.
pub fn attests<'a>(known: impl IntoIterator<Item = &'a Receipt>, receipt: &Receipt) -> bool {
    let new = keys(receipt.note());
    known
        .into_iter()
        .any(|one| one.leaf_bytes() == receipt.leaf_bytes() && new.is_subset(&keys(one.note())))
}

/// Adds everything that was gathered, with the proofs that keys were not reported compromised, that whoever else may announce a status
/// list announced none, and that who has moved took nothing back since: without them nobody could tell that a bundle leaves something out.
///
/// # Errors
///
/// As [`absorb`].
pub fn absorb_all(bundle: &mut Bundle, gathered: &Gathered) -> Result<(), ReceiptError> {
    absorb(bundle, &gathered.material)?;
    let absent = gathered.unreported.iter().chain(&gathered.unannounced).chain(&gathered.unsaid);
    for proof in absent {
        let value = proof.to_value();
        if !bundle.current.contains(&value) {
            bundle.current.push(value);
        }
    }
    Ok(())
}

fn receipts(bundle: &Bundle) -> Result<Vec<Receipt>, ReceiptError> {
    let read = |value| Receipt::from_bundle_value(value, &bundle.checkpoints);
    bundle.receipts.iter().map(read).collect()
}

fn put_receipts(bundle: &mut Bundle, receipts: &[Receipt]) {
    // Heads that no receipt names stay as well.
    bundle.receipts =
        receipts.iter().map(|receipt| receipt.to_bundle_value(&mut bundle.checkpoints)).collect();
}

/// What of a plan a bundle brings along itself.
#[must_use]
pub fn brings(bundle: &Bundle, material: &Material, want: &Want) -> bool {
    let leaf_of = |scid: &str| {
        material.receipts.iter().any(|receipt| {
            Leaf::parse(receipt.leaf_bytes()).is_ok_and(|leaf| {
                inkan_ledger::state::parse_did_body(leaf.body())
                    .is_ok_and(|entry| entry.scid() == scid)
            })
        })
    };
    match want {
        Want::Did(did) => {
            match Did::parse(did).ok().and_then(|did| did.scid().map(str::to_owned)) {
                Some(scid) => {
                    leaf_of(&scid) || bundle.did_logs.keys().any(|one| one.contains(&scid))
                }
                // A DID of another method describes itself, or nothing here does.
                None => {
                    Did::parse(did).is_ok_and(|did| inkan_did::resolve_self_contained(&did).is_ok())
                }
            }
        }
        Want::Issuance { digest, .. } => {
            let opens = |one: &Receipt| one.opening().is_some_and(|it| it.digest == *digest);
            material.receipts.iter().any(opens)
        }
        Want::Act { scid, act, .. } => material.current.iter().any(|proof| {
            proof.claimed_head().is_some_and(|leaf| {
                SignedEntry::parse(leaf.kind(), leaf.body())
                    .is_ok_and(|entry| entry.scid() == scid && entry.claims().act() == Some(act))
            })
        }),
        Want::StatusList { uri, .. } | Want::LastStatusList { uri, .. } => {
            bundle.status_list(uri).is_some()
        }
        Want::Schema(id) => bundle.schema(id).is_some(),
    }
}

/// One thing that makes a bundle stronger and changes nothing of what it says. A new kind of evidence of time belongs here.
#[derive(Clone, Debug)]
pub enum Addition {
    /// Cosignatures of a head that is in the bundle, by keys that had not cosigned it.
    Cosignatures {
        /// The head as it is in the bundle.
        before: String,
        /// The same with more cosignatures.
        after: SignedNote,
    },
    /// A receipt of an entry that has one, under a later head that other keys cosigned.
    Receipt(Box<Receipt>),
    /// A proof that what is the newest in the bundle is so under a later head that other keys cosigned.
    Current(Box<CurrentProof>),
}

impl Addition {
    /// A word for reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cosignatures { .. } => "cosignatures",
            Self::Receipt(_) => "receipt",
            Self::Current(_) => "current",
        }
    }
}

/// Everything that a ledger can add to a bundle now; each was checked under the pinned policies.
///
/// # Errors
///
/// [`LedgerError`] if the ledger is damaged or cannot be reached; [`ReceiptError`] if the bundle cannot be read.
pub fn additions(
    bundle: &Bundle,
    (source, view): (&LedgerSource, &SourceView),
    pinned: &[LogPolicy],
    now: Timestamp,
) -> Result<Vec<Addition>, KeepError> {
    let Some(policy) = pinned.iter().find(|policy| policy.has_log(source.origin())) else {
        return Ok(Vec::new());
    };
    let ours = |note: &SignedNote| {
        Checkpoint::parse_text(note.text()).is_ok_and(|head| head.origin() == source.origin())
    };
    let mut found = Vec::new();
    for text in &bundle.checkpoints {
        let before = SignedNote::parse(text).map_err(|_| KeepError::Checkpoint)?;
        if !ours(&before) {
            continue;
        }
        let Ok(head) = Checkpoint::parse_text(before.text()) else { continue };
        let seen = match source.view_of(head.head().tree_size) {
            // Too few have signed it to this day: then there is nothing to take from it.
            Err(error) if error.code() == "quorum-not-met" => continue,
            seen => seen?,
        };
        let Some(seen) = seen else { continue };
        if seen.note().text() != before.text() {
            continue;
        }
        let mut after = before.clone();
        let known = keys(&before);
        let new = seen.note().signatures().iter();
        new.filter(|line| !known.contains(&(line.name.clone(), line.key_id)))
            .for_each(|line| after.put(line.clone()));
        if after != before && verify_checkpoint(&after, policy, now).is_ok() {
            found.push(Addition::Cosignatures { before: text.clone(), after });
        }
    }
    let newest = keys(view.note());
    let all = receipts(bundle)?;
    for receipt in all.iter().filter(|receipt| ours(receipt.note())) {
        let same = |one: &&Receipt| one.leaf_bytes() == receipt.leaf_bytes();
        let known: BTreeSet<_> = all.iter().filter(same).flat_map(|one| keys(one.note())).collect();
        if newest.is_subset(&known) {
            continue;
        }
        let index = receipt.proof().path().leaf_index;
        let mut later = view.receipt_here(index)?;
        if let Some(opening) = receipt.opening() {
            later = later.with_opening(opening.clone());
        }
        let fits = later.leaf_bytes() == receipt.leaf_bytes();
        if fits && verify_receipt(&later, policy, now).is_ok() {
            found.push(Addition::Receipt(Box::new(later)));
        }
    }
    found.extend(currents(bundle, view, policy, (&newest, &ours), now)?);
    Ok(found)
}

/// Who signed a note.
type Keys = BTreeSet<(String, [u8; 4])>;

/// What is still the newest of its kind, shown under a later head that other keys cosigned. What is not any more is left:
/// a newer state needs more than its proof, and `pack` gathers that.
fn currents(
    bundle: &Bundle,
    view: &SourceView,
    policy: &LogPolicy,
    (newest, ours): (&Keys, &dyn Fn(&SignedNote) -> bool),
    now: Timestamp,
) -> Result<Vec<Addition>, KeepError> {
    let all: Vec<CurrentProof> =
        bundle.current.iter().filter_map(|value| CurrentProof::from_value(value).ok()).collect();
    let mut found: Vec<Addition> = Vec::new();
    let mut seen = BTreeSet::new();
    for proof in all.iter().filter(|proof| ours(proof.epoch().note())) {
        let Some(head) = proof.claimed_head() else { continue };
        let bytes = head.to_bytes();
        let same =
            |one: &&CurrentProof| one.claimed_head().is_some_and(|it| it.to_bytes() == bytes);
        let known: Keys =
            all.iter().filter(same).flat_map(|one| keys(one.epoch().note())).collect();
        if newest.is_subset(&known) || !seen.insert(bytes.clone()) {
            continue;
        }
        let Some((later, key)) = current_of(view, &head)? else { continue };
        let fits = later.claimed_head().is_some_and(|it| it.to_bytes() == bytes);
        if fits && verify_current(&later, &key, policy, now).is_ok() {
            found.push(Addition::Current(Box::new(later)));
        }
    }
    Ok(found)
}

/// The proof of the newest of what this leaf is a state of, and under which key it stands in the map.
fn current_of(view: &SourceView, leaf: &Leaf) -> Result<Option<(CurrentProof, MapKey)>, KeepError> {
    if leaf.kind() == Kind::Did {
        let Ok(entry) = inkan_ledger::state::parse_did_body(leaf.body()) else { return Ok(None) };
        return Ok(Some((view.did_current(entry.scid())?, MapKey::did(entry.scid()))));
    }
    let Ok(entry) = SignedEntry::parse(leaf.kind(), leaf.body()) else { return Ok(None) };
    let (scid, claims) = (entry.scid(), entry.claims());
    if let Some(status) = claims.status() {
        let proof = view.status_current(entry.kid().did().as_str(), &status.uri)?;
        return Ok(Some((proof, MapKey::status(scid, &status.uri))));
    }
    match claims.act() {
        Some(act) => Ok(Some((view.act_current(scid, act)?, MapKey::act(scid, act)))),
        None => Ok(None),
    }
}

fn keys(note: &SignedNote) -> Keys {
    note.signatures().iter().map(|line| (line.name.clone(), line.key_id)).collect()
}

/// Makes the additions; the same ones a second time change nothing.
///
/// # Errors
///
/// [`ReceiptError`] if the bundle cannot be read.
pub fn apply(bundle: &mut Bundle, additions: &[Addition]) -> Result<(), ReceiptError> {
    for addition in additions {
        if let Addition::Cosignatures { before, after } = addition {
            for text in &mut bundle.checkpoints {
                if text == before {
                    *text = after.to_string();
                }
            }
        }
    }
    let mut receipts = receipts(bundle)?;
    for addition in additions {
        if let Addition::Receipt(receipt) = addition
            && !receipts.contains(receipt)
        {
            receipts.push((**receipt).clone());
        }
    }
    put_receipts(bundle, &receipts);
    for addition in additions {
        if let Addition::Current(proof) = addition {
            let value = proof.to_value();
            if !bundle.current.contains(&value) {
                bundle.current.push(value);
            }
        }
    }
    Ok(())
}

/// The newest time at which a bundle shows how something stood.
#[must_use]
pub fn shows_until(material: &Material) -> Option<Timestamp> {
    let epoch =
        |proof: &CurrentProof| Leaf::parse(proof.epoch().leaf_bytes()).map(|leaf| leaf.time()).ok();
    material.current.iter().filter_map(epoch).max()
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The ledger is damaged or cannot be reached.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A receipt of the bundle cannot be read.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// A head of the bundle cannot be read.
    #[error("a checkpoint of the bundle cannot be read")]
    Checkpoint,
}

impl KeepError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Receipt(error) => error.code(),
            Self::Checkpoint => "bundle-malformed",
        }
    }
}
