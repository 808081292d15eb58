//! The receipt verifier in a browser: every vector gets the answer that the one in Rust gives, and the page says what it found.

use std::io::Write as _;
use std::process::{Command, Stdio};

use inkan_receipt::{Request, check};
use inkan_tests::receipt_vectors::whole_request;
use inkan_tests::{files_under, read_json, workspace_root};
use serde_json::Value;

#[test]
fn the_verifier_in_a_browser_answers_as_the_one_in_rust() {
    let Some(browser) = super::browser() else { return };
    let folder = workspace_root().join("crates/receipt");
    let (mut names, mut requests) = (Vec::new(), Vec::new());
    for path in
        files_under(&folder.join("vectors"), |path| path.extension().is_some_and(|e| e == "json"))
    {
        let vectors = read_json(&path);
        for case in vectors["cases"].as_array().expect("cases") {
            names.push(format!("{}: {}", path.display(), case["name"]));
            requests.push(whole_request(&vectors["defaults"], &case["request"]));
        }
    }
    // What a person drops into the page.
    let openings = read_json(&folder.join("vectors/openings.json"));
    let cases = openings["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["name"] == "everything at once").expect("a case");
    let receipt = case["request"]["receipt"].as_str().expect("text");
    let policy = openings["defaults"]["policy"].as_str().expect("text");
    let files = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let good = file("good.inkan-receipt.json", receipt);
    let bad = file("bad.inkan-receipt.json", receipt.get(1..).expect("text"));
    let policy = file("log.policy", policy);

    let mut child = Command::new("node")
        .arg(workspace_root().join("tests/interop/pages/receipts.mjs"))
        .arg(&browser)
        .arg(folder.join("javascript"))
        .args([&good, &policy, &bad])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().expect("an answer")
    });
    assert!(output.status.success(), "the script failed");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["wrong"], serde_json::json!([]), "{:#}", found["wrong"]);
    let answers = found["answers"].as_array().expect("answers");
    assert_eq!(answers.len(), requests.len());
    assert!(answers.len() > 1_500, "the vectors are read");
    let mut differ = Vec::new();
    for ((name, request), theirs) in names.iter().zip(&requests).zip(answers) {
        let ours = check(&Request::from_value(request).expect("a request")).to_value();
        if ours != *theirs {
            differ.push(format!("{name}\n  Rust {ours}\n  browser {theirs}"));
        }
    }
    let some = differ.get(..20).unwrap_or(&differ).join("\n");
    assert!(differ.is_empty(), "{} differ:\n{some}", differ.len());
}
