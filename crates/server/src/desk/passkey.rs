//! What the browser is asked ([WebAuthn §5.4, §5.5](https://www.w3.org/TR/webauthn-3/#dictionary-makecredentialoptions)), and reading what it answers.
//!
//! The challenge of both ceremonies is made of the nonce and the presentation, so an answer belongs to one presentation of one session.

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use inkan_evidence::PresentationEvidence;
use inkan_evidence::shown::ShownError;
use inkan_evidence::webauthn::{LIMIT, Registration, challenge};
use inkan_verifier::Presenter;
use serde_json::{Value, json};

use super::fault::Fault;
use super::{Desk, Session};
use crate::credentials::answer::Refusal;

/// The largest answer of a browser: two members that may have [`LIMIT`] bytes, in base64url, and some more.
pub(super) const ANSWER: usize = 256 << 10;
/// Keys that are taken, best first: Ed25519, ES256, ES384, RS256.
const ALGORITHMS: [i32; 4] = [-8, -7, -35, -257];

/// `PublicKeyCredentialRequestOptionsJSON`: the holder's passkeys answer, and the user has to be verified.
pub(super) fn to_get(
    session: &Session,
    rp_id: &str,
    presentation: &Digest,
    passkeys: &[Registration],
    now: Timestamp,
) -> Value {
    json!({
        "challenge": challenge(&session.nonce, presentation).to_b64u(),
        "timeout": milliseconds_left(session, now),
        "rpId": rp_id,
        "allowCredentials": descriptors(passkeys),
        "userVerification": "required",
    })
}

/// `PublicKeyCredentialCreationOptionsJSON`: a new passkey for who presented, with what its maker says of it.
pub(super) fn to_create(
    (desk, session, rp_id): (&Desk, &Session, &str),
    by: &Presenter,
    passkeys: &[Registration],
    now: Timestamp,
) -> Value {
    // A handle that says nothing to whoever reads it on the authenticator, and is the same each time.
    let handle =
        sha256(&[b"inkan-desk-user/1", &[0], rp_id.as_bytes(), &[0], by.holder().as_bytes()]);
    let algorithms: Vec<Value> =
        ALGORITHMS.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
    json!({
        "rp": { "id": rp_id, "name": desk.options.asker },
        "user": { "id": handle.to_b64u(), "name": by.holder(), "displayName": by.holder() },
        "challenge": challenge(&session.nonce, &by.presentation_digest()).to_b64u(),
        "pubKeyCredParams": algorithms,
        "timeout": milliseconds_left(session, now),
        "excludeCredentials": descriptors(passkeys),
        "authenticatorSelection": { "residentKey": "discouraged", "userVerification": "required" },
        "attestation": "direct",
    })
}

fn descriptors(passkeys: &[Registration]) -> Vec<Value> {
    let id = |passkey: &Registration| encoding::b64u(passkey.credential_id());
    passkeys.iter().map(|passkey| json!({ "type": "public-key", "id": id(passkey) })).collect()
}

fn milliseconds_left(session: &Session, now: Timestamp) -> i64 {
    session.valid_until().seconds_since(now).clamp(0, 300).saturating_mul(1_000)
}

/// An answer to [`to_get`], beside a presentation, with the digest by which it counts once.
pub(super) fn read_assertion(body: &[u8]) -> Result<(PresentationEvidence, String), Refusal> {
    let answer =
        json::parse(body, ANSWER).map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let signature = answer.pointer("/response/signature").and_then(Value::as_str);
    let digest = sha256(&[signature.unwrap_or_default().as_bytes()]).to_b64u();
    // Whoever posts may be anywhere: the page is named by the authenticator, not by this.
    let shown = json!({
        "channel": "direct_post_cross_device", "authenticator": [{ "webauthn": answer }],
    });
    let shown = PresentationEvidence::parse(shown.to_string().as_bytes());
    let shown = shown.map_err(|error: ShownError| Refusal::bad(error.code(), error.to_string()))?;
    Ok((shown, digest))
}

/// An answer to [`to_create`]: id, client data, attestation object.
pub(super) struct Created {
    pub(super) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) attestation_object: Vec<u8>,
}

/// Reads `RegistrationResponseJSON` (WebAuthn §5.1); what browsers add for convenience is passed over, since the attestation object has it.
pub(super) fn read_created(body: &[u8]) -> Result<Created, Refusal> {
    let wrong = || Fault::AnswerMalformed.says("not what a browser answers when a passkey is made");
    let answer =
        json::parse(body, ANSWER).map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let part = |pointer: &str| {
        let text = answer.pointer(pointer).and_then(Value::as_str)?;
        encoding::decode_b64u(text).ok().filter(|bytes| bytes.len() <= LIMIT)
    };
    let one_id = answer.get("rawId").is_none_or(|raw| answer.get("id") == Some(raw));
    if json::text(&answer, "type") != Some("public-key") || !one_id {
        return Err(wrong());
    }
    Ok(Created {
        id: part("/id").ok_or_else(wrong)?,
        client_data: part("/response/clientDataJSON").ok_or_else(wrong)?,
        attestation_object: part("/response/attestationObject").ok_or_else(wrong)?,
    })
}
