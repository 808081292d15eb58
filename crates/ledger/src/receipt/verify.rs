//! Does a receipt prove that its leaf is in the log, and by when? Steps V5 to V9 of §5.2, times of §5.3.
//!
//! In scope: signatures, quorum, inclusion, times. Out of scope: what the leaf means for an artefact (`opening`),
//! whether the grade is enough (policies), RFC 3161 tokens (a [`TimestampChecker`] is passed in).

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::{Digest, Timestamp, sha256, tolerance};

use super::grade::Grades;
use super::timestamp::{StampInterval, TOKEN_LIMIT, TimestampChecker};
use super::verified::{Cosigner, Verified, VerifiedCheckpoint, VerifiedLeaf};
use super::{Receipt, ReceiptError};
use crate::checkpoint::Checkpoint;
use crate::cosignature::{claimed_time, verify_cosignature};
use crate::leaf::Leaf;
use crate::note::{KeyMaterial, SignedNote};
use crate::policy::{LogPolicy, PolicyWitness};
use crate::tree::tiles::TILE_WIDTH;
use crate::tree::{InclusionError, LeafHash, MerkleTree, NodeHash, verify_inclusion};

/// Verifies a receipt under the logs and witnesses that the caller trusts.
///
/// `now` only refuses cosignatures from the future. The entry's own signature is
/// [`VerifiedLeaf::check_entry_signature`].
///
/// # Errors
///
/// [`ReceiptError`], the first step of V5 to V9 that fails.
pub fn verify_receipt(
    receipt: &Receipt,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<VerifiedLeaf, ReceiptError> {
    verify_receipt_under(receipt, &verify_checkpoint(receipt.note(), policy, now)?)
}

/// Verifies a signed head: V5 to V7, and the times of §5.3. Tokens of timestamp authorities are checked by what the policy
/// has for it ([`LogPolicy::checking_tokens`]), else they are not and do not count.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails.
pub fn verify_checkpoint(
    note: &SignedNote,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<VerifiedCheckpoint, ReceiptError> {
    verify_checkpoint_with(note, policy, None, now)
}

/// As [`verify_checkpoint`], with what checks the tokens of timestamp authorities; the policy's own if there is none.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails.
pub fn verify_checkpoint_with(
    note: &SignedNote,
    policy: &LogPolicy,
    tokens: Option<&dyn TimestampChecker>,
    now: Timestamp,
) -> Result<VerifiedCheckpoint, ReceiptError> {
    let checkpoint = Checkpoint::parse_text(note.text())
        .map_err(|_| ReceiptError::Malformed("checkpoint is not three lines"))?;
    check_log_signature(note, checkpoint.origin(), policy)?;
    let stamps = check_cosignatures(note, policy, tokens.or(policy.token_checker()), now)?;
    // V7.
    let cosigned = stamps.seen.iter().map(|(place, _)| *place).collect();
    if !policy.is_met_by(&cosigned) {
        return Err(ReceiptError::QuorumNotMet);
    }
    let (existed, fresh_at) = times(&stamps.seen, policy);
    let cosigner = |(place, stamp): &(usize, StampInterval)| {
        policy.witnesses().get(*place).map(|witness| Cosigner {
            name: witness.name().to_owned(),
            operator: witness.operator().map(str::to_owned),
            key: witness.key().clone(),
            stamp: *stamp,
        })
    };
    Ok(VerifiedCheckpoint(Arc::new(Verified {
        note: note.clone(),
        checkpoint,
        existed,
        fresh_at,
        cosigners: stamps.seen.iter().filter_map(cosigner).collect(),
        not_checked: stamps.not_checked,
    })))
}

/// Verifies a receipt whose signed head was verified before: V8 and V9.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails; [`ReceiptError::Malformed`] if the receipt is over another head.
pub fn verify_receipt_under(
    receipt: &Receipt,
    checkpoint: &VerifiedCheckpoint,
) -> Result<VerifiedLeaf, ReceiptError> {
    if receipt.note() != checkpoint.note() {
        return Err(ReceiptError::Malformed("receipt is over another checkpoint"));
    }
    // V8.
    let path = receipt.proof().path();
    let leaf_hash = LeafHash::of(receipt.leaf_bytes());
    verify_inclusion(&leaf_hash, path, &checkpoint.head())?;
    placed(receipt.leaf_bytes(), path.leaf_index, leaf_hash, checkpoint)
}

/// Verifies all leaves of an entry bundle (C2SP tlog-tiles) by the receipt of its first one: the path of that leaf passes
/// the root over the bundle, so no other leaf needs a path of its own.
///
/// `leaves` are all leaves that the bundle has under `checkpoint`.
///
/// # Errors
///
/// [`ReceiptError`] as [`verify_receipt_under`]; [`ReceiptError::Malformed`] if they do not begin or end where a bundle does;
/// [`ReceiptError::InclusionInvalid`] if one of them is not what is in the log.
pub fn verify_bundle_under(
    first: &Receipt,
    leaves: &[Vec<u8>],
    checkpoint: &VerifiedCheckpoint,
) -> Result<Vec<VerifiedLeaf>, ReceiptError> {
    let begin = verify_receipt_under(first, checkpoint)?;
    let (start, size) = (begin.leaf_index, checkpoint.head().tree_size);
    let width = size.saturating_sub(start).min(u64::from(TILE_WIDTH));
    let whole = start.is_multiple_of(u64::from(TILE_WIDTH));
    if !whole || u64::try_from(leaves.len()) != Ok(width) {
        return Err(ReceiptError::Malformed("bundle begins or ends elsewhere"));
    }
    let mut tree = MerkleTree::new();
    for leaf in leaves {
        tree.append(LeafHash::of(leaf));
    }
    // A tree of `width` leaves is so high, and its first leaf is the left child on each level.
    let height = usize::try_from(width.next_power_of_two().trailing_zeros()).unwrap_or(usize::MAX);
    let steps = first.proof().path().path.iter().take(height);
    let root =
        steps.fold(begin.leaf_hash.into_node(), |node, next| NodeHash::of_children(&node, next));
    if tree.root(width).ok() != Some(root) {
        return Err(InclusionError::RootMismatch.into());
    }
    let place =
        |(index, leaf): (u64, &Vec<u8>)| placed(leaf, index, LeafHash::of(leaf), checkpoint);
    (start..).zip(leaves).map(place).collect()
}

/// V9, of a leaf that is in the tree.
fn placed(
    bytes: &[u8],
    leaf_index: u64,
    leaf_hash: LeafHash,
    checkpoint: &VerifiedCheckpoint,
) -> Result<VerifiedLeaf, ReceiptError> {
    let leaf = Leaf::parse(bytes)?;
    if let Some(existed_by) = checkpoint.existed_by()
        && leaf.time() > existed_by.plus_seconds(tolerance::LEDGER_FUTURE)
    {
        return Err(ReceiptError::TimeInconsistent { leaf_time: leaf.time(), existed_by });
    }
    let (checkpoint, read) = (checkpoint.clone(), Arc::default());
    Ok(VerifiedLeaf { checkpoint, leaf_index, leaf_hash, leaf, read })
}

/// V5.
pub(crate) fn check_log_signature(
    note: &SignedNote,
    origin: &str,
    policy: &LogPolicy,
) -> Result<(), ReceiptError> {
    let mut signed = 0_usize;
    let mut pinned = false;
    for log in policy.logs().iter().filter(|log| log.name() == origin) {
        pinned = true;
        let mut lines = note.signatures().iter().filter(|line| log.matches(line));
        let (Some(line), KeyMaterial::Note(key)) = (lines.next(), log.material()) else { continue };
        if lines.next().is_some() {
            return Err(ReceiptError::Malformed("two signatures of one key"));
        }
        key.verify(note.text().as_bytes(), &line.signature)
            .map_err(|_| ReceiptError::LogSignatureInvalid)?;
        signed = signed.saturating_add(1);
    }
    let origin = origin.to_owned();
    if signed == 0 { Err(ReceiptError::UnknownLog { origin, pinned }) } else { Ok(()) }
}

/// What known cosigners said.
#[derive(Default)]
struct Stamps {
    /// Place in the policy, and time.
    seen: Vec<(usize, StampInterval)>,
    not_checked: Vec<String>,
}

/// V6. Lines of unknown keys are ignored.
fn check_cosignatures(
    note: &SignedNote,
    policy: &LogPolicy,
    tokens: Option<&dyn TimestampChecker>,
    now: Timestamp,
) -> Result<Stamps, ReceiptError> {
    let mut stamps = Stamps::default();
    for (place, witness) in policy.witnesses().iter().enumerate() {
        let mut lines = note.signatures().iter().filter(|line| witness.key().matches(line));
        let Some(line) = lines.next() else { continue };
        if lines.next().is_some() {
            return Err(ReceiptError::Malformed("two signatures of one key"));
        }
        let name = || witness.name().to_owned();
        let stamp = match witness.key().material() {
            KeyMaterial::Cosignature(key) => {
                let time = verify_cosignature(note.text(), &line.signature, key)
                    .map_err(|_| ReceiptError::CosignatureInvalid { name: name() })?;
                StampInterval::at(time)
            }
            KeyMaterial::Tsa(anchor) => {
                let invalid = |reason| ReceiptError::TokenInvalid { name: name(), reason };
                if line.signature.len() > TOKEN_LIMIT {
                    return Err(invalid("token-too-large"));
                }
                let anchor = Digest::from_bytes(*anchor);
                let able = tokens.filter(|tokens| tokens.can_check(&anchor, &line.signature));
                let Some(tokens) = able else {
                    stamps.not_checked.push(name());
                    continue;
                };
                let imprint = sha256(&[note.text().as_bytes()]);
                tokens.check(&anchor, &line.signature, &imprint).map_err(invalid)?
            }
            // A policy does not take note keys as witnesses.
            KeyMaterial::Note(_) => continue,
        };
        if stamp.latest > now.plus_seconds(tolerance::LEDGER_FUTURE) {
            return Err(ReceiptError::CosignatureInFuture { name: name(), time: stamp.latest });
        }
        stamps.seen.push((place, stamp));
    }
    Ok(stamps)
}

/// The valid stamps of those witnesses that see growth, by their places in the policy: timestamp authorities are left out.
///
/// # Errors
///
/// As V6.
pub(crate) fn witness_stamps(
    note: &SignedNote,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<Vec<(usize, Timestamp)>, ReceiptError> {
    let stamps = check_cosignatures(note, policy, None, now)?;
    Ok(stamps.seen.into_iter().map(|(place, stamp)| (place, stamp.earliest)).collect())
}

/// When the quorum claims to have seen a head of one's own: signatures of witnesses are not checked, so for choosing only.
#[must_use]
pub fn claimed_existed_by(note: &SignedNote, policy: &LogPolicy) -> Option<Timestamp> {
    let stamp = |(place, witness): (usize, &PolicyWitness)| {
        let line = note.signatures().iter().find(|line| witness.key().matches(line))?;
        match witness.key().material() {
            KeyMaterial::Cosignature(_) => Some((place, StampInterval::at(claimed_time(line)?))),
            // A token states no time that could be read without checking it.
            KeyMaterial::Tsa(anchor) => {
                let (tokens, anchor) = (policy.token_checker()?, Digest::from_bytes(*anchor));
                let imprint = sha256(&[note.text().as_bytes()]);
                let stamp = tokens.check(&anchor, &line.signature, &imprint).ok()?;
                Some((place, stamp))
            }
            KeyMaterial::Note(_) => None,
        }
    };
    let stamps: Vec<_> = policy.witnesses().iter().enumerate().filter_map(stamp).collect();
    times(&stamps, policy).0.first().map(|(time, _)| *time)
}

/// Times at which the quorum is met by stamps up to then, with what holds of each; and the newest time from which it is.
type Times = (Vec<(Timestamp, Grades)>, Option<Timestamp>);

/// §5.3: a stamp counts from its latest time on for `existed_by`, up to its earliest for `fresh_at`.
fn times(stamps: &[(usize, StampInterval)], policy: &LogPolicy) -> Times {
    if !policy.needs_cosignatures() {
        return (Vec::new(), None);
    }
    let places = |counts: &dyn Fn(&StampInterval) -> bool| -> BTreeSet<usize> {
        stamps.iter().filter(|(_, stamp)| counts(stamp)).map(|(place, _)| *place).collect()
    };
    let latest: BTreeSet<_> = stamps.iter().map(|(_, stamp)| stamp.latest).collect();
    let existed = latest
        .into_iter()
        .map(|moment| (moment, places(&|stamp| stamp.latest <= moment)))
        .filter(|(_, seen)| policy.is_met_by(seen))
        .map(|(moment, seen)| (moment, grades(&seen, policy)))
        .collect();
    let earliest: BTreeSet<_> = stamps.iter().map(|(_, stamp)| stamp.earliest).collect();
    let fresh = earliest
        .into_iter()
        .rev()
        .find(|moment| policy.is_met_by(&places(&|stamp| stamp.earliest >= *moment)));
    (existed, fresh)
}

/// What holds of stamps by these witnesses; the log's own never count.
fn grades(seen: &BTreeSet<usize>, policy: &LogPolicy) -> Grades {
    let mut grades = Grades::default();
    for witness in seen.iter().filter_map(|place| policy.witnesses().get(*place)) {
        if let Some(operator) = witness.operator() {
            grades.operators.insert(operator.to_owned());
            grades.tsa |= matches!(witness.key().material(), KeyMaterial::Tsa(_));
        }
    }
    grades
}

#[cfg(test)]
mod tests;
