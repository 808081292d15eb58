//! Our output through other people's software, and theirs through ours, with every refusal in both directions.
//!
//! Feature `interop`: needs Node, Python and what `tests/interop/README.md` installs. A missing peer is skipped loudly, and fails in CI.

#[path = "interop/certified.rs"]
mod certified;
#[path = "interop/cose.rs"]
mod cose;
#[path = "interop/published.rs"]
mod published;
#[path = "interop/sd_jwt.rs"]
mod sd_jwt;
#[path = "interop/selective.rs"]
mod selective;
#[path = "interop/timestamps.rs"]
mod timestamps;
#[path = "interop/vc.rs"]
mod vc;
#[path = "interop/webauthn.rs"]
mod webauthn;

use std::process::Command;

use inkan_core::Timestamp;
use inkan_core::encoding::b64u;
use inkan_credential::proof_check::{self, ProofOutcome};
use inkan_credential::{Presentation, ProofError, SecuredCredential};
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_did::webvh::{self, Create, History};
use inkan_tests::made::{Party, fresh_rng, moment, tampered_compact};
use inkan_tests::peer::{self, Peer};
use inkan_tests::{read_json, schemas};
use serde_json::{Value, json};

#[test]
fn our_vc_jwt_is_verified_by_npm_jose_and_changed_copies_are_not() {
    let Some(jose) = peer::installed("jose") else { return };
    let mut rng = fresh_rng();
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384] {
        let (issuer, holder) =
            (Party::new(key_type, &mut rng), Party::new(KeyType::P256, &mut rng));
        let credential = issuer.issue_jose(&holder.did);
        let compact = credential.to_bare();
        let answer = jose_verify(&jose, &compact, &issuer.public_key(), "vc+jwt");
        assert_eq!(answer["verified"], true, "{answer}");
        assert_eq!(answer["payload"], issuer.credential(&holder.did));
        assert_eq!(answer["header"]["kid"], issuer.method.as_str());

        for part in 0..3 {
            let changed = tampered_compact(&compact, part);
            let answer = jose_verify(&jose, &changed, &issuer.public_key(), "vc+jwt");
            assert_eq!(answer["verified"], false, "part {part}: {answer}");
        }
        let stranger = Party::new(key_type, &mut rng);
        let answer = jose_verify(&jose, &compact, &stranger.public_key(), "vc+jwt");
        assert_eq!(answer["why"], "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
}

#[test]
fn our_vp_jwt_is_verified_by_npm_jose_and_the_credential_inside_it_too() {
    let Some(jose) = peer::installed("jose") else { return };
    let mut rng = fresh_rng();
    let (issuer, holder) =
        (Party::new(KeyType::P256, &mut rng), Party::new(KeyType::Ed25519, &mut rng));
    let presentation = holder.present_jose(&issuer.issue_jose(&holder.did));
    let answer = jose_verify(&jose, &presentation.to_bare(), &holder.public_key(), "vp+jwt");
    assert_eq!(answer["verified"], true, "{answer}");
    assert_eq!(answer["payload"]["nonce"], holder.terms().nonce);
    assert_eq!(answer["payload"]["aud"], holder.terms().audience);
    let enveloped =
        answer["payload"]["verifiableCredential"][0]["id"].as_str().expect("a data URL");
    let compact = enveloped.strip_prefix("data:application/vc+jwt,").expect("vc+jwt");
    let answer = jose_verify(&jose, compact, &issuer.public_key(), "vc+jwt");
    assert_eq!(answer["verified"], true, "{answer}");

    let changed = tampered_compact(&presentation.to_bare(), 1);
    let answer = jose_verify(&jose, &changed, &holder.public_key(), "vp+jwt");
    assert_eq!(answer["verified"], false, "{answer}");
}

#[test]
fn a_vp_jwt_made_by_npm_jose_is_verified_here_and_changed_copies_are_not() {
    let Some(jose) = peer::installed("jose") else { return };
    let mut rng = fresh_rng();
    let issuer = Party::new(KeyType::P256, &mut rng);
    for alg in ["EdDSA", "ES256", "ES384"] {
        let (holder, kid) = ("did:web:holder.example", "did:web:holder.example#key-1");
        let credential = issuer.issue_jose(holder);
        let payload = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
            "holder": holder, "verifiableCredential": [credential.to_value()],
            "nonce": "n-1", "aud": "https://bank.example", "iat": moment().seconds(),
        });
        let made = jose.ask(&json!({
            "do": "sign", "alg": alg, "kid": kid, "typ": "vp+jwt", "cty": "vp", "payload": payload,
        }));
        let compact = made["compact"].as_str().expect("a JWS");
        let key = PublicKey::from_jwk(&made["jwk"]).expect("the peer's key");
        let presentation = Presentation::parse(compact.as_bytes()).expect("a vp+jwt");
        assert_eq!(presentation.verification_method(), kid);
        assert_eq!(presentation.nonce(), Some("n-1"));
        assert_eq!(presentation.audience(), ["https://bank.example"]);
        assert_eq!(presentation.verify_proof(&key), Ok(()), "{alg}");
        let inside = &presentation.credentials()[0];
        assert_eq!(inside.verify_issuer_proof(&issuer.public_key()), Ok(()));

        let stranger = Party::new(key.key_type(), &mut rng);
        assert!(presentation.verify_proof(&stranger.public_key()).is_err(), "{alg}");
        for part in 0..3 {
            let changed = tampered_compact(compact, part);
            if let Ok(changed) = Presentation::parse(changed.as_bytes()) {
                assert!(changed.verify_proof(&key).is_err(), "{alg} {part}");
            }
        }
        // A verifier of the wrong audience, or who asked with another nonce, is answered by nobody: both are signed.
        let mut other = payload.clone();
        other["nonce"] = "n-2".into();
        let swapped = [
            compact.split('.').next().expect("a header"),
            &b64u(other.to_string().as_bytes()),
            compact.rsplit('.').next().expect("a signature"),
        ];
        let swapped = Presentation::parse(swapped.join(".").as_bytes()).expect("a vp+jwt");
        assert!(swapped.verify_proof(&key).is_err(), "{alg}");
    }
}

#[test]
fn our_countersignature_jws_is_verified_by_npm_jose() {
    let Some(jose) = peer::installed("jose") else { return };
    let mut rng = fresh_rng();
    let (issuer, holder) =
        (Party::new(KeyType::P256, &mut rng), Party::new(KeyType::P256, &mut rng));
    let compact = holder.countersign_jose(&issuer.issue_jose(&holder.did));
    let answer = jose_verify(&jose, &compact, &holder.public_key(), "countersignature+jwt");
    assert_eq!(answer["verified"], true, "{answer}");
    assert_eq!(answer["payload"]["decision"], "accept");
    let answer = jose_verify(
        &jose,
        &tampered_compact(&compact, 1),
        &holder.public_key(),
        "countersignature+jwt",
    );
    assert_eq!(answer["verified"], false, "{answer}");
}

#[test]
fn a_vc_jwt_made_by_npm_jose_is_verified_here_and_changed_copies_are_not() {
    let Some(jose) = peer::installed("jose") else { return };
    let holder = Party::new(KeyType::Ed25519, &mut fresh_rng());
    // The media type as most write it, whole, and left out.
    for (alg, typ) in [
        ("EdDSA", Some("vc+jwt")),
        ("Ed25519", Some("vc+jwt")),
        ("ES256", Some("application/vc+jwt")),
        ("ES384", None),
    ] {
        // The key is the peer's, made as it signs: the issuer is a did:web that the peer names.
        let issuer = Party::new(KeyType::Ed25519, &mut fresh_rng());
        let mut payload = issuer.credential(&holder.did);
        payload["issuer"] = "did:web:issuer.example".into();
        let kid = "did:web:issuer.example#key-1";
        let mut asked = json!({
            "do": "sign", "alg": alg, "kid": kid, "cty": "vc", "payload": payload,
        });
        if let Some(typ) = typ {
            asked["typ"] = typ.into();
        }
        let made = jose.ask(&asked);
        let compact = made["compact"].as_str().expect("a JWS");
        let key = PublicKey::from_jwk(&made["jwk"]).expect("the peer's key");

        let credential = SecuredCredential::parse(compact.as_bytes()).expect("a vc+jwt");
        assert_eq!(credential.credential().value(), &payload);
        assert_eq!(credential.issuer_verification_method(), kid);
        assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{alg}");

        let stranger = Party::new(key.key_type(), &mut fresh_rng());
        let refusal = credential.verify_issuer_proof(&stranger.public_key());
        assert_eq!(refusal.map_err(|error| error.code()), Err("credential-proof-invalid"));
        let cut = &compact[..compact.rfind('.').expect("three parts")];
        assert!(SecuredCredential::parse(cut.as_bytes()).is_err());
        let changed = tampered_compact(compact, 2);
        if let Ok(changed) = SecuredCredential::parse(changed.as_bytes()) {
            assert_eq!(changed.verify_issuer_proof(&key), Err(ProofError::Invalid), "{alg}");
        }
    }
}

#[test]
fn our_data_integrity_proofs_are_verified_by_digitalbazaar_countersigned_ones_too() {
    let Some(peer) = peer::installed("@digitalbazaar/data-integrity") else { return };
    let mut rng = fresh_rng();
    for (key_type, suite) in
        [(KeyType::Ed25519, "eddsa-jcs-2022"), (KeyType::P256, "ecdsa-jcs-2019")]
    {
        let (issuer, holder) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let plain = issuer.secure_di(issuer.plain_credential(&holder.did));
        let recorded = issuer.issue_di(&holder.did);
        let countersigned = holder.countersign_di(&recorded);
        for credential in [&plain, &recorded, &countersigned] {
            let answer = di_verify(&peer, suite, credential.to_value(), &issuer);
            assert_eq!(answer, json!({ "verified": true }));
            let mut changed = credential.to_value();
            changed["credentialSubject"]["role"] = "director".into();
            let answer = di_verify(&peer, suite, changed, &issuer);
            assert_eq!(answer["verified"], false);
            let mut changed = credential.to_value();
            changed["@context"].as_array_mut().expect("contexts").remove(1);
            let answer = di_verify(&peer, suite, changed, &issuer);
            assert_eq!(answer["verified"], false);
        }
    }
}

#[test]
fn data_integrity_proofs_by_digitalbazaar_are_verified_here_and_changed_copies_are_not() {
    let Some(peer) = peer::installed("@digitalbazaar/data-integrity") else { return };
    let holder = Party::new(KeyType::Ed25519, &mut fresh_rng());
    for suite in ["eddsa-jcs-2022", "ecdsa-jcs-2019"] {
        let made = peer.ask(&json!({
            "do": "sign", "suite": suite, "credential": holder.credential(&holder.did),
        }));
        let document = made["document"].clone();
        let key = PublicKey::from_multikey(made["publicKeyMultibase"].as_str().expect("a key"))
            .expect("the peer's key");
        let credential = SecuredCredential::parse_value(document.clone()).expect("a credential");
        assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{suite}");

        for pointer in ["/credentialSubject/role", "/proof/created", "/validUntil"] {
            let mut changed = document.clone();
            *changed.pointer_mut(pointer).expect("a member") = "2026-06-13T00:00:00Z".into();
            let report =
                proof_check::check(changed.to_string().as_bytes(), &mut |_| Some(key.clone()))
                    .expect("still a document with a proof");
            assert!(!report.holds());
            assert_eq!(
                report.proofs[0].outcome,
                ProofOutcome::Failed(ProofError::Invalid),
                "{pointer}"
            );
        }
    }
}

#[test]
fn inkan_proof_check_agrees_with_the_peers() {
    let (Some(jose), Some(peer)) =
        (peer::installed("jose"), peer::installed("@digitalbazaar/data-integrity"))
    else {
        return;
    };
    let holder = Party::new(KeyType::Ed25519, &mut fresh_rng());
    let made = peer.ask(&json!({
        "do": "sign", "suite": "eddsa-jcs-2022", "credential": holder.credential(&holder.did),
    }));
    let mut document = made["document"].clone();
    assert_eq!(proof_check_exit(document.to_string().as_bytes()).0, 0);
    document["credentialSubject"]["role"] = "director".into();
    assert_proof_invalid(&proof_check_exit(document.to_string().as_bytes()));

    // A did:jwk names the key that the peer has just made.
    let draft = jose.ask(&json!({
        "do": "sign", "alg": "ES256", "kid": "did:web:issuer.example#key-1", "typ": "vc+jwt", "cty": "vc",
        "payload": holder.credential(&holder.did),
    }));
    let compact = draft["compact"].as_str().expect("a JWS");
    let (exit, report) = proof_check_exit(compact.as_bytes());
    assert_ne!(exit, 0, "a key that cannot be had is no success: {report}");

    let ours = holder.issue_jose(&holder.did).to_bare();
    assert_eq!(proof_check_exit(ours.as_bytes()).0, 0);
    assert_proof_invalid(&proof_check_exit(swap_signature(&ours, compact).as_bytes()));
}

#[test]
fn our_histories_are_resolved_by_didwebvh_ts_and_changed_ones_are_not() {
    let Some(peer) = peer::installed("didwebvh-ts") else { return };
    let mut rng = fresh_rng();
    let mut key = || SecretKey::generate(KeyType::Ed25519, &mut rng);
    let (update, next, after, document_1, document_2) = (key(), key(), key(), key(), key());
    let request = Create {
        domain: "ledger.example".to_owned(),
        path: None,
        key_id: "sign-1".to_owned(),
        key: document_1.public_key(),
        others: Vec::new(),
        next_key_hashes: Vec::new(),
        services: Vec::new(),
        home: Some("ledger.example".to_owned()),
    };
    let (did, first) =
        webvh::create(&request, &update, &next.public_key(), moment()).expect("a first entry");
    let now = moment().plus_seconds(86_400);
    let history = History::verify(&first, None, now).expect("our own log");
    let keys = [("sign-2".to_owned(), document_2.public_key())];
    let second = webvh::rotate(history.latest(), &keys, &next, &after.public_key(), now)
        .expect("a second entry");
    let log = format!("{}\n{}\n", first.trim_end(), second.trim_end());
    let history = History::verify(&log, None, now.plus_seconds(1)).expect("our own log");

    let entries = [entry(&first), entry(&second)];
    let answer = peer.ask(&json!({ "log": entries }));
    assert_eq!(answer["resolved"], true, "{answer}");
    assert_eq!(answer["did"], did.as_str());
    assert_eq!(answer["versionId"], history.latest().version_id());
    assert_eq!(
        answer["document"]["verificationMethod"],
        history.latest().document().value()["verificationMethod"]
    );
    let answer = peer.ask(&json!({ "log": entries, "versionNumber": 1 }));
    assert_eq!(answer["versionId"], history.versions()[0].version_id(), "{answer}");

    let mut changed = entries.clone();
    changed[1]["versionTime"] = now.plus_seconds(1).to_string().into();
    assert_eq!(peer.ask(&json!({ "log": changed }))["resolved"], false);
    let text: Vec<String> = changed.iter().map(Value::to_string).collect();
    let refusal = History::verify(&text.join("\n"), None, later(now));
    assert!(refusal.is_err(), "and neither do we accept it");
}

fn later(time: Timestamp) -> Timestamp {
    time.plus_seconds(3_600)
}

fn entry(line: &str) -> Value {
    serde_json::from_str(line).expect("a log entry")
}

fn jose_verify(jose: &Peer, compact: &str, key: &PublicKey, typ: &str) -> Value {
    jose.ask(&json!({ "do": "verify", "compact": compact, "jwk": key.to_jwk(), "typ": typ }))
}

fn di_verify(peer: &Peer, suite: &str, document: Value, issuer: &Party) -> Value {
    peer.ask(&json!({
        "do": "verify", "suite": suite, "document": document, "didDocument": issuer.did_document(),
    }))
}

/// Header and payload of one JWS under the signature of another.
fn swap_signature(one: &str, other: &str) -> String {
    let body = one.rsplit_once('.').expect("three parts").0;
    let signature = other.rsplit_once('.').expect("three parts").1;
    format!("{body}.{signature}")
}

/// Exit status and JSON report of `inkan proof check` on `bytes`.
fn proof_check_exit(bytes: &[u8]) -> (i32, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("input");
    std::fs::write(&file, bytes).expect("a file");
    let output = Command::new(peer::inkan())
        .args(["proof", "check", "--json"])
        .arg(&file)
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .expect("inkan starts");
    let report = serde_json::from_slice(&output.stdout).expect("JSON on every exit code");
    (output.status.code().expect("an exit code"), report)
}

fn assert_proof_invalid((exit, report): &(i32, Value)) {
    assert_eq!(*exit, 11, "{report}");
    let codes = read_json(&schemas().join("codes.json"));
    let listed = codes["codes"].as_array().expect("codes").iter();
    let number = listed.clone().find(|entry| entry["code"] == "credential-proof-invalid");
    let number = number.expect("a code of the catalogue")["number"].as_str().expect("a number");
    let text = report.to_string();
    assert!(text.contains("credential-proof-invalid") && text.contains(number), "{report}");
}
