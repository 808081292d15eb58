//! Reports of a stolen key that a later version, another name, or whoever made the bundle would hide.

use inkan_core::Timestamp;
use inkan_credential::Format;
use inkan_ledger::MapKey;
use inkan_tests::world::{Case, ISSUER, Order, Parts, World};
use inkan_verifier::{CheckName, Context, Receipts, reports};
use serde_json::{Value, json};

use super::compromised::report;
use super::expect::{accepted, passed, undecided, worthless};

/// A credential recorded after the theft of `key-1`; then the key is replaced, and the theft reported.
fn stolen(seed: u64) -> (World, Case, Timestamp) {
    let mut world = World::new(seed);
    world.sleep(86_400);
    let since = world.now;
    world.sleep(86_400);
    let late = world.issue(Format::DataIntegrity);
    world.sleep(86_400);
    world.rotate(ISSUER);
    world.sleep(60);
    (world, late, since)
}

/// The places in the map where a report about `fragment` may stand.
fn places(world: &World, fragment: &str) -> [MapKey; 2] {
    let issuer = world.actor(ISSUER);
    let url = inkan_did::DidUrl::parse(&format!("{}#{fragment}", issuer.did)).expect("a URL");
    reports::map_keys(issuer.scid(), &url)
}

fn look(world: &World, case: &Case, fragment: &str) -> Parts {
    let mut parts = world.parts(case);
    parts.current.extend(places(world, fragment).iter().map(|key| world.head_of(key)));
    parts
}

fn young(world: &World) -> Context {
    Context { max_age: Some(3_600), ..world.context() }
}

/// The document of the issuer's newest version.
fn document(world: &World) -> Value {
    let line = world.actor(ISSUER).lines.last().expect("a line");
    serde_json::from_str::<Value>(line).expect("JSON")["state"].take()
}

/// The method with which the first version lists `key-1`.
fn first_key(world: &World) -> Value {
    let line = &world.actor(ISSUER).lines[0];
    let mut state = serde_json::from_str::<Value>(line).expect("JSON")["state"].take();
    state["verificationMethod"][0].take()
}

fn add(document: &mut Value, method: &Value, embedded: bool) {
    let assertion = document["assertionMethod"].as_array_mut().expect("uses");
    if embedded {
        assertion.push(method.clone());
        return;
    }
    assertion.push(method["id"].clone());
    document["verificationMethod"].as_array_mut().expect("methods").push(method.clone());
}

#[test]
fn a_reported_key_that_is_listed_again_stays_reported() {
    for embedded in [false, true] {
        let (mut world, late, since) = stolen(1_200);
        report(&mut world, ISSUER, (ISSUER, "key-1"), since);
        let (mut document, method) = (document(&world), first_key(&world));
        add(&mut document, &method, embedded);
        world.leave(ISSUER, document);
        let parts = look(&world, &late, "key-1");
        worthless(&parts.judge(&world.context()), CheckName::KeyInForce, "key-compromised");
        // Without a record nothing shows that it is older than the theft (docs/as-of.md).
        let mut bare = late.clone();
        bare.entries.clear();
        let context = Context { receipts: Receipts::Used, ..world.context() };
        let verification = look(&world, &bare, "key-1").judge(&context);
        undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    }
}

#[test]
fn a_report_means_the_key_under_whatever_name_it_signs() {
    let mut world = World::new(1_201);
    // The same key under two names: the one that signs, and the one that is reported.
    let (first, mut both) = (document(&world), document(&world));
    let mut twin = first_key(&world);
    twin["id"] = json!(twin["id"].as_str().expect("an id").replace("#key-1", "#twin"));
    add(&mut both, &twin, false);
    world.leave(ISSUER, both);
    world.sleep(3_600);
    let since = world.now;
    world.sleep(3_600);
    let late = world.issue(Format::DataIntegrity);
    world.leave(ISSUER, first);
    accepted(&look(&world, &late, "twin").judge(&young(&world)));
    undecided(&world.parts(&late).judge(&young(&world)), CheckName::KeyInForce, "stale");
    report(&mut world, ISSUER, (ISSUER, "twin"), since);
    let verification = look(&world, &late, "twin").judge(&world.context());
    worthless(&verification, CheckName::KeyInForce, "key-compromised");
}

#[test]
fn a_report_that_was_left_out_is_missed_where_an_age_is_asked() {
    let (mut world, late, since) = stolen(1_202);
    // Before the report: its absence is shown, or it is not.
    accepted(&look(&world, &late, "key-1").judge(&young(&world)));
    let without = world.parts(&late).judge(&young(&world));
    undecided(&without, CheckName::KeyInForce, "stale");
    // Each of the two places has to be shown. In a small map one proof may show that nothing is at either.
    let missed = |left_out: usize| {
        (1_230..1_250).any(|seed| {
            let (world, late, _) = stolen(seed);
            let mut parts = look(&world, &late, "key-1");
            let at = parts.current.len() - 2 + left_out;
            parts.current.remove(at);
            !parts.judge(&young(&world)).is_authentic()
        })
    };
    assert!(missed(0) && missed(1));
    let before = look(&world, &late, "key-1");
    world.sleep(7_200);
    report(&mut world, ISSUER, (ISSUER, "key-1"), since);
    // Whoever hides the report can show its absence only as of a time before it, beside the newest version of the DID.
    let mut parts = world.parts(&late);
    parts.current.extend(before.current.iter().rev().take(2).cloned());
    undecided(&parts.judge(&young(&world)), CheckName::KeyInForce, "stale");
    undecided(&world.parts(&late).judge(&young(&world)), CheckName::KeyInForce, "stale");
    let verification = look(&world, &late, "key-1").judge(&young(&world));
    worthless(&verification, CheckName::KeyInForce, "key-compromised");
}

#[test]
fn absence_of_a_report_in_another_log_says_nothing() {
    use inkan_core::rng::insecure::SeededRng;
    use inkan_tests::world::Ledger;
    let (world, late, _) = stolen(1_203);
    let mut other = Ledger::new("other.example", 2, &mut SeededRng::new(4_713), world.now);
    other.seal(world.now);
    let mut parts = world.parts(&late);
    parts
        .current
        .extend(places(&world, "key-1").iter().map(|key| other.current(key, other.size())));
    let logs = vec![other.policy(), world.ledger.policy()];
    let context = Context { logs, ..young(&world) };
    undecided(&parts.judge(&context), CheckName::KeyInForce, "stale");
}

#[test]
fn the_report_says_only_what_was_looked_for() {
    let (world, late, _) = stolen(1_204);
    let said = |parts: &Parts| {
        let verification = parts.judge(&world.context());
        accepted(&verification);
        passed(&verification, CheckName::DidActive).evidence.contains_key("noReportAsOf")
    };
    assert!(said(&look(&world, &late, "key-1")));
    assert!(!said(&world.parts(&late)));
}

#[test]
fn a_key_that_is_still_listed_needs_no_such_proof() {
    let mut world = World::new(1_205);
    let case = world.issue(Format::DataIntegrity);
    let verification = world.parts(&case).judge(&young(&world));
    accepted(&verification);
    assert!(passed(&verification, CheckName::DidActive).evidence.contains_key("noReportAsOf"));
    let order = Order { ledger: false, status: false, ..Order::of(Format::DataIntegrity) };
    let bare = world.draw_up(&order);
    let context = Context { receipts: Receipts::Used, ..young(&world) };
    accepted(&world.parts(&bare).judge(&context));
}
