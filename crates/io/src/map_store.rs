//! The map of the ledger as a tree that grows on disk (§4 of the ledger specification).
//!
//! In scope: new heads into the tree, its root, proofs at the states that checkpoints were made of, and finding
//! out that the store is lost, rolled back or altered. Out of scope: which head is the newest (`inkan-ledger`),
//! checking a proof (there, too), values (they are kept once, with the heads).
//!
//! A version is the number of leaves that the map covers. Changes gather in memory until [`MapStore::keep`], so
//! that a node is written once per checkpoint, not once per batch; a state that was kept is a snapshot of the
//! database, and stays readable until [`MapStore::prune`]. On disk a node has one row, under its path: the
//! database holds exactly the newest state that was kept, nothing in it is ever stale. The store is derived:
//! whoever loses it rebuilds it from the heads ([`MapStore::recover`]).

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use inkan_core::Digest;
use inkan_ledger::map::{MapKey, MapProof, MapValue};
use inkan_ledger::tree::NodeHash;
use jmt::storage::Node;
use jmt::{KeyHash, OwnedValue, Sha256Jmt};

mod error;
mod proof;
mod recover;
mod rows;

pub use error::MapStoreError;
pub use recover::Recovered;

use rows::{Changed, Nodes, Rows, Snapshot};

/// Nodes held in memory before they go to the database without waiting for a checkpoint; about 60 MB.
const GATHERED: usize = 65_536;

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

/// The states that are kept, by version.
type Kept = BTreeMap<u64, Arc<Snapshot>>;

/// The map on disk, with its one writer.
#[derive(Debug)]
pub struct MapStore {
    path: PathBuf,
    rows: Rows,
    /// The newest state that the database holds.
    below: Arc<Snapshot>,
    /// Nodes that are newer than that, and the upper ones.
    changed: Changed,
    newest: MapState,
    /// Whether the database holds more than the newest state that was kept.
    ahead: bool,
    /// Keys changed since the last durable commit.
    unsaved: u64,
    kept: Arc<RwLock<Kept>>,
}

impl MapStore {
    /// Opens the store at `path`, or makes an empty one. What it holds is the state of its last durable commit:
    /// compare [`Self::newest`], or use [`Self::recover`].
    ///
    /// # Errors
    ///
    /// [`MapStoreError::InUse`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn open(path: &Path) -> Result<Self, MapStoreError> {
        guarded(|| {
            let rows = Rows::open(path)?;
            let below = Arc::new(rows.snapshot()?);
            let newest = below.state();
            let kept = Arc::new(RwLock::new(Kept::from([(newest.version, Arc::clone(&below))])));
            let changed = Changed::default();
            let path = path.to_owned();
            Ok(Self { path, rows, below, changed, newest, ahead: false, unsaved: 0, kept })
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest state, kept or not.
    #[must_use]
    pub const fn newest(&self) -> MapState {
        self.newest
    }

    /// Keys that changed since the last durable commit: what a crash would make [`Self::recover`] do again.
    #[must_use]
    pub const fn unsaved(&self) -> u64 {
        self.unsaved
    }

    /// A reader of the states that are kept; it may be cloned and sent to other threads.
    #[must_use]
    pub fn reader(&self) -> MapReader {
        MapReader { kept: Arc::clone(&self.kept) }
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
        if version < self.newest.version {
            return Err(MapStoreError::NotNewer { version, newest: self.newest.version });
        }
        if changes.is_empty() {
            self.newest.version = version;
            return Ok(self.newest);
        }
        let pairs: Vec<(KeyHash, OwnedValue)> =
            changes.iter().map(|(key, value)| (key_hash(key), value.to_bytes().to_vec())).collect();
        let nodes = Nodes::new(&self.below, Some(&self.changed));
        let (roots, batch) = guarded(|| {
            Sha256Jmt::new(&nodes)
                .batch_put_value_sets(vec![pairs], None, version)
                .map_err(MapStoreError::of_tree)
        })?;
        let Some(root) = roots.last() else {
            return Err(MapStoreError::Damaged("no root".into()));
        };
        for (key, node) in batch.node_batch.nodes() {
            if key.nibble_path().is_empty() {
                self.newest.keys = leaves(node);
            }
            self.changed.put(key, node.clone());
        }
        self.newest.version = version;
        self.newest.root = NodeHash::from_digest(Digest::from_bytes(root.0));
        let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        self.unsaved = self.unsaved.saturating_add(count);
        if self.changed.pending() > GATHERED {
            self.write()?;
            self.ahead = true;
        }
        Ok(self.newest)
    }

    /// Keeps the newest state for proofs until it is pruned: a checkpoint is made of it. Survives a crash only
    /// after [`Self::durable`].
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn keep(&mut self) -> Result<MapState, MapStoreError> {
        self.write()?;
        self.ahead = false;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.insert(self.newest.version, Arc::clone(&self.below));
        Ok(self.newest)
    }

    /// The state with this version, if it is the newest or was kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`].
    pub fn root(&self, version: u64) -> Result<MapState, MapStoreError> {
        if version == self.newest.version { Ok(self.newest) } else { self.reader().root(version) }
    }

    /// Proves what stands under `key` in the newest state, or in one that was kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn prove(&self, key: &MapKey, version: u64) -> Result<MapProof, MapStoreError> {
        if version == self.newest.version {
            let nodes = Nodes::new(&self.below, Some(&self.changed));
            guarded(|| proof::prove(&nodes, key, &self.newest))
        } else {
            self.reader().prove(key, version)
        }
    }

    /// Lets go of the states with versions less than `below`.
    pub fn prune(&mut self, below: u64) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        *kept = kept.split_off(&below);
    }

    /// Makes the newest state that was kept survive a crash, and says whether it does. (It cannot, and is no
    /// worse than before, while a long interval between checkpoints has made the database run ahead.) To be
    /// called once a minute or every few ten thousand keys, and at the end; the heads of that version must be
    /// durable already.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Unavailable`].
    pub fn durable(&mut self) -> Result<bool, MapStoreError> {
        if self.ahead {
            return Ok(false);
        }
        guarded(|| self.rows.sync())?;
        self.unsaved = 0;
        Ok(true)
    }

    /// Forgets everything and takes all `heads`, in any order, as version `version`.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Unavailable`]; what the iterator says.
    pub fn rebuild<I>(path: &Path, version: u64, heads: I) -> Result<Self, MapStoreError>
    where
        I: IntoIterator<Item = Result<(MapKey, MapValue), MapStoreError>>,
    {
        Rows::remove(path)?;
        let mut store = Self::open(path)?;
        store.take_all(version, heads)?;
        store.keep()?;
        store.durable()?;
        Ok(store)
    }

    fn take_all<I>(&mut self, version: u64, heads: I) -> Result<(), MapStoreError>
    where
        I: IntoIterator<Item = Result<(MapKey, MapValue), MapStoreError>>,
    {
        let mut chunk = Vec::new();
        for head in heads {
            chunk.push(head?);
            if chunk.len() >= GATHERED / 4 {
                self.apply(version, &chunk)?;
                chunk.clear();
            }
        }
        self.apply(version, &chunk)?;
        Ok(())
    }

    /// Writes what changed, and reads from there from now on.
    fn write(&mut self) -> Result<(), MapStoreError> {
        guarded(|| {
            self.rows.write(&mut self.changed, &self.newest)?;
            self.below = Arc::new(self.rows.snapshot()?);
            Ok(())
        })
    }
}

/// Reads the states that are kept while the writer goes on.
#[derive(Clone, Debug)]
pub struct MapReader {
    kept: Arc<RwLock<Kept>>,
}

impl MapReader {
    /// The state with this version, if it is kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`].
    pub fn root(&self, version: u64) -> Result<MapState, MapStoreError> {
        self.at(version).map(|snapshot| snapshot.state())
    }

    /// Proves what stands under `key` in a state that is kept.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Gone`], [`MapStoreError::Damaged`], [`MapStoreError::Unavailable`].
    pub fn prove(&self, key: &MapKey, version: u64) -> Result<MapProof, MapStoreError> {
        let snapshot = self.at(version)?;
        guarded(|| proof::prove(&Nodes::new(&snapshot, None), key, &snapshot.state()))
    }

    fn at(&self, version: u64) -> Result<Arc<Snapshot>, MapStoreError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(&version).cloned().ok_or(MapStoreError::Gone { version })
    }
}

/// Keys are hashed by us, and not once more: the library's own function logs what it hashes.
const fn key_hash(key: &MapKey) -> KeyHash {
    KeyHash(*key.digest().as_bytes())
}

fn leaves(root: &Node) -> u64 {
    match root {
        Node::Null => 0,
        Node::Leaf(_) => 1,
        Node::Internal(node) => u64::try_from(node.leaf_count()).unwrap_or(u64::MAX),
    }
}

/// Runs what reads the file through libraries that panic on some kinds of damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, MapStoreError>) -> Result<T, MapStoreError> {
    // Whatever was half done is thrown away with the store: an error of these kinds ends in `recover`.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(MapStoreError::Damaged(text.unwrap_or("unreadable").to_owned()))
    })
}

#[cfg(test)]
mod tests;
