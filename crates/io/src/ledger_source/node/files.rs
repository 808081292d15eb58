//! A ledger of which only the files are served: what a node would look up is found in its entries.
//!
//! | Asked for | Found |
//! |---|---|
//! | a receipt, consistency | by the tiles on the way to the root of the one checkpoint that is served |
//! | a version of a status list | where it lies under `public/` |
//! | an entry by its id, the newest of a kind, all of an id | by reading every entry once per run, as a mirror does |
//!
//! In scope: finding. All of it is verified as a node's answer is, by whoever asked (`node`, `newest`); so nothing is believed of
//! who serves the files, and signatures of entries need not be checked here.

use std::collections::BTreeMap;
use std::path::Path;

use inkan_core::limits;
use inkan_ledger::map::Map;
use inkan_ledger::parameters::Parameters;
use inkan_ledger::receipt::verify_bundle_under;
use inkan_ledger::state::{Machine, Memory};
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{TILE_BYTES, Tile, TileNodes, bundles_of_growth};
use inkan_ledger::tree::{NodesError, consistency_from, inclusion_from};
use inkan_ledger::{CurrentProof, EntryId, Leaf, MapKey, MapValue, NodeHash, Receipt};

use super::super::scid_of;
use super::shared::params_of;
use super::{NodeReader, NodeView};
use crate::ledger_folder::{public_path, status_path};
use crate::node_client::NodeError;

/// The largest ledger of which all entries are read for one question: some 100 MB of memory.
const READ_LIMIT: u64 = 131_072;
/// Leaves after which what they changed is moved out of the machine.
const SETTLED: u64 = 1_024;

/// What all entries under a checkpoint amount to.
#[derive(Debug)]
pub(super) struct Replayed {
    memory: Memory,
    heads: BTreeMap<MapKey, MapValue>,
    map: Map,
}

impl NodeReader {
    /// A version of a status list as it lies in a ledger's folder: that very version, else what gateways serve under its URI, which
    /// is the newest.
    pub(super) fn list_in_files(
        &self,
        issuer: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, NodeError> {
        let public = Path::new("public");
        let kept = status_path(public, scid_of(issuer), uri, sequence);
        for path in kept.into_iter().chain(public_path(public, uri)) {
            let names = path.components().map(|name| name.as_os_str().to_string_lossy());
            let path: String = names.map(|name| format!("/{name}")).collect();
            let found = self.shared.client.file(&path, limits::STATUS_LIST)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl NodeView {
    /// The receipt of a leaf at this checkpoint.
    pub(super) fn receipt_from_files(&self, index: u64) -> Result<Receipt, NodeError> {
        let unknown = || self.shared.only_files("they have no such entry");
        let tile = Tile::holding(0, index, self.size()).ok_or_else(unknown)?;
        let at = usize::try_from(index.saturating_sub(tile.start())).map_err(|_| unknown())?;
        let leaf = self.bundle(&tile)?.into_iter().nth(at).ok_or_else(unknown)?;
        let receipt = self.receipt_of(leaf, index)?;
        self.verified(&receipt, &format!("/{}", tile.entries_path()))?;
        Ok(receipt)
    }

    fn receipt_of(&self, leaf: Vec<u8>, index: u64) -> Result<Receipt, NodeError> {
        let nodes = TileNodes::new(self.size(), |tile| self.tile(&tile));
        let path =
            inclusion_from(&nodes, index, self.size()).map_err(|error| self.broken(&error))?;
        Ok(Receipt::new(leaf, &path, self.note()))
    }

    /// The consistency proof from `from` leaves to here.
    pub(super) fn consistency_from_files(&self, from: u64) -> Result<Vec<NodeHash>, NodeError> {
        let nodes = TileNodes::new(self.size(), |tile| self.tile(&tile));
        consistency_from(&nodes, from, self.size()).map_err(|error| self.broken(&error))
    }

    /// Where the entry with this id stands.
    pub(super) fn lookup_in_files(&self, id: &EntryId) -> Result<Option<u64>, NodeError> {
        Ok(self.read()?.memory.lookup(id))
    }

    /// What the map says of a key, proved as the log's own node would.
    pub(super) fn current_from_files(&self, key: &MapKey) -> Result<CurrentProof, NodeError> {
        let read = self.read()?;
        let last = self.size().saturating_sub(1);
        let head = match read.heads.get(key) {
            Some(value) => {
                let leaf = read.memory.leaf(value.leaf_index);
                let leaf = leaf.ok_or_else(|| self.shared.only_files("they have no such entry"))?;
                Some((leaf.to_bytes(), *value))
            }
            None => None,
        };
        Ok(CurrentProof::new(self.receipt_from_files(last)?, read.map.prove(key), head))
    }

    /// All entries under a key, oldest first.
    pub(super) fn entries_from_files(&self, key: &MapKey) -> Result<Vec<Receipt>, NodeError> {
        let history = self.read()?.memory.history(key).iter();
        history.map(|value| self.receipt_from_files(value.leaf_index)).collect()
    }

    /// Reads all entries, once.
    fn read(&self) -> Result<&Replayed, NodeError> {
        if self.read.get().is_none() {
            let _ = self.read.set(self.read_all()?);
        }
        self.read.get().ok_or_else(|| self.shared.only_files("they cannot be read"))
    }

    fn read_all(&self) -> Result<Replayed, NodeError> {
        if self.size() > READ_LIMIT {
            let what = "finding this among so many entries takes a node, or a mirror of one's own";
            return Err(self.shared.only_files(what));
        }
        let odd = || self.odd("/tile/entries", "not the entries of this log, one after the other");
        let mut machine: Option<Machine<Memory>> = None;
        let mut heads = BTreeMap::new();
        for tile in bundles_of_growth(0, self.size()) {
            for entry in self.proved_bundle(&tile)? {
                let mut document = None;
                if let Some(digest) = params_of(&entry) {
                    document = self.document(&digest)?;
                }
                let machine = match machine.as_mut() {
                    Some(machine) => machine,
                    None => {
                        let first = document.as_deref().ok_or_else(odd)?;
                        let begun = Machine::new(&self.shared.origin, first, Memory::new());
                        machine.insert(begun.map_err(|_| odd())?)
                    }
                };
                if let Some(document) = &document {
                    machine.base_mut().put_document(document);
                }
                heads.extend(machine.replay(&entry).map_err(|_| odd())?.head);
                machine.base_mut().push_leaf(Leaf::parse(&entry).map_err(|_| odd())?);
                if machine.size().is_multiple_of(SETTLED) {
                    settle(machine);
                }
            }
        }
        let mut machine = machine.ok_or_else(odd)?;
        settle(&mut machine);
        if machine.standing().root() != self.checkpoint.head().root_hash {
            return Err(self.odd("/tile/entries", "not the entries under its checkpoint"));
        }
        let (map, memory) = (Map::new(&heads), machine.base().clone());
        Ok(Replayed { memory, heads, map })
    }

    /// The leaves of the bundle that has this one, proved, and the place of the first of them.
    pub(crate) fn proved_leaves(&self, index: u64) -> Result<(u64, Vec<Vec<u8>>), NodeError> {
        let unknown = || self.shared.only_files("they have no such entry");
        let tile = Tile::holding(0, index, self.size()).ok_or_else(unknown)?;
        Ok((tile.start(), self.proved_bundle(&tile)?))
    }

    /// The entries of a tile, which are the log's: a host of files that lies is found out by its first tile, before anything is kept.
    fn proved_bundle(&self, tile: &Tile) -> Result<Vec<Vec<u8>>, NodeError> {
        let entries = self.bundle(tile)?;
        let odd = || self.odd(&format!("/{}", tile.entries_path()), "not what is in the log");
        let first = self.receipt_of(entries.first().ok_or_else(odd)?.clone(), tile.start())?;
        verify_bundle_under(&first, &entries, &self.checkpoint).map_err(|_| odd())?;
        Ok(entries)
    }

    /// The parameters document of this name: most logs begin with the usual ones, which need not be served.
    fn document(&self, digest: &inkan_core::Digest) -> Result<Option<Vec<u8>>, NodeError> {
        match Parameters::default().genesis_document() {
            Ok((usual, name)) if name == *digest => Ok(Some(usual)),
            _ => {
                let found = self.shared.parameters(digest)?;
                let missing = || self.shared.only_files("the log's parameters are not among them");
                found.ok_or_else(missing).map(Some)
            }
        }
    }

    /// A tile, or as many hashes of the full one.
    fn tile(&self, tile: &Tile) -> Result<Vec<u8>, StoreError> {
        if let Some(known) = self.tiles.borrow().get(tile) {
            return Ok(known.clone());
        }
        let failed = |error: NodeError| StoreError::new(error.to_string());
        let fetch = |tile: &Tile| {
            self.shared.client.file(&format!("/{}", tile.path()), TILE_BYTES).map_err(failed)
        };
        let found = match fetch(tile)? {
            None if tile.is_partial() => fetch(&tile.full())?,
            found => found,
        };
        let bytes = found.ok_or_else(|| StoreError::new(format!("{} is missing", tile.path())))?;
        self.tiles.borrow_mut().insert(*tile, bytes.clone());
        Ok(bytes)
    }

    fn broken(&self, _: &NodesError) -> NodeError {
        self.odd("/tile", "not all tiles that the proof needs")
    }
}

fn settle(machine: &mut Machine<Memory>) {
    let changes = machine.take_changes();
    machine.base_mut().store(&changes);
    machine.settle();
}
