//! Reading a bundle, or whatever else a file may hold.

use std::collections::BTreeMap;

use inkan_core::{json, limits};
use serde_json::{Map, Value};

use super::packed::{Beside, unpacked};
use super::{
    Artefact, BUNDLE_TYPE, Bundle, BundleError, BundleTimestamp, CONSENTS, ESEALS, Eseal, Input,
    POWERS, ServedStatusList, TIMESTAMPS,
};
use crate::countersignature::Countersignature;
use crate::envelope::is_presentation;
use crate::error::ParseError;
use crate::model::is_url;
use crate::presentation::Presentation;
use crate::secured::{SecuredCredential, compact_text};

/// Reads a bundle, a bare credential or presentation as JSON (also enveloped), or a compact JWS of either.
///
/// # Errors
///
/// [`BundleError`], one variant per rule; none is worth a retry.
pub fn read_any(bytes: &[u8]) -> Result<Input, BundleError> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(Input::Bare(Box::new(compact(&compact_text(bytes)?)?)));
    }
    let value = json::parse(bytes, limits::BUNDLE)?;
    let is_bundle = json::text(&value, "type").is_some_and(|name| name.starts_with("inkan-"));
    if is_bundle {
        return Ok(Input::Bundle(Box::new(bundle(value, bytes.len())?)));
    }
    // What is not a bundle has the smaller limit of a document.
    if bytes.len() > limits::DOCUMENT {
        let (size, limit) = (bytes.len(), limits::DOCUMENT);
        return Err(json::JsonError::TooLarge { size, limit }.into());
    }
    Ok(Input::Bare(Box::new(artefact(value)?)))
}

/// Reads a bundle and nothing else.
pub(super) fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
    bundle(json::parse(bytes, limits::BUNDLE)?, bytes.len())
}

fn artefact(value: Value) -> Result<Artefact, ParseError> {
    if Presentation::is_one(&value) {
        Presentation::parse_value(value).map(Artefact::Presentation)
    } else {
        SecuredCredential::parse_value(value).map(Artefact::Credential)
    }
}

fn compact(text: &str) -> Result<Artefact, ParseError> {
    if is_presentation(text)? {
        Presentation::parse_compact(text).map(Artefact::Presentation)
    } else {
        SecuredCredential::parse_compact(text).map(Artefact::Credential)
    }
}

/// Most countersignatures beside what is secured.
const COUNTERSIGNATURES: usize = 256;

/// What is secured has its own limit, in a bundle as outside.
fn check_size(artefact: &Value, of_bundle: usize) -> Result<(), BundleError> {
    // The bundle holds it, so it is smaller.
    let size = if of_bundle <= limits::DOCUMENT { 0 } else { artefact.to_string().len() };
    if size > limits::DOCUMENT {
        let limit = limits::DOCUMENT;
        return Err(json::JsonError::TooLarge { size, limit }.into());
    }
    Ok(())
}

/// `size` is that of the bytes that `value` was read from.
fn bundle(value: Value, size: usize) -> Result<Bundle, BundleError> {
    let Value::Object(mut members) = value else {
        return Err(BundleError::Malformed { member: "type" });
    };
    if members.remove("type").as_ref().and_then(Value::as_str) != Some(BUNDLE_TYPE) {
        return Err(BundleError::Malformed { member: "type" });
    }
    let artefact = match (members.remove("credential"), members.remove("presentation")) {
        (Some(credential), None) => {
            check_size(&credential, size)?;
            Artefact::Credential(SecuredCredential::parse_value(credential)?)
        }
        (None, Some(presentation)) => {
            check_size(&presentation, size)?;
            Artefact::Presentation(Presentation::parse_value(presentation)?)
        }
        _ => return Err(BundleError::OneArtefact),
    };
    let checkpoints = texts(&mut members, "checkpoints")?;
    let did_logs = did_logs(&mut members)?;
    let beside = Beside { checkpoints: &checkpoints, did_logs: &did_logs };
    let receipts = unpacked(objects(&mut members, "receipts")?, beside);
    let bundle = Bundle {
        artefact,
        countersignatures: texts(&mut members, "countersignatures")?,
        receipts,
        checkpoints,
        current: objects(&mut members, "current")?,
        did_logs,
        status_lists: status_lists(&mut members)?,
        evidence: objects(&mut members, "evidence")?,
        timestamps: timestamps(&mut members)?,
        eseals: eseals(&mut members)?,
        powers: objects(&mut members, "powers")?,
        consents: objects(&mut members, "consents")?,
    };
    if let Some(name) = members.keys().next() {
        return Err(BundleError::UnknownMember { member: name.chars().take(64).collect() });
    }
    if bundle.countersignatures.len() > COUNTERSIGNATURES {
        return Err(BundleError::Malformed { member: "countersignatures" });
    }
    if bundle.powers.len() > POWERS {
        return Err(BundleError::Malformed { member: "powers" });
    }
    if bundle.consents.len() > CONSENTS {
        return Err(BundleError::Malformed { member: "consents" });
    }
    for compact in &bundle.countersignatures {
        Countersignature::parse_compact(compact)?;
    }
    Ok(bundle)
}

fn list(members: &mut Map<String, Value>, member: &'static str) -> Result<Vec<Value>, BundleError> {
    match members.remove(member) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(BundleError::Malformed { member }),
    }
}

fn texts(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Vec<String>, BundleError> {
    list(members, member)?
        .into_iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or(BundleError::Malformed { member }))
        .collect()
}

fn objects(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Vec<Value>, BundleError> {
    let found = list(members, member)?;
    if found.iter().all(Value::is_object) {
        Ok(found)
    } else {
        Err(BundleError::Malformed { member })
    }
}

fn timestamps(members: &mut Map<String, Value>) -> Result<Vec<BundleTimestamp>, BundleError> {
    const MEMBER: &str = "timestamps";
    let found = list(members, MEMBER)?;
    let read: Option<Vec<_>> = found.iter().map(BundleTimestamp::from_value).collect();
    read.filter(|all| all.len() <= TIMESTAMPS).ok_or(BundleError::Malformed { member: MEMBER })
}

fn eseals(members: &mut Map<String, Value>) -> Result<Vec<Eseal>, BundleError> {
    const MEMBER: &str = "eseals";
    let found = list(members, MEMBER)?;
    let read: Option<Vec<_>> = found.iter().map(Eseal::from_value).collect();
    read.filter(|all| all.len() <= ESEALS).ok_or(BundleError::Malformed { member: MEMBER })
}

fn did_logs(members: &mut Map<String, Value>) -> Result<BTreeMap<String, String>, BundleError> {
    const MEMBER: &str = "didLogs";
    let logs = match members.remove(MEMBER) {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(logs)) => logs,
        Some(_) => return Err(BundleError::Malformed { member: MEMBER }),
    };
    logs.into_iter()
        .map(|(did, log)| match log.as_str() {
            Some(log) if did.starts_with("did:") => Ok((did, log.to_owned())),
            _ => Err(BundleError::Malformed { member: MEMBER }),
        })
        .collect()
}

fn status_lists(members: &mut Map<String, Value>) -> Result<Vec<ServedStatusList>, BundleError> {
    const MEMBER: &str = "statusLists";
    list(members, MEMBER)?
        .into_iter()
        .map(|item| {
            let closed = item.as_object().is_some_and(|members| members.len() == 2);
            let uri = json::text(&item, "uri").filter(|uri| is_url(uri));
            match (closed, uri, json::text(&item, "body")) {
                (true, Some(uri), Some(body)) => Ok(ServedStatusList {
                    uri: uri.to_owned(),
                    body: body.to_owned(),
                    fetched_at: None,
                }),
                _ => Err(BundleError::Malformed { member: MEMBER }),
            }
        })
        .collect()
}
