//! `inkan countersign`, `inkan refuse` and `inkan seal`: one's own signature over a credential, in a role, recorded.
//!
//! The credential is verified first, and who it is asked of, or who acted before, need not say in which role. A refusal after one's own acceptance withdraws it: the same act, its next state, in the map of the ledger. So
//! nobody can hide it by showing the older acceptance. Who seals closes the credential: the issuer, whose paper it is, or whom the
//! credential's own offer or the policy names; nobody else's seal would count, so nobody else's is made.

use inkan_assurance::Roll;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::countersignature::{self, Decision, Role, Under, render_text};
use inkan_crypto::Signer;
use inkan_holder::{Act, Acted};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{ActRecord, OwnDid, Record as _, Shelf};
use inkan_ledger::{ActId, Claims, Kind, commitment};
use serde_json::json;

use super::exchange;
use crate::args::{CountersignArgs, DecisionRole, RefuseArgs, SealArgs, UnderArgs, WriteArgs};
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

mod before;
mod own;
mod role;

use self::own::{Known, act_name};
pub(super) use self::role::role_of;

/// What the commands have in common.
struct Request<'a> {
    file: Option<&'a str>,
    identity: Option<&'a str>,
    key: Option<&'a str>,
    role: Option<Role>,
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
    let role = as_delegate(args.role, &args.power)?;
    if role == Some(Role::Delegate) && args.power.under.is_empty() {
        let usage = "--role delegate and --under FILE, the power of attorney, go together";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let request = Request {
        file: args.file.as_deref(),
        identity: args.identity.as_deref(),
        key: args.key.as_deref(),
        under: &args.power.under,
        for_role: args.power.for_role.map(role_of),
        role,
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
        key: args.key.as_deref(),
        role: as_delegate(args.role, &args.power)?,
        again: false,
        bare: args.bare,
        out: args.out.path(),
        write: args.write,
        reason: args.reason.as_deref(),
        under: &args.power.under,
        for_role: args.power.for_role.map(role_of),
        decide: Decide::Refuse,
    };
    if request.reason.is_some_and(|reason| !countersignature::is_reason(reason)) {
        let most = countersignature::REASON;
        let usage = format!("--reason is one line of text, of at most {most} characters");
        return Err(CliError::Usage(usage).into());
    }
    run(&request, context)
}

/// Who acts under a power acts as delegate, and need not say so.
fn as_delegate(role: Option<DecisionRole>, power: &UnderArgs) -> Result<Option<Role>, Failure> {
    match (role.map(role_of), power.under.is_empty()) {
        (role, true) => Ok(role),
        (None | Some(Role::Delegate), false) => Ok(Some(Role::Delegate)),
        (Some(_), false) => {
            let usage = "who acts under a power is a delegate: --role delegate, and --for-role says in whose place";
            Err(CliError::Usage(usage.to_owned()).into())
        }
    }
}

pub(super) fn seal(args: &SealArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let asked = as_delegate(args.role, &args.power)?;
    let home = context.home()?;
    let (input, offer) = exchange::open(args.file.as_deref(), context)?;
    let bundle = wallet::read_bundle(&input)?;
    let credential = wallet::credential_of(&bundle, &input.name)?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let terms = (Decide::Seal, args.policy.as_deref());
    // The URL of an offer is shown nowhere.
    let named = if offer.is_some() { "URL" } else { input.name.as_str() };
    let roll = before::look(&bundle, named, terms, &home, context)?.into_roll()?;
    let for_role = args.power.for_role.map(role_of);
    let (role, for_role) = match args.power.under.as_slice() {
        [] => (sealing_role(asked, credential, &own, &roll)?, None),
        files => {
            let principal = powers::read(files, &own.did, context)?.chain.principal().to_owned();
            let mut roles = roll.agents_seal_roles(&principal).filter_map(Role::parse);
            let fits = |role: &Role| for_role.is_none_or(|asked| asked == *role);
            (Role::Delegate, Some(roles.find(fits).ok_or(CliError::SealNotAllowed)?))
        }
    };
    if roll.is_closed() {
        return Err(CliError::SealedAlready.into());
    }
    if !roll.is_ready_to_seal() {
        let why = roll.problem().unwrap_or("countersignature-missing");
        return Err(Failure::from(CliError::SealIncomplete { why })
            .try_this("see who is missing", format!("inkan countersigners {named}")));
    }
    if !roll.asks() {
        context.speech.warn("nobody is asked to countersign: you close it as it is");
    }
    let refused = own::record(credential, &own, role, Decide::Refuse, &home)?;
    if let Some(refused) = refused.filter(|record| record.decision == "refuse") {
        context.speech.warn(&format!(
            "you refused this credential as {}, on {}: the refusal stays where it was handed out",
            role.as_str(),
            refused.at.date()
        ));
    }
    let request = Request {
        file: args.file.as_deref(),
        identity: args.identity.as_deref(),
        key: args.key.as_deref(),
        role: Some(role),
        again: false,
        bare: args.bare,
        out: args.out.path(),
        write: args.write,
        reason: None,
        under: &args.power.under,
        for_role,
        decide: Decide::Seal,
    };
    let outcome = run_on(&request, bundle, &input.name, context)?;
    exchange::close(offer, (request.write.dry_run, request.out), outcome, context)
}

/// In which role `own` may seal.
fn sealing_role(
    asked: Option<Role>,
    credential: &SecuredCredential,
    own: &OwnDid,
    roll: &Roll,
) -> Result<Role, Failure> {
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
    wallet::credential_of(&bundle, &input.name)?;
    let home = context.home()?;
    if request.decide == Decide::Refuse && offer.is_some() && !request.write.dry_run {
        let own = identity::own(&home, request.identity)?;
        let who = (&own, request.role);
        let to = (request.bare, request.out);
        if let Some(outcome) = exchange::undelivered(offer.as_ref(), who, to, context)? {
            return Ok(outcome);
        }
    }
    let named = if offer.is_some() { "URL" } else { input.name.as_str() };
    before::look(&bundle, named, (request.decide, None), &home, context)?;
    let outcome = run_on(request, bundle, &input.name, context)?;
    exchange::close(offer, (request.write.dry_run, request.out), outcome, context)
}

/// Signs and records, of a credential that was looked at before.
fn run_on(
    request: &Request<'_>,
    bundle: Bundle,
    name: &str,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home_of(request.identity)?;
    let credential = wallet::credential_of(&bundle, name)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, request.identity)?;
    let who = (own.did.as_str(), request.decide);
    let kept = own::roles(credential, &own, &home)?;
    let role = role::of(request.role, who, (credential, &bundle.countersignatures), &kept)?;
    let mut bundle = match own::known(bundle, (&own, request, role), &home, context)? {
        Known::GoOn(bundle) => *bundle,
        Known::Done(record, copy) => {
            return own::again((request, role), (&record, *copy), &writing, context);
        }
    };
    let credential = wallet::credential_of(&bundle, name)?.clone();
    let held = match request.under {
        [] => None,
        files => Some(powers::read(files, &own.did, context)?),
    };
    let under = match &held {
        Some(held) => Some(held.under(credential.credential(), request.for_role)?),
        None if role == Role::Delegate => Some(own_power(&credential, &bundle, &own)?),
        None => None,
    };
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, request.key, &keyring, &home)?;
    let now = context.now();
    let act = Act {
        role,
        method: hand.method.as_str(),
        log: &home.settings.origin,
        beside: &bundle.countersignatures,
        reason: request.reason,
        under,
    };
    let signer: &dyn Signer = hand.key;
    let mut acted = match request.decide {
        Decide::Accept => inkan_holder::accept(&credential, &act, signer, now, &mut OsRng)?,
        Decide::Refuse => inkan_holder::refuse(&credential, &act, signer, now, &mut OsRng)?,
        Decide::Seal => inkan_holder::act::seal(&credential, &act, signer, now, &mut OsRng)?,
    };
    own::number_here(&mut acted, &bundle, &home)?;
    own::is_next(&acted, &own, &writing)?;
    // What cannot be signed is not shown as if it were; nothing leaves this process before it is shown.
    show(&credential, &acted, context);
    if let Some(doubt) = role::doubt(role, who, credential.credential()) {
        context.speech.warn(&doubt);
    }
    if let (Some(held), Some(under)) = (&held, under) {
        let (principal, role) = (safe(held.chain.principal(), 200), under.for_role.as_str());
        context.speech.say(&format!("for {principal}, as {role}, under a power of attorney"));
        for from in &held.bundles {
            packing::take_powers(&mut bundle, from)?;
        }
    }
    bundle.artefact = Artefact::Credential(acted.credential.clone());
    bundle.countersignatures.extend(acted.beside.clone());

    // What the wallet knows besides is no part of what is given, and is not lost: acts of another DID or role of ours, for one.
    let digest = acted.credential.issuance_digest();
    let mut kept = match wallet::held_copy(&home, &digest)? {
        Some(copy) => own::joined(copy, &bundle)?,
        None => bundle.clone(),
    };
    let intent = compose(&acted, &kept, (&own, request), &hand, &home, context)?;
    if request.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    let fresh: Vec<FreshRecord> =
        index.map(|index| FreshRecord { index, opening: acted.opening }).into_iter().collect();
    packing::pack(&mut bundle, &writing.reading()?, &fresh)?;
    packing::pack(&mut kept, &writing.reading()?, &fresh)?;
    home.profile.put(Shelf::Wallet, &wallet::name_of(&digest), &kept.to_value())?;
    finish(request, (&acted, &bundle, index), context, &home)
}

/// The power of one's own newest acceptance as delegate, for who takes it back: also when it has ended.
fn own_power(
    credential: &SecuredCredential,
    bundle: &Bundle,
    own: &OwnDid,
) -> Result<Under, Failure> {
    let acts = countersignature::list(credential, &bundle.countersignatures)?;
    let mut acts = acts.iter().rev().filter(|one| one.signer() == own.did);
    let under = acts.find_map(|one| one.under().copied());
    under.ok_or_else(|| {
        let usage = "--role delegate needs --under FILE, the power of attorney";
        CliError::Usage(usage.to_owned()).into()
    })
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
        role: signature.role().as_str().to_owned(),
        signer: own.did.clone(),
        digest: digest.to_b64u(),
        at: now,
    };
    let name = wallet::name_of(&digest);
    intent.records.push(RecordDraft {
        shelf: Shelf::Acts,
        name: act_name(&name, own, signature.role(), request.decide),
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
    let role = acted.countersignature.role().as_str();
    context.speech.say(&format!("{role} {decision}s; {place}"));
    let human = context.deliver(wallet::written(bundle, request.bare), request.out)?;
    let members = json!({
        "role": role, "decision": decision, "entry": index, "sequence": acted.seq,
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
fn show(credential: &SecuredCredential, acted: &Acted, context: &Context) {
    context.speech.say("you sign this:");
    for line in render_text(credential.credential()).lines() {
        context.speech.say(&format!("  {}", safe(line, 200)));
    }
    let signature = &acted.countersignature;
    let decided = match signature.decision() {
        Decision::Accept => "you accept it",
        Decision::Refuse => "you refuse it",
        Decision::Withdraw => "you take your acceptance back",
        Decision::Seal => "you close it: a seal is final",
    };
    context.speech.say(&format!("and say, as {}: {decided}", signature.role().as_str()));
    if let Some(reason) = signature.reason() {
        context.speech.say(&format!("because: {}", safe(reason, 1_000)));
    }
}
