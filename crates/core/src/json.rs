//! JSON with one reading: strict parsing and the canonical form of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) (JCS).
//!
//! In scope: refusing what two correct parsers could read differently (duplicate names, depth, integers that do
//! not survive IEEE 754). Out of scope: what the members mean.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
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
    let mut found = None;
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict { depth_left: depth, depth, found: &mut found };
    let outcome = seed.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    outcome.map_err(|error| found.unwrap_or_else(|| JsonError::Syntax(error.to_string())))
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

/// A value read under the rules of this module; `found` keeps the rule that was broken, which serde would turn into text.
struct Strict<'a> {
    depth_left: usize,
    depth: usize,
    found: &'a mut Option<JsonError>,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(&mut self) -> Result<Strict<'_>, E> {
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            return Err(self.refuse(JsonError::TooDeep(self.depth)));
        };
        Ok(Strict { depth_left, depth: self.depth, found: self.found })
    }

    fn refuse<E: de::Error>(&mut self, error: JsonError) -> E {
        let text = error.to_string();
        *self.found = Some(error);
        E::custom(text)
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(mut self, value: u64) -> Result<Value, E> {
        if value > MAX_SAFE_INTEGER {
            return Err(self.refuse(JsonError::IntegerRange));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(mut self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER {
            return Err(self.refuse(JsonError::IntegerRange));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(mut self, value: f64) -> Result<Value, E> {
        // Below 10^21 the canonical form of a whole number has no exponent: it is an integer, under the integer's limit.
        let whole = value.fract() == 0.0 && value.abs() < 1e21;
        match Number::from_f64(value) {
            Some(number) if !whole || value.abs() <= MAX_SAFE => Ok(Value::Number(number)),
            Some(_) | None => Err(self.refuse(JsonError::IntegerRange)),
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        loop {
            let inner = self.deeper()?;
            match items.next_element_seed(inner)? {
                Some(item) => out.push(item),
                None => return Ok(Value::Array(out)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if out.contains_key(&name) {
                return Err(self.refuse(JsonError::DuplicateMember(name)));
            }
            let inner = self.deeper()?;
            let value = members.next_value_seed(inner)?;
            out.insert(name, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests;
