//! The data folder of a ledger: does it hold what was signed?
//!
//! Without `--deep` the newest checkpoint is compared with what the folder computes; with it every entry is hashed again.

use std::path::Path;

use inkan_io::ledger_folder::LedgerReader;
use inkan_ledger::tree::Frontier;
use inkan_ledger::verify_checkpoint;
use serde_json::json;

use crate::args::CheckArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::progress::Bar;
use crate::render::Mark;

pub(super) fn run(
    path: &Path,
    args: &CheckArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let reader = LedgerReader::open(path)?;
    let view = reader.view_at(None)?.ok_or(CliError::NoCheckpoint)?;
    // The policy pinned here, or, for an operator without a profile, the folder's own.
    let home = context.home_if_any()?;
    let pinned = match &home {
        Some(home) => home.pinned()?.into_iter().find(|policy| policy.has_log(reader.origin())),
        None => None,
    };
    let own = pinned.is_none();
    let policy = pinned.unwrap_or_else(|| reader.policy().clone());
    let head = verify_checkpoint(view.note(), &policy, context.now())?;
    let (size, root) = (head.head().tree_size, head.head().root_hash);
    super::demand(args.root.as_deref(), root.digest())?;
    let mut hashed = 0;
    if args.deep {
        let bar = Bar::new(context.speech, "hashing", size);
        let mut edge = Frontier::new();
        let mut before = None;
        for index in 0..size {
            let leaf = view.entry(index)?;
            let time = leaf.time();
            if before.is_some_and(|before| time < before) {
                let what = format!("entry {index} is earlier than the one before it");
                return Err(damaged(path, &what));
            }
            before = Some(time);
            edge.append(leaf.hash());
            bar.reach(index.saturating_add(1));
        }
        if edge.root() != root {
            return Err(damaged(path, "its entries do not hash to the root that was signed"));
        }
        hashed = size;
    }
    let how = if args.deep { "every entry hashed again" } else { "the right edge" };
    let mut human = format!(
        "{} {}: {size} entries of {}, {how}; root {}\n",
        Mark::Pass.painted(),
        path.display(),
        head.origin(),
        root.digest().to_hex(),
    );
    if own {
        human.push_str("  judged by the folder's own policy: no profile pins this log\n");
    }
    if !args.deep {
        human.push_str("  --deep hashes every entry again\n");
    }
    let mut members = super::members(&head);
    members.insert("file".to_owned(), "folder".into());
    members.insert("hashed".to_owned(), hashed.into());
    members.insert("policy".to_owned(), json!(if own { "own" } else { "pinned" }));
    Ok(Outcome::new("inkan-ledger-check/1", human, members.into()))
}

fn damaged(path: &Path, what: &str) -> Failure {
    Failure::new("tile-damaged", format!("{}: {what}", path.display()))
}
