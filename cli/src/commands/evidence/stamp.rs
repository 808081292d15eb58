//! `inkan evidence stamp`: proofs over the whole of an entry of evidence, put into each of its items.
//!
//! Data flow: evidence → what it says, without tokens and seals → token or seal, verified here → evidence that `inkan issue` takes. Order does not matter:
//! none of them is over another.

use std::path::Path;

use inkan_core::{encoding, sha256, tolerance};
use inkan_credential::bundle::SealForm;
use inkan_evidence::model::ProofingEvidence;
use inkan_evidence::x5c::IssuerAnchors;
use inkan_evidence::{cms, covered};
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use inkan_issuer::{Parties, complete_evidence, identify_evidence};
use inkan_verifier::CertificateChecker as _;
use serde_json::{Value, json};

use super::super::issue::subject_key;
use super::super::{eseal, timestamp};
use crate::args::EvidenceStampArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;

pub(super) fn run(args: &EvidenceStampArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let nothing = args.tsa.is_none() && args.token.is_none() && args.seal.is_none();
    if nothing && args.statement_out.is_none() {
        let usage = "name an authority with --tsa, a token with --token, a seal with --seal, or a file with --statement-out";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    context.check_out(&args.out)?;
    context.check_file(args.statement_out.as_deref(), args.out.existing())?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let malformed = |detail: String| {
        Failure::from(CliError::InputMalformed { file: input.name.clone(), detail })
    };
    let mut whole = inkan_core::json::parse(&input.bytes, inkan_core::limits::DOCUMENT)
        .map_err(|error| malformed(error.to_string()))?;
    let entry = chosen(&mut whole, args.entry).map_err(|detail| malformed(detail.to_owned()))?;
    *entry = match &args.to {
        Some(to) => completed(entry, (args.from.as_deref(), to), &home, context)?,
        // What is issued has an id, and the proofs are over it.
        None => identify_evidence(entry, &mut OsRng)?,
    };
    ProofingEvidence::parse(entry).map_err(|error| malformed(error.to_string()))?;
    let statement = covered(entry).ok_or_else(|| malformed("no canonical form".to_owned()))?;
    let digest = sha256(&[&statement]);
    let proofs = match &args.statement_out {
        Some(path) => {
            files::write_atomic(Path::new(path), &statement, Access::Private)?;
            context.speech.say(&format!("wrote {path}; its SHA-256 is {}", digest.to_hex()));
            Vec::new()
        }
        None => proofs(args, &statement, &home, context)?,
    };
    let kinds: Vec<Value> = proofs.iter().map(|proof| proof["kind"].clone()).collect();
    put_in(entry, &proofs);
    let members = json!({ "kinds": kinds, "sha256": digest.to_hex(), "out": args.out.path() });
    let human = context.deliver(format!("{whole:#}\n"), args.out.path())?;
    let outcome = Outcome::new("inkan-stamped-evidence/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("evidence", whole) })
}

/// The entry as it will stand in the credential: what the file leaves out is drawn and filled in now, so that the proofs are over it.
fn completed(
    entry: &Value,
    (from, to): (Option<&str>, &str),
    home: &Home,
    context: &Context,
) -> Result<Value, Failure> {
    let own = identity::own(home, from)?;
    let subject = identity::any(Some(home), to)?;
    let key = subject_key(&subject, home, context)?.map(|key| key.thumbprint());
    let parties =
        Parties { issuer: &own.did, subject: Some(subject.as_str()), subject_key: key.as_deref() };
    Ok(complete_evidence(entry, &parties, &mut OsRng)?)
}

/// One entry of a file of evidence, which is one or a list.
fn chosen(whole: &mut Value, number: Option<usize>) -> Result<&mut Value, &'static str> {
    if whole.is_object() {
        let is_it = number.is_none_or(|number| number == 1);
        return if is_it { Ok(whole) } else { Err("there is no such entry") };
    }
    let entries = whole.as_array_mut().ok_or("evidence is one JSON object, or a list of them")?;
    let place = match number {
        Some(number) => number.checked_sub(1),
        None if entries.len() == 1 => Some(0),
        None => return Err("there is not one entry of evidence: say which with --entry"),
    };
    place.and_then(|place| entries.get_mut(place)).ok_or("there is no such entry")
}

/// The proofs that were asked for, each verified.
fn proofs(
    args: &EvidenceStampArgs,
    statement: &[u8],
    home: &Home,
    context: &Context,
) -> Result<Vec<Value>, Failure> {
    let digest = sha256(&[statement]);
    let mut out = Vec::new();
    let found = match (&args.tsa, &args.token) {
        (Some(url), _) => {
            let (token, question) = timestamp::asked(url, digest)?;
            Some((url, token, Some(question)))
        }
        (None, Some(path)) => Some((path, timestamp::token_in(path)?, None)),
        (None, None) => None,
    };
    if let Some((whence, token, question)) = found {
        let terms = (&digest, question.as_ref());
        let (authority, stamp) = timestamp::accepted(&token, terms, &timestamp::anchors(home)?)
            .map_err(|failure| failure.during(whence))?;
        if stamp.earliest > context.now().plus_seconds(tolerance::LEDGER_FUTURE) {
            let message = format!("{whence}: the stamp is of {}, which is to come", stamp.earliest);
            return Err(Failure::new("times-disagree", message));
        }
        context.speech.say(&format!("{authority} saw it by {}", stamp.latest));
        out.push(proof("rfc3161", &token));
    }
    if let Some(path) = &args.seal {
        let bytes = files::read(Path::new(path), cms::LIMIT)?;
        let sealed = IssuerAnchors::default().seal(&SealForm::Cms(bytes.clone()), statement)?;
        let time = sealed.signing_time.unwrap_or_else(|| context.now());
        eseal::hold(&sealed.chain, home, time, context)?;
        out.push(proof("eseal", &bytes));
    }
    Ok(out)
}

fn proof(kind: &str, bytes: &[u8]) -> Value {
    json!({ "kind": kind, "sha256": sha256(&[bytes]).to_hex(), "value": encoding::b64(bytes) })
}

/// Into each item: what is over all of the entry speaks for each.
fn put_in(entry: &mut Value, proofs: &[Value]) {
    let items = entry.get_mut("evidence").and_then(Value::as_array_mut);
    for members in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        let list = members.entry("proofs").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.extend(proofs.iter().cloned());
        }
    }
}
