//! A DID as the ledger sees it: its head, where that stands, and whether this log is still its home.

use std::sync::Arc;

use inkan_did::DidDocument;
use inkan_did::webvh::{Head, Residence, StoredHeadError};

use super::trail::Trail;

/// A DID as the ledger sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Controller {
    head: Arc<Head>,
    residence: Residence,
    leaf_index: u64,
    trail: Trail,
    history: u64,
}

/// First byte of the stored form.
const FORM: u8 = 2;

impl Controller {
    pub(super) fn new(
        head: Arc<Head>,
        origin: &str,
        leaf_index: u64,
        trail: Trail,
        history: u64,
    ) -> Self {
        let residence = residence(&head, origin);
        Self { head, residence, leaf_index, trail, history }
    }

    /// The head.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    pub(super) const fn shared_head(&self) -> &Arc<Head> {
        &self.head
    }

    /// Whether this log is still the home of the DID, or may be.
    #[must_use]
    pub const fn residence(&self) -> Residence {
        self.residence
    }

    /// Place of the entry that made this head.
    #[must_use]
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// What the next version is judged by beside the head.
    #[must_use]
    pub const fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Bytes of all entries of the DID so far, each with one more for the end of its line.
    #[must_use]
    pub const fn history(&self) -> u64 {
        self.history
    }

    /// The document in force.
    #[must_use]
    pub fn document(&self) -> &DidDocument {
        self.head.document()
    }

    /// The bytes under which it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let residence = match self.residence {
            Residence::Here => 0,
            Residence::Leaving => 1,
        };
        let mut out = vec![FORM, residence];
        out.extend(self.leaf_index.to_be_bytes());
        out.extend(self.history.to_be_bytes());
        let trail = self.trail.to_bytes();
        // Five numbers of at most ten bytes.
        out.push(u8::try_from(trail.len()).unwrap_or(u8::MAX));
        out.extend(trail);
        out.extend(self.head.to_stored());
        out
    }

    /// Reads what [`Self::to_bytes`] wrote. Only for one's own store: nothing is verified.
    ///
    /// # Errors
    ///
    /// [`StoredHeadError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredHeadError> {
        let (form, rest) = bytes.split_first_chunk::<2>().ok_or(StoredHeadError)?;
        let (leaf_index, rest) = rest.split_first_chunk::<8>().ok_or(StoredHeadError)?;
        let (history, rest) = rest.split_first_chunk::<8>().ok_or(StoredHeadError)?;
        let (length, rest) = rest.split_first().ok_or(StoredHeadError)?;
        let (trail, head) = rest.split_at_checked(usize::from(*length)).ok_or(StoredHeadError)?;
        let trail = Trail::from_bytes(trail).ok_or(StoredHeadError)?;
        let residence = match form {
            [FORM, 0] => Residence::Here,
            [FORM, 1] => Residence::Leaving,
            _ => return Err(StoredHeadError),
        };
        let head = Arc::new(Head::from_stored(head)?);
        let (leaf_index, history) = (u64::from_be_bytes(*leaf_index), u64::from_be_bytes(*history));
        Ok(Self { head, residence, leaf_index, trail, history })
    }
}

/// D14: a head that names another log left this one. Inside an import this holds for a moment too (§6.6).
pub(super) fn residence(head: &Head, origin: &str) -> Residence {
    match head.home() {
        Some(home) if home != origin => Residence::Leaving,
        Some(_) | None => Residence::Here,
    }
}
