//! JSON with one reading: strict parsing and the canonical form of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) (JCS).
//!
//! In scope: refusing what two correct parsers could read differently (duplicate names, depth, integers that do
//! not survive IEEE 754). Out of scope: what the members mean.

mod canonical;
mod read;
mod scan;

use serde_json::{Map, Value};

use crate::limits;

/// The largest integer that every JSON parser reads alike: 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Why bytes are not JSON with one reading. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonError {
    /// More bytes than the caller's limit.
    #[error("input has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes given.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not JSON at all (RFC 8259), or not UTF-8.
    #[error("input is not JSON: {0}")]
    Syntax(String),
    /// One object names a member twice.
    #[error("member {0:?} occurs twice in one object")]
    DuplicateMember(String),
    /// Arrays and objects are nested deeper than the limit.
    #[error("nesting is deeper than {0}")]
    TooDeep(usize),
    /// An integer beyond ±(2^53 − 1), which other parsers would round.
    #[error("integer is beyond 2^53 - 1, and parsers would disagree about it")]
    IntegerRange,
}

impl JsonError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "input-too-large",
            Self::Syntax(_) => "json-malformed",
            Self::DuplicateMember(_) => "json-duplicate-member",
            Self::TooDeep(_) => "json-too-deep",
            Self::IntegerRange => "json-integer-range",
        }
    }
}

/// Reads one JSON text of at most `limit` bytes, nested at most [`limits::JSON_DEPTH`] deep.
///
/// # Errors
///
/// [`JsonError`], one variant per rule.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Value, JsonError> {
    parse_with_depth(bytes, limit, limits::JSON_DEPTH)
}

/// Reads one JSON text with a nesting limit of the caller's (at most 120, the parser's own recursion limit).
///
/// # Errors
///
/// [`JsonError`], one variant per rule.
pub fn parse_with_depth(bytes: &[u8], limit: usize, depth: usize) -> Result<Value, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLarge { size: bytes.len(), limit });
    }
    // A byte order mark is skipped by some parsers and an error to others.
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(JsonError::Syntax("it starts with a byte order mark".to_owned()));
    }
    read::read(bytes, depth)
}

/// Writes the canonical form (JCS, RFC 8785 §3).
///
/// # Errors
///
/// [`JsonError::IntegerRange`] if a number has no canonical form.
pub fn canonicalize(value: &Value) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(1_024);
    canonical::write(value, &mut out)?;
    Ok(out)
}

/// Writes the canonical form of an object as it would be without one of its members; of what is no object, as [`canonicalize`].
///
/// # Errors
///
/// As [`canonicalize`].
pub fn canonicalize_without(value: &Value, member: &str) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(1_024);
    match value {
        Value::Object(members) => canonical::write_object(members, Some((member, None)), &mut out)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            canonical::write(value, &mut out)?;
        }
    }
    Ok(out)
}

/// Writes the canonical form of an object as it would be with another value of a member that it has; without that member, as it is.
///
/// # Errors
///
/// As [`canonicalize`].
pub fn canonicalize_with(
    members: &Map<String, Value>,
    member: &str,
    value: &Value,
) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(1_024);
    canonical::write_object(members, Some((member, Some(value))), &mut out)?;
    Ok(out)
}

/// Reads one member as text.
#[must_use]
pub fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
