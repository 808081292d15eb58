//! The verifier's desk in a real browser, whose virtual authenticator makes passkeys and answers: known users and unknown ones, other origins, the
//! same answer twice.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use inkan_core::encoding::{b64, decode_b64u};
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::presentation::{self, PresentationTerms};
use inkan_crypto::KeyType;
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::files::{self, Access};
use inkan_server::credentials::{self, ApiOptions, Protection, Role, RunningApi, Transport};
use inkan_server::desk::{DeskOptions, MetadataFiles};
use inkan_tests::made::Party;
use inkan_tests::made_node::{HttpClient, unlimited};
use inkan_tests::soft_authenticator::{METADATA_HOST, MetadataSigner, metadata_of};
use inkan_tests::workspace_root;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-the-operator-of-this-desk";
/// The model that Chromium's virtual authenticators say they are.
const MODEL: &str = "01020304-0506-0708-0102-030405060708";

/// A browser with one authenticator.
struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Browser {
    fn start(executable: &Path, folder: &Path) -> Self {
        let script = workspace_root().join("tests/interop/pages/desk.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .arg(executable)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, to, from }
    }

    fn try_ask(&mut self, request: &Value) -> Value {
        writeln!(self.to, "{request}").expect("the script reads");
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the script answers");
        serde_json::from_str(&line).expect("JSON")
    }

    fn ask(&mut self, request: &Value) -> Value {
        let answer = self.try_ask(request);
        assert!(answer.get("error").is_none(), "{request}: {answer}");
        answer
    }

    fn look(&mut self, name: &str) {
        let found = self.ask(&json!({ "do": "look", "name": name }));
        assert_eq!(found["wrong"], json!([]), "{name}: {found:#}");
    }

    fn press(&mut self, ceremony: &str) -> Value {
        self.ask(&json!({ "do": "press", "ceremony": ceremony }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Desk {
    folder: tempfile::TempDir,
    running: RunningApi,
    origin: String,
    issuer: Party,
    holder: Party,
}

struct Asked {
    id: String,
    url: String,
    nonce: String,
}

impl Desk {
    /// At a name that browsers take for secure, with metadata that lists the model of this certificate.
    fn start(attestation: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            files::write_atomic(&path, bytes, Access::Private).expect("written");
            path
        };
        let signer = MetadataSigner::new();
        let mut metadata = metadata_of(b"", &["FIDO_CERTIFIED_L2"]);
        metadata["nextUpdate"] = "2099-01-01".into();
        let entry = &mut metadata["entries"][1];
        entry["aaguid"] = MODEL.into();
        entry["metadataStatement"]["attestationRootCertificates"] = json!([b64(attestation)]);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let listen = port.expect("a port");
        let origin = format!("http://localhost:{}", listen.port());
        let tokens = Protection::Tokens(put("tokens", TOKEN.as_bytes()));
        let mut options = ApiOptions::new(listen, tokens, Vec::new());
        options.roles = vec![Role::Verifier];
        options.transport = Transport::Plain;
        options.public_url = Some(origin.clone());
        options.limits = unlimited();
        options.desk = Some(DeskOptions {
            folder: folder.path().join("desk"),
            asker: "Bank of Somewhere".to_owned(),
            reports: None,
            metadata: Some(MetadataFiles {
                blob: put("blob.jwt", &signer.sign(&metadata)),
                root: put("root.der", &signer.root),
                host: METADATA_HOST.to_owned(),
            }),
        });
        let running = credentials::spawn(options, Arc::new(OsClock)).expect("it starts");
        let rng = &mut SeededRng::new(21);
        let (issuer, holder) = (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::P256, rng));
        Self { folder, running, origin, issuer, holder }
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(self.running.address())
    }

    fn ask(&self, min_aal: &str, register: &str) -> Asked {
        let body = json!({
            "policy": "authentic", "minAal": min_aal, "register": register,
            "why": "to open an account that only you can use",
        });
        let operator = self.client().with("authorization", &format!("Bearer {TOKEN}"));
        let answer =
            operator.post("/desk/sessions", "application/json", body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        let told = answer.json();
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        Asked { id: text("id"), url: text("url"), nonce: text("nonce") }
    }

    fn presentation(&self, asked: &Asked) -> String {
        let mut credential = self.issuer.plain_credential(&self.holder.did);
        credential["validFrom"] = "2020-01-01T00:00:00Z".into();
        if let Some(members) = credential.as_object_mut() {
            members.remove("validUntil");
        }
        let credential = self.issuer.secure_di(credential);
        let terms = PresentationTerms {
            holder: &self.holder.did,
            method: &self.holder.method,
            nonce: &asked.nonce,
            audience: &self.origin,
            created: OsClock.now(),
        };
        let made =
            presentation::present_di(std::slice::from_ref(&credential), &terms, &self.holder.key);
        made.expect("a presentation").to_bare()
    }

    /// Decision and level, as the operator is told.
    fn result(&self, asked: &Asked) -> (Value, Value) {
        let operator = self.client().with("authorization", &format!("Bearer {TOKEN}"));
        let told = operator.get(&format!("/desk/sessions/{}", asked.id)).json();
        (told["decision"].clone(), told["report"]["assurance"]["aal"]["achieved"].clone())
    }

    fn post(&self, asked: &Asked, name: &str, body: &str) -> (u16, String) {
        let path = asked.url.strip_prefix(&self.origin).expect("a page of ours");
        let path = format!("{path}/{name}");
        let answer = self.client().post(&path, "application/json", body.as_bytes());
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// The certificate in a packed attestation.
fn certificate(object: &str) -> Vec<u8> {
    let bytes = decode_b64u(object).expect("base64url");
    let mark = [&b"\x63x5c\x81\x59"[..]].concat();
    let at = bytes.windows(mark.len()).position(|window| window == mark).expect("a chain");
    let (length, rest) = bytes[at + mark.len()..].split_first_chunk().expect("a length");
    rest[..usize::from(u16::from_be_bytes(*length))].to_vec()
}

#[test]
fn a_person_with_a_browser_presents_and_confirms_with_a_passkey() {
    let Some(executable) = super::browser() else { return };
    let kept = std::env::var_os("INKAN_SCREENSHOTS");
    let own = tempfile::tempdir().expect("a folder");
    let shots = kept.as_deref().map_or(own.path(), Path::new);
    let mut browser = Browser::start(&executable, shots);
    browser.ask(&json!({ "do": "authenticator", "verified": true }));
    let made = browser.ask(&json!({ "do": "make", "origin": "http://localhost:9" }));
    let desk = Desk::start(&certificate(made["attestationObject"].as_str().expect("an object")));

    // Registered, user known: the level is reached.
    let first = desk.ask("AAL-2", "first");
    assert_eq!(browser.ask(&json!({ "do": "open", "url": first.url }))["status"], 200);
    browser.look("1-asked");
    let presentation = desk.presentation(&first);
    let shown = browser.ask(&json!({ "do": "paste", "text": presentation }));
    assert_eq!(shown["title"], "One more step");
    assert_eq!(desk.result(&first), (Value::Null, json!("AAL-1")));
    browser.look("2-register");
    let registered = browser.press("register");
    assert_eq!((&registered["said"], &registered["title"]), (&json!(""), &json!("One more step")));
    browser.look("3-confirm");
    let confirmed = browser.press("confirm");
    assert_eq!(confirmed["title"], "The verdict", "{confirmed}");
    browser.look("4-accepted");
    let (decision, level) = desk.result(&first);
    assert_eq!(decision, "accept");
    assert!(["AAL-2", "AAL-3"].contains(&level.as_str().expect("a level")), "{level}");
    // The same bytes again, by whatever program.
    let sent = confirmed["sent"]["body"].as_str().expect("what was sent").to_owned();
    assert_eq!(desk.post(&first, "confirm", &sent), (409, "desk-session-answered".to_owned()));

    // Somebody whom the authenticator does not know: lower; then known: reached.
    let second = desk.ask("AAL-2", "never");
    browser.ask(&json!({ "do": "open", "url": format!("{}?lang=ja", second.url) }));
    let file = desk.folder.path().join("answer.json");
    std::fs::write(&file, desk.presentation(&second)).expect("written");
    let shown = browser.ask(&json!({ "do": "choose", "path": file }));
    assert_eq!(shown["title"], "あと一歩です");
    browser.look("5-japanese");
    assert_eq!(
        desk.post(&second, "confirm", &sent),
        (422, "webauthn-challenge-mismatch".to_owned())
    );
    assert_eq!(desk.post(&second, "confirm", &sent), (409, "desk-answer-used".to_owned()));
    let options = desk.client().get(&format!(
        "{}/options",
        second.url.strip_prefix(&desk.origin).expect("a page of ours")
    ));
    let options = options.json()["get"].clone();

    // A page at another port of this name asks for the same: the browser answers, and the desk does not take it.
    let other = json!({ "do": "relay", "origin": "http://localhost:9", "options": options });
    let stolen = browser.ask(&other)["answer"].to_string();
    assert_eq!(
        desk.post(&second, "confirm", &stolen),
        (422, "webauthn-assertion-invalid".to_owned())
    );
    // At another name browsers do not even ask the authenticator.
    for origin in ["http://127.0.0.1:9", "https://evil.example"] {
        let other = json!({ "do": "relay", "origin": origin, "options": options });
        let refused = browser.try_ask(&other)["error"].as_str().expect("an error").to_owned();
        assert!(refused.starts_with("SecurityError"), "{origin}: {refused}");
    }
    assert_eq!(desk.result(&second), (Value::Null, json!("AAL-1")));

    // A user who is not verified: Chromium itself refuses what asks for it, and what was asked otherwise lowers the level.
    browser.ask(&json!({ "do": "authenticator", "verified": false }));
    browser.ask(&json!({ "do": "open", "url": second.url }));
    let refused = browser.press("confirm");
    assert!(refused["said"].as_str().expect("words").starts_with("NotAllowedError"), "{refused}");
    let mut lenient = options;
    lenient["userVerification"] = "discouraged".into();
    let at_home = json!({ "do": "relay", "origin": desk.origin, "options": lenient });
    let unverified = browser.ask(&at_home)["answer"].to_string();
    let (status, code) = desk.post(&second, "confirm", &unverified);
    assert_eq!((status, code.as_str()), (401, "aal-below-requirement"));
    assert_eq!(desk.result(&second), (Value::Null, json!("AAL-1")));
    browser.ask(&json!({ "do": "authenticator", "verified": true }));
    browser.ask(&json!({ "do": "open", "url": second.url }));
    assert_eq!(browser.press("confirm")["title"], "The verdict");
    assert_eq!(desk.result(&second).0, "accept");

    // Refused for good, and nothing there.
    let third = desk.ask("AAL-2", "never");
    browser.ask(&json!({ "do": "open", "url": third.url }));
    browser.ask(&json!({ "do": "paste", "text": "{}" }));
    browser.look("6-unread");
    let unmade = presentation.replacen("\"holder\"", "\"x\":1,\"holder\"", 1);
    browser.ask(&json!({ "do": "paste", "text": unmade }));
    browser.look("7-refused");
}
