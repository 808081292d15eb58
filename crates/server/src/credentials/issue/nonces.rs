//! Nonces that wallets answered in attestations: each counts once, also after a restart.
//!
//! Data flow: held, while what answers it is made; free again if that is not signed → on the disk, before anything of it is recorded or handed out → kept
//! as long as an attestation with it could be taken, whatever the ledger answers: what it took comes to light later. Then the wallet is asked anew.
//!
//! In scope: what was answered here. Out of scope: making nonces; who has credentials issued makes them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use inkan_core::{Digest, Timestamp, json, tolerance};
use inkan_io::files::{self, Access, FileError};
use serde_json::json;

use crate::credentials::answer::{Cause, Finding, Refusal};

/// How old an attestation may be that answers a nonce, in seconds: it was made for it.
pub(super) const FRESH: i64 = 86_400;
/// The most nonces that are remembered: three a second.
const NONCES: usize = 262_144;
/// The journal's most bytes, and those of a line.
const LIMIT: usize = 256 << 20;
const LINE: usize = 1 << 10;
/// So many lines more than there are nonces, and it is written anew.
const SLACK: usize = 4_096;
/// Its name, beside the journal of status lists, whose lock holds for both.
const NAME: &str = "attestation-nonces.jsonl";

/// The nonces, by digest.
#[derive(Debug, Default)]
pub(crate) struct UsedNonces(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    nonces: BTreeMap<Digest, Entry>,
    journal: Option<Journal>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    until: Timestamp,
    /// Whether it is on the disk, if anything is.
    is_written: bool,
}

#[derive(Debug)]
struct Journal {
    path: PathBuf,
    /// None after a write that failed: what stands there then is not known, and it is written anew.
    file: Option<File>,
    lines: usize,
}

/// A nonce that nobody else can answer. Dropped, it is free again, unless it is kept.
#[derive(Debug)]
#[must_use = "dropped, it is free again"]
pub(crate) struct Held<'a> {
    store: &'a UsedNonces,
    nonce: Digest,
    until: Timestamp,
    is_kept: bool,
}

/// Why the journal is not used.
#[derive(Debug, thiserror::Error)]
pub enum NoncesError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line is damaged: which nonces were used is not known.
    #[error("{path}: the journal of attestations' nonces is damaged in line {line}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

impl NoncesError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Malformed { .. } => "nonce-journal-malformed",
        }
    }
}

impl UsedNonces {
    /// Those that a folder's journal tells of and that still count; without a folder, in memory.
    pub(crate) fn open(folder: Option<&Path>, now: Timestamp) -> Result<Self, NoncesError> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let path = folder.join(NAME);
        let bytes = files::read_optional(&path, LIMIT)?.unwrap_or_default();
        // A last line without an end was never answered.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or_default();
        let mut nonces = BTreeMap::new();
        let lines = bytes.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
        for (line, number) in lines.zip(1..).filter(|(line, _)| !line.is_empty()) {
            let Some((nonce, until)) = read(line) else {
                return Err(NoncesError::Malformed { path, line: number });
            };
            nonces.insert(nonce, until);
        }
        let counting = nonces.into_iter().filter(|(_, until)| *until >= now);
        let nonces =
            counting.map(|(nonce, until)| (nonce, Entry { until, is_written: true })).collect();
        let mut journal = Journal { path, file: None, lines: 0 };
        journal.rewrite(&nonces)?;
        Ok(Self(Mutex::new(Known { nonces, journal: Some(journal) })))
    }

    /// Holds a nonce that was not answered yet.
    pub(super) fn hold(&self, nonce: Digest, now: Timestamp) -> Result<Held<'_>, Refusal> {
        let mut known = self.known();
        match known.nonces.get(&nonce) {
            Some(Entry { is_written: true, .. }) => {
                let detail =
                    "attestationNonce was answered already: an attestation is looked at once";
                return Err(Refusal::bad("nonce-invalid", detail));
            }
            Some(Entry { is_written: false, .. }) => {
                let detail = "attestationNonce is being answered by another request";
                return Err(unavailable(Cause::NonceHeld, detail));
            }
            None => {}
        }
        if known.nonces.len() >= NONCES {
            known.nonces.retain(|_, entry| entry.until >= now || !entry.is_written);
        }
        if known.nonces.len() >= NONCES {
            // To forget one that still counts would let it count twice.
            let detail = "more attestations were answered within a day than are remembered";
            return Err(unavailable(Cause::NoncesFull, detail));
        }
        // Whoever's clock is ahead has attestations that are fresh a little longer.
        let until = now.plus_seconds(FRESH.saturating_add(tolerance::CREDENTIAL));
        known.nonces.insert(nonce, Entry { until, is_written: false });
        drop(known);
        Ok(Held { store: self, nonce, until, is_kept: false })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing is left half done by a panic: lines go before what they tell of.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// It is used, for good and on the disk; so it has to be before anything is recorded or answered.
    pub(super) fn keep(mut self) -> Result<(), Refusal> {
        let mut known = self.store.known();
        let line = json!({ "nonce": self.nonce.to_hex(), "until": self.until.to_string() });
        known.append(&format!("{line}\n")).map_err(|_| {
            let detail = "that the attestation was looked at cannot be written down";
            unavailable(Cause::NoncesUnwritable, detail)
        })?;
        known.nonces.insert(self.nonce, Entry { until: self.until, is_written: true });
        drop(known);
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.store.known().nonces.remove(&self.nonce);
        }
    }
}

impl Known {
    fn append(&mut self, line: &str) -> Result<(), FileError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let is_long = journal.lines > self.nonces.len().saturating_mul(2).saturating_add(SLACK);
        if journal.file.is_none() || is_long {
            journal.rewrite(&self.nonces)?;
        }
        journal.append(line)
    }
}

impl Journal {
    fn append(&mut self, line: &str) -> Result<(), FileError> {
        // Taken, and given back only if all of it is on the disk.
        let Some(mut file) = self.file.take() else {
            let source = std::io::Error::from(std::io::ErrorKind::NotConnected);
            return Err(FileError::from_io(&self.path, source));
        };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|source| FileError::from_io(&self.path, source))?;
        self.file = Some(file);
        self.lines = self.lines.saturating_add(1);
        Ok(())
    }

    /// Writes it anew, with those that are used.
    fn rewrite(&mut self, nonces: &BTreeMap<Digest, Entry>) -> Result<(), FileError> {
        self.file = None;
        let used = nonces.iter().filter(|(_, entry)| entry.is_written);
        let lines: Vec<String> = used
            .map(|(nonce, Entry { until, .. })| {
                format!("{}\n", json!({ "nonce": nonce.to_hex(), "until": until.to_string() }))
            })
            .collect();
        files::write_atomic(&self.path, lines.concat().as_bytes(), Access::Private)?;
        let file = OpenOptions::new().append(true).open(&self.path);
        self.file = Some(file.map_err(|source| FileError::from_io(&self.path, source))?);
        self.lines = lines.len();
        Ok(())
    }
}

/// A line: a nonce, and until when it counts.
fn read(line: &[u8]) -> Option<(Digest, Timestamp)> {
    let value = json::parse(line, LINE).ok()?;
    let nonce = Digest::from_hex(json::text(&value, "nonce")?).ok()?;
    Some((nonce, Timestamp::parse_strict(json::text(&value, "until")?).ok()?))
}

fn unavailable(cause: Cause, detail: &str) -> Refusal {
    Refusal::Request(StatusCode::SERVICE_UNAVAILABLE, Finding::new(cause.code(), detail))
}

#[cfg(test)]
mod tests;
