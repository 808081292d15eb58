//! The forms on the wire: compact (RFC 9901 §4), flattened and general JSON (§8).

use inkan_core::{json, limits};
use inkan_crypto::jws::Jws;
use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use super::error::SdJwtError;
use super::key_binding::KeyBinding;
use super::process::process;
use super::{IssuerSignature, SdJwt};

/// The unprotected header parameters of §8.1.
const DISCLOSURES: &str = "disclosures";
const KEY_BINDING: &str = "kb_jwt";

pub(super) fn parse_compact(text: &str) -> Result<SdJwt, SdJwtError> {
    check_size(text.len())?;
    let mut parts = text.split('~');
    let jws = parts.next().unwrap_or_default();
    let mut disclosures: Vec<&str> = parts.collect();
    // The last tilde may not be left out, so there is always a last part, empty without key binding.
    let last = disclosures.pop().ok_or(SdJwtError::Malformed { what: "last tilde" })?;
    let key_binding = if last.is_empty() { None } else { Some(KeyBinding::parse(last)?) };
    let signature = IssuerSignature { jws: Jws::parse(jws, limits::JWS)?, unprotected_kid: None };
    assemble((signature, Vec::new()), read(disclosures)?, key_binding)
}

pub(super) fn parse_json(value: &Value) -> Result<SdJwt, SdJwtError> {
    const MALFORMED: SdJwtError = SdJwtError::Malformed { what: "JSON serialisation" };
    let members = value.as_object().ok_or(MALFORMED)?;
    let payload = json::text(value, "payload").ok_or(MALFORMED)?;
    let parts: Vec<&Map<String, Value>> =
        match (members.get("signatures"), members.get("signature")) {
            (None, Some(_)) => vec![members],
            (Some(Value::Array(list)), None) if list.len() <= limits::PROOFS => {
                // RFC 7515 §7.2.1: the members of a flattened one do not stand beside `signatures`.
                if members.contains_key("protected") || members.contains_key("header") {
                    return Err(MALFORMED);
                }
                list.iter().map(|one| one.as_object().ok_or(MALFORMED)).collect::<Result<_, _>>()?
            }
            _ => return Err(MALFORMED),
        };
    let none = Map::new();
    let (mut signatures, mut disclosures, mut key_binding) = (Vec::new(), Vec::new(), None);
    for (index, part) in parts.into_iter().enumerate() {
        let text = |member| part.get(member).and_then(Value::as_str).ok_or(MALFORMED);
        let jws = format!("{}.{payload}.{}", text("protected")?, text("signature")?);
        check_size(jws.len())?;
        let jws = Jws::parse(&jws, limits::JWS)?;
        let header = match part.get("header") {
            None => &none,
            Some(Value::Object(header)) => header,
            Some(_) => return Err(MALFORMED),
        };
        // RFC 7515 §4: a parameter is in one of the two headers.
        if header.keys().any(|name| jws.header().contains_key(name)) {
            return Err(SdJwtError::Malformed { what: "header" });
        }
        if index == 0 {
            disclosures = texts(header.get(DISCLOSURES))?;
            key_binding = match header.get(KEY_BINDING) {
                None => None,
                Some(Value::String(text)) => Some(KeyBinding::parse(text)?),
                Some(_) => return Err(SdJwtError::Malformed { what: KEY_BINDING }),
            };
        } else if let Some(what) =
            [DISCLOSURES, KEY_BINDING].into_iter().find(|name| header.contains_key(*name))
        {
            return Err(SdJwtError::Malformed { what });
        }
        let unprotected_kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(SdJwtError::Malformed { what: "kid" }),
        };
        signatures.push(IssuerSignature { jws, unprotected_kid });
    }
    let mut signatures = signatures.into_iter();
    let issuer = signatures.next().ok_or(SdJwtError::Malformed { what: "signatures" })?;
    assemble((issuer, signatures.collect()), read(disclosures)?, key_binding)
}

/// Puts the parts together; every rule that needs all of them is checked here.
pub(super) fn assemble(
    (issuer, others): (IssuerSignature, Vec<IssuerSignature>),
    disclosures: Vec<Disclosure>,
    key_binding: Option<KeyBinding>,
) -> Result<SdJwt, SdJwtError> {
    let Value::Object(payload) = json::parse(issuer.jws().payload(), limits::JWS)? else {
        return Err(SdJwtError::Malformed { what: "payload" });
    };
    let mut shown = issuer.jws().as_str().to_owned();
    shown.push('~');
    for disclosure in &disclosures {
        shown.push_str(disclosure.as_str());
        shown.push('~');
    }
    check_size(shown.len())?;
    let processed = process(payload, &disclosures)?;
    Ok(SdJwt { shown, issuer, others, disclosures, key_binding, processed })
}

fn check_size(size: usize) -> Result<(), SdJwtError> {
    let limit = limits::JWS;
    if size > limit { Err(json::JsonError::TooLarge { size, limit }.into()) } else { Ok(()) }
}

fn texts(list: Option<&Value>) -> Result<Vec<&str>, SdJwtError> {
    const MALFORMED: SdJwtError = SdJwtError::Malformed { what: DISCLOSURES };
    match list {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(|one| one.as_str().ok_or(MALFORMED)).collect(),
        Some(_) => Err(MALFORMED),
    }
}

fn read(texts: Vec<&str>) -> Result<Vec<Disclosure>, SdJwtError> {
    let one = |(index, text): (usize, &str)| {
        let number = index.saturating_add(1);
        Disclosure::parse(text).map_err(|rule| SdJwtError::Disclosure { number, rule })
    };
    texts.into_iter().enumerate().map(one).collect()
}
