//! The proofing evidence inside a credential (assurance §4): closed, with one reading.
//!
//! In scope: the shape of one entry of `evidence[]` of type `IdentityProofingEvidence`. Members that claim a level
//! (P1) are taken out before, and read by nothing. Out of scope: what the entry is worth.

use inkan_core::{Digest, Timestamp, json};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

mod check;

pub use check::{
    Certificate, CheckDetail, Detection, DocumentDetails, DocumentIssuer, Item, ItemKind, Proof,
    ProofKind, Revocation, RevocationStatus,
};

use crate::claims::without_level_claims;

/// The VCDM evidence type of a proofing event.
pub const EVIDENCE_TYPE: &str = "IdentityProofingEvidence";

/// One proofing event, as its proofer states it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProofingEvidence {
    #[serde(rename = "type", deserialize_with = "evidence_type")]
    _type: (),
    /// Its own identifier.
    #[serde(rename = "id")]
    pub id: Option<String>,
    /// Names the event; objects with one name are one event.
    pub verification_process: String,
    /// When the person was proofed.
    pub time: Moment,
    /// Who proofed.
    pub proofer: Proofer,
    /// Who was proofed.
    pub subject: Subject,
    /// Where, and in which steps.
    #[serde(default)]
    pub session: Session,
    /// What was looked at.
    pub evidence: Vec<Item>,
    /// A pointer to the proofer's authority; the verifier looks it up by itself.
    #[serde(rename = "authorisation")]
    _authorisation: Option<AuthorisationPointer>,
    /// The proofing this one rests on.
    pub derived_from: Option<DerivedFrom>,
    /// A later check that nothing has changed.
    pub revalidation: Option<Revalidation>,
}

/// Who proofed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proofer {
    /// DID of the party that answers for it.
    pub id: String,
    /// Who acted for that party.
    #[serde(default)]
    pub agent: Agent,
}

/// Who acted for the proofer; a later one is trusted with more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Nobody.
    #[default]
    None,
    /// A machine.
    Automated,
    /// Trained staff.
    Trained,
    /// Staff with a qualification.
    Qualified,
    /// An official of the state.
    Official,
}

/// Who was proofed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The holder's DID.
    pub holder: String,
    /// RFC 7638 thumbprint of the holder's key.
    pub jkt: String,
    #[serde(rename = "boundBy")]
    _bound_by: Option<BoundBy>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BoundBy {
    SameSession,
    JpkiDidBinding,
    KeyAttestation,
    ReAuthentication,
}

/// Where the event took place, and in which steps.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// How the person was present.
    #[serde(default)]
    pub presence: Presence,
    /// Steps of an event in several parts.
    #[serde(default)]
    pub stages: Vec<Stage>,
}

/// How the person was present.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// In the room.
    InPerson,
    /// Remotely, under supervision; counts as remote.
    SupervisedRemote,
    /// Remotely.
    Remote,
    /// Not at all.
    #[default]
    None,
}

/// One step of an event in several parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Which step.
    pub k: StageKind,
    /// When.
    pub time: Moment,
    /// `pass`, if it passed.
    pub result: Option<String>,
    /// What was withheld until this step.
    pub activates: Option<String>,
}

/// Which step of an event in several parts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// The application.
    Online,
    /// The check in person before anything is handed over.
    InPersonCheck,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorisationPointer {
    #[serde(rename = "registry")]
    _registry: String,
    #[serde(rename = "entry")]
    _entry: Option<String>,
}

/// The proofing that a derived one rests on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DerivedFrom {
    /// SHA-256 of the base credential, lower-case hexadecimal.
    pub credential_sha256: Sha256Text,
    /// The event that the base credential rests on.
    pub verification_process: String,
    /// How the holder authenticated at derivation.
    pub holder_aal: String,
    /// When it was derived. The proofer's authority is then that of this moment; the age stays that of the proofing.
    pub time: Option<Moment>,
}

/// A later check that nothing has changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Revalidation {
    /// When.
    pub time: Moment,
    /// How the holder authenticated.
    pub holder_aal: String,
    /// What the revocation check said.
    pub revocation: Revocation,
}

/// A moment in whole seconds, UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment(pub Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_strict(&text).map(Self).map_err(de::Error::custom)
    }
}

/// A SHA-256 digest written as 64 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sha256Text(pub Digest);

impl<'de> Deserialize<'de> for Sha256Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::from_hex(&text).map(Self).map_err(de::Error::custom)
    }
}

fn evidence_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let value = Value::deserialize(deserializer)?;
    let known = |value: &Value| matches!(value.as_str(), Some("Evidence" | EVIDENCE_TYPE));
    let fits = match &value {
        Value::String(text) => text == EVIDENCE_TYPE,
        Value::Array(list) => list.iter().all(known) && is_proofing(&value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    if fits { Ok(()) } else { Err(de::Error::custom("type is not IdentityProofingEvidence")) }
}

fn is_proofing(kind: &Value) -> bool {
    match kind {
        Value::String(text) => text == EVIDENCE_TYPE,
        Value::Array(list) => list.iter().any(|item| item == EVIDENCE_TYPE),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Why an entry of `evidence[]` is not read. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A member is missing, unknown, of the wrong kind, or has a value outside its closed set.
    #[error("not proofing evidence: {0}")]
    Shape(String),
    /// It lists nothing that was looked at.
    #[error("proofing evidence without evidence")]
    Empty,
}

impl ModelError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Shape(_) | Self::Empty => "evidence-malformed",
        }
    }
}

impl ProofingEvidence {
    /// Whether an entry of `evidence[]` is of this type; entries of other types are none of our business.
    #[must_use]
    pub fn is_meant(entry: &Value) -> bool {
        entry.get("type").is_some_and(is_proofing)
    }

    /// Reads one entry.
    ///
    /// # Errors
    ///
    /// [`ModelError`]; none is worth a retry.
    pub fn parse(entry: &Value) -> Result<Self, ModelError> {
        let stated = without_level_claims(entry);
        let parsed =
            Self::deserialize(&stated).map_err(|error| ModelError::Shape(error.to_string()))?;
        if parsed.evidence.is_empty() {
            return Err(ModelError::Empty);
        }
        Ok(parsed)
    }

    /// Reads one entry from bytes.
    ///
    /// # Errors
    ///
    /// [`ModelError`]; none is worth a retry.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let value = json::parse(bytes, inkan_core::limits::DOCUMENT)
            .map_err(|error| ModelError::Shape(error.to_string()))?;
        Self::parse(&value)
    }
}

#[cfg(test)]
mod tests;
