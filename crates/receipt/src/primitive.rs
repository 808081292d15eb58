//! Hashes that the specification defines: leaf hashes, commitments, ids, map keys, roots (§2 and §4).
//!
//! In scope: for whoever writes a verifier of their own, one value after another. Out of scope: judging anything.

use std::collections::BTreeMap;

use inkan_core::encoding::hex;
use inkan_core::{Digest, json};
use inkan_ledger::map::Map as KeyMap;
use inkan_ledger::{Kind, LeafHash, MapKey, MapValue, MerkleTree, commitment};
use serde_json::{Map, Value};

use crate::current::map_key;
use crate::report::Report;
use crate::request::bytes;

/// Computes what is asked for; `malformed-receipt` if that cannot be understood.
#[must_use]
pub fn compute(asked: &Map<String, Value>) -> Report {
    let mut report = Report::new(&["form"]);
    match value(&Value::Object(asked.clone())) {
        Some(value) => {
            report.pass(&["form"]);
            report.fact("value", value);
            report
        }
        None => report.fail(&[], "malformed-receipt"),
    }
}

fn value(asked: &Value) -> Option<Value> {
    let text = |name| json::text(asked, name);
    let kind = || text("kind").and_then(Kind::from_name);
    match text("of")? {
        "leaf-hash" => Some(LeafHash::of(&bytes(asked.get("leaf")?)?).digest().to_hex().into()),
        "commitment" => {
            let salt: [u8; 16] = bytes(asked.get("salt")?)?.try_into().ok()?;
            let digest = Digest::from_hex(text("digest")?).ok()?;
            Some(commitment(kind()?, text("scid")?, &salt, &digest).to_hex().into())
        }
        "map-key" => {
            let parts = asked.get("parts")?.as_array()?.iter();
            let parts =
                parts.map(|part| part.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
            Some(map_key(kind()?, &parts)?.digest().to_hex().into())
        }
        "map-root" => {
            let mut heads: BTreeMap<MapKey, MapValue> = BTreeMap::new();
            for item in asked.get("heads")?.as_array()? {
                let kind = json::text(item, "kind").and_then(Kind::from_name)?;
                let parts = item.get("parts")?.as_array()?.iter();
                let parts = parts
                    .map(|part| part.as_str().map(str::to_owned))
                    .collect::<Option<Vec<_>>>()?;
                let value = MapValue::parse(&bytes(item.get("value")?)?)?;
                heads.insert(map_key(kind, &parts)?, value);
            }
            Some(KeyMap::new(&heads).root().digest().to_hex().into())
        }
        "tree-roots" => {
            let mut tree = MerkleTree::new();
            let mut roots = Vec::new();
            for leaf in asked.get("leafHashes")?.as_array()? {
                let size =
                    tree.append(LeafHash::from_digest(Digest::from_hex(leaf.as_str()?).ok()?));
                roots.push(Value::from(hex(tree
                    .root(size.checked_add(1)?)
                    .ok()?
                    .digest()
                    .as_bytes())));
            }
            Some(Value::Array(roots))
        }
        _ => None,
    }
}
