//! Which of the stored heads one policy takes: the first over a leaf, the newest, the newest of a time.
//!
//! A head is stored when it meets the log's own policy of that day. Another policy, a client's or the log's own of today, may
//! ask for witnesses that joined later, or that are asked more seldom than there are checkpoints: then some heads have their
//! lines and some do not. In scope: choosing by whose lines there are. Out of scope: signatures, which whoever gets a receipt
//! checks; storing (`state_db`).

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_ledger::receipt::claimed_existed_by;
use inkan_ledger::{LogPolicy, SignedNote, VerifierKey};

use super::database::StoreFailed;
use super::error::LedgerFolderError;
use super::reader::Shared;
use super::state_db::StateDb;

/// Heads that are looked at one after another where it is not kept who signed which: a folder that no program has written to
/// since that is kept.
const NEAR: u64 = 256;
/// So often a search goes on where those who are asked for signed other heads each.
const STEPS: usize = 4_096;

type Head = (u64, SignedNote);

impl Shared {
    /// The smallest head that `policy` takes, of more than `index` leaves and at most `limit`.
    pub(crate) fn first_over(
        &self,
        policy: &LogPolicy,
        index: u64,
        limit: u64,
    ) -> Result<Option<Head>, LedgerFolderError> {
        // Nearly always the first of all.
        let takes = |(_, note): &Head| policy.claims_quorum(note);
        let next = self.database(|db| db.notes_over(index, limit, 1))?;
        if let Some(head) = next.into_iter().find(takes) {
            return Ok(Some(head));
        }
        if self.database(StateDb::lines_are_complete)? {
            let from = index.saturating_add(1);
            let size = self.database(|db| first_from(db, policy, (from, limit)))?;
            return self.head_of(policy, size);
        }
        let near = self.database(|db| db.notes_over(index, limit, NEAR))?;
        match near.into_iter().find(takes) {
            Some(head) => Ok(Some(head)),
            None => Ok(self.newest_under(policy, limit)?.filter(|(size, _)| *size > index)),
        }
    }

    /// The newest head that `policy` takes, of at most `limit` leaves.
    pub(crate) fn newest_under(
        &self,
        policy: &LogPolicy,
        limit: u64,
    ) -> Result<Option<Head>, LedgerFolderError> {
        if policy.needs_cosignatures() && self.database(StateDb::lines_are_complete)? {
            let size = self.database(|db| newest_up_to(db, policy, limit))?;
            return self.head_of(policy, size);
        }
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
        let Some(newest) = self.database(|db| db.note_seen_by(time))? else { return Ok(None) };
        let mut limit = newest.0;
        if counts(&newest) {
            return Ok(Some(newest));
        }
        // Whoever cosigned late did so within a few heads.
        for _ in 0..NEAR {
            let Some(head) = self.newest_under(policy, limit)? else { return Ok(None) };
            if counts(&head) {
                return Ok(Some(head));
            }
            limit = head.0.saturating_sub(1);
        }
        Ok(None)
    }

    fn head_of(
        &self,
        policy: &LogPolicy,
        size: Option<u64>,
    ) -> Result<Option<Head>, LedgerFolderError> {
        let Some(size) = size else { return Ok(None) };
        let note = self.database(|db| db.note_of(size))?;
        Ok(note.filter(|note| policy.claims_quorum(note)).map(|note| (size, note)))
    }
}

/// The smallest size in these bounds under which enough witnesses have lines.
///
/// No head below the place that enough witnesses have reached can do, so it goes from one such place to the next.
fn first_from(
    db: &StateDb,
    policy: &LogPolicy,
    (from, limit): (u64, u64),
) -> Result<Option<u64>, StoreFailed> {
    let mut size = from;
    for _ in 0..STEPS {
        let mut reached = reached(policy, |key| db.line_from(key, size))?;
        reached.sort_unstable();
        match enough(policy, &reached).filter(|place| *place <= limit) {
            Some(place) if place == size => return Ok(Some(size)),
            Some(place) => size = place,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The largest size up to `limit` under which enough witnesses have lines; found in the same way.
fn newest_up_to(db: &StateDb, policy: &LogPolicy, limit: u64) -> Result<Option<u64>, StoreFailed> {
    let mut size = limit;
    for _ in 0..STEPS {
        let mut reached = reached(policy, |key| db.line_up_to(key, size))?;
        reached.sort_unstable_by(|one, other| other.cmp(one));
        match enough(policy, &reached) {
            Some(place) if place == size => return Ok(Some(size)),
            Some(place) => size = place,
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// The next size that each witness has a line under, with its place in the policy.
fn reached(
    policy: &LogPolicy,
    next: impl Fn(&VerifierKey) -> Result<Option<u64>, StoreFailed>,
) -> Result<Vec<(u64, usize)>, StoreFailed> {
    let mut reached = Vec::new();
    for (place, witness) in policy.witnesses().iter().enumerate() {
        reached.extend(next(witness.key())?.map(|size| (size, place)));
    }
    Ok(reached)
}

/// The size at which, in this order, enough witnesses are together.
fn enough(policy: &LogPolicy, reached: &[(u64, usize)]) -> Option<u64> {
    let mut together = BTreeSet::new();
    reached.iter().find_map(|(size, place)| {
        together.insert(*place);
        policy.is_met_by(&together).then_some(*size)
    })
}

#[cfg(test)]
mod tests;
