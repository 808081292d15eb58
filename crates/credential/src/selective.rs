//! Showing part of a credential with proofs of selective disclosure: what the issuer signs, what the holder derives.
//!
//! In scope: base credentials, and credentials derived from them, in which claims are left out that nobody can tell were
//! there. With `ecdsa-sd-2023` the issuer's signature is the same in both, so receipts and countersignatures of the one hold
//! for the other; with `bbs-2023` nothing is, so that two presentations cannot be linked. Out of scope: SD-JWT ([`crate::sd_jwt`]), and what to show (the holder).

use std::collections::BTreeSet;

use inkan_core::CryptoRng;
use inkan_crypto::{PublicKey, Signer};
use serde_json::Value;

use crate::error::ParseError;
use crate::model::Credential;
use crate::proof::{self, Holders, Proof, ProofError, SignFailure, Stage};
use crate::rdfc::Contexts;
use crate::sd_primitives::{self, JsonPointer, SelectionError};
use crate::secured::SecuredCredential;
use crate::sign::{ALWAYS_SHOWN, ProofTerms};

/// Puts a base proof (`terms.suite`: `ecdsa-sd-2023` or `bbs-2023`) on a credential of either version, for its holder.
///
/// `mandatory` are JSON pointers to claims that are always shown; to them come those that every verifier needs (issuer,
/// validity, status, schema, terms, `ledgerRecord`). Every term has to be defined by one of `contexts`.
/// For `bbs-2023` neither the credential may have a `ledgerRecord` nor the proof an `id`: they would link what is derived.
/// The secrets that are drawn are in the proof (labels), or forgotten (the proof's key).
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back and verified.
pub fn secure_sd(
    credential: Value,
    mandatory: &[&str],
    (terms, signer): (&ProofTerms<'_>, &dyn Signer),
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::read(credential)?;
    let mut document = credential.value().clone();
    let proof = base_proof(&document, mandatory, (terms, signer), contexts, rng)?;
    if let Value::Object(members) = &mut document {
        members.insert("proof".to_owned(), proof.value().clone());
    }
    SecuredCredential::parse_value(document).map_err(|_| SignFailure::Unreadable)
}

/// As [`secure_sd`], beside the proofs that a credential already has. They verify as before, until the holder leaves
/// claims out.
///
/// # Errors
///
/// [`SignFailure`]: [`SignFailure::FormMismatch`] for a credential in a JWS; a proof of the same id.
pub fn add_proof_sd(
    secured: &SecuredCredential,
    mandatory: &[&str],
    (terms, signer): (&ProofTerms<'_>, &dyn Signer),
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    match secured {
        SecuredCredential::DataIntegrity(_) => {}
        SecuredCredential::Jose(_) | SecuredCredential::SdJwt(_) => {
            return Err(SignFailure::FormMismatch);
        }
    }
    if terms.id.is_some() && secured.proofs().iter().any(|proof| proof.id() == terms.id) {
        return Err(SignFailure::Proof(ProofError::DuplicateId));
    }
    let document = secured.credential().value();
    let proof = base_proof(document, mandatory, (terms, signer), contexts, rng)?;
    secured.with_proof(&proof).map_err(|_| SignFailure::Unreadable)
}

fn base_proof(
    document: &Value,
    mandatory: &[&str],
    (terms, signer): (&ProofTerms<'_>, &dyn Signer),
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<Proof, SignFailure> {
    let mut pointers = JsonPointer::parse_list(mandatory)?;
    for member in ALWAYS_SHOWN {
        let pointer = JsonPointer::parse(&format!("/{member}"))?;
        if document.get(member).is_some() && !pointers.contains(&pointer) {
            pointers.push(pointer);
        }
    }
    let ground = (document, terms.to_members(), pointers.as_slice());
    let proof = proof::add_base_proof(&terms.suite, ground, signer, contexts, rng)?;
    // What is signed can be derived from: labels, indexes and signatures fit the document.
    proof.verify_base(document, &signer.public_key(), contexts)?;
    Ok(proof)
}

/// In [`Disclosure::keep`], in the place of an id: every other proof that can stay, also those without an id. No id is spelt so.
pub const EVERY: &str = "*";

/// What a holder chooses to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disclosure<'a> {
    /// JSON pointers to claims, beside the mandatory ones. A claim brings `id` and `type` of every object it stands in.
    pub pointers: &'a [&'a str],
    /// Ids of other proofs that are to stay, beside the issuer's of selective disclosure; or [`EVERY`].
    pub keep: &'a [&'a str],
    /// At most 4,096 bytes that a proof of `bbs-2023` is bound to, and shows. Other suites take none.
    pub presentation_header: &'a [u8],
}

/// Derives the credential that shows the mandatory claims and the chosen ones.
///
/// The issuer's proof of selective disclosure is derived. Of the other proofs those in `keep` stay: one of selective
/// disclosure is derived too, and shows what it has to; any other fits only if nothing is left out. All others go: [`left_out`] says
/// which.
///
/// Nothing is verified: call [`verify_base`] when the credential comes. `bbs-2023` draws from `rng`, and no two results of it
/// are the same.
///
/// # Errors
///
/// [`DeriveError`]; none is worth a retry.
pub fn derive(
    base: &SecuredCredential,
    disclosure: &Disclosure<'_>,
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, DeriveError> {
    let main = base_of(base)?;
    let kept = kept_proofs(base, main, disclosure.keep)?;
    let document = base.credential().value();
    let mut chosen = JsonPointer::parse_list(disclosure.pointers)?;
    // What one proof has to show stands in the document for all of them.
    for proof in &kept {
        chosen.extend(JsonPointer::parse_list(&proof.mandatory().unwrap_or_default())?);
    }
    let mut shown = sd_primitives::select(document, &chosen)?.ok_or(DeriveError::Nothing)?;
    let whole = shown == *document;
    let presentation_header = disclosure.presentation_header;
    let holders = Holders { chosen: &chosen, presentation_header };
    let mut proofs: Vec<Value> = Vec::with_capacity(kept.len());
    let mut unchanged: Vec<&str> = disclosure.keep.to_vec();
    for proof in kept {
        match proof.derive(document, holders, contexts, rng)? {
            Some(derived) => proofs.push(derived.value().clone()),
            None if whole && predecessors_unchanged(base, proof, &unchanged) => {
                unchanged.extend(proof.id());
                proofs.push(proof.value().clone());
            }
            // Nobody named it.
            None if !proof.id().is_some_and(|id| disclosure.keep.contains(&id)) => {}
            None => {
                let id = proof.id().unwrap_or_default().to_owned();
                return Err(DeriveError::ProofNotKept { id });
            }
        }
    }
    if let Value::Object(members) = &mut shown {
        let proof = match <[Value; 1]>::try_from(proofs) {
            Ok([one]) => one,
            Err(several) => Value::Array(several),
        };
        members.insert("proof".to_owned(), proof);
    }
    Ok(SecuredCredential::parse_value(shown)?)
}

/// The proofs of `base` of which nothing is on `shown`, which was derived of it: what those who made them said goes unseen.
#[must_use]
pub fn left_out<'a>(base: &'a SecuredCredential, shown: &SecuredCredential) -> Vec<&'a Proof> {
    let same = |one: &Proof, other: &Proof| {
        (one.id(), one.verification_method(), one.cryptosuite())
            == (other.id(), other.verification_method(), other.cryptosuite())
    };
    let stays = |proof: &&Proof| shown.proofs().iter().any(|shown| same(shown, proof));
    base.proofs().iter().filter(|proof| !stays(proof)).collect()
}

/// The JSON pointers to claims that a base credential always shows, in the issuer's order.
///
/// # Errors
///
/// [`DeriveError::NoBaseProof`] or [`DeriveError::AlreadyDerived`].
pub fn mandatory(base: &SecuredCredential) -> Result<Vec<String>, DeriveError> {
    base_of(base)?.mandatory().ok_or(DeriveError::NoBaseProof)
}

/// The JSON pointers to the single values that the holder of a base credential may show or leave out, in the order of the
/// document as it is kept in memory. Several can be chosen at once by a pointer to what they stand in.
///
/// # Errors
///
/// As [`mandatory`].
pub fn choices(base: &SecuredCredential) -> Result<Vec<String>, DeriveError> {
    let mandatory = JsonPointer::parse_list(&mandatory(base)?)?;
    let values = sd_primitives::single_values(base.credential().value(), &mandatory);
    Ok(values.iter().map(ToString::to_string).collect())
}

/// Whether the issuer's proof is one for the holder, from which others are derived.
#[must_use]
pub fn is_base(credential: &SecuredCredential) -> bool {
    base_of(credential).is_ok()
}

/// Checks a base credential, as its holder does on getting it: the issuer's signature and that of every statement.
///
/// # Errors
///
/// [`ProofError`]; [`ProofError::Missing`] if it has no base proof, [`ProofError::DerivedProof`] if it is derived.
pub fn verify_base(
    base: &SecuredCredential,
    key: &PublicKey,
    contexts: &Contexts,
) -> Result<(), ProofError> {
    let proof = match base_of(base) {
        Ok(proof) => proof,
        Err(DeriveError::AlreadyDerived) => return Err(ProofError::DerivedProof),
        Err(_) => return Err(ProofError::Missing),
    };
    proof.verify_base(base.credential().value(), key, contexts)
}

/// The issuer's base proof.
fn base_of(credential: &SecuredCredential) -> Result<&Proof, DeriveError> {
    let proof = credential.issuer_proof().ok_or(DeriveError::NoBaseProof)?;
    match proof.stage() {
        Some(Stage::Base) => Ok(proof),
        Some(Stage::Derived) => Err(DeriveError::AlreadyDerived),
        None => Err(DeriveError::NoBaseProof),
    }
}

/// `main` and the proofs that are named, in the order they have on the document.
fn kept_proofs<'a>(
    base: &'a SecuredCredential,
    main: &Proof,
    keep: &[&str],
) -> Result<Vec<&'a Proof>, DeriveError> {
    let known: BTreeSet<&str> = base.proofs().iter().filter_map(Proof::id).collect();
    if let Some(missing) = keep.iter().find(|id| **id != EVERY && !known.contains(*id)) {
        return Err(DeriveError::ProofNotKept { id: (*missing).to_owned() });
    }
    let stays = |proof: &&Proof| {
        let named = proof.id().is_some_and(|id| keep.contains(&id));
        std::ptr::eq(*proof, main) || named || keep.contains(&EVERY)
    };
    Ok(base.proofs().iter().filter(stays).collect())
}

/// Whether all proofs that `proof` covers are among those that stay as they are; those of selective disclosure become others.
fn predecessors_unchanged(base: &SecuredCredential, proof: &Proof, unchanged: &[&str]) -> bool {
    proof.previous_proof().iter().all(|id| {
        let mut proofs = base.proofs().iter();
        let previous = proofs.find(|previous| previous.id() == Some(id));
        unchanged.contains(&id.as_str())
            && previous.is_some_and(|previous| previous.stage().is_none())
    })
}

/// Why nothing was derived. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DeriveError {
    /// The issuer's proof is not one of selective disclosure.
    #[error("issuer's proof does not allow to leave claims out")]
    NoBaseProof,
    /// The credential is already derived; only the base credential can be.
    #[error("credential is already derived from another, which is needed here")]
    AlreadyDerived,
    /// No claim is mandatory and none was chosen.
    #[error("no claim is shown")]
    Nothing,
    /// A proof that is to stay is not there, or covers what is not shown.
    #[error("proof {id:?} cannot stay: it is not there, or covers what is left out")]
    ProofNotKept {
        /// Its id.
        id: String,
    },
    /// A pointer leads nowhere, or the selection cannot be told from the rest.
    #[error("claims cannot be selected")]
    Selection(#[from] SelectionError),
    /// What is shown is no credential: it has no subject, for instance.
    #[error("what is shown would be no credential")]
    Result(#[from] ParseError),
}

impl DeriveError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoBaseProof => "disclosure-no-base-proof",
            Self::AlreadyDerived => "disclosure-already-derived",
            Self::Nothing => "disclosure-nothing",
            Self::ProofNotKept { .. } => "disclosure-proof-not-kept",
            Self::Selection(error) => error.code(),
            Self::Result(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
