//! `inkan ledger status`: how large, how fresh, and who vouches for it.

use std::fmt::Write as _;

use inkan_core::Timestamp;
use inkan_ledger::{LogPolicy, VerifiedCheckpoint, verify_checkpoint};
use serde_json::{Value, json};

use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::ledgers::Reading;
use crate::output::{BOLD, Outcome};
use crate::render::report::moment;
use crate::render::safe;

pub(super) fn run(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let reading = Reading::open(&home, context)?;
    let now = context.now();
    let head = verified(&reading, &home, now)?;
    let status = reading.source().status()?;
    let grades: Vec<String> = head.grades().list().iter().map(ToString::to_string).collect();
    let age = head.fresh_at().map(|time| now.seconds_since(time).max(0));
    let place = if home.ledger.folder().is_some() { "folder" } else { "node" };
    let unknown = || "not known".to_owned();
    let said = |time: Option<Timestamp>| time.map(|time| moment(&time.to_string()));
    let waiting = match status.waiting {
        Some(0) | None => String::new(),
        Some(some) => format!(", {some} more wait for a checkpoint"),
    };
    let mut human = String::new();
    for (name, value) in [
        ("origin", status.origin.clone()),
        (place, home.ledger.to_string()),
        ("entries", format!("{}{waiting}", status.size)),
        ("root", status.root.clone()),
        (
            "last entry",
            said(status.leaf_time)
                .map_or_else(unknown, |time| format!("{time}, claimed by the log")),
        ),
        (
            "existed by",
            said(head.existed_by()).unwrap_or_else(|| "nobody vouches for it".to_owned()),
        ),
        ("fresh at", fresh(head.fresh_at(), age)),
        ("grade", graded(&head)),
        ("cosigned", cosigned(&head, now)),
    ] {
        let _ = writeln!(human, "{BOLD}{name:<12}{BOLD:#} {value}");
    }
    if let Some(checkpoints) = status.checkpoints {
        let _ = writeln!(human, "{BOLD}{:<12}{BOLD:#} {checkpoints}", "checkpoints");
    }
    let cosigners: Vec<Value> = head
        .cosigners()
        .iter()
        .map(|one| {
            json!({
                "name": one.name(), "time": one.stamp().latest.to_string(),
                "runByLog": one.is_of_log(head.origin()),
            })
        })
        .collect();
    let members = json!({
        "origin": status.origin, "size": status.size, "root": status.root,
        "waiting": status.waiting, "checkpoints": status.checkpoints,
        "leafTime": status.leaf_time.map(|time| json!({ "time": time.to_string(), "basis": "claimed" })),
        "existedBy": head.existed_by().map(|time| time.to_string()),
        "freshAt": head.fresh_at().map(|time| time.to_string()), "ageSeconds": age,
        "grade": grades, "operators": head.operators(), "cosigners": cosigners,
        "notChecked": head.not_checked(),
    });
    Ok(Outcome::new("inkan-ledger-status/1", human, members))
}

/// Why the stamp of a timestamp authority says nothing here, and what helps.
pub(super) const NO_ANCHOR: &str = "no certificate of it is beside the pinned policy (logs/*.pem)";

/// The newest head under the policy pinned for its log.
pub(super) fn verified(
    reading: &Reading,
    home: &Home,
    now: Timestamp,
) -> Result<VerifiedCheckpoint, Failure> {
    let policy = policy_of(reading.source().origin(), home)?;
    Ok(verify_checkpoint(reading.view().note(), &policy, now)?)
}

/// The policy that this profile has pinned for a log.
pub(super) fn policy_of(origin: &str, home: &Home) -> Result<LogPolicy, Failure> {
    let found = home.pinned()?.into_iter().find(|policy| policy.has_log(origin));
    let unknown = || Failure::new("unknown-log", format!("no policy is pinned for {origin}"));
    found.ok_or_else(unknown)
}

fn fresh(time: Option<Timestamp>, age: Option<i64>) -> String {
    match (time, age) {
        (Some(time), Some(age)) => format!("{}, {} ago", moment(&time.to_string()), ago(age)),
        _ => "nobody vouches for it".to_owned(),
    }
}

/// A span in the largest unit that says enough.
pub(super) fn ago(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn graded(head: &VerifiedCheckpoint) -> String {
    match operators(head) {
        None => format!("{}: no independent cosigner", head.grades()),
        Some(names) => format!("{} ({names})", head.grades()),
    }
}

/// The operators that the grade counts; `None` if there is none. Their names are the policy's, which a stranger may have
/// written.
pub(super) fn operators(head: &VerifiedCheckpoint) -> Option<String> {
    let operators = head.operators();
    let own = |name: &&String| {
        let mut of_log = head.cosigners().iter().filter(|one| one.is_of_log(head.origin()));
        of_log.any(|one| one.operator() == Some(name.as_str()))
    };
    let own: Vec<String> = operators.iter().filter(own).map(|name| safe(name, 100)).collect();
    let names: Vec<String> = operators.iter().map(|name| safe(name, 100)).collect();
    let note = match own.len() {
        0 => String::new(),
        all if all == names.len() => "; run by the log itself".to_owned(),
        _ => format!("; run by the log itself: {}", own.join(", ")),
    };
    (!names.is_empty()).then(|| format!("{}{note}", names.join(", ")))
}

fn cosigned(head: &VerifiedCheckpoint, now: Timestamp) -> String {
    let mut parts: Vec<String> = head
        .cosigners()
        .iter()
        .map(|one| {
            let age = now.seconds_since(one.stamp().latest).max(0);
            let own = if one.is_of_log(head.origin()) { " (run by the log itself)" } else { "" };
            format!("{} {} ago{own}", safe(one.name(), 100), ago(age))
        })
        .collect();
    let unchecked = head.not_checked().iter();
    parts.extend(unchecked.map(|name| format!("{} not checked: {NO_ANCHOR}", safe(name, 100))));
    if parts.is_empty() {
        return "by nobody".to_owned();
    }
    parts.join(", ")
}
