//! `inkan ledger …`: one module per command.

mod care;
mod check;
mod cosign;
mod newest;
mod once;
pub(super) mod params;
mod pin;
mod prove;
mod record;
mod restore;
mod start;
mod status;
mod watch;

pub(super) use check::proven;

use crate::args::{GuardCommand, LedgerCommand, MapCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

pub(super) fn run(command: &LedgerCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        LedgerCommand::Start(args) => start::run(args, context),
        LedgerCommand::Status => status::run(context),
        LedgerCommand::Prove(args) => prove::run(args, context),
        LedgerCommand::Check(args) => check::run(args, context),
        LedgerCommand::Watch(args) => watch::run(args, context),
        LedgerCommand::Witness(args) => cosign::witness(args, context),
        LedgerCommand::Mirror(args) => cosign::mirror(args, context),
        LedgerCommand::Restore(args) => restore::run(args, context),
        LedgerCommand::Record(args) => record::run(args, context),
        LedgerCommand::Once(args) => once::run(args, context),
        LedgerCommand::Pin(args) => pin::add(args, context),
        LedgerCommand::Pins => pin::list(context),
        LedgerCommand::Unpin { origin } => pin::remove(origin, context),
        LedgerCommand::Guard(GuardCommand::Adopt { notes, accept_silence, write }) => {
            care::adopt_guard(notes, *accept_silence, *write, context)
        }
        LedgerCommand::Params(command) => params::run(command, context),
        LedgerCommand::Map(MapCommand::Rebuild { write }) => care::rebuild_map(*write, context),
    }
}
