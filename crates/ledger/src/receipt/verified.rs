//! What was verified: a signed head, and a leaf under it, as evidence that nothing else can make.
//!
//! In scope: what they prove, asked for in the terms of §5.2 (V9, V10, V12) and §5.3 of the ledger specification.
//! Out of scope: verifying them (`verify`).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::DidDocument;
use inkan_did::webvh::Entry;

use super::ReceiptError;
use crate::checkpoint::Checkpoint;
use crate::entry::SignedEntry;
use crate::leaf::{Kind, Leaf};
use crate::note::SignedNote;
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
    /// The times at which the quorum is met by stamps up to then, rising, and the operators of those stamps.
    pub(super) existed: Vec<(Timestamp, BTreeSet<String>)>,
    pub(super) fresh_at: Option<Timestamp>,
    pub(super) cosigners: Vec<(String, Timestamp)>,
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
        let found =
            self.0.existed.iter().find(|(_, operators)| Grade::of(operators.len()) >= grade);
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
