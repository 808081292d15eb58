//! What registries that the verifier trusts say of DIDs, where the DIDs themselves do not: which are one controller, and which has
//! taken over from which.
//!
//! In scope: the words, as of the judged time. Out of scope: whose word counts (`inkan-evidence`).

use std::collections::BTreeSet;

use inkan_core::Timestamp;

/// What is declared; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Groups of DIDs that are one controller; no DID is in two.
    pub same: Vec<BTreeSet<String>>,
    /// Who took over from whom.
    pub successions: Vec<Succession>,
}

/// One DID took over the tasks of another: it may announce the status lists of what the other issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Succession {
    /// Who had them before.
    pub predecessor: String,
    /// Who has them now.
    pub successor: String,
    /// From when on; always for `None`.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Declared {
    /// Whether two DIDs are said to be one controller.
    #[must_use]
    pub fn are_one(&self, one: &str, other: &str) -> bool {
        self.same.iter().any(|group| group.contains(one) && group.contains(other))
    }

    /// Who took over from a DID, directly: whoever took over from a successor was given that, and not this.
    pub fn successors<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a Succession> {
        self.successions.iter().filter(move |one| one.predecessor == of)
    }
}

impl Succession {
    /// Whether it covers a time.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }
}
