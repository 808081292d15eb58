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
    answer: Answer,
}

/// That whoever holds the card logs in, beside the holder of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginStatement {
    answer: Answer,
}

/// What both say: a key, and whose question is answered when.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Answer {
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

/// Either of them on the wire; which members there are is the type's.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vm: Option<String>,
    jkt: String,
    aud: String,
    nonce: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
}

impl Wire {
    fn of(kind: &str, (aud, nonce): (&str, &str), jkt: &str, iat: Timestamp) -> Self {
        Self {
            kind: kind.to_owned(),
            did: None,
            vm: None,
            jkt: jkt.to_owned(),
            aud: aud.to_owned(),
            nonce: nonce.to_owned(),
            iat: iat.seconds(),
            purpose: None,
        }
    }

    /// Bytes with one reading: written again, they are the same.
    fn read(bytes: &[u8]) -> Result<Self, StatementError> {
        let value = json::parse(bytes, LIMIT).map_err(|_| StatementError::Type)?;
        let wire: Self = serde_json::from_value(value).map_err(|_| StatementError::Type)?;
        if wire.write() == bytes { Ok(wire) } else { Err(StatementError::Type) }
    }

    fn write(&self) -> Vec<u8> {
        // Text and a whole number of seconds always have a canonical form.
        let value = serde_json::to_value(self).unwrap_or_default();
        json::canonicalize(&value).unwrap_or_default()
    }

    /// What both say, if it is of this type; the key is checked last.
    fn answer(self, kind: &str) -> Result<Answer, StatementError> {
        if self.kind != kind || !is_name(&self.aud) {
            return Err(StatementError::Type);
        }
        let iat = Timestamp::from_seconds(self.iat).map_err(|_| StatementError::Type)?;
        check_nonce(&self.nonce)?;
        if !is_thumbprint(&self.jkt) {
            return Err(StatementError::Key);
        }
        Ok(Answer { aud: self.aud, nonce: self.nonce, iat, jkt: self.jkt })
    }
}

impl Answer {
    fn wire(&self, kind: &str) -> Wire {
        Wire::of(kind, (&self.aud, &self.nonce), &self.jkt, self.iat)
    }
}

impl BindingStatement {
    /// A statement for `key` (a DID, a DID URL of its key, the key's thumbprint), to be shown to `aud`, who made `nonce`.
    ///
    /// # Errors
    ///
    /// [`StatementError`], as [`Self::parse`].
    pub fn new(
        (did, vm, jkt): (&str, &str, &str),
        asked: (&str, &str),
        iat: Timestamp,
    ) -> Result<Self, StatementError> {
        Self::checked(Wire {
            did: Some(did.to_owned()),
            vm: Some(vm.to_owned()),
            purpose: Some(PURPOSE.to_owned()),
            ..Wire::of(BINDING_TYPE, asked, jkt, iat)
        })
    }

    /// Reads a statement of at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`StatementError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::checked(Wire::read(bytes)?)
    }

    fn checked(mut wire: Wire) -> Result<Self, StatementError> {
        let own = (wire.did.take(), wire.vm.take(), wire.purpose.take());
        let (Some(did), Some(vm), Some(PURPOSE)) = (own.0, own.1, own.2.as_deref()) else {
            return Err(StatementError::Type);
        };
        let answer = wire.answer(BINDING_TYPE)?;
        let names_a_key = vm.strip_prefix(&did).is_some_and(|rest| {
            rest.strip_prefix('#').is_some_and(|fragment| !fragment.is_empty())
        });
        let is_did = did.starts_with("did:") && !did.contains(['#', '?', '/']);
        if !is_did || !names_a_key || !is_name(&vm) {
            return Err(StatementError::Key);
        }
        Ok(Self { did, vm, answer })
    }

    /// The bytes that both keys sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            did: Some(self.did.clone()),
            vm: Some(self.vm.clone()),
            purpose: Some(PURPOSE.to_owned()),
            ..self.answer.wire(BINDING_TYPE)
        };
        wire.write()
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
        &self.answer.jkt
    }

    /// Who made the nonce.
    #[must_use]
    pub fn aud(&self) -> &str {
        &self.answer.aud
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.answer.nonce
    }

    /// When it was made, by its maker's clock.
    #[must_use]
    pub const fn iat(&self) -> Timestamp {
        self.answer.iat
    }
}

impl LoginStatement {
    /// A statement for the holder key with thumbprint `jkt`, to be shown to an audience, who made the nonce beside it.
    ///
    /// # Errors
    ///
    /// [`StatementError`], as [`Self::parse`].
    pub fn new(asked: (&str, &str), jkt: &str, iat: Timestamp) -> Result<Self, StatementError> {
        Self::checked(Wire::of(LOGIN_TYPE, asked, jkt, iat))
    }

    /// Reads a statement of at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`StatementError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::checked(Wire::read(bytes)?)
    }

    fn checked(wire: Wire) -> Result<Self, StatementError> {
        // It names nobody's DID: that of the presentation is proved beside it.
        if wire.did.is_some() || wire.vm.is_some() || wire.purpose.is_some() {
            return Err(StatementError::Type);
        }
        Ok(Self { answer: wire.answer(LOGIN_TYPE)? })
    }

    /// The bytes that the card signs.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.answer.wire(LOGIN_TYPE).write()
    }

    /// Who made the nonce: the origin that the card's client is connected to.
    #[must_use]
    pub fn aud(&self) -> &str {
        &self.answer.aud
    }

    /// The nonce.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.answer.nonce
    }

    /// When it was made, by its maker's clock.
    #[must_use]
    pub const fn iat(&self) -> Timestamp {
        self.answer.iat
    }

    /// RFC 7638 thumbprint of the holder's key.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.answer.jkt
    }
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
