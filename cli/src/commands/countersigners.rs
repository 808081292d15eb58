//! `inkan countersigners`: who must countersign, who did, who is missing, and how far the credential has come.
//!
//! The exit code tells it to programs: 0 all there, 16 somebody missing or refusing, 19 cannot be told.

use std::fmt::Write as _;

use inkan_assurance::{Complete, Roll};
use inkan_core::json::text;
use serde_json::Value;

use super::{exchange, verify};
use crate::args::CountersignersArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{BOLD, DIM, Outcome};
use crate::render::report::{delegate, short_did};
use crate::render::{Mark, safe};
use crate::wallet;

/// Exit codes: somebody is missing or refuses; it cannot be told.
const MISSING: u8 = 16;
const UNTOLD: u8 = 19;

pub(super) fn run(args: &CountersignersArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let (input, _) = exchange::open(args.file.as_deref(), context)?;
    let bundle = wallet::read_bundle(&input)?;
    wallet::credential_of(&bundle, &input.name)?;
    let terms = verify::Examine {
        policy: args.policy.as_deref(),
        at: args.at.as_deref(),
        offline: args.offline,
    };
    let roll = verify::roll(&bundle, &terms, &home, context)?;
    let exit = match roll.complete() {
        Complete::Yes => 0,
        Complete::No => MISSING,
        Complete::Unknown => UNTOLD,
    };
    let value = roll.to_value().clone();
    Ok(Outcome::new("inkan-countersigners/1", table(&value, &roll), value).exit(exit))
}

/// The roll in words.
fn table(value: &Value, roll: &Roll) -> String {
    let mut out = String::new();
    let as_of = text(value, "asOf").unwrap_or_default();
    let _ = writeln!(out, "{BOLD}{}{BOLD:#}  {DIM}as of {as_of}{DIM:#}", roll.stage().as_str());
    if !roll.asks() {
        out.push_str(
            "   nobody is asked: neither the credential nor a policy names countersigners\n",
        );
    }
    for demand in list(value, "demands") {
        out.push_str(&demand_lines(demand));
    }
    let acts = list(value, "countersignatures");
    if !acts.is_empty() {
        let _ = writeln!(out, "{DIM}who has acted:{DIM:#}");
    }
    for act in acts {
        out.push_str(&act_lines(act));
    }
    out
}

fn demand_lines(demand: &Value) -> String {
    let mark = match text(demand, "met") {
        Some("yes") => Mark::Pass,
        Some("no") => Mark::Fail,
        _ => Mark::Warn,
    };
    let number = |member: &str| demand.get(member).and_then(Value::as_u64).unwrap_or_default();
    let decision = text(demand, "decision").unwrap_or("accept");
    let role = text(demand, "role").unwrap_or_default();
    let what = format!("{} of {} {role}: {decision}", number("found"), number("needed"));
    let mut more = String::new();
    if demand.get("distinct").and_then(Value::as_bool) == Some(true) {
        more.push_str("distinct; ");
    }
    if let Some(role) = text(demand, "after") {
        let _ = write!(more, "after {role}; ");
    }
    if let Some(time) = text(demand, "deadline") {
        let over = demand.get("over").and_then(Value::as_bool) == Some(true);
        let _ = write!(more, "by {time}{}; ", if over { " (over)" } else { "" });
    }
    let from = text(demand, "from").unwrap_or_default();
    let mut out = format!(" {} {what:<28} {DIM}{more}asked by the {from}{DIM:#}\n", mark.painted());
    for missing in list(demand, "missing").iter().filter_map(Value::as_str) {
        let _ = writeln!(out, "     missing   {}", safe(&short_did(missing), 120));
    }
    for agent in list(demand, "delegates") {
        let _ = writeln!(out, "     delegate  {}", safe(&delegate(agent), 200));
    }
    for other in list(demand, "notCounted") {
        let signer = short_did(text(other, "signer").unwrap_or_default());
        let why = text(other, "why").unwrap_or_default();
        let _ = writeln!(out, "     not counted   {}: {why}", safe(&signer, 120));
    }
    out
}

fn act_lines(act: &Value) -> String {
    let member = |name: &str| text(act, name).unwrap_or_default();
    let mark = match member("standing") {
        "stands" => Mark::Pass,
        "withdrawn" => Mark::Fail,
        _ => Mark::Warn,
    };
    let record = match act.get("recorded") {
        None => "not recorded".to_owned(),
        Some(recorded) => {
            let entry = recorded.get("entry").and_then(Value::as_u64).unwrap_or_default();
            let time = text(recorded, "existedBy").or_else(|| text(recorded, "at"));
            let grade = text(recorded, "grade").unwrap_or_default();
            format!("entry {entry}, {} ({})", time.unwrap_or_default(), safe(grade, 60))
        }
    };
    let decided = format!("{} {}s", member("role"), member("decision"));
    let who = safe(&short_did(member("signer")), 120);
    let who = match (text(act, "for"), text(act, "forRole")) {
        (Some(principal), Some(role)) => {
            format!("{who} for {} as {role}", safe(&short_did(principal), 120))
        }
        _ => who,
    };
    let mut out = format!(" {} {decided:<18} {who}   {record}", mark.painted());
    if let Some(problem) = text(act, "powerProblem") {
        let _ = write!(out, "   {problem}");
    }
    if member("standing") != "stands" {
        let _ = write!(out, "   {}", member("standing"));
    }
    out.push('\n');
    if let Some(reason) = text(act, "reason") {
        let _ = writeln!(out, "     reason: {}", safe(reason, 1_000));
    }
    out
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
