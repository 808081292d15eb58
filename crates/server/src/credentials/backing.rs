//! What a server rests on beyond keys of its own: a ledger that keeps what was issued, and whatever a verifier trusts.
//!
//! In scope: the questions that the API asks. Out of scope: answering them; who starts the server does, with a profile. It is
//! asked anew for every request, so that a key replaced by another process is not signed with any more.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use inkan_assurance::Policy;
use inkan_core::{Digest, Timestamp};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Bundle, Contexts, SecuredCredential};
use inkan_evidence::Registry;
use inkan_io::cards::Cards;
use inkan_io::gather::Network;
use inkan_issuer::AtHand;
use inkan_ledger::{Grade, LogPolicy, TimestampChecker};
use inkan_verifier::{CertificateChecker, Declared, KnownState, Material, Receipts, Want};

use super::suites::Issuer;

/// Why something cannot be done now. What the operator needs to know beyond that is told to them, not to clients.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{code}")]
pub struct BackingError {
    /// The code of what went wrong.
    pub code: &'static str,
    /// Whether the request is at fault, and not what the server rests on.
    pub is_callers: bool,
}

/// What a verification may rest on.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// What was gathered.
    pub material: Material,
    /// The logs that are pinned.
    pub logs: Vec<LogPolicy>,
    /// The least grade of time.
    pub grade: Grade,
    /// What checks the tokens of timestamp authorities.
    pub timestamps: Option<Arc<dyn TimestampChecker>>,
    /// What judges the certificates of issuers.
    pub certificates: Option<Arc<dyn CertificateChecker>>,
    /// How receipts are used.
    pub receipts: Receipts,
    /// What trusted registries say of DIDs that belong together.
    pub declared: Arc<Declared>,
    /// The newest states that were seen before.
    pub known: Vec<KnownState>,
    /// What signatures of people's cards are judged by.
    pub cards: Option<Cards>,
}

impl Grounds {
    /// What was gathered, and nothing that is trusted.
    #[must_use]
    pub fn of(material: Material) -> Self {
        Self {
            material,
            logs: Vec::new(),
            grade: Grade::Operator,
            timestamps: None,
            certificates: None,
            receipts: Receipts::Used,
            declared: Arc::default(),
            known: Vec::new(),
            cards: None,
        }
    }
}

/// A profile, as the API uses it.
pub trait Backing: Debug + Send + Sync {
    /// The keys that are in force now.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if they cannot be read.
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError>;

    /// Origin of the log in which what this DID issues is recorded; none if it is not.
    fn log_of(&self, issuer: &Issuer) -> Option<&str>;

    /// Whether a status list is one that these DIDs announce, or may announce some day.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn is_ours(&self, uri: &str) -> Result<bool, BackingError>;

    /// Begins to write to the ledger; nobody else does until the answer is dropped.
    ///
    /// # Errors
    ///
    /// [`BackingError`], also if the ledger does not answer or somebody else writes for too long.
    fn begin(&self, now: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError>;

    /// Whether requests can be served: what it rests on answers. It may have been asked some seconds ago.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if it does not.
    fn ready(&self, now: Timestamp) -> Result<(), BackingError>;

    /// Gathers what a verification wants, as of `now`.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if the ledger does not answer, or answers what it cannot prove.
    fn grounds(
        &self,
        bundle: &Bundle,
        wants: &[Want],
        network: Network,
        now: Timestamp,
    ) -> Result<Grounds, BackingError>;

    /// The policy of this name, as it is now.
    ///
    /// # Errors
    ///
    /// [`BackingError`], as the caller's if there is none.
    fn policy(&self, name: &str) -> Result<Policy, BackingError>;

    /// The registries that are trusted at `now`.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn registries(&self, now: Timestamp) -> Result<Vec<Registry>, BackingError>;

    /// Remembers states that were proved.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if they cannot be kept.
    fn remember(&self, states: &[KnownState]) -> Result<(), BackingError>;

    /// A credential with all that the ledger has of it, so that it is verified offline; none if the ledger has no record of
    /// it.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn bundle(
        &self,
        credential: &SecuredCredential,
        now: Timestamp,
    ) -> Result<Option<Bundle>, BackingError>;

    /// What an authority says, as of `at`; none for one that this server does not speak for. It may have been read some seconds ago.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if the ledger does not answer, or answers what it cannot prove.
    fn registry(
        &self,
        authority: &str,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Registry>, BackingError>;

    /// Of the files that what is issued names by URL, those that are pinned, and the schemas of the profile: it has to go with them.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if they cannot be read.
    fn at_hand(&self, named: &BTreeSet<String>) -> Result<AtHand, BackingError>;

    /// Contexts that are pinned beside the built-in ones, as they were at the start.
    fn contexts(&self) -> Option<Arc<Contexts>>;
}

/// How a status list is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ListForm {
    /// Bitstring Status Lists: a credential names one for each purpose.
    #[default]
    Bitstring,
    /// A Token Status List in a JWT, which tells revoked and suspended apart in one place.
    TokenJwt,
    /// The same in a CWT.
    TokenCwt,
}

impl ListForm {
    /// The form of that name in requests.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "bitstring" => Some(Self::Bitstring),
            "token" => Some(Self::TokenJwt),
            "token-cwt" => Some(Self::TokenCwt),
            _ => None,
        }
    }

    /// Whether it is a Token Status List.
    #[must_use]
    pub const fn is_token(self) -> bool {
        match self {
            Self::Bitstring => false,
            Self::TokenJwt | Self::TokenCwt => true,
        }
    }
}

/// Which places in status lists a new credential gets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allotment {
    /// What they are about.
    pub purposes: Vec<StatusPurpose>,
    /// What the list of messages says: one for each of its values, the first being that of a new credential.
    pub messages: Vec<String>,
    /// URLs where these messages are explained.
    pub references: Vec<String>,
    /// How the lists are written.
    pub form: ListForm,
}

/// What becomes of a status, and what the issuer's own records say of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusChange {
    /// 0 takes it back, 1 sets it; in a list of messages, which one.
    pub value: u8,
    /// Why: never published.
    pub reason: Option<String>,
    /// Since when, if not from now on: never published.
    pub effective: Option<Timestamp>,
}

/// What is written to the ledger for one request.
pub trait Recording {
    /// The keys that are in force while this is held.
    fn issuers(&self) -> &[Issuer];

    /// What was signed for this very request before, and recorded, but could not be answered: it is to be answered now, so that
    /// whoever asks again gets that one and no second. Nothing, if there is none, or it is good for nothing any more.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, BackingError>;

    /// Takes the places that are asked for in status lists that the ledger announces: one for each purpose, or one for all of them in
    /// a Token Status List.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn allot(
        &mut self,
        issuer: &Issuer,
        asked: &Allotment,
    ) -> Result<Vec<StatusEntry>, BackingError>;

    /// Records a credential and the places that were taken for it. `id` is the name by which its status is asked for, `request`
    /// the digest of what was asked.
    ///
    /// # Errors
    ///
    /// [`BackingError`]; then it must not be handed out. What was recorded all the same is found by [`Self::again`].
    fn record(
        &mut self,
        issuer: &Issuer,
        credential: &SecuredCredential,
        id: Option<&str>,
        request: &Digest,
    ) -> Result<(), BackingError>;

    /// The places of what was issued under this id.
    ///
    /// # Errors
    ///
    /// [`BackingError`].
    fn places(&self, id: &str, purpose: StatusPurpose) -> Result<Vec<StatusEntry>, BackingError>;

    /// Whether a change can be made, which is not made: as [`Self::change`] would answer.
    ///
    /// # Errors
    ///
    /// As [`Self::change`].
    fn may_change(&self, place: &StatusEntry, change: &StatusChange) -> Result<bool, BackingError>;

    /// Writes the status at a place of this server's lists, and announces it. Says no if nothing was issued with it.
    ///
    /// # Errors
    ///
    /// [`BackingError`], as the caller's if what was revoked would be taken back, or the list has no such value.
    fn change(&mut self, place: &StatusEntry, change: &StatusChange) -> Result<bool, BackingError>;
}
