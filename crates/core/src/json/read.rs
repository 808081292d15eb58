//! Reading with one reading: a visitor that builds a [`Value`] and stops where two correct parsers could differ.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::{JsonError, MAX_SAFE_INTEGER};

/// The same among floating-point numbers.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Reads the one value of `bytes`, whose length is checked.
pub(super) fn read(bytes: &[u8], depth: usize) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut fault = None;
    let seed = Place { input: bytes, limit: depth, left: depth, fault: &mut fault };
    let value = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    // What the parser says of a fault of ours is less than what we know of it.
    value.map_err(|error| fault.unwrap_or_else(|| JsonError::Syntax(error.to_string())))
}

/// A place for one value.
struct Place<'a> {
    input: &'a [u8],
    limit: usize,
    /// How many more arrays and objects may be opened here.
    left: usize,
    /// Which of our rules is broken; the parser's own errors carry text alone.
    fault: &'a mut Option<JsonError>,
}

impl Place<'_> {
    fn inner(&mut self) -> Place<'_> {
        Place { input: self.input, limit: self.limit, left: self.left, fault: self.fault }
    }

    fn refuse<E: Error>(&mut self, fault: JsonError) -> E {
        let error = E::custom("refused");
        *self.fault = Some(fault);
        error
    }

    fn open<E: Error>(&mut self) -> Result<(), E> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.refuse(JsonError::TooDeep(self.limit))),
        }
    }

    fn number<E: Error>(&mut self, number: Result<Number, JsonError>) -> Result<Value, E> {
        number.map(Value::Number).map_err(|fault| self.refuse(fault))
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<Value, E> {
        self.number(integer(value))
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<Value, E> {
        let value = i64::try_from(value).map_err(|_| JsonError::IntegerRange);
        self.number(value.and_then(integer))
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<Value, E> {
        self.number(float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.open()?;
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut name = members.next_key_seed(NameIn(self.input))?;
        if let Some(Name::OfNumber) = name {
            let text: String = members.next_value()?;
            return self.number(number(&text));
        }
        self.open()?;
        let mut out = Map::new();
        while let Some(Name::Member(member)) = name {
            match out.entry(member) {
                Entry::Vacant(place) => {
                    place.insert(members.next_value_seed(self.inner())?);
                }
                Entry::Occupied(first) => {
                    let twice = first.key().clone();
                    return Err(self.refuse(JsonError::DuplicateMember(twice)));
                }
            }
            name = members.next_key_seed(NameIn(self.input))?;
        }
        Ok(Value::Object(out))
    }
}

/// What stands where a name of a member is read.
enum Name {
    Member(String),
    /// With its feature `arbitrary_precision`, which any package in a build may turn on, `serde_json` hands a number over as
    /// an object of one member, whose name is its own and its value the number's text.
    OfNumber,
}

/// Reads names of members of this input.
struct NameIn<'a>(&'a [u8]);

impl<'de> DeserializeSeed<'de> for NameIn<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Name, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameIn<'_> {
    type Value = Name;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
        Ok(Name::Member(name.to_owned()))
    }

    /// A name that is borrowed, and not from the input, is the parser's own: no text of an object can pass for it.
    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name, E> {
        if name.is_empty() || self.0.as_ptr_range().contains(&name.as_ptr()) {
            self.visit_str(name)
        } else {
            Ok(Name::OfNumber)
        }
    }
}

/// Reads a number from its text.
fn number(text: &str) -> Result<Number, JsonError> {
    match text.parse::<i64>() {
        Ok(value) => integer(value),
        Err(_) => match text.parse() {
            Ok(value) => float(value),
            Err(_) => Err(JsonError::Syntax(format!("{text:?} is no number"))),
        },
    }
}

fn integer(value: i64) -> Result<Number, JsonError> {
    if value.unsigned_abs() <= MAX_SAFE_INTEGER {
        Ok(value.into())
    } else {
        Err(JsonError::IntegerRange)
    }
}

fn float(value: f64) -> Result<Number, JsonError> {
    if value == 0.0 && value.is_sign_negative() {
        // Its canonical form has no sign.
        return Ok(0.into());
    }
    // Below 10^21 the canonical form of a whole number has no exponent: it is an integer, under the integer's limit.
    let whole = value.fract() == 0.0 && value.abs() < 1e21;
    match Number::from_f64(value) {
        Some(number) if !whole || value.abs() <= MAX_SAFE => Ok(number),
        Some(_) | None => Err(JsonError::IntegerRange),
    }
}
