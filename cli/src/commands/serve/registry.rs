//! What authorities say, for a server that anybody may ask: those of the profile, and no others.
//!
//! The ledger is read by one at a time, and only what is new of it; meanwhile others answer from what was read before.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_evidence::Registry;

use crate::commands::trust;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers::Reading;
use crate::registries::{self, Stated};

/// For how many seconds what was read from the ledger is answered from: every entry is read for it, and anybody may ask.
const REMEMBERED: i64 = 5;
/// For how many seconds it is answered from while somebody reads anew.
const WHILE_READING: i64 = 60;

/// What the ledger says of trust, and when it was read.
#[derive(Debug, Default)]
pub(super) struct Authorities {
    kept: Mutex<Option<(Timestamp, Arc<Stated>)>>,
    reading: Mutex<()>,
}

impl Authorities {
    /// The registry of an authority as of `at`: the trust list itself, a DID of the profile, or an authority on the list.
    pub(super) fn registry(
        &self,
        home: &Home,
        authority: &str,
        (at, now): (Timestamp, Timestamp),
        open: impl FnOnce() -> Result<Option<Reading>, Failure>,
    ) -> Result<Option<Registry>, Failure> {
        let list = trust::load(home)?;
        if let Some(list) = list.as_ref().filter(|list| list.id() == authority) {
            return Ok(Some(list.clone()));
        }
        let own = identity::own(home, Some(authority)).is_ok_and(|own| own.did == authority);
        let listed = match &list {
            Some(list) => registries::authorities(list, at)?,
            None => Vec::new(),
        };
        if !own && !listed.iter().any(|did| did.as_str() == authority) {
            return Ok(None);
        }
        match self.stated(home, now, open)? {
            Some(stated) => Ok(Some(stated.registry(&Did::parse(authority)?, at)?)),
            None => Ok(None),
        }
    }

    fn stated(
        &self,
        home: &Home,
        now: Timestamp,
        open: impl FnOnce() -> Result<Option<Reading>, Failure>,
    ) -> Result<Option<Arc<Stated>>, Failure> {
        let kept = |seconds: i64| {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let young = |at: &Timestamp| (0..seconds).contains(&now.seconds_since(*at));
            kept.as_ref().filter(|(at, _)| young(at)).map(|(_, stated)| Arc::clone(stated))
        };
        if let Some(stated) = kept(REMEMBERED) {
            return Ok(Some(stated));
        }
        let _reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => match kept(WHILE_READING) {
                Some(stated) => return Ok(Some(stated)),
                None => self.reading.lock().unwrap_or_else(PoisonError::into_inner),
            },
        };
        // Somebody may have read it while this one waited.
        if let Some(stated) = kept(REMEMBERED) {
            return Ok(Some(stated));
        }
        let Some(reading) = open()? else { return Ok(None) };
        let earlier = kept(i64::MAX);
        let stated = match earlier.as_deref() {
            None => Stated::read(&reading, home, now)?,
            earlier => Stated::read_on(earlier, &reading, home, now)?,
        };
        let stated = Arc::new(stated);
        let mut place = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some((now, Arc::clone(&stated)));
        Ok(Some(stated))
    }

    /// The registries that this profile judges by: its trust list, and what those that it hears stated.
    pub(super) fn all(
        &self,
        home: &Home,
        now: Timestamp,
        open: impl FnOnce() -> Result<Option<Reading>, Failure>,
    ) -> Result<Vec<Registry>, Failure> {
        let Some(list) = trust::load(home)? else { return Ok(Vec::new()) };
        let heard = registries::heard(&list, now)?;
        let Some(first) = heard.first() else { return Ok(vec![list]) };
        match self.stated(home, now, open)? {
            Some(stated) => stated.all(list, now),
            None => Err(CliError::DidNotAtHand { did: first.did.to_string() }.into()),
        }
    }
}
