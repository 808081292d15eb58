//! Presentations in the JWT form of version 1.1 ([VCDM 1.1 §6.3.1](https://www.w3.org/TR/2022/REC-vc-data-model-20220303/#json-web-token)):
//! the test suite of the data model envelops one in a `data:application/jwt` URL.
//!
//! In scope: signatures, what is answered, the data model, validity. Out of scope: anybody else's requests. VC-JOSE-COSE has media
//! types of its own and no claims `vp` and `vc`, so a server that does not judge for test suites reads none of this.

use inkan_core::{Timestamp, json, limits};
use inkan_credential::Credential;
use inkan_credential::model::CONTEXT_V2;
use inkan_crypto::jws::Jws;
use inkan_did::{DidUrl, Relationship, resolve_self_contained};
use serde_json::Value;

use super::answer::{Cause, Finding};
use super::envelope::Options;
use super::issue::entries_of;

/// What such an envelope begins with.
const URL: &str = "data:application/jwt,";

/// Judges what is enveloped in that form: what is to be said beside "verified", or why not. None for every other form.
pub(super) fn judged(
    value: &Value,
    options: &Options,
    now: Timestamp,
) -> Option<Result<Finding, Finding>> {
    let compact = enveloped(value, "EnvelopedVerifiablePresentation")?;
    let detail = "a JWT in the form of version 1.1, which is read for test suites alone";
    let said = Finding::new(Cause::EnvelopeOutdated.code(), detail);
    Some(check(compact, options, now).map(|()| said))
}

/// The JWT in an object of this type that holds nothing else.
fn enveloped<'a>(value: &'a Value, kind: &str) -> Option<&'a str> {
    let known = |name: &String| matches!(name.as_str(), "@context" | "id" | "type");
    let is_bare = value.as_object()?.keys().all(known);
    let is_kind =
        matches!(entries_of(value, "type").as_slice(), [one] if one.as_str() == Some(kind));
    let fits = is_bare && is_kind && begins_with_v2(value);
    json::text(value, "id").filter(|_| fits)?.strip_prefix(URL)
}

fn begins_with_v2(value: &Value) -> bool {
    entries_of(value, "@context").first().and_then(|first| first.as_str()) == Some(CONTEXT_V2)
}

fn check(compact: &str, options: &Options, now: Timestamp) -> Result<(), Finding> {
    let Opened { signer, claims, document } = opened(compact, "vp", Relationship::Authentication)?;
    let types = entries_of(&document, "type");
    let is_one = types.iter().any(|name| name.as_str() == Some("VerifiablePresentation"));
    if !begins_with_v2(&document) || !is_one {
        return Err(Finding::new("presentation-malformed", "vp: it is no presentation"));
    }
    if json::text(&document, "holder").is_some_and(|holder| holder != signer) {
        return Err(Finding::new("presentation-proof-invalid", "the holder did not sign it"));
    }
    if options.challenge.is_some() && json::text(&claims, "nonce") != options.challenge.as_deref() {
        return Err(Finding::new("nonce-invalid", "it answers another challenge"));
    }
    let audience = entries_of(&claims, "aud");
    let is_for =
        |asked: &String| audience.iter().any(|named| named.as_str() == Some(asked.as_str()));
    if !options.domain.iter().all(is_for) {
        return Err(Finding::new("audience-mismatch", "it is for another domain"));
    }
    check_times(&claims, now)?;
    for one in entries_of(&document, "verifiableCredential") {
        let other_form = || {
            let detail = "verifiableCredential: in another form than the presentation";
            Finding::new("presentation-malformed", detail)
        };
        let compact = enveloped(one, "EnvelopedVerifiableCredential").ok_or_else(other_form)?;
        check_credential(compact, now)?;
    }
    Ok(())
}

fn check_credential(compact: &str, now: Timestamp) -> Result<(), Finding> {
    let Opened { signer, claims, document } = opened(compact, "vc", Relationship::AssertionMethod)?;
    let credential = Credential::read(document)
        .map_err(|error| Finding::new(error.code(), error.to_string()))?;
    if credential.issuer() != signer {
        return Err(Finding::new("issuer-not-controller", "the issuer did not sign it"));
    }
    check_times(&claims, now)?;
    if credential.valid_until().is_some_and(|end| end < now) {
        return Err(Finding::new("credential-expired", "its time has passed"));
    }
    if credential.valid_from().is_some_and(|begin| now < begin) {
        return Err(Finding::new("credential-not-yet-valid", "its time has not come"));
    }
    let has_status = !credential.status().is_empty()
        || credential.token_status().is_some()
        || !credential.unknown_status().is_empty();
    if has_status {
        let detail = "the status of a credential in this form is not looked at";
        return Err(Finding::new("status-list-missing", detail));
    }
    Ok(())
}

/// `nbf` and `exp`, where they are (RFC 7519 §4.1): whole seconds.
fn check_times(claims: &Value, now: Timestamp) -> Result<(), Finding> {
    let outside = |name: &str, is_outside: fn(i64, i64) -> bool| {
        let is_wrong =
            |time: &Value| time.as_i64().is_none_or(|time| is_outside(now.seconds(), time));
        claims.get(name).is_some_and(is_wrong)
    };
    if outside("exp", |now, end| now >= end) || outside("nbf", |now, begin| now < begin) {
        return Err(Finding::new("presentation-stale", "nbf, exp: it is not valid now"));
    }
    Ok(())
}

/// A JWT whose signature is good under the key of the DID that `kid` names.
struct Opened {
    signer: String,
    claims: Value,
    document: Value,
}

fn opened(compact: &str, claim: &str, purpose: Relationship) -> Result<Opened, Finding> {
    let unsigned = || Finding::new("presentation-proof-invalid", "no key that it names signed it");
    let jws = Jws::parse(compact, limits::JWS)
        .map_err(|error| Finding::new(error.code(), error.to_string()))?;
    let url = jws.kid().and_then(|kid| DidUrl::parse(kid).ok()).ok_or_else(unsigned)?;
    let document = resolve_self_contained(url.did()).map_err(|_| unsigned())?;
    let method = document.method(&url).filter(|_| document.allows(&url, purpose));
    jws.verify(&method.ok_or_else(unsigned)?.key).map_err(|_| unsigned())?;
    let mut claims = json::parse(jws.payload(), limits::DOCUMENT)
        .map_err(|error| Finding::new(error.code(), error.to_string()))?;
    let signer = url.did().as_str().to_owned();
    let is_jwt = jws.typ().is_none_or(|typ| typ == "JWT");
    if !is_jwt || json::text(&claims, "iss").is_some_and(|iss| iss != signer) {
        return Err(unsigned());
    }
    let document = claims.get_mut(claim).map(Value::take).unwrap_or_default();
    Ok(Opened { signer, claims, document })
}
