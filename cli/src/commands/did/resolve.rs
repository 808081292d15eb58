//! `inkan did resolve`: the document of a DID, from a file, the ledger, the cache or the network.
//!
//! A version selector is obeyed or refused, never ignored.

use std::path::Path;

use inkan_core::{Timestamp, limits};
use inkan_crypto::PublicKey;
use inkan_did::webvh::{Head, History, document_url, witness_url};
use inkan_did::{Did, DidDocument, DidUrl, Method, VersionSelector, resolve_self_contained};
use inkan_io::files::{self, Access};
use inkan_io::http::{self, HttpLimits};
use inkan_io::ledger_source::LedgerPlace;
use serde_json::{Value, json};

use crate::args::{DidForm, ResolveArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers::{Reading, did_log};
use crate::output::Outcome;
use crate::render::safe;

pub(super) fn run(args: &ResolveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_if_any()?;
    let (did, mut selectors) = subject(args, home.as_ref())?;
    if let Some(at) = &args.at {
        selectors.push(VersionSelector::Time(parse_time(at)?));
    }
    if let Some(id) = &args.version_id {
        selectors.push(VersionSelector::Id(id.clone()));
    }
    if did.method() != Method::Webvh {
        return self_contained(&did, &selectors, args);
    }
    let (history, source) = match &args.log {
        Some(path) => (from_file(path, &did, context.now())?, path.clone()),
        None => find_history(&did, home.as_ref(), Reach::of(args.offline), context)?,
    };
    let head = history.select(&selectors)?;
    context.speech.detail(&format!("version {} from {source}", head.version_id()));
    let mut members = resolution(head, &history, &source);
    if let (true, Some(members)) = (args.proof, members.as_object_mut()) {
        members.insert("proof".to_owned(), prove(&did, head, home.as_ref(), context)?);
    }
    let human = match args.form {
        DidForm::DidJson if !args.proof => format!("{:#}\n", head.document().value()),
        DidForm::DidJson | DidForm::Resolution => format!("{members:#}\n"),
        DidForm::DidJsonl => log_text(args, &did, home.as_ref(), context)?,
    };
    Ok(Outcome::new("inkan-did-resolution/1", human, members))
}

/// Who may be asked about a DID.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// Nothing leaves this machine.
    Nobody,
    /// The profile's ledger, also behind a URL.
    Ledger,
    /// The ledger, and the DID's own host.
    Anyone,
}

impl Reach {
    /// What `--offline` means.
    pub(super) const fn of(offline: bool) -> Self {
        if offline { Self::Nobody } else { Self::Anyone }
    }
}

/// The DID, and the version its own query names.
fn subject(
    args: &ResolveArgs,
    home: Option<&Home>,
) -> Result<(Did, Vec<VersionSelector>), Failure> {
    if args.did.contains('?') {
        let url = DidUrl::parse(&args.did)?;
        return Ok((url.did().clone(), url.version_selectors()?));
    }
    Ok((identity::any(home, &args.did)?, Vec::new()))
}

fn self_contained(
    did: &Did,
    selectors: &[VersionSelector],
    args: &ResolveArgs,
) -> Result<Outcome, Failure> {
    if !selectors.is_empty() || args.log.is_some() || args.proof {
        let detail = "a DID of this method has one version, no log and no record".to_owned();
        return Err(CliError::InputMalformed { file: did.as_str().to_owned(), detail }.into());
    }
    let document = resolve_self_contained(did)?;
    let members = json!({
        "didDocument": document.value(), "didDocumentMetadata": {},
        "didResolutionMetadata": { "contentType": "application/did", "source": "the DID itself" },
    });
    Ok(Outcome::new("inkan-did-resolution/1", format!("{:#}\n", document.value()), members))
}

fn resolution(head: &Head, history: &History, source: &str) -> Value {
    let first = history.versions().first().map(|first| first.time().to_string());
    json!({
        "didDocument": head.document().value(),
        "didDocumentMetadata": {
            "created": first, "updated": head.time().to_string(),
            "versionId": head.version_id(), "versionNumber": head.number(),
            "versions": history.versions().len(), "deactivated": head.deactivated(),
        },
        "didResolutionMetadata": { "contentType": "application/did", "source": source },
    })
}

/// Receipts of the versions up to `head`, and the proof which one is the newest now.
fn prove(did: &Did, head: &Head, home: Option<&Home>, context: &Context) -> Result<Value, Failure> {
    let home = home.ok_or(CliError::ProfileMissing)?;
    let reading = Reading::open(home, context)?;
    let scid = did.scid().unwrap_or_default();
    let mut receipts = Vec::new();
    let all = reading.homes_of(scid)?;
    // A move is shown by the receipts of both logs: those that it left come first.
    for home in all.iter().rev() {
        for (number, receipt) in (1..).zip(&home.entries) {
            if number <= head.number() {
                receipts.push(receipt.to_value());
            }
        }
    }
    let newest = all.first().map_or_else(|| reading.view(), |home| &home.view);
    let current = newest.did_current(scid)?.to_value();
    context.speech.detail(&format!("{} receipts", receipts.len()));
    Ok(json!({ "receipts": receipts, "current": current }))
}

fn log_text(
    args: &ResolveArgs,
    did: &Did,
    home: Option<&Home>,
    context: &Context,
) -> Result<String, Failure> {
    let text = match &args.log {
        Some(path) => read_log(Path::new(path))?.0,
        None => find_log(did, home, Reach::of(args.offline), context)?.0,
    };
    Ok(text)
}

/// The verified history of a DID and where it came from: the ledger folder, the cache, or its own host.
pub(super) fn find_history(
    did: &Did,
    home: Option<&Home>,
    reach: Reach,
    context: &Context,
) -> Result<(History, String), Failure> {
    if did.method() != Method::Webvh {
        let detail = "a DID of this method has no history".to_owned();
        return Err(CliError::InputMalformed { file: did.as_str().to_owned(), detail }.into());
    }
    let (log, witness, source) = find_log(did, home, reach, context)?;
    let history = History::verify(&log, witness.as_deref(), context.now())?;
    covering(history, did).map(|history| (history, source))
}

/// A log, what its witnesses say, and where it came from.
pub(super) type Log = (String, Option<String>, String);

pub(super) fn find_log(
    did: &Did,
    home: Option<&Home>,
    reach: Reach,
    context: &Context,
) -> Result<Log, Failure> {
    let scid = did.scid().unwrap_or_default();
    let at_hand = |home: &&Home| match &home.ledger {
        LedgerPlace::Folder(path) => path.is_dir(),
        LedgerPlace::Node(_) => reach != Reach::Nobody,
    };
    if let Some(home) = home.filter(at_hand) {
        let mut reading = Reading::open(home, context)?;
        if reach == Reach::Nobody {
            reading = reading.offline();
        }
        // A log that the DID has left knows its history up to then alone.
        let all = reading.homes_of(scid)?;
        let most = all.iter().max_by_key(|home| home.entries.len());
        if let Some(home) = most
            && let Some((log, witness)) = did_log(&home.entries)?
        {
            if let Some(elsewhere) = home.left_for() {
                context.speech.warn(&format!(
                    "it has moved to the log {}, which is not asked: what came later is not here; inkan ledger pin says where it is",
                    safe(&elsewhere, 80)
                ));
            }
            return Ok((log, witness, format!("ledger {}", home.source.origin())));
        }
    }
    let cached = context.folders.cache.join("dids").join(format!("{scid}.jsonl"));
    let url = document_url(did).unwrap_or_default();
    if reach != Reach::Anyone {
        return match files::read_optional(&cached, limits::DID_LOG)? {
            Some(bytes) => Ok((text_of(bytes, &cached)?, None, "the cache".to_owned())),
            None => Err(CliError::DidNotAtHand { did: did.as_str().to_owned() }.into()),
        };
    }
    let body = http::get(&url, &HttpLimits::of_size(limits::DID_LOG))?.body;
    let witness = witness_url(did)
        .and_then(|url| http::get(&url, &HttpLimits::of_size(limits::DID_LOG)).ok())
        .and_then(|fetched| String::from_utf8(fetched.body).ok());
    let text = text_of(body, Path::new(&url))?;
    if files::create_folder(&context.folders.cache.join("dids"), Access::Private).is_ok() {
        // A cache that cannot be written is no reason to fail.
        let _ = files::write_atomic(&cached, text.as_bytes(), Access::Private);
    }
    Ok((text, witness, url))
}

fn from_file(path: &str, did: &Did, now: Timestamp) -> Result<History, Failure> {
    let (log, witness) = read_log(Path::new(path))?;
    let history = History::verify(&log, witness.as_deref(), now)
        .map_err(|error| Failure::from(error).during(path))?;
    covering(history, did)
}

/// A log file, and `did-witness.json` beside it.
fn read_log(path: &Path) -> Result<(String, Option<String>), Failure> {
    let log = text_of(files::read(path, limits::DID_LOG)?, path)?;
    let beside = path.with_file_name("did-witness.json");
    let witness = files::read_optional(&beside, limits::DID_LOG)?
        .map(|bytes| text_of(bytes, &beside))
        .transpose()?;
    Ok((log, witness))
}

pub(super) fn covering(history: History, did: &Did) -> Result<History, Failure> {
    if history.covers(did) {
        return Ok(history);
    }
    let detail = format!("this is the log of {}", history.did());
    Err(CliError::InputMalformed { file: did.as_str().to_owned(), detail }.into())
}

fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, Failure> {
    let detail = "not UTF-8".to_owned();
    let file = path.display().to_string();
    Ok(String::from_utf8(bytes).map_err(|_| CliError::InputMalformed { file, detail })?)
}

/// Reads a time given on the command line.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, Failure> {
    let malformed = |error: inkan_core::time::TimeError| CliError::InputMalformed {
        file: text.to_owned(),
        detail: error.to_string(),
    };
    Ok(Timestamp::parse(text).map_err(malformed)?)
}

/// A key that any version of a DID lists, the newest first: for checks of cryptography alone.
pub(crate) fn key_of_any_version(
    url: &DidUrl,
    home: Option<&Home>,
    context: &Context,
) -> Option<PublicKey> {
    let key = |document: &DidDocument| document.method(url).map(|method| method.key.clone());
    if url.did().method() != Method::Webvh {
        return key(&resolve_self_contained(url.did()).ok()?);
    }
    let (history, _) = find_history(url.did(), home, Reach::Ledger, context).ok()?;
    history.versions().iter().rev().find_map(|version| key(version.document()))
}

/// The document of any DID as it is now, for whoever needs its keys.
pub(crate) fn document_now(
    did: &Did,
    home: &Home,
    context: &Context,
) -> Result<DidDocument, Failure> {
    if did.method() == Method::Webvh {
        let (history, _) = find_history(did, Some(home), Reach::Ledger, context)?;
        return Ok(history.latest().document().clone());
    }
    Ok(resolve_self_contained(did)?)
}
