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
/// They are replaced in the canonical text. That equals replacing them in the strings that were read: a SCID that can be the one
/// expected begins with `Q`, which ends no escape, and consists of characters that JSON never escapes; and one inside a
/// member name is refused.
pub(super) fn scid_hash(unsigned: &Map<String, Value>, scid: &str) -> Result<String, Malformed> {
    if is_in_name(unsigned, scid) {
        return Err(Malformed::ScidInName);
    }
    let canonical = with_version_id(unsigned, PLACEHOLDER)?;
    let text = String::from_utf8(canonical).map_err(|_| Malformed::Members)?;
    Ok(encoding::multihash58(&sha256(&[text.replace(scid, PLACEHOLDER).as_bytes()])))
}

/// The hash that stands in `versionId`: of the entry without `proof`, with the predecessor's `versionId` (the SCID, for
/// the first entry).
pub(super) fn entry_hash(
    unsigned: &Map<String, Value>,
    predecessor: &str,
) -> Result<String, JsonError> {
    Ok(encoding::multihash58(&sha256(&[&with_version_id(unsigned, predecessor)?])))
}

/// The canonical form with another `versionId`.
fn with_version_id(unsigned: &Map<String, Value>, version_id: &str) -> Result<Vec<u8>, JsonError> {
    const NAME: &str = "versionId";
    let value = Value::String(version_id.to_owned());
    if unsigned.contains_key(NAME) {
        return json::canonicalize_with(unsigned, NAME, &value);
    }
    // A draft has none yet.
    let mut entry = unsigned.clone();
    entry.insert(NAME.to_owned(), value);
    json::canonicalize(&Value::Object(entry))
}

/// Whether a name of a member, at any depth, holds `text`.
fn has_in_name(value: &Value, text: &str) -> bool {
    match value {
        Value::Object(members) => is_in_name(members, text),
        Value::Array(items) => items.iter().any(|item| has_in_name(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_in_name(members: &Map<String, Value>, text: &str) -> bool {
    members.iter().any(|(name, item)| name.contains(text) || has_in_name(item, text))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SCID: &str = "QmRvoGVrDASPwHfw3BGHyLmkGHmGCgTFHmNxxQbJ2cTDQf";

    #[test]
    fn replacing_in_the_canonical_text_is_replacing_in_the_strings() {
        for value in [
            json!({ "versionId": format!("1-{SCID}"), "b": [SCID, { "c": format!("did:x:{SCID}:{SCID}é") }] }),
            json!({ "versionId": "x", "z": format!("\n{SCID}\u{1}\\{SCID}\""), "n": [1, true, null] }),
            json!({ "versionId": "x", "z": SCID.trim_start_matches('Q'), "y": format!("\n{}", SCID.trim_start_matches('Q')) }),
        ] {
            let members = value.as_object().unwrap();
            let mut entry = members.clone();
            entry.insert("versionId".to_owned(), PLACEHOLDER.into());
            let slow = hash_value(&replaced(&entry.into(), SCID, PLACEHOLDER).unwrap()).unwrap();
            assert_eq!(scid_hash(members, SCID).unwrap(), slow, "{value}");
            let mut entry = members.clone();
            entry.insert("versionId".to_owned(), SCID.into());
            assert_eq!(entry_hash(members, SCID), hash_value(&entry.into()));
        }
        let named = json!({ "versionId": "x", "b": [{ "c": { SCID: 1 } }] });
        let refused = scid_hash(named.as_object().unwrap(), SCID).unwrap_err();
        assert_eq!(refused, Malformed::ScidInName);
    }
}
