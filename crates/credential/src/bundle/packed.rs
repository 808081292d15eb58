//! Receipts as a bundle's file spells them: what stands elsewhere in the file, or follows from what does, is left out.
//!
//! In scope: `inkan-entry/1`, the short spelling of a receipt (`inkan-receipt/1`), there and back, byte for byte. Out of scope: whether
//! a leaf is in a log (`inkan-ledger`): a leaf that is spelled wrongly is another leaf, which no path proves.
//!
//! A leaf is text (§2.1 of the ledger specification): a first line, kind, time, body. The body of a signed kind is a compact JWS, whose
//! Base64 a receipt would wrap in Base64 once more; of its members `typ` follows from the kind, `iss` from `kid`, `aud` from the log's
//! name, `com` from the opening (§1.1), and `iat` is mostly the time of the leaf. The body of kind `did` is a line of a DID log, which mostly is in the bundle.
//! In memory every receipt has its long form, which stamps and seals are over.

use std::collections::BTreeMap;

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::{json, limits, sha256};
use serde_json::{Map, Value};

/// `type` of a receipt in its short spelling.
const ENTRY_TYPE: &str = "inkan-entry/1";
/// `type` of a receipt.
const RECEIPT_TYPE: &str = "inkan-receipt/1";
/// First line of every leaf.
const MAGIC: &str = "inkan-leaf/v1";
/// The kind whose body is a line of a DID log.
const DID: &str = "did";
/// The algorithm that is not named.
const ALGORITHM: &str = "EdDSA";
/// Members that both spellings have.
const SHARED: [&str; 4] = ["proof", "opening", "cose", "checkpoint"];

/// What else is in the bundle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a> {
    pub(super) checkpoints: &'a [String],
    pub(super) did_logs: &'a BTreeMap<String, String>,
}

/// The short spelling of a receipt, or the receipt itself where there is none that says exactly the same.
pub(super) fn packed(receipt: &Value, beside: Beside<'_>) -> Value {
    let short = pack(receipt, beside);
    let same = |short: &Value| {
        leaf_of(short, beside).is_some_and(|leaf| json::text(receipt, "leaf") == Some(&leaf))
    };
    short.filter(same).unwrap_or_else(|| receipt.clone())
}

/// The receipts of a file, in their long form. One that cannot be read is left as it is: its reader will say so. So is one that would
/// make of a small file a large one.
pub(super) fn unpacked(receipts: Vec<Value>, beside: Beside<'_>) -> Vec<Value> {
    let mut left = limits::BUNDLE;
    let long = |value: Value| {
        if json::text(&value, "type") != Some(ENTRY_TYPE) {
            return value;
        }
        let Some(leaf) = leaf_of(&value, beside) else { return value };
        let Some(rest) = left.checked_sub(leaf.len()) else { return value };
        left = rest;
        let Value::Object(mut members) = value else { return value };
        members.retain(|name, _| SHARED.contains(&name.as_str()));
        members.insert("type".to_owned(), RECEIPT_TYPE.into());
        members.insert("leaf".to_owned(), leaf.into());
        Value::Object(members)
    };
    receipts.into_iter().map(long).collect()
}

fn pack(receipt: &Value, beside: Beside<'_>) -> Option<Value> {
    let members = receipt.as_object()?;
    let leaf = String::from_utf8(decode_b64u(json::text(receipt, "leaf")?).ok()?).ok()?;
    let mut lines = leaf.splitn(4, '\n');
    let (magic, kind, time, body) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    if json::text(receipt, "type") != Some(RECEIPT_TYPE) || magic != MAGIC {
        return None;
    }
    let mut out: Map<String, Value> = members.clone();
    out.retain(|name, _| SHARED.contains(&name.as_str()));
    // What is known of no receipt has no short spelling.
    if out.len().checked_add(2)? != members.len() {
        return None;
    }
    out.insert("type".to_owned(), ENTRY_TYPE.into());
    out.insert("entry".to_owned(), kind.into());
    out.insert("time".to_owned(), time.parse::<u64>().ok()?.into());
    if kind == DID {
        pack_line(body, beside, &mut out)?;
    } else {
        pack_jws(body, (time, origin(members, beside)), &mut out)?;
    }
    Some(Value::Object(out))
}

/// A line of a DID log: where it stands, or itself.
fn pack_line(body: &str, beside: Beside<'_>, out: &mut Map<String, Value>) -> Option<()> {
    for (did, log) in beside.did_logs {
        if let Some(place) = log.lines().position(|line| line == body) {
            out.insert("of".to_owned(), did.as_str().into());
            out.insert("version".to_owned(), place.checked_add(1)?.into());
            return Some(());
        }
    }
    out.insert("line".to_owned(), object(body.as_bytes())?.into());
    Some(())
}

/// A compact JWS: its key, its claims but for those that follow, its signature.
fn pack_jws(
    body: &str,
    (time, origin): (&str, Option<&str>),
    out: &mut Map<String, Value>,
) -> Option<()> {
    let mut parts = body.splitn(3, '.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let mut header = object(&decode_b64u(header).ok()?)?;
    let mut claims = object(&decode_b64u(payload).ok()?)?;
    let kid = header.remove("kid")?;
    if header.get("alg").and_then(Value::as_str) != Some(ALGORITHM) {
        out.insert("alg".to_owned(), header.remove("alg")?);
    }
    claims.remove("iss");
    let commitment = kid.as_str().and_then(|kid| commitment(out, kid));
    if commitment.is_some() && claims.get("com").and_then(Value::as_str) == commitment.as_deref() {
        claims.remove("com");
    }
    if claims.get("aud").and_then(Value::as_str) == origin {
        claims.remove("aud");
    }
    if claims.get("iat").and_then(Value::as_u64) == time.parse().ok() {
        claims.remove("iat");
    }
    out.insert("kid".to_owned(), kid);
    out.insert("claims".to_owned(), Value::Object(claims));
    out.insert("signature".to_owned(), signature.into());
    Some(())
}

/// The leaf in Base64URL, as a receipt has it.
fn leaf_of(short: &Value, beside: Beside<'_>) -> Option<String> {
    let members = short.as_object()?;
    let (kind, time) = (json::text(short, "entry")?, members.get("time")?.as_u64()?);
    let own: &[&str] = match (kind, members.contains_key("of")) {
        (DID, true) => &["type", "entry", "time", "of", "version"],
        (DID, false) => &["type", "entry", "time", "line"],
        _ => &["type", "entry", "time", "alg", "kid", "claims", "signature"],
    };
    let known = |name: &str| own.contains(&name) || SHARED.contains(&name);
    if kind.contains('\n') || !members.keys().all(|name| known(name)) {
        return None;
    }
    let body = if kind == DID {
        line_of(members, beside)?
    } else {
        jws_of(members, (kind, time), origin(members, beside))?
    };
    Some(b64u(format!("{MAGIC}\n{kind}\n{time}\n{body}").as_bytes()))
}

fn line_of(members: &Map<String, Value>, beside: Beside<'_>) -> Option<String> {
    let Some(did) = members.get("of") else {
        return String::from_utf8(json::canonicalize(members.get("line")?).ok()?).ok();
    };
    let place = members.get("version")?.as_u64()?.checked_sub(1)?;
    let log = beside.did_logs.get(did.as_str()?)?;
    log.lines().nth(usize::try_from(place).ok()?).map(str::to_owned)
}

fn jws_of(
    members: &Map<String, Value>,
    (kind, time): (&str, u64),
    origin: Option<&str>,
) -> Option<String> {
    let kid = members.get("kid")?.as_str()?;
    let algorithm = members.get("alg").map_or(Some(ALGORITHM), Value::as_str)?;
    let signature = members.get("signature")?.as_str()?;
    let mut header = Map::new();
    header.insert("alg".to_owned(), algorithm.into());
    header.insert("kid".to_owned(), kid.into());
    header.insert("typ".to_owned(), format!("inkan-{kind}+jwt").into());
    let mut claims = members.get("claims")?.as_object()?.clone();
    let issuer = kid.split('#').next().unwrap_or_default();
    claims.insert("iss".to_owned(), issuer.into());
    if !claims.contains_key("com")
        && let Some(commitment) = commitment(members, kid)
    {
        claims.insert("com".to_owned(), commitment.into());
    }
    if let Some(origin) = origin.filter(|_| !claims.contains_key("aud")) {
        claims.insert("aud".to_owned(), origin.into());
    }
    if !claims.contains_key("iat") {
        claims.insert("iat".to_owned(), time.into());
    }
    let coded = |members| Some(b64u(&json::canonicalize(&Value::Object(members)).ok()?));
    Some(format!("{}.{}.{signature}", coded(header)?, coded(claims)?))
}

/// What the entry commits to, by the opening of the receipt; none without one, or of a record in a batch.
fn commitment(members: &Map<String, Value>, kid: &str) -> Option<String> {
    let (kind, opening) = (members.get("entry")?.as_str()?, members.get("opening")?);
    if opening.get("record").is_some() {
        return None;
    }
    let scid = kid.strip_prefix("did:webvh:")?.split(':').next()?;
    let bytes = |name| decode_b64u(json::text(opening, name)?).ok();
    let (salt, digest) = (bytes("salt")?, bytes("digest")?);
    let name = format!("inkan-commit/v1\n{kind}\n{scid}\n");
    Some(sha256(&[name.as_bytes(), &salt, &digest]).to_b64u())
}

/// The name of the log whose checkpoint a receipt ends in.
fn origin<'a>(members: &Map<String, Value>, beside: Beside<'a>) -> Option<&'a str> {
    let place = members.get("checkpoint")?.as_u64()?;
    beside.checkpoints.get(usize::try_from(place).ok()?)?.lines().next()
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match json::parse(bytes, limits::DOCUMENT).ok()? {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests;
