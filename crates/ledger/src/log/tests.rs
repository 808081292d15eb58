use super::*;
use crate::testing::{ORIGIN, Person, World, at};
use crate::tree::verify_consistency;

#[test]
fn each_epoch_leaf_states_what_is_before_it() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    assert_eq!(world.seal(5), 3);
    assert_eq!(world.seal(6), 3, "nothing new, nothing sealed");
    world.enter(&person, &person.act(1, 1, b"a")).unwrap();
    world.enter(&person, &person.issuance(b"a")).unwrap();
    assert_eq!(world.seal(9), 6);
    let epoch = |index| Epoch::parse(world.log.leaf(index).unwrap().body()).unwrap();
    let (genesis, first, second) = (epoch(0), epoch(2), epoch(5));
    assert_eq!((genesis.keys, genesis.previous, genesis.size), (0, None, 0));
    assert_eq!((first.keys, first.previous, first.size), (1, Some(0), 2));
    assert_eq!((second.keys, second.previous, second.size), (2, Some(2), 5));
    assert_eq!(genesis.map, crate::map::empty_root());
    assert_ne!(first.map, second.map);
    assert_eq!(world.log.epochs(), [0, 2, 5]);
    assert_eq!(world.log.check_map(), Ok(()));
}

#[test]
fn ledger_time_never_goes_back_and_a_clock_far_behind_is_refused() {
    let mut world = World::new();
    world.submit(Kind::Did, &Person::new(5).line, 1_000).unwrap();
    let early = world.submit(Kind::Did, &Person::new(6).line, 700).unwrap();
    assert_eq!(world.log.leaf(early).unwrap().time(), at(1_000));
    let refused = world.submit(Kind::Did, &Person::new(7).line, 699).unwrap_err();
    assert_eq!(refused, Rejection::ClockUnsure { now: at(699), last: at(1_000) });
    assert_eq!(refused.code(), "clock-unsure");
    assert!(world.log.prepare_epoch(at(600)).is_err());
    let early = Timestamp::from_seconds(-1).unwrap();
    let empty = Log::new(ORIGIN, &Parameters::default(), inkan_core::sha256(&[]));
    assert_eq!(empty.unwrap_err().code(), "params-invalid");
    let (_, digest) = Parameters::default().genesis_document().unwrap();
    let empty = Log::new(ORIGIN, &Parameters::default(), digest).unwrap();
    assert_eq!(empty.prepare_epoch(early).unwrap_err().code(), "clock-unsure");
}

#[test]
fn replayed_leaves_give_the_same_log() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.enter(&person, &person.act(1, 1, b"a")).unwrap();
    world.seal(5);
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    world.submit(Kind::Did, &person.rotate(&head, at(10)).0, 10).unwrap();
    world.enter(&Person::new(5), &person.issuance(b"x")).unwrap_err();
    world.seal(20);
    let bytes: Vec<_> =
        (0..world.log.size()).map(|i| world.log.leaf(i).unwrap().to_bytes()).collect();
    let replay = |leaves: &[Vec<u8>]| {
        let parameters = Parameters::default();
        let (_, digest) = parameters.genesis_document().unwrap();
        let mut log = Log::new(ORIGIN, &parameters, digest).unwrap();
        leaves.iter().try_for_each(|leaf| log.replay(leaf).map(drop)).map(|()| log)
    };
    let log = replay(&bytes).unwrap();
    assert_eq!(log.checkpoint(log.size()), world.log.checkpoint(world.log.size()));
    assert_eq!(log.state().heads(100), world.log.state().heads(100));
    assert_eq!(log.check_map(), Ok(()));
    let code = |leaves: &[Vec<u8>]| replay(leaves).map(drop).map_err(|error| error.code());
    // One's own leaves are believed; whoever wants to know whether the map was right asks.
    let last = Leaf::parse(bytes.last().unwrap()).unwrap();
    let epoch = Epoch::parse(last.body()).unwrap();
    for wrong in
        [Epoch { keys: epoch.keys + 1, ..epoch }, Epoch { map: crate::NodeHash::empty(), ..epoch }]
    {
        let mut changed = bytes.clone();
        let leaf = Leaf::new(Kind::Epoch, last.time(), wrong.to_bytes()).unwrap();
        *changed.last_mut().unwrap() = leaf.to_bytes();
        assert_eq!(
            replay(&changed).unwrap().check_map().unwrap_err().code(),
            "leaves-inconsistent"
        );
    }
    // A leaf left out, twice, out of order, altered, or of another log.
    let mut changed = bytes.clone();
    changed.remove(2);
    assert_eq!(code(&changed), Err("leaves-inconsistent"), "the epoch leaf names its place");
    changed = bytes.clone();
    changed.insert(2, bytes[1].clone());
    assert_eq!(code(&changed), Err("leaves-inconsistent"));
    changed = bytes.clone();
    let line = String::from_utf8(changed[1].clone()).unwrap().replace("key-1", "key-7");
    changed[1] = line.into_bytes();
    assert_eq!(code(&changed), Err("leaves-inconsistent"));
    changed = bytes.clone();
    changed[3].truncate(20);
    assert_eq!(code(&changed), Err("leaves-inconsistent"));
    changed = bytes;
    let time = at(5).seconds().to_string();
    let earlier = String::from_utf8(changed[3].clone()).unwrap().replace(&time, "1768463999");
    changed[3] = earlier.into_bytes();
    assert_eq!(code(&changed), Err("leaves-inconsistent"), "time goes back");
}

#[test]
fn a_prepared_leaf_goes_to_its_place_or_nowhere() {
    let mut world = World::new();
    let prepare = |world: &World, person: &Person| match world
        .log
        .prepare(Kind::Did, person.line.as_bytes(), at(1))
        .unwrap()
    {
        Submission::New(prepared) => *prepared,
        Submission::Duplicate { .. } => panic!("is new"),
    };
    let (one, two) = (prepare(&world, &Person::new(5)), prepare(&world, &Person::new(6)));
    assert_eq!(one.leaf_index(), 1);
    assert_eq!(world.log.commit(one), Ok(1));
    assert_eq!(world.log.commit(two), Err(LogError::LeafOutOfOrder { leaf_index: 1 }));
}

#[test]
fn proofs_are_given_under_heads_of_this_log_only() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let size = world.seal(5);
    let note = world.cosigned(size, &[6, 6]);
    assert!(world.log.receipt(1, &note).is_ok());
    assert_eq!(world.log.receipt(3, &note).unwrap_err().code(), "not-found");
    assert_eq!(world.log.leaf(3).unwrap_err().code(), "not-found");
    let early = world.cosigned(1, &[1, 1]);
    assert_eq!(world.log.receipt(1, &early).unwrap_err().code(), "not-found");
    // A size without an epoch leaf at its end has no map.
    let middle = world.cosigned(2, &[6, 6]);
    assert_eq!(world.log.current(&MapKey::did("x"), &middle), Err(LogError::ForeignHead));
    let other = Checkpoint::new("other.example", note_head(&note)).unwrap();
    let other = other.sign(&world.log_key, &world.log_secret).unwrap();
    assert_eq!(world.log.receipt(1, &other), Err(LogError::ForeignHead));
    assert_eq!(LogError::ForeignHead.code(), "head-foreign");
}

#[test]
fn every_checkpoint_continues_the_one_before() {
    let mut world = World::new();
    let mut heads = vec![world.log.checkpoint(1).unwrap().head()];
    for i in 0..8_i64 {
        let person = Person::new(50 + i.unsigned_abs());
        world.submit(Kind::Did, &person.line, i).unwrap();
        let size = world.seal(i);
        heads.push(world.log.checkpoint(size).unwrap().head());
    }
    for (i, old) in heads.iter().enumerate() {
        for new in &heads[i..] {
            let path = world.log.tree().consistency(old.tree_size, new.tree_size).unwrap();
            assert_eq!(verify_consistency(old, new, &path), Ok(()));
        }
    }
}

fn note_head(note: &SignedNote) -> TreeHead {
    Checkpoint::parse_text(note.text()).unwrap().head()
}
