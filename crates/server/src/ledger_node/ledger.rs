//! The ledger behind the node: the sequencer for writing, and readers that never wait for it.
//!
//! In scope: the seam between HTTP and `inkan-io`: blocking answers become futures, errors become problems. Out of scope:
//! HTTP.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use inkan_core::{Digest, Timestamp};
use inkan_io::cosigner::Cosigner;
use inkan_io::ledger_folder::{LedgerFolder, LedgerFolderError, LedgerReader, View};
use inkan_io::sequencer::{
    Readiness, Sequencer, SequencerHandle, SequencerMetrics, SequencerOptions, SubmitError, Ticket,
};
use inkan_ledger::cose::CoseError;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::{Parameters, ParametersDocument};
use inkan_ledger::state::Equivocation;
use inkan_ledger::{Kind, LeafHash, LogPolicy, Receipt};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::cose::CoseSigner;
use super::entries::Wait;
use super::node::problem_of;
use super::refusal::{Refusal, problem_of_rejection};
use super::start::{NodeError, SharedClock};
use crate::problem::Problem;

pub(crate) use inkan_io::sequencer::Acknowledged;

/// How often it is looked whether there is a new checkpoint.
const LOOK: Duration = Duration::from_millis(25);
/// The largest file that gateways serve, in bytes.
const PUBLIC_LIMIT: usize = inkan_core::limits::STATUS_LIST;

type Answer = Result<Acknowledged, Problem>;

/// One open ledger.
pub(crate) struct Ledger {
    data: PathBuf,
    origin: String,
    handle: SequencerHandle,
    sequencer: Mutex<Option<Sequencer>>,
    covered: watch::Sender<Covered>,
    cose: CoseSigner,
    /// The parameters in force at the newest checkpoint.
    parameters: Mutex<Parameters>,
}

/// How many leaves the newest checkpoints cover.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Covered {
    /// Under the log's signature.
    pub(crate) signed: u64,
    /// Under the log's own quorum.
    pub(crate) cosigned: u64,
    /// There will be no more.
    pub(crate) ended: bool,
}

impl Ledger {
    /// Starts the sequencer of an open ledger.
    pub(crate) fn start(
        folder: LedgerFolder,
        data: &Path,
        cosigners: Vec<Box<dyn Cosigner>>,
        options: SequencerOptions,
        clock: SharedClock,
    ) -> Result<Self, NodeError> {
        let origin = folder.reader().origin().to_owned();
        let cose = CoseSigner::open(data, &origin)?;
        let (sequencer, handle) = Sequencer::start_with(folder, options, clock, cosigners)?;
        Ok(Self {
            data: data.to_path_buf(),
            origin,
            handle,
            sequencer: Mutex::new(Some(sequencer)),
            covered: watch::Sender::new(Covered::default()),
            cose,
            parameters: Mutex::new(Parameters::default()),
        })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) async fn submit(&self, kind: Kind, body: Vec<u8>) -> Answer {
        let answer = answer_of(self.handle.submit(kind, body)).await;
        answer.unwrap_or(Err(SubmitError::NotReady)).map_err(|error| problem_of_submission(&error))
    }

    pub(crate) async fn submit_batch(&self, entries: Vec<(Kind, Vec<u8>)>) -> Vec<Answer> {
        let answers = answer_of(self.handle.submit_batch(entries)).await.unwrap_or_default();
        answers
            .into_iter()
            .map(|answer| answer.map_err(|error| problem_of_submission(&error)))
            .collect()
    }

    pub(crate) fn reader(&self) -> LedgerReader {
        self.handle.reader()
    }

    pub(crate) fn policy(&self) -> LogPolicy {
        self.handle.reader().policy().clone()
    }

    /// The newest checkpoint.
    pub(crate) fn newest(&self) -> Result<View, Problem> {
        let view = self.reader().view_at(None).map_err(|error| problem_of(&error))?;
        view.ok_or_else(|| Refusal::NotReady.into())
    }

    /// The checkpoint of a size.
    pub(crate) fn view_of(&self, size: u64) -> Result<View, Problem> {
        let newest = self.newest()?;
        if newest.size() == size {
            return Ok(newest);
        }
        let view = self.reader().view_of(size).map_err(|error| problem_of(&error))?;
        view.ok_or_else(|| Refusal::query("at").into())
    }

    /// Tells of each new checkpoint.
    pub(crate) fn covered(&self) -> watch::Receiver<Covered> {
        self.covered.subscribe()
    }

    /// Whether a checkpoint of this sort covers a leaf.
    pub(crate) fn has_reached(&self, wait: Wait, leaf_index: u64) -> bool {
        reached(*self.covered.borrow(), wait, leaf_index)
    }

    /// Waits until a checkpoint of this sort covers a leaf, or for so long, or until the ledger stops.
    pub(crate) async fn wait_for(&self, wait: Wait, leaf_index: u64, patience: Duration) {
        let mut covered = self.covered();
        let reached =
            covered.wait_for(|covered| covered.ended || reached(*covered, wait, leaf_index));
        let _ = tokio::time::timeout(patience, reached).await;
    }

    /// Watches for new checkpoints; ends when the ledger has stopped by itself.
    pub(crate) async fn watch(&self) {
        while !self.handle.has_stopped() {
            let metrics = self.handle.metrics();
            let (signed, cosigned) = (metrics.signed_size, metrics.cosigned_size);
            let seen = Covered { signed, cosigned, ended: false };
            if *self.covered.borrow() != seen {
                if let Some(parameters) = self.parameters_in_force() {
                    *self.parameters.lock().unwrap_or_else(PoisonError::into_inner) = parameters;
                }
                self.covered.send_replace(seen);
            }
            tokio::time::sleep_until(Instant::now() + LOOK).await;
        }
        self.covered.send_modify(|covered| covered.ended = true);
    }

    fn parameters_in_force(&self) -> Option<Parameters> {
        let digest = params_of(&self.newest().ok()?)?;
        let document = self.reader().parameters(&digest).ok()??;
        Some(ParametersDocument::parse(&document).ok()?.values)
    }

    pub(crate) fn put_status_list(
        &self,
        scid: &str,
        uri: &str,
        sequence: u64,
        bytes: Vec<u8>,
    ) -> Result<(), Problem> {
        let put = self.handle.put_status_list(scid, uri, sequence, bytes);
        put.map_err(|error| problem_of(&error))
    }

    /// Signs the promise that leaves will be covered in time (§3.6); `newest` is the time of the newest of them.
    pub(crate) fn promise(
        &self,
        leaves: &[(u64, LeafHash)],
        newest: Timestamp,
    ) -> Result<String, Problem> {
        let seconds = self.parameters.lock().unwrap_or_else(PoisonError::into_inner).promise;
        let deadline = newest.plus_seconds(seconds);
        let note = self.handle.promise(leaves, deadline).map_err(|error| problem_of(&error))?;
        Ok(note.to_string())
    }

    pub(crate) async fn submit_import(
        &self,
        bodies: Vec<Vec<u8>>,
    ) -> Result<Vec<Acknowledged>, Problem> {
        let answer = answer_of(self.handle.submit_import(bodies)).await;
        answer.unwrap_or(Err(SubmitError::NotReady)).map_err(|error| problem_of_submission(&error))
    }

    /// Forks of a DID that were shown to the ledger.
    pub(crate) fn equivocations(&self, scid: &str) -> Result<Vec<Equivocation>, Problem> {
        self.reader().equivocations(scid).map_err(|error| problem_of(&error))
    }

    /// A receipt in COSE.
    pub(crate) fn cose(&self, receipt: &Receipt) -> Result<Vec<u8>, Problem> {
        self.cose.export(receipt).map_err(|error| match error {
            CoseError::EmptyPath => Problem::new(error.code(), error.to_string()),
            CoseError::Malformed(_)
            | CoseError::KeyType
            | CoseError::Signature
            | CoseError::Inclusion(_)
            | CoseError::Sign(_) => Refusal::Fault.into(),
        })
    }

    /// The key of receipts in COSE, as a multikey.
    pub(crate) fn cose_key(&self) -> String {
        self.cose.public_key().to_multikey()
    }

    pub(crate) fn metrics(&self) -> SequencerMetrics {
        self.handle.metrics()
    }

    pub(crate) fn readiness(&self) -> Readiness {
        self.handle.is_ready()
    }

    /// Where the file lies that is published under an `https` URL.
    pub(crate) fn public_path(&self, url: &str) -> Option<PathBuf> {
        inkan_io::ledger_folder::public_path(&self.data.join("public"), url)
    }

    /// The bytes of a published file.
    pub(crate) fn public_file(path: &Path) -> Result<Vec<u8>, Problem> {
        let bytes = inkan_io::files::read_optional(path, PUBLIC_LIMIT);
        bytes.map_err(|_| Refusal::NotFound)?.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Finishes what was taken, makes the last checkpoint, and closes.
    pub(crate) fn shutdown(&self) -> Result<(), LedgerFolderError> {
        let sequencer = self.sequencer.lock().unwrap_or_else(PoisonError::into_inner).take();
        sequencer.map_or(Ok(()), Sequencer::shutdown)
    }
}

/// The hash of the parameters document that a checkpoint's epoch leaf names.
pub(crate) fn params_of(view: &View) -> Option<Digest> {
    let leaf = view.entry(view.size().checked_sub(1)?).ok()?;
    Epoch::parse(leaf.body()).ok().map(|epoch| epoch.params)
}

fn reached(covered: Covered, wait: Wait, leaf_index: u64) -> bool {
    match wait {
        Wait::Durable => true,
        Wait::Checkpoint => covered.signed > leaf_index,
        Wait::Cosigned => covered.cosigned > leaf_index,
    }
}

/// The answer of a ticket, without a thread that waits for it.
async fn answer_of<T: Send + 'static>(ticket: Ticket<T>) -> Option<T> {
    let (tell, told) = oneshot::channel();
    ticket.on_done(Box::new(move |answer| {
        // Nobody is there to hear it if the client went away.
        let _ = tell.send(answer);
    }));
    told.await.ok()
}

/// What the sequencer's errors mean to a client.
fn problem_of_submission(error: &SubmitError) -> Problem {
    match error {
        SubmitError::Rejected(rejection) => problem_of_rejection(rejection),
        SubmitError::Overloaded => Refusal::Overloaded.into(),
        SubmitError::NotReady | SubmitError::Stopped { .. } => Refusal::NotReady.into(),
        SubmitError::StorageFull => {
            Problem::new("storage-full", "the disk is full but for a reserve; reading goes on")
                .retry_after(60)
        }
        SubmitError::ClockUnsure => {
            Problem::new("clock-unsure", "the node is not sure of the time").retry_after(10)
        }
        SubmitError::NotYetCovered { leaf_index } => {
            Problem::new("not-yet-covered", "no checkpoint covers this entry yet")
                .with("index", *leaf_index)
                .retry_after(1)
        }
    }
}
