use serde_json::json;

use super::*;
use crate::testing::{issuer, unsigned, with};

fn badge() -> Value {
    json!({
        "$schema": DIALECT,
        "type": "object",
        "properties": { "credentialSubject": {
            "type": "object",
            "properties": {
                "role": { "type": "string", "pattern": "^[a-z]+$" },
                "grade": { "type": "integer", "maximum": 5 },
            },
            "required": ["role"],
        } },
    })
}

#[test]
fn a_credential_that_keeps_to_its_schema_passes() {
    assert_eq!(validate(&unsigned(), &badge()), Ok(()));
}

#[test]
fn departures_are_named_by_place_and_not_by_value() {
    let mut value = unsigned();
    value["credentialSubject"]["role"] = json!("Secret Agent");
    value["credentialSubject"]["grade"] = json!(9);
    let error = validate(&value, &badge()).unwrap_err();
    assert_eq!(error.code(), "credential-schema-violated");
    let SchemaError::Violated { mut violations } = error.clone() else { panic!("{error}") };
    violations.sort();
    assert_eq!(violations, ["/credentialSubject/grade", "/credentialSubject/role"]);
    assert!(!error.to_string().contains("Secret"));
}

#[test]
fn a_member_that_is_missing_is_named_by_the_place_where_it_should_be() {
    let value = with(unsigned(), "/credentialSubject/role", Value::Null);
    let violations = vec!["/credentialSubject/role".to_owned()];
    assert_eq!(validate(&value, &badge()), Err(SchemaError::Violated { violations }));
}

#[test]
fn very_many_departures_are_not_collected() {
    // Ninety failures for each of the numbers, alone or as the context of another failure.
    let failing = json!({ "items": { "allOf": vec![json!({ "type": "null" }); 90] } });
    for numbers in [failing.clone(), json!({ "anyOf": [failing, { "type": "null" }] })] {
        let subject = json!({ "properties": { "n": numbers } });
        let schema = json!({ "$schema": DIALECT, "properties": { "credentialSubject": subject } });
        let value = |count| with(unsigned(), "/credentialSubject", json!({ "n": vec![0; count] }));
        let violations = vec!["/".to_owned()];
        assert_eq!(
            validate(&value(100_000), &schema),
            Err(SchemaError::Violated { violations: violations.clone() })
        );
        let Err(SchemaError::Violated { violations: few }) = validate(&value(3), &schema) else {
            panic!("zeroes are not null")
        };
        assert!(!few.is_empty() && few.len() <= REPORTED && few != violations);
    }
}

#[test]
fn other_dialects_are_refused() {
    let seven = json!("http://json-schema.org/draft-07/schema#");
    let nineteen = json!("https://json-schema.org/draft/2019-09/schema");
    for dialect in [seven, nineteen, json!(1), Value::Null] {
        let schema = with(badge(), "/$schema", dialect);
        let error = validate(&unsigned(), &schema).unwrap_err();
        assert_eq!(error.code(), "schema-dialect-unsupported", "{schema}");
        assert_eq!(evaluate(&unsigned(), &schema), Evaluation::Indeterminate(error));
    }
}

#[test]
fn schemas_that_need_other_documents_or_are_malformed_are_refused() {
    for schema in [
        json!({ "$schema": DIALECT, "$ref": "https://elsewhere.example/schema.json" }),
        json!({ "$schema": DIALECT, "$ref": "file:///etc/passwd" }),
        json!({ "$schema": DIALECT, "$ref": "other.json", "$id": "https://a.example/b.json" }),
        json!({ "$schema": DIALECT, "properties": { "a": { "$ref": "https://b.example/c" } } }),
        json!({ "$schema": DIALECT, "$ref": "#" }),
        json!({ "$schema": DIALECT, "type": "no such type" }),
        json!({ "$schema": DIALECT, "pattern": "(" }),
        json!(true),
        json!([]),
    ] {
        let error = validate(&unsigned(), &schema).unwrap_err();
        assert_eq!(error.code(), "schema-unusable", "{schema}");
    }
}

#[test]
fn an_evaluation_is_success_failure_or_indeterminate() {
    assert_eq!(evaluate(&unsigned(), &badge()), Evaluation::Success);
    let wrong = with(unsigned(), "/credentialSubject/grade", json!(9));
    let violations = vec!["/credentialSubject/grade".to_owned()];
    assert_eq!(evaluate(&wrong, &badge()), Evaluation::Failure { violations });
    let elsewhere = with(badge(), "/$ref", json!("https://elsewhere.example/schema.json"));
    let outcome = evaluate(&unsigned(), &elsewhere);
    assert!(matches!(outcome, Evaluation::Indeterminate(SchemaError::Unusable { .. })));
}

/// The entry that names the schema `id`, with a digest or without.
fn entry(id: &str, digest: Option<&str>) -> SchemaEntry {
    let mut entry = json!({ "id": id, "type": "JsonSchema" });
    if let Some(digest) = digest {
        entry["digestSRI"] = json!(digest);
    }
    let value = with(unsigned(), "/credentialSchema", entry);
    Credential::from_value(value).unwrap().schemas()[0].clone()
}

#[test]
fn a_schema_whose_digest_is_fixed_is_read_from_these_bytes_alone() {
    let bytes = badge().to_string().into_bytes();
    let digest = inkan_core::encoding::b64(&inkan_core::digest::sha384(&[&bytes]));
    let fixed = entry("https://acme.example/badge.json", Some(&format!("sha384-{digest}")));
    assert_eq!(read(&bytes, &fixed), Ok(badge()));
    let spaced = format!("{:#}", badge());
    let error = read(spaced.as_bytes(), &fixed).unwrap_err();
    assert_eq!(error.code(), "schema-digest-mismatch");
    let free = entry("https://acme.example/badge.json", None);
    assert_eq!(read(spaced.as_bytes(), &free), Ok(badge()));
    assert_eq!(read(b"{", &free).unwrap_err().code(), "schema-unusable");
    assert_eq!(read(b"{\"a\":1,\"a\":2}", &free).unwrap_err().code(), "schema-unusable");
}

/// A credential about a schema, as the specification shows one (§2.2).
fn about_schema() -> Value {
    json!({
        "@context": [crate::model::CONTEXT_V2],
        "id": "https://acme.example/credentials/3734",
        "type": ["VerifiableCredential", "JsonSchemaCredential"],
        "issuer": issuer().did,
        "credentialSchema": {
            "id": META_SCHEMA, "type": "JsonSchema",
            "digestSRI": "sha384-S57yQDg1MTzF56Oi9DbSQ14u7jBy0RDdx0YbeV7shwhCS88G8SCXeFq82PafhCrW",
        },
        "credentialSubject": {
            "id": "https://acme.example/schemas/badge.json",
            "type": "JsonSchema",
            "jsonSchema": badge(),
        },
    })
}

#[test]
fn the_schema_in_a_credential_about_one_is_found() {
    let named = entry("https://acme.example/credentials/3734", None);
    let credential = Credential::from_value(about_schema()).unwrap();
    let schema = schema_in(&credential, &named).unwrap();
    assert_eq!(evaluate(&unsigned(), schema), Evaluation::Success);
    // It need not name itself.
    let nameless = Credential::from_value(with(about_schema(), "/id", Value::Null)).unwrap();
    assert!(schema_in(&nameless, &named).is_ok());
}

#[test]
fn what_is_no_credential_about_a_schema_is_refused() {
    let named = entry("https://acme.example/credentials/3734", None);
    let cases = [
        ("type", "/type", json!(["VerifiableCredential"])),
        ("id", "/id", json!("https://acme.example/credentials/other")),
        ("credentialSchema", "/credentialSchema", Value::Null),
        ("credentialSchema", "/credentialSchema/id", json!("https://acme.example/meta.json")),
        ("credentialSchema", "/credentialSchema/type", json!("OtherSchema")),
        ("credentialSubject", "/credentialSubject", json!([{ "a": 1 }, { "b": 2 }])),
        ("credentialSubject.type", "/credentialSubject/type", json!("Other")),
        ("credentialSubject.jsonSchema", "/credentialSubject/jsonSchema", Value::Null),
        ("credentialSubject.jsonSchema", "/credentialSubject/jsonSchema", json!("{}")),
    ];
    for (member, pointer, new) in cases {
        let value = with(about_schema(), pointer, new.clone());
        let credential = Credential::from_value(value).unwrap();
        let error = schema_in(&credential, &named).unwrap_err();
        assert_eq!(error, SchemaError::Credential { member }, "{pointer} {new}");
        assert_eq!(error.code(), "schema-credential-malformed");
    }
}
