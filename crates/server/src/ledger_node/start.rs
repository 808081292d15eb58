//! Start and graceful end of a node.
//!
//! The end, at most ten seconds after SIGTERM or ctrl-c: `/readyz` says 503 and nothing new is taken; what was taken is
//! finished, the last checkpoint made, and the databases closed; then the connections end. A second signal exits at once:
//! what was acknowledged is on the disk already. A ledger that stopped by itself, for its disk did not confirm a write or a
//! witness has seen more than it has, ends its node in the same way, with that error.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use inkan_io::clock::Clock;
use inkan_io::ledger_folder::{LedgerFolder, LedgerFolderError, OpenOptions};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot, watch};

use super::cose::CoseKeyError;
use super::ledger::Ledger;
use super::node::{Node, Parts};
use super::options::{NodeOptions, OperatorTokens, TokensError};
use super::request_log::{RequestLog, again_and_again};
use super::routes;
use crate::connections::{self, Signals};

/// From the signal to the end of the process.
pub(super) const GRACE: Duration = Duration::from_secs(9);
/// Threads that wait for files.
const BLOCKING_THREADS: usize = 32;
/// Exit code after a second signal, as shells count them (128 + SIGINT).
const SECOND_SIGNAL: i32 = 130;

/// How often it is looked how cosigners do.
const LOOK: Duration = Duration::from_millis(500);

/// A clock that several threads ask.
pub type SharedClock = Arc<dyn Clock + Send + Sync>;

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The ledger cannot be opened, or failed.
    #[error(transparent)]
    Ledger(#[from] LedgerFolderError),
    /// The operator tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The key of receipts in COSE cannot be used.
    #[error(transparent)]
    Cose(#[from] CoseKeyError),
    /// The ledger stopped after an error that only opening it again can mend: the node ended, for a new start.
    #[error("the ledger stopped ({})", .0.code())]
    Stopped(#[source] LedgerFolderError),
    /// Nothing can be received at the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The runtime cannot start.
    #[error("the node cannot start")]
    Start(#[source] std::io::Error),
}

impl NodeError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Tokens(error) => error.code(),
            Self::Cose(error) => error.code(),
            Self::Stopped(_) => "ledger-stopped",
            Self::Listen { .. } => "listen-failed",
            Self::Start(_) => "node-start-failed",
        }
    }
}

/// Cosigners from whom a node that starts has nothing to expect for now, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Missing {
    /// Those that did not answer what they have seen last.
    pub silent: Vec<String>,
    /// Those of the ledger's policy for which there is neither a key nor an address.
    pub unattended: Vec<String>,
}

/// What whoever runs a node is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News<'a> {
    /// It listens at this address; these cosigners are missing.
    Ready(SocketAddr, &'a Missing),
    /// A cosigner gives no line, for a reason that is not the one told before.
    CosignerDown {
        /// Its name in the log's policy.
        name: &'a str,
        /// Why, in words.
        why: &'a str,
    },
    /// It gives lines again.
    CosignerUp {
        /// Its name in the log's policy.
        name: &'a str,
    },
}

/// Runs a node until it is told to end by SIGTERM or ctrl-c, and gives `tell` the news.
///
/// It ends by itself once the ledger has stopped, after an answer to everybody who waits (§3.2 of the ledger specification).
///
/// # Errors
///
/// [`NodeError`] if it cannot start, or could not end in order; [`NodeError::Stopped`].
pub fn run(
    options: NodeOptions,
    clock: SharedClock,
    mut tell: impl FnMut(News<'_>) + Send + 'static,
) -> Result<(), NodeError> {
    let prepared = Prepared::new(options, clock)?;
    let (end, ended) = mpsc::channel(2);
    // Before anybody is told that it runs: a signal that came earlier would end it at once.
    let signals =
        prepared.runtime.block_on(async { Signals::listen() }).map_err(NodeError::Start)?;
    prepared.runtime.spawn(obey(signals, end));
    tell(News::Ready(prepared.address, &prepared.missing));
    prepared.runtime.spawn(watch_cosigners(Arc::clone(&prepared.node), tell));
    match prepared.serve(ended) {
        (Ending::Asked, ended) => Ok(ended?),
        (Ending::Stopped, ended) => {
            Err(NodeError::Stopped(ended.err().unwrap_or(LedgerFolderError::Unconfirmed)))
        }
    }
}

/// Starts a node on a thread of its own: for tests and demonstrations.
///
/// # Errors
///
/// [`NodeError`] if it cannot start.
pub fn spawn(options: NodeOptions, clock: SharedClock) -> Result<RunningNode, NodeError> {
    let prepared = Prepared::new(options, clock)?;
    let address = prepared.address;
    let (end, ended) = mpsc::channel(2);
    let thread = std::thread::Builder::new()
        .name("node".to_owned())
        .spawn(move || prepared.serve(ended).1)
        .map_err(NodeError::Start)?;
    Ok(RunningNode { address, end, thread: Some(thread) })
}

/// A node on a thread of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct RunningNode {
    address: SocketAddr,
    end: mpsc::Sender<()>,
    thread: Option<JoinHandle<Result<(), LedgerFolderError>>>,
}

impl RunningNode {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it in order, and waits for that.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError`] if the ledger could not be closed in order; what was acknowledged is on the disk.
    pub fn shutdown(mut self) -> Result<(), LedgerFolderError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), LedgerFolderError> {
        let _ = self.end.try_send(());
        let ended = self.thread.take().map(JoinHandle::join);
        ended.map_or(Ok(()), |ended| ended.unwrap_or(Err(LedgerFolderError::Unconfirmed)))
    }
}

impl Drop for RunningNode {
    fn drop(&mut self) {
        // Whoever wants to know calls `shutdown`.
        let _ = self.finish();
    }
}

/// Why a node ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    /// Somebody wants it to.
    Asked,
    /// Its ledger has stopped.
    Stopped,
}

/// A node that listens and does not answer yet.
struct Prepared {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    missing: Missing,
    node: Arc<Node>,
}

impl Prepared {
    fn new(options: NodeOptions, clock: SharedClock) -> Result<Self, NodeError> {
        let NodeOptions {
            listen,
            data,
            accept_clock,
            limits,
            operator_tokens,
            proxies,
            gateway_hosts,
            log,
            cosigners,
            sequencer,
            files,
        } = options;
        let tokens = match operator_tokens {
            Some(path) => OperatorTokens::read(&path)?,
            None => OperatorTokens::default(),
        };
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("node")
            .build()
            .map_err(NodeError::Start)?;
        let opening = OpenOptions { accept_clock, layer: files, ..OpenOptions::default() };
        let folder = LedgerFolder::open_with(&data, &opening, clock.now())?;
        let missing =
            Missing { silent: folder.silent().to_vec(), unattended: folder.unattended().to_vec() };
        let at = |source| NodeError::Listen { address: listen, source };
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let ledger = Ledger::start(folder, &data, cosigners, sequencer, Arc::clone(&clock))?;
        let log = RequestLog::new(log);
        for (what, names) in
            [("cosigners-silent", &missing.silent), ("cosigners-unattended", &missing.unattended)]
        {
            if !names.is_empty() {
                log.notice(clock.now(), what, names);
            }
        }
        let node = Arc::new(Node::new(Parts {
            ledger,
            limits,
            tokens,
            proxies,
            gateway_hosts,
            log,
            clock,
        }));
        Ok(Self { runtime, listener, address, missing, node })
    }

    fn serve(self, mut end: mpsc::Receiver<()>) -> (Ending, Result<(), LedgerFolderError>) {
        let Self { runtime, listener, node, .. } = self;
        let (stop, stopping) = watch::channel(false);
        let (finish, finished) = oneshot::channel::<()>();
        let ended = runtime.block_on(async {
            let router = routes::router(Arc::clone(&node));
            let door = Arc::clone(&node.door);
            let serving = tokio::spawn(connections::serve(listener, router, door, stopping));
            let watching = Arc::clone(&node);
            let mut watching = tokio::spawn(async move { watching.ledger.watch().await });
            let kept = Arc::clone(&node);
            let sweeping = tokio::spawn(again_and_again(move || kept.log.expire(kept.now())));
            // What is durable is known only after it has been opened again (§9): whoever runs it starts it again.
            let ending = tokio::select! {
                _ = end.recv() => Ending::Asked,
                _ = &mut watching => Ending::Stopped,
            };
            let deadline = tokio::time::Instant::now() + GRACE;
            node.stop();
            // Requests that were taken are answered: the ledger is closed after them, or at the last moment.
            let closing = Arc::clone(&node);
            let closing = tokio::task::spawn_blocking(move || {
                let ended = closing.ledger.shutdown();
                drop(finish);
                ended
            });
            let _ = tokio::time::timeout_at(deadline, finished).await;
            let _ = stop.send(true);
            let _ = tokio::time::timeout_at(deadline, serving).await;
            watching.abort();
            sweeping.abort();
            let ended = match tokio::time::timeout_at(deadline, closing).await {
                Ok(Ok(ended)) => ended,
                // What was acknowledged is on the disk; the next start finishes the checkpoint.
                Ok(Err(_)) | Err(_) => Err(LedgerFolderError::Unconfirmed),
            };
            (ending, ended)
        });
        runtime.shutdown_timeout(Duration::from_millis(100));
        ended
    }
}

/// Tells of cosigners that fail, and of those that do again.
async fn watch_cosigners(node: Arc<Node>, mut tell: impl FnMut(News<'_>)) {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let faults = node.ledger.metrics().cosigner_faults;
        for (name, why) in &faults {
            if told.get(name) != Some(why) {
                tell(News::CosignerDown { name, why });
            }
        }
        for name in told.keys().filter(|name| !faults.contains_key(*name)) {
            tell(News::CosignerUp { name });
        }
        told = faults;
    }
}

/// Asks for the end at the first signal; exits at the second.
async fn obey(mut signals: Signals, end: mpsc::Sender<()>) {
    signals.wait().await;
    let _ = end.send(()).await;
    signals.wait().await;
    std::process::exit(SECOND_SIGNAL);
}
