//! The hashes that chain entries together: SCID (D4), entry hash (D5) and commitments to the next keys (D7).

use inkan_core::{
    encoding,
    json::{self, JsonError},
    sha256,
};
use inkan_crypto::PublicKey;
use serde_json::{Map, Value};

use super::error::Malformed;

/// What stands for the SCID while it is computed.
pub(super) const PLACEHOLDER: &str = "{SCID}";

/// The commitment to a key in `nextKeyHashes`: base58btc of the SHA-256 multihash of its Multikey text
/// ([did:webvh 1.0, pre-rotation](https://identity.foundation/didwebvh/v1.0/#pre-rotation-key-hash-generation-and-verification)).
#[must_use]
pub fn next_key_hash(key: &PublicKey) -> String {
    encoding::multihash58(&sha256(&[key.to_multikey().as_bytes()]))
}

/// base58btc(multihash(JCS(`value`))).
pub(super) fn hash_value(value: &Value) -> Result<String, JsonError> {
    Ok(encoding::multihash58(&sha256(&[&json::canonicalize(value)?])))
}

/// The hash that the SCID must be: of the entry without `proof`, with every SCID text replaced by the placeholder.
///
/// Replacing inside parsed strings equals "replace in the text, parse again": a SCID consists of characters that
/// JSON never escapes, and one inside a member name is refused.
pub(super) fn scid_hash(unsigned: &Map<String, Value>, scid: &str) -> Result<String, Malformed> {
    let mut entry = unsigned.clone();
    entry.insert("versionId".to_owned(), Value::String(PLACEHOLDER.to_owned()));
    let entry = replaced(&Value::Object(entry), scid, PLACEHOLDER)?;
    Ok(hash_value(&entry)?)
}

/// The hash that stands in `versionId`: of the entry without `proof`, with the predecessor's `versionId` (the SCID, for
/// the first entry).
pub(super) fn entry_hash(
    unsigned: &Map<String, Value>,
    predecessor: &str,
) -> Result<String, JsonError> {
    let mut entry = unsigned.clone();
    entry.insert("versionId".to_owned(), Value::String(predecessor.to_owned()));
    hash_value(&Value::Object(entry))
}

/// Replaces `from` by `to` in every string of `value`, at any depth.
pub(super) fn replaced(value: &Value, from: &str, to: &str) -> Result<Value, Malformed> {
    Ok(match value {
        Value::String(text) => Value::String(text.replace(from, to)),
        Value::Array(items) => Value::Array(
            items.iter().map(|item| replaced(item, from, to)).collect::<Result<_, _>>()?,
        ),
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, item) in members {
                if name.contains(from) {
                    return Err(Malformed::ScidInName);
                }
                out.insert(name.clone(), replaced(item, from, to)?);
            }
            Value::Object(out)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}
