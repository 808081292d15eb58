//! Whether what was proofed once still holds (assurance §13): base registers alone can say it, and where none was asked nothing is said.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_evidence::Facts;
use inkan_evidence::register_check::{RegisterCheck, RegisterResult};
use serde_json::{Value, json};

use crate::line::Status;

/// What base registers say of the claims as they are now.
#[derive(Clone, Debug)]
pub(super) struct TrueNow {
    status: Status,
    claims: BTreeSet<String>,
    register: Option<String>,
    checked_at: Option<Timestamp>,
}

impl TrueNow {
    /// It passes if every credential was confirmed, and fails if one was denied. Of several answers the oldest says when.
    pub(super) fn of(facts: &Facts) -> Self {
        let (denied, all) = (is_denied(facts), facts.credentials());
        let confirmed = !all.is_empty()
            && all
                .iter()
                .all(|one| one.as_ref().is_some_and(|one| !one.register_checks().is_empty()));
        let status = match (denied, confirmed) {
            (true, _) => Status::Fail,
            (false, true) => Status::Pass,
            (false, false) => Status::Skipped,
        };
        let told = |check: &&RegisterCheck| match status {
            Status::Fail => check.result() == RegisterResult::Mismatch,
            Status::Pass => check.result() == RegisterResult::Match,
            Status::Skipped | Status::Unknown => false,
        };
        let checks = || {
            let of_all = all.iter().flatten().flat_map(|one| one.register_checks());
            of_all.filter(told)
        };
        let oldest = checks().min_by_key(|check| (check.at(), check.register()));
        Self {
            status,
            claims: checks().flat_map(RegisterCheck::claims).cloned().collect(),
            register: oldest.map(|check| check.register().to_owned()),
            checked_at: oldest.map(RegisterCheck::at),
        }
    }

    pub(super) fn to_value(&self) -> Value {
        json!({
            "status": self.status.as_str(),
            "claims": self.claims,
            "register": self.register,
            "checkedAt": self.checked_at.map(|at| at.to_string()),
        })
    }
}

/// Whether a base register says of some credential that its claims are not what it holds.
pub(crate) fn is_denied(facts: &Facts) -> bool {
    let mut checks = facts.credentials().iter().flatten().flat_map(|one| one.register_checks());
    checks.any(|check| check.result() == RegisterResult::Mismatch)
}
