//! The embedded sequencer: many submit at once, one thread gives places, and a batch is durable before anybody is answered.
//!
//! In scope: queue and answers, group commit, when checkpoints and fresh cosignatures are made (§3.1, §3.2, §7.1 of the
//! ledger specification). Out of scope: the rules (`inkan-ledger`), files (`ledger_folder`), HTTP (`inkan-server`).

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inkan_core::Timestamp;
use inkan_ledger::{EntryId, Kind, LeafHash, SignedNote};

mod error;
mod metrics;
mod ticket;
mod worker;

pub use error::SubmitError;
pub use metrics::{BOUNDS, EntryOutcome, Histogram, Readiness, SequencerMetrics};
pub use ticket::Ticket;

use crate::clock::Clock;
use crate::ledger_folder::{LedgerFolder, LedgerFolderError, LedgerReader, Standing};
use ticket::{Answering, ticket};
use worker::Worker;

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
    /// Bytes of the disk that entries may not use.
    pub reserve: u64,
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
            reserve: 256 << 20,
        }
    }
}

/// A running sequencer. Ends with [`Self::shutdown`]; dropped, it ends as well, but nobody hears how.
#[derive(Debug)]
pub struct Sequencer {
    inner: Arc<Inner>,
    thread: Option<JoinHandle<Result<(), LedgerFolderError>>>,
}

/// Access to a running sequencer, from any thread.
#[derive(Clone, Debug)]
pub struct SequencerHandle {
    inner: Arc<Inner>,
}

/// What handles and the sequencer's thread share.
struct Inner {
    options: SequencerOptions,
    clock: Arc<dyn Clock + Send + Sync>,
    intake: Mutex<Intake>,
    wake: Condvar,
    seen: Mutex<Seen>,
    covered: Condvar,
    metrics: Mutex<SequencerMetrics>,
}

/// What waits.
struct Intake {
    items: VecDeque<Item>,
    tasks: VecDeque<Task>,
    closing: bool,
}

/// An entry that waits.
struct Item {
    kind: Kind,
    body: Vec<u8>,
    since: Instant,
    answering: Answering<Answer>,
}

/// Anything else that is done between two batches.
type Task = Box<dyn FnOnce(&mut LedgerFolder, Timestamp) + Send>;

/// What was published.
struct Seen {
    reader: LedgerReader,
    signed: u64,
    cosigned: u64,
    stopped: Option<SubmitError>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Sequencer {
    /// Starts the sequencer of a ledger.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if there is no thread for it.
    pub fn start(
        folder: LedgerFolder,
        options: SequencerOptions,
        clock: Arc<dyn Clock + Send + Sync>,
    ) -> Result<(Self, SequencerHandle), LedgerFolderError> {
        let size = folder.reader().status()?.size;
        let reader = folder.reader().clone();
        let inner = Arc::new(Inner {
            options,
            clock,
            intake: Mutex::new(Intake {
                items: VecDeque::new(),
                tasks: VecDeque::new(),
                closing: false,
            }),
            wake: Condvar::new(),
            seen: Mutex::new(Seen { reader, signed: size, cosigned: size, stopped: None }),
            covered: Condvar::new(),
            metrics: Mutex::new(SequencerMetrics::default()),
        });
        let worker = Worker::new(folder, Arc::clone(&inner));
        let thread = std::thread::spawn(move || worker.run());
        let handle = SequencerHandle { inner: Arc::clone(&inner) };
        Ok((Self { inner, thread: Some(thread) }, handle))
    }

    /// Takes no more entries, finishes those that were taken, makes a last checkpoint, and ends.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] that stopped the sequencer, now or before.
    pub fn shutdown(mut self) -> Result<(), LedgerFolderError> {
        self.inner.close();
        let ended = self.thread.take().map(JoinHandle::join);
        ended.map_or(Ok(()), |ended| ended.unwrap_or(Err(LedgerFolderError::Unconfirmed)))
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.inner.close();
        if let Some(thread) = self.thread.take() {
            // Whoever wants to know calls `shutdown`.
            let _ = thread.join();
        }
    }
}

impl SequencerHandle {
    /// Hands in an entry. The ticket's answer comes when the entry is durable, or is refused.
    pub fn submit(&self, kind: Kind, body: Vec<u8>) -> Ticket<Answer> {
        let (ticket, answering) = ticket(|| Err(SubmitError::lost()));
        self.inner.hand_in(vec![(kind, body, answering)]);
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
            items.push((kind, body, answering));
        }
        self.inner.hand_in(items);
        ticket
    }

    /// The ledger for reading, as of the newest checkpoint.
    #[must_use]
    pub fn reader(&self) -> LedgerReader {
        self.inner.seen().reader.clone()
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
        self.inner.hand_task(Box::new(move |folder, _| {
            answering.give(folder.put_status_list(&scid, &uri, sequence, &bytes));
        }));
        ticket.wait()
    }

    /// Signs the promise that leaves will be covered by a checkpoint of at most `deadline` (§3.6): as many leaves as
    /// 1,000, their indexes rising.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the key does not sign.
    pub fn promise(
        &self,
        leaves: &[(u64, LeafHash)],
        deadline: Timestamp,
    ) -> Result<SignedNote, LedgerFolderError> {
        let (ticket, answering) = ticket(|| Err(LedgerFolderError::Unconfirmed));
        let leaves = leaves.to_vec();
        self.inner.hand_task(Box::new(move |folder, _| {
            answering.give(folder.promise(&leaves, deadline));
        }));
        ticket.wait()
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
        let queue = self.inner.intake().items.len();
        let mut metrics = self.inner.metrics().clone();
        metrics.queue = u64::try_from(queue).unwrap_or(u64::MAX);
        metrics
    }

    /// Whether entries are taken now.
    #[must_use]
    pub fn is_ready(&self) -> Readiness {
        if let Some(stopped) = &self.inner.seen().stopped {
            return Readiness::NotReady(stopped.code());
        }
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

    fn close(&self) {
        self.intake().closing = true;
        self.wake.notify_all();
    }

    /// Queues entries, all or none.
    fn hand_in(&self, entries: Vec<(Kind, Vec<u8>, Answering<Answer>)>) {
        let stopped = self.seen().stopped.clone();
        let mut intake = self.intake();
        let room = self.options.queue.saturating_sub(intake.items.len());
        let refusal = match stopped {
            Some(stopped) => Some(stopped),
            None if intake.closing => Some(SubmitError::NotReady),
            None => (entries.len() > room).then_some(SubmitError::Overloaded),
        };
        if let Some(refusal) = refusal {
            drop(intake);
            for (kind, _, answering) in entries {
                self.metrics().count(kind, EntryOutcome::Turned);
                answering.give(Err(refusal.clone()));
            }
            return;
        }
        let since = now();
        let items = entries.into_iter();
        intake.items.extend(items.map(|(kind, body, answering)| Item {
            kind,
            body,
            since,
            answering,
        }));
        drop(intake);
        self.wake.notify_all();
    }

    fn hand_task(&self, task: Task) {
        let stopped = self.seen().stopped.is_some();
        let mut intake = self.intake();
        // A task that is dropped answers that it was lost.
        if !stopped && !intake.closing {
            intake.tasks.push_back(task);
        }
        drop(intake);
        self.wake.notify_all();
    }
}

/// The monotonic clock: it measures how long things take, and decides nothing about entries.
#[expect(clippy::disallowed_methods, reason = "durations of one process only")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
