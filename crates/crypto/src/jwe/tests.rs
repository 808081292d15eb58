use inkan_core::{encoding::b64u, rng::insecure::SeededRng};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const LIMIT: usize = 100_000;

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed))
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn sealed(payload: &[u8]) -> String {
    let header = object(json!({"kid": "enc-1", "apu": b64u(b"wallet"), "apv": b64u(b"verifier")}));
    encrypt(header, payload, &key(1).public_key(), ContentEncryption::A256Gcm).unwrap()
}

/// The text with its header changed; it no longer decrypts.
fn with_header(change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let text = sealed(b"x");
    let (head, rest) = text.split_once('.').unwrap();
    let mut header: Map<String, Value> =
        serde_json::from_slice(&decode_b64u(head).unwrap()).unwrap();
    change(&mut header);
    format!("{}.{rest}", b64u(Value::Object(header).to_string().as_bytes()))
}

fn refused(text: &str) -> &'static str {
    Jwe::parse(text, LIMIT).unwrap_err().code()
}

#[test]
fn what_is_encrypted_decrypts_for_the_recipient_alone() {
    for encryption in [ContentEncryption::A128Gcm, ContentEncryption::A256Gcm] {
        for payload in [&b""[..], b"{\"vp_token\":\"..\"}", &[7; 5_000]] {
            let header = object(json!({"kid": "enc-1", "cty": "json"}));
            let text = encrypt(header, payload, &key(1).public_key(), encryption).unwrap();
            let jwe = Jwe::parse(&text, LIMIT).unwrap();
            assert_eq!(jwe.kid(), Some("enc-1"));
            assert_eq!(jwe.header()["enc"], encryption.name());
            assert_eq!(jwe.decrypt(&key(1)).unwrap().expose_secret(), payload);
            assert_eq!(jwe.decrypt(&key(2)).unwrap_err().code(), "jwe-decryption-failed");
        }
    }
}

#[test]
fn the_key_agreement_is_that_of_rfc_7518_appendix_c() {
    // The keys, names and derived key (VqqN6vgjbSBcIijNcacQGg) of the example; with that key, another implementation
    // of AES-GCM sealed the content.
    let secret = decode_b64u("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw").unwrap();
    let bob = SecretKey::from_secret_bytes(KeyType::P256, &SecretBytes::new(secret)).unwrap();
    let text = "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImFwdSI6IlFXeHBZMlUiLCJhcHYiOiJRbTlpIiwi\
        ZXBrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoiZ0kwR0FJTEJkdTdUNTNha3JGbU15R2NzRjNuNWRP\
        N01td05CSEtXNVNWMCIsInkiOiJTTFdfeFNmZnpsUFdySEVWSTMwREhNXzRlZ1Z3dDNOUXFlVUQ3bk1GcHBzIn19\
        ..CQkJCQkJCQkJCQkJ.0lhwa5nmED5aZnUx2fMMYeZ_.z-NdlqlaCiFhqZFd7YYVbQ";
    let opened = Jwe::parse(text, LIMIT).unwrap().decrypt(&bob).unwrap();
    assert_eq!(opened.expose_secret(), b"to Bob, from Alice");
}

#[test]
fn ed25519_keys_do_not_decrypt_or_receive() {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let error = encrypt(Map::new(), b"", &key.public_key(), ContentEncryption::A256Gcm);
    assert_eq!(error.unwrap_err().code(), "jwe-key-unsuitable");
    let jwe = Jwe::parse(&sealed(b""), LIMIT).unwrap();
    assert_eq!(jwe.decrypt(&key).unwrap_err().code(), "jwe-key-unsuitable");
}

#[test]
fn other_algorithms_and_extensions_are_refused() {
    for (member, value, code) in [
        ("alg", json!("ECDH-ES+A256KW"), "jwe-algorithm-not-allowed"),
        ("alg", json!("RSA1_5"), "jwe-algorithm-not-allowed"),
        ("alg", json!("dir"), "jwe-algorithm-not-allowed"),
        ("alg", json!(null), "jwe-algorithm-not-allowed"),
        ("enc", json!("A128CBC-HS256"), "jwe-algorithm-not-allowed"),
        ("enc", json!(1), "jwe-algorithm-not-allowed"),
        ("zip", json!("DEF"), "jwe-header-unsupported"),
        ("crit", json!([]), "jwe-header-unsupported"),
        ("kid", json!(1), "jwe-header-shape"),
        ("apu", json!("=="), "jwe-header-shape"),
        ("apv", json!(1), "jwe-header-shape"),
        ("epk", json!(null), "jwe-ephemeral-key-invalid"),
        ("epk", json!({"kty": "OKP", "crv": "X25519", "x": "AA"}), "jwe-ephemeral-key-invalid"),
    ] {
        let altered = with_header(|header| {
            header.insert(member.to_owned(), value.clone());
        });
        assert_eq!(refused(&altered), code, "{member}: {value}");
    }
    // A point that is not on the curve would tell an attacker about the private key.
    let altered = with_header(|header| header["epk"]["y"] = header["epk"]["x"].clone());
    assert_eq!(refused(&altered), "jwe-ephemeral-key-invalid");
    for member in ["crit", "zip", "b64"] {
        let header = object(json!({member: true}));
        let error = encrypt(header, b"", &key(1).public_key(), ContentEncryption::A256Gcm);
        assert_eq!(error.unwrap_err().code(), "jwe-header-unsupported");
    }
}

#[test]
fn other_shapes_are_refused() {
    let text = sealed(b"payload");
    let parts: Vec<_> = text.split('.').collect();
    let [head, _, nonce, content, tag] = parts[..] else { panic!("{text}") };
    for (altered, code) in [
        (String::new(), "jwe-malformed"),
        (format!("{head}..{nonce}.{content}"), "jwe-malformed"),
        (format!("{text}."), "jwe-malformed"),
        (format!("{text}="), "jwe-malformed"),
        (format!("{head}.AAAA.{nonce}.{content}.{tag}"), "jwe-malformed"),
        (format!("{head}...{content}.{tag}"), "jwe-malformed"),
        (format!("{head}..{nonce}AAAA.{content}.{tag}"), "jwe-malformed"),
        (format!("{head}..{nonce}.{content}."), "jwe-malformed"),
        // A truncated tag is right as far as it goes, and GCM alone would take it.
        (format!("{head}..{nonce}.{content}.{}", tag.get(..16).unwrap()), "jwe-malformed"),
        (format!("{}..{nonce}.{content}.{tag}", b64u(b"[]")), "jwe-malformed"),
        (format!("{}..{nonce}.{content}.{tag}", b64u(b"{")), "jwe-header-malformed"),
        (
            format!("{}..{nonce}.{content}.{tag}", b64u(br#"{"alg":1,"alg":2}"#)),
            "jwe-header-malformed",
        ),
    ] {
        assert_eq!(refused(&altered), code, "{altered}");
    }
    assert_eq!(Jwe::parse(&text, text.len() - 1).unwrap_err().code(), "input-too-large");
}

#[test]
fn debug_shows_no_payload() {
    let opened = Jwe::parse(&sealed(b"canary-canary"), LIMIT).unwrap().decrypt(&key(1)).unwrap();
    crate::signer::tests::assert_no_canary(&format!("{opened:?}"), b"canary-canary");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", dotted in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){4}") {
        let _ = Jwe::parse(&text, LIMIT);
        let _ = Jwe::parse(&dotted, LIMIT);
    }

    #[test]
    fn any_altered_character_fails(position: prop::sample::Index, character in "[A-Za-z0-9_.=-]") {
        let text = sealed(b"payload");
        let position = position.index(text.len());
        let mut altered = text.clone();
        altered.replace_range(position..=position, &character);
        prop_assume!(altered != text);
        let opened = Jwe::parse(&altered, LIMIT).and_then(|jwe| jwe.decrypt(&key(1)));
        prop_assert!(opened.is_err(), "{altered}");
    }
}
