//! Why the store of the map cannot be used.

use inkan_ledger::tree::NodeHash;

/// What the store of the map has to complain about.
#[derive(Debug, thiserror::Error)]
pub enum MapStoreError {
    /// Another process has it open. Reading the heads instead helps.
    #[error("another process has the map open")]
    InUse,
    /// It was altered, or torn by a crash. Rebuilding helps.
    #[error("the map's file is damaged: {0}")]
    Damaged(String),
    /// The disk refuses to read or write.
    #[error("the map's file cannot be read or written: {0}")]
    Unavailable(String),
    /// No longer, or never, kept. Computing from heads helps.
    #[error("the map of {version} leaves is not kept")]
    Gone {
        /// The version asked for.
        version: u64,
    },
    /// Changes come in the order of the log.
    #[error("the map covers {newest} leaves already, not only {version}")]
    NotNewer {
        /// The version to be made.
        version: u64,
        /// The newest there is.
        newest: u64,
    },
    /// Rebuilt from the heads, and still not what the last epoch leaf says: the heads are wrong.
    #[error("the map's root is {found}, and the last epoch leaf says {expected}")]
    Mismatch {
        /// What the heads give, in hexadecimal.
        found: String,
        /// What the log says, in hexadecimal.
        expected: String,
    },
}

impl MapStoreError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InUse => "map-in-use",
            Self::Damaged(_) => "map-damaged",
            Self::Unavailable(_) => "map-unavailable",
            Self::Gone { .. } => "map-version-gone",
            Self::NotNewer { .. } => "map-version-order",
            Self::Mismatch { .. } => "map-mismatch",
        }
    }

    pub(super) fn mismatch(found: &NodeHash, expected: &NodeHash) -> Self {
        Self::Mismatch { found: found.digest().to_hex(), expected: expected.digest().to_hex() }
    }
}
