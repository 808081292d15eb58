//! `inkan cred list | show | status | derive | message | suspend | reinstate`: credentials that this profile issued or holds.

mod derive;
mod status;

use inkan_core::json::text;
use inkan_io::profile::{IssuedRecord, StatusEvent};
use serde_json::{Value, json};

use super::revoke;
use crate::args::CredCommand;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::render::safe;
use crate::render::table::table;
use crate::wallet;

pub(super) fn run(command: &CredCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        CredCommand::List(args) => {
            let home = context.home()?;
            let mut found = Vec::new();
            if args.issued || !args.held {
                found.extend(issued(&home)?);
            }
            if args.held || !args.issued {
                found.extend(held(&home)?);
            }
            found.retain(|one| {
                let kind = args.credential_type.as_deref();
                let status = args.status.as_deref();
                kind.is_none_or(|kind| text(one, "credentialType") == Some(kind))
                    && status.is_none_or(|status| text(one, "status") == Some(status))
            });
            Ok(list(found, context))
        }
        CredCommand::Show { credential, bare } => {
            let home = context.home_if_any()?;
            let bundle = wallet::find(credential, home.as_ref(), context)?;
            let shown = wallet::written(&bundle, *bare);
            let value = match wallet::credential_of(&bundle, credential) {
                Ok(credential) if *bare => credential.to_value(),
                _ => bundle.to_value(),
            };
            Ok(Outcome::new("inkan-credential/1", shown, json!({ "content": value })))
        }
        CredCommand::Status(args) => status::run(args, context),
        CredCommand::Derive(args) => derive::run(args, context),
        CredCommand::Message(args) => revoke::message(args, context),
        CredCommand::Suspend(args) => revoke::suspend(args, context),
        CredCommand::Reinstate(args) => revoke::reinstate(args, context),
    }
}

fn issued(home: &Home) -> Result<Vec<Value>, Failure> {
    let describe = |(name, record): (String, IssuedRecord)| {
        let (status, event) = match (record.revoked, record.suspended) {
            (Some(event), _) => ("revoked", Some(event)),
            (None, Some(event)) => ("suspended", Some(event)),
            (None, None) => ("valid", None),
        };
        let (since, reason) = event.unzip();
        let event = |one: &StatusEvent| json!({ "change": one.change, "at": one.at.to_string(), "reason": one.reason });
        let events: Vec<Value> = record.events.iter().map(event).collect();
        json!({
            "name": name, "id": record.id, "side": "issued",
            "credentialType": record.types.join(" "), "issuer": record.issuer,
            "issuedAt": record.issued_at.to_string(),
            "validUntil": record.valid_until.map(|until| until.to_string()),
            "status": status, "events": events, "reason": reason, "since": since.map(|since| since.to_string()),
        })
    };
    Ok(home.profile.all::<IssuedRecord>()?.into_iter().map(describe).collect())
}

/// What the wallet holds. Its status is the issuer's to say: `verify` asks.
fn held(home: &Home) -> Result<Vec<Value>, Failure> {
    let mut out = Vec::new();
    for (name, bundle) in wallet::held(home)? {
        let credential = wallet::credential_of(&bundle, &name)?.credential();
        let types: Vec<&str> =
            credential.types().filter(|kind| *kind != "VerifiableCredential").collect();
        out.push(json!({
            "name": name, "id": credential.id(), "side": "held",
            "credentialType": types.join(" "), "issuer": credential.issuer(),
            "issuedAt": credential.valid_from().map(|from| from.to_string()),
            "validUntil": credential.valid_until().map(|until| until.to_string()),
        }));
    }
    Ok(out)
}

fn list(found: Vec<Value>, context: &Context) -> Outcome {
    let cell = |one: &Value, member: &str| safe(text(one, member).unwrap_or("-"), 60);
    let day = |one: &Value, member: &str| cell(one, member).chars().take(10).collect::<String>();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| {
            vec![
                cell(one, "name"),
                cell(one, "side"),
                cell(one, "credentialType"),
                cell(one, "status"),
                day(one, "issuedAt"),
                day(one, "validUntil"),
                short_did(text(one, "issuer").unwrap_or("-")),
            ]
        })
        .collect();
    if found.is_empty() {
        context.speech.say("no credentials");
    }
    let headings = ["NAME", "SIDE", "TYPE", "STATUS", "FROM", "UNTIL", "ISSUER"];
    let human = if found.is_empty() { String::new() } else { table(&headings, &rows) };
    Outcome::new("inkan-credential-list/1", human, json!({ "credentials": found }))
        .stream("credentials")
}
