use inkan_core::encoding::{decode_base58btc, hex};
use inkan_core::{SecretBytes, rng::insecure::SeededRng};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{KeyType, SecretKey};

/// The document of the test vectors in vc-di-eddsa §B.3 and vc-di-ecdsa §A.5.
fn document() -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2"
        ],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "name": "Alumni Credential",
        "description": "A minimum viable example of an Alumni Credential.",
        "issuer": "https://vc.example/issuers/5678",
        "validFrom": "2023-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"}
    })
}

fn config(cryptosuite: &str, multikey: &str) -> Value {
    json!({
        "type": "DataIntegrityProof",
        "cryptosuite": cryptosuite,
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": format!("did:key:{multikey}#{multikey}"),
        "proofPurpose": "assertionMethod",
        "@context": document()["@context"]
    })
}

/// Suite, public and secret Multikey, the combined hash and the proof value of the vector.
const VECTORS: [[&str; 5]; 2] = [
    [
        "eddsa-jcs-2022",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq",
        "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db\
         59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19",
        "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX",
    ],
    [
        "ecdsa-jcs-2019",
        "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP",
        "z42twTcNeSYcnqg1FLuSFs2bsGH3ZqbRHFmvS9XMsYhjxvHN",
        "fe5799489119c7fe3c528715e72bd39d2ec6b4ab345978df32e9a9312648ec25\
         59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19",
        "z5ptCet75SaEgzG4v4zJhbJtfNi74Wv7Fq15hhKouJQQjEPQvPZKaYxcMXAMLPQS2FXrkCWokNJkFVkwxNzZfD5oT",
    ],
];

fn with_value(mut config: Value, value: &str) -> Value {
    config["proofValue"] = value.into();
    config
}

#[test]
fn the_vectors_of_the_specifications_are_reproduced() {
    for [suite, public, secret, hash, value] in VECTORS {
        let config = config(suite, public);
        assert_eq!(hex(&hash_data(&document(), &config).unwrap()), hash, "{suite}");
        let key = PublicKey::from_multikey(public).unwrap();
        assert_eq!(
            verify(&document(), &with_value(config.clone(), value), &key),
            Ok(()),
            "{suite}"
        );
        // Two bytes of multicodec stand before the secret.
        let secret = SecretBytes::new(
            decode_base58btc(secret.trim_start_matches('z')).unwrap()[2..].to_vec(),
        );
        let secret = SecretKey::from_secret_bytes(key.key_type(), &secret).unwrap();
        assert_eq!(secret.public_key(), key);
        assert_eq!(sign(&document(), &config, &secret).unwrap(), value, "{suite}");
    }
}

#[test]
fn keys_of_another_type_are_refused() {
    let [eddsa, ecdsa] = VECTORS;
    let key = PublicKey::from_multikey(ecdsa[1]).unwrap();
    let proof = with_value(config(eddsa[0], eddsa[1]), eddsa[4]);
    assert_eq!(verify(&document(), &proof, &key), Err(SignatureError::AlgorithmMismatch));
    let signer = SecretKey::generate(KeyType::P256, &mut SeededRng::new(1));
    let error = sign(&document(), &config(eddsa[0], eddsa[1]), &signer);
    assert_eq!(error.unwrap_err().code(), "signing-suite-mismatch");
}

#[test]
fn other_suites_and_types_are_refused() {
    let [suite, public, _, _, value] = VECTORS[0];
    let key = PublicKey::from_multikey(public).unwrap();
    let good = with_value(config(suite, public), value);
    for (member, other) in [
        ("cryptosuite", json!("eddsa-rdfc-2022")),
        ("cryptosuite", json!(null)),
        ("type", json!("Ed25519Signature2020")),
        ("type", json!(["DataIntegrityProof"])),
    ] {
        let mut proof = good.clone();
        proof[member] = other;
        assert_eq!(verify(&document(), &proof, &key), Err(SignatureError::SuiteUnsupported));
        let signer = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
        assert_eq!(sign(&document(), &proof, &signer), Err(SignError::SuiteMismatch));
    }
}

#[test]
fn proof_values_of_another_form_are_refused() {
    let [suite, public, _, _, value] = VECTORS[0];
    let key = PublicKey::from_multikey(public).unwrap();
    let code = |value: Value| {
        let mut proof = config(suite, public);
        proof["proofValue"] = value;
        verify(&document(), &proof, &key).unwrap_err().code()
    };
    assert_eq!(code(json!(null)), "signature-encoding-invalid");
    assert_eq!(code(json!("")), "signature-encoding-invalid");
    assert_eq!(code(json!(value.replacen('z', "u", 1))), "signature-encoding-invalid");
    assert_eq!(code(json!(value.replacen('z', "", 1))), "signature-encoding-invalid");
    assert_eq!(code(json!(format!("{value}0"))), "signature-encoding-invalid");
    assert_eq!(code(json!(format!("z{}", "2".repeat(161)))), "signature-encoding-invalid");
    assert_eq!(code(json!("z")), "signature-length");
    assert_eq!(code(json!(format!("{value}2"))), "signature-length");
    assert_eq!(code(json!(value.replacen("z2", "z3", 1))), "signature-mismatch");
    let error = verify(&document(), &config(suite, public), &key).unwrap_err();
    assert_eq!(error.code(), "signature-encoding-invalid");
}

#[test]
fn every_member_of_the_proof_is_covered() {
    let [suite, public, _, _, value] = VECTORS[0];
    let key = PublicKey::from_multikey(public).unwrap();
    for member in ["created", "verificationMethod", "proofPurpose", "@context"] {
        let mut proof = with_value(config(suite, public), value);
        proof.as_object_mut().unwrap().remove(member);
        assert_eq!(verify(&document(), &proof, &key), Err(SignatureError::Mismatch), "{member}");
    }
    let mut proof = with_value(config(suite, public), value);
    proof["domain"] = json!("elsewhere");
    assert_eq!(verify(&document(), &proof, &key), Err(SignatureError::Mismatch));
}

#[test]
fn the_context_may_grow_at_its_end_and_nowhere_else() {
    let [suite, public, _, _, value] = VECTORS[0];
    let key = PublicKey::from_multikey(public).unwrap();
    let proof = with_value(config(suite, public), value);
    let with_context = |context: Value| {
        let mut document = document();
        document["@context"] = context;
        verify(&document, &proof, &key)
    };
    let [first, second] =
        ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"];
    assert_eq!(with_context(json!([first, second, "https://w3id.org/x"])), Ok(()));
    let mismatch = Err(SignatureError::ContextMismatch);
    assert_eq!(with_context(json!([second, first])), mismatch);
    assert_eq!(with_context(json!([first])), mismatch);
    assert_eq!(with_context(json!(first)), mismatch);
    assert_eq!(with_context(json!([])), mismatch);
    assert_eq!(with_context(json!(null)), mismatch);
    let mut bare = document();
    bare.as_object_mut().unwrap().remove("@context");
    assert_eq!(verify(&bare, &proof, &key), mismatch);
}

#[test]
fn a_context_of_one_text_is_a_list_of_one() {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let mut document = json!({"@context": "https://www.w3.org/ns/did/v1", "id": "did:example:1"});
    let config = json!({"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "@context": document["@context"]});
    let proof = with_value(config.clone(), &sign(&document, &config, &key).unwrap());
    assert_eq!(verify(&document, &proof, &key.public_key()), Ok(()));
    document["@context"] = json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/x"]);
    assert_eq!(verify(&document, &proof, &key.public_key()), Ok(()));
}

proptest! {
    #[test]
    fn any_change_of_the_document_fails(seed: u64, p256: bool, text in "\\PC{0,20}", other in "\\PC{0,20}") {
        prop_assume!(text != other);
        let (key_type, suite) = if p256 { (KeyType::P256, "ecdsa-jcs-2019") } else { (KeyType::Ed25519, "eddsa-jcs-2022") };
        let key = SecretKey::generate(key_type, &mut SeededRng::new(seed));
        let config = json!({"type": "DataIntegrityProof", "cryptosuite": suite, "challenge": text});
        let document = json!({"claim": text, "more": [1, 2.5, null]});
        let proof = with_value(config.clone(), &sign(&document, &config, &key).unwrap());
        prop_assert_eq!(verify(&document, &proof, &key.public_key()), Ok(()));
        let mut changed = document.clone();
        changed["claim"] = json!(other);
        prop_assert_eq!(verify(&changed, &proof, &key.public_key()), Err(SignatureError::Mismatch));
        let mut changed = proof;
        changed["challenge"] = json!(other);
        prop_assert_eq!(verify(&document, &changed, &key.public_key()), Err(SignatureError::Mismatch));
    }
}
