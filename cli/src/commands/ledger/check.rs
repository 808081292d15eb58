//! `inkan ledger check`: is this receipt good under the pinned policies?

use std::fmt::Write as _;

use inkan_core::{Digest, Timestamp};
use inkan_ledger::{LogPolicy, Receipt, VerifiedLeaf, verify_receipt};
use serde_json::json;

use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::Mark;
use crate::render::report::moment;

pub(super) fn run(
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
    let grade = verified.grades().to_string();
    let grades: Vec<String> = verified.grades().list().iter().map(ToString::to_string).collect();
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
        "grade": grades, "operators": operators,
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
