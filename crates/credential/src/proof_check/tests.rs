use inkan_crypto::KeyType;
use serde_json::json;

use super::*;
use crate::countersignature::{Decision, countersign_di};
use crate::sign;
use crate::testing::{holder, issued_di, issued_jose, issuer, party, statement, unsigned, with};

fn report(text: &str) -> ProofReport {
    let parties = [issuer(), holder()];
    let mut key_of = |method: &str| {
        parties.iter().find(|one| one.method == method).map(|one| one.key.public_key())
    };
    check(text.as_bytes(), &mut key_of).unwrap()
}

#[test]
fn every_proof_gets_its_line() {
    let by = holder();
    let statement = statement(&by, Decision::Accept, 1);
    let value = countersign_di(&issued_di(), "urn:uuid:b", &statement, &by.key).unwrap().to_value();
    let checked = report(&value.to_string());
    assert!(checked.holds());
    assert_eq!(checked.proofs.len(), 2);
    assert_eq!(checked.proofs[1].suite, "eddsa-jcs-2022");
    assert_eq!(checked.proofs[1].verification_method, by.method);

    let changed = report(&with(value, "/proof/1/domain", json!("x.example")).to_string());
    assert!(!changed.holds());
    assert_eq!(changed.proofs[0].outcome, ProofOutcome::Verified);
    assert_eq!(changed.proofs[1].outcome, ProofOutcome::Failed(ProofError::Invalid));
}

#[test]
fn a_jws_is_checked_too() {
    assert!(report(&issued_jose().to_bare()).holds());
    assert!(report(&issued_jose().to_value().to_string()).holds());
    let issuer = issuer();
    let sd_jwt = sign::issue_sd_jwt_plain(unsigned(), &issuer.method, &issuer.key).unwrap();
    assert!(report(&sd_jwt.to_bare()).holds());
    assert!(report(&sd_jwt.to_value().to_string()).holds());
    let mut text = issued_jose().to_bare();
    let at = text.find('.').unwrap() + 10;
    let swap = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    text.replace_range(at..=at, swap);
    assert!(!report(&text).holds());
}

/// Where no DID is the signer, certificates or metadata give the key; that they are anybody's is for `verify`.
#[test]
fn a_certificate_or_the_metadata_of_an_issuer_give_the_key() {
    const ISSUER: &str = "https://acme.example";
    let (by, chain) = (issuer(), [crate::sd_jwt_vc::example(&[(0x86, ISSUER)])]);
    let judged = |text: &str, given: &PublicKey| {
        let mut key_of = |named: Named<'_>| match named {
            Named::Certificate(der) => (der == chain[0]).then(|| given.clone()),
            Named::Issuer { url: ISSUER, kid: None | Some("key-1") } => Some(given.clone()),
            Named::Issuer { .. } | Named::Method(_) => None,
        };
        check_named(text.as_bytes(), &mut key_of, Contexts::built_in()).unwrap()
    };
    let value = with(unsigned(), "/issuer", json!(ISSUER));
    let claims = json!({ "vct": "urn:badge", "iss": ISSUER, "name": "Ada" });
    let claimed = |header: Value| {
        let header = header.as_object().unwrap().clone();
        let payload = claims.to_string();
        format!("{}~", inkan_crypto::jws::sign(header, payload.as_bytes(), &by.key).unwrap())
    };
    let certified = "urn:x509:sha-256:";
    for (text, named) in [
        (sign::issue_jose_certified(value.clone(), &chain, &by.key).unwrap().to_bare(), certified),
        (sign::issue_cose_certified(value, &chain, &by.key).unwrap().to_bare(), certified),
        (claimed(json!({ "typ": "dc+sd-jwt", "x5c": certificates::to_header(&chain) })), certified),
        (claimed(json!({ "typ": "dc+sd-jwt", "kid": "key-1" })), "https://acme.example key-1"),
        (claimed(json!({ "typ": "dc+sd-jwt" })), ISSUER),
    ] {
        let good = judged(&text, &by.key.public_key());
        assert!(good.holds(), "{good:?}");
        assert!(good.proofs[0].verification_method.starts_with(named), "{good:?}");
        assert!(judged(&text, &holder().key.public_key()).fails());
        let none = check(text.as_bytes(), &mut |_| None).unwrap();
        assert_eq!(none.proofs[0].outcome, ProofOutcome::KeyUnavailable);
    }
    let other = claimed(json!({ "typ": "dc+sd-jwt", "kid": "key-2" }));
    let other = judged(&other, &by.key.public_key());
    assert_eq!(other.proofs[0].outcome, ProofOutcome::KeyUnavailable);
    // Beside the name of a DID certificates say nothing.
    let header = json!({ "typ": "vc+jwt", "x5c": certificates::to_header(&chain) });
    let header = header.as_object().unwrap().clone();
    let payload = unsigned().to_string();
    let text = inkan_crypto::jws::sign(header, payload.as_bytes(), &by.key).unwrap();
    let error = check(text.as_bytes(), &mut |_| None).unwrap_err();
    assert_eq!(error.code(), "jose-key-id-missing");
}

#[test]
fn what_cannot_be_checked_does_not_count() {
    let unknown = with(issued_di().to_value(), "/proof/cryptosuite", json!("future-suite-2030"));
    let unknown = report(&unknown.to_string());
    assert_eq!(unknown.proofs[0].outcome, ProofOutcome::UnknownSuite);
    assert!(!unknown.holds());
    let stranger = party(77, KeyType::Ed25519).method;
    let elsewhere = with(issued_di().to_value(), "/proof/verificationMethod", json!(stranger));
    let elsewhere = report(&elsewhere.to_string());
    assert_eq!(elsewhere.proofs[0].outcome, ProofOutcome::KeyUnavailable);
    assert!(!elsewhere.holds());
}

#[test]
fn there_must_be_something_to_check() {
    let code = |text: &str| check(text.as_bytes(), &mut |_| None).unwrap_err().code();
    assert_eq!(code("{}"), "credential-proof-missing");
    assert_eq!(code("{\"proof\":[]}"), "credential-proof-missing");
    assert_eq!(code(""), "credential-not-recognised");
    assert_eq!(code("a.b~c"), "jws-malformed");
}

fn presented(credentials: Value) -> String {
    let by = holder();
    let mut presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": "VerifiablePresentation",
        "holder": by.did, "verifiableCredential": credentials,
    });
    let terms = sign::ProofTerms::new(crate::Cryptosuite::EddsaJcs2022, &by.method);
    let (ground, contexts) = ((&presentation, [].as_slice()), Contexts::built_in());
    let members = terms.to_members();
    let made = proof::add_proof_of(&terms.suite, ground, members, &by.key, contexts).unwrap();
    presentation["proof"] = made.value().clone();
    presentation.to_string()
}

/// A presentation is no better than what it presents.
#[test]
fn the_credentials_of_a_presentation_are_checked_with_it() {
    let mut forged = issued_di().to_value();
    forged["credentialSubject"]["name"] = json!("Mallory");
    let whole = json!([issued_di().to_value(), issued_jose().to_value()]);
    let good = report(&presented(whole));
    assert!(good.holds(), "{good:?}");
    let of: Vec<_> = good.proofs.iter().map(|one| one.credential).collect();
    assert_eq!(of, [None, Some(0), Some(1)]);
    let bad = report(&presented(json!(forged)));
    assert_eq!(bad.proofs[0].outcome, ProofOutcome::Verified);
    assert_eq!(bad.proofs[1].outcome, ProofOutcome::Failed(ProofError::Invalid));
    assert!(bad.fails() && !bad.holds());
    let mut bare = issued_di().to_value();
    bare.as_object_mut().unwrap().remove("proof");
    for nothing in [bare, json!("no.jws"), json!({ "id": "data:application/vc+jwt,x.y" })] {
        let open = report(&presented(nothing));
        assert!(matches!(open.proofs[1].outcome, ProofOutcome::Unreadable(_)));
        assert!(!open.fails() && !open.holds());
    }
}

/// What an issuer just made for the holder is in order, if nobody changed it; its holder derives from it what others see.
#[test]
fn a_base_proof_verifies_and_is_told_from_others() {
    let by = issuer();
    let rng = &mut inkan_core::rng::insecure::SeededRng::new(1);
    let p256 = party(5, KeyType::P256);
    let mut value = with(unsigned(), "/issuer", json!(p256.did));
    // Members of ours have no meaning in the base context.
    value.as_object_mut().unwrap().remove("ledgerRecord");
    value["credentialSubject"] = json!({ "id": holder().did, "name": "Ada" });
    value["type"] = json!(["VerifiableCredential"]);
    let terms = sign::ProofTerms::new(crate::Cryptosuite::EcdsaSd2023, &p256.method);
    let contexts = Contexts::built_in();
    let base = crate::selective::secure_sd(value, &["/issuer"], (&terms, &p256.key), contexts, rng)
        .unwrap()
        .to_value();
    let mut key_of = |method: &str| (method == p256.method).then(|| p256.key.public_key());
    let good = check(base.to_string().as_bytes(), &mut key_of).unwrap();
    assert_eq!(good.proofs[0].outcome, ProofOutcome::VerifiedBase);
    assert!(good.holds());
    let forged = with(base.clone(), "/credentialSubject/name", json!("Eve")).to_string();
    let forged = check(forged.as_bytes(), &mut key_of).unwrap();
    assert_eq!(forged.proofs[0].outcome, ProofOutcome::Failed(ProofError::Invalid));
    assert!(forged.fails());
    let mut other = |_: &str| Some(by.key.public_key());
    assert!(check(base.to_string().as_bytes(), &mut other).unwrap().fails());
    // Presented as it is, it is good for nobody, though nothing is wrong with it.
    let presenter = holder();
    let mut either = |method: &str| {
        let known = [&p256, &presenter].into_iter().find(|one| one.method == method);
        known.map(|one| one.key.public_key())
    };
    let shown = check(presented(base.clone()).as_bytes(), &mut either).unwrap();
    assert_eq!(shown.proofs[0].outcome, ProofOutcome::Verified);
    assert_eq!(shown.proofs[1].outcome, ProofOutcome::VerifiedBase);
    assert!(!shown.fails() && !shown.holds(), "{shown:?}");
    // What it covers of other proofs, its suite does not say.
    let first = with(issued_di().to_value()["proof"].clone(), "/id", json!("urn:uuid:first"));
    let after = with(base["proof"].clone(), "/previousProof", json!("urn:uuid:first"));
    let chained = with(base, "/proof", json!([first, after])).to_string();
    let chained = check(chained.as_bytes(), &mut key_of).unwrap();
    assert_eq!(chained.proofs[1].outcome, ProofOutcome::Unknown(ProofError::CoversProofs));
    assert!(!chained.holds());
}

/// Whose meaning is not at hand cannot be told to be forged, and not to be genuine.
#[test]
fn a_context_that_is_not_at_hand_is_no_sign_of_a_forgery() {
    let by = issuer();
    let url = "https://terms.example/v1";
    let bytes: &[u8] = br#"{"@context":{"role":"https://terms.example/v1#role"}}"#;
    let pin = crate::rdfc::PinnedContext { url, bytes, sha256: sha256(&[bytes]) };
    let pinned = Contexts::with_pinned(&[pin]).unwrap();
    let mut value = unsigned();
    value.as_object_mut().unwrap().remove("ledgerRecord");
    value["@context"] = json!([crate::model::CONTEXT_V2, url]);
    value["type"] = json!(["VerifiableCredential"]);
    value["credentialSubject"] = json!({ "id": holder().did, "role": "engineer" });
    let terms = sign::ProofTerms::new(crate::Cryptosuite::EddsaRdfc2022, &by.method);
    let signed = sign::secure_di(value, &terms, &by.key, &pinned).unwrap().to_value();
    let judged = |value: &Value, contexts| {
        let mut key_of = |_: &str| Some(by.key.public_key());
        check_with(value.to_string().as_bytes(), &mut key_of, contexts).unwrap()
    };
    assert!(judged(&signed, &pinned).holds());
    let open = judged(&signed, Contexts::built_in());
    let ProofOutcome::Unknown(error) = &open.proofs[0].outcome else { panic!("{open:?}") };
    assert_eq!(error.code(), "jsonld-context-unknown");
    assert!(!open.holds() && !open.fails());
    assert!(judged(&with(signed, "/credentialSubject/role", json!("chief")), &pinned).fails());
}

/// That the issuer's proof verifies says nothing of the binding beside it.
#[test]
fn a_key_binding_that_was_not_looked_at_is_not_covered_by_the_issuers_proof() {
    let (issuer, holder) = (issuer(), holder());
    let bound = |cnf: Value| {
        let claims = json!({ "vct": "urn:badge", "iss": issuer.did, "cnf": cnf });
        let header = json!({ "typ": "dc+sd-jwt", "kid": issuer.method });
        let header = header.as_object().unwrap().clone();
        let jws = inkan_crypto::jws::sign(header, claims.to_string().as_bytes(), &issuer.key);
        let terms = crate::sd_jwt::BindingTerms {
            audience: "https://b.example",
            nonce: "n",
            issued_at: crate::testing::at("2026-01-01T00:00:00Z"),
        };
        let sd_jwt = SdJwt::parse(&format!("{}~", jws.unwrap())).unwrap();
        report(&sd_jwt.bind(&terms, &holder.key).unwrap().to_compact())
    };
    assert!(bound(json!({ "kid": holder.method })).holds());
    let named = bound(json!({ "kid": party(9, KeyType::Ed25519).method }));
    let thumbprint = holder.key.public_key().thumbprint();
    for open in [named, bound(json!({ "jkt": thumbprint }))] {
        assert_eq!(open.proofs[0].outcome, ProofOutcome::Verified);
        assert_eq!(open.proofs[1].outcome, ProofOutcome::KeyUnavailable);
        assert!(!open.holds() && !open.fails(), "{open:?}");
    }
    assert!(bound(json!({ "kid": issuer.method })).fails());
}
