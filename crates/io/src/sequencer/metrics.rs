//! What a sequencer counts.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_ledger::Kind;

use super::{Acknowledged, Answer, ImportAnswer, SubmitError};
use crate::cosigner::CosignError;
use crate::ledger_folder::{GatewayMetrics, Standing};

/// Upper bounds of a [`Histogram`]'s buckets in microseconds; what is longer is in the last one.
pub const BOUNDS: [u64; 12] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, u64::MAX];

/// How long something took, in buckets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Histogram {
    /// How often it took no longer than each of [`BOUNDS`], and longer than the one before.
    pub buckets: [u64; BOUNDS.len()],
    /// How often.
    pub count: u64,
    /// How long in all, in microseconds.
    pub sum: u64,
}

impl Histogram {
    /// Counts one more.
    pub fn record(&mut self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bound = BOUNDS.iter().position(|bound| took <= *bound);
        if let Some(bucket) = bound.and_then(|at| self.buckets.get_mut(at)) {
            *bucket = bucket.saturating_add(1);
        }
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(took);
    }
}

/// What became of entries.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EntryOutcome {
    /// Recorded.
    New,
    /// Stood there already.
    Duplicate,
    /// Refused by a rule.
    Rejected,
    /// Not taken for now.
    Turned,
}

/// All that a sequencer counts, as of now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SequencerMetrics {
    /// Entries by kind and outcome.
    pub entries: BTreeMap<(Kind, EntryOutcome), u64>,
    /// From taking a batch from the queue to its answers.
    pub commit: Histogram,
    /// From submission to being taken from the queue.
    pub queued: Histogram,
    /// Making a checkpoint, C1 to C11.
    pub checkpoint: Histogram,
    /// Entries in batches, in all: with the count of `commit`, the mean size of a batch.
    pub committed: u64,
    /// Entries that wait.
    pub queue: u64,
    /// Durable leaves.
    pub leaves: u64,
    /// Leaves under the newest signed checkpoint.
    pub signed_size: u64,
    /// Leaves under the newest checkpoint with a quorum.
    pub cosigned_size: u64,
    /// When the newest checkpoint was signed.
    pub signed_at: Option<Timestamp>,
    /// When the quorum last cosigned.
    pub cosigned_at: Option<Timestamp>,
    /// Batches that the map has not taken in yet.
    pub map_lag: u64,
    /// Cosigners by name, and whether they answered last time.
    pub cosigners: BTreeMap<String, bool>,
    /// How often each cosigner gave no line, by the code of the reason.
    pub cosigner_failures: BTreeMap<(String, &'static str), u64>,
    /// Why those that are down are down, in words.
    pub cosigner_faults: BTreeMap<String, String>,
    /// Seconds by which the median cosignature is ahead of this clock.
    pub clock_skew: i64,
    /// Forks that were shown to the ledger.
    pub equivocations: u64,
    /// Bytes free beside the reserve.
    pub free_bytes: u64,
    /// Files that gateways do not serve.
    pub gateway: GatewayMetrics,
}

/// Whether entries are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// They are.
    Ready,
    /// They are not, for the reason that this code names.
    NotReady(&'static str),
}

impl EntryOutcome {
    pub(super) const fn of(answer: &Answer) -> Self {
        match answer {
            Ok(Acknowledged { standing: Standing::New, .. }) => Self::New,
            Ok(Acknowledged { standing: Standing::Duplicate, .. }) => Self::Duplicate,
            Err(SubmitError::Rejected(_)) => Self::Rejected,
            Err(_) => Self::Turned,
        }
    }
}

impl EntryOutcome {
    /// An import counts once.
    pub(super) fn of_import(answer: &ImportAnswer) -> Self {
        match answer {
            Ok(all) => all.first().map_or(Self::New, |first| Self::of(&Ok(*first))),
            Err(SubmitError::Rejected(_)) => Self::Rejected,
            Err(_) => Self::Turned,
        }
    }
}

impl SequencerMetrics {
    pub(super) fn count(&mut self, kind: Kind, outcome: EntryOutcome) {
        let counted = self.entries.entry((kind, outcome)).or_default();
        *counted = counted.saturating_add(1);
    }

    /// A cosigner gave its lines, or did not.
    pub(super) fn cosigner(&mut self, name: &str, failure: Option<&CosignError>) {
        let Some(error) = failure else {
            self.cosigner_faults.remove(name);
            return;
        };
        let counted = self.cosigner_failures.entry((name.to_owned(), error.code())).or_default();
        *counted = counted.saturating_add(1);
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            words = format!("{words}: {deeper}");
            cause = deeper.source();
        }
        self.cosigner_faults.insert(name.to_owned(), words);
    }
}
