//! `inkan explain CODE`: what a code means, and what to do about it.

use std::fmt::Write as _;

use serde_json::json;

use crate::args::ExplainArgs;
use crate::catalogue::{self, Entry};
use crate::failure::{CliError, Failure};
use crate::output::{BOLD, Outcome};

pub(super) fn run(args: &ExplainArgs) -> Result<Outcome, Failure> {
    let Some(entry) = catalogue::find(&args.code) else {
        let mut failure = Failure::from(CliError::CodeUnknown { code: args.code.clone() });
        for near in catalogue::similar(&args.code) {
            failure = failure
                .try_this(near.title.trim_end_matches('.'), format!("inkan explain {}", near.code));
        }
        return Err(failure);
    };
    let members = json!({
        "code": entry.code, "number": entry.number, "exitCode": entry.exit,
        "title": entry.title, "remedy": entry.remedy, "retry": entry.retry,
        "meaning": exit_meaning(entry.exit),
    });
    Ok(Outcome::new("inkan-explanation/1", text(&entry), members))
}

fn text(entry: &Entry) -> String {
    let Entry { code, number, exit, title, remedy, retry } = entry;
    let mut out = format!("{BOLD}{number}{BOLD:#}  {code}\n\n  {}\n", sentence(title));
    if !remedy.is_empty() {
        let _ = writeln!(out, "\n  What to do: {remedy}");
    }
    let again = if *retry { "worth another try" } else { "trying again will not help" };
    let _ = writeln!(out, "\n  Exit code {exit}: {} ({again}).", exit_meaning(*exit));
    out
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// What an exit code says, in words.
pub(super) const fn exit_meaning(exit: u8) -> &'static str {
    match exit {
        0 => "done, or accepted",
        1 => "an unexpected fault: please report it",
        2 => "the command line was not understood",
        3 => "something named was not found",
        4 => "the keystore is locked, or this is not allowed",
        5 => "an answer is needed, or you said no",
        6 => "the ledger, a peer or the disk cannot be reached",
        7 => "a conflict: it moved, or exists already",
        8 => "a configuration, policy, claims or evidence file is malformed",
        9 => "a peer refused",
        10 => "not a credential that can be read",
        11 => "a claim, proof or countersignature was changed",
        12 => "revoked or suspended",
        13 => "expired, or not valid yet",
        14 => "the issuer is not trusted for this type",
        15 => "the policy is not met",
        16 => "holder binding or a required countersignature is missing",
        17 => "the key was not in force when it signed",
        18 => "a ledger proof is forged: an alarm",
        19 => "cannot tell, so not accepted",
        20 => "doctor found problems",
        21 => "an interop peer failed",
        130 => "interrupted",
        _ => "not used",
    }
}
