//! The deterministic state machine that every sequencer drives: rules, what happened since the base, the tree's edge, the
//! parameters in force.
//!
//! In scope: giving leaves their place and time, and all that follows from them. Out of scope: the rules themselves
//! (`signed`, `did`, `import`), leaves that were accepted before (`replay`), keeping leaves (`inkan-io`), signing heads.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use inkan_core::{Digest, Timestamp, tolerance};

use super::base::{Base, Newest};
use super::candidate::{Candidate, Form};
use super::changes::Changes;
use super::controller::Controller;
use super::equivocation::{EQUIVOCATIONS_LIMIT, Equivocation};
use super::import::OpenImport;
use super::layer::Layer;
use super::prepared::{Effect, Placed, Prepared, Submission, Successor, What};
use super::standing::{InForce, Standing};
use super::trail::Version;
use crate::entry_id::EntryId;
use crate::epoch::{Epoch, MapRoot};
use crate::leaf::{self, Kind};
use crate::log::LogError;
use crate::map::MapKey;
use crate::parameters::{OperatorEvent, ParametersDocument, ParametersError};
use crate::rejection::{Refusal, Rejection};
use crate::store::StoreError;
use crate::tree::LeafHash;

/// A log as of its last leaf, ready to judge the next one.
///
/// What happened since the base knew is kept here, in layers, the newest last: leaves of a batch that may still be
/// [undone](Self::undo), those since the last [changes](Self::take_changes), and changes that are being stored.
#[derive(Clone, Debug)]
pub struct Machine<B> {
    pub(super) origin: String,
    base: B,
    standing: Standing,
    clock: Clock,
    /// The layer of a batch, and where the log stood before it.
    batch: Option<Box<(Layer, Standing)>>,
    recent: Layer,
    taken: VecDeque<Arc<Layer>>,
    /// An import whose leaves an [audit](Self::audit) is in the middle of.
    pub(super) import: Option<OpenImport>,
}

/// What became of an entry that obeys the rules.
#[derive(Debug)]
pub(super) enum Verdict {
    New(Effect),
    Known { leaf_index: u64 },
}

/// How closely an entry is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Care {
    /// Everything is checked.
    Full,
    /// A leaf of one's own disk, checked before it was written: only what changes the state is read.
    Trusting,
}

/// Whether a clock that is far behind the last leaf stops the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Clock {
    Checked,
    Accepted,
}

impl<B: Base> Machine<B> {
    /// The log that will have the name `origin`, without leaves; `document` is its first parameters document.
    ///
    /// Its first leaf must be the genesis leaf: [`Self::prepare_epoch`].
    ///
    /// # Errors
    ///
    /// [`ParametersError`] if it is no document of a new log.
    pub fn new(origin: &str, document: &[u8], base: B) -> Result<Self, ParametersError> {
        Ok(Self::resume(origin, base, Standing::genesis(document)?))
    }

    /// Goes on from what was stored: the standing of the newest [`Changes`] that `base` was given.
    pub fn resume(origin: &str, base: B, standing: Standing) -> Self {
        Self {
            origin: origin.to_owned(),
            base,
            standing,
            clock: Clock::Checked,
            batch: None,
            recent: Layer::default(),
            taken: VecDeque::new(),
            import: None,
        }
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The base.
    #[must_use]
    pub const fn base(&self) -> &B {
        &self.base
    }

    /// The base, to be changed by what was [taken](Self::take_changes).
    pub const fn base_mut(&mut self) -> &mut B {
        &mut self.base
    }

    /// Where the log stands.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.standing.size()
    }

    /// §3.5: never earlier than the last leaf; refused if the clock is far behind it, or before 1970.
    ///
    /// # Errors
    ///
    /// [`Rejection::ClockUnsure`].
    pub fn ledger_time(&self, now: Timestamp) -> Result<Timestamp, Rejection> {
        let last = self.standing.time;
        let behind = now.plus_seconds(tolerance::LEDGER_FUTURE) < last;
        if (behind && self.clock == Clock::Checked) || now < Timestamp::EPOCH {
            return Err(Rejection::ClockUnsure { now, last });
        }
        Ok(now.max(last))
    }

    /// Takes times from a clock that is behind the last leaf, until it has caught up: the operator says it is right. To be
    /// recorded by the event [`OperatorEvent::ClockAccepted`].
    pub const fn accept_clock(&mut self) {
        self.clock = Clock::Accepted;
    }

    /// Checks an entry by all rules and gives it the next place. Nothing changes before it is committed.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; of a rejection, the first rule that is broken, in the order of §2.2.
    pub fn prepare(&self, candidate: &Candidate, now: Timestamp) -> Result<Submission, Refusal> {
        if self.size() == 0 {
            return Err(Rejection::NotReady.into());
        }
        let time = self.ledger_time(now)?;
        match self.judge(candidate, time, Care::Full)? {
            Verdict::Known { leaf_index } => Ok(Submission::Duplicate { leaf_index }),
            Verdict::New(effect) => {
                let bytes = leaf::join(effect.kind, time, candidate.body());
                let prepared = self.place(self.size(), time, bytes, What::Entry(effect));
                Ok(Submission::New(Box::new(prepared)))
            }
        }
    }

    /// Makes the epoch leaf that ends a checkpoint; `None` if nothing happened since the last one.
    ///
    /// `map` is the map over all leaves so far, `document` a parameters document to put in force: an operator event.
    ///
    /// # Errors
    ///
    /// [`Rejection::ClockUnsure`], [`Rejection::Parameters`].
    pub fn prepare_epoch(
        &self,
        now: Timestamp,
        map: MapRoot,
        document: Option<&ParametersDocument>,
    ) -> Result<Option<Prepared>, Rejection> {
        let size = self.size();
        if size > 0 && self.standing.is_sealed() && document.is_none() {
            return Ok(None);
        }
        let time = self.ledger_time(now)?;
        let next = match document {
            Some(document) => {
                let next = InForce::parse(&document.to_bytes()?)?;
                self.check_document(&next, time)?;
                Some(Arc::new(next))
            }
            None => None,
        };
        let epoch = self.epoch(map, next.as_deref());
        let bytes = leaf::join(Kind::Epoch, time, &epoch.to_bytes());
        Ok(Some(self.place(size, time, bytes, What::Epoch { document: next })))
    }

    /// Gives a prepared leaf its place.
    ///
    /// # Errors
    ///
    /// [`LogError::LeafOutOfOrder`] if it was prepared for another place or time.
    pub fn commit(&mut self, prepared: Prepared) -> Result<Placed, LogError> {
        let leaf_index = prepared.leaf_index;
        if leaf_index != self.size() || prepared.time < self.standing.time {
            return Err(LogError::LeafOutOfOrder { leaf_index });
        }
        let head = prepared.head();
        let Prepared { bytes, hash, time, what, .. } = prepared;
        if self.standing.frontier.append(hash).is_none() {
            return Err(LogError::LeafOutOfOrder { leaf_index });
        }
        if time > self.standing.time {
            // The clock is ahead of the last leaf again: should it fall behind once more, that is another step.
            self.clock = Clock::Checked;
        }
        self.standing.time = time;
        let layer = match &mut self.batch {
            Some(batch) => &mut batch.0,
            None => &mut self.recent,
        };
        let kind = match what {
            What::Epoch { document } => {
                let is_new = document.is_some();
                if let Some(in_force) = document {
                    self.standing.in_force = in_force;
                }
                let in_force = &self.standing.in_force;
                if is_new || leaf_index == 0 {
                    layer.documents.insert(in_force.digest, in_force.bytes.clone());
                }
                layer.epochs.push(leaf_index);
                self.standing.epoch = Some(leaf_index);
                Kind::Epoch
            }
            What::Entry(Effect { kind, entry_id, seat, head: did, history, address }) => {
                layer.entries.entry(entry_id).or_insert(leaf_index);
                layer.addresses.extend(address);
                if let (Some((key, value)), Some(next)) = (head, did) {
                    let Successor { head, trail } = *next;
                    let scid = head.scid().to_owned();
                    layer.versions.insert((key, value.sequence), Version { leaf_index, trail });
                    let controller =
                        Controller::new(head, &self.origin, leaf_index, trail, history);
                    layer.controllers.insert(scid, controller);
                }
                if let (Some((key, value)), Some(seat)) = (head, seat) {
                    layer.history.push((key, value));
                    layer.heads.insert(key, Newest { value, detail: seat.detail });
                }
                if compares_bytes(kind) {
                    layer.leaves.insert(leaf_index, bytes);
                }
                kind
            }
        };
        Ok(Placed { leaf_index, leaf_hash: hash, kind, head })
    }

    /// Keeps evidence of a fork, unless it is kept already or there is enough of it; whether it is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn keep_evidence(&mut self, evidence: Equivocation) -> Result<bool, StoreError> {
        let kept = self.kept_evidence(&evidence.scid)?;
        if kept.contains(&evidence.version_id) || kept.len() >= EQUIVOCATIONS_LIMIT {
            return Ok(false);
        }
        // Not part of a batch: it is no leaf, and nothing undoes that it was seen.
        self.recent.equivocations.push(evidence);
        Ok(true)
    }

    /// Begins a batch: what is committed from now on can be undone.
    pub fn begin(&mut self) {
        self.keep();
        self.batch = Some(Box::new((Layer::default(), self.standing.clone())));
    }

    /// Ends the batch: it is durable.
    pub fn keep(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.recent.absorb(batch.0);
        }
    }

    /// Ends the batch: nothing of it happened.
    pub fn undo(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.standing = batch.1;
        }
    }

    /// What happened since the last call, to be stored in one transaction; a running batch is kept.
    ///
    /// The machine answers from it until it is [settled](Self::settle), so that storing may take its time.
    pub fn take_changes(&mut self) -> Changes {
        self.keep();
        let layer = Arc::new(std::mem::take(&mut self.recent));
        self.taken.push_back(Arc::clone(&layer));
        Changes { layer, standing: self.standing.clone() }
    }

    /// The oldest changes that were taken are stored: the base answers for them now.
    pub fn settle(&mut self) {
        self.taken.pop_front();
    }

    /// A DID as the ledger sees it, without a batch that may still be undone: what workers check signatures against.
    ///
    /// They remember a head by its place, and after an [undone](Self::undo) batch another one may stand there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        self.controller_in(self.kept_layers(), scid)
    }

    /// The same, with the running batch: what the rules judge by.
    pub(super) fn controller_now(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        self.controller_in(self.layers(), scid)
    }

    fn controller_in<'a>(
        &'a self,
        mut layers: impl Iterator<Item = &'a Layer>,
        scid: &str,
    ) -> Result<Option<Controller>, StoreError> {
        match layers.find_map(|layer| layer.controllers.get(scid)) {
            Some(controller) => Ok(Some(controller.clone())),
            None => self.base.controller(scid),
        }
    }

    /// The newest entry under a map key.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError> {
        match self.layers().find_map(|layer| layer.heads.get(key)) {
            Some(newest) => Ok(Some(newest.clone())),
            None => self.base.newest(key),
        }
    }

    /// Where the entry with this id stands.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn lookup(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        match self.layers().find_map(|layer| layer.entries.get(id)) {
            Some(place) => Ok(Some(*place)),
            None => self.base.entry(id),
        }
    }

    /// Place of the head of a DID, by its map key.
    pub(super) fn head_place(&self, key: &MapKey) -> Result<Option<u64>, StoreError> {
        match self.layers().find_map(|layer| layer.heads.get(key)) {
            Some(newest) => Ok(Some(newest.value.leaf_index)),
            None => self.base.head_place(key),
        }
    }

    pub(super) fn body(&self, leaf_index: u64) -> Result<Cow<'_, [u8]>, StoreError> {
        if let Some(body) = self.layers().find_map(|layer| layer.body(leaf_index)) {
            return Ok(Cow::Borrowed(body));
        }
        let body = self.base.body(leaf_index)?;
        body.map(Cow::Owned).ok_or_else(|| StoreError::new(format!("leaf {leaf_index} is missing")))
    }

    /// Where a version of a DID stands; `key` is the DID's map key.
    pub(super) fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError> {
        match self.layers().find_map(|layer| layer.versions.get(&(*key, number))) {
            Some(version) => Ok(Some(*version)),
            None => self.base.version(key, number),
        }
    }

    /// `versionId`s of the forks of a DID that are kept.
    pub(super) fn kept_evidence(&self, scid: &str) -> Result<BTreeSet<String>, StoreError> {
        let mut kept: BTreeSet<_> = self.base.equivocations(scid)?.into_iter().collect();
        let recent = self.layers().flat_map(|layer| &layer.equivocations);
        kept.extend(recent.filter(|one| one.scid == scid).map(|one| one.version_id.clone()));
        Ok(kept)
    }

    pub(super) fn judge(
        &self,
        candidate: &Candidate,
        time: Timestamp,
        care: Care,
    ) -> Result<Verdict, Refusal> {
        match candidate.form() {
            Form::Signed(entry) => self.judge_signed(candidate, entry, time, care),
            Form::Did { entry, body } => self.judge_did(candidate, entry, body, time, care),
        }
    }

    pub(super) fn place(
        &self,
        leaf_index: u64,
        time: Timestamp,
        bytes: Vec<u8>,
        what: What,
    ) -> Prepared {
        let hash = LeafHash::of(&bytes);
        Prepared { leaf_index, bytes: bytes.into(), hash, time, what }
    }

    /// The layers from the newest to the oldest.
    fn layers(&self) -> impl Iterator<Item = &Layer> {
        let batch = self.batch.as_deref().map(|(layer, _)| layer);
        batch.into_iter().chain(self.kept_layers())
    }

    /// The same, without the running batch.
    fn kept_layers(&self) -> impl Iterator<Item = &Layer> {
        [&self.recent].into_iter().chain(self.taken.iter().rev().map(|layer| &**layer))
    }

    pub(super) fn epoch(&self, map: MapRoot, next: Option<&InForce>) -> Epoch {
        let in_force = next.unwrap_or(&self.standing.in_force);
        Epoch {
            keys: map.keys,
            map: map.root,
            params: in_force.digest,
            previous: self.standing.epoch,
            rules: in_force.document.rules,
            size: self.size(),
        }
    }

    /// Whether a document may be put in force by an epoch leaf at the next place.
    pub(super) fn check_document(
        &self,
        next: &InForce,
        time: Timestamp,
    ) -> Result<(), ParametersError> {
        if self.size() == 0 {
            // The genesis leaf names the document that the log was made with.
            return Err(ParametersError::Chain);
        }
        let InForce { document, digest, .. } = &*self.standing.in_force;
        next.document.check_next(document, digest, time)?;
        match next.document.event {
            OperatorEvent::GuardAdopted { size, .. } if size > self.size() => {
                Err(ParametersError::Value)
            }
            OperatorEvent::GuardAdopted { .. }
            | OperatorEvent::Genesis
            | OperatorEvent::Announced
            | OperatorEvent::Applied
            | OperatorEvent::ClockAccepted { .. } => Ok(()),
        }
    }

    pub(super) fn document(&self, digest: &Digest) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        if let Some(document) = self.layers().find_map(|layer| layer.documents.get(digest)) {
            return Ok(Some(Cow::Borrowed(document)));
        }
        Ok(self.base.document(digest)?.map(Cow::Owned))
    }
}

/// Whether bodies of this kind are compared when their id comes again: the ids of the others name all that they say.
const fn compares_bytes(kind: Kind) -> bool {
    match kind {
        Kind::Did | Kind::Status | Kind::Trust | Kind::Once => true,
        Kind::Epoch | Kind::Issuance | Kind::Countersignature | Kind::Anchor => false,
    }
}
