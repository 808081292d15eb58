//! A verification of which something comes: evidence for a credential of one's own, derived from a presentation (`evidence derive`,
//! `evidence revalidate`). The verdict comes first, by the code of `verify`; without an acceptance nothing is made.

use inkan_assurance::derive::{DeriveError, Deriver, NewEvidence, derive, revalidate};
use inkan_assurance::{Catalogue, Decision};
use inkan_credential::Bundle;
use inkan_io::known;
use inkan_verifier::Verification;
use serde_json::{Map, Value};

use super::{Finder, Judge, Judged, Terms};
use crate::args::VerifyArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

/// What is made of the source.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) enum Wish<'a> {
    /// Evidence of one's own.
    Derive,
    /// One's own proofing still stands: this party says now that the document was not revoked.
    Revalidate(&'a str),
}

/// What came of a verification.
#[derive(Debug)]
pub(in crate::commands) enum Made {
    /// The presentation was not accepted: this is the verdict.
    Refused(Outcome),
    /// It was.
    New(Box<New>),
}

/// Evidence, and what stands behind it.
#[derive(Debug)]
pub(in crate::commands) struct New {
    pub(in crate::commands) evidence: NewEvidence,
    /// The claims that were asked for, as the source shows them.
    pub(in crate::commands) claims: Map<String, Value>,
    /// What the source counts as here.
    pub(in crate::commands) level: String,
    pub(in crate::commands) valid_until: Option<String>,
    pub(in crate::commands) subject: Option<String>,
}

/// Which credential of a presentation, and what of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct Chosen<'a> {
    /// Its place, from 1; nothing if there is one only.
    pub(in crate::commands) number: Option<usize>,
    /// Names of claims.
    pub(in crate::commands) claims: &'a [String],
}

/// Judges a presentation as `verify` does, demands AAL-2 besides, and makes of it what is wished.
pub(in crate::commands) fn made(
    file: Option<&str>,
    args: &VerifyArgs,
    (wish, chosen): (Wish<'_>, Chosen<'_>),
    (did, process): (&str, &str),
    context: &mut Context,
) -> Result<Made, Failure> {
    let home = context.home()?;
    let terms = Terms::of(args, &home, context)?;
    let input = context.input(file)?;
    let bundle = super::read(&input, context)?;
    let position = place(&bundle, chosen.number)?;
    let lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let (judged, _) = judge.one(&bundle, &finder, args, &home, context)?;
    drop(lock);
    let Judged { verification, report, facts, .. } = judged;
    if report.decision() != Decision::Accept {
        let about = (input.name.as_str(), super::types_of(&bundle));
        let refused = super::shown(args, (about.0, &about.1), report.to_value(), report.exit());
        return Ok(Made::Refused(refused));
    }
    let by = Deriver { did, process, at: verification.received_at() };
    let (source, catalogue) = ((&verification, position), Catalogue::builtin()?);
    let evidence = match wish {
        Wish::Derive => derive(source, &facts, &catalogue, &by),
        Wish::Revalidate(checker) => revalidate(source, &facts, &catalogue, (&by, checker)),
    };
    let evidence = evidence.map_err(refused)?;
    let credential = verification.credentials().get(position).and_then(Option::as_ref);
    let credential = credential.map(|credential| credential.credential());
    Ok(Made::New(Box::new(New {
        evidence,
        claims: claims(&verification, position, chosen.claims)?,
        level: report.levels().achieved_identity.to_owned(),
        valid_until: credential.and_then(|one| one.valid_until()).map(|time| time.to_string()),
        subject: credential.and_then(|one| one.subject_id()).map(str::to_owned),
    })))
}

/// Which one is meant.
fn place(bundle: &Bundle, number: Option<usize>) -> Result<usize, Failure> {
    let count = super::types_of(bundle).len();
    let position = match (number, count) {
        (None, 1) => Some(0),
        (Some(number), _) => number.checked_sub(1).filter(|at| *at < count),
        (None, _) => None,
    };
    position.ok_or_else(|| {
        let usage = format!("there are {count} credentials: say with --cred N which one is meant");
        CliError::Usage(usage).into()
    })
}

fn refused(error: DeriveError) -> Failure {
    Failure::from_error(error.code(), &error)
}

fn claims(
    verification: &Verification,
    position: usize,
    names: &[String],
) -> Result<Map<String, Value>, Failure> {
    let credential = verification.credentials().get(position).and_then(Option::as_ref);
    let subject = credential.and_then(|one| one.credential().value().get("credentialSubject"));
    let mut out = Map::new();
    for name in names {
        let found = subject.and_then(|subject| subject.get(name)).filter(|_| name != "id");
        let missing = || CliError::DerivationClaimMissing { claim: name.clone() };
        out.insert(name.clone(), found.cloned().ok_or_else(missing)?);
    }
    Ok(out)
}
