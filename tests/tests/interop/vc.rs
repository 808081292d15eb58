//! Credentials, presentations and status lists with Data Integrity proofs, against `@digitalbazaar/vc`.

use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::presentation::Presentation;
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListCredential, StatusListTerms,
    status_list_credential,
};
use inkan_credential::{
    Contexts, Cryptosuite, ParseError, ProofError, SecuredCredential, inline_context,
};
use inkan_crypto::{KeyType, PublicKey};
use inkan_tests::made::{Party, fresh_rng, moment};
use inkan_tests::peer::{self, Peer};
use serde_json::{Value, json};

/// Suite and curve as the peer's script calls them, with the key type.
const SUITES: [(&str, KeyType); 6] = [
    ("eddsa-rdfc-2022", KeyType::Ed25519),
    ("ecdsa-rdfc-2019 P-256", KeyType::P256),
    ("ecdsa-rdfc-2019 P-384", KeyType::P384),
    ("eddsa-jcs-2022", KeyType::Ed25519),
    ("ecdsa-jcs-2019 P-256", KeyType::P256),
    ("ecdsa-jcs-2019 P-384", KeyType::P384),
];
/// When everything here is in its validity.
pub(super) const NOW: &str = "2026-07-01T00:00:00Z";
const LIST: &str = "https://issuer.example/status/1";

pub(super) fn vc() -> Option<Peer> {
    peer::installed("@digitalbazaar/vc")
}

/// A credential for RDFC: every term is defined, by a context that travels along.
pub(super) fn defined(issuer: &Party, subject: &str) -> Value {
    let mut credential = issuer.plain_credential(subject);
    credential["@context"] = json!(["https://www.w3.org/ns/credentials/v2", inline_context()]);
    // A text with a direction: the specifications leave open how RDF says it.
    credential["name"] = json!({ "@value": "شارة", "@language": "ar", "@direction": "rtl" });
    credential
}

/// Signs by the suite of this family and key.
fn secured(issuer: &Party, credential: Value, name: &str) -> SecuredCredential {
    let key_type = issuer.public_key().key_type();
    let suite = if name.contains("rdfc") {
        Cryptosuite::rdfc_for_key(key_type)
    } else {
        Cryptosuite::for_key(key_type)
    };
    let terms = ProofTerms { created: Some(moment()), ..ProofTerms::new(suite, &issuer.method) };
    sign::secure_di(credential, &terms, &issuer.key, Contexts::built_in())
        .expect("a valid credential")
}

/// The DID document of `party` with the key of another.
pub(super) fn with_key_of(party: &Party, other: &Party) -> Value {
    let mut document = party.did_document();
    document["verificationMethod"][0]["publicKeyMultibase"] =
        other.public_key().to_multikey().into();
    document
}

pub(super) fn changed(document: &Value, pointer: &str, value: impl Into<Value>) -> Value {
    let mut document = document.clone();
    *document.pointer_mut(pointer).expect("a member") = value.into();
    document
}

/// Asks whether each of these is verified; the first must be, none of the others.
pub(super) fn only_the_first(peer: &Peer, what: &str, requests: &[Value]) {
    for (number, answer) in peer.ask_all(requests).into_iter().enumerate() {
        assert_eq!(answer["verified"], number == 0, "{what}, request {number}: {answer}");
        if number > 0 {
            assert!(
                answer["why"].as_array().is_some_and(|why| !why.is_empty()),
                "{what}: {answer}"
            );
        }
    }
}

#[test]
fn our_credentials_of_every_suite_are_verified_by_digitalbazaar_vc_and_changed_ones_are_not() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    for (name, key_type) in SUITES {
        let (issuer, holder) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let recorded = if name.contains("rdfc") {
            issuer.issue_rdfc(&holder.did)
        } else {
            issuer.issue_di(&holder.did)
        };
        let plain = secured(&issuer, defined(&issuer, &holder.did), name);
        for document in [recorded.to_value(), plain.to_value()] {
            let verify = |document: &Value, did: Value, now: &str| {
                json!({
                    "do": "verify", "suite": name, "document": document, "didDocuments": [did], "now": now,
                })
            };
            let ours = || issuer.did_document();
            let claim = changed(&document, "/credentialSubject/role", "director");
            let subject = changed(&document, "/credentialSubject/id", issuer.did.as_str());
            let validity = changed(&document, "/validUntil", "2028-06-14T09:00:00Z");
            let created = changed(&document, "/proof/created", "2026-06-14T09:00:01Z");
            only_the_first(
                &peer,
                name,
                &[
                    verify(&document, ours(), NOW),
                    verify(&claim, ours(), NOW),
                    verify(&subject, ours(), NOW),
                    verify(&validity, ours(), NOW),
                    verify(&created, ours(), NOW),
                    verify(&document, with_key_of(&issuer, &holder), NOW),
                    verify(&document, ours(), "2027-07-01T00:00:00Z"),
                ],
            );
        }
    }
}

#[test]
fn credentials_of_every_suite_by_digitalbazaar_vc_are_verified_here_and_changed_ones_are_not() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    let holder = Party::new(KeyType::Ed25519, &mut rng);
    let issue = |(name, _): &(&str, KeyType)| {
        // The peer's JCS suites compare contexts by identity, so that it refuses its own inline ones.
        let credential = if name.contains("rdfc") {
            defined(&holder, &holder.did)
        } else {
            holder.plain_credential(&holder.did)
        };
        json!({ "do": "issue", "suite": name, "credential": credential, "now": NOW })
    };
    let made = peer.ask_all(&SUITES.iter().map(issue).collect::<Vec<_>>());
    for ((name, key_type), made) in SUITES.into_iter().zip(made) {
        let document = &made["document"];
        let key = key_in(&made);
        assert_eq!(key.key_type(), key_type);
        let credential = SecuredCredential::parse_value(document.clone()).expect("a credential");
        assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{name}");

        let stranger = Party::new(key_type, &mut rng).public_key();
        assert_eq!(credential.verify_issuer_proof(&stranger), Err(ProofError::Invalid), "{name}");
        for pointer in
            ["/credentialSubject/role", "/credentialSubject/id", "/validUntil", "/proof/created"]
        {
            let other = match pointer {
                "/credentialSubject/id" => "did:example:somebody",
                "/credentialSubject/role" => "director",
                _ => "2026-12-13T00:00:00Z",
            };
            let changed = changed(document, pointer, other);
            let credential = SecuredCredential::parse_value(changed).expect("still a credential");
            let refused = credential.verify_issuer_proof(&key);
            assert_eq!(refused, Err(ProofError::Invalid), "{name} {pointer}");
        }
        let cut = document["proof"]["proofValue"].as_str().expect("a signature");
        let cut = changed(document, "/proof/proofValue", &cut[..cut.len() - 1]);
        let cut = SecuredCredential::parse_value(cut);
        assert!(
            cut.is_err() || cut.is_ok_and(|cut| cut.verify_issuer_proof(&key).is_err()),
            "{name}"
        );
    }
}

pub(super) fn key_in(made: &Value) -> PublicKey {
    PublicKey::from_multikey(made["publicKeyMultibase"].as_str().expect("a key")).expect("a key")
}

#[test]
fn our_presentations_are_verified_by_digitalbazaar_vc_under_their_challenge_and_domain_alone() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    for (name, key_type) in SUITES {
        let (issuer, holder) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let credential = secured(&issuer, defined(&issuer, &holder.did), name);
        let document = holder.present_di(&credential).to_value();
        let terms = holder.terms();
        let jcs = SUITES.iter().find(|(name, other)| name.contains("jcs") && *other == key_type);
        let jcs = jcs.expect("a suite for presentations").0;
        let verify = |document: &Value, challenge: &str, domain: &str, dids: [Value; 2]| {
            json!({
                "do": "verify-presentation", "suites": [name, jcs], "document": document, "challenge": challenge,
                "domain": domain, "didDocuments": dids, "now": NOW,
            })
        };
        let dids = || [issuer.did_document(), holder.did_document()];
        let claim =
            changed(&document, "/verifiableCredential/0/credentialSubject/role", "director");
        let answered = changed(&document, "/proof/challenge", "another");
        let other_holder = [issuer.did_document(), with_key_of(&holder, &issuer)];
        let other_issuer = [with_key_of(&issuer, &holder), holder.did_document()];
        only_the_first(
            &peer,
            name,
            &[
                verify(&document, terms.nonce, terms.audience, dids()),
                verify(&document, "another", terms.audience, dids()),
                verify(&document, terms.nonce, "https://elsewhere.example", dids()),
                verify(&claim, terms.nonce, terms.audience, dids()),
                verify(&answered, "another", terms.audience, dids()),
                verify(&document, terms.nonce, terms.audience, other_holder),
                verify(&document, terms.nonce, terms.audience, other_issuer),
            ],
        );
    }
}

#[test]
fn presentations_by_digitalbazaar_vc_are_verified_here_and_changed_ones_are_not() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    let somebody = Party::new(KeyType::P256, &mut rng);
    for (name, key_type) in SUITES {
        let issuer = Party::new(key_type, &mut rng);
        let credential = if name.contains("rdfc") {
            defined(&issuer, &somebody.did)
        } else {
            issuer.plain_credential(&somebody.did)
        };
        let credential = secured(&issuer, credential, name);
        let (challenge, domain) = ("n-0S6_WzA2Mj", "https://bank.example");
        let made = peer.ask(&json!({
            "do": "present", "suite": name, "credentials": [credential.to_value()], "challenge": challenge,
            "domain": domain,
        }));
        let (document, key) = (&made["document"], key_in(&made));
        let presentation = Presentation::parse_value(document.clone()).expect("a presentation");
        assert_eq!(presentation.holder(), made["didDocument"]["id"]);
        assert_eq!(presentation.nonce(), Some(challenge));
        assert_eq!(presentation.audience(), [domain]);
        assert_eq!(presentation.verify_proof(&key), Ok(()), "{name}");
        let [inside] = presentation.credentials() else { panic!("{name}: one credential") };
        assert_eq!(inside.verify_issuer_proof(&issuer.public_key()), Ok(()), "{name}");

        for (pointer, value) in [
            ("/proof/challenge", "another"),
            ("/proof/domain", "https://elsewhere.example"),
            ("/verifiableCredential/0/credentialSubject/role", "director"),
            ("/holder", somebody.did.as_str()),
        ] {
            let list = document["verifiableCredential"].is_array();
            let pointer = if list { pointer.to_owned() } else { pointer.replace("/0", "") };
            let changed = Presentation::parse_value(changed(document, &pointer, value));
            let refused = changed.map(|changed| changed.verify_proof(&key).is_err());
            assert!(refused.as_ref().map_or_else(is_rule, |refused| *refused), "{name} {pointer}");
        }
        let stranger = Party::new(key_type, &mut rng).public_key();
        assert!(presentation.verify_proof(&stranger).is_err(), "{name}");
    }
}

/// Whether a document was refused for what it says, and not because it could not be read at all.
fn is_rule(error: &ParseError) -> bool {
    !matches!(error, ParseError::NotRecognised)
}

/// What a stock verifier does with our countersignature: it sees a proof of another purpose, and passes it over. So a broken
/// one is no reason for it to refuse, and it is here.
#[test]
fn a_countersignature_is_passed_over_by_digitalbazaar_vc_and_judged_here() {
    let Some(peer) = vc() else { return };
    let mut rng = fresh_rng();
    let (issuer, holder) =
        (Party::new(KeyType::Ed25519, &mut rng), Party::new(KeyType::Ed25519, &mut rng));
    let countersigned = holder.countersign_di(&issuer.issue_di(&holder.did));
    let whole = countersigned.to_value();
    let broken = changed(&whole, "/proof/1/created", "2026-06-14T09:00:01Z");
    let verify = |document: &Value| {
        json!({
            "do": "verify", "suite": "eddsa-jcs-2022", "document": document, "now": NOW,
            "didDocuments": [issuer.did_document(), holder.did_document()],
        })
    };
    for answer in peer.ask_all(&[verify(&whole), verify(&broken)]) {
        assert_eq!(answer, json!({ "verified": true }));
    }
    assert_eq!(countersigned.verify_proof(1, &holder.public_key()), Ok(()));
    let broken = SecuredCredential::parse_value(broken).expect("still a credential");
    assert_eq!(broken.verify_proof(1, &holder.public_key()), Err(ProofError::Invalid));
}

#[test]
fn our_bitstring_status_lists_are_checked_by_digitalbazaar() {
    let Some(peer) = peer::installed("@digitalbazaar/vc-bitstring-status-list") else { return };
    let mut rng = fresh_rng();
    let (issuer, holder) =
        (Party::new(KeyType::Ed25519, &mut rng), Party::new(KeyType::Ed25519, &mut rng));
    let mut bits = BitstringStatusList::new(MINIMUM_BITS).expect("a list");
    for index in [0, 7, 4_711, MINIMUM_BITS - 1] {
        bits.set(index).expect("an entry");
    }
    let list_by = |issuer: &Party, purpose| {
        let terms = StatusListTerms {
            uri: LIST,
            issuer: &issuer.did,
            purpose,
            valid_from: moment(),
            valid_until: moment().plus_seconds(31_536_000),
            ttl_milliseconds: Some(300_000),
        };
        let unsigned = status_list_credential(&terms, &bits).expect("a list");
        secured(issuer, unsigned, "eddsa-rdfc-2022").to_value()
    };
    let at = |index| {
        let mut credential = defined(&issuer, &holder.did);
        credential["credentialStatus"] =
            StatusEntry::new(StatusPurpose::Revocation, LIST, index).to_value();
        secured(&issuer, credential, "eddsa-rdfc-2022").to_value()
    };
    let status = |index, list: &Value| {
        json!({
            "do": "status", "suite": "eddsa-rdfc-2022", "document": at(index), "list": list,
            "didDocuments": [issuer.did_document(), holder.did_document()],
        })
    };
    let list = list_by(&issuer, StatusPurpose::Revocation);
    let other_purpose = list_by(&issuer, StatusPurpose::Suspension);
    let other_issuer = list_by(&holder, StatusPurpose::Revocation);
    let emptied = BitstringStatusList::new(MINIMUM_BITS).expect("a list").encode().expect("a list");
    let emptied = changed(&list, "/credentialSubject/encodedList", emptied);
    let set = |answer: &Value| (answer["verified"] == true).then(|| answer["set"] == true);
    let indices = [0, 1, 7, 8, 4_711, MINIMUM_BITS - 2, MINIMUM_BITS - 1];
    let asked = peer.ask_all(&indices.map(|index| status(index, &list)));
    let expected = [true, false, true, false, true, false, true].map(Some);
    assert_eq!(asked.iter().map(set).collect::<Vec<_>>(), expected, "{asked:?}");
    let refused =
        peer.ask_all(&[status(1, &other_purpose), status(1, &other_issuer), status(0, &emptied)]);
    assert!(refused.iter().all(|answer| set(answer).is_none()), "{refused:?}");
}

#[test]
fn bitstring_status_lists_by_digitalbazaar_are_checked_here() {
    let Some(peer) = peer::installed("@digitalbazaar/vc-bitstring-status-list") else { return };
    let set = [0, 9, 4_711, 131_071];
    for suite in ["eddsa-rdfc-2022", "ecdsa-rdfc-2019 P-256"] {
        let made = peer.ask(&json!({
            "do": "issue-list", "suite": suite, "id": LIST, "length": 131_072, "set": set,
        }));
        let secured = SecuredCredential::parse_value(made["document"].clone()).expect("a list");
        assert_eq!(secured.verify_issuer_proof(&key_in(&made)), Ok(()), "{suite}");
        let list = StatusListCredential::from_credential(secured.credential()).expect("a list");
        let check = |purpose, uri: &str, index| list.check(&StatusEntry::new(purpose, uri, index));
        for index in [0, 1, 8, 9, 10, 4_710, 4_711, 131_070, 131_071] {
            let revoked = check(StatusPurpose::Revocation, LIST, index);
            assert_eq!(revoked, Ok(set.contains(&index)), "{suite} {index}");
        }
        assert!(check(StatusPurpose::Suspension, LIST, 1).is_err());
        assert!(check(StatusPurpose::Revocation, "https://issuer.example/status/2", 1).is_err());
        assert!(check(StatusPurpose::Revocation, LIST, 131_072).is_err());

        let mut other = made["document"].clone();
        let bits = BitstringStatusList::new(MINIMUM_BITS).expect("a list");
        other["credentialSubject"]["encodedList"] = bits.encode().expect("a list").into();
        let other = SecuredCredential::parse_value(other).expect("still a list");
        assert_eq!(other.verify_issuer_proof(&key_in(&made)), Err(ProofError::Invalid), "{suite}");
    }
}
