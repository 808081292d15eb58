//! `inkan cred derive`: a credential of which a part is shown, without a presentation around it.

use inkan_credential::bundle::Artefact;
use inkan_credential::{Contexts, selective};
use inkan_io::pinned;
use serde_json::json;

use crate::args::CredDeriveArgs;
use crate::commands::present;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::wallet;

pub(super) fn run(args: &CredDeriveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home_if_any()?;
    let mut bundle = wallet::find(&args.credential, home.as_ref(), context)?;
    let whole = wallet::credential_of(&bundle, &args.credential)?.clone();
    if !selective::is_base(&whole) && inkan_holder::disclosable(&whole).is_empty() {
        let detail = "nothing of it can be kept back: it is shown whole or not at all".to_owned();
        return Err(CliError::InputMalformed { file: args.credential.clone(), detail }.into());
    }
    let contexts = match &home {
        Some(home) => pinned::contexts(&pinned::load(&home.profile)?)?,
        None => None,
    };
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let chosen = (args.disclose.as_slice(), args.disclose_all, args.keep.as_slice());
    let (shown, disclosed) = present::part(&whole, chosen, (contexts, context.speech))?;
    context.speech.say(&format!("shows {}", disclosed.join(", ")));
    context.speech.detail("whoever gets it can show it on: a presentation answers one verifier");
    let value = shown.to_value();
    bundle.artefact = Artefact::Credential(shown);
    let human = context.deliver(wallet::written(&bundle, args.bare), args.out.path())?;
    let members = json!({ "disclosed": disclosed, "out": args.out.path() });
    let outcome = Outcome::new("inkan-derived/1", human, members);
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", if args.bare { value } else { bundle.to_value() }))
}
