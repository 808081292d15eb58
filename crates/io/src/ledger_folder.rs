//! The embedded ledger: one log in one folder, with two witnesses in the same process.
//!
//! In scope: durability in the order of §3 of the ledger specification: an entry is acknowledged when its batch is on
//! the disk; a head is signed when the guard is on the disk; a cosignature leaves when what its witness saw is on the
//! disk. Out of scope: the rules (`inkan-ledger`), serving (`inkan-server`), tiles and databases.
//!
//! | Path | What |
//! |---|---|
//! | `LOCK` | held by the one writer, with its process id |
//! | `journal/<first index>.jnl` | the leaves |
//! | `params/<hex>` | parameters documents |
//! | `guard/checkpoint` | what the log signed last |
//! | `witness/<name>/seen`, `witness/<name>/key` | what a witness cosigned last, and its key |
//! | `keys/log` | the log's key |
//! | `notes/<size>` | the first cosigned note of each size |
//! | `checkpoint` | the newest note |
//! | `policy` | which keys verifiers may pin |
//! | `public/<host>/…` | DID logs and status lists as gateways serve them |

use std::path::Path;
use std::sync::Arc;

use inkan_core::encoding::b64;
use inkan_core::{CryptoRng, Timestamp, sha256};
use inkan_crypto::Signer;
use inkan_ledger::checkpoint::is_origin;
use inkan_ledger::epoch::Parameters;
use inkan_ledger::log::{Prepared, Submission};
use inkan_ledger::note::{NOTE_LIMIT, SignatureLine};
use inkan_ledger::tree::{TreeHead, verify_consistency};
use inkan_ledger::witness::{WitnessError, admit};
use inkan_ledger::{
    Checkpoint, Claims, EntryId, Kind, LeafHash, LogPolicy, NodeHash, SignedEntry, SignedNote,
};

mod error;
mod journal;
mod layout;
mod public;
mod reader;
mod view;

pub use error::LedgerFolderError;
pub use reader::{LedgerReader, LedgerStatus};
pub use view::View;

use crate::files::{self, Access};
use crate::note_key::{NoteSigner, Purpose};
use crate::sequencer::Acknowledged;
use journal::Journal;
use layout::{Layout, WriterLock};
use reader::{Shared, is_ledger, read_note};

/// Operators of the witnesses that run in the same process.
const WITNESSES: [&str; 2] = ["w1", "w2"];

/// The one writer of a ledger folder.
#[derive(Debug)]
pub struct LedgerFolder {
    reader: LedgerReader,
    journal: Journal,
    log_key: NoteSigner,
    witnesses: Vec<Witness>,
    _lock: WriterLock,
}

/// A witness in this process.
#[derive(Debug)]
struct Witness {
    name: &'static str,
    signer: NoteSigner,
}

/// An acknowledged entry: it is durable here, and no receipt yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Its place in the log.
    pub leaf_index: u64,
    /// Whether it was recorded now.
    pub standing: Standing,
}

/// Whether an entry is new to the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It was recorded now.
    New,
    /// It stood there already.
    Duplicate,
}

impl LedgerFolder {
    /// Makes a ledger named `origin` in a folder, with keys of its own and of two witnesses.
    ///
    /// After a crash in the middle it can be called again.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Exists`], [`LedgerFolderError::Origin`], and those of [`Self::open`].
    pub fn create(
        path: &Path,
        origin: &str,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        // The longest name of a witness is the origin and three characters more.
        if !is_origin(origin) || origin.contains("..") {
            return Err(LedgerFolderError::Origin { origin: origin.to_owned() });
        }
        layout.create(&WITNESSES)?;
        let lock = WriterLock::take(&layout)?;
        if is_ledger(&layout)? {
            return Err(LedgerFolderError::Exists { path: path.to_path_buf() });
        }
        let log_key = NoteSigner::create(&layout.log_key(), origin, Purpose::Log, rng)?;
        if log_key.key.name() != origin {
            return Err(LedgerFolderError::Malformed { path: layout.log_key() });
        }
        let mut witnesses = Vec::new();
        for name in WITNESSES {
            let path = layout.witness_key(name);
            let key_name = format!("{origin}/{name}");
            let signer = NoteSigner::create(&path, &key_name, Purpose::Witness, rng)?;
            witnesses.push((name.to_owned(), signer.key));
        }
        let (document, digest) = Parameters::default()
            .genesis_document()
            .map_err(|_| LedgerFolderError::Malformed { path: layout.params() })?;
        files::write_atomic(&layout.params().join(digest.to_hex()), &document, Access::Public)?;
        let nothing = TreeHead { tree_size: 0, root_hash: NodeHash::empty() };
        for path in guards(&layout) {
            write_head(&path, origin, nothing)?;
        }
        let policy = LogPolicy::text_of_all(&log_key.key, &witnesses);
        files::write_atomic(&layout.policy(), policy.as_bytes(), Access::Public)?;
        Self::open_locked(layout, lock, now)
    }

    /// Opens the ledger in a folder for writing, and finishes what a crash interrupted.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Locked`] while another process writes; [`LedgerFolderError::NotFound`];
    /// [`LedgerFolderError::JournalDamaged`], [`LedgerFolderError::LeavesDamaged`],
    /// [`LedgerFolderError::GuardMissing`] and [`LedgerFolderError::GuardBehind`] if the disk does not hold what was
    /// signed; [`LedgerFolderError::File`].
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        if !is_ledger(&layout)? {
            return Err(LedgerFolderError::NotFound { path: path.to_path_buf() });
        }
        let lock = WriterLock::take(&layout)?;
        Self::open_locked(layout, lock, now)
    }

    fn open_locked(
        layout: Layout,
        lock: WriterLock,
        now: Timestamp,
    ) -> Result<Self, LedgerFolderError> {
        let published = read_note(&layout.checkpoint())?;
        let contents = journal::read(&layout.journal())?;
        let (shared, contents) = Shared::load(layout, contents, published)?;
        check_guards(&shared)?;
        shared.log.check_map().map_err(|error| LedgerFolderError::LeavesDamaged(Some(error)))?;
        let layout = &shared.layout;
        let log_key = NoteSigner::read(&layout.log_key(), Purpose::Log)?;
        let mut witnesses = Vec::new();
        for name in WITNESSES {
            let signer = NoteSigner::read(&layout.witness_key(name), Purpose::Witness)?;
            witnesses.push(Witness { name, signer });
        }
        let journal = Journal::open(&layout.journal(), &contents)?;
        let reader = LedgerReader { shared: Arc::new(shared) };
        let mut folder = Self { reader, journal, log_key, witnesses, _lock: lock };
        if folder.has_unfinished_checkpoint() || folder.log_size() == 0 {
            folder.checkpoint(now)?;
        }
        Ok(folder)
    }

    /// The ledger as it is now, for reading.
    #[must_use]
    pub const fn reader(&self) -> &LedgerReader {
        &self.reader
    }

    /// Checks an entry and makes it durable. A checkpoint must follow before there is a receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Rejected`] by a rule; [`LedgerFolderError::File`] if it could not be written: then nothing
    /// was recorded, unless [`LedgerFolderError::Unconfirmed`] follows; send it again after opening the ledger again.
    pub fn submit(
        &mut self,
        kind: Kind,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Accepted, LedgerFolderError> {
        if self.has_unfinished_checkpoint() {
            // An epoch leaf is always the last of a checkpoint: finish that before anything follows.
            self.checkpoint(now)?;
        }
        match self.reader.shared.log.prepare(kind, body, now)? {
            Submission::Duplicate { leaf_index } => {
                Ok(Accepted { leaf_index, standing: Standing::Duplicate })
            }
            Submission::New(prepared) => {
                let leaf_index = self.record(*prepared)?;
                Ok(Accepted { leaf_index, standing: Standing::New })
            }
        }
    }

    /// As [`Self::submit`], and says all that the answer of a node says.
    pub(crate) fn submit_entry(
        &mut self,
        kind: Kind,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Acknowledged, LedgerFolderError> {
        let Accepted { leaf_index, standing } = self.submit(kind, body, now)?;
        let damaged = |error| LedgerFolderError::LeavesDamaged(Some(error));
        let leaf = self.reader.shared.log.leaf(leaf_index).map_err(damaged)?;
        let entry_id = match kind {
            Kind::Did => inkan_ledger::state::parse_did_body(leaf.body())
                .ok()
                .map(|entry| EntryId::did(entry.scid(), entry.version_id())),
            Kind::Epoch
            | Kind::Issuance
            | Kind::Countersignature
            | Kind::Status
            | Kind::Trust
            | Kind::Anchor
            | Kind::Once => {
                SignedEntry::parse(kind, leaf.body()).ok().map(|entry| entry.entry_id())
            }
        };
        let entry_id = entry_id.ok_or(LedgerFolderError::LeavesDamaged(None))?;
        let (leaf_hash, time) = (leaf.hash(), leaf.time());
        Ok(Acknowledged { leaf_index, leaf_hash, entry_id, time, standing })
    }

    /// Signs the promise of §3.6.
    pub(crate) fn promise(
        &self,
        leaves: &[(u64, LeafHash)],
        deadline: Timestamp,
    ) -> Result<SignedNote, LedgerFolderError> {
        let origin = self.reader.origin();
        let mut text = format!("inkan-promise/v1\n{origin}\n{}\n", deadline.seconds());
        for (index, hash) in leaves {
            text.push_str(&format!("{index} {}\n", b64(hash.digest().as_bytes())));
        }
        let mut note = SignedNote::new(text);
        let signature = self.log_key.secret.sign(note.text().as_bytes())?;
        let key = &self.log_key.key;
        note.put(SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature });
        Ok(note)
    }

    /// Covers all entries by a signed and cosigned head and publishes it; gives its size.
    ///
    /// Nothing new is signed if the newest checkpoint covers all entries already.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; what was acknowledged stays, and the next call or opening goes on.
    pub fn checkpoint(&mut self, now: Timestamp) -> Result<u64, LedgerFolderError> {
        if let Some(prepared) = self.reader.shared.log.prepare_epoch(now)? {
            self.record(prepared)?;
        }
        let size = self.log_size();
        let published = self.reader.shared.published.as_ref().map_or(0, |(size, _)| *size);
        if published < size {
            let layout = self.reader.shared.layout.clone();
            let note = match self.reader.shared.note_of(size)? {
                Some(note) => note,
                None => {
                    let note = self.sign(size, now)?;
                    let text = note.to_string();
                    files::write_atomic(&layout.note(size), text.as_bytes(), Access::Public)?;
                    note
                }
            };
            self.publish_files(published, size)?;
            self.publish_note(size, note)?;
            self.journal.roll(size)?;
        }
        Ok(size)
    }

    /// Has the witnesses cosign the newest head again, so that it is known to be the newest as of `now`.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoint`].
    pub fn refresh(&mut self, now: Timestamp) -> Result<u64, LedgerFolderError> {
        let size = self.checkpoint(now)?;
        let note = self.sign(size, now)?;
        self.publish_note(size, note)?;
        Ok(size)
    }

    /// Keeps a version of a status list, before the entry that records it is submitted. It is served from the
    /// checkpoint on that covers that entry.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Url`] if `uri` names no plain file; [`LedgerFolderError::StatusListRecorded`] if this
    /// version is recorded with another digest.
    pub fn put_status_list(
        &mut self,
        scid: &str,
        uri: &str,
        sequence: u64,
        bytes: &[u8],
    ) -> Result<(), LedgerFolderError> {
        let public = self.reader.shared.layout.public();
        let path = public::status_path(&public, scid, uri, sequence)
            .ok_or_else(|| LedgerFolderError::Url { url: uri.to_owned() })?;
        let recorded = self.reader.status_digest(scid, uri, sequence)?;
        if recorded.is_some_and(|digest| digest != sha256(&[bytes])) {
            return Err(LedgerFolderError::StatusListRecorded);
        }
        public::publish(&path, bytes, inkan_core::limits::STATUS_LIST)
    }

    fn log_size(&self) -> u64 {
        self.reader.shared.log.size()
    }

    /// Whether an epoch leaf waits for its head to be signed and published.
    fn has_unfinished_checkpoint(&self) -> bool {
        let Shared { log, published, .. } = &*self.reader.shared;
        let published = published.as_ref().map_or(0, |(size, _)| *size);
        log.epochs()
            .last()
            .is_some_and(|epoch| epoch.checked_add(1) == Some(log.size()) && published < log.size())
    }

    /// Durable first, then in memory.
    fn record(&mut self, prepared: Prepared) -> Result<u64, LedgerFolderError> {
        self.journal.append(prepared.leaf_index(), &[prepared.bytes()])?;
        let shared = Arc::make_mut(&mut self.reader.shared);
        shared.log.commit(prepared).map_err(|error| LedgerFolderError::LeavesDamaged(Some(error)))
    }

    /// Steps C5 to C7, then the witnesses.
    fn sign(&self, size: u64, now: Timestamp) -> Result<SignedNote, LedgerFolderError> {
        let Shared { layout, log, .. } = &*self.reader.shared;
        let damaged = |error| LedgerFolderError::LeavesDamaged(Some(error));
        let checkpoint = log.checkpoint(size).map_err(damaged)?;
        let proof =
            |from: u64| log.tree().consistency(from, size).map_err(|error| damaged(error.into()));
        // C5. What is signed continues what was signed.
        let guard = read_head(&layout.guard(), log.origin())?;
        if guard.tree_size > 0 {
            verify_consistency(&guard, &checkpoint.head(), &proof(guard.tree_size)?)
                .map_err(|_| LedgerFolderError::LeavesDamaged(None))?;
        }
        // C6, and only then C7.
        write_head(&layout.guard(), log.origin(), checkpoint.head())?;
        let mut note = checkpoint.sign(&self.log_key.key, &self.log_key.secret)?;
        for witness in &self.witnesses {
            let path = layout.witness_seen(witness.name);
            let seen = read_head(&path, log.origin())?;
            let refuse = |source: WitnessError| LedgerFolderError::Witness {
                name: witness.name.to_owned(),
                source,
            };
            let proof = proof(seen.tree_size)?;
            let admitted = admit(Some(&seen), &note, &self.log_key.key, &proof).map_err(refuse)?;
            write_head(&path, log.origin(), admitted.head())?;
            note.put(admitted.cosign(&witness.signer.key, &witness.signer.secret, now)?);
        }
        Ok(note)
    }

    fn publish_note(&mut self, size: u64, note: SignedNote) -> Result<(), LedgerFolderError> {
        let path = self.reader.shared.layout.checkpoint();
        files::write_atomic(&path, note.to_string().as_bytes(), Access::Public)?;
        Arc::make_mut(&mut self.reader.shared).published = Some((size, note));
        Ok(())
    }

    /// Writes what gateways serve of the leaves `from..size`.
    fn publish_files(&self, from: u64, size: u64) -> Result<(), LedgerFolderError> {
        let Shared { layout, log, .. } = &*self.reader.shared;
        let public = layout.public();
        for index in from..size {
            let Ok(leaf) = log.leaf(index) else { continue };
            match leaf.kind() {
                Kind::Did => {
                    if let Ok(entry) = inkan_ledger::state::parse_did_body(leaf.body()) {
                        public::publish_did(&public, log, entry.scid(), size)?;
                    }
                }
                Kind::Status => self.publish_status_list(leaf.body())?,
                Kind::Epoch
                | Kind::Issuance
                | Kind::Countersignature
                | Kind::Trust
                | Kind::Anchor
                | Kind::Once => {}
            }
        }
        Ok(())
    }

    /// Serves the version of a status list that an entry records, if it is at hand.
    fn publish_status_list(&self, body: &[u8]) -> Result<(), LedgerFolderError> {
        let Ok(entry) = SignedEntry::parse(Kind::Status, body) else { return Ok(()) };
        let Claims::Status(status) = entry.claims() else { return Ok(()) };
        let kept = self.reader.status_list(entry.scid(), &status.uri, status.sequence)?;
        let public = self.reader.shared.layout.public();
        match (kept, layout::public_path(&public, &status.uri)) {
            (Some(bytes), Some(path)) if sha256(&[&bytes]) == status.digest => {
                public::publish(&path, &bytes, inkan_core::limits::STATUS_LIST)
            }
            _ => Ok(()),
        }
    }
}

/// Records of what was signed and cosigned last.
fn guards(layout: &Layout) -> Vec<std::path::PathBuf> {
    let mut paths = vec![layout.guard()];
    paths.extend(WITNESSES.iter().map(|name| layout.witness_seen(name)));
    paths
}

/// Steps R2 to R4: the disk holds at least what was signed, and the same.
fn check_guards(shared: &Shared) -> Result<(), LedgerFolderError> {
    let Shared { layout, log, published, .. } = shared;
    for path in guards(layout) {
        let head = read_head(&path, log.origin())?;
        if log.tree().root(head.tree_size).ok() != Some(head.root_hash) {
            return Err(LedgerFolderError::LeavesDamaged(None));
        }
        if published.as_ref().is_some_and(|(size, _)| *size > head.tree_size) {
            return Err(LedgerFolderError::GuardBehind { path });
        }
    }
    Ok(())
}

fn read_head(path: &Path, origin: &str) -> Result<TreeHead, LedgerFolderError> {
    let Some(bytes) = files::read_optional(path, NOTE_LIMIT)? else {
        return Err(LedgerFolderError::GuardMissing { path: path.to_path_buf() });
    };
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| Checkpoint::parse_text(text).ok())
        .filter(|checkpoint| checkpoint.origin() == origin)
        .map(|checkpoint| checkpoint.head())
        .ok_or_else(|| LedgerFolderError::Malformed { path: path.to_path_buf() })
}

fn write_head(path: &Path, origin: &str, head: TreeHead) -> Result<(), LedgerFolderError> {
    let checkpoint = Checkpoint::new(origin, head)
        .map_err(|_| LedgerFolderError::Origin { origin: origin.to_owned() })?;
    Ok(files::write_atomic(path, checkpoint.to_text().as_bytes(), Access::Private)?)
}

#[cfg(test)]
mod tests;
