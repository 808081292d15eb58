//! `inkan countersign`, `inkan refuse` and `inkan seal`: one's own signature over a credential, in a role, recorded.
//!
//! A refusal after one's own acceptance withdraws it: the same act, its next state, in the map of the ledger. So
//! nobody can hide it by showing the older acceptance. Who seals closes the credential: the issuer, whose paper it is, or whom the
//! credential's own offer or the policy names; nobody else's seal would count, so nobody else's is made.

use inkan_assurance::Roll;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::countersignature::{self, Countersignature, Decision, Role, render_text};
use inkan_crypto::Signer;
use inkan_holder::{Act, Acted};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{ActRecord, OwnDid, Record as _, Shelf};
use inkan_ledger::{ActId, Claims, Kind, commitment};
use serde_json::json;

use super::exchange;
use crate::args::{CountersignArgs, DecisionRole, RefuseArgs, SealArgs, WriteArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::powers;
use crate::render::safe;
use crate::wallet;

/// What the two commands have in common.
struct Request<'a> {
    file: Option<&'a str>,
    identity: Option<&'a str>,
    key: Option<&'a str>,
    role: Role,
    again: bool,
    bare: bool,
    out: Option<&'a str>,
    write: WriteArgs,
    reason: Option<&'a str>,
    under: &'a [String],
    for_role: Option<Role>,
    decide: Decide,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Decide {
    Accept,
    Refuse,
    Seal,
}

pub(super) fn accept(args: &CountersignArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let is_delegate = args.role == DecisionRole::Delegate;
    if is_delegate == args.power.under.is_empty() {
        let usage = "--role delegate and --under FILE, the power of attorney, go together";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let request = Request {
        file: args.file.as_deref(),
        identity: args.identity.as_deref(),
        key: args.key.as_deref(),
        under: &args.power.under,
        for_role: args.power.for_role.map(role_of),
        role: role_of(args.role),
        again: args.again,
        bare: args.bare,
        out: args.out.path(),
        write: args.write,
        reason: None,
        decide: Decide::Accept,
    };
    run(&request, context)
}

pub(super) fn refuse(args: &RefuseArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let request = Request {
        file: args.file.as_deref(),
        identity: args.identity.as_deref(),
        key: None,
        role: role_of(args.role),
        again: false,
        bare: false,
        out: args.out.path(),
        write: args.write,
        reason: args.reason.as_deref(),
        under: &[],
        for_role: None,
        decide: Decide::Refuse,
    };
    if request.reason.is_some_and(|reason| !countersignature::is_reason(reason)) {
        let most = countersignature::REASON;
        let usage = format!("--reason is one line of text, of at most {most} characters");
        return Err(CliError::Usage(usage).into());
    }
    run(&request, context)
}

pub(super) fn seal(args: &SealArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let (input, offer) = exchange::open(args.file.as_deref(), context)?;
    let bundle = wallet::read_bundle(&input)?;
    let credential = wallet::credential_of(&bundle, &input.name)?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let examine =
        super::verify::Examine { policy: args.policy.as_deref(), at: None, offline: false };
    let roll = super::verify::roll(&bundle, examine, &home, context)?;
    let role = sealing_role(args, credential, &own, &roll)?;
    if !roll.is_ready_to_seal() {
        let why = roll.problem().unwrap_or("countersignature-missing");
        return Err(Failure::from(CliError::SealIncomplete { why })
            .try_this("see who is missing", format!("inkan countersigners {}", input.name)));
    }
    if !roll.asks() {
        context.speech.warn("nobody is asked to countersign: you close it as it is");
    }
    let request = Request {
        file: args.file.as_deref(),
        identity: args.identity.as_deref(),
        key: args.key.as_deref(),
        role,
        again: false,
        bare: args.bare,
        out: args.out.path(),
        write: args.write,
        reason: None,
        under: &[],
        for_role: None,
        decide: Decide::Seal,
    };
    let outcome = run_on(&request, bundle, &input.name, context)?;
    exchange::close(offer, (request.write.dry_run, request.out), outcome, context)
}

/// In which role `own` may seal.
fn sealing_role(
    args: &SealArgs,
    credential: &SecuredCredential,
    own: &OwnDid,
    roll: &Roll,
) -> Result<Role, Failure> {
    let asked = args.role.map(role_of);
    if credential.credential().issuer() == own.did {
        return Ok(asked.unwrap_or(Role::CoIssuer));
    }
    let mut named = roll.seal_roles(&own.did).filter_map(Role::parse);
    let fits = |role: &Role| asked.is_none_or(|asked| asked == *role);
    named.find(fits).ok_or_else(|| CliError::SealNotAllowed.into())
}

fn run(request: &Request<'_>, context: &mut Context) -> Result<Outcome, Failure> {
    let (input, offer) = exchange::open(request.file, context)?;
    let bundle = wallet::read_bundle(&input)?;
    if request.decide == Decide::Refuse
        && let Some(outcome) = exchange::undelivered(offer.as_ref(), &bundle, context)?
    {
        return Ok(outcome);
    }
    let outcome = run_on(request, bundle, &input.name, context)?;
    exchange::close(offer, (request.write.dry_run, request.out), outcome, context)
}

fn run_on(
    request: &Request<'_>,
    mut bundle: Bundle,
    name: &str,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    wallet::credential_of(&bundle, name)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, request.identity)?;
    if request.decide == Decide::Refuse {
        bundle = newest_of_ours(bundle, (&own, request.role), &home, context)?;
    } else if let Some((record, copy)) = done_before(&bundle, (&own, request), &home)? {
        if !request.again {
            return again(request, &record, copy, &writing, context);
        }
        context
            .speech
            .warn("a second act of yours about this credential: each is withdrawn by itself");
    }
    let credential = wallet::credential_of(&bundle, name)?.clone();
    let held = match request.under {
        [] => None,
        files => Some(powers::read(files, &own.did, context)?),
    };
    let under = match &held {
        Some(held) => Some(held.under(credential.credential(), request.for_role)?),
        None => None,
    };
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, request.key, &keyring, &home)?;
    let now = context.now();
    let act = Act {
        role: request.role,
        method: hand.method.as_str(),
        log: &home.settings.origin,
        beside: &bundle.countersignatures,
        reason: request.reason,
        under,
    };
    let signer: &dyn Signer = hand.key;
    let acted = match request.decide {
        Decide::Accept => inkan_holder::accept(&credential, &act, signer, now, &mut OsRng)?,
        Decide::Refuse => inkan_holder::refuse(&credential, &act, signer, now, &mut OsRng)?,
        Decide::Seal => inkan_holder::act::seal(&credential, &act, signer, now, &mut OsRng)?,
    };
    // What cannot be signed is not shown as if it were; nothing leaves this process before it is shown.
    show(&credential, context);
    warn_of_role(&credential, (&own, request.role), context);
    if let (Some(held), Some(under)) = (&held, under) {
        let (principal, role) = (safe(held.chain.principal(), 200), under.for_role.as_str());
        context.speech.say(&format!("for {principal}, as {role}, under a power of attorney"));
        for from in &held.bundles {
            packing::take_powers(&mut bundle, from)?;
        }
    }
    bundle.artefact = Artefact::Credential(acted.credential.clone());
    bundle.countersignatures.extend(acted.beside.clone());

    let intent = compose(&acted, &bundle, (&own, request), &hand, &home, context)?;
    if request.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    let fresh: Vec<FreshRecord> =
        index.map(|index| FreshRecord { index, opening: acted.opening }).into_iter().collect();
    packing::pack(&mut bundle, &writing.reading()?, &fresh)?;
    let digest = acted.credential.issuance_digest();
    home.profile.put(Shelf::Wallet, &wallet::name_of(&digest), &bundle.to_value())?;
    finish(request, (&acted, &bundle, index), context, &home)
}

/// The entry of this state, the act's record, and the wallet's copy.
fn compose(
    acted: &Acted,
    bundle: &Bundle,
    (own, request): (&OwnDid, &Request<'_>),
    hand: &Hand<'_>,
    home: &Home,
    context: &Context,
) -> Result<Intent, Failure> {
    let now = context.now();
    let signature = &acted.countersignature;
    let digest = acted.credential.issuance_digest();
    let act = ActId::from_bytes(*signature.act());
    let decision = signature.decision().as_str();
    let mut intent = Intent { command: format!("countersign ({decision})"), ..Intent::default() };
    match hand.method.did().scid() {
        Some(scid) => {
            let claims = Claims::Countersignature {
                commitment: commitment(
                    Kind::Countersignature,
                    scid,
                    &acted.opening.salt,
                    &acted.opening.digest,
                ),
                act,
                sequence: acted.seq,
            };
            intent.entries.push(ledgers::entry(&claims, &hand.method, hand.key, home, now)?);
        }
        None => {
            context.speech.warn("a DID of this method cannot write to the ledger: not recorded")
        }
    }
    let record = ActRecord {
        act: act.to_b64u(),
        seq: acted.seq,
        decision: decision.to_owned(),
        role: request.role.as_str().to_owned(),
        signer: own.did.clone(),
        digest: digest.to_b64u(),
        at: now,
    };
    let name = wallet::name_of(&digest);
    intent.records.push(RecordDraft {
        shelf: Shelf::Acts,
        name: act_name(&name, own, request.role, request.decide),
        record: record.to_value(),
    });
    intent.records.push(RecordDraft { shelf: Shelf::Wallet, name, record: bundle.to_value() });
    Ok(intent)
}

fn finish(
    request: &Request<'_>,
    (acted, bundle, index): (&Acted, &Bundle, Option<u64>),
    context: &Context,
    home: &Home,
) -> Result<Outcome, Failure> {
    let decision = acted.countersignature.decision().as_str();
    let place = match index {
        Some(index) => format!("recorded as entry {index} of {}", home.settings.origin),
        None => "not recorded".to_owned(),
    };
    context.speech.say(&format!("{} {decision}s; {place}", request.role.as_str()));
    let human = context.deliver(wallet::written(bundle, request.bare), request.out)?;
    let members = json!({
        "role": request.role.as_str(), "decision": decision, "entry": index, "sequence": acted.seq,
        "act": ActId::from_bytes(*acted.countersignature.act()).to_b64u(), "out": request.out,
    });
    let outcome = Outcome::new("inkan-countersignature/1", human, members);
    if request.out.is_some() {
        return Ok(outcome);
    }
    let whole = if request.bare { acted.credential.to_value() } else { bundle.to_value() };
    Ok(outcome.with("bundle", whole))
}

/// What is being signed, in words: nobody should sign what they have not seen.
fn show(credential: &SecuredCredential, context: &Context) {
    context.speech.say("you sign this:");
    for line in render_text(credential.credential()).lines() {
        context.speech.say(&format!("  {}", safe(line, 200)));
    }
}

/// A holder is the one whom the credential is about.
fn warn_of_role(credential: &SecuredCredential, (own, role): (&OwnDid, Role), context: &Context) {
    let subject = credential.credential().subject_id();
    if role == Role::Holder && subject.is_some_and(|subject| subject != own.did) {
        context.speech.warn(
            "you sign as holder, and the credential is about somebody else: a policy that wants its subject will not \
             count this; --role names another one",
        );
    }
}

/// Our acceptance or seal that the wallet remembers and the file at hand lacks, unless we have refused since.
fn done_before(
    bundle: &Bundle,
    (own, request): (&OwnDid, &Request<'_>),
    home: &Home,
) -> Result<Option<(ActRecord, Bundle)>, Failure> {
    let (role, decide) = (request.role, request.decide);
    let credential = wallet::credential_of(bundle, "input")?;
    let acts = countersignature::list(credential, &bundle.countersignatures)?;
    let is_seal = |one: &Countersignature| one.decision() == Decision::Seal;
    if acts.iter().any(|one| {
        one.signer() == own.did && one.role() == role && is_seal(one) == (decide == Decide::Seal)
    }) {
        return Ok(None);
    }
    let digest = credential.issuance_digest();
    let name = act_name(&wallet::name_of(&digest), own, role, decide);
    let record = home.profile.find::<ActRecord>(&name)?;
    let done = if decide == Decide::Seal { "seal" } else { "accept" };
    let record = record.filter(|record| record.decision == done);
    Ok(record.zip(wallet::held_copy(home, &digest)?))
}

/// Gives the acceptance that is there already: nothing new is signed or recorded.
fn again(
    request: &Request<'_>,
    record: &ActRecord,
    mut copy: Bundle,
    writing: &Writing,
    context: &Context,
) -> Result<Outcome, Failure> {
    let day = record.at.date();
    context.speech.warn(&format!(
        "you have done this already ({}), on {day}: that act is given again",
        record.decision
    ));
    if request.decide == Decide::Accept {
        context.speech.say("--again makes a second act, which nobody connects with the first");
    }
    packing::pack(&mut copy, &writing.reading()?, &[])?;
    let human = context.deliver(wallet::written(&copy, request.bare), request.out)?;
    let members = json!({
        "role": request.role.as_str(), "decision": record.decision, "entry": null, "reused": true,
        "sequence": record.seq, "act": record.act, "out": request.out,
    });
    let outcome = Outcome::new("inkan-countersignature/1", human, members);
    if request.out.is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", copy.to_value()))
}

/// The wallet's copy, where the file at hand lacks our own acceptance: a refusal must continue that act.
fn newest_of_ours(
    bundle: Bundle,
    (own, role): (&OwnDid, Role),
    home: &Home,
    context: &Context,
) -> Result<Bundle, Failure> {
    let credential = wallet::credential_of(&bundle, "input")?;
    let acts = countersignature::list(credential, &bundle.countersignatures)?;
    if acts.iter().any(|one| one.signer() == own.did && one.role() == role) {
        return Ok(bundle);
    }
    let digest = credential.issuance_digest();
    let name = act_name(&wallet::name_of(&digest), own, role, Decide::Refuse);
    let accepted =
        home.profile.find::<ActRecord>(&name)?.is_some_and(|record| record.decision == "accept");
    match wallet::held_copy(home, &digest)? {
        Some(copy) if accepted => {
            context.speech.say("continuing your own act from the wallet");
            Ok(copy)
        }
        _ => Ok(bundle),
    }
}

/// One record per credential, signer and role; a seal is no state of an acceptance.
fn act_name(credential: &str, own: &OwnDid, role: Role, decide: Decide) -> String {
    let seal = match decide {
        Decide::Accept | Decide::Refuse => "",
        Decide::Seal => ".seal",
    };
    format!("{credential}.{}.{}{seal}", own.name, role.as_str())
}

/// The library's name for a role of the command line.
pub(super) const fn role_of(role: DecisionRole) -> Role {
    match role {
        DecisionRole::Holder => Role::Holder,
        DecisionRole::CoIssuer => Role::CoIssuer,
        DecisionRole::Witness => Role::Witness,
        DecisionRole::Notary => Role::Notary,
        DecisionRole::Guardian => Role::Guardian,
        DecisionRole::Delegate => Role::Delegate,
    }
}
