use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::note::{KeyMaterial, VerifierKey};
use crate::promise::Promise;
use crate::state::Equivocation;
use crate::testing::{ORIGIN, Person, World, at, ed25519};
use crate::tree::MerkleTree;

/// A log whose entries differ with `seed`, from the second leaf on.
fn log(seed: u64, people: u64) -> World {
    let mut world = World::new();
    for person in seed..seed + people {
        world.register(&Person::new(person));
    }
    world.seal(10);
    world
}

fn both(world: &World) -> SignedNote {
    world.cosigned(world.log.size(), &[20, 20])
}

fn proven(world: &World, evidence: &Evidence) -> Result<Proven, EvidenceError> {
    let value = evidence.to_value();
    let read = Evidence::parse(value.to_string().as_bytes()).unwrap();
    assert_eq!((&read, read.to_value()), (evidence, value));
    read.verify(&world.policy(), at(100_000))
}

fn code(result: Result<Proven, EvidenceError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_broken_promise_is_proved_against_its_log() {
    let (world, fork) = (log(5, 3), log(50, 3));
    let leaf = world.log.tree().leaf_hash(3).unwrap();
    let promise = |place| {
        let promise = Promise::new(ORIGIN, at(86_400), [(place, leaf)].into()).unwrap();
        let note = promise.sign(&world.log_key, &world.log_secret).unwrap();
        verify_promise(&note.to_string(), &world.policy()).unwrap()
    };
    let receipt = |world: &World, place| {
        let note = world.signed(world.log.size());
        Breach::OtherLeaf(Box::new(world.log.receipt(place, &note).unwrap()))
    };
    let evidence = Evidence::of_promise(&promise(3), receipt(&fork, 3));
    let fact = proven(&world, &evidence).unwrap();
    let (log, deadline) = (ORIGIN.to_owned(), at(86_400));
    assert_eq!(fact, Proven::PromiseBroken { log: log.clone(), leaf_index: 3, deadline });
    assert_eq!(fact.code(), "promise-broken");
    assert!(fact.to_string().contains(ORIGIN) && fact.to_string().contains('3'));
    let late = world.cosigned(5, &[86_401, 86_401]);
    let evidence = Evidence::of_promise(&promise(5), Breach::NotCovered(late));
    let fact = proven(&world, &evidence).unwrap();
    assert_eq!(fact, Proven::PromiseBroken { log, leaf_index: 5, deadline });

    let nothing = [
        Evidence::of_promise(&promise(3), receipt(&world, 3)),
        Evidence::of_promise(&promise(2), receipt(&fork, 3)),
        Evidence::of_promise(&promise(5), Breach::NotCovered(world.cosigned(5, &[86_400, 86_401]))),
        Evidence::of_promise(&promise(4), Breach::NotCovered(world.cosigned(5, &[86_401, 86_401]))),
    ];
    for evidence in nothing {
        assert_eq!(code(proven(&world, &evidence)), "ledger-evidence-proves-nothing");
    }
}

#[test]
fn two_roots_of_one_size_are_a_split_view_of_the_log_and_of_who_cosigned_both() {
    let (world, fork) = (log(5, 3), log(50, 3));
    let evidence = Evidence::of_heads(both(&world), both(&fork), None);
    let fact = proven(&world, &evidence).unwrap();
    let witnesses = BTreeSet::from(["w1".to_owned(), "w2".to_owned()]);
    assert_eq!(fact, Proven::SplitView { log: ORIGIN.to_owned(), sizes: [5, 5], witnesses });
    assert_eq!(fact.code(), "split-view");
    assert!(fact.to_string().contains("cosigned both: w1, w2"));
    let evidence = Evidence::of_heads(both(&world), fork.cosigned(5, &[20]), None);
    let Proven::SplitView { witnesses, .. } = proven(&world, &evidence).unwrap() else { panic!() };
    assert_eq!(witnesses, BTreeSet::from(["w1".to_owned()]), "the other witness did not lie");
    // A spoilt line shields its own witness only.
    let mut spoilt = both(&fork);
    let mut line = spoilt.signatures().last().unwrap().clone();
    line.signature[30] ^= 1;
    spoilt.put(line);
    let evidence = Evidence::of_heads(both(&world), spoilt, None);
    let Proven::SplitView { witnesses, .. } = proven(&world, &evidence).unwrap() else { panic!() };
    assert_eq!(witnesses.len(), 1, "{witnesses:?}");
    let same = Evidence::of_heads(both(&world), world.signed(5), None);
    assert_eq!(code(proven(&world, &same)), "ledger-evidence-proves-nothing");
    let grown = Evidence::of_heads(both(&world), both(&log(50, 4)), None);
    assert_eq!(code(proven(&world, &grown)), "ledger-evidence-proves-nothing");
}

#[test]
fn a_larger_tree_that_begins_otherwise_is_a_split_view() {
    for people in 4..9 {
        let (world, fork) = (log(5, 3), log(50, people));
        let (old, new) = (world.log.size(), fork.log.size());
        let growth = |tree: &MerkleTree, old, new| Growth {
            root: tree.root(old).unwrap(),
            path: tree.consistency(old, new).unwrap(),
        };
        let honest = growth(fork.log.tree(), old, new);
        // Given in either order.
        for [one, other] in [[&fork, &world], [&world, &fork]] {
            let evidence = Evidence::of_heads(both(one), both(other), Some(honest.clone()));
            let fact = proven(&world, &evidence).unwrap();
            let Proven::SplitView { sizes, witnesses, .. } = fact else { panic!() };
            assert_eq!((sizes, witnesses.len()), ([old, new], 2));
        }
        // A log that only grew cannot be accused, whatever root is claimed.
        let mut longer = log(5, 3);
        for person in 8..5 + people {
            longer.register(&Person::new(person));
        }
        longer.seal(11);
        let growths = [
            growth(longer.log.tree(), old, longer.log.size()),
            Growth { root: NodeHash::empty(), ..growth(longer.log.tree(), old, longer.log.size()) },
            honest,
        ];
        for growth in growths {
            let evidence = Evidence::of_heads(both(&world), both(&longer), Some(growth));
            assert_eq!(code(proven(&world, &evidence)), "ledger-evidence-proves-nothing");
        }
    }
}

#[test]
fn heads_of_two_logs_contradict_nothing() {
    let (world, mut other) = (log(5, 3), log(50, 3));
    let name = "other.example";
    other.log_secret = ed25519(99);
    let key = KeyMaterial::Note(other.log_secret.public_key());
    other.log_key = VerifierKey::new(name, key).unwrap();
    let head = Checkpoint::new(name, other.log.checkpoint(5).unwrap().head()).unwrap();
    let note = head.sign(&other.log_key, &other.log_secret).unwrap();
    let text = format!("log {}\nlog {}\nquorum none\n", world.log_key, other.log_key);
    let policy = LogPolicy::parse(&text).unwrap();
    let path = other.log.tree().inclusion(3, 5).unwrap();
    let leaf = Receipt::new(other.log.leaf(3).unwrap().to_bytes(), &path, &note);
    let own = world.log.receipt(3, &world.signed(5)).unwrap();
    for evidence in
        [Evidence::of_heads(world.signed(5), note, None), Evidence::Leaves(Box::new([own, leaf]))]
    {
        let judged = evidence.verify(&policy, at(100_000));
        assert_eq!(code(judged), "ledger-evidence-proves-nothing");
    }
}

#[test]
fn two_leaves_at_one_place_are_a_split_view() {
    let (world, fork) = (log(5, 3), log(50, 6));
    let receipt = |world: &World, place| world.log.receipt(place, &both(world)).unwrap();
    let pair = |one, other| Evidence::Leaves(Box::new([one, other]));
    let evidence = pair(receipt(&world, 2), receipt(&fork, 2));
    let Proven::SplitView { sizes, .. } = proven(&world, &evidence).unwrap() else { panic!() };
    assert_eq!(sizes, [5, 8]);
    let elsewhere = pair(receipt(&world, 2), receipt(&fork, 1));
    assert_eq!(code(proven(&world, &elsewhere)), "ledger-evidence-proves-nothing");
    let same = pair(receipt(&world, 0), receipt(&fork, 0));
    assert_eq!(code(proven(&world, &same)), "ledger-evidence-proves-nothing");
    let forged = Receipt::new(b"x".to_vec(), receipt(&fork, 2).proof().path(), &both(&fork));
    assert_eq!(code(proven(&world, &pair(receipt(&world, 2), forged))), "inclusion-invalid");
}

#[test]
fn only_what_the_log_signed_accuses_it() {
    let (world, mut fork) = (log(5, 3), log(50, 3));
    fork.log_secret = ed25519(99);
    let evidence = Evidence::of_heads(both(&world), fork.signed(5), None);
    assert_eq!(code(proven(&world, &evidence)), "log-signature-invalid");
    let evidence = Evidence::of_heads(both(&world), both(&world), None);
    let nobody = LogPolicy::parse("quorum none\n").unwrap();
    assert_eq!(code(evidence.verify(&nobody, at(30))), "unknown-log");
    let leaf = world.log.tree().leaf_hash(3).unwrap();
    let promise = Promise::new(ORIGIN, at(86_400), [(3, leaf)].into()).unwrap();
    let note = promise.sign(&world.log_key, &world.log_secret).unwrap();
    let promise = verify_promise(&note.to_string(), &world.policy()).unwrap();
    let breaches = [
        Breach::OtherLeaf(Box::new(fork.log.receipt(3, &fork.signed(5)).unwrap())),
        Breach::NotCovered(fork.cosigned(1, &[86_401, 86_401])),
    ];
    for breach in breaches {
        let evidence = Evidence::of_promise(&promise, breach);
        assert_eq!(code(proven(&world, &evidence)), "log-signature-invalid");
    }
}

#[test]
fn two_successors_of_one_version_are_proved_against_the_controller() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    let ((one, _), (other, _)) = (person.rotate(&head, at(60)), person.rotate(&head, at(61)));
    let evidence = |entries: [&str; 2]| Evidence::Did {
        history: vec![person.line.trim_end().to_owned()],
        entries: entries.map(|line| line.trim_end().to_owned()),
    };
    let fact = proven(&world, &evidence([&one, &other])).unwrap();
    assert_eq!(fact.code(), "did-equivocation");
    assert!(fact.to_string().contains(person.scid()));
    let Proven::DidEquivocation { number, version_ids, .. } = fact else { panic!() };
    assert_eq!(number, 2);
    assert_ne!(version_ids[0], version_ids[1]);
    assert_eq!(code(proven(&world, &evidence([&one, &one]))), "ledger-evidence-proves-nothing");
    let stranger = Person::new(6).line;
    assert!(proven(&world, &evidence([&one, &stranger])).is_err());
    let orphans = Evidence::Did { history: vec![], entries: [one, other] };
    assert!(proven(&world, &orphans).is_err(), "the version before is missing");
}

#[test]
fn what_a_node_says_of_forks_is_read_as_evidence() {
    let mut world = World::new();
    let person = Person::new(4);
    world.register(&person);
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    let ((one, _), (other, _)) = (person.rotate(&head, at(60)), person.rotate(&head, at(61)));
    let body = |line: &str| line.trim_end().as_bytes().to_vec();
    let fork = Equivocation {
        scid: person.scid().to_owned(),
        number: 2,
        leaf_index: 3,
        recorded: body(&one),
        version_id: "2-other".to_owned(),
        head: "2-one".to_owned(),
        refused: body(&other),
    };
    // Versions after the fork prove nothing about it.
    let history = [body(&person.line), body(&one)];
    let said = forks_to_value(person.scid(), &history, &[fork]);
    assert_eq!(said["history"].as_array().map(Vec::len), Some(1));
    let [read] = forks_from_value(&said).unwrap().try_into().unwrap();
    assert_eq!(proven(&world, &read).unwrap().code(), "did-equivocation");
    for (member, value) in [
        ("type", json!("inkan-evidence/1")),
        ("history", json!([])),
        ("history", json!(["?"])),
        ("equivocations", json!({})),
        ("equivocations", json!([{}])),
        ("equivocations", json!(vec![said["equivocations"][0].clone(); 17])),
    ] {
        let mut wrong = said.clone();
        wrong[member] = value;
        let error = forks_from_value(&wrong).unwrap_err();
        assert_eq!(error.code(), "ledger-evidence-malformed", "{member}");
    }
    // Whoever keeps it keeps nothing that proves nothing.
    for (place, member, value) in [
        ("", "more", json!("x")),
        ("/equivocations/0", "more", json!("x")),
        ("/equivocations/0", "index", json!("x")),
        ("", "history", json!([said["history"][0], said["history"][0]])),
    ] {
        let mut wrong = said.clone();
        wrong.pointer_mut(place).unwrap()[member] = value;
        assert!(forks_from_value(&wrong).is_err(), "{place} {member}");
    }
    assert_eq!(forks_from_value(&forks_to_value("Qm", &history, &[])), Ok(vec![]));
}

#[test]
fn evidence_is_closed_and_typed() {
    let (world, fork) = (log(5, 3), log(50, 3));
    let good = Evidence::of_heads(both(&world), both(&fork), None).to_value();
    for (member, value) in [
        ("type", json!("inkan-evidence/2")),
        ("notes", json!([])),
        ("notes", json!(["x", "y"])),
        ("notes", json!([1, 2])),
        ("growth", json!({})),
        ("growth", json!({"root": "AA==", "path": []})),
        ("other", json!(1)),
        ("promise", json!("")),
    ] {
        let mut other = good.clone();
        other[member] = value;
        let error = Evidence::from_value(&other).unwrap_err();
        assert_eq!(error.code(), "ledger-evidence-malformed", "{member}");
    }
    let grown = |hashes: usize| {
        let node = b64(NodeHash::empty().digest().as_bytes());
        let mut other = good.clone();
        other["growth"] = json!({"root": node, "path": vec![node; hashes]});
        Evidence::from_value(&other).is_ok()
    };
    assert_eq!((grown(126), grown(127)), (true, false));
    let entries = ["one".to_owned(), "other".to_owned()];
    let mut versions = Evidence::Did { history: vec![], entries }.to_value();
    assert!(Evidence::from_value(&versions).is_ok());
    versions["more"] = json!(1);
    assert!(Evidence::from_value(&versions).is_err());
    assert!(Evidence::parse(b"[]").is_err());
    assert!(Evidence::parse(br#"{"type":"inkan-evidence/1"}"#).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Evidence::parse(&bytes);
    }
}
