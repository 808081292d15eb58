use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use proptest::prelude::*;

use super::*;
use crate::did_url::DidUrl;
use crate::document::Relationship;

fn resolve(text: &str) -> Result<DidDocument, SelfContainedError> {
    resolve_self_contained(&Did::parse(text).unwrap())
}

fn key(key_type: KeyType, seed: u64) -> PublicKey {
    SecretKey::generate(key_type, &mut SeededRng::new(seed)).public_key()
}

fn listed(document: &DidDocument) -> Vec<&'static str> {
    let id = &document.verification_methods()[0].id;
    let allowed = Relationship::ALL.into_iter().filter(|it| document.allows(id, *it));
    allowed.map(Relationship::name).collect()
}

#[test]
fn a_did_key_document_lists_its_key_under_its_multikey() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let key = key(key_type, 1);
        let document = resolve(&did_key(&key)).unwrap();
        let url = DidUrl::parse(&did_key_url(&key)).unwrap();
        assert_eq!(document.method(&url).unwrap().key, key);
        assert!(document.allows(&url, Relationship::AssertionMethod));
        let agreement = document.allows(&url, Relationship::KeyAgreement);
        assert_eq!(agreement, key_type == KeyType::P256);
    }
}

#[test]
fn a_key_of_bbs_asserts_and_does_nothing_else() {
    let key = key(KeyType::Bls12381G2, 1);
    assert!(did_key(&key).starts_with("did:key:zUC7"));
    for did in [did_key(&key), did_jwk(&key)] {
        let document = resolve(&did).unwrap();
        assert_eq!(document.verification_methods()[0].key, key);
        assert_eq!(listed(&document), ["assertionMethod"]);
    }
}

#[test]
fn a_did_jwk_document_lists_its_key_under_zero() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let key = key(key_type, 2);
        let did = did_jwk(&key);
        let document = resolve(&did).unwrap();
        let url = DidUrl::parse(&format!("{did}#0")).unwrap();
        assert_eq!(document.method(&url).unwrap().key, key);
        assert!(document.allows(&url, Relationship::Authentication));
    }
}

#[test]
fn the_use_of_a_jwk_limits_the_relationships() {
    let with_use = |value: Value| {
        let mut jwk = key(KeyType::P256, 3).to_jwk();
        jwk["use"] = value;
        resolve(&format!("did:jwk:{}", encoding::b64u(jwk.to_string().as_bytes())))
    };
    assert!(!listed(&with_use(json!("sig")).unwrap()).contains(&"keyAgreement"));
    assert_eq!(listed(&with_use(json!("enc")).unwrap()), ["keyAgreement"]);
    assert_eq!(with_use(json!("both")).unwrap_err().code(), "did-malformed");
    assert_eq!(with_use(json!(7)).unwrap_err().code(), "did-malformed");
}

/// The example of the did:jwk specification.
#[test]
fn the_p256_example_of_the_specification_resolves() {
    let did = "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9";
    let document = resolve(did).unwrap();
    assert_eq!(document.verification_methods()[0].key.key_type(), KeyType::P256);
    assert_eq!(document.verification_methods()[0].id.fragment(), Some("0"));
}

#[test]
fn keys_we_cannot_use_have_codes() {
    let x25519 = "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F";
    assert_eq!(resolve(x25519).unwrap_err().code(), "key-type-unsupported");
    let rsa = format!("did:key:z{}", "4".repeat(380));
    assert_eq!(resolve(&rsa).unwrap_err().code(), "key-type-unsupported");
    let private = r#"{"kty":"OKP","crv":"Ed25519","d":"AA","x":"AA"}"#;
    let private = format!("did:jwk:{}", encoding::b64u(private.as_bytes()));
    assert_eq!(resolve(&private).unwrap_err().code(), "key-private-exposed");
    let twice = format!("did:jwk:{}", encoding::b64u(br#"{"kty":"OKP","kty":"OKP"}"#));
    assert_eq!(resolve(&twice).unwrap_err().code(), "did-malformed");
    assert_eq!(resolve("did:jwk:e30").unwrap_err().code(), "key-encoding-invalid");
    let neutral = [&[0xed, 0x01, 0x01][..], &[0; 31]].concat();
    let weak = format!("did:key:{}", encoding::multibase58(&neutral));
    assert_eq!(resolve(&weak).unwrap_err().code(), "key-small-order");
}

#[test]
fn other_methods_need_a_document() {
    assert_eq!(resolve("did:web:a.example").unwrap_err().code(), "did-needs-document");
}

proptest! {
    #[test]
    fn resolution_never_panics(key in "z[1-9A-HJ-NP-Za-km-z]{1,60}", jwk in ".{0,60}") {
        if let Ok(did) = Did::parse(&format!("did:key:{key}")) {
            let _ = resolve_self_contained(&did);
        }
        let did = Did::parse(&format!("did:jwk:{}", encoding::b64u(jwk.as_bytes())));
        if let Ok(did) = did {
            let _ = resolve_self_contained(&did);
        }
    }
}
