use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use proptest::prelude::*;

use super::*;
use crate::testing::{ORIGIN, Person, World, ed25519};

fn p256(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed))
}

fn world() -> World {
    let mut world = World::new();
    for seed in 5..9 {
        world.register(&Person::new(seed));
    }
    world.seal(9);
    world
}

fn exported(world: &World, index: u64, key: &SecretKey) -> Result<CoseReceipt, CoseError> {
    let size = world.log.size();
    let head = world.log.checkpoint(size).unwrap().head();
    let proof = world.log.tree().inclusion(index, size).unwrap();
    let leaf = world.log.tree().leaf_hash(index).unwrap();
    CoseReceipt::sign(ORIGIN, (&leaf, &proof), &head, key)
}

#[test]
fn every_leaf_is_exported_and_read_back() {
    let (world, key) = (world(), p256(1));
    let head = world.log.checkpoint(world.log.size()).unwrap().head();
    for index in 0..world.log.size() {
        let receipt = exported(&world, index, &key).unwrap();
        let read = CoseReceipt::parse(&receipt.to_bytes().unwrap()).unwrap();
        assert_eq!(read, receipt);
        let leaf = world.log.tree().leaf_hash(index).unwrap();
        assert_eq!(read.verify(&leaf, &key.public_key()).unwrap(), head.root_hash);
        assert_eq!((read.origin(), read.tree_size()), (ORIGIN, head.tree_size));
        assert_eq!(read.kid(), key.public_key().thumbprint().as_bytes());
    }
}

#[test]
fn the_headers_are_exactly_those_of_the_specification() {
    let receipt = exported(&world(), 1, &p256(1)).unwrap();
    let bytes = receipt.to_bytes().unwrap();
    let value: Cbor = coset::cbor::from_reader(bytes.as_slice()).unwrap();
    let Cbor::Tag(18, message) = value else { panic!("no COSE_Sign1 tag") };
    let [Cbor::Bytes(protected), unprotected, payload, Cbor::Bytes(signature)] =
        message.as_array().unwrap().as_slice()
    else {
        panic!("not four parts")
    };
    let kid = receipt.kid().to_vec();
    let claims = Cbor::Map(vec![(1.into(), Cbor::Text(ORIGIN.to_owned()))]);
    let expected = Cbor::Map(vec![
        (1.into(), (-7).into()),
        (4.into(), Cbor::Bytes(kid)),
        (15.into(), claims),
        (395.into(), 1.into()),
    ]);
    assert_eq!(coset::cbor::from_reader::<Cbor, _>(protected.as_slice()).unwrap(), expected);
    assert_eq!((payload, signature.len()), (&Cbor::Null, 64));
    let [(label, vdp)] = unprotected.as_map().unwrap().as_slice() else { panic!("one header") };
    assert_eq!(*label, Cbor::from(396));
    let [(label, proofs)] = vdp.as_map().unwrap().as_slice() else { panic!("one kind") };
    assert_eq!(*label, Cbor::from(-1));
    let [Cbor::Bytes(proof)] = proofs.as_array().unwrap().as_slice() else { panic!("one proof") };
    let proof: Cbor = coset::cbor::from_reader(proof.as_slice()).unwrap();
    let parts = proof.as_array().unwrap();
    assert_eq!(parts[..2], [Cbor::from(6), Cbor::from(1)]);
    assert_eq!(parts[2].as_array().unwrap().len(), receipt.proof().path.len());
}

#[test]
fn what_is_not_shown_is_refused() {
    let (world, key) = (world(), p256(1));
    let receipt = exported(&world, 1, &key).unwrap();
    let leaf = world.log.tree().leaf_hash(1).unwrap();
    let code = |result: Result<NodeHash, CoseError>| result.unwrap_err().code();
    let public = key.public_key();
    let other = world.log.tree().leaf_hash(2).unwrap();
    assert_eq!(code(receipt.verify(&other, &public)), "log-signature-invalid");
    assert_eq!(code(receipt.verify(&leaf, &p256(2).public_key())), "log-signature-invalid");
    assert_eq!(code(receipt.verify(&leaf, &ed25519(2).public_key())), "log-signature-invalid");
    // Its header says ES256: a good signature of another kind of key is none.
    let mut other = receipt.clone();
    let root = receipt.verify(&leaf, &public).unwrap();
    other.signature = ed25519(2).sign(&other.signed_bytes(&root)).unwrap();
    assert_eq!(code(other.verify(&leaf, &ed25519(2).public_key())), "log-signature-invalid");
    let mut short = receipt.clone();
    short.proof.path.pop();
    assert_eq!(code(short.verify(&leaf, &public)), "inclusion-invalid");
    // The size is not signed: one with a path of the same shape leads to the same root, any other to none.
    let sized = |tree_size| CoseReceipt { tree_size, ..receipt.clone() }.verify(&leaf, &public);
    assert_eq!(sized(7).unwrap(), receipt.verify(&leaf, &public).unwrap());
    assert_eq!(code(sized(9)), "inclusion-invalid");
    let mut renamed = receipt;
    renamed.origin = "other.example".to_owned();
    assert_eq!(code(renamed.verify(&leaf, &public)), "log-signature-invalid");
}

#[test]
fn empty_paths_other_keys_and_other_roots_are_not_exported() {
    let world = World::new();
    let error = exported(&world, 0, &p256(1)).unwrap_err();
    assert_eq!(error.code(), "not-exported");
    let error = exported(&self::world(), 0, &ed25519(1)).unwrap_err();
    assert_eq!(error.code(), "log-signature-invalid");
    let world = self::world();
    let (leaf, proof) =
        (world.log.tree().leaf_hash(0).unwrap(), world.log.tree().inclusion(0, 6).unwrap());
    let head = TreeHead { tree_size: 6, root_hash: NodeHash::empty() };
    let sign = |origin: &str| {
        CoseReceipt::sign(origin, (&leaf, &proof), &head, &p256(1)).unwrap_err().code()
    };
    assert_eq!(sign(ORIGIN), "inclusion-invalid");
    assert_eq!(sign("two words"), "malformed-receipt");
}

#[test]
fn only_one_encoding_is_read() {
    let receipt = exported(&world(), 1, &p256(1)).unwrap();
    let good = receipt.to_bytes().unwrap();
    let malformed = |bytes: &[u8]| CoseReceipt::parse(bytes).unwrap_err().code();
    for length in 0..good.len() {
        assert_eq!(malformed(&good[..length]), "malformed-receipt");
    }
    assert_eq!(malformed(&[good.as_slice(), &[0]].concat()), "malformed-receipt");
    assert_eq!(malformed(&good[1..]), "malformed-receipt", "untagged");
    assert_eq!(malformed(&vec![0; COSE_LIMIT + 1]), "malformed-receipt");
    let mut message = CoseSign1::from_tagged_slice(&good).unwrap();
    message.payload = Some(vec![0; 32]);
    assert_eq!(malformed(&message.clone().to_tagged_vec().unwrap()), "malformed-receipt");
    message.payload = None;
    message.unprotected.key_id = vec![1];
    assert_eq!(malformed(&message.to_tagged_vec().unwrap()), "malformed-receipt");
}

#[test]
fn a_receipt_that_is_read_names_a_log_a_key_and_a_place_in_the_tree() {
    let good = exported(&world(), 1, &p256(1)).unwrap();
    let with = |change: fn(&mut CoseReceipt)| {
        let mut other = good.clone();
        change(&mut other);
        CoseReceipt::parse(&other.to_bytes().unwrap()).map(drop)
    };
    assert!(with(|it| it.kid = vec![1; KID_LIMIT]).is_ok());
    assert!(with(|it| it.proof.path = vec![NodeHash::empty(); PATH_LIMIT]).is_ok());
    let refused: [fn(&mut CoseReceipt); 7] = [
        |it| it.origin = "two words".to_owned(),
        |it| it.origin = String::new(),
        |it| it.kid = vec![],
        |it| it.kid = vec![1; KID_LIMIT + 1],
        |it| it.proof.path = vec![NodeHash::empty(); PATH_LIMIT + 1],
        |it| it.proof.leaf_index = it.tree_size,
        |it| it.tree_size = 1 << 63,
    ];
    for change in refused {
        assert_eq!(with(change).unwrap_err().code(), "malformed-receipt");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_noticed(at in any::<usize>(), change in 1_u8..=255) {
        let (world, key) = (world(), p256(1));
        let mut bytes = exported(&world, 1, &key).unwrap().to_bytes().unwrap();
        let at = at % bytes.len();
        bytes[at] ^= change;
        let leaf = world.log.tree().leaf_hash(1).unwrap();
        if let Ok(receipt) = CoseReceipt::parse(&bytes)
            && let Ok(root) = receipt.verify(&leaf, &key.public_key())
        {
            // The kid is signed too; place and size are not.
            prop_assert_eq!(Ok(root), world.log.tree().root(world.log.size()));
            prop_assert!((receipt.tree_size(), receipt.proof().leaf_index) != (6, 1));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = CoseReceipt::parse(&bytes);
    }
}
