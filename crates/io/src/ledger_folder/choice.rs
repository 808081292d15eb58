//! Which of the stored heads one policy takes: the first over a leaf, the newest, the newest of a time.
//!
//! A head is stored when it meets the log's own policy of that day. Another policy, a client's or the log's own of today, may
//! ask for witnesses that joined later, or that are asked more seldom than there are checkpoints: then some heads have their
//! lines and some do not. In scope: choosing by whose lines there are. Out of scope: signatures, which whoever gets a receipt
//! checks; storing (`state_db`).

use inkan_core::Timestamp;
use inkan_ledger::receipt::claimed_existed_by;
use inkan_ledger::{LogPolicy, SignedNote};

use super::error::LedgerFolderError;
use super::reader::Shared;

/// Heads that are looked at one after another: at one a second, those of four minutes. Cosigners elsewhere are asked twice a
/// minute.
const NEAR: u64 = 256;
/// The same further away, where only a witness that joined later is looked for.
const FAR: u64 = 128;

type Head = (u64, SignedNote);

impl Shared {
    /// The smallest head that `policy` takes, of more than `index` leaves and at most `limit`.
    ///
    /// Near the leaf it is found; further away it is searched for as if a witness that joined had stayed.
    pub(crate) fn first_over(
        &self,
        policy: &LogPolicy,
        index: u64,
        limit: u64,
    ) -> Result<Option<Head>, LedgerFolderError> {
        let first = |index: u64, count: u64| -> Result<(Option<Head>, u64), LedgerFolderError> {
            let rows = self.database(|db| db.notes_over(index, limit, count))?;
            let last = rows.last().map_or(limit, |(size, _)| *size);
            Ok((rows.into_iter().find(|(_, note)| policy.claims_quorum(note)), last))
        };
        // Nearly always the first of all.
        if let (Some(head), _) = first(index, 1)? {
            return Ok(Some(head));
        }
        let (near, mut below) = first(index, NEAR)?;
        if near.is_some() {
            return Ok(near);
        }
        let newest = self.newest_under(policy, limit)?.filter(|(size, _)| *size > index);
        let Some(mut best) = newest else { return Ok(None) };
        let mut above = best.0;
        while below.saturating_add(1) < above {
            let middle = below.midpoint(above);
            match first(middle, FAR)?.0 {
                Some(head) => {
                    above = middle;
                    if head.0 < best.0 {
                        best = head;
                    }
                }
                None => below = middle,
            }
        }
        Ok(Some(best))
    }

    /// The newest head that `policy` takes, of at most `limit` leaves.
    pub(crate) fn newest_under(
        &self,
        policy: &LogPolicy,
        limit: u64,
    ) -> Result<Option<Head>, LedgerFolderError> {
        let rows = self.database(|db| db.notes_up_to(limit, NEAR))?;
        Ok(rows.into_iter().find(|(_, note)| policy.claims_quorum(note)))
    }

    /// The newest head that the quorum of `policy` had seen by `time`.
    pub(crate) fn seen_by(
        &self,
        policy: &LogPolicy,
        time: Timestamp,
    ) -> Result<Option<Head>, LedgerFolderError> {
        let counts = |(_, note): &Head| {
            !policy.needs_cosignatures()
                || claimed_existed_by(note, policy).is_some_and(|seen| seen <= time)
        };
        for count in [1, NEAR] {
            let rows = self.database(|db| db.notes_seen_by(time, count))?;
            if let Some(head) = rows.into_iter().find(counts) {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
