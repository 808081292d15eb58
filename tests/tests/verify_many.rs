//! Several files at once: each is judged as it would be alone, one line tells of each, and the exit code is the gravest.

use std::fs;

use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained::did_key;
use inkan_tests::read_json;
use inkan_tests::shell::{Said, Shell};
use serde_json::{Value, json};

/// What the verifier has seen before.
const KNOWN: &str = ".local/share/inkan/desk/known.json";

/// Six badges in `out/`; gives the holder's DID, who has the first.
fn badges(shell: &Shell) -> String {
    let (_, me) = shell.cast();
    let other =
        did_key(&SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1)).public_key());
    let rows: String = (2..=6).map(|number| format!("{other},Person {number}\n")).collect();
    shell.write("rows.csv", format!("subject,name\n{me},Ada\n{rows}").as_bytes());
    shell.ok(&[
        "-p", "city", "issue", "Badge", "--from", "city", "--rows", "rows.csv", "--out", "out",
    ]);
    me
}

fn verify(shell: &Shell, files: &[&str]) -> Said {
    shell.inkan(&[&["-p", "desk", "verify"], files].concat())
}

/// Of each file its name, verdict and exit code.
fn verdicts(said: &Said) -> Vec<(String, Option<String>, u64)> {
    let told = said.json();
    let one = |file: &Value| {
        let decision = file["decision"].as_str().map(str::to_owned);
        let name = file["file"].as_str().expect("a name").to_owned();
        (name, decision, file["exit"].as_u64().expect("an exit code"))
    };
    told["files"].as_array().expect("files").iter().map(one).collect()
}

fn row(number: u64) -> String {
    format!("out/row-{number:06}.json")
}

#[test]
fn a_folder_is_judged_file_by_file_as_each_would_be_alone() {
    let shell = Shell::new();
    badges(&shell);
    let said = verify(&shell, &["out"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 6, "reports and journals of issuing are no credentials: {said:?}");
    for (number, line) in (1..).zip(&lines) {
        assert!(line.contains("accepted") && line.ends_with(&row(number)), "{line}");
    }
    assert!(said.err.contains("6 files: 6 accepted"), "{}", said.err);
    assert!(said.err.contains("not looked at") && said.err.contains("report.csv"), "{}", said.err);

    // Changed, revoked, no credential at all, not there.
    let path = shell.home().join(row(2));
    let changed = fs::read_to_string(&path).expect("a file").replace("Person 2", "Person 9");
    fs::write(&path, changed).expect("written");
    let revoke = ["-p", "city", "revoke", &row(3), "--reason", "left", "--yes"];
    shell.ok(&revoke);
    fs::write(shell.home().join(row(4)), "{}").expect("written");
    let files = [row(1), row(2), row(3), row(4), "out/gone.json".to_owned()];
    let named: Vec<&str> = files.iter().map(String::as_str).collect();
    let said = verify(&shell, &[&named[..], &["--json"]].concat());
    let told = verdicts(&said);
    let decisions: Vec<_> = told.iter().map(|(_, decision, _)| decision.as_deref()).collect();
    let expected = [Some("accept"), Some("reject"), Some("reject"), None, None];
    assert_eq!(decisions, expected, "{told:?}");
    let counts =
        ["accepted", "rejected", "undetermined", "failed"].map(|word| said.json()[word].clone());
    assert_eq!(counts, [json!(1), json!(2), json!(0), json!(2)]);
    for ((name, _, exit), file) in told.iter().zip(&named) {
        assert_eq!(name, file);
        let alone = verify(&shell, &[file, "--json"]);
        assert_eq!(i32::try_from(*exit), Ok(alone.exit), "{file}");
    }
    // The same findings as alone, whoever judged it; only the time of receipt is another.
    for (position, file) in named.iter().enumerate().take(3) {
        let at = ["--at", "2030-01-01T00:00:00Z", "--json"];
        let together = verify(&shell, &[&named[..], &at].concat()).json();
        let alone = verify(&shell, &[&[*file], &at[..]].concat()).json();
        assert_eq!(together["files"][position]["report"]["checks"], alone["checks"], "{file}");
    }
    // Changed (11) goes before revoked (12), both before what is no credential (10), that before what kept one from a verdict.
    assert_eq!(said.exit, 11);
    assert_eq!(verify(&shell, &[named[3], named[2]]).exit, 12);
    assert_eq!(verify(&shell, &[named[4], named[3]]).exit, 10);
    assert_eq!(verify(&shell, &[named[0], named[2], named[1]]).exit, 11);
    assert_eq!(verify(&shell, &[named[0], named[2]]).exit, 12);
    assert_eq!(verify(&shell, &[named[0], named[4]]).exit, 3);
    let human = verify(&shell, &named);
    assert!(
        human.out.contains("[INK-3104]")
            && human.err.contains("1 accepted, 2 rejected, 2 not judged")
    );

    let lines = verify(&shell, &[&named[..], &["-f", "jsonl"]].concat());
    assert_eq!(lines.out.lines().count(), named.len());
    for line in lines.out.lines() {
        let one: Value = serde_json::from_str(line).expect("a line of JSON");
        assert_eq!(one["report"].is_object(), one["error"].is_null(), "{line}");
    }
}

#[test]
fn a_presentation_counts_once_among_many_too() {
    let shell = Shell::new();
    badges(&shell);
    let nonce = shell.ok(&["-p", "desk", "request", "nonce", "--aud", "https://desk.example"]);
    let (first, audience) = (row(1), "https://desk.example");
    shell.ok(&[
        "-p", "me", "present", "--cred", &first, "--as", "me", "--aud", audience, "--nonce",
        &nonce, "--out", "vp.json",
    ]);
    fs::copy(shell.home().join("vp.json"), shell.home().join("again.json")).expect("a copy");
    let second = row(2);
    let said = verify(&shell, &["vp.json", &second, "again.json", "--json"]);
    let exits: Vec<u64> = verdicts(&said).iter().map(|(_, _, exit)| *exit).collect();
    assert_eq!(exits, [0, 0, 16], "{said:?}");
    assert_eq!(said.exit, 16);
    assert_eq!(verify(&shell, &["vp.json"]).exit, 16, "it was used");
    // One that the caller keeps would be answered by each of them.
    let kept = ["vp.json", "again.json", "--nonce", "n-0123456789", "--aud", audience];
    let said = verify(&shell, &kept);
    assert!(said.exit == 2 && said.err.contains("one by one"), "{said:?}");
}

/// Typed one after the other, the newer file first, the older one would not be accepted either.
#[test]
fn what_one_file_shows_counts_for_every_other() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me, "--claims"];
    shell.ok(&[&issue[..], &["claims.json", "--out", "old.json"]].concat());
    let present = |credential: &str, out: &str| {
        let audience = "https://desk.example";
        let nonce = shell.ok(&["-p", "desk", "request", "nonce", "--aud", audience]);
        let line = ["-p", "me", "present", "--cred", credential, "--as", "me", "--aud", audience];
        shell.ok(&[&line[..], &["--nonce", &nonce, "--out", out]].concat());
    };
    present("old.json", "old-vp.json");
    shell.ok(&["-p", "city", "revoke", "old.json", "--reason", "left", "--yes"]);
    // It travels with the newer state of the list that both name.
    shell.ok(&[&issue[..], &["claims.json", "--out", "new.json"]].concat());
    present("new.json", "new-vp.json");
    fs::rename(shell.home().join("ledger"), shell.home().join("away")).expect("moved away");
    for files in [["old.json", "new.json"], ["new.json", "old.json"]] {
        let said = verify(&shell, &[&files[..], &["--offline", "--json"]].concat());
        let expected = files.map(|file| if file == "old.json" { 19 } else { 0 });
        let exits: Vec<u64> = verdicts(&said).iter().map(|(_, _, exit)| *exit).collect();
        assert_eq!(exits, expected, "{said:?}");
        fs::remove_file(shell.home().join(KNOWN)).expect("what was seen is forgotten");
    }
    // So it does for what is read, or answers a nonce, only once: a presentation, and standard input.
    let old = fs::read(shell.home().join("old.json")).expect("a file");
    let line = ["-p", "desk", "verify", "-", "old-vp.json", "new-vp.json", "--offline", "--json"];
    let said = shell.inkan_reading(&line, &old);
    let exits: Vec<u64> = verdicts(&said).iter().map(|(_, _, exit)| *exit).collect();
    assert_eq!(exits, [19, 19, 0], "{said:?}");
}

#[test]
fn standard_input_is_one_of_several_and_an_empty_folder_is_no_success() {
    let shell = Shell::new();
    badges(&shell);
    let bytes = fs::read(shell.home().join(row(1))).expect("a file");
    let second = row(2);
    let line = ["-p", "desk", "verify", &second, "-", "--json"];
    let said = shell.inkan_reading(&line, &bytes);
    assert_eq!((said.exit, verdicts(&said).len()), (0, 2), "{said:?}");
    assert_eq!(verify(&shell, &["-", "-"]).exit, 2);
    fs::create_dir(shell.home().join("empty")).expect("a folder");
    let said = verify(&shell, &["empty"]);
    assert_eq!(said.exit, 8, "{said:?}");
    assert!(said.out.contains(".json") && said.out.contains("not judged"), "{}", said.out);
    // It keeps nothing else from being judged.
    assert_eq!(verdicts(&verify(&shell, &["empty", &second, "--json"])).len(), 2);
    // Of a folder a report on credentials is left out aloud; who names it wants it judged.
    let report = verify(&shell, &[&second, "--json"]).out;
    shell.write("out/report.json", report.as_bytes());
    let said = verify(&shell, &["out"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("reports on credentials") && said.err.contains("report.json"));
    assert_eq!(verify(&shell, &["out/report.json", &second]).exit, 10);
    // What the API of issuers answers is read as it comes.
    let credential = read_json(&shell.home().join(&second))["credential"].clone();
    shell
        .write("answer.json", json!({ "verifiableCredential": credential }).to_string().as_bytes());
    let said = verify(&shell, &["answer.json"]);
    assert!(said.exit == 0 && said.err.contains("verifiableCredential"), "{said:?}");
    // A folder with a single file is still told as a list.
    fs::copy(shell.home().join(row(1)), shell.home().join("empty/one.json")).expect("a copy");
    assert_eq!(verdicts(&verify(&shell, &["empty", "--json"])).len(), 1);
}
