//! A [`Head`] as bytes, for the store of whoever verified it.
//!
//! In scope: all that the next entry is judged by, so that a history need not be verified again from its first entry.
//! Out of scope: heads from others: nothing in these bytes proves itself.

use std::sync::Arc;

use inkan_core::{Timestamp, encoding, json};
use inkan_crypto::PublicKey;
use serde_json::{Map, Value, json};

use super::entry::parse_version_id;
use super::head::Head;
use super::parameters::{WitnessSet, ed25519_key};
use crate::did::Did;
use crate::document::{DidDocument, is_origin};
use crate::rules::Rules;

/// The largest stored head: a document, and what an entry beside it can set.
const STORED_LIMIT: usize = 4 * super::ENTRY_LIMIT;
/// Nesting: that of an entry, one level further out.
const DEPTH: usize = super::entry::LEDGER_DEPTH + 1;

/// Stored bytes that are no head: damaged, or of another version. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("stored head of a DID is malformed")]
pub struct StoredHeadError;

impl StoredHeadError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ledger-file-malformed"
    }
}

impl Head {
    /// The head as bytes, for one's own store.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let keys: Vec<_> = self.update_keys.iter().map(PublicKey::to_multikey).collect();
        let value = json!({
            "versionId": self.version_id,
            "time": self.time.seconds(),
            "state": self.document.value(),
            "updateKeys": keys,
            "nextKeyHashes": self.next_key_hashes,
            "witness": self.witness.to_value(),
            "watchers": self.watchers,
            "portable": self.portable,
            "deactivated": self.deactivated,
            "ttl": self.ttl,
            "home": self.home,
        });
        // Map keys are strings and numbers integers, so this cannot fail; nothing stored is refused when it is read.
        serde_json::to_vec(&value).unwrap_or_default()
    }

    /// Takes back what [`to_stored`](Self::to_stored) gave. Only for bytes of one's own store: no entry is verified.
    ///
    /// # Errors
    ///
    /// [`StoredHeadError`].
    pub fn from_stored(bytes: &[u8]) -> Result<Self, StoredHeadError> {
        let value = json::parse_with_depth(bytes, STORED_LIMIT, DEPTH);
        let Ok(Value::Object(mut members)) = value else { return Err(StoredHeadError) };
        let head = read(&mut members).ok_or(StoredHeadError)?;
        if members.is_empty() { Ok(head) } else { Err(StoredHeadError) }
    }
}

fn read(members: &mut Map<String, Value>) -> Option<Head> {
    let mut take = |name: &str| members.remove(name);
    let version_id = text(take("versionId")?)?;
    let number = parse_version_id(&version_id)?;
    let state = take("state")?;
    let did = Did::parse(json::text(&state, "id")?).ok()?;
    let scid = did.scid()?.to_owned();
    let document = DidDocument::read(state, &did, Rules::Ledger).ok()?;
    let keys = texts(take("updateKeys")?)?;
    let weak = || super::EntryError::WeakKey;
    let update_keys = keys.iter().map(|key| ed25519_key(key, weak).ok()).collect::<Option<_>>()?;
    let next_key_hashes = texts(take("nextKeyHashes")?)?;
    if next_key_hashes.iter().any(|hash| !encoding::is_multihash58(hash)) {
        return None;
    }
    let home = take("home").filter(|home| !home.is_null());
    let home = match home.map(text) {
        None => None,
        Some(home) => Some(home.filter(|home| is_origin(home))?),
    };
    Some(Head {
        scid,
        version_id,
        number,
        time: Timestamp::from_seconds(take("time")?.as_i64()?).ok()?,
        document: Arc::new(document),
        update_keys,
        next_key_hashes,
        witness: WitnessSet::parse(&take("witness")?).ok()?,
        watchers: texts(take("watchers")?)?,
        portable: take("portable")?.as_bool()?,
        deactivated: take("deactivated")?.as_bool()?,
        ttl: take("ttl")?.as_u64()?,
        home,
    })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.into_iter().map(text).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests;
