//! A damaged ledger folder gets its tiles back from a mirror, or from any other copy (§3.4 R3).

use std::path::Path;

use inkan_core::sha256;
use inkan_ledger::MerkleTree;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::leaf::{self, Kind};
use inkan_ledger::tree::tiles::{bundles_of_growth, encode_bundle, tiles_of_growth};
use inkan_ledger::tree::{LeafHash, TreeHead};

use super::error::MirrorError;
use super::source::MirrorSource;
use super::write;
use crate::files::{self, Access};

/// Writes all tiles, entry bundles and parameters documents of a log below `folder` anew, as of `head`; gives how many
/// leaves there are.
///
/// `head` must be one that the log signed, better the one in its guard: what `source` gives is compared with it, before
/// anything is written. The ledger must not be open.
///
/// # Errors
///
/// [`MirrorError::RootMismatch`] if the source has another log, or fewer leaves under another root; then nothing was
/// written. [`MirrorError`] otherwise; worth a retry.
pub fn restore(
    folder: &Path,
    head: &TreeHead,
    source: &mut MirrorSource,
) -> Result<u64, MirrorError> {
    let _lock = files::try_lock(folder)?;
    // Twice over the source: leaves of a large log do not fit into memory, their hashes do.
    let mut tree = MerkleTree::new();
    for tile in bundles_of_growth(0, head.tree_size) {
        for entry in source.bundle(&tile)? {
            tree.append(LeafHash::of(&entry));
        }
    }
    if tree.root(head.tree_size).ok() != Some(head.root_hash) {
        return Err(MirrorError::RootMismatch { size: head.tree_size });
    }
    for tile in bundles_of_growth(0, head.tree_size) {
        let entries = source.bundle(&tile)?;
        for (place, entry) in (tile.start()..).zip(&entries) {
            if tree.leaf_hash(place).ok() != Some(LeafHash::of(entry)) {
                return Err(MirrorError::RootMismatch { size: head.tree_size });
            }
            restore_document(folder, entry, source)?;
        }
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice))?;
        write(&folder.join(tile.entries_path()), &bytes)?;
    }
    for tile in tiles_of_growth(0, head.tree_size) {
        write(&folder.join(tile.path()), &tile.bytes_from(&tree)?)?;
    }
    Ok(head.tree_size)
}

/// The parameters document that an epoch leaf names, if it is not there or damaged.
fn restore_document(
    folder: &Path,
    entry: &[u8],
    source: &mut MirrorSource,
) -> Result<(), MirrorError> {
    let epoch = leaf::split(entry)
        .ok()
        .filter(|(kind, ..)| *kind == Kind::Epoch)
        .and_then(|(_, _, body)| Epoch::parse(body).ok());
    let Some(epoch) = epoch else { return Ok(()) };
    let path = folder.join("params").join(epoch.params.to_hex());
    let kept = files::read_optional(&path, inkan_ledger::parameters::PARAMS_LIMIT).ok().flatten();
    if kept.is_some_and(|kept| sha256(&[&kept]) == epoch.params) {
        return Ok(());
    }
    let document = source.document(&epoch.params)?;
    files::create_folder(&folder.join("params"), Access::Public)?;
    Ok(files::write_atomic(&path, &document, Access::Public)?)
}
