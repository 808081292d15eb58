use super::*;

#[test]
fn what_is_written_is_read_back() {
    for length in 0..70usize {
        let bytes: Vec<u8> = (0..length).map(|i| u8::try_from(i * 37 % 251).unwrap()).collect();
        assert_eq!(decode_b64(&b64(&bytes)), Ok(bytes.clone()));
        assert_eq!(decode_b64u(&b64u(&bytes)), Ok(bytes.clone()));
        assert_eq!(decode_hex(&hex(&bytes)), Ok(bytes.clone()));
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
fn multihash_names_its_function() {
    let digest = crate::sha256(&[b"abc"]);
    let text = multihash58(&digest);
    assert_eq!(text.len(), 46);
    assert_eq!(decode_multihash58(&text), Ok(digest));
    assert_eq!(decode_multihash58(&base58btc(&[0x13; 34])), Err(EncodingError::Prefix));
    assert_eq!(decode_multihash58(&base58btc(&[0x12, 0x20, 1])), Err(EncodingError::Length));
}

proptest::proptest! {
    /// Each text that is read is the one that its bytes are written as.
    #[test]
    fn base64_has_one_spelling(text in "[A-Za-z0-9+/_=-]{0,9}|[A-D]{0,7}={0,2}") {
        if let Ok(bytes) = decode_b64(&text) {
            proptest::prop_assert_eq!(b64(&bytes), text.as_str());
        }
        if let Ok(bytes) = decode_b64u(&text) {
            proptest::prop_assert_eq!(b64u(&bytes), text.as_str());
        }
    }
}
