//! Records that are kept elsewhere: one anchor for each access scope, a salted leaf for each record, a proof for each leaf.
//!
//! In scope: names, leaves, the tree over the records of one scope, and the way from one record to the anchor's commitment.
//! Out of scope: files (`inkan-io`), records without scopes and names (`record`), what a receipt proves (`receipt`).
//!
//! Who may see one scope learns of the others no name, no content and no number: each has a tree, a root salt and an entry of
//! its own. What does show, to whoever reads the log: that this signer anchored something of this kind then, one entry for
//! each scope. What a single proof shows besides its own record: the number of records of its scope, rounded up to a power of
//! two (at least 16). Places in the tree are in the order of the leaves' hashes, so that they say nothing of the names' order.
//!
//! | Question | Module |
//! |---|---|
//! | How do leaves become a tree? | [`tree`] |
//! | Does this record belong to that anchor, whose is it, and since when? | [`proof`], [`evidence`] |
//! | How are the proofs of many records kept together? | [`pack`] |
//! | Why is it refused? | [`error`] |

pub mod error;
pub mod evidence;
pub mod pack;
pub mod proof;
pub mod tree;

use inkan_core::Digest;

use crate::tree::LeafHash;

pub use error::AnchorError;
pub use evidence::{AnchorEvidence, AnchoredBy, ProvedAnchor};
pub use pack::{PackHead, PackScope, Row, Section};
pub use proof::{AnchorProof, RecordProof};
pub use tree::ScopeTree;

/// Media type (`mt`) of an anchor that commits to the root over the records of one scope.
pub const ANCHOR_ROOT: &str = "application/vnd.inkan.anchor-root";
/// The longest name of a scope in bytes.
pub const SCOPE_LIMIT: usize = 64;
/// The longest name of a record in bytes.
pub const NAME_LIMIT: usize = 4_096;
/// First bytes of a leaf: no other leaf of any tree here begins like this.
const LEAF: &[u8] = b"inkan-anchored/v1\n";

/// Who may see a record: `ward-3`, `auditors`. 1 to 64 bytes without control characters and white space at the ends.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ScopeName(String);

impl ScopeName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Name`].
    pub fn parse(text: &str) -> Result<Self, AnchorError> {
        let good = !text.is_empty()
            && text.len() <= SCOPE_LIMIT
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if good { Ok(Self(text.to_owned())) } else { Err(AnchorError::Name("a scope")) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a record is called: a relative path with `/`, and no part of it empty, `.` or `..`. At most 4,096 bytes, no NUL.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RecordName(String);

impl RecordName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Name`].
    pub fn parse(text: &str) -> Result<Self, AnchorError> {
        let part = |part: &str| !matches!(part, "" | "." | "..");
        let good = text.len() <= NAME_LIMIT && !text.contains('\0') && text.split('/').all(part);
        if good { Ok(Self(text.to_owned())) } else { Err(AnchorError::Name("a record")) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a leaf says of one record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Content {
    /// How many bytes it has.
    pub length: u64,
    /// Their SHA-256.
    pub digest: Digest,
}

/// The leaf of one record:
/// `SHA-256(0x00 || "inkan-anchored/v1" LF || salt (16) || length of scope (2) || scope || length of name (2) || name || length of
/// the record (8) || SHA-256 of the record (32))`, numbers big-endian.
///
/// The salt is drawn for this record alone: whoever lacks it cannot try names and contents.
#[must_use]
pub fn leaf(scope: &str, name: &str, content: &Content, salt: &[u8; 16]) -> LeafHash {
    let short = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut bytes = Vec::with_capacity(LEAF.len() + scope.len() + name.len() + 60);
    bytes.extend_from_slice(LEAF);
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(&short(scope));
    bytes.extend_from_slice(scope.as_bytes());
    bytes.extend_from_slice(&short(name));
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&content.length.to_be_bytes());
    bytes.extend_from_slice(content.digest.as_bytes());
    LeafHash::of(&bytes)
}

#[cfg(test)]
mod tests;
