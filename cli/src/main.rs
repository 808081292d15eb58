//! `inkan`: parses arguments, calls the crates, prints.
//!
//! In scope: words, colours, exit codes, profiles. Out of scope: every decision about a credential, which the crates
//! below make.

mod args;
mod catalogue;
mod commands;
mod config;
mod context;
mod demo;
mod env;
mod failure;
mod identity;
mod keyring;
mod ledgers;
mod log_policies;
mod merkle;
mod output;
mod packing;
mod pending;
mod powers;
mod progress;
mod prompt;
mod registries;
mod render;
mod story;
mod wallet;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::{Outcome, Speech, World};

fn main() -> ExitCode {
    if let Some(damage) = catalogue::damage() {
        output::complain(&damage);
        return ExitCode::FAILURE;
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    let exit = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => {
            let plain: Vec<String> =
                arguments.iter().map(|text| text.to_string_lossy().into_owned()).collect();
            not_parsed(&error, &Speech::guess(&plain))
        }
    };
    ExitCode::from(exit)
}

fn run(cli: Cli) -> u8 {
    let speech = Speech::new(&cli.global);
    let mut context = match Context::new(cli.global, speech) {
        Ok(context) => context,
        Err(failure) => return speech.fail(&failure, &World::default()),
    };
    match commands::run(cli.command, &mut context) {
        Ok(outcome) => {
            context.warn_of_unused_token();
            speech.show(outcome, &context.world)
        }
        Err(failure) => speech.fail(&failure, &context.world),
    }
}

/// Help and version are results; everything else clap says is a usage error.
fn not_parsed(error: &clap::Error, speech: &Speech) -> u8 {
    let shown = error.render();
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if help {
        let members = serde_json::json!({ "text": shown.to_string() });
        let outcome = Outcome::new("inkan-help/1", shown.ansi().to_string(), members);
        return speech.show(outcome, &World::default());
    }
    if speech.machine() {
        let text = shown.to_string();
        let text = text.trim_start_matches("error: ").trim_end().to_owned();
        return speech.fail(&Failure::from(CliError::Usage(text)), &World::default());
    }
    speech.warn_raw(&shown.ansi().to_string());
    Failure::from(CliError::Usage(String::new())).exit()
}
