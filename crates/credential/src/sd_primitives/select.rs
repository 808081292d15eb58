//! The part of a JSON document that a list of pointers selects (`selectJsonLd`).
//!
//! A selected value comes whole. What it stands in comes with its `id` (if that is no blank node label) and `type`, the
//! document with its `@context`; of an array come the selected items, in order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{JsonPointer, SelectionError};

/// What of a value is selected.
enum Wanted<'a> {
    All,
    Members(BTreeMap<&'a str, Self>),
}

/// The part of `document` that `pointers` select; `None` if there are none.
///
/// # Errors
///
/// [`SelectionError::PointerNotFound`].
pub(crate) fn select(
    document: &Value,
    pointers: &[JsonPointer],
) -> Result<Option<Value>, SelectionError> {
    let mut wanted = Wanted::Members(BTreeMap::new());
    for pointer in pointers {
        if find(document, pointer.names()).is_none() {
            return Err(SelectionError::PointerNotFound { pointer: pointer.to_string() });
        }
        want(&mut wanted, pointer.names());
    }
    Ok((!pointers.is_empty()).then(|| part(document, &wanted)))
}

fn find<'a>(value: &'a Value, names: &[String]) -> Option<&'a Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(index(name)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// Digits without leading zeroes.
fn index(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (name == "0" || !name.starts_with('0'))).then(|| name.parse().ok()).flatten()
}

fn want<'a>(wanted: &mut Wanted<'a>, names: &'a [String]) {
    match (names.split_first(), wanted) {
        (_, Wanted::All) => {}
        (None, wanted) => *wanted = Wanted::All,
        (Some((first, rest)), Wanted::Members(members)) => {
            let inner = members.entry(first).or_insert_with(|| Wanted::Members(BTreeMap::new()));
            want(inner, rest);
        }
    }
}

fn part(value: &Value, wanted: &Wanted<'_>) -> Value {
    let Wanted::Members(wanted) = wanted else { return value.clone() };
    match value {
        Value::Object(members) => {
            // A value object is one value: its datatype or language is part of it.
            if members.contains_key("@value") {
                return value.clone();
            }
            let mut selected = Map::new();
            for (name, member) in members {
                if always_shown(name, member) {
                    selected.insert(name.clone(), member.clone());
                } else if let Some(wanted) = wanted.get(name.as_str()) {
                    selected.insert(name.clone(), part(member, wanted));
                }
            }
            Value::Object(selected)
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            let selected = numbered.filter_map(|(place, item)| {
                Some(part(item, wanted.get(place.to_string().as_str())?))
            });
            selected.collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Pointers to the single values of `document` that no pointer of `given` covers, and that are not always shown.
pub(crate) fn single_values(document: &Value, given: &[JsonPointer]) -> Vec<JsonPointer> {
    let mut found = Vec::new();
    collect(document, &mut Vec::new(), &mut found);
    found.retain(|place| !given.iter().any(|given| place.names().starts_with(given.names())));
    found
}

fn collect(value: &Value, path: &mut Vec<String>, found: &mut Vec<JsonPointer>) {
    match value {
        Value::Object(members) if !members.contains_key("@value") => {
            for (name, member) in members {
                if !always_shown(name, member) {
                    path.push(name.clone());
                    collect(member, path, found);
                    path.pop();
                }
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                path.push(place.to_string());
                collect(item, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            found.push(JsonPointer::of_names(path))
        }
    }
}

/// What an object always brings: which node it is, of which types, and what its members mean.
fn always_shown(name: &str, member: &Value) -> bool {
    match name {
        "id" => member.as_str().is_some_and(|id| !id.starts_with("_:")),
        "type" | "@context" => true,
        _ => false,
    }
}
