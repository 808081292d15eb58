//! RDFC-1.0: one test per case of the W3C test suite.

use std::collections::BTreeMap;

use serde_json::Value;

use super::nquads;
use super::suite::{self, read_json, read_text, vectors};
use crate::rdfc::canon::{Hash, canonicalize};
use crate::rdfc::{RdfcError, Work};

suite::cases! {
    run:
    test001c test002c test003c test003m test004c test004m test005c test005m test006c test008c
    test009c test010c test011c test013c test014c test016c test016m test017c test017m test018c
    test018m test019c test020c test020m test021c test022c test023c test024c test025c test026c
    test027c test028c test029c test030c test030m test033c test034c test035c test036c test038c
    test039c test040c test043c test044c test045c test046c test047c test047m test048c test048m
    test053c test053m test054c test055c test055m test056c test056m test057c test057m test058c
    test059c test060c test060m test061c test062c test063c test063m test064c test065c test066c
    test067c test068c test069c test070c test070m test071c test071m test072c test072m test073c
    test073m test074c test075c test075m test076c test077c
}

#[test]
fn every_case_is_run() {
    let Some(folder) = vectors("rdfc10") else { return };
    let manifest = read_json(&folder.join("manifest.jsonld"));
    let ids = manifest["entries"].as_array().unwrap().iter().map(|entry| entry["id"].as_str());
    let ids: Vec<_> = ids.map(|id| id.unwrap().trim_start_matches('#')).collect();
    assert_eq!(ids, NAMES);
}

fn run(id: &str) {
    let Some(folder) = vectors("rdfc10") else { return };
    let manifest = read_json(&folder.join("manifest.jsonld"));
    let entries = manifest["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry["id"] == format!("#{id}")).unwrap();
    let file = |member: &str| folder.join(entry[member].as_str().unwrap());
    let hash = match entry["hashAlgorithm"].as_str() {
        None => Hash::Sha256,
        Some("SHA384") => Hash::Sha384,
        Some(other) => panic!("{other}"),
    };
    let (quads, names) = nquads::parse(&read_text(&file("action")));
    let mut work = Work::new();
    let canonical = canonicalize(&quads, hash, &mut work);
    match entry["type"].as_str().unwrap() {
        "rdfc:RDFC10EvalTest" => {
            assert_eq!(canonical.unwrap().text, read_text(&file("result")));
        }
        "rdfc:RDFC10MapTest" => {
            let canonical = canonical.unwrap();
            let label = |node: &usize| {
                let found = canonical.labels.iter().find(|(other, _)| other == node);
                Value::from(found.unwrap().1.clone())
            };
            let map: BTreeMap<String, Value> =
                names.iter().map(|(name, node)| (name.clone(), label(node))).collect();
            let expected: BTreeMap<String, Value> =
                serde_json::from_value(read_json(&file("result"))).unwrap();
            assert_eq!(map, expected);
        }
        "rdfc:RDFC10NegativeEvalTest" => {
            assert_eq!(canonical.unwrap_err(), RdfcError::TooMuchWork);
        }
        other => panic!("{other}"),
    }
}
