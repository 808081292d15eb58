//! `inkan consent give | acknowledge | withdraw | check | list`: consent receipts, kept by both sides.
//!
//! A state of a consent reaches the ledger only if its holder asks, as a salted digest; where giving it was recorded, taking it
//! back is recorded too, since nobody who asks the ledger would otherwise learn of it.

mod check;
mod give;
mod keep;

use inkan_core::json::text;
use inkan_credential::consent::{self, ConsentReceipt, ConsentState, ConsentTerms};
use inkan_credential::{Artefact, Presentation};
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, Shelf};
use serde_json::{Value, json};

use crate::args::{ConsentAcknowledgeArgs, ConsentCommand, ConsentWithdrawArgs, WriteArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{dry_run_lines, is_file};
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::render::safe;
use crate::render::table::table;
use crate::wallet;

pub(super) use self::check::judged;
pub(super) use self::give::{Wish, members, sign};
use self::keep::keep_unrecorded;
pub(super) use self::keep::{Keeping, keep};

pub(super) fn run(command: &ConsentCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        ConsentCommand::Give(args) => give::run(args, context),
        ConsentCommand::Acknowledge(args) => acknowledge(args, context),
        ConsentCommand::Withdraw(args) => withdraw(args, context),
        ConsentCommand::Check(args) => check::run(args, context),
        ConsentCommand::List => list(context),
    }
}

fn withdraw(args: &ConsentWithdrawArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let first = context.home()?;
    let mut receipt = find(&args.consent, &first, context)?;
    let terms = terms_of(&receipt)?.clone();
    let own = holder(&terms.principal, &first)?;
    // Where the holder lives now: the log that it was given in takes nothing of a holder who has left it.
    let (home, unsettled) = match context.settled(&first, &own) {
        Ok(home) => (home, None),
        Err(refused) if !args.write.dry_run => (first, Some(refused)),
        Err(refused) => return Err(refused),
    };
    // The copy that was kept may be newer than the file.
    if let Some(kept) = home.profile.get(Shelf::Consents, &name_of(&terms))? {
        let kept = ConsentReceipt::from_value(kept)?;
        if kept.states().len() > receipt.states().len() && kept.terms() == Some(&terms) {
            receipt = kept;
        }
    }
    // A ledger that does not answer keeps nobody from taking back: the file is signed, and the ledger's refusal said.
    let begun = match unsettled {
        None => Keeping::begin(&receipt, args.record, &home, context),
        Some(refused) => Err(refused),
    };
    let (mut keeping, refused) = match begun {
        Ok(keeping) => (keeping, None),
        Err(refused) if !args.write.dry_run => (Keeping::without(&home)?, Some(refused)),
        Err(refused) => return Err(refused),
    };
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let newest = receipt.newest().ok_or(CliError::Fault("a receipt has a state".to_owned()))?;
    // One that no ledger took is recorded later; it is not signed again.
    if newest.state() != ConsentState::Withdrawn || !args.record {
        let (pair, now) = ((hand.method.as_str(), args.reason.as_deref()), context.now());
        let next = inkan_holder::withdraw_consent(newest, pair, hand.key, now, &mut OsRng)?;
        receipt.push(next)?;
    }
    say_terms(&terms, "you take back your consent", context);
    let out = args.out.path();
    if let Some(refused) = refused {
        let receipt = keep_unrecorded(receipt, &keeping, &home, context)?;
        return delivered(&receipt, None, Some(&refused), out, context);
    }
    finish(receipt, &mut keeping, &hand, (out, args.write), (&home, context))
}

/// The receiver's own signature over the newest state. What does not hold is not signed.
fn acknowledge(args: &ConsentAcknowledgeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let mut receipt = ConsentReceipt::parse(&input.bytes)
        .map_err(|error| Failure::from(error).during(&input.name))?;
    let presentation =
        args.presentation.as_deref().map(|path| presentation_in(path, context)).transpose()?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let terms = terms_of(&receipt)?.clone();
    match terms.receiver.did() {
        Some(named) if named != own.did => {
            let named = short_did(named);
            let message = format!("the consent is given to {named}, and not to {}", own.name);
            return Err(Failure::new("consent-receiver-mismatch", message));
        }
        Some(_) => {}
        None => context.speech.warn(
            "the consent names no DID of yours: nobody can tell from it that the signature is the receiver's",
        ),
    }
    let mut keeping = Keeping::reading(&home, context)?;
    let (judged, _) = judged(&receipt, presentation.as_ref(), (None, false), &home, context)?;
    check::must_be_signable(&judged)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let newest = receipt.newest().ok_or(CliError::Fault("a receipt has a state".to_owned()))?;
    let proof_id = inkan_core::rng::draw_uuid_urn(&mut OsRng);
    let signer: &dyn Signer = hand.key;
    // Clocks may differ; what is acknowledged was signed before.
    let now = context.now().max(newest.event().time);
    let names = (proof_id.as_str(), hand.method.as_str());
    let acknowledged = consent::acknowledge(newest, names, now, signer)?;
    receipt.replace_newest(acknowledged)?;
    say_terms(&terms, "you acknowledge the consent", context);
    finish(receipt, &mut keeping, &hand, (args.out.path(), args.write), (&home, context))
}

/// Keeps a receipt and gives it out.
fn finish(
    receipt: ConsentReceipt,
    keeping: &mut Keeping,
    hand: &Hand<'_>,
    (out, write): (Option<&str>, WriteArgs),
    (home, context): (&Home, &Context),
) -> Result<Outcome, Failure> {
    if write.dry_run {
        let intent = keep::intent(&receipt, keeping, hand, home, context)?;
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let signed = receipt.clone();
    let is_withdrawal =
        signed.newest().is_some_and(|newest| newest.state() == ConsentState::Withdrawn);
    match keep(receipt, keeping, hand, home, context) {
        Ok((receipt, entry)) => delivered(&receipt, entry, None, out, context),
        // What is taken back is taken back, whatever a ledger says.
        Err(refused) if is_withdrawal => {
            let receipt = keep_unrecorded(signed, keeping, home, context)?;
            delivered(&receipt, None, Some(&refused), out, context)
        }
        Err(refused) => Err(refused),
    }
}

/// Gives a receipt out; `refused` is why a ledger did not take its newest state, which is the exit code then.
fn delivered(
    receipt: &ConsentReceipt,
    entry: Option<u64>,
    refused: Option<&Failure>,
    out: Option<&str>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let human = context.deliver(written(receipt), out)?;
    let outcome = Outcome::new("inkan-consent-written/1", human, members(receipt, entry, out)?);
    let outcome = if out.is_some() { outcome } else { outcome.with("receipt", receipt.to_value()) };
    let Some(refused) = refused else { return Ok(outcome) };
    let (name, body) = refused.to_lines();
    let outcome = outcome.with("refused", refused.to_value()).exit(refused.exit());
    Ok(outcome.afterwards(Some(format!("{name}{body}"))))
}

/// The consents of this profile.
fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let own: Vec<String> =
        home.profile.all::<OwnDid>()?.into_iter().map(|(_, own)| own.did).collect();
    let now = context.now();
    let mut found = Vec::new();
    for name in home.profile.names(Shelf::Consents)? {
        let Some(value) = home.profile.get(Shelf::Consents, &name)? else { continue };
        let receipt = ConsentReceipt::from_value(value)
            .map_err(|error| Failure::from(error).during(format!("consents/{name}.json")))?;
        let terms = terms_of(&receipt)?;
        let given = receipt.states().first().map(|state| state.event().time.to_string());
        let state = receipt.newest().map(consent::ConsentRecord::state);
        let state = match state {
            Some(ConsentState::Withdrawn) => "withdrawn",
            _ if terms.until.is_some_and(|until| until < now) => "ended",
            _ => "given",
        };
        let side = if own.contains(&terms.principal) { "given" } else { "received" };
        let acknowledged = receipt.newest().is_some_and(|one| one.acknowledgement().is_some());
        found.push(json!({
            "name": name, "side": side, "state": state, "recordId": terms.record_id,
            "holder": terms.principal, "receiver": terms.receiver.audience,
            "purposes": purposes(terms), "given": given, "acknowledged": acknowledged,
            "until": terms.until.map(|until| until.to_string()),
        }));
    }
    let cell = |one: &Value, member: &str| safe(text(one, member).unwrap_or("-"), 40);
    let day = |one: &Value, member: &str| cell(one, member).chars().take(10).collect::<String>();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| {
            let other = if text(one, "side") == Some("given") {
                cell(one, "receiver")
            } else {
                short_did(text(one, "holder").unwrap_or("-"))
            };
            let purposes = one.get("purposes").and_then(Value::as_array);
            let first = purposes.and_then(|all| all.first()).and_then(Value::as_str);
            vec![
                cell(one, "name"),
                cell(one, "side"),
                cell(one, "state"),
                day(one, "given"),
                day(one, "until"),
                other,
                safe(first.unwrap_or("-"), 40),
            ]
        })
        .collect();
    if found.is_empty() {
        context.speech.say("no consents");
    }
    let headings = ["NAME", "SIDE", "STATE", "GIVEN", "UNTIL", "WITH", "PURPOSE"];
    let human = if found.is_empty() { String::new() } else { table(&headings, &rows) };
    Ok(Outcome::new("inkan-consent-list/1", human, json!({ "consents": found })).stream("consents"))
}

/// What the newest state of a consent in a file says, and to whom it was given. Nothing is judged.
pub(super) fn standing(receipt: &ConsentReceipt) -> Option<(&'static str, String)> {
    let state = receipt.newest()?.state().as_str();
    Some((state, receipt.terms()?.receiver.audience.clone()))
}

/// Every consent that this profile keeps.
pub(super) fn all(home: &Home) -> Result<Vec<ConsentReceipt>, Failure> {
    let mut found = Vec::new();
    for name in home.profile.names(Shelf::Consents)? {
        let Some(value) = home.profile.get(Shelf::Consents, &name)? else { continue };
        let receipt = ConsentReceipt::from_value(value)
            .map_err(|error| Failure::from(error).during(format!("consents/{name}.json")))?;
        found.push(receipt);
    }
    Ok(found)
}

/// Finds a consent: a file (or `-`), else the profile's by name, record id, or the beginning of its name.
pub(super) fn find(named: &str, home: &Home, context: &Context) -> Result<ConsentReceipt, Failure> {
    if is_file(named) {
        let input = context.input(Some(named))?;
        return ConsentReceipt::parse(&input.bytes)
            .map_err(|error| Failure::from(error).during(&input.name));
    }
    for name in home.profile.names(Shelf::Consents)? {
        let Some(value) = home.profile.get(Shelf::Consents, &name)? else { continue };
        let receipt = ConsentReceipt::from_value(value)
            .map_err(|error| Failure::from(error).during(format!("consents/{name}.json")))?;
        let prefix = named.len() >= 4 && name.starts_with(named);
        if prefix || receipt.terms().is_some_and(|terms| terms.record_id == named) {
            return Ok(receipt);
        }
    }
    let profile = home.name().to_owned();
    Err(CliError::ConsentUnknown { name: named.to_owned(), profile }.into())
}

/// The presentation in a file, or in a bundle.
fn presentation_in(path: &str, context: &Context) -> Result<Presentation, Failure> {
    let input = context.input(Some(path))?;
    presentation_of(wallet::read_bundle(&input)?.artefact, &input.name)
}

fn presentation_of(artefact: Artefact, name: &str) -> Result<Presentation, Failure> {
    match artefact {
        Artefact::Presentation(presentation) => Ok(presentation),
        Artefact::Credential(_) => {
            let detail = "this is a credential; a consent is about a presentation".to_owned();
            Err(CliError::InputMalformed { file: name.to_owned(), detail }.into())
        }
    }
}

/// Our DID that gave a consent, or may give one.
fn holder(did: &str, home: &Home) -> Result<OwnDid, Failure> {
    let mut own = home.profile.all::<OwnDid>()?.into_iter().map(|(_, own)| own);
    own.find(|own| own.did == did)
        .ok_or_else(|| inkan_holder::ConsentMakeError::ForeignConsent.into())
}

fn terms_of(receipt: &ConsentReceipt) -> Result<&ConsentTerms, Failure> {
    receipt.terms().ok_or_else(|| CliError::Fault("a receipt has a state".to_owned()).into())
}

/// The name under which a profile keeps a consent: the beginning of its act.
fn name_of(terms: &ConsentTerms) -> String {
    inkan_core::encoding::hex(&terms.act).chars().take(16).collect()
}

pub(super) fn written(receipt: &ConsentReceipt) -> String {
    format!("{:#}\n", receipt.to_value())
}

fn purposes(terms: &ConsentTerms) -> Vec<&str> {
    terms.purposes.iter().map(|purpose| purpose.text.as_str()).collect()
}

/// What is signed, in words: nobody should sign what they have not seen.
fn say_terms(terms: &ConsentTerms, what: &str, context: &Context) {
    let speech = context.speech;
    let until = terms.until.map_or_else(|| "withdrawn".to_owned(), |until| until.to_string());
    let receiver = terms.receiver.id.as_deref().unwrap_or(&terms.receiver.audience);
    speech.say(&format!("{what}: to {}, until {until}", safe(receiver, 120)));
    for purpose in &terms.purposes {
        speech.say(&format!("  for  {}", safe(&purpose.text, 300)));
    }
    for shown in &terms.shown {
        let types = shown.types.iter().filter(|name| *name != "VerifiableCredential");
        let types: Vec<&str> = types.map(String::as_str).collect();
        let paths = || shown.claims.iter().map(|one| one.path.as_str());
        let mut claims: Vec<&str> =
            paths().filter_map(|path| path.strip_prefix("/credentialSubject/")).collect();
        if claims.is_empty() {
            claims = paths().filter_map(|path| path.strip_prefix('/')).collect();
        }
        let rest = shown.claims.len().saturating_sub(claims.len());
        let line = format!("{}: {}, and {rest} more", types.join(" "), claims.join(", "));
        speech.say(&format!("  of   {}", safe(&line, 400)));
    }
}
