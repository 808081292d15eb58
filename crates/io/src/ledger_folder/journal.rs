//! The journal (§3 of the ledger specification): leaves accepted since the last checkpoint, durable in batches.
//!
//! In scope: writing a batch with one write and one `fdatasync`, reading it all back, telling a torn last batch (never
//! acknowledged, dropped) from damage (stop), removing what tiles hold. Out of scope: what leaves mean.
//!
//! A segment `<first index>.jnl` holds batches, each from a 4,096-byte boundary: magic, batch number, first leaf index
//! and length as big-endian integers, then `u32 length || leaf` …, then SHA-256 over all of that.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_core::sha256;

use super::error::LedgerFolderError;
use crate::files::{self, Access, FileError, FileLayer, LayerFile};

/// Begins a batch. Its first byte occurs in no UTF-8 text, so no leaf can look like a batch.
const MAGIC: [u8; 8] = *b"\xffinkanJ1";
/// Magic, batch number, first index, length.
const HEADER: usize = 8 + 8 + 8 + 4;
/// The digest at the end.
const TRAILER: usize = 32;
/// Batches begin at multiples of this.
const BOUNDARY: u64 = 4_096;
/// The largest payload of a batch that is read. A batch has at most 1,024 entries or 4 MiB of them, and their headers.
const BATCH_LIMIT: usize = 8 << 20;
/// The largest segment that is read.
const SEGMENT_LIMIT: usize = 1 << 30;
/// Ends the name of a segment.
const SUFFIX: &str = ".jnl";

/// All that the journal holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Place of the first leaf.
    pub(crate) first: u64,
    /// The leaves from there on.
    pub(crate) leaves: Vec<Vec<u8>>,
    /// The number of the next batch; any, before the first.
    next_batch: Option<u64>,
    /// First places of the segments, rising.
    segments: Vec<u64>,
    /// Where the last whole batch of the last segment ends.
    end: u64,
}

/// Reads all segments. Changes nothing, so it may run beside a writer.
pub(crate) fn read(folder: &Path) -> Result<Contents, LedgerFolderError> {
    let mut segments = Vec::new();
    for name in files::list(folder, SUFFIX)? {
        let path = folder.join(format!("{name}{SUFFIX}"));
        let first: u64 =
            name.parse().map_err(|_| LedgerFolderError::Malformed { path: path.clone() })?;
        segments.push((first, path));
    }
    segments.sort();
    let mut contents =
        Contents { first: segments.first().map_or(0, |(first, _)| *first), ..Contents::default() };
    let mut torn = false;
    for (first, path) in segments {
        let bytes = files::read(&path, SEGMENT_LIMIT)?;
        // After a tear, or a gap, nothing may follow.
        if (torn && !bytes.is_empty()) || first != contents.next() {
            return Err(LedgerFolderError::JournalDamaged { path, offset: 0 });
        }
        contents.segments.push(first);
        torn = contents.read_segment(&path, &bytes)?;
    }
    Ok(contents)
}

impl Contents {
    /// Place of the next leaf.
    pub(crate) fn next(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.leaves.len()).unwrap_or(u64::MAX))
    }

    /// Reads one segment; says whether it ends in a torn batch.
    fn read_segment(&mut self, path: &Path, bytes: &[u8]) -> Result<bool, LedgerFolderError> {
        let mut offset = 0_u64;
        loop {
            let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..));
            let rest = rest.unwrap_or_default();
            self.end = offset;
            if rest.is_empty() {
                return Ok(false);
            }
            let Some((number, leaves, length)) = parse_batch(rest, self.next_batch, self.next())
            else {
                return if begins_batch_later(rest) {
                    Err(LedgerFolderError::JournalDamaged { path: path.to_path_buf(), offset })
                } else {
                    Ok(true)
                };
            };
            self.leaves.extend(leaves);
            self.next_batch = Some(number.saturating_add(1));
            offset = offset.saturating_add(length).next_multiple_of(BOUNDARY);
        }
    }
}

/// The journal as its one writer holds it.
#[derive(Debug)]
pub(crate) struct Journal {
    layer: Arc<dyn FileLayer>,
    folder: PathBuf,
    /// First places of the segments, rising; the last is the one at hand.
    segments: Vec<u64>,
    file: Box<dyn LayerFile>,
    /// Where the next batch begins.
    end: u64,
    next_batch: u64,
    /// A write was not confirmed; nothing may be written before the journal is read again.
    unconfirmed: bool,
}

impl Journal {
    /// Opens the journal behind what was read; a torn last batch is cut off first. Without segments it begins at `size`.
    pub(crate) fn open(
        layer: Arc<dyn FileLayer>,
        folder: &Path,
        contents: &Contents,
        size: u64,
    ) -> Result<Self, LedgerFolderError> {
        let mut segments = contents.segments.clone();
        if segments.is_empty() {
            segments.push(size);
        }
        let last = segments.last().copied().unwrap_or(size);
        let path = segment_path(folder, last);
        let at = |error| FileError::from_io(&path, error);
        let mut file = layer.open(&path, Access::Public).map_err(at)?;
        // What a crash tore is gone before anything is written in its place, or the next crash could show it as damage.
        file.set_len(contents.end).map_err(at)?;
        file.sync().map_err(|error| FileError::not_synced(&path, error))?;
        layer.sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?;
        let (folder, next_batch) = (folder.to_path_buf(), contents.next_batch.unwrap_or(0));
        let end = contents.end;
        Ok(Self { layer, folder, segments, file, end, next_batch, unconfirmed: false })
    }

    /// Makes leaves durable: when this returns, they are on the disk, at the places from `first` on, all or none.
    pub(crate) fn append(
        &mut self,
        first: u64,
        leaves: &[Arc<[u8]>],
    ) -> Result<(), LedgerFolderError> {
        if self.unconfirmed {
            return Err(LedgerFolderError::Unconfirmed);
        }
        let batch = write_batch(self.next_batch, first, leaves);
        let length = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let path = self.path();
        if let Err(error) = self.file.write_at(self.end, &batch) {
            // Nothing was acknowledged: cut off what a full disk may have taken of it.
            let cut = self.file.set_len(self.end).and_then(|()| self.file.sync());
            self.unconfirmed = cut.is_err();
            return Err(FileError::from_io(&path, error).into());
        }
        if let Err(error) = self.file.sync() {
            // What a failed fsync left behind is unknown, and a second one may lie about it.
            self.unconfirmed = true;
            return Err(FileError::not_synced(&path, error).into());
        }
        self.end = self.end.saturating_add(length).next_multiple_of(BOUNDARY);
        self.next_batch = self.next_batch.saturating_add(1);
        Ok(())
    }

    /// C1: what follows goes into a new segment, which begins at `size`.
    pub(crate) fn roll(&mut self, size: u64) -> Result<(), LedgerFolderError> {
        if self.unconfirmed {
            return Err(LedgerFolderError::Unconfirmed);
        }
        if self.segments.last() == Some(&size) {
            return Ok(());
        }
        let path = segment_path(&self.folder, size);
        let file = self.layer.open(&path, Access::Public);
        self.file = file.map_err(|error| FileError::from_io(&path, error))?;
        let synced = self.layer.sync_folder(&self.folder);
        if let Err(error) = synced {
            self.unconfirmed = true;
            return Err(FileError::not_synced(&self.folder, error).into());
        }
        self.segments.push(size);
        self.end = 0;
        Ok(())
    }

    /// C10: removes the segments wholly below `size`.
    pub(crate) fn remove_below(&mut self, size: u64) -> Result<(), LedgerFolderError> {
        while let [first, next, ..] = *self.segments {
            if next > size {
                break;
            }
            let path = segment_path(&self.folder, first);
            self.layer.remove(&path).map_err(|error| FileError::from_io(&path, error))?;
            self.segments.remove(0);
        }
        // Not synced: a segment that a crash brings back holds what the tiles hold.
        Ok(())
    }

    fn path(&self) -> PathBuf {
        segment_path(&self.folder, self.segments.last().copied().unwrap_or(0))
    }
}

fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first}{SUFFIX}"))
}

fn write_batch(number: u64, first: u64, leaves: &[Arc<[u8]>]) -> Vec<u8> {
    let length = leaves.iter().fold(0_usize, |sum, leaf| sum.saturating_add(leaf.len() + 4));
    let mut out = Vec::with_capacity(length.saturating_add(HEADER + TRAILER));
    out.extend(MAGIC);
    out.extend(number.to_be_bytes());
    out.extend(first.to_be_bytes());
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    for leaf in leaves {
        out.extend(u32::try_from(leaf.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(leaf);
    }
    let digest = sha256(&[&out]);
    out.extend_from_slice(digest.as_bytes());
    out
}

/// Reads the batch at the beginning of `bytes`: its number, its leaves, and the bytes it takes.
fn parse_batch(bytes: &[u8], number: Option<u64>, first: u64) -> Option<(u64, Vec<Vec<u8>>, u64)> {
    let header = bytes.get(..HEADER)?;
    let rest = header.strip_prefix(&MAGIC)?;
    let (given_number, rest) = rest.split_first_chunk::<8>()?;
    let (given_first, length) = rest.split_first_chunk::<8>()?;
    let given_number = u64::from_be_bytes(*given_number);
    if number.is_some_and(|number| number != given_number)
        || u64::from_be_bytes(*given_first) != first
    {
        return None;
    }
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let signed = HEADER.checked_add(length).filter(|_| length <= BATCH_LIMIT)?;
    let whole = signed.checked_add(TRAILER)?;
    let digest = bytes.get(signed..whole)?;
    if sha256(&[bytes.get(..signed)?]).as_bytes() != digest {
        return None;
    }
    let mut payload = bytes.get(HEADER..signed)?;
    let mut leaves = Vec::new();
    while !payload.is_empty() {
        let (length, after) = payload.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (leaf, after) = after.split_at_checked(length)?;
        leaves.push(leaf.to_vec());
        payload = after;
    }
    Some((given_number, leaves, u64::try_from(whole).ok()?))
}

/// Whether a batch begins at a boundary after the first one: then the first was whole once, for no batch is written
/// before the one before it is durable.
fn begins_batch_later(bytes: &[u8]) -> bool {
    let boundary = usize::try_from(BOUNDARY).unwrap_or(usize::MAX);
    bytes.chunks(boundary).skip(1).any(|chunk| chunk.starts_with(&MAGIC))
}

#[cfg(test)]
mod tests;
