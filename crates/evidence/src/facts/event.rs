//! Facts of one proofing event and of what was looked at in it.

use inkan_core::{Digest, Timestamp};

use crate::authority::Authorised;
use crate::fact::{Fact, FactKind};
use crate::model::{Agent, Certificate, DocumentIssuer};
use crate::row::AuthLevel;

/// What was checked at one proofing event.
#[derive(Clone, Debug)]
pub struct EventFacts {
    pub(crate) path: String,
    pub(crate) process: String,
    pub(crate) time: Timestamp,
    pub(crate) proofer: String,
    pub(crate) agent: Agent,
    pub(crate) subject_holder: String,
    pub(crate) subject_jkt: String,
    pub(crate) authorities: Vec<Authorised>,
    pub(crate) staged: bool,
    pub(crate) handed_over: bool,
    pub(crate) derivation: Option<Derivation>,
    pub(crate) revalidated: Option<Timestamp>,
    pub(crate) items: Vec<ItemFacts>,
}

/// On which proofing a derived one rests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Derivation {
    pub(crate) credential: Digest,
    pub(crate) process: String,
    pub(crate) holder_aal: Option<AuthLevel>,
    pub(crate) at: Option<Timestamp>,
}

impl Derivation {
    /// Digest of the base credential.
    #[must_use]
    pub const fn credential(&self) -> Digest {
        self.credential
    }

    /// The base event.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.process
    }

    /// How the holder authenticated at derivation; `None` if that is no level.
    #[must_use]
    pub const fn holder_aal(&self) -> Option<AuthLevel> {
        self.holder_aal
    }

    /// When it was derived, if that is said.
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }
}

impl EventFacts {
    /// Its place: `cred[0].evidence[0]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The event's name; objects with one name are one event.
    #[must_use]
    pub fn process(&self) -> &str {
        &self.process
    }

    /// When the person was proofed.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Who proofed.
    #[must_use]
    pub fn proofer(&self) -> &str {
        &self.proofer
    }

    /// Who acted for the proofer.
    #[must_use]
    pub const fn agent(&self) -> Agent {
        self.agent
    }

    /// DID of the person that was proofed.
    #[must_use]
    pub fn subject_holder(&self) -> &str {
        &self.subject_holder
    }

    /// Thumbprint of the key that was bound.
    #[must_use]
    pub fn subject_jkt(&self) -> &str {
        &self.subject_jkt
    }

    /// What registries allowed the proofer at that time; empty if none knows it.
    #[must_use]
    pub fn authorities(&self) -> &[Authorised] {
        &self.authorities
    }

    /// Whether it began online, in stages.
    #[must_use]
    pub const fn is_staged(&self) -> bool {
        self.staged
    }

    /// Whether, after the online stage, a check in person passed that activated what was withheld.
    #[must_use]
    pub const fn is_handed_over(&self) -> bool {
        self.handed_over
    }

    /// On which proofing this one rests.
    #[must_use]
    pub const fn derivation(&self) -> Option<&Derivation> {
        self.derivation.as_ref()
    }

    /// When it was last shown that nothing has changed.
    #[must_use]
    pub const fn revalidated(&self) -> Option<Timestamp> {
        self.revalidated
    }

    /// What was looked at.
    #[must_use]
    pub fn items(&self) -> &[ItemFacts] {
        &self.items
    }
}

/// What this verifier found about a card's signature over a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CardSignature {
    /// Which of the card's keys signed.
    pub certificate: Certificate,
    /// The policy of its certificate, an OID.
    pub policy: String,
    /// SHA-256 of the statement.
    pub statement: Digest,
    /// Whether the certificate is known not to have been revoked.
    pub is_good: bool,
}

/// What was checked on one document or signature.
#[derive(Clone, Debug)]
pub struct ItemFacts {
    pub(crate) path: String,
    pub(crate) document: String,
    pub(crate) issuer: Option<DocumentIssuer>,
    pub(crate) signed_with: Vec<(Certificate, String)>,
    pub(crate) pending: bool,
    pub(crate) cards: Vec<CardSignature>,
    pub(crate) facts: Vec<Fact>,
}

impl ItemFacts {
    /// Its place: `cred[0].evidence[0].evidence[1]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document's type, as stated; the catalogue decides what it is.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The document's issuer, as stated.
    #[must_use]
    pub const fn issuer(&self) -> Option<&DocumentIssuer> {
        self.issuer.as_ref()
    }

    /// With which certificates, under which policy, the person signed.
    #[must_use]
    pub fn signed_with(&self) -> &[(Certificate, String)] {
        &self.signed_with
    }

    /// Whether an original proof is disclosed that this verifier cannot check: its facts count only as unknown.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.pending
    }

    /// Whether this verifier checked the person's signature itself, under the policies of its own configuration.
    #[must_use]
    pub const fn is_card_verified(&self) -> bool {
        !self.cards.is_empty()
    }

    /// The person's signatures that this verifier checked itself.
    #[must_use]
    pub fn card_signatures(&self) -> &[CardSignature] {
        &self.cards
    }

    /// What was checked.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Whether a fact of this kind is among them.
    #[must_use]
    pub fn has(&self, kind: FactKind) -> bool {
        self.facts.iter().any(|fact| fact.kind() == kind)
    }
}
