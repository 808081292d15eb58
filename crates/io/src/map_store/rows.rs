//! Nodes of the tree as rows of a database: one per path, with what shows that it was altered.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use inkan_core::{Digest, sha256};
use inkan_ledger::map::empty_root;
use inkan_ledger::tree::NodeHash;
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{KeyHash, OwnedValue, Version};
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, TableDefinition};

use super::{MapState, MapStoreError};

/// Path (one byte per four bits: a subtree is a contiguous run) to version, check sum and node.
const NODES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("nodes/1");
/// The one row that says which state the others are.
const STATE: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("state/1");

/// Bytes of the database that are held in memory; the system holds the rest.
const CACHE: usize = 64 << 20;
/// Nodes up to this depth stay in memory: at most 4,369.
const UPPER: usize = 3;

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The database.
pub(super) struct Rows {
    /// There until it is dropped.
    database: Option<Database>,
}

impl Drop for Rows {
    fn drop(&mut self) {
        // Closing tidies the file, and panics where that was altered.
        let database = self.database.take();
        let _closed = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rows(..)")
    }
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, MapStoreError> {
        let database = Database::builder().set_cache_size(CACHE).create(path).map_err(failed)?;
        let rows = Self { database: Some(database) };
        let transaction = rows.database()?.begin_read().map_err(failed)?;
        let is_new =
            matches!(transaction.open_table(STATE), Err(redb::TableError::TableDoesNotExist(_)));
        drop(transaction);
        if is_new {
            let root = empty_root();
            rows.write(&mut Changed::default(), &MapState { version: 0, root, keys: 0 })?;
        }
        Ok(rows)
    }

    fn database(&self) -> Result<&Database, MapStoreError> {
        self.database.as_ref().ok_or_else(|| MapStoreError::Unavailable("closed".into()))
    }

    pub(super) fn remove(path: &Path) -> Result<(), MapStoreError> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(MapStoreError::Unavailable(error.to_string()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes what changed, not yet durably.
    pub(super) fn write(
        &self,
        changed: &mut Changed,
        state: &MapState,
    ) -> Result<(), MapStoreError> {
        let mut transaction = self.database()?.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::None).map_err(failed)?;
        {
            let mut nodes = transaction.open_table(NODES).map_err(failed)?;
            let mut pending = changed.pending_nodes();
            // In the order of the file: neighbours share pages.
            pending.sort_unstable_by_key(|(path, _)| *path);
            for (path, (version, node)) in pending {
                let row = row(path, *version, node)?;
                nodes.insert(path, row.as_slice()).map_err(failed)?;
            }
            let mut states = transaction.open_table(STATE).map_err(failed)?;
            states.insert(0, state_row(state).as_slice()).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        changed.written();
        Ok(())
    }

    /// Makes all that was written survive a crash. Two-phase, and with what a quick repair needs: an
    /// interrupted process must find its place again without reading the whole file.
    pub(super) fn sync(&self) -> Result<(), MapStoreError> {
        let mut transaction = self.database()?.begin_write().map_err(failed)?;
        transaction.set_durability(Durability::Immediate).map_err(failed)?;
        transaction.set_two_phase_commit(true);
        transaction.set_quick_repair(true);
        transaction.commit().map_err(failed)
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, MapStoreError> {
        let transaction = self.database()?.begin_read().map_err(failed)?;
        let nodes = transaction.open_table(NODES).map_err(failed)?;
        let states = transaction.open_table(STATE).map_err(failed)?;
        let state =
            states.get(0).map_err(failed)?.and_then(|row| read_state(row.value())).ok_or_else(
                || MapStoreError::Damaged("which state it holds is unreadable".into()),
            )?;
        Ok(Snapshot { nodes, state })
    }
}

/// One state of the database, unchanged while the writer goes on.
pub(super) struct Snapshot {
    nodes: Table,
    state: MapState,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Snapshot").field(&self.state).finish()
    }
}

impl Snapshot {
    pub(super) const fn state(&self) -> MapState {
        self.state
    }

    fn node(&self, path: &[u8]) -> Result<Option<(Version, Node)>, MapStoreError> {
        let Some(row) = self.nodes.get(path).map_err(failed)? else { return Ok(None) };
        let found = read_row(path, row.value());
        found.map(Some).ok_or_else(|| MapStoreError::Damaged("a node was altered".into()))
    }
}

/// Nodes that the database does not hold yet, and the upper ones, which every change reads.
#[derive(Debug, Default)]
pub(super) struct Changed {
    nodes: HashMap<Box<[u8]>, (Version, Node, bool)>,
    pending: usize,
}

impl Changed {
    pub(super) fn put(&mut self, key: &NodeKey, node: Node) {
        let before = self.nodes.insert(path(key).into(), (key.version(), node, true));
        if !before.is_some_and(|(_, _, pending)| pending) {
            self.pending = self.pending.saturating_add(1);
        }
    }

    /// How many nodes wait.
    pub(super) const fn pending(&self) -> usize {
        self.pending
    }

    fn pending_nodes(&self) -> Vec<(&[u8], (&Version, &Node))> {
        let pending = self.nodes.iter().filter(|(_, (_, _, pending))| *pending);
        pending.map(|(path, (version, node, _))| (&**path, (version, node))).collect()
    }

    fn written(&mut self) {
        self.nodes.retain(|path, (_, _, pending)| {
            *pending = false;
            path.len() <= UPPER
        });
        self.pending = 0;
    }
}

/// What the tree library reads from: a state of the database, and perhaps what is newer.
pub(super) struct Nodes<'a> {
    below: &'a Snapshot,
    changed: Option<&'a Changed>,
}

impl<'a> Nodes<'a> {
    pub(super) const fn new(below: &'a Snapshot, changed: Option<&'a Changed>) -> Self {
        Self { below, changed }
    }
}

impl TreeReader for Nodes<'_> {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        let path = path(key);
        let found = match self.changed.and_then(|changed| changed.nodes.get(path.as_slice())) {
            Some((version, node, _)) => Some((*version, node.clone())),
            None => self.below.node(&path)?,
        };
        Ok(match found {
            // There is one root, whichever version is asked for: the caller chose the state.
            Some((_, node)) if path.is_empty() => Some(node),
            None if path.is_empty() => Some(Node::Null),
            // Another version than the parent names is a row of another time.
            other => other.filter(|(version, _)| *version == key.version()).map(|(_, node)| node),
        })
    }

    fn get_value_option(&self, _: Version, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        // Values stand with the heads; a proof needs their hashes only, which stand in the leaves.
        Ok(Some(OwnedValue::new()))
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

fn path(key: &NodeKey) -> Vec<u8> {
    key.nibble_path().nibbles().map(u8::from).collect()
}

/// Version, check sum, node.
fn row(path: &[u8], version: Version, node: &Node) -> Result<Vec<u8>, MapStoreError> {
    let node =
        borsh::to_vec(node).map_err(|error| MapStoreError::Unavailable(error.to_string()))?;
    let version = version.to_be_bytes();
    let mut out = Vec::with_capacity(node.len().saturating_add(16));
    out.extend_from_slice(&version);
    out.extend_from_slice(&check_sum(path, &version, &node));
    out.extend_from_slice(&node);
    Ok(out)
}

fn read_row(path: &[u8], row: &[u8]) -> Option<(Version, Node)> {
    let (version, rest) = row.split_first_chunk::<8>()?;
    let (sum, node) = rest.split_first_chunk::<8>()?;
    if check_sum(path, version, node) != *sum {
        return None;
    }
    Some((u64::from_be_bytes(*version), borsh::from_slice(node).ok()?))
}

/// Against damage, not against an attacker: every proof is checked against the root before it is given out.
fn check_sum(path: &[u8], version: &[u8], rest: &[u8]) -> [u8; 8] {
    let digest = sha256(&[path, version, rest]);
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn state_row(state: &MapState) -> Vec<u8> {
    let mut out = Vec::with_capacity(56);
    out.extend_from_slice(&state.version.to_be_bytes());
    out.extend_from_slice(&state.keys.to_be_bytes());
    out.extend_from_slice(state.root.digest().as_bytes());
    let sum = check_sum(b"state", &[], &out);
    out.extend_from_slice(&sum);
    out
}

fn read_state(row: &[u8]) -> Option<MapState> {
    let (fields, sum) = row.split_last_chunk::<8>()?;
    if check_sum(b"state", &[], fields) != *sum {
        return None;
    }
    let (version, rest) = fields.split_first_chunk::<8>()?;
    let (keys, root) = rest.split_first_chunk::<8>()?;
    Some(MapState {
        version: u64::from_be_bytes(*version),
        keys: u64::from_be_bytes(*keys),
        root: NodeHash::from_digest(Digest::from_bytes(root.try_into().ok()?)),
    })
}

fn failed(error: impl Into<redb::Error>) -> MapStoreError {
    error.into().into()
}
