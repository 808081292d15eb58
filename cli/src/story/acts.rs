//! Countersignatures in a story: who acted, how, when, and whether it still stands.
//!
//! What each came to is the verifier's: a line of its checks. Where an act is recorded is read from the receipt that the
//! verifier accepted for it.

use inkan_core::encoding::b64u;
use inkan_core::json::text;
use inkan_credential::countersignature::{self, Countersignature, Decision};
use inkan_did::Did;
use inkan_ledger::{ActId, Kind, MapKey, VerifiedLeaf};
use inkan_verifier::{Check, CheckName, Outcome, Reason};
use serde_json::Value;

use super::build::{Telling, Values};
use super::dids::place_of;
use super::phrase::Phrase;
use super::{Basis, Bearing, Event, EventKind, Place, Signer, Standing};
use crate::render::report::short_did;

/// What an act came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Came {
    /// It holds.
    Held,
    /// It held, and a newer state of the same act exists.
    Superseded,
    /// It does not hold.
    Invalid,
    /// It could not be checked.
    Unknown,
}

/// Events and signers, in the order of the file.
pub(super) fn told(telling: &Telling<'_>, values: Values) -> (Vec<Event>, Vec<Signer>) {
    let Ok(mut acts) = countersignature::list(telling.secured, &telling.bundle.countersignatures)
    else {
        return (Vec::new(), Vec::new());
    };
    acts.retain(|act| act.proof_index().is_some() || act.covers(telling.secured).is_ok());
    let mut lines: Vec<&Check> = telling.checks(CheckName::Countersignature).collect();
    let (mut events, mut signers) = (Vec::new(), Vec::new());
    for act in &acts {
        // Two states of an act can say the same: each takes a line of its own.
        let line = lines.iter().position(|line| is_about(line, act)).map(|at| lines.remove(at));
        let came = came(line);
        let at = line.and_then(|line| line.evidence.get("recordedAt")).and_then(Value::as_u64);
        let held = matches!(came, Came::Held | Came::Superseded);
        let leaf = leaf_of(telling, act, at).filter(|_| held);
        let place = leaf.map(|leaf| place_of(leaf, telling.context));
        let time = leaf.map_or(act.created(), |leaf| leaf.leaf().time());
        let subject = telling.secured.credential().subject_id() == Some(act.signer());
        let who = if subject { Actor::Subject } else { Actor::Other };
        let mut event = event((act, who), (came, values), time, place.clone());
        if came == Came::Held && act.decision() == Decision::Seal && closes(telling, act) {
            event.bearing = Bearing::For;
        }
        events.push(event);
        signers.push(signer(act, came, line, time, place.as_ref()));
        if came == Came::Superseded
            && let Some(newer) = changed(telling, act, &acts)
        {
            events.push(newer);
        }
    }
    (events, signers)
}

/// Whether a seal is the issuer's, or was counted for what the offer asks: of any other nobody said that it closes anything.
fn closes(telling: &Telling<'_>, act: &Countersignature) -> bool {
    let counts = |line: &Check| {
        let is_seal = line.evidence.get("decision").and_then(Value::as_str) == Some("seal");
        let counted = line.evidence.get("counted").and_then(Value::as_array);
        let mut counted = counted.into_iter().flatten().filter_map(Value::as_str);
        line.outcome == Outcome::Pass && is_seal && counted.any(|did| did == act.signer())
    };
    act.signer() == telling.secured.credential().issuer()
        || telling.checks(CheckName::Offered).any(counts)
}

/// DIDs that acted, each with its role, in the order of the file.
pub(super) fn actors(telling: &Telling<'_>) -> Vec<(String, &'static str)> {
    let acts = countersignature::list(telling.secured, &telling.bundle.countersignatures);
    let mut out: Vec<(String, &'static str)> = Vec::new();
    for act in acts.unwrap_or_default() {
        let about = act.proof_index().is_some() || act.covers(telling.secured).is_ok();
        if about && !out.iter().any(|(did, _)| did == act.signer()) {
            out.push((act.signer().to_owned(), act.role().as_str()));
        }
    }
    out
}

fn is_about(line: &Check, act: &Countersignature) -> bool {
    let found = |member: &str| line.evidence.get(member).and_then(Value::as_str);
    found("act") == Some(&b64u(act.act()))
        && found("decision") == Some(act.decision().as_str())
        && found("role") == Some(act.role().as_str())
}

fn came(line: Option<&Check>) -> Came {
    let Some(line) = line else { return Came::Unknown };
    match &line.outcome {
        Outcome::Pass => Came::Held,
        Outcome::Unknown(Reason::ActSuperseded { .. }) => Came::Superseded,
        Outcome::Fail(_) => Came::Invalid,
        Outcome::Unknown(_) | Outcome::Skipped => Came::Unknown,
    }
}

/// The receipt that opens to this act: the one that the verifier names, else the earliest.
fn leaf_of<'a>(
    telling: &'a Telling<'_>,
    act: &Countersignature,
    at: Option<u64>,
) -> Option<&'a VerifiedLeaf> {
    let digest = act.digest();
    let leaves = telling.ledger.receipts().iter().filter_map(|seen| {
        let opens = seen.receipt.opening().is_some_and(|opening| opening.digest == digest);
        let leaf = seen.result.as_ref().ok().filter(|_| opens)?;
        (leaf.leaf().kind() == Kind::Countersignature && leaf.origin() == act.log()).then_some(leaf)
    });
    leaves
        .filter(|leaf| at.is_none_or(|at| at == leaf.leaf_index()))
        .min_by_key(|leaf| leaf.leaf_index())
}

const fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Accept => "accepts",
        Decision::Refuse => "refuses",
        Decision::Withdraw => "withdraws",
        Decision::Seal => "seals",
    }
}

/// Whether the one who acted is the one whom the credential is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Actor {
    Subject,
    Other,
}

fn event(
    (act, actor): (&Countersignature, Actor),
    (came, values): (Came, Values),
    time: inkan_core::Timestamp,
    place: Option<Place>,
) -> Event {
    let role = match act.under() {
        Some(under) => format!("delegate of the {}", under.for_role.as_str()),
        None => act.role().as_str().to_owned(),
    };
    let who = |words: &str| match actor {
        Actor::Subject => Phrase::own(format!("{words}the subject")),
        Actor::Other => Phrase::own(words).named(short_did(act.signer())),
    };
    let (kind, what, bearing) = match (came, act.decision()) {
        (Came::Invalid, _) => (
            EventKind::ActInvalid,
            who(&format!("a countersignature as {role} does not hold; it names ")),
            Bearing::Against,
        ),
        (_, Decision::Accept) => {
            let bearing = if came == Came::Held { Bearing::For } else { Bearing::Neutral };
            (EventKind::Countersigned, who(&format!("countersigned as {role} by ")), bearing)
        }
        (_, Decision::Refuse) => {
            (EventKind::Refused, who(&format!("refused as {role} by ")), Bearing::Against)
        }
        (_, Decision::Withdraw) => (
            EventKind::Withdrawn,
            who(&format!("acceptance as {role} taken back by ")),
            Bearing::Against,
        ),
        // Whether they may close it is for the policy and the offer to say, not for the seal.
        (_, Decision::Seal) => (EventKind::Sealed, who("sealed by "), Bearing::Neutral),
    };
    // A reason may say as much as a claim; and nobody gave that of an act that does not hold.
    let what = match act.reason() {
        Some(_) if values == Values::Hidden || came == Came::Invalid => {
            what.and("; a reason is given")
        }
        Some(reason) => what.and("; reason given: ").named(reason),
        None => what,
    };
    let basis = match (came, &place) {
        (Came::Held | Came::Superseded, Some(_)) => Basis::Recorded,
        (Came::Held | Came::Superseded, None) => Basis::Signed,
        (Came::Invalid | Came::Unknown, _) => Basis::Said,
    };
    let word = match basis {
        Basis::Recorded | Basis::Signed => Phrase::own(format!("the {role}'s word")),
        Basis::Said => Phrase::own("only the file says so"),
    };
    Event { kind, time, place, what, word, basis, bearing }
}

fn signer(
    act: &Countersignature,
    came: Came,
    line: Option<&Check>,
    time: inkan_core::Timestamp,
    place: Option<&Place>,
) -> Signer {
    let found = |member: &str| line.and_then(|line| line.evidence.get(member));
    let (standing, state) = match came {
        Came::Held => {
            let known = match found("state").and_then(Value::as_str) {
                Some("newest") => "still stands: the newest state of the act",
                Some("newest-known") => "stands as far as is known here",
                _ => "on no ledger known here",
            };
            let subject = match found("bySubject").and_then(Value::as_bool) {
                Some(false) => "; not the subject",
                Some(true) | None => "",
            };
            let against = matches!(act.decision(), Decision::Refuse | Decision::Withdraw);
            let standing = if against { Standing::Broken } else { Standing::Held };
            (standing, format!("{known}{subject}"))
        }
        Came::Superseded => (Standing::Unknown, "no longer the newest state of the act".to_owned()),
        Came::Invalid => (Standing::Broken, "the signature does not hold".to_owned()),
        Came::Unknown => (Standing::Unknown, "could not be checked".to_owned()),
    };
    Signer {
        role: act.role().as_str().to_owned(),
        did: act.signer().to_owned(),
        decision: verb(act.decision()),
        time: Some(time),
        entry: place.map(|place| place.entry),
        standing,
        state,
    }
}

/// That the ledger holds a newer state of the act than any in the file.
fn changed(
    telling: &Telling<'_>,
    act: &Countersignature,
    acts: &[Countersignature],
) -> Option<Event> {
    let did = Did::parse(act.signer()).ok()?;
    let id = ActId::from_bytes(*act.act());
    let current = telling.ledger.newest(&MapKey::act(did.scid()?, &id), act.log())?;
    let head = current.head()?;
    let entry = head.value().leaf_index;
    let of_file = acts
        .iter()
        .any(|other| leaf_of(telling, other, None).is_some_and(|leaf| leaf.leaf_index() == entry));
    if of_file {
        return None;
    }
    let grades = current.epoch().grades();
    Some(Event {
        kind: EventKind::ActChanged,
        time: head.leaf().time(),
        place: Some(Place {
            log: act.log().to_owned(),
            entry,
            grade: grades.to_string(),
            seen: current.epoch().existed_by(),
        }),
        what: Phrase::own(format!(
            "the {}'s act was changed since: taken back, or made anew; how is not in the file",
            act.role().as_str()
        )),
        word: Phrase::own(format!("the {}'s word", act.role().as_str())),
        basis: Basis::Recorded,
        bearing: Bearing::Against,
    })
}

/// Whether the one whom the credential is about has accepted it, by the verdict.
pub(super) fn accepted_by_subject(report_checks: &[&Value]) -> bool {
    report_checks.iter().any(|check| {
        let evidence = check.get("evidence");
        text(check, "check") == Some("countersignature")
            && text(check, "status") == Some("pass")
            && evidence.and_then(|found| found.get("bySubject")) == Some(&Value::Bool(true))
            && evidence.and_then(|found| text(found, "decision")) == Some("accept")
    })
}
