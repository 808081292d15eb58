//! One request to one person: what is asked, by when, and how far it has come.
//!
//! In scope: the file of a session, and which step follows which. Out of scope: where it lies (`store`) and what is judged (`judge`).

use inkan_assurance::Policy;
use inkan_assurance::report::claims_of;
use inkan_core::rng::draw;
use inkan_core::{CryptoRng, Digest, Timestamp, encoding, json, sha256, tolerance};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{DeskError, Place};

/// The type of the file.
const TYPE: &str = "inkan-desk-file/1";
/// The largest file: a presentation and a report.
pub(super) const LIMIT: usize = 16 << 20;
/// The longest reason that an operator gives.
pub const WHY: usize = 300;
/// How often authenticators may answer in one session.
pub(super) const ATTEMPTS: usize = 8;

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What has to hold, levels included; it is fixed from now on.
    pub policy: Policy,
    /// Why it is asked, at most [`WHY`] characters, for the person who is asked.
    pub why: String,
    /// Whether a passkey may be registered.
    pub enrol: Enrol,
}

/// Whether a passkey may be registered in a session. Whoever holds the holder's key could register one: so it is the operator's to allow,
/// when they know whom they have before them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Enrol {
    /// No.
    #[default]
    Never,
    /// If the holder has none here.
    First,
    /// Also beside others.
    More,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing was presented yet.
    Open,
    /// A presentation used the nonce up, and more is needed: a passkey.
    Presented,
    /// The verdict stands.
    Settled,
}

/// A session that was opened, with what nobody is told but the person who is asked.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub session: Session,
    /// The page.
    pub url: String,
}

/// A session.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Session {
    #[serde(rename = "type")]
    kind: String,
    /// Digest of the secret in the URL.
    pub(super) id: String,
    pub(super) nonce: String,
    pub(super) audience: String,
    pub(super) asker: String,
    pub(super) why: String,
    policy: Value,
    pub(super) enrol: Enrol,
    issued_at: i64,
    pub(super) state: State,
    /// Until the verdict stands, what was presented: it is judged again with every answer.
    pub(super) presentation: Option<String>,
    presented_at: Option<i64>,
    settled_at: Option<i64>,
    /// DID of who presented.
    pub(super) holder: Option<String>,
    /// Digests of answers of authenticators that came.
    pub(super) answers: Vec<String>,
    /// Of the newest judgement.
    pub(super) report: Option<Value>,
    /// SHA-256 of what was presented, in hexadecimal: what a signed report says of it.
    #[serde(default)]
    artefact: Option<String>,
    /// The report as a credential, with what proves it, once it was signed.
    #[serde(default)]
    pub(super) signed: Option<Value>,
}

impl Session {
    /// Opens one at `now`.
    #[must_use]
    pub fn open(
        terms: Terms,
        asker: &str,
        place: &Place,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Opened {
        let secret = encoding::b64u(&draw::<32>(rng));
        let nonce = loop {
            // On a command line it must not look like an option.
            let nonce = encoding::b64u(&draw::<16>(rng));
            if !nonce.starts_with('-') {
                break nonce;
            }
        };
        let session = Self {
            kind: TYPE.to_owned(),
            id: id_of(&secret),
            nonce,
            audience: place.origin.clone(),
            asker: asker.to_owned(),
            why: terms.why,
            policy: terms.policy.to_value().clone(),
            enrol: terms.enrol,
            issued_at: now.seconds(),
            state: State::Open,
            presentation: None,
            presented_at: None,
            settled_at: None,
            holder: None,
            answers: Vec::new(),
            report: None,
            artefact: None,
            signed: None,
        };
        Opened { session, url: format!("{}/desk/{secret}", place.base) }
    }

    /// Reads the file.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let value = json::parse(bytes, LIMIT).ok()?;
        Self::deserialize(value).ok().filter(|read| read.kind == TYPE)
    }

    /// The file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The name by which the operator asks for it; it opens no page.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How far it has come.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What has to hold.
    pub(super) fn policy(&self) -> Result<Policy, DeskError> {
        Ok(Policy::from_value(&self.policy)?)
    }

    pub(super) fn issued_at(&self) -> Timestamp {
        moment(self.issued_at)
    }

    /// The last moment of it: that of its nonce.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        self.issued_at().plus_seconds(tolerance::PRESENTATION)
    }

    /// Whether its time has run out before there was a verdict.
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.state != State::Settled && now > self.valid_until()
    }

    /// The presentation is in, and uses the nonce up.
    pub(super) fn presented(
        &mut self,
        (text, artefact): (String, &Digest),
        holder: &str,
        now: Timestamp,
    ) {
        self.state = State::Presented;
        self.presentation = Some(text);
        self.artefact = Some(artefact.to_hex());
        self.holder = Some(holder.to_owned());
        self.presented_at = Some(now.seconds());
    }

    /// The verdict stands; what was presented is forgotten.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.state = State::Settled;
        self.presentation = None;
        self.settled_at = Some(now.seconds());
    }

    /// What a signed report on it claims; nothing before the verdict stands.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        let report = self.report.as_ref().filter(|_| self.state == State::Settled)?;
        claims_of(report, self.artefact.as_deref()?)
    }

    /// What was decided so far; nothing before a presentation that the holder signed.
    #[must_use]
    pub fn decision(&self) -> Option<&str> {
        let report = self.report.as_ref().filter(|_| self.state == State::Settled)?;
        json::text(report, "decision")
    }

    /// What the operator is told (`inkan-desk-result/1`).
    #[must_use]
    pub fn to_result(&self, now: Timestamp) -> Value {
        let state = match self.state {
            _ if self.has_ended(now) => "ended",
            State::Open => "open",
            State::Presented => "presented",
            State::Settled => "settled",
        };
        let time = |seconds: Option<i64>| seconds.map(|seconds| moment(seconds).to_string());
        json!({
            "type": "inkan-desk-result/1",
            "id": self.id,
            "state": state,
            "decision": self.decision(),
            "nonce": self.nonce,
            "audience": self.audience,
            "why": self.why,
            "issuedAt": self.issued_at().to_string(),
            "validUntil": self.valid_until().to_string(),
            "presentedAt": time(self.presented_at),
            "settledAt": time(self.settled_at),
            "holder": self.holder,
            "report": self.report,
            "signedReport": self.signed,
        })
    }

    /// How long ago it began, in seconds.
    pub(super) fn age(&self, now: Timestamp) -> i64 {
        now.seconds_since(self.issued_at())
    }
}

impl Opened {
    /// What who opened it is told (`inkan-desk-session/1`).
    #[must_use]
    pub fn to_value(&self) -> Value {
        let Session { id, nonce, audience, policy, .. } = &self.session;
        json!({
            "type": "inkan-desk-session/1",
            "id": id,
            "url": self.url,
            "nonce": nonce,
            "audience": audience,
            "policy": json::text(policy, "id"),
            "validUntil": self.session.valid_until().to_string(),
        })
    }
}

/// The name of a session on the disk, made of the secret in its URL: who reads the folder's names can open no page.
pub(super) fn id_of(secret: &str) -> String {
    sha256(&[b"inkan-desk-session/1", &[0], secret.as_bytes()]).to_hex()
}

fn moment(seconds: i64) -> Timestamp {
    // Seconds that were a timestamp's before are one again.
    Timestamp::from_seconds(seconds).unwrap_or(Timestamp::EPOCH)
}
