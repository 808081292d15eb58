//! Does the authenticator that was registered to this holder answer for these very bytes ([WebAuthn §7.2](https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion))?
//!
//! In scope: the steps that concern what was signed. Out of scope: freshness, which is that of the presentation: the challenge is made of its nonce.

use inkan_core::Digest;

use super::{AuthenticatorData, Ceremony, ClientData, Flags, Registration, Site, WebauthnError};

/// What an authenticator answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assertion {
    /// Which credential answers.
    pub credential_id: Vec<u8>,
    /// JSON as the client wrote it.
    pub client_data: Vec<u8>,
    /// As the authenticator wrote it.
    pub authenticator_data: Vec<u8>,
    /// Over authenticator data and the digest of client data.
    pub signature: Vec<u8>,
}

/// What an assertion that holds shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proved {
    flags: Flags,
    counter: u32,
    counts: bool,
}

/// Checks an assertion against its registration.
///
/// # Errors
///
/// [`WebauthnError`], one variant per step.
pub fn verify(
    assertion: &Assertion,
    registration: &Registration,
    challenge: &Digest,
    site: &Site,
) -> Result<Proved, WebauthnError> {
    if assertion.credential_id != registration.credential_id() || registration.rp_id() != site.rp_id
    {
        return Err(WebauthnError::Credential);
    }
    let client = ClientData::parse(&assertion.client_data)?;
    client.check(Ceremony::Get, challenge, site)?;
    let data = AuthenticatorData::parse(&assertion.authenticator_data)?;
    data.check(&site.rp_id)?;
    let flags = data.flags();
    // A key that may leave its authenticator could do so from the beginning (§7.2 step 19); keys are shown once.
    if flags.is_backup_eligible() != registration.is_backup_eligible() || data.has_credential() {
        return Err(WebauthnError::Flags);
    }
    let message = [assertion.authenticator_data.as_slice(), client.digest().as_bytes()].concat();
    if !registration.key().accepts(&message, &assertion.signature) {
        return Err(WebauthnError::Signature);
    }
    let (before, now) = (registration.counter(), data.counter());
    Ok(Proved { flags, counter: now.max(before), counts: now > before || (now, before) == (0, 0) })
}

impl Proved {
    /// What the user and the authenticator did.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.flags
    }

    /// The counter that the registration has from now on.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.counter
    }

    /// Whether the counter went up, or there is none; if not, the key may exist twice.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.counts
    }
}
