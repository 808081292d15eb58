//! `inkan-report/1`: the decision, every check in one list, and what would have made it pass (assurance §13).
//!
//! Deterministic: the same inputs give the same bytes. No personal data: paths, codes, digests and DIDs only.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use inkan_core::json;
use inkan_evidence::Row;
use inkan_verifier::Check;
use serde_json::{Map, Value};

use crate::line::Line;
use crate::remedy::Remedy;
use crate::seen;

mod true_now;
mod written;

pub(crate) use true_now::is_denied;
pub(crate) use written::Summary;
use written::Written;

/// The type of the credential that a signed report is.
pub const SIGNED: &str = "VerificationReport";

/// What a signed report claims: what was judged is named by its digest alone, and the report is text, so that its bytes stay what they
/// are and no level in it passes for a claim of the credential. `None` if `report` is not JSON with one reading.
#[must_use]
pub fn claims_of(report: &Value, artefact_sha256: &str) -> Option<Map<String, Value>> {
    let text = String::from_utf8(json::canonicalize(report).ok()?).ok()?;
    let of = |name: &str| report.get(name).cloned().unwrap_or_default();
    let claims = [
        ("artefactSha256", artefact_sha256.into()),
        ("decision", of("decision")),
        ("policy", of("policy")),
        ("report", text.into()),
    ];
    Some(claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What a verifier may do with what it was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Everything that the policy asks for holds.
    Accept,
    /// Something does not hold.
    Reject,
    /// Something could not be told; never an acceptance.
    Undetermined,
}

impl Decision {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A decision with its reasons. What it says in full is written when somebody asks for it.
#[derive(Clone, Debug)]
pub struct Report {
    because: Because,
    remedies: Vec<Remedy>,
    levels: Levels,
    /// What the verifier looked at.
    checks: Arc<Vec<Check>>,
    /// What was looked at here.
    own: Vec<Line>,
    written: Box<Written>,
    lines: OnceLock<Vec<Line>>,
    value: OnceLock<Value>,
}

/// The decision, and what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Because {
    pub(crate) decision: Decision,
    pub(crate) exit: u8,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) warnings: Vec<&'static str>,
}

/// The levels that a report shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Levels {
    /// The identity level that the policy asks for.
    pub required_identity: Option<&'static str>,
    /// The identity level before the policy's filters.
    pub achieved_identity: &'static str,
    /// The identity level that counts.
    pub counted_identity: &'static str,
    /// The row that it rests on.
    pub row: Option<Row>,
    /// The authentication level that the policy asks for.
    pub required_authentication: Option<&'static str>,
    /// The authentication level of the presentation.
    pub achieved_authentication: &'static str,
}

impl Report {
    /// The decision.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.because.decision
    }

    /// The exit code of a command that ends with this decision.
    #[must_use]
    pub const fn exit(&self) -> u8 {
        self.because.exit
    }

    /// Every check, the verifier's first.
    #[must_use]
    pub fn checks(&self) -> &[Line] {
        self.lines.get_or_init(|| {
            self.checks.iter().map(seen::line).chain(self.own.iter().cloned()).collect()
        })
    }

    /// Why it was not accepted, the first reason first.
    #[must_use]
    pub fn reasons(&self) -> &[&'static str] {
        &self.because.reasons
    }

    /// What is said although it changes nothing.
    #[must_use]
    pub fn warnings(&self) -> &[&'static str] {
        &self.because.warnings
    }

    /// What would have made it pass, cheapest first.
    #[must_use]
    pub fn remedies(&self) -> &[Remedy] {
        &self.remedies
    }

    /// The levels.
    #[must_use]
    pub const fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What to ask a wallet for so that this could become an acceptance (DCQL); `None` if no remedy is known. What comes back is judged
    /// from nothing.
    #[must_use]
    pub fn query(&self) -> Option<Value> {
        self.written.query()
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_value(&self) -> &Value {
        self.value.get_or_init(|| self.written.to_value(self))
    }

    /// The report in canonical form (JCS).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonicalize(self.to_value()).unwrap_or_default()
    }

    pub(crate) fn build(
        because: Because,
        own: Vec<Line>,
        remedies: BTreeSet<Remedy>,
        summary: Summary<'_>,
    ) -> Self {
        Self {
            because,
            remedies: remedies.into_iter().collect(),
            levels: summary.levels(),
            checks: Arc::clone(&summary.seen.checks),
            own,
            written: Box::new(summary.written()),
            lines: OnceLock::new(),
            value: OnceLock::new(),
        }
    }
}
