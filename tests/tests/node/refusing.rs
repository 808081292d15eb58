//! What the node refuses, and that it lives on: malformed bytes, floods, slow clients.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use inkan_core::rng::{draw, insecure::SeededRng};
use inkan_io::files::{self, Access};
use inkan_ledger::Kind;
use inkan_ledger::batch;
use inkan_server::ledger_node::{Limits, LogTo, Rate};
use inkan_tests::made_node::{Controller, PATIENCE, TestNode, unlimited, until};

use super::schema;

const TOKEN: &str = "operator-token-of-the-tests";

/// A DID that comes with its whole history is a new one as well.
#[test]
fn an_import_counts_as_a_new_did() {
    let node = TestNode::with(|options| options.limits.new_dids = Some(Rate::per_hour(1)));
    let client = node.client();
    assert_eq!(client.submit(&Controller::new(1).line).status, 202);
    let other = Controller::new(2);
    let framed = batch::join([(Kind::Did, other.line.as_bytes())]).expect("a batch");
    let refused = client.post("/v1/imports", "application/octet-stream", &framed);
    assert_eq!((refused.status, refused.code().as_str()), (429, "quota-exceeded"), "{refused:?}");
}

/// A history cannot be cut: who has more versions than a client may send at once could never move here.
#[test]
fn a_history_longer_than_a_clients_burst_is_taken() {
    let node = TestNode::with(|options| {
        options.limits.client = Some(Rate { burst: 1, ..Rate::per_hour(1) });
        options.limits.loopback_is_free = false;
        options.proxies = vec!["127.0.0.1".parse().expect("a network")];
    });
    let anna = Controller::at_home(9, "other.example");
    let lines = [anna.line.clone(), anna.moved("ledger.example")];
    let framed = batch::join(lines.iter().map(|line| (Kind::Did, line.as_bytes())));
    let framed = framed.expect("a batch");
    let send = |client: u8, path: &str| {
        let client = node.client().with("x-forwarded-for", &format!("198.51.100.{client}"));
        client.post(path, "application/octet-stream", &framed)
    };
    let refused = send(1, "/v1/batches");
    assert_eq!((refused.status, refused.code().as_str()), (413, "request-too-large"));
    let taken = send(2, "/v1/imports");
    assert_eq!(taken.status, 202, "{taken:?}");
    // It costs all that the client had.
    assert_eq!(send(2, "/v1/imports").status, 429);
}

/// Each is judged before any is charged: what came before it in the batch counts.
#[test]
fn a_batch_has_no_more_new_dids_and_entries_of_a_signer_than_single_entries() {
    let node = TestNode::with(|options| {
        options.limits.new_dids = Some(Rate::per_hour(2));
        options.limits.signer = Some(Rate { burst: 3, ..Rate::per_hour(1) });
    });
    let client = node.client();
    let statuses = |entries: &[(Kind, String)]| {
        let framed = batch::join(entries.iter().map(|(kind, body)| (*kind, body.as_bytes())));
        let framed = framed.expect("a batch");
        let answer = client.post("/v1/batches", "application/octet-stream", &framed);
        let results = answer.json()["results"].as_array().expect("results").clone();
        results.iter().map(|one| one["status"].as_u64().expect("a status")).collect::<Vec<_>>()
    };
    let people: Vec<_> = (0..3).map(Controller::new).collect();
    let dids: Vec<_> = people.iter().map(|one| (Kind::Did, one.line.clone())).collect();
    assert_eq!(statuses(&dids), [202, 202, 429]);
    let issuances: Vec<_> =
        (0..4).map(|n| (Kind::Issuance, people[0].issuance(&format!("n{n}")))).collect();
    assert_eq!(statuses(&issuances), [202, 202, 202, 429]);
}

#[test]
fn malformed_bytes_get_a_code_and_no_leaf() {
    let node = TestNode::start();
    let client = node.client();
    let anna = Controller::new(1);
    assert_eq!(client.submit(&anna.line).status, 202);
    let issuance = anna.issuance("a");
    let (head, rest) = issuance.split_once('.').expect("a JWS");
    let deep = "[".repeat(30_000);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("text/jsonl", b"".to_vec()),
        ("text/jsonl", b"{}".to_vec()),
        ("text/jsonl", b"\xff\xfe".to_vec()),
        ("text/jsonl", deep.clone().into_bytes()),
        ("text/jsonl", anna.line.replacen("{", r#"{"versionId":"1-x","#, 1).into_bytes()),
        ("text/jsonl", anna.line.replace("did:webvh:1.0", "did:webvh:2.0").into_bytes()),
        ("application/jose", b"".to_vec()),
        ("application/jose", b"..".to_vec()),
        ("application/jose", deep.into_bytes()),
        ("application/jose", format!("{head}.{rest}.x").into_bytes()),
        ("application/jose", format!("{head}.e30.AAAA").into_bytes()),
        ("application/jose", format!("{head}={rest}").into_bytes()),
        ("application/jose", vec![0; 60_000]),
        ("application/jose", format!("{head}.{}", &rest[..rest.len() - 4]).into_bytes()),
        ("application/json", b"{}".to_vec()),
        ("", b"{}".to_vec()),
    ];
    for (media_type, body) in cases {
        let answer = client.post("/v1/entries", media_type, &body);
        assert!((400..500).contains(&answer.status), "{answer:?}");
        schema::check("/v1/entries", "post", &answer);
    }
    let too_large = client.post("/v1/entries", "text/jsonl", &vec![b'x'; 70_000]);
    assert_eq!((too_large.status, too_large.code().as_str()), (413, "request-too-large"));

    // Mutations of what is good, alone and in batches: a code each, and never a second leaf of the same bytes.
    let mut rng = SeededRng::new(5);
    let mut framed =
        batch::join([(Kind::Did, anna.line.as_bytes()), (Kind::Issuance, issuance.as_bytes())])
            .expect("a batch");
    for _ in 0..150 {
        let mut body = issuance.clone().into_bytes();
        flip(&mut body, &mut rng);
        let answer = client.post("/v1/entries", "application/jose", &body);
        // Ids do not depend on signature bytes: once the entry is there, an altered signature is a duplicate of it.
        assert!(answer.status == 200 || (400..500).contains(&answer.status), "{answer:?}");
        flip(&mut framed, &mut rng);
        let answer = client.post("/v1/batches", "application/octet-stream", &framed);
        assert!(answer.status < 500, "{answer:?}");
    }
    let answer = client.submit_and_wait(&issuance, "cosigned");
    assert_eq!(answer.status, 200);
    assert_eq!(client.get("/healthz").status, 200);
    let leaves = client.get("/v1/log").json()["size"].as_u64().expect("a size");
    let kinds: Vec<_> = (0..leaves)
        .map(|index| client.get(&format!("/v1/entries/{index}")).body)
        .filter(|leaf| !leaf.starts_with(b"inkan-leaf/v1\nepoch\n"))
        .collect();
    assert_eq!(kinds.len(), 2, "one DID and one issuance");
}

fn flip(bytes: &mut [u8], rng: &mut SeededRng) {
    let drawn: [u8; 8] = draw(rng);
    let at = usize::try_from(u64::from_be_bytes(drawn) >> 16).expect("fits") % bytes.len();
    bytes[at] ^= 1 << (drawn[7] & 7);
}

#[test]
fn a_client_has_its_share_and_an_operator_more() {
    let scratch = tempfile::tempdir().expect("a folder");
    let tokens = scratch.path().join("tokens");
    files::write_atomic(&tokens, TOKEN.as_bytes(), Access::Private).expect("written");
    let node = TestNode::with(|options| {
        options.limits = Limits {
            client: Some(Rate { burst: 5, ..Rate::per_hour(1) }),
            new_dids: Some(Rate::per_hour(2)),
            signer: Some(Rate::per_hour(2)),
            ..options.limits.clone()
        };
        options.operator_tokens = Some(tokens);
        options.proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    let client = node.client();
    let from = |address: &str| client.with("x-forwarded-for", address);
    let flood: Vec<_> = (0..20).map(|_| from("192.0.2.1").get("/v1/log")).collect();
    let refused: Vec<_> = flood.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(refused.len(), 15);
    assert_eq!(refused[0].code(), "rate-limited");
    assert!(
        refused[0]
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|wait| (3_000..=3_600).contains(&wait))
    );
    assert_eq!(from("192.0.2.2").get("/v1/log").status, 200, "others are not refused");
    for path in ["/checkpoint", "/healthz", "/readyz", "/metrics", "/problems/rate-limited"] {
        assert_eq!(from("192.0.2.1").get(path).status, 200, "{path} costs nothing");
    }
    // A batch costs as much as its entries.
    let framed =
        |count| batch::join((0..count).map(|_| (Kind::Issuance, &b"x"[..]))).expect("a batch");
    let send =
        |count| from("192.0.2.3").post("/v1/batches", "application/octet-stream", &framed(count));
    // What can never be saved up is not worth a retry, and says how much is.
    let never = send(6);
    assert_eq!((never.status, never.code().as_str()), (413, "request-too-large"), "{never:?}");
    assert_eq!((never.header("retry-after"), &never.json()["most"]), ("", &serde_json::json!(5)));
    assert_eq!(send(4).status, 200, "that cost one, and this is what is left");
    assert_eq!(send(2).code(), "rate-limited");

    let operator = client.with("authorization", &format!("Bearer {TOKEN}"));
    for _ in 0..20 {
        assert_eq!(operator.get("/v1/log").status, 200);
    }
    let wrong = from("192.0.2.4").with("authorization", "Bearer operator-token-of-the-testS");
    let answer = wrong.get("/v1/log");
    assert_eq!((answer.status, answer.code().as_str()), (401, "operator-token-invalid"));
    for _ in 0..6 {
        let _ = wrong.get("/v1/log");
    }
    assert_eq!(wrong.get("/v1/log").code(), "rate-limited", "guessing has a limit too");

    // New DIDs and entries of one signer.
    let network = from("2001:db8::1");
    let people: Vec<_> = (0..3).map(Controller::new).collect();
    assert_eq!(network.submit(&people[0].line).status, 202);
    assert_eq!(from("2001:db8::2").submit(&people[1].line).status, 202);
    let answer = from("2001:db8::3").submit(&people[2].line);
    assert_eq!((answer.status, answer.code().as_str()), (429, "quota-exceeded"));
    assert_eq!(operator.submit(&people[2].line).status, 202);
    let entry = |number: u64| people[0].issuance(&number.to_string());
    // Forged entries do not use up the share of the signer they name.
    for number in 0..4 {
        let mut forged = entry(number);
        forged.truncate(forged.len() - 8);
        forged.push_str("AAAAAAAA");
        let answer = from(&format!("198.51.100.{number}")).submit(&forged);
        assert!(matches!(answer.status, 400 | 403), "{answer:?}");
    }
    assert_eq!(from("198.51.100.10").submit(&entry(1)).status, 202);
    assert_eq!(from("198.51.100.11").submit(&entry(1)).status, 200, "a duplicate costs nothing");
    assert_eq!(from("198.51.100.12").submit(&entry(2)).status, 202);
    assert_eq!(from("198.51.100.13").submit(&entry(3)).code(), "rate-limited");
    assert_eq!(operator.submit(&entry(3)).status, 202);
}

#[test]
fn who_is_no_proxy_cannot_name_another_client() {
    let node = TestNode::with(|options| {
        options.limits.client = Some(Rate { burst: 3, ..Rate::per_hour(1) });
    });
    let answers: Vec<_> = (0..10)
        .map(|number| {
            let forged = format!("203.0.113.{number}");
            node.client().with("x-forwarded-for", &forged).get("/v1/log").status
        })
        .collect();
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 7, "{answers:?}");
}

/// A connection on which something was sent.
fn open(node: &TestNode, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(node.node.address()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(bytes).expect("written");
    stream
}

#[test]
fn slow_clients_are_cut_off_and_the_others_served() {
    let node = TestNode::with(|options| {
        options.limits = Limits {
            connections: 40,
            head_timeout: Duration::from_millis(700),
            body_timeout: Duration::from_millis(700),
            ..unlimited()
        };
    });
    let mut slow: Vec<_> =
        (0..15).map(|_| open(&node, b"GET /v1/log HTTP/1.1\r\nhost: x\r\nx: ")).collect();
    slow.extend((0..15).map(|_| {
        open(&node, b"POST /v1/entries HTTP/1.1\r\nhost: x\r\ncontent-type: text/jsonl\r\ncontent-length: 9\r\n\r\n{")
    }));
    slow.extend((0..5).map(|_| open(&node, b"")));
    // There is room for others; who is slow on this machine is cut off as well, and asks again.
    let client = node.client();
    let asked = || client.try_send("GET", "/v1/log", "", b"");
    until("others are served", || asked().is_some_and(|answer| answer.status == 200));
    for stream in &mut slow {
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it was cut off");
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    }
}

#[test]
fn who_finds_no_connection_hears_it_and_is_served_when_others_have_gone() {
    let node = TestNode::with(|options| {
        options.limits = Limits { connections: 40, ..unlimited() };
    });
    let idle: Vec<_> = (0..40).map(|_| open(&node, b"")).collect();
    // Connections are accepted in order.
    let mut one_more = open(&node, b"");
    let mut answer = String::new();
    one_more.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("\"overloaded\""));
    drop(idle);
    let client = node.client();
    let asked = || client.try_send("GET", "/healthz", "", b"");
    until("there is room again", || asked().is_some_and(|answer| answer.status == 200));
}

#[test]
fn one_client_cannot_take_all_connections() {
    let limited = |proxies: &[&str], is_free: bool| {
        TestNode::with(|options| {
            options.limits = Limits {
                connections_per_client: Some(3),
                loopback_is_free: is_free,
                ..unlimited()
            };
            options.proxies =
                proxies.iter().map(|proxy| proxy.parse().expect("a network")).collect();
        })
    };
    let node = limited(&[], false);
    let held: Vec<_> = (0..3).map(|_| open(&node, b"")).collect();
    let mut one_more = open(&node, b"");
    let mut answer = String::new();
    one_more.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("\"rate-limited\""));
    drop(held);
    let client = node.client();
    let asked = || client.try_send("GET", "/metrics", "", b"");
    until("there is room again", || asked().is_some_and(|answer| answer.status == 200));
    let metrics = asked().expect("an answer");
    assert!(!metrics.text().contains("inkan_http_connections_refused_total 0\n"));
    assert_eq!(client.get("/v1/log").json()["limits"]["connections"], 3);
    // A proxy speaks for many, and this machine may be trusted.
    for node in [limited(&["127.0.0.0/8"], false), limited(&[], true)] {
        let _held: Vec<_> = (0..20).map(|_| open(&node, b"")).collect();
        assert_eq!(node.client().get("/healthz").status, 200);
    }
}

/// Without the count of bytes, as many batches are held in memory as there are connections.
#[test]
fn batches_take_only_so_much_memory_at_once() {
    let node = TestNode::with(|options| {
        options.limits = Limits { large_bodies: 9 << 20, ..unlimited() };
    });
    let announce = |length: usize| {
        let head = format!(
            "POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n\
             expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        let mut stream = open(&node, head.as_bytes());
        let mut status = [0; 12];
        stream.read_exact(&mut status).expect("an answer");
        (String::from_utf8_lossy(&status).into_owned(), stream)
    };
    let held: Vec<_> = (0..2).map(|_| announce(4 << 20)).collect();
    assert!(held.iter().all(|(status, _)| status == "HTTP/1.1 100"), "their bodies are waited for");
    assert_eq!(announce(4 << 20).0, "HTTP/1.1 503");
    // Small ones have room, and so have entries.
    let client = node.client();
    let anna = Controller::new(1);
    let framed = batch::join([(Kind::Did, anna.line.as_bytes())]).expect("a batch");
    let answer = client.post("/v1/batches", "application/octet-stream", &framed);
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(client.submit(&anna.issuance("a")).status, 202);
    drop(held);
    until("there is room again", || announce(4 << 20).0 == "HTTP/1.1 100");
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let node = TestNode::start();
    let long = "x".repeat(20_000);
    let answer = node.client().with("x", &long).try_send("GET", "/healthz", "", b"");
    assert!(answer.is_none_or(|answer| answer.status == 431), "too large a head");
    let mut many = node.client();
    for number in 0..100 {
        many = many.with(&format!("x-{number}"), "1");
    }
    let answer = many.try_send("GET", "/healthz", "", b"");
    assert!(answer.is_none_or(|answer| answer.status == 431), "too many headers");
    assert_eq!(node.client().get("/healthz").status, 200);
}

#[test]
fn the_log_of_requests_names_nobody_and_nothing_sent() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("requests");
    let node = TestNode::with(|options| {
        options.limits = unlimited();
        options.log = LogTo::Folder(folder.clone());
        options.proxies = vec!["127.0.0.1".parse().expect("a network")];
    });
    let anna = Controller::new(3);
    let client = node.client().with("x-forwarded-for", "198.51.100.77");
    let accepted = client.submit(&anna.line).json();
    let _ = client.get(&format!("/v1/dids/{}", anna.scid()));
    let _ = client.get("/v1/lookup/secret-lookup");
    let _ = client.get("/secret/path?secret=1");
    let _ = client.post("/v1/entries", "text/jsonl", b"{\"secret\":1}");
    node.node.shutdown().expect("in order");
    let mut text = String::new();
    for file in fs::read_dir(&folder).expect("a folder") {
        text.push_str(&fs::read_to_string(file.expect("a file").path()).expect("text"));
    }
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains(accepted["entryId"].as_str().expect("an id")));
    assert!(text.contains("\"code\":\"malformed-entry\"") && text.contains("198.51.100.0/24"));
    for never in ["198.51.100.77", "secret", anna.scid(), "node.example", "key-1"] {
        assert!(!text.contains(never), "{never} in {text}");
    }
}
