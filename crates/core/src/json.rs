//! JSON with one reading: strict parsing and the canonical form of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) (JCS).
//!
//! In scope: refusing what two correct parsers could read differently (duplicate names, depth, integers that do
//! not survive IEEE 754). Out of scope: what the members mean.

use json_event_parser::{JsonEvent, SliceJsonParser};
use serde_json::{Map, Number, Value};

use crate::limits;

/// The largest integer that every JSON parser reads alike: 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// The same among floating-point numbers.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

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
    let mut events = SliceJsonParser::new(bytes);
    let mut next = || events.parse_next().map_err(|error| JsonError::Syntax(error.to_string()));
    // What is open around the value that comes next, outermost first.
    let mut open: Vec<Open> = Vec::new();
    loop {
        let value = match next()? {
            JsonEvent::Null => Value::Null,
            JsonEvent::Boolean(value) => Value::Bool(value),
            JsonEvent::String(text) => Value::String(text.into_owned()),
            JsonEvent::Number(text) => Value::Number(number(&text)?),
            JsonEvent::StartArray | JsonEvent::StartObject if open.len() >= depth => {
                return Err(JsonError::TooDeep(depth));
            }
            JsonEvent::StartArray => {
                open.push(Open::Array(Vec::new()));
                continue;
            }
            JsonEvent::StartObject => {
                open.push(Open::Object(Map::new(), String::new()));
                continue;
            }
            JsonEvent::ObjectKey(name) => {
                if let Some(Open::Object(members, at)) = open.last_mut() {
                    if members.contains_key(name.as_ref()) {
                        return Err(JsonError::DuplicateMember(name.into_owned()));
                    }
                    *at = name.into_owned();
                }
                continue;
            }
            JsonEvent::EndArray | JsonEvent::EndObject => match open.pop() {
                Some(Open::Array(items)) => Value::Array(items),
                Some(Open::Object(members, _)) => Value::Object(members),
                None => return Err(JsonError::Syntax("nothing is open here".to_owned())),
            },
            JsonEvent::Eof => return Err(JsonError::Syntax("it ends too early".to_owned())),
        };
        match open.last_mut() {
            Some(Open::Array(items)) => items.push(value),
            Some(Open::Object(members, at)) => {
                members.insert(std::mem::take(at), value);
            }
            None => {
                let last = next()? == JsonEvent::Eof;
                let follows = || JsonError::Syntax("something follows the value".to_owned());
                return if last { Ok(value) } else { Err(follows()) };
            }
        }
    }
}

/// Writes the canonical form (JCS, RFC 8785 §3).
///
/// # Errors
///
/// [`JsonError::IntegerRange`] if a number has no canonical form.
pub fn canonicalize(value: &Value) -> Result<Vec<u8>, JsonError> {
    serde_json_canonicalizer::to_vec(value).map_err(|_| JsonError::IntegerRange)
}

/// Reads one member as text.
#[must_use]
pub fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

/// An array or object that is still being read; an object with the name of the member that comes next.
#[derive(Debug)]
enum Open {
    Array(Vec<Value>),
    Object(Map<String, Value>, String),
}

/// Reads a number from its text, not through serde: how serde hands numbers over depends on features that any package in
/// a build may turn on.
fn number(text: &str) -> Result<Number, JsonError> {
    if let Ok(integer) = text.parse::<i64>() {
        return if integer.unsigned_abs() <= MAX_SAFE_INTEGER {
            Ok(integer.into())
        } else {
            Err(JsonError::IntegerRange)
        };
    }
    let value: f64 =
        text.parse().map_err(|_| JsonError::Syntax(format!("{text:?} is no number")))?;
    // Below 10^21 the canonical form of a whole number has no exponent: it is an integer, under the integer's limit.
    let whole = value.fract() == 0.0 && value.abs() < 1e21;
    match Number::from_f64(value) {
        Some(number) if !whole || value.abs() <= MAX_SAFE => Ok(number),
        Some(_) | None => Err(JsonError::IntegerRange),
    }
}

#[cfg(test)]
mod tests;
