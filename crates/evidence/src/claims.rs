//! Claimed levels: noted, shown, and read by nothing (P1).

use serde_json::{Map, Value};

/// Members that claim a level.
const LEVEL_CLAIMS: [&str; 12] = [
    "acr",
    "amr",
    "ial",
    "aal",
    "loa",
    "vot",
    "assuranceLevel",
    "assurance_level",
    "strength",
    "identifierClass",
    "claimedLevels",
    "claimed_levels",
];

/// Longest value that is repeated; anything longer may hide what a report must not hold.
const SHOWN: usize = 64;

/// A level that somebody claims.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IgnoredClaim {
    /// Where it stands.
    pub path: String,
    /// The last name on the path.
    pub name: &'static str,
    /// What it says; `None` if it is too long to be a level.
    pub value: Option<String>,
}

/// Every claimed level inside `value`, which stands at `path`; at most 256 of them.
pub(crate) fn level_claims(value: &Value, path: &str) -> Vec<IgnoredClaim> {
    let mut out = Vec::new();
    collect(value, path, &mut out);
    // Whatever order the reader kept the members in: a report's bytes depend on what was said alone.
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

fn collect(value: &Value, path: &str, out: &mut Vec<IgnoredClaim>) {
    if out.len() >= 256 {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let path = format!("{path}.{name}");
                match LEVEL_CLAIMS.into_iter().find(|claim| claim == name) {
                    Some(name) => note(inner, path, name, out),
                    None => collect(inner, &path, out),
                }
            }
        }
        Value::Array(items) => {
            for (position, inner) in items.iter().enumerate() {
                collect(inner, &format!("{path}[{position}]"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A claim that is itself an object or a list is noted level by level.
fn note(value: &Value, path: String, name: &'static str, out: &mut Vec<IgnoredClaim>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (inner_name, inner) in members {
                let known = LEVEL_CLAIMS.into_iter().find(|claim| claim == inner_name);
                note(inner, format!("{path}.{inner_name}"), known.unwrap_or(name), out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (position, inner) in items.iter().enumerate() {
                note(inner, format!("{path}[{position}]"), name, out);
            }
        }
        Value::String(text) => {
            let shown = (text.chars().count() <= SHOWN).then(|| text.clone());
            out.push(IgnoredClaim { path, name, value: shown });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            out.push(IgnoredClaim { path, name, value: Some(value.to_string()) });
        }
    }
}

/// The same value without any member that claims a level, at whatever depth.
pub(crate) fn without_level_claims(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept: Map<String, Value> = members
                .iter()
                .filter(|(name, _)| !LEVEL_CLAIMS.contains(&name.as_str()))
                .map(|(name, inner)| (name.clone(), without_level_claims(inner)))
                .collect();
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(without_level_claims).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
