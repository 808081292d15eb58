//! What opens a commitment on the ledger (ledger specification §1.1 and §5.5).
//!
//! In scope: format, digest and salt, side by side. Out of scope: the commitment (`inkan-ledger`).

use inkan_core::{Digest, encoding};
use serde_json::{Value, json};

/// The inputs of a salted commitment, kept with the artefact and never logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Opening {
    /// What was digested, by the names of ledger §2.5: `di`, `di-proof` or `jws`.
    pub format: &'static str,
    /// The digest.
    pub digest: Digest,
    /// The salt, fresh for every entry.
    pub salt: [u8; 16],
}

impl Opening {
    /// The JSON object that travels with a receipt as `opening`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({
            "format": self.format,
            "digest": self.digest.to_b64u(),
            "salt": encoding::b64u(&self.salt),
        })
    }
}
