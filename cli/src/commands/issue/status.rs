//! Places in status lists for a new credential; the first one makes the list.

use std::collections::BTreeSet;

use inkan_core::json::text;
use inkan_core::rng::draw;
use inkan_core::{Timestamp, sha256};
use inkan_credential::Format;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::token_status_list::StatusBits;
use inkan_did::Did;
use inkan_io::intent::{EntryDraft, Intent, PublishedList, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, Record as _, Shelf, StatusListRecord};
use inkan_issuer::status::Publication;
use inkan_issuer::{StatusEncoding, StatusListState, StatusStateError};
use inkan_ledger::{Claims, StatusClaims, StatusFormat};
use serde_json::Value;

use crate::args::{IssueArgs, SecuringFormat, StatusKind};
use crate::commands::ledger::params::in_force;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::ledgers::{self, Reading};

/// How long a published list may be relied on: the ledger admits 366 days.
const VALID_DAYS: i64 = 365;
/// A new list has at least so many decoys, and at most 127 more.
const LEAST_DECOYS: u64 = 64;
/// How names of lists begin that were taken over.
const TAKEN: &str = "taken.";
/// So many different lists of messages there are for one issuer before callers of the API begin no more: each is signed, and its head
/// stays on the ledger for good.
const WORDINGS: usize = 16;
/// A list with less time left than this is published again when it is touched.
pub(super) const RENEW_DAYS: i64 = 180;
pub(super) const SECONDS_OF_DAY: i64 = 86_400;

/// A place, and what must be written for it.
#[derive(Debug)]
pub(crate) struct Place {
    /// What stands in the credential.
    pub(crate) entry: StatusEntry,
    name: String,
    record: StatusListRecord,
    publication: Option<(PublishedList, EntryDraft)>,
}

impl Place {
    /// Adds list, entry and record to an intent.
    pub(crate) fn into_intent(self, intent: &mut Intent) {
        let mut announced = None;
        if let Some((list, entry)) = self.publication {
            announced = Some(intent.entries.len());
            intent.lists.push(list);
            intent.entries.push(entry);
        }
        let (shelf, record) = (Shelf::StatusLists, self.record.to_value());
        intent.keep(RecordDraft { shelf, name: self.name, record }, announced);
    }
}

/// What the record of a credential keeps of its places: by which it is revoked, suspended, and given a message.
///
/// The one place in a token list is for revoking and suspending; its values are states, and no messages.
pub(crate) fn recorded_places<'a>(
    entries: impl Iterator<Item = &'a StatusEntry>,
    token: bool,
) -> [Option<(String, u64)>; 3] {
    let entries: Vec<&StatusEntry> = entries.collect();
    let of = |purpose| {
        let found = entries.iter().find(|entry| entry.purpose == purpose);
        found.map(|entry| (entry.list_uri.clone(), entry.index))
    };
    let revocation = of(StatusPurpose::Revocation);
    if token {
        return [revocation.clone(), revocation, None];
    }
    [revocation, of(StatusPurpose::Suspension), of(StatusPurpose::Message)]
}

/// In which status lists a credential gets places: one for each purpose.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// How they are written.
    pub(crate) encoding: StatusEncoding,
    /// What they are about.
    pub(crate) purposes: Vec<StatusPurpose>,
    /// What the list of messages says.
    pub(crate) messages: &'a [String],
    /// Where these messages are explained.
    pub(crate) references: &'a [String],
    /// Where the issuer serves the list itself; none for one that a ledger announces.
    pub(crate) served: Option<&'a str>,
    /// Who asks for it.
    pub(crate) asker: Asker,
}

/// Who asks for places in status lists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asker {
    /// The issuer, who begins as many lists as there shall be.
    Issuer,
    /// A caller of the issuer's API.
    Caller,
}

impl<'a> Wanted<'a> {
    /// Whether a list of ours is one for this purpose.
    pub(crate) fn fits(
        &self,
        record: &StatusListRecord,
        purpose: StatusPurpose,
    ) -> Result<bool, Failure> {
        let encoding = text(&record.state, "encoding").map(StatusEncoding::parse);
        let place = match self.served {
            None => record.announced,
            Some(url) => !record.announced && text(&record.state, "uri") == Some(url),
        };
        if !place
            || text(&record.state, "purpose") != Some(purpose.as_str())
            || encoding.unwrap_or(Some(StatusEncoding::Bitstring)) != Some(self.encoding)
        {
            return Ok(false);
        }
        // A list of messages is another with other messages, or with another explanation.
        Ok(purpose != StatusPurpose::Message || said_by(record) == self.said())
    }

    /// That a list of ours says these messages, or that one more may begin which does.
    fn check_wording(&self, lists: &[(String, StatusListRecord)]) -> Result<(), Failure> {
        if self.asker == Asker::Issuer {
            return Ok(());
        }
        let said = lists.iter().map(|(_, record)| said_by(record));
        let others: BTreeSet<_> = said.filter(|(said, _)| !said.is_empty()).collect();
        let is_known = others.contains(&self.said());
        if is_known || others.len() < WORDINGS {
            return Ok(());
        }
        Err(CliError::MessageListsFull { limit: WORDINGS }.into())
    }

    fn said(&self) -> (Vec<&str>, Vec<&str>) {
        let texts = |texts: &'a [String]| texts.iter().map(String::as_str).collect();
        (texts(self.messages), texts(self.references))
    }

    /// The newest of these lists that is one for this purpose.
    pub(crate) fn newest(
        &self,
        lists: &[(String, StatusListRecord)],
        purpose: StatusPurpose,
    ) -> Result<Option<(String, StatusListRecord)>, Failure> {
        for (name, record) in lists.iter().rev() {
            if self.fits(record, purpose)? {
                return Ok(Some((name.clone(), record.clone())));
            }
        }
        Ok(None)
    }

    /// A new list for this purpose, with places set that nobody has: from its first version on it does not tell how many credentials
    /// are revoked. Those that come later stand apart from the first ones in the list's history, and hide less. It is as long as the
    /// ledger asks for.
    pub(crate) fn make(
        &self,
        uri: &str,
        purpose: StatusPurpose,
        least: u64,
    ) -> Result<StatusListState, StatusStateError> {
        let mut state = self.empty(uri, purpose)?.grown_to(least)?;
        let [drawn] = draw(&mut OsRng);
        state.add_decoys(LEAST_DECOYS.saturating_add(u64::from(drawn) / 2), &mut OsRng)?;
        Ok(state)
    }

    fn empty(
        &self,
        uri: &str,
        purpose: StatusPurpose,
    ) -> Result<StatusListState, StatusStateError> {
        if purpose == StatusPurpose::Message {
            let (messages, references) = self.said();
            return StatusListState::of_messages(uri, &messages, &references);
        }
        if self.encoding.is_token() {
            // Two bits: in force, revoked, suspended.
            return StatusListState::of_tokens(uri, self.encoding, StatusBits::Two);
        }
        StatusListState::new(uri, purpose)
    }
}

/// The kind of list that was asked for, or else that the format is made for.
pub(crate) const fn encoding(args: &IssueArgs) -> StatusEncoding {
    match (args.status, args.credential_format) {
        (Some(StatusKind::Token), _) | (None, Some(SecuringFormat::DcSdJwt)) => {
            StatusEncoding::TokenJwt
        }
        (Some(StatusKind::TokenCwt), _) => StatusEncoding::TokenCwt,
        (Some(StatusKind::Bitstring), _) | (None, Some(_) | None) => StatusEncoding::Bitstring,
    }
}

/// Takes a random place for each purpose: in the newest list of this issuer that has one, or in a new list.
pub(crate) fn allocate(
    wanted: &Wanted<'_>,
    (own, hand, home): (&OwnDid, &Hand<'_>, &Home),
    now: Timestamp,
) -> Result<Vec<Place>, Failure> {
    let lists = of_issuer(own, home)?;
    let mut count = lists.len();
    let mut places = Vec::new();
    if wanted.purposes.contains(&StatusPurpose::Message) {
        wanted.check_wording(&lists)?;
    }
    for purpose in &wanted.purposes {
        let place = match wanted.newest(&lists, *purpose)? {
            Some(newest) => allocate_in(newest, (own, hand, home), now)?,
            None => None,
        };
        places.push(match place {
            Some(place) => place,
            None => {
                count = count.saturating_add(1);
                if let Some(url) = wanted.served {
                    let (name, mut state) = begin(wanted, *purpose, (url, count), (own, home))?;
                    let entry = state.allocate(&mut OsRng)?;
                    let record = unannounced(&state, own)?;
                    places.push(Place { entry, name, record, publication: None });
                    continue;
                }
                let uri = list_uri(&own.did, count)?;
                let mut state = wanted.make(&uri, *purpose, least(home, now))?;
                let entry = state.allocate(&mut OsRng)?;
                let name = format!("{}.{count}", own.name);
                publish(state, name, (own, hand, home), now)?.with(entry)
            }
        });
    }
    Ok(places)
}

/// The lists in which this issuer gives away places: not those that it took over from a predecessor.
pub(super) fn of_issuer(
    own: &OwnDid,
    home: &Home,
) -> Result<Vec<(String, StatusListRecord)>, Failure> {
    let mut lists = home.profile.all::<StatusListRecord>()?;
    lists.retain(|(name, record)| record.issuer == own.did && !is_taken(name));
    Ok(lists)
}

/// A new list that no ledger announces, and its name: it is signed when it is published to a file.
pub(super) fn begin(
    wanted: &Wanted<'_>,
    purpose: StatusPurpose,
    (url, count): (&str, usize),
    (own, home): (&OwnDid, &Home),
) -> Result<(String, StatusListState), Failure> {
    for (_, record) in home.profile.all::<StatusListRecord>()? {
        if text(&record.state, "uri") == Some(url) {
            // Of another kind, of another DID, or full.
            let detail =
                "a status list of another kind has this URL, or it is full: choose another";
            let file = url.chars().take(200).collect();
            return Err(CliError::InputMalformed { file, detail: detail.to_owned() }.into());
        }
    }
    Ok((format!("{}.{count}", own.name), wanted.make(url, purpose, 0)?))
}

/// The record of such a list.
pub(super) fn unannounced(
    state: &StatusListState,
    own: &OwnDid,
) -> Result<StatusListRecord, Failure> {
    let (issuer, state) = (own.did.clone(), state.to_value()?);
    Ok(StatusListRecord { issuer, valid_until: Timestamp::EPOCH, state, announced: false })
}

/// A random place in this list, unless it is full.
fn allocate_in(
    (name, record): (String, StatusListRecord),
    (own, hand, home): (&OwnDid, &Hand<'_>, &Home),
    now: Timestamp,
) -> Result<Option<Place>, Failure> {
    let mut state = state_of(&record)?;
    let entry = match state.allocate(&mut OsRng) {
        Ok(entry) => entry,
        Err(StatusStateError::Full) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let soon = now.plus_seconds(RENEW_DAYS.saturating_mul(SECONDS_OF_DAY));
    if record.valid_until > soon || !record.announced {
        let record = StatusListRecord { state: state.to_value()?, ..record };
        return Ok(Some(Place { entry, name, record, publication: None }));
    }
    publish(state, name, (own, hand, home), now).map(|published| Some(published.with(entry)))
}

/// A list that was signed again, with the entry that announces it.
#[derive(Debug)]
pub(crate) struct Republished {
    name: String,
    record: StatusListRecord,
    list: PublishedList,
    entry: EntryDraft,
}

impl Republished {
    /// Its name in the profile.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The list as the profile keeps it.
    pub(crate) const fn record(&self) -> &StatusListRecord {
        &self.record
    }

    fn with(self, entry: StatusEntry) -> Place {
        let Self { name, record, list, entry: announcement } = self;
        Place { entry, name, record, publication: Some((list, announcement)) }
    }

    /// Adds list, entry and record to an intent.
    pub(crate) fn into_intent(self, intent: &mut Intent) {
        let announced = intent.entries.len();
        intent.lists.push(self.list);
        intent.entries.push(self.entry);
        let (shelf, record) = (Shelf::StatusLists, self.record.to_value());
        intent.keep(RecordDraft { shelf, name: self.name, record }, [announced]);
    }
}

/// A list that no ledger announces, signed as it is now, and the record to keep then.
pub(crate) fn sign(
    mut state: StatusListState,
    (own, hand, chain): (&OwnDid, &Hand<'_>, Option<&[Vec<u8>]>),
    now: Timestamp,
) -> Result<(Vec<u8>, StatusListRecord), Failure> {
    let valid_until = now.plus_seconds(VALID_DAYS.saturating_mul(SECONDS_OF_DAY));
    let (issuer, format, valid_from) = (own.did.as_str(), Format::DataIntegrity, now);
    let publication = Publication { issuer, format, valid_from, valid_until };
    let published = match chain {
        None => state.publish(&publication, hand.pair())?,
        Some(chain) => state.publish_certified(&publication, (chain, hand.key))?,
    };
    let bytes = ServedStatusList { uri: String::new(), body: published.body, fetched_at: None };
    let (issuer, state) = (own.did.clone(), state.to_value()?);
    Ok((
        bytes.bytes().into_owned(),
        StatusListRecord { issuer, valid_until, state, announced: false },
    ))
}

/// How long status lists must be in the ledger of `home` now. Where it cannot be asked the list stays as it is: the ledger says what
/// it takes.
pub(crate) fn least(home: &Home, now: Timestamp) -> u64 {
    let reading = Reading::open_at(home, now);
    let parameters = reading.and_then(|reading| in_force(&reading));
    parameters.map_or(0, |parameters| parameters.values.list_min)
}

/// Signs a list as it is now, and announces it on the ledger; one that is too short for it by now grows.
pub(crate) fn publish(
    state: StatusListState,
    name: String,
    (own, hand, home): (&OwnDid, &Hand<'_>, &Home),
    now: Timestamp,
) -> Result<Republished, Failure> {
    let valid_until = now.plus_seconds(VALID_DAYS.saturating_mul(SECONDS_OF_DAY));
    let publication = Publication {
        issuer: &own.did,
        format: Format::DataIntegrity,
        valid_from: now,
        valid_until,
    };
    let mut state = state.grown_to(least(home, now))?;
    let published = state.publish(&publication, hand.pair())?;
    let claims = Claims::Status(StatusClaims {
        uri: state.uri().to_owned(),
        format: match state.encoding() {
            StatusEncoding::Bitstring => {
                StatusFormat::Bitstring { purpose: state.purpose().as_str().to_owned() }
            }
            StatusEncoding::TokenJwt => StatusFormat::TokenJwt,
            StatusEncoding::TokenCwt => StatusFormat::TokenCwt,
        },
        sequence: published.seq,
        digest: published.digest,
        length: published.length,
        not_before: published.valid_from,
        expires: published.valid_until,
    });
    let entry = ledgers::entry(&claims, &hand.method, hand.key, home, now)?;
    let list = PublishedList {
        issuer: own.did.clone(),
        uri: state.uri().to_owned(),
        sequence: published.seq,
        body: published.body,
    };
    let record = StatusListRecord {
        issuer: own.did.clone(),
        valid_until,
        state: state.to_value()?,
        announced: true,
    };
    Ok(Republished { name, record, list, entry })
}

/// The name of a list that was taken over from a predecessor; nothing new is issued with one.
pub(crate) fn taken_name(uri: &str) -> String {
    format!("{TAKEN}{}", sha256(&[uri.as_bytes()]).to_hex())
}

/// Whether it is such a name.
pub(crate) fn is_taken(name: &str) -> bool {
    let digest = name.strip_prefix(TAKEN);
    digest.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// What a list of messages says, read without the bits of its entries; nothing of other lists.
fn said_by(record: &StatusListRecord) -> (Vec<&str>, Vec<&str>) {
    let texts = |name: &str| {
        let said = record.state.get(name).and_then(Value::as_array);
        said.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    (texts("messages"), texts("references"))
}

/// Reads the issuer's own state of a list.
pub(crate) fn state_of(record: &StatusListRecord) -> Result<StatusListState, Failure> {
    Ok(StatusListState::parse(record.state.to_string().as_bytes())?)
}

/// `https://<host>/<path>/status/<number>`, beside the DID's own log.
pub(crate) fn list_uri(did: &str, number: usize) -> Result<String, Failure> {
    let parsed = Did::parse(did)?;
    let fault = || CliError::Fault(format!("{did} has no place on the web"));
    let url = parsed.document_url().ok_or_else(fault)?;
    let folder = url.rsplit_once('/').map(|(folder, _)| folder.to_owned()).ok_or_else(fault)?;
    let folder = folder.trim_end_matches("/.well-known").to_owned();
    Ok(format!("{folder}/status/{number}"))
}
