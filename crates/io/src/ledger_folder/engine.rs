//! The append path and C1, C10 of the checkpoint path (§3.1, §3.2 of the ledger specification).
//!
//! In scope: batches: judged one after another, durable together, then in memory. Out of scope: who submits and who waits
//! (`sequencer`), C2 to C9 (`seal`).

use std::collections::VecDeque;
use std::sync::Arc;

use inkan_core::{Timestamp, sha256};
use inkan_ledger::epoch::MapRoot;
use inkan_ledger::parameters::{Announcement, OperatorEvent, ParametersDocument, ParametersError};
use inkan_ledger::state::{Candidate, ImportSubmission, Machine, Prepared, Submission};
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{EntryId, Kind, Leaf, LeafHash, MapKey, MapValue, Refusal, Rejection};

use super::base::{DiskBase, IdIndex};
use super::edge::{self, Edge};
use super::error::LedgerFolderError;
use super::journal::Journal;
use super::layout::Layout;
use super::map_lane::MapLane;
use super::public::{self, Gateway};
use super::reader::{self, LedgerReader};
use super::seal::SealJob;
use super::steps::{Step, Steps};
use super::{Accepted, Standing};
use crate::files::layer::put;
use crate::files::{Access, FileError, FileLayer};

/// States of the map that are kept for a quorum that does not come.
const KEPT: u32 = 64;

/// The log as its one writer holds it, but for what makes checkpoints.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) layout: Layout,
    pub(crate) layer: Arc<dyn FileLayer>,
    pub(crate) steps: Steps,
    pub(crate) machine: Machine<DiskBase>,
    pub(crate) journal: Journal,
    pub(crate) edge: Edge,
    pub(crate) map: MapLane,
    /// Leaves that no stored checkpoint covers, from this place on.
    pub(crate) uncovered: Uncovered,
    pub(crate) batch: Batch,
    /// Operator events for the next epoch leaves.
    pub(crate) events: VecDeque<OperatorEvent>,
    /// What [`OperatorEvent::Announced`] among them announces.
    pub(crate) announcement: Option<Announcement>,
    pub(crate) reserve: u64,
    /// What gateways serve, if it is written.
    pub(crate) gateway: Option<Gateway>,
    /// The clock jumped before the ledger was opened, and nobody has said that it is right (§3.5).
    pub(crate) clock_unsure: bool,
    /// Whether the heads of the newest state of the map that is kept are stored: before, it must not become durable.
    pub(crate) map_stored: bool,
    /// Checkpoints since the last one that had a quorum.
    pub(crate) kept: u32,
    /// A checkpoint whose epoch leaf is durable, and that is not stored.
    pub(crate) waiting: Option<Box<SealJob>>,
    /// Something failed that only opening the ledger again can mend.
    pub(crate) stopped: bool,
}

/// Leaves in memory.
#[derive(Debug, Default)]
pub(crate) struct Uncovered {
    pub(crate) first: u64,
    pub(crate) leaves: VecDeque<Arc<[u8]>>,
}

/// Leaves that are judged and not durable.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    leaves: Vec<(Arc<[u8]>, LeafHash)>,
    heads: Vec<(MapKey, MapValue)>,
    bytes: usize,
}

/// An acknowledged entry, with all that its answer says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    pub(crate) accepted: Accepted,
    pub(crate) leaf_hash: LeafHash,
    pub(crate) entry_id: EntryId,
    pub(crate) time: Timestamp,
}

impl Engine {
    /// Whether there is room beside the reserve.
    pub(crate) fn check_room(&self) -> Result<u64, LedgerFolderError> {
        let root = self.layout.root();
        let free = self.layer.free_bytes(root);
        let free = free.map_err(|error| FileError::from_io(root, error))?;
        match free.checked_sub(self.reserve) {
            Some(room) if room > 0 => Ok(room),
            Some(_) | None => {
                Err(LedgerFolderError::Reserve { path: root.to_path_buf(), bytes: self.reserve })
            }
        }
    }

    /// Begins a batch.
    pub(crate) fn begin(&mut self) -> Result<(), LedgerFolderError> {
        if self.stopped {
            return Err(LedgerFolderError::Unconfirmed);
        }
        self.machine.begin();
        self.batch = Batch::default();
        Ok(())
    }

    /// Judges an entry as the next of the batch.
    pub(crate) fn take(
        &mut self,
        candidate: &Candidate,
        now: Timestamp,
    ) -> Result<Recorded, Refusal> {
        let judged = self.machine.prepare(candidate, now);
        match self.keep_evidence(judged)? {
            Submission::New(prepared) => Ok(self.place(*prepared, candidate.entry_id())?),
            Submission::Duplicate { leaf_index } => {
                self.duplicate(leaf_index, candidate.entry_id())
            }
        }
    }

    /// Judges an import as the next of the batch; all of it or nothing.
    pub(crate) fn take_import(
        &mut self,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Result<Vec<Recorded>, Refusal> {
        let judged = self.machine.prepare_import(candidates, now);
        let ids = candidates.iter().map(Candidate::entry_id);
        match self.keep_evidence(judged)? {
            ImportSubmission::New(all) => {
                all.into_iter().zip(ids).map(|(one, id)| self.place(one, id)).collect()
            }
            ImportSubmission::Duplicate { leaf_indexes } => {
                leaf_indexes.into_iter().zip(ids).map(|(at, id)| self.duplicate(at, id)).collect()
            }
        }
    }

    /// Evidence of a fork is kept before it is refused.
    fn keep_evidence<T>(&mut self, judged: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(Refusal::Equivocation(evidence)) = &judged {
            self.machine.keep_evidence((**evidence).clone())?;
        }
        judged
    }

    fn place(&mut self, prepared: Prepared, entry_id: EntryId) -> Result<Recorded, Refusal> {
        let (bytes, leaf_hash) = (prepared.shared_bytes(), prepared.hash());
        let (leaf_index, time) = (prepared.leaf_index(), prepared.time());
        let placed = self.machine.commit(prepared);
        let placed = placed.map_err(|error| {
            inkan_ledger::StoreError::new(format!("leaf {leaf_index} found no place: {error}"))
        })?;
        self.batch.heads.extend(placed.head);
        self.batch.bytes = self.batch.bytes.saturating_add(bytes.len());
        self.batch.leaves.push((bytes, leaf_hash));
        let accepted = Accepted { leaf_index, standing: Standing::New };
        Ok(Recorded { accepted, leaf_hash, entry_id, time })
    }

    fn duplicate(&self, leaf_index: u64, entry_id: EntryId) -> Result<Recorded, Refusal> {
        let bytes = self.leaf(leaf_index).map_err(inkan_ledger::StoreError::from)?;
        let leaf = Leaf::parse(&bytes);
        let leaf = leaf.map_err(|error| inkan_ledger::StoreError::new(error.to_string()))?;
        let accepted = Accepted { leaf_index, standing: Standing::Duplicate };
        Ok(Recorded { accepted, leaf_hash: LeafHash::of(&bytes), entry_id, time: leaf.time() })
    }

    /// A leaf that was judged, durable or not.
    pub(crate) fn leaf(&self, index: u64) -> Result<Arc<[u8]>, LedgerFolderError> {
        let durable = self.uncovered.end();
        if let Some(at) = index.checked_sub(durable).and_then(|at| usize::try_from(at).ok()) {
            let leaf = self.batch.leaves.get(at);
            return leaf.map(|(leaf, _)| Arc::clone(leaf)).ok_or(LedgerFolderError::NoSuchPlace);
        }
        match index.checked_sub(self.uncovered.first).and_then(|at| usize::try_from(at).ok()) {
            Some(at) => {
                self.uncovered.leaves.get(at).cloned().ok_or(LedgerFolderError::NoSuchPlace)
            }
            None => edge::read_entry(self.layout.root(), index, self.uncovered.first),
        }
    }

    /// Entries and bytes of the batch so far.
    pub(crate) const fn batch_size(&self) -> (usize, usize) {
        (self.batch.leaves.len(), self.batch.bytes)
    }

    /// Makes the batch durable: when this returns, everybody may be answered. If it fails, nothing of it happened.
    pub(crate) fn commit(&mut self) -> Result<(), LedgerFolderError> {
        let Batch { leaves, heads, .. } = std::mem::take(&mut self.batch);
        if leaves.is_empty() {
            self.machine.keep();
            return Ok(());
        }
        self.steps.at(Step::Batch);
        let first = self.uncovered.end();
        let bytes: Vec<_> = leaves.iter().map(|(leaf, _)| Arc::clone(leaf)).collect();
        if let Err(error) = self.journal.append(first, &bytes) {
            self.machine.undo();
            self.stopped |= !error.is_full();
            return Err(error);
        }
        self.machine.keep();
        self.steps.at(Step::BatchDurable);
        for (leaf, hash) in &leaves {
            self.grow(leaf, *hash)?;
        }
        let version = self.machine.size();
        self.map.apply(version, heads).inspect_err(|_| self.stopped = true)
    }

    /// Takes a durable leaf into the edge of the tree.
    pub(crate) fn grow(
        &mut self,
        leaf: &Arc<[u8]>,
        hash: LeafHash,
    ) -> Result<(), LedgerFolderError> {
        let grown = self.edge.append(self.layout.root(), leaf, hash);
        grown.inspect_err(|_| self.stopped = true)?;
        self.uncovered.leaves.push_back(Arc::clone(leaf));
        Ok(())
    }

    /// C1: the epoch leaf, if there is anything to seal; then a new segment.
    pub(crate) fn seal(&mut self, now: Timestamp) -> Result<Option<SealJob>, LedgerFolderError> {
        if self.stopped {
            return Err(LedgerFolderError::Unconfirmed);
        }
        let size = self.machine.size();
        if size > 0 && self.machine.standing().is_sealed() && self.events.is_empty() {
            return Ok(None);
        }
        self.map_stored = false;
        let map = self.map.keep(size).inspect_err(|_| self.stopped = true)?;
        let map = MapRoot { root: map.root, keys: map.keys };
        let document = self.events.front().map(|event| self.document_of(*event)).transpose()?;
        let prepared = self.machine.prepare_epoch(now, map, document.as_ref())?;
        let Some(prepared) = prepared else { return Ok(None) };
        if let Some(document) = prepared.document() {
            let name = sha256(&[document]).to_hex();
            put(&*self.layer, &self.layout.params().join(name), document, Access::Public)?;
        }
        self.begin()?;
        let (bytes, hash) = (prepared.shared_bytes(), prepared.hash());
        self.machine.commit(prepared).map_err(|error| {
            self.stopped = true;
            LedgerFolderError::LeavesDamaged(Some(error))
        })?;
        self.batch.leaves.push((bytes, hash));
        self.commit()?;
        self.events.pop_front();
        self.steps.at(Step::Sealed);
        self.seal_here().map(Some)
    }

    /// A checkpoint of all leaves; the last is an epoch leaf.
    pub(crate) fn seal_here(&mut self) -> Result<SealJob, LedgerFolderError> {
        let size = self.machine.size();
        match self.journal.roll(size) {
            Ok(()) => self.steps.at(Step::Rolled),
            // The old segment goes on; it is removed with the next one.
            Err(error) if error.is_full() => {}
            Err(error) => {
                self.stopped = true;
                return Err(error);
            }
        }
        let head = TreeHead { tree_size: size, root_hash: self.machine.standing().root() };
        let growth = self.edge.take(self.layout.root())?;
        Ok(SealJob { head, growth, changes: self.machine.take_changes() })
    }

    fn document_of(&self, event: OperatorEvent) -> Result<ParametersDocument, Rejection> {
        let standing = self.machine.standing();
        let (document, digest) = (standing.document(), standing.document_digest());
        match event {
            OperatorEvent::Announced => {
                self.announcement.clone().map(|next| document.announce(digest, next))
            }
            OperatorEvent::Applied => document.apply(digest),
            OperatorEvent::Genesis
            | OperatorEvent::ClockAccepted { .. }
            | OperatorEvent::GuardAdopted { .. } => Some(document.record(digest, event)),
        }
        .ok_or_else(|| ParametersError::NotAnnounced.into())
    }

    /// The checkpoint is stored: C10.
    pub(crate) fn sealed(
        &mut self,
        job: &SealJob,
        index: IdIndex,
        cosigned: u64,
    ) -> Result<(), LedgerFolderError> {
        let size = job.head.tree_size;
        // The event is in the log, and under a signature.
        self.clear_events()?;
        self.machine.base_mut().stored(&job.changes, index);
        self.machine.settle();
        self.map_stored = true;
        self.uncovered.drop_below(size);
        // Proofs are asked for at the newest checkpoint with a quorum; if there is none for long, they are computed.
        self.kept = self.kept.saturating_add(1);
        let below = if self.kept > KEPT { size } else { cosigned.min(size) };
        if cosigned >= size || self.kept > KEPT {
            self.kept = 0;
        }
        self.map.prune(below.saturating_sub(1));
        self.journal.remove_below(size).inspect_err(|_| self.stopped = true)?;
        self.steps.at(Step::Trimmed);
        Ok(())
    }

    /// Notes that the clock jumped, so that a restart does not forget it.
    pub(crate) fn mark_clock(&mut self, step: i64) {
        let path = self.layout.clock_unsure();
        // If it cannot be written, this process stays unsure nonetheless.
        let _ = put(&*self.layer, &path, step.to_string().as_bytes(), Access::Private);
        self.clock_unsure = true;
    }

    /// The clock was confirmed.
    pub(crate) fn clear_clock(&mut self) {
        // If it stays, the operator is asked once more.
        let _ = self.layer.remove(&self.layout.clock_unsure());
        self.clock_unsure = false;
    }

    /// What waited for an epoch leaf is in one.
    fn clear_events(&mut self) -> Result<(), LedgerFolderError> {
        if !self.events.is_empty() {
            return Ok(());
        }
        let done =
            [self.layout.guard_event(), self.layout.guard_unheard(), self.layout.clock_unsure()];
        for path in done {
            if path.exists() && !self.clock_unsure {
                self.layer.remove(&path).map_err(|error| FileError::from_io(&path, error))?;
            }
        }
        Ok(())
    }

    /// §3.5: nothing is taken while the clock is unsure.
    pub(crate) fn check_clock(&self, now: Timestamp) -> Result<(), LedgerFolderError> {
        if self.clock_unsure {
            let last = self.machine.standing().time();
            return Err(Rejection::ClockUnsure { now, last }.into());
        }
        Ok(())
    }

    /// Has the map kept up on a thread of its own.
    pub(crate) fn spawn_map(&mut self) {
        self.map.spawn();
    }

    /// Keeps a version of a status list (see [`super::LedgerFolder::put_status_list`]).
    pub(crate) fn put_status_list(
        &mut self,
        reader: &LedgerReader,
        scid: &str,
        uri: &str,
        sequence: u64,
        bytes: &[u8],
    ) -> Result<(), LedgerFolderError> {
        let path = public::status_path(&self.layout.public(), scid, uri, sequence)
            .ok_or_else(|| LedgerFolderError::Url { url: uri.to_owned() })?;
        let covered = reader.shared.covered_status(scid, uri, sequence)?;
        let uncovered = || {
            let mut leaves = self.uncovered_entries(Kind::Status);
            leaves.find_map(|leaf| reader::status_of(&leaf, scid, uri, sequence))
        };
        let recorded = covered.or_else(uncovered);
        if recorded.is_some_and(|digest| digest != sha256(&[bytes])) {
            return Err(LedgerFolderError::StatusListRecorded);
        }
        let layer = &*self.layer;
        let kept = public::publish(layer, &path, bytes, inkan_core::limits::STATUS_LIST);
        // What the disk did not confirm is not known to be there, and nobody asks it twice.
        kept.inspect_err(|error| self.stopped |= matches!(error, FileError::NotSynced { .. }))?;
        // It came after its entry was covered: it is served at once, if it is the newest.
        let newest = self.machine.newest(&MapKey::status(scid, uri))?;
        let (Some(gateway), Some(_), Some(newest)) = (&self.gateway, covered, newest) else {
            return Ok(());
        };
        if newest.value.sequence != sequence {
            return Ok(());
        }
        let leaf = Leaf::parse(&self.leaf(newest.value.leaf_index)?).ok();
        match leaf.and_then(|leaf| public::recorded(&leaf)) {
            Some((scid, status)) => {
                reader.shared.database(|db| gateway.serve_status(db, &scid, &status))
            }
            None => Ok(()),
        }
    }

    /// Leaves of a kind that no checkpoint covers.
    fn uncovered_entries(&self, kind: Kind) -> impl Iterator<Item = Leaf> + '_ {
        let leaves = self.uncovered.leaves.iter();
        leaves.filter_map(|leaf| Leaf::parse(leaf).ok()).filter(move |leaf| leaf.kind() == kind)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Derived, so nothing is lost without it; but the next opening is quicker.
        if self.map_stored {
            self.map.durable();
        }
    }
}

impl Uncovered {
    /// One past the last durable leaf.
    pub(crate) fn end(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.leaves.len()).unwrap_or(u64::MAX))
    }

    pub(crate) fn drop_below(&mut self, size: u64) {
        while self.first < size && self.leaves.pop_front().is_some() {
            self.first = self.first.saturating_add(1);
        }
    }
}
