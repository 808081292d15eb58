//! `options.keyAttestation`: what the wallet shows of the holder's key becomes the issuer's statement of it, as `inkan issue --key-attestation` does.
//!
//! Data flow: token + registries of the profile + status list of the wallet provider → checked as a verifier would → `keyStatement` in the credential.
//! A nonce that the caller gave the wallet has to be named, and counts once (`nonces`); what answers it was made within a day.

use inkan_core::{Digest, Timestamp, json, sha256};
use inkan_credential::inline_context;
use inkan_crypto::PublicKey;
use inkan_did::{Did, Relationship, resolve_self_contained};
use inkan_evidence::key_attestation::{self, KeyAttestation};
use inkan_evidence::key_statement::{self, ShownAttestation};
use inkan_io::gather::{attested_lists, fetch_attested_lists};
use inkan_verifier::Material;
use serde_json::Value;

use super::entries_of;
use super::nonces::{FRESH, Held};
use crate::credentials::answer::{Cause, Refusal};
use crate::credentials::envelope::{Options, option};
use crate::credentials::service::Service;
use crate::credentials::suites::Suite;

/// The options that it is about.
pub(super) const OPTIONS: [&str; 2] = ["keyAttestation", "attestationNonce"];
/// A statement counts if the attestation was looked at within a day before the issuance, in seconds.
const AHEAD: i64 = 86_400;

/// A statement that is not in the credential yet.
pub(super) struct Attested {
    statement: Value,
    /// The nonce that it answers.
    nonce: Option<Digest>,
    now: Timestamp,
}

/// Whether a suite signs the text as it is: one that signs statements would let a holder spell the member otherwise.
pub(super) const fn is_for(suite: Suite) -> bool {
    match suite {
        Suite::EddsaJcs
        | Suite::EcdsaJcs
        | Suite::EcdsaJcsP384
        | Suite::VcJwt
        | Suite::VcJwtP256
        | Suite::VcJwtP384
        | Suite::VcCose
        | Suite::VcSdJwt
        | Suite::DcSdJwt => true,
        Suite::EddsaRdfc
        | Suite::EcdsaRdfc
        | Suite::EcdsaRdfcP384
        | Suite::EcdsaSd
        | Suite::Bbs
        | Suite::Ed25519Signature2020 => false,
    }
}

/// Checks what is shown, if anything is.
pub(super) fn read(
    service: &Service,
    suite: Suite,
    (credential, options): (&Value, &Options),
    now: Timestamp,
) -> Result<Option<Attested>, Refusal> {
    let Some(token) = &options.key_attestation else {
        let lone = options.attestation_nonce.is_some();
        return if lone { Err(option("attestationNonce")) } else { Ok(None) };
    };
    let malformed = |detail: &str| Refusal::bad(Cause::OptionMalformed.code(), detail.to_owned());
    if !is_for(suite) {
        let detail = "keyAttestation belongs to suites whose text is signed as it is";
        return Err(malformed(detail));
    }
    if credential.get("keyStatement").is_some() {
        return Err(malformed("keyAttestation: the credential has a keyStatement already"));
    }
    if let Some(text) = json::text(credential, "validFrom") {
        let ahead = Timestamp::parse(text).map(|from| from.seconds_since(now));
        if !ahead.is_ok_and(|ahead| (0..=AHEAD).contains(&ahead)) {
            let detail = "keyAttestation says how the key is kept now: leave validFrom out, or let it lie up to a day ahead";
            return Err(malformed(detail));
        }
    }
    let key = holder_key(credential).ok_or_else(|| {
        malformed("keyAttestation: the holder's key is not known here (cnf, or a did:key or did:jwk as credentialSubject.id)")
    })?;
    let registries = match &service.options.backing {
        Some(backing) => backing.registries(now)?,
        None => Vec::new(),
    };
    let mut material = Material::default();
    let named = key_attestation::list_of(token, &registries, now).into_iter().collect();
    fetch_attested_lists(&named, service.options.network, &mut material, &mut Vec::new());
    let lists = attested_lists(&named, &material);
    let nonce = options.attestation_nonce.as_deref();
    let shown = ShownAttestation {
        token,
        key: &key,
        registries: &registries,
        status_lists: &lists,
        nonce,
        at: now,
    };
    let refused = |code: inkan_evidence::Code| {
        Refusal::bad(
            code.code(),
            "keyAttestation does not hold, or its provider is not trusted here".to_owned(),
        )
    };
    let statement = key_statement::state(&shown).map_err(refused)?;
    let issued = KeyAttestation::parse(token).map_err(refused)?.issued();
    // Then nonces need be remembered no longer than that, however long the attestation itself is good.
    if nonce.is_some() && now.seconds_since(issued) > FRESH {
        let detail = "keyAttestation answers attestationNonce and was made more than a day ago";
        return Err(Refusal::bad(Cause::AttestationNotFresh.code(), detail));
    }
    let nonce = nonce.map(|nonce| sha256(&[nonce.as_bytes()]));
    Ok(Some(Attested { statement, nonce, now }))
}

/// Puts the statement in, and gives the nonce that is used up by it once the credential is made.
pub(super) fn state<'a>(
    service: &'a Service,
    credential: &mut Value,
    attested: Option<Attested>,
) -> Result<Option<Held<'a>>, Refusal> {
    let Some(Attested { statement, nonce, now }) = attested else { return Ok(None) };
    let Value::Object(members) = credential else { return Ok(None) };
    let held = nonce.map(|nonce| service.attested.hold(nonce, now)).transpose()?;
    members.insert("keyStatement".to_owned(), statement);
    members.entry("validFrom").or_insert_with(|| now.to_string().into());
    let term = inline_context();
    match members.get_mut("@context") {
        Some(Value::Array(contexts)) if contexts.contains(&term) => {}
        Some(Value::Array(contexts)) => contexts.push(term),
        _ => {
            let detail = "@context is no list".to_owned();
            return Err(Refusal::bad(Cause::RequestMalformed.code(), detail));
        }
    }
    Ok(held)
}

/// The key that the credential is bound to: the one that an SD-JWT names, or that of the one subject, whose DID says it by itself.
fn holder_key(credential: &Value) -> Option<PublicKey> {
    if let Some(confirmed) = credential.get("cnf") {
        return PublicKey::from_jwk(confirmed.get("jwk")?).ok();
    }
    let subjects = entries_of(credential, "credentialSubject");
    let [subject] = subjects.as_slice() else { return None };
    let did = Did::parse(json::text(subject, "id")?).ok()?;
    let document = resolve_self_contained(&did).ok()?;
    document.methods_for(Relationship::Authentication).next().map(|method| method.key.clone())
}
