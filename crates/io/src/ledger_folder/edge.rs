//! The right edge of the tree as tiles (§3, C2 of the ledger specification): what the next checkpoint writes.
//!
//! In scope: growing partial tiles and entry bundles in memory, reading them back. Out of scope: which paths and bytes they
//! have (`inkan_ledger::tree`), when they are durable (`seal`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{
    BUNDLE_BYTES, TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, TileNodes, decode_bundle,
    encode_bundle, node_from_tile,
};
use inkan_ledger::tree::{Frontier, LeafHash, NodeHash};

use super::error::LedgerFolderError;
use crate::files;
use crate::files::layer::Put;

/// The partial tiles of a tree, and the files that are not written yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    /// Bytes of the partial tile of each level.
    levels: Vec<Vec<u8>>,
    /// The partial bundle.
    entries: Vec<Arc<[u8]>>,
    /// Full tiles and bundles that no checkpoint has written.
    full: Vec<Put>,
    /// The size of the last checkpoint that was written.
    written: u64,
}

/// The files of one checkpoint.
#[derive(Debug)]
pub(crate) struct Growth {
    /// Full tiles and bundles: never overwritten.
    pub(crate) full: Vec<Put>,
    /// Partial ones at the right edge.
    pub(crate) partial: Vec<Put>,
}

impl Edge {
    /// Reads the edge that a tree of `size` leaves has on disk, whose root is the one that was signed.
    pub(crate) fn load(root: &Path, size: u64) -> Result<Self, LedgerFolderError> {
        let mut edge = Self { size, written: size, ..Self::default() };
        for level in 0..8_u8 {
            let hashes = size >> (level * TILE_HEIGHT);
            if hashes == 0 {
                break;
            }
            let width = hashes % u64::from(TILE_WIDTH);
            let bytes = match width {
                0 => Vec::new(),
                _ => read_tile(root, &place(level, hashes, size)?)?,
            };
            edge.levels.push(bytes);
        }
        if !size.is_multiple_of(u64::from(TILE_WIDTH)) {
            edge.entries = read_bundle(root, &place(0, size, size)?)?;
        }
        let hashes = edge.levels.first().map_or(&[][..], Vec::as_slice);
        if !are_hashes_of(&edge.entries, hashes) {
            // The hashes are those of the root that was signed: who opens the log has compared them before.
            let path = root.join(place(0, size, size)?.entries_path());
            return Err(LedgerFolderError::TileDamaged { path });
        }
        Ok(edge)
    }

    /// Adds the next leaf.
    pub(crate) fn append(
        &mut self,
        root: &Path,
        leaf: &Arc<[u8]>,
        hash: LeafHash,
    ) -> Result<(), LedgerFolderError> {
        let width = usize::from(TILE_WIDTH);
        self.entries.push(Arc::clone(leaf));
        if self.entries.len() == width {
            let tile = tile(0, self.size >> TILE_HEIGHT, TILE_WIDTH)?;
            let bytes = bundle(&self.entries)?;
            self.full.push(Put { path: root.join(tile.entries_path()), bytes });
            self.entries.clear();
        }
        let mut node = *hash.digest().as_bytes();
        let mut position = self.size;
        for level in 0..8_u8 {
            let at = usize::from(level);
            if self.levels.len() <= at {
                self.levels.push(Vec::with_capacity(TILE_BYTES));
            }
            let Some(bytes) = self.levels.get_mut(at) else { break };
            bytes.extend_from_slice(&node);
            if bytes.len() < TILE_BYTES {
                break;
            }
            let full = std::mem::replace(bytes, Vec::with_capacity(TILE_BYTES));
            let above = tile_root(&full)?;
            let tile = tile(level, position >> TILE_HEIGHT, TILE_WIDTH)?;
            self.full.push(Put { path: root.join(tile.path()), bytes: full });
            node = *above.digest().as_bytes();
            position >>= TILE_HEIGHT;
        }
        self.size = self.size.saturating_add(1);
        Ok(())
    }

    /// The files that a checkpoint of all leaves writes. They are handed out once.
    pub(crate) fn take(&mut self, root: &Path) -> Result<Growth, LedgerFolderError> {
        let mut partial = Vec::new();
        for (level, bytes) in (0..8_u8).zip(&self.levels) {
            let shift = u32::from(level * TILE_HEIGHT);
            let hashes = self.size >> shift;
            if !bytes.is_empty() && hashes != self.written >> shift {
                let tile = place(level, hashes, self.size)?;
                partial.push(Put { path: root.join(tile.path()), bytes: bytes.clone() });
            }
        }
        if !self.entries.is_empty() && self.size != self.written {
            let tile = place(0, self.size, self.size)?;
            let bytes = bundle(&self.entries)?;
            partial.push(Put { path: root.join(tile.entries_path()), bytes });
        }
        self.written = self.size;
        Ok(Growth { full: std::mem::take(&mut self.full), partial })
    }

    /// Bytes that wait for a checkpoint.
    pub(crate) fn pending(&self) -> usize {
        self.full.iter().fold(0, |sum, put| sum.saturating_add(put.bytes.len()))
    }
}

/// The root over `size` leaves, from the tiles on disk: C4, R3.
pub(crate) fn root_on_disk(root: &Path, size: u64) -> Result<NodeHash, LedgerFolderError> {
    let nodes = TileNodes::new(size, |tile: Tile| {
        read_tile(root, &tile).map_err(|error| StoreError::new(error.to_string()))
    });
    let frontier = Frontier::from_nodes(&nodes, size);
    frontier
        .map(|frontier| frontier.root())
        .map_err(|_| LedgerFolderError::TileDamaged { path: root.join("tile") })
}

/// Reads the hashes of a tile, from a wider one if that is what there is: a copy from a mirror has no older edges.
pub(crate) fn read_tile(root: &Path, tile: &Tile) -> Result<Vec<u8>, LedgerFolderError> {
    let length = usize::from(tile.width()).saturating_mul(32);
    let (path, found) = read_wide(root, tile, Tile::path, TILE_BYTES)?;
    let damaged = || LedgerFolderError::TileDamaged { path: path.clone() };
    let (mut bytes, _) = found.ok_or_else(damaged)?;
    if bytes.len() < length {
        return Err(damaged());
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Reads the entries of a bundle, from a wider one if that is what there is.
pub(crate) fn read_bundle(root: &Path, tile: &Tile) -> Result<Vec<Arc<[u8]>>, LedgerFolderError> {
    let (path, found) = read_wide(root, tile, Tile::entries_path, BUNDLE_BYTES)?;
    let damaged = || LedgerFolderError::TileDamaged { path: path.clone() };
    let (bytes, width) = found.ok_or_else(damaged)?;
    let entries = decode_bundle(&bytes, width).map_err(|_| damaged())?;
    Ok(entries.into_iter().take(usize::from(tile.width())).map(Arc::from).collect())
}

/// A file of tiles with its width.
type Wide = Option<(Vec<u8>, u16)>;

/// Reads the file of a tile; else the full one; else the narrowest partial one that is wider. Each begins with the same bytes.
///
/// Gives the path that was read, or that was sought in vain.
fn read_wide(
    root: &Path,
    tile: &Tile,
    path_of: impl Fn(&Tile) -> String,
    limit: usize,
) -> Result<(PathBuf, Wide), LedgerFolderError> {
    let path = root.join(path_of(tile));
    if let Some(bytes) = files::read_optional(&path, limit)? {
        return Ok((path, Some((bytes, tile.width()))));
    }
    if !tile.is_partial() {
        return Ok((path, None));
    }
    let full = root.join(path_of(&tile.full()));
    if let Some(bytes) = files::read_optional(&full, limit)? {
        return Ok((full, Some((bytes, TILE_WIDTH))));
    }
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let names = files::list(&folder, "")?;
    let widths = names.iter().filter_map(|name| name.parse::<u16>().ok());
    let Some(width) = widths.filter(|width| *width > tile.width() && *width < TILE_WIDTH).min()
    else {
        return Ok((path, None));
    };
    let wider = folder.join(width.to_string());
    let found = files::read_optional(&wider, limit)?.map(|bytes| (bytes, width));
    Ok((wider, found))
}

/// Which file at the right edge is not what was signed, when the root is another: the lowest that does not agree with what
/// lies below it.
pub(crate) fn blame(root: &Path, size: u64) -> PathBuf {
    let all = root.join("tile");
    for level in 0..8_u8 {
        let hashes = size >> (level * TILE_HEIGHT);
        if hashes == 0 {
            break;
        }
        let Ok(tile) = place(level, hashes, size) else { break };
        let path = root.join(tile.path());
        let Ok(bytes) = read_tile(root, &tile) else { return path };
        let sound = if level == 0 {
            bundle_agrees(root, &tile, &bytes)
        } else {
            let mut below = (tile.start()..).zip(bytes.chunks(32));
            below.try_fold(true, |sound, (index, hash)| {
                Ok::<bool, LedgerFolderError>(
                    sound && node_agrees(root, level.saturating_sub(1), index, hash)?,
                )
            })
        };
        match sound {
            Ok(true) => {}
            Ok(false) => return path,
            Err(LedgerFolderError::TileDamaged { path }) => return path,
            Err(_) => return all,
        }
    }
    all
}

/// Whether a hash above a full tile is the root over it; an error names that tile if it is itself not what lies below.
fn node_agrees(root: &Path, level: u8, index: u64, hash: &[u8]) -> Result<bool, LedgerFolderError> {
    let full = tile(level, index, TILE_WIDTH)?;
    let bytes = read_tile(root, &full)?;
    if tile_root(&bytes)?.digest().as_bytes().as_slice() == hash {
        return Ok(true);
    }
    if level == 0 && !bundle_agrees(root, &full, &bytes)? {
        return Err(LedgerFolderError::TileDamaged { path: root.join(full.path()) });
    }
    Ok(false)
}

/// Whether the hashes of a tile of the lowest level are those of its entries.
fn bundle_agrees(root: &Path, tile: &Tile, hashes: &[u8]) -> Result<bool, LedgerFolderError> {
    Ok(are_hashes_of(&read_bundle(root, tile)?, hashes))
}

fn are_hashes_of(entries: &[Arc<[u8]>], hashes: &[u8]) -> bool {
    let same = |(entry, hash): (&Arc<[u8]>, &[u8])| {
        LeafHash::of(entry).digest().as_bytes().as_slice() == hash
    };
    entries.iter().zip(hashes.chunks(32)).all(same)
}

/// Reads one entry of a tree of `size` leaves.
pub(crate) fn read_entry(
    root: &Path,
    index: u64,
    size: u64,
) -> Result<Arc<[u8]>, LedgerFolderError> {
    let tile = Tile::holding(0, index, size).ok_or(LedgerFolderError::NoSuchPlace)?;
    let at = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
    let (path, found) = read_wide(root, &tile, Tile::entries_path, BUNDLE_BYTES)?;
    let entry = found.as_ref().and_then(|(bytes, width)| {
        // The others are not copied: a bundle may have a quarter of a megabyte.
        decode_bundle(bytes, *width).ok()?.get(at).map(|entry| Arc::from(*entry))
    });
    entry.ok_or(LedgerFolderError::TileDamaged { path })
}

/// Says that the bundle of a leaf is read next: a disk is at it while something else is read. It is a hint, and nothing
/// rests on it.
pub(crate) fn announce_entry(root: &Path, index: u64, size: u64) {
    #[cfg(target_os = "linux")]
    if let Some(tile) = Tile::holding(0, index, size)
        && let Ok(file) = std::fs::File::open(root.join(tile.entries_path()))
    {
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::WillNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (root, index, size);
}

/// All leaves of the bundle that holds one.
pub(crate) fn read_entries(
    root: &Path,
    index: u64,
    size: u64,
) -> Result<Vec<Arc<[u8]>>, LedgerFolderError> {
    let tile = Tile::holding(0, index, size).ok_or(LedgerFolderError::NoSuchPlace)?;
    read_bundle(root, &tile)
}

/// The partial tile at the end of a level that has `hashes` hashes, not a multiple of 256.
fn place(level: u8, hashes: u64, size: u64) -> Result<Tile, LedgerFolderError> {
    Tile::holding(level, hashes.saturating_sub(1), size).ok_or(LedgerFolderError::NoSuchPlace)
}

fn tile(level: u8, index: u64, width: u16) -> Result<Tile, LedgerFolderError> {
    Tile::new(level, index, width).map_err(|_| LedgerFolderError::NoSuchPlace)
}

fn bundle(entries: &[Arc<[u8]>]) -> Result<Vec<u8>, LedgerFolderError> {
    encode_bundle(entries.iter().map(AsRef::as_ref)).map_err(|_| LedgerFolderError::NoSuchPlace)
}

/// The root over a full tile.
fn tile_root(bytes: &[u8]) -> Result<NodeHash, LedgerFolderError> {
    let half = |first| {
        node_from_tile(bytes, TILE_HEIGHT - 1, first).map_err(|_| LedgerFolderError::NoSuchPlace)
    };
    Ok(NodeHash::of_children(&half(0)?, &half(128)?))
}

#[cfg(test)]
mod tests;
