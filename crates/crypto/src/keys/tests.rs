use inkan_core::encoding::{decode_b64u, decode_hex, multibase58};
use inkan_core::rng::insecure::SeededRng;
use proptest::prelude::*;

use super::*;
use crate::signer::{SecretKey, Signer as _};

fn hex(text: &str) -> Vec<u8> {
    decode_hex(text).unwrap()
}

#[test]
fn multikey_and_jwk_are_two_forms_of_one_key() {
    // did:key method, test vectors "nist-curves" and "ed25519-x25519".
    for (multikey, jwk) in [
        (
            "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
            json!({"kty": "EC", "crv": "P-256", "x": "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
                "y": "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM"}),
        ),
        (
            "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        ),
    ] {
        let key = PublicKey::from_multikey(multikey).unwrap();
        assert_eq!(key.to_jwk(), jwk);
        assert_eq!(PublicKey::from_jwk(&jwk), Ok(key.clone()));
        assert_eq!(key.to_multikey(), multikey);
        assert_eq!(PublicKey::from_raw(key.key_type(), &key.raw()), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), format!("PublicKey({multikey})"));
    }
}

#[test]
fn thumbprint_is_that_of_rfc_8037_appendix_a_3() {
    let x = decode_b64u("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let key = PublicKey::from_raw(KeyType::Ed25519, &x).unwrap();
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn thumbprint_hashes_the_canonical_jwk() {
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::P521] {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(3)).public_key();
        let canonical = json::canonicalize(&key.to_jwk()).unwrap();
        assert_eq!(key.thumbprint(), sha256(&[&canonical]).to_b64u());
    }
}

#[test]
fn points_of_small_order_are_refused_in_every_spelling() {
    // The eight points of the torsion subgroup, and the other encodings of those that have some.
    for (text, error) in [
        ("0100000000000000000000000000000000000000000000000000000000000000", KeyError::SmallOrder),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", KeyError::SmallOrder),
        ("0000000000000000000000000000000000000000000000000000000000000000", KeyError::SmallOrder),
        ("0000000000000000000000000000000000000000000000000000000000000080", KeyError::SmallOrder),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", KeyError::SmallOrder),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", KeyError::SmallOrder),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", KeyError::SmallOrder),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", KeyError::SmallOrder),
        (
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            KeyError::NotCanonical,
        ),
        (
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            KeyError::NotCanonical,
        ),
        (
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            KeyError::NotCanonical,
        ),
        (
            "0100000000000000000000000000000000000000000000000000000000000080",
            KeyError::NotCanonical,
        ),
        (
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            KeyError::NotCanonical,
        ),
        (
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            KeyError::NotCanonical,
        ),
    ] {
        assert_eq!(PublicKey::from_raw(KeyType::Ed25519, &hex(text)), Err(error), "{text}");
    }
}

#[test]
fn second_spellings_of_good_points_are_refused() {
    // y + p for the small y for which that fits into 255 bits: whatever decodes must be called non-canonical.
    let mut decoded = 0;
    for low in 0xf0..=0xff_u8 {
        let mut bytes = [0xff; 32];
        bytes[0] = low;
        bytes[31] = 0x7f;
        let error = PublicKey::from_raw(KeyType::Ed25519, &bytes).unwrap_err();
        assert!(matches!(error, KeyError::NotCanonical | KeyError::NotOnCurve), "{low}: {error}");
        decoded += usize::from(error == KeyError::NotCanonical);
    }
    assert!(decoded > 0);
}

#[test]
fn points_off_the_curve_are_refused() {
    let p256 = |bytes: &[u8]| PublicKey::from_raw(KeyType::P256, bytes);
    // x = p, which is another spelling of 0, and x = 2^256 − 1.
    let p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    assert_eq!(p256(&hex(&format!("02{p}"))), Err(KeyError::NotOnCurve));
    assert_eq!(p256(&hex(&format!("03{}", "ff".repeat(32)))), Err(KeyError::NotOnCurve));
    assert_eq!(p256(&hex(&format!("02{}", "00".repeat(31) + "01"))), Err(KeyError::NotOnCurve));
    // The identity, the compact form, and uncompressed points have no place in 33 bytes.
    assert_eq!(p256(&[0; 33]), Err(KeyError::NotCanonical));
    assert_eq!(p256(&[5; 33]), Err(KeyError::NotCanonical));
    assert_eq!(p256(&[4; 65]), Err(KeyError::Length(65)));
    assert_eq!(p256(&[]), Err(KeyError::Length(0)));
    assert_eq!(PublicKey::from_raw(KeyType::Ed25519, &[2; 32]), Err(KeyError::NotOnCurve));
    assert_eq!(PublicKey::from_raw(KeyType::Ed25519, &[3; 33]), Err(KeyError::Length(33)));
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(1)).public_key();
    let mut jwk = key.to_jwk();
    jwk["y"] = jwk["x"].clone();
    assert_eq!(PublicKey::from_jwk(&jwk), Err(KeyError::NotOnCurve));
}

#[test]
fn multikeys_of_other_bases_and_types_are_refused() {
    let multikey = |text: &str| PublicKey::from_multikey(text).unwrap_err().code();
    assert_eq!(multikey(""), "key-encoding-invalid");
    assert_eq!(multikey("z"), "key-length");
    assert_eq!(multikey("u7QEB"), "key-encoding-invalid");
    assert_eq!(
        multikey("z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMs0"),
        "key-encoding-invalid"
    );
    assert_eq!(multikey(&"z".repeat(257)), "key-length");
    // X25519, secp256k1 and SM2: keys, but not ours.
    assert_eq!(
        multikey("z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"),
        "key-type-unsupported"
    );
    assert_eq!(
        multikey("zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"),
        "key-type-unsupported"
    );
    assert_eq!(
        multikey(&multibase58(&[&[0x86, 0x24][..], &[2; 33]].concat())),
        "key-type-unsupported"
    );
    assert_eq!(multikey(&multibase58(&[&[0xed, 0x01][..], &[2; 31]].concat())), "key-length");
    assert_eq!(KeyType::parse("rsa"), Err(KeyError::Unsupported));
}

#[test]
fn jwks_that_are_no_public_keys_of_ours_are_refused() {
    let code = |jwk: Value| PublicKey::from_jwk(&jwk).unwrap_err().code();
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    assert_eq!(code(json!(null)), "key-encoding-invalid");
    assert_eq!(code(json!({"crv": "Ed25519", "x": x})), "key-encoding-invalid");
    assert_eq!(code(json!({"kty": "OKP", "x": x})), "key-encoding-invalid");
    assert_eq!(code(json!({"kty": "OKP", "crv": "Ed25519"})), "key-encoding-invalid");
    assert_eq!(code(json!({"kty": "OKP", "crv": "Ed25519", "x": 7})), "key-encoding-invalid");
    assert_eq!(
        code(json!({"kty": "OKP", "crv": "Ed25519", "x": format!("{x}=")})),
        "key-encoding-invalid"
    );
    assert_eq!(code(json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})), "key-length");
    assert_eq!(code(json!({"kty": "EC", "crv": "P-256", "x": x})), "key-encoding-invalid");
    assert_eq!(code(json!({"kty": "OKP", "crv": "X25519", "x": x})), "key-type-unsupported");
    assert_eq!(code(json!({"kty": "EC", "crv": "P-521", "x": x, "y": x})), "key-length");
    assert_eq!(code(json!({"kty": "EC", "crv": "P-384", "x": x, "y": x})), "key-length");
    assert_eq!(code(json!({"kty": "EC", "crv": "Ed25519", "x": x})), "key-type-unsupported");
    assert_eq!(code(json!({"kty": "RSA", "n": "AA", "e": "AQAB"})), "key-type-unsupported");
    assert_eq!(
        code(json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": x})),
        "key-private-exposed"
    );
}

#[test]
fn signatures_of_another_length_are_refused() {
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::P521] {
        let expected = match key_type {
            KeyType::P384 => 96,
            KeyType::P521 => 132,
            KeyType::Ed25519 | KeyType::P256 | KeyType::Bls12381G2 => 64,
        };
        let key = SecretKey::generate(key_type, &mut SeededRng::new(1));
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), expected);
        for length in [0, 63, expected - 1] {
            let error = key.public_key().verify(b"message", &signature[..length]);
            assert_eq!(error, Err(SignatureError::Length(length)));
        }
        let longer = [&signature[..], &[0]].concat();
        let error = key.public_key().verify(b"message", &longer);
        assert_eq!(error, Err(SignatureError::Length(expected + 1)));
    }
}

/// A key of prime order, and one that differs from it by a point of order 8; signatures over `strict`.
const PRIME_ORDER: &str = "1bbe6aaf25383f6691d4ecc4cbfd816bc61991f29a3b4048dec216ce66b464f0";
const MIXED_ORDER: &str = "14da7595b3ceed089f512368408e4e66332ae2fdabb599884f99d86fb588d4fe";

#[test]
fn ed25519_refuses_what_only_a_lenient_verifier_takes() {
    let good = "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df\
        27576e80d9673006944af248d24f28bec370a660bfecf8ad85df90906b7ffc0c";
    // R is the identity, and the equation holds without the cofactor.
    let small_r = "0100000000000000000000000000000000000000000000000000000000000000\
        0d837f70fa0115527a5cf63ce41d319119daf0067deeb55fd3eda46b450f3306";
    // S of the good signature, plus the group order.
    let malleated = "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df\
        142b64ddf3ca425e6ae7e9ebb04907d3c370a660bfecf8ad85df90906b7ffc1c";
    let verify = |key, signature| {
        PublicKey::from_raw(KeyType::Ed25519, &hex(key)).unwrap().verify(b"strict", &hex(signature))
    };
    assert_eq!(verify(PRIME_ORDER, good), Ok(()));
    assert_eq!(verify(PRIME_ORDER, small_r), Err(SignatureError::Mismatch));
    assert_eq!(verify(PRIME_ORDER, malleated), Err(SignatureError::Mismatch));
    let lenient = VerifyingKey::from_bytes(&hex(PRIME_ORDER).try_into().unwrap()).unwrap();
    let small_r = ed25519_dalek::Signature::from_slice(&hex(small_r)).unwrap();
    assert!(ed25519_dalek::Verifier::verify(&lenient, b"strict", &small_r).is_ok());
}

#[test]
fn ed25519_uses_the_equation_without_the_cofactor() {
    let with_cofactor_only = "c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022\
        67465fd0aeeb429079fe94f2f716832a4961debcfd6d02da811af2d9c375bc00";
    let without = "801f40eaaee1ef8723279a28b2cf4037b889dad222604678748b53ed0db0db92\
        3fbd5a8badf3c6bfb7bbae97d1b4422cc95f42d1dfd4f34cf5af31b365df1707";
    let key = PublicKey::from_raw(KeyType::Ed25519, &hex(MIXED_ORDER)).unwrap();
    assert_eq!(key.verify(b"strict", &hex(with_cofactor_only)), Err(SignatureError::Mismatch));
    assert_eq!(key.verify(b"strict", &hex(without)), Ok(()));
}

#[test]
fn keys_are_ordered_by_type_then_bytes() {
    let mut rng = SeededRng::new(4);
    let mut keys: Vec<_> = (0..12)
        .map(|i| {
            let key_type = if i % 2 == 0 { KeyType::P256 } else { KeyType::Ed25519 };
            SecretKey::generate(key_type, &mut rng).public_key()
        })
        .collect();
    keys.sort();
    assert!(keys.is_sorted_by_key(|key| (key.key_type(), key.raw())));
    assert_eq!(keys[0], keys[0].clone());
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn algorithms_have_their_jose_names() {
    assert_eq!(Algorithm::from_jose("EdDSA"), Some(Algorithm::EdDsa));
    assert_eq!(Algorithm::from_jose("Ed25519"), Some(Algorithm::EdDsa));
    assert_eq!(Algorithm::from_jose("ES256"), Some(Algorithm::Es256));
    assert_eq!(Algorithm::from_jose("ES384"), Some(Algorithm::Es384));
    for other in ["none", "None", "", "HS256", "RS256", "ES256K", "es512", "eddsa", "Ed448"] {
        assert_eq!(Algorithm::from_jose(other), None, "{other}");
    }
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::P521] {
        assert_eq!(KeyType::parse(key_type.name()), Ok(key_type));
        assert_eq!(
            Algorithm::from_jose(key_type.algorithm().to_jose()),
            Some(key_type.algorithm())
        );
    }
}

fn key_types() -> impl Strategy<Value = KeyType> {
    prop_oneof![
        Just(KeyType::Ed25519),
        Just(KeyType::P256),
        Just(KeyType::P384),
        Just(KeyType::P521),
    ]
}

proptest! {
    #[test]
    fn any_flipped_bit_fails(seed: u64, p256: bool, message in proptest::collection::vec(any::<u8>(), 1..80),
        bit in 0..512_usize, message_bit: prop::sample::Index) {
        let key_type = if p256 { KeyType::P256 } else { KeyType::Ed25519 };
        let key = SecretKey::generate(key_type, &mut SeededRng::new(seed));
        let public = key.public_key();
        let signature = key.sign(&message).unwrap();
        prop_assert_eq!(public.verify(&message, &signature), Ok(()));
        let mut altered = signature.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(public.verify(&message, &altered), Err(SignatureError::Mismatch));
        let message_bit = message_bit.index(message.len() * 8);
        let mut other = message.clone();
        other[message_bit / 8] ^= 1 << (message_bit % 8);
        prop_assert_eq!(public.verify(&other, &signature), Err(SignatureError::Mismatch));
        // Another key, as near as one bit, is either no key or not the signer's.
        let mut raw = public.raw();
        let key_bit = bit % (raw.len() * 8);
        raw[key_bit / 8] ^= 1 << (key_bit % 8);
        if let Ok(other) = PublicKey::from_raw(key_type, &raw) {
            prop_assert_eq!(other.verify(&message, &signature), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn keys_read_back_from_every_form(seed: u64, key_type in key_types()) {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(seed)).public_key();
        prop_assert_eq!(&PublicKey::from_multikey(&key.to_multikey()).unwrap(), &key);
        prop_assert_eq!(&PublicKey::from_jwk(&key.to_jwk()).unwrap(), &key);
        prop_assert_eq!(&PublicKey::from_raw(key_type, &key.raw()).unwrap(), &key);
    }

    #[test]
    fn arbitrary_bytes_have_at_most_one_spelling(bytes in proptest::collection::vec(any::<u8>(), 0..40), sign: bool) {
        let mut bytes = bytes;
        if bytes.len() == 33 {
            bytes[0] = 2 + u8::from(sign);
        }
        for key_type in [KeyType::Ed25519, KeyType::P256] {
            if let Ok(key) = PublicKey::from_raw(key_type, &bytes) {
                prop_assert_eq!(key.raw(), bytes.clone());
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "z?[1-9A-Za-z]{0,60}") {
        if let Ok(key) = PublicKey::from_multikey(&text) {
            prop_assert_eq!(key.to_multikey(), text);
        }
    }
}
