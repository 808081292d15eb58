//! Who vouches for a ledger besides its operator: a witness and a timestamp authority in processes of their own, and clients
//! whose policies ask for them.

use std::time::Duration;

use inkan_tests::shell::{Said, Shell};
use inkan_tests::tsa::Authority;

/// Runs a command again until it ends with 0: cosigners answer when they can.
fn patiently(shell: &Shell, arguments: &[&str]) -> Said {
    let mut said = shell.inkan(arguments);
    for _ in 0..300 {
        if said.exit == 0 {
            return said;
        }
        std::thread::sleep(Duration::from_millis(300));
        said = shell.inkan(arguments);
    }
    panic!("inkan {arguments:?}: {said:?}");
}

/// A shell with a ledger in `ledger`, and the line of its policy that names its key.
fn operator() -> (Shell, String) {
    let shell = Shell::new();
    shell.ok(&["init", "operator", "--ledger", "ledger", "--domain", "ledger.example"]);
    let policy = std::fs::read_to_string(shell.home().join("ledger/policy")).unwrap();
    let log = policy.lines().next().unwrap().to_owned();
    (shell, log)
}

#[test]
fn a_node_gathers_what_a_client_demands_from_a_witness_process() {
    let (shell, log) = operator();
    let own = std::fs::read_to_string(shell.home().join("ledger/policy")).unwrap();
    let arguments = ["ledger", "witness", "--data", "wit", "--name", "witness.example/w"];
    let listen = ["--policy", "ledger/policy", "--listen", "127.0.0.1:0"];
    let witness = shell.start(&[&arguments[..], &listen].concat());
    let (key, url) = (witness.ready("key"), witness.ready("url"));
    shell.write("ledger/cosigners", format!("witness outside {key} {url} {url} own\n").as_bytes());
    // The log's own quorum has it too: a head is published when it has answered.
    let all = own.replace(
        "group witnesses all",
        &format!("witness outside {key}\ngroup witnesses all outside"),
    );
    assert_ne!(all, own);
    shell.write("ledger/policy", all.as_bytes());
    shell.write(
        "client.policy",
        format!("{log}\nwitness outside {key}\nquorum outside\n").as_bytes(),
    );
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    let place = node.ready("url").to_owned();
    patiently(&shell, &["init", "client", "--ledger", &place, "--log-policy", "client.policy"]);
    shell.ok(&["-p", "client", "did", "create", "--name", "me"]);
    let status = patiently(&shell, &["-p", "client", "ledger", "status", "--json"]).json();
    assert_eq!(status["operators"], serde_json::json!(["outside"]), "{status}");
    assert!(status["size"].as_u64().unwrap() > 1 && status["existedBy"].is_string(), "{status}");
    let proof = ["-p", "client", "ledger", "prove", "1", "--out", "r.json"];
    patiently(&shell, &proof);

    // What it cosigned convinces a client that knows nothing but the policy; without the witness it does not.
    let check = ["-p", "client", "ledger", "check", "r.json", "--json"];
    assert_eq!(shell.inkan(&check).json()["grade"], serde_json::json!(["witnessed 1"]));
    let receipt = std::fs::read_to_string(shell.home().join("r.json")).unwrap();
    let marker = "\\n\u{2014} witness.example/w ";
    let (before, after) = receipt.split_once(marker).expect("the line of the witness");
    let (_, after) = after.split_once("\\n").unwrap();
    shell.write("bare.json", format!("{before}\\n{after}").as_bytes());
    let bare = shell.inkan(&["-p", "client", "ledger", "check", "bare.json", "--json"]);
    assert_eq!(bare.exit, 15, "{bare:?}");
    assert!(bare.finds("quorum-not-met"), "{bare:?}");
}

#[test]
fn the_stamp_of_an_authority_counts_where_its_certificate_is_pinned_and_nowhere_else() {
    let Some(authority) = Authority::start() else {
        return inkan_tests::skipped("no openssl command of version 3");
    };
    let (shell, log) = operator();
    let own = std::fs::read_to_string(shell.home().join("ledger/policy")).unwrap();
    let (key, anchor) = (authority.key(), authority.anchor().display().to_string());
    shell.write("ledger/anchors.pem", &std::fs::read(authority.anchor()).unwrap());
    shell.write("ledger/cosigners", format!("tsa stamps {key} {}\n", authority.url()).as_bytes());
    let all = own.replace(
        "group witnesses all",
        &format!("witness stamps {key}\ngroup witnesses all stamps"),
    );
    shell.write("ledger/policy", all.as_bytes());
    let demands = format!("{log}\nwitness stamps {key}\nquorum stamps\n");
    shell.write("demands.policy", demands.as_bytes());
    shell.write("mentions.policy", demands.replace("quorum stamps", "quorum none").as_bytes());
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    let place = node.ready("url").to_owned();

    let init = ["init", "strict", "--ledger", &place, "--log-policy", "demands.policy"];
    patiently(&shell, &[&init[..], &["--anchor", &anchor]].concat());
    let status = patiently(&shell, &["-p", "strict", "ledger", "status", "--json"]).json();
    assert_eq!(status["grade"], serde_json::json!(["witnessed 1", "tsa"]), "{status}");
    assert_eq!(status["notChecked"], serde_json::json!([]));
    for form in ["receipt", "text"] {
        let proof = ["-p", "strict", "ledger", "prove", "0", "--as", form, "--out"];
        shell.ok(&[&proof[..], &[&format!("{form}.out")]].concat());
    }
    let proof = std::fs::read_to_string(shell.home().join("text.out")).unwrap();
    assert!(proof.contains("witnessed 1, tsa"), "{proof}");
    let checked = shell.inkan(&["-p", "strict", "ledger", "check", "receipt.out", "--json"]).json();
    assert_eq!(checked["operators"], serde_json::json!(["stamps"]), "{checked}");
    let watched = shell.inkan(&["-p", "strict", "ledger", "watch", "--since", "0", "--once"]);
    assert_eq!(watched.exit, 0, "{watched:?}");
    // The folder's own policy asks for the stamp, and the certificate lies beside it.
    drop(node);
    let folder = shell.inkan(&["-p", "operator", "ledger", "check", "ledger", "--deep", "--json"]);
    assert_eq!(folder.exit, 0, "{folder:?}");

    // The same policy without the certificate: nothing is known of the stamp.
    let strict = shell.home().join(".local/share/inkan/strict/logs");
    let pinned: Vec<_> =
        std::fs::read_dir(&strict).unwrap().map(|file| file.unwrap().path()).collect();
    let pem = pinned.iter().find(|file| file.extension().is_some_and(|is| is == "pem")).unwrap();
    std::fs::remove_file(pem).unwrap();
    let blind = shell.inkan(&["-p", "strict", "ledger", "check", "receipt.out", "--json"]);
    assert_eq!(blind.exit, 15, "{blind:?}");
    assert!(blind.finds("quorum-not-met"), "{blind:?}");
    let blind = shell.inkan(&["-p", "strict", "--ledger", "ledger", "ledger", "status", "--json"]);
    assert_eq!(blind.exit, 15, "{blind:?}");
    let init = ["init", "mild", "--ledger", "ledger", "--log-policy", "mentions.policy"];
    std::fs::remove_file(shell.home().join("ledger/anchors.pem")).unwrap();
    let said = shell.inkan(&init);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("stamps of stamps are not checked"), "{said:?}");
    for file in ["receipt.out", "ledger/checkpoint"] {
        let mild = shell.inkan(&["-p", "mild", "ledger", "check", file, "--json"]);
        assert_eq!(mild.json()["notChecked"], serde_json::json!(["stamps"]), "{mild:?}");
    }
    assert!(shell.ok(&["-p", "mild", "ledger", "status"]).contains("stamps not checked"));
}

#[test]
fn what_was_recorded_before_a_witness_was_asked_for_can_still_be_verified() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", "old.json"]].concat());
    // One checkpoint more: no head that a receipt in the bundle is of is the newest.
    shell.ok(&["-p", "city", "did", "create", "--name", "later"]);

    // A witness joins, and is in nobody's quorum but that of a client.
    let arguments = ["ledger", "witness", "--data", "wit", "--name", "witness.example/w"];
    let listen = ["--policy", "ledger/policy", "--listen", "127.0.0.1:0"];
    let witness = shell.start(&[&arguments[..], &listen].concat());
    let (key, url) = (witness.ready("key"), witness.ready("url"));
    shell.write("ledger/cosigners", format!("witness outside {key} {url} {url} own\n").as_bytes());
    let own = std::fs::read_to_string(shell.home().join("ledger/policy")).unwrap();
    let all = own.replace(
        "group witnesses all",
        &format!("witness outside {key}\ngroup witnesses all outside"),
    );
    shell.write("client.policy", all.as_bytes());
    let start = ["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"];
    let node = shell.start(&start);
    let place = node.ready("url").to_owned();
    patiently(&shell, &["init", "client", "--ledger", &place, "--log-policy", "client.policy"]);

    // By the node, and by the folder that it serves.
    let bare =
        inkan_core::json::parse(&std::fs::read(shell.home().join("old.json")).unwrap(), 1 << 20);
    let bare = bare.unwrap()["credential"].clone();
    let bare = bare.as_str().map_or_else(|| bare.to_string(), str::to_owned);
    shell.write("bare.json", bare.as_bytes());
    for place in [place.as_str(), "ledger"] {
        let client = ["-p", "client", "--ledger", place];
        let run = |arguments: &[&str]| shell.ok(&[&client[..], arguments].concat());
        run(&["ledger", "status"]);
        run(&["ledger", "prove", "1"]);
        run(&["verify", "bare.json"]);
        run(&["verify", "old.json"]);
        run(&["bundle", "pack", "bare.json", "--out", "packed.json", "--force"]);
        run(&["verify", "packed.json", "--offline"]);
        run(&["bundle", "pack", "old.json", "--out", "packed.json", "--force"]);
        run(&["verify", "packed.json", "--offline"]);
        run(&["bundle", "upgrade", "old.json", "--out", "better.json", "--force"]);
        run(&["verify", "better.json", "--offline"]);
    }
    // Offline the old one shows too little, and that is no forgery.
    let offline = shell.inkan(&["-p", "client", "verify", "old.json", "--offline", "--json"]);
    assert!(matches!(offline.exit, 15 | 19), "{offline:?}");
    shell.ok(&["-p", "client", "did", "create", "--name", "mine"]);
    drop(node);

    // The log asks for the witness itself: who pins what it publishes reads all that is in it.
    shell.write("ledger/policy", all.as_bytes());
    let node = shell.start(&start);
    let place = node.ready("url").to_owned();
    let said = patiently(&shell, &["init", "late", "--ledger", &place]);
    assert!(said.err.contains("runs the witnesses self/w1, self/w2 itself"), "{said:?}");
    shell.ok(&["-p", "late", "ledger", "prove", "1"]);
    shell.ok(&["-p", "late", "verify", "old.json"]);
    drop(node);
    // It does not any more: what was recorded meanwhile is read by those who pin it from then on.
    shell.write("ledger/policy", own.as_bytes());
    std::fs::remove_file(shell.home().join("ledger/cosigners")).unwrap();
    let node = shell.start(&start);
    let place = node.ready("url").to_owned();
    patiently(&shell, &["init", "newest", "--ledger", &place]);
    shell.ok(&["-p", "newest", "ledger", "prove", "9"]);
    shell.ok(&["-p", "newest", "verify", "old.json"]);
    let strict = ["-p", "client", "--ledger", &place, "ledger", "prove", "1"];
    shell.ok(&strict);
}

/// Decision 22: what one process says twice is not `witnessed 2`, but to whoever runs that process.
#[test]
fn the_witnesses_that_a_log_runs_itself_count_for_its_owner_and_for_nobody_else() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", "badge.json"]].concat());
    shell.ok(&["-p", "city", "key", "generate", "next"]);
    shell.ok(&["-p", "city", "did", "rotate", "city", "--key", "next"]);
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    let place = node.ready("url").to_owned();
    // The owner brings the policy out of the folder; a copy of it is anybody's.
    std::fs::copy(shell.home().join("ledger/policy"), shell.home().join("copy.policy")).unwrap();
    let init = |name: &str, more: &[&str]| {
        let line = ["init", name, "--role", "verifier", "--ledger", &place, "--json"];
        let said = shell.inkan(&[&line[..], more].concat());
        assert_eq!(said.exit, 0, "{said:?}");
        let own = "runs the witnesses self/w1, self/w2 itself";
        let strange = said.json()["runByLog"] == serde_json::json!(["self/w1", "self/w2"]);
        assert_eq!(
            (strange, said.err.contains(own)),
            (name != "owner", name != "owner"),
            "{said:?}"
        );
    };
    init("owner", &["--log-policy", "ledger/policy"]);
    init("first", &[]);
    // Names of files make nobody an owner: the witnesses' secret keys do.
    for folder in ["keys", "witness/w1", "witness/w2"] {
        std::fs::create_dir_all(shell.home().join("unpacked").join(folder)).unwrap();
    }
    shell.write("unpacked/policy", &std::fs::read(shell.home().join("ledger/policy")).unwrap());
    for file in ["unpacked/keys/log", "unpacked/witness/w1/key", "unpacked/witness/w2/key"] {
        shell.write(file, b"");
    }
    init("third", &["--log-policy", "unpacked/policy"]);
    init("second", &["--log-policy", "copy.policy"]);
    let verify = |name: &str, more: &[&str]| {
        shell.inkan(&[&["-p", name, "verify", "badge.json", "--json"], more].concat())
    };
    // That it outlived its key rests on times.
    assert_eq!(verify("owner", &[]).exit, 0);
    for name in ["first", "second"] {
        let refused = verify(name, &[]);
        assert_eq!(refused.exit, 15, "{refused:?}");
        assert!(refused.finds("time-grade-too-low"), "{refused:?}");
        let report = refused.json();
        let time = report["checks"].as_array().unwrap().iter().find(|one| one["check"] == "time");
        let evidence = &time.expect("a check of the time")["evidence"];
        assert_eq!(
            (&evidence["grade"], &evidence["notCounted"]),
            (&"operator".into(), &serde_json::json!(["self/w1", "self/w2"])),
            "{evidence}"
        );
        let told = shell.inkan(&["-p", name, "verify", "badge.json", "--explain"]);
        let words = "not counted: self/w1, self/w2 (run by the log itself)";
        assert!(told.out.contains(words), "{told:?}");
        assert_eq!(evidence["runByLog"], evidence["notCounted"]);
        assert!(told.err.contains("--time operator"), "{told:?}");
        let status = shell.inkan(&["-p", name, "ledger", "status", "--json"]).json();
        assert_eq!(status["grade"], serde_json::json!(["operator"]), "{status}");
        let doctor = shell.inkan(&["-p", name, "doctor"]);
        assert_eq!(doctor.exit, 0, "{doctor:?}");
        assert!(!doctor.out.contains("is not the one"), "{doctor:?}");
        assert!(!doctor.out.contains("as operators of their own"), "{doctor:?}");
    }
    // A pin from when every pin counted them goes on counting: the doctor says so, of the profile's own log and of others.
    let logs = shell.home().join(".local/share/inkan/first/logs");
    let pin = logs.join("ledger.example.policy");
    let old = std::fs::read(shell.home().join("ledger/policy")).unwrap();
    let new = std::fs::read(&pin).expect("a pin");
    assert_ne!(old, new);
    std::fs::write(&pin, &old).unwrap();
    let doctor = shell.inkan(&["-p", "first", "doctor", "--only", "log-policy", "--json"]);
    let warned = "counts w1, w2, which the log runs itself";
    assert!(doctor.exit == 0 && doctor.out.contains(warned), "{doctor:?}");
    std::fs::write(&pin, &new).unwrap();
    shell.ok(&["init", "elsewhere", "--ledger", "ledger2", "--domain", "other.example"]);
    let other = std::fs::read(shell.home().join("ledger2/policy")).unwrap();
    std::fs::write(logs.join("other.example.policy"), other).unwrap();
    let doctor = shell.inkan(&["-p", "first", "doctor", "--only", "log-policy", "--json"]);
    assert!(doctor.exit == 0 && doctor.out.contains(warned), "{doctor:?}");
    assert!(doctor.out.contains("other.example: counts"), "{doctor:?}");
    std::fs::remove_file(logs.join("other.example.policy")).unwrap();
    // The operator's word is enough for whoever says so.
    shell.ok(&["-p", "first", "policy", "new", "mild", "--type", "Badge", "--time", "operator"]);
    let mild = verify("first", &["--policy", "mild"]);
    assert!(!mild.finds("time-grade-too-low"), "{mild:?}");
}

/// Nobody sits before a silent command: what is waited for is said, and ending it loses nothing.
#[test]
fn waiting_for_a_cosigner_is_said_within_seconds_and_may_be_ended() {
    let shell = Shell::new();
    shell.cast();
    let arguments = ["ledger", "witness", "--data", "wit", "--name", "witness.example/w"];
    let listen = ["--policy", "ledger/policy", "--listen", "127.0.0.1:0"];
    let witness = shell.start(&[&arguments[..], &listen].concat());
    let (key, url) = (witness.ready("key").to_owned(), witness.ready("url").to_owned());
    let cosigners = format!("witness outside {key} {url} {url} own\n");
    shell.write("ledger/cosigners", cosigners.as_bytes());
    let own = std::fs::read_to_string(shell.home().join("ledger/policy")).unwrap();
    let demand =
        format!("{}\nwitness outside {key}\nquorum outside\n", own.lines().next().unwrap());
    shell.write("demand.policy", demand.as_bytes());
    let start = ["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"];
    let node = shell.start(&start);
    let place = node.ready("url").to_owned();
    patiently(&shell, &["init", "client", "--ledger", &place, "--log-policy", "demand.policy"]);
    // It answers no more, so no head has its line.
    drop(witness);
    let create = ["-p", "client", "did", "create", "--name", "first"];
    let (said, waited) = shell.inkan_until(&create, "waiting for a checkpoint");
    assert!(said.contains("that outside signed"), "{said}");
    assert!(waited < Duration::from_secs(15), "{waited:?}, of which starting takes most");
    let kept = std::fs::read_dir(shell.home().join(".local/share/inkan/client/promises"));
    assert_eq!(kept.expect("promises").count(), 1);
    drop(node);

    let port = url.rsplit(':').next().expect("a port").to_owned();
    let listen = format!("127.0.0.1:{port}");
    let line = [&arguments[..], &["--policy", "ledger/policy", "--listen", &listen]].concat();
    let _witness = shell.start(&line);
    let node = shell.start(&start);
    let place = node.ready("url").to_owned();
    let line = ["-p", "client", "--ledger", &place, "did", "create", "--name", "first"];
    let made = patiently(&shell, &line);
    assert!(made.err.contains("there is no other one"), "{made:?}");
    let list = shell.inkan(&["-p", "client", "did", "list", "--json"]).json();
    assert_eq!(list["dids"].as_array().map(Vec::len), Some(1), "{list}");
}
