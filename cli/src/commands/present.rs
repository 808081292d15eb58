//! `inkan present`: chosen credentials, bound to one verifier's nonce and audience by the holder's key.

mod disclosure;

use inkan_core::json::text;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::presentation::{CertifiedForm, PresentationTerms};
use inkan_credential::proof_check::{self, Named};
use inkan_credential::{ConsentReceipt, Contexts, Format, SecuredCredential};
use inkan_crypto::Signer;
use inkan_io::pinned;
use serde_json::{Value, json};

use super::consent;
use super::issue::certified;
use super::proof::key_at_hand;
use crate::args::{OutArgs, PresentArgs, PresentationFormat};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::Reading;
use crate::output::{Outcome, Speech};
use crate::packing;
use crate::render::report::short_did;
use crate::wallet;

pub(super) fn run(args: &PresentArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    if let Some(path) = &args.consent_out {
        context.check_out(&OutArgs::of(Some(path.clone()), args.out.existing()))?;
    }
    let home = context.home_of(args.identity.as_deref())?;
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
    let choices = disclosure::choices(&args.disclose, args.disclose_all, credentials.len())?;
    disclosure::check_kept(&args.keep, &credentials)?;
    let mut disclosed = Vec::new();
    for (position, (credential, choice)) in credentials.iter_mut().zip(&choices).enumerate() {
        let by = (contexts, context.speech);
        let (shown, what) = disclosure::shown(credential, choice, &args.keep, by)
            .map_err(|failure| disclosure::at(failure, position, choices.len()))?;
        *credential = shown;
        disclosed.extend(what);
    }
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, args.key.as_deref(), &keyring, &home)?;
    let certified = certified::read(args.x5c.as_deref(), &hand, &home, context)?;
    let holder = certified.as_ref().map_or(own.did.as_str(), |certified| &certified.issuer);
    for credential in &credentials {
        if credential.credential().subject_id().is_some_and(|subject| subject != holder) {
            context.speech.warn("a credential is about somebody else than who presents it");
        }
    }
    warn_of_forged(&credentials, contexts, &home, context);
    let unlinkable = |one: &SecuredCredential| {
        let suites = proof_suites(&one.to_value());
        one.credential().subject_id().is_none() && suites.iter().any(|suite| suite == "bbs-2023")
    };
    if credentials.iter().any(unlinkable) {
        context.speech.warn(&format!(
            "a presentation names {} in every place where you present: inkan cred derive shows the same, and names nobody",
            short_did(holder)
        ));
    }
    let keeping = (!args.consents.is_empty())
        .then(|| consent::Keeping::fresh(args.record && !args.write.dry_run, &home, context))
        .transpose()?;
    let terms = PresentationTerms {
        holder,
        method: certified.as_ref().map_or(hand.method.as_str(), |certified| &certified.issuer),
        nonce,
        audience,
        created: context.now(),
    };
    let signer: &dyn Signer = hand.key;
    let presentation = match (chosen_format(&credentials, args)?, &certified) {
        (form, Some(certified)) => {
            let key: (&[Vec<u8>], &dyn Signer) = (&certified.chain, signer);
            inkan_holder::present_certified(&credentials, certified_form(form)?, &terms, key)?
        }
        (Some(Form::Of(format)), None) => {
            inkan_holder::present(&credentials, format, &terms, signer)?
        }
        (Some(Form::Cose), None) => inkan_holder::present_in_cose(&credentials, &terms, signer)?,
        (None, None) => inkan_holder::present_key_bound(only(&credentials)?, &terms, signer)?,
    };
    // What cannot be consented to is not shown either.
    let consented = keeping.map(|keeping| {
        let (purposes, until) = (args.consents.as_slice(), args.until.as_deref());
        let wish = consent::Wish { purposes, until, ..consent::Wish::default() };
        let record = consent::sign(&presentation, &wish, &hand, &home, context)?;
        Ok::<_, Failure>((ConsentReceipt::of(record)?, keeping))
    });
    let consented = consented.transpose()?;
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
        "holder": holder, "audience": audience, "credentials": credentials.len(),
        "dryRun": args.write.dry_run, "out": args.out.path(),
    });
    if args.write.dry_run {
        context.speech.say(&format!("would present {} to {audience}", counted(&credentials)));
        return Ok(Outcome::new("inkan-presentation/1", String::new(), members));
    }
    context.speech.say(&format!("presents {} to {audience}", counted(&credentials)));
    // The consent is there before what it is about is out.
    let written = match consented {
        None => None,
        Some((receipt, mut keeping)) => {
            let (receipt, entry) = consent::keep(receipt, &mut keeping, &hand, &home, context)?;
            let out = args.consent_out.as_deref();
            context.deliver(consent::written(&receipt), out)?;
            Some(consent::members(&receipt, entry, out)?)
        }
    };
    let human = context.deliver(wallet::written(&bundle, args.bare), args.out.path())?;
    let outcome = Outcome::new("inkan-presentation/1", human, members);
    let outcome = match written {
        Some(written) => outcome.with("consent", written),
        None => outcome,
    };
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", if args.bare { bare } else { bundle.to_value() }))
}

/// Who presents what was changed finds out here, and not from the verifier. Keys that are not at hand say nothing.
fn warn_of_forged(
    credentials: &[SecuredCredential],
    contexts: &Contexts,
    home: &Home,
    context: &Context,
) {
    let mut key_of = |named: Named<'_>| key_at_hand(named, &[], Some(home), context);
    for (number, credential) in credentials.iter().enumerate() {
        let bytes = credential.to_bare().into_bytes();
        let report = proof_check::check_named(&bytes, &mut key_of, contexts);
        if report.is_ok_and(|report| report.fails()) {
            context.speech.warn(&format!(
                "a proof on cred[{number}] does not verify: nobody will accept it (inkan proof check)"
            ));
        }
    }
}

/// The suites of the proofs that are embedded in a credential.
fn proof_suites(credential: &Value) -> Vec<String> {
    let proofs = match credential.get("proof") {
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    proofs.iter().filter_map(|proof| text(proof, "cryptosuite")).map(str::to_owned).collect()
}

fn counted(credentials: &[SecuredCredential]) -> String {
    match credentials.len() {
        1 => "1 credential".to_owned(),
        count => format!("{count} credentials"),
    }
}

/// What one credential shows when these claims are chosen, or all, with the names of that.
pub(super) fn part(
    credential: &SecuredCredential,
    (disclose, disclose_all, keep): (&[String], bool, &[String]),
    by: (&Contexts, Speech),
) -> Result<(SecuredCredential, Vec<String>), Failure> {
    disclosure::check_kept(keep, std::slice::from_ref(credential))?;
    match disclosure::choices(disclose, disclose_all, 1)?.as_slice() {
        [choice] => disclosure::shown(credential, choice, keep, by),
        _ => Err(CliError::Fault("one credential has one choice".to_owned()).into()),
    }
}

/// The forms of a presentation that is one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Of(Format),
    Cose,
}

/// The form of the presentation; none for a key binding with nothing around it.
fn chosen_format(
    credentials: &[SecuredCredential],
    args: &PresentArgs,
) -> Result<Option<Form>, Failure> {
    let confirmed = |one: &SecuredCredential| one.credential().confirmed_key().is_some();
    let format = match (args.presentation_format, credentials) {
        (Some(PresentationFormat::DataIntegrity), _) => Some(Form::Of(Format::DataIntegrity)),
        (Some(PresentationFormat::VpJwt), _) => Some(Form::Of(Format::Jose)),
        (Some(PresentationFormat::VpSdJwt), _) => Some(Form::Of(Format::SdJwt)),
        (Some(PresentationFormat::VpCose), _) => Some(Form::Cose),
        (Some(PresentationFormat::KeyBinding), _) => None,
        (None, _) if args.x5c.is_some() => Some(Form::Of(Format::Jose)),
        (None, [only]) if only.sd_jwt().is_some() && confirmed(only) => None,
        (None, _) => Some(Form::Of(Format::DataIntegrity)),
    };
    if format.is_none() && credentials.iter().any(|one| one.sd_jwt().is_none()) {
        let usage = "kb+jwt is for an SD-JWT credential, and this is none";
        return Err(Failure::from(CliError::Usage(usage.to_owned())).try_this(
            "present it in another form",
            "inkan present … --presentation-format data-integrity|vp+jwt|vp+sd-jwt|vp+cose",
        ));
    }
    let flat = credentials.iter().any(|credential| credential.sd_jwt_vc().is_some());
    if flat && format.is_some() {
        let usage = "dc+sd-jwt is presented alone, with a key binding: its issuer must have confirmed your key";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    Ok(format)
}

/// The forms that carry certificates of who presents.
fn certified_form(form: Option<Form>) -> Result<CertifiedForm, Failure> {
    match form {
        Some(Form::Of(Format::Jose)) => Ok(CertifiedForm::Jose),
        Some(Form::Cose) => Ok(CertifiedForm::Cose),
        Some(Form::Of(Format::DataIntegrity | Format::DataIntegritySd | Format::SdJwt)) | None => {
            let usage = "--x5c belongs to presentations in vp+jwt and vp+cose".to_owned();
            Err(Failure::from(CliError::Usage(usage)).try_this(
                "use such a format",
                "inkan present … --x5c F --presentation-format vp+jwt|vp+cose",
            ))
        }
    }
}

/// A key binding is for one credential.
fn only(credentials: &[SecuredCredential]) -> Result<&SecuredCredential, Failure> {
    match credentials {
        [only] => Ok(only),
        _ => Err(CliError::Usage("a key binding is for one credential".to_owned()).into()),
    }
}
