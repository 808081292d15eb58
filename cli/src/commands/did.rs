//! `inkan did create | resolve | export | rotate | report-compromise | update | move | deactivate | history | diff | list`.

mod compromise;
mod create;
mod deactivate;
mod diff;
mod export;
mod history;
mod moving;
mod past;
mod resolve;
mod rotate;
mod update;

pub(crate) use resolve::{document_now, key_of_any_version, parse_time};

use inkan_io::profile::OwnDid;
use serde_json::{Value, json};

use crate::args::DidCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::safe;
use crate::render::table::table;

pub(super) fn run(command: &DidCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        DidCommand::Create(args) => create::run(args, context),
        DidCommand::Resolve(args) => resolve::run(args, context),
        DidCommand::Export(args) => export::run(args, context),
        DidCommand::Rotate(args) => rotate::run(args, context),
        DidCommand::ReportCompromise(args) => compromise::run(args, context),
        DidCommand::Update(args) => update::run(args, context),
        DidCommand::Move(args) => moving::run(args, context),
        DidCommand::Deactivate(args) => deactivate::run(args, context),
        DidCommand::Diff(args) => diff::run(args, context),
        DidCommand::History(args) => history::run(args, context),
        DidCommand::List => list(context),
    }
}

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let own: Vec<OwnDid> = home.profile.all()?.into_iter().map(|(_, record)| record).collect();
    let keys = |own: &OwnDid| own.keys.iter().map(|key| key.key.clone()).collect::<Vec<_>>();
    let log = |own: &OwnDid| match (&own.moving, &own.next_key) {
        (Some(to), _) => format!("{} → {}", home.log_of(own), safe(to, 80)),
        (None, Some(_)) => home.log_of(own).to_owned(),
        (None, None) => "-".to_owned(),
    };
    let rows: Vec<Vec<String>> = own
        .iter()
        .map(|own| {
            let (name, log) = (own.name.clone(), log(own));
            vec![name, own.created.date(), keys(own).join(", "), own.did.clone(), log]
        })
        .collect();
    let members: Vec<Value> = own
        .iter()
        .map(|own| {
            json!({
                "name": own.name, "did": own.did, "created": own.created.to_string(),
                "keys": keys(own), "canRotate": own.next_key.is_some(),
                "log": own.next_key.is_some().then(|| home.log_of(own)), "movingTo": own.moving,
            })
        })
        .collect();
    if own.is_empty() {
        context.speech.say("no DIDs yet; make one: inkan did create");
    }
    let human = if own.is_empty() {
        String::new()
    } else {
        table(&["NAME", "CREATED", "KEYS", "DID", "LOG"], &rows)
    };
    Ok(Outcome::new("inkan-did-list/1", human, json!({ "dids": members })).stream("dids"))
}
