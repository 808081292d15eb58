//! The status of what was issued here: Bitstring Status Lists, one for each key and purpose, random places in them.
//!
//! In scope: allotting places, serving the lists; `/credentials/status` is in `change`. Every step is in a journal on the disk before
//! it is answered, if there is a folder for it. Out of scope: the form of lists (`inkan-credential`).

mod change;
mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{self, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use inkan_core::{CryptoRng, Timestamp, rng};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::{
    BitstringStatusList, MINIMUM_BITS, StatusListTerms, status_list_credential,
};
use inkan_io::os_rng::OsRng;
use serde_json::Value;

pub(crate) use self::change::update;
pub use self::journal::JournalError;
use self::journal::{Journal, Step};
use super::answer::{Cause, Finding, Refusal};
use super::backing::StatusChange;
use super::handle::blocking;
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
/// A new list has at least so many decoys, and at most 127 more.
const LEAST_DECOYS: usize = 64;
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
    /// Places that are set and that nobody has: whoever reads the list does not learn how many credentials are revoked.
    decoys: BTreeSet<u64>,
    /// When, with which key, and the result.
    signed: Option<(Timestamp, String, String)>,
}

impl List {
    fn new(suite: Suite, purpose: StatusPurpose, issuer: &str) -> Option<Self> {
        let empty = || BitstringStatusList::new(MINIMUM_BITS).ok();
        let (taken, bits) = (empty()?, empty()?);
        let issuer = issuer.to_owned();
        let decoys = BTreeSet::new();
        Some(Self { suite, purpose, issuer, taken, used: 0, bits, decoys, signed: None })
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
        if !found.taken.get(index).map_err(|_| unknown())? || found.decoys.contains(&index) {
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
            Step::Decoys { list, places } => {
                let found = self.all.get_mut(*list)?;
                for place in places {
                    found.taken.set(*place).ok()?;
                    found.bits.set_value(*place, 1, 1).ok()?;
                    found.used = found.used.checked_add(1)?;
                    found.decoys.insert(*place);
                }
                found.signed = None;
            }
            Step::Take { list, index, credential } => {
                let found = self.all.get_mut(*list)?;
                found.taken.set(*index).ok()?;
                found.used = found.used.checked_add(1)?;
                if let Some(id) = credential {
                    self.places.entry(id.clone()).or_default().push((*list, *index));
                }
            }
            Step::Write { list, index, value, since: _, reason: _ } => {
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
            // Before anybody reads it: decoys that come later stand apart from the first ones in its history.
            if lists.all.get(number).is_some_and(|list| list.used == 0) {
                let places = decoys(&lists, number, &mut OsRng).ok_or_else(Refusal::fault)?;
                lists.make(&Step::Decoys { list: number, places })?;
            }
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

    /// Sets or clears the status of a credential: since when, and why, is in the journal alone.
    fn update(&self, place: (usize, u64), change: &StatusChange) -> Result<(), Refusal> {
        let ((list, index), value) = (place, change.value != 0);
        let mut lists = self.lists();
        lists.may_write(place, value)?;
        let (since, reason) = (change.effective, change.reason.clone());
        lists.make(&Step::Write { list, index, value, since, reason })
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

/// Places for decoys in a list that has none yet.
fn decoys(lists: &Lists, number: usize, rng: &mut impl CryptoRng) -> Option<Vec<u64>> {
    let [drawn] = rng::draw(rng);
    let count = LEAST_DECOYS.saturating_add(usize::from(drawn) / 2);
    let mut places = BTreeSet::new();
    while places.len() < count {
        places.insert(free_place(lists, number, rng)?);
    }
    Some(places.into_iter().collect())
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
