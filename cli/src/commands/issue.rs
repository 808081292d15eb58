//! `inkan issue`: claims and evidence become a credential, signed, revocable and recorded.
//!
//! Data flow: claims + evidence → draft (with `ledgerRecord` and a place in a status list) → signature → commitment →
//! issuance entry → bundle with receipts, the issuer's log, the status list and proofs of newest states.

mod again;
mod attested;
pub(super) mod certified;
mod input;
mod offer;
mod rows;
mod securing;
pub(super) mod status;

pub(super) use input::{named_at_hand, seconds};
pub(super) use securing::{paths, suite};

use inkan_core::{Timestamp, sha256};
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::countersignature::Wanted as Demand;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::proof::SignFailure;
use inkan_credential::sd_jwt_vc::TypeMetadata;
use inkan_credential::token_status_list::StatusReference;
use inkan_credential::{Contexts, SecuredCredential};
use inkan_crypto::{PublicKey, Signer};
use inkan_did::{Did, Method, Relationship};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::pinned;
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf};
use inkan_issuer::{
    AtHand, Draft, DraftError, IssueRequest, Issued, Securing, Warning, draft, issue_certified,
    issue_with,
};
use inkan_ledger::{Claims, Kind, commitment};
use serde_json::{Map, Value, json};

use self::again::again;
use self::certified::Certified;
use self::input::{Schema, TypeFile};
use self::status::{Asker, Wanted};
use super::delegate;
use super::did::document_now;
use crate::args::{IssueArgs, OutArgs, SecuringFormat, WriteArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::pending::Pending;
use crate::wallet;

/// What a credential says, beside whom it is about.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) claims: Map<String, Value>,
    pub(super) valid_until: Option<Timestamp>,
    /// Powers of attorney that it rests on, in the bundles that they came in.
    pub(super) travelling: Vec<Bundle>,
}

pub(super) fn run(args: &IssueArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if let Some(file) = &args.rows.rows {
        return rows::run(args, file, context);
    }
    let said = |context: &Context| {
        let now = context.now();
        let mut claims = input::claims(args, context)?;
        input::derive(args, &mut claims, now)?;
        let valid_until = input::valid_until(args, now)?;
        Ok(Said { claims, valid_until, travelling: Vec::new() })
    };
    run_with(args, &said, context)
}

/// The same, of claims that are made elsewhere.
pub(super) fn run_with(
    args: &IssueArgs,
    said: &dyn Fn(&Context) -> Result<Said, Failure>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home_of(Some(&args.from))?;
    let now = context.now();
    securing::check(args, context.speech)?;
    certified::check(args)?;
    let Said { claims, valid_until, travelling } = said(context)?;
    let evidence = input::evidence(args, context)?;
    let schema = input::schema(args, context)?;
    let members = input::members(args, context)?;
    let type_file = input::type_metadata(args, &home, context)?;
    let valid_from = input::valid_from(args, now)?;
    attested::check(args, (valid_from, now))?;
    let attestation = attested::read(args, &home, context)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(&args.from))?;
    recordable(&own, args)?;
    let subject = match args.bearer {
        true => None,
        false => Some(identity::any(Some(&home), &args.to)?),
    };
    let subject = subject.as_ref();
    let key_of = |subject| subject_key(subject, &home, context);
    let subject_key = subject.map(key_of).transpose()?.flatten();
    let keyring = Keyring::open(context, &home)?;
    let hand = securing::hand(args, &own, &keyring, &home)?;
    let certified = certified::read(args.x5c.as_deref(), &hand, &home, context)?;
    let parties = parties((&own, &hand, certified.as_ref()), (subject, subject_key.as_ref()));
    let evidence_value = Value::Array(evidence.clone());
    let schema_value = schema.as_ref().map_or(Value::Null, |schema| schema.value.clone());
    let claims_value = Value::Object(claims.clone());
    let offer = offer::read(args, &home, context)?;
    offer::warn_of_issuer(&offer, &own.did, context);
    let offer_value: Value = offer.iter().map(Demand::to_value).collect();
    let members_value = members.clone().map_or(Value::Null, Value::Object);
    let attestation_value: Value = attestation.as_ref().map_or(Value::Null, attested::Shown::asked);
    let type_value = type_file
        .as_ref()
        .map_or(Value::Null, |file| TypeMetadata::integrity_of(&file.bytes).into());
    let inputs = [
        &claims_value,
        &evidence_value,
        &schema_value,
        &parties,
        &offer_value,
        &members_value,
        &type_value,
        &attestation_value,
    ];
    let pending = pending(args, &inputs)?;
    let kept = pending.find(&home)?.filter(|_| !args.write.dry_run);
    if let Some(kept) = kept
        && let Some(outcome) = again(args, &kept, &pending, &writing, context, &home)?
    {
        return Ok(handed(outcome, pending, writing, home));
    }
    let state = |shown: &attested::Shown| shown.statement(subject_key.as_ref(), (&home, now));
    let key_statement = attestation.as_ref().map(state).transpose()?;
    let disclosable = paths(&args.disclosable)?;
    let contexts = pinned::contexts(&pinned::load(&home.profile)?)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let key_type = hand.key.public_key().key_type();
    let mandatory = paths(&args.mandatory)?;
    let url = securing::https_url(args, &own)?;
    let at_hand = input::with_schema(input::at_hand(&home)?, schema.as_ref());
    let places = status::allocate(&wanted(args), (&own, &hand, &home), now)?;
    let entries: Vec<_> = places.iter().map(|place| place.entry.clone()).collect();
    let terms = Terms {
        args,
        own: &own,
        hand: &hand,
        certified: certified.as_ref(),
        home: &home,
        evidence: &evidence,
        securing: securing::securing(
            args,
            key_type,
            (&disclosable, &mandatory),
            contexts,
            url.as_deref(),
        ),
        schema: schema.as_ref(),
        members: members.as_ref(),
        type_file: type_file.as_ref(),
        valid_from,
        valid_until,
        offer: &offer,
        key_statement: key_statement.as_ref(),
        at_hand: &at_hand,
        now,
    };
    let draft = terms.draft((subject, subject_key.as_ref()), &claims, &entries)?;
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
        context.speech.warn(&match warning {
            Warning::LevelClaim { .. } => {
                format!("{}: levels are computed from evidence", warning.code())
            }
            Warning::Misplaced { path } => {
                format!(
                    "{}: {path} says nothing about the subject, and belongs into --with FILE",
                    warning.code()
                )
            }
        });
    }
    let mut intent =
        Intent { command: format!("issue {}", args.credential_type), ..Intent::default() };
    places.into_iter().for_each(|place| place.into_intent(&mut intent));
    intent.entries.extend(terms.entry(&issued)?);
    intent.records.push(terms.record(&issued, &entries));
    let used = attestation.as_ref().map(|shown| shown.used(&home, now)).transpose()?;
    intent.records.extend(used.flatten());
    let mut bundle = Bundle::of(Artefact::Credential(issued.credential.clone()));
    if let Some(Schema { id, value, .. }) = &schema {
        bundle.add_schema(id, value.clone());
    }
    delegate::carry(&mut bundle, &travelling)?;
    intent.records.push(pending.record(&intent.command, bundle.to_value()));
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        context.speech.say("would write this to the ledger, and nothing else leaves this machine:");
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let recorded =
        intent.entries.iter().zip(&accepted).find(|(draft, _)| draft.kind == Kind::Issuance);
    let index = recorded.map(|(_, accepted)| accepted.leaf_index);
    let fresh: Vec<FreshRecord> = index
        .zip(issued.opening)
        .map(|(index, opening)| FreshRecord { index, opening })
        .into_iter()
        .collect();
    packing::pack(&mut bundle, &writing.reading()?, &fresh)?;
    let outcome = finish(args, (&issued.credential, &bundle, index), context, &home)?;
    if let Some(url) = &url {
        context.speech.say(&format!(
            "its issuer is {url}: readers look there for what inkan did export {} --as jwt-vc-issuer writes",
            args.from
        ));
    }
    say_of_served(args, context);
    Ok(handed(outcome, pending, writing, home))
}

/// A list that the issuer serves itself has to be served.
fn say_of_served(args: &IssueArgs, context: &Context) {
    if let Some(url) = &args.status_url {
        context.speech.say(&format!(
            "no status is told until {url} is served: inkan status-list publish LIST --out FILE signs it"
        ));
    }
}

/// What was kept is forgotten once the result is out. Until then the profile stays locked: the same command, typed at the same time
/// by somebody else, is another one.
fn handed(outcome: Outcome, pending: Pending, writing: Writing, home: Home) -> Outcome {
    let lock = writing.end();
    outcome.once_out(move || {
        let done = pending.done(&home);
        drop(lock);
        done
    })
}

/// Who the names on the command line stand for by now: after a rotation, or with a new certificate, it is another credential.
fn parties(
    (own, hand, certified): (&OwnDid, &Hand<'_>, Option<&Certified>),
    (subject, key): (Option<&Did>, Option<&PublicKey>),
) -> Value {
    let digest = |certificate: &Vec<u8>| sha256(&[certificate]).to_hex();
    let chain: Vec<String> =
        certified.map(|certified| certified.chain.iter().map(digest).collect()).unwrap_or_default();
    json!({
        "issuer": own.did, "method": hand.method.as_str(), "key": hand.key.public_key().thumbprint(),
        "certificates": chain, "subject": subject.map(Did::as_str), "subjectKey": key.map(PublicKey::thumbprint),
    })
}

/// When two commands issue the same credential: all that was typed, read, derived and looked up, but for where it goes.
fn pending(args: &IssueArgs, inputs: &[&Value]) -> Result<Pending, Failure> {
    let write = WriteArgs { dry_run: false, yes: false };
    let same = IssueArgs { out: OutArgs::nowhere(), write, ..args.clone() };
    Pending::of("issue", &format!("{same:?}"), inputs)
}

/// For what the credential gets a place, and in what kind of status list.
fn wanted(args: &IssueArgs) -> Wanted<'_> {
    let encoding = status::encoding(args);
    let mut purposes = Vec::new();
    if !args.no_status {
        purposes.push(StatusPurpose::Revocation);
    }
    if args.suspendable && !encoding.is_token() {
        purposes.push(StatusPurpose::Suspension);
    }
    if !args.messages.is_empty() {
        purposes.push(StatusPurpose::Message);
    }
    let served = args.status_url.as_deref();
    let (messages, references) = (args.messages.as_slice(), args.message_references.as_slice());
    Wanted { encoding, purposes, messages, references, served, asker: Asker::Issuer }
}

/// What every credential of one run has in common.
struct Terms<'a> {
    args: &'a IssueArgs,
    own: &'a OwnDid,
    hand: &'a Hand<'a>,
    certified: Option<&'a Certified>,
    home: &'a Home,
    evidence: &'a [Value],
    securing: Securing<'a>,
    schema: Option<&'a Schema>,
    /// More members of the credential.
    members: Option<&'a Map<String, Value>>,
    /// What the type of an SD-JWT VC says.
    type_file: Option<&'a TypeFile>,
    valid_from: Timestamp,
    valid_until: Option<Timestamp>,
    /// Who has to countersign.
    offer: &'a [Demand],
    /// What is said of the holder's key.
    key_statement: Option<&'a Value>,
    /// What it has to go with.
    at_hand: &'a AtHand,
    now: Timestamp,
}

impl Terms<'_> {
    /// Drafts a credential about this subject, whose key is named if it is known; about nobody by name, if there is none.
    fn draft(
        &self,
        (subject, key): (Option<&Did>, Option<&PublicKey>),
        claims: &Map<String, Value>,
        status: &[StatusEntry],
    ) -> Result<Draft, DraftError> {
        if subject.is_none() && claims.contains_key("id") {
            return Err(DraftError::SubjectMismatch);
        }
        let thumbprint = key.map(PublicKey::thumbprint);
        let token = status::encoding(self.args).is_token();
        let (status, token) = if token { (&[][..], status.first()) } else { (status, None) };
        let contexts: Vec<Value> =
            self.args.contexts.iter().map(|url| url.as_str().into()).collect();
        let request = IssueRequest {
            types: std::slice::from_ref(&self.args.credential_type),
            contexts: &contexts,
            issuer: self.certified.map_or(&self.own.did, |certified| &certified.issuer),
            issuer_name: None,
            subject: subject.map(Did::as_str),
            subject_key: thumbprint.as_deref(),
            claims,
            evidence: self.evidence,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            status,
            schema: self.schema.map(Schema::named),
            log: (!self.args.no_ledger).then_some(self.home.settings.origin.as_str()),
        };
        let mut drafted = draft(&request, &mut OsRng)?.offering(self.offer)?;
        if let Some(members) = self.members {
            drafted = drafted.with_members(members)?;
        }
        if let Some(statement) = self.key_statement {
            drafted = drafted.stating_key(statement)?;
        }
        if let Some(schema) = self.schema {
            drafted = drafted.fixing_schema(&schema.bytes)?;
        }
        if let Some(entry) = token {
            let (index, uri) = (entry.index, entry.list_uri.clone());
            drafted = drafted.with_token_status(&StatusReference { index, uri })?;
        }
        if self.args.credential_format == Some(SecuringFormat::DcSdJwt) {
            drafted = drafted.flat()?;
        }
        if let Some(file) = self.type_file {
            drafted = drafted.fixing_type(&file.bytes)?;
        }
        match key {
            Some(key) if securing::binds_key(self.args) => drafted.confirming(key),
            Some(_) | None => Ok(drafted),
        }
    }

    /// Signs it. What departs from a schema or a file at hand as it is now is not handed out: here or elsewhere it would be refused.
    fn sign(&self, draft: Draft) -> Result<Issued, Failure> {
        let issued = self.signed(draft)?;
        self.at_hand
            .check(issued.credential.credential())
            .map_err(|error| Failure::from_error(error.code(), &error))?;
        if let (Some(file), Some(vc)) = (self.type_file, issued.credential.sd_jwt_vc()) {
            file.check(vc)?;
        }
        Ok(issued)
    }

    fn signed(&self, draft: Draft) -> Result<Issued, SignFailure> {
        match self.certified {
            Some(certified) => {
                let by: (&[Vec<u8>], &dyn Signer) = (&certified.chain, self.hand.key);
                issue_certified(draft, &self.securing, by, self.now, &mut OsRng)
            }
            None => issue_with(draft, &self.securing, self.hand.pair(), self.now, &mut OsRng),
        }
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
        let [revocation, suspension, message] =
            status::recorded_places(status.iter(), status::encoding(self.args).is_token());
        let record = IssuedRecord {
            id: credential.id().unwrap_or_default().to_owned(),
            types: vec![self.args.credential_type.clone()],
            issuer: self.own.did.clone(),
            issued_at: self.now,
            valid_until: credential.valid_until(),
            digest: digest.to_b64u(),
            status: revocation,
            suspension,
            message,
            revoked: None,
            suspended: None,
            events: Vec::new(),
        };
        let name = wallet::name_of(&digest);
        RecordDraft { shelf: Shelf::Issued, name, record: record.to_value() }
    }
}

fn finish(
    args: &IssueArgs,
    (credential, bundle, index): (&SecuredCredential, &Bundle, Option<u64>),
    context: &Context,
    home: &Home,
) -> Result<Outcome, Failure> {
    let id = credential.credential().id().unwrap_or_default();
    match index {
        Some(index) => {
            let origin = &home.settings.origin;
            context.speech.say(&format!("issued {id}, recorded as entry {index} of {origin}"));
        }
        // What is not to be linked has no id.
        None if id.is_empty() => context.speech.say("issued a credential without id, not recorded"),
        None => context.speech.say(&format!("issued {id}, not recorded")),
    }
    let written = wallet::written(bundle, args.bare);
    let human = context.deliver(written, args.out.path())?;
    let members = json!({
        "id": id, "credentialType": args.credential_type, "entry": index, "out": args.out.path(),
        "digest": credential.issuance_digest().to_b64u(),
    });
    let outcome = Outcome::new("inkan-issue/1", human, members);
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    let whole = if args.bare { credential.to_value() } else { bundle.to_value() };
    Ok(outcome.with("bundle", whole))
}

/// Only a DID with a log can sign entries; others issue without the ledger.
fn recordable(own: &OwnDid, args: &IssueArgs) -> Result<(), Failure> {
    let webvh = Did::parse(&own.did)?.method() == Method::Webvh;
    if webvh || (args.no_ledger && (args.no_status || args.status_url.is_some())) {
        return Ok(());
    }
    let detail = "a DID of this method cannot write to the ledger".to_owned();
    let failure = Failure::from(CliError::InputMalformed { file: own.did.clone(), detail });
    Err(failure
        .try_this("issue without record and status", "inkan issue … --no-ledger --no-status"))
}

/// The subject's key, which evidence is bound to; none if its DID cannot be resolved here.
pub(super) fn subject_key(
    did: &Did,
    home: &Home,
    context: &Context,
) -> Result<Option<PublicKey>, Failure> {
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
