//! Why an answer of an authenticator shows nothing.

/// Why an answer of an authenticator shows nothing. None is worth a retry with the same bytes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WebauthnError {
    /// Client data is too large, not JSON with one reading, or lacks a member.
    #[error("client data is malformed: {0}")]
    ClientData(&'static str),
    /// The client was asked for the other ceremony.
    #[error("client data is of another ceremony")]
    Ceremony,
    /// The challenge is not that of this nonce and this presentation.
    #[error("challenge is not that of this presentation")]
    Challenge,
    /// The page that asked is not one of this verifier's.
    #[error("client data names another origin")]
    Origin,
    /// The page was inside a page of another origin.
    #[error("the page that asked was framed by another origin")]
    CrossOrigin,
    /// Authenticator data, attestation object or key cannot be read.
    #[error("authenticator data is malformed: {0}")]
    Malformed(&'static str),
    /// The authenticator answers for another relying party.
    #[error("authenticator answers for another relying party")]
    RelyingParty,
    /// Nobody was there.
    #[error("nobody touched the authenticator")]
    NotPresent,
    /// Flags that contradict each other or the registration.
    #[error("flags of the authenticator contradict each other or its registration")]
    Flags,
    /// The key is of a kind that is not read here, or not fit for use.
    #[error("credential key is of another kind, or unfit")]
    Key,
    /// The signature does not verify.
    #[error("signature of the authenticator does not verify")]
    Signature,
    /// The credential is another one than was registered.
    #[error("credential is not the one that was registered")]
    Credential,
    /// The attestation contradicts itself or the credential.
    #[error("attestation does not hold: {0}")]
    Attestation(&'static str),
    /// The nonce is not that of the presentation beside it.
    #[error("nonce is not that of the presentation beside it")]
    Nonce,
    /// A registration on file cannot be read.
    #[error("registration is malformed: {0}")]
    Registration(&'static str),
}

impl WebauthnError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Challenge | Self::Nonce => "webauthn-challenge-mismatch",
            Self::ClientData(_)
            | Self::Ceremony
            | Self::Origin
            | Self::CrossOrigin
            | Self::Malformed(_)
            | Self::RelyingParty
            | Self::NotPresent
            | Self::Flags
            | Self::Key
            | Self::Signature
            | Self::Credential => "webauthn-assertion-invalid",
            Self::Attestation(_) => "webauthn-attestation-invalid",
            Self::Registration(_) => "webauthn-registration-malformed",
        }
    }
}
