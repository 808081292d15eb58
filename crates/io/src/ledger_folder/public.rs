//! What gateways serve from a ledger folder: `public/<host>/…`.
//!
//! In scope: DID logs, verbatim from the leaves, and status lists, each version kept. Out of scope: serving them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkan_core::sha256;
use inkan_did::webvh;
use inkan_ledger::tree::tiles::TILE_WIDTH;
use inkan_ledger::{Claims, Kind, Leaf, MapKey, MapValue, SignedEntry, StatusClaims};

use super::edge;
use super::error::LedgerFolderError;
use super::layout::{Layout, public_path};
use super::state_db::StateDb;
use crate::files::layer::{Put, put, put_many};
use crate::files::{self, Access, FileLayer};

/// Where a version of a status list is kept, whoever else uses the same URI.
pub(crate) fn status_path(public: &Path, scid: &str, uri: &str, sequence: u64) -> Option<PathBuf> {
    let served = public_path(public, uri)?;
    let below = served.strip_prefix(public).ok()?;
    let plain = !scid.is_empty() && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| public.join(".status").join(below).join(scid).join(sequence.to_string()))
}

/// Writes a file that gateways serve; nothing happens if it is there already, with these bytes.
pub(crate) fn publish(
    layer: &dyn FileLayer,
    path: &Path,
    bytes: &[u8],
    limit: usize,
) -> Result<(), LedgerFolderError> {
    if files::read_optional(path, limit)?.as_deref() == Some(bytes) {
        return Ok(());
    }
    Ok(put(layer, path, bytes, Access::Public)?)
}

/// Files to be put in place, each once.
type Puts = BTreeMap<PathBuf, Vec<u8>>;

/// A file that gateways serve, unless it is there already, with these bytes.
fn if_new(
    puts: &mut Puts,
    path: PathBuf,
    bytes: Vec<u8>,
    limit: usize,
) -> Result<(), LedgerFolderError> {
    if files::read_optional(&path, limit)?.as_deref() != Some(&bytes) {
        // Two DIDs may name one place: the newer one has it.
        puts.insert(path, bytes);
    }
    Ok(())
}

/// Leaves that are read in order, or nearly: the newest bundle stays at hand.
struct Leaves<'a> {
    root: &'a Path,
    size: u64,
    bundle: Option<(u64, Vec<Arc<[u8]>>)>,
}

impl Leaves<'_> {
    fn leaf(&mut self, index: u64) -> Result<Leaf, LedgerFolderError> {
        let (number, at) = (index / u64::from(TILE_WIDTH), index % u64::from(TILE_WIDTH));
        if self.bundle.as_ref().is_none_or(|(at_hand, _)| *at_hand != number) {
            self.bundle = Some((number, edge::read_entries(self.root, index, self.size)?));
        }
        let bytes = self
            .bundle
            .as_ref()
            .and_then(|(_, leaves)| leaves.get(usize::try_from(at).unwrap_or(usize::MAX)));
        let leaf = bytes.and_then(|bytes| Leaf::parse(bytes).ok());
        let path = self.root.join("tile/entries");
        leaf.ok_or(LedgerFolderError::TileDamaged { path })
    }
}

/// Keeps what gateways serve up to date with the leaves.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    layout: Layout,
    layer: Arc<dyn FileLayer>,
    /// Held by the one thread that puts files in place.
    writing: Arc<Mutex<()>>,
}

impl Gateway {
    pub(crate) fn new(layout: Layout, layer: Arc<dyn FileLayer>) -> Self {
        Self { layout, layer, writing: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what changed with the leaves `from..size`, which the tiles hold: as many changes as `most`. Gives how far it
    /// came; up to there all files are durable.
    pub(crate) fn publish(
        &self,
        db: &StateDb,
        from: u64,
        size: u64,
        most: usize,
    ) -> Result<u64, LedgerFolderError> {
        let rows = db.some_changes_since(from, size, most)?;
        let reached = match rows.last() {
            Some((_, last)) if rows.len() >= most => last.leaf_index.saturating_add(1),
            Some(_) | None => size,
        };
        let newest: BTreeMap<MapKey, MapValue> = rows.into_iter().collect();
        // In the order of the log, so that a bundle of entries is read once.
        let mut changed: Vec<_> = newest.into_iter().collect();
        changed.sort_unstable_by_key(|(_, value)| value.leaf_index);
        let mut leaves = Leaves { root: self.layout.root(), size, bundle: None };
        let mut puts = Puts::new();
        let _writing = self.lock();
        for (key, _) in changed {
            match key.kind() {
                Kind::Did => self.publish_did(db, &key, &mut leaves, &mut puts)?,
                Kind::Status => self.publish_status(db, &key)?,
                Kind::Epoch
                | Kind::Issuance
                | Kind::Countersignature
                | Kind::Trust
                | Kind::Anchor
                | Kind::Once => {}
            }
        }
        let puts: Vec<_> = puts.into_iter().map(|(path, bytes)| Put { path, bytes }).collect();
        put_many(&*self.layer, &self.layout.public(), &puts, Access::Public)?;
        Ok(reached)
    }

    fn leaf(&self, index: u64, size: u64) -> Result<Leaf, LedgerFolderError> {
        let bytes = edge::read_entry(self.layout.root(), index, size)?;
        let path = || self.layout.root().join("tile/entries");
        Leaf::parse(&bytes).map_err(|_| LedgerFolderError::TileDamaged { path: path() })
    }

    /// The log of a DID as its gateway serves it.
    fn publish_did(
        &self,
        db: &StateDb,
        key: &MapKey,
        leaves: &mut Leaves<'_>,
        puts: &mut Puts,
    ) -> Result<(), LedgerFolderError> {
        let public = self.layout.public();
        let mut lines = Vec::new();
        let mut witnesses = Vec::new();
        let mut newest = None;
        for value in db.history(key, leaves.size)? {
            let leaf = leaves.leaf(value.leaf_index)?;
            let mut parts = leaf.body().splitn(2, |byte| *byte == b'\n');
            lines.extend_from_slice(parts.next().unwrap_or_default());
            lines.push(b'\n');
            witnesses.extend(parts.next().map(<[u8]>::to_vec));
            newest = Some(leaf);
        }
        let entry = newest.and_then(|leaf| inkan_ledger::state::parse_did_body(leaf.body()).ok());
        let Some(entry) = entry else { return Ok(()) };
        let limit = inkan_core::limits::DID_LOG;
        if !witnesses.is_empty()
            && let Some(path) =
                webvh::witness_url(entry.did()).and_then(|url| public_path(&public, &url))
        {
            let array = [b"[".as_slice(), &witnesses.join(&b','), b"]\n"].concat();
            if_new(puts, path, array, limit)?;
        }
        match webvh::document_url(entry.did()).and_then(|url| public_path(&public, &url)) {
            Some(path) => if_new(puts, path, lines, limit),
            None => Ok(()),
        }
    }

    /// Serves the newest version of a status list that is recorded and covered, if it is at hand.
    fn publish_status(&self, db: &StateDb, key: &MapKey) -> Result<(), LedgerFolderError> {
        // As of now, not of the leaves that are published: what is served already is never older.
        let (Some(standing), Some(newest)) = (db.standing()?, db.newest(key)?) else {
            return Ok(());
        };
        let leaf = self.leaf(newest.value.leaf_index, standing.size())?;
        match recorded(&leaf) {
            Some((scid, status)) => self.put_status(&scid, &status),
            None => Ok(()),
        }
    }

    /// Serves the version of a status list that is recorded as the newest, if it is at hand.
    pub(crate) fn serve_status(
        &self,
        scid: &str,
        status: &StatusClaims,
    ) -> Result<(), LedgerFolderError> {
        let _writing = self.lock();
        self.put_status(scid, status)
    }

    fn put_status(&self, scid: &str, status: &StatusClaims) -> Result<(), LedgerFolderError> {
        let public = self.layout.public();
        let limit = inkan_core::limits::STATUS_LIST;
        let kept = status_path(&public, scid, &status.uri, status.sequence);
        let kept = kept.map(|path| files::read_optional(&path, limit)).transpose()?.flatten();
        match (kept, public_path(&public, &status.uri)) {
            (Some(bytes), Some(path)) if sha256(&[&bytes]) == status.digest => {
                publish(&*self.layer, &path, &bytes, limit)
            }
            _ => Ok(()),
        }
    }
}

/// The status list that a leaf records, and who signed it.
pub(crate) fn recorded(leaf: &Leaf) -> Option<(String, StatusClaims)> {
    let entry = SignedEntry::parse(Kind::Status, leaf.body()).ok()?;
    let Claims::Status(status) = entry.claims() else { return None };
    Some((entry.scid().to_owned(), status.clone()))
}
