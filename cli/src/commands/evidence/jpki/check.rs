//! `inkan evidence jpki check`: evidence with a card's signature, judged by itself; the exit code is the verdict.

use inkan_core::{Timestamp, encoding, json, sha256, tolerance};
use inkan_did::Did;
use inkan_evidence::jpki::{
    BindingProof, BindingStatement, BindingTerms, Bound, Jpki, Judgement, Revocation, Step,
    StepOutcome, check_binding, serials,
};
use inkan_evidence::model::{Certificate, Item, Proof, ProofKind, ProofingEvidence};
use inkan_io::cards::{self, Cards, RegisteredCard};
use inkan_io::profile::{NonceRecord, OwnDid};
use serde_json::{Value, json};

use super::pins::not_configured;
use crate::args::JpkiCheckArgs;
use crate::catalogue;
use crate::commands::anchor::check::reported::reported as look_for_reports;
use crate::commands::did::parse_time;
use crate::commands::{request, verify};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::render::table::table;

/// Exit code of what cannot be told.
const CANNOT_TELL: u8 = 19;
/// Exit code of a proof that is present and fails.
const CHANGED: u8 = 11;
/// Exit code of a key that was reported compromised.
const REPORTED: u8 = 17;

pub(super) fn run(args: &JpkiCheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let malformed = |detail: &str| {
        let detail = detail.to_owned();
        Failure::from(CliError::InputMalformed { file: input.name.clone(), detail })
    };
    let mut entry = json::parse(&input.bytes, inkan_core::limits::DOCUMENT)
        .map_err(|error| Failure::from(error).during(&input.name))?;
    // Whose nonce it may be, as the evidence says it: what is filled in below says nothing.
    let proofer = proofer_of(&entry);
    let (statement, item, proof) = parts(&mut entry).map_err(malformed)?;
    let cms = encoding::decode_b64(proof.value.as_deref().unwrap_or_default())
        .ok()
        .filter(|cms| sha256(&[cms]) == proof.sha256.0)
        .ok_or_else(|| malformed("the signature is not the one that its digest names"))?;
    let _lock = home.profile.lock()?;
    let cards = Cards::load(&home.profile)?.ok_or_else(not_configured)?;
    let as_of = args.at.as_deref().map(parse_time).transpose()?.unwrap_or_else(|| context.now());
    let mut jpki = cards.judge(&serials(cards.config(), [cms.as_slice()]))?;
    let own = Asker::of(&statement, &home)?;
    if let Some(nonces) = own.nonces(&statement, args.replay, as_of) {
        jpki = jpki.asking(statement.aud(), nonces);
    }
    let at = (args.at.as_deref(), false);
    if let Some(history) = verify::cards::history(statement.did(), at, &home, context)? {
        jpki = jpki.with_history(history);
    }
    let parts = (&statement, &item, &proof, cms.as_slice());
    let judged = judge(&entry, parts, proofer.as_deref(), (&jpki, as_of));
    let stolen = reported(&statement, &home, context)?;
    let (exit, decision) = match stolen {
        Some(_) => (REPORTED, "reject"),
        None => verdict(&judged),
    };
    let bound = judged.bound().filter(|_| stolen.is_none());
    if let Some(bound) = bound {
        if own.is_asker && !args.replay && args.at.is_none() {
            let text = statement.to_bytes();
            verify::cards::use_up(statement.nonce(), &text, context.now(), &home)?;
        }
        if args.register {
            register(bound, (&statement, &own), as_of, &home, context)?;
        }
    }
    let mut members = report(&judged, &cards, decision, as_of);
    let mut human = lines(&judged, decision);
    if let (Some((since, entry)), Some(members)) = (stolen, members.as_object_mut()) {
        let since = since.to_string();
        human.push_str(&format!(
            "the holder's key was reported compromised since {since}, by entry {entry}: whoever had it could make this (INK-3154)\n"
        ));
        members.insert("reported".to_owned(), json!({ "since": since, "entry": entry }));
    }
    let mut stated_here = None;
    if let Some(bound) = bound.filter(|_| args.state) {
        let text = stated(entry, bound, &statement, (args, as_of));
        if args.out.path().is_none() {
            stated_here = Some(text.clone());
        }
        human = context.deliver(format!("{text:#}\n"), args.out.path())?;
    }
    let outcome = Outcome::new("inkan-card-check/1", human, members).exit(exit);
    Ok(match stated_here {
        Some(evidence) => outcome.with("evidence", evidence),
        None => outcome,
    })
}

/// A report that the DID's key was in other hands by the time that the statement names, where the ledger is at hand: of when a statement
/// is, it is only its maker who says so.
fn reported(
    statement: &BindingStatement,
    home: &Home,
    context: &Context,
) -> Result<Option<(Timestamp, u64)>, Failure> {
    let is_on_ledger = Did::parse(statement.did()).is_ok_and(|did| did.scid().is_some());
    let reading = if is_on_ledger { Reading::open_if_any(home, context)? } else { None };
    let Some(reading) = reading else { return Ok(None) };
    let key = (statement.did(), statement.vm());
    let latest = statement.iat().plus_seconds(tolerance::EVIDENCE_CLOCKS);
    let found = look_for_reports(&reading, key, (home, context))?.into_iter();
    Ok(found.filter(|(since, _)| *since <= latest).min())
}

fn proofer_of(entry: &Value) -> Option<String> {
    let only = entry.as_array().and_then(|list| list.first()).unwrap_or(entry);
    only.pointer("/proofer/id").and_then(Value::as_str).map(str::to_owned)
}

/// The one card signature in an entry. What the issuer would fill in is filled in.
fn parts(entry: &mut Value) -> Result<(BindingStatement, Item, Proof), &'static str> {
    if let [only] = entry.as_array().map_or(&[][..], Vec::as_slice) {
        *entry = only.clone();
    }
    let text = entry.pointer("/evidence/0/proofs/0/statement").and_then(Value::as_str);
    let statement = text.and_then(|text| BindingStatement::parse(text.as_bytes()).ok());
    let statement = statement.ok_or("no binding statement in it, or none that can be read")?;
    if entry.pointer("/proofer/id").is_none() {
        let members = entry.as_object_mut().ok_or("it is no proofing evidence")?;
        let proofer = members.entry("proofer").or_insert_with(|| json!({ "agent": "automated" }));
        let proofer = proofer.as_object_mut().ok_or("its proofer is no object")?;
        proofer.insert("id".to_owned(), statement.aud().into());
    }
    let event = ProofingEvidence::parse(entry).map_err(|_| "it is no proofing evidence")?;
    let [item] = <[Item; 1]>::try_from(event.evidence).map_err(|_| "it has several items")?;
    let [proof] = <[Proof; 1]>::try_from(item.proofs.clone()).map_err(|_| "several proofs")?;
    if proof.kind != ProofKind::CmsJpki || proof.value.is_none() {
        return Err("the card's signature is not disclosed");
    }
    Ok((statement, item, proof))
}

/// Whether this profile made the nonce, or would have had to.
struct Asker {
    is_asker: bool,
    record: Option<NonceRecord>,
}

impl Asker {
    fn of(statement: &BindingStatement, home: &Home) -> Result<Self, Failure> {
        let aud = statement.aud();
        let record: Option<NonceRecord> =
            home.profile.find(&request::file_name(statement.nonce()))?;
        let all = home.profile.all::<NonceRecord>()?;
        let mut dids = home.profile.all::<OwnDid>()?.into_iter();
        let is_asker = record.is_some()
            || all.iter().any(|(_, other)| other.audience.as_deref() == Some(aud))
            || dids.any(|(_, own)| own.did == aud);
        // A nonce that was made for one audience is none for another.
        let fits = |record: &NonceRecord| record.audience.as_deref().is_none_or(|own| own == aud);
        Ok(Self { is_asker, record: record.filter(fits) })
    }

    /// The nonces that count, if it is for this profile to say: answered in time, once, by a statement that is no older.
    fn nonces(
        &self,
        statement: &BindingStatement,
        replay: bool,
        as_of: Timestamp,
    ) -> Option<Vec<String>> {
        let open = |record: &&NonceRecord| {
            let answered = record.used_at.unwrap_or(as_of);
            (replay || record.used_at.is_none())
                && verify::cards::in_time(record, answered)
                && verify::cards::in_time(record, statement.iat())
        };
        let nonces = self.record.iter().filter(open).map(|record| record.nonce.clone());
        self.is_asker.then(|| nonces.collect())
    }
}

fn judge(
    entry: &Value,
    (statement, item, proof, cms): (&BindingStatement, &Item, &Proof, &[u8]),
    proofer: Option<&str>,
    (jpki, as_of): (&Jpki, Timestamp),
) -> Judgement {
    let text = |place: &str| entry.pointer(place).and_then(Value::as_str);
    let bytes = statement.to_bytes();
    let did_signature = proof.did_signature.as_deref();
    let whole = BindingProof { statement: &bytes, cms, did_signature };
    // Whom the evidence is about, if it says so; an issuer says whose credential it becomes.
    let terms = BindingTerms {
        did: text("/subject/holder").unwrap_or_else(|| statement.did()),
        jkt: text("/subject/jkt").unwrap_or_else(|| statement.jkt()),
        proofer,
        document: &item.document_details.kind,
    };
    check_binding(&whole, &terms, jpki, as_of)
}

fn verdict(judged: &Judgement) -> (u8, &'static str) {
    if judged.bound().is_some() {
        return (0, "accept");
    }
    if judged.is_undetermined() {
        return (CANNOT_TELL, "undetermined");
    }
    let failed = judged.checks().iter().find_map(|(_, outcome)| match outcome {
        StepOutcome::Fail(code) => Some(code.code()),
        StepOutcome::Pass | StepOutcome::Unknown(_) | StepOutcome::Skipped => None,
    });
    let exit = failed.and_then(catalogue::find).map_or(CHANGED, |entry| entry.exit);
    (if exit == 0 { CHANGED } else { exit }, "reject")
}

fn register(
    bound: &Bound,
    (statement, own): (&BindingStatement, &Asker),
    at: Timestamp,
    home: &Home,
    context: &Context,
) -> Result<(), Failure> {
    let fits = own.is_asker
        && bound.certificate == Certificate::UserAuthentication
        && bound.revocation == Revocation::Good;
    if !fits {
        return Err(CliError::CardNotForLogins.into());
    }
    let holder = statement.did().to_owned();
    let card = RegisteredCard { holder, certificate: bound.certificate_digest, at };
    cards::register(&home.profile, &card)?;
    context.speech.say("registered: logins with this card count for this holder");
    Ok(())
}

/// What the steps are called, in reports.
const fn name(step: Step) -> &'static str {
    match step {
        Step::Statement => "statement",
        Step::Holder => "holder",
        Step::Nonce => "nonce",
        Step::CardSignature => "card-signature",
        Step::Timestamp => "timestamp",
        Step::Path => "path",
        Step::Signing => "signing",
        Step::Revocation => "revocation",
        Step::HolderSignature => "holder-signature",
    }
}

const fn word(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Pass => "pass",
        StepOutcome::Fail(_) => "fail",
        StepOutcome::Unknown(_) => "unknown",
        StepOutcome::Skipped => "skipped",
    }
}

fn code(outcome: StepOutcome) -> Option<&'static str> {
    match outcome {
        StepOutcome::Fail(code) | StepOutcome::Unknown(code) => Some(code.code()),
        StepOutcome::Pass | StepOutcome::Skipped => None,
    }
}

fn report(judged: &Judgement, cards: &Cards, decision: &str, as_of: Timestamp) -> Value {
    let check = |(step, outcome): &(Step, StepOutcome)| {
        let (check, status) = (name(*step), word(*outcome));
        let Some(code) = code(*outcome) else {
            return json!({ "check": check, "status": status });
        };
        let entry = catalogue::find(code);
        json!({
            "check": check, "status": status, "code": code,
            "number": entry.as_ref().map(|entry| entry.number.clone()),
            "remedy": entry.map(|entry| entry.remedy),
        })
    };
    let checks: Vec<Value> = judged.checks().iter().map(check).collect();
    let found = judged.bound().map(|bound| {
        let facts: Vec<&str> = bound.facts().into_iter().map(|fact| fact.as_str()).collect();
        json!({
            "certificate": certificate(bound), "policyOid": bound.policy, "facts": facts,
            "revocation": revocation(bound), "judgedAt": bound.judged_at.to_string(),
            "stampedAt": bound.stamped_at.map(|at| at.to_string()),
            "signingTime": bound.signing_time.to_string(), "iat": bound.iat.to_string(),
        })
    });
    json!({
        "decision": decision, "asOf": as_of.to_string(), "configuration": cards.config().id(),
        "checks": checks, "found": found,
    })
}

const fn certificate(bound: &Bound) -> &'static str {
    match bound.certificate {
        Certificate::Signing => "signing",
        Certificate::UserAuthentication => "user_authentication",
    }
}

const fn revocation(bound: &Bound) -> &'static str {
    match bound.revocation {
        Revocation::Good => "good",
        Revocation::Revoked => "revoked",
        Revocation::NotAtHand | Revocation::NotAnswered => "unknown",
    }
}

fn lines(judged: &Judgement, decision: &str) -> String {
    let mark = |outcome: StepOutcome| match outcome {
        StepOutcome::Pass => "✓",
        StepOutcome::Fail(_) => "✗",
        StepOutcome::Unknown(_) => "!",
        StepOutcome::Skipped => "-",
    };
    let row = |(step, outcome): &(Step, StepOutcome)| {
        let said = match code(*outcome).and_then(catalogue::find) {
            Some(entry) => format!("{} ({}): {}", entry.title, entry.number, entry.remedy),
            None => word(*outcome).to_owned(),
        };
        vec![mark(*outcome).to_owned(), name(*step).to_owned(), said]
    };
    let rows: Vec<Vec<String>> = judged.checks().iter().map(row).collect();
    let shown = judged.bound().map_or_else(String::new, |bound| {
        let facts: Vec<&str> = bound.facts().into_iter().map(|fact| fact.as_str()).collect();
        format!("shows {}\n", facts.join(", "))
    });
    let head = match decision {
        "accept" => "HOLDS",
        "undetermined" => "CANNOT TELL",
        _ => "DOES NOT HOLD",
    };
    format!("{head}\n{}{shown}", table(&["", "CHECK", "FOUND"], &rows))
}

/// The entry with what its proofer found, and without the card's signature if it is to stay here.
fn stated(
    mut entry: Value,
    bound: &Bound,
    statement: &BindingStatement,
    (args, as_of): (&JpkiCheckArgs, Timestamp),
) -> Value {
    let check = json!({
        "checkMethod": "esig", "time": as_of.to_string(), "result": "pass",
        "certificate": certificate(bound), "policyOid": bound.policy,
        "statementSha256": sha256(&[&statement.to_bytes()]).to_hex(),
        "revocation": {
            "status": revocation(bound), "checkedBy": statement.aud(), "checkedAt": as_of.to_string(),
        },
    });
    if let Some(item) = entry.pointer_mut("/evidence/0") {
        item["checkDetails"] = json!([check]);
    }
    if let Some(proof) = entry.pointer_mut("/evidence/0/proofs/0").filter(|_| args.withhold)
        && let Some(members) = proof.as_object_mut()
    {
        members.remove("value");
    }
    entry
}
