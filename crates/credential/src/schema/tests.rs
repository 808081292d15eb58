use serde_json::json;

use super::*;
use crate::testing::unsigned;

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
fn other_dialects_are_refused() {
    for dialect in [json!("http://json-schema.org/draft-07/schema#"), json!(1)] {
        let mut schema = badge();
        schema["$schema"] = dialect;
        let error = validate(&unsigned(), &schema).unwrap_err();
        assert_eq!(error.code(), "schema-dialect-unsupported");
    }
}

#[test]
fn schemas_that_need_other_documents_or_are_malformed_are_refused() {
    for schema in [
        json!({ "$ref": "https://elsewhere.example/schema.json" }),
        json!({ "$ref": "file:///etc/passwd" }),
        json!({ "type": "no such type" }),
        json!({ "pattern": "(" }),
        json!(true),
        json!([]),
    ] {
        let error = validate(&unsigned(), &schema).unwrap_err();
        assert_eq!(error.code(), "schema-unusable", "{schema}");
    }
}
