//! Enveloping: JOSE as the securing mechanism ([VC-JOSE-COSE §3.1](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-jose))
//! and objects that carry an enveloped artefact as a data URL (VCDM 2.0 §4.12.1).

use inkan_core::{Timestamp, json, limits};
use inkan_crypto::jws::Jws;
use serde_json::{Value, json};

use crate::error::ParseError;
use crate::model::{CONTEXT_V2, check_context, has_type, is_url};

/// What kind of artefact an envelope holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Envelope {
    Credential,
    Presentation,
}

impl Envelope {
    /// The JWS `typ`, which is the media type without `application/`.
    pub(crate) const fn typ(self) -> &'static str {
        match self {
            Self::Credential => "vc+jwt",
            Self::Presentation => "vp+jwt",
        }
    }

    /// The `cty`: what the payload would be without the JWS.
    pub(crate) const fn cty(self) -> &'static str {
        match self {
            Self::Credential => "vc",
            Self::Presentation => "vp",
        }
    }

    /// The type of the JSON object around a data URL.
    pub(crate) const fn object_type(self) -> &'static str {
        match self {
            Self::Credential => "EnvelopedVerifiableCredential",
            Self::Presentation => "EnvelopedVerifiablePresentation",
        }
    }

    /// Whether `value` is such an object.
    pub(crate) fn matches(self, value: &Value) -> bool {
        has_type(value, self.object_type())
    }

    /// The object that carries `compact`.
    pub(crate) fn wrap(self, compact: &str) -> Value {
        json!({
            "@context": [CONTEXT_V2],
            "id": format!("data:application/{},{compact}", self.typ()),
            "type": self.object_type(),
        })
    }

    /// The compact JWS in such an object. Nothing beside it is signed, so nothing beside it may be there.
    ///
    /// # Errors
    ///
    /// [`ParseError::Envelope`] or [`ParseError::MediaType`].
    pub(crate) fn unwrap_object(self, value: &Value) -> Result<String, ParseError> {
        check_context(value)?;
        let known = |name: &String| matches!(name.as_str(), "@context" | "id" | "type");
        if !value.as_object().is_some_and(|members| members.keys().all(known)) {
            return Err(ParseError::Envelope { member: "other members" });
        }
        let id = json::text(value, "id").ok_or(ParseError::Envelope { member: "id" })?;
        let url = id.strip_prefix("data:").ok_or(ParseError::Envelope { member: "id" })?;
        let Some((media_type, data)) = url.split_once(',') else {
            return Err(ParseError::Envelope { member: "id" });
        };
        if matches!(media_type, "application/vc+sd-jwt" | "application/dc+sd-jwt") {
            return Err(ParseError::SdJwt);
        }
        if media_type.strip_prefix("application/") != Some(self.typ()) {
            let found = media_type.chars().take(64).collect();
            return Err(ParseError::MediaType { found, expected: self.typ() });
        }
        Ok(data.to_owned())
    }
}

/// A compact JWS taken apart: media type checked, payload read strictly.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) jws: Jws,
    pub(crate) payload: Value,
    pub(crate) times: Times,
}

/// The times among the JWT claims.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) issued: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
}

/// Reads a compact JWS whose `typ` must be exactly that of `envelope`.
///
/// # Errors
///
/// [`ParseError`]: SD-JWT and other media types by name, then JWS, JSON, and claims that must not be there.
pub(crate) fn open(compact: &str, envelope: Envelope) -> Result<Opened, ParseError> {
    if compact.contains('~') {
        return Err(ParseError::SdJwt);
    }
    let jws = Jws::parse(compact, limits::JWS)?;
    check_media_types(&jws, envelope)?;
    let payload = json::parse(jws.payload(), limits::DOCUMENT)?;
    // The `vc` and `vp` claims belong to the JWT encoding of version 1.1 (VC-JOSE-COSE §3.1.1 forbids them).
    if payload.get("vc").is_some() {
        return Err(crate::model::ModelError::UnsupportedVersion { version: "1.1" }.into());
    }
    if payload.get("vp").is_some() {
        return Err(ParseError::JoseClaim { claim: "vp" });
    }
    let times = Times {
        issued: numeric_date(&payload, "iat")?,
        not_before: numeric_date(&payload, "nbf")?,
        expires: numeric_date(&payload, "exp")?,
    };
    Ok(Opened { jws, payload, times })
}

fn check_media_types(jws: &Jws, envelope: Envelope) -> Result<(), ParseError> {
    let typ = jws.typ().unwrap_or_default();
    if matches!(typ, "vc+sd-jwt" | "dc+sd-jwt" | "vp+sd-jwt") {
        return Err(ParseError::SdJwt);
    }
    if typ != envelope.typ() {
        let found = typ.chars().take(64).collect();
        return Err(ParseError::MediaType { found, expected: envelope.typ() });
    }
    match jws.header().get("cty") {
        None => Ok(()),
        Some(cty) if cty.as_str() == Some(envelope.cty()) => Ok(()),
        Some(cty) => Err(ParseError::MediaType {
            found: cty.as_str().unwrap_or_default().chars().take(64).collect(),
            expected: envelope.cty(),
        }),
    }
}

fn numeric_date(payload: &Value, claim: &'static str) -> Result<Option<Timestamp>, ParseError> {
    let Some(number) = payload.get(claim) else { return Ok(None) };
    number
        .as_i64()
        .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
        .map(Some)
        .ok_or(ParseError::JoseClaim { claim })
}

/// A text claim, if it is there, must equal what the artefact itself says.
pub(crate) fn check_claim(
    payload: &Value,
    claim: &'static str,
    own: Option<&str>,
) -> Result<(), ParseError> {
    match payload.get(claim) {
        None => Ok(()),
        Some(found) if found.as_str().is_some() && found.as_str() == own => Ok(()),
        Some(_) => Err(ParseError::JoseClaim { claim }),
    }
}

/// The absolute URL of the signing key: `kid`, joined to the signer if it is only a fragment.
pub(crate) fn key_url(jws: &Jws, signer: Option<&str>) -> Result<String, ParseError> {
    let kid = jws.kid().ok_or(ParseError::KeyId)?;
    match (kid.starts_with('#') && kid.len() > 1, signer) {
        (true, Some(signer)) => Ok(format!("{signer}{kid}")),
        (false, _) if is_url(kid) => Ok(kid.to_owned()),
        _ => Err(ParseError::KeyId),
    }
}
