//! One module per command: what it reads, what it calls, what it writes.

mod anchor;
mod bundle;
mod completions;
mod conformance;
mod consent;
mod countersign;
mod countersigners;
mod cred;
mod delegate;
mod desk;
mod did;
mod doctor;
mod eseal;
mod evidence;
mod exchange;
mod explain;
mod init;
mod inspect;
mod issue;
mod key;
mod ledger;
mod man;
mod offer;
mod policy;
mod present;
mod proof;
mod request;
mod revoke;
mod serve;
mod status_list;
mod story;
mod timestamp;
pub(crate) mod trust;
mod verify;

use crate::args::Command;
use crate::context::Context;
use crate::demo;
use crate::failure::Failure;
use crate::output::Outcome;

/// Does what was asked.
pub(crate) fn run(command: Command, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        Command::Demo(args) => demo::run(&args, context),
        Command::Init(args) => init::run(&args, context),
        Command::Doctor(args) => doctor::run(&args, context),
        Command::Issue(args) => issue::run(&args, context),
        Command::Delegate(args) => delegate::run(&args, context),
        Command::Countersign(args) => countersign::accept(&args, context),
        Command::Refuse(args) => countersign::refuse(&args, context),
        Command::Seal(args) => countersign::seal(&args, context),
        Command::Countersigners(args) => countersigners::run(&args, context),
        Command::Present(args) => present::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Timestamp(args) => timestamp::run(&args, context),
        Command::Eseal(args) => eseal::run(&args, context),
        Command::Inspect(args) => inspect::run(&args, context),
        Command::Story(args) => story::run(&args, context),
        Command::Key(command) => key::run(&command, context),
        Command::Did(command) => did::run(&command, context),
        Command::Cred(command) => cred::run(&command, context),
        Command::Consent(command) => consent::run(&command, context),
        Command::Bundle(command) => bundle::run(&command, context),
        Command::Evidence(command) => evidence::run(&command, context),
        Command::StatusList(command) => status_list::run(&command, context),
        Command::Anchor(command) => anchor::run(&command, context),
        Command::Proof(command) => proof::run(&command, context),
        Command::Desk(command) => desk::run(&command, context),
        Command::Request(command) => request::run(&command, context),
        Command::Offer(command) => offer::run(&command, context),
        Command::Policy(command) => policy::run(&command, context),
        Command::Trust(command) => trust::run(&command, context),
        Command::Ledger(command) => ledger::run(&command, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Conformance(command) => conformance::run(&command, context),
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args, context),
    }
}
