//! What a DID that moved says in its new home has to be in sight: who knows only the log that it left cannot tell.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::consent::ConsentReceipt;
use inkan_ledger::{
    ActId, Claims, CurrentProof, DigestFormat, Kind, MapKey, Opening, Receipt, SignedEntry,
    commitment,
};
use inkan_tests::world::{Case, HOLDER, ISSUER, Ledger, ORIGIN, Order, Parts, Who, World};
use inkan_verifier::verified::ActState;
use inkan_verifier::{CheckName, Context, Receipts, Verification, reports};

use super::consent::{self, codes, holds, told};
use super::expect::{accepted, lines, noted, open, undecided};
use super::moved::{at_home, import};

const OTHER: &str = "other.example";
const CODE: &str = "did-home-out-of-sight";

/// Somebody who has moved, with the log that it moved to.
struct Gone {
    world: World,
    who: Who,
    other: Ledger,
    entered: Vec<Receipt>,
    /// Well before the move.
    before: Timestamp,
}

impl Gone {
    fn of(mut world: World, who: Who) -> Self {
        let before = world.now;
        world.sleep(3_600);
        let mut other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_722), world.now);
        let document = at_home(world.actor(who), OTHER);
        world.leave(who, document);
        let entered = import(&mut other, world.actor(who), world.now);
        Self { world, who, other, entered, before }
    }

    /// Who pinned the log that was left, and no other.
    fn near(&self) -> Context {
        self.world.context()
    }

    /// Who pinned both.
    fn far(&self) -> Context {
        Context { logs: vec![self.other.policy(), self.world.ledger.policy()], ..self.near() }
    }

    /// What the new home shows of the DID now.
    fn pin(&self) -> CurrentProof {
        self.of_home(&MapKey::did(self.world.actor(self.who).scid()))
    }

    fn of_home(&self, key: &MapKey) -> CurrentProof {
        self.other.current(key, self.other.size())
    }

    /// The same parts with what the new home shows of the DID.
    fn seen(&self, parts: &Parts) -> Parts {
        let mut parts = parts.clone();
        parts.receipts.extend(self.entered.iter().cloned());
        parts.current.push(self.pin());
        parts
    }

    /// It says something in its new home.
    fn say(&mut self, claims: &Claims) -> u64 {
        self.world.sleep(60);
        let (actor, now) = (self.world.actor(self.who), self.world.now);
        let entry = SignedEntry::sign(claims, &actor.url(), OTHER, &actor.key, now);
        self.other.append(claims.kind(), entry.expect("one").as_bytes(), now)
    }

    /// Time passes, and the new home goes on.
    fn sleep(&mut self, seconds: i64) {
        self.world.sleep(seconds);
        let commitment = inkan_core::sha256(&[self.world.now.to_string().as_bytes()]);
        self.say(&Claims::Issuance { commitment });
    }
}

#[test]
fn an_issuer_that_moved_out_of_sight_is_left_open() {
    let mut world = World::new(176);
    let case = world.issue(Format::DataIntegrity);
    let gone = Gone::of(world, ISSUER);
    let parts = gone.world.parts(&case);
    // The log that it left goes on to vouch for all of it, and knows nothing of what came after.
    for name in [CheckName::DidActive, CheckName::KeyInForce] {
        undecided(&parts.judge(&gone.near()), name, CODE);
        undecided(&parts.judge(&gone.far()), name, CODE);
    }
    // The log is named.
    assert!(lines(&parts.judge(&gone.near())).contains(OTHER));
    // What arrived there is at hand, and nothing of what came after.
    let mut arrived = parts.clone();
    arrived.receipts.extend(gone.entered.iter().cloned());
    undecided(&arrived.judge(&gone.far()), CheckName::DidActive, CODE);
    // Who knows the new home is shown it; who does not is not helped by what it shows.
    accepted(&gone.seen(&parts).judge(&gone.far()));
    undecided(&gone.seen(&parts).judge(&gone.near()), CheckName::DidActive, CODE);
    // As of a time before the move it had one home.
    let then = Context { as_of: gone.before, ..gone.near() };
    let mut early = parts;
    early.current.clear();
    accepted(&early.judge(&then));
}

#[test]
fn who_came_back_is_in_sight_only_by_what_the_first_home_shows_since() {
    let mut world = World::new(177);
    let case = world.issue(Format::DataIntegrity);
    let staying = world.head_of(&MapKey::did(world.actor(ISSUER).scid()));
    let mut gone = Gone::of(world, ISSUER);
    gone.world.sleep(60);
    let (document, now) = (at_home(gone.world.actor(ISSUER), ORIGIN), gone.world.now);
    let line = gone.world.actors[ISSUER.0].rewrite(document, &mut SeededRng::new(4_723), now);
    let place = gone.other.append(Kind::Did, line.as_bytes(), now);
    let left = gone.other.receipt(place);
    let mut parts = gone.seen(&gone.world.parts(&case));
    parts.receipts.push(left);
    let key = MapKey::did(gone.world.actor(ISSUER).scid());
    let leaving = gone.world.head_of(&key);
    parts.current.extend([staying, leaving]);
    undecided(&parts.judge(&gone.far()), CheckName::DidActive, CODE);
    let before = parts.clone();
    let body = line.trim_end().as_bytes();
    let back = gone.world.ledger.log.prepare_import(&[body], now).expect("an import");
    let inkan_ledger::state::ImportSubmission::New(prepared) = back else { panic!("known") };
    for one in prepared {
        gone.world.ledger.log.commit(one).expect("in order");
    }
    gone.world.ledger.seal(now);
    parts.current.push(gone.world.head_of(&key));
    let patient = parts.judge(&gone.far());
    assert!(!lines(&patient).contains(CODE), "{}", lines(&patient));
    // Who came back said something in between, and a log of the DID alone shows that it was away.
    let actor = gone.world.actor(ISSUER);
    let mut between = gone.world.parts(&case);
    between.did_logs = vec![(actor.did.to_string(), actor.did_log(usize::MAX))];
    between.current.push(gone.world.head_of(&key));
    undecided(&between.judge(&gone.near()), CheckName::DidActive, CODE);
    between.receipts.extend(before.receipts);
    between.current.push(gone.of_home(&key));
    let shown = between.judge(&gone.far());
    assert!(!lines(&shown).contains(CODE), "{}", lines(&shown));
}

#[test]
fn a_holder_that_moved_out_of_sight_presents_to_who_can_see_it() {
    for (seed, format) in [(178, Format::DataIntegrity), (179, Format::Jose)] {
        let mut world = World::new(seed);
        let case = world.issue(format);
        let mut gone = Gone::of(world, HOLDER);
        let presentation = gone.world.present(&[&case], format, HOLDER);
        let parts = gone.world.parts_presented(presentation, &[&case]);
        let asking = |context| Context { expectation: gone.world.asking().expectation, ..context };
        open(&parts.judge(&asking(gone.near())), CheckName::Presentation, CODE);
        accepted(&gone.seen(&parts).judge(&asking(gone.far())));
    }
}

fn accepted_act(seed: u64) -> (Gone, Case, ActId) {
    let mut world = World::new(seed);
    let mut case = world.issue(Format::DataIntegrity);
    world.accept(&mut case);
    let act = case.acts[0].1;
    (Gone::of(world, HOLDER), case, act)
}

#[track_caller]
fn state(verification: &Verification) -> ActState {
    let all = accepted(verification).countersignatures();
    assert_eq!(all.len(), 1, "{}", lines(verification));
    all[0].state()
}

#[test]
fn an_acceptance_by_who_moved_is_current_when_the_new_home_shows_that_nothing_followed() {
    let (mut gone, case, act) = accepted_act(180);
    let parts = gone.world.parts(&case);
    // Out of sight it counts for nobody.
    let near = parts.judge(&gone.near());
    noted(&near, CheckName::Countersignature, CODE);
    assert!(accepted(&near).countersignatures().is_empty(), "{}", lines(&near));
    // The log that was left goes on to stamp the act.
    let seen = gone.seen(&parts);
    assert_eq!(state(&seen.judge(&gone.far())), ActState::NewestKnown);
    let key = MapKey::act(gone.world.actor(HOLDER).scid(), &act);
    let mut silent = seen.clone();
    silent.current.push(gone.of_home(&key));
    let ActState::Current { fresh_at: early } = state(&silent.judge(&gone.far())) else {
        panic!("{}", lines(&silent.judge(&gone.far())))
    };
    // The oldest of what is shown counts.
    gone.sleep(7_200);
    let mut parts = gone.seen(&gone.world.parts(&case));
    parts.current.extend(silent.current.last().cloned());
    let ActState::Current { fresh_at } = state(&parts.judge(&gone.far())) else { panic!("open") };
    assert_eq!(fresh_at, early);
    // But for the log that was left: it may be gone, and what it showed after the leaving does not grow old.
    let mut late = gone.seen(&gone.world.parts(&case));
    late.current.push(gone.of_home(&key));
    let ActState::Current { fresh_at } = state(&late.judge(&gone.far())) else { panic!("open") };
    assert!(fresh_at.seconds_since(early) >= 7_200, "{early} {fresh_at}");
    // What it says there is the newest.
    let commitment =
        commitment(Kind::Countersignature, "another", &[7; 16], &inkan_core::sha256(&[b"no"]));
    gone.say(&Claims::Countersignature { commitment, act, sequence: 1 });
    parts.current.push(gone.of_home(&key));
    assert_eq!(state(&parts.judge(&gone.far())), ActState::Superseded);
}

#[test]
fn how_fresh_an_act_is_its_signers_history_says_too() {
    let mut world = World::new(181);
    let mut case = world.issue(Format::DataIntegrity);
    world.accept(&mut case);
    let did = MapKey::did(world.actor(HOLDER).scid());
    let early = world.head_of(&did);
    let is_of_holder = |parts: &mut Parts, world: &World| {
        let head = world.head_of(&did);
        parts.current.retain(|one| *one != head);
    };
    let before = world.now;
    world.sleep(7_200);
    world.enter(ISSUER, &Claims::Issuance { commitment: inkan_core::sha256(&[b"later"]) });
    let mut parts = world.parts(&case);
    is_of_holder(&mut parts, &world);
    // A move that came in between would not be seen.
    assert_eq!(state(&parts.judge(&world.context())), ActState::NewestKnown);
    parts.current.push(early);
    let ActState::Current { fresh_at } = state(&parts.judge(&world.context())) else {
        panic!("open")
    };
    assert!(fresh_at <= before.plus_seconds(60), "{fresh_at} {before}");
}

/// A file of a consent, with more that is shown.
fn with(file: &ConsentReceipt, receipts: &[Receipt], current: &[CurrentProof]) -> ConsentReceipt {
    let mut file = file.clone();
    file.receipts.extend(receipts.iter().map(Receipt::to_value));
    file.current.extend(current.iter().map(CurrentProof::to_value));
    file
}

#[test]
fn a_consent_of_who_moved_is_given_when_the_new_home_shows_that_it_was_not_taken_back() {
    let mut scene = consent::scene(182);
    scene.record(HOLDER);
    let (early, before) = (scene.packed(), scene.world.now);
    scene.world.sleep(3_600);
    let mut other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_724), scene.world.now);
    let document = at_home(scene.world.actor(HOLDER), OTHER);
    scene.world.leave(HOLDER, document);
    let entered = import(&mut other, scene.world.actor(HOLDER), scene.world.now);
    let near = Context { receipts: Receipts::Used, ..scene.world.context() };
    let logs = vec![other.policy(), scene.world.ledger.policy()];
    let far = Context { logs, ..near.clone() };
    let file = scene.packed();
    // The log that was left goes on to say "given".
    let judged = consent::judge(&file, None, &near);
    assert!(
        codes(&judged).iter().all(|code| [CODE, "unknown-log"].contains(code)),
        "{}",
        told(&judged)
    );
    holds(&consent::judge(&early, None, &Context { as_of: before, ..near.clone() }));
    let scid = scene.world.actor(HOLDER).scid().to_owned();
    let (did, act) = (MapKey::did(&scid), MapKey::act(&scid, &scene.act()));
    let pin = |other: &Ledger| other.current(&did, other.size());
    let seen = with(&file, &entered, &[pin(&other)]);
    assert_eq!(codes(&consent::judge(&seen, None, &far)), ["stale"]);
    let silent = with(&seen, &[], &[other.current(&act, other.size())]);
    holds(&consent::judge(&silent, None, &far));
    // It is taken back there, by an entry that counts from one.
    scene.withdraw();
    let newest = scene.receipt.newest().expect("a state");
    let (salt, digest) = (newest.event().salt.expect("a salt"), newest.digest());
    let com = commitment(Kind::Countersignature, &scid, &salt, &digest);
    let claims = Claims::Countersignature { commitment: com, act: scene.act(), sequence: 1 };
    let (actor, now) = (scene.world.actor(HOLDER), scene.world.now);
    let entry = SignedEntry::sign(&claims, &actor.url(), OTHER, &actor.key, now).expect("one");
    let place = other.append(Kind::Countersignature, entry.as_bytes(), now);
    let late = Context { as_of: now, received_at: now, ..far };
    let head = other.current(&act, other.size());
    // The older file does not hide it.
    let older = with(&seen, &[], &[pin(&other), head.clone()]);
    assert_eq!(codes(&consent::judge(&older, None, &late)), ["act-superseded"]);
    let opening = Opening::new(DigestFormat::Di, salt, digest);
    let receipt = other.receipt(place).with_opening(opening);
    let gone = with(&seen, &[receipt], &[pin(&other), head]);
    let mut taken = scene.packed();
    (taken.receipts, taken.current) = (gone.receipts, gone.current);
    assert_eq!(codes(&consent::judge(&taken, None, &late)), ["consent-withdrawn"]);
}

#[test]
fn a_log_that_was_left_takes_no_more_reports_and_need_not_be_fresh() {
    let mut world = World::new(183);
    let order = Order { status: false, ..Order::of(Format::DataIntegrity) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let keys = reports::map_keys(world.actor(ISSUER).scid(), &world.actor(ISSUER).url());
    // Only of a key that is out of the document since a report is looked for.
    world.rotate(ISSUER);
    let staying = keys.map(|key| world.head_of(&key));
    let mut gone = Gone::of(world, ISSUER);
    let left = keys.map(|key| gone.world.head_of(&key));
    gone.sleep(7_200);
    let home = keys.map(|key| gone.of_home(&key));
    let parts = gone.seen(&gone.world.parts(&case));
    let young = Context { max_age: Some(3_600), ..gone.far() };
    let judge = |shown: &[&[CurrentProof]]| {
        let mut parts = parts.clone();
        parts.current.extend(shown.concat());
        parts.judge(&young)
    };
    accepted(&judge(&[&left, &home]));
    // What it showed before it was left leaves open what came between; and where the DID lives now has to be asked.
    for shown in [&[&staying[..], &home][..], &[&left], &[&home]] {
        undecided(&judge(shown), CheckName::KeyInForce, "stale");
    }
}
