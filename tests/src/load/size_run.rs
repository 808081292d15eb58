//! One ledger as it grows: what appends, receipts, proofs, memory and restarts cost at each size.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use inkan_did::webvh::History;
use inkan_io::clock::{Clock, OsClock};
use inkan_io::ledger_folder::View;
use inkan_ledger::Kind;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::state::parse_did_body;
use serde_json::{Map, Value};

use super::clients::closed_loop;
use super::entries::rotated_did;
use super::figures::rounded;
use super::measure::{
    as_f64, bytes_under, machine_load, memory_mib, memory_mib_of, millis, peak_memory_mib,
    quantile, timed,
};
use super::rates::{Loaded, NO_GATEWAY, rounds};

/// What fills the ledger: of ten entries eight are outside the map.
const MIX: [Kind; 10] = [
    Kind::Issuance,
    Kind::Issuance,
    Kind::Issuance,
    Kind::Issuance,
    Kind::Did,
    Kind::Issuance,
    Kind::Issuance,
    Kind::Issuance,
    Kind::Issuance,
    Kind::Countersignature,
];
/// Entries made at a time.
const CHUNK: u64 = 20_000;
/// Receipts and proofs asked for at each size.
const SAMPLES: u64 = 1_000;
/// Entries that the process has written that is killed.
const WRITTEN: u64 = 100_000;
/// DIDs of two entries that are resolved at each size.
const RESOLVED: u64 = 400;

/// Grows a ledger in `folder` through `sizes`; `done` is told each row at once, for a long run may be cut short.
///
/// # Panics
///
/// If the ledger fails.
pub fn run(folder: &Path, sizes: &[u64], mut done: impl FnMut(&Map<String, Value>)) {
    let mut loaded = Loaded::new(folder);
    for size in sizes {
        let mut row = Map::new();
        row.insert("size".into(), (*size).into());
        let filling = fill(&mut loaded, *size);
        row.insert("fillPerSecond".into(), rounded(filling));
        loaded = measure(loaded, folder, *size, &mut row);
        done(&row);
    }
    let _ended = loaded.end();
}

/// Grows the ledger in `folder`, which is made if it is not there, to `size` leaves, and measures nothing but that: so that
/// [`at`] finds it when the machine is quiet.
///
/// # Panics
///
/// If the ledger fails.
pub fn grow(folder: &Path, size: u64) {
    let mut loaded = there_or_new(folder);
    let rate = fill(&mut loaded, size);
    println!("grown to {size}: {rate:.0}/s, memory {:.0} MiB", memory_mib());
    let _ended = loaded.end();
}

/// Measures the ledger in `folder` at the size that it has, about.
///
/// # Panics
///
/// If the ledger fails.
#[must_use]
pub fn at(folder: &Path) -> Map<String, Value> {
    let loaded = there_or_new(folder);
    let leaves = loaded.handle.reader().status().expect("a status").size;
    let power = leaves.max(1).ilog10();
    let size = (leaves / 10_u64.pow(power)) * 10_u64.pow(power);
    let mut row = Map::new();
    row.insert("size".into(), size.into());
    row.insert("gatewayFiles".into(), (!folder.join(NO_GATEWAY).exists()).into());
    let _ended = measure(loaded, folder, size, &mut row).end();
    row
}

/// No other run makes entries with the same numbers.
fn there_or_new(folder: &Path) -> Loaded {
    let seconds = u64::try_from(OsClock.now().seconds()).unwrap_or_default();
    if folder.join("policy").exists() {
        Loaded::open(folder, seconds << 24).0
    } else {
        std::fs::create_dir_all(folder).expect("a folder");
        let mut loaded = Loaded::new(folder);
        loaded.skip_to(seconds << 24);
        loaded
    }
}

/// Everything that is measured at one size.
fn measure(mut loaded: Loaded, folder: &Path, size: u64, row: &mut Map<String, Value>) -> Loaded {
    loaded.settle();
    let view = loaded.handle.reader().view_at(None).expect("a view").expect("a checkpoint");
    receipts(&view, row);
    let dids = some_dids(&view);
    current_proofs(&view, &dids, row);
    row.insert("keys".into(), epoch_keys(&view).into());
    drop(view);
    resolving(&mut loaded, row);

    let rounds_of = size.div_ceil(20).clamp(1_000, 20_000);
    for (name, kinds) in [("issuance", [Kind::Issuance]), ("did", [Kind::Did])] {
        let found = rounds(&mut loaded, &kinds, rounds_of);
        row.insert(format!("{name}PerSecond"), rounded(found.rate()));
        row.insert(format!("{name}R"), rounded(found.r()));
        row.insert(format!("{name}PercentOfR"), rounded(found.ratio() * 100.0));
        let processor = found.processor_ratio() * 100.0;
        row.insert(format!("{name}PercentOfRByProcessor"), rounded(processor));
    }
    loaded.settle();
    row.insert("memoryMiB".into(), rounded(memory_mib()));
    row.insert("memoryMostMiB".into(), rounded(peak_memory_mib()));

    let next = loaded.next();
    row.insert("shutdownMillis".into(), rounded(millis(loaded.end())));
    disk(folder, row);
    let (again, clean) = Loaded::open(folder, next);
    row.insert("restartMillis".into(), rounded(millis(clean)));
    let _ended = again.end();
    let (mut again, killed) = after_kill(folder, next + 1_000_000_000, row);
    row.insert("restartKilledMillis".into(), rounded(millis(killed)));
    row.insert("memoryAfterRestartMiB".into(), rounded(memory_mib()));
    row.insert("machineLoad".into(), rounded(machine_load()));
    println!("size: {}", Value::Object(row.clone()));
    again.skip_to(next);
    again
}

/// SCIDs of DIDs that are spread over the log.
fn some_dids(view: &View) -> Vec<String> {
    let places = (0..SAMPLES * 40).map(|sample| 1 + sample * 7_919_993 % (view.size() - 2));
    let leaves = places.filter_map(|index| view.entry(index).ok());
    let dids = leaves.filter(|leaf| leaf.kind() == Kind::Did);
    let scids = dids.filter_map(|leaf| Some(parse_did_body(leaf.body()).ok()?.scid().to_owned()));
    scids.take(usize::try_from(SAMPLES).unwrap_or(usize::MAX)).collect()
}

/// Keys of the map at this checkpoint.
fn epoch_keys(view: &View) -> u64 {
    let leaf = view.entry(view.size() - 1).expect("the epoch leaf");
    Epoch::parse(leaf.body()).expect("an epoch leaf").keys
}

/// Resolving DIDs of two entries, as a node does, beside validating their logs in memory.
fn resolving(loaded: &mut Loaded, row: &mut Map<String, Value>) {
    let now = OsClock.now();
    let numbers = loaded.take_numbers(RESOLVED);
    let logs: Vec<_> = numbers.map(|number| rotated_did(number, now)).collect();
    for at in 0..2 {
        let entries = logs.iter().map(|log| log[at].clone()).collect();
        let _recorded = closed_loop(&loaded.handle, entries, 64, 1).all_accepted();
    }
    loaded.settle();
    let (mut validated, mut resolved) = (Vec::new(), Vec::new());
    let reader = loaded.handle.reader();
    for log in &logs {
        let [first, second] = log.each_ref().map(|(_, line)| String::from_utf8_lossy(line));
        let text = format!("{first}\n{second}\n");
        let (history, time) = timed(|| History::verify(&text, None, now).expect("a history"));
        validated.push(time);
        let scid = history.versions()[0].scid().to_owned();
        let (document, time) = timed(|| {
            let view = reader.view_at(None).expect("a view").expect("a checkpoint");
            let newest = view.did_head(&scid).expect("a ledger").expect("a version");
            newest.entry.document().to_owned()
        });
        black_box(document);
        resolved.push(time);
    }
    let mean = |times: &[Duration]| {
        times.iter().sum::<Duration>().as_secs_f64() * 1e6 / as_f64(times.len() as u64)
    };
    let in_memory = mean(&validated);
    row.insert("validateLogMicros".into(), rounded(in_memory));
    row.insert("resolveMeanMicros".into(), rounded(mean(&resolved)));
    let p99 = millis(quantile(&mut resolved, 0.99)) * 1e3;
    row.insert("resolveP99Micros".into(), rounded(p99));
    row.insert("resolveMeanRatio".into(), rounded(mean(&resolved) / in_memory));
    row.insert("resolveP99Ratio".into(), rounded(p99 / in_memory));
}

/// Fills up to `size` leaves; gives the rate.
fn fill(loaded: &mut Loaded, size: u64) -> f64 {
    let (mut time, mut count) = (Duration::ZERO, 0);
    loop {
        let have = loaded.handle.reader().status().expect("a status").size;
        if have >= size {
            return as_f64(count) / time.as_secs_f64().max(1e-9);
        }
        let entries = loaded.fresh(&MIX, CHUNK.min(size - have));
        let fared = closed_loop(&loaded.handle, entries, 64, 16).all_accepted();
        time += fared.cost.wall;
        count += fared.accepted;
        loaded.settle();
    }
}

fn receipts(view: &View, row: &mut Map<String, Value>) {
    let size = view.size();
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for sample in 0..SAMPLES {
        let index = 1 + sample * 7_919_999 % (size - 2);
        let (receipt, time) = timed(|| view.receipt_here(index).expect("a receipt"));
        times.push(time);
        sizes.push(receipt.to_value()["proof"].as_str().map_or(0, str::len));
    }
    sizes.sort_unstable();
    row.insert("leaves".into(), size.into());
    row.insert("receiptBytes".into(), sizes[sizes.len() / 2].into());
    row.insert("receiptBytesMost".into(), sizes[sizes.len() - 1].into());
    row.insert("receiptP50Micros".into(), rounded(millis(quantile(&mut times, 0.5)) * 1e3));
    row.insert("receiptP99Micros".into(), rounded(millis(quantile(&mut times, 0.99)) * 1e3));
    // The same once more: what was read from the disk the first time comes from the cache of files now.
    let again = (0..SAMPLES).map(|sample| 1 + sample * 7_919_999 % (size - 2));
    let mut times: Vec<_> = again
        .map(|index| timed(|| black_box(view.receipt_here(index).expect("a receipt"))).1)
        .collect();
    let p99 = millis(quantile(&mut times, 0.99)) * 1e3;
    row.insert("receiptAgainP99Micros".into(), rounded(p99));
}

fn current_proofs(view: &View, dids: &[String], row: &mut Map<String, Value>) {
    let (mut times, mut plain, mut packed) = (Vec::new(), Vec::new(), Vec::new());
    for (number, scid) in dids.iter().enumerate() {
        let (proof, time) = timed(|| view.did_current(scid).expect("a proof"));
        times.push(time);
        let mut value = proof.to_value();
        value.as_object_mut().expect("an object").remove("head");
        let text = value.to_string();
        plain.push(text.len());
        // Compressing takes a process each.
        if number % 10 == 0 {
            packed.extend(gzip(text.as_bytes()));
        }
    }
    plain.sort_unstable();
    packed.sort_unstable();
    if let (Some(median), Some(most)) = (plain.get(plain.len() / 2), plain.last()) {
        row.insert("currentBytes".into(), (*median).into());
        row.insert("currentBytesMost".into(), (*most).into());
    }
    if let (Some(median), Some(most)) = (packed.get(packed.len() / 2), packed.last()) {
        row.insert("currentGzipBytes".into(), (*median).into());
        row.insert("currentGzipBytesMost".into(), (*most).into());
    }
    row.insert("currentP50Micros".into(), rounded(millis(quantile(&mut times, 0.5)) * 1e3));
    row.insert("currentP99Micros".into(), rounded(millis(quantile(&mut times, 0.99)) * 1e3));
}

/// Size after `gzip`, if that is installed.
fn gzip(bytes: &[u8]) -> Option<usize> {
    let mut child =
        Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    child.stdin.take()?.write_all(bytes).ok()?;
    let mut out = Vec::new();
    child.stdout.take()?.read_to_end(&mut out).ok()?;
    child.wait().ok()?;
    Some(out.len())
}

fn disk(folder: &Path, row: &mut Map<String, Value>) {
    row.insert("diskBytes".into(), bytes_under(folder).into());
    row.insert("tileBytes".into(), bytes_under(&folder.join("tile")).into());
    row.insert("publicBytes".into(), bytes_under(&folder.join("public")).into());
    row.insert("stateBytes".into(), bytes_under(&folder.join("state.db")).into());
    row.insert("mapBytes".into(), bytes_under(&folder.join("map.pages")).into());
}

/// Has another process write to the ledger, kills it in the middle, and opens the ledger again. What that process had in
/// memory is what a ledger needs: this one holds the load for it, too.
fn after_kill(folder: &Path, next: u64, row: &mut Map<String, Value>) -> (Loaded, Duration) {
    let this = std::env::current_exe().expect("this program");
    let mut child = Command::new(this)
        .args(["victim", "--folder"])
        .arg(folder)
        .args(["--to", &next.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let ready = output.lines().map_while(Result::ok).any(|line| line == "in the middle");
    assert!(ready, "the process that was to be killed ended by itself");
    row.insert("writerMemoryMiB".into(), rounded(memory_mib_of(child.id())));
    child.kill().expect("killed");
    child.wait().expect("ended");
    Loaded::open(folder, next)
}

/// The process that is killed: it writes until then.
pub fn victim(folder: &Path, next: u64) {
    let (mut loaded, _) = Loaded::open(folder, next);
    for round in 0_u64.. {
        let entries = loaded.fresh(&MIX, 2_000);
        let _fared = closed_loop(&loaded.handle, entries, 64, 16).all_accepted();
        if round == WRITTEN / 2_000 {
            println!("in the middle");
        }
    }
}
