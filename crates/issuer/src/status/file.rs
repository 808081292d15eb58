//! The state of a list as JSON, for a file. What is as in the simplest list is left out: so the files of earlier versions are read.

use inkan_core::{json, limits};
use inkan_credential::model::{MAXIMUM_STATUS_SIZE, StatusPurpose};
use inkan_credential::status_list::BitstringStatusList;
use inkan_credential::token_status_list::StatusBits;
use serde_json::{Value, json};

use super::{StatusEncoding, StatusListState, StatusStateError, values_of};

/// The `type` of the state's JSON.
const STATE_TYPE: &str = "inkan-status-list/1";

/// Its members; the last six may be missing.
const MEMBERS: [&str; 12] = [
    "type",
    "uri",
    "purpose",
    "bits",
    "used",
    "seq",
    "size",
    "messages",
    "references",
    "ttl",
    "decoys",
    "encoding",
];

impl StatusListState {
    /// The state as JSON, for a file.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] if the compressor fails.
    pub fn to_value(&self) -> Result<Value, StatusStateError> {
        let mut value = json!({
            "type": STATE_TYPE,
            "uri": self.uri,
            "purpose": self.purpose.as_str(),
            "bits": self.bits.encode()?,
            "used": self.used.encode()?,
            "seq": self.seq,
        });
        let Value::Object(members) = &mut value else { return Ok(value) };
        let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        if self.encoding.is_token() {
            add("encoding", self.encoding.as_str().into());
        }
        if self.size != 1 {
            add("size", self.size.into());
        }
        if !self.messages.is_empty() {
            add("messages", self.messages.as_slice().into());
        }
        if !self.references.is_empty() {
            add("references", self.references.as_slice().into());
        }
        if let Some(ttl) = self.ttl_milliseconds {
            add("ttl", ttl.into());
        }
        if self.decoys.count_set() > 0 {
            add("decoys", self.decoys.encode()?.into());
        }
        Ok(value)
    }

    /// Reads what [`Self::to_value`] writes.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusStateError> {
        let malformed = |member| StatusStateError::Malformed { member };
        let value = json::parse(bytes, limits::STATUS_LIST).map_err(|_| malformed("json"))?;
        let text = |member| json::text(&value, member).ok_or(malformed(member));
        let known = |name: &String| MEMBERS.contains(&name.as_str());
        let closed = value.as_object().is_some_and(|members| members.keys().all(known));
        if text("type")? != STATE_TYPE || !closed {
            return Err(malformed("type"));
        }
        let size = match value.get("size") {
            None => 1,
            Some(size) => size
                .as_u64()
                .and_then(|size| u8::try_from(size).ok())
                .filter(|size| (1..=MAXIMUM_STATUS_SIZE).contains(size))
                .ok_or(malformed("size"))?,
        };
        let encoding = match value.get("encoding") {
            None => StatusEncoding::Bitstring,
            Some(_) => StatusEncoding::parse(text("encoding")?)
                .filter(|encoding| encoding.is_token())
                .ok_or(malformed("encoding"))?,
        };
        let used = BitstringStatusList::decode(text("used")?)?;
        let state = Self {
            encoding,
            uri: text("uri")?.to_owned(),
            purpose: StatusPurpose::parse(text("purpose")?).ok_or(malformed("purpose"))?,
            size,
            messages: texts(&value, "messages")?,
            references: texts(&value, "references")?,
            ttl_milliseconds: match value.get("ttl") {
                None => None,
                Some(ttl) => Some(ttl.as_u64().ok_or(malformed("ttl"))?),
            },
            bits: BitstringStatusList::decode(text("bits")?)?,
            decoys: match value.get("decoys") {
                None => BitstringStatusList::new(used.len())?,
                Some(_) => BitstringStatusList::decode(text("decoys")?)?,
            },
            used,
            seq: value.get("seq").and_then(Value::as_u64).ok_or(malformed("seq"))?,
        };
        state.check()
    }

    /// The parts fit each other.
    fn check(self) -> Result<Self, StatusStateError> {
        let malformed = |member| Err(StatusStateError::Malformed { member });
        if self.encoding.is_token() {
            let fits = StatusBits::from_number(self.size.into()).is_some();
            if !fits || self.purpose != StatusPurpose::Revocation || !self.messages.is_empty() {
                return malformed("encoding");
            }
        }
        let wanted = values_of(self.size);
        let named = self.encoding.is_token()
            || self.messages.len() == wanted
            || (self.messages.is_empty() && self.size == 1);
        if !named {
            return malformed("messages");
        }
        let entries = self.bits.len().checked_div(u64::from(self.size));
        if entries != Some(self.used.len()) {
            return malformed("used");
        }
        if self.decoys.len() != self.used.len() {
            return malformed("decoys");
        }
        Ok(self)
    }
}

fn texts(value: &Value, member: &'static str) -> Result<Vec<String>, StatusStateError> {
    let malformed = StatusStateError::Malformed { member };
    let Some(list) = value.get(member) else { return Ok(Vec::new()) };
    let text = |item: &Value| item.as_str().map(str::to_owned);
    let read = list.as_array().map(|list| list.iter().map(text).collect::<Option<Vec<_>>>());
    read.flatten().filter(|texts| !texts.is_empty()).ok_or(malformed)
}
