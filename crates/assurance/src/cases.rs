//! Tables of cases: what a policy must say of given artefacts (`inkan-policy-cases/1`).
//!
//! In scope: reading a table, and comparing a report with what a case expects. Out of scope: files and judging them. A table is closed:
//! a member that is not known is refused, since an expectation that nobody looks at would always be met.

use inkan_core::codes::CodeBook;
use inkan_core::json::{self, text};
use inkan_core::{Timestamp, limits};
use serde::Deserialize;
use serde_json::Value;

/// The type of a table.
pub const TYPE: &str = "inkan-policy-cases/1";
/// Cases of a table at most.
pub const MOST: usize = 10_000;

/// A table of cases, in its order; at least one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTable {
    #[serde(rename = "type")]
    kind: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One artefact, and what the policy must say of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is called in results; else the file's name.
    pub name: Option<String>,
    /// A credential, presentation or bundle: a path from where the table is.
    pub file: String,
    /// The time it is judged as of (RFC 3339).
    pub at: Option<String>,
    /// The audience that a presentation must name.
    pub aud: Option<String>,
    /// The nonce that a presentation must answer.
    pub nonce: Option<String>,
    /// What was shown beside the presentation: a path from where the table is.
    pub authenticator: Option<String>,
    /// What must come of it.
    pub expect: Expectation,
}

/// What must come of a case. What is absent is not looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// `accept`, `reject` or `undetermined`.
    pub decision: ExpectedDecision,
    /// The exit code of the report.
    pub exit: Option<u8>,
    /// Codes, or their numbers, of findings that must be there.
    #[serde(default)]
    pub codes: Vec<String>,
    /// The identity level reached, on the policy's scale.
    pub ial: Option<String>,
    /// The authentication level reached, on the policy's scale.
    pub aal: Option<String>,
}

/// A decision, as tables spell it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ExpectedDecision {
    /// Accepted.
    Accept,
    /// Refused.
    Reject,
    /// Nobody can tell.
    Undetermined,
}

impl ExpectedDecision {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Why a table is not read. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CaseTableError {
    /// Not JSON with one reading.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A member is missing, unknown or of the wrong kind.
    #[error("table of cases is malformed: {0}")]
    Shape(String),
    /// A member of a case that cannot be meant.
    #[error("table of cases is malformed: cases[{case}].{member} {problem}")]
    Member {
        /// Which case, from 0.
        case: usize,
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl CaseTableError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Shape(_) | Self::Member { .. } => "policy-cases-malformed",
        }
    }
}

impl CaseTable {
    /// Reads a table of at most [`limits::DOCUMENT`] bytes. `codes` says which codes there are: one that does not exist would never
    /// be found.
    ///
    /// # Errors
    ///
    /// [`CaseTableError`].
    pub fn parse(bytes: &[u8], codes: &CodeBook) -> Result<Self, CaseTableError> {
        let value = json::parse(bytes, limits::DOCUMENT)?;
        let table: Self = serde_json::from_value(value)
            .map_err(|error| CaseTableError::Shape(error.to_string()))?;
        if table.kind != TYPE {
            return Err(CaseTableError::Shape(format!("its type is not {TYPE}")));
        }
        if table.cases.is_empty() || table.cases.len() > MOST {
            let found = table.cases.len();
            return Err(CaseTableError::Shape(format!("it has {found} cases, of 1 to {MOST}")));
        }
        for (case, one) in table.cases.iter().enumerate() {
            let member = |member, problem| CaseTableError::Member { case, member, problem };
            if one.file.is_empty() || one.file == "-" {
                return Err(member("file", "names no file"));
            }
            if one.at.as_ref().is_some_and(|at| Timestamp::parse(at).is_err()) {
                return Err(member("at", "is no time (RFC 3339, such as 2026-11-23T09:00:00Z)"));
            }
            if one.expect.codes.iter().any(|code| named(code, codes).is_none()) {
                return Err(member("expect.codes", "names a code that there is not"));
            }
        }
        Ok(table)
    }
}

/// The code that a case means, by its name or its number.
fn named<'a>(wanted: &str, codes: &'a CodeBook) -> Option<&'a str> {
    let entry = codes.get(wanted).or_else(|| codes.by_number(wanted))?;
    Some(entry.code.as_str())
}

impl Expectation {
    /// What is otherwise in a report (`inkan-report/1`) than expected, a sentence each; nothing if it is as expected.
    #[must_use]
    pub fn differences(&self, report: &Value, codes: &CodeBook) -> Vec<String> {
        let mut out = Vec::new();
        let decision = text(report, "decision").unwrap_or("none");
        let expected = self.decision.as_str();
        if decision != expected {
            out.push(format!("expected {expected}, it is {decision}"));
        }
        let exit = report.get("exit").and_then(Value::as_u64);
        if let Some(expected) = self.exit.filter(|expected| exit != Some(u64::from(*expected))) {
            let found = exit.map_or_else(|| "none".to_owned(), |exit| exit.to_string());
            out.push(format!("expected exit {expected}, it is {found}"));
        }
        for (member, expected) in [("ial", &self.ial), ("aal", &self.aal)] {
            let Some(expected) = expected else { continue };
            let part = report.get("assurance").and_then(|assurance| assurance.get(member));
            let reached = part.and_then(|part| text(part, "achieved")).unwrap_or("none");
            if reached != expected {
                out.push(format!("expected {member} {expected:?}, reached is {reached}"));
            }
        }
        let found = found(report);
        for expected in &self.codes {
            if !named(expected, codes).is_some_and(|code| found.contains(&code)) {
                out.push(format!("expected the finding {expected:?}, it is not there"));
            }
        }
        out
    }
}

/// Codes of all findings of a report, and the reasons of its assurance part.
fn found(report: &Value) -> Vec<&str> {
    let of = |pointer| report.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let own = of("/checks").chain(of("/assurance/checks")).filter_map(|check| text(check, "code"));
    own.chain(of("/assurance/reasons").filter_map(Value::as_str)).collect()
}

#[cfg(test)]
mod tests;
