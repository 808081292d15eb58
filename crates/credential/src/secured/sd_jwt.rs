//! A W3C credential in an SD-JWT: `vc+sd-jwt` without `vct`
//! ([VC-JOSE-COSE §3.2](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-sd-jwt)).
//!
//! In scope: reading, deriving, and the credential that its holder presents with a key binding. Out of scope: the format
//! itself (`crate::sd_jwt`).

use inkan_core::json;

use super::{SecuredCredential, json_issuer};
use crate::envelope::{self, Envelope, Times};
use crate::error::ParseError;
use crate::model::Credential;
use crate::sd_jwt::{ClaimPath, DeriveError, SdJwt};

/// A credential that is the payload of an SD-JWT.
#[derive(Clone, Debug)]
pub struct SdJwtCredential {
    pub(super) sd_jwt: Box<SdJwt>,
    pub(super) credential: Credential,
    pub(super) method: String,
    pub(super) times: Times,
}

impl SdJwtCredential {
    /// Reads an SD-JWT without key binding.
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        let opened = envelope::open_sd_jwt(text, Envelope::Credential)?;
        let payload = opened.payload;
        envelope::check_claim(&payload, "iss", json_issuer(&payload))?;
        // What the holder keeps back contradicts nothing.
        if let Some(id) = json::text(&payload, "id") {
            envelope::check_claim(&payload, "jti", Some(id))?;
        }
        let credential = Credential::from_value(payload)?;
        if let Some(subject) = credential.subject_id() {
            envelope::check_claim(credential.value(), "sub", Some(subject))?;
        }
        let method = envelope::key_url(opened.sd_jwt.jws(), Some(credential.issuer()))?;
        Ok(Self { sd_jwt: Box::new(opened.sd_jwt), credential, method, times: opened.times })
    }
}

impl SecuredCredential {
    /// Reads a credential in SD-JWT form that its holder presents, with the key binding if there is one.
    ///
    /// The second result is the SD-JWT with its key binding, for [`SdJwt::verify_key_binding`]: a verifier that is given
    /// one has to check it. [`Self::parse`] refuses a credential with a key binding, so that none goes unnoticed.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_presented(text: &str) -> Result<(Self, Option<SdJwt>), ParseError> {
        let presented = SdJwt::parse(text)?;
        let credential = Self::parse_compact(presented.shown())?;
        Ok((credential, presented.key_binding().is_some().then_some(presented)))
    }

    /// The SD-JWT; none for other formats.
    #[must_use]
    pub fn sd_jwt(&self) -> Option<&SdJwt> {
        match self {
            Self::SdJwt(inner) => Some(&inner.sd_jwt),
            Self::DataIntegrity(_) | Self::Jose(_) => None,
        }
    }

    /// Whether all that the issuer signed can be read here: nothing is kept back by the holder, and there are no decoys.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        match self.sd_jwt() {
            Some(sd_jwt) => sd_jwt.concealed() == 0,
            None => true,
        }
    }

    /// The credential with `chosen` claims and those that are always shown; see [`SdJwt::derive`].
    ///
    /// The issuer's signature and [`Self::issuance_digest`] stay what they are.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Derive`], [`DisclosureError::Format`] if the format has no selective disclosure,
    /// [`DisclosureError::Unreadable`] if what is left is no credential, for instance because it says nothing.
    pub fn disclose(&self, chosen: &[ClaimPath]) -> Result<Self, DisclosureError> {
        let sd_jwt = self.sd_jwt().ok_or(DisclosureError::Format)?;
        Ok(Self::parse_compact(sd_jwt.derive(chosen)?.shown())?)
    }
}

/// Why nothing was derived from a credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DisclosureError {
    /// The claims are not found, or the SD-JWT cannot be derived from.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// Credentials of this format are shown whole or not at all.
    #[error("credentials of this format are shown whole or not at all")]
    Format,
    /// What is left is not a credential.
    #[error("what would be shown is not a credential")]
    Unreadable(#[from] ParseError),
}

impl DisclosureError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Derive(error) => error.code(),
            Self::Format => "disclosure-format-unsupported",
            Self::Unreadable(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
