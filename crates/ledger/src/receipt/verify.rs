//! Does a receipt prove that its leaf is in the log, and by when? Steps V5 to V10 and V12 of §5.2, times of §5.3.
//!
//! In scope: signatures, quorum, inclusion, times and their grade. Out of scope: what the leaf means for an artefact
//! (`opening`), whether the grade is enough (policies), RFC 3161 tokens (`inkan-evidence`).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use inkan_core::{Timestamp, tolerance};
use inkan_did::DidDocument;
use inkan_did::webvh::Entry;

use super::{Receipt, ReceiptError};
use crate::checkpoint::Checkpoint;
use crate::cosignature::{claimed_time, verify_cosignature};
use crate::entry::SignedEntry;
use crate::leaf::{Kind, Leaf};
use crate::note::{KeyMaterial, SignedNote};
use crate::policy::{LogPolicy, PolicyWitness};
use crate::rejection::Rejection;
use crate::state::parse_did_body;
use crate::tree::{LeafHash, NodeHash, TreeHead, verify_inclusion};

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

/// Verifies a signed head: V5 to V7, and the times of §5.3.
///
/// # Errors
///
/// [`ReceiptError`], the first step that fails.
pub fn verify_checkpoint(
    note: &SignedNote,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<VerifiedCheckpoint, ReceiptError> {
    let checkpoint = Checkpoint::parse_text(note.text())
        .map_err(|_| ReceiptError::Malformed("checkpoint is not three lines"))?;
    check_log_signature(note, checkpoint.origin(), policy)?;
    let stamps = check_cosignatures(note, policy, now)?;
    // V7.
    let cosigned = stamps.seen.iter().map(|(place, _)| *place).collect();
    if !policy.is_met_by(&cosigned) {
        return Err(ReceiptError::QuorumNotMet);
    }
    let (existed, fresh_at) = times(&stamps.seen, policy);
    let name = |(place, time): &(usize, Timestamp)| {
        policy.witnesses().get(*place).map(|witness| (witness.name().to_owned(), *time))
    };
    Ok(VerifiedCheckpoint(Arc::new(Verified {
        note: note.clone(),
        checkpoint,
        existed,
        fresh_at,
        cosigners: stamps.seen.iter().filter_map(name).collect(),
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
    // V9.
    let leaf = Leaf::parse(receipt.leaf_bytes())?;
    if let Some(existed_by) = checkpoint.existed_by()
        && leaf.time() > existed_by.plus_seconds(tolerance::LEDGER_FUTURE)
    {
        return Err(ReceiptError::TimeInconsistent { leaf_time: leaf.time(), existed_by });
    }
    let leaf_index = path.leaf_index;
    Ok(VerifiedLeaf { checkpoint: checkpoint.clone(), leaf_index, leaf_hash, leaf })
}

/// A signed head that verified; only [`verify_checkpoint`] makes one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct VerifiedCheckpoint(Arc<Verified>);

#[derive(Debug)]
struct Verified {
    note: SignedNote,
    checkpoint: Checkpoint,
    /// The times at which the quorum is met by stamps up to then, rising, and the operators of those stamps.
    existed: Vec<(Timestamp, BTreeSet<String>)>,
    fresh_at: Option<Timestamp>,
    cosigners: Vec<(String, Timestamp)>,
    not_checked: Vec<String>,
}

/// A leaf that is proved to be in a log; only [`verify_receipt`] and [`verify_receipt_under`] make one.
#[derive(Clone, Debug)]
pub struct VerifiedLeaf {
    checkpoint: VerifiedCheckpoint,
    leaf_index: u64,
    leaf_hash: LeafHash,
    leaf: Leaf,
}

/// Who vouches for a time (§5.3, decisions 22). A higher grade is greater.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Grade {
    /// Only the operator of the log.
    Operator,
    /// This many operators of witnesses, none of them the log's; at least 1.
    Witnessed(usize),
}

impl Grade {
    const fn of(operators: usize) -> Self {
        if operators == 0 { Self::Operator } else { Self::Witnessed(operators) }
    }
}

/// `operator` or `witnessed 2`, as in reports.
impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Witnessed(operators) => write!(f, "witnessed {operators}"),
        }
    }
}

impl VerifiedCheckpoint {
    /// The signed head.
    #[must_use]
    pub fn note(&self) -> &SignedNote {
        &self.0.note
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.0.checkpoint.origin()
    }

    /// Size and root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.0.checkpoint.head()
    }

    /// The smallest time such that the cosignatures up to then meet the quorum; `None` without cosignatures.
    #[must_use]
    pub fn existed_by(&self) -> Option<Timestamp> {
        self.0.existed.first().map(|(time, _)| *time)
    }

    /// As [`Self::existed_by`], but with cosignatures that also have this grade; `None` if they never do.
    #[must_use]
    pub fn existed_by_at(&self, grade: Grade) -> Option<Timestamp> {
        let found = self.0.existed.iter().find(|(_, operators)| Grade::of(operators.len()) >= grade);
        found.map(|(time, _)| *time)
    }

    /// The largest time such that the cosignatures from then on meet the quorum; `None` without cosignatures.
    #[must_use]
    pub fn fresh_at(&self) -> Option<Timestamp> {
        self.0.fresh_at
    }

    /// Operators behind [`Self::existed_by`], without the log's own.
    #[must_use]
    pub fn operators(&self) -> BTreeSet<String> {
        self.0.existed.first().map(|(_, operators)| operators.clone()).unwrap_or_default()
    }

    /// The grade of [`Self::existed_by`].
    #[must_use]
    pub fn grade(&self) -> Grade {
        Grade::of(self.0.existed.first().map_or(0, |(_, operators)| operators.len()))
    }

    /// The best grade that any time has: that of all cosignatures together.
    #[must_use]
    pub fn best_grade(&self) -> Grade {
        Grade::of(self.0.existed.last().map_or(0, |(_, operators)| operators.len()))
    }

    /// Witnesses, by their names in the policy, and when they cosigned.
    #[must_use]
    pub fn cosigners(&self) -> &[(String, Timestamp)] {
        &self.0.cosigners
    }

    /// Timestamp authorities whose tokens are there and were not checked: they counted for nothing.
    #[must_use]
    pub fn not_checked(&self) -> &[String] {
        &self.0.not_checked
    }

    /// V12: the head was seen by the quorum at most `max_age` seconds before `now`.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Stale`], also if there is no cosignature at all.
    pub fn check_fresh(&self, max_age: i64, now: Timestamp) -> Result<(), ReceiptError> {
        let least = now.plus_seconds(max_age.saturating_neg());
        match self.0.fresh_at {
            Some(fresh_at) if fresh_at >= least => Ok(()),
            fresh_at => Err(ReceiptError::Stale { fresh_at, least }),
        }
    }
}

impl VerifiedLeaf {
    /// The head that it is proved under, with its times and grade.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.origin()
    }

    /// Place in the log.
    #[must_use]
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// Size of the tree that it is proved in.
    #[must_use]
    pub fn tree_size(&self) -> u64 {
        self.checkpoint.head().tree_size
    }

    /// Root of that tree.
    #[must_use]
    pub fn root_hash(&self) -> NodeHash {
        self.checkpoint.head().root_hash
    }

    /// Hash of the leaf.
    #[must_use]
    pub const fn leaf_hash(&self) -> LeafHash {
        self.leaf_hash
    }

    /// The leaf; its time is the operator's claim.
    #[must_use]
    pub const fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// When the quorum had seen it; `None` without cosignatures.
    #[must_use]
    pub fn existed_by(&self) -> Option<Timestamp> {
        self.checkpoint.existed_by()
    }

    /// When the quorum last vouched for the head it is proved under; `None` without cosignatures.
    #[must_use]
    pub fn fresh_at(&self) -> Option<Timestamp> {
        self.checkpoint.fresh_at()
    }

    /// Operators behind [`Self::existed_by`], without the log's own.
    #[must_use]
    pub fn operators(&self) -> BTreeSet<String> {
        self.checkpoint.operators()
    }

    /// The grade of [`Self::existed_by`].
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.checkpoint.grade()
    }

    /// V9: it records what the caller expects.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::WrongKind`].
    pub fn expect_kind(&self, kind: Kind) -> Result<(), ReceiptError> {
        let found = self.leaf.kind();
        if found == kind { Ok(()) } else { Err(ReceiptError::WrongKind { found }) }
    }

    /// The did:webvh entry in it; `None` for other kinds, and for a body that no log may accept.
    #[must_use]
    pub fn did_entry(&self) -> Option<Entry> {
        let is_did = self.leaf.kind() == Kind::Did;
        is_did.then(|| parse_did_body(self.leaf.body()).ok()).flatten()
    }

    /// The signed entry in it, made out to this log; its signature is not checked.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::EntryInvalid`] for other kinds, and for a body that this log may not accept.
    pub fn signed_entry(&self) -> Result<SignedEntry, ReceiptError> {
        let entry = SignedEntry::parse(self.leaf.kind(), self.leaf.body())
            .map_err(ReceiptError::EntryInvalid)?;
        if entry.audience() == self.origin() {
            Ok(entry)
        } else {
            let audience = entry.audience().to_owned();
            Err(ReceiptError::EntryInvalid(Rejection::WrongAudience { audience }))
        }
    }

    /// V10: the entry was signed by the DID it names. `signer` must be the document in force at this leaf's index.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::EntryInvalid`].
    pub fn check_entry_signature(&self, signer: &DidDocument) -> Result<SignedEntry, ReceiptError> {
        let entry = self.signed_entry()?;
        entry.verify(signer).map_err(ReceiptError::EntryInvalid)?;
        Ok(entry)
    }

    /// V10: the signer's home at this leaf's index is this log, or none.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::NotHome`].
    pub fn check_home(&self, home: Option<&str>) -> Result<(), ReceiptError> {
        match home.filter(|home| *home != self.origin()) {
            Some(home) => Err(ReceiptError::NotHome { home: home.to_owned() }),
            None => Ok(()),
        }
    }
}

/// V5.
fn check_log_signature(
    note: &SignedNote,
    origin: &str,
    policy: &LogPolicy,
) -> Result<(), ReceiptError> {
    let mut signed = 0_usize;
    for log in policy.logs().iter().filter(|log| log.name() == origin) {
        let mut lines = note.signatures().iter().filter(|line| log.matches(line));
        let (Some(line), KeyMaterial::Note(key)) = (lines.next(), log.material()) else { continue };
        if lines.next().is_some() {
            return Err(ReceiptError::Malformed("two signatures of one key"));
        }
        key.verify(note.text().as_bytes(), &line.signature)
            .map_err(|_| ReceiptError::LogSignatureInvalid)?;
        signed = signed.saturating_add(1);
    }
    if signed == 0 { Err(ReceiptError::UnknownLog { origin: origin.to_owned() }) } else { Ok(()) }
}

/// What known cosigners said.
#[derive(Default)]
struct Stamps {
    /// Place in the policy, and time.
    seen: Vec<(usize, Timestamp)>,
    not_checked: Vec<String>,
}

/// V6. Lines of unknown keys are ignored.
fn check_cosignatures(
    note: &SignedNote,
    policy: &LogPolicy,
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
        match witness.key().material() {
            KeyMaterial::Cosignature(key) => {
                let time = verify_cosignature(note.text(), &line.signature, key)
                    .map_err(|_| ReceiptError::CosignatureInvalid { name: name() })?;
                if time > now.plus_seconds(tolerance::LEDGER_FUTURE) {
                    return Err(ReceiptError::CosignatureInFuture { name: name(), time });
                }
                stamps.seen.push((place, time));
            }
            KeyMaterial::Tsa(_) => stamps.not_checked.push(name()),
            // A policy does not take note keys as witnesses.
            KeyMaterial::Note(_) => {}
        }
    }
    Ok(stamps)
}

/// When the quorum claims to have seen a head of one's own: signatures are not checked, so for choosing only.
#[must_use]
pub fn claimed_existed_by(note: &SignedNote, policy: &LogPolicy) -> Option<Timestamp> {
    let stamp = |(place, witness): (usize, &PolicyWitness)| {
        let line = note.signatures().iter().find(|line| witness.key().matches(line))?;
        match witness.key().material() {
            KeyMaterial::Cosignature(_) => Some((place, claimed_time(line)?)),
            KeyMaterial::Tsa(_) | KeyMaterial::Note(_) => None,
        }
    };
    let stamps: Vec<_> = policy.witnesses().iter().enumerate().filter_map(stamp).collect();
    times(&stamps, policy).0.first().map(|(time, _)| *time)
}

/// Times at which the quorum is met by stamps up to then, with their operators; and the newest time from which it is.
type Times = (Vec<(Timestamp, BTreeSet<String>)>, Option<Timestamp>);

/// §5.3.
fn times(stamps: &[(usize, Timestamp)], policy: &LogPolicy) -> Times {
    if !policy.needs_cosignatures() {
        return (Vec::new(), None);
    }
    let moments: BTreeSet<_> = stamps.iter().map(|(_, time)| *time).collect();
    let places = |counts: &dyn Fn(Timestamp) -> bool| -> BTreeSet<usize> {
        stamps.iter().filter(|(_, time)| counts(*time)).map(|(place, _)| *place).collect()
    };
    let operator = |place: &usize| policy.witnesses().get(*place)?.operator().map(str::to_owned);
    let existed = moments
        .iter()
        .map(|moment| (*moment, places(&|time| time <= *moment)))
        .filter(|(_, seen)| policy.is_met_by(seen))
        .map(|(moment, seen)| (moment, seen.iter().filter_map(operator).collect()))
        .collect();
    let fresh = moments.iter().rev().find(|m| policy.is_met_by(&places(&|time| time >= **m)));
    (existed, fresh.copied())
}

#[cfg(test)]
mod tests;
