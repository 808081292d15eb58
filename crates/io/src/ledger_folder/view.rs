//! A ledger as of one checkpoint: what stands in it, with receipts and current-proofs.
//!
//! In scope: proofs at this checkpoint or the earliest that covers a leaf, from tiles, bundles and the map. Out of scope:
//! which checkpoint (`reader`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use inkan_did::webvh::Entry;
use inkan_ledger::map::{Map, MapProof};
use inkan_ledger::state::Trail;
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{Tile, TileNodes};
use inkan_ledger::tree::{consistency_from, inclusion_from};
use inkan_ledger::{
    ActId, CurrentProof, EntryId, Leaf, LogPolicy, MapKey, MapValue, NodeHash, Receipt, SignedNote,
};

use super::edge;
use super::error::LedgerFolderError;
use super::reader::Shared;
use inkan_ledger::entry::OnceId;

/// One version of a DID, as a leaf of the log.
#[derive(Debug)]
pub struct DidVersion {
    /// What the map says of it: place, number, flags.
    pub value: MapValue,
    /// Its leaf.
    pub leaf: Leaf,
    /// Its entry.
    pub entry: Entry,
    trail: Trail,
}

/// A ledger up to one signed head; later entries are not seen. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    shared: Arc<Shared>,
    size: u64,
    note: Arc<SignedNote>,
    /// Whose demands earlier heads must meet.
    policy: Arc<LogPolicy>,
}

impl View {
    pub(super) fn new(
        shared: Arc<Shared>,
        (size, note): (u64, SignedNote),
        policy: Arc<LogPolicy>,
    ) -> Self {
        Self { shared, size, note: Arc::new(note), policy }
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
        self.shared.leaves_read.fetch_add(1, Ordering::Relaxed);
        edge::read_entry(self.shared.layout.root(), index, self.size)
    }

    /// The leaves of a bundle.
    pub(crate) fn bundle(&self, tile: &Tile) -> Result<Vec<Vec<u8>>, LedgerFolderError> {
        let entries = edge::read_bundle(self.shared.layout.root(), tile)?;
        Ok(entries.iter().map(|entry| entry.to_vec()).collect())
    }

    /// The newest entry under a map key; its number tells how many there are.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn newest(&self, key: &MapKey) -> Result<Option<MapValue>, LedgerFolderError> {
        self.shared.database(|db| db.head_at(key, self.size))
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

    /// The receipt of a leaf at the earliest checkpoint that covers it and that the reader's policy takes: it shows early
    /// existence best. At this one if there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotYetCovered`], [`LedgerFolderError::NoSuchPlace`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerFolderError> {
        self.check(index)?;
        let (size, note) = self.first_over(index)?;
        self.prove(index, size, &note)
    }

    fn first_over(&self, index: u64) -> Result<(u64, SignedNote), LedgerFolderError> {
        let found = self.shared.first_over(&self.policy, index, self.size)?;
        Ok(found.unwrap_or_else(|| (self.size, (*self.note).clone())))
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

    /// The newest version of a DID, however many there are before it.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn did_head(&self, scid: &str) -> Result<Option<DidVersion>, LedgerFolderError> {
        match self.newest(&MapKey::did(scid))? {
            Some(value) => self.did_version(scid, value.sequence),
            None => Ok(None),
        }
    }

    /// One version of a DID, by its number; no other is read.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn did_version(
        &self,
        scid: &str,
        number: u64,
    ) -> Result<Option<DidVersion>, LedgerFolderError> {
        let found = self.shared.database(|db| db.version(&MapKey::did(scid), number))?;
        let Some((value, trail)) = found.filter(|(value, _)| value.leaf_index < self.size) else {
            return Ok(None);
        };
        let leaf = self.entry(value.leaf_index)?;
        Ok(Some(DidVersion { entry: self.did_entry(&leaf)?, leaf, value, trail }))
    }

    /// The home log of a DID as of a version.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn did_home(&self, version: &DidVersion) -> Result<Option<String>, LedgerFolderError> {
        let home = |entry: &Entry| entry.document().ledger_log().map(str::to_owned);
        match version.trail.0.home {
            None => Ok(None),
            Some(place) if place == version.value.leaf_index => Ok(home(&version.entry)),
            Some(place) => Ok(home(&self.did_entry(&self.entry(place)?)?)),
        }
    }

    fn did_entry(&self, leaf: &Leaf) -> Result<Entry, LedgerFolderError> {
        let damaged = |_| self.damaged_entries();
        inkan_ledger::state::parse_did_body(leaf.body()).map_err(damaged)
    }

    /// The leaves of all versions of a DID, oldest first. Bundles are read once.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn did_leaves(&self, scid: &str) -> Result<Vec<Leaf>, LedgerFolderError> {
        let history = self.shared.database(|db| db.history(&MapKey::did(scid), self.size))?;
        let mut bundles = Bundles::new(self);
        let leaves = history.iter().map(|value| {
            Leaf::parse(&bundles.entry(value.leaf_index)?).map_err(|_| self.damaged_entries())
        });
        leaves.collect()
    }

    fn damaged_entries(&self) -> LedgerFolderError {
        LedgerFolderError::TileDamaged { path: self.shared.layout.root().join("tile/entries") }
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
        // Of the heads that cover one entry, the first is that of the next too, if it covers it.
        let mut head: Option<(u64, SignedNote)> = None;
        let receipts = history.iter().map(|value| {
            let index = value.leaf_index;
            let (size, note) = match head.take() {
                Some(known) if known.0 > index => known,
                Some(_) | None => self.first_over(index)?,
            };
            let receipt = self.prove(index, size, &note)?;
            head = Some((size, note));
            Ok(receipt)
        });
        receipts.collect()
    }

    /// All entries under a map key, oldest first, each with its receipt at this very checkpoint. Tiles and bundles are read
    /// once for all of them.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn entries_here(&self, key: &MapKey) -> Result<Vec<Receipt>, LedgerFolderError> {
        let history = self.shared.database(|db| db.history(key, self.size))?;
        let (mut bundles, tiles) = (Bundles::new(self), Tiles::new(&self.shared));
        let nodes = TileNodes::new(self.size, |tile| tiles.read(&tile));
        let receipts = history.iter().map(|value| {
            let proof = inclusion_from(&nodes, value.leaf_index, self.size)
                .map_err(|error| tiles.failed(&error))?;
            Ok(Receipt::new(bundles.entry(value.leaf_index)?.to_vec(), &proof, &self.note))
        });
        receipts.collect()
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
    ) -> Result<(MapProof, Option<MapValue>), LedgerFolderError> {
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
        edge::announce_entry(self.shared.layout.root(), index, self.size);
        let tiles = Tiles::new(&self.shared);
        let nodes = TileNodes::new(size, |tile| tiles.read(&tile));
        let proof = inclusion_from(&nodes, index, size).map_err(|error| tiles.failed(&error))?;
        let leaf = self.entry_bytes(index)?;
        Ok(Receipt::new(leaf.to_vec(), &proof, note))
    }
}

/// Leaves in the order of the log, or nearly: the bundle that was read last stays at hand.
struct Bundles<'a> {
    view: &'a View,
    held: Option<(u64, Vec<Arc<[u8]>>)>,
}

impl<'a> Bundles<'a> {
    const fn new(view: &'a View) -> Self {
        Self { view, held: None }
    }

    fn entry(&mut self, index: u64) -> Result<Arc<[u8]>, LedgerFolderError> {
        let shared = &self.view.shared;
        let tile = Tile::holding(0, index, self.view.size).ok_or(LedgerFolderError::NoSuchPlace)?;
        if self.held.as_ref().is_none_or(|(number, _)| *number != tile.index()) {
            self.held = Some((tile.index(), edge::read_bundle(shared.layout.root(), &tile)?));
        }
        shared.leaves_read.fetch_add(1, Ordering::Relaxed);
        let at = usize::try_from(index.saturating_sub(tile.start())).unwrap_or(usize::MAX);
        let entry = self.held.as_ref().and_then(|(_, entries)| entries.get(at)).cloned();
        entry.ok_or_else(|| self.view.damaged_entries())
    }
}

/// The tiles that proofs need, each read once.
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
