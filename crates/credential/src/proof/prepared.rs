//! A proof that can be tried against several keys: what it covers is brought into its canonical form once.

use std::cell::OnceCell;

use inkan_crypto::jws::Jws;
use inkan_crypto::{KeyType, PublicKey};
use serde_json::Value;

use super::suite::{self, Ready};
use super::{Cryptosuite, Proof, ProofError, matching_proofs, with_proofs};
use crate::cose::Sign1;
use crate::rdfc::Contexts;
use crate::secured::{verify_cose, verify_jws};

/// One proof, and what it covers. The canonical form is made when the first key is tried, and kept for the others: each of them
/// costs a signature check.
#[derive(Debug)]
pub struct PreparedProof<'a> {
    source: Source<'a>,
    /// By the hash that goes with the key: SHA-256, SHA-384.
    ready: [OnceCell<Result<Ready, ProofError>>; 2],
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Embedded {
        document: &'a Value,
        proofs: &'a [Proof],
        index: usize,
        contexts: &'a Contexts,
        appended: Appended,
    },
    Jws(&'a Jws),
    Cose(&'a Sign1),
}

/// Whether contexts may stand in the document after those that were signed.
///
/// The suites let anybody append contexts, so that others can add proofs with terms of their own; in a credential that
/// would be something unsigned which readers of JSON-LD obey.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Appended {
    Allowed,
    Refused,
}

impl<'a> PreparedProof<'a> {
    pub(super) const fn new(
        (document, proofs, index): (&'a Value, &'a [Proof], usize),
        contexts: &'a Contexts,
        appended: Appended,
    ) -> Self {
        Self::of(Source::Embedded { document, proofs, index, contexts, appended })
    }

    /// Proof number `index` of a credential or presentation, whose `@context` must be the one that was signed.
    pub(crate) const fn whole(
        document: &'a Value,
        proofs: &'a [Proof],
        index: usize,
        contexts: &'a Contexts,
    ) -> Self {
        Self::new((document, proofs, index), contexts, Appended::Refused)
    }

    /// A JWS around what it covers.
    pub(crate) const fn jws(jws: &'a Jws) -> Self {
        Self::of(Source::Jws(jws))
    }

    /// A COSE message around what it covers.
    pub(crate) const fn cose(message: &'a Sign1) -> Self {
        Self::of(Source::Cose(message))
    }

    const fn of(source: Source<'a>) -> Self {
        Self { source, ready: [const { OnceCell::new() }; 2] }
    }

    /// Checks the proof against `key`. Whose key it is, and what it may do, is for the caller to know.
    ///
    /// # Errors
    ///
    /// [`ProofError::UnsupportedSuite`] if nothing can be said; otherwise what does not hold.
    pub fn check(&self, key: &PublicKey) -> Result<(), ProofError> {
        let (document, proofs, index, contexts, appended) = match self.source {
            Source::Jws(jws) => return verify_jws(jws, key),
            Source::Cose(message) => return verify_cose(message, key),
            Source::Embedded { document, proofs, index, contexts, appended } => {
                (document, proofs, index, contexts, appended)
            }
        };
        let proof = proofs.get(index).ok_or(ProofError::Missing)?;
        if let Cryptosuite::Unknown(name) = &proof.cryptosuite {
            return Err(ProofError::UnsupportedSuite { suite: name.clone() });
        }
        if !proof.cryptosuite.signs_with(key.key_type()) {
            return Err(ProofError::KeyMismatch);
        }
        let [sha256, sha384] = &self.ready;
        let ready = match key.key_type() {
            KeyType::Ed25519 | KeyType::P256 | KeyType::Bls12381G2 => sha256,
            KeyType::P384 | KeyType::P521 => sha384,
        };
        let ready = ready.get_or_init(|| {
            let matching = matching_proofs(proofs, &proof.previous_proof);
            if matching.is_empty() {
                suite::prepare(document, proof, key.key_type(), contexts)
            } else {
                suite::prepare(&with_proofs(document, matching), proof, key.key_type(), contexts)
            }
        });
        ready.as_ref().map_err(Clone::clone)?.check(key)?;
        match proof.value.get("@context") {
            Some(signed)
                if appended == Appended::Refused && document.get("@context") != Some(signed) =>
            {
                Err(ProofError::ContextMismatch)
            }
            _ => Ok(()),
        }
    }
}
