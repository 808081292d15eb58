//! Countersignatures: what they cover, by which key, and whether their act has moved on.

use inkan_credential::countersignature::{Decision, Role};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_ledger::{ActId, MapKey};
use inkan_tests::world::{Case, HOLDER, ISSUER, Parts, Step, Who, World};
use inkan_verifier::verified::ActState;
use inkan_verifier::{CheckName, Context, Verification, VerifiedCountersignature};

use super::expect::{accepted, lines, noted, passed, worthless};

const FORMS: [(Format, KeyType); 4] = [
    (Format::DataIntegrity, KeyType::Ed25519),
    (Format::DataIntegrity, KeyType::P256),
    (Format::Jose, KeyType::Ed25519),
    (Format::Jose, KeyType::P256),
];

fn countersigned(seed: u64, format: Format) -> (World, Case) {
    let mut world = World::new(seed);
    let mut case = world.issue(format);
    world.accept(&mut case);
    (world, case)
}

#[track_caller]
fn only(verification: &Verification) -> &VerifiedCountersignature {
    let all = accepted(verification).countersignatures();
    assert_eq!(all.len(), 1, "{}", lines(verification));
    &all[0]
}

#[track_caller]
fn accepts(verification: &Verification) -> ActState {
    let all = accepted(verification).countersignatures();
    let found = all.iter().find(|one| one.decision() == Decision::Accept);
    found.expect("an acceptance").state()
}

fn holder_act(case: &Case) -> ActId {
    case.acts[0].1
}

fn without_act_heads(world: &World, parts: &mut Parts, who: Who, act: &ActId) {
    let head = world.act_head(who, act);
    parts.current.retain(|one| *one != head);
}

#[test]
fn an_acceptance_is_shown_to_be_the_newest_state_in_every_form() {
    for (format, key_type) in FORMS {
        let mut world = World::with_keys(100, key_type);
        let mut case = world.issue(format);
        world.accept(&mut case);
        let verification = world.parts(&case).judge(&world.context());
        let one = only(&verification);
        assert_eq!((one.role(), one.decision()), (Role::Holder, Decision::Accept));
        assert_eq!(one.controller(), world.actor(HOLDER).did.as_str());
        assert!(one.is_by_subject() && one.recorded().is_some());
        let ActState::Current { fresh_at } = one.state() else {
            panic!("{}", lines(&verification))
        };
        assert!(fresh_at <= world.now);
        assert_eq!(passed(&verification, CheckName::Countersignature).evidence["state"], "newest");
    }
}

#[test]
fn without_a_current_proof_a_newer_state_may_exist() {
    let (world, case) = countersigned(101, Format::DataIntegrity);
    let mut parts = world.parts(&case);
    without_act_heads(&world, &mut parts, HOLDER, &holder_act(&case));
    assert_eq!(only(&parts.judge(&world.context())).state(), ActState::NewestKnown);
    // Without witnesses the map is the operator's word.
    let bare = Context {
        logs: vec![world.ledger.bare_policy()],
        receipts: inkan_verifier::Receipts::Used,
        ..world.context()
    };
    let verification = world.parts(&case).judge(&bare);
    assert_eq!(only(&verification).state(), ActState::NewestKnown);
}

#[test]
fn an_act_that_nobody_recorded_is_shown_so() {
    let mut world = World::new(102);
    let mut case = world.issue(Format::Jose);
    world.sign_act(&mut case, HOLDER, Role::Holder, Step::Accept);
    let verification = world.parts(&case).judge(&world.context());
    assert_eq!(only(&verification).state(), ActState::NotRecorded);
    assert!(only(&verification).recorded().is_none());
}

#[test]
fn a_withdrawal_supersedes_the_acceptance() {
    for (format, _) in FORMS {
        let (mut world, mut case) = countersigned(103, format);
        let before = case.clone();
        let old_head = world.act_head(HOLDER, &holder_act(&case));
        world.withdraw(&mut case);
        let act = holder_act(&case);

        // Both in the file, with the current-proof.
        let verification = world.parts(&case).judge(&world.context());
        assert_eq!(accepts(&verification), ActState::Superseded);
        noted(&verification, CheckName::Countersignature, "act-superseded");
        let all = accepted(&verification).countersignatures();
        let withdrawal = all.iter().find(|one| one.decision() == Decision::Withdraw);
        let state = withdrawal.expect("a withdrawal").state();
        assert!(matches!(state, ActState::Current { .. }), "{state:?}");

        // The acceptance alone, with the current-proof.
        let verification = world.parts(&before).judge(&world.context());
        assert_eq!(accepts(&verification), ActState::Superseded);

        // Both in the file, without a current-proof, and with the one from before.
        let mut parts = world.parts(&case);
        without_act_heads(&world, &mut parts, HOLDER, &act);
        assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);
        parts.current.push(old_head.clone());
        assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);

        // Both in the file, and nothing recorded at hand.
        parts.receipts.retain(|one| {
            one.opening().is_none_or(|opening| opening.digest == case.credential.issuance_digest())
        });
        assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);

        // The acceptance in the file, and a receipt for something newer in the same act.
        let mut parts = world.parts(&before);
        without_act_heads(&world, &mut parts, HOLDER, &act);
        parts.current.push(old_head.clone());
        assert!(matches!(accepts(&parts.judge(&world.context())), ActState::Current { .. }));
        let (place, opening) = case.entries.last().expect("the withdrawal").clone();
        parts.receipts.push(world.ledger.receipt(place).with_opening(opening));
        assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);

        // The acceptance with an older current-proof and the newer one.
        let mut parts = world.parts(&before);
        parts.current.insert(0, old_head.clone());
        assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);
    }
}

#[test]
fn before_the_withdrawal_the_acceptance_stood() {
    let (mut world, mut case) = countersigned(104, Format::Jose);
    let then = world.now.plus_seconds(60);
    let act = world.act_head(HOLDER, &holder_act(&case));
    let did = world.head_of(&MapKey::did(world.actor(HOLDER).scid()));
    world.sleep(86_400);
    world.withdraw(&mut case);
    let mut parts = world.parts(&case);
    parts.current.extend([act, did]);
    let context = Context { as_of: then, ..world.context() };
    let verification = parts.judge(&context);
    let one = only(&verification);
    assert_eq!(one.decision(), Decision::Accept);
    assert!(matches!(one.state(), ActState::Current { .. }), "{}", lines(&verification));
    noted(&verification, CheckName::Countersignature, "signature-not-in-time");
}

#[test]
fn a_refusal_is_a_fact_of_its_own() {
    let mut world = World::new(105);
    let mut case = world.issue(Format::DataIntegrity);
    let acted = world.sign_act(&mut case, HOLDER, Role::Holder, Step::Refuse);
    world.record_act(&mut case, &acted, HOLDER);
    let verification = world.parts(&case).judge(&world.context());
    assert_eq!(only(&verification).decision(), Decision::Refuse);
    assert!(matches!(only(&verification).state(), ActState::Current { .. }));
}

#[test]
fn a_newer_acceptance_is_an_act_of_its_own() {
    let (mut world, mut case) = countersigned(106, Format::DataIntegrity);
    world.withdraw(&mut case);
    world.accept(&mut case);
    let verification = world.parts(&case).judge(&world.context());
    let all = accepted(&verification).countersignatures();
    let states: Vec<_> = all.iter().map(|one| (one.decision(), one.state())).collect();
    assert_eq!(states.len(), 3);
    assert_eq!(states[0], (Decision::Accept, ActState::Superseded));
    assert!(matches!(states[1], (Decision::Withdraw, ActState::Current { .. })));
    assert!(matches!(states[2], (Decision::Accept, ActState::Current { .. })));
}

#[test]
fn somebody_elses_registration_does_not_hide_a_withdrawal() {
    let mut world = World::new(107);
    let accomplice = world.settle("accomplice", KeyType::Ed25519);
    let mut case = world.issue(Format::DataIntegrity);
    let acceptance = world.accept(&mut case);
    let mut shown = case.clone();
    world.withdraw(&mut case);
    // The accomplice registers the acceptance once more, under its own name.
    shown.entries.truncate(1);
    shown.acts.clear();
    world.record_act(&mut shown, &acceptance, accomplice);
    let mut parts = world.parts(&shown);
    // Nothing shows that the holder registered nothing itself.
    assert_eq!(accepts(&parts.judge(&world.context())), ActState::NewestKnown);
    parts.current.push(world.act_head(HOLDER, &holder_act(&case)));
    assert_eq!(accepts(&parts.judge(&world.context())), ActState::Superseded);
}

#[test]
fn an_act_may_be_registered_by_somebody_else() {
    let mut world = World::new(108);
    // By the issuer, for somebody without a ledger.
    let visitor = world.visitor(KeyType::P256);
    let mut case = world.issue(Format::Jose);
    let acted = world.sign_act(&mut case, visitor, Role::Witness, Step::Accept);
    world.record_act(&mut case, &acted, ISSUER);
    let verification = world.parts(&case).judge(&world.context());
    let one = only(&verification);
    assert!(matches!(one.state(), ActState::Current { .. }), "{}", lines(&verification));
    assert!(!one.is_by_subject() && !one.recorded().expect("a record").is_by_signer());

    // For the holder, with a proof that the holder registered nothing itself.
    let mut case = world.issue(Format::Jose);
    let acted = world.sign_act(&mut case, HOLDER, Role::Holder, Step::Accept);
    world.record_act(&mut case, &acted, ISSUER);
    let mut parts = world.parts(&case);
    assert_eq!(only(&parts.judge(&world.context())).state(), ActState::NewestKnown);
    parts.current.push(world.act_head(HOLDER, &holder_act(&case)));
    let verification = parts.judge(&world.context());
    assert!(matches!(only(&verification).state(), ActState::Current { .. }));
    // That proof is about this act and no other.
    parts.current.pop();
    let other = MapKey::act(world.actor(HOLDER).scid(), &ActId::from_bytes([3; 32]));
    parts.current.push(world.head_of(&other));
    let state = only(&parts.judge(&world.context())).state();
    assert_ne!(state, ActState::Superseded);
}

#[test]
fn an_entry_of_another_act_is_refused() {
    let mut world = World::new(109);
    let mut case = world.issue(Format::DataIntegrity);
    let acted = world.sign_act(&mut case, HOLDER, Role::Holder, Step::Accept);
    world.record_act_as(&mut case, &acted, HOLDER, ActId::from_bytes([7; 32]));
    let verification = world.parts(&case).judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "act-mismatch");
}

#[test]
fn a_changed_countersignature_is_refused() {
    // In the credential.
    let (world, case) = countersigned(110, Format::DataIntegrity);
    let parts = world.parts(&case);
    for (member, text) in [("role", "notary"), ("decision", "refuse")] {
        let mut value = case.credential.to_value();
        value["proof"][1]["countersignature"][member] = text.into();
        let mut forged = parts.clone();
        forged.put(SecuredCredential::parse_value(value).expect("readable"));
        let verification = forged.judge(&world.context());
        worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
    }
    // Beside it: role and act are inside the JWS.
    let (world, case) = countersigned(111, Format::Jose);
    let mut parts = world.parts(&case);
    let mut payload = inkan_tests::made::tampered_compact(&parts.beside[0], 2);
    std::mem::swap(&mut parts.beside[0], &mut payload);
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
}

#[test]
fn a_countersignature_of_another_credential_is_refused() {
    let (mut world, signed) = countersigned(112, Format::Jose);
    let other = world.issue(Format::Jose);
    let mut parts = world.parts(&other);
    parts.beside = signed.beside.clone();
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");

    let (mut world, signed) = countersigned(113, Format::DataIntegrity);
    let other = world.issue(Format::DataIntegrity);
    let mut value = other.credential.to_value();
    let issuer_proof = value["proof"].clone();
    let mut lifted = signed.credential.to_value()["proof"][1].clone();
    lifted["previousProof"] = serde_json::json!([issuer_proof["id"]]);
    value["proof"] = serde_json::json!([issuer_proof, lifted]);
    let mut parts = world.parts(&other);
    parts.put(SecuredCredential::parse_value(value).expect("readable"));
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
}

#[test]
fn a_countersigner_of_whom_nothing_is_known_is_not_counted() {
    let (world, case) = countersigned(114, Format::Jose);
    let mut parts = world.parts(&case);
    let holder = world.actor(HOLDER);
    parts.drop_receipt(&world.ledger.receipt(holder.places[0]));
    let head = world.head_of(&MapKey::did(holder.scid()));
    parts.current.retain(|one| *one != head);
    parts.did_logs.retain(|(did, _)| did != holder.did.as_str());
    let verification = parts.judge(&world.context());
    assert!(accepted(&verification).countersignatures().is_empty());
    noted(&verification, CheckName::Countersignature, "did-unresolved");
}

#[test]
fn a_countersignature_recorded_before_the_rotation_outlives_its_key() {
    let (mut world, case) = countersigned(115, Format::DataIntegrity);
    world.rotate(HOLDER);
    let verification = world.parts(&case).judge(&world.context());
    assert!(matches!(only(&verification).state(), ActState::Current { .. }));
    // Without its record it is open, and nobody asked for it.
    let mut bare = case;
    bare.entries.truncate(1);
    let verification = world.parts(&bare).judge(&world.context());
    assert!(accepted(&verification).countersignatures().is_empty());
    noted(&verification, CheckName::Countersignature, "receipt-needed");
}

#[test]
fn a_countersignature_of_an_ended_signer_must_be_older_than_its_end() {
    let (mut world, case) = countersigned(116, Format::DataIntegrity);
    world.deactivate(HOLDER);
    let verification = world.parts(&case).judge(&world.context());
    assert_eq!(only(&verification).decision(), Decision::Accept);

    // A thief signs with the key that the last document still lists, and somebody else registers it.
    let mut world = World::new(117);
    let mut case = world.issue(Format::DataIntegrity);
    world.deactivate(HOLDER);
    let acted = world.sign_act(&mut case, HOLDER, Role::Holder, Step::Accept);
    let verification = world.parts(&case).judge(&world.context());
    assert!(accepted(&verification).countersignatures().is_empty());
    noted(&verification, CheckName::Countersignature, "signer-did-deactivated");
    world.record_act(&mut case, &acted, ISSUER);
    let verification = world.parts(&case).judge(&world.context());
    assert!(accepted(&verification).countersignatures().is_empty());
    noted(&verification, CheckName::Countersignature, "signer-did-deactivated");
}

#[test]
fn a_countersignature_from_the_future_is_not_counted() {
    let (world, case) = countersigned(118, Format::DataIntegrity);
    let made = world.parts(&case);
    let issued = case.credential.signed_at().expect("a date");
    let context = Context { as_of: issued, ..world.context() };
    let countersigned_at = world.now;
    assert!(countersigned_at.seconds_since(issued) < 60);
    // Within the tolerance of clocks it counts.
    assert_eq!(accepted(&made.judge(&context)).countersignatures().len(), 1);

    let mut world = World::new(119);
    let mut case = world.issue(Format::DataIntegrity);
    let issued = world.now;
    world.sleep(3_600);
    world.accept(&mut case);
    let context = Context { as_of: issued, ..world.context() };
    let verification = world.parts(&case).judge(&context);
    assert!(accepted(&verification).countersignatures().is_empty());
    noted(&verification, CheckName::Countersignature, "signature-not-in-time");
}

#[test]
fn several_people_countersign_in_several_roles() {
    for (format, _) in FORMS {
        let mut world = World::new(120);
        let notary = world.settle("notary", KeyType::P256);
        let mut case = world.issue(format);
        world.accept(&mut case);
        let acted = world.sign_act(&mut case, notary, Role::Notary, Step::Accept);
        world.record_act(&mut case, &acted, notary);
        let acted = world.sign_act(&mut case, notary, Role::Notary, Step::Seal);
        world.record_act(&mut case, &acted, notary);
        let verification = world.parts(&case).judge(&world.context());
        let all = accepted(&verification).countersignatures();
        let seen: Vec<_> = all.iter().map(|one| (one.role(), one.decision())).collect();
        assert_eq!(
            seen,
            [
                (Role::Holder, Decision::Accept),
                (Role::Notary, Decision::Accept),
                (Role::Notary, Decision::Seal)
            ]
        );
        assert!(all.iter().all(|one| matches!(one.state(), ActState::Current { .. })));
        if format == Format::DataIntegrity {
            assert_eq!(all[2].covers().len(), 3);
        }
    }
}
