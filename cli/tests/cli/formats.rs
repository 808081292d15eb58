//! Formats by the command line, from the issuer to the verifier: token lists, messages, parts, issuers by certificates.

use serde_json::{Value, json};

use super::common::{Home, Node};

const CLAIMS: &str = r#"{"givenName":"Ada","level":3}"#;

fn parties() -> (Home, String) {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", CLAIMS);
    (home, holder)
}

/// `issue Badge` by acme, with these options, into `out`.
fn issue(home: &Home, holder: &str, out: &str, more: &[&str]) {
    issued(home, holder, out, more, 0);
}

fn issued(home: &Home, holder: &str, out: &str, more: &[&str], status: i32) -> String {
    let line = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", holder];
    let rest = ["--claims", "claims.json", "--out", out, "--force"];
    home.run(&[&line[..], &rest, more].concat()).must(status).stderr
}

fn verify(home: &Home, file: &str, status: i32) -> String {
    home.run(&["-p", "bank", "verify", file]).must(status).stdout
}

fn second_later() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

/// One place of a token list says in force, suspended and revoked, and each answer is kept.
#[test]
fn token_status_lists_tell_three_states_apart() {
    let (home, holder) = parties();
    let kinds = [
        ("dc+sd-jwt", "token"),
        ("vc+jwt", "token"),
        ("vc+sd-jwt", "token-cwt"),
        ("vc+cose", "token-cwt"),
    ];
    for (suite, kind) in kinds {
        issue(&home, &holder, "badge.json", &["--suite", suite, "--status", kind]);
        verify(&home, "badge.json", 0);
        home.run(&["-p", "bank", "verify", "badge.json", "--offline"]).must(0);
        let cred = |verb: &str, status| {
            home.run(&["-p", "acme", "cred", verb, "badge.json"]).must(status);
        };
        let says = |status: i32, word: &str| {
            let ran = home.run(&["-p", "bank", "cred", "status", "badge.json", "--json"]);
            assert_eq!(ran.must(status).json()["status"], word, "{suite}");
        };
        says(0, "valid");
        cred("suspend", 0);
        verify(&home, "badge.json", 12);
        says(12, "suspended");
        cred("reinstate", 0);
        let before = home.run(&["-p", "bank", "verify", "badge.json", "--json"]).must(0).json();
        let before = before["asOf"].as_str().unwrap().to_owned();
        second_later();
        let revoke = ["-p", "acme", "revoke", "badge.json", "--reason", "left", "--yes"];
        home.run(&revoke).must(0);
        verify(&home, "badge.json", 12);
        says(12, "revoked");
        home.run(&["-p", "bank", "verify", "badge.json", "--at", &before]).must(0);
        cred("suspend", 7);
    }
    // What a format has no member for is refused.
    issued(&home, &holder, "no.json", &["--status", "token"], 2);
    issued(&home, &holder, "no.json", &["--suite", "dc+sd-jwt", "--status", "bitstring"], 2);
}

#[test]
fn lists_are_shown_and_signed_again_with_a_time_to_live() {
    let (home, holder) = parties();
    issue(&home, &holder, "old.json", &["--suite", "dc+sd-jwt"]);
    issue(&home, &holder, "bits.json", &[]);
    let lists = || {
        let ran = home.run(&["-p", "acme", "status-list", "show", "--json"]).must(0).json();
        ran["lists"].as_array().unwrap().clone()
    };
    let first = lists();
    let of_kind = |kind: &str| first.iter().find(|list| list["kind"] == kind).unwrap().clone();
    let (token, bits) = (of_kind("token-jwt"), of_kind("bitstring"));
    assert_eq!((&token["purpose"], &token["ttlSeconds"]), (&json!("all"), &Value::Null));
    assert_eq!((&bits["purpose"], &bits["credentials"]), (&json!("revocation"), &json!(1)));
    let name = token["name"].as_str().unwrap();
    let publish = |more: &[&str], status: i32| {
        let line = ["-p", "acme", "status-list", "publish"];
        home.run(&[&line[..], more].concat()).must(status).stderr
    };
    publish(&["nosuch"], 3);
    // Nobody could keep a copy for as long as a head of the ledger is old.
    let said = publish(&[name, "--ttl", "1s", "--decoys", "50"], 0);
    assert!(said.contains("1s") && said.contains("heads"), "{said}");
    let now = lists();
    let again = now.iter().find(|list| list["name"] == name).unwrap();
    assert_eq!(again["ttlSeconds"], 1);
    assert_eq!(again["version"].as_u64(), token["version"].as_u64().map(|version| version + 1));
    assert_eq!(again["credentials"], 1, "decoys are no credentials");
    let other = now.iter().find(|list| list["name"] == bits["name"]).unwrap();
    assert_eq!(other["version"], bits["version"], "another list is left alone");
    issue(&home, &holder, "new.json", &["--suite", "dc+sd-jwt"]);
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    // A ledger on the disk is asked whatever else is not.
    std::fs::rename(home.path("ledger"), home.path("away")).unwrap();
    let ran = home.run(&["-p", "bank", "verify", "new.json", "--offline"]).must(19);
    std::fs::rename(home.path("away"), home.path("ledger")).unwrap();
    assert!(ran.stderr.contains("INK-3108"), "{}", ran.stderr);
    verify(&home, "new.json", 0);
    publish(&[name, "--ttl", "0s"], 0);
    let now = lists();
    assert_eq!(now.iter().find(|list| list["name"] == name).unwrap()["ttlSeconds"], Value::Null);
    // Whose lists, if there are those of several.
    home.run(&["-p", "acme", "did", "create", "--name", "second"]).must(0);
    let line = ["-p", "acme", "issue", "Badge", "--from", "second", "--to", &holder];
    let rest = ["--claims", "claims.json", "--out", "second.json"];
    home.run(&[&line[..], &rest].concat()).must(0);
    let said = publish(&[], 2);
    assert!(said.contains("--from"), "{said}");
    let said = publish(&["--from", "acme"], 0);
    assert!(said.contains(name) && !said.contains("second."), "{said}");
}

/// Whoever verifies reads the words of the message, and nobody else's.
#[test]
fn a_message_is_read_by_who_verifies() {
    let (home, holder) = parties();
    let explained = "https://acme.example/parcels";
    let messages = ["--messages", "fresh,in review,shipped,lost", "--message-reference", explained];
    issue(&home, &holder, "parcel.json", &messages);
    let written = std::fs::read_to_string(home.path("parcel.json")).unwrap();
    assert!(written.contains(explained), "{written}");
    let shown = || {
        let explained = home.run(&["-p", "bank", "verify", "parcel.json", "--explain"]).must(0);
        let status = home.run(&["-p", "bank", "cred", "status", "parcel.json"]).must(0);
        (explained.stdout, status.stdout)
    };
    let (explained, status) = shown();
    assert!(explained.contains("message          \"fresh\", list"), "{explained}");
    assert!(status.contains("\"fresh\""), "{status}");
    home.run(&["-p", "acme", "cred", "message", "parcel.json", "shipped"]).must(0);
    let (explained, status) = shown();
    assert!(explained.contains("\"shipped\", list"), "{explained}");
    assert!(status.contains("\"shipped\"") && !status.contains("fresh"), "{status}");
    let report = home.run(&["-p", "bank", "verify", "parcel.json", "--json"]).must(0).json();
    let found = report["checks"].as_array().unwrap().iter().any(|check| {
        check["evidence"]["says"] == "shipped" && check["evidence"]["purpose"] == "message"
    });
    assert!(found, "{report:#}");
    let ran = home.run(&["-p", "acme", "cred", "message", "parcel.json", "eaten"]);
    assert_ne!(ran.status, 0);
    let said = issued(&home, &holder, "no.json", &["--messages", "a,a"], 2);
    assert!(said.contains("twice"), "{said}");
    issued(&home, &holder, "no.json", &["--messages", "a,b,c"], 2);
    issued(&home, &holder, "no.json", &["--messages", "a,b\u{202e}"], 2);
}

#[test]
fn a_part_is_derived_without_presenting_it() {
    let (home, holder) = parties();
    for suite in ["vc+sd-jwt", "dc+sd-jwt"] {
        issue(&home, &holder, "whole.json", &["--suite", suite]);
        let derive = |more: &[&str], status: i32| {
            let line = ["-p", "holder", "cred", "derive", "whole.json", "--force"];
            home.run(&[&line[..], more].concat()).must(status)
        };
        derive(&[], 2);
        derive(&["--disclose", "salary"], 2);
        derive(&["--disclose", "level", "--out", "part.json"], 0);
        verify(&home, "part.json", 0);
        let shown = home.run(&["inspect", "part.json"]).must(0).stdout;
        assert!(shown.contains("level") && !shown.contains("Ada"), "{suite}: {shown}");
    }
    issue(&home, &holder, "plain.json", &[]);
    let ran = home.run(&["-p", "holder", "cred", "derive", "plain.json", "--disclose", "level"]);
    assert!(ran.must(8).stderr.contains("shown whole"));
}

/// What `openssl` does with these arguments; none where there is no openssl.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn openssl(home: &Home, arguments: &[&str]) -> Option<std::process::Output> {
    let ran =
        std::process::Command::new("openssl").args(arguments).current_dir(home.folder()).output();
    match ran {
        Ok(ran) => Some(ran),
        Err(error) => {
            eprintln!("SKIPPED: openssl does not run: {error}");
            assert!(std::env::var_os("CI").is_none(), "CI has openssl");
            None
        }
    }
}

/// An authority, and a certificate for whom the request in `file` names; none where there is no openssl.
fn certified(home: &Home, file: &str) -> Option<()> {
    let run = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        let ran = openssl(home, &arguments)?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "openssl {line}: {said}");
        Some(said + &String::from_utf8_lossy(&ran.stdout))
    };
    if !home.path("ca.pem").exists() {
        run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=root \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        )?;
    }
    let said = run(&format!("req -verify -noout -text -in {file}.csr"))?;
    assert!(said.contains("DNS:issuer.example"), "{said}");
    run(&format!(
        "x509 -req -in {file}.csr -copy_extensions copy -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -out {file}.pem"
    ))?;
    Some(())
}

/// From the request for a certificate to a policy that trusts the issuer which it names.
#[test]
fn an_issuer_by_certificate_is_trusted_under_a_policy() {
    let (home, holder) = parties();
    let csr = |name: &str| {
        let line = ["-p", "acme", "key", "csr", name, "--host", "https://issuer.example"];
        home.run(&[&line[..], &["--out", &format!("{name}.csr")]].concat()).must(0);
    };
    let acme = ["-p", "acme", "key"];
    for (name, alg) in [("nist", "p256"), ("sign-1", "ed25519"), ("big", "p384")] {
        if name != "sign-1" {
            home.run(&[&acme[..], &["generate", name, "--alg", alg]].concat()).must(0);
        }
        csr(name);
        let Some(()) = certified(&home, name) else { return };
        let pem = home.run(&[&acme[..], &["show", name, "--as", "pem"]].concat()).must(0).stdout;
        let line = ["x509", "-in", &format!("{name}.pem"), "-noout", "-pubkey"];
        let certified = openssl(&home, &line).unwrap();
        assert_eq!(pem, String::from_utf8_lossy(&certified.stdout), "{name}");
    }
    home.run(&[&acme[..], &["generate", "blurred", "--alg", "bls12381g2"]].concat()).must(0);
    home.run(&[&acme[..], &["show", "blurred", "--as", "pem"]].concat()).must(2);
    home.run(&[&acme[..], &["csr", "sign-1", "--host", "*.example"]].concat()).must(2);

    let alone = ["--x5c", "sign-1.pem", "--no-ledger", "--no-status", "--valid-for", "7d"];
    for suite in ["vc+jwt", "dc+sd-jwt"] {
        issue(&home, &holder, "badge.json", &[&["--suite", suite], &alone[..]].concat());
        verify(&home, "badge.json", 19);
        let checked = home.run(&["proof", "check", "badge.json"]).must(0);
        assert!(checked.stdout.contains("urn:x509:sha-256:"), "{}", checked.stdout);
        let pin = ["-p", "bank", "trust", "pin", "urn:x509:issuer-anchor:root", "ca.pem"];
        home.run(&pin).must(0);
        verify(&home, "badge.json", 0);
        let at = ["-p", "bank", "verify", "badge.json", "--at", "2020-01-01T00:00:00Z"];
        home.run(&at).must(17);
        let judged = ["-p", "bank", "verify", "badge.json", "--policy", "desk"];
        if suite == "vc+jwt" {
            let policy = ["-p", "bank", "policy", "new", "desk", "--type", "Badge"];
            home.run(&policy).must(0);
            let ran = home.run(&judged).must(14);
            assert!(ran.stderr.contains("INK-5059"), "{}", ran.stderr);
            let trust = |who: &str, status: i32| {
                let ran = home.run(&["-p", "bank", "trust", "add", who, "--issues", "Badge"]);
                ran.must(status).stderr
            };
            trust("https://issuer.example:x/?", 8);
            trust("https://issuer.example", 0);
        }
        home.run(&judged).must(0);
        home.run(&["-p", "bank", "trust", "unpin", "urn:x509:issuer-anchor:root"]).must(0);
    }
    in_cose(&home);
    served_status(&home, &holder);
    // What was signed and could not be written is handed out to who types it again, and forgotten then.
    let out = |file: &str| {
        let line = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
        let rest = ["--claims", "claims.json", "--suite", "vc+jwt", "--force", "--out", file];
        home.run(&[&line[..], &rest, &alone[..]].concat())
    };
    assert_ne!(out("/dev/full").status, 0);
    let finished = out("badge.json").must(0);
    assert!(finished.stderr.contains("no other one"), "{}", finished.stderr);
    let anew = out("badge.json").must(0);
    assert!(!anew.stderr.contains("no other one"), "{}", anew.stderr);
    // The certificate of another key, or of nobody that issues.
    let other = ["--suite", "vc+jwt", "--x5c", "nist.pem", "--no-ledger", "--no-status"];
    issued(&home, &holder, "no.json", &other, 2);
    issued(&home, &holder, "no.json", &["--suite", "vc+jwt", "--x5c", "sign-1.pem"], 2);
    let bare = ["--x5c", "sign-1.pem", "--no-ledger", "--no-status"];
    issued(&home, &holder, "no.json", &bare, 2);
}

/// In COSE as in a JWS: a credential that names nobody, and who presents it, both by certificates.
fn in_cose(home: &Home) {
    let line =
        ["-p", "acme", "issue", "Badge", "--from", "acme", "--bearer", "--claims", "claims.json"];
    let rest = ["--suite", "vc+cose", "--x5c", "sign-1.pem", "--no-ledger", "--no-status"];
    home.run(&[&line[..], &rest, &["--valid-for", "7d", "--out", "cose.json"]].concat()).must(0);
    let shown = home.run(&["inspect", "cose.json"]).must(0).stdout;
    assert!(shown.contains("for https://issuer.example"), "{shown}");
    let line = ["-p", "acme", "present", "--cred", "cose.json", "--nonce", "n-1", "--aud", "bank"];
    let by = ["--as", "acme", "--key", "sign-1", "--x5c", "sign-1.pem", "--out", "shown.json"];
    let present = |form: &str, status: i32| {
        let form = ["--presentation-format", form, "--force"];
        home.run(&[&line[..], &by, &form].concat()).must(status);
    };
    present("vp+sd-jwt", 2);
    present("vp+cose", 0);
    let judge = |status: i32| {
        let line = ["-p", "bank", "verify", "shown.json", "--nonce", "n-1", "--aud", "bank"];
        home.run(&line).must(status);
    };
    judge(19);
    home.run(&["proof", "check", "shown.json"]).must(0);
    home.run(&["-p", "bank", "trust", "pin", "urn:x509:issuer-anchor:root", "ca.pem"]).must(0);
    judge(0);
    home.run(&["-p", "bank", "trust", "unpin", "urn:x509:issuer-anchor:root"]).must(0);
}

/// Who is named by certificates serves its status list itself, signed as its credentials are.
fn served_status(home: &Home, holder: &str) {
    let url = "https://issuer.example/status/1";
    let with = ["--x5c", "sign-1.pem", "--no-ledger", "--status", "token", "--status-url", url];
    issue(home, holder, "listed.json", &[&["--suite", "dc+sd-jwt"], &with[..]].concat());
    let pin = |name: &str, file: &str| {
        home.run(&["-p", "bank", "trust", "pin", name, file]).must(0);
    };
    // Rows get their places in the same list.
    home.write("rows.csv", format!("subject,givenName\n{holder},Ada\n{holder},Eve\n"));
    let rows = ["-p", "acme", "issue", "Badge", "--from", "acme", "--rows", "rows.csv"];
    let to = ["--suite", "dc+sd-jwt", "--out", "many"];
    home.run(&[&rows[..], &to, &with].concat()).must(0);
    let shown = home.run(&["inspect", "many/row-000002.json"]).must(0).stdout;
    assert!(shown.contains("https://issuer.example"), "{shown}");
    let root = "urn:x509:issuer-anchor:root";
    pin(root, "ca.pem");
    verify(home, "listed.json", 19);
    let shown = home.run(&["-p", "acme", "status-list", "show", "--json"]).must(0).json();
    let lists = shown["lists"].as_array().unwrap();
    let name = lists.iter().find(|list| list["uri"] == url).unwrap()["name"].as_str().unwrap();
    let publish = |more: &[&str], status| {
        let line = ["-p", "acme", "status-list", "publish", name, "--out", "list.jwt", "--force"];
        home.run(&[&line[..], more].concat()).must(status);
    };
    // The list of the DID itself is nobody's to who knows certificates.
    publish(&[], 0);
    pin(url, "list.jwt");
    verify(home, "listed.json", 19);
    let again = || {
        publish(&["--x5c", "sign-1.pem"], 0);
        home.run(&["-p", "bank", "trust", "unpin", url]).must(0);
        pin(url, "list.jwt");
    };
    again();
    verify(home, "listed.json", 0);
    let line = ["-p", "acme", "cred", "suspend", "listed.json", "--reason", "lost", "--yes"];
    home.run(&line).must(0);
    verify(home, "listed.json", 0);
    again();
    verify(home, "listed.json", 12);
    home.run(&["-p", "acme", "cred", "reinstate", "listed.json", "--yes"]).must(0);
    again();
    verify(home, "listed.json", 0);
    home.run(&["-p", "bank", "trust", "unpin", url]).must(0);
    home.run(&["-p", "bank", "trust", "unpin", root]).must(0);
}

/// A credential is kept until it is out of the process, also where that is standard output.
#[test]
fn what_standard_output_did_not_take_is_not_lost() {
    let (home, holder) = parties();
    let line = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let line = [&line[..], &["--claims", "claims.json"]].concat();
    let mut command = home.command(&line);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let ran = command.output().unwrap();
    assert_ne!(ran.status.code(), Some(0));
    let again = home.run(&line).must(0);
    assert!(again.stderr.contains("no other one"), "{}", again.stderr);
    let listed = || {
        let ran = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0);
        ran.json()["credentials"].as_array().unwrap().len()
    };
    assert_eq!(listed(), 1);
    home.run(&line).must(0);
    assert_eq!(listed(), 2);
}

/// A node that stands still, or whoever is between, shows an old list for ever: what it serves is not as fresh as the question.
#[test]
fn a_node_does_not_make_a_list_younger_by_serving_it() {
    let home = Home::new();
    home.write("claims.json", CLAIMS);
    home.run(&["init", "operator", "--ledger", "node", "--domain", "ledger.example"]).must(0);
    let node =
        Node::start(&home, &["ledger", "start", "--data", "node", "--listen", "127.0.0.1:0"]);
    let url = format!("http://{}", node.address);
    for (name, ledger) in [("acme", &*url), ("bank", &url), ("owner", "node")] {
        home.run(&["init", name, "--role", "issuer", "--ledger", ledger]).must(0);
    }
    home.run(&["-p", "acme", "did", "create", "--name", "acme"]).must(0);
    let subject = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    issue(&home, subject, "badge.json", &["--suite", "dc+sd-jwt"]);
    home.run(&["-p", "acme", "status-list", "publish", "--ttl", "3s"]).must(0);
    verify(&home, "badge.json", 0);
    std::thread::sleep(std::time::Duration::from_millis(4_500));
    let ran = home.run(&["-p", "bank", "verify", "badge.json"]).must(19);
    assert!(ran.stderr.contains("INK-3108"), "{}", ran.stderr);
    // Whoever has the ledger itself on the disk asks it now.
    home.run(&["-p", "owner", "verify", "badge.json"]).must(0);
}
