//! `inkan verify --session`: a login to an account, where nobody presents anything.
//!
//! Data flow: handle of the session + what operators state of it → facts of the account → policy → verdict. A statement counts once: what was
//! used is written down before the verdict is told.

use std::collections::BTreeSet;

use inkan_assurance::{AssessContext, Catalogue, assess};
use inkan_core::Timestamp;
use inkan_evidence::{SessionAsked, facts_of_session};
use inkan_io::profile::{NonceRecord, Profile, Record as _, Shelf};
use inkan_verifier::Verification;

use super::Terms;
use crate::args::VerifyArgs;
use crate::commands::request;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

/// What stands before the name of a statement that was used, among the nonces that were.
const USED: &str = "authn-event ";

pub(super) fn run(
    handle: &str,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let terms = Terms::of(args, &home, context)?;
    let input = context.input(Some(handle))?;
    let handle = std::str::from_utf8(&input.bytes).map(str::trim).map_err(|_| {
        let detail = "a handle is text".to_owned();
        CliError::InputMalformed { file: input.name.clone(), detail }
    })?;
    let (Some(shown), Some(audience)) = (&terms.shown, &args.aud) else {
        let usage = "--session goes with --authenticator and --aud".to_owned();
        return Err(CliError::Usage(usage).into());
    };
    let now = terms.context.received_at;
    let lock = home.profile.lock()?;
    let used_events = used(&home.profile)?;
    let nothing = Verification::of_nothing(terms.context.as_of, now);
    let asked = SessionAsked { shown, audience, handle, metadata: None, used_events: &used_events };
    let facts = facts_of_session(&nothing, &terms.registries, &asked);
    let (facts, remember) =
        facts.map_err(|error| Failure::from_error(error.code(), &error).during(&input.name))?;
    for jti in &remember.used_events {
        use_up(&home.profile, jti, (audience, now))?;
    }
    drop(lock);
    let (catalogue, codes) = (Catalogue::builtin()?, crate::catalogue::book());
    let registries = terms.registries.as_slice();
    let assessment = AssessContext { registries, catalogue: &catalogue, codes };
    let report = assess(&nothing, &facts, &terms.policy, &assessment);
    Ok(super::shown(args, ("the session", &[]), report.to_value(), report.exit()))
}

fn used(profile: &Profile) -> Result<BTreeSet<String>, Failure> {
    let all = profile.all::<NonceRecord>()?.into_iter();
    Ok(all.filter_map(|(_, record)| record.nonce.strip_prefix(USED).map(str::to_owned)).collect())
}

fn use_up(profile: &Profile, jti: &str, (audience, now): (&str, Timestamp)) -> Result<(), Failure> {
    let record = NonceRecord {
        nonce: format!("{USED}{jti}"),
        audience: Some(audience.to_owned()),
        policy: None,
        issued_at: now,
        used_at: Some(now),
        used_by: None,
    };
    Ok(profile.put(Shelf::Nonces, &request::file_name(&record.nonce), &record.to_value())?)
}
