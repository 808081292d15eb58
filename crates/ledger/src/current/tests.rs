use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ActId;
use crate::map::Flags;
use crate::testing::{Person, World, at};

struct Case {
    world: World,
    person: Person,
    size: u64,
}

fn case() -> Case {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.register(&Person::new(6));
    world.enter(&person, &person.act(1, 1, b"accept")).unwrap();
    world.seal(100);
    world.enter(&person, &person.act(1, 2, b"withdraw")).unwrap();
    let size = world.seal(200);
    Case { world, person, size }
}

impl Case {
    fn act(&self) -> MapKey {
        MapKey::act(self.person.scid(), &ActId::from_bytes([1; 32]))
    }

    fn proof(&self, key: &MapKey, size: u64) -> CurrentProof {
        self.world.log.current(key, &self.world.cosigned(size, &[210, 220])).unwrap()
    }

    fn verify(&self, proof: &CurrentProof, key: &MapKey) -> Result<VerifiedCurrent, ReceiptError> {
        verify_current(proof, key, &self.world.policy(), at(300))
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, ReceiptError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn the_newest_entry_of_an_id_is_shown_as_of_a_checkpoint() {
    let case = case();
    let current = case.verify(&case.proof(&case.act(), case.size), &case.act()).unwrap();
    let head = current.head().unwrap();
    assert_eq!((head.value().sequence, head.value().leaf_index), (2, 5));
    assert_eq!(head.leaf().kind(), Kind::Countersignature);
    assert_eq!(head.value().flags, Flags::NONE);
    assert_eq!((current.epoch_index(), current.fresh_at()), (6, Some(at(210))));
    let earlier = case.verify(&case.proof(&case.act(), 5), &case.act()).unwrap();
    assert_eq!(earlier.head().unwrap().value().sequence, 1);
    assert_eq!(earlier.epoch_index(), 4);
    let did = MapKey::did(case.person.scid());
    let current = case.verify(&case.proof(&did, case.size), &did).unwrap();
    assert!(current.head().unwrap().value().flags.has(Flags::PRE_ROTATION));
}

#[test]
fn what_never_was_is_shown_to_be_absent() {
    let case = case();
    let key = MapKey::act(case.person.scid(), &ActId::from_bytes([2; 32]));
    assert!(case.verify(&case.proof(&key, case.size), &key).unwrap().head().is_none());
    let genesis = MapKey::did(case.person.scid());
    assert!(case.verify(&case.proof(&genesis, 1), &genesis).unwrap().head().is_none());
}

#[test]
fn a_proof_is_about_one_key() {
    let case = case();
    let proof = case.proof(&case.act(), case.size);
    let did = MapKey::did(case.person.scid());
    assert!(matches!(code(case.verify(&proof, &did)), "map-proof-invalid" | "map-value-invalid"));
    let absent = MapKey::act(case.person.scid(), &ActId::from_bytes([2; 32]));
    assert!(matches!(
        code(case.verify(&proof, &absent)),
        "map-proof-invalid" | "map-value-invalid"
    ));
}

#[test]
fn older_heads_hidden_heads_and_foreign_heads_are_refused() {
    let case = case();
    let new = case.proof(&case.act(), case.size);
    let old = case.proof(&case.act(), 5);
    let with = |head: Option<(Vec<u8>, MapValue)>, map: &MapProof| {
        case.verify(&CurrentProof::new(new.epoch.clone(), map.clone(), head), &case.act())
    };
    // An older head under a newer epoch, with the older or the newer map proof.
    assert_eq!(code(with(old.head.clone(), &new.map)), "map-value-invalid");
    assert_eq!(code(with(old.head.clone(), &old.map)), "map-proof-invalid");
    // Said to be absent.
    assert_eq!(code(with(None, &new.map)), "map-value-invalid");
    // The right value over another leaf.
    let (_, value) = new.head.clone().unwrap();
    let (other, _) = old.head.unwrap();
    assert_eq!(code(with(Some((other, value)), &new.map)), "map-value-invalid");
    assert_eq!(code(with(Some((b"x".to_vec(), value)), &new.map)), "malformed-leaf");
}

#[test]
fn only_an_epoch_leaf_at_the_end_of_its_checkpoint_speaks_of_the_map() {
    let case = case();
    let good = case.proof(&case.act(), case.size);
    let note = case.world.cosigned(case.size, &[210, 220]);
    let with = |epoch: Receipt| {
        let proof = CurrentProof::new(epoch, good.map.clone(), good.head.clone());
        code(case.verify(&proof, &case.act()))
    };
    assert_eq!(with(case.world.log.receipt(4, &note).unwrap()), "not-last-leaf");
    assert_eq!(with(case.world.log.receipt(5, &note).unwrap()), "malformed-leaf");
    let unsigned = case.world.signed(case.size);
    assert_eq!(with(case.world.log.receipt(6, &unsigned).unwrap()), "quorum-not-met");
}

/// An epoch leaf of a lying operator that names another place than its own: an older map would pass for the newest.
#[test]
fn an_epoch_leaf_that_names_another_place_or_kind_is_refused() {
    let case = case();
    let (world, last) = (&case.world, case.size - 1);
    let good = case.proof(&case.act(), case.size);
    let leaf = world.log.leaf(last).unwrap();
    let epoch = Epoch::parse(leaf.body()).unwrap();
    let with = |kind, size| {
        let body = Epoch { size, ..epoch }.to_bytes();
        let bytes = Leaf::new(kind, leaf.time(), body).unwrap().to_bytes();
        let receipt = last_of(world, last, &bytes);
        let proof = CurrentProof::new(receipt, good.map.clone(), good.head.clone());
        case.verify(&proof, &case.act()).map(drop)
    };
    assert_eq!(with(Kind::Epoch, last), Ok(()));
    assert_eq!(with(Kind::Epoch, last - 1), Err(ReceiptError::MalformedBody));
    assert_eq!(with(Kind::Epoch, last + 1), Err(ReceiptError::MalformedBody));
    let found = Kind::Anchor;
    assert_eq!(
        with(found, last),
        Err(ReceiptError::WrongKind { found }),
        "nor one of another kind"
    );
}

/// A map that says of an entry that it stands where its own epoch leaf stands, or later: the map of an epoch leaf is about
/// the leaves before it.
#[test]
fn a_head_stands_before_the_epoch_leaf_that_speaks_of_it() {
    let case = case();
    let (world, last, key) = (&case.world, case.size - 1, case.act());
    let (head, value) = case.proof(&key, case.size).head.unwrap();
    let with = |leaf_index| {
        let value = MapValue { leaf_index, ..value };
        let map = crate::map::Map::new(&[(key, value)].into());
        let leaf = world.log.leaf(last).unwrap();
        let epoch = Epoch { map: map.root(), keys: 1, ..Epoch::parse(leaf.body()).unwrap() };
        let bytes = Leaf::new(Kind::Epoch, leaf.time(), epoch.to_bytes()).unwrap().to_bytes();
        let receipt = last_of(world, last, &bytes);
        case.verify(&CurrentProof::new(receipt, map.prove(&key), Some((head.clone(), value))), &key)
            .map(drop)
    };
    assert_eq!(with(last - 1), Ok(()));
    let refused = Err(ReceiptError::from(MapProofError::ValueMismatch));
    assert_eq!(with(last), refused);
    assert_eq!(with(last + 1), refused);
}

/// A receipt of other bytes as the last leaf of the log, under a cosigned head of that tree.
fn last_of(world: &World, last: u64, bytes: &[u8]) -> Receipt {
    let mut tree = crate::MerkleTree::new();
    for index in 0..last {
        tree.append(world.log.tree().leaf_hash(index).unwrap());
    }
    tree.append(LeafHash::of(bytes));
    let root_hash = tree.root(last + 1).unwrap();
    let head = crate::tree::TreeHead { tree_size: last + 1, root_hash };
    let checkpoint = crate::Checkpoint::new(crate::testing::ORIGIN, head).unwrap();
    let mut note = checkpoint.sign(&world.log_key, &world.log_secret).unwrap();
    for ((_, secret, key), time) in world.witnesses.iter().zip([210, 220]) {
        note.put(crate::cosignature::cosign(note.text(), key, secret, at(time)).unwrap());
    }
    Receipt::new(bytes.to_vec(), &tree.inclusion(last, last + 1).unwrap(), &note)
}

#[test]
fn current_proofs_have_one_form() {
    let case = case();
    let absent = MapKey::did("nobody");
    for proof in [case.proof(&case.act(), case.size), case.proof(&absent, case.size)] {
        let value = proof.to_value();
        assert_eq!(CurrentProof::from_value(&value), Ok(proof.clone()));
        assert_eq!(CurrentProof::parse(value.to_string().as_bytes()), Ok(proof));
    }
    let good = case.proof(&case.act(), case.size).to_value();
    for (member, value, expected) in [
        ("type", json!("inkan-current/2"), "malformed-receipt"),
        ("epoch", json!("="), "malformed-receipt"),
        ("proof", json!("x"), "malformed-receipt"),
        ("map", json!(1), "malformed-receipt"),
        ("map", json!("AAAA"), "map-proof-invalid"),
        ("head", json!("="), "malformed-receipt"),
        ("value", json!("AAAA"), "map-value-invalid"),
        ("more", json!(1), "malformed-receipt"),
    ] {
        let mut other = good.clone();
        other[member] = value;
        assert_eq!(code(CurrentProof::from_value(&other)), expected, "{member}");
    }
    for member in ["head", "value"] {
        let mut other = good.clone();
        other.as_object_mut().unwrap().remove(member);
        assert_eq!(code(CurrentProof::from_value(&other)), "malformed-receipt");
    }
    assert_eq!(code(CurrentProof::parse(b"[]")), "malformed-receipt");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_flipped_bit_of_map_head_or_value_fails(pick in any::<usize>()) {
        let case = case();
        let good = case.proof(&case.act(), case.size);
        let (leaf, value) = good.head.clone().unwrap();
        let mut parts = [good.map.to_bytes(), leaf, value.to_bytes().to_vec()];
        let part = pick % 3;
        let bit = (pick / 3) % (parts[part].len() * 8);
        parts[part][bit / 8] ^= 1 << (bit % 8);
        let [map, leaf, value] = parts;
        if let (Ok(map), Some(value)) = (MapProof::parse(&map), MapValue::parse(&value)) {
            let proof = CurrentProof::new(good.epoch, map, Some((leaf, value)));
            prop_assert!(case.verify(&proof, &case.act()).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = CurrentProof::parse(&bytes);
    }
}
