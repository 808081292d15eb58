//! Bitstring status lists: [Bitstring Status List 1.0](https://www.w3.org/TR/2025/REC-vc-bitstring-status-list-20250515/).
//!
//! In scope: the bits, their compressed form, the list as a credential, the check of one entry. Out of scope: who may
//! sign a list, fetching it, and whether it is the newest.

mod error;

use std::io::Write as _;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use inkan_core::{Timestamp, encoding, json, limits};
use serde_json::{Value, json};

use crate::inflate::{Inflate, read_to};
use crate::model::{
    CONTEXT_V2, Credential, MAXIMUM_STATUS_SIZE, StatusEntry, StatusPurpose, has_type, items,
};

pub use self::error::StatusListError;

/// The smallest list, in entries: one among fewer would say too much about its holder (§6.1). With one bit per entry, these are
/// 16 KiB.
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
            return Err(StatusListError::TooShort { entries: bits });
        }
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        if length > limits::STATUS_LIST_INFLATED {
            return Err(StatusListError::TooLarge);
        }
        Ok(Self { bytes: vec![0; length] })
    }

    /// Makes it longer, with zeroes at its end: so many bits at least, rounded up to whole bytes. It is never made shorter.
    ///
    /// # Errors
    ///
    /// [`StatusListError::TooLarge`] above the limit; nothing is changed then.
    pub fn grow(&mut self, bits: u64) -> Result<(), StatusListError> {
        let length = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        if length > limits::STATUS_LIST_INFLATED {
            return Err(StatusListError::TooLarge);
        }
        if length > self.bytes.len() {
            self.bytes.resize(length, 0);
        }
        Ok(())
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

    /// Reads entry `index` of a list with `size` bits per entry, the most significant bit first (§3.2, step 10).
    ///
    /// # Errors
    ///
    /// [`StatusListError::IndexOutOfRange`].
    pub fn value(&self, index: u64, size: u8) -> Result<u8, StatusListError> {
        let mut value = 0;
        for position in positions(index, size)? {
            let bit = self.get(position).map_err(|_| StatusListError::IndexOutOfRange { index })?;
            value = (value << 1) | u8::from(bit);
        }
        Ok(value)
    }

    /// Writes entry `index` of a list with `size` bits per entry. Bits of `value` beyond `size` are not looked at.
    ///
    /// # Errors
    ///
    /// [`StatusListError::IndexOutOfRange`]; nothing is changed then.
    pub fn set_value(&mut self, index: u64, size: u8, value: u8) -> Result<(), StatusListError> {
        self.value(index, size)?;
        for (position, shift) in positions(index, size)?.zip((0..size).rev()) {
            if (value >> shift) & 1 == 1 { self.set(position)? } else { self.clear(position)? }
        }
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
        let inflater = MultiGzDecoder::new(compressed.as_slice());
        let bytes =
            read_to(inflater, limits::STATUS_LIST_INFLATED).map_err(|error| match error {
                Inflate::Malformed => MALFORMED,
                Inflate::TooLarge => StatusListError::TooLarge,
            })?;
        let list = Self { bytes };
        if list.len() < MINIMUM_BITS {
            return Err(StatusListError::TooShort { entries: list.len() });
        }
        Ok(list)
    }

    fn byte_mut(&mut self, position: u64) -> Result<&mut u8, StatusListError> {
        byte_of(position)
            .and_then(|index| self.bytes.get_mut(index))
            .ok_or(StatusListError::IndexOutOfRange { index: position })
    }
}

/// The bits of entry `index`, `size` of them, at most eight.
fn positions(index: u64, size: u8) -> Result<std::ops::Range<u64>, StatusListError> {
    let out_of_range = StatusListError::IndexOutOfRange { index };
    let size = u64::from(size.min(MAXIMUM_STATUS_SIZE));
    let first = index.checked_mul(size).ok_or(out_of_range)?;
    Ok(first..first.checked_add(size).ok_or(out_of_range)?)
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
    size: Option<u64>,
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
        // A list may have purposes that nobody here knows beside others; entries with such a purpose are never asked for.
        let named = items(subject, "statusPurpose");
        if named.is_empty() || !named.iter().all(Value::is_string) {
            return Err(malformed("statusPurpose"));
        }
        let purposes =
            named.iter().filter_map(Value::as_str).filter_map(StatusPurpose::parse).collect();
        let encoded = json::text(subject, "encodedList").ok_or(malformed("encodedList"))?;
        let number = |member: &'static str| match subject.get(member) {
            None => Ok(None),
            Some(found) => found.as_u64().map(Some).ok_or(malformed(member)),
        };
        let (ttl_milliseconds, size) = (number("ttl")?, number("statusSize")?);
        let list = BitstringStatusList::decode(encoded)?;
        let id = credential.id().map(str::to_owned);
        Ok(Self { id, purposes, list, size, ttl_milliseconds })
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

    /// After how many milliseconds a newer copy should be looked for, if the list says so. It does not end the list's validity.
    #[must_use]
    pub const fn ttl_milliseconds(&self) -> Option<u64> {
        self.ttl_milliseconds
    }

    /// Whether a copy that was got at `got` is so old at `now` that a newer one should be looked for (§2.2, `ttl`).
    #[must_use]
    pub fn refresh_is_due(&self, got: Timestamp, now: Timestamp) -> bool {
        let age = u64::try_from(now.seconds_since(got)).unwrap_or(0).saturating_mul(1_000);
        self.ttl_milliseconds.is_some_and(|ttl| age >= ttl)
    }

    /// Whether `entry` is set in this list (§3.2): whether its value is another than 0.
    ///
    /// # Errors
    ///
    /// As [`Self::value`].
    pub fn check(&self, entry: &StatusEntry) -> Result<bool, StatusListError> {
        self.value(entry).map(|value| value != 0)
    }

    /// The value of `entry` in this list (§3.2).
    ///
    /// # Errors
    ///
    /// [`StatusListError::OtherList`] if the list names itself by another URL than the entry does,
    /// [`StatusListError::PurposeMismatch`], [`StatusListError::SizeMismatch`], [`StatusListError::TooShort`] if it has too few
    /// entries of that size, or [`StatusListError::IndexOutOfRange`].
    pub fn value(&self, entry: &StatusEntry) -> Result<u8, StatusListError> {
        if self.id.as_ref().is_some_and(|id| *id != entry.list_uri) {
            return Err(StatusListError::OtherList);
        }
        if !self.purposes.contains(&entry.purpose) {
            return Err(StatusListError::PurposeMismatch);
        }
        if self.size.is_some_and(|size| size != u64::from(entry.size)) {
            return Err(StatusListError::SizeMismatch);
        }
        let entries = self.list.len().checked_div(u64::from(entry.size)).unwrap_or(0);
        if entries < MINIMUM_BITS {
            return Err(StatusListError::TooShort { entries });
        }
        self.list.value(entry.index, entry.size)
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
    /// After how many milliseconds a newer copy should be looked for.
    pub ttl_milliseconds: Option<u64>,
}

/// The unsigned status list credential (§2.2). What the values of a `message` list mean stands in each entry and not here: the base
/// context has no term for it in a list.
///
/// # Errors
///
/// [`StatusListError::Malformed`] if the compressor fails.
pub fn status_list_credential(
    terms: &StatusListTerms<'_>,
    list: &BitstringStatusList,
) -> Result<Value, StatusListError> {
    let mut subject = json!({
        "id": format!("{}#list", terms.uri),
        "type": "BitstringStatusList",
        "statusPurpose": terms.purpose.as_str(),
        "encodedList": list.encode()?,
    });
    if let (Value::Object(members), Some(ttl)) = (&mut subject, terms.ttl_milliseconds) {
        members.insert("ttl".to_owned(), ttl.into());
    }
    Ok(json!({
        "@context": [CONTEXT_V2],
        "id": terms.uri,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": terms.issuer,
        "validFrom": terms.valid_from.to_string(),
        "validUntil": terms.valid_until.to_string(),
        "credentialSubject": subject,
    }))
}

#[cfg(test)]
mod tests;
