//! From bytes inside a credential, or beside a presentation, to facts.

use std::collections::BTreeSet;

use super::*;
use crate::fact::Basis;
use crate::facts::{Facts, Holder, Liveness};
use crate::item::Checkers;
use crate::make::{Seen, make};
use crate::registry::Registry;
use crate::row::Road;

fn registry() -> Registry {
    let value = json!({
        "type": "inkan-registry/1", "id": "own", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": [{ "id": CITY, "roles": ["identity_proofer", "revocation_checker"],
                      "rows": ["R2b", "R6"], "status": "active" }],
    });
    Registry::from_value(&value).unwrap()
}

/// A credential whose evidence is this proof, by this proofer.
fn credential(proof: Value, checks: Value) -> Value {
    let (did, _, jkt) = did_of(&holder());
    json!({
        "type": ["VerifiableCredential", "ResidentCertificate"], "issuer": CITY,
        "credentialSubject": { "id": did },
        "evidence": [{
            "type": ["Evidence", "IdentityProofingEvidence"], "verificationProcess": "p",
            "time": "2026-03-01T10:22:31Z", "proofer": { "id": CITY, "agent": "automated" },
            "subject": { "holder": did, "jkt": jkt, "boundBy": "jpki_did_binding" },
            "session": { "presence": "remote" },
            "evidence": [{ "type": "electronic_signature", "documentDetails": { "type": CARD },
                           "checkDetails": checks, "proofs": [proof] }],
        }],
    })
}

fn proof() -> Value {
    let case = Case::by(fixture!("card.der"), &card());
    json!({
        "kind": "cms-jpki", "sha256": sha256(&[&case.cms]).to_hex(),
        "value": encoding::b64(&case.cms),
        "statement": String::from_utf8(case.statement).unwrap(),
        "didSignature": case.did_signature.unwrap(),
    })
}

fn made(credential: &Value, jpki: Option<&Jpki>, holder: Option<Holder>) -> Facts {
    let (_, _, jkt) = did_of(&super::holder());
    let seen = Seen {
        value: credential,
        digest: sha256(&[b"credential"]),
        issuer: CITY,
        existed_by: None,
        holder_jkts: BTreeSet::from([jkt.clone()]),
        former_jkts: BTreeSet::from([jkt]),
    };
    make(&[Some(seen)], holder, (&[registry()], Checkers { jpki, ..Checkers::default() }), at(NOW))
}

/// The facts of the one item, with their bases; `None` if it is void.
fn of_item(facts: &Facts) -> Option<Vec<(FactKind, Basis)>> {
    let events = facts.credentials()[0].as_ref().unwrap().events();
    let item = events.first()?.items().first()?;
    Some(item.facts().iter().map(|fact| (fact.kind(), fact.basis())).collect())
}

fn codes(facts: &Facts) -> Vec<Code> {
    facts.findings().iter().map(|finding| finding.code).collect()
}

#[test]
fn what_this_verifier_checked_is_verified_and_what_the_proofer_says_is_attested() {
    let jpki = jpki();
    let facts = made(&credential(proof(), json!([])), Some(&jpki), None);
    let verified = [FactKind::GenuineCrypto, FactKind::OwnerSignKey, FactKind::RevocationGood];
    let wanted: Vec<_> = verified.into_iter().map(|kind| (kind, Basis::Verified)).collect();
    assert_eq!(of_item(&facts), Some(wanted), "{:?}", facts.findings());
    // Without a configuration nothing is known, and nothing is lost.
    let open = made(&credential(proof(), json!([])), None, None);
    assert_eq!(codes(&open), [Code::EvaluationIncomplete]);
    let events = open.credentials()[0].as_ref().unwrap().events();
    assert!(events[0].items()[0].is_pending());
    // The road of the proofer: what travels is the statement and the DID key's signature.
    let mut held_back = proof();
    held_back.as_object_mut().unwrap().remove("value");
    let esig = |digest: String| {
        json!([{ "checkMethod": "esig", "result": "pass", "certificate": "signing",
                 "policyOid": "1.2.3.5.1.20", "statementSha256": digest,
                 "revocation": { "status": "good" } }])
    };
    let digest = sha256(&[STATEMENT]).to_hex();
    let facts = made(&credential(held_back.clone(), esig(digest.clone())), None, None);
    let found = of_item(&facts).unwrap();
    assert!(found.contains(&(FactKind::OwnerSignKey, Basis::Attested)), "{found:?}");
    // It checked another statement than the one that is shown, or the DID key did not sign.
    let other = sha256(&[b"other"]).to_hex();
    let facts = made(&credential(held_back.clone(), esig(other)), None, None);
    assert_eq!(of_item(&facts), None);
    assert_eq!(codes(&facts), [Code::EvidenceProofFailed]);
    held_back.as_object_mut().unwrap().remove("didSignature");
    let facts = made(&credential(held_back, esig(digest)), None, None);
    assert_eq!(of_item(&facts), None);
    assert_eq!(codes(&facts), [Code::DidCountersignatureMissing]);
}

#[test]
fn nobodys_word_makes_a_key_for_logins_one_for_signatures() {
    let case = Case::by(fixture!("auth.der"), &key(KeyType::P256, 5102));
    let mut by_auth = proof();
    by_auth["sha256"] = json!(sha256(&[&case.cms]).to_hex());
    by_auth["value"] = json!(encoding::b64(&case.cms));
    let lie = json!([{ "checkMethod": "esig", "result": "pass", "certificate": "signing",
                       "policyOid": "1.2.3.5.1.20",
                       "statementSha256": sha256(&[STATEMENT]).to_hex(),
                       "revocation": { "status": "good" } }]);
    let facts = made(&credential(by_auth, lie), Some(&jpki()), None);
    let found = of_item(&facts).unwrap();
    assert!(found.contains(&(FactKind::OwnerAuthKey, Basis::Verified)), "{found:?}");
    assert!(found.iter().all(|(kind, _)| *kind != FactKind::OwnerSignKey), "{found:?}");
}

#[test]
fn a_proof_that_fails_voids_the_item_whatever_its_checks_say() {
    let jpki = jpki();
    let checks = json!([{ "checkMethod": "vcrypt", "result": "pass" }]);
    let change = |name: &str, value: Value| {
        let mut proof = proof();
        proof[name] = value;
        proof
    };
    let mut no_statement = proof();
    no_statement.as_object_mut().unwrap().remove("statement");
    let other = String::from_utf8(STATEMENT.to_vec()).unwrap().replace("1772360400", "1772360401");
    for (proof, code) in [
        (change("sha256", json!(sha256(&[b"x"]).to_hex())), Code::EvidenceProofFailed),
        (change("statement", json!(other)), Code::CmsInvalid),
        (change("kind", json!("eseal")), Code::EvidenceMalformed),
        (no_statement, Code::EvidenceMalformed),
    ] {
        let facts = made(&credential(proof, checks.clone()), Some(&jpki), None);
        assert_eq!(of_item(&facts), None, "{code:?}");
        assert!(codes(&facts).contains(&code), "{code:?} in {:?}", codes(&facts));
    }
    // Signed on another day than the event.
    let mut late = credential(proof(), json!([]));
    late["evidence"][0]["time"] = json!("2026-03-04T10:22:31Z");
    let facts = made(&late, Some(&jpki), None);
    assert_eq!(of_item(&facts), None);
    assert!(codes(&facts).contains(&Code::ProofingTimeInconsistent));
    // About another holder than the event.
    let mut lifted = credential(proof(), json!([]));
    let (did, _, jkt) = did_of(&key(KeyType::Ed25519, 5199));
    lifted["evidence"][0]["subject"] = json!({ "holder": did, "jkt": jkt });
    let facts = made(&lifted, Some(&jpki), None);
    assert_eq!(of_item(&facts), None);
    assert!(codes(&facts).contains(&Code::StatementDidMismatch));
}

fn presenter() -> Holder {
    let (did, _, jkt) = did_of(&holder());
    Holder {
        did,
        jkt,
        liveness: Liveness::Live,
        age_seconds: 10,
        nonce_digest: sha256(&[NONCE.as_bytes()]),
        facts: Vec::new(),
    }
}

#[test]
fn a_login_with_a_registered_card_is_an_authenticator() {
    let origin = "https://here.example";
    let auth = key(KeyType::P256, 5102);
    let jkt = did_of(&holder()).2;
    let statement = |aud: &str, nonce: &str, jkt: &str| {
        LoginStatement::new((aud, nonce), jkt, at("2026-11-21T11:59:00Z")).unwrap().to_bytes()
    };
    let registered = BTreeSet::from([sha256(&[fixture!("auth.der")])]);
    let login = |text: &[u8], cms: &[u8], registered: &BTreeSet<_>, jpki: &Jpki| {
        let terms = LoginTerms { audience: origin, channel: Channel::Bound, registered };
        let facts = made(&credential(proof(), json!([])), Some(jpki), Some(presenter()));
        facts.with_jpki_login(&LoginProof { statement: text, cms }, &terms, jpki)
    };
    let good = statement(origin, NONCE, &jkt);
    let cms = signed(&good, &[fixture!("auth.der")], &auth);
    let facts = login(&good, &cms, &registered, &jpki());
    let [found] = facts.authenticators() else { panic!("{:?}", facts.findings()) };
    assert_eq!(found.road(), Road::JpkiAuth);
    assert!(found.facts().iter().any(|fact| fact.kind() == FactKind::VerifierBound));
    assert!(found.facts().iter().all(|fact| fact.basis() == Basis::Verified));

    let refused = |text: &[u8], cms: &[u8], registered: &BTreeSet<_>, jpki: &Jpki, code| {
        let facts = login(text, cms, registered, jpki);
        assert!(facts.authenticators().is_empty(), "{code:?}");
        assert!(codes(&facts).contains(&code), "{code:?} in {:?}", codes(&facts));
    };
    // A card of somebody else, which anybody could have sign this.
    refused(&good, &cms, &BTreeSet::new(), &jpki(), Code::AuthenticatorNotBound);
    refused(&good, &cms, &registered, &bare(), Code::JpkiRevocationUndetermined);
    for (text, code) in [
        (statement("https://evil.example", NONCE, &jkt), Code::StatementNonceInvalid),
        (statement(origin, "EBESExQVFhcYGRobHB0eHw", &jkt), Code::StatementNonceInvalid),
        (statement(origin, NONCE, &did_of(&auth).2), Code::StatementDidMismatch),
        (STATEMENT.to_vec(), Code::StatementTypeInvalid),
    ] {
        let cms = signed(&text, &[fixture!("auth.der")], &auth);
        refused(&text, &cms, &registered, &jpki(), code);
    }
    // The signing key signs no logins.
    let by_signing = signed(&good, &[fixture!("card.der")], &card());
    let all = BTreeSet::from([sha256(&[fixture!("card.der")])]);
    refused(&good, &by_signing, &all, &jpki(), Code::JpkiPolicyUnknown);
    // Without a holder's proof there is no login.
    let none = made(&credential(proof(), json!([])), Some(&jpki()), None);
    let terms = LoginTerms { audience: origin, channel: Channel::Bound, registered: &registered };
    let none = none.with_jpki_login(&LoginProof { statement: &good, cms: &cms }, &terms, &jpki());
    assert!(none.authenticators().is_empty());
}
