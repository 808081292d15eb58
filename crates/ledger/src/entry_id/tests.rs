#![expect(clippy::as_conversions, reason = "small numbers, in tests")]

use super::*;
use crate::commitment::commitment;

const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";

#[test]
fn the_ids_of_the_specification_are_met() {
    let salt = std::array::from_fn(|i| i as u8);
    let digest = sha256(&[b"abc"]);
    let com = commitment(Kind::Issuance, SCID, &salt, &digest);
    assert_eq!(
        EntryId::issuance(SCID, &com).to_string(),
        "70dc59c59e0f7fc5a13207df7fd4f3eabfeb1391ebc3912244328a586d8bcaea"
    );
    let act = ActId::from_bytes(std::array::from_fn(|i| i as u8));
    let com = commitment(Kind::Countersignature, SCID, &salt, &digest);
    assert_eq!(
        EntryId::countersignature(SCID, &act, 1, &com).to_string(),
        "ec5b4fffcb57ed37bbd20b7d115c6f5d0d73338d13806f1e46b2e7efae5316e6"
    );
    assert_eq!(
        EntryId::of(Kind::Once, &[SCID, "coupon", &act.to_b64u()]).to_string(),
        "d336d796b0d0685d93c9abe5c57299725738c991dfad4897cab1ede00eee613f"
    );
}

#[test]
fn kinds_do_not_share_ids_and_hex_is_strict() {
    let com = sha256(&[b"x"]);
    let id = EntryId::issuance(SCID, &com);
    assert_ne!(EntryId::did(SCID, &com.to_b64u()), id);
    assert_eq!(EntryId::from_hex(&id.to_string()), Ok(id));
    assert!(EntryId::from_hex(&id.to_string().to_uppercase()).is_err());
    assert!(EntryId::from_hex("00").is_err());
}
