//! Every route that reads: what it answers, and that what it answers verifies.

use std::fs;

use inkan_core::encoding::{b64u, decode_b64};
use inkan_core::{Digest, sha256};
use inkan_crypto::PublicKey;
use inkan_io::clock::{Clock, OsClock};
use inkan_ledger::cose::CoseReceipt;
use inkan_ledger::tree::verify_consistency;
use inkan_ledger::{
    ActId, Checkpoint, CurrentProof, Kind, LeafHash, LogPolicy, MapKey, NodeHash, OnceId, Receipt,
    SignedNote, TrustStatement, batch, verify_current, verify_receipt,
};
use inkan_server::ledger_node::Limits;
use inkan_server::ledger_node::routes::ROUTES;
use inkan_tests::files_under;
use inkan_tests::made_node::{Controller, HttpAnswer, HttpClient, TestNode, unlimited, until};
use serde_json::Value;

use super::schema;

const URI: &str = "https://ledger.example/status/1";
const ACT: [u8; 32] = [9; 32];

/// A ledger with a DID of two versions, two states of an act, a status list and an issuance, each under a checkpoint.
struct Filled {
    node: TestNode,
    client: HttpClient,
    policy: LogPolicy,
    anna: Controller,
    list: Vec<u8>,
    /// Where the issuance stands.
    issuance: u64,
}

fn filled() -> Filled {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(7);
    let list = br#"{"type":"BitstringStatusListCredential"}"#.to_vec();
    let entries = [
        anna.line.clone(),
        anna.issuance("a"),
        anna.act(ActId::from_bytes(ACT), 1),
        anna.act(ActId::from_bytes(ACT), 2),
        anna.status(URI, 1, sha256(&[&list])),
    ];
    let mut places = Vec::new();
    for entry in &entries[..4] {
        let answer = client.submit(entry);
        assert_eq!(answer.status, 202, "{answer:?}");
        places.push(answer.json()["index"].as_u64().expect("a place"));
    }
    let answer = client.submit_and_wait(&entries[4], "cosigned");
    assert_eq!(answer.status, 200, "{answer:?}");
    let policy = LogPolicy::parse(client.get("/v1/policy").text()).expect("a policy");
    Filled { node, client, policy, anna, list, issuance: places[1] }
}

fn ok(client: &HttpClient, template: &str, path: &str) -> HttpAnswer {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    schema::check(template, "get", &answer);
    answer
}

fn size_of(client: &HttpClient) -> u64 {
    let note = SignedNote::parse(client.get("/checkpoint").text()).expect("a note");
    Checkpoint::parse_text(note.text()).expect("a checkpoint").head().tree_size
}

#[test]
fn receipts_have_three_forms_and_verify() {
    let filled = filled();
    let Filled { client, policy, .. } = &filled;
    let now = OsClock.now();
    let size = size_of(client);
    for at in ["", "?at=latest", "?at=earliest", &format!("?at={size}"), "?cosigners=min"] {
        let answer = ok(client, "/v1/receipts/{index}", &format!("/v1/receipts/2{at}"));
        assert_eq!(answer.header("content-type"), "application/vnd.inkan.receipt+json");
        let receipt = Receipt::parse(&answer.body).expect("a receipt");
        let leaf = verify_receipt(&receipt, policy, now).expect(at);
        assert_eq!(leaf.leaf_index(), 2);
    }
    let text = client.with("accept", "text/plain").get("/v1/receipts/2");
    schema::check("/v1/receipts/{index}", "get", &text);
    assert!(text.text().starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"));
    let cose = client.with("accept", "application/cose").get("/v1/receipts/2");
    assert_eq!(cose.header("content-type"), "application/cose; cose-type=\"cose-sign1\"");
    let receipt = CoseReceipt::parse(&cose.body).expect("a COSE receipt");
    let key = client.get("/v1/log").json()["coseKey"].as_str().expect("a key").to_owned();
    let key = PublicKey::from_multikey(&key).expect("a multikey");
    let leaf = LeafHash::of(&client.get("/v1/entries/2").body);
    let root = receipt.verify(&leaf, &key).expect("it verifies");
    let note = client.get(&format!("/v1/cosignatures/{}", receipt.tree_size()));
    let note = SignedNote::parse(note.text()).expect("a note");
    let head = Checkpoint::parse_text(note.text()).expect("a checkpoint").head();
    assert_eq!(root, head.root_hash, "the root that the log signed as a note");
    let refused = client.with("accept", "image/png").get("/v1/receipts/2");
    assert_eq!((refused.status, refused.code().as_str()), (406, "not-acceptable"));
}

#[test]
fn fewest_cosignatures_are_those_that_the_quorum_needs() {
    let filled = filled();
    let Filled { client, policy, .. } = &filled;
    let receipt = |path: &str| Receipt::parse(&client.get(path).body).expect("a receipt");
    let all = receipt("/v1/receipts/2?cosigners=all");
    let least = receipt("/v1/receipts/2?cosigners=min");
    assert!(least.note().signatures().len() <= all.note().signatures().len());
    // Without any one of its cosignatures it is no longer enough.
    let now = OsClock.now();
    for left_out in 1..least.note().signatures().len() {
        let mut note = SignedNote::new(least.note().text().to_owned());
        for (at, line) in least.note().signatures().iter().enumerate() {
            if at != left_out {
                note.put(line.clone());
            }
        }
        let path = least.proof().path();
        let short = Receipt::new(least.leaf_bytes().to_vec(), path, &note);
        assert!(verify_receipt(&short, policy, now).is_err());
    }
}

#[test]
fn current_proofs_verify_present_and_absent() {
    let filled = filled();
    let Filled { client, policy, anna, .. } = &filled;
    let now = OsClock.now();
    let scid = anna.scid();
    let did = anna.did.as_str().replace('%', "%25");
    let stranger = Controller::new(99);
    let act = b64u(&ACT);
    let act_id = ActId::from_bytes(ACT);
    let uri = URI.replace(':', "%3A").replace('/', "%2F");
    let cases = [
        ("/v1/dids/{scid}/current", format!("/v1/dids/{scid}/current"), MapKey::did(scid), true),
        (
            "/v1/dids/{scid}/current",
            format!("/v1/dids/{}/current", stranger.scid()),
            MapKey::did(stranger.scid()),
            false,
        ),
        (
            "/v1/status/current",
            format!("/v1/status/current?iss={did}&uri={uri}"),
            MapKey::status(scid, URI),
            true,
        ),
        (
            "/v1/status/current",
            format!("/v1/status/current?iss={did}&uri={uri}2"),
            MapKey::status(scid, &format!("{URI}2")),
            false,
        ),
        (
            "/v1/acts/current",
            format!("/v1/acts/current?iss={did}&act={act}"),
            MapKey::act(scid, &act_id),
            true,
        ),
    ];
    let entity = "did%3Aexample%3Aissuer";
    let trust = format!(
        "/v1/trust/current?iss={did}&type=authorization&entityId={entity}&action=issue&resource=Badge"
    );
    let statement = TrustStatement::Authorization;
    let trusted = MapKey::trust_of(scid, statement, "did:example:issuer", "issue", "Badge");
    let once = format!("/v1/once/current?scope=coupon&id={}", b64u(&[4; 32]));
    let used = MapKey::once("coupon", &OnceId::from_bytes([4; 32]));
    let cases = cases.into_iter().chain([
        ("/v1/trust/current", trust, trusted, false),
        ("/v1/once/current", once, used, false),
    ]);
    for (template, path, key, present) in cases {
        let answer = ok(client, template, &path);
        let proof = CurrentProof::parse(&answer.body).expect("a proof");
        let verified = verify_current(&proof, &key, policy, now).expect(&path);
        assert_eq!(verified.head().is_some(), present, "{path}");
    }
}

#[test]
fn entries_share_one_checkpoint_and_verify() {
    let filled = filled();
    let Filled { client, policy, anna, .. } = &filled;
    let (now, size) = (OsClock.now(), size_of(client));
    let did = anna.did.as_str().replace('%', "%25");
    let uri = URI.replace(':', "%3A").replace('/', "%2F");
    let cases = [
        ("/v1/dids/{scid}/entries", format!("/v1/dids/{}/entries?at={size}", anna.scid()), 1),
        ("/v1/status/entries", format!("/v1/status/entries?iss={did}&uri={uri}"), 1),
        ("/v1/acts/entries", format!("/v1/acts/entries?iss={did}&act={}", b64u(&ACT)), 2),
        ("/v1/acts/entries", format!("/v1/acts/entries?iss={did}&act={}", b64u(&[1; 32])), 0),
    ];
    for (template, path, count) in cases {
        let value = ok(client, template, &path).json();
        let checkpoint = vec![value["checkpoint"].as_str().expect("a note").to_owned()];
        let receipts = value["receipts"].as_array().expect("receipts");
        assert_eq!(receipts.len(), count, "{path}");
        for receipt in receipts {
            let receipt = Receipt::from_bundle_value(receipt, &checkpoint).expect("a receipt");
            assert_eq!(verify_receipt(&receipt, policy, now).expect(&path).tree_size(), size);
        }
    }
}

#[test]
fn leaves_places_and_consistency_are_what_the_log_holds() {
    let filled = filled();
    let Filled { client, issuance, .. } = &filled;
    let leaf = ok(client, "/v1/entries/{index}", &format!("/v1/entries/{issuance}"));
    assert!(leaf.body.starts_with(b"inkan-leaf/v1\nissuance\n"));
    assert!(leaf.header("cache-control").contains("immutable"));
    let hash = Digest::from_bytes(*sha256(&[b"\0", &leaf.body]).as_bytes()).to_hex();
    let place = ok(client, "/v1/lookup/leaf/{hash}", &format!("/v1/lookup/leaf/{hash}"));
    assert_eq!(place.json()["index"], *issuance);
    assert_eq!(place.json()["leafHash"], hash);
    let nowhere = "0".repeat(64);
    assert_eq!(client.get(&format!("/v1/lookup/leaf/{nowhere}")).code(), "not-found");
    assert_eq!(client.get("/v1/entries/1000").code(), "not-found");
    assert_eq!(client.get("/v1/receipts/1000").code(), "not-found");
    assert_eq!(client.get(&format!("/v1/lookup/{}", "0".repeat(64))).code(), "not-found");

    let size = size_of(client);
    let answer = ok(client, "/v1/consistency", &format!("/v1/consistency?from=1&to={size}"));
    let hashes: Vec<_> = answer.json()["hashes"]
        .as_array()
        .expect("hashes")
        .iter()
        .map(|hash| decode_b64(hash.as_str().expect("text")).expect("base64"))
        .map(|bytes| NodeHash::from_digest(Digest::from_bytes(bytes.try_into().expect("32"))))
        .collect();
    let head = |path: &str| {
        let note = SignedNote::parse(client.get(path).text()).expect("a note");
        Checkpoint::parse_text(note.text()).expect("a checkpoint").head()
    };
    let (old, new) = (head("/v1/cosignatures/1"), head("/checkpoint"));
    assert!(verify_consistency(&old, &new, &hashes).is_ok());
    assert_eq!(client.get("/v1/consistency?from=2&to=1").code(), "query-invalid");
}

#[test]
fn a_leaf_hash_is_found_however_far_back_it_is() {
    let node = TestNode::with(|options| {
        options.limits = Limits { scanned: 200, ..unlimited() };
    });
    let (client, anna) = (node.client(), Controller::new(8));
    assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
    for round in 0..3 {
        let entries: Vec<_> = (0..200).map(|n| anna.issuance(&format!("{round} {n}"))).collect();
        let framed = entries.iter().map(|entry| (Kind::Issuance, entry.as_bytes()));
        let framed = batch::join(framed).expect("a batch");
        let answer = client.post("/v1/batches", "application/octet-stream", &framed);
        assert_eq!(answer.status, 202);
    }
    assert_eq!(client.submit_and_wait(&anna.issuance("last"), "cosigned").status, 200);
    let size = size_of(&client);
    assert!(size > 600);
    let template = "/v1/lookup/leaf/{hash}";
    let path = |hash: &str| format!("/v1/lookup/leaf/{hash}");
    let hash_of = |index: u64| {
        let leaf = client.get(&format!("/v1/entries/{index}")).body;
        LeafHash::of(&leaf).digest().to_hex()
    };
    for index in [0, 1, 255, 256, 300, size - 201, size - 200, size - 1] {
        let hash = hash_of(index);
        let (mut at, mut steps) = (path(&hash), 0);
        let found = loop {
            let answer = client.get(&at);
            schema::check(template, "get", &answer);
            if answer.status == 200 {
                break answer.json()["index"].clone();
            }
            let from = answer.json()["searchedFrom"].as_u64().expect("there is more to look at");
            at = format!("{}?before={from}", path(&hash));
            steps += 1;
        };
        assert_eq!(found, index);
        assert_eq!(steps, (size - 1 - index) / 200, "leaf {index} of {size}");
    }
    // At the end it is certain.
    let nowhere = path(&"0".repeat(64));
    let last = client.get(&format!("{nowhere}?before=200"));
    assert_eq!((last.code().as_str(), last.json().get("searchedFrom")), ("not-found", None));
    assert_eq!(client.get(&nowhere).json()["searchedFrom"], size - 200);
    assert_eq!(client.get(&format!("{nowhere}?before=0")).code(), "not-found");
    let beyond = client.get(&format!("{nowhere}?before={}", size + 1));
    assert_eq!(beyond.code(), "query-invalid");
}

/// The metrics that §8 of the specification names, and what they say after what was done.
#[test]
fn every_metric_is_there_and_says_what_happened() {
    let filled = filled();
    let Filled { client, anna, .. } = &filled;
    assert_eq!(client.submit(&anna.issuance("a")).status, 200, "a duplicate");
    let mut forged = anna.issuance("b");
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    assert_eq!(client.submit(&forged).code(), "entry-signature-invalid");
    assert_eq!(client.submit(&anna.act(ActId::from_bytes(ACT), 3)).status, 202);
    assert_eq!(client.submit_and_wait(&anna.rotated(1), "cosigned").status, 200);
    assert_eq!(client.submit(&anna.rotated(2)).code(), "version-conflict");
    let size = size_of(client);
    let answer = ok(client, "/metrics", "/metrics");
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing in {text}"));
        line.parse().expect("a number")
    };
    let size = f64::from(u32::try_from(size).expect("small"));
    for (name, expected) in [
        ("inkan_entries_total{kind=\"did\",outcome=\"new\"}", 2.0),
        ("inkan_entries_total{kind=\"did\",outcome=\"version-conflict\"}", 1.0),
        ("inkan_entries_total{kind=\"issuance\",outcome=\"new\"}", 1.0),
        ("inkan_entries_total{kind=\"issuance\",outcome=\"duplicate\"}", 1.0),
        ("inkan_entries_total{kind=\"issuance\",outcome=\"entry-signature-invalid\"}", 1.0),
        ("inkan_entries_total{kind=\"countersignature\",outcome=\"new\"}", 3.0),
        ("inkan_entries_total{kind=\"status\",outcome=\"new\"}", 1.0),
        ("inkan_tree_size", size),
        ("inkan_tree_size_cosigned", size),
        ("inkan_leaves", size),
        ("inkan_queue_entries", 0.0),
        ("inkan_cosigner_up{cosigner=\"w1\"}", 1.0),
        ("inkan_cosigner_up{cosigner=\"w2\"}", 1.0),
        ("inkan_clock_skew_seconds", 0.0),
        ("inkan_equivocations_total", 1.0),
        ("inkan_ready", 1.0),
        ("inkan_http_connections_refused_total", 0.0),
    ] {
        assert!((value(name) - expected).abs() < 0.5, "{name} is not {expected} in {text}");
    }
    for (name, least) in [
        ("inkan_commit_seconds_count", 5.0),
        ("inkan_commit_seconds_bucket{le=\"+Inf\"}", 5.0),
        ("inkan_queue_seconds_count", 7.0),
        ("inkan_checkpoint_seconds_count", 1.0),
        ("inkan_acknowledge_seconds_count", 7.0),
        ("inkan_http_request_seconds_count", 7.0),
        ("inkan_committed_total", 7.0),
        ("inkan_promises_total", 5.0),
        ("inkan_http_connections", 1.0),
        ("inkan_free_bytes", 1.0),
        ("inkan_map_lag_batches", 0.0),
        ("inkan_checkpoint_age_seconds", 0.0),
        ("inkan_quorum_age_seconds", 0.0),
    ] {
        assert!(value(name) >= least, "{name} is less than {least} in {text}");
    }
    for age in ["inkan_checkpoint_age_seconds", "inkan_quorum_age_seconds"] {
        assert!(value(age) < 600.0, "{age}: they were made just now");
    }
    // Each has a line that says what it is, and the document names it.
    let document = client.get("/v1/openapi.json").json();
    let described = document["paths"]["/metrics"]["get"]["description"].as_str().expect("text");
    let named = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let mut count = 0;
    for name in named {
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
        assert!(described.contains(name), "{name} is not in the OpenAPI document");
        count += 1;
    }
    assert!(count >= 20, "{count}");
    assert!(!text.contains(anna.scid()) && !text.contains("did:webvh"));
}

/// Whoever registers a DID under the host of somebody else has that place for ever: a node that names its hosts is not the
/// gateway of it.
#[test]
fn a_node_that_names_its_hosts_serves_no_others() {
    for (hosts, status) in [
        (vec![], 200),
        (vec!["Ledger.example".to_owned(), "people.example".to_owned()], 200),
        (vec!["people.example".to_owned()], 404),
    ] {
        let node = TestNode::with(|options| options.gateway_hosts.clone_from(&hosts));
        let client = node.client();
        let anna = Controller::new(7);
        assert_eq!(client.submit_and_wait(&anna.line, "cosigned").status, 200);
        let host = client.with("host", "ledger.example");
        let file = node.data.join("public/ledger.example/p7/did.jsonl");
        until("the file is there", || file.is_file());
        assert_eq!(host.get("/p7/did.jsonl").status, status, "{hosts:?}");
        let own = format!("/v1/dids/{}/did.jsonl", anna.scid());
        assert_eq!(client.get(&own).status, 200, "under its SCID it is there in any case");
    }
}

#[test]
fn dids_are_summed_up_served_and_resolved() {
    let filled = filled();
    let Filled { client, anna, .. } = &filled;
    let scid = anna.scid();
    let summary = ok(client, "/v1/dids/{scid}", &format!("/v1/dids/{scid}")).json();
    assert_eq!(summary["did"], anna.did.as_str());
    assert_eq!((&summary["versions"], &summary["preRotation"]), (&1.into(), &true.into()));
    assert_eq!(summary["home"], "ledger.example");

    let log = ok(client, "/v1/dids/{scid}/did.jsonl", &format!("/v1/dids/{scid}/did.jsonl"));
    assert_eq!(log.text(), format!("{}\n", anna.line));
    let tag = log.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", summary["versionId"].as_str().expect("a version")));
    let path = format!("/v1/dids/{scid}/did.jsonl");
    assert_eq!(client.with("if-none-match", &tag).get(&path).status, 304);
    assert_eq!(client.get(&format!("/v1/dids/{scid}/did-witness.json")).code(), "not-found");
    assert_eq!(client.get("/v1/dids/nobody").code(), "not-found");

    // The same file, as the DID's host serves it.
    let host = client.with("host", "ledger.example");
    let served = ok(&host, "/{path}/did.jsonl", "/p7/did.jsonl");
    assert_eq!((served.body, served.headers["etag"].as_str()), (log.body, tag.as_str()));
    assert_eq!(client.get("/p7/did.jsonl").code(), "not-found", "another host");
    assert_eq!(host.get("/.well-known/did.jsonl").code(), "not-found");
    // Its keys, where readers of SD-JWT VCs look for them.
    let template = "/.well-known/jwt-vc-issuer/{path}";
    let metadata = ok(&host, template, "/.well-known/jwt-vc-issuer/p7");
    assert_eq!(metadata.header("content-type"), "application/json");
    let metadata = metadata.json();
    assert_eq!(metadata["issuer"], "https://ledger.example/p7");
    let kid = metadata["jwks"]["keys"][0]["kid"].as_str().expect("a key").to_owned();
    assert!(kid.starts_with(anna.did.as_str()), "{kid}");
    for path in ["", "/", "/p8", "/p7/", "/p7/did.jsonl", "/../p7"] {
        let path = format!("/.well-known/jwt-vc-issuer{path}");
        assert_eq!(host.get(&path).code(), "not-found", "{path}");
    }
    assert_eq!(client.get("/.well-known/jwt-vc-issuer/p7").code(), "not-found", "another host");
    for path in
        ["/../keys/log", "/%2e%2e/keys/log", "/p7/../../keys/log", "/.status/x", "//p7/did.jsonl"]
    {
        assert_eq!(host.get(path).code(), "not-found", "{path}");
    }
    let template = "/1.0/identifiers/{did}";
    let did = anna.did.as_str();
    let result = ok(client, template, &format!("/1.0/identifiers/{did}"));
    assert_eq!(result.header("content-type"), "application/did-resolution");
    let result = result.json();
    assert_eq!(result["didDocument"]["id"], did);
    let version =
        result["didDocumentMetadata"]["versionId"].as_str().expect("a version").to_owned();
    let document = client.with("accept", "application/did").get(&format!("/1.0/identifiers/{did}"));
    assert_eq!(document.header("content-type"), "application/did");
    assert_eq!(document.json(), result["didDocument"]);
    let encoded = did.replace('%', "%25").replace(':', "%3A");
    let proved =
        ok(client, template, &format!("/1.0/identifiers/{encoded}?versionId={version}&proof=true"));
    let metadata = &proved.json()["didDocumentMetadata"];
    assert_eq!(metadata["entries"]["receipts"].as_array().map(Vec::len), Some(1));
    assert!(CurrentProof::from_value(&metadata["current"]).is_ok());
    let posted = client.send(
        "POST",
        &format!("/1.0/identifiers/{did}"),
        "application/json",
        br#"{"versionTime":"2000-01-01T00:00:00Z"}"#,
    );
    schema::check(template, "post", &posted);
    assert_eq!(posted.status, 404, "before the first version");
    let cases = [
        ("did:example:1".to_owned(), 501, "METHOD_NOT_SUPPORTED"),
        ("nonsense".to_owned(), 400, "INVALID_DID"),
        (Controller::new(98).did.to_string(), 404, "NOT_FOUND"),
        (format!("{did}?service=x"), 400, "INVALID_OPTIONS"),
        (format!("{did}?versionId=9-x"), 404, "NOT_FOUND"),
    ];
    for (did, status, error) in cases {
        let answer = client.get(&format!("/1.0/identifiers/{did}"));
        assert_eq!(answer.status, status, "{did}");
        schema::check(template, "get", &answer);
        let said = &answer.json()["didResolutionMetadata"]["error"]["type"];
        assert_eq!(*said, format!("https://www.w3.org/ns/did#{error}").as_str());
    }
}

#[test]
fn status_lists_are_taken_if_recorded_and_served() {
    let filled = filled();
    let Filled { client, anna, list, .. } = &filled;
    let did = anna.did.as_str().replace('%', "%25");
    let uri = URI.replace(':', "%3A").replace('/', "%2F");
    let path = |sequence: u64| format!("/v1/status/list?iss={did}&uri={uri}&seq={sequence}");
    assert_eq!(client.get(&path(1)).code(), "not-found");
    let put = |sequence, body: &[u8]| {
        let answer = client.send("PUT", &path(sequence), "application/octet-stream", body);
        schema::check("/v1/status/list", "put", &answer);
        answer
    };
    assert_eq!(put(1, b"other").code(), "status-list-recorded");
    assert_eq!(put(1, list).status, 201);
    assert_eq!(put(1, list).status, 200, "again");
    assert_eq!(put(2, list).code(), "status-list-unrecorded");
    assert_eq!(ok(client, "/v1/status/list", &path(1)).body, *list);
}

#[test]
fn static_files_are_what_is_on_the_disk() {
    let filled = filled();
    let Filled { client, node, .. } = &filled;
    let checkpoint = ok(client, "/checkpoint", "/checkpoint");
    assert_eq!(checkpoint.header("cache-control"), "public, max-age=1");
    assert_eq!(checkpoint.body, fs::read(node.data.join("checkpoint")).expect("a file"));
    let tiles = files_under(&node.data.join("tile"), |_| true);
    assert!(tiles.len() > 2, "there are tiles and bundles");
    for tile in tiles {
        let path = tile.strip_prefix(&node.data).expect("below").to_str().expect("text").to_owned();
        let answer = ok(client, "/tile/{path}", &format!("/{path}"));
        assert_eq!(answer.body, fs::read(&tile).expect("a file"), "{path}");
        assert!(answer.header("cache-control").contains("immutable"));
    }
    for path in ["/tile/0/x", "/tile/entries/../../keys/log", "/tile/0/999"] {
        assert_eq!(client.get(path).code(), "not-found", "{path}");
    }
}

#[test]
fn the_log_says_who_it_is() {
    let filled = filled();
    let Filled { client, .. } = &filled;
    let log = ok(client, "/v1/log", "/v1/log").json();
    assert_eq!(
        (&log["origin"], &log["limits"]["body"]),
        (&"ledger.example".into(), &65_536.into())
    );
    let (policy, witnesses) = (ok(client, "/v1/policy", "/v1/policy"), &log["witnesses"]);
    assert!(policy.text().contains(log["keys"][0].as_str().expect("a key")));
    assert_eq!(witnesses.as_array().map(Vec::len), Some(2));
    // Those that run with it are no operators to anybody who asks over the network.
    let read = LogPolicy::parse(policy.text()).expect("a policy");
    assert!(read.witnesses().iter().all(|one| one.operator().is_none()));
    assert_eq!(
        [&witnesses[0], &witnesses[1]].map(|one| (one["name"].clone(), one["runByLog"].clone())),
        ["self/w1", "self/w2"].map(|name| (name.into(), true.into()))
    );
    let parameters = ok(client, "/v1/params", "/v1/params");
    let name = sha256(&[&parameters.body]).to_hex();
    let again = ok(client, "/v1/params/{hash}", &format!("/v1/params/{name}"));
    assert_eq!(again.body, parameters.body);
    assert_eq!(client.get(&format!("/v1/params/{}", "0".repeat(64))).code(), "not-found");
    let size = size_of(client);
    let path = format!("/v1/cosignatures/{size}");
    let note = ok(client, "/v1/cosignatures/{size}", &path);
    let lines = client.with("accept", "application/json").get(&path);
    schema::check("/v1/cosignatures/{size}", "get", &lines);
    let count = SignedNote::parse(note.text()).expect("a note").signatures().len();
    assert_eq!(lines.json()["signatures"].as_array().map(Vec::len), Some(count));
    assert_eq!(client.get("/v1/cosignatures/999999").code(), "not-found");

    let by_now = OsClock.now().plus_seconds(2).seconds();
    let at = ok(client, "/v1/checkpoints", &format!("/v1/checkpoints?at={by_now}"));
    assert!(SignedNote::parse(at.text()).is_ok());
    assert_eq!(client.get("/v1/checkpoints?at=1000").code(), "not-found");

    assert_eq!(ok(client, "/v1/openapi.json", "/v1/openapi.json").json()["openapi"], "3.1.0");
    let problem = ok(client, "/problems/{code}", "/problems/version-conflict");
    assert!(problem.text().contains("INK-2012") && problem.text().contains("Remedy: "));
    assert_eq!(client.get("/problems/no-such-code").code(), "not-found");
    let schema = ok(client, "/schemas/{name}", "/schemas/receipt.schema.json");
    assert_eq!(schema.json()["$id"], "urn:inkan:receipt:1");

    assert_eq!(ok(client, "/healthz", "/healthz").text(), "ok\n");
    assert_eq!(ok(client, "/readyz", "/readyz").text(), "ready\n");
    let metrics = ok(client, "/metrics", "/metrics");
    for line in [
        "inkan_entries_total{kind=\"issuance\",outcome=\"new\"} 1",
        "inkan_ready 1",
        "inkan_http_requests_total{route=\"/v1/entries\",status=\"202\"} 4",
    ] {
        assert!(metrics.text().contains(line), "{line} in {}", metrics.text());
    }
    assert!(!metrics.text().contains("did:webvh"));
}

#[test]
fn every_route_answers_head_options_and_other_methods() {
    let filled = filled();
    let Filled { client, .. } = &filled;
    for (path, methods) in ROUTES {
        if path.starts_with("/{path}") || path.starts_with("/.well-known") {
            continue;
        }
        let options = client.send("OPTIONS", path, "", b"");
        assert_eq!(options.status, 204, "{path}");
        assert_eq!(options.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
        let other = client.send("DELETE", path, "", b"");
        assert_eq!((other.status, other.code().as_str()), (405, "method-not-allowed"), "{path}");
        if methods.contains(&"get") {
            let head = client.send("HEAD", path, "", b"");
            assert!(head.status != 405 && head.body.is_empty(), "{path}");
        }
    }
    let unknown: Value = client.get("/v2/nothing").json();
    assert_eq!(unknown["code"], "not-found");
}
