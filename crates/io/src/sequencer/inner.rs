//! What the handles and threads of a sequencer share: what waits, for whom, and what was published.
//!
//! In scope: queues, and who is woken. Out of scope: the work itself (`workers`, `commit`, `sealing`).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use inkan_ledger::state::Candidate;
use inkan_ledger::{Kind, Rejection};

use super::ticket::Answering;
use super::{
    Acknowledged, Answer, EntryOutcome, SequencerMetrics, SequencerOptions, SubmitError, now,
    sealing,
};
use crate::clock::Clock;
use crate::ledger_folder::sealing::Gateway;
use crate::ledger_folder::{LedgerFolderError, LedgerReader, Parts};
use crate::note_key::NoteSigner;

/// Entries that wait to be freed by one worker, at most so many and a batch.
const SPENT: usize = 1_024;

/// What handles and threads share.
pub(super) struct Inner {
    pub(super) options: SequencerOptions,
    pub(super) clock: Arc<dyn Clock + Send + Sync>,
    pub(super) reader: LedgerReader,
    pub(super) log_key: Arc<NoteSigner>,
    pub(super) gateway: Option<Gateway>,
    pub(super) intake: Mutex<Intake>,
    /// Something waits for a worker.
    pub(super) work: Condvar,
    pub(super) ready: Mutex<Ready>,
    /// Something waits for the sequencer.
    pub(super) wake: Condvar,
    pub(super) seen: Mutex<Seen>,
    pub(super) covered: Condvar,
    /// What each worker made and the sequencer has done with: the worker frees it.
    pub(super) spent: Vec<Mutex<Vec<Spent>>>,
    pub(super) metrics: Mutex<SequencerMetrics>,
}

/// What waits for a worker.
pub(super) struct Intake {
    pub(super) items: VecDeque<Item>,
    /// The number of the next chunk that a worker takes: the sequencer takes them in this order.
    pub(super) next: u64,
    /// Entries that wait, for a worker or for the sequencer.
    pub(super) waiting: usize,
    pub(super) closing: bool,
}

/// What waits for the sequencer.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) chunks: BTreeMap<u64, Vec<Checked>>,
    pub(super) tasks: VecDeque<Task>,
    pub(super) notices: VecDeque<sealing::Notice>,
    /// Nobody takes anything any more, for this reason: whoever brings something hears it at once.
    pub(super) ended: Option<SubmitError>,
}

/// A submission that waits.
pub(super) struct Item {
    pub(super) work: Work,
    pub(super) since: Instant,
}

/// What was submitted, and who waits for the answer.
pub(super) enum Work {
    Entry { kind: Kind, body: Vec<u8>, answering: Answering<Answer> },
    Import { bodies: Vec<Vec<u8>>, answering: Answering<ImportAnswer> },
}

/// The same, with all done that needs no state.
pub(super) struct Checked {
    pub(super) work: CheckedWork,
    pub(super) since: Instant,
    /// Number of the worker.
    pub(super) by: usize,
}

/// An entry of which nobody wants anything any more. Memory that another thread than the one that took it gives back is given back
/// under a lock that both of them then wait for.
pub(super) type Spent = Box<Candidate>;

pub(super) enum CheckedWork {
    Entry { kind: Kind, candidate: Box<Candidate>, answering: Answering<Answer> },
    Import { candidates: Vec<Candidate>, answering: Answering<ImportAnswer> },
    Refused { kind: Kind, rejection: Box<Rejection>, answering: Answering<Answer> },
}

/// Anything else that is done between two batches.
pub(super) type Task = Box<dyn FnOnce(&mut Parts) + Send>;

/// What an import is answered with: all of its entries, or why none of them was taken.
pub type ImportAnswer = Result<Vec<Acknowledged>, SubmitError>;

/// What was published.
pub(super) struct Seen {
    pub(super) signed: u64,
    pub(super) cosigned: u64,
    /// Why nothing is taken for now.
    pub(super) paused: Option<SubmitError>,
    pub(super) stopped: Option<SubmitError>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Inner {
    pub(super) fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn metrics(&self) -> MutexGuard<'_, SequencerMetrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ready(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.intake().closing = true;
        self.work.notify_all();
        // Under its lock, so that a sequencer that is about to wait hears it.
        drop(self.ready());
        self.wake.notify_all();
    }

    /// Queues submissions, all or none.
    pub(super) fn hand_in(&self, submissions: Vec<Work>) {
        let stopped = self.seen().stopped.clone();
        let count = submissions.iter().map(Work::entries).sum::<usize>();
        let mut intake = self.intake();
        let room = self.options.queue.saturating_sub(intake.waiting);
        let refusal = match stopped {
            Some(stopped) => Some(stopped),
            None if intake.closing => Some(SubmitError::NotReady),
            None => (count > room).then_some(SubmitError::Overloaded),
        };
        if let Some(refusal) = refusal {
            drop(intake);
            for work in submissions {
                self.metrics().count(work.kind(), EntryOutcome::Turned);
                work.refuse(&refusal);
            }
            return;
        }
        let since = now();
        intake.waiting = intake.waiting.saturating_add(count);
        intake.items.extend(submissions.into_iter().map(|work| Item { work, since }));
        drop(intake);
        // Each submission wakes one worker; whoever is awake takes what lies there.
        if count > 1 {
            self.work.notify_all();
        } else {
            self.work.notify_one();
        }
    }

    /// Gives entries back to the workers that made them, in the order of their numbers.
    pub(super) fn give_back(&self, spent: &mut [Vec<Spent>]) {
        for (mine, place) in spent.iter_mut().zip(&self.spent) {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            // Who has nothing to do takes nothing back: then it is freed here.
            if place.len() < SPENT {
                place.append(mine);
            }
            drop(place);
            mine.clear();
        }
    }

    /// What was given back to a worker.
    pub(super) fn take_back(&self, worker: usize) -> Vec<Spent> {
        let place = self.spent.get(worker);
        let place = place.map(|place| place.lock().unwrap_or_else(PoisonError::into_inner));
        place.map(|mut place| std::mem::take(&mut *place)).unwrap_or_default()
    }

    pub(super) fn hand_task(&self, task: Task) {
        let mut ready = self.ready();
        // A task that is dropped answers that it was lost.
        if ready.ended.is_none() {
            ready.tasks.push_back(task);
            drop(ready);
            self.wake.notify_all();
        }
    }

    /// What a worker has done.
    pub(super) fn bring(&self, number: u64, chunk: Vec<Checked>) {
        let mut ready = self.ready();
        if let Some(reason) = ready.ended.clone() {
            drop(ready);
            chunk.into_iter().for_each(|checked| checked.work.refuse(&reason));
            return;
        }
        ready.chunks.insert(number, chunk);
        drop(ready);
        self.wake.notify_one();
    }

    pub(super) fn notify(&self, notice: sealing::Notice) {
        self.ready().notices.push_back(notice);
        self.wake.notify_all();
    }

    /// Nothing goes on: whoever waits hears why.
    pub(super) fn stop(&self, error: &LedgerFolderError) {
        let reason = SubmitError::Stopped { code: error.code(), reason: error.to_string() };
        self.seen().stopped = Some(reason.clone());
        self.covered.notify_all();
        self.end(&reason);
    }

    /// Nobody takes anything any more. What workers still have in hand is refused when they bring it.
    pub(super) fn end(&self, reason: &SubmitError) {
        let mut intake = self.intake();
        intake.closing = true;
        let items = std::mem::take(&mut intake.items);
        intake.waiting = 0;
        drop(intake);
        self.work.notify_all();
        items.into_iter().for_each(|item| item.work.refuse(reason));
        let ended = Ready { ended: Some(reason.clone()), ..Ready::default() };
        let ready = std::mem::replace(&mut *self.ready(), ended);
        ready.chunks.into_values().flatten().for_each(|checked| checked.work.refuse(reason));
    }
}

impl Work {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Entry { kind, .. } => *kind,
            Self::Import { .. } => Kind::Did,
        }
    }

    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Entry { .. } => 1,
            Self::Import { bodies, .. } => bodies.len().max(1),
        }
    }

    pub(super) fn refuse(self, error: &SubmitError) {
        match self {
            Self::Entry { answering, .. } => answering.give(Err(error.clone())),
            Self::Import { answering, .. } => answering.give(Err(error.clone())),
        }
    }
}

impl CheckedWork {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Entry { kind, .. } | Self::Refused { kind, .. } => *kind,
            Self::Import { .. } => Kind::Did,
        }
    }

    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Entry { .. } | Self::Refused { .. } => 1,
            Self::Import { candidates, .. } => candidates.len().max(1),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Entry { candidate, .. } => candidate.body().len(),
            Self::Import { candidates, .. } => candidates.iter().map(|one| one.body().len()).sum(),
            Self::Refused { .. } => 0,
        }
    }

    pub(super) fn refuse(self, error: &SubmitError) {
        match self {
            Self::Entry { answering, .. } | Self::Refused { answering, .. } => {
                answering.give(Err(error.clone()));
            }
            Self::Import { answering, .. } => answering.give(Err(error.clone())),
        }
    }
}
