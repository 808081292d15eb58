//! `inkan verify`: gathers what is wanted, verifies, judges under a policy; the exit code is the verdict.

mod many;
pub(super) mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use inkan_assurance::{
    AssessContext, Catalogue, Policy, Report, Roll, assess, builtin, ledger_grade, receipts,
};
use inkan_core::json::{self, text};
use inkan_core::{Timestamp, limits};
use inkan_credential::{Artefact, Bundle, ConsentReceipt, Presentation, SecuredCredential};
use inkan_evidence::registry::declared;
use inkan_evidence::{Asked, AtHand, PresentationEvidence, Registry, facts_of, facts_with};
use inkan_io::gather::{Copies, Gathered, Network, Sources, gather, gather_also, gather_consent};
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::pinned;
use inkan_io::profile::{NonceRecord, Record as _, Shelf};
use inkan_io::{keep, known};
use inkan_verifier::{
    ConsentVerification, Expectation, KnownState, Live, Material, Receipts, Verification, plan,
    plan_consent, plan_presenter, verify, verify_consent, with_successors,
};
use serde_json::Value;

use super::did::parse_time;
use super::{policy, request};
use crate::args::{OutArgs, VerifyArgs};
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::registries;
use crate::render::report::{self, Depth};
use crate::render::safe;
use crate::wallet;

/// Exit code of a ledger that does not answer.
const UNREACHABLE: u8 = 6;

pub(super) fn run(args: &VerifyArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if let Some(path) = &args.evidence_out {
        if args.files.len() > 1 || args.files.iter().any(|file| Path::new(file).is_dir()) {
            let message = "--evidence-out keeps one bundle: name one file".to_owned();
            return Err(CliError::Usage(message).into());
        }
        context.check_out(&OutArgs::to(path, args.force))?;
    }
    match args.files.as_slice() {
        [] => judged(None, args, context),
        [file] if !Path::new(file).is_dir() => judged(Some(file), args, context),
        several => many::run(several, args, context),
    }
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
    // One verification at a time per profile: a nonce counts once.
    let _lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(args, &home, context)?;
    let (report, ..) = judge.one(&bundle, &finder, args, &home, context)?;
    Ok(shown(args, (&input.name, &types_of(&bundle)), report.to_value(), report.exit()))
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
    let members = ["verifiableCredential", "verifiablePresentation"];
    let (member, held) = members.into_iter().find_map(|name| Some((name, answer.get(name)?)))?;
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

/// How a roll of countersigners is called.
pub(super) struct Examine<'a> {
    pub(super) policy: Option<&'a str>,
    pub(super) at: Option<&'a str>,
    pub(super) offline: bool,
}

impl Examine<'_> {
    fn args(&self) -> VerifyArgs {
        VerifyArgs {
            files: Vec::new(),
            policy: self.policy.map(str::to_owned),
            min_ial: None,
            min_aal: None,
            at: self.at.map(str::to_owned),
            aud: None,
            nonce: None,
            authenticator: None,
            replay: false,
            explain: false,
            offline: self.offline,
            max_age: None,
            evidence_out: None,
            force: false,
        }
    }
}

/// A consent, judged with what this profile pins and remembers; the lock of the profile is the caller's. With the time that it
/// was judged at.
pub(super) fn consent(
    receipt: &ConsentReceipt,
    presentation: Option<&Presentation>,
    examine: &Examine<'_>,
    home: &Home,
    context: &mut Context,
) -> Result<(ConsentVerification, Timestamp), Failure> {
    let args = examine.args();
    let mut terms = Terms::of(&args, home, context)?;
    // Nobody has to record a consent.
    terms.context.receipts = Receipts::Used;
    terms.context.known = known::load(&home.profile)?;
    let finder = Finder::open(&args, home, context)?;
    let as_of = terms.context.as_of;
    let gathered = finder.find_consent(receipt, as_of)?;
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let judged = verify_consent(receipt, presentation, &gathered.material, &terms.context);
    remember(judged.states(), home, context)?;
    Ok((judged, as_of))
}

/// The roll of countersigners, from the same verification as a verdict.
pub(super) fn roll(
    bundle: &Bundle,
    examine: Examine<'_>,
    home: &Home,
    context: &mut Context,
) -> Result<Roll, Failure> {
    let args = examine.args();
    let terms = Terms::of(&args, home, context)?;
    let _lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let finder = Finder::open(&args, home, context)?;
    let gathered = finder.find(bundle, &judge.terms.context)?;
    let (verification, _) = judge.judge(bundle, gathered.material, None);
    remember(verification.states(), home, context)?;
    let policy = examine.policy.map(|_| &judge.terms.policy);
    Roll::of(&verification, policy, &judge.terms.registries).ok_or_else(|| {
        let stops = |check: &&inkan_verifier::Check| check.failed() || check.blocks();
        let checks = || verification.checks().iter();
        let first = checks().find(|check| check.failed()).or_else(|| checks().find(stops));
        match first.and_then(inkan_verifier::Check::reason) {
            Some(reason) => Failure::new(reason.code(), reason.to_string()),
            None => CliError::Fault("nothing was verified".to_owned()).into(),
        }
    })
}

/// What holds for every file of a run.
struct Terms {
    policy: Policy,
    context: inkan_verifier::Context,
    contexts: Option<Arc<inkan_credential::Contexts>>,
    resources: Vec<(String, Vec<u8>)>,
    registries: Vec<Registry>,
    /// What was shown beside the presentation.
    shown: Option<PresentationEvidence>,
}

impl Terms {
    fn of(args: &VerifyArgs, home: &Home, context: &mut Context) -> Result<Self, Failure> {
        let policy = chosen_policy(args, context)?;
        let received_at = context.now();
        let as_of = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(received_at);
        let pins = pinned::load(&home.profile)?;
        let registries = registries::of(home, as_of, received_at)?;
        let judged_with = inkan_verifier::Context {
            logs: home.pinned()?,
            grade: ledger_grade(&policy),
            timestamps: Some(Arc::new(pinned::time_anchors(&pins, home.profile.anchors()?)?)),
            certificates: Some(Arc::new(pinned::issuer_anchors(&pins)?)),
            receipts: receipts(&policy),
            expectation: None,
            max_age: args.max_age.as_deref().map(super::issue::seconds).transpose()?,
            declared: Arc::new(declared(&registries, as_of)),
            known: Vec::new(),
            as_of,
            received_at,
        };
        Ok(Self {
            policy,
            context: judged_with,
            contexts: pinned::contexts(&pins)?.map(Arc::new),
            resources: pins.into_iter().map(|file| (file.url, file.bytes)).collect(),
            registries,
            shown: beside(args, context)?,
        })
    }
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

    /// Cryptography, then the policy, over what was gathered.
    fn judge(
        &self,
        bundle: &Bundle,
        mut material: Material,
        expectation: Option<Expectation>,
    ) -> (Verification, Report) {
        let Terms { policy, context, contexts, resources, registries, shown } = &self.terms;
        material.contexts.clone_from(contexts);
        material.resources.extend(resources.iter().cloned());
        let context = inkan_verifier::Context { expectation, ..context.clone() };
        let verification = verify(bundle, &material, &context);
        let facts = match (shown, &context.expectation) {
            (Some(shown), Some(expected)) => {
                let asked = Asked {
                    shown,
                    nonce: &expected.nonce,
                    site: None,
                    registrations: &[],
                    metadata: None,
                    status_lists: &[],
                    // An event of a holder names the nonce, which counts once.
                    used_events: &BTreeSet::new(),
                };
                let at_hand = AtHand { asked: Some(&asked), ..AtHand::default() };
                facts_with(&verification, registries, &at_hand).0
            }
            (Some(_) | None, _) => facts_of(&verification, registries),
        };
        let codes = crate::catalogue::book();
        let assessment = AssessContext { registries, catalogue: &self.catalogue, codes };
        let report = assess(&verification, &facts, policy, &assessment);
        (verification, report)
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
    ) -> Result<(Report, Verification, Option<Expectation>), Failure> {
        let expectation = expectation(args, bundle, &self.terms.policy, home)?;
        let gathered = finder.find(bundle, &self.terms.context)?;
        for missed in &gathered.missed {
            context.speech.detail(missed);
        }
        if let Some(path) = &args.evidence_out {
            let mut kept = bundle.clone();
            keep::absorb_all(&mut kept, &gathered)?;
            context.deliver(wallet::written(&kept, false), Some(path))?;
        }
        let (verification, report) = self.judge(bundle, gathered.material, expectation.clone());
        remember(verification.states(), home, context)?;
        if verification.presenter().is_some() {
            consume(expectation.as_ref(), bundle, home, self.terms.context.received_at)?;
        }
        Ok((report, verification, expectation))
    }
}

/// What was shown beside the presentation, if a file says it.
fn beside(args: &VerifyArgs, context: &Context) -> Result<Option<PresentationEvidence>, Failure> {
    let Some(path) = &args.authenticator else { return Ok(None) };
    if args.files.len() > 1 || args.files.iter().any(|file| Path::new(file).is_dir()) {
        let message = "--authenticator is about one presentation: name one file".to_owned();
        return Err(CliError::Usage(message).into());
    }
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
    let human = report::verdict(value, name, types, depth);
    let refusal = report::refusal(value, name);
    Outcome::new("inkan-report/1", human, value.clone()).exit(exit).afterwards(refusal)
}

/// The policy of `--policy`, or `authentic`, with `--min-ial` and `--min-aal` added.
fn chosen_policy(args: &VerifyArgs, context: &mut Context) -> Result<Policy, Failure> {
    let policy = match args.policy.as_deref() {
        Some(name) => policy::load(name, context)?,
        None => builtin("authentic")
            .ok_or_else(|| CliError::Fault("the built-in policy is missing".to_owned()))?,
    };
    if args.min_ial.is_none() && args.min_aal.is_none() {
        return Ok(policy);
    }
    Ok(policy.with_minimum(args.min_ial.as_deref(), args.min_aal.as_deref())?)
}

/// Where a run looks for what a verification wants.
struct Finder {
    reading: Option<Reading>,
    schemas: BTreeMap<String, Value>,
    network: Network,
    copies: Copies,
}

impl Finder {
    fn open(args: &VerifyArgs, home: &Home, context: &Context) -> Result<Self, Failure> {
        // Without the ledger a revocation or withdrawal since the bundle was made would go unseen: only who says so may do
        // without.
        let asked = match &home.ledger {
            LedgerPlace::Folder(path) => path.is_dir(),
            LedgerPlace::Node(_) => !args.offline,
        };
        let alone = ("judge by the bundle alone", "inkan verify FILE --offline");
        let reading = match (asked, args.offline) {
            (true, _) => Some(Reading::open(home, context).map_err(|failure| {
                if failure.exit() == UNREACHABLE {
                    failure.try_this(alone.0, alone.1)
                } else {
                    failure
                }
            })?),
            (false, true) => None,
            (false, false) => {
                let (profile, path) = (home.name().to_owned(), home.ledger.to_string());
                let missing = Failure::from(CliError::LedgerMissing { profile, path });
                return Err(missing.try_this(alone.0, alone.1));
            }
        };
        let schemas = schemas(home)?;
        let network = if args.offline { Network::Offline } else { Network::Ask };
        // How something stood when the bundle was made counts for who says so, or says how old it may be.
        let copies = if args.offline || args.max_age.is_some() {
            Copies::Count
        } else {
            Copies::MustBeRenewed
        };
        Ok(Self { reading, schemas, network, copies })
    }

    fn find(&self, bundle: &Bundle, terms: &inkan_verifier::Context) -> Result<Gathered, Failure> {
        let ledger = self.reading.as_ref().map(Reading::source);
        let Self { schemas, network, copies, .. } = self;
        let sources = Sources { ledger, schemas, network: *network, copies: *copies };
        let wants = with_successors(plan(bundle), &terms.declared);
        let mut found = gather(bundle, &wants, &sources, terms.as_of)?;
        if terms.as_of < terms.received_at {
            // Whoever presents does so now.
            gather_also(bundle, &plan_presenter(bundle), &sources, terms.received_at, &mut found)?;
        }
        Ok(found)
    }

    fn find_consent(
        &self,
        consent: &ConsentReceipt,
        as_of: Timestamp,
    ) -> Result<Gathered, Failure> {
        let ledger = self.reading.as_ref().map(Reading::source);
        let Self { schemas, network, copies, .. } = self;
        let sources = Sources { ledger, schemas, network: *network, copies: *copies };
        Ok(gather_consent(consent, &plan_consent(consent), &sources, as_of)?)
    }
}

/// The schemas that a profile pinned, by id.
pub(super) fn schemas(home: &Home) -> Result<BTreeMap<String, Value>, Failure> {
    let mut schemas = BTreeMap::new();
    for name in home.profile.names(Shelf::Schemas)? {
        if let Some(schema) = home.profile.get(Shelf::Schemas, &name)? {
            let id = text(&schema, "$id").unwrap_or(&name).to_owned();
            schemas.insert(id, schema);
        }
    }
    Ok(schemas)
}

/// What a presentation must answer: the nonce we made for it, the caller's, or a used one with `--replay`.
fn expectation(
    args: &VerifyArgs,
    bundle: &Bundle,
    policy: &Policy,
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
    // A policy is fixed when the nonce is made; nothing later may put a weaker one in its place.
    if let Some(fixed) = record.policy.as_ref().filter(|_| live == Live::Yes)
        && args.policy.as_ref() != Some(fixed)
    {
        let message = format!("the nonce was made for policy {fixed:?}, not for {:?}", policy.id());
        return Err(Failure::new("policy-mismatch", message).try_this(
            "judge it under the policy it was asked for",
            format!("inkan verify FILE --policy {fixed}"),
        ));
    }
    let audience = args.aud.clone().or(record.audience).ok_or_else(audience_missing)?;
    Ok(Some(Expectation {
        nonce: record.nonce,
        audience,
        nonce_issued_at: Some(record.issued_at),
        live,
    }))
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
