//! `inkan anchor …`: records that are kept elsewhere; one module per command.

mod add;
pub(super) mod check;
mod prove;
mod scopes;
mod sources;

use crate::args::AnchorCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

/// How a pack is called.
const ENDING: &str = ".inkan-anchors";
/// How many names are told of what goes wrong with many.
const TOLD: usize = 20;

/// What can be wrong with what was typed here and nowhere else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// Something that should have been anchored could not be read.
    Incomplete,
    /// No rule says who may see a record.
    NoScope,
    /// There is nothing to anchor.
    Nothing,
    /// A pack is there already.
    PackThere,
    /// The record is missing from the folder.
    Missing,
}

impl Fault {
    /// A stable code for reports. Codes are added, never renamed.
    const fn code(self) -> &'static str {
        match self {
            Self::Incomplete => "anchor-incomplete",
            Self::NoScope => "anchor-scope-missing",
            Self::Nothing => "anchor-nothing",
            Self::PackThere => "anchor-pack-there",
            Self::Missing => "anchor-record-missing",
        }
    }

    fn because(self, message: impl Into<String>) -> Failure {
        Failure::new(self.code(), message)
    }
}

/// `1 record`, `2 records`.
fn records(count: u64) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}

pub(super) fn run(command: &AnchorCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        AnchorCommand::Add(args) => add::run(args, context),
        AnchorCommand::Prove(args) => prove::run(args, context),
        AnchorCommand::Check(args) => check::run(args, context),
    }
}
