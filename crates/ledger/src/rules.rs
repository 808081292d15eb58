//! Versions of the rules (§2.4 of the ledger specification): the one in force is pinned in the log, and a change starts
//! at a known index. A new version never judges old leaves again, so all versions stay in the code.

use crate::entry::AnchorScope;

/// A version of the rules. Closed: what a version says is decided where `match` names it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RuleVersion {
    /// Version 1, the specification as it is.
    One,
    /// Differs from version 1 in one rule: an anchor of scope `other` is refused. Shows that a change can be made.
    #[cfg(test)]
    Two,
}

impl RuleVersion {
    /// The number in epoch leaves and parameters documents.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::One => 1,
            #[cfg(test)]
            Self::Two => 2,
        }
    }

    /// Whether an anchor of this scope is taken.
    #[must_use]
    pub(crate) const fn takes_anchor_of(self, scope: AnchorScope) -> bool {
        match (self, scope) {
            (Self::One, _) => true,
            #[cfg(test)]
            (Self::Two, AnchorScope::Other) => false,
            #[cfg(test)]
            (
                Self::Two,
                AnchorScope::Document
                | AnchorScope::Firmware
                | AnchorScope::Dataset
                | AnchorScope::Model,
            ) => true,
        }
    }

    /// Reads a number; `None` for a version that this code does not know.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            #[cfg(test)]
            2 => Some(Self::Two),
            _ => None,
        }
    }
}
