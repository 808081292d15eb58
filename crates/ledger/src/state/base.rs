//! What the machine must know of what came before its overlay.
//!
//! In scope: the trait of such a store, and what stands under a map key. Out of scope: the stores: in memory
//! ([`Memory`](super::Memory)), on disk (`inkan-io`).

use inkan_core::Digest;

use super::controller::Controller;
use super::trail::Version;
use crate::entry_id::EntryId;
use crate::map::{MapKey, MapValue};
use crate::store::StoreError;

/// Everything that [`Changes`](super::Changes) said and that was stored. A function of the leaves alone.
///
/// A store may keep what it read in memory; the answers must be as of the last changes that were
/// [settled](super::Machine::settle), or newer ones that it was given.
pub trait Base {
    /// Place of the first entry with this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn entry(&self, id: &EntryId) -> Result<Option<u64>, StoreError>;

    /// Body of the leaf at a place.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn body(&self, leaf_index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// A DID as the ledger sees it. Cheap to clone, so recently used ones should be kept in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError>;

    /// Place of the head of a DID; `key` is its map key. Asked for every entry whose signature was checked before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn head_place(&self, key: &MapKey) -> Result<Option<u64>, StoreError> {
        Ok(self.newest(key)?.map(|newest| newest.value.leaf_index))
    }

    /// The newest entry under a map key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError>;

    /// Where a version of a DID stands; `key` is the DID's map key. Asked only for forks.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError>;

    /// `versionId`s of the forks of a DID that are kept. Asked only for forks.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn equivocations(&self, scid: &str) -> Result<Vec<String>, StoreError>;

    /// The parameters document with this SHA-256.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;
}

/// What stands under a map key, and what the next entry under it is judged by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Newest {
    /// What the map says.
    pub value: MapValue,
    /// What the map does not say: of a status list its format, of a trust statement whether it is final, of a DID its
    /// [`Trail`](super::Trail). Opaque bytes, kept as they are.
    pub detail: Vec<u8>,
}
