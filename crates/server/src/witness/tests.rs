use std::sync::Arc;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_io::clock::Clock;
use inkan_io::cosigner::{CosignRequest, Cosigner as _, HttpWitness, Pace, WitnessAddress};
use inkan_io::http::{Answer, PlainHttp, Request, Session, Verb};
use inkan_ledger::add_checkpoint::{monitoring_path, parse_lines};
use inkan_ledger::cosignature::verify_cosignature;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::{LeafHash, TreeHead};
use inkan_ledger::{MerkleTree, NodeHash};

use super::*;

const ORIGIN: &str = "log.example";

/// A clock that stands.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_768_464_000).unwrap()
    }
}

fn secret(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn log(origin: &str, seed: u64) -> VerifierKey {
    VerifierKey::new(origin, KeyMaterial::Note(secret(seed).public_key())).unwrap()
}

fn tree(leaves: &[&str]) -> MerkleTree {
    let mut tree = MerkleTree::new();
    for leaf in leaves {
        tree.append(LeafHash::of(leaf.as_bytes()));
    }
    tree
}

fn note(tree: &MerkleTree, size: u64) -> SignedNote {
    let head = TreeHead { tree_size: size, root_hash: tree.root(size).unwrap() };
    Checkpoint::new(ORIGIN, head).unwrap().sign(&log(ORIGIN, 1), &secret(1)).unwrap()
}

struct Stage {
    folder: tempfile::TempDir,
    session: Session,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text =
            format!("log {}\nlog {}\nquorum none\n", log(ORIGIN, 1), log("other.example", 2));
        std::fs::write(folder.path().join("policy"), text).unwrap();
        Self { folder, session: Session::open(PlainHttp::Loopback).unwrap() }
    }

    fn options(&self) -> WitnessOptions {
        let folder = self.folder.path();
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut options = WitnessOptions::new(
            &folder.join("witness"),
            "witness.example/w1",
            &folder.join("policy"),
            listen,
        );
        options.prefix = "/v0".to_owned();
        options
    }

    fn start(&self) -> RunningWitness {
        spawn(&self.options(), Arc::new(Standing)).unwrap()
    }

    fn post(&self, witness: &RunningWitness, body: &str) -> Answer {
        let url = format!("{}/add-checkpoint", witness.url());
        self.ask(&url, Verb::Post("text/plain", body.as_bytes()))
    }

    fn ask(&self, url: &str, verb: Verb<'_>) -> Answer {
        let request =
            Request { url, verb, accept: "*/*", bearer: None, size: 1 << 20, seconds: 20 };
        // What is too large is answered before all of it was read, and the connection closed: the answer may get lost.
        let asked = (0..20).find_map(|_| self.session.exchange(&request).ok());
        asked.unwrap_or_else(|| self.session.exchange(&request).unwrap())
    }
}

fn body(old: u64, consistency: &[NodeHash], note: &SignedNote) -> String {
    let consistency = consistency.to_vec();
    AddCheckpoint { old_size: old, consistency, note: note.clone() }.to_string()
}

#[test]
fn every_status_of_the_protocol_is_given_for_its_reason() {
    let stage = Stage::new();
    let witness = stage.start();
    let tree = tree(&["a", "b", "c", "d", "e"]);
    let post =
        |old, path: &[NodeHash], note: &SignedNote| stage.post(&witness, &body(old, path, note));
    assert_eq!(stage.post(&witness, "nonsense").status, 400);
    assert_eq!(post(4, &[], &note(&tree, 3)).status, 400, "old is larger than the checkpoint");
    let conflict = post(1, &[], &note(&tree, 3));
    assert_eq!((conflict.status, conflict.body.as_slice()), (409, b"0\n".as_slice()));
    assert_eq!(conflict.media_type.as_deref(), Some("text/x.tlog.size"));
    assert_eq!(post(0, &[NodeHash::empty()], &note(&tree, 3)).status, 422, "a proof from nothing");
    let zero = TreeHead { tree_size: 0, root_hash: tree.root(1).unwrap() };
    let zero = Checkpoint::new(ORIGIN, zero).unwrap().sign(&log(ORIGIN, 1), &secret(1)).unwrap();
    assert_eq!(post(0, &[], &zero).status, 422, "an empty tree has one root");

    let answer = post(0, &[], &note(&tree, 3));
    assert_eq!(answer.status, 200);
    let lines = parse_lines(&answer.body).unwrap();
    let KeyMaterial::Cosignature(key) = witness.key().material() else { panic!("a witness") };
    let time = verify_cosignature(note(&tree, 3).text(), &lines[0].signature, key).unwrap();
    assert_eq!((lines.len(), time), (1, Standing.now()));

    assert_eq!(post(0, &[], &note(&tree, 3)).body, b"3\n");
    let path = tree.consistency(3, 5).unwrap();
    assert_eq!(post(3, &path[1..], &note(&tree, 5)).status, 422, "half a proof");
    assert_eq!(post(3, &path, &note(&tree, 5)).status, 200);
    assert_eq!(post(5, &[], &note(&tree, 5)).status, 200, "the same again");

    // Who may speak.
    let other = SignedNote::new(note(&tree, 5).text().replace(ORIGIN, "unknown.example"));
    let mut unknown = other;
    unknown.put(note(&tree, 5).signatures()[0].clone());
    assert_eq!(post(5, &[], &unknown).status, 404);
    let mut unsigned = SignedNote::new(note(&tree, 5).text().to_owned());
    unsigned.put(SignatureLine { name: "x".to_owned(), key_id: [1; 4], signature: vec![2; 64] });
    assert_eq!(post(5, &[], &unsigned).status, 403);
    let mut wrong = note(&tree, 5);
    let mut line = wrong.signatures()[0].clone();
    line.signature[5] ^= 1;
    wrong.put(line);
    assert_eq!(post(5, &[], &wrong).status, 403);
    assert_eq!(stage.post(&witness, &"x".repeat(100_000)).status, 413);
    assert_eq!(stage.ask(&format!("{}/add-checkpoint", witness.url()), Verb::Get).status, 405);
    assert_eq!(stage.ask(&format!("{}/else", witness.url()), Verb::Get).status, 404);
}

#[test]
fn a_fork_is_refused_for_ever_and_kept_as_evidence() {
    let stage = Stage::new();
    let (tree, fork) = (tree(&["a", "b", "c", "d"]), tree(&["a", "b", "X", "d"]));
    let hears = {
        let (witness, hears) = overheard(&stage);
        assert_eq!(stage.post(&witness, &body(0, &[], &note(&tree, 3))).status, 200);
        for _ in 0..2 {
            let path = fork.consistency(3, 4).unwrap();
            assert_eq!(stage.post(&witness, &body(3, &path, &note(&fork, 4))).status, 422);
        }
        assert_eq!(stage.post(&witness, &body(3, &[], &note(&fork, 3))).status, 422);
        hears
    };
    // Somebody hears of each, once, and finds both halves.
    let doubts: Vec<Doubt> = hears.try_iter().collect();
    let text = |path: &Path| {
        SignedNote::parse(&std::fs::read_to_string(path).unwrap()).unwrap().text().to_owned()
    };
    assert!(doubts.iter().all(|doubt| doubt.origin == ORIGIN));
    let refused: Vec<_> = doubts.iter().map(|doubt| text(&doubt.refused)).collect();
    assert_eq!(refused, [note(&fork, 4), note(&fork, 3)].map(|note| note.text().to_owned()));
    assert!(doubts.iter().all(|doubt| text(&doubt.seen) == note(&tree, 3).text()));
    // After a restart, too.
    let witness = stage.start();
    assert_eq!(stage.post(&witness, &body(0, &[], &note(&fork, 2))).body, b"3\n");
    assert_eq!(stage.post(&witness, &body(3, &[], &note(&fork, 3))).status, 422);
    let kept = std::fs::read_dir(stage.folder.path().join("witness/refused")).unwrap().count();
    assert_eq!(kept, 4, "one of each, with what was seen");
    let path = tree.consistency(3, 4).unwrap();
    assert_eq!(stage.post(&witness, &body(3, &path, &note(&tree, 4))).status, 200);
}

/// A log that lies without end fills no disk.
#[test]
fn of_a_log_that_lies_without_end_sixteen_histories_are_kept() {
    let stage = Stage::new();
    let (witness, hears) = overheard(&stage);
    let honest = tree(&["a", "b", "c"]);
    assert_eq!(stage.post(&witness, &body(0, &[], &note(&honest, 3))).status, 200);
    for lie in 0..20 {
        let fork = tree(&["a", "b", &format!("lie {lie}")]);
        assert_eq!(stage.post(&witness, &body(3, &[], &note(&fork, 3))).status, 422);
    }
    let kept = std::fs::read_dir(stage.folder.path().join("witness/refused")).unwrap().count();
    assert_eq!(kept, 2 * doubts::KEPT);
    assert_eq!(hears.try_iter().count(), 20, "each is told");
}

/// Starts a witness whose doubts are heard, in order.
fn overheard(stage: &Stage) -> (RunningWitness, std::sync::mpsc::Receiver<Doubt>) {
    let (told, hears) = std::sync::mpsc::channel();
    let on_doubt: OnDoubt = Box::new(move |doubt| drop(told.send(doubt.clone())));
    let prepared = service::Prepared::of(&stage.options(), Arc::new(Standing), on_doubt).unwrap();
    (prepared.spawn().unwrap(), hears)
}

/// Anybody may send what the log signed once, with whatever lines and path.
#[test]
fn what_a_stranger_sends_silences_no_alarm_of_two_histories() {
    let stage = Stage::new();
    let (witness, hears) = overheard(&stage);
    let leaves: Vec<String> = (0..60).map(|leaf| leaf.to_string()).collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let honest = tree(&leaves);
    let post = |old, path: &[NodeHash], note: &SignedNote| {
        assert_eq!(stage.post(&witness, &body(old, path, note)).status, 422);
    };
    assert_eq!(stage.post(&witness, &body(0, &[], &note(&honest, 3))).status, 200);
    // The head that it has seen, and a later one, with paths of a wrong length: that proves nothing.
    let (before, later) = (honest.consistency(3, 39).unwrap(), honest.consistency(3, 40).unwrap());
    for junk in 0..20_u8 {
        let line = SignatureLine {
            name: format!("unknown-{junk}"),
            key_id: [junk; 4],
            signature: vec![2; 64],
        };
        let mut same = note(&honest, 3);
        same.put(line.clone());
        post(3, &[NodeHash::empty()], &same);
        let mut short = note(&honest, 39);
        short.put(line.clone());
        post(3, &before[1..], &short);
        // Of a right length and wrong: it may be true, and is told once for each head, whatever lines it has.
        let mut wrong = note(&honest, 40);
        wrong.put(line);
        post(3, &vec![NodeHash::empty(); later.len()], &wrong);
    }
    let doubts: Vec<Doubt> = hears.try_iter().collect();
    assert_eq!(doubts.len(), 1, "{doubts:?}");
    assert!(!doubts[0].is_proven);
    // Every head that the log ever signs, each with a wrong path.
    for size in 41..59 {
        let path = honest.consistency(3, size).unwrap();
        post(3, &vec![NodeHash::empty(); path.len()], &note(&honest, size));
    }
    assert_eq!(hears.try_iter().count(), 18, "also when the oldest of them makes room");
    // A second history is told and kept all the same, and what proves itself comes apart: also with a path that is too much.
    let fork = tree(&["0", "1", "X", "3"]);
    post(3, &fork.consistency(3, 4).unwrap(), &note(&fork, 4));
    post(3, &[NodeHash::empty()], &note(&fork, 3));
    post(3, &[], &note(&fork, 3));
    let doubts: Vec<Doubt> = hears.try_iter().collect();
    assert_eq!(doubts.iter().map(|doubt| doubt.is_proven).collect::<Vec<_>>(), [false, true]);
    let text = |path: &Path| {
        SignedNote::parse(&std::fs::read_to_string(path).unwrap()).unwrap().text().to_owned()
    };
    assert_eq!(text(&doubts[0].refused), note(&fork, 4).text());
    assert_eq!(text(&doubts[1].refused), note(&fork, 3).text());
    assert!(doubts.iter().all(|doubt| text(&doubt.seen) == note(&honest, 3).text()));
    let kept = std::fs::read_dir(stage.folder.path().join("witness/refused")).unwrap().count();
    assert_eq!(kept, 2 * (doubts::KEPT + 1), "and no disk is filled");
}

#[test]
fn the_monitoring_path_serves_what_was_cosigned() {
    let stage = Stage::new();
    let witness = stage.start();
    let tree = tree(&["a", "b"]);
    let url = format!("{}/{}", witness.url(), monitoring_path(ORIGIN));
    assert_eq!(stage.ask(&url, Verb::Get).status, 404);
    stage.post(&witness, &body(0, &[], &note(&tree, 2)));
    let answer = stage.ask(&url, Verb::Get);
    let kept = SignedNote::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    assert_eq!((answer.status, kept.text()), (200, note(&tree, 2).text()));
    assert_eq!(kept.signatures().len(), 2);
    assert!(log(ORIGIN, 1).matches(&kept.signatures()[0]));
    assert!(witness.key().matches(&kept.signatures()[1]));
}

#[test]
fn the_log_s_own_client_speaks_with_it() {
    let stage = Stage::new();
    let witness = stage.start();
    let tree = tree(&["a", "b", "c", "d", "e", "f"]);
    let address = WitnessAddress {
        name: "w".to_owned(),
        key: witness.key().clone(),
        submission: witness.url(),
        monitoring: Some(witness.url()),
        pace: Pace::EveryCheckpoint,
        plain: PlainHttp::Loopback,
    };
    for _ in 0..2 {
        // A new client knows nothing of what the witness has seen, and finds out.
        let mut client = HttpWitness::new(address.clone(), vec![log(ORIGIN, 1)]).unwrap();
        for size in [4, 6] {
            let note = note(&tree, size);
            let consistency = |old: u64| tree.consistency(old, size).ok();
            let request = CosignRequest { note: &note, consistency: &consistency };
            let cosigned = client.cosign(&request, Standing.now());
            if size == 6 {
                assert_eq!(cosigned.unwrap().len(), 1);
                assert_eq!(client.newest().unwrap().unwrap().text(), note.text());
            }
        }
        assert_eq!(client.remembered(), 6);
    }
}

#[test]
fn one_of_many_at_once_wins_and_the_record_never_shrinks() {
    let stage = Stage::new();
    let witness = stage.start();
    let leaves: Vec<String> = (0..40).map(|leaf| leaf.to_string()).collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let tree = tree(&leaves);
    stage.post(&witness, &body(0, &[], &note(&tree, 1)));
    let url = format!("{}/add-checkpoint", witness.url());
    let cosigned: Vec<u64> = std::thread::scope(|scope| {
        let ask = |size: u64| {
            let body = body(1, &tree.consistency(1, size).unwrap(), &note(&tree, size));
            let session = Session::open(PlainHttp::Loopback).unwrap();
            let verb = Verb::Post("text/plain", body.as_bytes());
            let request =
                Request { url: &url, verb, accept: "*/*", bearer: None, size: 10_000, seconds: 20 };
            (session.exchange(&request).unwrap().status == 200).then_some(size)
        };
        let threads: Vec<_> = (2..18).map(|size| scope.spawn(move || ask(size))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    // All said that it had seen one leaf: only the first was right.
    assert_eq!(cosigned.len(), 1, "{cosigned:?}");
    let conflict = stage.post(&witness, &body(1, &[], &note(&tree, 40)));
    assert_eq!(conflict.body, format!("{}\n", cosigned[0]).into_bytes());
}

#[test]
fn a_second_process_a_lost_record_and_a_bad_policy_are_refused() {
    let stage = Stage::new();
    let options = stage.options();
    let running = stage.start();
    let key = running.key().to_string();
    let path = options.folder.join("key");
    assert!(
        !files::open_to_others(&path).unwrap() && !files::open_to_others(&options.folder).unwrap()
    );
    assert_eq!(spawn(&options, Arc::new(Standing)).unwrap_err().code(), "ledger-locked");
    drop(running);
    assert_eq!(stage.start().key().to_string(), key, "the key stays");
    std::fs::remove_file(options.folder.join("seen").join(origin_hash(ORIGIN))).unwrap();
    assert_eq!(spawn(&options, Arc::new(Standing)).unwrap_err().code(), "guard-missing");
    let fresh = Stage::new();
    for (text, code) in [("log x\n", "policy-invalid"), ("quorum none\n", "witness-without-log")] {
        std::fs::write(fresh.folder.path().join("policy"), text).unwrap();
        assert_eq!(spawn(&fresh.options(), Arc::new(Standing)).unwrap_err().code(), code);
    }
    let third = Stage::new();
    let mut options = third.options();
    options.prefix = "v0/".to_owned();
    assert_eq!(spawn(&options, Arc::new(Standing)).unwrap_err().code(), "prefix-invalid");
}

#[test]
fn a_client_that_asks_too_often_is_told_to_wait() {
    let stage = Stage::new();
    let mut options = stage.options();
    options.rate = Some(Rate { tokens: 1, per: Duration::from_secs(3_600), burst: 3 });
    let witness = spawn(&options, Arc::new(Standing)).unwrap();
    let statuses: Vec<_> = (0..5).map(|_| stage.post(&witness, "x")).collect();
    assert_eq!(statuses.iter().filter(|answer| answer.status == 400).count(), 3);
    let last = statuses.last().unwrap();
    assert_eq!((last.status, last.retry_after.is_some()), (429, true));
}

/// A folder with everything in it, as a backup tool copies it.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copied(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn of_two_forks_of_one_data_folder_only_the_first_is_cosigned() {
    use inkan_did::webvh::{Create, create};
    use inkan_io::ledger_folder::LedgerFolder;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let now = Standing.now();
    let at = |seconds| now.plus_seconds(seconds);
    let mut honest = LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(9), at(0)).unwrap();
    let text = honest.reader().policy_text().to_owned();
    let logs = LogPolicy::parse(&text).unwrap().logs().to_vec();
    std::fs::write(folder.path().join("policy"), text).unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let policy = folder.path().join("policy");
    let options = WitnessOptions::new(&folder.path().join("witness"), "w.example", &policy, listen);
    let witness = spawn(&options, Arc::new(Standing)).unwrap();
    let address = WitnessAddress {
        name: "w".to_owned(),
        key: witness.key().clone(),
        submission: witness.url(),
        monitoring: Some(witness.url()),
        pace: Pace::EveryCheckpoint,
        plain: PlainHttp::Loopback,
    };
    let mut client = HttpWitness::new(address, logs).unwrap();
    let mut ask = |ledger: &LedgerFolder| {
        let size = ledger.reader().status().unwrap().size;
        let view = ledger.reader().view_of(size).unwrap().unwrap();
        let consistency = |old: u64| view.consistency(old).ok();
        let request = CosignRequest { note: view.note(), consistency: &consistency };
        client.cosign(&request, Standing.now())
    };
    ask(&honest).unwrap();
    drop(honest);
    let fork = folder.path().join("fork");
    copied(&path, &fork);

    let go_on = |path: &Path, name: &str, seed: u64| {
        let mut ledger = LedgerFolder::open(path, at(10)).unwrap();
        let request = Create {
            domain: "people.example".to_owned(),
            path: Some(name.to_owned()),
            key_id: "key-1".to_owned(),
            key: secret(seed).public_key(),
            others: Vec::new(),
            next_key_hashes: vec![],
            services: vec![],
            home: Some(ORIGIN.to_owned()),
        };
        let next = secret(seed + 1).public_key();
        let (_, line) = create(&request, &secret(seed + 2), &next, at(0)).unwrap();
        ledger.submit(inkan_ledger::Kind::Did, line.as_bytes(), at(11)).unwrap();
        ledger.checkpoint(at(12)).unwrap();
        ledger
    };
    honest = go_on(&path, "alice", 20);
    let forked = go_on(&fork, "mallory", 30);
    ask(&honest).unwrap();
    // The same size, and later a larger one: neither continues what the witness has seen, and what it has is signed.
    let error = ask(&forked).unwrap_err();
    assert_eq!((error.code(), error.is_alarm()), ("guard-behind", true));
    let CosignError::GuardBehind { note } = error else { panic!("an alarm") };
    let newest = honest.reader().signed_note().unwrap().unwrap();
    assert_eq!(note.text(), newest.text(), "one half of the evidence");
    drop(forked);
    let larger = go_on(&fork, "mallory-2", 40);
    assert_eq!(ask(&larger).unwrap_err().code(), "guard-behind");
    // The honest branch goes on.
    drop(honest);
    let honest = go_on(&path, "bob", 50);
    ask(&honest).unwrap();
}
