//! What the issuer says that its credential needs: nobody accepts it without, under whatever policy.

use inkan_core::Timestamp;
use inkan_credential::Credential;
use inkan_credential::countersignature::{Role, Wanted};
use inkan_ledger::Grade;
use serde_json::Value;

use super::Bench;
use crate::agreement::{Act, Answer, Lack, Met, Question, judge};
use crate::check::{Check, CheckName, Weight};
use crate::reason::Reason;
use crate::verified::Recorded;

const NAME: CheckName = CheckName::Offered;

/// One line per demand of the credential's own offer; none, if it has none.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    (credential, recorded): (&Credential, Option<&Recorded>),
    acts: &[Act],
    checks: &mut Vec<Check>,
) {
    let offer = credential.offer();
    if offer.is_empty() {
        return;
    }
    // Somebody else's record of the issuance may be as late as they like.
    let issued_at = recorded.filter(|record| record.is_by_signer()).map(Recorded::leaf_time);
    let answer = answer(bench, credential, issued_at, acts);
    for (wanted, found) in offer.iter().zip(&answer.items) {
        let line = match found.met {
            Met::Yes | Met::Alone => Check::pass(NAME, subject),
            Met::No(lack) => Check::fail(NAME, subject, reason(wanted, lack)),
            Met::Unknown(lack) => {
                Check::unknown(NAME, subject, reason(wanted, lack), Weight::Required)
            }
        };
        let counted: Vec<Value> = found.names.iter().map(|name| name.as_str().into()).collect();
        let delegates = found.delegates(acts);
        let line = if delegates.is_empty() { line } else { line.with("delegates", delegates) };
        let line = line
            .with("role", wanted.role.as_str())
            .with("decision", wanted.decision.as_str())
            .with("needed", wanted.at_least)
            .with("found", u64::try_from(found.found).unwrap_or(u64::MAX))
            .with("counted", counted);
        checks.push(match found.deadline {
            Some(time) => {
                line.with("before", time.to_string()).with("over", time < bench.context.as_of)
            }
            None => line,
        });
    }
}

fn answer(
    bench: &Bench<'_>,
    credential: &Credential,
    issued_at: Option<Timestamp>,
    acts: &[Act],
) -> Answer {
    let question = Question {
        items: credential.offer(),
        offer: credential.offer(),
        listed: &|_, _, _| None,
        issuer: credential.issuer(),
        subject: credential.subject_id(),
        issued_at,
        as_of: bench.context.as_of,
        operator_time: bench.context.grade == Grade::Operator,
        current: None,
    };
    judge(&question, acts)
}

fn reason(wanted: &Wanted, lack: Lack) -> Reason {
    Reason::OfferNotMet { role: wanted.role.as_str(), code: code(wanted, lack) }
}

/// What a lack is called.
const fn code(wanted: &Wanted, lack: Lack) -> &'static str {
    match (lack, wanted.role) {
        (Lack::Missing | Lack::NotNamed | Lack::NotListed | Lack::KeyEnded, Role::CoIssuer) => {
            "co-issuer-missing"
        }
        (lack, _) => lack.code(),
    }
}
