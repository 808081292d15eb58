//! Data Integrity proofs: reading them, and checking one against a key
//! ([VC Data Integrity 1.0](https://www.w3.org/TR/2025/REC-vc-data-integrity-20250515/)).
//!
//! In scope: proof objects, proof sets and chains, the JCS suites' rule about `@context`. Out of scope: whose key
//! it is and what it may do, and the time: `created` and `expires` are reported, not judged.

mod bbs;
mod ecdsa_sd;
mod error;
mod prepared;
mod read;
mod selective;
mod suite;
mod wire;

use inkan_core::{Timestamp, encoding};
use inkan_crypto::{PublicKey, Signer};
use serde_json::{Map, Value};

use self::prepared::Appended;
use crate::countersignature::Terms;
use crate::rdfc::Contexts;

pub use self::error::{ProofError, SignFailure};
pub use self::prepared::PreparedProof;
pub(crate) use self::read::{check_references, take_proofs};
pub(crate) use self::selective::{Holders, Stage, add_base_proof};
pub use self::suite::Cryptosuite;

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

    /// The proof object.
    pub(crate) fn into_value(self) -> Value {
        self.value
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

/// Checks the cryptography of proof number `index` on `document` (without its `proof` member) against `key`, with the
/// built-in JSON-LD contexts.
///
/// The steps are those of VC Data Integrity §4.5, with the matching previous proofs in document order, and of the
/// suites' "Verify Proof". The caller has to know that `key` is what `verificationMethod` names, may be used for
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
    verify_proof_with(document, proofs, index, key, Contexts::built_in())
}

/// As [`verify_proof`], with JSON-LD contexts that the caller knows.
///
/// # Errors
///
/// As [`verify_proof`].
pub fn verify_proof_with(
    document: &Value,
    proofs: &[Proof],
    index: usize,
    key: &PublicKey,
    contexts: &Contexts,
) -> Result<(), ProofError> {
    PreparedProof::new((document, proofs, index), contexts, Appended::Allowed).check(key)
}

/// Makes one more proof on `document` (without its `proof` member) with the JCS suite of the signer's key; `terms` are
/// the proof's members except `@context`, `type`, `cryptosuite` and `proofValue`, which this function sets.
///
/// # Errors
///
/// [`SignFailure`] if the signer fails or the document has no canonical form.
pub(crate) fn add_proof(
    document: &Value,
    proofs: &[Proof],
    terms: Map<String, Value>,
    signer: &dyn Signer,
) -> Result<Proof, SignFailure> {
    let suite = Cryptosuite::for_key(signer.public_key().key_type());
    add_proof_of(&suite, (document, proofs), terms, signer, Contexts::built_in())
}

/// As [`add_proof`], with any suite that makes proofs, and with JSON-LD contexts that the caller knows.
///
/// # Errors
///
/// As [`add_proof`]; [`ProofError::UnsupportedSuite`] or [`ProofError::KeyMismatch`] if the suite makes none, or none
/// with this key.
pub(crate) fn add_proof_of(
    suite: &Cryptosuite,
    (document, proofs): (&Value, &[Proof]),
    mut terms: Map<String, Value>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<Proof, SignFailure> {
    // Suites of selective disclosure draw secrets, and have a function of their own.
    let is_old = *suite == Cryptosuite::Ed25519Signature2020;
    if !suite.is_known() || suite.is_selective() || is_old && !has_old_terms(document) {
        let suite = suite.as_str().to_owned();
        return Err(SignFailure::Proof(ProofError::UnsupportedSuite { suite }));
    }
    if !suite.signs_with(signer.key_type()) {
        return Err(SignFailure::Proof(ProofError::KeyMismatch));
    }
    // The document is hashed with its whole `@context` either way. A copy in the proof is what the JCS suites ask for,
    // but other implementations compare such copies by identity, or take strings only, and refuse one with an inline
    // object. The RDFC suites take the document's, always.
    if let Some(context) = document.get("@context").filter(|context| plain_context(context))
        && !suite.is_rdfc()
    {
        terms.insert("@context".to_owned(), context.clone());
    }
    if is_old {
        terms.insert("type".to_owned(), suite.as_str().into());
    } else {
        terms.insert("type".to_owned(), "DataIntegrityProof".into());
        terms.insert("cryptosuite".to_owned(), suite.as_str().into());
    }
    // A value that decodes, so that the same reader judges what is about to be signed.
    terms.insert("proofValue".to_owned(), encoding::multibase58(&[0; 64]).into());
    let draft = Proof::from_value(Value::Object(terms))?;
    let matching = matching_proofs(proofs, &draft.previous_proof);
    if matching.len() != draft.previous_proof.len() {
        return Err(SignFailure::Proof(ProofError::PreviousUnknown));
    }
    let value = if matching.is_empty() {
        suite::sign(document, &draft, signer, contexts)
    } else {
        suite::sign(&with_proofs(document, matching), &draft, signer, contexts)
    };
    let mut signed = draft;
    if let Value::Object(members) = &mut signed.value {
        members.insert("proofValue".to_owned(), value?.into());
    }
    Ok(signed)
}

/// Whether the terms of the old suite are those of its own context: a catch-all would give them another meaning than others do.
fn has_old_terms(document: &Value) -> bool {
    const OLD_TERMS: &str = "https://w3id.org/security/suites/ed25519-2020/v1";
    let named = |context: &Value| context.as_str() == Some(OLD_TERMS);
    document.get("@context").and_then(Value::as_array).is_some_and(|all| all.iter().any(named))
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
