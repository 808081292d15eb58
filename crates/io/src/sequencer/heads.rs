//! The newest heads of DIDs that workers check signatures against.
//!
//! In scope: heads that were used lately, kept in memory. A head that is out of date does no harm: the sequencer looks again.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use inkan_ledger::state::Controller;

/// DIDs kept; a few kilobytes each.
const KEPT: usize = 4_096;

/// Heads by SCID.
#[derive(Debug, Default)]
pub(super) struct Heads(RwLock<HashMap<String, Controller>>);

impl Heads {
    pub(super) fn get(&self, scid: &str) -> Option<Controller> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(scid).cloned()
    }

    /// The sequencer says what is the head now.
    pub(super) fn put(&self, scid: &str, controller: Controller) {
        let mut heads = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if heads.len() >= KEPT {
            heads.clear();
        }
        heads.insert(scid.to_owned(), controller);
    }

    /// A worker read it, perhaps a moment ago: a newer one stays.
    pub(super) fn offer(&self, scid: &str, controller: Controller) {
        let mut heads = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if heads.len() >= KEPT {
            heads.clear();
        }
        heads.entry(scid.to_owned()).or_insert(controller);
    }
}
