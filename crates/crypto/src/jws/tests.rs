use inkan_core::rng::insecure::SeededRng;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{KeyType, SecretKey};

const LIMIT: usize = 10_000;

fn key(key_type: KeyType) -> SecretKey {
    SecretKey::generate(key_type, &mut SeededRng::new(5))
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// A text with this header and 64 signature bytes; its signature is worth nothing.
fn forged(header: &str) -> String {
    format!("{}.{}.{}", b64u(header.as_bytes()), b64u(b"{}"), b64u(&[1; 64]))
}

fn refused(text: &str) -> &'static str {
    Jws::parse(text, LIMIT).unwrap_err().code()
}

#[test]
fn what_is_signed_reads_back() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let key = key(key_type);
        let header = object(json!({"typ": "vc+jwt", "kid": "did:example:1#a", "alg": "none"}));
        let text = sign(header, b"payload", &key).unwrap();
        let jws = Jws::parse(&text, LIMIT).unwrap();
        assert_eq!(jws.alg(), key.public_key().algorithm());
        assert_eq!(jws.header()["alg"], jws.alg().to_jose());
        assert_eq!((jws.typ(), jws.kid()), (Some("vc+jwt"), Some("did:example:1#a")));
        assert_eq!(jws.payload(), b"payload");
        assert_eq!(jws.as_str(), text);
        assert_eq!(text, format!("{}.{}", jws.signing_input(), b64u(jws.signature())));
        assert_eq!(jws.verify(&key.public_key()), Ok(()));
    }
}

#[test]
fn a_media_type_is_named_with_its_beginning_or_without() {
    for same in ["vc+jwt", "application/vc+jwt", "Application/VC+JWT"] {
        assert!(names_media_type(same, "vc+jwt"), "{same}");
    }
    for other in [
        "",
        "vc",
        "vp+jwt",
        "text/vc+jwt",
        "application/application/vc+jwt",
        "vc+jwt;x=1",
        "/vc+jwt",
    ] {
        assert!(!names_media_type(other, "vc+jwt"), "{other}");
    }
    let untyped = Jws::parse(&sign(Map::new(), b"", &key(KeyType::P256)).unwrap(), LIMIT).unwrap();
    assert!(!untyped.is_typed("vc+jwt") && !untyped.is_typed(""));
}

#[test]
fn rfc_8037_appendix_a_4_verifies() {
    let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let jws = Jws::parse(text, LIMIT).unwrap();
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(jws.payload(), b"Example of Ed25519 signing");
    assert_eq!(jws.verify(&PublicKey::from_jwk(&jwk).unwrap()), Ok(()));
    let header = text.replacen("eyJhbGciOiJFZERTQSJ9", &b64u(br#"{"alg":"Ed25519"}"#), 1);
    let jws = Jws::parse(&header, LIMIT).unwrap();
    assert_eq!(jws.alg(), Algorithm::EdDsa);
    assert_eq!(jws.verify(&PublicKey::from_jwk(&jwk).unwrap()), Err(SignatureError::Mismatch));
}

#[test]
fn rfc_7515_appendix_a_3_verifies() {
    let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let jws = Jws::parse(text, LIMIT).unwrap();
    assert_eq!(jws.verify(&PublicKey::from_jwk(&jwk).unwrap()), Ok(()));
}

#[test]
fn algorithms_other_than_ours_are_refused() {
    for alg in [
        r#""none""#,
        r#""None""#,
        r#""HS256""#,
        r#""RS256""#,
        r#""ES521""#,
        r#""ES256K""#,
        "null",
        r#"["ES256"]"#,
    ] {
        assert_eq!(
            refused(&forged(&format!(r#"{{"alg":{alg}}}"#))),
            "algorithm-not-allowed",
            "{alg}"
        );
    }
    assert_eq!(refused(&forged("{}")), "algorithm-not-allowed");
}

#[test]
fn a_key_of_the_other_type_is_refused_before_it_is_tried() {
    let text = sign(Map::new(), b"", &key(KeyType::Ed25519)).unwrap();
    let jws = Jws::parse(&text, LIMIT).unwrap();
    let verdict = jws.verify(&key(KeyType::P256).public_key()).unwrap_err();
    assert_eq!(verdict.code(), "signature-algorithm-mismatch");
}

#[test]
fn headers_with_two_readings_are_refused() {
    assert_eq!(refused(&forged(r#"{"alg":"ES256","alg":"none"}"#)), "jws-header-malformed");
    assert_eq!(
        refused(&forged(r#"{"alg":"ES256","x":{"a":1,"\u0061":2}}"#)),
        "jws-header-malformed"
    );
    assert_eq!(refused(&forged(r#"{"alg":"ES256"} {}"#)), "jws-header-malformed");
    assert_eq!(refused(&forged(r#"{"alg":"ES256""#)), "jws-header-malformed");
    assert_eq!(refused(&forged(r#"["alg"]"#)), "jws-header-shape");
    assert_eq!(refused(&forged(r#"{"alg":"ES256","kid":7}"#)), "jws-header-shape");
    assert_eq!(refused(&forged(r#"{"alg":"ES256","typ":null}"#)), "jws-header-shape");
}

#[test]
fn extensions_are_refused_even_if_empty() {
    for member in [r#""crit":[]"#, r#""crit":["exp"]"#, r#""b64":true"#, r#""b64":false"#] {
        let header = format!(r#"{{"alg":"EdDSA",{member}}}"#);
        assert_eq!(refused(&forged(&header)), "jws-header-unsupported", "{member}");
    }
    for member in ["crit", "b64"] {
        let error = sign(object(json!({member: true})), b"", &key(KeyType::Ed25519)).unwrap_err();
        assert_eq!(error.code(), "signing-header-refused");
    }
}

#[test]
fn other_serializations_are_refused() {
    let text = sign(Map::new(), b"x", &key(KeyType::Ed25519)).unwrap();
    let parts: Vec<_> = text.split('.').collect();
    let [head, body, seal] = parts[..] else { panic!("{text}") };
    for (altered, code) in [
        (String::new(), "jws-malformed"),
        (format!("{head}.{body}"), "jws-malformed"),
        (format!("{text}."), "jws-malformed"),
        (format!("{text}.{seal}"), "jws-malformed"),
        (format!("{text}~"), "jws-encoding-invalid"),
        (format!("{text}\n"), "jws-encoding-invalid"),
        (format!(" {text}"), "jws-encoding-invalid"),
        (format!("{head}=.{body}.{seal}"), "jws-encoding-invalid"),
        (format!("{head}.{body}==.{seal}"), "jws-encoding-invalid"),
        (format!("{head}.eB.{seal}"), "jws-encoding-invalid"),
        (format!("{head}.{body}."), "signature-length"),
        (format!("{head}.{body}.{}", b64u(&[0; 65])), "signature-length"),
        (format!(".{body}.{seal}"), "jws-header-malformed"),
    ] {
        assert_eq!(refused(&altered), code, "{altered:?}");
    }
    assert_eq!(Jws::parse(&text, text.len() - 1).unwrap_err().code(), "input-too-large");
    assert!(Jws::parse(&text, text.len()).is_ok());
}

#[test]
fn an_empty_payload_is_a_payload() {
    let key = key(KeyType::P256);
    let text = sign(Map::new(), b"", &key).unwrap();
    let jws = Jws::parse(&text, LIMIT).unwrap();
    assert_eq!(jws.payload(), b"");
    assert_eq!(jws.verify(&key.public_key()), Ok(()));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}", dotted in "[A-Za-z0-9_.-]{0,200}") {
        let _ = Jws::parse(&text, LIMIT);
        let _ = Jws::parse(&dotted, LIMIT);
    }

    #[test]
    fn arbitrary_headers_never_panic(header in "\\PC{0,60}") {
        let _ = Jws::parse(&forged(&header), LIMIT);
    }

    #[test]
    fn any_altered_character_fails(p256: bool, payload in proptest::collection::vec(any::<u8>(), 0..40),
        position: prop::sample::Index, character in "[A-Za-z0-9_.=-]") {
        let key = key(if p256 { KeyType::P256 } else { KeyType::Ed25519 });
        let text = sign(object(json!({"kid": "a"})), &payload, &key).unwrap();
        let position = position.index(text.len());
        let mut altered = text.clone();
        altered.replace_range(position..=position, &character);
        prop_assume!(altered != text);
        let verdict = Jws::parse(&altered, LIMIT).map(|jws| jws.verify(&key.public_key()));
        prop_assert!(!matches!(verdict, Ok(Ok(()))), "{altered}");
    }
}
