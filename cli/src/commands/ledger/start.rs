//! `inkan ledger start`: a ledger folder as a node. The line on standard output says that it answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_io::clock::OsClock;
use inkan_io::cosigner;
use inkan_io::ledger_folder::LedgerReader;
use inkan_server::ledger_node::{self, LogTo, NodeOptions};
use serde_json::json;

use crate::args::StartArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, Outcome};

pub(super) fn run(args: &StartArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let data = match &args.data {
        Some(data) => PathBuf::from(data),
        None => super::care::folder(context)?,
    };
    let reader = reader_of(&data)?;
    let origin = reader.origin().to_owned();
    let cosigners = cosigner::configured(&data, reader.policy().logs())?;
    drop(reader);
    let speech = context.speech;
    if !args.listen.ip().is_loopback() {
        speech.warn("it speaks plain HTTP: put a proxy with TLS in front of it");
    }
    if args.accept_clock {
        speech.warn("the clock is taken as it is, and the log will say so for ever");
    }
    let options = NodeOptions {
        accept_clock: args.accept_clock,
        cosigners,
        operator_tokens: args.tokens.as_ref().map(PathBuf::from),
        proxies: args.proxies.clone(),
        log: match args.log.as_deref() {
            None => LogTo::Nowhere,
            Some("-") => LogTo::StandardError,
            Some(folder) => LogTo::Folder(PathBuf::from(folder)),
        },
        ..NodeOptions::new(args.listen, &data)
    };
    ledger_node::run(options, Arc::new(OsClock), |address| {
        let url = format!("http://{address}");
        let ready = if speech.machine() {
            let value = json!({
                "type": "inkan-ledger-node/1", "event": "ready", "url": url, "origin": origin,
                "data": data.display().to_string(),
            });
            format!("{value}\n")
        } else {
            format!("{origin} answers at {url}\n")
        };
        output::print_now(&ready);
        speech.say(&format!("for others: inkan init NAME --ledger {url}"));
        speech.say("ctrl-c ends it in order");
    })?;
    speech.say("ended in order: what was acknowledged is in the log");
    Ok(Outcome::said())
}

/// The log in a folder; the remedy for a folder without one is to make it.
fn reader_of(data: &Path) -> Result<LedgerReader, Failure> {
    match LedgerReader::open(data) {
        Ok(reader) => Ok(reader),
        Err(error) if error.code() == "ledger-not-found" => {
            let make = format!("inkan init operator --ledger {} --domain HOST", data.display());
            Err(Failure::from(error).try_this("make one, with two witnesses", make))
        }
        Err(error) => Err(error.into()),
    }
}
