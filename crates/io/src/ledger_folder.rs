//! The log on disk: one log in one folder, with one writer, and readers beside it.
//!
//! In scope: durability in the order of §3 of the ledger specification: an entry is acknowledged when its batch is on
//! the disk; a head is signed when the guard is on the disk; a cosignature leaves when what its witness saw is on the
//! disk. Out of scope: the rules (`inkan-ledger`), many submitters at once (`sequencer`), serving (`inkan-server`).
//!
//! | Path | What |
//! |---|---|
//! | `LOCK` | held by the one writer, with its process id |
//! | `tile/…`, `checkpoint` | the log as static files (C2SP tlog-tiles) |
//! | `journal/<first index>.jnl` | the leaves since the last checkpoint |
//! | `state.db`, `ids/<n>.run` | what the leaves amount to; can be made again from the tiles |
//! | `map.pages` | the map as a tree; can be made again from the state |
//! | `params/<hex>` | parameters documents |
//! | `guard/checkpoint.db` | what the log signed last; can *not* be made again, and is never restored from a copy |
//! | `witness/<name>/seen`, `witness/<name>/key` | what a witness in this process cosigned last, and its key |
//! | `keys/log` | the log's key |
//! | `policy` | which keys verifiers may pin |
//! | `public/<host>/…` | DID logs and status lists as gateways serve them |

use std::path::Path;
use std::sync::Arc;

use inkan_core::{CryptoRng, Timestamp};
use inkan_ledger::checkpoint::is_origin;
use inkan_ledger::epoch::Parameters;
use inkan_ledger::state::Candidate;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{Kind, LogPolicy, SignedNote};

mod adopt;
mod amend;
mod base;
mod choice;
mod database;
mod edge;
mod engine;
mod error;
mod guard;
mod ids;
mod journal;
mod layout;
pub(crate) mod leftover;
mod map_lane;
mod newest;
mod places;
mod public;
mod public_lane;
mod reader;
mod recover;
mod seal;
mod state_db;
mod steps;
mod view;

/// What the sequencer runs on its threads.
pub(crate) mod sealing {
    pub(crate) use super::base::IdIndex;
    pub(crate) use super::engine::Recorded;
    pub(crate) use super::public::Gateway;
    pub(crate) use super::seal::{SealJob, Sealer, consistency_on_disk};
}

pub use adopt::{AdoptOptions, Adopted};
pub use database::StoreFailed;
pub use error::LedgerFolderError;
pub use places::public_path;
pub use public::GatewayMetrics;
pub(crate) use public::status_path;
pub use reader::{LedgerReader, LedgerStatus};
pub use steps::{Step, Steps};
pub use view::{DidVersion, View};

use crate::cosigner::{Cosigner, Seen};
use crate::files::layer::put;
use crate::files::{Access, FileError, FileLayer, SystemFiles};
use crate::note_key::{NoteKeyError, NoteSigner, Purpose};
use engine::Engine;
use guard::Guard;
use layout::{Layout, WriterLock};
use newest::Newest;
use reader::LentMap;
use recover::Opened;
use seal::Sealer;
use state_db::StateDb;

/// Operators of the witnesses that run in the same process.
const WITNESSES: [&str; 2] = ["w1", "w2"];

/// What the log in a folder signed last, by its guard; as long as the lock is held, nobody writes there. For mending a
/// folder that cannot be opened.
pub(crate) fn signed_head(path: &Path) -> Result<(TreeHead, WriterLock), LedgerFolderError> {
    let layout = Layout::new(path);
    let (_, policy) = recover::read_policy(&layout)?;
    let lock = WriterLock::take(&layout)?;
    let malformed = || LedgerFolderError::Malformed { path: layout.policy() };
    let origin = policy.logs().first().ok_or_else(malformed)?.name();
    Ok((Guard::open(&layout.guard(), origin)?.head(), lock))
}

/// The one writer of a ledger folder.
#[derive(Debug)]
pub struct LedgerFolder {
    reader: LedgerReader,
    _map: LentMap,
    engine: Engine,
    sealer: Sealer,
    cosigners: Vec<Box<dyn Cosigner>>,
    newest: Newest,
    _lock: WriterLock,
}

/// The writer without what makes checkpoints, which a sequencer has on another thread.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) reader: LedgerReader,
    _map: LentMap,
    pub(crate) engine: Engine,
    /// What came of asking cosigners at the opening.
    pub(crate) newest: Newest,
    _lock: WriterLock,
}

/// An acknowledged entry: it is durable here, and no receipt yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Its place in the log.
    pub leaf_index: u64,
    /// Whether it was recorded now.
    pub standing: Standing,
}

/// A ledger whose making was interrupted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfinished {
    /// The name it was to have, if its key is there already.
    pub origin: Option<String>,
}

/// Whether an entry is new to the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It was recorded now.
    New,
    /// It stood there already.
    Duplicate,
}

/// How a ledger is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The operator says that the clock is right, though it is far behind the last leaf, or jumped: an operator event.
    pub accept_clock: bool,
    /// Whether files of gateways are written below `public`.
    pub gateway: bool,
    /// Bytes of the disk that entries may not use.
    pub reserve: u64,
    /// Through which everything but the databases is written.
    pub layer: Arc<dyn FileLayer>,
    /// Who is told of each step.
    pub steps: Steps,
    /// The parameters that a new ledger begins with; nothing else looks at them.
    pub parameters: Parameters,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            accept_clock: false,
            gateway: true,
            reserve: 256 << 20,
            layer: Arc::new(SystemFiles),
            steps: Steps::default(),
            parameters: Parameters::default(),
        }
    }
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
        Self::create_with(path, origin, &OpenOptions::default(), rng, now)
    }

    /// As [`Self::create`], with options.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub fn create_with(
        path: &Path,
        origin: &str,
        options: &OpenOptions,
        rng: &mut impl CryptoRng,
        now: Timestamp,
    ) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        // The longest name of a witness is the origin and three characters more.
        if !is_origin(origin) || origin.contains("..") {
            return Err(LedgerFolderError::Origin { origin: origin.to_owned() });
        }
        let layer = &*options.layer;
        layout.create(layer, &WITNESSES)?;
        let lock = WriterLock::take(&layout)?.and_guard(&layout, origin)?;
        if layout::exists(&layout.policy())? {
            let (_, policy) = recover::read_policy(&layout)?;
            let whole = layout::exists(&layout.checkpoint())?;
            if whole || origin_of(&layout, &policy)? != origin {
                return Err(LedgerFolderError::Exists { path: path.to_path_buf() });
            }
            // The policy is the last of what is made; only the first checkpoint was interrupted.
            return Self::open_locked(&layout, lock, options, now);
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
            Seen::create(&layout.witness_seen(name), origin)?;
            witnesses.push((name.to_owned(), signer.key));
        }
        let (document, digest) =
            options.parameters.genesis_document().map_err(inkan_ledger::Rejection::from)?;
        put(layer, &layout.params().join(digest.to_hex()), &document, Access::Public)?;
        Guard::create(layer, &layout.guard(), origin)?;
        drop(StateDb::open(&layout.state())?);
        database::sync_folder_of(layer, &layout.state())?;
        let policy = LogPolicy::text_of_all(&log_key.key, &witnesses);
        put(layer, &layout.policy(), policy.as_bytes(), Access::Public)?;
        Self::open_locked(&layout, lock, options, now)
    }

    /// Opens the ledger in a folder for writing, and finishes what a crash interrupted.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Locked`] while another process writes; [`LedgerFolderError::NotFound`];
    /// [`LedgerFolderError::JournalDamaged`], [`LedgerFolderError::LeavesDamaged`],
    /// [`LedgerFolderError::TileDamaged`], [`LedgerFolderError::GuardMissing`] and
    /// [`LedgerFolderError::GuardBehind`] if the disk does not hold what was signed; [`LedgerFolderError::Cosigner`] if a
    /// cosigner has seen more; [`LedgerFolderError::CosignersSilent`] after an adoption; [`LedgerFolderError::File`].
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, LedgerFolderError> {
        Self::open_with(path, &OpenOptions::default(), now)
    }

    /// As [`Self::open`], with options.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_with(
        path: &Path,
        options: &OpenOptions,
        now: Timestamp,
    ) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        let (_, policy) = recover::read_policy(&layout)?;
        let lock = WriterLock::take(&layout)?.and_guard(&layout, origin_of(&layout, &policy)?)?;
        Self::open_locked(&layout, lock, options, now)
    }

    fn open_locked(
        layout: &Layout,
        lock: WriterLock,
        options: &OpenOptions,
        now: Timestamp,
    ) -> Result<Self, LedgerFolderError> {
        let mut cosigners = newest::local(layout)?;
        let opened = recover::open(layout, options, &mut cosigners, now)?;
        let Opened { engine, sealer, publish, newest } = opened;
        let reader = LedgerReader::open(layout.root())?;
        let _map = LentMap::lend(&reader, engine.map.reader());
        let mut folder = Self { reader, _map, engine, sealer, cosigners, newest, _lock: lock };
        if publish {
            folder.publish(now)?;
        }
        if folder.engine.machine.size() == 0 || !folder.engine.events.is_empty() {
            folder.checkpoint(now)?;
        }
        let size = folder.sealer.guard.head().tree_size;
        leftover::sweep_edge(layout.root(), size, leftover::KEEP, now);
        Ok(folder)
    }

    /// Puts the guard's record in place again, which was lost: the head that is published in the folder, unless somebody has
    /// seen more. The log will say so.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::GuardInOrder`] if nothing was lost; [`LedgerFolderError::GuardBehind`],
    /// [`LedgerFolderError::Cosigner`] and [`LedgerFolderError::WitnessBehind`] if more was signed than the folder holds;
    /// [`LedgerFolderError::CosignersSilent`] if that could not be asked; those of [`Self::open`].
    pub fn adopt_guard(path: &Path, options: &AdoptOptions) -> Result<Adopted, LedgerFolderError> {
        adopt::adopt(&Layout::new(path), options)
    }

    /// Name and policy of the log in a folder, for those who need nothing else of it.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NotFound`], [`LedgerFolderError::OlderLayout`], [`LedgerFolderError::Malformed`].
    pub fn policy(path: &Path) -> Result<(String, LogPolicy), LedgerFolderError> {
        let layout = Layout::new(path);
        let (_, policy) = recover::read_policy(&layout)?;
        Ok((origin_of(&layout, &policy)?.to_owned(), policy))
    }

    /// Whether a folder holds a ledger whose making was interrupted, to be finished by calling [`Self::create`] again.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::File`] if the folder cannot be looked at; [`LedgerFolderError::Key`].
    pub fn unfinished(path: &Path) -> Result<Option<Unfinished>, LedgerFolderError> {
        let layout = Layout::new(path);
        if !layout.is_unfinished()? {
            return Ok(None);
        }
        let origin = match NoteSigner::read(&layout.log_key(), Purpose::Log) {
            Ok(signer) => Some(signer.key.name().to_owned()),
            Err(NoteKeyError::File(FileError::Missing { .. })) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Unfinished { origin }))
    }

    /// Cosigners with a monitoring URL that did not answer when the ledger was opened (R8): what they have seen is unknown.
    #[must_use]
    pub fn silent(&self) -> &[String] {
        &self.newest.silent
    }

    /// Witnesses of the ledger's own policy that nobody here can ask for a cosignature: their key is not in the folder, and
    /// `cosigners` has no address of them.
    #[must_use]
    pub fn unattended(&self) -> &[String] {
        &self.newest.unattended
    }

    /// The ledger for reading.
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
        self.finish_checkpoint(now)?;
        let candidate = Candidate::parse(kind, body.to_vec())?;
        self.engine.check_clock(now)?;
        self.engine.check_room()?;
        self.engine.begin()?;
        let taken = self.engine.take(&candidate, now);
        self.engine.commit()?;
        Ok(taken?.accepted)
    }

    /// Checks entries, each as following those before it, and makes them durable together: all of them or none.
    ///
    /// # Errors
    ///
    /// As [`Self::submit`], of the first that is refused.
    pub fn submit_all(
        &mut self,
        entries: &[(Kind, &[u8])],
        now: Timestamp,
    ) -> Result<Vec<Accepted>, LedgerFolderError> {
        self.finish_checkpoint(now)?;
        let parse = |(kind, body): &(Kind, &[u8])| Candidate::parse(*kind, body.to_vec());
        let candidates = entries.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        self.engine.check_clock(now)?;
        self.engine.check_room()?;
        self.engine.begin()?;
        let taken: Result<Vec<_>, _> =
            candidates.iter().map(|candidate| self.engine.take(candidate, now)).collect();
        if taken.is_err() {
            self.engine.machine.undo();
            self.engine.begin()?;
        }
        self.engine.commit()?;
        Ok(taken?.into_iter().map(|recorded| recorded.accepted).collect())
    }

    /// Checks an import (§6.6 of the ledger specification) and makes it durable: all of its entries or none.
    ///
    /// # Errors
    ///
    /// As [`Self::submit`].
    pub fn submit_import(
        &mut self,
        bodies: Vec<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, LedgerFolderError> {
        self.finish_checkpoint(now)?;
        self.engine.check_clock(now)?;
        let parse = |body| Candidate::parse(Kind::Did, body);
        let candidates = bodies.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        self.engine.check_room()?;
        self.engine.begin()?;
        let taken = self.engine.take_import(&candidates, now);
        if taken.is_err() {
            self.engine.machine.undo();
            self.engine.begin()?;
        }
        self.engine.commit()?;
        Ok(taken?.into_iter().map(|recorded| recorded.accepted).collect())
    }

    /// Covers all entries by a signed and cosigned head and publishes it; gives its size.
    ///
    /// Nothing new is signed if the newest checkpoint covers all entries already.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`]; what was acknowledged stays, and the next call or opening goes on.
    pub fn checkpoint(&mut self, now: Timestamp) -> Result<u64, LedgerFolderError> {
        self.finish_checkpoint(now)?;
        if let Some(job) = self.engine.seal(now)? {
            self.engine.waiting = Some(Box::new(job));
            self.finish_checkpoint(now)?;
        }
        Ok(self.sealer.guard.head().tree_size)
    }

    /// C2 to C11 of a checkpoint whose epoch leaf is durable.
    fn finish_checkpoint(&mut self, now: Timestamp) -> Result<(), LedgerFolderError> {
        let Some(job) = self.engine.waiting.take() else { return Ok(()) };
        let sealed = match self.sealer.seal(&job) {
            Ok(sealed) => sealed,
            Err(error) => {
                self.engine.stopped |= !error.is_full();
                // An epoch leaf is always the last of a checkpoint: nothing follows it before that is made.
                self.engine.waiting = Some(job);
                return Err(error);
            }
        };
        let covered = self.sealer.published.0;
        self.engine.sealed(&job, sealed.index, covered)?;
        self.cosign(&sealed.note, now)
    }

    /// R9, and C11 again: the guard's own head is signed, published and cosigned.
    fn publish(&mut self, now: Timestamp) -> Result<(), LedgerFolderError> {
        let note = self.sealer.sign()?;
        self.sealer.publish(self.sealer.guard.head().tree_size, &note, false)?;
        self.cosign(&note, now)
    }

    fn cosign(&mut self, note: &SignedNote, now: Timestamp) -> Result<(), LedgerFolderError> {
        let size = self.sealer.guard.head().tree_size;
        let failures = self.sealer.cosign(note, &mut self.cosigners, now)?;
        let covered = self.sealer.published == (size, true);
        match failures.into_iter().next() {
            Some((name, source)) if !covered || source.is_alarm() => {
                Err(LedgerFolderError::Witness { name, source })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Has the witnesses cosign the newest head again, so that it is known to be the newest as of `now`.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoint`].
    pub fn refresh(&mut self, now: Timestamp) -> Result<u64, LedgerFolderError> {
        let size = self.checkpoint(now)?;
        let note = self.sealer.sign()?;
        self.cosign(&note, now)?;
        Ok(size)
    }

    /// Keeps a version of a status list, before the entry that records it is submitted, or after. It is served from the
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
        self.engine.put_status_list(&self.reader, scid, uri, sequence, bytes)
    }

    /// Gives out what a sequencer runs on its threads.
    pub(crate) fn into_parts(self) -> (Parts, Sealer, Vec<Box<dyn Cosigner>>) {
        let Self { reader, _map, engine, sealer, cosigners, newest, _lock } = self;
        (Parts { reader, _map, engine, newest, _lock }, sealer, cosigners)
    }
}

impl Parts {
    /// As [`LedgerFolder::put_status_list`].
    pub(crate) fn put_status_list(
        &mut self,
        scid: &str,
        uri: &str,
        sequence: u64,
        bytes: &[u8],
    ) -> Result<(), LedgerFolderError> {
        self.engine.put_status_list(&self.reader, scid, uri, sequence, bytes)
    }
}

/// The name of the log that a policy is about.
fn origin_of<'a>(layout: &Layout, policy: &'a LogPolicy) -> Result<&'a str, LedgerFolderError> {
    let malformed = || LedgerFolderError::Malformed { path: layout.policy() };
    Ok(policy.logs().first().ok_or_else(malformed)?.name())
}

#[cfg(test)]
pub(crate) mod tests;
