//! How storage below the pure rules fails.
//!
//! In scope: one error for every store that the rules are given (tree nodes, heads, bodies). Out of scope: the
//! stores themselves (`inkan-io`), and what is read from them when they work.

/// Storage failed; the text is for the operator, and never decides anything.
///
/// Whoever gets one stops: a failed read says nothing about what was, or was not, stored.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("storage failed: {0}")]
pub struct StoreError(pub String);

impl StoreError {
    /// Says what failed.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "storage-failed"
    }
}
