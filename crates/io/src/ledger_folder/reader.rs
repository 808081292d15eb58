//! Reading a ledger folder: from its files, without the lock, beside a writer if there is one.
//!
//! In scope: opening, what is known of the whole, which checkpoint is looked at. Out of scope: proofs (`view`), writing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkan_core::{Digest, Timestamp};
use inkan_ledger::receipt::claimed_existed_by;
use inkan_ledger::state::Equivocation;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{Checkpoint, EntryId, Kind, Leaf, LogPolicy, MapKey, SignedNote};

use super::error::LedgerFolderError;
use super::ids::Run;
use super::layout::Layout;
use super::state_db::StateDb;
use super::view::View;
use super::{edge, journal, public, recover};
use crate::files::{self, FileError};
use crate::map_store::MapReader;

/// Connections to the database that are kept: so many readers do not wait for each other.
const CONNECTIONS: usize = 4;
/// How often the list of runs is read again when one of them has gone meanwhile.
const TRIES: usize = 3;

/// A ledger folder for reading: each question is answered from the files as they are then. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LedgerReader {
    pub(crate) shared: Arc<Shared>,
    /// Which heads will do.
    judge: Arc<LogPolicy>,
}

/// All that readers and views look at.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) layout: Layout,
    pub(crate) policy_text: String,
    pub(crate) policy: LogPolicy,
    origin: String,
    idle: Mutex<Vec<StateDb>>,
    runs: Mutex<BTreeMap<u64, Arc<Run>>>,
    /// The map store, while the writer is in this process.
    map: Mutex<Option<MapReader>>,
    /// Leaves that were read to answer questions, so far.
    pub(crate) leaves_read: AtomicU64,
}

/// Lets readers use the writer's map store, until it is dropped: then nothing but the writer keeps the store open.
#[derive(Debug)]
pub(crate) struct LentMap(Arc<Shared>);

impl LentMap {
    pub(crate) fn lend(reader: &LedgerReader, map: MapReader) -> Self {
        *reader.shared.lock_map() = Some(map);
        Self(Arc::clone(&reader.shared))
    }
}

impl Drop for LentMap {
    fn drop(&mut self) {
        *self.0.lock_map() = None;
    }
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
    /// [`LedgerFolderError::NotFound`], [`LedgerFolderError::OlderLayout`] and others if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, LedgerFolderError> {
        let layout = Layout::new(path);
        let (policy_text, policy) = recover::read_policy(&layout)?;
        let malformed = || LedgerFolderError::Malformed { path: layout.policy() };
        let origin = policy.logs().first().ok_or_else(malformed)?.name().to_owned();
        let state = layout.state();
        if !super::layout::exists(&state)? {
            return Err(LedgerFolderError::StateMissing { path: state });
        }
        let (idle, runs) = Default::default();
        let map = Mutex::new(None);
        let leaves_read = AtomicU64::new(0);
        let shared = Shared { layout, policy_text, policy, origin, idle, runs, map, leaves_read };
        // Whoever opens a ledger hears at once that it cannot be read.
        shared.database(StateDb::newest_note)?;
        let judge = Arc::new(shared.policy.clone());
        Ok(Self { shared: Arc::new(shared), judge })
    }

    /// The same for somebody who asks for the cosigners of `policy`: views and receipts are of heads that it takes, as far
    /// as there are any. Else the policy of the log itself decides, as it is today.
    #[must_use]
    pub fn under(&self, policy: &LogPolicy) -> Self {
        Self { shared: Arc::clone(&self.shared), judge: Arc::new(policy.clone()) }
    }

    /// The newest checkpoint that the policy takes; none if it takes none of the newest.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn newest_taken(&self) -> Result<Option<View>, LedgerFolderError> {
        let newest = self.shared.newest()?;
        let found = match newest {
            Some(newest) if self.judge.claims_quorum(&newest.1) => Some(newest),
            Some((size, _)) => self.shared.newest_under(&self.judge, size)?,
            None => None,
        };
        Ok(found.map(|head| self.view(head)))
    }

    fn view(&self, head: (u64, SignedNote)) -> View {
        View::new(Arc::clone(&self.shared), head, Arc::clone(&self.judge))
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.origin
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

    /// Leaves that were read to answer questions, by all readers that are copies of this one: what questions cost.
    #[must_use]
    pub fn leaves_read(&self) -> u64 {
        self.shared.leaves_read.load(Ordering::Relaxed)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.layout.root()
    }

    /// What is known of the whole.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger cannot be read.
    pub fn status(&self) -> Result<LedgerStatus, LedgerFolderError> {
        let shared = &self.shared;
        let newest = shared.newest()?;
        let size = newest.as_ref().map_or(0, |(size, _)| *size);
        let checkpoints = shared.database(|db| db.checkpoints(size))?;
        let head = newest.as_ref().and_then(|(_, note)| head_of(note));
        let (leaves, last) = shared.last_leaf(size)?;
        Ok(LedgerStatus {
            origin: shared.origin.clone(),
            size,
            root: head.map(|head| head.root_hash.digest().to_hex()).unwrap_or_default(),
            leaves,
            leaf_time: last.as_ref().map(Leaf::time),
            checkpoints: usize::try_from(checkpoints).unwrap_or(usize::MAX),
            existed_by: newest.and_then(|(_, note)| claimed_existed_by(&note, &shared.policy)),
            witnesses: shared.policy.witnesses().iter().map(|w| w.name().to_owned()).collect(),
        })
    }

    /// The checkpoint of exactly this size, with the note of its first quorum; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if its note cannot be read.
    pub fn view_of(&self, size: u64) -> Result<Option<View>, LedgerFolderError> {
        let note = self.shared.database(|db| db.note_of(size))?;
        Ok(note.map(|note| self.view((size, note))))
    }

    /// The newest checkpoint that had been seen by the quorum at `time`; the newest of all for `None`, which is one that the
    /// policy takes if it takes any.
    ///
    /// `None` if there was none yet.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if a note cannot be read.
    pub fn view_at(&self, time: Option<Timestamp>) -> Result<Option<View>, LedgerFolderError> {
        let Some(time) = time else {
            return match self.newest_taken()? {
                Some(view) => Ok(Some(view)),
                None => Ok(self.shared.newest()?.map(|head| self.view(head))),
            };
        };
        Ok(self.shared.seen_by(&self.judge, time)?.map(|head| self.view(head)))
    }

    /// The newest note that the log signed, with a quorum or without one yet; what is served as `/checkpoint`.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if it cannot be read.
    pub fn signed_note(&self) -> Result<Option<SignedNote>, LedgerFolderError> {
        recover::read_note(&self.shared.layout.checkpoint())
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
        match public::status_path(&self.shared.layout.public(), scid, uri, sequence) {
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
        let shared = &self.shared;
        if let Some(digest) = shared.covered_status(scid, uri, sequence)? {
            return Ok(Some(digest));
        }
        let contents = journal::read(&shared.layout.journal())?;
        let leaves = contents.leaves.iter().filter_map(|leaf| Leaf::parse(leaf).ok());
        Ok(leaves.into_iter().find_map(|leaf| status_of(&leaf, scid, uri, sequence)))
    }

    /// Forks of a DID that were shown to the ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if they cannot be read.
    pub fn equivocations(&self, scid: &str) -> Result<Vec<Equivocation>, LedgerFolderError> {
        self.shared.database(|db| db.forks(scid))
    }

    /// A parameters document, by its SHA-256.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if it cannot be read.
    pub fn parameters(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerFolderError> {
        let path = self.shared.layout.params().join(digest.to_hex());
        let found = files::read_optional(&path, inkan_ledger::parameters::PARAMS_LIMIT)?;
        Ok(found.filter(|document| inkan_core::sha256(&[document]) == *digest))
    }
}

/// The digest that a leaf records for this version of a status list, if it is its leaf.
pub(crate) fn status_of(leaf: &Leaf, scid: &str, uri: &str, sequence: u64) -> Option<Digest> {
    let (signer, status) = public::recorded(leaf)?;
    let same = signer == scid && status.uri == uri && status.sequence == sequence;
    same.then_some(status.digest)
}

fn head_of(note: &SignedNote) -> Option<TreeHead> {
    Checkpoint::parse_text(note.text()).ok().map(|checkpoint| checkpoint.head())
}

impl Shared {
    /// Asks the database, on a connection of one's own.
    pub(crate) fn database<T, E: Into<LedgerFolderError>>(
        &self,
        ask: impl FnOnce(&StateDb) -> Result<T, E>,
    ) -> Result<T, LedgerFolderError> {
        let idle = self.idle().pop();
        let db = match idle {
            Some(db) => db,
            None => StateDb::open_reader(&self.layout.state())?,
        };
        let answer = ask(&db).map_err(Into::into);
        let mut idle = self.idle();
        // A connection that failed may see a file that is no more.
        if answer.is_ok() && idle.len() < CONNECTIONS {
            idle.push(db);
        }
        answer
    }

    fn idle(&self) -> MutexGuard<'_, Vec<StateDb>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The map store, if the writer is in this process.
    pub(crate) fn map(&self) -> Option<MapReader> {
        self.lock_map().clone()
    }

    fn lock_map(&self) -> MutexGuard<'_, Option<MapReader>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest note with a quorum, and its size.
    pub(crate) fn newest(&self) -> Result<Option<(u64, SignedNote)>, LedgerFolderError> {
        self.database(StateDb::newest_note)
    }

    /// Where the entry with this id stands, if a stored checkpoint covers it.
    pub(crate) fn lookup(&self, id: &EntryId) -> Result<Option<u64>, LedgerFolderError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (recent, runs) =
                self.database(|db| Ok::<_, LedgerFolderError>((db.recent(id)?, db.runs()?)))?;
            if recent.is_some() {
                return Ok(recent);
            }
            match self.find_in_runs(&runs, id) {
                // A merge took them meanwhile.
                Err(LedgerFolderError::File(FileError::Missing { .. })) if tries < TRIES => {}
                found => return found,
            }
        }
    }

    fn find_in_runs(
        &self,
        runs: &[(u64, u64)],
        id: &EntryId,
    ) -> Result<Option<u64>, LedgerFolderError> {
        for (number, _) in runs {
            if let Some(place) = self.run(*number, runs)?.find(id)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn run(&self, number: u64, current: &[(u64, u64)]) -> Result<Arc<Run>, LedgerFolderError> {
        let mut open = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = open.get(&number) {
            return Ok(Arc::clone(run));
        }
        open.retain(|number, _| current.iter().any(|(run, _)| run == number));
        let run = Arc::new(Run::open(&self.layout.ids(), number, false)?);
        open.insert(number, Arc::clone(&run));
        Ok(run)
    }

    pub(crate) fn covered_status(
        &self,
        scid: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Digest>, LedgerFolderError> {
        let key = MapKey::status(scid, uri);
        let history = self.database(|db| db.history(&key, u64::MAX))?;
        let recorded = history.into_iter().find(|value| value.sequence == sequence);
        let Some(value) = recorded else { return Ok(None) };
        let stored = self.database(StateDb::standing)?;
        let size = stored.map_or(0, |standing| standing.size());
        let leaf = edge::read_entry(self.layout.root(), value.leaf_index, size)?;
        let leaf = Leaf::parse(&leaf).ok().filter(|leaf| leaf.kind() == Kind::Status);
        Ok(leaf.and_then(|leaf| status_of(&leaf, scid, uri, sequence)))
    }

    /// How many leaves are durable, and the last of them.
    fn last_leaf(&self, size: u64) -> Result<(u64, Option<Leaf>), LedgerFolderError> {
        // The writer removes a segment only when the tiles hold its leaves: look again then.
        let contents = match journal::read(&self.layout.journal()) {
            Err(LedgerFolderError::File(FileError::Missing { .. })) => {
                journal::read(&self.layout.journal())?
            }
            read => read?,
        };
        let leaves = contents.next().max(size);
        let last = match contents.leaves.last() {
            Some(leaf) if contents.next() >= size => Some(Arc::from(leaf.as_slice())),
            Some(_) | None => match size.checked_sub(1) {
                Some(last) => Some(edge::read_entry(self.layout.root(), last, size)?),
                None => None,
            },
        };
        Ok((leaves, last.and_then(|leaf: Arc<[u8]>| Leaf::parse(&leaf).ok())))
    }

    /// Whether a leaf that no checkpoint covers is durable.
    pub(crate) fn is_durable(&self, index: u64) -> Result<bool, LedgerFolderError> {
        Ok(index < journal::read(&self.layout.journal())?.next())
    }
}
