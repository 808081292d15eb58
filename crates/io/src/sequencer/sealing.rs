//! The thread that makes checkpoints (C2 to C9, C11), so that entries are acknowledged meanwhile.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inkan_core::Timestamp;
use inkan_ledger::SignedNote;
use inkan_ledger::note::SignatureLine;

use super::{Inner, caught, named, now};
use crate::cosigner::{CosignError, CosignRequest, Cosigner, CosignerSet, Delivery};
use crate::ledger_folder::LedgerFolderError;
use crate::ledger_folder::leftover;
use crate::ledger_folder::sealing::{IdIndex, SealJob, Sealer, consistency_on_disk};

/// How long after want of room is looked again.
const ROOM: Duration = Duration::from_millis(250);

/// What the sealer is told.
pub(super) enum Order {
    Seal(Arc<SealJob>),
    /// Have the newest note cosigned again.
    Refresh,
    Delivered(Delivery),
    End,
}

/// What the sequencer is told.
pub(super) enum Notice {
    /// C9 is done.
    Sealed {
        job: Arc<SealJob>,
        index: IdIndex,
        took: Duration,
    },
    /// A cosigner elsewhere stamped something.
    Stamped {
        name: String,
        stamp: Timestamp,
    },
    Failed(LedgerFolderError),
}

/// The thread, and the way to it.
pub(super) struct Sealing {
    pub(super) orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl Sealing {
    /// Waits until everything that was ordered is done.
    pub(super) fn end(&mut self) {
        // If it has ended already, it has said why.
        let _ = self.orders.send(Order::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) fn start(
    mut sealer: Sealer,
    cosigners: Vec<Box<dyn Cosigner>>,
    inner: &Arc<Inner>,
) -> Result<Sealing, LedgerFolderError> {
    sealer.spawn()?;
    let (orders, received) = channel();
    let layout = sealer.layout.clone();
    let consistency = Arc::new(move |old, new| consistency_on_disk(&layout, old, new));
    let deliveries = orders.clone();
    let deliver = Arc::new(move |delivery| {
        // Too late is as good as never: whoever comes next asks again.
        let _ = deliveries.send(Order::Delivered(delivery));
    });
    let cosigners = CosignerSet::start(cosigners, consistency, Arc::clone(&inner.clock), deliver);
    let cosigners = cosigners
        .map_err(|error| crate::files::FileError::from_io(std::path::Path::new("thread"), error))?;
    let inner = Arc::clone(inner);
    let work = Work { sealer, cosigners, inner, expired: VecDeque::new() };
    let thread = Some(named("ledger-sealer", move || work.run(&received))?);
    Ok(Sealing { orders, thread })
}

struct Work {
    sealer: Sealer,
    cosigners: CosignerSet,
    inner: Arc<Inner>,
    /// Folders of partial tiles whose full tile is there, and since when.
    expired: VecDeque<(Instant, Vec<PathBuf>)>,
}

impl Work {
    fn run(mut self, orders: &Receiver<Order>) {
        if let Err(error) = caught(|| self.obey(orders)) {
            self.inner.notify(Notice::Failed(error));
        }
        self.sealer.finish();
        self.cosigners.stop();
    }

    fn obey(&mut self, orders: &Receiver<Order>) -> Result<(), LedgerFolderError> {
        // What the last process left without a quorum is asked for at once.
        let note = self.sealer.sign()?;
        self.cosign(&note)?;
        // What was superseded before this start is in nobody's list.
        let (root, keep) = (self.sealer.layout.root(), self.inner.options.keep_partial);
        leftover::sweep(root, keep, self.inner.clock.now());
        loop {
            match orders.recv_timeout(Duration::from_secs(5)) {
                Ok(Order::Seal(job)) => self.seal(&job)?,
                Ok(Order::Refresh) => {
                    let note = self.sealer.sign()?;
                    self.cosign(&note)?;
                }
                Ok(Order::Delivered(delivery)) => self.delivered(delivery)?,
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.sweep();
        }
    }

    fn seal(&mut self, job: &Arc<SealJob>) -> Result<(), LedgerFolderError> {
        let start = now();
        let sealed = loop {
            match self.sealer.seal(job) {
                // What was acknowledged is in the journal; the checkpoint comes when there is room.
                Err(error) if error.is_full() => {
                    if self.inner.intake().closing {
                        return Err(error);
                    }
                    std::thread::sleep(ROOM);
                }
                sealed => break sealed?,
            }
        };
        let took = now().saturating_duration_since(start);
        let partial = job.superseded();
        if !partial.is_empty() {
            self.expired.push_back((now(), partial));
        }
        let size = job.head.tree_size;
        self.inner.notify(Notice::Sealed { job: Arc::clone(job), index: sealed.index, took });
        self.inner.seen().signed = size;
        self.inner.covered.notify_all();
        let mut metrics = self.inner.metrics();
        (metrics.signed_size, metrics.signed_at) = (size, Some(self.inner.clock.now()));
        drop(metrics);
        self.cosign(&sealed.note)
    }

    /// C11: those at hand are asked at once, the others at their own pace.
    fn cosign(&mut self, note: &SignedNote) -> Result<(), LedgerFolderError> {
        let size = self.sealer.guard.head().tree_size;
        if size == 0 {
            return Ok(());
        }
        if let Some(cosigned) = self.sealer.gathering.expect(size, note) {
            self.sealer.cosigned(&cosigned)?;
            self.covered(size);
        }
        let layout = self.sealer.layout.clone();
        let consistency = |old| consistency_on_disk(&layout, old, size);
        let request = CosignRequest { note, consistency: &consistency };
        let mut lines = Vec::new();
        for delivery in self.cosigners.ask_own(&request, self.inner.clock.now()) {
            self.tell(&delivery);
            match delivery.lines {
                Ok(more) => lines.extend(more),
                Err(error) => alarm(&delivery.name, error)?,
            }
        }
        // All at once: one transaction.
        if let Some(size) = self.sealer.delivered(note.text(), &lines)? {
            self.covered(size);
        }
        self.cosigners.offer(note);
        self.count();
        Ok(())
    }

    fn delivered(&mut self, delivery: Delivery) -> Result<(), LedgerFolderError> {
        self.tell(&delivery);
        match delivery.lines {
            Ok(lines) => {
                for stamp in lines.iter().filter_map(timestamp_of) {
                    let name = delivery.name.clone();
                    self.inner.notify(Notice::Stamped { name, stamp });
                }
                if let Some(size) = self.sealer.delivered(&delivery.text, &lines)? {
                    self.covered(size);
                }
            }
            Err(error) => alarm(&delivery.name, error)?,
        }
        self.count();
        Ok(())
    }

    fn covered(&self, size: u64) {
        let mut seen = self.inner.seen();
        seen.cosigned = seen.cosigned.max(size);
        drop(seen);
        self.inner.covered.notify_all();
        let mut metrics = self.inner.metrics();
        metrics.cosigned_size = metrics.cosigned_size.max(size);
        metrics.cosigned_at = Some(self.inner.clock.now());
    }

    fn tell(&self, delivery: &Delivery) {
        self.inner.metrics().cosigner(&delivery.name, delivery.lines.as_ref().err());
    }

    fn count(&self) {
        let standing = self.cosigners.standing().into_iter();
        self.inner.metrics().cosigners =
            standing.map(|one| (one.name, one.up == Some(true))).collect();
    }

    /// Partial tiles go when their full tile has been served for an hour.
    fn sweep(&mut self) {
        let keep = self.inner.options.keep_partial;
        while let Some((since, _)) = self.expired.front()
            && now().saturating_duration_since(*since) >= keep
        {
            for folder in self.expired.pop_front().map(|(_, folders)| folders).unwrap_or_default() {
                // What stays is only a waste of room.
                let _ = std::fs::remove_dir_all(folder);
            }
        }
    }
}

/// When a witness says it cosigned: the first eight bytes of `cosignature/v1`.
fn timestamp_of(line: &SignatureLine) -> Option<Timestamp> {
    let stamp = line.signature.first_chunk::<8>().filter(|_| line.signature.len() == 72)?;
    Timestamp::from_seconds(i64::try_from(u64::from_be_bytes(*stamp)).ok()?).ok()
}

/// Whether a cosigner's failure is one that stops the log: it has seen what this log no longer has.
fn alarm(name: &str, source: CosignError) -> Result<(), LedgerFolderError> {
    if source.is_alarm() {
        Err(LedgerFolderError::Witness { name: name.to_owned(), source })
    } else {
        Ok(())
    }
}
