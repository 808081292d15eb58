//! The README's chapter on e-seals, played: a key of the profile and one that is kept elsewhere, both forms, over a credential and over a bundle,
//! under an authority made of the `openssl` command, which also verifies what was made here.

use std::process::Command;

use inkan_core::encoding::decode_b64u;
use serde_json::Value;

use crate::common::{Home, Ran};

const REQUEST: &str = "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
const LEAF: &str = "keyUsage=critical,digitalSignature,nonRepudiation\n";

/// Whether the command is there, in version 3; under `CI=true` it has to be.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that is not made says so, and must not be left out in CI"
)]
fn openssl_is_there() -> bool {
    let there = Command::new("openssl")
        .arg("version")
        .output()
        .is_ok_and(|done| String::from_utf8_lossy(&done.stdout).starts_with("OpenSSL 3"));
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(there || !must, "no openssl command of version 3");
    if !there {
        eprintln!("NOT TESTED: no openssl command of version 3");
    }
    there
}

fn openssl(home: &Home, line: &str) {
    let line: Vec<&str> = line.split_whitespace().collect();
    let done = Command::new("openssl").args(&line).current_dir(home.folder()).output().unwrap();
    assert!(done.status.success(), "{line:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// An authority, `ca.pem`, and a certificate for the profile's key, `chain.pem`, and for one that is kept elsewhere, `cert.pem`.
fn authority(home: &Home) {
    home.write("req.cnf", REQUEST);
    home.write("leaf.cnf", LEAF);
    home.write("policy.cnf", format!("{LEAF}certificatePolicies=1.2.3.4.1\n"));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        home,
        &format!("req -config req.cnf -x509 {key} -keyout ca.key -out ca.pem -subj /CN=A"),
    );
    let sign = "-CA ca.pem -CAkey ca.key";
    openssl(home, &format!("x509 -req -in city.csr {sign} -extfile leaf.cnf -out chain.pem"));
    openssl(
        home,
        &format!("req -config req.cnf {key} -keyout key.pem -out cert.csr -subj /CN=City"),
    );
    openssl(home, &format!("x509 -req -in cert.csr {sign} -extfile policy.cnf -out cert.pem"));
}

fn verify(home: &Home, profile: &str, file: &str) -> Ran {
    home.run(&["-p", profile, "verify", file, "--json"])
}

/// What the report says of the one e-seal: its status, and its code if it did not pass.
fn line(ran: &Ran) -> (String, Option<String>) {
    let report = ran.json();
    let lines: Vec<Value> = report["checks"].as_array().unwrap().clone();
    let mut lines = lines.into_iter().filter(|line| line["check"] == "eseal");
    let found = lines.next().unwrap_or_else(|| panic!("no e-seal: {report:#}"));
    assert!(lines.next().is_none(), "{report:#}");
    (found["status"].as_str().unwrap().to_owned(), found["code"].as_str().map(str::to_owned))
}

fn holds(home: &Home, file: &str) {
    let ran = verify(home, "bank", file).must(0);
    assert_eq!(line(&ran), ("pass".to_owned(), None), "{file}: {}", ran.stdout);
}

fn noted(home: &Home, profile: &str, file: &str, code: &str) {
    let ran = verify(home, profile, file).must(0);
    assert_eq!(line(&ran), ("unknown".to_owned(), Some(code.to_owned())), "{file}: {}", ran.stdout);
}

fn code(ran: Ran, exit: i32) -> String {
    ran.must(exit).json()["error"]["code"].as_str().unwrap().to_owned()
}

/// The bundle with another character in a member of its e-seal, near its end, where the signature is.
fn changed(home: &Home, file: &str, member: &str) {
    let mut bundle: Value =
        serde_json::from_slice(&std::fs::read(home.path(file)).unwrap()).unwrap();
    let text = bundle["eseals"][0][member].as_str().unwrap().to_owned();
    let mut letters: Vec<char> = text.chars().collect();
    let place = letters.len() - 12;
    letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
    bundle["eseals"][0][member] = letters.into_iter().collect::<String>().into();
    home.write("changed.json", bundle.to_string());
}

#[test]
fn an_organisation_seals_with_its_certificate_and_its_did() {
    if !openssl_is_there() {
        return;
    }
    let home = Home::new();
    for (name, role) in [("city", "issuer"), ("bank", "verifier"), ("shop", "verifier")] {
        home.run(&["init", name, "--role", role, "--ledger", "ledger"]).must(0);
    }
    home.cheap("city");
    let city = |arguments: &[&str]| home.run(&[&["-p", "city"], arguments].concat());
    let did = city(&["did", "create", "--name", "city"]).must(0).stdout.trim().to_owned();
    let issue = ["issue", "ResidentCertificate", "--from", "city", "--to", &did];
    city(&[&issue[..], &["--claim", "resident=true", "--out", "credential.json"]].concat()).must(0);
    city(&["key", "generate", "city-1", "--alg", "p256"]).must(0);
    home.write(
        "city.csr",
        city(&["key", "csr", "city-1", "--host", "city.example"]).must(0).stdout,
    );
    authority(&home);
    let pin = |profile: &str, terms: &str| {
        let url = format!("urn:x509:issuer-anchor:mine{terms}");
        home.run(&["-p", profile, "trust", "pin", &url, "ca.pem"]).must(0);
    };
    let seal = |cert: &str, more: &[&str], out: &str| {
        let line = ["eseal", "credential.json", "--cert", cert, "--as", "city", "--json"];
        city(&[&line[..], more, &["--out", out]].concat())
    };

    // A key of the profile, both forms, over what issuers signed and over all.
    let own = ["--key", "city-1"];
    seal("chain.pem", &own, "sealed.json").must(0);
    noted(&home, "bank", "sealed.json", "certificate-anchor-unknown");
    pin("bank", "");
    holds(&home, "sealed.json");
    seal("chain.pem", &[&own[..], &["--form", "jws"]].concat(), "jws.json").must(0);
    holds(&home, "jws.json");
    let whole =
        seal("chain.pem", &[&own[..], &["--over", "bundle"]].concat(), "whole.json").must(0);
    holds(&home, "whole.json");
    let items = |ran: &Ran| ran.json()["items"].as_u64().unwrap();
    let part = seal("chain.pem", &[&own[..], &["-n"]].concat(), "none.json").must(0);
    assert!(items(&whole) > items(&part), "the receipt is sealed too");
    assert!(!home.path("none.json").exists());

    // One byte of either signature, in either form: it is forged, and takes all with it.
    for (file, member) in [
        ("sealed.json", "cms"),
        ("sealed.json", "didSignature"),
        ("jws.json", "jws"),
        ("jws.json", "didSignature"),
    ] {
        changed(&home, file, member);
        let ran = verify(&home, "bank", "changed.json").must(11);
        assert_eq!(line(&ran), ("fail".to_owned(), Some("eseal-invalid".to_owned())), "{member}");
    }
    // And one of what is sealed.
    let text = std::fs::read_to_string(home.path("sealed.json")).unwrap();
    assert!(text.contains("\"resident\""));
    home.write("changed.json", text.replace("\"resident\"", "\"president\""));
    verify(&home, "bank", "changed.json").must(11);

    // A certificate for another key, and one that is none.
    assert_eq!(code(seal("cert.pem", &own, "none.json"), 2), "key-unsuitable");
    assert_eq!(code(seal("leaf.cnf", &own, "none.json"), 8), "input-malformed");
    assert!(!home.path("none.json").exists());

    // A key that is kept elsewhere: the text, its signature, and the time that stands in it.
    let asked = city(&[
        "eseal",
        "credential.json",
        "--cert",
        "cert.pem",
        "--as",
        "city",
        "--statement-out",
        "s.txt",
        "--json",
    ]);
    let time = asked.must(0).json()["time"].as_str().unwrap().to_owned();
    let cms = "cms -sign -binary -cades -outform DER";
    openssl(
        &home,
        &format!("{cms} -in s.txt -signer cert.pem -inkey key.pem -certfile chain.pem -out s.p7s"),
    );
    let brought = ["--cms", "s.p7s", "--time", &time];
    seal("cert.pem", &brought, "brought.json").must(0);
    holds(&home, "brought.json");
    // Without the time, at another one, with another certificate, over another text.
    seal("cert.pem", &["--cms", "s.p7s"], "none.json").must(2);
    let early = ["--cms", "s.p7s", "--time", "2020-01-01T00:00:00Z"];
    assert_eq!(code(seal("cert.pem", &early, "none.json"), 11), "eseal-signature");
    assert_eq!(code(seal("chain.pem", &brought, "none.json"), 11), "eseal-signature");
    home.write("other.txt", "inkan-eseal/1\n");
    openssl(&home, &format!("{cms} -in other.txt -signer cert.pem -inkey key.pem -out other.p7s"));
    let other = ["--cms", "other.p7s", "--time", &time];
    assert_eq!(code(seal("cert.pem", &other, "none.json"), 11), "eseal-signature");
    // Another certificate's signature over this very text.
    openssl(
        &home,
        "x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -extfile leaf.cnf -out twin.pem",
    );
    openssl(&home, &format!("{cms} -in s.txt -signer twin.pem -inkey key.pem -out twin.p7s"));
    let twin = ["--cms", "twin.p7s", "--time", &time];
    assert_eq!(code(seal("cert.pem", &twin, "none.json"), 8), "input-malformed");
    assert!(!home.path("none.json").exists());

    // `openssl` verifies what was made here over the same text.
    let text = ["eseal", "credential.json", "--cert", "chain.pem", "--as", "city", "--time", &time];
    city(&[&text[..], &["--statement-out", "own.txt"]].concat()).must(0);
    seal("chain.pem", &[&own[..], &["--time", &time]].concat(), "same.json").must(0);
    let same: Value =
        serde_json::from_slice(&std::fs::read(home.path("same.json")).unwrap()).unwrap();
    home.write("own.p7s", decode_b64u(same["eseals"][0]["cms"].as_str().unwrap()).unwrap());
    let check = "cms -verify -binary -inform DER -in own.p7s -CAfile ca.pem -purpose any -cades -out /dev/null";
    openssl(&home, &format!("{check} -content own.txt"));

    // Under a policy: the certificate says it, or it is listed and not counted. Under demanded revocation nothing is known here.
    pin("shop", "?=policy=1.2.3.4.1");
    let ran = verify(&home, "shop", "brought.json").must(0);
    assert_eq!(line(&ran).0, "pass", "{}", ran.stdout);
    noted(&home, "shop", "sealed.json", "certificate-policy");
}
