//! Durable appends beside *R*, in turns within one run (§10 of the ledger specification).

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_io::clock::{Clock, OsClock};
use inkan_io::ledger_folder::{LedgerFolder, OpenOptions};
use inkan_io::sequencer::{Sequencer, SequencerHandle, SequencerOptions, Wait};
use inkan_ledger::tree::Frontier;
use inkan_ledger::{Kind, LeafHash};
use serde_json::{Map, Value};

use super::clients::{closed_loop, open_loop};
use super::entries::{Maker, ORIGIN, Ready, cores};
use super::figures::rounded;
use super::measure::{Cost, Stretch, as_f64, machine_load, millis, processor_time_of_threads};
use crate::made::{fresh_rng, moment};

/// Clients in this process.
const CLIENTS: usize = 64;
/// Entries that each has under way.
const WINDOW: usize = 16;
/// R and appends are measured in turns this often; the median ratio counts.
const ROUNDS: usize = 5;

/// DIDs that sign.
const SIGNERS: u64 = 64;

/// A file of this name in a ledger's folder: its gateway is elsewhere, and writes no files here.
pub const NO_GATEWAY: &str = "no-gateway";

/// The same whenever it is asked, so that a process that opens the ledger again has the same signers.
fn signers_time(now: Timestamp) -> Timestamp {
    let moment = moment();
    if moment < now { moment } else { now }
}

/// A ledger under load.
#[derive(Debug)]
pub struct Loaded {
    /// Where to hand in.
    pub handle: SequencerHandle,
    /// Who makes entries.
    pub maker: Maker,
    sequencer: Sequencer,
    next: u64,
}

impl Loaded {
    /// A new ledger in `folder`, with its signers registered.
    ///
    /// # Panics
    ///
    /// If the ledger fails.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let now = OsClock.now();
        let gateway = !folder.join(NO_GATEWAY).exists();
        let options = OpenOptions { gateway, ..OpenOptions::default() };
        let ledger = LedgerFolder::create_with(folder, ORIGIN, &options, &mut fresh_rng(), now);
        let ledger = ledger.expect("a ledger");
        let (sequencer, handle) =
            Sequencer::start(ledger, SequencerOptions::default(), Arc::new(OsClock))
                .expect("a sequencer");
        let maker = Maker::new(SIGNERS, signers_time(now));
        let _registered = closed_loop(&handle, maker.registrations(), 1, 64).all_accepted();
        Self { handle, maker, sequencer, next: 0 }
    }

    /// A ledger that is there, and the time until it took entries; the next one to be made has the number `next`.
    ///
    /// # Panics
    ///
    /// If the ledger fails.
    #[must_use]
    pub fn open(folder: &Path, next: u64) -> (Self, Duration) {
        let now = OsClock.now();
        let stretch = Stretch::begin();
        // A ledger that was begun without files of gateways stays so.
        let gateway = !folder.join(NO_GATEWAY).exists();
        let options = OpenOptions { gateway, ..OpenOptions::default() };
        let ledger = LedgerFolder::open_with(folder, &options, now).expect("a ledger");
        let options = SequencerOptions::default();
        let (sequencer, handle) =
            Sequencer::start(ledger, options, Arc::new(OsClock)).expect("a sequencer");
        let took = stretch.end().wall;
        (Self { handle, maker: Maker::new(SIGNERS, signers_time(now)), sequencer, next }, took)
    }

    /// Number of the next entry to be made.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Leaves numbers out.
    pub const fn skip_to(&mut self, next: u64) {
        self.next = next;
    }

    /// Numbers of entries that somebody else makes.
    pub const fn take_numbers(&mut self, count: u64) -> std::ops::Range<u64> {
        let from = self.next;
        self.next += count;
        from..self.next
    }

    /// Waits until a checkpoint covers all that was acknowledged.
    ///
    /// # Panics
    ///
    /// If none does.
    pub fn settle(&mut self) {
        let entry = self.fresh(&[Kind::Issuance], 1).remove(0);
        let index = self.handle.submit(entry.0, entry.1).wait().expect("accepted").leaf_index;
        let wait = Duration::from_secs(120);
        self.handle.wait_covered(index, Wait::Cosigned, wait).expect("a checkpoint");
    }

    /// Entries that were not made before, dated now.
    pub fn fresh(&mut self, kinds: &[Kind], count: u64) -> Vec<Ready> {
        self.maker.set_time(OsClock.now());
        let from = self.next;
        self.next += count;
        self.maker.make_all(kinds, from..self.next)
    }

    /// Ends it, and gives the time that took.
    ///
    /// # Panics
    ///
    /// If the ledger fails.
    #[must_use]
    pub fn end(self) -> Duration {
        let stretch = Stretch::begin();
        self.sequencer.shutdown().expect("a clean end");
        stretch.end().wall
    }
}

/// R and durable appends of the same entries, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Stateless validation.
    pub bare: Cost,
    /// Durable appends.
    pub appends: Cost,
    /// Entries handed in again because there was no room.
    pub again: u64,
    count: u64,
}

impl Round {
    /// Entries validated per second.
    #[must_use]
    pub fn r(&self) -> f64 {
        self.bare.rate(self.count)
    }

    /// Entries acknowledged per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.appends.rate(self.count)
    }

    /// Share of R by the clock.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.rate() / self.r()
    }

    /// Share of R by processor time, which other work on the machine does not falsify (nor does it see waiting).
    #[must_use]
    pub fn processor_ratio(&self) -> f64 {
        self.bare.processor.as_secs_f64() / self.appends.processor.as_secs_f64().max(1e-9)
    }
}

/// Measures one round of `count` entries.
pub fn round(loaded: &mut Loaded, kinds: &[Kind], count: u64) -> Round {
    let entries = loaded.fresh(kinds, count);
    let stretch = Stretch::begin();
    loaded.maker.validate_all(&entries);
    let bare = stretch.end();
    let fared = closed_loop(&loaded.handle, entries, CLIENTS, WINDOW).all_accepted();
    Round { bare, appends: fared.cost, again: fared.again, count }
}

/// The median of several rounds by ratio.
pub fn rounds(loaded: &mut Loaded, kinds: &[Kind], count: u64) -> Round {
    let mut all: Vec<_> = (0..ROUNDS).map(|_| round(loaded, kinds, count)).collect();
    all.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    all[ROUNDS / 2]
}

/// All rows that need no particular size of the log; one row of figures each.
///
/// # Panics
///
/// If the ledger fails.
#[must_use]
pub fn run(folder: &Path, count: u64, only: Option<&str>) -> Vec<Map<String, Value>> {
    let mut loaded = Loaded::new(folder);
    let mut rows = Vec::new();
    let mut best = 0.0_f64;
    for (name, kinds, target) in [
        ("issuance", [Kind::Issuance].as_slice(), Some(0.8)),
        ("countersignature", &[Kind::Countersignature], Some(0.15)),
        ("anchor", &[Kind::Anchor], Some(0.8)),
        ("status", &[Kind::Status], Some(0.15)),
        ("trust", &[Kind::Trust], Some(0.15)),
        ("once", &[Kind::Once], Some(0.15)),
        ("did", &[Kind::Did], Some(0.15)),
        (
            "mixed",
            &[Kind::Issuance, Kind::Issuance, Kind::Countersignature, Kind::Status, Kind::Did],
            None,
        ),
    ] {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let found = rounds(&mut loaded, kinds, count);
        if name == "issuance" {
            best = found.rate();
        }
        let mut row = Map::new();
        row.insert("what".into(), format!("appends: {name}").into());
        row.insert("r".into(), rounded(found.r()));
        row.insert("perSecond".into(), rounded(found.rate()));
        row.insert("percentOfR".into(), rounded(found.ratio() * 100.0));
        row.insert("percentOfRByProcessor".into(), rounded(found.processor_ratio() * 100.0));
        row.insert("handedInAgain".into(), found.again.into());
        row.insert("targetPercent".into(), target.map_or(Value::Null, |t| rounded(t * 100.0)));
        push(&mut rows, row);
    }

    if only.is_some() {
        let _ended = loaded.end();
        return rows;
    }

    for (name, kind) in [
        ("issuance", Kind::Issuance),
        ("countersignature", Kind::Countersignature),
        ("did", Kind::Did),
    ] {
        push(&mut rows, ablation(&mut loaded, folder, (name, kind), count));
    }

    let calm = best * 0.7;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ten seconds of a rate are a count"
    )]
    let entries = loaded.fresh(&[Kind::Issuance], (calm * 10.0) as u64);
    let mut fared = open_loop(&loaded.handle, entries, calm).all_accepted();
    let mut row = Map::new();
    row.insert("what".into(), "acknowledge at 70 % load".into());
    row.insert("perSecond".into(), rounded(fared.rate()));
    row.insert("p50Millis".into(), rounded(millis(fared.within(0.5))));
    row.insert("p99Millis".into(), rounded(millis(fared.within(0.99))));
    row.insert("p999Millis".into(), rounded(millis(fared.within(0.999))));
    row.insert("targetP99Millis".into(), rounded(50.0));
    push(&mut rows, row);

    let entries = loaded.fresh(&[Kind::Issuance], 5_000);
    let mut fared = closed_loop(&loaded.handle, entries, 1, 1).all_accepted();
    let mut row = Map::new();
    row.insert("what".into(), "one at a time".into());
    row.insert("perSecond".into(), rounded(fared.rate()));
    row.insert("p50Millis".into(), rounded(millis(fared.within(0.5))));
    row.insert("p99Millis".into(), rounded(millis(fared.within(0.99))));
    row.insert("targetPerSecond".into(), rounded(1_000.0));
    push(&mut rows, row);

    let mut row = Map::new();
    row.insert("what".into(), "shutdown".into());
    row.insert("millis".into(), rounded(millis(loaded.end())));
    push(&mut rows, row);
    rows
}

/// Where the processor time of an entry goes: by the threads that do the work, and what hashing and bare appends alone take.
fn ablation(
    loaded: &mut Loaded,
    folder: &Path,
    (name, kind): (&str, Kind),
    count: u64,
) -> Map<String, Value> {
    let entries = loaded.fresh(&[kind], count);
    let micros = |time: Duration| rounded(time.as_secs_f64() * 1e6 / as_f64(count));
    let mut row = Map::new();
    row.insert("what".into(), format!("cost in µs of each: {name}").into());

    let stretch = Stretch::begin();
    loaded.maker.validate_all(&entries);
    row.insert("validation".into(), micros(stretch.end().processor));

    let stretch = Stretch::begin();
    let mut frontier = Frontier::default();
    for (_, body) in &entries {
        frontier.append(LeafHash::of(body)).expect("a frontier that grows");
    }
    black_box(frontier.root());
    row.insert("hashing".into(), micros(stretch.end().processor));

    // The same bytes in batches of a full one, each made durable: what the disk asks.
    let bare = folder.join("bare");
    let mut file = File::create(&bare).expect("a file");
    let stretch = Stretch::begin();
    for batch in entries.chunks(1_024) {
        let bytes: Vec<u8> = batch.iter().flat_map(|(_, body)| body.iter().copied()).collect();
        file.write_all(&bytes).expect("written");
        file.sync_data().expect("durable");
    }
    let appends = stretch.end();
    row.insert("bareAppends".into(), micros(appends.processor));
    row.insert("bareAppendsByClock".into(), micros(appends.wall));
    drop(file);
    std::fs::remove_file(bare).expect("removed");

    let before = processor_time_of_threads();
    let fared = closed_loop(&loaded.handle, entries, CLIENTS, WINDOW).all_accepted();
    loaded.settle();
    let after = processor_time_of_threads();
    row.insert("together".into(), micros(fared.cost.processor));
    for (thread, time) in after {
        let spent = time.saturating_sub(before.get(&thread).copied().unwrap_or_default());
        let thread = match thread.as_str() {
            "ledger-check" => "threadsOfValidation",
            "ledger-sequence" => "threadOfSequencer",
            "ledger-sealer" => "threadOfCheckpoints",
            "ledger-map" | "ledger-pages" => "threadsOfMap",
            "ledger-gateway" => "threadOfGateway",
            name if name.starts_with("ledger-cosign") => continue,
            _ => "clients",
        };
        let sum = row.get(thread).and_then(Value::as_f64).unwrap_or_default();
        let spent = spent.as_secs_f64() * 1e6 / as_f64(count);
        row.insert(thread.into(), rounded(sum + spent));
    }
    row
}

fn push(rows: &mut Vec<Map<String, Value>>, mut row: Map<String, Value>) {
    row.insert("cores".into(), rounded(as_f64(cores() as u64)));
    row.insert("machineLoad".into(), rounded(machine_load()));
    println!("rates: {}", Value::Object(row.clone()));
    rows.push(row);
}
