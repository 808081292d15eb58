//! Reading a ledger folder: all of it in memory, without the lock, beside a writer if there is one.
//!
//! In scope: opening, what is known of the whole, views. Out of scope: proofs (`view`), writing (the parent).

use std::path::Path;
use std::sync::Arc;

use inkan_core::{Digest, Timestamp, sha256, tolerance};
use inkan_ledger::epoch::{Epoch, Parameters};
use inkan_ledger::note::NOTE_LIMIT;
use inkan_ledger::policy::POLICY_LIMIT;
use inkan_ledger::receipt::claimed_existed_by;
use inkan_ledger::{Checkpoint, Kind, Leaf, Log, LogPolicy, MapKey, SignedNote};

use super::error::LedgerFolderError;
use super::journal;
use super::layout::{self, Layout};
use super::view::View;
use crate::files;

/// The largest parameters document, and the largest status list, that is read.
const PARAMS_LIMIT: usize = 16_384;

/// A ledger folder as it was when it was opened; it is not changed by whoever reads it.
#[derive(Clone, Debug)]
pub struct LedgerReader {
    pub(super) shared: Arc<Shared>,
}

/// All that readers, views and the writer look at.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) layout: Layout,
    pub(super) policy_text: String,
    pub(super) policy: LogPolicy,
    pub(super) log: Log,
    /// The newest note, with the size it is of.
    pub(super) published: Option<(u64, SignedNote)>,
}

/// What is known of a ledger as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerStatus {
    /// Name of the log.
    pub origin: String,
    /// Leaves that the newest checkpoint covers; 0 without one.
    pub size: u64,
    /// Root over them, lower-case hexadecimal.
    pub root: String,
    /// Leaves in all: the rest waits for a checkpoint.
    pub leaves: u64,
    /// Ledger time of the last leaf.
    pub leaf_time: Option<Timestamp>,
    /// Checkpoints so far.
    pub checkpoints: usize,
    /// When the witnesses had seen the newest checkpoint.
    pub existed_by: Option<Timestamp>,
    /// Names of the witnesses.
    pub witnesses: Vec<String>,
}

impl LedgerReader {
    /// Opens the ledger in a folder for reading.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotFound`], [`LedgerFolderError::JournalDamaged`] and others if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        // The checkpoint first: the journal is ahead of it, never behind.
        let published = read_note(&layout.checkpoint())?;
        let contents = journal::read(&layout.journal())?;
        let (shared, _) = Shared::load(layout, contents, published)?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.shared.log.origin()
    }

    /// The tlog-policy that verifiers may pin for this log.
    #[must_use]
    pub fn policy_text(&self) -> &str {
        &self.shared.policy_text
    }

    /// The same, read.
    #[must_use]
    pub fn policy(&self) -> &LogPolicy {
        &self.shared.policy
    }

    /// What is known of the whole.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn status(&self) -> Result<LedgerStatus, LedgerFolderError> {
        let Shared { log, policy, published, .. } = &*self.shared;
        let size = published.as_ref().map_or(0, |(size, _)| *size);
        let last = log.size().checked_sub(1).and_then(|last| log.leaf(last).ok());
        Ok(LedgerStatus {
            origin: log.origin().to_owned(),
            size,
            root: log.tree().root(size).map(|root| root.digest().to_hex()).unwrap_or_default(),
            leaves: log.size(),
            leaf_time: last.map(Leaf::time),
            checkpoints: log.epochs().partition_point(|epoch| *epoch < size),
            existed_by: published.as_ref().and_then(|(_, note)| claimed_existed_by(note, policy)),
            witnesses: policy.witnesses().iter().map(|witness| witness.name().to_owned()).collect(),
        })
    }

    /// The checkpoint of exactly this size, with the note of its first quorum; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if its note cannot be read.
    pub fn view_of(&self, size: u64) -> Result<Option<View>, LedgerFolderError> {
        let note = self.shared.note_of(size)?;
        Ok(note.map(|note| View::new(Arc::clone(&self.shared), size, note)))
    }

    /// The newest checkpoint that had been seen by the quorum at `time`; the newest of all for `None`.
    ///
    /// `None` if there was none yet.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn view_at(&self, time: Option<Timestamp>) -> Result<Option<View>, LedgerFolderError> {
        let shared = &self.shared;
        let Some((newest, note)) = &shared.published else { return Ok(None) };
        let Some(time) = time else {
            return Ok(Some(View::new(Arc::clone(shared), *newest, note.clone())));
        };
        // No quorum saw an epoch leaf long before its own time: later ones need not be read.
        let latest = time.plus_seconds(tolerance::LEDGER_FUTURE);
        let epochs = shared.log.epochs();
        let known = |epoch: &u64| {
            *epoch < *newest && shared.log.leaf(*epoch).is_ok_and(|leaf| leaf.time() <= latest)
        };
        let candidates = epochs.partition_point(known);
        for epoch in epochs.iter().take(candidates).rev() {
            let size = epoch.saturating_add(1);
            let Some(note) = shared.note_of(size)? else { continue };
            if claimed_existed_by(&note, &shared.policy).is_some_and(|seen| seen <= time) {
                return Ok(Some(View::new(Arc::clone(shared), size, note)));
            }
        }
        Ok(None)
    }

    /// A version of a status list as it was served, by its entry's signer, URI and sequence number.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if it cannot be read.
    pub fn status_list(
        &self,
        scid: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, LedgerFolderError> {
        match super::public::status_path(&self.shared.layout.public(), scid, uri, sequence) {
            Some(path) => Ok(files::read_optional(&path, inkan_core::limits::STATUS_LIST)?),
            None => Ok(None),
        }
    }

    /// SHA-256 of the version of a status list that the log records, covered by a checkpoint or not.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn status_digest(
        &self,
        scid: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Digest>, LedgerFolderError> {
        let log = &self.shared.log;
        let history = log.state().history(&MapKey::status(scid, uri));
        let recorded = history.iter().find(|value| value.sequence == sequence);
        let Some(leaf) = recorded.and_then(|value| log.leaf(value.leaf_index).ok()) else {
            return Ok(None);
        };
        let entry = inkan_ledger::SignedEntry::parse(Kind::Status, leaf.body());
        Ok(entry.ok().and_then(|entry| entry.claims().status().map(|status| status.digest)))
    }
}

impl Shared {
    /// Puts together what was read; gives the journal's contents back without their leaves, for the writer.
    pub(super) fn load(
        layout: Layout,
        mut contents: journal::Contents,
        published: Option<SignedNote>,
    ) -> Result<(Self, journal::Contents), LedgerFolderError> {
        let path = layout.policy();
        let Some(text) = files::read_optional(&path, POLICY_LIMIT)? else {
            return Err(LedgerFolderError::NotFound { path: layout.root().to_path_buf() });
        };
        let malformed = || LedgerFolderError::Malformed { path: path.clone() };
        let policy_text = String::from_utf8(text).map_err(|_| malformed())?;
        let policy = LogPolicy::parse(&policy_text).map_err(|_| malformed())?;
        let origin = policy.logs().first().ok_or_else(malformed)?.name().to_owned();

        let leaves = std::mem::take(&mut contents.leaves);
        let (parameters, digest) = read_parameters(&layout, leaves.first())?;
        let mut log = Log::new(&origin, &parameters, digest)?;
        for leaf in &leaves {
            log.replay(leaf).map_err(|error| LedgerFolderError::LeavesDamaged(Some(error)))?;
        }
        let published = match published {
            None => None,
            Some(note) => {
                let size = Checkpoint::parse_text(note.text())
                    .ok()
                    .filter(|checkpoint| {
                        log.checkpoint(checkpoint.head().tree_size).as_ref() == Ok(checkpoint)
                    })
                    .ok_or(LedgerFolderError::LeavesDamaged(None))?
                    .head()
                    .tree_size;
                Some((size, note))
            }
        };
        Ok((Self { layout, policy_text, policy, log, published }, contents))
    }

    /// The first note of a size that is kept.
    pub(super) fn note_of(&self, size: u64) -> Result<Option<SignedNote>, LedgerFolderError> {
        read_note(&self.layout.note(size))
    }
}

/// Reads a note, if it is there.
pub(super) fn read_note(path: &Path) -> Result<Option<SignedNote>, LedgerFolderError> {
    let Some(bytes) = files::read_optional(path, NOTE_LIMIT)? else { return Ok(None) };
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| SignedNote::parse(text).ok())
        .map(Some)
        .ok_or_else(|| LedgerFolderError::Malformed { path: path.to_path_buf() })
}

/// The parameters that the genesis leaf names; of a log without leaves, the only ones there are.
fn read_parameters(
    layout: &Layout,
    genesis: Option<&Vec<u8>>,
) -> Result<(Parameters, Digest), LedgerFolderError> {
    let folder = layout.params();
    let malformed = || LedgerFolderError::Malformed { path: folder.clone() };
    let name = match genesis {
        Some(bytes) => Leaf::parse(bytes)
            .ok()
            .and_then(|leaf| Epoch::parse(leaf.body()).ok())
            .map(|epoch| epoch.params.to_hex())
            .ok_or(LedgerFolderError::LeavesDamaged(None))?,
        None => files::list(&folder, "")?.into_iter().next().ok_or_else(malformed)?,
    };
    let path = folder.join(&name);
    let document = files::read(&path, PARAMS_LIMIT)?;
    let digest = sha256(&[&document]);
    match Parameters::parse(&document) {
        Ok(parameters) if digest.to_hex() == name => Ok((parameters, digest)),
        Ok(_) | Err(_) => Err(LedgerFolderError::Malformed { path }),
    }
}

/// Whether there is a ledger in the folder.
pub(super) fn is_ledger(layout: &Layout) -> Result<bool, LedgerFolderError> {
    layout::exists(&layout.policy())
}
