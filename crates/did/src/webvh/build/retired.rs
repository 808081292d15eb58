//! Keys of unlinkable credentials stay published when they are replaced.
//!
//! What a holder derives from a `bbs-2023` credential has neither a date of its signing nor a record: no receipt can
//! show that it is older than the rotation. So the issuer goes on to stand behind the key, with the time of its end;
//! other keys are judged by receipts, and go.

use inkan_core::Timestamp;
use inkan_crypto::{KeyType, PublicKey};
use serde_json::Value;

use super::super::head::Head;
use crate::document::Relationship;

/// The BLS12-381 keys that the head lists for assertions and `keys` leaves out, each with `expires` no later than `now`.
pub(super) fn retired(
    head: &Head,
    keys: &[(String, PublicKey)],
    now: Timestamp,
) -> Vec<(String, Value)> {
    // As a ledger reads it these keys are left out; as a resolver does, they are there.
    let listing = head.document().with_all_keys();
    let document = listing.as_ref().unwrap_or_else(|| head.document());
    let mut kept = Vec::new();
    for method in document.methods_for(Relationship::AssertionMethod) {
        let stays = |(fragment, key): &(String, PublicKey)| {
            method.id.fragment() == Some(fragment.as_str()) && *key == method.key
        };
        if method.key.key_type() != KeyType::Bls12381G2 || keys.iter().any(stays) {
            continue;
        }
        let Some(Value::Object(mut members)) = document.described(&method.id).cloned() else {
            continue;
        };
        let earlier = document.period(&method.id).ok().and_then(|period| period.expires);
        let end = earlier.map_or(now, |earlier| earlier.min(now));
        members.insert("id".to_owned(), method.id.as_str().into());
        members.insert("expires".to_owned(), end.to_string().into());
        kept.push((method.id.as_str().to_owned(), Value::Object(members)));
    }
    kept
}
