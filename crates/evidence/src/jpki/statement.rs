//! What a card and a DID key sign to belong together, and what a card signs to log in (assurance §6).
//!
//! In scope: the two statements as bytes with one reading: JCS ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)), closed, a nonce of at least
//! 128 bits. Out of scope: whose keys signed them (`binding`, `login`).

use inkan_core::{Timestamp, encoding, json};
use serde::{Deserialize, Serialize};

use crate::finding::Code;

/// The largest statement in bytes.
pub const LIMIT: usize = 8_192;
/// What a binding of a DID to a card says it is.
pub const BINDING_TYPE: &str = "inkan-did-binding/1";
/// What a login says it is.
pub const LOGIN_TYPE: &str = "inkan-jpki-login/1";
/// The one purpose of a binding.
const PURPOSE: &str = "identity-proofing";
/// Bytes of a nonce: 128 bits at least.
const NONCE: std::ops::RangeInclusive<usize> = 16..=64;
/// Bytes of a SHA-256 thumbprint (RFC 7638).
const THUMBPRINT: usize = 32;
/// The longest audience and key name in bytes.
const NAME: usize = inkan_core::limits::DID;

/// That a DID, a key of it, and whoever holds the card belong together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BindingStatement {
    did: String,
    vm: String,
    jkt: String,
    aud: String,
    nonce: String,
    iat: Timestamp,
}

/// That whoever holds the card logs in, beside the holder of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginStatement {
    aud: String,
    nonce: String,
    iat: Timestamp,
    jkt: String,
}

/// Why bytes are no statement. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON in canonical form with exactly the members that are wanted, or of another type or purpose.
    #[error("not a statement of this type in canonical form")]
    Type,
    /// The nonce is not base64url of 16 to 64 bytes.
    #[error("nonce of the statement is not base64url of 16 to 64 bytes")]
    Nonce,
    /// The verification method is not one of the DID, or the thumbprint is none.
    #[error("statement does not name a key of its DID")]
    Key,
}

impl StatementError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.finding().code()
    }

    /// The same as a finding.
    #[must_use]
    pub const fn finding(self) -> Code {
        match self {
            Self::Type => Code::StatementTypeInvalid,
            Self::Nonce => Code::StatementNonceInvalid,
            Self::Key => Code::StatementDidMismatch,
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BindingWire {
    #[serde(rename = "type")]
    kind: String,
    did: String,
    vm: String,
    jkt: String,
    aud: String,
    nonce: String,
    iat: i64,
    purpose: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LoginWire {
    #[serde(rename = "type")]
    kind: String,
    aud: String,
    nonce: String,
    iat: i64,
    jkt: String,
}

impl BindingStatement {
    /// A statement for `key` (a DID, a DID URL of its key, the key's thumbprint), to be shown to `aud`, who made `nonce`.
    ///
    /// # Errors
    ///
    /// [`StatementError`], as [`Self::parse`].
    pub fn new(
        (did, vm, jkt): (&str, &str, &str),
        (aud, nonce): (&str, &str),
        iat: Timestamp,
    ) -> Result<Self, StatementError> {
        let text = str::to_owned;
        Self::checked(BindingWire {
            kind: text(BINDING_TYPE),
            did: text(did),
            vm: text(vm),
            jkt: text(jkt),
            aud: text(aud),
            nonce: text(nonce),
            iat: iat.seconds(),
            purpose: text(PURPOSE),
        })
    }

    /// Reads a statement of at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`StatementError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::checked(read(bytes)?)
    }

    fn checked(wire: BindingWire) -> Result<Self, StatementError> {
        if wire.kind != BINDING_TYPE || wire.purpose != PURPOSE || !is_name(&wire.aud) {
            return Err(StatementError::Type);
        }
        let iat = Timestamp::from_seconds(wire.iat).map_err(|_| StatementError::Type)?;
        check_nonce(&wire.nonce)?;
        let names_a_key = wire.vm.strip_prefix(&wire.did).is_some_and(|rest| {
            rest.strip_prefix('#').is_some_and(|fragment| !fragment.is_empty())
        });
        let is_did = wire.did.starts_with("did:") && !wire.did.contains(['#', '?', '/']);
        if !is_did || !names_a_key || !is_name(&wire.vm) || !is_thumbprint(&wire.jkt) {
            return Err(StatementError::Key);
        }
        let BindingWire { did, vm, jkt, aud, nonce, .. } = wire;
        Ok(Self { did, vm, jkt, aud, nonce, iat })
    }

    /// The bytes that both keys sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&BindingWire {
            kind: BINDING_TYPE.to_owned(),
            did: self.did.clone(),
            vm: self.vm.clone(),
            jkt: self.jkt.clone(),
            aud: self.aud.clone(),
            nonce: self.nonce.clone(),
            iat: self.iat.seconds(),
            purpose: PURPOSE.to_owned(),
        })
    }

    /// The DID.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The DID URL of the key.
    #[must_use]
    pub fn vm(&self) -> &str {
        &self.vm
    }

    /// RFC 7638 thumbprint of the key.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// Who made the nonce.
    #[must_use]
    pub fn aud(&self) -> &str {
        &self.aud
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When it was made, by its maker's clock.
    #[must_use]
    pub const fn iat(&self) -> Timestamp {
        self.iat
    }
}

impl LoginStatement {
    /// A statement for the holder key with thumbprint `jkt`, to be shown to `aud`, who made `nonce`.
    ///
    /// # Errors
    ///
    /// [`StatementError`], as [`Self::parse`].
    pub fn new(
        (aud, nonce): (&str, &str),
        jkt: &str,
        iat: Timestamp,
    ) -> Result<Self, StatementError> {
        Self::checked(LoginWire {
            kind: LOGIN_TYPE.to_owned(),
            aud: aud.to_owned(),
            nonce: nonce.to_owned(),
            iat: iat.seconds(),
            jkt: jkt.to_owned(),
        })
    }

    /// Reads a statement of at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`StatementError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::checked(read(bytes)?)
    }

    fn checked(wire: LoginWire) -> Result<Self, StatementError> {
        if wire.kind != LOGIN_TYPE || !is_name(&wire.aud) {
            return Err(StatementError::Type);
        }
        let iat = Timestamp::from_seconds(wire.iat).map_err(|_| StatementError::Type)?;
        check_nonce(&wire.nonce)?;
        if !is_thumbprint(&wire.jkt) {
            return Err(StatementError::Key);
        }
        let LoginWire { aud, nonce, jkt, .. } = wire;
        Ok(Self { aud, nonce, iat, jkt })
    }

    /// The bytes that the card signs.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write(&LoginWire {
            kind: LOGIN_TYPE.to_owned(),
            aud: self.aud.clone(),
            nonce: self.nonce.clone(),
            iat: self.iat.seconds(),
            jkt: self.jkt.clone(),
        })
    }

    /// Who made the nonce: the origin that the card's client is connected to.
    #[must_use]
    pub fn aud(&self) -> &str {
        &self.aud
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When it was made, by its maker's clock.
    #[must_use]
    pub const fn iat(&self) -> Timestamp {
        self.iat
    }

    /// RFC 7638 thumbprint of the holder's key.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.jkt
    }
}

/// Bytes with one reading: written again, they are the same.
fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, StatementError> {
    let value = json::parse(bytes, LIMIT).map_err(|_| StatementError::Type)?;
    let again = json::canonicalize(&value).map_err(|_| StatementError::Type)?;
    if again != bytes {
        return Err(StatementError::Type);
    }
    serde_json::from_value(value).map_err(|_| StatementError::Type)
}

fn write<T: Serialize>(wire: &T) -> Vec<u8> {
    // Text and a whole number of seconds always have a canonical form.
    let value = serde_json::to_value(wire).unwrap_or_default();
    json::canonicalize(&value).unwrap_or_default()
}

fn check_nonce(nonce: &str) -> Result<(), StatementError> {
    let bytes = encoding::decode_b64u(nonce).map_err(|_| StatementError::Nonce)?;
    if NONCE.contains(&bytes.len()) { Ok(()) } else { Err(StatementError::Nonce) }
}

fn is_thumbprint(text: &str) -> bool {
    encoding::decode_b64u(text).is_ok_and(|bytes| bytes.len() == THUMBPRINT)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME && text.bytes().all(|byte| byte.is_ascii_graphic())
}
