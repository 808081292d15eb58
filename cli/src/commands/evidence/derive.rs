//! `inkan evidence derive | revalidate`: one proofing, used again.
//!
//! Data flow: presentation + policy → verdict of `verify`, with AAL-2 demanded besides → evidence, and claims that the source shows →
//! `inkan issue --evidence F --claims F`.

use inkan_core::rng::draw_uuid_urn;
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use crate::args::{EvidenceDeriveArgs, EvidenceRevalidateArgs, OutArgs, VerifyArgs};
use crate::commands::verify::derived::{Chosen, Made, New, Wish, made};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;

/// What a holder must reach for either.
const AAL: &str = "2";

pub(super) fn derive(args: &EvidenceDeriveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    if let Some(path) = &args.claims_out {
        context.check_out(&OutArgs::of(Some(path.clone()), args.out.existing()))?;
    }
    if args.claims_out.is_some() == args.take.is_empty() {
        let usage = "--take names the claims, and --claims-out the file for them: both, or neither";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let own = identity::own(&context.home()?, args.source.identity.as_deref())?;
    let verify = args.source.verify();
    let chosen = Chosen { number: args.source.credential, claims: &args.take };
    let (process, file) = (draw_uuid_urn(&mut OsRng), args.source.file.as_deref());
    match made(file, &verify, (Wish::Derive, chosen), (&own.did, &process), context)? {
        Made::Refused(verdict) => Ok(verdict),
        Made::New(new) => {
            if let Some(path) = &args.claims_out {
                let text = format!("{:#}\n", Value::Object(new.claims.clone()));
                context.deliver(text, Some(path))?;
            }
            told(&new, "derived", &args.out, context)
        }
    }
}

pub(super) fn revalidate(
    args: &EvidenceRevalidateArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let own = identity::own(&home, args.source.identity.as_deref())?;
    let checker = match &args.checked_by {
        Some(name) => identity::any(Some(&home), name)?.to_string(),
        None => own.did.clone(),
    };
    let verify = args.source.verify();
    let chosen = Chosen { number: args.source.credential, claims: &[] };
    let (wish, file) = (Wish::Revalidate(&checker), args.source.file.as_deref());
    match made(file, &verify, (wish, chosen), (&own.did, ""), context)? {
        Made::Refused(verdict) => Ok(verdict),
        Made::New(new) => told(&new, "revalidated", &args.out, context),
    }
}

fn told(
    new: &New,
    what: &'static str,
    out: &OutArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let evidence = &new.evidence;
    let until = new.valid_until.as_deref();
    context.speech.say(&format!(
        "{what}: it will count as {} at most where you are trusted for the row; the proofing is of {}",
        evidence.level.as_str(),
        evidence.since.date()
    ));
    if let Some(until) = until {
        context.speech.say(&format!("the source is valid until {until}: let yours end no later"));
    }
    let members = json!({
        "made": what, "source": { "level": new.level, "validUntil": until, "subject": new.subject },
        "levelAtMost": evidence.level.as_str(), "since": evidence.since.to_string(),
        "out": out.path(),
    });
    let human = context.deliver(format!("{:#}\n", evidence.entry), out.path())?;
    let outcome = Outcome::new("inkan-derived-evidence/1", human, members);
    if out.path().is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("evidence", evidence.entry.clone()))
}

impl crate::args::EvidenceSourceArgs {
    /// The verification that comes first.
    fn verify(&self) -> VerifyArgs {
        VerifyArgs {
            policy: self.policy.clone(),
            min_ial: self.min_ial.clone(),
            min_aal: Some(AAL.to_owned()),
            aud: self.aud.clone(),
            nonce: self.nonce.clone(),
            authenticator: self.authenticator.clone(),
            offline: self.offline,
            max_age: self.max_age.clone(),
            evidence_out: self.evidence_out.clone(),
            force: self.force_evidence,
            ..VerifyArgs::default()
        }
    }
}
