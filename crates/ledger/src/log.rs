//! A whole log in memory: leaves, tree, state and map; the deterministic state machine that every sequencer drives.
//!
//! In scope: giving entries their place and time, sealing an epoch, receipts and current-proofs over signed heads.
//! Out of scope: keeping leaves (`inkan-io`), signing heads, asking witnesses.

use inkan_core::{Digest, Timestamp, tolerance};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::current::CurrentProof;
use crate::entry::says_the_same;
use crate::entry_id::EntryId;
use crate::epoch::{Epoch, Parameters};
use crate::leaf::{Kind, Leaf};
use crate::map::{Map, MapKey};
use crate::note::SignedNote;
use crate::receipt::Receipt;
use crate::rejection::Rejection;
use crate::state::{Checked, State, Verdict};
use crate::tree::{LeafHash, MerkleTree, NodeHash, OutOfRange, TreeHead};

/// A log with all its leaves.
#[derive(Clone, Debug)]
pub struct Log {
    origin: String,
    params: Digest,
    leaves: Vec<Leaf>,
    tree: MerkleTree,
    state: State,
    /// Places of the epoch leaves.
    epochs: Vec<u64>,
}

/// A leaf that fits the log as it is now; it is durable and answered for before it is [committed](Log::commit).
#[derive(Clone, Debug)]
pub struct Prepared {
    leaf_index: u64,
    bytes: Vec<u8>,
    leaf: Leaf,
    checked: Option<Checked>,
}

/// What became of a submission that obeys the rules.
#[derive(Clone, Debug)]
pub enum Submission {
    /// It gets a leaf of its own.
    New(Box<Prepared>),
    /// It stands in the log already.
    Duplicate {
        /// Where.
        leaf_index: u64,
    },
}

/// Why leaves do not make the log they should, or a proof cannot be made. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LogError {
    /// A leaf breaks a rule, so this log cannot have accepted it.
    #[error("leaf {leaf_index} cannot have been accepted")]
    LeafRefused {
        /// Where.
        leaf_index: u64,
        /// The rule.
        source: Rejection,
    },
    /// A leaf is malformed, out of order, a duplicate, or older than the one before.
    #[error("leaf {leaf_index} does not follow the leaves before it")]
    LeafOutOfOrder {
        /// Where.
        leaf_index: u64,
    },
    /// An epoch leaf does not state what the leaves before it are.
    #[error("epoch leaf {leaf_index} does not agree with the leaves before it")]
    EpochMismatch {
        /// Where.
        leaf_index: u64,
    },
    /// The log has no such leaf or size.
    #[error("there is no such place in the log")]
    OutOfRange(#[from] OutOfRange),
    /// A head that is not one of this log, or not of a size that ends in an epoch leaf.
    #[error("the signed head is not one of this log")]
    ForeignHead,
}

impl LogError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LeafRefused { .. } | Self::LeafOutOfOrder { .. } | Self::EpochMismatch { .. } => {
                "leaves-inconsistent"
            }
            Self::OutOfRange(_) => "not-found",
            Self::ForeignHead => "head-foreign",
        }
    }
}

impl Prepared {
    /// Where the leaf will stand.
    #[must_use]
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The leaf.
    #[must_use]
    pub const fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// The id under which it will be known; an epoch leaf has none.
    #[must_use]
    pub fn entry_id(&self) -> Option<EntryId> {
        self.checked.as_ref().map(Checked::entry_id)
    }
}

impl Log {
    /// The log that will have the name `origin` and these parameters, still without its genesis leaf.
    ///
    /// `params` is the digest of the parameters document.
    #[must_use]
    pub fn new(origin: &str, parameters: Parameters, params: Digest) -> Self {
        Self {
            origin: origin.to_owned(),
            params,
            leaves: Vec::new(),
            tree: MerkleTree::new(),
            state: State::new(origin, parameters),
            epochs: Vec::new(),
        }
    }

    /// Checks an entry and gives it the next place. Nothing changes before it is committed.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first rule that is broken.
    pub fn prepare(
        &self,
        kind: Kind,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Submission, Rejection> {
        let time = self.ledger_time(now)?;
        match self.state.check(kind, body, time)? {
            Verdict::Known { leaf_index, otherwise } => {
                let recorded = self.leaf(leaf_index).map_or(&[][..], Leaf::body);
                if says_the_same(kind, recorded, body) {
                    Ok(Submission::Duplicate { leaf_index })
                } else {
                    Err(*otherwise)
                }
            }
            Verdict::New(checked) => {
                let leaf = Leaf::new(kind, time, body.to_vec())
                    .map_err(|_| Rejection::TooLarge { limit: kind.body_limit() })?;
                Ok(Submission::New(Box::new(self.place(leaf, Some(checked)))))
            }
        }
    }

    /// Makes the epoch leaf that ends a checkpoint; `None` if the last leaf is one already.
    ///
    /// # Errors
    ///
    /// [`Rejection::ClockUnsure`].
    pub fn prepare_epoch(&self, now: Timestamp) -> Result<Option<Prepared>, Rejection> {
        let size = self.size();
        if size > 0 && self.epochs.last() == size.checked_sub(1).as_ref() {
            return Ok(None);
        }
        let time = self.ledger_time(now)?;
        let body = self.epoch_at(size).to_bytes();
        let leaf = Leaf::new(Kind::Epoch, time, body)
            .map_err(|_| Rejection::TooLarge { limit: Kind::Epoch.body_limit() })?;
        Ok(Some(self.place(leaf, None)))
    }

    /// Appends a prepared leaf.
    ///
    /// # Errors
    ///
    /// [`LogError::LeafOutOfOrder`] if another leaf was committed since it was prepared.
    pub fn commit(&mut self, prepared: Prepared) -> Result<u64, LogError> {
        let Prepared { leaf_index, bytes, leaf, checked } = prepared;
        if leaf_index != self.size() {
            return Err(LogError::LeafOutOfOrder { leaf_index });
        }
        let hash = LeafHash::of(&bytes);
        match checked {
            Some(checked) => self.state.apply(checked, leaf_index, hash),
            None => self.epochs.push(leaf_index),
        }
        self.tree.append(hash);
        self.leaves.push(leaf);
        Ok(leaf_index)
    }

    /// Appends a leaf that was accepted before and kept since; signatures of JWS are not checked again.
    ///
    /// # Errors
    ///
    /// [`LogError`] if the leaf cannot stand here: it was altered, or is of another log.
    pub fn replay(&mut self, bytes: &[u8]) -> Result<u64, LogError> {
        let leaf_index = self.size();
        let out_of_order = LogError::LeafOutOfOrder { leaf_index };
        let leaf = Leaf::parse(bytes).map_err(|_| out_of_order.clone())?;
        if self.leaves.last().is_some_and(|last| leaf.time() < last.time()) {
            return Err(out_of_order);
        }
        let checked = if leaf.kind() == Kind::Epoch {
            let mismatch = LogError::EpochMismatch { leaf_index };
            let epoch = Epoch::parse(leaf.body()).map_err(|_| mismatch.clone())?;
            // The map root is compared by whoever asks for all of it: that costs a hash per key.
            let expected =
                Epoch { map: epoch.map, keys: epoch.keys, ..self.epoch_frame(leaf_index) };
            if epoch != expected {
                return Err(mismatch);
            }
            None
        } else {
            match self.state.reread(&leaf) {
                Ok(Verdict::New(checked)) => Some(checked),
                Ok(Verdict::Known { .. }) => return Err(out_of_order),
                Err(source) => return Err(LogError::LeafRefused { leaf_index, source }),
            }
        };
        self.commit(Prepared { leaf_index, bytes: bytes.to_vec(), leaf, checked })
    }

    /// Recomputes the map of the newest epoch leaf and compares its root.
    ///
    /// # Errors
    ///
    /// [`LogError::EpochMismatch`].
    pub fn check_map(&self) -> Result<(), LogError> {
        let Some(leaf_index) = self.epochs.last().copied() else { return Ok(()) };
        let body = self.leaf(leaf_index)?.body();
        if body == self.epoch_at(leaf_index).to_bytes() {
            Ok(())
        } else {
            Err(LogError::EpochMismatch { leaf_index })
        }
    }

    /// Proves that leaf `index` is in the tree that `note` is the signed head of.
    ///
    /// # Errors
    ///
    /// [`LogError::ForeignHead`], or [`LogError::OutOfRange`] if the head does not cover the leaf.
    pub fn receipt(&self, index: u64, note: &SignedNote) -> Result<Receipt, LogError> {
        let head = self.own_head(note)?;
        let proof = self.tree.inclusion(index, head.tree_size)?;
        Ok(Receipt::new(self.leaf(index)?.to_bytes(), &proof, note))
    }

    /// Proves which entry under `key` is the newest as of the head that `note` signs, or that there is none.
    ///
    /// # Errors
    ///
    /// [`LogError::ForeignHead`] if `note` is not the head of this log at an epoch leaf.
    pub fn current(&self, key: &MapKey, note: &SignedNote) -> Result<CurrentProof, LogError> {
        let size = self.own_head(note)?.tree_size;
        let epoch_index = size
            .checked_sub(1)
            .filter(|index| self.epochs.binary_search(index).is_ok())
            .ok_or(LogError::ForeignHead)?;
        let epoch = self.receipt(epoch_index, note)?;
        let heads = self.state.heads(epoch_index);
        let map = Map::new(&heads).prove(key);
        let head = match heads.get(key) {
            Some(value) => Some((self.leaf(value.leaf_index)?.to_bytes(), *value)),
            None => None,
        };
        Ok(CurrentProof::new(epoch, map, head))
    }

    /// The head of the first `size` leaves.
    ///
    /// # Errors
    ///
    /// [`LogError::OutOfRange`].
    pub fn checkpoint(&self, size: u64) -> Result<Checkpoint, LogError> {
        let head = TreeHead { tree_size: size, root_hash: self.tree.root(size)? };
        Checkpoint::new(&self.origin, head).map_err(|_: CheckpointError| LogError::ForeignHead)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The tree over the leaves.
    #[must_use]
    pub const fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// What the entries amount to.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Places of the epoch leaves, rising; each is the last leaf of one checkpoint.
    #[must_use]
    pub fn epochs(&self) -> &[u64] {
        &self.epochs
    }

    /// The leaf at a place.
    ///
    /// # Errors
    ///
    /// [`LogError::OutOfRange`].
    pub fn leaf(&self, index: u64) -> Result<&Leaf, LogError> {
        let leaf = usize::try_from(index).ok().and_then(|index| self.leaves.get(index));
        leaf.ok_or(LogError::OutOfRange(OutOfRange { tree_size: self.size() }))
    }

    /// §3.5: never earlier than the last leaf; refused if the clock is far behind it, or before 1970.
    fn ledger_time(&self, now: Timestamp) -> Result<Timestamp, Rejection> {
        let last = self.leaves.last().map_or(Timestamp::EPOCH, Leaf::time);
        if now.plus_seconds(tolerance::LEDGER_FUTURE) < last || now < Timestamp::EPOCH {
            return Err(Rejection::ClockUnsure { now, last });
        }
        Ok(now.max(last))
    }

    fn place(&self, leaf: Leaf, checked: Option<Checked>) -> Prepared {
        Prepared { leaf_index: self.size(), bytes: leaf.to_bytes(), leaf, checked }
    }

    fn epoch_at(&self, index: u64) -> Epoch {
        let heads = self.state.heads(index);
        let keys = u64::try_from(heads.len()).unwrap_or(u64::MAX);
        Epoch { keys, map: Map::new(&heads).root(), ..self.epoch_frame(index) }
    }

    /// All of the epoch body at `index` that does not need the map.
    fn epoch_frame(&self, index: u64) -> Epoch {
        let before = self.epochs.partition_point(|epoch| *epoch < index);
        let previous = before.checked_sub(1).and_then(|at| self.epochs.get(at)).copied();
        Epoch { keys: 0, map: NodeHash::empty(), params: self.params, previous, size: index }
    }

    fn own_head(&self, note: &SignedNote) -> Result<TreeHead, LogError> {
        let checkpoint = Checkpoint::parse_text(note.text()).map_err(|_| LogError::ForeignHead)?;
        if checkpoint == self.checkpoint(checkpoint.head().tree_size)? {
            Ok(checkpoint.head())
        } else {
            Err(LogError::ForeignHead)
        }
    }
}

#[cfg(test)]
mod tests;
