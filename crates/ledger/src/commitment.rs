//! Salted commitments (§1.1 of the ledger specification): what is logged instead of anything personal.
//!
//! In scope: the preimage, and the acts it speaks of. Out of scope: what the digest covers (`inkan-credential`),
//! whether an opening fits (`opening`).

use std::fmt;

use inkan_core::encoding::{self, EncodingError};
use inkan_core::{CryptoRng, Digest, rng, sha256};

use crate::leaf::Kind;

/// Commits `scid`, the signer of the entry, to `digest` under `salt`.
///
/// `SHA-256("inkan-commit/v1" LF || kind || LF || scid || LF || salt || digest)`. Whoever lacks the salt learns
/// nothing; another signer cannot open a copied commitment. The salt must be fresh for every entry.
#[must_use]
pub fn commitment(kind: Kind, scid: &str, salt: &[u8; 16], digest: &Digest) -> Digest {
    sha256(&[
        b"inkan-commit/v1\n",
        kind.name().as_bytes(),
        b"\n",
        scid.as_bytes(),
        b"\n",
        salt,
        digest.as_bytes(),
    ])
}

/// The random id of one act of a countersigner: acceptance, refusal, withdrawal and seal share it.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct ActId([u8; 32]);

impl ActId {
    /// Draws a new one.
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        Self(rng::draw(rng))
    }

    /// Takes 32 bytes that already are an act's id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 43 characters of strict base64url.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] if `text` is not the one base64url form of 32 bytes.
    pub fn from_b64u(text: &str) -> Result<Self, EncodingError> {
        encoding::b64u_array(text).map(Self)
    }

    /// Base64url without padding, 43 characters: the form in entries, ids and map keys.
    #[must_use]
    pub fn to_b64u(&self) -> String {
        encoding::b64u(&self.0)
    }
}

impl fmt::Debug for ActId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActId({})", self.to_b64u())
    }
}

#[cfg(test)]
mod tests;
