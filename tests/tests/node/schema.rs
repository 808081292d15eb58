//! The OpenAPI document: every route is in it, nothing else is, and answers are what it says.

use std::sync::OnceLock;

use inkan_server::ledger_node::routes::ROUTES;
use inkan_tests::made_node::HttpAnswer;
use inkan_tests::{read_json, schemas};
use serde_json::{Value, json};

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = read_json(&schemas().join("openapi-ledger.json"));
        // The two that stand in files of their own.
        for (name, file) in [("Receipt", "receipt.schema.json"), ("Current", "current.schema.json")]
        {
            document["components"]["schemas"][name] = read_json(&schemas().join(file));
        }
        document
    })
}

/// A schema of the document as one that stands by itself: validators look for `$id` under `$defs` alone.
fn validator(schema: &Value) -> jsonschema::Validator {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "$defs": document()["components"]["schemas"],
    });
    let text = whole.to_string().replace("#/components/schemas/", "#/$defs/");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&whole).expect("a schema")
}

/// Checks status, media type and body of an answer against the document.
pub(super) fn check(path: &str, method: &str, answer: &HttpAnswer) {
    let operation = &document()["paths"][path][method];
    assert!(operation.is_object(), "{method} {path} is not in the document");
    let mut response = &operation["responses"][answer.status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path}: {} is not in the document: {}",
        answer.status,
        answer.text()
    );
    if let Some(reference) = response["$ref"].as_str() {
        response = document().pointer(&reference[1..]).expect("a response");
    }
    let media_type = answer.header("content-type").split(';').next().expect("a type").trim();
    let Some(content) = response["content"].as_object() else {
        assert!(answer.body.is_empty(), "{method} {path}: a body that is not in the document");
        return;
    };
    let described = content.get(media_type);
    let described =
        described.unwrap_or_else(|| panic!("{method} {path}: {media_type} is not in the document"));
    if media_type.ends_with("json") || media_type.starts_with("application/did") {
        let validator = validator(&described["schema"]);
        let value = answer.json();
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|e| format!("{e} at {}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{value:#}");
    }
}

#[test]
fn every_route_is_in_the_document_and_nothing_else() {
    let mut served = Vec::new();
    for (path, methods) in ROUTES {
        for method in methods {
            served.push((path.replace("{*", "{"), (*method).to_owned()));
        }
    }
    served.sort();
    let mut described = Vec::new();
    for (path, methods) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            described.push((path.clone(), method.clone()));
            let named: Vec<_> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path: Vec<_> = parameters
                .iter()
                .map(|parameter| match parameter["$ref"].as_str() {
                    Some(reference) => document().pointer(&reference[1..]).expect("a parameter"),
                    None => parameter,
                })
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().expect("a name"))
                .collect();
            assert_eq!(in_path, named, "{method} {path}");
        }
    }
    described.sort();
    assert_eq!(served, described);
}

#[test]
fn the_document_is_openapi_of_version_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
    for name in document()["components"]["schemas"].as_object().expect("schemas").keys() {
        let _ = validator(&json!({ "$ref": format!("#/components/schemas/{name}") }));
    }
}
