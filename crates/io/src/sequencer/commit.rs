//! The thread that gives places: one batch after another, durable before anybody is answered.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use inkan_ledger::{Kind, Refusal};

use super::clock_watch::ClockWatch;
use super::heads::Heads;
use super::inner::Spent;
use super::pending::Pending;
use super::sealing::{Notice, Order, Sealing};
use super::{
    Acknowledged, Checked, CheckedWork, EntryOutcome, ImportAnswer, Inner, SubmitError, Task,
    caught, now,
};
use crate::ledger_folder::sealing::SealJob;
use crate::ledger_folder::{LedgerFolderError, Parts, Standing};

/// Bytes of leaves that may wait for a checkpoint.
const PENDING: usize = 128 << 20;
/// How often clock and disk are looked at while nothing is submitted: readiness does not wait for somebody to try.
const LOOK: Duration = Duration::from_secs(1);
/// With so many entries at hand others that are being checked are waited for, this long, as far as this many in all: a batch
/// costs one sync, however small it is.
const BUSY: usize = 16;
const GATHER: Duration = Duration::from_millis(2);
const ENOUGH: usize = 256;
/// The same while so many wait that there will be enough for certain: whoever came last waits for the processor then, not for this.
const GATHER_ALL: Duration = Duration::from_millis(8);

pub(super) struct Committer {
    parts: Parts,
    inner: Arc<Inner>,
    heads: Arc<Heads>,
    sealing: Sealing,
    watch: ClockWatch,
    /// A checkpoint is being made.
    in_flight: bool,
    /// The next chunk to be taken, and what of the last one had no place in its batch.
    next: u64,
    left: VecDeque<Checked>,
    /// What is done with of each worker's.
    spent: Vec<Vec<Spent>>,
    checkpoint_at: Instant,
    refresh_at: Instant,
    look_at: Instant,
    /// When each state that the map has not reached was reached by the log.
    behind: VecDeque<(u64, Instant)>,
}

/// What happened while the sequencer waited.
struct Turn {
    batch: Vec<Checked>,
    tasks: VecDeque<Task>,
    notices: VecDeque<Notice>,
    /// Nothing more will come.
    last: bool,
}

impl Committer {
    pub(super) fn new(
        parts: Parts,
        inner: Arc<Inner>,
        heads: Arc<Heads>,
        sealing: Sealing,
    ) -> Self {
        let watch = ClockWatch::new(parts.engine.clock_unsure);
        let (checkpoint_at, look_at) = (now(), now());
        let refresh_at = now() + inner.options.refresh_every;
        let (left, behind) = Default::default();
        let spent = inner.spent.iter().map(|_| Vec::new()).collect();
        Self {
            parts,
            inner,
            heads,
            sealing,
            watch,
            in_flight: false,
            next: 0,
            left,
            spent,
            checkpoint_at,
            refresh_at,
            look_at,
            behind,
        }
    }

    pub(super) fn run(mut self) -> Result<(), LedgerFolderError> {
        let ended = caught(|| self.work());
        match &ended {
            Ok(()) => self.inner.end(&SubmitError::NotReady),
            Err(error) => self.inner.stop(error),
        }
        self.sealing.end();
        ended
    }

    fn work(&mut self) -> Result<(), LedgerFolderError> {
        loop {
            let Turn { batch, tasks, notices, last } = self.wait();
            for notice in notices {
                self.hear(notice)?;
            }
            for task in tasks {
                task(&mut self.parts);
            }
            if !batch.is_empty() {
                self.commit(batch)?;
            } else if now() >= self.look_at {
                self.look();
            }
            if self.is_due(last) {
                self.seal()?;
            } else if now() >= self.refresh_at && !self.in_flight {
                self.refresh_at = now() + self.inner.options.refresh_every;
                self.order(Order::Refresh)?;
            }
            if last && !self.in_flight && !self.has_uncovered() {
                return Ok(());
            }
        }
    }

    /// Whether anything stands in the way of the next entry, or does no more.
    fn look(&mut self) {
        self.look_at = now() + LOOK;
        // Of a clock only a witness, or the operator, says that it is right again.
        if self.inner.seen().paused != Some(SubmitError::ClockUnsure) {
            self.obstacle();
        }
    }

    fn has_uncovered(&self) -> bool {
        !self.parts.engine.machine.standing().is_sealed() || !self.parts.engine.events.is_empty()
    }

    /// Whether a checkpoint is to be begun now.
    fn is_due(&self, last: bool) -> bool {
        let full = self.parts.engine.edge.pending() >= PENDING / 4;
        !self.in_flight
            && self.has_uncovered()
            && (last || full || now() >= self.checkpoint_at)
            && self.inner.seen().paused.is_none()
    }

    /// Waits for work, or until something is due.
    fn wait(&mut self) -> Turn {
        let due = match (self.in_flight, self.has_uncovered()) {
            (true, _) => now() + Duration::from_secs(1),
            (false, true) => self.checkpoint_at,
            (false, false) => self.refresh_at,
        };
        let patience =
            due.min(self.look_at).saturating_duration_since(now()).max(Duration::from_millis(1));
        let next = self.next;
        let nothing_left = self.left.is_empty();
        let inner = Arc::clone(&self.inner);
        let mut ready = inner.ready();
        let idle = |ready: &super::Ready| {
            nothing_left
                && ready.tasks.is_empty()
                && ready.notices.is_empty()
                && !ready.chunks.contains_key(&next)
        };
        if idle(&ready) && !self.is_closed() {
            let waited = inner.wake.wait_timeout(ready, patience);
            (ready, _) = waited.unwrap_or_else(PoisonError::into_inner);
        } else if idle(&ready) {
            // Closing: only the last checkpoint is waited for.
            let patience = patience.min(Duration::from_millis(20));
            let waited = inner.wake.wait_timeout(ready, patience);
            (ready, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        self.collect(&mut ready);
        if (BUSY..ENOUGH).contains(&self.left.len()) {
            drop(ready);
            self.gather();
            ready = inner.ready();
        }
        let (tasks, notices) =
            (std::mem::take(&mut ready.tasks), std::mem::take(&mut ready.notices));
        drop(ready);
        let batch = self.batch();
        let last = batch.is_empty() && self.left.is_empty() && self.is_finished();
        Turn { batch, tasks, notices, last }
    }

    /// Takes what workers have brought.
    fn collect(&mut self, ready: &mut super::Ready) {
        while let Some(chunk) = ready.chunks.remove(&self.next) {
            self.left.extend(chunk);
            self.next = self.next.saturating_add(1);
        }
    }

    /// Waits a moment while workers have more in hand.
    fn gather(&mut self) {
        let start = now();
        while self.left.len() < ENOUGH
            && let Some(patience) = self.patience()
            && now() < start + patience
        {
            // Woken by every chunk it would only take the processor from those who bring them.
            std::thread::sleep(patience / 4);
            let inner = Arc::clone(&self.inner);
            self.collect(&mut inner.ready());
        }
    }

    /// How long more is waited for; `None` if no more comes.
    fn patience(&self) -> Option<Duration> {
        let intake = self.inner.intake();
        let more_comes = !intake.items.is_empty() || intake.next != self.next;
        more_comes.then_some(if intake.waiting < ENOUGH { GATHER } else { GATHER_ALL })
    }

    fn is_closed(&self) -> bool {
        self.inner.intake().closing
    }

    /// Whether everything that was handed in has been taken.
    fn is_finished(&self) -> bool {
        let intake = self.inner.intake();
        intake.closing && intake.items.is_empty() && intake.next == self.next
    }

    /// What is made durable together: an import is not split.
    fn batch(&mut self) -> Vec<Checked> {
        let options = &self.inner.options;
        let (mut batch, mut entries, mut bytes) = (Vec::new(), 0_usize, 0_usize);
        while let Some(first) = self.left.front() {
            entries = entries.saturating_add(first.work.entries());
            bytes = bytes.saturating_add(first.work.bytes());
            let full = entries > options.batch_entries || bytes > options.batch_bytes;
            if full && !batch.is_empty() {
                break;
            }
            batch.extend(self.left.pop_front());
        }
        let taken = batch.iter().map(|one: &Checked| one.work.entries()).sum::<usize>();
        let mut intake = self.inner.intake();
        intake.waiting = intake.waiting.saturating_sub(taken);
        batch
    }

    /// Why nothing, or nothing of the map, is taken now.
    fn obstacle(&mut self) -> (Option<SubmitError>, bool) {
        let wall = self.inner.clock.now();
        if self.inner.options.watch_clock
            && let Some(step) = self.watch.look(wall, now())
        {
            if self.inner.seen().paused != Some(SubmitError::ClockUnsure) {
                self.parts.engine.mark_clock(step);
            }
            self.pause(Some(SubmitError::ClockUnsure));
            return (Some(SubmitError::ClockUnsure), false);
        }
        let full = match self.parts.engine.check_room() {
            Ok(room) => {
                self.inner.metrics().free_bytes = room;
                None
            }
            Err(_) => Some(SubmitError::StorageFull),
        };
        self.pause(full.clone());
        let obstacle = full.or_else(|| {
            (self.parts.engine.edge.pending() >= PENDING).then_some(SubmitError::Overloaded)
        });
        (obstacle, self.map_lags())
    }

    fn pause(&self, paused: Option<SubmitError>) {
        let mut seen = self.inner.seen();
        if seen.paused != paused {
            seen.paused = paused;
        }
    }

    /// Whether the map is further behind than it may be.
    fn map_lags(&mut self) -> bool {
        let applied = self.parts.engine.map.applied();
        while self.behind.front().is_some_and(|(version, _)| *version <= applied) {
            self.behind.pop_front();
        }
        let limit = self.inner.options.map_patience;
        let lag = u64::try_from(self.behind.len()).unwrap_or(u64::MAX);
        self.inner.metrics().map_lag = lag;
        let oldest = self.behind.front();
        oldest.is_some_and(|(_, since)| now().saturating_duration_since(*since) > limit)
    }

    fn commit(&mut self, batch: Vec<Checked>) -> Result<(), LedgerFolderError> {
        let start = now();
        let (obstacle, map_lags) = self.obstacle();
        if let Some(obstacle) = obstacle {
            let mut metrics = self.inner.metrics();
            batch.iter().for_each(|one| metrics.count(one.work.kind(), EntryOutcome::Turned));
            drop(metrics);
            batch.into_iter().for_each(|one| one.work.refuse(&obstacle));
            return Ok(());
        }
        let mut queued = Vec::with_capacity(batch.len());
        let mut pending = Vec::with_capacity(batch.len());
        let mut moved = Vec::new();
        self.parts.engine.begin()?;
        let time = self.inner.clock.now();
        for Checked { work, since, by } in batch {
            queued.push(start.saturating_duration_since(since));
            pending.push(self.judge((work, by), map_lags, time, &mut moved));
        }
        let (entries, _) = self.parts.engine.batch_size();
        let durable = self.parts.engine.commit();
        if let Err(error) = durable {
            let full = error.is_full();
            let refusal = if full {
                SubmitError::StorageFull
            } else {
                SubmitError::Stopped { code: error.code(), reason: error.to_string() }
            };
            // Nothing of the batch happened, nor may a duplicate point at it.
            let pending: Vec<_> = pending.into_iter().map(|one| one.failed(&refusal)).collect();
            self.answer(pending);
            return if full { Ok(()) } else { Err(error) };
        }
        moved.dedup();
        for scid in moved {
            if let Some(controller) = self.parts.engine.machine.controller(&scid)? {
                self.heads.put(&scid, controller);
            }
        }
        let size = self.parts.engine.machine.size();
        if self.parts.engine.map.applied() < size {
            self.behind.push_back((size, now()));
        }
        let mut metrics = self.inner.metrics();
        queued.into_iter().for_each(|waited| metrics.queued.record(waited));
        metrics.commit.record(now().saturating_duration_since(start));
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        metrics.committed = metrics.committed.saturating_add(entries);
        metrics.leaves = size;
        drop(metrics);
        self.answer(pending);
        Ok(())
    }

    /// Counts all, and only then answers: whoever has an answer finds it counted.
    fn answer(&mut self, pending: Vec<Pending>) {
        let mut metrics = self.inner.metrics();
        for (kind, outcome) in pending.iter().map(Pending::outcome) {
            metrics.count(kind, outcome);
        }
        drop(metrics);
        pending.into_iter().for_each(Pending::give);
        self.inner.give_back(&mut self.spent);
    }

    fn judge(
        &mut self,
        (work, by): (CheckedWork, usize),
        map_lags: bool,
        time: inkan_core::Timestamp,
        moved: &mut Vec<String>,
    ) -> Pending {
        match work {
            CheckedWork::Refused { kind, rejection, answering } => {
                Pending::Entry(kind, Err(SubmitError::Rejected(*rejection)), answering)
            }
            CheckedWork::Entry { kind, answering, .. } if map_lags && kind.is_in_map() => {
                Pending::Entry(kind, Err(SubmitError::Overloaded), answering)
            }
            CheckedWork::Entry { kind, candidate, answering } => {
                let taken = self.parts.engine.take(&candidate, time);
                self.count_fork(&taken);
                let answer = taken.map(|one| one.acknowledged()).map_err(SubmitError::from);
                let is_new = matches!(&answer, Ok(one) if one.standing == Standing::New);
                if is_new && kind == Kind::Did {
                    moved.push(candidate.signer_scid().to_owned());
                }
                if let Some(spent) = self.spent.get_mut(by) {
                    spent.push(candidate);
                }
                Pending::Entry(kind, answer, answering)
            }
            CheckedWork::Import { candidates, answering } => {
                if map_lags {
                    return Pending::Import(Err(SubmitError::Overloaded), answering);
                }
                let taken = self.parts.engine.take_import(&candidates, time);
                let answer: ImportAnswer = taken
                    .map(|all| all.into_iter().map(|one| one.acknowledged()).collect())
                    .map_err(SubmitError::from);
                if answer.is_ok() {
                    moved.extend(candidates.first().map(|one| one.signer_scid().to_owned()));
                }
                Pending::Import(answer, answering)
            }
        }
    }

    fn count_fork<T>(&self, taken: &Result<T, Refusal>) {
        if matches!(taken, Err(Refusal::Equivocation(_))) {
            let mut metrics = self.inner.metrics();
            metrics.equivocations = metrics.equivocations.saturating_add(1);
        }
    }

    /// C1; the rest is done beside.
    fn seal(&mut self) -> Result<(), LedgerFolderError> {
        self.checkpoint_at = now() + self.inner.options.checkpoint_every;
        let sealed = self.parts.engine.seal(self.inner.clock.now());
        let job = match sealed {
            Ok(None) => return Ok(()),
            Ok(Some(job)) => job,
            // The entries stay where they are; the next one is told why.
            Err(error) if error.is_full() => return Ok(()),
            Err(LedgerFolderError::Rejected(_)) => {
                self.pause(Some(SubmitError::ClockUnsure));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.in_flight = true;
        self.refresh_at = now() + self.inner.options.refresh_every;
        self.order(Order::Seal(Arc::new(job)))
    }

    fn order(&self, order: Order) -> Result<(), LedgerFolderError> {
        // It ends only after it has said why: that is heard at the next turn.
        let _ = self.sealing.orders.send(order);
        Ok(())
    }

    fn hear(&mut self, notice: Notice) -> Result<(), LedgerFolderError> {
        match notice {
            Notice::Sealed { job, index, took } => self.sealed(&job, index, took),
            Notice::Stamped { name, stamp } => {
                self.watch.stamped(&name, stamp, self.inner.clock.now());
                self.inner.metrics().clock_skew = self.watch.skew().unwrap_or(0);
                if self.watch.look(self.inner.clock.now(), now()).is_none()
                    && self.inner.seen().paused == Some(SubmitError::ClockUnsure)
                {
                    self.parts.engine.clear_clock();
                    self.pause(None);
                }
                Ok(())
            }
            Notice::Failed(error) => Err(error),
        }
    }

    fn sealed(
        &mut self,
        job: &SealJob,
        index: crate::ledger_folder::sealing::IdIndex,
        took: Duration,
    ) -> Result<(), LedgerFolderError> {
        self.in_flight = false;
        let cosigned = self.inner.seen().cosigned;
        self.parts.engine.sealed(job, index, cosigned)?;
        self.inner.metrics().checkpoint.record(took);
        Ok(())
    }
}

impl From<Refusal> for SubmitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(inkan_ledger::Rejection::ClockUnsure { .. }) => Self::ClockUnsure,
            Refusal::Store(error) => {
                Self::Stopped { code: error.code(), reason: error.to_string() }
            }
            Refusal::Rejected(_) | Refusal::Equivocation(_) => {
                Self::Rejected(refusal.into_rejection())
            }
        }
    }
}

impl crate::ledger_folder::sealing::Recorded {
    const fn acknowledged(self) -> Acknowledged {
        let Self { accepted, leaf_hash, entry_id, time } = self;
        let crate::ledger_folder::Accepted { leaf_index, standing } = accepted;
        Acknowledged { leaf_index, leaf_hash, entry_id, time, standing }
    }
}
