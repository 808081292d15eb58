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
    assert_eq!(credential.schemas()[1].kind, SchemaKind::JsonSchemaCredential);
    assert_eq!(credential.version(), DataModel::V2);
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
fn lists_that_verifiers_work_through_have_limits() {
    let entry = |number: usize| {
        json!({
            "id": format!("https://acme.example/{number}"), "type": "JsonSchema",
            "digestSRI": format!("sha384-{}", "A".repeat(64)),
        })
    };
    let context = |number: usize| json!(format!("https://acme.example/{number}"));
    for (property, limit) in [
        ("@context", 64),
        ("credentialStatus", 16),
        ("credentialSchema", 16),
        ("relatedResource", 64),
    ] {
        let of_length = |length: usize| {
            let mut list: Vec<Value> = match property {
                "@context" => (0..length).map(context).collect(),
                _ => (0..length).map(entry).collect(),
            };
            if property == "@context" {
                list[0] = json!(CONTEXT_V2);
            }
            Credential::from_value(with(unsigned(), &format!("/{property}"), list.into()))
        };
        assert!(of_length(limit).is_ok(), "{property}");
        let error = of_length(limit + 1).unwrap_err();
        assert_eq!(error, ModelError::TooMany { property, limit });
        assert_eq!(error.code(), "credential-too-large");
    }
}

#[test]
fn a_text_that_repeats_long_names_very_often_is_not_made() {
    // As a text, each line would have the name: the credential times the number of its lines.
    let of = |length: usize, count: usize| {
        let inner: Value = (0..count).map(|n| (format!("a{n}"), json!(1))).collect();
        let subject = json!({ "a".repeat(length): inner });
        Credential::from_value(with(unsigned(), "/credentialSubject", subject))
    };
    assert_eq!(of(256 << 10, 1_000).unwrap_err(), ModelError::TextTooLong);
    assert_eq!(of(256, 1_000_000 / 16).unwrap_err().code(), "credential-too-large");
    for (length, count) in [(256 << 10, 10), (32, 50_000)] {
        let text = crate::countersignature::render_text(&of(length, count).unwrap());
        assert!(text.len() < 8 << 20, "{length} {count}");
    }
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
    let cases: Vec<(&str, Value)> = vec![
        ("credential-not-object", json!([])),
        ("vcdm-version-unsupported", v1()),
        (
            "credential-context-redefines",
            with(unsigned(), "/@context", json!([CONTEXT_V2, { "name": "urn:other" }])),
        ),
        ("credential-keyword-misplaced", with(unsigned(), "/@id", json!("urn:a"))),
        ("credential-keyword-misplaced", with(unsigned(), "/@type", json!("Other"))),
        ("credential-keyword-misplaced", with(unsigned(), "/issuer/@id", json!("did:a:1"))),
        (
            "credential-keyword-misplaced",
            with(unsigned(), "/credentialSubject", json!([{ "a": 1 }, { "@type": "b" }])),
        ),
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
        (
            "credential-type-invalid",
            with(unsigned(), "/type", json!(["VerifiableCredential", "1a:b"])),
        ),
        (
            "credential-type-invalid",
            with(unsigned(), "/type", json!(["VerifiableCredential", "@json"])),
        ),
        ("credential-id-invalid", with(unsigned(), "/id", json!("no url"))),
        ("credential-id-invalid", with(unsigned(), "/id", json!(["urn:a"]))),
        ("credential-id-invalid", nulled("id")),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", Value::Null)),
        ("credential-issuer-invalid", with(unsigned(), "/issuer", json!("acme"))),
        ("credential-issuer-invalid", nulled("issuer")),
        ("credential-issuer-invalid", with(unsigned(), "/issuer/id", json!("acme"))),
        ("credential-issuer-invalid", with(unsigned(), "/issuer/description", json!(["Acme"]))),
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
        (
            "credential-subject-invalid",
            with(unsigned(), "/credentialSubject/id", json!(["did:a:1", "did:a:2"])),
        ),
        ("credential-status-entry-invalid", with(unsigned(), "/credentialStatus", json!("x"))),
        (
            "credential-status-entry-invalid",
            with(unsigned(), "/credentialStatus", json!({ "id": "urn:a" })),
        ),
        ("credential-status-entry-invalid", with(unsigned(), "/credentialStatus", json!([]))),
        (
            "credential-status-entry-invalid",
            with(unsigned(), "/credentialStatus", json!({ "type": 2 })),
        ),
        ("credential-status-entry-invalid", status("id", json!(["urn:a", "urn:b"]))),
        ("credential-status-entry-invalid", status("id", json!("https ://a/1"))),
        ("credential-status-entry-invalid", status("id", json!("https://acme.example/status/1"))),
        ("credential-status-entry-invalid", status("statusPurpose", Value::Null)),
        ("credential-status-entry-invalid", status("statusPurpose", json!(["revocation"]))),
        ("credential-status-entry-invalid", status("statusListIndex", json!(1))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("01"))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("-1"))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("+1"))),
        ("credential-status-entry-invalid", status("statusListIndex", json!("1.0"))),
        ("credential-status-entry-invalid", status("statusListIndex", json!(""))),
        ("credential-status-entry-invalid", status("statusListCredential", json!("list"))),
        ("credential-status-entry-invalid", status("statusSize", json!(0))),
        ("credential-status-entry-invalid", status("statusSize", json!("1"))),
        ("credential-status-entry-invalid", status("statusSize", json!(9))),
        ("credential-status-entry-invalid", status("statusSize", json!(2))),
        ("credential-status-entry-invalid", status("statusReference", json!("status"))),
        ("credential-status-entry-invalid", status("statusReference", json!([]))),
        ("credential-schema-entry-invalid", with(unsigned(), "/credentialSchema", json!([]))),
        (
            "credential-schema-entry-invalid",
            with(
                unsigned(),
                "/credentialSchema",
                json!({ "id": "https ://a.example", "type": "JsonSchema" }),
            ),
        ),
        (
            "credential-schema-entry-invalid",
            with(
                unsigned(),
                "/credentialSchema",
                json!({ "id": "urn:a", "type": "JsonSchema", "digestSRI": "sha256-x" }),
            ),
        ),
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
        ("credential-evidence-invalid", with(unsigned(), "/evidence", json!([]))),
        ("credential-evidence-invalid", with(unsigned(), "/evidence", json!({ "type": [] }))),
        (
            "credential-evidence-invalid",
            with(unsigned(), "/evidence", json!({ "type": "Evidence", "id": "no url" })),
        ),
        ("credential-property-invalid", with(unsigned(), "/termsOfUse", json!({ "id": "urn:a" }))),
        ("credential-property-invalid", with(unsigned(), "/refreshService", json!([1]))),
        ("credential-property-invalid", with(unsigned(), "/name", json!(1))),
        ("credential-property-invalid", with(unsigned(), "/description", json!({ "@value": 1 }))),
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
fn typed_members_are_one_or_more_objects_with_a_type() {
    for member in ["termsOfUse", "refreshService", "renderMethod", "confidenceMethod"] {
        let pointer = format!("/{member}");
        for good in [
            json!({ "type": "ExampleType" }),
            json!({ "type": "https://example.org/#ExampleType", "id": "did:example:a" }),
            json!([{ "type": "ExampleType" }, { "type": ["ExampleType"], "more": 1 }]),
        ] {
            let credential = Credential::from_value(with(unsigned(), &pointer, good.clone()));
            assert!(credential.is_ok(), "{member} {good}");
        }
        for bad in [
            json!([]),
            json!({}),
            json!("ExampleType"),
            json!(["ExampleType"]),
            json!({ "id": "did:example:a" }),
            json!({ "type": null }),
            json!({ "type": "a b" }),
            json!({ "type": "ExampleType", "id": "no url" }),
            json!([{ "type": "ExampleType" }, {}]),
        ] {
            let value = with(unsigned(), &pointer, bad.clone());
            assert_eq!(code(value), "credential-property-invalid", "{member} {bad}");
        }
    }
}

/// A credential of version 1.1.
fn v1() -> Value {
    let value = with(unsigned(), "/@context", json!([CONTEXT_V1]));
    let value = with(with(value, "/validFrom", Value::Null), "/validUntil", Value::Null);
    with(value, "/issuanceDate", json!("2026-01-01T00:00:00Z"))
}

/// A credential with a member that is null, which `with` cannot make.
fn nulled(member: &str) -> Value {
    let mut value = unsigned();
    value[member] = Value::Null;
    value
}

#[test]
fn version_1_1_is_read_and_never_written() {
    let value = with(v1(), "/expirationDate", json!("2027-01-01T00:00:00Z"));
    let credential = Credential::read(value.clone()).unwrap();
    assert_eq!(credential.version(), DataModel::V1);
    assert_eq!(credential.valid_from().unwrap().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(credential.valid_until().unwrap().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(code(value.clone()), "vcdm-version-unsupported");
    // Its context reserves the names of version 2.0: where both are used, the narrower period counts.
    let value = with(value, "/validFrom", json!("2026-02-01T00:00:00Z"));
    let value = with(value, "/validUntil", json!("2026-12-01T00:00:00Z"));
    let credential = Credential::read(value).unwrap();
    assert_eq!(credential.valid_from().unwrap().date(), "2026-02-01");
    assert_eq!(credential.valid_until().unwrap().date(), "2026-12-01");
}

#[test]
fn version_1_1_has_rules_of_its_own() {
    let code =
        |pointer: &str, new: Value| Credential::read(with(v1(), pointer, new)).unwrap_err().code();
    assert_eq!(code("/issuanceDate", Value::Null), "credential-date-invalid");
    assert_eq!(code("/issuanceDate", json!("2026-01-01")), "credential-date-invalid");
    assert_eq!(code("/expirationDate", json!("soon")), "credential-date-invalid");
    let before = json!("2025-12-31T00:00:00Z");
    assert_eq!(code("/expirationDate", before), "credential-validity-reversed");
    let nameless = json!({ "type": "ExampleType" });
    assert_eq!(code("/credentialStatus", nameless.clone()), "credential-status-entry-invalid");
    assert_eq!(code("/refreshService", nameless), "credential-property-invalid");
    assert_eq!(code("/issuer", json!("acme")), "credential-issuer-invalid");
}

#[test]
fn bearer_credentials_are_about_nobody_in_particular() {
    assert!(!Credential::from_value(unsigned()).unwrap().is_bearer());
    let value = with(unsigned(), "/credentialSubject/id", Value::Null);
    let credential = Credential::from_value(value).unwrap();
    assert!(credential.is_bearer());
    assert_eq!(credential.subject_id(), None);
    let value = with(unsigned(), "/credentialSubject", json!([{ "a": 1 }, { "id": "did:a:1" }]));
    assert!(!Credential::from_value(value).unwrap().is_bearer());
}

fn entry_of(change: &[(&str, Value)]) -> Result<StatusEntry, &'static str> {
    let mut entry = StatusEntry::new(StatusPurpose::Message, "https://a.example/1", 7).to_value();
    for (member, value) in change {
        entry[member] = value.clone();
    }
    let value = with(unsigned(), "/credentialStatus", entry);
    let credential = Credential::from_value(value).map_err(|error| error.code())?;
    Ok(credential.status()[0].clone())
}

fn table(rows: &[(&str, &str)]) -> Value {
    rows.iter().map(|(status, message)| json!({ "status": status, "message": message })).collect()
}

#[test]
fn a_status_of_several_bits_has_a_message_for_every_value() {
    let four = [("0x0", "pending"), ("0x1", "accepted"), ("0x2", "rejected"), ("0x3", "undefined")];
    let read = |size: u8, rows: &[(&str, &str)]| {
        entry_of(&[("statusSize", json!(size)), ("statusMessage", table(rows))])
    };
    let entry = read(2, &four).unwrap();
    assert_eq!((entry.size, entry.message(2), entry.message(4)), (2, Some("rejected"), None));
    let mut disordered = four;
    disordered.reverse();
    assert_eq!(read(2, &disordered).unwrap(), entry);
    assert!(read(1, &[("0x0", "unset"), ("0x1", "set")]).is_ok());
    let invalid = Err("credential-status-entry-invalid");
    assert_eq!(read(2, &four[..3]), invalid);
    assert_eq!(read(1, &four), invalid);
    assert_eq!(read(3, &four), invalid);
    let twice = [four[0], four[1], four[2], ("0x2", "again")];
    assert_eq!(read(2, &twice), invalid);
    for status in ["3", "0x", "0x+3", "0x4", "0x003", "x3", "0X3", "0xg"] {
        assert_eq!(read(2, &[four[0], four[1], four[2], (status, "x")]), invalid, "{status}");
    }
    for messages in [json!([]), json!({}), json!("set"), json!([{ "status": "0x0" }, four[1].0])] {
        assert_eq!(entry_of(&[("statusMessage", messages.clone())]), invalid, "{messages}");
    }
}

#[test]
fn a_purpose_that_nobody_here_knows_is_named_and_not_judged() {
    let mut entry = StatusEntry::new(StatusPurpose::Message, "https://a.example/1", 7).to_value();
    entry["statusPurpose"] = json!("frozen");
    let known = StatusEntry::new(StatusPurpose::Revocation, "https://a.example/1", 8);
    let value = with(unsigned(), "/credentialStatus", json!([entry, known.to_value()]));
    let credential = Credential::from_value(value).unwrap();
    assert_eq!(credential.unknown_status(), ["frozen"]);
    assert_eq!(credential.status(), [known]);
}

#[test]
fn an_index_beyond_all_lists_is_read_and_is_in_no_list() {
    let huge = "340282366920938463463374607431768211456";
    assert_eq!(entry_of(&[("statusListIndex", json!(huge))]).unwrap().index, u64::MAX);
    assert_eq!(entry_of(&[("statusListIndex", json!("0"))]).unwrap().index, 0);
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
    let plain = StatusEntry::new(StatusPurpose::Suspension, "https://acme.example/status/2", 7);
    let message = |status: u8| StatusMessage { status, message: format!("message {status}") };
    let wide = StatusEntry {
        size: 5,
        messages: (0..32).map(message).collect(),
        references: vec!["https://acme.example/a".to_owned(), "urn:b".to_owned()],
        ..plain.clone()
    };
    let one = StatusEntry { references: vec!["urn:b".to_owned()], ..plain.clone() };
    let all = [plain, wide, one];
    let values = all.iter().map(StatusEntry::to_value).collect();
    let value = with(unsigned(), "/credentialStatus", values);
    assert_eq!(Credential::from_value(value).unwrap().status(), all);
}
