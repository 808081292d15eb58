//! `inkan completions SHELL`: a completion script on standard output.

use clap::CommandFactory as _;
use serde_json::json;

use crate::args::{Cli, CompletionsArgs};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

pub(super) fn run(args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "inkan", &mut script);
    let script = String::from_utf8(script)
        .map_err(|error| CliError::Fault(format!("completion script: {error}")))?;
    let members = json!({ "shell": args.shell.to_string(), "script": script });
    Ok(Outcome::new("inkan-completions/1", script, members))
}
