//! What gateways serve from a ledger folder: `public/<host>/…`.
//!
//! In scope: DID logs, verbatim from the leaves, and status lists, each version kept. Out of scope: serving them.

use std::path::{Path, PathBuf};

use inkan_did::webvh;
use inkan_ledger::{Kind, Log, MapKey};

use super::error::LedgerFolderError;
use super::layout::{make_folder, public_path};
use crate::files::{self, Access};

/// Where a version of a status list is kept, whoever else uses the same URI.
pub(super) fn status_path(public: &Path, scid: &str, uri: &str, sequence: u64) -> Option<PathBuf> {
    let served = public_path(public, uri)?;
    let below = served.strip_prefix(public).ok()?;
    let plain = !scid.is_empty() && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| public.join(".status").join(below).join(scid).join(sequence.to_string()))
}

/// Writes a file that gateways serve; nothing happens if it is there already, with these bytes.
pub(super) fn publish(path: &Path, bytes: &[u8], limit: usize) -> Result<(), LedgerFolderError> {
    if files::read_optional(path, limit)?.as_deref() == Some(bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        make_folder(folder, Access::Public)?;
    }
    Ok(files::write_atomic(path, bytes, Access::Public)?)
}

/// Writes the log of a DID as its gateway serves it, up to a size of the ledger.
pub(super) fn publish_did(
    public: &Path,
    log: &Log,
    scid: &str,
    size: u64,
) -> Result<(), LedgerFolderError> {
    let mut lines = Vec::new();
    let mut witnesses = Vec::new();
    let mut newest = None;
    for value in log.state().history(&MapKey::did(scid)) {
        let leaf = log.leaf(value.leaf_index).ok().filter(|_| value.leaf_index < size);
        let Some(leaf) = leaf.filter(|leaf| leaf.kind() == Kind::Did) else { continue };
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
            webvh::witness_url(entry.did()).and_then(|url| public_path(public, &url))
    {
        let array = [b"[".as_slice(), &witnesses.join(&b','), b"]\n"].concat();
        publish(&path, &array, limit)?;
    }
    match webvh::document_url(entry.did()).and_then(|url| public_path(public, &url)) {
        Some(path) => publish(&path, &lines, limit),
        None => Ok(()),
    }
}
