#![expect(clippy::string_slice, reason = "the text is zeroes and ones")]

use proptest::prelude::*;

use super::*;

const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";

fn value(number: u64) -> MapValue {
    MapValue {
        kind: Kind::Did,
        flags: Flags::PRE_ROTATION.with(Flags::PORTABLE),
        sequence: 1,
        leaf_index: number,
        leaf_hash: LeafHash::of(b"x"),
    }
}

fn heads(count: u64) -> BTreeMap<MapKey, MapValue> {
    (0..count).map(|i| (MapKey::did(&format!("scid {i}")), value(i))).collect()
}

/// The recursion over single bits, on hex text instead of bytes: shares no code with the implementation.
fn oracle_root(pairs: &[(String, Digest)], depth: usize) -> [u8; 32] {
    let hash = |parts: &[&[u8]]| *sha256(parts).as_bytes();
    match pairs {
        [] => *b"SPARSE_MERKLE_PLACEHOLDER_HASH__",
        [(bits, value)] => {
            let key: Vec<u8> =
                (0..32).map(|i| u8::from_str_radix(&bits[i * 8..i * 8 + 8], 2).unwrap()).collect();
            hash(&[b"JMT::LeafNode", &key, value.as_bytes()])
        }
        _ => {
            let side = |wanted: &str| -> Vec<_> {
                let bit = |bits: &str| bits[depth..depth + 1] == *wanted;
                pairs.iter().filter(|(bits, _)| bit(bits)).cloned().collect()
            };
            let (zero, one) = (side("0"), side("1"));
            let (zero, one) = (oracle_root(&zero, depth + 1), oracle_root(&one, depth + 1));
            hash(&[b"JMT::IntrnalNode", &zero, &one])
        }
    }
}

#[test]
fn the_keys_of_the_specification_are_met() {
    let act = ActId::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap()));
    let keys = [
        (MapKey::did(SCID), "7bb82f3136cd3bc53f5ecd66ef54920dbb739141275aac2d7f870b97764a5099"),
        (
            MapKey::act(SCID, &act),
            "a8d3ff7cd87e5c13018905cd964e1672edc8a9a579dc4c117b963a208a607517",
        ),
        (
            MapKey::of(Kind::Once, &["coupon", &act.to_b64u()]),
            "ed8eb31de2bca4752fdc09dd8809feecab482483cc8b4117c7a3636effc12242",
        ),
    ];
    for (key, hex) in keys {
        assert_eq!(key.digest().to_hex(), hex);
    }
}

#[test]
fn the_root_of_the_specification_is_met() {
    let heads = BTreeMap::from([(MapKey::did(SCID), value(1))]);
    assert_eq!(value(1).flags.bits(), 0x0a);
    assert_eq!(
        Map::new(&heads).root().digest().to_hex(),
        "4dae698fe641f5ec6b6898fd101116e6b2fbb36ded8cfb6f6e386484f3e1b2bc"
    );
    assert_eq!(Map::default().root(), empty_root());
}

#[test]
fn roots_of_all_sizes_to_65_are_those_of_the_definition() {
    for count in 0..=65 {
        let heads = heads(count);
        let bits = |digest: &Digest| -> String {
            digest.as_bytes().iter().map(|byte| format!("{byte:08b}")).collect()
        };
        let pairs: Vec<_> = heads.iter().map(|(k, v)| (bits(k.digest()), v.hash())).collect();
        assert_eq!(*Map::new(&heads).root().digest().as_bytes(), oracle_root(&pairs, 0), "{count}");
    }
}

#[test]
fn every_key_is_proved_present_or_absent() {
    for count in [0, 1, 2, 3, 17, 200] {
        let heads = heads(count);
        let map = Map::new(&heads);
        let root = map.root();
        for (key, value) in &heads {
            let proof = map.prove(key);
            assert_eq!(proof.verify_present(key, value, &root), Ok(()));
            let mut other = *value;
            other.sequence = 2;
            let wrong = proof.verify_present(key, &other, &root).unwrap_err();
            assert_eq!((wrong, wrong.code()), (MapProofError::ValueMismatch, "map-value-invalid"));
        }
        for i in 1_000..1_100 {
            let key = MapKey::did(&format!("scid {i}"));
            let proof = map.prove(&key);
            assert_eq!(proof.verify(&key, &root), Ok(MapOutcome::Absent));
            assert_eq!(
                proof.verify_present(&key, &value(i), &root),
                Err(MapProofError::ValueMismatch)
            );
        }
    }
}

#[test]
fn a_proof_of_one_key_says_nothing_of_another() {
    let heads = heads(50);
    let map = Map::new(&heads);
    let keys: Vec<_> = heads.keys().collect();
    let proof = map.prove(keys[7]);
    for (i, key) in keys.iter().enumerate() {
        if i != 7 {
            assert_eq!(proof.verify(key, &map.root()), Err(MapProofError::OtherKey));
        }
    }
    let absent = map.prove(&MapKey::did("nobody"));
    assert!(keys.iter().all(|key| absent.verify(key, &map.root()) != Ok(MapOutcome::Absent)));
}

#[test]
fn loose_bytes_are_no_proof_and_no_value() {
    let map = Map::new(&heads(9));
    let key = *heads(9).keys().next().unwrap();
    let bytes = map.prove(&key).to_bytes();
    let refused = |bytes: &[u8]| assert_eq!(MapProof::parse(bytes), Err(MapProofError::Malformed));
    for cut in 0..bytes.len() {
        refused(&bytes[..cut]);
    }
    refused(&[bytes.as_slice(), &[0]].concat());
    refused(&[2, 0, 0, 0]);
    refused(&[1, 2, 0, 0]);
    refused(&[1, 0, 1, 1]);
    // A key has 256 bits, so a path has no more siblings.
    assert!(MapProof::parse(&[&[1, 0, 1, 0][..], &[0; 32]].concat()).is_ok());
    refused(&[&[1, 0, 1, 1][..], &[0; 33]].concat());
    // One sibling, empty, but a spare bit set.
    assert!(MapProof::parse(&[1, 0, 0, 1, 0]).is_ok());
    refused(&[1, 0, 0, 1, 1]);
    let value = value(3).to_bytes();
    assert_eq!(MapValue::parse(&value), Some(self::value(3)));
    for (at, byte) in [(0, 2), (1, 0), (1, 2), (1, 8), (2, 0x20)] {
        let mut other = value;
        other[at] = byte;
        assert_eq!(MapValue::parse(&other), None, "byte {at} = {byte}");
    }
    assert_eq!(MapValue::parse(&value[1..]), None);
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_proof_fails(count in 1_u64..80, pick in any::<usize>(), present in any::<bool>()) {
        let heads = heads(count);
        let map = Map::new(&heads);
        let key = if present { *heads.keys().nth(pick % heads.len()).unwrap() } else { MapKey::did("no") };
        let mut bytes = map.prove(&key).to_bytes();
        let expected = map.prove(&key).verify(&key, &map.root());
        let bit = pick % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(proof) = MapProof::parse(&bytes) {
            prop_assert_eq!(proof.to_bytes(), bytes);
            prop_assert_ne!(proof.verify(&key, &map.root()), expected);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(proof) = MapProof::parse(&bytes) {
            prop_assert_eq!(proof.to_bytes(), bytes);
            prop_assert!(proof.verify(&MapKey::did(SCID), &empty_root()).is_err() || proof.siblings.iter().all(Option::is_none));
        }
    }
}
