//! Offers over HTTP: who may add what, that nothing is lost, and that nobody sees more than the bundle.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use inkan_assurance::Policy;
use inkan_core::{Timestamp, encoding};
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::{Role, Wanted, WantedSigners};
use inkan_credential::{Contexts, Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_evidence::Registry;
use inkan_io::clock::Clock;
use inkan_io::gather::{Network, from_bundle};
use inkan_issuer::AtHand;
use inkan_ledger::{Grade, LogPolicy};
use inkan_server::credentials::{
    self, ApiOptions, Backing, BackingError, Grounds, Issuer, Protection, Recording, Role as Plays,
    RunningApi, Transport,
};
use inkan_server::ledger_node::LogTo;
use inkan_tests::made_node::{HttpAnswer, HttpClient, loopback, unlimited};
use inkan_tests::world::{Case, HOLDER, ISSUER, Order, Step, Who, World};
use inkan_tests::{read_json, schemas};
use inkan_verifier::{KnownState, Receipts, Want};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-enough-characters";

/// A clock that the test moves.
#[derive(Debug)]
struct Moving(AtomicI64);

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}

/// A profile that has pinned the world's log, and asks nobody.
#[derive(Debug)]
struct Pinned(LogPolicy);

impl Backing for Pinned {
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
        Ok(Vec::new())
    }
    fn log_of(&self, _: &Issuer) -> Option<&str> {
        None
    }
    fn is_ours(&self, _: &str) -> Result<bool, BackingError> {
        Ok(false)
    }
    fn begin(&self, _: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
        Err(BackingError { code: "ledger-missing", is_callers: false })
    }
    fn ready(&self, _: Timestamp) -> Result<(), BackingError> {
        Ok(())
    }
    fn grounds(
        &self,
        bundle: &Bundle,
        _: &[Want],
        _: Network,
        _: Timestamp,
    ) -> Result<Grounds, BackingError> {
        Ok(Grounds {
            logs: vec![self.0.clone()],
            grade: Grade::Witnessed(2),
            receipts: Receipts::Used,
            ..Grounds::of(from_bundle(bundle))
        })
    }
    fn policy(&self, _: &str) -> Result<Policy, BackingError> {
        Err(BackingError { code: "policy-unknown", is_callers: true })
    }
    fn registry(
        &self,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Option<Registry>, BackingError> {
        Ok(None)
    }
    fn registries(&self, _: Timestamp) -> Result<Vec<Registry>, BackingError> {
        Ok(Vec::new())
    }
    fn remember(&self, _: &[KnownState]) -> Result<(), BackingError> {
        Ok(())
    }
    fn bundle(&self, _: &SecuredCredential, _: Timestamp) -> Result<Option<Bundle>, BackingError> {
        Ok(None)
    }
    fn at_hand(&self, _: &BTreeSet<String>) -> Result<AtHand, BackingError> {
        Ok(AtHand::default())
    }
    fn contexts(&self) -> Option<Arc<Contexts>> {
        None
    }
}

struct Exchange {
    _running: RunningApi,
    client: HttpClient,
    clock: Arc<Moving>,
    folder: tempfile::TempDir,
    world: World,
    witness: Who,
    stranger: Who,
}

fn start(
    world: &World,
    folder: &tempfile::TempDir,
    clock: &Arc<Moving>,
) -> (RunningApi, HttpClient) {
    use std::os::unix::fs::PermissionsExt as _;
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, format!("{TOKEN}\n")).expect("written");
    std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).expect("set");
    let mut options = ApiOptions::new(loopback(), Protection::Tokens(tokens), Vec::new());
    options.transport = Transport::Plain;
    options.limits = unlimited();
    options.limits.body = 400_000;
    options.roles = vec![Plays::Exchange];
    options.offers = Some(folder.path().join("offers"));
    options.log = LogTo::Folder(folder.path().join("log"));
    options.backing = Some(Arc::new(Pinned(world.context().logs[0].clone())));
    let running = credentials::spawn(options, Arc::clone(clock) as _).expect("it starts");
    let client = HttpClient::new(running.address()).with("host", &running.address().to_string());
    (running, client)
}

impl Exchange {
    fn new(seed: u64) -> Self {
        Self::with_witness(seed, KeyType::Ed25519)
    }

    fn with_witness(seed: u64, key_type: KeyType) -> Self {
        let mut world = World::new(seed);
        let witness = world.settle("witness", key_type);
        let stranger = world.settle("stranger", KeyType::Ed25519);
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(Moving(AtomicI64::new(world.now.seconds())));
        let (running, client) = start(&world, &folder, &clock);
        Self { _running: running, client, clock, folder, world, witness, stranger }
    }

    /// A credential that its subject and the witness have to countersign.
    fn case(&mut self, format: Format, before: Option<i64>) -> Case {
        self.case_for(format, before, None)
    }

    /// The same, made out to somebody.
    fn case_for(
        &mut self,
        format: Format,
        before: Option<i64>,
        audience: Option<&'static str>,
    ) -> Case {
        let before = before.map(|seconds| self.world.now.plus_seconds(seconds));
        let witness = self.world.actor(self.witness).did.to_string();
        let by = Some(WantedSigners::Dids([witness].into()));
        let offer = vec![
            Wanted { by: Some(WantedSigners::Subject), before, ..Wanted::of(Role::Holder) },
            Wanted { by, ..Wanted::of(Role::Witness) },
        ];
        let order = Order { offer, status: false, audience, ..Order::of(format) };
        let mut case = self.world.draw_up(&order);
        self.world.record(&mut case, ISSUER);
        case
    }

    fn act(&mut self, case: &mut Case, who: Who, role: Role, step: Step) {
        let acted = self.world.sign_act(case, who, role, step);
        self.world.record_act(case, &acted, who);
    }

    /// The bundle with everything that the ledger knows now.
    fn bundle(&self, case: &Case) -> Value {
        self.clock.0.store(self.world.now.seconds(), Ordering::SeqCst);
        self.world.parts(case).bundle().to_value()
    }

    fn publish(&self, case: &Case) -> (String, String) {
        let body = json!({ "bundle": self.bundle(case) }).to_string();
        let client = self.client.with("authorization", &format!("Bearer {TOKEN}"));
        let answer = client.post("/offers", "application/json", body.as_bytes());
        super::api::check("/offers", "post", &answer);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let value = answer.json();
        fits(&value);
        let url = value["url"].as_str().expect("a URL").to_owned();
        assert_eq!(answer.header("location"), url);
        let path = url.rsplit_once("/offers/").expect("a place").1;
        assert!(path.len() >= 43, "256 bits");
        (format!("/offers/{path}"), value["key"].as_str().expect("a key").to_owned())
    }

    fn send(&self, path: &str, bundle: &Value) -> HttpAnswer {
        let body = json!({ "bundle": bundle }).to_string();
        let answer = self.client.post(path, "application/json", body.as_bytes());
        super::api::check("/offers/{offer}", "post", &answer);
        answer
    }

    fn refuses(&self, path: &str, bundle: &Value, code: &str) {
        let before = self.show(path);
        let answer = self.send(path, bundle);
        assert_ne!(answer.status, 200, "{code}");
        assert_eq!(answer.code(), code, "{}", answer.text());
        assert_eq!(self.show(path).header("etag"), before.header("etag"), "{code}");
    }

    fn show(&self, path: &str) -> HttpAnswer {
        let answer = self.client.get(path);
        super::api::check("/offers/{offer}", "get", &answer);
        if answer.status == 200 {
            fits(&answer.json());
        }
        answer
    }

    /// Roles and decisions at the exchange, sorted.
    fn acts(&self, path: &str) -> Vec<String> {
        let value = self.show(path).json();
        let acts = value["countersignatures"].as_array().expect("acts").clone();
        let word = |act: &Value, name: &str| act[name].as_str().expect("a word").to_owned();
        let mut out: Vec<_> = acts
            .iter()
            .map(|act| format!("{} {}", word(act, "role"), word(act, "decision")))
            .collect();
        out.sort();
        out
    }
}

#[test]
fn two_who_sign_at_once_both_land_and_the_issuer_seals() {
    for (seed, format) in [(31, Format::DataIntegrity), (32, Format::Jose)] {
        let mut it = Exchange::new(seed);
        let case = it.case(format, None);
        let (path, key) = it.publish(&case);
        let first = it.show(&path);
        assert_eq!(first.json()["stage"], "offered");
        assert_eq!(
            first.json()["demands"][1]["missing"][0],
            it.world.actor(it.witness).did.as_str()
        );
        let known = it.client.with("if-none-match", first.header("etag"));
        assert_eq!(known.get(&path).status, 304);

        // Both begin from the same state.
        let (mut one, mut two) = (case.clone(), case.clone());
        it.act(&mut one, HOLDER, Role::Holder, Step::Accept);
        let holders = it.bundle(&one);
        let witness = it.witness;
        it.act(&mut two, witness, Role::Witness, Step::Accept);
        let witness_alone = it.bundle(&two);
        std::thread::scope(|scope| {
            let sent =
                [&holders, &witness_alone].map(|bundle| scope.spawn(|| it.send(&path, bundle)));
            let _ = sent.map(|sent| assert_eq!(sent.join().expect("an answer").status, 200));
        });
        assert_eq!(it.acts(&path), ["holder accept", "witness accept"]);
        assert_eq!(it.show(&path).json()["stage"], "countersigned");

        // Again, and from a file without the other's act: nothing is lost, and nothing is there twice.
        let tag = it.show(&path).header("etag").to_owned();
        for bundle in [&holders, &witness_alone, &it.bundle(&case)] {
            assert_eq!(it.send(&path, bundle).header("etag"), tag);
        }
        let stale = it.client.with("if-match", first.header("etag"));
        let body = json!({ "bundle": holders }).to_string();
        let answer = stale.post(&path, "application/json", body.as_bytes());
        assert_eq!((answer.status, answer.code().as_str()), (412, "offer-changed"));

        // The seal is made from what the exchange has.
        let there = Bundle::parse(it.show(&path).json()["bundle"].to_string().as_bytes());
        let there = there.expect("a bundle");
        let mut sealed = Case {
            credential: there.artefact.credentials()[0].clone(),
            beside: there.countersignatures.clone(),
            entries: one.entries.iter().chain(&two.entries).cloned().collect(),
            acts: one.acts.iter().chain(&two.acts).copied().collect(),
            ..case.clone()
        };
        it.act(&mut sealed, ISSUER, Role::CoIssuer, Step::Seal);
        let answer = it.send(&path, &it.bundle(&sealed));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["stage"], "anchored", "{:#}", answer.json()["demands"]);

        // After the seal: nobody joins, and who takes something back is shown, and bound.
        let mut joins = case.clone();
        it.act(&mut joins, witness, Role::Witness, Step::Accept);
        let bundle = it.bundle(&joins);
        it.refuses(&path, &bundle, "offer-sealed");
        it.act(&mut sealed, HOLDER, Role::Holder, Step::Withdraw);
        let answer = it.send(&path, &it.bundle(&sealed));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["complete"], true);
        assert!(it.acts(&path).contains(&"holder withdraw".to_owned()));

        // It outlives the process, and what ends it is the key alone.
        let Exchange { _running: running, clock, folder, world, .. } = it;
        drop(running);
        let (_running, client) = start(&world, &folder, &clock);
        assert_eq!(client.get(&path).status, 200);
        let delete = |key: &str| {
            let client = client.with("authorization", &format!("Bearer {key}"));
            client.send("DELETE", &path, "", b"").status
        };
        assert_eq!((delete("guess"), delete(TOKEN), delete(&key)), (401, 401, 204));
        assert_eq!(client.get(&path).code(), "offer-unknown");
        // Neither the log nor a file's name says where it was.
        let secret = path.rsplit_once('/').expect("a place").1;
        assert!(texts(folder.path()).iter().all(|text| !text.contains(secret)));
        assert!(texts(folder.path()).iter().any(|text| text.contains("/offers/{offer}")));
    }
}

/// An exchange relies on nothing that it carries, so for whom a credential is made does not concern it.
#[test]
fn what_is_made_out_to_somebody_is_carried_to_those_who_sign() {
    let mut it = Exchange::new(38);
    let case = it.case_for(Format::Jose, None, Some("https://bank.example"));
    assert_eq!(case.credential.audience(), ["https://bank.example"]);
    let (path, _) = it.publish(&case);
    assert_eq!(it.show(&path).json()["stage"], "offered");
    let mut signed = case.clone();
    it.act(&mut signed, HOLDER, Role::Holder, Step::Accept);
    let witness = it.witness;
    it.act(&mut signed, witness, Role::Witness, Step::Accept);
    let answer = it.send(&path, &it.bundle(&signed));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(it.acts(&path), ["holder accept", "witness accept"]);
    assert_eq!(it.show(&path).json()["stage"], "countersigned");
}

/// What is answered is what the schema says, and nothing beyond it: nobody sees more than the bundle.
fn fits(value: &Value) {
    let schema = read_json(&schemas().join("exchange.schema.json"));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

/// Names and contents of all files in a folder.
fn texts(folder: &std::path::Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            out.push(path.display().to_string());
            if path.is_dir() {
                folders.push(path);
            } else {
                out.push(
                    String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned(),
                );
            }
        }
    }
    out
}

#[test]
fn what_was_not_signed_asked_or_in_time_is_not_taken() {
    let mut it = Exchange::new(33);
    let case = it.case(Format::DataIntegrity, Some(86_400));
    let (path, _) = it.publish(&case);

    // Forged: one character of the signature, one of what is signed.
    let mut signed = case.clone();
    it.act(&mut signed, HOLDER, Role::Holder, Step::Accept);
    let good = it.bundle(&signed);
    let last = good["credential"]["proof"].as_array().expect("proofs").len() - 1;
    let mut forged = good.clone();
    forged["credential"]["proof"][last]["countersignature"]["role"] = "witness".into();
    it.refuses(&path, &forged, "countersignature-invalid");

    // Another credential, or the same with something changed.
    let other = it.case(Format::DataIntegrity, None);
    let other = it.bundle(&other);
    it.refuses(&path, &other, "offer-other-credential");
    let mut changed = good.clone();
    changed["credential"]["credentialSubject"]["name"] = "Mallory".into();
    it.refuses(&path, &changed, "offer-other-credential");

    // An act over another credential.
    let mut replayed = it.bundle(&case);
    let theirs = it.case(Format::DataIntegrity, None);
    let mut theirs_signed = theirs.clone();
    it.act(&mut theirs_signed, HOLDER, Role::Holder, Step::Accept);
    let proof = it.bundle(&theirs_signed)["credential"]["proof"][last].clone();
    replayed["credential"]["proof"] = json!([case_proof(&replayed), proof]);
    let answer = it.send(&path, &replayed);
    assert!(answer.status >= 400, "{}", answer.text());

    // Somebody who is not asked, in a role that is, and one who is, in another.
    let (stranger, witness) = (it.stranger, it.witness);
    for (who, role) in [(stranger, Role::Witness), (witness, Role::Notary), (HOLDER, Role::Witness)]
    {
        let mut acted = case.clone();
        it.act(&mut acted, who, role, Step::Accept);
        let bundle = it.bundle(&acted);
        it.refuses(&path, &bundle, "act-not-asked");
    }
    let mut sealed = case.clone();
    it.act(&mut sealed, stranger, Role::Notary, Step::Seal);
    let bundle = it.bundle(&sealed);
    it.refuses(&path, &bundle, "act-not-asked");
    let mut early = case.clone();
    it.act(&mut early, ISSUER, Role::CoIssuer, Step::Seal);
    let bundle = it.bundle(&early);
    it.refuses(&path, &bundle, "seal-incomplete");

    // A signer whom nobody can resolve from here.
    let mut nobody = good.clone();
    let holder = it.world.actor(HOLDER).did.to_string();
    let published = it.publish_without(&case, &holder);
    nobody["didLogs"].as_object_mut().expect("logs").remove(&holder);
    nobody["receipts"] = json!([]);
    nobody["current"] = json!([]);
    it.refuses(&published, &nobody, "act-unverifiable");

    // Nobody keeps the holder out by a log of theirs that is none.
    let mut junk = it.bundle(&case);
    junk["didLogs"][&holder] = "{}\n".into();
    let answer = it.send(&published, &junk);
    assert_eq!((answer.status, &answer.json()["bundle"]["didLogs"][&holder]), (200, &Value::Null));

    // Powers that no act names are not kept, with an act or without one.
    let tag = it.show(&path).header("etag").to_owned();
    let powers: Value = (0..64).map(|n| json!({ "n": n })).collect();
    let mut filling = it.bundle(&case);
    filling["powers"] = powers.clone();
    assert_eq!(it.send(&path, &filling).header("etag"), tag);
    let mut with_act = good.clone();
    with_act["powers"] = powers;
    let answer = it.send(&path, &with_act);
    assert_eq!((answer.status, answer.json()["bundle"].get("powers")), (200, None));

    // Receipts of the issuer's other entries are no part of this.
    let other = it.case(Format::DataIntegrity, None);
    let mut others = it.bundle(&other);
    others["credential"] = good["credential"].clone();
    let tag = it.show(&path).header("etag").to_owned();
    assert_eq!(it.send(&path, &others).header("etag"), tag);

    // Two proofs of one id.
    let mut twice = good.clone();
    twice["credential"]["proof"][last]["created"] = "2020-01-01T00:00:00Z".into();
    it.refuses(&path, &twice, "act-conflict");

    // Nothing that spoils it for others is taken along: a log that is none, a receipt of nobody.
    let mut poisoned = good.clone();
    let issuer = it.world.actor(ISSUER).did.to_string();
    poisoned["didLogs"][&issuer] = "{}\n".into();
    poisoned["evidence"] = json!([{ "type": "Junk" }]);
    let tag = it.show(&path).header("etag").to_owned();
    assert_eq!(it.send(&path, &poisoned).header("etag"), tag);

    // Shapes and sizes.
    it.refuses(&path, &json!({ "type": "inkan-bundle/1" }), "bundle-artefact-not-one");
    let huge = json!({ "bundle": "x".repeat(500_000) }).to_string();
    let answer = it.client.post(&path, "application/json", huge.as_bytes());
    assert_eq!(answer.status, 413);
    assert_eq!(it.client.post(&path, "text/plain", b"{}").status, 415);

    // A refusal takes it back; after the deadline no acceptance comes in.
    let mut refused = signed.clone();
    it.act(&mut refused, HOLDER, Role::Holder, Step::Withdraw);
    let answer = it.send(&path, &it.bundle(&refused));
    assert_eq!(
        (answer.status, &answer.json()["stage"]),
        (200, &json!("refused")),
        "{}",
        answer.text()
    );
    it.world.sleep(2 * 86_400);
    let mut late = case.clone();
    it.act(&mut late, HOLDER, Role::Holder, Step::Accept);
    let bundle = it.bundle(&late);
    it.refuses(&path, &bundle, "offer-deadline-passed");
    // Who signed and recorded in time may still bring it.
    let (again, _) = it.publish(&case);
    assert_eq!(it.send(&again, &good).status, 200);

    // Ninety days later it is gone.
    it.clock.0.fetch_add(91 * 86_400, Ordering::SeqCst);
    assert_eq!(it.client.get(&path).code(), "offer-unknown");
}

fn case_proof(bundle: &Value) -> Value {
    match &bundle["credential"]["proof"] {
        Value::Array(list) => list[0].clone(),
        one => one.clone(),
    }
}

impl Exchange {
    /// Publishes without what would show who somebody is.
    fn publish_without(&self, case: &Case, did: &str) -> String {
        let mut parts = self.world.parts(case);
        parts.did_logs.retain(|(known, _)| known != did);
        let of = |leaf: &[u8]| String::from_utf8_lossy(leaf).contains(did);
        parts.receipts.retain(|receipt| !of(receipt.leaf_bytes()));
        parts.current.clear();
        let body = json!({ "bundle": parts.bundle().to_value() }).to_string();
        let client = self.client.with("authorization", &format!("Bearer {TOKEN}"));
        let answer = client.post("/offers", "application/json", body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        let url = answer.json()["url"].as_str().expect("a URL").to_owned();
        format!("/offers/{}", url.rsplit_once("/offers/").expect("a place").1)
    }
}

#[test]
fn who_publishes_shows_a_token_and_what_holds() {
    let mut it = Exchange::new(34);
    let case = it.case(Format::DataIntegrity, None);
    let bundle = it.bundle(&case);
    let publish = |token: &str, body: &Value| {
        let client = it.client.with("authorization", &format!("Bearer {token}"));
        let answer = client.post("/offers", "application/json", body.to_string().as_bytes());
        super::api::check("/offers", "post", &answer);
        (answer.status, answer.code())
    };
    let refused = |status, code: &str| (status, code.to_owned());
    assert_eq!(
        publish("guess", &json!({ "bundle": bundle })),
        refused(401, "issuing-not-authorised")
    );
    let mut forged = bundle.clone();
    forged["credential"]["credentialSubject"]["name"] = "Mallory".into();
    assert_eq!(
        publish(TOKEN, &json!({ "bundle": forged })),
        refused(422, "credential-proof-invalid")
    );
    for until in [json!("soon"), json!("2020-01-01T00:00:00Z"), json!("2999-01-01T00:00:00Z")] {
        let body = json!({ "bundle": bundle, "until": until });
        assert_eq!(publish(TOKEN, &body), refused(400, "option-malformed"));
    }
    assert_eq!(publish(TOKEN, &json!({})), refused(400, "request-malformed"));
    assert_eq!(it.client.get("/offers/guess").code(), "offer-unknown");
    // What is no issuer and no verifier does nothing else.
    assert_eq!(it.client.get("/about").json()["roles"], json!(["exchange"]));
    let answer = it.client.post("/credentials/verify", "application/json", b"{}");
    assert_eq!(answer.status, 404);
}

/// The other signature that is as good: of (r, s), (r, n−s).
fn mirrored(proof_value: &str) -> String {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = encoding::decode_hex(order).expect("the order of P-256");
    let mut signature = encoding::decode_multibase(proof_value).expect("a signature");
    let mut borrow = 0;
    for (byte, of_order) in signature[32..].iter_mut().zip(&order).rev() {
        let left = i16::from(*of_order) - i16::from(*byte) - borrow;
        borrow = i16::from(left < 0);
        *byte = u8::try_from(left.rem_euclid(256)).expect("a byte");
    }
    encoding::multibase58(&signature)
}

#[test]
fn a_mirrored_signature_keeps_nobody_out() {
    let mut it = Exchange::with_witness(907, KeyType::P256);
    let case = it.case(Format::DataIntegrity, None);
    let mut signed = case.clone();
    it.act(&mut signed, it.witness, Role::Witness, Step::Accept);
    let good = it.bundle(&signed);
    let value_of = |bundle: &Value| bundle["credential"]["proof"][1]["proofValue"].clone();
    // Whoever saw the file mirrors the signature, and has no receipt that opens it; the witness's own does not.
    let mut other = good.clone();
    let value = mirrored(value_of(&good).as_str().expect("a value"));
    assert_ne!(value_of(&good), value.as_str());
    other["credential"]["proof"][1]["proofValue"] = value.into();
    for receipts in [true, false] {
        let (path, _) = it.publish(&case);
        let mut first = other.clone();
        if !receipts {
            first["receipts"] = it.bundle(&case)["receipts"].clone();
        }
        let answer = it.send(&path, &first);
        // With the witness's receipt at hand, which does not open it, it may be refused outright.
        if !receipts {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(value_of(&answer.json()["bundle"]), value_of(&other), "as good by itself");
        }
        // Without its record the genuine one is no better, and adds nothing; with it, it takes the place.
        let mut bare = good.clone();
        bare["receipts"] = it.bundle(&case)["receipts"].clone();
        let tag = answer.header("etag").to_owned();
        if !receipts {
            assert_eq!(it.send(&path, &bare).header("etag"), tag);
        }
        let answer = it.send(&path, &good);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(value_of(&answer.json()["bundle"]), value_of(&good));
        let proofs = answer.json()["bundle"]["credential"]["proof"].as_array().map(Vec::len);
        assert_eq!(proofs, Some(2));
        // From then on nothing changes it any more.
        let tag = answer.header("etag").to_owned();
        for again in [&other, &first, &bare, &good] {
            let answer = it.send(&path, again);
            assert_eq!((answer.status, answer.header("etag")), (200, tag.as_str()));
        }
    }
}
