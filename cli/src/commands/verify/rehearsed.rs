//! A verification that decides nothing: what a policy would say of a file.
//!
//! A presentation is judged as if it had just come in, and had been asked for: at the time named, else when it was made. So the same
//! file gives the same answer again, and no nonce of this profile is used up. Nobody may take it for a verdict: that the nonce was
//! asked for is assumed here.

use inkan_credential::{Artefact, Presentation};
use inkan_io::known;
use inkan_verifier::{Expectation, Live};
use serde_json::Value;

use super::{Finder, Judge, Terms};
use crate::args::VerifyArgs;
use crate::context::Context;
use crate::failure::Failure;

/// The report (`inkan-report/1`), and its exit code.
pub(in crate::commands) fn rehearse(
    file: &str,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<(Value, u8), Failure> {
    let home = context.home()?;
    let input = context.input(Some(file))?;
    let bundle = super::read(&input, context)?;
    let mut args = args.clone();
    let mut expectation = None;
    let mut presented = false;
    if let Artefact::Presentation(presentation) = &bundle.artefact {
        // Registries and successions too are those of that time.
        let made = presentation.created().filter(|_| args.at.is_none());
        args.at = made.map(|made| made.min(context.now()).to_string()).or(args.at);
        expectation = asked_for(presentation, &args);
        presented = true;
    }
    let args = &args;
    let mut terms = Terms::of(args, &home, context)?;
    if presented {
        terms.context.received_at = terms.context.as_of;
    }
    let _lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let mut gathered = finder.find(&bundle, &judge.terms.context)?;
    finder.find_attested(&judge.terms, &mut gathered);
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let nonces = expectation
        .as_ref()
        .map(|expected| super::cards::nonces(expected, judge.terms.context.received_at, &home));
    let nonces = nonces.transpose()?.unwrap_or_default();
    let expected = expectation.as_ref().map(|expected| (expected, nonces.as_slice()));
    let report = judge.judge(&bundle, gathered.material, expected)?.report;
    Ok((report.to_value().clone(), report.exit()))
}

/// What the presentation answers, unless the case says what was asked.
fn asked_for(presentation: &Presentation, args: &VerifyArgs) -> Option<Expectation> {
    let nonce = args.nonce.as_deref().or_else(|| presentation.nonce())?.to_owned();
    let named = || presentation.audience().first().cloned();
    let audience = args.aud.clone().or_else(named)?;
    Some(Expectation { nonce, audience, nonce_issued_at: None, live: Live::CallerKeepsNonce })
}
