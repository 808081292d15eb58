//! What a node says of an entry that it took (§3.6 of the ledger specification), checked before anything rests on it: a 202 that is
//! believed unseen would let an operator drop what he acknowledged.
//!
//! In scope: that an acknowledgement is of what was sent, and promised by the log; what a receipt must show later. Out of scope:
//! asking for receipts ([`super::NodeWriter`]).

use std::sync::Arc;

use inkan_core::{Digest, Timestamp, json};
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{
    EntryId, Kind, Leaf, LeafHash, LogPolicy, SignedEntry, VerifiedPromise, verify_promise,
};
use serde_json::Value;

use crate::ledger_folder::{Accepted, Standing};

const MALFORMED: &str = "a member of it is missing or malformed";

/// What must stand in the log at a place that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    leaf_hash: LeafHash,
    /// What was sent, where the leaf is not made of these very bytes: it stood there before, under another signature.
    earlier: Option<(Kind, Vec<u8>)>,
    promise: Option<Arc<VerifiedPromise>>,
}

/// Checks what a node says of one entry. `promise` is that of the whole answer, if it has one.
///
/// # Errors
///
/// What does not hold, in words.
pub(super) fn check(
    (kind, body): (Kind, &[u8]),
    said: &Value,
    promise: Option<&Arc<VerifiedPromise>>,
) -> Result<(Accepted, Expected), &'static str> {
    let leaf_index = said.get("index").and_then(Value::as_u64).ok_or(MALFORMED)?;
    let standing = match json::text(said, "standing") {
        Some("new") => Standing::New,
        Some("duplicate") => Standing::Duplicate,
        Some(_) | None => return Err(MALFORMED),
    };
    let text = |name| json::text(said, name).ok_or(MALFORMED);
    let leaf_hash = Digest::from_hex(text("leafHash")?).map_err(|_| MALFORMED)?;
    let leaf_hash = LeafHash::from_digest(leaf_hash);
    let entry_id = EntryId::from_hex(text("entryId")?).map_err(|_| MALFORMED)?;
    let time = said.get("time").and_then(Value::as_i64).ok_or(MALFORMED)?;
    let time = Timestamp::from_seconds(time).map_err(|_| MALFORMED)?;
    // A line of a file ends with LF, an entry does not: nodes take it off.
    let body = if kind == Kind::Did { body.strip_suffix(b"\n").unwrap_or(body) } else { body };
    if id_of(kind, body) != Some(entry_id) {
        return Err("it is of another entry than was sent");
    }
    let leaf = Leaf::new(kind, time, body.to_vec()).map_err(|_| MALFORMED)?;
    let is_sent = leaf.hash() == leaf_hash;
    if standing == Standing::New && !is_sent {
        return Err("its leaf hash is not that of what was sent");
    }
    let promise = promise.filter(|one| one.promise().leaves().contains_key(&leaf_index));
    match promise {
        Some(one) => check_promise(one, (kind, body), (leaf_index, leaf_hash))?,
        None if standing == Standing::New => return Err("the log does not promise it"),
        // A checkpoint covers it already.
        None => {}
    }
    let earlier = (!is_sent).then(|| (kind, body.to_vec()));
    let expected = Expected { leaf_hash, earlier, promise: promise.cloned() };
    Ok((Accepted { leaf_index, standing }, expected))
}

fn check_promise(
    promise: &VerifiedPromise,
    (kind, body): (Kind, &[u8]),
    (leaf_index, leaf_hash): (u64, LeafHash),
) -> Result<(), &'static str> {
    let promise = promise.promise();
    if promise.leaves().get(&leaf_index) != Some(&leaf_hash) {
        return Err("the log promises another leaf there");
    }
    // The version by which a DID moves names the log that it moves to, and is recorded in the one that it leaves.
    let audience = SignedEntry::parse(kind, body).ok().map(|entry| entry.audience().to_owned());
    if audience.is_some_and(|log| log != promise.origin()) {
        return Err("another log promises it than it is made out to");
    }
    Ok(())
}

/// The promise in an answer, if there is one: a log of ours must have signed it.
///
/// # Errors
///
/// What does not hold, in words.
pub(super) fn promise_in(
    answer: &Value,
    pinned: &[LogPolicy],
) -> Result<Option<Arc<VerifiedPromise>>, &'static str> {
    let Some(promise) = answer.get("promise").filter(|promise| !promise.is_null()) else {
        return Ok(None);
    };
    let text = promise.as_str().ok_or(MALFORMED)?;
    let verified = pinned.iter().find_map(|policy| verify_promise(text, policy).ok());
    verified.map(|one| Some(Arc::new(one))).ok_or("its promise is not signed by the log")
}

impl Expected {
    /// Whether these are the bytes of that leaf.
    pub(super) fn is(&self, leaf: &[u8]) -> bool {
        if LeafHash::of(leaf) != self.leaf_hash {
            return false;
        }
        let Some((kind, sent)) = &self.earlier else { return true };
        Leaf::parse(leaf)
            .is_ok_and(|leaf| leaf.kind() == *kind && is_same(*kind, sent, leaf.body()))
    }

    /// Whether it is the leaf of this hash.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.leaf_hash == other.leaf_hash
    }

    /// The same; a duplicate comes without promise, and the one that was given before still shows who broke it.
    pub(super) fn or_promise_of(mut self, before: Option<&Self>) -> Self {
        if self.promise.is_none() {
            self.promise = before.and_then(|before| before.promise.clone());
        }
        self
    }

    /// The promise of it.
    pub(super) const fn promise(&self) -> Option<&Arc<VerifiedPromise>> {
        self.promise.as_ref()
    }
}

/// Whether two bodies are one entry, however they are signed (§2.6).
fn is_same(kind: Kind, sent: &[u8], found: &[u8]) -> bool {
    let id = id_of(kind, sent);
    if id.is_none() || id != id_of(kind, found) {
        return false;
    }
    match kind {
        // Their ids say less than they do.
        Kind::Status | Kind::Trust | Kind::Once => {
            let input = |body| {
                SignedEntry::parse(kind, body).ok().map(|entry| entry.signing_input().to_vec())
            };
            input(sent) == input(found)
        }
        Kind::Epoch | Kind::Did | Kind::Issuance | Kind::Countersignature | Kind::Anchor => true,
    }
}

/// Under which id a body stands in the log; `None` for one that cannot.
pub(crate) fn id_of(kind: Kind, body: &[u8]) -> Option<EntryId> {
    if kind == Kind::Did {
        let entry = parse_did_body(body).ok()?;
        return Some(EntryId::did(entry.scid(), entry.version_id()));
    }
    SignedEntry::parse(kind, body).ok().map(|entry| entry.entry_id())
}
