//! Who must have countersigned: the policy's demands, put to the verifier's engine (assurance §11).

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_credential::countersignature::Wanted;
use inkan_evidence::authority::{authorise, authorise_recorded};
use inkan_evidence::{Code, Registry};
use inkan_verifier::agreement::{self, Act, Answer, ItemAnswer, Lack, Met, Question, Standing};
use serde_json::{Value, json};

use crate::line::{Line, Status};
use crate::policy::{Policy, TimeGrade};
use crate::seen::SeenCredential;

/// One line per item of `countersigned`, and one for each act that a seal leaves out.
pub(crate) fn judge(
    policy: &Policy,
    credential: &SeenCredential,
    subject: &str,
    registries: &[Registry],
    as_of: Timestamp,
) -> Vec<Line> {
    let items = &policy.outer.countersigned;
    if items.is_empty() && credential.acts.is_empty() {
        return Vec::new();
    }
    let answer = answer(policy, credential, registries, as_of);
    let mut out = Vec::new();
    for (position, (item, found)) in items.iter().zip(&answer.items).enumerate() {
        let line = match found.met {
            Met::Yes => Line::pass("countersigned", subject).saying(format!(
                "{} {}s",
                item.role(),
                item.decision.as_str()
            )),
            Met::Alone => Line::pass("countersigned", subject),
            Met::No(lack) => Line::fail("countersigned", subject, code(lack)),
            Met::Unknown(lack) => Line::unknown("countersigned", subject, code(lack)),
        };
        let wanted = format!("{} {} ({})", item.at_least(), item.role(), item.decision.as_str());
        let line = line.expected(wanted).found(found.found).with("item", position);
        out.push(explained(line, found, credential, as_of));
    }
    let standing = credential.acts.iter().zip(&answer.acts);
    out.extend(standing.filter_map(|(act, standing)| aside(subject, act, *standing)));
    out
}

/// What the engine says to the policy's items.
pub(crate) fn answer(
    policy: &Policy,
    credential: &SeenCredential,
    registries: &[Registry],
    as_of: Timestamp,
) -> Answer {
    let items = &policy.outer.countersigned;
    let wanted: Vec<Wanted> = items.iter().map(super::policy::CountersignedItem::wanted).collect();
    let listed = |item: usize, did: &str, act: &Act| {
        let item = items.get(item)?;
        let registry = item.registry.as_ref()?;
        let record = act.record.as_ref();
        let at = record.map_or(as_of, |record| record.leaf_time);
        // What witnesses had seen cannot be dated back: a revocation for cause may spare it.
        let entries = match record.and_then(|record| record.existed_by) {
            Some(seen) => authorise_recorded(registries, did, at.max(seen), as_of),
            None => authorise(registries, did, at, as_of),
        };
        let entries = entries.unwrap_or_default();
        let lists = |by: &inkan_evidence::authority::Authorised| {
            by.registry() == registry && by.may_countersign(item.role.as_str())
        };
        Some(entries.iter().any(lists))
    };
    // A span that cannot be read is refused when the policy is loaded; here it would allow no age at all.
    let max_age = policy.outer.current_acts.as_ref().map(|acts| acts.max_age());
    let current = max_age.and_then(|age| age.or_else(|_| CalendarSpan::days(0)).ok());
    let question = Question {
        items: &wanted,
        offer: &credential.offer,
        listed: &listed,
        issuer: &credential.issuer,
        subject: credential.subject.as_deref(),
        // Somebody else's record of the issuance may be as late as they like.
        issued_at: own_record(credential),
        as_of,
        operator_time: policy.outer.ledger.time == TimeGrade::Operator {},
        current,
    };
    agreement::judge(&question, &credential.acts)
}

/// When the issuer's own record of the issuance says that it was made.
pub(crate) fn own_record(credential: &SeenCredential) -> Option<Timestamp> {
    let record = credential.record.as_ref().filter(|record| record.by_signer);
    record.map(|record| record.leaf_time)
}

/// Who was counted, who was not and why, and until when there was time.
fn explained(
    line: Line,
    found: &ItemAnswer,
    credential: &SeenCredential,
    as_of: Timestamp,
) -> Line {
    let who = |number: &usize| credential.acts.get(*number).map(|act| act.controller.as_str());
    let left_out: Vec<Value> = found
        .left_out
        .iter()
        .filter_map(|(number, lack)| Some(json!({ "signer": who(number)?, "why": lack.word() })))
        .collect();
    let line = line.with("counted", found.names.iter().cloned().collect::<Vec<String>>());
    let delegates = found.delegates(&credential.acts);
    let line = if delegates.is_empty() { line } else { line.with("delegates", delegates) };
    let line = if left_out.is_empty() { line } else { line.with("notCounted", left_out) };
    match found.deadline {
        Some(time) => line.with("before", time.to_string()).with("over", time < as_of),
        None => line,
    }
}

/// What came after the seal, or is a seal that counts for nothing: it is told, and changes nothing.
fn aside(subject: &str, act: &Act, standing: Standing) -> Option<Line> {
    let code = match standing {
        Standing::Stands | Standing::Withdrawn => return None,
        Standing::SealedBeforeWithdrawal => Code::WithdrawnAfterSeal,
        Standing::AfterSeal => Code::AddedAfterSeal,
        Standing::StrangersSeal => Code::SealByStranger,
    };
    let line = Line::note("seal", subject, Status::Unknown, code);
    Some(line.with("role", act.role.as_str()).with("signer", act.controller.as_str()))
}

const fn code(lack: Lack) -> Code {
    match lack {
        Lack::Missing
        | Lack::NotNamed
        | Lack::NotListed
        | Lack::KeyEnded
        | Lack::NotAdmitted
        | Lack::PowerVoid => Code::CountersignatureMissing,
        Lack::PowerNotShown => Code::PowerNotShown,
        Lack::Refused => Code::CountersignatureRefused,
        Lack::Withdrawn => Code::CountersignatureWithdrawn,
        Lack::AfterSeal | Lack::StrangersSeal => Code::CountersignatureAfterSeal,
        Lack::OutOfOrder => Code::CountersignatureOutOfOrder,
        Lack::Late => Code::CountersignatureLate,
        Lack::TimeUnknown => Code::CountersignatureTimeUnknown,
        Lack::SignerUnknown => Code::CountersignerUnknown,
        Lack::NotShownCurrent => Code::ActStateNotShown,
        Lack::NotDistinct => Code::CountersignersNotDistinct,
    }
}

#[cfg(test)]
mod tests;
