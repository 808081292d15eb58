//! What level evidence will reach, for `issue --expect-ial`: a prediction, never a claim (P1).

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_evidence::{Basis, Finding, Prediction, Row, predicted};

use crate::catalogue::Catalogue;
use crate::ial::{Scope, rows};
use crate::level::Ial;

/// What evidence will reach, if the verifier authorises its proofer for the row.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The level.
    pub level: Ial,
    /// The row it rests on.
    pub row: Option<Row>,
    /// Where facts are lost.
    pub findings: Vec<Finding>,
}

/// Predicts the level of an unsigned credential, judged as of `as_of`.
#[must_use]
pub fn expect_ial(
    prediction: &Prediction<'_>,
    catalogue: &Catalogue,
    as_of: Timestamp,
) -> Expected {
    let facts = predicted(prediction, as_of);
    let scope = Scope { least: Basis::Claimed, ..Scope::plain() };
    let mut findings: BTreeSet<Finding> = facts.findings().iter().cloned().collect();
    let mut best: Option<(Ial, Row)> = None;
    for credential in facts.credentials().iter().flatten() {
        let found = rows(credential, &facts, catalogue, &scope, &mut findings);
        let levels = found.held.iter().map(|held| (held.level_now(), held.row));
        best = best.max(levels.max_by_key(|(level, row)| (*level, std::cmp::Reverse(*row))));
    }
    // Whom a verifier trusts is not known here.
    let about_trust = |finding: &Finding| {
        matches!(
            finding.code,
            inkan_evidence::Code::ProoferUnknown | inkan_evidence::Code::AnchorNotAuthorised
        )
    };
    Expected {
        level: best.map_or(Ial::Ial0, |(level, _)| level),
        row: best.map(|(_, row)| row),
        findings: findings.into_iter().filter(|finding| !about_trust(finding)).collect(),
    }
}

#[cfg(test)]
mod tests;
