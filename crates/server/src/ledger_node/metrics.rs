//! Counters of the node itself, as Prometheus text ([exposition format 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/)).
//!
//! In scope: requests, entries by kind and outcome, time to acknowledge. Out of scope: what the sequencer counts (`health`
//! joins both). No label ever holds what a client sent, but the kind of an entry and our own codes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets of times, in microseconds.
const BOUNDS: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000, 30_000_000,
];

/// A distribution of times.
#[derive(Debug, Default)]
pub(crate) struct Times {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    microseconds: AtomicU64,
}

impl Times {
    pub(crate) fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            if micros <= bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, help: &str) {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            let count = bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {count}", seconds(bound));
        }
        let count = self.count.load(Ordering::Relaxed);
        let sum = self.microseconds.load(Ordering::Relaxed);
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum {}\n{name}_count {count}", seconds(sum));
    }
}

/// Microseconds as seconds in decimal.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// What a node counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// By route and status.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    /// By kind and outcome: `new`, `duplicate` or a code.
    entries: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    pub(crate) answered: Times,
    pub(crate) acknowledged: Times,
    pub(crate) promises: AtomicU64,
}

impl Metrics {
    pub(crate) fn request(&self, route: &'static str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = requests.entry((route, status)).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn entry(&self, kind: &'static str, outcome: &'static str) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let count = entries.entry((kind, outcome)).or_default();
        *count = count.saturating_add(1);
    }

    /// All of it as text.
    pub(crate) fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "# HELP inkan_http_requests_total Requests answered.\n# TYPE inkan_http_requests_total counter"
        );
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((route, status), count) in requests {
            let _ = writeln!(
                out,
                "inkan_http_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}"
            );
        }
        let _ = writeln!(
            out,
            "# HELP inkan_entries_total Entries by kind and outcome.\n# TYPE inkan_entries_total counter"
        );
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((kind, outcome), count) in entries {
            let _ = writeln!(
                out,
                "inkan_entries_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}"
            );
        }
        self.answered.write(out, "inkan_http_request_seconds", "Time to answer a request.");
        self.acknowledged.write(
            out,
            "inkan_acknowledge_seconds",
            "Time from a whole entry to its acknowledgement.",
        );
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        counter(out, "inkan_promises_total", "Promises signed.", load(&self.promises));
    }
}

/// One gauge.
pub(crate) fn gauge(out: &mut String, name: &str, help: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

/// One counter.
pub(crate) fn counter(out: &mut String, name: &str, help: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
}
