//! What a credential refers to outside itself: schemas in credentials of their own, bytes fixed by digests, lists of messages.

use inkan_core::{digest, encoding};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Format, sign};
use inkan_issuer::StatusListState;
use inkan_issuer::status::BitState;
use inkan_tests::world::{
    Case, HOLDER, ISSUER, Order, Parts, Who, World, fitting_schema, sign_list,
};
use inkan_verifier::{CheckName, Context, Receipts, Verification};
use serde_json::{Value, json};

use super::expect::{accepted, lines, noted, passed, undecided, worthless};

const SCHEMA_CREDENTIAL: &str = "https://ledger.example/credentials/badge-schema";
const RESOURCE: &str = "https://ledger.example/seal.png";
const OTHER_LIST: &str = "https://ledger.example/status/9";

/// A plain credential of the issuer with these members besides.
fn signed(world: &World, members: &Value) -> Parts {
    let value = plain(world, members);
    let (issuer, id) = (world.actor(ISSUER), "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2b01");
    let credential = sign::issue_di(value, id, &issuer.method(), &issuer.key, world.now);
    let case = Case {
        credential: credential.expect("signed"),
        beside: vec![],
        entries: vec![],
        opening: None,
        status: None,
        acts: vec![],
    };
    world.parts(&case)
}

fn plain(world: &World, members: &Value) -> Value {
    let mut value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": world.actor(ISSUER).did.as_str(),
        "credentialSubject": { "name": "x" },
    });
    for (name, member) in members.as_object().expect("members") {
        value[name] = member.clone();
    }
    value
}

fn without_receipts(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

fn sri(bytes: &[u8]) -> String {
    format!("sha384-{}", encoding::b64(&digest::sha384(&[bytes])))
}

/// The credential about the schema that every credential here fits, signed by `who`, changed.
fn schema_credential(world: &World, who: Who, members: &Value) -> Value {
    let (_, schema) = fitting_schema();
    let mut value = json!({
        "id": SCHEMA_CREDENTIAL,
        "type": ["VerifiableCredential", "JsonSchemaCredential"],
        "issuer": world.actor(who).did.as_str(),
        "credentialSchema": {
            "id": "https://www.w3.org/ns/credentials/json-schema/v2.json", "type": "JsonSchema",
            "digestSRI": sri(b"the schema of schemas"),
        },
        "credentialSubject": { "type": "JsonSchema", "jsonSchema": schema },
    });
    for (name, member) in members.as_object().expect("members") {
        value[name] = member.clone();
    }
    let value = plain(world, &value);
    let (actor, id) = (world.actor(who), "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2b02");
    let signed = sign::issue_di(value, id, &actor.method(), &actor.key, world.now);
    signed.expect("signed").to_value()
}

fn judged_by(world: &World, schema: Value) -> Verification {
    let entry = json!({ "id": SCHEMA_CREDENTIAL, "type": "JsonSchemaCredential" });
    let mut parts = signed(world, &json!({ "credentialSchema": entry }));
    parts.schema = Some((SCHEMA_CREDENTIAL.to_owned(), schema));
    parts.judge(&without_receipts(world))
}

#[test]
fn a_credential_about_a_schema_is_verified_before_it_judges() {
    let world = World::new(300);
    let good = schema_credential(&world, ISSUER, &json!({}));
    accepted(&judged_by(&world, good.clone()));
    passed(&judged_by(&world, good.clone()), CheckName::Schema);
    // Another author will do, if the signature is theirs; but the presenter may be that author.
    let others = schema_credential(&world, HOLDER, &json!({}));
    accepted(&judged_by(&world, others.clone()));
    noted(&judged_by(&world, others), CheckName::Schema, "schema-not-fixed");
    let mut changed = good.clone();
    changed["credentialSubject"]["jsonSchema"]["required"] = json!([]);
    let unverified = "schema-credential-unverified";
    undecided(&judged_by(&world, changed), CheckName::Schema, unverified);
    let mut unsigned = good.clone();
    unsigned.as_object_mut().expect("members").remove("proof");
    undecided(&judged_by(&world, unsigned), CheckName::Schema, unverified);
    let mut other = good;
    other["issuer"] = json!(world.actor(HOLDER).did.as_str());
    undecided(&judged_by(&world, other), CheckName::Schema, unverified);
    for members in [
        json!({ "validFrom": world.now.plus_seconds(3_600).to_string() }),
        json!({ "validUntil": world.now.plus_seconds(-1).to_string() }),
    ] {
        let schema = schema_credential(&world, ISSUER, &members);
        undecided(&judged_by(&world, schema), CheckName::Schema, unverified);
    }
    let (_, bare) = fitting_schema();
    undecided(&judged_by(&world, bare), CheckName::Schema, unverified);
    let wrong = schema_credential(&world, ISSUER, &json!({ "type": ["VerifiableCredential"] }));
    undecided(&judged_by(&world, wrong), CheckName::Schema, "schema-credential-malformed");
}

#[test]
fn a_credential_that_departs_from_a_schema_in_a_credential_is_refused() {
    let world = World::new(301);
    let (_, mut schema) = fitting_schema();
    schema["properties"]["credentialSubject"]["required"] = json!(["birthDate"]);
    let subject = json!({ "type": "JsonSchema", "jsonSchema": schema });
    let schema = schema_credential(&world, ISSUER, &json!({ "credentialSubject": subject }));
    worthless(&judged_by(&world, schema), CheckName::Schema, "schema-mismatch");
}

#[test]
fn a_revoked_credential_about_a_schema_judges_nothing() {
    let mut world = World::new(302);
    let entry = world.list.allocate(&mut world.rng).expect("an index");
    let status = json!({ "credentialStatus": entry.to_value() });
    let schema = schema_credential(&world, ISSUER, &status);
    let judge = |world: &World| {
        let named = json!({ "id": SCHEMA_CREDENTIAL, "type": "JsonSchemaCredential" });
        let mut parts = signed(world, &json!({ "credentialSchema": named }));
        parts.schema = Some((SCHEMA_CREDENTIAL.to_owned(), schema.clone()));
        world.add_list(&mut parts, world.lists.len() - 1);
        parts.judge(&without_receipts(world))
    };
    accepted(&judge(&world));
    world.list.change(&entry, BitState::Set).expect("one of the list");
    world.publish_list();
    undecided(&judge(&world), CheckName::Schema, "schema-credential-unverified");
}

#[test]
fn a_schema_fixed_by_a_digest_is_judged_from_its_bytes_alone() {
    let world = World::new(303);
    let (id, schema) = fitting_schema();
    let bytes = format!("{schema:#}").into_bytes();
    let entry = json!({ "id": id, "type": "JsonSchema", "digestSRI": sri(&bytes) });
    let mut parts = signed(&world, &json!({ "credentialSchema": entry }));
    let context = without_receipts(&world);
    parts.schema = Some((id.clone(), schema.clone()));
    // What travels along is not byte for byte what the issuer fixed.
    undecided(&parts.judge(&context), CheckName::Schema, "schema-missing");
    parts.resources.insert(id.clone(), bytes);
    accepted(&parts.judge(&context));
    parts.resources.insert(id, schema.to_string().into_bytes());
    undecided(&parts.judge(&context), CheckName::Schema, "schema-digest-mismatch");
}

#[test]
fn a_schema_in_another_dialect_leaves_it_open() {
    let world = World::new(304);
    let (id, mut schema) = fitting_schema();
    let entry = json!({ "id": id, "type": "JsonSchema" });
    let mut parts = signed(&world, &json!({ "credentialSchema": entry }));
    schema["$schema"] = json!("https://json-schema.org/draft/2019-09/schema");
    parts.schema = Some((id, schema));
    let verification = parts.judge(&without_receipts(&world));
    undecided(&verification, CheckName::Schema, "schema-dialect-unsupported");
}

#[test]
fn a_related_resource_is_the_one_meant_or_the_credential_is_refused() {
    let world = World::new(305);
    let body = b"a seal".to_vec();
    let resource = json!({ "id": RESOURCE, "digestSRI": sri(&body) });
    let mut parts = signed(&world, &json!({ "relatedResource": [resource] }));
    let context = without_receipts(&world);
    // Nothing rests on a resource that is not at hand.
    let verification = parts.judge(&context);
    accepted(&verification);
    noted(&verification, CheckName::RelatedResource, "related-resource-missing");
    parts.resources.insert(RESOURCE.to_owned(), body);
    let verification = parts.judge(&context);
    accepted(&verification);
    passed(&verification, CheckName::RelatedResource);
    parts.resources.insert(RESOURCE.to_owned(), b"another seal".to_vec());
    let verification = parts.judge(&context);
    worthless(&verification, CheckName::RelatedResource, "related-resource-mismatch");
}

#[test]
fn the_verdict_names_the_version_of_the_data_model() {
    let world = World::new(306);
    let verification = signed(&world, &json!({})).judge(&without_receipts(&world));
    accepted(&verification);
    assert!(lines(&verification).contains(r#""dataModel":"2.0""#), "{}", lines(&verification));
}

#[test]
fn a_message_beside_the_credential_is_told_and_says_nothing_against_it() {
    let mut world = World::new(307);
    let words = ["pending", "accepted", "rejected", "undefined"];
    let mut list = StatusListState::of_messages(OTHER_LIST, &words, &[]).expect("a list");
    let entry = list.allocate(&mut world.rng).expect("an index");
    list.set_value(&entry, 2).expect("a value of the list");
    let mut order = Order::of(Format::DataIntegrity);
    order.other_status = Some(entry.clone());
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let published = sign_list(&mut list, &world.actors[ISSUER.0], world.now, 86_400);
    let place = world.record_list(OTHER_LIST, StatusPurpose::Message, &published);
    let mut parts = world.parts(&case);
    let body = published.body;
    parts.lists.push(ServedStatusList::new(OTHER_LIST, body.as_bytes()));
    parts.receipts.push(world.ledger.receipt(place));
    let verification = parts.judge(&world.context());
    accepted(&verification);
    assert!(lines(&verification).contains(r#""value":2"#), "{}", lines(&verification));
}

#[test]
fn a_list_too_short_for_the_size_of_its_entries_leaves_it_open() {
    let mut world = World::new(308);
    let entry = world.list.allocate(&mut world.rng).expect("an index");
    let message = |status: u8| json!({ "status": format!("0x{status:x}"), "message": "x" });
    let mut value = StatusEntry { index: 7, ..entry }.to_value();
    value["statusSize"] = json!(2);
    value["statusMessage"] = (0..4).map(message).collect();
    let mut parts = signed(&world, &json!({ "credentialStatus": value }));
    world.add_list(&mut parts, 0);
    let verification = parts.judge(&without_receipts(&world));
    undecided(&verification, CheckName::Status, "status-list-invalid");
    assert!(lines(&verification).contains("status-list-too-short"), "{}", lines(&verification));
}

#[test]
fn a_schema_that_is_a_credential_is_judged_as_of_the_time() {
    let mut world = World::new(304);
    let day = |days: i64| world.now.plus_seconds(days * 86_400);
    let (judged, end) = ([0, 2, 4].map(day), day(6));
    let members = json!({ "validFrom": day(1).to_string(), "validUntil": day(3).to_string() });
    let named = json!({ "id": SCHEMA_CREDENTIAL, "type": "JsonSchemaCredential" });
    let mut parts = signed(&world, &json!({ "credentialSchema": named }));
    let later = parts.clone();
    parts.schema =
        Some((SCHEMA_CREDENTIAL.to_owned(), schema_credential(&world, ISSUER, &members)));
    let context = without_receipts(&world);
    let at = |as_of| Context { as_of, received_at: end, ..context.clone() };
    let unverified = "schema-credential-unverified";
    undecided(&parts.judge(&at(judged[0])), CheckName::Schema, unverified);
    accepted(&parts.judge(&at(judged[1])));
    undecided(&parts.judge(&at(judged[2])), CheckName::Schema, unverified);
    // The key of its author is replaced on the third day: until then it was in force.
    let mut parts = later;
    let schema = schema_credential(&world, HOLDER, &json!({}));
    parts.schema = Some((SCHEMA_CREDENTIAL.to_owned(), schema));
    world.sleep(3 * 86_400);
    let place = world.rotate(HOLDER);
    parts.receipts.push(world.ledger.receipt(place));
    accepted(&parts.judge(&at(judged[1])));
    undecided(&parts.judge(&at(judged[2])), CheckName::Schema, unverified);
}

#[test]
fn a_digest_of_the_base_context_is_checked_though_nobody_gave_it() {
    let world = World::new(308);
    let context = without_receipts(&world);
    let base = |digests: &str| {
        let resource =
            json!({ "id": "https://www.w3.org/ns/credentials/v2", "digestSRI": digests });
        signed(&world, &json!({ "relatedResource": [resource] })).judge(&context)
    };
    let right = "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=";
    let verification = base(right);
    accepted(&verification);
    passed(&verification, CheckName::RelatedResource);
    for wrong in [sri(b"another"), format!("{right} {}", sri(b"another"))] {
        worthless(&base(&wrong), CheckName::RelatedResource, "related-resource-mismatch");
    }
}
