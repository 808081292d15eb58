//! Bundles that are kept: what is added to one never weakens it.

use inkan_credential::Format;
use inkan_credential::bundle::Bundle;
use inkan_io::gather::from_bundle;
use inkan_io::keep::{self, Addition};
use inkan_ledger::{Receipt, SignedNote};
use inkan_tests::world::{Case, ISSUER, World, judge};
use inkan_verifier::{Context, Receipts, Verification};
use proptest::prelude::*;

use super::compromised::report;
use super::expect::lines;

const DAY: i64 = 86_400;

/// Refused, undetermined, accepted: higher is better.
fn rank(verification: &Verification) -> u8 {
    match (verification.has_failed(), verification.is_authentic()) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// A credential whose key is in other hands after a day, replaced after two, and whose DID may end after three.
fn life(seed: u64, reported: bool, ended: bool) -> (World, Case, Bundle) {
    let mut world = World::new(seed);
    let case = world.issue(Format::DataIntegrity);
    world.sleep(DAY);
    let since = world.now;
    world.sleep(DAY);
    world.rotate(ISSUER);
    let mut parts = world.parts(&case);
    if reported {
        let place = report(&mut world, ISSUER, (ISSUER, "key-1"), since);
        parts.receipts.push(world.ledger.receipt(place));
    }
    world.sleep(DAY);
    if ended {
        world.deactivate(ISSUER);
    }
    let bundle = parts.bundle();
    (world, case, bundle)
}

/// The same head with the log's own signature and the first `witnesses` cosignatures.
fn thinned(text: &str, witnesses: usize) -> String {
    let whole = SignedNote::parse(text).expect("a note");
    let mut thin = SignedNote::new(whole.text().to_owned());
    whole.signatures().iter().take(1 + witnesses).for_each(|line| thin.put(line.clone()));
    thin.to_string()
}

/// The additions that a ledger could make: missing cosignatures, and receipts under its newest head.
fn additions(world: &World, whole: &Bundle, thin: &Bundle) -> Vec<Addition> {
    let pairs = thin.checkpoints.iter().zip(&whole.checkpoints);
    let mut found: Vec<Addition> = pairs
        .map(|(before, after)| Addition::Cosignatures {
            before: before.clone(),
            after: SignedNote::parse(after).expect("a note"),
        })
        .collect();
    for value in &whole.receipts {
        let receipt = Receipt::from_bundle_value(value, &whole.checkpoints).expect("a receipt");
        let note = world.ledger.note(world.ledger.size());
        let later = world.ledger.log.receipt(receipt.proof().path().leaf_index, note);
        let mut later = later.expect("a receipt");
        if let Some(opening) = receipt.opening() {
            later = later.with_opening(opening.clone());
        }
        found.push(Addition::Receipt(Box::new(later)));
    }
    found
}

fn context(world: &World, at: i64) -> Context {
    let as_of = world.now.plus_seconds(at);
    Context {
        receipts: Receipts::Used,
        as_of,
        received_at: as_of.max(world.now),
        ..world.context()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn an_upgrade_never_makes_a_verdict_worse(
        seed in 980_u64..984,
        (reported, ended) in (any::<bool>(), any::<bool>()),
        witnesses in 0_usize..3,
        chosen in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let (world, _, whole) = life(seed, reported, ended);
        let mut thin = whole.clone();
        for text in &mut thin.checkpoints {
            *text = thinned(text, witnesses);
        }
        let all = additions(&world, &whole, &thin);
        let some: Vec<Addition> =
            all.iter().zip(&chosen).filter(|(_, take)| **take).map(|(one, _)| one.clone()).collect();
        let mut upgraded = thin.clone();
        keep::apply(&mut upgraded, &some).expect("applied");
        for days in -3..2 {
            let context = context(&world, days * DAY);
            let (before, after) = (judge(&thin, &context), judge(&upgraded, &context));
            prop_assert!(
                rank(&after) >= rank(&before),
                "day {days}:\n{}\nthen:\n{}",
                lines(&before),
                lines(&after)
            );
        }
        // Everything old is there, and a second time changes nothing.
        let material = from_bundle(&upgraded);
        for old in &from_bundle(&thin).receipts {
            let same = |one: &Receipt| one.leaf_bytes() == old.leaf_bytes()
                && one.proof().path() == old.proof().path();
            prop_assert!(material.receipts.iter().any(same));
        }
        let mut again = upgraded.clone();
        keep::apply(&mut again, &some).expect("applied");
        prop_assert_eq!(again.to_value(), upgraded.to_value());
    }
}

#[test]
fn an_upgrade_brings_the_witnesses_that_were_missing() {
    let (world, _, whole) = life(985, false, false);
    let mut thin = whole.clone();
    for text in &mut thin.checkpoints {
        *text = thinned(text, 0);
    }
    let context = context(&world, 0);
    assert_eq!(rank(&judge(&thin, &context)), 0);
    let cosignatures: Vec<Addition> = additions(&world, &whole, &thin)
        .into_iter()
        .filter(|one| matches!(one, Addition::Cosignatures { .. }))
        .collect();
    keep::apply(&mut thin, &cosignatures).unwrap();
    assert_eq!(rank(&judge(&thin, &context)), 2, "{}", lines(&judge(&thin, &context)));
}

#[test]
fn what_was_gathered_is_absorbed_once_and_takes_nothing_away() {
    let (_, _, whole) = life(986, true, false);
    let mut bare = Bundle::of(whole.artefact.clone());
    let material = from_bundle(&whole);
    keep::absorb(&mut bare, &material).unwrap();
    let filled = from_bundle(&bare);
    assert_eq!(filled.receipts, material.receipts);
    assert_eq!(filled.current, material.current);
    assert_eq!((&bare.did_logs, &bare.status_lists), (&whole.did_logs, &whole.status_lists));
    let once = bare.to_value();
    keep::absorb(&mut bare, &material).unwrap();
    assert_eq!(bare.to_value(), once);
    // A shorter log of the same DID does not take the place of a longer one.
    let mut shorter = material.clone();
    for (_, log) in &mut shorter.did_logs {
        let first = log.lines().next().unwrap_or_default();
        *log = format!("{first}\n");
    }
    keep::absorb(&mut bare, &shorter).unwrap();
    assert_eq!(bare.to_value(), once);
    assert!(inkan_verifier::plan(&bare).iter().all(|want| keep::brings(&bare, &filled, want)));
}
