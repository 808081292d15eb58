//! What a current-proof says of its id, kind by kind (§5.4 of the ledger specification): the chain from a map root to an
//! act, a status head, a statement of trust, a one-time use or a DID, all of it offline.
//!
//! In scope: whose entry the newest one is, and what it means at a time. Out of scope: whether the proof is recent enough
//! ([`VerifiedCurrent::check_fresh`] is asked by policies).

use inkan_core::{Digest, Timestamp};
use inkan_did::DidDocument;
use inkan_did::webvh::{self, Head};

use super::VerifiedCurrent;
use crate::entry::{Claims, SignedEntry, StatusClaims, TrustClaims, TrustOperation};
use crate::leaf::Kind;
use crate::map::{Flags, MapProofError};
use crate::opening::{Opening, check_commitment};
use crate::receipt::ReceiptError;
use crate::rejection::Rejection;
use crate::state::parse_did_body;

/// Whether something that can be used once was used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OnceStanding {
    /// Nobody had used it.
    NotUsed {
        /// As of when, by the quorum's clocks; `None` without cosignatures.
        as_of: Option<Timestamp>,
    },
    /// It is used up, for ever.
    Used {
        /// SCID of the DID that used it.
        by: String,
        /// Where.
        leaf_index: u64,
    },
}

/// What an authority's newest statement means at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TrustStanding {
    /// The authority never stated it.
    NeverStated,
    /// It holds.
    Holds(TrustClaims),
    /// It holds at other times only.
    NotThen(TrustClaims),
    /// It was ended: what was done under it before stays good, and nothing can be done under it now.
    Ended(TrustClaims),
    /// It is void from a time on that is not after the one asked about.
    Void(TrustClaims),
}

impl VerifiedCurrent {
    /// V12: the head that it is proved under was seen by the quorum at most `max_age` seconds before `now`.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Stale`].
    pub fn check_fresh(&self, max_age: i64, now: Timestamp) -> Result<(), ReceiptError> {
        self.epoch().checkpoint().check_fresh(max_age, now)
    }

    /// The newest entry, made out to this log, of a kind that is signed; its signature is not checked. `None` if there never
    /// was one.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::EntryInvalid`] for a DID's proof, and for a body that this log may not accept.
    pub fn signed_entry(&self) -> Result<Option<SignedEntry>, ReceiptError> {
        let Some(head) = self.head() else { return Ok(None) };
        let leaf = head.leaf();
        let entry =
            SignedEntry::parse(leaf.kind(), leaf.body()).map_err(ReceiptError::EntryInvalid)?;
        if entry.audience() == self.epoch().origin() {
            Ok(Some(entry))
        } else {
            let audience = entry.audience().to_owned();
            Err(ReceiptError::EntryInvalid(Rejection::WrongAudience { audience }))
        }
    }

    /// V10 of the newest entry: `signer` must be the document in force at its place, which [`CurrentHead::value`] names.
    ///
    /// [`CurrentHead::value`]: super::CurrentHead::value
    ///
    /// # Errors
    ///
    /// [`ReceiptError::EntryInvalid`].
    pub fn check_entry_signature(&self, signer: &DidDocument) -> Result<(), ReceiptError> {
        match self.signed_entry()? {
            Some(entry) => entry.verify(signer).map_err(ReceiptError::EntryInvalid),
            None => Ok(()),
        }
    }

    /// The artefact with this digest is the newest state of the act that the proof is about.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::DigestMismatch`] if the opening is of another artefact, [`ReceiptError::ActSuperseded`] if the newest
    /// state is another one or there is none, [`ReceiptError::EntryInvalid`].
    pub fn check_act(&self, opening: &Opening, artefact: &Digest) -> Result<(), ReceiptError> {
        if opening.digest != *artefact {
            return Err(ReceiptError::DigestMismatch);
        }
        let entry = self.signed_entry()?.ok_or(ReceiptError::ActSuperseded)?;
        match entry.claims().act() {
            Some(_) => check_commitment(&entry, &opening.salt, artefact)
                .map_err(|_| ReceiptError::ActSuperseded),
            None => Err(self.other_kind()),
        }
    }

    /// The newest head of the status list that the proof is about; `None` if none was ever recorded.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::WrongKind`], [`ReceiptError::EntryInvalid`].
    pub fn status(&self) -> Result<Option<StatusClaims>, ReceiptError> {
        self.of_kind(Kind::Status)?;
        Ok(self.signed_entry()?.and_then(|entry| entry.claims().status().cloned()))
    }

    /// Whether the one-time use that the proof is about was made.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::WrongKind`], [`ReceiptError::EntryInvalid`].
    pub fn once(&self) -> Result<OnceStanding, ReceiptError> {
        self.of_kind(Kind::Once)?;
        Ok(match (self.signed_entry()?, self.head()) {
            (Some(entry), Some(head)) => OnceStanding::Used {
                by: entry.scid().to_owned(),
                leaf_index: head.value().leaf_index,
            },
            _ => OnceStanding::NotUsed { as_of: self.fresh_at() },
        })
    }

    /// What the statement that the proof is about means at `time`.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::WrongKind`], [`ReceiptError::EntryInvalid`].
    pub fn trust_at(&self, time: Timestamp) -> Result<TrustStanding, ReceiptError> {
        self.of_kind(Kind::Trust)?;
        let Some(entry) = self.signed_entry()? else { return Ok(TrustStanding::NeverStated) };
        let Claims::Trust(claims) = entry.claims() else { return Err(self.other_kind()) };
        let claims = claims.clone();
        let within =
            claims.not_before <= time && claims.expires.is_none_or(|expires| time < expires);
        Ok(match claims.operation {
            TrustOperation::Grant if within => TrustStanding::Holds(claims),
            TrustOperation::Grant => TrustStanding::NotThen(claims),
            TrustOperation::Void { since } if since <= time => TrustStanding::Void(claims),
            // Whether it held before is what earlier statements say.
            TrustOperation::End | TrustOperation::Void { .. } => TrustStanding::Ended(claims),
        })
    }

    /// The newest version of the DID that the proof is about, which the versions before it lead to by hash chain, each
    /// authorised by the one before. `earlier` are the bodies of their `did` leaves, oldest first. `None` if the DID was
    /// never registered here.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::WrongKind`]; [`ReceiptError::EntryInvalid`] if a version does not follow;
    /// [`MapProofError::ValueMismatch`] if the map shows other flags than the version has.
    pub fn did_head(&self, earlier: &[&[u8]]) -> Result<Option<Head>, ReceiptError> {
        self.of_kind(Kind::Did)?;
        let Some(newest) = self.head() else { return Ok(None) };
        let invalid = |error| ReceiptError::EntryInvalid(Rejection::Did(error));
        let mut head: Option<Head> = None;
        for body in earlier.iter().copied().chain([newest.leaf().body()]) {
            let entry = parse_did_body(body).map_err(invalid)?;
            let next = webvh::check_next(head.as_ref(), &entry, newest.leaf().time());
            head = Some(next.map_err(invalid)?);
        }
        let head = head.filter(|head| {
            let flags = newest.value().flags;
            let moved = head.home().is_some_and(|home| home != self.epoch().origin());
            head.number() == newest.value().sequence
                && flags.has(Flags::ENDED) == head.deactivated()
                && flags.has(Flags::PRE_ROTATION) == head.pre_rotation()
                && flags.has(Flags::WITNESSED) != head.witness().is_empty()
                && flags.has(Flags::PORTABLE) == head.portable()
                && flags.has(Flags::MOVED) == moved
        });
        head.map(Some).ok_or(MapProofError::ValueMismatch.into())
    }

    fn of_kind(&self, kind: Kind) -> Result<(), ReceiptError> {
        if self.key().kind() == kind { Ok(()) } else { Err(self.other_kind()) }
    }

    fn other_kind(&self) -> ReceiptError {
        ReceiptError::WrongKind { found: self.key().kind() }
    }
}

#[cfg(test)]
mod tests;
