use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use proptest::prelude::*;

use super::*;
use crate::note::KeyMaterial;

const TEXT: &str = "ledger.example\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

fn witness() -> (SecretKey, VerifierKey) {
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(7));
    let key = VerifierKey::new("w1", KeyMaterial::Cosignature(secret.public_key())).unwrap();
    (secret, key)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

#[test]
fn a_cosignature_says_when_it_was_made() {
    let (secret, key) = witness();
    let line = cosign(TEXT, &key, &secret, at(1_768_464_000)).unwrap();
    assert!(key.matches(&line));
    assert_eq!(line.signature.len(), 72);
    let public = secret.public_key();
    assert_eq!(verify_cosignature(TEXT, &line.signature, &public), Ok(at(1_768_464_000)));
    assert_eq!(claimed_time(&line), Some(at(1_768_464_000)));
    let other = TEXT.replace('1', "2");
    assert_eq!(
        verify_cosignature(&other, &line.signature, &public),
        Err(CosignatureError::Signature)
    );
    // The timestamp is signed.
    let mut later = line.signature;
    later[7] ^= 1;
    assert_eq!(verify_cosignature(TEXT, &later, &public), Err(CosignatureError::Signature));
}

#[test]
fn times_out_of_range_are_refused_or_far_in_the_future() {
    let (secret, key) = witness();
    assert_eq!(cosign(TEXT, &key, &secret, at(0)), Err(SignError::Refused));
    let public = secret.public_key();
    let made = |seconds: u64| {
        let mut bytes = seconds.to_be_bytes().to_vec();
        bytes.extend(secret.sign(message(TEXT, seconds).as_bytes()).unwrap());
        verify_cosignature(TEXT, &bytes, &public)
    };
    assert_eq!(made(0), Err(CosignatureError::Shape));
    assert_eq!(made(1 << 63), Err(CosignatureError::Shape));
    assert_eq!(made((1 << 63) - 1), Ok(at(253_402_207_200)));
    assert_eq!(verify_cosignature(TEXT, &[0; 71], &public), Err(CosignatureError::Shape));
}

proptest! {
    #[test]
    fn any_flipped_bit_fails(bit in 0_usize..72 * 8) {
        let (secret, key) = witness();
        let mut line = cosign(TEXT, &key, &secret, at(1_768_464_000)).unwrap();
        line.signature[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_cosignature(TEXT, &line.signature, &secret.public_key()).is_err());
    }
}
