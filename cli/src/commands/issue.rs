//! `inkan issue`: claims and evidence become a credential, signed, revocable and recorded.
//!
//! Data flow: claims + evidence → draft (with `ledgerRecord` and a place in a status list) → signature → commitment →
//! issuance entry → bundle with receipts, the issuer's log, the status list and proofs of newest states.

mod input;
mod rows;
mod securing;
pub(super) mod status;

pub(super) use input::seconds;
pub(super) use securing::paths;

use inkan_core::Timestamp;
use inkan_credential::Contexts;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::proof::SignFailure;
use inkan_crypto::PublicKey;
use inkan_did::{Did, Method, Relationship};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::pinned;
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf};
use inkan_issuer::{Draft, DraftError, IssueRequest, Issued, Securing, draft, issue_with};
use inkan_ledger::{Claims, Kind, commitment};
use serde_json::{Map, Value, json};

use super::did::document_now;
use crate::args::IssueArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::wallet;

pub(super) fn run(args: &IssueArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if let Some(file) = &args.rows.rows {
        return rows::run(args, file, context);
    }
    context.check_out(&args.out)?;
    let home = context.home()?;
    let now = context.now();
    securing::check(args, context.speech)?;
    let mut claims = input::claims(args, context)?;
    input::derive(args, &mut claims, now)?;
    let evidence = input::evidence(args, context)?;
    let valid_until = input::valid_until(args, now)?;
    let schema = input::schema(args, context)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(&args.from))?;
    recordable(&own, args)?;
    let subject = identity::any(Some(&home), &args.to)?;
    let subject_key = subject_key(&subject, &home, context)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = securing::hand(args, &own, &keyring, &home)?;
    let disclosable = paths(&args.disclosable)?;
    let contexts = pinned::contexts(&pinned::load(&home.profile)?)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let key_type = hand.key.public_key().key_type();
    let mandatory = paths(&args.mandatory)?;
    let places = status::allocate(purposes(args), (&own, &hand, &home), now)?;
    let entries: Vec<_> = places.iter().map(|place| place.entry.clone()).collect();
    let terms = Terms {
        args,
        own: &own,
        hand: &hand,
        home: &home,
        evidence: &evidence,
        securing: securing::securing(args, key_type, (&disclosable, &mandatory), contexts),
        schema: schema.as_ref().map(|(uri, value)| (uri.as_str(), value)),
        valid_until,
        now,
    };
    let draft = terms.draft((&subject, subject_key.as_ref()), &claims, &entries)?;
    if let Some(expected) = &args.expect_ial {
        let about = (&own, subject_key.as_ref());
        input::expect_level(expected, draft.credential().value(), about, now)?;
    }
    if subject_key.is_none() && securing::binds_key(args) {
        context
            .speech
            .warn("the holder's key is not known here: nobody can present this with a key binding");
    }
    let issued = terms.sign(draft)?;
    for warning in &issued.warnings {
        context.speech.warn(&format!("{}: levels are computed from evidence", warning.code()));
    }
    let mut intent =
        Intent { command: format!("issue {}", args.credential_type), ..Intent::default() };
    places.into_iter().for_each(|place| place.into_intent(&mut intent));
    intent.entries.extend(terms.entry(&issued)?);
    intent.records.push(terms.record(&issued, &entries));
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

/// What every credential of one run has in common.
struct Terms<'a> {
    args: &'a IssueArgs,
    own: &'a OwnDid,
    hand: &'a Hand<'a>,
    home: &'a Home,
    evidence: &'a [Value],
    securing: Securing<'a>,
    schema: Option<(&'a str, &'a Value)>,
    valid_until: Option<Timestamp>,
    now: Timestamp,
}

impl Terms<'_> {
    /// Drafts a credential about this subject, whose key is named if it is known.
    fn draft(
        &self,
        (subject, key): (&Did, Option<&PublicKey>),
        claims: &Map<String, Value>,
        status: &[StatusEntry],
    ) -> Result<Draft, DraftError> {
        let thumbprint = key.map(PublicKey::thumbprint);
        let contexts: Vec<Value> =
            self.args.contexts.iter().map(|url| url.as_str().into()).collect();
        let request = IssueRequest {
            types: std::slice::from_ref(&self.args.credential_type),
            contexts: &contexts,
            issuer: &self.own.did,
            issuer_name: None,
            subject: Some(subject.as_str()),
            subject_key: thumbprint.as_deref(),
            claims,
            evidence: self.evidence,
            valid_from: self.now,
            valid_until: self.valid_until,
            status,
            schema: self.schema,
            log: (!self.args.no_ledger).then_some(self.home.settings.origin.as_str()),
        };
        let drafted = draft(&request, &mut OsRng)?;
        match key {
            Some(key) if securing::binds_key(self.args) => drafted.confirming(key),
            Some(_) | None => Ok(drafted),
        }
    }

    /// Signs it.
    fn sign(&self, draft: Draft) -> Result<Issued, SignFailure> {
        issue_with(draft, &self.securing, self.hand.pair(), self.now, &mut OsRng)
    }

    /// Its ledger entry, if it shall have one.
    fn entry(&self, issued: &Issued) -> Result<Option<EntryDraft>, Failure> {
        let scid = self.hand.method.did().scid();
        let (Some(opening), Some(scid)) = (&issued.opening, scid) else { return Ok(None) };
        let commitment = commitment(Kind::Issuance, scid, &opening.salt, &opening.digest);
        let (claims, hand) = (Claims::Issuance { commitment }, self.hand);
        ledgers::entry(&claims, &hand.method, hand.key, self.home, self.now).map(Some)
    }

    /// What the profile remembers of it.
    fn record(&self, issued: &Issued, status: &[StatusEntry]) -> RecordDraft {
        let credential = issued.credential.credential();
        let digest = issued.credential.issuance_digest();
        let place_of = |purpose| {
            let found = status.iter().find(|entry| entry.purpose == purpose);
            found.map(|entry| (entry.list_uri.clone(), entry.index))
        };
        let record = IssuedRecord {
            id: credential.id().unwrap_or_default().to_owned(),
            types: vec![self.args.credential_type.clone()],
            issuer: self.own.did.clone(),
            issued_at: self.now,
            valid_until: credential.valid_until(),
            digest: digest.to_b64u(),
            status: place_of(StatusPurpose::Revocation),
            suspension: place_of(StatusPurpose::Suspension),
            revoked: None,
            suspended: None,
        };
        let name = wallet::name_of(&digest);
        RecordDraft { shelf: Shelf::Issued, name, record: record.to_value() }
    }
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
