//! `schemas/*.schema.json` say what the code writes and accepts, no more and no less.
//!
//! For every closed object: real samples fit; the members named are those that are written or accepted; an unknown
//! member, and a missing one that is needed, are refused by schema and reader alike.

#[path = "schemas/artefacts.rs"]
mod artefacts;
#[path = "schemas/evidence.rs"]
mod evidence;
#[path = "schemas/ledger.rs"]
mod ledger;

use std::collections::BTreeSet;

use inkan_assurance::CaseTable;
use inkan_core::codes::CodeBook;
use inkan_credential::{Artefact, Format};
use inkan_crypto::KeyType;
use inkan_ledger::{ActId, MapKey};
use inkan_tests::world::{HOLDER, Order, Parts, World, fitting_schema};
use inkan_tests::{files_under, read_json, read_text, schemas, workspace_root};
use serde_json::{Value, json};

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
        // In the command line's test of moves.
        "did-move",
        "evidence",
        "exchange",
        "jpki-config",
        "ledger-entry",
        // What the commands print, in the tests of `inkan ledger`.
        "ledger-once",
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
