//! What a reported compromise takes away, and what it cannot.

use inkan_core::Timestamp;
use inkan_credential::Format;
use inkan_crypto::KeyType;
use inkan_ledger::{Claims, KEY_COMPROMISED, TrustClaims, TrustOperation, TrustStatement};
use inkan_tests::world::{Case, HOLDER, ISSUER, Parts, Who, World};
use inkan_verifier::{CheckName, Context, Receipts};

use super::expect::{accepted, passed, undecided, worthless};

fn used(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

/// Reports, in the name of `by`, that the key `fragment` of `about` was in other hands since a time.
pub(super) fn report(
    world: &mut World,
    by: Who,
    (about, fragment): (Who, &str),
    since: Timestamp,
) -> u64 {
    let did = world.actor(about).did.to_string();
    let claims = TrustClaims {
        statement: TrustStatement::Authorization,
        resource: format!("{did}#{fragment}"),
        entity_id: did,
        action: KEY_COMPROMISED.to_owned(),
        operation: TrustOperation::Grant,
        sequence: 1,
        not_before: since,
        expires: None,
        digest: None,
    };
    world.enter(by, &Claims::Trust(claims))
}

/// A credential recorded a day before, and one a day after, the theft of the key that signed both; then the key is
/// replaced and the theft reported.
fn stolen(seed: u64) -> (World, [Case; 2], Told) {
    let mut world = World::new(seed);
    let early = world.issue(Format::DataIntegrity);
    world.sleep(86_400);
    let since = world.now;
    world.sleep(86_400);
    let late = world.issue(Format::Jose);
    world.sleep(86_400);
    world.rotate(ISSUER);
    world.sleep(3_600);
    let place = report(&mut world, ISSUER, (ISSUER, "key-1"), since);
    (world, [early, late], Told { since, place })
}

/// Since when, and where it was reported.
struct Told {
    since: Timestamp,
    place: u64,
}

fn with_report(world: &World, case: &Case, place: u64) -> Parts {
    let mut parts = world.parts(case);
    parts.receipts.push(world.ledger.receipt(place));
    parts
}

#[test]
fn what_was_recorded_before_the_theft_stays_good() {
    let (world, [early, _], told) = stolen(950);
    let verification = with_report(&world, &early, told.place).judge(&world.context());
    accepted(&verification);
    let line = passed(&verification, CheckName::KeyInForce);
    assert_eq!(line.evidence["compromisedSince"], told.since.to_string());
    assert_eq!(line.evidence["reportedAtEntry"], told.place);
    let line = passed(&verification, CheckName::DidActive);
    assert_eq!(line.evidence["compromiseReported"], true);
}

#[test]
fn what_was_recorded_after_the_theft_is_refused_once_it_is_reported() {
    let (world, [_, late], told) = stolen(951);
    let parts = with_report(&world, &late, told.place);
    worthless(&parts.judge(&world.context()), CheckName::KeyInForce, "key-compromised");
    // As of a time before the report nobody knew.
    let then = Context { as_of: world.now.plus_seconds(-1_800), ..world.context() };
    accepted(&parts.judge(&then));
    // Without the report, nothing at hand shows it.
    accepted(&world.parts(&late).judge(&world.context()));
}

#[test]
fn the_map_shows_the_report_as_well() {
    let (world, [early, late], told) = stolen(952);
    let did = world.actor(ISSUER).did.to_string();
    let key = inkan_ledger::MapKey::trust_of(
        world.actor(ISSUER).scid(),
        TrustStatement::Authorization,
        &did,
        KEY_COMPROMISED,
        &format!("{did}#key-1"),
    );
    let mut parts = world.parts(&late);
    parts.current.push(world.head_of(&key));
    worthless(&parts.judge(&world.context()), CheckName::KeyInForce, "key-compromised");
    let mut parts = world.parts(&early);
    parts.current.push(world.head_of(&key));
    let verification = parts.judge(&world.context());
    accepted(&verification);
    assert_eq!(
        passed(&verification, CheckName::KeyInForce).evidence["reportedAtEntry"],
        told.place
    );
}

#[test]
fn that_it_is_older_than_the_theft_is_not_believed_on_the_operators_word() {
    let (world, [early, _], told) = stolen(953);
    let bare = Context { logs: vec![world.ledger.bare_policy()], ..used(&world) };
    let verification = with_report(&world, &early, told.place).judge(&bare);
    worthless(&verification, CheckName::KeyInForce, "time-grade-too-low");
}

#[test]
fn without_a_receipt_it_stays_open_whether_it_is_older() {
    let (world, [mut early, mut late], told) = stolen(954);
    for case in [&mut early, &mut late] {
        case.entries.clear();
        let verification = with_report(&world, case, told.place).judge(&used(&world));
        undecided(&verification, CheckName::KeyInForce, "receipt-needed");
    }
}

#[test]
fn a_report_about_another_key_says_nothing() {
    let (mut world, _, _) = stolen(955);
    let case = world.issue(Format::DataIntegrity);
    let since = world.now.plus_seconds(-86_400);
    world.rotate(ISSUER);
    // Of the key before: what the one after it signed stays good.
    let place = report(&mut world, ISSUER, (ISSUER, "key-9"), since);
    let verification = with_report(&world, &case, place).judge(&world.context());
    accepted(&verification);
    let line = passed(&verification, CheckName::KeyInForce);
    assert!(!line.evidence.contains_key("compromisedSince"));
}

#[test]
fn a_url_that_got_another_key_after_the_report_is_not_meant() {
    let (mut world, [_, late], told) = stolen(956);
    world.rotate_to(ISSUER, "key-1");
    let case = world.issue(Format::DataIntegrity);
    accepted(&with_report(&world, &case, told.place).judge(&world.context()));
    let verification = with_report(&world, &late, told.place).judge(&world.context());
    worthless(&verification, CheckName::KeyInForce, "key-compromised");
}

#[test]
fn nobody_reports_somebody_elses_key() {
    let mut world = World::new(957);
    let clerk = world.settle("clerk", KeyType::Ed25519);
    let since = world.now;
    world.sleep(60);
    let case = world.issue(Format::DataIntegrity);
    world.rotate(ISSUER);
    // A ledger refuses such an entry; an operator who does not, forges nothing by it.
    let did = world.actor(ISSUER).did.to_string();
    let claims = Claims::Trust(TrustClaims {
        statement: TrustStatement::Authorization,
        resource: format!("{did}#key-1"),
        entity_id: did,
        action: KEY_COMPROMISED.to_owned(),
        operation: TrustOperation::Grant,
        sequence: 1,
        not_before: since,
        expires: None,
        digest: None,
    });
    for who in [clerk, HOLDER] {
        let actor = world.actor(who);
        let signed = inkan_ledger::SignedEntry::sign(
            &claims,
            &actor.url(),
            inkan_tests::world::ORIGIN,
            &actor.key,
            world.now,
        );
        let Ok(body) = signed else { continue };
        let mut parts = world.parts(&case);
        parts.receipts.push(world.ledger.rogue(inkan_ledger::Kind::Trust, &body, world.now));
        accepted(&parts.judge(&world.context()));
    }
}
