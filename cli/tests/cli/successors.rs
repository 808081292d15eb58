//! What a successor says of what its predecessor issued, in lists of every kind: tokens, suspensions and messages.

use std::time::Duration;

use crate::common::{Home, Ran};
use crate::trust::settle;

/// Entries are a second apart, so that what was said before is told from what was said after.
fn pause() {
    std::thread::sleep(Duration::from_millis(1_100));
}

#[test]
fn a_successor_goes_on_with_token_lists_suspensions_and_messages() {
    let (home, university, holder) = Home::with_parties();
    let successor = settle(&home, "merged");
    let run = |line: &[&str]| home.run(line);
    let verify = |file: &str| run(&["-p", "bank", "verify", file]);
    let says = |ran: &Ran, words: &str| {
        assert!(ran.stderr.contains(words), "{words:?} in\n{}", ran.stderr);
    };
    let issue = |more: &[&str]| {
        let first = ["-p", "acme", "issue", "Degree", "--from", "acme", "--to", &holder];
        run(&[&first[..], &["--claim", "subject=law"], more].concat()).must(0)
    };
    issue(&["--credential-format", "vc+jwt", "--status", "token", "--out", "jwt.json"]);
    issue(&["--credential-format", "vc+jwt", "--status", "token-cwt", "--out", "cwt.json"]);
    issue(&["--suspendable", "--messages", "on loan,returned", "--out", "book.json"]);
    for profile in ["bank", "merged"] {
        run(&["-p", profile, "trust", "add", &successor, "--succeeds", &university]).must(0);
    }
    pause();
    let merged = |verb: &[&str], rest: &[&str]| {
        let from = ["--from", "merged", "--reason", "moved"];
        run(&[&["-p", "merged"], verb, rest, &from].concat())
    };
    for file in ["jwt.json", "cwt.json", "book.json"] {
        verify(file).must(0);
        says(&merged(&["cred", "suspend"], &[file]).must(0), "suspended");
        verify(file).must(12);
        pause();
        // What they suspended before is lifted by whoever goes on with it.
        says(
            &run(&["-p", "merged", "cred", "reinstate", file, "--from", "merged"]).must(0),
            "reinstated",
        );
        verify(file).must(0);
        pause();
    }
    // The predecessor goes on too: what it revokes is revoked in both.
    run(&["-p", "acme", "revoke", "jwt.json", "--reason", "error", "--yes"]).must(0);
    verify("jwt.json").must(12);
    for (file, said) in [("jwt.json", "already"), ("cwt.json", "revoked"), ("book.json", "revoked")]
    {
        if file == "book.json" {
            let shown = run(&["-p", "bank", "cred", "status", "book.json", "--json"]).must(0);
            assert!(shown.stdout.contains("on loan"), "{}", shown.stdout);
            merged(&["cred", "message"], &["book.json", "returned"]).must(0);
            let shown = run(&["-p", "bank", "cred", "status", "book.json", "--json"]).must(0);
            assert!(shown.stdout.contains("returned"), "{}", shown.stdout);
            merged(&["cred", "message"], &["book.json", "burnt"]).must(8);
        }
        says(&merged(&["revoke"], &[file, "--yes"]).must(0), said);
        verify(file).must(12);
        let back = run(&["-p", "merged", "cred", "reinstate", file, "--from", "merged"]).must(7);
        says(&back, "taken back");
    }
}
