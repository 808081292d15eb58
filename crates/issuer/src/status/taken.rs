//! A list that somebody else announced, as whoever took over from them goes on with it.

use inkan_credential::model::StatusPurpose;
use inkan_credential::status_list::BitstringStatusList;

use super::{StatusEncoding, StatusListState, StatusStateError};

impl StatusListState {
    /// The list that is served at `uri`, as its newest version says; `encoded` is its `encodedList`, one bit an entry.
    ///
    /// Which places were handed out its issuer alone knows: all count as handed out, so nothing new is ever issued with it. It was never
    /// published by whoever goes on with it.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] if it is no list of bits; [`StatusStateError::Malformed`] for lists of messages.
    pub fn taken_over(
        uri: &str,
        purpose: StatusPurpose,
        encoded: &str,
    ) -> Result<Self, StatusStateError> {
        if purpose == StatusPurpose::Message {
            return Err(StatusStateError::Malformed { member: "purpose" });
        }
        let bits = BitstringStatusList::decode(encoded)?;
        let mut used = BitstringStatusList::new(bits.len())?;
        for place in 0..bits.len() {
            used.set(place)?;
        }
        Ok(Self {
            uri: uri.to_owned(),
            encoding: StatusEncoding::Bitstring,
            purpose,
            size: 1,
            messages: Vec::new(),
            references: Vec::new(),
            ttl_milliseconds: None,
            decoys: BitstringStatusList::new(bits.len())?,
            bits,
            used,
            seq: 0,
        })
    }

    /// What whoever had the list before has set in it since it was looked at last: `newest` and `before` are `encodedList`s of theirs.
    ///
    /// What is revoked stays so, whoever revoked it. Of suspensions only those are taken over that `before` did not say: those that
    /// it said were seen then, and may have been lifted here since.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] if one of them is no list of bits; [`StatusStateError::Malformed`] if this is none, or `newest` has
    /// other places.
    pub fn take_since(
        &mut self,
        newest: &str,
        before: Option<&str>,
    ) -> Result<(), StatusStateError> {
        if self.encoding.is_token() || self.size != 1 {
            return Err(StatusStateError::Malformed { member: "encoding" });
        }
        let newest = BitstringStatusList::decode(newest)?;
        let before = before.map(BitstringStatusList::decode).transpose()?;
        if newest.len() != self.bits.len() {
            return Err(StatusStateError::Malformed { member: "encodedList" });
        }
        for place in 0..newest.len() {
            let seen = self.purpose == StatusPurpose::Suspension
                && before.as_ref().is_some_and(|before| before.get(place) == Ok(true));
            if newest.get(place)? && !seen {
                self.bits.set(place)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
