//! The one catalogue of codes: number, exit code and remedy of everything that can be found wrong.
//!
//! In scope: reading `schemas/codes.json`, and which exit code wins where several things are wrong. Out of scope:
//! the text of that file, which the crates that print it build in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

/// Exit codes of a verdict, the first one that occurs wins (ux §5).
pub const EXIT_ORDER: [u8; 10] = [10, 18, 11, 17, 12, 13, 14, 16, 15, 19];

/// The exit code of a verdict that rests on several findings; `None` if none of them decides a verdict.
#[must_use]
pub fn first_exit(exits: impl IntoIterator<Item = u8>) -> Option<u8> {
    let found: Vec<u8> = exits.into_iter().collect();
    EXIT_ORDER.into_iter().find(|exit| found.contains(exit))
}

/// What the catalogue says of one code.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// The code, kebab-case.
    pub code: String,
    /// Its number, `INK-nnnn`.
    pub number: String,
    /// The exit code of a command that ends with it.
    pub exit: u8,
    /// What is wrong, in one sentence.
    pub title: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether trying again can help.
    pub retry: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    codes: Vec<CodeEntry>,
}

/// The catalogue, by code. A clone shares the entries.
#[derive(Clone, Debug, Default)]
pub struct CodeBook(Arc<BTreeMap<String, CodeEntry>>);

/// Why a text is not a catalogue of codes. A fault of the build, not of any input.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodesError {
    /// Not JSON of the expected shape.
    #[error("not a catalogue of codes: {0}")]
    Malformed(String),
    /// One code, or one number, stands for two things.
    #[error("{0} occurs twice in the catalogue of codes")]
    Twice(String),
}

impl CodesError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Twice(_) => "codes-malformed",
        }
    }
}

impl CodeBook {
    /// Reads `schemas/codes.json`.
    ///
    /// # Errors
    ///
    /// [`CodesError`] if it has another shape, or a code or number occurs twice.
    pub fn parse(text: &str) -> Result<Self, CodesError> {
        let file: File =
            serde_json::from_str(text).map_err(|error| CodesError::Malformed(error.to_string()))?;
        if file.kind != "inkan-codes/1" {
            return Err(CodesError::Malformed(file.kind));
        }
        let mut book = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        for entry in file.codes {
            if numbers.insert(entry.number.clone(), ()).is_some() {
                return Err(CodesError::Twice(entry.number));
            }
            let code = entry.code.clone();
            if book.insert(code.clone(), entry).is_some() {
                return Err(CodesError::Twice(code));
            }
        }
        Ok(Self(Arc::new(book)))
    }

    /// What the catalogue says of `code`.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&CodeEntry> {
        self.0.get(code)
    }

    /// The entry with this number, such as `INK-3104`.
    #[must_use]
    pub fn by_number(&self, number: &str) -> Option<&CodeEntry> {
        self.0.values().find(|entry| entry.number == number)
    }

    /// All entries, by code.
    pub fn entries(&self) -> impl Iterator<Item = &CodeEntry> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;
