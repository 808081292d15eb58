use inkan_core::rng::insecure::SeededRng;
use inkan_credential::model::CONTEXT_V2;
use inkan_credential::presentation::{PresentationTerms, present_di};
use inkan_credential::sign;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;

const ME: &str = "did:example:me";
const METHOD: &str = "did:example:me#k";

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn presented() -> Presentation {
    let value = json!({
        "@context": [CONTEXT_V2], "type": ["VerifiableCredential"],
        "issuer": "did:example:acme", "credentialSubject": { "id": ME, "role": "engineer" },
    });
    let now = Timestamp::EPOCH;
    let credential = sign::issue_di(value, "urn:a:1", "did:example:acme#k", &key(1), now).unwrap();
    let terms = PresentationTerms {
        holder: ME,
        method: METHOD,
        nonce: "n",
        audience: "https://bank.example",
        created: now,
    };
    present_di(&[credential], &terms, &key(2)).unwrap()
}

fn consent<'a>(purposes: &'a [ConsentPurpose], method: &'a str) -> Consent<'a> {
    Consent {
        method,
        receiver: None,
        purposes,
        notice: None,
        policy: None,
        until: None,
        keep_until: None,
        recipients: &[],
        jurisdiction: None,
        withdrawal_method: "by letter",
        log: Some("ledger.example"),
    }
}

fn purposes() -> Vec<ConsentPurpose> {
    vec![ConsentPurpose { id: None, text: "Opening an account".to_owned() }]
}

#[test]
fn a_consent_is_given_and_taken_back_once_by_its_holder() {
    let (now, mut rng) = (Timestamp::EPOCH, SeededRng::new(9));
    let (presentation, purposes) = (presented(), purposes());
    let wanted = consent(&purposes, METHOD);
    let given = give_consent(&presentation, &wanted, &key(2), now, &mut rng).unwrap();
    assert_eq!(given.covers(&presentation), Ok(()));
    assert_eq!(given.terms().receiver.audience, "https://bank.example");
    assert!(given.event().salt.is_some());
    let other = give_consent(&presentation, &wanted, &key(2), now, &mut rng).unwrap();
    assert_ne!(other.terms().act, given.terms().act, "acts are drawn");

    let pair = (METHOD, Some("no more"));
    let early = now.plus_seconds(-30);
    let last = withdraw_consent(&given, pair, &key(2), early, &mut rng).unwrap();
    assert_eq!(last.follows(&given), Ok(()), "also by a clock that is behind");
    assert_ne!(last.event().salt, given.event().salt, "no salt is used twice");
    let again = withdraw_consent(&last, pair, &key(2), now, &mut rng).unwrap_err();
    assert_eq!(again.code(), "consent-already-withdrawn");
    let foreign = ("did:example:you#k", None);
    let error = withdraw_consent(&given, foreign, &key(3), now, &mut rng).unwrap_err();
    assert_eq!(error.code(), "consent-not-own");
}

#[test]
fn nobody_consents_to_what_somebody_else_presented_or_without_a_purpose() {
    let (now, mut rng) = (Timestamp::EPOCH, SeededRng::new(9));
    let (presentation, purposes) = (presented(), purposes());
    let foreign = consent(&purposes, "did:example:you#k");
    let error = give_consent(&presentation, &foreign, &key(3), now, &mut rng).unwrap_err();
    assert_eq!(error.code(), "consent-not-own");
    let idle = consent(&[], METHOD);
    let error = give_consent(&presentation, &idle, &key(2), now, &mut rng).unwrap_err();
    assert_eq!(error.code(), "consent-malformed");
    let mut over = consent(&purposes, METHOD);
    over.until = Some(now);
    let error = give_consent(&presentation, &over, &key(2), now, &mut rng).unwrap_err();
    assert_eq!(error.code(), "consent-malformed", "it would have ended before it begins");
}
