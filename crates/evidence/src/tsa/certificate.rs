//! Is this certificate that of a timestamp signer, and does it lead to the pinned one at that time?
//!
//! In scope: RFC 3161 §2.3 (critical extended key usage, timestamping alone), [RFC 5280 §6](https://www.rfc-editor.org/rfc/rfc5280#section-6)
//! through `webpki`. Out of scope: revocation.

use std::time::Duration;

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use inkan_core::{Digest, Timestamp, sha256};
use rustls_pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, RawPublicKeyEntity, anchor_from_trusted_cert,
};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::time::Time;

use super::asn1::{AlgorithmIdentifier, RSA, SHA_256, SHA_384, SHA_512};
use super::error::TimestampError;

/// RFC 5280 §4.2.1.12.
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// RFC 5280 §4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// RFC 3161 §2.3.
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The content of its DER.
const TIME_STAMPING_DER: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Reads the DER of a certificate.
pub(super) fn parse(certificate: &[u8]) -> Result<Certificate, TimestampError> {
    Certificate::from_der(certificate).map_err(|_| TimestampError::Malformed)
}

/// RFC 3161 §2.3: the certificate is for timestamping and nothing else, and says so critically. A key usage, if there is
/// one, must allow signatures.
pub(super) fn check_usage(certificate: &Certificate) -> Result<(), TimestampError> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    let find = |oid| extensions.iter().filter(move |extension| extension.extn_id == oid);
    let mut usages = find(EXTENDED_KEY_USAGE);
    let (Some(usage), None) = (usages.next(), usages.next()) else {
        return Err(TimestampError::Usage);
    };
    let purposes = ExtendedKeyUsage::from_der(usage.extn_value.as_bytes());
    let alone = purposes.is_ok_and(|purposes| purposes.0 == [TIME_STAMPING]);
    let signs = find(KEY_USAGE).all(|usage| {
        KeyUsage::from_der(usage.extn_value.as_bytes())
            .is_ok_and(|usage| usage.digital_signature() || usage.non_repudiation())
    });
    if usage.critical && alone && signs { Ok(()) } else { Err(TimestampError::Usage) }
}

/// RFC 5280 §6: a path from the signer to the certificate with the digest `anchor`, each certificate of it good at `at`.
pub(super) fn check_path(
    signer: &[u8],
    others: &[Vec<u8>],
    anchor: &[u8],
    at: Timestamp,
) -> Result<(), TimestampError> {
    let untrusted = |_| TimestampError::Path;
    let seconds = u64::try_from(at.seconds()).map_err(|_| TimestampError::Path)?;
    if !is_good_at(&parse(anchor)?, seconds) {
        return Err(TimestampError::Path);
    }
    if signer == anchor {
        // Pinned itself: there is no path.
        return Ok(());
    }
    let anchor = CertificateDer::from(anchor);
    let anchor = anchor_from_trusted_cert(&anchor).map_err(untrusted)?;
    let signer = CertificateDer::from(signer);
    let others: Vec<_> =
        others.iter().map(|other| CertificateDer::from(other.as_slice())).collect();
    let signer = EndEntityCert::try_from(&signer).map_err(untrusted)?;
    signer
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &[anchor],
            &others,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            // What the signer may do is checked above; an issuer may be silent about it.
            webpki::KeyUsage::required_if_present(TIME_STAMPING_DER),
            None,
            None,
        )
        .map(|_| ())
        .map_err(untrusted)
}

/// Checks a signature with the key of a certificate: [`TimestampError::Signature`] is what a known algorithm refuses,
/// [`TimestampError::Malformed`] what none that is known can judge.
pub(crate) fn check_signature(
    certificate: &[u8],
    algorithm: &AlgorithmIdentifier,
    digest: &AlgorithmIdentifier,
    message: &[u8],
    signature: &[u8],
) -> Result<(), TimestampError> {
    // The key alone: what else the certificate says, the path is judged by.
    let parsed = parse(certificate).map_err(|_| TimestampError::Signer)?;
    let info = parsed.tbs_certificate().subject_public_key_info().to_der();
    let info = info.map_err(|_| TimestampError::Signer)?;
    let info = SubjectPublicKeyInfoDer::from(info.as_slice());
    let key = RawPublicKeyEntity::try_from(&info).map_err(|_| TimestampError::Signer)?;
    // An algorithm that is not known, or not with such a key, says nothing; a signature by one that is known and does not verify is none.
    let mut fault = TimestampError::Malformed;
    for known in candidates(algorithm, digest)? {
        match key.verify_signature(known, message, signature) {
            Ok(()) => return Ok(()),
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => fault = TimestampError::Signature,
        }
    }
    Err(fault)
}

/// The algorithms that an identifier may mean: one for each type of key.
fn candidates(
    algorithm: &AlgorithmIdentifier,
    digest: &AlgorithmIdentifier,
) -> Result<Vec<&'static dyn SignatureVerificationAlgorithm>, TimestampError> {
    if algorithm.oid == RSA {
        // RFC 3370 §3.2: the digest is the signer's own.
        let known = match digest.oid {
            SHA_256 => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
            SHA_384 => webpki::ring::RSA_PKCS1_2048_8192_SHA384,
            SHA_512 => webpki::ring::RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(TimestampError::Malformed),
        };
        return Ok(vec![known]);
    }
    let mut identifier = Vec::new();
    algorithm.oid.encode_to_vec(&mut identifier).map_err(|_| TimestampError::Malformed)?;
    if let Some(parameters) = &algorithm.parameters {
        parameters.encode_to_vec(&mut identifier).map_err(|_| TimestampError::Malformed)?;
    }
    let same = |known: &&&dyn SignatureVerificationAlgorithm| {
        known.signature_alg_id().as_ref() == identifier
    };
    Ok(ALL_VERIFICATION_ALGS.iter().filter(same).copied().collect())
}

/// Whether a certificate's validity covers a time.
fn is_good_at(certificate: &Certificate, seconds: u64) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let unix = |time: &Time| time.to_unix_duration().as_secs();
    (unix(&validity.not_before)..=unix(&validity.not_after)).contains(&seconds)
}

/// Whether a certificate is the one with this digest.
pub(super) fn has_digest(certificate: &[u8], digest: &Digest) -> bool {
    sha256(&[certificate]) == *digest
}
