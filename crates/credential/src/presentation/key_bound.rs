//! A credential in an SD-JWT that its holder presents with a key binding and nothing around it
//! ([RFC 9901 §4.3](https://www.rfc-editor.org/rfc/rfc9901#section-4.3)).
//!
//! In scope: reading one as a presentation of one credential. Out of scope: which key is the holder's; the issuer says so
//! in `cnf`, and whoever verifies has to resolve what it names.

use inkan_core::json;
use inkan_crypto::PublicKey;
use serde_json::Value;

use super::{Form, Presentation, PresentationProofError};
use crate::envelope::{self, Envelope};
use crate::error::ParseError;
use crate::proof::ProofError;
use crate::sd_jwt::{KeyBinding, KeyBindingError, SdJwt, SdJwtError};
use crate::secured::SecuredCredential;

impl Presentation {
    /// Reads `JWT~disclosure~…~KB-JWT`.
    pub(super) fn parse_key_bound(text: &str) -> Result<Self, ParseError> {
        let (credential, presented) = SecuredCredential::parse_presented(text)?;
        let missing = || ParseError::from(SdJwtError::KeyBinding(KeyBindingError::Missing));
        let presented = presented.ok_or_else(missing)?;
        let binding = presented.key_binding().ok_or_else(missing)?;
        Ok(Self {
            holder: credential.credential().subject_id().unwrap_or_default().to_owned(),
            method: String::new(),
            certificates: Vec::new(),
            nonce: Some(binding.nonce().to_owned()),
            audience: vec![binding.audience().to_owned()],
            created: Some(binding.issued_at()),
            not_before: None,
            expires: None,
            value: credential.credential().value().clone(),
            credentials: vec![credential],
            form: Form::KeyBound { presented: Box::new(presented) },
        })
    }

    /// The SD-JWT with the key binding, if that is what presents the credential; then
    /// [`SdJwt::verify_key_binding`] checks it, with the key that [`SdJwt::confirmation`] names.
    #[must_use]
    pub fn key_bound(&self) -> Option<&SdJwt> {
        match &self.form {
            Form::KeyBound { presented } => Some(presented),
            Form::DataIntegrity { .. }
            | Form::Jose { .. }
            | Form::SdJwt { .. }
            | Form::Cose { .. } => None,
        }
    }
}

/// Whether `value` carries a credential with a key binding.
pub(super) fn is_one(value: &Value) -> bool {
    Envelope::Credential.matches(value)
        && json::text(value, "id").is_some_and(envelope::is_key_bound)
}

/// The signature of the key binding, and that it is over what is shown here.
pub(super) fn verify(presented: &SdJwt, key: &PublicKey) -> Result<(), PresentationProofError> {
    let binding = presented.key_binding().ok_or(PresentationProofError::Invalid)?;
    if binding.jws().alg() != key.algorithm() {
        return Err(PresentationProofError::Proof(ProofError::KeyMismatch));
    }
    let holds = KeyBinding::is_over(binding, presented) && binding.jws().verify(key).is_ok();
    if holds { Ok(()) } else { Err(PresentationProofError::Invalid) }
}
