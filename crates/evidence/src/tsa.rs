//! RFC 3161 timestamps over the text of a checkpoint (§5.1, V6 of the ledger specification).
//!
//! In scope: the request, the answer, whether a token proves that a digest existed at a time, under a pinned certificate.
//! Out of scope: sending requests (`inkan-io`), what a stamp is worth (`inkan-ledger` grades it), revocation: a pinned
//! anchor is taken out of the policy instead.
//!
//! Rules: [RFC 3161](https://www.rfc-editor.org/rfc/rfc3161), with [RFC 5816](https://www.rfc-editor.org/rfc/rfc5816) and
//! [RFC 5652 §5](https://www.rfc-editor.org/rfc/rfc5652#section-5). Stricter than these: the imprint is SHA-256, the
//! encoding is DER, the extended key usage is critical and names timestamping alone, the anchor must be good at `genTime`
//! as well as what is below it.

use std::collections::BTreeSet;

use inkan_core::{CryptoRng, Digest, Timestamp, rng, sha256};
use inkan_ledger::receipt::TOKEN_LIMIT;
use inkan_ledger::{StampInterval, TimestampChecker};

mod anchors;
pub(crate) mod asn1;
mod certificate;
mod error;
mod kin;
mod moment;
pub(crate) mod signed;

pub use anchors::Anchors;
pub(crate) use anchors::certificates_in;
pub(crate) use certificate::check_signature;
pub use error::TimestampError;

use asn1::{AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp, decode, encode};

/// The largest answer in bytes: a token, a status and what a TSA says of it.
pub const ANSWER_LIMIT: usize = TOKEN_LIMIT + 4_096;
/// Media type of a request.
pub const REQUEST_MEDIA_TYPE: &str = "application/timestamp-query";
/// Media type of an answer.
pub const ANSWER_MEDIA_TYPE: &str = "application/timestamp-reply";

/// A question to a timestamp authority, which its answer must repeat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimestampRequest {
    imprint: Digest,
    nonce: [u8; 8],
}

impl TimestampRequest {
    /// Asks for a token over `data`.
    #[must_use]
    pub fn new(data: &[u8], rng: &mut impl CryptoRng) -> Self {
        Self::over(sha256(&[data]), rng)
    }

    /// Asks for a token over the data with this SHA-256.
    #[must_use]
    pub fn over(imprint: Digest, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = rng::draw::<8>(rng);
        // A positive INTEGER of eight bytes, whatever was drawn.
        if let Some(first) = nonce.first_mut() {
            *first = (*first & 0x3f) | 0x40;
        }
        Self { imprint, nonce }
    }

    /// The DER of the `TimeStampReq`: SHA-256, a nonce, and the wish for the signer's certificate.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Malformed`], which does not happen with what [`Self::new`] makes.
    pub fn to_der(&self) -> Result<Vec<u8>, TimestampError> {
        encode(&TimeStampReq {
            version: 1,
            message_imprint: MessageImprint::of(&self.imprint)?,
            policy: None,
            nonce: Some(asn1::integer(&self.nonce)?),
            cert_req: true,
        })
    }

    /// Takes the token out of an answer, if it is one to this question and proves the time under the certificate whose DER
    /// has the SHA-256 `anchor`.
    ///
    /// # Errors
    ///
    /// [`TimestampError`]; [`TimestampError::Refused`] is the only one that asking again may help with.
    pub fn accept(
        &self,
        answer: &[u8],
        anchor: &Digest,
        anchors: &Anchors,
    ) -> Result<(Vec<u8>, StampInterval), TimestampError> {
        let token = token_of(answer)?;
        let stamp = self.accept_token(&token, anchor, anchors)?;
        Ok((token, stamp))
    }

    /// The same of a token that was taken out of its answer.
    ///
    /// # Errors
    ///
    /// [`TimestampError`]; none is worth a retry.
    pub fn accept_token(
        &self,
        token: &[u8],
        anchor: &Digest,
        anchors: &Anchors,
    ) -> Result<StampInterval, TimestampError> {
        let info = signed::verify(token, anchor, anchors, None)?;
        info.check(&self.imprint, Some(&self.nonce))?;
        Ok(info.stamp())
    }
}

/// Says between which times a token was made, if it is one over `imprint` and proves it under the certificate whose DER
/// has the SHA-256 `anchor`.
///
/// # Errors
///
/// [`TimestampError`]; none is worth a retry.
pub fn verify_token(
    token: &[u8],
    imprint: &Digest,
    anchor: &Digest,
    anchors: &Anchors,
) -> Result<StampInterval, TimestampError> {
    let info = signed::verify(token, anchor, anchors, None)?;
    info.check(imprint, None)?;
    Ok(info.stamp())
}

/// The same as [`verify_token`]; the certificates have to be good at `until` as well.
///
/// # Errors
///
/// [`TimestampError`]; [`TimestampError::Outlived`] if they are not good any more.
pub fn verify_token_until(
    token: &[u8],
    imprint: &Digest,
    anchor: &Digest,
    anchors: &Anchors,
    until: Timestamp,
) -> Result<StampInterval, TimestampError> {
    let info = signed::verify(token, anchor, anchors, Some(until))?;
    info.check(imprint, None)?;
    Ok(info.stamp())
}

/// The checker that verification of receipts is given (V6).
impl TimestampChecker for Anchors {
    fn can_check(&self, anchor: &Digest, token: &[u8]) -> bool {
        signed::has_anchor(token, anchor, self)
    }

    fn check(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str> {
        verify_token(token, imprint, anchor, self).map_err(TimestampError::code)
    }

    fn pinned(&self) -> Vec<(String, Digest)> {
        self.names().map(|(name, digest)| (name.to_owned(), *digest)).collect()
    }

    fn behind(&self, tokens: &[&[u8]]) -> Vec<BTreeSet<String>> {
        kin::behind(self, tokens)
    }

    fn check_until(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
        until: Timestamp,
    ) -> Result<StampInterval, &'static str> {
        verify_token_until(token, imprint, anchor, self, until).map_err(TimestampError::code)
    }
}

/// The token in an answer, not verified.
///
/// # Errors
///
/// [`TimestampError::Refused`], [`TimestampError::Malformed`].
pub fn token_of(answer: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let answer: TimeStampResp = decode(answer, ANSWER_LIMIT)?;
    match (answer.status.status, answer.token) {
        // granted, grantedWithMods
        (0 | 1, Some(token)) => encode(&token),
        (0 | 1, None) => Err(TimestampError::Malformed),
        (status, _) => Err(TimestampError::Refused { status }),
    }
}

/// Whether an algorithm identifier means SHA-256: its parameters are absent or NULL.
fn is_sha256(algorithm: &AlgorithmIdentifier) -> bool {
    algorithm.oid == asn1::SHA_256
        && algorithm.parameters.as_ref().is_none_or(der::asn1::Any::is_null)
}

#[cfg(test)]
mod tests;
