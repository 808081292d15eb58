use inkan_core::rng::insecure::SeededRng;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{KeyType, Signer as _, signer::tests::assert_no_canary};

fn read_text(text: &str) -> Result<SecretKey, KeyError> {
    SecretKey::from_private_jwk(&SecretBytes::new(text.as_bytes().to_vec()))
}

fn code(jwk: &Value) -> &'static str {
    read_text(&jwk.to_string()).unwrap_err().code()
}

/// RFC 8037 appendix A.1.
fn example() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

#[test]
fn private_jwks_of_the_specifications_are_read() {
    let key = read_text(&example().to_string()).unwrap();
    assert_eq!(key.key_type(), KeyType::Ed25519);
    // RFC 7517 appendix A.2.
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
        "use": "enc", "kid": "1"});
    assert_eq!(read_text(&jwk.to_string()).unwrap().key_type(), KeyType::P256);
}

#[test]
fn private_jwks_are_written_canonically() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(6));
        let text = key.to_private_jwk();
        let value: Value = serde_json::from_slice(text.expose_secret()).unwrap();
        assert_eq!(json::canonicalize(&value).unwrap(), text.expose_secret());
        let again = SecretKey::from_private_jwk(&text).unwrap();
        assert_eq!(again.sign(b"m"), key.sign(b"m"));
        let d = inkan_core::encoding::b64u(key.to_secret_bytes().expose_secret());
        assert_eq!(json::text(&value, "d"), Some(&*d));
        assert_no_canary(&format!("{text:?}"), text.expose_secret());
    }
}

#[test]
fn jwks_that_are_no_private_keys_of_ours_are_refused() {
    let with = |member: &str, value: Value| {
        let mut jwk = example();
        jwk[member] = value;
        jwk
    };
    assert_eq!(code(&json!(null)), "key-encoding-invalid");
    assert_eq!(code(&json!({"d": "AA"})), "key-encoding-invalid");
    assert_eq!(code(&with("d", json!(null))), "key-encoding-invalid");
    assert_eq!(code(&with("d", json!(""))), "key-length");
    assert_eq!(code(&with("d", json!("AAAA"))), "key-length");
    assert_eq!(
        code(&with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="))),
        "key-length"
    );
    assert_eq!(
        code(&with("d", json!("nWGxne+9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))),
        "key-encoding-invalid"
    );
    // The last character has two spare bits.
    assert_eq!(
        code(&with("d", json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B"))),
        "key-encoding-invalid"
    );
    assert_eq!(
        code(&with("d", json!("oWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))),
        "key-mismatch"
    );
    assert_eq!(code(&with("crv", json!("X25519"))), "key-type-unsupported");
    let mut public = example();
    public.as_object_mut().unwrap().remove("d");
    assert_eq!(code(&public), "key-encoding-invalid");
    assert_eq!(read_text("{").unwrap_err().code(), "key-encoding-invalid");
    assert_eq!(read_text(&" ".repeat(20_000)).unwrap_err().code(), "key-encoding-invalid");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", d in "[A-Za-z0-9_=-]{0,50}") {
        prop_assert!(read_text(&text).is_err());
        let mut jwk = example();
        jwk["d"] = json!(d);
        prop_assert!(read_text(&jwk.to_string()).is_err());
    }
}
