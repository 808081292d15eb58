//! `inkan evidence`: what shows who somebody is.

mod derive;
mod jpki;
mod register;
mod stamp;

use crate::args::EvidenceCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

pub(super) fn run(command: &EvidenceCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        EvidenceCommand::Derive(args) => derive::derive(args, context),
        EvidenceCommand::Revalidate(args) => derive::revalidate(args, context),
        EvidenceCommand::Stamp(args) => stamp::run(args, context),
        EvidenceCommand::Register(command) => register::run(command, context),
        EvidenceCommand::Jpki(command) => jpki::run(command, context),
    }
}
