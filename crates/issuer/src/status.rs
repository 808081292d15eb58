//! The life of a status list: made, handed out index by index, changed, published.
//!
//! In scope: the issuer's own state of one list, as a value. Out of scope: keeping it on disk, serving it, and the
//! `status` entry on the ledger, for which [`Published`] has what is needed.

mod error;

use inkan_core::rng::draw;
use inkan_core::{CryptoRng, Digest, Timestamp, json, limits, sha256};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListTerms, status_list_credential,
};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::Signer;
use serde_json::{Value, json};

pub use self::error::StatusStateError;
use crate::issue::sign_plain;

/// The `type` of the state's JSON.
const STATE_TYPE: &str = "inkan-status-list/1";

/// One status list as its issuer keeps it. `used` says which indices were ever handed out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusListState {
    uri: String,
    purpose: StatusPurpose,
    bits: BitstringStatusList,
    used: BitstringStatusList,
    seq: u64,
}

impl StatusListState {
    /// A new list of the smallest size, to be served at `uri`.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`]; cannot happen for the size used.
    pub fn new(uri: &str, purpose: StatusPurpose) -> Result<Self, StatusStateError> {
        Ok(Self {
            uri: uri.to_owned(),
            purpose,
            bits: BitstringStatusList::new(MINIMUM_BITS)?,
            used: BitstringStatusList::new(MINIMUM_BITS)?,
            seq: 0,
        })
    }

    /// URL where the list is served.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// What its bits mean.
    #[must_use]
    pub const fn purpose(&self) -> StatusPurpose {
        self.purpose
    }

    /// How often it was published.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The bits as they are now.
    #[must_use]
    pub const fn bits(&self) -> &BitstringStatusList {
        &self.bits
    }

    /// Number of indices that were handed out.
    #[must_use]
    pub fn count_used(&self) -> u64 {
        self.used.count_set()
    }

    /// Hands out an index that never was, at random: an index must not tell when a credential was issued.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Full`] if every index was handed out; a new list is needed.
    pub fn allocate(&mut self, rng: &mut impl CryptoRng) -> Result<StatusEntry, StatusStateError> {
        let length = self.used.len();
        let free = length.saturating_sub(self.used.count_set());
        if free == 0 {
            return Err(StatusStateError::Full);
        }
        // Number `nth` of the free ones; the modulus is far below 2^64, so the bias is beyond noticing.
        let mut left = u64::from_be_bytes(draw(rng)) % free;
        for index in 0..length {
            if self.used.get(index)? {
                continue;
            }
            if left == 0 {
                self.used.set(index)?;
                let list_uri = self.uri.clone();
                return Ok(StatusEntry { purpose: self.purpose, list_uri, index, size: 1 });
            }
            left = left.saturating_sub(1);
        }
        Err(StatusStateError::Full)
    }

    /// Sets or clears the bit of `entry`. Revocation is for good: its bits cannot be cleared.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::OtherList`], [`StatusStateError::NotAllocated`], [`StatusStateError::Final`].
    pub fn change(&mut self, entry: &StatusEntry, to: BitState) -> Result<(), StatusStateError> {
        if entry.list_uri != self.uri || entry.purpose != self.purpose {
            return Err(StatusStateError::OtherList);
        }
        if !self.used.get(entry.index)? {
            return Err(StatusStateError::NotAllocated { index: entry.index });
        }
        match (to, self.purpose) {
            (BitState::Set, _) => self.bits.set(entry.index)?,
            (BitState::Clear, StatusPurpose::Revocation) => return Err(StatusStateError::Final),
            (BitState::Clear, _) => self.bits.clear(entry.index)?,
        }
        Ok(())
    }

    /// Signs the list as it is now, good for `valid_until`, and counts it as published.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Sign`].
    pub fn publish(
        &mut self,
        publication: &Publication<'_>,
        (method, signer): (&str, &dyn Signer),
    ) -> Result<Published, StatusStateError> {
        let terms = StatusListTerms {
            uri: &self.uri,
            issuer: publication.issuer,
            purpose: self.purpose,
            valid_from: publication.valid_from,
            valid_until: publication.valid_until,
        };
        let unsigned = status_list_credential(&terms, &self.bits)?;
        let id = format!("{}#proof-{}", self.uri, self.seq.saturating_add(1));
        let at = publication.valid_from;
        let credential = sign_plain(unsigned, publication.format, &id, (method, signer), at)?;
        self.seq = self.seq.saturating_add(1);
        let body = credential.to_bare();
        Ok(Published {
            digest: sha256(&[body.as_bytes()]),
            body,
            credential,
            seq: self.seq,
            length: self.bits.len(),
            valid_from: publication.valid_from,
            valid_until: publication.valid_until,
        })
    }

    /// The state as JSON, for a file.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] if the compressor fails.
    pub fn to_value(&self) -> Result<Value, StatusStateError> {
        Ok(json!({
            "type": STATE_TYPE,
            "uri": self.uri,
            "purpose": self.purpose.as_str(),
            "bits": self.bits.encode()?,
            "used": self.used.encode()?,
            "seq": self.seq,
        }))
    }

    /// Reads what [`Self::to_value`] writes.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatusStateError> {
        let malformed = |member| StatusStateError::Malformed { member };
        let value = json::parse(bytes, limits::STATUS_LIST).map_err(|_| malformed("json"))?;
        let text = |member| json::text(&value, member).ok_or(malformed(member));
        if text("type")? != STATE_TYPE || value.as_object().is_none_or(|all| all.len() != 6) {
            return Err(malformed("type"));
        }
        let state = Self {
            uri: text("uri")?.to_owned(),
            purpose: StatusPurpose::parse(text("purpose")?).ok_or(malformed("purpose"))?,
            bits: BitstringStatusList::decode(text("bits")?)?,
            used: BitstringStatusList::decode(text("used")?)?,
            seq: value.get("seq").and_then(Value::as_u64).ok_or(malformed("seq"))?,
        };
        if state.bits.len() == state.used.len() { Ok(state) } else { Err(malformed("used")) }
    }
}

/// What a bit is to become.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BitState {
    /// 1: revoked, suspended.
    Set,
    /// 0: in force again.
    Clear,
}

/// Who publishes a list, how, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// The issuer's DID.
    pub issuer: &'a str,
    /// How the list is secured.
    pub format: Format,
    /// From when it is good.
    pub valid_from: Timestamp,
    /// Until when; at most 366 days later, if it is recorded on a ledger.
    pub valid_until: Timestamp,
}

/// A published list, with what the ledger's `status` entry says about it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The signed list.
    pub credential: SecuredCredential,
    /// The bytes to serve: JSON text or compact JWS.
    pub body: String,
    /// SHA-256 of the bytes served (`dig`).
    pub digest: Digest,
    /// Which publication of this list it is, from 1.
    pub seq: u64,
    /// Number of bits (`len`).
    pub length: u64,
    /// `nbf`.
    pub valid_from: Timestamp,
    /// `exp`.
    pub valid_until: Timestamp,
}

#[cfg(test)]
mod tests;
