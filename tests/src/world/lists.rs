//! The issuer's status lists.

use inkan_core::Timestamp;
use inkan_credential::Format;
use inkan_credential::model::StatusPurpose;
use inkan_issuer::StatusListState;
use inkan_issuer::status::{BitState, Publication, Published};
use inkan_ledger::{Claims, StatusClaims, StatusFormat};

use super::{Actor, Case, ISSUER, LIST, World};

impl World {
    /// Revokes a credential: a new list is published and recorded.
    ///
    /// # Panics
    ///
    /// If it has no status.
    pub fn revoke(&mut self, case: &Case) {
        let entry = case.status.as_ref().expect("a credential with a status");
        self.list.change(entry, BitState::Set).expect("one of the list");
        self.publish_list();
    }

    /// Publishes the list as it is now, and records that.
    pub fn publish_list(&mut self) {
        self.sleep(10);
        let published = self.sign_list(90 * 86_400);
        let place = self.record_list(LIST, StatusPurpose::Revocation, &published);
        self.lists.push((published.body, Some(place)));
    }

    /// Records a published list.
    pub fn record_list(&mut self, uri: &str, purpose: StatusPurpose, list: &Published) -> u64 {
        let purpose = purpose.as_str().to_owned();
        self.announce_list(uri, StatusFormat::Bitstring { purpose }, list)
    }

    /// Records a published list of any format.
    pub fn announce_list(&mut self, uri: &str, format: StatusFormat, list: &Published) -> u64 {
        let claims = Claims::Status(StatusClaims {
            uri: uri.to_owned(),
            format,
            sequence: list.seq,
            digest: list.digest,
            length: list.length,
            not_before: list.valid_from,
            expires: list.valid_until,
        });
        self.enter(ISSUER, &claims)
    }

    /// Signs the list as it is now, for so many seconds, and records nothing.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    pub fn sign_list(&mut self, seconds: i64) -> Published {
        let issuer = &self.actors[ISSUER.0];
        sign_list(&mut self.list, issuer, self.now, seconds)
    }
}

/// Signs a status list of `issuer`.
///
/// # Panics
///
/// If it cannot be signed.
pub fn sign_list(
    list: &mut StatusListState,
    issuer: &Actor,
    now: Timestamp,
    seconds: i64,
) -> Published {
    let publication = Publication {
        issuer: issuer.did.as_str(),
        format: Format::DataIntegrity,
        valid_from: now,
        valid_until: now.plus_seconds(seconds),
    };
    list.publish(&publication, (&issuer.method(), &issuer.key)).expect("a list")
}
