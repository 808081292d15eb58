//! Bitstring status lists: [Bitstring Status List 1.0](https://www.w3.org/TR/2025/REC-vc-bitstring-status-list-20250515/).
//!
//! In scope: the bits, their compressed form, the list as a credential, the check of one entry. Out of scope: who may
//! sign a list, fetching it, and whether it is the newest.

mod error;

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use inkan_core::{Timestamp, encoding, json, limits};
use serde_json::{Value, json};

use crate::model::{CONTEXT_V2, Credential, StatusEntry, StatusPurpose, has_type, items};

pub use self::error::StatusListError;

/// The smallest list, in bits: one bit among fewer would say too much about its holder (§6.1).
pub const MINIMUM_BITS: u64 = 131_072;

/// The type of a status list credential.
pub const CREDENTIAL_TYPE: &str = "BitstringStatusListCredential";

/// A list of bits; bit 0 is the most significant bit of the first byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BitstringStatusList {
    bytes: Vec<u8>,
}

impl BitstringStatusList {
    /// Makes a list of `bits` zeroes, rounded up to whole bytes.
    ///
    /// # Errors
    ///
    /// [`StatusListError::TooShort`] below [`MINIMUM_BITS`], [`StatusListError::TooLarge`] above the limit.
    pub fn new(bits: u64) -> Result<Self, StatusListError> {
        if bits < MINIMUM_BITS {
            return Err(StatusListError::TooShort { bits });
        }
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        if length > limits::STATUS_LIST_INFLATED {
            return Err(StatusListError::TooLarge);
        }
        Ok(Self { bytes: vec![0; length] })
    }

    /// Number of bits.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX).saturating_mul(8)
    }

    /// Whether there are no bits; never so for a list from [`Self::new`] or [`Self::decode`].
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads bit `position`.
    ///
    /// # Errors
    ///
    /// [`StatusListError::IndexOutOfRange`].
    pub fn get(&self, position: u64) -> Result<bool, StatusListError> {
        let byte = byte_of(position).and_then(|index| self.bytes.get(index));
        let byte = byte.ok_or(StatusListError::IndexOutOfRange { index: position })?;
        Ok(byte & mask(position) != 0)
    }

    /// Sets bit `position` to 1.
    ///
    /// # Errors
    ///
    /// [`StatusListError::IndexOutOfRange`].
    pub fn set(&mut self, position: u64) -> Result<(), StatusListError> {
        *self.byte_mut(position)? |= mask(position);
        Ok(())
    }

    /// Sets bit `position` to 0.
    ///
    /// # Errors
    ///
    /// [`StatusListError::IndexOutOfRange`].
    pub fn clear(&mut self, position: u64) -> Result<(), StatusListError> {
        *self.byte_mut(position)? &= !mask(position);
        Ok(())
    }

    /// Number of bits that are 1.
    #[must_use]
    pub fn count_set(&self) -> u64 {
        self.bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// The `encodedList`: GZIP, then multibase base64url (§3.3). The same bits always give the same text.
    ///
    /// # Errors
    ///
    /// [`StatusListError::Malformed`] if the compressor fails.
    pub fn encode(&self) -> Result<String, StatusListError> {
        let failed = |_| StatusListError::Malformed { member: "encodedList" };
        let mut compressor = GzEncoder::new(Vec::new(), Compression::best());
        compressor.write_all(&self.bytes).map_err(failed)?;
        let compressed = compressor.finish().map_err(failed)?;
        Ok(format!("u{}", encoding::b64u(&compressed)))
    }

    /// Reads an `encodedList` (§3.4). Inflating stops at [`limits::STATUS_LIST_INFLATED`].
    ///
    /// # Errors
    ///
    /// [`StatusListError::Malformed`], [`StatusListError::TooLarge`] or [`StatusListError::TooShort`].
    pub fn decode(text: &str) -> Result<Self, StatusListError> {
        const MALFORMED: StatusListError = StatusListError::Malformed { member: "encodedList" };
        if text.len() > limits::STATUS_LIST {
            return Err(StatusListError::TooLarge);
        }
        let encoded = text.strip_prefix('u').ok_or(MALFORMED)?;
        let compressed = encoding::decode_b64u(encoded).map_err(|_| MALFORMED)?;
        let limit = limits::STATUS_LIST_INFLATED;
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        let mut inflater = MultiGzDecoder::new(compressed.as_slice()).take(one_more);
        inflater.read_to_end(&mut bytes).map_err(|_| MALFORMED)?;
        if bytes.len() > limit {
            return Err(StatusListError::TooLarge);
        }
        let list = Self { bytes };
        if list.len() < MINIMUM_BITS {
            return Err(StatusListError::TooShort { bits: list.len() });
        }
        Ok(list)
    }

    fn byte_mut(&mut self, position: u64) -> Result<&mut u8, StatusListError> {
        byte_of(position)
            .and_then(|index| self.bytes.get_mut(index))
            .ok_or(StatusListError::IndexOutOfRange { index: position })
    }
}

fn byte_of(position: u64) -> Option<usize> {
    usize::try_from(position / 8).ok()
}

const fn mask(position: u64) -> u8 {
    0x80 >> (position % 8)
}

/// A status list as its credential states it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusListCredential {
    id: Option<String>,
    purposes: Vec<StatusPurpose>,
    list: BitstringStatusList,
    ttl_milliseconds: Option<u64>,
}

impl StatusListCredential {
    /// Reads the list in a credential of type `BitstringStatusListCredential` (§2.2), whose signature the caller checks.
    ///
    /// # Errors
    ///
    /// [`StatusListError`].
    pub fn from_credential(credential: &Credential) -> Result<Self, StatusListError> {
        let malformed = |member| StatusListError::Malformed { member };
        if !credential.has_type(CREDENTIAL_TYPE) {
            return Err(malformed("type"));
        }
        let [subject] = credential.subjects() else { return Err(malformed("credentialSubject")) };
        if !has_type(subject, "BitstringStatusList") {
            return Err(malformed("credentialSubject.type"));
        }
        let purposes = items(subject, "statusPurpose");
        let purposes = purposes
            .iter()
            .map(|purpose| purpose.as_str().and_then(StatusPurpose::parse))
            .collect::<Option<Vec<_>>>()
            .filter(|purposes| !purposes.is_empty())
            .ok_or(malformed("statusPurpose"))?;
        let encoded = json::text(subject, "encodedList").ok_or(malformed("encodedList"))?;
        let ttl_milliseconds = match subject.get("ttl") {
            None => None,
            Some(ttl) => Some(ttl.as_u64().ok_or(malformed("ttl"))?),
        };
        let list = BitstringStatusList::decode(encoded)?;
        Ok(Self { id: credential.id().map(str::to_owned), purposes, list, ttl_milliseconds })
    }

    /// The bits.
    #[must_use]
    pub const fn list(&self) -> &BitstringStatusList {
        &self.list
    }

    /// What the bits mean.
    #[must_use]
    pub fn purposes(&self) -> &[StatusPurpose] {
        &self.purposes
    }

    /// How long a copy may be kept, in milliseconds, if the list says so.
    #[must_use]
    pub const fn ttl_milliseconds(&self) -> Option<u64> {
        self.ttl_milliseconds
    }

    /// Whether `entry` is set in this list (§3.2).
    ///
    /// # Errors
    ///
    /// [`StatusListError::OtherList`] if the list names itself by another URL than the entry does,
    /// [`StatusListError::PurposeMismatch`], or [`StatusListError::IndexOutOfRange`].
    pub fn check(&self, entry: &StatusEntry) -> Result<bool, StatusListError> {
        if self.id.as_ref().is_some_and(|id| *id != entry.list_uri) {
            return Err(StatusListError::OtherList);
        }
        if !self.purposes.contains(&entry.purpose) {
            return Err(StatusListError::PurposeMismatch);
        }
        let out_of_range = StatusListError::IndexOutOfRange { index: entry.index };
        let size = u64::from(entry.size);
        let first = entry.index.checked_mul(size).ok_or(out_of_range)?;
        let mut set = false;
        for offset in 0..size {
            set |= self.list.get(first.saturating_add(offset))?;
        }
        Ok(set)
    }
}

/// What goes into a status list credential.
#[derive(Clone, Copy, Debug)]
pub struct StatusListTerms<'a> {
    /// URL where the list is served.
    pub uri: &'a str,
    /// Who issues the list: the issuer of the credentials, or who it authorised.
    pub issuer: &'a str,
    /// What the bits mean.
    pub purpose: StatusPurpose,
    /// From when it is good.
    pub valid_from: Timestamp,
    /// Until when it is good; another must be published before.
    pub valid_until: Timestamp,
}

/// The unsigned status list credential (§2.2).
///
/// # Errors
///
/// [`StatusListError::Malformed`] if the compressor fails.
pub fn status_list_credential(
    terms: &StatusListTerms<'_>,
    list: &BitstringStatusList,
) -> Result<Value, StatusListError> {
    Ok(json!({
        "@context": [CONTEXT_V2],
        "id": terms.uri,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": terms.issuer,
        "validFrom": terms.valid_from.to_string(),
        "validUntil": terms.valid_until.to_string(),
        "credentialSubject": {
            "id": format!("{}#list", terms.uri),
            "type": "BitstringStatusList",
            "statusPurpose": terms.purpose.as_str(),
            "encodedList": list.encode()?,
        },
    }))
}

#[cfg(test)]
mod tests;
