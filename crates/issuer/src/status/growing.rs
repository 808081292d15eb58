//! A list that became too short, because a ledger asks for longer ones than before: it grows, and every place stays what it was.
//!
//! In scope: how long a list is as ledgers count, and making it longer. Out of scope: what a ledger asks for.

use super::{StatusListState, StatusStateError};

impl StatusListState {
    /// How long the list is as its `status` entry says (`len`): in bits; a Token Status List in entries.
    #[must_use]
    pub fn length(&self) -> u64 {
        if self.encoding.is_token() { self.used.len() } else { self.bits.len() }
    }

    /// The same list, at least so long: places that are there keep their numbers and values, the new ones follow them. If every place
    /// was handed out the new ones count as handed out too: of a list that was taken over nothing is ever issued.
    ///
    /// # Errors
    ///
    /// [`StatusStateError::List`] if no list can be so long.
    pub fn grown_to(self, least: u64) -> Result<Self, StatusStateError> {
        if self.length() >= least {
            return Ok(self);
        }
        let size = u64::from(self.size);
        let entries = if self.encoding.is_token() { least } else { least.div_ceil(size.max(1)) };
        self.with_entries(entries)
    }

    /// The same list with at least so many entries.
    pub(super) fn with_entries(mut self, entries: u64) -> Result<Self, StatusStateError> {
        let before = self.used.len();
        let is_full = self.free() == 0;
        // Whole bytes, whatever the size of an entry.
        let entries = entries.checked_next_multiple_of(8).unwrap_or(u64::MAX);
        self.bits.grow(entries.saturating_mul(u64::from(self.size)))?;
        self.used.grow(entries)?;
        self.decoys.grow(entries)?;
        if is_full {
            for place in before..self.used.len() {
                self.used.set(place)?;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
