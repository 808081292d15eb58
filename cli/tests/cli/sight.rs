//! What somebody who moved says in the new ledger, or used up in the old one: nobody is spared asking.

use serde_json::Value;

use crate::common::{Home, Node, Ran};

const OTHER: &str = "other.example";
const BANK: &str = "https://bank.example";

/// Another ledger, pinned by these.
fn other(home: &Home, profiles: &[&str]) {
    home.run(&["init", "operator", "--ledger", "b", "--domain", OTHER]).must(0);
    pin(home, profiles);
}

fn pin(home: &Home, profiles: &[&str]) {
    for profile in profiles {
        home.run(&["-p", profile, "ledger", "pin", "b", "--yes"]).must(0);
    }
}

/// Versions are a second apart.
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

fn says(ran: &Ran, words: &str) {
    assert!(ran.stderr.contains(words) || ran.stdout.contains(words), "{words:?} in\n{ran:?}");
}

#[expect(clippy::expect_used, reason = "a helper of tests")]
fn rename(home: &Home, from: &str, to: &str) {
    std::fs::rename(home.path(from), home.path(to)).expect("a folder");
}

/// A copy of a folder, as it is now.
#[expect(clippy::expect_used, reason = "a helper of tests")]
fn copy(home: &Home, from: &str, to: &str) {
    let copied = std::process::Command::new("cp")
        .args(["-a", &home.path(from).display().to_string(), &home.path(to).display().to_string()])
        .status();
    assert!(copied.expect("cp").success());
}

/// Forgets which heads a profile has seen, as one that never asked.
#[expect(clippy::expect_used, reason = "a helper of tests")]
fn forget_heads(home: &Home, profile: &str) {
    let logs = home.path(&format!(".local/share/inkan/{profile}/logs"));
    for entry in std::fs::read_dir(logs).expect("a folder").flatten() {
        if entry.path().extension().is_some_and(|kind| kind == "seen") {
            std::fs::remove_file(entry.path()).expect("a file");
        }
    }
}

#[test]
fn who_knows_only_the_ledger_that_somebody_left_cannot_tell() {
    let (home, issuer, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claim", "role=engineer", "--out", "badge.json"]].concat()).must(0);
    home.run(&["-p", "bank", "trust", "add", &issuer, "--issues", "Badge"]).must(0);
    let policy = ["-p", "bank", "policy", "new", "desk", "--type", "Badge"];
    home.run(&[&policy[..], &["--countersigned", "holder"]].concat()).must(0);
    home.run(&["-p", "holder", "countersign", "badge.json", "--out", "signed.json"]).must(0);
    other(&home, &["holder"]);
    pause();
    home.run(&["-p", "holder", "did", "move", "me", "--to", "b", "--yes"]).must(0);
    home.run(&["-p", "holder", "bundle", "pack", "signed.json", "--out", "packed.json"]).must(0);
    let bank = |arguments: &[&str]| home.run(&[&["-p", "bank", "verify"], arguments].concat());
    // The bank knows the old ledger alone, which goes on to vouch for the acceptance.
    for file in ["signed.json", "packed.json"] {
        says(&bank(&[file, "--policy", "desk"]).must(19), OTHER);
        says(&bank(&[file, "--policy", "desk", "--offline", "--json"]), "did-home-out-of-sight");
    }
    // As of a time before the move nothing there counts: then it had not signed either.
    pin(&home, &["bank"]);
    bank(&["packed.json", "--policy", "desk", "--offline"]).must(0);
    let current = ["--policy", "desk", "--offline", "--json"];
    let report = bank(&[&["packed.json"], &current[..]].concat()).must(0).json();
    let checks = report["checks"].as_array().expect("checks").iter();
    let states: Vec<&Value> = checks.filter_map(|check| check["evidence"].get("state")).collect();
    assert!(
        states.contains(&&"newest".into()),
        "what the new ledger does not know is packed: {report}"
    );
    bank(&["signed.json", "--policy", "desk"]).must(0);
    // It takes the acceptance back in its new home, and renews what the old one shows alone.
    home.run(&["-p", "holder", "refuse", "signed.json", "--out", "gone.json"]).must(0);
    says(&bank(&["signed.json", "--policy", "desk", "--json"]).must(16), "act-superseded");
}

/// A presentation to the bank, with a consent that is recorded.
fn consent(home: &Home, out: &str) {
    let nonce = home.run(&["-p", "bank", "request", "nonce", "--aud", BANK]).must(0);
    let present = ["-p", "holder", "present", "--cred", "badge.json", "--as", "me", "--aud", BANK];
    let given = ["--nonce", nonce.stdout.trim(), "--consent", "Opening an account", "--record"];
    let shown = format!("shown-{out}");
    let out = ["--until", "90d", "--consent-out", out, "--out", &shown];
    home.run(&[&present[..], &given, &out].concat()).must(0);
}

#[test]
fn a_consent_is_taken_back_in_the_ledger_where_its_holder_lives_now() {
    let (home, _, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claim", "role=engineer", "--out", "badge.json"]].concat()).must(0);
    consent(&home, "first.json");
    consent(&home, "second.json");
    consent(&home, "third.json");
    other(&home, &["holder"]);
    pause();
    let to_b = ["-p", "holder", "did", "move", "me", "--to", "b", "--yes"];
    {
        let _node =
            Node::start(&home, &["ledger", "start", "--data", "b", "--listen", "127.0.0.1:0"]);
        assert_ne!(home.run(&to_b).status, 0);
    }
    // Who is on the way takes back, too.
    let third = ["-p", "holder", "consent", "withdraw", "third.json", "--out", "way.json"];
    says(&home.run(&third).must(7), "signed and kept");
    assert!(home.path("way.json").exists());
    home.run(&to_b).must(0);
    let check = |file: &str| home.run(&["-p", "bank", "consent", "check", file, "--json"]);
    says(&check("first.json").must(19), "did-home-out-of-sight");
    pin(&home, &["bank"]);
    check("first.json").must(0);
    let withdraw = |file: &str, out: &str| {
        home.run(&["-p", "holder", "consent", "withdraw", file, "--out", out, "--json"])
    };
    let taken = withdraw("first.json", "taken.json").must(0).json();
    assert!(taken["entry"].is_u64(), "{taken}");
    // Who has the file of before is told, and who gets the new one sees it recorded there.
    says(&check("first.json").must(16), "act-superseded");
    let judged = check("taken.json").must(12).json();
    says(&check("taken.json"), OTHER);
    assert_eq!(judged["decision"], "reject", "{judged}");
    // A ledger that does not answer keeps nobody from taking back: the file is there, and what the ledger said is told.
    check("second.json").must(0);
    rename(&home, "b", "away");
    let unrecorded = withdraw("second.json", "signed.json");
    assert_ne!(unrecorded.status, 0, "{unrecorded:?}");
    says(&unrecorded, "signed and kept");
    // Nobody says that it is given while the ledger where it may be taken back is gone.
    assert_ne!(check("second.json").status, 0);
    rename(&home, "away", "b");
    check("signed.json").must(12);
    // It is recorded later, once.
    check("second.json").must(0);
    let again = ["-p", "holder", "consent", "withdraw", "signed.json", "--out", "late.json"];
    says(&home.run(&[&again[..], &["--record"]].concat()).must(0), "recorded as entry");
    says(&check("second.json").must(16), "act-superseded");
}

#[test]
fn what_was_used_up_before_a_move_is_used_up() {
    let (home, ..) = Home::with_parties();
    let acme = |arguments: &[&str]| home.run(&[&["-p", "acme"], arguments].concat());
    let draw = || acme(&["ledger", "once", "--new"]).must(0).stdout.trim().to_owned();
    let (old, new, third) = (draw(), draw(), draw());
    let once = |id: &str| acme(&["ledger", "once", "coupon", id, "--as", "acme", "--json"]);
    once(&old).must(0);
    other(&home, &["acme"]);
    copy(&home, "ledger", "behind");
    pause();
    acme(&["did", "move", "acme", "--to", "b", "--yes"]).must(0);
    let again = once(&old).must(7);
    assert_eq!(again.json()["error"]["code"], "already-used");
    says(&again, "ledger.example");
    let used = once(&new).must(0);
    assert_eq!(used.json()["origin"], OTHER);
    says(&once(&new).must(7), OTHER);
    // A ledger that cannot be asked may know better.
    rename(&home, "ledger", "away");
    says(&once(&third).must(19), "ledger.example");
    // Nor does a copy say it that is from before the move.
    rename(&home, "behind", "ledger");
    forget_heads(&home, "acme");
    says(&once(&third).must(19), "from before");
    rename(&home, "ledger", "behind");
    rename(&home, "away", "ledger");
    once(&third).must(0);
}
