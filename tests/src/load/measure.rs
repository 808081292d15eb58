//! What a run costs: wall time, processor time, memory, quantiles.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A stretch of a run.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    start: Instant,
    processor: Duration,
}

/// What a stretch took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// On the clock.
    pub wall: Duration,
    /// Of all threads of this process, in user and kernel: what other work on the machine cannot falsify.
    pub processor: Duration,
}

impl Stretch {
    /// Begins here.
    #[must_use]
    pub fn begin() -> Self {
        Self { start: Instant::now(), processor: processor_time() }
    }

    /// Ends here.
    #[must_use]
    pub fn end(self) -> Cost {
        let processor = processor_time().saturating_sub(self.processor);
        Cost { wall: self.start.elapsed(), processor }
    }
}

impl Cost {
    /// How many per second of the clock.
    #[must_use]
    pub fn rate(&self, count: u64) -> f64 {
        per_second(count, self.wall)
    }

    /// Microseconds of processor time for each of `count`.
    #[must_use]
    pub fn processor_micros(&self, count: u64) -> f64 {
        self.processor.as_secs_f64() * 1e6 / as_f64(count.max(1))
    }
}

/// How many per second.
#[must_use]
pub fn per_second(count: u64, time: Duration) -> f64 {
    as_f64(count) / time.as_secs_f64().max(1e-9)
}

/// Counts are far below 2^52.
#[must_use]
pub fn as_f64(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a run are small")]
    let count = count as f64;
    count
}

/// Times one call.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let out = work();
    (out, start.elapsed())
}

/// The value below which `share` of all lie.
#[must_use]
pub fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is an index"
    )]
    let index = (as_f64(last as u64) * share).round() as usize;
    times.get(index.min(last)).copied().unwrap_or_default()
}

/// Milliseconds.
#[must_use]
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// User and kernel time of this process so far; zero where there is no `/proc`.
#[must_use]
pub fn processor_time() -> Duration {
    time_of(Path::new("/proc/self"))
}

/// The same by thread: threads of one name together.
#[must_use]
pub fn processor_time_of_threads() -> BTreeMap<String, Duration> {
    let mut out = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        *out.entry(name.trim_end().to_owned()).or_default() += time_of(&thread.path());
    }
    out
}

fn time_of(folder: &Path) -> Duration {
    let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th after it, in hundredths.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory that is this process's own (not pages of files), in MiB; zero where there is no `/proc`.
#[must_use]
pub fn memory_mib() -> f64 {
    status_mib("RssAnon:")
}

/// The most memory that was ever resident in this process, pages of files among it, in MiB.
#[must_use]
pub fn peak_memory_mib() -> f64 {
    status_mib("VmHWM:")
}

/// Memory of its own that another process has, in MiB; zero where there is no `/proc`.
#[must_use]
pub fn memory_mib_of(process: u32) -> f64 {
    status_mib_of(&process.to_string(), "RssAnon:")
}

fn status_mib(name: &str) -> f64 {
    status_mib_of("self", name)
}

fn status_mib_of(process: &str, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    as_f64(kib.unwrap_or_default()) / 1024.0
}

/// How busy the machine is: the load of the last minute.
#[must_use]
pub fn machine_load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

/// Bytes of all files under `folder`.
#[must_use]
pub fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return fs::metadata(folder).map_or(0, |data| data.len());
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes_under(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}
