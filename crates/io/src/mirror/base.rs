//! What a mirror's machine must know of earlier leaves: heads and ids in memory, bodies from the bundles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_core::Digest;
use inkan_ledger::state::{Base, Changes, Controller, Memory, Newest, Version};
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::Tile;
use inkan_ledger::{EntryId, MapKey, leaf};

use super::source::MirrorSource;

#[derive(Debug)]
pub(super) struct MirrorBase {
    memory: Memory,
    folder: PathBuf,
    /// Leaves whose bundle may not be on the disk yet.
    fresh: BTreeMap<u64, Vec<u8>>,
}

/// Leaves that are held in memory: more than one bundle.
const FRESH: usize = 512;

impl MirrorBase {
    pub(super) fn new(folder: &Path) -> Self {
        Self { memory: Memory::new(), folder: folder.to_path_buf(), fresh: BTreeMap::new() }
    }

    /// Holds a leaf until its bundle is on the disk.
    pub(super) fn expect(&mut self, place: u64, entry: &[u8]) {
        self.fresh.insert(place, entry.to_vec());
        while self.fresh.len() > FRESH {
            self.fresh.pop_first();
        }
    }

    pub(super) fn store(&mut self, changes: &Changes) {
        self.memory.store(changes);
    }

    pub(super) fn put_document(&mut self, document: &[u8]) {
        self.memory.put_document(document);
    }

    pub(super) fn has_document(&self, digest: &Digest) -> bool {
        matches!(self.memory.document(digest), Ok(Some(_)))
    }
}

impl Base for MirrorBase {
    fn entry(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        self.memory.entry(id)
    }

    fn body(&self, leaf_index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let body = |entry: &[u8]| leaf::split(entry).map(|(_, _, body)| body.to_vec()).ok();
        if let Some(entry) = self.fresh.get(&leaf_index) {
            return Ok(body(entry));
        }
        let size = leaf_index.saturating_add(1);
        let Some(tile) = Tile::holding(0, leaf_index, size) else { return Ok(None) };
        // The bundle is full by now, or has been written wider: any width that holds the leaf will do.
        let entries = MirrorSource::folder(&self.folder)
            .bundle(&tile.full())
            .map_err(|error| StoreError::new(error.to_string()))?;
        let at = usize::try_from(leaf_index.saturating_sub(tile.start())).ok();
        Ok(at.and_then(|at| entries.get(at)).and_then(|entry| body(entry)))
    }

    fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        self.memory.controller(scid)
    }

    fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError> {
        self.memory.newest(key)
    }

    fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError> {
        self.memory.version(key, number)
    }

    fn equivocations(&self, scid: &str) -> Result<Vec<String>, StoreError> {
        self.memory.equivocations(scid)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.document(digest)
    }
}
