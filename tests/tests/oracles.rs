//! Differential tests: other implementations in Rust, given the same bytes as ours.
//!
//! Feature `oracles`: on in CI, off for a plain `cargo test`. Agreement counts in both directions, on what is accepted and
//! on what is refused.

use affinidi_data_integrity::{DataIntegrityProof, VerifyOptions};
use did_key::{Fingerprint, KeyMaterial};
use didwebvh_rs::DIDWebVHState;
use inkan_core::Timestamp;
use inkan_credential::{Cryptosuite, SecuredCredential};
use inkan_crypto::{KeyType, PublicKey, data_integrity};
use inkan_did::webvh::{self, History};
use inkan_did::{Did, resolve_self_contained};
use inkan_tests::made::{Party, fresh_rng, tampered_compact};
use inkan_tests::made_ledger::Ledger;
use inkan_tests::made_selective::{ROLE, Selective};
use inkan_tests::ssi_oracle::Ssi;
use inkan_tests::{read_json, read_text, vectors};
use serde_json::{Value, json};
use ssi::claims::VerificationParameters;
use ssi::claims::jws::JwsSlice;
use ssi::claims::vc_jose_cose::JoseVc;

#[test]
fn did_key_agrees_on_the_key_of_every_did() {
    let mut rng = fresh_rng();
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        for _ in 0..16 {
            let party = Party::new(key_type, &mut rng);
            let theirs = did_key::resolve(&party.did).expect("the oracle reads our did:key");
            assert_eq!(theirs.fingerprint(), party.public_key().to_multikey());
            let document =
                resolve_self_contained(&Did::parse(&party.did).expect("a DID")).expect("a did:key");
            assert_eq!(document.verification_methods()[0].key, party.public_key());
        }
    }
    let made = did_key::generate::<did_key::Ed25519KeyPair>(None);
    let did = Did::parse(&format!("did:key:{}", made.fingerprint())).expect("a DID");
    let document = resolve_self_contained(&did).expect("their did:key");
    assert_eq!(document.verification_methods()[0].key.raw(), made.public_key_bytes());
}

/// The oracles turn on `arbitrary_precision` of `serde_json`: numbers then reach our reader as text under a name of the parser's.
#[test]
fn numbers_have_one_reading_where_the_parser_hands_them_over_as_text() {
    let theirs: Value = serde_json::from_str("1.10").expect("a number");
    assert_eq!(theirs.to_string(), "1.10", "the feature is on in this build");
    let text = r#"[1,-0,-0.0,4.50,1e21,9007199254740991,{"$serde_json::private::Number":"5"}]"#;
    let ours = inkan_core::json::parse(text.as_bytes(), 200).expect("one reading");
    assert!(ours[6].is_object(), "no member passes for a number");
    let canonical = inkan_core::json::canonicalize(&ours).expect("a canonical form");
    let expected = r#"[1,0,0,4.5,1e+21,9007199254740991,{"$serde_json::private::Number":"5"}]"#;
    assert_eq!(String::from_utf8(canonical).expect("text"), expected);
    for text in ["9007199254740992", "1e20", "18446744073709551616"] {
        let error = inkan_core::json::parse(text.as_bytes(), 200).expect_err("parsers disagree");
        assert_eq!(error.code(), "json-integer-range", "{text}");
    }
}

#[test]
fn affinidi_agrees_on_data_integrity_proofs_and_on_changed_ones() {
    let mut rng = fresh_rng();
    for (key_type, suite) in
        [(KeyType::Ed25519, "eddsa-jcs-2022"), (KeyType::P256, "ecdsa-jcs-2019")]
    {
        let issuer = Party::new(key_type, &mut rng);
        let document = issuer.plain_credential("did:example:subject");
        let mut proof = json!({
            "@context": document["@context"],
            "type": "DataIntegrityProof",
            "cryptosuite": suite,
            "created": "2026-06-14T09:00:00Z",
            "verificationMethod": issuer.method,
            "proofPurpose": "assertionMethod",
        });
        let value = data_integrity::sign(&document, &proof, &issuer.key).expect("a signature");
        proof["proofValue"] = value.into();

        let public = issuer.public_key();
        let agree = |document: &Value, proof: &Value, key: &PublicKey| {
            let ours = data_integrity::verify(document, proof, key).is_ok();
            let theirs =
                serde_json::from_value::<DataIntegrityProof>(proof.clone()).is_ok_and(|read| {
                    read.verify_with_public_key(document, &key.raw(), VerifyOptions::new()).is_ok()
                });
            assert_eq!(ours, theirs, "{suite}: {document} under {proof}");
            ours
        };
        assert!(agree(&document, &proof, &public));
        for pointer in ["/credentialSubject/name", "/validUntil", "/issuer", "/id"] {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).expect("a member") = "changed".into();
            assert!(!agree(&changed, &proof, &public), "{pointer}");
        }
        for pointer in ["/created", "/verificationMethod", "/proofPurpose"] {
            let mut changed = proof.clone();
            *changed.pointer_mut(pointer).expect("a member") = "2026-06-14T09:00:01Z".into();
            assert!(!agree(&document, &changed, &public), "{pointer}");
        }
        let stranger = Party::new(key_type, &mut rng);
        assert!(!agree(&document, &proof, &stranger.public_key()));
    }
}

#[test]
fn affinidi_agrees_on_the_vector_of_the_specification() {
    let Some(folder) = vectors("w3c-di-eddsa") else { return };
    let signed = read_json(&folder.join("eddsa-jcs-2022/signedJCS.json"));
    let (mut document, proof) = (signed.clone(), signed["proof"].clone());
    document.as_object_mut().expect("an object").remove("proof");
    let method = proof["verificationMethod"].as_str().expect("a DID URL");
    let key =
        PublicKey::from_multikey(method.rsplit('#').next().expect("a fragment")).expect("a key");
    assert_eq!(data_integrity::verify(&document, &proof, &key), Ok(()));
    let theirs: DataIntegrityProof = serde_json::from_value(proof).expect("a proof");
    theirs
        .verify_with_public_key(&document, &key.raw(), VerifyOptions::new())
        .expect("the vector verifies");
}

#[test]
fn ssi_agrees_on_vc_jwt_and_on_changed_ones() {
    let mut rng = fresh_rng();
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let (issuer, stranger) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let compact = issuer.issue_jose("did:example:subject").to_bare();
        assert!(ssi_verifies(&compact, &issuer.public_key()));
        assert!(!ssi_verifies(&compact, &stranger.public_key()));
        for part in 0..3 {
            let changed = tampered_compact(&compact, part);
            let ours = SecuredCredential::parse(changed.as_bytes())
                .is_ok_and(|read| read.verify_issuer_proof(&issuer.public_key()).is_ok());
            assert!(!ours, "part {part}");
            assert!(!ssi_verifies(&changed, &issuer.public_key()), "part {part}");
        }
    }
}

#[test]
fn ssi_agrees_on_rdfc_suites_and_on_changed_ones() {
    let mut rng = fresh_rng();
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let (issuer, stranger) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let credential = issuer.issue_rdfc("did:example:subject");
        let document: Value = serde_json::from_str(&credential.to_bare()).expect("JSON");
        let agree = |document: &Value, knows: &Party| {
            let bytes = document.to_string().into_bytes();
            let ours = SecuredCredential::parse(&bytes)
                .is_ok_and(|read| read.verify_issuer_proof(&knows.public_key()).is_ok());
            let theirs = {
                let mut named = knows.did_document();
                named["verificationMethod"][0]["id"] = issuer.method.as_str().into();
                Ssi::with_method(named["verificationMethod"][0].clone()).verifies(&bytes)
            };
            assert_eq!(ours, theirs, "{document}");
            ours
        };
        assert!(agree(&document, &issuer));
        assert!(!agree(&document, &stranger));
        for (pointer, other) in [
            ("/credentialSubject/name", "somebody else"),
            ("/validUntil", "2031-01-01T00:00:00Z"),
            ("/proof/created", "2026-06-14T09:00:01Z"),
        ] {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).expect("a member") = other.into();
            assert!(!agree(&changed, &issuer), "{pointer}");
        }
    }
}

#[test]
fn what_ssi_derives_of_our_ecdsa_sd_credential_is_verified_here_and_the_other_way_round() {
    let mut rng = fresh_rng();
    let made = Selective::new(KeyType::P256, Cryptosuite::EcdsaSd2023, &mut rng);
    let (ssi, key) = (Ssi::knowing(&made.issuer), made.issuer.public_key());
    let theirs = ssi.derive(made.base.to_bare().as_bytes(), ROLE);
    let read = SecuredCredential::parse(theirs.as_bytes()).expect("a credential");
    assert_eq!(read.verify_issuer_proof(&key), Ok(()));
    let ours = made.derive(&mut rng).to_bare();
    assert!(ssi.verifies(ours.as_bytes()));
    for derived in [theirs, ours] {
        assert!(derived.contains("engineer") && !derived.contains("Yılmaz"), "{derived}");
        let changed = derived.replace("engineer", "director");
        assert!(!ssi.verifies(changed.as_bytes()));
        let read = SecuredCredential::parse(changed.as_bytes()).expect("a credential");
        assert!(read.verify_issuer_proof(&key).is_err());
    }
}

#[test]
fn a_vc_jwt_made_by_ssi_is_verified_here() {
    for (jwk, name) in [
        (ssi::JWK::generate_ed25519().expect("a key"), "EdDSA"),
        (ssi::JWK::generate_p256(), "ES256"),
    ] {
        let mut jwk = jwk;
        jwk.key_id = Some("did:web:issuer.example#key-1".to_owned());
        let issuer = Party::new(KeyType::Ed25519, &mut fresh_rng());
        let mut credential = issuer.plain_credential("did:example:subject");
        credential["issuer"] = "did:web:issuer.example".into();
        let claims = JoseVc::<ssi::claims::vc::v2::JsonCredential>(
            serde_json::from_value(credential).expect("a credential for the oracle"),
        );
        let made = wait(ssi::claims::JwsPayload::sign(&claims, &jwk)).expect("signed");
        let compact = made.into_string();
        // The oracle writes the media type of an older draft; the signature is what is compared.
        let public = serde_json::to_value(jwk.to_public()).expect("a JWK");
        let key = PublicKey::from_jwk(&without(public, &["kid", "alg"])).expect("the oracle's key");
        let jws = inkan_crypto::jws::Jws::parse(&compact, 1 << 20).expect("a JWS");
        assert_eq!(jws.alg().to_jose(), name);
        assert_eq!(jws.verify(&key), Ok(()));
        let refused = SecuredCredential::parse(compact.as_bytes());
        assert!(refused.is_err(), "`vc-ld+jwt` is not a media type of the Recommendation");
    }
}

#[test]
fn didwebvh_rs_agrees_on_every_public_log_and_on_every_changed_one() {
    let Some(folder) = vectors("did-webvh") else { return };
    let expected = read_json(&folder.join("expected.json"));
    let mut compared = 0;
    for case in expected["logs"].as_array().expect("logs") {
        let path = folder.join(case["path"].as_str().expect("a path"));
        let log = read_text(&path.join("did.jsonl"));
        let witnesses = path.join("did-witness.json");
        let witnesses = witnesses.exists().then(|| read_text(&witnesses));
        let did = case["did"].as_str().expect("a DID");
        let ours = resolved_here(did, &log, witnesses.as_deref());
        let theirs = resolved_there(did, &log, witnesses.as_deref());
        assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{did}: {ours:?} and {theirs:?}");
        compared += 1;
        for (from, to) in
            [("\"versionTime\":\"2000", "\"versionTime\":\"2001"), ("example.com", "example.org")]
        {
            let changed = log.replacen(from, to, 1);
            if changed != log {
                assert!(resolved_here(did, &changed, witnesses.as_deref()).is_err(), "{did}");
                assert!(resolved_there(did, &changed, witnesses.as_deref()).is_err(), "{did}");
            }
        }
    }
    assert!(compared >= 20, "only {compared} logs were compared");
}

#[test]
fn didwebvh_rs_resolves_our_own_logs_before_and_after_a_rotation() {
    let mut rng = fresh_rng();
    let ledger = Ledger::new(&mut rng);
    let (next, document) =
        (Party::new(KeyType::Ed25519, &mut rng), Party::new(KeyType::P256, &mut rng));
    let keys = [("sign-2".to_owned(), document.public_key())];
    let now = ledger.now().plus_seconds(60);
    let second =
        webvh::rotate(ledger.history().latest(), &keys, &ledger.next_key, &next.public_key(), now)
            .expect("a second entry");
    let did = ledger.did.as_str();
    let rotated = format!("{}\n{}\n", ledger.did_log.trim_end(), second.trim_end());
    for log in [&ledger.did_log, &rotated] {
        let ours = resolved_here(did, log, None).expect("our own log");
        assert_eq!(resolved_there(did, log, None), Ok(ours));
    }
    let changed = rotated.replacen("sign-2", "sign-3", 1);
    assert!(resolved_here(did, &changed, None).is_err());
    assert!(resolved_there(did, &changed, None).is_err());
}

/// Version id and document of the latest version.
type Resolved = Result<(String, Value), String>;

fn resolved_here(did: &str, log: &str, witnesses: Option<&str>) -> Resolved {
    let now = Timestamp::parse("2026-11-22T00:00:00Z").expect("a time");
    let history = History::verify(log, witnesses, now).map_err(|error| error.to_string())?;
    let did = Did::parse(did).map_err(|error| error.to_string())?;
    if !history.covers(&did) {
        return Err("log of another DID".to_owned());
    }
    let latest = history.latest();
    Ok((latest.version_id().to_owned(), latest.document().value().clone()))
}

fn resolved_there(did: &str, log: &str, witnesses: Option<&str>) -> Resolved {
    let mut state = DIDWebVHState::default();
    let (entry, metadata) =
        wait(state.resolve_log_owned(did, log, witnesses)).map_err(|error| error.to_string())?;
    use didwebvh_rs::log_entry::LogEntryMethods;
    Ok((metadata.version_id, entry.get_state().clone()))
}

fn ssi_verifies(compact: &str, key: &PublicKey) -> bool {
    let jwk: ssi::JWK = serde_json::from_value(key.to_jwk()).expect("a JWK");
    let Ok(slice) = JwsSlice::new(compact.as_bytes()) else { return false };
    let Ok(decoded) = JoseVc::decode_any(slice) else { return false };
    let verified = wait(decoded.verify(VerificationParameters::from_resolver(jwk)));
    matches!(verified, Ok(Ok(())))
}

fn without(mut value: Value, members: &[&str]) -> Value {
    for member in members {
        value.as_object_mut().expect("an object").remove(*member);
    }
    value
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    inkan_tests::ssi_oracle::runtime().block_on(future)
}
