//! The command `inkan-receipt`: what it answers, and how it ends.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs the command in a folder that has a policy, a receipt and the receipt of its signer.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkan-receipt"));
    let Ok(output) = command.current_dir(folder).args(arguments).output() else {
        return (None, Value::Null);
    };
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), answer)
}

#[test]
fn the_command_answers_as_the_vectors_say_and_ends_as_the_codes_do() {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/openings.json");
    let vectors: Value =
        serde_json::from_slice(&std::fs::read(vectors).expect("vectors")).expect("JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["name"] == "everything at once").expect("a case");
    let (defaults, request) = (&vectors["defaults"], &case["request"]);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("log.policy", &defaults["policy"]),
        ("receipt.json", &request["receipt"]),
        ("did.json", &request["history"][0]),
    ] {
        std::fs::write(folder.path().join(name), text.as_str().expect("text")).expect("a file");
    }
    let (now, digest) = (defaults["now"].to_string(), request["digest"].as_str().expect("text"));
    let base = ["--policy", "log.policy", "--now", &now, "receipt.json"];
    let with = |more: &[&str]| run(folder.path(), &[&base[..], more].concat());

    let (exit, answer) = with(&["--digest", digest, "--history", "did.json", "--kind", "issuance"]);
    assert_eq!((exit, &answer["ok"]), (Some(0), &Value::Bool(true)));
    assert_eq!(answer["checks"]["entry"], "pass");
    let (exit, answer) = with(&["--digest", &"A".repeat(43)]);
    assert_eq!((exit, &answer["code"]), (Some(11), &Value::from("digest-mismatch")));
    let (exit, answer) = with(&["--kind", "status"]);
    assert_eq!((exit, &answer["code"]), (Some(18), &Value::from("malformed-leaf")));
    let (exit, answer) =
        run(folder.path(), &["--policy", "receipt.json", "--now", &now, "receipt.json"]);
    assert_eq!((exit, &answer["code"]), (Some(8), &Value::from("policy-invalid")));
    for wrong in [&["--magic"][..], &["--max-age"], &["second.json"], &["--max-age", "x"]] {
        assert_eq!(with(wrong), (Some(2), Value::Null), "{wrong:?}");
    }
}
