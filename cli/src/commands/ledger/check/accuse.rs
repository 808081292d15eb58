//! What a log promised, and what shows that somebody broke a rule: kept 0, pending 19, broken 18.

use inkan_core::Timestamp;
use inkan_io::files::{self, Access};
use inkan_ledger::promise::{Breach, PromiseState, VerifiedPromise, verify_promise};
use inkan_ledger::{Evidence, Proven, Receipt, SignedNote};
use serde_json::json;

use super::ALARM;
use crate::args::CheckArgs;
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::{self, Reading};
use crate::output::Outcome;
use crate::render::Mark;
use crate::render::report::moment;

/// Exit code of what cannot be told yet.
const CANNOT_TELL: u8 = 19;
/// A promise, against the ledger as it is now.
pub(super) fn promise(
    text: &str,
    input: &Input,
    args: &CheckArgs,
    home: &Home,
    context: &Context,
) -> Result<Outcome, Failure> {
    let now = context.now();
    let verified = ledgers::verify_pinned(home, |policy| verify_promise(text, policy))
        .map_err(|failure| failure.during(&input.name))?;
    let promised = verified.promise();
    let policy = super::super::status::policy_of(promised.origin(), home)?;
    let (receipts, notes) = shown(&verified, home, context)?;
    let state = verified.judge(&receipts, &notes, &policy, now);
    let deadline = promised.deadline();
    let count = promised.leaves().len();
    let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    let due = moment(&deadline.to_string());
    let mut members = json!({
        "file": "promise", "origin": promised.origin(), "deadline": deadline.to_string(),
        "entries": promised.leaves().keys().collect::<Vec<_>>(), "code": state.code(),
    });
    let (mark, word, exit, said) = match &state {
        PromiseState::Kept => {
            (Mark::Pass, "kept", 0, "every entry is where it was promised".to_owned())
        }
        PromiseState::Pending { open } => {
            let said = if now > deadline {
                "its time is over, and nothing at hand proves that the log failed: look again later"
            } else {
                "there is time left"
            };
            (Mark::Warn, "pending", CANNOT_TELL, format!("{} not covered yet; {said}", open.len()))
        }
        PromiseState::Broken(breach) => {
            let path = write(&verified, breach, input, args, context)?;
            if let Some(members) = members.as_object_mut() {
                members.insert("evidence".to_owned(), path.clone().into());
            }
            (Mark::Fail, "broken", ALARM, format!("{}; evidence in {path}", breach_said(breach)))
        }
    };
    let human = format!(
        "{} {word}: the promise of {} for {entries} until {due}: {said}\n",
        mark.painted(),
        promised.origin(),
    );
    let outcome = Outcome::new("inkan-ledger-check/1", human, members).with("state", word);
    Ok(outcome.exit(exit))
}

fn breach_said(breach: &Breach) -> String {
    match breach {
        Breach::OtherLeaf(receipt) => {
            format!("another entry stands at {}", receipt.proof().path().leaf_index)
        }
        Breach::NotCovered(_) => "a later checkpoint still ends before it".to_owned(),
    }
}

/// What the ledger shows at the promised places, and its newest head.
fn shown(
    promise: &VerifiedPromise,
    home: &Home,
    context: &Context,
) -> Result<(Vec<Receipt>, Vec<SignedNote>), Failure> {
    let reading = Reading::open(home, context)?;
    let view = reading.view();
    if reading.source().origin() != promise.promise().origin() {
        let origin = promise.promise().origin();
        let message = format!("the ledger of this profile is not {origin}, which gave the promise");
        return Err(Failure::new("unknown-log", message)
            .try_this("name that one", "inkan ledger check FILE --ledger PATH|URL"));
    }
    let mut receipts = Vec::new();
    for index in promise.promise().leaves().keys().filter(|index| **index < view.size()) {
        receipts.push(view.receipt_here(*index)?);
    }
    Ok((receipts, vec![view.note().clone()]))
}

/// Writes the evidence where it was asked for, or beside the promise.
fn write(
    promise: &VerifiedPromise,
    breach: &Breach,
    input: &Input,
    args: &CheckArgs,
    context: &Context,
) -> Result<String, Failure> {
    let value = Evidence::of_promise(promise, breach.clone()).to_value();
    let beside = format!("{}.evidence.json", input.name.replace(' ', "-"));
    let path = args.out.path().unwrap_or(&beside);
    files::write_atomic(
        std::path::Path::new(path),
        format!("{value:#}\n").as_bytes(),
        Access::Private,
    )?;
    context.speech.warn("keep the evidence: it proves to anybody that the log broke its word");
    Ok(path.to_owned())
}

/// A file that accuses somebody: does it prove what it says? A node's answer may have several pieces, or none.
pub(super) fn evidence(
    all: &[Evidence],
    input: &Input,
    home: &Home,
    context: &Context,
) -> Result<Outcome, Failure> {
    let now = context.now();
    let (mut human, mut proofs) = (String::new(), Vec::new());
    for evidence in all {
        let proven = proven(evidence, home, now).map_err(|error| error.during(&input.name))?;
        match upheld(evidence, home, context)? {
            Upheld::InTime => {
                let log = kept_by(&proven);
                human.push_str(&format!(
                    "{} it proves nothing: the quorum of {log} saw every promised entry in time\n",
                    Mark::Pass.painted()
                ));
                continue;
            }
            Upheld::NotAsked => human.push_str(
                "  whether the quorum saw it in time was not looked up: the ledger could not be asked\n",
            ),
            Upheld::No => {}
        }
        human.push_str(&format!("{} proved: {proven}\n", Mark::Fail.painted()));
        proofs.push(json!({ "code": proven.code(), "proves": proven.to_string() }));
    }
    let Some(first) = proofs.first() else {
        if human.is_empty() {
            human = format!("{} it accuses nobody: no fork was shown\n", Mark::Pass.painted());
        }
        let members = json!({ "file": "evidence", "proofs": proofs });
        return Ok(Outcome::new("inkan-ledger-check/1", human, members));
    };
    let members = json!({
        "file": "evidence", "code": first["code"], "proves": first["proves"], "proofs": proofs,
    });
    Ok(Outcome::new("inkan-ledger-check/1", human, members).exit(ALARM))
}

/// Whether a log that is accused of leaving something out is seen to have kept its word.
enum Upheld {
    /// It is: the ledger has every promised entry, and the quorum saw it in time.
    InTime,
    /// It is not, or is accused of something else.
    No,
    /// The ledger cannot be asked.
    NotAsked,
}

/// An old head that late witnesses were shown is no proof of absence: anybody can show one to witnesses that are new to a log. So the
/// promised places are looked up in the ledger at hand (§3.6 of the ledger specification).
fn upheld(evidence: &Evidence, home: &Home, context: &Context) -> Result<Upheld, Failure> {
    let Evidence::Promise { promise, breach: Breach::NotCovered(note) } = evidence else {
        return Ok(Upheld::No);
    };
    let verified = ledgers::verify_pinned(home, |policy| verify_promise(promise, policy))?;
    let origin = verified.promise().origin();
    let policy = super::super::status::policy_of(origin, home)?;
    let reading = super::at_hand(home, context)?;
    let Some(reading) = reading.filter(|reading| reading.source().origin() == origin) else {
        return Ok(Upheld::NotAsked);
    };
    let view = reading.view();
    let mut receipts = Vec::new();
    for index in verified.promise().leaves().keys().filter(|index| **index < view.size()) {
        // At the earliest head that covers it.
        let Ok(receipt) = view.receipt(*index) else { return Ok(Upheld::NotAsked) };
        receipts.push(receipt);
    }
    Ok(match verified.judge(&receipts, std::slice::from_ref(note), &policy, context.now()) {
        PromiseState::Broken(_) => Upheld::No,
        PromiseState::Kept | PromiseState::Pending { .. } => Upheld::InTime,
    })
}

fn kept_by(proven: &Proven) -> &str {
    match proven {
        Proven::PromiseBroken { log, .. } | Proven::SplitView { log, .. } => log,
        Proven::DidEquivocation { scid, .. } => scid,
    }
}

/// What a piece of evidence proves, under the policies of this profile; entries of DIDs prove themselves under any.
pub(in crate::commands) fn proven(
    evidence: &Evidence,
    home: &Home,
    now: Timestamp,
) -> Result<Proven, Failure> {
    let mut last = None;
    for policy in home.pinned()? {
        match evidence.verify(&policy, now) {
            Ok(proven) => return Ok(proven),
            Err(error) if error.code() == "unknown-log" => last = Some(Failure::from(error)),
            Err(error) => return Err(Failure::from(error)),
        }
    }
    Err(last.unwrap_or_else(|| CliError::NoPinnedLog.into()))
}
