//! `bbs-2023`: one BBS signature over all statements, of which a holder proves to have some, so that nobody can tell two such
//! proofs to be from one credential ([vc-di-bbs §3.4](https://www.w3.org/TR/2024/CR-vc-di-bbs-20240404/#bbs-2023)).
//!
//! In scope: the feature "baseline": base proofs (the issuer's, for the holder alone), proofs derived from them, and what a
//! verifier checks of those. The others (holder binding, pseudonyms) rest on unfinished drafts and are refused by name.
//! Out of scope: which statements a pointer selects (`sd_primitives`), and other proofs beside (`selective`).
//!
//! What is shown still links: an identifier, an index in a status list, a rare set of claims. So does the whole of what
//! is mandatory.

mod value;

use std::collections::BTreeSet;

use inkan_core::{CryptoRng, Digest, SecretBytes};
use inkan_crypto::{BbsError, KeyType, PublicKey, Signer, bbs};
use serde_json::Value;

use super::selective::{Holders, hash_of, proof_hash};
use super::{Proof, ProofError, SignFailure};
use crate::rdfc::Contexts;
use crate::sd_primitives::{self, JsonPointer, Labels, SelectionError, relative_indexes};

pub(super) use self::value::{BaseValue, DerivedValue, ProofValue};

/// Makes the value of a base proof (§3.4.1 to §3.4.5). `config` is the proof without its value; the key fits the suite.
pub(super) fn sign(
    (document, config): (&Value, &Value),
    mandatory: &[JsonPointer],
    signer: &dyn Signer,
    contexts: &Contexts,
    label_key: SecretBytes,
) -> Result<BaseValue, SignFailure> {
    let labels = Labels::Shuffled(&label_key);
    let grouped = sd_primitives::canonicalize_and_group(document, contexts, &labels, [mandatory])?;
    let [group] = &grouped.groups;
    let header = header_of((document, config), group.matching.values(), contexts)?;
    let messages: Vec<&[u8]> = group.non_matching.values().map(|line| line.as_bytes()).collect();
    if messages.len() > bbs::MESSAGE_LIMIT {
        return Err(SignFailure::Proof(ProofError::TooManyStatements {
            limit: bbs::MESSAGE_LIMIT,
        }));
    }
    let signature = signer.sign_messages(&header, &messages)?;
    let unfit = |_| SignFailure::Proof(ProofError::KeyMismatch);
    Ok(BaseValue {
        signature: signature.try_into().map_err(unfit)?,
        header,
        public_key: signer.public_key().raw().try_into().map_err(unfit)?,
        mandatory: mandatory.iter().map(ToString::to_string).collect(),
        label_key,
    })
}

/// A derived proof in canonical form: what the issuer signed, as far as it is shown.
#[derive(Debug)]
pub(super) struct Ready {
    header: [u8; 64],
    derived: DerivedValue,
    /// The statements that are shown beside the mandatory ones.
    chosen: Vec<String>,
}

impl Ready {
    /// The key fits the suite.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), ProofError> {
        let Self { header, derived, chosen } = self;
        let chosen = chosen.iter().map(|line| line.as_bytes());
        let disclosed: Vec<(usize, &[u8])> =
            derived.selective.iter().copied().zip(chosen).collect();
        let headers = bbs::Headers { header, presentation_header: &derived.presentation_header };
        bbs::verify_proof(key, &derived.proof, headers, &disclosed).map_err(|_| ProofError::Invalid)
    }
}

/// Makes a derived proof over `document` ready to be checked (§3.4.7).
pub(super) fn prepare(
    document: &Value,
    proof: &Proof,
    contexts: &Contexts,
) -> Result<Ready, ProofError> {
    let derived = match ProofValue::of(proof)? {
        ProofValue::Base(_) => return Err(ProofError::BaseProof),
        ProofValue::Other(feature) => return Err(unsupported(feature)),
        ProofValue::Derived(derived) => derived,
    };
    let labels = Labels::Given(&derived.labels);
    let nquads = sd_primitives::canonicalize(document, contexts, &labels)?;
    let (mandatory, chosen) =
        sd_primitives::divide(nquads, &derived.mandatory).ok_or(ProofError::Invalid)?;
    if chosen.len() != derived.selective.len() {
        return Err(ProofError::Invalid);
    }
    let header = header_of((document, proof.value()), &mandatory, contexts)?;
    Ok(Ready { header, derived, chosen })
}

/// Checks a base proof, as a holder does who got it: what it says of itself, and the signature over every statement.
pub(super) fn verify_base(
    document: &Value,
    proof: &Proof,
    key: &PublicKey,
    contexts: &Contexts,
) -> Result<(), ProofError> {
    let base = match ProofValue::of(proof)? {
        ProofValue::Base(base) => base,
        ProofValue::Other(feature) => return Err(unsupported(feature)),
        ProofValue::Derived(_) => return Err(ProofError::DerivedProof),
    };
    let pointers = JsonPointer::parse_list(&base.mandatory)?;
    let labels = Labels::Shuffled(&base.label_key);
    let grouped = sd_primitives::canonicalize_and_group(document, contexts, &labels, [&pointers])?;
    let [group] = &grouped.groups;
    let header = header_of((document, proof.value()), group.matching.values(), contexts)?;
    // A derived proof would be made with these, and not verify.
    if header != base.header || key.raw() != base.public_key {
        return Err(ProofError::Invalid);
    }
    let messages: Vec<&[u8]> = group.non_matching.values().map(|line| line.as_bytes()).collect();
    bbs::verify(key, &base.signature, &header, &messages).map_err(|_| ProofError::Invalid)
}

/// The value of the proof that shows the mandatory statements and those that `chosen` selects (§3.4.6).
///
/// Nothing is verified: the holder did that when the base proof came.
pub(super) fn derive(
    document: &Value,
    base: &BaseValue,
    Holders { chosen, presentation_header }: Holders<'_>,
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<DerivedValue, SelectionError> {
    let mandatory = JsonPointer::parse_list(&base.mandatory)?;
    let combined: Vec<JsonPointer> = mandatory.iter().chain(chosen).cloned().collect();
    let labels = Labels::Shuffled(&base.label_key);
    let lists = [mandatory.as_slice(), combined.as_slice()];
    let grouped = sd_primitives::canonicalize_and_group(document, contexts, &labels, lists)?;
    let [mandatory, combined] = &grouped.groups;
    // A statement that is mandatory and chosen stands among the mandatory ones alone.
    let hideable: BTreeSet<usize> = mandatory.non_matching.keys().copied().collect();
    let selective = relative_indexes(&hideable, &combined.indexes());
    let messages: Vec<&[u8]> =
        mandatory.non_matching.values().map(|line| line.as_bytes()).collect();
    let key = PublicKey::from_raw(KeyType::Bls12381G2, &base.public_key)
        .map_err(|_| SelectionError::Bbs(BbsError::KeyType))?;
    let headers = bbs::Headers { header: &base.header, presentation_header };
    let proof = bbs::prove((&key, &base.signature), headers, &messages, &selective, rng)
        .map_err(SelectionError::Bbs)?;
    Ok(DerivedValue {
        proof,
        labels: grouped.verifier_labels(combined)?,
        mandatory: relative_indexes(&combined.indexes(), &mandatory.indexes()),
        selective,
        presentation_header: presentation_header.to_vec(),
    })
}

/// `bbsHeader`: the hash of the proof's other members, then that of the mandatory statements.
fn header_of<'a>(
    (document, proof): (&Value, &Value),
    mandatory: impl IntoIterator<Item = &'a String>,
    contexts: &Contexts,
) -> Result<[u8; 64], ProofError> {
    let hashes = [proof_hash(document, proof, contexts)?, hash_of(mandatory)];
    let mut out = [0; 64];
    for (to, from) in out.iter_mut().zip(hashes.iter().flat_map(Digest::as_bytes)) {
        *to = *from;
    }
    Ok(out)
}

/// A proof with a feature that is not spoken here.
fn unsupported(feature: &str) -> ProofError {
    ProofError::UnsupportedSuite { suite: format!("bbs-2023 with {feature}") }
}

#[cfg(test)]
mod tests;
