//! The status list token as a JWT (§5.1).

use inkan_core::{Timestamp, encoding, json, limits};
use inkan_crypto::Signer;
use inkan_crypto::jws::{self, Jws};
use serde_json::{Map, Value};

use crate::sd_jwt_vc::{KeyName, certificates};

use super::{
    Form, StatusBits, StatusListToken, TokenStatusError, TokenStatusList, TokenTerms, check_terms,
};

const TYP: &str = "statuslist+jwt";

pub(super) fn parse(text: &str) -> Result<StatusListToken, TokenStatusError> {
    let malformed = |member| TokenStatusError::Malformed { member };
    let jws = Jws::parse(text, limits::STATUS_LIST)?;
    if !jws.is_typed(TYP) {
        return Err(malformed("typ"));
    }
    let payload = json::parse(jws.payload(), limits::STATUS_LIST)?;
    let moment = |member| match payload.get(member) {
        None => Ok(None),
        Some(seconds) => seconds
            .as_i64()
            .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
            .map(Some)
            .ok_or(malformed(member)),
    };
    let optional = |value: &Value, member| match value.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed(member)),
    };
    let ttl = match payload.get("ttl") {
        None => None,
        Some(ttl) => Some(ttl.as_u64().filter(|ttl| *ttl > 0).ok_or(malformed("ttl"))?),
    };
    let list = payload.get("status_list").ok_or(malformed("status_list"))?;
    let bits = list.get("bits").and_then(Value::as_u64).and_then(StatusBits::from_number);
    let compressed = json::text(list, "lst").and_then(|lst| encoding::decode_b64u(lst).ok());
    let compressed = compressed.ok_or(malformed("lst"))?;
    let certificates = match jws.header().get("x5c") {
        None => None,
        Some(chain) => Some(certificates::read(chain).ok_or(malformed("x5c"))?),
    };
    Ok(StatusListToken {
        uri: optional(&payload, "sub")?.ok_or(malformed("sub"))?,
        issuer: optional(&payload, "iss")?,
        issued_at: moment("iat")?.ok_or(malformed("iat"))?,
        expires: moment("exp")?,
        ttl,
        aggregation_uri: optional(list, "aggregation_uri")?,
        list: TokenStatusList::decode(bits.ok_or(malformed("bits"))?, &compressed)?,
        certificates,
        form: Form::Jwt(Box::new(jws)),
    })
}

pub(super) fn issue(
    list: &TokenStatusList,
    terms: &TokenTerms<'_>,
    name: KeyName<'_>,
    signer: &dyn Signer,
) -> Result<StatusListToken, TokenStatusError> {
    check_terms(terms)?;
    let mut status_list = Map::new();
    status_list.insert("bits".to_owned(), list.bits().number().into());
    status_list.insert("lst".to_owned(), encoding::b64u(&list.encode()?).into());
    if let Some(uri) = terms.aggregation_uri {
        status_list.insert("aggregation_uri".to_owned(), uri.into());
    }
    let mut payload = Map::new();
    payload.insert("sub".to_owned(), terms.uri.into());
    payload.insert("iat".to_owned(), terms.issued_at.seconds().into());
    if let Some(expires) = terms.expires {
        payload.insert("exp".to_owned(), expires.seconds().into());
    }
    if let Some(ttl) = terms.ttl {
        payload.insert("ttl".to_owned(), ttl.into());
    }
    payload.insert("status_list".to_owned(), Value::Object(status_list));
    let mut header = Map::new();
    header.insert("typ".to_owned(), TYP.into());
    match name {
        KeyName::Kid(kid) => drop(header.insert("kid".to_owned(), kid.into())),
        KeyName::Certificates(chain) => {
            drop(header.insert("x5c".to_owned(), certificates::to_header(chain)));
        }
    }
    let payload = Value::Object(payload).to_string();
    parse(&jws::sign(header, payload.as_bytes(), signer)?)
}
