//! One layer of what happened since the base: lookups go from the newest layer to the oldest, then to the base.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::Digest;

use super::address::Address;
use super::base::Newest;
use super::controller::Controller;
use super::equivocation::Equivocation;
use super::trail::Version;
use crate::entry_id::EntryId;
use crate::leaf::split;
use crate::map::{MapKey, MapValue};

#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) entries: BTreeMap<EntryId, u64>,
    pub(super) controllers: BTreeMap<String, Controller>,
    /// Versions of DIDs, by map key and number.
    pub(super) versions: BTreeMap<(MapKey, u64), Version>,
    pub(super) heads: BTreeMap<MapKey, Newest>,
    pub(super) history: Vec<(MapKey, MapValue)>,
    pub(super) equivocations: Vec<Equivocation>,
    pub(super) documents: BTreeMap<Digest, Vec<u8>>,
    pub(super) epochs: Vec<u64>,
    pub(super) addresses: Vec<Address>,
    /// Whole leaves of the kinds whose bytes are compared when their id comes again.
    pub(super) leaves: BTreeMap<u64, Arc<[u8]>>,
}

impl Layer {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.epochs.is_empty()
            && self.equivocations.is_empty()
            && self.documents.is_empty()
    }

    pub(super) fn body(&self, leaf_index: u64) -> Option<&[u8]> {
        let (_, _, body) = split(self.leaves.get(&leaf_index)?).ok()?;
        Some(body)
    }

    /// Puts a newer layer on top of this one and makes one of both.
    pub(super) fn absorb(&mut self, newer: Self) {
        let Self {
            entries,
            controllers,
            versions,
            heads,
            history,
            equivocations,
            documents,
            epochs,
            addresses,
            leaves,
        } = newer;
        self.entries.extend(entries);
        self.controllers.extend(controllers);
        self.versions.extend(versions);
        self.heads.extend(heads);
        self.history.extend(history);
        self.equivocations.extend(equivocations);
        self.documents.extend(documents);
        self.epochs.extend(epochs);
        self.addresses.extend(addresses);
        self.leaves.extend(leaves);
    }
}
