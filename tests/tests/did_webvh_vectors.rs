//! The did:webvh 1.0 logs of two other implementations: 12 scenarios, each written in Python and in TypeScript.
//!
//! Compared are acceptance, `versionId`, number, deactivation and the document without the implicit services `#files`
//! and `#whois`, as `vectors/README.md` says. The contested logs count neither way.

use std::path::Path;

use inkan_core::Timestamp;
use inkan_did::webvh::{Entry, Head, History, check_next};
use inkan_tests::{files_under, read_json, read_text, vectors};
use serde_json::Value;

macro_rules! logs {
    ($($name:ident: $path:literal,)*) => {
        const PATHS: &[&str] = &[$($path),*];
        $(
            #[test]
            fn $name() {
                check($path);
            }
        )*
    };
}

logs! {
    basic_create_by_python_resolves: "basic-create/python",
    basic_create_by_typescript_resolves: "basic-create/ts",
    basic_update_by_python_resolves: "basic-update/python",
    basic_update_by_typescript_resolves: "basic-update/ts",
    deactivate_by_python_resolves: "deactivate/python",
    deactivate_by_typescript_resolves: "deactivate/ts",
    key_rotation_by_python_resolves: "key-rotation/python",
    key_rotation_by_typescript_resolves: "key-rotation/ts",
    multi_update_by_python_resolves: "multi-update/python",
    multi_update_by_typescript_resolves: "multi-update/ts",
    multiple_update_keys_by_python_resolves: "multiple-update-keys/python",
    multiple_update_keys_by_typescript_resolves: "multiple-update-keys/ts",
    portable_by_python_resolves: "portable/python",
    portable_by_typescript_resolves: "portable/ts",
    portable_move_by_python_resolves: "portable-move/python",
    portable_move_by_typescript_resolves: "portable-move/ts",
    pre_rotation_by_python_resolves: "pre-rotation/python",
    pre_rotation_by_typescript_resolves: "pre-rotation/ts",
    pre_rotation_consume_by_python_resolves: "pre-rotation-consume/python",
    pre_rotation_consume_by_typescript_resolves: "pre-rotation-consume/ts",
    services_by_python_resolves: "services/python",
    services_by_typescript_resolves: "services/ts",
    witness_threshold_by_python_resolves: "witness-threshold/python",
    witness_threshold_by_typescript_resolves: "witness-threshold/ts",
}

#[test]
fn every_valid_log_of_the_suite_has_a_test() {
    let Some(folder) = vectors("did-webvh") else { return };
    let expected = read_json(&folder.join("expected.json"));
    let logs = expected["logs"].as_array().unwrap();
    let mut listed: Vec<_> = logs
        .iter()
        .filter(|log| log["expect"] == "accept")
        .map(|log| log["path"].as_str().unwrap().trim_start_matches("vectors/"))
        .collect();
    let mut tested = PATHS.to_vec();
    listed.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, listed);
}

/// A flipped bit anywhere, in the log or in the approvals it needs, is noticed.
#[test]
fn a_flipped_bit_is_noticed_in_every_log() {
    let Some(folder) = vectors("did-webvh") else { return };
    for (salt, path) in PATHS.iter().enumerate() {
        let log = Log::read(&folder.join("vectors").join(path));
        // Another sample of places for every log, all bits in turn.
        for at in (salt..log.entries.trim_end().len()).step_by(7) {
            if let Some(entries) = flipped(&log.entries, at) {
                assert!(verify(&entries, log.witness()).is_err(), "{path}, byte {at}");
            }
        }
        for at in (salt..log.witness().unwrap_or_default().trim_end().len()).step_by(7) {
            if let Some(witness) = flipped(log.witness().unwrap_or_default(), at) {
                assert!(verify(&log.entries, Some(&witness)).is_err(), "{path}, witness byte {at}");
            }
        }
    }
}

/// What the rules of a ledger say beyond those of a resolver concerns none of these logs.
#[test]
fn a_ledger_takes_the_entries_of_every_log() {
    let Some(folder) = vectors("did-webvh") else { return };
    for path in PATHS {
        let log = Log::read(&folder.join("vectors").join(path));
        let approvals: Value = log.witness().map_or(Value::Null, |it| it.parse().unwrap());
        let mut head: Option<Head> = None;
        for line in log.entries.lines() {
            let entry: Value = line.parse().unwrap();
            let of_entry = |it: &&Value| it["versionId"] == entry["versionId"];
            let approval = approvals.as_array().and_then(|items| items.iter().find(of_entry));
            let approval = approval.map(Value::to_string);
            let entry = Entry::parse(line.as_bytes(), approval.as_deref().map(str::as_bytes));
            let next = entry.and_then(|entry| check_next(head.as_ref(), &entry, now()));
            head = Some(next.unwrap_or_else(|error| panic!("{path}: {}: {error:?}", error.code())));
        }
    }
}

/// Implementations disagree about these: whatever we say, we say it without a panic.
#[test]
fn contested_logs_get_an_answer() {
    let Some(folder) = vectors("did-webvh") else { return };
    for writer in ["python", "ts"] {
        let log = Log::read(&folder.join("contested/witness-update").join(writer));
        let answer = verify(&log.entries, log.witness());
        println!("{writer}: {:?}", answer.map(|history| history.latest().number()));
    }
}

fn check(path: &str) {
    let Some(folder) = vectors("did-webvh") else { return };
    let expected = expectation(&folder, path);
    let folder = folder.join("vectors").join(path);
    let log = Log::read(&folder);
    let history = verify(&log.entries, log.witness()).unwrap();
    let latest = history.latest();
    assert_eq!(history.did().as_str(), expected["did"]);
    assert_eq!(latest.version_id(), expected["versionId"]);
    assert_eq!(latest.number(), expected["versionNumber"]);
    assert_eq!(latest.time().to_string(), expected["versionTime"].as_str().unwrap());
    assert_eq!(latest.deactivated(), expected["deactivated"]);
    assert_eq!(history.versions().len(), expected["entries"]);
    // Every result file: the latest, and those at a version.
    let is_result = |file: &Path| file.to_string_lossy().contains("resolutionResult");
    let results = files_under(&folder, is_result);
    assert!(!results.is_empty());
    for file in results {
        let result = read_json(&file);
        let metadata = &result["didDocumentMetadata"];
        let number = metadata["versionNumber"].as_u64().unwrap();
        let version = history.number(number).unwrap();
        assert_eq!(version.version_id(), metadata["versionId"]);
        assert_eq!(history.version(version.version_id()).unwrap().number(), number);
        assert_eq!(history.at_time(version.time()).unwrap().number(), number);
        let document = version.document().value().clone();
        assert_eq!(explicit(document), explicit(result["didDocument"].clone()), "{file:?}");
    }
}

struct Log {
    entries: String,
    witness: Option<String>,
}

impl Log {
    fn read(folder: &Path) -> Self {
        let witness = folder.join("did-witness.json");
        Self {
            entries: read_text(&folder.join("did.jsonl")),
            witness: witness.exists().then(|| read_text(&witness)),
        }
    }

    fn witness(&self) -> Option<&str> {
        self.witness.as_deref()
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
}

fn verify(log: &str, witness: Option<&str>) -> Result<History, inkan_did::webvh::HistoryError> {
    History::verify(log, witness, now())
}

fn expectation(folder: &Path, path: &str) -> Value {
    let expected = read_json(&folder.join("expected.json"));
    let logs = expected["logs"].as_array().unwrap();
    let path = format!("vectors/{path}");
    logs.iter().find(|log| log["path"] == path.as_str()).unwrap().clone()
}

/// The text with one bit flipped, if it is text still.
fn flipped(text: &str, at: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] ^= 1 << (at % 8);
    String::from_utf8(bytes).ok()
}

/// A document without the services that resolvers add.
fn explicit(mut document: Value) -> Value {
    let members = document.as_object_mut().unwrap();
    if let Some(Value::Array(services)) = members.get_mut("service") {
        services.retain(|service| {
            let id = service["id"].as_str().unwrap();
            !id.ends_with("#files") && !id.ends_with("#whois")
        });
        if services.is_empty() {
            members.remove("service");
        }
    }
    document
}
