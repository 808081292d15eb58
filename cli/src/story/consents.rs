//! What the holder agreed to when it showed the credential: each state of each consent, as the verifier judged it.
//!
//! In scope: consents about the very presentation that the story is of. Out of scope: judging them (`inkan consent check`), and the
//! verdict on the presentation, in which no consent counts.

use inkan_core::Timestamp;
use inkan_core::json::text;
use inkan_credential::consent::{ConsentReceipt, ConsentRecord, ConsentState, ConsentTerms};
use inkan_verifier::{Check, CheckName, ConsentVerification, Outcome};
use serde_json::Value;

use super::phrase::Phrase;
use super::{Basis, Bearing, Event, EventKind, Place};

/// Longest text of a purpose, and most purposes, that a line tells.
const PURPOSE: usize = 80;
const PURPOSES: usize = 3;

/// A consent, and what was found of it.
pub(crate) struct Judged {
    /// The receipt.
    pub(crate) receipt: ConsentReceipt,
    /// Every check of it.
    pub(crate) verification: ConsentVerification,
}

/// One event for each state, and one for each signature of the receiver.
pub(super) fn told(judged: &Judged) -> Vec<Event> {
    let Some(terms) = judged.receipt.terms() else { return Vec::new() };
    let checks = judged.verification.checks();
    let mut events = Vec::new();
    for (index, record) in judged.receipt.states().iter().enumerate() {
        let subject = format!("state[{index}]");
        let lines: Vec<&Check> = checks.iter().filter(|line| line.subject == subject).collect();
        // What came later than the judged time is left out.
        if lines.iter().any(|line| line.evidence.contains_key("later")) {
            continue;
        }
        events.push(state(record, terms, &lines));
        events.extend(acknowledged(record, terms, &lines));
    }
    events
}

fn passed(lines: &[&Check], name: CheckName) -> bool {
    let mut named = lines.iter().filter(|line| line.name == name).peekable();
    named.peek().is_some() && named.all(|line| line.outcome == Outcome::Pass)
}

fn state(record: &ConsentRecord, terms: &ConsentTerms, lines: &[&Check]) -> Event {
    let names = [CheckName::Signature, CheckName::KeyInForce, CheckName::DidActive];
    let holds = names.into_iter().all(|name| passed(lines, name));
    let place = place(lines).filter(|_| holds);
    let (kind, words) = match record.state() {
        ConsentState::Given => (EventKind::ConsentGiven, "consent given to "),
        ConsentState::Withdrawn => (EventKind::ConsentWithdrawn, "consent taken back from "),
    };
    let what = Phrase::own(words).named(receiver(terms));
    let what = match record.state() {
        ConsentState::Given => what.and(", for ").named(purposes(terms)),
        ConsentState::Withdrawn => what,
    };
    let basis = match (holds, &place) {
        (true, Some(_)) => Basis::Recorded,
        (true, None) => Basis::Signed,
        (false, _) => Basis::Said,
    };
    let word = if holds { "the holder's word" } else { "only the file says so" };
    let (time, word) = (record.event().time, Phrase::own(word));
    Event { kind, time, place, what, word, basis, bearing: Bearing::Neutral }
}

/// That the receiver signed the state as well.
fn acknowledged(record: &ConsentRecord, terms: &ConsentTerms, lines: &[&Check]) -> Option<Event> {
    let time = record.acknowledgement()?.created()?;
    let holds = passed(lines, CheckName::Acknowledgement);
    let (words, basis, word) = if holds {
        ("consent acknowledged by ", Basis::Signed, "the receiver's word")
    } else {
        ("consent said to be acknowledged by ", Basis::Said, "only the file says so")
    };
    Some(Event {
        kind: EventKind::ConsentAcknowledged,
        time,
        place: None,
        what: Phrase::own(words).named(receiver(terms)),
        word: Phrase::own(word),
        basis,
        bearing: Bearing::Neutral,
    })
}

/// Where the verifier found the state recorded.
fn place(lines: &[&Check]) -> Option<Place> {
    let line = lines
        .iter()
        .find(|line| line.name == CheckName::OnLedger && line.outcome == Outcome::Pass)?;
    let evidence = Value::Object(line.evidence.clone());
    let grade = text(&evidence, "recordGrade").unwrap_or("operator");
    let seen = text(&evidence, "recordTime").and_then(|at| Timestamp::parse(at).ok());
    Some(Place {
        log: text(&evidence, "log")?.to_owned(),
        entry: evidence.get("entry")?.as_u64()?,
        grade: grade.to_owned(),
        seen,
    })
}

fn receiver(terms: &ConsentTerms) -> String {
    super::chain::with_short_dids(&terms.receiver.audience)
}

fn purposes(terms: &ConsentTerms) -> String {
    let cut = |text: &str| text.chars().take(PURPOSE).collect::<String>();
    let told = terms.purposes.iter().take(PURPOSES).map(|purpose| cut(&purpose.text));
    let mut told: Vec<String> = told.collect();
    let more = terms.purposes.len().saturating_sub(PURPOSES);
    if more > 0 {
        told.push(format!("{more} more"));
    }
    told.join("; ")
}
