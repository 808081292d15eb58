//! What a ledger has of two histories of one DID (§6.2 of the ledger specification), as a node says it: `inkan-equivocations/1`.
//!
//! In scope: its JSON, there and back. What it proves, each item says as [`Evidence`]; believing none of it takes no log's key.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::{json, limits};
use serde_json::{Value, json};

use super::{Evidence, EvidenceError, texts};
use crate::state::{EQUIVOCATIONS_LIMIT, Equivocation};

/// `type` of the answer.
pub const FORKS_TYPE: &str = "inkan-equivocations/1";

/// Largest answer in bytes: a history of 8 MiB in base64url, and the forks.
pub const FORKS_LIMIT: usize = limits::BUNDLE;

/// The answer of a node: the versions before the last of these forks once, and of each fork both bodies.
///
/// `history` has the bodies of the DID's versions, oldest first, as far as they are at hand.
#[must_use]
pub fn forks_to_value(scid: &str, history: &[Vec<u8>], forks: &[Equivocation]) -> Value {
    let list: Vec<Value> = forks
        .iter()
        .map(|fork| {
            json!({
                "number": fork.number,
                "index": fork.leaf_index,
                "recorded": b64u(&fork.recorded),
                "refusedVersionId": fork.version_id,
                "refused": b64u(&fork.refused),
            })
        })
        .collect();
    let before = forks.iter().map(|fork| fork.number.saturating_sub(1)).max().unwrap_or(0);
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    let history: Vec<String> = history.iter().take(before).map(|body| b64u(body)).collect();
    json!({ "type": FORKS_TYPE, "scid": scid, "history": history, "equivocations": list })
}

/// Reads such an answer as evidence, one for each fork. Nothing is proved before [`Evidence::verify`]; and since whoever keeps it
/// hands on what somebody else wrote, there is no room in it for anything that proves nothing.
///
/// # Errors
///
/// [`EvidenceError::Malformed`], also for the answer of an older node, which brings no history.
pub fn forks_from_value(value: &Value) -> Result<Vec<Evidence>, EvidenceError> {
    let malformed = EvidenceError::Malformed;
    if json::text(value, "type") != Some(FORKS_TYPE) {
        return Err(malformed("type is not inkan-equivocations/1"));
    }
    let closed = |value: &Value, members: &[&str]| {
        value.as_object().is_some_and(|object| {
            object.len() == members.len() && members.iter().all(|name| object.contains_key(*name))
        })
    };
    if !closed(value, &["type", "scid", "history", "equivocations"]) {
        return Err(malformed("it has other members than such an answer"));
    }
    let body = |text: &str| {
        let bytes = decode_b64u(text).map_err(|_| malformed("a version is not base64url"))?;
        String::from_utf8(bytes).map_err(|_| malformed("a version is not UTF-8"))
    };
    let listed = value.get("equivocations").and_then(Value::as_array);
    let listed = listed.filter(|list| list.len() <= EQUIVOCATIONS_LIMIT);
    let listed = listed.ok_or(malformed("equivocations are no list, or too many"))?;
    let history = texts(value, "history")?.into_iter().map(body).collect::<Result<Vec<_>, _>>()?;
    let numbers = listed.iter().filter_map(|fork| fork.get("number").and_then(Value::as_u64));
    let before = numbers.max().unwrap_or(0).saturating_sub(1);
    if u64::try_from(history.len()).is_ok_and(|count| count > before) {
        return Err(malformed("more versions than come before its forks"));
    }
    let evidence = |fork: &Value| {
        let members = ["number", "index", "recorded", "refusedVersionId", "refused"];
        if !closed(fork, &members) || fork.get("index").and_then(Value::as_u64).is_none() {
            return Err(malformed("a fork has other members than it should"));
        }
        let member =
            |name| body(json::text(fork, name).ok_or(malformed("a fork has not both versions"))?);
        let number = fork.get("number").and_then(Value::as_u64);
        let before = number.and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
        let history = before.and_then(|before| history.get(..before));
        let history = history.ok_or(malformed("versions before a fork are missing"))?.to_vec();
        Ok(Evidence::Did { history, entries: [member("recorded")?, member("refused")?] })
    };
    listed.iter().map(evidence).collect()
}
