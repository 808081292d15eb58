//! One finding as a value.

use super::Code;
use crate::row::Row;

/// Longest text that is repeated as found: that of a DID.
const SHOWN: usize = inkan_core::limits::DID;

/// One finding: what, where, and what would have been expected.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// Where: `cred[0].evidence[0].evidence[1]`, `presentation`, `policy`.
    pub subject: String,
    /// The row it concerns.
    pub row: Option<Row>,
    /// What would have been expected; never personal data.
    pub expected: Option<String>,
    /// What was found in its place; never personal data.
    pub found: Option<String>,
}

impl Finding {
    /// A finding about `subject`.
    #[must_use]
    pub fn new(code: Code, subject: &str) -> Self {
        Self { code, subject: subject.to_owned(), row: None, expected: None, found: None }
    }

    /// The same, about one row.
    #[must_use]
    pub const fn of_row(mut self, row: Row) -> Self {
        self.row = Some(row);
        self
    }

    /// The same, with what would have been expected.
    #[must_use]
    pub fn expected(mut self, expected: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    /// The same, with what was found, if it is an identifier, a code or a date.
    #[must_use]
    pub fn found(mut self, found: impl ToString) -> Self {
        let text = found.to_string();
        // Reports repeat identifiers, codes and dates. Anything else may be personal.
        let plain = text.len() <= SHOWN && text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        self.found = plain.then_some(text);
        self
    }
}
