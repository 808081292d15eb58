use inkan_core::rng::insecure::SeededRng;
use inkan_credential::model::CONTEXT_V2;
use inkan_credential::selective::secure_sd;
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::{Contexts, Cryptosuite, inline_context};
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

struct Party {
    key: SecretKey,
    method: String,
}

fn party(seed: u64) -> Party {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
    let multikey = key.public_key().to_multikey();
    Party { key, method: format!("did:key:{multikey}#{multikey}") }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_767_225_600).unwrap()
}

fn credential(format: Format) -> SecuredCredential {
    let issuer = party(1);
    let value = json!({
        "@context": [CONTEXT_V2], "type": ["VerifiableCredential"],
        "issuer": issuer.method.split('#').next().unwrap(), "credentialSubject": { "a": 1 },
    });
    match format {
        Format::DataIntegrity => {
            sign::issue_di(value, "urn:a:1", &issuer.method, &issuer.key, now())
        }
        Format::DataIntegritySd => return selective_credential(),
        Format::Jose => sign::issue_jose(value, &issuer.method, &issuer.key),
        Format::SdJwt => sign::issue_sd_jwt_plain(value, &issuer.method, &issuer.key),
    }
    .unwrap()
}

/// One from which its holder derives others.
fn selective_credential() -> SecuredCredential {
    let mut rng = SeededRng::new(3);
    let key = SecretKey::generate(KeyType::P256, &mut rng);
    let multikey = key.public_key().to_multikey();
    let (issuer, method) =
        (format!("did:key:{multikey}"), format!("did:key:{multikey}#{multikey}"));
    let value = json!({
        "@context": [CONTEXT_V2, inline_context()], "type": ["VerifiableCredential"],
        "issuer": issuer, "credentialSubject": { "a": 1 },
    });
    let terms = ProofTerms::new(Cryptosuite::EcdsaSd2023, &method);
    secure_sd(value, &[], (&terms, &key), Contexts::built_in(), &mut rng).unwrap()
}

/// What a wallet keeps between two acts.
struct Kept {
    credential: SecuredCredential,
    beside: Vec<String>,
}

impl Kept {
    fn take(&mut self, acted: Acted) -> Acted {
        self.credential = acted.credential.clone();
        self.beside.extend(acted.beside.clone());
        acted
    }

    fn act<'a>(&'a self, by: &'a Party) -> Act<'a> {
        Act {
            role: Role::Holder,
            method: &by.method,
            log: "ledger.example",
            beside: &self.beside,
            reason: None,
            under: None,
        }
    }
}

#[test]
fn accept_refuse_and_accept_again_in_both_formats() {
    let formats = [Format::DataIntegrity, Format::DataIntegritySd, Format::Jose, Format::SdJwt];
    for format in formats {
        let (by, mut rng) = (party(2), SeededRng::new(9));
        let mut kept = Kept { credential: credential(format), beside: Vec::new() };

        let accepted = accept(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
        let accepted = kept.take(accepted);
        assert_eq!((accepted.countersignature.decision(), accepted.seq), (Decision::Accept, 1));
        assert_eq!(accepted.beside.is_some(), format != Format::DataIntegrity);
        assert_eq!(accepted.opening.digest, accepted.countersignature.digest());
        let verified = accepted.countersignature.verify(&kept.credential, &by.key.public_key());
        assert_eq!(verified, Ok(()));

        let again = accept(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
        assert_eq!(again.unwrap_err().code(), "act-already-done");

        let taken_back =
            refuse(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
        let taken_back = kept.take(taken_back);
        let state = &taken_back.countersignature;
        assert_eq!((state.decision(), taken_back.seq), (Decision::Withdraw, 2));
        assert_eq!(state.act(), accepted.countersignature.act());
        assert_ne!(taken_back.opening.salt, accepted.opening.salt);
        assert_eq!(state.verify(&kept.credential, &by.key.public_key()), Ok(()));

        let twice = withdraw(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
        assert_eq!(twice.unwrap_err().code(), "act-nothing-to-withdraw");
        let twice = refuse(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
        assert_eq!(twice.unwrap_err().code(), "act-already-done");

        let anew = accept(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
        let anew = kept.take(anew);
        assert_ne!(anew.countersignature.act(), accepted.countersignature.act());
        assert_eq!(anew.seq, 1);
        assert_eq!(list(&kept.credential, &kept.beside).unwrap().len(), 3);
    }
}

#[test]
fn a_refusal_without_acceptance_is_a_refusal() {
    let (by, mut rng) = (party(2), SeededRng::new(9));
    let kept = Kept { credential: credential(Format::DataIntegrity), beside: Vec::new() };
    let refused = refuse(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
    assert_eq!(refused.countersignature.decision(), Decision::Refuse);
    let nothing = withdraw(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
    assert_eq!(nothing.unwrap_err().code(), "act-nothing-to-withdraw");
}

#[test]
fn others_and_other_roles_do_not_count_as_ones_own() {
    let (me, other, mut rng) = (party(2), party(3), SeededRng::new(9));
    let mut kept = Kept { credential: credential(Format::DataIntegrity), beside: Vec::new() };
    let acted = accept(&kept.credential, &kept.act(&me), &me.key, now(), &mut rng).unwrap();
    kept.take(acted);
    let notary = Act { role: Role::Notary, ..kept.act(&other) };
    let acted = accept(&kept.credential, &notary, &other.key, now(), &mut rng).unwrap();
    assert_eq!(acted.credential.proofs()[2].previous_proof().len(), 2);
    let witness = Act { role: Role::Witness, ..kept.act(&me) };
    assert!(accept(&kept.credential, &witness, &me.key, now(), &mut rng).is_ok());
    let witness = withdraw(&kept.credential, &witness, &me.key, now(), &mut rng);
    assert_eq!(witness.unwrap_err().code(), "act-nothing-to-withdraw");
}

#[test]
fn a_refusal_says_why_and_an_acceptance_does_not() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let (by, mut rng) = (party(2), SeededRng::new(9));
        let kept = Kept { credential: credential(format), beside: Vec::new() };
        let why = Act { reason: Some("not my name"), ..kept.act(&by) };
        let refused = refuse(&kept.credential, &why, &by.key, now(), &mut rng).unwrap();
        let signature = &refused.countersignature;
        assert_eq!(signature.reason(), Some("not my name"));
        assert_eq!(signature.verify(&refused.credential, &by.key.public_key()), Ok(()));
        let accepted = accept(&kept.credential, &why, &by.key, now(), &mut rng);
        assert_eq!(accepted.unwrap_err().code(), "countersignature-malformed");
        let long = "x".repeat(1_001);
        for bad in ["", " ", "two\nlines", "left\u{202e}right", long.as_str()] {
            let bad = Act { reason: Some(bad), ..kept.act(&by) };
            assert!(refuse(&kept.credential, &bad, &by.key, now(), &mut rng).is_err());
        }
    }
}

#[test]
fn who_accepts_and_seals_can_still_take_the_acceptance_back() {
    let (by, mut rng) = (party(2), SeededRng::new(9));
    let mut kept = Kept { credential: credential(Format::Jose), beside: Vec::new() };
    let accepted = accept(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
    let accepted = kept.take(accepted);
    let sealed = seal(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
    kept.take(sealed);
    let refused = refuse(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
    assert_eq!(refused.countersignature.decision(), Decision::Withdraw);
    assert_eq!(refused.countersignature.act(), accepted.countersignature.act());
}

#[test]
fn a_seal_is_made_once() {
    let (by, mut rng) = (party(2), SeededRng::new(9));
    let mut kept = Kept { credential: credential(Format::Jose), beside: Vec::new() };
    let sealed = seal(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
    assert_eq!(kept.take(sealed).countersignature.decision(), Decision::Seal);
    let again = seal(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
    assert_eq!(again.unwrap_err().code(), "act-already-done");
}

#[test]
fn a_seal_is_not_taken_back() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let (by, mut rng) = (party(2), SeededRng::new(9));
        let mut kept = Kept { credential: credential(format), beside: Vec::new() };
        let sealed = seal(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap();
        kept.take(sealed);
        let refused = refuse(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng);
        assert_eq!(refused.unwrap_err().code(), "seal-final");
        // In another role it is another matter, and so it is for others.
        let witness = Act { role: Role::Witness, ..kept.act(&by) };
        assert!(refuse(&kept.credential, &witness, &by.key, now(), &mut rng).is_ok());
        let other = party(3);
        let act = kept.act(&other);
        assert!(refuse(&kept.credential, &act, &other.key, now(), &mut rng).is_ok());
    }
}

#[test]
fn unreadable_countersignatures_and_bad_keys_stop_the_act() {
    let (by, mut rng) = (party(2), SeededRng::new(9));
    let kept = Kept { credential: credential(Format::Jose), beside: vec!["x".to_owned()] };
    let error = accept(&kept.credential, &kept.act(&by), &by.key, now(), &mut rng).unwrap_err();
    assert_eq!(error.code(), "jws-malformed");
    let kept = Kept { beside: Vec::new(), ..kept };
    let act = Act { method: "key-1", ..kept.act(&by) };
    let error = accept(&kept.credential, &act, &by.key, now(), &mut rng).unwrap_err();
    assert_eq!(error.code(), "countersignature-malformed");
}
