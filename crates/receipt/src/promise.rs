//! Did a log keep what it promised? §3.6 of the ledger specification.
//!
//! In scope: making the checks in order, and what they show. Out of scope: the checks themselves (`inkan-ledger`).

use inkan_ledger::promise::verify_promise;
use inkan_ledger::{Checkpoint, Receipt, ReceiptError, SignedNote};

use crate::receipt::{judged_at, read_policy, read_sidecar};
use crate::report::{Report, number};
use crate::request::PromiseRequest;

/// Makes all checks of a promise, up to the first that fails; it holds if it was kept.
#[must_use]
pub fn check_promise(asked: &PromiseRequest) -> Report {
    let mut report = Report::new(&["policy", "form", "log", "promise"]);
    let policy = match read_policy(&asked.trust) {
        Ok(policy) => policy,
        Err(code) => return report.fail(&[], code),
    };
    report.pass(&["policy"]);
    let malformed = ReceiptError::Malformed("promise is not UTF-8");
    let promise = std::str::from_utf8(&asked.promise).map_err(|_| malformed);
    let judged = proofs(asked).and_then(|proofs| Ok((proofs, verify_promise(promise?, &policy)?)));
    let ((receipts, heads), promise) = match judged {
        Ok(judged) => judged,
        Err(error) => return report.fail(&["form", "log"], error.code()),
    };
    report.pass(&["form", "log"]);
    let state = promise.judge(&receipts, &heads, &policy, judged_at(&asked.trust));
    if let Some(code) = state.code() {
        return report.fail(&[], code);
    }
    report.pass(&["promise"]);
    let promise = promise.promise();
    report.fact("origin", promise.origin());
    report.fact("deadline", promise.deadline().seconds());
    report
        .fact("promised", promise.leaves().keys().map(|index| number(*index)).collect::<Vec<_>>());
    report
}

fn proofs(asked: &PromiseRequest) -> Result<(Vec<Receipt>, Vec<SignedNote>), ReceiptError> {
    let receipts =
        asked.receipts.iter().map(|bytes| read_sidecar(bytes, None)).collect::<Result<_, _>>()?;
    let heads = asked.heads.iter().map(|bytes| read_head(bytes)).collect::<Result<_, _>>()?;
    Ok((receipts, heads))
}

fn read_head(bytes: &[u8]) -> Result<SignedNote, ReceiptError> {
    let malformed = || ReceiptError::Malformed("checkpoint is not a note of three lines");
    let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
    let note = SignedNote::parse(text).map_err(|_| malformed())?;
    Checkpoint::parse_text(note.text()).map_err(|_| malformed())?;
    Ok(note)
}
