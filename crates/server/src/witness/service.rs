//! Start and end of a witness, or a mirror.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use inkan_ledger::VerifierKey;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::http::{Shared, router};
use super::{Judge, OnDoubt, SharedClock, Witness, WitnessOptions, WitnessServiceError};
use crate::connections::{self, Door, Signals, Terms};
use crate::ledger_node::Rate;
use crate::ledger_node::limits::Buckets;

/// Threads that wait for the disk: one for each log that is busy, and some.
const BLOCKING_THREADS: usize = 16;
/// Connections at once; answers are small, and soon given.
const CONNECTIONS: usize = 256;
/// Of one client. A proxy on this machine may speak for more of them.
const CONNECTIONS_PER_CLIENT: usize = 64;
/// The head of a request must be here by then; an idle connection is closed then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A client must take a part of an answer by then.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// No connection lives longer.
const LONGEST: Duration = Duration::from_secs(300);
/// How long an end may take.
const GRACE: Duration = Duration::from_secs(5);

/// Runs a witness until it is told to end by SIGTERM or ctrl-c. `ready` is called with its address and its key, `on_doubt` with
/// each head that is kept because it was not shown to continue what was seen.
///
/// # Errors
///
/// [`WitnessServiceError`] if it cannot start.
pub fn run(
    options: &WitnessOptions,
    clock: SharedClock,
    on_doubt: OnDoubt,
    ready: impl FnOnce(SocketAddr, &VerifierKey),
) -> Result<(), WitnessServiceError> {
    Prepared::of(options, clock, on_doubt)?.run(ready)
}

/// Starts a witness on a thread of its own, which tells nobody what it keeps: for tests and demonstrations.
///
/// # Errors
///
/// [`WitnessServiceError`] if it cannot start.
pub fn spawn(
    options: &WitnessOptions,
    clock: SharedClock,
) -> Result<RunningWitness, WitnessServiceError> {
    Prepared::of(options, clock, Box::new(|_| {}))?.spawn()
}

/// A witness, or a mirror, on a thread of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct RunningWitness {
    address: SocketAddr,
    prefix: String,
    key: VerifierKey,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl RunningWitness {
    /// Its submission and monitoring prefix.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    /// What its lines are verified with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }
}

impl Drop for RunningWitness {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a service listens with.
pub(crate) struct Desk {
    pub(crate) listen: SocketAddr,
    pub(crate) prefix: String,
    pub(crate) rate: Option<Rate>,
    pub(crate) clock: SharedClock,
}

/// A witness, or a mirror, that listens and does not answer yet.
pub(crate) struct Prepared {
    runtime: Runtime,
    listener: TcpListener,
    pub(crate) address: SocketAddr,
    prefix: String,
    pub(crate) key: VerifierKey,
    shared: Arc<Shared>,
}

impl Prepared {
    pub(super) fn of(
        options: &WitnessOptions,
        clock: SharedClock,
        on_doubt: OnDoubt,
    ) -> Result<Self, WitnessServiceError> {
        let WitnessOptions { listen, prefix, rate, .. } = options.clone();
        let witness = Witness::open(options, on_doubt)?;
        let key = witness.key().clone();
        Self::new(Box::new(witness), key, Desk { listen, prefix, rate, clock })
    }

    pub(crate) fn new(
        judge: Box<dyn Judge>,
        key: VerifierKey,
        desk: Desk,
    ) -> Result<Self, WitnessServiceError> {
        let Desk { listen, prefix, rate, clock } = desk;
        if !connections::is_prefix(&prefix) {
            return Err(WitnessServiceError::Prefix { prefix });
        }
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("witness")
            .build()
            .map_err(WitnessServiceError::Start)?;
        let at = |source| WitnessServiceError::Listen { address: listen, source };
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let shared = Arc::new(Shared { judge, clock, buckets: rate.map(Buckets::new) });
        Ok(Self { runtime, listener, address, prefix, key, shared })
    }

    /// Serves until a signal.
    pub(crate) fn run(
        self,
        ready: impl FnOnce(SocketAddr, &VerifierKey),
    ) -> Result<(), WitnessServiceError> {
        let (stop, stopping) = watch::channel(false);
        // Before anybody is told that it runs: a signal that came earlier would end it at once.
        let mut signals = self
            .runtime
            .block_on(async { Signals::listen() })
            .map_err(WitnessServiceError::Start)?;
        self.runtime.spawn(async move {
            signals.wait().await;
            let _ = stop.send(true);
            std::future::pending::<()>().await;
        });
        ready(self.address, &self.key);
        self.serve(stopping);
        Ok(())
    }

    /// Serves on a thread of its own.
    pub(crate) fn spawn(self) -> Result<RunningWitness, WitnessServiceError> {
        let (address, key, prefix) = (self.address, self.key.clone(), self.prefix.clone());
        let (stop, stopping) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("witness".to_owned())
            .spawn(move || self.serve(stopping))
            .map_err(WitnessServiceError::Start)?;
        Ok(RunningWitness { address, prefix, key, stop, thread: Some(thread) })
    }

    fn serve(self, stopping: watch::Receiver<bool>) {
        let Self { runtime, listener, address: _, prefix, key: _, shared } = self;
        let router = router(shared, &prefix);
        let door = Arc::new(Door::new(Terms {
            connections: CONNECTIONS,
            per_client: Some(CONNECTIONS_PER_CLIENT),
            proxies: Vec::new(),
            loopback_is_free: true,
            head_timeout: HEAD_TIMEOUT,
            write_timeout: WRITE_TIMEOUT,
            longest: Some(LONGEST),
            grace: GRACE,
        }));
        runtime.block_on(connections::serve(listener, router, door, stopping));
        runtime.shutdown_timeout(GRACE);
    }
}
