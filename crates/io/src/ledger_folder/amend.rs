//! How an operator changes a log's parameters and rules: announced first, put in force later, both in the log (§2.4).
//!
//! In scope: the two events, each sealed at once by a checkpoint of its own. Out of scope: which change may follow which
//! (`inkan-ledger`, and every mirror judges it again).

use inkan_core::Timestamp;
use inkan_ledger::Rejection;
use inkan_ledger::parameters::{Announcement, OperatorEvent, ParametersDocument, ParametersError};

use super::LedgerFolder;
use super::error::LedgerFolderError;

impl LedgerFolder {
    /// The parameters document in force.
    #[must_use]
    pub fn parameters(&self) -> &ParametersDocument {
        self.engine.machine.standing().document()
    }

    /// Announces a change, in place of one that is announced already; gives the size of the checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Rejected`] with `params-invalid` if the notice is too short, or a value impossible; those of
    /// [`Self::checkpoint`].
    pub fn announce(
        &mut self,
        next: Announcement,
        now: Timestamp,
    ) -> Result<u64, LedgerFolderError> {
        self.engine.announcement = Some(next);
        self.seal_event(OperatorEvent::Announced, now)
    }

    /// Puts in force what was announced; gives the size of the checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`LedgerFolderError::Rejected`] with `params-invalid` if nothing is announced, or its time has not come; those of
    /// [`Self::checkpoint`].
    pub fn apply_announced(&mut self, now: Timestamp) -> Result<u64, LedgerFolderError> {
        if self.parameters().next.is_none() {
            return Err(Rejection::from(ParametersError::NotAnnounced).into());
        }
        self.seal_event(OperatorEvent::Applied, now)
    }

    fn seal_event(
        &mut self,
        event: OperatorEvent,
        now: Timestamp,
    ) -> Result<u64, LedgerFolderError> {
        // What waits is sealed without it, so that a refused event leaves nothing behind.
        self.checkpoint(now)?;
        self.engine.events.push_back(event);
        let sealed = self.checkpoint(now);
        if matches!(sealed, Err(LedgerFolderError::Rejected(_))) {
            self.engine.events.clear();
        }
        self.engine.announcement = None;
        sealed
    }
}

#[cfg(test)]
mod tests;
