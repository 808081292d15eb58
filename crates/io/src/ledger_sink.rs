//! A ledger to write to, wherever it is: a folder on this machine, or a node behind a URL.
//!
//! In scope: entries and status lists, until a cosigned checkpoint covers them. Sending anything twice changes nothing,
//! in either. Out of scope: what is written together with the profile ([`crate::intent`]).

mod acknowledged;
mod covering;
#[cfg(test)]
pub(crate) mod fake;
mod sending;

use std::collections::BTreeMap;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_ledger::{Kind, LogPolicy, batch};
use serde_json::{Value, json};

pub(crate) use self::acknowledged::id_of;
use self::acknowledged::{Expected, check, promise_in};
use self::sending::BatchLimits;
use crate::ledger_folder::{Accepted, LedgerFolder, Standing};
use crate::ledger_source::{LedgerError, LedgerPlace, LedgerSource, NodeReader, scid_of};
use crate::node_client::{NodeClient, NodeError, NodeUrl, Sent, query_value};

/// How long we wait for a cosigned checkpoint over what was written, in milliseconds.
const COVER_WAIT: u64 = 45_000;
/// Between two questions whether there is one, in milliseconds.
const COVER_STEP: u64 = 150;
/// The same where a cosigner is waited for that is asked twice a minute.
const RARE_STEP: u64 = 500;
/// After so many milliseconds somebody is told what is waited for.
const TELL_AFTER: u64 = 1_500;

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
    /// What every entry that was acknowledged must be, by its place, until receipts have shown it.
    expected: BTreeMap<u64, Expected>,
    /// How much the node takes at once, once it was asked.
    limits: Option<BatchLimits>,
    /// How long a checkpoint is waited for, in milliseconds.
    patience: u64,
    teller: Option<Teller>,
}

/// What became of entries that were submitted together.
#[derive(Debug)]
pub struct Submitted {
    /// Where each is recorded, in their order; `None` for those that are not.
    pub taken: Vec<Option<Accepted>>,
    /// Why not all of them are.
    pub refused: Option<LedgerError>,
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

    /// Says which log a node is taken for: what it signs is made out to no other, and promises and receipts of no other are believed.
    pub fn take_for(&mut self, origin: &str) {
        match self {
            Self::Folder(_) => {}
            Self::Node(writer) => {
                // Another log of ours, run by somebody else, cannot speak for this one.
                writer.pinned.retain(|policy| policy.has_log(origin));
                writer.origin = Some(origin.to_owned());
            }
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

    /// Has entries recorded durably, as [`Self::submit`] does one after the other. A folder takes all of them at once or none, with
    /// few syncs; of those sent to a node some may be recorded though others are refused.
    pub fn submit_each(&mut self, entries: &[(Kind, &[u8])], now: Timestamp) -> Submitted {
        match self {
            Self::Folder(folder) => match folder.submit_all(entries, now) {
                Ok(taken) => {
                    Submitted { taken: taken.into_iter().map(Some).collect(), refused: None }
                }
                Err(error) => {
                    Submitted { taken: vec![None; entries.len()], refused: Some(error.into()) }
                }
            },
            Self::Node(writer) => writer.submit_each(entries),
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
    /// [`NodeError::NotCovered`] if the node takes too long; the entries stay, and so do its promises
    /// ([`Self::promises`]). [`NodeError::PromiseBroken`] and [`NodeError::Acknowledgement`] if another entry stands where one was
    /// acknowledged.
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

    /// The promises about everything that no checkpoint covers yet, each with the newest entry that it is about.
    #[must_use]
    pub fn promises(&self) -> Vec<Promised> {
        match self {
            Self::Folder(_) => Vec::new(),
            Self::Node(writer) => writer.promises(),
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
        let (last, expected, patience) = (None, BTreeMap::new(), COVER_WAIT);
        let (pinned, origin, limits) = (pinned.to_vec(), None, None);
        Ok(Self { client, pinned, now, origin, last, expected, limits, patience, teller: None })
    }

    fn submit(&mut self, kind: Kind, body: &[u8]) -> Result<Accepted, NodeError> {
        let path = "/v1/entries?wait=durable";
        let media_type = if kind == Kind::Did { "text/jsonl" } else { "application/jose" };
        let (answer, sent) = self.client.post(path, media_type, body)?;
        let lie = |what| self.lie(what, (kind, body), &answer);
        let promise = promise_in(&answer, &self.pinned).map_err(lie)?;
        let (accepted, expected) = check((kind, body), &answer, promise.as_ref()).map_err(lie)?;
        self.expect(accepted.leaf_index, expected)
            .map_err(|what| self.lie(what, (kind, body), &answer))?;
        // Sent twice, the second answer is about the first sending: these very bytes were sent before (ledger specification §2.6).
        let standing = match sent {
            Sent::Once => accepted.standing,
            Sent::Again => Standing::New,
        };
        Ok(Accepted { standing, ..accepted })
    }

    /// Remembers what a receipt must show later.
    fn expect(&mut self, leaf_index: u64, expected: Expected) -> Result<(), &'static str> {
        let before = self.expected.get(&leaf_index);
        if before.is_some_and(|before| !before.is_like(&expected)) {
            return Err("it names one place for two entries");
        }
        let expected = expected.or_promise_of(before);
        let promise = expected.promise().map(|promise| promise.note().to_string());
        self.expected.insert(leaf_index, expected);
        self.note(Promised { leaf_index, promise });
        Ok(())
    }

    /// An acknowledgement that does not hold, with all that shows it.
    fn lie(&self, what: &'static str, (kind, body): (Kind, &[u8]), answer: &Value) -> NodeError {
        let url = self.client.url().to_string();
        let kept = json!({
            "type": "inkan-acknowledgement/1", "url": url, "kind": kind.name(),
            "body": String::from_utf8_lossy(body), "answer": answer,
        });
        NodeError::Acknowledgement { url, what, kept: Box::new(kept) }
    }

    /// Keeps the promise about the newest entry.
    fn note(&mut self, promised: Promised) {
        if self.last.as_ref().is_none_or(|last| last.leaf_index <= promised.leaf_index) {
            self.last = Some(promised);
        }
    }

    fn promises(&self) -> Vec<Promised> {
        let Some(last) = &self.last else { return Vec::new() };
        // One is about many; what is said of it is said of its newest.
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (leaf_index, expected) in &self.expected {
            if let Some(promise) = expected.promise() {
                found.insert(promise.note().to_string(), *leaf_index);
            }
        }
        found.extend(last.promise.clone().map(|promise| (promise, last.leaf_index)));
        let promised = |(promise, leaf_index)| Promised { leaf_index, promise: Some(promise) };
        found.into_iter().map(promised).collect()
    }

    fn submit_import(&mut self, bodies: &[Vec<u8>]) -> Result<Vec<Accepted>, NodeError> {
        const PATH: &str = "/v1/imports";
        let odd = |what| self.client.odd(PATH, what);
        let framed = batch::join(bodies.iter().map(|body| (Kind::Did, body.as_slice())));
        let framed = framed.map_err(|_| odd("it is more than fits into one request"))?;
        let (answer, _) = self.client.post(PATH, "application/octet-stream", &framed)?;
        let first = (Kind::Did, bodies.first().map(Vec::as_slice).unwrap_or_default());
        let lie = |what| self.lie(what, first, &answer);
        let promise = promise_in(&answer, &self.pinned).map_err(lie)?;
        let entries = answer.get("entries").and_then(Value::as_array);
        let entries = entries.filter(|entries| entries.len() == bodies.len());
        let entries = entries.ok_or_else(|| lie("it is of other entries than were sent"))?;
        let mut taken = Vec::with_capacity(bodies.len());
        for (body, said) in bodies.iter().zip(entries) {
            let entry = (Kind::Did, body.as_slice());
            let checked = check(entry, said, promise.as_ref()).and_then(|(accepted, expected)| {
                self.expect(accepted.leaf_index, expected).map(|()| accepted)
            });
            taken.push(checked.map_err(|what| self.lie(what, entry, &answer))?);
        }
        Ok(taken)
    }

    /// Waits until a checkpoint that holds under the pinned policy covers the newest entry, and sees that every other one stands
    /// where it was acknowledged.
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
        while waited < self.patience {
            match self.client.json(&path, crate::ledger_source::SIDECAR) {
                Ok(Some(value)) => {
                    if self.covers(&value, leaf_index)? && self.covers_others(leaf_index)? {
                        self.last = None;
                        self.expected.clear();
                        return Ok(());
                    }
                    // The log has enough and we have not: a later head will have the lines of those who are asked more seldom.
                    if path == earliest
                        && let Some((policy, lines)) = self.policy_of(&value)
                    {
                        missing = lines;
                        path = format!("{earliest}&policy={}", query_value(&policy.to_string()));
                        step = RARE_STEP;
                    }
                }
                Ok(None) => {}
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
}

#[cfg(test)]
mod tests;
