//! Evidence of broken rules (`inkan-evidence/1`): files that prove to anybody, years later, who did wrong.
//!
//! In scope: broken promises (§3.6 of the ledger specification), two heads of one log that cannot both be, two versions of
//! one DID under one number (§6.2); their JSON, and what each proves, of whom. Out of scope: finding the two halves
//! (`inkan-io` watches), what to do about it.
//!
//! | Members beside `type` | Proves, against |
//! |---|---|
//! | `promise`, `proof`, `leaf` | another leaf stands at a promised place: the log |
//! | `promise`, `checkpoint` | a promised place is still not covered after the deadline: the log |
//! | `notes` of one size | two roots of one size: the log, and every witness that cosigned both |
//! | `notes` of two sizes, `growth` | the larger tree does not begin with the smaller: the same |
//! | `proofs`, `leaves` | two leaves at one place: the same |
//! | `history`, `entries` | two authorised successors of one version: the DID's controller |

mod forks;

use std::collections::BTreeSet;
use std::fmt;

use inkan_core::encoding::{b64, b64u, decode_b64, decode_b64u};
use inkan_core::{Digest, Timestamp, json};
use inkan_did::webvh::{self, Entry, Head};
use serde_json::{Map, Value};

use crate::checkpoint::Checkpoint;
use crate::note::{SignatureLine, SignedNote};
use crate::policy::LogPolicy;
use crate::promise::{Breach, VerifiedPromise, verify_promise};
use crate::receipt::verify::{check_log_signature, witness_stamps};
use crate::receipt::{Receipt, ReceiptError, TlogProof};
use crate::state::parse_did_body;
use crate::tree::{LeafHash, NodeHash, TreeHead, verify_consistency, verify_inclusion};

pub use forks::{FORKS_LIMIT, FORKS_TYPE, forks_from_value, forks_to_value};

/// `type` of every evidence file.
const TYPE: &str = "inkan-evidence/1";
/// The largest evidence file in bytes: a DID's whole history, or a promise and a proof.
pub const EVIDENCE_LIMIT: usize = 8 << 20;
/// The most hashes of a consistency path.
const PATH_LIMIT: usize = 126;

/// Both halves of a contradiction. Nothing is proved before [`Evidence::verify`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// A promise that was not kept.
    Promise {
        /// The signed promise.
        promise: String,
        /// What breaks it.
        breach: Breach,
    },
    /// Two signed heads of one log that no one tree has.
    Heads {
        /// The smaller first.
        notes: Box<[SignedNote; 2]>,
        /// How the larger tree begins, if the sizes differ.
        growth: Option<Growth>,
    },
    /// Two leaves at one place of one log.
    Leaves(Box<[Receipt; 2]>),
    /// Two successors of one version of a DID.
    Did {
        /// The versions before, oldest first, as bodies of `did` leaves.
        history: Vec<String>,
        /// The two, as bodies of `did` leaves.
        entries: [String; 2],
    },
}

/// The root that a larger tree has over its first leaves, as many as the smaller tree has, and the path that shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Growth {
    /// That root: another one than the smaller head states.
    pub root: NodeHash,
    /// Consistency path from it to the larger head (RFC 9162 §2.1.4).
    pub path: Vec<NodeHash>,
}

/// What evidence proves, and of whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Proven {
    /// A log did not keep its promise.
    PromiseBroken {
        /// Origin of the log.
        log: String,
        /// A place that was promised: with another leaf, or not covered.
        leaf_index: u64,
        /// Until when it had to be covered.
        deadline: Timestamp,
    },
    /// A log signed two histories.
    SplitView {
        /// Origin of the log.
        log: String,
        /// Sizes of the two heads.
        sizes: [u64; 2],
        /// Witnesses, by their names in the policy, that cosigned both: they vouched for a growth that was none.
        witnesses: BTreeSet<String>,
    },
    /// A controller authorised two versions under one number.
    DidEquivocation {
        /// SCID of the DID.
        scid: String,
        /// The number.
        number: u64,
        /// The two versions.
        version_ids: [String; 2],
    },
}

/// Why a file proves nothing. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EvidenceError {
    /// Not the one form of evidence.
    #[error("evidence is malformed: {0}")]
    Malformed(&'static str),
    /// A half is not signed by a log of the policy.
    #[error("half of the evidence does not verify")]
    Half(#[from] ReceiptError),
    /// A DID entry does not follow from the history.
    #[error("entry of the DID was not authorised")]
    Entry(#[source] webvh::EntryError),
    /// Both halves verify, and do not contradict each other.
    #[error("halves of the evidence do not contradict each other")]
    NoContradiction,
}

impl EvidenceError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "ledger-evidence-malformed",
            Self::Half(error) => error.code(),
            Self::Entry(error) => error.code(),
            Self::NoContradiction => "ledger-evidence-proves-nothing",
        }
    }
}

impl Proven {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PromiseBroken { .. } => "promise-broken",
            Self::SplitView { .. } => "split-view",
            Self::DidEquivocation { .. } => "did-equivocation",
        }
    }
}

/// One sentence: what is proved, of whom.
impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PromiseBroken { log, leaf_index, deadline } => {
                write!(
                    f,
                    "the log {log} did not keep its promise for entry {leaf_index} until {deadline}"
                )
            }
            Self::SplitView { log, sizes: [one, other], witnesses } => {
                write!(f, "the log {log} signed two histories, of {one} and of {other} entries")?;
                if !witnesses.is_empty() {
                    let names: Vec<_> = witnesses.iter().map(String::as_str).collect();
                    write!(f, "; cosigned both: {}", names.join(", "))?;
                }
                Ok(())
            }
            Self::DidEquivocation { scid, number, .. } => {
                write!(f, "the controller of {scid} authorised two versions {number}")
            }
        }
    }
}

impl Evidence {
    /// The evidence of a broken promise.
    #[must_use]
    pub fn of_promise(promise: &VerifiedPromise, breach: Breach) -> Self {
        Self::Promise { promise: promise.note().to_string(), breach }
    }

    /// The evidence of two signed heads, put in order; whether they contradict each other, [`Self::verify`] says.
    #[must_use]
    pub fn of_heads(one: SignedNote, other: SignedNote, growth: Option<Growth>) -> Self {
        let size = |note: &SignedNote| {
            Checkpoint::parse_text(note.text()).map_or(0, |checkpoint| checkpoint.head().tree_size)
        };
        let notes = if size(&one) <= size(&other) { [one, other] } else { [other, one] };
        Self::Heads { notes: Box::new(notes), growth }
    }

    /// Reads an evidence file.
    ///
    /// # Errors
    ///
    /// [`EvidenceError::Malformed`], [`EvidenceError::Half`] for a malformed proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let value = json::parse(bytes, EVIDENCE_LIMIT)
            .map_err(|_| EvidenceError::Malformed("not JSON with one reading"))?;
        Self::from_value(&value)
    }

    /// Reads evidence from JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, EvidenceError> {
        let malformed = EvidenceError::Malformed;
        let members = value.as_object().ok_or(malformed("not an object"))?;
        if json::text(value, "type") != Some(TYPE) {
            return Err(malformed("type is not inkan-evidence/1"));
        }
        let text = |name| json::text(value, name).ok_or(malformed("a member that is not text"));
        let names: BTreeSet<_> = members.keys().map(String::as_str).collect();
        let has = |wanted: &[&str]| {
            names.len() == wanted.len().saturating_add(1)
                && wanted.iter().all(|n| names.contains(n))
        };
        if has(&["promise", "proof", "leaf"]) {
            let breach = Breach::OtherLeaf(Box::new(receipt(text("proof")?, text("leaf")?)?));
            return Ok(Self::Promise { promise: text("promise")?.to_owned(), breach });
        }
        if has(&["promise", "checkpoint"]) {
            let breach = Breach::NotCovered(note(text("checkpoint")?)?);
            return Ok(Self::Promise { promise: text("promise")?.to_owned(), breach });
        }
        if has(&["notes"]) || has(&["notes", "growth"]) {
            let [one, other] = pair(value, "notes")?;
            let growth = value.get("growth").map(Growth::from_value).transpose()?;
            return Ok(Self::Heads { notes: Box::new([note(one)?, note(other)?]), growth });
        }
        if has(&["proofs", "leaves"]) {
            let ([one, other], [first, second]) = (pair(value, "proofs")?, pair(value, "leaves")?);
            let receipts = [receipt(one, first)?, receipt(other, second)?];
            return Ok(Self::Leaves(Box::new(receipts)));
        }
        if has(&["history", "entries"]) {
            let entries = pair(value, "entries")?.map(str::to_owned);
            let history = texts(value, "history")?.into_iter().map(str::to_owned).collect();
            return Ok(Self::Did { history, entries });
        }
        Err(malformed("members of no kind of evidence"))
    }

    /// The evidence as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", TYPE.into());
        match self {
            Self::Promise { promise, breach } => {
                put("promise", promise.as_str().into());
                match breach {
                    Breach::OtherLeaf(receipt) => {
                        put("proof", receipt.proof().to_string().into());
                        put("leaf", b64u(receipt.leaf_bytes()).into());
                    }
                    Breach::NotCovered(note) => {
                        put("checkpoint", note.to_string().into());
                    }
                }
            }
            Self::Heads { notes, growth } => {
                put("notes", notes.iter().map(ToString::to_string).collect());
                if let Some(growth) = growth {
                    put("growth", growth.to_value());
                }
            }
            Self::Leaves(receipts) => {
                put("proofs", receipts.iter().map(|one| one.proof().to_string()).collect());
                put("leaves", receipts.iter().map(|one| b64u(one.leaf_bytes())).collect());
            }
            Self::Did { history, entries } => {
                put("history", history.iter().map(String::as_str).collect());
                put("entries", entries.iter().map(String::as_str).collect());
            }
        }
        Value::Object(out)
    }

    /// Says what the evidence proves, of whom. `policy` brings the keys of logs (and the names of witnesses); a DID's
    /// entries prove themselves.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`]: then it proves nothing.
    pub fn verify(&self, policy: &LogPolicy, now: Timestamp) -> Result<Proven, EvidenceError> {
        match self {
            Self::Promise { promise, breach } => broken_promise(promise, breach, policy, now),
            Self::Heads { notes, growth } => two_heads(notes, growth.as_ref(), policy, now),
            Self::Leaves(receipts) => two_leaves(receipts, policy, now),
            Self::Did { history, entries } => two_versions(history, entries, now),
        }
    }
}

impl Growth {
    fn from_value(value: &Value) -> Result<Self, EvidenceError> {
        let malformed = EvidenceError::Malformed("growth");
        let closed = value.as_object().is_some_and(|members| members.len() == 2);
        let root = json::text(value, "root").and_then(node);
        let path = texts(value, "path")?;
        let path: Option<Vec<_>> = path.into_iter().map(node).collect();
        match (closed, root, path.filter(|path| path.len() <= PATH_LIMIT)) {
            (true, Some(root), Some(path)) => Ok(Self { root, path }),
            _ => Err(malformed),
        }
    }

    fn to_value(&self) -> Value {
        let text = |node: &NodeHash| Value::from(b64(node.digest().as_bytes()));
        let mut out = Map::new();
        out.insert("root".to_owned(), text(&self.root));
        out.insert("path".to_owned(), self.path.iter().map(text).collect());
        Value::Object(out)
    }
}

fn broken_promise(
    promise: &str,
    breach: &Breach,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<Proven, EvidenceError> {
    let verified = verify_promise(promise, policy)?;
    let promise = verified.promise();
    let leaf_index = match breach {
        Breach::OtherLeaf(receipt) => {
            check_note(receipt.note(), policy)?;
            let broken = verified.is_broken_by_leaf(receipt, policy);
            broken.then(|| receipt.proof().path().leaf_index)
        }
        Breach::NotCovered(note) => {
            check_note(note, policy)?;
            let broken = verified.is_broken_by_absence(note, &BTreeSet::new(), policy, now);
            promise.leaves().keys().next_back().copied().filter(|_| broken)
        }
    };
    Ok(Proven::PromiseBroken {
        log: promise.origin().to_owned(),
        leaf_index: leaf_index.ok_or(EvidenceError::NoContradiction)?,
        deadline: promise.deadline(),
    })
}

fn two_heads(
    notes: &[SignedNote; 2],
    growth: Option<&Growth>,
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<Proven, EvidenceError> {
    let [one, other] = notes;
    let (first, second) = (check_note(one, policy)?, check_note(other, policy)?);
    let (old, new) = (first.head(), second.head());
    let contradict = match growth {
        None => old.tree_size == new.tree_size && old.root_hash != new.root_hash,
        // The path shows what the larger tree's first leaves hash to: not what the smaller head says.
        Some(Growth { root, path }) => {
            let begins = TreeHead { tree_size: old.tree_size, root_hash: *root };
            old.tree_size < new.tree_size
                && *root != old.root_hash
                && verify_consistency(&begins, &new, path).is_ok()
        }
    };
    if !contradict {
        return Err(EvidenceError::NoContradiction);
    }
    split_view((first, one), (second, other), policy, now)
}

fn two_leaves(
    receipts: &[Receipt; 2],
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<Proven, EvidenceError> {
    let [one, other] = receipts;
    let (first, second) = (check_note(one.note(), policy)?, check_note(other.note(), policy)?);
    for (receipt, head) in [(one, first.head()), (other, second.head())] {
        let leaf = LeafHash::of(receipt.leaf_bytes());
        verify_inclusion(&leaf, receipt.proof().path(), &head).map_err(ReceiptError::from)?;
    }
    let place = |receipt: &Receipt| receipt.proof().path().leaf_index;
    if place(one) != place(other) || one.leaf_bytes() == other.leaf_bytes() {
        return Err(EvidenceError::NoContradiction);
    }
    split_view((first, one.note()), (second, other.note()), policy, now)
}

fn split_view(
    (first, one): (Checkpoint, &SignedNote),
    (second, other): (Checkpoint, &SignedNote),
    policy: &LogPolicy,
    now: Timestamp,
) -> Result<Proven, EvidenceError> {
    if first.origin() != second.origin() {
        return Err(EvidenceError::NoContradiction);
    }
    // A cosignature that does not verify accuses nobody, and shields nobody else: each line is judged by itself. The log's own
    // signature is enough.
    let stamped = |note: &SignedNote| -> BTreeSet<usize> {
        let alone = |line: &SignatureLine| {
            let mut single = SignedNote::new(note.text().to_owned());
            single.put(line.clone());
            witness_stamps(&single, policy, now).unwrap_or_default()
        };
        note.signatures().iter().flat_map(alone).map(|(place, _)| place).collect()
    };
    let witnesses = stamped(one)
        .intersection(&stamped(other))
        .filter_map(|place| policy.witnesses().get(*place))
        .map(|witness| witness.name().to_owned())
        .collect();
    Ok(Proven::SplitView {
        log: first.origin().to_owned(),
        sizes: [first.head().tree_size, second.head().tree_size],
        witnesses,
    })
}

fn two_versions(
    history: &[String],
    entries: &[String; 2],
    now: Timestamp,
) -> Result<Proven, EvidenceError> {
    let parse = |body: &String| parse_did_body(body.as_bytes()).map_err(EvidenceError::Entry);
    let next = |head: Option<&Head>, entry: &Entry| {
        webvh::check_next(head, entry, now).map_err(EvidenceError::Entry)
    };
    let mut head: Option<Head> = None;
    for body in history {
        head = Some(next(head.as_ref(), &parse(body)?)?);
    }
    let [one, other] = entries;
    let (one, other) = (next(head.as_ref(), &parse(one)?)?, next(head.as_ref(), &parse(other)?)?);
    if one.scid() != other.scid() || one.version_id() == other.version_id() {
        return Err(EvidenceError::NoContradiction);
    }
    Ok(Proven::DidEquivocation {
        scid: one.scid().to_owned(),
        number: one.number(),
        version_ids: [one.version_id().to_owned(), other.version_id().to_owned()],
    })
}

/// The head in a note that a log of the policy signed.
fn check_note(note: &SignedNote, policy: &LogPolicy) -> Result<Checkpoint, EvidenceError> {
    let checkpoint = Checkpoint::parse_text(note.text())
        .map_err(|_| ReceiptError::Malformed("checkpoint is not three lines"))?;
    check_log_signature(note, checkpoint.origin(), policy)?;
    Ok(checkpoint)
}

fn receipt(proof: &str, leaf: &str) -> Result<Receipt, EvidenceError> {
    let proof = TlogProof::parse(proof)?;
    let leaf = decode_b64u(leaf).map_err(|_| EvidenceError::Malformed("leaf is not base64url"))?;
    Ok(Receipt::new(leaf, proof.path(), proof.note()))
}

fn note(text: &str) -> Result<SignedNote, EvidenceError> {
    SignedNote::parse(text).map_err(|_| EvidenceError::Malformed("checkpoint is not a note"))
}

fn node(text: &str) -> Option<NodeHash> {
    let bytes: [u8; 32] = decode_b64(text).ok()?.try_into().ok()?;
    Some(NodeHash::from_digest(Digest::from_bytes(bytes)))
}

fn texts<'a>(value: &'a Value, member: &str) -> Result<Vec<&'a str>, EvidenceError> {
    let items = value.get(member).and_then(Value::as_array);
    items
        .and_then(|items| items.iter().map(Value::as_str).collect())
        .ok_or(EvidenceError::Malformed("a member that is not a list of texts"))
}

fn pair<'a>(value: &'a Value, member: &str) -> Result<[&'a str; 2], EvidenceError> {
    let items = texts(value, member)?;
    items.try_into().map_err(|_| EvidenceError::Malformed("not two halves"))
}

#[cfg(test)]
mod tests;
