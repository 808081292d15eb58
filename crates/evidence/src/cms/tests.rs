use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use proptest::prelude::*;

use super::*;

/// Files of `fixtures/eseal`, whose README says what each is.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/eseal/", $name)).as_slice()
    };
}

const TEXT: &[u8] = fixture!("text.txt");

#[test]
fn signatures_of_another_implementation_verify() {
    for (cms, leaf) in [
        (fixture!("p256.p7s"), fixture!("p256.der")),
        (fixture!("p384.p7s"), fixture!("p384.der")),
        (fixture!("rsa.p7s"), fixture!("rsa.der")),
    ] {
        let signed = verify(cms, TEXT).unwrap();
        assert_eq!(signed.certificates.first().map(Vec::as_slice), Some(leaf));
        assert!(signed.signing_time > Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
        assert_eq!(verify(cms, b"something else"), Err(CmsError::Signature));
    }
}

#[test]
fn what_is_not_read_here_is_refused() {
    for (cms, error) in [
        (fixture!("attached.p7s"), CmsError::Malformed),
        (fixture!("bare.p7s"), CmsError::Malformed),
        (fixture!("unnamed.p7s"), CmsError::Signer),
        (fixture!("nocerts.p7s"), CmsError::Signer),
        (fixture!("sha1.p7s"), CmsError::Malformed),
        (b"none", CmsError::Malformed),
    ] {
        assert_eq!(verify(cms, TEXT), Err(error));
    }
    // A flipped bit moves neither time nor signer.
    let cms = fixture!("p256.p7s");
    let whole = verify(cms, TEXT).unwrap();
    for place in 0..cms.len() {
        let mut altered = cms.to_vec();
        altered[place] ^= 1;
        if let Ok(signed) = verify(&altered, TEXT) {
            assert_eq!(signed.signing_time, whole.signing_time, "byte {place}");
            assert_eq!(signed.certificates.first(), whole.certificates.first(), "byte {place}");
        }
    }
}

#[test]
fn what_is_made_is_read_again() {
    let time = Timestamp::parse("2026-06-14T09:00:00Z").unwrap();
    let chain = [fixture!("p256.der").to_vec(), fixture!("root.der").to_vec()];
    for key_type in [KeyType::P256, KeyType::P384] {
        // The certificate is of another key, so that the shape is right and the signature is not.
        let key = SecretKey::generate(key_type, &mut SeededRng::new(1));
        let made = sign(TEXT, &chain, time, &key).unwrap();
        let read: ContentInfo = decode(&made, LIMIT).unwrap();
        assert_eq!(encode(&read).unwrap(), made);
        assert_eq!(verify(&made, TEXT), Err(CmsError::Signature));
    }
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    assert_eq!(sign(TEXT, &chain, time, &key), Err(CmsError::Key));
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(1));
    assert_eq!(sign(TEXT, &[], time, &key), Err(CmsError::Malformed));
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0..1_300_usize) {
        let _ = verify(&bytes, TEXT);
        let mut cms = fixture!("p256.p7s").to_vec();
        let place = place.min(cms.len());
        cms.splice(place..place, bytes);
        let _ = verify(&cms, TEXT);
    }
}
