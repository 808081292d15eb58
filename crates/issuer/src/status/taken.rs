//! A list that somebody else announced, as whoever took over from them goes on with it: in the encoding that it has, with the values
//! that it says.
//!
//! In scope: what is taken over, once and whenever the predecessor says something later. Out of scope: who may take over, and where
//! the predecessor's lists are found.

use inkan_core::json;
use inkan_credential::SecuredCredential;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::status_list::{BitstringStatusList, MINIMUM_BITS};
use inkan_credential::token_status_list::{StatusListToken, TokenStatusList};
use serde_json::Value;

use super::token::{INVALID, VALID};
use super::{StatusEncoding, StatusListState, StatusStateError};

/// A list as its announcer published it. Who signed it is not looked at: the ledger's entry names its digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnouncedList {
    encoding: StatusEncoding,
    values: Values,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Values {
    /// With what it says its bits are about.
    Bitstring(BitstringStatusList, Vec<String>),
    Token(TokenStatusList),
}

impl AnnouncedList {
    /// Reads the bytes that are served, in the encoding that the ledger's entry names.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] or [`StatusStateError::Token`] if they are no such list.
    pub fn read(encoding: StatusEncoding, bytes: &[u8]) -> Result<Self, StatusStateError> {
        let values = match encoding {
            StatusEncoding::Bitstring => bits_of(bytes)?,
            StatusEncoding::TokenJwt => {
                let text = str::from_utf8(bytes).unwrap_or_default().trim_ascii();
                Values::Token(StatusListToken::parse_jwt(text)?.list().clone())
            }
            StatusEncoding::TokenCwt => {
                Values::Token(StatusListToken::parse_cwt(bytes)?.list().clone())
            }
        };
        Ok(Self { encoding, values })
    }

    /// The value of an entry of so many bits; `None` beyond the end.
    fn value(&self, index: u64, size: u8) -> Option<u8> {
        match &self.values {
            Values::Bitstring(list, _) => list.value(index, size).ok(),
            Values::Token(list) => list.get(index).ok().map(|status| status.value()),
        }
    }

    /// How many entries of so many bits it has.
    fn entries(&self, size: u8) -> u64 {
        match &self.values {
            Values::Bitstring(list, _) => list.len().checked_div(u64::from(size)).unwrap_or(0),
            Values::Token(list) => list.len(),
        }
    }
}

/// The bits of a Bitstring Status List Credential, and its purposes.
fn bits_of(bytes: &[u8]) -> Result<Values, StatusStateError> {
    const MALFORMED: StatusStateError = StatusStateError::Malformed { member: "encodedList" };
    let secured = SecuredCredential::parse(bytes).map_err(|_| MALFORMED)?;
    let subject = secured.credential().value().get("credentialSubject");
    let encoded = subject.and_then(|subject| json::text(subject, "encodedList"));
    let list = BitstringStatusList::decode(encoded.ok_or(MALFORMED)?)?;
    let purposes = match subject.and_then(|subject| subject.get("statusPurpose")) {
        Some(Value::Array(purposes)) => purposes.iter().filter_map(Value::as_str).collect(),
        Some(one) => one.as_str().into_iter().collect(),
        None => Vec::new(),
    };
    Ok(Values::Bitstring(list, purposes.into_iter().map(str::to_owned).collect()))
}

impl StatusListState {
    /// The list that `entry` names, as its newest version says.
    ///
    /// Which places were handed out its issuer alone knows: all count as handed out, so nothing new is ever issued with it. It was never
    /// published by whoever goes on with it.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::OtherList`] if it says nothing of the kind that `entry` is about; [`StatusStateError::List`] or
    /// [`StatusStateError::Malformed`] if it cannot be gone on with.
    pub fn taken_over(
        entry: &StatusEntry,
        announced: &AnnouncedList,
    ) -> Result<Self, StatusStateError> {
        let size = match &announced.values {
            Values::Bitstring(..) => entry.size,
            // What a token's entry says has no purpose of its own.
            Values::Token(_) if is_messages(entry) => return Err(StatusStateError::OtherList),
            Values::Token(list) => list.bits().number(),
        };
        let there = announced.entries(size);
        let places = match &announced.values {
            Values::Bitstring(..) => there,
            // Others make shorter ones.
            Values::Token(_) => there.max(MINIMUM_BITS).next_multiple_of(8),
        };
        let mut used = BitstringStatusList::new(places)?;
        if used.len() != places {
            return Err(StatusStateError::Malformed { member: "encodedList" });
        }
        let mut bits = BitstringStatusList::new(places.saturating_mul(u64::from(size)))?;
        for place in 0..places {
            used.set(place)?;
            if let Some(value) = announced.value(place, size).filter(|value| *value != VALID) {
                bits.set_value(place, size, value)?;
            }
        }
        let is_token = announced.encoding.is_token();
        Ok(Self {
            uri: entry.list_uri.clone(),
            encoding: announced.encoding,
            purpose: if is_token { StatusPurpose::Revocation } else { entry.purpose },
            size,
            messages: entry.messages.iter().map(|one| one.message.clone()).collect(),
            references: entry.references.clone(),
            ttl_milliseconds: None,
            decoys: BitstringStatusList::new(places)?,
            bits,
            used,
            seq: 0,
        })
    }

    /// What whoever had the list before has set in it since it was looked at last: `newest` and `before` are theirs.
    ///
    /// What is revoked stays so, whoever revoked it. Of suspensions only those are taken over that `before` did not say: those that
    /// it said were seen then, and may have been lifted here since. Of messages, those that say something else than `before` did.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::Malformed`] if `newest` is in another encoding, or about something else; [`StatusStateError::List`] if it is longer than any can be.
    pub fn take_since(
        &mut self,
        newest: &AnnouncedList,
        before: Option<&AnnouncedList>,
    ) -> Result<(), StatusStateError> {
        if newest.encoding != self.encoding {
            return Err(StatusStateError::Malformed { member: "encoding" });
        }
        if let Values::Bitstring(_, purposes) = &newest.values
            && !purposes.iter().any(|purpose| purpose == self.purpose.as_str())
        {
            return Err(StatusStateError::Malformed { member: "statusPurpose" });
        }
        // Either may have grown since, for a ledger that asks for longer ones.
        let there = newest.entries(self.size);
        if there > self.used.len() {
            *self = self.clone().with_entries(there)?;
        }
        for place in 0..there {
            let value = newest.value(place, self.size).unwrap_or(VALID);
            let said = before.and_then(|before| before.value(place, self.size)).unwrap_or(VALID);
            if self.takes(place, value, said)? {
                self.bits.set_value(place, self.size, value)?;
            }
        }
        Ok(())
    }

    /// Whether a value of theirs is taken over, who said `said` before.
    fn takes(&self, place: u64, value: u8, said: u8) -> Result<bool, StatusStateError> {
        let is_new = value != VALID && value != said;
        if self.encoding.is_token() {
            let is_final = self.bits.value(place, self.size)? == INVALID;
            return Ok(value == INVALID || (is_new && !is_final));
        }
        Ok(match self.purpose {
            StatusPurpose::Revocation | StatusPurpose::Refresh => value != VALID,
            StatusPurpose::Suspension => is_new,
            StatusPurpose::Message => value != said,
        })
    }
}

const fn is_messages(entry: &StatusEntry) -> bool {
    match entry.purpose {
        StatusPurpose::Message => true,
        StatusPurpose::Revocation | StatusPurpose::Suspension | StatusPurpose::Refresh => false,
    }
}

#[cfg(test)]
mod tests;
