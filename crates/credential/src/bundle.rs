//! The bundle: a credential or presentation with all that is needed to verify it offline, years later.
//!
//! In scope: the closed JSON object `inkan-bundle/1`, and telling it apart from bare artefacts. Out of scope: what
//! receipts, DID logs and lists prove. A bundle adds proof; it never changes what the credential says.

mod cover;
mod error;
mod eseal;
mod packed;
mod read;
mod timestamp;

use std::borrow::Cow;
use std::collections::BTreeMap;

use inkan_core::{Digest, Timestamp, encoding};
use serde_json::{Map, Value, json};

use crate::consent::{ConsentReceipt, presentation_digest};
use crate::presentation::Presentation;
use crate::secured::SecuredCredential;

pub use self::cover::{COVERS, Cover, CoverKind};
pub use self::error::BundleError;
pub use self::eseal::{ESEAL_JWS_TYPE, ESEAL_TYPE, ESEALS, Eseal, SealForm, SealTerms};
use self::packed::Beside;
pub use self::read::read_any;
pub use self::timestamp::{BundleTimestamp, TIMESTAMP_TYPE, TIMESTAMPS};

/// The `type` of a bundle.
pub const BUNDLE_TYPE: &str = "inkan-bundle/1";

/// Most powers of attorney in a bundle.
pub const POWERS: usize = 64;

/// Most consent receipts in a bundle.
pub const CONSENTS: usize = 16;

/// What a bundle is about.
#[derive(Clone, Debug)]
pub enum Artefact {
    /// One credential.
    Credential(SecuredCredential),
    /// One presentation, of one or more credentials.
    Presentation(Presentation),
}

impl Artefact {
    /// The credentials in it: the one, or those presented.
    #[must_use]
    pub fn credentials(&self) -> &[SecuredCredential] {
        match self {
            Self::Credential(credential) => std::slice::from_ref(credential),
            Self::Presentation(presentation) => presentation.credentials(),
        }
    }

    /// The plain artefact that any verifier reads.
    #[must_use]
    pub fn to_bare(&self) -> String {
        match self {
            Self::Credential(credential) => credential.to_bare(),
            Self::Presentation(presentation) => presentation.to_bare(),
        }
    }
}

/// A status list as it was served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServedStatusList {
    /// URL it was served at.
    pub uri: String,
    /// The body, byte for byte; of a list that is no text (CWT), base64url of the bytes.
    pub body: String,
    /// For which judged time this verifier fetched it, then or later; none if somebody else brought it. It is never written down: what a
    /// bundle says of it would be the word of whoever made the bundle.
    pub fetched_at: Option<Timestamp>,
}

impl ServedStatusList {
    /// A list with these bytes, which somebody else fetched.
    #[must_use]
    pub fn new(uri: &str, bytes: &[u8]) -> Self {
        let text = str::from_utf8(bytes).ok().filter(|text| is_served_text(text));
        let body = text.map_or_else(|| encoding::b64u(bytes), str::to_owned);
        Self { uri: uri.to_owned(), body, fetched_at: None }
    }

    /// The same, which this verifier fetched at that time or later.
    #[must_use]
    pub fn fetched(self, at: Timestamp) -> Self {
        Self { fetched_at: Some(at), ..self }
    }

    /// The bytes as they were served: a ledger's entry has their digest.
    #[must_use]
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        served_bytes(&self.body)
    }
}

/// The bytes of a status list whose text form is `body`, see [`ServedStatusList::body`].
#[must_use]
pub fn served_bytes(body: &str) -> Cow<'_, [u8]> {
    match encoding::decode_b64u(body) {
        Ok(bytes) if !is_served_text(body) => Cow::Owned(bytes),
        Ok(_) | Err(_) => Cow::Borrowed(body.as_bytes()),
    }
}

/// Whether a status list is a text: JSON has braces and a compact JWS dots, and base64url has neither.
fn is_served_text(body: &str) -> bool {
    body.contains(['{', '.'])
}

/// An artefact and what travels with it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What it is about.
    pub artefact: Artefact,
    /// Compact JWSs of type `countersignature+jwt`.
    pub countersignatures: Vec<String>,
    /// Receipts (`inkan-receipt/1`; in a file also in their short spelling, `inkan-entry/1`), which belong to an artefact by digest.
    pub receipts: Vec<Value>,
    /// Checkpoints that receipts refer to by position.
    pub checkpoints: Vec<String>,
    /// Current-proofs (`inkan-current/1`).
    pub current: Vec<Value>,
    /// DID logs (`did.jsonl`) by DID.
    pub did_logs: BTreeMap<String, String>,
    /// Status lists as served.
    pub status_lists: Vec<ServedStatusList>,
    /// Evidence: objects with a `type`, JSON Schemas among them.
    pub evidence: Vec<Value>,
    /// Timestamps of authorities over single items of the bundle.
    pub timestamps: Vec<BundleTimestamp>,
    /// E-seals over single items of the bundle.
    pub eseals: Vec<Eseal>,
    /// Powers of attorney that countersignatures are made under, every link of each chain, in any order: who needs one finds it
    /// by its digest. They are read when they are needed: one that cannot be read takes nothing from the artefact.
    pub powers: Vec<Value>,
    /// Consent receipts (`inkan-consent-receipt/1`) about the presentation. Nothing in the verdict on it rests on them.
    pub consents: Vec<Value>,
}

impl Bundle {
    /// A bundle that holds the artefact alone.
    #[must_use]
    pub const fn of(artefact: Artefact) -> Self {
        Self {
            artefact,
            countersignatures: Vec::new(),
            receipts: Vec::new(),
            checkpoints: Vec::new(),
            current: Vec::new(),
            did_logs: BTreeMap::new(),
            status_lists: Vec::new(),
            evidence: Vec::new(),
            timestamps: Vec::new(),
            eseals: Vec::new(),
            powers: Vec::new(),
            consents: Vec::new(),
        }
    }

    /// Reads a bundle.
    ///
    /// # Errors
    ///
    /// [`BundleError`]; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        read::parse(bytes)
    }

    /// The bundle as JSON, every member written but `consents`, `eseals`, `powers` and `timestamps` where there are none.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let lists: Vec<Value> = self
            .status_lists
            .iter()
            .map(|list| json!({ "uri": list.uri, "body": list.body }))
            .collect();
        let (name, artefact) = match &self.artefact {
            Artefact::Credential(credential) => ("credential", credential.to_value()),
            Artefact::Presentation(presentation) => ("presentation", presentation.to_value()),
        };
        let mut members = Map::new();
        members.insert("type".to_owned(), BUNDLE_TYPE.into());
        members.insert(name.to_owned(), artefact);
        members.insert("countersignatures".to_owned(), json!(self.countersignatures));
        let beside = Beside { checkpoints: &self.checkpoints, did_logs: &self.did_logs };
        let receipts = self.receipts.iter().map(|receipt| packed::packed(receipt, beside));
        members.insert("receipts".to_owned(), receipts.collect());
        members.insert("checkpoints".to_owned(), json!(self.checkpoints));
        members.insert("current".to_owned(), json!(self.current));
        members.insert("didLogs".to_owned(), json!(self.did_logs));
        members.insert("statusLists".to_owned(), Value::Array(lists));
        members.insert("evidence".to_owned(), json!(self.evidence));
        if !self.eseals.is_empty() {
            let eseals = self.eseals.iter().map(Eseal::to_value).collect();
            members.insert("eseals".to_owned(), Value::Array(eseals));
        }
        if !self.consents.is_empty() {
            members.insert("consents".to_owned(), json!(self.consents));
        }
        if !self.powers.is_empty() {
            members.insert("powers".to_owned(), json!(self.powers));
        }
        if !self.timestamps.is_empty() {
            let timestamps = self.timestamps.iter().map(BundleTimestamp::to_value).collect();
            members.insert("timestamps".to_owned(), Value::Array(timestamps));
        }
        Value::Object(members)
    }

    /// The powers of attorney that can be read, each with the digest that countersignatures and further links name it by.
    #[must_use]
    pub fn powers(&self) -> Vec<(Digest, SecuredCredential)> {
        let read = |value: &Value| SecuredCredential::parse_value(value.clone()).ok();
        let found = self.powers.iter().filter_map(read);
        found.map(|power| (power.signed_digest(), power)).collect()
    }

    /// Adds a consent receipt; it takes the place of an earlier one of the same consent.
    ///
    /// # Errors
    ///
    /// [`BundleError::Malformed`] if this is no bundle of the presentation that the consent is about, or holds as many as it may.
    pub fn add_consent(&mut self, receipt: &ConsentReceipt) -> Result<(), BundleError> {
        const MALFORMED: BundleError = BundleError::Malformed { member: "consents" };
        if !self.is_about(receipt) {
            return Err(MALFORMED);
        }
        let act = receipt.terms().map(|terms| terms.act);
        self.consents.retain(|value| {
            let known = ConsentReceipt::from_value(value.clone()).ok();
            known.and_then(|one| one.terms().map(|terms| terms.act)) != act
        });
        if self.consents.len() >= CONSENTS {
            return Err(MALFORMED);
        }
        self.consents.push(receipt.to_value());
        Ok(())
    }

    /// Whether a consent is about the presentation that this bundle is of.
    #[must_use]
    pub fn is_about(&self, receipt: &ConsentReceipt) -> bool {
        let Artefact::Presentation(presentation) = &self.artefact else { return false };
        let named = receipt.terms().map(|terms| terms.presentation);
        named == Some(presentation_digest(presentation))
    }

    /// The consents that can be read.
    #[must_use]
    pub fn consents(&self) -> Vec<ConsentReceipt> {
        let read = |value: &Value| ConsentReceipt::from_value(value.clone()).ok();
        self.consents.iter().filter_map(read).collect()
    }

    /// Adds a power of attorney, unless it is there.
    pub fn add_power(&mut self, power: &SecuredCredential) {
        let value = power.to_value();
        if !self.powers.contains(&value) {
            self.powers.push(value);
        }
    }

    /// The newest body in the bundle of the status list at `uri`: the last one, if there are several.
    #[must_use]
    pub fn status_list(&self, uri: &str) -> Option<&str> {
        self.status_lists.iter().rev().find(|list| list.uri == uri).map(|list| list.body.as_str())
    }

    /// The JSON Schema with this URL, kept as evidence of type `JsonSchema`.
    #[must_use]
    pub fn schema(&self, uri: &str) -> Option<&Value> {
        let named = |item: &&Value| {
            crate::model::has_type(item, SCHEMA_EVIDENCE)
                && inkan_core::json::text(item, "id") == Some(uri)
        };
        self.evidence.iter().find(named).and_then(|item| item.get("schema"))
    }

    /// Adds a JSON Schema as evidence, so that the bundle can be judged offline.
    pub fn add_schema(&mut self, uri: &str, schema: Value) {
        let evidence = json!({ "type": SCHEMA_EVIDENCE, "id": uri, "schema": schema });
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}

const SCHEMA_EVIDENCE: &str = "JsonSchema";

/// What a file turned out to hold.
#[derive(Clone, Debug)]
pub enum Input {
    /// A bundle.
    Bundle(Box<Bundle>),
    /// A bare artefact.
    Bare(Box<Artefact>),
}

impl Input {
    /// The bundle; a bare artefact becomes one without anything else in it.
    #[must_use]
    pub fn into_bundle(self) -> Bundle {
        match self {
            Self::Bundle(bundle) => *bundle,
            Self::Bare(artefact) => Bundle::of(*artefact),
        }
    }

    /// Whether the artefact came without a bundle.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        matches!(self, Self::Bare(_))
    }
}

#[cfg(test)]
mod tests;
