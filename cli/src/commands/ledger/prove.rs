//! `inkan ledger prove`: the receipt of an entry.

use inkan_ledger::EntryId;
use serde_json::json;

use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::Outcome;

pub(super) fn run(
    entry: &str,
    out: Option<&str>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let reading = Reading::open(&home, context)?;
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
