//! What is on the ledger and has not reached its file: it is kept in the profile, so that the same command, typed again,
//! finishes it instead of recording anything a second time.
//!
//! In scope: the record, and when two commands are the same. Out of scope: what is in it (each command's own business). It
//! is written with the intent, so it is there whenever the entry is; it goes when the file is there.

use inkan_core::{json, sha256};
use inkan_io::intent::RecordDraft;
use inkan_io::profile::Shelf;
use serde_json::{Value, json};

use crate::context::Home;
use crate::failure::{CliError, Failure};

/// What one command keeps until its file is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pending {
    name: String,
}

impl Pending {
    /// Of a command that was typed with these options and read these inputs; where the result goes is not among them.
    pub(crate) fn of(command: &str, options: &str, inputs: &[&Value]) -> Result<Self, Failure> {
        let mut text = Vec::new();
        for part in [command.as_bytes(), options.as_bytes()] {
            text.extend(part.len().to_be_bytes());
            text.extend(part);
        }
        for input in inputs {
            let bytes = json::canonicalize(input)
                .map_err(|error| CliError::Fault(format!("an input has no one form: {error}")))?;
            text.extend(bytes.len().to_be_bytes());
            text.extend(bytes);
        }
        Ok(Self::named(&sha256(&[&text]).to_hex()))
    }

    /// Of a request whose digest in hexadecimal is this.
    pub(crate) fn named(digest: &str) -> Self {
        Self { name: digest.chars().take(32).collect() }
    }

    /// What an earlier run left, if it was interrupted between the ledger and the file.
    pub(crate) fn find(&self, home: &Home) -> Result<Option<Value>, Failure> {
        let kept = home.profile.get(Shelf::Pending, &self.name)?;
        Ok(kept.and_then(|kept| kept.get("kept").cloned()))
    }

    /// The record, to be written with the intent of the command.
    pub(crate) fn record(&self, command: &str, kept: Value) -> RecordDraft {
        let record = json!({ "type": "inkan-pending/1", "command": command, "kept": kept });
        RecordDraft { shelf: Shelf::Pending, name: self.name.clone(), record }
    }

    /// The file is there.
    pub(crate) fn done(&self, home: &Home) -> Result<(), Failure> {
        Ok(home.profile.remove(Shelf::Pending, &self.name)?)
    }
}

/// The commands whose result has not reached its file.
pub(crate) fn commands(home: &Home) -> Result<Vec<String>, Failure> {
    let mut out = Vec::new();
    for name in home.profile.names(Shelf::Pending)? {
        let record = home.profile.get(Shelf::Pending, &name)?.unwrap_or_default();
        out.push(json::text(&record, "command").unwrap_or("a command").to_owned());
    }
    Ok(out)
}
