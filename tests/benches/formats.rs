//! Issuing and verifying one credential in each format, beside the raw signature operations it needs and, with feature
//! `oracles`, beside other implementations where they can do the same.

use criterion::{Criterion, criterion_group, criterion_main};
use inkan_credential::SecuredCredential;
use inkan_crypto::{KeyType, Signer};
use inkan_tests::bench::ratio;
use inkan_tests::made::{Party, fresh_rng};

const SUBJECT: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

/// A format under test: its name, its key type, the target for verifying, and how it is issued.
type Format = (&'static str, KeyType, f64, fn(&Party) -> SecuredCredential);

const FORMATS: &[Format] = &[
    ("eddsa-jcs-2022", KeyType::Ed25519, 1.6, |issuer| issuer.issue_di(SUBJECT)),
    ("ecdsa-jcs-2019", KeyType::P256, 1.3, |issuer| issuer.issue_di(SUBJECT)),
    ("eddsa-rdfc-2022", KeyType::Ed25519, 6.0, |issuer| issuer.issue_rdfc(SUBJECT)),
    ("ecdsa-rdfc-2019", KeyType::P256, 6.0, |issuer| issuer.issue_rdfc(SUBJECT)),
    ("vc+jwt EdDSA", KeyType::Ed25519, 1.6, |issuer| issuer.issue_jose(SUBJECT)),
    ("vc+jwt ES256", KeyType::P256, 1.3, |issuer| issuer.issue_jose(SUBJECT)),
    ("vc+sd-jwt EdDSA, 10 disclosures", KeyType::Ed25519, 1.5, |issuer| {
        issuer.issue_sd_jwt(SUBJECT)
    }),
    ("vc+sd-jwt ES256, 10 disclosures", KeyType::P256, 1.5, |issuer| issuer.issue_sd_jwt(SUBJECT)),
];

fn formats(criterion: &mut Criterion) {
    for (name, key_type, target, issue) in FORMATS {
        let issuer = Party::new(*key_type, &mut fresh_rng());
        let key = issuer.public_key();
        let message = [7_u8; 64];
        let signature = issuer.key.sign(&message).expect("a signature");
        let bytes = issue(&issuer).to_bare().into_bytes();
        let verify = || {
            let credential = SecuredCredential::parse(&bytes).expect("a credential");
            credential.verify_issuer_proof(&key).expect("a valid proof");
        };
        let verify_raw = || key.verify(&message, &signature).expect("a valid signature");
        let sign_raw = || issuer.key.sign(&message).expect("a signature");

        let mut group = criterion.benchmark_group(*name);
        group.bench_function("issue", |bench| bench.iter(|| issue(&issuer)));
        group.bench_function("verify", |bench| bench.iter(verify));
        group.bench_function("raw signature", |bench| bench.iter(sign_raw));
        group.bench_function("raw signature check", |bench| bench.iter(verify_raw));
        group.finish();
        ratio(&format!("{name}: issue / raw signature"), None, || issue(&issuer), sign_raw);
        ratio(&format!("{name}: verify / raw check"), Some(*target), verify, verify_raw);
    }
}

#[cfg(not(feature = "oracles"))]
fn beside_others(_: &mut Criterion) {}

#[cfg(feature = "oracles")]
fn beside_others(_: &mut Criterion) {
    others::vc_jwt_beside_ssi();
    others::data_integrity_beside_affinidi();
}

#[cfg(feature = "oracles")]
mod others {
    use affinidi_data_integrity::{DataIntegrityProof, VerifyOptions};
    use inkan_credential::SecuredCredential;
    use inkan_crypto::{KeyType, data_integrity};
    use inkan_tests::bench::ratio;
    use inkan_tests::made::{Party, fresh_rng};
    use serde_json::{Value, json};
    use ssi::claims::VerificationParameters;
    use ssi::claims::jws::JwsSlice;
    use ssi::claims::vc_jose_cose::JoseVc;

    /// `vc+jwt`, from bytes to a verified credential, both times.
    pub(super) fn vc_jwt_beside_ssi() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
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
                runtime
                    .block_on(decoded.verify(parameters))
                    .expect("checked")
                    .expect("a valid proof");
            };
            ratio(&format!("vc+jwt {name}: verify / ssi 0.16"), None, ours, theirs);
        }
    }

    /// `eddsa-jcs-2022`, which ssi does not have, from bytes to a checked proof, both times.
    pub(super) fn data_integrity_beside_affinidi() {
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
}

criterion_group!(benches, formats, beside_others);
criterion_main!(benches);
