//! Certificates of timestamp authorities that the verifier has at hand, by their digest: which of them count is said by
//! policies, which pin digests.

use std::collections::BTreeMap;

use inkan_core::encoding::decode_b64;
use inkan_core::{Digest, sha256};

use super::error::TimestampError;

/// The largest certificate in bytes.
const CERTIFICATE_LIMIT: usize = 8_192;
/// The most certificates that are kept.
const COUNT_LIMIT: usize = 64;
/// Before and after the base64 of a certificate (RFC 7468 §5).
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Certificates at hand; to hold one here is not to trust it, unless it was pinned.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Anchors {
    certificates: BTreeMap<Digest, Vec<u8>>,
    /// Those that are trusted for timestamps over artefacts.
    pinned: BTreeMap<Digest, String>,
}

impl Anchors {
    /// Adds the certificates of a file: one in DER, or any number in PEM. Gives their digests.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Malformed`]: no certificate, one that is too large, or more than 64 in all.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<Vec<Digest>, TimestampError> {
        certificates_in(bytes)?.into_iter().map(|certificate| self.add(certificate)).collect()
    }

    /// Adds the certificates of a file, and trusts them for timestamps over artefacts: the authority has this name in reports.
    ///
    /// # Errors
    ///
    /// As [`Self::add_file`].
    pub fn pin_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), TimestampError> {
        for digest in self.add_file(bytes)? {
            self.pinned.insert(digest, name.to_owned());
        }
        Ok(())
    }

    /// The names of those that are trusted for timestamps over artefacts, with their digests.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.pinned.iter().map(|(digest, name)| (name.as_str(), digest))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The DER of the certificate with this digest.
    pub(super) fn get(&self, digest: &Digest) -> Option<&[u8]> {
        self.certificates.get(digest).map(Vec::as_slice)
    }

    fn add(&mut self, certificate: Vec<u8>) -> Result<Digest, TimestampError> {
        let digest = sha256(&[&certificate]);
        self.certificates.insert(digest, certificate);
        if self.certificates.len() > COUNT_LIMIT {
            Err(TimestampError::Malformed)
        } else {
            Ok(digest)
        }
    }
}

/// The certificates of a file: one in DER, or any number in PEM.
pub(crate) fn certificates_in(bytes: &[u8]) -> Result<Vec<Vec<u8>>, TimestampError> {
    let certificates = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains(BEGIN) => pem(text)?,
        Ok(_) | Err(_) => vec![bytes.to_vec()],
    };
    certificates.iter().try_for_each(|one| super::certificate::parse(one).map(drop))?;
    Ok(certificates)
}

/// The certificates in PEM; text around them is passed over.
fn pem(text: &str) -> Result<Vec<Vec<u8>>, TimestampError> {
    let mut certificates = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, after) = after.split_once(END).ok_or(TimestampError::Malformed)?;
        let body: String = body.split_ascii_whitespace().collect();
        let certificate = decode_b64(&body).map_err(|_| TimestampError::Malformed)?;
        if certificate.len() > CERTIFICATE_LIMIT || certificates.len() >= COUNT_LIMIT {
            return Err(TimestampError::Malformed);
        }
        certificates.push(certificate);
        rest = after;
    }
    Ok(certificates)
}
