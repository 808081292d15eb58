//! Epoch leaves and the parameters they name (§2.4 of the ledger specification): the state of the log, in the log.
//!
//! In scope: their bytes, and the parameters of a new log. Out of scope: changing parameters, who may; computing the
//! map root (`map`).

use inkan_core::{Digest, json, sha256};
use serde_json::{Map, Value, json};

use crate::leaf::Kind;
use crate::tree::NodeHash;

/// The rule version that this code applies.
pub const RULES: u64 = 1;
/// Marks a parameters document.
const PARAMS_TYPE: &str = "inkan-params/1";
/// The largest parameters document in bytes.
const PARAMS_LIMIT: usize = 16_384;

/// The body of an epoch leaf: the last leaf of every published checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Epoch {
    /// Keys in the map.
    pub keys: u64,
    /// Map root over all leaves before this one.
    pub map: NodeHash,
    /// SHA-256 of the parameters document that applies after this leaf.
    pub params: Digest,
    /// Place of the epoch leaf before.
    pub previous: Option<u64>,
    /// Its own place in the log.
    pub size: u64,
}

/// Bytes that are no epoch body of a known rule version. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("body of the epoch leaf is malformed")]
pub struct EpochError;

impl EpochError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self => "malformed-leaf",
        }
    }
}

impl Epoch {
    /// The body: a JCS object.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { keys, map, params, previous, size } = self;
        // Member names in JCS order; all values are integers, null or base64url, which JCS writes like this.
        let previous = previous.map_or_else(|| "null".to_owned(), |index| index.to_string());
        let (map, params) = (map.digest().to_b64u(), params.to_b64u());
        format!(
            r#"{{"keys":{keys},"map":"{map}","params":"{params}","prev":{previous},"rules":{RULES},"size":{size}}}"#
        )
        .into_bytes()
    }

    /// Reads a body; what is accepted is exactly what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`EpochError`].
    pub fn parse(body: &[u8]) -> Result<Self, EpochError> {
        let value = json::parse(body, Kind::Epoch.body_limit()).map_err(|_| EpochError)?;
        let number = |name: &str| value.get(name).and_then(Value::as_u64);
        let digest = |name: &str| json::text(&value, name).and_then(|t| Digest::from_b64u(t).ok());
        let read = || {
            let previous = value.get("prev")?;
            let previous = if previous.is_null() { None } else { Some(previous.as_u64()?) };
            Some(Self {
                keys: number("keys")?,
                map: NodeHash::from_digest(digest("map")?),
                params: digest("params")?,
                previous,
                size: number("size")?,
            })
        };
        read().filter(|epoch: &Self| epoch.to_bytes() == body).ok_or(EpochError)
    }
}

/// What the operator may set; the same for all entries after the epoch leaf that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameters {
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

/// A document that is not the parameters of a log as this code knows them. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("parameters document is malformed, or of an event that is not understood")]
pub struct ParametersError;

impl ParametersError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self => "params-invalid",
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            iat_past: inkan_core::tolerance::LEDGER_PAST,
            iat_future: inkan_core::tolerance::LEDGER_FUTURE,
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
    /// [`ParametersError`] if a value is beyond 2^53 − 1.
    pub fn genesis_document(&self) -> Result<(Vec<u8>, Digest), ParametersError> {
        let document = json!({
            "type": PARAMS_TYPE,
            "previous": null,
            "event": "genesis",
            "detail": {},
            "rules": RULES,
            "values": self.to_value(),
        });
        let bytes = json::canonicalize(&document).map_err(|_| ParametersError)?;
        Self::parse(&bytes).map(|_| (bytes.clone(), sha256(&[&bytes])))
    }

    /// Reads the document of a new log. Other events are not understood yet.
    ///
    /// # Errors
    ///
    /// [`ParametersError`].
    pub fn parse(document: &[u8]) -> Result<Self, ParametersError> {
        let value = json::parse(document, PARAMS_LIMIT).map_err(|_| ParametersError)?;
        let values = value.get("values").and_then(Value::as_object).ok_or(ParametersError)?;
        let parameters = Self::from_values(values).ok_or(ParametersError)?;
        let expected = json!({
            "type": PARAMS_TYPE,
            "previous": null,
            "event": "genesis",
            "detail": {},
            "rules": RULES,
            "values": parameters.to_value(),
        });
        // Closed, and in the one canonical form.
        let canonical = json::canonicalize(&expected).map_err(|_| ParametersError)?;
        if canonical == document { Ok(parameters) } else { Err(ParametersError) }
    }

    fn to_value(&self) -> Value {
        let mut kinds: Vec<_> = Kind::ALL.iter().skip(1).map(|kind| kind.name()).collect();
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

    fn from_values(values: &Map<String, Value>) -> Option<Self> {
        let count = |name: &str| values.get(name).and_then(Value::as_u64);
        let seconds = |name: &str| count(name).and_then(|seconds| i64::try_from(seconds).ok());
        Some(Self {
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

#[cfg(test)]
mod tests;
