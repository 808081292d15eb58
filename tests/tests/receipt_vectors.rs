//! Receipts for everyone: the Rust, Python and JavaScript verifiers of `crates/receipt` answer alike, and as the vectors say.
//!
//! To write the vectors again after the specification changed:
//! `cargo test -p inkan-tests --test receipt_vectors -- --ignored writes`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inkan_core::Timestamp;
use inkan_evidence::tsa::Anchors;
use inkan_ledger::receipt::{TlogProof, verify_checkpoint_with};
use inkan_ledger::{LogPolicy, SignedNote};
use inkan_receipt::{Request, check};
use inkan_tests::receipt_vectors::mutants::mutants;
use inkan_tests::receipt_vectors::{Group, all, contains, whole_request};
use inkan_tests::{files_under, read_json, read_text, skipped, workspace_root};
use serde_json::Value;

/// How many mutants are compared; `INKAN_MUTANTS` asks for more.
const MUTANTS: usize = 2_000;

#[test]
fn the_committed_vectors_are_what_the_generator_makes() {
    let groups = all();
    for group in &groups {
        let committed = read_text(&file(group));
        assert!(committed == group.to_text(), "{} is not what the generator makes", group.name);
    }
    let known = |path: &Path| groups.iter().any(|group| file(group) == path);
    let unknown = files_under(&folder().join("vectors"), |path| {
        path.extension().is_some_and(|extension| extension == "json") && !known(path)
    });
    assert!(unknown.is_empty(), "nobody makes {unknown:?}");
}

#[test]
#[ignore = "writes the vectors"]
fn writes_the_vectors() {
    for group in all() {
        std::fs::write(file(&group), group.to_text()).expect("a file");
    }
}

#[test]
fn all_verifiers_answer_as_the_vectors_say() {
    let (mut names, mut requests, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for path in
        files_under(&folder().join("vectors"), |path| path.extension().is_some_and(|e| e == "json"))
    {
        let vectors = read_json(&path);
        for case in vectors["cases"].as_array().expect("cases") {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            names.push(format!("{stem}: {}", case["name"].as_str().expect("a name")));
            requests.push(whole_request(&vectors["defaults"], &case["request"]));
            expected.push(case["expect"].clone());
        }
    }
    let ours = in_rust(&requests);
    let mut wrong = Vec::new();
    for ((name, expected), answer) in names.iter().zip(&expected).zip(&ours) {
        if !contains(answer, expected) {
            wrong.push(format!("{name}: expected {expected}, Rust answers {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    compare(&names, &requests, &ours);
    eprintln!("{} vectors", names.len());
}

#[test]
fn all_verifiers_answer_alike_about_mutants() {
    let count = std::env::var("INKAN_MUTANTS").ok().and_then(|count| count.parse().ok());
    let requests = mutants(count.unwrap_or(MUTANTS), 20_261_122);
    let names: Vec<_> = requests.iter().map(ToString::to_string).collect();
    let ours = in_rust(&requests);
    let refused = ours.iter().filter(|answer| answer["ok"] == false).count();
    assert!(refused * 2 > ours.len(), "most mutants are refused, but here only {refused}");
    compare(&names, &requests, &ours);
}

/// The token of the vectors is one of another implementation: it counts for whoever can check it, and only over this head.
#[test]
fn the_real_token_of_the_vectors_counts_where_it_can_be_checked() {
    let vectors = read_json(&folder().join("vectors/broken.json"));
    let cases = vectors["cases"].as_array().expect("cases");
    let name = "a timestamp authority with a real token that is needed";
    let case = cases.iter().find(|case| case["name"] == name).expect("a case");
    let text = |member: &str| case["request"][member].as_str().expect("text").to_owned();
    let policy = LogPolicy::parse(&text("policy")).expect("a policy");
    let note = TlogProof::parse(&text("receipt")).expect("a proof").note().clone();
    let mut anchors = Anchors::default();
    let root = std::fs::read(workspace_root().join("fixtures/tsa/vectors.der")).expect("a file");
    anchors.add_file(&root).expect("a certificate");
    let now = Timestamp::parse("2027-01-01T00:00:00Z").expect("a time");
    let judged = |note: &SignedNote| verify_checkpoint_with(note, &policy, Some(&anchors), now);
    let head = judged(&note).expect("a head");
    assert_eq!(head.grades().to_string(), "witnessed 4, tsa");
    assert!(head.not_checked().is_empty());
    let blind = verify_checkpoint_with(&note, &policy, None, now).expect_err("not counted");
    assert_eq!(blind.code(), "quorum-not-met");
}

/// The commands of the two files take files and end with the exit codes of §2.7.
#[test]
fn the_commands_in_python_and_javascript_end_as_the_codes_do() {
    let vectors = read_json(&folder().join("vectors/openings.json"));
    let cases = vectors["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["name"] == "everything at once").expect("a case");
    let files = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("log.policy", &vectors["defaults"]["policy"]),
        ("receipt.json", &case["request"]["receipt"]),
        ("did.json", &case["request"]["history"][0]),
    ] {
        std::fs::write(files.path().join(name), text.as_str().expect("text")).expect("a file");
    }
    let now = vectors["defaults"]["now"].to_string();
    let base = ["--policy", "log.policy", "--now", &now, "receipt.json"];
    let other = "A".repeat(43);
    for (interpreter, script, probe) in [
        ("python3", "python/inkan_receipt.py", ["-c", "import cryptography"]),
        ("node", "javascript/inkan-receipt.mjs", ["-e", "0"]),
    ] {
        let there = Command::new(interpreter).args(probe).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            skipped(&format!("{script}: {interpreter} or what the script needs is not installed"));
            continue;
        }
        for (more, exit, code) in [
            (vec!["--history", "did.json", "--kind", "issuance"], 0, Value::Null),
            (vec!["--digest", &other], 11, "digest-mismatch".into()),
            (vec!["--kind", "status"], 18, "malformed-leaf".into()),
            (vec!["--magic"], 2, Value::Null),
        ] {
            let mut command = Command::new(interpreter);
            command.current_dir(files.path()).arg(folder().join(script)).args(base).args(&more);
            let output = command.output().expect("an interpreter");
            assert_eq!(output.status.code(), Some(exit), "{script} {more:?}");
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            assert_eq!(answer["code"], code, "{script} {more:?}");
        }
    }
}

/// A CBOR library of others, and RFC 9052 by hand: what our own three readers could get wrong together.
#[test]
fn cose_receipts_are_read_by_a_library_of_others() {
    let probe = Command::new("python3")
        .args(["-c", "import cbor2, cryptography"])
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        return skipped("cose_receipts.py: python3, cbor2 or cryptography is not installed");
    }
    let script = workspace_root().join("tests/interop/cose_receipts.py");
    let output =
        Command::new("python3").arg(script).arg(folder().join("vectors/cose.json")).output();
    let output = output.expect("an interpreter");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("COSE receipts read"), "{output:?}");
}

/// Every code of §5.2 that a vector can show is shown by one.
#[test]
fn every_code_has_a_vector() {
    let groups = all();
    let codes: Vec<_> =
        groups.iter().flat_map(|g| &g.cases).filter_map(|c| c.expect["code"].as_str()).collect();
    for code in [
        "malformed-receipt",
        "policy-invalid",
        "unknown-log",
        "log-signature-invalid",
        "cosignature-invalid",
        "cosignature-in-future",
        "quorum-not-met",
        "inclusion-invalid",
        "malformed-leaf",
        "time-inconsistent",
        "not-last-leaf",
        "entry-signature-invalid",
        "not-home",
        "digest-mismatch",
        "opening-invalid",
        "act-mismatch",
        "act-superseded",
        "stale",
        "map-proof-invalid",
        "map-value-invalid",
        "promise-broken",
        "promise-pending",
    ] {
        assert!(codes.contains(&code), "no vector shows {code}");
    }
}

fn folder() -> PathBuf {
    workspace_root().join("crates/receipt")
}

fn file(group: &Group) -> PathBuf {
    folder().join("vectors").join(format!("{}.json", group.name))
}

fn in_rust(requests: &[Value]) -> Vec<Value> {
    let answer = |request: &Value| match Request::from_value(request) {
        Ok(request) => check(&request).to_value(),
        Err(error) => panic!("{error}: {request}"),
    };
    requests.iter().map(answer).collect()
}

/// Compares the answers of the other two, whole, with ours.
fn compare(names: &[String], requests: &[Value], ours: &[Value]) {
    let input: String = requests.iter().map(|request| format!("{request}\n")).collect();
    std::thread::scope(|scope| {
        let input = input.as_str();
        let python = scope.spawn(move || {
            answers("python3", "python/inkan_receipt.py", &["-c", "import cryptography"], input)
        });
        let node = scope
            .spawn(move || answers("node", "javascript/inkan-receipt.mjs", &["-e", "0"], input));
        for (language, theirs) in [("Python", python), ("JavaScript", node)] {
            let Some(theirs) = theirs.join().expect("a verifier that ran") else { continue };
            assert_eq!(theirs.len(), ours.len(), "{language} left questions out");
            let wrong: Vec<_> = (names.iter().zip(ours).zip(&theirs))
                .filter(|((_, ours), theirs)| ours != theirs)
                .map(|((name, ours), theirs)| {
                    format!("{name}\n  Rust {ours}\n  {language} {theirs}")
                })
                .collect();
            assert!(
                wrong.is_empty(),
                "{} differ:\n{}",
                wrong.len(),
                wrong[..wrong.len().min(20)].join("\n")
            );
        }
    });
}

/// Asks one interpreter everything at once; `None`, loudly, if it is not there.
fn answers(interpreter: &str, script: &str, probe: &[&str], input: &str) -> Option<Vec<Value>> {
    let there = Command::new(interpreter).args(probe).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        skipped(&format!("{script}: {interpreter} or what the script needs is not installed"));
        return None;
    }
    let mut child = Command::new(interpreter)
        .arg(folder().join(script))
        .arg("batch")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an interpreter");
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().expect("an answer")
    });
    assert!(output.status.success(), "{script} failed");
    let text = String::from_utf8(output.stdout).expect("text");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}
