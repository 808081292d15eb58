//! The map alone, as it grows: keys per second, what a proof takes, file and memory.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use inkan_core::sha256;
use inkan_io::map_store::{MapStore, UNSAVED};
use inkan_ledger::leaf::Kind;
use inkan_ledger::map::{Flags, MapKey, MapValue};
use inkan_ledger::tree::LeafHash;
use serde_json::{Map, Value};

use super::figures::rounded;
use super::measure::{Stretch, machine_load, memory_mib, millis, quantile, timed};

/// Keys that one sequencer batch changes.
const BATCH: u64 = 128;
/// Keys between two checkpoints: a second at full load.
const CHECKPOINT: u64 = 8_192;

/// The `number`th DID of a run.
fn head(number: u64, version: u64) -> (MapKey, MapValue) {
    let digest = sha256(&[&number.to_be_bytes()]);
    let key = MapKey::did(&digest.to_hex());
    let leaf_hash = LeafHash::of(&version.to_be_bytes());
    let (kind, sequence, leaf_index) = (Kind::Did, 1, version);
    (key, MapValue { kind, flags: Flags::PORTABLE, sequence, leaf_index, leaf_hash })
}

/// Grows a map at `path` through `sizes`, and gives one row for each.
///
/// # Panics
///
/// If the store fails.
#[must_use]
pub fn run(path: &Path, sizes: &[u64]) -> Vec<Map<String, Value>> {
    let mut store = MapStore::open(path).expect("a new map");
    let mut rows = Vec::new();
    let mut done = 0;
    for size in sizes {
        let from = done;
        let stretch = Stretch::begin();
        let (mut stall, mut syncs) = (Duration::ZERO, Duration::ZERO);
        while done < *size {
            let end = (done + BATCH).min(*size);
            let changes: Vec<_> = (done..end).map(|number| head(number, number)).collect();
            let start = Instant::now();
            store.apply(end, &changes).expect("applied");
            done = end;
            if done.is_multiple_of(CHECKPOINT) || done == *size {
                store.keep().expect("kept");
                store.prune(done);
            }
            stall = stall.max(start.elapsed());
            if store.unsaved() >= UNSAVED {
                syncs += timed(|| store.durable().expect("durable")).1;
            }
        }
        let cost = stretch.end();
        let count = done - from;

        // New versions of DIDs that are there.
        let updates = (count / 2).clamp(1, 50_000);
        let stretch = Stretch::begin();
        for round in 0..updates.div_ceil(BATCH) {
            let version = done + round;
            let changes: Vec<_> =
                (0..BATCH).map(|i| head((round * BATCH + i) * 7_919 % done, version)).collect();
            store.apply(version, &changes).expect("applied");
            if (round * BATCH).is_multiple_of(CHECKPOINT) {
                store.keep().expect("kept");
                store.prune(version);
                if store.unsaved() >= UNSAVED {
                    store.durable().expect("durable");
                }
            }
        }
        store.keep().expect("kept");
        let version = store.newest().version;
        store.prune(version);
        let changed = stretch.end();

        let reader = store.reader();
        let mut times: Vec<_> = (0..2_000)
            .map(|i| {
                let (key, _) = head(i * 104_729 % (done * 2), 0);
                let (proof, time) = timed(|| reader.prove(&key, version).expect("a proof"));
                black_box(proof);
                time
            })
            .collect();
        let mut row = Map::new();
        row.insert("keys".into(), done.into());
        row.insert("newPerSecond".into(), rounded(cost.rate(count)));
        row.insert("newProcessorMicros".into(), rounded(cost.processor_micros(count)));
        row.insert("updatesPerSecond".into(), rounded(changed.rate(updates)));
        row.insert("updateProcessorMicros".into(), rounded(changed.processor_micros(updates)));
        row.insert("proveP50Micros".into(), rounded(millis(quantile(&mut times, 0.5)) * 1e3));
        row.insert("proveP99Micros".into(), rounded(millis(quantile(&mut times, 0.99)) * 1e3));
        row.insert("longestBatchMillis".into(), rounded(millis(stall)));
        row.insert("syncMillis".into(), rounded(millis(syncs)));
        store.durable().expect("durable");
        let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
        row.insert("fileBytes".into(), bytes.into());
        row.insert("memoryMiB".into(), rounded(memory_mib()));
        row.insert("machineLoad".into(), rounded(machine_load()));
        println!("map: {}", Value::Object(row.clone()));
        rows.push(row);
        done = done.max(version);
    }
    rows
}
