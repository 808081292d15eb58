//! Does this entry follow that head? The rules D2 and D4 to D12 of the ledger specification §6.1.

use inkan_core::{Timestamp, tolerance};
use inkan_crypto::PublicKey;
use serde_json::Value;

use super::before::Before;
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
    check_after(head.map(Before::from), entry, ledger_time)?;
    Ok(next_head(head, entry).head)
}

/// The same without giving the new head, for a version of which only what the rules ask about is at hand: `before` is
/// `None` for the first entry of a DID.
///
/// # Errors
///
/// As [`check_next`].
pub fn check_after(
    before: Option<Before<'_>>,
    entry: &Entry,
    ledger_time: Timestamp,
) -> Result<(), EntryError> {
    check_rules(before, entry, ledger_time)?;
    // D11. Every entry carries the approvals it needs, and no others.
    let approving = approving(before.map(|before| before.witness), entry);
    match (&entry.approvals, approving.filter(|set| !set.is_empty())) {
        (None, None) => Ok(()),
        (None, Some(set)) => {
            Err(EntryError::WitnessThreshold { approvals: 0, threshold: set.threshold() })
        }
        (Some(_), None) => Err(EntryError::WitnessInvalid),
        (Some(approvals), Some(set)) => {
            if approvals.version_id() != entry.version_id() {
                return Err(EntryError::WitnessInvalid);
            }
            witness::check_threshold(set, &approvals.verify(ledger_time)?)
        }
    }
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
    let before = head.map(Before::from);
    check_number(before, entry)?;
    check_hashes(before, entry)?;
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
    check_rules(head.map(Before::from), entry, now)?;
    Ok(next_head(head, entry))
}

fn check_rules(
    before: Option<Before<'_>>,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), EntryError> {
    check_number(before, entry)?;
    check_alive(before)?;
    check_hashes(before, entry)?;
    check_time(before, entry, now)?;
    let authorized = authorized_keys(before, entry)?;
    check_proofs(authorized, entry, now).map_err(EntryError::ProofInvalid)?;
    check_move(before, entry)
}

/// D2, and the SCID part of D9.
fn check_number(before: Option<Before<'_>>, entry: &Entry) -> Result<(), EntryError> {
    let expected = before.map_or(Some(1), |before| before.number.checked_add(1));
    if expected != Some(entry.number) {
        let head = before.map(|before| before.version_id.to_owned());
        return Err(EntryError::VersionConflict { given: entry.version_id.clone(), head });
    }
    if before.is_some_and(|before| before.scid != entry.scid()) {
        return Err(EntryError::StateIdScid);
    }
    Ok(())
}

/// D12.
fn check_alive(before: Option<Before<'_>>) -> Result<(), EntryError> {
    match before {
        Some(before) if before.deactivated || before.update_keys.is_empty() => {
            Err(EntryError::DidDeactivated)
        }
        Some(_) | None => Ok(()),
    }
}

impl Entry {
    /// Whether each proof holds by the key that it names; whether that key may authorise the entry is another question.
    #[must_use]
    pub fn proofs_hold(&self, now: Timestamp) -> bool {
        self.proofs.iter().all(|proof| proof.verify(&self.unsigned, now).is_ok())
    }

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
fn check_hashes(before: Option<Before<'_>>, entry: &Entry) -> Result<(), EntryError> {
    let members = entry.unsigned_members()?;
    let predecessor = match before {
        Some(before) => before.version_id,
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
fn check_time(before: Option<Before<'_>>, entry: &Entry, now: Timestamp) -> Result<(), EntryError> {
    let given = entry.time;
    if let Some(before) = before.filter(|before| given <= before.time) {
        return Err(EntryError::VersionTimeNotLater { given, head: before.time });
    }
    if given > now.plus_seconds(tolerance::LEDGER_FUTURE) {
        return Err(EntryError::VersionTimeInFuture { given, now });
    }
    Ok(())
}

/// D7: the keys that may authorise this entry.
fn authorized_keys<'a>(
    before: Option<Before<'a>>,
    entry: &'a Entry,
) -> Result<&'a [PublicKey], EntryError> {
    let own = entry.parameters.update_keys.as_deref();
    let Some(before) = before else { return own.ok_or(EntryError::UpdateKeyNotCommitted) };
    if !before.pre_rotation() {
        return Ok(before.update_keys);
    }
    let own = own.filter(|keys| !keys.is_empty()).ok_or(EntryError::UpdateKeyNotCommitted)?;
    let committed = |key| before.next_key_hashes.contains(&hash::next_key_hash(key));
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
fn check_move(before: Option<Before<'_>>, entry: &Entry) -> Result<(), EntryError> {
    let Some(before) = before.filter(|before| before.did != entry.did()) else { return Ok(()) };
    let names = entry.document.value().get("alsoKnownAs").and_then(Value::as_array);
    let old = before.did.as_str();
    let names_old = names.is_some_and(|names| names.iter().any(|name| name == old));
    // `portable: false` in this very entry forbids the move as well.
    let portable = before.portable && entry.parameters.portable.unwrap_or(true);
    if portable && names_old { Ok(()) } else { Err(EntryError::MoveNotAllowed) }
}

/// D11: from none, the new set approves at once; otherwise the old one does.
fn approving<'a>(prior: Option<&'a WitnessSet>, entry: &'a Entry) -> Option<&'a WitnessSet> {
    prior.filter(|set| !set.is_empty()).or(entry.parameters.witness.as_ref())
}

fn next_head(head: Option<&Head>, entry: &Entry) -> Advance {
    let set = &entry.parameters;
    let prior = head.map(|head| &head.witness);
    let approving = approving(prior, entry).cloned().unwrap_or_default();
    let witness = set.witness.clone().or_else(|| prior.cloned()).unwrap_or_default();
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
        witness,
    };
    Advance { head: next, approving }
}

#[cfg(test)]
mod tests;
