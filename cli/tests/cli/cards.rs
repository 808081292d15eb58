//! A person's card, from the statement to the verdict: as evidence of an issuer, as a login, and by a token behind PKCS #11. The hierarchy is that
//! of `fixtures/jpki`, whose signing key of a person is made from a number.

#[cfg(feature = "pkcs11")]
use std::path::Path;
#[cfg(feature = "pkcs11")]
use std::process::Command;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_evidence::cms;
use inkan_io::clock::{Clock as _, OsClock};
use serde_json::Value;

use super::common::{Home, Ran};
use super::serve::Server;
use super::signing::fits;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../fixtures/jpki/", $name)).as_slice()
    };
}

const BANK: &str = "https://bank.example";

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed))
}

fn now() -> Timestamp {
    OsClock.now()
}

/// The card signs a file, as some client of cards does it.
fn signed(home: &Home, file: &str, (certificate, seed): (&[u8], u64), out: &str) {
    let text = std::fs::read(home.path(file)).unwrap();
    let made = cms::sign(&text, &[certificate.to_vec()], now(), &key(seed)).unwrap();
    home.write(out, made);
}

fn configuration() -> String {
    let text = String::from_utf8(fixture!("config.json").to_vec()).unwrap();
    text.replace("[\"card\"]", "[\"jp_individual_number_card\"]")
}

fn pin(home: &Home, profile: &str) {
    home.write("config.json", configuration());
    let lists = [fixture!("root.crl"), fixture!("signca.crl"), fixture!("authca.crl")];
    for (number, list) in (1..).zip(lists) {
        home.write(&format!("{number}.crl"), list);
    }
    let early = home.run(&["-p", profile, "evidence", "jpki", "pin", "1.crl"]).must(3);
    assert!(early.stderr.contains("INK-7160"), "{}", early.stderr);
    for file in ["config.json", "1.crl", "2.crl", "3.crl"] {
        home.run(&["-p", profile, "evidence", "jpki", "pin", file]).must(0);
    }
    let pins = home.run(&["-p", profile, "evidence", "jpki", "pins", "--json"]).must(0).json();
    assert_eq!(pins["pins"].as_array().unwrap().len(), 4);
}

fn nonce(home: &Home, profile: &str, aud: &str) -> String {
    let ran = home.run(&["-p", profile, "request", "nonce", "--aud", aud]).must(0);
    ran.stdout.trim().to_owned()
}

fn statement(home: &Home, (aud, nonce): (&str, &str), more: &[&str], out: &str) {
    let line = ["-p", "holder", "evidence", "jpki", "statement", "--aud", aud, "--nonce", nonce];
    home.run(&[&line[..], &["--out", out, "--force"], more].concat()).must(0);
}

fn attach(home: &Home, file: &str, cms: &str, more: &[&str], out: &str) -> Ran {
    let line = ["-p", "holder", "evidence", "jpki", "attach", file, "--cms", cms];
    home.run(&[&line[..], &["--out", out, "--force"], more].concat())
}

fn check(home: &Home, profile: &str, file: &str, more: &[&str]) -> Ran {
    let line = ["-p", profile, "evidence", "jpki", "check", file, "--json"];
    home.run(&[&line[..], more].concat())
}

fn codes(answer: &Value) -> Vec<&str> {
    let checks = answer["checks"].as_array().unwrap().iter();
    checks.filter_map(|check| check["code"].as_str()).collect()
}

#[test]
fn a_card_binds_a_did_and_a_verifier_sees_it_for_itself() {
    let (home, acme, me) = Home::with_parties();
    pin(&home, "acme");
    let asked = nonce(&home, "acme", &acme);
    statement(&home, (&acme, &asked), &[], "s.json");
    // Somebody else's key, and a text that is none: nothing is put together of them.
    signed(&home, "s.json", (fixture!("card.der"), 5102), "forged.p7s");
    attach(&home, "s.json", "forged.p7s", &[], "evidence.json").must(11);
    home.write("text.json", "{}");
    signed(&home, "text.json", (fixture!("card.der"), 5101), "text.p7s");
    attach(&home, "text.json", "text.p7s", &[], "evidence.json").must(15);
    // A card that was revoked binds nothing, and uses up no nonce.
    signed(&home, "s.json", (fixture!("revoked.der"), 5101), "revoked.p7s");
    attach(&home, "s.json", "revoked.p7s", &[], "revoked.json").must(0);
    let answer = check(&home, "acme", "revoked.json", &[]);
    assert_ne!(answer.status, 0);
    assert_eq!(codes(&answer.json()), ["jpki-revoked"]);
    // The card of this person.
    signed(&home, "s.json", (fixture!("card.der"), 5101), "card.p7s");
    attach(&home, "s.json", "card.p7s", &[], "evidence.json").must(0);
    let ran = check(&home, "acme", "evidence.json", &[]).must(0);
    fits(&ran, "card-check", include_str!("../../../schemas/card-check.schema.json"));
    let answer = ran.json();
    assert_eq!(answer["decision"], "accept");
    assert_eq!(answer["found"]["certificate"], "signing");
    let facts = answer["found"]["facts"].to_string();
    assert!(facts.contains("owner.sign_key"), "{facts}");
    assert!(!answer.to_string().contains("住基"), "no name leaves the certificate");
    // JPK-05: the nonce counts once; a profile that never made it does not accept it as its own.
    let again = check(&home, "acme", "evidence.json", &[]);
    assert_ne!(again.status, 0);
    assert_eq!(codes(&again.json()), ["statement-nonce-invalid"]);
    let stated = ["--replay", "--state", "--withhold", "--out", "stated.json"];
    check(&home, "acme", "evidence.json", &stated).must(0);
    let text = std::fs::read_to_string(home.path("stated.json")).unwrap();
    assert!(text.contains("\"esig\"") && !text.contains("\"value\""));

    home.write("claims.json", r#"{"resident":true}"#);
    for (evidence, out) in [("evidence.json", "whole.json"), ("stated.json", "withheld.json")] {
        let issue = ["-p", "acme", "issue", "ResidentCertificate", "--from", "acme", "--to", &me];
        let what = ["--claims", "claims.json", "--evidence", evidence, "--out", out];
        home.run(&[&issue[..], &what].concat()).must(0);
    }
    let trust = ["-p", "bank", "trust", "add", &acme, "--issues", "ResidentCertificate"];
    let roles = ["--role", "identity_proofer", "--role", "revocation_checker"];
    let rows = ["--rows", "R2b", "R6", "--from", "2020-01-01T00:00:00Z"];
    home.run(&[&trust[..], &roles, &rows].concat()).must(0);
    let policy = r#"{"type":"inkan-policy/1","id":"sure","version":"1","issuers":"listed",
        "credentialTypes":["ResidentCertificate"],"assurance":{"framework":"jp-swg-2022",
        "requires":{"ial":{"min":"IAL-3","basis":"verified"}}}}"#;
    home.write("sure.json", policy);
    let verify = |file: &str, more: &[&str]| {
        home.run(&[&["-p", "bank", "verify", file, "--json"][..], more].concat())
    };
    let level = |ran: &Ran| ran.json()["assurance"]["ial"]["achieved"].clone();
    // Without a configuration nobody can say what the policy of a certificate means, whoever vouches for it.
    let unknown = verify("withheld.json", &["--min-ial", "3"]).must(15);
    assert!(unknown.stdout.contains("jpki-policy-unknown"), "{}", unknown.stdout);
    assert_ne!(verify("whole.json", &["--policy", "sure.json"]).status, 0);
    // With one it looks itself. Of an issuer's word alone the catalogue decides, which knows no test cards.
    pin(&home, "bank");
    verify("withheld.json", &["--min-ial", "3"]).must(15);
    let verified = verify("whole.json", &["--policy", "sure.json", "--explain"]).must(0);
    assert_eq!(level(&verified), "IAL-3");
    at_a_desk(&home, "whole.json", policy);
    // JPK-03: what is not known of revocation is not good.
    let pins = home.run(&["-p", "bank", "evidence", "jpki", "pins", "--json"]).must(0).json();
    for pin in pins["pins"].as_array().unwrap() {
        if pin["kind"] == "CRL" {
            let name = pin["name"].as_str().unwrap();
            home.run(&["-p", "bank", "evidence", "jpki", "unpin", name]).must(0);
        }
    }
    let capped = verify("whole.json", &["--policy", "sure.json"]).must(15);
    assert_eq!(level(&capped), "IAL-2");
    assert!(capped.stdout.contains("jpki-revocation-undetermined"), "{}", capped.stdout);
}

/// The desk of the bank looks at the card's signature as its command line does.
fn at_a_desk(home: &Home, file: &str, policy: &str) {
    let new = ["-p", "bank", "policy", "new", "sure", "--type", "ResidentCertificate"];
    home.run(&new).must(0);
    home.write(".config/inkan/policies/bank/sure.json", policy);
    let desk = ["--tokens", "tokens", "--role", "verifier", "--desk"];
    let server = Server::start(home, "bank", &desk);
    let open = ["-p", "bank", "desk", "open", "--policy", "sure", "--why", "a loan", "--json"];
    let opened = home.run(&open).must(0).json();
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    let (nonce, audience) = (text("nonce"), text("audience"));
    let present = ["-p", "holder", "present", "--cred", file, "--as", "me", "--aud", &audience];
    let out = ["--nonce", &nonce, "--out", "desk-vp.json"];
    home.run(&[&present[..], &out].concat()).must(0);
    let shown: Value =
        serde_json::from_slice(&std::fs::read(home.path("desk-vp.json")).unwrap()).unwrap();
    let path = text("url").split_once(&server.address).unwrap().1.to_owned();
    let (status, told) = server.post(&path, &shown);
    assert_eq!((status, &told["decision"]), (200, &Value::from("accept")), "{told:#}");
}

#[test]
fn a_card_that_is_registered_logs_its_holder_in() {
    let (home, _, me) = Home::with_parties();
    pin(&home, "bank");
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &me];
    home.run(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat()).must(0);
    let login = |registered: bool, channel: &str| {
        let asked = nonce(&home, "bank", BANK);
        let present = ["-p", "holder", "present", "badge.json", "--as", "me", "--aud", BANK];
        let out = ["--nonce", &asked, "--out", "vp.json", "--force"];
        home.run(&[&present[..], &out].concat()).must(0);
        statement(&home, (BANK, &asked), &["--login"], "login.json");
        signed(&home, "login.json", (fixture!("auth.der"), 5102), "login.p7s");
        attach(&home, "login.json", "login.p7s", &["--channel", channel], "shown.json").must(0);
        let verify = ["-p", "bank", "verify", "vp.json", "--authenticator", "shown.json"];
        let ran = home.run(&[&verify[..], &["--min-aal", "3", "--json"]].concat());
        assert_eq!(ran.stdout.contains("authenticator-not-bound"), !registered, "{}", ran.stdout);
        (ran.status, ran.json()["assurance"]["aal"]["achieved"].clone())
    };
    // Anybody's card could sign a statement that names the holder's key.
    assert_eq!(login(false, "redirect_same_device"), (15, "AAL-1".into()));
    // Both keys sign one statement: then it is the holder's.
    let asked = nonce(&home, "bank", BANK);
    statement(&home, (BANK, &asked), &[], "s.json");
    signed(&home, "s.json", (fixture!("card.der"), 5101), "signing.p7s");
    attach(&home, "s.json", "signing.p7s", &[], "signing.json").must(0);
    signed(&home, "s.json", (fixture!("auth.der"), 5102), "auth.p7s");
    attach(&home, "s.json", "auth.p7s", &[], "auth.json").must(0);
    check(&home, "bank", "auth.json", &["--register"]).must(0);
    assert_eq!(login(true, "redirect_same_device"), (0, "AAL-3".into()));
    // Posted by another device: whoever relayed it is not seen.
    assert_eq!(login(true, "direct_post_cross_device"), (15, "AAL-2".into()));
    // A signing key is no key for logins.
    let asked = nonce(&home, "bank", BANK);
    statement(&home, (BANK, &asked), &[], "s.json");
    signed(&home, "s.json", (fixture!("card.der"), 5101), "signing.p7s");
    attach(&home, "s.json", "signing.p7s", &[], "signing.json").must(0);
    let refused = check(&home, "bank", "signing.json", &["--register"]).must(11);
    assert_eq!(refused.json()["error"]["code"], "card-not-for-logins");
}

#[test]
fn a_did_whose_key_was_reported_stolen_binds_no_card() {
    let (home, acme, _) = Home::with_parties();
    pin(&home, "acme");
    let asked = nonce(&home, "acme", &acme);
    statement(&home, (&acme, &asked), &[], "s.json");
    signed(&home, "s.json", (fixture!("card.der"), 5101), "card.p7s");
    attach(&home, "s.json", "card.p7s", &[], "evidence.json").must(0);
    let keys = home.run(&["-p", "holder", "key", "list"]).must(0).stdout;
    let key = keys.split_whitespace().find(|word| word.starts_with("sign-")).unwrap_or("me-1");
    let report = ["-p", "holder", "did", "report-compromise", "me", "--key", key, "--since"];
    // Since it was made: the refusal of an earlier time names that.
    let ran = home.run(&[&report[..], &["2020-01-01T00:00:00Z"]].concat()).must(9);
    let offered = ran.stderr.split("--since ").nth(1).unwrap();
    let since = offered.split_whitespace().next().unwrap();
    home.run(&[&report[..], &[since]].concat()).must(0);
    let ran = check(&home, "acme", "evidence.json", &["--state", "--out", "stated.json"]).must(17);
    fits(&ran, "card-check", include_str!("../../../schemas/card-check.schema.json"));
    assert_eq!(ran.json()["decision"], "reject");
    assert_eq!(ran.json()["reported"]["since"], since);
    assert!(!home.path("stated.json").exists());
}

/// `softhsm2-util` and its module; under `CI=true` they have to be there.
#[cfg(feature = "pkcs11")]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that is not made says so, and must not be left out in CI"
)]
fn module() -> Option<String> {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ];
    let there = Command::new("softhsm2-util").arg("--version").output().is_ok();
    let found = places.into_iter().find(|path| there && Path::new(path).is_file());
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(found.is_some() || !must, "no SoftHSM: apt-get install softhsm2");
    if found.is_none() {
        eprintln!("NOT TESTED: no SoftHSM (softhsm2)");
    }
    found.map(str::to_owned)
}

/// A key on P-256 as PKCS #8 (RFC 5958, RFC 5915).
#[cfg(feature = "pkcs11")]
fn pkcs8(key: &SecretKey) -> Vec<u8> {
    let head = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25,
        0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    [&head[..], key.to_secret_bytes().expose_secret()].concat()
}

#[cfg(feature = "pkcs11")]
fn tool(home: &Home, program: &str, line: &[&str]) {
    let mut command = Command::new(program);
    command.args(line).current_dir(home.folder());
    command.env("SOFTHSM2_CONF", home.path("softhsm2.conf"));
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{program} {line:?}: {said}");
}

#[cfg(feature = "pkcs11")]
#[test]
fn a_token_signs_as_a_card_does_and_openssl_agrees() {
    let Some(module) = module() else { return };
    let (home, acme, _) = Home::with_parties();
    pin(&home, "acme");
    std::fs::create_dir(home.path("tokens")).unwrap();
    home.write(
        "softhsm2.conf",
        format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            home.path("tokens").display()
        ),
    );
    // A second token: which one is meant has to be said.
    for label in ["card", "other"] {
        let line = ["--init-token", "--free", "--label", label, "--so-pin", "87654321"];
        tool(&home, "softhsm2-util", &[&line[..], &["--pin", "271828"]].concat());
    }
    home.write("p256.p8", inkan_evidence::x5c::pem("PRIVATE KEY", &pkcs8(&key(5101))));
    home.write("rsa.ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\ncertificatePolicies=critical,1.2.3.5.1.20\n");
    let root = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out"];
    let root_more = ["root.pem", "-subj", "/CN=Root", "-days", "900", "-addext"];
    let root_use = ["keyUsage=critical,keyCertSign,cRLSign"];
    tool(&home, "openssl", &[&root[..], &root_more, &root_use].concat());
    let leaf = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "rsa.p8", "-out"];
    tool(&home, "openssl", &[&leaf[..], &["rsa.csr", "-subj", "/CN=Person"]].concat());
    let issue = ["x509", "-req", "-in", "rsa.csr", "-CA", "root.pem", "-CAkey", "root.key"];
    let issue_more = ["-CAcreateserial", "-days", "800", "-extfile", "rsa.ext", "-out", "rsa.pem"];
    tool(&home, "openssl", &[&issue[..], &issue_more].concat());
    for (file, label, id) in [("p256.p8", "p256", "01"), ("rsa.p8", "rsa", "02")] {
        let line = ["--import", file, "--token", "card", "--label", label, "--id", id];
        tool(&home, "softhsm2-util", &[&line[..], &["--pin", "271828"]].concat());
    }
    home.write("p256.pem", inkan_evidence::x5c::pem("CERTIFICATE", fixture!("card.der")));
    let asked = nonce(&home, "acme", &acme);
    statement(&home, (&acme, &asked), &[], "s.json");
    let sign = |label: &str, cert: &str, pin: &str, more: &[&str]| {
        let line = ["-p", "holder", "evidence", "jpki", "sign", "s.json", "--pkcs11-module"];
        let what = [&module, "--key-label", label, "--cert", cert, "--pin-file", pin];
        let out = ["--out", "token.p7s", "--force", "--json"];
        let mut command = home.command(&[&line[..], &what, &out, more].concat());
        command.env("SOFTHSM2_CONF", home.path("softhsm2.conf"));
        super::common::finish(command)
    };
    let card = ["--token-label", "card"];
    // A PIN that others can read is not used.
    home.write("pin", "271828\n");
    close(&home, "pin", 0o644);
    let open = sign("p256", "p256.pem", "pin", &card).must(4).json();
    assert_eq!(open["error"]["code"], "pin-file-exposed");
    close(&home, "pin", 0o600);
    home.write("wrong", "000000");
    close(&home, "wrong", 0o600);
    let error = |ran: Ran| ran.json()["error"]["code"].as_str().unwrap().to_owned();
    assert_eq!(error(sign("p256", "p256.pem", "wrong", &card).must(4)), "token-pin-refused");
    assert_eq!(error(sign("p256", "p256.pem", "pin", &[]).must(3)), "token-unknown");
    assert_eq!(error(sign("nobody", "p256.pem", "pin", &card).must(3)), "token-unknown");
    // The key is not that of the certificate.
    assert_eq!(error(sign("rsa", "p256.pem", "pin", &card).must(8)), "token-key-unsuitable");
    for (label, cert, kind) in
        [("rsa", "rsa.pem", "rsa-2048-sha256"), ("p256", "p256.pem", "p256-sha256")]
    {
        let made = sign(label, cert, "pin", &card).must(0).json();
        assert_eq!(made["algorithm"], kind);
        assert!(!made.to_string().contains("271828"));
        // The same bytes by another implementation.
        let line = ["cms", "-verify", "-binary", "-content", "s.json", "-inform", "DER"];
        let what = ["-in", "token.p7s", "-noverify", "-out", "opened"];
        tool(&home, "openssl", &[&line[..], &what].concat());
    }
    attach(&home, "s.json", "token.p7s", &[], "evidence.json").must(0);
    let answer = check(&home, "acme", "evidence.json", &[]).must(0).json();
    assert!(answer["found"]["facts"].to_string().contains("owner.sign_key"), "{answer}");
}

#[cfg(feature = "pkcs11")]
fn close(home: &Home, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(home.path(name), mode).unwrap();
}
