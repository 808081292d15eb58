//! Keys, identifiers and credentials that the unit tests of this crate share.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::{Value, json};

use crate::countersignature::{Decision, Role, Statement};
use crate::secured::SecuredCredential;
use crate::sign;

pub(crate) const LOG: &str = "ledger.example";

/// A party with one key, named by its did:key.
pub(crate) struct Party {
    pub(crate) key: SecretKey,
    pub(crate) did: String,
    pub(crate) method: String,
}

pub(crate) fn party(seed: u64, key_type: KeyType) -> Party {
    let key = SecretKey::generate(key_type, &mut SeededRng::new(seed));
    let multikey = key.public_key().to_multikey();
    let did = format!("did:key:{multikey}");
    Party { key, method: format!("{did}#{multikey}"), did }
}

pub(crate) fn issuer() -> Party {
    party(1, KeyType::Ed25519)
}

pub(crate) fn holder() -> Party {
    party(2, KeyType::Ed25519)
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

pub(crate) fn unsigned() -> Value {
    json!({
        "@context": [crate::model::CONTEXT_V2],
        "id": "urn:uuid:11111111-2222-4333-8444-555555555555",
        "type": ["VerifiableCredential", "Badge"],
        "issuer": { "id": issuer().did, "name": "Acme" },
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": { "id": holder().did, "role": "engineer", "grade": 3 },
        "ledgerRecord": { "log": LOG, "salt": "AAECAwQFBgcICQoLDA0ODw" },
    })
}

pub(crate) fn issued_di() -> SecuredCredential {
    let issuer = issuer();
    sign::issue_di(
        unsigned(),
        "urn:uuid:a",
        &issuer.method,
        &issuer.key,
        at("2026-01-01T00:00:00Z"),
    )
    .unwrap()
}

pub(crate) fn issued_jose() -> SecuredCredential {
    let issuer = issuer();
    sign::issue_jose(unsigned(), &issuer.method, &issuer.key).unwrap()
}

pub(crate) fn statement<'a>(by: &'a Party, decision: Decision, act: u8) -> Statement<'a> {
    Statement {
        role: Role::Holder,
        decision,
        act: [act; 32],
        log: LOG,
        method: &by.method,
        created: at("2026-01-02T00:00:00Z"),
        reason: None,
        under: None,
    }
}

/// The value with the member at `pointer` replaced, added or (with null) removed.
pub(crate) fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match parent {
        Value::Object(members) if new.is_null() => drop(members.remove(name)),
        Value::Object(members) => drop(members.insert(name.to_owned(), new)),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = new,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            panic!("{pointer} has no parent")
        }
    }
    value
}
