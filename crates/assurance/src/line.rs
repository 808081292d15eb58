//! One line of a report: verifier and assurance share its shape (assurance §13).

use std::borrow::Cow;

use inkan_core::codes::CodeBook;
use inkan_evidence::{Code, Finding};
use serde_json::{Map, Value, json};

use crate::message;

/// What became of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It was made, and held.
    Pass,
    /// It was made, and did not hold.
    Fail,
    /// Nobody asked for it.
    Skipped,
    /// It was asked for and could not be made.
    Unknown,
}

impl Status {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

/// One line of a report.
#[derive(Clone, Debug)]
pub struct Line {
    pub(crate) check: &'static str,
    pub(crate) subject: String,
    pub(crate) status: Status,
    pub(crate) decides: bool,
    pub(crate) basis: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
    pub(crate) spec: Option<&'static str>,
    pub(crate) effect: Option<Cow<'static, str>>,
    /// What is said in English; the catalogue of messages says it otherwise.
    pub(crate) said: Option<String>,
    pub(crate) evidence: Map<String, Value>,
}

impl Line {
    pub(crate) fn new(check: &'static str, subject: &str, status: Status) -> Self {
        Self {
            check,
            subject: subject.to_owned(),
            status,
            decides: false,
            basis: None,
            code: None,
            expected: None,
            found: None,
            spec: None,
            effect: None,
            said: None,
            evidence: Map::new(),
        }
    }

    /// A check that held.
    pub(crate) fn pass(check: &'static str, subject: &str) -> Self {
        Self::new(check, subject, Status::Pass)
    }

    /// A check that did not hold, and on which the result rests.
    pub(crate) fn fail(check: &'static str, subject: &str, code: Code) -> Self {
        Self { decides: true, ..Self::new(check, subject, Status::Fail).with_code(code) }
    }

    /// A check that could not be made, and on which the result rests.
    pub(crate) fn unknown(check: &'static str, subject: &str, code: Code) -> Self {
        Self { decides: true, ..Self::new(check, subject, Status::Unknown).with_code(code) }
    }

    /// Something that is told, and on which nothing rests.
    pub(crate) fn note(check: &'static str, subject: &str, status: Status, code: Code) -> Self {
        // It is about the whole, and shown as such: not about a level that something else may make up for.
        Self { effect: None, ..Self::new(check, subject, status).with_code(code) }
    }

    /// Where a fact was lost: said, without deciding.
    pub(crate) fn of_finding(finding: Finding) -> Self {
        let Finding { code, subject, row, expected, found } = finding;
        let status = if code == Code::EvaluationIncomplete {
            Status::Unknown
        } else if code == Code::LevelClaimIgnored {
            Status::Skipped
        } else {
            Status::Fail
        };
        let mut line = Self::new(message::check_of(code), "", status).with_code(code);
        (line.subject, line.expected, line.found) = (subject, expected, found);
        if let Some(row) = row {
            line.effect = Some(Cow::Owned(format!("no {row}")));
        }
        line
    }

    fn with_code(mut self, code: Code) -> Self {
        self.code = Some(code.code());
        self.effect = Some(Cow::Borrowed(code.effect().as_str()));
        self.spec = Some(message::spec_of(code));
        self
    }

    pub(crate) fn expected(mut self, expected: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self
    }

    pub(crate) fn found(mut self, found: impl ToString) -> Self {
        self.found = Some(found.to_string());
        self
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(member.to_owned(), value.into());
        self
    }

    pub(crate) fn saying(mut self, english: String) -> Self {
        self.said = Some(english);
        self
    }

    /// What was looked at: `signature`, `ial`, `genuine.seen`.
    #[must_use]
    pub const fn check(&self) -> &'static str {
        self.check
    }

    /// Of which artefact.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What became of it.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether the decision rests on it: it failed or is unknown, and nothing else makes up for it.
    #[must_use]
    pub const fn decides(&self) -> bool {
        self.decides
    }

    /// The code, if it did not pass.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What would have been expected.
    #[must_use]
    pub fn expected_value(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// What was found.
    #[must_use]
    pub fn found_value(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Positions and digests that show what was found.
    #[must_use]
    pub const fn evidence(&self) -> &Map<String, Value> {
        &self.evidence
    }

    /// What it means, in English; empty for a passed check that needs no words.
    #[must_use]
    pub fn message_en(&self) -> &str {
        let catalogue = || self.code.and_then(message::text).map(|(english, _)| english);
        self.said.as_deref().or_else(catalogue).unwrap_or_default()
    }

    /// What it means, in Japanese.
    #[must_use]
    pub fn message_ja(&self) -> Option<&'static str> {
        self.code.and_then(message::text).map(|(_, japanese)| japanese)
    }

    /// The line as the report has it.
    pub(crate) fn to_value(&self, codes: &CodeBook) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        put("check", Some(self.check.into()));
        put("subject", Some(self.subject.clone().into()));
        put("status", Some(self.status.as_str().into()));
        put("basis", self.basis.map(Into::into));
        let entry = self.code.and_then(|code| codes.get(code));
        if self.status != Status::Pass {
            put("code", self.code.map(Into::into));
            put("number", entry.map(|entry| entry.number.clone().into()));
            put("effect", self.effect.as_deref().map(Into::into));
            put("spec", self.spec.map(Into::into));
        }
        put("expected", self.expected.clone().map(Into::into));
        put("found", self.found.clone().map(Into::into));
        if !self.evidence.is_empty() {
            put("evidence", Some(Value::Object(self.evidence.clone())));
        }
        let english = self.message_en();
        if !english.is_empty() {
            let message = match self.message_ja().filter(|_| self.status != Status::Pass) {
                Some(japanese) => json!({"en": english, "ja": japanese}),
                None => json!({"en": english}),
            };
            put("message", Some(message));
        }
        if self.decides {
            put("remedy", entry.map(|entry| entry.remedy.clone().into()));
        }
        Value::Object(out)
    }
}

#[cfg(test)]
mod tests;
