//! DIDs that moved to another log (ledger §6.6): the home in force counts, and a move counts with the receipts of both logs.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::{Artefact, Format};
use inkan_issuer::status::BitState;
use inkan_ledger::state::ImportSubmission;
use inkan_ledger::{
    Claims, CurrentProof, DigestFormat, Kind, MapKey, Opening, Receipt, SignedEntry, StatusClaims,
    StatusFormat, commitment,
};
use inkan_tests::world::{Actor, Case, HOLDER, ISSUER, LIST, Ledger, Order, Parts, World};
use inkan_verifier::{CheckName, Context};
use serde_json::Value;

use super::expect::{accepted, undecided, worthless};

const OTHER: &str = "other.example";
const SALT: [u8; 16] = [9; 16];

/// An issuer that moved, and a credential that it issued and recorded in its new home.
struct Moved {
    world: World,
    /// Of both versions, in the log that was left.
    left: [Receipt; 2],
    /// Of both versions, in the log that was entered.
    entered: [Receipt; 2],
    /// Of the credential, there.
    issued: Receipt,
    artefact: Artefact,
    context: Context,
    other: Ledger,
}

/// The first document of somebody, with this log as the home.
pub fn at_home(who: &Actor, origin: &str) -> Value {
    let mut document: Value = serde_json::from_str::<Value>(who.lines.last().expect("a version"))
        .expect("JSON")["state"]
        .take();
    let service = document["service"].as_array_mut().expect("services").iter_mut();
    for service in service.filter(|service| service["type"] == "LedgerLog") {
        service["serviceEndpoint"] = format!("https://{origin}").into();
    }
    document
}

/// Takes all versions of somebody to another log, where those that are not known yet are recorded.
pub fn import(log: &mut Ledger, who: &Actor, now: Timestamp) -> Vec<Receipt> {
    let bodies: Vec<&[u8]> = who.lines.iter().map(|line| line.trim_end().as_bytes()).collect();
    let import = log.log.prepare_import(&bodies, now).expect("an import");
    let ImportSubmission::New(prepared) = import else { panic!("known there already") };
    let places: Vec<u64> =
        prepared.into_iter().map(|one| log.log.commit(one).expect("in order")).collect();
    log.seal(now);
    places.into_iter().map(|place| log.receipt(place)).collect()
}

fn moved(mut world: World) -> Moved {
    let mut other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), world.now);
    let document = at_home(world.actor(ISSUER), OTHER);
    world.leave(ISSUER, document);
    let issuer = world.actor(ISSUER);
    let left = [0, 1].map(|at| world.ledger.receipt(issuer.places[at]));
    let entered = import(&mut other, issuer, world.now).try_into().expect("two versions");

    let order = Order { ledger: false, status: false, ..Order::of(Format::DataIntegrity) };
    let case = world.draw_up(&order);
    let (issuer, digest) = (world.actor(ISSUER), case.credential.issuance_digest());
    let com = commitment(Kind::Issuance, issuer.scid(), &SALT, &digest);
    let claims = Claims::Issuance { commitment: com };
    let entry = SignedEntry::sign(&claims, &issuer.url(), OTHER, &issuer.key, world.now);
    let place = other.append(Kind::Issuance, entry.expect("an entry").as_bytes(), world.now);
    let opening = Opening::new(DigestFormat::Di, SALT, digest);
    let issued = other.receipt(place).with_opening(opening);
    let logs = vec![other.policy(), world.ledger.policy()];
    let context = Context { logs, ..world.context() };
    let artefact = Artefact::Credential(case.credential);
    Moved { world, left, entered, issued, artefact, context, other }
}

impl Moved {
    /// What the new home shows of the issuer's DID now.
    fn pin(&self) -> CurrentProof {
        let home = MapKey::did(self.world.actor(ISSUER).scid());
        self.other.current(&home, self.other.size())
    }

    fn with(&self, receipts: &[&Receipt]) -> Parts {
        let mut parts = Parts::of(self.artefact.clone());
        parts.receipts = receipts.iter().copied().cloned().collect();
        parts.receipts.push(self.issued.clone());
        parts
    }
}

#[test]
fn a_move_counts_with_the_receipts_of_both_logs() {
    let moved = moved(World::new(170));
    let ([first, leaving], [again, arriving]) = (&moved.left, &moved.entered);
    let seen = |receipts: &[&Receipt]| {
        let mut parts = moved.with(receipts);
        parts.current.push(moved.pin());
        parts.judge(&moved.context)
    };
    let verification = seen(&[first, leaving, arriving]);
    let credential = accepted(&verification);
    assert_eq!(credential.recorded().expect("a record").origin(), OTHER);
    accepted(&seen(&[arriving, again, leaving, first]));
}

#[test]
fn a_move_that_one_log_does_not_show_is_left_open() {
    let moved = moved(World::new(170));
    let ([first, leaving], [again, arriving]) = (&moved.left, &moved.entered);
    let open = "did-history-incomplete";
    for receipts in [&[first, leaving][..], &[first, leaving, again], &[first, arriving]] {
        undecided(&moved.with(receipts).judge(&moved.context), CheckName::OnLedger, open);
    }
    // What was imported proves nothing there but that it is stored.
    let imported = moved.with(&[again, arriving]).judge(&moved.context);
    undecided(&imported, CheckName::IssuerLog, "did-unresolved");
}

#[test]
fn what_was_recorded_before_the_move_stays_good() {
    let mut world = World::new(170);
    let case = world.issue(Format::DataIntegrity);
    let before = world.parts(&case);
    accepted(&before.judge(&world.context()));
    let moved = moved(world);
    let mut parts = before;
    parts.receipts.extend(moved.left.iter().chain(&moved.entered).cloned());
    parts.current.push(moved.pin());
    let context = Context { as_of: moved.world.now, received_at: moved.world.now, ..moved.context };
    accepted(&parts.judge(&context));
}

/// A credential of before the move with the issuer's list of then, and what the log that was left shows of that list today.
fn before(moved: &Moved, case: &Case) -> Parts {
    let mut parts = moved.world.parts(case);
    parts.receipts.extend(moved.left.iter().chain(&moved.entered).cloned());
    parts.current.push(moved.pin());
    parts
}

impl Moved {
    /// Judges now, by what was seen within the last hour.
    fn fresh(&self) -> Context {
        let now = self.world.now;
        Context { as_of: now, received_at: now, max_age: Some(3_600), ..self.context.clone() }
    }

    /// Time passes, and both logs go on.
    fn sleep(&mut self, seconds: i64) {
        self.world.sleep(seconds);
        let commitment = inkan_core::sha256(&[self.world.now.to_string().as_bytes()]);
        let something = Claims::Issuance { commitment };
        let (issuer, now) = (self.world.actor(ISSUER), self.world.now);
        let entry = SignedEntry::sign(&something, &issuer.url(), OTHER, &issuer.key, now);
        self.other.append(Kind::Issuance, entry.expect("one").as_bytes(), now);
        self.world.enter(HOLDER, &something);
    }

    /// The issuer goes back to its first log: the receipts of its leaving and of its return.
    fn come_back(&mut self) -> (Receipt, Receipt) {
        let now = self.world.now;
        let document = at_home(self.world.actor(ISSUER), inkan_tests::world::ORIGIN);
        let line = self.world.actors[0].rewrite(document, &mut SeededRng::new(4_715), now);
        let place = self.other.append(Kind::Did, line.as_bytes(), now);
        let import = self.world.ledger.log.prepare_import(&[line.trim_end().as_bytes()], now);
        let ImportSubmission::New(mut one) = import.expect("an import") else { panic!("known") };
        let one = one.pop().expect("one version");
        let back = self.world.ledger.log.commit(one).expect("in order");
        self.world.ledger.seal(now);
        (self.other.receipt(place), self.world.ledger.receipt(back))
    }

    /// What the new home shows of the list now.
    fn head(&self) -> CurrentProof {
        self.other.current(&self.world.list_key(), self.other.size())
    }

    /// The issuer revokes at its new home; gives the list and its receipt.
    fn revoke(&mut self, case: &Case) -> (String, Receipt) {
        let entry = case.status.as_ref().expect("a status");
        self.world.list.change(entry, BitState::Set).expect("its place");
        self.announce()
    }

    /// The issuer announces the list as it is at its new home.
    fn announce(&mut self) -> (String, Receipt) {
        let published = self.world.sign_list(90 * 86_400);
        let claims = Claims::Status(StatusClaims {
            uri: LIST.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            // The other log counts for itself.
            sequence: 1,
            digest: published.digest,
            length: published.length,
            not_before: published.valid_from,
            expires: published.valid_until,
        });
        let (issuer, now) = (self.world.actor(ISSUER), self.world.now);
        let entry = SignedEntry::sign(&claims, &issuer.url(), OTHER, &issuer.key, now);
        let place = self.other.append(Kind::Status, entry.expect("one").as_bytes(), now);
        (published.body, self.other.receipt(place))
    }
}

#[test]
fn the_log_that_an_issuer_left_does_not_vouch_for_its_last_list() {
    let mut world = World::new(171);
    let case = world.issue(Format::DataIntegrity);
    let mut moved = moved(world);
    let silent = moved.head();
    moved.sleep(7_200);
    // The log that was left would stamp that list for ever.
    let alone = before(&moved, &case);
    undecided(&alone.judge(&moved.fresh()), CheckName::Status, "stale");
    accepted(&alone.judge(&Context { max_age: None, ..moved.fresh() }));
    // What the new home showed long ago is not fresh.
    let mut old = alone.clone();
    old.current.push(silent);
    undecided(&old.judge(&moved.fresh()), CheckName::Status, "stale");
    // It shows now that it knows of no list: the one of before is the newest.
    let mut both = alone;
    both.current.push(moved.head());
    accepted(&both.judge(&moved.fresh()));
}

#[test]
fn the_new_home_alone_has_to_be_asked_once_the_old_one_was_left() {
    let mut world = World::new(173);
    let case = world.issue(Format::DataIntegrity);
    let staying = world.head_of(&world.list_key());
    let mut moved = moved(world);
    let left = moved.world.head_of(&moved.world.list_key());
    let with = |moved: &Moved, of_left: &CurrentProof, of_home: &CurrentProof| {
        let mut parts = before(moved, &case);
        let home = MapKey::did(moved.world.actor(ISSUER).scid());
        parts.current = vec![of_left.clone(), of_home.clone()];
        parts.current.push(moved.other.current(&home, moved.other.size()));
        parts
    };
    let early = moved.head();
    moved.sleep(7_200);
    // What the old one showed after it was left is the last that it ever will: how fresh that is, the new one says.
    accepted(&with(&moved, &left, &moved.head()).judge(&moved.fresh()));
    undecided(&with(&moved, &left, &early).judge(&moved.fresh()), CheckName::Status, "stale");
    // What it showed before leaves open what came between.
    undecided(
        &with(&moved, &staying, &moved.head()).judge(&moved.fresh()),
        CheckName::Status,
        "stale",
    );
}

#[test]
fn what_an_issuer_revoked_at_its_new_home_cannot_be_hidden_by_the_old_one() {
    let mut world = World::new(172);
    let case = world.issue(Format::DataIntegrity);
    let mut moved = moved(world);
    moved.sleep(60);
    let (body, receipt) = moved.revoke(&case);
    moved.sleep(60);
    let mut parts = before(&moved, &case);
    parts.current.push(moved.head());
    let patient = Context { max_age: None, ..moved.fresh() };
    undecided(&parts.judge(&patient), CheckName::Status, "stale");
    undecided(&parts.judge(&moved.fresh()), CheckName::Status, "stale");
    parts.lists.push(ServedStatusList::new(LIST, body.as_bytes()));
    parts.receipts.push(receipt);
    worthless(&parts.judge(&moved.fresh()), CheckName::Status, "credential-revoked");
}

/// A log after the other one.
const THIRD: &str = "third.example";

#[test]
fn a_log_that_an_issuer_came_back_to_is_not_closed_by_the_first_leaving() {
    let mut world = World::new(174);
    let case = world.issue(Format::DataIntegrity);
    let mut other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), world.now);
    let away = at_home(world.actor(ISSUER), OTHER);
    world.leave(ISSUER, away);
    let mut there = import(&mut other, world.actor(ISSUER), world.now);
    // It comes back, and goes to a third log: when it left is not at hand.
    let mut rng = SeededRng::new(4_713);
    for home in [inkan_tests::world::ORIGIN, THIRD] {
        world.sleep(60);
        let (document, now) = (at_home(world.actor(ISSUER), home), world.now);
        let line = world.actors[0].rewrite(document, &mut rng, now);
        if home != THIRD {
            let place = other.append(Kind::Did, line.as_bytes(), now);
            there.push(other.receipt(place));
            let back = world.ledger.log.prepare_import(&[line.trim_end().as_bytes()], now);
            let ImportSubmission::New(back) = back.expect("an import") else { panic!("known") };
            for one in back {
                world.ledger.log.commit(one).expect("in order");
            }
            world.ledger.seal(now);
        }
    }
    let mut third = Ledger::new(THIRD, 2, &mut SeededRng::new(4_714), world.now);
    import(&mut third, world.actor(ISSUER), world.now);
    world.sleep(7_200);
    let something = Claims::Issuance { commitment: inkan_core::sha256(&[b"later"]) };
    let issuer = world.actor(ISSUER);
    let entry = SignedEntry::sign(&something, &issuer.url(), THIRD, &issuer.key, world.now);
    third.append(Kind::Issuance, entry.expect("one").as_bytes(), world.now);
    let mut parts = world.parts(&case);
    parts.receipts.extend(there);
    let keys = [MapKey::did(issuer.scid()), world.list_key()];
    parts.current.extend([other.current(&keys[0], other.size()), world.head_of(&keys[0])]);
    parts.current.extend(keys.map(|key| third.current(&key, third.size())));
    let logs = [&world.ledger, &other, &third].map(Ledger::policy).into();
    let context = Context { logs, ..world.context() };
    accepted(&parts.judge(&context));
    let fresh = Context { max_age: Some(3_600), ..context };
    undecided(&parts.judge(&fresh), CheckName::Status, "stale");
}

#[test]
fn what_was_revoked_between_two_stays_is_not_hidden_by_the_word_of_the_first() {
    let mut world = World::new(175);
    let case = world.issue(Format::DataIntegrity);
    let mut moved = moved(world);
    moved.sleep(60);
    let (body, receipt) = moved.revoke(&case);
    // It comes back, and the first log goes on to show what it was told before.
    moved.sleep(60);
    let (left, back) = moved.come_back();
    let mut parts = before(&moved, &case);
    parts.current.extend([moved.head(), moved.world.head_of(&moved.world.list_key())]);
    parts.receipts.extend([left, back]);
    let patient = Context { max_age: None, ..moved.fresh() };
    undecided(&parts.judge(&patient), CheckName::Status, "stale");
    parts.lists.push(ServedStatusList::new(LIST, body.as_bytes()));
    parts.receipts.push(receipt);
    worthless(&parts.judge(&patient), CheckName::Status, "credential-revoked");
}

#[test]
fn a_stay_whose_beginning_is_not_shown_hides_no_revocation() {
    let mut world = World::new(184);
    let case = world.issue(Format::DataIntegrity);
    let mut moved = moved(world);
    moved.sleep(60);
    let (body, receipt) = moved.announce();
    moved.sleep(60);
    let (left, back) = moved.come_back();
    // It revokes in its first log, and writes one more version there: nothing needs the receipt of its return any more.
    moved.world.sleep(60);
    let entry = case.status.as_ref().expect("a status");
    moved.world.list.change(entry, BitState::Set).expect("its place");
    let mut revoked = moved.world.sign_list(90 * 86_400);
    // Each log counts for itself.
    revoked.seq = 2;
    let format = StatusFormat::Bitstring { purpose: "revocation".to_owned() };
    moved.world.announce_list(LIST, format, &revoked);
    let document = at_home(moved.world.actor(ISSUER), inkan_tests::world::ORIGIN);
    moved.world.leave(ISSUER, document);
    let mut parts = before(&moved, &case);
    parts.lists = vec![ServedStatusList::new(LIST, body.as_bytes())];
    parts.receipts.extend([left, receipt]);
    parts.current.push(moved.head());
    undecided(&parts.judge(&moved.fresh()), CheckName::Status, "did-history-incomplete");
    // With it the log's word is known to be the newest, and another list than this.
    parts.receipts.push(back);
    undecided(&parts.judge(&moved.fresh()), CheckName::Status, "stale");
}
