//! Consents: signatures, presentation, receiver, deadline, withdrawal, and what the ledger knows of their act.

use inkan_credential::consent::{
    ConsentPurpose, ConsentReceipt, ConsentRecord, ConsentState, acknowledge,
};
use inkan_credential::{Format, Presentation};
use inkan_crypto::KeyType;
use inkan_holder::{Consent, ConsentMakeError, give_consent, withdraw_consent};
use inkan_io::gather::from_consent;
use inkan_ledger::{
    ActId, Claims, CurrentProof, DigestFormat, Kind, MapKey, Opening, Receipt, commitment,
};
use inkan_tests::world::{AUDIENCE, HOLDER, ORIGIN, Who, World};
use inkan_verifier::{
    CheckName, ConsentVerification, Context, Outcome, Receipts, Want, plan_consent, verify_consent,
};

/// A world, a presentation, and what was consented to about it.
pub struct Scene {
    pub world: World,
    bank: Who,
    presentation: Presentation,
    pub receipt: ConsentReceipt,
    /// Places of recorded states.
    entries: Vec<u64>,
}

pub fn scene(seed: u64) -> Scene {
    scene_of(seed, Format::DataIntegrity, None)
}

fn scene_of(seed: u64, format: Format, until: Option<i64>) -> Scene {
    let mut world = World::new(seed);
    let case = world.issue(format);
    let bank = world.settle("bank", KeyType::P256);
    let presentation = world.present(&[&case], format, HOLDER);
    let given = give(&mut world, &presentation, bank, until);
    let receipt = ConsentReceipt::of(given).expect("a receipt");
    Scene { world, bank, presentation, receipt, entries: Vec::new() }
}

fn give(world: &mut World, of: &Presentation, bank: Who, until: Option<i64>) -> ConsentRecord {
    give_as(world, HOLDER, of, (bank, until)).expect("a consent")
}

fn give_as(
    world: &mut World,
    who: Who,
    of: &Presentation,
    (bank, until): (Who, Option<i64>),
) -> Result<ConsentRecord, ConsentMakeError> {
    let purposes = [ConsentPurpose { id: None, text: "Opening an account".to_owned() }];
    let (holder, bank) = (&world.actors[who.0], world.actors[bank.0].did.to_string());
    let method = holder.method();
    let consent = Consent {
        method: &method,
        receiver: Some(&bank),
        purposes: &purposes,
        notice: None,
        policy: None,
        until: until.map(|seconds| world.now.plus_seconds(seconds)),
        keep_until: None,
        recipients: &[],
        jurisdiction: None,
        withdrawal_method: "a signed withdrawal",
        log: Some(ORIGIN),
    };
    give_consent(of, &consent, &holder.key, world.now, &mut world.rng)
}

impl Scene {
    fn newest(&self) -> &ConsentRecord {
        self.receipt.newest().expect("a state")
    }

    pub fn withdraw(&mut self) {
        self.world.sleep(100);
        let holder = &self.world.actors[HOLDER.0];
        let (method, newest) = (holder.method(), self.receipt.newest().expect("a state"));
        let pair = (method.as_str(), Some("enough"));
        let (now, rng) = (self.world.now, &mut self.world.rng);
        let next = withdraw_consent(newest, pair, &holder.key, now, rng).expect("a withdrawal");
        self.receipt.push(next).expect("the next state");
    }

    fn acknowledge(&mut self, who: Who) {
        self.world.sleep(5);
        let actor = self.world.actor(who);
        let names = ("urn:uuid:ack", actor.method());
        let newest = self.newest();
        let names = (names.0, names.1.as_str());
        let signed = acknowledge(newest, names, self.world.now, &actor.key).expect("signed");
        self.receipt.replace_newest(signed).expect("the same state");
    }

    /// Records the newest state in the name of `who`.
    pub fn record(&mut self, who: Who) {
        let newest = self.newest();
        let (salt, digest) = (newest.event().salt.expect("a salt"), newest.digest());
        let act = ActId::from_bytes(newest.terms().act);
        let sequence = newest.state().sequence();
        let scid = self.world.actor(who).scid().to_owned();
        let commitment = commitment(Kind::Countersignature, &scid, &salt, &digest);
        let claims = Claims::Countersignature { commitment, act, sequence };
        let place = self.world.enter(who, &claims);
        self.entries.push(place);
    }

    pub fn act(&self) -> ActId {
        ActId::from_bytes(self.newest().terms().act)
    }

    fn head(&self) -> CurrentProof {
        self.world.act_head(HOLDER, &self.act())
    }

    /// The receipts of the states that were recorded, in the order of recording.
    fn state_receipts(&self) -> Vec<Receipt> {
        let states = self.receipt.states().iter();
        let with = |(place, state): (&u64, &ConsentRecord)| {
            let salt = state.event().salt.expect("a salt");
            let opening = Opening::new(DigestFormat::Di, salt, state.digest());
            self.world.ledger.receipt(*place).with_opening(opening)
        };
        self.entries.iter().zip(states).map(with).collect()
    }

    /// The file, with all that the ledger shows now.
    pub fn packed(&self) -> ConsentReceipt {
        let mut file = self.receipt.clone();
        let mut receipts = self.state_receipts();
        let mut current = vec![self.head()];
        for who in [HOLDER, self.bank] {
            let actor = self.world.actor(who);
            receipts.extend(actor.places.iter().map(|place| self.world.ledger.receipt(*place)));
            current.push(self.world.head_of(&MapKey::did(actor.scid())));
            file.did_logs.insert(actor.did.to_string(), actor.did_log(usize::MAX));
        }
        file.receipts = receipts.iter().map(Receipt::to_value).collect();
        file.current = current.iter().map(CurrentProof::to_value).collect();
        file
    }

    fn context(&self) -> Context {
        Context { receipts: Receipts::Used, ..self.world.context() }
    }

    fn judge(&self) -> ConsentVerification {
        judge(&self.packed(), Some(&self.presentation), &self.context())
    }
}

/// Through the file's bytes, so that the reader is tested along the way.
pub fn judge(
    file: &ConsentReceipt,
    presentation: Option<&Presentation>,
    context: &Context,
) -> ConsentVerification {
    let bytes = file.to_value().to_string().into_bytes();
    let file = ConsentReceipt::parse(&bytes).expect("a consent receipt");
    verify_consent(&file, presentation, &from_consent(&file), context)
}

/// These states, with what another file shows.
fn beside(mut states: ConsentReceipt, shows: &ConsentReceipt) -> ConsentReceipt {
    states.receipts.clone_from(&shows.receipts);
    states.current.clone_from(&shows.current);
    states.did_logs.clone_from(&shows.did_logs);
    states
}

pub fn told(judged: &ConsentVerification) -> String {
    judged.checks().iter().map(|check| format!("{check:?}\n")).collect()
}

#[track_caller]
pub fn holds(judged: &ConsentVerification) {
    assert!(judged.holds(), "{}", told(judged));
}

/// What stands in the way: codes of what failed, and of what could not be told and had to be.
#[track_caller]
pub fn codes(judged: &ConsentVerification) -> Vec<&'static str> {
    assert!(!judged.holds(), "{}", told(judged));
    let stops = judged.checks().iter().filter(|check| check.failed() || check.blocks());
    stops.filter_map(|check| check.reason().map(|reason| reason.code())).collect()
}

#[track_caller]
fn line(judged: &ConsentVerification, name: CheckName) -> Outcome {
    let found = judged.checks().iter().find(|check| check.name == name);
    found.unwrap_or_else(|| panic!("{name:?} in {}", told(judged))).outcome.clone()
}

#[test]
fn a_consent_holds_recorded_or_not_in_every_form_of_presentation() {
    for (seed, format) in [(700, Format::DataIntegrity), (701, Format::Jose)] {
        let mut scene = scene_of(seed, format, Some(86_400));
        holds(&scene.judge());
        assert_eq!(line(&scene.judge(), CheckName::Acknowledgement), Outcome::Skipped);
        scene.record(HOLDER);
        scene.acknowledge(scene.bank);
        let judged = scene.judge();
        holds(&judged);
        for name in [CheckName::OnLedger, CheckName::Acknowledgement, CheckName::Shown] {
            assert_eq!(line(&judged, name), Outcome::Pass, "{name:?}");
        }
        // Without the presentation nothing is said of it.
        let alone = judge(&scene.packed(), None, &scene.context());
        holds(&alone);
        for name in [CheckName::Presentation, CheckName::Shown] {
            assert_eq!(line(&alone, name), Outcome::Skipped, "{name:?}");
        }
        assert!(!judged.states().is_empty(), "what was proved is worth remembering");
    }
}

#[test]
fn a_withdrawal_is_seen_whether_it_is_recorded_or_not() {
    let mut scene = scene(702);
    scene.withdraw();
    assert_eq!(codes(&scene.judge()), ["consent-withdrawn"]);
    let mut scene = scene_of(703, Format::DataIntegrity, None);
    scene.record(HOLDER);
    scene.withdraw();
    scene.record(HOLDER);
    assert_eq!(codes(&scene.judge()), ["consent-withdrawn"]);
}

#[test]
fn an_older_state_does_not_hide_a_recorded_withdrawal() {
    let mut scene = scene(704);
    scene.record(HOLDER);
    let (given, before) = (scene.receipt.clone(), scene.packed());
    scene.withdraw();
    scene.record(HOLDER);
    // The older file, with what the ledger says now of its act.
    let mut older = beside(given, &scene.packed());
    let all = judge(&older, None, &scene.context());
    assert!(codes(&all).contains(&"act-superseded"), "{}", told(&all));
    // The same without the receipt of the newer state: the map is enough.
    older.receipts = before.receipts.clone();
    let judged = judge(&older, None, &scene.context());
    assert_eq!(codes(&judged), ["act-superseded"]);
    // With the map of before it is as it was then, and a verifier who has seen more is not fooled.
    let then = judge(&before, None, &scene.context());
    holds(&then);
    let mut context = scene.context();
    context.known = judged.states().to_vec();
    assert!(codes(&judge(&before, None, &context)).contains(&"newer-state-known"));
    // Who bounds the age is not fooled either.
    let mut context = scene.context();
    context.max_age = Some(10);
    assert!(codes(&judge(&before, None, &context)).contains(&"stale"));
}

#[test]
fn where_nothing_says_how_the_act_stands_nobody_says_that_the_consent_is_given() {
    // Where nothing says how the act stands, nobody says that the consent is still given.
    let scene = scene(705);
    let mut file = scene.packed();
    let own = scene.head().to_value();
    file.current.retain(|one| *one != own);
    assert_eq!(codes(&judge(&file, None, &scene.context())), ["stale"]);
    let mut context = scene.context();
    context.logs.clear();
    let all = judge(&scene.packed(), None, &context);
    assert!(codes(&all).contains(&"unknown-log"), "{}", told(&all));
}

#[test]
fn as_of_an_earlier_time_a_consent_stands_as_it_stood() {
    let mut scene = scene_of(706, Format::DataIntegrity, Some(100_000));
    scene.record(HOLDER);
    scene.world.sleep(400);
    let between = (scene.world.now, scene.packed());
    scene.world.sleep(2_000);
    scene.withdraw();
    scene.record(HOLDER);
    let mut file = scene.packed();
    let mut context = scene.context();
    assert_eq!(codes(&judge(&file, None, &context)), ["consent-withdrawn"]);
    context.as_of = between.0;
    file.current.extend(between.1.current.clone());
    holds(&judge(&file, None, &context));
    // Before it was given, and after it ended.
    context.as_of = between.0.plus_seconds(-100_000);
    assert!(codes(&judge(&file, None, &context)).contains(&"consent-not-current"));
    let mut plain = scene_of(707, Format::DataIntegrity, Some(1_000));
    plain.world.sleep(2_000);
    assert_eq!(codes(&plain.judge()), ["consent-not-current"]);
}

#[test]
fn a_withdrawal_that_is_dated_back_counts_from_its_record_on() {
    let mut scene = scene(708);
    scene.record(HOLDER);
    scene.withdraw();
    scene.world.sleep(10_000);
    let between = scene.world.now.plus_seconds(-1_000);
    let proof = scene.packed();
    scene.record(HOLDER);
    let mut file = scene.packed();
    file.current.extend(proof.current.clone());
    let context = Context { as_of: between, ..scene.context() };
    let judged = judge(&file, None, &context);
    assert!(!told(&judged).contains("consent-withdrawn"), "{}", told(&judged));
    assert_eq!(codes(&judge(&file, None, &scene.context())), ["consent-withdrawn"]);
}

#[test]
fn a_consent_is_not_replayed_for_another_presentation_receiver_or_holder() {
    let mut scene = scene(709);
    let case = scene.world.issue(Format::DataIntegrity);
    let other = scene.world.present(&[&case], Format::DataIntegrity, HOLDER);
    let judged = judge(&scene.packed(), Some(&other), &scene.context());
    assert_eq!(codes(&judged), ["consent-of-another-presentation"]);
    // A stranger signs the same words about somebody else's presentation.
    let given = scene.newest().to_value();
    let mut value = given.clone();
    value["piiPrincipalId"] = scene.world.actor(scene.bank).did.as_str().into();
    assert!(ConsentRecord::from_value(value).is_err());
    // The receiver's name is part of what is signed.
    let mut value = given;
    value["piiController"] = serde_json::json!({ "audience": "https://broker.example" });
    let forged = ConsentReceipt::of(ConsentRecord::from_value(value).expect("read")).expect("one");
    let file = beside(forged, &scene.packed());
    let judged = judge(&file, Some(&scene.presentation), &scene.context());
    let found = codes(&judged);
    assert!(found.contains(&"consent-proof-invalid"), "{found:?}");
    assert!(found.contains(&"consent-receiver-mismatch"), "{found:?}");
    assert_eq!(scene.presentation.audience(), [AUDIENCE]);
}

#[test]
fn only_the_receivers_acknowledgement_counts() {
    let mut scene = scene(710);
    let stranger = scene.world.settle("stranger", KeyType::Ed25519);
    scene.acknowledge(stranger);
    assert_eq!(codes(&scene.judge()), ["consent-acknowledgement-invalid"]);
    scene.acknowledge(scene.bank);
    holds(&scene.judge());
    // Damaged, it is refused; and the holder's signature is untouched.
    let mut value = scene.newest().to_value();
    value["proof"][1]["created"] = "2099-01-01T00:00:00Z".into();
    let record = ConsentRecord::from_value(value).expect("read");
    let file = beside(ConsentReceipt::of(record).expect("one"), &scene.packed());
    let judged = judge(&file, None, &scene.context());
    assert_eq!(codes(&judged), ["consent-acknowledgement-invalid"]);
    assert_eq!(line(&judged, CheckName::Signature), Outcome::Pass);
}

#[test]
fn a_record_by_somebody_else_is_no_state_of_the_act() {
    let mut scene = scene(711);
    // The bank knows the act and the salt, and records what it likes under its own name.
    scene.record(scene.bank);
    let judged = scene.judge();
    holds(&judged);
    assert!(told(&judged).contains("not-recorded"), "{}", told(&judged));
    // The holder itself records something else under the act: nothing at hand opens it.
    let mut scene = scene_of(712, Format::DataIntegrity, None);
    let other = give(&mut scene.world, &scene.presentation.clone(), scene.bank, Some(9_000));
    let commitment = commitment(
        Kind::Countersignature,
        scene.world.actor(HOLDER).scid(),
        &[1; 16],
        &other.digest(),
    );
    let claims = Claims::Countersignature { commitment, act: scene.act(), sequence: 1 };
    scene.world.enter(HOLDER, &claims);
    assert_eq!(codes(&scene.judge()), ["act-superseded"]);
}

#[test]
fn a_key_that_was_replaced_needs_a_record_from_before() {
    let mut scene = scene(713);
    scene.world.rotate(HOLDER);
    assert_eq!(codes(&scene.judge()), ["receipt-needed"]);
    let mut scene = scene_of(714, Format::DataIntegrity, None);
    scene.record(HOLDER);
    scene.world.rotate(HOLDER);
    holds(&scene.judge());
    scene.world.deactivate(HOLDER);
    holds(&scene.judge());
}

#[test]
fn what_is_kept_back_is_not_named_and_who_presents_is_told_by_the_key() {
    for (seed, flat) in [(716, false), (717, true)] {
        let (mut world, _, presentation) = super::key_bound::shown(seed, flat, &["age_over_20"]);
        let bank = world.settle("bank", KeyType::P256);
        let given = give(&mut world, &presentation, bank, None);
        let shown = &given.terms().shown[0];
        let paths: Vec<&str> = shown.claims.iter().map(|claim| claim.path.as_str()).collect();
        assert!(paths.iter().any(|path| path.ends_with("/age_over_20")), "{paths:?}");
        assert!(!paths.iter().any(|path| path.ends_with("/name")), "{paths:?}");
        assert!(shown.types.iter().any(|name| name.contains("Badge")), "{:?}", shown.types);
        let receipt = ConsentReceipt::of(given).expect("a receipt");
        let mut scene = Scene { world, bank, presentation, receipt, entries: Vec::new() };
        holds(&scene.judge());
        // Where what is shown names nobody, somebody else can sign a consent, and is told by the key.
        let of = scene.presentation.clone();
        match give_as(&mut scene.world, bank, &of, (bank, None)) {
            Ok(other) => {
                assert!(of.holder().is_empty());
                scene.receipt = ConsentReceipt::of(other).expect("a receipt");
                let mut file = scene.packed();
                let act = ActId::from_bytes(scene.newest().terms().act);
                file.current.push(scene.world.act_head(bank, &act).to_value());
                let judged = judge(&file, Some(&of), &scene.context());
                assert_eq!(codes(&judged), ["consent-of-another-presentation"]);
            }
            Err(error) => assert_eq!(error.code(), "consent-not-own"),
        }
    }
}

#[test]
fn whoever_is_known_by_the_name_of_a_key_consents_with_it_and_nobody_else_does() {
    let (mut world, presentation) = super::key_bound::shown_by_name(718);
    assert!(presentation.holder().is_empty());
    let bank = world.settle("bank", KeyType::P256);
    let given = give(&mut world, &presentation, bank, None);
    let receipt = ConsentReceipt::of(given).expect("a receipt");
    let mut scene = Scene { world, bank, presentation, receipt, entries: Vec::new() };
    holds(&scene.judge());
    let of = scene.presentation.clone();
    let other = give_as(&mut scene.world, bank, &of, (bank, None)).expect("a consent");
    scene.receipt = ConsentReceipt::of(other).expect("a receipt");
    let mut file = scene.packed();
    let act = ActId::from_bytes(scene.newest().terms().act);
    file.current.push(scene.world.act_head(bank, &act).to_value());
    let judged = judge(&file, Some(&of), &scene.context());
    assert_eq!(codes(&judged), ["consent-of-another-presentation"]);
}

#[test]
fn what_is_wanted_names_the_act_the_states_and_both_parties() {
    let mut scene = scene(715);
    scene.acknowledge(scene.bank);
    let wants = plan_consent(&scene.receipt);
    let dids = wants.iter().filter(|want| matches!(want, Want::Did(_))).count();
    let acts = wants.iter().filter(|want| matches!(want, Want::Act { .. })).count();
    let entries = wants.iter().filter(|want| matches!(want, Want::Issuance { .. })).count();
    assert_eq!((dids, acts, entries), (2, 1, 1));
    assert_eq!(scene.newest().state(), ConsentState::Given);
}
