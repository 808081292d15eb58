//! What an authority may have stated: the question that the map answers.

use inkan_did::DidUrl;
use inkan_ledger::{KEY_COMPROMISED, MapKey, TrustStatement};

use super::scid_of;

/// A statement of trust, by all that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustQuestion {
    /// DID of the authority.
    pub authority: String,
    /// Which kind of statement.
    pub statement: TrustStatement,
    /// Of whom.
    pub entity_id: String,
    /// What they may do.
    pub action: String,
    /// With what.
    pub resource: String,
}

impl TrustQuestion {
    /// Where the map has the answer.
    #[must_use]
    pub fn key(&self) -> MapKey {
        let Self { authority, statement, entity_id, action, resource } = self;
        MapKey::trust_of(scid_of(authority), *statement, entity_id, action, resource)
    }
}

/// Whether a DID reported this key of its own compromised.
pub(super) fn compromise(key: &DidUrl, statement: TrustStatement) -> TrustQuestion {
    let did = key.did().as_str().to_owned();
    let (action, resource) = (KEY_COMPROMISED.to_owned(), key.as_str().to_owned());
    TrustQuestion { authority: did.clone(), statement, entity_id: did, action, resource }
}
