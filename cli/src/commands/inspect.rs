//! `inkan inspect`: a look into a file, without trusting anything in it.
//!
//! "NOT VERIFIED" comes first, no mark is ever green, and nothing is fetched.

mod agreed;
mod stage;
mod summary;

use std::fmt::Write as _;

use inkan_core::json::{self, text};
use inkan_core::{Timestamp, encoding, limits};
use inkan_credential::cose::Sign1;
use inkan_credential::sd_jwt::SdJwt;
use inkan_credential::token_status_list::StatusListToken;
use inkan_io::pinned;
use serde_json::{Value, json};

use crate::args::InspectArgs;
use crate::context::Context;
use crate::env;
use crate::failure::Failure;
use crate::output::{Outcome, WARN};
use crate::render::safe;
use crate::render::tree::tree;

/// What the context calls it.
const STDIN: &str = "standard input";

pub(super) fn run(args: &InspectArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_if_any()?;
    let pins = home.map(|home| pinned::load(&home.profile)).transpose()?.unwrap_or_default();
    let input = context.input(args.file.as_deref())?;
    let content = read(&input.bytes).map_err(|failure| failure.during(&input.name))?;
    let kind = kind_of(&content);
    if args.raw {
        let members = json!({ "verified": false, "kind": kind, "content": content });
        return Ok(Outcome::new("inkan-inspection/1", format!("{content:#}\n"), members));
    }
    let mut human = format!("{WARN}NOT VERIFIED{WARN:#}  {}: {kind}\n\n", safe(&input.name, 80));
    human.push_str(&summary::of(&content, &env::language()));
    human.push_str(&summary::of_type(&content, &env::language(), &pins));
    human.push_str(&tree(&shown(&content), args.depth));
    let file = if input.name == STDIN { "-".to_owned() } else { safe(&input.name, 80) };
    let _ = writeln!(human, "\n  check it: inkan verify {file}");
    let members = json!({ "verified": false, "kind": kind, "content": content });
    Ok(Outcome::new("inkan-inspection/1", human, members))
}

/// JSON as it is; a compact JWS, an SD-JWT or a COSE message as its header and payload, decoded.
fn read(bytes: &[u8]) -> Result<Value, Failure> {
    if let Ok(list) = StatusListToken::parse_cwt(bytes) {
        return Ok(decoded_list(&list));
    }
    let text = match Sign1::parse(bytes) {
        Ok(message) => message.to_text(),
        Err(_) => std::str::from_utf8(bytes).map(str::trim).unwrap_or_default().to_owned(),
    };
    match decode_compact(&text) {
        Some(decoded) => Ok(decoded),
        None => Ok(json::parse(bytes, limits::BUNDLE)?),
    }
}

/// A compact JWS or SD-JWT, or the text form of a COSE message, decoded.
fn decode_compact(compact: &str) -> Option<Value> {
    if Sign1::is_text(compact) {
        return decode_cose(compact);
    }
    if compact.contains('~') { decode_sd_jwt(compact) } else { decode_jws(compact) }
}

/// A COSE message, with the names that its headers have in a JWS.
fn decode_cose(message: &str) -> Option<Value> {
    let message = Sign1::parse_text(message).ok()?;
    let payload = json::parse(message.payload(), limits::DOCUMENT).ok().filter(Value::is_object)?;
    let mut header = json!({
        "typ": message.typ(), "cty": message.content_type(), "alg": message.alg(), "kid": message.kid(),
    });
    if let (Value::Object(members), Some(chain)) = (&mut header, message.certificates()) {
        let chain = chain.iter().map(|one| encoding::b64(one)).collect();
        members.insert("x5c".to_owned(), chain);
    }
    Some(json!({ "header": header, "payload": payload }))
}

/// A Token Status List in a CWT, with the names that its claims have in a JWT.
fn decoded_list(list: &StatusListToken) -> Value {
    let statuses = list.list();
    let lst = statuses.encode().map(|bytes| encoding::b64u(&bytes)).ok();
    json!({
        "header": { "typ": list.media_type(), "alg": "COSE", "kid": list.kid() },
        "payload": {
            "sub": list.uri(), "iss": list.issuer(), "iat": list.issued_at().seconds(),
            "exp": list.expires().map(Timestamp::seconds), "ttl": list.ttl(),
            "status_list": { "bits": statuses.bits().number(), "lst": lst },
        },
    })
}

/// An SD-JWT with its disclosures in their places, and how much is kept back.
fn decode_sd_jwt(compact: &str) -> Option<Value> {
    let sd_jwt = SdJwt::parse(compact).ok()?;
    let disclosed: Vec<String> = sd_jwt.disclosable().map(ToString::to_string).collect();
    let binding = sd_jwt.key_binding().map(|binding| {
        json!({
            "audience": binding.audience(), "nonce": binding.nonce(),
            "made": binding.issued_at().to_string(),
        })
    });
    Some(json!({
        "header": sd_jwt.jws().header(), "payload": sd_jwt.payload(),
        "disclosed": disclosed, "concealed": sd_jwt.concealed(), "keyBinding": binding,
    }))
}

fn decode_jws(compact: &str) -> Option<Value> {
    let mut parts = compact.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || header.starts_with('{') {
        return None;
    }
    let object = |part: &str| {
        let bytes = encoding::decode_b64u(part).ok()?;
        json::parse(&bytes, limits::DOCUMENT).ok().filter(Value::is_object)
    };
    Some(json!({
        "header": object(header)?, "payload": object(payload)?, "signature": signature,
    }))
}

/// What the file says it is.
fn kind_of(content: &Value) -> String {
    if let Some(own) = text(content, "type") {
        return safe(own, 60);
    }
    let types = content.get("type").and_then(Value::as_array);
    let listed =
        types.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    if !listed.is_empty() {
        return safe(&listed, 120);
    }
    match content.get("header").and_then(|header| text(header, "typ")) {
        Some(typ) => format!("signed {}", safe(typ, 40)),
        None => "JSON".to_owned(),
    }
}

/// Of a bundle, the artefact alone: what proves it is for programs, and `--raw` has it.
fn shown(content: &Value) -> Value {
    let artefact = content.get("credential").or_else(|| content.get("presentation"));
    let artefact = artefact.unwrap_or(content);
    let opened = summary::enveloped(artefact).unwrap_or_else(|| artefact.clone());
    // The header is in the summary, as far as it is for people.
    let payload =
        |opened: &Value| opened.get("payload").filter(|_| opened.get("header").is_some()).cloned();
    let mut shown = payload(&opened).unwrap_or(opened);
    if let Some(Value::Array(presented)) = shown.get_mut("verifiableCredential") {
        for credential in presented {
            if let Some(inner) = summary::enveloped(credential).as_ref().and_then(payload) {
                *credential = inner;
            }
        }
    }
    shown
}
