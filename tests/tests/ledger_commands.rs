//! `inkan ledger …` with the real binary: what each command prints and how it ends, on a folder and on a node.

#[path = "ledger_commands/copies.rs"]
mod copies;
#[path = "ledger_commands/cosigners.rs"]
mod cosigners;
#[path = "ledger_commands/interrupted.rs"]
mod interrupted;
#[path = "ledger_commands/lying.rs"]
mod lying;
#[path = "ledger_commands/newest.rs"]
mod newest;
#[path = "ledger_commands/once.rs"]
mod once;
#[path = "ledger_commands/params.rs"]
mod params;
#[path = "ledger_commands/tokens.rs"]
mod tokens;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_io::os_rng::OsRng;
use inkan_server::ledger_node::{self, NodeError, NodeOptions, RunningNode};
use inkan_tests::made_node::{Controller, HttpClient, node_options, until};
use inkan_tests::peer;
use inkan_tests::shell::Shell;

/// Copies a folder and all in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A node of a new ledger in the shell's home; `listen` is where.
fn node(shell: &Shell, listen: &str) -> RunningNode {
    let data = shell.home().join("data");
    if !data.exists() {
        let now = OsClock.now();
        drop(LedgerFolder::create(&data, "ledger.example", &mut OsRng, now).unwrap());
    }
    let mut started = None;
    // A port that was given back may be taken by somebody else for a moment.
    until("it listens", || {
        let options = NodeOptions { listen: listen.parse().unwrap(), ..node_options(&data) };
        started = match ledger_node::spawn(options, Arc::new(OsClock)) {
            Err(NodeError::Listen { .. }) => None,
            other => Some(other.unwrap()),
        };
        started.is_some()
    });
    started.unwrap()
}

#[test]
fn what_was_interrupted_between_us_and_a_node_is_finished_when_it_is_back() {
    let shell = Shell::new();
    let running = node(&shell, "127.0.0.1:0");
    let (url, address) = (running.url(), running.address().to_string());
    shell.ok(&["init", "me", "--ledger", &url]);
    running.shutdown().unwrap();
    let down = shell.inkan(&["did", "create", "--name", "first", "--json"]);
    assert_eq!(down.exit, 6, "{down:?}");
    assert!(down.finds("peer-unreachable"));
    assert_eq!(shell.inkan(&["ledger", "status"]).exit, 6);

    let running = node(&shell, &address);
    let back = shell.inkan(&["did", "create", "--name", "second"]);
    assert_eq!(back.exit, 0, "{back:?}");
    assert!(back.err.contains("finished what was interrupted"), "{}", back.err);
    let list = shell.ok(&["did", "list"]);
    assert!(list.contains("first") && list.contains("second"), "{list}");
    assert_eq!(shell.inkan(&["doctor"]).exit, 0);
    running.shutdown().unwrap();
}

#[test]
fn an_older_copy_is_refused_and_a_fork_leaves_evidence_that_convinces_others() {
    let shell = Shell::new();
    shell.cast();
    let (ledger, fork) = (shell.home().join("ledger"), shell.home().join("fork"));
    copy(&ledger, &fork);
    shell.ok(&["-p", "desk", "ledger", "status"]);
    shell.ok(&["-p", "me", "did", "create", "--name", "more"]);
    shell.ok(&["-p", "desk", "ledger", "status"]);

    // What was there before, shown again.
    let old = shell.inkan(&["-p", "desk", "--ledger", "fork", "ledger", "status", "--json"]);
    assert_eq!(old.exit, 19, "{old:?}");
    assert!(old.finds("ledger-behind"));

    // It goes on with entries of its own: another history.
    shell.ok(&["-p", "city", "--ledger", "fork", "did", "create", "--name", "other"]);
    shell.ok(&["-p", "city", "--ledger", "fork", "did", "create", "--name", "another"]);
    let line =
        ["-p", "desk", "--ledger", "fork", "ledger", "watch", "--once", "--out", "halves.json"];
    let split = shell.inkan(&line);
    assert_eq!(split.exit, 18, "{split:?}");
    assert_eq!(
        split.err.matches("\u{2014} ledger.example ").count(),
        2,
        "both notes: {}",
        split.err
    );
    let proved = shell.inkan(&["-p", "me", "ledger", "check", "halves.json", "--json"]);
    assert_eq!(proved.exit, 18, "{proved:?}");
    assert!(proved.finds("split-view"));

    let compared =
        ["-p", "desk", "ledger", "watch", "--compare", "ledger", "fork", "--out", "two.json"];
    let compared = shell.inkan(&compared);
    assert_eq!(compared.exit, 18, "{compared:?}");
    assert_eq!(shell.inkan(&["-p", "me", "ledger", "check", "two.json"]).exit, 18);
    let same =
        shell.inkan(&["-p", "desk", "ledger", "watch", "--compare", "ledger", "ledger/checkpoint"]);
    assert_eq!(same.exit, 0, "{same:?}");
}

#[test]
fn a_file_is_checked_for_what_it_is_and_any_other_is_told_so() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.ok(&["-p", "desk", "ledger", "prove", "1", "--out", "r.json"]);
    let receipt = shell.inkan(&["-p", "desk", "ledger", "check", "r.json", "--json"]).json();
    assert_eq!(receipt["file"], "receipt");
    let root = receipt["root"].as_str().unwrap().to_owned();
    shell.ok(&["-p", "desk", "ledger", "check", "r.json", "--root", &root]);
    let other = "00".repeat(32);
    let wrong = shell.inkan(&["-p", "desk", "ledger", "check", "r.json", "--root", &other]);
    assert_eq!(wrong.exit, 18, "{wrong:?}");
    let usage = shell.inkan(&["-p", "desk", "ledger", "check", "r.json", "--root", "zz"]);
    assert_eq!(usage.exit, 2, "{usage:?}");

    // A folder that serves others something else is not well.
    let served = shell.home().join("ledger/checkpoint");
    let good = std::fs::read(&served).unwrap();
    std::fs::write(&served, b"garbage").unwrap();
    let spoilt = shell.inkan(&["-p", "desk", "ledger", "check", "ledger"]);
    assert_eq!(spoilt.exit, 8, "{spoilt:?}");
    assert!(spoilt.err.contains("writes it again"), "{spoilt:?}");
    std::fs::write(&served, &good).unwrap();
    let head = shell.inkan(&["-p", "desk", "ledger", "check", "ledger/checkpoint", "--json"]);
    assert_eq!((head.exit, head.json()["file"].as_str()), (0, Some("checkpoint")));
    let deep = shell.inkan(&["-p", "desk", "ledger", "check", "ledger", "--deep", "--json"]);
    assert_eq!(deep.exit, 0, "{deep:?}");
    assert_eq!(deep.json()["hashed"], deep.json()["size"]);

    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat());
    shell.write("noise", b"\xff\x00");
    shell.write("empty", b"");
    for name in ["badge.json", "claims.json", "noise", "empty", "pass"] {
        let said = shell.inkan(&["-p", "desk", "ledger", "check", name, "--json"]);
        assert_eq!(said.exit, 10, "{name}: {said:?}");
        assert!(said.finds("not-of-ledger"), "{name}: {said:?}");
    }
    let forged = std::fs::read_to_string(shell.home().join("r.json")).unwrap();
    let forged = forged.replace("\"leaf\": \"", "\"leaf\": \"AAAA");
    shell.write("forged.json", forged.as_bytes());
    assert_eq!(shell.inkan(&["-p", "desk", "ledger", "check", "forged.json"]).exit, 18);
}

#[test]
fn a_proof_comes_as_picture_tree_and_text_and_says_how_the_tree_grew() {
    let shell = Shell::new();
    shell.cast();
    let prove =
        |rest: &[&str]| shell.inkan(&[&["-p", "desk", "ledger", "prove", "1"], rest].concat());
    let text = prove(&["--as", "text"]);
    assert!(text.out.contains("yours") && text.out.contains("root"), "{text:?}");
    let svg = prove(&["--as", "svg"]);
    assert!(svg.out.starts_with("<svg ") && svg.out.contains("<desc"), "{svg:?}");
    let proof = prove(&["--as", "tlog-proof"]).out;
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"));
    // Its entry is asked of the ledger, or brought along.
    shell.write("p.tlog-proof", proof.as_bytes());
    shell.write("leaf", b"another entry");
    let check = ["-p", "desk", "ledger", "check", "p.tlog-proof"];
    assert!(shell.ok(&check).contains("run by the log itself"));
    assert_eq!(shell.inkan(&[&check[..], &["--leaf", "leaf"]].concat()).exit, 18);
    let nonsense = shell.inkan(&["-p", "desk", "ledger", "prove", "abc"]);
    assert_eq!(nonsense.exit, 2, "{nonsense:?}");
    assert!(nonsense.err.contains("64 hexadecimal digits"), "{nonsense:?}");
    let address = shell.inkan(&["-p", "desk", "--ledger", "127.0.0.1:7000", "ledger", "status"]);
    assert_eq!(address.exit, 2, "{address:?}");
    assert!(address.err.contains("http://127.0.0.1:7000"), "{address:?}");
    let grown = prove(&["--to", "5", "--json"]).json();
    assert_eq!(grown["consistency"]["from"], 3);
    assert_eq!(grown["consistency"]["to"], 5);
    assert_eq!(prove(&["--to", "4"]).exit, 3, "no checkpoint has four entries");
    assert_eq!(prove(&["--as", "cose"]).exit, 3, "a folder signs none");
    assert_eq!(shell.inkan(&["-p", "desk", "ledger", "prove", "99"]).exit, 3);
}

#[test]
fn a_watch_goes_on_where_the_last_one_ended() {
    let shell = Shell::new();
    let (city, _) = shell.cast();
    let watch = |rest: &[&str]| {
        let line = [&["-p", "desk", "ledger", "watch", "--once", "--json"], rest].concat();
        shell.inkan(&line).json()["entries"].as_array().unwrap().len()
    };
    assert_eq!(watch(&["--since", "0"]), 5);
    assert_eq!(watch(&[]), 0);
    shell.ok(&["-p", "me", "did", "create", "--name", "more"]);
    assert_eq!(watch(&[]), 2, "the entry and its epoch");
    assert_eq!(watch(&["--since", "0", "--did", &city]), 1);
    let endless = shell.inkan(&["-p", "desk", "ledger", "watch", "--json"]);
    assert_eq!(endless.exit, 2, "{endless:?}");
}

#[test]
fn nothing_is_replaced_unasked_and_plain_http_leaves_this_machine_only_on_demand() {
    let shell = Shell::new();
    shell.cast();
    shell.write("mine.json", b"precious");
    let line = ["-p", "desk", "ledger", "prove", "1", "--out", "mine.json"];
    let kept = shell.inkan(&line);
    assert_eq!(kept.exit, 7, "{kept:?}");
    assert_eq!(std::fs::read(shell.home().join("mine.json")).unwrap(), b"precious");
    assert_eq!(shell.inkan(&[&line[..], &["--force"]].concat()).exit, 0);

    let refused =
        shell.inkan(&["-p", "desk", "--ledger", "http://ledger.example", "ledger", "status"]);
    assert_eq!(refused.exit, 2, "{refused:?}");
    assert!(refused.err.contains("--insecure-http"), "{}", refused.err);
    assert_eq!(shell.inkan(&["--ledger", "ftp://x", "doctor"]).exit, 2);
}

#[test]
fn a_lost_guard_is_adopted_and_a_lost_map_is_built_again() {
    let shell = Shell::new();
    shell.cast();
    let dry = ["-p", "me", "ledger", "guard", "adopt", "-n", "--json"];
    for line in [&dry[..], &["-p", "me", "ledger", "guard", "adopt", "--yes", "--json"]] {
        let needless = shell.inkan(line);
        assert_eq!(needless.exit, 7, "{needless:?}");
        assert!(needless.finds("guard-in-order"), "{needless:?}");
    }
    let old = shell.home().join("old");
    copy(&shell.home().join("ledger"), &old);
    shell.ok(&["-p", "me", "did", "create", "--name", "newest"]);
    shell.ok(&["-p", "me", "ledger", "status"]);
    std::fs::remove_dir_all(old.join("guard")).unwrap();
    let refused = shell.inkan(&[&dry[..], &["--ledger", "old"]].concat());
    assert_eq!(refused.exit, 6, "a profile has seen more: {refused:?}");
    assert!(refused.finds("guard-behind"), "{refused:?}");

    std::fs::remove_dir_all(shell.home().join("ledger/guard")).unwrap();
    let stopped = shell.inkan(&["-p", "me", "did", "create", "--name", "x", "--json"]);
    assert_ne!(stopped.exit, 0, "{stopped:?}");
    assert!(stopped.finds("guard-missing"), "{stopped:?}");
    let would = shell.inkan(&dry).json();
    assert_eq!((would["dryRun"].as_bool(), would["size"].as_u64()), (Some(true), Some(7)));
    assert!(!shell.home().join("ledger/guard/checkpoint.db").exists());
    shell.ok(&["-p", "me", "ledger", "guard", "adopt", "ledger/checkpoint", "--yes"]);
    shell.ok(&["-p", "me", "did", "create", "--name", "y"]);
    shell.ok(&["-p", "me", "ledger", "map", "rebuild"]);
    shell.ok(&["-p", "me", "did", "create", "--name", "z"]);
    shell.ok(&["-p", "desk", "ledger", "check", "ledger", "--deep"]);
}

/// What can be made again is made again by starting, and is called by its name until then.
#[test]
fn a_lost_database_is_made_again_by_whoever_writes() {
    let shell = Shell::new();
    shell.cast();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(shell.home().join("ledger").join(name));
    }
    let status = shell.inkan(&["-p", "me", "ledger", "status", "--json"]);
    assert_eq!(status.exit, 6, "{status:?}");
    assert!(status.finds("ledger-state-missing"), "{status:?}");
    // It gets as far as opening the folder: only the address is refused.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = ["ledger", "start", "--data", "ledger", "--listen", &address, "--json"];
    let start = shell.inkan(&line);
    assert!(start.finds("listen-failed"), "{start:?}");
    shell.ok(&["-p", "me", "ledger", "status"]);
}

/// Without it a folder of which `init` was interrupted is no ledger, and none can be made there either.
#[test]
fn a_half_made_ledger_is_finished_by_the_next_init() {
    let shell = Shell::new();
    shell.ok(&["init", "op", "--ledger", "whole", "--domain", "log.example"]);
    // Before the policy was written, and before the first head was published.
    let whole = shell.home().join("whole");
    let half = shell.home().join("policy");
    for folder in ["journal", "keys", "witness/w1"] {
        std::fs::create_dir_all(half.join(folder)).unwrap();
    }
    for file in ["LOCK", "keys/log", "witness/w1/key"] {
        std::fs::copy(whole.join(file), half.join(file)).unwrap();
    }
    copy(&whole, &shell.home().join("head"));
    std::fs::remove_file(shell.home().join("head/checkpoint")).unwrap();
    let other = shell.inkan(&["init", "a", "--ledger", "policy", "--domain", "other.example"]);
    assert_eq!(other.exit, 2, "{other:?}");
    assert!(other.err.contains("half made, for log.example"), "{}", other.err);
    for name in ["policy", "head"] {
        shell.ok(&["init", name, "--ledger", name]);
        shell.ok(&["-p", name, "did", "create", "--name", "x"]);
        shell.ok(&["-p", name, "ledger", "status"]);
    }
    // What has more in it than a ledger's making leaves is none of ours to finish.
    std::fs::create_dir_all(shell.home().join("mine/journal")).unwrap();
    shell.write("mine/note.txt", b"mine");
    let foreign = shell.inkan(&["init", "b", "--ledger", "mine", "--domain", "log.example"]);
    assert_eq!(foreign.exit, 3, "{foreign:?}");
}

#[test]
fn files_are_registered_together_and_each_proves_itself_alone() {
    let shell = Shell::new();
    shell.cast();
    std::fs::create_dir(shell.home().join("readings")).unwrap();
    for number in 0..5 {
        shell.write(&format!("readings/{number}.csv"), format!("t,{number}\n").as_bytes());
    }
    shell.write("notes.txt", b"calibrated");
    let record = |more: &[&str]| {
        let base = ["-p", "city", "ledger", "record", "--batch", "readings", "notes.txt"];
        shell.inkan(&[&base[..], more].concat())
    };
    let entries =
        || shell.inkan(&["-p", "desk", "ledger", "status", "--json"]).json()["size"].clone();
    let before = entries();
    let dry = record(&["-n", "--json"]);
    assert_eq!((dry.exit, entries()), (0, before), "{dry:?}");
    let done = record(&["--json"]);
    assert_eq!(done.exit, 0, "{done:?}");
    assert_eq!(done.json()["records"].as_array().map(Vec::len), Some(6));
    let again = record(&["--no-input"]);
    assert_eq!(again.exit, 7, "receipts are not replaced unasked: {again:?}");

    let check = |receipt: &str, more: &[&str]| {
        shell.inkan(&[&["-p", "desk", "ledger", "check", receipt, "--json"][..], more].concat())
    };
    let notes = "notes.txt.inkan-receipt.json";
    for number in 0..5 {
        let file = format!("readings/{number}.csv");
        let said = check(&format!("{file}.inkan-receipt.json"), &["--file", &file]);
        assert_eq!((said.exit, said.json()["opening"].as_str()), (0, Some("pass")), "{said:?}");
        assert_eq!(said.json()["record"]["size"], 6);
    }
    let other = check(notes, &["--file", "readings/1.csv"]);
    assert!(other.exit == 11 && other.finds("digest-mismatch"), "{other:?}");
    let alone = check(notes, &[]);
    assert_eq!((alone.exit, alone.json()["opening"].as_str()), (0, Some("not-checked")));
    let changed = |from: &str, to: &str| {
        let text = std::fs::read_to_string(shell.home().join(notes)).unwrap();
        assert!(text.contains(from), "{text}");
        shell.write("changed.json", text.replace(from, to).as_bytes());
        check("changed.json", &["--file", "notes.txt"])
    };
    let larger = changed("\"size\": 6", "\"size\": 7");
    assert!(larger.exit == 11 && larger.finds("opening-invalid"), "{larger:?}");
    let elsewhere = changed("\"index\": 5", "\"index\": 4");
    assert!(elsewhere.exit == 11 && elsewhere.finds("digest-mismatch"), "{elsewhere:?}");

    // With the root in the open, and the receipts in a folder of their own.
    std::fs::create_dir(shell.home().join("out")).unwrap();
    let public = record(&["--public", "--scope", "document", "--out", "out", "--json"]);
    assert_eq!(public.exit, 0, "{public:?}");
    let said = check("out/3.csv.inkan-receipt.json", &["--file", "readings/3.csv"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let swapped = check("out/3.csv.inkan-receipt.json", &["--file", "readings/2.csv"]);
    assert_eq!(swapped.exit, 11, "{swapped:?}");

    let twice = ["-p", "city", "ledger", "record", "--batch", "notes.txt", "notes.txt"];
    assert_eq!(shell.inkan(&twice).exit, 2);
    let head =
        shell.inkan(&["-p", "desk", "ledger", "check", "ledger/checkpoint", "--file", "notes.txt"]);
    assert_eq!(head.exit, 2, "a head is of no file: {head:?}");
}

/// Split views and forks of a DID in each of their forms, and broken promises: what proves them, and what does not.
#[test]
fn evidence_of_every_form_is_judged_from_a_file() {
    let shell = Shell::new();
    shell.cast();
    let fuzz = inkan_tests::workspace_root().join("tests/fuzz");
    let logs = shell.home().join(".local/share/inkan/desk/logs");
    std::fs::copy(fuzz.join("seed.policy"), logs.join("seeds.policy")).unwrap();
    let judge = |evidence: &serde_json::Value| {
        shell.write("evidence.json", evidence.to_string().as_bytes());
        shell.inkan(&["-p", "desk", "ledger", "check", "evidence.json", "--json"])
    };
    for (seed, code, halves) in [
        ("seed-heads", "split-view", Some("notes")),
        ("seed-leaves", "split-view", None),
        ("seed-did", "did-equivocation", Some("entries")),
        ("seed-other-leaf", "promise-broken", None),
    ] {
        let good = inkan_tests::read_json(&fuzz.join("corpus/ledger_evidence").join(seed));
        let proved = judge(&good);
        assert!(proved.exit == 18 && proved.finds(code), "{seed}: {proved:?}");
        let mut open = good.clone();
        open["more"] = 1.into();
        let open = judge(&open);
        assert!(open.exit == 10 && open.finds("ledger-evidence-malformed"), "{seed}: {open:?}");
        if let Some(halves) = halves {
            let mut one = good.clone();
            one[halves][1] = one[halves][0].clone();
            let one = judge(&one);
            let nothing = "ledger-evidence-proves-nothing";
            assert!(one.exit == 19 && one.finds(nothing), "{seed}: {one:?}");
        }
    }
}

#[test]
fn an_older_bundle_does_not_convince_who_saw_the_revocation() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat());
    let verify = |profile, more: &[&str]| {
        shell.inkan(&[&["-p", profile, "verify", "badge.json", "--json"][..], more].concat())
    };
    for profile in ["desk", "me"] {
        let good = verify(profile, &[]);
        assert_eq!(good.exit, 0, "{good:?}");
    }
    shell.ok(&["-p", "city", "revoke", "badge.json", "--reason", "left", "--yes"]);
    let revoked = verify("desk", &[]);
    assert_eq!(revoked.exit, 12, "{revoked:?}");

    // The ledger cannot be asked any more: the bundle is as good as when it was made, for who knows no better.
    std::fs::rename(shell.home().join("ledger"), shell.home().join("away")).unwrap();
    let ignorant = verify("me", &["--offline"]);
    assert_eq!(ignorant.exit, 0, "{ignorant:?}");
    let knowing = verify("desk", &["--offline"]);
    assert_eq!(knowing.exit, 19, "{knowing:?}");
    assert!(knowing.finds("newer-state-known"), "{knowing:?}");

    // What it remembers is damaged: it does not go on as if it had never seen anything, and says what is wrong.
    let known = inkan_tests::files_under(shell.home(), |path| {
        path.ends_with("known.json") && path.components().any(|part| part.as_os_str() == "desk")
    });
    let [known] = known.as_slice() else { panic!("{known:?}") };
    std::fs::rename(shell.home().join("away"), shell.home().join("ledger")).unwrap();
    let states = shell.ok(&["-p", "desk", "doctor", "--json"]);
    assert!(states.contains("newest states"), "{states}");
    std::fs::write(known, "{").unwrap();
    assert_eq!(verify("desk", &[]).exit, 8);
    let said = shell.inkan(&["-p", "desk", "doctor", "--json"]);
    assert!(said.exit != 0 && said.out.contains("known.json is damaged"), "{said:?}");
}

#[test]
fn the_help_of_the_ledger_commands_is_as_it_was() {
    let shell = Shell::new();
    for command in [
        "start", "status", "prove", "check", "watch", "record", "guard", "map", "witness",
        "mirror", "restore", "once",
    ] {
        insta::assert_snapshot!(
            format!("ledger_{command}_help"),
            shell.ok(&["ledger", command, "--help"])
        );
    }
}

/// Without the end of its node, a ledger that has stopped leaves a process behind that answers 503 for ever, and nobody starts
/// it again.
#[test]
fn a_ledger_that_stops_by_itself_ends_its_node_with_exit_1_after_an_answer_to_all() {
    let shell = Shell::new();
    let data = shell.home().join("data");
    drop(LedgerFolder::create(&data, "ledger.example", &mut OsRng, OsClock.now()).unwrap());
    let mut child = Command::new(peer::inkan())
        .args(["ledger", "start", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .env_clear()
        .env("HOME", shell.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit("http://").next().unwrap().parse().expect("it answers");
    let client = HttpClient::new(address);
    let path = "/v1/entries?wait=checkpoint";
    let submit = |line: &str| client.send("POST", path, "text/jsonl", line.as_bytes());
    // What a node signs when it starts is published before this is answered.
    assert_eq!(submit(&Controller::new(70).line).status, 200);

    // The next checkpoint cannot be published.
    let checkpoint = data.join("checkpoint");
    std::fs::remove_file(&checkpoint).unwrap();
    std::fs::create_dir(&checkpoint).unwrap();
    let person = Controller::new(71);
    let answer = submit(&person.line);
    assert_eq!(answer.status, 202, "durable, and said: {answer:?}");
    let index = answer.json()["index"].as_u64().unwrap();
    let said = child.wait_with_output().unwrap();
    let error = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(1), "{error}");
    assert!(error.contains("the ledger stopped"), "{error}");

    std::fs::remove_dir(&checkpoint).unwrap();
    // The ledger may have stopped at the first note again, which a witness made newer, or at the one over this entry.
    let mut ledger = LedgerFolder::open(&data, OsClock.now()).unwrap();
    ledger.checkpoint(OsClock.now()).unwrap();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    assert_eq!(view.entry(index).unwrap().body(), person.line.as_bytes());
}
