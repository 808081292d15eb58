//! The part of judging an entry that needs no state: many workers do it at once, each for an entry of its own.
//!
//! In scope: reading the bytes once, and checking the signature against a head that may still change. Out of scope: the
//! verdict ([`Machine::prepare`](super::Machine::prepare)).

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh::{self, Entry, Head};

use super::controller::Controller;
use super::parse_did_body;
use super::signed::check_alive;
use crate::entry::SignedEntry;
use crate::entry_id::EntryId;
use crate::leaf::Kind;
use crate::map::MapKey;
use crate::rejection::Rejection;

/// An entry whose form is right.
#[derive(Clone, Debug)]
pub struct Candidate {
    form: Form,
    entry_id: EntryId,
    /// Map key of the DID that signs, or whose entry it is.
    did_key: MapKey,
    /// Its own map key and number, unless its kind is not in the map.
    map_key: Option<(MapKey, u64)>,
    checked: Option<Checked>,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Did { entry: Box<Entry>, body: Vec<u8> },
    Signed(Box<SignedEntry>),
}

/// What was checked, and against which head: nothing is checked twice unless that moved.
#[derive(Clone, Debug)]
enum Checked {
    /// The signature of a signed entry, by the head that stands there.
    Signature { head: u64 },
    /// A DID's entry, as the one after the head that stands there. Times were compared with `at`: what was no future then
    /// is none later.
    Next { before: Option<u64>, at: Timestamp, head: Arc<Head> },
    /// Whether the proofs of a DID's entry whose number is taken hold by the keys that they name, and nothing else.
    Proofs { hold: bool },
}

impl Candidate {
    /// Reads the body of an entry, which is not read again.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: size, syntax, header, payload, in this order.
    pub fn parse(kind: Kind, body: Vec<u8>) -> Result<Self, Rejection> {
        match kind {
            Kind::Epoch => Err(Rejection::UnsupportedKind { kind }),
            Kind::Did => {
                let limit = kind.body_limit();
                if body.len() > limit {
                    return Err(Rejection::TooLarge { limit });
                }
                let entry = parse_did_body(&body).map_err(Rejection::Did)?;
                let key = MapKey::did(entry.scid());
                Ok(Self {
                    entry_id: EntryId::did(entry.scid(), entry.version_id()),
                    did_key: key,
                    map_key: Some((key, entry.number())),
                    form: Form::Did { entry: Box::new(entry), body },
                    checked: None,
                })
            }
            Kind::Issuance
            | Kind::Countersignature
            | Kind::Status
            | Kind::Trust
            | Kind::Anchor
            | Kind::Once => {
                let entry = SignedEntry::take(kind, body)?;
                Ok(Self {
                    entry_id: entry.entry_id(),
                    did_key: MapKey::did(entry.scid()),
                    map_key: entry.map_key(),
                    form: Form::Signed(Box::new(entry)),
                    checked: None,
                })
            }
        }
    }

    /// What it would record.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.form {
            Form::Did { .. } => Kind::Did,
            Form::Signed(entry) => entry.kind(),
        }
    }

    /// The body, verbatim as submitted.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match &self.form {
            Form::Did { body, .. } => body,
            Form::Signed(entry) => entry.as_bytes(),
        }
    }

    /// The id under which the log would know it.
    #[must_use]
    pub const fn entry_id(&self) -> EntryId {
        self.entry_id
    }

    /// SCID of the DID that signs, or whose entry it is: whose [`Controller`] a check needs.
    #[must_use]
    pub fn signer_scid(&self) -> &str {
        match &self.form {
            Form::Did { entry, .. } => entry.scid(),
            Form::Signed(entry) => entry.scid(),
        }
    }

    /// The entry, if its kind is signed.
    #[must_use]
    pub fn signed(&self) -> Option<&SignedEntry> {
        match &self.form {
            Form::Did { .. } => None,
            Form::Signed(entry) => Some(entry),
        }
    }

    /// The entry, if it is one of a DID.
    #[must_use]
    pub fn did(&self) -> Option<&Entry> {
        match &self.form {
            Form::Did { entry, .. } => Some(entry),
            Form::Signed(_) => None,
        }
    }

    /// Checks what is costly against the head that the caller knows: the signature of a signed entry, or that a DID's
    /// entry follows.
    ///
    /// What was found good is not checked again unless the head moved since. A refusal here is no verdict, for the caller
    /// may not know the newest head: submit the entry nonetheless. An entry of a DID whose number is taken is not refused
    /// here: only its own proofs are looked at, which is all that costs much of it.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn check_signature(
        &mut self,
        controller: Option<&Controller>,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let checked = match &self.form {
            Form::Signed(entry) => {
                let controller = controller.ok_or_else(|| Rejection::UnknownSigner {
                    did: entry.issuer().as_str().to_owned(),
                })?;
                // The log is the one that the entry is made out to, or it is refused before this counts.
                check_alive(controller, entry.audience())?;
                entry.verify(controller.document())?;
                Checked::Signature { head: controller.leaf_index() }
            }
            Form::Did { entry, .. } => {
                let before = controller.map(Controller::head);
                if before.is_some_and(|head| entry.number() <= head.number()) {
                    // It is refused for certain. What is left is whether it may be evidence.
                    let hold = entry.proofs_hold(now);
                    self.checked = Some(Checked::Proofs { hold });
                    return Ok(());
                }
                let head = webvh::check_next(before, entry, now).map_err(Rejection::Did)?;
                let before = controller.map(Controller::leaf_index);
                Checked::Next { before, at: now, head: Arc::new(head) }
            }
        };
        self.checked = Some(checked);
        Ok(())
    }

    pub(super) const fn form(&self) -> &Form {
        &self.form
    }

    pub(super) const fn did_key(&self) -> &MapKey {
        &self.did_key
    }

    pub(super) const fn map_key(&self) -> Option<(MapKey, u64)> {
        self.map_key
    }

    /// Place of the head by which the signature was found good.
    pub(super) const fn signature_checked_by(&self) -> Option<u64> {
        match &self.checked {
            Some(Checked::Signature { head }) => Some(*head),
            Some(Checked::Next { .. } | Checked::Proofs { .. }) | None => None,
        }
    }

    /// The head that this entry makes, if it was checked against the one at `before`, at no later time.
    pub(super) fn head_after(&self, before: Option<u64>, time: Timestamp) -> Option<Arc<Head>> {
        match &self.checked {
            Some(Checked::Next { before: seen, at, head }) if *seen == before && *at <= time => {
                Some(Arc::clone(head))
            }
            Some(Checked::Next { .. } | Checked::Signature { .. } | Checked::Proofs { .. })
            | None => None,
        }
    }

    /// Whether the proofs of a DID's entry hold by the keys that they name, if that was looked at.
    pub(super) const fn proofs_hold(&self) -> Option<bool> {
        match &self.checked {
            Some(Checked::Next { .. }) => Some(true),
            Some(Checked::Proofs { hold }) => Some(*hold),
            Some(Checked::Signature { .. }) | None => None,
        }
    }
}
