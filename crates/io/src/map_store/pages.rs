//! The two files: pages in their places, and the roots of all pages with what belongs to them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_core::{Digest, sha256};

use super::bucket::{Bucket, Entry, Node, PAGE, read_entry};
use super::error::MapStoreError;
use crate::files::{self, Access, FileError};

/// First bytes of the file of roots.
const MAGIC: &[u8] = b"inkan-map/1\n";
/// The longest file of roots: more than a billion keys would need.
const ROOTS_LIMIT: usize = 4 << 30;

/// What the file of roots says.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) version: u64,
    pub(super) keys: u64,
    pub(super) depth: u8,
    pub(super) split: u64,
    /// By location.
    pub(super) nodes: Vec<Node>,
    /// Entries that did not fit on their page, by location.
    pub(super) beside: BTreeMap<u64, Vec<Entry>>,
}

/// The files, and the right to write them.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    roots: PathBuf,
}

impl Pages {
    pub(super) fn open(path: &Path) -> Result<Self, MapStoreError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match files::lock_briefly(&file) {
            Ok(()) => Ok(Self { file, roots: roots_path(path) }),
            Err(TryLockError::WouldBlock) => Err(MapStoreError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) -> Result<(), MapStoreError> {
        match std::fs::remove_file(&self.roots) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        Ok(self.file.set_len(0)?)
    }

    pub(super) fn roots(&self) -> Result<Option<Roots>, MapStoreError> {
        match files::read_optional(&self.roots, ROOTS_LIMIT)? {
            None => Ok(None),
            Some(bytes) => match Roots::parse(&bytes) {
                Some(roots) => Ok(Some(roots)),
                None => Err(MapStoreError::Damaged("the roots were altered".into())),
            },
        }
    }

    /// Whether the first `count` pages are there.
    pub(super) fn has(&self, count: u64) -> Result<bool, MapStoreError> {
        Ok(self.file.metadata()?.len() >= offset(count))
    }

    /// The page at `location`. The page was there when the roots were written, so its absence is damage.
    pub(super) fn read(&self, location: u64) -> Result<Bucket, MapStoreError> {
        let mut page = vec![0; PAGE];
        match read_at(&self.file, &mut page, offset(location)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(MapStoreError::Damaged("a page is missing".into()));
            }
            other => other?,
        }
        let bucket = Bucket::parse(&page);
        bucket.ok_or_else(|| MapStoreError::Damaged("a page was altered".into()))
    }

    /// Writes pages, durably: those first that have never been, for an older one may tell that it was split.
    pub(super) fn write(
        &self,
        images: &[(u64, Arc<Bucket>)],
        there: u64,
    ) -> Result<(), MapStoreError> {
        let (old, new): (Vec<_>, Vec<_>) =
            images.iter().partition(|(location, _)| *location < there);
        for part in [new, old] {
            for (location, bucket) in &part {
                write_at(&self.file, &bucket.to_page(), offset(*location))?;
            }
            if !part.is_empty() {
                self.file.sync_data()?;
            }
        }
        Ok(())
    }

    /// Puts the roots in force: from here on the pages are of this version.
    pub(super) fn put_roots(&self, roots: &Roots) -> Result<(), MapStoreError> {
        Ok(files::write_atomic(&self.roots, &roots.to_bytes(), Access::Private)?)
    }
}

/// Beside the file of pages.
fn roots_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".roots");
    name.into()
}

fn offset(location: u64) -> u64 {
    location.saturating_mul(u64::try_from(PAGE).unwrap_or(u64::MAX))
}

#[cfg(unix)]
fn read_at(file: &File, page: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, page, offset)
}

#[cfg(unix)]
fn write_at(file: &File, page: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, page, offset)
}

#[cfg(windows)]
fn read_at(file: &File, page: &mut [u8], offset: u64) -> io::Result<()> {
    match std::os::windows::fs::FileExt::seek_read(file, page, offset)? {
        PAGE => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(windows)]
fn write_at(file: &File, page: &[u8], offset: u64) -> io::Result<()> {
    match std::os::windows::fs::FileExt::seek_write(file, page, offset)? {
        PAGE => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

impl Roots {
    /// Magic, version, keys, depth, split, number of pages, their nodes; what is beside; a check sum.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.nodes.len().saturating_mul(33).saturating_add(128));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.keys.to_be_bytes());
        out.push(self.depth);
        out.extend_from_slice(&self.split.to_be_bytes());
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes();
        out.extend_from_slice(&count(self.nodes.len()));
        for node in &self.nodes {
            out.push(node.count);
            out.extend_from_slice(node.hash.as_bytes());
        }
        for (location, entries) in &self.beside {
            out.extend_from_slice(&location.to_be_bytes());
            out.extend_from_slice(&count(entries.len()));
            for entry in entries {
                out.extend_from_slice(entry.key.as_bytes());
                out.extend_from_slice(entry.value_hash.as_bytes());
            }
        }
        let sum = sha256(&[&out]);
        out.extend_from_slice(sum.as_bytes());
        out
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (bytes, sum) = bytes.split_last_chunk::<32>()?;
        if sha256(&[bytes]).as_bytes() != sum {
            return None;
        }
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let number = |rest: &mut &[u8]| {
            let (number, after) = rest.split_first_chunk::<8>()?;
            *rest = after;
            Some(u64::from_be_bytes(*number))
        };
        let (version, keys) = (number(&mut rest)?, number(&mut rest)?);
        let (depth, after) = rest.split_first()?;
        rest = after;
        let split = number(&mut rest)?;
        let pages = usize::try_from(number(&mut rest)?).ok()?;
        let (rows, after) = rest.split_at_checked(pages.checked_mul(33)?)?;
        rest = after;
        let nodes: Option<Vec<_>> = rows
            .chunks_exact(33)
            .map(|row| {
                let (count, hash) = row.split_first()?;
                let hash = Digest::from_bytes(hash.try_into().ok()?);
                (*count <= 2).then_some(Node { count: *count, hash })
            })
            .collect();
        let mut beside = BTreeMap::new();
        while !rest.is_empty() {
            let location = number(&mut rest)?;
            let count = usize::try_from(number(&mut rest)?).ok()?;
            let (rows, after) = rest.split_at_checked(count.checked_mul(64)?)?;
            rest = after;
            let entries: Option<Vec<_>> = rows.chunks_exact(64).map(read_entry).collect();
            beside.insert(location, entries?);
        }
        Some(Self { version, keys, depth: *depth, split, nodes: nodes?, beside })
    }
}

impl From<io::Error> for MapStoreError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<FileError> for MapStoreError {
    fn from(error: FileError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[cfg(test)]
mod tests;
