use std::sync::mpsc;

use inkan_core::rng::insecure::SeededRng;
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::cosigner::{CosignRequest, Cosigner as _, HttpWitness, Pace, WitnessAddress};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::LogPolicy;

use super::*;

const ORIGIN: &str = "ledger.example";
/// What a busy machine needs at most.
const PATIENCE: Duration = Duration::from_secs(120);

struct Stage {
    folder: tempfile::TempDir,
    logs: Vec<VerifierKey>,
}

impl Stage {
    /// A ledger with its genesis.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let now = OsClock.now();
        let ledger = LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(1), now).unwrap();
        let policy = LogPolicy::parse(ledger.reader().policy_text()).unwrap();
        std::fs::write(folder.path().join("policy"), ledger.reader().policy_text()).unwrap();
        Self { folder, logs: policy.logs().to_vec() }
    }

    fn options(&self, name: &str, source: &str) -> MirrorOptions {
        let folder = self.folder.path();
        let listen = "127.0.0.1:0".parse().unwrap();
        MirrorOptions::new(&folder.join(name), name, &folder.join("policy"), source, listen)
    }

    fn start(
        &self,
        name: &str,
        source: &str,
    ) -> (RunningMirror, mpsc::Receiver<Result<u64, &'static str>>) {
        let (tell, told) = mpsc::channel();
        let report = move |followed: &Result<Mirrored, MirrorError>| {
            let size = followed.as_ref().map(|mirrored| mirrored.head.tree_size);
            let _ = tell.send(size.map_err(|error| error.code()));
        };
        let options = self.options(name, source);
        (spawn(&options, Arc::new(OsClock), Box::new(report)).unwrap(), told)
    }
}

#[test]
fn a_mirror_follows_a_ledger_and_serves_a_copy_that_another_follows() {
    let stage = Stage::new();
    let ledger = stage.folder.path().join("ledger");
    let (first, told) = stage.start("mirror-1", ledger.to_str().unwrap());
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Ok(1));
    let url = format!("{}/{}", first.url(), origin_hash(ORIGIN));
    let (second, told) = stage.start("mirror-2", &url);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Ok(1));
    assert_ne!(first.key(), second.key());
    drop((first, second));
    // Its folder is its own again.
    let options = stage.options("mirror-2", ledger.to_str().unwrap());
    let (key, mirrored) = follow_once(&options, OsClock.now()).unwrap();
    assert_eq!((mirrored.head.tree_size, mirrored.new_leaves), (1, 0));
    assert!(key.matches(&mirrored.line));
}

#[test]
fn a_log_asks_a_mirror_as_it_asks_a_witness() {
    let stage = Stage::new();
    let ledger = stage.folder.path().join("ledger");
    let (mirror, told) = stage.start("mirror", ledger.to_str().unwrap());
    told.recv_timeout(PATIENCE).unwrap().unwrap();
    let address = WitnessAddress {
        name: "mirror".to_owned(),
        key: mirror.key().clone(),
        submission: mirror.url(),
        monitoring: Some(mirror.url()),
        pace: Pace::EveryCheckpoint,
        plain: PlainHttp::Loopback,
    };
    let mut client = HttpWitness::new(address, stage.logs.clone()).unwrap();
    let note = MirrorSource::folder(&ledger).checkpoint().unwrap();
    let request = CosignRequest { note: &note, consistency: &|_| None };
    let lines = client.cosign(&request, OsClock.now()).unwrap();
    assert!(mirror.key().matches(&lines[0]));
    assert_eq!(client.newest().unwrap().unwrap().text(), note.text());
    let session = inkan_io::http::Session::open(PlainHttp::Loopback).unwrap();
    let status = |path: &str| {
        let url = format!("{}/{}/{path}", mirror.url(), origin_hash(ORIGIN));
        let request = inkan_io::http::Request {
            url: &url,
            verb: inkan_io::http::Verb::Get,
            accept: "*/*",
            bearer: None,
            size: 1 << 20,
            seconds: 20,
        };
        session.exchange(&request).unwrap().status
    };
    assert_eq!(status("tile/entries/000.p/1"), 200);
    assert_eq!(status("tile/0/000.p/1"), 200);
    for private in ["key", "seen", "tile/../key", "v1/params/../key", "LOCK", "tile/0/001"] {
        assert_eq!(status(private), 404, "{private}");
    }
}

#[test]
fn a_policy_names_one_log_and_a_folder_has_one_mirror() {
    let stage = Stage::new();
    let ledger = stage.folder.path().join("ledger");
    let (_mirror, told) = stage.start("mirror", ledger.to_str().unwrap());
    told.recv_timeout(PATIENCE).unwrap().unwrap();
    let again = stage.options("mirror", ledger.to_str().unwrap());
    assert_eq!(follow_once(&again, OsClock.now()).unwrap_err().code(), "ledger-locked");
    let gone = stage.options("elsewhere", "/nowhere");
    assert_eq!(follow_once(&gone, OsClock.now()).unwrap_err().code(), "log-file-missing");
    std::fs::write(stage.folder.path().join("policy"), "quorum none\n").unwrap();
    let none = stage.options("none", ledger.to_str().unwrap());
    assert_eq!(follow_once(&none, OsClock.now()).unwrap_err().code(), "witness-without-log");
}
