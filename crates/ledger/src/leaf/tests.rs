use proptest::prelude::*;

use super::*;

#[test]
fn the_genesis_leaf_of_the_specification_has_its_hash() {
    let empty_root = inkan_core::encoding::b64u(b"SPARSE_MERKLE_PLACEHOLDER_HASH__");
    let params = inkan_core::sha256(&[]).to_b64u();
    let body = format!(
        r#"{{"keys":0,"map":"{empty_root}","params":"{params}","prev":null,"rules":1,"size":0}}"#
    );
    let time = Timestamp::from_seconds(1_768_464_000).unwrap();
    let leaf = Leaf::new(Kind::Epoch, time, body.into_bytes()).unwrap();
    assert_eq!(leaf.to_bytes().len(), 179);
    assert_eq!(
        leaf.hash().digest().to_hex(),
        "9036d8458c4003cd8b346ab73d1d57c6653c67ff6f952694f12c2768c663820a"
    );
}

#[test]
fn codes_and_names_are_those_of_the_specification() {
    let names: Vec<_> = Kind::ALL.iter().map(|kind| (kind.code(), kind.name())).collect();
    assert_eq!(
        names,
        [
            (0, "epoch"),
            (1, "did"),
            (2, "issuance"),
            (3, "countersignature"),
            (4, "status"),
            (5, "trust"),
            (6, "anchor"),
            (7, "once")
        ]
    );
    assert_eq!(Kind::from_code(8), None);
    assert_eq!(Kind::from_name("Did"), None);
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
}

#[test]
fn loose_leaves_are_refused_with_their_rule() {
    let refused = |text: &str| Leaf::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refused(""), LeafError::Header);
    assert_eq!(refused("inkan-leaf/v2\ndid\n1\nx"), LeafError::Header);
    assert_eq!(refused("inkan-leaf/v1\ndid\n1"), LeafError::Header);
    assert_eq!(refused("inkan-leaf/v1\r\ndid\n1\nx"), LeafError::Header);
    assert_eq!(refused("inkan-leaf/v1\nDid\n1\nx"), LeafError::Kind);
    for time in ["", "01", "-1", "+1", "1 ", "1.0", "253402300800", "99999999999999999999", "１"] {
        assert_eq!(refused(&format!("inkan-leaf/v1\ndid\n{time}\nx")), LeafError::Time, "{time:?}");
    }
    let large = |kind: Kind, more: usize| {
        let body = "x".repeat(kind.body_limit() + more);
        Leaf::parse(format!("inkan-leaf/v1\n{kind}\n1\n{body}").as_bytes())
    };
    for kind in Kind::ALL {
        assert!(large(kind, 0).is_ok());
        assert_eq!(large(kind, 1), Err(LeafError::TooLarge));
        let body = vec![b'x'; kind.body_limit() + 1];
        assert_eq!(split(&join(kind, Timestamp::EPOCH, &body)), Err(LeafError::TooLarge));
    }
    assert_eq!(Leaf::parse(&vec![0; LEAF_LIMIT + 1]), Err(LeafError::TooLarge));
    let early = Timestamp::from_seconds(-1).unwrap();
    assert_eq!(Leaf::new(Kind::Did, early, vec![]), Err(LeafError::Time));
    assert!(Leaf::new(Kind::Did, Timestamp::EPOCH, vec![]).is_ok());
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        code in 0_u8..8, time in 0_i64..253_402_207_200, body in proptest::collection::vec(any::<u8>(), 0..512)
    ) {
        let kind = Kind::from_code(code).unwrap();
        let leaf = Leaf::new(kind, Timestamp::from_seconds(time).unwrap(), body).unwrap();
        prop_assert_eq!(Leaf::parse(&leaf.to_bytes()), Ok(leaf));
    }

    #[test]
    fn what_is_read_is_written_back(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let mut whole = MAGIC.to_vec();
        whole.extend(bytes);
        if let Ok(leaf) = Leaf::parse(&whole) {
            prop_assert_eq!(leaf.to_bytes(), whole);
        }
    }
}
