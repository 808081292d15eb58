//! Status lists: which one counts, and what it says.

use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Format, SecuredCredential, sign};
use inkan_issuer::StatusListState;
use inkan_issuer::status::{BitState, Published};
use inkan_ledger::{CurrentProof, MapKey};
use inkan_tests::world::{Case, HOLDER, ISSUER, LIST, Order, Parts, World, sign_list};
use inkan_verifier::verified::StatusSeen;
use inkan_verifier::{CheckName, Context};
use serde_json::json;

use super::expect::{accepted, lines, passed, undecided, worthless};

const OTHER: &str = "https://ledger.example/status/2";

fn issued(seed: u64) -> (World, Case) {
    let mut world = World::new(seed);
    let case = world.issue(Format::DataIntegrity);
    (world, case)
}

/// Exchanges the status list that travels along, receipt and all.
fn with_list(world: &World, case: &Case, number: usize) -> Parts {
    let mut parts = world.parts(case);
    let newest = world.lists.len() - 1;
    if let Some(place) = world.lists[newest].1 {
        parts.drop_receipt(&world.ledger.receipt(place));
    }
    parts.lists.clear();
    world.add_list(&mut parts, number);
    parts
}

fn without_heads(parts: &mut Parts, head: &CurrentProof) {
    parts.current.retain(|one| one != head);
}

fn served(body: &str) -> ServedStatusList {
    ServedStatusList::new(LIST, body.as_bytes())
}

#[test]
fn a_revoked_credential_is_refused_with_its_date() {
    let (mut world, case) = issued(70);
    let verification = world.parts(&case).judge(&world.context());
    let StatusSeen::Good { .. } = accepted(&verification).status() else { panic!("a status") };
    world.sleep(86_400);
    world.revoke(&case);
    let verification = world.parts(&case).judge(&world.context());
    worthless(&verification, CheckName::Status, "credential-revoked");
    assert!(lines(&verification).contains("revoked on 2026-06-15"));
}

#[test]
fn an_older_list_does_not_hide_a_revocation_that_the_map_shows() {
    let (mut world, case) = issued(71);
    world.revoke(&case);
    let mut parts = with_list(&world, &case, 0);
    undecided(&parts.judge(&world.context()), CheckName::Status, "stale");
    // With both lists at hand, the newer one speaks.
    world.add_list(&mut parts, 1);
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-revoked");
    // In either order, and without a current-proof.
    let mut parts = with_list(&world, &case, 1);
    world.add_list(&mut parts, 0);
    without_heads(&mut parts, &world.head_of(&world.list_key()));
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-revoked");
}

#[test]
fn a_revocation_counts_although_nobody_recorded_it() {
    let (mut world, case) = issued(72);
    world.sleep(60);
    let entry = case.status.clone().expect("a status");
    world.list.change(&entry, BitState::Set).expect("one of the list");
    let published = world.sign_list(86_400);
    world.sleep(60);
    // The recorded list says nothing yet; the issuer's own word is enough.
    let mut parts = world.parts(&case);
    parts.lists.push(served(&published.body));
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-revoked");
    parts.lists.reverse();
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-revoked");
    // Also when it is past its end: revocation is for good.
    let context = Context { as_of: world.now.plus_seconds(2 * 86_400), ..world.context() };
    worthless(&parts.judge(&context), CheckName::Status, "credential-revoked");
}

#[test]
fn before_the_revocation_it_was_good() {
    let (mut world, case) = issued(73);
    let then = world.now.plus_seconds(60);
    let head = world.head_of(&world.list_key());
    world.sleep(86_400);
    world.revoke(&case);
    let mut parts = world.parts(&case);
    world.add_list(&mut parts, 0);
    let context = Context { as_of: then, ..world.context() };
    accepted(&parts.judge(&context));
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-revoked");
    // With the younger list alone nothing is known of then.
    let mut parts = with_list(&world, &case, 1);
    parts.current.push(head);
    undecided(&parts.judge(&context), CheckName::Status, "status-list-missing");
}

#[test]
fn a_suspension_counts_while_it_lasts() {
    let mut world = World::new(74);
    let mut list = StatusListState::new(OTHER, StatusPurpose::Suspension).expect("a list");
    let entry = list.allocate(&mut world.rng).expect("an index");
    let mut order = Order::of(Format::Jose);
    order.other_status = Some(entry.clone());
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let mut publish = |world: &mut World, to: Option<BitState>| -> (Published, u64) {
        world.sleep(3_600);
        if let Some(to) = to {
            list.change(&entry, to).expect("one of the list");
        }
        let published = sign_list(&mut list, &world.actors[ISSUER.0], world.now, 86_400);
        let place = world.record_list(OTHER, StatusPurpose::Suspension, &published);
        (published, place)
    };
    let add = |world: &World, parts: &mut Parts, list: &(Published, u64)| {
        let body = list.0.body.clone();
        parts.lists.push(ServedStatusList::new(OTHER, body.as_bytes()));
        parts.receipts.push(world.ledger.receipt(list.1));
    };
    undecided(
        &world.parts(&case).judge(&world.context()),
        CheckName::Status,
        "status-list-missing",
    );
    let first = publish(&mut world, None);
    let mut parts = world.parts(&case);
    add(&world, &mut parts, &first);
    accepted(&parts.judge(&world.context()));
    let second = publish(&mut world, Some(BitState::Set));
    let mut parts = world.parts(&case);
    add(&world, &mut parts, &second);
    add(&world, &mut parts, &first);
    worthless(&parts.judge(&world.context()), CheckName::Status, "credential-suspended");
    let third = publish(&mut world, Some(BitState::Clear));
    let mut parts = world.parts(&case);
    for one in [&third, &second, &first] {
        add(&world, &mut parts, one);
    }
    accepted(&parts.judge(&world.context()));
}

#[test]
fn a_missing_list_leaves_it_open() {
    let (world, case) = issued(75);
    let mut parts = world.parts(&case);
    parts.lists.clear();
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-missing");
}

#[test]
fn a_list_past_its_end_is_too_old() {
    let (mut world, case) = issued(76);
    let parts = world.parts(&case);
    world.sleep(89 * 86_400);
    accepted(&parts.judge(&world.context()));
    world.sleep(86_400);
    undecided(&parts.judge(&world.context()), CheckName::Status, "stale");
}

#[test]
fn a_list_as_old_as_asked_for_or_shown_to_be_the_newest_is_good() {
    let (mut world, case) = issued(77);
    let old = world.parts(&case);
    world.sleep(30 * 86_400);
    let fresh = |world: &World| Context { max_age: Some(86_400), ..world.context() };
    undecided(&old.judge(&fresh(&world)), CheckName::Status, "stale");
    // Something else happens, so that the log has a newer head.
    world.issue(Format::Jose);
    accepted(&world.parts(&case).judge(&fresh(&world)));
    // A proof that the log knows no such list says nothing about this one.
    let mut parts = world.parts(&case);
    without_heads(&mut parts, &world.head_of(&world.list_key()));
    let unknown = MapKey::status(world.actor(ISSUER).scid(), OTHER);
    parts.current.push(world.head_of(&unknown));
    undecided(&parts.judge(&fresh(&world)), CheckName::Status, "stale");
}

#[test]
fn a_list_of_somebody_else_is_no_list() {
    let (mut world, case) = issued(78);
    let mut parts = world.parts(&case);
    let holder = &world.actors[HOLDER.0];
    let forged = sign_list(&mut world.list, holder, world.now, 86_400);
    parts.lists = vec![served(&forged.body)];
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
    // Nor is one in the issuer's name.
    let forged = SecuredCredential::parse(forged.body.as_bytes()).expect("a list");
    let value = forged.credential().value().clone();
    let issuer = world.actor(ISSUER);
    let named = |mut value: serde_json::Value| {
        value["issuer"] = issuer.did.as_str().into();
        value
    };
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a03";
    for method in [world.actor(HOLDER).method(), issuer.method()] {
        let key = &world.actor(HOLDER).key;
        let forged = sign::issue_di(named(value.clone()), id, &method, key, world.now);
        parts.lists = vec![served(&forged.expect("signed").to_bare())];
        undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
    }
}

#[test]
fn a_changed_list_is_no_list() {
    let (mut world, case) = issued(79);
    world.revoke(&case);
    let mut parts = world.parts(&case);
    let good = SecuredCredential::parse(world.lists[0].0.as_bytes()).expect("a list");
    let bits = good.credential().subjects()[0]["encodedList"].clone();
    let mut forged: serde_json::Value =
        serde_json::from_str(&world.lists[1].0).expect("a list as JSON");
    forged["credentialSubject"]["encodedList"] = bits;
    parts.lists = vec![served(&forged.to_string())];
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
    parts.lists = vec![served("not a list")];
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
}

#[test]
fn a_list_that_does_not_say_which_it_is_is_no_list() {
    let (mut world, case) = issued(80);
    let issuer = &world.actors[ISSUER.0];
    let plain = sign_list(&mut world.list, issuer, world.now, 86_400);
    let plain = SecuredCredential::parse(plain.body.as_bytes()).expect("a list");
    let mut value = plain.credential().value().clone();
    value.as_object_mut().expect("an object").remove("id");
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a03";
    let nameless = sign::issue_di(value, id, &issuer.method(), &issuer.key, world.now);
    let mut parts = world.parts(&case);
    parts.current.clear();
    parts.lists = vec![served(&nameless.expect("signed").to_bare())];
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
}

#[test]
fn a_list_is_judged_by_the_key_in_force_at_its_place() {
    let (mut world, case) = issued(81);
    world.rotate(ISSUER);
    accepted(&world.parts(&case).judge(&world.context()));
    // Without its receipt it is only as good as the key is now.
    let mut parts = world.parts(&case);
    let place = world.lists[0].1.expect("recorded");
    parts.drop_receipt(&world.ledger.receipt(place));
    without_heads(&mut parts, &world.head_of(&world.list_key()));
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
}

#[test]
fn an_index_beyond_the_list_leaves_it_open() {
    let mut world = World::new(82);
    let mut order = Order::of(Format::DataIntegrity);
    order.status = false;
    order.other_status = Some(StatusEntry::new(StatusPurpose::Revocation, LIST, 1 << 20));
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let mut parts = world.parts(&case);
    world.add_list(&mut parts, 0);
    undecided(&parts.judge(&world.context()), CheckName::Status, "status-list-invalid");
}

#[test]
fn a_kind_of_status_that_nobody_here_knows_leaves_it_open() {
    let world = World::new(83);
    let issuer = world.actor(ISSUER);
    let value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did.as_str(),
        "credentialSubject": { "name": "x" },
        "credentialStatus": { "id": "https://x.example/1", "type": "OtherStatus" },
    });
    let credential = sign::issue_jose(value, &issuer.method(), &issuer.key).expect("signed");
    let case = Case {
        credential,
        beside: vec![],
        entries: vec![],
        opening: None,
        status: None,
        acts: vec![],
    };
    let context = Context { receipts: inkan_verifier::Receipts::Used, ..world.context() };
    let verification = world.parts(&case).judge(&context);
    undecided(&verification, CheckName::Status, "status-list-missing");
    passed(&verification, CheckName::Signature);
}
