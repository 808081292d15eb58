//! Several pinned logs: places of different logs do not compare, and records count at home.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_crypto::KeyType;
use inkan_ledger::{
    ActId, Claims, DigestFormat, Grade, Kind, MapKey, Opening, SignedEntry, commitment,
};
use inkan_tests::world::{Actor, Case, HOLDER, ISSUER, Ledger, Order, Parts, World};
use inkan_verifier::verified::ActState;
use inkan_verifier::{CheckName, Context, Receipts};

use super::expect::{accepted, lines, undecided, worthless};

const OTHER: &str = "other.example";

/// Another log with somebody on it.
struct Elsewhere {
    ledger: Ledger,
    clerk: Actor,
}

impl Elsewhere {
    fn new(world: &World) -> Self {
        let mut rng = SeededRng::new(4_711);
        let mut ledger = Ledger::new(OTHER, 2, &mut rng, world.now);
        let mut clerk = Actor::new("clerk", KeyType::Ed25519, Some(OTHER), &mut rng, world.now);
        clerk.places.push(ledger.append(Kind::Did, clerk.lines[0].as_bytes(), world.now));
        Self { ledger, clerk }
    }

    fn enter(&mut self, world: &World, claims: &Claims) -> u64 {
        let url = self.clerk.url();
        let entry = SignedEntry::sign(claims, &url, OTHER, &self.clerk.key, world.now);
        self.ledger.append(claims.kind(), entry.expect("an entry").as_bytes(), world.now)
    }

    /// Records a credential here, as evidence of the time.
    fn record(&mut self, world: &World, case: &Case, parts: &mut Parts) {
        let opening = case.opening.expect("a record");
        let com = commitment(Kind::Issuance, self.clerk.scid(), &opening.salt, &opening.digest);
        let place = self.enter(world, &Claims::Issuance { commitment: com });
        let opening = Opening::new(DigestFormat::Di, opening.salt, opening.digest);
        parts.receipts.push(self.ledger.receipt(self.clerk.places[0]));
        parts.receipts.push(self.ledger.receipt(place).with_opening(opening));
    }

    fn both(&self, world: &World) -> Context {
        let logs = vec![self.ledger.policy(), world.ledger.policy()];
        Context { logs, receipts: Receipts::Used, ..world.context() }
    }
}

#[test]
fn a_record_elsewhere_is_compared_by_time() {
    let mut world = World::new(160);
    let mut elsewhere = Elsewhere::new(&world);
    let case = world.draw_up(&Order::of(Format::DataIntegrity));
    let mut evidence = Parts::of(inkan_credential::Artefact::Credential(case.credential.clone()));
    elsewhere.record(&world, &case, &mut evidence);
    let with_evidence = |world: &World| {
        let mut parts = world.parts(&case);
        parts.receipts.extend(evidence.receipts.iter().cloned());
        parts
    };
    accepted(&with_evidence(&world).judge(&elsewhere.both(&world)));
    // A record within the tolerance of clocks does not show that it was before.
    let mut soon = World::new(160);
    let same = soon.draw_up(&Order::of(Format::DataIntegrity));
    assert_eq!(same.credential.issuance_digest(), case.credential.issuance_digest());
    soon.rotate(ISSUER);
    let mut parts = soon.parts(&same);
    parts.receipts.extend(evidence.receipts.iter().cloned());
    worthless(&parts.judge(&elsewhere.both(&soon)), CheckName::KeyInForce, "key-not-in-force");
    // One that lies well before does.
    world.sleep(3_600);
    world.rotate(ISSUER);
    accepted(&with_evidence(&world).judge(&elsewhere.both(&world)));
    // Not on the word of that log's operator alone.
    let logs = vec![elsewhere.ledger.bare_policy(), world.ledger.policy()];
    let bare = Context { logs, ..elsewhere.both(&world) };
    worthless(&with_evidence(&world).judge(&bare), CheckName::KeyInForce, "key-not-in-force");
    // Nor with fewer operators than asked for.
    let three = Context { grade: Grade::Witnessed(3), ..elsewhere.both(&world) };
    let verification = with_evidence(&world).judge(&three);
    worthless(&verification, CheckName::KeyInForce, "time-grade-too-low");
}

#[test]
fn a_record_elsewhere_from_after_the_rotation_is_refused() {
    let mut world = World::new(161);
    let case = world.draw_up(&Order::of(Format::DataIntegrity));
    world.sleep(3_600);
    world.rotate(ISSUER);
    world.sleep(3_600);
    let mut elsewhere = Elsewhere::new(&world);
    let mut parts = world.parts(&case);
    elsewhere.record(&world, &case, &mut parts);
    let verification = parts.judge(&elsewhere.both(&world));
    worthless(&verification, CheckName::KeyInForce, "key-not-in-force");
}

#[test]
fn a_map_elsewhere_says_nothing_about_a_did_that_is_at_home_here() {
    let mut world = World::new(162);
    let case = world.issue(Format::DataIntegrity);
    let mut elsewhere = Elsewhere::new(&world);
    let mut parts = world.parts(&case);
    let key = MapKey::did(world.actor(ISSUER).scid());
    let here = world.head_of(&key);
    // Make the other log the longer one, so that its places look newer.
    for number in 0..40_u8 {
        let commitment = inkan_core::sha256(&[&[number]]);
        elsewhere.enter(&world, &Claims::Issuance { commitment });
    }
    let there = elsewhere.ledger.current(&key, elsewhere.ledger.size());
    let fresh = Context { max_age: Some(3_600), ..elsewhere.both(&world) };
    parts.current.push(there.clone());
    accepted(&parts.judge(&fresh));
    // A proof that it is unknown there does not make it fresh here.
    parts.current.retain(|one| *one != here);
    undecided(&parts.judge(&fresh), CheckName::DidActive, "stale");

    // The same for the status list: the other log's silence hides no revocation.
    world.revoke(&case);
    let mut parts = world.parts(&case);
    let newest = world.lists[1].1.expect("recorded");
    parts.drop_receipt(&world.ledger.receipt(newest));
    parts.lists.clear();
    world.add_list(&mut parts, 0);
    let there = elsewhere.ledger.current(&world.list_key(), elsewhere.ledger.size());
    parts.current.push(there);
    undecided(&parts.judge(&elsewhere.both(&world)), CheckName::Status, "stale");
}

#[test]
fn an_act_is_recorded_where_it_says() {
    let mut world = World::new(163);
    let mut elsewhere = Elsewhere::new(&world);
    let mut case = world.issue(Format::DataIntegrity);
    let acceptance = world.accept(&mut case);
    let act = ActId::from_bytes(*acceptance.countersignature.act());
    let mut shown = case.clone();
    world.withdraw(&mut case);
    // The acceptance is registered once more, on another pinned log, and its withdrawal is kept back.
    shown.entries.truncate(1);
    shown.acts.clear();
    let opening = acceptance.opening;
    let com =
        commitment(Kind::Countersignature, elsewhere.clerk.scid(), &opening.salt, &opening.digest);
    let claims = Claims::Countersignature { commitment: com, act, sequence: 1 };
    let place = elsewhere.enter(&world, &claims);
    let mut parts = world.parts(&shown);
    let format = DigestFormat::DiProof;
    let opening = Opening::new(format, opening.salt, opening.digest);
    parts.receipts.push(elsewhere.ledger.receipt(elsewhere.clerk.places[0]));
    parts.receipts.push(elsewhere.ledger.receipt(place).with_opening(opening));
    let key = MapKey::act(elsewhere.clerk.scid(), &act);
    parts.current.push(elsewhere.ledger.current(&key, elsewhere.ledger.size()));
    let verification = parts.judge(&elsewhere.both(&world));
    let all = accepted(&verification).countersignatures();
    assert_eq!(all[0].state(), ActState::NotRecorded, "{}", lines(&verification));
    parts.current.push(world.act_head(HOLDER, &act));
    let verification = parts.judge(&elsewhere.both(&world));
    assert_eq!(accepted(&verification).countersignatures()[0].state(), ActState::Superseded);
}
