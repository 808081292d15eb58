//! The documents of the did:key specification: the key decoded from the DID is the key given.
//!
//! Verification-method types in the vectors are those of 2018 to 2020, so keys are compared and not documents. Key types
//! that we cannot use must be named as such, and never be taken for one that we can.

use inkan_core::{SecretBytes, encoding};
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_did::{Did, DidUrl, Relationship, resolve_self_contained, self_contained};
use inkan_tests::{read_json, vectors};
use serde_json::{Map, Value};

#[test]
fn ed25519_keys_are_decoded_and_their_seeds_give_them() {
    let Some(cases) = cases("ed25519-x25519.json") else { return };
    assert_eq!(cases.len(), 5);
    for (did, case) in cases {
        let key = given_key(KeyType::Ed25519, &case["verificationKeyPair"]);
        let seed = encoding::decode_hex(case["seed"].as_str().unwrap()).unwrap();
        let secret = SecretKey::from_secret_bytes(KeyType::Ed25519, &SecretBytes::new(seed));
        assert_eq!(secret.unwrap().public_key(), key);
        assert_resolves(&did, &key);
    }
}

#[test]
fn p256_keys_are_decoded() {
    let Some(cases) = cases("nist-curves.json") else { return };
    let p256: Vec<_> = cases.iter().filter(|(did, _)| did.starts_with("did:key:zDn")).collect();
    assert_eq!((cases.len(), p256.len()), (7, 3));
    for (did, case) in p256 {
        assert_resolves(did, &given_key(KeyType::P256, &case["verificationMethod"]));
    }
}

#[test]
fn p384_keys_are_decoded() {
    let Some(cases) = cases("nist-curves.json") else { return };
    let p384: Vec<_> = cases.iter().filter(|(did, _)| did.starts_with("did:key:z82")).collect();
    assert_eq!(p384.len(), 2);
    for (did, case) in p384 {
        assert_resolves(did, &given_key(KeyType::P384, &case["verificationMethod"]));
    }
}

#[test]
fn p521_keys_are_decoded() {
    let Some(cases) = cases("nist-curves.json") else { return };
    let p521: Vec<_> = cases.iter().filter(|(did, _)| did.starts_with("did:key:z2J9")).collect();
    assert_eq!(p521.len(), 2);
    for (did, case) in p521 {
        assert_resolves(did, &given_key(KeyType::P521, &case["verificationMethod"]));
    }
}

#[test]
fn keys_of_bbs_are_decoded_and_assert_alone() {
    let Some(cases) = cases("bls12381.json") else { return };
    let ours = |did: &str| did.starts_with("did:key:zUC7");
    let found: Vec<_> = cases.iter().filter(|(did, _)| ours(did)).collect();
    assert_eq!((cases.len(), found.len()), (6, 5));
    for (did, _) in found {
        let document = resolve_self_contained(&Did::parse(did).unwrap()).unwrap();
        let named = |purpose| document.methods_for(purpose).count();
        assert_eq!(named(Relationship::AssertionMethod), 1, "{did}");
        assert_eq!(named(Relationship::Authentication), 0, "{did}");
        let key = &document.methods_for(Relationship::AssertionMethod).next().unwrap().key;
        assert_eq!(key.key_type(), KeyType::Bls12381G2);
        assert_eq!(format!("did:key:{}", key.to_multikey()), *did);
    }
}

#[test]
fn key_types_we_cannot_use_are_named_as_such() {
    let mut count = 0;
    for file in ["rsa.json", "secp256k1.json", "bls12381.json", "x25519.json"] {
        let Some(cases) = cases(file) else { return };
        let ours =
            |did: &str| ["zDn", "z82", "z2J9", "zUC7"].iter().any(|key| did[8..].starts_with(key));
        for (did, _) in cases.iter().filter(|(did, _)| !ours(did)) {
            let refused = resolve_self_contained(&Did::parse(did).unwrap()).unwrap_err();
            assert_eq!(refused.code(), "key-type-unsupported", "{did}");
            count += 1;
        }
    }
    assert_eq!(count, 2 + 6 + 1 + 4);
}

fn given_key(key_type: KeyType, method: &Value) -> PublicKey {
    match method["publicKeyBase58"].as_str() {
        Some(raw) => {
            let raw = encoding::decode_base58btc(raw).unwrap();
            PublicKey::from_raw(key_type, &raw).unwrap()
        }
        None => PublicKey::from_jwk(&method["publicKeyJwk"]).unwrap(),
    }
}

fn assert_resolves(did: &str, key: &PublicKey) {
    assert_eq!(self_contained::did_key(key), did);
    let document = resolve_self_contained(&Did::parse(did).unwrap()).unwrap();
    let url = DidUrl::parse(&self_contained::did_key_url(key)).unwrap();
    assert_eq!(document.verification_methods().len(), 1);
    assert_eq!(&document.method(&url).unwrap().key, key);
    for relationship in [Relationship::AssertionMethod, Relationship::Authentication] {
        assert!(document.allows(&url, relationship), "{did}");
    }
}

/// The vectors of one file by DID.
fn cases(file: &str) -> Option<Map<String, Value>> {
    let mut cases = read_json(&vectors("did-key")?.join(file));
    if file == "x25519.json" {
        cases = cases["didDocument"].take();
    }
    match cases {
        Value::Object(cases) => Some(cases),
        other => panic!("{file}: {other}"),
    }
}
