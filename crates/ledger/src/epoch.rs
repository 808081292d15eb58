//! Epoch leaves (§2.4 of the ledger specification): the state of the log, in the log.
//!
//! In scope: their bytes. Out of scope: the parameters they name (`parameters`), computing the map root (`map`).

use inkan_core::{Digest, json};
use serde_json::Value;

use crate::leaf::Kind;
pub use crate::parameters::{Parameters, ParametersError};
use crate::rules::RuleVersion;
use crate::tree::NodeHash;

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
    /// The rules that apply after this leaf.
    pub rules: RuleVersion,
    /// Its own place in the log.
    pub size: u64,
}

/// Root and number of keys of the map over all leaves before an epoch leaf.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MapRoot {
    /// The root.
    pub root: NodeHash,
    /// The keys.
    pub keys: u64,
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
        let Self { keys, map, params, previous, rules, size } = self;
        // Member names in JCS order; all values are integers, null or base64url, which JCS writes like this.
        let previous = previous.map_or_else(|| "null".to_owned(), |index| index.to_string());
        let (map, params, rules) = (map.digest().to_b64u(), params.to_b64u(), rules.number());
        format!(
            r#"{{"keys":{keys},"map":"{map}","params":"{params}","prev":{previous},"rules":{rules},"size":{size}}}"#
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
                rules: RuleVersion::from_number(number("rules")?)?,
                size: number("size")?,
            })
        };
        read().filter(|epoch: &Self| epoch.to_bytes() == body).ok_or(EpochError)
    }
}

#[cfg(test)]
mod tests;
