//! `inkan did move`: from one ledger to another and back, and what became of all that was recorded before.

use std::path::Path;

use serde_json::Value;

use crate::common::{Home, Node, Ran};
use crate::signing::fits;
use crate::trust::settle;

const OTHER: &str = "other.example";

/// Another ledger, which nobody knows yet.
fn other(home: &Home, folder: &str, more: &[&str]) {
    let init = ["init", "operator", "--ledger", folder, "--domain", OTHER];
    home.run(&[&init[..], more].concat()).must(0);
}

fn pin(home: &Home, profiles: &[&str], place: &str) {
    for profile in profiles {
        home.run(&["-p", profile, "ledger", "pin", place, "--yes"]).must(0);
    }
}

fn issue(home: &Home, holder: &str, out: &str) -> Ran {
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", holder];
    home.run(&[&issue[..], &["--claim", "role=engineer", "--out", out]].concat()).must(0)
}

fn verify(home: &Home, file: &str, more: &[&str]) -> Ran {
    home.run(&[&["-p", "bank", "verify", file], more].concat())
}

/// The log where our DID is at home, and the one that it is on its way to.
fn whereabouts(home: &Home, profile: &str) -> (Value, Value) {
    let list = home.run(&["-p", profile, "did", "list", "--json"]).must(0).json();
    (list["dids"][0]["log"].clone(), list["dids"][0]["movingTo"].clone())
}

/// Versions are a second apart, and so is what stands in the ledgers about them.
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

fn says(ran: &Ran, words: &str) {
    assert!(ran.stderr.contains(words) || ran.stdout.contains(words), "{words:?} in\n{ran:?}");
}

#[test]
fn what_was_issued_before_and_after_a_move_is_judged_by_both_ledgers() {
    let (home, issuer, holder) = Home::with_parties();
    issue(&home, &holder, "old.json");
    verify(&home, "old.json", &[]).must(0);
    other(&home, "b", &[]);
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let to_b = ["did", "move", "acme", "--to", "b", "--yes"];

    // A ledger that nobody here believes is refused before anything is recorded; a dry run records nothing either.
    let before = home.snapshot();
    says(&acme(&to_b).must(19), "ledger pin b");
    assert!(home.snapshot() == before, "a refusal changed something");
    pin(&home, &["acme"], "b");
    let before = home.snapshot();
    says(&acme(&["did", "move", "acme", "--to", "b", "--dry-run"]).must(0), "would take it");
    assert!(home.snapshot() == before, "a dry run changed something");

    pause();
    let moved = acme(&[&to_b[..], &["--json"]].concat()).must(0);
    fits(&moved, "did-move", include_str!("../../../schemas/did-move.schema.json"));
    let moved = moved.json();
    assert_eq!(moved["to"], OTHER);
    assert_eq!(moved["brought"], 2, "both versions: {moved}");
    assert_eq!(moved["receipts"], 2, "of the ledger that was left: {moved}");
    assert_eq!(whereabouts(&home, "acme"), (OTHER.into(), Value::Null));
    let again = acme(&[&to_b[..], &["--json"]].concat()).must(0);
    fits(&again, "did-move", include_str!("../../../schemas/did-move.schema.json"));
    assert_eq!(again.json()["moved"], false);

    // Who knows the old ledger alone cannot tell whether the credential was revoked since.
    verify(&home, "old.json", &[]).must(19);
    pin(&home, &["bank"], "b");
    verify(&home, "old.json", &[]).must(0);
    home.run(&["-p", "bank", "bundle", "pack", "old.json", "--out", "kept.json"]).must(0);
    verify(&home, "kept.json", &["--offline"]).must(0);

    // The new ledger takes what the DID does now.
    says(&issue(&home, &holder, "new.json"), OTHER);
    verify(&home, "new.json", &[]).must(0);
    verify(&home, "new.json", &["--offline"]).must(0);
    pause();
    says(&acme(&["revoke", "old.json", "--reason", "left", "--yes"]).must(0), OTHER);
    verify(&home, "old.json", &[]).must(12);
    verify(&home, "kept.json", &[]).must(12);
    verify(&home, "new.json", &[]).must(0);
    home.write("patch.json", r#"{"description":"moved"}"#);
    let update = ["did", "update", "acme", "--patch", "patch.json"];
    says(&acme(&update).must(0), OTHER);
    acme(&["status-list", "publish"]).must(0);
    verify(&home, "new.json", &[]).must(0);
    acme(&["revoke", "new.json", "--reason", "left", "--yes"]).must(0);
    verify(&home, "new.json", &[]).must(12);

    // The wrong ledger is named as such, and the right one beside it.
    let wrong = acme(&[&["--ledger", "ledger"], &update[..]].concat()).must(7);
    says(&wrong, "at home in the log other.example");
    acme(&[&["--ledger", "b"], &update[..]].concat()).must(0);

    let history = home.run(&["-p", "bank", "did", "history", &issuer, "--json"]).must(0).json();
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(3), "{history}");
    let log = acme(&["did", "export", "acme", "--as", "did.jsonl"]).must(0).stdout;
    assert_eq!(log.lines().count(), 3);
    acme(&["doctor"]).must(0);
    says(&home.run(&["-p", "bank", "story", "old.json"]).must(12), "moved");
}

#[test]
fn a_move_that_was_interrupted_goes_on_where_it_stopped() {
    let (home, _, holder) = Home::with_parties();
    issue(&home, &holder, "old.json");
    other(&home, "b", &[]);
    pin(&home, &["acme", "bank"], "b");
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let to_b = ["did", "move", "acme", "--to", "b", "--yes"];
    pause();
    {
        // Somebody else writes there: the new ledger takes nothing.
        let busy = ["ledger", "start", "--data", "b", "--listen", "127.0.0.1:0"];
        let _node = Node::start(&home, &busy);
        let stopped = acme(&to_b);
        assert_ne!(stopped.status, 0, "{stopped:?}");
        says(&stopped, "has left ledger.example and has not arrived in other.example yet");
        says(&stopped, "did move acme --to b");
    }
    assert_eq!(whereabouts(&home, "acme"), ("ledger.example".into(), OTHER.into()));
    // It signs nothing in between, and says why.
    let issue_now = ["issue", "Badge", "--from", "acme", "--bearer", "--claim", "a=b"];
    for command in [&issue_now[..], &["revoke", "old.json", "--reason", "left", "--yes"]] {
        says(&acme(command).must(7), "has not arrived in other.example yet");
    }
    says(&acme(&["doctor", "--only", "dids"]).must(20), "has not arrived");
    // What the new ledger is sent is in the profile: the old one may be gone.
    std::fs::rename(home.path("ledger"), home.path("away")).unwrap();
    acme(&to_b).must(0);
    assert_eq!(whereabouts(&home, "acme"), (OTHER.into(), Value::Null));
    issue(&home, &holder, "new.json");
    std::fs::rename(home.path("away"), home.path("ledger")).unwrap();
    for file in ["old.json", "new.json"] {
        verify(&home, file, &[]).must(0);
    }
    // What was issued while the old ledger was gone carries what shows the leaving.
    verify(&home, "new.json", &["--offline"]).must(0);
}

#[test]
fn a_did_moves_to_a_node_and_back() {
    let (home, _, holder) = Home::with_parties();
    issue(&home, &holder, "old.json");
    other(&home, "node", &[]);
    let start = ["ledger", "start", "--data", "node", "--listen", "127.0.0.1:0"];
    let node = Node::start(&home, &start);
    let url = format!("http://{}", node.address);
    pin(&home, &["acme", "bank"], &url);
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    pause();
    acme(&["did", "move", "acme", "--to", &url, "--yes"]).must(0);
    says(&issue(&home, &holder, "there.json"), OTHER);
    verify(&home, "there.json", &[]).must(0);
    pause();
    acme(&["revoke", "old.json", "--reason", "left", "--yes"]).must(0);
    verify(&home, "old.json", &[]).must(12);

    // Back: the first ledger lacks one version alone, and numbers of lists go on from what it has.
    pause();
    let back = acme(&["did", "move", "acme", "--to", "ledger", "--yes", "--json"]).must(0).json();
    assert_eq!((&back["brought"], &back["from"]), (&1.into(), &OTHER.into()), "{back}");
    assert_eq!(whereabouts(&home, "acme").0, "ledger.example");
    issue(&home, &holder, "back.json");
    verify(&home, "old.json", &[]).must(12);
    for file in ["there.json", "back.json"] {
        verify(&home, file, &[]).must(0);
    }
    pause();
    acme(&["revoke", "there.json", "--reason", "left", "--yes"]).must(0);
    verify(&home, "there.json", &[]).must(12);
    verify(&home, "old.json", &[]).must(12);
    verify(&home, "back.json", &[]).must(0);
}

#[test]
fn what_the_new_ledger_would_refuse_is_said_before_the_old_one_is_left() {
    let (home, _, _) = Home::with_parties();
    home.write("few.json", r#"{"importMax":1}"#);
    other(&home, "b", &["--params", "few.json"]);
    pin(&home, &["acme"], "b");
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let to_b = ["did", "move", "acme", "--to", "b", "--yes"];
    pause();
    says(&acme(&to_b).must(9), "nothing was recorded");
    assert_eq!(whereabouts(&home, "acme"), ("ledger.example".into(), Value::Null));
    // A DID that is a key is in no ledger; one that has ended goes nowhere.
    acme(&["did", "create", "--method", "key", "--name", "k"]).must(0);
    acme(&["did", "move", "k", "--to", "b", "--yes"]).must(8);
    acme(&["did", "deactivate", "acme", "--yes"]).must(0);
    says(&acme(&to_b), "has ended");
}

#[test]
fn an_acceptance_that_is_taken_back_after_a_move_is_taken_back() {
    let (home, issuer, holder) = Home::with_parties();
    issue(&home, &holder, "badge.json");
    home.run(&["-p", "bank", "trust", "add", &issuer, "--issues", "Badge"]).must(0);
    let policy = ["-p", "bank", "policy", "new", "desk", "--type", "Badge"];
    home.run(&[&policy[..], &["--countersigned", "holder"]].concat()).must(0);
    home.run(&["-p", "holder", "countersign", "badge.json", "--out", "signed.json"]).must(0);
    other(&home, "b", &[]);
    pin(&home, &["holder", "bank"], "b");
    pause();
    home.run(&["-p", "holder", "did", "move", "me", "--to", "b", "--yes"]).must(0);
    let desk = |file: &str| verify(&home, file, &["--policy", "desk", "--json"]);
    desk("signed.json").must(0);
    let gone = ["-p", "holder", "refuse", "signed.json", "--out", "gone.json"];
    says(&home.run(&gone).must(0), "withdraws; recorded as entry");
    says(&desk("signed.json").must(16), "act-superseded");
    desk("gone.json").must(16);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there);
        } else {
            std::fs::copy(path, there).unwrap();
        }
    }
}

#[test]
fn a_did_that_was_continued_elsewhere_goes_nowhere() {
    let (home, ..) = Home::with_parties();
    other(&home, "b", &[]);
    pin(&home, &["acme"], "b");
    // Somebody has a copy of the profile and of the ledger, and takes the DID to the other one.
    copy(&home.path("ledger"), &home.path("fork"));
    home.run(&["init", "twin", "--ledger", "fork"]).must(0);
    let profile = |name: &str| home.path(&format!(".local/share/inkan/{name}"));
    copy(&profile("acme"), &profile("twin"));
    pause();
    home.run(&["-p", "twin", "did", "move", "acme", "--to", "b", "--yes"]).must(0);
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    home.write("patch.json", r#"{"description":"here"}"#);
    acme(&["did", "update", "acme", "--patch", "patch.json"]).must(0);
    pause();
    let refused = acme(&["did", "move", "acme", "--to", "b", "--yes", "--json"]).must(18);
    assert_eq!(refused.json()["error"]["code"], "did-forked");
    says(&refused, "nothing was recorded");
    assert_eq!(whereabouts(&home, "acme"), ("ledger.example".into(), Value::Null));
    acme(&["did", "update", "acme", "--patch", "patch.json"]).must(0);
}

#[test]
fn who_hears_an_authority_that_has_moved_is_told() {
    let (home, issuer, _) = Home::with_parties();
    let ministry = settle(&home, "ministry");
    home.run(&["-p", "bank", "trust", "add", &ministry, "--authority"]).must(0);
    let add = ["-p", "ministry", "trust", "add", &issuer, "--issues", "Degree"];
    let from = ["--from", "2020-01-01T00:00:00Z", "--as", "ministry"];
    home.run(&[&add[..], &from].concat()).must(0);
    let check = ["-p", "bank", "trust", "check", &issuer, "--issues", "Degree"];
    home.run(&check).must(0);
    other(&home, "b", &[]);
    pin(&home, &["ministry", "bank"], "b");
    pause();
    home.run(&["-p", "ministry", "did", "move", "ministry", "--to", "b", "--yes"]).must(0);
    says(&home.run(&check).must(19), "has moved to the log other.example");
    // It states anew in its new home, and counts from one.
    home.run(&[&add[..], &from].concat()).must(0);
}
