//! A ledger as of one checkpoint: what stands in it, with receipts and current-proofs.
//!
//! In scope: proofs at this checkpoint or the earliest that covers a leaf, from tiles, bundles and the map. Out of scope:
//! which checkpoint (`reader`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_ledger::map::{Map, MapProof};
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{Tile, TileNodes};
use inkan_ledger::tree::{consistency_from, inclusion_from};
use inkan_ledger::{ActId, CurrentProof, EntryId, Leaf, MapKey, NodeHash, Receipt, SignedNote};

use super::edge;
use super::error::LedgerFolderError;
use super::reader::Shared;
use inkan_ledger::entry::OnceId;

/// A ledger up to one signed head; later entries are not seen. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    shared: Arc<Shared>,
    size: u64,
    note: Arc<SignedNote>,
}

impl View {
    pub(super) fn new(shared: Arc<Shared>, size: u64, note: SignedNote) -> Self {
        Self { shared, size, note: Arc::new(note) }
    }

    /// Leaves that are seen.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The signed head.
    #[must_use]
    pub fn note(&self) -> &SignedNote {
        &self.note
    }

    /// The leaf at a place.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn entry(&self, index: u64) -> Result<Leaf, LedgerFolderError> {
        let bytes = self.entry_bytes(index)?;
        let path = || self.shared.layout.root().join("tile/entries");
        Leaf::parse(&bytes).map_err(|_| LedgerFolderError::TileDamaged { path: path() })
    }

    /// The bytes of the leaf at a place.
    ///
    /// # Errors
    ///
    /// As [`Self::entry`].
    pub fn entry_bytes(&self, index: u64) -> Result<Arc<[u8]>, LedgerFolderError> {
        self.check(index)?;
        edge::read_entry(self.shared.layout.root(), index, self.size)
    }

    /// The leaves of a bundle.
    pub(crate) fn bundle(&self, tile: &Tile) -> Result<Vec<Vec<u8>>, LedgerFolderError> {
        let entries = edge::read_bundle(self.shared.layout.root(), tile)?;
        Ok(entries.iter().map(|entry| entry.to_vec()).collect())
    }

    fn check(&self, index: u64) -> Result<(), LedgerFolderError> {
        if index < self.size {
            return Ok(());
        }
        let newest = self.shared.newest()?.map_or(0, |(size, _)| size);
        if index < newest || self.shared.is_durable(index)? {
            Err(LedgerFolderError::NotYetCovered { leaf_index: index })
        } else {
            Err(LedgerFolderError::NoSuchPlace)
        }
    }

    /// Where the entry with this id stands.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn lookup(&self, id: &EntryId) -> Result<Option<u64>, LedgerFolderError> {
        Ok(self.shared.lookup(id)?.filter(|index| *index < self.size))
    }

    /// Proves that this checkpoint continues that of `from` leaves; empty for 0 and for the same size.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NoSuchPlace`] if `from` is larger than this checkpoint.
    pub fn consistency(&self, from: u64) -> Result<Vec<NodeHash>, LedgerFolderError> {
        if from > self.size {
            return Err(LedgerFolderError::NoSuchPlace);
        }
        let tiles = Tiles::new(&self.shared);
        let nodes = TileNodes::new(self.size, |tile| tiles.read(&tile));
        consistency_from(&nodes, from, self.size).map_err(|error| tiles.failed(&error))
    }

    /// The receipt of a leaf at the earliest checkpoint that covers it: it shows early existence best.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerFolderError> {
        self.check(index)?;
        match self.shared.database(|db| db.first_note_over(index, self.size))? {
            Some((size, note)) => self.prove(index, size, &note),
            None => self.prove(index, self.size, &self.note),
        }
    }

    /// The receipt of a leaf at this very checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn receipt_here(&self, index: u64) -> Result<Receipt, LedgerFolderError> {
        self.check(index)?;
        self.prove(index, self.size, &self.note)
    }

    /// All versions of a DID, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn did_entries(&self, scid: &str) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::did(scid))
    }

    /// All states of an act, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn act_entries(&self, scid: &str, act: &ActId) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::act(scid, act))
    }

    /// All heads of a status list, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn status_entries(&self, scid: &str, uri: &str) -> Result<Vec<Receipt>, LedgerFolderError> {
        self.entries(&MapKey::status(scid, uri))
    }

    /// All entries under a map key, oldest first, each with the receipt of [`Self::receipt`].
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn entries(&self, key: &MapKey) -> Result<Vec<Receipt>, LedgerFolderError> {
        let history = self.shared.database(|db| db.history(key, self.size))?;
        history.iter().map(|value| self.receipt(value.leaf_index)).collect()
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

    /// Proves whether a one-time use was made.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn once_current(
        &self,
        scope: &str,
        id: &OnceId,
    ) -> Result<CurrentProof, LedgerFolderError> {
        self.current(&MapKey::once(scope, id))
    }

    /// Proves what the map says of any key; [`MapKey::trust_of`] makes that of a trust statement.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; none is expected of a sound ledger.
    pub fn current(&self, key: &MapKey) -> Result<CurrentProof, LedgerFolderError> {
        let epoch_index = self.size.checked_sub(1).ok_or(LedgerFolderError::NoSuchPlace)?;
        let epoch = self.receipt_here(epoch_index)?;
        let (map, value) = self.map_proof(key, epoch_index)?;
        let head = match value {
            Some(value) => Some((self.entry_bytes(value.leaf_index)?.to_vec(), value)),
            None => None,
        };
        Ok(CurrentProof::new(epoch, map, head))
    }

    fn map_proof(
        &self,
        key: &MapKey,
        epoch_index: u64,
    ) -> Result<(MapProof, Option<inkan_ledger::MapValue>), LedgerFolderError> {
        if let Some(map) = self.shared.map()
            && let Ok(proof) = map.prove(key, epoch_index)
        {
            let value = self.shared.database(|db| db.head_at(key, epoch_index))?;
            return Ok((proof, value));
        }
        // Older, or of another process, which keeps the store for itself: from the heads of that time.
        let heads = self.shared.database(|db| db.heads(epoch_index))?;
        Ok((Map::new(&heads).prove(key), heads.get(key).copied()))
    }

    fn prove(
        &self,
        index: u64,
        size: u64,
        note: &SignedNote,
    ) -> Result<Receipt, LedgerFolderError> {
        let tiles = Tiles::new(&self.shared);
        let nodes = TileNodes::new(size, |tile| tiles.read(&tile));
        let proof = inclusion_from(&nodes, index, size).map_err(|error| tiles.failed(&error))?;
        let leaf = edge::read_entry(self.shared.layout.root(), index, self.size)?;
        Ok(Receipt::new(leaf.to_vec(), &proof, note))
    }
}

/// The tiles that one proof needs, each read once.
struct Tiles<'a> {
    shared: &'a Shared,
    read: RefCell<BTreeMap<Tile, Arc<Vec<u8>>>>,
}

impl<'a> Tiles<'a> {
    const fn new(shared: &'a Shared) -> Self {
        Self { shared, read: RefCell::new(BTreeMap::new()) }
    }

    fn read(&self, tile: &Tile) -> Result<TileBytes, StoreError> {
        if let Some(bytes) = self.read.borrow().get(tile) {
            return Ok(TileBytes(Arc::clone(bytes)));
        }
        let bytes = Arc::new(edge::read_tile(self.shared.layout.root(), tile)?);
        self.read.borrow_mut().insert(*tile, Arc::clone(&bytes));
        Ok(TileBytes(bytes))
    }

    fn failed(&self, _error: &inkan_ledger::tree::NodesError) -> LedgerFolderError {
        LedgerFolderError::TileDamaged { path: self.shared.layout.root().join("tile") }
    }
}

struct TileBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for TileBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
