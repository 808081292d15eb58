//! What is handed over: bundles and what travels in them, powers of attorney, consents.

use inkan_core::{Timestamp, sha256};
use inkan_credential::bundle::{BundleTimestamp, Eseal, SealForm, SealTerms};
use inkan_credential::delegation::Grant;
use inkan_credential::{Bundle, ConsentReceipt, ConsentRecord};
use inkan_crypto::KeyType;
use inkan_ledger::Receipt;
use inkan_tests::made_consent;
use inkan_tests::world::some_claim;
use serde_json::{Value, json};

use super::{Closed, samples, with};

#[test]
fn powers_of_attorney_fit_their_schema() {
    Closed {
        place: ("delegation", ""),
        samples: vec![some_claim()],
        only_read: &[],
        reads: Box::new(|value| Grant::from_value(value).is_ok()),
    }
    .check();
}

#[test]
fn bundles_fit_their_schema() {
    let (_, parts) = samples();
    let bundles: Vec<Value> = parts.iter().map(|parts| parts.bundle().to_value()).collect();
    let parse = |value: &Value| Bundle::parse(value.to_string().as_bytes()).ok();
    Closed {
        place: ("bundle", ""),
        samples: bundles.clone(),
        // Written where there are any.
        only_read: &[
            ("timestamps", json!([])),
            ("eseals", json!([])),
            ("powers", json!([])),
            ("consents", json!([])),
        ],
        reads: Box::new(move |value| parse(value).is_some()),
    }
    .check();

    let first = bundles[0].clone();
    let lists = first["statusLists"].as_array().expect("lists").clone();
    let put = move |value: &Value| with(&first, "statusLists", json!([value]));
    Closed {
        place: ("bundle", "/properties/statusLists/items"),
        samples: lists,
        only_read: &[],
        reads: Box::new(move |value| parse(&put(value)).is_some()),
    }
    .check();

    let items = parts[0].bundle().items();
    Closed {
        place: ("bundle", "/$defs/timestamp"),
        samples: vec![BundleTimestamp::new(items.clone(), vec![1, 2]).to_value()],
        only_read: &[],
        reads: Box::new(|value| BundleTimestamp::from_value(value).is_some()),
    }
    .check();
    let terms = SealTerms {
        method: "did:example:a#b".to_owned(),
        certificate: sha256(&[b"certificate"]),
        time: Timestamp::from_seconds(0).expect("a time"),
        covers: items,
    };
    let eseal = |form| Eseal::new(terms.clone(), form, "a.b.c".to_owned()).to_value();
    Closed {
        place: ("bundle", "/$defs/eseal"),
        samples: vec![eseal(SealForm::Cms(vec![1, 2])), eseal(SealForm::Jws("a.b.c".to_owned()))],
        only_read: &[],
        reads: Box::new(|value| Eseal::from_value(value).is_some()),
    }
    .check();

    let checkpoints = parts[0].bundle().checkpoints;
    Closed {
        place: ("bundle", "/$defs/receipt"),
        samples: parts[0].bundle().receipts,
        only_read: &[("cose", json!("AAAA"))],
        reads: Box::new(move |value| {
            // A schema cannot know that this proof is not whole.
            let cut = value["proof"].as_str().is_some_and(|proof| proof.ends_with("\n\n"));
            let read = |value: &Value| Receipt::from_bundle_value(value, &checkpoints).is_ok();
            if cut && value.get("checkpoint").is_none() {
                let mut places = 0..checkpoints.len();
                places.any(|place| read(&with(value, "checkpoint", json!(place))))
            } else {
                read(value)
            }
        }),
    }
    .check();
}

#[test]
fn short_receipts_fit_their_schemas() {
    let (_, parts) = samples();
    let whole = parts[0].bundle();
    let mut bare = whole.clone();
    bare.did_logs.clear();
    for (form, bundle) in [("signedEntry", &whole), ("didVersion", &whole), ("didLine", &bare)] {
        let file = bundle.to_value();
        let named = |value: &Value| match form {
            "signedEntry" => value.get("kid").is_some(),
            "didVersion" => value.get("of").is_some(),
            _ => value.get("line").is_some(),
        };
        let written = file["receipts"].as_array().expect("receipts").iter();
        let samples: Vec<Value> = written.filter(|value| named(value)).cloned().collect();
        let opening = json!({ "format": "di", "salt": "A".repeat(22), "digest": "A".repeat(43) });
        let mut only_read = vec![("cose", json!("AAAA"))];
        if form != "signedEntry" {
            // A line of a DID log commits to nothing.
            only_read.push(("opening", opening));
        }
        Closed {
            place: ("bundle", &format!("/$defs/{form}")),
            samples,
            only_read: &only_read,
            reads: Box::new(move |value| {
                let read = |value: &Value| {
                    let file = with(&file, "receipts", json!([value]));
                    let bundle = Bundle::parse(file.to_string().as_bytes()).expect("a bundle");
                    Receipt::from_bundle_value(&bundle.receipts[0], &bundle.checkpoints).is_ok()
                };
                // A schema cannot know that this proof is not whole.
                let cut = value["proof"].as_str().is_some_and(|proof| proof.ends_with("\n\n"));
                if cut && value.get("checkpoint").is_none() {
                    let places = file["checkpoints"].as_array().map_or(0, Vec::len);
                    (0..places).any(|place| read(&with(value, "checkpoint", json!(place))))
                } else {
                    read(value)
                }
            }),
        }
        .check();
    }
}

#[test]
fn consents_fit_their_schema() {
    let mut files = Vec::new();
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        files.extend(made_consent::consents(key_type).map(|receipt| receipt.to_value()));
    }
    Closed {
        place: ("consent", ""),
        samples: files.clone(),
        only_read: &[],
        reads: Box::new(|value| ConsentReceipt::from_value(value.clone()).is_ok()),
    }
    .check();
    let states: Vec<Value> =
        files.iter().flat_map(|file| file["states"].as_array().expect("states").clone()).collect();
    let reads = |value: &Value| ConsentRecord::from_value(value.clone()).is_ok();
    Closed {
        place: ("consent", "/$defs/record"),
        samples: states.clone(),
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    // Objects inside a record, each put back into one that has it.
    for (name, pointer) in [
        ("controller", "/piiController"),
        ("purpose", "/purposes/0"),
        ("notice", "/privacyNotice"),
        ("shown", "/piiInformation/0"),
        ("claim", "/piiInformation/0/claims/0"),
        ("presentation", "/presentation"),
        ("policy", "/policy"),
        ("ledgerRecord", "/ledgerRecord"),
    ] {
        let inside = states.iter().filter_map(|state| state.pointer(pointer).cloned());
        let whole = states.iter().find(|state| state.pointer(pointer).is_some());
        let whole = whole.expect("a state that has it").clone();
        let put = move |value: &Value| {
            let mut state = whole.clone();
            *state.pointer_mut(pointer).expect("a member") = value.clone();
            state
        };
        Closed {
            place: ("consent", &format!("/$defs/{name}")),
            samples: inside.collect(),
            only_read: &[],
            reads: Box::new(move |value| reads(&put(value))),
        }
        .check();
    }
}
