//! A witness in this process, with a key and a record of its own: behind the embedded log, and behind the service.
//!
//! In scope: what it saw last is on the disk before its cosignature leaves. Out of scope: the decision
//! (`inkan_ledger::witness`), that one process at a time uses the record (the lock of the folder it lies in).

use std::path::{Path, PathBuf};

use inkan_core::Timestamp;
use inkan_ledger::note::{NOTE_LIMIT, SignatureLine};
use inkan_ledger::tree::{ConsistencyError, TreeHead};
use inkan_ledger::witness::{WitnessError, admit};
use inkan_ledger::{Checkpoint, NodeHash, SignedNote, VerifierKey};

use super::{CosignError, CosignRequest, Cosigner, Pace, with_lines_of};
use crate::files::{self, Access, FileError};
use crate::note_key::NoteSigner;

/// A witness of one log.
#[derive(Debug)]
pub struct LocalWitness {
    name: String,
    signer: std::sync::Arc<NoteSigner>,
    logs: Vec<VerifierKey>,
    path: PathBuf,
    /// `None` after a failed write: then only the disk knows.
    seen: Option<Seen>,
}

/// What a witness saw last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    head: TreeHead,
    note: Option<SignedNote>,
}

impl LocalWitness {
    /// Opens the witness that keeps what it saw in the file `path`.
    ///
    /// `logs` are the keys of one log: all of one name, which is the log's.
    ///
    /// # Errors
    ///
    /// [`CosignError::GuardMissing`] if there is no record (a new one is [made](Seen::create) on purpose, never in
    /// passing), [`CosignError::GuardMalformed`], [`CosignError::File`].
    pub fn open(
        name: &str,
        signer: impl Into<std::sync::Arc<NoteSigner>>,
        logs: Vec<VerifierKey>,
        path: &Path,
    ) -> Result<Self, CosignError> {
        let origin = logs.first().map_or("", VerifierKey::name);
        if logs.iter().any(|log| log.name() != origin) {
            return Err(CosignError::GuardMalformed { path: path.to_path_buf() });
        }
        let seen = Seen::read(path, origin)?;
        let (name, signer) = (name.to_owned(), signer.into());
        Ok(Self { name, signer, logs, path: path.to_path_buf(), seen: Some(seen) })
    }

    /// What it saw last.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], after a write that failed.
    pub fn seen(&mut self) -> Result<&Seen, CosignError> {
        let seen = match self.seen.take() {
            Some(seen) => seen,
            None => Seen::read(&self.path, self.logs.first().map_or("", VerifierKey::name))?,
        };
        Ok(self.seen.insert(seen))
    }

    /// The note with the lines of its log alone.
    #[must_use]
    pub fn with_lines_of_log(&self, note: &SignedNote) -> SignedNote {
        with_lines_of(note, &self.logs)
    }

    /// Cosigns `note` if it continues what was seen last, which the caller says had `old` leaves.
    ///
    /// # Errors
    ///
    /// [`CosignError::Refused`]; [`CosignError::File`] if the record could not be made durable: nothing leaves then.
    pub fn add_checkpoint(
        &mut self,
        old: u64,
        consistency: &[NodeHash],
        note: &SignedNote,
        now: Timestamp,
    ) -> Result<SignatureLine, CosignError> {
        let log = self.signed_by(note)?.clone();
        let seen = self.seen()?.head;
        if seen.tree_size != old {
            return Err(WitnessError::OldSize { seen: seen.tree_size }.into());
        }
        let admitted = admit(Some(&seen), note, &log, consistency)?;
        let head = admitted.head();
        if head.tree_size == 0 && head.root_hash != NodeHash::empty() {
            return Err(WitnessError::SplitView(ConsistencyError::RootMismatch).into());
        }
        let line = admitted.cosign(&self.signer.key, &self.signer.secret, now)?;
        let mut kept = SignedNote::new(note.text().to_owned());
        note.signatures().iter().filter(|l| log.matches(l)).for_each(|l| kept.put(l.clone()));
        kept.put(line.clone());
        // Until this is confirmed nobody knows what the disk holds.
        self.seen = None;
        files::write_atomic(&self.path, kept.to_string().as_bytes(), Access::Private)?;
        self.seen = Some(Seen { head: admitted.head(), note: Some(kept) });
        Ok(line)
    }

    /// The key of the log that signed `note`. A line that claims a known key and is not its signature spoils the note.
    fn signed_by(&self, note: &SignedNote) -> Result<&VerifierKey, WitnessError> {
        let mut signed = None;
        for log in &self.logs {
            for line in note.signatures().iter().filter(|line| log.matches(line)) {
                let mut alone = SignedNote::new(note.text().to_owned());
                alone.put(line.clone());
                match admit(None, &alone, log, &[]) {
                    Ok(_) => signed = Some(log),
                    Err(error) => return Err(error),
                }
            }
        }
        signed.ok_or(WitnessError::NotTheLog)
    }
}

impl Cosigner for LocalWitness {
    fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> &VerifierKey {
        &self.signer.key
    }

    fn pace(&self) -> Pace {
        Pace::InProcess
    }

    fn cosign(
        &mut self,
        request: &CosignRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<SignatureLine>, CosignError> {
        let old = self.seen()?.head.tree_size;
        let size = Checkpoint::parse_text(request.note.text())
            .map_err(|_| WitnessError::NotTheLog)?
            .head()
            .tree_size;
        let consistency = match old {
            0 => Vec::new(),
            // Refused below, by the one rule that says so.
            old if old > size => Vec::new(),
            old => (request.consistency)(old).ok_or(CosignError::NoProof { size: old })?,
        };
        self.add_checkpoint(old, &consistency, request.note, now).map(|line| vec![line])
    }

    fn newest(&mut self) -> Result<Option<SignedNote>, CosignError> {
        Ok(self.seen()?.note.clone())
    }
}

impl Seen {
    /// Makes the record of a witness that has seen nothing of `origin`, unless there is a record.
    ///
    /// # Errors
    ///
    /// [`CosignError::GuardMalformed`] if the origin is none, or another log's record is there; [`CosignError::File`].
    pub fn create(path: &Path, origin: &str) -> Result<(), CosignError> {
        match Self::read(path, origin) {
            Err(CosignError::GuardMissing { .. }) => {}
            other => return other.map(|_| ()),
        }
        let nothing = TreeHead { tree_size: 0, root_hash: NodeHash::empty() };
        let text = Checkpoint::new(origin, nothing)
            .map_err(|_| CosignError::GuardMalformed { path: path.to_path_buf() })?
            .to_text();
        Ok(files::write_atomic(path, text.as_bytes(), Access::Private)?)
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`CosignError::GuardMissing`], [`CosignError::GuardMalformed`], [`CosignError::File`].
    pub fn read(path: &Path, origin: &str) -> Result<Self, CosignError> {
        let bytes = match files::read(path, NOTE_LIMIT) {
            Err(FileError::Missing { .. }) => {
                return Err(CosignError::GuardMissing { path: path.to_path_buf() });
            }
            other => other?,
        };
        Self::parse(&bytes)
            .filter(|(checkpoint, _)| checkpoint.origin() == origin)
            .map(|(checkpoint, note)| Self { head: checkpoint.head(), note })
            .ok_or_else(|| CosignError::GuardMalformed { path: path.to_path_buf() })
    }

    /// The head; of size 0 if nothing was seen.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The head with the log's signature and the witness's, if there is one.
    #[must_use]
    pub const fn note(&self) -> Option<&SignedNote> {
        self.note.as_ref()
    }

    /// A note, or the bare text of one if nothing was seen yet.
    fn parse(bytes: &[u8]) -> Option<(Checkpoint, Option<SignedNote>)> {
        let text = std::str::from_utf8(bytes).ok()?;
        if let Ok(note) = SignedNote::parse(text) {
            return Some((Checkpoint::parse_text(note.text()).ok()?, Some(note)));
        }
        Some((Checkpoint::parse_text(text).ok()?, None))
    }
}

#[cfg(test)]
mod tests;
