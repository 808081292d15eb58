//! The checkpoint path from C2 to C9 and C11 (§3.2 of the ledger specification). Its order is the safety argument.
//!
//! In scope: tiles, the guard, the signature, publishing, the transaction, cosigned notes. Out of scope: the epoch leaf and
//! the journal (`engine`), asking cosigners.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use inkan_core::Timestamp;
use inkan_ledger::note::SignatureLine;
use inkan_ledger::receipt::claimed_existed_by;
use inkan_ledger::state::Changes;
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{Tile, TileNodes};
use inkan_ledger::tree::{TreeHead, consistency_from, verify_consistency};
use inkan_ledger::{Checkpoint, LogPolicy, NodeHash, SignedNote};

use super::base::IdIndex;
use super::edge::{self, Growth};
use super::error::LedgerFolderError;
use super::guard::Guard;
use super::ids::{self, Run};
use super::layout::Layout;
use super::public_lane::PublicLane;
use super::state_db::{CheckpointRow, IdPlan, StateDb};
use super::steps::{Step, Steps};
use crate::cosigner::{CosignError, CosignRequest, Cosigned, Cosigner, Gathering};
use crate::files::layer::{Put, put, put_many};
use crate::files::{self, Access, FileLayer};
use crate::note_key::NoteSigner;

/// So many of the newest ids are rows; more go into a run.
const RECENT: usize = 65_536;

/// What a checkpoint is made of.
#[derive(Debug)]
pub(crate) struct SealJob {
    pub(crate) head: TreeHead,
    pub(crate) growth: Growth,
    pub(crate) changes: Changes,
}

impl SealJob {
    /// Folders of partial tiles whose full tile this checkpoint writes.
    pub(crate) fn superseded(&self) -> Vec<PathBuf> {
        let of = |file: &Put| {
            let mut name = file.path.clone().into_os_string();
            name.push(".p");
            PathBuf::from(name)
        };
        self.growth.full.iter().map(of).filter(|folder| folder.is_dir()).collect()
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) note: SignedNote,
    pub(crate) index: IdIndex,
}

/// Makes checkpoints. There is one, on whatever thread.
#[derive(Debug)]
pub(crate) struct Sealer {
    pub(crate) layout: Layout,
    pub(crate) layer: Arc<dyn FileLayer>,
    pub(crate) steps: Steps,
    pub(crate) guard: Guard,
    pub(crate) db: StateDb,
    pub(crate) log_key: Arc<NoteSigner>,
    pub(crate) policy: LogPolicy,
    pub(crate) gathering: Gathering,
    /// Leaves under the note that is published, and whether a quorum cosigned it.
    pub(crate) published: (u64, bool),
    pub(crate) ids: IdFiles,
    pub(crate) public: PublicLane,
}

/// A merge of runs on a thread of its own.
type Merge = JoinHandle<Result<Run, LedgerFolderError>>;

/// The runs of ids, as the one who adds to them sees them.
#[derive(Debug, Default)]
pub(crate) struct IdFiles {
    pub(crate) runs: Vec<Arc<Run>>,
    pub(crate) recent: usize,
    pub(crate) next: u64,
    /// A merge under way, and which runs it takes.
    pub(crate) merging: Option<(Vec<u64>, Merge)>,
    /// Runs that no transaction names any more, and that a reader may still have open.
    pub(crate) unused: Vec<PathBuf>,
}

impl Sealer {
    /// C2 to C9. After an error that [is](LedgerFolderError::is_full) only want of room it may be called again.
    pub(crate) fn seal(&mut self, job: &SealJob) -> Result<Sealed, LedgerFolderError> {
        if self.guard.head() != job.head {
            self.write_tiles(&job.growth)?;
            self.compare(&job.head)?;
            self.steps.at(Step::Compared);
            self.guard.advance(job.head)?;
            self.steps.at(Step::Guarded);
        }
        let note = self.sign()?;
        self.steps.at(Step::Signed);
        self.publish(job.head.tree_size, &note, false)?;
        self.steps.at(Step::Published);
        let index = self.store(&job.changes, true)?;
        self.steps.at(Step::Stored);
        self.public.follow(&self.db, job.head.tree_size)?;
        Ok(Sealed { note, index })
    }

    /// C2, C3.
    fn write_tiles(&self, growth: &Growth) -> Result<(), LedgerFolderError> {
        let mut new = Vec::with_capacity(growth.full.len());
        for file in &growth.full {
            match files::read_optional(&file.path, file.bytes.len())? {
                None => new.push(file.clone()),
                Some(bytes) if bytes == file.bytes => {}
                Some(_) => {
                    return Err(LedgerFolderError::TileConflict { path: file.path.clone() });
                }
            }
        }
        self.put_tiles(&new)?;
        self.steps.at(Step::FullTiles);
        self.put_tiles(&growth.partial)?;
        self.steps.at(Step::Tiles);
        Ok(())
    }

    fn put_tiles(&self, files: &[Put]) -> Result<(), LedgerFolderError> {
        Ok(put_many(&*self.layer, self.layout.root(), files, Access::Public)?)
    }

    /// C4, C5: what is on disk is what is in memory, and continues what was signed.
    fn compare(&self, head: &TreeHead) -> Result<(), LedgerFolderError> {
        let damaged = || LedgerFolderError::TileDamaged { path: self.layout.root().join("tile") };
        if edge::root_on_disk(self.layout.root(), head.tree_size)? != head.root_hash {
            return Err(damaged());
        }
        let signed = self.guard.head();
        if signed.tree_size > 0 {
            let proof = self.consistency(signed.tree_size, head.tree_size).ok_or_else(damaged)?;
            verify_consistency(&signed, head, &proof).map_err(|_| damaged())?;
        }
        Ok(())
    }

    /// The consistency path between two sizes, from the tiles.
    pub(crate) fn consistency(&self, old: u64, new: u64) -> Option<Vec<NodeHash>> {
        consistency_on_disk(&self.layout, old, new)
    }

    /// C7: only ever the head that the guard holds.
    pub(crate) fn sign(&self) -> Result<SignedNote, LedgerFolderError> {
        let key = &self.log_key.key;
        let checkpoint = Checkpoint::new(key.name(), self.guard.head())
            .map_err(|_| LedgerFolderError::Origin { origin: key.name().to_owned() })?;
        Ok(checkpoint.sign(key, &self.log_key.secret)?)
    }

    /// C8, C11.
    pub(crate) fn publish(
        &mut self,
        size: u64,
        note: &SignedNote,
        cosigned: bool,
    ) -> Result<(), LedgerFolderError> {
        let path = self.layout.checkpoint();
        put(&*self.layer, &path, note.to_string().as_bytes(), Access::Public)?;
        self.published = (size, cosigned);
        Ok(())
    }

    /// C9.
    pub(crate) fn store(
        &mut self,
        changes: &Changes,
        sealed: bool,
    ) -> Result<IdIndex, LedgerFolderError> {
        let plan = self.plan_ids(changes)?;
        let row = sealed.then(|| CheckpointRow {
            size: changes.standing().size(),
            note: None,
            existed_by: None,
        });
        self.db.store(changes, &plan, row.as_ref())?;
        self.ids.recent =
            if plan.flushed { 0 } else { self.ids.recent.saturating_add(changes.entries().len()) };
        // One checkpoint later: a reader that read the list of runs before has opened them by now.
        for path in std::mem::take(&mut self.ids.unused) {
            // What stays is only a waste of room.
            let _ = self.layer.remove(&path);
        }
        Ok(IdIndex { runs: self.ids.runs.clone(), flushed: plan.flushed })
    }

    /// Which runs count after the next transaction; new ones are written first.
    fn plan_ids(&mut self, changes: &Changes) -> Result<IdPlan, LedgerFolderError> {
        let mut changed = self.take_merged()?;
        let waiting = self.ids.recent.saturating_add(changes.entries().len());
        let flushed = waiting >= RECENT;
        if flushed {
            let mut rows: Vec<ids::Row> = self.db.all_recent()?;
            rows.extend(changes.entries().iter().map(|(id, place)| (ids::key(id), *place)));
            rows.sort_unstable();
            // An id that was stored before keeps its first place.
            rows.dedup_by_key(|(id, _)| *id);
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let number = self.next_run();
            let rows = rows.into_iter().map(Ok);
            let run = Run::write(&*self.layer, &self.layout.ids(), number, count, rows)?;
            self.ids.runs.push(Arc::new(run));
            changed = true;
        }
        self.start_merge();
        let runs = self.ids.runs.iter().map(|run| (run.number(), run.count()));
        Ok(IdPlan { runs: changed.then(|| runs.collect()), flushed })
    }

    fn next_run(&mut self) -> u64 {
        let number = self.ids.next;
        self.ids.next = number.saturating_add(1);
        number
    }

    /// Puts a merged run in the place of those that it was made of; whether there was one.
    fn take_merged(&mut self) -> Result<bool, LedgerFolderError> {
        let done = self.ids.merging.take_if(|(_, thread)| thread.is_finished());
        let Some((old, thread)) = done else { return Ok(false) };
        let merged = thread.join().map_err(|_| StoreError::new("merge of ids ended early"))?;
        // It is tried again later: the runs that it was to replace still count.
        let Ok(merged) = merged else { return Ok(false) };
        let folder = self.layout.ids();
        self.ids.runs.retain(|run| !old.contains(&run.number()));
        self.ids.runs.insert(0, Arc::new(merged));
        self.ids.unused.extend(old.into_iter().map(|number| Run::path(&folder, number)));
        Ok(true)
    }

    /// Merges runs of about one size once there are [`ids::FAN`] of them, on a thread of its own.
    fn start_merge(&mut self) {
        if self.ids.merging.is_some() {
            return;
        }
        let recent = u64::try_from(RECENT).unwrap_or(u64::MAX);
        let tier = |run: &Run| (run.count() / recent).max(1).ilog2() / ids::FAN.ilog2();
        for wanted in 0..8 {
            let same = self.ids.runs.iter().filter(|run| tier(run) == wanted);
            let runs: Vec<Arc<Run>> = same.cloned().collect();
            if runs.len() >= ids::FAN {
                let number = self.next_run();
                let (layer, folder) = (Arc::clone(&self.layer), self.layout.ids());
                let numbers = runs.iter().map(|run| run.number()).collect();
                let thread = std::thread::spawn(move || {
                    let runs: Vec<&Run> = runs.iter().map(AsRef::as_ref).collect();
                    ids::merge(&*layer, &folder, number, &runs)
                });
                self.ids.merging = Some((numbers, thread));
                return;
            }
        }
    }

    /// Moves what can follow a checkpoint to threads of its own.
    pub(crate) fn spawn(&mut self) -> Result<(), LedgerFolderError> {
        let size = self.guard.head().tree_size;
        self.public.spawn(&self.layout, &self.db, size)
    }

    /// C11, first half: begins to gather lines over a note, and has the cosigners at hand add theirs.
    ///
    /// Gives the failures of cosigners, by name.
    pub(crate) fn cosign(
        &mut self,
        note: &SignedNote,
        cosigners: &mut [Box<dyn Cosigner>],
        now: Timestamp,
    ) -> Result<Vec<(String, CosignError)>, LedgerFolderError> {
        let size = self.guard.head().tree_size;
        if let Some(cosigned) = self.gathering.expect(size, note) {
            self.cosigned(&cosigned)?;
        }
        let layout = self.layout.clone();
        let consistency = |old| consistency_on_disk(&layout, old, size);
        let request = CosignRequest { note, consistency: &consistency };
        let mut failures = Vec::new();
        let mut enough = None;
        for cosigner in cosigners {
            match cosigner.cosign(&request, now) {
                Ok(lines) => enough = self.gathering.put(note.text(), &lines).or(enough),
                Err(error) => failures.push((cosigner.name().to_owned(), error)),
            }
        }
        if let Some(cosigned) = enough {
            self.cosigned(&cosigned)?;
        }
        Ok(failures)
    }

    /// C11: lines that came from elsewhere. Gives the size that has a quorum now.
    pub(crate) fn delivered(
        &mut self,
        text: &str,
        lines: &[SignatureLine],
    ) -> Result<Option<u64>, LedgerFolderError> {
        let Some(cosigned) = self.gathering.put(text, lines) else { return Ok(None) };
        self.cosigned(&cosigned)?;
        Ok(Some(cosigned.size))
    }

    /// C11, second half: a note with a quorum is stored, then published.
    pub(crate) fn cosigned(&mut self, cosigned: &Cosigned) -> Result<(), LedgerFolderError> {
        let Cosigned { size, note, .. } = cosigned;
        let existed_by = claimed_existed_by(note, &self.policy);
        self.db.put_note(&CheckpointRow { size: *size, note: Some(note.clone()), existed_by })?;
        self.steps.at(Step::Cosigned);
        // A late line for an older size must not hide the newest.
        if *size >= self.published.0 {
            self.publish(*size, note, true)?;
        }
        self.steps.at(Step::CosignedPublished);
        Ok(())
    }

    /// Waits for what is under way on other threads.
    pub(crate) fn finish(&mut self) {
        self.public.finish(&self.db);
        if let Some((_, thread)) = self.ids.merging.take() {
            // The runs that it was to replace still count.
            let _ = thread.join();
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The consistency path between two sizes, from the tiles of a folder.
pub(crate) fn consistency_on_disk(layout: &Layout, old: u64, new: u64) -> Option<Vec<NodeHash>> {
    let nodes = TileNodes::new(new, |tile: Tile| {
        edge::read_tile(layout.root(), &tile).map_err(StoreError::from)
    });
    consistency_from(&nodes, old, new).ok()
}
