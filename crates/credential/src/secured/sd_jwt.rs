//! A credential in an SD-JWT: a W3C credential, `vc+sd-jwt` without `vct`
//! ([VC-JOSE-COSE §3.2](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-sd-jwt)), or an SD-JWT VC, `dc+sd-jwt`.
//!
//! In scope: reading, deriving, and the credential that its holder presents with a key binding. Out of scope: the format
//! itself (`crate::sd_jwt`).

mod view;

use inkan_core::json;

use super::{SecuredCredential, json_issuer};
use crate::envelope::{self, Envelope, Times};
use crate::error::ParseError;
use crate::model::{Credential, check_nested};
use crate::proof::{Proof, Stage};
use crate::sd_jwt::{ClaimPath, DeriveError, SdJwt};
use crate::sd_jwt_vc::{IssuerKey, SdJwtVc};
use crate::sign::check_credential_shown;

/// A credential that is the payload of an SD-JWT.
#[derive(Clone, Debug)]
pub struct SdJwtCredential {
    kind: Kind,
    pub(super) credential: Credential,
    pub(super) method: String,
    pub(super) times: Times,
}

/// What the payload is.
#[derive(Clone, Debug)]
enum Kind {
    /// A W3C credential.
    Vcdm(Box<SdJwt>),
    /// The claims of an SD-JWT VC.
    Claims(Box<SdJwtVc>),
}

impl SdJwtCredential {
    /// Reads an SD-JWT without key binding: a W3C credential, or an SD-JWT VC.
    pub(super) fn parse(text: &str) -> Result<Self, ParseError> {
        let sd_jwt = SdJwt::parse(text)?;
        if envelope::is_sd_jwt_vc(&sd_jwt) {
            return Self::from_claims(sd_jwt);
        }
        let opened = envelope::open_parsed(sd_jwt, Envelope::Credential)?;
        // Where one could have been kept back, nobody could tell "not shown" from "not there".
        check_credential_shown(&opened.sd_jwt)?;
        let payload = opened.sd_jwt.shared_payload();
        envelope::check_claim(&payload, "iss", json_issuer(&payload))?;
        // What the holder keeps back contradicts nothing.
        if let Some(id) = json::text(&payload, "id") {
            envelope::check_claim(&payload, "jti", Some(id))?;
        }
        let credential = Credential::from_shared(payload)?.with_status_claim();
        check_nested(credential.value())?;
        if let Some(subject) = credential.subject_id() {
            envelope::check_claim(credential.value(), "sub", Some(subject))?;
        }
        let method = envelope::key_url(opened.sd_jwt.jws(), Some(credential.issuer()))?;
        let kind = Kind::Vcdm(Box::new(opened.sd_jwt));
        Ok(Self { kind, credential, method, times: opened.times })
    }

    /// Takes an SD-JWT VC without key binding.
    fn from_claims(sd_jwt: SdJwt) -> Result<Self, ParseError> {
        envelope::refuse_key_binding(&sd_jwt)?;
        let vc = SdJwtVc::from_sd_jwt(sd_jwt)?;
        let method = match vc.issuer_key() {
            IssuerKey::Did { method, .. } => method.clone(),
            key @ IssuerKey::Metadata { kid: Some(kid), .. } if key.did_at_url().is_some() => {
                kid.clone()
            }
            IssuerKey::Certificates(_) | IssuerKey::Metadata { .. } | IssuerKey::Unsaid => {
                String::new()
            }
        };
        let times =
            Times { issued: vc.issued_at(), not_before: vc.not_before(), expires: vc.expires() };
        let credential = view::of(&vc)?;
        Ok(Self { kind: Kind::Claims(Box::new(vc)), credential, method, times })
    }

    pub(super) const fn sd_jwt(&self) -> &SdJwt {
        match &self.kind {
            Kind::Vcdm(sd_jwt) => sd_jwt,
            Kind::Claims(vc) => vc.sd_jwt(),
        }
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
            Self::SdJwt(inner) => Some(inner.sd_jwt()),
            Self::DataIntegrity(_) | Self::Jose(_) => None,
        }
    }

    /// The SD-JWT VC; none for W3C credentials. [`Self::credential`] is then a view of its claims, which nobody signed in
    /// that shape.
    #[must_use]
    pub fn sd_jwt_vc(&self) -> Option<&SdJwtVc> {
        match self {
            Self::SdJwt(SdJwtCredential { kind: Kind::Claims(vc), .. }) => Some(vc),
            Self::SdJwt(_) | Self::DataIntegrity(_) | Self::Jose(_) => None,
        }
    }

    /// The HTTPS URL that an SD-JWT VC names as its issuer (`iss`) though its key is named by a DID URL; [`Self::credential`] then has
    /// that DID as issuer. Whoever verifies has to know that both are one: anybody can write any URL there.
    #[must_use]
    pub fn https_issuer(&self) -> Option<&str> {
        let vc = self.sd_jwt_vc()?;
        vc.issuer_key().did_at_url().and_then(|_| vc.issuer())
    }

    /// Whether all that the issuer signed can be read here: nothing is kept back by the holder, and there are no decoys.
    #[must_use]
    pub fn shows_all(&self) -> bool {
        match self {
            // What a derived proof leaves out leaves no trace, so it is taken to leave out something.
            Self::DataIntegrity(_) => {
                self.issuer_proof().and_then(Proof::stage) != Some(Stage::Derived)
            }
            Self::Jose(_) => true,
            Self::SdJwt(inner) => inner.sd_jwt().concealed() == 0,
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
