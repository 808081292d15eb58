//! `inkan consent check`: the exit code is the verdict.

use std::fmt::Write as _;

use inkan_core::Timestamp;
use inkan_core::codes::first_exit;
use inkan_core::json::text;
use inkan_credential::Presentation;
use inkan_credential::consent::{ConsentReceipt, ConsentTerms};
use inkan_verifier::{Check, CheckName, ConsentVerification, Outcome as Found};
use serde_json::{Map, Value, json};

use super::{find, name_of, presentation_in, purposes, terms_of};
use crate::args::ConsentCheckArgs;
use crate::catalogue;
use crate::commands::verify::{self, Examine};
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::output::{BOLD, FAIL, Outcome, PASS, WARN};
use crate::render::report;
use crate::render::safe;

pub(super) fn run(args: &ConsentCheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let receipt = find(&args.consent, &home, context)?;
    let presentation =
        args.presentation.as_deref().map(|path| presentation_in(path, context)).transpose()?;
    let how = (args.at.as_deref(), args.offline);
    let _lock = home.profile.lock()?;
    let (judged, as_of) = judged(&receipt, presentation.as_ref(), how, &home, context)?;
    let terms = terms_of(&receipt)?;
    let (decision, exit) = decision(&judged);
    let value = report_of(&judged, terms, (decision, exit), as_of);
    let human = told(&value, terms, &args.consent, as_of);
    let refusal = report::refusal(&value, &args.consent);
    Ok(Outcome::new("inkan-consent-report/1", human, value).exit(exit).afterwards(refusal))
}

/// Judges a consent with what this profile pins; the caller holds the profile's lock.
pub(in crate::commands) fn judged(
    receipt: &ConsentReceipt,
    presentation: Option<&Presentation>,
    (at, offline): (Option<&str>, bool),
    home: &Home,
    context: &mut Context,
) -> Result<(ConsentVerification, Timestamp), Failure> {
    let examine = Examine { policy: None, at, offline };
    verify::consent(receipt, presentation, &examine, home, context)
}

/// Whether a receiver may sign it: everything holds but that it was withdrawn or has ended, which can be acknowledged too.
pub(super) fn must_be_signable(judged: &ConsentVerification) -> Result<(), Failure> {
    let past = |check: &&Check| {
        let code = check.reason().map(inkan_verifier::Reason::code);
        matches!(code, Some("consent-withdrawn" | "consent-not-current"))
    };
    // An earlier acknowledgement is replaced.
    let own = |check: &&Check| check.name == CheckName::Acknowledgement;
    let stops = |check: &&Check| check.failed() || check.blocks();
    let mut found = judged.checks().iter().filter(stops).filter(|one| !past(one) && !own(one));
    match found.next().and_then(Check::reason) {
        None => Ok(()),
        Some(reason) => Err(Failure::from_error(reason.code(), reason)),
    }
}

fn decision(judged: &ConsentVerification) -> (&'static str, u8) {
    let failed = judged.checks().iter().filter(|check| check.failed());
    let exits: Vec<u8> = failed
        .map(|check| {
            let code = check.reason().map(inkan_verifier::Reason::code).unwrap_or_default();
            catalogue::find(code).map_or(15, |entry| entry.exit)
        })
        .collect();
    match (exits.is_empty(), judged.holds()) {
        (false, _) => ("reject", first_exit(exits).unwrap_or(15)),
        (true, false) => ("undetermined", 19),
        (true, true) => ("accept", 0),
    }
}

fn report_of(
    judged: &ConsentVerification,
    terms: &ConsentTerms,
    (decision, exit): (&str, u8),
    as_of: Timestamp,
) -> Value {
    let checks: Vec<Value> = judged.checks().iter().map(line).collect();
    json!({
        "decision": decision, "exit": exit, "asOf": as_of.to_string(),
        "consent": {
            "name": name_of(terms), "recordId": terms.record_id, "holder": terms.principal,
            "receiver": terms.receiver.audience, "purposes": purposes(terms),
            "until": terms.until.map(|until| until.to_string()),
        },
        "checks": checks,
    })
}

/// One check, as in the report of `verify`.
fn line(check: &Check) -> Value {
    let mut out = Map::new();
    let status = match &check.outcome {
        Found::Pass => "pass",
        Found::Fail(_) => "fail",
        Found::Skipped => "skipped",
        Found::Unknown(_) => "unknown",
    };
    out.insert("check".to_owned(), check.name.as_str().into());
    out.insert("subject".to_owned(), check.subject.as_str().into());
    out.insert("status".to_owned(), status.into());
    if let Some(reason) = check.reason() {
        let entry = catalogue::find(reason.code());
        out.insert("code".to_owned(), reason.code().into());
        out.insert("number".to_owned(), entry.as_ref().map(|one| one.number.clone()).into());
        out.insert("message".to_owned(), json!({ "en": reason.to_string() }));
        if check.failed() || check.blocks() {
            out.insert("remedy".to_owned(), entry.map(|one| one.remedy).into());
        }
    }
    if !check.evidence.is_empty() {
        out.insert("evidence".to_owned(), Value::Object(check.evidence.clone()));
    }
    Value::Object(out)
}

fn told(value: &Value, terms: &ConsentTerms, name: &str, as_of: Timestamp) -> String {
    let exit = value.get("exit").and_then(Value::as_u64);
    let (word, style) = match (text(value, "decision"), exit) {
        (Some("accept"), _) => ("GIVEN", PASS),
        (Some("reject"), Some(12)) => ("WITHDRAWN", FAIL),
        (Some("reject"), Some(13)) => ("NOT CURRENT", FAIL),
        (Some("reject"), _) => ("DOES NOT HOLD", FAIL),
        _ => ("CANNOT TELL", WARN),
    };
    let mut out = format!(
        "{style}{word}{style:#}  {BOLD}{}{BOLD:#} to {}   as of {as_of}\n",
        safe(name, 60),
        safe(&terms.receiver.audience, 80)
    );
    for purpose in &terms.purposes {
        let _ = writeln!(out, "   for {}", safe(&purpose.text, 200));
    }
    for check in value.get("checks").and_then(Value::as_array).into_iter().flatten() {
        let (mark, label, found) = report::told(check, value);
        let found = words(check).map_or(found, |words| safe(&words, 300));
        let _ = writeln!(out, " {} {label:<16} {found}", mark.painted());
    }
    out
}

/// What a check that passed, or was skipped, found, where a consent has other words for it than a credential.
fn words(check: &Value) -> Option<String> {
    let evidence = |member| check.get("evidence").and_then(|found| text(found, member));
    let number = |member| check.get("evidence")?.get(member)?.as_u64();
    let passed = match text(check, "status") {
        Some("pass") => true,
        Some("skipped") => false,
        _ => return None,
    };
    Some(match (text(check, "check")?, passed) {
        ("signature", true) => format!("{}, by the holder", evidence("state").unwrap_or("signed")),
        ("on-ledger", true) => {
            let log = evidence("log").unwrap_or_default();
            format!("entry {} in {log}", number("entry").unwrap_or_default())
        }
        ("on-ledger", false) => "this state is not recorded, or its receipt not at hand".to_owned(),
        ("acknowledgement", true) => {
            format!("by {}", report::short_did(evidence("signer").unwrap_or_default()))
        }
        ("acknowledgement", false) => "the receiver has not signed it".to_owned(),
        ("presentation", true) => match evidence("audience") {
            Some(audience) => format!("this one, made out to {audience}"),
            None => "this one".to_owned(),
        },
        ("presentation", false) => "no presentation to compare with (--presentation)".to_owned(),
        ("shown", true) => "names what was shown, no more and no less".to_owned(),
        ("shown", false) => "not compared with a presentation".to_owned(),
        ("consent", false) if evidence("state").is_some() => {
            "comes later than that time".to_owned()
        }
        ("consent", false) => "not judged".to_owned(),
        ("consent", true) => {
            let seen = evidence("freshAt").map(|at| format!(", seen {at}")).unwrap_or_default();
            match evidence("standing") {
                Some("newest") => format!("given; the newest state on the ledger{seen}"),
                Some("not-recorded") => format!("given; nothing recorded takes it back{seen}"),
                _ => {
                    "given; its holder cannot record, so only a file would take it back".to_owned()
                }
            }
        }
        ("validity", true) => format!("until {}", evidence("until").unwrap_or("withdrawn")),
        _ => return None,
    })
}
