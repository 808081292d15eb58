//! Data Integrity proofs: reading them, and checking one against a key
//! ([VC Data Integrity 1.0](https://www.w3.org/TR/2025/REC-vc-data-integrity-20250515/)).
//!
//! In scope: proof objects, proof sets and chains, the JCS suites' rule about `@context`. Out of scope: whose key
//! it is and what it may do, and the time: `created` and `expires` are reported, not judged.

mod error;
mod read;

use inkan_core::{Timestamp, encoding};
use inkan_crypto::{KeyType, PublicKey, SignatureError, Signer, data_integrity};
use serde_json::{Map, Value};

use crate::countersignature::Terms;

pub use self::error::{ProofError, SignFailure};
pub(crate) use self::read::take_proofs;

/// The cryptosuites spoken here; everything else is kept by name and never counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cryptosuite {
    /// Ed25519 over JCS ([vc-di-eddsa §3.3](https://www.w3.org/TR/2025/REC-vc-di-eddsa-20250515/#eddsa-jcs-2022)).
    EddsaJcs2022,
    /// ECDSA over JCS, on P-256 ([vc-di-ecdsa §3.3](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-jcs-2019)).
    EcdsaJcs2019,
    /// Any other suite, or the type of a proof that is no `DataIntegrityProof`.
    Unknown(String),
}

impl Cryptosuite {
    /// The suite that a key of this type signs with.
    #[must_use]
    pub const fn for_key(key_type: KeyType) -> Self {
        match key_type {
            KeyType::Ed25519 => Self::EddsaJcs2022,
            KeyType::P256 => Self::EcdsaJcs2019,
        }
    }

    /// The name used in proofs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::Unknown(name) => name,
        }
    }

    /// Whether proofs of this suite can be checked here.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }
}

/// What a proof is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// The issuer states what the document says.
    AssertionMethod,
    /// Somebody shows who they are, or countersigns.
    Authentication,
    /// Any other purpose, by name.
    Other(String),
}

impl Purpose {
    /// The name used in proofs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
            Self::Other(name) => name,
        }
    }
}

/// One proof on a document, well-formed and not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    value: Value,
    id: Option<String>,
    cryptosuite: Cryptosuite,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    verification_method: String,
    purpose: Purpose,
    previous_proof: Vec<String>,
    domain: Vec<String>,
    challenge: Option<String>,
    countersignature: Option<Terms>,
}

impl Proof {
    /// The proof object as it was read.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Its URL, which other proofs name in `previousProof`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The suite it was made with.
    #[must_use]
    pub const fn cryptosuite(&self) -> &Cryptosuite {
        &self.cryptosuite
    }

    /// When its maker says it was made.
    #[must_use]
    pub const fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When it ends.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// URL of the key, normally a DID URL. Empty only for a proof of an unknown suite that names none.
    #[must_use]
    pub fn verification_method(&self) -> &str {
        &self.verification_method
    }

    /// What it is for.
    #[must_use]
    pub const fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Ids of the proofs that it covers. Each is on the same document; the relation is not transitive.
    #[must_use]
    pub fn previous_proof(&self) -> &[String] {
        &self.previous_proof
    }

    /// The domains it is meant for.
    #[must_use]
    pub fn domain(&self) -> &[String] {
        &self.domain
    }

    /// The challenge it answers.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    /// What a countersigner says, if this is a countersignature.
    #[must_use]
    pub const fn countersignature(&self) -> Option<&Terms> {
        self.countersignature.as_ref()
    }
}

/// Checks the cryptography of proof number `index` on `document` (without its `proof` member) against `key`.
///
/// The steps are those of VC Data Integrity §4.5, with the matching previous proofs in document order, and of the
/// JCS suites' "Verify Proof". The caller has to know that `key` is what `verificationMethod` names, may be used for
/// the purpose, and that the proof has not expired.
///
/// # Errors
///
/// [`ProofError::UnsupportedSuite`] if nothing can be said; otherwise the rule that failed.
pub fn verify_proof(
    document: &Value,
    proofs: &[Proof],
    index: usize,
    key: &PublicKey,
) -> Result<(), ProofError> {
    let proof = proofs.get(index).ok_or(ProofError::Missing)?;
    let expected = match &proof.cryptosuite {
        Cryptosuite::EddsaJcs2022 => KeyType::Ed25519,
        Cryptosuite::EcdsaJcs2019 => KeyType::P256,
        Cryptosuite::Unknown(name) => {
            return Err(ProofError::UnsupportedSuite { suite: name.clone() });
        }
    };
    if key.key_type() != expected {
        return Err(ProofError::KeyMismatch);
    }
    let matching = matching_proofs(proofs, &proof.previous_proof);
    let outcome = if matching.is_empty() {
        data_integrity::verify(document, &proof.value, key)
    } else {
        data_integrity::verify(&with_proofs(document, matching), &proof.value, key)
    };
    outcome.map_err(|error| {
        if error == SignatureError::ContextMismatch {
            ProofError::ContextMismatch
        } else {
            ProofError::Invalid
        }
    })
}

/// As [`verify_proof`], and the document's `@context` must be the one that was signed, not one that begins with it.
///
/// The suites let anybody append contexts, so that others can add proofs with terms of their own; in a credential that
/// would be something unsigned which readers of JSON-LD obey.
///
/// # Errors
///
/// As [`verify_proof`].
pub(crate) fn verify_whole(
    document: &Value,
    proofs: &[Proof],
    index: usize,
    key: &PublicKey,
) -> Result<(), ProofError> {
    verify_proof(document, proofs, index, key)?;
    match proofs.get(index).and_then(|proof| proof.value.get("@context")) {
        Some(signed) if document.get("@context") != Some(signed) => {
            Err(ProofError::ContextMismatch)
        }
        _ => Ok(()),
    }
}

/// Makes one more proof on `document` (without its `proof` member); `terms` are the proof's members except
/// `@context`, `type`, `cryptosuite` and `proofValue`, which this function sets.
///
/// # Errors
///
/// [`SignFailure`] if the signer fails or the document has no canonical form.
pub(crate) fn add_proof(
    document: &Value,
    proofs: &[Proof],
    mut terms: Map<String, Value>,
    signer: &dyn Signer,
) -> Result<Proof, SignFailure> {
    let suite = Cryptosuite::for_key(signer.public_key().key_type());
    // The document is hashed with its whole `@context` either way. A copy in the proof is what the suites ask for, but
    // other implementations compare such copies by identity, or take strings only, and refuse one with an inline object.
    if let Some(context) = document.get("@context").filter(|context| plain_context(context)) {
        terms.insert("@context".to_owned(), context.clone());
    }
    terms.insert("type".to_owned(), "DataIntegrityProof".into());
    terms.insert("cryptosuite".to_owned(), suite.as_str().into());
    // A value that decodes, so that the same reader judges what is about to be signed.
    terms.insert("proofValue".to_owned(), encoding::multibase58(&[0; 64]).into());
    let draft = Proof::from_value(Value::Object(terms.clone()))?;
    let matching = matching_proofs(proofs, &draft.previous_proof);
    if matching.len() != draft.previous_proof.len() {
        return Err(SignFailure::Proof(ProofError::PreviousUnknown));
    }
    terms.remove("proofValue");
    let config = Value::Object(terms);
    let value = if matching.is_empty() {
        data_integrity::sign(document, &config, signer)
    } else {
        data_integrity::sign(&with_proofs(document, matching), &config, signer)
    };
    let mut signed = draft;
    if let Value::Object(members) = &mut signed.value {
        members.insert("proofValue".to_owned(), value?.into());
    }
    Ok(signed)
}

/// Whether a context is made of URLs alone.
fn plain_context(context: &Value) -> bool {
    match context {
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::String(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The proofs that `ids` name, in the order they have on the document.
fn matching_proofs(proofs: &[Proof], ids: &[String]) -> Vec<Value> {
    let named = |proof: &&Proof| proof.id.as_ref().is_some_and(|id| ids.contains(id));
    proofs.iter().filter(named).map(|proof| proof.value.clone()).collect()
}

/// The document that a proof with predecessors is made over: they stand in it as its `proof` (§4.3, step 5).
fn with_proofs(document: &Value, matching: Vec<Value>) -> Value {
    let mut unsecured = document.clone();
    if let Value::Object(members) = &mut unsecured {
        members.insert("proof".to_owned(), Value::Array(matching));
    }
    unsecured
}

#[cfg(test)]
mod tests;
