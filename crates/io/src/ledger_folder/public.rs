//! What gateways serve from a ledger folder: `public/<host>/…`.
//!
//! In scope: DID logs, verbatim from the leaves, and status lists, each version kept. A file that cannot be written, or whose
//! place is another's, is counted and passed over: all of it is derived, and what one entry names must not stop the log. Only
//! what the disk itself says does. Out of scope: whose a place is (`places`), serving the files.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkan_core::{limits, sha256};
use inkan_did::webvh;
use inkan_ledger::tree::tiles::TILE_WIDTH;
use inkan_ledger::{Claims, Kind, Leaf, MapKey, MapValue, SignedEntry, StatusClaims};

use super::edge;
use super::error::LedgerFolderError;
use super::layout::Layout;
use super::places::{self, public_path};
use super::state_db::StateDb;
use crate::files::layer::{Put, put, put_many};
use crate::files::{self, Access, FileError, FileLayer};

/// The longest URI of a status list, as entries may name it.
const URI_LIMIT: usize = 512;
/// Bytes of files that are put in place together, and hence held in memory; one file more may be.
const PUTS_LIMIT: usize = 32 << 20;
/// A SCID has 46 characters.
const SCID_LIMIT: usize = 64;

/// Where a version of a status list is kept, whoever else uses the same URI.
pub(crate) fn status_path(public: &Path, scid: &str, uri: &str, sequence: u64) -> Option<PathBuf> {
    let plain = (1..=SCID_LIMIT).contains(&scid.len())
        && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !plain || !uri.starts_with("https://") || uri.len() > URI_LIMIT {
        return None;
    }
    // A URI may name any path: as its digest it is never the folder of another, nor too long for a name.
    let name = sha256(&[uri.as_bytes()]).to_hex();
    Some(public.join(".status").join(name).join(scid).join(sequence.to_string()))
}

/// Writes a file that gateways serve; nothing happens if it is there already, with these bytes.
pub(crate) fn publish(
    layer: &dyn FileLayer,
    path: &Path,
    bytes: &[u8],
    limit: usize,
) -> Result<(), FileError> {
    if is_there(path, bytes, limit)? {
        return Ok(());
    }
    put(layer, path, bytes, Access::Public)
}

fn is_there(path: &Path, bytes: &[u8], limit: usize) -> Result<bool, FileError> {
    match files::read_optional(path, limit) {
        Ok(there) => Ok(there.as_deref() == Some(bytes)),
        Err(error) if is_of_the_disk(&error) => Err(error),
        // Whatever it is, it is not this: writing will say what is wrong.
        Err(_) => Ok(false),
    }
}

/// Whether the disk failed, rather than that one file cannot be where it should.
fn is_of_the_disk(error: &FileError) -> bool {
    match error {
        FileError::Full { .. } | FileError::ReadOnly { .. } | FileError::NotSynced { .. } => true,
        FileError::Failed { source, .. } => !matches!(
            source.kind(),
            ErrorKind::InvalidFilename
                | ErrorKind::InvalidInput
                | ErrorKind::TooManyLinks
                | ErrorKind::DirectoryNotEmpty
        ),
        FileError::Missing { .. }
        | FileError::NotAllowed { .. }
        | FileError::TooLarge { .. }
        | FileError::WrongKind { .. }
        | FileError::Locked { .. } => false,
    }
}

/// Files that gateways do not serve, since the ledger was opened: how often one was passed over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GatewayMetrics {
    /// The place is another's.
    pub taken: u64,
    /// No gateway serves a file of that name, or of that size.
    pub unfit: u64,
    /// The system refuses the file, and no other.
    pub failed: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
struct Passed {
    taken: AtomicU64,
    unfit: AtomicU64,
    failed: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Files to be put in place, each once.
type Puts = BTreeMap<PathBuf, Vec<u8>>;

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
    passed: Arc<Passed>,
}

impl Gateway {
    pub(crate) fn new(layout: Layout, layer: Arc<dyn FileLayer>) -> Self {
        Self { layout, layer, writing: Arc::default(), passed: Arc::default() }
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
            if puts.values().map(Vec::len).fold(0, usize::saturating_add) > PUTS_LIMIT {
                self.put_each(std::mem::take(&mut puts))?;
            }
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
        self.put_each(puts)?;
        Ok(reached)
    }

    /// Puts files in place: together, or one by one if one of them cannot be.
    fn put_each(&self, puts: Puts) -> Result<(), LedgerFolderError> {
        let puts: Vec<_> = puts.into_iter().map(|(path, bytes)| Put { path, bytes }).collect();
        match put_many(&*self.layer, &self.layout.public(), &puts, Access::Public) {
            Err(error) if !is_of_the_disk(&error) => {}
            done => return Ok(done?),
        }
        for one in &puts {
            self.or_passed(put(&*self.layer, &one.path, &one.bytes, Access::Public))?;
        }
        Ok(())
    }

    /// Passes over a file that only by itself cannot be there.
    fn or_passed(&self, done: Result<(), FileError>) -> Result<(), LedgerFolderError> {
        match done {
            Err(error) if is_of_the_disk(&error) => Err(error.into()),
            Err(_) => {
                count(&self.passed.failed);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What was passed over so far.
    pub(crate) fn metrics(&self) -> GatewayMetrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Passed { taken, unfit, failed } = &*self.passed;
        GatewayMetrics { taken: of(taken), unfit: of(unfit), failed: of(failed) }
    }

    /// Whether a place is this one's.
    fn is_owner(
        &self,
        db: &StateDb,
        place: Option<&str>,
        scid: &str,
    ) -> Result<bool, LedgerFolderError> {
        let Some(place) = place else {
            count(&self.passed.unfit);
            return Ok(false);
        };
        let owns = db.owner(place)?.as_deref() == Some(scid);
        if !owns {
            count(&self.passed.taken);
        }
        Ok(owns)
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
        let history = db.history(key, leaves.size)?;
        let Some(newest) = history.last() else { return Ok(()) };
        let newest = leaves.leaf(newest.leaf_index)?;
        let Ok(entry) = inkan_ledger::state::parse_did_body(newest.body()) else { return Ok(()) };
        let place = places::place_of_did(entry.did().as_str());
        if !self.is_owner(db, place.as_deref(), entry.scid())? {
            return Ok(());
        }
        let mut lines = Vec::new();
        let mut witnesses = Vec::new();
        for value in history {
            let leaf = leaves.leaf(value.leaf_index)?;
            let mut parts = leaf.body().splitn(2, |byte| *byte == b'\n');
            lines.extend_from_slice(parts.next().unwrap_or_default());
            lines.push(b'\n');
            witnesses.extend(parts.next().map(<[u8]>::to_vec));
            if lines.len() > limits::DID_LOG {
                count(&self.passed.unfit);
                return Ok(());
            }
        }
        let place = |url: Option<String>| url.and_then(|url| public_path(&public, &url));
        let mut out = Vec::new();
        if !witnesses.is_empty()
            && let Some(path) = place(webvh::witness_url(entry.did()))
        {
            out.push((path, [b"[".as_slice(), &witnesses.join(&b','), b"]\n"].concat()));
        }
        out.extend(place(webvh::document_url(entry.did())).map(|path| (path, lines)));
        for (path, bytes) in out {
            if !is_there(&path, &bytes, limits::DID_LOG)? {
                puts.insert(path, bytes);
            }
        }
        Ok(())
    }

    /// Serves the newest version of a status list that is recorded and covered, if it is at hand.
    fn publish_status(&self, db: &StateDb, key: &MapKey) -> Result<(), LedgerFolderError> {
        // As of now, not of the leaves that are published: what is served already is never older.
        let (Some(standing), Some(newest)) = (db.standing()?, db.newest(key)?) else {
            return Ok(());
        };
        let leaf = self.leaf(newest.value.leaf_index, standing.size())?;
        match recorded(&leaf) {
            Some((scid, status)) => self.put_status(db, &scid, &status),
            None => Ok(()),
        }
    }

    /// Serves the version of a status list that is recorded as the newest, if it is at hand.
    pub(crate) fn serve_status(
        &self,
        db: &StateDb,
        scid: &str,
        status: &StatusClaims,
    ) -> Result<(), LedgerFolderError> {
        let _writing = self.lock();
        self.put_status(db, scid, status)
    }

    fn put_status(
        &self,
        db: &StateDb,
        scid: &str,
        status: &StatusClaims,
    ) -> Result<(), LedgerFolderError> {
        let public = self.layout.public();
        let limit = limits::STATUS_LIST;
        let kept = status_path(&public, scid, &status.uri, status.sequence);
        let kept = match kept.map(|path| files::read_optional(&path, limit)) {
            Some(Ok(Some(bytes))) if sha256(&[&bytes]) == status.digest => bytes,
            Some(Err(error)) => return self.or_passed(Err(error)),
            Some(Ok(_)) | None => return Ok(()),
        };
        let place = places::place_of_list(&status.uri);
        if !self.is_owner(db, place.as_deref(), scid)? {
            return Ok(());
        }
        match public_path(&public, &status.uri) {
            Some(path) => self.or_passed(publish(&*self.layer, &path, &kept, limit)),
            None => Ok(()),
        }
    }
}

/// The status list that a leaf records, and who signed it.
pub(crate) fn recorded(leaf: &Leaf) -> Option<(String, StatusClaims)> {
    let entry = SignedEntry::parse(Kind::Status, leaf.body()).ok()?;
    let Claims::Status(status) = entry.claims() else { return None };
    Some((entry.scid().to_owned(), status.clone()))
}

#[cfg(test)]
mod tests;
