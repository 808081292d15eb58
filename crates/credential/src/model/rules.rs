//! The shape rules, one function per group of members.

use inkan_core::{Timestamp, json};
use serde_json::Value;

use super::{CONTEXT_V2, ModelError, items};

const CONTEXT_V1: &str = "https://www.w3.org/2018/credentials/v1";

/// `@context` is a list whose first item is the context of version 2.0 (VCDM §4.3).
pub(crate) fn check_context(value: &Value) -> Result<(), ModelError> {
    let context = value.get("@context").ok_or(ModelError::Context)?;
    let first = context.get(0).unwrap_or(context);
    if first.as_str() == Some(CONTEXT_V1) {
        return Err(ModelError::UnsupportedVersion { version: "1.1" });
    }
    let Some((first, rest)) = context.as_array().and_then(|list| list.split_first()) else {
        return Err(ModelError::Context);
    };
    let known = first.as_str() == Some(CONTEXT_V2);
    let shaped = rest.iter().all(|item| item.is_object() || item.as_str().is_some_and(is_url));
    if known && shaped { Ok(()) } else { Err(ModelError::Context) }
}

/// The names in `type`, whether written alone or as a list.
pub(crate) fn type_names(value: &Value) -> impl Iterator<Item = &str> {
    items(value, "type").iter().filter_map(Value::as_str)
}

/// Whether `type` holds `name`.
pub(crate) fn has_type(value: &Value, name: &str) -> bool {
    type_names(value).any(|one| one == name)
}

/// `type` is one or more terms or URLs, `expected` among them (VCDM §4.5).
pub(super) fn check_types(value: &Value, expected: &'static str) -> Result<(), ModelError> {
    if is_typed(value) && has_type(value, expected) {
        Ok(())
    } else {
        Err(ModelError::Type { expected })
    }
}

/// Whether `type` is there and made of terms or URLs.
pub(super) fn is_typed(value: &Value) -> bool {
    let names = items(value, "type");
    !names.is_empty() && names.iter().all(|name| name.as_str().is_some_and(is_term))
}

fn is_term(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control())
}

/// `id` is absent or one URL (VCDM §4.4).
pub(super) fn check_id(value: &Value) -> Result<(), ModelError> {
    if id_is_absent_or_url(value) { Ok(()) } else { Err(ModelError::Id) }
}

fn id_is_absent_or_url(value: &Value) -> bool {
    value.get("id").is_none_or(|id| id.as_str().is_some_and(is_url))
}

/// Whether `text` is an absolute URL: a scheme, something after it, and no character that URLs must escape.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}

/// The URL in a member that is a URL, or an object whose `id` is one.
pub(crate) fn issuer_like<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    let found = value.get(member)?;
    let text = match found {
        Value::String(text) => text,
        Value::Object(_) => json::text(found, "id")?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    is_url(text).then_some(text)
}

/// The issuer's URL (VCDM §4.7).
pub(super) fn issuer(value: &Value) -> Result<String, ModelError> {
    let url = issuer_like(value, "issuer").ok_or(ModelError::Issuer)?;
    let named = value.get("issuer").is_none_or(texts_are_shaped);
    if named { Ok(url.to_owned()) } else { Err(ModelError::Issuer) }
}

/// The validity period (VCDM §4.9).
pub(super) fn validity(
    value: &Value,
) -> Result<(Option<Timestamp>, Option<Timestamp>), ModelError> {
    let moment = |property: &'static str| match value.get(property) {
        None => Ok(None),
        Some(found) => found
            .as_str()
            .and_then(|text| Timestamp::parse(text).ok())
            .map(Some)
            .ok_or(ModelError::Date { property }),
    };
    let (from, until) = (moment("validFrom")?, moment("validUntil")?);
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err(ModelError::ValidityReversed);
    }
    Ok((from, until))
}

/// `credentialSubject` is one or more objects that say something (VCDM §4.8).
pub(super) fn check_subjects(value: &Value) -> Result<(), ModelError> {
    let subjects = items(value, "credentialSubject");
    let good = |subject: &Value| {
        subject.as_object().is_some_and(|members| !members.is_empty())
            && id_is_absent_or_url(subject)
    };
    if !subjects.is_empty() && subjects.iter().all(good) {
        Ok(())
    } else {
        Err(ModelError::Subject)
    }
}

/// `evidence` objects have a type (VCDM §5.6).
pub(super) fn check_evidence(value: &Value) -> Result<(), ModelError> {
    if are_typed_objects(value, "evidence") { Ok(()) } else { Err(ModelError::Evidence) }
}

/// Members whose objects must have a type, and whose `id`, if any, is a URL (VCDM §§4.13, 5.4, 5.5 and reserved ones).
pub(super) fn check_typed_properties(value: &Value) -> Result<(), ModelError> {
    for property in ["termsOfUse", "refreshService", "renderMethod", "confidenceMethod"] {
        if !are_typed_objects(value, property) {
            return Err(ModelError::Property { property });
        }
    }
    Ok(())
}

fn are_typed_objects(value: &Value, member: &str) -> bool {
    items(value, member)
        .iter()
        .all(|item| item.is_object() && is_typed(item) && id_is_absent_or_url(item))
}

/// `relatedResource` objects name one URL each, none twice, with a digest (VCDM §5.3).
pub(super) fn check_related_resources(value: &Value) -> Result<(), ModelError> {
    const PROPERTY: &str = "relatedResource";
    let resources = items(value, PROPERTY);
    for (position, resource) in resources.iter().enumerate() {
        let digested = ["digestSRI", "digestMultibase"]
            .iter()
            .any(|member| json::text(resource, member).is_some_and(|text| !text.is_empty()));
        let id = json::text(resource, "id").filter(|id| is_url(id));
        let repeated = resources.iter().take(position).any(|other| json::text(other, "id") == id);
        if id.is_none() || repeated || !digested {
            return Err(ModelError::Property { property: PROPERTY });
        }
    }
    Ok(())
}

/// `name` and `description` are texts or language values (VCDM §4.6, §11.1).
pub(super) fn check_texts(value: &Value) -> Result<(), ModelError> {
    for property in ["name", "description"] {
        if !items(value, property).iter().all(is_language_text) {
            return Err(ModelError::Property { property });
        }
    }
    Ok(())
}

fn texts_are_shaped(value: &Value) -> bool {
    check_texts(value).is_ok()
}

fn is_language_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Object(members) => {
            members.get("@value").is_some_and(Value::is_string)
                && members.iter().all(|(name, member)| {
                    matches!(name.as_str(), "@value" | "@language" | "@direction")
                        && member.is_string()
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}
