//! Timestamp authorities as cosigners (§5.1 of the ledger specification): the check of a token, passed in.
//!
//! In scope: what a checker is asked and answers. Out of scope: RFC 3161, CMS and X.509 (`inkan-evidence` has the one
//! implementation that counts); which authorities count (`policy`).

use std::collections::BTreeSet;
use std::fmt;

use inkan_core::{Digest, Timestamp};

/// The largest token in bytes.
pub const TOKEN_LIMIT: usize = 16_384;

/// Checks tokens of [RFC 3161](https://www.rfc-editor.org/rfc/rfc3161) timestamp authorities.
pub trait TimestampChecker: fmt::Debug + Send + Sync {
    /// Whether the certificate whose DER has the SHA-256 `anchor` is at hand; without it nothing is known of a token.
    fn can_check(&self, anchor: &Digest, token: &[u8]) -> bool;

    /// Says between which times a token was made: `genTime` widened by its `accuracy`, in whole seconds.
    ///
    /// The token must verify, its `messageImprint` be the SHA-256 `imprint`, its signer be for timestamping alone, and
    /// lead to the certificate whose DER has the SHA-256 `anchor`, all of it good at `genTime`.
    ///
    /// # Errors
    ///
    /// A stable code that says why it proves nothing.
    fn check(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str>;

    /// Names and digests of the certificates that are pinned for timestamps over artefacts, whatever log's policy names others.
    fn pinned(&self) -> Vec<(String, Digest)> {
        Vec::new()
    }

    /// For each of `tokens`, all of which hold, the names of all pinned certificates above its signer, as far as the certificates that the
    /// tokens carry and the pinned ones tell: two names behind one token are one authority. Nothing, if that is not looked at.
    fn behind(&self, tokens: &[&[u8]]) -> Vec<BTreeSet<String>> {
        let _ = tokens;
        Vec::new()
    }

    /// The same as [`Self::check`]; the certificates have to be good at `until` as well. That is how long a token can be
    /// relied on by itself, without a newer one over it.
    ///
    /// # Errors
    ///
    /// A stable code that says why it proves nothing, or no more.
    fn check_until(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
        until: Timestamp,
    ) -> Result<StampInterval, &'static str> {
        let _ = (anchor, token, imprint, until);
        Err("timestamp-anchor-unknown")
    }
}

/// The earliest and the latest time at which something may have been stamped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StampInterval {
    /// Not before this.
    pub earliest: Timestamp,
    /// Not after this.
    pub latest: Timestamp,
}

impl StampInterval {
    /// The exact time of a witness's clock.
    #[must_use]
    pub const fn at(time: Timestamp) -> Self {
        Self { earliest: time, latest: time }
    }
}
