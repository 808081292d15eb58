//! Suspending, reinstating and revoking: what a verdict says now, and as of a moment ago.

use super::common::Home;

/// A credential that can be suspended, in `badge.json`.
fn issued(home: &Home, holder: &str) {
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", holder];
    let rest = ["--claims", "claims.json", "--suspendable", "--out", "badge.json"];
    home.run(&[&issue[..], &rest[..]].concat()).must(0);
}

/// The time of a report.
fn as_of(home: &Home, status: i32) -> String {
    let ran = home.run(&["-p", "bank", "verify", "badge.json", "--json"]).must(status);
    ran.json()["asOf"].as_str().unwrap().to_owned()
}

fn second_later() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

#[test]
fn a_suspended_credential_is_refused_until_it_is_reinstated() {
    let (home, _, holder) = Home::with_parties();
    issued(&home, &holder);
    let free = as_of(&home, 0);
    second_later();
    let suspend = ["-p", "acme", "cred", "suspend", "badge.json", "--reason", "lost"];
    let before = home.snapshot();
    home.run(&[&suspend[..], &["-n"]].concat()).must(0);
    assert_eq!(home.snapshot(), before, "a dry run");
    let ran = home.run(&suspend).must(0);
    assert!(ran.stderr.contains("suspended urn:uuid:"), "{}", ran.stderr);
    let ran = home.run(&["-p", "bank", "verify", "badge.json", "--json"]).must(12);
    assert!(ran.stdout.contains("credential-suspended"), "{}", ran.stdout);
    assert!(ran.stdout.contains("INK-3103"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("lost"), "a reason stays with the issuer");
    let listed = || home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    assert_eq!(listed()["credentials"][0]["status"], "suspended");
    assert_eq!(listed()["credentials"][0]["reason"], "lost");
    let again = home.run(&suspend).must(0);
    assert!(again.stderr.contains("suspended already"), "{}", again.stderr);
    let held = as_of(&home, 12);
    second_later();

    let reinstate = ["-p", "acme", "cred", "reinstate", "badge.json"];
    let ran = home.run(&reinstate).must(0);
    assert!(ran.stderr.contains("reinstated urn:uuid:"), "{}", ran.stderr);
    home.run(&["-p", "bank", "verify", "badge.json"]).must(0);
    assert_eq!(listed()["credentials"][0]["status"], "valid");
    let again = home.run(&reinstate).must(0);
    assert!(again.stderr.contains("in force already"), "{}", again.stderr);
    // Kept history answers for every moment.
    for (at, status, word) in [(&free, 0, "valid"), (&held, 12, "suspended")] {
        home.run(&["-p", "bank", "verify", "badge.json", "--at", at]).must(status);
        let asked = ["-p", "bank", "cred", "status", "badge.json", "--at", at, "--json"];
        assert_eq!(home.run(&asked).must(status).json()["status"], word);
    }
}

#[test]
fn a_revoked_credential_is_neither_suspended_nor_reinstated() {
    let (home, _, holder) = Home::with_parties();
    issued(&home, &holder);
    home.run(&["-p", "acme", "cred", "suspend", "badge.json"]).must(0);
    let ran = home.run(&["-p", "acme", "revoke", "badge.json", "--reason", "left", "--yes"]);
    ran.must(0);
    for verb in ["suspend", "reinstate"] {
        let ran = home.run(&["-p", "acme", "cred", verb, "badge.json", "--json"]).must(7);
        assert_eq!(ran.json()["error"]["code"], "status-revocation-final", "{verb}");
    }
    let ran = home.run(&["-p", "bank", "cred", "status", "badge.json", "--proof"]).must(12);
    assert!(ran.stdout.starts_with("revoked"), "{}", ran.stdout);
    assert!(ran.stdout.contains("inkan ledger prove"), "{}", ran.stdout);
    let listed = home.run(&["-p", "acme", "cred", "list", "--status", "revoked", "--json"]).must(0);
    assert_eq!(listed.json()["credentials"][0]["reason"], "left");
}

#[test]
fn a_credential_without_a_suspension_list_cannot_be_suspended() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let claims = ["--claims", "claims.json"];
    home.run(&[&issue[..], &claims[..], &["--out", "badge.json"]].concat()).must(0);
    let ran = home.run(&["-p", "acme", "cred", "suspend", "badge.json"]).must(8);
    assert!(ran.stderr.contains("--suspendable"), "{}", ran.stderr);
    let both = ["--suspendable", "--no-status"];
    home.run(&[&issue[..], &claims[..], &both[..]].concat()).must(2);
    // Credentials with and without share the revocation list, and never a place in it.
    home.run(&[&issue[..], &claims[..], &["--suspendable", "--out", "two.json"]].concat()).must(0);
    let ran = home.run(&["-p", "bank", "verify", "two.json", "--explain"]).must(0);
    assert!(ran.stdout.contains("not suspended"), "{}", ran.stdout);
    assert!(ran.stdout.contains("list 1,") && ran.stdout.contains("list 2,"), "{}", ran.stdout);
    home.run(&["-p", "acme", "revoke", "two.json", "--reason", "left", "--yes"]).must(0);
    home.run(&["-p", "bank", "verify", "two.json"]).must(12);
    home.run(&["-p", "bank", "verify", "badge.json"]).must(0);
}

/// An operator may ask for longer lists than there are: none of them may be stuck for that.
#[test]
fn lists_grow_when_their_ledger_asks_for_longer_ones() {
    let home = Home::new();
    home.write("params.json", r#"{"notice":0}"#);
    let init = ["init", "acme", "--role", "issuer", "--ledger", "ledger"];
    home.run(&[&init[..], &["--params", "params.json"]].concat()).must(0);
    home.run(&["init", "bank", "--role", "verifier", "--ledger", "ledger"]).must(0);
    home.cheap("acme");
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let did = acme(&["did", "create", "--name", "acme"]).must(0).stdout;
    let issue = |out: &str, rest: &[&str]| {
        let issue = ["issue", "Badge", "--from", "acme", "--to", did.trim(), "--claim", "a=b"];
        acme(&[&issue[..], rest, &["--out", out]].concat()).must(0)
    };
    issue("bits.json", &["--suspendable"]);
    issue("token.json", &["--credential-format", "vc+jwt", "--status", "token"]);

    let announce = |least: &str, more: &[&str]| {
        let announce = ["ledger", "params", "announce", "--set", least, "--yes"];
        acme(&[&announce[..], more].concat())
    };
    announce("listMin=999999999999", &[]).must(2);
    let soon = inkan_io::clock::Clock::now(&inkan_io::clock::OsClock).plus_seconds(3).to_string();
    let ran = announce("listMin=262144", &["--not-before", &soon]).must(0);
    assert!(ran.stderr.contains("made longer"), "{}", ran.stderr);
    std::thread::sleep(std::time::Duration::from_secs(4));
    acme(&["ledger", "params", "apply", "--yes"]).must(0);

    // Every way in which a list is published goes on.
    let bank = |file: &str| home.run(&["-p", "bank", "verify", file]);
    acme(&["cred", "suspend", "bits.json"]).must(0);
    bank("bits.json").must(12);
    acme(&["cred", "reinstate", "bits.json"]).must(0);
    bank("bits.json").must(0);
    for file in ["bits.json", "token.json"] {
        bank(file).must(0);
        acme(&["revoke", file, "--reason", "left", "--yes"]).must(0);
        bank(file).must(12);
    }
    acme(&["status-list", "publish"]).must(0);
    // Those that begin now are long enough from the first.
    issue("new.json", &["--messages", "here,gone"]);
    bank("new.json").must(0);
}
