//! Beside other implementations in Rust.

use affinidi_data_integrity::{DataIntegrityProof, VerifyOptions};
use inkan_credential::{Cryptosuite, SecuredCredential};
use inkan_crypto::{KeyType, data_integrity};
use inkan_tests::bench::ratio;
use inkan_tests::made::{Party, fresh_rng};
use inkan_tests::made_selective::{ROLE, SELECTIVE, Selective};
use inkan_tests::ssi_oracle::{Ssi, runtime};
use serde_json::{Value, json};
use ssi::claims::VerificationParameters;
use ssi::claims::jws::JwsSlice;
use ssi::claims::vc_jose_cose::JoseVc;

pub(super) fn all() {
    vc_jwt_beside_ssi();
    rdfc_beside_ssi();
    selective_beside_ssi();
    data_integrity_beside_affinidi();
}

/// The RDFC suites, from bytes to a checked proof, both times; neither keeps anything of a document from one time to the next.
fn rdfc_beside_ssi() {
    for (name, key_type) in
        [("eddsa-rdfc-2022", KeyType::Ed25519), ("ecdsa-rdfc-2019", KeyType::P256)]
    {
        let issuer = Party::new(key_type, &mut fresh_rng());
        let (ssi, key) = (Ssi::knowing(&issuer), issuer.public_key());
        let bytes = issuer.issue_rdfc(super::SUBJECT).to_bare().into_bytes();
        let ours = || super::verified(&bytes, &key);
        ratio(&format!("{name}: verify / ssi 0.16"), Some(1.0), ours, || {
            assert!(ssi.verifies(&bytes))
        });
    }
}

/// A part of a credential, made and checked, of the same credential of ours both times.
fn selective_beside_ssi() {
    for (name, key_type, suite) in SELECTIVE {
        let mut rng = fresh_rng();
        let made = Selective::new(key_type, suite.clone(), &mut rng);
        let (ssi, key) = (Ssi::knowing(&made.issuer), made.issuer.public_key());
        let base = made.base.to_bare();
        ratio(
            &format!("{name}: derive / ssi 0.16"),
            Some(1.0),
            || made.derive(&mut rng).to_bare(),
            || ssi.derive(base.as_bytes(), ROLE),
        );
        let bytes = made.derive(&mut rng).to_bare().into_bytes();
        let ours = || super::verified(&bytes, &key);
        let name = format!("{name}: verify / ssi 0.16");
        // It refuses every bbs-2023 proof of ours, which `@digitalbazaar/vc` accepts: what it takes for that is timed, and is no
        // more than a whole verification would take.
        if suite == Cryptosuite::Bbs2023 {
            ratio(&name, Some(1.0), ours, || ssi.verifies(&bytes));
        } else {
            ratio(&name, Some(1.0), ours, || assert!(ssi.verifies(&bytes)));
        }
    }
}

/// `vc+jwt`, from bytes to a verified credential, both times.
fn vc_jwt_beside_ssi() {
    let runtime = runtime();
    for (name, key_type) in [("EdDSA", KeyType::Ed25519), ("ES256", KeyType::P256)] {
        let issuer = Party::new(key_type, &mut fresh_rng());
        let (key, compact) = (issuer.public_key(), issuer.issue_jose(super::SUBJECT).to_bare());
        let jwk: ssi::JWK = serde_json::from_value(key.to_jwk()).expect("a JWK");
        let ours = || {
            let read = SecuredCredential::parse(compact.as_bytes()).expect("a credential");
            read.verify_issuer_proof(&key).expect("a valid proof");
        };
        let theirs = || {
            let slice = JwsSlice::new(compact.as_bytes()).expect("a JWS");
            let decoded = JoseVc::decode_any(slice).expect("a credential");
            let parameters = VerificationParameters::from_resolver(&jwk);
            runtime.block_on(decoded.verify(parameters)).expect("checked").expect("a valid proof");
        };
        ratio(&format!("vc+jwt {name}: verify / ssi 0.16"), None, ours, theirs);
    }
}

/// `eddsa-jcs-2022`, which ssi does not have, from bytes to a checked proof, both times.
fn data_integrity_beside_affinidi() {
    let issuer = Party::new(KeyType::Ed25519, &mut fresh_rng());
    let key = issuer.public_key();
    let mut document = issuer.plain_credential(super::SUBJECT);
    let mut proof = json!({
        "@context": document["@context"], "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-06-14T09:00:00Z", "verificationMethod": issuer.method, "proofPurpose": "assertionMethod",
    });
    let value = data_integrity::sign(&document, &proof, &issuer.key).expect("a signature");
    proof["proofValue"] = value.into();
    document["proof"] = proof;
    let text = document.to_string();
    let ours = || {
        let read = SecuredCredential::parse(text.as_bytes()).expect("a credential");
        read.verify_issuer_proof(&key).expect("a valid proof");
    };
    let raw = key.raw();
    let theirs = || {
        let mut read: Value = serde_json::from_str(&text).expect("JSON");
        let proof = read.as_object_mut().expect("an object").remove("proof").expect("a proof");
        let proof: DataIntegrityProof = serde_json::from_value(proof).expect("a proof");
        proof.verify_with_public_key(&read, &raw, VerifyOptions::new()).expect("a valid proof");
    };
    ratio("eddsa-jcs-2022: verify / affinidi-data-integrity 0.8", None, ours, theirs);
}
