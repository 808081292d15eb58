//! Malicious bytes over HTTP: valid requests of every route with something changed, and requests that are none. Each is
//! answered, no answer is a fault, and nothing gets into the log that was not signed.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use inkan_core::encoding::b64u;
use inkan_core::rng::draw;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_ledger::{ActId, Kind, batch};
use inkan_server::ledger_node::routes::ROUTES;
use inkan_tests::made_node::{Controller, HttpClient, PATIENCE, TestNode, until};
use serde_json::Value;

/// Changed requests of each route and method.
const CHANGES: u64 = 70;
const URI: &str = "https://ledger.example/status/1";
/// What parsers stumble over.
const STRANGE: [&[u8]; 24] = [
    b"%00",
    b"%",
    b"%f",
    b"%ff%fe",
    b"%2e%2e%2f",
    b"..",
    b"//",
    b"\\",
    b"?",
    b"&&",
    b"=",
    b"#",
    b";",
    b"\xff\xfe",
    b"\0",
    b"\t",
    b"\"",
    b"{",
    b"[",
    b"-1",
    b"18446744073709551616",
    b"9007199254740992",
    b"1e9",
    b"\xe2\x80\xae",
];

/// A request as it is sent.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    path: Vec<u8>,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        let mut out = [self.method.as_bytes(), b" ", &self.path, b" HTTP/1.1\r\n"].concat();
        for header in &self.headers {
            out.extend_from_slice(header);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// Whether these bytes begin with a whole head, and all of the body that it announces.
fn is_whole(sent: &[u8]) -> bool {
    let Some(end) = sent.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&sent[..end]).to_ascii_lowercase();
    let announced = head.lines().filter_map(|line| line.strip_prefix("content-length:"));
    let mut announced = announced.filter_map(|length| length.trim().parse::<usize>().ok());
    announced.all(|length| length <= sent.len() - end - 4)
}

/// Sends bytes and gives the first answer.
fn exchange(client: &HttpClient, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(client.address()).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    // A node that refuses early closes while we write.
    let _ = stream.write_all(sent);
    if !is_whole(sent) {
        // Nobody waits for the rest.
        let _ = stream.shutdown(Shutdown::Write);
    }
    let (mut answer, mut piece) = (Vec::new(), [0; 8_192]);
    while !is_answered(&answer) {
        match stream.read(&mut piece) {
            Ok(length) if length > 0 => answer.extend_from_slice(&piece[..length]),
            Ok(_) => break,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{}", sent.escape_ascii());
                break;
            }
        }
    }
    answer
}

/// Whether an answer says how long it is, and is here.
fn is_answered(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(answer.len() - end - 4))
}

struct Draw(SeededRng);

impl Draw {
    fn below(&mut self, below: usize) -> usize {
        let drawn: [u8; 8] = draw(&mut self.0);
        usize::try_from(u64::from_be_bytes(drawn) >> 16).expect("fits") % below.max(1)
    }

    /// Changes bytes at one to three places.
    fn change(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                3 => {
                    let end = at + self.below(bytes.len() - at + 1);
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ => drop(bytes.splice(at..at, STRANGE[self.below(STRANGE.len())].iter().copied())),
            }
        }
    }
}

/// A valid request of each route; what is named in it is in the log.
fn requests(anna: &Controller, list: &[u8]) -> Vec<(&'static str, Sent)> {
    let (scid, did) = (anna.scid(), anna.did.as_str().replace('%', "%25"));
    let uri = URI.replace(':', "%3A").replace('/', "%2F");
    let act = b64u(&[9; 32]);
    let mut out = Vec::new();
    for (route, methods) in ROUTES {
        let path = match route {
            "/tile/{*path}" => "/tile/0/000.p/1".to_owned(),
            "/v1/entries" => "/v1/entries?wait=durable".to_owned(),
            "/v1/lookup/{entryId}" | "/v1/lookup/leaf/{hash}" | "/v1/params/{hash}" => {
                let start = route.split('{').next().expect("a start");
                format!("{start}{}", "a".repeat(64))
            }
            "/v1/receipts/{index}" => "/v1/receipts/1?at=latest&cosigners=min".to_owned(),
            "/v1/consistency" => "/v1/consistency?from=1&to=2".to_owned(),
            "/v1/checkpoints" => "/v1/checkpoints?at=4000000000".to_owned(),
            "/v1/status/current" | "/v1/status/entries" => format!("{route}?iss={did}&uri={uri}"),
            "/v1/status/list" => format!("{route}?iss={did}&uri={uri}&seq=1"),
            "/v1/trust/current" => format!(
                "{route}?iss={did}&type=authorization&entityId=did%3Aexample%3Ax&action=issue&resource=Badge"
            ),
            "/v1/acts/current" | "/v1/acts/entries" => format!("{route}?iss={did}&act={act}"),
            "/v1/once/current" => format!("{route}?scope=coupon&id={act}"),
            "/1.0/identifiers/{*did}" => {
                format!("/1.0/identifiers/{did}?versionTime=2100-01-01T00:00:00Z")
            }
            "/problems/{code}" => "/problems/not-found".to_owned(),
            "/schemas/{name}" => "/schemas/receipt.schema.json".to_owned(),
            "/{path}/did.jsonl" => "/p1/did.jsonl".to_owned(),
            "/{path}/did-witness.json" => "/p1/did-witness.json".to_owned(),
            "/{path}" => "/status/1".to_owned(),
            other => other.replace("{scid}", scid).replace("{index}", "1").replace("{size}", "1"),
        };
        for method in methods {
            let (media_type, body) = match (route, *method) {
                ("/v1/entries", _) => ("text/jsonl", anna.line.clone().into_bytes()),
                ("/v1/batches" | "/v1/imports", _) => {
                    let one = (Kind::Did, anna.line.as_bytes());
                    ("application/octet-stream", batch::join([one]).expect("a batch"))
                }
                ("/v1/status/list", "put") => ("application/octet-stream", list.to_vec()),
                (_, "post") => ("application/json", br#"{"versionId":"1-x"}"#.to_vec()),
                _ => ("", Vec::new()),
            };
            let mut headers: Vec<Vec<u8>> =
                [&b"connection: close"[..], b"host: ledger.example", b"accept: */*"]
                    .map(<[u8]>::to_vec)
                    .into();
            if *method != "get" {
                headers.push(format!("content-type: {media_type}").into_bytes());
                headers.push(format!("content-length: {}", body.len()).into_bytes());
            }
            let method = match *method {
                "get" => "GET",
                "post" => "POST",
                "put" => "PUT",
                other => panic!("{other}: a method that this test does not know"),
            };
            out.push((route, Sent { method, path: path.clone().into_bytes(), headers, body }));
        }
    }
    out
}

/// Checks that these bytes are an answer, and no fault.
fn check(sent: &[u8], answer: &[u8]) {
    let shown = || format!("{}\n---\n{}", sent.escape_ascii(), answer.escape_ascii());
    // Who does not say all that he announced has nothing to expect.
    if answer.is_empty() && !is_whole(sent) {
        return;
    }
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{}", shown()));
    let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
    let status = status.unwrap_or_else(|| panic!("{}", shown()));
    assert!((200..500).contains(&status) || matches!(status, 501 | 503), "{}", shown());
    let is_problem = head.to_ascii_lowercase().contains("content-type: application/problem+json");
    if is_problem && !body.is_empty() {
        // What followed a whole request is answered, too.
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ").and_then(|length| length.parse::<usize>().ok())
        });
        let body = &body[..length.unwrap_or(body.len()).min(body.len())];
        let problem: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{}", shown()));
        assert_eq!(problem["status"], status, "{}", shown());
        assert_ne!(problem["code"], "node-fault", "{}", shown());
    }
}

/// All leaves but those of the operator.
fn leaves(client: &HttpClient) -> BTreeSet<Vec<u8>> {
    let size = client.get("/v1/log").json()["size"].as_u64().expect("a size");
    (0..size)
        .map(|index| client.get(&format!("/v1/entries/{index}")).body)
        .filter(|leaf| !leaf.starts_with(b"inkan-leaf/v1\nepoch\n"))
        .collect()
}

#[test]
fn changed_requests_of_every_route_are_answered_and_change_nothing() {
    let node = TestNode::start();
    let (client, anna) = (node.client(), Controller::new(1));
    let list = br#"{"type":"BitstringStatusListCredential"}"#;
    let entries = [
        anna.line.clone(),
        anna.act(ActId::from_bytes([9; 32]), 1),
        anna.issuance("a"),
        anna.status(URI, 1, sha256(&[list])),
    ];
    for entry in &entries {
        assert_eq!(client.submit_and_wait(entry, "cosigned").status, 200);
    }
    let before = leaves(&client);
    assert_eq!(before.len(), 4);
    let mut draw = Draw(SeededRng::new(11));
    let mut statuses = BTreeSet::new();
    for (route, request) in requests(&anna, list) {
        let answer = exchange(&client, &request.bytes());
        check(&request.bytes(), &answer);
        assert!(answer.starts_with(b"HTTP/1.1 "), "{route}: a valid request is answered");
        statuses.insert(answer[9..12].to_vec());
        for _ in 0..CHANGES {
            let mut changed = request.clone();
            match draw.below(8) {
                0..=2 => {
                    let mut rest = changed.path.split_off(1);
                    draw.change(&mut rest);
                    changed.path.extend(rest);
                }
                3 => draw.change(&mut changed.path),
                4 => {
                    let at = draw.below(changed.headers.len());
                    draw.change(&mut changed.headers[at]);
                }
                5 => {
                    let count = 1 + draw.below(90);
                    changed.headers.extend((0..count).map(|n| format!("x-{n}: {n}").into_bytes()));
                }
                _ if !changed.body.is_empty() => {
                    draw.change(&mut changed.body);
                    changed.headers.pop();
                    changed
                        .headers
                        .push(format!("content-length: {}", changed.body.len()).into_bytes());
                }
                _ => {
                    let mut whole = changed.bytes();
                    draw.change(&mut whole);
                    check(&whole, &exchange(&client, &whole));
                    continue;
                }
            }
            let bytes = changed.bytes();
            check(&bytes, &exchange(&client, &bytes));
        }
    }
    assert!(statuses.contains(&b"200"[..]) && statuses.contains(&b"404"[..]), "{statuses:?}");

    // It lives, has room, and counted no fault.
    assert_eq!(client.get("/healthz").status, 200);
    let metrics = client.get("/metrics");
    assert!(!metrics.text().contains("status=\"500\""), "{}", metrics.text());
    until("connections are given back", || {
        client.get("/metrics").text().contains("\ninkan_http_connections 1\n")
    });
    let more = anna.issuance("b");
    assert_eq!(client.submit_and_wait(&more, "cosigned").status, 200);
    let after = leaves(&client);
    assert_eq!(after.len(), before.len() + 1, "nothing but what was signed");
    assert!(after.is_superset(&before));
}
