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
    match value {
        Value::Object(_) | Value::Array(_) => draw(value, depth, 1, &mut out),
        scalar => {
            let _ = writeln!(out, "  {}", plain(scalar));
        }
    }
    out
}

fn draw(value: &Value, depth: usize, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    let pairs: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, inner)| (safe(name, TEXT), inner)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, inner)| (format!("[{at}]"), inner)).collect()
        }
        _ => Vec::new(),
    };
    let total = pairs.len();
    let most = if value.is_array() { ITEMS } else { usize::MAX };
    for (name, inner) in pairs.into_iter().take(most) {
        let count = match inner {
            Value::Object(members) => members.len(),
            Value::Array(items) => items.len(),
            _ => {
                let _ = writeln!(out, "{indent}{name}: {}", plain(inner));
                continue;
            }
        };
        if level >= depth || count == 0 {
            let what = if inner.is_array() { "items" } else { "members" };
            let _ = writeln!(out, "{indent}{name}: {DIM}({count} {what}){DIM:#}");
        } else {
            let _ = writeln!(out, "{indent}{name}:");
            draw(inner, depth, level.saturating_add(1), out);
        }
    }
    if total > most {
        let _ = writeln!(out, "{indent}{DIM}… {} more{DIM:#}", total.saturating_sub(most));
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text, TEXT),
        other => other.to_string(),
    }
}
