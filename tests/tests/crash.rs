//! The crash loop (§9 of the ledger specification): a process that records entries under load is killed with SIGKILL, at
//! named steps and at random, and opened again. After each crash: every acknowledged entry is there once, at its place;
//! the tree extends all that was signed; no two notes of one size differ; nothing that was not acknowledged is half there.
//!
//! `cargo test -p inkan-tests --test crash` crashes 56 times, `-- --ignored thousand` 1,008 times.
//!
//! What fails without which protection (by reasoning; not each was taken out to see it): the sync in `Journal::append` cannot be seen by a
//! killed process, only by `power` below, where the file layer drops what was not synced; likewise the syncs of `put_all`.
//! Without the guard's `advance` before `sign`, `c7-signed` finds a note that the guard does not know; without R6 an epoch
//! leaf in the middle of no checkpoint; without R4 (`heal`) acknowledged ids that nobody finds after `c8-published`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use inkan_io::clock::{Clock, OsClock};
use inkan_io::ledger_folder::{LedgerFolder, OpenOptions, Step, Steps};
use inkan_io::sequencer::{Sequencer, SequencerOptions};
use serde_json::{Value, json};

#[path = "crash/books.rs"]
mod books;
#[path = "crash/people.rs"]
mod people;
#[path = "crash/power.rs"]
mod power;

use books::Books;
use people::Person;

/// What a busy machine needs at most.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many clients submit at once.
const CLIENTS: u64 = 4;

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    campaign(56, 1);
}

#[test]
#[ignore = "minutes: the same, a thousand times"]
fn thousand() {
    campaign(1_008, 7);
}

/// Not a test but the process that is killed: it is told what to do on its standard input, and does nothing without.
#[test]
#[ignore = "the process that the others kill"]
fn victim() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("standard input");
    if let Ok(order) = serde_json::from_str::<Value>(&line) {
        run(&order);
    }
}

/// Opens the ledger, says so, and records entries until it is killed.
fn run(order: &Value) {
    let text = |name: &str| order[name].as_str().expect("text");
    let number = |name: &str| order[name].as_u64().expect("a number");
    let wanted = Step::from_name(text("step"));
    let left = AtomicUsize::new(usize::try_from(number("times")).expect("small"));
    let steps = Steps::new(Arc::new(move |step| {
        if Some(step) == wanted && left.fetch_sub(1, Ordering::Relaxed) == 1 {
            say(REACHED);
            // Whoever waits for this line kills the process.
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }));
    let options = OpenOptions { steps, reserve: 0, ..OpenOptions::default() };
    let ledger = LedgerFolder::open_with(Path::new(text("folder")), &options, OsClock.now());
    let options = SequencerOptions {
        checkpoint_every: Duration::from_millis(15),
        workers: Some(1),
        map_patience: PATIENCE,
        ..SequencerOptions::default()
    };
    let (_sequencer, handle) =
        Sequencer::start(ledger.expect("a ledger"), options, Arc::new(OsClock)).expect("threads");
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let handle = handle.clone();
            let first = order["first"][usize::try_from(client).expect("small")].as_u64();
            let (first, base) = (first.expect("a number"), number("base"));
            scope.spawn(move || {
                let person = Person::new(client, base);
                for n in first.. {
                    let (kind, body) = person.entry(n);
                    let answer = handle.submit(kind, body.into_bytes()).wait().expect("accepted");
                    let (index, hash) = (answer.leaf_index, answer.leaf_hash.digest().to_hex());
                    say(&format!("ack {client} {n} {index} {hash} {}", answer.entry_id));
                }
            });
        }
    });
}

/// One line, at once: what is in the pipe survives the process.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@{line}").and_then(|()| out.flush()).expect("a reader");
}

/// What a process says when it stands at its step and waits to be killed.
const REACHED: &str = "here";

/// When a process is killed.
enum Moment {
    At(Step, u64),
    After(Duration),
}

fn campaign(crashes: u64, seed: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger");
    let base = u64::try_from(OsClock.now().seconds()).expect("after 1970") - 60;
    let mut rng = inkan_core::rng::insecure::SeededRng::new(seed);
    let now = OsClock.now();
    drop(LedgerFolder::create(&path, people::ORIGIN, &mut rng, now).expect("a ledger"));
    let mut books = Books::default();
    let mut killed = std::collections::BTreeMap::new();
    let mut random = seed;
    let mut draw = |below: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for crash in 0..crashes {
        // Half of them at each step in turn, the others at random.
        let moment = if crash % 2 == 0 {
            let steps = u64::try_from(Step::ALL.len()).expect("few");
            let step = usize::try_from((crash / 2) % steps).expect("few");
            Moment::At(Step::ALL[step], 1 + draw(3))
        } else {
            Moment::After(Duration::from_millis(10 + draw(150)))
        };
        books.note(&path);
        let mut lines = victimise(&path, &moment, &books.next(), base);
        if let Moment::At(step, _) = moment
            && lines.contains(&REACHED.to_owned())
        {
            *killed.entry(step.name()).or_insert(0_u64) += 1;
        }
        lines.retain(|line| line != REACHED);
        books.acknowledge(&lines);
        books.note(&path);
        // Every third time the next process recovers by itself, and may be killed while it does.
        if crash % 3 != 0 {
            books.check(&path, OsClock.now());
        }
    }
    books.check(&path, OsClock.now());
    books.check_everything(&path);
    println!("{crashes} crashes, {} entries acknowledged, all of them there", books.count());
    println!("killed where it stood at a named step: {killed:?}");
    // A step that is never reached is never tried. Of few crashes, chance may leave one out.
    let missed = Step::ALL.iter().map(|step| step.name()).filter(|name| !killed.contains_key(name));
    let missed: Vec<&str> = missed.collect();
    assert!(missed.is_empty() || crashes < 500, "no process was killed at {missed:?}");
    assert!(books.count() > crashes, "the load was none");
}

/// Runs a victim, kills it at its moment, and gives what it said.
fn victimise(path: &Path, moment: &Moment, first: &[u64], base: u64) -> Vec<String> {
    let (step, times) = match moment {
        Moment::At(step, times) => (step.name(), *times),
        Moment::After(_) => ("none", 0),
    };
    let order = json!({"folder": path, "step": step, "times": times, "first": first, "base": base});
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "victim", "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{order}").expect("it reads");
    let lines = follow(&mut child);
    let mut said = Vec::new();
    match moment {
        Moment::After(time) => std::thread::sleep(*time),
        Moment::At(..) => {
            // A step that does not come again, as before the first batch, is no fault: kill it when it says no more.
            let mut patience = PATIENCE;
            while let Ok(line) = lines.recv_timeout(patience) {
                if line == REACHED {
                    said.push(line);
                    break;
                }
                patience = Duration::from_millis(1_500);
                said.push(line);
            }
        }
    }
    let died = child.try_wait().expect("a process").is_some();
    child.kill().expect("SIGKILL");
    child.wait().expect("an end");
    said.extend(lines.iter().filter(|line| line != REACHED));
    if died {
        let mut why = String::new();
        let stderr = child.stderr.take().expect("a pipe");
        BufReader::new(stderr)
            .lines()
            .map_while(Result::ok)
            .for_each(|l| why.push_str(&(l + "\n")));
        panic!("the process ended by itself:\n{why}\n{said:?}");
    }
    said
}

/// What a process says, line by line.
fn follow(child: &mut Child) -> Receiver<String> {
    let stdout = child.stdout.take().expect("a pipe");
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(line) = line.strip_prefix('@')
                && sender.send(line.to_owned()).is_err()
            {
                return;
            }
        }
    });
    lines
}
