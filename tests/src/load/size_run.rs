//! One ledger as it grows: what appends, receipts, proofs, memory and restarts cost at each size.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use inkan_io::ledger_folder::View;
use inkan_ledger::Kind;
use inkan_ledger::state::parse_did_body;
use serde_json::{Map, Value};

use super::clients::closed_loop;
use super::figures::rounded;
use super::measure::{as_f64, bytes_under, machine_load, memory_mib, millis, quantile, timed};
use super::rates::{Loaded, rounds};

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
        let mut dids = Vec::new();
        let filling = fill(&mut loaded, *size, &mut dids);
        row.insert("fillPerSecond".into(), rounded(filling));

        loaded.settle();
        let view = loaded.handle.reader().view_at(None).expect("a view").expect("a checkpoint");
        receipts(&view, &mut row);
        current_proofs(&view, &dids, &mut row);
        drop(view);

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

        let next = loaded.next();
        row.insert("shutdownMillis".into(), rounded(millis(loaded.end())));
        disk(folder, &mut row);
        let (again, clean) = Loaded::open(folder, next);
        row.insert("restartMillis".into(), rounded(millis(clean)));
        let _ended = again.end();
        let (again, killed) = after_kill(folder, next + 1_000_000_000);
        row.insert("restartKilledMillis".into(), rounded(millis(killed)));
        row.insert("memoryAfterRestartMiB".into(), rounded(memory_mib()));
        row.insert("machineLoad".into(), rounded(machine_load()));
        println!("size: {}", Value::Object(row.clone()));
        done(&row);
        loaded = again;
        loaded.skip_to(next);
    }
    let _ended = loaded.end();
}

/// Fills up to `size` leaves; gives the rate, and some DIDs that were registered on the way.
fn fill(loaded: &mut Loaded, size: u64, dids: &mut Vec<String>) -> f64 {
    let (mut time, mut count) = (Duration::ZERO, 0);
    loop {
        let have = loaded.handle.reader().status().expect("a status").size;
        if have >= size {
            return as_f64(count) / time.as_secs_f64().max(1e-9);
        }
        let entries = loaded.fresh(&MIX, CHUNK.min(size - have));
        if dids.len() < 1_000 {
            let lines = entries.iter().filter(|(kind, _)| *kind == Kind::Did).step_by(20);
            dids.extend(
                lines.filter_map(|(_, body)| Some(parse_did_body(body).ok()?.scid().to_owned())),
            );
        }
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

/// Has another process write to the ledger, kills it in the middle, and opens the ledger again.
fn after_kill(folder: &Path, next: u64) -> (Loaded, Duration) {
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
        if round == 2 {
            println!("in the middle");
        }
    }
}
