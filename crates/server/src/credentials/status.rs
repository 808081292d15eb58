//! The status of what was issued here: Bitstring Status Lists, one for each key and purpose, random places in them.
//!
//! In scope: allotting places, `/credentials/status`, serving the lists. Every step is in a journal on the disk before it
//! is answered, if there is a folder for it. Out of scope: the form of lists (`inkan-credential`).

mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{self, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use inkan_core::{CryptoRng, Timestamp, rng};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListTerms, status_list_credential,
};
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

pub use self::journal::JournalError;
use self::journal::{Journal, Step};
use super::answer::{Cause, Finding, Refusal, json_answer};
use super::backing::{Backing, Recording};
use super::envelope::{Request, kept_purpose, option};
use super::handle::{answered, blocking};
use super::issue::unsigned;
use super::service::Service;
use super::suites::{Issuer, Suite};
use crate::ledger_node::request::choose;

/// For how long a signed list is good.
const VALID_SECONDS: i64 = 86_400;
/// A list is signed again after this, though nothing changed.
const RENEW_SECONDS: i64 = 43_200;
/// After how many milliseconds a newer copy should be looked for.
const TTL: u64 = 300_000;
/// Places that may be taken in one list: half of them, so that one that is free is soon found.
const FULL: u64 = MINIMUM_BITS / 2;

/// All lists.
#[derive(Debug)]
pub(crate) struct StatusStore {
    /// URL of this server.
    base: String,
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    all: Vec<List>,
    /// Places by the id of the credential.
    places: BTreeMap<String, Vec<(usize, u64)>>,
    journal: Option<Journal>,
}

#[derive(Debug)]
struct List {
    suite: Suite,
    purpose: StatusPurpose,
    issuer: String,
    taken: BitstringStatusList,
    used: u64,
    bits: BitstringStatusList,
    /// When, with which key, and the result.
    signed: Option<(Timestamp, String, String)>,
}

impl List {
    fn new(suite: Suite, purpose: StatusPurpose, issuer: &str) -> Option<Self> {
        let empty = || BitstringStatusList::new(MINIMUM_BITS).ok();
        let (taken, bits) = (empty()?, empty()?);
        let issuer = issuer.to_owned();
        Some(Self { suite, purpose, issuer, taken, used: 0, bits, signed: None })
    }
}

impl Lists {
    /// Makes a step durable, then does it.
    fn make(&mut self, step: &Step) -> Result<(), Refusal> {
        if let Some(journal) = &mut self.journal {
            journal.append(step).map_err(|_| Refusal::fault())?;
        }
        self.apply(step).ok_or_else(Refusal::fault)
    }

    /// That a place is taken, and what was revoked is not taken back.
    fn may_write(&self, (list, index): (usize, u64), value: bool) -> Result<(), Refusal> {
        let unknown =
            || Refusal::missing(Cause::StatusEntryUnknown.code(), "there is no such status entry");
        let found = self.all.get(list).ok_or_else(unknown)?;
        if !found.taken.get(index).map_err(|_| unknown())? {
            return Err(unknown());
        }
        if found.purpose == StatusPurpose::Revocation && !value {
            let is_set = found.bits.get(index).map_err(|_| unknown())?;
            if is_set {
                let detail = "what was revoked stays revoked; suspension can be taken back";
                return Err(Refusal::bad(Cause::StatusFinal.code(), detail));
            }
        }
        Ok(())
    }

    /// Does a step; none if it does not fit what was done before.
    fn apply(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Begin { suite, purpose, issuer } => {
                self.all.push(List::new(*suite, *purpose, issuer)?);
            }
            Step::Take { list, index, credential } => {
                let found = self.all.get_mut(*list)?;
                found.taken.set(*index).ok()?;
                found.used = found.used.checked_add(1)?;
                if let Some(id) = credential {
                    self.places.entry(id.clone()).or_default().push((*list, *index));
                }
            }
            Step::Write { list, index, value } => {
                let found = self.all.get_mut(*list)?;
                found.bits.set_value(*index, 1, u8::from(*value)).ok()?;
                found.signed = None;
            }
        }
        Some(())
    }
}

impl StatusStore {
    /// Lists in memory, or those that the journal of a folder tells of.
    pub(crate) fn open(base: &str, folder: Option<&Path>) -> Result<Self, JournalError> {
        let mut lists = Lists::default();
        if let Some(folder) = folder {
            let (journal, steps) = Journal::open(folder)?;
            for (step, line) in steps.iter().zip(1..) {
                lists.apply(step).ok_or(JournalError::Malformed { line })?;
            }
            lists.journal = Some(journal);
        }
        Ok(Self { base: base.to_owned(), lists: Mutex::new(lists) })
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        // A step is whole before anything else can fail.
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uri(&self, list: usize) -> String {
        format!("{}/status/{list}", self.base)
    }

    fn number(&self, uri: &str) -> Option<usize> {
        let number = uri.strip_prefix(&self.base)?.strip_prefix("/status/")?.parse().ok()?;
        (self.uri(number) == uri && number < self.lists().all.len()).then_some(number)
    }

    /// Whether a URL is one where lists are, or will be, served here.
    pub(crate) fn may_be_ours(&self, uri: &str) -> bool {
        uri.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with("/status/"))
    }

    /// Whether a list is served here.
    pub(crate) fn is_ours(&self, uri: &str) -> bool {
        self.number(uri).is_some()
    }

    /// Entries for a new credential, one for each purpose, each at a random place of its own.
    pub(crate) fn allot(
        &self,
        (suite, issuer): (Suite, &Issuer),
        purposes: &[StatusPurpose],
        credential: Option<String>,
    ) -> Result<Vec<Value>, Refusal> {
        let mut lists = self.lists();
        let mut entries = Vec::new();
        for purpose in purposes {
            let fits = |list: &List| {
                (list.suite, list.purpose) == (suite, *purpose)
                    && list.issuer == issuer.did
                    && list.used < FULL
            };
            let number = match lists.all.iter().position(fits) {
                Some(number) => number,
                None => {
                    let issuer = issuer.did.clone();
                    lists.make(&Step::Begin { suite, purpose: *purpose, issuer })?;
                    lists.all.len().saturating_sub(1)
                }
            };
            let index = free_place(&lists, number, &mut OsRng).ok_or_else(Refusal::fault)?;
            let credential = credential.clone();
            lists.make(&Step::Take { list: number, index, credential })?;
            entries.push(StatusEntry::new(*purpose, &self.uri(number), index).to_value());
        }
        Ok(entries)
    }

    /// A list as it is served now, signed; none if there is no such list, or no key any more that may sign it.
    pub(crate) fn served(&self, service: &Service, uri: &str) -> Result<Option<String>, Refusal> {
        let Some(number) = self.number(uri) else { return Ok(None) };
        let now = service.now();
        let mut lists = self.lists();
        let Some(list) = lists.all.get_mut(number) else { return Ok(None) };
        let issuer = service.issuer(list.suite)?;
        let Some(issuer) = issuer.filter(|issuer| issuer.did == list.issuer) else {
            return Ok(None);
        };
        if let Some((at, method, body)) = &list.signed
            && (0..RENEW_SECONDS).contains(&now.seconds_since(*at))
            && *method == issuer.method
        {
            return Ok(Some(body.clone()));
        }
        let terms = StatusListTerms {
            uri,
            issuer: &issuer.did,
            purpose: list.purpose,
            valid_from: now,
            valid_until: now.plus_seconds(VALID_SECONDS),
            ttl_milliseconds: Some(TTL),
        };
        let unsigned_list =
            status_list_credential(&terms, &list.bits).map_err(|_| Refusal::fault())?;
        let secured = match list.suite.whole().and_then(Suite::cryptosuite) {
            None => sign::issue_jose(unsigned_list, &issuer.method, &*issuer.key),
            Some(suite) => {
                let id = rng::draw_uuid_urn(&mut OsRng);
                let proof = ProofTerms {
                    id: Some(&id),
                    created: Some(now),
                    ..ProofTerms::new(suite, &issuer.method)
                };
                sign::secure_di(unsigned_list, &proof, &*issuer.key, service.contexts())
            }
        };
        let body = secured.map_err(unsigned)?.to_bare();
        list.signed = Some((now, issuer.method, body.clone()));
        Ok(Some(body))
    }

    /// That the status of a credential may be set or cleared.
    fn may_update(&self, place: (usize, u64), value: bool) -> Result<(), Refusal> {
        self.lists().may_write(place, value)
    }

    /// Sets or clears the status of a credential.
    fn update(&self, place: (usize, u64), value: bool) -> Result<(), Refusal> {
        let (list, index) = place;
        let mut lists = self.lists();
        lists.may_write(place, value)?;
        lists.make(&Step::Write { list, index, value })
    }

    /// What a list is for.
    fn purpose(&self, list: usize) -> Option<StatusPurpose> {
        self.lists().all.get(list).map(|list| list.purpose)
    }

    /// The places of a credential in lists of that purpose.
    fn places(&self, credential: &str, purpose: StatusPurpose) -> Vec<(usize, u64)> {
        let lists = self.lists();
        let of_purpose =
            |list: &usize| lists.all.get(*list).is_some_and(|list| list.purpose == purpose);
        let places = lists.places.get(credential).into_iter().flatten();
        places.filter(|(list, _)| of_purpose(list)).copied().collect()
    }
}

/// A place that is not taken. At most half of them are, so this ends soon.
fn free_place(lists: &Lists, number: usize, rng: &mut impl CryptoRng) -> Option<u64> {
    let list = lists.all.get(number)?;
    for _ in 0..256 {
        // The length is a power of two: every place is as likely.
        let place = u64::from(u32::from_be_bytes(rng::draw(rng))) % MINIMUM_BITS;
        if list.taken.get(place) == Ok(false) {
            return Some(place);
        }
    }
    None
}

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
    let outer = request.optional("status");
    let entries = given.as_array().map_or_else(|| vec![&given], |list| list.iter().collect());
    let mut changes = Vec::new();
    for entry in entries {
        let asked = entry.get("statusPurpose").map(|name| {
            name.as_str().and_then(kept_purpose).ok_or_else(|| option("statusPurpose"))
        });
        let asked = asked.transpose()?;
        let purpose = asked.unwrap_or(StatusPurpose::Revocation);
        let value = match entry.get("status").or(outer.as_ref()) {
            None | Some(Value::Bool(true)) => true,
            Some(Value::Bool(false)) => false,
            Some(Value::String(text)) if text == "1" => true,
            Some(Value::String(text)) if text == "0" => false,
            Some(_) => return Err(option("status")),
        };
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
                    changes.push((Spot::Served(list, index), purpose, value));
                    continue;
                }
                None => vec![Spot::Announced(StatusEntry::new(purpose, uri, index))],
            },
            (Some(_), None, _) => return Err(option("statusListIndex")),
            (None, Some(_), _) => return Err(option("statusListCredential")),
            (None, None, Some(id)) => {
                let served = service.status.places(id, purpose);
                let served = served.into_iter().map(|(list, index)| Spot::Served(list, index));
                let announced = match &recording {
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
        changes.extend(places.into_iter().map(|place| (place, purpose, value)));
    }
    check_places_differ(service, &changes)?;
    // Nothing follows a revocation, so it is carried out last.
    changes.sort_by_key(|(_, purpose, _)| *purpose == StatusPurpose::Revocation);
    may_all(service, recording.as_deref(), &changes)?;
    let mut done = Vec::new();
    for (spot, purpose, value) in changes {
        let (uri, index) = match spot {
            Spot::Served(list, index) => {
                service.status.update((list, index), value)?;
                (service.status.uri(list), index)
            }
            Spot::Announced(place) => {
                let recording = recording.as_deref_mut();
                let known =
                    recording.map(|recording| recording.change(&place, value)).transpose()?;
                if known != Some(true) {
                    return Err(unknown());
                }
                (place.list_uri, place.index)
            }
        };
        done.push(json!({
            "statusListCredential": uri,
            "statusListIndex": index.to_string(),
            "statusPurpose": purpose.as_str(),
            "status": value,
        }));
    }
    Ok(json_answer(StatusCode::OK, &json!({ "credentialStatus": done })))
}

/// No place is named twice: whether it is changed and changed back, or refused half-way, would depend on the order.
fn check_places_differ(
    service: &Service,
    changes: &[(Spot, StatusPurpose, bool)],
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for (spot, _, _) in changes {
        let place = match spot {
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
    changes: &[(Spot, StatusPurpose, bool)],
) -> Result<(), Refusal> {
    for (spot, _, value) in changes {
        match spot {
            Spot::Served(list, index) => service.status.may_update((*list, *index), *value)?,
            Spot::Announced(place) => {
                let known =
                    recording.map(|recording| recording.may_change(place, *value)).transpose()?;
                if known != Some(true) {
                    return Err(unknown());
                }
            }
        }
    }
    Ok(())
}

fn unknown() -> Refusal {
    let detail = "no status of this credential is kept here";
    Refusal::missing(Cause::StatusEntryUnknown.code(), detail)
}

/// A place in a list: digits in a text, as entries have it, or a number.
fn place_of(index: &Value) -> Option<u64> {
    index.as_u64().or_else(|| index.as_str()?.parse().ok())
}

/// GET `/status/{list}`.
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    extract::Path(list): extract::Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let body = blocking(service, move |service| {
        let uri = format!("{}/status/{list}", service.base);
        service.status.served(service, &uri)
    });
    let missing = || Refusal::missing(Cause::PathUnknown.code(), "there is no such status list");
    let body = body.await?.ok_or_else(missing)?;
    let media_type =
        if body.starts_with('{') { json_type(&headers)? } else { "application/vc+jwt" };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

/// By which of its names a list in JSON is called, as the client asks (RFC 9110, §12.5.1).
fn json_type(headers: &HeaderMap) -> Result<&'static str, Refusal> {
    const NAMES: [&str; 3] = ["application/vc", "application/ld+json", "application/json"];
    const OFFERS: [&[&str]; 3] =
        [&["application/vc"], &["application/ld+json"], &["application/json"]];
    let chosen = choose(headers, &OFFERS).and_then(|place| NAMES.get(place)).copied();
    chosen.ok_or_else(|| {
        let finding = Finding::new("not-acceptable", "a status list is application/vc");
        Refusal::Request(StatusCode::NOT_ACCEPTABLE, finding)
    })
}

/// POST `/status/{list}/publish`: lists are always served as they stand, so there is nothing to do but to say so.
pub(crate) async fn publish(
    State(service): State<Arc<Service>>,
    extract::Path(list): extract::Path<String>,
) -> Result<StatusCode, Refusal> {
    let uri = format!("{}/status/{list}", service.base);
    if service.status.is_ours(&uri) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::missing(Cause::PathUnknown.code(), "there is no such status list"))
    }
}
