//! The life of a status list: made, handed out index by index, changed, published.
//!
//! One book for both encodings: a Bitstring Status List, whose entries speak about one purpose, and a Token Status List, whose
//! entries tell in force, revoked and suspended apart. Places, decoys and publications are kept the same way.
//!
//! In scope: the issuer's own state of one list, as a value. Out of scope: keeping it on disk, serving it, and the
//! `status` entry on the ledger, for which [`Published`] has what is needed.

mod error;
mod file;
mod growing;
mod taken;
mod token;

use inkan_core::rng::draw;
use inkan_core::text::is_hidden;
use inkan_core::{CryptoRng, Digest, Timestamp, sha256};
use inkan_credential::Format;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{MAXIMUM_STATUS_SIZE, StatusEntry, StatusMessage, StatusPurpose};
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListTerms, status_list_credential,
};
use inkan_crypto::Signer;

pub use self::error::StatusStateError;
pub use self::taken::AnnouncedList;
use crate::issue::sign_plain;

/// How often a place is drawn before the free ones are counted through.
const DRAWS: u32 = 8;

/// How a list is written when it is published. It never changes for one URI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusEncoding {
    /// A Bitstring Status List Credential.
    Bitstring,
    /// A Token Status List in a JWT.
    TokenJwt,
    /// A Token Status List in a CWT.
    TokenCwt,
}

impl StatusEncoding {
    /// The name in state files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bitstring => "bitstring",
            Self::TokenJwt => "token-jwt",
            Self::TokenCwt => "token-cwt",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Bitstring, Self::TokenJwt, Self::TokenCwt]
            .into_iter()
            .find(|encoding| encoding.as_str() == name)
    }

    /// Whether it is a Token Status List.
    #[must_use]
    pub const fn is_token(self) -> bool {
        match self {
            Self::Bitstring => false,
            Self::TokenJwt | Self::TokenCwt => true,
        }
    }
}

/// One status list as its issuer keeps it. `used` says which indices were ever given away, to a credential or to a decoy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusListState {
    uri: String,
    encoding: StatusEncoding,
    /// Of a Token Status List, `revocation`: the first thing that its entries can say.
    purpose: StatusPurpose,
    /// Bits per entry.
    size: u8,
    /// One for each value of an entry; none for lists of one bit whose values are called "set" and "unset".
    messages: Vec<String>,
    /// Where the messages are explained.
    references: Vec<String>,
    ttl_milliseconds: Option<u64>,
    bits: BitstringStatusList,
    used: BitstringStatusList,
    decoys: BitstringStatusList,
    seq: u64,
}

impl StatusListState {
    /// A new list of the smallest size with one bit per entry, to be served at `uri`.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`]; cannot happen for the size used.
    pub fn new(uri: &str, purpose: StatusPurpose) -> Result<Self, StatusStateError> {
        Self::sized(uri, purpose, 1)
    }

    /// A new list of purpose `message`, whose entries have a value for each of `messages`: 2, 4, 8, … or 256 of them, the first being
    /// that of a fresh credential. Whoever holds a credential reads them all in it. `references` are URLs where they are explained.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Messages`] for any other number of them, one without characters or with some that hide or move text, and
    /// references that are no URLs.
    pub fn of_messages(
        uri: &str,
        messages: &[&str],
        references: &[&str],
    ) -> Result<Self, StatusStateError> {
        let size = (1..=MAXIMUM_STATUS_SIZE).find(|size| values_of(*size) == messages.len());
        // They are signed, and shown to whoever verifies.
        if messages.iter().any(|text| text.is_empty() || text.chars().any(is_hidden)) {
            return Err(StatusStateError::Messages);
        }
        let mut list =
            Self::sized(uri, StatusPurpose::Message, size.ok_or(StatusStateError::Messages)?)?;
        list.messages = messages.iter().map(|text| (*text).to_owned()).collect();
        list.references = references.iter().map(|url| (*url).to_owned()).collect();
        // The credential that the entry goes into has to be readable.
        StatusEntry::parse(&list.entry(0).to_value()).map_err(|_| StatusStateError::Messages)?;
        Ok(list)
    }

    fn sized(uri: &str, purpose: StatusPurpose, size: u8) -> Result<Self, StatusStateError> {
        let empty = || BitstringStatusList::new(MINIMUM_BITS);
        Ok(Self {
            uri: uri.to_owned(),
            encoding: StatusEncoding::Bitstring,
            purpose,
            size,
            messages: Vec::new(),
            references: Vec::new(),
            ttl_milliseconds: None,
            bits: BitstringStatusList::new(MINIMUM_BITS.saturating_mul(u64::from(size)))?,
            used: empty()?,
            decoys: empty()?,
            seq: 0,
        })
    }

    /// The same list, which asks verifiers to look for a newer one after so many milliseconds.
    #[must_use]
    pub fn with_ttl(self, milliseconds: u64) -> Self {
        self.with_ttl_if(Some(milliseconds))
    }

    /// The same list with this `ttl`, or with none: a copy may then be relied on until the list ends.
    #[must_use]
    pub fn with_ttl_if(self, ttl_milliseconds: Option<u64>) -> Self {
        Self { ttl_milliseconds, ..self }
    }

    /// For how many milliseconds a copy may be relied on, if that is limited.
    #[must_use]
    pub const fn ttl_milliseconds(&self) -> Option<u64> {
        self.ttl_milliseconds
    }

    /// URL where the list is served.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// How it is published.
    #[must_use]
    pub const fn encoding(&self) -> StatusEncoding {
        self.encoding
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

    /// The same list, whose newest version in the log that announces it from now on has this number; 0 if it has none there. Numbers
    /// begin anew in a log that the issuer moved to (ledger specification §6.6).
    #[must_use]
    pub const fn numbered_after(mut self, seq: u64) -> Self {
        self.seq = seq;
        self
    }

    /// What its values are called; none for lists of one bit about another purpose.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// The bits as they are now.
    #[must_use]
    pub const fn bits(&self) -> &BitstringStatusList {
        &self.bits
    }

    /// Number of indices that were handed out to credentials.
    #[must_use]
    pub fn count_used(&self) -> u64 {
        self.used.count_set().saturating_sub(self.decoys.count_set())
    }

    /// Number of indices that can still be handed out.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.used.len().saturating_sub(self.used.count_set())
    }

    /// Whether the list now says of `entry` what its purpose is about.
    ///
    /// # Errors
    ///
    /// As [`Self::value`].
    pub fn says(&self, entry: &StatusEntry) -> Result<bool, StatusStateError> {
        let value = self.value(entry)?;
        Ok(if self.encoding.is_token() { value == token::value_of(entry)? } else { value != 0 })
    }

    /// The value of `entry` now: 0 for a credential that nothing was said against.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::OtherList`], [`StatusStateError::NotAllocated`].
    pub fn value(&self, entry: &StatusEntry) -> Result<u8, StatusStateError> {
        self.known(entry)?;
        Ok(self.bits.value(entry.index, self.size)?)
    }

    /// Hands out an index that never was, at random: an index must not tell when a credential was issued.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Full`] if every index was handed out; a new list is needed.
    pub fn allocate(&mut self, rng: &mut impl CryptoRng) -> Result<StatusEntry, StatusStateError> {
        let index = self.take(rng)?;
        Ok(self.entry(index))
    }

    /// Sets the status of `count` indices that no credential has or ever will have, so that the list does not tell how many
    /// credentials are revoked or suspended. They hide something only if nobody can tell them from real ones (Bitstring Status List, §"Decoy Values"): best set all
    /// at once, before the list is first published.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Full`] if there are not so many left; nothing is changed then.
    pub fn add_decoys(
        &mut self,
        count: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<(), StatusStateError> {
        if count > self.free() {
            return Err(StatusStateError::Full);
        }
        let most = values_of(self.size).saturating_sub(1);
        // A status that the list never has otherwise would give the decoys away.
        let most =
            if self.encoding.is_token() { most.min(usize::from(token::SUSPENDED)) } else { most };
        for _ in 0..count {
            let index = self.take(rng)?;
            let drawn = usize::from(u16::from_be_bytes(draw(rng))).checked_rem(most).unwrap_or(0);
            let value = u8::try_from(drawn.saturating_add(1)).unwrap_or(u8::MAX);
            self.decoys.set(index)?;
            self.bits.set_value(index, self.size, value)?;
        }
        Ok(())
    }

    /// Sets or clears `entry`. Revocations and refreshes are for good: they cannot be cleared (§2.1).
    ///
    /// # Errors
    ///
    /// [`StatusStateError::OtherList`], [`StatusStateError::NotAllocated`], [`StatusStateError::Final`].
    pub fn change(&mut self, entry: &StatusEntry, to: BitState) -> Result<(), StatusStateError> {
        if self.encoding.is_token() {
            return self.change_token(entry, to);
        }
        let value = match to {
            BitState::Set => 1,
            BitState::Clear => 0,
        };
        self.set_value(entry, value)
    }

    /// Gives `entry` a value: of a list of messages, the position of one of them.
    ///
    /// # Errors
    ///
    /// As [`Self::change`]; [`StatusStateError::Value`] if the list has no such value.
    pub fn set_value(&mut self, entry: &StatusEntry, value: u8) -> Result<(), StatusStateError> {
        self.known(entry)?;
        if usize::from(value) >= values_of(self.size) {
            return Err(StatusStateError::Value { value });
        }
        if self.encoding.is_token() {
            return self.set_token(entry.index, value);
        }
        match self.purpose {
            StatusPurpose::Revocation | StatusPurpose::Refresh if value == 0 => {
                return Err(StatusStateError::Final);
            }
            StatusPurpose::Revocation
            | StatusPurpose::Refresh
            | StatusPurpose::Suspension
            | StatusPurpose::Message => {}
        }
        Ok(self.bits.set_value(entry.index, self.size, value)?)
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
        self.publish_by(publication, (KeyName::Kid(method), signer))
    }

    /// As [`Self::publish`], by a key that certificates (DER, that of the key first) name: a Token Status List.
    ///
    /// # Errors
    ///
    /// As there; [`StatusStateError::OtherList`] for lists of other encodings.
    pub fn publish_certified(
        &mut self,
        publication: &Publication<'_>,
        (chain, signer): (&[Vec<u8>], &dyn Signer),
    ) -> Result<Published, StatusStateError> {
        self.publish_by(publication, (KeyName::Certificates(chain), signer))
    }

    fn publish_by(
        &mut self,
        publication: &Publication<'_>,
        (name, signer): (KeyName<'_>, &dyn Signer),
    ) -> Result<Published, StatusStateError> {
        let (valid_from, valid_until) = (publication.valid_from, publication.valid_until);
        let bytes = match self.encoding {
            StatusEncoding::Bitstring => {
                let KeyName::Kid(method) = name else { return Err(StatusStateError::OtherList) };
                let terms = StatusListTerms {
                    uri: &self.uri,
                    issuer: publication.issuer,
                    purpose: self.purpose,
                    valid_from,
                    valid_until,
                    ttl_milliseconds: self.ttl_milliseconds,
                };
                let unsigned = status_list_credential(&terms, &self.bits)?;
                let id = format!("{}#proof-{}", self.uri, self.seq.saturating_add(1));
                let key = (method, signer);
                let signed = sign_plain(unsigned, publication.format, &id, key, valid_from)?;
                signed.to_bare().into_bytes()
            }
            StatusEncoding::TokenJwt | StatusEncoding::TokenCwt => {
                self.token(publication, (name, signer))?.to_bytes()
            }
        };
        self.seq = self.seq.saturating_add(1);
        let served = ServedStatusList::new(&self.uri, &bytes);
        Ok(Published {
            digest: sha256(&[&bytes]),
            body: served.body,
            seq: self.seq,
            length: self.length(),
            valid_from,
            valid_until,
        })
    }

    /// What a credential with this place names, whether or not it was handed out.
    #[must_use]
    pub fn entry(&self, index: u64) -> StatusEntry {
        let named =
            |(status, message): (u8, &String)| StatusMessage { status, message: message.clone() };
        StatusEntry {
            purpose: self.purpose,
            list_uri: self.uri.clone(),
            index,
            size: self.size,
            messages: (0..=u8::MAX).zip(&self.messages).map(named).collect(),
            references: self.references.clone(),
        }
    }

    /// Whether `entry` is one of this list, and was handed out to a credential.
    fn known(&self, entry: &StatusEntry) -> Result<(), StatusStateError> {
        let same = if self.encoding.is_token() {
            token::value_of(entry).is_ok()
        } else {
            entry.purpose == self.purpose && entry.size == self.size
        };
        if entry.list_uri != self.uri || !same {
            return Err(StatusStateError::OtherList);
        }
        let index = entry.index;
        if self.used.get(index)? && !self.decoys.get(index)? {
            Ok(())
        } else {
            Err(StatusStateError::NotAllocated { index })
        }
    }

    /// Takes an index that never was taken, at random.
    fn take(&mut self, rng: &mut impl CryptoRng) -> Result<u64, StatusStateError> {
        let free = self.free();
        if free == 0 {
            return Err(StatusStateError::Full);
        }
        // Most lists are mostly free: a few draws find a place, each as likely as any other.
        for _ in 0..DRAWS {
            let index = u64::from_be_bytes(draw(rng)).checked_rem(self.used.len()).unwrap_or(0);
            if !self.used.get(index)? {
                self.used.set(index)?;
                return Ok(index);
            }
        }
        // Number `nth` of the free ones; the modulus is far below 2^64, so the bias is beyond noticing.
        let mut left = u64::from_be_bytes(draw(rng)) % free;
        for index in 0..self.used.len() {
            if self.used.get(index)? {
                continue;
            }
            if left == 0 {
                self.used.set(index)?;
                return Ok(index);
            }
            left = left.saturating_sub(1);
        }
        Err(StatusStateError::Full)
    }
}

/// How many values an entry of `size` bits can have.
fn values_of(size: u8) -> usize {
    1_usize.checked_shl(u32::from(size)).unwrap_or(usize::MAX)
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
    /// How a Bitstring Status List is secured; a token is secured as its encoding says.
    pub format: Format,
    /// From when it is good.
    pub valid_from: Timestamp,
    /// Until when; at most 366 days later, if it is recorded on a ledger.
    pub valid_until: Timestamp,
}

/// A published list, with what the ledger's `status` entry says about it.
#[derive(Clone, Debug)]
pub struct Published {
    /// What is to be served: JSON text or compact JWS; of a CWT the base64url (see [`ServedStatusList::body`]).
    pub body: String,
    /// SHA-256 of the bytes served (`dig`).
    pub digest: Digest,
    /// Which publication of this list it is, from 1.
    pub seq: u64,
    /// Number of bits (`len`); of a Token Status List, of entries.
    pub length: u64,
    /// `nbf`.
    pub valid_from: Timestamp,
    /// `exp`.
    pub valid_until: Timestamp,
}

#[cfg(test)]
mod tests;
