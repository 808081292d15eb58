//! The index of entry ids beyond the newest ones: sorted runs in files of their own, merged as they grow.
//!
//! In scope: writing a run once, finding an id in it with one read at most, merging runs. Out of scope: which runs count,
//! which is a matter of `state.db`'s transactions, and the newest ids, which are rows there.
//!
//! Why not one table: ids are hashes, so each insert would dirty a page of its own, and the more ids, the slower. A run
//! `ids/<number>.run` is: count (u64), then per id 32 bytes and its place (u64), sorted; then a Bloom filter of 10 bits an id;
//! then every 128th id's first 8 bytes; all big-endian; then SHA-256 of filter and fences.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use inkan_core::sha256;
use inkan_ledger::EntryId;

use super::error::LedgerFolderError;
use crate::files::{Access, FileError, FileLayer};

/// Bytes of an id and its place.
const ROW: usize = 40;
/// Rows between two fences; they are read at once.
const FENCE: usize = 128;
/// Hash functions of the filter; with 10 bits an id, one in a hundred strangers passes.
const PROBES: u32 = 7;
/// Runs of one size that are merged into one.
pub(crate) const FAN: usize = 8;

/// One id and its place.
pub(crate) type Row = ([u8; 32], u64);

/// A sorted run that is open for reading.
#[derive(Debug)]
pub(crate) struct Run {
    number: u64,
    path: PathBuf,
    file: File,
    count: u64,
    filter: Vec<u8>,
    fences: Vec<u64>,
}

impl Run {
    /// Where a run lies.
    pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
        folder.join(format!("{number}.run"))
    }

    /// Writes a run of rows that come sorted, and opens it. It is durable when this returns.
    pub(crate) fn write(
        layer: &dyn FileLayer,
        folder: &Path,
        number: u64,
        count: u64,
        rows: impl Iterator<Item = io::Result<Row>>,
    ) -> Result<Self, LedgerFolderError> {
        let path = Self::path(folder, number);
        let at = |error| FileError::from_io(&path, error);
        let mut file = layer.open(&path, Access::Private).map_err(at)?;
        file.set_len(0).map_err(at)?;
        let mut filter = vec![0; filter_length(count)];
        let mut fences = Vec::new();
        let mut buffer = count.to_be_bytes().to_vec();
        let mut offset = 0_u64;
        for (position, row) in rows.enumerate() {
            let (id, place) = row.map_err(at)?;
            if position % FENCE == 0 {
                fences.push(prefix(&id));
            }
            mark(&mut filter, &id);
            buffer.extend(id);
            buffer.extend(place.to_be_bytes());
            if buffer.len() >= 1 << 20 {
                file.write_at(offset, &buffer).map_err(at)?;
                offset = offset.saturating_add(u64::try_from(buffer.len()).unwrap_or(u64::MAX));
                buffer.clear();
            }
        }
        let fence_bytes: Vec<u8> = fences.iter().flat_map(|fence| fence.to_be_bytes()).collect();
        let digest = sha256(&[&filter, &fence_bytes]);
        // One after the other: of ten million ids the filter alone is 12 MB, and a copy of it would stay with the process.
        for part in [buffer.as_slice(), &filter, &fence_bytes, digest.as_bytes()] {
            file.write_at(offset, part).map_err(at)?;
            offset = offset.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        }
        drop((buffer, fence_bytes));
        file.sync().map_err(|error| FileError::not_synced(&path, error))?;
        layer.sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?;
        let file = File::open(&path).map_err(at)?;
        Ok(Self { number, path, file, count, filter, fences })
    }

    /// Opens a run. Its filter is only worth reading for whoever asks often.
    pub(crate) fn open(
        folder: &Path,
        number: u64,
        with_filter: bool,
    ) -> Result<Self, LedgerFolderError> {
        let path = Self::path(folder, number);
        let mut file = File::open(&path).map_err(|error| FileError::from_io(&path, error))?;
        let read = Self::read_index(&mut file, with_filter);
        let (count, filter, fences) =
            read.map_err(|_| LedgerFolderError::Malformed { path: path.clone() })?;
        Ok(Self { number, path, file, count, filter, fences })
    }

    fn read_index(file: &mut File, with_filter: bool) -> io::Result<(u64, Vec<u8>, Vec<u64>)> {
        let wrong = || io::Error::from(io::ErrorKind::InvalidData);
        let mut count = [0; 8];
        file.read_exact(&mut count)?;
        let count = u64::from_be_bytes(count);
        let rows = usize::try_from(count).map_err(|_| wrong())?;
        let start = rows.checked_mul(ROW).and_then(|at| at.checked_add(8)).ok_or_else(wrong)?;
        let (filter, fences) = (filter_length(count), rows.div_ceil(FENCE).saturating_mul(8));
        let length = start.saturating_add(filter).saturating_add(fences).saturating_add(32);
        if usize::try_from(file.metadata()?.len()) != Ok(length) {
            return Err(wrong());
        }
        let skipped = if with_filter { 0 } else { filter };
        let from = start.saturating_add(skipped);
        file.seek(SeekFrom::Start(u64::try_from(from).map_err(|_| wrong())?))?;
        let (mut filter, mut fences) = (vec![0; filter.saturating_sub(skipped)], vec![0; fences]);
        let mut digest = [0; 32];
        for part in [filter.as_mut_slice(), &mut fences, &mut digest] {
            file.read_exact(part)?;
        }
        if with_filter && *sha256(&[&filter, &fences]).as_bytes() != digest {
            return Err(wrong());
        }
        let (fences, _) = fences.as_chunks::<8>();
        Ok((count, filter, fences.iter().map(|fence| u64::from_be_bytes(*fence)).collect()))
    }

    /// Its number.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Ids in it.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Place of an id, if it is in this run.
    pub(crate) fn find(&self, id: &EntryId) -> Result<Option<u64>, LedgerFolderError> {
        let id = id.digest().as_bytes();
        if !self.filter.is_empty() && !is_marked(&self.filter, id) {
            return Ok(None);
        }
        let wanted = prefix(id);
        // Blocks whose first id may be equal in the first bytes are few: nearly always one.
        let first = self.fences.partition_point(|fence| *fence < wanted).saturating_sub(1);
        let end = self.fences.partition_point(|fence| *fence <= wanted);
        let mut block = vec![0; FENCE * ROW];
        for at in first..end {
            let rows = self.read_block(at, &mut block);
            let rows = rows.map_err(|error| FileError::from_io(&self.path, error))?;
            let (rows, _) = rows.as_chunks::<ROW>();
            if let Ok(found) = rows.binary_search_by(|row| row[..32].cmp(id)) {
                let place = rows.get(found).and_then(|row| row.last_chunk::<8>());
                return Ok(place.map(|place| u64::from_be_bytes(*place)));
            }
        }
        Ok(None)
    }

    fn read_block<'a>(&self, at: usize, block: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let first = at.saturating_mul(FENCE);
        let rows = usize::try_from(self.count).unwrap_or(usize::MAX).saturating_sub(first);
        let length = rows.min(FENCE).saturating_mul(ROW);
        let offset = first.saturating_mul(ROW).saturating_add(8);
        let block = block.get_mut(..length).unwrap_or_default();
        read_at(&self.file, block, u64::try_from(offset).unwrap_or(u64::MAX))?;
        Ok(block)
    }

    /// All rows in order.
    fn rows(&self) -> io::Result<impl Iterator<Item = io::Result<Row>> + use<>> {
        let mut file = io::BufReader::with_capacity(1 << 18, File::open(&self.path)?);
        file.seek(SeekFrom::Start(8))?;
        let count = self.count;
        Ok((0..count).map(move |_| {
            let mut row = [0; ROW];
            file.read_exact(&mut row)?;
            let (id, place) = row.split_at(32);
            let wrong = || io::Error::from(io::ErrorKind::InvalidData);
            let id = id.try_into().map_err(|_| wrong())?;
            let place = place.try_into().map_err(|_| wrong())?;
            Ok((id, u64::from_be_bytes(place)))
        }))
    }
}

/// Merges runs into a new one; an id that is in several keeps its first place.
pub(crate) fn merge(
    layer: &dyn FileLayer,
    folder: &Path,
    number: u64,
    runs: &[&Run],
) -> Result<Run, LedgerFolderError> {
    let at = |error| FileError::from_io(&Run::path(folder, number), error);
    let count = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.count));
    let mut sources = Vec::new();
    for run in runs {
        let mut rows = run.rows().map_err(at)?;
        if let Some(first) = rows.next() {
            sources.push((first.map_err(at)?, rows));
        }
    }
    let merged = std::iter::from_fn(move || {
        let (least, (row, _)) = sources.iter().enumerate().min_by_key(|(_, (row, _))| *row)?;
        let row = *row;
        let next = sources.get_mut(least).and_then(|(_, rows)| rows.next());
        match (next, sources.get_mut(least)) {
            (Some(Ok(next)), Some(slot)) => slot.0 = next,
            (Some(Err(error)), _) => return Some(Err(error)),
            (None, _) | (_, None) => drop(sources.swap_remove(least)),
        }
        Some(Ok(row))
    });
    // The same id twice stays twice, the first place first; it happens only where leaves were stored again.
    Run::write(layer, folder, number, count, merged)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

fn prefix(id: &[u8; 32]) -> u64 {
    id.first_chunk::<8>().map_or(0, |prefix| u64::from_be_bytes(*prefix))
}

fn filter_length(count: u64) -> usize {
    let bits = count.saturating_mul(10).max(64);
    usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
}

/// Ids are hashes already: their bytes are the hash functions.
fn probes(id: &[u8; 32], length: usize) -> impl Iterator<Item = (usize, u8)> {
    let word = |at: usize| {
        let bytes = id.get(at..).and_then(|rest| rest.first_chunk::<8>());
        bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
    };
    let (base, step) = (word(8), word(16) | 1);
    let bits = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(8).max(1);
    (0..PROBES).map(move |probe| {
        let bit = base.wrapping_add(step.wrapping_mul(u64::from(probe))) % bits;
        (usize::try_from(bit / 8).unwrap_or(0), 1 << (bit % 8))
    })
}

fn mark(filter: &mut [u8], id: &[u8; 32]) {
    for (at, bit) in probes(id, filter.len()) {
        if let Some(byte) = filter.get_mut(at) {
            *byte |= bit;
        }
    }
}

fn is_marked(filter: &[u8], id: &[u8; 32]) -> bool {
    probes(id, filter.len()).all(|(at, bit)| filter.get(at).is_some_and(|byte| byte & bit != 0))
}

/// Sorted rows one after another, as in a run.
pub(crate) fn to_bytes(rows: impl Iterator<Item = Row>) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, place) in rows {
        out.extend(id);
        out.extend(place.to_be_bytes());
    }
    out
}

/// What [`to_bytes`] wrote.
pub(crate) fn from_bytes(bytes: &[u8]) -> impl Iterator<Item = Row> {
    let (rows, _) = bytes.as_chunks::<ROW>();
    rows.iter().filter_map(|row| Some((*row.first_chunk::<32>()?, place(row)?)))
}

/// The place of an id in what [`to_bytes`] wrote.
pub(crate) fn find_in_bytes(bytes: &[u8], id: &[u8; 32]) -> Option<u64> {
    let (rows, _) = bytes.as_chunks::<ROW>();
    let found = rows.binary_search_by(|row| row[..32].cmp(id)).ok()?;
    place(rows.get(found)?)
}

fn place(row: &[u8; ROW]) -> Option<u64> {
    row.last_chunk::<8>().map(|place| u64::from_be_bytes(*place))
}

/// The bytes of an id, as the key of its row.
pub(crate) fn key(id: &EntryId) -> [u8; 32] {
    *id.digest().as_bytes()
}

#[cfg(test)]
mod tests;
