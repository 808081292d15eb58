//! `inkan present`: chosen credentials, bound to one verifier's nonce and audience by the holder's key.

use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::presentation::PresentationTerms;
use inkan_crypto::Signer;
use serde_json::json;

use super::issue::format_of;
use crate::args::PresentArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::packing;
use crate::wallet;

pub(super) fn run(args: &PresentArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let (Some(nonce), Some(audience)) = (&args.nonce, &args.aud) else {
        let usage = "--nonce and --aud say to whom you present: ask the verifier for both";
        return Err(CliError::Usage(usage.to_owned()).into());
    };
    let mut sources = Vec::new();
    for name in &args.credentials {
        sources.push(wallet::find(name, Some(&home), context)?);
    }
    if sources.is_empty() {
        sources.push(wallet::read_bundle(&context.input(args.file.as_deref())?)?);
    }
    let mut credentials = Vec::new();
    for source in &sources {
        credentials.push(wallet::credential_of(source, "--cred")?.clone());
    }
    let own = identity::own(&home, args.identity.as_deref())?;
    for credential in &credentials {
        if credential.credential().subject_id().is_some_and(|subject| subject != own.did) {
            context.speech.warn("a credential is about somebody else than who presents it");
        }
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let terms = PresentationTerms {
        holder: &own.did,
        method: hand.method.as_str(),
        nonce,
        audience,
        created: context.now(),
    };
    let signer: &dyn Signer = hand.key;
    let format = format_of(args.presentation_format);
    let presentation = inkan_holder::present(&credentials, format, &terms, signer)?;
    let bare = presentation.to_value();
    let mut bundle = Bundle::of(Artefact::Presentation(presentation));
    for source in &sources {
        packing::take_over(&mut bundle, source)?;
    }
    if let Some(reading) = Reading::open_if_any(&home, context)? {
        packing::pack(&mut bundle, &reading, &[])?;
    }
    let members = json!({
        "holder": own.did, "audience": audience, "credentials": credentials.len(),
        "dryRun": args.write.dry_run, "out": args.out.path(),
    });
    if args.write.dry_run {
        context
            .speech
            .say(&format!("would present {} credentials to {audience}", credentials.len()));
        return Ok(Outcome::new("inkan-presentation/1", String::new(), members));
    }
    context.speech.say(&format!("presents {} credentials to {audience}", credentials.len()));
    let human = context.deliver(wallet::written(&bundle, args.bare), args.out.path())?;
    let outcome = Outcome::new("inkan-presentation/1", human, members);
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", if args.bare { bare } else { bundle.to_value() }))
}
