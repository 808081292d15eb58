//! What all requests share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use inkan_core::Timestamp;
use inkan_io::ledger_folder::{LedgerFolderError, Standing, View};
use tokio::sync::Semaphore;

use super::ledger::{Acknowledged, Ledger};
use super::limits::{Buckets, Limits, Prefix};
use super::metrics::Metrics;
use super::network::Network;
use super::options::OperatorTokens;
use super::refusal::Refusal;
use super::request_log::RequestLog;
use super::serve::Door;
use super::start::SharedClock;
use crate::problem::Problem;

/// Large bodies that are held in memory at once, each of at most 8 MiB.
const LARGE_BODIES: usize = 16;

/// One running node.
pub(crate) struct Node {
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) door: Arc<Door>,
    pub(crate) clients: Option<Buckets<Prefix>>,
    pub(crate) signers: Option<Buckets<String>>,
    pub(crate) new_dids: Option<Buckets<Prefix>>,
    pub(crate) tokens: OperatorTokens,
    pub(crate) proxies: Vec<Network>,
    pub(crate) metrics: Metrics,
    pub(crate) log: RequestLog,
    pub(crate) large_bodies: Semaphore,
    /// Searches through all tiles.
    pub(crate) scans: Semaphore,
    clock: SharedClock,
    stopping: AtomicBool,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("origin", &self.ledger.origin()).finish_non_exhaustive()
    }
}

/// Sets a node up around an open ledger.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) tokens: OperatorTokens,
    pub(crate) proxies: Vec<Network>,
    pub(crate) log: RequestLog,
    pub(crate) clock: SharedClock,
}

impl Node {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { ledger, limits, tokens, proxies, log, clock } = parts;
        Self {
            door: Arc::new(Door::new(&limits)),
            clients: limits.client.map(Buckets::new),
            signers: limits.signer.map(Buckets::new),
            new_dids: limits.new_dids.map(Buckets::new),
            ledger,
            limits,
            tokens,
            proxies,
            metrics: Metrics::default(),
            log,
            large_bodies: Semaphore::new(LARGE_BODIES),
            scans: Semaphore::new(1),
            clock,
            stopping: AtomicBool::new(false),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// From now on nothing new is taken.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// The promise that entries will be covered by a checkpoint in time (§3.6), for those that none covers yet.
    pub(crate) fn promise(&self, taken: &[Acknowledged]) -> Option<String> {
        let covered = self.ledger.covered().borrow().signed;
        let open = taken
            .iter()
            .filter(|taken| taken.standing == Standing::New || taken.leaf_index >= covered);
        let leaves: BTreeMap<_, _> =
            open.map(|taken| (taken.leaf_index, (taken.leaf_hash, taken.time))).collect();
        let newest = leaves.values().map(|(_, time)| *time).max()?;
        let leaves: Vec<_> = leaves.into_iter().map(|(index, (hash, _))| (index, hash)).collect();
        // One signature is less work than a change of threads.
        let promise = self.ledger.promise(&leaves, newest).ok()?;
        self.metrics.promises.fetch_add(1, Ordering::Relaxed);
        Some(promise)
    }

    /// Reads from the ledger, where files may have to be waited for.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Ledger) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let node = Arc::clone(self);
        tokio::task::spawn_blocking(move || read(&node.ledger))
            .await
            .unwrap_or_else(|_| Err(Refusal::Fault.into()))
    }

    /// As [`Self::read`], at the newest checkpoint, or that of a size.
    pub(crate) async fn view<T: Send + 'static>(
        self: &Arc<Self>,
        at: Option<u64>,
        read: impl FnOnce(&Ledger, &View) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.read(move |ledger| {
            let view = match at {
                None => ledger.newest()?,
                Some(size) => ledger.view_of(size)?,
            };
            read(ledger, &view)
        })
        .await
    }
}

/// What the ledger's own errors mean to a client. Paths and causes are the operator's, not theirs.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not named here is the operator's to know"
)]
pub(crate) fn problem_of(error: &LedgerFolderError) -> Problem {
    match error {
        LedgerFolderError::Rejected(rejection) => super::refusal::problem_of_rejection(rejection),
        LedgerFolderError::NotYetCovered { leaf_index } => {
            Problem::new(error.code(), "no checkpoint covers this entry yet")
                .with("index", *leaf_index)
                .retry_after(1)
        }
        LedgerFolderError::NoSuchPlace => Refusal::NotFound.into(),
        LedgerFolderError::Url { .. } => Refusal::query("uri").into(),
        LedgerFolderError::StatusListRecorded => Refusal::StatusListOther.into(),
        error if error.code() == "storage-full" => {
            Problem::new("storage-full", "the disk is full; reading goes on").retry_after(60)
        }
        error if error.code() == "overloaded" => Refusal::Overloaded.into(),
        error if error.code() == "clock-unsure" => {
            Problem::new("clock-unsure", "the node is not sure of the time").retry_after(10)
        }
        _ => Refusal::Fault.into(),
    }
}
