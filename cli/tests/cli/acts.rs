//! Countersigning, refusing and withdrawing by hand, in both formats and with both kinds of keys.

use super::common::{Home, Node};

/// Issues `name` in a format and trusts its issuer; gives the arguments for a later verify.
fn issued(home: &Home, issuer: &str, holder: &str, format: &str) {
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", holder];
    let rest = ["--claims", "claims.json", "--credential-format", format, "--out", "badge.json"];
    home.run(&[&issue[..], &rest[..]].concat()).must(0);
    home.run(&["-p", "bank", "trust", "add", issuer, "--issues", "Badge"]).must(0);
    let policy = ["-p", "bank", "policy", "new", "desk", "--type", "Badge"];
    home.run(&[&policy[..], &["--countersigned", "holder"]].concat()).must(0);
}

#[test]
fn a_countersigned_credential_is_accepted_until_the_holder_withdraws_in_both_formats() {
    for format in ["eddsa-jcs-2022", "vc+jwt"] {
        let (home, issuer, holder) = Home::with_parties();
        issued(&home, &issuer, &holder, format);
        let verify = ["-p", "bank", "verify", "--policy", "desk"];
        home.run(&[&verify[..], &["badge.json"]].concat()).must(16);
        home.run(&["-p", "holder", "countersign", "badge.json", "--out", "signed.json"]).must(0);
        home.run(&[&verify[..], &["signed.json"]].concat()).must(0);
        let twice = home.run(&["-p", "holder", "countersign", "signed.json"]);
        assert_ne!(twice.status, 0, "{format}: accepting twice");
        // From the file without the acceptance: the wallet knows the act, and goes on with it.
        let ran = home.run(&["-p", "holder", "refuse", "badge.json", "--out", "gone.json"]).must(0);
        assert!(ran.stderr.contains("withdraws"), "{format}: {}", ran.stderr);
        let older = home.run(&[&verify[..], &["signed.json", "--json"]].concat()).must(16);
        assert!(older.stdout.contains("act-superseded"), "{format}: {}", older.stdout);
        home.run(&[&verify[..], &["gone.json"]].concat()).must(16);
    }
}

#[test]
fn refusing_first_is_recorded_and_is_no_acceptance() {
    let (home, issuer, holder) = Home::with_parties();
    issued(&home, &issuer, &holder, "eddsa-jcs-2022");
    let ran = home.run(&["-p", "holder", "refuse", "badge.json", "--out", "no.json"]).must(0);
    assert!(ran.stderr.contains("refuses; recorded"), "{}", ran.stderr);
    home.run(&["-p", "bank", "verify", "no.json", "--policy", "desk"]).must(16);
}

#[test]
fn a_compact_credential_survives_rotation_and_is_presented_by_a_p256_holder() {
    let home = Home::new();
    for name in ["acme", "holder", "bank"] {
        home.run(&["init", name, "--ledger", "ledger"]).must(0);
        home.run(&["-p", name, "key", "generate", "p", "--alg", "p256"]).must(0);
    }
    let did = |profile: &str, name: &str| {
        let ran = home.run(&["-p", profile, "did", "create", "--key", "p", "--name", name]);
        ran.must(0).stdout.trim().to_owned()
    };
    let (issuer, holder) = (did("acme", "acme"), did("holder", "me"));
    issued(&home, &issuer, &holder, "vc+jwt");
    home.run(&["-p", "acme", "key", "generate", "p2", "--alg", "p256"]).must(0);
    home.run(&["-p", "acme", "did", "rotate", "acme", "--key", "p2"]).must(0);
    let nonce = home.run(&["-p", "bank", "request", "nonce", "--aud", "https://b.example"]).must(0);
    let present = ["-p", "holder", "present", "--cred", "badge.json", "--aud", "https://b.example"];
    let rest =
        ["--nonce", nonce.stdout.trim(), "--presentation-format", "vc+jwt", "--out", "vp.json"];
    home.run(&[&present[..], &rest[..]].concat()).must(0);
    let ran = home.run(&["-p", "bank", "verify", "vp.json", "--explain"]).must(0);
    assert!(ran.stdout.contains("rotated at entry"), "{}", ran.stdout);
    home.run(&["-p", "bank", "proof", "check", "vp.json"]).must(0);
    home.run(&["-p", "bank", "proof", "check", "badge.json"]).must(0);
}

#[test]
fn a_schema_that_is_named_is_enforced() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let subject =
        r#"{"type":"object","required":["role"],"properties":{"role":{"const":"engineer"}}}"#;
    home.write(
        "schema.json",
        format!(
            r#"{{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://acme.example/badge.json","properties":{{"credentialSubject":{subject}}}}}"#
        ),
    );
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let rest = ["--schema", "schema.json", "--out", "badge.json", "--claims"];
    home.run(&[&issue[..], &rest[..], &["claims.json"]].concat()).must(0);
    let ran = home.run(&["-p", "bank", "verify", "badge.json", "--explain"]).must(0);
    // The issuer fixed it by its digest.
    assert!(ran.stdout.contains("✓ schema") && !ran.stdout.contains("INK-3160"), "{}", ran.stdout);
    home.run(&["-p", "bank", "trust", "pin", "https://acme.example/badge.json", "schema.json"])
        .must(0);
    let ran = home.run(&["-p", "bank", "verify", "badge.json", "--explain"]).must(0);
    assert!(ran.stdout.contains("✓ schema"), "{}", ran.stdout);
    home.write("wrong.json", r#"{"role":"director"}"#);
    let ran = home.run(&[&issue[..], &rest[..], &["wrong.json"]].concat());
    assert_ne!(ran.status, 0, "{}", ran.stdout);
}

/// A new DID that a node does not take yet waits; the same line, typed again, never makes a second one.
#[test]
fn a_did_that_was_refused_for_now_is_the_one_that_is_made_later() {
    let home = Home::new();
    home.run(&["init", "operator", "--ledger", "node", "--domain", "ledger.example"]).must(0);
    let start = |address: &str, more: &[&str]| {
        let line = ["ledger", "start", "--data", "node", "--listen", address];
        Node::start(&home, &[&line[..], more].concat())
    };
    let node = start("127.0.0.1:0", &["--limit-new-dids", "1"]);
    let address = node.address.clone();
    home.run(&["init", "acme", "--ledger", &format!("http://{address}")]).must(0);
    let create = |name: &str| home.run(&["-p", "acme", "did", "create", "--name", name]);
    create("first").must(0);
    create("second").must(6);
    let again = create("second").must(6);
    assert!(again.stderr.contains("did create --name second"), "{}", again.stderr);
    drop(node);
    let _node = start(&address, &[]);
    let made = create("second").must(0);
    assert!(made.stdout.starts_with("did:webvh:"), "{made:?}");
    assert!(made.stderr.contains("no other one"), "{made:?}");
    let listed = home.run(&["-p", "acme", "did", "list", "--json"]).must(0).json();
    assert_eq!(listed["dids"].as_array().unwrap().len(), 2, "{listed:#}");
    create("second").must(7);
}
