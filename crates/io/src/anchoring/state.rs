//! The notes of a run that anchors many files, beside the pack that it will write: what was hashed, under which salt, and, once
//! all is, the salts of the roots. Typed again, the command goes on from here.
//!
//! ```text
//! "inkan-anchor-state/v1" LF, then the digest of the places that are read (32 bytes)
//! frames: length of the body (4 bytes, big-endian), body, first 8 bytes of the body's SHA-256
//! body: 1 and a record, 2 and the seal (JSON), 3 and the name of a record that is gone
//! ```
//! A frame that was cut off ends the notes; what it said is done again. A seal is on the disk before the ledger is asked for
//! anything: from then on the run has one outcome only.
//!
//! In scope: reading and writing the notes. Out of scope: when a note is still right (its stamp says so, to who asks).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json, sha256};
use inkan_ledger::anchored::{Content, RecordName, ScopeName};
use serde_json::{Value, json};

use super::hash::{Hashed, Stamp};
use crate::files::{self, Access, FileError};

const MAGIC: &[u8] = b"inkan-anchor-state/v1\n";
/// The longest body: a seal with 256 scopes is far shorter.
const BODY_LIMIT: usize = 1 << 20;
/// Bytes of a checksum.
const SUM: usize = 8;
/// So many bytes of files are hashed at most before what is known of them is handed to the system.
const FLUSH: u64 = 8 << 20;

/// What is known of one record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Which of the places that were named it is in.
    pub source: u16,
    /// Its name.
    pub name: RecordName,
    /// What was read.
    pub hashed: Hashed,
    /// The salt of its leaf.
    pub salt: [u8; 16],
}

/// The end of hashing: which salts the entries are made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// Digest of what the entries depend on besides the records.
    pub options: Digest,
    /// For each scope, by name.
    pub scopes: Vec<SealedScope>,
}

/// What one entry is made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedScope {
    /// The scope.
    pub name: ScopeName,
    /// The salt of its root.
    pub root_salt: [u8; 16],
    /// What fills up its tree.
    pub seed: [u8; 32],
    /// The root that came of it.
    pub root: Digest,
}

/// Why the notes of a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// They are of another command.
    #[error("{path}: notes of a run with other paths or options")]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// No notes at all, or damaged ones.
    #[error("{path}: not the notes of a run")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Another run writes them.
    #[error("{path}: another run is at work on this pack")]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

impl StateError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Other { .. } => "anchor-state-other",
            Self::Malformed { .. } => "anchor-state-malformed",
            Self::Busy { .. } => "anchor-state-busy",
        }
    }
}

/// The notes, open for going on. Nobody else writes them meanwhile.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    out: BufWriter<File>,
    since_flush: u64,
}

impl State {
    /// Begins, or goes on: what was noted before, by place and name, and the seal if there is one. `places` is the digest of
    /// where the run reads.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn open(
        path: &Path,
        places: &Digest,
    ) -> Result<(Self, Vec<Kept>, Option<Sealed>), StateError> {
        let at = |error| FileError::from_io(path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        files::restrict(&mut options, Access::Private);
        files::follow_no_link(&mut options);
        let mut file = options.open(path).map_err(at)?;
        // Salts go in here: a file that others can read, write, or know by another name is not ours.
        if !files::is_private(&file).map_err(at)? {
            return Err(StateError::Malformed { path: path.to_path_buf() });
        }
        match files::lock_briefly(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::Busy { path: path.to_path_buf() });
            }
            Err(TryLockError::Error(error)) => return Err(at(error).into()),
        }
        let begin = [MAGIC, places.as_bytes()].concat();
        let size = file.metadata().map_err(at)?.len();
        let (notes, end) = if size < wide(begin.len()) {
            // Nothing, or cut off in its first line: nothing rests on it.
            file.set_len(0).map_err(at)?;
            file.write_all(&begin).map_err(at)?;
            (Notes::default(), wide(begin.len()))
        } else {
            read(&file, path, &begin)?
        };
        file.set_len(end).map_err(at)?;
        file.seek(SeekFrom::Start(end)).map_err(at)?;
        let out = BufWriter::with_capacity(1 << 20, file);
        let (kept, sealed) = (notes.records(), notes.sealed);
        Ok((Self { path: path.to_path_buf(), out, since_flush: 0 }, kept, sealed))
    }

    /// Notes what a file was found to be.
    ///
    /// # Errors
    ///
    /// [`StateError::File`].
    pub fn note(&mut self, kept: &Kept) -> Result<(), StateError> {
        let Hashed { content, stamp } = kept.hashed;
        let mut body = vec![1];
        body.extend_from_slice(&kept.source.to_be_bytes());
        body.extend_from_slice(&kept.salt);
        body.extend_from_slice(content.digest.as_bytes());
        for number in [content.length, stamp.length, stamp.changed, stamp.touched, stamp.number] {
            body.extend_from_slice(&number.to_be_bytes());
        }
        body.extend_from_slice(kept.name.as_str().as_bytes());
        self.frame(&body)?;
        self.since_flush = self.since_flush.saturating_add(content.length);
        if self.since_flush >= FLUSH {
            self.since_flush = 0;
            self.out.flush().map_err(|error| FileError::from_io(&self.path, error))?;
        }
        Ok(())
    }

    /// Notes that a record is gone.
    ///
    /// # Errors
    ///
    /// [`StateError::File`].
    pub fn drop_record(&mut self, source: u16, name: &RecordName) -> Result<(), StateError> {
        let mut body = vec![3];
        body.extend_from_slice(&source.to_be_bytes());
        body.extend_from_slice(name.as_str().as_bytes());
        self.frame(&body)
    }

    /// Notes which salts the entries are made with; all notes are on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`StateError::File`].
    pub fn seal(&mut self, sealed: &Sealed) -> Result<(), StateError> {
        let scopes: Vec<Value> = sealed.scopes.iter().map(SealedScope::to_value).collect();
        let mut body = vec![2];
        let seal = json!({ "options": sealed.options.to_b64u(), "scopes": scopes });
        body.extend_from_slice(seal.to_string().as_bytes());
        self.frame(&body)?;
        let at = |error| FileError::from_io(&self.path, error);
        self.out.flush().map_err(at)?;
        self.out.get_ref().sync_all().map_err(|error| FileError::not_synced(&self.path, error))?;
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        Ok(files::sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?)
    }

    /// The run is over: the notes go.
    ///
    /// # Errors
    ///
    /// [`StateError::File`].
    pub fn remove(self) -> Result<(), StateError> {
        Ok(files::remove(&self.path)?)
    }

    fn frame(&mut self, body: &[u8]) -> Result<(), StateError> {
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let sum = sha256(&[body]);
        let sum = sum.as_bytes().first_chunk::<SUM>().copied().unwrap_or_default();
        let parts = [length.as_slice(), body, &sum];
        let written = parts.iter().try_for_each(|part| self.out.write_all(part));
        Ok(written.map_err(|error| FileError::from_io(&self.path, error))?)
    }
}

/// What stands in the notes, in their order.
#[derive(Default)]
struct Notes {
    /// A record, or that it is gone.
    records: Vec<(Kept, Fate)>,
    sealed: Option<Sealed>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    There,
    Gone,
}

impl Notes {
    /// The last word on each record.
    fn records(&self) -> Vec<Kept> {
        let mut all: Vec<&(Kept, Fate)> = self.records.iter().collect();
        // Stable: of one name, the last stays last.
        all.sort_by(|(one, _), (other, _)| {
            (one.source, &one.name).cmp(&(other.source, &other.name))
        });
        let mut out: Vec<Kept> = Vec::with_capacity(all.len());
        for (kept, fate) in all {
            let same = |last: &Kept| (last.source, &last.name) == (kept.source, &kept.name);
            if out.last().is_some_and(same) {
                out.pop();
            }
            if *fate == Fate::There {
                out.push(kept.clone());
            }
        }
        out
    }

    fn take(&mut self, body: &[u8]) -> Option<()> {
        let (kind, mut rest) = body.split_first()?;
        match kind {
            1 | 3 => {
                let source = u16::from_be_bytes(take(&mut rest)?);
                let mut kept = Kept {
                    source,
                    name: RecordName::parse("-").ok()?,
                    hashed: Hashed {
                        content: Content { length: 0, digest: Digest::from_bytes([0; 32]) },
                        stamp: Stamp::default(),
                    },
                    salt: [0; 16],
                };
                if *kind == 1 {
                    kept.salt = take(&mut rest)?;
                    kept.hashed.content.digest = Digest::from_bytes(take(&mut rest)?);
                    let mut number = || take(&mut rest).map(u64::from_be_bytes);
                    kept.hashed.content.length = number()?;
                    let stamp = &mut kept.hashed.stamp;
                    for member in [
                        &mut stamp.length,
                        &mut stamp.changed,
                        &mut stamp.touched,
                        &mut stamp.number,
                    ] {
                        *member = number()?;
                    }
                }
                kept.name = RecordName::parse(std::str::from_utf8(rest).ok()?).ok()?;
                let fate = if *kind == 1 { Fate::There } else { Fate::Gone };
                self.records.push((kept, fate));
            }
            2 => {
                let value = json::parse(rest, BODY_LIMIT).ok()?;
                let scopes = value.get("scopes")?.as_array()?.iter().map(SealedScope::read);
                let options = Digest::from_b64u(json::text(&value, "options")?).ok()?;
                self.sealed = Some(Sealed { options, scopes: scopes.collect::<Option<_>>()? });
            }
            _ => return None,
        }
        Some(())
    }
}

impl SealedScope {
    fn to_value(&self) -> Value {
        json!({
            "name": self.name.as_str(), "rootSalt": b64u(&self.root_salt), "seed": b64u(&self.seed),
            "root": self.root.to_b64u(),
        })
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name| json::text(value, name);
        Some(Self {
            name: ScopeName::parse(text("name")?).ok()?,
            root_salt: b64u_array(text("rootSalt")?).ok()?,
            seed: b64u_array(text("seed")?).ok()?,
            root: Digest::from_b64u(text("root")?).ok()?,
        })
    }
}

/// All whole frames, and where the last of them ends.
fn read(file: &File, path: &Path, begin: &[u8]) -> Result<(Notes, u64), StateError> {
    let at = |error| FileError::from_io(path, error);
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut first = vec![0; begin.len()];
    input.read_exact(&mut first).map_err(at)?;
    if !first.starts_with(MAGIC) {
        return Err(StateError::Malformed { path: path.to_path_buf() });
    }
    if first != begin {
        return Err(StateError::Other { path: path.to_path_buf() });
    }
    let (mut notes, mut end) = (Notes::default(), wide(begin.len()));
    while let Some(body) = frame(&mut input) {
        if notes.take(&body).is_none() {
            // Whole, and nothing that we write.
            return Err(StateError::Malformed { path: path.to_path_buf() });
        }
        end = end.saturating_add(wide(body.len())).saturating_add(wide(4 + SUM));
    }
    Ok((notes, end))
}

/// The next frame's body; none at the end, and for one that was cut off or damaged.
fn frame(input: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length).ok()?;
    let length = usize::try_from(u32::from_be_bytes(length)).ok().filter(|l| *l <= BODY_LIMIT)?;
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let mut sum = [0; SUM];
    input.read_exact(&mut sum).ok()?;
    sha256(&[&body]).as_bytes().starts_with(&sum).then_some(body)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Whether there are notes of an unfinished run at a path.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests;
