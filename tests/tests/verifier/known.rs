//! What a verifier saw before: an older state is not believed to be the newest, though its proof holds.

use inkan_credential::Format;
use inkan_tests::world::{Case, HOLDER, ISSUER, Parts, World};
use inkan_verifier::{CheckName, Context, KnownState};

use super::expect::{accepted, undecided};

fn accepted_case(seed: u64) -> (World, Case) {
    let mut world = World::new(seed);
    let mut case = world.issue(Format::DataIntegrity);
    world.accept(&mut case);
    (world, case)
}

fn knowing(world: &World, known: Vec<KnownState>) -> Context {
    Context { known, ..world.context() }
}

/// What somebody knows who judged `parts` now, whatever the verdict was.
fn seen(world: &World, parts: &Parts) -> Vec<KnownState> {
    parts.judge(&world.context()).states().to_vec()
}

#[test]
fn a_revocation_that_was_seen_is_not_undone_by_an_older_bundle() {
    let (mut world, case) = accepted_case(340);
    let old = world.parts(&case);
    let before = world.context();
    accepted(&old.judge(&before));
    world.sleep(86_400);
    world.revoke(&case);
    let known = seen(&world, &world.parts(&case));
    accepted(&old.judge(&world.context()));
    undecided(&old.judge(&knowing(&world, known.clone())), CheckName::Status, "newer-state-known");

    // Without the proof that is too old it is no better.
    let mut bare = old.clone();
    bare.current.clear();
    undecided(&bare.judge(&knowing(&world, known.clone())), CheckName::Status, "newer-state-known");

    // What happened later says nothing about an earlier day.
    accepted(&old.judge(&Context { known, ..before }));
}

#[test]
fn a_withdrawal_that_was_seen_is_not_undone_by_an_older_bundle() {
    let (mut world, mut case) = accepted_case(341);
    let old = world.parts(&case);
    world.withdraw(&mut case);
    let known = seen(&world, &world.parts(&case));
    let verification = old.judge(&knowing(&world, known));
    undecided(&verification, CheckName::Countersignature, "newer-state-known");
}

#[test]
fn a_rotation_that_was_seen_is_not_undone_by_an_older_bundle() {
    for who in [ISSUER, HOLDER] {
        let (mut world, case) = accepted_case(342);
        let old = world.parts(&case);
        world.rotate(who);
        let new = world.parts(&case);
        let known = seen(&world, &new);
        let verification = old.judge(&knowing(&world, known.clone()));
        undecided(&verification, CheckName::DidActive, "newer-state-known");
        // The newer entry alone, beside the older proof, shows nothing.
        let mut beside = new.clone();
        beside.current = old.current.clone();
        beside.did_logs = old.did_logs.clone();
        let verification = beside.judge(&knowing(&world, known.clone()));
        undecided(&verification, CheckName::DidActive, "newer-state-known");
        accepted(&new.judge(&knowing(&world, known)));
    }
}

#[test]
fn what_is_known_of_others_and_of_other_logs_changes_nothing() {
    let (mut world, case) = accepted_case(343);
    let parts = world.parts(&case);
    let other = world.issue(Format::Jose);
    let mut known = seen(&world, &parts);
    assert!(known.iter().all(|state| parts_know(&parts, state)), "{known:?}");
    // The same ids on a log that is not pinned.
    for state in &mut known {
        state.origin = "elsewhere.example".to_owned();
        state.sequence += 1;
        state.leaf_index += 100;
    }
    // And a newer state of an id that nothing here rests on.
    let stranger = world.settle("stranger", inkan_crypto::KeyType::Ed25519);
    let key = inkan_ledger::MapKey::did(world.actor(stranger).scid());
    let origin = world.ledger.policy();
    assert!(origin.has_log("ledger.example"));
    known.push(KnownState {
        origin: "ledger.example".to_owned(),
        key,
        sequence: 7,
        leaf_index: 1_000,
        leaf_time: world.now,
        seen_at: world.now,
        registrant: None,
    });
    accepted(&parts.judge(&knowing(&world, known.clone())));
    accepted(&world.parts(&other).judge(&knowing(&world, known)));
}

fn parts_know(parts: &Parts, state: &KnownState) -> bool {
    parts
        .current
        .iter()
        .any(|proof| proof.claimed_head().is_some_and(|leaf| leaf.time() == state.leaf_time))
}
