use serde_json::json;

use super::*;
use crate::testing::{unsigned, with};

fn code(value: Value) -> &'static str {
    Credential::from_value(value).unwrap_err().code()
}

#[test]
fn a_credential_gives_its_parts() {
    let mut value = unsigned();
    value["credentialStatus"] = json!({
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "94567", "statusListCredential": "https://acme.example/status/1",
    });
    value["credentialSchema"] = json!([
        { "id": "https://acme.example/badge.json", "type": "JsonSchema" },
        { "id": "https://acme.example/badge.vc", "type": "JsonSchemaCredential" },
    ]);
    value["evidence"] = json!({ "type": ["Evidence"], "note": 1 });
    let credential = Credential::from_value(value).unwrap();
    assert_eq!(credential.types().collect::<Vec<_>>(), ["VerifiableCredential", "Badge"]);
    assert_eq!(credential.issuer(), crate::testing::issuer().did);
    assert_eq!(credential.issuer_name(), Some("Acme"));
    assert_eq!(credential.subject_id(), Some(crate::testing::holder().did.as_str()));
    assert_eq!(credential.valid_until().unwrap().to_string(), "2027-01-01T00:00:00Z");
    let entry = &credential.status()[0];
    assert_eq!((entry.index, entry.size, entry.purpose), (94_567, 1, StatusPurpose::Revocation));
    assert_eq!(credential.schemas()[0].kind, SchemaKind::JsonSchema);
    assert_eq!(credential.schemas()[1].kind, SchemaKind::Unknown("JsonSchemaCredential".into()));
    assert_eq!(credential.evidence().len(), 1);
    let record = credential.ledger_record().unwrap();
    assert_eq!((record.log.as_str(), record.salt[15]), ("ledger.example", 15));
}

#[test]
fn several_subjects_have_no_single_id() {
    let value = with(unsigned(), "/credentialSubject", json!([{ "id": "did:a:1" }, { "x": 1 }]));
    let credential = Credential::from_value(value).unwrap();
    assert_eq!(credential.subjects().len(), 2);
    assert_eq!(credential.subject_id(), None);
}

#[test]
fn an_unknown_status_type_is_named() {
    let value = with(unsigned(), "/credentialStatus", json!({ "type": "OtherStatus" }));
    let credential = Credential::from_value(value).unwrap();
    assert_eq!(credential.unknown_status(), ["OtherStatus"]);
    assert!(credential.status().is_empty());
}

#[test]
fn every_broken_rule_has_its_code() {
    let status = |member: &str, value: Value| {
        let entry = json!({
            "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
            "statusListIndex": "1", "statusListCredential": "https://acme.example/status/1",
        });
        with(
            with(unsigned(), "/credentialStatus", entry),
            &format!("/credentialStatus/{member}"),
            value,
        )
    };
    let v1 = "https://www.w3.org/2018/credentials/v1";
    let cases: Vec<(&str, Value)> = vec![
        ("credential-not-object", json!([])),
        ("vcdm-version-unsupported", with(unsigned(), "/@context", json!([v1]))),
        ("vcdm-version-unsupported", with(unsigned(), "/@context", json!(v1))),
        ("credential-context-invalid", with(unsigned(), "/@context", Value::Null)),
        ("credential-context-invalid", with(unsigned(), "/@context", json!([]))),
        ("credential-context-invalid", with(unsigned(), "/@context", json!(CONTEXT_V2))),
        ("credential-context-invalid", with(unsigned(), "/@context", json!(["https://x.example"]))),
        ("credential-context-invalid", with(unsigned(), "/@context", json!([CONTEXT_V2, "x"]))),
        ("credential-context-invalid", with(unsigned(), "/@context", json!([CONTEXT_V2, 1]))),
        ("credential-type-invalid", with(unsigned(), "/type", Value::Null)),
        ("credential-type-invalid", with(unsigned(), "/type", json!([]))),
        ("credential-type-invalid", with(unsigned(), "/type", json!(["Badge"]))),
        ("credential-type-invalid", with(unsigned(), "/type", json!(["VerifiableCredential", 1]))),
        (
            "credential-type-invalid",
            with(unsigned(), "/type", json!(["VerifiableCredential", "a b"])),
        ),
        ("credential-id-invalid", with(unsigned(), "/id", json!("no url"))),
        ("credential-id-invalid", with(unsigned(), "/id", json!(["urn:a"]))),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", Value::Null)),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", json!("acme"))),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", json!(["did:a:1"]))),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", json!({ "name": "Acme" }))),
        (
            "credential-issuer-invalid",
            with(unsigned(), "/issuer", json!({ "id": "did:a:1", "name": 1 })),
        ),
        ("credential-date-invalid", with(unsigned(), "/validFrom", json!("2026-01-01"))),
        ("credential-date-invalid", with(unsigned(), "/validFrom", json!("2026-01-01T00:00:00"))),
        ("credential-date-invalid", with(unsigned(), "/validUntil", json!(1_767_225_600))),
        (
            "credential-validity-reversed",
            with(unsigned(), "/validUntil", json!("2025-12-31T23:59:59Z")),
        ),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject", Value::Null)),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject", json!([]))),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject", json!({}))),
        (
            "credential-subject-invalid",
            with(unsigned(), "/credentialSubject", json!([{ "a": 1 }, {}])),
        ),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject", json!("did:a:1"))),
        ("credential-subject-invalid", with(unsigned(), "/credentialSubject/id", json!("me"))),
        ("credential-status-entry-invalid", with(unsigned(), "/credentialStatus", json!("x"))),
        (
            "credential-status-entry-invalid",
            with(unsigned(), "/credentialStatus", json!({ "id": "urn:a" })),
        ),
        ("credential-status-entry-invalid", status("statusPurpose", Value::Null)),
        ("credential-status-entry-invalid", status("statusListIndex", json!(1))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("01"))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("-1"))),
        ("credential-status-entry-invalid", status("statusListCredential", json!("list"))),
        ("credential-status-entry-invalid", status("statusSize", json!(0))),
        (
            "credential-schema-entry-invalid",
            with(unsigned(), "/credentialSchema", json!({ "type": "JsonSchema" })),
        ),
        (
            "credential-schema-entry-invalid",
            with(unsigned(), "/credentialSchema", json!({ "id": "https://a.example" })),
        ),
        ("credential-evidence-invalid", with(unsigned(), "/evidence", json!([{}]))),
        ("credential-evidence-invalid", with(unsigned(), "/evidence", json!("seen"))),
        ("credential-property-invalid", with(unsigned(), "/termsOfUse", json!({ "id": "urn:a" }))),
        ("credential-property-invalid", with(unsigned(), "/refreshService", json!([1]))),
        ("credential-property-invalid", with(unsigned(), "/name", json!(1))),
        ("credential-property-invalid", with(unsigned(), "/description", json!({ "@value": 1 }))),
        (
            "credential-property-invalid",
            with(unsigned(), "/relatedResource", json!({ "id": "https://a.example" })),
        ),
        (
            "credential-property-invalid",
            with(
                unsigned(),
                "/relatedResource",
                json!([
                    { "id": "https://a.example", "digestSRI": "sha256-x" },
                    { "id": "https://a.example", "digestSRI": "sha256-y" },
                ]),
            ),
        ),
        ("ledger-record-invalid", with(unsigned(), "/ledgerRecord", json!("ledger.example"))),
        ("ledger-record-invalid", with(unsigned(), "/ledgerRecord/salt", json!("AAEC"))),
        ("ledger-record-invalid", with(unsigned(), "/ledgerRecord/log", json!("a b"))),
        ("ledger-record-invalid", with(unsigned(), "/ledgerRecord/extra", json!(1))),
        ("credential-proof-misplaced", with(unsigned(), "/proof", json!([]))),
    ];
    for (expected, value) in cases {
        assert_eq!(code(value.clone()), expected, "{value}");
    }
}

#[test]
fn language_values_are_texts() {
    let value = json!([{ "@value": "印鑑", "@language": "ja" }, "seal"]);
    assert!(Credential::from_value(with(unsigned(), "/name", value)).is_ok());
}

#[test]
fn urls_need_a_scheme_and_no_spaces() {
    for good in ["did:key:z6Mk", "https://a.example/b?c#d", "urn:uuid:1", "data:application/vc,x"] {
        assert!(is_url(good), "{good}");
    }
    for bad in ["", "a", ":a", "1a:b", "a:", "a b:c", "a:b c", "a:<b>", "a:b\n"] {
        assert!(!is_url(bad), "{bad}");
    }
}

#[test]
fn entries_are_written_as_they_are_read() {
    let entry = StatusEntry {
        purpose: StatusPurpose::Suspension,
        list_uri: "https://acme.example/status/2".to_owned(),
        index: 7,
        size: 2,
    };
    let value = with(unsigned(), "/credentialStatus", entry.to_value());
    assert_eq!(Credential::from_value(value).unwrap().status(), [entry]);
}
