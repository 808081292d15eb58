//! Where a log stands, beside what its base knows: enough to go on after a restart.

use std::sync::Arc;

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use serde_json::{Value, json};

use crate::parameters::{PARAMS_LIMIT, Parameters, ParametersDocument, ParametersError};
use crate::rules::RuleVersion;
use crate::tree::{Frontier, NodeHash};

/// Marks the stored form.
const STANDING_TYPE: &str = "inkan-standing/1";
/// The largest stored form in bytes: a document in base64url, and 63 hashes.
const STANDING_LIMIT: usize = 4 * PARAMS_LIMIT;

/// A log as of its last leaf: size, right edge, time, parameters in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    pub(super) frontier: Frontier,
    pub(super) time: Timestamp,
    pub(super) epoch: Option<u64>,
    pub(super) in_force: Arc<InForce>,
}

/// A parameters document with its bytes and name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct InForce {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
    pub(super) document: ParametersDocument,
}

/// Stored bytes that are no standing: damaged, or of another version. A retry cannot help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("stored standing of the log is malformed")]
pub struct StandingError;

impl StandingError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ledger-file-malformed"
    }
}

impl InForce {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParametersError> {
        let document = ParametersDocument::parse(bytes)?;
        Ok(Self { digest: sha256(&[bytes]), bytes: bytes.to_vec(), document })
    }
}

impl Standing {
    /// A log without leaves, whose genesis leaf will name this document.
    pub(super) fn genesis(document: &[u8]) -> Result<Self, ParametersError> {
        let in_force = InForce::parse(document)?;
        in_force.document.check_genesis()?;
        Ok(Self {
            frontier: Frontier::new(),
            time: Timestamp::EPOCH,
            epoch: None,
            in_force: Arc::new(in_force),
        })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root over them.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        self.frontier.root()
    }

    /// The right edge of the tree.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Ledger time of the last leaf; 1970 without leaves.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Place of the last epoch leaf.
    #[must_use]
    pub const fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// Whether the last leaf is an epoch leaf, or there is no leaf.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.epoch == self.size().checked_sub(1)
    }

    /// The parameters in force.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.in_force.document.values
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> RuleVersion {
        self.in_force.document.rules
    }

    /// The document in force, with the change it announces, if any.
    #[must_use]
    pub fn document(&self) -> &ParametersDocument {
        &self.in_force.document
    }

    /// Its bytes, as served under its name.
    #[must_use]
    pub fn document_bytes(&self) -> &[u8] {
        &self.in_force.bytes
    }

    /// Its name: SHA-256 of its bytes.
    #[must_use]
    pub fn document_digest(&self) -> Digest {
        self.in_force.digest
    }

    /// The bytes under which it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let value = json!({
            "type": STANDING_TYPE,
            "edge": encoding::b64u(&self.frontier.to_bytes()),
            "time": self.time.seconds(),
            "epoch": self.epoch,
            "params": encoding::b64u(&self.in_force.bytes),
        });
        // Strings and integers only, so this cannot fail; nothing stored is refused when it is read.
        serde_json::to_vec(&value).unwrap_or_default()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`StandingError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StandingError> {
        let value = json::parse(bytes, STANDING_LIMIT).map_err(|_| StandingError)?;
        let read = || {
            let binary = |name| encoding::decode_b64u(json::text(&value, name)?).ok();
            let epoch = value.get("epoch")?;
            Some(Self {
                frontier: Frontier::from_bytes(&binary("edge")?).ok()?,
                time: Timestamp::from_seconds(value.get("time").and_then(Value::as_i64)?).ok()?,
                epoch: if epoch.is_null() { None } else { Some(epoch.as_u64()?) },
                in_force: Arc::new(InForce::parse(&binary("params")?).ok()?),
            })
        };
        read().filter(|standing: &Self| standing.to_bytes() == bytes).ok_or(StandingError)
    }
}
