//! Damaged folders, copies of them, and operators who break their own rules.

use std::path::{Path, PathBuf};

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::files::{self, Access};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::epoch::Parameters;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::tiles::{bundles_of_growth, encode_bundle};
use inkan_ledger::tree::{LeafHash, TreeHead};
use inkan_ledger::{Checkpoint, Kind, Leaf, Log, MerkleTree, VerifierKey};
use inkan_server::ledger_node::{self, LogTo, NodeOptions};
use inkan_tests::file_server::FileServer;
use inkan_tests::made_node::Controller;
use inkan_tests::shell::Shell;

/// The files below a folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files_of(&path)) } else { out.push(path) }
    }
    out
}

#[test]
fn a_damaged_folder_is_put_in_order_from_a_mirror_and_goes_on() {
    let shell = Shell::new();
    shell.cast();
    let mirror = ["ledger", "mirror", "ledger", "--data", "copy", "--name", "mirror.example"];
    shell.ok(&[&mirror[..], &["--policy", "ledger/policy", "--once"]].concat());
    // One entry more than the mirror has, and the last tiles of both kinds are gone or altered.
    shell.ok(&["-p", "me", "did", "create", "--name", "later"]);
    let before = shell.inkan(&["-p", "me", "ledger", "status", "--json"]).json();
    let size = before["size"].as_u64().unwrap();
    let hashes = shell.home().join(format!("ledger/tile/0/000.p/{size}"));
    std::fs::write(&hashes, b"no hashes").unwrap();
    let old = shell.home().join("ledger/params");
    files_of(&old).iter().for_each(|file| std::fs::remove_file(file).unwrap());
    let broken = shell.inkan(&["-p", "me", "did", "create", "--name", "x", "--json"]);
    assert_eq!(broken.exit, 6, "{broken:?}");
    assert!(broken.finds("tile-damaged"), "{broken:?}");

    let looked = shell.inkan(&["-p", "me", "ledger", "check", "ledger", "--json"]);
    assert_eq!(looked.exit, 6, "{looked:?}");
    assert!(looked.finds("tile-damaged"), "{looked:?}");

    let restore = ["ledger", "restore", "ledger", "--from", "copy", "--json"];
    let dry = shell.inkan(&[&restore[..], &["--dry-run"]].concat());
    assert_eq!(dry.exit, 0, "{dry:?}");
    let paths = dry.json()["paths"].as_array().cloned().unwrap_or_default();
    assert_eq!(paths.len(), 2, "{dry:?}");
    assert!(paths.contains(&format!("tile/0/000.p/{size}").into()), "{dry:?}");
    assert_eq!(std::fs::read(&hashes).unwrap(), b"no hashes");
    let restored = shell.inkan(&restore);
    assert_eq!(restored.exit, 0, "{restored:?}");
    let restored = restored.json();
    assert_eq!((restored["files"].as_u64(), restored["size"].as_u64()), (Some(2), Some(size)));
    assert_eq!(restored["root"], before["root"]);
    assert_eq!(shell.inkan(&restore).json()["files"], 0, "nothing more to do");
    shell.ok(&["-p", "me", "did", "create", "--name", "after"]);
    shell.ok(&["-p", "desk", "ledger", "check", "ledger", "--deep"]);
    // What is no copy, or one of another log, mends nothing.
    let nothing = shell.inkan(&["ledger", "restore", "ledger", "--from", "nothing", "--json"]);
    assert_eq!(nothing.exit, 6, "{nothing:?}");
    assert!(nothing.finds("log-file-missing"), "{nothing:?}");
    // Two ledgers of one name that were made within one second have the same first leaf.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    shell.ok(&["init", "other", "--ledger", "other", "--domain", "ledger.example"]);
    std::fs::remove_file(shell.home().join("other/checkpoint")).unwrap();
    let wrong = shell.inkan(&["ledger", "restore", "other", "--from", "ledger", "--json"]);
    assert_eq!(wrong.exit, 18, "{wrong:?}");
    assert!(wrong.finds("mirror-root-mismatch"), "{wrong:?}");
}

#[test]
fn a_mirror_process_gives_its_copy_back_over_http() {
    let shell = Shell::new();
    shell.ok(&["init", "me", "--ledger", "ledger", "--domain", "ledger.example"]);
    shell.ok(&["did", "create", "--name", "me"]);
    let mirror = ["ledger", "mirror", "ledger", "--data", "copy", "--name", "mirror.example"];
    let mirror = [&mirror[..], &["--policy", "ledger/policy", "--listen", "127.0.0.1:0"]].concat();
    shell.ok(&[&mirror[..], &["--once"]].concat());
    let running = shell.start(&mirror);
    std::fs::remove_dir_all(shell.home().join("ledger/tile")).unwrap();
    let restore = ["ledger", "restore", "ledger", "--from", running.ready("url")];
    let said = shell.ok(&restore);
    assert!(said.contains("files were damaged, and are in order"), "{said}");
    shell.ok(&["did", "create", "--name", "again"]);
}

/// Publishes leaves as an operator does who signs whatever it likes.
fn publish(folder: &Path, log: &(VerifierKey, SecretKey), leaves: &[Vec<u8>]) {
    let mut tree = MerkleTree::new();
    for leaf in leaves {
        tree.append(LeafHash::of(leaf));
    }
    let put = |path: &str, bytes: &[u8]| {
        let path = folder.join(path);
        files::create_folder(path.parent().unwrap(), Access::Public).unwrap();
        files::write_atomic(&path, bytes, Access::Public).unwrap();
    };
    let head = TreeHead { tree_size: tree.size(), root_hash: tree.root(tree.size()).unwrap() };
    for tile in bundles_of_growth(0, head.tree_size) {
        let from = usize::try_from(tile.start()).unwrap();
        let entries = &leaves[from..from + usize::from(tile.width())];
        put(&tile.entries_path(), &encode_bundle(entries.iter().map(Vec::as_slice)).unwrap());
    }
    let (document, digest) = Parameters::default().genesis_document().unwrap();
    put(&format!("params/{}", digest.to_hex()), &document);
    let note = Checkpoint::new(log.0.name(), head).unwrap().sign(&log.0, &log.1).unwrap();
    put("checkpoint", note.to_string().as_bytes());
}

#[test]
fn an_entry_that_the_operator_should_not_have_signed_is_named() {
    let shell = Shell::new();
    shell.ok(&["init", "me", "--ledger", "ledger", "--domain", "ledger.example"]);
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let public = secret.public_key();
    let key = VerifierKey::new("ledger.example", KeyMaterial::Note(public)).unwrap();
    let policy = format!("log {key}\nquorum none\n");
    shell.write(".local/share/inkan/me/logs/ledger.example.policy", policy.as_bytes());
    let log_key = (key, secret);

    let parameters = Parameters::default();
    let (_, digest) = parameters.genesis_document().unwrap();
    let mut log = Log::new("ledger.example", &parameters, digest).unwrap();
    let at = |seconds: i64| Timestamp::from_seconds(1_768_464_000 + seconds).unwrap();
    let seal = |log: &mut Log, now| {
        let epoch = log.prepare_epoch(now).unwrap().unwrap();
        log.commit(epoch).unwrap();
    };
    seal(&mut log, at(0));
    let (one, other) = (Controller::new(1), Controller::new(2));
    let now = OsClock.now();
    log.submit(Kind::Did, one.line.as_bytes(), now).unwrap();
    log.submit(Kind::Did, other.line.as_bytes(), now).unwrap();
    seal(&mut log, now);
    let honest: Vec<_> = (0..log.size()).map(|index| log.leaf(index).unwrap().to_bytes()).collect();
    let check = ["-p", "me", "ledger", "check", "copy", "--deep", "--json"];
    publish(&shell.home().join("copy"), &log_key, &honest);
    let fine = shell.inkan(&check);
    assert_eq!(fine.exit, 0, "{fine:?}");
    assert_eq!(fine.json()["judged"], fine.json()["size"]);

    // The second DID's entry with a letter changed: its proof holds no more, and the operator signs it nevertheless.
    let line = other.line.replace("p2", "p3");
    assert_ne!(sha256(&[line.as_bytes()]), sha256(&[other.line.as_bytes()]));
    let mut forged = honest.clone();
    forged[2] = Leaf::new(Kind::Did, Leaf::parse(&honest[2]).unwrap().time(), line.into_bytes())
        .unwrap()
        .to_bytes();
    publish(&shell.home().join("copy"), &log_key, &forged);
    let found = shell.inkan(&check);
    assert_eq!(found.exit, 18, "{found:?}");
    assert!(found.finds("log-rule-broken") && found.out.contains("entry 2"), "{found:?}");
    // Without --deep nobody looks; and what the log never signed is damage, not guilt.
    assert_eq!(shell.inkan(&["-p", "me", "ledger", "check", "copy"]).exit, 0);
    let signed = std::fs::read(shell.home().join("copy/checkpoint")).unwrap();
    publish(&shell.home().join("copy"), &log_key, &honest);
    shell.write("copy/checkpoint", &signed);
    let damaged = shell.inkan(&check);
    assert_eq!(damaged.exit, 6, "{damaged:?}");
    assert!(damaged.finds("tile-damaged"), "{damaged:?}");
}

#[test]
fn a_watch_fetches_entries_by_the_bundle() {
    let shell = Shell::new();
    let now = OsClock.now();
    let data = shell.home().join("data");
    let rng = &mut SeededRng::new(7);
    let mut ledger = LedgerFolder::create(&data, "ledger.example", rng, now).unwrap();
    let mut lines = Vec::new();
    for seed in 0..300 {
        let line = Controller::new(seed).line;
        ledger.submit(Kind::Did, line.as_bytes(), now).unwrap();
        lines.push(line);
    }
    ledger.checkpoint(now).unwrap();
    drop(ledger);
    let log = shell.home().join("requests");
    std::fs::create_dir(&log).unwrap();
    let options = NodeOptions {
        log: LogTo::Folder(log.clone()),
        ..NodeOptions::new("127.0.0.1:0".parse().unwrap(), &data)
    };
    let node = ledger_node::spawn(options, std::sync::Arc::new(OsClock)).unwrap();
    shell.ok(&["init", "me", "--ledger", &node.url()]);
    let watched = shell.inkan(&["ledger", "watch", "--since", "3", "--once", "--format", "jsonl"]);
    assert_eq!(watched.exit, 0, "{watched:?}");
    let indexes = watched.out.lines().filter(|line| line.contains("\"leafHash\"")).count();
    assert!(indexes >= 299, "{indexes} of {}", watched.out);
    node.shutdown().unwrap();
    let asked: usize = files_of(&log)
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap().lines().count())
        .sum();
    assert!((4..40).contains(&asked), "{asked} requests for {indexes} entries");
}

/// The node is idle or gone, and a web server has the public files of the folder: receipts and verdicts come from them.
#[test]
fn files_without_a_node_prove_and_verify() {
    let shell = Shell::new();
    let (city, me) = shell.cast();
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me];
    let issue = |name: &str| {
        shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", name]].concat());
    };
    issue("kept.json");
    issue("taken.json");
    shell.ok(&["-p", "city", "key", "generate", "next"]);
    shell.ok(&["-p", "city", "did", "rotate", "city", "--key", "next"]);
    shell.ok(&["-p", "city", "revoke", "taken.json", "--reason", "stolen", "--yes"]);
    issue("newest.json");
    let server = FileServer::start(&shell.home().join("ledger"));
    let init = ["init", "reader", "--role", "verifier", "--ledger", server.url()];
    shell.ok(&[&init[..], &["--log-policy", "ledger/policy"]].concat());
    let _ = server.asked();

    let reader = |line: &[&str]| shell.inkan(&[&["-p", "reader"], line].concat());
    let ok = |line: &[&str]| {
        let said = reader(line);
        assert_eq!(said.exit, 0, "{line:?}: {said:?}");
        said
    };
    let size = ok(&["ledger", "status", "--json"]).json()["size"].as_u64().unwrap();
    let own = shell.inkan(&["-p", "desk", "ledger", "status", "--json"]).json();
    assert_eq!(own["size"].as_u64(), Some(size));
    let _ = server.asked();
    ok(&["ledger", "prove", "1", "--out", "r.json"]);
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|path| path.starts_with("v1/")).count(), 2, "{asked:?}");
    ok(&["ledger", "check", "r.json"]);
    ok(&["ledger", "prove", "1", "--to", &size.to_string()]);
    assert_eq!(reader(&["ledger", "prove", "1", "--to", "2"]).exit, 3, "of what is served alone");
    assert_eq!(reader(&["ledger", "prove", "1", "--as", "cose"]).exit, 3, "a node signs these");
    ok(&["ledger", "watch", "--since", "0", "--once"]);

    // What takes a look into every entry, and what the map says now.
    ok(&["did", "history", &city]);
    let bundle = std::fs::read(shell.home().join("kept.json")).unwrap();
    let bundle = inkan_core::json::parse(&bundle, 1 << 20).unwrap();
    let bare = bundle["credential"].clone();
    shell.write(
        "bare.json",
        bare.as_str().map_or_else(|| bare.to_string(), str::to_owned).as_bytes(),
    );
    // Its status list is in the file, and is what was announced last.
    ok(&["verify", "newest.json"]);
    // That of this one is among the files, and says what was said last: also of one whose own copy is older.
    ok(&["verify", "bare.json"]);
    assert_eq!(reader(&["verify", "taken.json"]).exit, 12);
    let (public, away) = (shell.home().join("ledger/public"), shell.home().join("away"));
    std::fs::rename(&public, &away).unwrap();
    let said = reader(&["verify", "bare.json", "--json"]);
    assert_eq!(said.exit, 19, "nobody serves its list: {said:?}");
    assert!(said.finds("status-list-missing"), "{said:?}");
    let said = said.json();
    let found = said["checks"].as_array().unwrap().iter().find(|one| one["check"] == "on-ledger");
    assert_eq!(found.expect("a check")["status"], "pass", "{said}");
    // The list in this file is older than the revocation.
    let revoked = reader(&["verify", "taken.json", "--json"]);
    assert_eq!(revoked.exit, 19, "{revoked:?}");
    // A web server that keeps back what begins with a dot has the newest all the same; one that alters it is found out.
    std::fs::rename(&away, &public).unwrap();
    std::fs::remove_dir_all(public.join(".status")).unwrap();
    ok(&["verify", "bare.json"]);
    for list in files_of(&public).iter().filter(|file| file.to_string_lossy().contains("/status/"))
    {
        std::fs::write(list, b"{}").unwrap();
    }
    let said = reader(&["verify", "bare.json", "--json"]);
    assert!(!matches!(said.exit, 0 | 1 | 101), "{said:?}");

    // Who serves something else is found out: an entry, a hash, another head.
    let served = shell.home().join("ledger/tile/entries/000.p").join(size.to_string());
    let good = std::fs::read(&served).unwrap();
    let mut wrong = good.clone();
    wrong[40] ^= 1;
    std::fs::write(&served, &wrong).unwrap();
    for line in [&["ledger", "prove", "0"][..], &["verify", "bare.json"]] {
        let said = reader(line);
        assert!(!matches!(said.exit, 0 | 1 | 101), "{line:?}: {said:?}");
    }
    std::fs::write(&served, &good).unwrap();
    let nothing = FileServer::start(&shell.home().join("nowhere"));
    let said =
        shell.inkan(&["-p", "reader", "--ledger", nothing.url(), "ledger", "status", "--json"]);
    assert_eq!(said.exit, 6, "{said:?}");
    assert!(said.finds("no-ledger-there"), "{said:?}");
}
