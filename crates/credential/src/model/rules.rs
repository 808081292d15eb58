//! The shape rules, one function per group of members.

use inkan_core::json;
use serde_json::Value;

use super::{DataModel, ModelError, items, text};

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
pub(crate) fn is_typed(value: &Value) -> bool {
    let names = items(value, "type");
    !names.is_empty() && names.iter().all(|name| name.as_str().is_some_and(is_term))
}

/// Where a type may be left out, one that is there is made of terms or URLs all the same (VCDM §4.5). Its holder may have kept
/// back all of a list.
fn type_is_absent_or_sound(value: &Value) -> bool {
    items(value, "type").iter().all(|name| name.as_str().is_some_and(is_term))
}

/// A term, or an absolute URL; keywords are neither.
fn is_term(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let shaped = !text.is_empty() && !text.starts_with('@') && text.chars().all(plain);
    shaped && (!text.contains(':') || is_url(text))
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
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && !rest.chars().any(|c| c.is_whitespace() || c.is_control() || is_escaped_in_urls(c))
}

const fn is_escaped_in_urls(c: char) -> bool {
    matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
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
    let named = value
        .get("issuer")
        .is_none_or(|issuer| text::check_texts(issuer).is_ok() && type_is_absent_or_sound(issuer));
    if named { Ok(url.to_owned()) } else { Err(ModelError::Issuer) }
}

/// `credentialSubject` is one or more objects that say something (VCDM §4.8).
pub(super) fn check_subjects(value: &Value) -> Result<(), ModelError> {
    let subjects = items(value, "credentialSubject");
    let good = |subject: &Value| {
        subject.as_object().is_some_and(|members| !members.is_empty())
            && id_is_absent_or_url(subject)
            && type_is_absent_or_sound(subject)
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

/// Members whose objects must have a type, and whose `id`, if any, is a URL (VCDM §§5.4, 5.5 and, reserved, 5.10). In version
/// 1.1 a refresh service needs an `id` as well.
pub(super) fn check_typed_properties(value: &Value, version: DataModel) -> Result<(), ModelError> {
    for property in ["termsOfUse", "refreshService", "renderMethod", "confidenceMethod"] {
        if !are_typed_objects(value, property) {
            return Err(ModelError::Property { property });
        }
    }
    let property = "refreshService";
    let named = || items(value, property).iter().all(|item| item.get("id").is_some());
    match version {
        DataModel::V1 if !named() => Err(ModelError::Property { property }),
        DataModel::V1 | DataModel::V2 => Ok(()),
    }
}

/// Lists each entry of which is some work for a verifier, or a request to somebody else's server.
const LONGEST: [(&str, usize); 3] =
    [("credentialStatus", 16), ("credentialSchema", 16), ("relatedResource", 64)];

/// None of the lists that a verifier works through is longer than credentials need.
pub(super) fn check_counts(value: &Value) -> Result<(), ModelError> {
    match LONGEST.into_iter().find(|(property, limit)| items(value, property).len() > *limit) {
        Some((property, limit)) => Err(ModelError::TooMany { property, limit }),
        None => Ok(()),
    }
}

/// `cnf`, if it is there, is one object (RFC 7800 §3.1): in a list or as a text it would mean the same in RDF, and a reader of the
/// JSON would find no key.
pub(super) fn check_confirmation(value: &Value) -> Result<(), ModelError> {
    match value.get("cnf") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(ModelError::Property { property: "cnf" }),
    }
}

/// Whether a member is absent, or one or more objects with a type, whose `id`, if any, is a URL.
pub(crate) fn are_typed_objects(value: &Value, member: &str) -> bool {
    is_no_empty_list(value, member)
        && items(value, member)
            .iter()
            .all(|item| item.is_object() && is_typed(item) && id_is_absent_or_url(item))
}

/// What may be there holds one value or more: "none" is written by leaving the member out.
pub(super) fn is_no_empty_list(value: &Value, member: &str) -> bool {
    value.get(member).and_then(Value::as_array).is_none_or(|list| !list.is_empty())
}

/// Keywords that the base context has other names for do not stand beside these: a reader of JSON-LD would see two identifiers or
/// types, and a reader of JSON one (VCDM §1.3: documents are compacted).
pub(super) fn check_keywords(value: &Value) -> Result<(), ModelError> {
    let clean = |object: &Value| ["@id", "@type"].iter().all(|name| object.get(name).is_none());
    let subjects = items(value, "credentialSubject").iter();
    if std::iter::once(value).chain(value.get("issuer")).chain(subjects).all(clean) {
        Ok(())
    } else {
        Err(ModelError::Keyword)
    }
}
