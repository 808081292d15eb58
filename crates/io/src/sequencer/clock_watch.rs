//! The watch over the wall clock (§3.5 of the ledger specification): a jump stops the log until somebody says it is right.

use std::collections::BTreeMap;
use std::time::Instant;

use inkan_core::{Timestamp, tolerance};

/// The largest step against the monotonic clock.
const STEP: i64 = 60;

/// Compares the wall clock with the monotonic one, and with those of cosigners elsewhere.
#[derive(Debug)]
pub(super) struct ClockWatch {
    /// A moment by both clocks.
    reference: Option<(Timestamp, Instant)>,
    /// By how many seconds it jumped.
    step: Option<i64>,
    /// By how many seconds the newest stamp of each cosigner was ahead of this clock.
    ahead: BTreeMap<String, i64>,
}

impl ClockWatch {
    /// Begins; `unsure` if the log was stopped before, and nobody has said that the clock is right.
    pub(super) fn new(unsure: bool) -> Self {
        Self { reference: None, step: unsure.then_some(0), ahead: BTreeMap::new() }
    }

    /// Looks at both clocks; gives the step, in seconds, if the wall clock cannot be trusted.
    pub(super) fn look(&mut self, wall: Timestamp, monotonic: Instant) -> Option<i64> {
        if let Some((then, at)) = self.reference {
            let passed = monotonic.saturating_duration_since(at).as_secs();
            let expected = then.seconds().saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
            let step = wall.seconds().saturating_sub(expected);
            if step.abs() > STEP && self.step.is_none() {
                self.step = Some(step);
                // What was said about the clock before it jumped is worth nothing.
                self.ahead.clear();
            }
            // Small steps, as of a clock that is set right by and by, do not add up to a jump.
        }
        self.reference = Some((wall, monotonic));
        self.step
    }

    /// A cosigner elsewhere stamped something just now. The median of all decides.
    pub(super) fn stamped(&mut self, name: &str, stamp: Timestamp, wall: Timestamp) {
        let ahead = stamp.seconds().saturating_sub(wall.seconds());
        self.ahead.insert(name.to_owned(), ahead);
        if self.skew().is_some_and(|skew| skew.abs() <= tolerance::LEDGER_FUTURE) {
            self.step = None;
        }
    }

    /// Median of how far the cosigners are ahead.
    pub(super) fn skew(&self) -> Option<i64> {
        let mut all: Vec<i64> = self.ahead.values().copied().collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests;
