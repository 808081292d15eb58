//! `issue --key-attestation`: what the wallet shows of the holder's key becomes the issuer's statement of it.
//!
//! Data flow: token + registries of this profile + status list of the wallet provider → checked as a verifier would → `keyStatement` in the
//! credential. A verifier that trusts this issuer for such statements needs nothing more of the wallet.

use inkan_core::{Timestamp, sha256};
use inkan_credential::token_status_list::StatusListToken;
use inkan_crypto::PublicKey;
use inkan_evidence::key_attestation;
use inkan_evidence::key_statement::{ShownAttestation, state};
use inkan_evidence::{Code, Registry};
use inkan_io::gather::{Network, attested_lists, fetch_attested_lists};
use inkan_io::intent::RecordDraft;
use inkan_io::pinned;
use inkan_io::profile::{NonceRecord, Record as _, Shelf};
use inkan_verifier::Material;
use serde_json::{Value, json};

use super::super::request;
use super::super::verify::cards::in_time;
use crate::args::{IssueArgs, SecuringFormat};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::registries;

/// A statement counts if the attestation was looked at within a day before the issuance, in seconds.
const AHEAD: i64 = 86_400;

/// What was shown, and what it is judged by.
pub(super) struct Shown {
    token: String,
    /// The nonce that it has to name.
    nonce: Option<String>,
    file: String,
    registries: Vec<Registry>,
    lists: Vec<StatusListToken>,
}

/// Options that do not go with an attestation: suites that sign statements would let a holder spell the member otherwise.
pub(super) fn check(
    args: &IssueArgs,
    (valid_from, now): (Timestamp, Timestamp),
) -> Result<(), Failure> {
    if args.key_attestation.is_none() {
        return Ok(());
    }
    let of_statements = args.credential_format.is_some_and(SecuringFormat::signs_statements);
    if of_statements {
        let usage = "--key-attestation belongs to formats whose text is signed as it is".to_owned();
        return Err(Failure::from(CliError::Usage(usage)).try_this(
            "use such a format",
            "inkan issue … --key-attestation F --credential-format eddsa-jcs-2022",
        ));
    }
    if !(0..=AHEAD).contains(&valid_from.seconds_since(now)) {
        let usage = "--key-attestation says how the key is kept now: --valid-from may lie a day ahead, and not before".to_owned();
        return Err(CliError::Usage(usage).into());
    }
    Ok(())
}

/// Reads the token, and gathers what it is judged by.
pub(super) fn read(
    args: &IssueArgs,
    home: &Home,
    context: &Context,
) -> Result<Option<Shown>, Failure> {
    let Some(path) = &args.key_attestation else { return Ok(None) };
    let input = context.input(Some(path))?;
    let token = String::from_utf8(input.bytes).map_err(|_| CliError::InputMalformed {
        file: input.name.clone(),
        detail: "a key attestation is a compact JWS".to_owned(),
    })?;
    let token = token.trim().to_owned();
    let now = context.now();
    let registries = registries::of(home, (now, now), registries::Terms::default())?;
    let mut material = Material::default();
    let pins = pinned::load(&home.profile)?.into_iter();
    material.resources.extend(pins.map(|file| (file.url, file.bytes)));
    let named = key_attestation::list_of(&token, &registries, now).into_iter().collect();
    let mut missed = Vec::new();
    fetch_attested_lists(&named, Network::Ask, &mut material, &mut missed);
    for missed in &missed {
        context.speech.detail(missed);
    }
    let lists = attested_lists(&named, &material);
    let nonce = args.attestation_nonce.clone();
    Ok(Some(Shown { token, nonce, file: input.name, registries, lists }))
}

impl Shown {
    /// What has to be the same for a command to be the same one.
    pub(super) fn asked(&self) -> Value {
        // As versions before nonces wrote it: what was begun by one of them is found.
        self.nonce.as_ref().map_or_else(|| json!(self.token), |nonce| json!([self.token, nonce]))
    }

    /// The statement about the holder's key, as of now. The caller holds the profile's lock.
    pub(super) fn statement(
        &self,
        key: Option<&PublicKey>,
        (home, now): (&Home, Timestamp),
    ) -> Result<Value, Failure> {
        let Some(key) = key else {
            let detail = "the holder's key is not known here: nothing can be said of it".to_owned();
            return Err(CliError::InputMalformed { file: self.file.clone(), detail }.into());
        };
        self.record(home, now)?;
        let shown = ShownAttestation {
            token: &self.token,
            key,
            nonce: self.nonce.as_deref(),
            registries: &self.registries,
            status_lists: &self.lists,
            at: now,
        };
        state(&shown).map_err(|code| self.refused(code))
    }

    /// The record of the nonce that it answers, which is open.
    fn record(&self, home: &Home, now: Timestamp) -> Result<Option<NonceRecord>, Failure> {
        let Some(nonce) = &self.nonce else { return Ok(None) };
        let found = home.profile.find::<NonceRecord>(&request::file_name(nonce))?;
        let refused = |why: &str| {
            Err(Failure::new("nonce-invalid", why).during("--attestation-nonce").try_this(
                "give the wallet a new one, and ask it for an attestation that names it",
                "inkan request nonce",
            ))
        };
        match found {
            None => refused("this profile made no such nonce"),
            Some(record) if record.used_at.is_some() => {
                refused("it was answered already: an attestation is looked at once")
            }
            Some(record) if !in_time(&record, now) => refused("it is too old"),
            Some(record) => Ok(Some(record)),
        }
    }

    /// What is written when the credential is: the nonce is used up.
    pub(super) fn used(&self, home: &Home, now: Timestamp) -> Result<Option<RecordDraft>, Failure> {
        let Some(mut record) = self.record(home, now)? else { return Ok(None) };
        record.used_at = Some(now);
        record.used_by = Some(sha256(&[self.token.as_bytes()]).to_b64u());
        let name = request::file_name(&record.nonce);
        Ok(Some(RecordDraft { shelf: Shelf::Nonces, name, record: record.to_value() }))
    }

    fn refused(&self, code: Code) -> Failure {
        let why = if code == Code::KeyAttestationType {
            "it is no key attestation (key-attestation+jwt)"
        } else if code == Code::AttestationUntrusted {
            "no registry of this profile names who signed it as wallet provider"
        } else {
            "its signature, its time, its status, or the key or nonce that it names does not hold"
        };
        Failure::new(code.code(), why).during(&self.file).try_this(
            "trust the wallet provider",
            "inkan trust add DID --role wallet_provider --key FILE",
        )
    }
}
