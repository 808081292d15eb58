//! What is gathered from a ledger finds every report of a stolen key, and keeps the proof that there is none.

use std::collections::BTreeMap;

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::bundle::Bundle;
use inkan_credential::{Artefact, Format};
use inkan_io::gather::{Copies, Gathered, Network, NoOthers, Sources, from_bundle, gather};
use inkan_io::keep;
use inkan_io::ledger_folder::LedgerFolder;
use inkan_io::ledger_source::LedgerSource;
use inkan_ledger::{Kind, Leaf, LogPolicy};
use inkan_tests::world::{Case, ISSUER, ORIGIN, Order, World};
use inkan_verifier::{CheckName, Context, Receipts, plan, verify, with_successors};
use serde_json::Value;

use super::compromised::report;
use super::expect::{accepted, worthless};
use super::successors::Successor;

/// The same entries at the same times in a folder.
struct Replayed {
    _folder: tempfile::TempDir,
    source: LedgerSource,
    context: Context,
}

impl Replayed {
    fn of(world: &World) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let leaf = |at: u64| Leaf::parse(world.ledger.receipt(at).leaf_bytes()).expect("a leaf");
        let rng = &mut SeededRng::new(7);
        let path = folder.path().join("ledger");
        let mut ledger =
            LedgerFolder::create(&path, ORIGIN, rng, leaf(0).time()).expect("a ledger");
        for leaf in (0..world.ledger.size()).map(leaf).filter(|leaf| leaf.kind() != Kind::Epoch) {
            ledger.submit(leaf.kind(), leaf.body(), leaf.time()).expect("an entry");
            ledger.checkpoint(leaf.time()).expect("a head");
        }
        let policy = LogPolicy::parse(ledger.reader().policy_text()).expect("a policy");
        let context = Context {
            logs: vec![policy],
            grade: inkan_ledger::Grade::Operator,
            receipts: Receipts::Used,
            ..world.context()
        };
        Self { _folder: folder, source: LedgerSource::Folder(ledger.reader().clone()), context }
    }

    fn gather(&self, bundle: &Bundle) -> Gathered {
        let sources = Sources {
            ledger: Some(&self.source),
            others: &NoOthers,
            schemas: &BTreeMap::new(),
            network: Network::Offline,
            copies: Copies::MustBeRenewed,
        };
        let wants = with_successors(plan(bundle), &self.context.declared);
        gather(bundle, &wants, &sources, self.context.as_of).expect("gathered")
    }

    fn refuses(&self, case: &Case) {
        let bundle = Bundle::of(Artefact::Credential(case.credential.clone()));
        let verification = verify(&bundle, &self.gather(&bundle).material, &self.context);
        worthless(&verification, CheckName::KeyInForce, "key-compromised");
    }
}

/// A recorded credential without a status.
fn issue(world: &mut World) -> Case {
    let mut case = world.draw_up(&Order { status: false, ..Order::of(Format::DataIntegrity) });
    world.record(&mut case, ISSUER);
    case
}

/// A credential signed after the theft of `key-1`, which is replaced.
fn late(seed: u64) -> (World, Case) {
    let mut world = World::new(seed);
    world.sleep(86_400);
    let case = issue(&mut world);
    world.rotate(ISSUER);
    (world, case)
}

fn document(world: &World, line: usize) -> Value {
    let line = &world.actor(ISSUER).lines[line];
    serde_json::from_str::<Value>(line).expect("JSON")["state"].take()
}

#[test]
fn a_report_is_found_whatever_the_newest_version_lists() {
    let methods = |document: &Value| document["verificationMethod"][0].clone();
    // Another key under the name, without any use; the very key again; the same, embedded in its use.
    for way in 0..3 {
        let (mut world, case) = late(1_220);
        let since = world.now.plus_seconds(-3_600);
        report(&mut world, ISSUER, (ISSUER, "key-1"), since);
        let (first, mut next) = (document(&world, 0), document(&world, 1));
        let mut method = methods(&first);
        if way == 0 {
            method["publicKeyMultibase"] = methods(&next)["publicKeyMultibase"].clone();
        }
        let member = if way == 2 { "assertionMethod" } else { "verificationMethod" };
        next[member].as_array_mut().expect("a list").push(method.clone());
        if way == 1 {
            next["assertionMethod"].as_array_mut().expect("a list").push(method["id"].clone());
        }
        world.leave(ISSUER, next);
        Replayed::of(&world).refuses(&case);
    }
}

#[test]
fn a_key_that_was_embedded_is_asked_about() {
    let mut world = World::new(1_221);
    let mut embedded = document(&world, 0);
    let method = embedded["verificationMethod"][0].take();
    embedded["verificationMethod"] = Value::Array(Vec::new());
    embedded["assertionMethod"] = Value::Array(vec![method]);
    world.leave(ISSUER, embedded);
    world.sleep(86_400);
    let case = issue(&mut world);
    world.rotate(ISSUER);
    let since = world.now.plus_seconds(-3_600);
    report(&mut world, ISSUER, (ISSUER, "key-1"), since);
    Replayed::of(&world).refuses(&case);
}

#[test]
fn the_proof_that_nothing_was_reported_is_kept_for_keys_that_signed() {
    let (world, case) = late(1_222);
    let replayed = Replayed::of(&world);
    let mut bundle = Bundle::of(Artefact::Credential(case.credential.clone()));
    let gathered = replayed.gather(&bundle);
    assert_eq!(gathered.unreported.len(), 2, "of the issuer's key alone");
    keep::absorb_all(&mut bundle, &gathered).expect("kept");
    let kept = from_bundle(&bundle).current;
    assert!(gathered.unreported.iter().all(|proof| kept.contains(proof)));
    let judged = verify(&bundle, &from_bundle(&bundle), &replayed.context);
    let said = judged.checks().iter().find(|check| check.name == CheckName::DidActive);
    // The witnesses of this ledger say since when it is so.
    assert!(said.expect("a line").evidence.contains_key("noReportAsOf"));
    accepted(&judged);
    let young = Context { max_age: Some(60), ..replayed.context.clone() };
    accepted(&verify(&bundle, &from_bundle(&bundle), &young));
    // A key that every version lists needs no proof.
    let (mut world, _) = late(1_223);
    let case = issue(&mut world);
    let bundle = Bundle::of(Artefact::Credential(case.credential));
    assert!(Replayed::of(&world).gather(&bundle).unreported.is_empty());
}

#[test]
fn what_a_successor_announced_last_in_its_term_is_found_and_that_it_was_silent_is_kept() {
    let mut world = World::new(1_224);
    let case = world.issue(Format::DataIntegrity);
    let from = world.now;
    let mut successor = Successor::new(&mut world, None);
    let bundle = Bundle::of(Artefact::Credential(case.credential.clone()));
    let gathered = |world: &World, context: &Context| {
        let mut replayed = Replayed::of(world);
        replayed.context.declared = context.declared.clone();
        replayed.gather(&bundle)
    };
    // Where nobody else may announce the list, nothing is kept.
    assert!(gathered(&world, &world.context()).unannounced.is_empty());
    let silent = gathered(&world, &successor.told(&world, &case, &[(from, None)]));
    assert_eq!(silent.unannounced.len(), 1);
    let mut kept = bundle.clone();
    keep::absorb_all(&mut kept, &silent).expect("kept");
    assert!(kept.current.contains(&silent.unannounced[0].to_value()));
    let mut until = world.now;
    for number in 1..=4 {
        successor.announce(&mut world);
        if number == 2 {
            until = world.now.plus_seconds(10);
        }
    }
    let found = gathered(&world, &successor.told(&world, &case, &[(from, Some(until))]));
    assert!(found.unannounced.is_empty());
    let has = |number: usize| {
        let leaf = successor.announced[number - 1].1.leaf_bytes();
        found.material.receipts.iter().any(|one| one.leaf_bytes() == leaf)
    };
    // The last of the term, the one after it, and the newest of all.
    assert_eq!([1, 2, 3, 4].map(has), [false, true, true, true]);
}
