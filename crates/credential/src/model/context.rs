//! `@context`: which version of the data model is spoken, and that no inline context changes what its terms mean.
//!
//! Only contexts written into the document are looked at. Remote ones are the business of the suites that expand them.

use std::collections::BTreeMap;
use std::slice;

use serde_json::{Map, Value};

use super::rules::{has_type, is_url};
use super::{CONTEXT_V1, CONTEXT_V2, DataModel, ModelError, items};

/// Terms that the base context of version 2.0 defines everywhere, all of them protected: no later context may redefine
/// one (VCDM §5.2). Terms of its type-scoped contexts take precedence by themselves and are not listed.
const PROTECTED_V2: [&str; 30] = [
    "...",
    "BitstringStatusList",
    "BitstringStatusListCredential",
    "BitstringStatusListEntry",
    "DataIntegrityProof",
    "EnvelopedVerifiableCredential",
    "EnvelopedVerifiablePresentation",
    "JsonSchema",
    "JsonSchemaCredential",
    "VerifiableCredential",
    "VerifiablePresentation",
    "_sd",
    "_sd_alg",
    "aud",
    "cnf",
    "description",
    "digestMultibase",
    "digestSRI",
    "exp",
    "iat",
    "id",
    "iss",
    "jku",
    "kid",
    "mediaType",
    "name",
    "nbf",
    "sub",
    "type",
    "x5u",
];

/// The same of version 1.1.
const PROTECTED_V1: [&str; 9] = [
    "EcdsaSecp256k1Signature2019",
    "EcdsaSecp256r1Signature2019",
    "Ed25519Signature2018",
    "RsaSignature2018",
    "VerifiableCredential",
    "VerifiablePresentation",
    "id",
    "proof",
    "type",
];

/// Most contexts in one list.
const CONTEXTS: usize = 64;

/// `@context` is a list whose first item is the context of a version, and whose others are URLs or objects, none of them
/// twice (VCDM §4.3).
pub(crate) fn check_context(value: &Value) -> Result<DataModel, ModelError> {
    let list = value.get("@context").and_then(Value::as_array);
    if list.is_some_and(|list| list.len() > CONTEXTS) {
        return Err(ModelError::TooMany { property: "@context", limit: CONTEXTS });
    }
    let (first, rest) = list.and_then(|list| list.split_first()).ok_or(ModelError::Context)?;
    let version = match first.as_str() {
        Some(CONTEXT_V2) => DataModel::V2,
        Some(CONTEXT_V1) => DataModel::V1,
        Some(_) | None => return Err(ModelError::Context),
    };
    let mut protected = BTreeMap::new();
    for (position, item) in rest.iter().enumerate() {
        let repeated = item == first || rest.iter().take(position).any(|other| other == item);
        match item {
            Value::String(url) if is_url(url) && !is_base(url) && !repeated => {}
            Value::Object(context) if !repeated => check_inline(context, version, &mut protected)?,
            Value::String(_)
            | Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_) => return Err(ModelError::Context),
        }
    }
    Ok(version)
}

/// `@context` of an object around an enveloped artefact names the base context, alone or in a list (VCDM §4.13). Its
/// members are read as that context has them, so no other may redefine them.
pub(crate) fn check_envelope_context(value: &Value) -> Result<(), ModelError> {
    if value.get("@context").and_then(Value::as_str) == Some(CONTEXT_V2) {
        return Ok(());
    }
    match check_context(value)? {
        DataModel::V2 => Ok(()),
        DataModel::V1 => Err(ModelError::UnsupportedVersion { version: DataModel::V1.as_str() }),
    }
}

/// No object within a credential brings a context of its own, other than the base context or the list on top once more (both
/// change nothing).
///
/// For credentials whose signature is over the text. There, nobody works out what the terms mean; who reads the JSON takes them for
/// what the list on top makes of them (VCDM §6.3), and so they have to mean that to everybody. Suites over RDF know each context
/// that they come upon. A schema is a value as it is (`@json`), in which such a member is no context.
pub(crate) fn check_nested(value: &Value) -> Result<(), ModelError> {
    let Some(members) = value.as_object() else { return Ok(()) };
    let listed = items(value, "@context");
    let mut own = members.iter().filter(|(name, _)| *name != "@context");
    if own.all(|(_, member)| brings_none(member, listed)) {
        Ok(())
    } else {
        Err(ModelError::ContextNested)
    }
}

fn brings_none(value: &Value, listed: &[Value]) -> bool {
    let members = match value {
        Value::Array(several) => return several.iter().all(|one| brings_none(one, listed)),
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return true,
    };
    members.iter().all(|(name, member)| match name.as_str() {
        "@context" => {
            let again = items(value, name);
            again == listed || listed.first().is_some_and(|base| again == slice::from_ref(base))
        }
        "jsonSchema" if has_type(value, "JsonSchema") => true,
        _ => brings_none(member, listed),
    })
}

fn is_base(url: &str) -> bool {
    matches!(url, CONTEXT_V1 | CONTEXT_V2)
}

/// Whether a term is protected by the base context, and by which definition, as a text, it may be given again; most by none.
fn in_base(version: DataModel, term: &str) -> Option<Option<&'static str>> {
    let terms: &[&str] = match version {
        DataModel::V1 => &PROTECTED_V1,
        DataModel::V2 => &PROTECTED_V2,
    };
    terms.binary_search(&term).ok()?;
    Some(match term {
        "id" => Some("@id"),
        "type" => Some("@type"),
        "name" => Some("https://schema.org/name"),
        "description" => Some("https://schema.org/description"),
        _ => None,
    })
}

/// One inline context: it redefines nothing that is protected, by the base context or by one of those before it, and maps terms
/// to URLs.
fn check_inline<'a>(
    context: &'a Map<String, Value>,
    version: DataModel,
    protected: &mut BTreeMap<&'a str, &'a Value>,
) -> Result<(), ModelError> {
    let all = context.get("@protected") == Some(&Value::Bool(true));
    for (term, definition) in context.iter().filter(|(term, _)| !term.starts_with('@')) {
        let same = match (protected.get(term.as_str()), in_base(version, term)) {
            (Some(first), _) => *first == definition,
            (None, Some(again)) => again.is_some() && again == definition.as_str(),
            (None, None) => true,
        };
        if !same {
            return Err(ModelError::ContextRedefinition);
        }
        if !maps_to_url(definition) {
            return Err(ModelError::Context);
        }
        let own = definition.get("@protected").and_then(Value::as_bool);
        if own.unwrap_or(all) && !definition.is_null() {
            protected.insert(term, definition);
        }
    }
    Ok(())
}

/// Whether a definition maps to what can be a URL: one itself, a keyword, or a name that a prefix or vocabulary completes.
fn maps_to_url(definition: &Value) -> bool {
    let target = match definition {
        Value::Null => return true,
        Value::String(target) => target,
        Value::Object(members) => match members.get("@id") {
            None | Some(Value::Null) => return true,
            Some(Value::String(target)) => target,
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return false;
            }
        },
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => return false,
    };
    if target.contains(':') { is_url(target) } else { !target.chars().any(char::is_whitespace) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(context: Value) -> Result<DataModel, &'static str> {
        check_context(&json!({ "@context": context })).map_err(|error| error.code())
    }

    #[test]
    fn the_first_context_names_the_version() {
        assert_eq!(checked(json!([CONTEXT_V2])), Ok(DataModel::V2));
        assert_eq!(checked(json!([CONTEXT_V1])), Ok(DataModel::V1));
        let more = json!([CONTEXT_V2, "https://a.example/v1", { "a": "https://a.example/#a" }]);
        assert_eq!(checked(more), Ok(DataModel::V2));
    }

    #[test]
    fn other_lists_are_no_contexts() {
        let inline = json!({ "a": "https://a.example/#a" });
        for context in [
            json!(null),
            json!([]),
            json!(CONTEXT_V2),
            json!({}),
            json!(["https://a.example/v1"]),
            json!(["https://a.example/v1", CONTEXT_V2]),
            json!([inline, CONTEXT_V2]),
            json!([CONTEXT_V2, CONTEXT_V2]),
            json!([CONTEXT_V2, CONTEXT_V1]),
            json!([CONTEXT_V1, CONTEXT_V2]),
            json!([CONTEXT_V2, "https://a.example/v1", "https://a.example/v1"]),
            json!([CONTEXT_V2, inline, inline]),
            json!([CONTEXT_V2, "https ://not-a-url/contexts/example/v1"]),
            json!([CONTEXT_V2, 123_192_875]),
            json!([CONTEXT_V2, null]),
            json!([CONTEXT_V2, ["https://a.example/v1"]]),
            json!([CONTEXT_V2, { "a": 1 }]),
            json!([CONTEXT_V2, { "a": "https ://not-a-url#a" }]),
            json!([CONTEXT_V2, { "a": { "@id": "not a url" } }]),
            json!([CONTEXT_V2, { "a": { "@id": ["https://a.example/#a"] } }]),
        ] {
            assert_eq!(checked(context.clone()), Err("credential-context-invalid"), "{context}");
        }
    }

    #[test]
    fn protected_terms_are_sorted_as_the_search_for_them_needs() {
        assert!(PROTECTED_V1.is_sorted() && PROTECTED_V2.is_sorted());
    }

    #[test]
    fn protected_terms_are_not_redefined() {
        let other = "https://example.org/#other";
        for context in [
            json!([CONTEXT_V2, { "VerifiableCredential": other }]),
            json!([CONTEXT_V2, { "id": other }]),
            json!([CONTEXT_V2, { "name": other }]),
            json!([CONTEXT_V2, { "digestSRI": null }]),
            json!([CONTEXT_V1, { "proof": other }]),
            json!([CONTEXT_V2, { "@protected": true, "Own": other }, { "Own": "urn:own" }]),
            json!([CONTEXT_V2, { "Own": { "@id": other, "@protected": true } }, { "Own": null }]),
        ] {
            let expected = Err("credential-context-redefines");
            assert_eq!(checked(context.clone()), expected, "{context}");
        }
        for context in [
            json!([CONTEXT_V2, { "id": "@id", "type": "@type" }]),
            json!([CONTEXT_V2, { "issuer": other }]),
            json!([CONTEXT_V2, { "Own": other }, { "Own": "urn:own" }]),
            json!([CONTEXT_V2, { "@protected": true, "Own": other }, { "Own": other, "b": null }]),
            json!([
                CONTEXT_V2,
                { "@protected": true, "Own": { "@id": other, "@protected": false } },
                { "Own": "urn:own" },
            ]),
            json!([CONTEXT_V2, { "@vocab": "https://a.example/#", "a": "a", "b": "ex:b" }]),
        ] {
            assert_eq!(checked(context.clone()), Ok(DataModel::V2), "{context}");
        }
    }

    #[test]
    fn what_is_within_brings_no_context_of_its_own() {
        let (own, inline) = ("https://a.example/v1", json!({ "a": "https://a.example/#a" }));
        let list = json!([CONTEXT_V2, own, inline]);
        let nested = |context: &Value| {
            let deep = json!([{ "b": { "@context": context, "name": "B" } }]);
            let all = json!({ "@context": list, "credentialSubject": { "deep": deep } });
            check_nested(&all).map_err(|error| error.code())
        };
        for same in [json!(CONTEXT_V2), json!([CONTEXT_V2]), list.clone()] {
            assert_eq!(nested(&same), Ok(()), "{same}");
        }
        for other in [
            json!(null),
            json!([]),
            json!({}),
            json!(own),
            json!([CONTEXT_V2, own]),
            json!([CONTEXT_V2, inline, own]),
            json!("https://other.example/v1"),
            inline,
            json!({ "name": "https://a.example/#other" }),
            json!([CONTEXT_V2, null]),
        ] {
            assert_eq!(nested(&other), Err("credential-context-redefines"), "{other}");
        }
        // A schema of credentials speaks of their contexts, and has none.
        let schema = json!({ "properties": { "@context": { "type": "array" } } });
        let subject = |of: &str| json!({ "type": of, "jsonSchema": schema });
        let all = |subject| json!({ "@context": [CONTEXT_V2], "credentialSubject": subject });
        assert!(check_nested(&all(subject("JsonSchema"))).is_ok());
        assert!(check_nested(&all(subject("Other"))).is_err());
    }

    #[test]
    fn an_envelope_names_the_base_context_alone_or_first() {
        let code = |context: Value| {
            check_envelope_context(&json!({ "@context": context })).map_err(|error| error.code())
        };
        assert_eq!(code(json!(CONTEXT_V2)), Ok(()));
        assert_eq!(code(json!([CONTEXT_V2])), Ok(()));
        assert_eq!(code(json!([])), Err("credential-context-invalid"));
        let other = "https://www.w3.org/ns/credentials/examples/v2";
        assert_eq!(code(json!(other)), Err("credential-context-invalid"));
        assert_eq!(code(json!([other])), Err("credential-context-invalid"));
        assert_eq!(code(json!([CONTEXT_V1])), Err("vcdm-version-unsupported"));
    }
}
