//! The map of the ledger as a tree that grows on disk (§4 of the ledger specification).
//!
//! In scope: new heads into the tree, its root, proofs at the states that checkpoints were made of, and finding
//! out that the store is lost, rolled back or altered. Out of scope: which head is the newest (`inkan-ledger`),
//! checking a proof (there, too), values (they are kept once, with the heads).
//!
//! A version is the number of leaves that the map covers. Keys are digests, so pages of 63 keys each, found by the
//! first bits, fill evenly and are split one at a time (`tree`); hashes above the pages are in memory, 33 bytes for
//! each, so that a change reads one page and hashes one way up, at ten million keys as at ten thousand. States that
//! checkpoints were made of stay provable until [`MapStore::prune`]: what changes after them is remembered as it was.
//!
//! On disk are the pages, each in its place, and a small file of their roots, which says of which version they are. Pages
//! may be newer than that after a crash; then the heads that are newer are taken again, which makes them right. The store
//! is derived: whoever loses it rebuilds it from the heads ([`MapStore::recover`]).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use inkan_ledger::map::{MapKey, MapProof, MapValue};
use inkan_ledger::tree::NodeHash;

mod bucket;
mod error;
mod pages;
mod recover;
mod tree;

pub use error::MapStoreError;
pub use recover::Recovered;

use bucket::Entry;
use pages::Pages;
use tree::{Image, Tree};

/// Buckets that wait in memory for their pages to be written before a checkpoint writes them unasked; about 45 MB.
const PENDING: usize = 24_576;
/// Keys that may change before they are made durable: what a crash costs at the next start is bounded by it, and, with a page
/// for each of them, so is memory.
pub const UNSAVED: u64 = 4_096;
/// Keys that are put in at a time, so that readers need not wait for a whole batch.
const STEP: usize = 32;

/// The root of the map over some number of leaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MapState {
    /// How many leaves of the log are covered.
    pub version: u64,
    /// The root that an epoch leaf names.
    pub root: NodeHash,
    /// How many keys there are.
    pub keys: u64,
}

/// The map on disk, with its one writer.
#[derive(Debug)]
pub struct MapStore {
    path: PathBuf,
    pages: Arc<Pages>,
    tree: Arc<Mutex<Tree>>,
    /// Keys changed since the last durable commit.
    unsaved: u64,
    /// A durable commit under way on a thread of its own.
    writing: Option<JoinHandle<Result<(), MapStoreError>>>,
}

impl MapStore {
    /// Opens the store at `path` (and `path.roots` beside it), or makes an empty one. What it holds is the state of its
    /// last durable commit: compare [`Self::newest`], or use [`Self::recover`].
    ///
    /// # Errors
    ///
    /// [`MapStoreError::InUse`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn open(path: &Path) -> Result<Self, MapStoreError> {
        let pages = Arc::new(Pages::open(path)?);
        let tree = Arc::new(Mutex::new(Tree::open(Arc::clone(&pages))?));
        Ok(Self { path: path.to_owned(), pages, tree, unsaved: 0, writing: None })
    }

    /// The file of pages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest state, kept or not.
    #[must_use]
    pub fn newest(&self) -> MapState {
        lock(&self.tree).state()
    }

    /// Keys that changed since the last durable commit: what a crash would make [`Self::recover`] do again.
    #[must_use]
    pub const fn unsaved(&self) -> u64 {
        self.unsaved
    }

    /// A reader of the states that are kept; it may be cloned and sent to other threads.
    #[must_use]
    pub fn reader(&self) -> MapReader {
        MapReader { tree: Arc::clone(&self.tree) }
    }

    /// Puts `changes` in force and makes the result version `version`. A key may occur more than once: its last
    /// value counts. Without changes only the version moves.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::NotNewer`] if there already is a newer version; [`MapStoreError::Damaged`],
    /// [`MapStoreError::Unavailable`]: the store must be recovered before it is used again.
    pub fn apply(
        &mut self,
        version: u64,
        changes: &[(MapKey, MapValue)],
    ) -> Result<MapState, MapStoreError> {
        let newest = self.newest().version;
        if version < newest {
            return Err(MapStoreError::NotNewer { version, newest });
        }
        let entry = |(key, value): &(MapKey, MapValue)| Entry {
            key: *key.digest(),
            value_hash: value.hash(),
        };
        // Hashed before anybody has to wait.
        let mut entries: Vec<Entry> = changes.iter().rev().map(entry).collect();
        entries.sort_by_key(|entry| entry.key);
        entries.dedup_by_key(|entry| entry.key);
        let mut touched = Vec::new();
        for part in entries.chunks(STEP) {
            touched.extend(lock(&self.tree).put_all(part)?);
        }
        let mut tree = lock(&self.tree);
        tree.renew(touched);
        tree.set_version(version);
        tree.grow()?;
        let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        self.unsaved = self.unsaved.saturating_add(count);
        Ok(tree.state())
    }

    /// Keeps the newest state for proofs until it is pruned: a checkpoint is made of it. Survives a crash only
    /// after [`Self::durable`]. If much has gathered, the state that was kept *before* is made durable here: its heads
    /// must be durable already.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn keep(&mut self) -> Result<MapState, MapStoreError> {
        if lock(&self.tree).pending() > PENDING {
            self.join()?;
            if lock(&self.tree).pending() > PENDING {
                self.durable()?;
            }
        }
        let mut tree = lock(&self.tree);
        tree.keep();
        Ok(tree.state())
    }

    /// The state with this version, if it is the newest or was kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`].
    pub fn root(&self, version: u64) -> Result<MapState, MapStoreError> {
        let newest = self.newest();
        if version == newest.version { Ok(newest) } else { self.reader().root(version) }
    }

    /// Proves what stands under `key` in the newest state, or in one that was kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn prove(&self, key: &MapKey, version: u64) -> Result<MapProof, MapStoreError> {
        self.reader().prove(key, version)
    }

    /// Lets go of the states with versions less than `below`, but not of the newest that was kept.
    pub fn prune(&mut self, below: u64) {
        lock(&self.tree).prune(below);
    }

    /// Makes the newest state that was kept survive a crash. To be called once a minute or every few ten thousand
    /// keys, and at the end; the heads of that version must be durable already.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Unavailable`].
    pub fn durable(&mut self) -> Result<(), MapStoreError> {
        self.join()?;
        let Some(image) = lock(&self.tree).image() else { return Ok(()) };
        self.unsaved = 0;
        write(&self.pages, &self.tree, image)
    }

    /// As [`Self::durable`], on a thread of its own, so that keys are taken meanwhile; does nothing while one is at it.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Unavailable`], of this time or the last.
    pub fn durable_beside(&mut self) -> Result<(), MapStoreError> {
        if self.writing.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(());
        }
        self.join()?;
        let Some(image) = lock(&self.tree).image() else { return Ok(()) };
        self.unsaved = 0;
        let (pages, tree) = (Arc::clone(&self.pages), Arc::clone(&self.tree));
        let work = move || write(&pages, &tree, image);
        // Without a thread it stays for the next time.
        self.writing = std::thread::Builder::new().name("ledger-pages".to_owned()).spawn(work).ok();
        Ok(())
    }

    /// Waits for a commit that is under way.
    fn join(&mut self) -> Result<(), MapStoreError> {
        let ended = self.writing.take().map(JoinHandle::join);
        let lost = |_| Err(MapStoreError::Unavailable("a thread that wrote has ended".to_owned()));
        ended.map_or(Ok(()), |ended| ended.unwrap_or_else(lost))
    }

    /// Forgets everything and takes all `heads`, in any order, as version `version`.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::InUse`], [`MapStoreError::Unavailable`]; what the iterator says.
    pub fn rebuild<I>(path: &Path, version: u64, heads: I) -> Result<Self, MapStoreError>
    where
        I: IntoIterator<Item = Result<(MapKey, MapValue), MapStoreError>>,
    {
        Pages::open(path)?.clear()?;
        let mut store = Self::open(path)?;
        let mut chunk = Vec::new();
        for head in heads {
            chunk.push(head?);
            if chunk.len() >= PENDING / 2 {
                store.apply(version, &chunk)?;
                store.keep()?;
                chunk.clear();
            }
        }
        store.apply(version, &chunk)?;
        store.keep()?;
        store.prune(version);
        store.durable()?;
        Ok(store)
    }
}

impl Drop for MapStore {
    fn drop(&mut self) {
        // Whoever opens the files next must not meet it; what it did not write is taken again from the heads.
        let _ = self.join();
    }
}

/// Readers find in memory what is being written.
fn write(pages: &Pages, tree: &Mutex<Tree>, image: Image) -> Result<(), MapStoreError> {
    pages.write(&image.buckets, image.there)?;
    pages.put_roots(&image.roots)?;
    lock(tree).written(image);
    Ok(())
}

/// Reads the states that are kept while the writer goes on.
#[derive(Clone, Debug)]
pub struct MapReader {
    tree: Arc<Mutex<Tree>>,
}

impl MapReader {
    /// The state with this version, if it is kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`].
    pub fn root(&self, version: u64) -> Result<MapState, MapStoreError> {
        lock(&self.tree).kept(version)
    }

    /// Proves what stands under `key` in a state that is kept, or in the newest. The proof is checked before it is given
    /// out: a store that was altered gives none rather than a wrong one.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn prove(&self, key: &MapKey, version: u64) -> Result<MapProof, MapStoreError> {
        let found = lock(&self.tree).prove(key.digest(), version)?;
        let damaged =
            |error: inkan_ledger::map::MapProofError| MapStoreError::Damaged(error.to_string());
        let proof = MapProof::parse(&found.to_bytes(key.digest())).map_err(damaged)?;
        proof.verify(key, &found.state.root).map_err(damaged)?;
        Ok(proof)
    }
}

fn lock(tree: &Mutex<Tree>) -> MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
