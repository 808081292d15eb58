//! Consent records: what a holder shared, with whom, why, under which policy and until when, signed by the holder and, when it
//! acknowledges, by the receiver.
//!
//! The fields are those of ISO/IEC TS 27560:2023, spelt in camelCase. A record names what was shown by paths and salted
//! digests, never by values. Each state of a consent is a record of its own, closed, secured by a JCS suite of Data Integrity:
//! the first gives, the second takes back. All states of a consent carry one random act, so that a ledger can say which is
//! the newest (ledger specification §2.3).
//!
//! Out of scope: whose keys they are, which state the ledger knows, what time it is (`inkan-verifier`).

mod error;
mod form;
mod read;
mod receipt;
mod shown;

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use serde_json::{Map, Value, json};

use crate::countersignature::did_of;
use crate::proof::{PreparedProof, Proof};
use crate::rdfc::Contexts;

pub use self::error::ConsentError;
pub use self::form::{Draft, acknowledge, sign};
pub use self::receipt::{CONSENT_RECEIPT_TYPE, ConsentReceipt};
pub use self::shown::{ShownClaim, ShownCredential, presentation_digest, shown_by};

/// The `type` of a record.
pub const CONSENT_TYPE: &str = "inkan-consent/1";
/// The `schemaVersion` of a record.
pub const CONSENT_SCHEMA: &str = "ISO/IEC TS 27560:2023";
/// Most characters of a text in a record.
pub const TEXT: usize = 1_000;
/// Most purposes, and most recipients.
pub const ITEMS: usize = 32;
/// Most claims that a record names.
pub const CLAIMS: usize = 4_096;

/// What is agreed: the same in every state of a consent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsentTerms {
    /// URL of the consent; drawn at random.
    pub record_id: String,
    /// The DID of whoever the data are about, and who signs.
    pub principal: String,
    /// Who receives the data.
    pub receiver: Receiver,
    /// What the data may be used for; at least one.
    pub purposes: Vec<ConsentPurpose>,
    /// The notice that the holder was given.
    pub notice: Option<Notice>,
    /// What was shown, credential by credential, in the order of the presentation.
    pub shown: Vec<ShownCredential>,
    /// Digest of the presentation: [`presentation_digest`].
    pub presentation: Digest,
    /// The policy under which the receiver asked.
    pub policy: Option<PolicyReference>,
    /// When the consent ends; without it, when it is taken back.
    pub until: Option<Timestamp>,
    /// Until when the receiver may keep the data.
    pub keep_until: Option<Timestamp>,
    /// Whom the receiver may pass the data on to.
    pub recipients: Vec<String>,
    /// Under whose law.
    pub jurisdiction: Option<String>,
    /// How the consent is taken back, in words or as a URL.
    pub withdrawal_method: String,
    /// Random name that all states of this consent share.
    pub act: [u8; 32],
    /// Origin of the log where states are recorded, if they are: the only place where a verifier asks for a newer one.
    pub log: Option<String>,
}

/// Who receives the data: the PII controller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receiver {
    /// The audience that the presentation was made out to.
    pub audience: String,
    /// Its DID, if the holder knows it: whose acknowledgement counts.
    pub id: Option<String>,
}

impl Receiver {
    /// The DID whose acknowledgement counts; `None` if the record names none.
    #[must_use]
    pub fn did(&self) -> Option<&str> {
        let audience = Some(self.audience.as_str()).filter(|name| name.starts_with("did:"));
        self.id.as_deref().or(audience)
    }
}

/// One use of the data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsentPurpose {
    /// Its name in some vocabulary.
    pub id: Option<String>,
    /// What it is, in words.
    pub text: String,
}

/// The notice that the holder was given; at least one of the two is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Where it can be read.
    pub uri: Option<String>,
    /// SHA-256 of its bytes.
    pub digest: Option<Digest>,
}

/// The policy under which the receiver asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyReference {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its canonical form (RFC 8785).
    pub digest: Digest,
}

/// Whether a consent is given or taken back.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ConsentState {
    /// The first state.
    Given,
    /// The last one.
    Withdrawn,
}

impl ConsentState {
    /// Both states, in their order.
    pub const ALL: [Self; 2] = [Self::Given, Self::Withdrawn];

    /// The name in signed bytes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Its number on the ledger, where the first state of an act is 1.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        match self {
            Self::Given => 1,
            Self::Withdrawn => 2,
        }
    }
}

/// One state, with what is its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsentEvent {
    /// Which state.
    pub state: ConsentState,
    /// When, by the holder's word.
    pub time: Timestamp,
    /// Why it is taken back, in the holder's words.
    pub reason: Option<String>,
    /// Salt of the ledger's commitment to this state; there if, and only if, the terms name a log.
    pub salt: Option<[u8; 16]>,
    /// Digest of the state before: [`ConsentRecord::digest`].
    pub previous: Option<Digest>,
}

/// One signed state of a consent, well-formed and not yet checked.
#[derive(Clone, Debug)]
pub struct ConsentRecord {
    terms: ConsentTerms,
    event: ConsentEvent,
    /// Without `proof`.
    document: Value,
    /// The holder's, and the receiver's if it acknowledged.
    proofs: Vec<Proof>,
}

impl ConsentRecord {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`ConsentError`]; none is worth a retry.
    pub fn from_value(value: Value) -> Result<Self, ConsentError> {
        read::record(value)
    }

    /// What is agreed.
    #[must_use]
    pub const fn terms(&self) -> &ConsentTerms {
        &self.terms
    }

    /// Which state, and what is its own.
    #[must_use]
    pub const fn event(&self) -> &ConsentEvent {
        &self.event
    }

    /// Whether it is given or taken back.
    #[must_use]
    pub const fn state(&self) -> ConsentState {
        self.event.state
    }

    /// DID URL of the holder's key.
    #[must_use]
    pub fn method(&self) -> &str {
        self.proofs.first().map(Proof::verification_method).unwrap_or_default()
    }

    /// The receiver's proof, if it acknowledged this state.
    #[must_use]
    pub fn acknowledgement(&self) -> Option<&Proof> {
        self.proofs.get(1)
    }

    /// What a ledger commits to, and the next state names: SHA-256 of the canonical form (RFC 8785) of the record with the
    /// holder's proof alone as its `proof`. So an acknowledgement changes nothing about it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut whole = self.document.clone();
        if let (Value::Object(members), Some(proof)) = (&mut whole, self.proofs.first()) {
            members.insert("proof".to_owned(), proof.value().clone());
        }
        // Strictly parsed JSON always has a canonical form.
        sha256(&[&json::canonicalize(&whole).unwrap_or_default()])
    }

    /// The holder's signature, to be tried against keys.
    #[must_use]
    pub fn prepare(&self) -> PreparedProof<'_> {
        self.prepare_proof(0)
    }

    /// The receiver's signature, to be tried against keys; it fails if there is none.
    #[must_use]
    pub fn prepare_acknowledgement(&self) -> PreparedProof<'_> {
        self.prepare_proof(1)
    }

    fn prepare_proof(&self, index: usize) -> PreparedProof<'_> {
        PreparedProof::whole(&self.document, &self.proofs, index, Contexts::built_in())
    }

    /// Whether it is about this very presentation: the digest, who presented, to whom, and what was shown, no more and no less.
    ///
    /// Whether the presentation itself holds is for its own verification to say.
    ///
    /// # Errors
    ///
    /// [`ConsentError::OtherPresentation`], [`ConsentError::OtherReceiver`] or [`ConsentError::ShownDiffers`].
    pub fn covers(&self, presentation: &crate::Presentation) -> Result<(), ConsentError> {
        let terms = &self.terms;
        // A key binding over a credential that names nobody has no holder to compare; its digest says which it is.
        let holder = presentation.holder();
        let same = terms.presentation == presentation_digest(presentation);
        if !same || (!holder.is_empty() && holder != terms.principal) {
            return Err(ConsentError::OtherPresentation);
        }
        if presentation.audience() != [terms.receiver.audience.clone()] {
            return Err(ConsentError::OtherReceiver);
        }
        let shown = shown_by(presentation)?;
        if shown == terms.shown {
            return Ok(());
        }
        let count = |list: &[ShownCredential]| list.iter().map(|one| one.claims.len()).sum();
        Err(ConsentError::ShownDiffers { named: count(&terms.shown), shown: count(&shown) })
    }

    /// Whether it is the state after `earlier`.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Unconnected`] with what does not fit.
    pub fn follows(&self, earlier: &Self) -> Result<(), ConsentError> {
        let unconnected = |what| Err(ConsentError::Unconnected { what });
        if self.event.state.sequence() != earlier.event.state.sequence().saturating_add(1) {
            return unconnected("seq");
        }
        if self.terms != earlier.terms {
            return unconnected("terms");
        }
        if self.event.previous != Some(earlier.digest()) {
            return unconnected("previous");
        }
        if self.event.time < earlier.event.time {
            return unconnected("eventTime");
        }
        Ok(())
    }

    /// The record as JSON, with its proofs.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = self.document.clone();
        if let Value::Object(members) = &mut value {
            let proofs = self.proofs.iter().map(|proof| proof.value().clone()).collect();
            members.insert("proof".to_owned(), Value::Array(proofs));
        }
        value
    }
}

/// The record that `terms` and `event` make, without proofs: what is signed.
fn document(terms: &ConsentTerms, event: &ConsentEvent) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("type", CONSENT_TYPE.into());
    put("schemaVersion", CONSENT_SCHEMA.into());
    put("recordId", terms.record_id.as_str().into());
    put("piiPrincipalId", terms.principal.as_str().into());
    put("piiController", receiver_value(&terms.receiver));
    let purposes = terms.purposes.iter();
    let purposes = purposes.map(|one| match &one.id {
        Some(id) => json!({ "id": id, "text": one.text }),
        None => json!({ "text": one.text }),
    });
    put("purposes", purposes.collect());
    put("lawfulBasis", "consent".into());
    if let Some(notice) = &terms.notice {
        put("privacyNotice", notice_value(notice));
    }
    put("piiInformation", terms.shown.iter().map(ShownCredential::to_value).collect());
    put("presentation", json!({ "digest": terms.presentation.to_b64u() }));
    if let Some(policy) = &terms.policy {
        let digest = policy.digest.to_b64u();
        put("policy", json!({ "id": policy.id, "version": policy.version, "digest": digest }));
    }
    if let Some(until) = terms.until {
        put("validUntil", until.to_string().into());
    }
    if let Some(until) = terms.keep_until {
        put("retentionUntil", until.to_string().into());
    }
    if !terms.recipients.is_empty() {
        put("recipientThirdParties", json!(terms.recipients));
    }
    if let Some(jurisdiction) = &terms.jurisdiction {
        put("jurisdiction", jurisdiction.as_str().into());
    }
    put("withdrawalMethod", terms.withdrawal_method.as_str().into());
    put("eventTime", event.time.to_string().into());
    put("eventState", event.state.as_str().into());
    if let Some(reason) = &event.reason {
        put("reason", reason.as_str().into());
    }
    put("act", encoding::b64u(&terms.act).into());
    put("seq", event.state.sequence().into());
    if let Some(previous) = &event.previous {
        put("previous", previous.to_b64u().into());
    }
    if let (Some(log), Some(salt)) = (&terms.log, &event.salt) {
        put("ledgerRecord", json!({ "log": log, "salt": encoding::b64u(salt) }));
    }
    Value::Object(out)
}

fn receiver_value(receiver: &Receiver) -> Value {
    match &receiver.id {
        Some(id) => json!({ "audience": receiver.audience, "id": id }),
        None => json!({ "audience": receiver.audience }),
    }
}

fn notice_value(notice: &Notice) -> Value {
    let mut out = Map::new();
    if let Some(uri) = &notice.uri {
        out.insert("uri".to_owned(), uri.as_str().into());
    }
    if let Some(digest) = &notice.digest {
        out.insert("digest".to_owned(), digest.to_b64u().into());
    }
    Value::Object(out)
}

/// The DID of whoever made a proof.
#[must_use]
pub fn signer_of(proof: &Proof) -> &str {
    did_of(proof.verification_method())
}

#[cfg(test)]
mod tests;
