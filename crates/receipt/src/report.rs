//! The answer: which checks were made, the first that failed, and what is shown if none did.
//!
//! In scope: its JSON form, the same in all three languages. Out of scope: making the checks.

use serde_json::{Map, Value};

/// What became of one check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was made, and held.
    Pass,
    /// It was made, and did not hold.
    Fail,
    /// It was not made: nobody asked, or an earlier one failed.
    Skipped,
    /// It was asked for, and what it needs is not at hand.
    NotChecked,
}

impl Outcome {
    /// The word in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
            Self::NotChecked => "not-checked",
        }
    }
}

/// A list of checks, a code if one failed, and facts if none did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    code: Option<&'static str>,
    checks: Vec<(&'static str, Outcome)>,
    facts: Map<String, Value>,
}

impl Report {
    /// Starts a report over these checks, in this order; none is made yet.
    pub(crate) fn new(checks: &[&'static str]) -> Self {
        let checks = checks.iter().map(|name| (*name, Outcome::Skipped)).collect();
        Self { code: None, checks, facts: Map::new() }
    }

    /// The stable code of the check that failed; `None` if none did.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What became of a check; `None` if the question has none of this name.
    #[must_use]
    pub fn outcome(&self, check: &str) -> Option<Outcome> {
        self.checks.iter().find(|(name, _)| *name == check).map(|(_, outcome)| *outcome)
    }

    /// The answer as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("ok".to_owned(), self.code.is_none().into());
        if let Some(code) = self.code {
            out.insert("code".to_owned(), code.into());
        }
        let checks =
            self.checks.iter().map(|(name, outcome)| ((*name).to_owned(), outcome.name().into()));
        out.insert("checks".to_owned(), Value::Object(checks.collect()));
        if self.code.is_none() {
            out.extend(self.facts.clone());
        }
        Value::Object(out)
    }

    /// Notes what became of a check.
    pub(crate) fn set(&mut self, check: &str, outcome: Outcome) {
        if let Some(slot) = self.checks.iter_mut().find(|(name, _)| *name == check) {
            slot.1 = outcome;
        }
    }

    /// Notes that these checks held.
    pub(crate) fn pass(&mut self, checks: &[&str]) {
        checks.iter().for_each(|check| self.set(check, Outcome::Pass));
    }

    /// Notes that this check failed.
    pub(crate) fn fail_at(mut self, check: &str, code: &'static str) -> Self {
        self.set(check, Outcome::Fail);
        self.code = Some(code);
        self
    }

    /// Notes a failure among `tried`, checks that are made together in this order: those before it held.
    pub(crate) fn fail(mut self, tried: &[&str], code: &'static str) -> Self {
        let failed = check_of(code);
        if let Some(at) = tried.iter().position(|check| *check == failed) {
            self.pass(tried.get(..at).unwrap_or_default());
        }
        self.fail_at(failed, code)
    }

    /// Adds something that is shown.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }
}

/// The check that a code belongs to (§5.2 of the ledger specification).
fn check_of(code: &str) -> &'static str {
    match code {
        "policy-invalid" => "policy",
        "unknown-log" | "log-signature-invalid" => "log",
        "cosignature-invalid" | "cosignature-in-future" => "cosigners",
        "quorum-not-met" => "quorum",
        "inclusion-invalid" => "inclusion",
        "malformed-leaf" | "time-inconsistent" | "not-last-leaf" => "leaf",
        "entry-signature-invalid" | "not-home" => "entry",
        "digest-mismatch" | "opening-invalid" | "act-mismatch" | "act-superseded" => "opening",
        "stale" => "age",
        "map-proof-invalid" | "map-value-invalid" => "map",
        "params-invalid" => "parameters",
        "promise-broken" | "promise-pending" => "promise",
        _ => "form",
    }
}

/// A number as JSON: a decimal text beyond what every parser reads alike.
pub(crate) fn number(number: u64) -> Value {
    if number <= inkan_core::json::MAX_SAFE_INTEGER {
        number.into()
    } else {
        number.to_string().into()
    }
}
