//! Whose key signed, and was it in force then?

use inkan_core::Timestamp;
use inkan_credential::{Format, sign};
use inkan_crypto::KeyType;
use inkan_ledger::MapKey;
use inkan_tests::world::{Case, HOLDER, ISSUER, Order, Parts, Who, World};
use inkan_verifier::{CheckName, Context, Receipts};

use super::expect::{accepted, passed, undecided, worthless};

fn used(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

/// A credential signed by a thief with the issuer's first key, dated `when`.
fn stolen(world: &mut World, when: Timestamp) -> Case {
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    let issuer = world.actor(ISSUER);
    let (fragment, key) = &issuer.retired[0];
    let method = format!("{}#{fragment}", issuer.did.as_str());
    let mut value = case.credential.credential().value().clone();
    value["validFrom"] = when.to_string().into();
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a66";
    case.credential = sign::issue_di(value, id, &method, key, when).expect("signed");
    if let Some(opening) = &mut case.opening {
        opening.digest = case.credential.issuance_digest();
    }
    case
}

/// Removes what shows one version: its receipt, the line in the log, and newest states.
fn hide_version(world: &World, parts: &mut Parts, who: Who, number: usize) {
    let actor = world.actor(who);
    parts.drop_receipt(&world.ledger.receipt(actor.places[number - 1]));
    for (did, log) in &mut parts.did_logs {
        if *did == actor.did.as_str() {
            *log = actor.did_log(number - 1);
        }
    }
    hide_heads(world, parts, who);
}

/// Removes the newest state of a DID.
fn hide_heads(world: &World, parts: &mut Parts, who: Who) {
    let head = world.head_of(&MapKey::did(world.actor(who).scid()));
    parts.current.retain(|one| *one != head);
}

#[test]
fn a_signature_recorded_before_the_rotation_outlives_its_key() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(50);
        let case = world.issue(format);
        world.sleep(86_400);
        let rotation = world.rotate(ISSUER);
        let verification = world.parts(&case).judge(&world.context());
        accepted(&verification);
        let line = passed(&verification, CheckName::KeyInForce);
        assert_eq!(line.evidence["version"], 1);
        assert_eq!(line.evidence["rotatedAtEntry"], rotation);
    }
}

#[test]
fn without_a_receipt_a_replaced_key_is_open() {
    let mut world = World::new(51);
    let mut order = Order::of(Format::DataIntegrity);
    order.ledger = false;
    let case = world.draw_up(&order);
    accepted(&world.parts(&case).judge(&used(&world)));
    world.rotate(ISSUER);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    // The same for a credential whose record is withheld.
    let mut world = World::new(52);
    let mut case = world.issue(Format::Jose);
    world.rotate(ISSUER);
    case.entries.clear();
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn a_signature_recorded_after_the_rotation_is_refused() {
    let mut world = World::new(53);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let before = world.now;
    world.sleep(86_400);
    world.rotate(ISSUER);
    let mut case = stolen(&mut world, before);
    world.record(&mut case, clerk);
    let parts = world.parts(&case);
    worthless(&parts.judge(&used(&world)), CheckName::KeyInForce, "key-not-in-force");
    worthless(&parts.judge(&world.context()), CheckName::KeyInForce, "key-not-in-force");
}

#[test]
fn somebody_elses_record_from_before_the_rotation_is_good_time_evidence() {
    let mut world = World::new(54);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.record(&mut case, clerk);
    world.rotate(ISSUER);
    accepted(&world.parts(&case).judge(&used(&world)));
}

#[test]
fn somebody_elses_record_of_a_text_does_not_show_that_it_was_signed() {
    // What a record of a JWS commits to can be known before anybody signs it, and be signed with a stolen key later.
    let mut world = World::new(58);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let mut case = world.draw_up(&Order::of(Format::Jose));
    world.record(&mut case, clerk);
    accepted(&world.parts(&case).judge(&used(&world)));
    world.rotate(ISSUER);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn a_signature_does_not_outlive_its_key_on_the_operators_word() {
    let mut world = World::new(55);
    let case = world.issue(Format::DataIntegrity);
    world.rotate(ISSUER);
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..used(&world) };
    let verification = world.parts(&case).judge(&bare);
    worthless(&verification, CheckName::KeyInForce, "time-grade-too-low");
}

#[test]
fn versions_may_name_different_keys_by_one_url() {
    let mut world = World::new(56);
    let case = world.issue(Format::DataIntegrity);
    let before = world.now;
    world.sleep(86_400);
    world.rotate_to(ISSUER, "key-1");
    let verification = world.parts(&case).judge(&world.context());
    accepted(&verification);
    assert_eq!(passed(&verification, CheckName::KeyInForce).evidence["version"], 1);

    // The old key under the name of the new one.
    let mut case = stolen(&mut world, before);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    let clerk = world.settle("clerk", KeyType::Ed25519);
    world.record(&mut case, clerk);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::KeyInForce, "key-not-in-force");
}

#[test]
fn a_current_proof_shows_the_rotation_that_a_bundle_leaves_out() {
    let mut world = World::new(57);
    let before = world.now;
    world.sleep(86_400);
    world.rotate(ISSUER);
    let case = stolen(&mut world, before);
    let mut parts = world.parts(&case);
    hide_version(&world, &mut parts, ISSUER, 2);
    // Nothing at hand shows it.
    accepted(&parts.judge(&used(&world)));
    // The newest state is the very entry that was left out.
    parts.current.push(world.head_of(&MapKey::did(world.actor(ISSUER).scid())));
    let verification = parts.judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    // And one that asks for the newest state is not content with less.
    let fresh = Context { max_age: Some(3_600), ..used(&world) };
    parts.current.pop();
    undecided(&parts.judge(&fresh), CheckName::DidActive, "stale");
}

#[test]
fn a_version_that_is_proved_to_exist_and_not_at_hand_leaves_it_open() {
    let mut world = World::new(58);
    let before = world.now;
    world.sleep(86_400);
    world.rotate(ISSUER);
    world.rotate(ISSUER);
    let case = stolen(&mut world, before);
    let mut parts = world.parts(&case);
    let places = &world.actor(ISSUER).places;
    parts.drop_receipt(&world.ledger.receipt(places[1]));
    parts.drop_receipt(&world.ledger.receipt(places[2]));
    parts.did_logs.clear();
    let verification = parts.judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "did-history-incomplete");

    // What the newer key signed is open for the same reason.
    let case = world.issue(Format::DataIntegrity);
    let mut parts = world.parts(&case);
    let places = &world.actor(ISSUER).places;
    parts.drop_receipt(&world.ledger.receipt(places[1]));
    parts.drop_receipt(&world.ledger.receipt(places[2]));
    parts.did_logs.clear();
    let verification = parts.judge(&world.context());
    undecided(&verification, CheckName::Signature, "did-history-incomplete");
}

#[test]
fn a_gap_before_the_record_leaves_a_replaced_key_open() {
    let mut world = World::new(59);
    let case = world.issue(Format::DataIntegrity);
    world.rotate(ISSUER);
    let mut parts = world.parts(&case);
    parts.drop_receipt(&world.ledger.receipt(world.actor(ISSUER).places[1]));
    hide_heads(&world, &mut parts, ISSUER);
    // The log tells of the rotation, and nothing tells whether it was before the record.
    let verification = parts.judge(&world.context());
    undecided(&verification, CheckName::KeyInForce, "did-history-incomplete");
    // An older current-proof, made between the two, shows that it was not.
    let mut world = World::new(59);
    let case = world.issue(Format::DataIntegrity);
    let then = world.head_of(&MapKey::did(world.actor(ISSUER).scid()));
    world.rotate(ISSUER);
    let mut parts = world.parts(&case);
    parts.drop_receipt(&world.ledger.receipt(world.actor(ISSUER).places[1]));
    hide_heads(&world, &mut parts, ISSUER);
    parts.current.push(then);
    accepted(&parts.judge(&world.context()));
}

#[test]
fn what_was_recorded_before_the_end_of_the_issuer_stays_good() {
    let mut world = World::new(60);
    let case = world.issue(Format::DataIntegrity);
    let unrecorded = world.draw_up(&Order::of(Format::DataIntegrity));
    world.deactivate(ISSUER);
    let verification = world.parts(&case).judge(&world.context());
    accepted(&verification);
    let line = passed(&verification, CheckName::DidActive);
    assert_eq!(line.evidence["recordedBeforeDeactivation"], true);

    let verification = world.parts(&unrecorded).judge(&used(&world));
    worthless(&verification, CheckName::DidActive, "signer-did-deactivated");

    // Not on the operator's word alone.
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..used(&world) };
    worthless(&world.parts(&case).judge(&bare), CheckName::DidActive, "time-grade-too-low");
}

#[test]
fn what_was_recorded_after_the_end_of_the_issuer_is_refused() {
    let mut world = World::new(61);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let mut case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.deactivate(ISSUER);
    world.record(&mut case, clerk);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::DidActive, "signer-did-deactivated");
}

#[test]
fn the_map_shows_the_end_that_a_bundle_leaves_out() {
    let mut world = World::new(62);
    let case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.rotate(ISSUER);
    world.deactivate(ISSUER);
    let mut parts = world.parts(&case);
    let places = &world.actor(ISSUER).places;
    parts.drop_receipt(&world.ledger.receipt(places[1]));
    parts.drop_receipt(&world.ledger.receipt(places[2]));
    parts.did_logs.clear();
    let verification = parts.judge(&used(&world));
    worthless(&verification, CheckName::DidActive, "signer-did-deactivated");
}

#[test]
fn an_earlier_time_is_judged_by_what_was_in_force_then() {
    let mut world = World::new(63);
    let case = world.issue(Format::DataIntegrity);
    let then = world.now.plus_seconds(60);
    world.sleep(86_400);
    world.rotate(ISSUER);
    world.sleep(86_400);
    world.deactivate(ISSUER);
    let parts = world.parts(&case);
    let context = Context { as_of: then, ..world.context() };
    let verification = parts.judge(&context);
    accepted(&verification);
    assert!(
        !passed(&verification, CheckName::DidActive).evidence.contains_key("deactivatedAtEntry")
    );
    // Also when a log is all there is.
    let mut alone = parts;
    alone.receipts.clear();
    alone.current.clear();
    let list = world.lists[0].0.clone();
    alone.lists[0].body = list;
    accepted(&alone.judge(&Context { receipts: Receipts::Used, ..context }));
}

#[test]
fn a_log_that_does_not_certify_itself_is_refused() {
    let mut world = World::new(64);
    let case = world.issue(Format::DataIntegrity);
    let mut parts = world.parts(&case);
    let issuer = world.actor(ISSUER).did.to_string();
    for (did, log) in &mut parts.did_logs {
        if *did == issuer {
            *log = log.replace("2026-06-14T", "2026-06-13T");
        }
    }
    worthless(&parts.judge(&world.context()), CheckName::IssuerLog, "issuer-log-invalid");
}

#[test]
fn a_log_of_somebody_else_says_nothing_about_the_issuer() {
    let mut world = World::new(65);
    let case = world.draw_up(&Order::of(Format::DataIntegrity));
    let mut parts = world.parts(&case);
    parts.receipts.clear();
    parts.current.clear();
    let issuer = world.actor(ISSUER).did.to_string();
    parts.did_logs = vec![(issuer, world.actor(HOLDER).did_log(9))];
    let verification = parts.judge(&used(&world));
    worthless(&verification, CheckName::IssuerLog, "issuer-log-invalid");
}

#[test]
fn two_histories_of_one_did_leave_nothing_to_rely_on() {
    let mut world = World::new(66);
    let case = world.draw_up(&Order::of(Format::DataIntegrity));
    let fork = world.fork(ISSUER);
    world.rotate(ISSUER);
    let mut parts = world.parts(&case);
    let issuer = world.actor(ISSUER).did.to_string();
    parts.receipts.clear();
    parts.current.clear();
    // The names of one DID differ in nothing that its log does not cover.
    let other = issuer.replace(":issuer", ":other");
    parts.did_logs.push((other, fork));
    let verification = parts.judge(&used(&world));
    worthless(&verification, CheckName::IssuerLog, "issuer-log-invalid");
}

#[test]
fn freshness_is_that_of_the_newest_version() {
    let mut world = World::new(67);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let fresh = |age| Context { max_age: Some(age), ..world.context() };
    accepted(&parts.judge(&fresh(3_600)));
    let later = world.now.plus_seconds(3_601);
    let context = Context { as_of: later, received_at: later, ..fresh(3_600) };
    undecided(&parts.judge(&context), CheckName::DidActive, "stale");
    // Without witnesses nothing is fresh.
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..fresh(3_600) };
    let bare = Context { receipts: Receipts::Used, ..bare };
    undecided(&parts.judge(&bare), CheckName::DidActive, "stale");
}
