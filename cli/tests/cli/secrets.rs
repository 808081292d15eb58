//! Secrets and claims: never in output, logs or files that are not for them.

use super::common::{Home, NEXT, PASSPHRASE};

const CLAIM: &str = "canary-claim-c0ffee";

#[test]
fn no_passphrase_and_no_claim_reaches_talk_or_json() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", format!(r#"{{"role":"{CLAIM}"}}"#));
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder, "--claims"];
    for line in [
        [&issue[..], &["claims.json", "--out", "badge.json", "-vvv"]].concat(),
        [&issue[..], &["claims.json", "--out", "badge2.json", "-vvv", "--json"]].concat(),
        [&issue[..], &["claims.json", "-n", "-vvv"]].concat(),
        vec!["-p", "acme", "cred", "list", "-vvv"],
        vec!["-p", "acme", "doctor", "-vvv", "--json"],
        vec!["-p", "bank", "verify", "badge.json", "--explain", "-vvv"],
        vec!["-p", "bank", "verify", "badge.json", "-vvv", "--json"],
        vec!["-p", "acme", "key", "list", "-vvv", "--json"],
    ] {
        let ran = home.run(&line).must(0);
        for secret in [PASSPHRASE, NEXT, CLAIM] {
            let found = ran.stdout.contains(secret) || ran.stderr.contains(secret);
            assert!(!found, "{line:?}\n{}\n{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn only_the_files_that_carry_the_credential_hold_its_claims_and_none_a_passphrase() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", format!(r#"{{"role":"{CLAIM}"}}"#));
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat()).must(0);
    for (path, bytes) in home.snapshot() {
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let name = path.file_name().unwrap().to_str().unwrap();
        if !matches!(name, "claims.json" | "badge.json") {
            assert!(!holds(CLAIM), "{} holds a claim", path.display());
        }
        if !matches!(name, "pass" | "next") {
            assert!(!holds(PASSPHRASE) && !holds(NEXT), "{} holds a passphrase", path.display());
        }
    }
}

#[test]
fn a_passphrase_in_the_environment_is_not_used_and_the_doctor_says_so() {
    let (home, _, _) = Home::with_parties();
    let mut command = home.command(&["-p", "acme", "key", "generate", "x", "--no-input"]);
    command.env_remove("INKAN_PASSPHRASE_FILE").env("INKAN_PASSPHRASE", PASSPHRASE);
    super::common::finish(command).must(4);
    let mut command = home.command(&["-p", "acme", "doctor"]);
    command.env("INKAN_PASSPHRASE", PASSPHRASE);
    let ran = super::common::finish(command).must(20);
    assert!(!ran.stdout.contains(PASSPHRASE), "{}", ran.stdout);
}

#[test]
fn a_personal_claim_on_the_command_line_is_warned_about() {
    let (home, _, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder, "-n"];
    let ran = home.run(&[&issue[..], &["--claim", "name=Mika"]].concat()).must(0);
    assert!(ran.stderr.contains("command lines are public"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("Mika"), "{}", ran.stderr);
    let ran = home.run(&[&issue[..], &["--claim", "role=engineer"]].concat()).must(0);
    assert!(!ran.stderr.contains("command lines are public"), "{}", ran.stderr);
}
