//! The same with a file layer that loses, tears and reorders what was not synced: power cuts instead of kills.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use inkan_io::clock::{Clock, OsClock};
use inkan_io::files::faults::{Fault, FaultyFiles};
use inkan_io::ledger_folder::{LedgerFolder, OpenOptions};
use inkan_io::sequencer::{Sequencer, SequencerOptions};

use super::books::Books;
use super::people::{ORIGIN, Person};

/// After each cut the surviving files are the ledger. Taking out the sync of a batch, the sync of a tile, or that of the
/// folder of tiles makes this fail.
#[test]
fn a_power_cut_at_any_write_loses_nothing_that_was_acknowledged() {
    cuts(40, 11);
}

#[test]
#[ignore = "minutes: the same, five hundred times"]
fn five_hundred_cuts() {
    cuts(500, 12);
}

fn cuts(count: u64, seed: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut path = folder.path().join("0");
    let base = u64::try_from(OsClock.now().seconds()).expect("after 1970") - 60;
    let mut rng = inkan_core::rng::insecure::SeededRng::new(seed);
    drop(LedgerFolder::create(&path, ORIGIN, &mut rng, OsClock.now()).expect("a ledger"));
    let mut books = Books::default();
    for cut in 0..count {
        let layer = FaultyFiles::new(&path, seed * 1_000 + cut).expect("a layer");
        layer.fail_after(5 + (cut * 37) % 230, Fault::Power);
        let lines = record(&path, &layer, &books.next(), base);
        books.acknowledge(&lines);
        let next = folder.path().join((cut + 1).to_string());
        layer.crash(&next).expect("what survives");
        std::fs::remove_dir_all(&path).expect("the old one");
        path = next;
        books.note(&path);
        books.check(&path, OsClock.now());
    }
    books.check_everything(&path);
    println!("{count} power cuts, {} entries acknowledged, all of them there", books.count());
}

/// Records until the power goes.
fn record(path: &Path, layer: &FaultyFiles, first: &[u64], base: u64) -> Vec<String> {
    let options =
        OpenOptions { layer: Arc::new(layer.clone()), reserve: 0, ..OpenOptions::default() };
    let ledger = match LedgerFolder::open_with(path, &options, OsClock.now()) {
        Ok(ledger) => ledger,
        Err(error) => {
            assert!(layer.has_failed(), "it opens while there is power: {error}");
            return Vec::new();
        }
    };
    let options = SequencerOptions {
        checkpoint_every: Duration::from_millis(5),
        workers: Some(1),
        map_patience: Duration::from_secs(120),
        ..SequencerOptions::default()
    };
    let clock = Arc::new(OsClock);
    let (sequencer, handle) = Sequencer::start(ledger, options, clock).expect("threads");
    let lines = std::sync::Mutex::new(Vec::new());
    let told = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for (client, first) in (0..).zip(first) {
            let (handle, lines, told) = (handle.clone(), &lines, &told);
            scope.spawn(move || {
                let person = Person::new(client, base);
                for n in *first.. {
                    let (kind, body) = person.entry(n);
                    let Ok(answer) = handle.submit(kind, body.into_bytes()).wait() else { return };
                    let (index, hash) = (answer.leaf_index, answer.leaf_hash.digest().to_hex());
                    let line = format!("ack {client} {n} {index} {hash} {}", answer.entry_id);
                    lines.lock().expect("sound").push(line);
                    told.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let ended = sequencer.shutdown();
    assert!(ended.is_err() || told.load(Ordering::Relaxed) == 0, "the power went");
    lines.into_inner().expect("sound")
}
