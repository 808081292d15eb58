//! `schemas/*.schema.json` say what the code writes and accepts, no more and no less.
//!
//! For every closed object: real samples fit; the members named are those that are written or accepted; an unknown
//! member, and a missing one that is needed, are refused by schema and reader alike.

use std::collections::BTreeSet;

use inkan_assurance::CaseTable;
use inkan_core::codes::CodeBook;
use inkan_core::json::canonicalize;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_credential::bundle::{BundleTimestamp, Eseal, SealForm, SealTerms};
use inkan_credential::delegation::Grant;
use inkan_credential::{Artefact, Bundle, ConsentReceipt, ConsentRecord, Format};
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_did::{DidUrl, webvh};
use inkan_evidence::PresentationEvidence;
use inkan_evidence::jpki::{BindingStatement, LoginStatement};
use inkan_evidence::register_check::{NewRegisterCheck, RegisterResult, RegisterToken};
use inkan_evidence::webauthn::Registration;
use inkan_ledger::anchored::{AnchorProof, PackHead};
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::{Announcement, OperatorEvent, Parameters, ParametersDocument};
use inkan_ledger::{
    ActId, CurrentProof, Evidence, Kind, Leaf, MapKey, Opening, Receipt, RecordBatch, RecordPlace,
    SignedEntry,
};
use inkan_ledger::{
    AnchorClaims, AnchorContent, AnchorScope, Claims, OnceClaims, OnceId, TrustClaims,
    TrustOperation, TrustStatement,
};
use inkan_tests::made_anchor;
use inkan_tests::made_consent;
use inkan_tests::made_ledger::Ledger;
use inkan_tests::world::{HOLDER, Order, Parts, World, fitting_schema, some_claim};
use inkan_tests::{files_under, read_json, read_text, schemas, workspace_root};
use serde_json::{Map, Value, json};

/// One closed object of one schema.
struct Closed<'a> {
    /// File, without `.schema.json`, and where in it.
    place: (&'a str, &'a str),
    /// What the code writes.
    samples: Vec<Value>,
    /// Members that are read and never written.
    only_read: &'a [(&'a str, Value)],
    /// Whether the code accepts it.
    reads: Box<dyn Fn(&Value) -> bool + 'a>,
}

impl Closed<'_> {
    fn name(&self) -> String {
        format!("{}{}", self.place.0, self.place.1)
    }

    /// The part of the schema that is about this object, on its own.
    fn schema(&self) -> Value {
        let whole = schema(self.place.0);
        let mut part = whole.pointer(self.place.1).expect("a part of the schema").clone();
        if let Some(shared) = whole.get("$defs") {
            part["$defs"] = shared.clone();
        }
        part
    }

    fn check(&self) {
        let schema = self.schema();
        let name = self.name();
        let fits = |value: &Value| validator(&schema).is_valid(value);
        let agree = |value: &Value, what: &str| {
            let (schema, code) = (fits(value), (self.reads)(value));
            assert_eq!(schema, code, "{name}, {what}: schema {schema}, code {code}: {value}");
            schema
        };
        assert_eq!(schema["additionalProperties"], false, "{name} is not closed");
        assert!(!self.samples.is_empty(), "{name} has no samples");
        let mut written: BTreeSet<&str> = BTreeSet::new();
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for sample in &self.samples {
            assert!(agree(sample, "as written"), "{name}: a sample is refused: {sample}");
            let members = sample.as_object().expect("an object");
            written.extend(members.keys().map(String::as_str));
            assert!(!agree(&with(sample, "unexpected", json!(1)), "with an unknown member"));
            for member in members.keys() {
                let accepted = agree(&without(sample, member), &format!("without {member}"));
                let needed = required.contains(&member.as_str());
                assert!(!(needed && accepted), "{name}: {member} is required, and not needed");
            }
            for (member, value) in self.only_read {
                assert!(agree(&with(sample, member, value.clone()), &format!("with {member}")));
            }
        }
        written.extend(self.only_read.iter().map(|(member, _)| *member));
        let named: BTreeSet<&str> =
            schema["properties"].as_object().expect("members").keys().map(String::as_str).collect();
        assert_eq!(named, written, "{name}: members of the schema, and of the code");
    }
}

fn with(value: &Value, member: &str, content: Value) -> Value {
    let mut value = value.clone();
    value[member] = content;
    value
}

fn without(value: &Value, member: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().expect("an object").remove(member);
    value
}

fn schema(name: &str) -> Value {
    read_json(&schemas().join(format!("{name}.schema.json")))
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(schema)
        .expect("a usable schema")
}

/// Credential and presentation in both forms, each with everything that can travel along.
fn samples() -> (World, Vec<Parts>) {
    let mut world = World::with_keys(200, KeyType::P256);
    let mut all = Vec::new();
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut order = Order::of(format);
        order.schema = Some(fitting_schema());
        let mut case = world.draw_up(&order);
        world.record(&mut case, inkan_tests::world::ISSUER);
        world.accept(&mut case);
        let presentation = world.present(&[&case], format, HOLDER);
        for artefact in
            [Artefact::Credential(case.credential.clone()), Artefact::Presentation(presentation)]
        {
            let mut parts = world.parts(&case);
            parts.artefact = artefact;
            parts.schema = Some(fitting_schema());
            let absent = MapKey::act(world.actor(HOLDER).scid(), &ActId::from_bytes([1; 32]));
            parts.current.push(world.head_of(&absent));
            all.push(parts);
        }
    }
    world.rotate(HOLDER);
    (world, all)
}

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

#[test]
fn the_catalogue_of_codes_fits_its_schema() {
    let book = read_json(&schemas().join("codes.json"));
    let entries = book["codes"].as_array().expect("codes").clone();
    Closed {
        place: ("codes", ""),
        samples: vec![with(&book, "codes", json!(entries[..3]))],
        only_read: &[],
        reads: Box::new(|value| CodeBook::parse(&value.to_string()).is_ok()),
    }
    .check();
    Closed {
        place: ("codes", "/properties/codes/items"),
        samples: entries,
        only_read: &[],
        reads: Box::new(move |value| {
            CodeBook::parse(&with(&book, "codes", json!([value])).to_string()).is_ok()
        }),
    }
    .check();
}

#[test]
fn ready_made_policies_fit_their_schema() {
    let whole = schema("policy");
    let validator = validator(&whole);
    let folder = workspace_root().join("crates/assurance/policies");
    let policies = files_under(&folder, |path| path.extension().is_some_and(|e| e == "json"));
    assert!(!policies.is_empty());
    for path in policies {
        let errors: Vec<String> =
            validator.iter_errors(&read_json(&path)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn configurations_of_card_certificates_fit_their_schema_where_they_are_read() {
    let sample = read_json(&workspace_root().join("fixtures/jpki/config.json"));
    let schema = schema("jpki-config");
    let agree = |value: &Value| {
        let read = inkan_evidence::jpki::JpkiConfig::parse(value.to_string().as_bytes()).is_ok();
        assert_eq!(validator(&schema).is_valid(value), read, "{value}");
        read
    };
    assert!(agree(&sample));
    for place in ["", "/profiles/0", "/profiles/0/policies"] {
        let mut more = sample.clone();
        more.pointer_mut(place).expect("an object")["more"] = json!(1);
        assert!(!agree(&more), "{place}");
        let members = sample.pointer(place).and_then(Value::as_object).expect("an object");
        for name in members.keys() {
            let mut less = sample.clone();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("it").remove(name);
            agree(&less);
        }
    }
}

#[test]
fn registries_fit_their_schema_where_they_are_read() {
    let entry = json!({
        "id": "did:web:city.example", "roles": ["attribute_issuer"], "rows": ["R1", "R2a"], "anchorTypes": ["Card"],
        "statements": ["key_statement"], "issues": ["Degree"], "countersigns": ["notary"],
        "authenticates": { "factors": ["password"], "maxAal": "AAL-2", "schemes": ["s"] },
        "keys": ["did:web:city.example#1"], "succeeds": ["did:web:old.example"],
        "sameController": ["did:web:other.example"], "authority": true,
        "grants": [{ "type": "recognition", "action": "a", "resource": "b" }],
        "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z",
        "status": "revoked-for-cause", "voidSince": "2026-06-01T00:00:00Z",
    });
    let sample = json!({
        "type": "inkan-registry/1", "id": "urn:inkan:trust:bank", "sequence": 3,
        "issuedAt": "2026-01-01T00:00:00Z", "nextUpdate": "2026-12-01T00:00:00Z", "entries": [entry],
    });
    let schema = schema("registry");
    let agree = |value: &Value| {
        let read = inkan_evidence::Registry::from_value(value).is_ok();
        assert_eq!(validator(&schema).is_valid(value), read, "{value}");
        read
    };
    assert!(agree(&sample));
    for place in ["", "/entries/0", "/entries/0/authenticates", "/entries/0/grants/0"] {
        let mut more = sample.clone();
        more.pointer_mut(place).expect("an object")["more"] = json!(1);
        assert!(!agree(&more), "{place}");
        let members = sample.pointer(place).and_then(Value::as_object).expect("an object");
        for name in members.keys() {
            let mut less = sample.clone();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("it").remove(name);
            agree(&less);
            let mut other = sample.clone();
            other.pointer_mut(place).expect("it")[name.as_str()] = json!({ "x": 1 });
            assert!(!agree(&other), "{place}/{name}");
        }
    }
    for status in ["active", "ended"] {
        let mut other = sample.clone();
        other["entries"][0]["status"] = json!(status);
        assert!(!agree(&other), "{status} with voidSince");
    }
}

#[test]
fn every_schema_is_usable_and_somebody_tests_it() {
    let tested = [
        "anchor-pack",
        "anchor-proof",
        "bundle-contents",
        "bundle-upgrade",
        "bundle",
        // In the command line's test of cards.
        "card-check",
        "card-statement",
        "codes",
        "consent",
        "current",
        "delegation",
        // In the command line's test of derivations.
        "derived-evidence",
        // In the test of the desk.
        "desk-result",
        "desk-session",
        "did-compromise",
        "did-diff",
        "evidence",
        "exchange",
        "jpki-config",
        "ledger-entry",
        // What the command prints, in the tests of `inkan ledger`.
        "ledger-params",
        "policy-cases",
        "policy",
        "presentation-evidence",
        // In the command line's test of requests.
        "presentation-request",
        "receipt",
        "register-check",
        "registry",
        "report",
        "story",
        // In the command line's test of registries.
        "trqp-answer",
        "webauthn-registration",
    ];
    let mut found = Vec::new();
    for path in files_under(&schemas(), |path| path.to_string_lossy().ends_with(".schema.json")) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.trim_end_matches(".schema.json").to_owned();
        let text = read_text(&path);
        let whole: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(whole["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(whole["$id"], format!("urn:inkan:{name}:1"));
        validator(&whole);
        found.push(name);
    }
    assert_eq!(found, tested, "a schema without a test, here or in the crate that writes it");
}

#[test]
fn a_table_of_cases_for_a_policy() {
    let codes = CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("the codes");
    let table = |cases: Value| json!({ "type": "inkan-policy-cases/1", "cases": cases });
    let reads = |value: &Value| CaseTable::parse(value.to_string().as_bytes(), &codes).is_ok();
    let expect = json!({
        "decision": "accept", "exit": 0, "codes": ["INK-3104"], "ial": "IAL-2", "aal": "AAL-1",
    });
    let whole = json!({
        "name": "a card", "file": "card.json", "at": "2026-06-14T09:00:00Z", "aud": "https://bank.example",
        "nonce": "n", "authenticator": "shown.json", "expect": expect,
    });
    let bare = json!({ "file": "card.json", "expect": { "decision": "reject" } });
    Closed {
        place: ("policy-cases", ""),
        samples: vec![table(json!([whole, bare]))],
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    Closed {
        place: ("policy-cases", "/$defs/case"),
        samples: vec![whole, bare.clone()],
        only_read: &[],
        reads: Box::new(|value| reads(&table(json!([value])))),
    }
    .check();
    Closed {
        place: ("policy-cases", "/$defs/expect"),
        samples: vec![expect, json!({ "decision": "undetermined" })],
        only_read: &[],
        reads: Box::new(|value| {
            let mut case = bare.clone();
            case["expect"] = value.clone();
            reads(&table(json!([case])))
        }),
    }
    .check();
}

#[test]
fn what_is_shown_beside_a_presentation_and_what_is_kept_of_it() {
    let chain = json!({ "outcome": "chain", "anchorSha256": "ab".repeat(32), "firmware": 3 });
    let key = inkan_crypto::SecretKey::generate(KeyType::P256, &mut SeededRng::new(8));
    let registration = |attestation: Value| {
        json!({
            "type": "inkan-webauthn-registration/1", "credentialId": "AQ",
            "key": key.public_key().to_jwk(), "aaguid": "f8a011f3-8c0a-4d15-8006-17111f9edc7d",
            "rpId": "bank.example", "holder": "did:example:a", "jkt": "AA", "counter": 4,
            "backupEligible": false, "attestation": attestation,
            "registeredAt": "2026-06-14T09:00:00Z",
        })
    };
    let reads = |value: &Value| Registration::parse(value.to_string().as_bytes()).is_ok();
    let samples = [chain.clone(), json!({ "outcome": "none" })].map(registration);
    for sample in &samples {
        let written = Registration::parse(sample.to_string().as_bytes()).expect("a registration");
        assert_eq!(written.to_value(), *sample);
    }
    Closed {
        place: ("webauthn-registration", ""),
        samples: samples.to_vec(),
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    Closed {
        place: ("webauthn-registration", "/properties/attestation"),
        samples: vec![chain],
        only_read: &[],
        reads: Box::new(move |value| reads(&registration(value.clone()))),
    }
    .check();
    let answer = json!({
        "id": "AQ", "rawId": "AQ", "type": "public-key", "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": { "clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA",
            "userHandle": "AA" },
    });
    let shown = |answers: Value| {
        json!({ "receivedAt": "2026-06-14T09:00:00Z", "channel": "redirect_same_device",
            "authenticator": answers, "holderAuth": "cred_bio" })
    };
    let reads = |value: &Value| PresentationEvidence::parse(value.to_string().as_bytes()).is_ok();
    let answers = json!([
        { "issuerKeyStatement": {} }, { "keyAttestation": "a.b.c" }, { "webauthn": answer },
        { "jpkiAuth": { "statement": "{}", "cms": "AAAA" } }, { "hosted": { "key": "a.b.c", "activation": "a.b.c" } }, { "authenticationEvent": "a.b.c" },
    ]);
    Closed {
        place: ("presentation-evidence", ""),
        samples: vec![shown(answers), shown(json!([]))],
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    let login = json!({ "statement": "{}", "cms": "AAAA" });
    Closed {
        place: ("presentation-evidence", "/$defs/jpkiAuth"),
        samples: vec![login],
        only_read: &[],
        reads: Box::new(|value| reads(&shown(json!([{ "jpkiAuth": value }])))),
    }
    .check();
    let hosted = json!({ "key": "a.b.c", "activation": "a.b.c" });
    Closed {
        place: ("presentation-evidence", "/$defs/hosted"),
        samples: vec![hosted],
        only_read: &[],
        reads: Box::new(|value| reads(&shown(json!([{ "hosted": value }])))),
    }
    .check();
    Closed {
        place: ("presentation-evidence", "/$defs/webauthn"),
        samples: vec![answer],
        only_read: &[],
        reads: Box::new(move |value| reads(&shown(json!([{ "webauthn": value }])))),
    }
    .check();
}

#[test]
fn statements_of_base_registers_are_what_their_schema_says() {
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(12));
    let names = ["name".to_owned(), "birthDate".to_owned()];
    let at = Timestamp::parse("2026-06-14T09:00:00Z").expect("a time");
    let stated = |result| {
        let new = NewRegisterCheck {
            register: ("did:web:city.example", "did:web:city.example#1"),
            audience: "https://bank.example",
            credential: sha256(&[b"credential"]),
            claims: &names,
            result,
        };
        let token = new.sign(&key, at).expect("a statement");
        let payload = token.split('.').nth(1).expect("a payload").to_owned();
        let bytes = inkan_core::encoding::decode_b64u(&payload).expect("base64url");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")
    };
    Closed {
        place: ("register-check", ""),
        samples: vec![stated(RegisterResult::Match), stated(RegisterResult::Mismatch)],
        only_read: &[],
        reads: Box::new(|value| {
            let header = [("typ".to_owned(), "register-check+jwt".into())].into_iter().collect();
            let token = jws::sign(header, value.to_string().as_bytes(), &key).expect("a token");
            RegisterToken::parse(&token).is_ok()
        }),
    }
    .check();
}

#[test]
fn statements_of_cards_are_what_their_schema_says() {
    let text = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let jkt = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let asked = ("did:web:city.example", "AAECAwQFBgcICQoLDA0ODw");
    let at = Timestamp::parse("2026-06-14T09:00:00Z").expect("a time");
    let key = ("did:key:z6Mk", "did:key:z6Mk#z6Mk", jkt);
    let binding = BindingStatement::new(key, asked, at).expect("a statement");
    let login = LoginStatement::new(asked, jkt, at).expect("a statement");
    let bytes = |value: &Value| canonicalize(value).expect("canonical");
    Closed {
        place: ("card-statement", "/$defs/binding"),
        samples: vec![text(binding.to_bytes())],
        only_read: &[],
        reads: Box::new(|value| BindingStatement::parse(&bytes(value)).is_ok()),
    }
    .check();
    Closed {
        place: ("card-statement", "/$defs/login"),
        samples: vec![text(login.to_bytes())],
        only_read: &[],
        reads: Box::new(|value| LoginStatement::parse(&bytes(value)).is_ok()),
    }
    .check();
}
