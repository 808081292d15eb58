//! All receipts and current-proofs at hand, each checked once against the pinned logs.
//!
//! In scope: which leaves are proved, and which heads. Out of scope: to which artefact they belong (`verify::record`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh;
use inkan_ledger::current::stands_under;
use inkan_ledger::{
    CurrentProof, Kind, MapKey, Receipt, ReceiptError, SignedNote, VerifiedCheckpoint,
    VerifiedCurrent, VerifiedLeaf, verify_checkpoint_with, verify_current_under,
    verify_receipt_under,
};

use crate::material::{Context, Material};

/// Receipts and current-proofs of one verification.
#[derive(Debug)]
pub struct LedgerView<'a> {
    receipts: Rc<Vec<Seen<'a>>>,
    /// Receipts of what came after the place that is looked from.
    later: Rc<Vec<Seen<'a>>>,
    current: Rc<Vec<Shown<'a>>>,
    /// Ids that somebody asked about.
    asked: RefCell<BTreeSet<MapKey>>,
    /// Whether it is that of a place in the past.
    is_past: bool,
}

/// A receipt and what became of its check.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The receipt as given.
    pub receipt: &'a Receipt,
    /// The leaf it proves, or why it proves none.
    pub result: Result<VerifiedLeaf, ReceiptError>,
}

/// A current-proof and what became of its check under the key that its head names.
#[derive(Debug)]
pub struct Shown<'a> {
    proof: &'a CurrentProof,
    checkpoint: Result<VerifiedCheckpoint, ReceiptError>,
    result: Option<Result<VerifiedCurrent, ReceiptError>>,
}

impl<'a> LedgerView<'a> {
    /// Checks every receipt and current-proof of `material` against the logs pinned in `context`.
    ///
    /// A current-proof that was cosigned after the judged time says nothing about that time and is left out.
    #[must_use]
    pub fn new(material: &'a Material, context: &'a Context) -> Self {
        let now = Notes::new(context, context.received_at);
        let receipts = material
            .receipts
            .iter()
            .map(|receipt| Seen {
                receipt,
                result: now
                    .checked(receipt.note())
                    .and_then(|checkpoint| verify_receipt_under(receipt, &checkpoint)),
            })
            .collect();
        let then = Notes::new(context, context.as_of);
        let current = material
            .current
            .iter()
            .map(|proof| {
                let checkpoint = then.checked(proof.epoch().note());
                let result = checkpoint.clone().and_then(|head| shown(proof, &head)).transpose();
                Shown { proof, checkpoint, result }
            })
            .collect();
        let (receipts, current) = (Rc::new(receipts), Rc::new(current));
        let later = Rc::default();
        Self { receipts, later, current, asked: RefCell::default(), is_past: false }
    }

    /// The same of another artefact: nobody has asked yet.
    pub(crate) fn again(&self) -> Self {
        let (receipts, later) = (Rc::clone(&self.receipts), Rc::clone(&self.later));
        let is_past = self.is_past;
        Self {
            receipts,
            later,
            current: Rc::clone(&self.current),
            asked: RefCell::default(),
            is_past,
        }
    }

    /// The same as at a place in a log: without the status lists that were recorded there later, however soon. And without
    /// current-proofs, which say nothing of an earlier time unless they are of it.
    pub(crate) fn of_receipts(&self, place: Option<(&str, u64)>) -> Self {
        let is_later = |leaf: &VerifiedLeaf| {
            leaf.leaf().kind() == Kind::Status
                && place
                    .is_some_and(|(origin, at)| leaf.origin() == origin && leaf.leaf_index() > at)
        };
        let (later, receipts): (Vec<_>, Vec<_>) = self
            .receipts
            .iter()
            .cloned()
            .partition(|seen| seen.result.as_ref().is_ok_and(is_later));
        Self {
            receipts: Rc::new(receipts),
            later: Rc::new(later),
            current: Rc::new(Vec::new()),
            is_past: true,
            ..self.again()
        }
    }

    /// Whether it is that of a place in the past: no head is shown, and whoever asks looks elsewhere whether something was left out.
    pub(crate) const fn is_past(&self) -> bool {
        self.is_past
    }

    /// All receipts, in the order given.
    #[must_use]
    pub fn receipts(&self) -> &[Seen<'a>] {
        &self.receipts
    }

    /// Receipts of what is recorded only after the place that is looked from: nothing of it was there yet.
    pub(crate) fn later(&self) -> &[Seen<'a>] {
        &self.later
    }

    /// Places of current-proofs under heads that too few have signed for this verifier: no forgery, and nothing rests on them.
    pub fn weak(&self) -> impl Iterator<Item = usize> {
        self.current.iter().enumerate().filter_map(|(index, shown)| {
            matches!(shown.checkpoint, Err(ReceiptError::QuorumNotMet)).then_some(index)
        })
    }

    /// Places and codes of current-proofs that are forged: of a log we know, not of the future, and not verifying.
    pub fn forged(&self) -> impl Iterator<Item = (usize, &'static str)> {
        self.current.iter().enumerate().filter_map(|(index, shown)| {
            let result = shown.result.as_ref().and_then(|result| result.as_ref().err());
            let error = shown.checkpoint.as_ref().err().or(result)?;
            let harmless = matches!(
                error,
                ReceiptError::UnknownLog { .. }
                    | ReceiptError::CosignatureInFuture { .. }
                    | ReceiptError::QuorumNotMet
            );
            (!harmless).then_some((index, error.code()))
        })
    }

    /// Proved leaves that hold a version of the DID with this SCID.
    pub fn did_leaves(
        &self,
        scid: &str,
    ) -> impl Iterator<Item = (&VerifiedLeaf, Arc<webvh::Entry>)> {
        self.receipts.iter().filter_map(move |seen| {
            let leaf = seen.result.as_ref().ok()?;
            let entry = leaf.did_entry()?;
            (entry.scid() == scid).then_some((leaf, entry))
        })
    }

    /// The newest proved state of one key of the map of the log `origin`, as of the judged time. Places of different
    /// logs do not compare.
    #[must_use]
    pub fn newest(&self, key: &MapKey, origin: &str) -> Option<VerifiedCurrent> {
        self.heads(key)
            .filter(|current| current.epoch().origin() == origin)
            .max_by_key(VerifiedCurrent::epoch_index)
    }

    /// Logs that current-proofs at hand are of.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<&str> {
        let heads = self.current.iter().filter_map(|shown| shown.checkpoint.as_ref().ok());
        heads.map(VerifiedCheckpoint::origin).collect()
    }

    /// Notes that the verification rests on the newest state of this key, whether it is at hand or not.
    pub fn ask(&self, key: &MapKey) {
        self.asked.borrow_mut().insert(*key);
    }

    /// Keys that the verification rests on.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<MapKey> {
        self.asked.borrow().clone()
    }

    /// Every proved state at hand of a key that is named, by current-proofs that hold as of the judged time.
    pub fn current(&self) -> impl Iterator<Item = &VerifiedCurrent> {
        self.current.iter().filter_map(|shown| shown.result.as_ref()?.as_ref().ok())
    }

    /// Every proved state of one key of the map, absence included, that was seen by the judged time.
    pub fn heads(&self, key: &MapKey) -> impl Iterator<Item = VerifiedCurrent> {
        self.ask(key);
        self.current.iter().filter_map(move |shown| match &shown.result {
            Some(Ok(current)) => (current.key() == key).then(|| current.clone()),
            Some(Err(_)) => None,
            None => {
                let head = shown.checkpoint.as_ref().ok()?;
                verify_current_under(shown.proof, key, head).ok()
            }
        })
    }
}

/// What a current-proof shows of the key that its head names. A proof of absence names none, and only its epoch can be
/// looked at before somebody asks about a key.
fn shown(
    proof: &CurrentProof,
    checkpoint: &VerifiedCheckpoint,
) -> Result<Option<VerifiedCurrent>, ReceiptError> {
    match claimed_key(proof)? {
        Some(key) => verify_current_under(proof, &key, checkpoint).map(Some),
        None => verify_receipt_under(proof.epoch(), checkpoint).map(|_| None),
    }
}

/// The key that a current-proof's head names; none for a proof of absence.
fn claimed_key(proof: &CurrentProof) -> Result<Option<MapKey>, ReceiptError> {
    let Some(leaf) = proof.claimed_head() else {
        let has_head = proof.to_value().get("head").is_some();
        return if has_head { Err(ReceiptError::MalformedBody) } else { Ok(None) };
    };
    stands_under(&leaf).map(|(key, _)| Some(key)).ok_or(ReceiptError::MalformedBody)
}

/// Signed heads under the pinned logs, each checked once: many receipts share one.
struct Notes<'a> {
    context: &'a Context,
    now: Timestamp,
    /// By their text; of one text there may be several, with other signatures.
    checked: RefCell<BTreeMap<&'a str, Vec<Checked<'a>>>>,
}

/// A signed head, and what became of it.
type Checked<'a> = (&'a SignedNote, Result<VerifiedCheckpoint, ReceiptError>);

impl<'a> Notes<'a> {
    const fn new(context: &'a Context, now: Timestamp) -> Self {
        Self { context, now, checked: RefCell::new(BTreeMap::new()) }
    }

    /// Asks each pinned log in turn; a head is of an unknown log only if none of them is its log.
    fn checked(&self, note: &'a SignedNote) -> Result<VerifiedCheckpoint, ReceiptError> {
        let mut checked = self.checked.borrow_mut();
        let known = checked.entry(note.text()).or_default();
        if let Some((_, result)) = known.iter().find(|(other, _)| *other == note) {
            return result.clone();
        }
        let origin = note.text().lines().next().unwrap_or_default().to_owned();
        let mut result = Err(ReceiptError::UnknownLog { origin, pinned: false });
        let tokens = self.context.timestamps.as_deref();
        for log in &self.context.logs {
            let judged = verify_checkpoint_with(note, log, tokens, self.now);
            let unknown = matches!(judged, Err(ReceiptError::UnknownLog { pinned: false, .. }));
            if !unknown {
                result = judged;
            }
            if !matches!(result, Err(ReceiptError::UnknownLog { .. })) {
                break;
            }
        }
        known.push((note, result.clone()));
        result
    }
}
