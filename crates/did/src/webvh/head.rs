//! The state of a DID after an entry: all that the next entry is judged by.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_crypto::PublicKey;

use super::parameters::WitnessSet;
use crate::did::Did;
use crate::document::DidDocument;

/// One verified version of a DID; only [`check_next`](super::check_next) and [`History`](super::History) make one.
#[derive(Clone, Debug)]
pub struct Head {
    pub(super) scid: String,
    pub(super) version_id: String,
    pub(super) number: u64,
    pub(super) time: Timestamp,
    pub(super) document: Arc<DidDocument>,
    pub(super) update_keys: Vec<PublicKey>,
    pub(super) next_key_hashes: Vec<String>,
    pub(super) witness: WitnessSet,
    pub(super) watchers: Vec<String>,
    pub(super) portable: bool,
    pub(super) deactivated: bool,
    pub(super) ttl: u64,
    pub(super) home: Option<String>,
}

impl Head {
    /// The SCID of the DID.
    #[must_use]
    pub fn scid(&self) -> &str {
        &self.scid
    }

    /// The DID of this version; a portable DID may have had others.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.document.id()
    }

    /// The `versionId` of this version.
    #[must_use]
    pub fn version_id(&self) -> &str {
        &self.version_id
    }

    /// The number of this version, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The `versionTime` of this version: a claim of the controller.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The document of this version.
    #[must_use]
    pub fn document(&self) -> &DidDocument {
        &self.document
    }

    /// The update keys in force.
    #[must_use]
    pub fn update_keys(&self) -> &[PublicKey] {
        &self.update_keys
    }

    /// Commitments to the update keys of the next entry.
    #[must_use]
    pub fn next_key_hashes(&self) -> &[String] {
        &self.next_key_hashes
    }

    /// Whether the next entry must use a key that this one committed to.
    #[must_use]
    pub fn pre_rotation(&self) -> bool {
        !self.next_key_hashes.is_empty()
    }

    /// Who must approve the next entry.
    #[must_use]
    pub const fn witness(&self) -> &WitnessSet {
        &self.witness
    }

    /// URLs of parties that keep copies of the history.
    #[must_use]
    pub fn watchers(&self) -> &[String] {
        &self.watchers
    }

    /// Whether the DID may change its host and path.
    #[must_use]
    pub const fn portable(&self) -> bool {
        self.portable
    }

    /// Whether the history has ended.
    #[must_use]
    pub const fn deactivated(&self) -> bool {
        self.deactivated
    }

    /// For how many seconds a resolver may cache the document.
    #[must_use]
    pub const fn ttl(&self) -> u64 {
        self.ttl
    }

    /// The origin of the home log: the one this version names, else its predecessor's, else none (D14).
    #[must_use]
    pub fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }
}
