//! `inkan present`: chosen credentials, bound to one verifier's nonce and audience by the holder's key.

use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::presentation::PresentationTerms;
use inkan_credential::sd_jwt::ClaimPath;
use inkan_credential::{Contexts, Format, SecuredCredential, selective};
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use inkan_io::pinned;
use serde_json::json;

use super::issue::paths;
use crate::args::{PresentArgs, PresentationFormat};
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
    let contexts = pinned::contexts(&pinned::load(&home.profile)?)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let mut disclosed = Vec::new();
    for credential in &mut credentials {
        let (shown, what) = shown(credential, args, contexts)?;
        *credential = shown;
        disclosed.extend(what);
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
    let presentation = match chosen_format(&credentials, args)? {
        Some(format) => inkan_holder::present(&credentials, format, &terms, signer)?,
        None => inkan_holder::present_key_bound(only(&credentials)?, &terms, signer)?,
    };
    let bare = presentation.to_value();
    let mut bundle = Bundle::of(Artefact::Presentation(presentation));
    for source in &sources {
        packing::take_over(&mut bundle, source)?;
    }
    if let Some(reading) = Reading::open_if_any(&home, context)? {
        packing::pack(&mut bundle, &reading, &[])?;
    }
    if !disclosed.is_empty() || credentials.iter().any(|one| one.sd_jwt().is_some()) {
        let what = if disclosed.is_empty() {
            "nothing that could be kept back".to_owned()
        } else {
            disclosed.join(", ")
        };
        context.speech.say(&format!("shows {what}"));
    }
    let members = json!({
        "disclosed": disclosed,
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

/// Of a credential that can be shown in parts what the holder chose, with the names of that; others are shown whole. What to
/// show is never guessed.
fn shown(
    credential: &SecuredCredential,
    args: &PresentArgs,
    contexts: &Contexts,
) -> Result<(SecuredCredential, Vec<String>), Failure> {
    let known = inkan_holder::disclosable(credential);
    let is_base = selective::is_base(credential);
    let chosen = match (args.disclose_all, args.disclose.is_empty()) {
        (true, _) if is_base => {
            known.iter().map(|name| ClaimPath::parse(name)).collect::<Result<_, _>>()?
        }
        (true, _) => return Ok((credential.clone(), known)),
        (false, false) => paths(&args.disclose)?,
        (false, true) if known.is_empty() && !is_base => return Ok((credential.clone(), known)),
        (false, true) => {
            let usage =
                format!("this credential can be shown in parts; say which: {}", known.join(", "));
            return Err(Failure::from(CliError::Usage(usage))
                .try_this("show some claims", "inkan present … --disclose NAME,NAME")
                .try_this("or all of them", "inkan present … --disclose-all"));
        }
    };
    if is_base {
        let derived = inkan_holder::derive(credential, &chosen, contexts, &mut OsRng)?;
        return Ok((derived, chosen.iter().map(ToString::to_string).collect()));
    }
    let shown = inkan_holder::disclose(credential, &chosen)?;
    let names = inkan_holder::disclosable(&shown);
    Ok((shown, names))
}

/// The form of the presentation; none for a key binding with nothing around it.
fn chosen_format(
    credentials: &[SecuredCredential],
    args: &PresentArgs,
) -> Result<Option<Format>, Failure> {
    let confirmed = |one: &SecuredCredential| one.credential().confirmed_key().is_some();
    let format = match (args.presentation_format, credentials) {
        (Some(PresentationFormat::EddsaJcs2022), _) => Some(Format::DataIntegrity),
        (Some(PresentationFormat::VcJwt), _) => Some(Format::Jose),
        (Some(PresentationFormat::VpSdJwt), _) => Some(Format::SdJwt),
        (Some(PresentationFormat::KeyBinding), _) => None,
        (None, [only]) if only.sd_jwt().is_some() && confirmed(only) => None,
        (None, _) => Some(Format::DataIntegrity),
    };
    let flat = credentials.iter().any(|credential| credential.sd_jwt_vc().is_some());
    if flat && format.is_some() {
        let usage = "dc+sd-jwt is presented alone, with a key binding: its issuer must have confirmed your key";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    Ok(format)
}

/// A key binding is for one credential.
fn only(credentials: &[SecuredCredential]) -> Result<&SecuredCredential, Failure> {
    match credentials {
        [only] => Ok(only),
        _ => Err(CliError::Usage("a key binding is for one credential".to_owned()).into()),
    }
}
