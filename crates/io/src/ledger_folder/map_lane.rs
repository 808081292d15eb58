//! The map store beside the log (§3.1, C1): at once for a folder, on a thread of its own for a sequencer.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use inkan_ledger::{MapKey, MapValue};

use super::error::LedgerFolderError;
use crate::map_store::{MapReader, MapState, MapStore, MapStoreError, UNSAVED};

/// Where the map is kept up.
pub(crate) enum MapLane {
    /// On the thread that asks.
    Here(Box<MapStore>),
    /// On a thread of its own.
    There(Worker),
}

/// A thread that keeps up the map.
pub(crate) struct Worker {
    orders: Sender<Order>,
    applied: Arc<AtomicU64>,
    reader: MapReader,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Mutex<Option<MapStoreError>>>,
}

enum Order {
    Apply(u64, Vec<(MapKey, MapValue)>),
    Keep(u64, Sender<Result<MapState, MapStoreError>>),
    Prune(u64),
    Durable,
    /// Waits until the other end is gone.
    #[cfg(test)]
    Hold(Receiver<()>),
}

impl MapLane {
    /// Has the map fall behind until what this gives is dropped.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> Sender<()> {
        let (release, held) = channel();
        if let Self::There(worker) = self {
            let _ = worker.order(Order::Hold(held));
        }
        release
    }

    /// Reads the states that are kept.
    pub(crate) fn reader(&self) -> MapReader {
        match self {
            Self::Here(store) => store.reader(),
            Self::There(worker) => worker.reader.clone(),
        }
    }

    /// How many leaves it covers; on the thread that asks, always all.
    pub(crate) fn applied(&self) -> u64 {
        match self {
            Self::Here(_) => u64::MAX,
            Self::There(worker) => worker.applied.load(Ordering::Relaxed),
        }
    }

    /// The heads that changed on the way to `version` leaves.
    pub(crate) fn apply(
        &mut self,
        version: u64,
        heads: Vec<(MapKey, MapValue)>,
    ) -> Result<(), LedgerFolderError> {
        match self {
            Self::Here(store) => {
                store.apply(version, &heads)?;
            }
            Self::There(worker) => {
                worker.check()?;
                worker.order(Order::Apply(version, heads))?;
            }
        }
        Ok(())
    }

    /// C1: waits until everything is in, and keeps the state of `version` leaves.
    pub(crate) fn keep(&mut self, version: u64) -> Result<MapState, LedgerFolderError> {
        match self {
            Self::Here(store) => Ok(keep(store, version)?),
            Self::There(worker) => {
                let (answer, answered) = channel();
                worker.order(Order::Keep(version, answer))?;
                Ok(answered.recv().map_err(|_| gone())??)
            }
        }
    }

    /// Lets go of states below `version`, now that one of at least that many leaves is stored; that one is made durable
    /// now and then.
    pub(crate) fn prune(&mut self, version: u64) {
        match self {
            Self::Here(store) => {
                store.prune(version);
                if store.unsaved() >= UNSAVED {
                    // Derived: whoever opens it next sees what is missing.
                    let _ = store.durable();
                }
            }
            Self::There(worker) => {
                // A worker that ended says so at the next batch.
                let _ = worker.order(Order::Prune(version));
            }
        }
    }

    /// Makes the newest state that was kept durable.
    pub(crate) fn durable(&mut self) {
        match self {
            Self::Here(store) => {
                // Derived: whoever opens it next sees what is missing.
                let _ = store.durable();
            }
            Self::There(worker) => {
                let _ = worker.order(Order::Durable);
            }
        }
    }

    /// Moves the work to a thread of its own.
    pub(crate) fn spawn(&mut self) {
        let Self::Here(store) = self else { return };
        let reader = store.reader();
        let applied = Arc::new(AtomicU64::new(store.newest().version));
        let failed = Arc::default();
        let (orders, receiver) = channel();
        let theirs = (Arc::clone(&applied), Arc::clone(&failed));
        // It is moved by the first order, so that nothing has to stand in its place meanwhile.
        let (given, taken) = channel::<Box<MapStore>>();
        let thread = std::thread::Builder::new().name("ledger-map".to_owned()).spawn(move || {
            if let Ok(store) = taken.recv() {
                work(*store, &receiver, &theirs.0, &theirs.1);
            }
        });
        // Without a thread of its own it goes on here.
        let Ok(thread) = thread else { return };
        let worker = Worker { orders, applied, reader, thread: Some(thread), failed };
        if let Self::Here(store) = std::mem::replace(self, Self::There(worker)) {
            // The thread has not ended: it waits for this.
            let _ = given.send(store);
        }
    }
}

impl Worker {
    fn check(&self) -> Result<(), MapStoreError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.take().map_or(Ok(()), Err)
    }

    fn order(&self, order: Order) -> Result<(), MapStoreError> {
        self.orders.send(order).map_err(|_| gone())
    }
}

fn gone() -> MapStoreError {
    MapStoreError::Unavailable("its thread has ended".to_owned())
}

fn keep(store: &mut MapStore, version: u64) -> Result<MapState, MapStoreError> {
    store.apply(version, &[])?;
    store.keep()
}

fn work(
    mut store: MapStore,
    orders: &Receiver<Order>,
    applied: &AtomicU64,
    failed: &Mutex<Option<MapStoreError>>,
) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Apply(version, heads) => {
                if let Err(error) = store.apply(version, &heads) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
                applied.store(version, Ordering::Relaxed);
            }
            Order::Keep(version, answer) => {
                // Whoever asked may have ended.
                let _ = answer.send(keep(&mut store, version));
            }
            Order::Prune(version) => {
                store.prune(version);
                if store.unsaved() >= UNSAVED {
                    // The next checkpoint does not wait for it.
                    let _ = store.durable_beside();
                }
            }
            Order::Durable => {
                let _ = store.durable();
            }
            #[cfg(test)]
            Order::Hold(held) => {
                let _ = held.recv();
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The thread ends when nobody can order anything any more.
        self.orders = channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for MapLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Here(_) => "MapLane::Here",
            Self::There(_) => "MapLane::There",
        })
    }
}
