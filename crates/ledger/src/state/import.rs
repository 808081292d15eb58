//! Moving to this log (§6.6 of the ledger specification): a whole run of entries of one DID, all or none.
//!
//! In scope: the rules of an import, and finding one again among the leaves of a log. Out of scope: its framing (`batch`).

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh::{Head, Residence};

use super::base::Base;
use super::candidate::{Candidate, Form};
use super::controller::Controller;
use super::did::next_head;
use super::machine::{Care, Machine, Verdict};
use super::prepared::{Effect, ImportSubmission, Prepared, What};
use crate::batch::BATCH_LIMIT;
use crate::leaf::{self, Kind};
use crate::log::LogError;
use crate::rejection::{Refusal, Rejection};

/// Bytes that the framing puts before each body.
const FRAME: usize = 3;

/// The leaves of an import so far, as an audit meets them.
#[derive(Clone, Debug)]
pub(super) struct OpenImport {
    scid: String,
    entries: u64,
    bytes: usize,
}

impl<B: Base> Machine<B> {
    /// Checks an import, all versions of one DID that this log lacks, and gives its entries the next places.
    ///
    /// What is new is made durable and committed as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Rejection::ImportInvalid`], which names the entry and the rule it breaks, if it is one.
    pub fn prepare_import(
        &self,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Result<ImportSubmission, Refusal> {
        if self.size() == 0 {
            return Err(Rejection::NotReady.into());
        }
        let time = self.ledger_time(now)?;
        self.check_kind(Kind::Did)?;
        self.check_extent(candidates)?;
        if let Some(leaf_indexes) = self.known_import(candidates, time)? {
            return Ok(ImportSubmission::Duplicate { leaf_indexes });
        }
        let scid = candidates.first().map(Candidate::signer_scid).unwrap_or_default();
        let controller = self.controller_now(scid)?;
        if controller.as_ref().is_some_and(|controller| self.is_at_home(controller)) {
            return Err(invalid("the DID's home is this log already").into());
        }
        let mut before = controller.as_ref().map(|controller| Arc::clone(controller.shared_head()));
        let mut place = controller.as_ref().map(Controller::leaf_index);
        let mut history = controller.as_ref().map_or(0, Controller::history);
        let mut home_before = None;
        let mut trail = controller.as_ref().map(Controller::trail).copied().unwrap_or_default();
        let mut out = Vec::with_capacity(candidates.len());
        for (position, candidate) in candidates.iter().enumerate() {
            let Form::Did { entry, body } = candidate.form() else { continue };
            let head = next_head(candidate, entry, before.as_deref(), place, time)
                .map_err(|source| invalid_entry(position, source))?;
            home_before = before.as_ref().and_then(|head| head.home().map(str::to_owned));
            let leaf_index = self.size().saturating_add(out.len().try_into().unwrap_or(u64::MAX));
            let bytes = leaf::join(Kind::Did, time, body);
            trail = trail.after(entry, leaf_index);
            let (shared, before_it) = (Arc::clone(&head), before.as_deref());
            let effect = self.did_effect_after(candidate, shared, trail, before_it, history);
            effect.check_history().map_err(|source| invalid_entry(position, source))?;
            history = effect.history;
            out.push(self.place(leaf_index, time, bytes, What::Entry(effect)));
            (before, place) = (Some(head), Some(leaf_index));
        }
        // D14, for the last one only.
        if !before.is_some_and(|head| self.names_this_log(&head)) {
            return Err(invalid("the last entry does not name this log").into());
        }
        if home_before.is_none_or(|home| home == self.origin) {
            return Err(invalid("no other log is left: its entries are entered one by one").into());
        }
        Ok(ImportSubmission::New(out))
    }

    /// How many, how large, and all of one DID.
    fn check_extent(&self, candidates: &[Candidate]) -> Result<(), Rejection> {
        let Some(first) = candidates.first() else { return Err(invalid("it is empty")) };
        let most = self.standing().parameters().import_max;
        if u64::try_from(candidates.len()).map_or(true, |count| count > most) {
            return Err(invalid("it has more entries than are taken at once"));
        }
        let sizes = candidates.iter().map(|candidate| candidate.body().len().saturating_add(FRAME));
        if sizes.fold(0, usize::saturating_add) > BATCH_LIMIT {
            return Err(invalid("it has more bytes than are taken at once"));
        }
        let stranger =
            |one: &Candidate| one.kind() != Kind::Did || one.signer_scid() != first.signer_scid();
        match candidates.iter().position(stranger) {
            Some(entry) => Err(Rejection::ImportInvalid {
                problem: "not all entries are of one DID",
                entry: Some(entry),
                source: None,
            }),
            None => Ok(()),
        }
    }

    /// Where all entries stand, if they do.
    fn known_import(
        &self,
        candidates: &[Candidate],
        time: Timestamp,
    ) -> Result<Option<Vec<u64>>, Refusal> {
        let mut places = Vec::new();
        for (position, candidate) in candidates.iter().enumerate() {
            if self.lookup(&candidate.entry_id())?.is_none() {
                continue;
            }
            match self.judge(candidate, time, Care::Full) {
                Ok(Verdict::Known { leaf_index }) => places.push(leaf_index),
                Ok(Verdict::New(_)) => {}
                Err(Refusal::Store(error)) => return Err(error.into()),
                Err(refusal) => {
                    return Err(invalid_entry(position, refusal.into_rejection()).into());
                }
            }
        }
        match places.len() {
            0 => Ok(None),
            known if known == candidates.len() => Ok(Some(places)),
            _ => Err(invalid("some of its entries stand in this log already").into()),
        }
    }

    /// Judges a leaf of another's log: one that D14 refuses may be part of an import.
    pub(super) fn judge_audited(
        &self,
        candidate: &Candidate,
        time: Timestamp,
    ) -> Result<Verdict, Refusal> {
        if self.import.is_none() {
            let verdict = self.judge(candidate, time, Care::Full);
            let is_home_rule = |refusal: &Refusal| match refusal {
                Refusal::Rejected(rejection) => {
                    matches!(rejection.code(), "signer-moved" | "home-log-invalid")
                }
                Refusal::Equivocation(_) | Refusal::Store(_) => false,
            };
            if candidate.kind() != Kind::Did || !verdict.as_ref().is_err_and(is_home_rule) {
                return verdict;
            }
        }
        let Form::Did { entry, .. } = candidate.form() else {
            return Err(invalid("another entry stands in the middle of it").into());
        };
        self.check_kind(Kind::Did)?;
        let controller = self.controller_now(entry.scid())?;
        let before = controller.as_ref().map(Controller::head);
        let head = next_head(candidate, entry, before, None, time)?;
        let trail = controller.as_ref().map(Controller::trail).copied().unwrap_or_default();
        let trail = trail.after(entry, self.size());
        let effect = self.did_effect(candidate, head, trail, controller.as_ref());
        effect.check_history()?;
        Ok(Verdict::New(effect))
    }

    /// The import that is open after this leaf; an error if the leaf may not stand in the one that is open now.
    pub(super) fn import_after(&self, prepared: &Prepared) -> Result<Option<OpenImport>, LogError> {
        let leaf_index = prepared.leaf_index();
        let refused = |problem| LogError::LeafRefused { leaf_index, source: invalid(problem) };
        let head = match &prepared.what {
            What::Entry(Effect { head: Some(successor), .. }) => &successor.head,
            What::Entry(_) | What::Epoch { .. } => {
                return match &self.import {
                    Some(_) => Err(refused("another leaf stands in the middle of it")),
                    None => Ok(None),
                };
            }
        };
        let controller = self.controller_now(head.scid())?;
        let mut open = match &self.import {
            Some(open) if open.scid != head.scid() => {
                return Err(refused("an entry of another DID stands in the middle of it"));
            }
            Some(open) => open.clone(),
            None if self.is_allowed_alone(controller.as_ref(), head) => return Ok(None),
            None => OpenImport { scid: head.scid().to_owned(), entries: 0, bytes: 0 },
        };
        open.entries = open.entries.saturating_add(1);
        open.bytes = open.bytes.saturating_add(prepared.bytes().len());
        // The line before a body in a leaf is longer than the framing of an import, so this is never too strict.
        let frames = usize::try_from(open.entries).unwrap_or(usize::MAX).saturating_mul(LEAF_HEAD);
        if open.entries > self.standing().parameters().import_max
            || open.bytes.saturating_sub(frames) > BATCH_LIMIT
        {
            return Err(refused("it is larger than an import may be"));
        }
        Ok(if self.names_this_log(head) { None } else { Some(open) })
    }

    /// D14 as of a single entry.
    fn is_allowed_alone(&self, controller: Option<&Controller>, head: &Head) -> bool {
        let left = controller.is_some_and(|one| one.residence() == Residence::Leaving);
        let before = controller.map(Controller::head);
        !left && inkan_did::webvh::check_home(before, head, &self.origin).is_ok()
    }

    fn is_at_home(&self, controller: &Controller) -> bool {
        controller.head().home() == Some(&self.origin)
    }

    /// The entry itself names this log, rather than the one before it.
    fn names_this_log(&self, head: &Head) -> bool {
        head.document().ledger_log() == Some(&self.origin)
    }
}

/// Bytes before the body of a `did` leaf, at least: two lines, and a time of one digit.
const LEAF_HEAD: usize = "inkan-leaf/v1\ndid\n0\n".len();

const fn invalid(problem: &'static str) -> Rejection {
    Rejection::ImportInvalid { problem, entry: None, source: None }
}

fn invalid_entry(position: usize, source: Rejection) -> Rejection {
    Rejection::ImportInvalid {
        problem: "an entry breaks a rule",
        entry: Some(position),
        source: Some(Box::new(source)),
    }
}
