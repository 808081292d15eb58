//! A whole log in memory: leaves, tree, and the state machine that gives them their meaning.
//!
//! In scope: sealing an epoch with the map by the specification's recursion, receipts and current-proofs over signed
//! heads. Out of scope: the rules (`state`), logs on disk (`inkan-io`), signing heads, asking witnesses.

use inkan_core::{Digest, Timestamp};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::current::CurrentProof;
use crate::epoch::{Epoch, MapRoot, Parameters};
use crate::leaf::{Kind, Leaf};
use crate::map::{Map, MapKey};
use crate::note::SignedNote;
use crate::parameters::ParametersDocument;
use crate::receipt::Receipt;
use crate::rejection::{Refusal, Rejection};
use crate::state::{Candidate, Machine, Memory};
pub use crate::state::{ImportSubmission, Placed, Prepared, Submission};
use crate::store::StoreError;
use crate::tree::{MerkleTree, OutOfRange, TreeHead};

/// A log with all its leaves.
#[derive(Clone, Debug)]
pub struct Log {
    machine: Machine<Memory>,
    tree: MerkleTree,
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
    /// An epoch leaf names a parameters document that is not at hand. Worth a retry when it is.
    #[error("parameters document {digest:?} of epoch leaf {leaf_index} is not at hand")]
    DocumentMissing {
        /// Where.
        leaf_index: u64,
        /// SHA-256 of the document.
        digest: Digest,
    },
    /// Storage failed: nothing is known of the leaves.
    #[error(transparent)]
    Store(#[from] StoreError),
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
            Self::DocumentMissing { .. } => "params-missing",
            Self::Store(error) => error.code(),
            Self::OutOfRange(_) => "not-found",
            Self::ForeignHead => "head-foreign",
        }
    }
}

impl Log {
    /// The log that will have the name `origin` and these parameters, still without its genesis leaf.
    ///
    /// `params` is the digest of their document.
    ///
    /// # Errors
    ///
    /// [`Rejection::Parameters`] if the parameters have no document of that name.
    pub fn new(origin: &str, parameters: &Parameters, params: Digest) -> Result<Self, Rejection> {
        let (document, digest) = parameters.genesis_document()?;
        if digest != params {
            return Err(crate::parameters::ParametersError::Chain.into());
        }
        let machine = Machine::new(origin, &document, Memory::new())?;
        Ok(Self { machine, tree: MerkleTree::new() })
    }

    /// Checks an entry and gives it the next place. Nothing changes before it is committed.
    ///
    /// A fork that its controller signed too is refused like any other; [`Self::submit`] keeps it as evidence.
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
        let candidate = Candidate::parse(kind, body.to_vec())?;
        self.machine.prepare(&candidate, now).map_err(Refusal::into_rejection)
    }

    /// Checks an entry and gives it its place at once; evidence of a fork is kept.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first rule that is broken.
    pub fn submit(&mut self, kind: Kind, body: &[u8], now: Timestamp) -> Result<u64, Rejection> {
        let candidate = Candidate::parse(kind, body.to_vec())?;
        match self.machine.prepare(&candidate, now) {
            Ok(Submission::Duplicate { leaf_index }) => Ok(leaf_index),
            Ok(Submission::New(prepared)) => {
                self.commit(*prepared).map_err(|_| Rejection::NotReady)
            }
            Err(Refusal::Equivocation(evidence)) => {
                let rejection = Refusal::Equivocation(evidence.clone()).into_rejection();
                self.machine.keep_evidence(*evidence).map_err(|_| Rejection::NotReady)?;
                self.store();
                Err(rejection)
            }
            Err(refusal) => Err(refusal.into_rejection()),
        }
    }

    /// Checks an import, all versions of one DID that this log lacks.
    ///
    /// # Errors
    ///
    /// [`Rejection::ImportInvalid`].
    pub fn prepare_import(
        &self,
        bodies: &[&[u8]],
        now: Timestamp,
    ) -> Result<ImportSubmission, Rejection> {
        let candidates = read_import(bodies)?;
        self.machine.prepare_import(&candidates, now).map_err(Refusal::into_rejection)
    }

    /// Makes the epoch leaf that ends a checkpoint; `None` if the last leaf is one already.
    ///
    /// # Errors
    ///
    /// [`Rejection::ClockUnsure`].
    pub fn prepare_epoch(&self, now: Timestamp) -> Result<Option<Prepared>, Rejection> {
        self.machine.prepare_epoch(now, self.map_root(self.size()), None)
    }

    /// Makes the epoch leaf that names a new parameters document.
    ///
    /// # Errors
    ///
    /// [`Rejection::Parameters`] if the document may not follow, [`Rejection::ClockUnsure`].
    pub fn prepare_event(
        &self,
        now: Timestamp,
        document: &ParametersDocument,
    ) -> Result<Prepared, Rejection> {
        let map = self.map_root(self.size());
        self.machine.prepare_epoch(now, map, Some(document))?.ok_or(Rejection::NotReady)
    }

    /// Appends a prepared leaf.
    ///
    /// # Errors
    ///
    /// [`LogError::LeafOutOfOrder`] if another leaf was committed since it was prepared.
    pub fn commit(&mut self, prepared: Prepared) -> Result<u64, LogError> {
        let bytes = prepared.shared_bytes();
        let placed = self.machine.commit(prepared)?;
        self.take_in(&placed, &bytes)
    }

    /// Appends a leaf that was accepted before and kept since; signatures and times are not checked again.
    ///
    /// # Errors
    ///
    /// [`LogError`] if the leaf cannot stand here: it was altered, or is of another log.
    pub fn replay(&mut self, bytes: &[u8]) -> Result<u64, LogError> {
        let placed = self.machine.replay(bytes)?;
        self.take_in(&placed, bytes)
    }

    /// Judges a leaf of another's log by all rules and appends it: what a mirror does.
    ///
    /// # Errors
    ///
    /// [`LogError`] names the leaf and what is wrong with it.
    pub fn audit(&mut self, bytes: &[u8]) -> Result<u64, LogError> {
        let heads = self.state().heads(self.size());
        let placed = self.machine.audit(bytes, || Ok(root_of(&Map::new(&heads), heads.len())))?;
        self.take_in(&placed, bytes)
    }

    /// Makes a parameters document known, before the epoch leaf that names it is replayed or audited.
    pub fn put_document(&mut self, document: &[u8]) {
        self.machine.base_mut().put_document(document);
    }

    /// Recomputes the map of the newest epoch leaf and compares its root.
    ///
    /// # Errors
    ///
    /// [`LogError::EpochMismatch`].
    pub fn check_map(&self) -> Result<(), LogError> {
        let Some(leaf_index) = self.epochs().last().copied() else { return Ok(()) };
        let body = self.leaf(leaf_index)?.body();
        let mismatch = LogError::EpochMismatch { leaf_index };
        let epoch = Epoch::parse(body).map_err(|_| mismatch.clone())?;
        let MapRoot { root, keys } = self.map_root(leaf_index);
        if epoch.map == root && epoch.keys == keys { Ok(()) } else { Err(mismatch) }
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
            .filter(|index| self.epochs().binary_search(index).is_ok())
            .ok_or(LogError::ForeignHead)?;
        let epoch = self.receipt(epoch_index, note)?;
        let heads = self.state().heads(epoch_index);
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
        Checkpoint::new(self.origin(), head).map_err(|_: CheckpointError| LogError::ForeignHead)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.machine.origin()
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
    pub const fn state(&self) -> &Memory {
        self.machine.base()
    }

    /// The state machine over them.
    #[must_use]
    pub const fn machine(&self) -> &Machine<Memory> {
        &self.machine
    }

    /// Places of the epoch leaves, rising; each is the last leaf of one checkpoint.
    #[must_use]
    pub fn epochs(&self) -> &[u64] {
        self.state().epochs()
    }

    /// The leaf at a place.
    ///
    /// # Errors
    ///
    /// [`LogError::OutOfRange`].
    pub fn leaf(&self, index: u64) -> Result<&Leaf, LogError> {
        let out_of_range = LogError::OutOfRange(OutOfRange { tree_size: self.size() });
        self.state().leaf(index).ok_or(out_of_range)
    }

    fn take_in(&mut self, placed: &Placed, bytes: &[u8]) -> Result<u64, LogError> {
        let Placed { leaf_index, leaf_hash, .. } = *placed;
        let leaf = Leaf::parse(bytes).map_err(|_| LogError::LeafOutOfOrder { leaf_index })?;
        self.tree.append(leaf_hash);
        self.machine.base_mut().push_leaf(leaf);
        self.store();
        Ok(leaf_index)
    }

    fn store(&mut self) {
        let changes = self.machine.take_changes();
        self.machine.base_mut().store(&changes);
        self.machine.settle();
    }

    fn map_root(&self, leaves: u64) -> MapRoot {
        let heads = self.state().heads(leaves);
        root_of(&Map::new(&heads), heads.len())
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

fn root_of(map: &Map, keys: usize) -> MapRoot {
    MapRoot { root: map.root(), keys: u64::try_from(keys).unwrap_or(u64::MAX) }
}

fn read_import(bodies: &[&[u8]]) -> Result<Vec<Candidate>, Rejection> {
    let read = |(entry, body): (usize, &&[u8])| {
        Candidate::parse(Kind::Did, body.to_vec()).map_err(|source| Rejection::ImportInvalid {
            problem: "an entry breaks a rule",
            entry: Some(entry),
            source: Some(Box::new(source)),
        })
    };
    bodies.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests;
