//! `inkan ledger status | prove | check`.

use std::fmt::Write as _;

use inkan_core::{Digest, Timestamp};
use inkan_io::ledger_folder::LedgerReader;
use inkan_ledger::{EntryId, LogPolicy, Receipt, VerifiedLeaf, verify_receipt};
use serde_json::json;

use crate::args::LedgerCommand;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::{BOLD, Outcome};
use crate::render::Mark;
use crate::render::report::moment;

pub(super) fn run(command: &LedgerCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        LedgerCommand::Status => status(context),
        LedgerCommand::Prove { entry, out } => prove(entry, out.as_deref(), context),
        LedgerCommand::Check { file, root } => check(file.as_deref(), root.as_deref(), context),
    }
}

fn status(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    Reading::open(&home)?;
    let status = LedgerReader::open(&home.ledger)?.status()?;
    let existed_by = status.existed_by.map(|time| time.to_string());
    let root = status.root.clone();
    let leaf_time = status.leaf_time.map(|time| time.to_string());
    let mut human = String::new();
    for (name, value) in [
        ("origin", status.origin.clone()),
        ("folder", home.ledger.display().to_string()),
        ("entries", status.size.to_string()),
        ("root", root.clone()),
        ("last entry", leaf_time.as_deref().map_or_else(|| "none".to_owned(), moment)),
        ("witnessed", existed_by.as_deref().map_or_else(|| "not yet".to_owned(), moment)),
        ("witnesses", status.witnesses.join(", ")),
        ("checkpoints", status.checkpoints.to_string()),
    ] {
        let _ = writeln!(human, "{BOLD}{name:<12}{BOLD:#} {value}");
    }
    let members = json!({
        "origin": status.origin, "size": status.size, "root": root,
        "leafTime": leaf_time, "existedBy": existed_by,
        "witnesses": status.witnesses, "checkpoints": status.checkpoints,
    });
    Ok(Outcome::new("inkan-ledger-status/1", human, members))
}

fn prove(entry: &str, out: Option<&str>, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let reading = Reading::open(&home)?;
    let unknown = || CliError::EntryUnknown { entry: entry.to_owned() };
    let index = match entry.parse::<u64>() {
        Ok(index) => index,
        Err(_) => {
            let id = EntryId::from_hex(entry).map_err(|_| unknown())?;
            reading.view().lookup(&id)?.ok_or_else(unknown)?
        }
    };
    if index >= reading.view().size() {
        return Err(unknown().into());
    }
    let value = reading.view().receipt(index)?.to_value();
    let human = context.deliver(format!("{value:#}\n"), out)?;
    let members = json!({ "index": index, "out": out });
    let outcome = Outcome::new("inkan-ledger-proof/1", human, members);
    Ok(if out.is_none() { outcome.with("receipt", value) } else { outcome })
}

fn check(
    file: Option<&str>,
    root: Option<&str>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let input = context.input(file)?;
    let receipt =
        Receipt::parse(&input.bytes).map_err(|error| Failure::from(error).during(&input.name))?;
    let verified = verify_pinned(&receipt, &home, context.now())
        .map_err(|failure| failure.during(&input.name))?;
    let root_hash = verified.root_hash();
    let found = root_hash.digest();
    if let Some(wanted) = root {
        let wanted = Digest::from_hex(wanted).or_else(|_| Digest::from_b64u(wanted));
        if wanted.ok().as_ref() != Some(found) {
            return Err(CliError::RootMismatch { found: found.to_hex() }.into());
        }
    }
    let leaf = verified.leaf();
    let existed_by = verified.existed_by().map(|time| time.to_string());
    let operators: Vec<String> = verified.operators().iter().map(ToString::to_string).collect();
    let grade = verified.grade().to_string();
    let when = existed_by.as_deref().map_or_else(
        || format!("at {} by the operator's word alone", moment(&leaf.time().to_string())),
        |time| format!("by {}", moment(time)),
    );
    let mut human = format!(
        "{} entry {} of {} in {}: a {} entry, there {when}\n",
        Mark::Pass.painted(),
        verified.leaf_index(),
        verified.tree_size(),
        verified.origin(),
        leaf.kind().name(),
    );
    let _ = writeln!(human, "  root   {}", found.to_hex());
    let _ = writeln!(human, "  time   {grade} ({})", operators.join(", "));
    human.push_str("  what the entry says was not judged: inkan verify does that\n");
    let members = json!({
        "origin": verified.origin(), "index": verified.leaf_index(), "size": verified.tree_size(),
        "root": found.to_hex(), "kind": leaf.kind().name(), "existedBy": existed_by,
        "leafTime": { "time": leaf.time().to_string(), "basis": "claimed" },
        "grade": [grade], "operators": operators,
    });
    Ok(Outcome::new("inkan-ledger-check/1", human, members))
}

/// Verifies a receipt under the first pinned policy that knows its log; without one, under any, for its error.
fn verify_pinned(receipt: &Receipt, home: &Home, now: Timestamp) -> Result<VerifiedLeaf, Failure> {
    let mut last = None;
    for (_, text) in home.profile.pinned_logs()? {
        match verify_receipt(receipt, &LogPolicy::parse(&text)?, now) {
            Ok(verified) => return Ok(verified),
            Err(error) if error.code() == "unknown-log" => last = Some(Failure::from(error)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new("unknown-log", "no log is pinned in this profile")))
}
