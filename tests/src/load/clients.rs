//! Clients in this process: they hand entries in, and note when each was acknowledged.

use std::iter;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use inkan_io::sequencer::SequencerHandle;

use super::entries::Ready;
use super::measure::{Cost, Stretch, quantile};

/// With more entries under way than this, clients look for answers now and then instead of being woken by each.
const FEW: usize = 64;
/// How often.
const LOOK: Duration = Duration::from_micros(500);

/// How entries fared.
#[derive(Debug)]
pub struct Fared {
    /// Acknowledged as durable.
    pub accepted: u64,
    /// Handed in again because there was no room.
    pub again: u64,
    /// Turned away or refused, with the code of the first.
    pub refused: u64,
    /// Why the first one was.
    pub first_refusal: Option<&'static str>,
    /// From handing in to acknowledgement.
    pub times: Vec<Duration>,
    /// The whole run.
    pub cost: Cost,
}

impl Fared {
    /// Acknowledged entries per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.cost.rate(self.accepted)
    }

    /// Time within which this share of the entries was acknowledged.
    pub fn within(&mut self, share: f64) -> Duration {
        quantile(&mut self.times, share)
    }

    /// Fails the run unless every entry was acknowledged.
    ///
    /// # Panics
    ///
    /// If one was not.
    #[must_use]
    pub fn all_accepted(self) -> Self {
        assert_eq!(self.refused, 0, "{:?}", self.first_refusal);
        self
    }
}

/// `clients` clients with `window` entries under way each: a client hands in its next entry when one is acknowledged. One
/// that the ledger has no room for is handed in again a moment later, as the answer asks.
pub fn closed_loop(
    handle: &SequencerHandle,
    entries: Vec<Ready>,
    clients: usize,
    window: usize,
) -> Fared {
    let stretch = Stretch::begin();
    let (tell, hear) = channel();
    let mut tally = Tally::new(entries.len());
    let mut waiting = 0..entries.len();
    for number in waiting.by_ref().take(clients * window) {
        hand_in(handle, number, &entries[number], &tell, Instant::now());
    }
    while tally.answered() < entries.len() {
        let first = hear.recv().expect("every entry is answered");
        // All clients are this one thread. Woken for each answer it would take the processor from the ledger, a thousand times
        // for one batch.
        if clients * window > FEW {
            thread::sleep(LOOK);
        }
        for (number, time, refusal) in iter::once(first).chain(hear.try_iter()) {
            if refusal == Some("overloaded") {
                tally.again += 1;
                thread::sleep(Duration::from_millis(2));
                hand_in(handle, number, &entries[number], &tell, Instant::now());
                continue;
            }
            tally.take(time, refusal);
            if let Some(number) = waiting.next() {
                hand_in(handle, number, &entries[number], &tell, Instant::now());
            }
        }
    }
    tally.end(stretch)
}

/// Entries come at `rate` per second, whatever becomes of those before; times count from when each was due.
pub fn open_loop(handle: &SequencerHandle, entries: Vec<Ready>, rate: f64) -> Fared {
    let stretch = Stretch::begin();
    let count = entries.len();
    let (tell, hear) = channel();
    let start = Instant::now();
    let mut due = start;
    let step = Duration::from_secs_f64(1.0 / rate);
    for (number, entry) in entries.iter().enumerate() {
        if let Some(rest) = due.checked_duration_since(Instant::now()) {
            // Shorter sleeps than the timer's grain would only burn the processor.
            if rest > Duration::from_micros(500) {
                thread::sleep(rest);
            }
        }
        hand_in(handle, number, entry, &tell, due);
        due += step;
    }
    let mut tally = Tally::new(count);
    for _ in 0..count {
        let (_, time, refusal) = hear.recv().expect("every entry is answered");
        tally.take(time, refusal);
    }
    tally.end(stretch)
}

/// Which entry, after what time, and why it was refused.
type Heard = (usize, Duration, Option<&'static str>);

struct Tally {
    accepted: u64,
    again: u64,
    refused: u64,
    first_refusal: Option<&'static str>,
    times: Vec<Duration>,
}

impl Tally {
    fn new(count: usize) -> Self {
        Self {
            accepted: 0,
            again: 0,
            refused: 0,
            first_refusal: None,
            times: Vec::with_capacity(count),
        }
    }

    fn take(&mut self, time: Duration, refusal: Option<&'static str>) {
        match refusal {
            None => {
                self.accepted += 1;
                self.times.push(time);
            }
            Some(code) => {
                self.refused += 1;
                self.first_refusal.get_or_insert(code);
            }
        }
    }

    fn answered(&self) -> usize {
        usize::try_from(self.accepted + self.refused).unwrap_or(usize::MAX)
    }

    fn end(self, stretch: Stretch) -> Fared {
        let Self { accepted, again, refused, first_refusal, times } = self;
        Fared { accepted, again, refused, first_refusal, times, cost: stretch.end() }
    }
}

fn hand_in(
    handle: &SequencerHandle,
    number: usize,
    (kind, body): &Ready,
    tell: &Sender<Heard>,
    since: Instant,
) {
    let tell = tell.clone();
    handle.submit(*kind, body.clone()).on_done(Box::new(move |answer| {
        let refusal = answer.err().map(|error| error.code());
        // Nobody listens any more only when the run has failed already.
        let _ = tell.send((number, since.elapsed(), refusal));
    }));
}
