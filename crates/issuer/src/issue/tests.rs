use inkan_core::rng::insecure::SeededRng;
use inkan_credential::sd_jwt_vc::ABOUT_ITSELF;
use inkan_credential::selective::Disclosure;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::{Map, json};

use super::*;
use crate::draft::tests::plain;
use crate::draft::{DraftError, IssueRequest, draft};

fn drafted(issuer: &str, log: Option<&str>, rng: &mut SeededRng) -> Draft {
    let types = ["Badge".to_owned()];
    let claims: Map<_, _> = json!({ "ial": "3" }).as_object().unwrap().clone();
    let request =
        IssueRequest { issuer, subject: Some("did:example:me"), log, ..plain(&types, &claims) };
    draft(&request, rng).unwrap()
}

#[test]
fn both_formats_and_key_types_are_signed_and_can_be_recorded() {
    let mut rng = SeededRng::new(1);
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        for format in [Format::DataIntegrity, Format::Jose, Format::SdJwt] {
            let key = SecretKey::generate(key_type, &mut rng);
            let issuer = format!("did:key:{}", key.public_key().to_multikey());
            let method = format!("{issuer}#{}", key.public_key().to_multikey());
            let draft = drafted(&issuer, Some("ledger.example"), &mut rng);
            let now = Timestamp::from_seconds(1_767_225_600).unwrap();
            let issued = issue(draft, format, (&method, &key), now, &mut rng).unwrap();
            assert_eq!(issued.credential.format(), format);
            assert_eq!(issued.credential.verify_issuer_proof(&key.public_key()), Ok(()));
            let opening = issued.opening.unwrap();
            assert_eq!(opening.format, format.as_str());
            assert_eq!(opening.digest, issued.credential.issuance_digest());
            let record = issued.credential.credential().ledger_record().unwrap();
            assert_eq!(opening.salt, record.salt);
            assert_eq!(issued.warnings.len(), 1);
        }
    }
}

#[test]
fn without_a_log_nothing_is_to_be_recorded() {
    let mut rng = SeededRng::new(2);
    let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let draft = drafted("did:example:acme", None, &mut rng);
    let issued =
        issue(draft, Format::Jose, ("did:example:acme#k", &key), Timestamp::EPOCH, &mut rng);
    assert_eq!(issued.unwrap().opening, None);
}

#[test]
fn with_selective_disclosure_the_issuers_signature_alone_is_recorded() {
    let mut rng = SeededRng::new(3);
    let key = SecretKey::generate(KeyType::P256, &mut rng);
    let issuer = format!("did:key:{}", key.public_key().to_multikey());
    let method = format!("{issuer}#{}", key.public_key().to_multikey());
    let draft = drafted(&issuer, Some("ledger.example"), &mut rng);
    let issued =
        issue(draft, Format::DataIntegritySd, (&method, &key), Timestamp::EPOCH, &mut rng).unwrap();
    let opening = issued.opening.unwrap();
    assert_eq!(opening.format, "di-sd");
    let pointers = &["/credentialSubject/ial"];
    let shown = Disclosure { pointers, keep: &[], presentation_header: &[] };
    let contexts = Contexts::built_in();
    let derived = selective::derive(&issued.credential, &shown, contexts, &mut rng).unwrap();
    assert_eq!(derived.verify_issuer_proof(&key.public_key()), Ok(()));
    assert_eq!(derived.issuance_digest(), opening.digest);
    assert_eq!(derived.credential().ledger_record().unwrap().salt, opening.salt);
}

/// Each of them would be read as what the credential says of itself, or be lost without a word.
#[test]
fn a_claim_named_like_what_an_sd_jwt_vc_says_of_itself_is_refused() {
    let mut rng = SeededRng::new(77);
    let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let whole = Securing::SdJwtVc(Disclosable::default());
    assert!(ABOUT_ITSELF.contains(&"aka_vcts"), "a name that later drafts took");
    for name in ABOUT_ITSELF {
        let claims = Map::from_iter([(name.to_owned(), json!({ "a": 1 }))]);
        let types = ["Badge".to_owned()];
        let request = plain(&types, &claims);
        let drafted = draft(&request, &mut rng).unwrap();
        let refused = drafted.clone().flat().unwrap_err();
        assert_eq!((refused.code(), refused), ("claim-reserved", DraftError::Reserved { name }));
        let by: (&str, &dyn Signer) = ("did:example:acme#k", &key);
        let signed = issue_with(drafted, &whole, by, Timestamp::EPOCH, &mut rng);
        assert_eq!(signed.unwrap_err().code(), "sd-jwt-claim-name-reserved", "{name}");
    }
}
