//! How long a key stands: `expires` and `revoked` of a verification method
//! ([Controlled Identifiers 1.0 §2.2](https://www.w3.org/TR/cid-1.0/#verification-methods)).
//!
//! A ledger does not look at them: whether it accepts an entry is decided by the keys that are listed. They are for
//! whoever verifies what was signed.

use inkan_core::{Timestamp, json};
use serde_json::Value;

use super::{DidDocument, DocumentError, Relationship, items};
use crate::did_url::DidUrl;

/// What a document says of the time of a key.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyPeriod {
    /// From this time on nothing is to be signed with it.
    pub expires: Option<Timestamp>,
    /// From this time on nothing that it signs is to be accepted.
    pub revoked: Option<Timestamp>,
}

impl KeyPeriod {
    /// Reads the two members of a verification method.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Period`] unless both are absent or a date and time with its offset.
    pub(super) fn read(method: &Value) -> Result<Self, DocumentError> {
        let time = |member: &str| match method.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => {
                Timestamp::parse(text).map(Some).map_err(|_| period_error(method, member))
            }
            Some(_) => Err(period_error(method, member)),
        };
        Ok(Self { expires: time("expires")?, revoked: time("revoked")? })
    }

    /// When it ended, if that is at or before `at`: the earlier one of the two.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> Option<Timestamp> {
        [self.expires, self.revoked].into_iter().flatten().filter(|end| *end <= at).min()
    }

    /// Whether it was revoked at `at` or before.
    #[must_use]
    pub fn is_revoked(&self, at: Timestamp) -> bool {
        self.revoked.is_some_and(|revoked| revoked <= at)
    }
}

fn period_error(method: &Value, member: &str) -> DocumentError {
    let id = json::text(method, "id").unwrap_or_default().to_owned();
    DocumentError::Period { id, member: member.to_owned() }
}

impl DidDocument {
    /// How long the key with this URL stands, by the document's own word; no bounds for a key that it does not describe.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Period`] if one of the dates is none: then nothing can be said of the key.
    pub fn period(&self, url: &DidUrl) -> Result<KeyPeriod, DocumentError> {
        self.described(url).map_or_else(|| Ok(KeyPeriod::default()), KeyPeriod::read)
    }

    /// The verification method with this URL as it was written, wherever it stands.
    pub(crate) fn described(&self, url: &DidUrl) -> Option<&Value> {
        let embedded = Relationship::ALL.into_iter().map(Relationship::name);
        let members = std::iter::once("verificationMethod").chain(embedded);
        members
            .filter_map(|member| items(self.value(), member).ok())
            .flatten()
            .filter(|item| item.is_object())
            .find(|item| {
                let id = json::text(item, "id").unwrap_or_default();
                DidUrl::resolve(self.id(), id).is_ok_and(|named| named == *url)
            })
    }
}
