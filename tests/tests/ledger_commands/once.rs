//! `inkan ledger once`: the first use counts, in a folder and on a node, and one that was interrupted is finished by who began it.

use inkan_tests::shell::{Said, Shell};

#[test]
fn the_first_use_counts_and_every_other_one_ends_with_7() {
    let shell = Shell::new();
    shell.cast();
    let id = shell.ok(&["ledger", "once", "--new"]);
    assert_eq!(id.len(), 43, "{id}");
    assert_ne!(id, shell.ok(&["ledger", "once", "--new"]));
    let uses = |place: &str, scope: &str| {
        let once = |who: &str, more: &[&str]| -> Said {
            let line = ["-p", who, "--ledger", place, "ledger", "once", scope, &id, "--json"];
            shell.inkan(&[&line[..], more].concat())
        };
        let tried = once("city", &["--dry-run"]);
        assert!(tried.exit == 0 && tried.out.contains("\"kind\":\"once\""), "{tried:?}");
        let first = once("city", &["--out", "used.json", "--force"]);
        assert_eq!(first.exit, 0, "{first:?}");
        let entry = first.json()["entry"].as_u64().expect("its place");
        let check = ["-p", "desk", "--ledger", place, "ledger", "check", "used.json", "--json"];
        let checked = shell.inkan(&check);
        assert_eq!((checked.exit, &checked.json()["index"]), (0, &entry.into()), "{checked:?}");
        // Whoever comes later is told which entry was first, and gets no receipt.
        for (who, by) in [("me", "by Qm"), ("city", "by your own city")] {
            let later = once(who, &["--out", "no.json"]);
            assert_eq!(later.exit, 7, "{later:?}");
            assert!(later.finds("already-used"), "{later:?}");
            let said = format!("in entry {entry} of ledger.example, {by}");
            assert!(later.out.contains(&said), "{said}: {later:?}");
            assert!(!shell.home().join("no.json").exists());
        }
        let prove = ["-p", "desk", "--ledger", place, "ledger", "prove", "--once", scope, &id];
        let proved = shell.inkan(&[&prove[..], &["--json"]].concat());
        assert_eq!(proved.json()["newest"]["index"], entry, "{proved:?}");
    };
    uses("ledger", "coupon");
    // In another sense it is another thing; who reads it from a pipe tells nobody of it.
    let piped = ["-p", "me", "ledger", "once", "ticket", "-", "--json"];
    let piped = shell.inkan_reading(&piped, format!("{id}\n").as_bytes());
    assert_eq!(piped.exit, 0, "{piped:?}");
    assert_eq!(piped.json()["receipt"]["type"], "inkan-receipt/1", "{piped:?}");
    for wrong in [
        &["coupon", "short"][..],
        &["two words", &id],
        &["", &id],
        &[&"x".repeat(65), &id],
        &["coupon", &id, "--new"],
        &[],
    ] {
        let said = shell.inkan(&[&["-p", "me", "ledger", "once"], wrong].concat());
        assert_eq!(said.exit, 2, "{wrong:?}: {said:?}");
    }
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    uses(node.ready("url"), "grant");
}

#[test]
fn a_use_that_was_recorded_and_not_written_is_finished_by_who_began_it() {
    let shell = Shell::new();
    shell.cast();
    let id = shell.ok(&["ledger", "once", "--new"]);
    let once = |who: &str, out: &str| {
        shell.inkan(&["-p", who, "ledger", "once", "coupon", &id, "--out", out, "--json"])
    };
    let failed = once("city", &super::interrupted::unwritable());
    assert_ne!(failed.exit, 0, "{failed:?}");
    let doctor = shell.inkan(&["-p", "city", "doctor"]);
    assert!(doctor.out.contains("ledger once"), "{doctor:?}");
    assert_eq!(once("me", "mine.json").exit, 7);
    let done = once("city", "used.json");
    assert_eq!(done.exit, 0, "{done:?}");
    assert!(done.err.contains("goes on with its entry"), "{done:?}");
    // Then it is done: the same command has no second use of it.
    assert_eq!(once("city", "again.json").exit, 7);
}
