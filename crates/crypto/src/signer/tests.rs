use inkan_core::encoding::{b64, b64u, base58btc, decode_hex, hex};
use inkan_core::rng::insecure::SeededRng;

use super::*;
use crate::keys::SignatureError;

#[test]
fn es256_nonces_are_those_of_rfc_6979_appendix_a_2_5() {
    let secret =
        decode_hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
    let key = SecretKey::from_secret_bytes(KeyType::P256, &SecretBytes::new(secret)).unwrap();
    assert_eq!(
        hex(&key.sign(b"sample").unwrap()),
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    );
}

#[test]
fn es384_nonces_are_those_of_rfc_6979_appendix_a_2_6() {
    let secret = decode_hex(
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
    );
    let secret = SecretBytes::new(secret.unwrap());
    let key = SecretKey::from_secret_bytes(KeyType::P384, &secret).unwrap();
    assert_eq!(
        hex(&key.sign(b"sample").unwrap()),
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
         99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"
    );
}

#[test]
fn es512_nonces_are_those_of_rfc_6979_appendix_a_2_7() {
    let secret = decode_hex(
        "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
    );
    let secret = SecretBytes::new(secret.unwrap());
    let key = SecretKey::from_secret_bytes(KeyType::P521, &secret).unwrap();
    assert_eq!(
        hex(&key.sign(b"sample").unwrap()),
        "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa\
         00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"
    );
}

#[test]
fn ed25519_signatures_are_those_of_rfc_8032_section_7_1() {
    let secret =
        decode_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = SecretKey::from_secret_bytes(KeyType::Ed25519, &SecretBytes::new(secret)).unwrap();
    assert_eq!(
        hex(&key.public_key().raw()),
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    );
    assert_eq!(
        hex(&key.sign(&[0x72]).unwrap()),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
}

#[test]
fn secret_bytes_give_the_same_key_again() {
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::P521] {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(11));
        let again = SecretKey::from_secret_bytes(key_type, &key.to_secret_bytes()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(again.key_type(), key_type);
        assert_eq!(again.sign(b"m"), key.sign(b"m"));
        assert_eq!(again.public_key().verify(b"m", &key.sign(b"m").unwrap()), Ok(()));
    }
}

#[test]
fn bytes_that_are_no_secret_key_are_refused() {
    let read = |key_type, bytes: &[u8]| {
        SecretKey::from_secret_bytes(key_type, &SecretBytes::new(bytes.to_vec())).unwrap_err()
    };
    assert_eq!(read(KeyType::Ed25519, &[1; 31]), KeyError::Length(31));
    assert_eq!(read(KeyType::P256, &[1; 33]), KeyError::Length(33));
    assert_eq!(read(KeyType::P384, &[1; 32]), KeyError::Length(32));
    assert_eq!(read(KeyType::P384, &[0; 48]), KeyError::NotOnCurve);
    assert_eq!(read(KeyType::P384, &[255; 48]), KeyError::NotOnCurve);
    assert_eq!(read(KeyType::P521, &[1; 65]), KeyError::Length(65));
    assert_eq!(read(KeyType::P521, &[0; 66]), KeyError::NotOnCurve);
    assert_eq!(read(KeyType::P521, &[2; 66]), KeyError::NotOnCurve);
    assert_eq!(read(KeyType::P256, &[0; 32]), KeyError::NotOnCurve);
    assert_eq!(read(KeyType::P256, &[255; 32]), KeyError::NotOnCurve);
}

#[test]
fn generation_draws_again_until_the_bytes_are_a_scalar() {
    /// First bytes beyond the order of P-256, then good ones.
    struct Stubborn(u8);
    impl CryptoRng for Stubborn {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
            self.0 = 7;
        }
    }
    let key = SecretKey::generate(KeyType::P256, &mut Stubborn(255));
    assert_eq!(key.to_secret_bytes().expose_secret(), [7; 32]);
}

#[test]
fn signatures_of_one_type_do_not_pass_for_the_other() {
    let mut rng = SeededRng::new(2);
    let one = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let other = SecretKey::generate(KeyType::P256, &mut rng);
    let verdict = other.public_key().verify(b"m", &one.sign(b"m").unwrap());
    assert_eq!(verdict, Err(SignatureError::Mismatch));
}

#[test]
fn debug_shows_nothing_of_a_canary_key() {
    const CANARY: [u8; 32] = *b"canary-canary-canary-canary-key!";
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let bytes = SecretBytes::new(CANARY.to_vec());
        let key = SecretKey::from_secret_bytes(key_type, &bytes).unwrap();
        let error =
            SecretKey::from_secret_bytes(key_type, &SecretBytes::new(CANARY[..20].to_vec()));
        let shown =
            format!("{bytes:?} {bytes:#?} {key:?} {key:#?} {:?} {error:?}", key.public_key());
        assert_no_canary(&shown, &CANARY);
        assert!(shown.contains("SecretKey(..)"));
    }
}

/// Fails if `text` has eight bytes of `secret` in a row, in any usual spelling.
pub(crate) fn assert_no_canary(text: &str, secret: &[u8]) {
    for part in secret.windows(8) {
        let list = part.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let raw = String::from_utf8_lossy(part).into_owned();
        for spelling in [raw, hex(part), hex(part).to_uppercase(), list] {
            assert!(!text.contains(&spelling), "{spelling} shows");
        }
    }
    for spelling in [b64(secret), b64u(secret), base58btc(secret)] {
        assert!(!text.contains(spelling.trim_end_matches('=')), "{spelling} shows");
    }
}
