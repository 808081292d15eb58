//! Two histories of one DID (§6.2).

use super::code;
use crate::state::{Candidate, Controller, EQUIVOCATIONS_LIMIT, Memory};
use crate::testing::{Person, World, at};
use crate::{Base, Kind, Refusal};

fn kept(world: &World) -> &[crate::state::Equivocation] {
    world.log.state().all_equivocations()
}

#[test]
fn a_second_signed_version_is_refused_and_kept() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let first = world.head(&person);
    let (line, _) = person.rotate(&first, at(10));
    let (fork, _) = person.rotate(&first, at(11));
    let place = world.submit(Kind::Did, &line, 10).unwrap();
    assert_eq!(code(world.submit(Kind::Did, &fork, 12)), "version-conflict");
    let [evidence] = kept(&world) else { panic!("one piece of evidence") };
    assert_eq!((evidence.scid.as_str(), evidence.number), (person.scid(), 2));
    assert_eq!(evidence.leaf_index, place);
    assert_eq!(evidence.recorded, line.as_bytes());
    assert_eq!(evidence.refused, fork.as_bytes());
    assert_eq!(evidence.head, world.head(&person).version_id());
    // Once is enough.
    assert_eq!(code(world.submit(Kind::Did, &fork, 13)), "version-conflict");
    assert_eq!(kept(&world).len(), 1);
    // However long ago the fork was, and even of a DID that has ended.
    for time in [20, 30] {
        let head = world.head(&person);
        world.submit(Kind::Did, &person.rotate(&head, at(time)).0, time).unwrap();
    }
    let head = world.head(&person);
    world.submit(Kind::Did, &person.deactivate(&head, at(40)), 40).unwrap();
    let (late, _) = person.rotate(&first, at(50));
    assert_eq!(code(world.submit(Kind::Did, &late, 51)), "version-conflict");
    assert_eq!(kept(&world).len(), 2);
    assert_eq!(world.log.size(), 6, "it needs no leaf");
}

#[test]
fn what_the_controller_did_not_sign_is_no_evidence() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let first = world.head(&person);
    world.submit(Kind::Did, &person.rotate(&first, at(10)).0, 10).unwrap();
    let (fork, _) = person.rotate(&first, at(11));
    // Another time: the hash is another one.
    let forged = fork.replace(&at(11).to_string(), &at(12).to_string());
    assert_eq!(code(world.submit(Kind::Did, &forged, 20)), "version-conflict");
    // Another signature.
    let mut value: serde_json::Value = serde_json::from_str(&fork).unwrap();
    let proof = value["proof"][0]["proofValue"].as_str().unwrap().to_owned();
    value["proof"][0]["proofValue"] = proof.replacen(['a', 'b', 'c', 'd'], "e", 1).into();
    assert_eq!(code(world.submit(Kind::Did, &value.to_string(), 20)), "version-conflict");
    // It follows another head, or none that is known.
    let head = world.head(&person);
    let (third, _) = person.rotate(&head, at(30));
    let stray = third.replace("\"3-", "\"2-");
    assert_eq!(code(world.submit(Kind::Did, &stray, 40)), "version-conflict");
    // The first entry of another DID under this one's name.
    assert_eq!(
        code(world.submit(Kind::Did, &fork.replace("\"2-", "\"1-"), 40)),
        "parameters-invalid"
    );
    assert_eq!(kept(&world), &[]);
}

#[test]
fn enough_evidence_is_enough() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let first = world.head(&person);
    world.submit(Kind::Did, &person.rotate(&first, at(10)).0, 10).unwrap();
    for time in 0..20 {
        let (fork, _) = person.rotate(&first, at(11 + time));
        assert_eq!(code(world.submit(Kind::Did, &fork, 40)), "version-conflict");
    }
    assert_eq!(kept(&world).len(), EQUIVOCATIONS_LIMIT);
    let (more, _) = person.rotate(&first, at(39));
    let candidate = Candidate::parse(Kind::Did, more.into_bytes()).unwrap();
    let refusal = world.log.machine().prepare(&candidate, at(40)).unwrap_err();
    assert!(matches!(refusal, Refusal::Rejected(_)), "nor is it looked at any longer");
    let versions: std::collections::BTreeSet<_> =
        kept(&world).iter().map(|one| one.version_id.clone()).collect();
    assert_eq!(versions.len(), EQUIVOCATIONS_LIMIT, "each one a different fork");
    // Of this DID: what its controller did hides nobody else's forks.
    let other = Person::new(6);
    world.submit(Kind::Did, &other.line, 40).unwrap();
    let first = world.head(&other);
    for (time, expected) in [(41, None), (42, Some("version-conflict"))] {
        let refused = world.submit(Kind::Did, &other.rotate(&first, at(time)).0, 43);
        assert_eq!(refused.err().map(|refusal| refusal.code()), expected);
    }
    assert_eq!(kept(&world).len(), EQUIVOCATIONS_LIMIT + 1);
}

#[test]
fn two_updates_at_once_are_one_entry_and_one_piece_of_evidence() {
    // Both were checked by workers against the same head before either was recorded.
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let first = world.head(&person);
    let controller: Controller = world.log.state().controller(person.scid()).unwrap().unwrap();
    let candidates: Vec<_> = [10, 11]
        .into_iter()
        .map(|time| {
            let body = person.rotate(&first, at(time)).0.into_bytes();
            let mut candidate = Candidate::parse(Kind::Did, body).unwrap();
            candidate.check_signature(Some(&controller), at(12)).unwrap();
            candidate
        })
        .collect();
    let machine: &crate::Machine<Memory> = world.log.machine();
    let prepared = match machine.prepare(&candidates[0], at(12)).unwrap() {
        crate::log::Submission::New(prepared) => *prepared,
        crate::log::Submission::Duplicate { .. } => panic!("it is new"),
    };
    world.log.commit(prepared).unwrap();
    let refusal = world.log.machine().prepare(&candidates[1], at(12)).unwrap_err();
    assert!(matches!(refusal, Refusal::Equivocation(_)), "{refusal:?}");
    assert_eq!(refusal.code(), "version-conflict");
}
