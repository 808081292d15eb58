//! The question: which files, under which trust, as of when.
//!
//! In scope: its JSON form, the same in all three languages. Out of scope: what is in the files: whatever is wrong with
//! them is an answer, not an error.

use inkan_core::encoding::decode_b64;
use inkan_core::{Digest, Timestamp, json};
use inkan_crypto::PublicKey;
use inkan_ledger::{ActId, Kind};
use serde_json::{Map, Value};

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Does this receipt hold, and for what?
    Receipt(ReceiptRequest),
    /// Which entry of an id is the newest?
    Current(CurrentRequest),
    /// Did a log keep what it promised?
    Promise(PromiseRequest),
    /// Did the parameters of a log change as they may?
    Parameters(ParametersRequest),
    /// What does this evidence prove?
    Evidence(EvidenceRequest),
    /// Does this COSE receipt hold?
    Cose(CoseRequest),
    /// A hash that the specification defines.
    Primitive(Map<String, Value>),
}

/// Under which trust, and as of when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trust {
    /// Text of a C2SP policy file.
    pub policy: Vec<u8>,
    /// When it is judged; without it no cosignature is from the future.
    pub now: Option<Timestamp>,
    /// How many seconds ago the quorum may have seen the head.
    pub max_age: Option<i64>,
}

/// The artefact that an entry commits to.
#[derive(Clone, Debug, PartialEq)]
pub struct Artefact {
    /// Digest, as the caller computed it.
    pub digest: Option<Digest>,
    /// The act that it names.
    pub act: Option<ActId>,
    /// What opens the commitment, if it is not in the receipt.
    pub opening: Option<Value>,
}

/// Who signed, as far as is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// Receipts of the signer's `did` entries: sidecars.
    pub receipts: Vec<Vec<u8>>,
    /// A current-proof of the signer's DID.
    pub head: Option<Vec<u8>>,
}

/// Does this receipt hold, and for what?
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptRequest {
    /// Under which trust.
    pub trust: Trust,
    /// A sidecar, or the text of a `tlog-proof` if `leaf` is given.
    pub receipt: Vec<u8>,
    /// The leaf, if `receipt` is a `tlog-proof`.
    pub leaf: Option<Vec<u8>>,
    /// Checkpoints of the bundle that the sidecar is from.
    pub checkpoints: Option<Vec<String>>,
    /// The kind of leaf that is expected.
    pub kind: Option<Kind>,
    /// What the entry should commit to.
    pub artefact: Artefact,
    /// Who signed; without it, the entry's own signature is not checked.
    pub history: Option<History>,
}

/// Which entry of an id is the newest?
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentRequest {
    /// Under which trust.
    pub trust: Trust,
    /// A current-proof.
    pub proof: Vec<u8>,
    /// Kind of the id that is asked about.
    pub kind: Kind,
    /// Parts of the id (§2.3 of the ledger specification).
    pub parts: Vec<String>,
    /// The artefact that should be the newest one of the act.
    pub artefact: Artefact,
}

/// Did a log keep what it promised?
#[derive(Clone, Debug, PartialEq)]
pub struct PromiseRequest {
    /// Under which trust; `max_age` is not looked at.
    pub trust: Trust,
    /// The signed promise.
    pub promise: Vec<u8>,
    /// Sidecars that may show a promised leaf, or another in its place.
    pub receipts: Vec<Vec<u8>>,
    /// Signed checkpoints that may show that a promised leaf is still missing.
    pub heads: Vec<Vec<u8>>,
}

/// Did the parameters of a log change as they may?
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParametersRequest {
    /// Under which trust; `max_age` is not looked at.
    pub trust: Trust,
    /// Parameters documents, from the first one of the log on.
    pub documents: Vec<Vec<u8>>,
    /// For each of them the sidecar of an epoch leaf that names it.
    pub receipts: Vec<Vec<u8>>,
}

/// What does this evidence prove?
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceRequest {
    /// Under which trust; `max_age` is not looked at.
    pub trust: Trust,
    /// An evidence file.
    pub evidence: Vec<u8>,
}

/// Does this COSE receipt hold?
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CoseRequest {
    /// The COSE receipt.
    pub cose: Vec<u8>,
    /// The leaf.
    pub leaf: Vec<u8>,
    /// The log's key for COSE receipts.
    pub key: PublicKey,
}

/// A question that cannot be understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("member {member:?} of the request is missing, unknown, or of the wrong type")]
pub struct RequestError {
    /// Its name.
    pub member: String,
}

impl RequestError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "usage"
    }
}

impl Request {
    /// Reads a question.
    ///
    /// # Errors
    ///
    /// [`RequestError`] names the member.
    pub fn from_value(value: &Value) -> Result<Self, RequestError> {
        let members = value.as_object().ok_or_else(|| wrong("(request)"))?;
        let asked = json::text(value, "check").ok_or_else(|| wrong("check"))?;
        let mut reader = Reader { members, read: vec!["check"] };
        let request = match asked {
            "receipt" => Self::Receipt(ReceiptRequest {
                trust: reader.trust()?,
                receipt: reader.needed("receipt")?,
                leaf: reader.file("leaf")?,
                checkpoints: reader.list("checkpoints", |item| item.as_str().map(str::to_owned))?,
                kind: reader.kind("kind")?,
                artefact: reader.artefact()?,
                history: reader.history()?,
            }),
            "current" => Self::Current(CurrentRequest {
                trust: reader.trust()?,
                proof: reader.needed("proof")?,
                kind: reader.kind("kind")?.ok_or_else(|| wrong("kind"))?,
                parts: reader
                    .list("parts", |item| item.as_str().map(str::to_owned))?
                    .ok_or_else(|| wrong("parts"))?,
                artefact: reader.artefact()?,
            }),
            "promise" => Self::Promise(PromiseRequest {
                trust: reader.moment()?,
                promise: reader.needed("promise")?,
                receipts: reader.list("receipts", bytes)?.unwrap_or_default(),
                heads: reader.list("heads", bytes)?.unwrap_or_default(),
            }),
            "parameters" => Self::Parameters(ParametersRequest {
                trust: reader.moment()?,
                documents: reader.list("documents", bytes)?.ok_or_else(|| wrong("documents"))?,
                receipts: reader.list("receipts", bytes)?.ok_or_else(|| wrong("receipts"))?,
            }),
            "evidence" => Self::Evidence(EvidenceRequest {
                trust: reader.moment()?,
                evidence: reader.needed("evidence")?,
            }),
            "cose" => Self::Cose(CoseRequest {
                cose: reader.needed("cose")?,
                leaf: reader.needed("leaf")?,
                key: reader
                    .optional("key", |value| PublicKey::from_jwk(value).ok())?
                    .ok_or_else(|| wrong("key"))?,
            }),
            "primitive" => return Ok(Self::Primitive(members.clone())),
            _ => return Err(wrong("check")),
        };
        match members.keys().find(|name| !reader.read.contains(&name.as_str())) {
            Some(unknown) => Err(wrong(unknown)),
            None => Ok(request),
        }
    }
}

fn wrong(member: &str) -> RequestError {
    RequestError { member: member.to_owned() }
}

/// The bytes of a file: its text, or `{"b64": …}`.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(members) if members.len() == 1 => {
            json::text(value, "b64").and_then(|text| decode_b64(text).ok())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Seconds that a calendar has, from 1970 on.
fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().filter(|seconds| (0..=253_402_207_200).contains(seconds))
}

struct Reader<'a> {
    members: &'a Map<String, Value>,
    read: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        self.read.push(name);
        self.members.get(name)
    }

    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, RequestError> {
        self.get(name).map(|value| read(value).ok_or_else(|| wrong(name))).transpose()
    }

    fn file(&mut self, name: &'static str) -> Result<Option<Vec<u8>>, RequestError> {
        self.optional(name, bytes)
    }

    fn needed(&mut self, name: &'static str) -> Result<Vec<u8>, RequestError> {
        self.file(name)?.ok_or_else(|| wrong(name))
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>, RequestError> {
        self.optional(name, |value| value.as_array()?.iter().map(&read).collect())
    }

    fn kind(&mut self, name: &'static str) -> Result<Option<Kind>, RequestError> {
        self.optional(name, |value| Kind::from_name(value.as_str()?))
    }

    /// Policy and time, without an age.
    fn moment(&mut self) -> Result<Trust, RequestError> {
        let policy = self.needed("policy")?;
        let moment = |value: &Value| Timestamp::from_seconds(seconds(value)?).ok();
        Ok(Trust { policy, now: self.optional("now", moment)?, max_age: None })
    }

    fn trust(&mut self) -> Result<Trust, RequestError> {
        let trust = self.moment()?;
        let max_age = self.optional("maxAge", seconds)?;
        if max_age.is_some() && trust.now.is_none() {
            return Err(wrong("now"));
        }
        Ok(Trust { max_age, ..trust })
    }

    fn artefact(&mut self) -> Result<Artefact, RequestError> {
        Ok(Artefact {
            digest: self.optional("digest", |v| Digest::from_b64u(v.as_str()?).ok())?,
            act: self.optional("act", |v| ActId::from_b64u(v.as_str()?).ok())?,
            opening: self.optional("opening", |v| v.is_object().then(|| v.clone()))?,
        })
    }

    fn history(&mut self) -> Result<Option<History>, RequestError> {
        let receipts = self.list("history", bytes)?;
        let head = self.file("historyHead")?;
        match receipts {
            Some(receipts) => Ok(Some(History { receipts, head })),
            None if head.is_some() => Err(wrong("history")),
            None => Ok(None),
        }
    }
}
