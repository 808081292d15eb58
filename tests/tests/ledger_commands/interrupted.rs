//! Commands that end between the ledger and their file: typed again they finish what is recorded, and record nothing twice.

use inkan_tests::shell::Shell;

/// A name that a file may have, and its temporary file may not: writing fails when everything else is done.
pub(super) fn unwritable() -> String {
    "x".repeat(248)
}

fn entries(shell: &Shell) -> u64 {
    let said = shell.inkan(&["-p", "desk", "ledger", "status", "--json"]).json();
    said["leaves"].as_u64().or_else(|| said["size"].as_u64()).expect("a size")
}

#[test]
fn a_credential_that_was_recorded_and_not_written_is_not_issued_twice() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"city": "Lisbon"}"#);
    let issue = |out: &str, more: &[&str]| {
        let base = ["-p", "city", "issue", "Residence", "--from", "city", "--to", me.trim()];
        let rest = ["--claims", "claims.json", "--out", out, "--json"];
        shell.inkan(&[&base[..], &rest, more].concat())
    };
    let long = unwritable();
    let failed = issue(&long, &[]);
    assert_ne!(failed.exit, 0, "{failed:?}");
    let before = entries(&shell);
    let doctor = shell.inkan(&["-p", "city", "doctor"]);
    assert!(doctor.out.contains("interrupted before it was written"), "{doctor:?}");
    let done = issue("c.json", &[]);
    assert_eq!(done.exit, 0, "{done:?}");
    assert!(done.err.contains("an earlier run recorded this credential"), "{done:?}");
    assert_eq!(entries(&shell), before, "nothing was recorded for it");
    let verified = shell.inkan(&["-p", "desk", "verify", "c.json", "--json"]);
    assert_eq!(verified.exit, 0, "{verified:?}");
    // Then it is done: the same command issues another one.
    let another = issue("d.json", &[]);
    assert_eq!(another.exit, 0, "{another:?}");
    assert_ne!(another.json()["id"], done.json()["id"]);
    assert!(entries(&shell) > before);
    // And other claims never get what was kept.
    assert_ne!(issue(&long, &[]).exit, 0);
    shell.write("claims.json", br#"{"city": "Porto"}"#);
    let other = issue("e.json", &[]);
    assert_eq!(other.exit, 0, "{other:?}");
    assert!(!other.err.contains("an earlier run"), "{other:?}");
}

#[test]
fn a_credential_that_ended_before_it_was_written_is_not_handed_over() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"city": "Lisbon"}"#);
    let issue = |out: &str| {
        let base = ["-p", "city", "issue", "Residence", "--from", "city", "--to", me.trim()];
        let rest = ["--claims", "claims.json", "--valid-for", "PT1S", "--out", out, "--json"];
        shell.inkan(&[&base[..], &rest].concat())
    };
    assert_ne!(issue(&unwritable()).exit, 0);
    let before = entries(&shell);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let another = issue("c.json");
    assert_eq!(another.exit, 0, "{another:?}");
    assert!(another.err.contains("it has ended since"), "{another:?}");
    assert!(entries(&shell) > before, "another one was recorded");
}

/// Without the salts in the profile nobody could ever open the entry that is recorded.
#[test]
fn a_batch_that_was_recorded_keeps_its_salts_until_its_receipts_are_there() {
    let shell = Shell::new();
    shell.cast();
    shell.write("a.csv", b"1");
    shell.write("b.csv", b"2");
    let record = |out: &str| {
        let base = ["-p", "city", "ledger", "record", "--batch", "a.csv", "b.csv", "--out"];
        shell.inkan(&[&base[..], &[out, "--json", "--no-input"]].concat())
    };
    std::fs::create_dir(shell.home().join("out")).expect("a folder");
    // In the place of the temporary file of a receipt lies a folder.
    let block = shell.home().join("out/.b.csv.inkan-receipt.json.tmp");
    std::fs::create_dir(&block).expect("a folder");
    let failed = record("out");
    assert_ne!(failed.exit, 0, "{failed:?}");
    let before = entries(&shell);
    std::fs::remove_dir(&block).expect("it is empty");
    let done = record("out");
    assert_eq!(done.exit, 0, "{done:?}");
    assert!(done.err.contains("goes on with its entry"), "{done:?}");
    assert_eq!(entries(&shell), before, "the entry is the one that is there");
    let check = shell.inkan(&[
        "-p",
        "desk",
        "ledger",
        "check",
        "out/b.csv.inkan-receipt.json",
        "--file",
        "b.csv",
    ]);
    assert_eq!(check.exit, 0, "{check:?}");
    assert_eq!(record("out").exit, 7, "receipts are not replaced unasked");
}

#[test]
fn a_new_did_that_the_node_does_not_take_yet_holds_up_nothing_else() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"city": "Lisbon"}"#);
    let start = ["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"];
    let node = shell.start(&[&start[..], &["--limit-new-dids", "1"]].concat());
    let place = node.ready("url").to_owned();
    let city = |line: &[&str]| shell.inkan(&[&["-p", "city", "--ledger", &place], line].concat());
    let issue =
        ["issue", "Residence", "--from", "city", "--to", me.trim(), "--claims", "claims.json"];
    let issued = city(&[&issue[..], &["--out", "c.json"]].concat());
    assert_eq!(issued.exit, 0, "{issued:?}");
    assert_eq!(city(&["did", "create", "--name", "one"]).exit, 0);
    let refused = city(&["did", "create", "--name", "two"]);
    assert_eq!(refused.exit, 6, "{refused:?}");
    let revoked = city(&["revoke", "c.json", "--reason", "stolen", "--yes"]);
    assert_eq!(revoked.exit, 0, "{revoked:?}");
    assert!(revoked.err.contains("still waiting") && revoked.err.contains("two"), "{revoked:?}");
}

/// Who follows a ledger is told where the next watch begins, however it was ended.
#[test]
fn a_watch_that_is_ended_says_so() {
    let shell = Shell::new();
    shell.cast();
    for signal in ["-INT", "-TERM"] {
        let watch = ["-p", "desk", "ledger", "watch", "--since", "0", "--every", "3600"];
        let (exit, said) = shell.inkan_ended_by(signal, &watch, "showing those from");
        assert_eq!(exit, Some(0), "{said}");
        assert!(said.contains("ended in order; the next watch begins with entry"), "{said}");
    }
}
