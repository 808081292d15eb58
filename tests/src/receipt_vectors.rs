//! The vectors of `crates/receipt/vectors`: questions about receipts, and what every verifier must answer.
//!
//! In scope: making them, always the same, from fixed seeds and times. Out of scope: comparing the verifiers with them
//! (`tests/receipt_vectors.rs`).

pub mod artefacts;
pub mod book;
pub mod broken;
pub mod coses;
pub mod currents;
pub mod edges;
pub mod evidence;
pub mod mutants;
pub mod parameters;
pub mod policies;
pub mod primitives;
pub mod promises;
pub mod records;
pub mod signers;
pub mod whole;

use serde_json::{Map, Value, json};

/// One file of vectors.
#[derive(Debug)]
pub struct Group {
    /// File name without `.json`.
    pub name: &'static str,
    /// What its cases have in common.
    pub about: &'static str,
    /// Members of every request of the file, unless a case has its own.
    pub defaults: Value,
    /// The cases.
    pub cases: Vec<Case>,
}

/// A question and what the answer must contain.
#[derive(Debug)]
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The request, without the defaults.
    pub request: Value,
    /// Members that the answer must have.
    pub expect: Value,
}

impl Group {
    /// A file without cases.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, defaults: Value) -> Self {
        Self { name, about, defaults, cases: Vec::new() }
    }

    /// Adds a question whose checks all hold, with what is shown then.
    pub fn holds(&mut self, name: impl Into<String>, request: Value, facts: &Value) {
        let expect = merged(&json!({ "ok": true }), facts);
        self.cases.push(Case { name: name.into(), request, expect });
    }

    /// Adds a question that is answered with this code.
    pub fn refused(&mut self, name: impl Into<String>, request: Value, code: &str) {
        let expect = json!({ "ok": false, "code": code });
        self.cases.push(Case { name: name.into(), request, expect });
    }

    /// The request of a case, whole: with the defaults, but for those that it sets to null.
    #[must_use]
    pub fn request(&self, case: &Case) -> Value {
        whole_request(&self.defaults, &case.request)
    }

    /// The text of the file: one case a line, so that changes can be read.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines: Vec<String> = self
            .cases
            .iter()
            .map(|case| {
                json!({"name": case.name, "request": case.request, "expect": case.expect})
                    .to_string()
            })
            .collect();
        format!(
            "{{\"type\":\"inkan-receipt-vectors/1\",\"about\":{},\"defaults\":{},\"cases\":[\n{}\n]}}\n",
            Value::from(self.about),
            self.defaults,
            lines.join(",\n")
        )
    }
}

/// All files.
#[must_use]
pub fn all() -> Vec<Group> {
    let mut out = vec![primitives::group()];
    out.extend(whole::groups());
    out.extend([
        broken::group(),
        edges::group(),
        policies::group(),
        currents::group(),
        signers::group(),
        artefacts::group(),
        records::group(),
        promises::group(),
        evidence::group(),
        parameters::group(),
        coses::group(),
    ]);
    out
}

/// A request with the defaults of its file; null takes a default away.
#[must_use]
pub fn whole_request(defaults: &Value, request: &Value) -> Value {
    let mut out = merged(defaults, request);
    if let Some(members) = out.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    out
}

/// The members of both, those of `over` where they differ.
#[must_use]
pub fn merged(under: &Value, over: &Value) -> Value {
    let mut out = under.as_object().cloned().unwrap_or_default();
    out.extend(over.as_object().cloned().unwrap_or_else(Map::new));
    Value::Object(out)
}

/// Whether `answer` has all of `expected`, at any depth of objects.
#[must_use]
pub fn contains(answer: &Value, expected: &Value) -> bool {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => expected
            .iter()
            .all(|(name, value)| answer.get(name).is_some_and(|found| contains(found, value))),
        _ => answer == expected,
    }
}
