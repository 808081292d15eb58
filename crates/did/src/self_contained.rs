//! Documents that follow from the DID alone: [did:key](https://w3c-ccg.github.io/did-key-spec/) and
//! [did:jwk](https://github.com/quartzjer/did-jwk/blob/main/spec.md).
//!
//! In scope: Ed25519, P-256, P-384 and BLS12-381 G2 keys. Out of scope: the X25519 key that did:key may derive for key agreement.

use inkan_core::{encoding, json, limits};
use inkan_crypto::{KeyError, KeyType, PublicKey};
use serde_json::{Value, json};

use crate::did::{Did, Method};
use crate::document::{DidDocument, DocumentError, read_multikey};

/// The document of a did:key or did:jwk.
///
/// # Errors
///
/// [`SelfContainedError::NeedsDocument`] for other methods; otherwise what is wrong with the key.
pub fn resolve_self_contained(did: &Did) -> Result<DidDocument, SelfContainedError> {
    match did.method() {
        Method::Key => resolve_key(did),
        Method::Jwk => resolve_jwk(did),
        Method::Web | Method::Webvh => Err(SelfContainedError::NeedsDocument { did: did.clone() }),
    }
}

/// The did:key of a public key.
#[must_use]
pub fn did_key(key: &PublicKey) -> String {
    format!("did:key:{}", key.to_multikey())
}

/// The URL by which signatures name the key of a did:key.
#[must_use]
pub fn did_key_url(key: &PublicKey) -> String {
    let multikey = key.to_multikey();
    format!("did:key:{multikey}#{multikey}")
}

/// The did:jwk of a public key, with the members of its thumbprint and no others.
#[must_use]
pub fn did_jwk(key: &PublicKey) -> String {
    format!("did:jwk:{}", encoding::b64u(key.to_jwk().to_string().as_bytes()))
}

/// did:key, "Document Creation Algorithm", with the Multikey format.
fn resolve_key(did: &Did) -> Result<DidDocument, SelfContainedError> {
    let multikey = did.specific_id();
    let key = read_multikey(multikey)?;
    if key.to_multikey() != multikey {
        return Err(SelfContainedError::Malformed);
    }
    let id = format!("{did}#{multikey}");
    let method = json!({
        "id": id, "type": "Multikey", "controller": did.as_str(), "publicKeyMultibase": multikey,
    });
    let contexts = json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]);
    document(did, contexts, method, Uses::of(key.key_type()))
}

/// did:jwk, "Read": the fragment is `#0`, and `use` chooses between signing and key agreement.
fn resolve_jwk(did: &Did) -> Result<DidDocument, SelfContainedError> {
    let malformed = |_| SelfContainedError::Malformed;
    let bytes = encoding::decode_b64u(did.specific_id()).map_err(malformed)?;
    let jwk = json::parse(&bytes, limits::DID).map_err(|_| SelfContainedError::Malformed)?;
    let key = PublicKey::from_jwk(&jwk)?;
    let mut uses = Uses::of(key.key_type());
    match jwk.get("use").map(Value::as_str) {
        None => {}
        Some(Some("sig")) => uses.key_agreement = false,
        Some(Some("enc")) => uses.signing = &[],
        Some(_) => return Err(SelfContainedError::Malformed),
    }
    let method = json!({
        "id": format!("{did}#0"), "type": "JsonWebKey", "controller": did.as_str(), "publicKeyJwk": jwk,
    });
    let contexts = json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"]);
    document(did, contexts, method, uses)
}

/// The relationships that the key of a document is listed under.
struct Uses {
    signing: &'static [&'static str],
    key_agreement: bool,
}

impl Uses {
    /// Ed25519 keys only sign; P-256, P-384 and P-521 keys also take part in ECDH; keys of BBS assert claims and nothing else.
    const fn of(key_type: KeyType) -> Self {
        const SIGNING: [&str; 4] =
            ["authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation"];
        match key_type {
            KeyType::Ed25519 => Self { signing: &SIGNING, key_agreement: false },
            KeyType::P256 | KeyType::P384 | KeyType::P521 => {
                Self { signing: &SIGNING, key_agreement: true }
            }
            KeyType::Bls12381G2 => Self { signing: &["assertionMethod"], key_agreement: false },
        }
    }
}

fn document(
    did: &Did,
    contexts: Value,
    method: Value,
    uses: Uses,
) -> Result<DidDocument, SelfContainedError> {
    let id = method.get("id").cloned().unwrap_or_default();
    let mut value =
        json!({ "@context": contexts, "id": did.as_str(), "verificationMethod": [method] });
    let agreement = ["keyAgreement"];
    let listed = uses.signing.iter().chain(agreement.iter().filter(|_| uses.key_agreement));
    if let Value::Object(members) = &mut value {
        for name in listed {
            members.insert((*name).to_owned(), json!([id]));
        }
    }
    Ok(DidDocument::from_value(value, did)?)
}

/// Why a DID has no document of its own, or not one we can use. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelfContainedError {
    /// The method keeps its documents elsewhere: fetch the document, or the history.
    #[error("the document of {did} has to be fetched")]
    NeedsDocument {
        /// The DID.
        did: Did,
    },
    /// The key is of a type that we cannot use, or is malformed or weak.
    #[error("the key in the DID cannot be used")]
    Key(#[from] KeyError),
    /// The identifier is not the canonical form of a key, or not a JWK.
    #[error("the identifier does not hold a public key in canonical form")]
    Malformed,
    /// The document that follows from the DID breaks a rule.
    #[error("the document that follows from the DID is refused")]
    Document(#[from] DocumentError),
}

impl SelfContainedError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeedsDocument { .. } => "did-needs-document",
            Self::Key(error) => error.code(),
            Self::Malformed => "did-malformed",
            Self::Document(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
