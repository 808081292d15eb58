//! The parameters of a log, and the documents that change them (§2.4 of the ledger specification): operator events.
//!
//! In scope: what may be set, the bytes of a document, which document may follow which. Out of scope: the epoch leaf that
//! names a document (`epoch`), who may sign one (`inkan-io`; a log with one operator: whoever signs its checkpoints).

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, json, sha256, tolerance};
use serde_json::{Map, Value, json};

use crate::leaf::Kind;
use crate::rules::RuleVersion;
use crate::tree::NodeHash;

/// Marks a parameters document.
const PARAMS_TYPE: &str = "inkan-params/1";
/// The largest parameters document in bytes.
pub const PARAMS_LIMIT: usize = 16_384;

/// What the operator may set; the same for all entries after the epoch leaf that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameters {
    /// Which kinds of entry are taken.
    pub kinds: BTreeSet<Kind>,
    /// How much older than ledger time `iat` may be, in seconds.
    pub iat_past: i64,
    /// How far in the future `iat` may be, in seconds.
    pub iat_future: i64,
    /// The fewest entries of a status list: fewer would tell holders apart.
    pub list_min: u64,
    /// How far back a DID may report its own key compromised, in seconds.
    pub compromise_backdating: i64,
    /// Within how many seconds an acknowledged entry must be covered by a checkpoint.
    pub promise: i64,
    /// How many seconds before a change it must be announced.
    pub notice: i64,
    /// The most entries of one import.
    pub import_max: u64,
}

/// One parameters document: the values in force, and the event that it records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParametersDocument {
    /// SHA-256 of the document before; none in the first.
    pub previous: Option<Digest>,
    /// What happened.
    pub event: OperatorEvent,
    /// The rules in force.
    pub rules: RuleVersion,
    /// The values in force.
    pub values: Parameters,
    /// A change that is announced.
    pub next: Option<Announcement>,
}

/// What an operator did. The set is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperatorEvent {
    /// The log began.
    Genesis,
    /// A change was announced.
    Announced,
    /// The announced change was put in force.
    Applied,
    /// A step of the clock was accepted (§3.5).
    ClockAccepted {
        /// How far it stepped, in seconds, forward or back.
        step: u64,
    },
    /// The record of the last signed head was replaced (§3.4).
    GuardAdopted {
        /// Size of the head that was adopted.
        size: u64,
        /// Its root.
        root: NodeHash,
    },
}

/// A change to come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Announcement {
    /// The rules that will be in force.
    pub rules: RuleVersion,
    /// The values that will be in force.
    pub values: Parameters,
    /// Not before this ledger time.
    pub not_before: Timestamp,
}

/// Why a parameters document is refused. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParametersError {
    /// Not the canonical form of a document that this code knows.
    #[error(
        "parameters document is malformed, or of an event or rule version that is not understood"
    )]
    Malformed,
    /// A value, or a sum of values, that no log can have.
    #[error("a parameter has a value that no log can have")]
    Value,
    /// It does not name the document in force as the one before.
    #[error("parameters document does not follow the one in force")]
    Chain,
    /// It changes something that its event must not change.
    #[error("parameters document changes what its event must not change")]
    Change,
    /// The notice is shorter than the parameters in force demand.
    #[error("change is announced less than {notice} s ahead")]
    Notice {
        /// Seconds demanded.
        notice: i64,
    },
    /// The change was not announced, or announced otherwise.
    #[error("change was not announced like this")]
    NotAnnounced,
    /// The announced time has not come.
    #[error("change is announced for {not_before}")]
    Early {
        /// When it may be put in force.
        not_before: Timestamp,
    },
}

impl ParametersError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed
            | Self::Value
            | Self::Chain
            | Self::Change
            | Self::Notice { .. }
            | Self::NotAnnounced
            | Self::Early { .. } => "params-invalid",
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            // Epoch leaves are the log's own, and cannot be switched off.
            kinds: Kind::ALL.into_iter().skip(1).collect(),
            iat_past: tolerance::LEDGER_PAST,
            iat_future: tolerance::LEDGER_FUTURE,
            list_min: 131_072,
            compromise_backdating: 2_592_000,
            promise: 86_400,
            notice: 604_800,
            import_max: 1_000,
        }
    }
}

impl Parameters {
    /// The document of a new log, and its name.
    ///
    /// # Errors
    ///
    /// [`ParametersError`] if a value is negative or beyond 2^53 − 1.
    pub fn genesis_document(&self) -> Result<(Vec<u8>, Digest), ParametersError> {
        let bytes = ParametersDocument::genesis(self.clone()).to_bytes()?;
        let digest = sha256(&[&bytes]);
        Ok((bytes, digest))
    }

    /// Reads the document of a new log; for all others see [`ParametersDocument::parse`].
    ///
    /// # Errors
    ///
    /// [`ParametersError`].
    pub fn parse(document: &[u8]) -> Result<Self, ParametersError> {
        let document = ParametersDocument::parse(document)?;
        if document.event == OperatorEvent::Genesis {
            Ok(document.values)
        } else {
            Err(ParametersError::Chain)
        }
    }

    /// The same with other values, by their names in a document: `listMin`, `kinds` and so on.
    ///
    /// # Errors
    ///
    /// [`ParametersError::Malformed`] if there is no such name, or the value is of another type.
    pub fn with(&self, changes: &Map<String, Value>) -> Result<Self, ParametersError> {
        let mut value = self.to_value();
        let members = value.as_object_mut().ok_or(ParametersError::Malformed)?;
        for (name, new) in changes {
            *members.get_mut(name).ok_or(ParametersError::Malformed)? = new.clone();
        }
        Self::from_value(&value).ok_or(ParametersError::Malformed)
    }

    /// The values by their names in a document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut kinds: Vec<_> = self.kinds.iter().map(|kind| kind.name()).collect();
        kinds.sort_unstable();
        json!({
            "kinds": kinds,
            "iatPast": self.iat_past,
            "iatFuture": self.iat_future,
            "listMin": self.list_min,
            "compromiseBackdating": self.compromise_backdating,
            "promise": self.promise,
            "notice": self.notice,
            "importMax": self.import_max,
        })
    }

    fn from_value(value: &Value) -> Option<Self> {
        let count = |name: &str| value.get(name).and_then(Value::as_u64);
        let seconds = |name: &str| count(name).and_then(|seconds| i64::try_from(seconds).ok());
        let kind = |name: &Value| {
            name.as_str().and_then(Kind::from_name).filter(|kind| *kind != Kind::Epoch)
        };
        Some(Self {
            kinds: value.get("kinds")?.as_array()?.iter().map(kind).collect::<Option<_>>()?,
            iat_past: seconds("iatPast")?,
            iat_future: seconds("iatFuture")?,
            list_min: count("listMin")?,
            compromise_backdating: seconds("compromiseBackdating")?,
            promise: seconds("promise")?,
            notice: seconds("notice")?,
            import_max: count("importMax")?,
        })
    }
}

impl ParametersDocument {
    /// The first document of a log.
    #[must_use]
    pub const fn genesis(values: Parameters) -> Self {
        Self {
            previous: None,
            event: OperatorEvent::Genesis,
            rules: RuleVersion::One,
            values,
            next: None,
        }
    }

    /// The document that announces a change to this one; `digest` is this one's name.
    #[must_use]
    pub fn announce(&self, digest: Digest, next: Announcement) -> Self {
        Self { next: Some(next), ..self.record(digest, OperatorEvent::Announced) }
    }

    /// The document that puts in force what this one announces, if it announces anything.
    #[must_use]
    pub fn apply(&self, digest: Digest) -> Option<Self> {
        let Announcement { rules, values, not_before: _ } = self.next.clone()?;
        let event = OperatorEvent::Applied;
        Some(Self { previous: Some(digest), event, rules, values, next: None })
    }

    /// The document that records an event and changes nothing.
    #[must_use]
    pub fn record(&self, digest: Digest, event: OperatorEvent) -> Self {
        Self { previous: Some(digest), event, ..self.clone() }
    }

    /// The bytes: JCS.
    ///
    /// # Errors
    ///
    /// [`ParametersError::Value`] if a value is negative or beyond 2^53 − 1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ParametersError> {
        let bytes = json::canonicalize(&self.to_value()).map_err(|_| ParametersError::Value)?;
        // What is written can be read.
        match Self::parse(&bytes) {
            Ok(read) if read == *self => Ok(bytes),
            Ok(_) | Err(_) => Err(ParametersError::Value),
        }
    }

    /// Reads a document; what is accepted is exactly what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`ParametersError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParametersError> {
        let value = json::parse(bytes, PARAMS_LIMIT).map_err(|_| ParametersError::Malformed)?;
        let document = Self::from_value(&value).ok_or(ParametersError::Malformed)?;
        // Closed, and in the one canonical form.
        match json::canonicalize(&document.to_value()) {
            Ok(canonical) if canonical == bytes => Ok(document),
            Ok(_) | Err(_) => Err(ParametersError::Malformed),
        }
    }

    /// Whether this document may be named by the first epoch leaf of a log.
    ///
    /// # Errors
    ///
    /// [`ParametersError`].
    pub fn check_genesis(&self) -> Result<(), ParametersError> {
        if self.event != OperatorEvent::Genesis || self.previous.is_some() {
            return Err(ParametersError::Chain);
        }
        if self.next.is_some() { Err(ParametersError::Change) } else { Ok(()) }
    }

    /// Whether this document may follow `before`, whose name is `digest`, in an epoch leaf of ledger time `time`.
    ///
    /// # Errors
    ///
    /// [`ParametersError`], one variant per rule.
    pub fn check_next(
        &self,
        before: &Self,
        digest: &Digest,
        time: Timestamp,
    ) -> Result<(), ParametersError> {
        if self.previous.as_ref() != Some(digest) {
            return Err(ParametersError::Chain);
        }
        let same = self.rules == before.rules && self.values == before.values;
        match self.event {
            OperatorEvent::Genesis => Err(ParametersError::Chain),
            OperatorEvent::Announced => {
                let Some(next) = self.next.as_ref().filter(|_| same) else {
                    return Err(ParametersError::Change);
                };
                let notice = before.values.notice;
                if next.not_before < time.plus_seconds(notice) {
                    return Err(ParametersError::Notice { notice });
                }
                Ok(())
            }
            OperatorEvent::Applied => {
                let Some(announced) = &before.next else {
                    return Err(ParametersError::NotAnnounced);
                };
                if self.rules != announced.rules || self.values != announced.values {
                    return Err(ParametersError::NotAnnounced);
                }
                if self.next.is_some() {
                    return Err(ParametersError::Change);
                }
                let not_before = announced.not_before;
                if time < not_before { Err(ParametersError::Early { not_before }) } else { Ok(()) }
            }
            OperatorEvent::ClockAccepted { .. } | OperatorEvent::GuardAdopted { .. } => {
                if same && self.next == before.next { Ok(()) } else { Err(ParametersError::Change) }
            }
        }
    }

    fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", PARAMS_TYPE.into());
        put("previous", self.previous.map_or(Value::Null, |digest| digest.to_b64u().into()));
        put("event", self.event.name().into());
        put("detail", self.event.detail());
        put("rules", self.rules.number().into());
        put("values", self.values.to_value());
        if let Some(Announcement { rules, values, not_before }) = &self.next {
            let next = json!({
                "rules": rules.number(),
                "values": values.to_value(),
                "notBefore": not_before.seconds(),
            });
            put("next", next);
        }
        Value::Object(out)
    }

    fn from_value(value: &Value) -> Option<Self> {
        let previous = match value.get("previous")? {
            Value::Null => None,
            Value::String(text) => Some(Digest::from_b64u(text).ok()?),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let rules = |value: &Value| RuleVersion::from_number(value.get("rules")?.as_u64()?);
        let next = match value.get("next") {
            None => None,
            Some(next) => Some(Announcement {
                rules: rules(next)?,
                values: Parameters::from_value(next.get("values")?)?,
                not_before: next
                    .get("notBefore")
                    .and_then(Value::as_u64)
                    .and_then(|seconds| i64::try_from(seconds).ok())
                    .and_then(|seconds| Timestamp::from_seconds(seconds).ok())?,
            }),
        };
        Some(Self {
            previous,
            event: OperatorEvent::from_value(value)?,
            rules: rules(value)?,
            values: Parameters::from_value(value.get("values")?)?,
            next,
        })
    }
}

impl OperatorEvent {
    /// The value of `event`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Announced => "announced",
            Self::Applied => "applied",
            Self::ClockAccepted { .. } => "clock-accepted",
            Self::GuardAdopted { .. } => "guard-adopted",
        }
    }

    fn detail(&self) -> Value {
        match self {
            Self::Genesis | Self::Announced | Self::Applied => json!({}),
            Self::ClockAccepted { step } => json!({ "step": step }),
            Self::GuardAdopted { size, root } => {
                json!({ "size": size, "root": root.digest().to_b64u() })
            }
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        let detail = value.get("detail")?;
        let number = |name: &str| detail.get(name).and_then(Value::as_u64);
        match json::text(value, "event")? {
            "genesis" => Some(Self::Genesis),
            "announced" => Some(Self::Announced),
            "applied" => Some(Self::Applied),
            "clock-accepted" => Some(Self::ClockAccepted { step: number("step")? }),
            "guard-adopted" => {
                let root = Digest::from_b64u(json::text(detail, "root")?).ok()?;
                Some(Self::GuardAdopted {
                    size: number("size")?,
                    root: NodeHash::from_digest(root),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
