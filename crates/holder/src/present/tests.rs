use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::model::CONTEXT_V2;
use inkan_credential::sign;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

const ME: &str = "did:example:me";

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn credentials() -> Vec<SecuredCredential> {
    let value = json!({
        "@context": [CONTEXT_V2], "type": ["VerifiableCredential"],
        "issuer": "did:example:acme", "credentialSubject": { "id": ME },
    });
    let (method, now) = ("did:example:acme#k", Timestamp::EPOCH);
    vec![
        sign::issue_di(value.clone(), "urn:a:1", method, &key(1), now).unwrap(),
        sign::issue_jose(value, method, &key(1)).unwrap(),
    ]
}

const TERMS: PresentationTerms<'static> = PresentationTerms {
    holder: ME,
    method: "did:example:me#k",
    nonce: "n",
    audience: "https://bank.example",
    created: Timestamp::EPOCH,
};

#[test]
fn credentials_of_both_formats_travel_in_both_forms() {
    for format in [Format::DataIntegrity, Format::Jose, Format::SdJwt] {
        let presentation = present(&credentials(), format, &TERMS, &key(2)).unwrap();
        assert_eq!(presentation.credentials().len(), 2);
        assert_eq!(presentation.verify_proof(&key(2).public_key()), Ok(()));
        assert!(presentation.verify_proof(&key(1).public_key()).is_err());
    }
}

#[test]
fn what_could_be_replayed_or_is_not_the_holders_is_not_signed() {
    let code = |credentials: &[SecuredCredential], terms: &PresentationTerms<'_>| {
        present(credentials, Format::Jose, terms, &key(2)).unwrap_err().code()
    };
    let all = credentials();
    assert_eq!(code(&[], &TERMS), "presentation-empty");
    assert_eq!(code(&all, &PresentationTerms { nonce: "", ..TERMS }), "presentation-unbound");
    assert_eq!(code(&all, &PresentationTerms { audience: "", ..TERMS }), "presentation-unbound");
    let foreign = PresentationTerms { method: "did:example:you#k", ..TERMS };
    assert_eq!(code(&all, &foreign), "presentation-key-foreign");
    let many = vec![all[1].clone(); 65];
    assert_eq!(code(&many, &TERMS), "signing-result-unreadable");
}
