//! `inkan man --out DIR`: one manual page per command.

use std::path::Path;

use clap::CommandFactory as _;
use inkan_io::files::{self, Access};
use serde_json::json;

use crate::args::{Cli, ManArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

pub(super) fn run(args: &ManArgs, context: &Context) -> Result<Outcome, Failure> {
    let folder = Path::new(&args.out);
    files::create_folder(folder, Access::Public)?;
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut written = Vec::new();
    write_pages(&root, "inkan", folder, &mut written)?;
    context.speech.say(&format!("{} pages in {}", written.len(), args.out));
    let human = String::new();
    Ok(Outcome::new("inkan-man/1", human, json!({ "folder": args.out, "pages": written })))
}

fn write_pages(
    command: &clap::Command,
    name: &str,
    folder: &Path,
    written: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(name.to_owned()))
        .render(&mut bytes)
        .map_err(|error| CliError::Fault(format!("manual page: {error}")))?;
    let file = format!("{name}.1");
    files::write_atomic(&folder.join(&file), &bytes, Access::Public)?;
    written.push(file);
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(inner, &format!("{name}-{}", inner.get_name()), folder, written)?;
    }
    Ok(())
}
