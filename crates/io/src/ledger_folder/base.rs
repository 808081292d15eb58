//! What the rules ask of the past, answered from `state.db`, the runs of ids and the entry bundles.
//!
//! In scope: the answers, and keeping in memory what is asked again and again, under limits. Out of scope: the rules.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use inkan_core::{Digest, sha256};
use inkan_ledger::leaf::Kind;
use inkan_ledger::parameters::PARAMS_LIMIT;
use inkan_ledger::state::{Base, Changes, Controller, Newest, Version};
use inkan_ledger::store::StoreError;
use inkan_ledger::{EntryId, Leaf, MapKey};

use super::edge;
use super::error::LedgerFolderError;
use super::ids::{self, Run};
use super::state_db::StateDb;
use crate::files;

/// DIDs kept in memory; a few kilobytes each.
const CONTROLLERS: usize = 4_096;
/// Places of heads kept in memory; 50 bytes each.
const PLACES: usize = 65_536;

/// The stored past of a ledger, for its one writer.
#[derive(Debug)]
pub(crate) struct DiskBase {
    root: PathBuf,
    db: StateDb,
    /// Leaves that the tiles hold.
    size: u64,
    recent: HashMap<[u8; 32], u64>,
    runs: Vec<Arc<Run>>,
    controllers: RefCell<HashMap<String, Option<Controller>>>,
    places: RefCell<HashMap<Digest, Option<u64>>>,
}

/// The index of ids after a transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdIndex {
    pub(crate) runs: Vec<Arc<Run>>,
    pub(crate) flushed: bool,
}

impl DiskBase {
    /// The base of a ledger whose tiles hold `size` leaves.
    pub(crate) fn new(
        root: PathBuf,
        db: StateDb,
        runs: Vec<Arc<Run>>,
        size: u64,
    ) -> Result<Self, LedgerFolderError> {
        // The last one counts: of an id that is there twice, that is the first place.
        let recent = db.all_recent()?.into_iter().rev().collect();
        let (controllers, places) = Default::default();
        Ok(Self { root, db, size, recent, runs, controllers, places })
    }

    /// How many of the newest ids are rows.
    pub(crate) fn recent_count(&self) -> usize {
        self.recent.len()
    }

    /// Takes in what was stored: it answers for it from now on.
    pub(crate) fn stored(&mut self, changes: &Changes, index: IdIndex) {
        self.size = changes.standing().size();
        if index.flushed {
            self.recent.clear();
        } else {
            for (id, place) in changes.entries() {
                self.recent.entry(ids::key(id)).or_insert(*place);
            }
        }
        self.runs = index.runs;
        let controllers = self.controllers.get_mut();
        make_room(controllers, CONTROLLERS);
        for (scid, controller) in changes.controllers().iter().take(CONTROLLERS) {
            controllers.insert(scid.clone(), Some(controller.clone()));
        }
        // What is not taken in again must not be answered from before.
        for scid in changes.controllers().keys().skip(CONTROLLERS) {
            controllers.remove(scid);
        }
        let places = self.places.get_mut();
        make_room(places, PLACES);
        for (key, newest) in changes.heads() {
            if key.kind() == Kind::Did {
                places.insert(*key.digest(), Some(newest.value.leaf_index));
            }
        }
    }
}

/// Forgets everything when there is too much: what is used is soon there again.
fn make_room<K, V>(kept: &mut HashMap<K, V>, limit: usize) {
    if kept.len() >= limit {
        kept.clear();
    }
}

impl From<LedgerFolderError> for StoreError {
    fn from(error: LedgerFolderError) -> Self {
        Self::new(error.to_string())
    }
}

impl Base for DiskBase {
    fn entry(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        if let Some(place) = self.recent.get(&ids::key(id)) {
            return Ok(Some(*place));
        }
        for run in &self.runs {
            if let Some(place) = run.find(id)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn body(&self, leaf_index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        if leaf_index >= self.size {
            return Ok(None);
        }
        let entry = edge::read_entry(&self.root, leaf_index, self.size)?;
        let leaf = Leaf::parse(&entry).map_err(|error| StoreError::new(error.to_string()))?;
        Ok(Some(leaf.body().to_vec()))
    }

    fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        if let Some(known) = self.controllers.borrow().get(scid) {
            return Ok(known.clone());
        }
        let found = self.db.controller(scid)?;
        let mut controllers = self.controllers.borrow_mut();
        make_room(&mut controllers, CONTROLLERS);
        controllers.insert(scid.to_owned(), found.clone());
        Ok(found)
    }

    fn head_place(&self, key: &MapKey) -> Result<Option<u64>, StoreError> {
        if let Some(known) = self.places.borrow().get(key.digest()) {
            return Ok(*known);
        }
        let found = self.db.head_place(key)?;
        if key.kind() == Kind::Did {
            let mut places = self.places.borrow_mut();
            make_room(&mut places, PLACES);
            places.insert(*key.digest(), found);
        }
        Ok(found)
    }

    fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError> {
        Ok(self.db.newest(key)?)
    }

    fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError> {
        let found = self.db.version(key, number)?;
        Ok(found.map(|(value, trail)| Version { leaf_index: value.leaf_index, trail }))
    }

    fn equivocations(&self, scid: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.db.fork_names(scid)?)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.root.join("params").join(digest.to_hex());
        let found = files::read_optional(&path, PARAMS_LIMIT);
        let found = found.map_err(|error| StoreError::new(error.to_string()))?;
        Ok(found.filter(|document| sha256(&[document]) == *digest))
    }
}
