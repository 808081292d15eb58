//! The thread of the sequencer: batches, tasks, checkpoints.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::metrics::EntryOutcome;
use super::{Acknowledged, Answer, Inner, Item, SubmitError, Task, now};
use crate::ledger_folder::{LedgerFolder, LedgerFolderError, Standing};

pub(super) struct Worker {
    folder: LedgerFolder,
    inner: Arc<Inner>,
    uncovered: bool,
    checkpoint_at: Instant,
    refresh_at: Instant,
}

impl Worker {
    pub(super) fn new(folder: LedgerFolder, inner: Arc<Inner>) -> Self {
        let checkpoint_at = now();
        let refresh_at = checkpoint_at + inner.options.refresh_every;
        Self { folder, inner, uncovered: true, checkpoint_at, refresh_at }
    }

    pub(super) fn run(mut self) -> Result<(), LedgerFolderError> {
        let ended = self.work();
        if let Err(error) = &ended {
            let stopped = SubmitError::Stopped { code: error.code(), reason: error.to_string() };
            self.inner.seen().stopped = Some(stopped);
            self.inner.covered.notify_all();
            let mut intake = self.inner.intake();
            (intake.items, intake.tasks) = Default::default();
        }
        ended
    }

    fn work(&mut self) -> Result<(), LedgerFolderError> {
        loop {
            let (items, tasks, closing) = self.take();
            let time = self.inner.clock.now();
            for task in tasks {
                task(&mut self.folder, time);
            }
            let none = items.is_empty();
            self.commit(items)?;
            let done = closing && none;
            if self.uncovered && (done || now() >= self.checkpoint_at) {
                self.checkpoint(false)?;
            } else if now() >= self.refresh_at {
                self.checkpoint(true)?;
            }
            if done {
                return Ok(());
            }
        }
    }

    /// Waits for work, or until something is due.
    fn take(&self) -> (Vec<Item>, Vec<Task>, bool) {
        let due = if self.uncovered { self.checkpoint_at } else { self.refresh_at };
        let wait = due.saturating_duration_since(now()).max(Duration::from_millis(1));
        let intake = self.inner.intake();
        let (mut intake, _) = self
            .inner
            .wake
            .wait_timeout_while(intake, wait, |intake| {
                intake.items.is_empty() && intake.tasks.is_empty() && !intake.closing
            })
            .unwrap_or_else(PoisonError::into_inner);
        let count = intake.items.len().min(self.inner.options.batch_entries);
        let items = intake.items.drain(..count).collect();
        let tasks = intake.tasks.drain(..).collect();
        (items, tasks, intake.closing)
    }

    fn commit(&mut self, items: Vec<Item>) -> Result<(), LedgerFolderError> {
        for Item { kind, body, since, answering } in items {
            let taken = now();
            let time = self.inner.clock.now();
            let answer: Answer = match self.folder.submit_entry(kind, &body, time) {
                Ok(acknowledged) => Ok(acknowledged),
                Err(LedgerFolderError::Rejected(rejection)) => Err(rejection.into()),
                Err(error) => return Err(error),
            };
            let mut metrics = self.inner.metrics();
            metrics.queued.record(taken.saturating_duration_since(since));
            metrics.commit.record(now().saturating_duration_since(taken));
            metrics.count(kind, EntryOutcome::of(&answer));
            drop(metrics);
            self.uncovered |= matches!(answer, Ok(Acknowledged { standing: Standing::New, .. }));
            answering.give(answer);
        }
        Ok(())
    }

    fn checkpoint(&mut self, refresh: bool) -> Result<(), LedgerFolderError> {
        let (start, time) = (now(), self.inner.clock.now());
        let size =
            if refresh { self.folder.refresh(time)? } else { self.folder.checkpoint(time)? };
        self.uncovered = false;
        self.checkpoint_at = now() + self.inner.options.checkpoint_every;
        self.refresh_at = now() + self.inner.options.refresh_every;
        let mut seen = self.inner.seen();
        seen.reader = self.folder.reader().clone();
        (seen.signed, seen.cosigned) = (size, size);
        drop(seen);
        self.inner.covered.notify_all();
        let mut metrics = self.inner.metrics();
        metrics.checkpoint.record(now().saturating_duration_since(start));
        (metrics.leaves, metrics.signed_size, metrics.cosigned_size) = (size, size, size);
        (metrics.signed_at, metrics.cosigned_at) = (Some(time), Some(time));
        Ok(())
    }
}
