//! What a run of leaves changed, as rows for one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::Digest;

use super::address::Address;
use super::base::Newest;
use super::controller::Controller;
use super::equivocation::Equivocation;
use super::layer::Layer;
use super::standing::Standing;
use super::trail::Version;
use crate::entry_id::EntryId;
use crate::map::{MapKey, MapValue};

/// Everything that a [`Base`](super::Base) must know before the machine may forget it. Cheap to clone.
///
/// All of it goes into one transaction, with [`Self::standing`]. Doing it twice does no harm.
#[derive(Clone, Debug)]
pub struct Changes {
    pub(super) layer: Arc<Layer>,
    pub(super) standing: Standing,
}

impl Changes {
    /// The machine after these changes: what [`Machine::resume`](super::Machine::resume) needs beside the base.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Ids that became known, and where; sorted by id. An id that the base has keeps its first place.
    #[must_use]
    pub fn entries(&self) -> &BTreeMap<EntryId, u64> {
        &self.layer.entries
    }

    /// Heads of DIDs, by SCID; newer ones replace older ones.
    #[must_use]
    pub fn controllers(&self) -> &BTreeMap<String, Controller> {
        &self.layer.controllers
    }

    /// Where versions of DIDs stand, by map key and number; added to those that the base has.
    #[must_use]
    pub fn versions(&self) -> &BTreeMap<(MapKey, u64), Version> {
        &self.layer.versions
    }

    /// The newest entry under each map key; it replaces what the base has.
    #[must_use]
    pub fn heads(&self) -> &BTreeMap<MapKey, Newest> {
        &self.layer.heads
    }

    /// Every entry under a map key, in the order of the log, those that were replaced since included.
    #[must_use]
    pub fn history(&self) -> &[(MapKey, MapValue)] {
        &self.layer.history
    }

    /// What is kept beside an entry of [`Self::history`], if anything is: of a DID for each version, of others for the
    /// newest.
    #[must_use]
    pub fn detail(&self, key: &MapKey, value: &MapValue) -> Option<Vec<u8>> {
        if let Some(version) = self.layer.versions.get(&(*key, value.sequence)) {
            return Some(version.trail.to_bytes());
        }
        let newest = self.layer.heads.get(key).filter(|newest| newest.value == *value);
        newest.map(|newest| newest.detail.clone())
    }

    /// Forks of DIDs that were refused.
    #[must_use]
    pub fn equivocations(&self) -> &[Equivocation] {
        &self.layer.equivocations
    }

    /// Parameters documents that were put in force.
    #[must_use]
    pub fn documents(&self) -> &BTreeMap<Digest, Vec<u8>> {
        &self.layer.documents
    }

    /// Places of epoch leaves.
    #[must_use]
    pub fn epochs(&self) -> &[u64] {
        &self.layer.epochs
    }

    /// Which places on the web entries named, in the order of the log: the first of a DID, one that moves it, and each of a
    /// status list.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.layer.addresses
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layer.is_empty()
    }
}
