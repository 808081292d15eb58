use inkan_core::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Prediction, claim_digest, iso_date, predicted};
use crate::claims::level_claims;
use crate::fact::{Basis, FactKind};
use crate::finding::Code;

fn now() -> Timestamp {
    Timestamp::parse_strict("2026-11-21T12:00:00Z").unwrap()
}

fn credential() -> Value {
    json!({
        "type": ["VerifiableCredential", "Badge"], "issuer": "did:web:i",
        "credentialSubject": {"id": "did:key:h", "name": "x"},
        "evidence": [{
            "type": ["Evidence", "IdentityProofingEvidence"], "verificationProcess": "p",
            "time": "2026-03-01T10:22:31Z", "proofer": {"id": "did:web:i", "agent": "automated"},
            "subject": {"holder": "did:key:h", "jkt": "t"},
            "evidence": [{"type": "self_asserted", "documentDetails": {"type": "email"},
                          "checkDetails": [{"checkMethod": "code", "result": "pass"}]}],
        }],
    })
}

fn facts(credential: &Value) -> crate::Facts {
    predicted(&Prediction { credential, issuer: "did:web:i", jkt: "t" }, now())
}

#[test]
fn without_an_authority_every_fact_is_a_claim() {
    let facts = facts(&credential());
    let events = facts.credentials()[0].as_ref().unwrap().events();
    let item = &events[0].items()[0];
    assert_eq!(item.facts().len(), 1);
    assert_eq!(
        (item.facts()[0].kind(), item.facts()[0].basis()),
        (FactKind::OwnerCode, Basis::Claimed)
    );
    assert!(events[0].authorities().is_empty());
    let findings: Vec<_> = facts.findings().iter().map(|finding| finding.code).collect();
    assert_eq!(findings, [Code::ProoferUnknown]);
}

#[test]
fn what_a_credential_says_of_itself_is_in_its_place() {
    let facts = facts(&credential());
    let found = facts.credentials()[0].as_ref().unwrap();
    assert_eq!(found.types(), ["Badge"]);
    assert_eq!(found.subject_id(), Some("did:key:h"));
    assert_eq!(found.claims().keys().collect::<Vec<_>>(), ["name"]);
    assert!(facts.holder().is_none());
}

#[test]
fn only_claims_about_the_presentation_can_be_added_from_outside() {
    let facts = facts(&credential());
    let claim = crate::Fact::claimed(FactKind::HolderProof, inkan_core::sha256(&[]), now());
    assert!(facts.with_claims([claim]).holder().is_none());
}

#[test]
fn claimed_levels_are_found_at_any_depth_and_long_ones_are_not_repeated() {
    let long = "x".repeat(65);
    let found = level_claims(
        &json!({"a": [{"ial": 3}], "claimedLevels": {"ial": "3", "by": "me"}, "amr": ["mfa"], "acr": long}),
        "c",
    );
    let listed: Vec<_> = found.iter().map(|c| (c.path.as_str(), c.value.as_deref())).collect();
    assert_eq!(
        listed,
        [
            ("c.a[0].ial", Some("3")),
            ("c.acr", None),
            ("c.amr[0]", Some("mfa")),
            ("c.claimedLevels.by", Some("me")),
            ("c.claimedLevels.ial", Some("3")),
        ]
    );
}

#[test]
fn claims_are_equal_after_normalisation() {
    let same = |a: Value, b: Value| claim_digest(&a) == claim_digest(&b);
    assert!(same(json!("ｶﾞｲﾄﾞ"), json!("ガイド")));
    assert!(same(json!("１９９０-04-01"), json!("1990/4/1")));
    assert!(same(json!({"b": " x", "a": 1}), json!({"a": 1, "b": "x"})));
    assert!(!same(json!("1990-04-01"), json!("1990-04-02")));
    assert!(!same(json!("1"), json!(1)));
    assert_eq!(iso_date("19900401").as_deref(), Some("1990-04-01"));
    assert_eq!(iso_date("1990-13-01"), None);
    assert_eq!(iso_date("12345678"), None);
    assert_eq!(iso_date("1-2-3-4"), None);
}

proptest! {
    #[test]
    fn normalising_never_panics_and_is_stable(text in "\\PC{0,40}") {
        let value = json!(text);
        prop_assert_eq!(claim_digest(&super::normalised(&value)), claim_digest(&super::normalised(&super::normalised(&value))));
    }
}
