//! Facts in their places: item in event in credential, beside those of the presentation.
//!
//! All fields are private, and nothing here can be moved from one place to another: a fact counts only where it
//! was made.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Digest, Timestamp};

use crate::claims::IgnoredClaim;
use crate::fact::{Basis, Fact, Place};
use crate::finding::Finding;
use crate::register_check::RegisterCheck;
use crate::row::Road;

mod event;

pub use event::{CardSignature, Derivation, EventFacts, ItemFacts};

/// Everything that was checked about one artefact.
#[derive(Clone, Debug)]
pub struct Facts {
    pub(crate) as_of: Timestamp,
    pub(crate) credentials: Vec<Option<CredentialFacts>>,
    pub(crate) holder: Option<Holder>,
    pub(crate) authenticators: Vec<Authenticator>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ignored: Vec<IgnoredClaim>,
}

impl Facts {
    /// The time everything but freshness was judged at.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// One place per credential, in order; `None` where verification failed, so that nothing is known.
    #[must_use]
    pub fn credentials(&self) -> &[Option<CredentialFacts>] {
        &self.credentials
    }

    /// Who proved possession of a holder key; `None` for a bare credential.
    #[must_use]
    pub const fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// What was shown about authenticators, one by one.
    #[must_use]
    pub fn authenticators(&self) -> &[Authenticator] {
        &self.authenticators
    }

    /// Where facts were lost.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Levels that somebody claims.
    #[must_use]
    pub fn ignored(&self) -> &[IgnoredClaim] {
        &self.ignored
    }

    /// The same with what the holder says about this presentation; anything but claims about it is left out.
    #[must_use]
    pub fn with_claims(mut self, claims: impl IntoIterator<Item = Fact>) -> Self {
        if let Some(holder) = &mut self.holder {
            holder.facts.extend(claims.into_iter().filter(|fact| {
                fact.basis() == Basis::Claimed && fact.kind().place() == Place::Presentation
            }));
        }
        self
    }
}

/// Who proved possession of a holder key over this verifier's nonce and audience.
#[derive(Clone, Debug)]
pub struct Holder {
    pub(crate) did: String,
    pub(crate) jkt: String,
    pub(crate) liveness: Liveness,
    pub(crate) age_seconds: i64,
    pub(crate) nonce_digest: Digest,
    pub(crate) facts: Vec<Fact>,
}

/// Whether a presentation is judged while it is fresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Liveness {
    /// This verifier made the nonce and has consumed it.
    Live,
    /// The caller keeps the nonce; its single use is the caller's to ensure.
    CallerKeepsNonce,
    /// Judged again later.
    NotLive,
}

impl Holder {
    /// The holder's DID.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// RFC 7638 thumbprint of the key.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// Whether it is judged while it is fresh.
    #[must_use]
    pub const fn liveness(&self) -> Liveness {
        self.liveness
    }

    /// Seconds from asking to receiving, by this verifier's clock; what the holder says can only make it more.
    #[must_use]
    pub const fn age_seconds(&self) -> i64 {
        self.age_seconds
    }

    /// SHA-256 of the nonce.
    #[must_use]
    pub const fn nonce_digest(&self) -> Digest {
        self.nonce_digest
    }

    /// Facts of the presentation.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}

/// What was shown about one authenticator; facts of two are never mixed.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pub(crate) road: Road,
    pub(crate) facts: Vec<Fact>,
    pub(crate) age_seconds: Option<i64>,
    pub(crate) of_session: bool,
}

impl Authenticator {
    /// Whether it shows an account in a session of this verifier's, and no holder.
    #[must_use]
    pub const fn is_of_session(&self) -> bool {
        self.of_session
    }

    /// Who vouches.
    #[must_use]
    pub const fn road(&self) -> Road {
        self.road
    }

    /// What was shown.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Seconds from the earliest factor that was used to receiving, if somebody states them; otherwise the presentation's age is its age.
    #[must_use]
    pub const fn age_seconds(&self) -> Option<i64> {
        self.age_seconds
    }
}

/// What was checked about one credential.
#[derive(Clone, Debug)]
pub struct CredentialFacts {
    pub(crate) path: String,
    pub(crate) types: Vec<String>,
    pub(crate) digest: Digest,
    pub(crate) subject_id: Option<String>,
    pub(crate) holder_jkts: BTreeSet<String>,
    pub(crate) former_jkts: BTreeSet<String>,
    pub(crate) claims: BTreeMap<String, Digest>,
    pub(crate) events: Vec<EventFacts>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) registers: Vec<RegisterCheck>,
}

impl CredentialFacts {
    /// Its place: `cred[0]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its types, `VerifiableCredential` left out.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Digest of the issuer's signed part.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// DID of the subject.
    #[must_use]
    pub fn subject_id(&self) -> Option<&str> {
        self.subject_id.as_deref()
    }

    /// Thumbprints of the keys that may authenticate the subject now.
    #[must_use]
    pub const fn holder_jkts(&self) -> &BTreeSet<String> {
        &self.holder_jkts
    }

    /// Thumbprints of keys that a verifiable history shows for the subject, each at its time.
    #[must_use]
    pub const fn former_jkts(&self) -> &BTreeSet<String> {
        &self.former_jkts
    }

    /// Names of the claims, each with a digest of its normalised value.
    #[must_use]
    pub const fn claims(&self) -> &BTreeMap<String, Digest> {
        &self.claims
    }

    /// Proofing events.
    #[must_use]
    pub fn events(&self) -> &[EventFacts] {
        &self.events
    }

    /// Facts of the credential itself.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// What base registers say of its claims as they are now: confirmations, or where one of them differs, what differs alone.
    #[must_use]
    pub fn register_checks(&self) -> &[RegisterCheck] {
        &self.registers
    }
}
