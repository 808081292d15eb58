//! `inkan verify`: gathers what is wanted, verifies, judges under a policy; the exit code is the verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_assurance::{AssessContext, Catalogue, Policy, assess, builtin, ledger_grade, receipts};
use inkan_core::Timestamp;
use inkan_core::json::text;
use inkan_credential::{Artefact, Bundle, bundle};
use inkan_evidence::{Registry, facts_of};
use inkan_io::gather::{Copies, Network, Sources, gather};
use inkan_io::known;
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::pinned;
use inkan_io::profile::{NonceRecord, Record as _, Shelf};
use inkan_verifier::{Expectation, Live, plan, verify};
use serde_json::Value;

use super::did::parse_time;
use super::{policy, request, trust};
use crate::args::VerifyArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::render::report::{self, Depth};

/// Exit code of a ledger that does not answer.
const UNREACHABLE: u8 = 6;

pub(super) fn run(args: &VerifyArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let policy = chosen_policy(args, context)?;
    let received_at = context.now();
    let as_of = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(received_at);
    let input = context.input(args.file.as_deref())?;
    let bundle = bundle::read_any(&input.bytes)
        .map_err(|error| Failure::from(error).during(&input.name))?
        .into_bundle();
    // One verification at a time per profile: a nonce counts once.
    let _lock = home.profile.lock()?;
    let expectation = expectation(args, &bundle, &policy, &home)?;
    let mut gathered = gathered(args, &bundle, &home, context, as_of)?;
    let pins = pinned::load(&home.profile)?;
    gathered.material.contexts = pinned::contexts(&pins)?.map(Arc::new);
    gathered.material.resources.extend(pins.into_iter().map(|file| (file.url, file.bytes)));
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let judged_with = inkan_verifier::Context {
        logs: home.pinned()?,
        grade: ledger_grade(&policy),
        timestamps: Some(Arc::new(home.profile.anchors()?)),
        receipts: receipts(&policy),
        expectation: expectation.clone(),
        max_age: args.max_age.as_deref().map(super::issue::seconds).transpose()?,
        known: known::load(&home.profile)?,
        as_of,
        received_at,
    };
    let verification = verify(&bundle, &gathered.material, &judged_with);
    known::remember(&home.profile, verification.states())?;
    if verification.presenter().is_some() {
        consume(expectation.as_ref(), &bundle, &home, received_at)?;
    }
    let registries: Vec<Registry> = trust::load(&home)?.into_iter().collect();
    let facts = facts_of(&verification, &registries);
    let catalogue = Catalogue::builtin()?;
    let assessment = AssessContext {
        registries: &registries,
        catalogue: &catalogue,
        codes: crate::catalogue::book(),
    };
    let report = assess(&verification, &facts, &policy, &assessment);
    Ok(shown(args, &input.name, report.to_value(), report.exit()))
}

fn shown(args: &VerifyArgs, name: &str, value: &Value, exit: u8) -> Outcome {
    let depth = if args.explain { Depth::Explain } else { Depth::Short };
    let human = report::verdict(value, name, depth);
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

fn gathered(
    args: &VerifyArgs,
    bundle: &Bundle,
    home: &Home,
    context: &Context,
    as_of: Timestamp,
) -> Result<inkan_io::gather::Gathered, Failure> {
    // Without the ledger a revocation or withdrawal since the bundle was made would go unseen: only who says so may do
    // without.
    let asked = match &home.ledger {
        LedgerPlace::Folder(path) => path.is_dir(),
        LedgerPlace::Node(_) => !args.offline,
    };
    let alone = ("judge by the bundle alone", "inkan verify FILE --offline");
    let reading = match (asked, args.offline) {
        (true, _) => Some(Reading::open(home, context).map_err(|failure| {
            if failure.exit() == UNREACHABLE { failure.try_this(alone.0, alone.1) } else { failure }
        })?),
        (false, true) => None,
        (false, false) => {
            let (profile, path) = (home.name().to_owned(), home.ledger.to_string());
            let missing = Failure::from(CliError::LedgerMissing { profile, path });
            return Err(missing.try_this(alone.0, alone.1));
        }
    };
    let ledger = reading.as_ref().map(Reading::source);
    let mut schemas = BTreeMap::new();
    for name in home.profile.names(Shelf::Schemas)? {
        if let Some(schema) = home.profile.get(Shelf::Schemas, &name)? {
            let id = text(&schema, "$id").unwrap_or(&name).to_owned();
            schemas.insert(id, schema);
        }
    }
    let network = if args.offline { Network::Offline } else { Network::Ask };
    // How something stood when the bundle was made counts for who says so, or says how old it may be.
    let copies =
        if args.offline || args.max_age.is_some() { Copies::Count } else { Copies::MustBeRenewed };
    let sources = Sources { ledger, schemas: &schemas, network, copies };
    Ok(gather(bundle, &plan(bundle), &sources, as_of)?)
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
