//! What successors announced, on which log and when: nothing that one of them revoked can be hidden behind another list, another log, or
//! the end of its term.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_crypto::KeyType;
use inkan_issuer::status::BitState;
use inkan_issuer::{AnnouncedList, StatusEncoding, StatusListState};
use inkan_ledger::{
    Claims, CurrentProof, Kind, MapKey, Receipt, SignedEntry, StatusClaims, StatusFormat,
};
use inkan_tests::world::{Actor, Case, LIST, Ledger, Parts, World, sign_list};
use inkan_verifier::{CheckName, Context, Declared, Succession};

use super::expect::{accepted, undecided, worthless};

const OTHER: &str = "other.example";

/// Who took over, its list, and where it announces it.
pub(super) struct Successor {
    actor: Actor,
    list: StatusListState,
    /// The log where it is at home, if that is not the issuer's.
    home: Option<Ledger>,
    /// Bodies and receipts.
    pub(super) announced: Vec<(String, Receipt)>,
}

impl Successor {
    pub(super) fn new(world: &mut World, home: Option<Ledger>) -> Self {
        let mut rng = SeededRng::new(4_711);
        let at = if home.is_some() { OTHER } else { inkan_tests::world::ORIGIN };
        let actor = Actor::new("successor", KeyType::Ed25519, Some(at), &mut rng, world.now);
        let list = taken_over(world);
        let mut one = Self { actor, list, home, announced: Vec::new() };
        let (line, now) = (one.actor.lines[0].clone(), world.now);
        let place = one.log(world).append(Kind::Did, line.as_bytes(), now);
        one.actor.places.push(place);
        one
    }

    fn log<'a>(&'a mut self, world: &'a mut World) -> &'a mut Ledger {
        self.home.as_mut().unwrap_or(&mut world.ledger)
    }

    fn ledger<'a>(&'a self, world: &'a World) -> &'a Ledger {
        self.home.as_ref().unwrap_or(&world.ledger)
    }

    /// Announces its list as it is.
    pub(super) fn announce(&mut self, world: &mut World) {
        world.sleep(60);
        let published = sign_list(&mut self.list, &self.actor, world.now, 90 * 86_400);
        let claims = Claims::Status(StatusClaims {
            uri: LIST.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            sequence: published.seq,
            digest: published.digest,
            length: published.length,
            not_before: published.valid_from,
            expires: published.valid_until,
        });
        let origin = self.ledger(world).log.origin().to_owned();
        let (url, now) = (self.actor.url(), world.now);
        let entry = SignedEntry::sign(&claims, &url, &origin, &self.actor.key, now).expect("one");
        let place = self.log(world).append(claims.kind(), entry.as_bytes(), now);
        let receipt = self.ledger(world).receipt(place);
        self.announced.push((published.body, receipt));
    }

    fn revoke(&mut self, case: &Case) {
        let entry = case.status.as_ref().expect("a status");
        self.list.change(entry, BitState::Set).expect("its place");
    }

    /// Goes on with a list in which nothing is revoked.
    fn forget(&mut self, world: &World) {
        self.list = taken_over(world);
        for _ in &self.announced {
            drop(sign_list(&mut self.list, &self.actor, world.now, 90 * 86_400));
        }
    }

    /// What a log shows of its list now.
    fn head_in(&self, ledger: &Ledger) -> CurrentProof {
        ledger.current(&MapKey::status(self.actor.scid(), LIST), ledger.size())
    }

    fn head(&self, world: &World) -> CurrentProof {
        self.head_in(self.ledger(world))
    }

    /// What is known of the credential, of this DID, and the lists with these numbers that it announced.
    fn parts(&self, world: &World, case: &Case, lists: &[usize]) -> Parts {
        let mut parts = world.parts(case);
        let places = self.actor.places.iter();
        parts.receipts.extend(places.map(|place| self.ledger(world).receipt(*place)));
        for number in lists {
            let (body, receipt) = &self.announced[number.checked_sub(1).expect("from 1 on")];
            parts.lists.push(ServedStatusList::new(LIST, body.as_bytes()));
            parts.receipts.push(receipt.clone());
        }
        parts.current.push(self.head(world));
        parts
    }

    /// A verifier that is told of these terms, and pinned both logs.
    pub(super) fn told(
        &self,
        world: &World,
        case: &Case,
        terms: &[(Timestamp, Option<Timestamp>)],
    ) -> Context {
        let term = |(from, until): &(Timestamp, Option<Timestamp>)| Succession {
            predecessor: case.credential.credential().issuer().to_owned(),
            successor: self.actor.did.to_string(),
            from: Some(*from),
            until: *until,
        };
        let successions = terms.iter().map(term).collect();
        let declared = Arc::new(Declared { same: vec![], successions });
        let mut logs = vec![world.ledger.policy()];
        logs.extend(self.home.as_ref().map(Ledger::policy));
        Context { declared, logs, ..world.context() }
    }
}

/// The issuer's first list, in which nothing is revoked.
fn taken_over(world: &World) -> StatusListState {
    let body = world.lists[0].0.as_bytes();
    let theirs = AnnouncedList::read(StatusEncoding::Bitstring, body).expect("a list");
    let entry = StatusEntry::new(StatusPurpose::Revocation, LIST, 0);
    StatusListState::taken_over(&entry, &theirs).expect("a list of bits")
}

fn stale(parts: &Parts, context: &Context) {
    undecided(&parts.judge(context), CheckName::Status, "stale");
}

fn revoked(parts: &Parts, context: &Context) {
    worthless(&parts.judge(context), CheckName::Status, "credential-revoked");
}

#[test]
fn a_successor_is_asked_about_where_it_is_at_home() {
    let mut world = World::new(960);
    let case = world.issue(Format::DataIntegrity);
    let merged = world.now;
    let home = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), world.now);
    let mut successor = Successor::new(&mut world, Some(home));
    let silent = successor.head(&world);
    successor.revoke(&case);
    successor.announce(&mut world);
    world.sleep(60);
    let context = successor.told(&world, &case, &[(merged, None)]);
    // Anybody can have it shown by the issuer's log that the successor is not known there.
    let mut parts = successor.parts(&world, &case, &[]);
    parts.current.pop();
    parts.current.push(successor.head_in(&world.ledger));
    stale(&parts, &context);
    // At home it said nothing, at that time.
    parts.current.push(silent.clone());
    accepted(&parts.judge(&context));
    // That is not fresh when more is asked for than that.
    world.sleep(7_200);
    world.enter(
        inkan_tests::world::HOLDER,
        &Claims::Issuance { commitment: inkan_core::sha256(&[b"x"]) },
    );
    let mut parts = successor.parts(&world, &case, &[]);
    parts.current.pop();
    parts.current.push(silent);
    let context = successor.told(&world, &case, &[(merged, None)]);
    accepted(&parts.judge(&context));
    stale(&parts, &Context { max_age: Some(3_600), ..context.clone() });
    // Its home shows the newer list; and with it, it counts.
    stale(&successor.parts(&world, &case, &[]), &context);
    revoked(&successor.parts(&world, &case, &[1]), &context);
}

#[test]
fn what_a_successor_announces_after_its_term_hides_nothing_that_it_revoked() {
    let mut world = World::new(961);
    let case = world.issue(Format::DataIntegrity);
    let from = world.now;
    let mut successor = Successor::new(&mut world, None);
    successor.announce(&mut world);
    successor.revoke(&case);
    successor.announce(&mut world);
    let until = world.now.plus_seconds(30);
    // By mistake, or because somebody got it to.
    successor.forget(&world);
    successor.announce(&mut world);
    world.sleep(60);
    let term = [(from, Some(until))];
    let context = successor.told(&world, &case, &term);
    revoked(&successor.parts(&world, &case, &[2, 3]), &context);
    for kept_back in [&[][..], &[3], &[1, 3], &[1]] {
        stale(&successor.parts(&world, &case, kept_back), &context);
    }
}

#[test]
fn after_a_term_the_last_list_of_it_decides() {
    let mut world = World::new(962);
    let case = world.issue(Format::DataIntegrity);
    let from = world.now;
    let mut successor = Successor::new(&mut world, None);
    successor.announce(&mut world);
    successor.announce(&mut world);
    let until = world.now.plus_seconds(30);
    successor.revoke(&case);
    successor.announce(&mut world);
    successor.announce(&mut world);
    world.sleep(60);
    let context = successor.told(&world, &case, &[(from, Some(until))]);
    // What it revoked when it was no successor any more, it did not revoke. The entry of the first list after the term shows that the
    // one at hand is the last of the term.
    accepted(&successor.parts(&world, &case, &[2, 3]).judge(&context));
    accepted(&successor.parts(&world, &case, &[2, 3, 4]).judge(&context));
    stale(&successor.parts(&world, &case, &[2, 4]), &context);
    stale(&successor.parts(&world, &case, &[1, 3]), &context);
    // It counts again from its second term on, and then its last list has to be at hand.
    let again = [(from, Some(until)), (until.plus_seconds(61), None)];
    let context = successor.told(&world, &case, &again);
    revoked(&successor.parts(&world, &case, &[2, 4]), &context);
    stale(&successor.parts(&world, &case, &[2]), &context);
}

#[test]
fn before_its_first_term_a_successor_was_a_stranger_and_between_two_it_is_one() {
    let mut world = World::new(963);
    let case = world.issue(Format::DataIntegrity);
    let mut successor = Successor::new(&mut world, None);
    successor.revoke(&case);
    successor.announce(&mut world);
    let first = world.now.plus_seconds(10);
    world.sleep(60);
    let soon = [(first, Some(first.plus_seconds(20)))];
    accepted(&successor.parts(&world, &case, &[]).judge(&successor.told(&world, &case, &soon)));
    successor.forget(&world);
    successor.announce(&mut world);
    let second = world.now.plus_seconds(10);
    world.sleep(60);
    // Number 2 was announced between the terms: nothing was announced in the first.
    let terms = [soon[0], (second, None)];
    let context = successor.told(&world, &case, &terms);
    accepted(&successor.parts(&world, &case, &[1]).judge(&context));
    stale(&successor.parts(&world, &case, &[]), &context);
}

#[test]
fn a_later_list_of_one_does_not_hide_what_the_other_revoked() {
    let mut world = World::new(964);
    let case = world.issue(Format::DataIntegrity);
    let merged = world.now;
    let mut successor = Successor::new(&mut world, None);
    successor.revoke(&case);
    successor.announce(&mut world);
    world.sleep(60);
    // The issuer's old key is still in a job that publishes its list each night.
    world.publish_list();
    world.sleep(60);
    let context = successor.told(&world, &case, &[(merged, None)]);
    stale(&successor.parts(&world, &case, &[]), &context);
    revoked(&successor.parts(&world, &case, &[1]), &context);

    // The other way round: the issuer revokes after the successor copied its list.
    let mut world = World::new(965);
    let case = world.issue(Format::DataIntegrity);
    let merged = world.now;
    let mut successor = Successor::new(&mut world, None);
    successor.announce(&mut world);
    world.revoke(&case);
    successor.announce(&mut world);
    world.sleep(60);
    let context = successor.told(&world, &case, &[(merged, None)]);
    let shown = successor.parts(&world, &case, &[2]);
    revoked(&shown, &context);
    let mut hidden = shown.clone();
    hidden.drop_receipt(&world.ledger.receipt(world.lists[1].1.expect("recorded")));
    hidden.lists.retain(|list| list.bytes() != world.lists[1].0.as_bytes());
    stale(&hidden, &context);
    // Nor is it enough to leave out what the map says of the issuer.
    let issuers = world.head_of(&world.list_key());
    hidden.current.retain(|one| *one != issuers);
    stale(&hidden, &context);
}

#[test]
fn a_successor_in_doubt_is_neither_relied_on_nor_left_out() {
    let mut world = World::new(966);
    let case = world.issue(Format::DataIntegrity);
    let merged = world.now;
    let mut successor = Successor::new(&mut world, None);
    // As a registry that is not current gives it: a term that covers nothing.
    let doubted = [(merged, Some(merged.plus_seconds(-1)))];
    let context = successor.told(&world, &case, &doubted);
    accepted(&successor.parts(&world, &case, &[]).judge(&context));
    successor.announce(&mut world);
    successor.revoke(&case);
    successor.announce(&mut world);
    world.sleep(60);
    let context = successor.told(&world, &case, &doubted);
    for lists in [&[][..], &[1], &[2], &[1, 2]] {
        stale(&successor.parts(&world, &case, lists), &context);
    }
    // Revoked for cause since a time: what it revoked before that stays revoked, and hidden it is missed.
    let void = [(merged, Some(world.now.plus_seconds(-1)))];
    let context = successor.told(&world, &case, &void);
    revoked(&successor.parts(&world, &case, &[2]), &context);
    stale(&successor.parts(&world, &case, &[1]), &context);
}

#[test]
fn who_is_silent_at_home_may_have_another_home() {
    let mut world = World::new(967);
    let case = world.issue(Format::DataIntegrity);
    let merged = world.now;
    let home = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), world.now);
    let mut successor = Successor::new(&mut world, Some(home));
    world.sleep(60);
    let context = successor.told(&world, &case, &[(merged, None)]);
    let fresh = |context: &Context| Context { max_age: Some(3_600), ..context.clone() };
    let key = MapKey::did(successor.actor.scid());
    let newest = |world: &World, successor: &Successor| {
        let ledger = successor.ledger(world);
        ledger.current(&key, ledger.size())
    };
    // Its home knows of no list now. Whether it is at home there now, nothing shows.
    let mut parts = successor.parts(&world, &case, &[]);
    stale(&parts, &fresh(&context));
    parts.current.push(newest(&world, &successor));
    accepted(&parts.judge(&fresh(&context)));
    // A version that is not at hand may name another home.
    let mut rng = SeededRng::new(4_713);
    for name in ["key-2", "key-3"] {
        world.sleep(10);
        let line = successor.actor.rotate(name, &mut rng, world.now);
        let now = world.now;
        successor.log(&mut world).append(Kind::Did, line.as_bytes(), now);
    }
    let mut lacking = successor.parts(&world, &case, &[]);
    lacking.current.push(newest(&world, &successor));
    let context = successor.told(&world, &case, &[(merged, None)]);
    for context in [fresh(&context), context] {
        undecided(&lacking.judge(&context), CheckName::Status, "did-history-incomplete");
    }
}
