//! `inkan ledger …`: one module per command.

mod check;
mod prove;
mod status;

use crate::args::LedgerCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

pub(super) fn run(command: &LedgerCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        LedgerCommand::Status => status::run(context),
        LedgerCommand::Prove { entry, out } => prove::run(entry, out.as_deref(), context),
        LedgerCommand::Check { file, root } => {
            check::run(file.as_deref(), root.as_deref(), context)
        }
    }
}
