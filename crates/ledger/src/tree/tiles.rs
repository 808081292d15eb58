//! Tiles and entry bundles: the tree as static files, as in [C2SP tlog-tiles](https://c2sp.org/tlog-tiles).
//!
//! In scope: which tile holds a node, under which path, which tiles a growing tree writes, and the bytes of tiles and
//! entry bundles. Out of scope: the files themselves and when they are durable (`inkan-io`).

use std::fmt;

use inkan_core::Digest;

use super::nodes::{Nodes, SIZE_LIMIT};
use super::{LeafHash, NodeHash};
use crate::note::parse_decimal;
use crate::store::StoreError;

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;
/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;
/// Bytes of a full tile.
pub const TILE_BYTES: usize = 8_192;
/// Bytes of the largest entry bundle: 256 entries of 65,535 bytes, each with its length.
pub const BUNDLE_BYTES: usize = 256 * (2 + 65_535);
/// Tiles of a tree of fewer than 2^63 leaves have levels below this one.
const LEVELS: u8 = 8;

/// Why bytes or a path are no tile or entry bundle. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TileError {
    /// Not `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
    #[error("path names no tile")]
    Path,
    /// The level, index or width is beyond what a tree of fewer than 2^63 leaves has.
    #[error("no tree has this tile")]
    Range,
    /// Fewer bytes than the tile has hashes for.
    #[error("tile has the wrong length")]
    Length,
    /// An entry is cut off, or there are more or fewer of them than the width says.
    #[error("entry bundle is malformed")]
    Bundle,
    /// An entry has more than 65,535 bytes.
    #[error("entry is too large for a bundle")]
    EntryTooLarge,
}

impl TileError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path | Self::Range | Self::Length | Self::Bundle | Self::EntryTooLarge => {
                "tile-malformed"
            }
        }
    }
}

/// The place of a tile, or of an entry bundle, whose places are those of the tiles of level 0.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile `index` of `level`, with `width` hashes: 256 of a full one, 1 to 255 of a partial one.
    ///
    /// # Errors
    ///
    /// [`TileError::Range`].
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        let tile = Self { level, index, width };
        let sound = level < LEVELS && (1..=TILE_WIDTH).contains(&width);
        if sound && tile.end_leaf().is_some() { Ok(tile) } else { Err(TileError::Range) }
    }

    /// The tile that holds hash `position` of `level` in a tree of `size` leaves, as wide as that tree makes it.
    #[must_use]
    pub fn holding(level: u8, position: u64, size: u64) -> Option<Self> {
        let hashes = hashes(level, size)?;
        let index = position >> TILE_HEIGHT;
        let width = hashes.checked_sub(index << TILE_HEIGHT)?.min(u64::from(TILE_WIDTH));
        let tile = Self::new(level, index, u16::try_from(width).ok()?).ok()?;
        (position < hashes).then_some(tile)
    }

    /// Level of the tile: its hashes are roots over 256^level leaves.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Place among the tiles of its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Hashes in the tile.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile has fewer hashes than a full one.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The same tile, once it is full.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// Place of the tile's first hash among those of its level; of a bundle, index of its first entry.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.index << TILE_HEIGHT
    }

    /// `tile/<L>/<N>[.p/<W>]`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, Place(self))
    }

    /// `tile/entries/<N>[.p/<W>]`, for a tile of level 0.
    #[must_use]
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", Place(self))
    }

    /// The bytes of this tile of the tree in `nodes`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn bytes_from<N: Nodes + ?Sized>(&self, nodes: &N) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(usize::from(self.width).saturating_mul(32));
        let end = self.start().saturating_add(u64::from(self.width));
        for position in self.start()..end {
            let node = nodes.node(self.level.saturating_mul(TILE_HEIGHT), position)?;
            bytes.extend(node.digest().as_bytes());
        }
        Ok(bytes)
    }

    /// One past the last leaf under the tile, if a tree may have as many.
    fn end_leaf(&self) -> Option<u64> {
        let end = self.start().checked_add(u64::from(self.width))?;
        let shift = u32::from(self.level.checked_mul(TILE_HEIGHT)?);
        let leaves = end.checked_shl(shift)?;
        (self.index < 1 << 55 && leaves >> shift == end && leaves < SIZE_LIMIT).then_some(leaves)
    }
}

/// What a path of the static read API names.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes(Tile),
    /// Entries, as a bundle.
    Entries(Tile),
}

impl TilePath {
    /// Reads a path as [`Tile::path`] and [`Tile::entries_path`] write it, and in no other spelling.
    ///
    /// # Errors
    ///
    /// [`TileError::Path`], [`TileError::Range`].
    pub fn parse(path: &str) -> Result<Self, TileError> {
        let (level, place) = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(TileError::Path)?;
        let (place, width) = match place.split_once(".p/") {
            Some((place, width)) => {
                let width = parse_decimal(width).and_then(|width| u16::try_from(width).ok());
                (place, width.filter(|width| *width < TILE_WIDTH).ok_or(TileError::Path)?)
            }
            None => (place, TILE_WIDTH),
        };
        let index = parse_place(place).ok_or(TileError::Path)?;
        if level == "entries" {
            return Ok(Self::Entries(Tile::new(0, index, width)?));
        }
        let level = parse_decimal(level).and_then(|level| u8::try_from(level).ok());
        Ok(Self::Hashes(Tile::new(level.ok_or(TileError::Path)?, index, width)?))
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(tile) => f.write_str(&tile.path()),
            Self::Entries(tile) => f.write_str(&tile.entries_path()),
        }
    }
}

/// `<N>[.p/<W>]`: three digits per path element, all but the last marked with `x`.
struct Place<'a>(&'a Tile);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut elements = vec![self.0.index % 1_000];
        let mut rest = self.0.index / 1_000;
        while rest > 0 {
            elements.push(rest % 1_000);
            rest /= 1_000;
        }
        if let Some((last, firsts)) = elements.split_first() {
            firsts.iter().rev().try_for_each(|element| write!(f, "x{element:03}/"))?;
            write!(f, "{last:03}")?;
        }
        if self.0.is_partial() { write!(f, ".p/{}", self.0.width) } else { Ok(()) }
    }
}

fn parse_place(place: &str) -> Option<u64> {
    let (firsts, last) = match place.rsplit_once('/') {
        Some((firsts, last)) => (firsts.split('/').collect(), last),
        None => (Vec::new(), place),
    };
    let element = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let mut index = 0_u64;
    for (at, text) in firsts.iter().enumerate() {
        let element = element(text.strip_prefix('x')?)?;
        // A leading `x000` would be another spelling of the same index.
        if at == 0 && element == 0 {
            return None;
        }
        index = index.checked_mul(1_000)?.checked_add(element)?;
    }
    index.checked_mul(1_000)?.checked_add(element(last)?)
}

/// The tiles that a tree writes when it grows from `old` to `new` leaves, lowest level first: the full ones and, at the
/// right edge, the partial ones that a checkpoint of `new` leaves needs.
///
/// Nothing else changes: a partial tile of `old` that is not listed is one of `new` too.
pub fn tiles_of_growth(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).flat_map(move |level| tiles_of_level(level, old, new))
}

/// The places of the entry bundles that a log writes when it grows from `old` to `new` leaves.
pub fn bundles_of_growth(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    tiles_of_level(0, old, new)
}

fn tiles_of_level(level: u8, old: u64, new: u64) -> impl Iterator<Item = Tile> {
    let (old, count) = (hashes(level, old).unwrap_or(0), hashes(level, new).unwrap_or(0));
    let first = old >> TILE_HEIGHT;
    let end = if count > old { count.div_ceil(u64::from(TILE_WIDTH)) } else { first };
    (first..end).filter_map(move |index| Tile::holding(level, index << TILE_HEIGHT, new))
}

/// Hashes of a tile level in a tree of `size` leaves.
fn hashes(level: u8, size: u64) -> Option<u64> {
    let sound = level < LEVELS && size < SIZE_LIMIT;
    sound.then(|| size >> u32::from(level.saturating_mul(TILE_HEIGHT)))
}

/// Computes a node from the bytes of the tile that holds the hashes under it.
///
/// `height` (0 to 7) is the node's height over the tile's hashes, `first` the place of the first hash under it within
/// the tile. The tile may be wider than needed: a full tile answers for any partial one of the same place.
///
/// # Errors
///
/// [`TileError::Length`] if the tile does not hold them all.
pub fn node_from_tile(bytes: &[u8], height: u8, first: u8) -> Result<NodeHash, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if height >= TILE_HEIGHT || !rest.is_empty() {
        return Err(TileError::Length);
    }
    let first = usize::from(first);
    let hashes = hashes.get(first..first.saturating_add(1 << height)).ok_or(TileError::Length)?;
    let mut nodes: Vec<NodeHash> =
        hashes.iter().map(|hash| NodeHash::from_digest(Digest::from_bytes(*hash))).collect();
    while nodes.len() > 1 {
        let (pairs, _) = nodes.as_chunks::<2>();
        nodes = pairs.iter().map(|[left, right]| NodeHash::of_children(left, right)).collect();
    }
    nodes.first().copied().ok_or(TileError::Length)
}

/// The leaf hashes of a tile of level 0.
///
/// # Errors
///
/// [`TileError::Length`] if the bytes are not `width` hashes.
pub fn leaf_hashes(bytes: &[u8], width: u16) -> Result<Vec<LeafHash>, TileError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return Err(TileError::Length);
    }
    Ok(hashes.iter().map(|hash| LeafHash::from_digest(Digest::from_bytes(*hash))).collect())
}

/// A tree of `size` leaves whose tiles a function reads: from files, a cache, or another node's answers.
///
/// The function is asked for each tile as wide as this tree makes it, and may give the full one instead. Roots and proofs
/// from tiles are as good as the tiles: compare the root with one that is known.
#[derive(Clone, Copy, Debug)]
pub struct TileNodes<F> {
    size: u64,
    read: F,
}

impl<F, B> TileNodes<F>
where
    F: Fn(Tile) -> Result<B, StoreError>,
    B: AsRef<[u8]>,
{
    /// Names the size and how tiles are read.
    #[must_use]
    pub const fn new(size: u64, read: F) -> Self {
        Self { size, read }
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

impl<F, B> Nodes for TileNodes<F>
where
    F: Fn(Tile) -> Result<B, StoreError>,
    B: AsRef<[u8]>,
{
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, StoreError> {
        let missing = || StoreError::new(format!("no node {index} of level {level}"));
        let height = level % TILE_HEIGHT;
        let first = index.checked_mul(1 << height).ok_or_else(missing)?;
        let last = first.checked_add((1 << height) - 1).ok_or_else(missing)?;
        // The last hash must be in the tree; the first is then, and in the same tile.
        let tile = Tile::holding(level / TILE_HEIGHT, last, self.size).ok_or_else(missing)?;
        let bytes = (self.read)(tile)?;
        let first = u8::try_from(first % u64::from(TILE_WIDTH)).map_err(|_| missing())?;
        node_from_tile(bytes.as_ref(), height, first)
            .map_err(|error| StoreError::new(format!("{}: {error}", tile.path())))
    }
}

/// Writes entries as a bundle: each with its length before it, two bytes, big-endian.
///
/// # Errors
///
/// [`TileError::EntryTooLarge`].
pub fn encode_bundle<'a>(
    entries: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
) -> Result<Vec<u8>, TileError> {
    let entries = entries.into_iter();
    let size = entries.clone().map(|entry| entry.len().saturating_add(2)).sum();
    let mut bytes = Vec::with_capacity(size);
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLarge)?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// Reads a bundle of exactly `width` entries.
///
/// # Errors
///
/// [`TileError::Bundle`].
pub fn decode_bundle(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).ok_or(TileError::Bundle)?;
        entries.push(entry);
        if entries.len() > usize::from(width) {
            return Err(TileError::Bundle);
        }
        bytes = rest;
    }
    let whole = bytes.is_empty() && entries.len() == usize::from(width);
    if whole { Ok(entries) } else { Err(TileError::Bundle) }
}

#[cfg(test)]
mod tests;
