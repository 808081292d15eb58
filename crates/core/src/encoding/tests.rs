use super::*;

#[test]
fn what_is_written_is_read_back() {
    for length in 0..70usize {
        let bytes: Vec<u8> = (0..length).map(|i| u8::try_from(i * 37 % 251).unwrap()).collect();
        assert_eq!(decode_b64(&b64(&bytes)), Ok(bytes.clone()));
        assert_eq!(decode_b64u(&b64u(&bytes)), Ok(bytes.clone()));
        assert_eq!(decode_hex(&hex(&bytes)), Ok(bytes.clone()));
        // Secrets have the same spelling.
        let (one, other) = (secret::b64(&bytes), secret::b64u(&bytes));
        assert_eq!(one.expose_secret(), b64(&bytes).as_bytes());
        assert_eq!(other.expose_secret(), b64u(&bytes).as_bytes());
        assert_eq!(secret::decode_b64(&b64(&bytes)).unwrap().expose_secret(), bytes);
        assert_eq!(secret::decode_b64u(&b64u(&bytes)).unwrap().expose_secret(), bytes);
        assert_eq!(decode_multibase(&multibase58(&bytes)), Ok(bytes));
    }
}

#[test]
fn loose_forms_are_refused() {
    for text in ["QQ", "QQ=", "QR==", "Q Q=", "QQ==\n"] {
        assert_eq!(decode_b64(text), Err(EncodingError::NotCanonical), "{text:?}");
    }
    for text in ["QR", "QQ==", "Q+8", "Q"] {
        assert_eq!(decode_b64u(text), Err(EncodingError::NotCanonical), "{text:?}");
    }
    for text in ["0", "0G", "AB", "é"] {
        assert_eq!(decode_hex(text), Err(EncodingError::NotCanonical), "{text:?}");
    }
    assert_eq!(decode_multibase("mQQ"), Err(EncodingError::Prefix));
    assert_eq!(decode_base58btc(&"1".repeat(1_025)), Err(EncodingError::Length));
}

#[test]
fn a_multihash_is_told_by_its_text() {
    for digest in [[0; 32], [0xff; 32], *crate::sha256(&[b"abc"]).as_bytes()] {
        let text = multihash58(&Digest::from_bytes(digest));
        assert_eq!(text.len(), 46);
        assert!(is_multihash58(&text), "{text}");
        assert!(!is_multihash58(text.strip_prefix('Q').unwrap()));
        assert!(!is_multihash58(&format!("{text}1")));
        assert!(!is_multihash58(&text.replacen('Q', "O", 1)));
    }
    // Of another function or length, one below the first and one above the last.
    for bytes in [[0x13; 34], [0x12; 34]] {
        assert!(!is_multihash58(&base58btc(&bytes)));
    }
    let below = [vec![0x12, 0x1f], vec![0xff; 32]].concat();
    let above = [vec![0x12, 0x21], vec![0; 32]].concat();
    for bytes in [below, above] {
        let text = base58btc(&bytes);
        assert_eq!((text.len(), is_multihash58(&text)), (46, false));
    }
}

proptest::proptest! {
    /// Signatures are written by another road: what it writes is read as them, leading zeros too.
    #[test]
    fn a_signature_is_read_back(mut bytes in proptest::collection::vec(0_u8.., 64), zeros in 0_usize..=64) {
        bytes[..zeros].fill(0);
        let text = base58btc(&bytes);
        proptest::prop_assert_eq!(&text, &bs58::encode(&bytes).into_string());
        proptest::prop_assert_eq!(decode_base58btc(&text), Ok(bytes));
    }

    /// As decoding says.
    #[test]
    fn a_multihash_is_what_decodes_to_one(text in "Qm[A-Za-z][1-9A-Za-z]{43}|[Qm0OIl1z]{46}", digest in proptest::array::uniform32(0_u8..)) {
        let decoded = decode_base58btc(&text).is_ok_and(|bytes| bytes.len() == 34 && bytes.starts_with(&[0x12, 0x20]));
        proptest::prop_assert_eq!(is_multihash58(&text), decoded);
        proptest::prop_assert!(is_multihash58(&multihash58(&Digest::from_bytes(digest))));
    }

    /// Each text that is read is the one that its bytes are written as.
    #[test]
    fn base64_has_one_spelling(text in "[A-Za-z0-9+/_=-]{0,9}|[A-D]{0,7}={0,2}") {
        if let Ok(bytes) = decode_b64(&text) {
            proptest::prop_assert_eq!(b64(&bytes), text.as_str());
        }
        proptest::prop_assert_eq!(secret::decode_b64(&text).is_ok(), decode_b64(&text).is_ok());
        proptest::prop_assert_eq!(secret::decode_b64u(&text).is_ok(), decode_b64u(&text).is_ok());
        if let Ok(bytes) = decode_b64u(&text) {
            proptest::prop_assert_eq!(b64u(&bytes), text.as_str());
        }
    }
}
