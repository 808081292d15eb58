//! What scripts rely on: exit codes, JSON on every one of them, result and talk apart, nothing written by a dry run.

use super::common::{Home, finish};
use serde_json::Value;

#[test]
fn standard_output_is_json_on_every_exit_code() {
    let home = Home::new();
    let lines: [(&[&str], i32); 9] = [
        (&["--version"], 0),
        (&["explain", "credential-revoked"], 0),
        (&["verfy"], 2),
        (&["key", "list"], 3),
        (&["-p", "nobody", "key", "list"], 3),
        (&["explain", "no-such-code"], 3),
        (&["inspect", "missing.json"], 3),
        (&["inspect"], 10),
        (&["policy", "show", "no-such-policy"], 3),
    ];
    for (line, status) in lines {
        for flag in [&["--json"][..], &["-f", "json"], &["--format", "jsonl"]] {
            let ran = home.run(&[line, flag].concat()).must(status);
            let answer = ran.json();
            assert_eq!(answer["exit"], status, "{line:?}");
            assert!(answer["type"].as_str().unwrap().ends_with("/1"), "{line:?}");
            if status != 0 {
                let error = &answer["error"];
                assert!(error["number"].as_str().unwrap().starts_with("INK-"), "{line:?} {error}");
                assert!(!error["remedy"].as_str().unwrap().is_empty(), "{line:?} {error}");
            }
        }
    }
}

#[test]
fn a_broken_configuration_is_named_and_is_no_bug() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".config/inkan")).unwrap();
    home.write(".config/inkan/config.toml", "default = [");
    let ran = home.run(&["key", "list", "--json"]).must(8);
    assert_eq!(ran.json()["error"]["code"], "config-malformed");
}

#[test]
fn the_result_is_on_standard_output_and_the_talk_is_not() {
    let home = Home::new();
    home.run(&["init", "acme", "--ledger", "ledger"]).must(0);
    let ran = home.run(&["did", "create"]).must(0);
    assert!(ran.stdout.starts_with("did:webvh:") && ran.stdout.lines().count() == 1);
    assert!(ran.stderr.contains("public for ever"));
    let quiet = home.run(&["-q", "key", "generate", "other"]).must(0);
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
}

#[test]
fn a_dry_run_writes_nothing_and_shows_the_entry() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let before = home.snapshot();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let ran = home.run(&[&issue[..], &["--claims", "claims.json", "-n", "--json"]].concat());
    let answer = ran.must(0).json();
    let entries = answer["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "status and issuance");
    for entry in entries {
        let size = entry["body"].as_str().unwrap().len();
        assert_eq!(entry["size"], size);
    }
    for line in [
        &["-p", "acme", "key", "generate", "x", "-n"][..],
        &["-p", "acme", "did", "create", "--name", "other", "-n"],
        &["-p", "bank", "trust", "add", &holder, "--issues", "Badge", "-n"],
        &["-p", "bank", "policy", "new", "desk", "-n"],
        &["init", "more", "--ledger", "elsewhere", "-n"],
    ] {
        home.run(line).must(0);
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn what_cannot_be_undone_is_asked_for_and_nobody_there_means_no() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat()).must(0);
    let revoke = ["-p", "acme", "revoke", "badge.json", "--reason", "left"];
    let ran = home.run(&revoke).must(5);
    assert!(ran.stderr.contains("error[INK-7021]"), "{}", ran.stderr);
    home.run(&["-p", "bank", "verify", "badge.json"]).must(0);
    home.run(&[&revoke[..], &["--yes"]].concat()).must(0);
    home.run(&["-p", "bank", "verify", "badge.json"]).must(12);
    let again = home.run(&[&revoke[..], &["--yes"]].concat()).must(0);
    assert!(again.stderr.contains("revoked already"), "{}", again.stderr);
    let listed = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    assert_eq!(listed["credentials"][0]["status"], "revoked");
}

#[test]
fn colour_stays_out_of_pipes_and_out_of_json() {
    let home = Home::new();
    let plain = home.run(&["explain", "credential-revoked"]).must(0);
    assert!(!plain.stdout.contains('\u{1b}'));
    let painted = home.run(&["explain", "credential-revoked", "--color", "always"]).must(0);
    assert!(painted.stdout.contains('\u{1b}'));
    let json = home.run(&["explain", "credential-revoked", "--color", "always", "--json"]).must(0);
    assert!(!json.stdout.contains('\u{1b}'));
}

#[test]
#[cfg(unix)]
fn a_closed_pipe_ends_the_output_and_not_the_verdict() {
    let home = Home::new();
    let mut command = std::process::Command::new("sh");
    let line = format!("{} completions zsh | head -1", env!("CARGO_BIN_EXE_inkan"));
    command.args(["-c", &line]).current_dir(home.folder()).env("HOME", home.folder());
    let ran = finish(command).must(0);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    let home = Home::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = home.command(&["completions", "zsh"]);
    command.stdout(full);
    let ran = finish(command).must(6);
    assert!(ran.stderr.contains("standard output"), "{}", ran.stderr);
}

#[test]
fn several_processes_may_write_to_one_ledger_at_once() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.run(&["init", name, "--ledger", "ledger"]).must(0);
    }
    let children: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|name| home.command(&["-p", name, "did", "create", "--json"]).spawn().unwrap())
        .collect();
    let mut entries: Vec<Value> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(answer["exit"], 0, "{answer}");
            answer["entry"].clone()
        })
        .collect();
    entries.sort_by_key(|entry| entry.as_u64());
    entries.dedup();
    assert_eq!(entries.len(), 3);
}

#[test]
fn two_runs_in_one_profile_do_not_lose_each_others_keys() {
    let home = Home::new();
    home.run(&["init", "a", "--ledger", "ledger"]).must(0);
    let children: Vec<_> = ["x", "y"]
        .iter()
        .map(|name| home.command(&["did", "create", "--name", name]).spawn().unwrap())
        .collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    home.run(&["doctor"]).must(0);
    for name in ["x", "y"] {
        home.run(&["key", "generate", &format!("{name}-new")]).must(0);
        home.run(&["did", "rotate", name, "--key", &format!("{name}-new")]).must(0);
    }
    let listed = home.run(&["did", "list", "--json"]).must(0).json();
    let keys: Vec<&Value> =
        listed["dids"].as_array().unwrap().iter().map(|did| &did["keys"]).collect();
    assert_ne!(keys[0], keys[1], "two DIDs never share a key unasked");
}

#[test]
fn what_a_killed_command_began_is_finished_by_the_next_one() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let issue =
        [&issue[..], &["--claims", "claims.json", "--out", "badge.json", "--force"]].concat();
    // Killed at moments spread over the whole run; most of them while it writes, some before, some after.
    for delay in (0..12).map(|step| step * 40) {
        let mut child = home.command(&issue).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        let _ = child.kill();
        child.wait_with_output().unwrap();
        home.run(&["-p", "acme", "doctor", "--fix"]).must(0);
        home.run(&["-p", "acme", "doctor"]).must(0);
    }
    home.run(&issue).must(0);
    home.run(&["-p", "bank", "verify", "badge.json"]).must(0);
    let entries = home.run(&["-p", "acme", "ledger", "status", "--json"]).must(0).json();
    let issued = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    let issued = issued["credentials"].as_array().unwrap().len();
    assert!(issued >= 1 && entries["size"].as_u64().unwrap() > 0);
}

#[test]
fn the_doctor_finds_an_open_keystore_and_closes_it() {
    let (home, _, _) = Home::with_parties();
    home.run(&["-p", "acme", "doctor"]).must(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let path = home.path(".local/share/inkan/acme/keystore.json");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let ran = home.run(&["-p", "acme", "doctor", "--json"]).must(20);
        assert_eq!(ran.json()["problems"], 1);
        home.run(&["-p", "acme", "doctor", "--fix"]).must(0);
        home.run(&["-p", "acme", "doctor"]).must(0);
    }
    home.run(&["-p", "acme", "doctor", "--only", "clock"]).must(0);
    home.run(&["-p", "acme", "doctor", "--only", "nothing"]).must(2);
}
