//! A registry's signed answer: the snapshot, or what it says of one party, under a key that the user configured (assurance §5, P7).
//!
//! In scope: a compact JWS `typ: inkan-registry+jws` whose payload is an `inkan-registry/1`. Out of scope: how it is fetched.

use inkan_core::limits;
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;

use super::{Registry, RegistryError};

/// The media type of an answer.
const ANSWER_TYPE: &str = "inkan-registry+jws";

/// What was asked, of whom, and what is known already.
#[derive(Clone, Copy, Debug)]
pub struct AnswerTerms<'a> {
    /// Identifier of the registry.
    pub registry: &'a str,
    /// The one party that was asked about; `None` for the whole snapshot.
    pub party: Option<&'a str>,
    /// Keys of the registry, as the user configured them.
    pub keys: &'a [PublicKey],
    /// The newest snapshot that was accepted so far: its sequence never goes back.
    pub newest: Option<u64>,
}

impl Registry {
    /// Reads a signed answer.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Answer`] if it is not signed by a key of the registry, is by another registry, about another party, or older than what was
    /// accepted before; otherwise as [`Registry::parse`].
    pub fn from_answer(text: &str, asked: &AnswerTerms<'_>) -> Result<Self, RegistryError> {
        let refuse = |why| RegistryError::Answer { why };
        let jws = Jws::parse(text, limits::JWS).map_err(|_| refuse("is no signature"))?;
        if jws.typ() != Some(ANSWER_TYPE) {
            return Err(refuse("is of another type"));
        }
        if !asked.keys.iter().any(|key| jws.verify(key).is_ok()) {
            return Err(refuse("is not signed by a key of the registry"));
        }
        let registry = Self::parse(jws.payload())?;
        if registry.id() != asked.registry {
            return Err(refuse("is another registry's"));
        }
        let about = |party| registry.entries().iter().all(|entry| entry.id() == party);
        if asked.party.is_some_and(|party| !about(party)) {
            return Err(refuse("is about another party"));
        }
        if asked.newest.is_some_and(|newest| registry.sequence() < newest) {
            return Err(refuse("is older than one that was accepted"));
        }
        Ok(registry)
    }
}
