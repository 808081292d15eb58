//! A node in trouble, as its clients and its operator see it (§9 of the ledger specification): a full queue, a full disk, a
//! clock that jumps, a disk that does not confirm, an end that takes a while, a fault of its own.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use inkan_core::Timestamp;
use inkan_io::clock::{Clock, OsClock};
use inkan_io::files::faults::{Fault, FaultyFiles};
use inkan_io::files::{Access, FileLayer, LayerFile, SystemFiles};
use inkan_ledger::{Kind, batch};
use inkan_server::ledger_node::{LogTo, spawn};
use inkan_tests::made_node::{
    Controller, HttpAnswer, HttpClient, TestNode, node_options, unlimited, until,
};

use super::schema;

/// The system's files, but nothing reaches the journal while the gate is closed.
#[derive(Clone, Debug, Default)]
struct GatedFiles(Arc<(Mutex<Gate>, Condvar)>);

#[derive(Debug, Default)]
struct Gate {
    is_closed: bool,
    /// Writes that wait at it.
    waiting: usize,
}

impl GatedFiles {
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.0.0.lock().expect("sound")
    }

    fn close(&self) {
        self.gate().is_closed = true;
    }

    fn open(&self) {
        self.gate().is_closed = false;
        self.0.1.notify_all();
    }

    fn is_waited_at(&self) -> bool {
        self.gate().waiting > 0
    }

    fn pass(&self) {
        let mut gate = self.gate();
        gate.waiting += 1;
        let mut gate = self.0.1.wait_while(gate, |gate| gate.is_closed).expect("sound");
        gate.waiting -= 1;
    }
}

/// Opens the gate at last: a test that fails while it is closed says so, and not that others waited in vain.
struct Opened<'a>(&'a GatedFiles);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[derive(Debug)]
struct GatedFile {
    gate: Option<GatedFiles>,
    file: Box<dyn LayerFile>,
}

impl FileLayer for GatedFiles {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn LayerFile>> {
        let is_journal = path.extension().is_some_and(|extension| extension == "jnl");
        let gate = is_journal.then(|| self.clone());
        Ok(Box::new(GatedFile { gate, file: SystemFiles.open(path, access)? }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemFiles.remove(path)
    }

    fn create_folder(&self, path: &Path, access: Access) -> io::Result<()> {
        SystemFiles.create_folder(path, access)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        SystemFiles.sync_folder(path)
    }

    fn sync_disk(&self, folder: &Path) -> io::Result<bool> {
        SystemFiles.sync_disk(folder)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        SystemFiles.free_bytes(path)
    }
}

impl LayerFile for GatedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        self.file.write_at(offset, bytes)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

/// The system's clock, some seconds off; in handlers it panics as often as it is told to.
#[derive(Debug, Default)]
struct BadClock {
    ahead: AtomicI64,
    panics: AtomicUsize,
}

impl Clock for BadClock {
    fn now(&self) -> Timestamp {
        if thread::current().name() == Some("node") {
            let less = |left: usize| left.checked_sub(1);
            let panics = self.panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
            assert!(panics.is_err(), "a clock that fails, for a test");
        }
        OsClock.now().plus_seconds(self.ahead.load(Ordering::SeqCst))
    }
}

/// Checks a refusal that is worth a retry: its status, its code, its wait.
fn later(path: &str, answer: &HttpAnswer, code: &str, wait: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (503, code), "{answer:?}");
    assert_eq!(answer.header("retry-after"), wait, "{answer:?}");
    schema::check(path, "post", answer);
}

/// Waits until the node says that it is ready, or why it is not.
fn readiness(client: &HttpClient, reason: Option<&str>) {
    until(&format!("readiness is {reason:?}"), || {
        let answer = client.get("/readyz");
        schema::check("/readyz", "get", &answer);
        let metrics = client.get("/metrics");
        match reason {
            None => answer.status == 200 && metrics.text().contains("\ninkan_ready 1\n"),
            Some(reason) => {
                answer.status == 503
                    && answer.code() == "not-ready"
                    && answer.json()["reason"] == reason
                    && metrics.text().contains("\ninkan_ready 0\n")
            }
        }
    });
    assert_eq!(client.get("/healthz").status, 200, "it lives");
}

/// What was recorded before can be read all the while.
fn reads_go_on(client: &HttpClient, anna: &Controller) {
    for path in ["/checkpoint", "/v1/log", "/v1/receipts/1", "/v1/entries/1"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    for path in ["", "/did.jsonl", "/current"] {
        assert_eq!(client.get(&format!("/v1/dids/{}{path}", anna.scid())).status, 200, "{path}");
    }
}

/// Hands `entry` in by all three ways, each of which refuses it.
fn refused_everywhere(client: &HttpClient, entry: &str, code: &str, wait: &str) {
    later("/v1/entries", &client.submit(entry), code, wait);
    let entry = entry.as_bytes();
    let framed = batch::join([(Kind::Issuance, entry)]).expect("a batch");
    let answer = client.post("/v1/batches", "application/octet-stream", &framed);
    if answer.status == 200 {
        schema::check("/v1/batches", "post", &answer);
        let result = &answer.json()["results"][0];
        assert_eq!((&result["status"], &result["problem"]["code"]), (&503.into(), &code.into()));
    } else {
        later("/v1/batches", &answer, code, wait);
    }
    let carol = Controller::at_home(77, "ledger.example");
    let framed = batch::join([(Kind::Did, carol.line.as_bytes())]).expect("a batch");
    let answer = client.post("/v1/imports", "application/octet-stream", &framed);
    // An import has rules of its own; it may be refused for one of them before anybody looks at the disk.
    assert!(matches!(answer.status, 503 | 422), "{answer:?}");
}

/// Without the limit of the queue, memory is; without the answer, clients wait for ever.
#[test]
fn a_full_queue_is_said_at_once_and_what_waits_is_taken() {
    let gate = GatedFiles::default();
    let files: Arc<dyn FileLayer> = Arc::new(gate.clone());
    let node = TestNode::with(|options| {
        options.limits = unlimited();
        options.sequencer.queue = 4;
        options.files = files;
    });
    let (client, anna) = (node.client(), Controller::new(1));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    gate.close();
    let entry = |number: usize| anna.issuance(&format!("{number}"));
    thread::scope(|scope| {
        let _opened = Opened(&gate);
        let waiting: Vec<_> = (0..12)
            .map(|number| {
                let (client, entry) = (&client, entry(number));
                // As the answer says: again, after a while.
                scope.spawn(move || {
                    let mut turned = 0;
                    until("it is taken", || {
                        let answer = client.submit(&entry);
                        turned += usize::from(answer.status == 503);
                        assert!(matches!(answer.status, 202 | 503), "{answer:?}");
                        answer.status == 202
                    });
                    turned
                })
            })
            .collect();
        // Before the writer stands at the gate, it may still empty a queue that was seen full.
        until("the writer is held", || gate.is_waited_at());
        until("the queue is full", || {
            client.get("/metrics").text().contains("\ninkan_queue_entries 4\n")
        });
        later("/v1/entries", &client.submit(&entry(100)), "overloaded", "1");
        // All of a batch, or nothing of it.
        let entries: Vec<_> = (200..205).map(entry).collect();
        let framed = entries.iter().map(|entry| (Kind::Issuance, entry.as_bytes()));
        let framed = batch::join(framed).expect("a batch");
        let answer = client.post("/v1/batches", "application/octet-stream", &framed);
        let results = answer.json()["results"].as_array().cloned().expect("results");
        assert_eq!(results.len(), 5);
        assert!(results.iter().all(|result| result["problem"]["code"] == "overloaded"));
        reads_go_on(&client, &anna);
        readiness(&client, None);
        gate.open();
        let turned: usize = waiting.into_iter().map(|one| one.join().expect("taken")).sum();
        assert!(turned > 0, "there was no room for all of them");
    });
    assert_eq!(client.submit(&entry(100)).status, 202);
    let metrics = client.get("/metrics");
    assert!(metrics.text().contains("{kind=\"issuance\",outcome=\"overloaded\"} "));
}

/// Without the look at the disk between entries, a node that was taken out of service when its disk was full stays out.
#[test]
fn a_full_disk_refuses_entries_and_nothing_else_until_there_is_room() {
    let mut layer = None;
    let node = TestNode::with(|options| {
        options.limits = unlimited();
        let files = FaultyFiles::new(&options.data, 3).expect("a layer");
        options.files = Arc::new(files.clone());
        layer = Some(files);
    });
    let layer = layer.expect("it was made");
    let (client, anna) = (node.client(), Controller::new(2));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    let entry = anna.issuance("a");
    // One byte below the reserve of 256 MiB.
    layer.set_free((256 << 20) - 1);
    refused_everywhere(&client, &entry, "storage-full", "60");
    readiness(&client, Some("storage-full"));
    reads_go_on(&client, &anna);
    layer.set_free(1 << 30);
    // Nobody has to try first.
    readiness(&client, None);
    assert_eq!(client.submit(&entry).status, 202);
    // The same in the middle of a write, in spite of the reserve.
    layer.fail_after(0, Fault::Full);
    later("/v1/entries", &client.submit(&anna.issuance("b")), "storage-full", "60");
    reads_go_on(&client, &anna);
    layer.heal();
    readiness(&client, None);
    assert_eq!(client.submit_and_wait(&anna.issuance("b"), "cosigned").status, 200);
    node.node.shutdown().expect("in order");
}

#[test]
fn a_clock_that_jumps_stops_writing_until_the_operator_says_it_is_right() {
    let scratch = tempfile::tempdir().expect("a folder");
    let data = scratch.path().join("ledger");
    inkan_tests::made_node::create_ledger(&data);
    let clock = Arc::new(BadClock::default());
    let options = || {
        let mut options = node_options(&data);
        options.limits = unlimited();
        options
    };
    let node = spawn(options(), clock.clone()).expect("a node");
    let (client, anna) = (HttpClient::new(node.address()), Controller::new(3));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    clock.ahead.store(86_400, Ordering::SeqCst);
    // Seen although nobody submits anything.
    readiness(&client, Some("clock-unsure"));
    refused_everywhere(&client, &anna.issuance("a"), "clock-unsure", "10");
    reads_go_on(&client, &anna);
    node.shutdown().expect("in order");
    // A restart alone does not help.
    let node = spawn(options(), clock.clone()).expect("a node");
    let client = HttpClient::new(node.address());
    readiness(&client, Some("clock-unsure"));
    reads_go_on(&client, &anna);
    node.shutdown().expect("in order");
    let mut accepting = options();
    accepting.accept_clock = true;
    let node = spawn(accepting, clock.clone()).expect("a node");
    let client = HttpClient::new(node.address());
    readiness(&client, None);
    let now = clock.now();
    let claims = |artefact: &str| anna.issuance_at(artefact, now);
    assert_eq!(client.submit_and_wait(&claims("a"), "cosigned").status, 200);
    node.shutdown().expect("in order");
}

/// Without the end, clients would wait for ever on a log that takes nothing any more.
#[test]
fn a_disk_that_does_not_confirm_ends_the_node_and_the_next_one_recovers() {
    let scratch = tempfile::tempdir().expect("a folder");
    let data = scratch.path().join("ledger");
    inkan_tests::made_node::create_ledger(&data);
    let layer = FaultyFiles::new(&data, 4).expect("a layer");
    let mut options = node_options(&data);
    options.limits = unlimited();
    options.files = Arc::new(layer.clone());
    let node = spawn(options, Arc::new(OsClock)).expect("a node");
    let (client, anna) = (HttpClient::new(node.address()), Controller::new(4));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    layer.fail_after(0, Fault::Sync);
    let entry = anna.issuance("a");
    later("/v1/entries", &client.submit(&entry), "not-ready", "1");
    until("it ends by itself", || client.try_send("GET", "/healthz", "", b"").is_none());
    assert_eq!(node.shutdown().expect_err("an error").code(), "storage-unconfirmed");
    layer.heal();
    let node = spawn(node_options(&data), Arc::new(OsClock)).expect("a node");
    let client = HttpClient::new(node.address());
    assert_eq!(client.submit(&anna.line).status, 200, "what was acknowledged is there");
    assert!(matches!(client.submit(&entry).status, 200 | 202));
    node.shutdown().expect("in order");
}

#[test]
fn a_node_that_ends_takes_nothing_new_and_finishes_what_it_took() {
    let gate = GatedFiles::default();
    let files: Arc<dyn FileLayer> = Arc::new(gate.clone());
    let node = TestNode::with(|options| {
        options.limits = unlimited();
        options.files = files;
    });
    let (client, anna) = (node.client(), Controller::new(5));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    let TestNode { node, data: _data, .. } = node;
    gate.close();
    let (taken, ended) = thread::scope(|scope| {
        let _opened = Opened(&gate);
        let taken = scope.spawn(|| client.submit(&anna.issuance("a")));
        until("it is taken", || gate.is_waited_at());
        let ended = scope.spawn(|| node.shutdown());
        until("it says that it ends", || client.get("/readyz").status == 503);
        later("/v1/entries", &client.submit(&anna.issuance("b")), "not-ready", "1");
        for path in ["/v1/batches", "/v1/imports"] {
            let answer = client.post(path, "application/octet-stream", b"\x02\0\x01x");
            later(path, &answer, "not-ready", "1");
        }
        reads_go_on(&client, &anna);
        gate.open();
        (taken.join().expect("an answer"), ended.join().expect("an end"))
    });
    assert!(matches!(taken.status, 202), "{taken:?}");
    ended.expect("in order");
}

/// Without the catch, the connection ends without an answer, and nothing is counted or logged.
#[test]
fn a_handler_that_panics_is_answered_logged_and_survived() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (data, log) = (scratch.path().join("ledger"), scratch.path().join("requests"));
    inkan_tests::made_node::create_ledger(&data);
    let clock = Arc::new(BadClock::default());
    let mut options = node_options(&data);
    options.limits = unlimited();
    options.log = LogTo::Folder(log.clone());
    let node = spawn(options, clock.clone()).expect("a node");
    let client = HttpClient::new(node.address());
    assert_eq!(client.get("/metrics").status, 200);
    clock.panics.store(1, Ordering::SeqCst);
    let answer = client.get("/metrics");
    assert_eq!((answer.status, answer.code().as_str()), (500, "node-fault"), "{answer:?}");
    assert!(!answer.text().contains("clock that fails"), "no inner life is shown");
    schema::check("/metrics", "get", &answer);
    let metrics = client.get("/metrics");
    let line = "inkan_http_requests_total{route=\"/metrics\",status=\"500\"} 1";
    assert!(metrics.text().contains(line), "{}", metrics.text());
    assert_eq!(client.submit(&Controller::new(6).line).status, 202);
    node.shutdown().expect("in order");
    let files = std::fs::read_dir(&log).expect("a folder");
    let text: String = files
        .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let faults = text.lines().filter(|line| line.contains("\"node-fault\"")).count();
    assert_eq!(faults, 1, "{text}");
}
