//! What the tests of did:webvh share: keys, times, and entries that are right except for one thing.

use inkan_core::{Timestamp, json, rng::insecure::SeededRng};
use inkan_crypto::{KeyType, PublicKey, SecretKey, Signer, data_integrity};
use serde_json::{Value, json};

use super::build::{Create, create};
use super::{Entry, EntryError, Head, check_next, hash, next_key_hash};
use crate::self_contained::did_key_url;

/// Ledger time of the tests.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

pub(crate) fn secret(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

pub(crate) fn public(seed: u64) -> PublicKey {
    secret(seed).public_key()
}

pub(crate) fn multikey(seed: u64) -> String {
    public(seed).to_multikey()
}

pub(crate) fn commitment(seed: u64) -> String {
    next_key_hash(&public(seed))
}

/// The request behind [`first_line`]: update key 1, next key 2, document key 100.
pub(crate) fn request() -> Create {
    Create {
        domain: "ledger.example".to_owned(),
        path: None,
        key_id: "key-1".to_owned(),
        key: public(100),
        others: Vec::new(),
        next_key_hashes: Vec::new(),
        services: Vec::new(),
        home: Some("ledger.example/log".to_owned()),
    }
}

pub(crate) fn first_line() -> String {
    create(&request(), &secret(1), &public(2), now()).unwrap().1
}

pub(crate) fn accept(head: Option<&Head>, line: &[u8]) -> Result<Head, EntryError> {
    // Far enough ahead for every entry of a test.
    check_next(head, &Entry::parse(line, None)?, now().plus_seconds(3_600))
}

pub(crate) fn first_head() -> Head {
    accept(None, first_line().as_bytes()).unwrap()
}

/// A first entry without pre-rotation, by update key 1.
pub(crate) fn plain_draft() -> Value {
    let did = "did:webvh:{SCID}:ledger.example";
    json!({
        "versionId": "{SCID}",
        "versionTime": now().to_string(),
        "parameters": {
            "method": "did:webvh:1.0", "scid": "{SCID}", "updateKeys": [multikey(1)],
        },
        "state": {
            "id": did,
            "verificationMethod": [{
                "id": format!("{did}#key-1"), "type": "Multikey", "controller": did,
                "publicKeyMultibase": multikey(100),
            }],
            "assertionMethod": [format!("{did}#key-1")],
        },
    })
}

/// An entry after `head` that changes nothing, a second per version later.
pub(crate) fn next_draft(head: &Head) -> Value {
    json!({
        "versionTime": head.time().plus_seconds(1).to_string(),
        "parameters": {},
        "state": head.document().value(),
    })
}

/// Hashes and signs a draft, whatever it says, so that nothing but the draft itself is wrong.
pub(crate) fn forge(head: Option<&Head>, draft: &Value, signers: &[u64]) -> Value {
    let (predecessor, draft) = match head {
        Some(head) => (head.version_id().to_owned(), draft.clone()),
        None => {
            let scid = hash::hash_value(draft).unwrap();
            (scid.clone(), hash::replaced(draft, "{SCID}", &scid).unwrap())
        }
    };
    let number = head.map_or(1, |head| head.number() + 1);
    seal(number, &predecessor, draft, signers)
}

pub(crate) fn seal(number: u64, predecessor: &str, mut entry: Value, signers: &[u64]) -> Value {
    let entry_hash = hash::entry_hash(entry.as_object().unwrap(), predecessor).unwrap();
    entry["versionId"] = json!(format!("{number}-{entry_hash}"));
    let proofs: Vec<Value> = signers.iter().map(|seed| prove(&entry, &secret(*seed))).collect();
    entry["proof"] = json!(proofs);
    entry
}

pub(crate) fn prove(document: &Value, signer: &dyn Signer) -> Value {
    let mut proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": did_key_url(&signer.public_key()),
        "created": now().to_string(),
        "proofPurpose": "assertionMethod",
    });
    proof["proofValue"] = json!(data_integrity::sign(document, &proof, signer).unwrap());
    proof
}

/// Proves an entry again after a change that the hashes do not cover, with changed proof members.
pub(crate) fn prove_with(entry: &mut Value, signer: u64, change: impl FnOnce(&mut Value)) {
    let mut document = entry.clone();
    document.as_object_mut().unwrap().remove("proof");
    let signer = secret(signer);
    let mut proof = prove(&document, &signer);
    proof.as_object_mut().unwrap().remove("proofValue");
    change(&mut proof);
    let data = data_integrity::hash_data(&document, &proof).unwrap();
    proof["proofValue"] = json!(inkan_core::encoding::multibase58(&signer.sign(&data).unwrap()));
    entry["proof"] = json!([proof]);
}

pub(crate) fn bytes(entry: &Value) -> Vec<u8> {
    json::canonicalize(entry).unwrap()
}

/// The code with which a ledger refuses `entry` after `head`.
pub(crate) fn code(head: Option<&Head>, entry: &Value) -> &'static str {
    match accept(head, &bytes(entry)) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}
