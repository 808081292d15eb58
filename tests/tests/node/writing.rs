//! Entries are taken once, promised, covered, and never lost.

use std::sync::Arc;
use std::thread;

use inkan_core::Timestamp;
use inkan_core::encoding::decode_b64u;
use inkan_io::clock::{Clock, OsClock};
use inkan_ledger::add_checkpoint::origin_hash;
use inkan_ledger::batch;
use inkan_ledger::evidence::forks_from_value;
use inkan_ledger::{Kind, LogPolicy, Receipt, verify_promise, verify_receipt};
use inkan_server::mirror::{self, MirrorOptions};
use inkan_tests::made_node::{Controller, HttpClient, TestNode, until};

use super::schema;

fn now() -> Timestamp {
    OsClock.now()
}

fn policy(node: &TestNode) -> LogPolicy {
    LogPolicy::parse(node.client().get("/v1/policy").text()).expect("a policy")
}

#[test]
fn an_entry_is_acknowledged_once_and_its_receipt_verifies_offline() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(1);

    let first = client.submit(&anna.line);
    assert_eq!(first.status, 202, "{first:?}");
    schema::check("/v1/entries", "post", &first);
    assert_eq!(first.json()["index"], 1);
    assert_eq!(first.json()["standing"], "new");
    let promise = first.json()["promise"].as_str().expect("a promise").to_owned();
    let promise =
        verify_promise(&promise, &policy(&node)).expect("a promise that verifies offline");
    let hash = promise.promise().leaves().get(&1).expect("the leaf").digest().to_hex();
    assert_eq!(first.json()["leafHash"], hash);
    let deadline = promise.promise().deadline().seconds();
    assert_eq!(Some(deadline), first.json()["time"].as_i64().map(|time| time + 86_400));

    let again = client.submit(&format!("{}\n", anna.line));
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["standing"], "duplicate");
    for member in ["index", "leafHash", "entryId", "time"] {
        assert_eq!(again.json()[member], first.json()[member], "{member}");
    }

    let covered = client.submit_and_wait(&anna.issuance("a"), "cosigned");
    assert_eq!(covered.status, 200, "{covered:?}");
    schema::check("/v1/entries", "post", &covered);
    let receipt = Receipt::parse(&covered.body).expect("a receipt");
    let leaf = verify_receipt(&receipt, &policy(&node), now()).expect("verified");
    assert_eq!(leaf.leaf().kind(), Kind::Issuance);

    let id =
        client.get(&format!("/v1/lookup/{}", first.json()["entryId"].as_str().expect("an id")));
    assert_eq!(id.json()["index"], 1);
    assert_eq!(id.json()["leafHash"], first.json()["leafHash"]);
}

#[test]
fn a_batch_is_answered_entry_by_entry() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(2);
    let entries = [anna.issuance("a"), anna.issuance("b"), anna.issuance("a")];
    let mut framed = batch::join([(Kind::Did, anna.line.as_bytes())]).expect("a batch");
    for entry in &entries {
        framed.extend(batch::join([(Kind::Issuance, entry.as_bytes())]).expect("a batch"));
    }
    framed.extend(b"\x09\x00\x01x");
    framed.extend(b"\x00\x00\x02{}");
    let answer = client.post("/v1/batches", "application/octet-stream", &framed);
    assert_eq!(answer.status, 202, "{answer:?}");
    schema::check("/v1/batches", "post", &answer);
    let value = answer.json();
    let results = value["results"].as_array().expect("results");
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64()).collect();
    assert_eq!(statuses, [202, 202, 202, 200, 415, 415].map(Some));
    assert_eq!(results[3]["index"], results[1]["index"]);
    assert_eq!(results[4]["problem"]["code"], "unsupported-entry-type");
    let promise = value["promise"].as_str().expect("a promise");
    for result in &results[..3] {
        assert!(promise.contains(&format!("\n{} ", result["index"])), "{promise}");
    }

    for (body, code) in [(&b""[..], "batch-malformed"), (b"\x02\x00\x09x", "batch-malformed")] {
        let refused = client.post("/v1/batches", "application/octet-stream", body);
        assert_eq!((refused.status, refused.code().as_str()), (400, code));
    }
    let refused = client.post("/v1/batches", "application/json", b"[]");
    assert_eq!((refused.status, refused.code().as_str()), (415, "unsupported-entry-type"));
    let large = vec![0; (4 << 20) + 1];
    let refused = client.post("/v1/batches", "application/octet-stream", &large);
    assert_eq!((refused.status, refused.code().as_str()), (413, "request-too-large"));
}

#[test]
fn the_same_entry_from_64_clients_is_one_leaf() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(3);
    assert_eq!(client.submit(&anna.line).status, 202);
    let entry = anna.issuance("once");
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..64).map(|_| scope.spawn(|| node.client().submit(&entry))).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let new = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(new, 1, "one of them is the first");
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        assert_eq!(answer.json()["index"], answers[0].json()["index"]);
    }
}

#[test]
fn of_two_updates_at_once_one_wins_and_the_other_is_evidence() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(4);
    assert_eq!(client.submit(&anna.line).status, 202);
    let branches = [anna.rotated(10), anna.rotated(20)];
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> =
            branches.iter().map(|line| scope.spawn(|| node.client().submit(line))).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409]);
    let lost = answers.iter().find(|answer| answer.status == 409).expect("one lost");
    assert_eq!(lost.code(), "version-conflict");
    schema::check("/v1/entries", "post", lost);
    let head = lost.json()["headVersionId"].as_str().expect("the head").to_owned();
    assert!(head.starts_with("2-"));
    let won = answers.iter().find(|answer| answer.status == 202).expect("one won");
    let index = won.json()["index"].as_u64().expect("a place");

    assert_eq!(client.submit_and_wait(&Controller::new(5).line, "cosigned").status, 200);
    let shown = client.get(&format!("/v1/dids/{}/equivocations", anna.scid()));
    schema::check("/v1/dids/{scid}/equivocations", "get", &shown);
    let forks = shown.json()["equivocations"].as_array().cloned().expect("forks");
    assert_eq!(forks.len(), 1);
    let entry = |member: &str| {
        let bytes = decode_b64u(forks[0][member].as_str().expect("text")).expect("base64url");
        String::from_utf8(bytes).expect("a log line")
    };
    // Both entries stand there whole: they prove themselves.
    let mut both = [entry("recorded"), entry("refused")];
    both.sort();
    let mut sent = branches.clone();
    sent.sort();
    assert_eq!(both, sent);
    assert_eq!(forks[0]["index"], index);
    let evidence = forks_from_value(&shown.json()).expect("evidence");
    let policy = policy(&node);
    let proven = evidence[0].verify(&policy, now()).expect("a proof");
    assert_eq!(proven.code(), "did-equivocation");

    let summary = client.get(&format!("/v1/dids/{}", anna.scid()));
    assert_eq!(summary.json()["versionId"], head.as_str());
    assert_eq!(summary.json()["index"], index);
}

/// What the node was shown it may lose, or wish to; a mirror has it, and gives it to whoever asks.
#[test]
fn what_shows_two_histories_of_a_did_is_kept_and_served_by_a_mirror() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(6);
    assert_eq!(client.submit(&anna.line).status, 202);
    assert_eq!(client.submit(&anna.rotated(10)).status, 202);
    assert_eq!(client.submit(&anna.rotated(20)).code(), "version-conflict");
    assert_eq!(client.submit_and_wait(&Controller::new(7).line, "cosigned").status, 200);

    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("policy");
    std::fs::write(&file, client.get("/v1/policy").text()).expect("written");
    let listen = "127.0.0.1:0".parse().expect("an address");
    let folder = scratch.path().join("copy");
    let url = node.node.url();
    let options = MirrorOptions::new(&folder, "mirror.example", &file, &url, listen);
    let mirror = mirror::spawn(&options, Arc::new(OsClock), Box::new(|_| {})).expect("a mirror");
    let kept = mirror::forks_path(&folder, anna.scid()).expect("a path");
    until("it has asked", || kept.is_file());
    let address = mirror.url().trim_start_matches("http://").parse().expect("an address");
    let served = HttpClient::new(address);
    let path = format!("/v1/dids/{}/equivocations", anna.scid());
    let said = served.get(&format!("/{}{path}", origin_hash("ledger.example")));
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json(), client.get(&path).json());
    let evidence = forks_from_value(&said.json()).expect("evidence");
    let proven = evidence[0].verify(&policy(&node), now()).expect("a proof");
    assert_eq!(proven.code(), "did-equivocation");
    let other = format!("/{}/v1/dids/{}/equivocations", origin_hash("ledger.example"), "../key");
    assert_ne!(served.get(&other).status, 200);
}

#[test]
fn a_history_is_imported_as_a_whole_or_not_at_all() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::at_home(6, "other.example");
    let (first, moved) = (anna.line.clone(), anna.moved("ledger.example"));
    assert_eq!(client.submit(&first).status, 422, "its home is another log");
    let import = |lines: &[&String]| {
        let bodies: Vec<_> = lines.iter().map(|line| (Kind::Did, line.as_bytes())).collect();
        let body = batch::join(bodies).expect("a batch");
        let answer = client.post("/v1/imports", "application/octet-stream", &body);
        schema::check("/v1/imports", "post", &answer);
        answer
    };
    let refused = import(&[&first]);
    assert_eq!((refused.status, refused.code().as_str()), (422, "import-invalid"));
    let refused = import(&[&moved, &first]);
    assert_eq!((refused.status, refused.code().as_str()), (422, "import-invalid"));
    let taken = import(&[&first, &moved]);
    assert_eq!(taken.status, 202, "{taken:?}");
    let value = taken.json();
    let places: Vec<_> = value["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["index"].as_u64().expect("a place"))
        .collect();
    assert_eq!(places.len(), 2);
    assert_eq!(places[1], places[0] + 1, "nothing stands between them");
    assert!(value["promise"].as_str().expect("a promise").contains(&format!("\n{} ", places[1])));
    let again = import(&[&first, &moved]);
    assert_eq!(again.json()["entries"][0]["standing"], "duplicate");
    let covered = client.submit_and_wait(&anna.issuance("here"), "checkpoint");
    assert_eq!(covered.status, 200, "{covered:?}");
    let receipt = Receipt::parse(&covered.body).expect("a receipt");
    // Under the log's signature at least: the quorum may not have seen it yet.
    let log = client.get("/v1/log").json();
    let bare = format!("log {}\nquorum none\n", log["keys"][0].as_str().expect("a key"));
    let bare = LogPolicy::parse(&bare).expect("a policy");
    let leaf = verify_receipt(&receipt, &bare, now()).expect("verified");
    assert!(leaf.leaf_index() > places[1]);
}
