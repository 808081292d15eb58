//! A ledger behind a URL, read without believing it: every answer is checked against a pinned policy before it is used.
//!
//! | Asked for | Believed because |
//! |---|---|
//! | a checkpoint | the log and the quorum of the pinned policy signed it |
//! | a receipt | it verifies, is of the index asked for, and of no later checkpoint than the one looked at |
//! | the newest of a kind | the map proof verifies for that key, at this very checkpoint |
//! | all versions of a DID | each has a receipt, and the last is the newest by the map |
//! | a lookup by entry id | not at all: the receipt must show that very entry |
//! | a status list | its digest is the recorded one (the caller compares) |
//!
//! In scope: asking and checking. Out of scope: HTTP ([`crate::node_client`]).

mod files;
mod newest;
mod shared;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use inkan_core::encoding::decode_b64;
use inkan_core::{Digest, Timestamp, json, limits};
use inkan_crypto::PublicKey;
use inkan_ledger::evidence::{Evidence, forks_from_value};
use inkan_ledger::tree::tiles::{BUNDLE_BYTES, Tile, decode_bundle};
use inkan_ledger::{
    Checkpoint, EntryId, LogPolicy, NodeHash, Receipt, ReceiptError, SignedNote,
    VerifiedCheckpoint, VerifiedLeaf, verify_receipt, verify_receipt_under,
};
use serde_json::Value;

use self::files::Replayed;
pub(crate) use self::shared::list_path;
pub use self::shared::published_policy;
use self::shared::{Shared, entry_id};
use super::SourceStatus;
use crate::node_client::{NodeClient, NodeError, NodeUrl, query_value};

/// Media type of a receipt as a sidecar.
pub(crate) const SIDECAR: &str = "application/vnd.inkan.receipt+json";
const JSON: &str = "application/json";
const LATER: &str = "a receipt of a later checkpoint";
/// Hashes in a consistency proof: one per level on each side.
const PATH_LIMIT: usize = 130;

/// A node whose newest checkpoint was verified.
#[derive(Clone, Debug)]
pub struct NodeReader {
    shared: Rc<Shared>,
    newest: Option<VerifiedCheckpoint>,
}

impl NodeReader {
    /// Asks a node for its newest checkpoint, and verifies it under the one of `pinned` that knows its log.
    ///
    /// # Errors
    ///
    /// [`NodeError`]; [`ReceiptError::UnknownLog`] in it if no policy knows the log.
    pub fn open(url: &NodeUrl, pinned: &[LogPolicy], now: Timestamp) -> Result<Self, NodeError> {
        let client = NodeClient::new(url)?;
        let path = "/checkpoint";
        // A node without a checkpoint says so; whatever else answers has none.
        let text = match client.text(path) {
            Err(error) if error.is_absence() => {
                return Err(NodeError::NoLedger { url: url.to_string() });
            }
            found => found?.ok_or_else(|| client.odd(path, "no checkpoint yet"))?,
        };
        let note = SignedNote::parse(&text).map_err(|_| client.odd(path, "not a signed note"))?;
        let checkpoint = Checkpoint::parse_text(note.text())
            .map_err(|_| client.odd(path, "not a checkpoint"))?;
        let origin = checkpoint.origin().to_owned();
        let policy = pinned.iter().find(|policy| policy.has_log(&origin)).cloned();
        let unknown = || NodeError::Proof {
            url: url.to_string(),
            source: ReceiptError::UnknownLog { origin: origin.clone(), pinned: false },
        };
        let policy = policy.ok_or_else(unknown)?;
        let shared = Shared { client, policy, origin, now, only_files: OnceCell::new() };
        let newest = match shared.checked(&note) {
            Ok(verified) => Some(verified),
            // Signed by the log, and not all whom we ask for have answered yet: the one before is as good as new.
            Err(NodeError::Proof { source: ReceiptError::QuorumNotMet, .. }) => {
                Some(shared.newest_taken()?)
            }
            Err(error) => return Err(error),
        };
        Ok(Self { shared: Rc::new(shared), newest })
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// The policy that the node publishes.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn policy_text(&self) -> Result<String, NodeError> {
        published_policy(&self.shared.client)
    }

    /// What is known of the whole.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn status(&self) -> Result<SourceStatus, NodeError> {
        let origin = self.origin().to_owned();
        let mut status = SourceStatus {
            origin,
            size: 0,
            root: NodeHash::empty().digest().to_hex(),
            waiting: None,
            leaf_time: None,
            checkpoints: None,
        };
        if let Some(view) = self.view_at(None)? {
            let head = view.checkpoint.head();
            status.size = head.tree_size;
            status.root = head.root_hash.digest().to_hex();
            status.leaf_time = view.last_leaf_time()?;
        }
        Ok(status)
    }

    /// The newest checkpoint that the quorum had seen at `time`; the newest of all for `None`.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn view_at(&self, time: Option<Timestamp>) -> Result<Option<NodeView>, NodeError> {
        let checkpoint = match time {
            None => self.newest.clone(),
            Some(time) => match self.shared.checkpoint_at(time) {
                Err(NodeError::OnlyFiles { .. }) => return self.served_by(time),
                found => found?,
            },
        };
        Ok(checkpoint.map(|checkpoint| self.view(checkpoint)))
    }

    /// The one checkpoint that is served beside the files, if the quorum had seen it by then.
    fn served_by(&self, time: Timestamp) -> Result<Option<NodeView>, NodeError> {
        let Some(view) = self.view_at(None)? else { return Ok(None) };
        let seen = match view.checkpoint.existed_by() {
            Some(seen) => Some(seen),
            None => view.last_leaf_time()?,
        };
        Ok(seen.is_some_and(|seen| seen <= time).then_some(view))
    }

    fn view(&self, checkpoint: VerifiedCheckpoint) -> NodeView {
        let shared = Rc::clone(&self.shared);
        let (answers, tiles, read) = (Rc::default(), Rc::default(), Rc::default());
        NodeView { shared, checkpoint, answers, tiles, read }
    }

    /// The checkpoint of a size, if one was published.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn view_of(&self, size: u64) -> Result<Option<NodeView>, NodeError> {
        let path = format!("/v1/cosignatures/{size}");
        let text = match self.shared.or_files(self.shared.client.text(&path)) {
            Err(NodeError::OnlyFiles { .. }) => {
                return Ok(self.view_at(None)?.filter(|view| view.size() == size));
            }
            found => found?,
        };
        let Some(text) = text else { return Ok(None) };
        let checkpoint = self.shared.checked_text(&path, &text)?;
        if checkpoint.head().tree_size != size {
            return Err(self.shared.client.odd(&path, "a checkpoint of another size"));
        }
        Ok(Some(self.view(checkpoint)))
    }

    /// A COSE Receipt (RFC 9942) of an entry, as the node signs it.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn cose_receipt(&self, index: u64, size: u64) -> Result<Option<Vec<u8>>, NodeError> {
        let path = format!("/v1/receipts/{index}?at={size}");
        let limit = crate::node_client::TEXT_LIMIT;
        match self.shared.or_files(self.shared.client.bytes(&path, "application/cose", limit)) {
            Err(NodeError::OnlyFiles { .. }) => Ok(None),
            found => found,
        }
    }

    /// The key that the node says its COSE Receipts are signed with.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn cose_key(&self) -> Result<Option<PublicKey>, NodeError> {
        let path = "/v1/log";
        let value = match self.shared.or_files(self.shared.client.json(path, JSON)) {
            Err(NodeError::OnlyFiles { .. }) => return Ok(None),
            found => found?,
        };
        let text = value.as_ref().and_then(|value| json::text(value, "coseKey"));
        let odd = || self.shared.client.odd(path, "coseKey is no key");
        text.map(|text| PublicKey::from_multikey(text).map_err(|_| odd())).transpose()
    }

    /// A parameters document, by its SHA-256, which is compared.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn parameters(&self, digest: &Digest) -> Result<Option<Vec<u8>>, NodeError> {
        self.shared.parameters(digest)
    }

    /// What the node has of two histories of one DID; none where only files are served.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn forks(&self, scid: &str) -> Result<Vec<Evidence>, NodeError> {
        let path = format!("/v1/dids/{}/equivocations", query_value(scid));
        let value = match self.shared.or_files(self.shared.client.json(&path, JSON)) {
            Err(NodeError::OnlyFiles { .. }) => None,
            found => found?,
        };
        let odd = |_| self.shared.client.odd(&path, "forks that cannot be read");
        value.map_or(Ok(Vec::new()), |value| forks_from_value(&value).map_err(odd))
    }

    /// A version of a status list. The caller compares it with the digest that the ledger records.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn status_list(
        &self,
        issuer: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, NodeError> {
        let path = list_path(issuer, uri, sequence);
        match self.shared.or_files(self.shared.client.bytes(&path, "*/*", limits::STATUS_LIST)) {
            Err(NodeError::OnlyFiles { .. }) => self.list_in_files(issuer, uri, sequence),
            found => found,
        }
    }
}

/// A node's ledger up to one verified head.
#[derive(Clone, Debug)]
pub struct NodeView {
    shared: Rc<Shared>,
    checkpoint: VerifiedCheckpoint,
    /// Answers of this run: at one checkpoint they never change.
    answers: Rc<RefCell<BTreeMap<String, Option<Value>>>>,
    /// Tiles, where only files are served.
    tiles: Rc<RefCell<BTreeMap<Tile, Vec<u8>>>>,
    /// What all entries amount to, likewise.
    read: Rc<OnceCell<Replayed>>,
}

impl NodeView {
    /// Leaves that are seen.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.checkpoint.head().tree_size
    }

    /// The signed head.
    #[must_use]
    pub fn note(&self) -> &SignedNote {
        self.checkpoint.note()
    }

    /// Where the node says that an entry stands.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn lookup(&self, id: &EntryId) -> Result<Option<u64>, NodeError> {
        let path = format!("/v1/lookup/{}", id.digest().to_hex());
        let value = match self.get(&path, JSON) {
            Err(NodeError::OnlyFiles { .. }) => return self.lookup_in_files(id),
            found => found?,
        };
        let Some(value) = value else { return Ok(None) };
        let index = value.get("index").and_then(Value::as_u64);
        let Some(index) = index else { return Err(self.odd(&path, "index is missing")) };
        if index >= self.size() {
            return Ok(None);
        }
        let receipt = self.receipt(index)?;
        if entry_id(&receipt).as_ref() == Some(id) {
            Ok(Some(index))
        } else {
            Err(self.odd(&path, "another entry stands there"))
        }
    }

    /// The receipt of a leaf at the earliest checkpoint that covers it and that our policy takes; at this one, which it does
    /// take, if the node finds no earlier one.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, NodeError> {
        let earliest = format!("/v1/receipts/{index}?at=earliest");
        let ours = format!("{earliest}&{}", self.shared.demand());
        // This is the same for everybody, and can be cached.
        match self.receipt_from(index, &earliest) {
            Err(NodeError::Proof { source: ReceiptError::QuorumNotMet, .. })
            | Err(NodeError::Answer { what: LATER, .. }) => {}
            found => return found,
        }
        match self.receipt_from(index, &ours) {
            Err(error) if !matches!(error, NodeError::SplitView { .. }) => self.receipt_here(index),
            found => found,
        }
    }

    /// The receipt of a leaf at this very checkpoint.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn receipt_here(&self, index: u64) -> Result<Receipt, NodeError> {
        self.receipt_from(index, &format!("/v1/receipts/{index}?at={}", self.size()))
    }

    /// The entries of a bundle as they are served; of a partial one that is gone, as many of the full one.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn bundle(&self, tile: &Tile) -> Result<Vec<Vec<u8>>, NodeError> {
        let fetch = |tile: &Tile| {
            let path = format!("/{}", tile.entries_path());
            let bytes = self.shared.client.file(&path, BUNDLE_BYTES)?;
            Ok::<_, NodeError>((path, bytes, tile.width()))
        };
        let (path, bytes, width) = match fetch(tile)? {
            (_, None, _) if tile.is_partial() => fetch(&tile.full())?,
            found => found,
        };
        let bytes = bytes.ok_or_else(|| self.odd(&path, "no such entries"))?;
        let entries =
            decode_bundle(&bytes, width).map_err(|_| self.odd(&path, "not a bundle of entries"))?;
        Ok(entries.into_iter().take(tile.width().into()).map(<[u8]>::to_vec).collect())
    }

    fn last_leaf_time(&self) -> Result<Option<Timestamp>, NodeError> {
        let Some(last) = self.size().checked_sub(1) else { return Ok(None) };
        let receipt = self.receipt_here(last)?;
        Ok(inkan_ledger::Leaf::parse(receipt.leaf_bytes()).ok().map(|leaf| leaf.time()))
    }

    fn receipt_from(&self, index: u64, path: &str) -> Result<Receipt, NodeError> {
        let value = match self.get(path, SIDECAR) {
            Err(NodeError::OnlyFiles { .. }) => return self.receipt_from_files(index),
            found => found?.ok_or_else(|| self.odd(path, "no such entry"))?,
        };
        let receipt = Receipt::from_value(&value).map_err(|error| self.shared.unproved(error))?;
        let leaf = self.verified(&receipt, path)?;
        if leaf.leaf_index() == index {
            Ok(receipt)
        } else {
            Err(self.odd(path, "a receipt of another entry"))
        }
    }

    /// A receipt that holds, of no later checkpoint than this.
    fn verified(&self, receipt: &Receipt, path: &str) -> Result<VerifiedLeaf, NodeError> {
        let Shared { policy, now, origin, .. } = &*self.shared;
        // Most receipts share the head looked at: its signatures are checked once.
        let leaf = if receipt.note() == self.checkpoint.note() {
            verify_receipt_under(receipt, &self.checkpoint)
        } else {
            verify_receipt(receipt, policy, *now)
        };
        let leaf = leaf.map_err(|error| self.shared.unproved(error))?;
        if leaf.origin() != origin {
            return Err(self.odd(path, "a receipt of another log"));
        }
        if leaf.tree_size() > self.size() {
            return Err(self.odd(path, LATER));
        }
        self.same_tree(leaf.checkpoint())?;
        Ok(leaf)
    }

    /// The consistency proof from `from` leaves to here. Whoever asked verifies it.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn consistency(&self, from: u64) -> Result<Vec<NodeHash>, NodeError> {
        let path = format!("/v1/consistency?from={from}&to={}", self.size());
        let value = match self.get(&path, JSON) {
            Err(NodeError::OnlyFiles { .. }) => return self.consistency_from_files(from),
            found => found?.ok_or_else(|| self.odd(&path, "no such sizes"))?,
        };
        let hashes = value.get("hashes").and_then(Value::as_array);
        let malformed = || self.odd(&path, "not a list of hashes");
        let hashes = hashes.filter(|list| list.len() <= PATH_LIMIT).ok_or_else(malformed)?;
        let read = |value: &Value| {
            let bytes = decode_b64(value.as_str()?).ok()?;
            Some(NodeHash::from_digest(Digest::from_bytes(bytes.try_into().ok()?)))
        };
        hashes.iter().map(read).collect::<Option<_>>().ok_or_else(malformed)
    }

    /// Two heads of one size that are not the same tree are what nobody may ever see.
    fn same_tree(&self, other: &VerifiedCheckpoint) -> Result<(), NodeError> {
        let (here, there) = (self.checkpoint.head(), other.head());
        if here.tree_size == there.tree_size && here.root_hash != there.root_hash {
            let notes = Box::new((self.note().clone(), other.note().clone()));
            return Err(NodeError::SplitView { url: self.shared.client.url().to_string(), notes });
        }
        Ok(())
    }

    /// Asks once per run.
    fn get(&self, path: &str, accept: &str) -> Result<Option<Value>, NodeError> {
        if let Some(known) = self.answers.borrow().get(path) {
            return Ok(known.clone());
        }
        self.shared.refuse_files()?;
        let answer = self.shared.or_files(self.shared.client.json(path, accept))?;
        self.answers.borrow_mut().insert(path.to_owned(), answer.clone());
        Ok(answer)
    }

    fn odd(&self, path: &str, what: &'static str) -> NodeError {
        self.shared.client.odd(path, what)
    }
}
