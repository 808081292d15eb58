//! A node under load on loopback (§10 of the ledger specification): `/v1/batches` beside *R*, and how long a client waits for an
//! acknowledgement. Client and node share this machine's processors, so that the node has less than all of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use inkan_io::clock::{Clock, OsClock};
use inkan_ledger::{Kind, batch};
use serde_json::{Map, Value};

use super::entries::{Maker, Ready};
use super::figures::rounded;
use super::measure::{Cost, Stretch, as_f64, machine_load, memory_mib, millis, quantile};
use crate::made_node::TestNode;

/// Entries of one batch.
const BATCH: usize = 500;
/// Connections that send batches.
const SENDERS: usize = 4;
/// Connections that send single entries.
const CLIENTS: usize = 64;
/// R and appends are measured in turns this often; the median ratio counts.
const ROUNDS: u64 = 5;

/// All rows: batches of `count` entries in each round, and a part of that one by one.
///
/// # Panics
///
/// If the node fails.
#[must_use]
pub fn run(count: u64) -> Vec<Map<String, Value>> {
    let node = TestNode::start();
    let address = node.node.address();
    let mut maker = Maker::new(64, OsClock.now());
    let mut next = 0;
    let mut fresh = |maker: &mut Maker, count: u64| {
        maker.set_time(OsClock.now());
        next += count;
        maker.make_all(&[Kind::Issuance], next - count..next)
    };
    post_batches(address, &batches(&maker.registrations()));
    let mut rounds: Vec<(Cost, Cost)> = (0..ROUNDS)
        .map(|_| {
            let entries = fresh(&mut maker, count);
            let stretch = Stretch::begin();
            maker.validate_all(&entries);
            let bare = stretch.end();
            let framed = batches(&entries);
            let stretch = Stretch::begin();
            post_batches(address, &framed);
            (bare, stretch.end())
        })
        .collect();
    let ratio = |(bare, sent): &(Cost, Cost)| bare.wall.as_secs_f64() / sent.wall.as_secs_f64();
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let median = rounds[rounds.len() / 2];
    let (bare, sent) = &median;
    let mut rows = Vec::new();
    let mut row = Map::new();
    row.insert("what".into(), "appends: issuance through /v1/batches".into());
    row.insert("r".into(), rounded(bare.rate(count)));
    row.insert("perSecond".into(), rounded(sent.rate(count)));
    row.insert("percentOfR".into(), rounded(ratio(&median) * 100.0));
    let processor = bare.processor.as_secs_f64() / sent.processor.as_secs_f64().max(1e-9);
    row.insert("percentOfRByProcessor".into(), rounded(processor * 100.0));
    row.insert("targetPercent".into(), rounded(60.0));
    push(&mut rows, row);

    let single = fresh(&mut maker, (count / 20).max(100));
    let found = post_singles(address, &single, 1, None);
    push(&mut rows, waited("over HTTP, one at a time", found));
    let many = fresh(&mut maker, (count / 4).max(100));
    let (most, times) = post_singles(address, &many, CLIENTS, None);
    push(&mut rows, waited("over HTTP, 64 clients, one entry each", (most, times)));
    let paced = fresh(&mut maker, (count / 4).max(100));
    let found = post_singles(address, &paced, CLIENTS, Some(0.7 * most));
    push(&mut rows, waited("over HTTP, 64 clients at 70 % of that", found));
    rows
}

fn waited(what: &str, (rate, mut times): (f64, Vec<Duration>)) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("what".into(), what.into());
    row.insert("perSecond".into(), rounded(rate));
    row.insert("p50Millis".into(), rounded(millis(quantile(&mut times, 0.5))));
    row.insert("p99Millis".into(), rounded(millis(quantile(&mut times, 0.99))));
    row
}

fn push(rows: &mut Vec<Map<String, Value>>, mut row: Map<String, Value>) {
    row.insert("memoryMiB".into(), rounded(memory_mib()));
    row.insert("machineLoad".into(), rounded(machine_load()));
    println!("http: {}", Value::Object(row.clone()));
    rows.push(row);
}

fn batches(entries: &[Ready]) -> Vec<Vec<u8>> {
    let framed = |chunk: &[Ready]| {
        batch::join(chunk.iter().map(|(kind, body)| (*kind, &body[..]))).expect("a batch")
    };
    entries.chunks(BATCH).map(framed).collect()
}

fn post_batches(address: SocketAddr, batches: &[Vec<u8>]) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut connection = Connection::open(address);
                while let Some(body) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (status, answer) =
                        connection.post("/v1/batches", "application/octet-stream", body);
                    let text = String::from_utf8_lossy(&answer);
                    assert!(status == 202 && !text.contains("\"problem\""), "{status} {text:.300}");
                }
            });
        }
    });
}

/// Entries a second, and the time of each; at a `pace`, times count from when each was due.
fn post_singles(
    address: SocketAddr,
    entries: &[Ready],
    clients: usize,
    pace: Option<f64>,
) -> (f64, Vec<Duration>) {
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let times = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(address);
                    let mut times = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((_, body)) = entries.get(at) else { return times };
                        let mut due = Instant::now();
                        if let Some(pace) = pace {
                            let wait = as_f64(at.try_into().expect("fits")) / pace;
                            due = begun + Duration::from_secs_f64(wait);
                            thread::sleep(due.saturating_duration_since(Instant::now()));
                        }
                        let (status, answer) =
                            connection.post("/v1/entries", "application/jose", body);
                        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&answer));
                        times.push(due.elapsed());
                    }
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect::<Vec<_>>()
    });
    let count = as_f64(entries.len().try_into().expect("fits"));
    (count / begun.elapsed().as_secs_f64(), times)
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("an option");
        Self(BufReader::new(stream))
    }

    fn post(&mut self, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: node\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.0.get_mut().write_all(&request).expect("sent");
        let (mut status, mut length) = (0, 0);
        for number in 0.. {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("an answer");
            let line = line.trim_end().to_ascii_lowercase();
            if number == 0 {
                status =
                    line.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (status, body)
    }
}
