//! Does this entry follow that head? The rules D2 and D4 to D12 of the ledger specification §6.1.

use inkan_core::{Timestamp, tolerance};
use inkan_crypto::PublicKey;
use serde_json::Value;

use super::entry::Entry;
use super::error::{EntryError, Malformed, ProofProblem};
use super::hash;
use super::head::Head;
use super::parameters::WitnessSet;
use super::witness;

/// The cache time if no entry sets one (did:webvh 1.0, `ttl`).
const DEFAULT_TTL: u64 = 3_600;

/// Checks `entry` against `head` by the rules D1 to D14 and gives the new head.
///
/// `entry` comes from [`Entry::parse`], which checked the rules that need no predecessor. `head` is `None` for the first
/// entry of a DID. Which log is asking is not known here: see [`check_home`](super::check_home) for that part of D14.
///
/// # Errors
///
/// [`EntryError`], one variant per rule, in the order of the table.
pub fn check_next(
    head: Option<&Head>,
    entry: &Entry,
    ledger_time: Timestamp,
) -> Result<Head, EntryError> {
    let Advance { head, approving } = advance(head, entry, ledger_time)?;
    // D11. Every entry carries the approvals it needs, and no others.
    match (&entry.approvals, approving.is_empty()) {
        (None, true) => {}
        (None, false) => {
            let threshold = approving.threshold();
            return Err(EntryError::WitnessThreshold { approvals: 0, threshold });
        }
        (Some(_), true) => return Err(EntryError::WitnessInvalid),
        (Some(approvals), false) => {
            if approvals.version_id() != entry.version_id() {
                return Err(EntryError::WitnessInvalid);
            }
            witness::check_threshold(&approving, &approvals.verify(ledger_time)?)?;
        }
    }
    Ok(head)
}

/// Takes an entry that was checked before, by [`check_next`] against this very head, and gives the new head again.
///
/// For a reader of its own log: keys, times and proofs are not looked at, only that the entry is the next one by number and
/// hash.
///
/// # Errors
///
/// [`EntryError`] if it is not.
pub fn follow(head: Option<&Head>, entry: &Entry) -> Result<Head, EntryError> {
    check_number(head, entry)?;
    check_hashes(head, entry)?;
    Ok(next_head(head, entry).head)
}

/// A new head, and who must approve the entry that made it.
#[derive(Debug)]
pub(super) struct Advance {
    pub(super) head: Head,
    pub(super) approving: WitnessSet,
}

/// All rules but the counting of witnesses, which a resolver does over the whole log.
pub(super) fn advance(
    head: Option<&Head>,
    entry: &Entry,
    now: Timestamp,
) -> Result<Advance, EntryError> {
    check_number(head, entry)?;
    check_alive(head)?;
    check_hashes(head, entry)?;
    check_time(head, entry, now)?;
    let authorized = authorized_keys(head, entry)?;
    check_proofs(authorized, entry, now).map_err(EntryError::ProofInvalid)?;
    check_move(head, entry)?;
    Ok(next_head(head, entry))
}

/// D2, and the SCID part of D9.
fn check_number(head: Option<&Head>, entry: &Entry) -> Result<(), EntryError> {
    let expected = head.map_or(Some(1), |head| head.number.checked_add(1));
    if expected != Some(entry.number) {
        let head = head.map(|head| head.version_id.clone());
        return Err(EntryError::VersionConflict { given: entry.version_id.clone(), head });
    }
    if head.is_some_and(|head| head.scid != entry.scid()) {
        return Err(EntryError::StateIdScid);
    }
    Ok(())
}

/// D12.
fn check_alive(head: Option<&Head>) -> Result<(), EntryError> {
    match head {
        Some(head) if head.deactivated || head.update_keys.is_empty() => {
            Err(EntryError::DidDeactivated)
        }
        Some(_) | None => Ok(()),
    }
}

impl Entry {
    /// Whether the entry hash is the one after this `versionId` (D5); `None` for a first entry.
    #[must_use]
    pub fn names_predecessor(&self, version_id: Option<&str>) -> bool {
        let hash = self
            .unsigned_members()
            .ok()
            .and_then(|members| hash::entry_hash(members, version_id.unwrap_or(self.scid())).ok());
        hash.as_deref() == self.version_id.split_once('-').map(|(_, given)| given)
    }
}

/// D4 and D5.
fn check_hashes(head: Option<&Head>, entry: &Entry) -> Result<(), EntryError> {
    let members = entry.unsigned_members()?;
    let predecessor = match head {
        Some(head) => head.version_id.as_str(),
        None => {
            if hash::scid_hash(members, entry.scid())? != entry.scid() {
                return Err(EntryError::ScidMismatch);
            }
            entry.scid()
        }
    };
    let expected = hash::entry_hash(members, predecessor).map_err(Malformed::from)?;
    if entry.version_id.split_once('-').map(|(_, given)| given) != Some(expected.as_str()) {
        return Err(EntryError::EntryHashMismatch);
    }
    Ok(())
}

/// The order of D6.
fn check_time(head: Option<&Head>, entry: &Entry, now: Timestamp) -> Result<(), EntryError> {
    let given = entry.time;
    if let Some(head) = head.filter(|head| given <= head.time) {
        return Err(EntryError::VersionTimeNotLater { given, head: head.time });
    }
    if given > now.plus_seconds(tolerance::LEDGER_FUTURE) {
        return Err(EntryError::VersionTimeInFuture { given, now });
    }
    Ok(())
}

/// D7: the keys that may authorise this entry.
fn authorized_keys<'a>(
    head: Option<&'a Head>,
    entry: &'a Entry,
) -> Result<&'a [PublicKey], EntryError> {
    let own = entry.parameters.update_keys.as_deref();
    let Some(head) = head else { return own.ok_or(EntryError::UpdateKeyNotCommitted) };
    if !head.pre_rotation() {
        return Ok(&head.update_keys);
    }
    let own = own.filter(|keys| !keys.is_empty()).ok_or(EntryError::UpdateKeyNotCommitted)?;
    let committed = |key| head.next_key_hashes.contains(&hash::next_key_hash(key));
    if entry.parameters.next_key_hashes.is_none() || !own.iter().all(committed) {
        return Err(EntryError::UpdateKeyNotCommitted);
    }
    Ok(own)
}

/// D8: all proofs are by authorised keys, and hold.
fn check_proofs(
    authorized: &[PublicKey],
    entry: &Entry,
    now: Timestamp,
) -> Result<(), ProofProblem> {
    for proof in &entry.proofs {
        if !authorized.contains(proof.key()) {
            return Err(ProofProblem::NotAuthorized);
        }
        proof.verify(&entry.unsigned, now)?;
    }
    Ok(())
}

/// D9: another host or path only if portable, and the old DID is named.
fn check_move(head: Option<&Head>, entry: &Entry) -> Result<(), EntryError> {
    let Some(head) = head.filter(|head| head.did() != entry.did()) else { return Ok(()) };
    let names = entry.document.value().get("alsoKnownAs").and_then(Value::as_array);
    let names_old = names.is_some_and(|names| names.iter().any(|name| name == head.did().as_str()));
    // `portable: false` in this very entry forbids the move as well.
    let portable = head.portable && entry.parameters.portable.unwrap_or(true);
    if portable && names_old { Ok(()) } else { Err(EntryError::MoveNotAllowed) }
}

fn next_head(head: Option<&Head>, entry: &Entry) -> Advance {
    let set = &entry.parameters;
    let prior = head.map(|head| head.witness.clone()).unwrap_or_default();
    let witness = set.witness.clone().unwrap_or_else(|| prior.clone());
    let kept = |keep: fn(&Head) -> Vec<String>| head.map(keep).unwrap_or_default();
    let next = Head {
        scid: entry.scid().to_owned(),
        version_id: entry.version_id.clone(),
        number: entry.number,
        time: entry.time,
        document: entry.document.clone(),
        update_keys: set
            .update_keys
            .clone()
            .unwrap_or_else(|| head.map(|head| head.update_keys.clone()).unwrap_or_default()),
        next_key_hashes: set
            .next_key_hashes
            .clone()
            .unwrap_or_else(|| kept(|head| head.next_key_hashes.clone())),
        watchers: set.watchers.clone().unwrap_or_else(|| kept(|head| head.watchers.clone())),
        portable: set.portable.unwrap_or_else(|| head.is_some_and(|head| head.portable)),
        deactivated: set.deactivated.unwrap_or(false),
        ttl: set.ttl.or_else(|| head.map(|head| head.ttl)).unwrap_or(DEFAULT_TTL),
        home: entry
            .document
            .ledger_log()
            .map(str::to_owned)
            .or_else(|| head.and_then(|head| head.home.clone())),
        witness: witness.clone(),
    };
    // D11: from none, the new set approves at once; otherwise the old one does.
    let approving = if prior.is_empty() { witness } else { prior };
    Advance { head: next, approving }
}

#[cfg(test)]
mod tests;
