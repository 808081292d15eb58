//! The clock: the one place that asks the system for the time, and a clock that a demonstration moves by hand.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use inkan_core::Timestamp;

/// Something that knows the time.
pub trait Clock {
    /// The time now, in whole seconds.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system. Before 1970 and after 9999 it stands still at that end.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsClock;

impl Clock for OsClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock of the toolkit")]
    fn now(&self) -> Timestamp {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |past| -past)
            }
        };
        Timestamp::EPOCH.plus_seconds(seconds)
    }
}

/// A clock that moves only when it is told to: for demonstrations and tests, which must say that they use it.
#[derive(Clone, Debug)]
pub struct SteppingClock(Cell<Timestamp>);

impl SteppingClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub const fn new(start: Timestamp) -> Self {
        Self(Cell::new(start))
    }

    /// Moves the clock forward; it never goes back.
    pub fn step(&self, seconds: u32) {
        self.0.set(self.0.get().plus_seconds(i64::from(seconds)));
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        self.0.get()
    }
}

#[cfg(test)]
mod tests;
