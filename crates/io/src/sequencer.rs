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

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inkan_core::Timestamp;
use inkan_ledger::promise::Promise;
use inkan_ledger::{EntryId, Kind, LeafHash, SignedNote};

mod clock_watch;
mod commit;
mod error;
mod heads;
mod inner;
mod metrics;
mod pending;
mod sealing;
mod ticket;
mod workers;

pub use error::SubmitError;
pub use inner::ImportAnswer;
pub use metrics::{BOUNDS, EntryOutcome, Histogram, Readiness, SequencerMetrics};
pub use ticket::Ticket;

use crate::clock::Clock;
use crate::cosigner::Cosigner;
use crate::ledger_folder::sealing::Gateway;
use crate::ledger_folder::{LedgerFolder, LedgerFolderError, LedgerReader, Standing};
use inner::{Checked, CheckedWork, Inner, Intake, Item, Ready, Seen, Task, Work};
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
        let count = options.workers.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        });
        let count = count.max(1);
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
            spent: (0..count).map(|_| Mutex::default()).collect(),
            metrics: Mutex::new(metrics),
        });
        let heads = Arc::new(heads::Heads::default());
        let mut workers = Vec::new();
        for own in 0..count {
            let (inner, heads) = (Arc::clone(&inner), Arc::clone(&heads));
            workers.push(named("ledger-check", move || workers::work(&inner, &heads, own))?);
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

/// A defect stops the ledger instead of leaving one behind that answers and takes nothing: what was half done is judged
/// when the folder is opened again.
fn caught(work: impl FnOnce() -> Result<(), LedgerFolderError>) -> Result<(), LedgerFolderError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(LedgerFolderError::Unconfirmed))
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

/// The monotonic clock: it measures how long things take, and decides nothing about entries.
#[expect(clippy::disallowed_methods, reason = "durations of one process only")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
