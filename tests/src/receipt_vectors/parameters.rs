//! Operator events (§2.4 of the ledger specification): which parameters document may follow which.

use inkan_core::encoding::b64u;
use inkan_core::{json as strict, sha256};
use inkan_ledger::parameters::{
    Announcement, OperatorEvent, Parameters, ParametersDocument as Document,
};
use inkan_ledger::tree::NodeHash;
use inkan_ledger::{Kind, RuleVersion};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, START, at};

/// Seconds of notice that the parameters of these logs demand.
const NOTICE: i64 = 1_000;

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let policy = Book::new("ledger.example", 1).two_of_three();
    let defaults = json!({ "check": "parameters", "policy": policy, "now": START + 10_000 });
    let about = "Operator events (§2.4): which parameters document may follow which.";
    let mut group = Group::new("parameters", about, defaults);
    lawful(&mut group);
    unlawful(&mut group);
    malformed(&mut group);
    receipts(&mut group);
    group
}

/// A document, so many seconds after the one before.
type Step = (i64, Vec<u8>);

fn values() -> Parameters {
    Parameters { notice: NOTICE, ..Parameters::default() }
}

fn changed() -> Parameters {
    Parameters { import_max: 10, ..values() }
}

fn bytes(document: &Document) -> Vec<u8> {
    document.to_bytes().expect("a document")
}

fn genesis() -> Document {
    Document::genesis(values())
}

/// The announcement of a change for so many seconds after the beginning.
fn announced(before: &Document, values: Parameters, seconds: i64) -> Document {
    let next = Announcement { rules: RuleVersion::One, values, not_before: at(seconds) };
    before.announce(sha256(&[&bytes(before)]), next)
}

fn applied(before: &Document) -> Document {
    before.apply(sha256(&[&bytes(before)])).expect("an announcement")
}

fn recorded(before: &Document, event: OperatorEvent) -> Document {
    before.record(sha256(&[&bytes(before)]), event)
}

const CLOCK: OperatorEvent = OperatorEvent::ClockAccepted { step: 77 };

fn guard() -> OperatorEvent {
    let root = NodeHash::from_digest(sha256(&[b"the head that witnesses had"]));
    OperatorEvent::GuardAdopted { size: 2, root }
}

/// A log whose epoch leaves name these documents, and the question about them.
fn asked(steps: &[Step]) -> Value {
    asked_of(("ledger.example", 1), steps)
}

fn asked_of((origin, seed): (&str, u64), steps: &[Step]) -> Value {
    let mut book = Book::new(origin, seed);
    let mut places = Vec::new();
    for (seconds, document) in steps {
        book.wait(*seconds);
        book.params = sha256(&[document]);
        places.push(book.seal() - 1);
    }
    let note = book.cosigned(book.size(), &[book.seconds(); 3]);
    let receipts: Vec<_> = places.iter().map(|place| book.sidecar(*place, &note)).collect();
    let text = |(_, document): &Step| String::from_utf8_lossy(document).into_owned();
    json!({ "documents": steps.iter().map(text).collect::<Vec<_>>(), "receipts": receipts })
}

/// Genesis, announcement, clock, application, guard: leaves at 0, 1, 2, 1,101 and 1,102 seconds.
fn story() -> (Vec<Document>, Vec<Step>) {
    let first = genesis();
    let second = announced(&first, changed(), 1_001);
    let third = recorded(&second, CLOCK);
    let fourth = applied(&third);
    let fifth = recorded(&fourth, guard());
    let documents = vec![first, second, third, fourth, fifth];
    let waits = [0, 0, 0, 1_098, 0];
    let steps = waits.into_iter().zip(documents.iter().map(bytes)).collect();
    (documents, steps)
}

fn lawful(group: &mut Group) {
    let (documents, steps) = story();
    for length in 1..=steps.len() {
        let event = documents[length - 1].event.name();
        let part = &steps[..length];
        let times = [0, 1, 2, 1_101, 1_102];
        let shown = |at: usize| {
            json!({
                "event": documents[at].event.name(), "digest": sha256(&[&part[at].1]).to_hex(),
                "index": at, "leafTime": START + times[at],
            })
        };
        let events: Vec<_> = (0..length).map(shown).collect();
        let answer = json!({ "origin": "ledger.example", "events": events });
        group.holds(format!("{event}, after {} others", length - 1), asked(part), &answer);
    }
    let (first, second) = (&documents[0], &documents[1]);
    let again = announced(second, changed(), 1_002);
    let steps = [(0, bytes(first)), (0, bytes(second)), (0, bytes(&again))];
    group.holds("an announcement that takes the place of another", asked(&steps), &json!({}));
    let due = announced(first, changed(), 1_001);
    let steps = [(0, bytes(first)), (0, bytes(&due)), (999, bytes(&applied(&due)))];
    group.holds("a change in the second that was announced", asked(&steps), &json!({}));
}

fn unlawful(group: &mut Group) {
    let (documents, steps) = story();
    let mut refuse = |name: &str, request: Value| group.refused(name, request, "params-invalid");
    let [first, second, third, fourth, _] = documents.as_slice() else { return };
    let after = |document: Document, wait: i64| {
        asked(&[(0, bytes(first)), (0, bytes(second)), (wait, bytes(&document))])
    };
    refuse("no genesis", asked(&steps[1..]));
    refuse("an event left out", asked(&[steps[0].clone(), steps[1].clone(), steps[3].clone()]));
    refuse("a second genesis", asked(&[(0, bytes(first)), (0, bytes(first))]));
    let begun = recorded(first, OperatorEvent::Genesis);
    refuse("a genesis that follows", asked(&[(0, bytes(first)), (0, bytes(&begun))]));
    let next = Announcement { rules: RuleVersion::One, values: changed(), not_before: at(9_000) };
    let eager = Document { next: Some(next), ..genesis() };
    refuse("a genesis that announces", asked(&[(0, bytes(&eager))]));
    let short = announced(first, changed(), 1_000);
    refuse("a notice short by a second", asked(&[(0, bytes(first)), (0, bytes(&short))]));
    let bold = Document { values: changed(), ..announced(first, changed(), 1_001) };
    refuse("an announcement in force at once", asked(&[(0, bytes(first)), (0, bytes(&bold))]));
    let idle = recorded(first, OperatorEvent::Announced);
    refuse("an announcement of nothing", asked(&[(0, bytes(first)), (0, bytes(&idle))]));
    refuse("a change a second early", after(applied(second), 998));
    let other = Document { values: Parameters { import_max: 11, ..values() }, ..applied(second) };
    refuse("a change that was announced otherwise", after(other, 2_000));
    let unsaid = Document { values: changed(), ..recorded(first, OperatorEvent::Applied) };
    refuse("a change that was not announced", asked(&[(0, bytes(first)), (2_000, bytes(&unsaid))]));
    let more = Document { next: second.next.clone(), ..applied(second) };
    refuse("a change that announces another", after(more, 2_000));
    let clock = Document { values: changed(), ..recorded(second, CLOCK) };
    refuse("a clock that changes a value", after(clock, 0));
    let clock = Document { next: None, ..recorded(second, CLOCK) };
    refuse("a clock that takes an announcement back", after(clock, 0));
    let adopted = Document { values: changed(), ..recorded(second, guard()) };
    refuse("a guard that changes a value", after(adopted, 0));
    let adopted = Document { next: None, ..recorded(second, guard()) };
    refuse("a guard that takes an announcement back", after(adopted, 0));
    let skipped = Document { previous: third.previous, ..fourth.clone() };
    let steps = [&steps[..3], &[(2_000, bytes(&skipped))]].concat();
    refuse("a document that names an older one as the one before", asked(&steps));
}

/// Documents that are none; each is the second of a log, and what it should be would be lawful.
fn malformed(group: &mut Group) {
    let first = genesis();
    let good = |event| {
        let document = match event {
            "announced" => announced(&first, changed(), 5_000),
            "guard-adopted" => recorded(&first, guard()),
            _ => recorded(&first, CLOCK),
        };
        strict::parse(&bytes(&document), 16_384).expect("a document")
    };
    let canonical = |value: &Value| strict::canonicalize(value).expect("a form");
    let mut case = |name: &str, document: Vec<u8>| {
        let name = format!("malformed document: {name}");
        group.refused(name, asked(&[(0, bytes(&first)), (0, document)]), "params-invalid");
    };
    let clock = good("clock-accepted");
    case("bytes backwards", canonical(&clock).iter().rev().copied().collect());
    case("white space", [canonical(&clock), b"\n".to_vec()].concat());
    case("nothing", Vec::new());
    case("a list", b"[]".to_vec());
    let changes: [(&str, &str, &str, Value); 22] = [
        ("another type", "", "type", json!("inkan-params/2")),
        ("another rule version", "", "rules", json!(2)),
        ("a rule version in text", "", "rules", json!("1")),
        ("an event nobody knows", "", "event", json!("rested")),
        ("no name of the one before", "", "previous", json!(b64u(&[7; 31]))),
        ("a number before", "", "previous", json!(1)),
        ("another member", "", "text", json!("free")),
        ("a detail that is text", "", "detail", json!("77")),
        ("a detail too many", "/detail", "size", json!(1)),
        ("a step in text", "/detail", "step", json!("77")),
        ("a step backwards", "/detail", "step", json!(-1)),
        ("a value below zero", "/values", "notice", json!(-1)),
        ("a value in text", "/values", "promise", json!("86400")),
        ("a value with a fraction", "/values", "promise", json!(0.5)),
        ("a value nobody knows", "/values", "tax", json!(1)),
        ("kinds that are text", "/values", "kinds", json!("did")),
        ("a kind nobody knows", "/values", "kinds", json!(["did", "magic"])),
        ("epochs as a kind", "/values", "kinds", json!(["did", "epoch"])),
        ("kinds out of order", "/values", "kinds", json!(["issuance", "did"])),
        ("a kind twice", "/values", "kinds", json!(["did", "did"])),
        ("an announcement that is none", "", "next", json!({})),
        ("an announcement of nothing", "", "next", Value::Null),
    ];
    for (name, place, member, value) in changes {
        let mut document = clock.clone();
        document.pointer_mut(place).expect("an object")[member] = value;
        case(name, canonical(&document));
    }
    for (name, place, member) in [
        ("no detail", "", "detail"),
        ("no values", "", "values"),
        ("no step", "/detail", "step"),
        ("no notice", "/values", "notice"),
    ] {
        let mut document = clock.clone();
        let object = document.pointer_mut(place).and_then(Value::as_object_mut);
        object.expect("an object").remove(member);
        case(name, canonical(&document));
    }
    let mut adopted = good("guard-adopted");
    adopted["detail"]["root"] = b64u(&[7; 31]).into();
    case("a root of 31 bytes", canonical(&adopted));
    for (name, member, value) in [
        ("an announced time in text", "notBefore", json!("5000")),
        ("an announced time beyond the calendar", "notBefore", json!(253_402_207_201_i64)),
        ("announced rules nobody knows", "rules", json!(2)),
        ("another member of an announcement", "text", json!("soon")),
    ] {
        let mut document = good("announced");
        document["next"][member] = value;
        case(name, canonical(&document));
    }
}

/// What proves the epoch leaves may be wrong, too.
fn receipts(group: &mut Group) {
    let (documents, steps) = story();
    let good = asked(&steps);
    let with = |name: &str, place: usize, value: Value| {
        let mut request = good.clone();
        request[name][place] = value;
        request
    };
    let other = format!("{} ", good["documents"][2].as_str().expect("a text"));
    let invalid = "params-invalid";
    group.refused("a document the leaf does not name", with("documents", 2, other.into()), invalid);
    group.refused("no documents", json!({ "documents": [], "receipts": [] }), invalid);
    let mut fewer = good.clone();
    drop(fewer["receipts"].as_array_mut().expect("receipts").pop());
    group.refused("a receipt too few", fewer, invalid);
    let mut swapped = good.clone();
    for name in ["documents", "receipts"] {
        swapped[name].as_array_mut().expect("a list").swap(1, 2);
    }
    group.refused("documents in another order", swapped, invalid);

    // Lawful, but not what the third leaf names.
    let mut unnamed = asked(&steps[..3]);
    let lawful = bytes(&recorded(&documents[1], guard()));
    unnamed["documents"][2] = String::from_utf8_lossy(&lawful).into();
    group.refused("a lawful document that the leaf does not name", unnamed, invalid);
    let turned = [steps[0].clone(), steps[2].clone(), steps[1].clone()];
    let mut backwards = asked(&turned);
    for name in ["documents", "receipts"] {
        backwards[name].as_array_mut().expect("a list").swap(1, 2);
    }
    group.refused("leaves that go backwards", backwards, invalid);
    // The second event in another log, which is trusted as well.
    let other = Book::new("other.example", 9);
    let mut across = asked(&steps[..2]);
    across["receipts"][1] = asked_of(("other.example", 9), &steps[..2])["receipts"][1].clone();
    let policy = Book::new("ledger.example", 1).two_of_three();
    across["policy"] = format!("log {}\n{policy}", other.log.key).into();
    group.refused("events of two logs", across, invalid);

    let mut book = Book::new("ledger.example", 1);
    let document = bytes(&genesis());
    let text = String::from_utf8_lossy(&document).into_owned();
    book.params = sha256(&[&document]);
    let issuance = book.push(Kind::Issuance, b"not an epoch");
    let place = book.seal() - 1;
    let note = book.cosigned(book.size(), &[book.seconds(); 3]);
    let ask = |receipt: String| json!({ "documents": [text.as_str()], "receipts": [receipt] });
    group.refused("a genesis that is not the first leaf", ask(book.sidecar(place, &note)), invalid);
    group.refused("a leaf of another kind", ask(book.sidecar(issuance, &note)), "malformed-leaf");
    let mut alone = Book::new("ledger.example", 1);
    alone.params = sha256(&[&document]);
    alone.seal();
    let lonely = alone.cosigned(1, &[10]);
    group.refused("a head short of the quorum", ask(alone.sidecar(0, &lonely)), "quorum-not-met");
    let mut elsewhere = Book::new("other.example", 1);
    elsewhere.params = sha256(&[&document]);
    elsewhere.seal();
    let head = elsewhere.cosigned(1, &[10; 3]);
    group.refused("another log", ask(elsewhere.sidecar(0, &head)), "unknown-log");
    let late = alone.cosigned(1, &[20_000; 3]);
    group.refused("stamps of tomorrow", ask(alone.sidecar(0, &late)), "cosignature-in-future");
    group.refused("no receipt at all", ask("{}".to_owned()), "malformed-receipt");
}
