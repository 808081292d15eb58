//! The verifier's desk over HTTP, with an authenticator made of software: who may ask, what a page takes, every refusal, and what is on the disk
//! when the server is gone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, Timestamp, encoding, sha256};
use inkan_credential::presentation::{self, PresentationTerms};
use inkan_credential::{Artefact, Bundle, Presentation, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_io::clock::Clock;
use inkan_server::credentials::{
    self, ApiOptions, BackingError, Protection, Role, RunningApi, Transport,
};
use inkan_server::desk::{DeskOptions, MetadataFiles, ReportSigner, Store};
use inkan_tests::made::{Party, moment};
use inkan_tests::made_node::{HttpAnswer, HttpClient, loopback, unlimited};
use inkan_tests::soft_authenticator::{
    METADATA_HOST, Maker, MetadataSigner, PAGE, PRESENT, Page, Shows, SoftAuthenticator, VERIFIED,
    metadata_of,
};
use inkan_tests::{read_json, schemas};
use serde_json::{Map, Value, json};

mod desk {
    mod types;
}

const TOKEN: &str = "a-token-of-the-operator-of-this-desk";
const CREDENTIAL_ID: &[u8] = &[7; 32];

/// A clock that is moved by hand.
#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        moment().plus_seconds(60 + self.0.load(Ordering::SeqCst))
    }
}

/// Who signs reports, how often it did, and whether it cannot now.
#[derive(Debug, Default)]
struct Signs {
    count: AtomicI64,
    away: AtomicBool,
}

impl ReportSigner for Signs {
    fn sign(&self, claims: &Map<String, Value>, _: Timestamp) -> Result<Bundle, BackingError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(BackingError { code: "ledger-unreachable", is_callers: false });
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        let party = Party::new(KeyType::Ed25519, &mut SeededRng::new(77));
        let mut credential = party.plain_credential(&party.did);
        credential["credentialSubject"] = json!(claims);
        Ok(Bundle::of(Artefact::Credential(party.secure_di(credential))))
    }
}

struct Desk {
    folder: tempfile::TempDir,
    running: Option<RunningApi>,
    clock: Arc<Hand>,
    issuer: Party,
    holder: Party,
    credential: SecuredCredential,
    maker: Option<Maker>,
    reports: Option<Arc<Signs>>,
}

/// A session, as somebody sees it who has its address.
struct Asked {
    id: String,
    path: String,
    nonce: String,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (signer, maker) = (MetadataSigner::new(), Maker::new());
        let blob = signer.sign(&metadata_of(&maker.root, &["FIDO_CERTIFIED_L3"]));
        write(&folder, "blob.jwt", &blob);
        write(&folder, "root.der", &signer.root);
        write(&folder, "tokens", TOKEN.as_bytes());
        let rng = &mut SeededRng::new(21);
        let (issuer, holder) = (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::P256, rng));
        let credential = issuer.secure_di(issuer.plain_credential(&holder.did));
        let clock = Arc::new(Hand::default());
        let mut desk = Self {
            folder,
            running: None,
            clock,
            issuer,
            holder,
            credential,
            maker: Some(maker),
            reports: None,
        };
        desk.start();
        desk
    }

    /// The same desk, whose reports are signed.
    fn signing(&mut self) -> Arc<Signs> {
        let signs = Arc::new(Signs::default());
        self.reports = Some(Arc::clone(&signs));
        drop(self.running.take());
        self.start();
        signs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        let mut options =
            ApiOptions::new(loopback(), Protection::Tokens(self.path("tokens")), Vec::new());
        options.roles = vec![Role::Verifier];
        options.transport = Transport::Plain;
        options.public_url = Some(PAGE.to_owned());
        options.limits = unlimited();
        options.limits.body = 1 << 20;
        options.desk = Some(DeskOptions {
            folder: self.path("desk"),
            asker: "The <Bank>".to_owned(),
            reports: self.reports.clone().map(|signs| -> Arc<dyn ReportSigner> { signs }),
            metadata: Some(MetadataFiles {
                blob: self.path("blob.jwt"),
                root: self.path("root.der"),
                host: METADATA_HOST.to_owned(),
            }),
        });
        let clock = Arc::clone(&self.clock);
        self.running = Some(credentials::spawn(options, clock).expect("it starts"));
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(self.running.as_ref().expect("it runs").address())
    }

    fn operator(&self) -> HttpClient {
        self.client().with("authorization", &format!("Bearer {TOKEN}"))
    }

    fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        let answer = self.client().post(path, "application/json", body.to_string().as_bytes());
        described(path, "post", &answer);
        answer
    }

    fn ask(&self, min_aal: &str, register: &str) -> Asked {
        let body = json!({
            "policy": "authentic", "minAal": min_aal, "why": "to open <an> account", "register": register,
        });
        let answer =
            self.operator().post("/desk/sessions", "application/json", body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        described("/desk/sessions", "post", &answer);
        let told = answer.json();
        fits("desk-session", &told);
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        assert_eq!(text("audience"), PAGE);
        let path = text("url").strip_prefix(PAGE).expect("a page of ours").to_owned();
        Asked { id: text("id"), path, nonce: text("nonce") }
    }

    fn presentation_of(&self, holder: &Party, nonce: &str) -> Presentation {
        let credential = match holder.did == self.holder.did {
            true => self.credential.clone(),
            false => self.issuer.secure_di(self.issuer.plain_credential(&holder.did)),
        };
        let terms = PresentationTerms {
            holder: &holder.did,
            method: &holder.method,
            nonce,
            audience: PAGE,
            created: self.clock.now(),
        };
        presentation::present_di(std::slice::from_ref(&credential), &terms, &holder.key)
            .expect("a presentation")
    }

    /// Presents, and gives the challenge that binds authenticators to it.
    fn present(&self, asked: &Asked) -> (HttpAnswer, Digest) {
        self.present_as(&self.holder, asked)
    }

    fn present_as(&self, holder: &Party, asked: &Asked) -> (HttpAnswer, Digest) {
        let presentation = self.presentation_of(holder, &asked.nonce);
        let text = presentation.to_bare();
        let answer = self.client().post(&asked.path, "application/json", text.as_bytes());
        described(&asked.path, "post", &answer);
        let challenge = inkan_evidence::webauthn::challenge(&asked.nonce, &presentation.digest());
        (answer, challenge)
    }

    fn authenticator(&mut self) -> SoftAuthenticator {
        SoftAuthenticator::new(Shows::Maker(Box::new(self.maker.take().expect("one maker"))))
    }

    fn register(&self, asked: &Asked, made: (Vec<u8>, Vec<u8>)) -> HttpAnswer {
        let id = encoding::b64u(CREDENTIAL_ID);
        let body = json!({ "id": id, "rawId": id, "type": "public-key", "response": {
            "clientDataJSON": encoding::b64u(&made.0), "attestationObject": encoding::b64u(&made.1),
        } });
        self.post(&format!("{}/register", asked.path), &body)
    }

    fn confirm(&self, asked: &Asked, answer: &Value) -> HttpAnswer {
        self.post(&format!("{}/confirm", asked.path), answer)
    }

    /// A holder with a registered passkey.
    fn enrolled(&mut self) -> SoftAuthenticator {
        let authenticator = self.authenticator();
        let asked = self.ask("AAL-3", "first");
        let (_, challenge) = self.present(&asked);
        let answer = self.register(&asked, authenticator.create(&Page::of(&challenge)));
        assert_eq!(answer.status, 201, "{}", answer.text());
        authenticator
    }

    fn result(&self, asked: &Asked) -> Value {
        let path = format!("/desk/sessions/{}", asked.id);
        let answer = self.operator().get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let value = answer.json();
        fits("desk-result", &value);
        value
    }

    fn level(&self, asked: &Asked) -> String {
        let level = self.result(asked)["report"]["assurance"]["aal"]["achieved"].clone();
        level.as_str().expect("a level").to_owned()
    }
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) {
    inkan_io::files::write_atomic(
        &folder.path().join(name),
        bytes,
        inkan_io::files::Access::Private,
    )
    .expect("written");
}

fn fits(schema: &str, value: &Value) {
    let schema = read_json(&schemas().join(format!("{schema}.schema.json")));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

/// Status, media type and JSON of an answer are those of the OpenAPI document.
fn described(path: &str, method: &str, answer: &HttpAnswer) {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| read_json(&schemas().join("openapi-credentials.json")));
    let parts: Vec<&str> = path.split('?').next().expect("a path").split('/').collect();
    let template = match parts.as_slice() {
        ["", "desk", "sessions"] => "/desk/sessions".to_owned(),
        ["", "desk", _] => "/desk/{secret}".to_owned(),
        ["", "desk", _, last] => format!("/desk/{{secret}}/{last}"),
        _ => path.to_owned(),
    };
    let mut found = &document["paths"][&template][method]["responses"][answer.status.to_string()];
    if let Some(reference) = found["$ref"].as_str() {
        found = document.pointer(&reference[1..]).expect("a response");
    }
    let kind = answer.header("content-type").split(';').next().expect("a type");
    let described = &found["content"][kind];
    assert!(
        described.is_object(),
        "{method} {template}: {} {kind} {}",
        answer.status,
        answer.text()
    );
    if kind.ends_with("json") {
        let whole =
            json!({ "allOf": [described["schema"]], "$defs": document["components"]["schemas"] });
        let text = whole.to_string().replace("#/components/schemas/", "#/$defs/");
        let whole: Value = serde_json::from_str(&text).expect("JSON");
        let validator = jsonschema::validator_for(&whole).expect("a schema");
        assert!(validator.is_valid(&answer.json()), "{method} {template}: {}", answer.text());
    }
}

#[test]
fn a_passkey_lifts_a_presentation_to_the_level_that_is_asked_for() {
    let mut desk = Desk::new();
    let mut authenticator = desk.authenticator();
    let asked = desk.ask("AAL-3", "first");
    let page = desk.client().get(&asked.path);
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("access-control-allow-origin"), "");
    for shown in ["The &lt;Bank&gt;", "to open &lt;an&gt; account", "AAL-3", &asked.nonce, PAGE] {
        assert!(page.text().contains(shown), "no {shown}");
    }
    assert!(
        !page.text().contains(asked.path.rsplit('/').next().unwrap()),
        "the secret is repeated"
    );
    let japanese = desk.client().with("accept-language", "ja").get(&asked.path);
    assert!(japanese.text().contains("<html lang=\"ja\">"));

    // AAL-1 is not enough: a challenge of RFC 9470.
    let (answer, challenge) = desk.present(&asked);
    assert_eq!(answer.status, 401, "{}", answer.text());
    let stepped = answer.header("www-authenticate");
    assert!(stepped.starts_with("Bearer error=\"insufficient_user_authentication\""), "{stepped}");
    assert!(
        stepped.contains("acr_values=\"AAL-3\"") && stepped.contains("max_age=300"),
        "{stepped}"
    );
    let (state, decision) =
        (desk.result(&asked)["state"].clone(), desk.result(&asked)["decision"].clone());
    assert_eq!((state, decision), (json!("presented"), Value::Null));
    let options = desk.client().get(&format!("{}/options", asked.path)).json();
    assert_eq!(options["get"], Value::Null);
    assert_eq!(options["create"]["challenge"], challenge.to_b64u());
    assert_eq!(options["create"]["authenticatorSelection"]["userVerification"], "required");
    let page = desk.client().get(&asked.path);
    assert!(page.text().contains("data-ceremony=\"register\""));

    let answer = desk.register(&asked, authenticator.create(&Page::of(&challenge)));
    assert_eq!(
        (answer.status, answer.json()["attestation"].clone()),
        (201, json!("chain")),
        "{}",
        answer.text()
    );
    let options = desk.client().get(&format!("{}/options", asked.path)).json();
    assert_eq!(options["create"], Value::Null);
    assert_eq!(options["get"]["challenge"], challenge.to_b64u());
    assert_eq!(options["get"]["userVerification"], "required");
    let confirmed = authenticator.get(&Page::of(&challenge));
    let answer = desk.confirm(&asked, &confirmed);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let result = desk.result(&asked);
    assert_eq!((&result["state"], &result["decision"]), (&json!("settled"), &json!("accept")));
    assert_eq!(result["report"]["assurance"]["aal"]["achieved"], "AAL-3");
    assert_eq!(result["holder"], desk.holder.did);
    assert!(desk.client().get(&asked.path).text().contains("✓ Accepted"));

    // Nothing of it counts again, and none of it says what was presented any more.
    assert_eq!(desk.present(&asked).0.code(), "desk-session-answered");
    assert_eq!(desk.confirm(&asked, &confirmed).code(), "desk-session-answered");
    let file = desk.path("desk/sessions").join(format!("{}.json", asked.id));
    assert!(!inkan_io::files::open_to_others(&file).expect("a file"));
    assert!(!std::fs::read_to_string(&file).expect("a file").contains("proofValue"));
}

#[test]
fn answers_of_authenticators_that_do_not_hold_are_refused() {
    let mut desk = Desk::new();
    let mut authenticator = desk.enrolled();
    let asked = desk.ask("AAL-2", "never");
    let (_, challenge) = desk.present(&asked);
    let other = desk.ask("AAL-2", "never");
    let (_, elsewhere) = desk.present(&other);
    let refused = |answer: &Value, code: &str| {
        let told = desk.confirm(&asked, answer);
        assert_eq!((told.status, told.code().as_str()), (422, code), "{}", told.text());
        assert_eq!(
            (desk.level(&asked).as_str(), &desk.result(&asked)["decision"]),
            ("AAL-1", &Value::Null)
        );
    };
    let evil = Page { origin: "https://evil.example", ..Page::of(&challenge) };
    refused(&authenticator.get(&evil), "webauthn-assertion-invalid");
    let port = Page { origin: "https://bank.example:8443", ..Page::of(&challenge) };
    refused(&authenticator.get(&port), "webauthn-assertion-invalid");
    authenticator.rp_id = "evil.example".to_owned();
    refused(&authenticator.get(&Page::of(&challenge)), "webauthn-assertion-invalid");
    authenticator.rp_id = "bank.example".to_owned();
    let of_other = authenticator.get(&Page::of(&elsewhere));
    refused(&of_other, "webauthn-challenge-mismatch");
    // The very same answer is not even judged again.
    assert_eq!(desk.confirm(&asked, &of_other).code(), "desk-answer-used");
    authenticator.credential_id = vec![8; 32];
    refused(&authenticator.get(&Page::of(&challenge)), "authenticator-not-bound");
    authenticator.credential_id = CREDENTIAL_ID.to_vec();
    // It is good for the session that it was made for.
    assert_eq!(desk.confirm(&other, &of_other).status, 200);
    // Three tries are left, of which the last is the end.
    for _ in 0..2 {
        refused(&authenticator.get(&evil), "webauthn-assertion-invalid");
    }
    let _ = desk.confirm(&asked, &authenticator.get(&evil));
    assert_eq!(desk.result(&asked)["decision"], "reject");
}

#[test]
fn users_who_are_not_verified_and_counters_that_go_back_lower_the_level() {
    let mut desk = Desk::new();
    let mut authenticator = desk.enrolled();
    let asked = desk.ask("AAL-2", "never");
    let (_, challenge) = desk.present(&asked);
    authenticator.flags = PRESENT;
    let answer = desk.confirm(&asked, &authenticator.get(&Page::of(&challenge)));
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(desk.level(&asked), "AAL-1");
    authenticator.flags = PRESENT | VERIFIED;
    assert_eq!(desk.confirm(&asked, &authenticator.get(&Page::of(&challenge))).status, 200);
    assert_eq!(desk.level(&asked), "AAL-3");

    // A copy of the authenticator that has fallen behind.
    authenticator.counter = 30;
    let asked = desk.ask("AAL-3", "never");
    let (_, challenge) = desk.present(&asked);
    let answer = desk.confirm(&asked, &authenticator.get(&Page::of(&challenge)));
    assert_eq!((answer.status, desk.level(&asked).as_str()), (401, "AAL-2"), "{}", answer.text());
    assert!(desk.result(&asked)["report"].to_string().contains("authenticator-counter"));
}

#[test]
fn passkeys_are_registered_if_the_operator_allows_it_and_to_one_holder() {
    let mut desk = Desk::new();
    let mut authenticator = desk.authenticator();
    // Nobody said that one may be registered, and there is none: the verdict stands at once.
    let asked = desk.ask("AAL-2", "never");
    let (answer, challenge) = desk.present(&asked);
    assert_eq!((answer.status, answer.code().as_str()), (403, "aal-below-requirement"));
    let made = authenticator.create(&Page::of(&challenge));
    assert_eq!(desk.register(&asked, made).code(), "desk-session-answered");
    let asked = desk.ask("AAL-2", "first");
    let nothing = desk.register(&asked, (vec![1], vec![1]));
    assert_eq!(nothing.code(), "desk-nothing-presented");
    let (_, challenge) = desk.present(&asked);
    authenticator.flags = PRESENT;
    let unverified = desk.register(&asked, authenticator.create(&Page::of(&challenge)));
    assert_eq!((unverified.status, unverified.code().as_str()), (422, "desk-passkey-unfit"));
    authenticator.flags = PRESENT | VERIFIED;
    let evil = Page { origin: "https://evil.example", ..Page::of(&challenge) };
    assert_eq!(
        desk.register(&asked, authenticator.create(&evil)).code(),
        "webauthn-assertion-invalid"
    );
    let stale = sha256(&[b"another"]);
    let stale = desk.register(&asked, authenticator.create(&Page::of(&stale)));
    assert_eq!(stale.code(), "webauthn-challenge-mismatch");
    assert_eq!(desk.register(&asked, authenticator.create(&Page::of(&challenge))).status, 201);
    let again = desk.register(&asked, authenticator.create(&Page::of(&challenge)));
    assert_eq!(again.code(), "desk-registration-not-allowed");
    // Somebody else can neither register nor use it.
    let stranger = Party::new(KeyType::P256, &mut SeededRng::new(99));
    let theirs = desk.ask("AAL-2", "more");
    let (answer, challenge) = desk.present_as(&stranger, &theirs);
    assert_eq!(answer.status, 401, "{}", answer.text());
    let taken = desk.register(&theirs, authenticator.create(&Page::of(&challenge)));
    assert_eq!(taken.code(), "desk-passkey-unfit");
    let used = desk.confirm(&theirs, &authenticator.get(&Page::of(&challenge)));
    assert_eq!((used.status, used.code().as_str()), (422, "authenticator-not-bound"));
}

#[test]
fn a_passkey_that_is_forgotten_counts_for_nothing_and_makes_room() {
    let mut desk = Desk::new();
    let mut authenticator = desk.authenticator();
    let asked = desk.ask("AAL-2", "first");
    let (_, challenge) = desk.present(&asked);
    assert_eq!(desk.register(&asked, authenticator.create(&Page::of(&challenge))).status, 201);
    // Beside the server, as the command does it.
    let store = Store::open(&desk.path("desk")).expect("a desk");
    let known = store.all_passkeys().expect("passkeys");
    let [(name, passkey)] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!(passkey.holder(), desk.holder.did);
    for wrong in ["", "0000000", "zzzzzzzz", &name[1..]] {
        let error = store.forget_passkey(wrong).unwrap_err();
        assert_eq!(error.code(), "desk-passkey-unknown", "{wrong}");
    }
    store.forget_passkey(&name[..8]).expect("it is forgotten");
    assert!(store.all_passkeys().expect("passkeys").is_empty());
    let used = desk.confirm(&asked, &authenticator.get(&Page::of(&challenge)));
    assert_eq!((used.status, used.code().as_str()), (422, "authenticator-not-bound"));
    // The holder has none here now, and may register one.
    let asked = desk.ask("AAL-2", "first");
    let (_, challenge) = desk.present(&asked);
    assert_eq!(desk.register(&asked, authenticator.create(&Page::of(&challenge))).status, 201);
}

#[test]
fn a_nonce_counts_once_for_its_session_within_its_time() {
    let desk = Desk::new();
    let (one, two) = (desk.ask("AAL-1", "never"), desk.ask("AAL-1", "never"));
    // A presentation for another session, or forged, uses up nothing.
    let foreign = desk.presentation_of(&desk.holder, &two.nonce).to_bare();
    let answer = desk.client().post(&one.path, "application/json", foreign.as_bytes());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "nonce-invalid"),
        "{}",
        answer.text()
    );
    let forged = desk.presentation_of(&desk.holder, &one.nonce).to_bare();
    let forged = forged.replacen("\"type\":[\"VerifiableP", "\"x\":1,\"type\":[\"VerifiableP", 1);
    let answer = desk.client().post(&one.path, "application/json", forged.as_bytes());
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(desk.result(&one)["state"], "open");
    assert_eq!(desk.present(&one).0.status, 200);
    assert_eq!(desk.present(&one).0.code(), "desk-session-answered");
    // Time runs out.
    desk.clock.0.store(301, Ordering::SeqCst);
    let late = desk.present(&two).0;
    assert_eq!((late.status, late.code().as_str()), (410, "desk-session-ended"));
    assert_eq!(desk.result(&two)["state"], "ended");
    assert!(desk.client().get(&two.path).text().contains("Time is up"));
    // A day later nobody knows of it.
    desk.clock.0.store(90_000, Ordering::SeqCst);
    let _ = desk.ask("AAL-1", "never");
    assert_eq!(desk.client().get(&one.path).status, 404);
}

#[test]
fn what_was_used_up_stays_so_when_the_server_is_gone() {
    let mut desk = Desk::new();
    let mut authenticator = desk.enrolled();
    let (asked, open) = (desk.ask("AAL-3", "never"), desk.ask("AAL-1", "never"));
    let (_, challenge) = desk.present(&asked);
    desk.running = None;
    desk.start();
    assert_eq!(desk.present(&asked).0.code(), "desk-session-answered");
    let answer = authenticator.get(&Page::of(&challenge));
    assert_eq!(desk.confirm(&asked, &answer).status, 200);
    assert_eq!(desk.present(&open).0.status, 200);
    desk.running = None;
    desk.start();
    assert_eq!(desk.confirm(&asked, &answer).code(), "desk-session-answered");
    // The counter is the one of the last answer.
    authenticator.counter -= 1;
    let asked = desk.ask("AAL-3", "never");
    let (_, challenge) = desk.present(&asked);
    let _ = desk.confirm(&asked, &authenticator.get(&Page::of(&challenge)));
    assert_eq!(desk.level(&asked), "AAL-2");
    // An older BLOB than was used before is none.
    assert!(
        std::fs::read_to_string(desk.path("desk/metadata.json")).expect("a file").contains('7')
    );
}

#[test]
fn only_operators_ask_and_only_pages_of_the_desk_answer() {
    let desk = Desk::new();
    let body = json!({ "policy": "authentic", "why": "x" });
    assert_eq!(desk.post("/desk/sessions", &body).code(), "issuing-not-authorised");
    let asked = desk.ask("AAL-1", "never");
    let answer = desk.client().get(&format!("/desk/sessions/{}", asked.id));
    assert_eq!((answer.status, answer.code().as_str()), (401, "issuing-not-authorised"));
    for (change, code) in [
        (json!({ "policy": "no-such" }), "policy-unknown"),
        (json!({ "minAal": "AAL-9" }), "policy-malformed"),
        (json!({ "why": " " }), "request-malformed"),
        (json!({ "why": "x".repeat(301) }), "request-malformed"),
        (json!({ "register": "always" }), "request-malformed"),
        (json!({ "aal": "2" }), "request-malformed"),
    ] {
        let mut wrong = body.clone();
        let members = change.as_object().expect("members").clone();
        wrong.as_object_mut().expect("members").extend(members);
        let text = wrong.to_string();
        let answer = desk.operator().post("/desk/sessions", "application/json", text.as_bytes());
        assert_eq!(answer.json()["code"], code, "{text}");
    }
    // A page of somebody else makes a browser send a form.
    let text = desk.presentation_of(&desk.holder, &asked.nonce).to_bare();
    let form =
        format!("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--b--\r\n");
    let kind = "multipart/form-data; boundary=b";
    for origin in ["https://evil.example", "null", "https://bank.example:444"] {
        let foreign = desk.client().with("origin", origin);
        assert_eq!(foreign.post(&asked.path, kind, form.as_bytes()).status, 403, "{origin}");
    }
    assert_eq!(desk.client().post(&asked.path, "text/plain", text.as_bytes()).status, 415);
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(desk.client().post(&asked.path, kind, &large).status, 413);
    let empty = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\r\n--b--\r\n";
    let answer = desk.client().post(&asked.path, kind, empty.as_bytes());
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("INK-6588"), "{}", answer.text());
    let bare = desk.credential.to_value().to_string();
    let answer = desk.client().post(&asked.path, "application/json", bare.as_bytes());
    assert_eq!(answer.code(), "desk-answer-malformed");
    let own = desk.client().with("origin", PAGE);
    let answer = own.post(&asked.path, kind, form.as_bytes());
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, &*format!("{}?lang=en", asked.path.trim_start_matches("/desk/")))
    );
    assert!(desk.client().get(&asked.path).text().contains("✓ Accepted"));
    for asset in ["desk.js", "desk.css"] {
        assert_eq!(desk.client().get(&format!("/desk/assets/{asset}")).status, 200);
    }
    assert_eq!(desk.client().get("/desk/no-such-session").status, 404);
}

#[test]
fn the_person_takes_the_verdict_along_and_it_is_signed_once() {
    let mut desk = Desk::new();
    let report = |desk: &Desk, asked: &Asked| {
        let answer = desk.client().get(&format!("{}?report=signed", asked.path));
        described(&asked.path, "get", &answer);
        answer
    };
    // Nobody signs: there is none, and no page speaks of it.
    let asked = desk.ask("AAL-1", "never");
    assert_eq!(desk.present(&asked).0.status, 200);
    assert_eq!(report(&desk, &asked).status, 404);
    assert_eq!(desk.result(&asked)["signedReport"], Value::Null);
    assert!(!desk.client().get(&asked.path).text().contains("report=signed"));

    let signs = desk.signing();
    let asked = desk.ask("AAL-1", "never");
    let early = report(&desk, &asked);
    assert_ne!(early.status, 200, "{}", early.text());
    // Who cannot sign now takes nothing from the verdict, and signs when it is asked for.
    signs.away.store(true, Ordering::SeqCst);
    let presentation = desk.presentation_of(&desk.holder, &asked.nonce).to_bare();
    let answer = desk.client().post(&asked.path, "application/json", presentation.as_bytes());
    assert_eq!((answer.status, &answer.json()["signedReport"]), (200, &Value::Null));
    assert_eq!(report(&desk, &asked).status, 503);
    signs.away.store(false, Ordering::SeqCst);
    let page = desk.client().get(&asked.path);
    let page = page.text();
    assert!(page.contains("href=\"?report=signed\"") && page.contains("signed verdict"), "{page}");
    let taken = report(&desk, &asked);
    assert_eq!((taken.status, taken.header("cache-control")), (200, "no-store"));
    assert!(taken.header("content-disposition").starts_with("attachment"));
    // It says what the report says, which names nobody; and by a digest, what was judged.
    let subject = taken.json()["credential"]["credentialSubject"].clone();
    let told = desk.result(&asked);
    let said: Value =
        serde_json::from_str(subject["report"].as_str().expect("text")).expect("JSON");
    assert_eq!((&said, &subject["decision"]), (&told["report"], &told["decision"]));
    assert_eq!(subject["artefactSha256"], sha256(&[presentation.as_bytes()]).to_hex());
    assert!(!taken.text().contains(&desk.holder.did), "{}", taken.text());
    assert_eq!(
        (report(&desk, &asked).json(), told["signedReport"].clone()),
        (taken.json(), taken.json())
    );
    // A verdict against somebody is signed as well, at once.
    let asked = desk.ask("AAL-3", "never");
    assert_eq!(desk.present(&asked).0.json()["result"]["signedReport"]["type"], "inkan-bundle/1");
    assert_eq!(signs.count.load(Ordering::SeqCst), 2);
}

#[test]
fn what_was_presented_goes_when_the_session_ends_and_the_verdict_a_day_later() {
    let mut desk = Desk::new();
    let later = |desk: &Desk, seconds| desk.clock.0.fetch_add(seconds, Ordering::SeqCst);
    let file =
        |desk: &Desk, asked: &Asked| desk.path("desk/sessions").join(format!("{}.json", asked.id));
    let holds = |desk: &Desk, asked: &Asked| {
        std::fs::read_to_string(file(desk, asked)).expect("a file").contains("proofValue")
    };
    let (waits, left) = (desk.ask("AAL-3", "first"), desk.ask("AAL-3", "first"));
    for asked in [&waits, &left] {
        assert_eq!(desk.present(asked).0.status, 401);
        assert!(holds(&desk, asked), "it is judged again with every answer");
    }
    // Nobody confirmed it in time: with the next session that is opened, it goes.
    later(&desk, 301);
    let settled = desk.ask("AAL-1", "never");
    assert!(!holds(&desk, &waits) && !holds(&desk, &left));
    assert_eq!(desk.result(&waits)["state"], "ended");
    assert_eq!(desk.present(&settled).0.status, 200);
    // A verdict is there for a day, for whoever has the address and for who asked, and no longer; though nobody opens another one.
    later(&desk, 86_400 - 10);
    assert_eq!(desk.client().get(&settled.path).status, 200);
    later(&desk, 11);
    assert_eq!(desk.client().get(&settled.path).status, 404);
    assert_eq!(desk.operator().get(&format!("/desk/sessions/{}", settled.id)).status, 404);
    // A desk that opens clears up, without anybody asking for anything.
    assert!(file(&desk, &settled).is_file());
    let pending = desk.ask("AAL-3", "first");
    assert!(!file(&desk, &settled).exists() && !file(&desk, &waits).exists());
    assert_eq!(desk.present(&pending).0.status, 401);
    drop(desk.running.take());
    later(&desk, 301);
    desk.start();
    assert!(!holds(&desk, &pending));
    drop(desk.running.take());
    later(&desk, 86_400);
    desk.start();
    assert!(!file(&desk, &pending).exists());
}
