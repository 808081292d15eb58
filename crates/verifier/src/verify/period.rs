//! How long a key stands by the word of the document that lists it: `expires` and `revoked` of its verification method.
//!
//! With a record the version in force at its place decides; a later one cannot reach back, since that would let a DID take
//! back what it signed. Without a record the time of signing is not known: a key that has ended is like one that was
//! replaced. For `bbs-2023` alone that is otherwise: what a holder derives has no record, so a key that its issuer goes on
//! to publish after its end still stands behind what is dated within its period.

use inkan_core::Timestamp;
use inkan_crypto::KeyType;
use inkan_did::KeyPeriod;

use super::Bench;
use super::signer::Signer;
use crate::history::{DidHistory, Version};
use crate::reason::Reason;

const HOUR: i64 = 3_600;

/// What the document of `version` says of the signer's key.
pub(super) fn of(version: &Version, signer: &Signer) -> Result<KeyPeriod, Reason> {
    version
        .document
        .period(&signer.url)
        .map_err(|error| Reason::DidLogInvalid { code: error.code() })
}

/// The key had not ended at the place of its record.
pub(super) fn at_record(
    version: &Version,
    signer: &Signer,
    (leaf_index, leaf_time): (u64, Timestamp),
) -> Result<(), Reason> {
    match of(version, signer)?.ended(leaf_time) {
        Some(ended) => Err(Reason::KeyEnded { ended, leaf_index }),
        None => Ok(()),
    }
}

/// Judges a key that the newest version lists, for a signature without a record that is dated `valid_from`: `Some` end if
/// it has ended and the issuer still stands behind what it signed.
pub(super) fn unrecorded(
    bench: &Bench<'_>,
    history: &DidHistory,
    newest: &Version,
    signer: &Signer,
    valid_from: Option<Timestamp>,
) -> Result<Option<Timestamp>, Reason> {
    let (period, as_of) = (of(newest, signer)?, bench.context.as_of);
    let Some(ended) = period.ended(as_of) else { return Ok(None) };
    if signer.key.key_type() != KeyType::Bls12381G2 {
        return Err(Reason::ReceiptNeededForRotatedKey);
    }
    if period.is_revoked(as_of) {
        return Err(Reason::KeyRevoked);
    }
    let valid_from = valid_from.ok_or(Reason::RetiredKeyUndated { ended })?;
    let first = history.versions().iter().find(|version| signer.listed_in(version));
    // Dates of what is unlinkable are in full hours, the first one earlier.
    let full_hour = |time: Timestamp| time.plus_seconds(-time.seconds().rem_euclid(HOUR));
    let began = first.and_then(|version| version.time).map(full_hour);
    if valid_from > ended || began.is_none_or(|began| valid_from < began) {
        return Err(Reason::OutsideKeyPeriod { valid_from, ended });
    }
    Ok(Some(ended))
}
