//! Leaves that fit the log as it is now, before and after they got their place.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh::Head;

use super::address::Address;
use super::standing::InForce;
use super::trail::Trail;
use crate::entry_id::EntryId;
use crate::leaf::Kind;
use crate::map::{Flags, MapKey, MapValue};
use crate::tree::LeafHash;

/// A leaf that fits the log as it is now; it is durable and answered for before it counts.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) leaf_index: u64,
    pub(super) bytes: Arc<[u8]>,
    pub(super) hash: LeafHash,
    pub(super) time: Timestamp,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Entry(Effect),
    Epoch { document: Option<Arc<InForce>> },
}

/// What an entry changes.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) kind: Kind,
    pub(super) entry_id: EntryId,
    pub(super) seat: Option<Seat>,
    pub(super) head: Option<Box<Successor>>,
    /// Bytes of the history of the DID with this entry; 0 for an entry of another kind.
    pub(super) history: u64,
    /// The place on the web that the entry is the first of its DID to name, or that it names again for a status list.
    pub(super) address: Option<Address>,
}

/// A version of a DID that follows the one before it.
#[derive(Clone, Debug)]
pub(super) struct Successor {
    pub(super) head: Arc<Head>,
    pub(super) trail: Trail,
}

/// Where an entry stands in the map.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) key: MapKey,
    pub(super) flags: Flags,
    pub(super) sequence: u64,
    pub(super) detail: Vec<u8>,
}

/// What became of a submission that obeys the rules.
#[derive(Clone, Debug)]
pub enum Submission {
    /// It gets a leaf of its own.
    New(Box<Prepared>),
    /// It stands in the log already.
    Duplicate {
        /// Where.
        leaf_index: u64,
    },
}

/// What became of an import that obeys the rules.
#[derive(Clone, Debug)]
pub enum ImportSubmission {
    /// All entries get leaves, one after the other. They are made durable and committed together or not at all.
    New(Vec<Prepared>),
    /// All of them stand in the log already.
    Duplicate {
        /// Where, in their order.
        leaf_indexes: Vec<u64>,
    },
}

/// A leaf that got its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Placed {
    /// Where.
    pub leaf_index: u64,
    /// Its hash.
    pub leaf_hash: LeafHash,
    /// Its kind.
    pub kind: Kind,
    /// What the map says now, if its kind stands there.
    pub head: Option<(MapKey, MapValue)>,
}

impl Prepared {
    /// Where the leaf will stand.
    #[must_use]
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same, shared: nobody need copy them.
    #[must_use]
    pub fn shared_bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> LeafHash {
        self.hash
    }

    /// Its ledger time.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match &self.what {
            What::Entry(effect) => effect.kind,
            What::Epoch { .. } => Kind::Epoch,
        }
    }

    /// The id under which it will be known; an epoch leaf has none.
    #[must_use]
    pub const fn entry_id(&self) -> Option<EntryId> {
        match &self.what {
            What::Entry(effect) => Some(effect.entry_id),
            What::Epoch { .. } => None,
        }
    }

    /// What the map will say, if its kind stands there.
    #[must_use]
    pub const fn head(&self) -> Option<(MapKey, MapValue)> {
        let What::Entry(Effect { kind, seat: Some(seat), .. }) = &self.what else { return None };
        let Seat { key, flags, sequence, .. } = seat;
        let value = MapValue {
            kind: *kind,
            flags: *flags,
            sequence: *sequence,
            leaf_index: self.leaf_index,
            leaf_hash: self.hash,
        };
        Some((*key, value))
    }

    /// The parameters document that an epoch leaf puts in force: it is stored before the leaf.
    #[must_use]
    pub fn document(&self) -> Option<&[u8]> {
        match &self.what {
            What::Entry(_) => None,
            What::Epoch { document } => document.as_ref().map(|in_force| in_force.bytes.as_slice()),
        }
    }
}
