//! `inkan did export`: a DID as others read it, and its keys for those who know no DIDs.

use inkan_did::webvh::History;
use inkan_did::{Did, DidDocument, Method, published, resolve_self_contained};
use serde_json::{Value, json};

use super::resolve::{Reach, covering, find_log};
use crate::args::{ExportArgs, ExportForm};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;

pub(super) fn run(args: &ExportArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home_if_any()?;
    let did = identity::any(home.as_ref(), &args.did)?;
    let unfit = |detail: &str| -> Failure {
        let file = did.as_str().to_owned();
        CliError::InputMalformed { file, detail: detail.to_owned() }.into()
    };
    let (document, log) = if did.method() == Method::Webvh {
        let (log, witness, _) = find_log(&did, home.as_ref(), Reach::of(args.offline), context)?;
        let history = History::verify(&log, witness.as_deref(), context.now())?;
        let history = covering(history, &did)?;
        if history.latest().deactivated() && args.form != ExportForm::DidJsonl {
            return Err(unfit("it was deactivated: nothing is signed with its keys any more"));
        }
        (history.latest().document().clone(), Some(log))
    } else {
        (resolve_self_contained(&did)?, None)
    };
    let value = match args.form {
        ExportForm::DidJsonl => {
            let log = log.ok_or_else(|| unfit("a DID of this method has no log"))?;
            let members = json!({ "did": did.as_str(), "form": "did.jsonl", "log": log });
            return delivered(args, context, log, members);
        }
        ExportForm::DidJson => document.value().clone(),
        ExportForm::Jwks => signing(&document, &unfit)?,
        ExportForm::JwtVcIssuer => {
            signing(&document, &unfit)?;
            published::jwt_vc_issuer(&document)
                .ok_or_else(|| unfit("a DID of this method has no place on the web"))?
        }
    };
    if args.form == ExportForm::JwtVcIssuer {
        say_where(document.id(), context);
    }
    let form = match args.form {
        ExportForm::DidJson => "did.json",
        ExportForm::DidJsonl => "did.jsonl",
        ExportForm::Jwks => "jwks",
        ExportForm::JwtVcIssuer => "jwt-vc-issuer",
    };
    let text = format!("{value:#}\n");
    delivered(args, context, text, json!({ "did": did.as_str(), "form": form, "value": value }))
}

/// The set of keys, which has one at least: an empty one would tell readers that nothing is good.
fn signing(document: &DidDocument, unfit: &dyn Fn(&str) -> Failure) -> Result<Value, Failure> {
    let set = published::jwks(document);
    match set.get("keys").and_then(Value::as_array) {
        Some(keys) if !keys.is_empty() => Ok(set),
        Some(_) | None => Err(unfit("no key of it signs JWTs")),
    }
}

/// Where readers look for the metadata, and who serves them there.
fn say_where(did: &Did, context: &Context) {
    if let Some(url) = published::metadata_url(did) {
        context.speech.say(&format!(
            "readers look for it at {url}; a node of a ledger serves it there for DIDs of its hosts"
        ));
    }
}

fn delivered(
    args: &ExportArgs,
    context: &Context,
    text: String,
    members: Value,
) -> Result<Outcome, Failure> {
    let human = context.deliver(text, args.out.path())?;
    Ok(Outcome::new("inkan-did-export/1", human, members))
}
