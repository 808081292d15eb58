//! The rules that need to know what came before (§2.2, §2.3, §2.6 and D14 of the ledger specification).
//!
//! In scope: may this entry follow, which entry of an id is the newest, which entries are known already. Out of scope:
//! places and times of leaves (`log`), forms that need no state (`entry`, `inkan-did`).

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_did::webvh::{self, Entry, Head, Residence};

use crate::entry::{Claims, SignedEntry, StatusFormat};
use crate::entry_id::EntryId;
use crate::epoch::Parameters;
use crate::leaf::{Kind, Leaf};
use crate::map::{Flags, MapKey, MapValue};
use crate::rejection::Rejection;
use crate::tree::LeafHash;

/// Everything that the next entry is judged by. A function of the leaves alone.
#[derive(Clone, Debug)]
pub struct State {
    origin: String,
    parameters: Parameters,
    /// Where each entry id stands.
    known: BTreeMap<EntryId, u64>,
    dids: BTreeMap<String, Controller>,
    formats: BTreeMap<MapKey, StatusFormat>,
    /// All entries of each id, oldest first: the map as of any place is read from here.
    history: BTreeMap<MapKey, Vec<MapValue>>,
}

/// A DID as the ledger sees it.
#[derive(Clone, Debug)]
struct Controller {
    head: Head,
    residence: Residence,
}

/// An entry that may be appended, and what it then changes.
#[derive(Clone, Debug)]
pub struct Checked {
    kind: Kind,
    entry_id: EntryId,
    map: Option<(MapKey, Flags, u64)>,
    effect: Effect,
}

#[derive(Clone, Debug)]
enum Effect {
    Did(Box<Controller>),
    Signed { format: Option<StatusFormat> },
}

/// What became of an entry that obeys the rules.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It is new.
    New(Checked),
    /// An entry with its id stands in the log already: if that one says the same, nothing need be entered.
    Known {
        /// Where.
        leaf_index: u64,
        /// Why it is refused if it says something else.
        otherwise: Box<Rejection>,
    },
}

/// Whether signatures and times of entries are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Care {
    /// A new entry: everything is checked.
    Submission,
    /// A leaf of one's own disk, checked before it was written: only what changes the state is read.
    Replay,
}

impl Checked {
    /// The id under which the entry will be known.
    #[must_use]
    pub const fn entry_id(&self) -> EntryId {
        self.entry_id
    }
}

impl State {
    /// The state of a log without entries.
    #[must_use]
    pub fn new(origin: &str, parameters: Parameters) -> Self {
        Self {
            origin: origin.to_owned(),
            parameters,
            known: BTreeMap::new(),
            dids: BTreeMap::new(),
            formats: BTreeMap::new(),
            history: BTreeMap::new(),
        }
    }

    /// Checks an entry by all rules, at ledger time `time`.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first rule that is broken, in the order of §2.2.
    pub fn check(&self, kind: Kind, body: &[u8], time: Timestamp) -> Result<Verdict, Rejection> {
        match kind {
            Kind::Did => self.check_did(body, time),
            Kind::Issuance
            | Kind::Countersignature
            | Kind::Status
            | Kind::Trust
            | Kind::Anchor
            | Kind::Once => {
                self.check_signed(&SignedEntry::parse(kind, body)?, time, Care::Submission)
            }
            Kind::Epoch => Err(Rejection::UnsupportedKind { kind }),
        }
    }

    /// Reads a leaf that was accepted before; signatures of JWS and the window of `iat` are not looked at again.
    ///
    /// # Errors
    ///
    /// [`Rejection`] if the leaf cannot have been accepted here: the disk does not hold what was written.
    pub fn reread(&self, leaf: &Leaf) -> Result<Verdict, Rejection> {
        match leaf.kind() {
            Kind::Did => self.check_did(leaf.body(), leaf.time()),
            Kind::Issuance
            | Kind::Countersignature
            | Kind::Status
            | Kind::Trust
            | Kind::Anchor
            | Kind::Once => {
                let entry = SignedEntry::parse(leaf.kind(), leaf.body())?;
                self.check_signed(&entry, leaf.time(), Care::Replay)
            }
            Kind::Epoch => Err(Rejection::UnsupportedKind { kind: leaf.kind() }),
        }
    }

    /// Takes in a checked entry, now that its leaf has a place.
    pub fn apply(&mut self, checked: Checked, leaf_index: u64, leaf_hash: LeafHash) {
        let Checked { kind, entry_id, map, effect } = checked;
        match effect {
            Effect::Did(controller) => {
                self.dids.insert(controller.head.scid().to_owned(), *controller);
            }
            Effect::Signed { format } => {
                if let (Some(format), Some((key, ..))) = (format, map) {
                    self.formats.insert(key, format);
                }
            }
        }
        self.known.entry(entry_id).or_insert(leaf_index);
        if let Some((key, flags, sequence)) = map {
            let value = MapValue { kind, flags, sequence, leaf_index, leaf_hash };
            self.history.entry(key).or_default().push(value);
        }
    }

    /// The head of a DID.
    #[must_use]
    pub fn did_head(&self, scid: &str) -> Option<&Head> {
        self.dids.get(scid).map(|controller| &controller.head)
    }

    /// Where the entry with this id stands.
    #[must_use]
    pub fn lookup(&self, id: &EntryId) -> Option<u64> {
        self.known.get(id).copied()
    }

    /// All entries under a map key, oldest first.
    #[must_use]
    pub fn history(&self, key: &MapKey) -> &[MapValue] {
        self.history.get(key).map_or(&[], Vec::as_slice)
    }

    /// The newest entry under a map key among the first `leaves` leaves.
    #[must_use]
    pub fn newest(&self, key: &MapKey, leaves: u64) -> Option<MapValue> {
        newest(self.history(key), leaves)
    }

    /// All heads as of the first `leaves` leaves.
    #[must_use]
    pub fn heads(&self, leaves: u64) -> BTreeMap<MapKey, MapValue> {
        let heads = self.history.iter();
        heads.filter_map(|(key, all)| newest(all, leaves).map(|value| (*key, value))).collect()
    }

    fn check_did(&self, body: &[u8], time: Timestamp) -> Result<Verdict, Rejection> {
        let limit = Kind::Did.body_limit();
        if body.len() > limit {
            return Err(Rejection::TooLarge { limit });
        }
        let entry = parse_did_body(body).map_err(Rejection::Did)?;
        let entry_id = EntryId::did(entry.scid(), entry.version_id());
        let controller = self.dids.get(entry.scid());
        let before = controller.map(|controller| &controller.head);
        if let Some(leaf_index) = self.lookup(&entry_id) {
            let given = entry.version_id().to_owned();
            let head = before.map(|head| head.version_id().to_owned());
            let conflict = webvh::EntryError::VersionConflict { given, head };
            return Ok(Verdict::Known {
                leaf_index,
                otherwise: Box::new(Rejection::Did(conflict)),
            });
        }
        if let Some(Controller { head, residence: Residence::Leaving }) = controller {
            let home = head.home().unwrap_or_default().to_owned();
            return Err(Rejection::SignerMoved { home });
        }
        let head = webvh::check_next(before, &entry, time).map_err(Rejection::Did)?;
        let residence = webvh::check_home(before, &head, &self.origin).map_err(Rejection::Did)?;
        let key = MapKey::did(head.scid());
        let map = Some((key, did_flags(&head, residence), head.number()));
        let effect = Effect::Did(Box::new(Controller { head, residence }));
        Ok(Verdict::New(Checked { kind: Kind::Did, entry_id, map, effect }))
    }

    fn check_signed(
        &self,
        entry: &SignedEntry,
        time: Timestamp,
        care: Care,
    ) -> Result<Verdict, Rejection> {
        if entry.audience() != self.origin {
            return Err(Rejection::WrongAudience { audience: entry.audience().to_owned() });
        }
        let entry_id = entry.entry_id();
        let map_key = entry.map_key();
        let expected = map_key.map(|(key, _)| self.next_sequence(&key));
        let format = match entry.claims() {
            Claims::Status(status) => Some(status.format.clone()),
            Claims::Issuance { .. } | Claims::Countersignature { .. } => None,
        };
        // A known id is answered before anything that may have changed since, or nothing could always be sent again.
        if let Some(leaf_index) = self.lookup(&entry_id) {
            let expected = expected.unwrap_or(1);
            let otherwise = Box::new(Rejection::SequenceConflict { expected });
            return Ok(Verdict::Known { leaf_index, otherwise });
        }
        if care == Care::Submission {
            self.check_time_and_signer(entry, time)?;
        }
        if let Claims::Status(status) = entry.claims() {
            let least = self.parameters.list_min;
            if status.length < least {
                return Err(Rejection::ListTooSmall { length: status.length, least });
            }
        }
        if let (Some((key, sequence)), Some(expected)) = (map_key, expected) {
            if sequence != expected {
                return Err(Rejection::SequenceConflict { expected });
            }
            if let (Some(new), Some(old)) = (&format, self.formats.get(&key)) {
                check_format(old, new)?;
            }
        }
        let map = map_key.map(|(key, sequence)| (key, Flags::NONE, sequence));
        let effect = Effect::Signed { format };
        Ok(Verdict::New(Checked { kind: entry.kind(), entry_id, map, effect }))
    }

    fn check_time_and_signer(&self, entry: &SignedEntry, time: Timestamp) -> Result<(), Rejection> {
        let issued_at = entry.issued_at();
        let Parameters { iat_past, iat_future, .. } = self.parameters;
        if !(time.plus_seconds(iat_past.saturating_neg())..=time.plus_seconds(iat_future))
            .contains(&issued_at)
        {
            return Err(Rejection::IatOutOfWindow { issued_at, time });
        }
        let Some(Controller { head, .. }) = self.dids.get(entry.scid()) else {
            return Err(Rejection::UnknownSigner { did: entry.issuer().as_str().to_owned() });
        };
        if head.deactivated() {
            return Err(Rejection::SignerDeactivated);
        }
        if let Some(home) = head.home().filter(|home| *home != self.origin) {
            return Err(Rejection::SignerMoved { home: home.to_owned() });
        }
        entry.verify(head.document())
    }

    fn next_sequence(&self, key: &MapKey) -> u64 {
        self.history(key).last().map_or(1, |value| value.sequence.saturating_add(1))
    }
}

/// Reads the body of a `did` leaf: a log line, and its witness line if there is one.
///
/// # Errors
///
/// As [`Entry::parse`].
pub fn parse_did_body(body: &[u8]) -> Result<Entry, webvh::EntryError> {
    match body.iter().position(|byte| *byte == b'\n').and_then(|at| body.split_at_checked(at)) {
        Some((line, rest)) => Entry::parse(line, Some(rest.get(1..).unwrap_or_default())),
        None => Entry::parse(body, None),
    }
}

fn newest(all: &[MapValue], leaves: u64) -> Option<MapValue> {
    let end = all.partition_point(|value| value.leaf_index < leaves);
    all.get(..end)?.last().copied()
}

fn did_flags(head: &Head, residence: Residence) -> Flags {
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

fn check_format(old: &StatusFormat, new: &StatusFormat) -> Result<(), Rejection> {
    match (old, new) {
        (StatusFormat::Bitstring { purpose: old }, StatusFormat::Bitstring { purpose: new }) => {
            if old == new {
                Ok(())
            } else {
                Err(Rejection::MemberInvalid { member: "purpose" })
            }
        }
        (StatusFormat::TokenJwt, StatusFormat::TokenJwt)
        | (StatusFormat::TokenCwt, StatusFormat::TokenCwt) => Ok(()),
        (
            StatusFormat::Bitstring { .. } | StatusFormat::TokenJwt | StatusFormat::TokenCwt,
            StatusFormat::Bitstring { .. } | StatusFormat::TokenJwt | StatusFormat::TokenCwt,
        ) => Err(Rejection::MemberInvalid { member: "list" }),
    }
}

#[cfg(test)]
mod tests;
