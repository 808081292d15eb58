//! POST `/credentials/status`: what becomes of what was issued here.
//!
//! In scope: which places are meant, that all changes are made or none. Out of scope: lists served here ([`super`]) and lists that a
//! ledger announces ([`Recording`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::Timestamp;
use inkan_core::text::is_hidden;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use serde_json::{Map, Value, json};

use crate::credentials::answer::{Cause, Finding, Refusal, json_answer};
use crate::credentials::backing::{Backing, Recording, StatusChange};
use crate::credentials::envelope::{Options, Request, kept_purpose, option};
use crate::credentials::handle::answered;
use crate::credentials::options::Profile;
use crate::credentials::service::Service;
use crate::credentials::suites::Suite;

/// A reason has at most so many characters.
const REASON: usize = 300;
/// What a change may say; the last six of them are how a credential names its place.
const MEMBERS: [&str; 12] = [
    "status",
    "value",
    "reason",
    "effective",
    "statusPurpose",
    "statusListCredential",
    "statusListIndex",
    "id",
    "type",
    "statusSize",
    "statusMessage",
    "statusReference",
];

/// POST `/credentials/status`.
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, updated).await
}

/// Where a status is: in a list that is served here, or in one that a ledger announces.
enum Spot {
    Served(usize, u64),
    Announced(StatusEntry),
}

/// One thing to write.
struct Planned {
    spot: Spot,
    purpose: StatusPurpose,
    change: StatusChange,
}

fn updated(service: &Service, _: Option<Suite>, mut request: Request) -> Result<Response, Refusal> {
    let backing = service.options.backing.as_deref();
    let recorded = |backing: &&dyn Backing| -> Result<bool, Refusal> {
        Ok(backing.issuers()?.iter().any(|issuer| backing.log_of(issuer).is_some()))
    };
    let mut recording = match backing {
        Some(backing) if recorded(&backing)? => Some(backing.begin(service.now())?),
        Some(_) | None => None,
    };
    let id = request.optional("credentialId");
    let id = id.as_ref().map(|id| id.as_str().ok_or_else(|| option("credentialId"))).transpose()?;
    let given = request.take("credentialStatus")?;
    let mut outer = Map::new();
    for name in ["status", "value", "reason", "effective"] {
        outer.extend(request.optional(name).map(|value| (name.to_owned(), value)));
    }
    check_rest(service, &request)?;
    let entries = given.as_array().map_or_else(|| vec![&given], |list| list.iter().collect());
    if entries.is_empty() {
        return Err(option("credentialStatus"));
    }
    let mut changes = Vec::new();
    for entry in entries {
        changes.extend(planned(service, recording.as_deref(), (id, &outer), entry)?);
    }
    check_places_differ(service, &changes)?;
    // Nothing follows a revocation, so it is carried out last.
    changes.sort_by_key(|planned| planned.purpose == StatusPurpose::Revocation);
    may_all(service, recording.as_deref(), &changes)?;
    let mut done = Vec::new();
    for Planned { spot, purpose, change } in changes {
        let (uri, index) = match spot {
            Spot::Served(list, index) => {
                service.status.update((list, index), &change)?;
                (service.status.uri(list), index)
            }
            Spot::Announced(place) => {
                let recording = recording.as_deref_mut();
                let known =
                    recording.map(|recording| recording.change(&place, &change)).transpose()?;
                if known != Some(true) {
                    return Err(unknown());
                }
                (place.list_uri, place.index)
            }
        };
        let mut said = json!({
            "statusListCredential": uri,
            "statusListIndex": index.to_string(),
            "statusPurpose": purpose.as_str(),
            "status": change.value != 0,
        });
        if let (StatusPurpose::Message, Value::Object(members)) = (purpose, &mut said) {
            members.insert("value".to_owned(), change.value.into());
        }
        done.push(said);
    }
    Ok(json_answer(StatusCode::OK, &json!({ "credentialStatus": done })))
}

/// Whoever gives something believes that it has an effect; test suites are told nothing.
fn check_rest(service: &Service, request: &Request) -> Result<(), Refusal> {
    if service.options.profile == Profile::Conformance {
        return Ok(());
    }
    if let Some(name) = request.options.beside(&[]).first() {
        return Err(Refusal::Request(StatusCode::BAD_REQUEST, Options::idle(name)));
    }
    match request.rest().next() {
        Some(name) => Err(idle(name)),
        None => Ok(()),
    }
}

fn idle(name: &str) -> Refusal {
    let name: String = name.chars().take(40).collect();
    Refusal::bad(Cause::OptionWithoutEffect.code(), format!("{name} has no effect here"))
}

/// What one entry of a request asks for: a change at each place that it means.
fn planned(
    service: &Service,
    recording: Option<&dyn Recording>,
    (id, outer): (Option<&str>, &Map<String, Value>),
    entry: &Value,
) -> Result<Vec<Planned>, Refusal> {
    let members = entry.as_object().ok_or_else(|| option("credentialStatus"))?;
    let surplus = members.keys().find(|name| !MEMBERS.contains(&name.as_str()));
    if let Some(name) = surplus.filter(|_| service.options.profile == Profile::Strict) {
        return Err(idle(name));
    }
    let asked = entry
        .get("statusPurpose")
        .map(|name| name.as_str().and_then(kept_purpose).ok_or_else(|| option("statusPurpose")));
    let asked = asked.transpose()?;
    let purpose = asked.unwrap_or(StatusPurpose::Revocation);
    let change = change(purpose, |name| entry.get(name).or(outer.get(name)), service.now())?;
    let one = |spot, purpose| Planned { spot, purpose, change: change.clone() };
    // What is named and cannot be read is never passed over: another place would be changed, and that for good.
    let list = entry.get("statusListCredential");
    let list = list.map(|uri| uri.as_str().ok_or_else(|| option("statusListCredential")));
    let index = entry.get("statusListIndex");
    let index = index.map(|index| place_of(index).ok_or_else(|| option("statusListIndex")));
    let places = match (list.transpose()?, index.transpose()?, id) {
        (Some(uri), Some(index), _) => match service.status.number(uri) {
            Some(list) => {
                // Who asks for a suspension and names a list of revocations would revoke, and that for good.
                let purpose = service.status.purpose(list).ok_or_else(unknown)?;
                if asked.is_some_and(|asked| asked != purpose) {
                    return Err(unknown());
                }
                return Ok(vec![one(Spot::Served(list, index), purpose)]);
            }
            None => vec![Spot::Announced(StatusEntry::new(purpose, uri, index))],
        },
        (Some(_), None, _) => return Err(option("statusListIndex")),
        (None, Some(_), _) => return Err(option("statusListCredential")),
        (None, None, Some(id)) => {
            let served = service.status.places(id, purpose);
            let served = served.into_iter().map(|(list, index)| Spot::Served(list, index));
            let announced = match recording {
                Some(recording) => recording.places(id, purpose)?,
                None => Vec::new(),
            };
            served.chain(announced.into_iter().map(Spot::Announced)).collect()
        }
        (None, None, None) => return Err(option("credentialId")),
    };
    if places.is_empty() {
        return Err(unknown());
    }
    Ok(places.into_iter().map(|spot| one(spot, purpose)).collect())
}

/// What becomes of a status of this purpose, from the members that `said` finds.
fn change<'a>(
    purpose: StatusPurpose,
    said: impl Fn(&str) -> Option<&'a Value>,
    now: Timestamp,
) -> Result<StatusChange, Refusal> {
    let value = match (purpose, said("status"), said("value")) {
        (StatusPurpose::Message, None, Some(value)) => message_value(value),
        // A list of messages has no second side to take something back to.
        (StatusPurpose::Message, Some(_), _) => return Err(option("status")),
        (StatusPurpose::Message, None, None) => None,
        (_, _, Some(_)) => None,
        (_, None | Some(Value::Bool(true)), None) => Some(1),
        (_, Some(Value::Bool(false)), None) => Some(0),
        (_, Some(Value::String(text)), None) if text == "1" => Some(1),
        (_, Some(Value::String(text)), None) if text == "0" => Some(0),
        (_, Some(_), None) => return Err(option("status")),
    };
    let value = value.ok_or_else(|| option("value"))?;
    let reason = said("reason").map(|reason| {
        let shown = |text: &&str| !text.chars().any(is_hidden);
        let text = reason.as_str().filter(|text| (1..=REASON).contains(&text.chars().count()));
        let text = text.filter(shown);
        text.map(str::to_owned).ok_or_else(|| option("reason"))
    });
    let effective = said("effective").map(|effective| {
        let time = effective.as_str().and_then(|text| Timestamp::parse(text).ok());
        // A status takes effect when it is published: it cannot be announced for later.
        time.filter(|time| *time <= now).ok_or_else(|| option("effective"))
    });
    Ok(StatusChange { value, reason: reason.transpose()?, effective: effective.transpose()? })
}

/// A value of a list of messages: a number, or as credentials write it (`0x2`).
fn message_value(value: &Value) -> Option<u8> {
    let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
    let written = value.as_str().and_then(|text| text.strip_prefix("0x"));
    number.or_else(|| {
        let digits = written.filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
        u8::from_str_radix(digits, 16).ok()
    })
}

/// No place is named twice: whether it is changed and changed back, or refused half-way, would depend on the order.
fn check_places_differ(service: &Service, changes: &[Planned]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for planned in changes {
        let place = match &planned.spot {
            Spot::Served(list, index) => (service.status.uri(*list), *index),
            Spot::Announced(entry) => (entry.list_uri.clone(), entry.index),
        };
        if !seen.insert(place) {
            return Err(option("credentialStatus"));
        }
    }
    Ok(())
}

/// All changes are looked at before the first is made: what is refused has changed nothing.
fn may_all(
    service: &Service,
    recording: Option<&dyn Recording>,
    changes: &[Planned],
) -> Result<(), Refusal> {
    for Planned { spot, change, .. } in changes {
        match spot {
            Spot::Served(list, index) => {
                service.status.may_update((*list, *index), change.value)?;
                if !service.status.is_signed_here(service, *list)? {
                    return Err(unsigned(service, *list));
                }
            }
            Spot::Announced(place) => {
                let known =
                    recording.map(|recording| recording.may_change(place, change)).transpose()?;
                if known != Some(true) {
                    return Err(unknown());
                }
            }
        }
    }
    Ok(())
}

/// The DID whose list it is has no key here now: the change would be kept, and seen by nobody.
fn unsigned(service: &Service, list: usize) -> Refusal {
    let uri = service.status.uri(list);
    let detail = format!("{uri}: no key of its issuer is here that signs it: nothing was changed");
    let finding = Finding::new(Cause::StatusListUnsigned.code(), detail);
    Refusal::Request(StatusCode::SERVICE_UNAVAILABLE, finding)
}

fn unknown() -> Refusal {
    let detail = "no status of this credential is kept here";
    Refusal::missing(Cause::StatusEntryUnknown.code(), detail)
}

/// A place in a list: digits in a text, as entries have it, or a number.
fn place_of(index: &Value) -> Option<u64> {
    index.as_u64().or_else(|| index.as_str()?.parse().ok())
}
