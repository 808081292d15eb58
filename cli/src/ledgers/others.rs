//! The ledgers that a profile knows beside the one of a run: those of its pinned logs whose place was remembered.
//!
//! In scope: opening one when something lives there, once; what came of it. Out of scope: what is asked for (`inkan-io`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_io::gather::OtherLedgers;
use inkan_io::ledger_source::LedgerSource;
use inkan_io::profile::{MoveRecord, OwnDid};
use inkan_ledger::Receipt;

use super::Reading;
use crate::context::Home;
use crate::failure::{CliError, Failure};

/// Exit code of whoever does not answer.
const UNREACHABLE: u8 = 6;

/// Ledgers that are opened when they are needed.
#[derive(Debug)]
pub(crate) struct Others {
    home: Home,
    now: Timestamp,
    offline: bool,
    opened: Mutex<BTreeMap<String, Result<Option<LedgerSource>, Failure>>>,
}

impl Others {
    /// Those of a profile.
    pub(super) fn of(home: &Home, now: Timestamp) -> Self {
        Self { home: home.clone(), now, offline: false, opened: Mutex::default() }
    }

    /// From now on no node is asked.
    pub(super) const fn stay_offline(&mut self) {
        self.offline = true;
    }

    /// That of the logs that were needed none failed: one of `needed`, or any that shows two faces. A log that was left may be gone.
    pub(crate) fn settle(&self, needed: &BTreeSet<String>) -> Result<(), Failure> {
        for (origin, opened) in &*self.lock() {
            let Err(failure) = opened else { continue };
            let gone = failure.exit() == UNREACHABLE || failure.code() == "ledger-missing";
            if needed.contains(origin) || !gone {
                return Err(failure.clone());
            }
        }
        Ok(())
    }

    /// What this profile kept of one of its own DIDs when it moved: it shows the leaving where the log that was left is gone.
    pub(crate) fn kept_receipts(&self, scid: &str) -> Result<Vec<Receipt>, Failure> {
        let mut out = Vec::new();
        for (_, kept) in self.home.profile.all::<MoveRecord>()? {
            if Did::parse(&kept.did)?.scid() != Some(scid) {
                continue;
            }
            for value in kept.receipts.iter().chain(&kept.arrival) {
                out.push(Receipt::from_value(value)?);
            }
        }
        Ok(out)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Result<Option<LedgerSource>, Failure>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, origin: &str) -> Result<Option<LedgerSource>, Failure> {
        let Some(home) = self.home.at_log(origin)? else { return Ok(None) };
        let is_node = home.ledger.folder().is_none();
        let is_pinned = home.pinned()?.iter().any(|policy| policy.has_log(origin));
        if !is_pinned || (is_node && self.offline) {
            return Ok(None);
        }
        let source = Reading::open_at(&home, self.now)?.source;
        if source.origin() != origin {
            let (given, expected) = (source.origin().to_owned(), origin.to_owned());
            let place = home.ledger.to_string();
            return Err(CliError::OtherLog { place, given, expected }.into());
        }
        Ok(Some(source))
    }
}

impl OtherLedgers for Others {
    /// Those where our own DIDs are at home.
    fn usual(&self) -> Vec<String> {
        let own = self.home.profile.all::<OwnDid>().unwrap_or_default();
        let first = self.home.first_log().to_owned();
        let mut all = vec![first];
        for log in own.into_iter().filter_map(|(_, own)| own.log) {
            if !all.contains(&log) {
                all.push(log);
            }
        }
        all
    }

    fn ledger(&self, origin: &str) -> Option<LedgerSource> {
        let known = self.lock().get(origin).cloned();
        let opened = match known {
            Some(opened) => opened,
            None => {
                let opened = self.open(origin);
                self.lock().insert(origin.to_owned(), opened.clone());
                opened
            }
        };
        opened.ok().flatten()
    }
}
