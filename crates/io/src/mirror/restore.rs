//! A damaged ledger folder gets its tiles back from a mirror, or from any other copy (§3.4 R3).

use std::path::Path;

use inkan_core::sha256;
use inkan_ledger::MerkleTree;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::leaf::{self, Kind};
use inkan_ledger::tree::tiles::{Tile, bundles_of_growth, encode_bundle, tiles_of_growth};
use inkan_ledger::tree::{LeafHash, TreeHead};

use super::error::MirrorError;
use super::source::MirrorSource;
use super::write;
use crate::files::{self, Access};
use crate::ledger_folder;

/// What was put in order, or would be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Restored {
    /// The head that the log signed last.
    pub head: TreeHead,
    /// Files that were missing or not what was signed, as paths in the folder.
    pub files: Vec<String>,
}

/// Whether anything is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Touch {
    /// What differs is put in order.
    Write,
    /// It is only told.
    Look,
}

/// Writes the tiles of a damaged ledger folder anew, up to what its guard says that the log signed last; so that the
/// ledger can be opened again with nothing lost.
///
/// Leaves that `source` does not have, since it follows the log at a distance, are taken from the folder itself.
/// `progress` hears how many leaves are done.
///
/// # Errors
///
/// [`MirrorError::RootMismatch`] if the source has another log; then nothing was written. [`MirrorError::Folder`] if there is
/// no ledger, no guard, or another process uses it. Others are worth a retry.
pub fn restore_folder(
    folder: &Path,
    source: &mut MirrorSource,
    touch: Touch,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored, MirrorError> {
    let (head, _lock) = ledger_folder::signed_head(folder)?;
    restore((folder, touch), &head, source, progress)
}

/// Writes those tiles, entry bundles and parameters documents of a log below `folder` anew that are not as of `head`.
///
/// `head` must be one that the log signed: what `source` gives is compared with it, before anything is written. The ledger
/// must not be open.
///
/// # Errors
///
/// [`MirrorError::RootMismatch`] if the source has another log, or fewer leaves under another root; then nothing was
/// written. [`MirrorError`] otherwise; worth a retry.
pub(super) fn restore(
    (folder, touch): (&Path, Touch),
    head: &TreeHead,
    source: &mut MirrorSource,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored, MirrorError> {
    let mut own = MirrorSource::folder(folder);
    // Twice over the source: leaves of a large log do not fit into memory, their hashes do.
    let mut tree = MerkleTree::new();
    for tile in bundles_of_growth(0, head.tree_size) {
        for entry in bundle(&tile, source, &mut own)? {
            tree.append(LeafHash::of(&entry));
        }
        progress(tree.size());
    }
    if tree.root(head.tree_size).ok() != Some(head.root_hash) {
        return Err(MirrorError::RootMismatch { size: head.tree_size });
    }
    let mut differing: Vec<String> = Vec::new();
    let put = |path: String, bytes: &[u8]| {
        let whole = folder.join(&path);
        let differs = match touch {
            Touch::Write => write(&whole, bytes)?,
            Touch::Look => !files::read_optional(&whole, bytes.len())
                .is_ok_and(|old| old.as_deref() == Some(bytes)),
        };
        Ok::<_, MirrorError>(differs.then_some(path))
    };
    for tile in bundles_of_growth(0, head.tree_size) {
        let entries = bundle(&tile, source, &mut own)?;
        for (place, entry) in (tile.start()..).zip(&entries) {
            if tree.leaf_hash(place).ok() != Some(LeafHash::of(entry)) {
                return Err(MirrorError::RootMismatch { size: head.tree_size });
            }
            differing.extend(restore_document((folder, touch), entry, source, &differing)?);
        }
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice))?;
        differing.extend(put(tile.entries_path(), &bytes)?);
    }
    for tile in tiles_of_growth(0, head.tree_size) {
        let bytes = tile.bytes_from(&tree)?;
        differing.extend(put(tile.path(), &bytes)?);
    }
    Ok(Restored { head: *head, files: differing })
}

/// The entries of a bundle, from the folder itself where the source does not go so far.
fn bundle(
    tile: &Tile,
    source: &mut MirrorSource,
    own: &mut MirrorSource,
) -> Result<Vec<Vec<u8>>, MirrorError> {
    match source.bundle(tile) {
        Err(MirrorError::Missing { path }) => {
            own.bundle(tile).map_err(|_| MirrorError::Missing { path })
        }
        other => other,
    }
}

/// The parameters document that an epoch leaf names, if it is not there or damaged; gives its path then, once: many epochs name one
/// document, and without writing each finds it missing.
fn restore_document(
    (folder, touch): (&Path, Touch),
    entry: &[u8],
    source: &mut MirrorSource,
    differing: &[String],
) -> Result<Option<String>, MirrorError> {
    let epoch = leaf::split(entry)
        .ok()
        .filter(|(kind, ..)| *kind == Kind::Epoch)
        .and_then(|(_, _, body)| Epoch::parse(body).ok());
    let Some(epoch) = epoch else { return Ok(None) };
    let name = format!("params/{}", epoch.params.to_hex());
    let path = folder.join(&name);
    let kept = files::read_optional(&path, inkan_ledger::parameters::PARAMS_LIMIT).ok().flatten();
    if differing.contains(&name) || kept.is_some_and(|kept| sha256(&[&kept]) == epoch.params) {
        return Ok(None);
    }
    let document = source.document(&epoch.params)?;
    if touch == Touch::Write {
        files::create_folder(&folder.join("params"), Access::Public)?;
        files::write_atomic(&path, &document, Access::Public)?;
    }
    Ok(Some(name))
}
