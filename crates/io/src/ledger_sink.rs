//! A ledger to write to, wherever it is: a folder on this machine, or a node behind a URL.
//!
//! In scope: entries and status lists, until a cosigned checkpoint covers them. Sending anything twice changes nothing,
//! in either. Out of scope: what is written together with the profile ([`crate::intent`]).

use std::time::Duration;

use inkan_core::{Timestamp, json};
use inkan_ledger::{Kind, LogPolicy, Receipt, batch};
use serde_json::Value;

use crate::ledger_folder::{Accepted, LedgerFolder, Standing};
use crate::ledger_source::{LedgerError, LedgerPlace, LedgerSource, NodeReader, scid_of};
use crate::node_client::{NodeClient, NodeError, NodeUrl, query_value};

/// How long we wait for a cosigned checkpoint over what was written, in milliseconds.
const COVER_WAIT: u64 = 45_000;
/// Between two questions whether there is one, in milliseconds.
const COVER_STEP: u64 = 150;
/// The same where a cosigner is waited for that is asked twice a minute.
const RARE_STEP: u64 = 500;
/// After so many milliseconds somebody is told what is waited for.
const TELL_AFTER: u64 = 1_500;

/// Connections over which a node gets many entries: it makes durable together what waits at the same time.
const CONNECTIONS: usize = 16;

/// A ledger to write to.
#[derive(Debug)]
pub enum LedgerSink {
    /// In a folder, whose one writer this is.
    Folder(Box<LedgerFolder>),
    /// Behind a URL.
    Node(Box<NodeWriter>),
}

/// A node to write to.
#[derive(Debug)]
pub struct NodeWriter {
    client: NodeClient,
    pinned: Vec<LogPolicy>,
    now: Timestamp,
    /// The log that it is taken for, once somebody said so.
    origin: Option<String>,
    /// The newest entry that was acknowledged, and its promise.
    last: Option<Promised>,
    teller: Option<Teller>,
}

/// What a node is waited for, when it takes long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Awaited {
    /// What the node acknowledged.
    pub promised: Promised,
    /// Cosigners that the policy knows and that are not under the node's own head over the entry; all that it knows where there is
    /// no such head yet.
    pub missing: Vec<String>,
}

/// Who is told, once per wait.
struct Teller(Box<dyn Fn(&Awaited) + Send>);

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Teller(..)")
    }
}

/// What a node acknowledged: it is durable there, and the promise says by when it must be covered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Promised {
    /// Its place in the log.
    pub leaf_index: u64,
    /// The signed promise (§3.6), if the node gave one.
    pub promise: Option<String>,
}

impl LedgerSink {
    /// Opens a ledger for writing. Nothing is sent to a node yet.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]; a folder that another process writes to is locked.
    pub fn open(
        place: &LedgerPlace,
        pinned: &[LogPolicy],
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        match place {
            LedgerPlace::Folder(path) => Ok(Self::Folder(Box::new(LedgerFolder::open(path, now)?))),
            LedgerPlace::Node(url) => Ok(Self::Node(Box::new(NodeWriter::new(url, pinned, now)?))),
        }
    }

    /// The name of the log, as far as it is known without asking.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        match self {
            Self::Folder(folder) => Some(folder.reader().origin()),
            Self::Node(writer) => writer.origin.as_deref(),
        }
    }

    /// Says which log a node is taken for: what it signs is made out to no other.
    pub fn take_for(&mut self, origin: &str) {
        match self {
            Self::Folder(_) => {}
            Self::Node(writer) => writer.origin = Some(origin.to_owned()),
        }
    }

    /// The ledger as it is now, for reading.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn source(&self) -> Result<LedgerSource, LedgerError> {
        match self {
            Self::Folder(folder) => Ok(LedgerSource::Folder(folder.reader().clone())),
            Self::Node(writer) => {
                let reader = NodeReader::open(writer.client.url(), &writer.pinned, writer.now)?;
                Ok(LedgerSource::Node(reader))
            }
        }
    }

    /// Has an entry recorded durably. A checkpoint must follow before there is a receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]. Unless it is a rule that refuses, send it again: at worst it stands there already.
    pub fn submit(
        &mut self,
        kind: Kind,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Accepted, LedgerError> {
        match self {
            Self::Folder(folder) => Ok(folder.submit(kind, body, now)?),
            Self::Node(writer) => Ok(writer.submit(kind, body)?),
        }
    }

    /// Has entries recorded durably, as [`Self::submit`] does one after the other, at the cost of few syncs: a folder takes all
    /// of them at once or none, a node groups what comes over several connections.
    ///
    /// # Errors
    ///
    /// As [`Self::submit`]; of those sent to a node some may be recorded.
    pub fn submit_all(
        &mut self,
        entries: &[(Kind, &[u8])],
        now: Timestamp,
    ) -> Result<Vec<Accepted>, LedgerError> {
        match self {
            Self::Folder(folder) => Ok(folder.submit_all(entries, now)?),
            Self::Node(writer) => Ok(writer.submit_all(entries)?),
        }
    }

    /// Has versions of a DID that moves here recorded durably, all of them or none (§6.6 of the ledger specification).
    ///
    /// # Errors
    ///
    /// As [`Self::submit`]: sent again, what stands there already is answered with its places.
    pub fn submit_import(
        &mut self,
        bodies: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Vec<Accepted>, LedgerError> {
        match self {
            Self::Folder(folder) => Ok(folder.submit_import(bodies.to_vec(), now)?),
            Self::Node(writer) => Ok(writer.submit_import(bodies)?),
        }
    }

    /// Keeps a version of a status list before its entry is submitted, where the ledger wants it so (a folder).
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn stage_list(
        &mut self,
        issuer: &str,
        uri: &str,
        sequence: u64,
        body: &[u8],
    ) -> Result<(), LedgerError> {
        match self {
            Self::Folder(folder) => {
                Ok(folder.put_status_list(scid_of(issuer), uri, sequence, body)?)
            }
            Self::Node(_) => Ok(()),
        }
    }

    /// Hands over a version of a status list once its entry is recorded, where the ledger wants it so (a node: it takes
    /// only what an entry names).
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn deliver_list(
        &mut self,
        issuer: &str,
        uri: &str,
        sequence: u64,
        body: &[u8],
    ) -> Result<(), LedgerError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Node(writer) => {
                let path = crate::ledger_source::list_path(issuer, uri, sequence);
                let put = writer.client.put(&path, "application/octet-stream", body);
                Ok(put.map_err(NodeError::about_a_list)?)
            }
        }
    }

    /// Has everything that was submitted covered by a cosigned checkpoint: a folder makes one, a node is waited for.
    ///
    /// # Errors
    ///
    /// [`NodeError::NotCovered`] if the node takes too long; the entries stay, and so does its promise
    /// ([`Self::promised`]).
    pub fn cover(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        match self {
            Self::Folder(folder) => {
                folder.checkpoint(now)?;
                Ok(())
            }
            Self::Node(writer) => Ok(writer.cover()?),
        }
    }

    /// From now on `tell` hears within two seconds what [`Self::cover`] waits for, once each time that it does.
    pub fn tell_of_waiting(&mut self, tell: impl Fn(&Awaited) + Send + 'static) {
        match self {
            Self::Folder(_) => {}
            Self::Node(writer) => writer.teller = Some(Teller(Box::new(tell))),
        }
    }

    /// The newest acknowledgement that no checkpoint covers yet.
    #[must_use]
    pub const fn promised(&self) -> Option<&Promised> {
        match self {
            Self::Folder(_) => None,
            Self::Node(writer) => writer.last.as_ref(),
        }
    }
}

impl NodeWriter {
    /// Makes ready to write to a node; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`NodeError::Http`].
    pub fn new(url: &NodeUrl, pinned: &[LogPolicy], now: Timestamp) -> Result<Self, NodeError> {
        let client = NodeClient::new(url)?;
        let pinned = pinned.to_vec();
        Ok(Self { client, pinned, now, origin: None, last: None, teller: None })
    }

    fn submit(&mut self, kind: Kind, body: &[u8]) -> Result<Accepted, NodeError> {
        let (accepted, promised) = post(&self.client, kind, body)?;
        self.note(promised);
        Ok(accepted)
    }

    /// Keeps the promise about the newest entry.
    fn note(&mut self, promised: Promised) {
        if self.last.as_ref().is_none_or(|last| last.leaf_index <= promised.leaf_index) {
            self.last = Some(promised);
        }
    }

    /// Sends entries in their order; issuances, none of which rests on another, over several connections.
    fn submit_all(&mut self, entries: &[(Kind, &[u8])]) -> Result<Vec<Accepted>, NodeError> {
        let mut out = Vec::new();
        let issuances = |one: &(Kind, &[u8]), next: &(Kind, &[u8])| {
            one.0 == Kind::Issuance && next.0 == Kind::Issuance
        };
        for run in entries.chunk_by(issuances) {
            let url = self.client.url().clone();
            let share = run.len().div_ceil(CONNECTIONS);
            if share < 2 {
                for (kind, body) in run {
                    out.push(self.submit(*kind, body)?);
                }
                continue;
            }
            let answers: Vec<_> = std::thread::scope(|scope| {
                let send = |share| {
                    let url = &url;
                    scope.spawn(move || post_each(url, share))
                };
                let threads: Vec<_> = run.chunks(share).map(send).collect();
                let joined = threads.into_iter().map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                });
                joined.collect()
            });
            for answer in answers {
                for (accepted, promised) in answer? {
                    out.push(accepted);
                    self.note(promised);
                }
            }
        }
        Ok(out)
    }

    fn submit_import(&mut self, bodies: &[Vec<u8>]) -> Result<Vec<Accepted>, NodeError> {
        const PATH: &str = "/v1/imports";
        let odd = |what| self.client.odd(PATH, what);
        let framed = batch::join(bodies.iter().map(|body| (Kind::Did, body.as_slice())));
        let framed = framed.map_err(|_| odd("it is more than fits into one request"))?;
        let value = self.client.post(PATH, "application/octet-stream", &framed)?;
        let entries = value.get("entries").and_then(Value::as_array);
        let entries = entries.ok_or_else(|| odd("entries are missing"))?;
        let promise = json::text(&value, "promise").map(str::to_owned);
        let taken: Option<Vec<Accepted>> = entries.iter().map(accepted).collect();
        let taken = taken.ok_or_else(|| odd("an entry has no index"))?;
        if taken.len() != bodies.len() {
            return Err(odd("it answers for more entries, or fewer"));
        }
        if let Some(last) = taken.iter().map(|one| one.leaf_index).max() {
            self.note(Promised { leaf_index: last, promise });
        }
        Ok(taken)
    }

    /// Waits until a checkpoint that holds under the pinned policy covers the newest entry.
    fn cover(&mut self) -> Result<(), NodeError> {
        let Some(promised) = self.last.clone() else { return Ok(()) };
        let leaf_index = promised.leaf_index;
        let names = |policy: &LogPolicy| {
            policy.witnesses().iter().map(|one| one.name().to_owned()).collect()
        };
        let mut missing: Vec<String> = self.pinned.first().map(names).unwrap_or_default();
        let mut told = false;
        let earliest = format!("/v1/receipts/{leaf_index}?at=earliest");
        let (mut path, mut step) = (earliest.clone(), COVER_STEP);
        let mut waited = 0;
        while waited < COVER_WAIT {
            match self.client.json(&path, crate::ledger_source::SIDECAR) {
                Ok(Some(value)) if self.covers(&value, leaf_index) => {
                    self.last = None;
                    return Ok(());
                }
                // The log has enough and we have not: a later head will have the lines of those who are asked more seldom.
                Ok(Some(value)) if path == earliest => {
                    if let Some((policy, lines)) = self.policy_of(&value) {
                        missing = lines;
                        path = format!("{earliest}&policy={}", query_value(&policy.to_string()));
                        step = RARE_STEP;
                    }
                }
                Ok(_) => {}
                Err(NodeError::Refused(refusal)) if refusal.code == "not-yet-covered" => {}
                Err(error) => return Err(error),
            }
            if let (Some(Teller(tell)), false) = (&self.teller, told || waited < TELL_AFTER) {
                tell(&Awaited { promised: promised.clone(), missing: missing.clone() });
                told = true;
            }
            std::thread::sleep(Duration::from_millis(step));
            waited = waited.saturating_add(step);
        }
        Err(NodeError::NotCovered { url: self.client.url().to_string(), leaf_index })
    }

    /// The pinned policy of the log that a receipt is of, and which of its cosigners have no line under it.
    fn policy_of(&self, value: &Value) -> Option<(&LogPolicy, Vec<String>)> {
        let receipt = Receipt::from_value(value).ok()?;
        let origin = receipt.note().text().lines().next()?;
        let policy = self.pinned.iter().find(|policy| policy.has_log(origin))?;
        let lines = receipt.note().signatures();
        let silent = policy
            .witnesses()
            .iter()
            .filter(|one| !lines.iter().any(|line| one.key().matches(line)))
            .map(|one| one.name().to_owned());
        Some((policy, silent.collect()))
    }

    /// Whether this is a receipt of that entry that holds under a pinned policy.
    fn covers(&self, value: &Value, leaf_index: u64) -> bool {
        let Ok(receipt) = Receipt::from_value(value) else { return false };
        // Judged by the clock of this moment, not by that of the command's beginning: the stamps are newer.
        let later = self.now.plus_seconds(i64::try_from(COVER_WAIT / 1_000).unwrap_or(0));
        self.pinned.iter().any(|policy| {
            inkan_ledger::verify_receipt(&receipt, policy, later)
                .is_ok_and(|leaf| leaf.leaf_index() == leaf_index)
        })
    }
}

/// Sends entries one after the other, over a connection of their own.
fn post_each(
    url: &NodeUrl,
    entries: &[(Kind, &[u8])],
) -> Result<Vec<(Accepted, Promised)>, NodeError> {
    let client = NodeClient::new(url)?;
    entries.iter().map(|(kind, body)| post(&client, *kind, body)).collect()
}

fn post(client: &NodeClient, kind: Kind, body: &[u8]) -> Result<(Accepted, Promised), NodeError> {
    let path = "/v1/entries?wait=durable";
    let media_type = if kind == Kind::Did { "text/jsonl" } else { "application/jose" };
    let value = client.post(path, media_type, body)?;
    let accepted = accepted(&value).ok_or_else(|| client.odd(path, "index is missing"))?;
    let promise = json::text(&value, "promise").map(str::to_owned);
    Ok((accepted, Promised { leaf_index: accepted.leaf_index, promise }))
}

/// Where a node says that an entry stands.
fn accepted(value: &Value) -> Option<Accepted> {
    let leaf_index = value.get("index").and_then(Value::as_u64)?;
    let duplicate = json::text(value, "standing") == Some("duplicate");
    let standing = if duplicate { Standing::Duplicate } else { Standing::New };
    Some(Accepted { leaf_index, standing })
}
