//! `inkan ledger params show | announce | apply`: what an operator may set, and how it is changed: said in the log first, in
//! force later.

use inkan_core::{Timestamp, limits};
use inkan_credential::status_list::MINIMUM_BITS;
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::Leaf;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::{Announcement, ParametersDocument};
use serde_json::{Map, Value, json};

use super::care;
use crate::args::{ParamsCommand, WriteArgs};
use crate::commands::did::parse_time;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::prompt;
use crate::render::report::moment;

/// Seconds beyond the notice, for the checkpoint that says so to be made.
const MARGIN: i64 = 60;

pub(super) fn run(command: &ParamsCommand, context: &mut Context) -> Result<Outcome, Failure> {
    if matches!(command, ParamsCommand::Show) {
        let home = context.home()?;
        let document = in_force(&Reading::open(&home, context)?)?;
        return Ok(shown(&document, None, WriteArgs::default()));
    }
    let folder = care::folder(context)?;
    let now = context.now();
    let mut ledger = LedgerFolder::open(&folder, now)?;
    match command {
        ParamsCommand::Show => Ok(shown(ledger.parameters(), None, WriteArgs::default())),
        ParamsCommand::Announce { set, not_before, write } => {
            let changes = changes(set)?;
            let document = ledger.parameters();
            let values = document.values.with(&changes).map_err(|_| {
                let names = document.values.to_value();
                let names: Vec<&str> = names
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.as_str())
                    .collect();
                CliError::Usage(format!("--set takes NAME=VALUE, of {}", names.join(", ")))
            })?;
            about_lists(values.list_min, document.values.list_min, context)?;
            let soonest = now.plus_seconds(document.values.notice.saturating_add(MARGIN));
            let not_before = match not_before {
                Some(time) => parse_time(time)?,
                None => soonest,
            };
            let next = Announcement { rules: document.rules, values, not_before };
            if write.dry_run {
                context
                    .speech
                    .say(&format!("would announce that from {not_before} on: {}", set.join(", ")));
                return Ok(shown(document, None, *write));
            }
            confirm(*write, context, "announce this in the log, for all to see, for ever?")?;
            let size = ledger.announce(next, now)?;
            Ok(shown(ledger.parameters(), Some(size), *write))
        }
        ParamsCommand::Apply { write } => {
            if write.dry_run {
                context.speech.say("would put in force what is announced");
                return Ok(shown(ledger.parameters(), None, *write));
            }
            confirm(*write, context, "put in force what is announced?")?;
            let size = ledger.apply_announced(now)?;
            Ok(shown(ledger.parameters(), Some(size), *write))
        }
    }
}

/// What a new least length of status lists means for whoever has some.
fn about_lists(next: u64, now: u64, context: &Context) -> Result<(), Failure> {
    let most = u64::try_from(limits::STATUS_LIST_INFLATED).unwrap_or(u64::MAX).saturating_mul(8);
    if next > most {
        let usage = format!("listMin={next}: no status list has more than {most} bits");
        return Err(CliError::Usage(usage).into());
    }
    if next != now && next < MINIMUM_BITS {
        context.speech.warn(&format!(
            "listMin={next} changes nothing: no Bitstring Status List has fewer than {MINIMUM_BITS} entries"
        ));
    } else if next > now.max(MINIMUM_BITS) {
        context.speech.warn(
            "status lists that are shorter are made longer when they are published next, by a revocation too; an issuer \
             whose software cannot do that can revoke nothing that is in them: give them time with --not-before",
        );
    }
    Ok(())
}

/// The document that the newest epoch leaf names: by the log's signature, from a folder that is in use or from a node.
pub(in crate::commands) fn in_force(reading: &Reading) -> Result<ParametersDocument, Failure> {
    let last = reading.view().size().checked_sub(1).ok_or(CliError::NoCheckpoint)?;
    let receipt = reading.view().receipt_here(last)?;
    let missing = || CliError::Fault("the newest epoch leaf names no parameters".to_owned());
    let leaf = Leaf::parse(receipt.leaf_bytes()).map_err(|_| missing())?;
    let epoch = Epoch::parse(leaf.body()).map_err(|_| missing())?;
    let bytes = reading.source().parameters(&epoch.params)?.ok_or_else(missing)?;
    ParametersDocument::parse(&bytes).map_err(|error| Failure::from_error(error.code(), &error))
}

fn confirm(write: WriteArgs, context: &Context, question: &str) -> Result<(), Failure> {
    if write.yes { Ok(()) } else { Ok(prompt::confirm(context.asking, question)?) }
}

/// `promise=43200`, `kinds=did,issuance`.
fn changes(set: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut out = Map::new();
    for one in set {
        let usage = || CliError::Usage(format!("--set {one}: NAME=VALUE is asked for"));
        let (name, value) = one.split_once('=').ok_or_else(usage)?;
        let value = if name == "kinds" {
            value.split(',').collect::<Vec<_>>().into()
        } else {
            value.parse::<u64>().map_err(|_| usage())?.into()
        };
        out.insert(name.to_owned(), value);
    }
    Ok(out)
}

fn shown(document: &ParametersDocument, size: Option<u64>, write: WriteArgs) -> Outcome {
    let values = document.values.to_value();
    let next = document.next.as_ref();
    let coming = next.map(|next| next.values.to_value());
    let mut human = String::new();
    for (name, value) in values.as_object().into_iter().flatten() {
        let new = coming.as_ref().and_then(|coming| coming.get(name)).filter(|new| *new != value);
        let new = new.map(|new| format!("  → {}", plain(new))).unwrap_or_default();
        human.push_str(&format!("{name:<21} {}{new}\n", plain(value)));
    }
    if let Some(next) = next {
        let from = moment(&next.not_before.to_string());
        human.push_str(&format!("announced, not in force before {from}\n"));
    }
    let not_before = |next: &Announcement| Timestamp::to_string(&next.not_before);
    let members = json!({
        "values": values, "next": coming, "notBefore": next.map(not_before), "size": size,
        "dryRun": write.dry_run,
    });
    Outcome::new("inkan-ledger-params/1", human, members)
}

fn plain(value: &Value) -> String {
    match value.as_array() {
        Some(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        None => value.to_string(),
    }
}
