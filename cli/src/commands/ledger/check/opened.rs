//! What the opening of a receipt shows: which file or record its entry commits to (V11 of the ledger specification).

use std::path::Path;

use inkan_core::{Digest, sha256};
use inkan_io::files;
use inkan_ledger::{
    ANCHOR_ROOT, AnchorContent, Claims, DigestFormat, Opening, RECORD_ROOT, Receipt, ReceiptError,
    SignedEntry, VerifiedLeaf,
};
use serde_json::{Map, Value, json};

use super::super::record::batch::RECORD_LIMIT;
use crate::args::CheckArgs;
use crate::failure::{CliError, Failure};

/// What is said of it.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// A line, or nothing.
    pub(super) human: String,
    /// Members of the result.
    pub(super) members: Map<String, Value>,
}

/// Compares entry, opening and the file of `--file`, as far as each is there.
pub(super) fn judge(
    receipt: &Receipt,
    verified: &VerifiedLeaf,
    args: &CheckArgs,
) -> Result<Opened, Failure> {
    let artefact = args.artefact.as_deref().map(digest_of).transpose()?;
    let opening = receipt.opening();
    if opening.is_none() && artefact.is_none() {
        return Ok(Opened::default());
    }
    let entry = if verified.leaf().kind().is_signed() {
        verified.signed_entry()?
    } else {
        return Err(ReceiptError::OpeningInvalid.into());
    };
    let outcome = match (opening, &artefact) {
        (Some(opening), Some(artefact)) => {
            whole(opening, &entry, artefact)?;
            "pass"
        }
        (Some(opening), None) => {
            opening.check_entry(&entry)?;
            "not-checked"
        }
        (None, Some(artefact)) => {
            public(&entry, artefact)?;
            "pass"
        }
        (None, None) => "skipped",
    };
    Ok(told(opening, &entry, args, outcome))
}

fn told(
    opening: Option<&Opening>,
    entry: &SignedEntry,
    args: &CheckArgs,
    outcome: &'static str,
) -> Opened {
    let place = opening.and_then(|opening| opening.record.as_ref());
    let what = match (place, opening.map(|opening| opening.format)) {
        (Some(place), _) => {
            format!("record {} of {}", place.index.saturating_add(1), place.size)
        }
        (None, None | Some(DigestFormat::File)) => "a file".to_owned(),
        (None, Some(format)) => format!("something else than a file ({})", format.name()),
    };
    let by = entry.issuer();
    let mut human = match args.artefact.as_deref() {
        Some(file) => format!("  file   {file} is {what}, unchanged\n"),
        None if place.is_some() => {
            format!("  file   {what} by its own word: --file RECORD compares it\n")
        }
        None => format!("  file   {what}, not at hand\n"),
    };
    human.push_str(&format!("  by     {by}, as the entry says\n"));
    let mut members = Map::new();
    members.insert("opening".to_owned(), outcome.into());
    members.insert("registrant".to_owned(), by.as_str().into());
    if let Some(place) = place {
        members.insert("record".to_owned(), json!({ "index": place.index, "size": place.size }));
    }
    Opened { human, members }
}

fn digest_of(file: &str) -> Result<Digest, Failure> {
    Ok(sha256(&[&files::read(Path::new(file), RECORD_LIMIT)?]))
}

fn whole(opening: &Opening, entry: &SignedEntry, artefact: &Digest) -> Result<(), Failure> {
    match opening.format {
        DigestFormat::File | DigestFormat::Record => Ok(opening.check(entry, artefact, None)?),
        DigestFormat::Jws
        | DigestFormat::Cose
        | DigestFormat::Di
        | DigestFormat::DiProof
        | DigestFormat::DiSd => {
            let usage = "--file compares files and records; this receipt is of a credential or an act: inkan verify";
            Err(CliError::Usage(usage.to_owned()).into())
        }
    }
}

/// Without an opening: an anchor may show the digest to everybody.
fn public(entry: &SignedEntry, artefact: &Digest) -> Result<(), Failure> {
    if let Claims::Anchor(anchor) = entry.claims()
        && let AnchorContent::Public { digest, .. } = &anchor.content
        && ![RECORD_ROOT, ANCHOR_ROOT]
            .iter()
            .any(|root| anchor.media_type.eq_ignore_ascii_case(root))
    {
        return if digest == artefact { Ok(()) } else { Err(ReceiptError::DigestMismatch.into()) };
    }
    let message = "the receipt does not say how its entry opens to a file";
    Err(Failure::new(ReceiptError::OpeningInvalid.code(), message.to_owned()))
}
