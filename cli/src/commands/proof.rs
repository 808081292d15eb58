//! `inkan proof add`, and `inkan proof check`: cryptography alone. No status, time, ledger or trust, and it says so.

mod add;

use std::fmt::Write as _;

use inkan_credential::Contexts;
use inkan_credential::bundle::read_any;
use inkan_credential::proof_check::{self, CheckedProof, Named, ProofOutcome, ProofReport};
use inkan_crypto::PublicKey;
use inkan_did::{DidUrl, published};
use inkan_evidence::x5c;
use inkan_io::pinned::{self, PinnedFile};
use serde_json::{Value, json};

use super::did::key_of_any_version;
use crate::args::ProofCommand;
use crate::catalogue;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::{Mark, safe};

pub(super) fn run(command: &ProofCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        ProofCommand::Check { file } => check(file.as_deref(), context),
        ProofCommand::Add(args) => add::run(args, context),
    }
}

fn check(file: Option<&str>, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_if_any()?;
    let input = context.input(file)?;
    let bare = bare_bytes(&input.bytes);
    let speech = context.speech;
    let context = &*context;
    let pins = match &home {
        Some(home) => pinned::load(&home.profile)?,
        None => Vec::new(),
    };
    let mut key_of = |named: Named<'_>| {
        let found = key_at_hand(named, &pins, home.as_ref(), context);
        match named {
            Named::Issuer { url, .. } if found.is_none() => {
                let place = published::metadata_of(url).unwrap_or_else(|| url.to_owned());
                speech.warn(&format!(
                    "{url} names no key that is at hand: pin what it publishes (inkan trust pin {place} FILE)"
                ));
            }
            Named::Method(method) if found.is_none() => {
                speech.detail(&format!("no key for {method}"));
            }
            Named::Certificate(_) if found.is_none() => {
                speech.warn("its certificate holds no key of a kind that signs credentials here");
            }
            Named::Issuer { .. } | Named::Method(_) | Named::Certificate(_) => {}
        }
        found
    };
    let contexts = pinned::contexts(&pins)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let report = proof_check::check_named(&bare, &mut key_of, contexts)
        .map_err(|error| Failure::from(error).during(&input.name))?;
    let (verdict, exit) = verdict(&report);
    let mut human = format!("{verdict}  {}: cryptography alone\n", safe(&input.name, 60));
    for proof in &report.proofs {
        let (mark, said) = described(proof);
        let method = safe(&proof.verification_method, 120);
        let of = proof.credential.map(|number| format!("cred[{number}] ")).unwrap_or_default();
        let suite = safe(&proof.suite, 40);
        let _ = writeln!(human, " {} {of}{suite}  {said}  {method}", mark.painted());
    }
    human.push_str("   status, time, ledger, trust and who the issuer is were not looked at\n");
    let proofs: Vec<Value> = report.proofs.iter().map(to_value).collect();
    let members = json!({ "verdict": verdict, "scope": "cryptography alone", "proofs": proofs });
    Ok(Outcome::new("inkan-proof-check/1", human, members).exit(exit))
}

/// The key that a signature names, as far as it is at hand: of any version of a DID, in a certificate, or in metadata that are pinned.
pub(super) fn key_at_hand(
    named: Named<'_>,
    pins: &[PinnedFile],
    home: Option<&Home>,
    context: &Context,
) -> Option<PublicKey> {
    match named {
        Named::Method(method) => key_of_any_version(&DidUrl::parse(method).ok()?, home, context),
        Named::Certificate(der) => x5c::key_of(der).ok(),
        Named::Issuer { url, kid } => {
            let place = published::metadata_of(url)?;
            let file = pins.iter().find(|file| file.url == place)?;
            published::key_in(&file.bytes, url, kid)
        }
    }
}

/// A bundle's own artefact; anything else as it is, also what does not obey the data model.
fn bare_bytes(bytes: &[u8]) -> Vec<u8> {
    let value = inkan_core::json::parse(bytes, inkan_core::limits::BUNDLE).ok();
    let is_bundle = value
        .as_ref()
        .is_some_and(|value| inkan_core::json::text(value, "type") == Some("inkan-bundle/1"));
    match read_any(bytes) {
        Ok(read) if is_bundle => read.into_bundle().artefact.to_bare().into_bytes(),
        _ => bytes.to_vec(),
    }
}

fn verdict(report: &ProofReport) -> (&'static str, u8) {
    if report.fails() {
        ("FAILED", 11)
    } else if report.holds() {
        ("VERIFIED", 0)
    } else {
        ("CANNOT TELL", 19)
    }
}

fn described(proof: &CheckedProof) -> (Mark, String) {
    match &proof.outcome {
        ProofOutcome::Verified => (Mark::Pass, "verifies".to_owned()),
        ProofOutcome::VerifiedBase => {
            let said = "verifies: its holder derives from it what others see (inkan present)";
            (Mark::Pass, said.to_owned())
        }
        ProofOutcome::Failed(error) => {
            (Mark::Fail, format!("{error} [{}]", number_of(error.code())))
        }
        ProofOutcome::Unknown(error) => {
            (Mark::Warn, format!("{error} [{}]", number_of(error.code())))
        }
        ProofOutcome::UnknownSuite => (Mark::Warn, "this suite is not known here".to_owned()),
        ProofOutcome::KeyUnavailable => (Mark::Warn, "its key is not at hand".to_owned()),
        ProofOutcome::Unreadable(error) => (Mark::Warn, format!("no proof can be read: {error}")),
    }
}

/// The number of a code, which is what people look up.
fn number_of(code: &'static str) -> String {
    catalogue::find(code).map_or_else(|| code.to_owned(), |entry| entry.number)
}

fn to_value(proof: &CheckedProof) -> Value {
    let (status, code) = match &proof.outcome {
        ProofOutcome::Verified | ProofOutcome::VerifiedBase => ("pass", None),
        ProofOutcome::Failed(error) => ("fail", Some(error.code())),
        ProofOutcome::Unknown(error) => ("unknown", Some(error.code())),
        ProofOutcome::UnknownSuite => ("unknown", Some("suite-unknown")),
        ProofOutcome::KeyUnavailable => ("unknown", Some("did-not-at-hand")),
        ProofOutcome::Unreadable(error) => ("unknown", Some(error.code())),
    };
    let number = code.and_then(catalogue::find).map(|entry| entry.number);
    json!({
        "credential": proof.credential, "proof": proof.index, "suite": proof.suite, "verificationMethod": proof.verification_method,
        "forHolder": proof.outcome == ProofOutcome::VerifiedBase, "keyBinding": proof.is_binding, "status": status, "code": code, "number": number,
    })
}
