//! Figures of runs, in one JSON file: `docs/ledger-figures.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::workspace_root;

/// Where the figures are kept.
#[must_use]
pub fn path() -> PathBuf {
    workspace_root().join("docs/ledger-figures.json")
}

/// Reads all figures; none if there is no file.
///
/// # Panics
///
/// If the file is not JSON.
#[must_use]
pub fn read(path: &Path) -> Value {
    fs::read_to_string(path).map_or_else(
        |_| json!({"type": "inkan-ledger-figures/1"}),
        |text| serde_json::from_str(&text).expect("figures are JSON"),
    )
}

/// Puts `row` into the table `table`, in place of one with the same value of `key`, and keeps the rows in its order.
///
/// # Panics
///
/// If the file cannot be written.
pub fn put(path: &Path, table: &str, key: &str, row: &Map<String, Value>) {
    let mut all = read(path);
    let rows = all
        .as_object_mut()
        .expect("figures are an object")
        .entry(table)
        .or_insert_with(|| json!([]))
        .as_array_mut()
        .expect("a table is an array");
    rows.retain(|other| other.get(key) != row.get(key));
    rows.push(Value::Object(row.clone()));
    rows.sort_by_key(|row| {
        let value = row.get(key).cloned().unwrap_or_default();
        (value.as_u64().unwrap_or_default(), value.to_string())
    });
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("a folder for the figures");
    }
    let text = serde_json::to_string_pretty(&all).expect("figures are JSON");
    fs::write(path, text + "\n").expect("the figures are written");
}

/// One digit after the point is enough.
#[must_use]
pub fn rounded(value: f64) -> Value {
    json!((value * 10.0).round() / 10.0)
}
