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

#[test]
fn a_draft_is_finished_by_the_key_of_its_certificate_alone() {
    let time = Timestamp::parse("2026-06-14T09:00:00Z").unwrap();
    let card = include_bytes!("../../../../fixtures/jpki/card.der").to_vec();
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(5101));
    let other = SecretKey::generate(KeyType::P256, &mut SeededRng::new(5102));
    let draft = || Draft::new(TEXT, std::slice::from_ref(&card), time).unwrap();
    assert_eq!(draft().algorithm(), Algorithm::P256Sha256);
    let raw = key.sign(draft().message()).unwrap();
    let cms = draft().finish(&raw).unwrap();
    assert_eq!(verify(&cms, TEXT).unwrap().signing_time, time);
    let foreign = other.sign(draft().message()).unwrap();
    assert_eq!(draft().finish(&foreign), Err(CmsError::Signature));
    assert!(draft().finish(&raw[..40]).is_err());
    assert!(draft().finish(&[]).is_err());
    // RSA is drafted for RSA, with the parameters that RFC 4055 wants.
    let rsa = Draft::new(TEXT, &[fixture!("rsa.der").to_vec()], time).unwrap();
    assert!(matches!(rsa.algorithm(), Algorithm::Rsa2048Sha256 | Algorithm::Rsa3072Sha256));
    assert_eq!(rsa.finish(&[7; 256]), Err(CmsError::Signature));
    assert!(Draft::new(TEXT, &[], time).is_err());
}

#[test]
fn a_timestamp_is_put_beside_the_signature_and_changes_nothing_of_it() {
    let cms = include_bytes!("../../../../fixtures/jpki/signer.p7s");
    let token = include_bytes!("../../../../fixtures/jpki/signer.tst");
    let text = include_bytes!("../../../../fixtures/jpki/statement.json");
    let stamped = with_timestamp(cms, token).unwrap();
    assert_eq!(verify(&stamped, text), verify(cms, text));
    assert_eq!(signature_value(&stamped), signature_value(cms));
    // A second one takes its place.
    assert_eq!(with_timestamp(&stamped, token).unwrap(), stamped);
    assert!(with_timestamp(cms, b"no token").is_err());
    assert!(with_timestamp(b"no signature", token).is_err());
}
