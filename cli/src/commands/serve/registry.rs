//! What authorities say, for a server that anybody may ask: those of the profile, and no others.

use std::sync::{Arc, Mutex, PoisonError};

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_evidence::Registry;

use crate::commands::trust;
use crate::context::Home;
use crate::failure::Failure;
use crate::identity;
use crate::ledgers::Reading;
use crate::registries::{self, Stated};

/// For how many seconds what was read from the ledger is answered from: every entry is read for it, and anybody may ask.
const REMEMBERED: i64 = 5;

/// What the ledger says of trust, and when it was read.
#[derive(Debug, Default)]
pub(super) struct Authorities(Mutex<Option<(Timestamp, Arc<Stated>)>>);

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
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, stated)) = &*kept
            && (0..REMEMBERED).contains(&now.seconds_since(*at))
        {
            return Ok(Some(Arc::clone(stated)));
        }
        let Some(reading) = open()? else { return Ok(None) };
        let stated = Arc::new(Stated::read(&reading, home, now)?);
        *kept = Some((now, Arc::clone(&stated)));
        Ok(Some(stated))
    }
}
