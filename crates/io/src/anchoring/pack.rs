//! Packs on disk: written whole or not at all, and read in small pieces, so that one record of a million is found at once.
//!
//! In scope: the file. Out of scope: its form ([`inkan_ledger::anchored::pack`]), whether what it says is true.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use inkan_core::{Digest, Hasher};
use inkan_ledger::NodeHash;
use inkan_ledger::anchored::pack::{NODE, PREFIX, ROW};
use inkan_ledger::anchored::tree::root_over;
use inkan_ledger::anchored::{
    AnchorError, NAME_LIMIT, PackHead, PackScope, RecordName, RecordProof, Row, Section, leaf,
};

use crate::files::{self, Access, FileError};

/// Bytes that are copied or hashed at once.
const PIECE: usize = 1 << 20;

/// Why a pack cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no pack, or a damaged one.
    #[error("{path}")]
    Pack {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: AnchorError,
    },
}

impl PackError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Pack { source, .. } => source.code(),
        }
    }
}

/// A pack that is being written, under another name until it is whole.
#[derive(Debug)]
pub struct PackWriter {
    path: PathBuf,
    temporary: PathBuf,
    out: Option<BufWriter<File>>,
    hasher: Hasher,
}

/// A file that a pack has while it is written.
#[must_use]
pub fn temporary_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

impl PackWriter {
    /// Begins a pack; one that was begun at this place before and is not whole is begun anew.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn create(path: &Path, head: &PackHead) -> Result<Self, PackError> {
        let temporary = temporary_of(path);
        files::remove(&temporary)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        files::restrict(&mut options, Access::Private);
        let file =
            options.open(&temporary).map_err(|error| FileError::from_io(&temporary, error))?;
        let out = Some(BufWriter::with_capacity(PIECE, file));
        let mut writer = Self { path: path.to_path_buf(), temporary, out, hasher: Hasher::new() };
        let head = head.to_bytes().map_err(|error| writer.wrong(error))?;
        writer.write(&head)?;
        Ok(writer)
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    ///
    /// [`PackError::File`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        self.hasher.update(bytes);
        self.write_plain(bytes)
    }

    fn write_plain(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        let out = self.out.as_mut().map_or(Ok(()), |out| out.write_all(bytes));
        Ok(out.map_err(|error| FileError::from_io(&self.temporary, error))?)
    }

    /// Puts the pack in its place: it is on the disk when this returns. A pack that is there already is never replaced.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn finish(mut self) -> Result<(), PackError> {
        let sum = std::mem::take(&mut self.hasher).finish();
        self.write_plain(sum.as_bytes())?;
        let at = |error| FileError::from_io(&self.temporary, error);
        if let Some(out) = self.out.take() {
            let file = out.into_inner().map_err(|error| at(error.into_error()))?;
            file.sync_all().map_err(|error| FileError::not_synced(&self.temporary, error))?;
        }
        // A second name, and not a new one: that fails where a pack is.
        fs::hard_link(&self.temporary, &self.path)
            .or_else(|error| self.without_links(error))
            .map_err(|error| FileError::from_io(&self.path, error))?;
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        Ok(files::sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?)
    }

    /// Some disks have no second names.
    fn without_links(&self, error: io::Error) -> io::Result<()> {
        if error.kind() == io::ErrorKind::AlreadyExists || self.path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&self.temporary, &self.path)
    }

    fn wrong(&self, source: AnchorError) -> PackError {
        PackError::Pack { path: self.path.clone(), source }
    }
}

impl Drop for PackWriter {
    fn drop(&mut self) {
        // Whole, it has its other name; else it is begun anew.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A pack that is read.
#[derive(Debug)]
pub struct PackFile {
    path: PathBuf,
    file: File,
    head: PackHead,
    sections: Vec<Section>,
    end: u64,
}

/// A record of a pack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packed {
    /// Which of the pack's scopes it is in.
    pub scope: usize,
    /// What it is called.
    pub name: RecordName,
    /// The rest.
    pub row: Row,
}

impl PackFile {
    /// Opens a pack: its head is read, and its length compared with what the head says.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn open(path: &Path) -> Result<Self, PackError> {
        let at = |error| FileError::from_io(path, error);
        let wrong = |source| PackError::Pack { path: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(at)?;
        let cut = || wrong(AnchorError::PackMalformed("it is cut off"));
        let mut prefix = [0; PREFIX];
        file.read_exact(&mut prefix).map_err(|_| cut())?;
        let length = PackHead::length(&prefix).map_err(wrong)?;
        let mut head = vec![0; length];
        file.read_exact(&mut head).map_err(|_| cut())?;
        let head = PackHead::parse(&head).map_err(wrong)?;
        let (sections, end) = head.sections(length).map_err(wrong)?;
        let size = file.metadata().map_err(at)?.len();
        if end.checked_add(wide(NODE)) != Some(size) {
            return Err(wrong(AnchorError::PackMalformed("it is not as long as its head says")));
        }
        Ok(Self { path: path.to_path_buf(), file, head, sections, end })
    }

    /// What it begins with.
    #[must_use]
    pub const fn head(&self) -> &PackHead {
        &self.head
    }

    /// Compares the digest at its end.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn check_sum(&self) -> Result<(), PackError> {
        let mut hasher = Hasher::new();
        self.copy(0, self.end, |piece| {
            hasher.update(piece);
            Ok(())
        })?;
        let sum: [u8; NODE] = self.read(self.end)?;
        if Digest::from_bytes(sum) == hasher.finish() {
            Ok(())
        } else {
            Err(self.wrong("it was damaged after it was written"))
        }
    }

    /// The records of this name, one for each scope that has it.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn find(&self, name: &str) -> Result<Vec<Packed>, PackError> {
        let mut out = Vec::new();
        for scope in 0..self.sections.len() {
            out.extend(self.find_in(scope, name)?);
        }
        Ok(out)
    }

    fn find_in(&self, scope: usize, name: &str) -> Result<Option<Packed>, PackError> {
        let Some((own, section)) = self.scope(scope) else { return Ok(None) };
        let (mut low, mut high) = (0, own.records);
        while low < high {
            let middle = low.midpoint(high);
            let row = self.row(own, section, middle)?;
            let found = self.name(section, &row)?;
            match found.as_str().cmp(name) {
                std::cmp::Ordering::Less => low = middle.saturating_add(1),
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    return Ok(Some(Packed { scope, name: found, row }));
                }
            }
        }
        Ok(None)
    }

    /// Gives every record of a scope, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`PackError`], and what `take` answers.
    pub fn each<E: From<PackError>>(
        &self,
        scope: usize,
        mut take: impl FnMut(Packed) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((own, section)) = self.scope(scope) else { return Ok(()) };
        let at = |error| PackError::from(FileError::from_io(&self.path, error));
        let open = |place| -> Result<BufReader<File>, PackError> {
            // A reader of its own for each part: they are read side by side.
            let mut file = File::open(&self.path).map_err(at)?;
            file.seek(SeekFrom::Start(place)).map_err(at)?;
            Ok(BufReader::with_capacity(PIECE, file))
        };
        let (mut rows, mut names) = (open(section.rows)?, open(section.names)?);
        let mut expected = 0_u64;
        for _ in 0..own.records {
            let mut bytes = [0; ROW];
            rows.read_exact(&mut bytes).map_err(at)?;
            let row = Row::parse(&bytes, own).map_err(|error| self.because(error))?;
            if row.name_at != expected {
                return Err(self.wrong("names do not stand one behind the other").into());
            }
            expected = expected.saturating_add(u64::from(row.name_length));
            let mut name = vec![0; usize::from(row.name_length)];
            names.read_exact(&mut name).map_err(at)?;
            let name = self.named(name)?;
            take(Packed { scope, name, row })?;
        }
        Ok(())
    }

    /// The proof of a record, but for what shows whose anchor it is.
    ///
    /// # Errors
    ///
    /// [`PackError`], also if the path that is kept does not lead to the root.
    pub fn proof(&self, packed: &Packed) -> Result<RecordProof, PackError> {
        let unknown = || self.because(AnchorError::Unknown("scope"));
        let (own, section) = self.scope(packed.scope).ok_or_else(unknown)?;
        let mut path = Vec::new();
        let mut index = u64::from(packed.row.place);
        for level in 0..section.depth {
            let node = self.read(section.node(level, index ^ 1))?;
            path.push(NodeHash::from_digest(Digest::from_bytes(node)));
            index >>= 1;
        }
        let proof = RecordProof {
            scope: own.name.clone(),
            name: packed.name.clone(),
            content: packed.row.content,
            salt: packed.row.salt,
            index: packed.row.place,
            path,
            root_salt: own.root_salt,
        };
        let root = proof.root().map_err(|error| self.because(error))?;
        if root == own.root { Ok(proof) } else { Err(self.because(AnchorError::Forged)) }
    }

    /// Checks the whole tree of a scope, and every record against its leaf; each is given on, in the order of their names.
    ///
    /// Memory: 64 bytes for each leaf of the tree, while the root is computed.
    ///
    /// # Errors
    ///
    /// [`PackError`], and what `take` answers.
    pub fn each_checked<E: From<PackError>>(
        &self,
        scope: usize,
        mut take: impl FnMut(Packed) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((own, section)) = self.scope(scope) else { return Ok(()) };
        let width = 1_u64 << section.depth;
        let mut leaves = Vec::new();
        let last = section.nodes.saturating_add(width.saturating_mul(wide(NODE)));
        self.copy(section.nodes, last, |piece| {
            // Pieces are as long as a whole number of nodes.
            let (nodes, _) = piece.as_chunks::<NODE>();
            leaves
                .extend(nodes.iter().map(|node| NodeHash::from_digest(Digest::from_bytes(*node))));
            Ok(())
        })?;
        if root_over(leaves.clone()) != Some(own.root) {
            return Err(self.because(AnchorError::Forged).into());
        }
        self.each(scope, |packed| {
            let Row { content, salt, place, .. } = &packed.row;
            let own = leaf(own.name.as_str(), packed.name.as_str(), content, salt).into_node();
            let kept = usize::try_from(*place).ok().and_then(|place| leaves.get(place));
            if kept != Some(&own) {
                return Err(self.because(AnchorError::Forged).into());
            }
            take(packed)
        })
    }

    /// Writes a pack that has one of the scopes alone, and no byte of the others.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn extract(&self, scope: usize, path: &Path) -> Result<(), PackError> {
        let unknown = || self.because(AnchorError::Unknown("scope"));
        let (own, section) = self.scope(scope).ok_or_else(unknown)?;
        let evidence = self.head.evidence.get(scope).ok_or_else(unknown)?;
        let head = PackHead { scopes: vec![own.clone()], evidence: vec![evidence.clone()] };
        let mut writer = PackWriter::create(path, &head)?;
        self.copy(section.rows, section.end, |piece| writer.write(piece))?;
        writer.finish()
    }

    fn scope(&self, scope: usize) -> Option<(&PackScope, &Section)> {
        Some((self.head.scopes.get(scope)?, self.sections.get(scope)?))
    }

    fn row(&self, own: &PackScope, section: &Section, record: u64) -> Result<Row, PackError> {
        let bytes: [u8; ROW] = self.read(section.row(record))?;
        Row::parse(&bytes, own).map_err(|error| self.because(error))
    }

    fn name(&self, section: &Section, row: &Row) -> Result<RecordName, PackError> {
        let mut bytes = vec![0; usize::from(row.name_length).min(NAME_LIMIT)];
        self.read_into(section.names.saturating_add(row.name_at), &mut bytes)?;
        self.named(bytes)
    }

    fn named(&self, bytes: Vec<u8>) -> Result<RecordName, PackError> {
        let text = String::from_utf8(bytes).map_err(|_| self.wrong("a name is not UTF-8"))?;
        RecordName::parse(&text).map_err(|error| self.because(error))
    }

    fn read<const N: usize>(&self, place: u64) -> Result<[u8; N], PackError> {
        let mut bytes = [0; N];
        self.read_into(place, &mut bytes)?;
        Ok(bytes)
    }

    fn read_into(&self, place: u64, bytes: &mut [u8]) -> Result<(), PackError> {
        let mut file = &self.file;
        let done = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(bytes));
        Ok(done.map_err(|error| FileError::from_io(&self.path, error))?)
    }

    /// Gives the bytes between two places, piece by piece.
    fn copy(
        &self,
        from: u64,
        to: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let mut piece = vec![0; PIECE];
        let mut at = from;
        while at < to {
            let size = usize::try_from(to.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
            let part = piece.get_mut(..size).unwrap_or_default();
            self.read_into(at, part)?;
            take(part)?;
            at = at.saturating_add(wide(size));
        }
        Ok(())
    }

    fn wrong(&self, what: &'static str) -> PackError {
        self.because(AnchorError::PackMalformed(what))
    }

    fn because(&self, source: AnchorError) -> PackError {
        PackError::Pack { path: self.path.clone(), source }
    }
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
