use inkan_core::sha256;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::entry::{Claims, SignedEntry};
use crate::testing::{Person, at};

const ROOT_SALT: [u8; 16] = [9; 16];

/// SHA-256 of record `number`, and its salt.
fn record(number: u64) -> (Digest, [u8; 16]) {
    let mut salt = [3; 16];
    salt[..8].copy_from_slice(&number.to_be_bytes());
    (sha256(&[&number.to_be_bytes()]), salt)
}

fn batch(size: u64) -> RecordBatch {
    RecordBatch::new((0..size).map(record)).unwrap()
}

fn entry(person: &Person, claims: AnchorClaims) -> SignedEntry {
    let body = person.sign(&Claims::Anchor(claims), at(0));
    SignedEntry::parse(Kind::Anchor, body.as_bytes()).unwrap()
}

/// The root by the recursive definition of RFC 9162 §2.1.1, over leaves written out by hand.
fn expected_root(records: &[(Digest, [u8; 16])]) -> Digest {
    if let [(record, salt)] = records {
        return sha256(&[&[0], b"inkan-record/v1\n", salt, record.as_bytes()]);
    }
    let half = records.len().next_power_of_two() / 2;
    let (left, right) = records.split_at(half);
    sha256(&[&[1], expected_root(left).as_bytes(), expected_root(right).as_bytes()])
}

#[test]
fn the_root_is_that_of_rfc_9162_over_salted_records() {
    for size in 1..=40 {
        let records: Vec<_> = (0..size).map(record).collect();
        assert_eq!(*batch(size).root(), expected_root(&records), "{size}");
    }
    assert!(RecordBatch::new([]).is_none(), "no record, no root");
}

#[test]
fn every_record_opens_the_anchor_of_its_batch() {
    let person = Person::new(5);
    for size in [1, 2, 3, 7, 8, 9, 33] {
        let batch = batch(size);
        let scope = AnchorScope::Dataset;
        let public = entry(&person, batch.public(scope));
        let committed = entry(&person, batch.committed(scope, person.scid(), &ROOT_SALT));
        for index in 0..size {
            let (digest, _) = record(index);
            let opening = batch.opening(index, None).unwrap();
            assert_eq!(opening.check(&public, &digest, None), Ok(()));
            assert_eq!(Opening::from_value(&opening.to_value()), Ok(opening));
            let opening = batch.opening(index, Some(ROOT_SALT)).unwrap();
            assert_eq!(opening.check(&committed, &digest, None), Ok(()));
            assert_eq!(Opening::from_value(&opening.to_value()), Ok(opening));
        }
        assert!(batch.opening(size, None).is_err());
    }
}

/// Whatever is wrong is refused, of a public root and of a committed one alike.
#[test]
fn anything_else_does_not() {
    let person = Person::new(5);
    let batch = batch(5);
    let scope = AnchorScope::Dataset;
    let claims = batch.committed(scope, person.scid(), &ROOT_SALT);
    for (claims, salt) in [(batch.public(scope), None), (claims, Some(ROOT_SALT))] {
        let (digest, _) = record(2);
        let anchored = entry(&person, claims.clone());
        let good = batch.opening(2, salt).unwrap();
        let code = |opening: &Opening, entry: &SignedEntry, digest: &Digest| {
            opening.check(entry, digest, None).unwrap_err().code()
        };
        let changed = |change: &dyn Fn(&mut Opening, &mut RecordPlace)| {
            let (mut opening, mut place) = (good.clone(), good.record.clone().unwrap());
            change(&mut opening, &mut place);
            opening.record = Some(place);
            opening
        };
        let refused = |change: &dyn Fn(&mut Opening, &mut RecordPlace)| {
            code(&changed(change), &anchored, &digest)
        };
        assert_eq!(code(&good, &anchored, &record(3).0), "digest-mismatch", "another record");
        assert_eq!(refused(&|opening, _| opening.salt[0] ^= 1), "digest-mismatch");
        assert_eq!(refused(&|_, place| place.index = 3), "digest-mismatch");
        assert_eq!(refused(&|_, place| place.index = 4), "opening-invalid", "a shorter path there");
        assert_eq!(refused(&|_, place| place.path.swap(0, 1)), "digest-mismatch");
        assert_eq!(refused(&|_, place| place.path.truncate(2)), "opening-invalid");
        let node = NodeHash::empty();
        assert_eq!(refused(&|_, place| place.path.push(node)), "opening-invalid");
        // Six records would give this path the same shape, but the anchor says five.
        assert_eq!(refused(&|_, place| place.size = 6), "opening-invalid", "against n");
        let other = RecordBatch::new((1..6).map(record)).unwrap().opening(1, salt).unwrap();
        assert_eq!(code(&other, &anchored, &digest), "opening-invalid", "another batch");
        let turned = |place: &mut RecordPlace| {
            place.root_salt = if salt.is_some() { None } else { Some(ROOT_SALT) };
        };
        assert_eq!(refused(&|_, place| turned(place)), "opening-invalid");
        if salt.is_some() {
            assert_eq!(refused(&|_, place| place.root_salt = Some([1; 16])), "opening-invalid");
        }
        for records in [None, Some(4)] {
            let short = entry(&person, AnchorClaims { records, ..claims.clone() });
            assert_eq!(code(&good, &short, &digest), "opening-invalid");
        }
        let typed = AnchorClaims { media_type: "text/csv".to_owned(), ..claims.clone() };
        assert_eq!(code(&good, &entry(&person, typed), &digest), "opening-invalid");
        let issuance = SignedEntry::parse(
            Kind::Issuance,
            person.sign(&person.issuance(b"a"), at(0)).as_bytes(),
        );
        assert_eq!(code(&good, &issuance.unwrap(), &digest), "opening-invalid");
    }
}

#[test]
fn a_commitment_of_another_signer_is_not_opened() {
    let (person, thief) = (Person::new(5), Person::new(6));
    let batch = batch(3);
    let claims = batch.committed(AnchorScope::Other, person.scid(), &ROOT_SALT);
    let opening = batch.opening(0, Some(ROOT_SALT)).unwrap();
    let error = opening.check(&entry(&thief, claims), &record(0).0, None).unwrap_err();
    assert_eq!(error.code(), "opening-invalid");
}

/// 65 bytes, whose SHA-256 is the root, must not pass for a file that somebody anchored.
#[test]
fn the_inside_of_a_batch_is_no_file() {
    let person = Person::new(5);
    let batch = batch(2);
    let file = sha256(&[
        &[1],
        record_leaf(&record(0).1, &record(0).0).digest().as_bytes(),
        record_leaf(&record(1).1, &record(1).0).digest().as_bytes(),
    ]);
    assert_eq!(file, *batch.root());
    let committed = batch.committed(AnchorScope::Other, person.scid(), &ROOT_SALT);
    let loud = RECORD_ROOT.to_ascii_uppercase();
    for media_type in [RECORD_ROOT.to_owned(), loud] {
        let anchored = entry(&person, AnchorClaims { media_type, ..committed.clone() });
        let opening = Opening::new(DigestFormat::File, ROOT_SALT, file);
        assert_eq!(opening.check(&anchored, &file, None).unwrap_err().code(), "opening-invalid");
    }
    let plain = AnchorClaims { media_type: "text/csv".to_owned(), records: None, ..committed };
    let opening = Opening::new(DigestFormat::File, ROOT_SALT, file);
    assert_eq!(opening.check(&entry(&person, plain), &file, None), Ok(()), "a file is one");
}

#[test]
fn without_the_record_the_root_is_still_compared() {
    let person = Person::new(5);
    let batch = batch(5);
    let public = entry(&person, batch.public(AnchorScope::Dataset));
    let good = batch.opening(1, None).unwrap();
    assert_eq!(good.check_entry(&public), Ok(()));
    let mut short = good.clone();
    short.record.as_mut().unwrap().path.pop();
    assert_eq!(short.check_entry(&public).unwrap_err().code(), "opening-invalid");
    let other = Opening { digest: sha256(&[b"other"]), ..good };
    assert_eq!(other.check_entry(&public).unwrap_err().code(), "opening-invalid");
}

#[test]
fn places_have_one_form() {
    let good = batch(3).opening(1, Some(ROOT_SALT)).unwrap().to_value();
    for (member, value) in [
        ("index", json!(3)),
        ("index", json!(-1)),
        ("index", json!("1")),
        ("size", json!(0)),
        ("size", json!(json::MAX_SAFE_INTEGER + 1)),
        ("path", json!("AA")),
        ("path", json!(["AA"])),
        ("path", json!(vec![Digest::from_bytes([0; 32]).to_b64u(); 64])),
        ("rootSalt", json!("AA")),
        ("rootSalt", json!(null)),
        ("extra", json!(1)),
    ] {
        let mut other = good.clone();
        other["record"][member] = value;
        assert_eq!(Opening::from_value(&other).unwrap_err().code(), "malformed-receipt", "{other}");
    }
    let mut largest = good.clone();
    largest["record"]["size"] = json!(json::MAX_SAFE_INTEGER);
    largest["record"]["path"] = json!(vec![Digest::from_bytes([0; 32]).to_b64u(); 63]);
    assert!(Opening::from_value(&largest).is_ok());
    for name in ["index", "size", "path"] {
        let mut other = good.clone();
        other["record"].as_object_mut().unwrap().remove(name);
        assert!(Opening::from_value(&other).is_err(), "without {name}");
    }
    for value in [json!([]), json!(null), json!(1)] {
        let mut other = good.clone();
        other["record"] = value;
        assert!(Opening::from_value(&other).is_err(), "{other}");
    }
    let mut file = good.clone();
    file["format"] = "file".into();
    assert!(Opening::from_value(&file).is_err(), "a place goes with a record only");
    let mut bare = good;
    bare.as_object_mut().unwrap().remove("record");
    assert!(Opening::from_value(&bare).is_err(), "a record has a place");
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_path_is_found(size in 2_u64..40, at in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let (person, batch) = (Person::new(5), batch(size));
        let index = u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        let public = entry(&person, batch.public(AnchorScope::Dataset));
        let mut opening = batch.opening(index, None).unwrap();
        let path = &mut opening.record.as_mut().unwrap().path;
        let node = at.index(path.len());
        let mut bytes = *path[node].digest().as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        path[node] = NodeHash::from_digest(Digest::from_bytes(bytes));
        let code = opening.check(&public, &record(index).0, None).unwrap_err().code();
        prop_assert_eq!(code, "digest-mismatch");
    }
}
