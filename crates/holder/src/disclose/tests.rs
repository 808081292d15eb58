use inkan_core::rng::insecure::SeededRng;
use inkan_credential::sd_jwt::Concealment;
use inkan_credential::sign;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

fn paths(names: &[&str]) -> Vec<ClaimPath> {
    names.iter().map(|name| ClaimPath::parse(name).unwrap()).collect()
}

fn key() -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1))
}

fn credential() -> SecuredCredential {
    let value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": { "id": "did:example:a", "name": "A" },
        "credentialSubject": {
            "id": "did:example:b", "name": "B", "age_over_20": true, "address": { "city": "C" },
        },
    });
    let claims = paths(&[
        "/credentialSubject/name",
        "/credentialSubject/age_over_20",
        "/credentialSubject/address",
        "/credentialSubject/address/city",
    ]);
    let concealment = Concealment { claims: &claims, decoys: 0 };
    let mut rng = SeededRng::new(2);
    sign::issue_sd_jwt(value, &concealment, "did:example:a#k", &key(), &mut rng).unwrap()
}

#[test]
fn only_what_is_chosen_is_in_the_bytes() {
    let whole = credential();
    let part = disclose(&whole, &paths(&["age_over_20"])).unwrap();
    let subject = json!([{ "id": "did:example:b", "age_over_20": true }]);
    assert_eq!(json!(part.credential().subjects()), subject);
    assert_eq!(part.sd_jwt().unwrap().concealed(), 2);
    assert_eq!(part.issuance_digest(), whole.issuance_digest());
    assert!(part.verify_issuer_proof(&key().public_key()).is_ok());
    let nothing = disclose(&whole, &[]).unwrap();
    assert_eq!(json!(nothing.credential().subjects()), json!([{ "id": "did:example:b" }]));
}

#[test]
fn claims_are_named_from_the_subject_or_from_the_whole() {
    let whole = credential();
    for name in ["name", "/name", "/credentialSubject/name", r#"["credentialSubject","name"]"#] {
        let part = disclose(&whole, &paths(&[name])).unwrap();
        assert_eq!(part.credential().subjects()[0]["name"], "B", "{name}");
    }
    let nested = disclose(&whole, &paths(&["/address/city"])).unwrap();
    assert_eq!(nested.credential().subjects()[0]["address"], json!({ "city": "C" }));
    let mut named = disclosable(&whole);
    named.sort();
    assert_eq!(named, ["/address", "/address/city", "/age_over_20", "/name"]);
}

#[test]
fn what_is_not_there_cannot_be_shown() {
    let missing = disclose(&credential(), &paths(&["salary"])).unwrap_err();
    assert_eq!(missing.code(), "claim-path-unknown");
    let value = credential().credential().value().clone();
    let plain = sign::issue_jose(value, "did:example:a#k", &key());
    assert_eq!(disclose(&plain.unwrap(), &[]).unwrap_err(), DisclosureError::Format);
}
