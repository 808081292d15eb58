//! Timestamps of an authority made of the `openssl` command over what `inkan` makes, and back: what is put into a bundle, `openssl ts`
//! verifies too.

use std::process::Command;
use std::sync::Arc;

use inkan_core::encoding::decode_b64u;
use inkan_core::sha256;
use inkan_credential::Format;
use inkan_credential::bundle::BundleTimestamp;
use inkan_evidence::tsa::{Anchors, TimestampRequest};
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::gather::from_bundle;
use inkan_io::os_rng::OsRng;
use inkan_io::timestamping::ask;
use inkan_ledger::{Grade, TimestampChecker};
use inkan_tests::shell::Shell;
use inkan_tests::skipped;
use inkan_tests::tsa::Authority;
use inkan_tests::world::{ISSUER, Order, World};
use inkan_verifier::{CheckName, Context, Outcome, Receipts, verify};
use serde_json::{Value, json};

/// An authority; none without `openssl`, which is there in CI.
fn authority() -> Option<Authority> {
    let authority = Authority::start();
    if authority.is_none() {
        skipped("timestamps: no openssl command of version 3");
    }
    authority
}

/// A verifier and issuer on one ledger, a credential without a record, and an authority.
fn set() -> Option<(Shell, Authority)> {
    let authority = authority()?;
    let shell = Shell::new();
    shell.ok(&[
        "init",
        "acme",
        "--role",
        "issuer",
        "--ledger",
        "ledger",
        "--domain",
        "ledger.example",
    ]);
    let did = shell.ok(&["did", "create", "--name", "acme"]);
    shell.write("did.txt", did.trim().as_bytes());
    let claims = json!({ "name": "A. Person" }).to_string();
    shell.write("claims.json", claims.as_bytes());
    shell.ok(&[
        "issue",
        "Badge",
        "--from",
        "acme",
        "--to",
        did.trim(),
        "--claims",
        "claims.json",
        "--no-ledger",
        "--no-status",
        "--out",
        "c.json",
    ]);
    Some((shell, authority))
}

fn openssl_accepts(shell: &Shell, authority: &Authority, bundle: &str) {
    let text = std::fs::read_to_string(shell.home().join(bundle)).unwrap();
    let bundle: Value = serde_json::from_str(&text).unwrap();
    for stamp in bundle["timestamps"].as_array().unwrap() {
        let token = decode_b64u(stamp["token"].as_str().unwrap()).unwrap();
        shell.write("token.der", &token);
        let mut statement = "inkan-timestamp/1\n".to_owned();
        for cover in stamp["covers"].as_array().unwrap() {
            statement.push_str(cover.as_str().unwrap());
            statement.push('\n');
        }
        shell.write("statement.txt", statement.as_bytes());
        let done = Command::new("openssl")
            .args([
                "ts",
                "-verify",
                "-data",
                "statement.txt",
                "-in",
                "token.der",
                "-token_in",
                "-CAfile",
            ])
            .arg(authority.anchor())
            .current_dir(shell.home())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn an_authority_is_asked_pinned_and_stamps_what_it_stamped() {
    let Some((shell, authority)) = set() else { return };
    let ask = ["timestamp", "c.json", "--tsa", authority.url(), "--out", "s.json", "--json"];
    let refused = shell.inkan(&ask);
    assert_ne!(refused.exit, 0);
    assert!(refused.out.contains("timestamp-anchor-unknown"), "{refused:?}");
    assert!(!shell.home().join("s.json").exists());

    let anchor = authority.anchor();
    let pin = ["trust", "pin", "urn:x509:tsa-anchor:example", anchor.to_str().unwrap()];
    shell.ok(&pin);
    let said: Value = serde_json::from_str(&shell.ok(&ask)).unwrap();
    assert_eq!(said["stamps"][0]["authority"], "example", "{said}");
    openssl_accepts(&shell, &authority, "s.json");

    // Stamped again: the newer one is over the older.
    shell.ok(&["timestamp", "s.json", "--tsa", authority.url(), "--out", "t.json"]);
    openssl_accepts(&shell, &authority, "t.json");
    let text = std::fs::read_to_string(shell.home().join("t.json")).unwrap();
    assert_eq!(text.matches("timestamp:").count(), 1, "{text}");
    let upgrade =
        ["bundle", "upgrade", "t.json", "--timestamp", authority.url(), "--out", "u.json"];
    shell.ok(&upgrade);
    openssl_accepts(&shell, &authority, "u.json");
    let upgraded = std::fs::read_to_string(shell.home().join("u.json")).unwrap();
    assert_eq!(upgraded.matches("timestamp:").count(), 3, "{upgraded}");

    let verify = |file: &str| shell.inkan(&["verify", file, "--offline", "--json"]);
    let report = verify("t.json");
    assert_eq!(report.exit, 0, "{report:?}");
    assert!(report.out.contains("\"authority\":\"example\""), "{report:?}");
    // A stamp whose list of items was changed is none.
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    // Another digest of the same kind.
    let item = &mut changed["timestamps"][0]["covers"][0];
    let (kind, digest) = item.as_str().unwrap().split_once(':').unwrap();
    let first = if digest.starts_with('A') { 'B' } else { 'A' };
    let rest: String = digest.chars().skip(1).collect();
    *item = format!("{kind}:{first}{rest}").into();
    assert_ne!(changed.to_string(), text);
    shell.write("x.json", changed.to_string().as_bytes());
    let report = verify("x.json");
    assert_ne!(report.exit, 0, "{report:?}");
    assert!(report.finds("timestamp-imprint-mismatch"), "{report:?}");
}

/// Evidence is stamped before it is issued, and the token counts where the authority is pinned.
#[test]
fn evidence_is_stamped_as_a_whole() {
    let Some((shell, authority)) = set() else { return };
    let anchor = authority.anchor();
    shell.ok(&["trust", "pin", "urn:x509:tsa-anchor:example", anchor.to_str().unwrap()]);
    let did = std::fs::read_to_string(shell.home().join("did.txt")).unwrap();
    let time = OsClock.now().to_string();
    let evidence = json!({
        "type": ["Evidence", "IdentityProofingEvidence"], "time": time,
        "proofer": { "agent": "trained" }, "session": { "presence": "remote" },
        "evidence": [{ "type": "document", "documentDetails": { "type": "jp_drivers_license" },
                       "checkDetails": [{ "checkMethod": "vri", "result": "pass" }] }],
    });
    shell.write("e.json", evidence.to_string().as_bytes());
    let mut policy = json!({
        "type": "inkan-policy/1", "id": "stamped", "version": "1", "issuers": "any",
        "credentialTypes": ["Badge"],
        "assurance": { "framework": "jp-swg-2022",
                       "requires": { "ial": { "min": "IAL-2", "timestamp": "required" } } },
    });
    shell.write("p.json", policy.to_string().as_bytes());
    policy["assurance"]["requires"]["ial"]["timestamp"] = "none".into();
    shell.write("q.json", policy.to_string().as_bytes());
    shell.ok(&["trust", "add", &did, "--role", "identity_proofer", "--rows", "R7"]);
    let whom = ["--from", "acme", "--to", &did];
    let stamp = [&["evidence", "stamp", "e.json", "--tsa", authority.url()], &whom[..]].concat();
    shell.ok(&[&stamp[..], &["--out", "s.json"]].concat());
    let issue = |evidence: &str, out: &str| {
        let what = ["issue", "Badge", "--claims", "claims.json", "--no-ledger", "--no-status"];
        let more = ["--evidence", evidence, "--out", out];
        shell.ok(&[&what[..], &whom, &more].concat());
    };
    let verify = |file: &str, policy: &str| {
        shell.inkan(&["verify", file, "--policy", policy, "--offline", "--json"])
    };
    issue("s.json", "good.json");
    let report = verify("good.json", "./p.json");
    assert_eq!(report.exit, 0, "{report:?}");
    // Without a token the level is there, and what the policy asks is not.
    issue("e.json", "bare.json");
    let report = verify("bare.json", "./p.json");
    assert!(report.exit != 0 && report.finds("timestamp-missing"), "{report:?}");
    assert_eq!(verify("bare.json", "./q.json").exit, 0);
    // What is changed after it was stamped is worth nothing under any policy.
    let text = std::fs::read_to_string(shell.home().join("s.json")).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["evidence"][0]["checkDetails"][0]["checkMethod"] = "vpip".into();
    shell.write("x.json", changed.to_string().as_bytes());
    issue("x.json", "changed.json");
    let report = verify("changed.json", "./q.json");
    assert!(report.exit != 0 && report.finds("timestamp-invalid"), "{report:?}");

    // What names all but its id is given one before it is stamped; what was stamped is not completed afterwards.
    let mut named: Value = serde_json::from_str(&text).unwrap();
    named.as_object_mut().unwrap().remove("id");
    shell.write("late.json", named.to_string().as_bytes());
    let late = ["issue", "Badge", "--claims", "claims.json", "--no-ledger", "--no-status"];
    let late = [&late[..], &whom, &["--evidence", "late.json", "--out", "late-vc.json"]].concat();
    let refused = shell.inkan(&late);
    assert!(refused.exit == 8 && refused.err.contains("before it was complete"), "{refused:?}");
    named["evidence"][0].as_object_mut().unwrap().remove("proofs");
    shell.write("named.json", named.to_string().as_bytes());
    let own = ["evidence", "stamp", "named.json", "--tsa", authority.url(), "--out", "own.json"];
    shell.ok(&own);
    issue("own.json", "own-vc.json");
    assert_eq!(verify("own-vc.json", "./p.json").exit, 0);

    // A seal of somebody whom this verifier does not know leaves the evidence open; one that does not hold is not put in.
    let text = ["evidence", "stamp", "e.json", "--statement-out", "t.txt", "--out", "f.json"];
    shell.ok(&[&text[..], &whom].concat());
    let openssl = |line: &str| {
        let line: Vec<&str> = line.split(' ').collect();
        let done = Command::new("openssl").args(&line).current_dir(shell.home()).output();
        let done = done.expect("openssl");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -keyout o.key -out o.pem -subj /CN=Office -days 30"));
    let sign = "cms -sign -binary -cades -outform DER -signer o.pem -inkey o.key -in t.txt";
    openssl(&format!("{sign} -out o.p7s"));
    let seal = |evidence: &str, out: &str| {
        shell.inkan(&["evidence", "stamp", evidence, "--seal", "o.p7s", "--out", out])
    };
    let sealed = seal("f.json", "g.json");
    assert_eq!(sealed.exit, 0, "{sealed:?}");
    assert_ne!(seal("s.json", "h.json").exit, 0, "a seal over other evidence");
    issue("g.json", "sealed.json");
    let report = verify("sealed.json", "./q.json");
    assert_eq!(report.exit, 19, "{report:?}");
    let office = shell.home().join("o.pem");
    shell.ok(&["trust", "pin", "urn:x509:issuer-anchor:office", office.to_str().unwrap()]);
    let report = verify("sealed.json", "./q.json");
    assert_eq!(report.exit, 0, "{report:?}");
}

/// A credential that nobody recorded, stamped today, whose key is replaced tomorrow.
#[test]
fn its_stamps_outlive_a_key() {
    const HOUR: i64 = 3_600;
    let Some(authority) = authority() else { return };
    let root = std::fs::read(authority.anchor()).unwrap();
    let mut anchors = Anchors::default();
    anchors.pin_file("example", &root).unwrap();
    let der = std::fs::read(authority.anchor().with_extension("der")).unwrap();
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(480);
        let today = OsClock.now();
        assert!(today > world.now, "the clock of this machine is slow");
        world.now = today.plus_seconds(-HOUR);
        let order = Order { ledger: false, status: false, ..Order::of(format) };
        let case = world.draw_up(&order);
        let items = world.parts(&case).bundle().signed_items();
        let question = TimestampRequest::new(&BundleTimestamp::statement_of(&items), &mut OsRng);
        let answer = ask(authority.url(), &question).unwrap();
        let (token, _) = question.accept(&answer, &sha256(&[&der]), &anchors).unwrap();
        world.now = today.plus_seconds(24 * HOUR);
        world.rotate(ISSUER);
        let checker: Arc<dyn TimestampChecker> = Arc::new(anchors.clone());
        let context = Context {
            receipts: Receipts::Used,
            grade: Grade::Tsa,
            timestamps: Some(checker),
            ..world.context()
        };
        let mut bundle = world.parts(&case).bundle();
        let judged = verify(&bundle, &from_bundle(&bundle), &context);
        assert!(!judged.is_authentic() && !judged.has_failed(), "{judged:#?}");
        let open = judged.checks().iter().find(|check| check.name == CheckName::KeyInForce);
        let why = open.and_then(|check| check.reason()).map(|reason| reason.code());
        assert_eq!(why, Some("receipt-needed"));
        bundle.timestamps = vec![BundleTimestamp::new(items, token.clone())];
        let judged = verify(&bundle, &from_bundle(&bundle), &context);
        assert!(judged.is_authentic(), "{judged:#?}");
        let line = judged.checks().iter().find(|check| check.name == CheckName::KeyInForce);
        let line = line.unwrap();
        assert_eq!(
            (&line.outcome, &line.evidence["record"]),
            (&Outcome::Pass, &json!("timestamp"))
        );
        // One byte of the token, and it shows nothing of the key.
        let mut changed = token;
        *changed.last_mut().unwrap() ^= 1;
        bundle.timestamps = vec![BundleTimestamp::new(bundle.signed_items(), changed)];
        let judged = verify(&bundle, &from_bundle(&bundle), &context);
        assert!(!judged.is_authentic());
    }
}

#[test]
fn a_request_goes_by_other_means_and_the_answer_comes_back() {
    let Some((shell, authority)) = set() else { return };
    let anchor = authority.anchor();
    shell.ok(&["trust", "pin", "urn:x509:tsa-anchor:example", anchor.to_str().unwrap()]);
    let over = ["--over", "credential"];
    let request = ["timestamp", "c.json", "--request-out", "q.tsq"];
    shell.ok(&[&request[..], &over].concat());
    let again = shell.inkan(&[&request[..], &over, &["--json"]].concat());
    assert!(again.exit == 7 && again.finds("out-exists"), "the first request is kept: {again:?}");
    let folder = anchor.parent().unwrap();
    let answer = |query: &str, out: &str| {
        let done = Command::new("openssl")
            .args(["ts", "-reply", "-signer", "tsa.pem", "-inkey", "tsa.key", "-config", "tsa.cnf"])
            .arg("-queryfile")
            .arg(shell.home().join(query))
            .arg("-out")
            .arg(shell.home().join(out))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    answer("q.tsq", "a.tsr");
    let checked = Command::new("openssl")
        .args(["ts", "-verify", "-queryfile", "q.tsq", "-in", "a.tsr", "-CAfile"])
        .arg(&anchor)
        .current_dir(shell.home())
        .output()
        .unwrap();
    assert!(checked.status.success());
    let put = ["timestamp", "c.json", "--answer", "a.tsr", "--out", "s.json"];
    shell.ok(&[&put[..], &over].concat());
    openssl_accepts(&shell, &authority, "s.json");
    // The answer is to another question where more is to be stamped, and it is said to which.
    let said = shell.inkan(&["timestamp", "s.json", "--answer", "a.tsr", "--json"]);
    assert!(said.exit == 8 && said.out.contains("--over credential"), "{said:?}");
    // What is no answer, and no token.
    shell.write("junk", b"junk");
    let said = shell.inkan(&["timestamp", "c.json", "--token", "junk", "--json"]);
    assert!(said.exit == 8 && said.out.contains("neither the answer of"), "{said:?}");
}
