//! Scalars and types ([JSON-LD 1.1 API §5.3](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#value-expansion)).

use serde_json::{Map, Value};

use super::super::context::{Context, Relative};
use super::super::error::{RdfcError, broken};
use super::single;

/// §5.3.2: a scalar under `property`, as its term and the context have it.
pub(super) fn expand_value(active: &Context, property: &str, value: &Value) -> Value {
    let term = active.term(property);
    let kind = term.and_then(|term| term.kind.as_deref());
    // 1, 2
    if let Value::String(text) = value {
        let relative = match kind {
            Some("@id") => Some(Relative::Document),
            Some("@vocab") => Some(Relative::Both),
            _ => None,
        };
        if let Some(relative) = relative {
            let iri = active.expand_iri(text, relative);
            let iri = iri.map_or(Value::Null, |iri| iri.into_owned().into());
            return Value::Object(single("@id", iri));
        }
    }
    // 3, 4
    let mut result = single("@value", value.clone());
    match kind {
        Some(kind) if !matches!(kind, "@id" | "@vocab" | "@none") => {
            result.insert("@type".to_owned(), kind.into());
        }
        // 5
        _ if value.is_string() => tag(&mut result, active, property),
        _ => {}
    }
    Value::Object(result)
}

/// Language and direction of a text under `property`.
fn tag(result: &mut Map<String, Value>, active: &Context, property: &str) {
    let term = active.term(property);
    let language = match term.and_then(|term| term.language.as_ref()) {
        Some(own) => own.as_deref(),
        None => active.language.as_deref(),
    };
    if let Some(language) = language {
        result.insert("@language".to_owned(), language.into());
    }
    let direction = match term.and_then(|term| term.direction) {
        Some(own) => own,
        None => active.direction,
    };
    if let Some(direction) = direction {
        result.insert("@direction".to_owned(), direction.as_str().into());
    }
}

/// §5.1.2, step 13.4.4.
pub(super) fn expand_types(typed: &Context, value: &Value) -> Result<Value, RdfcError> {
    let one = |name: &Value| match name {
        Value::String(name) => {
            let iri = typed.expand_iri(name, Relative::Both);
            Ok(iri.map_or(Value::Null, |iri| iri.into_owned().into()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(broken("invalid type value"))
        }
    };
    match value {
        Value::Array(names) => names.iter().map(one).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            one(value)
        }
    }
}
