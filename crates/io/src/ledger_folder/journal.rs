//! The journal (§3 of the ledger specification): accepted leaves, durable in batches.
//!
//! In scope: writing a batch with one write and one `fdatasync`, reading it all back, telling a torn last batch (never
//! acknowledged, dropped) from damage (stop). Out of scope: what leaves mean.
//!
//! A segment `<first index>.jnl` holds batches, each from a 4,096-byte boundary: magic, batch number, first leaf index
//! and length as big-endian integers, then `u32 length || leaf` …, then SHA-256 over all of that.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use inkan_core::sha256;
use inkan_ledger::leaf::LEAF_LIMIT;

use super::error::LedgerFolderError;
use super::layout;
use crate::files::{self, FileError};

/// Begins a batch. Its first byte occurs in no UTF-8 text, so no leaf can look like a batch.
const MAGIC: [u8; 8] = *b"\xffinkanJ1";
/// Magic, batch number, first index, length.
const HEADER: usize = 8 + 8 + 8 + 4;
/// The digest at the end.
const TRAILER: usize = 32;
/// Batches begin at multiples of this.
const BOUNDARY: u64 = 4_096;
/// The largest payload of a batch: 1,024 entries or 4 MiB are written at once, and one leaf more.
const BATCH_LIMIT: usize = (4 << 20) + LEAF_LIMIT + 4;
/// A segment with at least this many bytes is ended at the next checkpoint.
const SEGMENT_BYTES: u64 = 8 << 20;
/// The largest segment that is read.
const SEGMENT_LIMIT: usize = 1 << 30;
/// Ends the name of a segment.
const SUFFIX: &str = ".jnl";

/// All that the journal holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The leaves, from index 0.
    pub(super) leaves: Vec<Vec<u8>>,
    batches: u64,
    /// The last segment, and where its last whole batch ends.
    end: Option<(PathBuf, u64)>,
}

/// Reads all segments. Changes nothing, so it may run beside a writer.
pub(super) fn read(folder: &Path) -> Result<Contents, LedgerFolderError> {
    let mut segments = Vec::new();
    for name in files::list(folder, SUFFIX)? {
        let path = folder.join(format!("{name}{SUFFIX}"));
        let first: u64 =
            name.parse().map_err(|_| LedgerFolderError::Malformed { path: path.clone() })?;
        segments.push((first, path));
    }
    segments.sort();
    let mut contents = Contents::default();
    let mut torn = false;
    for (first, path) in segments {
        let bytes = files::read(&path, SEGMENT_LIMIT)?;
        // After a tear, or a gap, nothing may follow.
        let here = u64::try_from(contents.leaves.len()).unwrap_or(u64::MAX);
        if (torn && !bytes.is_empty()) || first != here {
            return Err(LedgerFolderError::JournalDamaged { path, offset: 0 });
        }
        torn = contents.read_segment(&path, &bytes)?;
    }
    Ok(contents)
}

impl Contents {
    /// Reads one segment; says whether it ends in a torn batch.
    fn read_segment(&mut self, path: &Path, bytes: &[u8]) -> Result<bool, LedgerFolderError> {
        let mut offset = 0_u64;
        loop {
            let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..));
            let rest = rest.unwrap_or_default();
            self.end = Some((path.to_path_buf(), offset));
            if rest.is_empty() {
                return Ok(false);
            }
            let first = u64::try_from(self.leaves.len()).unwrap_or(u64::MAX);
            let Some((leaves, length)) = parse_batch(rest, self.batches, first) else {
                return if begins_batch_later(rest, self.batches) {
                    Err(LedgerFolderError::JournalDamaged { path: path.to_path_buf(), offset })
                } else {
                    Ok(true)
                };
            };
            self.leaves.extend(leaves);
            self.batches = self.batches.saturating_add(1);
            offset = offset.saturating_add(length).next_multiple_of(BOUNDARY);
        }
    }
}

/// The journal as its one writer holds it.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    /// Where the next batch begins.
    end: u64,
    next_batch: u64,
    /// A write was not confirmed; nothing may be written before the journal is read again.
    unconfirmed: bool,
}

impl Journal {
    /// Opens the journal behind what was read; a torn last batch is cut off first.
    pub(super) fn open(folder: &Path, contents: &Contents) -> Result<Self, LedgerFolderError> {
        let (path, end) = contents.end.clone().unwrap_or_else(|| (segment_path(folder, 0), 0));
        let file = open_segment(&path)?;
        let at = |error| FileError::from_io(&path, error);
        if file.metadata().map_err(at)?.len() > end {
            file.set_len(end).map_err(at)?;
            file.sync_all().map_err(at)?;
        }
        layout::sync_folder(folder)?;
        let next_batch = contents.batches;
        let folder = folder.to_path_buf();
        Ok(Self { folder, path, file, end, next_batch, unconfirmed: false })
    }

    /// Makes leaves durable: when this returns, they are on the disk, at the places from `first` on.
    pub(super) fn append(&mut self, first: u64, leaves: &[&[u8]]) -> Result<(), LedgerFolderError> {
        if self.unconfirmed {
            return Err(LedgerFolderError::Unconfirmed);
        }
        let batch = write_batch(self.next_batch, first, leaves);
        let length = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let written =
            self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(&batch));
        if let Err(error) = written {
            // Nothing was acknowledged: cut off what a full disk may have taken of it.
            let cut = self.file.set_len(self.end).and_then(|()| self.file.sync_all());
            self.unconfirmed = cut.is_err();
            return Err(FileError::from_io(&self.path, error).into());
        }
        if let Err(error) = self.file.sync_data() {
            // What a failed fsync left behind is unknown, and a second one may lie about it.
            self.unconfirmed = true;
            return Err(FileError::from_io(&self.path, error).into());
        }
        self.end = self.end.saturating_add(length).next_multiple_of(BOUNDARY);
        self.next_batch = self.next_batch.saturating_add(1);
        Ok(())
    }

    /// At a checkpoint of this size: begins a new segment if the one at hand is large.
    pub(super) fn roll(&mut self, size: u64) -> Result<(), LedgerFolderError> {
        if self.end < SEGMENT_BYTES || self.unconfirmed {
            return Ok(());
        }
        let path = segment_path(&self.folder, size);
        let file = open_segment(&path)?;
        layout::sync_folder(&self.folder)?;
        (self.file, self.path, self.end) = (file, path, 0);
        Ok(())
    }
}

fn segment_path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first}{SUFFIX}"))
}

fn open_segment(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    options.open(path).map_err(|error| FileError::from_io(path, error))
}

fn write_batch(number: u64, first: u64, leaves: &[&[u8]]) -> Vec<u8> {
    let mut payload = Vec::new();
    for leaf in leaves {
        payload.extend(u32::try_from(leaf.len()).unwrap_or(u32::MAX).to_be_bytes());
        payload.extend_from_slice(leaf);
    }
    let mut out = MAGIC.to_vec();
    out.extend(number.to_be_bytes());
    out.extend(first.to_be_bytes());
    out.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.append(&mut payload);
    let digest = sha256(&[&out]);
    out.extend_from_slice(digest.as_bytes());
    out
}

/// Reads the batch at the beginning of `bytes`: its leaves, and the bytes it takes.
fn parse_batch(bytes: &[u8], number: u64, first: u64) -> Option<(Vec<Vec<u8>>, u64)> {
    let header = bytes.get(..HEADER)?;
    let rest = header.strip_prefix(&MAGIC)?;
    let (given_number, rest) = rest.split_first_chunk::<8>()?;
    let (given_first, length) = rest.split_first_chunk::<8>()?;
    if u64::from_be_bytes(*given_number) != number || u64::from_be_bytes(*given_first) != first {
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
    Some((leaves, u64::try_from(whole).ok()?))
}

/// Whether a later batch begins at a boundary after the first one: then the first was whole once.
fn begins_batch_later(bytes: &[u8], number: u64) -> bool {
    let boundary = usize::try_from(BOUNDARY).unwrap_or(usize::MAX);
    bytes.chunks(boundary).skip(1).any(|chunk| {
        let given = chunk.strip_prefix(&MAGIC).and_then(|rest| rest.first_chunk::<8>());
        given.is_some_and(|given| u64::from_be_bytes(*given) > number)
    })
}

#[cfg(test)]
mod tests;
