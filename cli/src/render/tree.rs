//! A JSON value as an indented outline, for looking only.

use std::fmt::Write as _;

use serde_json::Value;

use super::safe;
use crate::output::DIM;

/// Longest text shown of one value.
const TEXT: usize = 160;
/// Items shown of one list.
const ITEMS: usize = 12;

/// Draws `value` to `depth` levels.
pub(crate) fn tree(value: &Value, depth: usize) -> String {
    let mut out = String::new();
    if count(value).is_some() {
        draw(value, depth, 1, &mut out);
    } else {
        let _ = writeln!(out, "  {}", plain(value));
    }
    out
}

fn draw(value: &Value, depth: usize, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    let total = count(value).unwrap_or(0);
    let most = if value.is_array() { ITEMS } else { usize::MAX };
    for (name, inner) in pairs(value).into_iter().take(most) {
        match count(inner) {
            None => {
                let _ = writeln!(out, "{indent}{name}: {}", plain(inner));
            }
            Some(count) if level >= depth || count == 0 => {
                let what = if inner.is_array() { "items" } else { "members" };
                let _ = writeln!(out, "{indent}{name}: {DIM}({count} {what}){DIM:#}");
            }
            Some(_) => {
                let _ = writeln!(out, "{indent}{name}:");
                draw(inner, depth, level.saturating_add(1), out);
            }
        }
    }
    if total > most {
        let _ = writeln!(out, "{indent}{DIM}… {} more{DIM:#}", total.saturating_sub(most));
    }
}

/// Names and values of an object's members or a list's items.
fn pairs(value: &Value) -> Vec<(String, &Value)> {
    let members = value.as_object().into_iter().flatten();
    let members = members.map(|(name, inner)| (safe(name, TEXT), inner));
    let items = value.as_array().into_iter().flatten().enumerate();
    members.chain(items.map(|(at, inner)| (format!("[{at}]"), inner))).collect()
}

/// How many members or items there are; none for text, numbers and the like.
fn count(value: &Value) -> Option<usize> {
    value.as_object().map(serde_json::Map::len).or_else(|| value.as_array().map(Vec::len))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| safe(text, TEXT))
}
