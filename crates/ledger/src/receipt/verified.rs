//! What was verified: a signed head, and a leaf under it, as evidence that nothing else can make.
//!
//! In scope: what they prove, asked for in the terms of §5.2 (V9, V10, V12) and §5.3 of the ledger specification.
//! Out of scope: verifying them (`verify`).

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use inkan_core::Timestamp;
use inkan_did::DidDocument;
use inkan_did::webvh::Entry;

use super::ReceiptError;
use super::grade::{Grade, Grades};
use super::timestamp::StampInterval;
use crate::checkpoint::Checkpoint;
use crate::entry::SignedEntry;
use crate::leaf::{Kind, Leaf};
use crate::note::{SignedNote, VerifierKey};
use crate::rejection::Rejection;
use crate::state::parse_did_body;
use crate::tree::{LeafHash, NodeHash, TreeHead};

/// A signed head that verified; only [`verify_checkpoint`](super::verify_checkpoint) makes one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct VerifiedCheckpoint(pub(super) Arc<Verified>);

#[derive(Debug)]
pub(super) struct Verified {
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
    /// The times at which the quorum is met by stamps up to then, rising, and what holds of those stamps.
    pub(super) existed: Vec<(Timestamp, Grades)>,
    pub(super) fresh_at: Option<Timestamp>,
    pub(super) cosigners: Vec<Cosigner>,
    pub(super) not_checked: Vec<String>,
}

/// A leaf that is proved to be in a log; only
/// [`verify_receipt`](super::verify_receipt) and [`verify_receipt_under`](super::verify_receipt_under) make one.
#[derive(Clone, Debug)]
pub struct VerifiedLeaf {
    pub(super) checkpoint: VerifiedCheckpoint,
    pub(super) leaf_index: u64,
    pub(super) leaf_hash: LeafHash,
    pub(super) leaf: Leaf,
    /// What stands in it, for all copies: whoever judges a credential asks every leaf for every one who signed.
    pub(super) read: Arc<Read>,
}

/// An entry, read when somebody asks for it for the first time.
#[derive(Debug, Default)]
pub(super) struct Read {
    did: OnceLock<Option<Arc<Entry>>>,
    signed: OnceLock<Result<Arc<SignedEntry>, Rejection>>,
}

/// A witness or timestamp authority whose stamp on a head verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cosigner {
    pub(super) name: String,
    pub(super) operator: Option<String>,
    pub(super) key: VerifierKey,
    pub(super) stamp: StampInterval,
}

impl Cosigner {
    /// The name in the policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who runs it; `None` if it is the log's own.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_deref()
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Whether it is one of the witnesses that the log of this origin runs itself; see [`PolicyWitness::is_of_log`].
    ///
    /// [`PolicyWitness::is_of_log`]: crate::policy::PolicyWitness::is_of_log
    #[must_use]
    pub fn is_of_log(&self, origin: &str) -> bool {
        crate::policy::is_named_under(&self.key, origin)
    }

    /// When it stamped the head, by its own clock.
    #[must_use]
    pub const fn stamp(&self) -> StampInterval {
        self.stamp
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

    /// As [`Self::existed_by`], but with cosignatures of which this grade holds too; `None` if it never does.
    #[must_use]
    pub fn existed_by_at(&self, grade: Grade) -> Option<Timestamp> {
        self.seen_at(grade).map(|(time, _)| *time)
    }

    /// What holds of [`Self::existed_by_at`]; of [`Self::existed_by`] if the grade never holds.
    #[must_use]
    pub fn grades_at(&self, grade: Grade) -> Grades {
        let seen = self.seen_at(grade).or(self.0.existed.first());
        seen.map(|(_, grades)| grades.clone()).unwrap_or_default()
    }

    fn seen_at(&self, grade: Grade) -> Option<&(Timestamp, Grades)> {
        self.0.existed.iter().find(|(_, grades)| grades.holds(grade))
    }

    /// The largest time such that the cosignatures from then on meet the quorum; `None` without cosignatures.
    #[must_use]
    pub fn fresh_at(&self) -> Option<Timestamp> {
        self.0.fresh_at
    }

    /// Everything that holds of [`Self::existed_by`].
    #[must_use]
    pub fn grades(&self) -> Grades {
        self.grades_at(Grade::Operator)
    }

    /// Everything that holds of all valid stamps together.
    #[must_use]
    pub fn best_grades(&self) -> Grades {
        self.0.existed.last().map(|(_, grades)| grades.clone()).unwrap_or_default()
    }

    /// Operators behind [`Self::existed_by`], without the log's own.
    #[must_use]
    pub fn operators(&self) -> BTreeSet<String> {
        self.grades().operators
    }

    /// Witnesses and timestamp authorities whose stamps verified.
    #[must_use]
    pub fn cosigners(&self) -> &[Cosigner] {
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

    /// Everything that holds of [`Self::existed_by`].
    #[must_use]
    pub fn grades(&self) -> Grades {
        self.checkpoint.grades()
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
    pub fn did_entry(&self) -> Option<Arc<Entry>> {
        let is_did = self.leaf.kind() == Kind::Did;
        let read = || parse_did_body(self.leaf.body()).ok().filter(|_| is_did).map(Arc::new);
        self.read.did.get_or_init(read).clone()
    }

    /// The signed entry in it, to whichever log it is made out; its signature is not checked.
    ///
    /// # Errors
    ///
    /// [`Rejection`] for other kinds, and for a body that no log may accept.
    pub fn any_signed_entry(&self) -> Result<Arc<SignedEntry>, Rejection> {
        let read = || SignedEntry::parse(self.leaf.kind(), self.leaf.body()).map(Arc::new);
        self.read.signed.get_or_init(read).clone()
    }

    /// The signed entry in it, made out to this log; its signature is not checked.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::EntryInvalid`] for other kinds, and for a body that this log may not accept.
    pub fn signed_entry(&self) -> Result<Arc<SignedEntry>, ReceiptError> {
        let entry = self.any_signed_entry().map_err(ReceiptError::EntryInvalid)?;
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
    pub fn check_entry_signature(
        &self,
        signer: &DidDocument,
    ) -> Result<Arc<SignedEntry>, ReceiptError> {
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
