//! Writing entries: create, rotate, change, deactivate. Pre-rotation is always on
//! ([did:webvh 1.0, Create and Update](https://identity.foundation/didwebvh/v1.0/#create-register)).
//!
//! Every line is checked by the rules of a ledger before it is given out, so nothing is written that a ledger would
//! refuse. The lines are canonical JSON.

mod relocate;
mod retired;

pub use relocate::relocate;

use std::collections::BTreeSet;

use inkan_core::{
    Timestamp,
    json::{self, JsonError},
};
use inkan_crypto::{KeyType, PublicKey, SignError, Signer, data_integrity};
use serde_json::{Map, Value, json};

use super::check::advance;
use super::entry::Entry;
use super::error::EntryError;
use super::hash::{self, PLACEHOLDER, next_key_hash};
use super::head::Head;
use super::parameters::METHOD;
use super::witness::witnessed_document;
use crate::did::Did;
use crate::self_contained::did_key_url;

/// What a new DID and its first document are made of.
#[derive(Clone, Debug)]
pub struct Create {
    /// The host that serves the log, such as `ledger.example` or `ledger.example:8443`.
    pub domain: String,
    /// The path at that host, such as `people/anna`; none means `.well-known`.
    pub path: Option<String>,
    /// The fragment of the document key, such as `key-1`.
    pub key_id: String,
    /// The document key: it signs as the DID, and cannot change the DID.
    pub key: PublicKey,
    /// More document keys by their fragments, such as those for other cryptosuites; they may do what the first one may.
    pub others: Vec<(String, PublicKey)>,
    /// Commitments besides the next key: a cold recovery key, a guardian's ([`next_key_hash`]).
    pub next_key_hashes: Vec<String>,
    /// Services by type and endpoint; public for ever, so people have none by default.
    pub services: Vec<(String, String)>,
    /// The origin of the home log, without `https://`.
    pub home: Option<String>,
}

/// What the next entry changes; [`rotate`] and [`deactivate`] cover the usual cases.
#[derive(Clone, Debug)]
pub struct Update {
    /// The whole new document.
    pub document: Value,
    /// All commitments to the keys of the entry after this one.
    pub next_key_hashes: Vec<String>,
}

/// Makes a DID and the first line of its log, dated `now`.
///
/// The DID is portable, and named `did:scid:vh:1:…` in `alsoKnownAs` too. The document key is listed under
/// `assertionMethod` and `authentication`. The next entry needs `next_key`, which must not be kept beside `update_key`.
///
/// # Errors
///
/// [`BuildError`]; `Refused` if the domain, path, fragment, services or home do not make a valid entry.
pub fn create(
    request: &Create,
    update_key: &dyn Signer,
    next_key: &PublicKey,
    now: Timestamp,
) -> Result<(Did, String), BuildError> {
    let parameters = json!({
        "method": METHOD,
        "scid": PLACEHOLDER,
        "updateKeys": [checked_update_key(update_key)?.to_multikey()],
        "nextKeyHashes": commitments(&update_key.public_key(), next_key, &request.next_key_hashes)?,
        "portable": true,
    });
    let draft = json!({
        "versionId": PLACEHOLDER,
        "versionTime": now.to_string(),
        "parameters": parameters,
        "state": first_document(request),
    });
    let scid = hash::hash_value(&draft)?;
    let draft = hash::replaced(&draft, PLACEHOLDER, &scid).map_err(EntryError::from)?;
    let (head, line) = seal(None, &scid, draft, update_key, now)?;
    Ok((head.did().clone(), line))
}

/// Writes the next line: the document lists `keys` (fragment and key) instead of those before, and `update_key`, to which
/// the head committed, gives way to `next_key`.
///
/// A BLS12-381 key stays listed for assertions, with `expires` = `now`, and signs nothing new: what holders derive from
/// a `bbs-2023` credential has no record that would show when it was signed. [`update`] withdraws it.
///
/// Without `keys` the document's keys stay. Commitments that were not used now stay too; after the loss or theft of a
/// committed key use [`update`], which names all of them.
///
/// # Errors
///
/// [`BuildError::VersionTimeNotLater`] within the same second as the head: wait, then try again. Otherwise see there.
pub fn rotate(
    head: &Head,
    keys: &[(String, PublicKey)],
    update_key: &dyn Signer,
    next_key: &PublicKey,
    now: Timestamp,
) -> Result<String, BuildError> {
    let mut document = head.document().value().clone();
    if let (false, Value::Object(members)) = (keys.is_empty(), &mut document) {
        let (mut methods, listed) = key_members(head.did().as_str(), keys);
        let mut asserting = listed.clone();
        for (id, method) in retired::retired(head, keys, now) {
            if let (Value::Array(methods), Value::Array(asserting)) = (&mut methods, &mut asserting)
            {
                methods.push(method);
                asserting.push(id.into());
            }
        }
        members.insert("verificationMethod".to_owned(), methods);
        members.insert("assertionMethod".to_owned(), asserting);
        members.insert("authentication".to_owned(), listed);
    }
    revise(head, document, update_key, next_key, now)
}

/// Writes the next line with any new document; `update_key`, to which the head committed, gives way to `next_key`.
///
/// # Errors
///
/// As [`rotate`].
pub fn revise(
    head: &Head,
    document: Value,
    update_key: &dyn Signer,
    next_key: &PublicKey,
    now: Timestamp,
) -> Result<String, BuildError> {
    let used = next_key_hash(&update_key.public_key());
    let kept: Vec<String> =
        head.next_key_hashes.iter().filter(|hash| **hash != used).cloned().collect();
    let next_key_hashes = commitments(&update_key.public_key(), next_key, &kept)?;
    update(head, &Update { document, next_key_hashes }, update_key, now)
}

/// Writes the next line with any new document and commitments, authorised by `update_key`.
///
/// # Errors
///
/// As [`rotate`]; [`BuildError::NoCommitment`] without a commitment to a next key.
pub fn update(
    head: &Head,
    change: &Update,
    update_key: &dyn Signer,
    now: Timestamp,
) -> Result<String, BuildError> {
    if change.next_key_hashes.is_empty() {
        return Err(BuildError::NoCommitment);
    }
    let parameters = json!({
        "updateKeys": [checked_update_key(update_key)?.to_multikey()],
        "nextKeyHashes": change.next_key_hashes,
    });
    append(head, parameters, change.document.clone(), update_key, now)
}

/// Writes the last line: the DID is deactivated, the document stays as it was. There is no way back.
///
/// # Errors
///
/// As [`rotate`].
pub fn deactivate(
    head: &Head,
    update_key: &dyn Signer,
    now: Timestamp,
) -> Result<String, BuildError> {
    let multikey = checked_update_key(update_key)?.to_multikey();
    // D12: under pre-rotation the keys must be explicit; otherwise none remain.
    let parameters = if head.pre_rotation() {
        json!({ "deactivated": true, "updateKeys": [multikey], "nextKeyHashes": [] })
    } else {
        json!({ "deactivated": true, "updateKeys": [] })
    };
    append(head, parameters, head.document().value().clone(), update_key, now)
}

/// A witness's approval of the entry with this `versionId`, dated `now`: one proof for [`witness_line`] or
/// `did-witness.json`. The witness must have verified the entry.
///
/// # Errors
///
/// [`BuildError::UpdateKeyType`] unless `witness` signs with Ed25519; [`BuildError::Sign`].
pub fn witness_proof(
    version_id: &str,
    witness: &dyn Signer,
    now: Timestamp,
) -> Result<Value, BuildError> {
    checked_update_key(witness)?;
    prove(&witnessed_document(version_id), witness, now)
}

/// The witness line of a ledger entry.
#[must_use]
pub fn witness_line(version_id: &str, proofs: &[Value]) -> String {
    json!({ "versionId": version_id, "proof": proofs }).to_string()
}

fn append(
    head: &Head,
    parameters: Value,
    document: Value,
    update_key: &dyn Signer,
    now: Timestamp,
) -> Result<String, BuildError> {
    if now <= head.time {
        return Err(BuildError::VersionTimeNotLater { now, head: head.time });
    }
    let draft = json!({
        "versionTime": now.to_string(),
        "parameters": parameters,
        "state": document,
    });
    Ok(seal(Some(head), &head.version_id, draft, update_key, now)?.1)
}

/// Adds `versionId` and proof, and checks the result as a ledger would, but for witnesses.
fn seal(
    head: Option<&Head>,
    predecessor: &str,
    draft: Value,
    signer: &dyn Signer,
    now: Timestamp,
) -> Result<(Head, String), BuildError> {
    let Value::Object(mut entry) = draft else { return Err(BuildError::NotAnObject) };
    let number = head.map_or(1, |head| head.number.saturating_add(1));
    let version_id = format!("{number}-{}", hash::entry_hash(&entry, predecessor)?);
    entry.insert("versionId".to_owned(), Value::String(version_id));
    let proof = prove(&Value::Object(entry.clone()), signer, now)?;
    entry.insert("proof".to_owned(), json!([proof]));
    let line = json::canonicalize(&Value::Object(entry))?;
    let checked = Entry::parse(&line, None)?;
    let next = advance(head, &checked, now)?.head;
    let line = String::from_utf8(line).map_err(|_| BuildError::NotAnObject)?;
    Ok((next, line))
}

/// An `eddsa-jcs-2022` proof over `document`.
fn prove(document: &Value, signer: &dyn Signer, now: Timestamp) -> Result<Value, BuildError> {
    let mut proof = Map::new();
    for (member, text) in [
        ("type", "DataIntegrityProof".to_owned()),
        ("cryptosuite", "eddsa-jcs-2022".to_owned()),
        ("verificationMethod", did_key_url(&signer.public_key())),
        ("created", now.to_string()),
        ("proofPurpose", "assertionMethod".to_owned()),
    ] {
        proof.insert(member.to_owned(), Value::String(text));
    }
    let mut proof = Value::Object(proof);
    let value = data_integrity::sign(document, &proof, signer)?;
    if let Value::Object(members) = &mut proof {
        members.insert("proofValue".to_owned(), Value::String(value));
    }
    Ok(proof)
}

fn checked_update_key(signer: &dyn Signer) -> Result<PublicKey, BuildError> {
    let key = signer.public_key();
    match key.key_type() {
        KeyType::Ed25519 => Ok(key),
        KeyType::P256 | KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2 => {
            Err(BuildError::UpdateKeyType)
        }
    }
}

/// The next key's hash, then the others, without repetition. The next key must be another one than the current.
fn commitments(
    current: &PublicKey,
    next: &PublicKey,
    others: &[String],
) -> Result<Vec<String>, BuildError> {
    if next.key_type() != KeyType::Ed25519 {
        return Err(BuildError::UpdateKeyType);
    }
    if next == current {
        return Err(BuildError::NextKeyInUse);
    }
    let mut seen = BTreeSet::new();
    let all = std::iter::once(next_key_hash(next)).chain(others.iter().cloned());
    Ok(all.filter(|hash| seen.insert(hash.clone())).collect())
}

fn first_document(request: &Create) -> Value {
    let host = request.domain.replace(':', "%3A");
    let path = request.path.as_deref().map(|path| path.trim_matches('/').replace('/', ":"));
    let place = match path.filter(|path| !path.is_empty()) {
        Some(path) => format!("{host}:{path}"),
        None => host,
    };
    let did = format!("did:webvh:{PLACEHOLDER}:{place}");
    let source = place.replace(':', "/").replace("%3A", ":");
    let first = (request.key_id.clone(), request.key.clone());
    let keys: Vec<_> = std::iter::once(first).chain(request.others.iter().cloned()).collect();
    let (methods, listed) = key_members(&did, &keys);
    let mut services: Vec<Value> = request
        .services
        .iter()
        .zip(1..)
        .map(|((kind, endpoint), number)| {
            json!({ "id": format!("{did}#service-{number}"), "type": kind, "serviceEndpoint": endpoint })
        })
        .collect();
    if let Some(origin) = &request.home {
        let endpoint = format!("https://{origin}");
        services.push(
            json!({ "id": format!("{did}#ledger"), "type": "LedgerLog", "serviceEndpoint": endpoint }),
        );
    }
    let mut document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "alsoKnownAs": [format!("did:scid:vh:1:{PLACEHOLDER}?src={source}")],
        "verificationMethod": methods,
        "assertionMethod": listed,
        "authentication": listed,
    });
    if let (false, Value::Object(members)) = (services.is_empty(), &mut document) {
        members.insert("service".to_owned(), Value::Array(services));
    }
    document
}

/// `verificationMethod`, and the list of their ids.
fn key_members(did: &str, keys: &[(String, PublicKey)]) -> (Value, Value) {
    let methods = keys.iter().map(|(fragment, key)| {
        json!({
            "id": format!("{did}#{fragment}"),
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": key.to_multikey(),
        })
    });
    let ids = keys.iter().map(|(fragment, _)| json!(format!("{did}#{fragment}")));
    (methods.collect(), ids.collect())
}

/// Why no entry was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// did:webvh counts whole seconds, and versions must be in order: wait a second and try again.
    #[error("the last version is of {head}, and it is only {now}")]
    VersionTimeNotLater {
        /// The time given.
        now: Timestamp,
        /// The time of the head.
        head: Timestamp,
    },
    /// Update keys and witness keys are Ed25519.
    #[error("the key that authorises entries is not Ed25519")]
    UpdateKeyType,
    /// The next key is the one in use, so knowing it would be no recovery.
    #[error("the next key is the current update key")]
    NextKeyInUse,
    /// Pre-rotation would end.
    #[error("no next key is committed to")]
    NoCommitment,
    /// The document is not a JSON object.
    #[error("the document is not a JSON object")]
    NotAnObject,
    /// The entry has no canonical form.
    #[error("the entry has no canonical form")]
    Canonical(#[from] JsonError),
    /// The key did not sign.
    #[error("the update key did not sign")]
    Sign(#[from] SignError),
    /// A ledger would refuse the entry.
    #[error("the entry would be refused")]
    Refused(#[from] EntryError),
}

impl BuildError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::VersionTimeNotLater { .. } => "version-time-not-later",
            Self::UpdateKeyType => "update-key-type",
            Self::NextKeyInUse => "next-key-in-use",
            Self::NoCommitment => "next-key-missing",
            Self::NotAnObject => "document-invalid",
            Self::Canonical(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Refused(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
