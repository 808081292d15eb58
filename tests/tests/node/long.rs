//! DIDs with many versions: what questions about them cost, and who pays.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::Did;
use inkan_did::webvh::{self, Create, Entry, Head};
use inkan_io::clock::{Clock, OsClock};
use inkan_ledger::{Kind, batch};
use inkan_server::ledger_node::{Limits, Rate};
use inkan_tests::made_node::{HttpClient, ORIGIN, TestNode, unlimited};
use serde_json::json;

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

/// A DID with its log, a minute between any two versions.
struct Long {
    did: Did,
    lines: Vec<String>,
    heads: Vec<Head>,
    seed: u64,
    begun: Timestamp,
}

impl Long {
    fn new(seed: u64, versions: usize) -> Self {
        let begun = OsClock.now().plus_seconds(-86_400);
        let request = Create {
            domain: ORIGIN.to_owned(),
            path: Some(format!("long{seed}")),
            key_id: "key-1".to_owned(),
            key: key(seed).public_key(),
            others: Vec::new(),
            next_key_hashes: Vec::new(),
            services: Vec::new(),
            home: Some(ORIGIN.to_owned()),
        };
        let (did, line) =
            webvh::create(&request, &key(seed + 1), &key(seed + 2).public_key(), begun)
                .expect("a first entry");
        let mut long = Self { did, lines: Vec::new(), heads: Vec::new(), seed, begun };
        long.push(line);
        while long.lines.len() < versions {
            let line = long.after(long.lines.len(), 0);
            long.push(line);
        }
        long
    }

    fn push(&mut self, line: String) {
        let line = line.trim_end().to_owned();
        let entry = Entry::parse(line.as_bytes(), None).expect("our own entry");
        let head = webvh::check_next(self.heads.last(), &entry, OsClock.now());
        self.heads.push(head.expect("our own entry"));
        self.lines.push(line);
    }

    fn scid(&self) -> &str {
        self.did.scid().expect("a SCID")
    }

    fn time_of(&self, version: usize) -> Timestamp {
        self.begun.plus_seconds(60 * i64::try_from(version - 1).expect("small"))
    }

    /// An entry after this many; another one for each `branch`.
    fn after(&self, versions: usize, branch: i64) -> String {
        let number = u64::try_from(versions).expect("small");
        let (update, next) = (key(self.seed + number + 1), key(self.seed + number + 2));
        let time = self.time_of(versions + 1).plus_seconds(branch);
        let line = webvh::rotate(&self.heads[versions - 1], &[], &update, &next.public_key(), time);
        line.expect("an entry").trim_end().to_owned()
    }

    /// Registers all versions, a few at a time, and waits for a checkpoint.
    fn register(&self, client: &HttpClient) {
        for some in self.lines.chunks(30) {
            let framed = batch::join(some.iter().map(|line| (Kind::Did, line.as_bytes())));
            let framed = framed.expect("a batch");
            let answer = client.post("/v1/batches", "application/octet-stream", &framed);
            let results = answer.json()["results"].clone();
            let all = results.as_array().expect("results");
            assert!(all.iter().all(|one| one["status"] == 202), "{results}");
        }
        let last = self.lines.last().expect("a line");
        assert_eq!(client.submit_and_wait(last, "cosigned").status, 200);
    }
}

/// How many leaves the node has read for questions.
fn read(client: &HttpClient) -> u64 {
    let metrics = client.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("inkan_leaves_read_total "));
    let count = line.and_then(|line| line.split(' ').nth(1)).expect("a count");
    count.parse().expect("a number")
}

/// Without reading from the head, each of these reads all versions, some of them twice.
#[test]
fn a_question_about_one_version_reads_few_leaves_however_many_there_are() {
    let node = TestNode::with(|options| options.limits = unlimited());
    let client = node.client();
    let long = Long::new(1_000, 80);
    long.register(&client);
    let scid = long.scid();
    let did = long.did.as_str();
    let cost = |path: &str| {
        let before = read(&client);
        let answer = client.get(path);
        (read(&client) - before, answer)
    };

    let (leaves, answer) = cost(&format!("/v1/dids/{scid}"));
    assert!(leaves <= 2, "{leaves} leaves");
    let summary = answer.json();
    assert_eq!(summary["versions"], 80);
    assert_eq!(summary["versionId"], long.heads[79].version_id());
    assert_eq!((&summary["home"], &summary["preRotation"]), (&json!(ORIGIN), &json!(true)));
    assert_eq!((&summary["deactivated"], &summary["portable"]), (&json!(false), &json!(true)));

    let resolver = format!("/1.0/identifiers/{did}");
    let (leaves, answer) = cost(&resolver);
    assert!(leaves <= 3, "{leaves} leaves");
    let metadata = answer.json()["didDocumentMetadata"].clone();
    assert_eq!(metadata["versionId"], long.heads[79].version_id());
    assert_eq!(metadata["created"], long.time_of(1).to_string());
    let later = long.time_of(33).plus_seconds(30);
    for query in [
        format!("versionTime={later}"),
        "versionNumber=33".to_owned(),
        format!("versionId={}", long.heads[32].version_id()),
        format!("versionNumber=33&versionTime={later}"),
    ] {
        let (leaves, answer) = cost(&format!("{resolver}?{query}"));
        assert!(leaves <= 12, "{query}: {leaves} leaves");
        let metadata = answer.json()["didDocumentMetadata"].clone();
        assert_eq!(metadata["versionId"], long.heads[32].version_id(), "{query}");
        assert_eq!(metadata["nextVersionId"], long.heads[33].version_id(), "{query}");
    }
    for query in [
        format!("versionTime={}", long.begun.plus_seconds(-1)),
        "versionNumber=81".to_owned(),
        "versionNumber=0".to_owned(),
        format!("versionNumber=32&versionTime={later}"),
        format!("versionId={}", long.heads[32].version_id().replacen("33-", "34-", 1)),
    ] {
        assert_eq!(client.get(&format!("{resolver}?{query}")).status, 404, "{query}");
    }
    assert_eq!(client.get(&resolver.replace("long1000", "short")).status, 404);

    // What is as long as the history reads it once.
    let (leaves, answer) = cost(&format!("/v1/dids/{scid}/did.jsonl"));
    assert!(leaves <= 81, "{leaves} leaves");
    assert_eq!(answer.text(), format!("{}\n", long.lines.join("\n")));
    let known = client.with("if-none-match", &format!("\"{}\"", long.heads[79].version_id()));
    let before = read(&client);
    assert_eq!(known.get(&format!("/v1/dids/{scid}/did.jsonl")).status, 304);
    assert!(read(&client) - before <= 1);
    let (leaves, answer) = cost(&format!("{resolver}?proof=true"));
    assert!(leaves <= 85, "{leaves} leaves");
    let entries = answer.json()["didDocumentMetadata"]["entries"]["receipts"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(80));
}

/// Judged from what `state.db` says of an earlier version, after it was written there.
#[test]
fn a_fork_in_the_middle_of_a_long_history_is_kept_if_its_controller_made_it() {
    let node = TestNode::with(|options| options.limits = unlimited());
    let client = node.client();
    let long = Long::new(2_000, 40);
    long.register(&client);
    let forks = || {
        let answer = client.get(&format!("/v1/dids/{}/equivocations", long.scid()));
        answer.json()["equivocations"].as_array().map_or(0, Vec::len)
    };
    let mut forged: serde_json::Value = serde_json::from_str(&long.after(20, 7)).expect("an entry");
    let other: serde_json::Value = serde_json::from_str(&long.after(20, 8)).expect("an entry");
    forged["proof"] = other["proof"].clone();
    let answer = client.submit(&forged.to_string());
    assert_eq!(answer.code(), "version-conflict");
    for (versions, kept) in [(1, 1), (20, 2), (39, 3)] {
        let answer = client.submit(&long.after(versions, 9));
        assert_eq!((answer.status, answer.code().as_str()), (409, "version-conflict"));
        // It is stored with the next checkpoint, which somebody's entry brings about.
        let other = Long::new(3_000 + 10 * kept, 1);
        assert_eq!(client.submit_and_wait(&other.lines[0], "cosigned").status, 200);
        assert_eq!(forks(), usize::try_from(kept).expect("small"), "after {versions}");
    }
}

/// A node whose clients have sixty tokens, and no more for this test.
fn sixty(change: impl FnOnce(&mut Limits)) -> TestNode {
    TestNode::with(|options| {
        options.limits = Limits {
            client: Some(Rate::per_hour(60)),
            signer: None,
            new_dids: None,
            loopback_is_free: false,
            ..Limits::default()
        };
        change(&mut options.limits);
        options.proxies = vec!["127.0.0.1".parse().expect("a network")];
    })
}

/// Without it one token buys an answer of megabytes.
#[test]
fn answers_as_long_as_a_history_are_paid_for_by_its_length() {
    let node = sixty(|_| {});
    let from = |client: u8| node.client().with("x-forwarded-for", &format!("198.51.100.{client}"));
    let long = Long::new(4_000, 50);
    for (client, some) in (1..).zip(long.lines.chunks(10)) {
        for line in some {
            assert_eq!(from(client).submit(line).status, 202);
        }
    }
    let last = long.lines.last().expect("a line");
    assert_eq!(from(20).submit_and_wait(last, "cosigned").status, 200);
    let served = |client: u8, path: &str| {
        let client = from(client);
        (0..60).take_while(|_| client.get(path).status == 200).count()
    };
    // 1 + 50 / 16 tokens; a minute of this test gives one more.
    assert!(served(30, &format!("/v1/dids/{}/entries", long.scid())) <= 16);
    assert!(served(31, &format!("/1.0/identifiers/{}?proof=true", long.did)) <= 16);
    assert_eq!(served(32, &format!("/v1/dids/{}", long.scid())), 60);
}

/// Without it a refused entry costs its sender what an accepted one does, and the node more.
#[test]
fn refused_entries_of_dids_cost_more_and_versions_of_one_did_are_limited() {
    let node = sixty(|_| {});
    let from = |client: u8| node.client().with("x-forwarded-for", &format!("198.51.100.{client}"));
    let long = Long::new(5_000, 2);
    for line in &long.lines {
        assert_eq!(from(1).submit(line).status, 202);
    }
    let client = from(2);
    let refused = (0..60).take_while(|branch| {
        let answer = client.submit(&long.after(1, 10 + branch));
        answer.status == 409
    });
    assert!((10..=13).contains(&refused.count()));

    let node = sixty(|limits| {
        limits.client = None;
        limits.signer = Some(Rate::per_hour(3));
    });
    let long = Long::new(6_000, 6);
    let taken = long.lines.iter().map(|line| node.client().submit(line));
    let codes: Vec<_> = taken.map(|answer| answer.status).collect();
    assert_eq!(codes, [202, 202, 202, 202, 429, 429], "the first is no update");
}
