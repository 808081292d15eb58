//! `inkan ledger check`: what does this file of a ledger prove, under the policies pinned here?
//!
//! A receipt in any of its forms (and whether its entry is signed by whom it names), a proof of the newest, a checkpoint, a promise, evidence, or the data folder of a ledger. Any other file is told what it is.

mod accuse;
mod cosed;
mod folder;
mod opened;
pub(super) mod signed;

pub(in crate::commands) use accuse::proven;

use std::fmt::Write as _;
use std::path::Path;

use inkan_core::{Digest, Timestamp, json as strict};
use inkan_io::files;
use inkan_ledger::evidence::{FORKS_TYPE, forks_from_value};
use inkan_ledger::receipt::TlogProof;
use inkan_ledger::{
    Checkpoint, CoseReceipt, CurrentProof, Evidence, Receipt, SignedNote, VerifiedCheckpoint,
    VerifiedLeaf, verify_checkpoint, verify_receipt,
};
use serde_json::json;

use super::newest;
use crate::args::CheckArgs;
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::{self, Reading};
use crate::output::Outcome;
use crate::render::report::moment;
use crate::render::{Mark, safe, with_article};

pub(super) fn run(args: &CheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    if let Some(path) = args.file.as_deref().map(Path::new).filter(|path| path.is_dir()) {
        if args.artefact.is_some() {
            let usage = "--file is compared with a receipt, and this is a folder";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
        return folder::run(path, args, context);
    }
    if args.deep {
        let usage = "--deep is for the data folder of a ledger: name the folder";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let now = context.now();
    let subject = subject(&input)?;
    if args.artefact.is_some() && !matches!(subject, Subject::Receipt(_)) {
        let usage = "--file is compared with a receipt, and this is none";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.leaf.is_some() && !matches!(subject, Subject::Proof(_) | Subject::Cose(_)) {
        let usage = "--leaf is the entry of a tlog-proof or of a COSE Receipt, and this is none";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let is_about = newest::is_asked(&args.newest) || args.newest.at.is_some();
    if is_about && !matches!(subject, Subject::Current(_)) {
        let usage = "--current, --act, --status, --trust, --once and --at are about a proof of the newest, and this is none";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let mut note = String::new();
    let subject = match subject {
        Subject::Proof(proof) => {
            let leaf = leaf_of(proof.path().leaf_index, args, &home, context)?;
            Subject::Receipt(Box::new(Receipt::new(leaf, proof.path(), proof.note())))
        }
        Subject::Cose(cose) => {
            let (receipt, said) = cosed::joined(&cose, &input, args, (&home, context))?;
            note = said;
            Subject::Receipt(Box::new(receipt))
        }
        other @ (Subject::Receipt(_)
        | Subject::Checkpoint(_)
        | Subject::Current(_)
        | Subject::Promise(_)
        | Subject::Evidence(_)) => other,
    };
    match subject {
        Subject::Receipt(receipt) => {
            let verified =
                ledgers::verify_pinned(&home, |policy| verify_receipt(&receipt, policy, now))
                    .map_err(|failure| failure.during(&input.name))?;
            demand(args.root.as_deref(), verified.root_hash().digest())?;
            let opened = opened::judge(&receipt, &verified, args)
                .map_err(|failure| failure.during(&input.name))?;
            let entry = signed::Signed {
                origin: verified.origin(),
                index: verified.leaf_index(),
                leaf: verified.leaf(),
            };
            let entry = entry.judge(args, (&home, context));
            let entry = entry.map_err(|failure| failure.during(&input.name))?;
            Ok(of_receipt(&verified, opened, (&entry, &note)))
        }
        Subject::Checkpoint(note) => {
            let verified =
                ledgers::verify_pinned(&home, |policy| verify_checkpoint(&note, policy, now))
                    .map_err(|failure| failure.during(&input.name))?;
            demand(args.root.as_deref(), verified.head().root_hash.digest())?;
            Ok(of_checkpoint(&verified, now))
        }
        Subject::Proof(_) | Subject::Cose(_) => {
            Err(CliError::Fault("a proof without its entry".to_owned()).into())
        }
        Subject::Current(proof) => {
            let outcome = newest::check(&proof, &input, args, (&home, context))?;
            let head = Checkpoint::parse_text(proof.epoch().note().text());
            if let Ok(head) = head {
                demand(args.root.as_deref(), head.head().root_hash.digest())?;
            }
            Ok(outcome)
        }
        Subject::Promise(text) => accuse::promise(&text, &input, args, &home, context),
        Subject::Evidence(evidence) => accuse::evidence(&evidence, &input, &home, context),
    }
}

/// Exit code of an alarm.
const ALARM: u8 = 18;

/// The ledger, where it can be asked; one that shows another history than before is an alarm all the same.
fn at_hand(home: &Home, context: &Context) -> Result<Option<Reading>, Failure> {
    match Reading::open(home, context) {
        Ok(reading) => Ok(Some(reading)),
        Err(failure) if failure.exit() == ALARM => Err(failure),
        Err(_) => Ok(None),
    }
}

/// The entry of a proof that does not have it with it: from a file, else from the ledger, and believed as far as it is proved.
fn leaf_of(
    index: u64,
    args: &CheckArgs,
    home: &Home,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    if let Some(file) = &args.leaf {
        return Ok(files::read(Path::new(file), LEAF_LIMIT)?);
    }
    let reading = Reading::open(home, context)?;
    let unknown = || CliError::EntryUnknown { entry: index.to_string() };
    if index >= reading.view().size() {
        return Err(unknown().into());
    }
    let (start, leaves) = reading.view().bundle(index)?;
    let place = usize::try_from(index.saturating_sub(start)).map_err(|_| unknown())?;
    Ok(leaves.into_iter().nth(place).ok_or_else(unknown)?)
}

/// The largest leaf in bytes (§2.1).
const LEAF_LIMIT: usize = 65_535;

/// What a file is.
enum Subject {
    Receipt(Box<Receipt>),
    Proof(Box<TlogProof>),
    Cose(Box<CoseReceipt>),
    Current(Box<CurrentProof>),
    Checkpoint(SignedNote),
    Promise(String),
    /// More than one where a node says all that it has of a DID.
    Evidence(Vec<Evidence>),
}

fn subject(input: &Input) -> Result<Subject, Failure> {
    let other = |what| Failure::from(CliError::NotOfLedger { file: input.name.clone(), what });
    if let Ok(value) = strict::parse(&input.bytes, inkan_core::limits::BUNDLE) {
        return match strict::text(&value, "type").unwrap_or_default() {
            "inkan-receipt/1" => Receipt::parse(&input.bytes)
                .map(|receipt| Subject::Receipt(Box::new(receipt)))
                .map_err(|error| Failure::from(error).during(&input.name)),
            "inkan-evidence/1" => Evidence::from_value(&value)
                .map(|evidence| Subject::Evidence(vec![evidence]))
                .map_err(|error| Failure::from(error).during(&input.name)),
            FORKS_TYPE => forks_from_value(&value)
                .map(Subject::Evidence)
                .map_err(|error| Failure::from(error).during(&input.name)),
            "inkan-bundle/1" => {
                let verify = format!("inkan verify {}", input.name);
                Err(other("a bundle, with receipts inside").try_this("verify all of it", verify))
            }
            "inkan-anchor-proof/1" => {
                let check = format!("inkan anchor check RECORD --proof {}", input.name);
                let what = "the proof of an anchored record";
                Err(other(what).try_this("check the record with it", check))
            }
            "inkan-current/1" => CurrentProof::from_value(&value)
                .map(|proof| Subject::Current(Box::new(proof)))
                .map_err(|error| Failure::from(error).during(&input.name)),
            _ => Err(other("JSON, and no file of a ledger")),
        };
    }
    // The tag of a COSE_Sign1.
    if input.bytes.first() == Some(&0xd2) {
        return CoseReceipt::parse(&input.bytes)
            .map(|receipt| Subject::Cose(Box::new(receipt)))
            .map_err(|error| Failure::from_error(error.code(), &error).during(&input.name));
    }
    let Ok(text) = std::str::from_utf8(&input.bytes) else {
        return Err(other("no text, and no file of a ledger"));
    };
    if text.starts_with("c2sp.org/tlog-proof@v1\n") {
        return TlogProof::parse(text)
            .map(|proof| Subject::Proof(Box::new(proof)))
            .map_err(|error| Failure::from(error).during(&input.name));
    }
    if text.starts_with("inkan-promise/v1\n") {
        return Ok(Subject::Promise(text.to_owned()));
    }
    match SignedNote::parse(text) {
        Ok(note) if Checkpoint::parse_text(note.text()).is_ok() => Ok(Subject::Checkpoint(note)),
        Ok(_) => Err(other("a signed note, and no checkpoint")),
        Err(_) => Err(other("no file of a ledger")),
    }
}

/// Refuses another root than the one demanded.
fn demand(root: Option<&str>, found: &Digest) -> Result<(), Failure> {
    let Some(wanted) = root else { return Ok(()) };
    let read = Digest::from_hex(wanted).or_else(|_| Digest::from_b64u(wanted));
    let Ok(read) = read else {
        let usage = "--root takes a root hash of 32 bytes, in base64url or hexadecimal";
        return Err(CliError::Usage(usage.to_owned()).into());
    };
    if read == *found {
        Ok(())
    } else {
        Err(CliError::RootMismatch { found: found.to_hex() }.into())
    }
}

fn of_receipt(
    verified: &VerifiedLeaf,
    opened: opened::Opened,
    (entry, note): (&signed::Judged, &str),
) -> Outcome {
    let leaf = verified.leaf();
    let head = verified.checkpoint();
    let when = when(head).unwrap_or_else(|| {
        format!("there at {} by the operator's word alone", moment(&leaf.time().to_string()))
    });
    let mut human = format!(
        "{} entry {} of {} in {}: {} entry, {when}\n",
        Mark::Pass.painted(),
        verified.leaf_index(),
        verified.tree_size(),
        verified.origin(),
        with_article(leaf.kind().name()),
    );
    human.push_str(&rest(head));
    human.push_str(&opened.human);
    human.push_str(note);
    human.push_str(&entry.line());
    human.push_str("  what the entry says was not judged: inkan verify does that\n");
    let mut members = members(head);
    members.insert("index".to_owned(), verified.leaf_index().into());
    members.insert("kind".to_owned(), leaf.kind().name().into());
    let leaf_time = json!({ "time": leaf.time().to_string(), "basis": "claimed" });
    members.insert("leafTime".to_owned(), leaf_time);
    members.insert("file".to_owned(), "receipt".into());
    members.insert("entry".to_owned(), entry.word().into());
    members.extend(opened.members);
    Outcome::new("inkan-ledger-check/1", human, members.into())
}

fn of_checkpoint(head: &VerifiedCheckpoint, now: Timestamp) -> Outcome {
    let when = when(head).unwrap_or_else(|| "nobody but the operator vouches for it".to_owned());
    let mut human = format!(
        "{} checkpoint of {} entries of {}: {when}\n",
        Mark::Pass.painted(),
        head.head().tree_size,
        head.origin(),
    );
    human.push_str(&rest(head));
    if let Some(fresh) = head.fresh_at() {
        let age = super::status::ago(now.seconds_since(fresh).max(0));
        let _ = writeln!(human, "  fresh  {}, {age} ago", moment(&fresh.to_string()));
    }
    let mut members = members(head);
    members.insert("file".to_owned(), "checkpoint".into());
    Outcome::new("inkan-ledger-check/1", human, members.into())
}

fn when(head: &VerifiedCheckpoint) -> Option<String> {
    head.existed_by().map(|time| format!("there by {}", moment(&time.to_string())))
}

pub(super) fn rest(head: &VerifiedCheckpoint) -> String {
    let operators =
        super::status::operators(head).unwrap_or_else(|| "no independent cosigner".to_owned());
    let root = head.head().root_hash.digest().to_hex();
    let mut lines = format!("  root   {root}\n  time   {} ({operators})\n", head.grades());
    for name in head.not_checked() {
        let name = safe(name, 100);
        let _ = writeln!(lines, "  {name} was not checked: {}", super::status::NO_ANCHOR);
    }
    lines
}

pub(super) fn members(head: &VerifiedCheckpoint) -> serde_json::Map<String, serde_json::Value> {
    let value = json!({
        "origin": head.origin(), "size": head.head().tree_size,
        "root": head.head().root_hash.digest().to_hex(),
        "existedBy": head.existed_by().map(|time| time.to_string()),
        "freshAt": head.fresh_at().map(|time| time.to_string()),
        "grade": head.grades().list().iter().map(ToString::to_string).collect::<Vec<_>>(), "operators": head.operators(),
        "notChecked": head.not_checked(),
    });
    value.as_object().cloned().unwrap_or_default()
}
