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
/// So often one question may look for the next line of a witness, however many a policy names and wherever their lines are: policies
/// are the asker's.
const LOOK_UPS: usize = 8_192;

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
            let mut search = self.database(|db| Search::of(db, policy))?;
            let size = self.database(|db| search.first_from(db, (from, limit)))?;
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
        let mut search = self.search(policy)?;
        self.newest_in(policy, limit, search.as_mut())
    }

    /// What goes by the lines that are kept, where they are and are asked for.
    fn search<'a>(&self, policy: &'a LogPolicy) -> Result<Option<Search<'a>>, LedgerFolderError> {
        let by_lines = policy.needs_cosignatures() && self.database(StateDb::lines_are_complete)?;
        Ok(if by_lines { Some(self.database(|db| Search::of(db, policy))?) } else { None })
    }

    fn newest_in(
        &self,
        policy: &LogPolicy,
        limit: u64,
        search: Option<&mut Search<'_>>,
    ) -> Result<Option<Head>, LedgerFolderError> {
        if let Some(search) = search {
            let size = self.database(|db| search.newest_up_to(db, limit))?;
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
        let mut search = self.search(policy)?;
        for _ in 0..NEAR {
            let head = self.newest_in(policy, limit, search.as_mut())?;
            let Some(head) = head else { return Ok(None) };
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

/// One question about lines, and how much it may still cost.
struct Search<'a> {
    policy: &'a LogPolicy,
    /// Witnesses that ever signed a head here, with their places in the policy.
    witnesses: Vec<(usize, &'a VerifierKey)>,
    left: usize,
}

impl<'a> Search<'a> {
    /// Whoever has no line at all is asked about no more.
    fn of(db: &StateDb, policy: &'a LogPolicy) -> Result<Self, StoreFailed> {
        let mut witnesses = Vec::new();
        for (place, witness) in policy.witnesses().iter().enumerate() {
            if db.line_from(witness.key(), 0)?.is_some() {
                witnesses.push((place, witness.key()));
            }
        }
        let left = LOOK_UPS.saturating_sub(policy.witnesses().len());
        Ok(Self { policy, witnesses, left })
    }

    /// The smallest size in these bounds under which enough witnesses have lines; none if that costs too much.
    ///
    /// No head below the place that enough witnesses have reached can do, so it goes from one such place to the next.
    fn first_from(
        &mut self,
        db: &StateDb,
        (from, limit): (u64, u64),
    ) -> Result<Option<u64>, StoreFailed> {
        let mut size = from;
        while let Some(mut reached) = self.reached(|key| db.line_from(key, size))? {
            reached.sort_unstable();
            match self.enough(&reached).filter(|place| *place <= limit) {
                Some(place) if place == size => return Ok(Some(size)),
                Some(place) => size = place,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The largest size up to `limit` under which enough witnesses have lines; found in the same way.
    fn newest_up_to(&mut self, db: &StateDb, limit: u64) -> Result<Option<u64>, StoreFailed> {
        let mut size = limit;
        while let Some(mut reached) = self.reached(|key| db.line_up_to(key, size))? {
            reached.sort_unstable_by(|one, other| other.cmp(one));
            match self.enough(&reached) {
                Some(place) if place == size => return Ok(Some(size)),
                Some(place) => size = place,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The next size that each witness has a line under, with its place in the policy; none when it has cost enough.
    fn reached(
        &mut self,
        next: impl Fn(&VerifierKey) -> Result<Option<u64>, StoreFailed>,
    ) -> Result<Option<Vec<(u64, usize)>>, StoreFailed> {
        let Some(left) = self.left.checked_sub(self.witnesses.len().max(1)) else {
            return Ok(None);
        };
        self.left = left;
        let mut reached = Vec::new();
        for (place, key) in &self.witnesses {
            reached.extend(next(key)?.map(|size| (size, *place)));
        }
        Ok(Some(reached))
    }

    /// The size at which, in this order, enough witnesses are together.
    fn enough(&self, reached: &[(u64, usize)]) -> Option<u64> {
        let mut together = BTreeSet::new();
        reached.iter().find_map(|(size, place)| {
            together.insert(*place);
            self.policy.is_met_by(&together).then_some(*size)
        })
    }
}

#[cfg(test)]
mod tests;
