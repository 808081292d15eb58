//! A base in memory, with every leaf: for tests, small logs, and whoever reads a log once.

use std::collections::BTreeMap;

use inkan_core::Digest;
use inkan_did::webvh::Head;

use super::base::{Base, Newest};
use super::changes::Changes;
use super::controller::Controller;
use super::equivocation::Equivocation;
use super::trail::Version;
use crate::entry_id::EntryId;
use crate::leaf::Leaf;
use crate::map::{MapKey, MapValue};
use crate::store::StoreError;

/// Everything that the entries of a log amount to, in memory. Never fails.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub(crate) leaves: Vec<Leaf>,
    entries: BTreeMap<EntryId, u64>,
    controllers: BTreeMap<String, Controller>,
    versions: BTreeMap<(MapKey, u64), Version>,
    heads: BTreeMap<MapKey, Newest>,
    /// All entries of each id, oldest first: the map as of any place is read from here.
    history: BTreeMap<MapKey, Vec<MapValue>>,
    equivocations: Vec<Equivocation>,
    documents: BTreeMap<Digest, Vec<u8>>,
    epochs: Vec<u64>,
}

impl Memory {
    /// The base of a log without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what happened; leaves are given one by one.
    pub fn store(&mut self, changes: &Changes) {
        for (id, place) in changes.entries() {
            self.entries.entry(*id).or_insert(*place);
        }
        for (scid, controller) in changes.controllers() {
            self.controllers.insert(scid.clone(), controller.clone());
        }
        self.versions.extend(changes.versions());
        for (key, newest) in changes.heads() {
            self.heads.insert(*key, newest.clone());
        }
        for (key, value) in changes.history() {
            self.history.entry(*key).or_default().push(*value);
        }
        self.equivocations.extend_from_slice(changes.equivocations());
        for (digest, document) in changes.documents() {
            self.documents.insert(*digest, document.clone());
        }
        self.epochs.extend_from_slice(changes.epochs());
    }

    /// Adds the next leaf.
    pub fn push_leaf(&mut self, leaf: Leaf) {
        self.leaves.push(leaf);
    }

    /// Makes a parameters document known before the epoch leaf that names it.
    pub fn put_document(&mut self, document: &[u8]) {
        self.documents.insert(inkan_core::sha256(&[document]), document.to_vec());
    }

    /// The leaf at a place.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<&Leaf> {
        usize::try_from(index).ok().and_then(|index| self.leaves.get(index))
    }

    /// The head of a DID.
    #[must_use]
    pub fn did_head(&self, scid: &str) -> Option<&Head> {
        self.controllers.get(scid).map(Controller::head)
    }

    /// Where the entry with this id stands.
    #[must_use]
    pub fn lookup(&self, id: &EntryId) -> Option<u64> {
        self.entries.get(id).copied()
    }

    /// All entries under a map key, oldest first.
    #[must_use]
    pub fn history(&self, key: &MapKey) -> &[MapValue] {
        self.history.get(key).map_or(&[], Vec::as_slice)
    }

    /// The newest entry under a map key among the first `leaves` leaves.
    #[must_use]
    pub fn newest_at(&self, key: &MapKey, leaves: u64) -> Option<MapValue> {
        newest(self.history(key), leaves)
    }

    /// All heads as of the first `leaves` leaves.
    #[must_use]
    pub fn heads(&self, leaves: u64) -> BTreeMap<MapKey, MapValue> {
        let heads = self.history.iter();
        heads.filter_map(|(key, all)| newest(all, leaves).map(|value| (*key, value))).collect()
    }

    /// Forks that were refused and kept, in the order they came.
    #[must_use]
    pub fn all_equivocations(&self) -> &[Equivocation] {
        &self.equivocations
    }

    /// Places of the epoch leaves, rising.
    #[must_use]
    pub fn epochs(&self) -> &[u64] {
        &self.epochs
    }
}

impl Base for Memory {
    fn entry(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        Ok(self.lookup(id))
    }

    fn body(&self, leaf_index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.leaf(leaf_index).map(|leaf| leaf.body().to_vec()))
    }

    fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        Ok(self.controllers.get(scid).cloned())
    }

    fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError> {
        Ok(self.heads.get(key).cloned())
    }

    fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError> {
        Ok(self.versions.get(&(*key, number)).copied())
    }

    fn equivocations(&self, scid: &str) -> Result<Vec<String>, StoreError> {
        let of_scid = self.equivocations.iter().filter(|one| one.scid == scid);
        Ok(of_scid.map(|one| one.version_id.clone()).collect())
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.documents.get(digest).cloned())
    }
}

fn newest(all: &[MapValue], leaves: u64) -> Option<MapValue> {
    let end = all.partition_point(|value| value.leaf_index < leaves);
    all.get(..end)?.last().copied()
}
