//! Token Status Lists ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list), -21).
//!
//! In scope: the list of statuses, its compressed form, the signed token as JWT and CWT, the entry that a credential
//! names, the list of lists. Out of scope: who may sign a list, fetching it, and whether it is the newest.

mod cwt;
mod error;
mod jwt;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use inkan_core::{Timestamp, json, limits};
use inkan_crypto::{PublicKey, Signer};
use serde_json::Value;

use crate::inflate::{Inflate, zlib};
use crate::model::is_url;
use crate::sd_jwt_vc::KeyName;

pub use self::cwt::ReferencedCwt;
pub use self::error::TokenStatusError;

/// Bits per entry (§4.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum StatusBits {
    /// Two statuses.
    One,
    /// Four.
    Two,
    /// Sixteen.
    Four,
    /// 256.
    Eight,
}

impl StatusBits {
    /// Reads 1, 2, 4 or 8.
    #[must_use]
    pub const fn from_number(bits: u64) -> Option<Self> {
        match bits {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    /// 1, 2, 4 or 8.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// The greatest status that fits.
    #[must_use]
    pub const fn greatest(self) -> u8 {
        match self {
            Self::One => 0b1,
            Self::Two => 0b11,
            Self::Four => 0b1111,
            Self::Eight => u8::MAX,
        }
    }

    const fn entries_per_byte(self) -> u8 {
        8 / self.number()
    }
}

/// What the status of a token is (§7.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TokenStatus {
    /// 0: in force.
    Valid,
    /// 1: revoked for good.
    Invalid,
    /// 2: not to be relied on for now.
    Suspended,
    /// 3 and 12 to 15: means what the application says; others are reserved. Never taken for valid.
    Other(u8),
}

impl TokenStatus {
    /// Reads the value of an entry.
    #[must_use]
    pub const fn from_value(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }

    /// The value of an entry.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Suspended => 2,
            Self::Other(value) => value,
        }
    }
}

/// A list of statuses; entry 0 is in the least significant bits of the first byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenStatusList {
    bits: StatusBits,
    bytes: Vec<u8>,
}

impl TokenStatusList {
    /// Makes a list of `entries` zeroes (valid), rounded up to whole bytes.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::TooLarge`] above [`limits::STATUS_LIST_INFLATED`] bytes.
    pub fn new(bits: StatusBits, entries: u64) -> Result<Self, TokenStatusError> {
        let length = entries.div_ceil(u64::from(bits.entries_per_byte()));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limits::STATUS_LIST_INFLATED {
            return Err(TokenStatusError::TooLarge);
        }
        Ok(Self { bits, bytes: vec![0; length] })
    }

    /// Reads the compressed form: DEFLATE in the ZLIB format. Inflating stops at [`limits::STATUS_LIST_INFLATED`] bytes.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::Malformed`], also for bytes after the end; [`TokenStatusError::TooLarge`].
    pub fn decode(bits: StatusBits, compressed: &[u8]) -> Result<Self, TokenStatusError> {
        if compressed.len() > limits::STATUS_LIST {
            return Err(TokenStatusError::TooLarge);
        }
        match zlib(compressed, limits::STATUS_LIST_INFLATED) {
            Ok(bytes) => Ok(Self { bits, bytes }),
            Err(Inflate::Malformed) => Err(TokenStatusError::Malformed { member: "lst" }),
            Err(Inflate::TooLarge) => Err(TokenStatusError::TooLarge),
        }
    }

    /// The compressed form, at the highest level. The same statuses always give the same bytes.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::Malformed`] if the compressor fails.
    pub fn encode(&self) -> Result<Vec<u8>, TokenStatusError> {
        let failed = |_| TokenStatusError::Malformed { member: "lst" };
        let mut compressor = ZlibEncoder::new(Vec::new(), Compression::best());
        compressor.write_all(&self.bytes).map_err(failed)?;
        compressor.finish().map_err(failed)
    }

    /// Bits per entry.
    #[must_use]
    pub const fn bits(&self) -> StatusBits {
        self.bits
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> u64 {
        let per_byte = u64::from(self.bits.entries_per_byte());
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX).saturating_mul(per_byte)
    }

    /// Whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes before compressing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The status at `index`.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::IndexOutOfRange`].
    pub fn get(&self, index: u64) -> Result<TokenStatus, TokenStatusError> {
        let (position, shift) = self.place(index);
        let byte = position.and_then(|position| self.bytes.get(position));
        let byte = byte.ok_or(TokenStatusError::IndexOutOfRange { index })?;
        Ok(TokenStatus::from_value((byte >> shift) & self.bits.greatest()))
    }

    /// Sets the status at `index`.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::IndexOutOfRange`]; [`TokenStatusError::Malformed`] if it does not fit into the bits.
    pub fn set(&mut self, index: u64, status: TokenStatus) -> Result<(), TokenStatusError> {
        let value = status.value();
        let (greatest, (position, shift)) = (self.bits.greatest(), self.place(index));
        if value > greatest {
            return Err(TokenStatusError::Malformed { member: "status" });
        }
        let byte = position.and_then(|position| self.bytes.get_mut(position));
        let byte = byte.ok_or(TokenStatusError::IndexOutOfRange { index })?;
        *byte = (*byte & !(greatest << shift)) | (value << shift);
        Ok(())
    }

    /// Position of the byte that holds an entry, and how far from its least significant bit.
    fn place(&self, index: u64) -> (Option<usize>, u8) {
        let per_byte = u64::from(self.bits.entries_per_byte());
        let within = u8::try_from(index % per_byte).unwrap_or_default();
        (usize::try_from(index / per_byte).ok(), within.saturating_mul(self.bits.number()))
    }
}

/// Which entry of which list speaks about a token: `status.status_list` (§6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusReference {
    /// Place in the list, from 0.
    pub index: u64,
    /// URI of the list.
    pub uri: String,
}

impl StatusReference {
    /// Reads the claim `status`; none if it names other mechanisms only, which the caller then cannot check.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::Malformed`] if it is no object, or its `status_list` lacks `idx` or `uri`.
    pub fn from_claim(status: &Value) -> Result<Option<Self>, TokenStatusError> {
        let malformed = |member| TokenStatusError::Malformed { member };
        let members = status.as_object().filter(|members| !members.is_empty());
        let Some(list) = members.ok_or(malformed("status"))?.get("status_list") else {
            return Ok(None);
        };
        let index = list.get("idx").and_then(Value::as_u64).ok_or(malformed("idx"))?;
        let uri = json::text(list, "uri").filter(|uri| is_url(uri)).ok_or(malformed("uri"))?;
        Ok(Some(Self { index, uri: uri.to_owned() }))
    }

    /// Reads the claim `status` ([Token Status List §6.1]), which may name several mechanisms: the list, if one can be read, and the
    /// names of all others, each of which is one that nobody here has looked at.
    ///
    /// [Token Status List §6.1]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list
    pub(crate) fn and_others(claim: &Value) -> (Option<Self>, Vec<String>) {
        let Some(members) = claim.as_object().filter(|members| !members.is_empty()) else {
            return (None, vec!["status".to_owned()]);
        };
        let list = Self::from_claim(claim).ok().flatten();
        let is_other = |name: &&String| list.is_none() || name.as_str() != "status_list";
        let mut names: Vec<String> =
            members.keys().filter(is_other).map(|name| name.chars().take(64).collect()).collect();
        names.sort_unstable();
        (list, names)
    }

    /// The value of the claim `status`.
    #[must_use]
    pub fn to_claim(&self) -> Value {
        serde_json::json!({ "status_list": { "idx": self.index, "uri": self.uri } })
    }
}

/// What goes into a status list token besides the list.
#[derive(Clone, Copy, Debug)]
pub struct TokenTerms<'a> {
    /// URI where the list is served, the `uri` of every token that refers to it.
    pub uri: &'a str,
    /// When it is made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// How long a copy may be kept, in seconds, more than 0.
    pub ttl: Option<u64>,
    /// Where the list of all lists is served.
    pub aggregation_uri: Option<&'a str>,
}

/// A status list token, well-formed and not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusListToken {
    uri: String,
    issuer: Option<String>,
    issued_at: Timestamp,
    expires: Option<Timestamp>,
    ttl: Option<u64>,
    aggregation_uri: Option<String>,
    list: TokenStatusList,
    /// Of `x5c` or `x5chain`, DER, that of the key first.
    certificates: Option<Vec<Vec<u8>>>,
    form: Form,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Jwt(Box<inkan_crypto::jws::Jws>),
    Cwt(Box<crate::cose::Sign1>),
}

impl StatusListToken {
    /// Reads a token as it is served: a compact JWS of type `statuslist+jwt` (§5.1).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; none is worth a retry.
    pub fn parse_jwt(text: &str) -> Result<Self, TokenStatusError> {
        jwt::parse(text)
    }

    /// Reads a token as it is served: a tagged `COSE_Sign1` of type `application/statuslist+cwt` (§5.2).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; none is worth a retry.
    pub fn parse_cwt(bytes: &[u8]) -> Result<Self, TokenStatusError> {
        cwt::parse(bytes)
    }

    /// Makes the JWT; `kid` names the key, a DID URL for keys of ours.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; nothing is signed that would not be read back.
    pub fn issue_jwt(
        list: &TokenStatusList,
        terms: &TokenTerms<'_>,
        kid: &str,
        signer: &dyn Signer,
    ) -> Result<Self, TokenStatusError> {
        jwt::issue(list, terms, KeyName::Kid(kid), signer)
    }

    /// Makes the JWT, whose key certificates name (`x5c`; DER, that of the key first).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; nothing is signed that would not be read back.
    pub fn issue_jwt_certified(
        list: &TokenStatusList,
        terms: &TokenTerms<'_>,
        chain: &[Vec<u8>],
        signer: &dyn Signer,
    ) -> Result<Self, TokenStatusError> {
        jwt::issue(list, terms, KeyName::Certificates(chain), signer)
    }

    /// Makes the CWT; `kid` names the key, a DID URL for keys of ours.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; nothing is signed that would not be read back.
    pub fn issue_cwt(
        list: &TokenStatusList,
        terms: &TokenTerms<'_>,
        kid: &str,
        signer: &dyn Signer,
    ) -> Result<Self, TokenStatusError> {
        cwt::issue(list, terms, KeyName::Kid(kid), signer)
    }

    /// Makes the CWT, whose key certificates name (`x5chain`, RFC 9360; DER, that of the key first).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; nothing is signed that would not be read back.
    pub fn issue_cwt_certified(
        list: &TokenStatusList,
        terms: &TokenTerms<'_>,
        chain: &[Vec<u8>],
        signer: &dyn Signer,
    ) -> Result<Self, TokenStatusError> {
        cwt::issue(list, terms, KeyName::Certificates(chain), signer)
    }

    /// The URI that it names itself by, `sub`.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Who says it made the list, `iss`; the specification does not ask for it.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The name of the key, as the header has it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match &self.form {
            Form::Jwt(jws) => jws.kid(),
            Form::Cwt(signed) => signed.kid(),
        }
    }

    /// The certificates that name its key, DER, that of the key first.
    #[must_use]
    pub fn certificates(&self) -> Option<&[Vec<u8>]> {
        self.certificates.as_deref()
    }

    /// When it was made, `iat`.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends, `exp`.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How long a copy may be kept, in seconds.
    #[must_use]
    pub const fn ttl(&self) -> Option<u64> {
        self.ttl
    }

    /// Where the list of all lists is served.
    #[must_use]
    pub fn aggregation_uri(&self) -> Option<&str> {
        self.aggregation_uri.as_deref()
    }

    /// The statuses.
    #[must_use]
    pub const fn list(&self) -> &TokenStatusList {
        &self.list
    }

    /// The bytes to serve: ASCII of the compact JWS, or the CWT.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.form {
            Form::Jwt(jws) => jws.as_str().as_bytes().to_vec(),
            Form::Cwt(signed) => signed.bytes().to_vec(),
        }
    }

    /// The media type to serve it as.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        match &self.form {
            Form::Jwt(_) => "application/statuslist+jwt",
            Form::Cwt(_) => cwt::TYPE,
        }
    }

    /// Checks the signature; the caller knows that `key` may sign this list.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::Invalid`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), TokenStatusError> {
        let sound = match &self.form {
            Form::Jwt(jws) => jws.verify(key).is_ok(),
            Form::Cwt(signed) => signed.verify(key),
        };
        if sound { Ok(()) } else { Err(TokenStatusError::Invalid) }
    }

    /// Whether the token was made by `at` and has not ended then (§8.3 step 4, and §8.4 for times past).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::NotCurrent`].
    pub fn check_time(&self, at: Timestamp) -> Result<(), TokenStatusError> {
        let begun = at.seconds_since(self.issued_at) >= -inkan_core::tolerance::CREDENTIAL;
        let over = self.expires.is_some_and(|expires| at >= expires);
        if begun && !over { Ok(()) } else { Err(TokenStatusError::NotCurrent { at }) }
    }

    /// What the list says of the token that refers to it (§8.3 steps 4 and 6).
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::OtherList`] if it names itself by another URI; [`TokenStatusError::IndexOutOfRange`].
    pub fn status_of(&self, entry: &StatusReference) -> Result<TokenStatus, TokenStatusError> {
        if self.uri != entry.uri {
            return Err(TokenStatusError::OtherList);
        }
        self.list.get(entry.index)
    }
}

/// Reads the list of all lists of an issuer (§9.3): URIs of status list tokens.
///
/// # Errors
///
/// [`TokenStatusError::Json`] or [`TokenStatusError::Malformed`].
pub fn parse_aggregation(bytes: &[u8]) -> Result<Vec<String>, TokenStatusError> {
    const MALFORMED: TokenStatusError = TokenStatusError::Malformed { member: "status_lists" };
    let value = json::parse(bytes, limits::DOCUMENT)?;
    let list = value.get("status_lists").and_then(Value::as_array).ok_or(MALFORMED)?;
    let uri = |one: &Value| one.as_str().filter(|uri| is_url(uri)).map(str::to_owned);
    list.iter().map(|one| uri(one).ok_or(MALFORMED)).collect()
}

/// What both forms ask of the terms, so that nothing is made which no reader would take.
fn check_terms(terms: &TokenTerms<'_>) -> Result<(), TokenStatusError> {
    let malformed = |member| Err(TokenStatusError::Malformed { member });
    if !is_url(terms.uri) {
        return malformed("sub");
    }
    if terms.ttl == Some(0) {
        return malformed("ttl");
    }
    if terms.expires.is_some_and(|expires| expires <= terms.issued_at) {
        return malformed("exp");
    }
    if terms.aggregation_uri.is_some_and(|uri| !is_url(uri)) {
        return malformed("aggregation_uri");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
