//! The embedded sequencer: many submit at once, one thread gives places, and a batch is durable before anybody is answered.
//!
//! In scope: queue and answers, workers, group commit, when checkpoints and fresh cosignatures are made, the watch over the
//! clock (§3.1, §3.2, §3.5, §7.1 of the ledger specification). Out of scope: the rules (`inkan-ledger`), files
//! (`ledger_folder`), HTTP (`inkan-server`).
//!
//! | Thread | Does |
//! |---|---|
//! | workers | what needs no state, and signatures against the heads they know |
//! | sequencer | judges in the order of submission, one write and one sync for all, answers; C1, C10 |
//! | sealer | C2 to C9, C11: tiles, guard, signature, transaction |
//! | gateway | files of many DIDs behind their checkpoint |
//! | map | keeps up the map |
//! | one for each cosigner elsewhere | asks it |

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inkan_core::Timestamp;
use inkan_ledger::promise::Promise;
use inkan_ledger::state::Candidate;
use inkan_ledger::{EntryId, Kind, LeafHash, Rejection, SignedNote};

mod clock_watch;
mod commit;
mod error;
mod heads;
mod metrics;
mod sealing;
mod ticket;
mod workers;

pub use error::SubmitError;
pub use metrics::{BOUNDS, EntryOutcome, Histogram, Readiness, SequencerMetrics};
pub use ticket::Ticket;

use crate::clock::Clock;
use crate::cosigner::Cosigner;
use crate::ledger_folder::sealing::Gateway;
use crate::ledger_folder::{LedgerFolder, LedgerFolderError, LedgerReader, Parts, Standing};
use crate::note_key::NoteSigner;
use ticket::{Answering, ticket};

/// What an entry, or each entry of a batch, is answered with.
pub type Answer = Result<Acknowledged, SubmitError>;

/// An acknowledged entry: it is durable here, and no receipt yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Acknowledged {
    /// Its place in the log.
    pub leaf_index: u64,
    /// Hash of its leaf.
    pub leaf_hash: LeafHash,
    /// The id under which it is known.
    pub entry_id: EntryId,
    /// Ledger time of its leaf.
    pub time: Timestamp,
    /// Whether it was recorded now.
    pub standing: Standing,
}

/// What [`SequencerHandle::wait_covered`] waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// A checkpoint that the log signed.
    Checkpoint,
    /// A checkpoint that a quorum cosigned.
    Cosigned,
}

/// What may be set of a sequencer.
#[derive(Clone, Debug)]
pub struct SequencerOptions {
    /// Entries that may wait; more are turned away.
    pub queue: usize,
    /// Entries of one batch at most.
    pub batch_entries: usize,
    /// Bytes of one batch at most.
    pub batch_bytes: usize,
    /// Threads that check entries; as many as there are processors for `None`.
    pub workers: Option<usize>,
    /// Time between checkpoints while there are new entries.
    pub checkpoint_every: Duration,
    /// Time after which an idle log has its newest checkpoint cosigned again.
    pub refresh_every: Duration,
    /// Whether a clock that jumps stops the log (§3.5); not for one that is moved by hand.
    pub watch_clock: bool,
    /// How long a partial tile is kept after its full one is there.
    pub keep_partial: Duration,
    /// How far the map may be behind before entries of its kinds are turned away (§3.1): one checkpoint interval, where
    /// both are not set apart.
    pub map_patience: Duration,
}

impl Default for SequencerOptions {
    fn default() -> Self {
        Self {
            queue: 8_192,
            batch_entries: 1_024,
            batch_bytes: 4 << 20,
            workers: None,
            checkpoint_every: Duration::from_secs(1),
            refresh_every: Duration::from_secs(60),
            watch_clock: true,
            keep_partial: Duration::from_secs(3_600),
            map_patience: Duration::from_secs(1),
        }
    }
}

/// A running sequencer. Ends with [`Self::shutdown`]; dropped, it ends as well, but nobody hears how.
#[derive(Debug)]
pub struct Sequencer {
    inner: Arc<Inner>,
    thread: Option<JoinHandle<Result<(), LedgerFolderError>>>,
    workers: Vec<JoinHandle<()>>,
}

/// Access to a running sequencer, from any thread.
#[derive(Clone, Debug)]
pub struct SequencerHandle {
    inner: Arc<Inner>,
}

/// What handles and threads share.
struct Inner {
    options: SequencerOptions,
    clock: Arc<dyn Clock + Send + Sync>,
    reader: LedgerReader,
    log_key: Arc<NoteSigner>,
    gateway: Option<Gateway>,
    intake: Mutex<Intake>,
    /// Something waits for a worker.
    work: Condvar,
    ready: Mutex<Ready>,
    /// Something waits for the sequencer.
    wake: Condvar,
    seen: Mutex<Seen>,
    covered: Condvar,
    metrics: Mutex<SequencerMetrics>,
}

/// What waits for a worker.
struct Intake {
    items: VecDeque<Item>,
    /// The number of the next chunk that a worker takes: the sequencer takes them in this order.
    next: u64,
    /// Entries that wait, for a worker or for the sequencer.
    waiting: usize,
    closing: bool,
}

/// What waits for the sequencer.
#[derive(Default)]
struct Ready {
    chunks: BTreeMap<u64, Vec<Checked>>,
    tasks: VecDeque<Task>,
    notices: VecDeque<sealing::Notice>,
    /// Nobody takes anything any more, for this reason: whoever brings something hears it at once.
    ended: Option<SubmitError>,
}

/// A submission that waits.
struct Item {
    work: Work,
    since: Instant,
}

/// What was submitted, and who waits for the answer.
enum Work {
    Entry { kind: Kind, body: Vec<u8>, answering: Answering<Answer> },
    Import { bodies: Vec<Vec<u8>>, answering: Answering<ImportAnswer> },
}

/// The same, with all done that needs no state.
struct Checked {
    work: CheckedWork,
    since: Instant,
}

enum CheckedWork {
    Entry { kind: Kind, candidate: Box<Candidate>, answering: Answering<Answer> },
    Import { candidates: Vec<Candidate>, answering: Answering<ImportAnswer> },
    Refused { kind: Kind, rejection: Box<Rejection>, answering: Answering<Answer> },
}

/// Anything else that is done between two batches.
type Task = Box<dyn FnOnce(&mut Parts) + Send>;

/// What an import is answered with: all of its entries, or why none of them was taken.
pub type ImportAnswer = Result<Vec<Acknowledged>, SubmitError>;

/// What was published.
struct Seen {
    signed: u64,
    cosigned: u64,
    /// Why nothing is taken for now.
    paused: Option<SubmitError>,
    stopped: Option<SubmitError>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Sequencer {
    /// Starts the sequencer of a ledger, with the witnesses of its folder.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if there are no threads for it.
    pub fn start(
        folder: LedgerFolder,
        options: SequencerOptions,
        clock: Arc<dyn Clock + Send + Sync>,
    ) -> Result<(Self, SequencerHandle), LedgerFolderError> {
        Self::start_with(folder, options, clock, Vec::new())
    }

    /// Starts the sequencer of a ledger, with the witnesses of its folder and these cosigners.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Cosigner`] if one of them has seen more than was signed here; [`LedgerFolderError`] if there
    /// are no threads.
    pub fn start_with(
        folder: LedgerFolder,
        options: SequencerOptions,
        clock: Arc<dyn Clock + Send + Sync>,
        cosigners: Vec<Box<dyn Cosigner>>,
    ) -> Result<(Self, SequencerHandle), LedgerFolderError> {
        let (mut parts, sealer, mut own) = folder.into_parts();
        let head = sealer.guard.head();
        // R8 for those that were not asked at the opening.
        let (mut asked, mut others): (Vec<_>, Vec<_>) =
            cosigners.into_iter().partition(|cosigner| parts.newest.has_asked(cosigner.as_ref()));
        let logs = sealer.policy.logs();
        let mut silent = crate::cosigner::check_newest(&mut others, logs, &head)?;
        silent.extend(parts.newest.silent.iter().cloned());
        own.append(&mut asked);
        own.append(&mut others);
        let cosigned = parts.reader.shared.newest()?.map_or(0, |(size, _)| size);
        let metrics = SequencerMetrics {
            leaves: parts.engine.machine.size(),
            signed_size: head.tree_size,
            cosigned_size: cosigned,
            equivocations: sealer.db.fork_count()?,
            cosigners: silent.into_iter().map(|name| (name, false)).collect(),
            ..SequencerMetrics::default()
        };
        let paused = parts.engine.clock_unsure.then_some(SubmitError::ClockUnsure);
        let seen = Seen { signed: head.tree_size, cosigned, paused, stopped: None };
        let intake = Intake { items: VecDeque::new(), next: 0, waiting: 0, closing: false };
        parts.engine.spawn_map();
        let inner = Arc::new(Inner {
            options,
            clock,
            reader: parts.reader.clone(),
            log_key: Arc::clone(&sealer.log_key),
            gateway: parts.engine.gateway.clone(),
            intake: Mutex::new(intake),
            work: Condvar::new(),
            ready: Mutex::new(Ready::default()),
            wake: Condvar::new(),
            seen: Mutex::new(seen),
            covered: Condvar::new(),
            metrics: Mutex::new(metrics),
        });
        let heads = Arc::new(heads::Heads::default());
        let count = inner.options.workers.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        });
        let mut workers = Vec::new();
        for _ in 0..count.max(1) {
            let (inner, heads) = (Arc::clone(&inner), Arc::clone(&heads));
            workers.push(named("ledger-check", move || workers::work(&inner, &heads))?);
        }
        let sealing = sealing::start(sealer, own, &inner)?;
        let committer = commit::Committer::new(parts, Arc::clone(&inner), heads, sealing);
        let thread = named("ledger-sequencer", move || committer.run())?;
        let handle = SequencerHandle { inner: Arc::clone(&inner) };
        Ok((Self { inner, thread: Some(thread), workers }, handle))
    }

    /// Takes no more entries, finishes those that were taken, makes a last checkpoint, and ends.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] that stopped the sequencer, now or before.
    pub fn shutdown(mut self) -> Result<(), LedgerFolderError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), LedgerFolderError> {
        self.inner.close();
        let ended = self.thread.take().map(JoinHandle::join);
        for worker in self.workers.drain(..) {
            // A worker that panicked has left its entries without an answer but the one that they were lost.
            let _ = worker.join();
        }
        ended.map_or(Ok(()), |ended| ended.unwrap_or(Err(LedgerFolderError::Unconfirmed)))
    }
}

fn named<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, LedgerFolderError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| {
        crate::files::FileError::from_io(std::path::Path::new("thread"), error).into()
    })
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        // Whoever wants to know calls `shutdown`.
        let _ = self.end();
    }
}

impl SequencerHandle {
    /// Hands in an entry. The ticket's answer comes when the entry is durable, or is refused.
    pub fn submit(&self, kind: Kind, body: Vec<u8>) -> Ticket<Answer> {
        let (ticket, answering) = ticket(|| Err(SubmitError::lost()));
        self.inner.hand_in(vec![Work::Entry { kind, body, answering }]);
        ticket
    }

    /// Hands in an import (§6.6 of the ledger specification): all of its entries are recorded, or none.
    pub fn submit_import(&self, bodies: Vec<Vec<u8>>) -> Ticket<ImportAnswer> {
        let (ticket, answering) = ticket(|| Err(SubmitError::lost()));
        self.inner.hand_in(vec![Work::Import { bodies, answering }]);
        ticket
    }

    /// Hands in entries that keep their order; each is answered for itself.
    pub fn submit_batch(&self, entries: Vec<(Kind, Vec<u8>)>) -> Ticket<Vec<Answer>> {
        let count = entries.len();
        if count == 0 {
            return Ticket::answered(Vec::new());
        }
        let (ticket, answering) = ticket(Vec::new);
        let gathering = Arc::new(Mutex::new(Gathering {
            answers: vec![Err(SubmitError::lost()); count],
            missing: count,
            answering: Some(answering),
        }));
        let mut items = Vec::with_capacity(count);
        for (at, (kind, body)) in entries.into_iter().enumerate() {
            let (one, answering) = ticket::ticket(|| Err(SubmitError::lost()));
            let gathering = Arc::clone(&gathering);
            one.on_done(Box::new(move |answer| gathered(&gathering, at, answer)));
            items.push(Work::Entry { kind, body, answering });
        }
        self.inner.hand_in(items);
        ticket
    }

    /// The ledger for reading; it sees each new checkpoint.
    #[must_use]
    pub fn reader(&self) -> LedgerReader {
        self.inner.reader.clone()
    }

    /// Keeps a version of a status list, before or after its entry is recorded (see
    /// [`LedgerFolder::put_status_list`]).
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`].
    pub fn put_status_list(
        &self,
        scid: &str,
        uri: &str,
        sequence: u64,
        bytes: Vec<u8>,
    ) -> Result<(), LedgerFolderError> {
        let (ticket, answering) = ticket(|| Err(LedgerFolderError::Unconfirmed));
        let (scid, uri) = (scid.to_owned(), uri.to_owned());
        self.inner.hand_task(Box::new(move |parts| {
            answering.give(parts.put_status_list(&scid, &uri, sequence, &bytes));
        }));
        ticket.wait()
    }

    /// Signs the promise that leaves will be covered by a checkpoint of at most `deadline` (§3.6): as many leaves as
    /// 1,000, their indexes rising.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::NoSuchPlace`] for no leaf or too many; [`LedgerFolderError`] if the key does not sign.
    pub fn promise(
        &self,
        leaves: &[(u64, LeafHash)],
        deadline: Timestamp,
    ) -> Result<SignedNote, LedgerFolderError> {
        let key = &self.inner.log_key.key;
        let promise = Promise::new(key.name(), deadline, leaves.iter().copied().collect())
            .map_err(|_| LedgerFolderError::NoSuchPlace)?;
        // Outside the sequencer: nothing is changed by it.
        Ok(promise.sign(key, &self.inner.log_key.secret)?)
    }

    /// Waits until a checkpoint covers a leaf; gives that checkpoint's size.
    ///
    /// # Errors
    ///
    /// [`SubmitError::NotYetCovered`] after `timeout`; [`SubmitError::Stopped`].
    pub fn wait_covered(
        &self,
        leaf_index: u64,
        wait: Wait,
        timeout: Duration,
    ) -> Result<u64, SubmitError> {
        let size = |seen: &Seen| match wait {
            Wait::Checkpoint => seen.signed,
            Wait::Cosigned => seen.cosigned,
        };
        let waiting = |seen: &mut Seen| size(seen) <= leaf_index && seen.stopped.is_none();
        let (seen, _) = self
            .inner
            .covered
            .wait_timeout_while(self.inner.seen(), timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match (size(&seen), &seen.stopped) {
            (size, _) if size > leaf_index => Ok(size),
            (_, Some(stopped)) => Err(stopped.clone()),
            (_, None) => Err(SubmitError::NotYetCovered { leaf_index }),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn metrics(&self) -> SequencerMetrics {
        let queue = self.inner.intake().waiting;
        let mut metrics = self.inner.metrics().clone();
        metrics.queue = u64::try_from(queue).unwrap_or(u64::MAX);
        metrics.gateway = self.inner.gateway.as_ref().map(Gateway::metrics).unwrap_or_default();
        metrics
    }

    /// Whether the sequencer stopped after an error that only opening the ledger again can mend. Whoever waited was answered.
    #[must_use]
    pub fn has_stopped(&self) -> bool {
        self.inner.seen().stopped.is_some()
    }

    /// Whether entries are taken now.
    #[must_use]
    pub fn is_ready(&self) -> Readiness {
        let seen = self.inner.seen();
        if let Some(reason) = seen.stopped.as_ref().or(seen.paused.as_ref()) {
            return Readiness::NotReady(reason.code());
        }
        drop(seen);
        if self.inner.intake().closing {
            return Readiness::NotReady("not-ready");
        }
        Readiness::Ready
    }
}

/// Answers of a batch that come one by one.
struct Gathering {
    answers: Vec<Answer>,
    missing: usize,
    answering: Option<Answering<Vec<Answer>>>,
}

fn gathered(gathering: &Mutex<Gathering>, at: usize, answer: Answer) {
    let mut gathering = gathering.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(slot) = gathering.answers.get_mut(at) {
        *slot = answer;
    }
    gathering.missing = gathering.missing.saturating_sub(1);
    if gathering.missing == 0
        && let Some(answering) = gathering.answering.take()
    {
        let answers = std::mem::take(&mut gathering.answers);
        drop(gathering);
        answering.give(answers);
    }
}

impl Inner {
    fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn metrics(&self) -> MutexGuard<'_, SequencerMetrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.intake().closing = true;
        self.work.notify_all();
        // Under its lock, so that a sequencer that is about to wait hears it.
        drop(self.ready());
        self.wake.notify_all();
    }

    /// Queues submissions, all or none.
    fn hand_in(&self, submissions: Vec<Work>) {
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
        self.work.notify_all();
    }

    fn hand_task(&self, task: Task) {
        let mut ready = self.ready();
        // A task that is dropped answers that it was lost.
        if ready.ended.is_none() {
            ready.tasks.push_back(task);
            drop(ready);
            self.wake.notify_all();
        }
    }

    /// What a worker has done.
    fn bring(&self, number: u64, chunk: Vec<Checked>) {
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

    fn notify(&self, notice: sealing::Notice) {
        self.ready().notices.push_back(notice);
        self.wake.notify_all();
    }

    /// Nothing goes on: whoever waits hears why.
    fn stop(&self, error: &LedgerFolderError) {
        let reason = SubmitError::Stopped { code: error.code(), reason: error.to_string() };
        self.seen().stopped = Some(reason.clone());
        self.covered.notify_all();
        self.end(&reason);
    }

    /// Nobody takes anything any more. What workers still have in hand is refused when they bring it.
    fn end(&self, reason: &SubmitError) {
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
    const fn kind(&self) -> Kind {
        match self {
            Self::Entry { kind, .. } => *kind,
            Self::Import { .. } => Kind::Did,
        }
    }

    fn entries(&self) -> usize {
        match self {
            Self::Entry { .. } => 1,
            Self::Import { bodies, .. } => bodies.len().max(1),
        }
    }

    fn refuse(self, error: &SubmitError) {
        match self {
            Self::Entry { answering, .. } => answering.give(Err(error.clone())),
            Self::Import { answering, .. } => answering.give(Err(error.clone())),
        }
    }
}

impl CheckedWork {
    const fn kind(&self) -> Kind {
        match self {
            Self::Entry { kind, .. } | Self::Refused { kind, .. } => *kind,
            Self::Import { .. } => Kind::Did,
        }
    }

    fn entries(&self) -> usize {
        match self {
            Self::Entry { .. } | Self::Refused { .. } => 1,
            Self::Import { candidates, .. } => candidates.len().max(1),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Entry { candidate, .. } => candidate.body().len(),
            Self::Import { candidates, .. } => candidates.iter().map(|one| one.body().len()).sum(),
            Self::Refused { .. } => 0,
        }
    }

    fn refuse(self, error: &SubmitError) {
        match self {
            Self::Entry { answering, .. } | Self::Refused { answering, .. } => {
                answering.give(Err(error.clone()));
            }
            Self::Import { answering, .. } => answering.give(Err(error.clone())),
        }
    }
}

/// The monotonic clock: it measures how long things take, and decides nothing about entries.
#[expect(clippy::disallowed_methods, reason = "durations of one process only")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
