//! A running ledger node with a fresh ledger, somebody who signs entries, and an HTTP client that sends what it is told.
//!
//! In scope: the shortest way to a request and its answer. Out of scope: anything with an expectation in it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::{self, Create, Entry, Head};
use inkan_did::{Did, DidUrl};
use inkan_io::clock::{Clock, OsClock};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::{ActId, Claims, Kind, SignedEntry, StatusClaims, StatusFormat, commitment};
use inkan_server::ledger_node::{Limits, NodeOptions, RunningNode, spawn};
use serde_json::Value;

/// The name of the log.
pub const ORIGIN: &str = "ledger.example";

/// Somebody with a did:webvh DID.
#[derive(Debug)]
pub struct Controller {
    /// The DID.
    pub did: Did,
    /// Its first log line, without a line feed.
    pub line: String,
    key: SecretKey,
    seed: u64,
    made: Timestamp,
}

impl Controller {
    /// Makes one, two hours ago; equal seeds make equal keys.
    ///
    /// # Panics
    ///
    /// If the first entry cannot be made.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::at_home(seed, ORIGIN)
    }

    /// The same, whose home is another log.
    ///
    /// # Panics
    ///
    /// If the first entry cannot be made.
    #[must_use]
    pub fn at_home(seed: u64, home: &str) -> Self {
        let made = OsClock.now().plus_seconds(-7_200);
        let request = Create {
            domain: ORIGIN.to_owned(),
            path: Some(format!("p{seed}")),
            key_id: "key-1".to_owned(),
            key: key(seed).public_key(),
            others: Vec::new(),
            next_key_hashes: Vec::new(),
            services: Vec::new(),
            home: Some(home.to_owned()),
        };
        let next = key(seed + 2_000_000).public_key();
        let (did, line) =
            webvh::create(&request, &key(seed + 1_000_000), &next, made).expect("a first entry");
        Self { did, line: line.trim_end().to_owned(), key: key(seed), seed, made }
    }

    /// The SCID.
    ///
    /// # Panics
    ///
    /// Never: the DID is a did:webvh DID.
    #[must_use]
    pub fn scid(&self) -> &str {
        self.did.scid().expect("a SCID")
    }

    /// A second version that rotates to the key of `branch`: two branches are two histories.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn rotated(&self, branch: u64) -> String {
        let entry = Entry::parse(self.line.as_bytes(), None).expect("our own entry");
        let head: Head = webvh::check_next(None, &entry, OsClock.now()).expect("our own entry");
        let keys = [("key-2".to_owned(), key(self.seed + branch).public_key())];
        let next = key(self.seed + 3_000_000 + branch).public_key();
        let later = self.made.plus_seconds(60 + i64::try_from(branch).expect("small"));
        let line = webvh::rotate(&head, &keys, &key(self.seed + 2_000_000), &next, later);
        line.expect("a second entry").trim_end().to_owned()
    }

    /// A second version, which is the last.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn ended(&self) -> String {
        let entry = Entry::parse(self.line.as_bytes(), None).expect("our own entry");
        let head: Head = webvh::check_next(None, &entry, OsClock.now()).expect("our own entry");
        let later = self.made.plus_seconds(60);
        let line = webvh::deactivate(&head, &key(self.seed + 2_000_000), later);
        line.expect("a last entry").trim_end().to_owned()
    }

    /// A second version whose home is another log.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn moved(&self, home: &str) -> String {
        let entry = Entry::parse(self.line.as_bytes(), None).expect("our own entry");
        let head: Head = webvh::check_next(None, &entry, OsClock.now()).expect("our own entry");
        let mut document = head.document().value().clone();
        document["service"] = serde_json::json!([{
            "id": format!("{}#ledger", self.did),
            "type": "LedgerLog",
            "serviceEndpoint": format!("https://{home}"),
        }]);
        let next = key(self.seed + 4_000_000).public_key();
        let change = webvh::Update { document, next_key_hashes: vec![webvh::next_key_hash(&next)] };
        let later = self.made.plus_seconds(60);
        let line = webvh::update(&head, &change, &key(self.seed + 2_000_000), later);
        line.expect("a second entry").trim_end().to_owned()
    }

    /// An entry of claims, made now.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        self.sign_at(claims, OsClock.now())
    }

    /// An entry of claims.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn sign_at(&self, claims: &Claims, now: Timestamp) -> String {
        let kid = DidUrl::parse(&format!("{}#key-1", self.did)).expect("a DID URL");
        SignedEntry::sign(claims, &kid, ORIGIN, &self.key, now).expect("an entry")
    }

    /// An issuance entry over an artefact.
    #[must_use]
    pub fn issuance(&self, artefact: &str) -> String {
        self.issuance_at(artefact, OsClock.now())
    }

    /// The same, made at a time.
    #[must_use]
    pub fn issuance_at(&self, artefact: &str, now: Timestamp) -> String {
        let digest = sha256(&[artefact.as_bytes()]);
        let commitment = commitment(Kind::Issuance, self.scid(), &[1; 16], &digest);
        self.sign_at(&Claims::Issuance { commitment }, now)
    }

    /// One state of an act.
    #[must_use]
    pub fn act(&self, act: ActId, sequence: u64) -> String {
        let digest = sha256(&[&sequence.to_be_bytes()]);
        let commitment = commitment(Kind::Countersignature, self.scid(), &[2; 16], &digest);
        self.sign(&Claims::Countersignature { commitment, act, sequence })
    }

    /// The head of a status list.
    #[must_use]
    pub fn status(&self, uri: &str, sequence: u64, digest: Digest) -> String {
        let now = OsClock.now();
        self.sign(&Claims::Status(StatusClaims {
            uri: uri.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            sequence,
            digest,
            length: 131_072,
            not_before: now,
            expires: now.plus_seconds(86_400),
        }))
    }
}

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

/// What a busy machine needs at most: nothing may fail because something was slow.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for something to become true.
///
/// # Panics
///
/// If it does not, in [`PATIENCE`].
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A node and its ledger's folder, which goes with it.
#[derive(Debug)]
pub struct TestNode {
    /// The folder.
    pub data: PathBuf,
    /// The node.
    pub node: RunningNode,
    _scratch: tempfile::TempDir,
}

impl TestNode {
    /// A node without limits of clients and signers.
    #[must_use]
    pub fn start() -> Self {
        Self::with(|options| options.limits = unlimited())
    }

    /// A node with other options.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn with(change: impl FnOnce(&mut NodeOptions)) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let data = scratch.path().join("ledger");
        create_ledger(&data);
        let mut options = node_options(&data);
        change(&mut options);
        let node = spawn(options, Arc::new(OsClock)).expect("a node");
        Self { data, node, _scratch: scratch }
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> HttpClient {
        HttpClient::new(self.node.address())
    }
}

/// A node at any free port, whose limits of connections no test meets by being slow, and whose map may lag.
#[must_use]
pub fn node_options(data: &Path) -> NodeOptions {
    let mut options = NodeOptions::new(loopback(), data);
    options.sequencer.map_patience = PATIENCE;
    options.limits = patient(Limits::default());
    options
}

/// The same limits, and a client may be slow.
#[must_use]
pub fn patient(limits: Limits) -> Limits {
    Limits { head_timeout: PATIENCE, body_timeout: PATIENCE, ..limits }
}

/// Makes an empty ledger.
///
/// # Panics
///
/// If it cannot be made.
pub fn create_ledger(data: &Path) {
    let now = OsClock.now().plus_seconds(-3_600);
    LedgerFolder::create(data, ORIGIN, &mut SeededRng::new(1), now).expect("a ledger");
}

/// Any free port of this machine.
#[must_use]
pub fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// No limits of single clients and signers.
#[must_use]
pub fn unlimited() -> Limits {
    patient(Limits {
        connections_per_client: None,
        client: None,
        signer: None,
        new_dids: None,
        ..Limits::default()
    })
}

/// Sends requests, each over a connection of its own.
#[derive(Clone, Debug)]
pub struct HttpClient {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The body as text.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The code of a problem.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        self.json()["code"].as_str().expect("a code").to_owned()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl HttpClient {
    /// A client of a server.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// Where the server listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, with a header more.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// GET.
    #[must_use]
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.send("GET", path, "", b"")
    }

    /// POST.
    #[must_use]
    pub fn post(&self, path: &str, media_type: &str, body: &[u8]) -> HttpAnswer {
        self.send("POST", path, media_type, body)
    }

    /// Any request.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> HttpAnswer {
        self.try_send(method, path, media_type, body).expect("an answer")
    }

    /// Any request; `None` if the server is not there, or does not answer.
    #[must_use]
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> Option<HttpAnswer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head.push_str("host: node.example\r\n");
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !media_type.is_empty() {
            head.push_str(&format!("content-type: {media_type}\r\n"));
        }
        if !body.is_empty() || method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        // A server that refuses a body early closes while we write: its answer is still there.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        parse(&answer)
    }

    /// Hands in an entry.
    #[must_use]
    pub fn submit(&self, body: &str) -> HttpAnswer {
        self.submit_and_wait(body, "durable")
    }

    /// Hands in an entry and waits; again if the checkpoint took longer than a node has clients wait.
    #[must_use]
    pub fn submit_and_wait(&self, body: &str, wait: &str) -> HttpAnswer {
        let media_type = if body.starts_with('{') { "text/jsonl" } else { "application/jose" };
        let path = format!("/v1/entries?wait={wait}");
        let mut answer = self.post(&path, media_type, body.as_bytes());
        for _ in 0..4 {
            if wait == "durable" || answer.status != 202 {
                break;
            }
            answer = self.post(&path, media_type, body.as_bytes());
        }
        answer
    }
}

fn parse(answer: &[u8]) -> Option<HttpAnswer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let answer = HttpAnswer { status, headers, body: answer[end + 4..].to_vec() };
    // A server that died in the middle has not answered; to HEAD there is no body.
    let length = answer.header("content-length").parse::<usize>();
    let is_whole = length.is_err() || answer.body.is_empty() || length == Ok(answer.body.len());
    is_whole.then_some(answer)
}
