//! Presenting credentials to one verifier, once.

use inkan_credential::presentation::{
    self, CertifiedForm, PresentationTerms, present_cose, present_di, present_jose, present_sd_jwt,
};
use inkan_credential::proof::SignFailure;
use inkan_credential::{Format, Presentation, SecuredCredential};
use inkan_crypto::Signer;

/// Presents `credentials` in answer to a verifier's nonce. Credentials of both formats may be mixed; `format` is that
/// of the presentation.
///
/// # Errors
///
/// [`PresentError`]; nothing is signed without nonce and audience, since it could be replayed anywhere.
pub fn present(
    credentials: &[SecuredCredential],
    format: Format,
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, PresentError> {
    ready(credentials, terms)?;
    let presentation = match format {
        // A presentation is shown whole, whatever its credentials leave out.
        Format::DataIntegrity | Format::DataIntegritySd => present_di(credentials, terms, signer)?,
        Format::Jose => present_jose(credentials, terms, signer)?,
        Format::SdJwt => present_sd_jwt(credentials, terms, signer)?,
    };
    Ok(presentation)
}

/// As [`present`], in a COSE message (`vp+cose`).
///
/// # Errors
///
/// As there.
pub fn present_in_cose(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, PresentError> {
    ready(credentials, terms)?;
    Ok(present_cose(credentials, terms, signer)?)
}

/// As [`present`], in a JWS or a COSE message, by a key that certificates (DER, that of the key first) name in the place of a DID.
/// The first one has to name `terms.holder`, an HTTPS URL, which is `terms.method` as well.
///
/// # Errors
///
/// As there.
pub fn present_certified(
    credentials: &[SecuredCredential],
    form: CertifiedForm,
    terms: &PresentationTerms<'_>,
    key: (&[Vec<u8>], &dyn Signer),
) -> Result<Presentation, PresentError> {
    ready(credentials, terms)?;
    Ok(presentation::present_certified(credentials, form, terms, key)?)
}

/// There is something to present, to somebody, by a key of the holder's.
fn ready(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
) -> Result<(), PresentError> {
    if credentials.is_empty() {
        return Err(PresentError::NoCredential);
    }
    if terms.nonce.is_empty() || terms.audience.is_empty() {
        return Err(PresentError::Unbound);
    }
    let holder = terms.method.split('#').next().unwrap_or_default();
    if holder == terms.holder { Ok(()) } else { Err(PresentError::ForeignKey) }
}

/// Presents one credential in an SD-JWT with a key binding, and no presentation around it. The key is the one that the issuer
/// confirmed.
///
/// # Errors
///
/// [`PresentError`]; nothing is signed without nonce and audience, since it could be replayed anywhere.
pub fn present_key_bound(
    credential: &SecuredCredential,
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, PresentError> {
    if terms.nonce.is_empty() || terms.audience.is_empty() {
        return Err(PresentError::Unbound);
    }
    Ok(presentation::present_key_bound(credential, terms, signer)?)
}

/// Why nothing was presented.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PresentError {
    /// No credential to present.
    #[error("there is no credential to present")]
    NoCredential,
    /// Nonce or audience is empty.
    #[error("a presentation needs the verifier's nonce and audience")]
    Unbound,
    /// The key is another DID's than the holder's.
    #[error("key is not the holder's")]
    ForeignKey,
    /// Signing failed.
    #[error("presentation could not be made")]
    Sign(#[from] SignFailure),
}

impl PresentError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCredential => "presentation-empty",
            Self::Unbound => "presentation-unbound",
            Self::ForeignKey => "presentation-key-foreign",
            Self::Sign(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
