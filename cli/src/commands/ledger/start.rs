//! `inkan ledger start`: a ledger folder as a node. The line on standard output says that it answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_io::clock::OsClock;
use inkan_io::cosigner;
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::LogPolicy;
use inkan_server::ledger_node::{self, LogTo, News, NodeOptions};
use serde_json::json;

use crate::args::StartArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::ledgers::{no_answer, no_key};
use crate::output::{self, Outcome};

pub(super) fn run(args: &StartArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let data = match &args.data {
        Some(data) => PathBuf::from(data),
        None => super::care::folder(context)?,
    };
    let (origin, policy) = policy_of(&data)?;
    let cosigners = cosigner::configured(&data, policy.logs())?;
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
        gateway_hosts: args.gateway_hosts.clone(),
        limits: args.limits.limits(),
        log: match args.log.as_deref() {
            None => LogTo::Nowhere,
            Some("-") => LogTo::StandardError,
            Some(folder) => LogTo::Folder(PathBuf::from(folder)),
        },
        ..NodeOptions::new(args.listen, &data)
    };
    ledger_node::run(options, Arc::new(OsClock), move |news| {
        let (address, missing) = match news {
            News::Ready(address, missing) => (address, missing),
            News::CosignerDown { name, why } => {
                return speech.warn(&format!("{name} cosigns nothing: {why}"));
            }
            News::CosignerUp { name } => return speech.say(&format!("{name} cosigns again")),
        };
        missing.silent.iter().for_each(|name| speech.warn(&no_answer(name)));
        missing.unattended.iter().for_each(|name| speech.warn(&no_key(name)));
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

/// Name and policy of the log in a folder; the remedy for a folder without one is to make it.
///
/// Nothing else is read here: what can be made again is made again when the node opens the folder.
fn policy_of(data: &Path) -> Result<(String, LogPolicy), Failure> {
    match LedgerFolder::policy(data) {
        Err(error) if error.code() == "ledger-not-found" => {
            let make = format!("inkan init operator --ledger {} --domain HOST", data.display());
            Err(Failure::from(error).try_this("make one, with two witnesses", make))
        }
        found => Ok(found?),
    }
}
