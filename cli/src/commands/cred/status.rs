//! `inkan cred status`: what the status lists of a credential say, as of a time, and nothing else about it.
//!
//! It is what `verify` finds, without the rest of the verdict: the lists are judged by the same rules, from the same sources.

use std::fmt::Write as _;

use inkan_core::json::text;
use serde_json::{Value, json};

use crate::args::{CredStatusArgs, VerifyArgs};
use crate::commands::verify;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::{Mark, safe};

/// Exit code for what is revoked or suspended.
const AGAINST: u8 = 12;
/// Exit code for what cannot be told.
const OPEN: u8 = 19;

pub(super) fn run(args: &CredStatusArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let asked = VerifyArgs {
        files: vec![args.credential.clone()],
        at: args.at.clone(),
        explain: true,
        ..VerifyArgs::default()
    };
    let report = verify::one(&args.credential, &asked, context)?;
    let members = report.members();
    let is_status = |check: &&Value| text(check, "check") == Some("status");
    let checks = members.get("checks").and_then(Value::as_array);
    let lines: Vec<Value> = checks.into_iter().flatten().filter(is_status).cloned().collect();
    let as_of = members.get("asOf").and_then(Value::as_str).unwrap_or_default();
    let (word, exit) = verdict(&lines);
    let mut human = format!("{word}  {} as of {as_of}\n", safe(&args.credential, 60));
    for line in &lines {
        human.push_str(&described(line, args));
    }
    let found = json!({ "status": word, "asOf": as_of, "lists": lines });
    Ok(Outcome::new("inkan-credential-status/1", human, found).exit(exit))
}

/// One word for all lists together: what stands against the credential first, then what cannot be told.
fn verdict(lines: &[Value]) -> (&'static str, u8) {
    let code = |code: &str| lines.iter().any(|line| text(line, "code") == Some(code));
    let status = |status: &str| lines.iter().any(|line| text(line, "status") == Some(status));
    if code("credential-revoked") {
        ("revoked", AGAINST)
    } else if code("credential-suspended") {
        ("suspended", AGAINST)
    } else if status("fail") || status("unknown") || lines.is_empty() {
        ("unknown", OPEN)
    } else if status("pass") {
        ("valid", 0)
    } else {
        ("none", 0)
    }
}

/// One list in a line, and with `--proof` the entry that announced it.
fn described(line: &Value, args: &CredStatusArgs) -> String {
    let nothing = Value::Null;
    let evidence = line.get("evidence").unwrap_or(&nothing);
    let mark = match text(line, "status") {
        Some("pass") => Mark::Pass,
        Some("fail") => Mark::Fail,
        Some("skipped") => return "   the credential names no status list\n".to_owned(),
        _ => Mark::Warn,
    };
    let purpose = text(evidence, "purpose").unwrap_or("status");
    let mut out = format!(" {} {:<12}", mark.painted(), safe(purpose, 24));
    let number = |member: &str| evidence.get(member).and_then(Value::as_u64);
    if let Some(says) = text(evidence, "says") {
        let _ = write!(out, " {:?}", safe(says, 200));
    }
    if let (Some(list), Some(index)) = (text(evidence, "list"), number("index")) {
        let _ = write!(out, " list {}, index {index}", safe(list, 24));
    }
    if let Some(value) = number("value") {
        let _ = write!(out, ", value 0x{value:x}");
    }
    if let Some(message) = line.get("message") {
        let said = message.as_str().or_else(|| text(message, "en")).unwrap_or_default();
        let _ = write!(out, ": {}", safe(said, 200));
    }
    out.push('\n');
    if let (true, Some(entry)) = (args.proof, number("listEntry")) {
        let _ = writeln!(out, "   announced by entry {entry}:   inkan ledger prove {entry}");
    }
    out
}
