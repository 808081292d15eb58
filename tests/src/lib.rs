//! Helpers shared by the workspace tests: where things lie, and what to do when they are missing.
//!
//! In scope: paths relative to the workspace, and the rule that a missing input is skipped loudly on a developer's
//! machine and fails in CI. Out of scope: what the inputs mean.

pub mod bench;
pub mod file_server;
pub mod fuzz_entries;
pub mod load;
pub mod made;
pub mod made_anchor;
pub mod made_consent;
pub mod made_ledger;
pub mod made_node;
pub mod made_selective;
pub mod peer;
pub mod receipt_vectors;
pub mod shell;
pub mod soft_authenticator;
pub mod source;
#[cfg(feature = "oracles")]
pub mod ssi_oracle;
pub mod tsa;
pub mod world;

use std::path::{Path, PathBuf};

/// The folder of the workspace manifest.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("tests/ lies in the workspace").to_path_buf()
}

/// Our own golden vectors, and input for the demo and the tests.
#[must_use]
pub fn fixtures() -> PathBuf {
    workspace_root().join("fixtures")
}

/// JSON Schemas of what crosses a boundary, and the catalogue of codes.
#[must_use]
pub fn schemas() -> PathBuf {
    workspace_root().join("schemas")
}

/// One folder of the public test vectors beside the workspace, e.g. `vectors("jcs")`.
///
/// `None`, and a line on stderr, if it is not there.
///
/// # Panics
///
/// In CI, where it must be there.
#[must_use]
pub fn vectors(name: &str) -> Option<PathBuf> {
    beside(&format!("vectors/{name}"))
}

/// A file or folder of the specification folder beside the workspace, e.g. `beside("assurance/policies.json")`.
///
/// `None`, and a line on stderr, if it is not there.
///
/// # Panics
///
/// In CI, where it must be there.
#[must_use]
pub fn beside(path: &str) -> Option<PathBuf> {
    let found = workspace_root().parent()?.join("shared").join(path);
    if found.exists() {
        return Some(found);
    }
    skipped(&format!("../shared/{path} is missing"));
    None
}

/// Says that a test did not run, and why.
///
/// # Panics
///
/// In CI: there, everything a test needs is installed.
pub fn skipped(why: &str) {
    assert!(!in_ci(), "CI must not skip a test: {why}");
    eprintln!("SKIPPED {why}");
}

/// Whether this run must not skip anything (`CI=true`).
#[must_use]
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Reads a file that must be there.
///
/// # Panics
///
/// If it cannot be read; the message names it.
#[must_use]
pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a text file that must be there.
///
/// # Panics
///
/// If it cannot be read or is not UTF-8; the message names it.
#[must_use]
pub fn read_text(path: &Path) -> String {
    String::from_utf8(read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a JSON file that must be there.
///
/// # Panics
///
/// If it cannot be read or is not JSON; the message names it.
#[must_use]
pub fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&read(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under `folder` whose path satisfies `keep`, in a fixed order; build output and version control left out.
///
/// # Panics
///
/// If a folder cannot be listed.
#[must_use]
pub fn files_under(folder: &Path, keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("folder entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !path.is_symlink() {
                if !matches!(name, "target" | "node_modules" | ".git" | "__pycache__") {
                    open.push(path);
                }
            } else if keep(&path) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}
