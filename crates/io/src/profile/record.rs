//! What a profile remembers of each thing it owns. No claims, no secrets.

use std::collections::BTreeMap;

use inkan_core::{Digest, Timestamp};
use serde_json::{Value, json};

use super::{Record, Shelf};

/// One of our DIDs, and the names of its keys in the keystores.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnDid {
    /// Our name for it.
    pub name: String,
    /// The DID.
    pub did: String,
    /// When it was made.
    pub created: Timestamp,
    /// Keys in its document now.
    pub keys: Vec<OwnKey>,
    /// Name of the key, in the keystore of next keys, that the newest version commits to. `None` for methods
    /// without updates.
    pub next_key: Option<String>,
    /// Why versions came to be, by `versionId`: our own note, never published.
    pub reasons: BTreeMap<String, String>,
    /// The log that it moved to; `None` for the one that the profile began with.
    pub log: Option<String>,
    /// The log that it is on its way to: it has left the other one, and has not arrived.
    pub moving: Option<String>,
}

/// A key in a DID document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnKey {
    /// The fragment of its DID URL.
    pub fragment: String,
    /// Its name in the keystore.
    pub key: String,
}

impl OwnDid {
    /// The absolute DID URL of one of its keys.
    #[must_use]
    pub fn method_url(&self, key: &OwnKey) -> String {
        format!("{}#{}", self.did, key.fragment)
    }
}

impl Record for OwnDid {
    const SHELF: Shelf = Shelf::Dids;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let keys = value.get("keys").and_then(Value::as_array).ok_or("keys")?;
        let reasons = value.get("reasons").and_then(Value::as_object).ok_or("reasons")?;
        Ok(Self {
            name: text(value, "name")?,
            did: text(value, "did")?,
            created: time(value, "created")?,
            keys: keys
                .iter()
                .map(|key| Ok(OwnKey { fragment: text(key, "fragment")?, key: text(key, "key")? }))
                .collect::<Result<_, &'static str>>()?,
            next_key: optional(value, "nextKey")?,
            reasons: reasons
                .iter()
                .map(|(version, reason)| {
                    Ok((version.clone(), reason.as_str().ok_or("reasons")?.to_owned()))
                })
                .collect::<Result<_, &'static str>>()?,
            log: optional(value, "log")?,
            moving: optional(value, "moving")?,
        })
    }

    fn to_value(&self) -> Value {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| json!({ "fragment": key.fragment, "key": key.key }))
            .collect();
        json!({
            "name": self.name, "did": self.did, "created": self.created.to_string(),
            "keys": keys, "nextKey": self.next_key, "reasons": self.reasons,
            "log": self.log, "moving": self.moving,
        })
    }
}

/// A move of one of our DIDs from one log to another: what the other one is sent, and what shows that it left the first.
///
/// The log that was left is not needed for either: it may be gone by then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MoveRecord {
    /// The DID.
    pub did: String,
    /// The log that it left.
    pub from: String,
    /// The log that it moved to.
    pub to: String,
    /// The `versionId` of the version by which it moved.
    pub version: String,
    /// The ledger entries of all versions up to that one, oldest first.
    pub entries: Vec<String>,
    /// Their receipts in the log that it left; none before it was seen to have left.
    pub receipts: Vec<Value>,
    /// The receipt of its arrival; none before it arrived.
    pub arrival: Option<Value>,
}

impl Record for MoveRecord {
    const SHELF: Shelf = Shelf::Moves;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let list = |member: &'static str| value.get(member).and_then(Value::as_array).ok_or(member);
        let entries = list("entries")?.iter().map(|one| one.as_str().map(str::to_owned));
        Ok(Self {
            did: text(value, "did")?,
            from: text(value, "from")?,
            to: text(value, "to")?,
            version: text(value, "version")?,
            entries: entries.collect::<Option<_>>().ok_or("entries")?,
            receipts: list("receipts")?.clone(),
            arrival: present(value, "arrival").cloned(),
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "did": self.did, "from": self.from, "to": self.to, "version": self.version,
            "entries": self.entries, "receipts": self.receipts, "arrival": self.arrival,
        })
    }
}

/// A credential that was issued: enough to find and revoke it, and nothing it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedRecord {
    /// The credential's `id`.
    pub id: String,
    /// Its types, without `VerifiableCredential`.
    pub types: Vec<String>,
    /// The issuer's DID.
    pub issuer: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// End of its validity.
    pub valid_until: Option<Timestamp>,
    /// Digest of the issuer's signed part, base64url: how a file is recognised.
    pub digest: String,
    /// Its status list and place in it.
    pub status: Option<(String, u64)>,
    /// Its suspension list and place in it, if it can be suspended.
    pub suspension: Option<(String, u64)>,
    /// Its list of messages and place in it, if it has one.
    pub message: Option<(String, u64)>,
    /// When and why it was revoked.
    pub revoked: Option<(Timestamp, String)>,
    /// Since when and why it is suspended, if it is.
    pub suspended: Option<(Timestamp, String)>,
    /// What became of its status, oldest first: what is over, such as a suspension, stands only here.
    pub events: Vec<StatusEvent>,
}

/// A change of the status of what was issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusEvent {
    /// `revoke`, `suspend`, `reinstate` or `message`.
    pub change: String,
    /// Since when it is meant to hold.
    pub at: Timestamp,
    /// Why; our own note, never published.
    pub reason: String,
}

impl IssuedRecord {
    /// Reads what became of it. Records of earlier versions know the newest state alone.
    fn events_in(value: &Value) -> Result<Option<Vec<StatusEvent>>, &'static str> {
        let Some(events) = present(value, "events") else { return Ok(None) };
        let events = events.as_array().ok_or("events")?.iter().map(|event| {
            Ok(StatusEvent {
                change: text(event, "change")?,
                at: time(event, "at")?,
                reason: text(event, "reason")?,
            })
        });
        events.collect::<Result<_, &'static str>>().map(Some)
    }
}

impl Record for IssuedRecord {
    const SHELF: Shelf = Shelf::Issued;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let types = value.get("types").and_then(Value::as_array).ok_or("types")?;
        let place = |member| -> Result<_, &'static str> {
            let Some(place) = present(value, member) else { return Ok(None) };
            Ok(Some((text(place, "uri")?, number(place, "index")?)))
        };
        let event = |member| -> Result<_, &'static str> {
            let Some(event) = present(value, member) else { return Ok(None) };
            Ok(Some((time(event, "at")?, text(event, "reason")?)))
        };
        let (revoked, suspended) = (event("revoked")?, event("suspended")?);
        let known = |change: &str, event: &Option<(Timestamp, String)>| {
            let event = event.clone();
            event.map(|(at, reason)| StatusEvent { change: change.to_owned(), at, reason })
        };
        let events = match Self::events_in(value)? {
            Some(events) => events,
            None => {
                known("suspend", &suspended).into_iter().chain(known("revoke", &revoked)).collect()
            }
        };
        Ok(Self {
            id: text(value, "id")?,
            types: types.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            issuer: text(value, "issuer")?,
            issued_at: time(value, "issuedAt")?,
            valid_until: optional_time(value, "validUntil")?,
            digest: text(value, "digest")?,
            status: place("status")?,
            suspension: place("suspension")?,
            message: place("message")?,
            revoked,
            suspended,
            events,
        })
    }

    fn to_value(&self) -> Value {
        let place = |place: &Option<(String, u64)>| {
            place.as_ref().map(|(uri, index)| json!({ "uri": uri, "index": index }))
        };
        let event = |event: &Option<(Timestamp, String)>| {
            event.as_ref().map(|(at, reason)| json!({ "at": at.to_string(), "reason": reason }))
        };
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|one| json!({ "change": one.change, "at": one.at.to_string(), "reason": one.reason }))
            .collect();
        json!({
            "id": self.id, "types": self.types, "issuer": self.issuer, "events": events,
            "message": place(&self.message),
            "issuedAt": self.issued_at.to_string(),
            "validUntil": self.valid_until.map(|until| until.to_string()),
            "digest": self.digest,
            "status": place(&self.status), "suspension": place(&self.suspension),
            "revoked": event(&self.revoked), "suspended": event(&self.suspended),
        })
    }
}

/// A status list of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusListRecord {
    /// The issuer's DID.
    pub issuer: String,
    /// End of the newest version's validity.
    pub valid_until: Timestamp,
    /// Its bits and which places are given away (`inkan-status-list/1`).
    pub state: Value,
    /// Whether a ledger announces it; else the issuer serves it somewhere, and nobody is told of a new version.
    pub announced: bool,
}

impl Record for StatusListRecord {
    const SHELF: Shelf = Shelf::StatusLists;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Ok(Self {
            issuer: text(value, "issuer")?,
            valid_until: time(value, "validUntil")?,
            state: present(value, "state").cloned().ok_or("state")?,
            announced: present(value, "announced").is_none_or(|said| *said != Value::Bool(false)),
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "issuer": self.issuer, "validUntil": self.valid_until.to_string(), "state": self.state,
            "announced": self.announced,
        })
    }
}

/// One of our own countersignatures, with its newest state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActRecord {
    /// The act's random id, base64url.
    pub act: String,
    /// Number of its newest state.
    pub seq: u64,
    /// `accept`, `refuse`, `withdraw` or `seal`.
    pub decision: String,
    /// In which role.
    pub role: String,
    /// Our DID.
    pub signer: String,
    /// Digest of the issuer's signed part, base64url: which credential.
    pub digest: String,
    /// When the newest state was made.
    pub at: Timestamp,
}

impl Record for ActRecord {
    const SHELF: Shelf = Shelf::Acts;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Ok(Self {
            act: text(value, "act")?,
            seq: number(value, "seq")?,
            decision: text(value, "decision")?,
            role: text(value, "role")?,
            signer: text(value, "signer")?,
            digest: text(value, "digest")?,
            at: time(value, "at")?,
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "act": self.act, "seq": self.seq, "decision": self.decision, "role": self.role,
            "signer": self.signer, "digest": self.digest, "at": self.at.to_string(),
        })
    }
}

/// A nonce this verifier made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NonceRecord {
    /// The nonce.
    pub nonce: String,
    /// The audience a presentation must name with it.
    pub audience: Option<String>,
    /// The policy it was made for.
    pub policy: Option<FixedPolicy>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When a presentation used it up, if one did.
    pub used_at: Option<Timestamp>,
    /// SHA-256 of that presentation, base64url.
    pub used_by: Option<String>,
}

/// The policy that a nonce was made for: what answers the nonce is judged under no other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FixedPolicy {
    /// A record from before digests were kept. What the policy said then is not known.
    Named(String),
    /// These bytes and no others.
    Pinned(PinnedPolicy),
}

/// A policy, as it was when a nonce was made for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedPolicy {
    /// How the command line named it, with the levels it added: what to type for it again.
    pub named: String,
    /// Its own id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its canonical bytes ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)).
    pub digest: Digest,
}

impl FixedPolicy {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        if let Some(name) = value.as_str() {
            return Ok(Self::Named(name.to_owned()));
        }
        // What is there and cannot be read is not "no policy".
        let part = |member| text(value, member).map_err(|_| "policy");
        Ok(Self::Pinned(PinnedPolicy {
            named: part("named")?,
            id: part("id")?,
            version: part("version")?,
            digest: Digest::from_hex(&part("sha256")?).map_err(|_| "policy")?,
        }))
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Named(name) => name.as_str().into(),
            Self::Pinned(PinnedPolicy { named, id, version, digest }) => json!({
                "named": named, "id": id, "version": version, "sha256": digest.to_hex(),
            }),
        }
    }
}

impl Record for NonceRecord {
    const SHELF: Shelf = Shelf::Nonces;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Ok(Self {
            nonce: text(value, "nonce")?,
            audience: optional(value, "audience")?,
            policy: present(value, "policy").map(FixedPolicy::from_value).transpose()?,
            issued_at: time(value, "issuedAt")?,
            used_at: optional_time(value, "usedAt")?,
            used_by: optional(value, "usedBy")?,
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "nonce": self.nonce, "audience": self.audience,
            "policy": self.policy.as_ref().map(FixedPolicy::to_value),
            "issuedAt": self.issued_at.to_string(),
            "usedAt": self.used_at.map(|at| at.to_string()), "usedBy": self.used_by,
        })
    }
}

fn present<'a>(value: &'a Value, member: &str) -> Option<&'a Value> {
    value.get(member).filter(|inner| !inner.is_null())
}

fn text(value: &Value, member: &'static str) -> Result<String, &'static str> {
    present(value, member).and_then(Value::as_str).map(str::to_owned).ok_or(member)
}

fn optional(value: &Value, member: &'static str) -> Result<Option<String>, &'static str> {
    present(value, member).map(|_| text(value, member)).transpose()
}

fn number(value: &Value, member: &'static str) -> Result<u64, &'static str> {
    present(value, member).and_then(Value::as_u64).ok_or(member)
}

fn time(value: &Value, member: &'static str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_strict(&text(value, member)?).map_err(|_| member)
}

fn optional_time(value: &Value, member: &'static str) -> Result<Option<Timestamp>, &'static str> {
    present(value, member).map(|_| time(value, member)).transpose()
}
