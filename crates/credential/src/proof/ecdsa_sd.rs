//! `ecdsa-sd-2023`: ECDSA on P-256 over every statement alone, so that a holder may leave statements out
//! ([vc-di-ecdsa §3.5 and §3.6](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-sd-2023)).
//!
//! In scope: base proofs (the issuer's, for the holder alone), proofs derived from them, and what a verifier checks of
//! those. Out of scope: which statements a pointer selects (`sd_primitives`), and other proofs beside (`selective`).

mod value;

use inkan_core::{CryptoRng, Digest, SecretBytes};
use inkan_crypto::{KeyType, PublicKey, SecretKey, Signer};
use serde_json::Value;

use super::selective::{hash_of, proof_hash};
use super::{Proof, ProofError, SignFailure};
use crate::rdfc::Contexts;
use crate::sd_primitives::{
    self, JsonPointer, LABEL_KEY_LENGTH, Labels, SelectionError, relative_indexes,
};

pub(super) use self::value::{BaseValue, DerivedValue, ProofValue};

/// What is drawn for one base proof.
pub(super) struct Secrets {
    /// Signs the statements; forgotten as soon as they are.
    pub(super) proof_key: SecretKey,
    /// Makes the labels of blank nodes; the holder gets it.
    pub(super) label_key: SecretBytes,
}

impl Secrets {
    pub(super) fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut label_key = vec![0; LABEL_KEY_LENGTH];
        rng.fill(&mut label_key);
        let label_key = SecretBytes::new(label_key);
        Self { proof_key: SecretKey::generate(KeyType::P256, rng), label_key }
    }
}

/// Makes the value of a base proof (§3.5.1 to §3.5.5). `config` is the proof without its value; the key fits the suite.
pub(super) fn sign(
    (document, config): (&Value, &Value),
    mandatory: &[JsonPointer],
    signer: &dyn Signer,
    contexts: &Contexts,
    secrets: Secrets,
) -> Result<BaseValue, SignFailure> {
    let Secrets { proof_key, label_key } = secrets;
    let labels = Labels::Hmac(&label_key);
    let grouped = sd_primitives::canonicalize_and_group(document, contexts, &labels, [mandatory])?;
    let [group] = &grouped.groups;
    let public = proof_key.public_key();
    let data = SignedData {
        proof_hash: proof_hash(document, config, contexts)?,
        proof_key: &public,
        mandatory_hash: hash_of(group.matching.values()),
    };
    let signature = signature_of(signer, &data.to_bytes())?;
    let statements = group.non_matching.values();
    let signatures: Vec<[u8; 64]> = statements
        .map(|line| signature_of(&proof_key, line.as_bytes()))
        .collect::<Result<_, _>>()?;
    if signatures.len() > value::STATEMENTS {
        return Err(SignFailure::Proof(ProofError::TooManyStatements { limit: value::STATEMENTS }));
    }
    let mandatory = mandatory.iter().map(ToString::to_string).collect();
    Ok(BaseValue { signature, proof_key: public, label_key, signatures, mandatory })
}

/// Makes a derived proof over `document` ready to be checked (§3.6.7).
pub(super) fn prepare(
    document: &Value,
    proof: &Proof,
    contexts: &Contexts,
) -> Result<Ready, ProofError> {
    let derived = match ProofValue::of(proof)? {
        ProofValue::Base(_) => return Err(ProofError::BaseProof),
        ProofValue::Derived(derived) => derived,
    };
    let labels = Labels::Given(&derived.labels);
    let nquads = sd_primitives::canonicalize(document, contexts, &labels)?;
    let (mandatory, chosen) =
        sd_primitives::divide(nquads, &derived.mandatory).ok_or(ProofError::Invalid)?;
    let data = SignedData {
        proof_hash: proof_hash(document, proof.value(), contexts)?,
        proof_key: &derived.proof_key,
        mandatory_hash: hash_of(&mandatory),
    };
    Ok(Ready {
        data: data.to_bytes(),
        signature: derived.signature,
        proof_key: derived.proof_key,
        statements: chosen,
        signatures: derived.signatures,
    })
}

/// Checks a base proof, as a holder does who got it: the issuer's signature, and that of every statement.
pub(super) fn verify_base(
    document: &Value,
    proof: &Proof,
    key: &PublicKey,
    contexts: &Contexts,
) -> Result<(), ProofError> {
    let base = match ProofValue::of(proof)? {
        ProofValue::Base(base) => base,
        ProofValue::Derived(_) => return Err(ProofError::DerivedProof),
    };
    let pointers = JsonPointer::parse_list(&base.mandatory)?;
    let labels = Labels::Hmac(&base.label_key);
    let grouped = sd_primitives::canonicalize_and_group(document, contexts, &labels, [&pointers])?;
    let [group] = grouped.groups;
    let data = SignedData {
        proof_hash: proof_hash(document, proof.value(), contexts)?,
        proof_key: &base.proof_key,
        mandatory_hash: hash_of(group.matching.values()),
    };
    let ready = Ready {
        data: data.to_bytes(),
        signature: base.signature,
        proof_key: base.proof_key,
        statements: group.non_matching.into_values().collect(),
        signatures: base.signatures,
    };
    ready.check(key)
}

/// The value of the proof that shows the mandatory statements and those that `chosen` selects (§3.5.6 and §3.5.7).
///
/// Nothing is verified: the holder did that when the base proof came.
pub(super) fn derive(
    document: &Value,
    base: &BaseValue,
    chosen: &[JsonPointer],
    contexts: &Contexts,
) -> Result<DerivedValue, SelectionError> {
    let mandatory = JsonPointer::parse_list(&base.mandatory)?;
    let combined: Vec<JsonPointer> = mandatory.iter().chain(chosen).cloned().collect();
    let grouped = sd_primitives::canonicalize_and_group(
        document,
        contexts,
        &Labels::Hmac(&base.label_key),
        [&mandatory, &combined],
    )?;
    let [mandatory, combined] = &grouped.groups;
    // The issuer signed the statements that are not mandatory, in their order.
    if mandatory.non_matching.len() != base.signatures.len() {
        return Err(SelectionError::Labels);
    }
    let statements = mandatory.non_matching.keys().zip(&base.signatures);
    let signatures = statements
        .filter(|(index, _)| combined.matching.contains_key(index))
        .map(|(_, signature)| *signature)
        .collect();
    Ok(DerivedValue {
        signature: base.signature,
        proof_key: base.proof_key.clone(),
        signatures,
        labels: grouped.verifier_labels(combined)?,
        mandatory: relative_indexes(&combined.indexes(), &mandatory.indexes()),
    })
}

/// What the issuer's signature covers (§3.5.2).
struct SignedData<'a> {
    proof_hash: Digest,
    proof_key: &'a PublicKey,
    mandatory_hash: Digest,
}

impl SignedData<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        let key = value::key_bytes(self.proof_key);
        [self.proof_hash.as_bytes(), &key[..], self.mandatory_hash.as_bytes()].concat()
    }
}

/// A proof in canonical form: what the issuer signed, and the statements that are signed one by one.
#[derive(Debug)]
pub(super) struct Ready {
    data: Vec<u8>,
    signature: [u8; 64],
    proof_key: PublicKey,
    statements: Vec<String>,
    signatures: Vec<[u8; 64]>,
}

impl Ready {
    /// The issuer's signature first: nobody's statements are looked at without it. The key fits the suite.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), ProofError> {
        let Self { data, signature, proof_key, statements, signatures } = self;
        if statements.len() != signatures.len() {
            return Err(ProofError::Invalid);
        }
        key.verify(data, signature).map_err(|_| ProofError::Invalid)?;
        statements.iter().zip(signatures).try_for_each(|(line, signature)| {
            proof_key.verify(line.as_bytes(), signature).map_err(|_| ProofError::Invalid)
        })
    }
}

fn signature_of(signer: &dyn Signer, message: &[u8]) -> Result<[u8; 64], SignFailure> {
    let signature = signer.sign(message)?;
    signature.try_into().map_err(|_| SignFailure::Proof(ProofError::KeyMismatch))
}

#[cfg(test)]
mod tests;
