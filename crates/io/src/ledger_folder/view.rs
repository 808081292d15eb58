//! A ledger as of one checkpoint: what stands in it, with receipts and current-proofs.
//!
//! In scope: proofs at this checkpoint or the earliest that covers a leaf. Out of scope: which checkpoint (`reader`).

use std::sync::Arc;

use inkan_ledger::{
    ActId, CurrentProof, EntryId, Leaf, LogError, MapKey, NodeHash, Receipt, SignedNote,
};

use super::error::LedgerFolderError;
use super::reader::Shared;

/// A ledger up to one signed head; later entries are not seen.
#[derive(Clone, Debug)]
pub struct View {
    shared: Arc<Shared>,
    size: u64,
    note: SignedNote,
}

impl View {
    pub(super) const fn new(shared: Arc<Shared>, size: u64, note: SignedNote) -> Self {
        Self { shared, size, note }
    }

    /// Leaves that are seen.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The signed head.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The leaf at a place.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn entry(&self, index: u64) -> Result<Leaf, LedgerFolderError> {
        let leaf = self.shared.log.leaf(index).map_err(|_| LedgerFolderError::NoSuchPlace)?;
        if index < self.size {
            Ok(leaf.clone())
        } else {
            Err(LedgerFolderError::NotYetCovered { leaf_index: index })
        }
    }

    /// Where the entry with this id stands.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn lookup(&self, id: &EntryId) -> Result<Option<u64>, LedgerFolderError> {
        Ok(self.shared.log.state().lookup(id).filter(|index| *index < self.size))
    }

    /// Proves that this checkpoint continues that of `from` leaves; empty for 0 and for the same size.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NoSuchPlace`] if `from` is larger than this checkpoint.
    pub fn consistency(&self, from: u64) -> Result<Vec<NodeHash>, LedgerFolderError> {
        let tree = self.shared.log.tree();
        tree.consistency(from, self.size).map_err(|_| LedgerFolderError::NoSuchPlace)
    }

    /// The receipt of a leaf at the earliest checkpoint that covers it: it shows early existence best.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerFolderError> {
        self.entry(index)?;
        let epochs = self.shared.log.epochs();
        let first = epochs.partition_point(|epoch| *epoch < index);
        for epoch in epochs.iter().skip(first).take_while(|epoch| **epoch < self.size) {
            if let Some(note) = self.shared.note_of(epoch.saturating_add(1))? {
                return self.prove(index, &note);
            }
        }
        self.receipt_here(index)
    }

    /// The receipt of a leaf at this very checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn receipt_here(&self, index: u64) -> Result<Receipt, LedgerFolderError> {
        self.entry(index)?;
        self.prove(index, &self.note)
    }

    /// All versions of a DID, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn did_entries(&self, scid: &str) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::did(scid))
    }

    /// All states of an act, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn act_entries(&self, scid: &str, act: &ActId) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::act(scid, act))
    }

    /// All heads of a status list, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn status_entries(&self, scid: &str, uri: &str) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::status(scid, uri))
    }

    /// Proves which version of a DID is the newest, or that it is not registered.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn did_current(&self, scid: &str) -> Result<CurrentProof, LedgerFolderError> {
        self.current(&MapKey::did(scid))
    }

    /// Proves which state of an act is the newest, or that there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn act_current(&self, scid: &str, act: &ActId) -> Result<CurrentProof, LedgerFolderError> {
        self.current(&MapKey::act(scid, act))
    }

    /// Proves which head of a status list is the newest, or that there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn status_current(&self, scid: &str, uri: &str) -> Result<CurrentProof, LedgerFolderError> {
        self.current(&MapKey::status(scid, uri))
    }

    /// Proves what the map says of any key.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn current(&self, key: &MapKey) -> Result<CurrentProof, LedgerFolderError> {
        self.shared.log.current(key, &self.note).map_err(damaged)
    }

    fn entries(&self, key: &MapKey) -> Result<Vec<Receipt>, LedgerFolderError> {
        let history = self.shared.log.state().history(key).iter();
        let seen = history.map(|value| value.leaf_index).filter(|index| *index < self.size);
        seen.map(|index| self.receipt(index)).collect()
    }

    fn prove(&self, index: u64, note: &SignedNote) -> Result<Receipt, LedgerFolderError> {
        self.shared.log.receipt(index, note).map_err(damaged)
    }
}

fn damaged(error: LogError) -> LedgerFolderError {
    LedgerFolderError::LeavesDamaged(Some(error))
}
