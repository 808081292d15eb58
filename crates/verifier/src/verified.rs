//! Evidence types: what a verification leaves behind for those who must decide.
//!
//! All fields are private: outside this crate nobody can make or alter one.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::{Digest, Timestamp};
use inkan_credential::Credential;
use inkan_credential::countersignature::{Decision, Role};
use inkan_crypto::PublicKey;
use inkan_ledger::{Cosigner, Grades, MapKey};

use crate::agreement::{Act, acts};
use crate::capacity::Capacity;
use crate::check::{Check, Outcome};
use crate::history::DidHistory;
use crate::known::KnownState;
use crate::material::Live;

/// All that a verification looked at, in check order, and what it established.
#[derive(Debug)]
#[must_use = "a verification is not yet a verdict"]
pub struct Verification {
    pub(crate) checks: Arc<Vec<Check>>,
    pub(crate) presenter: Option<Presenter>,
    pub(crate) presented: bool,
    pub(crate) credentials: Vec<Option<VerifiedCredential>>,
    pub(crate) offers: Vec<Option<VerifiedCredential>>,
    pub(crate) states: Vec<KnownState>,
    pub(crate) asked: BTreeSet<MapKey>,
    pub(crate) as_of: Timestamp,
    pub(crate) received_at: Timestamp,
}

impl Verification {
    /// The verification of nothing: nobody presented anything, and nothing was checked. For what an account shows without a holder
    /// (authentication events of a session).
    pub fn of_nothing(as_of: Timestamp, received_at: Timestamp) -> Self {
        Self {
            checks: Arc::default(),
            presenter: None,
            presented: false,
            credentials: Vec::new(),
            offers: Vec::new(),
            states: Vec::new(),
            asked: BTreeSet::new(),
            as_of,
            received_at,
        }
    }

    /// Every check, in order, to be kept beside the verification.
    #[must_use]
    pub fn shared_checks(&self) -> Arc<Vec<Check>> {
        Arc::clone(&self.checks)
    }

    /// Every check, in order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Who proved possession of the holder key over our nonce and audience; also where a credential failed.
    #[must_use]
    pub const fn presenter(&self) -> Option<&Presenter> {
        self.presenter.as_ref()
    }

    /// Whether a presentation was shown at all (it may have failed).
    #[must_use]
    pub const fn was_presented(&self) -> bool {
        self.presented
    }

    /// One place per credential, in order; `None` where a required check failed or could not be made.
    #[must_use]
    pub fn credentials(&self) -> &[Option<VerifiedCredential>] {
        &self.credentials
    }

    /// One place per credential, in order: a credential of which everything holds but what it demands of itself, the
    /// countersignatures of its offer, or that it is made out to somebody else (`aud`). It is not to be relied on; who
    /// countersigns, or looks who has not yet, may look at it.
    #[must_use]
    pub fn offers(&self) -> &[Option<VerifiedCredential>] {
        &self.offers
    }

    /// The newest states of ids that current-proofs at hand show, each under a pinned log and of one that the verification
    /// rested on: what the next verification should know.
    #[must_use]
    pub fn states(&self) -> &[KnownState] {
        &self.states
    }

    /// Ids whose newest state the verification rested on, whether it was at hand or not.
    #[must_use]
    pub const fn asked(&self) -> &BTreeSet<MapKey> {
        &self.asked
    }

    /// The time that everything but freshness was judged at.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// When the artefact reached the verifier.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// Whether no check failed and none that the verdict rests on is unknown.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        !self.checks.iter().any(|check| check.failed() || check.blocks())
            && self.credentials.iter().all(Option::is_some)
    }

    /// Whether some check was made and did not hold.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.checks.iter().any(|check| matches!(check.outcome, Outcome::Fail(_)))
    }
}

/// A credential that passed every required check.
#[derive(Clone, Debug)]
pub struct VerifiedCredential {
    pub(crate) credential: Credential,
    pub(crate) format: &'static str,
    pub(crate) digest: Digest,
    pub(crate) issuer: String,
    pub(crate) issuer_method: String,
    pub(crate) holder_keys: Vec<PublicKey>,
    pub(crate) holder_history: Option<DidHistory>,
    pub(crate) recorded: Option<Recorded>,
    pub(crate) status: StatusSeen,
    pub(crate) countersignatures: Vec<VerifiedCountersignature>,
    pub(crate) flawed: Vec<Act>,
    pub(crate) proofs: Vec<CredentialProof>,
}

/// A proof that a credential carries and that is no countersignature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialProof {
    pub(crate) controller: String,
    pub(crate) asserts: bool,
    pub(crate) held: bool,
    pub(crate) linked: BTreeSet<String>,
}

impl CredentialProof {
    /// The DID whose key it is said to be by.
    #[must_use]
    pub fn controller(&self) -> &str {
        &self.controller
    }

    /// Whether its purpose is `assertionMethod`: whoever made it says what the credential says.
    #[must_use]
    pub const fn asserts(&self) -> bool {
        self.asserts
    }

    /// Whether it was checked and holds; if not, it could not be checked.
    #[must_use]
    pub const fn held(&self) -> bool {
        self.held
    }

    /// Those who made other proofs, or the issuer, that are the same controller under another DID.
    #[must_use]
    pub const fn linked(&self) -> &BTreeSet<String> {
        &self.linked
    }
}

/// What the status check found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatusSeen {
    /// The credential names no status list.
    NotNamed,
    /// Every list was checked; the oldest of them was recorded, or issued, at this time.
    Good {
        /// When the oldest list that was used came into being.
        since: Timestamp,
    },
}

impl VerifiedCredential {
    /// The credential's content.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The securing mechanism: `eddsa-jcs-2022`, `vc+jwt`, …
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// What the ledger commits to (ledger §2.5): identifies the issuer's signed part.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Its proofs that are no countersignatures, that of the issuer first; none of them failed.
    #[must_use]
    pub fn proofs(&self) -> &[CredentialProof] {
        &self.proofs
    }

    /// The issuer's DID.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The DID URL of the key that signed.
    #[must_use]
    pub fn issuer_method(&self) -> &str {
        &self.issuer_method
    }

    /// Keys of the subject's DID that may authenticate, in force as of the judged time.
    #[must_use]
    pub fn holder_keys(&self) -> &[PublicKey] {
        &self.holder_keys
    }

    /// The versions of the subject's DID, where its method has versions and evidence is in the credential, which may turn on them.
    #[must_use]
    pub const fn holder_history(&self) -> Option<&DidHistory> {
        self.holder_history.as_ref()
    }

    /// The issuance record, if a receipt proved one.
    #[must_use]
    pub const fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// What the status check found.
    #[must_use]
    pub const fn status(&self) -> StatusSeen {
        self.status
    }

    /// Countersignatures whose cryptography and key held, in proof order; their acts may be superseded.
    #[must_use]
    pub fn countersignatures(&self) -> &[VerifiedCountersignature] {
        &self.countersignatures
    }

    /// What [`crate::agreement`] has to look at: [`Self::countersignatures`] in their order, then those of which the signature or
    /// the key could not be judged or was not in force, each with its flaw.
    #[must_use]
    pub fn acts(&self) -> Vec<Act> {
        acts(&self.countersignatures, &self.flawed)
    }
}

/// A record on a ledger, proved by a receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    pub(crate) origin: String,
    pub(crate) leaf_index: u64,
    pub(crate) tree_size: u64,
    pub(crate) root_hash: String,
    pub(crate) leaf_time: Timestamp,
    pub(crate) existed_by: Option<Timestamp>,
    pub(crate) grades: Grades,
    pub(crate) cosigners: Vec<Cosigner>,
    pub(crate) not_checked: Vec<String>,
    pub(crate) registrant: String,
    pub(crate) by_signer: bool,
}

impl Recorded {
    /// The log's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Place in the log.
    #[must_use]
    pub const fn leaf_index(&self) -> u64 {
        self.leaf_index
    }

    /// Size of the tree that the receipt's checkpoint commits to.
    #[must_use]
    pub const fn tree_size(&self) -> u64 {
        self.tree_size
    }

    /// Root of that tree, lower-case hexadecimal.
    #[must_use]
    pub fn root_hash(&self) -> &str {
        &self.root_hash
    }

    /// The operator's own, unproved claim of the time.
    #[must_use]
    pub const fn leaf_time(&self) -> Timestamp {
        self.leaf_time
    }

    /// When the quorum had seen it, with stamps of the grade that was asked for if they ever are; `None` without cosignatures.
    #[must_use]
    pub const fn existed_by(&self) -> Option<Timestamp> {
        self.existed_by
    }

    /// Independent operators that vouch for [`Self::existed_by`].
    #[must_use]
    pub const fn operators(&self) -> &BTreeSet<String> {
        self.grades.operators()
    }

    /// Everything that holds of [`Self::existed_by`] (decisions 22).
    #[must_use]
    pub const fn grades(&self) -> &Grades {
        &self.grades
    }

    /// Witnesses and timestamp authorities whose stamps on the receipt's checkpoint verified, at whatever time.
    #[must_use]
    pub fn cosigners(&self) -> &[Cosigner] {
        &self.cosigners
    }

    /// Timestamp authorities whose tokens are there and were not checked.
    #[must_use]
    pub fn not_checked(&self) -> &[String] {
        &self.not_checked
    }

    /// SCID of the DID that signed the ledger entry.
    #[must_use]
    pub fn registrant(&self) -> &str {
        &self.registrant
    }

    /// Whether the registrant is the signer of the artefact itself; otherwise this is time evidence only (decisions 16).
    #[must_use]
    pub const fn is_by_signer(&self) -> bool {
        self.by_signer
    }
}

/// How current the state of an act is known to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ActState {
    /// A current-proof shows that this is the newest state, as of the time.
    Current {
        /// When the quorum had seen that state.
        fresh_at: Timestamp,
    },
    /// It is recorded, and nothing newer is known; a newer state may exist.
    NewestKnown,
    /// It is on no ledger that we know: nothing was proved about its state.
    NotRecorded,
    /// A newer state of the same act exists.
    Superseded,
}

/// A countersignature whose cryptography, key and coverage held.
#[derive(Clone, Debug)]
pub struct VerifiedCountersignature {
    pub(crate) role: Role,
    pub(crate) decision: Decision,
    pub(crate) act: String,
    pub(crate) digest: Digest,
    pub(crate) controller: String,
    pub(crate) method: String,
    pub(crate) proof_id: Option<String>,
    pub(crate) covers: Vec<String>,
    pub(crate) by_subject: bool,
    pub(crate) recorded: Option<Recorded>,
    pub(crate) state: ActState,
    pub(crate) newer_at: Option<u64>,
    pub(crate) linked: BTreeSet<String>,
    pub(crate) reason: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) capacity: Capacity,
}

impl VerifiedCountersignature {
    /// In which role the signer acted.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What the signer decided.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// The act's random id, base64url.
    #[must_use]
    pub fn act(&self) -> &str {
        &self.act
    }

    /// Digest of what was signed, as a ledger's entry commits to it.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The signer's DID: what thresholds count.
    #[must_use]
    pub fn controller(&self) -> &str {
        &self.controller
    }

    /// The DID URL of the key that signed.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The proof's own id (Data Integrity).
    #[must_use]
    pub fn proof_id(&self) -> Option<&str> {
        self.proof_id.as_deref()
    }

    /// Ids of the proofs it covers (Data Integrity).
    #[must_use]
    pub fn covers(&self) -> &[String] {
        &self.covers
    }

    /// Whether the signer is the subject of the credential.
    #[must_use]
    pub const fn is_by_subject(&self) -> bool {
        self.by_subject
    }

    /// The ledger record of the act.
    #[must_use]
    pub const fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// How current this state of the act is known to be.
    #[must_use]
    pub const fn state(&self) -> ActState {
        self.state
    }

    /// Place of the next state of the act in the same log, where it is shown that no other came before it; `None` where there
    /// is none, and where that cannot be told.
    #[must_use]
    pub const fn newer_at(&self) -> Option<u64> {
        self.newer_at
    }

    /// The issuer, the subject and other countersigners that are, by their DIDs' own words, the same controller.
    #[must_use]
    pub const fn linked(&self) -> &BTreeSet<String> {
        &self.linked
    }

    /// Why the signer refused or withdrew, in its own words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// When the signer says that it signed; proves nothing.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }
}

/// Who presented: possession of the holder's key over our nonce and audience was proved.
#[derive(Clone, Debug)]
pub struct Presenter {
    pub(crate) holder: String,
    pub(crate) method: String,
    pub(crate) key: PublicKey,
    pub(crate) nonce_digest: Digest,
    pub(crate) presentation_digest: Digest,
    pub(crate) audience: String,
    pub(crate) created: Timestamp,
    pub(crate) nonce_issued_at: Option<Timestamp>,
    pub(crate) live: Live,
}

impl Presenter {
    /// The holder's DID; or the HTTPS URL of one that certificates name.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The DID URL of the key that signed the presentation; `urn:x509:sha-256:` and the digest of the certificate that has it.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The key that signed the presentation.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// SHA-256 of the nonce as text.
    #[must_use]
    pub const fn nonce_digest(&self) -> Digest {
        self.nonce_digest
    }

    /// SHA-256 of the presentation: of its compact text, or of the canonical form of one with an embedded proof.
    #[must_use]
    pub const fn presentation_digest(&self) -> Digest {
        self.presentation_digest
    }

    /// The audience that was signed.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// When the holder says it was signed.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When this verifier made the nonce, by its own clock, if it made it.
    #[must_use]
    pub const fn nonce_issued_at(&self) -> Option<Timestamp> {
        self.nonce_issued_at
    }

    /// Whether this is the first time the presentation is judged.
    #[must_use]
    pub const fn live(&self) -> Live {
        self.live
    }
}
