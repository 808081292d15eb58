//! The status of what was issued here: Bitstring Status Lists, one for each key and purpose, random places in them. A list of messages has
//! several bits for each place.
//!
//! In scope: allotting places, serving the lists; `/credentials/status` is in `change`. Every step is in a journal on the disk before
//! it is answered, if there is a folder for it. Out of scope: the form of lists (`inkan-credential`).

mod change;
mod journal;
mod served;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{self, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use inkan_core::{CryptoRng, Timestamp, rng};
use inkan_credential::model::{StatusEntry, StatusMessage, StatusPurpose};
use inkan_credential::status_list::{BitstringStatusList, MINIMUM_BITS};
use inkan_io::os_rng::OsRng;
use serde_json::Value;

pub(crate) use self::change::update;
pub use self::journal::JournalError;
use self::journal::{Journal, Step, Wording};
use super::answer::{Cause, Finding, Refusal};
use super::backing::{Allotment, StatusChange};
use super::handle::blocking;
use super::service::Service;
use super::suites::{Issuer, Suite};
use crate::ledger_node::request::choose;

/// A new list has at least so many decoys, and at most 127 more.
const LEAST_DECOYS: usize = 64;
/// Places that may be taken in one list: half of them, so that one that is free is soon found.
const FULL: u64 = MINIMUM_BITS / 2;
/// So many lists of messages callers may begin for one issuer, each with messages of its own.
const WORDINGS: usize = 16;

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
    /// Bits of a place.
    size: u8,
    wording: Wording,
    taken: BitstringStatusList,
    used: u64,
    bits: BitstringStatusList,
    /// Places that are set and that nobody has: whoever reads the list does not learn how many credentials are revoked.
    decoys: BTreeSet<u64>,
    /// When, with which key, and the result.
    signed: Option<(Timestamp, String, String)>,
}

impl List {
    /// A list with a value for each message, or with one bit for a place if there are none.
    fn new(
        (suite, purpose): (Suite, StatusPurpose),
        issuer: &str,
        wording: &Wording,
    ) -> Option<Self> {
        let count = wording.messages.len().max(2);
        let size = u8::try_from(count.ilog2()).ok().filter(|_| count.is_power_of_two())?;
        let empty = |bits: u64| BitstringStatusList::new(bits).ok();
        let (taken, bits) = (empty(MINIMUM_BITS)?, empty(MINIMUM_BITS.checked_mul(size.into())?)?);
        let (issuer, wording) = (issuer.to_owned(), wording.clone());
        let decoys = BTreeSet::new();
        Some(Self {
            suite,
            purpose,
            issuer,
            size,
            wording,
            taken,
            used: 0,
            bits,
            decoys,
            signed: None,
        })
    }

    /// The greatest value that a place can have.
    const fn most(&self) -> u8 {
        u8::MAX >> 8_u8.saturating_sub(self.size)
    }

    /// What a credential with this place names.
    fn entry(&self, uri: &str, index: u64) -> StatusEntry {
        let named =
            |(status, message): (u8, &String)| StatusMessage { status, message: message.clone() };
        StatusEntry {
            size: self.size,
            messages: (0..=u8::MAX).zip(&self.wording.messages).map(named).collect(),
            references: self.wording.references.clone(),
            ..StatusEntry::new(self.purpose, uri, index)
        }
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

    /// That a place is taken and can have the value, and what was revoked is not taken back.
    fn may_write(&self, (list, index): (usize, u64), value: u8) -> Result<(), Refusal> {
        let unknown =
            || Refusal::missing(Cause::StatusEntryUnknown.code(), "there is no such status entry");
        let found = self.all.get(list).ok_or_else(unknown)?;
        if !found.taken.get(index).map_err(|_| unknown())? || found.decoys.contains(&index) {
            return Err(unknown());
        }
        if value > found.most() {
            let detail = format!("value: this list has messages for 0 to {}", found.most());
            return Err(Refusal::bad("status-value-out-of-range", detail));
        }
        if found.purpose == StatusPurpose::Revocation && value == 0 {
            let is_set = found.bits.get(index).map_err(|_| unknown())?;
            if is_set {
                let detail = "what was revoked stays revoked; suspension can be taken back";
                return Err(Refusal::bad(Cause::StatusFinal.code(), detail));
            }
        }
        Ok(())
    }

    /// That one more list may begin which says this: each takes room here.
    fn check_wording(&self, issuer: &str, wording: &Wording) -> Result<(), Refusal> {
        if wording.messages.is_empty() {
            return Ok(());
        }
        let mut others: Vec<&Wording> = Vec::new();
        for list in self.all.iter().filter(|list| list.issuer == issuer) {
            if !list.wording.messages.is_empty() && !others.contains(&&list.wording) {
                others.push(&list.wording);
            }
        }
        if others.contains(&wording) || others.len() < WORDINGS {
            return Ok(());
        }
        let detail = "this issuer has as many lists with other messages as callers may begin";
        Err(Refusal::bad("message-lists-full", detail))
    }

    /// Does a step; none if it does not fit what was done before.
    fn apply(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Begin { suite, purpose, issuer, wording } => {
                self.all.push(List::new((*suite, *purpose), issuer, wording)?);
            }
            Step::Decoys { list, places } => {
                let found = self.all.get_mut(*list)?;
                for (place, value) in places {
                    found.taken.set(*place).ok()?;
                    found.bits.set_value(*place, found.size, *value).ok()?;
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
                found.bits.set_value(*index, found.size, *value).ok()?;
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
        asked: &Allotment,
        credential: Option<String>,
    ) -> Result<Vec<Value>, Refusal> {
        let mut lists = self.lists();
        let wording = match asked.purposes.contains(&StatusPurpose::Message) {
            true => {
                Wording { messages: asked.messages.clone(), references: asked.references.clone() }
            }
            false => Wording::default(),
        };
        // Before any place is taken.
        lists.check_wording(&issuer.did, &wording)?;
        let mut entries = Vec::new();
        for purpose in &asked.purposes {
            let says = *purpose == StatusPurpose::Message;
            let wording = if says { wording.clone() } else { Wording::default() };
            let fits = |list: &List| {
                (list.suite, list.purpose) == (suite, *purpose)
                    && (&list.issuer, &list.wording) == (&issuer.did, &wording)
                    && list.used < FULL
            };
            let number = match lists.all.iter().position(fits) {
                Some(number) => number,
                None => {
                    let issuer = issuer.did.clone();
                    lists.make(&Step::Begin { suite, purpose: *purpose, issuer, wording })?;
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
            let list = lists.all.get(number).ok_or_else(Refusal::fault)?;
            entries.push(list.entry(&self.uri(number), index).to_value());
        }
        Ok(entries)
    }

    /// That the status of a credential may be set or cleared.
    fn may_update(&self, place: (usize, u64), value: u8) -> Result<(), Refusal> {
        self.lists().may_write(place, value)
    }

    /// Sets or clears the status of a credential: since when, and why, is in the journal alone.
    fn update(&self, place: (usize, u64), change: &StatusChange) -> Result<(), Refusal> {
        let ((list, index), value) = (place, change.value);
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

/// Places for decoys in a list that has none yet, and their values: any but that of a new credential.
fn decoys(lists: &Lists, number: usize, rng: &mut impl CryptoRng) -> Option<Vec<(u64, u8)>> {
    let most = u16::from(lists.all.get(number)?.most());
    let [drawn] = rng::draw(rng);
    let count = LEAST_DECOYS.saturating_add(usize::from(drawn) / 2);
    let mut places = BTreeMap::new();
    while places.len() < count {
        let value = u16::from_be_bytes(rng::draw(rng)).checked_rem(most)?.checked_add(1)?;
        places.insert(free_place(lists, number, rng)?, u8::try_from(value).ok()?);
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
