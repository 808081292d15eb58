//! Does this evidence prove what it says? Two halves that cannot both be, of one log or of one DID.
//!
//! In scope: making the checks in order, and what they show. Out of scope: the checks themselves (`inkan-ledger`).

use inkan_ledger::{Evidence, EvidenceError, Proven};

use crate::receipt::{judged_at, read_policy};
use crate::report::{Report, number};
use crate::request::EvidenceRequest;

/// Makes all checks of an evidence file, up to the first that fails; it holds if the evidence proves something.
#[must_use]
pub fn check_evidence(asked: &EvidenceRequest) -> Report {
    let mut report = Report::new(&["policy", "form", "halves", "contradiction"]);
    let policy = match read_policy(&asked.trust) {
        Ok(policy) => policy,
        Err(code) => return report.fail(&[], code),
    };
    report.pass(&["policy"]);
    let evidence = match Evidence::parse(&asked.evidence) {
        Ok(evidence) => evidence,
        Err(error) => return report.fail_at("form", code_of(&error)),
    };
    report.pass(&["form"]);
    let proven = match evidence.verify(&policy, judged_at(&asked.trust)) {
        Ok(proven) => proven,
        Err(error @ EvidenceError::NoContradiction) => {
            report.pass(&["halves"]);
            return report.fail_at("contradiction", code_of(&error));
        }
        Err(error) => return report.fail_at("halves", code_of(&error)),
    };
    report.pass(&["halves", "contradiction"]);
    report.fact("proves", proven.code());
    match proven {
        Proven::PromiseBroken { log, leaf_index, deadline } => {
            report.fact("log", log);
            report.fact("index", number(leaf_index));
            report.fact("deadline", deadline.seconds());
        }
        Proven::SplitView { log, sizes, witnesses } => {
            report.fact("log", log);
            report.fact("sizes", sizes.map(number).to_vec());
            report.fact("witnesses", witnesses.into_iter().collect::<Vec<_>>());
        }
        Proven::DidEquivocation { scid, number, version_ids } => {
            report.fact("scid", scid);
            report.fact("number", number);
            report.fact("versionIds", version_ids.to_vec());
        }
    }
    report
}

/// The code of a failure. Which rule an entry of a DID breaks is told by who validates DIDs; here it is not authorised.
const fn code_of(error: &EvidenceError) -> &'static str {
    match error {
        EvidenceError::Entry(_) => "entry-signature-invalid",
        EvidenceError::Malformed(_) | EvidenceError::Half(_) | EvidenceError::NoContradiction => {
            error.code()
        }
    }
}
