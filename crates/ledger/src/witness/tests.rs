use super::*;
use crate::testing::{Person, World, at};

fn grown() -> World {
    let mut world = World::new();
    for seed in 5..9 {
        world.register(&Person::new(seed));
        world.seal(seed.try_into().unwrap());
    }
    world
}

fn head(world: &World, size: u64) -> TreeHead {
    world.log.checkpoint(size).unwrap().head()
}

#[test]
fn a_witness_cosigns_what_continues_what_it_saw() {
    let world = grown();
    let note = world.signed(7);
    let path = world.log.tree().consistency(3, 7).unwrap();
    let admitted = admit(Some(&head(&world, 3)), &note, &world.log_key, &path).unwrap();
    assert_eq!(admitted.head(), head(&world, 7));
    let (_, secret, key) = &world.witnesses[0];
    let line = admitted.cosign(key, secret, at(9)).unwrap();
    assert!(key.matches(&line));
    // The same head again, and the first one ever.
    assert!(admit(Some(&head(&world, 7)), &note, &world.log_key, &[]).is_ok());
    assert!(admit(None, &note, &world.log_key, &[]).is_ok());
    let nothing = TreeHead { tree_size: 0, root_hash: NodeHash::empty() };
    assert!(admit(Some(&nothing), &note, &world.log_key, &[]).is_ok());
}

#[test]
fn a_witness_refuses_what_does_not_continue() {
    let world = grown();
    let note = world.signed(7);
    let refused = |seen: &TreeHead, note: &SignedNote, path: &[NodeHash]| {
        admit(Some(seen), note, &world.log_key, path).unwrap_err()
    };
    let path = world.log.tree().consistency(3, 7).unwrap();
    let fork = TreeHead { tree_size: 3, root_hash: NodeHash::empty() };
    assert_eq!(refused(&fork, &note, &path).code(), "split-view");
    let same_size = TreeHead { tree_size: 7, root_hash: NodeHash::empty() };
    assert_eq!(refused(&same_size, &note, &[]).code(), "split-view");
    assert_eq!(refused(&head(&world, 9), &note, &[]), WitnessError::OldSize { seen: 9 });
    assert_eq!(admit(None, &note, &world.log_key, &path).unwrap_err().code(), "witness-behind");
}

#[test]
fn a_witness_follows_one_log_by_its_key() {
    let world = grown();
    let unsigned = SignedNote::new(world.signed(7).text().to_owned());
    let refuse = |note: &SignedNote, key: &VerifierKey| admit(None, note, key, &[]).unwrap_err();
    assert_eq!(refuse(&unsigned, &world.log_key), WitnessError::NotTheLog);
    assert_eq!(refuse(&world.signed(7), &world.witnesses[0].2), WitnessError::NotTheLog);
    let mut forged = world.signed(7);
    let mut line = forged.signatures()[0].clone();
    line.signature[0] ^= 1;
    forged.put(line);
    assert_eq!(refuse(&forged, &world.log_key).code(), "witness-unknown-log");
}
