//! The W3C vectors of `eddsa-jcs-2022` and `ecdsa-jcs-2019`, every intermediate, and the RFC 8785 vectors of JCS.
//!
//! The vectors are all good ones; the refused copies are made here, one change each. Issuer and key differ in them, so
//! they run through the check of cryptography alone, as `inkan proof check` does.

use std::path::Path;

use inkan_core::{SecretBytes, encoding, json, sha256};
use inkan_credential::proof_check::{ProofOutcome, ProofReport, check, check_with};
use inkan_credential::{Contexts, PinnedContext, ProofError, SecuredCredential};
use inkan_crypto::{KeyType, PublicKey, SecretKey, Signer, data_integrity};
use inkan_tests::{files_under, read, read_json, read_text, vectors};
use serde_json::{Value, json};

/// The key that a did:key DID URL names.
fn key_of(method: &str) -> Option<PublicKey> {
    let (_, multikey) = method.split_once('#')?;
    PublicKey::from_multikey(multikey).ok()
}

fn checked(document: &Value) -> ProofReport {
    check(document.to_string().as_bytes(), &mut key_of).expect("readable document")
}

fn hex_file(path: &Path) -> String {
    read_text(path).trim().to_owned()
}

fn secret_key(key_type: KeyType, multibase: &str) -> SecretKey {
    let bytes = encoding::decode_multibase(multibase).expect("multibase secret key");
    // Two bytes say which kind of key it is.
    let secret = SecretBytes::new(bytes[2..].to_vec());
    SecretKey::from_secret_bytes(key_type, &secret).expect("secret key")
}

#[test]
fn eddsa_jcs_2022_is_reproduced_byte_for_byte() {
    let Some(folder) = vectors("w3c-di-eddsa") else { return };
    let suite = folder.join("eddsa-jcs-2022");
    let document = read_json(&folder.join("unsigned.json"));
    let config = read_json(&suite.join("proofConfigJCS.json"));

    let canonical = json::canonicalize(&document).expect("canonical document");
    assert_eq!(String::from_utf8_lossy(&canonical), read_text(&suite.join("canonDocJCS.txt")));
    assert_eq!(sha256(&[&canonical]).to_hex(), hex_file(&suite.join("docHashJCS.txt")));
    let canonical = json::canonicalize(&config).expect("canonical configuration");
    assert_eq!(String::from_utf8_lossy(&canonical), read_text(&suite.join("proofCanonJCS.txt")));
    assert_eq!(sha256(&[&canonical]).to_hex(), hex_file(&suite.join("proofHashJCS.txt")));
    let data = data_integrity::hash_data(&document, &config).expect("hash data");
    assert_eq!(encoding::hex(&data), hex_file(&suite.join("combinedHashJCS.txt")));

    let pair = read_json(&folder.join("keyPair.json"));
    let secret = json::text(&pair, "secretKeyMultibase")
        .or_else(|| json::text(&pair, "privateKeyMultibase"))
        .expect("secret key");
    let key = secret_key(KeyType::Ed25519, secret);
    assert_eq!(
        Some(key.public_key().to_multikey().as_str()),
        json::text(&pair, "publicKeyMultibase")
    );
    let signature = key.sign(&data).expect("signature");
    assert_eq!(encoding::hex(&signature), hex_file(&suite.join("sigHexJCS.txt")));
    let value = data_integrity::sign(&document, &config, &key).expect("proof value");
    assert_eq!(value, hex_file(&suite.join("sigBTC58JCS.txt")));

    let mut signed = document;
    signed["proof"] = config;
    signed["proof"]["proofValue"] = value.into();
    assert_eq!(signed, read_json(&suite.join("signedJCS.json")));
}

#[test]
fn the_signed_eddsa_vector_verifies_and_its_tampered_copies_do_not() {
    let Some(folder) = vectors("w3c-di-eddsa") else { return };
    let signed = read_json(&folder.join("eddsa-jcs-2022/signedJCS.json"));
    let report = checked(&signed);
    assert!(report.holds());
    assert_eq!(report.proofs[0].suite, "eddsa-jcs-2022");
    refuses_tampered_copies(&signed);
}

#[test]
fn the_signed_ecdsa_vector_on_p256_verifies_and_its_tampered_copies_do_not() {
    let Some(folder) = vectors("w3c-di-ecdsa") else { return };
    let is_signed = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("signed") && name.ends_with(".json")
    };
    let mut verified = 0;
    for path in files_under(&folder, is_signed) {
        let signed = read_json(&path);
        let proof = &signed["proof"];
        let on_p256 = proof["verificationMethod"].as_str().is_some_and(|url| url.contains("#zDn"));
        if proof["cryptosuite"] != "ecdsa-jcs-2019" || !on_p256 {
            continue;
        }
        assert!(checked(&signed).holds(), "{}", path.display());
        refuses_tampered_copies(&signed);
        verified += 1;
    }
    assert_eq!(verified, 1);
}

#[test]
fn ecdsa_jcs_2019_on_p256_hashes_what_the_vector_hashes() {
    let Some(folder) = vectors("w3c-di-ecdsa") else { return };
    let suite = folder.join("ecdsa-jcs-2019-p256");
    let only = |start: &str| {
        let found = files_under(&suite, |path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(start))
        });
        assert_eq!(found.len(), 1, "{start}");
        found[0].clone()
    };
    let document = read_json(&folder.join("unsigned.json"));
    let config = read_json(&only("proofConfig"));
    let canonical = json::canonicalize(&document).expect("canonical document");
    assert_eq!(String::from_utf8_lossy(&canonical), read_text(&only("canonDoc")));
    let canonical = json::canonicalize(&config).expect("canonical configuration");
    assert_eq!(String::from_utf8_lossy(&canonical), read_text(&only("proofCanon")));
    let data = data_integrity::hash_data(&document, &config).expect("hash data");
    assert_eq!(encoding::hex(&data), hex_file(&only("combinedHash")));
}

/// One change each, at every place that the proof covers.
fn refuses_tampered_copies(signed: &Value) {
    let mut copies = Vec::new();
    let mut change = |pointer: &str, new: Value| {
        let mut copy = signed.clone();
        *copy.pointer_mut(pointer).expect("member to change") = new;
        copies.push((pointer.to_owned(), copy));
    };
    change("/credentialSubject/alumniOf", json!("The School of Hard Knocks"));
    change("/credentialSubject/id", json!("did:example:mallory"));
    change("/validFrom", json!("2023-01-01T00:00:01Z"));
    change("/issuer", json!("https://vc.example/issuers/5679"));
    change("/type", json!(["AlumniCredential", "VerifiableCredential"]));
    change("/@context/1", json!("https://www.w3.org/ns/credentials/examples/v3"));
    change("/proof/created", json!("2023-02-24T23:36:39Z"));
    change("/proof/proofPurpose", json!("authentication"));
    change("/proof/@context", json!(["https://www.w3.org/ns/credentials/v2"]));
    let value = signed["proof"]["proofValue"].as_str().expect("proofValue");
    let swapped = if value.ends_with('2') { "3" } else { "2" };
    change("/proof/proofValue", json!(format!("{}{swapped}", &value[..value.len() - 1])));
    for (pointer, copy) in copies {
        let report = checked(&copy);
        assert!(!report.holds(), "{pointer}");
        let ProofOutcome::Failed(error) = &report.proofs[0].outcome else {
            panic!("{pointer}: {:?}", report.proofs[0].outcome)
        };
        let expected = match pointer.as_str() {
            "/@context/1" => ProofError::ContextMismatch,
            _ => ProofError::Invalid,
        };
        assert_eq!(*error, expected, "{pointer}");
    }

    // Another key of the same type.
    let mut other = match signed["proof"]["cryptosuite"].as_str() {
        Some("eddsa-jcs-2022") => secret_of(KeyType::Ed25519).public_key(),
        _ => secret_of(KeyType::P256).public_key(),
    };
    let report = check(signed.to_string().as_bytes(), &mut |_| Some(other.clone()));
    assert!(!report.expect("readable").holds());
    // A key of the other type.
    other = match signed["proof"]["cryptosuite"].as_str() {
        Some("eddsa-jcs-2022") => secret_of(KeyType::P256).public_key(),
        _ => secret_of(KeyType::Ed25519).public_key(),
    };
    let report = check(signed.to_string().as_bytes(), &mut |_| Some(other.clone()));
    let report = report.expect("readable");
    assert_eq!(report.proofs[0].outcome, ProofOutcome::Failed(ProofError::KeyMismatch));

    // Members added and taken away.
    let mut longer = signed.clone();
    longer["termsOfUse"] = json!({ "type": "Anything" });
    assert!(!checked(&longer).holds());
    let mut shorter = signed.clone();
    shorter.as_object_mut().expect("object").remove("description");
    assert!(!checked(&shorter).holds());
}

fn secret_of(key_type: KeyType) -> SecretKey {
    let secret = SecretBytes::new(vec![7; 32]);
    SecretKey::from_secret_bytes(key_type, &secret).expect("secret key")
}

#[test]
fn the_vectors_are_credentials_and_the_digest_of_one_is_fixed() {
    let Some(folder) = vectors("w3c-di-eddsa") else { return };
    let signed = read_json(&folder.join("eddsa-jcs-2022/signedJCS.json"));
    let credential = SecuredCredential::parse_value(signed.clone()).expect("credential");
    assert_eq!(credential.credential().issuer(), "https://vc.example/issuers/5678");
    let canonical = json::canonicalize(&signed).expect("canonical form");
    assert_eq!(credential.issuance_digest(), sha256(&[&canonical]));
}

#[test]
fn proofs_over_rdf_verify_and_their_tampered_copies_do_not() {
    for (folder, paths) in [
        ("w3c-di-eddsa", ["eddsa-rdfc-2022/signedDataInt", "Ed25519Signature2020/signedEdSig"]),
        (
            "w3c-di-ecdsa",
            ["ecdsa-rdfc-2019-p256/signedECDSAP256", "ecdsa-rdfc-2019-p384/signedECDSAP384"],
        ),
    ] {
        let Some(folder) = vectors(folder) else { return };
        for path in paths {
            let signed = read_json(&folder.join(format!("{path}.json")));
            assert!(checked(&signed).holds(), "{path}");
            let mut changed = signed.clone();
            changed["credentialSubject"]["alumniOf"] = json!("The School of Hard Knocks");
            assert!(!checked(&changed).holds(), "{path}");
            let credential = SecuredCredential::parse_value(signed).expect("credential");
            let key = key_of(credential.issuer_verification_method()).expect("did:key");
            assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{path}");
        }
    }
}

#[test]
fn a_base_proof_verifies_as_one_for_its_holder() {
    let (Some(folder), Some(contexts)) = (vectors("w3c-di-ecdsa"), vectors("contexts")) else {
        return;
    };
    let url = "https://w3id.org/citizenship/v4rc1";
    let text = read_text(&contexts.join("citizenship-v4rc1.jsonld"));
    let (bytes, sha256) = (text.as_bytes(), sha256(&[text.as_bytes()]));
    let contexts =
        Contexts::with_pinned(&[PinnedContext { url, bytes, sha256 }]).expect("contexts");
    for path in
        ["ecdsa-sd-2023/employ/addSignedSDBase.json", "ecdsa-sd-2023/prc/addSignedSDBase.json"]
    {
        let text = read_text(&folder.join(path));
        let report = check_with(text.as_bytes(), &mut key_of, &contexts).expect("a document");
        let is_base = |one: &_| *one == ProofOutcome::VerifiedBase;
        assert!(report.proofs.iter().all(|one| is_base(&one.outcome)), "{path}: {report:?}");
    }
}

/// One case of RFC 8785, and all of its files by name.
macro_rules! canonical_forms {
    ($($test:ident: $name:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                canonical_form($name);
            }
        )+

        #[test]
        fn every_canonical_form_of_rfc_8785_has_a_test() {
            let Some(folder) = vectors("jcs") else { return };
            let inputs = files_under(&folder.join("input"), |path| path.extension().is_some());
            let stem = |path: &std::path::PathBuf| path.file_stem()?.to_str().map(str::to_owned);
            let found: std::collections::BTreeSet<_> = inputs.iter().filter_map(stem).collect();
            assert_eq!(found, [$($name.to_owned()),+].into());
        }
    };
}

canonical_forms! {
    jcs_arrays: "arrays",
    jcs_french: "french",
    jcs_structures: "structures",
    jcs_unicode: "unicode",
    jcs_values: "values",
    jcs_weird: "weird",
}

fn canonical_form(name: &str) {
    let Some(folder) = vectors("jcs") else { return };
    let input = folder.join(format!("input/{name}.json"));
    let value = json::parse(&read(&input), 1 << 20).expect("JSON with one reading");
    let canonical = json::canonicalize(&value).expect("canonical form");
    assert_eq!(canonical, read(&folder.join(format!("output/{name}.json"))), "{name}");
    let hex = read_text(&folder.join(format!("outhex/{name}.txt")));
    let hex: String = hex.split_whitespace().collect();
    assert_eq!(encoding::hex(&canonical), hex, "{name}");
}
