//! The rules of DID entries that need to know what came before: which head, whose home, and forks (§6.1, §6.2 of the ledger
//! specification).

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::{Timestamp, json};
use inkan_did::webvh::{self, Before, Entry, EntryError, Head, Residence, Settings};
use serde_json::Value;

use super::address::{Address, Named};
use super::base::Base;
use super::candidate::Candidate;
use super::controller::{Controller, residence};
use super::equivocation::{EQUIVOCATIONS_LIMIT, Equivocation};
use super::machine::{Care, Machine, Verdict};
use super::parse_did_body;
use super::prepared::{Effect, Seat, Successor};
use super::trail::Trail;
use crate::leaf::Kind;
use crate::map::Flags;
use crate::rejection::{Refusal, Rejection};
use crate::store::StoreError;

/// Bytes of all entries of one DID together, each with one more for the end of its line: no more is read by those who resolve
/// it.
pub const HISTORY_LIMIT: usize = inkan_core::limits::DID_LOG;

impl<B: Base> Machine<B> {
    pub(super) fn judge_did(
        &self,
        candidate: &Candidate,
        entry: &Entry,
        body: &[u8],
        time: Timestamp,
        care: Care,
    ) -> Result<Verdict, Refusal> {
        if let Some(leaf_index) = self.lookup(&candidate.entry_id())? {
            if says_the_same(&self.body(leaf_index)?, body) {
                return Ok(Verdict::Known { leaf_index });
            }
            // The hash in its versionId is of another entry: it is no second version of anything.
            let head = self.controller_now(entry.scid())?;
            return Err(conflict(entry, head.as_ref()).into());
        }
        let controller = self.controller_now(entry.scid())?;
        let before = controller.as_ref().map(Controller::head);
        let trail = controller.as_ref().map(Controller::trail);
        let trail = trail.copied().unwrap_or_default().after(entry, self.size());
        if care == Care::Trusting {
            let head = webvh::follow(before, entry).map_err(Rejection::Did)?;
            let effect = self.did_effect(candidate, Arc::new(head), trail, controller.as_ref());
            return Ok(Verdict::New(effect));
        }
        self.check_kind(Kind::Did)?;
        if let Some(controller) = &controller {
            if entry.number() <= controller.head().number() {
                return Err(self.judge_fork(candidate, entry, body, controller, time)?);
            }
            if controller.residence() == Residence::Leaving {
                let home = controller.head().home().unwrap_or_default().to_owned();
                return Err(Rejection::SignerMoved { home }.into());
            }
        }
        let place = controller.as_ref().map(Controller::leaf_index);
        let head = next_head(candidate, entry, before, place, time)?;
        webvh::check_home(before, &head, &self.origin).map_err(Rejection::Did)?;
        let effect = self.did_effect(candidate, head, trail, controller.as_ref());
        effect.check_history()?;
        Ok(Verdict::New(effect))
    }

    pub(super) fn check_kind(&self, kind: Kind) -> Result<(), Rejection> {
        if self.standing().parameters().kinds.contains(&kind) {
            Ok(())
        } else {
            Err(Rejection::UnsupportedKind { kind })
        }
    }

    pub(super) fn did_effect(
        &self,
        candidate: &Candidate,
        head: Arc<Head>,
        trail: Trail,
        before: Option<&Controller>,
    ) -> Effect {
        let history = before.map_or(0, Controller::history);
        self.did_effect_after(candidate, head, trail, before.map(Controller::head), history)
    }

    /// The same; `history` is how many bytes were there before.
    pub(super) fn did_effect_after(
        &self,
        candidate: &Candidate,
        head: Arc<Head>,
        trail: Trail,
        before: Option<&Head>,
        history: u64,
    ) -> Effect {
        let flags = flags(&head, residence(&head, &self.origin));
        let line = u64::try_from(candidate.body().len()).unwrap_or(u64::MAX).saturating_add(1);
        let is_new = before.is_none_or(|before| before.did() != head.did());
        let address = is_new.then(|| Address {
            scid: head.scid().to_owned(),
            named: Named::Did(head.did().as_str().to_owned()),
        });
        Effect {
            kind: Kind::Did,
            entry_id: candidate.entry_id(),
            seat: Some(Seat {
                key: *candidate.did_key(),
                flags,
                sequence: head.number(),
                detail: trail.to_bytes(),
            }),
            head: Some(Box::new(Successor { head, trail })),
            history: history.saturating_add(line),
            address,
        }
    }

    /// §6.2: an entry whose number is taken. Evidence, if it follows the same predecessor by all rules.
    ///
    /// Anybody may send such entries, as many as they like, and this is the sequencer's time: whatever can turn one away
    /// comes in the order of its cost, and all of it reads six leaves at most, however long the history is: the predecessor,
    /// the entries that set keys, commitments, witnesses and portability, and the one that won.
    fn judge_fork(
        &self,
        candidate: &Candidate,
        entry: &Entry,
        body: &[u8],
        controller: &Controller,
        time: Timestamp,
    ) -> Result<Refusal, StoreError> {
        let refused: Refusal = conflict(entry, Some(controller)).into();
        // Workers looked at these.
        if candidate.proofs_hold() == Some(false) {
            return Ok(refused);
        }
        let kept = self.kept_evidence(entry.scid())?;
        if kept.len() >= EQUIVOCATIONS_LIMIT || kept.contains(entry.version_id()) {
            return Ok(refused);
        }
        let mut read = Readings::default();
        let before = match entry.number().checked_sub(1) {
            Some(0) | None => None,
            Some(number) => {
                let Some(version) = self.version(candidate.did_key(), number)? else {
                    return Err(StoreError::new(format!("version {number} of a DID is missing")));
                };
                Some(version)
            }
        };
        let predecessor = match before {
            Some(version) => Some(self.read(&mut read, version.leaf_index)?),
            None => None,
        };
        // Whoever only pretends to follow is turned away at the first hash, whoever signs for others at the proof.
        let named = predecessor.as_ref().map(|entry| entry.version_id());
        let holds = || candidate.proofs_hold().unwrap_or_else(|| entry.proofs_hold(time));
        if !entry.names_predecessor(named) || !holds() {
            return Ok(refused);
        }
        let Some(recorded) = self.version(candidate.did_key(), entry.number())? else {
            return Err(StoreError::new("the version that stands there is missing".to_owned()));
        };
        let places = before.map(|version| version.trail.0).unwrap_or_default();
        let mut set =
            |place: Option<u64>| place.map(|place| self.read(&mut read, place)).transpose();
        let (keys, commitments) = (set(places.update_keys)?, set(places.next_key_hashes)?);
        let (witness, portable) = (set(places.witness)?, set(places.portable)?);
        let settings = Settings {
            update_keys: keys.as_deref(),
            next_key_hashes: commitments.as_deref(),
            witness: witness.as_deref(),
            portable: portable.as_deref(),
            home: None,
        };
        let before = predecessor.as_deref().map(|entry| Before::of_entries(entry, settings));
        if webvh::check_after(before, entry, time).is_err() {
            return Ok(refused);
        }
        Ok(Refusal::Equivocation(Box::new(Equivocation {
            scid: entry.scid().to_owned(),
            number: entry.number(),
            leaf_index: recorded.leaf_index,
            recorded: self.body(recorded.leaf_index)?.into_owned(),
            version_id: entry.version_id().to_owned(),
            head: controller.head().version_id().to_owned(),
            refused: body.to_vec(),
        })))
    }

    /// The entry at a place, read once.
    fn read(&self, read: &mut Readings, place: u64) -> Result<Arc<Entry>, StoreError> {
        if let Some(entry) = read.get(&place) {
            return Ok(Arc::clone(entry));
        }
        let entry = parse_did_body(&self.body(place)?)
            .map_err(|_| StoreError::new(format!("leaf {place} is no entry of a DID")))?;
        let entry = Arc::new(entry);
        read.insert(place, Arc::clone(&entry));
        Ok(entry)
    }
}

impl Effect {
    /// Whether the history of the DID is one that resolvers read. Room for one more entry is kept for its deactivation: a
    /// full history must not leave a DID alive for ever.
    pub(super) fn check_history(&self) -> Result<(), Rejection> {
        let Some(next) = &self.head else { return Ok(()) };
        let kept =
            if next.head.deactivated() { 0 } else { Kind::Did.body_limit().saturating_add(1) };
        let limit = HISTORY_LIMIT.saturating_sub(kept);
        if usize::try_from(self.history).is_ok_and(|history| history <= limit) {
            Ok(())
        } else {
            Err(Rejection::HistoryTooLarge { limit })
        }
    }
}

/// The entries that a fork is judged by, by their places.
type Readings = BTreeMap<u64, Arc<Entry>>;

/// The head that an entry makes, by all rules but where its home is.
pub(super) fn next_head(
    candidate: &Candidate,
    entry: &Entry,
    before: Option<&Head>,
    place: Option<u64>,
    time: Timestamp,
) -> Result<Arc<Head>, Rejection> {
    match candidate.head_after(place, time) {
        Some(head) => Ok(head),
        None => webvh::check_next(before, entry, time).map(Arc::new).map_err(Rejection::Did),
    }
}

fn conflict(entry: &Entry, controller: Option<&Controller>) -> Rejection {
    Rejection::Did(EntryError::VersionConflict {
        given: entry.version_id().to_owned(),
        head: controller.map(|controller| controller.head().version_id().to_owned()),
    })
}

/// Whether two bodies say the same, whoever signed them.
fn says_the_same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let unsigned = |body: &[u8]| -> Option<Value> {
        let line = body.split(|byte| *byte == b'\n').next()?;
        let mut value = json::parse(line, Kind::Did.body_limit()).ok()?;
        value.as_object_mut()?.remove("proof");
        Some(value)
    };
    unsigned(one).is_some_and(|value| unsigned(other) == Some(value))
}

fn flags(head: &Head, residence: Residence) -> Flags {
    let moved = match residence {
        Residence::Here => false,
        Residence::Leaving => true,
    };
    [
        (head.deactivated(), Flags::ENDED),
        (head.pre_rotation(), Flags::PRE_ROTATION),
        (!head.witness().is_empty(), Flags::WITNESSED),
        (head.portable(), Flags::PORTABLE),
        (moved, Flags::MOVED),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(Flags::NONE, |all, (_, flag)| all.with(flag))
}
