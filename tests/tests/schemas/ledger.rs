//! What a ledger writes and proves: receipts, current-proofs, evidence, entries, parameters.

use inkan_core::json::canonicalize;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::jws;
use inkan_did::{DidUrl, webvh};
use inkan_ledger::anchored::{AnchorProof, PackHead};
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::{Announcement, OperatorEvent, Parameters, ParametersDocument};
use inkan_ledger::{
    AnchorClaims, AnchorContent, AnchorScope, Claims, CurrentProof, Evidence, Kind, Leaf,
    OnceClaims, OnceId, Opening, Receipt, RecordBatch, RecordPlace, SignedEntry, TrustClaims,
    TrustOperation, TrustStatement,
};
use inkan_tests::made_ledger::Ledger;
use inkan_tests::world::HOLDER;
use inkan_tests::{files_under, made_anchor, read_json, workspace_root};
use serde_json::{Map, Value, json};

use super::{Closed, samples, schema, validator, with, without};

#[test]
fn receipts_fit_their_schema() {
    let (_, parts) = samples();
    let receipts: Vec<Value> =
        parts.iter().flat_map(|parts| &parts.receipts).map(Receipt::to_value).collect();
    let openings: Vec<Value> =
        receipts.iter().filter_map(|receipt| receipt.get("opening").cloned()).collect();
    Closed {
        place: ("receipt", ""),
        samples: receipts,
        only_read: &[("cose", json!("AAAA"))],
        reads: Box::new(|value| Receipt::from_value(value).is_ok()),
    }
    .check();
    let batch = RecordBatch::new((0..5).map(|n| (sha256(&[&[n]]), [n; 16]))).expect("records");
    let record = |salt| batch.opening(1, salt).expect("a record").to_value();
    let records = vec![record(None), record(Some([9; 16]))];
    for file in ["receipt", "bundle"] {
        let opening = Closed {
            place: (file, "/$defs/opening"),
            samples: [openings.clone(), records.clone()].concat(),
            only_read: &[],
            reads: Box::new(|value| Opening::from_value(value).is_ok()),
        };
        opening.check();
        let fits = |value: &Value| validator(&opening.schema()).is_valid(value);
        let formats = opening.schema()["properties"]["format"]["enum"].clone();
        for format in formats.as_array().expect("formats") {
            for sample in [&openings[0], &records[0]] {
                let other = with(sample, "format", format.clone());
                let is_record = format == "record";
                let good = is_record == sample.get("record").is_some();
                assert_eq!(Opening::from_value(&other).is_ok(), good, "{other}");
                assert_eq!(fits(&other), good, "{other}");
            }
        }
        Closed {
            place: (file, "/$defs/record"),
            samples: records.iter().map(|opening| opening["record"].clone()).collect(),
            only_read: &[],
            reads: Box::new(|value| RecordPlace::from_value(value).is_ok()),
        }
        .check();
    }
    // Inside a bundle there is one member more, and nothing else is different.
    let mut inside = schema("bundle")["$defs"]["receipt"].clone();
    let members = inside["properties"].as_object_mut().expect("members");
    assert!(members.remove("checkpoint").is_some());
    assert_eq!(bare(&inside), bare(&schema("receipt")));
    for (name, shared) in schema("receipt")["$defs"].as_object().expect("shared parts") {
        assert_eq!(schema("bundle")["$defs"][name], *shared, "{name}");
    }
}

#[test]
fn anchored_records_fit_their_schemas() {
    let (pack, proof) = made_anchor::anchored(&mut Ledger::new(&mut SeededRng::new(2)));
    let sample = proof.to_value();
    Closed {
        place: ("anchor-proof", ""),
        samples: vec![sample.clone()],
        only_read: &[],
        reads: Box::new(|value| AnchorProof::from_value(value).is_ok()),
    }
    .check();
    let parse = |value: &Value| PackHead::parse(&serde_json::to_vec(value).expect("JSON")).is_ok();
    let end = 25 + PackHead::length(pack.first_chunk().expect("a prefix")).expect("a length");
    let head: Value = serde_json::from_slice(&pack[25..end]).expect("a head");
    Closed {
        place: ("anchor-pack", ""),
        samples: vec![head.clone()],
        only_read: &[],
        reads: Box::new(parse),
    }
    .check();
    let scopes = head["scopes"].as_array().expect("scopes").clone();
    Closed {
        place: ("anchor-pack", "/properties/scopes/items"),
        samples: scopes,
        only_read: &[],
        reads: Box::new(|value| parse(&with(&head, "scopes", json!([value])))),
    }
    .check();
    Closed {
        place: ("anchor-proof", "/$defs/receipt"),
        samples: vec![sample["receipt"].clone()],
        only_read: &[],
        reads: Box::new(|value| {
            // A schema cannot know that this proof is not whole.
            let cut = value.get("checkpoint").is_none() && value.get("proof").is_some();
            let value = if cut { with(value, "checkpoint", json!(0)) } else { value.clone() };
            AnchorProof::from_value(&with(&sample, "receipt", value)).is_ok()
        }),
    }
    .check();
}

#[test]
fn evidence_fits_its_schema() {
    let schema = schema("evidence");
    let folder = workspace_root().join("tests/fuzz/corpus/ledger_evidence");
    let samples: Vec<Value> = files_under(&folder, |_| true).iter().map(|f| read_json(f)).collect();
    assert!(samples.len() >= 5, "one of each kind");
    let agree = |value: &Value| {
        let (fits, reads) =
            (validator(&schema).is_valid(value), Evidence::from_value(value).is_ok());
        assert_eq!(fits, reads, "{value}");
        fits
    };
    for sample in samples {
        assert!(agree(&sample));
        let members = sample.as_object().expect("an object");
        let mut more = sample.clone();
        more["more"] = 1.into();
        assert!(!agree(&more));
        // Without `growth`, two heads may still contradict each other.
        for member in members.keys().filter(|name| *name != "growth") {
            let mut less = sample.clone();
            less.as_object_mut().expect("an object").remove(member);
            assert!(!agree(&less), "{member}");
        }
    }
}

#[test]
fn current_proofs_fit_their_schema() {
    let (_, parts) = samples();
    let all: Vec<Value> =
        parts.iter().flat_map(|parts| &parts.current).map(CurrentProof::to_value).collect();
    assert!(all.iter().any(|one| one.get("head").is_none()), "no proof of absence");
    for place in [("current", ""), ("bundle", "/properties/current/items")] {
        Closed {
            place,
            samples: all.clone(),
            only_read: &[],
            reads: Box::new(|value| CurrentProof::from_value(value).is_ok()),
        }
        .check();
    }
    let inside = &schema("bundle")["properties"]["current"]["items"];
    assert_eq!(bare(inside), bare(&schema("current")));
    // A current-proof carries its whole proof, in a bundle too.
    let shared = with(&all[0], "checkpoint", json!(0));
    assert!(CurrentProof::from_value(&shared).is_err());
    assert!(!validator(&schema("current")).is_valid(&shared));
}

/// A schema without what is only said about it.
fn bare(schema: &Value) -> Value {
    let mut value = schema.clone();
    for name in ["$schema", "$id", "title", "$defs"] {
        if value.get(name).is_some() {
            value = without(&value, name);
        }
    }
    for member in value["properties"].as_object_mut().expect("members").values_mut() {
        if member.get("description").is_some() {
            *member = without(member, "description");
        }
    }
    value
}

#[test]
fn ledger_entries_fit_their_schema() {
    let (world, _) = samples();
    let mut payloads = Kind::ALL.map(|kind| (kind, Vec::new()));
    for place in 0..world.ledger.size() {
        let leaf = world.ledger.log.leaf(place).expect("a leaf");
        let (_, samples) = payloads
            .iter_mut()
            .find(|(kind, _)| *kind == leaf.kind())
            .expect("a kind that the schema has");
        samples.push(payload(leaf));
    }
    let url = world.actor(HOLDER).method();
    let more = other_claims();
    for (kind, samples) in &mut payloads {
        for claims in more.iter().filter(|claims| claims.kind() == *kind) {
            let kid = DidUrl::parse(&url).expect("a DID URL");
            let key = &world.actor(HOLDER).key;
            let origin = world.ledger.log.origin();
            let body = SignedEntry::sign(claims, &kid, origin, key, world.now).expect("signed");
            let leaf = Leaf::new(*kind, world.now, body.into_bytes()).expect("a leaf");
            samples.push(payload(&leaf));
        }
    }
    for (kind, samples) in payloads {
        let place = match kind {
            Kind::Did => "/$defs/didEntry".to_owned(),
            kind => format!("/$defs/{kind}"),
        };
        // Whoever signs: the reader compares the issuer with the key's DID.
        let url = url.clone();
        let key = &world.actor(HOLDER).key;
        Closed {
            place: ("ledger-entry", &place),
            samples,
            only_read: &[],
            reads: Box::new(move |value| match kind {
                Kind::Epoch => Epoch::parse(&canonicalize(value).expect("JSON")).is_ok(),
                Kind::Did => webvh::Entry::parse(&canonicalize(value).expect("JSON"), None).is_ok(),
                _ => {
                    let mut header = Map::new();
                    header.insert("typ".to_owned(), format!("inkan-{kind}+jwt").into());
                    let fragment = url.rsplit('#').next().unwrap_or_default();
                    let issuer = value.get("iss").and_then(Value::as_str).unwrap_or(&url);
                    let kid =
                        format!("{}#{fragment}", issuer.split('#').next().unwrap_or_default());
                    header.insert("kid".to_owned(), kid.into());
                    let body = jws::sign(header, value.to_string().as_bytes(), key);
                    SignedEntry::parse(kind, body.expect("signed").as_bytes()).is_ok()
                }
            }),
        }
        .check();
    }
}

/// Entries of the kinds that the story of the world does not need, with every member that there is.
fn other_claims() -> Vec<Claims> {
    let time = |seconds| Timestamp::from_seconds(seconds).expect("a time");
    let grant = TrustClaims {
        statement: TrustStatement::Authorization,
        entity_id: "did:web:hospital.example".to_owned(),
        action: "issue".to_owned(),
        resource: "DiplomaCredential".to_owned(),
        operation: TrustOperation::Grant,
        sequence: 1,
        not_before: time(1_000),
        expires: Some(time(2_000)),
        digest: Some(sha256(&[b"more"])),
    };
    let void = TrustClaims {
        operation: TrustOperation::Void { since: time(500) },
        expires: None,
        digest: None,
        ..grant.clone()
    };
    let public = AnchorClaims {
        scope: AnchorScope::Dataset,
        media_type: "application/vnd.inkan.record-root".to_owned(),
        content: AnchorContent::Public { digest: sha256(&[b"data"]), length: Some(4) },
        records: Some(9),
    };
    let committed = AnchorClaims {
        content: AnchorContent::Committed { commitment: sha256(&[b"secret"]) },
        records: None,
        ..public.clone()
    };
    let once = OnceClaims { id: OnceId::from_bytes([7; 32]), scope: "coupon".to_owned() };
    vec![
        Claims::Trust(grant),
        Claims::Trust(void),
        Claims::Anchor(public),
        Claims::Anchor(committed),
        Claims::Once(once),
    ]
}

#[test]
fn parameters_documents_fit_their_schema() {
    let digest = sha256(&[b"before"]);
    let genesis = ParametersDocument::genesis(Parameters::default());
    let next = Announcement {
        rules: genesis.rules,
        values: Parameters::default(),
        not_before: Timestamp::from_seconds(5).expect("a time"),
    };
    let announced = genesis.announce(digest, next);
    let applied = announced.apply(digest).expect("announced");
    let clock = genesis.record(digest, OperatorEvent::ClockAccepted { step: 90 });
    let root = inkan_ledger::NodeHash::empty();
    let guard = announced.record(digest, OperatorEvent::GuardAdopted { size: 3, root });
    let documents: Vec<Value> = [&genesis, &announced, &applied, &clock, &guard]
        .map(|document| {
            let bytes = document.to_bytes().expect("a document");
            serde_json::from_slice(&bytes).expect("JSON")
        })
        .to_vec();
    let reads =
        |value: &Value| ParametersDocument::parse(&canonicalize(value).expect("JSON")).is_ok();
    let whole = documents[1].clone();
    Closed {
        place: ("ledger-entry", "/$defs/parameterValues"),
        samples: vec![whole["values"].clone()],
        only_read: &[],
        reads: Box::new(|value| reads(&with(&whole, "values", value.clone()))),
    }
    .check();
    Closed {
        place: ("ledger-entry", "/$defs/announcement"),
        samples: vec![whole["next"].clone()],
        only_read: &[],
        reads: Box::new(|value| reads(&with(&whole, "next", value.clone()))),
    }
    .check();
    Closed {
        place: ("ledger-entry", "/$defs/parameters"),
        samples: documents.clone(),
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    let schema = Closed {
        place: ("ledger-entry", "/$defs/parameters"),
        samples: Vec::new(),
        only_read: &[],
        reads: Box::new(reads),
    }
    .schema();
    for (document, member) in [(&documents[3], "step"), (&documents[4], "root")] {
        let bare = with(document, "detail", without(&document["detail"], member));
        let more = with(document, "detail", with(&document["detail"], "note", json!("free text")));
        for other in [bare, more] {
            assert!(!validator(&schema).is_valid(&other) && !reads(&other), "{other}");
        }
    }
}

/// The file of `inkan init --params`, and that the values are what the log itself has.
#[test]
fn parameters_of_a_new_ledger_may_name_any_value_and_no_other_thing() {
    let usual = Parameters::default();
    let reads = |value: &Value| value.as_object().is_some_and(|some| usual.with(some).is_ok());
    let all = usual.to_value();
    let values = schema("ledger-params")["$defs"]["parameterValues"].clone();
    assert_eq!(values, schema("ledger-entry")["$defs"]["parameterValues"]);
    Closed {
        place: ("ledger-params", "/$defs/changes"),
        samples: vec![all.clone(), json!({ "listMin": 1_024 }), json!({})],
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    for (name, _) in all.as_object().expect("values") {
        let wrong = json!({ name.as_str(): "many" });
        let part = schema("ledger-params")["$defs"]["changes"].clone();
        assert!(!validator(&part).is_valid(&wrong) && !reads(&wrong), "{name}");
    }
}

fn payload(leaf: &Leaf) -> Value {
    let text = std::str::from_utf8(leaf.body()).expect("text");
    match leaf.kind() {
        Kind::Epoch | Kind::Did => serde_json::from_str(text).expect("JSON"),
        _ => {
            let middle = text.split('.').nth(1).expect("a payload");
            let bytes = inkan_core::encoding::decode_b64u(middle).expect("base64url");
            serde_json::from_slice(&bytes).expect("JSON")
        }
    }
}

#[test]
fn a_status_entry_has_a_purpose_if_it_is_a_bitstring() {
    let (world, _) = samples();
    let place = world.lists[0].1.expect("recorded");
    let bits = payload(world.ledger.log.leaf(place).expect("a leaf"));
    let whole = schema("ledger-entry");
    let mut part = whole["$defs"]["status"].clone();
    part["$defs"] = whole["$defs"].clone();
    let fits = |value: &Value| validator(&part).is_valid(value);
    let tokens = with(&bits, "list", "token-jwt".into());
    assert!(fits(&bits) && !fits(&tokens));
    assert!(fits(&without(&tokens, "purpose")) && !fits(&without(&bits, "purpose")));
}
