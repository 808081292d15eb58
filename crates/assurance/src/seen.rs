//! What the assessment needs to know of a verification, as plain values: the one place that reads the verifier's types.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_credential::countersignature::Wanted;
use inkan_ledger::Grade;
use inkan_verifier::agreement::Act;
use inkan_verifier::verified::StatusSeen;
use inkan_verifier::{
    Check, CredentialProof, Outcome, Receipts, Recorded, Verification, VerifiedCredential,
};

use crate::line::{Line, Status};
use crate::policy::{Policy, TimeGrade};

/// A verification as far as a policy can ask about it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) as_of: Timestamp,
    pub(crate) received_at: Timestamp,
    /// What the verifier looked at.
    pub(crate) checks: Arc<Vec<Check>>,
    pub(crate) credentials: Vec<Option<SeenCredential>>,
}

/// A credential that passed verification.
#[derive(Clone, Debug)]
pub(crate) struct SeenCredential {
    pub(crate) issuer: String,
    /// The DID of the only subject.
    pub(crate) subject: Option<String>,
    pub(crate) types: Vec<String>,
    pub(crate) valid_from: Option<Timestamp>,
    pub(crate) record: Option<SeenRecord>,
    pub(crate) status: Option<Timestamp>,
    /// Countersignatures.
    pub(crate) acts: Vec<Act>,
    /// Who has to countersign, by the issuer's own word.
    pub(crate) offer: Vec<Wanted>,
    /// Proofs that are no countersignatures.
    pub(crate) proofs: Vec<SeenProof>,
}

/// A record on a ledger.
#[derive(Clone, Debug)]
pub(crate) struct SeenRecord {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: String,
    pub(crate) leaf_time: Timestamp,
    pub(crate) existed_by: Option<Timestamp>,
    /// Independent operators that vouch for the time.
    pub(crate) witnesses: u32,
    /// Whether a timestamp authority is one of them.
    pub(crate) tsa: bool,
    /// Verifier keys of everybody whose stamp on the checkpoint verified.
    pub(crate) keys: BTreeSet<String>,
    pub(crate) by_signer: bool,
}

/// A proof that is no countersignature, and did not fail.
#[derive(Clone, Debug)]
pub(crate) struct SeenProof {
    pub(crate) controller: String,
    pub(crate) asserts: bool,
    pub(crate) held: bool,
    /// Other DIDs of the same controller.
    pub(crate) linked: BTreeSet<String>,
}

impl Seen {
    pub(crate) fn of(verification: &Verification) -> Self {
        Self {
            as_of: verification.as_of(),
            received_at: verification.received_at(),
            checks: verification.shared_checks(),
            credentials: verification
                .credentials()
                .iter()
                .map(|credential| credential.as_ref().map(SeenCredential::of))
                .collect(),
        }
    }
}

/// Whether a verdict rests on a line of the verifier.
pub(crate) const fn decides(check: &Check) -> bool {
    check.failed() || check.blocks()
}

/// A line of the verifier, in the shape that all lines of a report have.
pub(crate) fn line(check: &Check) -> Line {
    let status = match &check.outcome {
        Outcome::Pass => Status::Pass,
        Outcome::Fail(_) => Status::Fail,
        Outcome::Skipped => Status::Skipped,
        Outcome::Unknown(_) => Status::Unknown,
    };
    let mut line = Line::new(check.name.as_str(), &check.subject, status);
    line.decides = decides(check);
    line.evidence = check.evidence.clone();
    if let Some(reason) = check.reason() {
        line.code = Some(reason.code());
        line.said = Some(reason.to_string());
    }
    line
}

impl SeenCredential {
    pub(crate) fn of(credential: &VerifiedCredential) -> Self {
        let value = credential.credential().value();
        let types = match value.get("type") {
            Some(serde_json::Value::Array(list)) => list.iter().collect(),
            Some(one) => vec![one],
            None => vec![],
        };
        Self {
            issuer: credential.issuer().to_owned(),
            subject: credential.credential().subject_id().map(str::to_owned),
            types: types
                .into_iter()
                .filter_map(|kind| kind.as_str())
                .filter(|kind| *kind != "VerifiableCredential")
                .map(str::to_owned)
                .collect(),
            valid_from: credential.credential().valid_from(),
            record: credential.recorded().map(SeenRecord::of),
            status: match credential.status() {
                StatusSeen::NotNamed => None,
                StatusSeen::Good { since } => Some(since),
            },
            acts: credential.acts(),
            offer: credential.credential().offer().to_vec(),
            proofs: credential.proofs().iter().map(SeenProof::of).collect(),
        }
    }
}

impl SeenProof {
    fn of(proof: &CredentialProof) -> Self {
        Self {
            controller: proof.controller().to_owned(),
            asserts: proof.asserts(),
            held: proof.held(),
            linked: proof.linked().clone(),
        }
    }
}

impl SeenRecord {
    fn of(recorded: &Recorded) -> Self {
        Self {
            origin: recorded.origin().to_owned(),
            size: recorded.tree_size(),
            root: recorded.root_hash().to_owned(),
            leaf_time: recorded.leaf_time(),
            existed_by: recorded.existed_by(),
            witnesses: u32::try_from(recorded.operators().len()).unwrap_or(u32::MAX),
            tsa: recorded.grades().holds(Grade::Tsa),
            keys: recorded.cosigners().iter().map(|one| one.key().to_string()).collect(),
            by_signer: recorded.is_by_signer(),
        }
    }

    /// All grades of time that hold, in words.
    pub(crate) fn grades(&self) -> Vec<String> {
        match self.witnesses {
            0 => vec!["operator".to_owned()],
            operators => {
                let tsa = self.tsa.then(|| "tsa".to_owned());
                [format!("witnessed {operators}")].into_iter().chain(tsa).collect()
            }
        }
    }
}

/// The least grade of time that `policy` relies on, for the verifier's context.
#[must_use]
pub fn ledger_grade(policy: &Policy) -> Grade {
    match policy.outer.ledger.time {
        TimeGrade::Operator {} => Grade::Operator,
        TimeGrade::Witnessed { at_least } => {
            Grade::Witnessed(usize::try_from(at_least).unwrap_or(usize::MAX))
        }
        TimeGrade::Tsa {} => Grade::Tsa,
        TimeGrade::Chain {} => Grade::Chain,
    }
}

/// Whether `policy` demands receipts, for the verifier's context.
#[must_use]
pub const fn receipts(policy: &Policy) -> Receipts {
    if policy.outer.ledger.required { Receipts::Required } else { Receipts::Used }
}

#[cfg(test)]
mod tests;
