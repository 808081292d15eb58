//! Places in status lists for many credentials: the lists are read once and kept in memory until their group is committed.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, Record as _, Shelf, StatusListRecord};
use inkan_issuer::{StatusListState, StatusStateError};

use super::super::status::{self, RENEW_DAYS, SECONDS_OF_DAY, Wanted};
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity::Hand;

/// The lists in which a batch has places, one for each purpose.
pub(super) struct Lists<'a> {
    who: (&'a OwnDid, &'a Hand<'a>, &'a Home),
    wanted: Wanted<'a>,
    now: Timestamp,
    open: Vec<(StatusPurpose, Option<Open>)>,
    /// How many lists this issuer has.
    count: usize,
    /// What the next intent publishes.
    published: Vec<status::Republished>,
}

struct Open {
    name: String,
    record: StatusListRecord,
    state: StatusListState,
}

impl<'a> Lists<'a> {
    /// Finds the newest list of each purpose; none is made yet.
    pub(super) fn open(
        wanted: Wanted<'a>,
        who: (&'a OwnDid, &'a Hand<'a>, &'a Home),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let lists = status::of_issuer(who.0, who.2)?;
        let count = lists.len();
        let mut all = Self { who, wanted, now, open: Vec::new(), count, published: Vec::new() };
        for purpose in &all.wanted.purposes.clone() {
            let newest = match all.wanted.newest(&lists, *purpose)? {
                None => None,
                Some((name, record)) => {
                    let state = status::state_of(&record)?;
                    Some(all.renewed(Open { name, record, state })?)
                }
            };
            all.open.push((*purpose, newest));
        }
        Ok(all)
    }

    /// That there are places for so many rows: a list with a URL of its own is followed by no other.
    pub(super) fn check_room(&mut self, rows: usize) -> Result<(), Failure> {
        let Some(url) = self.wanted.served.filter(|_| rows > 0) else { return Ok(()) };
        let mut open = std::mem::take(&mut self.open);
        for (purpose, list) in &mut open {
            let list = match list {
                Some(list) => list,
                None => list.insert(self.begin(url, *purpose)?),
            };
            check_free(list.state.free(), rows, url)?;
        }
        self.open = open;
        Ok(())
    }

    /// A random place for each purpose; a list that is full is followed by a new one.
    pub(super) fn take(&mut self) -> Result<Vec<StatusEntry>, Failure> {
        let mut open = std::mem::take(&mut self.open);
        let taken = open.iter_mut().map(|(purpose, list)| self.take_in(*purpose, list)).collect();
        self.open = open;
        taken
    }

    fn take_in(
        &mut self,
        purpose: StatusPurpose,
        list: &mut Option<Open>,
    ) -> Result<StatusEntry, Failure> {
        if let Some(list) = list {
            match list.state.allocate(&mut OsRng) {
                Err(StatusStateError::Full) => {}
                taken => return Ok(taken?),
            }
        }
        if let Some(url) = self.wanted.served {
            return Ok(list.insert(self.begin(url, purpose)?).state.allocate(&mut OsRng)?);
        }
        self.count = self.count.saturating_add(1);
        let uri = status::list_uri(&self.who.0.did, self.count)?;
        let state = self.wanted.make(&uri, purpose, status::least(self.who.2, self.now))?;
        let name = format!("{}.{}", self.who.0.name, self.count);
        let mut new = self.publish(name, state)?;
        let taken = new.state.allocate(&mut OsRng)?;
        *list = Some(new);
        Ok(taken)
    }

    /// A new list at a URL of its own.
    fn begin(&mut self, url: &str, purpose: StatusPurpose) -> Result<Open, Failure> {
        self.count = self.count.saturating_add(1);
        let (own, _, home) = self.who;
        let (name, state) = status::begin(&self.wanted, purpose, (url, self.count), (own, home))?;
        Ok(Open { name, record: status::unannounced(&state, own)?, state })
    }

    /// A list with little time left is published again, if a ledger announces it.
    fn renewed(&mut self, list: Open) -> Result<Open, Failure> {
        let soon = self.now.plus_seconds(RENEW_DAYS.saturating_mul(SECONDS_OF_DAY));
        if list.record.valid_until > soon || !list.record.announced {
            Ok(list)
        } else {
            self.publish(list.name, list.state)
        }
    }

    fn publish(&mut self, name: String, state: StatusListState) -> Result<Open, Failure> {
        let published = status::publish(state, name.clone(), self.who, self.now)?;
        let record = published.record().clone();
        let state = status::state_of(&record)?;
        self.published.push(published);
        Ok(Open { name, record, state })
    }

    /// Adds to an intent what was published, and the lists as they are now.
    pub(super) fn add_to(&mut self, intent: &mut Intent) -> Result<(), Failure> {
        let mut announced: BTreeMap<String, usize> = BTreeMap::new();
        for published in std::mem::take(&mut self.published) {
            announced.insert(published.name().to_owned(), intent.entries.len());
            published.into_intent(intent);
        }
        for (_, list) in &self.open {
            let Some(list) = list else { continue };
            let record = StatusListRecord { state: list.state.to_value()?, ..list.record.clone() };
            let (shelf, name, record) = (Shelf::StatusLists, list.name.clone(), record.to_value());
            // Places that were given away must never be given again, whatever becomes of the other entries.
            let rests = announced.get(&name).copied();
            intent.keep(RecordDraft { shelf, name, record }, rests);
        }
        Ok(())
    }
}

/// That so many places are enough for so many rows.
fn check_free(free: u64, rows: usize, url: &str) -> Result<(), Failure> {
    if u64::try_from(rows).is_ok_and(|rows| rows <= free) {
        return Ok(());
    }
    let detail = format!(
        "this status list has {free} places left for {rows} rows, and none was issued now: put the rows that are left \
         into several files, each with a --status-url and a folder of its own"
    );
    Err(CliError::InputMalformed { file: url.chars().take(200).collect(), detail }.into())
}
