//! Inclusion promises (§3.6 of the ledger specification): the log's signed word that leaves will be covered in time.
//!
//! In scope: their text, signing, verifying, and whether one was kept, is pending or was broken. Out of scope: keeping
//! them (`inkan-io`), the evidence file about a broken one (`evidence`).

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::encoding::{b64, decode_b64};
use inkan_core::{Digest, Timestamp};
use inkan_crypto::{SignError, Signer};

use crate::checkpoint::{Checkpoint, is_origin};
use crate::note::{KeyMaterial, SignatureLine, SignedNote, VerifierKey, parse_decimal};
use crate::policy::LogPolicy;
use crate::receipt::verify::{check_log_signature, witness_stamps};
use crate::receipt::{
    Receipt, ReceiptError, VerifiedLeaf, verify_checkpoint, verify_receipt_under,
};
use crate::tree::{LeafHash, verify_inclusion};

/// The largest promise in bytes (V1 with another limit than receipts have).
pub const PROMISE_LIMIT: usize = 131_072;
/// The most leaves of one promise.
pub const PROMISE_LEAVES: usize = 1_000;
/// First line of every promise.
const FIRST_LINE: &str = "inkan-promise/v1";

/// What a log promises: these leaves, at these places, in a published checkpoint by the deadline. Not signed yet, or not
/// verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Promise {
    origin: String,
    /// Seconds since the epoch, below 2^63: also times that no calendar has.
    deadline: u64,
    leaves: BTreeMap<u64, LeafHash>,
}

/// A promise that the log cannot give. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("promise names no log, no leaf, too many leaves, or a time before 1970")]
pub struct PromiseError;

impl PromiseError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "malformed-receipt"
    }
}

impl Promise {
    /// States a promise over 1 to 1,000 leaves.
    ///
    /// # Errors
    ///
    /// [`PromiseError`].
    pub fn new(
        origin: &str,
        deadline: Timestamp,
        leaves: BTreeMap<u64, LeafHash>,
    ) -> Result<Self, PromiseError> {
        let deadline = u64::try_from(deadline.seconds()).map_err(|_| PromiseError)?;
        let places = leaves.keys().next_back().is_some_and(|last| *last < 1 << 63);
        if !is_origin(origin) || !places || leaves.len() > PROMISE_LEAVES {
            return Err(PromiseError);
        }
        Ok(Self { origin: origin.to_owned(), deadline, leaves })
    }

    /// The text that the log signs.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{FIRST_LINE}\n{}\n{}\n", self.origin, self.deadline);
        for (index, leaf) in &self.leaves {
            out.push_str(&format!("{index} {}\n", b64(leaf.digest().as_bytes())));
        }
        out
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn parse_text(text: &str) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let mut lines =
            text.strip_suffix('\n').ok_or(malformed("no line feed at the end"))?.split('\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("first line"));
        }
        let origin = lines
            .next()
            .filter(|origin| is_origin(origin))
            .ok_or(malformed("origin of the log"))?;
        let deadline = lines.next().and_then(parse_decimal).ok_or(malformed("deadline"))?;
        let mut leaves = BTreeMap::new();
        for line in lines {
            let (index, leaf) = parse_leaf(line).ok_or(malformed("leaf line"))?;
            if leaves.last_key_value().is_some_and(|(last, _)| *last >= index) {
                return Err(malformed("places do not rise"));
            }
            leaves.insert(index, leaf);
        }
        if !(1..=PROMISE_LEAVES).contains(&leaves.len()) {
            return Err(malformed("no leaf, or too many"));
        }
        Ok(Self { origin: origin.to_owned(), deadline, leaves })
    }

    /// Signs as the log; `key` is the signer's, and its name the origin.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signer fails, or the key is another log's.
    pub fn sign(&self, key: &VerifierKey, signer: &dyn Signer) -> Result<SignedNote, SignError> {
        if key.name() != self.origin {
            return Err(SignError::Refused);
        }
        let mut note = SignedNote::new(self.to_text());
        let signature = signer.sign(note.text().as_bytes())?;
        note.put(SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature });
        Ok(note)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Until when the leaves must be covered; a time that no calendar has is given as the last one it has.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        i64::try_from(self.deadline)
            .ok()
            .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
            .unwrap_or_else(|| Timestamp::EPOCH.plus_seconds(i64::MAX))
    }

    /// The leaves by their places.
    #[must_use]
    pub const fn leaves(&self) -> &BTreeMap<u64, LeafHash> {
        &self.leaves
    }

    fn deadline_passed(&self, time: Timestamp) -> bool {
        u64::try_from(time.seconds()).is_ok_and(|time| time > self.deadline)
    }
}

/// A promise that its log signed; only [`verify_promise`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedPromise {
    promise: Promise,
    note: SignedNote,
}

/// Reads a promise and checks that a log of the policy signed it: V1, V2, V4 and V5 of §5.2.
///
/// # Errors
///
/// [`ReceiptError::Malformed`], [`ReceiptError::UnknownLog`], [`ReceiptError::LogSignatureInvalid`].
pub fn verify_promise(text: &str, policy: &LogPolicy) -> Result<VerifiedPromise, ReceiptError> {
    let note = SignedNote::parse_within(text, PROMISE_LIMIT)
        .map_err(|_| ReceiptError::Malformed("promise is not a note"))?;
    let promise = Promise::parse_text(note.text())?;
    check_log_signature(&note, promise.origin(), policy)?;
    Ok(VerifiedPromise { promise, note })
}

/// What became of a promise, as far as the proofs at hand show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PromiseState {
    /// Every promised leaf is where it was promised, under the quorum.
    Kept,
    /// Nothing at hand shows the one or the other for some of its leaves.
    Pending {
        /// Places that no receipt shows.
        open: Vec<u64>,
    },
    /// The log did not do what it signed, and this proves it to anybody who knows its key.
    Broken(Breach),
}

/// What breaks a promise, beside the promise itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Breach {
    /// A checkpoint that the log signed has another leaf at a promised place.
    OtherLeaf(Box<Receipt>),
    /// More than half of the witnesses saw, after the deadline, a checkpoint that ends before a promised place.
    NotCovered(SignedNote),
}

impl PromiseState {
    /// A stable code for reports, `None` if the promise was kept. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Kept => None,
            Self::Pending { .. } => Some("promise-pending"),
            Self::Broken(_) => Some("promise-broken"),
        }
    }
}

impl VerifiedPromise {
    /// What was promised.
    #[must_use]
    pub const fn promise(&self) -> &Promise {
        &self.promise
    }

    /// The signed text.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Judges the promise by receipts and checkpoints, whatever they are of: what does not concern it, or does not verify,
    /// shows nothing.
    #[must_use]
    pub fn judge(
        &self,
        receipts: &[Receipt],
        checkpoints: &[SignedNote],
        policy: &LogPolicy,
        now: Timestamp,
    ) -> PromiseState {
        let mut open: Vec<u64> = self.promise.leaves.keys().copied().collect();
        let mut in_time = BTreeSet::new();
        for receipt in receipts {
            if self.is_broken_by_leaf(receipt, policy) {
                return PromiseState::Broken(Breach::OtherLeaf(Box::new(receipt.clone())));
            }
            if let Some(leaf) = self.kept_by(receipt, policy, now) {
                let index = receipt.proof().path().leaf_index;
                open.retain(|place| *place != index);
                if leaf.existed_by().is_some_and(|time| !self.promise.deadline_passed(time)) {
                    in_time.insert(index);
                }
            }
        }
        let absent = |note: &&SignedNote| self.is_broken_by_absence(note, &in_time, policy, now);
        if let Some(note) = checkpoints.iter().find(absent) {
            return PromiseState::Broken(Breach::NotCovered((*note).clone()));
        }
        if open.is_empty() { PromiseState::Kept } else { PromiseState::Pending { open } }
    }

    /// Whether the receipt, under the policy's quorum, shows a promised leaf at its place.
    fn kept_by(
        &self,
        receipt: &Receipt,
        policy: &LogPolicy,
        now: Timestamp,
    ) -> Option<VerifiedLeaf> {
        let index = receipt.proof().path().leaf_index;
        let promised = self.promise.leaves.get(&index);
        verify_checkpoint(receipt.note(), policy, now)
            .and_then(|checkpoint| verify_receipt_under(receipt, &checkpoint))
            .ok()
            .filter(|leaf| {
                leaf.origin() == self.promise.origin && promised == Some(&leaf.leaf_hash())
            })
    }

    /// (a): the log's own signature is enough, since it is the log that is accused. What the leaf says does not matter.
    pub(crate) fn is_broken_by_leaf(&self, receipt: &Receipt, policy: &LogPolicy) -> bool {
        let path = receipt.proof().path();
        let found = LeafHash::of(receipt.leaf_bytes());
        let other = self.promise.leaves.get(&path.leaf_index).is_some_and(|leaf| *leaf != found);
        let Ok(checkpoint) = Checkpoint::parse_text(receipt.note().text()) else { return false };
        other
            && checkpoint.origin() == self.promise.origin
            && check_log_signature(receipt.note(), checkpoint.origin(), policy).is_ok()
            && verify_inclusion(&found, path, &checkpoint.head()).is_ok()
    }

    /// (b): a witness alone may lag, and a timestamp authority stamps old heads as gladly as new ones, so more than half of
    /// the witnesses that do see growth must have seen this head after the deadline. Witnesses that are new to a log can be
    /// shown an old head of it by anybody: places that the quorum saw `in_time` are not absent.
    pub(crate) fn is_broken_by_absence(
        &self,
        note: &SignedNote,
        in_time: &BTreeSet<u64>,
        policy: &LogPolicy,
        now: Timestamp,
    ) -> bool {
        let last = self.promise.leaves.keys().rev().find(|place| !in_time.contains(place));
        let Ok(checkpoint) = Checkpoint::parse_text(note.text()) else { return false };
        let ends_before = last.is_some_and(|last| checkpoint.head().tree_size <= *last);
        if !ends_before || checkpoint.origin() != self.promise.origin {
            return false;
        }
        if check_log_signature(note, checkpoint.origin(), policy).is_err() {
            return false;
        }
        let Ok(stamps) = witness_stamps(note, policy, now) else { return false };
        let late = stamps.iter().filter(|(_, time)| self.promise.deadline_passed(*time)).count();
        let growth = |key: &VerifierKey| matches!(key.material(), KeyMaterial::Cosignature(_));
        let all = policy.witnesses().iter().filter(|witness| growth(witness.key())).count();
        late.saturating_mul(2) > all
    }
}

fn parse_leaf(line: &str) -> Option<(u64, LeafHash)> {
    let (index, hash) = line.split_once(' ')?;
    let hash: [u8; 32] = decode_b64(hash).ok()?.try_into().ok()?;
    Some((parse_decimal(index)?, LeafHash::from_digest(Digest::from_bytes(hash))))
}

#[cfg(test)]
mod tests;
