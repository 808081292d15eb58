//! `inkan serve` over a profile: what it issues outlives its key, and API and command line judge alike.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout};

use serde_json::{Value, json};

use crate::common::{Home, Node};

const TOKEN: &str = "a-token-of-enough-characters";

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) fn start(home: &Home, profile: &str, more: &[&str]) -> Self {
        home.write("tokens", format!("{TOKEN}\n"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(home.path("tokens"), mode).unwrap();
        }
        let mut arguments = vec!["-p", profile, "serve", "--http", "--listen", "127.0.0.1:0"];
        arguments.extend(more);
        let mut command = home.command(&arguments);
        command.stderr(std::fs::File::create(home.path("serve.stderr")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let said = std::fs::read_to_string(home.path("serve.stderr")).unwrap();
        let address = line.trim().rsplit_once("http://");
        let address = address.unwrap_or_else(|| panic!("{line}{said}")).1.to_owned();
        Self { child, address, _stdout: stdout }
    }

    fn issuer(home: &Home, more: &[&str]) -> Self {
        let mut arguments = vec!["--tokens", "tokens", "--role", "issuer", "--role", "verifier"];
        arguments.extend(more);
        Self::start(home, "acme", &arguments)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let (status, body) = self.exchange(&format!("{head}{body}"));
        (status, serde_json::from_str(&body).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let host = &self.address;
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }

    fn exchange(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    fn try_issue(&self, members: Value) -> (u16, Value) {
        let mut credential = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "credentialSubject": { "id": "urn:example:ada" },
        });
        for (name, value) in members.as_object().unwrap() {
            credential[name] = value.clone();
        }
        self.post("/credentials/issue", &json!({ "credential": credential }))
    }

    fn issue(&self, members: Value) -> Value {
        let (status, answer) = self.try_issue(members);
        assert_eq!(status, 201, "{answer:#}");
        answer["verifiableCredential"].clone()
    }

    /// The status of judging, and the code of the first problem.
    fn judges(&self, value: &Value) -> (u16, String) {
        let (status, answer) =
            self.post("/credentials/verify", &json!({ "verifiableCredential": value }));
        let code = answer["problemDetails"][0]["code"].as_str().unwrap_or_default().to_owned();
        (status, code)
    }
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn bad(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

fn rotate(home: &Home, name: &str) {
    home.run(&["-p", "acme", "key", "generate", name, "--alg", "ed25519"]).must(0);
    home.run(&["-p", "acme", "did", "rotate", "acme", "--key", name]).must(0);
}

#[test]
fn what_the_api_issues_outlives_its_key() {
    let (home, did, _) = Home::with_parties();
    let api = Server::issuer(&home, &["--status", "revocation"]);
    let old = api.issue(json!({ "id": "urn:example:old" }));
    assert!(old["ledgerRecord"]["log"].is_string(), "{old:#}");
    assert_eq!(api.judges(&old), good());
    let (status, bundle) = api.post("/credentials/bundle", &json!({ "verifiableCredential": old }));
    assert_eq!((status, &bundle["type"]), (200, &json!("inkan-bundle/1")));
    home.write("old.json", old.to_string());
    home.write("bundle.json", bundle.to_string());
    home.run(&["-p", "bank", "verify", "old.json"]).must(0);

    rotate(&home, "sign-2");
    // The server signs with the key in force, and what the other one signed stays good.
    let new = api.issue(json!({ "id": "urn:example:new" }));
    assert_eq!(new["proof"]["verificationMethod"], format!("{did}#sign-2"));
    home.write("new.json", new.to_string());
    for value in [&old, &new, &bundle] {
        assert_eq!(api.judges(value), good());
    }
    for file in ["old.json", "new.json", "bundle.json"] {
        home.run(&["-p", "bank", "verify", file]).must(0);
    }
    home.run(&["-p", "bank", "verify", "bundle.json", "--offline"]).must(0);

    // Either half revokes what the other one sees.
    home.run(&["-p", "acme", "revoke", "old.json", "--reason", "lost", "--yes"]).must(0);
    assert_eq!(api.judges(&old), bad("credential-revoked"));
    assert_eq!(api.judges(&bundle), bad("credential-revoked"));
    let change = |value: bool| {
        let entry = json!({ "statusPurpose": "revocation" });
        let body = json!({
            "credentialId": "urn:example:new", "credentialStatus": entry, "status": value,
        });
        api.post("/credentials/status", &body)
    };
    assert_eq!(change(false).0, 200);
    assert_eq!(api.judges(&new), good());
    let (status, answer) = change(true);
    assert_eq!(status, 200, "{answer:#}");
    assert_eq!(api.judges(&new), bad("credential-revoked"));
    home.run(&["-p", "bank", "verify", "new.json"]).must(12);
    let (status, answer) = change(false);
    assert_eq!((status, &answer["code"]), (400, &json!("status-revocation-final")));

    // Nobody is given a place of somebody else's.
    let (status, answer) = api.try_issue(json!({ "credentialStatus": new["credentialStatus"] }));
    assert_eq!((status, &answer["code"]), (400, &json!("status-entry-unknown")));
    // Nor says where it is recorded.
    let (status, _) = api.try_issue(json!({ "ledgerRecord": old["ledgerRecord"] }));
    assert_eq!(status, 400);
    let (status, answer) = api.post(
        "/credentials/bundle",
        &json!({ "verifiableCredential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
    } }),
    );
    assert_eq!(status, 400, "{answer:#}");
}

#[test]
fn without_the_ledger_a_replaced_key_ends_what_it_signed() {
    let (home, _, _) = Home::with_parties();
    let api = Server::issuer(&home, &["--no-ledger", "--status", "revocation"]);
    let issued = api.issue(json!({}));
    assert!(issued.get("ledgerRecord").is_none());
    assert_eq!(api.judges(&issued), good());
    let said = std::fs::read_to_string(home.path("serve.stderr")).unwrap();
    assert!(said.contains("cannot be verified any more once its key is replaced"), "{said}");
    let (status, answer) =
        api.post("/credentials/bundle", &json!({ "verifiableCredential": issued }));
    assert_eq!((status, &answer["code"]), (404, &json!("credential-not-recorded")));
    home.write("issued.json", issued.to_string());
    let ran =
        home.run(&["-p", "acme", "revoke", "issued.json", "--reason", "lost", "--yes"]).must(8);
    assert!(ran.stderr.contains("/credentials/status"), "{}", ran.stderr);
    rotate(&home, "sign-2");
    assert_eq!(api.judges(&issued), bad("receipt-needed"));
    // What the new key signs is good at once, and so is the list that it is in.
    assert_eq!(api.judges(&api.issue(json!({}))), good());
}

#[test]
fn a_verifier_judges_as_its_profile_does() {
    let (home, _, me) = Home::with_parties();
    home.write("claims.json", r#"{"givenName": "Ada"}"#);
    let issue = ["-p", "acme", "issue", "Person", "--from", "acme", "--to", &me];
    let more = ["--claims", "claims.json", "--out", "bundle.json"];
    home.run(&[issue.as_slice(), &more].concat()).must(0);
    let bundle: Value =
        serde_json::from_slice(&std::fs::read(home.path("bundle.json")).unwrap()).unwrap();
    let api = Server::start(&home, "bank", &["--role", "verifier"]);
    home.run(&["-p", "bank", "verify", "bundle.json"]).must(0);
    assert_eq!(api.judges(&bundle), good());
    assert_eq!(api.judges(&bundle["credential"]), good());
    let (status, answer) =
        api.post("/presentations/verify", &json!({ "verifiablePresentation": bundle }));
    assert_eq!(status, 400, "{answer:#}");
    rotate(&home, "sign-2");
    assert_eq!(api.judges(&bundle["credential"]), good());
    home.run(&["-p", "acme", "revoke", "bundle.json", "--reason", "lost", "--yes"]).must(0);
    assert_eq!(api.judges(&bundle), bad("credential-revoked"));
    assert_eq!(api.judges(&bundle["credential"]), bad("credential-revoked"));
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let (home, _, _) = Home::with_parties();
    let serve = |more: &[&str]| {
        let start = ["serve", "--http", "--open-issuing", "--listen", "127.0.0.1:0"];
        home.run(&[more, &start].concat())
    };
    let ran = serve(&["-p", "bank"]).must(3);
    assert!(ran.stderr.contains("INK-7088"), "{}", ran.stderr);
    home.run(&["-p", "acme", "did", "create", "--method", "key", "--name", "other"]).must(0);
    let ran = serve(&["-p", "acme"]);
    assert!(ran.stderr.contains("--as"), "{}", ran.stderr);
    let start = ["-p", "acme", "serve", "--http", "--open-issuing", "--as", "acme", "--data"];
    home.run(&[start.as_slice(), &["nowhere/at/all"]].concat()).must(3);
    assert!(!home.path("nowhere").exists());
    let everywhere = ["serve", "--throwaway", "--open-issuing", "--listen", "0.0.0.0:0"];
    let ran = home.run(&everywhere);
    assert!(!ran.stderr.contains("it signs for anybody"), "{}", ran.stderr);
    // What test suites may ask for is never signed with a key that somebody relies on.
    let conforming = ["-p", "acme", "serve", "--as", "acme", "--judge", "conformance"];
    let start = ["--open-issuing", "--listen", "0.0.0.0:0"];
    let ran = home.run(&[conforming.as_slice(), &start].concat()).must(2);
    assert!(ran.stderr.contains("--throwaway"), "{}", ran.stderr);
}

/// A ledger takes no entries that P-384 signs: what would have to be recorded is not offered, and a server that could issue nothing
/// else does not start.
#[test]
fn a_key_that_no_ledger_takes_is_not_offered_for_what_is_recorded() {
    let (home, _, _) = Home::with_parties();
    let acme = |line: &[&str]| home.run(&[&["-p", "acme"], line].concat()).must(0);
    acme(&["key", "generate", "big", "--alg", "p384"]);
    acme(&["did", "create", "--name", "large", "--key", "big"]);
    let start = ["-p", "acme", "serve", "--http", "--open-issuing", "--listen", "127.0.0.1:0"];
    let ran = home.run(&[&start[..], &["--as", "large"]].concat()).must(2);
    assert!(ran.stderr.contains("--no-ledger"), "{}", ran.stderr);

    let suites = |api: &Server| {
        let (status, body) = api.get("/ids");
        assert_eq!(status, 200, "{body}");
        let ids: Value = serde_json::from_str(&body).unwrap();
        let ids = ids["ids"].as_array().unwrap();
        ids.iter().map(|id| id["suite"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let by = |api: &Server, suite: &str| {
        let credential = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "credentialSubject": { "id": "urn:example:ada" },
        });
        api.post(&format!("/{suite}/credentials/issue"), &json!({ "credential": credential }))
    };
    let api = Server::issuer(&home, &["--as", "large", "--no-ledger"]);
    let of_p384 = ["ecdsa-rdfc-2019-p384", "ecdsa-jcs-2019-p384", "vc-jwt-p384"];
    let of_several = ["vc-cose", "vc-sd-jwt", "dc-sd-jwt"];
    assert_eq!(suites(&api), [of_p384, of_several].concat());
    for suite in suites(&api) {
        let (status, answer) = by(&api, &suite);
        assert_eq!(status, 201, "{answer:#}");
        // No ledger knows the key, and its DID lists it all the same.
        assert_eq!(api.judges(&answer["verifiableCredential"]), good(), "{suite}");
    }
    let (status, answer) = by(&api, "eddsa-jcs-2022");
    assert_eq!((status, &answer["code"]), (404, &json!("suite-not-served")));
    assert!(answer["detail"].as_str().unwrap().contains("ecdsa-jcs-2019-p384"), "{answer:#}");
    drop(api);

    // Beside a key that can: what is recorded is offered, and the other suites say why they are not.
    let api = Server::issuer(&home, &["--as", "acme"]);
    let offered = suites(&api);
    assert!(offered.contains(&"eddsa-rdfc-2022".to_owned()), "{offered:?}");
    assert!(!offered.iter().any(|suite| suite.contains("p384")), "{offered:?}");
    let (status, answer) = by(&api, "ecdsa-jcs-2019-p384");
    assert_eq!((status, &answer["code"]), (404, &json!("suite-not-served")));
}

/// Somebody else writes to the profile: the API waits for its turn, and judges meanwhile.
#[test]
fn a_locked_profile_is_waited_for_and_does_not_stop_judging() {
    let (home, _, _) = Home::with_parties();
    let api = Server::issuer(&home, &[]);
    let issued = api.issue(json!({ "id": "urn:example:one" }));
    let lock = std::fs::File::options()
        .write(true)
        .open(home.path(".local/share/inkan/acme/LOCK"))
        .unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| api.try_issue(json!({ "id": "urn:example:two" })));
        // What is proved is remembered once nobody writes: it is no reason to refuse what is good.
        assert_eq!(api.judges(&issued), good());
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert!(!waiting.is_finished(), "it writes beside another process");
        lock.unlock().unwrap();
        let (status, answer) = waiting.join().unwrap();
        assert_eq!(status, 201, "{answer:#}");
    });
    // For longer than anybody waits it is refused, and nothing is left of it.
    lock.lock().unwrap();
    let (status, answer) = api.try_issue(json!({ "id": "urn:example:three" }));
    assert_eq!((status, &answer["code"]), (503, &json!("profile-locked")));
    lock.unlock().unwrap();
    let listed = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    assert_eq!(listed["credentials"].as_array().unwrap().len(), 2);
}

/// The node of the ledger ends while something is issued: who asks for the same again gets that, and nothing is recorded twice.
#[test]
fn a_request_that_is_made_again_gets_the_credential_of_before() {
    let home = Home::new();
    let listen = ["ledger", "start", "--data", "node", "--listen"];
    let start = |address: &str| Node::start(&home, &[&listen[..], &[address]].concat());
    home.run(&["init", "operator", "--ledger", "node", "--domain", "ledger.example"]).must(0);
    let node = start("127.0.0.1:0");
    let address = node.address.clone();
    let url = format!("http://{address}");
    home.run(&["init", "acme", "--role", "issuer", "--ledger", &url]).must(0);
    home.run(&["-p", "acme", "did", "create", "--name", "acme"]).must(0);
    let api = Server::issuer(&home, &[]);
    assert_eq!(api.get("/readyz").0, 200);
    let first = api.issue(json!({ "id": "urn:example:one" }));
    drop(node);
    let (status, answer) = api.try_issue(json!({ "id": "urn:example:two" }));
    assert_eq!(status, 503, "{answer:#}");
    let mut asked = 0;
    while api.get("/readyz").0 != 503 {
        asked += 1;
        assert!(asked < 100, "ready, and nothing can be served");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let node = start(&address);
    let second = api.issue(json!({ "id": "urn:example:two" }));
    assert_eq!(second["id"], "urn:example:two");
    let listed = || {
        let ran = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0);
        ran.json()["credentials"].as_array().unwrap().len()
    };
    assert_eq!(listed(), 2, "asked again, it is not issued again");
    // Asked for once more after an answer, it is another one, as ever.
    assert_ne!(api.issue(json!({ "id": "urn:example:two" })), second);
    assert_eq!(listed(), 3);
    assert_ne!(first, second);
    drop(node);
}
