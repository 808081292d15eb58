//! The W3C vectors of Data Integrity: every intermediate of the RDFC suites and of P-384, proof sets and chains.
//!
//! The vectors are all good ones; the refused copies are made here. Issuer and key differ in them, so this is the
//! cryptography of the proofs alone.

use std::path::Path;

use inkan_core::{SecretBytes, Timestamp, digest::sha384, encoding, json, sha256};
use inkan_crypto::{KeyType, PublicKey, SecretKey, Signer as _, data_integrity};
use serde_json::{Value, json};

use super::suite::{read_json, read_text, vectors};
use crate::proof::{self, Cryptosuite, take_proofs};
use crate::proof_check::{ProofOutcome, check_with};
use crate::rdfc::{Contexts, Hash, PinnedContext, canonical};
use crate::sign::{ProofTerms, add_proof_di, secure_di};

/// One folder of intermediates.
struct Case {
    folder: &'static str,
    suite: &'static str,
    /// What the names of its files end with.
    ending: &'static str,
    document: &'static str,
    keys: &'static str,
}

#[test]
fn eddsa_rdfc_2022() {
    Case {
        folder: "w3c-di-eddsa",
        suite: "eddsa-rdfc-2022",
        ending: "DataInt",
        document: "unsigned.json",
        keys: "keyPair.json",
    }
    .run(KeyType::Ed25519);
}

#[test]
fn eddsa_rdfc_2022_with_blank_nodes() {
    Case {
        folder: "w3c-di-eddsa",
        suite: "eddsa-rdfc-2022/employ",
        ending: "DataInt",
        document: "employmentAuth.json",
        keys: "keyPair.json",
    }
    .run(KeyType::Ed25519);
}

#[test]
fn ed25519_signature_2020() {
    Case {
        folder: "w3c-di-eddsa",
        suite: "Ed25519Signature2020",
        ending: "EdSig",
        document: "unsigned.json",
        keys: "keyPair.json",
    }
    .run(KeyType::Ed25519);
}

#[test]
fn ecdsa_rdfc_2019_on_p256() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-rdfc-2019-p256",
        ending: "ECDSAP256",
        document: "unsigned.json",
        keys: "p256KeyPair.json",
    }
    .run(KeyType::P256);
}

#[test]
fn ecdsa_rdfc_2019_on_p256_with_blank_nodes() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-rdfc-2019-p256/employ",
        ending: "ECDSAP256",
        document: "employmentAuth.json",
        keys: "p256KeyPair.json",
    }
    .run(KeyType::P256);
}

#[test]
fn ecdsa_rdfc_2019_on_p384() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-rdfc-2019-p384",
        ending: "ECDSAP384",
        document: "unsigned.json",
        keys: "p384KeyPair.json",
    }
    .run(KeyType::P384);
}

#[test]
fn ecdsa_rdfc_2019_on_p384_with_blank_nodes() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-rdfc-2019-p384/employ",
        ending: "ECDSAP384",
        document: "employmentAuth.json",
        keys: "p384KeyPair.json",
    }
    .run(KeyType::P384);
}

#[test]
fn ecdsa_jcs_2019_on_p256() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-jcs-2019-p256",
        ending: "JCSECDSAP256",
        document: "unsigned.json",
        keys: "p256KeyPair.json",
    }
    .run(KeyType::P256);
}

#[test]
fn ecdsa_jcs_2019_on_p384() {
    Case {
        folder: "w3c-di-ecdsa",
        suite: "ecdsa-jcs-2019-p384",
        ending: "JCSECDSAP384",
        document: "unsigned.json",
        keys: "p384KeyPair.json",
    }
    .run(KeyType::P384);
}

impl Case {
    /// Every intermediate, the signature, the verdict, and the verdict on changed copies.
    fn run(&self, key_type: KeyType) {
        let Some(folder) = vectors(self.folder) else { return };
        let suite = folder.join(self.suite);
        let file = |name: &str, kind: &str| suite.join(format!("{name}{}.{kind}", self.ending));
        let text = |name: &str| read_text(&file(name, "txt"));
        let contexts = contexts();
        let document = read_json(&folder.join(self.document));
        let config = read_json(&file("proofConfig", "json"));
        let hash = if key_type == KeyType::P384 { Hash::Sha384 } else { Hash::Sha256 };
        let form = |value: &Value| -> Vec<u8> {
            if self.suite.contains("jcs") {
                json::canonicalize(value).unwrap()
            } else {
                canonical(value, &contexts, hash).unwrap().into_bytes()
            }
        };
        let digest = |bytes: &[u8]| match hash {
            Hash::Sha256 => sha256(&[bytes]).to_hex(),
            Hash::Sha384 => encoding::hex(&sha384(&[bytes])),
        };

        let canonical_document = form(&document);
        assert_eq!(String::from_utf8_lossy(&canonical_document), text("canonDoc"));
        assert_eq!(digest(&canonical_document), text("docHash").trim());
        let canonical_config = form(&config);
        assert_eq!(String::from_utf8_lossy(&canonical_config), text("proofCanon"));
        assert_eq!(digest(&canonical_config), text("proofHash").trim());
        let algorithm = key_type.algorithm();
        let data =
            data_integrity::hash_canonical(algorithm, &canonical_document, &canonical_config);
        assert_eq!(encoding::hex(&data), text("combinedHash").trim());

        let key = secret_key(&folder.join(self.keys), key_type);
        let value = data_integrity::sign_canonical(&canonical_document, &canonical_config, &key);
        let value = value.unwrap();
        let signed = read_json(&file("signed", "json"));
        // ECDSA signatures of the vectors may have been drawn at random.
        if key_type == KeyType::Ed25519 {
            assert_eq!(value, text("sigBTC58").trim());
        }
        for value in [value.as_str(), text("sigBTC58").trim()] {
            let mut copy = signed.clone();
            copy["proof"]["proofValue"] = value.into();
            assert!(holds(&copy, &contexts), "{value}");
        }
        refuses_changed_copies(&signed, &contexts);
        if hash == Hash::Sha384 {
            // The smaller hash, outside of the canonical form or inside, is not that of this key.
            let digests = [sha256(&[&canonical_config]), sha256(&[&canonical_document])];
            let outside = digests.map(|digest| digest.as_bytes().to_vec()).concat();
            let outside = encoding::multibase58(&key.sign(&outside).unwrap());
            let mut values = vec![outside];
            if !self.suite.contains("jcs") {
                let form = |value| canonical(value, &contexts, Hash::Sha256).unwrap().into_bytes();
                let (other, config) = (form(&document), form(&config));
                let inside = data_integrity::sign_canonical(&other, &config, &key).unwrap();
                // Without blank nodes there is nothing to be hashed inside.
                values.extend((other != canonical_document).then_some(inside));
            }
            for value in values {
                let copy = crate::testing::with(signed.clone(), "/proof/proofValue", value.into());
                let report = check_with(copy.to_string().as_bytes(), &mut key_of, &contexts);
                let outcome = &report.unwrap().proofs[0].outcome;
                assert_eq!(*outcome, ProofOutcome::Failed(crate::ProofError::Invalid));
            }
        }
    }
}

fn contexts() -> Contexts {
    let url = "https://w3id.org/citizenship/v4rc1";
    let text = read_text(&vectors("contexts").unwrap().join("citizenship-v4rc1.jsonld"));
    let sha256 = "5038c7383afd7ab2158f1b997913a8f60978a0abcf96e0b0d08e29f146d2db1e";
    let sha256 = inkan_core::Digest::from_hex(sha256).unwrap();
    Contexts::with_pinned(&[PinnedContext { url, sha256, bytes: text.as_bytes() }]).unwrap()
}

fn secret_key(path: &Path, key_type: KeyType) -> SecretKey {
    let pair = read_json(path);
    let secret = json::text(&pair, "secretKeyMultibase")
        .or_else(|| json::text(&pair, "privateKeyMultibase"))
        .unwrap();
    let key = secret_of(secret, key_type);
    assert_eq!(pair["publicKeyMultibase"], key.public_key().to_multikey());
    key
}

fn secret_of(multibase: &str, key_type: KeyType) -> SecretKey {
    let bytes = encoding::decode_multibase(multibase).unwrap();
    // Two bytes say which kind of key it is.
    SecretKey::from_secret_bytes(key_type, &SecretBytes::new(bytes[2..].to_vec())).unwrap()
}

/// The key that a did:key DID URL names.
fn key_of(method: &str) -> Option<PublicKey> {
    let (_, multikey) = method.split_once('#')?;
    PublicKey::from_multikey(multikey).ok()
}

fn holds(document: &Value, contexts: &Contexts) -> bool {
    check_with(document.to_string().as_bytes(), &mut key_of, contexts).unwrap().holds()
}

/// One change each, at every place that the proof covers.
fn refuses_changed_copies(signed: &Value, contexts: &Contexts) {
    let changes = [
        ("/name", json!("Another name")),
        ("/validFrom", json!("2023-01-01T00:00:01Z")),
        ("/issuer", json!("https://vc.example/issuers/5679")),
        ("/type", json!(["VerifiableCredential"])),
        ("/credentialSubject/type", json!(["Person"])),
        ("/credentialSubject/id", json!("did:example:mallory")),
        ("/proof/created", json!("2023-02-24T23:36:39Z")),
        ("/proof/proofPurpose", json!("authentication")),
        ("/proof/domain", json!("elsewhere.example")),
    ];
    for (pointer, value) in changes {
        let copy = crate::testing::with(signed.clone(), pointer, value);
        let report = check_with(copy.to_string().as_bytes(), &mut key_of, contexts).unwrap();
        let ProofOutcome::Failed(error) = &report.proofs[0].outcome else { panic!("{pointer}") };
        // Another type may leave members without a meaning, which is found before the signature is tried.
        let expected: &[&str] = match pointer {
            "/credentialSubject/type" => &["credential-proof-invalid", "jsonld-term-undefined"],
            _ => &["credential-proof-invalid"],
        };
        assert!(expected.contains(&error.code()), "{pointer} {error}");
    }
    let copy = crate::testing::with(signed.clone(), "/description", Value::Null);
    assert!(!holds(&copy, contexts));
    let mut copy = signed.clone();
    copy["@context"].as_array_mut().unwrap().remove(1);
    assert!(!holds(&copy, contexts));
}

#[test]
fn proof_set_of_one() {
    verifies("signedProofSet1.json", 1);
}

#[test]
fn proof_set_of_two() {
    verifies("signedProofSet2.json", 2);
}

#[test]
fn proof_chain_over_a_set() {
    verifies("signedProofChain1.json", 3);
}

#[test]
fn proof_chain_over_a_chain() {
    verifies("signedProofChain2.json", 4);
}

/// All proofs of a vector verify; a copy without one of them, or with another's value in it, does not.
fn verifies(name: &str, count: usize) {
    let Some(folder) = vectors("w3c-di-eddsa/proof-set-chain") else { return };
    let signed = read_json(&folder.join(name));
    let contexts = Contexts::built_in();
    let report = check_with(signed.to_string().as_bytes(), &mut key_of, contexts).unwrap();
    assert_eq!(report.proofs.len(), count);
    assert!(report.holds());
    let mut bare = signed.clone();
    let proofs = take_proofs(&mut bare).unwrap();
    let covered = |index: usize| {
        let id = proofs[index].id();
        proofs.iter().any(|proof| proof.previous_proof().iter().any(|one| Some(&**one) == id))
    };
    for index in (0..count).filter(|index| covered(*index)) {
        // The predecessor's value is swapped for one of another time: its own proof and its successor's fail.
        let mut copy = signed.clone();
        copy["proof"][index]["created"] = json!("2023-02-26T22:06:39Z");
        let report = check_with(copy.to_string().as_bytes(), &mut key_of, contexts).unwrap();
        let failed = |one: &&_| matches!(one, ProofOutcome::Failed(_));
        let failed = report.proofs.iter().map(|one| &one.outcome).filter(failed).count();
        assert_eq!(failed, 2, "{name} {index}");

        let mut copy = signed.clone();
        copy["proof"].as_array_mut().unwrap().remove(index);
        let error = check_with(copy.to_string().as_bytes(), &mut key_of, contexts).unwrap_err();
        assert_eq!(error.code(), "previous-proof-unknown");
    }
}

#[test]
fn the_set_and_the_chain_are_made_byte_for_byte() {
    let Some(folder) = vectors("w3c-di-eddsa/proof-set-chain") else { return };
    let keys = read_json(&folder.join("multiKeyPairs.json"));
    let contexts = Contexts::built_in();
    let mut made = None;
    let configs = ["proofSetConfig1", "proofSetConfig2", "proofChainConfig1", "proofChainConfig2"];
    for (number, name) in configs.iter().enumerate() {
        let config = read_json(&folder.join(format!("{name}.json")));
        let previous: Vec<&str> = crate::model::items(&config, "previousProof")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let secret = &keys[format!("keyPair{}", number + 1)]["privateKeyMultibase"];
        let key = secret_of(secret.as_str().unwrap(), KeyType::Ed25519);
        let terms = ProofTerms {
            id: config["id"].as_str(),
            created: Some(Timestamp::parse(config["created"].as_str().unwrap()).unwrap()),
            previous: &previous,
            ..ProofTerms::new(
                Cryptosuite::EddsaRdfc2022,
                config["verificationMethod"].as_str().unwrap(),
            )
        };
        made = Some(match &made {
            None => {
                let unsigned = read_json(&folder.join("unsigned.json"));
                secure_di(unsigned, &terms, &key, contexts).unwrap()
            }
            Some(before) => add_proof_di(before, &terms, &key, contexts).unwrap(),
        });
    }
    let made = made.unwrap();
    assert_eq!(made.to_value(), read_json(&folder.join("signedProofChain2.json")));
    for index in 0..4 {
        let proof = &made.proofs()[index];
        let key = key_of(proof.verification_method()).unwrap();
        assert_eq!(made.verify_proof(index, &key), Ok(()));
        let document = made.credential().value();
        assert_eq!(proof::verify_proof(document, made.proofs(), index, &key), Ok(()));
    }
}
