//! `inkan issue`: claims and evidence become a credential, signed, revocable and recorded.
//!
//! Data flow: claims + evidence → draft (with `ledgerRecord` and a place in a status list) → signature → commitment →
//! issuance entry → bundle with receipts, the issuer's log, the status list and proofs of newest states.

mod input;
pub(super) mod status;

pub(super) use input::seconds;

use inkan_core::Timestamp;
use inkan_credential::Format;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::model::StatusPurpose;
use inkan_crypto::PublicKey;
use inkan_did::{Did, Method, Relationship};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf};
use inkan_issuer::{IssueRequest, Issued, draft, issue};
use inkan_ledger::{Claims, Kind, commitment};
use serde_json::json;

use super::did::document_now;
use crate::args::{IssueArgs, SecuringFormat};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::wallet;

pub(super) fn run(args: &IssueArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let now = context.now();
    let claims = input::claims(args, context)?;
    let evidence = input::evidence(args, context)?;
    let valid_until = input::valid_until(args, now)?;
    let schema = input::schema(args, context)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(&args.from))?;
    recordable(&own, args)?;
    let subject = identity::any(Some(&home), &args.to)?;
    let subject_key = subject_key(&subject, &home, context)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let places = status::allocate(purposes(args), (&own, &hand, &home), now)?;
    let entries: Vec<_> = places.iter().map(|place| place.entry.clone()).collect();
    let thumbprint = subject_key.as_ref().map(PublicKey::thumbprint);
    let request = IssueRequest {
        types: std::slice::from_ref(&args.credential_type),
        contexts: &[],
        issuer: &own.did,
        issuer_name: None,
        subject: Some(subject.as_str()),
        subject_key: thumbprint.as_deref(),
        claims: &claims,
        evidence: &evidence,
        valid_from: now,
        valid_until,
        status: &entries,
        schema: schema.as_ref().map(|(uri, value)| (uri.as_str(), value)),
        log: (!args.no_ledger).then_some(home.settings.origin.as_str()),
    };
    let draft = draft(&request, &mut OsRng)?;
    if let Some(expected) = &args.expect_ial {
        let about = (&own, subject_key.as_ref());
        input::expect_level(expected, draft.credential().value(), about, now)?;
    }
    let issued = issue(draft, format_of(args.credential_format), hand.pair(), now, &mut OsRng)?;
    for warning in &issued.warnings {
        context.speech.warn(&format!("{}: levels are computed from evidence", warning.code()));
    }
    let intent = compose(args, (&issued, &own, places), &hand, &home, now)?;
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        context.speech.say("would write this to the ledger, and nothing else leaves this machine:");
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let recorded =
        intent.entries.iter().zip(&accepted).find(|(draft, _)| draft.kind == Kind::Issuance);
    let index = recorded.map(|(_, accepted)| accepted.leaf_index);
    let mut bundle = Bundle::of(Artefact::Credential(issued.credential.clone()));
    if let Some((uri, value)) = schema {
        bundle.add_schema(&uri, value);
    }
    let fresh: Vec<FreshRecord> = index
        .zip(issued.opening)
        .map(|(index, opening)| FreshRecord { index, opening })
        .into_iter()
        .collect();
    packing::pack(&mut bundle, &writing.reading()?, &fresh)?;
    finish(args, (&issued, &bundle, index), context, &home)
}

/// For what the credential gets a place in a status list.
const fn purposes(args: &IssueArgs) -> &'static [StatusPurpose] {
    match (args.no_status, args.suspendable) {
        (true, _) => &[],
        (false, false) => &[StatusPurpose::Revocation],
        (false, true) => &[StatusPurpose::Revocation, StatusPurpose::Suspension],
    }
}

/// The entries and records of one issuance.
fn compose(
    args: &IssueArgs,
    (issued, own, places): (&Issued, &OwnDid, Vec<status::Place>),
    hand: &Hand<'_>,
    home: &Home,
    now: Timestamp,
) -> Result<Intent, Failure> {
    let credential = issued.credential.credential();
    let id = credential.id().unwrap_or_default().to_owned();
    let digest = issued.credential.issuance_digest();
    let place_of = |purpose| {
        let found = places.iter().map(|place| &place.entry).find(|entry| entry.purpose == purpose);
        found.map(|entry| (entry.list_uri.clone(), entry.index))
    };
    let record = IssuedRecord {
        id,
        types: vec![args.credential_type.clone()],
        issuer: own.did.clone(),
        issued_at: now,
        valid_until: credential.valid_until(),
        digest: digest.to_b64u(),
        status: place_of(StatusPurpose::Revocation),
        suspension: place_of(StatusPurpose::Suspension),
        revoked: None,
        suspended: None,
    };
    let mut intent =
        Intent { command: format!("issue {}", args.credential_type), ..Intent::default() };
    for place in places {
        place.into_intent(&mut intent);
    }
    if let (Some(opening), Some(scid)) = (&issued.opening, hand.method.did().scid()) {
        let commitment = commitment(Kind::Issuance, scid, &opening.salt, &opening.digest);
        let claims = Claims::Issuance { commitment };
        intent.entries.push(ledgers::entry(&claims, &hand.method, hand.key, home, now)?);
    }
    intent.records.push(RecordDraft {
        shelf: Shelf::Issued,
        name: wallet::name_of(&digest),
        record: record.to_value(),
    });
    Ok(intent)
}

fn finish(
    args: &IssueArgs,
    (issued, bundle, index): (&Issued, &Bundle, Option<u64>),
    context: &Context,
    home: &Home,
) -> Result<Outcome, Failure> {
    let id = issued.credential.credential().id().unwrap_or_default();
    match index {
        Some(index) => {
            let origin = &home.settings.origin;
            context.speech.say(&format!("issued {id}, recorded as entry {index} of {origin}"));
        }
        None => context.speech.say(&format!("issued {id}, not recorded")),
    }
    let written = wallet::written(bundle, args.bare);
    let human = context.deliver(written, args.out.path())?;
    let members = json!({
        "id": id, "credentialType": args.credential_type, "entry": index, "out": args.out.path(),
        "digest": issued.credential.issuance_digest().to_b64u(),
    });
    let outcome = Outcome::new("inkan-issue/1", human, members);
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    let whole = if args.bare { issued.credential.to_value() } else { bundle.to_value() };
    Ok(outcome.with("bundle", whole))
}

/// Only a DID with a log can sign entries; others issue without the ledger.
fn recordable(own: &OwnDid, args: &IssueArgs) -> Result<(), Failure> {
    let webvh = Did::parse(&own.did)?.method() == Method::Webvh;
    if webvh || (args.no_ledger && args.no_status) {
        return Ok(());
    }
    let detail = "a DID of this method cannot write to the ledger".to_owned();
    let failure = Failure::from(CliError::InputMalformed { file: own.did.clone(), detail });
    Err(failure
        .try_this("issue without record and status", "inkan issue … --no-ledger --no-status"))
}

/// The subject's key, which evidence is bound to; none if its DID cannot be resolved here.
fn subject_key(did: &Did, home: &Home, context: &Context) -> Result<Option<PublicKey>, Failure> {
    let document = match document_now(did, home, context) {
        Ok(document) => document,
        Err(failure) if failure.code() == "did-not-at-hand" => {
            context.speech.warn("the subject's DID is not on this ledger: its key is not named");
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let key = document.methods_for(Relationship::Authentication).next();
    Ok(key.map(|method| method.key.clone()))
}

/// The library's name for a format of the command line.
pub(super) const fn format_of(format: SecuringFormat) -> Format {
    match format {
        SecuringFormat::EddsaJcs2022 => Format::DataIntegrity,
        SecuringFormat::VcJwt => Format::Jose,
    }
}
