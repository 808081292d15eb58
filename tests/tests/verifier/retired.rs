//! How long keys stand by their document's word, and what unlinkable credentials of retired keys are still worth.

use inkan_credential::selective::{Disclosure, derive, secure_sd};
use inkan_credential::sign::ProofTerms;
use inkan_credential::{Contexts, Cryptosuite, Format};
use inkan_crypto::{KeyType, SecretKey};
use inkan_tests::world::{Case, ISSUER, Order, World};
use inkan_verifier::{CheckName, Context, Receipts};
use serde_json::Value;

use super::expect::{accepted, passed, undecided, worthless};
use super::younger::{add_key, document, signed_by_bbs};

const DATED: &[&str] = &["/credentialSubject", "/validFrom"];

fn used(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

fn with_bbs(seed: u64) -> (World, (String, SecretKey)) {
    let mut world = World::new(seed);
    let key = add_key(&mut world, KeyType::Bls12381G2, &["assertionMethod"]);
    world.sleep(86_400);
    (world, key)
}

/// Writes members into the verification method with this fragment, in a new version.
fn mark(world: &mut World, fragment: &str, members: &[(&str, Value)]) {
    let mut document = document(world);
    let methods = document["verificationMethod"].as_array_mut().unwrap();
    let ends = format!("#{fragment}");
    let method = methods.iter_mut().find(|it| it["id"].as_str().unwrap().ends_with(&ends)).unwrap();
    for (member, value) in members {
        method[*member] = value.clone();
    }
    world.leave(ISSUER, document);
}

#[test]
fn bbs_a_retired_key_that_stays_published_still_stands_behind_what_it_signed() {
    let (mut world, key) = with_bbs(900);
    let now = world.now;
    let case = signed_by_bbs(&mut world, &key, now, DATED);
    accepted(&world.parts(&case).judge(&used(&world)));
    world.sleep(86_400);
    world.rotate(ISSUER);
    let retired = document(&world)["verificationMethod"][1].clone();
    assert_eq!(retired["expires"], world.now.to_string());
    world.sleep(86_400);
    let verification = world.parts(&case).judge(&used(&world));
    accepted(&verification);
    let line = passed(&verification, CheckName::KeyInForce);
    assert_eq!(line.evidence["retired"], retired["expires"]);
    assert_eq!(line.evidence["record"], "none");
    // A second rotation leaves the first end as it is.
    world.rotate(ISSUER);
    accepted(&world.parts(&case).judge(&used(&world)));
    let again = document(&world)["verificationMethod"].as_array().unwrap().clone();
    assert!(again.contains(&retired));
    // As of a time before it was retired, it was in force.
    let then = Context { as_of: now.plus_seconds(60), ..used(&world) };
    let verification = world.parts(&case).judge(&then);
    accepted(&verification);
    assert!(!passed(&verification, CheckName::KeyInForce).evidence.contains_key("retired"));
}

#[test]
fn bbs_what_is_dated_after_the_end_of_a_retired_key_is_refused() {
    let (mut world, key) = with_bbs(901);
    world.rotate(ISSUER);
    world.sleep(86_400);
    let now = world.now;
    let case = signed_by_bbs(&mut world, &key, now, DATED);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::KeyInForce, "key-period-missed");
}

#[test]
fn bbs_what_is_dated_before_a_retired_key_was_listed_is_refused() {
    let mut world = World::new(902);
    let before = world.now;
    world.sleep(86_400);
    let key = add_key(&mut world, KeyType::Bls12381G2, &["assertionMethod"]);
    world.sleep(60);
    let case = signed_by_bbs(&mut world, &key, before, DATED);
    world.rotate(ISSUER);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::KeyInForce, "key-period-missed");
}

/// The same credential, and it does not say since when it is valid.
fn undated(world: &mut World, key: &(String, SecretKey)) -> Case {
    let now = world.now;
    let mut case = signed_by_bbs(world, key, now, DATED);
    let mut value = case.credential.credential().value().clone();
    value.as_object_mut().unwrap().remove("validFrom");
    value.as_object_mut().unwrap().remove("proof");
    let method = format!("{}#{}", world.actor(ISSUER).did, key.0);
    let terms = ProofTerms { id: None, ..ProofTerms::new(Cryptosuite::Bbs2023, &method) };
    let contexts = Contexts::built_in();
    let secured = secure_sd(value, &[], (&terms, &key.1), contexts, &mut world.rng).unwrap();
    let shown = Disclosure { pointers: &["/credentialSubject"], ..Disclosure::default() };
    case.credential = derive(&secured, &shown, contexts, &mut world.rng).unwrap();
    case
}

#[test]
fn bbs_without_a_date_a_retired_key_leaves_it_open() {
    let (mut world, key) = with_bbs(903);
    let case = undated(&mut world, &key);
    assert_eq!(case.credential.credential().valid_from(), None);
    accepted(&world.parts(&case).judge(&used(&world)));
    world.sleep(60);
    world.rotate(ISSUER);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "retired-key-undated");
}

#[test]
fn bbs_a_key_that_was_revoked_vouches_for_nothing() {
    let (mut world, key) = with_bbs(904);
    let now = world.now;
    let case = signed_by_bbs(&mut world, &key, now, DATED);
    world.rotate(ISSUER);
    world.sleep(3_600);
    let revoked = world.now;
    let members = [("revoked", Value::from(revoked.to_string()))];
    mark(&mut world, &key.0, &members);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::KeyInForce, "key-revoked");
    // Not before that.
    let then = Context { as_of: revoked.plus_seconds(-60), ..used(&world) };
    accepted(&world.parts(&case).judge(&then));
}

#[test]
fn bbs_a_key_that_was_withdrawn_leaves_it_open() {
    let (mut world, key) = with_bbs(905);
    let now = world.now;
    let case = signed_by_bbs(&mut world, &key, now, DATED);
    world.rotate(ISSUER);
    let mut document = document(&world);
    let ends = format!("#{}", key.0);
    let others = |value: &Value| !value.as_str().unwrap_or_default().ends_with(&ends);
    document["verificationMethod"].as_array_mut().unwrap().retain(|it| others(&it["id"]));
    document["assertionMethod"].as_array_mut().unwrap().retain(others);
    world.leave(ISSUER, document);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn other_keys_are_not_kept_by_a_rotation() {
    let mut world = World::new(906);
    world.rotate(ISSUER);
    assert_eq!(document(&world)["verificationMethod"].as_array().unwrap().len(), 1);
}

/// The document key, with an end, and a credential that it signed `after` seconds from that end.
fn ended(seed: u64, member: &str, after: i64) -> (World, Case) {
    let mut world = World::new(seed);
    world.sleep(86_400);
    let fragment = world.actor(ISSUER).fragment.clone();
    let end = world.now.plus_seconds(7_200);
    let members = [(member, Value::from(end.to_string()))];
    mark(&mut world, &fragment, &members);
    world.now = end.plus_seconds(after);
    let order = Order { status: false, ..Order::of(Format::DataIntegrity) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    world.now = end.plus_seconds(7_200);
    (world, case)
}

#[test]
fn what_is_recorded_before_the_end_of_its_key_stays_good() {
    for (seed, member) in [(907, "expires"), (908, "revoked")] {
        let (world, case) = ended(seed, member, -3_600);
        accepted(&world.parts(&case).judge(&world.context()));
        // Not on the operator's word alone.
        let bare = Context { logs: vec![world.ledger.bare_policy()], ..used(&world) };
        let verification = world.parts(&case).judge(&bare);
        worthless(&verification, CheckName::KeyInForce, "time-grade-too-low");
    }
}

#[test]
fn what_is_recorded_after_the_end_of_its_key_is_refused() {
    for (seed, member) in [(909, "expires"), (910, "revoked")] {
        let (world, case) = ended(seed, member, 60);
        let verification = world.parts(&case).judge(&world.context());
        worthless(&verification, CheckName::KeyInForce, "key-ended");
    }
}

#[test]
fn without_a_receipt_a_key_that_ended_is_open() {
    for (seed, member) in [(911, "expires"), (912, "revoked")] {
        let (world, mut case) = ended(seed, member, -3_600);
        case.entries.clear();
        let verification = world.parts(&case).judge(&used(&world));
        undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    }
}

#[test]
fn a_key_with_a_malformed_end_is_good_for_nothing() {
    for (seed, value) in [(913, Value::from("next year")), (914, Value::from(4))] {
        let mut world = World::new(seed);
        let fragment = world.actor(ISSUER).fragment.clone();
        mark(&mut world, &fragment, &[("expires", value)]);
        let case = world.issue(Format::DataIntegrity);
        let verification = world.parts(&case).judge(&world.context());
        worthless(&verification, CheckName::KeyInForce, "issuer-log-invalid");
    }
}
