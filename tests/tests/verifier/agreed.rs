//! What an issuer says that its credential needs: joint issuance, thresholds and the tricks against them, deadlines, the seal.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};
use inkan_credential::{Artefact, Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_ledger::Kind;
use inkan_tests::world::{Actor, Case, HOLDER, ISSUER, ORIGIN, Order, Parts, Step, Who, World};
use inkan_verifier::agreement::{Act, Answer, Flaw, Question, Standing, judge};
use inkan_verifier::verified::ActState;
use inkan_verifier::{CheckName, Context, Verification};
use serde_json::json;

use super::compromised::report;
use super::expect::{accepted, lines, noted, open, passed, refused, worthless};

const FORMATS: [Format; 3] = [Format::DataIntegrity, Format::Jose, Format::SdJwt];

fn named(world: &World, who: &[Who]) -> Option<WantedSigners> {
    let dids = who.iter().map(|who| world.actor(*who).did.to_string());
    Some(WantedSigners::Dids(dids.collect()))
}

fn witnesses(at_least: u32) -> Wanted {
    Wanted { at_least, ..Wanted::of(Role::Witness) }
}

fn offered(world: &mut World, format: Format, offer: &[Wanted]) -> Case {
    let order = Order { offer: offer.to_vec(), status: false, ..Order::of(format) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    case
}

fn act(world: &mut World, case: &mut Case, who: Who, role: Role, step: Step) {
    let acted = world.sign_act(case, who, role, step);
    world.record_act(case, &acted, who);
}

fn verified(world: &World, case: &Case) -> Verification {
    world.parts(case).judge(&world.context())
}

/// Somebody whose keys are those of everybody else with the same seed.
fn twin(world: &mut World, name: &str, seed: u64) -> Who {
    world.sleep(10);
    let mut rng = SeededRng::new(seed);
    let mut actor = Actor::new(name, KeyType::Ed25519, Some(ORIGIN), &mut rng, world.now);
    let line = actor.lines[0].clone();
    actor.places.push(world.ledger.append(Kind::Did, line.as_bytes(), world.now));
    world.actors.push(actor);
    Who(world.actors.len() - 1)
}

#[test]
fn neither_of_two_universities_issues_alone() {
    for format in FORMATS {
        let mut world = World::new(900);
        let second = world.settle("second", KeyType::Ed25519);
        let other = world.settle("other", KeyType::Ed25519);
        let by = named(&world, &[second]);
        let offer = [Wanted { by, ..Wanted::of(Role::CoIssuer) }];
        let mut case = offered(&mut world, format, &offer);
        let alone = verified(&world, &case);
        worthless(&alone, CheckName::Offered, "co-issuer-missing");
        // It is shown to those who are to sign it, and to nobody as accepted.
        assert!(alone.offers()[0].is_some(), "{}", lines(&alone));
        // Neither the issuer again nor somebody else takes the place of the second.
        let mut tricked = case.clone();
        act(&mut world, &mut tricked, ISSUER, Role::CoIssuer, Step::Accept);
        act(&mut world, &mut tricked, other, Role::CoIssuer, Step::Accept);
        act(&mut world, &mut tricked, second, Role::Witness, Step::Accept);
        refused(&verified(&world, &tricked), CheckName::Offered, "co-issuer-missing");
        act(&mut world, &mut case, second, Role::CoIssuer, Step::Accept);
        let both = verified(&world, &case);
        accepted(&both);
        assert_eq!(passed(&both, CheckName::Offered).evidence["found"], 1);
    }
}

#[test]
fn nor_does_the_other_of_the_two() {
    let mut world = World::new(901);
    let by = named(&world, &[ISSUER]);
    let second = world.settle("second", KeyType::P256);
    // The second university issues, and needs the first: an issuer like any other.
    let offer = [Wanted { by, ..Wanted::of(Role::CoIssuer) }];
    world.actors.swap(ISSUER.0, second.0);
    let mut case = offered(&mut world, Format::Jose, &offer);
    worthless(&verified(&world, &case), CheckName::Offered, "co-issuer-missing");
    act(&mut world, &mut case, second, Role::CoIssuer, Step::Accept);
    accepted(&verified(&world, &case));
}

#[test]
fn an_offer_cannot_be_taken_out() {
    let mut world = World::new(902);
    let case = offered(&mut world, Format::DataIntegrity, &[Wanted::of(Role::CoIssuer)]);
    let mut value = case.credential.to_value();
    value.as_object_mut().expect("members").remove("countersignatureOffer");
    let mut parts = world.parts(&case);
    parts.put(SecuredCredential::parse_value(value).expect("readable"));
    let verification = parts.judge(&world.context());
    refused(&verification, CheckName::Signature, "credential-proof-invalid");
    // One that nobody can read is no credential.
    let mut value = case.credential.to_value();
    value["countersignatureOffer"] = json!([]);
    assert!(SecuredCredential::parse_value(value).is_err());
}

#[test]
fn one_controller_with_two_keys_is_one_signer() {
    let mut world = World::new(903);
    let one = world.settle("one", KeyType::Ed25519);
    let two = world.settle("two", KeyType::Ed25519);
    let mut case = offered(&mut world, Format::Jose, &[witnesses(2)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    world.rotate(one);
    let first = std::mem::take(&mut case.beside);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    case.beside.extend(first);
    refused(&verified(&world, &case), CheckName::Offered, "countersigners-not-distinct");
    act(&mut world, &mut case, two, Role::Witness, Step::Accept);
    accepted(&verified(&world, &case));
}

#[test]
fn two_dids_with_one_key_are_one_signer() {
    let mut world = World::new(904);
    let (one, two) = (twin(&mut world, "one", 77), twin(&mut world, "two", 77));
    let key = world.actor(one).key.public_key();
    assert_eq!(key, world.actor(two).key.public_key());
    // The key alone, as a DID of its own.
    let mut rng = SeededRng::new(77);
    world.actors.push(Actor::visitor(KeyType::Ed25519, &mut rng));
    let alone = Who(world.actors.len() - 1);
    for other in [two, alone] {
        let mut case = offered(&mut world, Format::DataIntegrity, &[witnesses(2)]);
        act(&mut world, &mut case, one, Role::Witness, Step::Accept);
        let acted = world.sign_act(&mut case, other, Role::Witness, Step::Accept);
        let registrant = if other == two { two } else { ISSUER };
        world.record_act(&mut case, &acted, registrant);
        let verification = verified(&world, &case);
        refused(&verification, CheckName::Offered, "countersigners-not-distinct");
        assert!(lines(&verification).contains("sameControllerAs"), "{}", lines(&verification));
    }
}

#[test]
fn two_dids_that_name_each_other_are_one_signer() {
    let mut world = World::new(905);
    let one = world.settle("one", KeyType::Ed25519);
    let two = world.settle("two", KeyType::Ed25519);
    let names = |world: &mut World, who: Who, other: Who| {
        let line: serde_json::Value =
            serde_json::from_str(&world.actor(who).lines[0]).expect("an entry");
        let mut document = line["state"].clone();
        document["alsoKnownAs"] = json!([world.actor(other).did.to_string()]);
        world.leave(who, document);
    };
    names(&mut world, one, two);
    // One that names another says nothing about it.
    let mut case = offered(&mut world, Format::Jose, &[witnesses(2)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    act(&mut world, &mut case, two, Role::Witness, Step::Accept);
    accepted(&verified(&world, &case));
    // What it says later does not undo what was agreed.
    names(&mut world, two, one);
    accepted(&verified(&world, &case));
    let mut case = offered(&mut world, Format::Jose, &[witnesses(2)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    act(&mut world, &mut case, two, Role::Witness, Step::Accept);
    refused(&verified(&world, &case), CheckName::Offered, "countersigners-not-distinct");
}

#[test]
fn the_same_proof_twice_is_one() {
    let mut world = World::new(906);
    let one = world.settle("one", KeyType::Ed25519);
    let mut case = offered(&mut world, Format::Jose, &[witnesses(2)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    let twice = case.beside[0].clone();
    case.beside.push(twice);
    // It can be read, and is counted once.
    assert_eq!(world.parts(&case).bundle().countersignatures.len(), 2);
    let verification = verified(&world, &case);
    refused(&verification, CheckName::Offered, "countersigners-not-distinct");
    // Where one is enough it does no harm.
    let mut enough = offered(&mut world, Format::Jose, &[witnesses(1)]);
    act(&mut world, &mut enough, one, Role::Witness, Step::Accept);
    enough.beside.push(enough.beside[0].clone());
    accepted(&verified(&world, &enough));
    let mut case = offered(&mut world, Format::DataIntegrity, &[witnesses(2)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    let mut value = case.credential.to_value();
    let mut proof = value["proof"][1].clone();
    value["proof"].as_array_mut().expect("proofs").push(proof.clone());
    // Embedded, it is no credential: two proofs have one id, which others name them by.
    let error = SecuredCredential::parse_value(value.clone()).expect_err("two of one id");
    assert_eq!(error.code(), "credential-proof-duplicate-id");
    // Its id is signed: under another one it is no proof.
    proof["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000".into();
    value["proof"][2] = proof;
    let mut parts = world.parts(&case);
    parts.put(SecuredCredential::parse_value(value).expect("readable"));
    let verification = parts.judge(&world.context());
    refused(&verification, CheckName::Countersignature, "countersignature-invalid");
}

#[test]
fn a_countersignature_is_not_lifted_to_a_credential_issued_again() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(907);
        let one = world.settle("one", KeyType::Ed25519);
        let mut signed = offered(&mut world, format, &[witnesses(1)]);
        act(&mut world, &mut signed, one, Role::Witness, Step::Accept);
        accepted(&verified(&world, &signed));
        let mut again = offered(&mut world, format, &[witnesses(1)]);
        again.entries.extend(signed.entries.iter().skip(1).cloned());
        again.beside.clone_from(&signed.beside);
        if format == Format::DataIntegrity {
            let mut value = again.credential.to_value();
            let own = value["proof"].clone();
            let mut lifted = signed.credential.to_value()["proof"][1].clone();
            lifted["previousProof"] = json!([own["id"]]);
            value["proof"] = json!([own, lifted]);
            again.credential = SecuredCredential::parse_value(value).expect("readable");
        }
        let verification = verified(&world, &again);
        refused(&verification, CheckName::Countersignature, "countersignature-invalid");
        refused(&verification, CheckName::Offered, "countersignature-missing");
    }
}

#[test]
fn role_and_log_are_signed() {
    let mut world = World::new(908);
    let one = world.settle("one", KeyType::Ed25519);
    let mut case = offered(&mut world, Format::DataIntegrity, &[witnesses(1)]);
    act(&mut world, &mut case, one, Role::Notary, Step::Accept);
    for (pointer, text) in
        [("/proof/1/countersignature/role", "witness"), ("/proof/1/domain", "other.example")]
    {
        let mut value = case.credential.to_value();
        *value.pointer_mut(pointer).expect("a member") = text.into();
        let mut parts = world.parts(&case);
        parts.put(SecuredCredential::parse_value(value).expect("readable"));
        let verification = parts.judge(&world.context());
        refused(&verification, CheckName::Countersignature, "countersignature-invalid");
    }
}

#[test]
fn a_deadline_of_the_offer_is_kept_missed_or_cannot_be_told() {
    let mut world = World::new(909);
    let one = world.settle("one", KeyType::Ed25519);
    let before = Some(world.now.plus_seconds(3_600));
    let offer = [Wanted { before, ..witnesses(1) }];
    let mut case = offered(&mut world, Format::DataIntegrity, &offer);
    let mut late = case.clone();
    let unsigned = verified(&world, &case);
    refused(&unsigned, CheckName::Offered, "countersignature-missing");
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    let then = world.now.plus_seconds(60);
    let parts = world.parts(&case);
    accepted(&parts.judge(&Context { as_of: then, received_at: then, ..world.context() }));
    world.sleep(86_400);
    act(&mut world, &mut late, one, Role::Witness, Step::Accept);
    refused(&verified(&world, &late), CheckName::Offered, "countersignature-late");
    // Signed in time, as it says, and recorded by nobody.
    let mut bare = case.clone();
    bare.entries.truncate(1);
    bare.acts.clear();
    open(&verified(&world, &bare), CheckName::Offered, "countersignature-time-unknown");
}

/// A signature of somebody whose key has gone since, recorded by nobody.
fn unrecorded(world: &mut World, case: &mut Case, who: Who, step: Step) {
    let _unrecorded = world.sign_act(case, who, Role::Witness, step);
}

#[test]
fn a_countersignature_that_cannot_be_judged_weighs_only_where_one_is_asked_for() {
    for format in [Format::DataIntegrity, Format::Jose] {
        for step in [Step::Accept, Step::Refuse, Step::Seal] {
            let mut world = World::new(912);
            let stranger = world.settle("stranger", KeyType::Ed25519);
            let mut case = offered(&mut world, format, &[]);
            unrecorded(&mut world, &mut case, stranger, step);
            world.rotate(stranger);
            let verification = verified(&world, &case);
            // Nobody asked: whoever hands the credential on could have added it.
            let credential = accepted(&verification);
            assert!(credential.countersignatures().is_empty());
            assert_eq!(credential.acts()[0].flaw, Some(Flaw::KeyUnknown));
            noted(&verification, CheckName::Countersignature, "receipt-needed");
        }
        let mut world = World::new(913);
        let one = world.settle("one", KeyType::Ed25519);
        let mut case = offered(&mut world, format, &[witnesses(1)]);
        let mut taken_back = case.clone();
        unrecorded(&mut world, &mut case, one, Step::Accept);
        act(&mut world, &mut taken_back, one, Role::Witness, Step::Accept);
        accepted(&verified(&world, &taken_back));
        unrecorded(&mut world, &mut taken_back, one, Step::Withdraw);
        world.rotate(one);
        open(&verified(&world, &case), CheckName::Offered, "countersigner-unknown");
        open(&verified(&world, &taken_back), CheckName::Offered, "countersigner-unknown");
    }
}

#[test]
fn who_loses_the_key_of_a_countersignature_takes_nothing_from_who_did_not_ask_for_it() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(914);
        let stranger = world.settle("stranger", KeyType::Ed25519);
        let mut case = offered(&mut world, format, &[]);
        let mut wanted = offered(&mut world, format, &[witnesses(1)]);
        let since = world.now;
        world.sleep(3_600);
        act(&mut world, &mut case, stranger, Role::Witness, Step::Accept);
        act(&mut world, &mut wanted, stranger, Role::Witness, Step::Accept);
        accepted(&verified(&world, &case));
        accepted(&verified(&world, &wanted));
        world.rotate(stranger);
        let place = report(&mut world, stranger, (stranger, "key-1"), since);
        let with_report = |case: &Case| {
            let mut parts = world.parts(case);
            parts.receipts.push(world.ledger.receipt(place));
            parts.judge(&world.context())
        };
        let verification = with_report(&case);
        let credential = accepted(&verification);
        assert!(credential.countersignatures().is_empty());
        assert_eq!(credential.acts()[0].flaw, Some(Flaw::KeyEnded));
        noted(&verification, CheckName::Countersignature, "key-compromised");
        // Where it is asked for it is missing.
        refused(&with_report(&wanted), CheckName::Offered, "countersignature-missing");
    }
}

/// One who accepts, and the issuer's seal.
fn sealed(seed: u64, format: Format) -> (World, Case, Who) {
    let mut world = World::new(seed);
    let one = world.settle("one", KeyType::Ed25519);
    let mut case = offered(&mut world, format, &[witnesses(1)]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    act(&mut world, &mut case, ISSUER, Role::CoIssuer, Step::Seal);
    (world, case, one)
}

fn standings(verification: &Verification) -> Vec<(Decision, Standing)> {
    let credential = accepted(verification);
    let acts: Vec<Act> = credential.countersignatures().iter().map(Act::of).collect();
    let question = Question {
        items: &[],
        offer: credential.credential().offer(),
        listed: &|_, _, _| None,
        issuer: credential.issuer(),
        subject: None,
        issued_at: None,
        as_of: verification.as_of(),
        operator_time: false,
        current: None,
    };
    let Answer { acts: standing, .. } = judge(&question, &acts);
    acts.iter().map(|act| act.decision).zip(standing).collect()
}

#[test]
fn a_withdrawal_after_the_seal_is_shown_and_the_acceptance_stands() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let (mut world, mut case, one) = sealed(910, format);
        accepted(&verified(&world, &case));
        let before = case.clone();
        act(&mut world, &mut case, one, Role::Witness, Step::Withdraw);
        let verification = verified(&world, &case);
        let standing = standings(&verification);
        assert!(standing.contains(&(Decision::Accept, Standing::SealedBeforeWithdrawal)));
        // Whoever shows only the older file is told by the map, and comes to the same end.
        let hidden = world.parts(&before).judge(&world.context());
        let acts = accepted(&hidden).countersignatures();
        assert_eq!(acts[0].state(), ActState::Superseded);
        assert_eq!(standings(&hidden)[0].1, Standing::SealedBeforeWithdrawal);
        // Without the seal it is gone.
        let mut open: Case = before.clone();
        open.beside.truncate(1);
        if format == Format::DataIntegrity {
            let mut value = open.credential.to_value();
            value["proof"].as_array_mut().expect("proofs").truncate(2);
            open.credential = SecuredCredential::parse_value(value).expect("readable");
        }
        let unsealed = verified(&world, &open);
        refused(&unsealed, CheckName::Offered, "countersignature-withdrawn");
    }
}

#[test]
fn a_withdrawal_before_the_seal_counts() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(911);
        let one = world.settle("one", KeyType::Ed25519);
        let mut case = offered(&mut world, format, &[witnesses(1)]);
        act(&mut world, &mut case, one, Role::Witness, Step::Accept);
        act(&mut world, &mut case, one, Role::Witness, Step::Withdraw);
        act(&mut world, &mut case, ISSUER, Role::CoIssuer, Step::Seal);
        let verification = verified(&world, &case);
        refused(&verification, CheckName::Offered, "countersignature-withdrawn");
        // Also where it is recorded before the seal and not in the file: nobody can hide it.
        let mut hidden = case.clone();
        if format == Format::Jose {
            hidden.beside.remove(1);
            let verification = verified(&world, &hidden);
            refused(&verification, CheckName::Offered, "countersignature-withdrawn");
        }
    }
}

#[test]
fn what_is_added_after_the_seal_is_no_part_of_it() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(912);
        let one = world.settle("one", KeyType::Ed25519);
        let two = world.settle("two", KeyType::Ed25519);
        let mut case = offered(&mut world, format, &[witnesses(2)]);
        act(&mut world, &mut case, one, Role::Witness, Step::Accept);
        let mut strangers = case.clone();
        act(&mut world, &mut case, ISSUER, Role::CoIssuer, Step::Seal);
        act(&mut world, &mut case, two, Role::Witness, Step::Accept);
        let verification = verified(&world, &case);
        refused(&verification, CheckName::Offered, "countersignature-after-seal");
        // A stranger's seal counts for nothing.
        act(&mut world, &mut strangers, HOLDER, Role::Notary, Step::Seal);
        act(&mut world, &mut strangers, two, Role::Witness, Step::Accept);
        let verification = verified(&world, &strangers);
        accepted(&verification);
        let standing = standings(&verification);
        assert!(standing.contains(&(Decision::Seal, Standing::StrangersSeal)));
    }
}

#[test]
fn whom_the_offer_names_seals() {
    let mut world = World::new(913);
    let city = world.settle("city", KeyType::Ed25519);
    let one = world.settle("one", KeyType::Ed25519);
    let by = named(&world, &[city]);
    let seal = Wanted { by, decision: Decision::Seal, ..Wanted::of(Role::Notary) };
    let mut case = offered(&mut world, Format::Jose, &[witnesses(1), seal]);
    act(&mut world, &mut case, one, Role::Witness, Step::Accept);
    refused(&verified(&world, &case), CheckName::Offered, "countersignature-missing");
    let mut wrong = case.clone();
    act(&mut world, &mut wrong, one, Role::Notary, Step::Seal);
    refused(&verified(&world, &wrong), CheckName::Offered, "countersignature-missing");
    act(&mut world, &mut case, city, Role::Notary, Step::Seal);
    accepted(&verified(&world, &case));
}

#[test]
fn a_reason_is_signed_and_stays_off_the_ledger() {
    const WHY: &str = "the second witness is under age";
    let mut world = World::new(914);
    let mut case = offered(&mut world, Format::Jose, &[witnesses(1)]);
    world.sleep(10);
    let actor = world.actor(HOLDER);
    let method = actor.method();
    let refusal = inkan_holder::Act {
        role: Role::Witness,
        method: &method,
        log: ORIGIN,
        beside: &[],
        reason: Some(WHY),
        under: None,
    };
    let mut rng = SeededRng::new(1);
    let acted = inkan_holder::refuse(&case.credential, &refusal, &actor.key, world.now, &mut rng);
    let acted = acted.expect("a refusal");
    case.beside.extend(acted.beside.clone());
    let place = world.record_act(&mut case, &acted, HOLDER);
    let verification = verified(&world, &case);
    refused(&verification, CheckName::Offered, "countersignature-refused");
    let offer = verification.offers()[0].as_ref().expect("an offer");
    assert_eq!(offer.countersignatures()[0].reason(), Some(WHY));
    let leaf = world.ledger.receipt(place);
    assert!(!String::from_utf8_lossy(leaf.leaf_bytes()).contains("under age"));
    // Another reason is another statement.
    let mut parts: Parts = world.parts(&case);
    parts.beside[0] = inkan_tests::made::tampered_compact(&parts.beside[0], 1);
    let Ok(bundle) = inkan_credential::Bundle::parse(&parts.to_bytes()) else { return };
    assert!(matches!(bundle.artefact, Artefact::Credential(_)));
    assert!(parts.judge(&world.context()).offers()[0].is_none());
}

#[test]
fn five_countersignatures_and_seven_receipts_are_small() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let (world, parts, context) = World::agreed(KeyType::Ed25519, format);
        let verification = parts.judge(&context);
        let acts = accepted(&verification).countersignatures();
        assert_eq!(acts.iter().filter(|act| act.decision() == Decision::Accept).count(), 5);
        assert_eq!(parts.bundle().checkpoints.len(), 1, "one for all of them");
        // DID logs travel as receipts of their lines.
        let mut bare = parts.clone();
        for place in world.actors.iter().flat_map(|actor| &actor.places) {
            bare.drop_receipt(&world.ledger.receipt(*place));
        }
        assert_eq!(bare.receipts.len(), 7);
        let (size, whole) = (bare.to_bytes().len(), parts.to_bytes().len());
        println!("{format:?}: {size} bytes without DID logs and lists, {whole} with all");
        assert!(size <= 12_000 && whole <= 24_500, "{format:?}: {size} bytes, {whole} with all");
    }
}
