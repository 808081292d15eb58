//! From cells to claims: where a column's value belongs, and of which type it is.
//!
//! A title names a claim (`givenName`), one inside others by dots (`address.street`), or any by a JSON Pointer (RFC 6901) such as
//! `/languages/0`. Types are those of the credential's JSON Schema; where it has none, numbers and true/false are meant as such.

use std::collections::BTreeMap;

use inkan_core::json::MAX_SAFE_INTEGER;
use serde_json::{Map, Value};

/// How deep claims may nest, and how long lists in columns may be.
const DEEPEST: usize = 16;
const LONGEST: usize = 1_000;
/// How many references of a schema are followed for one column.
const REFERENCES: usize = 16;

/// Where a column's value belongs among the claims.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ColumnPath(Vec<Step>);

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    /// A member of an object.
    Name(String),
    /// A place in a list.
    Place(usize),
}

impl ColumnPath {
    /// Reads a title; says what is wrong with it.
    pub(super) fn parse(title: &str) -> Result<Self, &'static str> {
        let steps: Vec<Step> = match title.strip_prefix('/') {
            None => title.split('.').map(|name| Step::Name(name.to_owned())).collect(),
            Some(pointer) => {
                pointer.split('/').map(pointer_step).collect::<Result<_, &'static str>>()?
            }
        };
        let empty = |step: &Step| matches!(step, Step::Name(name) if name.is_empty());
        if steps.iter().any(empty) {
            return Err("a part of the claim's name is empty");
        }
        if steps.len() > DEEPEST {
            return Err("the claim lies too deep");
        }
        if matches!(steps.first(), Some(Step::Place(_))) {
            return Err("a claim has a name, not a number");
        }
        Ok(Self(steps))
    }

    /// The same as a JSON Pointer.
    pub(super) fn pointer(&self) -> String {
        let step = |step: &Step| match step {
            Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Place(place) => format!("/{place}"),
        };
        self.0.iter().map(step).collect()
    }
}

fn pointer_step(text: &str) -> Result<Step, &'static str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = text == "0" || !text.starts_with('0');
        let place = text.parse().ok().filter(|place| plain && *place < LONGEST);
        return place.map(Step::Place).ok_or("the place in the list is no number below 1000");
    }
    let mut rest = text;
    let mut name = String::new();
    while let Some((before, after)) = rest.split_once('~') {
        name.push_str(before);
        let (letter, after) = match (after.strip_prefix('0'), after.strip_prefix('1')) {
            (Some(after), _) => ('~', after),
            (None, Some(after)) => ('/', after),
            (None, None) => return Err("a ~ in a JSON Pointer is written ~0"),
        };
        name.push(letter);
        rest = after;
    }
    name.push_str(rest);
    Ok(Step::Name(name))
}

/// Checks that no column stands where another one needs an object or a list, or the other way round.
pub(super) fn check_together(paths: &[&ColumnPath]) -> Result<(), &'static str> {
    let mut root = Node::Branch(BTreeMap::new());
    paths.iter().try_for_each(|path| root.insert(&path.0, Value::Null))
}

/// Claims from the values of columns that go together.
pub(super) fn assemble(cells: Vec<(&ColumnPath, Value)>) -> Map<String, Value> {
    let mut root = Node::Branch(BTreeMap::new());
    for (path, value) in cells {
        // They were checked together.
        let _ = root.insert(&path.0, value);
    }
    match root.into_value() {
        Value::Object(claims) => claims,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

enum Node {
    Leaf(Value),
    Branch(BTreeMap<Step, Self>),
}

impl Node {
    fn insert(&mut self, steps: &[Step], value: Value) -> Result<(), &'static str> {
        const CLASH: &str = "two columns claim the same, or one claims what another is a part of";
        let Self::Branch(members) = self else { return Err(CLASH) };
        let Some((first, rest)) = steps.split_first() else { return Err(CLASH) };
        let other_kind =
            |step: &Step| matches!(step, Step::Place(_)) != matches!(first, Step::Place(_));
        if members.keys().any(other_kind) {
            return Err("columns take the same claim for a list and for an object");
        }
        if rest.is_empty() {
            return match members.insert(first.clone(), Self::Leaf(value)) {
                None => Ok(()),
                Some(_) => Err(CLASH),
            };
        }
        let inner = members.entry(first.clone()).or_insert_with(|| Self::Branch(BTreeMap::new()));
        inner.insert(rest, value)
    }

    /// A list closes up where cells were empty.
    fn into_value(self) -> Value {
        let members = match self {
            Self::Leaf(value) => return value,
            Self::Branch(members) => members,
        };
        if matches!(members.keys().next(), Some(Step::Place(_))) {
            return members.into_values().map(Self::into_value).collect();
        }
        let mut object = Map::new();
        for (step, node) in members {
            if let Step::Name(name) = step {
                object.insert(name, node.into_value());
            }
        }
        Value::Object(object)
    }
}

/// What a cell of a column is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// No schema says.
    Unsaid,
    Text,
    Whole,
    Number,
    Truth,
    /// A list or an object, written as JSON.
    Json,
}

impl Shape {
    /// Reads a cell; says what it is not.
    pub(super) fn read(self, text: &str) -> Result<Value, &'static str> {
        match self {
            Self::Text => Ok(text.into()),
            Self::Unsaid => Ok(guess(text)),
            Self::Truth => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err("is neither true nor false"),
            },
            Self::Whole => {
                let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
                let safe = number.filter(|number| number.unsigned_abs() <= MAX_SAFE_INTEGER);
                safe.map(Value::from).ok_or("is no whole number")
            }
            Self::Number => {
                let number = serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
                number.ok_or("is no number")
            }
            Self::Json => {
                let read = inkan_core::json::parse(text.as_bytes(), inkan_core::limits::DOCUMENT);
                let composed = read.ok().filter(|value| value.is_object() || value.is_array());
                composed.ok_or("is no list or object in JSON")
            }
        }
    }
}

/// Numbers and true/false are meant as such; everything else is text, `007` too.
fn guess(text: &str) -> Value {
    match Shape::Whole.read(text).or_else(|_| Shape::Truth.read(text)) {
        Ok(value) => value,
        Err(_) => text.into(),
    }
}

/// The types that the schema of a credential gives to claims.
#[derive(Clone, Copy, Debug)]
pub(super) struct Types<'a>(pub(super) Option<&'a Value>);

impl Types<'_> {
    /// The type of a column.
    pub(super) fn of(&self, path: &ColumnPath) -> Shape {
        self.find(path).unwrap_or(Shape::Unsaid)
    }

    fn find(&self, path: &ColumnPath) -> Option<Shape> {
        let root = self.0?;
        let mut budget = REFERENCES;
        let subject =
            resolve(root, root, &mut budget)?.get("properties")?.get("credentialSubject")?;
        let mut place = resolve(root, subject, &mut budget)?;
        for step in &path.0 {
            let next = match step {
                Step::Name(name) => place.get("properties")?.get(name)?,
                Step::Place(number) => {
                    let fixed = place.get("prefixItems").and_then(|items| items.get(number));
                    fixed.or_else(|| place.get("items"))?
                }
            };
            place = resolve(root, next, &mut budget)?;
        }
        let kind = |name: &Value| match name.as_str() {
            Some("string") => Some(Shape::Text),
            Some("integer") => Some(Shape::Whole),
            Some("number") => Some(Shape::Number),
            Some("boolean") => Some(Shape::Truth),
            Some("array" | "object") => Some(Shape::Json),
            Some(_) | None => None,
        };
        match place.get("type") {
            // Of several the first that is not null.
            Some(Value::Array(names)) => names.iter().find_map(kind),
            Some(name) => kind(name),
            // The values that it may have, if they are all texts.
            None => {
                let one = place.get("const").map(std::slice::from_ref);
                let values = one.or_else(|| place.get("enum")?.as_array().map(Vec::as_slice))?;
                values.iter().all(Value::is_string).then_some(Shape::Text)
            }
        }
    }
}

/// A part of a schema, or what it refers to within the same schema.
fn resolve<'a>(root: &'a Value, part: &'a Value, budget: &mut usize) -> Option<&'a Value> {
    let mut part = part;
    while let Some(reference) = part.get("$ref").and_then(Value::as_str) {
        *budget = budget.checked_sub(1)?;
        part = root.pointer(reference.strip_prefix('#')?)?;
    }
    Some(part)
}

#[cfg(test)]
mod tests;
