//! Entry ids (§2.6 of the ledger specification): one id per thing recorded, whatever signature bytes it came with.
//!
//! In scope: the id of each kind, from the payload's own text. Out of scope: what a log does with a known id (`state`).

use std::fmt;

use inkan_core::{Digest, encoding::EncodingError, sha256};

use crate::commitment::ActId;
use crate::entry::{AnchorScope, OnceId, TrustClaims};
use crate::leaf::Kind;

/// Names one entry for ever: `SHA-256("inkan-entry/v1" LF || kind || LF || parts joined by LF)`.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntryId(Digest);

impl EntryId {
    /// Takes a digest that already is an entry id.
    #[must_use]
    pub const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest itself.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }

    /// Reads 64 characters of lower-case hexadecimal, as in `/v1/lookup/{entryId}`.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, EncodingError> {
        Digest::from_hex(text).map(Self)
    }

    /// Id of one version of a DID.
    #[must_use]
    pub fn did(scid: &str, version_id: &str) -> Self {
        Self::of(Kind::Did, &[scid, version_id])
    }

    /// Id of an issuance entry: computable from the bare credential with its `ledgerRecord` salt.
    #[must_use]
    pub fn issuance(scid: &str, commitment: &Digest) -> Self {
        Self::of(Kind::Issuance, &[scid, &commitment.to_b64u()])
    }

    /// Id of one state of an act.
    #[must_use]
    pub fn countersignature(scid: &str, act: &ActId, sequence: u64, commitment: &Digest) -> Self {
        let parts = [scid, &act.to_b64u(), &sequence.to_string(), &commitment.to_b64u()];
        Self::of(Kind::Countersignature, &parts)
    }

    /// Id of one state of a status list.
    #[must_use]
    pub fn status(scid: &str, uri: &str, sequence: u64) -> Self {
        Self::of(Kind::Status, &[scid, uri, &sequence.to_string()])
    }

    /// Id of one state of a trust statement.
    #[must_use]
    pub fn trust(scid: &str, claims: &TrustClaims) -> Self {
        let TrustClaims { statement, entity_id, action, resource, sequence, .. } = claims;
        let parts = [scid, statement.name(), entity_id, action, resource, &sequence.to_string()];
        Self::of(Kind::Trust, &parts)
    }

    /// Id of an anchor; `value` is its digest or commitment.
    #[must_use]
    pub fn anchor(scid: &str, scope: AnchorScope, value: &Digest) -> Self {
        Self::of(Kind::Anchor, &[scid, scope.name(), &value.to_b64u()])
    }

    /// Id of a one-time use by this signer.
    #[must_use]
    pub fn once(scid: &str, scope: &str, id: &OnceId) -> Self {
        Self::of(Kind::Once, &[scid, scope, &id.to_b64u()])
    }

    fn of(kind: Kind, parts: &[&str]) -> Self {
        Self(hash_parts("inkan-entry/v1", kind, parts))
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryId({self})")
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

/// `SHA-256(label LF kind LF parts joined by LF)`: the form that entry ids and map keys share.
pub(crate) fn hash_parts(label: &str, kind: Kind, parts: &[&str]) -> Digest {
    sha256(&[format!("{label}\n{}\n{}", kind.name(), parts.join("\n")).as_bytes()])
}

#[cfg(test)]
mod tests;
