//! `inkan timestamp`: tokens of timestamp authorities (RFC 3161) over a bundle, asked for or brought along, and put into it.
//!
//! A token is verified under a pinned certificate before it is put in. To stamp again is to renew: the newer token is over the older.

use std::collections::BTreeSet;
use std::path::Path;

use inkan_core::{Digest, encoding, sha256, tolerance};
use inkan_credential::Bundle;
use inkan_credential::bundle::{BundleTimestamp, COVERS, Cover, TIMESTAMPS};
use inkan_evidence::tsa::{self, ANSWER_LIMIT, Anchors, TimestampError, TimestampRequest};
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use inkan_io::{pinned, timestamping};
use inkan_ledger::{StampInterval, TimestampChecker as _};
use serde_json::{Value, json};

use crate::args::{StampScope, TimestampArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::wallet;

pub(super) fn run(args: &TimestampArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.tsa.is_empty() && args.tokens.is_empty() && args.request_out.is_none() {
        let usage =
            "name an authority with --tsa, a token with --token, or a file with --request-out";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    context.check_out(&args.out)?;
    context.check_file(args.request_out.as_deref(), args.out.existing())?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    add_revocations(&mut bundle, args)?;
    let covers = match args.over {
        StampScope::Bundle => bundle.items(),
        StampScope::Credential => bundle.signed_items(),
    };
    let wanted = args.tsa.len().saturating_add(args.tokens.len());
    check_room(&bundle, &covers, wanted, &input.name)?;
    let imprint = sha256(&[&BundleTimestamp::statement_of(&covers)]);
    let texts: Vec<String> = covers.iter().map(Cover::to_text).collect();
    let mut members = json!({ "imprint": imprint.to_hex(), "covers": texts, "stamps": [] });
    if let Some(path) = &args.request_out {
        let request = TimestampRequest::over(imprint, &mut OsRng).to_der()?;
        if !args.write.dry_run {
            files::write_atomic(Path::new(path), &request, Access::Private)?;
            let over = match args.over {
                StampScope::Bundle => "",
                StampScope::Credential => " --over credential",
            };
            context.speech.say(&format!(
                "wrote {path}; send it, and then: inkan timestamp {} --answer ANSWER{over} --out STAMPED",
                input.name
            ));
        }
        return Ok(Outcome::new("inkan-timestamp-request/1", String::new(), members));
    }
    if args.write.dry_run {
        let human = format!("would stamp {} items, SHA-256 {}\n", covers.len(), imprint.to_hex());
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let anchors = anchors(&home)?;
    let mut stamps = Vec::new();
    for (whence, token, question) in tokens(args, imprint)? {
        let asked = question.is_some();
        let (authority, stamp) = match accepted(&token, (&imprint, question.as_ref()), &anchors) {
            Ok(accepted) => accepted,
            Err(failure) if asked => return Err(failure.during(&whence)),
            Err(failure) => {
                return Err(of_file(failure, whence, (&token, &anchors), (&bundle, args)));
            }
        };
        stamps.push(put_in(&mut bundle, (&covers, token), (&whence, &authority, stamp), context)?);
    }
    let human = context.deliver(wallet::written(&bundle, false), args.out.path())?;
    if let Some(members) = members.as_object_mut() {
        members.insert("stamps".to_owned(), Value::Array(stamps));
        members.insert("out".to_owned(), json!(args.out.path()));
    }
    let outcome = Outcome::new("inkan-timestamp-added/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("bundle", bundle.to_value()) })
}

/// Has authorities stamp everything that a bundle holds now, earlier stamps included: these are renewed by it.
pub(super) fn renew(
    bundle: &mut Bundle,
    urls: &[String],
    (home, name): (&Home, &str),
    context: &Context,
) -> Result<Vec<Value>, Failure> {
    let anchors = anchors(home)?;
    let mut stamps = Vec::new();
    for url in urls {
        let covers = bundle.items();
        check_room(bundle, &covers, 1, name)?;
        let imprint = sha256(&[&BundleTimestamp::statement_of(&covers)]);
        let (token, question) = asked(url, imprint)?;
        let (authority, stamp) = accepted(&token, (&imprint, Some(&question)), &anchors)
            .map_err(|failure| failure.during(url))?;
        stamps.push(put_in(bundle, (&covers, token), (url, &authority, stamp), context)?);
    }
    Ok(stamps)
}

pub(super) fn anchors(home: &Home) -> Result<Anchors, Failure> {
    let pins = pinned::load(&home.profile)?;
    Ok(pinned::time_anchors(&pins, home.profile.anchors()?)?)
}

/// Puts a token in that an authority made, and says so.
fn put_in(
    bundle: &mut Bundle,
    (covers, token): (&BTreeSet<Cover>, Vec<u8>),
    (whence, authority, stamp): (&str, &str, StampInterval),
    context: &Context,
) -> Result<Value, Failure> {
    if stamp.earliest > context.now().plus_seconds(tolerance::LEDGER_FUTURE) {
        let message = format!("{whence}: the stamp is of {}, which is to come", stamp.earliest);
        return Err(Failure::new("times-disagree", message));
    }
    context.speech.say(&format!("{authority} saw it by {}", stamp.latest));
    let entry = BundleTimestamp::new(covers.clone(), token);
    if !bundle.timestamps.contains(&entry) {
        bundle.timestamps.push(entry);
    }
    Ok(json!({
        "authority": authority, "existedBy": stamp.latest.to_string(),
        "notBefore": stamp.earliest.to_string(),
    }))
}

/// What is wrong with a token that somebody brought: a file that is none, or an answer to another question, is a mistake of
/// whoever typed the command, and says nothing of anybody's ledger.
fn of_file(
    failure: Failure,
    file: String,
    (token, anchors): (&[u8], &Anchors),
    (bundle, args): (&Bundle, &TimestampArgs),
) -> Failure {
    let detail = match failure.code() {
        code if code == TimestampError::Malformed.code() => {
            "this is neither the answer of a timestamp authority nor a token".to_owned()
        }
        code if code == TimestampError::Imprint.code() => {
            let (others, option) = match args.over {
                StampScope::Bundle => (bundle.signed_items(), "--over credential"),
                StampScope::Credential => (bundle.items(), "--over bundle"),
            };
            let imprint = sha256(&[&BundleTimestamp::statement_of(&others)]);
            if accepted(token, (&imprint, None), anchors).is_ok() {
                format!("it was asked for with {option}, and is put in with that")
            } else {
                "it is over other bytes: the file was changed since the request, or it answers another one".to_owned()
            }
        }
        _ => return failure.during(file),
    };
    CliError::InputMalformed { file, detail }.into()
}

/// Puts in what authorities say of certificates, so that it is stamped with the rest.
fn add_revocations(bundle: &mut Bundle, args: &TimestampArgs) -> Result<(), Failure> {
    for (kind, paths) in [("X509Crl", &args.crls), ("X509OcspResponse", &args.ocsp)] {
        for path in paths {
            let der = files::read(Path::new(path), inkan_evidence::path::LIMIT)?;
            let item = json!({ "type": kind, "der": encoding::b64u(&der) });
            if !bundle.evidence.contains(&item) {
                bundle.evidence.push(item);
            }
        }
    }
    Ok(())
}

/// A bundle has room for so many, and a stamp for so many items.
fn check_room(
    bundle: &Bundle,
    covers: &BTreeSet<Cover>,
    wanted: usize,
    name: &str,
) -> Result<(), Failure> {
    let full = bundle.timestamps.len().saturating_add(wanted) > TIMESTAMPS;
    let detail = if covers.is_empty() {
        "it holds nothing that could be stamped".to_owned()
    } else if covers.len() > COVERS {
        format!("it holds more than {COVERS} items")
    } else if full {
        format!("it would hold more than {TIMESTAMPS} timestamps")
    } else {
        return Ok(());
    };
    Err(CliError::InputMalformed { file: name.to_owned(), detail }.into())
}

/// A token, whence it comes, and the question that it must answer if it was asked for now.
type Found = (String, Vec<u8>, Option<TimestampRequest>);

/// The tokens in the files of `--token`, then those of the authorities.
fn tokens(args: &TimestampArgs, imprint: Digest) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for path in &args.tokens {
        found.push((path.clone(), token_in(path)?, None));
    }
    for url in &args.tsa {
        let (token, question) = asked(url, imprint)?;
        found.push((url.clone(), token, Some(question)));
    }
    Ok(found)
}

/// The token in a file: an answer holds a token; a token is none.
pub(super) fn token_in(path: &str) -> Result<Vec<u8>, Failure> {
    let bytes = files::read(Path::new(path), ANSWER_LIMIT)?;
    match tsa::token_of(&bytes) {
        Ok(token) => Ok(token),
        Err(TimestampError::Malformed) => Ok(bytes),
        Err(error) => Err(Failure::from(error).during(path)),
    }
}

/// What an authority answers.
pub(super) fn asked(url: &str, imprint: Digest) -> Result<(Vec<u8>, TimestampRequest), Failure> {
    let question = TimestampRequest::over(imprint, &mut OsRng);
    let answer = timestamping::ask(url, &question)?;
    let token = tsa::token_of(&answer).map_err(|error| Failure::from(error).during(url))?;
    Ok((token, question))
}

/// The pinned authority that made a token, and when.
pub(super) fn accepted(
    token: &[u8],
    (imprint, question): (&Digest, Option<&TimestampRequest>),
    anchors: &Anchors,
) -> Result<(String, StampInterval), Failure> {
    let mut last = TimestampError::AnchorUnknown;
    for (name, anchor) in anchors.pinned() {
        let judged = match question {
            Some(question) => question.accept_token(token, &anchor, anchors),
            None => tsa::verify_token(token, imprint, &anchor, anchors),
        };
        match judged {
            Ok(stamp) => return Ok((name, stamp)),
            // Somebody else's anchor says nothing; what is wrong with the token itself is said.
            Err(TimestampError::AnchorUnknown | TimestampError::Path)
                if last != TimestampError::AnchorUnknown => {}
            Err(error) => last = error,
        }
    }
    let failure = Failure::from(last);
    Err(match last {
        TimestampError::AnchorUnknown | TimestampError::Path => failure.try_this(
            "pin the certificate that vouches for the authority",
            "inkan trust pin urn:x509:tsa-anchor:NAME FILE",
        ),
        TimestampError::Malformed
        | TimestampError::Refused { .. }
        | TimestampError::Imprint
        | TimestampError::Nonce
        | TimestampError::Signer
        | TimestampError::Usage
        | TimestampError::Signature
        | TimestampError::Outlived => failure,
    })
}
