//! When cosigners are asked, and about which head (§3.3).
//!
//! A quorum counts lines under one head. Cosigners that each took the newest head when their own time has come would drift apart
//! by what they take to answer, and on a busy log hardly two would ever be asked about the same. So they are asked in rounds:
//! a round has one head, whoever fails is asked about it again, and who is asked seldom takes the round of its hour. In scope:
//! rounds, the turn of each in them. Out of scope: asking (`set`).

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use inkan_ledger::SignedNote;

use super::Pace;

/// An idle log submits its checkpoint again after this time (§3.3).
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// After a failure an own cosigner is not asked again at once.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Nor is one left alone for longer than this, unless it is asked more seldom anyhow.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Somebody else's cosigner is never asked more often than this (§3.3).
const SHORTEST: Duration = Duration::from_secs(10);
/// How long a round lasts at most: cosigners that are asked more seldom sit out some.
const LONGEST: Duration = Duration::from_secs(30);

/// The head that all are asked about at a time.
#[derive(Debug)]
pub(super) struct Rounds(Mutex<State>);

#[derive(Debug)]
struct State {
    length: Duration,
    begun: Instant,
    newest: Option<SignedNote>,
    round: Option<Round>,
}

/// A head, and the round in which it is asked about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Round {
    pub(super) note: SignedNote,
    /// Rises; of rounds that last, it tells the time.
    pub(super) number: u64,
    since: Instant,
}

impl Rounds {
    /// Rounds of this length at least; of none, there is one for each head that comes.
    pub(super) const fn new(length: Duration, now: Instant) -> Self {
        Self(Mutex::new(State { length, begun: now, newest: None, round: None }))
    }

    /// How long rounds of cosigners with these paces are: as long as the slowest wants that is not asked very seldom.
    pub(super) fn length(paces: &[Duration]) -> Duration {
        let often = paces.iter().filter(|pace| **pace <= LONGEST).max();
        often.or_else(|| paces.iter().min()).copied().unwrap_or_default()
    }

    /// The next round that begins is about this head, unless a newer comes.
    pub(super) fn offer(&self, note: &SignedNote) {
        self.with(|state| state.newest = Some(note.clone()));
    }

    /// The round of this moment, and how long it lasts if no head comes; `None` without a head.
    pub(super) fn current(&self, now: Instant) -> Option<(Round, Duration)> {
        self.with(|state| {
            let newest = state.newest.as_ref()?;
            let lasts = |round: &Round| {
                let same = round.note.text() == newest.text();
                let least = if same { state.length.max(IDLE) } else { state.length };
                least.saturating_sub(now.saturating_duration_since(round.since))
            };
            if let Some(round) = &state.round
                && let left = lasts(round)
                && !left.is_zero()
            {
                return Some((round.clone(), left));
            }
            let gone = now.saturating_duration_since(state.begun);
            let number = spans(gone, state.length, Rounding::Down);
            let next = state.round.as_ref().map_or(0, |round| round.number.saturating_add(1));
            let round = Round { note: newest.clone(), number: number.max(next), since: now };
            state.round = Some(round.clone());
            Some((round, state.length.max(IDLE)))
        })
    }

    /// A thread that panicked while it held the lock left nothing half done.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum Rounding {
    Down,
    Up,
}

/// How many spans of `length` are in a time; 0 of no length.
fn spans(time: Duration, length: Duration, rounding: Rounding) -> u64 {
    let (time, length) = (time.as_nanos(), length.as_nanos());
    let count = match rounding {
        Rounding::Down => time.checked_div(length),
        Rounding::Up => (length > 0).then(|| time.div_ceil(length)),
    };
    u64::try_from(count.unwrap_or(0)).unwrap_or(u64::MAX)
}

/// When one cosigner has its turn.
#[derive(Debug)]
pub(super) struct Plan {
    /// Between two questions.
    gap: Duration,
    /// It is asked in one round of so many, above 0.
    every: u64,
    longest_pause: Duration,
    asked: Option<Instant>,
    /// When it failed, and for how long it is left alone then.
    failed: Option<(Instant, Duration)>,
    /// The round in which it cosigned last.
    done: Option<u64>,
}

impl Plan {
    /// For rounds of this length.
    pub(super) fn new(pace: Pace, length: Duration) -> Self {
        let (gap, pace) = match pace {
            Pace::InProcess | Pace::EveryCheckpoint => (Duration::ZERO, Duration::ZERO),
            Pace::Every(pace) => (pace.min(SHORTEST), pace),
        };
        let every = spans(pace, length, Rounding::Up).max(1);
        let longest_pause = pace.max(LONGEST_PAUSE);
        Self { gap, every, longest_pause, asked: None, failed: None, done: None }
    }

    /// How long to wait until it may be asked in this round; `None` if it is not asked in it (any more).
    pub(super) fn wait(&self, round: &Round, now: Instant) -> Option<Duration> {
        // Those who are asked in one of as many rounds are due in the same one, whenever each of them answered last.
        let turn = |number: u64| number.checked_div(self.every);
        if self.done.is_some_and(|done| turn(round.number) <= turn(done)) {
            return None;
        }
        let left = |since: Instant, time: Duration| {
            time.saturating_sub(now.saturating_duration_since(since))
        };
        let gap = self.asked.map_or(Duration::ZERO, |asked| left(asked, self.gap));
        let pause = self.failed.map_or(Duration::ZERO, |(failed, pause)| left(failed, pause));
        Some(gap.max(pause))
    }

    /// It was asked, from when to when.
    pub(super) fn asked(&mut self, round: &Round, cosigned: bool, times: (Instant, Instant)) {
        let (asked, answered) = times;
        self.asked = Some(asked);
        if cosigned {
            (self.done, self.failed) = (Some(round.number), None);
        } else {
            let last = self.failed.map_or(Duration::ZERO, |(_, pause)| pause);
            let first = self.gap.max(FIRST_PAUSE);
            let pause = last.saturating_mul(2).clamp(first, self.longest_pause.max(first));
            self.failed = Some((answered, pause));
        }
    }
}

#[cfg(test)]
mod tests;
