//! When gateway files are written: they are derived, so many of them follow their checkpoint on a thread of its own.
//!
//! In scope: how far they are written, and that this is noted only when they are durable: after a crash the next writer goes
//! on from there. Out of scope: what is in them (`public`).

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::LedgerFolderError;
use super::layout::Layout;
use super::public::Gateway;
use super::state_db::StateDb;

/// Changes that are written before anybody hears of their checkpoint; more follow it.
const FEW: usize = 32;
/// Changes that are written together.
const TOGETHER: usize = if cfg!(test) { 48 } else { 1_024 };
/// Changes that an opening writes before it is done.
const AT_ONCE: usize = if cfg!(test) { 48 } else { 256 };
/// How long after want of room is looked again.
const ROOM: Duration = Duration::from_millis(250);
/// Groups that are still written when the ledger is closed; the next writer goes on.
const LAST: usize = 4;

/// Where gateway files are written.
pub(crate) enum PublicLane {
    /// Nowhere.
    Off,
    /// On the thread that makes checkpoints.
    Here(Gateway),
    /// A few there, many on a thread of their own.
    There(Worker),
}

/// A thread that follows the checkpoints.
pub(crate) struct Worker {
    gateway: Gateway,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// How far `state.db` says that files are durable.
    noted: u64,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Leaves that checkpoints cover.
    covered: u64,
    /// Leaves whose files are durable.
    done: u64,
    ending: bool,
    failed: Option<LedgerFolderError>,
}

impl PublicLane {
    /// A checkpoint covers `size` leaves, and is stored.
    pub(crate) fn follow(&mut self, db: &StateDb, size: u64) -> Result<(), LedgerFolderError> {
        match self {
            Self::Off => Ok(()),
            Self::Here(gateway) => {
                let noted = db.published()?;
                let mut done = noted;
                while done < size {
                    done = gateway.publish(db, done, size, TOGETHER)?;
                }
                if noted < done {
                    db.set_published(done)?;
                }
                Ok(())
            }
            Self::There(worker) => {
                worker.follow(db, size)?;
                worker.note(db)
            }
        }
    }

    /// What a crash left undone, if it is not much: else the next checkpoint goes on with it.
    pub(crate) fn resume(&mut self, db: &StateDb, size: u64) -> Result<(), LedgerFolderError> {
        if let Self::Here(gateway) = self {
            let noted = db.published()?;
            if noted < size {
                match gateway.publish(db, noted, size, AT_ONCE) {
                    Ok(reached) => db.set_published(reached)?,
                    // Reading needs none of it, and the next checkpoint goes on.
                    Err(error) if error.is_full() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Moves the bulk of the work to a thread of its own, which begins with what is left undone below `size`.
    pub(crate) fn spawn(
        &mut self,
        layout: &Layout,
        db: &StateDb,
        size: u64,
    ) -> Result<(), LedgerFolderError> {
        let Self::Here(gateway) = self else { return Ok(()) };
        let reading = StateDb::open_reader(&layout.state())?;
        let noted = db.published()?;
        let state = State { covered: size.max(noted), done: noted, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let (theirs, of_thread) = (Arc::clone(&shared), gateway.clone());
        let name = "ledger-gateway".to_owned();
        let work = move || work(&of_thread, &reading, &theirs);
        // Without a thread of its own it goes on here.
        if let Ok(thread) = std::thread::Builder::new().name(name).spawn(work) {
            let gateway = gateway.clone();
            *self = Self::There(Worker { gateway, shared, thread: Some(thread), noted });
        }
        Ok(())
    }

    /// Ends the thread. What it has not written, the next writer does.
    pub(crate) fn finish(&mut self, db: &StateDb) {
        if let Self::There(worker) = self {
            worker.end();
            // Else these files are written once more: nothing is lost.
            let _ = worker.note(db);
        }
    }
}

impl Worker {
    fn follow(&self, db: &StateDb, size: u64) -> Result<(), LedgerFolderError> {
        let mut state = self.shared.lock();
        if let Some(failed) = state.failed.take() {
            return Err(failed);
        }
        let idle = state.done >= state.covered;
        let done = state.done;
        if done >= size {
            return Ok(());
        }
        if idle && db.some_changes_since(done, size, FEW)?.len() < FEW {
            // Its thread waits for more than it has done, and only this one can ask it.
            drop(state);
            self.gateway.publish(db, done, size, FEW)?;
            state = self.shared.lock();
            state.done = size;
        }
        state.covered = size;
        drop(state);
        self.shared.wake.notify_all();
        Ok(())
    }

    fn note(&mut self, db: &StateDb) -> Result<(), LedgerFolderError> {
        let done = self.shared.lock().done;
        if self.noted < done {
            db.set_published(done)?;
            self.noted = done;
        }
        Ok(())
    }

    fn end(&mut self) {
        self.shared.lock().ending = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // Had it panicked, the next writer would do what it did not.
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(gateway: &Gateway, db: &StateDb, shared: &Shared) {
    let mut last = LAST;
    loop {
        let mut state = shared.lock();
        while state.done >= state.covered && !state.ending {
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.ending {
            last = last.saturating_sub(1);
            if last == 0 || state.done >= state.covered {
                return;
            }
        }
        let (from, size) = (state.done, state.covered);
        drop(state);
        let published = gateway.publish(db, from, size, TOGETHER);
        let mut state = shared.lock();
        match published {
            Ok(reached) => state.done = reached,
            Err(error) if error.is_full() && !state.ending => {
                let waited = shared.wake.wait_timeout(state, ROOM);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
            // The next checkpoint hears of it.
            Err(error) => {
                state.failed = Some(error);
                return;
            }
        }
    }
}

impl fmt::Debug for PublicLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "PublicLane::Off",
            Self::Here(_) => "PublicLane::Here",
            Self::There(_) => "PublicLane::There",
        })
    }
}

#[cfg(test)]
mod tests;
