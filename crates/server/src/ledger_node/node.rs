//! What all requests share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use inkan_core::Timestamp;
use inkan_io::ledger_folder::{LedgerFolderError, Standing, View};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ledger::{Acknowledged, Ledger};
use super::limits::{Buckets, Limits, Prefix};
use super::metrics::Metrics;
use super::network::Network;
use super::options::OperatorTokens;
use super::refusal::Refusal;
use super::request::announced;
use super::request_log::RequestLog;
use super::start::{GRACE, SharedClock};
use crate::connections::{Door, Terms};
use crate::problem::Problem;

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
    /// Hosts that it is the gateway of; of all if there are none.
    pub(crate) gateway_hosts: Vec<String>,
    pub(crate) metrics: Metrics,
    pub(crate) log: RequestLog,
    /// Kibibytes of large bodies that may be held.
    large_bodies: Arc<Semaphore>,
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
    pub(crate) gateway_hosts: Vec<String>,
    pub(crate) log: RequestLog,
    pub(crate) clock: SharedClock,
}

impl Node {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { ledger, limits, tokens, proxies, gateway_hosts, log, clock } = parts;
        let terms = Terms {
            connections: limits.connections,
            per_client: limits.connections_per_client,
            proxies: proxies.clone(),
            loopback_is_free: limits.loopback_is_free,
            head_timeout: limits.head_timeout,
            write_timeout: limits.body_timeout,
            longest: None,
            grace: GRACE,
        };
        Self {
            door: Arc::new(Door::new(terms)),
            clients: limits.client.map(Buckets::new),
            signers: limits.signer.map(Buckets::new),
            new_dids: limits.new_dids.map(Buckets::new),
            large_bodies: Arc::new(Semaphore::new(limits.large_bodies >> 10)),
            ledger,
            limits,
            tokens,
            proxies,
            gateway_hosts,
            metrics: Metrics::default(),
            log,
            scans: Semaphore::new(1),
            clock,
            stopping: AtomicBool::new(false),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Room for a large body, of at most `limit` bytes, until the permit is dropped.
    pub(crate) fn room(
        &self,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<OwnedSemaphorePermit, Refusal> {
        // One that does not say how long it is may be as long as any.
        let length = announced(headers).unwrap_or(limit).min(limit);
        let kibibytes = u32::try_from(length.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.large_bodies).try_acquire_many_owned(kibibytes);
        room.map_err(|_| Refusal::Overloaded)
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
        LedgerFolderError::NoSuchPlace => {
            Problem::new("not-found", "the log has no such place: it has not so many entries")
        }
        LedgerFolderError::Url { .. } => Refusal::query("uri").into(),
        LedgerFolderError::StatusListRecorded => Refusal::StatusListOther.into(),
        error if error.code() == "storage-full" => {
            Problem::new("storage-full", "the disk is full but for a reserve; reading goes on")
                .retry_after(60)
        }
        error if error.code() == "overloaded" => Refusal::Overloaded.into(),
        error if error.code() == "clock-unsure" => {
            Problem::new("clock-unsure", "the node is not sure of the time").retry_after(10)
        }
        _ => Refusal::Fault.into(),
    }
}
