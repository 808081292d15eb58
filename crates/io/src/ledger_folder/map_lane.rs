//! The map store beside the log (§3.1, C1): at once for a folder, on a thread of its own for a sequencer.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use inkan_ledger::{MapKey, MapValue};

use super::error::LedgerFolderError;
use crate::map_store::{MapReader, MapState, MapStore, MapStoreError};

/// Keys that may change before they are made durable: what a crash costs at the next start is bounded by it.
const UNSAVED: u64 = 20_000;

/// Where the map is kept up.
pub(super) enum MapLane {
    /// On the thread that asks.
    Here(Box<MapStore>),
    /// On a thread of its own.
    There(Worker),
}

/// A thread that keeps up the map.
pub(super) struct Worker {
    orders: Sender<Order>,
    lag: Arc<AtomicU64>,
    reader: MapReader,
    thread: Option<JoinHandle<MapStore>>,
    failed: Arc<Mutex<Option<MapStoreError>>>,
}

enum Order {
    Apply(u64, Vec<(MapKey, MapValue)>),
    Keep(u64, Sender<Result<MapState, MapStoreError>>),
    Prune(u64),
    Durable,
}

impl MapLane {
    /// Reads the states that are kept.
    pub(super) fn reader(&self) -> MapReader {
        match self {
            Self::Here(store) => store.reader(),
            Self::There(worker) => worker.reader.clone(),
        }
    }

    /// Batches that are not taken in yet.
    pub(super) fn lag(&self) -> Arc<AtomicU64> {
        match self {
            Self::Here(_) => Arc::default(),
            Self::There(worker) => Arc::clone(&worker.lag),
        }
    }

    /// The heads that changed on the way to `version` leaves.
    pub(super) fn apply(
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
                if !heads.is_empty() {
                    worker.lag.fetch_add(1, Ordering::Relaxed);
                    worker.order(Order::Apply(version, heads))?;
                }
            }
        }
        Ok(())
    }

    /// C1: waits until everything is in, and keeps the state of `version` leaves.
    pub(super) fn keep(&mut self, version: u64) -> Result<MapState, LedgerFolderError> {
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
    pub(super) fn prune(&mut self, version: u64) {
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
    pub(super) fn durable(&mut self) {
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
    pub(super) fn spawn(self) -> Self {
        let store = match self {
            Self::Here(store) => store,
            there @ Self::There(_) => return there,
        };
        let reader = store.reader();
        let (lag, failed) = (Arc::default(), Arc::default());
        let (orders, receiver) = channel();
        let theirs = (Arc::clone(&lag), Arc::clone(&failed));
        let thread = std::thread::spawn(move || work(*store, &receiver, &theirs.0, &theirs.1));
        Self::There(Worker { orders, lag, reader, thread: Some(thread), failed })
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
    lag: &AtomicU64,
    failed: &Mutex<Option<MapStoreError>>,
) -> MapStore {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Apply(version, heads) => {
                if let Err(error) = store.apply(version, &heads) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    break;
                }
                lag.fetch_sub(1, Ordering::Relaxed);
            }
            Order::Keep(version, answer) => {
                // Whoever asked may have ended.
                let _ = answer.send(keep(&mut store, version));
            }
            Order::Prune(version) => {
                store.prune(version);
                if store.unsaved() >= UNSAVED {
                    let _ = store.durable();
                }
            }
            Order::Durable => {
                let _ = store.durable();
            }
        }
    }
    store
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
