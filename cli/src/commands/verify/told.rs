//! What a story is told from: one artefact, everything its verdict rests on, and the same verdict as of other times.
//!
//! In scope: running `verify` and keeping what it looked at. Out of scope: telling it (`story`).

use inkan_core::Timestamp;
use inkan_credential::Bundle;
use inkan_did::Did;
use inkan_io::known;
use inkan_io::ledger_source::{LedgerSource, SourceView};
use inkan_verifier::{Check, Material, Verification};
use serde_json::Value;

use super::{Finder, Judge, Terms, expectation, remember};
use crate::args::VerifyArgs;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::ledgers::Reading;

/// An artefact that was verified, and everything that the verdict rests on.
pub(in crate::commands) struct Examined {
    /// What the user called it.
    pub(in crate::commands) name: String,
    /// The artefact.
    pub(in crate::commands) bundle: Bundle,
    /// What was gathered for it.
    pub(in crate::commands) material: Material,
    /// What came of it.
    pub(in crate::commands) verification: Verification,
    /// The verdict (`inkan-report/1`).
    pub(in crate::commands) report: Value,
    /// The exit code of the verdict.
    pub(in crate::commands) exit: u8,
    /// The profile.
    pub(in crate::commands) home: Home,
    judge: Judge,
    finder: Finder,
}

/// Verifies one file as `verify` does. A presentation is judged as one that was seen before: telling its story uses up no nonce.
pub(in crate::commands) fn examine(
    file: Option<&str>,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Examined, Failure> {
    let home = context.home()?;
    let terms = Terms::of(args, &home, context)?;
    let input = context.input(file)?;
    let bundle = super::read(&input, context)?;
    let _lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let asked = VerifyArgs { replay: true, ..args.clone() };
    // Without the audience of a presentation nothing is expected of it, and the verdict says so.
    let expected = expectation(&asked, &bundle, &judge.terms, &home).unwrap_or_default();
    let gathered = finder.find(&bundle, &judge.terms.context)?;
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let mut material = gathered.material;
    let nonces = expected
        .as_ref()
        .map(|expected| super::cards::nonces(expected, judge.terms.context.received_at, &home));
    let nonces = nonces.transpose()?.unwrap_or_default();
    let expected = expected.as_ref().map(|expected| (expected, nonces.as_slice()));
    let judged = judge.judge(&bundle, material.clone(), expected)?;
    let (verification, report) = (judged.verification, judged.report);
    remember(verification.states(), &home, context)?;
    material.contexts.clone_from(&judge.terms.contexts);
    let (exit, report) = (report.exit(), report.to_value().clone());
    let name = input.name;
    Ok(Examined { name, bundle, material, verification, report, exit, home, judge, finder })
}

impl Examined {
    /// What the verdict was made with.
    pub(in crate::commands) const fn context(&self) -> &inkan_verifier::Context {
        &self.judge.terms.context
    }

    /// The ledger that was asked, if one was.
    pub(in crate::commands) fn ledger(&self) -> Option<&LedgerSource> {
        self.finder.reading.as_ref().map(Reading::source)
    }

    /// The ledgers where a DID is or was at home, as of the judged time, in the order in which it lived there; `None` if no ledger
    /// was asked.
    pub(in crate::commands) fn ledgers_of(
        &self,
        did: &str,
    ) -> Result<Option<Vec<(LedgerSource, SourceView)>>, Failure> {
        let Some(reading) = &self.finder.reading else { return Ok(None) };
        let scid = Did::parse(did).ok().and_then(|did| did.scid().map(str::to_owned));
        let sources = match scid {
            Some(scid) => {
                reading.homes_of(&scid)?.into_iter().rev().map(|home| home.source).collect()
            }
            None => vec![reading.source().clone()],
        };
        let mut out = Vec::new();
        for source in sources {
            if let Some(view) = source.view_at(Some(self.context().as_of))? {
                out.push((source, view));
            }
        }
        Ok(Some(out))
    }

    /// The checks of the same artefact as of another time: what `verify --at` says of it by the ledger alone.
    ///
    /// What the file itself brings of states that move on was packed at one time, and says nothing about others: clocks may differ
    /// by minutes, within which it would put in doubt what the ledger shows.
    pub(in crate::commands) fn checks_at(&self, time: Timestamp) -> Result<Vec<Check>, Failure> {
        let mut bundle = self.bundle.clone();
        if self.ledger().is_some() {
            bundle.current.clear();
            bundle.status_lists.clear();
        }
        let terms = &self.judge.terms;
        let context =
            inkan_verifier::Context { expectation: None, as_of: time, ..terms.context.clone() };
        let mut material = self.finder.find(&bundle, &context)?.material;
        material.contexts.clone_from(&terms.contexts);
        material.resources.extend(terms.resources.iter().cloned());
        let verification = inkan_verifier::verify(&bundle, &material, &context);
        Ok(verification.checks().to_vec())
    }
}
