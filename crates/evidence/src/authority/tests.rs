use inkan_core::Timestamp;
use serde_json::{Value, json};

use super::{authorise, may_anchor};
use crate::finding::Code;
use crate::registry::{PartyRole, Registry};
use crate::row::Row;

const PARTY: &str = "did:web:kyc.example";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

fn registry(id: &str, entries: Value) -> Registry {
    let value = json!({
        "type": "inkan-registry/1", "id": id, "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z", "entries": entries,
    });
    Registry::from_value(&value).unwrap()
}

fn entry(status: &str) -> Value {
    json!({"id": PARTY, "roles": ["identity_proofer"], "rows": ["R3"], "validFrom": "2026-01-01T00:00:00Z",
           "validUntil": "2026-06-30T00:00:00Z", "status": status})
}

fn judged(registries: &[Registry], time: &str) -> Result<usize, Code> {
    authorise(registries, PARTY, at(time), at("2026-11-21T00:00:00Z")).map(|found| found.len())
}

#[test]
fn two_questions_are_asked_then_and_now() {
    let active = [registry("a", json!([entry("active")]))];
    assert_eq!(judged(&active, "2026-03-01T00:00:00Z"), Ok(1));
    assert_eq!(judged(&active, "2025-12-31T23:59:59Z"), Err(Code::ProoferNotValidAtTime));
    assert_eq!(judged(&active, "2026-07-01T00:00:00Z"), Err(Code::ProoferNotValidAtTime));
    let ended = [registry("a", json!([entry("ended")]))];
    assert_eq!(judged(&ended, "2026-03-01T00:00:00Z"), Ok(1));
    let revoked = [registry("a", json!([entry("revoked-for-cause")]))];
    assert_eq!(judged(&revoked, "2026-03-01T00:00:00Z"), Err(Code::ProoferNotValidAtTime));
    assert_eq!(judged(&[], "2026-03-01T00:00:00Z"), Err(Code::ProoferUnknown));
}

#[test]
fn a_revocation_for_cause_in_one_registry_voids_the_word_of_all() {
    let both = [
        registry("a", json!([entry("active")])),
        registry("b", json!([entry("revoked-for-cause")])),
    ];
    assert_eq!(judged(&both, "2026-03-01T00:00:00Z"), Err(Code::ProoferNotValidAtTime));
}

#[test]
fn an_authority_says_what_its_entry_says_and_no_more() {
    let registries = [registry("a", json!([entry("active")]))];
    let time = at("2026-03-01T00:00:00Z");
    let found = authorise(&registries, PARTY, time, time).unwrap();
    let by = &found[0];
    assert!(by.may_state(Row::R3) && !by.may_state(Row::R1));
    assert!(by.has_role(PartyRole::IdentityProofer) && !by.has_role(PartyRole::RevocationChecker));
    assert!(!may_anchor(&found, &["MyNumberCard".to_owned()]) && !by.may_issue("Badge"));
    assert!(!by.may_make("key_statement") && !by.may_countersign("notary"));
    assert_eq!((by.party(), by.registry(), by.sequence()), (PARTY, "a", 1));
}

#[test]
fn a_root_of_identity_is_one_by_the_word_of_one_registry() {
    let card = ["MyNumberCard".to_owned()];
    let stated = |change: Value| {
        let mut entry = json!({"id": PARTY, "status": "active"});
        entry.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        entry
    };
    let role = stated(json!({"roles": ["root_identity_issuer"]}));
    let with = stated(json!({"anchorTypes": ["MyNumberCard"]}));
    let both = stated(json!({"roles": ["root_identity_issuer"], "anchorTypes": ["MyNumberCard"]}));
    let time = at("2026-03-01T00:00:00Z");
    let anchors = |registries: &[Registry]| {
        may_anchor(&authorise(registries, PARTY, time, time).unwrap(), &card)
    };
    assert!(anchors(&[registry("a", json!([both]))]));
    assert!(anchors(&[registry("a", json!([with, role]))]));
    assert!(!anchors(&[registry("a", json!([role]))]));
    assert!(!anchors(&[registry("a", json!([with]))]));
    assert!(!anchors(&[registry("a", json!([role])), registry("b", json!([with]))]));
}
