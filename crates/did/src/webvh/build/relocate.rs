//! The entry by which a DID leaves its home log for another one (ledger specification D14, §6.6).
//!
//! In scope: the document with another home, and nothing else changed. Out of scope: who records it (the log that is left takes it
//! first, then the new one, as the last entry of an import).

use inkan_core::Timestamp;
use inkan_crypto::{PublicKey, Signer};
use serde_json::{Value, json};

use super::super::head::Head;
use super::{BuildError, revise};

/// The type of the service that names a home log.
const LEDGER_LOG: &str = "LedgerLog";

/// Writes the next line: the document names the log `origin` as the home of the DID, and is otherwise as before. `update_key`, to
/// which the head committed, gives way to `next_key`.
///
/// # Errors
///
/// As [`rotate`](super::rotate).
pub fn relocate(
    head: &Head,
    origin: &str,
    update_key: &dyn Signer,
    next_key: &PublicKey,
    now: Timestamp,
) -> Result<String, BuildError> {
    let document = at_home_in(head.document().value().clone(), head.did().as_str(), origin);
    revise(head, document, update_key, next_key, now)
}

/// The document with its one `LedgerLog` service renamed, or with a first one.
pub(super) fn at_home_in(mut document: Value, did: &str, origin: &str) -> Value {
    let endpoint = format!("https://{origin}");
    let Value::Object(members) = &mut document else { return document };
    let services = members.entry("service").or_insert_with(|| json!([]));
    let Value::Array(services) = services else { return document };
    let is_home = |service: &&mut Value| match service.get("type") {
        Some(Value::Array(names)) => names.iter().any(|name| name == LEDGER_LOG),
        Some(name) => name == LEDGER_LOG,
        None => false,
    };
    match services.iter_mut().find(is_home) {
        Some(Value::Object(service)) => {
            service.insert("serviceEndpoint".to_owned(), Value::String(endpoint));
        }
        Some(_) | None => services.push(
            json!({ "id": format!("{did}#ledger"), "type": LEDGER_LOG, "serviceEndpoint": endpoint }),
        ),
    }
    document
}
