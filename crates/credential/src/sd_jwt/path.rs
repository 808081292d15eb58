//! Naming a claim: by JSON Pointer, by claims path, or by its name alone.
//!
//! In scope: [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901), the claims path of
//! [SD-JWT VC §4.6.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-sd-jwt-vc), and finding what they name in
//! given claims. Out of scope: what is done with it.

use std::fmt;
use std::sync::Arc;

use inkan_core::{json, limits};
use serde_json::Value;

/// A claim, or several, as somebody names them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimPath {
    /// JSON Pointer, such as `/address/street_address` or `/nationalities/0`.
    Pointer(String),
    /// Claims path, such as `["degrees", null, "type"]`.
    Steps(Vec<PathStep>),
    /// The name of a member that occurs once, at whatever level.
    Name(String),
}

/// One step of a claims path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathStep {
    /// A member of an object.
    Member(String),
    /// An element of an array, from 0.
    Index(usize),
    /// All elements of an array, `null`.
    Every,
}

/// One step on the way to a claim that is there.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// A member of an object. Shared, since every claim within it has it in its place.
    Member(Arc<str>),
    /// An element of an array, from 0.
    Index(usize),
}

/// Where one claim stands. Written as a JSON Pointer.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place(Vec<Step>);

impl Place {
    pub(super) const fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// The steps from the outermost object on, at least one.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Name of the outermost claim that it is, or is in.
    #[must_use]
    pub fn claim(&self) -> &str {
        match self.0.first() {
            Some(Step::Member(name)) => name,
            Some(Step::Index(_)) | None => "",
        }
    }

    /// Whether `other` is this place, or lies within it.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Member(name) => {
                    write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?;
                }
                Step::Index(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointer(text) | Self::Name(text) => f.write_str(text),
            Self::Steps(steps) => {
                let steps = steps.iter().map(|step| match step {
                    PathStep::Member(name) => Value::String(name.clone()),
                    PathStep::Index(index) => Value::from(*index),
                    PathStep::Every => Value::Null,
                });
                write!(f, "{}", Value::Array(steps.collect()))
            }
        }
    }
}

impl ClaimPath {
    /// Reads what a person types: `/a/b` is a JSON Pointer, `["a", null]` a claims path, anything else a name.
    ///
    /// # Errors
    ///
    /// [`ClaimPathError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let malformed = || ClaimPathError::Malformed { path: text.chars().take(256).collect() };
        match text.bytes().next() {
            None => Err(malformed()),
            Some(b'/') => {
                let sound = tokens(text).is_some();
                if sound { Ok(Self::Pointer(text.to_owned())) } else { Err(malformed()) }
            }
            Some(b'[') => json::parse(text.as_bytes(), limits::DID_LOG_LINE)
                .ok()
                .and_then(|value| Self::from_value(&value))
                .ok_or_else(malformed),
            Some(_) => Ok(Self::Name(text.to_owned())),
        }
    }

    /// Takes a claims path in JSON: a list of texts, numbers and `null`, not empty.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let steps = value.as_array().filter(|steps| !steps.is_empty())?;
        let steps = steps.iter().map(|step| match step {
            Value::String(name) => Some(PathStep::Member(name.clone())),
            Value::Number(index) => Some(PathStep::Index(usize::try_from(index.as_u64()?).ok()?)),
            Value::Null => Some(PathStep::Every),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        });
        steps.collect::<Option<Vec<_>>>().map(Self::Steps)
    }

    /// The places in `claims` that this names, in their order there; none if there is no such claim.
    ///
    /// # Errors
    ///
    /// [`ClaimPathError::Ambiguous`] if a name alone is found at several places.
    pub fn resolve(&self, claims: &Value) -> Result<Vec<Place>, ClaimPathError> {
        match self {
            Self::Pointer(text) => {
                let found = tokens(text).and_then(|tokens| follow(claims, &tokens));
                Ok(found.into_iter().collect())
            }
            Self::Steps(steps) => Ok(select(claims, steps)),
            Self::Name(name) => {
                let mut found = Vec::new();
                named(claims, name, &mut Vec::new(), &mut found);
                if found.len() > 1 {
                    let candidates = told(found.iter());
                    return Err(ClaimPathError::Ambiguous { path: name.clone(), candidates });
                }
                Ok(found)
            }
        }
    }
}

/// The unescaped tokens of a JSON Pointer (RFC 6901 §4), none if it is malformed.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let unescape = |token: &str| {
        let mut out = String::with_capacity(token.len());
        let mut characters = token.chars();
        while let Some(character) = characters.next() {
            match character {
                '~' => out.push(match characters.next()? {
                    '0' => '~',
                    '1' => '/',
                    _ => return None,
                }),
                plain => out.push(plain),
            }
        }
        Some(out)
    };
    pointer.strip_prefix('/')?.split('/').map(unescape).collect()
}

fn follow(claims: &Value, tokens: &[String]) -> Option<Place> {
    let mut here = claims;
    let mut steps = Vec::with_capacity(tokens.len());
    for token in tokens {
        let step = match here {
            Value::Array(_) => {
                // One spelling for a number: no sign, no leading zero.
                Step::Index(token.parse().ok().filter(|index: &usize| index.to_string() == *token)?)
            }
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Step::Member(token.as_str().into()),
        };
        here = child(here, &step)?;
        steps.push(step);
    }
    Some(Place(steps))
}

fn child<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Member(name) => value.as_object()?.get(&**name),
        Step::Index(index) => value.as_array()?.get(*index),
    }
}

/// The steps of SD-JWT VC §4.6.1.2; where that asks for an error, nothing is selected.
fn select(claims: &Value, steps: &[PathStep]) -> Vec<Place> {
    let mut selected = vec![(Vec::new(), claims)];
    for step in steps {
        let mut next = Vec::new();
        let single = match step {
            PathStep::Member(name) => vec![Step::Member(name.as_str().into())],
            PathStep::Index(index) => vec![Step::Index(*index)],
            PathStep::Every => Vec::new(),
        };
        for (way, value) in selected {
            let chosen = match (step, value) {
                (PathStep::Member(_), Value::Object(_)) | (PathStep::Index(_), Value::Array(_)) => {
                    single.clone()
                }
                (PathStep::Every, Value::Array(elements)) => {
                    (0..elements.len()).map(Step::Index).collect()
                }
                (PathStep::Member(_) | PathStep::Index(_) | PathStep::Every, _) => {
                    return Vec::new();
                }
            };
            for step in chosen {
                if let Some(found) = child(value, &step) {
                    let mut way: Vec<Step> = way.clone();
                    way.push(step);
                    next.push((way, found));
                }
            }
        }
        selected = next;
    }
    selected.into_iter().map(|(way, _)| Place(way)).collect()
}

/// Places that a person is told about.
const TOLD: usize = 32;

/// The first of these places as an error names them: names can be long, and stand in the place of everything within.
pub(super) fn told<'a>(places: impl Iterator<Item = &'a Place>) -> Vec<String> {
    let short = |place: &Place| {
        let length = |step: &Step| match step {
            Step::Member(name) => name.len(),
            Step::Index(_) => 1,
        };
        match place.0.iter().map(length).fold(0, usize::saturating_add) {
            0..=1024 => place.to_string(),
            _ => format!("/{}…", place.claim().chars().take(64).collect::<String>()),
        }
    };
    places.take(TOLD).map(short).collect()
}

fn named(value: &Value, name: &str, at: &mut Vec<Step>, found: &mut Vec<Place>) {
    let mut visit = |step: Step, child: &Value, hit: bool| {
        at.push(step);
        if hit {
            found.push(Place(at.clone()));
        }
        named(child, name, at, found);
        at.pop();
    };
    match value {
        Value::Object(members) => {
            for (member, child) in members {
                visit(Step::Member(member.as_str().into()), child, member == name);
            }
        }
        Value::Array(elements) => {
            for (index, child) in elements.iter().enumerate() {
                visit(Step::Index(index), child, false);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A path that names no claim, or not one alone. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ClaimPathError {
    /// Neither a JSON Pointer nor a claims path nor a name.
    #[error("{path:?} is neither a JSON Pointer nor a claims path")]
    Malformed {
        /// The text, at most 256 characters of it.
        path: String,
    },
    /// There is no such claim.
    #[error("there is no claim {path}; there are: {}", known.join(", "))]
    Unknown {
        /// The path.
        path: String,
        /// What could have been named, as JSON Pointers: the first of them.
        known: Vec<String>,
    },
    /// A name alone stands at several places.
    #[error("{path} may be any of {}", candidates.join(", "))]
    Ambiguous {
        /// The name.
        path: String,
        /// The places, as JSON Pointers: the first of them.
        candidates: Vec<String>,
    },
}

impl ClaimPathError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } | Self::Unknown { .. } => "claim-path-unknown",
            Self::Ambiguous { .. } => "claim-path-ambiguous",
        }
    }
}
