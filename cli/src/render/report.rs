//! A verdict in words: the report of `verify`, from its JSON form (`inkan-report/1`).
//!
//! In scope: one line per check, what it found, what to do next. Out of scope: deciding anything.

mod detail;

pub(crate) use detail::{delegate, short_did};

use std::fmt::Write as _;

use inkan_core::json::text;
use serde_json::Value;

use super::{Mark, safe};
use crate::catalogue;
use crate::output::{BOLD, DIM, FAIL, PASS, WARN};

/// How much to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Depth {
    /// The verdict, and what stands in its way.
    Short,
    /// Every check, also those that passed or were skipped.
    Explain,
}

/// The verdict for standard output. `file` is what the user named; `types` are those of the credentials in it, in their order.
///
/// Of several credentials each has its lines below its number, by which `--disclose` names it.
pub(crate) fn verdict(report: &Value, file: &str, types: &[String], depth: Depth) -> String {
    let mut out = headline(report, file);
    let mut head = "";
    for check in checks(report) {
        let mark = mark_of(check, report);
        let level = matches!(text(check, "check"), Some("ial" | "aal"));
        let hidden = level || (depth == Depth::Short && !stands_out(check, mark, report));
        if !hidden {
            let subject = text(check, "subject").unwrap_or_default();
            if types.len() > 1 && subject != head {
                let of_it = |at: usize| subject == format!("cred[{at}]");
                let named = types.iter().enumerate().find(|(at, _)| of_it(*at));
                let named = named.map(|(_, name)| name.as_str()).unwrap_or_default();
                let words = format!("{} {}", safe(subject, 40), safe(named, 80));
                let _ = writeln!(out, " {BOLD}{}{BOLD:#}", words.trim_end());
                head = subject;
            }
            out.push_str(&line(check, report));
        }
    }
    out.push_str(&levels(report, depth));
    for remark in remarks(report) {
        let _ = writeln!(out, "   {DIM}{remark}{DIM:#}");
    }
    out
}

/// Whether a check belongs into the short form: what failed, what could not be told, and nothing that an accepted
/// report does not rest on.
fn stands_out(check: &Value, mark: Mark, report: &Value) -> bool {
    let about_level = check.get("effect").is_some();
    matches!(mark, Mark::Fail | Mark::Warn) && !(accepted(report) && about_level)
}

fn accepted(report: &Value) -> bool {
    text(report, "decision") == Some("accept")
}

/// What stands in the way and what would help, in the form of an error, for standard error; nothing if accepted.
pub(crate) fn refusal(report: &Value, file: &str) -> Option<String> {
    if accepted(report) {
        return None;
    }
    let (check, entry, fact) = spoken(report)?;
    let exit = report.get("exit").and_then(Value::as_u64);
    let mut out = format!("{FAIL}error[{}]{FAIL:#}: {}\n", entry.number, safe(&fact, 300));
    let mut told = Vec::new();
    let own = text(check, "remedy").map(str::to_owned);
    let levels = if exit == Some(15) { assurance_remedies(report) } else { Vec::new() };
    for remedy in own.into_iter().chain([entry.remedy.clone()]).chain(levels) {
        let remedy = safe(&remedy.replace("FILE", file), 400);
        if !remedy.is_empty() && !told.contains(&remedy) {
            let _ = writeln!(out, "  {remedy}");
            told.push(remedy);
        }
    }
    let _ = writeln!(out, "  more:   inkan explain {}", entry.number);
    Some(out)
}

/// Why an artefact was not accepted, and the number of it, for a line; nothing if it was.
pub(crate) fn reason(report: &Value) -> Option<(String, String)> {
    let (_, entry, fact) = spoken(report).filter(|_| !accepted(report))?;
    Some((fact, entry.number))
}

/// The finding that gave the exit code speaks; any other only if none did.
fn spoken(report: &Value) -> Option<(&Value, catalogue::Entry, String)> {
    let exit = report.get("exit").and_then(Value::as_u64);
    let mut found: Vec<(&Value, catalogue::Entry)> = checks(report)
        .filter(|check| matches!(mark_of(check, report), Mark::Fail | Mark::Warn))
        .filter_map(|check| Some((check, catalogue::find(text(check, "code")?)?)))
        .collect();
    let decides = found.iter().position(|(_, entry)| Some(u64::from(entry.exit)) == exit);
    if found.is_empty() {
        return None;
    }
    let (check, entry) = found.swap_remove(decides.unwrap_or_default());
    let fact = message_of(check).unwrap_or_else(|| entry.title.trim_end_matches('.').to_owned());
    Some((check, entry, fact))
}

fn headline(report: &Value, file: &str) -> String {
    let (word, style) = match text(report, "decision") {
        Some("accept") => ("ACCEPTED", PASS),
        Some("reject") => ("REJECTED", FAIL),
        _ => ("CANNOT TELL", WARN),
    };
    let policy = report.get("policy").and_then(|policy| text(policy, "id")).unwrap_or("authentic");
    let what = format!("{} under {}", safe(file, 60), safe(policy, 60));
    let as_of = text(report, "asOf").map(moment).unwrap_or_default();
    format!("{style}{word}{style:#}  {BOLD}{what:<38}{BOLD:#} as of {as_of}\n")
}

/// All checks of the report, those of the assurance part included.
fn checks(report: &Value) -> impl Iterator<Item = &Value> {
    report.get("checks").and_then(Value::as_array).into_iter().flatten()
}

/// The mark of a check. In an accepted report nothing rests on a check that failed: it is a remark.
fn mark_of(check: &Value, report: &Value) -> Mark {
    match text(check, "status") {
        Some("pass") => Mark::Pass,
        Some("fail") if accepted(report) => Mark::Warn,
        Some("fail") => Mark::Fail,
        Some("skipped") => Mark::Skipped,
        _ => Mark::Warn,
    }
}

fn line(check: &Value, report: &Value) -> String {
    let (mark, label, found) = told(check, report);
    format!(" {} {label:<16} {found}\n", mark.painted())
}

/// A check for other pictures of the same verdict: its mark, its name, what it found. Text of others is made safe in it.
pub(crate) fn told(check: &Value, report: &Value) -> (Mark, String, String) {
    let mark = mark_of(check, report);
    let found = match mark {
        Mark::Pass | Mark::Skipped => detail::found(check),
        Mark::Fail | Mark::Warn => fact(check),
    };
    (mark, detail::label(check, mark), safe(&found, 300))
}

/// What a check that did not pass says, with its number.
fn fact(check: &Value) -> String {
    let code = text(check, "code").unwrap_or_default();
    let title = || catalogue::find(code).map(|entry| entry.title);
    let fact = message_of(check).or_else(title).unwrap_or_else(|| code.to_owned());
    let number = text(check, "number").unwrap_or(code);
    // Of several countersignatures each line says whose it is about.
    let signer = check.get("evidence").and_then(|evidence| text(evidence, "signer"));
    let whose = match (text(check, "check"), signer) {
        (Some("countersignature"), Some(signer)) => format!("{}: ", short_did(signer)),
        _ => String::new(),
    };
    // What has stamped the time, and is the log's own.
    let uncounted = check.get("evidence").and_then(detail::uncounted);
    let uncounted = uncounted.map(|words| format!("; {words}")).unwrap_or_default();
    format!("{whose}{}{uncounted}   [{number}]", fact.trim_end_matches('.'))
}

/// The message of a check: text, or the English one of several.
fn message_of(check: &Value) -> Option<String> {
    let message = check.get("message")?;
    message.as_str().or_else(|| text(message, "en")).map(str::to_owned)
}

/// `IAL-2 (needs 2)` and `AAL-1 (needs 1)`, with what they rest on or what is in their way.
fn levels(report: &Value, depth: Depth) -> String {
    let mut out = String::new();
    for member in ["ial", "aal"] {
        let Some((mark, label, found)) = level(report, member) else { continue };
        if depth == Depth::Explain || mark == Mark::Fail {
            let _ = writeln!(out, " {} {label:<16} {}", mark.painted(), safe(&found, 300));
        }
    }
    out
}

/// A level (`ial` or `aal`): its mark, what was reached and needed, and what it rests on or why it is not enough.
pub(crate) fn level(report: &Value, member: &str) -> Option<(Mark, String, String)> {
    let part = report.get("assurance")?.get(member)?;
    let scale = if member == "ial" { "IAL-" } else { "AAL-" };
    let achieved = text(part, "achieved").unwrap_or("none");
    let counted = text(part, "counted").unwrap_or(achieved);
    let problem = checks(report).find(|check| {
        text(check, "check") == Some(member) && text(check, "status") != Some("pass")
    });
    let (mark, label) = match text(part, "required") {
        None => (Mark::Skipped, achieved.to_owned()),
        Some(required) => {
            let enough = problem.is_none() && rank(counted) >= rank(required);
            let needs = required.strip_prefix(scale).unwrap_or(required);
            (if enough { Mark::Pass } else { Mark::Fail }, format!("{counted} (needs {needs})"))
        }
    };
    let found = match problem {
        Some(check) if mark == Mark::Fail => fact(check),
        _ => detail::level(member, part),
    };
    Some((mark, label, found))
}

/// The order of levels as text: digit first, a plus above none.
fn rank(level: &str) -> String {
    level.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

/// What holds of the whole: nothing judged, nobody shown, warnings.
fn remarks(report: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let policy = report.get("policy").and_then(|policy| text(policy, "id"));
    if policy == Some("authentic") && accepted(report) {
        out.push("authentic; whether the issuer may say this was not judged".to_owned());
    }
    match text(report, "presenter") {
        Some("not-shown") => {
            out.push("IAL of the subject; the presenter is not shown".to_owned());
        }
        Some("not-live") => {
            out.push(
                "judged again: the presentation is not live, levels are as received".to_owned(),
            );
        }
        _ => {}
    }
    let assurance = report.get("assurance");
    let ignored = assurance.and_then(|part| part.get("ignoredClaims")).and_then(Value::as_array);
    for claim in ignored.into_iter().flatten() {
        let path = text(claim, "path").unwrap_or_default();
        out.push(format!("ignored: {} claims a level; levels are computed", safe(path, 80)));
    }
    if let Some(signer) = foreign_holder(report) {
        let who = short_did(signer);
        out.push(format!("note: {who} signed as holder and is not the subject of the credential"));
    }
    let warnings =
        report.get("warnings").or_else(|| assurance.and_then(|part| part.get("warnings")));
    for warning in warnings.and_then(Value::as_array).into_iter().flatten() {
        let code = warning.as_str().unwrap_or_default();
        if matches!(code, "presenter-not-shown" | "issuer-not-judged") {
            continue;
        }
        let title = catalogue::find(code).map(|entry| entry.title);
        out.push(format!("note: {}", safe(&title.unwrap_or_else(|| code.to_owned()), 200)));
    }
    out
}

/// Who countersigned as holder though the credential is about somebody else.
fn foreign_holder(report: &Value) -> Option<&str> {
    let checks = report.get("checks").and_then(Value::as_array)?;
    let evidence = checks
        .iter()
        .filter(|check| text(check, "check") == Some("countersignature"))
        .filter_map(|check| check.get("evidence"));
    let mut foreign = evidence.filter(|evidence| {
        text(evidence, "role") == Some("holder")
            && evidence.get("bySubject") == Some(&Value::Bool(false))
    });
    foreign.next().and_then(|evidence| text(evidence, "signer"))
}

/// The cheapest ways to reach what was asked for.
fn assurance_remedies(report: &Value) -> Vec<String> {
    let list =
        report.get("assurance").and_then(|part| part.get("remedies")).and_then(Value::as_array);
    let mut out = Vec::new();
    for remedy in list.into_iter().flatten().take(3) {
        let facts: Vec<&str> = remedy
            .get("add")
            .and_then(Value::as_array)
            .map(|facts| facts.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let said = text(remedy, "text").map(str::to_owned);
        let cost = match remedy.get("cost").and_then(Value::as_u64) {
            Some(1) => "a new presentation by the same wallet",
            Some(2) => "another authenticator or card",
            Some(3) => "proofing from a distance",
            Some(4) => "proofing in person",
            _ => "more evidence",
        };
        out.push(
            said.unwrap_or_else(|| format!("would help: {cost}, showing {}", facts.join(", "))),
        );
    }
    out
}

/// `2026-11-18T22:41:00Z` as `2026-11-18 22:41:00 UTC`.
pub(crate) fn moment(text: &str) -> String {
    match text.strip_suffix('Z').and_then(|text| text.split_once('T')) {
        Some((date, time)) => format!("{date} {time} UTC"),
        None => safe(text, 40),
    }
}

#[cfg(test)]
mod tests;
