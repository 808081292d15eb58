//! What the authenticator says ([WebAuthn §6.1](https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data)): for whom, what the user did, how often, and
//! at registration the new key.

use std::fmt;

use inkan_core::{Digest, encoding, sha256};

use super::cbor;
use super::key::CredentialKey;
use super::{CREDENTIAL_ID_LIMIT, LIMIT, WebauthnError};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED_CREDENTIAL: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// Authenticator data, read. Nothing is known of its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthenticatorData {
    rp_id_digest: Digest,
    flags: Flags,
    counter: u32,
    credential: Option<NewCredential>,
}

/// What the user and the authenticator did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Flags(u8);

/// A credential that was made (WebAuthn §6.5.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct NewCredential {
    pub(super) aaguid: Aaguid,
    pub(super) id: Vec<u8>,
    pub(super) key: CredentialKey,
}

/// The model of an authenticator.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct Aaguid([u8; 16]);

impl AuthenticatorData {
    /// Reads the bytes, all of them, at most [`LIMIT`].
    ///
    /// # Errors
    ///
    /// [`WebauthnError::Malformed`]; [`WebauthnError::Flags`] for a credential that is backed up and may not be;
    /// [`WebauthnError::Key`] for a key of a kind that is not read here.
    pub fn parse(bytes: &[u8]) -> Result<Self, WebauthnError> {
        let wrong = WebauthnError::Malformed;
        if bytes.len() > LIMIT {
            return Err(wrong("too large"));
        }
        let short = wrong("too short");
        let (rp_id_digest, rest) = bytes.split_first_chunk::<32>().ok_or(short.clone())?;
        let (flags, rest) = rest.split_first().ok_or(short.clone())?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        let flags = Flags(*flags);
        if flags.is_backed_up() && !flags.is_backup_eligible() {
            return Err(WebauthnError::Flags);
        }
        let credential = if flags.has(ATTESTED_CREDENTIAL) {
            let (credential, after) = NewCredential::parse(rest)?;
            rest = after;
            Some(credential)
        } else {
            None
        };
        if flags.has(EXTENSIONS) {
            let (extensions, after) = cbor::read_first(rest).ok_or(wrong("extensions"))?;
            extensions.entries().ok_or(wrong("extensions"))?;
            rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong("bytes left over"));
        }
        Ok(Self {
            rp_id_digest: Digest::from_bytes(*rp_id_digest),
            flags,
            counter: u32::from_be_bytes(*counter),
            credential,
        })
    }

    /// Checks for whom the authenticator answers, and that somebody was there.
    pub(super) fn check(&self, rp_id: &str) -> Result<(), WebauthnError> {
        if self.rp_id_digest != sha256(&[rp_id.as_bytes()]) {
            Err(WebauthnError::RelyingParty)
        } else if self.flags.is_user_present() {
            Ok(())
        } else {
            Err(WebauthnError::NotPresent)
        }
    }

    /// What the user and the authenticator did.
    #[must_use]
    pub const fn flags(&self) -> Flags {
        self.flags
    }

    /// How often it has signed; 0 for one that does not count.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.counter
    }

    pub(super) fn into_credential(self) -> Option<NewCredential> {
        self.credential
    }

    pub(super) const fn has_credential(&self) -> bool {
        self.credential.is_some()
    }
}

impl Flags {
    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// Somebody touched it.
    #[must_use]
    pub const fn is_user_present(self) -> bool {
        self.has(USER_PRESENT)
    }

    /// It knew who touched it: by PIN, or by a feature of the body.
    #[must_use]
    pub const fn is_user_verified(self) -> bool {
        self.has(USER_VERIFIED)
    }

    /// The key may leave it.
    #[must_use]
    pub const fn is_backup_eligible(self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    /// The key has left it.
    #[must_use]
    pub const fn is_backed_up(self) -> bool {
        self.has(BACKED_UP)
    }
}

impl NewCredential {
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WebauthnError> {
        let wrong = WebauthnError::Malformed;
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(wrong("credential"))?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(wrong("credential"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > CREDENTIAL_ID_LIMIT {
            return Err(wrong("credential id"));
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(wrong("credential id"))?;
        let (key, rest) = cbor::read_first(rest).ok_or(wrong("credential key"))?;
        let key = CredentialKey::from_cose(&key).ok_or(WebauthnError::Key)?;
        Ok((Self { aaguid: Aaguid(*aaguid), id: id.to_vec(), key }, rest))
    }
}

impl Aaguid {
    /// The identifier of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the form with hyphens, lower case (RFC 9562 §4); `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = encoding::decode_hex(&text.replace('-', "")).ok()?.try_into().ok()?;
        Some(Self(bytes)).filter(|aaguid: &Self| aaguid.to_string() == text)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
