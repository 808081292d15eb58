#![expect(clippy::as_conversions, reason = "small numbers, in tests")]

use super::*;

const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";

fn salt() -> [u8; 16] {
    std::array::from_fn(|i| i as u8)
}

#[test]
fn the_commitment_of_the_specification_is_met() {
    let com = commitment(Kind::Issuance, SCID, &salt(), &sha256(&[b"abc"]));
    assert_eq!(com.to_hex(), "706fb94af0723e876b6c34f43fad47039bf16c862b18332da0341a92bd008dc7");
}

#[test]
fn every_part_of_the_preimage_matters() {
    let digest = sha256(&[b"abc"]);
    let com = commitment(Kind::Issuance, SCID, &salt(), &digest);
    let mut other_salt = salt();
    other_salt[15] ^= 1;
    assert_ne!(commitment(Kind::Countersignature, SCID, &salt(), &digest), com);
    assert_ne!(commitment(Kind::Issuance, "QmOther", &salt(), &digest), com);
    assert_ne!(commitment(Kind::Issuance, SCID, &other_salt, &digest), com);
    assert_ne!(commitment(Kind::Issuance, SCID, &salt(), &sha256(&[b"abd"])), com);
}

#[test]
fn acts_have_one_text_form() {
    let mut rng = rng::insecure::SeededRng::new(1);
    let act = ActId::draw(&mut rng);
    assert_eq!(ActId::from_b64u(&act.to_b64u()), Ok(act));
    assert_eq!(ActId::from_b64u("QQ"), Err(EncodingError::Length));
    assert_ne!(ActId::draw(&mut rng), act);
}
