//! What gateways serve from a ledger folder: `public/<host>/…`.
//!
//! In scope: DID logs, verbatim from the leaves, and status lists, each version kept. Out of scope: serving them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_core::sha256;
use inkan_did::webvh;
use inkan_ledger::{Claims, Kind, Leaf, MapKey, MapValue, SignedEntry, StatusClaims};

use super::edge;
use super::error::LedgerFolderError;
use super::layout::{Layout, public_path};
use super::state_db::StateDb;
use crate::files::layer::put;
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

/// Keeps what gateways serve up to date with the leaves.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    pub(crate) layout: Layout,
}

impl Gateway {
    /// Writes what changed with the leaves `from..size`, which the tiles hold.
    pub(crate) fn publish(
        &self,
        layer: &dyn FileLayer,
        db: &StateDb,
        from: u64,
        size: u64,
    ) -> Result<(), LedgerFolderError> {
        let changed: BTreeMap<MapKey, MapValue> =
            db.changes_since(from, size)?.into_iter().collect();
        for (key, value) in changed {
            match key.kind() {
                Kind::Did => self.publish_did(layer, db, &key, size)?,
                Kind::Status => self.publish_status(layer, value.leaf_index, size)?,
                Kind::Epoch
                | Kind::Issuance
                | Kind::Countersignature
                | Kind::Trust
                | Kind::Anchor
                | Kind::Once => {}
            }
        }
        Ok(())
    }

    fn leaf(&self, index: u64, size: u64) -> Result<Leaf, LedgerFolderError> {
        let bytes = edge::read_entry(self.layout.root(), index, size)?;
        let path = || self.layout.root().join("tile/entries");
        Leaf::parse(&bytes).map_err(|_| LedgerFolderError::TileDamaged { path: path() })
    }

    /// The log of a DID as its gateway serves it.
    fn publish_did(
        &self,
        layer: &dyn FileLayer,
        db: &StateDb,
        key: &MapKey,
        size: u64,
    ) -> Result<(), LedgerFolderError> {
        let public = self.layout.public();
        let mut lines = Vec::new();
        let mut witnesses = Vec::new();
        let mut newest = None;
        for value in db.history(key, size)? {
            let leaf = self.leaf(value.leaf_index, size)?;
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
            publish(layer, &path, &array, limit)?;
        }
        match webvh::document_url(entry.did()).and_then(|url| public_path(&public, &url)) {
            Some(path) => publish(layer, &path, &lines, limit),
            None => Ok(()),
        }
    }

    /// Serves the version of a status list that an entry records, if it is at hand.
    fn publish_status(
        &self,
        layer: &dyn FileLayer,
        index: u64,
        size: u64,
    ) -> Result<(), LedgerFolderError> {
        let leaf = self.leaf(index, size)?;
        match recorded(&leaf) {
            Some((scid, status)) => self.serve_status(layer, &scid, &status),
            None => Ok(()),
        }
    }

    /// Serves the version of a status list that is recorded as the newest, if it is at hand.
    pub(crate) fn serve_status(
        &self,
        layer: &dyn FileLayer,
        scid: &str,
        status: &StatusClaims,
    ) -> Result<(), LedgerFolderError> {
        let public = self.layout.public();
        let limit = inkan_core::limits::STATUS_LIST;
        let kept = status_path(&public, scid, &status.uri, status.sequence);
        let kept = kept.map(|path| files::read_optional(&path, limit)).transpose()?.flatten();
        match (kept, public_path(&public, &status.uri)) {
            (Some(bytes), Some(path)) if sha256(&[&bytes]) == status.digest => {
                publish(layer, &path, &bytes, limit)
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
