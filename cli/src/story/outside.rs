//! What others added to the file: timestamps over items of it, and e-seals, as the verifier judged them.

use inkan_core::Timestamp;
use inkan_verifier::{Check, CheckName, Outcome};
use serde_json::Value;

use super::build::Telling;
use super::phrase::Phrase;
use super::{Basis, Bearing, Event, EventKind};

/// One event for each that says when it was made. What covers the file as a whole is told of every credential in it.
pub(super) fn told(telling: &Telling<'_>) -> Vec<Event> {
    let of = |name: CheckName| telling.all.iter().filter(move |line| line.name == name);
    let stamps = of(CheckName::Timestamp).filter_map(stamped);
    stamps.chain(of(CheckName::Eseal).filter_map(sealed)).collect()
}

fn text<'a>(line: &'a Check, member: &str) -> Option<&'a str> {
    line.evidence.get(member).and_then(Value::as_str)
}

fn time(line: &Check, member: &str) -> Option<Timestamp> {
    Timestamp::parse(text(line, member)?).ok()
}

/// What it covers, by number.
fn items(line: &Check) -> String {
    match line.evidence.get("items").and_then(Value::as_u64) {
        Some(1) => "an item of this file".to_owned(),
        Some(count) => format!("{count} items of this file"),
        None => "items of this file".to_owned(),
    }
}

fn stamped(line: &Check) -> Option<Event> {
    let (time, items) = (time(line, "existedBy")?, items(line));
    let held = line.outcome == Outcome::Pass;
    let words =
        if held { "timestamped (RFC 3161): " } else { "a timestamp that could not be relied on: " };
    Some(Event {
        kind: EventKind::Timestamped,
        time,
        place: None,
        what: Phrase::own(format!("{words}{items}")),
        word: match text(line, "authority").filter(|_| held) {
            Some(name) => Phrase::own("the word of ").named(name),
            None => Phrase::own("only the file says so"),
        },
        basis: if held { Basis::Signed } else { Basis::Said },
        bearing: Bearing::Neutral,
    })
}

fn sealed(line: &Check) -> Option<Event> {
    let (time, items) = (time(line, "time")?, items(line));
    let (words, basis, bearing) = match &line.outcome {
        Outcome::Pass => ("e-sealed", Basis::Signed, Bearing::Neutral),
        Outcome::Fail(_) => ("an e-seal that does not hold", Basis::Said, Bearing::Against),
        Outcome::Unknown(_) | Outcome::Skipped => {
            ("an e-seal that could not be judged to the end", Basis::Said, Bearing::Neutral)
        }
    };
    let signer = text(line, "signer").map(super::chain::with_short_dids).unwrap_or_default();
    Some(Event {
        kind: EventKind::Esealed,
        time,
        place: None,
        what: Phrase::own(format!("{words}: {items}; it names ")).named(signer),
        word: match basis {
            Basis::Signed | Basis::Recorded => Phrase::own("the sealer's own date"),
            Basis::Said => Phrase::own("only the file says so"),
        },
        basis,
        bearing,
    })
}
