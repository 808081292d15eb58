use proptest::prelude::*;

use super::*;
use inkan_core::sha256;

use crate::map::empty_root;

fn epoch() -> Epoch {
    Epoch {
        keys: 3,
        map: empty_root(),
        params: sha256(&[]),
        previous: Some(4),
        rules: RuleVersion::One,
        size: 9,
    }
}

#[test]
fn bodies_are_canonical_json() {
    for epoch in [epoch(), Epoch { previous: None, ..epoch() }] {
        let body = epoch.to_bytes();
        assert!(body.len() <= Kind::Epoch.body_limit());
        assert_eq!(json::canonicalize(&json::parse(&body, 512).unwrap()).unwrap(), body);
        assert_eq!(Epoch::parse(&body), Ok(epoch));
    }
}

#[test]
fn loose_bodies_are_refused() {
    let body = String::from_utf8(epoch().to_bytes()).unwrap();
    for other in [
        body.replace(':', ": "),
        body.replace("\"rules\":1", "\"rules\":3"),
        body.replace("\"size\":9", "\"size\":9,\"x\":1"),
        body.replace("\"size\":9", "\"size\":9.0"),
        body.replace("\"prev\":4,", ""),
        body.replace("\"keys\":3", "\"keys\":-3"),
        body.replace("\"keys\":3", "\"keys\":03"),
        String::new(),
    ] {
        assert_eq!(Epoch::parse(other.as_bytes()), Err(EpochError), "{other}");
    }
    assert_eq!(EpochError.code(), "malformed-leaf");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(epoch) = Epoch::parse(&bytes) {
            prop_assert_eq!(epoch.to_bytes(), bytes.clone());
        }
    }
}
