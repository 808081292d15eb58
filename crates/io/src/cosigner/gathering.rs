//! Which notes have enough cosignatures by now (step C11 of §3.2): lines come in late, and for more than one size at once.
//!
//! In scope: putting lines to the note they are over, telling when the log's own quorum is met. Out of scope: asking
//! (`set`), checking lines (each cosigner does), storing notes.

use std::collections::{BTreeMap, BTreeSet};

use inkan_ledger::note::SignatureLine;
use inkan_ledger::{Checkpoint, LogPolicy, SignedNote};

/// Notes that are waited for, at most: a witness that is asked every half minute answers for one of the last thirty.
const KEPT: usize = 1_024;

/// The newest notes of a log, and who has cosigned each.
#[derive(Clone, Debug)]
pub struct Gathering {
    policy: LogPolicy,
    notes: BTreeMap<u64, Waiting>,
}

/// A note that got lines and has enough of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cosigned {
    /// Leaves under it.
    pub size: u64,
    /// The note with all lines so far.
    pub note: SignedNote,
    /// Whether it had not enough before.
    pub first: bool,
}

#[derive(Clone, Debug)]
struct Waiting {
    note: SignedNote,
    cosigned: BTreeSet<usize>,
}

impl Gathering {
    /// Begins with the log's own policy.
    #[must_use]
    pub const fn new(policy: LogPolicy) -> Self {
        Self { policy, notes: BTreeMap::new() }
    }

    /// Waits for lines over a head of `size` leaves; `note` has the log's signature. Gives the note if none is needed.
    ///
    /// A head that is waited for already keeps its lines.
    pub fn expect(&mut self, size: u64, note: &SignedNote) -> Option<Cosigned> {
        let same = self.notes.get(&size).is_some_and(|known| known.note.text() == note.text());
        if !same {
            self.notes.insert(size, Waiting { note: note.clone(), cosigned: BTreeSet::new() });
            while self.notes.len() > KEPT {
                self.notes.pop_first();
            }
        }
        (!self.policy.needs_cosignatures()).then(|| Cosigned {
            size,
            note: note.clone(),
            first: !same,
        })
    }

    /// Adds lines that were checked over `text`; gives the note if it has enough now.
    ///
    /// Lines over a head that is not waited for (any more) are dropped.
    pub fn put(&mut self, text: &str, lines: &[SignatureLine]) -> Option<Cosigned> {
        let size = Checkpoint::parse_text(text).ok()?.head().tree_size;
        let waiting = self.notes.get_mut(&size).filter(|known| known.note.text() == text)?;
        let before = self.policy.is_met_by(&waiting.cosigned);
        for line in lines {
            waiting.note.put(line.clone());
            let known = self.policy.witnesses().iter().position(|w| w.key().matches(line));
            waiting.cosigned.extend(known);
        }
        self.policy.is_met_by(&waiting.cosigned).then(|| Cosigned {
            size,
            note: waiting.note.clone(),
            first: self.policy.needs_cosignatures() && !before,
        })
    }

    /// The note of a size with the lines that came so far.
    #[must_use]
    pub fn note(&self, size: u64) -> Option<&SignedNote> {
        self.notes.get(&size).map(|waiting| &waiting.note)
    }

    /// Forgets notes of fewer than `size` leaves.
    pub fn forget_below(&mut self, size: u64) {
        self.notes = self.notes.split_off(&size);
    }
}

#[cfg(test)]
mod tests;
