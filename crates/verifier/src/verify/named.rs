//! Issuers of SD-JWT VCs that are named by an HTTPS URL and sign with the keys of a DID: that both are one.
//!
//! The DID says so by its own name: it lives at that URL. Anybody can make a DID that says it lives somewhere, so the host has to say it
//! too: its metadata ([draft-ietf-oauth-sd-jwt-vc §4](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-sd-jwt-vc-13#section-4)), which whoever verifies has pinned, list a key of the DID under its own name.
//! They need not list the key that signed: which keys the DID had, and when, is what its log says, and metadata know nothing of keys that were replaced.

use inkan_core::{json, limits};
use inkan_credential::SecuredCredential;
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Relationship, published};
use serde_json::Value;

use super::Bench;
use crate::check::{Check, CheckName, Weight};
use crate::history::DidHistory;
use crate::reason::Reason;

/// Keys of one set that are looked at.
const KEYS: usize = 64;

/// One line, if such a URL is named.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    (did, history): (&Did, &DidHistory),
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::IssuerLog;
    let Some(url) = secured.https_issuer() else { return };
    let line = match judge(bench, url, did, history) {
        Ok(()) => Check::pass(NAME, subject),
        Err(reason @ (Reason::IssuerNameUnproved { .. } | Reason::HistoryIncomplete { .. })) => {
            Check::unknown(NAME, subject, reason, Weight::Required)
        }
        Err(reason) => Check::fail(NAME, subject, reason),
    };
    checks.push(line.with("iss", url));
}

fn judge(bench: &Bench<'_>, url: &str, did: &Did, history: &DidHistory) -> Result<(), Reason> {
    let mismatch = || Reason::IssuerNameMismatch { issuer: url.to_owned() };
    let place = published::metadata_url(did).ok_or_else(mismatch)?;
    if published::issuer_url(did).as_deref() != Some(url) {
        return Err(mismatch());
    }
    let unproved = || Reason::IssuerNameUnproved { url: place.clone() };
    let bytes = bench.material.resources.get(&place).ok_or_else(unproved)?;
    let metadata = json::parse(bytes, limits::DOCUMENT).map_err(|_| mismatch())?;
    if json::text(&metadata, "issuer") != Some(url) {
        return Err(mismatch());
    }
    // Keys that lie elsewhere (`jwks_uri`) are not asked for.
    let keys = metadata.pointer("/jwks/keys").and_then(Value::as_array).ok_or_else(unproved)?;
    let is_its_own = |jwk: &Value| {
        let name = json::text(jwk, "kid").and_then(|kid| DidUrl::parse(kid).ok());
        let named = name.zip(PublicKey::from_jwk(jwk).ok()).filter(|(name, _)| name.did() == did);
        named.is_some_and(|(name, key)| {
            history.keys(&name, Relationship::AssertionMethod).any(|(_, own)| *own == key)
        })
    };
    match (keys.iter().take(KEYS).any(is_its_own), history.missing()) {
        (true, _) => Ok(()),
        (false, Some(leaf_index)) => Err(Reason::HistoryIncomplete { leaf_index }),
        (false, None) => Err(mismatch()),
    }
}
