use inkan_core::sha256;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::entry::Claims;
use crate::leaf::Kind;
use crate::testing::{Person, SALT, at, status};

fn entry(person: &Person, claims: &Claims) -> SignedEntry {
    let body = person.sign(claims, at(0));
    SignedEntry::parse(claims.kind(), body.as_bytes()).unwrap()
}

fn opening(artefact: &[u8]) -> Opening {
    Opening::new(DigestFormat::Di, SALT, sha256(&[artefact]))
}

#[test]
fn the_artefact_opens_its_own_entry() {
    let person = Person::new(5);
    let issuance = entry(&person, &person.issuance(b"a"));
    let digest = sha256(&[b"a"]);
    assert_eq!(opening(b"a").check(&issuance, &digest, None), Ok(()));
    assert_eq!(check_commitment(&issuance, &SALT, &digest), Ok(()));
    let act = ActId::from_bytes([3; 32]);
    let countersignature = entry(&person, &person.act(3, 1, b"b"));
    assert_eq!(opening(b"b").check(&countersignature, &sha256(&[b"b"]), Some(&act)), Ok(()));
}

#[test]
fn anything_else_does_not() {
    let person = Person::new(5);
    let issuance = entry(&person, &person.issuance(b"a"));
    let (a, b) = (sha256(&[b"a"]), sha256(&[b"b"]));
    let check = |opening: Opening, entry: &SignedEntry, digest, act: Option<&ActId>| {
        opening.check(entry, digest, act).unwrap_err().code()
    };
    assert_eq!(check(opening(b"a"), &issuance, &b, None), "digest-mismatch");
    assert_eq!(check(opening(b"b"), &issuance, &b, None), "opening-invalid");
    let salted = Opening { salt: [8; 16], ..opening(b"a") };
    assert_eq!(check(salted, &issuance, &a, None), "opening-invalid");
    let act = entry(&person, &person.act(3, 1, b"a"));
    assert_eq!(check(opening(b"a"), &act, &a, None), "act-mismatch");
    let other = ActId::from_bytes([4; 32]);
    assert_eq!(check(opening(b"a"), &act, &a, Some(&other)), "act-mismatch");
    let list = entry(&person, &Claims::Status(status(1, b"a")));
    assert_eq!(check(opening(b"a"), &list, &a, None), "opening-invalid", "nothing to open");
}

#[test]
fn a_commitment_copied_by_another_signer_cannot_be_opened() {
    let (person, thief) = (Person::new(5), Person::new(6));
    let copied = entry(&thief, &person.issuance(b"a"));
    assert_eq!(copied.kind(), Kind::Issuance);
    let error = check_commitment(&copied, &SALT, &sha256(&[b"a"])).unwrap_err();
    assert_eq!(error.code(), "opening-invalid");
}

#[test]
fn openings_have_one_form() {
    let good = opening(b"a").to_value();
    assert_eq!(Opening::from_value(&good), Ok(opening(b"a")));
    for (member, value) in [
        ("format", json!("sha256")),
        ("format", json!("record")),
        ("salt", json!("AA")),
        ("salt", json!(null)),
        ("digest", json!("AA")),
        ("extra", json!(1)),
    ] {
        let mut other = good.clone();
        other[member] = value;
        assert_eq!(Opening::from_value(&other).unwrap_err().code(), "malformed-receipt", "{other}");
    }
    assert!(Opening::from_value(&json!([])).is_err());
}

proptest! {
    #[test]
    fn every_opening_is_read_back(format in 0_usize..6, salt in any::<[u8; 16]>(), digest in any::<[u8; 32]>()) {
        let opening = Opening::new(DigestFormat::ALL[format], salt, Digest::from_bytes(digest));
        prop_assert_eq!(Opening::from_value(&opening.to_value()), Ok(opening));
    }
}
