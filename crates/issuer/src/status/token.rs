//! A list that is published as a Token Status List
//! ([draft-ietf-oauth-status-list](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list), -21): one entry says whether a
//! credential is in force, revoked or suspended.

use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_crypto::Signer;

use super::{BitState, Publication, StatusEncoding, StatusListState, StatusStateError};

/// The value of a credential in force.
pub(super) const VALID: u8 = TokenStatus::Valid.value();
/// Of one that is revoked, for good.
pub(super) const INVALID: u8 = TokenStatus::Invalid.value();
/// Of one that is suspended.
pub(super) const SUSPENDED: u8 = TokenStatus::Suspended.value();

impl StatusListState {
    /// A new Token Status List of the smallest size with 1, 2, 4 or 8 bits per entry: with one bit it can revoke, with more
    /// suspend as well. Lists are as long as Bitstring ones, so that one credential hides among as many.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`]; cannot happen for the sizes used. [`StatusStateError::OtherList`] for an encoding that is none
    /// of tokens.
    pub fn of_tokens(
        uri: &str,
        encoding: StatusEncoding,
        bits: StatusBits,
    ) -> Result<Self, StatusStateError> {
        if !encoding.is_token() {
            return Err(StatusStateError::OtherList);
        }
        Ok(Self { encoding, ..Self::sized(uri, StatusPurpose::Revocation, bits.number())? })
    }

    /// As [`Self::change`]: what is said of the entry, by the purpose that it was taken for.
    pub(super) fn change_token(
        &mut self,
        entry: &StatusEntry,
        to: BitState,
    ) -> Result<(), StatusStateError> {
        let value = match to {
            BitState::Set => value_of(entry)?,
            BitState::Clear => VALID,
        };
        self.set_value(entry, value)
    }

    /// Sets an entry that is known. Who is revoked stays so, whatever else is said of them (§7.1).
    pub(super) fn set_token(&mut self, index: u64, value: u8) -> Result<(), StatusStateError> {
        if self.bits.value(index, self.size)? == INVALID && value != INVALID {
            return Err(StatusStateError::Final);
        }
        Ok(self.bits.set_value(index, self.size, value)?)
    }

    /// The token as it is published.
    pub(super) fn token(
        &self,
        publication: &Publication<'_>,
        (name, signer): (KeyName<'_>, &dyn Signer),
    ) -> Result<StatusListToken, StatusStateError> {
        let terms = TokenTerms {
            uri: &self.uri,
            issued_at: publication.valid_from,
            expires: Some(publication.valid_until),
            // Whole seconds; a list that is fetched too often harms less than one that is fetched too late.
            ttl: self.ttl_milliseconds.map(|ttl| ttl.div_euclid(1_000).max(1)),
            aggregation_uri: None,
        };
        let list = self.token_list()?;
        Ok(match (self.encoding, name) {
            (StatusEncoding::TokenJwt, KeyName::Kid(method)) => {
                StatusListToken::issue_jwt(&list, &terms, method, signer)?
            }
            (StatusEncoding::TokenJwt, KeyName::Certificates(chain)) => {
                StatusListToken::issue_jwt_certified(&list, &terms, chain, signer)?
            }
            (StatusEncoding::TokenCwt, KeyName::Kid(method)) => {
                StatusListToken::issue_cwt(&list, &terms, method, signer)?
            }
            (StatusEncoding::TokenCwt, KeyName::Certificates(chain)) => {
                StatusListToken::issue_cwt_certified(&list, &terms, chain, signer)?
            }
            (StatusEncoding::Bitstring, _) => return Err(StatusStateError::OtherList),
        })
    }

    /// The same values in the other order of bits.
    fn token_list(&self) -> Result<TokenStatusList, StatusStateError> {
        let bits = StatusBits::from_number(self.size.into());
        let bits = bits.ok_or(StatusStateError::Malformed { member: "size" })?;
        let mut list = TokenStatusList::new(bits, self.used.len())?;
        for index in 0..self.used.len() {
            let value = self.bits.value(index, self.size)?;
            if value != VALID {
                list.set(index, TokenStatus::from_value(value))?;
            }
        }
        Ok(list)
    }
}

/// What a token list says of an entry for which the purpose of `entry` holds.
pub(super) const fn value_of(entry: &StatusEntry) -> Result<u8, StatusStateError> {
    match entry.purpose {
        StatusPurpose::Revocation => Ok(INVALID),
        StatusPurpose::Suspension => Ok(SUSPENDED),
        StatusPurpose::Refresh | StatusPurpose::Message => Err(StatusStateError::OtherList),
    }
}

#[cfg(test)]
mod tests;
