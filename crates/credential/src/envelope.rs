//! Enveloping: JOSE and SD-JWT as the securing mechanism ([VC-JOSE-COSE §3.1 and §3.2](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-jose))
//! and objects that carry an enveloped artefact as a data URL (VCDM 2.0 §4.12.1).

use inkan_core::encoding::{b64, b64u, decode_b64, decode_b64u};
use inkan_core::{Timestamp, json, limits};
use inkan_crypto::jws::{Jws, names_media_type};
use serde_json::{Value, json};

use crate::cose::Sign1;
use crate::error::ParseError;
use crate::model::{CONTEXT_V2, check_envelope_context, has_type, is_audience, is_url};
use crate::sd_jwt::{KeyBindingError, SdJwt, SdJwtError};
use crate::sd_jwt_vc::certificates;

/// The `typ` of an SD-JWT VC.
const SD_JWT_VC: &str = "dc+sd-jwt";

/// What the payload calls itself.
const CREDENTIAL: &str = "VerifiableCredential";
const PRESENTATION: &str = "VerifiablePresentation";

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

    /// The `typ` of an SD-JWT, likewise.
    pub(crate) const fn sd_typ(self) -> &'static str {
        match self {
            Self::Credential => "vc+sd-jwt",
            Self::Presentation => "vp+sd-jwt",
        }
    }

    /// The `typ` of a COSE message and its content type, which are media types there.
    pub(crate) const fn cose_types(self) -> (&'static str, &'static str) {
        match self {
            Self::Credential => ("application/vc+cose", "application/vc"),
            Self::Presentation => ("application/vp+cose", "application/vp"),
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

    /// The object that carries `compact`: a JWS, (then there is a tilde) an SD-JWT, or the text form of a COSE message.
    pub(crate) fn wrap(self, compact: &str) -> Value {
        if let Some(bytes) = Some(compact).filter(|text| Sign1::is_text(text)).map(decode_b64u) {
            let (media_type, data) = (self.cose_types().0, b64(&bytes.unwrap_or_default()));
            return json!({
                "@context": [CONTEXT_V2],
                "id": format!("data:{media_type};base64,{data}"),
                "type": self.object_type(),
            });
        }
        let subtype = match (is_sd_jwt(compact), self) {
            (false, _) => self.typ(),
            (true, Self::Credential) if says_sd_jwt_vc(compact) => SD_JWT_VC,
            (true, Self::Credential | Self::Presentation) => self.sd_typ(),
        };
        json!({
            "@context": [CONTEXT_V2],
            "id": format!("data:application/{subtype},{compact}"),
            "type": self.object_type(),
        })
    }

    /// The compact JWS or SD-JWT in such an object, or the COSE message in its text form. Nothing beside it is signed, so nothing beside it may be there.
    ///
    /// # Errors
    ///
    /// [`ParseError::Envelope`] or [`ParseError::MediaType`].
    pub(crate) fn unwrap_object(self, value: &Value) -> Result<String, ParseError> {
        check_envelope_context(value)?;
        let known = |name: &String| matches!(name.as_str(), "@context" | "id" | "type");
        if !value.as_object().is_some_and(|members| members.keys().all(known)) {
            return Err(ParseError::Envelope { member: "other members" });
        }
        let id = json::text(value, "id").ok_or(ParseError::Envelope { member: "id" })?;
        let url = id.strip_prefix("data:").ok_or(ParseError::Envelope { member: "id" })?;
        let Some((media_type, data)) = url.split_once(',') else {
            return Err(ParseError::Envelope { member: "id" });
        };
        if media_type.strip_suffix(";base64") == Some(self.cose_types().0) {
            let bytes = decode_b64(data).map_err(|_| ParseError::Envelope { member: "id" })?;
            return Ok(b64u(&bytes));
        }
        let expected = match (is_sd_jwt(data), self) {
            (false, _) => self.typ(),
            (true, Self::Credential) if says_sd_jwt_vc(data) => SD_JWT_VC,
            (true, Self::Credential | Self::Presentation) => self.sd_typ(),
        };
        if media_type.strip_prefix("application/") != Some(expected) {
            let found = media_type.chars().take(64).collect();
            return Err(ParseError::MediaType { found, expected });
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

/// Reads a compact JWS whose `typ` must be that of `envelope`; without one, its payload must say as plainly what it is.
///
/// # Errors
///
/// [`ParseError`]: SD-JWT and other media types by name, then JWS, JSON, and claims that must not be there.
pub(crate) fn open(compact: &str, envelope: Envelope) -> Result<Opened, ParseError> {
    if is_sd_jwt(compact) {
        return Err(ParseError::SdJwt);
    }
    let jws = Jws::parse(compact, limits::JWS)?;
    if [SD_JWT_VC, Envelope::Credential.sd_typ(), Envelope::Presentation.sd_typ()]
        .into_iter()
        .any(|other| jws.is_typed(other))
    {
        return Err(ParseError::SdJwt);
    }
    check_types(&jws, (envelope.typ(), envelope.cty()))?;
    let payload = json::parse(jws.payload(), limits::DOCUMENT)?;
    told((jws.typ(), envelope.typ()), &payload, envelope)?;
    let times = check_claims(&payload)?;
    Ok(Opened { jws, payload, times })
}

/// A COSE message taken apart, likewise.
#[derive(Clone, Debug)]
pub(crate) struct OpenedCose {
    pub(crate) message: Sign1,
    pub(crate) payload: Value,
    pub(crate) times: Times,
}

/// Reads the text form of a COSE message whose `typ` must be exactly that of `envelope` (RFC 9596 has no short form); without
/// one, its payload must say as plainly what it is.
///
/// # Errors
///
/// [`ParseError`]: media types, then COSE, JSON, and claims that must not be there.
pub(crate) fn open_cose(text: &str, envelope: Envelope) -> Result<OpenedCose, ParseError> {
    let message = Sign1::parse_text(text)?;
    let (typ, content_type) = envelope.cose_types();
    for (found, expected) in [
        (message.typ().unwrap_or(typ), typ),
        (message.content_type().unwrap_or(content_type), content_type),
    ] {
        if found != expected {
            return Err(ParseError::MediaType {
                found: found.chars().take(64).collect(),
                expected,
            });
        }
    }
    let payload = json::parse(message.payload(), limits::DOCUMENT)?;
    told((message.typ(), typ), &payload, envelope)?;
    let times = check_claims(&payload)?;
    Ok(OpenedCose { message, payload, times })
}

/// An SD-JWT taken apart: media type checked, disclosures put in their places.
#[derive(Clone, Debug)]
pub(crate) struct OpenedSdJwt {
    pub(crate) sd_jwt: SdJwt,
    pub(crate) times: Times,
}

/// Reads a compact SD-JWT, without key binding, whose `typ` must be that of `envelope`; without one, what is shown of its payload
/// must say as plainly what it is.
///
/// # Errors
///
/// [`ParseError`]: SD-JWT VCs by name, then the rules of SD-JWT, and claims that must not be there.
pub(crate) fn open_sd_jwt(text: &str, envelope: Envelope) -> Result<OpenedSdJwt, ParseError> {
    open_parsed(SdJwt::parse(text)?, envelope)
}

/// As [`open_sd_jwt`], from an SD-JWT that was read already.
///
/// # Errors
///
/// As [`open_sd_jwt`].
pub(crate) fn open_parsed(sd_jwt: SdJwt, envelope: Envelope) -> Result<OpenedSdJwt, ParseError> {
    if is_sd_jwt_vc(&sd_jwt) {
        return Err(ParseError::SdJwt);
    }
    check_types(sd_jwt.jws(), (envelope.sd_typ(), envelope.cty()))?;
    told((sd_jwt.typ(), envelope.sd_typ()), sd_jwt.payload(), envelope)?;
    refuse_key_binding(&sd_jwt)?;
    let times = check_claims(sd_jwt.payload())?;
    Ok(OpenedSdJwt { sd_jwt, times })
}

/// Whether it is an SD-JWT VC: `vct` makes it one, of older drafts if the media type is `vc+sd-jwt`.
pub(crate) fn is_sd_jwt_vc(sd_jwt: &SdJwt) -> bool {
    sd_jwt.jws().is_typed(SD_JWT_VC) || sd_jwt.payload().get("vct").is_some()
}

/// A key binding has to be looked at, so none is carried where nobody would.
pub(crate) fn refuse_key_binding(sd_jwt: &SdJwt) -> Result<(), ParseError> {
    match sd_jwt.key_binding() {
        Some(_) => Err(SdJwtError::KeyBinding(KeyBindingError::Unexpected).into()),
        None => Ok(()),
    }
}

/// Whether the issuer's JWS in a compact SD-JWT has the `typ` of an SD-JWT VC.
fn says_sd_jwt_vc(compact: &str) -> bool {
    let jws = Jws::parse(compact.split('~').next().unwrap_or_default(), limits::JWS);
    jws.is_ok_and(|jws| jws.is_typed(SD_JWT_VC))
}

/// Whether a compact text is to be read as a presentation: by its media type or, where it names none, by the type that its payload
/// says. Whoever reads it checks both again.
///
/// # Errors
///
/// [`ParseError::Jws`].
pub(crate) fn is_presentation(compact: &str) -> Result<bool, ParseError> {
    const KIND: Envelope = Envelope::Presentation;
    let says_so = |payload: &[u8]| {
        json::parse(payload, limits::DOCUMENT).is_ok_and(|said| has_type(&said, PRESENTATION))
    };
    if is_key_bound(compact) {
        return Ok(true);
    }
    if Sign1::is_text(compact) {
        return Ok(Sign1::parse_text(compact).is_ok_and(|message| match message.typ() {
            Some(typ) => typ == KIND.cose_types().0,
            None => says_so(message.payload()),
        }));
    }
    let jws = Jws::parse(compact.split('~').next().unwrap_or_default(), limits::JWS)?;
    Ok(match jws.typ() {
        Some(_) => jws.is_typed(KIND.typ()) || jws.is_typed(KIND.sd_typ()),
        None => says_so(jws.payload()),
    })
}

/// Whether a compact text is an SD-JWT, by the tilde that ends its first part.
pub(crate) fn is_sd_jwt(text: &str) -> bool {
    text.contains('~')
}

/// Whether a compact text is an SD-JWT that ends with a key binding.
pub(crate) fn is_key_bound(text: &str) -> bool {
    is_sd_jwt(text) && !text.ends_with('~')
}

fn check_claims(payload: &Value) -> Result<Times, ParseError> {
    // The `vc` and `vp` claims belong to the JWT encoding of version 1.1 (VC-JOSE-COSE §3.1.1 forbids them).
    if payload.get("vc").is_some() {
        return Err(crate::model::ModelError::UnsupportedVersion { version: "1.1" }.into());
    }
    if payload.get("vp").is_some() {
        return Err(ParseError::JoseClaim { claim: "vp" });
    }
    if !is_audience(payload) {
        return Err(ParseError::JoseClaim { claim: "aud" });
    }
    Ok(Times {
        issued: numeric_date(payload, "iat")?,
        not_before: numeric_date(payload, "nbf")?,
        expires: numeric_date(payload, "exp")?,
    })
}

/// `typ` and `cty` are those given, if they are there.
fn check_types(jws: &Jws, (typ, cty): (&'static str, &'static str)) -> Result<(), ParseError> {
    let short = |text: &str| text.chars().take(64).collect();
    let content = jws.header().get("cty").map(|found| found.as_str().unwrap_or_default());
    for (found, expected) in [(jws.typ(), typ), (content, cty)] {
        if let Some(found) = found.filter(|found| !names_media_type(found, expected)) {
            return Err(ParseError::MediaType { found: short(found), expected });
        }
    }
    Ok(())
}

/// `typ` SHOULD be there and need not be (VC-JOSE-COSE §§3.1–3.3). Then the payload says what it is (VCDM 2.0 §6.2.1): by the base
/// context, and by one of two types and not by both. What was signed for any other purpose says neither.
fn told(
    (typ, expected): (Option<&str>, &'static str),
    payload: &Value,
    envelope: Envelope,
) -> Result<(), ParseError> {
    let context = payload.get("@context").and_then(Value::as_array).and_then(|list| list.first());
    let is = |name| has_type(payload, name);
    let plain = match envelope {
        Envelope::Credential => is(CREDENTIAL) && !is(PRESENTATION),
        Envelope::Presentation => is(PRESENTATION) && !is(CREDENTIAL),
    };
    if typ.is_some() || plain && context.and_then(Value::as_str) == Some(CONTEXT_V2) {
        Ok(())
    } else {
        Err(ParseError::MediaType { found: String::new(), expected })
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

/// The certificates (DER, that of the key first) that name an HTTPS signer and its key in the header of a JWS; none for a DID, which
/// has its own keys, whatever certificates say.
///
/// # Errors
///
/// [`ParseError::KeyId`] if they cannot be read; [`ParseError::IssuerNotNamed`] if the first one names somebody else.
pub(crate) fn certificates_of(jws: &Jws, signer: Option<&str>) -> Result<Vec<Vec<u8>>, ParseError> {
    let Some((chain, signer)) = jws.header().get("x5c").zip(by_certificates(signer)) else {
        return Ok(Vec::new());
    };
    let chain = certificates::read(chain).ok_or(ParseError::KeyId)?;
    if certificates::name(&chain, signer) { Ok(chain) } else { Err(ParseError::IssuerNotNamed) }
}

/// The same of a COSE message.
///
/// # Errors
///
/// [`ParseError::IssuerNotNamed`].
pub(crate) fn certificates_of_cose(
    message: &Sign1,
    signer: Option<&str>,
) -> Result<Vec<Vec<u8>>, ParseError> {
    let Some((chain, signer)) = message.certificates().zip(by_certificates(signer)) else {
        return Ok(Vec::new());
    };
    if certificates::name(chain, signer) {
        Ok(chain.to_vec())
    } else {
        Err(ParseError::IssuerNotNamed)
    }
}

fn by_certificates(signer: Option<&str>) -> Option<&str> {
    signer.filter(|signer| !signer.starts_with("did:"))
}

/// The absolute URL of the signing key: `kid`, joined to the signer if it is only a fragment.
pub(crate) fn key_url(jws: &Jws, signer: Option<&str>) -> Result<String, ParseError> {
    named_url(jws.kid(), signer)
}

/// The same of a name that is read already.
pub(crate) fn named_url(kid: Option<&str>, signer: Option<&str>) -> Result<String, ParseError> {
    let kid = kid.ok_or(ParseError::KeyId)?;
    match (kid.starts_with('#') && kid.len() > 1, signer) {
        (true, Some(signer)) => Ok(format!("{signer}{kid}")),
        (false, _) if is_url(kid) => Ok(kid.to_owned()),
        _ => Err(ParseError::KeyId),
    }
}
