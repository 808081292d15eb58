//! `inkan verify`: gathers what is wanted, verifies, judges under a policy; the exit code is the verdict.

mod asked;
pub(super) mod cards;
pub(super) mod derived;
mod examine;
mod finder;
pub(super) mod fixed;
mod many;
pub(super) mod rehearsed;
mod session;
mod signed;
pub(super) mod told;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use inkan_assurance::{
    AssessContext, Catalogue, Policy, Report, assess, builtin, ledger_grade, receipts,
};
use inkan_core::json;
use inkan_core::{Digest, Timestamp, limits};
use inkan_credential::{Artefact, Bundle, SecuredCredential};
use inkan_evidence::jpki::Jpki;
use inkan_evidence::register_check;
use inkan_evidence::registry::declared;
use inkan_evidence::{Asked, AtHand, Facts, PresentationEvidence, Registry, facts_with};
use inkan_io::cards::Cards;
use inkan_io::gather::attested_lists;
use inkan_io::pinned;
use inkan_io::profile::{NonceRecord, Record as _, Shelf};
use inkan_io::{keep, known};
use inkan_verifier::{Expectation, KnownState, Live, Material, Verification, verify};
use serde_json::Value;

pub(super) use self::examine::{Examine, Looked, consent, look, roll};
use self::finder::Finder;
pub(super) use self::finder::schemas;

use super::did::parse_time;
use super::{policy, request};
use crate::args::{OutArgs, VerifyArgs};
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::registries;
use crate::render::report::{self, Depth};
use crate::render::{ladder, safe};
use crate::wallet;

/// Exit code of a ledger that does not answer.
const UNREACHABLE: u8 = 6;

pub(super) fn run(args: &VerifyArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let files = [&args.evidence_out, &args.graph_out, &args.report_out, &args.request_out];
    for path in files.into_iter().flatten() {
        alone(args, "the files that it is written to are of one verdict")?;
        context.check_out(&OutArgs::to(path, args.force))?;
    }
    if args.identity.is_some() && args.report_out.is_none() && args.request_out.is_none() {
        let usage = "--as says who signs: with --report-out or --request-out";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.graph {
        alone(args, "the ladders are those of one verdict")?;
    }
    if let Some(handle) = &args.session {
        return session::run(handle, args, context);
    }
    match args.files.as_slice() {
        [] => judged(None, args, context),
        [file] if !Path::new(file).is_dir() => judged(Some(file), args, context),
        several => many::run(several, args, context),
    }
}

/// That one file is judged.
fn alone(args: &VerifyArgs, why: &str) -> Result<(), Failure> {
    if args.files.len() > 1 || args.files.iter().any(|file| Path::new(file).is_dir()) {
        return Err(CliError::Usage(format!("{why}: name one file")).into());
    }
    Ok(())
}

/// One file, whose verdict is the outcome.
pub(super) fn one(
    file: &str,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    judged(Some(file), args, context)
}

fn judged(
    file: Option<&str>,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let terms = Terms::of(args, &home, context)?;
    let input = context.input(file)?;
    let bundle = read(&input, context)?;
    let signer = args.report_out.as_ref().map(|_| signed::signer(args, &home)).transpose()?;
    let asking = asked::Asking::of(args, &home)?;
    // One verification at a time per profile: a nonce counts once.
    let lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let (Judged { report, .. }, _) = judge.one(&bundle, &finder, args, &home, context)?;
    drop(lock);
    if let Some(path) = &args.graph_out {
        context.deliver(ladder::svg(&ladder::of_report(report.to_value())), Some(path))?;
    }
    let outcome = shown(args, (&input.name, &types_of(&bundle)), report.to_value(), report.exit());
    let asked = asking.map_or(Ok(()), |asking| {
        asking.write(&report, (args, &judge.terms.policy), &home, context)
    });
    let outcome = beside_verdict(outcome, asked, ("the request was not written", &report), context);
    let Some(signer) = signer else { return Ok(outcome) };
    let signed = signed::write(&signer, &bundle, &report, args, context);
    Ok(beside_verdict(outcome, signed, ("the report was not signed", &report), context))
}

/// The verdict stands, and its nonce is used up: it is told all the same where something beside it failed, and nobody takes that for done.
fn beside_verdict(
    outcome: Outcome,
    done: Result<(), Failure>,
    (what, report): (&str, &Report),
    context: &Context,
) -> Outcome {
    let Err(failure) = done else { return outcome };
    let (name, body) = failure.to_lines();
    context.speech.warn(&format!("{what}: {name}{}", body.trim_end()));
    let exit = report.exit();
    outcome.exit(if exit == 0 { failure.exit() } else { exit })
}

/// Reads what is to be judged. In an answer of the API of issuers it stands in a member, out of which it is taken.
fn read(input: &Input, context: &Context) -> Result<Bundle, Failure> {
    let failure = match wallet::read_bundle(input) {
        Ok(bundle) => return Ok(bundle),
        Err(failure) => failure,
    };
    let Some((member, bytes)) = answered(&input.bytes) else { return Err(failure) };
    let inside = Input { name: input.name.clone(), bytes };
    let bundle = wallet::read_bundle(&inside)?;
    context.speech.warn(&format!(
        "{} is an answer of an API: what its member {member} holds is judged, and nothing else of it",
        safe(&input.name, 100)
    ));
    Ok(bundle)
}

/// What an answer of the API holds; nothing if it is none: a document of the data model has a context.
fn answered(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let answer = json::parse(bytes, limits::BUNDLE).ok()?;
    if answer.get("@context").is_some() {
        return None;
    }
    let members = ["verifiableCredential", "verifiablePresentation", "vp_token"];
    let (member, held) = members.into_iter().find_map(|name| Some((name, answer.get(name)?)))?;
    // OpenID4VP §8.1: under each name of the query a list. Of several nobody said which is meant.
    let held = match held {
        Value::Object(queries) if member == "vp_token" => {
            let mut held = queries.values().filter_map(Value::as_array).flatten();
            let first = held.next();
            first.filter(|_| held.next().is_none())?
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => held,
    };
    let bytes = match held.as_str() {
        Some(compact) => compact.as_bytes().to_vec(),
        None => json::canonicalize(held).ok()?,
    };
    Some((member, bytes))
}

/// The types of the credentials that are judged, in their order.
fn types_of(bundle: &Bundle) -> Vec<String> {
    let one = |credential: &SecuredCredential| {
        let types = credential.credential().types().filter(|name| *name != "VerifiableCredential");
        types.collect::<Vec<_>>().join(", ")
    };
    match &bundle.artefact {
        Artefact::Credential(credential) => vec![one(credential)],
        Artefact::Presentation(presentation) => {
            presentation.credentials().iter().map(one).collect()
        }
    }
}

/// What holds for every file of a run.
struct Terms {
    policy: Policy,
    /// Digest of the policy before the command line added levels, which only makes it stricter.
    before: Digest,
    context: inkan_verifier::Context,
    contexts: Option<Arc<inkan_credential::Contexts>>,
    resources: Vec<(String, Vec<u8>)>,
    registries: Vec<Registry>,
    /// What was shown beside the presentation.
    shown: Option<PresentationEvidence>,
    /// What signatures of cards are judged by, if the profile has a configuration.
    cards: Option<Cards>,
    /// As whom base registers know this verifier, where no presentation names it.
    audience: Option<String>,
}

impl Terms {
    fn of(args: &VerifyArgs, home: &Home, context: &mut Context) -> Result<Self, Failure> {
        let (policy, before) = chosen_policy(args, context)?;
        let received_at = context.now();
        let as_of = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(received_at);
        let pins = pinned::load(&home.profile)?;
        let max_age = args.max_age.as_deref().map(super::issue::seconds).transpose()?;
        let asked = registries::Terms { max_age, offline: args.offline };
        let registries = registries::of(home, (as_of, received_at), asked)?;
        let judged_with = inkan_verifier::Context {
            logs: home.pinned()?,
            grade: ledger_grade(&policy),
            timestamps: Some(Arc::new(pinned::time_anchors(&pins, home.profile.anchors()?)?)),
            certificates: Some(Arc::new(pinned::issuer_anchors(&pins)?)),
            receipts: receipts(&policy),
            expectation: None,
            max_age,
            declared: Arc::new(declared(&registries, as_of)),
            known: Vec::new(),
            as_of,
            received_at,
        };
        Ok(Self {
            policy,
            before,
            context: judged_with,
            contexts: pinned::contexts(&pins)?.map(Arc::new),
            resources: pins.into_iter().map(|file| (file.url, file.bytes)).collect(),
            registries,
            shown: beside(args, context)?,
            cards: Cards::load(&home.profile)?,
            audience: args.aud.clone(),
        })
    }
}

/// A verdict, and what it was made of.
struct Judged {
    verification: Verification,
    report: Report,
    facts: Facts,
    /// What card signatures were judged by, if there were any.
    jpki: Option<Jpki>,
}

/// Judges by the terms of a run; any thread may.
struct Judge {
    terms: Terms,
    catalogue: Catalogue,
}

impl Judge {
    /// With the newest states that the profile has seen.
    fn new(mut terms: Terms, known: Vec<KnownState>) -> Result<Self, Failure> {
        terms.context.known = known;
        Ok(Self { terms, catalogue: Catalogue::builtin()? })
    }

    /// Judges from now on by all that the profile has seen by now.
    fn look_again(&mut self, home: &Home) -> Result<(), Failure> {
        self.terms.context.known = known::load(&home.profile)?;
        Ok(())
    }

    /// Cryptography, then the policy, over what was gathered; with what is expected come the nonces that a statement may name.
    fn judge(
        &self,
        bundle: &Bundle,
        mut material: Material,
        expected: Option<(&Expectation, &[String])>,
    ) -> Result<Judged, Failure> {
        let Terms {
            policy, context, contexts, resources, registries, shown, cards, audience, ..
        } = &self.terms;
        material.contexts.clone_from(contexts);
        material.resources.extend(resources.iter().cloned());
        let expectation = expected.map(|(expectation, _)| expectation.clone());
        let context = inkan_verifier::Context { expectation, ..context.clone() };
        let verification = verify(bundle, &material, &context);
        let jpki = cards
            .as_ref()
            .map(|cards| cards::jpki(cards, bundle, &verification, shown.as_ref(), expected));
        let jpki = jpki.transpose()?.flatten();
        let named = |shown: &PresentationEvidence| {
            attested_lists(&shown.status_lists(registries, context.as_of), &material)
        };
        let lists = shown.as_ref().map(named).unwrap_or_default();
        let used = BTreeSet::new();
        let asked =
            shown.as_ref().zip(context.expectation.as_ref()).map(|(shown, expected)| Asked {
                shown,
                nonce: &expected.nonce,
                site: None,
                registrations: &[],
                metadata: None,
                status_lists: &lists,
                // An event of a holder names the nonce, which counts once.
                used_events: &used,
            });
        let confirmations = register_check::statements_of(bundle);
        let at_hand = AtHand {
            asked: asked.as_ref(),
            jpki: jpki.as_ref(),
            timestamps: context.timestamps.as_deref(),
            certificates: context.certificates.as_deref(),
            register_checks: &confirmations,
            audience: audience.as_deref(),
        };
        let (facts, _) = facts_with(&verification, registries, &at_hand);
        let codes = crate::catalogue::book();
        let assessment = AssessContext { registries, catalogue: &self.catalogue, codes };
        let report = assess(&verification, &facts, policy, &assessment);
        Ok(Judged { verification, report, facts, jpki })
    }

    /// One artefact from beginning to end: a nonce that it answers is used up. Gives with the report what it rests on, and what
    /// was expected of a presentation. The caller holds the profile's lock.
    fn one(
        &self,
        bundle: &Bundle,
        finder: &Finder,
        args: &VerifyArgs,
        home: &Home,
        context: &Context,
    ) -> Result<(Judged, Option<Expectation>), Failure> {
        let expectation = expectation(args, bundle, &self.terms, home)?;
        if let Some(time) = answered_before(args, bundle, home)? {
            context.speech.warn(&format!(
                "the nonce of this presentation was answered already, at {time}: what fails below follows from that; --replay \
                 looks at it again"
            ));
        }
        let mut gathered = finder.find(bundle, &self.terms.context)?;
        finder.find_attested(&self.terms, &mut gathered);
        for missed in &gathered.missed {
            context.speech.detail(missed);
        }
        if let Some(path) = &args.evidence_out {
            let mut kept = bundle.clone();
            keep::absorb_all(&mut kept, &gathered)?;
            context.deliver(wallet::written(&kept, false), Some(path))?;
        }
        let nonces = expectation
            .as_ref()
            .map(|expected| cards::nonces(expected, self.terms.context.received_at, home));
        let nonces = nonces.transpose()?.unwrap_or_default();
        let asked = expectation.as_ref().map(|expected| (expected, nonces.as_slice()));
        let judged = self.judge(bundle, gathered.material, asked)?;
        remember(judged.verification.states(), home, context)?;
        if judged.verification.presenter().is_some() {
            consume(expectation.as_ref(), bundle, home, self.terms.context.received_at)?;
            if let Some(expected) = &expectation {
                cards::consume(expected, &judged.verification, judged.jpki.as_ref(), home)?;
            }
        }
        Ok((judged, expectation))
    }
}

/// What was shown beside the presentation, if a file says it.
fn beside(args: &VerifyArgs, context: &Context) -> Result<Option<PresentationEvidence>, Failure> {
    let Some(path) = &args.authenticator else { return Ok(None) };
    alone(args, "--authenticator is about one presentation")?;
    let input = context.input(Some(path))?;
    let read = PresentationEvidence::parse(&input.bytes);
    read.map(Some).map_err(|error| Failure::new(error.code(), error.to_string()))
}

/// Remembers the newest states that were proved; says so if others had to be forgotten for it.
fn remember(states: &[KnownState], home: &Home, context: &Context) -> Result<(), Failure> {
    let forgotten = known::remember(&home.profile, states)?;
    if forgotten > 0 {
        context.speech.warn(&format!(
            "this profile remembers too many states: {forgotten} of whoever has most of them were forgotten, and older \
             ones could be shown in their place"
        ));
    }
    Ok(())
}

fn shown(args: &VerifyArgs, (name, types): (&str, &[String]), value: &Value, exit: u8) -> Outcome {
    let depth = if args.explain { Depth::Explain } else { Depth::Short };
    let mut human = report::verdict(value, name, types, depth);
    if args.graph {
        for ladder in ladder::of_report(value) {
            human.push('\n');
            human.push_str(&ladder.text());
        }
    }
    let refusal = report::refusal(value, name);
    Outcome::new("inkan-report/1", human, value.clone()).exit(exit).afterwards(refusal)
}

/// The policy of `--policy`, or `authentic`, with `--min-ial` and `--min-aal` added.
/// Beside it the digest of what it was before.
fn chosen_policy(args: &VerifyArgs, context: &mut Context) -> Result<(Policy, Digest), Failure> {
    let policy = match args.policy.as_deref() {
        Some(name) => policy::load(name, context)?,
        None => builtin("authentic")
            .ok_or_else(|| CliError::Fault("the built-in policy is missing".to_owned()))?,
    };
    let added = policy.with_minimum(args.min_ial.as_deref(), args.min_aal.as_deref())?;
    Ok((added, policy.digest()))
}

/// What a presentation must answer: the nonce we made for it, the caller's, or a used one with `--replay`.
fn expectation(
    args: &VerifyArgs,
    bundle: &Bundle,
    terms: &Terms,
    home: &Home,
) -> Result<Option<Expectation>, Failure> {
    let Artefact::Presentation(presentation) = &bundle.artefact else { return Ok(None) };
    let audience_missing =
        || CliError::Usage("say with --aud whom the presentation must be made out to".to_owned());
    if let Some(nonce) = &args.nonce {
        // One that this profile made counts once, however it is named.
        let own = home.profile.find::<NonceRecord>(&request::file_name(nonce))?.is_some();
        if !own || presentation.nonce() != Some(nonce) {
            let audience = args.aud.clone().ok_or_else(audience_missing)?;
            return Ok(Some(Expectation {
                nonce: nonce.clone(),
                audience,
                nonce_issued_at: None,
                live: Live::CallerKeepsNonce,
            }));
        }
    }
    let Some(nonce) = presentation.nonce() else { return Ok(None) };
    let record = home.profile.find::<NonceRecord>(&request::file_name(nonce))?;
    let live = match (&record, args.replay) {
        (Some(record), false) if record.used_at.is_none() => Live::Yes,
        (Some(_), true) => Live::No,
        (Some(_) | None, _) => return Ok(None),
    };
    let Some(record) = record else { return Ok(None) };
    if let Some(policy) = record.policy.as_ref().filter(|_| live == Live::Yes) {
        fixed::hold(policy, &terms.policy, terms.before)?;
    }
    let audience = args.aud.clone().or(record.audience).ok_or_else(audience_missing)?;
    Ok(Some(Expectation {
        nonce: record.nonce,
        audience,
        nonce_issued_at: Some(record.issued_at),
        live,
    }))
}

/// When our nonce in this presentation was answered before, where that stands in the way.
fn answered_before(
    args: &VerifyArgs,
    bundle: &Bundle,
    home: &Home,
) -> Result<Option<Timestamp>, Failure> {
    let Artefact::Presentation(presentation) = &bundle.artefact else { return Ok(None) };
    let Some(nonce) = presentation.nonce().filter(|_| !args.replay) else { return Ok(None) };
    let record = home.profile.find::<NonceRecord>(&request::file_name(nonce))?;
    Ok(record.and_then(|record| record.used_at))
}

/// Marks the nonce as used, once the holder's signature over it held; a forger cannot use up somebody's nonce.
fn consume(
    expectation: Option<&Expectation>,
    bundle: &Bundle,
    home: &Home,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(expected) = expectation.filter(|expected| expected.live == Live::Yes) else {
        return Ok(());
    };
    let name = request::file_name(&expected.nonce);
    let Some(mut record) = home.profile.find::<NonceRecord>(&name)? else { return Ok(()) };
    let shown = bundle.artefact.to_bare();
    record.used_at = Some(now);
    record.used_by = Some(inkan_core::sha256(&[shown.as_bytes()]).to_b64u());
    Ok(home.profile.put(Shelf::Nonces, &name, &record.to_value())?)
}
