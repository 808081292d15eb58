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
}
