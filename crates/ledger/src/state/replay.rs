//! Leaves that somebody accepted before: one's own after a restart, and another's, which a mirror judges anew.

use std::sync::Arc;

use inkan_core::Timestamp;

use super::base::Base;
use super::candidate::Candidate;
use super::machine::{Care, Machine, Verdict};
use super::prepared::{Placed, Prepared, What};
use super::standing::InForce;
use crate::epoch::{Epoch, MapRoot};
use crate::leaf::{self, Kind};
use crate::log::LogError;
use crate::parameters::ParametersError;
use crate::rejection::Refusal;
use crate::store::StoreError;

impl<B: Base> Machine<B> {
    /// Gives a place to a leaf that was accepted before and kept since; signatures and times are not checked again.
    ///
    /// # Errors
    ///
    /// [`LogError`] if the leaf cannot stand here: it was altered, or is of another log.
    pub fn replay(&mut self, bytes: &[u8]) -> Result<Placed, LogError> {
        let prepared = self.reread(bytes, Care::Trusting, None)?;
        self.commit(prepared)
    }

    /// Judges a leaf of another's log by all rules, as of its own time, and gives it its place: what a mirror does.
    ///
    /// `map` is the map over all leaves so far; it is asked for when an epoch leaf is compared.
    ///
    /// # Errors
    ///
    /// [`LogError`] names the leaf and what is wrong with it.
    pub fn audit(
        &mut self,
        bytes: &[u8],
        map: impl FnOnce() -> Result<MapRoot, StoreError>,
    ) -> Result<Placed, LogError> {
        let is_epoch = leaf::split(bytes).is_ok_and(|(kind, ..)| kind == Kind::Epoch);
        let map = if is_epoch { Some(map()?) } else { None };
        let prepared = self.reread(bytes, Care::Full, map)?;
        let import = self.import_after(&prepared)?;
        let placed = self.commit(prepared)?;
        self.import = import;
        Ok(placed)
    }

    fn reread(&self, bytes: &[u8], care: Care, map: Option<MapRoot>) -> Result<Prepared, LogError> {
        let leaf_index = self.size();
        let out_of_order = || LogError::LeafOutOfOrder { leaf_index };
        let (kind, time, body) = leaf::split(bytes).map_err(|_| out_of_order())?;
        if time < self.standing().time || (leaf_index == 0 && kind != Kind::Epoch) {
            return Err(out_of_order());
        }
        let refused = |source| LogError::LeafRefused { leaf_index, source };
        let what = if kind == Kind::Epoch {
            self.reread_epoch(body, time, care, map)?
        } else {
            let candidate = Candidate::parse(kind, body.to_vec()).map_err(refused)?;
            let verdict = match care {
                Care::Trusting => self.judge(&candidate, time, care),
                Care::Full => self.judge_audited(&candidate, time),
            };
            match verdict {
                Ok(Verdict::New(effect)) => What::Entry(effect),
                Ok(Verdict::Known { .. }) => return Err(out_of_order()),
                Err(Refusal::Store(error)) => return Err(error.into()),
                Err(refusal) => return Err(refused(refusal.into_rejection())),
            }
        };
        Ok(self.place(leaf_index, time, bytes.to_vec(), what))
    }

    fn reread_epoch(
        &self,
        body: &[u8],
        time: Timestamp,
        care: Care,
        map: Option<MapRoot>,
    ) -> Result<What, LogError> {
        let leaf_index = self.size();
        let mismatch = || LogError::EpochMismatch { leaf_index };
        let epoch = Epoch::parse(body).map_err(|_| mismatch())?;
        let next = if epoch.params == self.standing().in_force.digest {
            None
        } else {
            let document = self
                .document(&epoch.params)?
                .ok_or(LogError::DocumentMissing { leaf_index, digest: epoch.params })?;
            let refused = |source: ParametersError| LogError::LeafRefused {
                leaf_index,
                source: source.into(),
            };
            let next = InForce::parse(&document).map_err(refused)?;
            if next.digest != epoch.params {
                return Err(mismatch());
            }
            self.check_document(&next, time).map_err(refused)?;
            Some(Arc::new(next))
        };
        // Nothing to seal: no such leaf is ever made.
        let idle = leaf_index > 0 && self.standing().is_sealed() && next.is_none();
        // The map is compared by whoever has it: that costs a hash per key.
        let map = map.unwrap_or(MapRoot { root: epoch.map, keys: epoch.keys });
        if epoch != self.epoch(map, next.as_deref()) || (idle && care == Care::Full) {
            return Err(mismatch());
        }
        Ok(What::Epoch { document: next })
    }
}
