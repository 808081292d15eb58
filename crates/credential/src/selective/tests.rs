//! Issue, derive, verify: what is shown, what is not, what is refused; receipts and countersignatures across derivation.

mod bbs;

use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::KeyType;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::countersignature::{
    Countersignature, CountersignatureError, Decision, countersign_di, countersign_jose,
};
use crate::presentation::{PresentationTerms, present_di, present_jose, present_sd_jwt};
use crate::proof::{Cryptosuite, verify_proof};
use crate::secured::Format;
use crate::sign::{add_proof_di, issue_di, secure_di};
use crate::testing::{Party, at, holder, party, statement, with};

fn issuer() -> Party {
    party(11, KeyType::P256)
}

/// Every value that is not mandatory is a word that nothing else in the document contains.
fn document() -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            crate::rdfc::inline_context(),
        ],
        "type": ["VerifiableCredential", "Diploma"],
        "issuer": { "id": issuer().did, "name": "Acme" },
        "validFrom": "2026-01-01T00:00:00Z",
        "name": "zebra",
        "ledgerRecord": { "log": "ledger.example", "salt": "AAECAwQFBgcICQoLDA0ODw" },
        "credentialSubject": {
            "type": ["Student"],
            "givenName": "ostrich",
            "familyName": "walrus",
            "marks": [
                { "course": "badger", "grade": "ferret" },
                { "course": "jackal", "grade": "marmot" },
            ],
            "address": { "street": "gecko", "town": { "name": "lemur", "zip": "okapi" } },
        },
    })
}

/// The pointers to every word, and the word.
const CLAIMS: [(&str, &str); 10] = [
    ("/name", "zebra"),
    ("/credentialSubject/givenName", "ostrich"),
    ("/credentialSubject/familyName", "walrus"),
    ("/credentialSubject/marks/0/course", "badger"),
    ("/credentialSubject/marks/0/grade", "ferret"),
    ("/credentialSubject/marks/1/course", "jackal"),
    ("/credentialSubject/marks/1/grade", "marmot"),
    ("/credentialSubject/address/street", "gecko"),
    ("/credentialSubject/address/town/name", "lemur"),
    ("/credentialSubject/address/town/zip", "okapi"),
];

const CREATED: &str = "2026-01-01T00:00:00Z";

fn terms<'a>(method: &'a str, id: Option<&'a str>) -> ProofTerms<'a> {
    let created = Some(at(CREATED));
    ProofTerms { id, created, ..ProofTerms::new(Cryptosuite::EcdsaSd2023, method) }
}

fn base_of(document: Value, mandatory: &[&str], seed: u64) -> SecuredCredential {
    let issuer = issuer();
    let terms = terms(&issuer.method, Some("urn:uuid:sd"));
    let mut rng = SeededRng::new(seed);
    secure_sd(document, mandatory, (&terms, &issuer.key), Contexts::built_in(), &mut rng).unwrap()
}

fn base() -> SecuredCredential {
    base_of(document(), &["/credentialSubject/familyName"], 1)
}

fn shown(base: &SecuredCredential, pointers: &[&str]) -> Result<SecuredCredential, DeriveError> {
    let disclosure = Disclosure { pointers, ..Disclosure::default() };
    derive(base, &disclosure, Contexts::built_in(), &mut SeededRng::new(5))
}

fn verify(credential: &SecuredCredential) -> Result<(), ProofError> {
    credential.verify_issuer_proof(&issuer().key.public_key())
}

#[test]
fn the_base_credential_is_for_its_holder() {
    let base = base();
    assert_eq!(base.format(), Format::DataIntegritySd);
    assert!(is_base(&base) && base.shows_all());
    let key = issuer().key.public_key();
    assert_eq!(verify_base(&base, &key, Contexts::built_in()), Ok(()));
    assert_eq!(verify(&base).unwrap_err().code(), "disclosure-base-proof");
    let other = holder().key.public_key();
    let outcome = verify_base(&base, &other, Contexts::built_in());
    assert_eq!(outcome, Err(ProofError::KeyMismatch));
    let other = party(12, KeyType::P256).key.public_key();
    assert_eq!(verify_base(&base, &other, Contexts::built_in()), Err(ProofError::Invalid));
}

#[test]
fn what_every_verifier_needs_is_mandatory() {
    let expected = ["/credentialSubject/familyName", "/issuer", "/validFrom", "/ledgerRecord"];
    assert_eq!(mandatory(&base()).unwrap(), expected);
    let derived = shown(&base(), &[]).unwrap();
    assert_eq!(verify(&derived), Ok(()));
    let value = derived.credential().value();
    for name in ["issuer", "validFrom", "ledgerRecord", "type"] {
        assert_eq!(value.get(name), document().get(name), "{name}");
    }
    assert_eq!(value["credentialSubject"], json!({ "type": ["Student"], "familyName": "walrus" }));
}

#[test]
fn every_choice_is_listed_and_can_be_made() {
    let base = base();
    let mut choices = choices(&base).unwrap();
    choices.sort_unstable();
    let mut expected: Vec<&str> = CLAIMS.iter().map(|(pointer, _)| *pointer).collect();
    expected.retain(|pointer| *pointer != "/credentialSubject/familyName");
    expected.sort_unstable();
    assert_eq!(choices, expected);
    for choice in &choices {
        assert_eq!(verify(&shown(&base, &[choice]).unwrap()), Ok(()), "{choice}");
    }
}

#[test]
fn a_derived_credential_is_not_derived_again() {
    let derived = shown(&base(), &["/name"]).unwrap();
    assert!(!is_base(&derived) && !derived.shows_all());
    assert_eq!(shown(&derived, &[]).unwrap_err().code(), "disclosure-already-derived");
    assert_eq!(mandatory(&derived).unwrap_err(), DeriveError::AlreadyDerived);
    let key = issuer().key.public_key();
    let outcome = verify_base(&derived, &key, Contexts::built_in());
    assert_eq!(outcome, Err(ProofError::DerivedProof));
    let other = issue_di(document(), "urn:uuid:a", &issuer().method, &issuer().key, at(CREATED));
    assert_eq!(shown(&other.unwrap(), &[]).unwrap_err().code(), "disclosure-no-base-proof");
}

#[test]
fn pointers_that_lead_nowhere_and_results_that_are_no_credential_are_named() {
    let base = base_of(document(), &[], 1);
    assert_eq!(shown(&base, &["/age"]).unwrap_err().code(), "json-pointer-not-found");
    assert_eq!(shown(&base, &["age"]).unwrap_err().code(), "json-pointer-invalid");
    // Nobody is the subject of what is shown.
    assert_eq!(shown(&base, &["/name"]).unwrap_err().code(), "credential-subject-invalid");
    // Mandatory pointers are judged when the credential is made.
    let issuer = issuer();
    let terms = terms(&issuer.method, None);
    let made = secure_sd(
        document(),
        &["/age"],
        (&terms, &issuer.key),
        Contexts::built_in(),
        &mut SeededRng::new(1),
    );
    assert_eq!(made.unwrap_err().code(), "json-pointer-not-found");
}

#[test]
fn only_keys_on_p256_make_such_proofs_and_only_with_their_own_function() {
    let ed25519 = holder();
    let made = secure_sd(
        document(),
        &[],
        (&terms(&ed25519.method, None), &ed25519.key),
        Contexts::built_in(),
        &mut SeededRng::new(1),
    );
    assert_eq!(made.unwrap_err().code(), "proof-suite-key-mismatch");
    let issuer = issuer();
    let terms = terms(&issuer.method, None);
    let made = secure_di(document(), &terms, &issuer.key, Contexts::built_in());
    assert_eq!(made.unwrap_err().code(), "proof-suite-unsupported");
    let covering = ProofTerms { previous: &["urn:uuid:x"], ..terms };
    let made = secure_sd(
        document(),
        &[],
        (&covering, &issuer.key),
        Contexts::built_in(),
        &mut SeededRng::new(1),
    );
    assert_eq!(made.unwrap_err().code(), "disclosure-covers-proofs");
}

#[test]
fn secrets_of_two_credentials_differ() {
    let [one, other] = [1, 2].map(|seed| base_of(document(), &[], seed));
    assert_ne!(one.issuance_digest(), other.issuance_digest());
    let labels = |base: &SecuredCredential| {
        let shown = shown(base, &["/credentialSubject"]).unwrap();
        shown.issuer_proof().unwrap().value()["proofValue"].clone()
    };
    assert_ne!(labels(&one), labels(&other));
}

#[test]
fn receipts_and_countersignatures_hold_for_whatever_is_shown() {
    let base = base();
    let holder = holder();
    let statement = statement(&holder, Decision::Accept, 1);
    let beside = countersign_jose(&base, &statement, &holder.key).unwrap();
    let countersignature = Countersignature::parse_compact(&beside).unwrap();
    let key = holder.key.public_key();
    assert_eq!(countersignature.verify(&base, &key), Ok(()));
    for pointers in [&[][..], &["/name"], &["/credentialSubject"]] {
        let derived = shown(&base, pointers).unwrap();
        assert_eq!(derived.issuance_digest(), base.issuance_digest());
        assert_eq!(derived.format().as_str(), "di-sd");
        assert_eq!(countersignature.verify(&derived, &key), Ok(()));
    }
    // Another credential with the same claims is another.
    let other = shown(&base_of(document(), &[], 2), &["/credentialSubject"]).unwrap();
    assert_eq!(countersignature.verify(&other, &key), Err(CountersignatureError::OtherCredential));
    // A proof in the document would cover what is gone later.
    let inside = countersign_di(&base, "urn:uuid:b", &statement, &holder.key);
    assert_eq!(inside.unwrap_err().code(), "countersignature-form-mismatch");
}

#[test]
fn a_base_credential_is_never_presented() {
    let holder = holder();
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: "n",
        audience: "https://verifier.example",
        created: at(CREATED),
    };
    let derived = shown(&base(), &["/name"]).unwrap();
    for present in [present_di, present_jose, present_sd_jwt] {
        let refused = present(&[base()], &terms, &holder.key).unwrap_err();
        assert_eq!(refused.code(), "disclosure-base-proof");
        let presented = present(std::slice::from_ref(&derived), &terms, &holder.key).unwrap();
        assert_eq!(verify(&presented.credentials()[0]), Ok(()));
    }
}

#[test]
fn the_digest_is_that_of_the_issuers_signature_bytes() {
    let signature = base().issuer_proof().unwrap().base_signature().unwrap();
    assert_eq!(signature.len(), 64);
    assert_eq!(base().issuance_digest(), inkan_core::sha256(&[&signature]));
}

/// Beside the base proof: a proof over all of the document, one that covers that, and another base proof.
fn with_other_proofs() -> SecuredCredential {
    let issuer = issuer();
    let contexts = Contexts::built_in();
    let plain = |id, previous| ProofTerms {
        id: Some(id),
        created: Some(at(CREATED)),
        previous,
        ..ProofTerms::new(Cryptosuite::EcdsaRdfc2019, &issuer.method)
    };
    let base = base();
    let two = add_proof_di(&base, &plain("urn:uuid:set", &[]), &issuer.key, contexts).unwrap();
    let terms_of_chain = plain("urn:uuid:chain", &["urn:uuid:set"]);
    let three = add_proof_di(&two, &terms_of_chain, &issuer.key, contexts).unwrap();
    let over_base = plain("urn:uuid:over", &["urn:uuid:sd"]);
    let four = add_proof_di(&three, &over_base, &issuer.key, contexts).unwrap();
    let other = party(12, KeyType::P256);
    let terms = terms(&other.method, Some("urn:uuid:other"));
    let pointers = ["/credentialSubject/givenName"];
    add_proof_sd(&four, &pointers, (&terms, &other.key), contexts, &mut SeededRng::new(9)).unwrap()
}

fn kept(pointers: &[&str], keep: &[&str]) -> Result<SecuredCredential, DeriveError> {
    let disclosure = Disclosure { pointers, keep, ..Disclosure::default() };
    derive(&with_other_proofs(), &disclosure, Contexts::built_in(), &mut SeededRng::new(5))
}

fn verify_all(credential: &SecuredCredential) -> usize {
    for proof in credential.proofs() {
        let (_, multikey) = proof.verification_method().split_once('#').unwrap();
        let key = PublicKey::from_multikey(multikey).unwrap();
        let index = credential.proofs().iter().position(|one| one == proof).unwrap();
        let document = credential.credential().value();
        assert_eq!(verify_proof(document, credential.proofs(), index, &key), Ok(()));
    }
    credential.proofs().len()
}

#[test]
fn of_a_set_only_what_is_chosen_stays() {
    let alone = kept(&["/name"], &[]).unwrap();
    assert_eq!(verify_all(&alone), 1);
    // The other base proof shows what it has to.
    let both = kept(&["/name"], &["urn:uuid:other"]).unwrap();
    assert_eq!(verify_all(&both), 2);
    assert_eq!(both.credential().value()["credentialSubject"]["givenName"], "ostrich");
    assert_eq!(alone.credential().value()["credentialSubject"].get("givenName"), None);
}

#[test]
fn proofs_over_all_of_the_document_stay_with_all_of_it() {
    let all = kept(&[""], &["urn:uuid:set", "urn:uuid:chain", "urn:uuid:other"]).unwrap();
    assert_eq!(verify_all(&all), 4);
    let one = kept(&[""], &["urn:uuid:set"]).unwrap();
    assert_eq!(verify_all(&one), 2);
}

#[test]
fn of_every_proof_those_stay_that_can() {
    let ids = |credential: &SecuredCredential| {
        let ids = credential.proofs().iter().filter_map(Proof::id);
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    let base = with_other_proofs();
    let part = kept(&["/name"], &[EVERY]).unwrap();
    assert_eq!(
        (verify_all(&part), ids(&part)),
        (2, vec!["urn:uuid:sd".into(), "urn:uuid:other".into()])
    );
    let lost: Vec<_> = left_out(&base, &part).iter().filter_map(|proof| proof.id()).collect();
    assert_eq!(lost, ["urn:uuid:set", "urn:uuid:chain", "urn:uuid:over"]);
    // Of the whole those over all of it stay too, but for one that covers what became another proof.
    let whole = kept(&[""], &[EVERY]).unwrap();
    assert_eq!(verify_all(&whole), 4);
    let lost: Vec<_> = left_out(&base, &whole).iter().filter_map(|proof| proof.id()).collect();
    assert_eq!(lost, ["urn:uuid:over"]);
    assert_eq!(left_out(&base, &kept(&["/name"], &[]).unwrap()).len(), 4);
}

#[test]
fn a_proof_without_an_id_stays_with_every_other() {
    let other = party(13, KeyType::Bls12381G2);
    let terms = ProofTerms::new(Cryptosuite::Bbs2023, &other.method);
    let mut plain = document();
    plain.as_object_mut().unwrap().remove("ledgerRecord");
    let base = base_of(plain, &["/credentialSubject/familyName"], 3);
    let pointers = ["/credentialSubject/givenName"];
    let by: (&ProofTerms<'_>, &dyn Signer) = (&terms, &other.key);
    let contexts = Contexts::built_in();
    let both = add_proof_sd(&base, &pointers, by, contexts, &mut SeededRng::new(4)).unwrap();
    let disclosure = Disclosure { pointers: &["/name"], keep: &[EVERY], ..Disclosure::default() };
    let part = derive(&both, &disclosure, contexts, &mut SeededRng::new(5)).unwrap();
    assert_eq!(verify_all(&part), 2);
    assert!(left_out(&both, &part).is_empty());
    assert_eq!(left_out(&both, &shown(&both, &["/name"]).unwrap()).len(), 1);
}

#[test]
fn proofs_that_no_longer_fit_cannot_stay() {
    for (pointers, keep) in [
        (&["/name"][..], &["urn:uuid:set"][..]),
        (&[""], &["urn:uuid:chain"]),
        (&[""], &["urn:uuid:over"]),
        (&[""], &["urn:uuid:nothing"]),
    ] {
        let error = kept(pointers, keep).unwrap_err();
        assert_eq!(error.code(), "disclosure-proof-not-kept", "{keep:?}");
    }
}

/// Every place in a document at which a member or an item can be changed.
fn places(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| places(inner, format!("{path}/{name}"), out));
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(index, inner)| places(inner, format!("{path}/{index}"), out));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push(path),
    }
}

fn accepts(value: Value) -> bool {
    SecuredCredential::parse_value(value).is_ok_and(|credential| verify(&credential).is_ok())
}

#[test]
fn no_changed_claim_is_accepted() {
    let derived = shown(&base(), &["/name", "/credentialSubject/marks/1/grade"]).unwrap();
    let value = derived.to_value();
    assert!(accepts(value.clone()));
    let mut all = Vec::new();
    places(&value, String::new(), &mut all);
    for path in all {
        let changed = with(value.clone(), &path, json!("urn:uuid:changed"));
        assert!(!accepts(changed), "{path}");
    }
    for (path, added) in [
        ("/credentialSubject/givenName", json!("ostrich")),
        ("/credentialSubject/id", json!("did:example:me")),
        ("/credentialSubject/marks/0/course", json!("jackal")),
        ("/id", json!("urn:uuid:changed")),
        ("/validUntil", json!("2029-01-01T00:00:00Z")),
        ("/credentialSubject/marks", Value::Null),
        ("/ledgerRecord", Value::Null),
        ("/name", Value::Null),
    ] {
        assert!(!accepts(with(value.clone(), path, added)), "{path}");
    }
}

#[test]
fn no_changed_byte_of_the_proof_is_accepted() {
    let derived = shown(&base(), &["/credentialSubject/marks/1/grade"]).unwrap();
    let value = derived.to_value();
    let text = value["proof"]["proofValue"].as_str().unwrap();
    let bytes = inkan_core::encoding::decode_b64u(text.strip_prefix('u').unwrap()).unwrap();
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        let text = format!("u{}", inkan_core::encoding::b64u(&changed));
        assert!(!accepts(with(value.clone(), "/proof/proofValue", json!(text))), "byte {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is shown verifies; what is not shown is nowhere in the bytes; what is mandatory always is.
    #[test]
    fn any_subset_verifies_and_tells_nothing_else(
        chosen in proptest::collection::vec(any::<bool>(), CLAIMS.len()),
        mandatory in proptest::collection::vec(0..CLAIMS.len(), 0..3),
    ) {
        let required: Vec<&str> = mandatory.iter().map(|index| CLAIMS[*index].0).collect();
        let base = base_of(document(), &required, 3);
        // Without a claim about the subject nothing is a credential.
        let mut pointers = vec!["/credentialSubject/familyName"];
        pointers.extend(CLAIMS.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|((p, _), _)| *p));
        let derived = shown(&base, &pointers).unwrap();
        let bytes = derived.to_bare();
        let read = SecuredCredential::parse(bytes.as_bytes()).unwrap();
        prop_assert_eq!(verify(&read), Ok(()));
        prop_assert_eq!(read.issuance_digest(), base.issuance_digest());
        for (pointer, word) in CLAIMS {
            let wanted = pointers.contains(&pointer) || required.contains(&pointer);
            prop_assert_eq!(bytes.contains(word), wanted, "{}", pointer);
        }
        prop_assert!(bytes.contains("ledgerRecord") && bytes.contains("Acme"));
    }

    /// Whatever bytes stand in the proof's value: no panic, no derived credential that is not read, nothing that verifies.
    #[test]
    fn foreign_proof_values_do_no_harm(
        derived in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let base = base();
        let value = if derived { shown(&base, &[""]).unwrap() } else { base }.to_value();
        let text = value["proof"]["proofValue"].as_str().unwrap().strip_prefix('u').unwrap();
        let original = inkan_core::encoding::decode_b64u(text).unwrap();
        let mut bytes = original.clone();
        for (index, byte) in changes {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        prop_assume!(bytes != original);
        let text = format!("u{}", inkan_core::encoding::b64u(&bytes));
        let changed = SecuredCredential::parse_value(with(value, "/proof/proofValue", json!(text)));
        if let Ok(changed) = changed {
            prop_assert!(verify(&changed).is_err());
            let key = issuer().key.public_key();
            prop_assert!(verify_base(&changed, &key, Contexts::built_in()).is_err());
            if let Ok(derived) = shown(&changed, &["/name", "/credentialSubject/marks/0"]) {
                prop_assert!(SecuredCredential::parse(derived.to_bare().as_bytes()).is_ok());
                prop_assert_eq!(derived.issuance_digest(), changed.issuance_digest());
            }
        }
    }
}
