//! Cosignatures of witnesses, as in [C2SP tlog-cosignature](https://c2sp.org/tlog-cosignature) (`cosignature/v1`).
//!
//! In scope: what a cosignature covers, making and checking one. Out of scope: whether a witness may make one
//! (`witness`), which witnesses count (`policy`).

use inkan_core::Timestamp;
use inkan_crypto::{PublicKey, SignError, Signer};

use crate::note::{SignatureLine, VerifierKey};

/// Bytes of a timestamped signature after the key id.
const LENGTH: usize = 8 + 64;

/// Why a cosignature does not count. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CosignatureError {
    /// Not a timestamp and 64 bytes, or the timestamp is 0 or beyond 2^63 − 1.
    #[error("cosignature is not a timestamp and a signature")]
    Shape,
    /// The signature does not verify over this checkpoint and time.
    #[error("cosignature does not verify")]
    Signature,
}

/// Cosigns the text of a checkpoint as of `now`, as the witness with this key.
///
/// The witness must already have seen that the log only grew.
///
/// # Errors
///
/// [`SignError`] if the signer fails, or at or before 1970.
pub fn cosign(
    text: &str,
    key: &VerifierKey,
    signer: &dyn Signer,
    now: Timestamp,
) -> Result<SignatureLine, SignError> {
    let seconds =
        u64::try_from(now.seconds()).ok().filter(|time| *time > 0).ok_or(SignError::Refused)?;
    let mut signature = seconds.to_be_bytes().to_vec();
    signature.extend(signer.sign(message(text, seconds).as_bytes())?);
    Ok(SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature })
}

/// Checks a cosignature over the text of a checkpoint and says when it was made, by the witness's clock.
///
/// Times that no calendar has are given as the last one it has: they lie in every reader's future.
///
/// # Errors
///
/// [`CosignatureError`].
pub fn verify_cosignature(
    text: &str,
    signature: &[u8],
    key: &PublicKey,
) -> Result<Timestamp, CosignatureError> {
    let signature: &[u8; LENGTH] = signature.try_into().map_err(|_| CosignatureError::Shape)?;
    let (time, signature) = signature.split_first_chunk::<8>().ok_or(CosignatureError::Shape)?;
    let seconds = u64::from_be_bytes(*time);
    let signed = i64::try_from(seconds).ok().filter(|time| *time > 0);
    let signed = signed.ok_or(CosignatureError::Shape)?;
    key.verify(message(text, seconds).as_bytes(), signature)
        .map_err(|_| CosignatureError::Signature)?;
    Ok(Timestamp::from_seconds(signed).unwrap_or_else(|_| Timestamp::EPOCH.plus_seconds(i64::MAX)))
}

/// The time that a line claims, without checking its signature: for choosing among one's own notes.
pub(crate) fn claimed_time(line: &SignatureLine) -> Option<Timestamp> {
    let seconds = u64::from_be_bytes(*line.signature.first_chunk()?);
    Timestamp::from_seconds(i64::try_from(seconds).ok()?).ok()
}

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

#[cfg(test)]
mod tests;
