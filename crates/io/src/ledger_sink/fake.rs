//! A node of one thread on loopback, over a real ledger in a folder, that answers as a test tells it to: honestly, or not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::DidUrl;
use inkan_did::webvh::{self, Create};
use inkan_ledger::{Claims, EntryId, Kind, Leaf, LeafHash, LogPolicy, Promise, SignedEntry, batch};
use serde_json::{Value, json};

use super::id_of;
use crate::cosigner::fake::{Reply, serve};
use crate::http::PlainHttp;
use crate::ledger_folder::{Accepted, LedgerFolder, Standing, View};
use crate::node_client::NodeUrl;
use crate::note_key::{NoteSigner, Purpose};

pub(crate) const ORIGIN: &str = "ledger.example";

/// What is done to an answer.
pub(crate) type Change = Box<dyn Fn(&mut Value, &NoteSigner) + Send>;

/// How the node lies.
pub(crate) enum Lie {
    /// It does not.
    None,
    /// About what it did: the answer about an entry is changed.
    Answer(Change),
    /// It takes no entry, and says and promises that it did, at the next place.
    Swallow,
}

/// What a node is made of.
pub(crate) struct Node {
    pub(crate) folder: LedgerFolder,
    pub(crate) log: NoteSigner,
    pub(crate) now: Timestamp,
    pub(crate) lie: Lie,
    /// Limits that it publishes, and keeps.
    pub(crate) burst: Option<u64>,
    /// It takes no new DID now.
    pub(crate) full: bool,
    /// First lines of requests.
    pub(crate) asked: Vec<String>,
    path: std::path::PathBuf,
}

/// A node that is running.
pub(crate) struct Fake {
    pub(crate) node: Arc<Mutex<Node>>,
    pub(crate) url: NodeUrl,
    pub(crate) policy: LogPolicy,
    pub(crate) now: Timestamp,
    _folder: tempfile::TempDir,
}

impl Fake {
    pub(crate) fn start() -> Self {
        Self::start_as(ORIGIN)
    }

    pub(crate) fn start_as(origin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::parse("2026-03-02T09:00:00Z").unwrap();
        let path = folder.path().join("ledger");
        let ledger = LedgerFolder::create(
            &path,
            origin,
            &mut SeededRng::new(if origin == ORIGIN { 1 } else { 2 }),
            now,
        )
        .unwrap();
        let policy = LogPolicy::parse(ledger.reader().policy_text()).unwrap();
        let log = NoteSigner::read(&path.join("keys").join("log"), Purpose::Log).unwrap();
        let (lie, burst, full, asked) = (Lie::None, None, false, Vec::new());
        let node = Node { folder: ledger, log, now, lie, burst, full, asked, path };
        let node = Arc::new(Mutex::new(node));
        let shared = Arc::clone(&node);
        let url = serve(move |line, body| shared.lock().unwrap().answer(line, body));
        let url = NodeUrl::parse(&url, PlainHttp::Loopback).unwrap();
        Self { node, url, policy, now, _folder: folder }
    }

    pub(crate) fn lies(&self, lie: Lie) {
        self.node.lock().unwrap().lie = lie;
    }

    /// Requests so far that begin so.
    pub(crate) fn asked(&self, begin: &str) -> usize {
        let node = self.node.lock().unwrap();
        node.asked.iter().filter(|line| line.starts_with(begin)).count()
    }
}

impl Node {
    fn answer(&mut self, line: &str, body: &[u8]) -> Reply {
        self.asked.push(line.to_owned());
        let mut parts = line.split(' ');
        let (verb, target) = (parts.next().unwrap(), parts.next().unwrap());
        let path = target.split('?').next().unwrap();
        match (verb, path) {
            ("POST", "/v1/entries") => {
                let kind = kind_of(body);
                match self.take(kind, body) {
                    Ok(mut said) => {
                        let promise = self.promise(std::slice::from_ref(&said));
                        said["promise"] = promise.into();
                        self.twist(&mut said);
                        json_reply(202, &said)
                    }
                    Err(problem) => json_reply(problem["status"].as_u64().unwrap(), &problem),
                }
            }
            ("POST", "/v1/batches") => self.take_batch(body),
            ("GET", "/v1/log") => {
                let burst = self.burst.map(|burst| json!({ "burst": burst }));
                let limits = json!({ "batch": 4 << 20, "batchEntries": 1_000, "client": burst });
                json_reply(200, &json!({ "type": "inkan-log/1", "limits": limits }))
            }
            ("GET", "/checkpoint") => Reply::new(200, self.view().note().to_string()),
            ("GET", path) if path.starts_with("/v1/receipts/") => {
                let index = path.rsplit('/').next().unwrap().parse::<u64>().unwrap();
                let view = self.view();
                if index >= view.size() {
                    return problem(404, "not-yet-covered");
                }
                let receipt = view.receipt(index).unwrap();
                json_reply(200, &receipt.to_value())
            }
            ("GET", path) if path.starts_with("/v1/lookup/") => {
                let id = EntryId::from_hex(path.rsplit('/').next().unwrap()).unwrap();
                match self.view().lookup(&id).unwrap() {
                    Some(index) => json_reply(200, &json!({ "index": index })),
                    None => problem(404, "not-found"),
                }
            }
            ("GET", path) => match std::fs::read(self.path.join(path.trim_start_matches('/'))) {
                Ok(bytes) => Reply::new(200, bytes),
                Err(_) => problem(404, "not-found"),
            },
            _ => problem(404, "not-found"),
        }
    }

    fn view(&self) -> View {
        self.folder.reader().view_at(None).unwrap().unwrap()
    }

    /// Takes an entry as a node does; the problem, if it is refused.
    fn take(&mut self, kind: Kind, body: &[u8]) -> Result<Value, Value> {
        if self.full && kind == Kind::Did {
            return Err(json!({ "status": 429, "code": "quota-exceeded", "detail": "full" }));
        }
        if matches!(self.lie, Lie::Swallow) {
            let leaf = Leaf::new(kind, self.now, body.to_vec()).unwrap();
            let accepted = Accepted { leaf_index: self.view().size(), standing: Standing::New };
            return Ok(said(accepted, &leaf));
        }
        let accepted = self.folder.submit(kind, body, self.now).map_err(
            |error| json!({ "status": 422, "code": error.code(), "detail": error.to_string() }),
        )?;
        self.folder.checkpoint(self.now).unwrap();
        let receipt = self.view().receipt(accepted.leaf_index).unwrap();
        Ok(said(accepted, &Leaf::parse(receipt.leaf_bytes()).unwrap()))
    }

    fn take_batch(&mut self, bytes: &[u8]) -> Reply {
        let framed = batch::split(bytes).unwrap();
        if self.burst.is_some_and(|burst| u64::try_from(framed.len()).unwrap() > burst) {
            return problem(413, "request-too-large");
        }
        let mut results = Vec::new();
        for entry in framed {
            results.push(match self.take(entry.kind().unwrap(), entry.body) {
                Ok(said) => said,
                Err(problem) => json!({ "status": problem["status"], "problem": problem }),
            });
        }
        let taken: Vec<Value> =
            results.iter().filter(|one| one.get("index").is_some()).cloned().collect();
        let promise = (!taken.is_empty()).then(|| self.promise(&taken));
        let mut said =
            json!({ "type": "inkan-batch-result/1", "results": results, "promise": promise });
        self.twist(&mut said);
        json_reply(202, &said)
    }

    fn promise(&self, taken: &[Value]) -> String {
        let leaf = |one: &Value| {
            let hash = inkan_core::Digest::from_hex(one["leafHash"].as_str().unwrap()).unwrap();
            (one["index"].as_u64().unwrap(), LeafHash::from_digest(hash))
        };
        signed(&self.log, ORIGIN, taken.iter().map(leaf).collect(), self.now)
    }

    fn twist(&self, said: &mut Value) {
        if let Lie::Answer(twist) = &self.lie {
            twist(said, &self.log);
        }
    }
}

/// A promise that this key signs.
pub(crate) fn signed(
    log: &NoteSigner,
    origin: &str,
    leaves: BTreeMap<u64, LeafHash>,
    now: Timestamp,
) -> String {
    let promise = Promise::new(origin, now.plus_seconds(86_400), leaves).unwrap();
    log.promise(&promise).unwrap().to_string()
}

fn said(accepted: Accepted, leaf: &Leaf) -> Value {
    let standing = if accepted.standing == Standing::New { "new" } else { "duplicate" };
    json!({
        "index": accepted.leaf_index, "leafHash": leaf.hash().digest().to_hex(),
        "entryId": id_of(leaf.kind(), leaf.body()).unwrap().digest().to_hex(),
        "time": leaf.time().seconds(), "standing": standing,
    })
}

fn kind_of(body: &[u8]) -> Kind {
    let signed = Kind::ALL.into_iter().filter(|kind| kind.is_signed());
    let found = signed.into_iter().find(|kind| SignedEntry::parse(*kind, body).is_ok());
    found.unwrap_or(Kind::Did)
}

fn json_reply(status: u64, value: &Value) -> Reply {
    let status = u16::try_from(status).unwrap();
    Reply { media_type: "application/json", ..Reply::new(status, value.to_string()) }
}

fn problem(status: u64, code: &str) -> Reply {
    json_reply(status, &json!({ "status": status, "code": code, "detail": code }))
}

/// A DID of its own: the URL of its key, the key, and the line that registers it.
pub(crate) fn did(seed: u64, now: Timestamp) -> (DidUrl, SecretKey, String) {
    let mut rng = SeededRng::new(seed);
    let mut key = || SecretKey::generate(KeyType::Ed25519, &mut rng);
    let (update, next, sign) = (key(), key(), key());
    let request = Create {
        domain: ORIGIN.to_owned(),
        path: None,
        key_id: "sign-1".to_owned(),
        key: sign.public_key(),
        others: Vec::new(),
        next_key_hashes: Vec::new(),
        services: Vec::new(),
        home: Some(ORIGIN.to_owned()),
    };
    let (did, line) = webvh::create(&request, &update, &next.public_key(), now).unwrap();
    (DidUrl::parse(&format!("{did}#sign-1")).unwrap(), sign, line)
}

/// An issuance that this key signs.
pub(crate) fn issuance(kid: &DidUrl, key: &SecretKey, about: &str, now: Timestamp) -> String {
    let claims = Claims::Issuance { commitment: sha256(&[about.as_bytes()]) };
    SignedEntry::sign(&claims, kid, ORIGIN, key, now).unwrap()
}
