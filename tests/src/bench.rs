//! Ratios: two things measured in turns in one run, so that the machine's mood cancels out.
//!
//! In scope: medians of short interleaved runs, and one line that states them with the target. Out of scope: statistics
//! over time (Criterion keeps those).

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds of each side; the median counts.
const ROUNDS: usize = 41;
/// How long a round takes at least.
const ROUND: Duration = Duration::from_millis(10);

/// The same for work that takes long by itself.
const LONG_ROUNDS: usize = 7;

/// Measures `ours` and `baseline` in turns and prints both, their ratio and the target.
///
/// Gives the ratio. In a test run (no `--bench` argument) both run once, and nothing is measured.
pub fn ratio<A, B>(
    name: &str,
    target: Option<f64>,
    ours: impl FnMut() -> A,
    baseline: impl FnMut() -> B,
) -> f64 {
    in_turns(ROUNDS, name, target, ours, baseline)
}

/// The same for work that takes seconds: fewer rounds.
pub fn long_ratio<A, B>(
    name: &str,
    target: Option<f64>,
    ours: impl FnMut() -> A,
    baseline: impl FnMut() -> B,
) -> f64 {
    in_turns(LONG_ROUNDS, name, target, ours, baseline)
}

/// Prints our time beside the one that another program measured of itself, in microseconds.
pub fn beside<A>(name: &str, mut ours: impl FnMut() -> A, theirs: f64) {
    if !measuring() {
        black_box(ours());
        return;
    }
    let count = count_for(&mut ours);
    let our = median((0..ROUNDS).map(|_| time(count, &mut ours)).collect());
    print(name, None, our, theirs);
}

/// Measures how long one call takes beside `target` microseconds, and prints it.
pub fn within<A>(name: &str, target: f64, mut ours: impl FnMut() -> A) {
    if !measuring() {
        black_box(ours());
        return;
    }
    let count = count_for(&mut ours);
    let our = median((0..ROUNDS).map(|_| time(count, &mut ours)).collect());
    println!("time:  {name:<52} {our:>9.3} µs, target {target}");
}

fn in_turns<A, B>(
    rounds: usize,
    name: &str,
    target: Option<f64>,
    mut ours: impl FnMut() -> A,
    mut baseline: impl FnMut() -> B,
) -> f64 {
    if !measuring() {
        black_box((ours(), baseline()));
        return 1.0;
    }
    let (our_count, base_count) = (count_for(&mut ours), count_for(&mut baseline));
    let (mut our_times, mut base_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_times.push(time(our_count, &mut ours));
        base_times.push(time(base_count, &mut baseline));
    }
    print(name, target, median(our_times), median(base_times))
}

fn print(name: &str, target: Option<f64>, our: f64, base: f64) -> f64 {
    let ratio = our / base;
    let target = target.map(|target| format!(", target {target:.1}")).unwrap_or_default();
    println!("ratio: {name:<52} {our:>9.2} µs / {base:>9.2} µs = {ratio:.2}{target}");
    ratio
}

/// Whether this is `cargo bench`, and neither the benches run once as tests nor Criterion's `--profile-time`, where nothing but
/// what is profiled should run.
#[must_use]
pub fn measuring() -> bool {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    given("--bench") && !given("--profile-time")
}

fn count_for<T>(work: &mut impl FnMut() -> T) -> u32 {
    let mut count = 1;
    loop {
        let start = Instant::now();
        for _ in 0..count {
            black_box(work());
        }
        if start.elapsed() >= ROUND {
            return count;
        }
        count *= 2;
    }
}

/// Microseconds for one call.
fn time<T>(count: u32, work: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        black_box(work());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
